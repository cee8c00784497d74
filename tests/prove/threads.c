/* SPDX-License-Identifier: MIT */
/* Threads that come and go, more of them than slots, that end in every way:
   totals exact.

	threads [THREADS] */
#include <pthread.h>

#include "tests/prove/prove.h"

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_UPDOWN(updown, "updown", "u");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_FLOAT_COUNTER(float_counter, "float_total", "f");

#define CONCURRENT 8u
#define SLOTS_FEW 4u
#define CROWD 32u

static uint32_t churn_cnt = 100000;

static void
work(uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		kymo_counter_inc(counter);
		kymo_updown_add(updown, 3);
		kymo_updown_add(updown, -1);
		kymo_histogram_record(hist, 5);
		kymo_float_counter_add(float_counter, 1);
	}
}

static void *
short_thread(void *arg)
{
	work(3);
	return arg;
}

/* Records in a destructor that runs after the library's own. */
static pthread_key_t late_key;

static void
late(void *value)
{
	work(1);
	/* Once more, in the next round of destructors. */
	if (value == (void *)1)
		pthread_setspecific(late_key, (void *)2);
}

static void *
late_thread(void *arg)
{
	pthread_setspecific(late_key, (void *)1);
	work(2);
	return arg;
}

/* Ends without any destructor. */
static void *
sudden_thread(void *arg)
{
	work(3);
	syscall(SYS_exit, 0);
	return arg;
}

static void *
cancelled_thread(void *arg)
{
	pthread_cancel(pthread_self());
	/* Whatever its first record does, it is no place to be cancelled. */
	work(3);
	pthread_testcancel();
	return arg;
}

static pthread_barrier_t barrier;

static void *
crowd_thread(void *arg)
{
	/* All have a place before any ends. */
	work(1);
	pthread_barrier_wait(&barrier);
	work(*(uint32_t *)arg - 1);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* cnt threads one after another, a few at a time. */
static void
churn(uint32_t cnt, void *(*run)(void *))
{
	pthread_t threads[CONCURRENT];
	uint32_t i, j;

	for (i = 0; i < cnt; i += CONCURRENT) {
		for (j = 0; j < CONCURRENT; j++)
			if (pthread_create(&threads[j], NULL, run, NULL) != 0)
				prove_die("pthread_create");
		for (j = 0; j < CONCURRENT; j++)
			pthread_join(threads[j], NULL);
	}
}

static uint64_t
by_churn(void)
{
	churn(churn_cnt, short_thread);
	return 3ull * churn_cnt;
}

static uint64_t
by_late_destructors(void)
{
	uint32_t cnt = churn_cnt / 10 / CONCURRENT * CONCURRENT;

	if (pthread_key_create(&late_key, late) != 0)
		prove_die("pthread_key_create");
	churn(cnt, late_thread);
	return 4ull * cnt;
}

static void
few_slots(uint32_t cnt)
{
	struct kymo_options options;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.thread_cnt_max = cnt;
	kymo_init_with(&options);
}

/* Their slots are found again, when there are no others. */
static uint64_t
by_sudden_ends(void)
{
	uint32_t cnt = churn_cnt / 10 / CONCURRENT * CONCURRENT;

	few_slots(2 * CONCURRENT);
	churn(cnt, sudden_thread);
	return 3ull * cnt;
}

static uint64_t
by_cancellation(void)
{
	uint32_t cnt = churn_cnt / 10 / CONCURRENT * CONCURRENT;

	churn(cnt, cancelled_thread);
	return 3ull * cnt;
}

static uint64_t
by_a_crowd(void)
{
	uint32_t n = churn_cnt, i;
	pthread_t threads[CROWD];

	few_slots(SLOTS_FEW);
	pthread_barrier_init(&barrier, NULL, CROWD);
	for (i = 0; i < CROWD; i++)
		if (pthread_create(&threads[i], NULL, crowd_thread, &n) != 0)
			prove_die("pthread_create");
	for (i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	return (uint64_t)CROWD * n;
}

static const struct row {
	const char *name;
	uint64_t (*run)(void);
	uint32_t slots_max; /* that may ever have been used */
	uint32_t err_slots;
} rows[] = {
	/* Eight at a time, and a ninth may begin before one has ended. */
	{ "churn", by_churn, 2 * CONCURRENT + 2, 0 },
	{ "late_destructors", by_late_destructors, 2 * CONCURRENT + 2, 0 },
	{ "sudden_ends", by_sudden_ends, 2 * CONCURRENT + 1, 0 },
	{ "cancelled", by_cancellation, 2 * CONCURRENT + 2, 0 },
	{ "more_than_slots", by_a_crowd, SLOTS_FEW + 1, CROWD - SLOTS_FEW },
};

static uint64_t
whole(double value)
{
	return (uint64_t)value;
}

static double
float_total(const struct peek *peek)
{
	const struct kyi_series *series = peek_series(peek, "float", NULL);
	double sum = 0, part;
	uint32_t slot;
	uint64_t bits;

	for (slot = 0; slot < peek->header->slot_max; slot++) {
		bits = peek_window_word(peek, slot, series->at);
		memcpy(&part, &bits, sizeof(part));
		sum += part;
	}
	return sum;
}

static void
show(const struct row *row)
{
	static struct peek_hist cells;
	struct peek peek;
	uint64_t expected;
	char path[512];
	int status;
	bool ok;
	pid_t pid;

	prove_clean();
	pid = fork();
	if (pid == 0) {
		alarm(300);
		expected = row->run();
		peek_find(prove_dir(), 0, path, sizeof(path));
		if (!peek_open(&peek, path))
			prove_die(path);
		peek_hist(&peek, "hist", &cells);
		ok = peek_sum(&peek, "counter") == expected &&
		    peek_sum(&peek, "updown") == 2 * expected &&
		    cells.cnt == expected && cells.sum == 5 * expected &&
		    whole(float_total(&peek)) == expected &&
		    peek.control->slot_high <= row->slots_max &&
		    peek.control->err_slots == row->err_slots &&
		    peek.control->err_full == 0;
		printf("threads/%s recorded=%" PRIu64 " counted=%" PRIu64
		    " observed=%" PRIu64 " lost=%" PRId64 " slots=%u "
		    "err_slots=%" PRIu64 " ok=%d\n", row->name, expected,
		    peek_sum(&peek, "counter"), cells.cnt,
		    (int64_t)(expected - peek_sum(&peek, "counter")),
		    peek.control->slot_high, (uint64_t)peek.control->err_slots,
		    ok);
		fflush(stdout);
		_exit(0);
	}
	status = prove_child(pid);
	if (status != 0)
		printf("threads/%s status=%d ok=0\n", row->name, status);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && *argv[1] != '\0')
		churn_cnt = (uint32_t)atoi(argv[1]);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		show(&rows[i]);
	return 0;
}
