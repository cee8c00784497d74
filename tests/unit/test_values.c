/* SPDX-License-Identifier: MIT */
/* Goal: every kind of metric comes out of a region as the number that went in,
   summed over the threads, and what cannot be is refused and counted.
   Method: regions made cell by cell, scanned while this process is alive. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/region/region.h"
#include "tests/testlib/make_region.h"

static const char *const no_values[] = { NULL };

static struct kymo_region *
open_made(const struct make_region *m)
{
	struct kymo_region *region;
	struct kymo_error error = { "" };

	if (kymo_region_open_path(&region, m->region.path, &error) != 0)
		fail_msg("%s", error.text);
	return region;
}

static void
scan(struct kymo_region *region)
{
	struct kymo_error error = { "" };

	if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0)
		fail_msg("%s", error.text);
}

/* Scans, and returns the value of the idx-th series. */
static const struct kymo_metric_value *
scan_value(struct kymo_region *region, uint32_t idx)
{
	const struct kymo_region_series *series;
	uint32_t cnt;

	scan(region);
	series = kymo_region_series(region, &cnt);
	assert_true(idx < cnt);
	return &series[idx].value;
}

static uint64_t
bad_records(const struct kymo_region *region)
{
	return kymo_region_info(region)->losses.bad_records;
}

/* About 50 windows since the machine started; the same all the time. */
static uint32_t
peak_window_s(void)
{
	static uint32_t window_s;

	if (window_s == 0)
		window_s = 1 + (uint32_t)(kyi_os_mono_ns() / 1000000000 / 50);
	return window_s;
}

/* A region with one family of kind, one series of it, of three slots. */
static uint32_t
make_one(struct make_region *m, uint32_t kind)
{
	static const char *const states[] = { "red", "green", "blue", NULL };
	uint32_t family;

	make_region(m, testlib_dir(), "values");
	family = make_family(m, &(struct make_family){ .kind = kind,
		.name = "one", .help = "One of them", .unit = "bytes",
		.component = "core", .scale = 2, .lo_idx = 8, .bucket_cnt = 40,
		.peak_window_s = peak_window_s(),
		.states = kind == KYI_KIND_STATE_SET ? states : NULL });
	return make_series(m, family, no_values);
}

static void
test_counters_are_summed_over_slots(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_COUNTER);
	struct kymo_region *region = open_made(&m);
	const struct kymo_metric_value *value = scan_value(region, 0);

	assert_true(value->present);
	assert_int_equal(value->is.u, 0);
	*make_cell(&m, 0, at) = 1;
	*make_cell(&m, 1, at) = 20;
	*make_cell(&m, 2, at) = 300;
	assert_int_equal(scan_value(region, 0)->is.u, 321);
	make_slots(&m, 8);
	*make_cell(&m, 7, at) = 4000;
	assert_int_equal(scan_value(region, 0)->is.u, 4321);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_a_counter_that_falls_is_corruption_not_a_reset(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_COUNTER);
	struct kymo_region *region = open_made(&m);

	*make_cell(&m, 1, at) = 20;
	assert_int_equal(scan_value(region, 0)->is.u, 20);
	*make_cell(&m, 1, at) = 19;
	assert_int_equal(scan_value(region, 0)->is.u, 20);
	assert_int_equal(bad_records(region), 1);
	*make_cell(&m, 1, at) = 21;
	assert_int_equal(scan_value(region, 0)->is.u, 21);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_updowns_go_below_zero(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_UPDOWN);
	struct kymo_region *region = open_made(&m);

	*make_cell(&m, 0, at) = (uint64_t)-5;
	*make_cell(&m, 2, at) = 3;
	assert_int_equal(scan_value(region, 0)->is.i, -2);
	*make_cell(&m, 2, at) = 0;
	assert_int_equal(scan_value(region, 0)->is.i, -5);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_float_counters_take_only_what_is_finite_and_positive(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_FLOAT_COUNTER);
	struct kymo_region *region = open_made(&m);

	make_double(&m, 0, at, 0.5);
	make_double(&m, 1, at, 1.25);
	assert_float_equal(scan_value(region, 0)->is.f, 1.75, 0);
	make_double(&m, 2, at, NAN);
	assert_float_equal(scan_value(region, 0)->is.f, 1.75, 0);
	assert_int_equal(bad_records(region), 1);
	make_double(&m, 2, at, -1);
	assert_float_equal(scan_value(region, 0)->is.f, 1.75, 0);
	make_double(&m, 2, at, INFINITY);
	assert_float_equal(scan_value(region, 0)->is.f, 1.75, 0);
	make_double(&m, 1, at, 1); /* 1.5 is less than it was */
	assert_float_equal(scan_value(region, 0)->is.f, 1.75, 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_an_info_is_there_by_being_registered(void **state)
{
	struct make_region m;
	struct kymo_region *region;

	make_one(&m, KYI_KIND_INFO);
	region = open_made(&m);
	assert_true(scan_value(region, 0)->present);
	assert_true(scan_value(region, 0)->present);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_gauges_have_no_value_until_they_are_set(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_GAUGE);
	struct kyi_shared_cell *cell = make_shared(&m, at);
	struct kymo_region *region = open_made(&m);

	assert_false(scan_value(region, 0)->present);
	cell->value = (uint64_t)-7;
	assert_true(scan_value(region, 0)->present);
	assert_int_equal(scan_value(region, 0)->is.i, -7);
	cell->value = (uint64_t)KYI_GAUGE_UNSET;
	assert_false(scan_value(region, 0)->present);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_float_gauges_take_infinities_but_no_nan(void **state)
{
	static const struct {
		double stored;
		bool present;
	} rows[] = { { 1.5, true }, { -0.0, true }, { INFINITY, true },
		{ -INFINITY, true }, { NAN, false } };
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_FLOAT_GAUGE);
	struct kymo_region *region = open_made(&m);
	size_t i;

	assert_false(scan_value(region, 0)->present);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		memcpy(make_shared(&m, at), &rows[i].stored, 8);
		assert_int_equal(scan_value(region, 0)->present,
		    rows[i].present);
		if (rows[i].present)
			assert_memory_equal(&scan_value(region, 0)->is.f,
			    &rows[i].stored, 8);
	}
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static uint64_t
peak_word(uint64_t id, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return (id & KYI_PEAK_ID_MASK) << KYI_PEAK_ID_SHIFT |
	    bits >> KYI_PEAK_VALUE_SHIFT;
}

static uint64_t
peak_id(uint32_t window_s)
{
	return 1 + kyi_os_mono_ns() / 1000000000 / window_s;
}

static void
test_peaks_are_of_this_window_and_the_last(void **state)
{
	/* Ids as distances from the one of now; two words of two slots. */
	static const struct {
		int32_t id[4];
		double value[4];
		bool present;
		double max, min;
		const char *why;
	} rows[] = {
		{ { -9 }, { 5 }, false, 0, 0, "long ago" },
		{ { 0, -9 }, { 5, 99 }, true, 5, 5, "only now" },
		{ { 0, -1 }, { 5, 7 }, true, 7, 5, "now and before" },
		{ { 0, -1, 0, -1 }, { 5, 7, 4, 8 }, true, 8, 4, "two threads" },
		{ { -1, -9 }, { 5, 1 }, true, 5, 5, "only before" },
		{ { 0, -2 }, { 5, 7 }, true, 5, 5, "a gap" },
		{ { 0, 0, -1, -1 }, { -3, -4, -5, -2 }, true, -2, -5, "signs" },
		{ { 1, 0, -1, -1 }, { 5, 6, 70, 1 }, true, 6, 5,
			"the clock went on while we copied" },
		{ { 900, 0 }, { 5, 6 }, true, 6, 6, "a time to come" },
	};
	size_t i, kind;

	for (kind = KYI_KIND_MAX; kind <= KYI_KIND_MIN; kind++) {
		uint32_t window_s = peak_window_s(), at, word;
		struct make_region m;
		struct kymo_region *region;

		at = make_one(&m, (uint32_t)kind);
		region = open_made(&m);
		assert_false(scan_value(region, 0)->present);
		for (i = 0; i < sizeof(rows) / sizeof(*rows);) {
			const struct kymo_metric_value *value;
			uint64_t now = peak_id(window_s);

			for (word = 0; word < 4; word++)
				*make_cell(&m, 1 + word / 2, at + 8 * (word & 1)) =
				    rows[i].value[word] == 0 ? 0 :
				    peak_word(now + (uint64_t)rows[i].id[word],
					rows[i].value[word]);
			value = scan_value(region, 0);
			if (peak_id(window_s) != now)
				continue; /* a window ended meanwhile */
			if (value->present != rows[i].present ||
			    (value->present && value->is.f !=
				(kind == KYI_KIND_MAX ? rows[i].max :
				rows[i].min)))
				fail_msg("%s: %g", rows[i].why, value->is.f);
			i++;
		}
		kymo_region_close(region);
		kyi_region_forget(&m.region);
	}
}

static void
test_the_last_peak_of_the_dead_stands(void **state)
{
	struct make_region m;
	uint32_t at = make_one(&m, KYI_KIND_MAX);
	struct kymo_region *region = open_made(&m);

	*make_cell(&m, 1, at) = peak_word(0xfffffe, 4);
	*make_cell(&m, 2, at) = peak_word(0xffffff, 3);
	assert_false(scan_value(region, 0)->present);
	kyi_region_forget(&m.region);
	assert_true(scan_value(region, 0)->present);
	assert_float_equal(scan_value(region, 0)->is.f, 4, 0);
	assert_int_equal(kymo_region_info(region)->liveness, KYMO_KILLED);
	kymo_region_close(region);
}

static void
test_histograms_merge_the_blocks_of_all_threads(void **state)
{
	struct make_region m;
	uint32_t idx = make_one(&m, KYI_KIND_HISTOGRAM);
	struct kymo_region *region = open_made(&m);
	const struct kymo_hist *hist = &scan_value(region, 0)->is.hist;
	uint64_t *one, *two;

	assert_int_equal(hist->bucket_cnt, 40);
	assert_int_equal(hist->scale, 2);
	assert_int_equal(hist->lo_idx, 8);
	assert_int_equal(hist->buckets[39], 0);
	one = make_hist(&m, 1, idx, 40);
	two = make_hist(&m, 2, idx, 40);
	one[KYI_HIST_SUM] = 100;
	one[KYI_HIST_ZERO] = 1;
	one[KYI_HIST_UNDER] = 2;
	one[KYI_HIST_BUCKETS] = 3;
	one[KYI_HIST_BUCKETS + 39] = 4;
	one[KYI_HIST_BUCKETS + 40] = 5;
	two[KYI_HIST_SUM] = 1000;
	two[KYI_HIST_BUCKETS + 39] = 40;
	hist = &scan_value(region, 0)->is.hist;
	assert_int_equal(hist->sum, 1100);
	assert_int_equal(hist->zero, 1);
	assert_int_equal(hist->under, 2);
	assert_int_equal(hist->buckets[0], 3);
	assert_int_equal(hist->buckets[38], 0);
	assert_int_equal(hist->buckets[39], 44);
	assert_int_equal(hist->over, 5);
	two[KYI_HIST_BUCKETS + 39] = 39;
	hist = &scan_value(region, 0)->is.hist;
	assert_int_equal(hist->buckets[39], 44);
	assert_int_equal(bad_records(region), 1);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_a_block_that_does_not_fit_its_histogram_is_refused(void **state)
{
	struct make_region m;
	uint32_t idx = make_one(&m, KYI_KIND_HISTOGRAM);
	struct kymo_region *region;

	make_hist(&m, 1, idx, 40)[KYI_HIST_BUCKETS] = 7;
	make_hist(&m, 2, idx, 39)[KYI_HIST_BUCKETS] = 100;
	region = open_made(&m);
	assert_int_equal(scan_value(region, 0)->is.hist.buckets[0], 7);
	assert_int_equal(bad_records(region), 1);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_what_went_to_the_sinks_is_told(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	struct kyi_control *control;

	make_one(&m, KYI_KIND_COUNTER);
	*make_cell(&m, 0, KYI_CELL_UNSET) = 1;
	*make_cell(&m, 2, KYI_CELL_UNSET) = 2;
	*make_cell(&m, 1, KYI_CELL_LOST) = 5;
	control = kyi_region_control(&m.region);
	control->err_full = 11;
	control->err_cardinality = 12;
	control->err_slots = 13;
	control->err_ring = 14;
	control->err_badcall = 15;
	region = open_made(&m);
	scan(region);
	assert_int_equal(kymo_region_info(region)->losses.unset, 3);
	assert_int_equal(kymo_region_info(region)->losses.lost, 5);
	assert_int_equal(kymo_region_info(region)->losses.full, 11);
	assert_int_equal(kymo_region_info(region)->losses.cardinality, 12);
	assert_int_equal(kymo_region_info(region)->losses.slots, 13);
	assert_int_equal(kymo_region_info(region)->losses.ring, 14);
	assert_int_equal(kymo_region_info(region)->losses.badcall, 15);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_counters_are_summed_over_slots),
		IN_DIR(test_a_counter_that_falls_is_corruption_not_a_reset),
		IN_DIR(test_updowns_go_below_zero),
		IN_DIR(test_float_counters_take_only_what_is_finite_and_positive),
		IN_DIR(test_an_info_is_there_by_being_registered),
		IN_DIR(test_gauges_have_no_value_until_they_are_set),
		IN_DIR(test_float_gauges_take_infinities_but_no_nan),
		IN_DIR(test_peaks_are_of_this_window_and_the_last),
		IN_DIR(test_the_last_peak_of_the_dead_stands),
		IN_DIR(test_histograms_merge_the_blocks_of_all_threads),
		IN_DIR(test_a_block_that_does_not_fit_its_histogram_is_refused),
		IN_DIR(test_what_went_to_the_sinks_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
