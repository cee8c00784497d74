/* SPDX-License-Identifier: MIT */
/* Goal: every double is in the bucket that the definition says, upper bounds
   inclusive, at every scale. Method: against long double, at random and within
   three steps of every boundary. A long double tells apart what is within one
   step of a double; where it does not (MSVC's, some ports), skip. */
#include <float.h>
#include <math.h>

#include "tests/testlib/testlib.h"

#include "shm/hist.h"

/* Test code has its own arithmetic: floor division, not a shift. */
static int32_t
coarser(int32_t idx, uint32_t scale)
{
	int32_t n = 1 << (KYI_SCALE_MAX - scale);

	return idx >= 0 ? idx / n : -((n - 1 - idx) / n);
}

static void
need_long_double(void)
{
	if (LDBL_MANT_DIG < DBL_MANT_DIG + 8) {
		print_message("SKIPPED: long double is no better than double\n");
		skip();
	}
}

/* xorshift64, from a fixed seed. */
static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void
test_random_values_are_where_the_logarithm_says(void **state)
{
	uint64_t x = 1234567;
	uint32_t i, scale;

	need_long_double();
	for (i = 0; i < 300000; i++) {
		double v = ldexp(1 + (double)(next_random(&x) >> 12) * 0x1p-52,
		    (int)(x % 2000) - 1000);
		int32_t fine = (int32_t)ceill(log2l(v) * 64) - 1;

		for (scale = 0; scale <= KYI_SCALE_MAX; scale++)
			if (kyi_hist_idx(v, scale) != coarser(fine, scale))
				fail_msg("%a at scale %u: %d, not %d", v, scale,
				    kyi_hist_idx(v, scale),
				    coarser(fine, scale));
	}
}

/* Boundary i is 2^(i/64): what is not above it belongs to bucket i - 1. */
static void
check_around(int32_t i)
{
	long double boundary = exp2l((long double)i / 64);
	double v = (double)boundary;
	uint32_t scale, step;

	for (step = 0; step < 3; step++)
		v = nextafter(v, 0);
	for (step = 0; step < 7; step++, v = nextafter(v, INFINITY)) {
		int32_t fine = (long double)v > boundary ? i : i - 1;

		for (scale = 0; scale <= KYI_SCALE_MAX; scale++)
			if (kyi_hist_idx(v, scale) != coarser(fine, scale))
				fail_msg("%a near boundary %d at scale %u: "
				    "%d, not %d", v, i, scale,
				    kyi_hist_idx(v, scale),
				    coarser(fine, scale));
	}
}

static void
test_three_steps_around_every_boundary(void **state)
{
	int32_t octave, k;

	need_long_double();
	for (octave = -1020; octave < 1020; octave += octave < -70 ||
	    octave > 70 ? 97 : 1)
		for (k = 0; k < 64; k++)
			check_around(octave * 64 + k);
}

struct row {
	const char *what;
	double v;
	uint32_t scale;
	int32_t idx;
};

static const struct row rows[] = {
	{ "one is the upper bound of the bucket below", 1, 0, -1 },
	{ "at every scale", 1, 6, -1 },
	{ "two ends bucket 0", 2, 0, 0 },
	{ "and bucket 7 of 8", 2, 3, 7 },
	{ "just above one", 1 + DBL_EPSILON, 6, 0 },
	{ "just below one", 1 - DBL_EPSILON / 2, 6, -1 },
	{ "three", 3, 0, 1 },
	{ "smallest normal", DBL_MIN, 0, -1023 },
	{ "largest subnormal", DBL_MIN - 0x1p-1074, 0, -1023 },
	{ "smallest of all", 0x1p-1074, 0, -1075 },
	{ "smallest of all, finest", 0x1p-1074, 6, -1074 * 64 - 1 },
	{ "a subnormal inside an octave", 0x1.8p-1070, 0, -1070 },
	{ "largest", DBL_MAX, 0, 1023 },
	{ "largest, finest", DBL_MAX, 6, 1023 * 64 + 63 },
	{ "2^63", 0x1p63, 4, 63 * 16 - 1 },
};

static void
test_the_ends_of_the_doubles(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kyi_hist_idx(rows[i].v, rows[i].scale) != rows[i].idx)
			fail_msg("%s: %d, not %d", rows[i].what,
			    kyi_hist_idx(rows[i].v, rows[i].scale), rows[i].idx);
}

static void
test_a_bound_is_the_last_value_of_its_bucket(void **state)
{
	uint32_t scale;
	int32_t i;

	for (scale = 0; scale <= KYI_SCALE_MAX; scale++)
		for (i = -(1000 << scale); i <= 1000 << scale; i += 7) {
			double bound = kyi_hist_bound(i, scale);

			if (kyi_hist_idx(bound, scale) != i || kyi_hist_idx(
			    nextafter(bound, INFINITY), scale) != i + 1)
				fail_msg("bound %a of bucket %d at scale %u",
				    bound, i, scale);
		}
}

static void
test_bounds_beyond_the_doubles_are_zero_and_infinity(void **state)
{
	assert_true(kyi_hist_bound(1023, 0) == INFINITY);
	assert_true(kyi_hist_bound(1024 * 64 + 5, 6) == INFINITY);
	assert_true(kyi_hist_bound(1022, 0) == 0x1p1023);
	assert_true(kyi_hist_bound(INT32_MAX, 0) == INFINITY);
	assert_true(kyi_hist_bound(INT32_MAX, 6) == INFINITY);
	assert_true(kyi_hist_bound(-1023, 0) == DBL_MIN);
	assert_true(kyi_hist_bound(-1024, 0) == 0);
	assert_true(kyi_hist_bound(INT32_MIN, 0) == 0);
	assert_true(kyi_hist_bound(INT32_MIN, 6) == 0);
	assert_true(kyi_hist_bound(-1, 4) == 1);
}

static void
test_the_table_rises_from_zero(void **state)
{
	size_t i;

	assert_true(kyi_hist_mantissa[0] == 0);
	for (i = 0; i < 64; i++)
		assert_true(kyi_hist_mantissa[i] < kyi_hist_mantissa[i + 1]);
	assert_true(kyi_hist_mantissa[63] < UINT64_C(1) << 52);
	assert_true(kyi_hist_mantissa[64] == UINT64_MAX);
}

static void
test_a_block_has_room_for_its_buckets(void **state)
{
	assert_int_equal(kyi_hist_block_bytes(1), 4096);
	/* 64 + 8 * (500 + 4) is a page to the byte. */
	assert_int_equal(kyi_hist_block_bytes(500), 4096);
	assert_int_equal(kyi_hist_block_bytes(501), 8192);
	assert_int_equal(kyi_hist_block_bytes(UINT32_MAX),
	    (8 * (UINT64_C(0xffffffff) + 4) + 64 + 4095) / 4096 * 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_values_are_where_the_logarithm_says),
		cmocka_unit_test(test_three_steps_around_every_boundary),
		cmocka_unit_test(test_the_ends_of_the_doubles),
		cmocka_unit_test(test_a_bound_is_the_last_value_of_its_bucket),
		cmocka_unit_test(
		    test_bounds_beyond_the_doubles_are_zero_and_infinity),
		cmocka_unit_test(test_the_table_rises_from_zero),
		cmocka_unit_test(test_a_block_has_room_for_its_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
