/* SPDX-License-Identifier: MIT */
/* Goal: no text of a program moves a cursor, colours, hides or turns around
   what a person reads.
   Method: rows; then every byte, alone and before others. */
#include "tests/testlib/testlib.h"

#include "reader/export/export.h"

static void
test_what_is_not_printable_is_shown_by_its_bytes(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80",
		    "caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "a\r\n\tb", "a\\x0d\\x0a\\x09b" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b" "2J", "\\xc2\\x9b2J" },          /* C1: CSI */
		{ "\xe2\x80\xae" "x", "\\xe2\\x80\\xaex" },   /* override */
		{ "\xe2\x81\xa6" "x", "\\xe2\\x81\\xa6x" },   /* isolate */
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },        /* zero width */
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },        /* byte order */
		{ "\xc2\xad", "\\xc2\\xad" },                 /* soft hyphen */
		{ "\xee\x80\x80", "\\xee\\x80\\x80" },        /* private use */
		{ "\xf3\xa0\x80\xa1", "\\xf3\\xa0\\x80\\xa1" }, /* tag */
		{ "\xff", "\\xff" },
		{ "\xc3(", "\\xc3(" },
		{ "\xe2\x9c", "\\xe2\\x9c" },                 /* cut off */
		{ "\xc0\xaf", "\\xc0\\xaf" },                 /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },        /* surrogate */
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer buffer = { 0 };

		kymo_buffer_str(&buffer, "");
		kymo_escape_terminal(&buffer, rows[i].text);
		assert_string_equal(buffer.at, rows[i].shown);
		kymo_buffer_free(&buffer);
	}
}

static void
test_no_control_byte_ever_goes_through(void **state)
{
	unsigned a, b;
	size_t i;

	for (a = 1; a < 256; a++)
		for (b = 1; b < 256; b++) {
			const char text[] = { (char)a, (char)b, '\x1b', '\0' };
			struct kymo_buffer buffer = { 0 };

			kymo_escape_terminal(&buffer, text);
			for (i = 0; i < buffer.len_bytes; i++) {
				unsigned char c = (unsigned char)buffer.at[i];

				assert_true(c >= 0x20 && c != 0x7f);
			}
			kymo_buffer_free(&buffer);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_is_not_printable_is_shown_by_its_bytes),
		cmocka_unit_test(test_no_control_byte_ever_goes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
