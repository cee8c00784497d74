/* SPDX-License-Identifier: MIT */
/* Goal: kymo emit understands its language, and says of what it does not where
   and why. Method: rows of lines; nothing here needs a region. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "tools/emit_line.h"

static char room[KYI_EMIT_LINE_BYTES_MAX + 1];

static void
test_a_sample_is_a_name_labels_and_an_operator(void **state)
{
	static const struct {
		const char *text, *name;
		enum kyi_emit_op op;
		uint32_t label_cnt;
		double value;
	} rows[] = {
		{"", NULL, KYI_EMIT_NOTHING, 0, 0},
		{" \t\r", NULL, KYI_EMIT_NOTHING, 0, 0},
		{"# jobs += 3", NULL, KYI_EMIT_NOTHING, 0, 0},
		{"jobs_total += 3", "jobs_total", KYI_EMIT_ADD, 0, 3},
		{"jobs_total+=3#three", "jobs_total", KYI_EMIT_ADD, 0, 3},
		{"\tx{a=\"1\"}-=.5 # half", "x", KYI_EMIT_SUB, 1, 0.5},
		{"x{} = -1e3", "x", KYI_EMIT_SET, 0, -1000},
		{"x{a=\"1\", b = \"2\",} observe 2", "x", KYI_EMIT_OBSERVE, 2, 2},
		{"observe observe 1", "observe", KYI_EMIT_OBSERVE, 0, 1},
		{"x max +Inf", "x", KYI_EMIT_MAX, 0, INFINITY},
		{"x min 0", "x", KYI_EMIT_MIN, 0, 0},
		{"x = 5\r", "x", KYI_EMIT_SET, 0, 5},
		{"b{v=\"1\"} info", "b", KYI_EMIT_INFO, 1, 0},
		{"p is \"a\"", "p", KYI_EMIT_IS, 0, 0},
		{"d health failing \"full\"", "d", KYI_EMIT_HEALTH, 0, 0},
	};
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (kyi_emit_parse(&line, rows[i].text, strlen(rows[i].text),
			room, &fault) != 0)
			fail_msg("%s: %u: %s", rows[i].text, fault.col,
			    fault.text);
		if (rows[i].name)
			assert_string_equal(line.name, rows[i].name);
		assert_int_equal(line.op, rows[i].op);
		assert_int_equal(line.label_cnt, rows[i].label_cnt);
		assert_true(line.number.value == rows[i].value);
	}
}

static void
test_label_values_and_texts_are_unescaped(void **state)
{
	static const char text[] = "x{q=\"a\\\"b\\\\c\\nd, }\",e=\"\"} is \"\\\\n#\"";
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	assert_int_equal(kyi_emit_parse(&line, text, strlen(text), room,
		&fault), 0);
	assert_int_equal(line.label_cnt, 2);
	assert_string_equal(line.keys[0], "q");
	assert_string_equal(line.values[0], "a\"b\\c\nd, }");
	assert_string_equal(line.keys[1], "e");
	assert_string_equal(line.values[1], "");
	assert_string_equal(line.text, "\\n#");
}

static void
test_what_is_wrong_is_told_with_its_column(void **state)
{
	static const struct {
		const char *text;
		uint32_t col;
		const char *says;
	} rows[] = {
		{"3 += 4", 1, "name"},
		{"jobs", 5, "+="},
		{"jobs ++ 1", 6, "+="},
		{"jobs += ", 9, "number"},
		{"jobs += one", 9, "number"},
		{"jobs += 1.2.3", 9, "number"},
		{"jobs += 0x10", 9, "number"},
		{"jobs += 1s", 9, "number"},
		{"jobs += 1 2", 11, "more"},
		{"jobs observed 1", 6, "observe"},
		{"x{a=\"1\" b=\"2\"} = 1", 9, ", or }"},
		{"x{a=1} = 1", 5, "text"},
		{"x{a \"1\"} = 1", 5, "="},
		{"x{a=\"1\",a=\"2\"} = 1", 9, "twice"},
		{"x{__a=\"1\"} = 1", 3, "__"},
		{"x{a=\"1} = 1", 5, "partner"},
		{"x{a=\"1\"", 8, ", or }"},
		{"x{a=\"\\t\"} = 1", 6, "escapes"},
		{"x{a=\"\\", 6, "escapes"},
		{"x is 3", 6, "text"},
		{"x health good", 10, "ok"},
		{"x health ok 3", 13, "more"},
		{"declare", 8, "kind"},
		{"declare histo x", 9, "histogram"},
		{"declare counter", 16, "name"},
		{"declare counter x colour red", 19, "colour"},
		{"declare counter x exponent 19", 28, "-18"},
		{"declare counter x exponent 0.5", 28, "whole"},
		{"declare gauge x agg most", 21, "each"},
		{"declare histogram x range 2 1", 27, "LOW"},
		{"declare state_set x", 19, "states"},
		{"declare gauge x states a,b", 15, "state_set"},
		{"declare gauge x \"help\" unit y", 24, "more"},
	};
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (kyi_emit_parse(&line, rows[i].text, strlen(rows[i].text),
			room, &fault) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (fault.col != rows[i].col ||
		    !strstr(fault.text, rows[i].says))
			fail_msg("%s: %u: %s", rows[i].text, fault.col,
			    fault.text);
	}
}

static void
test_a_declaration_says_all_of_a_family(void **state)
{
	static const char text[] = "declare histogram took unit seconds "
	    "exponent -3 scale 0 range 0.001 60 labels a,b series 9 \"A \\\"q\\\"\"";
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	assert_int_equal(kyi_emit_parse(&line, text, strlen(text), room,
		&fault), 0);
	assert_int_equal(line.op, KYI_EMIT_DECLARE);
	assert_int_equal(line.desc.kind, KYMO_KIND_HISTOGRAM);
	assert_string_equal(line.name, "took");
	assert_string_equal(line.desc.unit, "seconds");
	assert_string_equal(line.desc.help, "A \"q\"");
	assert_int_equal(line.desc.exponent, -3);
	assert_int_equal(line.desc.scale, -1);
	assert_true(line.lo == 0.001 && line.hi == 60);
	assert_int_equal(line.desc.label_cnt, 2);
	assert_string_equal(line.label_keys[1], "b");
	assert_int_equal(line.desc.series_max, 9);
}

static void
test_numbers_are_scaled_exactly(void **state)
{
	static const struct {
		const char *text;
		int exponent;
		bool fits, whole;
		int64_t n;
	} rows[] = {
		{"3", 0, true, true, 3},
		{"-3", 0, true, true, -3},
		{"3.0", 0, true, true, 3},
		{"3.5", 0, true, false, 4},
		{"3.4", 0, true, false, 3},
		{"-3.5", 0, true, false, -4},
		{"0.25", -9, true, true, 250000000},
		{"0.0000000004", -9, true, false, 0},
		{"0.0000000005", -9, true, false, 1},
		{"1e-30", -9, true, false, 0},
		{"0.1", -1, true, true, 1},
		{"1e3", 0, true, true, 1000},
		{"2000", 3, true, true, 2},
		{"9007199254740993", 0, true, true, 9007199254740993},
		{"9223372036854775807", 0, true, true, INT64_MAX},
		{"9223372036854775808", 0, false, true, 0},
		{"10000000000", -9, false, true, 0},
		{"1e400", 0, false, false, 0},
		{"NaN", 0, false, false, 0},
		{"-Inf", 0, false, false, 0},
		{"0e999", 0, true, true, 0},
		{"3.00000000000000000000000", 0, true, false, 3},
	};
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[80];
		int64_t n = 0;
		bool whole;

		snprintf(text, sizeof(text), "x = %s", rows[i].text);
		assert_int_equal(kyi_emit_parse(&line, text, strlen(text),
			room, &fault), 0);
		if (kyi_emit_scaled(&line.number, rows[i].exponent, &n,
			&whole) != rows[i].fits)
			fail_msg("%s", rows[i].text);
		if (rows[i].fits && (n != rows[i].n || whole != rows[i].whole))
			fail_msg("%s: %lld %d", rows[i].text, (long long)n,
			    whole);
	}
}

static void
test_hostile_lines_are_refused_within_their_bounds(void **state)
{
	static char text[KYI_EMIT_LINE_BYTES_MAX];
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;
	size_t len = 0;

	memset(text, 'a', sizeof(text));
	assert_int_equal(kyi_emit_parse(&line, text, sizeof(text), room,
		&fault), -1);
	memset(text, '{', sizeof(text));
	text[0] = 'x';
	assert_int_equal(kyi_emit_parse(&line, text, sizeof(text), room,
		&fault), -1);
	assert_int_equal(kyi_emit_parse(&line, "x\0=1", 4, room, &fault), -1);
	assert_int_equal(fault.col, 2);
	/* one label more than there may be */
	text[len++] = 'x';
	text[len++] = '{';
	for (int i = 0; i <= KYMO_LABEL_MAX; i++)
		len += (size_t)sprintf(text + len, "l%d=\"\",", i);
	assert_int_equal(kyi_emit_parse(&line, text, len, room, &fault), -1);
	assert_non_null(strstr(fault.text, "16"));
	/* every prefix of a good line: none reads past its end */
	memcpy(text, "x{a=\"\\n\"} health ok \"why\"", 26);
	for (size_t n = 0; n <= 25; n++) {
		char *exact = malloc(n ? n : 1), *exact_room = malloc(n + 1);

		memcpy(exact, text, n);
		(void)kyi_emit_parse(&line, exact, n, exact_room, &fault);
		free(exact);
		free(exact_room);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sample_is_a_name_labels_and_an_operator),
		cmocka_unit_test(test_label_values_and_texts_are_unescaped),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_column),
		cmocka_unit_test(test_a_declaration_says_all_of_a_family),
		cmocka_unit_test(test_numbers_are_scaled_exactly),
		cmocka_unit_test(test_hostile_lines_are_refused_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
