/* SPDX-License-Identifier: MIT */
/* Goal: JSON lines say all of a series, numbers exactly, text safely.
   Method: one line a kind, in full. (Other parsers: tests/e2e/page.sh.) */
#include "tests/testlib/testlib.h"

#include "reader/export/export.h"
#include "tests/testlib/scan.h"

#define GET "\"labels\":{\"service\":\"shop\",\"method\":\"GET\"},"
#define BORN ",\"created\":1699990000.000000001}\n"

static const char *const lines[] = {
	"{\"name\":\"app_build\",\"kind\":\"info\",\"component\":\"http\","
	    "\"labels\":{\"service\":\"shop\",\"version\":\"1.2.3\","
	    "\"commit\":\"ab12\"},\"value\":1" BORN,
	"{\"name\":\"busy_seconds\",\"kind\":\"counter\",\"unit\":\"seconds\","
	    "\"component\":\"http\"," GET "\"value\":0.0015,\"rate\":0.25"
	    BORN,
	"\"value\":18446744073709551615" BORN,
	"\"method\":\"quote\\\" back\\\\slash new\\nline \\u2713 }{,=# "
	    "\\u001B[1m\"}",
	"\"method\":\"\\uFFFD half \\uFFFD\\uFFFD\"}",
	"\"overflow\":true,\"value\":7" BORN,
	"\"value\":\"NaN\"" BORN,
	"\"value\":\"-Inf\"" BORN,
	"\"value\":36.6" BORN,
	"\"value\":{\"idle\":true,\"read\\\"ing\":false,\"writing\":true}"
	    BORN,
	"\"value\":\"degraded\",\"reason\":\"slow: <script>alert(1)"
	    "</script>\",\"since\":1699990000.000000001" BORN,
	"\"value\":\"a \\\"text\\\"\\nof two \\u202Elines\"" BORN,
	"{\"name\":\"inflight\",\"kind\":\"updown\",\"component\":\"http\","
	    "\"labels\":{},\"value\":0",
	"\"count\":100,\"sum\":4.295102345,\"quantiles\":{\"0.5\":",
	"\"buckets\":[[0,0,2],[0,0.000000128,3],",
	",[4.294967296,null,1]],\"exemplar\":{\"value\":0.0000015,"
	    "\"trace_id\":\"0123456789abcdeffedcba9876543210\","
	    "\"span_id\":\"00000000000000ff\",\"at\":1700000000.123456789},"
	    "\"rate\":12.5" BORN,
	"\"count\":0,\"sum\":0,\"buckets\":[]" BORN,
};

static void
test_lines_say_all_of_a_series(void **state)
{
	struct kymo_buffer json = { 0 };
	size_t i;

	kymo_export_json(&json, testlib_scan(), NULL);
	assert_false(json.failed);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(json.at, lines[i]) == NULL)
			fail_msg("missing: %s", lines[i]);
	assert_null(strstr(json.at, "never_set"));
	for (i = 0; i < json.len_bytes; i++)
		assert_true(json.at[i] == '\n' ||
		    (json.at[i] >= 0x20 && json.at[i] < 0x7f));
	kymo_buffer_free(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_say_all_of_a_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
