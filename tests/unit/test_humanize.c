/* SPDX-License-Identifier: MIT */
/* Goal: numbers look as people write them, at every size.
   Method: rows around each border. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/export/export.h"

static void
test_numbers_have_three_digits_and_a_unit_that_fits(void **state)
{
	static const struct {
		double value;
		const char *unit, *text;
	} rows[] = {
		{ 0, "", "0" },
		{ -0.0, "", "0" },
		{ 7, "", "7" },
		{ 12345, "", "12,345" },
		{ -12345, "", "-12,345" },
		{ 1000000, "", "1,000,000" },
		{ 1234.5, "", "1,234.5" },
		{ 1234.96, "", "1,235" },
		{ 9999.97, "", "10,000" },
		{ 12345.6, "", "12,346" },
		{ 0.5, "", "0.5" },
		{ 123.456, "", "123" },
		{ 1.23456, "", "1.23" },
		{ 0.000123456, "", "0.000123" },
		{ 1e-12, "", "1e-12" },
		{ 1e15, "", "1000000000000000" },
		{ 1e30, "", "1e+30" },
		{ (double)NAN, "", "NaN" },
		{ -(double)INFINITY, "bytes", "-Inf" },
		{ 36.6, "celsius", "36.6 celsius" },
		{ 0.42, "ratio", "42 %" },
		{ 1, "x\x1b[1m", "1 x\\x1b[1m" },
		{ 0, "bytes", "0 B" },
		{ 1023, "bytes", "1,023 B" },
		{ 1024, "bytes", "1 KiB" },
		{ 3355443.2, "bytes", "3.2 MiB" },
		{ 1048063.0, "bytes", "1,023 KiB" },
		{ 1048575.0, "bytes", "1 MiB" },
		{ -2048, "bytes", "-2 KiB" },
		{ 1e18, "bytes", "888 PiB" },
		{ 0, "seconds", "0 s" },
		{ 1e-9, "seconds", "1 ns" },
		{ 9.994e-7, "seconds", "999 ns" },
		{ 9.996e-7, "seconds", "1 us" },
		{ 0.0015, "seconds", "1.5 ms" },
		{ 0.0123456, "seconds", "12.3 ms" },
		{ 1.5, "seconds", "1.5 s" },
		{ 59.9, "seconds", "59.9 s" },
		{ 59.96, "seconds", "1m00s" },
		{ 65, "seconds", "1m05s" },
		{ 3599.6, "seconds", "1h00m" },
		{ 3720, "seconds", "1h02m" },
		{ 86400, "seconds", "1d00h" },
		{ 86400 * 400.5, "seconds", "400d12h" },
		{ -90, "seconds", "-1m30s" },
		{ 1e16, "seconds", "1e+16 s" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer buffer = { 0 };

		kymo_humanize(&buffer, rows[i].value, rows[i].unit);
		assert_string_equal(buffer.at, rows[i].text);
		kymo_buffer_free(&buffer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_numbers_have_three_digits_and_a_unit_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
