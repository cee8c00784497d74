/* SPDX-License-Identifier: MIT */
/* Goal: a log reads as printf would have written it, and whatever its format
   and arguments are it is short, valid UTF-8 and without control characters.
   Method: rows compared with words, then with snprintf itself. */
#include "tests/testlib/testlib.h"

#include "reader/region/private.h"
#include "shm/name.h"

struct packed {
	uint8_t at[320];
	size_t bytes;
};

static void
pack(struct packed *packed, const void *bytes, size_t cnt)
{
	assert_true(cnt <= sizeof(packed->at) - packed->bytes);
	memcpy(packed->at + packed->bytes, bytes, cnt);
	packed->bytes += cnt;
}

static void
pack_u64(struct packed *packed, uint64_t word)
{
	pack(packed, &word, 8);
}

static void
pack_double(struct packed *packed, double d)
{
	pack(packed, &d, 8);
}

static void
pack_text(struct packed *packed, const char *text)
{
	uint16_t bytes = (uint16_t)strlen(text);

	pack(packed, &bytes, 2);
	pack(packed, text, bytes);
}

static const char *
format(const char *text, const char *types, const struct packed *packed,
    bool *sound)
{
	static char to[KYI_LOG_TEXT_BYTES_MAX];
	size_t bytes;

	memset(to, 'x', sizeof(to));
	bytes = kyi_log_format(to, text, types, (uint32_t)strlen(types),
	    packed->at, packed->bytes, sound);
	assert_int_equal(bytes, strlen(to));
	return to;
}

static void
test_each_conversion_is_as_printf_makes_it(void **state)
{
	static const struct {
		const char *format;
		uint64_t word;
		const char *text;
	} integers[] = {
		{ "%d", (uint64_t)-5, "-5" },
		{ "%i", 5, "5" },
		{ "%+5d|", 5, "   +5|" },
		{ "%-5d|", 5, "5    |" },
		{ "%05d", (uint64_t)-5, "-0005" },
		{ "% d", 7, " 7" },
		{ "%.3d", 7, "007" },
		{ "%d", 0x100000005, "5" },
		{ "%ld", (uint64_t)INT64_MIN, "-9223372036854775808" },
		{ "%lld", 0x100000005, "4294967301" },
		{ "%zd %%", 9, "9 %" },
		{ "%hhd", 0x1ff, "-1" },
		{ "%hd", 0x18000, "-32768" },
		{ "%u", (uint64_t)-1, "4294967295" },
		{ "%lu", UINT64_MAX, "18446744073709551615" },
		{ "%hhu", 0x1fe, "254" },
		{ "%x", 0xbeef, "beef" },
		{ "%#X", 0xbeef, "0XBEEF" },
		{ "%o", 8, "10" },
		{ "%c", 'k', "k" },
		{ "%3c", 'k', "  k" },
		{ "%c", '\n', "\\n" },
		{ "%p", 0x7f00deadbeef, "0x7f00deadbeef" },
	};
	static const struct {
		const char *format;
		double d;
		const char *text;
	} doubles[] = {
		{ "%f", 1.5, "1.500000" },
		{ "%.2f", 2.0 / 3, "0.67" },
		{ "%e", 12345.678, "1.234568e+04" },
		{ "%G", 1e-10, "1E-10" },
		{ "%8.1f|", 3.14, "     3.1|" },
		{ "%a", 1, "0x1p+0" },
		{ "%Lg", 1, "%Lg" }, /* not among those that may be */
	};
	size_t i;
	bool sound;

	for (i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
		struct packed packed = { .bytes = 0 };

		pack_u64(&packed, integers[i].word);
		assert_string_equal(format(integers[i].format, "i", &packed,
		    &sound), integers[i].text);
		assert_true(sound);
	}
	for (i = 0; i < sizeof(doubles) / sizeof(*doubles); i++) {
		struct packed packed = { .bytes = 0 };

		pack_double(&packed, doubles[i].d);
		assert_string_equal(format(doubles[i].format, "f", &packed,
		    &sound), doubles[i].text);
		assert_int_equal(sound, doubles[i].text[0] != '%');
	}
}

static void
test_arguments_follow_one_another(void **state)
{
	struct packed packed = { .bytes = 0 };
	bool sound;

	pack_text(&packed, "orders");
	pack_u64(&packed, (uint64_t)-3);
	pack_text(&packed, "");
	pack_double(&packed, 0.25);
	pack_u64(&packed, 255);
	assert_string_equal(format("queue %s: %d, '%s' %.2f %#x%%", "sisfu",
	    &packed, &sound), "queue orders: -3, '' 0.25 0xff%");
	assert_true(sound);
	assert_string_equal(format("%10.3s|%-6ld|%2s|%g|%u", "sisfu", &packed,
	    &sound), "       ord|-3    |  |0.25|255");
}

static void
test_what_is_missing_is_zero_or_empty(void **state)
{
	struct packed packed = { .bytes = 0 };
	bool sound;

	assert_string_equal(format("%d-%s-%.1f", "isf", &packed, &sound),
	    "0--0.0");
	pack_text(&packed, "cut");
	packed.bytes--;
	assert_string_equal(format("%s %d", "si", &packed, &sound), "cu 0");
	assert_true(sound);
}

static void
test_a_format_that_does_not_fit_its_types_does_no_harm(void **state)
{
	static const struct {
		const char *format, *types, *text;
	} rows[] = {
		{ "%s %d", "is", "(?) (?)" },
		{ "%f", "i", "(?)" },
		{ "%d", "f", "(?)" },
		{ "%d %d", "i", "1751672936 (?)" }, /* "hhhh" */
		{ "%n", "i", "%n" },
		{ "%*d", "ii", "%*d" },
		{ "100%", "", "100%" },
		{ "%", "i", "%" },
		{ "%5", "i", "%5" },
		{ "%$1d", "i", "%$1d" },
		{ "%-+ #0'd", "i", "%-+ #0'd" },
		{ "%d", "?", "(?)" },
	};
	struct packed packed = { .at = "hhhhhhhhrld, more than enough bytes",
		.bytes = 35 };
	bool sound;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(format(rows[i].format, rows[i].types,
		    &packed, &sound), rows[i].text);
		assert_false(sound);
	}
}

static void
test_no_control_character_and_no_broken_utf8_gets_out(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "two\nlines\tand\r", "two\\nlines\\tand\\r" },
		{ "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
		{ "c1 \xc2\x9b", "c1 \\x9b" },
		{ "sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x90\x9f",
			"sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x90\x9f" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	size_t i;
	bool sound;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct packed packed = { .bytes = 0 };

		pack_text(&packed, rows[i].from);
		assert_string_equal(format("%s", "s", &packed, &sound),
		    rows[i].to);
		assert_string_equal(format(rows[i].from, "", &packed, &sound),
		    rows[i].to);
	}
}

static void
test_whatever_the_width_it_ends_within_its_room(void **state)
{
	static const char *const formats[] = {
		"%99999999d", "%.99999999d",
		"%99999999999999999999.9999999999f",
		"%9999s", "%-4294967297s", "%.4294967297s",
		"%99d%99d%99d%99d%99d%99d%99d%99d%99d%99d%99d%99d%99d%99d",
	};
	static char long_format[4097];
	struct packed packed = { .bytes = sizeof(packed.at) };
	double d = -1e308;
	size_t i, bytes;
	bool sound;

	memset(packed.at, 0xc3, sizeof(packed.at));
	memcpy(packed.at, &d, 8);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		bytes = strlen(format(formats[i], "iiiiiiiiiiiiii", &packed,
		    &sound));
		assert_true(bytes < KYI_LOG_TEXT_BYTES_MAX);
		format(formats[i], "ffffffffffffff", &packed, &sound);
		format(formats[i], "ssssssssssssss", &packed, &sound);
	}
	memset(long_format, '\n', sizeof(long_format) - 1);
	bytes = strlen(format(long_format, "", &packed, &sound));
	assert_int_equal(bytes, KYI_LOG_TEXT_BYTES_MAX - 2);
	for (i = 0; i + 3 <= sizeof(long_format) - 1; i += 3)
		memcpy(long_format + i, "\xe2\x82\xac", 3);
	long_format[i] = '\0';
	bytes = strlen(format(long_format, "", &packed, &sound));
	assert_int_equal(bytes, KYI_LOG_TEXT_BYTES_MAX - 1);
	assert_int_equal(kyi_utf8_len(format(long_format, "", &packed, &sound),
	    bytes), bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_conversion_is_as_printf_makes_it),
		cmocka_unit_test(test_arguments_follow_one_another),
		cmocka_unit_test(test_what_is_missing_is_zero_or_empty),
		cmocka_unit_test(
		    test_a_format_that_does_not_fit_its_types_does_no_harm),
		cmocka_unit_test(
		    test_no_control_character_and_no_broken_utf8_gets_out),
		cmocka_unit_test(
		    test_whatever_the_width_it_ends_within_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
