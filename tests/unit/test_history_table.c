/* SPDX-License-Identifier: MIT */
#include "tests/testlib/testlib.h"

#include "reader/history/table.h"

static double buckets[][3] = { { 1, 2, 1 }, { 1, 3, 1 }, { 2, 0, 1 } };

static struct kymo_native_hist
hist(double count, double *counts, enum kymo_reset_hint hint)
{
	return (struct kymo_native_hist){ .count = count, .reset = hint,
	    .pos = { 0, 3, counts } };
}

static struct kymo_table *table;
static struct kymo_selected selected;

static void
add(const char *name, int64_t at_ms, double value,
    const struct kymo_native_hist *native)
{
	struct kymo_label label = { KYMO_NAME_LABEL, name };
	struct kymo_labels *labels = kymo_labels_make(&label, 1);

	assert_int_equal(kymo_table_add(table, labels, at_ms, value, native), 0);
	free(labels);
}

/* The only series, samples after from_ms up to to_ms. */
static const struct kymo_samples *
look(int64_t from_ms, int64_t to_ms)
{
	const struct kymo_source *source = kymo_table_source(table);
	struct kymo_select what = { .from_ms = from_ms, .to_ms = to_ms,
	    .series_max = 10, .samples_max = 1000 };
	struct kymo_error error;

	if (selected.private_ != NULL)
		source->done(source->of, &selected);
	assert_int_equal(source->select(source->of, &what, &selected, &error),
	    0);
	assert_int_equal(selected.series_cnt, 1);
	return &selected.series[0];
}

static void
samples_come_in_any_order_and_are_seen_in_that_of_time(void **state)
{
	const struct kymo_samples *samples;

	(void)state;
	add("x", 3000, 3, NULL);
	add("x", 1000, 1, NULL);
	add("x", 2000, 7, NULL);
	add("x", 2000, 2, NULL);
	samples = look(0, 3000);
	assert_int_equal(samples->cnt, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(samples->at_ms[i], 1000 * (i + 1));
		assert_true(samples->value[i] == i + 1);
	}
	assert_null(samples->lost);
	assert_null(samples->hist);
	assert_int_equal(look(1000, 2999)->cnt, 1);
}

static void
what_a_counter_lost_is_known(void **state)
{
	static const double given[] = { 1, 5, 2, 3, 0 }, lost[] = { 0, 0, 5, 5, 8 };
	const struct kymo_samples *samples;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		add("x", i, given[i], NULL);
	samples = look(-1, 10);
	for (uint32_t i = 0; i < 5; i++)
		assert_true(samples->lost[i] == lost[i]);
}

static void
a_histogram_says_no_reset_only_inside_a_run(void **state)
{
	static const struct {
		double count;
		int buckets;
		enum kymo_reset_hint given, read;
	} rows[] = {
		{ 4, 0, KYMO_RESET_UNKNOWN, KYMO_RESET_UNKNOWN },
		{ 5, 1, KYMO_RESET_UNKNOWN, KYMO_RESET_NO },
		{ 5, 1, KYMO_RESET_YES, KYMO_RESET_UNKNOWN },
		{ 3, 2, KYMO_RESET_NO, KYMO_RESET_UNKNOWN },
		{ 4, 0, KYMO_RESET_UNKNOWN, KYMO_RESET_UNKNOWN },
		{ 4, 0, KYMO_RESET_GAUGE, KYMO_RESET_GAUGE },
		{ 5, 1, KYMO_RESET_UNKNOWN, KYMO_RESET_UNKNOWN },
	};
	const struct kymo_samples *samples;
	uint32_t cnt = sizeof rows / sizeof rows[0];

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < cnt; i++) {
			struct kymo_native_hist native = hist(rows[i].count,
			    buckets[rows[i].buckets], rows[i].given);

			add("h", i, 0, &native);
		}
		samples = look(-1, 100);
		for (uint32_t i = 0; i < cnt; i++)
			assert_int_equal(samples->hist[i]->reset, rows[i].read);
	}
}

static void
more_than_was_asked_for_is_an_error(void **state)
{
	const struct kymo_source *source = kymo_table_source(table);
	struct kymo_select what = { .from_ms = 0, .to_ms = 100 };
	struct kymo_error error = { "" };

	(void)state;
	add("x", 1, 1, NULL);
	add("y", 1, 1, NULL);
	what.series_max = 1;
	what.samples_max = 10;
	assert_int_equal(source->select(source->of, &what, &selected, &error),
	    -1);
	assert_non_null(strstr(error.text, "series"));
	what.series_max = 10;
	what.samples_max = 1;
	assert_int_equal(source->select(source->of, &what, &selected, &error),
	    -1);
	assert_non_null(strstr(error.text, "samples"));
}

static int
setup(void **state)
{
	(void)state;
	table = kymo_table_new();
	return table == NULL;
}

static int
teardown(void **state)
{
	const struct kymo_source *source = kymo_table_source(table);

	(void)state;
	if (selected.private_ != NULL)
		source->done(source->of, &selected);
	kymo_table_delete(table);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    samples_come_in_any_order_and_are_seen_in_that_of_time,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_counter_lost_is_known,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_histogram_says_no_reset_only_inside_a_run, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    more_than_was_asked_for_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
