/* SPDX-License-Identifier: MIT */
/* Goal: every scraper gets the format that it wants most.
   Method: rows of Accept headers, real ones first. */
#include "tests/testlib/testlib.h"

#include "reader/export/export.h"

#define TEXT KYMO_TEXT_0_0_4
#define OM KYMO_OPENMETRICS_1
static const struct {
	const char *who, *header;
	enum kymo_text_format format;
} rows[] = {
	{ "none", NULL, TEXT },
	{ "empty", "", TEXT },
	{ "curl", "*/*", TEXT },
	{ "Firefox", "text/html,application/xhtml+xml,"
	    "application/xml;q=0.9,*/*;q=0.8", TEXT },
	{ "Chromium", "text/html,application/xhtml+xml,application/xml"
	    ";q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
	    "application/signed-exchange;v=b3;q=0.7", TEXT },
	{ "Prometheus 2.42", "application/openmetrics-text;"
	    "version=1.0.0,application/openmetrics-text;version=0.0.1;"
	    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OM },
	{ "Prometheus 2.42 with native histograms",
	    "application/vnd.google.protobuf;"
	    "proto=io.prometheus.client.MetricFamily;"
	    "encoding=delimited,application/openmetrics-text;"
	    "version=1.0.0;q=0.8,application/openmetrics-text;"
	    "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
	    "*/*;q=0.1", OM },
	{ "Prometheus 3", "application/openmetrics-text;version=1.0.0;"
	    "escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
	    "version=0.0.1;q=0.5,text/plain;version=1.0.0;"
	    "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;"
	    "q=0.3,*/*;q=0.2", OM },
	{ "Prometheus 3, text first", "text/plain;version=1.0.0;"
	    "escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,"
	    "application/openmetrics-text;version=1.0.0;q=0.4,"
	    "*/*;q=0.2", TEXT },
	{ "VictoriaMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1",
	    TEXT },
	{ "all with a q", "application/"
	    "openmetrics-text;version=1.0.0;q=0.5,application/"
	    "openmetrics-text;version=0.0.1;q=0.4,text/plain;"
	    "version=0.0.4;q=0.3,*/*;q=0.2", OM },
	{ "only the old OpenMetrics",
	    "application/openmetrics-text;version=0.0.1", TEXT },
	{ "OpenMetrics of any version", "application/openmetrics-text",
	    OM },
	{ "spaces and letters", " Application/OpenMetrics-Text ; "
	    "VERSION = \"1.0.0\" ; Q = 0.9 , text/plain ; q=0.8 ", OM },
	{ "refused", "application/openmetrics-text;q=0,*/*", TEXT },
	{ "refused in three decimals",
	    "application/openmetrics-text;q=0.000,text/plain", TEXT },
	{ "a thousandth more",
	    "application/openmetrics-text;q=0.501,text/plain;q=0.5",
	    OM },
	{ "a thousandth less",
	    "application/openmetrics-text;q=0.499,text/plain;q=0.5",
	    TEXT },
	{ "equal, text first", "text/plain,application/openmetrics-text",
	    TEXT },
	{ "equal, OpenMetrics first",
	    "application/openmetrics-text,text/plain", OM },
	{ "a range twice counts as it is liked more",
	    "text/plain;q=0.9,text/plain;q=0.1,"
	    "application/openmetrics-text;q=0.5", TEXT },
	{ "application/*", "application/*", TEXT },
	{ "text/* beside it", "application/openmetrics-text;q=0.5,"
	    "text/*;q=0.9", TEXT },
	{ "a bad q is no range",
	    "application/openmetrics-text;q=1.5,*/*;q=0.1", TEXT },
	{ "a q of letters",
	    "application/openmetrics-text;q=high", TEXT },
	{ "nothing we have", "image/png", TEXT },
	{ "an open quote", "application/openmetrics-text;version=\"1.0.0",
	    OM },
	{ "only commas", ",,,;;;===", TEXT },
	{ "a quoted comma", "x/y;a=\",application/openmetrics-text,\"",
	    TEXT },
};
#undef TEXT
#undef OM

static void
test_accept_headers_are_answered_as_they_want(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kymo_accept(rows[i].header) != rows[i].format)
			fail_msg("%s: %s", rows[i].who, rows[i].header);
}

static void
test_content_types_name_version_and_charset(void **state)
{
	assert_string_equal(kymo_content_type(KYMO_TEXT_0_0_4),
	    "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(kymo_content_type(KYMO_OPENMETRICS_1),
	    "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_headers_are_answered_as_they_want),
		cmocka_unit_test(test_content_types_name_version_and_charset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
