/* SPDX-License-Identifier: MIT */
/* Without memory: regions and their sums, the history and its database, what
   detection learned, health. What could not be done in one scan is in the next
   one; what was counted, kept or learned is not lost. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/config/config.h"
#include "reader/detect/detectors.h"
#include "reader/export/export.h"
#include "reader/health/health.h"
#include "reader/history/history.h"
#include "reader/query/query.h"
#include "reader/region/watch.h"
#include "reader/series/series.h"
#include "tests/prove/memory.h"

#define NOW_MS INT64_C(1700438400000)
#define S_NS UINT64_C(1000000000)

/* A new directory; removed with all in it. */
static void
dir_make(char path[200])
{
	const char *base = getenv("TMPDIR");

	snprintf(path, 200, "%s/memory-XXXXXX", base == NULL ? "/tmp" : base);
	if (mkdtemp(path) == NULL)
		abort();
}

static void
dir_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' || entry->d_name[1] == 'k') {
			if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
				unlinkat(dirfd(dir), entry->d_name,
				    AT_REMOVEDIR);
		}
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

/* ---- regions -------------------------------------------------------------------- */

/* As kymod does it: those of two programs that have ended, in KYMO_DIR. */
static bool
scan_once(struct kymo_watch *watch, struct kymo_model *model, uint64_t number,
    struct kymo_error *error)
{
	bool good = true, absorbed;

	kymo_watch_step(watch, number * 10 * S_NS);
	kymo_model_begin(model, (uint64_t)NOW_MS * 1000000 + number * S_NS,
	    number * S_NS);
	for (uint32_t i = kymo_watch_cnt(watch); i-- > 0;) {
		struct kymo_region *region = kymo_watch_at(watch, i);

		if (kymo_region_scan(region, KYMO_SCAN_VALUES |
		    KYMO_SCAN_EXEMPLARS, error) != 0) {
			kymo_watch_drop(watch, region, error->text);
			good = false;
			continue;
		}
		if (kymo_model_add(model, region, true, &absorbed, error) != 0)
			good = false;
	}
	return kymo_model_end(model, error) == 0 && good;
}

/* What the programs counted; must: all of it is there. Never more. */
static bool
counted(struct kymo_model *model, bool must)
{
	static const struct {
		const char *line;
		int n;
	} all[] = { { "\njobs_total{service=\"shop\"} ", 42 },
	    { "\ntook_seconds_count{service=\"shop\"} ", 2 } };
	const struct kymo_scan *scan = kymo_scan_take(model);
	struct kymo_buffer page = { 0 };
	bool good = true;

	if (scan == NULL)
		return !must || memory_wrong("no scan");
	kymo_export_text(&page, scan, NULL, KYMO_TEXT_0_0_4);
	for (int i = 0; i < 2 && !page.failed && good; i++) {
		const char *at = strstr(page.at, all[i].line);
		int n = at == NULL ? 0 : atoi(at + strlen(all[i].line));

		if (must ? n != all[i].n : n > all[i].n)
			good = memory_wrong("%s%d, not %d", all[i].line + 1,
			    n, all[i].n);
	}
	kymo_buffer_free(&page);
	kymo_scan_release(scan);
	return good;
}

static bool
scan(void)
{
	const char *const dirs[] = { getenv("KYMO_DIR") };
	const struct kymo_watch_options watching = { .dirs = dirs,
	    .dir_cnt = 1, .trust = { .any_uid = true } };
	const struct kymo_model_options options = { .with_own = true };
	struct kymo_error error = { "" };
	struct kymo_model *model = NULL;
	struct kymo_watch *watch;
	bool good = true;

	memory_arm();
	watch = kymo_watch_new(&watching, &error);
	if (watch != NULL)
		model = kymo_model_new(&options, &error);
	memory_disarm();
	if (!memory_told("a model", model != NULL, &error))
		good = false;
	for (uint64_t i = 1; i <= 4 && model != NULL && good; i++) {
		error.text[0] = '\0';
		if (i <= 2)
			memory_arm();
		good = scan_once(watch, model, i, &error);
		memory_disarm();
		good = memory_told("a scan", good, &error) &&
		    counted(model, i > 2);
	}
	if (model != NULL)
		kymo_model_delete(model);
	if (watch != NULL)
		kymo_watch_delete(watch);
	return good;
}

/* ---- history ---------------------------------------------------------------------- */

#define SAMPLES 300

static void
warn(void *to, const char *text)
{
	(void)to;
	(void)text;
}

/* 40 series, a sample of each a second; those of the times from..to. */
static int
rows_append(struct kymo_feed *feed, int from, int to)
{
	struct kymo_history_row rows[40] = { { .labels = NULL } };
	struct kymo_labels *labels[40];
	int status = 0;

	for (int i = 0; i < 40; i++) {
		char number[8];
		const struct kymo_label pairs[] = { { "__name__", "x" },
		    { "n", number } };

		snprintf(number, sizeof(number), "%d", i);
		labels[i] = kymo_labels_make(pairs, 2);
		rows[i].labels = labels[i];
		if (labels[i] == NULL)
			status = -1;
	}
	for (int t = from; t < to && status == 0; t++) {
		for (int i = 0; i < 40; i++)
			rows[i].value = i * t;
		status = kymo_feed_append(feed, NOW_MS + t * 1000, rows, 40);
	}
	for (int i = 0; i < 40; i++)
		free(labels[i]);
	return status;
}

/* How many samples there are of all series. */
static double
sample_cnt(struct kymo_history *history, struct kymo_error *error)
{
	static const char text[] = "sum(count_over_time(x[1h]))";
	struct kymo_query_error why = { .error = { "" } };
	struct kymo_result *result = NULL;
	struct kymo_query *query = NULL;
	double cnt = -1;

	if (kymo_query_parse(&query, text, strlen(text), &why) == 0 &&
	    kymo_query_instant(query, kymo_history_source(history), NOW_MS +
	    SAMPLES * 1000, NULL, &result, &why) == 0)
		cnt = result->series_cnt == 0 ? 0 :
		    result->series[0].points[0].value;
	if (query != NULL)
		kymo_query_delete(query);
	kymo_result_delete(result);
	*error = why.error;
	return cnt;
}

static bool
history_is(struct kymo_history *history, double want)
{
	struct kymo_error error;
	double cnt = sample_cnt(history, &error);

	return cnt == want || memory_wrong("%g samples, not %g; %s", cnt, want,
	    error.text);
}

/* What was appended while there was memory is there, whatever failed after it,
   and after a restart. */
static bool
history(void)
{
	struct kymo_history_options options = { .warn = warn,
	    .head_ms = 120000, .frame_ms = 60000 };
	struct kymo_error error = { "" };
	struct kymo_history *history;
	char dir[200], path[220];
	struct kymo_feed *feed;
	uint64_t now_ns = 1000 * S_NS;
	bool good;

	dir_make(dir);
	snprintf(path, sizeof(path), "%s/kh", dir);
	options.path = path;
	history = kymo_history_new(&options, &error);
	feed = history == NULL ? NULL : kymo_history_feed(history, "f");
	if (feed == NULL || rows_append(feed, 0, SAMPLES) != 0)
		return memory_wrong("no history: %s", error.text);
	memory_arm();
	for (int i = 0; i < 20 && kymo_history_step(history, now_ns); i++)
		now_ns += S_NS;
	if (kymo_history_flush(history, &error) == 0)
		error.text[0] = '\0';
	else if (error.text[0] == '\0')
		memory_wrong("a flush failed and did not say why");
	if (sample_cnt(history, &error) < 0 && error.text[0] == '\0')
		memory_wrong("a query failed and did not say why");
	memory_disarm();
	good = history_is(history, 40.0 * SAMPLES);
	if (kymo_history_flush(history, &error) != 0)
		good = memory_wrong("a flush: %s", error.text);
	good = good && history_is(history, 40.0 * SAMPLES);
	kymo_history_delete(history);
	error.text[0] = '\0';
	memory_arm();
	history = kymo_history_new(&options, &error);
	memory_disarm();
	good = memory_told("a history", history != NULL, &error) && good;
	if (history != NULL)
		kymo_history_delete(history);
	history = kymo_history_new(&options, &error);
	good = history == NULL ? memory_wrong("it does not open: %s",
	    error.text) : good && history_is(history, 40.0 * SAMPLES);
	if (history != NULL)
		kymo_history_delete(history);
	dir_remove(dir);
	return good;
}

/* Rows that find no memory are a gap; what comes after them is there. */
static bool
append(void)
{
	const struct kymo_history_options options = { .warn = warn };
	struct kymo_error error = { "" };
	struct kymo_history *history;
	struct kymo_feed *feed = NULL;
	double cnt;
	bool good;
	int status = -1;

	memory_arm();
	history = kymo_history_new(&options, &error);
	if (history != NULL)
		feed = kymo_history_feed(history, "f");
	if (feed != NULL)
		status = rows_append(feed, 0, 100);
	memory_disarm();
	if (history == NULL)
		return memory_told("a history", false, &error);
	if (feed == NULL)
		feed = kymo_history_feed(history, "f");
	good = status == 0 || memory_failed() || memory_wrong("no append");
	if (feed == NULL || rows_append(feed, 100, SAMPLES) != 0)
		good = memory_wrong("no append when there was memory");
	cnt = sample_cnt(history, &error);
	if (cnt < 40.0 * (SAMPLES - 100) || cnt > 40.0 * SAMPLES ||
	    (status == 0 && cnt != 40.0 * SAMPLES))
		good = memory_wrong("%g samples", cnt);
	kymo_history_delete(history);
	return good;
}

/* ---- detection ---------------------------------------------------------------------- */

/* Looks at 30 gauges. */
static void
look(struct kymo_detectors *detectors, uint64_t number)
{
	static char names[30][8];
	struct kymo_label labels[30];
	struct kymo_series series[30] = { { .label_cnt = 0 } };
	const struct kymo_family_scan family = { .name = "queue",
	    .kind = KYMO_METRIC_FLOAT_GAUGE, .series = series,
	    .series_cnt = 30 };
	const struct kymo_scan scan = { .families = &family, .family_cnt = 1,
	    .at_ns = (uint64_t)NOW_MS * 1000000 + number * 15 * S_NS,
	    .at_mono_ns = number * 15 * S_NS };

	for (int i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "%02d", i);
		labels[i] = (struct kymo_label){ "n", names[i] };
		series[i].labels = &labels[i];
		series[i].label_cnt = 1;
		series[i].value.present = true;
		series[i].value.is.f = (double)(number % 7);
	}
	kymo_detectors_step(detectors, &scan);
}

static bool
learned(const char *path, uint32_t want_min)
{
	const struct kymo_detectors_options options = { .all = true };
	struct kymo_detectors *again = kymo_detectors_new(&options);
	struct kymo_detectors_stats stats;
	struct kymo_error error = { "" };
	int status = kymo_detectors_load(again, path, (uint64_t)NOW_MS *
	    1000000 + 300 * S_NS, &error);

	kymo_detectors_stats(again, &stats);
	kymo_detectors_delete(again);
	return (status == 0 && stats.series_cnt >= want_min) ||
	    memory_wrong("saved: %d, %u series; %s", status, stats.series_cnt,
	    error.text);
}

static bool
detection(void)
{
	const struct kymo_detectors_options options = { .all = true };
	struct kymo_anomalies anomalies = { .cnt = 0 };
	struct kymo_detectors *detectors = kymo_detectors_new(&options);
	struct kymo_error error = { "" };
	char dir[200], path[220];
	int status;
	bool good;

	dir_make(dir);
	snprintf(path, sizeof(path), "%s/kd", dir);
	memory_arm();
	for (uint64_t i = 1; i < 10; i++)
		look(detectors, i);
	if (kymo_detectors_list(detectors, &anomalies) == 0)
		kymo_anomalies_free(&anomalies);
	else if (!memory_failed())
		memory_wrong("they cannot be listed");
	memory_disarm();
	look(detectors, 10);
	look(detectors, 11);
	if (kymo_detectors_save(detectors, path, &error) != 0)
		memory_wrong("no save: %s", error.text);
	good = learned(path, 30);
	look(detectors, 12);
	memory_arm();
	status = kymo_detectors_save(detectors, path, &error);
	memory_disarm();
	good = memory_told("a save", status == 0, &error) && good &&
	    learned(path, 30);
	kymo_detectors_delete(detectors);
	detectors = kymo_detectors_new(&options);
	error.text[0] = '\0';
	memory_arm();
	status = kymo_detectors_load(detectors, path, (uint64_t)NOW_MS *
	    1000000 + 300 * S_NS, &error);
	memory_disarm();
	good = memory_told("a load", status == 0, &error) && good;
	look(detectors, 13);
	kymo_detectors_delete(detectors);
	dir_remove(dir);
	return good;
}

const struct memory_kind memory_kinds_scan[] = {
	{ "scan", scan },
	{ "history", history },
	{ "append", append },
	{ "detection", detection },
	{ NULL, NULL },
};
