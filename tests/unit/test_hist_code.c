/* SPDX-License-Identifier: MIT */
/* Histograms one after another: each comes back, damaged bytes do not. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/history/hist_code.h"

#define CNT 200u
#define BUCKETS 40u

static double pos[CNT][BUCKETS], neg[CNT][BUCKETS];
static const double bounds[] = { 0.5, 1, 2, 4 };

static bool
same_side(const struct kymo_hist_side *a, const struct kymo_hist_side *b)
{
	return a->cnt == b->cnt && (a->cnt == 0 || (a->first == b->first &&
	    memcmp(a->count, b->count, a->cnt * sizeof(double)) == 0));
}

static void
assert_same(const struct kymo_native_hist *a, const struct kymo_native_hist *b)
{
	assert_int_equal(a->schema, b->schema);
	assert_int_equal(a->reset, b->reset);
	assert_memory_equal(&a->count, &b->count, sizeof a->count);
	assert_memory_equal(&a->sum, &b->sum, sizeof a->sum);
	assert_memory_equal(&a->zero_count, &b->zero_count,
	    sizeof a->zero_count);
	assert_memory_equal(&a->zero_threshold, &b->zero_threshold,
	    sizeof a->zero_threshold);
	assert_true(same_side(&a->pos, &b->pos));
	assert_true(same_side(&a->neg, &b->neg));
	assert_int_equal(a->bound_cnt, b->bound_cnt);
	if (a->bound_cnt > 0)
		assert_memory_equal(a->bounds, b->bounds,
		    a->bound_cnt * sizeof(double));
}

/* One after another, of all sorts. */
static struct kymo_native_hist
make(uint32_t i)
{
	struct kymo_native_hist hist = { .schema = (int32_t)(i / 50) + 3,
		.reset = (enum kymo_reset_hint)(i % 4),
		.zero_threshold = 1e-128, .zero_count = i / 7,
		.sum = i % 3 == 0 ? 1.5 * i : -1e300 * i };

	hist.pos = (struct kymo_hist_side){ -5 - (int32_t)(i / 20),
		i % 10 == 9 ? 0 : 5 + i % 20, pos[i] };
	hist.neg = (struct kymo_hist_side){ 100, i / 100 * 3, neg[i] };
	for (uint32_t k = 0; k < BUCKETS; k++) {
		pos[i][k] = i / 2 * k + (k == i % 13);
		neg[i][k] = i >= 120 && i < 140 ? 0.1 * i : k;
	}
	if (i >= 150) {
		hist.schema = KYMO_SCHEMA_CUSTOM;
		hist.bounds = bounds;
		hist.bound_cnt = 4;
	}
	hist.count = hist.zero_count;
	for (uint32_t k = 0; k < hist.pos.cnt; k++)
		hist.count += pos[i][k];
	for (uint32_t k = 0; k < hist.neg.cnt; k++)
		hist.count += neg[i][k];
	if (i % 11 == 5)
		hist.count = NAN;
	return hist;
}

static void
put_all(struct kymo_buffer *bytes, struct kymo_native_hist *hist)
{
	for (uint32_t i = 0; i < CNT; i++) {
		hist[i] = make(i);
		if (i % 17 == 16)
			kyi_hist_put_float(bytes, i);
		else
			kyi_hist_put(bytes, i % 64 == 0 || i % 17 == 0 ?
			    NULL : &hist[i - 1], &hist[i]);
	}
	assert_false(bytes->failed);
}

static void
all_come_back(void **state)
{
	static struct kymo_native_hist hist[CNT];
	struct kyi_hist_reader reader = { .any = false };
	struct kymo_buffer bytes = { 0 };
	const uint8_t *at, *end;

	(void)state;
	put_all(&bytes, hist);
	at = (const uint8_t *)bytes.at;
	end = at + bytes.len_bytes;
	for (uint32_t i = 0; i < CNT; i++) {
		assert_int_equal(kyi_hist_get(&reader, &at, end), 0);
		assert_int_equal(reader.is_float, i % 17 == 16);
		if (reader.is_float)
			assert_true(reader.value == i);
		else
			assert_same(&reader.hist, &hist[i]);
	}
	assert_ptr_equal(at, end);
	assert_int_equal(kyi_hist_get(&reader, &at, end), -1);
	kyi_hist_reader_free(&reader);
	kymo_buffer_free(&bytes);
}

static void
what_stays_takes_one_byte(void **state)
{
	struct kymo_native_hist hist = make(20);
	struct kymo_buffer bytes = { 0 };

	(void)state;
	kyi_hist_put(&bytes, &hist, &hist);
	assert_int_equal(bytes.len_bytes, 1);
	kymo_buffer_free(&bytes);
}

static void
damaged_bytes_end_somewhere(void **state)
{
	static struct kymo_native_hist hist[CNT];
	struct kymo_buffer bytes = { 0 };
	uint32_t random = 1;

	(void)state;
	put_all(&bytes, hist);
	for (unsigned round = 0; round < 300; round++) {
		struct kyi_hist_reader reader = { .any = false };
		uint8_t *copy = malloc(bytes.len_bytes);
		const uint8_t *at = copy;

		assert_non_null(copy);
		memcpy(copy, bytes.at, bytes.len_bytes);
		random = random * 1103515245 + 12345;
		copy[random / 7 % bytes.len_bytes] ^= (uint8_t)(random >> 16);
		while (kyi_hist_get(&reader, &at, copy + bytes.len_bytes) == 0)
			assert_true(at <= copy + bytes.len_bytes);
		kyi_hist_reader_free(&reader);
		free(copy);
	}
	kymo_buffer_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_come_back),
		cmocka_unit_test(what_stays_takes_one_byte),
		cmocka_unit_test(damaged_bytes_end_somewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
