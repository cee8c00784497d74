/* SPDX-License-Identifier: MIT */
/* A program that records more than there may be room for, and goes on. What it
   recorded is either in the region or counted as lost; then it says so.

	full NAME series|labels|threads|plain [DIR]

   prints a row: the status, and whether the numbers agree. */
#include <pthread.h>

#include "tests/prove/prove.h"

#define SERIES 6000u
#define HISTS 300u
#define THREADS 40u
#define RECORDS 100u

KYMO_COUNTER(counter, "counter_total", "c");

/* Amounts that went into a series of their own, and that were told so. */
static uint64_t recorded;

static struct kymo_family
family(enum kymo_kind kind, const char *name, const char *const *keys)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = kind;
	desc.name = name;
	desc.label_keys = keys;
	desc.label_cnt = keys != NULL;
	return kymo_family(&desc);
}

static void
many_series(void)
{
	char name[32];
	uint32_t i, j;

	for (i = 0; i < SERIES; i++) {
		struct kymo_counter c;

		snprintf(name, sizeof(name), "series_%u", i);
		c = kymo_counter_at(family(KYMO_KIND_COUNTER, name, NULL), 0,
		    NULL);
		kymo_counter_add(c, 3);
		recorded += 3;
	}
	for (i = 0; i < HISTS; i++) {
		struct kymo_histogram h;

		snprintf(name, sizeof(name), "hist_%u", i);
		h = kymo_histogram_at(family(KYMO_KIND_HISTOGRAM, name, NULL),
		    0, NULL);
		for (j = 0; j < 3; j++)
			kymo_histogram_record(h, 5);
	}
}

static void
many_labels(void)
{
	static const char *const keys[] = { "k" };
	struct kymo_family all = family(KYMO_KIND_COUNTER, "labelled", keys);
	char value[32];
	uint32_t i;

	for (i = 0; i < SERIES; i++) {
		const char *const values[] = { value };

		snprintf(value, sizeof(value), "value %u", i);
		kymo_counter_add(kymo_counter_at(all, 1, values), 3);
		recorded += 3;
	}
}

static pthread_barrier_t barrier;

static void *
thread(void *arg)
{
	uint32_t i;

	kymo_counter_inc(counter);
	pthread_barrier_wait(&barrier);
	for (i = 1; i < RECORDS; i++)
		kymo_counter_inc(counter);
	return arg;
}

static void
many_threads(void)
{
	pthread_t threads[THREADS];
	uint32_t i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, NULL) != 0)
			prove_die("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	recorded += (uint64_t)THREADS * RECORDS;
}

/* All that is in windows, by whatever name or none. */
static uint64_t
in_windows(const char *path)
{
	struct peek peek;
	uint64_t sum = 0;
	uint32_t at;

	if (!peek_open(&peek, path))
		prove_die(path);
	for (at = 0; at < peek.header->window_bytes; at += 8)
		sum += peek_cell(&peek, at);
	peek_close(&peek);
	return sum;
}

int
main(int argc, char **argv)
{
	struct kymo_options options;
	struct kymo_status status;
	const char *what = argc > 2 ? argv[2] : "plain", *limit;
	uint64_t counted = 0, errors;
	bool ok;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	limit = getenv("FULL_REGION_BYTES");
	options.region_bytes_max = limit == NULL ? 0 :
	    (uint64_t)atoll(limit);
	limit = getenv("FULL_THREADS");
	options.thread_cnt_max = limit == NULL ? 0 : (uint32_t)atoi(limit);
	kymo_init_with(&options);
	kymo_counter_add(counter, 3);
	recorded += 3;
	if (strcmp(what, "series") == 0)
		many_series();
	if (strcmp(what, "labels") == 0)
		many_labels();
	if (strcmp(what, "threads") == 0)
		many_threads();
	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	kymo_status(&status);
	if (status.state == 1)
		counted = in_windows(status.path);
	errors = status.err_full + status.err_cardinality + status.err_slots;
	/* A private region has a reason; a visible one has every amount. */
	ok = status.err_badcall == 0 && (status.state == 1 ?
	    counted == recorded : status.why[0] != '\0');
	printf("full/%s state=%d recorded=%" PRIu64 " counted=%" PRIu64
	    " lost=%" PRId64 " err_full=%" PRIu64 " err_cardinality=%" PRIu64
	    " err_slots=%" PRIu64 " errors=%d ok=%d\n",
	    argc > 1 ? argv[1] : "plain", status.state, recorded, counted,
	    status.state == 1 ? (int64_t)(recorded - counted) : 0,
	    (uint64_t)status.err_full, (uint64_t)status.err_cardinality,
	    (uint64_t)status.err_slots, errors != 0, ok);
	return 0;
}
