/* SPDX-License-Identifier: MIT */
/* Columns of floats: every bit comes back, and what is alike is small. */
#include "tests/testlib/testlib.h"

#include <float.h>
#include <math.h>

#include "reader/history/frame.h"
#include "reader/history/samples.h"

#define CNT_MAX 600u

static struct kyi_column_room room;

static double
of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* How many bytes; fails where not every bit comes back. */
static size_t
there_and_back(const char *name, const double *value, uint32_t cnt)
{
	struct kymo_buffer bytes = { 0 };
	static double back[CNT_MAX];
	const uint8_t *at, *end;
	size_t len_bytes;

	kyi_column_put(&bytes, value, cnt, &room);
	assert_false(bytes.failed);
	len_bytes = bytes.len_bytes;
	at = (const uint8_t *)bytes.at;
	end = at + len_bytes;
	assert_int_equal(kyi_column_get(&at, end, back, cnt), 0);
	assert_ptr_equal(at, end);
	for (uint32_t i = 0; i < cnt; i++)
		if (memcmp(&back[i], &value[i], sizeof *back) != 0)
			fail_msg("%s: value %u is %a, was %a", name, i,
			    back[i], value[i]);
	/* Bytes that end too early are no column, and are not read past. */
	for (size_t cut = 0; cut < len_bytes; cut++) {
		uint8_t *part = malloc(cut + 1);
		const uint8_t *part_at = part;

		assert_non_null(part);
		memcpy(part, bytes.at, cut);
		assert_int_equal(kyi_column_get(&part_at, part + cut, back,
		    cnt), -1);
		free(part);
	}
	kymo_buffer_free(&bytes);
	return len_bytes;
}

static void
every_bit_of_every_float_comes_back(void **state)
{
	const double stale = of_bits(KYMO_STALE_BITS);
	const struct {
		const char *name;
		double value[8];
	} rows[] = {
		{ "zeros", { 0 } },
		{ "both zeros", { 0, -0.0, 0, -0.0, 1 } },
		{ "only minus zero", { -0.0, -0.0, -0.0, -0.0, -0.0, -0.0,
		    -0.0, -0.0 } },
		{ "counter", { 1, 2, 4, 8, 16, 1e9, 1e12, 1e15 } },
		{ "integers at the edge", { 9007199254740991, 9007199254740992,
		    -9007199254740994, 0x1p51, -0x1p51, 0x1p51 - 1 } },
		{ "decimals", { 0.1, 0.25, 3.875, 1e-9, -7.1 } },
		{ "small, then too large for its power", { 1e-12, 1e15 } },
		{ "no decimal", { M_PI, M_E, 1.0 / 3, M_PI } },
		{ "signs", { -1, 1, -1, 1, -100000, 100000 } },
		{ "edges", { DBL_MAX, DBL_MIN, of_bits(1), -DBL_MAX } },
		{ "infinities", { INFINITY, -INFINITY, 1, INFINITY } },
		{ "stale between", { 1, stale, stale, 2, 3, stale, 4, 5 } },
		{ "stale at both ends", { stale, 1, 2, 3, 4, 5, 6, stale } },
		{ "NaNs of many kinds", { NAN, -NAN, stale,
		    of_bits(0x7ff8000000000001), of_bits(0xfff0000000000001),
		    0, NAN, NAN } },
		{ "a stale among what is no decimal", { M_PI, stale, M_E } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (uint32_t cnt = 1; cnt <= 8; cnt++)
			there_and_back(rows[i].name, rows[i].value, cnt);
}

static void
any_bits_come_back(void **state)
{
	static double value[CNT_MAX];
	uint64_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 64; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			random = random * 6364136223846793005u +
			    1442695040888963407u;
			value[i] = round % 2 == 0 ? of_bits(random) :
			    (double)(random >> round % 60) / 1000;
		}
		there_and_back("random", value, 40);
	}
}

static void
what_is_alike_takes_little(void **state)
{
	static double one[CNT_MAX], step[CNT_MAX], time[CNT_MAX];

	(void)state;
	for (uint32_t i = 0; i < CNT_MAX; i++) {
		one[i] = 42.5;
		step[i] = 1e9 + 3 * i;
		time[i] = 1700000000 + i / 10.0;
	}
	assert_true(there_and_back("one", one, CNT_MAX) <= 9);
	assert_true(there_and_back("step", step, CNT_MAX) <= CNT_MAX + 16);
	assert_true(there_and_back("time", time, CNT_MAX) <= CNT_MAX + 16);
}

static void
bytes_of_no_column_are_refused(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t len_bytes;
	} rows[] = {
		{ "nothing", { 0 }, 0 },
		{ "no such form", { 2, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 10 },
		{ "half a run", { 0, 1, 2, 3 }, 4 },
		{ "power 13", { 1, 13, 0, 0 }, 4 },
		{ "differences thrice", { 1, 0x30, 0, 0 }, 4 },
		{ "nine bytes long", { 1, 0x10, 0, 9 }, 4 },
		{ "a length over the longest", { 1, 0x90, 0, 1, 2, 1, 1 }, 7 },
		{ "more odd runs than values", { 1, 0x50, 9, 0, 0 }, 5 },
		{ "an odd run past the end", { 1, 0x50, 1, 2, 7 }, 14 },
		{ "an odd run that wraps", { 1, 0x50, 1, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 1, 1 }, 16 },
	};
	double value[4];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const uint8_t *at = rows[i].bytes;

		if (kyi_column_get(&at, at + rows[i].len_bytes, value, 4) == 0)
			fail_msg("%s: taken", rows[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_of_every_float_comes_back),
		cmocka_unit_test(any_bits_come_back),
		cmocka_unit_test(what_is_alike_takes_little),
		cmocka_unit_test(bytes_of_no_column_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
