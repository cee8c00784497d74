/* SPDX-License-Identifier: MIT */
/* traceparent as https://www.w3.org/TR/trace-context/#traceparent-header has
   it, version and test cases of its own test suite among the rows. */
#include "tests/testlib/testlib.h"

#include "writer/kymo.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

struct row {
	const char *what, *text;
	int result;
	uint32_t flags;
};

static const struct row rows[] = {
	{ "the example, sampled", "00-" TRACE "-" SPAN "-01", 0, 1 },
	{ "the example, not sampled", "00-" TRACE "-" SPAN "-00", 0, 0 },
	{ "flags that nobody knows yet", "00-" TRACE "-" SPAN "-ff", 0, 1 },
	{ "other flags, not sampled", "00-" TRACE "-" SPAN "-02", 0, 0 },
	{ "a later version of the same length", "01-" TRACE "-" SPAN "-01", 0,
	    1 },
	{ "a later version that goes on", "cc-" TRACE "-" SPAN "-01-what-more",
	    0, 1 },
	{ "a later version that ends in a dash", "cc-" TRACE "-" SPAN "-01-",
	    0, 1 },
	{ "a later version, longer without a dash",
	    "cc-" TRACE "-" SPAN "-01.what", -1, 0 },
	{ "version fe", "fe-" TRACE "-" SPAN "-01", 0, 1 },
	{ "version ff is none", "ff-" TRACE "-" SPAN "-01", -1, 0 },
	{ "version 00 that goes on", "00-" TRACE "-" SPAN "-01-x", -1, 0 },
	{ "version 00 with a byte more", "00-" TRACE "-" SPAN "-010", -1, 0 },
	{ "a blank at the end", "00-" TRACE "-" SPAN "-01 ", -1, 0 },
	{ "a blank before", " 00-" TRACE "-" SPAN "-01", -1, 0 },
	{ "version of one digit", "0-" TRACE "-" SPAN "-01", -1, 0 },
	{ "version of three digits", "000-" TRACE "-" SPAN "-01", -1, 0 },
	{ "version with a dot", ".0-" TRACE "-" SPAN "-01", -1, 0 },
	{ "trace id all zeros",
	    "00-00000000000000000000000000000000-" SPAN "-01", -1, 0 },
	{ "trace id whose upper half is zero",
	    "00-00000000000000008448eb211c80319c-" SPAN "-01", 0, 1 },
	{ "trace id in upper case",
	    "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", -1, 0 },
	{ "trace id too short", "00-" "0af7651916cd43dd8448eb211c8031-" SPAN
	    "-01", -1, 0 },
	{ "trace id too long", "00-" TRACE "0-" SPAN "-01", -1, 0 },
	{ "trace id with a dot", "00-.af7651916cd43dd8448eb211c80319c-" SPAN
	    "-01", -1, 0 },
	{ "span id all zeros", "00-" TRACE "-0000000000000000-01", -1, 0 },
	{ "span id in upper case", "00-" TRACE "-B7AD6B7169203331-01", -1, 0 },
	{ "span id too short", "00-" TRACE "-b7ad6b716920333-01", -1, 0 },
	{ "span id too long", "00-" TRACE "-" SPAN "0-01", -1, 0 },
	{ "flags of one digit", "00-" TRACE "-" SPAN "-1", -1, 0 },
	{ "flags in upper case", "00-" TRACE "-" SPAN "-0A", -1, 0 },
	{ "flags with a dot", "00-" TRACE "-" SPAN "-.1", -1, 0 },
	{ "no flags", "00-" TRACE "-" SPAN, -1, 0 },
	{ "no flags, but a dash", "00-" TRACE "-" SPAN "-", -1, 0 },
	{ "nothing", "", -1, 0 },
	{ "one byte", "0", -1, 0 },
	{ "dashes", "---", -1, 0 },
	{ "no header at all", NULL, -1, 0 },
};

static void
test_parse_takes_what_the_standard_takes(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_trace trace, zero;
		int result;

		memset(&trace, 0x55, sizeof(trace));
		memset(&zero, 0, sizeof(zero));
		result = kymo_trace_parse(&trace, rows[i].text);
		if (result != rows[i].result || trace.flags != rows[i].flags)
			fail_msg("%s: %d, flags %u", rows[i].what, result,
			    trace.flags);
		if (result != 0 && memcmp(&trace, &zero, sizeof(zero)) != 0)
			fail_msg("%s: not all zeros", rows[i].what);
	}
}

static void
test_parse_reads_each_digit(void **state)
{
	struct kymo_trace trace;

	assert_int_equal(kymo_trace_parse(&trace, rows[0].text), 0);
	assert_int_equal(trace.trace_hi, 0x0af7651916cd43ddull);
	assert_int_equal(trace.trace_lo, 0x8448eb211c80319cull);
	assert_int_equal(trace.span_id, 0xb7ad6b7169203331ull);
}

/* Each prefix lies at the end of its memory: a byte more is a fault under
   ASan. */
static void
test_parse_reads_no_byte_too_many(void **state)
{
	const char *whole = "00-" TRACE "-" SPAN "-01";
	struct kymo_trace trace;
	size_t bytes;

	for (bytes = 0; bytes < strlen(whole); bytes++) {
		char *text = malloc(bytes + 1);

		memcpy(text, whole, bytes);
		text[bytes] = '\0';
		assert_int_equal(kymo_trace_parse(&trace, text), -1);
		free(text);
	}
}

static void
test_format_gives_what_parse_takes(void **state)
{
	struct kymo_trace trace = { 1, 0xabcdef, 0xffffffffffffffffull, 1, 0 };
	struct kymo_trace again;
	char text[56];

	kymo_trace_format(&trace, text);
	assert_string_equal(text,
	    "00-00000000000000010000000000abcdef-ffffffffffffffff-01");
	assert_int_equal(kymo_trace_parse(&again, text), 0);
	assert_memory_equal(&trace, &again, sizeof(trace));
	trace.flags = 0xfe;
	kymo_trace_format(&trace, text);
	assert_string_equal(text + 53, "00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_takes_what_the_standard_takes),
		cmocka_unit_test(test_parse_reads_each_digit),
		cmocka_unit_test(test_parse_reads_no_byte_too_many),
		cmocka_unit_test(test_format_gives_what_parse_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
