/* SPDX-License-Identifier: MIT */
/* Tests of rules, in promtool's format: reading and running them. */
#include "reader/rules/test_file.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/query/notation.h"
#include "reader/rules/duration.h"

#define INTERVAL_MS INT64_C(60000)

static void
fault_say(void *of, const char *text)
{
	struct kymo_buffer *out = of;

	kymo_buffer_printf(out, "    %s\n", text);
}

void
kyi_test_failed(struct kyi_test *test)
{
	test->file->failed_cnt++;
	if (test->name != NULL)
		kymo_buffer_printf(test->file->out, "    name: %s,\n",
		    test->name);
}

/* ---- the file ---------------------------------------------------------------------- */

static void
path_add(struct kyi_test_file *file, const char *path)
{
	const char **paths = kyi_arena_get(file->arena, (file->path_cnt + 1) *
	    sizeof(*paths));

	if (paths == NULL)
		return;
	if (file->path_cnt > 0)
		memcpy(paths, file->paths, file->path_cnt * sizeof(*paths));
	paths[file->path_cnt] = kyi_arena_text(file->arena, path, strlen(path));
	file->path_cnt += paths[file->path_cnt] != NULL;
	file->paths = paths;
}

/* Relative to the test file's folder; a pattern may match many. */
static void
paths_load(struct kyi_test_file *file, const struct kyi_tree_node *list)
{
	const char *slash = strrchr(file->tree->name, '/'), *text;
	const struct kyi_tree_node *node;
	glob_t found;
	size_t i;

	if (!kyi_tree_is(&file->faults, file->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next) {
		struct kymo_buffer path = {0};

		if (!kyi_tree_text(&file->faults, file->tree, node, "a path",
		    &text))
			continue;
		if (text[0] != '/' && slash != NULL)
			kymo_buffer_add(&path, file->tree->name,
			    (size_t)(slash - file->tree->name) + 1);
		kymo_buffer_str(&path, text);
		if (path.failed)
			continue;
		if (glob(path.at, 0, NULL, &found) == 0) {
			for (i = 0; i < found.gl_pathc; i++)
				path_add(file, found.gl_pathv[i]);
			globfree(&found);
		} else
			kymo_buffer_printf(file->out,
			    "  WARNING: no file match pattern %s\n", path.at);
		kymo_buffer_free(&path);
	}
}

static void
group_order_load(struct kyi_test_file *file, const struct kyi_tree_node *list)
{
	const struct kyi_tree_node *node;
	uint32_t cnt = 0, i;

	if (!kyi_tree_is(&file->faults, file->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next)
		cnt++;
	file->group_order = kyi_arena_get(file->arena, (cnt + 1) *
	    sizeof(*file->group_order));
	for (node = list->first; file->group_order != NULL && node != NULL;
	    node = node->next) {
		const char **name = &file->group_order[file->group_order_cnt];

		if (!kyi_tree_text(&file->faults, file->tree, node,
		    "a group's name", name))
			continue;
		for (i = 0; i < file->group_order_cnt; i++)
			if (strcmp(file->group_order[i], *name) == 0)
				kyi_fault(&file->faults, file->tree, node,
				    "group name repeated in evaluation order: "
				    "%s", *name);
		file->group_order_cnt++;
	}
}

static void
file_load(struct kyi_test_file *file)
{
	static const char *const keys[] = { "rule_files",
		"evaluation_interval", "group_eval_order", "tests",
		"fuzzy_compare" };
	const struct kyi_tree_node *root = file->tree->root;
	const char *word;

	if (!kyi_tree_is(&file->faults, file->tree, root, KYI_TREE_MAP))
		return;
	kyi_tree_keys(&file->faults, file->tree, root, "a file of rule tests",
	    keys, sizeof(keys) / sizeof(keys[0]));
	kyi_tree_duration(&file->faults, file->tree,
	    kyi_tree_get(root, "evaluation_interval"), &file->interval_ms);
	if (file->interval_ms == 0)
		file->interval_ms = INTERVAL_MS;
	paths_load(file, kyi_tree_get(root, "rule_files"));
	group_order_load(file, kyi_tree_get(root, "group_eval_order"));
	if (kyi_tree_text(&file->faults, file->tree,
	    kyi_tree_get(root, "fuzzy_compare"), "true or false", &word))
		file->is_fuzzy = strcmp(word, "true") == 0;
}

/* ---- one test ---------------------------------------------------------------------- */

struct kymo_label *
kyi_test_map(struct kyi_test_file *file, const struct kyi_tree_node *node,
    const char *more_key, const char *more_value, uint32_t *cnt)
{
	const struct kyi_tree_node *value;
	struct kymo_label *labels;

	*cnt = 0;
	if (node != NULL && node->kind != KYI_TREE_NULL &&
	    !kyi_tree_is(&file->faults, file->tree, node, KYI_TREE_MAP))
		return NULL;
	labels = calloc((node == NULL ? 0 : node->weight) + 1,
	    sizeof(*labels));
	for (value = node == NULL ? NULL : node->first;
	    labels != NULL && value != NULL; value = value->next) {
		if (more_key != NULL && strcmp(value->key, more_key) == 0)
			continue;
		labels[*cnt] = (struct kymo_label){.key = value->key,
		    .value = ""};
		kyi_tree_text(&file->faults, file->tree, value, "a text",
		    &labels[(*cnt)++].value);
	}
	if (labels != NULL && more_key != NULL)
		labels[(*cnt)++] = (struct kymo_label){.key = more_key,
		    .value = more_value};
	return labels;
}

static void
external_load(struct kyi_test *test)
{
	struct kymo_label *labels;
	uint32_t cnt;

	labels = kyi_test_map(test->file, kyi_tree_get(test->node,
	    "external_labels"), NULL, NULL, &cnt);
	if (labels != NULL)
		test->external = kymo_labels_make(labels, cnt);
	free(labels);
}

static void
series_load(struct kyi_test *test, const struct kyi_tree_node *list)
{
	static const char *const keys[] = { "series", "values" };
	struct kyi_test_file *file = test->file;
	const struct kyi_tree_node *node;
	uint32_t cnt = 0;

	if (!kyi_tree_is(&file->faults, file->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next)
		cnt++;
	test->series = kyi_arena_get(file->arena, (cnt + 1) *
	    sizeof(*test->series));
	for (node = list->first; test->series != NULL && node != NULL;
	    node = node->next) {
		struct kymo_buffer line = {0};
		struct kyi_notation read = {0};
		struct kymo_error error = {""};
		const char *series = "", *values = "";

		if (!kyi_tree_is(&file->faults, file->tree, node,
		    KYI_TREE_MAP))
			continue;
		kyi_tree_keys(&file->faults, file->tree, node, "a series",
		    keys, 2);
		kyi_tree_text(&file->faults, file->tree,
		    kyi_tree_get(node, "series"), "a series", &series);
		kyi_tree_text(&file->faults, file->tree,
		    kyi_tree_get(node, "values"), "values", &values);
		kymo_buffer_printf(&line, "%s %s", series, values);
		if (line.failed || kyi_notation_series(file->arena, line.at,
		    &read, &error) != 0)
			kyi_fault(&file->faults, file->tree, node, "%s",
			    line.failed ? "no memory" : error.text);
		else
			test->series[test->series_cnt++] =
			    (struct kyi_test_series){.labels = read.labels,
			    .points = read.points, .cnt = read.cnt};
		kymo_buffer_free(&line);
	}
}

/* RFC 3339, or seconds since 1970. */
static void
start_load(struct kyi_test *test, const struct kyi_tree_node *node)
{
	struct kyi_test_file *file = test->file;
	struct tm tm = {0};
	const char *text;
	char *end, sign = 'Z';
	int used = 0, hours = 0, minutes = 0;
	double s, fraction = 0;

	if (!kyi_tree_text(&file->faults, file->tree, node, "a time", &text))
		return;
	s = strtod(text, &end);
	if (end != text && *end == '\0') {
		test->start_ms = (int64_t)(s * 1000);
		return;
	}
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) == 6 &&
	    used > 0) {
		if (text[used] == '.') {
			fraction = strtod(text + used, &end);
			used = (int)(end - text);
		}
		sign = text[used];
		if (sign == 'Z' || sscanf(text + used + 1, "%2d:%2d", &hours,
		    &minutes) == 2) {
			tm.tm_year -= 1900;
			tm.tm_mon--;
			test->start_ms = (int64_t)timegm(&tm) * 1000 +
			    (int64_t)(fraction * 1000) - (sign == '+' ? 1 : -1)
			    * (hours * INT64_C(60) + minutes) * 60000;
			return;
		}
	}
	kyi_fault(&file->faults, file->tree, node, "expected a time as "
	    "2024-01-01T00:00:00Z or seconds since 1970, found '%.60s'", text);
}

static int64_t
end_of(struct kyi_test *test, const struct kyi_tree_node *list)
{
	struct kyi_test_file *file = test->file;
	const struct kyi_tree_node *node;
	int64_t end_ms = 0, ms;

	if (!kyi_tree_is(&file->faults, file->tree, list, KYI_TREE_LIST))
		return 0;
	for (node = list->first; node != NULL; node = node->next) {
		ms = 0;
		kyi_tree_duration(&file->faults, file->tree,
		    kyi_tree_get(node, "eval_time"), &ms);
		if (ms > end_ms)
			end_ms = ms;
	}
	return end_ms;
}

static void
test_load(struct kyi_test *test)
{
	static const char *const keys[] = { "interval", "input_series",
		"alert_rule_test", "promql_expr_test", "external_labels",
		"external_url", "name", "start_timestamp" };
	struct kyi_test_file *file = test->file;
	const struct kyi_tree_node *node = test->node;
	int64_t end_ms;

	if (!kyi_tree_is(&file->faults, file->tree, node, KYI_TREE_MAP))
		return;
	kyi_tree_keys(&file->faults, file->tree, node, "a test", keys,
	    sizeof(keys) / sizeof(keys[0]));
	kyi_tree_duration(&file->faults, file->tree,
	    kyi_tree_get(node, "interval"), &test->interval_ms);
	if (test->interval_ms == 0)
		test->interval_ms = file->interval_ms;
	kyi_tree_text(&file->faults, file->tree,
	    kyi_tree_get(node, "external_url"), "a URL", &test->external_url);
	external_load(test);
	start_load(test, kyi_tree_get(node, "start_timestamp"));
	series_load(test, kyi_tree_get(node, "input_series"));
	test->end_ms = end_of(test, kyi_tree_get(node, "alert_rule_test"));
	end_ms = end_of(test, kyi_tree_get(node, "promql_expr_test"));
	if (end_ms > test->end_ms)
		test->end_ms = end_ms;
}

/* ---- running ----------------------------------------------------------------------- */

static int
sink_append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	struct kyi_test *test = of;

	(void)ref;
	if (kymo_table_add(test->table, labels, at_ms, value, hist) == 0)
		return 0;
	return kymo_error_set(error, "no memory");
}

static int
test_begin(struct kyi_test *test)
{
	struct kyi_test_file *file = test->file;
	struct kymo_rule_faults hearer = {.fault = fault_say, .of = file->out};
	struct kymo_rule_options options = {.interval_ms = file->interval_ms,
	    .sink = {.of = test, .append = sink_append},
	    .external_labels = test->external,
	    .external_url = test->external_url, .as_written = true,
	    .group_order = file->group_order,
	    .group_order_cnt = file->group_order_cnt,
	    .query = {.subquery_step_ms = file->interval_ms}};
	struct kymo_error error = {""};

	if (kymo_rules_load(&test->rules, file->paths, file->path_cnt,
	    &hearer) != 0)
		return -1;
	test->table = kymo_table_new();
	if (test->table == NULL)
		return -1;
	options.source = kymo_table_source(test->table);
	if (kymo_rule_engine_new(&test->engine, test->rules, &options, &hearer,
	    &error) == 0)
		return 0;
	fault_say(file->out, error.text);
	return -1;
}

/* As promtool does, samples come as time goes, and none after the last pass. */
static int
samples_until(struct kyi_test *test, int64_t at_ms)
{
	uint32_t i;

	for (i = 0; i < test->series_cnt; i++) {
		struct kyi_test_series *series = &test->series[i];

		for (; series->loaded_cnt < series->cnt &&
		    (int64_t)series->loaded_cnt * test->interval_ms <= at_ms;
		    series->loaded_cnt++) {
			const struct kyi_notation_point *point =
			    &series->points[series->loaded_cnt];

			if (point->present && kymo_table_add(test->table,
			    series->labels, test->start_ms + test->interval_ms
			    * (int64_t)series->loaded_cnt, point->value,
			    point->hist) != 0)
				return -1;
		}
	}
	return 0;
}

struct errors {
	struct kyi_test *test;
	int64_t at_ms;
	bool any;
};

static int
errors_tell(void *to, const struct kymo_rule_status *status)
{
	struct errors *errors = to;
	struct kyi_test *test = errors->test;

	if (status->error[0] == '\0')
		return 0;
	errors->any = true;
	kyi_test_failed(test);
	kymo_buffer_printf(test->file->out, "    rule: %s, time: ",
	    status->rule->name);
	kyi_prom_duration_print(test->file->out, errors->at_ms);
	kymo_buffer_printf(test->file->out, ", err: %s\n", status->error);
	return 0;
}

static void
test_run(struct kyi_test *test)
{
	struct kymo_error error = {""};
	int64_t at_ms;

	if (test_begin(test) != 0) {
		kyi_test_failed(test);
		return;
	}
	for (at_ms = 0; at_ms <= test->end_ms;
	    at_ms += test->file->interval_ms) {
		struct errors errors = {.test = test, .at_ms = at_ms};

		if (samples_until(test, at_ms) != 0 ||
		    kymo_rule_engine_at(test->engine, test->start_ms + at_ms,
		    &error) != 0 || kymo_rule_engine_status(test->engine,
		    errors_tell, &errors) != 0) {
			kyi_test_failed(test);
			kymo_buffer_str(test->file->out, "    no memory\n");
			return;
		}
		if (errors.any)
			return;
		kyi_test_alerts(test, at_ms, at_ms + test->file->interval_ms);
	}
	kyi_test_exprs(test);
}

static void
test_one(struct kyi_test_file *file, const struct kyi_tree_node *node,
    const char *only)
{
	struct kyi_test test = {.file = file, .node = node};
	uint32_t fault_cnt = file->faults.cnt;

	kyi_tree_text(&file->faults, file->tree, kyi_tree_get(node, "name"),
	    "a name", &test.name);
	if (only != NULL && (test.name == NULL ||
	    strstr(test.name, only) == NULL))
		return;
	test_load(&test);
	if (fault_cnt == file->faults.cnt)
		test_run(&test);
	kymo_rule_engine_delete(test.engine);
	kymo_rules_delete(test.rules);
	if (test.table != NULL)
		kymo_table_delete(test.table);
	free(test.external);
}

int
kymo_rules_test(const char *path, const char *only, struct kymo_buffer *out)
{
	struct kymo_buffer said = {0};
	struct kyi_test_file file = {.out = &said, .faults = {.say = fault_say,
	    .of = &said}};
	const struct kyi_tree_node *tests, *test;
	int result;

	kymo_buffer_printf(out, "Unit Testing:  %s\n", path);
	file.arena = kyi_arena_new(0);
	file.tree = file.arena == NULL ? NULL : kyi_tree_load(file.arena, path,
	    &file.faults);
	if (file.tree != NULL)
		file_load(&file);
	tests = file.tree == NULL || file.faults.cnt > 0 ? NULL :
	    kyi_tree_get(file.tree->root, "tests");
	if (kyi_tree_is(&file.faults, file.tree, tests, KYI_TREE_LIST))
		for (test = tests->first; test != NULL; test = test->next)
			test_one(&file, test, only);
	result = file.tree == NULL || file.faults.cnt > 0 || said.failed ? -1 :
	    (int)file.failed_cnt;
	kymo_buffer_str(out, result == 0 ? "  SUCCESS\n" : "  FAILED:\n");
	if (said.at != NULL)
		kymo_buffer_add(out, said.at, said.len_bytes);
	kymo_buffer_free(&said);
	kyi_arena_delete(file.arena);
	return result;
}
