/* SPDX-License-Identifier: MIT */
/* A scan's samples are called, and are worth, what its page says; its
   histograms are native ones, too. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/export/export.h"
#include "reader/history/history.h"
#include "tests/testlib/scan.h"

struct line {
	struct kymo_label label[40];
	uint32_t cnt;
	double value;
};

/* What is between quotes; returns what follows the closing one. */
static char *
quoted(char *at, const char **text)
{
	char *to = ++at;

	*text = to;
	while (*at != '"') {
		if (*at == '\\' && *++at == 'n')
			*at = '\n';
		*to++ = *at++;
	}
	*to = '\0';
	return at + 1;
}

static void
line_parse(char *at, struct line *line)
{
	size_t name_bytes = strcspn(at, "{ ");
	bool labels = at[name_bytes] == '{';

	line->cnt = 1;
	line->label[0] = (struct kymo_label){ "__name__", at };
	at += name_bytes;
	*at++ = '\0';
	while (labels && *at != '}') {
		struct kymo_label *label = &line->label[line->cnt++];

		label->key = at;
		at = strchr(at, '=');
		*at++ = '\0';
		at = quoted(at, &label->value);
		if (*at == ',')
			at++;
	}
	line->value = strtod(at + labels + (labels && at[1] == ' '), NULL);
}

static const struct kymo_samples *
find(const struct kymo_selected *got, const struct kymo_label *label,
    uint32_t cnt)
{
	struct kymo_labels *labels = kymo_labels_make(label, cnt);
	const struct kymo_samples *found = NULL;

	assert_non_null(labels);
	for (uint32_t i = 0; i < got->series_cnt; i++)
		if (kymo_labels_equal(got->series[i].labels, labels))
			found = &got->series[i];
	free(labels);
	return found;
}

static struct kymo_history *
with_scan(struct kymo_scan *scan, struct kymo_selected *got)
{
	static const struct kymo_matcher any = { KYMO_MATCH_NOT_EQUAL,
		"__name__", "", NULL };
	struct kymo_history_options options = { .head_ms = 0 };
	struct kymo_history *history = kymo_history_new(&options, NULL);
	const struct kymo_source *source;
	struct kymo_select what = { .matchers = &any, .matcher_cnt = 1,
		.from_ms = 0, .to_ms = INT64_MAX, .series_max = 10000,
		.samples_max = 1000000 };

	assert_non_null(history);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kymo_history_append(history, scan), 0);
		scan->at_ns += 1000000000;
	}
	source = kymo_history_source(history);
	assert_int_equal(source->select(source->of, &what, got, NULL), 0);
	return history;
}

static void
each_line_of_the_page_is_a_sample(void **state)
{
	struct kymo_scan scan = *testlib_scan();
	struct kymo_buffer page = { 0 };
	struct kymo_selected got;
	struct kymo_history *history;
	uint32_t lines = 0;
	char *save = NULL, *at;

	(void)state;
	/* Bytes that are no UTF-8 do not come from a region. */
	kymo_export_text(&page, &scan, NULL, KYMO_TEXT_0_0_4);
	history = with_scan(&scan, &got);
	for (at = strtok_r(page.at, "\n", &save); at != NULL;
	    at = strtok_r(NULL, "\n", &save)) {
		const struct kymo_samples *samples;
		struct line line;

		if (at[0] == '#' || strstr(at, "\xef\xbf\xbd") != NULL ||
		    strstr(at, "exported_mode") != NULL)
			continue;
		line_parse(at, &line);
		samples = find(&got, line.label, line.cnt);
		if (samples == NULL)
			fail_msg("no %s, label %s", line.label[0].value,
			    line.label[line.cnt - 1].value);
		assert_int_equal(samples->cnt, 3);
		if (samples->value[2] != line.value && line.value == line.value)
			fail_msg("%s is %.17g, not %.17g", line.label[0].value,
			    samples->value[2], line.value);
		lines++;
	}
	assert_true(lines > 80);
	kymo_history_source(history)->done(history, &got);
	kymo_history_delete(history);
	kymo_buffer_free(&page);
}

static void
a_histogram_is_a_native_one_too(void **state)
{
	static const struct kymo_label label[] = {
		{ "__name__", "http_request_seconds" }, { "service", "shop" },
		{ "method", "GET" } };
	struct kymo_scan scan = *testlib_scan();
	struct kymo_selected got;
	struct kymo_history *history = with_scan(&scan, &got);
	const struct kymo_samples *samples = find(&got, label, 3);
	const struct kymo_native_hist *hist;

	(void)state;
	assert_non_null(samples);
	assert_non_null(samples->hist);
	hist = samples->hist[2];
	assert_int_equal(hist->schema, KYMO_SCHEMA_CUSTOM);
	assert_true(hist->count == 100);
	assert_true(fabs(hist->sum - 4.295102345) < 1e-9);
	/* Zero and under, below the first bound: 2^7 ns. */
	assert_true(hist->pos.first == 0 && hist->pos.count[0] == 5);
	assert_true(hist->bounds[0] == 128 / 1e9);
	/* Cell 6, (1024, 1448] ns, is bucket 7, whose upper bound is [7]. */
	assert_true(hist->pos.count[7] == 45);
	assert_true(fabs(hist->bounds[7] / (1024 / 1e9) - sqrt(2)) < 1e-9);
	assert_int_equal(hist->pos.cnt, hist->bound_cnt + 1);
	assert_true(hist->pos.count[hist->bound_cnt] == 1);
	assert_int_equal(samples->hist[1]->reset, KYMO_RESET_NO);
	kymo_history_source(history)->done(history, &got);
	kymo_history_delete(history);
}

static void
families_tell_what_they_are(void **state)
{
	struct kymo_scan scan = *testlib_scan();
	struct kymo_history_families families;
	struct kymo_selected got;
	struct kymo_history *history = with_scan(&scan, &got);
	bool seen = false;

	(void)state;
	kymo_history_source(history)->done(history, &got);
	assert_int_equal(kymo_history_families(history, &families), 0);
	for (uint32_t i = 0; i < families.cnt; i++)
		if (strcmp(families.at[i].name, "cpu_seconds_total") == 0) {
			seen = true;
			assert_string_equal(families.at[i].type, "counter");
			assert_string_equal(families.at[i].unit, "seconds");
			assert_string_equal(families.at[i].help,
			    "Help of cpu_seconds.");
		}
	assert_true(seen);
	kymo_history_families_free(&families);
	kymo_history_delete(history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_of_the_page_is_a_sample),
		cmocka_unit_test(a_histogram_is_a_native_one_too),
		cmocka_unit_test(families_tell_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
