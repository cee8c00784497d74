/* SPDX-License-Identifier: MIT */
/* Goal: a regular expression matches what it matches in Prometheus, or is
   refused. Method: rows; where the shape of one needs no engine, the same
   inside of a group that needs one must answer the same. */
#include "tests/testlib/testlib.h"

#include "reader/buffer.h"
#include "reader/history/regex.h"

static struct kymo_regex *
make(const char *text)
{
	struct kymo_error error = { "" };
	struct kymo_regex *regex;

	if (kymo_regex_new(&regex, text, &error) != 0)
		fail_msg("%s", error.text);
	return regex;
}

static void
expect(const char *regex_text, const char *text, bool matches)
{
	struct kymo_regex *regex = make(regex_text);

	if (kymo_regex_match(regex, text) != matches)
		fail_msg("'%s' %s '%s'", regex_text,
		    matches ? "should match" : "should not match", text);
	assert_int_equal(kymo_regex_given_up(regex), 0);
	kymo_regex_delete(regex);
}

/* Rows: an expression, texts that match, "!", texts that do not. */
static void
walk(const char *const *at)
{
	char in_group[300];

	for (; at[0] != NULL; at++) {
		const char *regex = *at++;
		bool matches = true;

		snprintf(in_group, sizeof in_group, "((?:%s))", regex);
		for (; *at != NULL; at++) {
			if (strcmp(*at, "!") == 0) {
				matches = false;
				continue;
			}
			expect(regex, *at, matches);
			expect(in_group, *at, matches);
		}
	}
}

static void
shapes_without_an_engine_match_as_the_engine_does(void **state)
{
	static const char *const rows[] = {
		"", "", "!", "a", NULL,
		"abc", "abc", "!", "ab", "abcd", "", NULL,
		"a|b|cd", "a", "b", "cd", "!", "ab", "c", "a|b", "", NULL,
		"(a|b)", "a", "b", "!", "(a", "", NULL,
		"(?:a|)", "a", "", "!", "b", NULL,
		"10\\.0\\.0\\.1:9090|x\\|y", "10.0.0.1:9090", "x|y", "!",
		"10a0.0.1:9090", "x", NULL,
		".*", "", "a", "a\nb", "\xc3\xa9", NULL,
		".+", "a", "\n", "!", "", NULL,
		"foo.*", "foo", "foobar", "foo\n", "!", "fo", "afoo", NULL,
		"foo.+", "foobar", "!", "foo", "afoob", NULL,
		".*foo", "foo", "afoo", "!", "fooa", NULL,
		".+foo", "afoo", "foofoo", "!", "foo", NULL,
		".*foo.*", "foo", "afoob", "!", "fo", NULL,
		".+foo.+", "afoob", "foofoofoo", "!", "foo", "afoo", "fooa",
		"foofoo", NULL,
		".+.*", "a", "!", "", NULL,
		".+.+", "ab", "!", "a", NULL,
		NULL
	};

	(void)state;
	walk(rows);
}

static void
the_rest_matches_as_re2_has_it(void **state)
{
	static const char *const rows[] = {
		"a.c", "abc", "a\nc", "a\xe2\x98\xba" "c", "!", "ac", NULL,
		"a+?b*", "a", "aab", "!", "b", NULL,
		"(?i)Foo|bar", "fOO", "BAR", "!", "fo", NULL,
		"(?i:a)b", "Ab", "!", "AB", NULL,
		"(?-s).", "a", "!", "\n", NULL,
		"(?s-i:.)", "\n", NULL,
		"(?U)a*b", "aab", NULL,
		"[a-c]+[^0-9]", "abcx", "!", "ab1", NULL,
		"[]a]+", "]a]", NULL,
		"[^]a]", "b", "!", "]", NULL,
		"[[:alpha:]_[]+", "a_[", "!", "1", NULL,
		"[[:^digit:]]", "x", "!", "7", NULL,
		"\\d{2,3}", "12", "123", "!", "1", "1234", NULL,
		"a{2}b{1,}", "aab", "aabbb", "!", "ab", NULL,
		"a{,2}", "a{,2}", "!", "a", NULL,
		"a{x}", "a{x}", NULL,
		"{", "{", NULL,
		"\\w+\\W\\s\\S", "a- x", "!", "a- \t", NULL,
		"\\s", " ", "\n", "!", "\v", NULL,
		"[\\s]", " ", "!", "\v", NULL,
		"[\\S]", "\v", "\xe2\x98\xba", "!", " ", NULL,
		"\\S", "\v", "!", " ", NULL,
		"\\v", "\v", "!", "\n", NULL,
		"\\x41\\x{42}\\101\\0", "!", "AB", NULL,
		"\\x41\\x{263a}\\101", "A\xe2\x98\xba" "A", NULL,
		"\\Qa.b|\\E+", "a.b|", "a.b||", "!", "axb|", NULL,
		"\\pL\\p{Lu}\\PN\\p{Greek}", "aBx\xce\xb1", "!", "ab1a", NULL,
		"^a$", "a", "!", "a\n", NULL,
		"(?m)a$\n^b", "a\nb", NULL,
		"a\\b.b\\z", "a b", "!", "acb", NULL,
		"(?P<x>a)(?<y>b)", "ab", NULL,
		"(a|ab)(c|bcd)", "abcd", "ac", "abc", NULL,
		"\\-\\/\\@\\ ", "-/@ ", NULL,
		"\xc3\xa9?", "", "\xc3\xa9", "!", "\xc3", NULL,
		NULL
	};

	(void)state;
	walk(rows);
}

static void
what_re2_does_not_have_is_refused(void **state)
{
	static const char *const rows[] = {
		"(", ")", "(a", "a)", "[", "[a", "[]", "[^]", "[z-a]", "\\",
		"*", "+a", "?", "a|*", "(*a)", "(?i)*", "a**", "a*+", "a++",
		"a{2}{3}", "a{2}+", "{2}", "a{1001}", "a{3,2}",
		"(a)\\1", "\\g1", "\\k<a>", "(?P=a)", "(?=a)", "(?!a)",
		"(?<=a)", "(?<!a)", "(?>a)", "(?R)", "(?1)", "(?#a)", "(?x)a",
		"(?'a'b)", "(?P<a", "(?P<a>b)(?P<a>c)", "(?-)a", "(?i-)a",
		"(?|a)", "(?C)", "(*ACCEPT)",
		"\\Z", "\\C", "\\G", "\\K", "\\R", "\\X", "\\h", "\\N", "\\e",
		"\\cA", "\\u0041", "\\x", "\\x4", "\\x{}", "\\x{41",
		"\\x{110000}", "\\8", "\\p", "\\p{", "\\p{Nope}", "\\E",
		"[[:nope:]]", "[\\b]", "\xff", "\\\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_error error = { "" };
		struct kymo_regex *regex = (struct kymo_regex *)-1;

		if (kymo_regex_new(&regex, rows[i], &error) == 0)
			fail_msg("'%s' was taken", rows[i]);
		assert_null(regex);
		assert_ptr_equal(strstr(error.text, "regular expression '"),
		    error.text);
	}
}

static void
a_match_that_takes_too_long_is_none_and_counted(void **state)
{
	struct kymo_regex *regex = make("(a*)*(a*)*(a*)*(a*)*[bc]");
	char text[3001];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(kymo_regex_match(regex, text));
	assert_int_equal(kymo_regex_given_up(regex), 1);
	kymo_regex_delete(regex);
	/* Deep for machine code's stack, but no more steps than allowed. */
	regex = make("(?:a|b|(c))*d?");
	assert_true(kymo_regex_match(regex, text));
	assert_int_equal(kymo_regex_given_up(regex), 0);
	kymo_regex_delete(regex);
}

static void
a_list_of_any_length_works(void **state)
{
	static char list[200001];
	struct kymo_buffer out = { 0 };
	struct kymo_regex *regex;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 10000; i++)
		used += (size_t)sprintf(list + used, "%s%d\\.name-x",
		    i == 0 ? "" : "|", 10000 + i);
	regex = make(list);
	assert_true(kymo_regex_match(regex, "10000.name-x"));
	assert_true(kymo_regex_match(regex, "19999.name-x"));
	assert_false(kymo_regex_match(regex, "20000.name-x"));
	assert_true(kymo_regex_expand(regex, "10000.name-x", "<$0$1>", &out));
	assert_string_equal(out.at, "<10000.name-x>");
	assert_false(kymo_regex_expand(regex, "x", "$0", &out));
	kymo_buffer_free(&out);
	kymo_regex_delete(regex);
}

static void
a_template_is_filled_as_go_fills_it(void **state)
{
	static const struct {
		const char *regex, *text, *template_text, *made;
	} rows[] = {
		{ "(.*)", "x", "$1", "x" },
		{ "(.*)-(.*)", "a-b", "$2 ${1}c $1c$", "b ac $" },
		{ "(.*)", "x", "$$1 $ ${1 ${} $01 $9 $-", "$1 $ ${1 ${}   $-" },
		{ "(?P<n>a)(b)?", "a", "[${n}$2$n.]", "[aa.]" },
		{ "(?P<n>a)", "a", "$nope|$n", "|a" },
		{ "a|b", "b", "$0", "b" },
		{ "a.*", "ab", "x", "x" },
		{ "a", "a", "", "" },
		{ "(.*)", "\xe2\x98\xba", "\xe2\x98\xba$1", "\xe2\x98\xba\xe2\x98\xba" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_regex *regex = make(rows[i].regex);
		struct kymo_buffer out = { 0 };

		kymo_buffer_str(&out, "");
		assert_true(kymo_regex_expand(regex, rows[i].text,
		    rows[i].template_text, &out));
		assert_string_equal(out.at == NULL ? "" : out.at, rows[i].made);
		kymo_buffer_free(&out);
		kymo_regex_delete(regex);
	}
}

static void
an_error_names_the_place(void **state)
{
	struct kymo_error error = { "" };
	struct kymo_regex *regex;

	(void)state;
	assert_int_equal(kymo_regex_new(&regex, "ab(?=c)", &error), -1);
	assert_string_equal(error.text, "regular expression 'ab(?=c)': at "
	    "character 3: RE2 has no such group (look-around and conditions "
	    "are not part of it)");
	kymo_regex_delete(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    shapes_without_an_engine_match_as_the_engine_does),
		cmocka_unit_test(the_rest_matches_as_re2_has_it),
		cmocka_unit_test(what_re2_does_not_have_is_refused),
		cmocka_unit_test(
		    a_match_that_takes_too_long_is_none_and_counted),
		cmocka_unit_test(a_list_of_any_length_works),
		cmocka_unit_test(a_template_is_filled_as_go_fills_it),
		cmocka_unit_test(an_error_names_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
