/* SPDX-License-Identifier: MIT */
/* Blocks of series: what was put in is found again, one series without the
   others; damaged bytes are refused. */
#include "tests/testlib/testlib.h"

#include "reader/history/frame.h"

#define SAMPLES 100u
#define SERIES 20u

static double
value_of(uint32_t series, uint32_t part, uint32_t i)
{
	return series % 3 == 0 ? series : series * 1000.5 + part * i;
}

static void
make_block(struct kymo_buffer *block)
{
	struct kyi_frame_writer *writer = kyi_frame_writer_new(3);
	static double value[5][SAMPLES];
	const double *parts[5];

	assert_non_null(writer);
	kyi_frame_begin(writer, SAMPLES, 64);
	for (uint32_t s = 0; s < SERIES; s++) {
		for (uint32_t p = 0; p < 5; p++) {
			parts[p] = value[p];
			for (uint32_t i = 0; i < SAMPLES; i++)
				value[p][i] = value_of(s, p, i);
		}
		if (s == 7)
			kyi_frame_hists(writer, s * 10, "any bytes", 9);
		else
			kyi_frame_floats(writer, s * 10, s % 2 == 0 ?
			    KYI_PART_LAST : KYI_PART_MERGED, parts);
	}
	assert_int_equal(kyi_frame_end(writer, block), 0);
	kyi_frame_writer_delete(writer);
}

static void
each_series_and_part_is_found_again(void **state)
{
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	struct kymo_buffer block = { 0 };
	const struct kyi_frame_column *column;
	double value[SAMPLES];
	uint32_t cnt;

	(void)state;
	make_block(&block);
	assert_int_equal(kyi_frame_open(reader, block.at, block.len_bytes), 0);
	assert_int_equal(kyi_frame_sample_cnt(reader), SAMPLES);
	(void)kyi_frame_columns(reader, &cnt);
	assert_int_equal(cnt, SERIES);
	for (uint32_t s = 0; s < SERIES; s++) {
		column = kyi_frame_find(reader, s * 10);
		assert_non_null(column);
		assert_null(kyi_frame_find(reader, s * 10 + 1));
		if (s == 7) {
			assert_int_equal(column->len_bytes, 9);
			assert_memory_equal(column->bytes, "any bytes", 9);
			assert_int_equal(kyi_frame_values(reader, column, 0,
			    value), -1);
			continue;
		}
		for (uint32_t p = 0; p < 5; p++) {
			int result = kyi_frame_values(reader, column, p, value);

			assert_int_equal(result,
			    p == 0 || s % 2 == 1 ? 0 : -1);
			for (uint32_t i = 0; i < SAMPLES && result == 0; i++)
				assert_true(value[i] == value_of(s, p, i));
		}
	}
	kyi_frame_reader_delete(reader);
	kymo_buffer_free(&block);
}

static bool
same_columns(const struct kyi_frame_reader *a, const struct kyi_frame_reader *b)
{
	uint32_t a_cnt, b_cnt;
	const struct kyi_frame_column *of_a = kyi_frame_columns(a, &a_cnt);
	const struct kyi_frame_column *of_b = kyi_frame_columns(b, &b_cnt);

	if (a_cnt != b_cnt)
		return false;
	for (uint32_t i = 0; i < a_cnt; i++)
		if (of_a[i].id != of_b[i].id ||
		    of_a[i].len_bytes != of_b[i].len_bytes ||
		    memcmp(of_a[i].bytes, of_b[i].bytes,
		    of_a[i].len_bytes) != 0)
			return false;
	return true;
}

/* But for bits that mean nothing to zstd. */
static void
a_damaged_block_is_refused(void **state)
{
	struct kyi_frame_reader *whole = kyi_frame_reader_new();
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	struct kymo_buffer block = { 0 };
	uint32_t refused = 0;

	(void)state;
	make_block(&block);
	assert_int_equal(kyi_frame_open(whole, block.at, block.len_bytes), 0);
	for (size_t i = 0; i < block.len_bytes; i++) {
		block.at[i] = (char)(block.at[i] ^ 0x01);
		if (kyi_frame_open(reader, block.at, block.len_bytes) != 0)
			refused++;
		else
			assert_true(same_columns(reader, whole));
		block.at[i] = (char)(block.at[i] ^ 0x01);
		assert_int_equal(kyi_frame_open(reader, block.at, i), -1);
	}
	assert_true(refused > block.len_bytes * 9 / 10);
	kyi_frame_reader_delete(reader);
	kyi_frame_reader_delete(whole);
	kymo_buffer_free(&block);
}

static void
times_come_back(void **state)
{
	struct kyi_frame_writer *writer = kyi_frame_writer_new(3);
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	static const int64_t rows[][5] = {
		{ 0, 1, 2, 3, 4 },
		{ 1700000000000, 1700000001000, 1700000002003, 1700000002999,
		    1700000990000 },
		{ -5, -4, 0, INT64_MAX / 2, INT64_MAX },
		{ INT64_MIN, 0, 1, 2, 3 },
	};
	int64_t back[5];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_buffer piece = { 0 };

		assert_int_equal(kyi_frame_times(writer, rows[i], 5, &piece),
		    0);
		assert_int_equal(kyi_frame_times_get(reader, piece.at,
		    piece.len_bytes, back, 5), 5);
		assert_memory_equal(back, rows[i], sizeof back);
		assert_int_equal(kyi_frame_times_get(reader, piece.at,
		    piece.len_bytes, back, 4), -1);
		assert_int_equal(kyi_frame_open(reader, piece.at,
		    piece.len_bytes), -1);
		kymo_buffer_free(&piece);
	}
	kyi_frame_writer_delete(writer);
	kyi_frame_reader_delete(reader);
}

static void
times_that_go_back_are_refused(void **state)
{
	struct kyi_frame_writer *writer = kyi_frame_writer_new(3);
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	static const int64_t back_again[] = { 5, 6, 6 };
	struct kymo_buffer piece = { 0 };
	int64_t back[3];

	(void)state;
	assert_int_equal(kyi_frame_times(writer, back_again, 3, &piece), 0);
	assert_int_equal(kyi_frame_times_get(reader, piece.at, piece.len_bytes,
	    back, 3), -1);
	kymo_buffer_free(&piece);
	kyi_frame_writer_delete(writer);
	kyi_frame_reader_delete(reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_series_and_part_is_found_again),
		cmocka_unit_test(a_damaged_block_is_refused),
		cmocka_unit_test(times_come_back),
		cmocka_unit_test(times_that_go_back_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
