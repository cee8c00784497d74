/* SPDX-License-Identifier: MIT */
/* What a record costs, beside the floor: a plain add to a cell that
   thread-local storage points to. Rows are measured in turn, many rounds, so
   that a machine that changes its speed changes all of them. Lines of NAME
   KEY=VALUE..:

     hot ns THREADS ROUNDS [LIBRARY]   ns of a record; of LIBRARY's rows too
     hot work THREADS ROUNDS           ns that a record adds to a loop of work
     hot memory                        bytes
     hot clock                         the least step of each clock, in ns
     hot count [LIBRARY]               under callgrind: a dump a row

   With several threads all make the same record at once, on the same series;
   the time is that of their processors (there may be fewer than threads). */
#include <kymo.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif

#include "tests/bench/hot.h"

#define PLACE_CNT 3
#define ROW_CNT_MAX 128u
#define ROUND_CNT_MAX 400u
#define THREAD_CNT_MAX 16u
#define WORK_TURNS 8192u
#define COUNT_N 6400u

static const struct hot_rows *places[PLACE_CNT];
static uint32_t place_cnt;

/* One thing to run: a row, or a loop of work. */
struct run {
	char name[64];
	void (*run)(uint64_t n);
	uint64_t n;
};
static struct run runs[ROW_CNT_MAX];
static uint32_t run_cnt, round_cnt, thread_cnt;
/* The mean of all threads ends up in the first. */
static double ns[THREAD_CNT_MAX][ROW_CNT_MAX][ROUND_CNT_MAX];
static pthread_barrier_t together;

static void
run_add(const char *prefix, const char *name, const char *suffix,
    void (*run)(uint64_t n), uint64_t n)
{
	struct run *to = &runs[run_cnt++];

	if (run_cnt > ROW_CNT_MAX)
		abort();
	snprintf(to->name, sizeof(to->name), "%s%s%s", prefix, name, suffix);
	to->run = run;
	to->n = n;
}

static void
places_open(const char *library)
{
	hot_rows_fn *rows;
	void *opened;
	uint32_t i;

	places[place_cnt++] = hot_rows();
	if (library != NULL) {
		places[place_cnt++] = hot_rows_so();
		opened = dlopen(library, RTLD_NOW);
		*(void **)&rows = opened == NULL ? NULL :
		    dlsym(opened, "hot_rows_dl");
		if (rows == NULL) {
			fprintf(stderr, "hot: %s\n", dlerror());
			exit(2);
		}
		places[place_cnt++] = rows();
	}
	for (i = 0; i < place_cnt; i++)
		places[i]->prepare();
}

static void
runs_of_rows(void)
{
	uint32_t i, j;

	for (i = 0; i < place_cnt; i++)
		for (j = 0; j < places[i]->row_cnt; j++)
			run_add("", places[i]->rows[j].name,
			    places[i]->suffix, places[i]->rows[j].run,
			    places[i]->rows[j].n);
}

static double
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *
measure_thread(void *arg)
{
	double (*to)[ROUND_CNT_MAX] = ns[(uintptr_t)arg];
	clockid_t clock = thread_cnt > 1 ? CLOCK_THREAD_CPUTIME_ID :
	    CLOCK_MONOTONIC;
	uint32_t round, i;

	for (i = 0; i < place_cnt; i++)
		places[i]->prepare_thread();
	for (round = 0; round < round_cnt; round++)
		for (i = 0; i < run_cnt; i++) {
			double start;

			pthread_barrier_wait(&together);
			start = now_ns(clock);
			runs[i].run(runs[i].n);
			to[i][round] = (now_ns(clock) - start) /
			    (double)runs[i].n;
		}
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
least(const double of[ROUND_CNT_MAX])
{
	double ns = of[0];
	uint32_t round;

	for (round = 1; round < round_cnt; round++)
		ns = of[round] < ns ? of[round] : ns;
	return ns;
}

/* base: what is to be taken off: the least of the least, and for the median
   each round of the same round; NULL: nothing. */
static void
show(const struct run *run, const double of[ROUND_CNT_MAX],
    const double base[ROUND_CNT_MAX])
{
	static double sorted[ROUND_CNT_MAX];
	uint32_t round;

	for (round = 0; round < round_cnt; round++)
		sorted[round] = of[round] - (base == NULL ? 0 : base[round]);
	qsort(sorted, round_cnt, sizeof(double), by_value);
	printf("%s ns_min=%.3f ns_median=%.3f\n", run->name,
	    least(of) - (base == NULL ? 0 : least(base)),
	    sorted[round_cnt / 2]);
}

static void
measure(const char *threads, const char *rounds, bool is_work)
{
	pthread_t ids[THREAD_CNT_MAX];
	uint32_t t, i, round;

	thread_cnt = (uint32_t)atoi(threads);
	round_cnt = (uint32_t)atoi(rounds);
	if (thread_cnt == 0 || thread_cnt > THREAD_CNT_MAX ||
	    round_cnt == 0 || round_cnt > ROUND_CNT_MAX)
		exit(2);
	pthread_barrier_init(&together, NULL, thread_cnt);
	for (t = 1; t < thread_cnt; t++)
		if (pthread_create(&ids[t], NULL, measure_thread,
		    (void *)(uintptr_t)t) != 0)
			abort();
	measure_thread(NULL);
	for (t = 1; t < thread_cnt; t++)
		pthread_join(ids[t], NULL);
	for (i = 0; i < run_cnt; i++)
		for (round = 0; round < round_cnt; round++) {
			for (t = 1; t < thread_cnt; t++)
				ns[0][i][round] += ns[t][i][round];
			ns[0][i][round] /= thread_cnt;
		}
	for (i = 0; i < run_cnt; i++)
		show(&runs[i], ns[0][i], is_work && i > 0 ? ns[0][0] : NULL);
}

static void
measure_work(const char *threads, const char *rounds)
{
	uint32_t i;

	places_open(NULL);
	for (i = 0; i < places[0]->work_cnt; i++)
		run_add(*places[0]->works[i].name == '\0' ? "work" : "work_",
		    places[0]->works[i].name, "", places[0]->works[i].run,
		    WORK_TURNS);
	measure(threads, rounds, true);
}

static void
count(void)
{
	double until_ns;
	uint32_t i;

	for (i = 0; i < place_cnt; i++)
		places[i]->prepare_thread();
	/* Where asking the system is slow, the clock is longer in the making. */
	until_ns = now_ns(CLOCK_MONOTONIC) + 5e8;
	while (now_ns(CLOCK_MONOTONIC) < until_ns)
		kymo_now_ns();
#ifdef CALLGRIND_ZERO_STATS
	for (i = 0; i < run_cnt; i++) {
		runs[i].run(COUNT_N);
		CALLGRIND_ZERO_STATS;
		runs[i].run(COUNT_N);
		CALLGRIND_DUMP_STATS_AT(runs[i].name);
	}
#endif
}

/* ---- bytes ---------------------------------------------------------- */

#define MEMORY_COUNTERS 1000u
#define MEMORY_THREADS 64u
#define MEMORY_USED 32u
static struct kymo_counter memory_counters[MEMORY_COUNTERS];
static struct kymo_timer memory_timer;
static pthread_barrier_t memory_barrier;

static uint64_t
region_bytes(void)
{
	struct kymo_status status;

	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	kymo_status(&status);
	return status.region_bytes;
}

static void *
memory_thread(void *arg)
{
	uint32_t i, idx = (uint32_t)(uintptr_t)arg;

	for (i = 0; i < MEMORY_USED; i++)
		kymo_counter_inc(memory_counters[(idx * MEMORY_USED + i) %
		    MEMORY_COUNTERS]);
	/* None ends before all have begun: a slot each. */
	pthread_barrier_wait(&memory_barrier);
	return NULL;
}

static void
memory_row(const char *name, uint64_t bytes)
{
	printf("memory_%s bytes=%llu\n", name, (unsigned long long)bytes);
}

static void
memory(void)
{
	struct kymo_desc desc;
	pthread_t ids[MEMORY_THREADS];
	uint64_t before, after;
	char name[32];
	uint32_t i;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_COUNTER;
	desc.name = name;
	before = region_bytes();
	memory_row("process", before);
	for (i = 0; i < MEMORY_COUNTERS; i++) {
		snprintf(name, sizeof(name), "memory_%u_total", i);
		memory_counters[i] = kymo_counter_at(kymo_family(&desc), 0,
		    NULL);
	}
	after = region_bytes();
	memory_row("counter_and_its_names", (after - before) / MEMORY_COUNTERS);
	pthread_barrier_init(&memory_barrier, NULL, MEMORY_THREADS);
	for (i = 0; i < MEMORY_THREADS; i++)
		pthread_create(&ids[i], NULL, memory_thread,
		    (void *)(uintptr_t)i);
	for (i = 0; i < MEMORY_THREADS; i++)
		pthread_join(ids[i], NULL);
	memory_row("thread", (region_bytes() - after) / MEMORY_THREADS);
	memory_row("64_threads_of_1000_counters", region_bytes());
	desc.kind = KYMO_KIND_HISTOGRAM;
	desc.exponent = -9;
	snprintf(name, sizeof(name), "memory_duration_seconds");
	memory_timer = kymo_timer_at(kymo_family(&desc), 0, NULL);
	before = region_bytes();
	kymo_counter_inc(memory_counters[0]);
	memory_row("timer_nobody_records", region_bytes() - before);
	before = region_bytes();
	kymo_timer_record(memory_timer, 1000);
	memory_row("timer_and_thread", region_bytes() - before);
}

/* ---- steps of clocks ------------------------------------------------- */

static uint64_t
os_ns(void)
{
	return (uint64_t)now_ns(CLOCK_MONOTONIC);
}

static void
step(const char *name, uint64_t (*clock)(void))
{
	uint64_t least = UINT64_MAX, now, last = clock();
	uint32_t i;

	for (i = 0; i < 200000; i++, last = now) {
		now = clock();
		if (now > last && now - last < least)
			least = now - last;
	}
	printf("%s_step ns=%llu\n", name, (unsigned long long)least);
}

static void
clock_steps(void)
{
	uint64_t until = os_ns() + 50000000u; /* to be calibrated */

	places_open(NULL);
	places[0]->prepare_thread();
	while (os_ns() < until)
		kymo_now_ns();
	step("clock_os", os_ns);
	step("clock", kymo_now_ns);
	printf("clock_is_counter yes=%d\n", kymo_tls_->clock.span_ticks > 1);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	kymo_init("hot");
	if (strcmp(mode, "ns") == 0 && argc > 3) {
		places_open(argc > 4 ? argv[4] : NULL);
		runs_of_rows();
		measure(argv[2], argv[3], false);
	} else if (strcmp(mode, "work") == 0 && argc > 3) {
		measure_work(argv[2], argv[3]);
	} else if (strcmp(mode, "count") == 0) {
		places_open(argc > 2 ? argv[2] : NULL);
		runs_of_rows();
		count();
	} else if (strcmp(mode, "memory") == 0) {
		memory();
	} else if (strcmp(mode, "clock") == 0) {
		clock_steps();
	} else {
		fprintf(stderr, "hot: unknown mode '%s'\n", mode);
		return 2;
	}
	return 0;
}
