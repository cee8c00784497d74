/* SPDX-License-Identifier: MIT */
/* Goal: quantiles are within the bound that the header states, and merging
   loses nothing. Method: values from a fixed generator, sorted, against the
   histogram of them; the same values in histograms of other scales. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/series/series.h"
#include "shm/hist.h"

#define VALUE_CNT 20000

static uint64_t
next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct kymo_hist
make(uint32_t scale, int32_t lo_exp, uint32_t octaves)
{
	struct kymo_hist hist = {
		.scale = scale,
		.lo_idx = lo_exp * (1 << scale),
		.bucket_cnt = octaves << scale,
	};

	hist.buckets = calloc(hist.bucket_cnt + 1, sizeof(*hist.buckets));
	assert_non_null(hist.buckets);
	return hist;
}

static void
record(struct kymo_hist *hist, uint64_t value)
{
	int64_t i;

	hist->sum += value;
	if (value == 0) {
		hist->zero++;
		return;
	}
	i = (int64_t)kyi_hist_idx((double)value, hist->scale) - hist->lo_idx;
	if (i < 0)
		hist->under++;
	else if (i >= hist->bucket_cnt)
		hist->over++;
	else
		hist->buckets[i]++;
}

static double
uniform(uint64_t *state)
{
	return (double)(next(state) >> 11) * 0x1p-53;
}

static uint64_t
value_of(int distribution, uint64_t *state)
{
	double u = uniform(state), v = uniform(state);

	switch (distribution) {
	case 0: return 1000 + (uint64_t)(u * 1e6);
	case 1: return (uint64_t)(1e5 * exp(sqrt(-2 * log(u + 1e-18)) *
	    cos(6.283185307179586 * v)));
	case 2: return (uint64_t)(-1e6 * log(u + 1e-18));
	default: return u < 0.9 ? 5000 : 5000000;
	}
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
test_a_quantile_is_within_its_bucket(void **state)
{
	static uint64_t values[VALUE_CNT];
	static const double qs[] = {0.01, 0.25, 0.5, 0.9, 0.99, 0.999};
	int distribution;
	uint32_t scale, i, q;

	for (distribution = 0; distribution < 4; distribution++)
		for (scale = 0; scale <= 6; scale++) {
			struct kymo_hist hist = make(scale, 0, 40);
			uint64_t seed = 88172645463325252ull;
			double bound = exp2(exp2(-(double)scale)) - 1;

			for (i = 0; i < VALUE_CNT; i++) {
				values[i] = value_of(distribution, &seed) + 1;
				record(&hist, values[i]);
			}
			qsort(values, VALUE_CNT, sizeof(*values), by_value);
			for (q = 0; q < sizeof(qs) / sizeof(*qs); q++) {
				double is = kymo_hist_quantile(&hist, qs[q], NULL);
				double want = (double)values[(size_t)ceil(
				    qs[q] * VALUE_CNT) - 1];

				assert_true(fabs(is - want) <=
				    want * bound * 1.0000001);
			}
			free(hist.buckets);
		}
}

static void
test_edges_of_a_quantile(void **state)
{
	struct kymo_hist hist = make(3, 4, 4); /* 16 to 256 */
	bool clamped;

	assert_true(isnan(kymo_hist_quantile(&hist, 0.5, &clamped)));
	record(&hist, 0);
	assert_true(kymo_hist_quantile(&hist, 0.5, &clamped) == 0 && !clamped);
	record(&hist, 3);
	assert_true(kymo_hist_quantile(&hist, 1, &clamped) == 16 && clamped);
	record(&hist, 1 << 20);
	record(&hist, 1 << 20);
	assert_true(kymo_hist_quantile(&hist, 0.99, &clamped) == 256 && clamped);
	assert_true(kymo_hist_count(&hist) == 4);
	assert_true(isnan(kymo_hist_quantile(&hist, NAN, NULL)));
	free(hist.buckets);
}

static void
test_other_scales_and_ranges_merge_exactly(void **state)
{
	static const struct {
		uint32_t scale_a;
		int32_t lo_a;
		uint32_t octaves_a, scale_b;
		int32_t lo_b;
		uint32_t octaves_b, scale, bucket_cnt;
		int32_t lo_idx;
	} rows[] = {
		{4, 0, 10, 4, 0, 10, 4, 160, 0},
		{4, 0, 10, 3, 0, 10, 3, 80, 0},
		{2, 5, 10, 6, 0, 20, 2, 80, 0},
		{4, 0, 5, 4, 10, 5, 4, 240, 0},
		{6, -1000, 4, 6, 1000, 4, 3, 2004 * 8, -8000},
	};
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		struct kymo_hist a = make(rows[row].scale_a, rows[row].lo_a,
		    rows[row].octaves_a);
		struct kymo_hist b = make(rows[row].scale_b, rows[row].lo_b,
		    rows[row].octaves_b);
		struct kymo_hist sum = {0};
		uint64_t seed = 42 + row, count;
		int i;

		for (i = 0; i < 2000; i++) {
			record(&a, next(&seed) % 3000);
			record(&b, next(&seed) % 100000);
		}
		count = kymo_hist_count(&a) + kymo_hist_count(&b);
		assert_int_equal(kymo_hist_add(&sum, &a), 0);
		assert_int_equal(kymo_hist_add(&sum, &b), 0);
		assert_true(kymo_hist_count(&sum) == count);
		assert_true(sum.sum == a.sum + b.sum);
		assert_int_equal(sum.scale, rows[row].scale);
		assert_int_equal(sum.bucket_cnt, rows[row].bucket_cnt);
		assert_int_equal(sum.lo_idx, rows[row].lo_idx);
		free(a.buckets);
		free(b.buckets);
		free(sum.buckets);
	}
}

static void
test_a_merge_is_as_if_recorded_together(void **state)
{
	struct kymo_hist a = make(5, 0, 20), b = make(3, 0, 20);
	struct kymo_hist both = make(3, 0, 20), sum = {0};
	uint64_t seed = 7, value;
	int i;

	for (i = 0; i < 5000; i++) {
		value = next(&seed) % 1000000 + 1;
		record(i % 2 == 0 ? &a : &b, value);
		record(&both, value);
	}
	assert_int_equal(kymo_hist_add(&sum, &a), 0);
	assert_int_equal(kymo_hist_add(&sum, &b), 0);
	assert_int_equal(sum.bucket_cnt, both.bucket_cnt);
	assert_memory_equal(sum.buckets, both.buckets,
	    both.bucket_cnt * sizeof(*both.buckets));
	free(a.buckets);
	free(b.buckets);
	free(both.buckets);
	free(sum.buckets);
}

static void
test_a_difference_is_refused_where_it_would_be_negative(void **state)
{
	struct kymo_hist before = make(3, 0, 10), after = make(3, 0, 10);
	struct kymo_hist other = make(4, 0, 10), diff = {0};

	record(&before, 5);
	record(&after, 5);
	record(&after, 700);
	assert_int_equal(kymo_hist_sub(&diff, &after, &before), 0);
	assert_true(kymo_hist_count(&diff) == 1 && diff.sum == 700);
	assert_int_equal(kymo_hist_sub(&diff, &before, &after), -1);
	assert_int_equal(kymo_hist_sub(&diff, &after, &other), -1);
	free(before.buckets);
	free(after.buckets);
	free(other.buckets);
	free(diff.buckets);
}

static void
test_below_counts_whole_octaves(void **state)
{
	static const struct { int32_t exp2; uint64_t below; } rows[] = {
		{2, 1},    /* zero alone: what is under may be 5 */
		{3, 1},
		{4, 2},    /* 16 and under: all of under */
		{5, 3},    /* 32 belongs to the bucket that ends there */
		{6, 4},
		{8, 5},
		{9, 5},    /* over is above every bound */
		{60, 5},
	};
	struct kymo_hist hist = make(2, 4, 4);
	size_t row;

	record(&hist, 0);
	record(&hist, 5);
	record(&hist, 32);
	record(&hist, 33);
	record(&hist, 256);
	record(&hist, 257);
	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++)
		assert_int_equal(kymo_hist_below(&hist, rows[row].exp2),
		    rows[row].below);
	free(hist.buckets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_quantile_is_within_its_bucket),
		cmocka_unit_test(test_edges_of_a_quantile),
		cmocka_unit_test(test_other_scales_and_ranges_merge_exactly),
		cmocka_unit_test(test_a_merge_is_as_if_recorded_together),
		cmocka_unit_test(
		    test_a_difference_is_refused_where_it_would_be_negative),
		cmocka_unit_test(test_below_counts_whole_octaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
