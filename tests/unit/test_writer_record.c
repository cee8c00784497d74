/* SPDX-License-Identifier: MIT */
/* Counters, gauges and peaks: each by the inlined record and by the slow one. */
#include <math.h>

#include "tests/testlib/fresh.h"

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The first record of a thread is the slow one. */
static void
test_counters_count(void **state)
{
	struct kymo_counter c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER,
	    "c", NULL, NULL), 0, NULL);
	struct kymo_updown u = kymo_updown_at(fresh_family(KYMO_KIND_UPDOWN,
	    "u", NULL, NULL), 0, NULL);
	struct kymo_float_counter f = kymo_float_counter_at(fresh_family(
	    KYMO_KIND_FLOAT_COUNTER, "f", NULL, NULL), 0, NULL);
	uint32_t i;

	for (i = 0; i < 2; i++) {
		kymo_counter_add(c, 40);
		kymo_counter_inc(c);
		kymo_updown_add(u, -3);
		kymo_updown_add(u, 1);
		kymo_float_counter_add(f, 0.25);
	}
	assert_int_equal(peek_sum(fresh_peek(), "c"), 82);
	assert_int_equal((int64_t)peek_sum(fresh_peek(), "u"), -4);
	assert_true(double_of(peek_sum(fresh_peek(), "f")) == 0.5);
}

static void
test_what_a_counter_cannot_count_is_a_bad_call(void **state)
{
	struct kymo_counter c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER,
	    "c", NULL, NULL), 0, NULL);
	struct kymo_float_counter f = kymo_float_counter_at(fresh_family(
	    KYMO_KIND_FLOAT_COUNTER, "f", NULL, NULL), 0, NULL);

	kymo_counter_add(c, (uint64_t)-1);
	kymo_float_counter_add(f, -0.5);
	kymo_float_counter_add(f, NAN);
	kymo_float_counter_add(f, INFINITY);
	kymo_counter_add(c, INT64_MAX);
	kymo_float_counter_add(f, 1.7976931348623157e308);
	assert_int_equal(fresh_status().err_badcall, 4);
	assert_int_equal(peek_sum(fresh_peek(), "c"), INT64_MAX);
	assert_true(double_of(peek_sum(fresh_peek(), "f")) > 1.7e308);
}

static void
test_gauges_have_no_value_until_they_get_one(void **state)
{
	struct kymo_gauge g = kymo_gauge_at(fresh_family(KYMO_KIND_GAUGE, "g",
	    NULL, NULL), 0, NULL);
	struct kymo_float_gauge f = kymo_float_gauge_at(fresh_family(
	    KYMO_KIND_FLOAT_GAUGE, "f", NULL, NULL), 0, NULL);

	assert_int_equal(peek_shared(fresh_peek(), "g")->value,
	    (uint64_t)KYI_GAUGE_UNSET);
	assert_int_equal(peek_shared(fresh_peek(), "f")->value,
	    KYI_FLOAT_UNSET_BITS);
	kymo_gauge_set(g, -5);
	kymo_float_gauge_set(f, 0.5);
	assert_int_equal((int64_t)peek_shared(fresh_peek(), "g")->value, -5);
	assert_true(double_of(peek_shared(fresh_peek(), "f")->value) == 0.5);
	kymo_gauge_add(g, 7);
	kymo_float_gauge_add(f, 0.25);
	assert_int_equal(peek_shared(fresh_peek(), "g")->value, 2);
	assert_true(double_of(peek_shared(fresh_peek(), "f")->value) == 0.75);
	kymo_gauge_set(g, INT64_MIN);
	kymo_float_gauge_set(f, NAN);
	assert_int_equal(peek_shared(fresh_peek(), "g")->value,
	    (uint64_t)KYI_GAUGE_UNSET);
	assert_int_equal(peek_shared(fresh_peek(), "f")->value,
	    KYI_FLOAT_UNSET_BITS);
	/* From nothing, an add begins at 0. */
	kymo_gauge_add(g, 3);
	kymo_float_gauge_add(f, 1.5);
	assert_int_equal(peek_shared(fresh_peek(), "g")->value, 3);
	assert_true(double_of(peek_shared(fresh_peek(), "f")->value) == 1.5);
	kymo_float_gauge_set(f, INFINITY);
	assert_true(isinf(double_of(peek_shared(fresh_peek(), "f")->value)));
	kymo_float_gauge_add(f, NAN);
	assert_int_equal(fresh_status().err_badcall, 1);
}

/* Registered when the region was there, after one before it: each has the
   first value of its kind. */
static void
test_gauges_of_all_ages_begin_unset(void **state)
{
	char name[8];
	uint32_t i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		kymo_gauge_at(fresh_family(KYMO_KIND_GAUGE, name, NULL, NULL),
		    0, NULL);
		if (i == 100)
			kymo_init(NULL);
	}
	fresh_peek();
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		assert_int_equal(peek_shared(&fresh_peek_image, name)->value,
		    (uint64_t)KYI_GAUGE_UNSET);
	}
}

/* The value of the newest of a peak's two words. */
static double
peak_of(const char *name)
{
	const struct kyi_series *series = peek_series(fresh_peek(), name, NULL);
	uint64_t a = peek_cell(&fresh_peek_image, series->at);
	uint64_t b = peek_cell(&fresh_peek_image, series->at + 8);

	if (b >> KYI_PEAK_ID_SHIFT > a >> KYI_PEAK_ID_SHIFT)
		a = b;
	return double_of(a << KYI_PEAK_VALUE_SHIFT);
}

struct peak_row {
	double values[4];
	double max, min;
};

static const struct peak_row peaks[] = {
	{ { 1, 3, 2, 3 }, 3, 1 },
	{ { -1, -3, -2, -2.5 }, -1, -3 },
	{ { 0, -0.5, 0.5, 0 }, 0.5, -0.5 },
	{ { 536870911, 536870912, 1, 5 }, 536870912, 1 },
	{ { INFINITY, 0, 0, 0 }, INFINITY, 0 },
	{ { -INFINITY, 0, 0, 0 }, 0, -INFINITY },
	{ { 0.1, 0.1, 0.1, 0.1 }, 0.1, 0.1 },
};

/* One window, a day long: that a window may end while we look is in the odds
   of midnight, and both words are looked at. */
static void
test_peaks_keep_the_extreme_to_eight_digits(void **state)
{
	size_t i, j;

	for (i = 0; i < sizeof(peaks) / sizeof(*peaks); i++) {
		struct kymo_desc max = fresh_desc(KYMO_KIND_MAX, "max");
		struct kymo_desc min = fresh_desc(KYMO_KIND_MIN, "min");
		struct kymo_max m;
		struct kymo_min n;

		fresh_start();
		max.peak_window_s = min.peak_window_s = 86400;
		m = kymo_max_at(kymo_family(&max), 0, NULL);
		n = kymo_min_at(kymo_family(&min), 0, NULL);
		for (j = 0; j < 4; j++) {
			kymo_max_record(m, peaks[i].values[j]);
			kymo_min_record(n, peaks[i].values[j]);
		}
		if (!(peak_of("max") == peaks[i].max || fabs(peak_of("max") -
		    peaks[i].max) <= fabs(peaks[i].max) * 4e-9) ||
		    !(peak_of("min") == peaks[i].min || fabs(peak_of("min") -
		    peaks[i].min) <= fabs(peaks[i].min) * 4e-9))
			fail_msg("row %zu: max %.12g, min %.12g", i,
			    peak_of("max"), peak_of("min"));
	}
}

static void
test_a_peak_of_the_largest_double_is_finite(void **state)
{
	struct kymo_max m = kymo_max_at(fresh_family(KYMO_KIND_MAX, "max", NULL,
	    NULL), 0, NULL);

	kymo_max_record(m, 1.7976931348623157e308);
	assert_true(isfinite(peak_of("max")));
	assert_true(peak_of("max") > 1.7e308);
	kymo_max_record(m, NAN);
	assert_int_equal(fresh_status().err_badcall, 1);
	assert_int_equal(peek_family(fresh_peek(), "max")->agg, KYI_AGG_MAX);
	assert_int_equal(peek_family(fresh_peek(), "max")->peak_window_s, 30);
}

/* The word for this window is the one that its number's low bit says. */
static void
test_a_peak_of_an_older_window_is_replaced(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_MAX, "max");
	struct kymo_max m;
	uint64_t *words, id;

	desc.peak_window_s = 86400;
	m = kymo_max_at(kymo_family(&desc), 0, NULL);
	kymo_max_record(m, 5);
	words = (uint64_t *)(void *)(kymo_tls_->window + m.off_);
	id = (words[0] | words[1]) >> KYI_PEAK_ID_SHIFT;
	assert_int_equal(words[~id & 1], 0);
	assert_int_not_equal(words[id & 1], 0);
	/* As if it had been made two windows ago. */
	words[id & 1] -= 2ull << KYI_PEAK_ID_SHIFT;
	kymo_max_record(m, 1);
	assert_int_equal(words[id & 1] >> KYI_PEAK_ID_SHIFT, id);
	assert_true(peak_of("max") == 1);
}

/* Every record at zero handles: harmless, and visible as such. */
static void
test_zero_handles_are_sinks(void **state)
{
	struct kymo_counter c = { 0 };
	struct kymo_gauge g = { 0 };
	struct kymo_float_gauge f = { 0 };
	struct kymo_max m = { 0, 0 };

	kymo_counter_add(c, 5);
	kymo_gauge_set(g, 1);
	kymo_gauge_add(g, 1);
	kymo_float_gauge_set(f, 1);
	kymo_max_record(m, 1);
	assert_int_equal(peek_cell(fresh_peek(), KYI_CELL_UNSET), 5);
	assert_int_equal(fresh_status().err_badcall, 1);
}

/* A thread that cannot have a slot: into slot 0, and nothing is lost. */
static void
test_a_thread_without_a_slot_counts_in_slot_0(void **state)
{
	struct kymo_counter c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER,
	    "c", NULL, NULL), 0, NULL);
	struct kymo_float_counter f = kymo_float_counter_at(fresh_family(
	    KYMO_KIND_FLOAT_COUNTER, "f", NULL, NULL), 0, NULL);
	struct kymo_histogram h = kymo_histogram_at(fresh_family(
	    KYMO_KIND_HISTOGRAM, "h", NULL, NULL), 0, NULL);
	struct kymo_gauge g = kymo_gauge_at(fresh_family(KYMO_KIND_GAUGE, "g",
	    NULL, NULL), 0, NULL);
	struct kymo_max m = kymo_max_at(fresh_family(KYMO_KIND_MAX, "m", NULL,
	    NULL), 0, NULL);
	struct kyi_process *process = kyi_process();
	struct peek_hist hist;
	uint32_t i;

	kymo_init(NULL);
	process->region.slot_max = 1;
	for (i = 0; i < 3; i++) {
		kymo_counter_inc(c);
		kymo_float_counter_add(f, 0.5);
		kymo_histogram_record(h, 100);
		kymo_gauge_set(g, 3);
		kymo_gauge_add(g, 4);
		kymo_max_record(m, 2.5);
	}
	assert_null(kymo_tls_->window);
	assert_int_equal(fresh_status().err_slots, 1);
	assert_int_equal(peek_sum(fresh_peek(), "c"), 3);
	assert_int_equal(peek_window_word(fresh_peek(), 0,
	    peek_series(fresh_peek(), "c", NULL)->at), 3);
	assert_true(double_of(peek_sum(fresh_peek(), "f")) == 1.5);
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt, 3);
	assert_int_equal(hist.block_cnt, 1);
	assert_int_equal(peek_shared(fresh_peek(), "g")->value, 7);
	assert_true(peak_of("m") == 2.5);
	assert_non_null(strstr(fresh_said(), "more threads than slots"));
}

/* It adds to slot 0, whatever place its thread has, even before it has one. */
static void
test_what_a_handler_records_is_in_slot_0(void **state)
{
	struct kymo_counter c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER,
	    "c", NULL, NULL), 0, NULL);
	struct kymo_updown u = kymo_updown_at(fresh_family(KYMO_KIND_UPDOWN,
	    "u", NULL, NULL), 0, NULL);
	struct kymo_float_counter f = kymo_float_counter_at(fresh_family(
	    KYMO_KIND_FLOAT_COUNTER, "f", NULL, NULL), 0, NULL);
	struct kymo_histogram h = kymo_histogram_at(fresh_family(
	    KYMO_KIND_HISTOGRAM, "h", NULL, NULL), 0, NULL);
	struct peek_hist hist;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		kymo_counter_add_signal(c, 2);
		kymo_updown_add_signal(u, -2);
		kymo_float_counter_add_signal(f, 0.5);
		kymo_histogram_record_signal(h, 5);
	}
	assert_int_equal(peek_window_word(fresh_peek(), 0,
	    peek_series(fresh_peek(), "c", NULL)->at), 6);
	assert_int_equal((int64_t)peek_window_word(fresh_peek(), 0,
	    peek_series(fresh_peek(), "u", NULL)->at), -6);
	assert_true(double_of(peek_window_word(fresh_peek(), 0,
	    peek_series(fresh_peek(), "f", NULL)->at)) == 1.5);
	kymo_counter_add(c, 1);
	kymo_histogram_record(h, 7);
	assert_int_equal(peek_sum(fresh_peek(), "c"), 7);
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt, 4);
	assert_int_equal(hist.sum, 22);
	assert_int_equal(hist.block_cnt, 2);
	assert_int_equal(fresh_status().err_badcall, 0);
	kymo_counter_add_signal(c, (uint64_t)-1);
	kymo_float_counter_add_signal(f, -1);
	kymo_float_counter_add_signal(f, NAN);
	kymo_float_counter_add_signal(f, INFINITY);
	kymo_histogram_record_signal(h, (uint64_t)-1);
	assert_int_equal(fresh_status().err_badcall, 5);
	setenv("KYMO", "off", 1);
	fresh_start();
	c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, "c", NULL, NULL), 0,
	    NULL);
	h = kymo_histogram_at(fresh_family(KYMO_KIND_HISTOGRAM, "h", NULL,
	    NULL), 0, NULL);
	kymo_counter_add_signal(c, 1);
	kymo_histogram_record_signal(h, 1);
	assert_int_equal(fresh_status().state, -2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_counters_count),
		TEST(test_what_a_counter_cannot_count_is_a_bad_call),
		TEST(test_gauges_have_no_value_until_they_get_one),
		TEST(test_gauges_of_all_ages_begin_unset),
		TEST(test_peaks_keep_the_extreme_to_eight_digits),
		TEST(test_a_peak_of_the_largest_double_is_finite),
		TEST(test_a_peak_of_an_older_window_is_replaced),
		TEST(test_zero_handles_are_sinks),
		TEST(test_a_thread_without_a_slot_counts_in_slot_0),
		TEST(test_what_a_handler_records_is_in_slot_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
