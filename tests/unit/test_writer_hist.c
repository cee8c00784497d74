/* SPDX-License-Identifier: MIT */
/* Histograms: the inlined index against the exact one, and where each value
   ends up. */
#include <math.h>

#include "tests/testlib/fresh.h"

#include "shm/hist.h"

static void
test_the_table_is_made_of_the_exact_boundaries(void **state)
{
	uint32_t t, i;

	for (t = 0; t < 128; t++) {
		uint64_t lo = (uint64_t)t << 45, hi = (uint64_t)(t + 1) << 45;
		uint64_t cut = UINT64_MAX;
		uint32_t before = 0;

		for (i = 0; i < 64; i++) {
			if (kyi_hist_mantissa[i] < lo)
				before++;
			else if (kyi_hist_mantissa[i] < hi)
				cut = kyi_hist_mantissa[i] << 12;
		}
		assert_int_equal(kymo_buckets_.cut[t], cut);
		assert_int_equal(kymo_buckets_.base[t], before - t / 2);
	}
}

/* The index at scale 6, as kyi_hist_idx has it. */
static int32_t
inlined_idx(uint64_t v)
{
	return (int32_t)kymo_bucket_(v) - (1023 * 64 + 1);
}

/* Every octave's boundaries, and what lies beside them. */
static void
test_the_inlined_index_is_exact_at_every_boundary(void **state)
{
	uint64_t v, bound;
	int32_t idx;
	int d;

	for (idx = -64; idx < 63 * 64; idx++) {
		bound = (uint64_t)kyi_hist_bound(idx, 6);
		for (d = -2; d <= 2; d++) {
			v = bound + (uint64_t)d;
			if (v == 0 || v > INT64_MAX)
				continue;
			if (inlined_idx(v) != kyi_hist_idx((double)v, 6))
				fail_msg("%llu: %d, not %d",
				    (unsigned long long)v, inlined_idx(v),
				    kyi_hist_idx((double)v, 6));
		}
	}
}

static void
test_the_inlined_index_is_exact_all_over(void **state)
{
	uint64_t x = 88172645463325252ull, v;
	uint32_t i;

	for (i = 0; i < 300000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v = x >> (1 + i % 63);
		if (v != 0)
			assert_int_equal(inlined_idx(v),
			    kyi_hist_idx((double)v, 6));
	}
}

static struct kymo_histogram
make(int scale, int exponent, uint64_t lo, uint64_t hi)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_HISTOGRAM, "h");

	desc.scale = scale;
	desc.exponent = exponent;
	desc.lo = lo;
	desc.hi = hi;
	return kymo_histogram_at(kymo_family(&desc), 0, NULL);
}

/* At each scale, each value is in the bucket that the exact function says, or
   under, over, zero; the first record (slow) like the rest (inlined). */
static void
test_each_value_is_where_the_exact_index_says(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 7, 8, 9, 1023, 1024,
		1025, 65535, 65536, 65537, 1000000, 1ull << 40, INT64_MAX };
	int scale;
	size_t i;

	for (scale = -1; scale <= 6; scale++) {
		struct kymo_histogram h;
		struct peek_hist hist;
		uint64_t sum = 0, under = 0, over = 0, in = 0;
		uint32_t s = scale < 0 ? 0 : scale == 0 ? 4 : (uint32_t)scale;

		fresh_start();
		h = make(scale, 0, 8, 65536);
		for (i = 0; i < 2 * sizeof(values) / sizeof(*values); i++) {
			uint64_t v = values[i / 2];
			int32_t idx;

			kymo_histogram_record(h, v);
			sum += v;
			if (v == 0)
				continue;
			idx = kyi_hist_idx((double)v, s);
			under += idx < (int32_t)(3u << s) - 1;
			over += idx > (int32_t)(16u << s) - 1;
			in += idx == (int32_t)(10u << s) - 1;
		}
		assert_true(peek_hist(fresh_peek(), "h", &hist));
		assert_int_equal(hist.cnt, 2 * sizeof(values) / sizeof(*values));
		assert_int_equal(hist.zero, 2);
		assert_int_equal(hist.under, under);
		assert_int_equal(hist.over, over);
		assert_int_equal(hist.sum, sum);
		/* 1024 is in the bucket that ends there. */
		assert_int_equal(hist.buckets[(10 << s) - 1 - hist.lo_idx], in);
	}
}

static void
test_a_negative_value_is_a_bad_call(void **state)
{
	struct kymo_histogram h = make(0, 0, 0, 0);
	struct peek_hist hist;

	kymo_histogram_record(h, 1);
	kymo_histogram_record(h, (uint64_t)-1);
	kymo_histogram_record(h, 1ull << 63);
	assert_int_equal(fresh_status().err_badcall, 2);
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt, 1);
	assert_non_null(strstr(fresh_said(), "a value that its kind"));
}

struct observe_row {
	int exponent;
	double value;
	uint64_t sum, over, bad;
};

static const struct observe_row observed[] = {
	{ 0, 0.0, 0, 0, 0 },
	{ 0, -0.0, 0, 0, 0 },
	{ 0, 0.49, 0, 0, 0 },
	{ 0, 0.5, 1, 0, 0 },
	{ 0, 1.5, 2, 0, 0 },
	{ 0, 1e18, 1000000000000000000ull, 0, 0 },
	{ 0, 9223372036854775808.0, 0, 1, 0 },
	{ 0, 1e300, 0, 1, 0 },
	{ 0, INFINITY, 0, 1, 0 },
	{ 0, -INFINITY, 0, 0, 1 },
	{ 0, NAN, 0, 0, 1 },
	{ 0, -1e-300, 0, 0, 1 },
	{ -9, 0.001, 1000000, 0, 0 },
	{ -9, 1.23456789, 1234567890, 0, 0 },
	{ -9, 1e10, 0, 1, 0 },
	{ -3, 0.0014, 1, 0, 0 },
	{ -18, 1.0, 1000000000000000000ull, 0, 0 },
	{ 3, 1499.0, 1, 0, 0 },
	{ 18, 1e18, 1, 0, 0 },
};

static void
test_observations_are_rounded_to_the_recorded_unit(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(observed) / sizeof(*observed); i++) {
		const struct observe_row *row = &observed[i];
		struct kymo_histogram h;
		struct peek_hist hist;

		fresh_start();
		h = make(0, row->exponent, 0, 0);
		kymo_histogram_observe(h, row->value);
		assert_true(peek_hist(fresh_peek(), "h", &hist));
		if (hist.sum != row->sum || hist.cnt != 1 - row->bad ||
		    (row->over && hist.over != 1) ||
		    fresh_status().err_badcall != row->bad)
			fail_msg("%g * 10^%d: sum %llu, %llu of them",
			    row->value, -row->exponent,
			    (unsigned long long)hist.sum,
			    (unsigned long long)hist.cnt);
	}
}

/* About one in ten, with weight ten; every one of them through the slow path,
   since the inlined one has no weight. */
static void
test_sampled_records_weigh_what_was_left_out(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_HISTOGRAM, "h");
	struct kymo_histogram h;
	struct kymo_timer timer;
	struct peek_hist hist;
	uint32_t i, kept = 0;

	setenv("KYMO_COMPONENTS", "storage:0.1", 1);
	fresh_start();
	desc.component = "storage";
	desc.exponent = -9;
	h = kymo_histogram_at(kymo_family(&desc), 0, NULL);
	assert_int_equal(h.sample_n_, 10);
	for (i = 0; i < 20000; i++)
		kymo_histogram_record(h, 1000);
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt % 10, 0);
	assert_int_equal(hist.sum, hist.cnt * 1000);
	/* Ten standard deviations: 424 records. */
	assert_in_range(hist.cnt, 20000 - 4240, 20000 + 4240);
	assert_int_equal(peek_family(fresh_peek(), "h")->sample_n, 10);

	timer.h_ = h;
	for (i = 0; i < 20000; i++) {
		uint64_t start_ns = kymo_timer_start(timer);

		kept += start_ns != 0;
		kymo_timer_stop(timer, start_ns);
	}
	assert_in_range(kept, 2000 - 424, 2000 + 424);
	i = (uint32_t)hist.cnt;
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt - i, 10 * kept);
}

static struct kymo_timer
make_sampled(uint32_t sample_n)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_HISTOGRAM, "h");

	desc.exponent = -9;
	desc.sample_n = sample_n;
	return kymo_timer_at(kymo_family(&desc), 0, NULL);
}

static void
test_of_each_n_starts_one_is_kept(void **state)
{
	static const uint32_t ns[] = { 1, 2, 3, 16, 1000 };
	struct kymo_timer timer;
	struct peek_hist hist;
	uint32_t block, i, j, kept;

	for (i = 0; i < sizeof(ns) / sizeof(*ns); i++) {
		fresh_start();
		timer = make_sampled(ns[i]);
		for (block = 0; block < 50; block++) {
			kept = 0;
			for (j = 0; j < ns[i]; j++) {
				uint64_t start = kymo_timer_start(timer);

				kept += start != 0;
				kymo_timer_stop(timer, start);
			}
			assert_int_equal(kept, 1);
		}
		assert_true(peek_hist(fresh_peek(), "h", &hist));
		assert_int_equal(hist.cnt, 50 * ns[i]);
		assert_int_equal(hist.sum % ns[i], 0);
	}
}

/* However regular they come: 1 ns and 1000 ns in turn, 16 at a time. */
static void
test_which_one_is_kept_does_not_follow_the_load(void **state)
{
	struct kymo_timer timer = make_sampled(16);
	uint32_t i, odd = 0, blocks = 4000;

	for (i = 0; i < 16 * blocks; i++)
		odd += kymo_timer_start(timer) != 0 && i % 2 == 1;
	/* Ten standard deviations. */
	assert_in_range(odd, blocks / 2 - 320, blocks / 2 + 320);
}

/* A handler that comes between the look at whose turn it is and the step. */
static void
test_a_handler_may_take_the_turn(void **state)
{
	struct kymo_timer timer = make_sampled(16);
	struct kymo_hist_ *hist;
	uint32_t i, kept = 0;

	kymo_timer_start(timer);
	hist = &kymo_tls_->hist[timer.h_.at_ / sizeof(*hist)];
	while (hist->turn > 0)
		kymo_timer_start(timer);
	hist->turn--; /* it took the last one that was to be left out */
	assert_true(kymo_timer_start(timer) != 0);
	for (i = 0; i < 16 * 1000; i++)
		kept += kymo_timer_start(timer) != 0;
	assert_in_range(kept, 999, 1001);
}

static void
test_what_is_sampled_multiplies(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_HISTOGRAM, "h");

	setenv("KYMO_COMPONENTS", "storage:0.1", 1);
	fresh_start();
	desc.component = "storage";
	desc.sample_n = 4;
	assert_int_equal(kymo_histogram_at(kymo_family(&desc), 0, NULL)
	    .sample_n_, 40);
	assert_true(kymo_family(&desc).id_ != 0);
	desc.sample_n = 5;
	assert_int_equal(kymo_family(&desc).id_, 0); /* another one */
	desc.name = "h2";
	desc.sample_n = 1000000;
	assert_int_equal(kymo_histogram_at(kymo_family(&desc), 0, NULL)
	    .sample_n_, 1000000);
	desc.sample_n = 1000001;
	assert_int_equal(kymo_family(&desc).id_, 0);
	desc.name = "c_total";
	desc.kind = KYMO_KIND_COUNTER;
	desc.sample_n = 2;
	assert_int_equal(kymo_family(&desc).id_, 0);
	assert_int_equal(fresh_status().err_badcall, 3);
}

static void
test_a_zero_handle_is_a_bad_call(void **state)
{
	struct kymo_histogram h = { 0, 0 };
	struct kymo_timer timer = { { 0, 0 } };
	uint64_t start_ns;

	kymo_histogram_record(h, 1);
	kymo_histogram_observe(h, 1);
	kymo_histogram_exemplar(h, 1, NULL);
	assert_int_equal(fresh_status().err_badcall, 3);
	start_ns = kymo_timer_start(timer);
	assert_int_equal(start_ns, 0);
	assert_int_equal(kymo_timer_stop(timer, start_ns), 0);
	assert_int_equal(fresh_status().err_badcall, 4);
}

static void
test_a_timer_records_nanoseconds(void **state)
{
	struct kymo_timer timer;
	struct peek_hist hist;
	uint64_t took_ns;

	timer.h_ = make(0, -9, 0, 0);
	took_ns = kymo_timer_stop(timer, kymo_timer_start(timer));
	kymo_timer_record(timer, 5000);
	{
		KYMO_TIME_SCOPE(timer);
	}
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt, 3);
	assert_true(hist.sum >= took_ns + 5000);
}

/* Each lap begins where the one before it ended: none of the time is lost. */
static void
test_laps_add_up_to_the_whole(void **state)
{
	struct kymo_timer timer;
	struct peek_hist hist;
	uint64_t at, sum_ns = 0, before_ns, from_ns, till_ns;
	uint32_t i;

	timer.h_ = make(0, -9, 0, 0);
	before_ns = kymo_now_ns();
	at = kymo_timer_start(timer);
	from_ns = kymo_now_ns();
	for (i = 0; i < 99; i++)
		sum_ns += kymo_timer_lap(timer, &at);
	till_ns = kymo_now_ns();
	sum_ns += kymo_timer_lap(timer, &at);
	/* To a rounding each, and some microseconds between two clocks. */
	assert_true(sum_ns + 100 + 50000 >= till_ns - from_ns);
	assert_true(sum_ns <= kymo_now_ns() - before_ns + 100 + 50000);
	/* A start that was left out gives no lap, but the next one's start. */
	at = 0;
	assert_int_equal(kymo_timer_lap(timer, &at), 0);
	assert_true(at != 0);
	assert_true(peek_hist(fresh_peek(), "h", &hist));
	assert_int_equal(hist.cnt, 100);
	assert_int_equal(hist.sum, sum_ns);
	/* Another thread's start, by a clock that is a little ahead. */
	at += 2000000000;
	assert_int_equal(kymo_timer_lap(timer, &at), 0);
	assert_int_equal(fresh_status().err_badcall, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_the_table_is_made_of_the_exact_boundaries),
		cmocka_unit_test(
		    test_the_inlined_index_is_exact_at_every_boundary),
		cmocka_unit_test(test_the_inlined_index_is_exact_all_over),
		TEST(test_each_value_is_where_the_exact_index_says),
		TEST(test_a_negative_value_is_a_bad_call),
		TEST(test_observations_are_rounded_to_the_recorded_unit),
		TEST(test_sampled_records_weigh_what_was_left_out),
		TEST(test_of_each_n_starts_one_is_kept),
		TEST(test_which_one_is_kept_does_not_follow_the_load),
		TEST(test_a_handler_may_take_the_turn),
		TEST(test_what_is_sampled_multiplies),
		TEST(test_a_zero_handle_is_a_bad_call),
		TEST(test_a_timer_records_nanoseconds),
		TEST(test_laps_add_up_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
