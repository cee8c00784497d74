/* SPDX-License-Identifier: MIT */
/* Goal: names that are accepted cannot harm a file system, an exposition or a
   terminal. Method: rows, at each border of each grammar. */
#include "tests/testlib/testlib.h"

#include "shm/layout.h"
#include "shm/name.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static const struct {
	const char *name;
	bool sound;
} file_rows[] = {
	{ "nginx.1234.0123456789abcdef.kymo", true },
	{ "a.kymo", true },
	{ "A-Z_a.z09.kymo", true },
	{ ".kymo", false },
	{ ".hidden.kymo", false },
	{ "..kymo", false },
	{ "kymo", false },
	{ "a.kymo.tmp", false },
	{ "a.kymO", false },
	{ "", false },
	{ "a/b.kymo", false },
	{ "../a.kymo", false },
	{ "a b.kymo", false },
	{ "a\n.kymo", false },
	{ "a\x1b[31m.kymo", false },
	{ "\xc3\xa4.kymo", false },
	{ "-a.kymo", true }, /* ours never begin so; others' are harmless */
	{ FIFTY FIFTY TEN TEN "ab.kymo", true },   /* 127 */
	{ FIFTY FIFTY TEN TEN "abc.kymo", false }, /* 128 */
};

static void
test_file_names(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(file_rows); i++)
		if (kyi_file_name_is(file_rows[i].name) != file_rows[i].sound)
			fail_msg("%s", file_rows[i].name);
}

static void
test_a_file_name_says_who_and_is_sound(void **state)
{
	const uint8_t id[16] = { 0x00, 0x01, 0x7f, 0x80, 0xff, 0xab, 0xcd, 0xef,
		0x99 };
	char name[KYI_FILE_NAME_BYTES];

	kyi_file_name(name, "shop-1.eu", 4294967295u, id);
	assert_string_equal(name,
	    "shop-1.eu.4294967295.00017f80ffabcdef.kymo");
	assert_true(kyi_file_name_is(name));
	kyi_file_name(name, FIFTY TEN "abc", 1, id); /* 63 */
	assert_true(kyi_file_name_is(name));
}

static const struct {
	const char *name, *clean;
	bool faithful;
} service_rows[] = {
	{ "nginx", "nginx", true },
	{ "my_app-2.1", "my_app-2.1", true },
	{ "a b/c", "a_b_c", false },
	{ "../../etc/passwd", "_.._etc_passwd", false },
	{ "..", "unknown", false },
	{ "-rf", "rf", false },
	{ ".-.x", "x", false },
	{ "", "unknown", false },
	{ "na\xc3\xafve", "na__ve", false },
	{ FIFTY TEN "abc", FIFTY TEN "abc", true },
	{ FIFTY TEN "abcd", FIFTY TEN "abc", false },
	{ "/", "_", false },
};

static void
test_services_are_cleaned(void **state)
{
	char clean[KYI_SERVICE_BYTES_MAX + 1];
	size_t i;

	for (i = 0; i < COUNT(service_rows); i++) {
		bool faithful = kyi_service_clean(clean, service_rows[i].name);

		assert_string_equal(clean, service_rows[i].clean);
		assert_int_equal(faithful, service_rows[i].faithful);
		/* What is clean stays as it is. */
		faithful = kyi_service_clean(clean, service_rows[i].clean);
		assert_string_equal(clean, service_rows[i].clean);
		assert_true(faithful);
	}
}

static const struct {
	const char *name;
	bool metric, label, unit, component;
} grammar_rows[] = {
	{ "jobs_total", true, true, true, true },
	{ "_x", true, true, true, true },
	{ "__x", true, false, true, true },
	{ "__", true, false, true, true },
	{ "_", true, true, true, true },
	{ "9x", false, false, true, true },
	{ "x9", true, true, true, true },
	{ "", false, false, true, true },
	{ "a:b", false, false, false, false },
	{ "a.b", false, false, false, true },
	{ "a-b", false, false, false, true },
	{ "a b", false, false, false, false },
	{ "a\n", false, false, false, false },
	{ "a\"", false, false, false, false },
	{ "\xc3\xa4", false, false, false, false },
	{ "a\x7f", false, false, false, false },
	{ "[", false, false, false, false },
	{ "@", false, false, false, false },
	{ "`", false, false, false, false },
	{ "{", false, false, false, false },
};

static void
test_grammars(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(grammar_rows); i++) {
		const char *name = grammar_rows[i].name;
		size_t len = strlen(name);

		if (kyi_metric_name_is(name, len) != grammar_rows[i].metric ||
		    kyi_label_name_is(name, len) != grammar_rows[i].label ||
		    kyi_unit_is(name, len) != grammar_rows[i].unit ||
		    kyi_component_is(name, len) != grammar_rows[i].component)
			fail_msg("row %zu: \"%s\"", i, name);
	}
}

static void
test_names_have_a_length(void **state)
{
	char name[KYI_NAME_BYTES_MAX + 1];

	memset(name, 'a', sizeof(name));
	assert_true(kyi_metric_name_is(name, KYI_NAME_BYTES_MAX));
	assert_true(kyi_label_name_is(name, KYI_NAME_BYTES_MAX));
	assert_true(kyi_unit_is(name, KYI_NAME_BYTES_MAX));
	assert_true(kyi_component_is(name, KYI_NAME_BYTES_MAX));
	assert_false(kyi_metric_name_is(name, KYI_NAME_BYTES_MAX + 1));
	assert_false(kyi_label_name_is(name, KYI_NAME_BYTES_MAX + 1));
	assert_false(kyi_unit_is(name, KYI_NAME_BYTES_MAX + 1));
	assert_false(kyi_component_is(name, KYI_NAME_BYTES_MAX + 1));
	name[1] = '\0';
	assert_false(kyi_metric_name_is(name, 3));
	assert_false(kyi_component_is(name, 3));
}

/* len is how much of the text is sound. Lengths are explicit: NUL is no part
   of a text. */
static const struct {
	const char *what, *text;
	size_t text_bytes, len_bytes;
} utf8_rows[] = {
	{ "nothing", "", 0, 0 },
	{ "ascii", "abc\t\n\x7f", 6, 6 },
	{ "NUL", "ab\0c", 4, 2 },
	{ "two bytes", "\xc2\x80\xdf\xbf", 4, 4 },
	{ "three bytes", "\xe0\xa0\x80\xef\xbf\xbf", 6, 6 },
	{ "four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, 8 },
	{ "overlong slash", "a\xc0\xaf", 3, 1 },
	{ "overlong c1", "\xc1\xbf", 2, 0 },
	{ "overlong three", "\xe0\x9f\xbf", 3, 0 },
	{ "overlong four", "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "last before surrogates", "\xed\x9f\xbf", 3, 3 },
	{ "first surrogate", "\xed\xa0\x80", 3, 0 },
	{ "last surrogate", "\xed\xbf\xbf", 3, 0 },
	{ "first after surrogates", "\xee\x80\x80", 3, 3 },
	{ "above U+10FFFF", "\xf4\x90\x80\x80", 4, 0 },
	{ "f5", "\xf5\x80\x80\x80", 4, 0 },
	{ "ff", "x\xff", 2, 1 },
	{ "lone continuation", "x\x80", 2, 1 },
	{ "two bytes cut", "x\xc3", 2, 1 },
	{ "three bytes cut", "x\xe2\x82", 3, 1 },
	{ "four bytes cut", "x\xf0\x9f\x98", 4, 1 },
	{ "bad third", "\xe2\x82\x28", 3, 0 },
	{ "bad fourth", "\xf0\x9f\x98\xc0", 4, 0 },
	{ "second not a continuation", "\xc3\x28", 2, 0 },
};

static void
test_utf8_is_sound_up_to_here(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(utf8_rows); i++)
		if (kyi_utf8_len(utf8_rows[i].text, utf8_rows[i].text_bytes) !=
		    utf8_rows[i].len_bytes)
			fail_msg("%s: %zu", utf8_rows[i].what,
			    kyi_utf8_len(utf8_rows[i].text,
			    utf8_rows[i].text_bytes));
}

/* Every code point that there is has one form, and no other is taken: decode
   all that is accepted, and count. */
static void
test_utf8_takes_each_code_point_once(void **state)
{
	uint32_t accepted = 0, second, third, first;
	char text[4];

	for (first = 1; first < 256; first++) {
		text[0] = (char)first;
		accepted += kyi_utf8_len(text, 1) == 1;
		for (second = 0x80; second < 0xc0; second++) {
			text[1] = (char)second;
			accepted += first >= 0x80 && kyi_utf8_len(text, 2) == 2;
			for (third = 0x80; third < 0xc0; third++) {
				text[2] = (char)third;
				accepted += first >= 0x80 &&
				    kyi_utf8_len(text, 3) == 3;
				text[3] = (char)0x80;
				/* The last byte has no bounds of its own. */
				accepted += first >= 0x80 &&
				    kyi_utf8_len(text, 4) == 4 ? 64 : 0;
			}
		}
	}
	assert_int_equal(accepted, 0x110000 - 0x800 - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_a_file_name_says_who_and_is_sound),
		cmocka_unit_test(test_services_are_cleaned),
		cmocka_unit_test(test_grammars),
		cmocka_unit_test(test_names_have_a_length),
		cmocka_unit_test(test_utf8_is_sound_up_to_here),
		cmocka_unit_test(test_utf8_takes_each_code_point_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
