/* SPDX-License-Identifier: MIT */
/* Goal: a page holds exactly what the scan does, in lines that any parser of
   the format reads, whatever names and values the programs have.
   Method: a small parser of its own reads pages back and compares each number
   and label with the scan they are from; rows for what each kind looks like.
   (tests/e2e/page.sh: other people's parsers, and golden pages.) */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/export/export.h"
#include "tests/testlib/scan.h"

#ifdef __SIZEOF_INT128__
typedef unsigned __int128 wide;
#else /* both sides of a comparison are cut alike */
typedef uint64_t wide;
#endif

/* ---- a parser ---------------------------------------------------------- */

#define LABEL_MAX 24

struct sample {
	char name[256];
	char keys[LABEL_MAX][256], values[LABEL_MAX][2048];
	uint32_t label_cnt;
	char number[64];
};

static const char *
take_until(const char *at, const char *stops, char *to, size_t room_bytes)
{
	size_t len_bytes = strcspn(at, stops);

	assert_true(len_bytes < room_bytes);
	memcpy(to, at, len_bytes);
	to[len_bytes] = '\0';
	return at + len_bytes;
}

static const char *
take_quoted(const char *at, char *to)
{
	assert_int_equal(*at, '"');
	for (at++; *at != '"'; at++) {
		assert_true(*at != '\0' && *at != '\n');
		if (*at != '\\') {
			*to++ = *at;
			continue;
		}
		at++;
		assert_non_null(strchr("n\\\"", *at));
		*to++ = *at == 'n' ? '\n' : *at;
	}
	*to = '\0';
	return at + 1;
}

/* Reads the sample at at, past comments; NULL: no more. */
static const char *
sample_read(const char *at, struct sample *sample)
{
	while (*at == '#')
		at = strchr(at, '\n') + 1;
	if (*at == '\0')
		return NULL;
	sample->label_cnt = 0;
	at = take_until(at, "{ ", sample->name, sizeof(sample->name));
	if (*at == '{') {
		do {
			uint32_t i = sample->label_cnt++;

			assert_true(i < LABEL_MAX);
			at = take_until(at + 1, "=", sample->keys[i],
			    sizeof(sample->keys[i]));
			at = take_quoted(at + 1, sample->values[i]);
		} while (*at == ',');
		assert_int_equal(*at++, '}');
	}
	assert_int_equal(*at, ' ');
	at = take_until(at + 1, " \n", sample->number, sizeof(sample->number));
	assert_int_equal(*at, '\n');
	return at + 1;
}

/* A plain decimal times 10^18, exactly. */
static wide
number_wide(const char *text)
{
	const char *point = strchr(text, '.');
	size_t decimals = point == NULL ? 0 : strlen(point + 1);
	wide n = 0;

	for (; *text != '\0'; text++)
		if (text != point) {
			assert_true(*text >= '0' && *text <= '9');
			n = n * 10 + (wide)(*text - '0');
		}
	for (; decimals < 18; decimals++)
		n *= 10;
	return n;
}

static wide
expected_wide(uint64_t n, int exponent)
{
	wide w = n;
	int i;

	for (i = -18; i < exponent; i++)
		w *= 10;
	return w;
}

/* ---- scans of all sorts ------------------------------------------------ */

static uint64_t
next(void)
{
	static uint64_t bits = 88172645463325252ull;

	bits ^= bits << 13;
	bits ^= bits >> 7;
	bits ^= bits << 17;
	return bits;
}

static void
make_value(char *to, size_t room_bytes)
{
	static const char *const pieces[] = {
		"a", "Z", "\"", "\\", "\n", "\\n", " ", ",", "=", "{", "}", "#",
		"\xc3\xa9", "\xe2\x9c\x93", "\xf0\x9f\x98\x80", "\t", "\x01",
		"\r", "le=\"1\"", "0",
	};
	size_t len_bytes = 0;
	uint64_t cnt = next() % 12;

	while (cnt-- > 0) {
		const char *piece = pieces[next() %
		    (sizeof(pieces) / sizeof(pieces[0]))];

		if (len_bytes + strlen(piece) >= room_bytes)
			break;
		strcpy(to + len_bytes, piece);
		len_bytes += strlen(piece);
	}
	to[len_bytes] = '\0';
}

static void
check_labels(const struct sample *sample, const struct kymo_series *series)
{
	uint32_t i;

	assert_true(sample->label_cnt >= series->label_cnt);
	for (i = 0; i < series->label_cnt; i++) {
		assert_string_equal(sample->keys[i], series->labels[i].key);
		assert_string_equal(sample->values[i],
		    series->labels[i].value);
	}
}

#define SERIES_CNT 40

static struct kymo_label labels[SERIES_CNT][3];
static char values[SERIES_CNT][3][64];
static struct kymo_series many[SERIES_CNT];

static void
make_series(void)
{
	static const char *const keys[3] = { "service", "a", "b" };
	uint32_t i, j;

	for (i = 0; i < SERIES_CNT; i++) {
		for (j = 0; j < 3; j++) {
			make_value(values[i][j], sizeof(values[i][j]));
			labels[i][j] = (struct kymo_label){ keys[j],
			    values[i][j] };
		}
		many[i] = (struct kymo_series){ .labels = labels[i],
		    .label_cnt = (uint32_t)(next() % 4),
		    .value = { .present = true } };
	}
}

static void
test_counters_and_gauges_read_back_exactly(void **state)
{
	struct kymo_family_scan family = { .name = "x", .help = "h\n\"\\",
	    .unit = "", .component = "", .series = many,
	    .series_cnt = SERIES_CNT };
	struct kymo_scan scan = { .families = &family, .family_cnt = 1 };
	static struct sample sample;
	int round;
	uint32_t i;

	for (round = 0; round < 60; round++) {
		struct kymo_buffer page = { 0 };
		const char *at;

		make_series();
		family.kind = round % 2 == 0 ? KYMO_METRIC_COUNTER :
		    KYMO_METRIC_UPDOWN;
		family.exponent = -(round % 19);
		for (i = 0; i < SERIES_CNT; i++)
			many[i].value.is.u = next() >> (next() % 64);
		kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
		assert_false(page.failed);
		for (i = 0, at = page.at; i < SERIES_CNT; i++) {
			uint64_t n = many[i].value.is.u;
			const char *number = sample.number;

			at = sample_read(at, &sample);
			assert_non_null(at);
			assert_string_equal(sample.name, round % 2 == 0 ?
			    "x_total" : "x");
			check_labels(&sample, &many[i]);
			if (round % 2 == 1 && (int64_t)n < 0) {
				n = 0 - n;
				assert_int_equal(*number++, '-');
			}
			assert_true(number_wide(number) ==
			    expected_wide(n, family.exponent));
		}
		assert_null(sample_read(at, &sample));
		kymo_buffer_free(&page);
	}
}

static void
test_floats_read_back_exactly(void **state)
{
	struct kymo_family_scan family = { .name = "x", .help = "", .unit = "",
	    .component = "", .kind = KYMO_METRIC_FLOAT_GAUGE, .series = many,
	    .series_cnt = SERIES_CNT };
	struct kymo_scan scan = { .families = &family, .family_cnt = 1 };
	static struct sample sample;
	struct kymo_buffer page = { 0 };
	const char *at;
	uint32_t i;

	make_series();
	for (i = 0; i < SERIES_CNT; i++)
		many[i].value.is.u = next();
	kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
	for (i = 0, at = page.at; i < SERIES_CNT; i++) {
		double d;

		at = sample_read(at, &sample);
		d = strtod(sample.number, NULL);
		if (!isnan(many[i].value.is.f) || !isnan(d))
			assert_memory_equal(&d, &many[i].value.is.f,
			    sizeof(d));
	}
	kymo_buffer_free(&page);
}

/* Bucket by bucket against kymo_hist_below, at every scale. */
static void
test_buckets_are_what_lies_below_their_bounds(void **state)
{
	uint64_t cells[300];
	struct kymo_family_scan family = { .name = "x", .help = "", .unit = "",
	    .component = "", .kind = KYMO_METRIC_HISTOGRAM, .exponent = -9,
	    .series = many, .series_cnt = 1 };
	struct kymo_scan scan = { .families = &family, .family_cnt = 1 };
	static struct sample sample;
	uint32_t scale, i;

	for (scale = 0; scale <= 6; scale++) {
		struct kymo_buffer page = { 0 };
		struct kymo_hist *hist = &many[0].value.is.hist;
		const char *at;

		make_series();
		many[0].label_cnt = scale % 2;
		for (i = 0; i < 300; i++)
			cells[i] = next() >> 40;
		*hist = (struct kymo_hist){ .scale = scale,
		    .lo_idx = (int32_t)(scale * 70) - 100, .bucket_cnt = 300,
		    .zero = 3, .under = 4, .over = 5, .sum = next(),
		    .buckets = cells };
		family.le_first = -3;
		family.le_cnt = 40;
		kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
		at = page.at;
		for (i = 0; i < family.le_cnt; i++) {
			at = sample_read(at, &sample);
			assert_string_equal(sample.name, "x_bucket");
			check_labels(&sample, &many[0]);
			assert_string_equal(
			    sample.keys[sample.label_cnt - 1], "le");
			assert_true(strtod(sample.values[sample.label_cnt - 1],
			    NULL) == ldexp(1, (int)i - 3) / 1e9);
			assert_true(strtoull(sample.number, NULL, 10) ==
			    kymo_hist_below(hist, (int32_t)i - 3));
		}
		at = sample_read(at, &sample);
		assert_string_equal(sample.values[sample.label_cnt - 1], "+Inf");
		assert_true(strtoull(sample.number, NULL, 10) ==
		    kymo_hist_count(hist));
		at = sample_read(at, &sample);
		assert_string_equal(sample.name, "x_count");
		assert_true(strtoull(sample.number, NULL, 10) ==
		    kymo_hist_count(hist));
		at = sample_read(at, &sample);
		assert_string_equal(sample.name, "x_sum");
		assert_true(number_wide(sample.number) ==
		    expected_wide(hist->sum, -9));
		assert_null(sample_read(at, &sample));
		kymo_buffer_free(&page);
	}
}

static void
test_bounds_look_as_clients_write_floats(void **state)
{
	static const struct {
		int32_t exp2;
		int exponent;
		const char *le;
	} rows[] = {
		{ 0, 0, "1.0" },
		{ 1, 0, "2.0" },
		{ -1, 0, "0.5" },
		{ 10, 0, "1024.0" },
		{ 18, 0, "262144.0" },
		{ 20, 0, "1.048576e+06" },
		{ 10, -9, "1.024e-06" },
		{ 17, -9, "0.000131072" },
		{ 30, -9, "1.073741824" },
		{ 36, -9, "68.719476736" },
		{ 40, 0, "1.099511627776e+12" },
		{ 63, 0, "9.223372036854776e+18" },
		{ 3, 3, "8000.0" },
		{ 7, 6, "1.28e+08" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_series series = { .value = { .present = true } };
		struct kymo_family_scan family = { .name = "x", .help = "",
		    .unit = "", .component = "",
		    .kind = KYMO_METRIC_HISTOGRAM, .series = &series,
		    .exponent = rows[i].exponent, .series_cnt = 1,
		    .le_first = rows[i].exp2, .le_cnt = 1 };
		struct kymo_scan scan = { .families = &family,
		    .family_cnt = 1 };
		struct kymo_buffer page = { 0 };
		static struct sample sample;

		kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
		sample_read(page.at, &sample);
		assert_string_equal(sample.values[0], rows[i].le);
		kymo_buffer_free(&page);
	}
}

/* Each line in the format where it belongs. */
static const struct {
	enum kymo_text_format format;
	bool there;
	const char *line;
} lines[] = {
#define BORN "1699990000.000000001\n"
#define GET "{service=\"shop\",method=\"GET\"}"
	{ KYMO_TEXT_0_0_4, true, "# TYPE app_build_info gauge\n" },
	{ KYMO_OPENMETRICS_1, true, "# TYPE app_build info\n" },
	{ KYMO_OPENMETRICS_1, true, "app_build_info{service=\"shop\","
	    "version=\"1.2.3\",commit=\"ab12\"} 1\n" },
	{ KYMO_OPENMETRICS_1, true, "# UNIT busy_seconds seconds\n" },
	{ KYMO_TEXT_0_0_4, false, "# UNIT" },
	{ KYMO_OPENMETRICS_1, false, "# UNIT youngest_seconds" },
	{ KYMO_TEXT_0_0_4, true, "busy_seconds_total" GET " 0.0015\n" },
	{ KYMO_TEXT_0_0_4, false, "_created" },
	{ KYMO_OPENMETRICS_1, true, "busy_seconds_created" GET " "
	    BORN },
	{ KYMO_OPENMETRICS_1, true, "http_request_seconds_created" GET
	    " " BORN },
	{ KYMO_OPENMETRICS_1, true, "response_bytes_created" GET " "
	    BORN },
	{ KYMO_OPENMETRICS_1, false, "memory_bytes_created" },
	{ KYMO_TEXT_0_0_4, true, "# HELP http_requests_total A \"help\""
	    " of\\ntwo lines, back\\\\slash and caf\xc3\xa9.\n" },
	{ KYMO_OPENMETRICS_1, true, "# HELP http_requests A \\\"help\\\""
	    " of\\ntwo lines, back\\\\slash and caf\xc3\xa9.\n" },
	{ KYMO_OPENMETRICS_1, true, "le=\"2.048e-06\"} 95 # "
	    "{trace_id=\"0123456789abcdeffedcba9876543210\","
	    "span_id=\"00000000000000ff\"} 0.0000015 "
	    "1700000000.123456789\n" },
	{ KYMO_TEXT_0_0_4, false, "trace_id" },
	{ KYMO_TEXT_0_0_4, true, "\xef\xbf\xbd half "
	    "\xef\xbf\xbd\xef\xbf\xbd\"} 1\n" },
	{ KYMO_TEXT_0_0_4, true, ",method=\"other\","
	    "kymo_overflow=\"true\"} 7\n" },
	{ KYMO_TEXT_0_0_4, true, "inflight 0\n" },
	{ KYMO_TEXT_0_0_4, true, "# TYPE mode gauge\n" },
	{ KYMO_OPENMETRICS_1, true, "# TYPE mode stateset\n" },
	{ KYMO_OPENMETRICS_1, true, "# TYPE job stateset\n" },
	{ KYMO_TEXT_0_0_4, true, "job{service=\"shop\",method=\"GET\","
	    "job=\"degraded\"} 1\n" },
	{ KYMO_TEXT_0_0_4, true, "mode{service=\"shop\",method=\"GET\","
	    "mode=\"writing\"} 1\n" },
	{ KYMO_TEXT_0_0_4, true, "exported_mode=\"mine\"" },
	{ KYMO_TEXT_0_0_4, true, "exported_le=\"mine\"" },
	{ KYMO_TEXT_0_0_4, true, "exported_quantile=\"mine\"" },
	{ KYMO_TEXT_0_0_4, true, "exported_text=\"mine\",text=\"\"} 1\n" },
	{ KYMO_OPENMETRICS_1, true, "# TYPE app_text_info gauge\n" },
	{ KYMO_TEXT_0_0_4, true, "app_temperature_celsius" GET
	    " 36.6\n" },
	{ KYMO_TEXT_0_0_4, true, "response_bytes_count" GET " 100\n" },
	{ KYMO_TEXT_0_0_4, true, "memory_bytes{service=\"shop\","
	    "pid=\"4711\"} 9223372036854775807\n" },
	/* what no page may show */
	{ KYMO_TEXT_0_0_4, false, "bad" },
	{ KYMO_TEXT_0_0_4, false, "broken_labels" },
	{ KYMO_TEXT_0_0_4, false, "never_set" },
	{ KYMO_TEXT_0_0_4, false, "app_text_info_total" },
	{ KYMO_TEXT_0_0_4, false, "seconds_bucket gauge" },
	{ KYMO_TEXT_0_0_4, false, "TYPE http_requests gauge" },
	{ KYMO_TEXT_0_0_4, false, "TYPE http_requests_total gauge" },
	{ KYMO_TEXT_0_0_4, false, "# EOF" },
	{ KYMO_OPENMETRICS_1, true, "# EOF\n" },
#undef BORN
#undef GET
};

static void
test_pages_have_these_lines_and_not_those(void **state)
{
	struct kymo_buffer page[3] = { { 0 } };
	size_t i;

	kymo_export_text(&page[1], testlib_scan(), NULL, KYMO_TEXT_0_0_4);
	kymo_export_text(&page[2], testlib_scan(), NULL, KYMO_OPENMETRICS_1);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *found = strstr(page[lines[i].format].at,
		    lines[i].line);

		if ((found != NULL) != lines[i].there)
			fail_msg("%s%s", lines[i].there ? "missing: " :
			    "should not be there: ", lines[i].line);
	}
	assert_string_equal(page[2].at + page[2].len_bytes - 6, "# EOF\n");
	kymo_buffer_free(&page[1]);
	kymo_buffer_free(&page[2]);
}

static void
test_a_filter_shows_part_and_no_head_of_what_is_not_there(void **state)
{
	const char *const names[] = { "http_*_total", "memory_bytes" };
	const struct kymo_filter_label label = { "method", "GET", false };
	const struct kymo_filter filter = { .names = names, .name_cnt = 2,
	    .labels = &label, .label_cnt = 1 };
	struct kymo_buffer page = { 0 };

	kymo_export_text(&page, testlib_scan(), &filter, KYMO_TEXT_0_0_4);
	assert_string_equal(page.at,
	    "# HELP http_requests_total A \"help\" of\\ntwo lines, "
	    "back\\\\slash and caf\xc3\xa9.\n"
	    "# TYPE http_requests_total counter\n"
	    "http_requests_total{service=\"shop\",method=\"GET\"} "
	    "12345678901234567\n");
	kymo_buffer_free(&page);
}

static void
test_an_empty_scan_is_an_empty_page(void **state)
{
	const struct kymo_scan scan = { .number = 1 };
	struct kymo_buffer page = { 0 };

	kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
	assert_int_equal(page.len_bytes, 0);
	kymo_export_text(&page, &scan, NULL, KYMO_OPENMETRICS_1);
	assert_string_equal(page.at, "# EOF\n");
	kymo_buffer_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_and_gauges_read_back_exactly),
		cmocka_unit_test(test_floats_read_back_exactly),
		cmocka_unit_test(test_buckets_are_what_lies_below_their_bounds),
		cmocka_unit_test(test_bounds_look_as_clients_write_floats),
		cmocka_unit_test(test_pages_have_these_lines_and_not_those),
		cmocka_unit_test(
		    test_a_filter_shows_part_and_no_head_of_what_is_not_there),
		cmocka_unit_test(test_an_empty_scan_is_an_empty_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
