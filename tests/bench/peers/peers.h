/* SPDX-License-Identifier: MIT */
/* What the programs of tests/bench/peers.sh share: each records with one
   library, and prints a line a row, NAME THREADS NS_MIN NS_MEDIAN. C and C++. */
#ifndef PEERS_H
#define PEERS_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PEERS_ROUNDS 60
#define PEERS_THREADS_MAX 2

/* Latencies of a service, more or less, in ns: many small, a long tail. */
#define PEERS_VALUES 4096
static uint64_t peers_values[PEERS_VALUES];

struct peers_thread {
	void (*record)(uint64_t n);
	uint64_t n;
	pthread_barrier_t *together;
	double ns[PEERS_ROUNDS];
};

static double
peers_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *
peers_run(void *at)
{
	struct peers_thread *thread = (struct peers_thread *)at;
	int i;

	thread->record(thread->n / 4);
	for (i = 0; i < PEERS_ROUNDS; i++) {
		double start_ns;

		pthread_barrier_wait(thread->together);
		start_ns = peers_now_ns();
		thread->record(thread->n);
		thread->ns[i] = (peers_now_ns() - start_ns) / (double)thread->n;
	}
	return NULL;
}

static int
peers_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* peers_measure prints how long record takes for each of n, alone and in two
   threads on the same metric. */
static void
peers_measure(const char *name, void (*record)(uint64_t n), uint64_t n)
{
	struct peers_thread threads[PEERS_THREADS_MAX];
	pthread_t ids[PEERS_THREADS_MAX];
	pthread_barrier_t together;
	int i, cnt;

	for (cnt = 1; cnt <= PEERS_THREADS_MAX; cnt++) {
		pthread_barrier_init(&together, NULL, (unsigned)cnt);
		for (i = 0; i < cnt; i++) {
			threads[i].record = record;
			threads[i].n = n;
			threads[i].together = &together;
			pthread_create(&ids[i], NULL, peers_run, &threads[i]);
		}
		for (i = 0; i < cnt; i++)
			pthread_join(ids[i], NULL);
		pthread_barrier_destroy(&together);
		qsort(threads[0].ns, PEERS_ROUNDS, sizeof(double),
		    peers_compare);
		printf("%s %d %.3f %.3f\n", name, cnt, threads[0].ns[0],
		    threads[0].ns[PEERS_ROUNDS / 2]);
	}
}

static void
peers_begin(void)
{
	uint64_t state = 88172645463325252ull;
	int i;

	for (i = 0; i < PEERS_VALUES; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		peers_values[i] = 1000 + (state >> (40 + state % 16)) % 1000000;
	}
}

#endif
