/* SPDX-License-Identifier: MIT */
/* What a profile costs the process that is looked at:

     profile PERF [ROUNDS]

   Threads of a child count short units of work, with the clock read in each; by
   turns of 3 s it is left alone and looked at by perf, as kymod calls it. A JSON
   row: how much less it did, as the median of pairs of turns, and the longest time
   that a thread stood still, in the median turn of each kind. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reader/profile/profile.h"
#include "shm/atomic.h"

#define THREAD_CNT 2
#define TURN_S 3
#define ROUND_MAX 50
#define LESS_MAX 5 /* percent: then it is not what it is said to be */

/* Shared with the child. */
struct work {
	uint64_t cnt[THREAD_CNT][8], gap_ns[THREAD_CNT][8]; /* a line each */
};

static struct work *work;

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *
count(void *of)
{
	size_t i = (size_t)(uintptr_t)of;
	uint64_t last_ns = now_ns(), at_ns;
	volatile double x = 1;

	for (;;) {
		for (int k = 0; k < 500; k++)
			x = x * 1.0000001 + 1e-9;
		at_ns = now_ns();
		if (at_ns - last_ns > kyi_load_u64_relaxed(&work->gap_ns[i][0]))
			kyi_store_u64_relaxed(&work->gap_ns[i][0],
			    at_ns - last_ns);
		last_ns = at_ns;
		kyi_store_u64_relaxed(&work->cnt[i][0], work->cnt[i][0] + 1);
	}
	return NULL;
}

static pid_t
child_start(void)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid != 0)
		return pid;
	for (size_t i = 1; i < THREAD_CNT; i++)
		if (pthread_create(&thread, NULL, count,
		    (void *)(uintptr_t)i) != 0)
			_exit(1);
	count(NULL);
	_exit(0);
}

struct turn {
	double rate, gap_ms;
};

/* One turn; perf NULL: it is left alone. */
static struct turn
turn_take(const char *perf, const char *folder,
    const struct kymo_profile_process *process)
{
	const struct kymo_profile_options options = { .command = perf,
	    .seconds = TURN_S, .frequency = 99, .bytes_max = 64u << 20,
	    .folder = folder };
	struct kymo_profile profile = { .result = KYMO_PROFILE_TAKEN };
	struct turn turn = { 0, 0 };
	uint64_t cnt = 0, begin_ns, gap_ns = 0;
	size_t i;

	for (i = 0; i < THREAD_CNT; i++) {
		kyi_store_u64_relaxed(&work->gap_ns[i][0], 0);
		cnt -= kyi_load_u64_relaxed(&work->cnt[i][0]);
	}
	begin_ns = now_ns();
	if (perf != NULL)
		kymo_profile_take(&profile, &options, process, 1);
	else
		(void)poll(NULL, 0, TURN_S * 1000);
	for (i = 0; i < THREAD_CNT; i++) {
		uint64_t gap = kyi_load_u64_relaxed(&work->gap_ns[i][0]);

		cnt += kyi_load_u64_relaxed(&work->cnt[i][0]);
		gap_ns = gap > gap_ns ? gap : gap_ns;
	}
	if (profile.result != KYMO_PROFILE_TAKEN) {
		fprintf(stderr, "%s\n", profile.why.text);
		exit(1);
	}
	kymo_profile_free(&profile);
	turn.rate = (double)cnt / (double)(now_ns() - begin_ns);
	turn.gap_ms = (double)gap_ns / 1e6;
	return turn;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *of, int cnt)
{
	qsort(of, (size_t)cnt, sizeof(*of), by_size);
	return of[cnt / 2];
}

int
main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 5;
	double less[ROUND_MAX], alone_ms[ROUND_MAX], looked_ms[ROUND_MAX];
	double less_percent;
	char folder[] = "/tmp/kymo-bench-profile-XXXXXX";
	struct kymo_profile_process process;
	struct kymo_error error = { "" };
	pid_t child;
	int i;

	if (argc < 2 || rounds < 1 || rounds > ROUND_MAX ||
	    mkdtemp(folder) == NULL)
		return 2;
	work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (work == MAP_FAILED)
		return 1;
	child = child_start();
	if (child < 0 || kymo_profile_process_open(&process, (uint32_t)child, 0,
	    geteuid(), &error) != 0)
		return 1;
	for (i = 0; i < rounds; i++) {
		struct turn alone = turn_take(NULL, folder, &process);
		struct turn looked = turn_take(argv[1], folder, &process);

		less[i] = 100 * (1 - looked.rate / alone.rate);
		alone_ms[i] = alone.gap_ms;
		looked_ms[i] = looked.gap_ms;
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)rmdir(folder);
	less_percent = median(less, rounds);
	printf("cost threads=%d rounds=%d less_percent=%.2f stands_ms=%.2f "
	    "stands_alone_ms=%.2f ok=%d\n", THREAD_CNT, rounds, less_percent,
	    median(looked_ms, rounds), median(alone_ms, rounds),
	    less_percent < LESS_MAX);
	return 0;
}
