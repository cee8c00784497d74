/* SPDX-License-Identifier: MIT */
/* Goal: what is added is there, exactly, and numbers read back as themselves.
   Method: rows of numbers and their texts; doubles are read back by strtod. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/buffer.h"

static void
test_quotes_are_those_of_a_query(void **state)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\b", "\"a\\\\b\"" },
		{ "a\nb", "\"a\\nb\"" },
		{ "\xc3\xa9\t", "\"\xc3\xa9\t\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer buffer = { 0 };

		kymo_buffer_quote(&buffer, rows[i].text);
		assert_string_equal(buffer.at, rows[i].quoted);
		kymo_buffer_free(&buffer);
	}
}

static void
test_adds_follow_each_other_and_end_in_nul(void **state)
{
	struct kymo_buffer buffer = { 0 };
	size_t i;

	kymo_buffer_add(&buffer, "", 0);
	assert_string_equal(buffer.at, "");
	kymo_buffer_str(&buffer, "ab");
	kymo_buffer_char(&buffer, 'c');
	kymo_buffer_printf(&buffer, "[%d %s]", 12, "x");
	kymo_buffer_add(&buffer, "d\0e", 3);
	assert_int_equal(buffer.len_bytes, 3 + 6 + 3);
	assert_memory_equal(buffer.at, "abc[12 x]d\0e", 13);
	for (i = 0; i < 100000; i++)
		kymo_buffer_char(&buffer, 'z');
	assert_int_equal(buffer.len_bytes, 12 + 100000);
	assert_int_equal(strlen(buffer.at + 12), 100000);
	assert_false(buffer.failed);
	kymo_buffer_free(&buffer);
	assert_null(buffer.at);
}

static void
test_no_memory_is_remembered_and_adds_then_do_nothing(void **state)
{
	struct kymo_buffer buffer = { 0 };

	kymo_buffer_str(&buffer, "kept");
	kymo_buffer_add(&buffer, "no such length", SIZE_MAX - 2);
	assert_true(buffer.failed);
	kymo_buffer_str(&buffer, "more");
	kymo_buffer_char(&buffer, 'c');
	kymo_buffer_u64(&buffer, 1);
	kymo_buffer_double(&buffer, 1.5);
	kymo_buffer_printf(&buffer, "%d", 1);
	assert_string_equal(buffer.at, "kept");
	kymo_buffer_free(&buffer);
	assert_false(buffer.failed);
}

static void
test_decimals_are_exact_and_without_trailing_zeros(void **state)
{
	static const struct {
		bool negative;
		uint64_t n;
		int exponent;
		const char *text;
	} rows[] = {
		{ false, 0, 0, "0" },
		{ true, 0, -9, "0" },
		{ false, 0, 18, "0" },
		{ false, 7, 0, "7" },
		{ false, 10, 0, "10" },
		{ false, 99, 0, "99" },
		{ false, 100, 0, "100" },
		{ false, 12345678901ull, 0, "12345678901" },
		{ false, 1500000, -9, "0.0015" },
		{ false, 1500000000, -9, "1.5" },
		{ false, 2000000000, -9, "2" },
		{ false, 1, -9, "0.000000001" },
		{ false, 10, -9, "0.00000001" },
		{ false, 123, -3, "0.123" },
		{ false, 1234, -3, "1.234" },
		{ true, 1234, -3, "-1.234" },
		{ false, 1, -18, "0.000000000000000001" },
		{ true, UINT64_MAX, -18, "-18.446744073709551615" },
		{ true, UINT64_MAX, 18,
		    "-18446744073709551615000000000000000000" },
		{ false, UINT64_MAX, 0, "18446744073709551615" },
		{ false, 5, 3, "5000" },
		{ true, 50, 1, "-500" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer buffer = { 0 };

		kymo_buffer_decimal(&buffer, rows[i].negative, rows[i].n,
		    rows[i].exponent);
		assert_string_equal(buffer.at, rows[i].text);
		kymo_buffer_free(&buffer);
	}
}

static void
test_an_exponent_out_of_range_fails(void **state)
{
	struct kymo_buffer buffer = { 0 };

	kymo_buffer_decimal(&buffer, false, 1, 19);
	assert_true(buffer.failed);
	buffer.failed = false;
	kymo_buffer_decimal(&buffer, false, 1, -19);
	assert_true(buffer.failed);
	kymo_buffer_free(&buffer);
}

static void
test_integers_have_all_their_digits(void **state)
{
	static const struct {
		int64_t n;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -1, "-1" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	struct kymo_buffer buffer = { 0 };
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kymo_buffer_i64(&buffer, rows[i].n);
		assert_string_equal(buffer.at, rows[i].text);
		kymo_buffer_free(&buffer);
	}
	for (n = 1, i = 1; i <= 20; i++) {
		kymo_buffer_u64(&buffer, n);
		assert_int_equal(buffer.len_bytes, i);
		assert_true(strtoull(buffer.at, NULL, 10) == n);
		kymo_buffer_free(&buffer);
		kymo_buffer_u64(&buffer, n - 1);
		assert_true(strtoull(buffer.at, NULL, 10) == n - 1);
		kymo_buffer_free(&buffer);
		if (i < 20)
			n *= 10;
	}
}

static void
test_doubles_are_the_shortest_that_read_back(void **state)
{
	static const struct {
		double d;
		const char *text;
	} rows[] = {
		{ 0.0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -1.5, "-1.5" },
		{ 0.1, "0.1" },
		{ 0.2 + 0.1, "0.30000000000000004" },
		{ 1e15, "1000000000000000" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 9007199254740992.0, "9007199254740992" },
		{ 1e22, "1e+22" },
		{ 1e-7, "0.0000001" },
		{ 1e-10, "1e-10" },
		{ 123456.789, "123456.789" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 3.5e300, "3.5e+300" },
		{ (double)NAN, "NaN" },
		{ (double)INFINITY, "+Inf" },
		{ -(double)INFINITY, "-Inf" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer buffer = { 0 };

		kymo_buffer_double(&buffer, rows[i].d);
		assert_string_equal(buffer.at, rows[i].text);
		kymo_buffer_free(&buffer);
	}
}

/* A fixed walk through all bit patterns (xorshift, not random). */
static void
test_any_double_reads_back_as_itself(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15ull;
	int i;

	for (i = 0; i < 30000; i++) {
		struct kymo_buffer buffer = { 0 };
		double d, back;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		if (i % 3 == 0)
			d = (double)(bits % 100000000) / 1e4;
		else if (i % 3 == 1)
			d = -(double)(bits >> 8) * 1e-6;
		else
			memcpy(&d, &bits, sizeof(d));
		if (isnan(d) || isinf(d))
			continue;
		kymo_buffer_double(&buffer, d);
		back = strtod(buffer.at, NULL);
		assert_memory_equal(&back, &d, sizeof(d));
		kymo_buffer_free(&buffer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds_follow_each_other_and_end_in_nul),
		cmocka_unit_test(test_quotes_are_those_of_a_query),
		cmocka_unit_test(
		    test_no_memory_is_remembered_and_adds_then_do_nothing),
		cmocka_unit_test(
		    test_decimals_are_exact_and_without_trailing_zeros),
		cmocka_unit_test(test_an_exponent_out_of_range_fails),
		cmocka_unit_test(test_integers_have_all_their_digits),
		cmocka_unit_test(test_doubles_are_the_shortest_that_read_back),
		cmocka_unit_test(test_any_double_reads_back_as_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
