/* SPDX-License-Identifier: MIT */
/* What a rule test expects of alerts, and which there are. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/duration.h"
#include "reader/rules/test_file.h"

void
kyi_test_labels_put(struct kymo_buffer *out, const struct kymo_label *labels,
    uint32_t cnt)
{
	uint32_t i;
	const char *at;

	kymo_buffer_char(out, '{');
	for (i = 0; i < cnt; i++) {
		kymo_buffer_printf(out, "%s%s=\"", i == 0 ? "" : ", ",
		    labels[i].key);
		for (at = labels[i].value; *at != '\0'; at++)
			if (*at == '\n')
				kymo_buffer_str(out, "\\n");
			else {
				if (*at == '"' || *at == '\\')
					kymo_buffer_char(out, '\\');
				kymo_buffer_char(out, *at);
			}
		kymo_buffer_char(out, '"');
	}
	kymo_buffer_char(out, '}');
}

/* Alerts as texts, sorted, so that two lists compare line by line. */
struct told {
	char **at;
	uint32_t cnt, room;
	const char *name; /* whose alerts are gathered */
	struct kyi_test *test;
	bool failed;
};

static int
label_compare(const void *a, const void *b)
{
	return strcmp(((const struct kymo_label *)a)->key,
	    ((const struct kymo_label *)b)->key);
}

/* Sorts both; NULL: no memory. Empty ones count, as they do to promtool. */
static void
told_add(struct told *told, struct kymo_label *labels, uint32_t label_cnt,
    struct kymo_label *annotations, uint32_t annotation_cnt)
{
	struct kymo_buffer text = {0};
	char **at;

	if (told->cnt == told->room) {
		at = reallocarray(told->at, told->room * 2 + 8, sizeof(*at));
		if (at == NULL) {
			told->failed = true;
			return;
		}
		told->at = at;
		told->room = told->room * 2 + 8;
	}
	if (labels == NULL || annotations == NULL) {
		told->failed = true;
		return;
	}
	qsort(labels, label_cnt, sizeof(*labels), label_compare);
	qsort(annotations, annotation_cnt, sizeof(*annotations),
	    label_compare);
	kymo_buffer_str(&text, "              Labels:");
	kyi_test_labels_put(&text, labels, label_cnt);
	kymo_buffer_str(&text, "\n              Annotations:");
	kyi_test_labels_put(&text, annotations, annotation_cnt);
	kymo_buffer_char(&text, '\n');
	if (text.failed)
		told->failed = true;
	else
		told->at[told->cnt++] = text.at;
}

static int
text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
told_put(struct kymo_buffer *out, const struct told *told)
{
	uint32_t i;

	kymo_buffer_char(out, '[');
	for (i = 0; i < told->cnt; i++)
		kymo_buffer_printf(out, "\n            %u:\n%.*s%s", i,
		    (int)strlen(told->at[i]) - 1, told->at[i],
		    i + 1 < told->cnt ? "," : "\n            ");
	kymo_buffer_char(out, ']');
}

static void
told_free(struct told *told)
{
	while (told->cnt > 0)
		free(told->at[--told->cnt]);
	free(told->at);
}

static int
got_gather(void *to, const struct kymo_rule_status *status)
{
	struct told *told = to;
	uint32_t i, k;

	if (!status->rule->is_alert ||
	    strcmp(status->rule->name, told->name) != 0)
		return 0;
	for (i = 0; i < status->alert_cnt; i++) {
		const struct kymo_alert *alert = &status->alerts[i];
		struct kymo_label *labels, *annotations;

		if (alert->state != KYMO_ALERT_FIRING)
			continue;
		labels = calloc(alert->labels->cnt + 1u, sizeof(*labels));
		annotations = calloc(alert->annotation_cnt + 1u,
		    sizeof(*annotations));
		for (k = 0; labels != NULL && k < alert->labels->cnt; k++)
			labels[k] = alert->labels->at[k];
		for (k = 0; annotations != NULL && k < alert->annotation_cnt;
		    k++)
			annotations[k] = (struct kymo_label){
			    .key = alert->annotations[k].key,
			    .value = alert->annotations[k].value};
		told_add(told, labels, alert->labels->cnt, annotations,
		    alert->annotation_cnt);
		free(labels);
		free(annotations);
	}
	return 0;
}

static void
expected_gather(struct told *told, const struct kyi_tree_node *list)
{
	static const char *const keys[] = { "exp_labels", "exp_annotations" };
	struct kyi_test_file *file = told->test->file;
	const struct kyi_tree_node *node;

	if (!kyi_tree_is(&file->faults, file->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next) {
		struct kymo_label *labels, *annotations;
		uint32_t label_cnt, annotation_cnt;

		if (node->kind == KYI_TREE_MAP)
			kyi_tree_keys(&file->faults, file->tree, node,
			    "an expected alert", keys, 2);
		labels = kyi_test_map(file, kyi_tree_get(node, keys[0]),
		    "alertname", told->name, &label_cnt);
		annotations = kyi_test_map(file, kyi_tree_get(node, keys[1]),
		    NULL, NULL, &annotation_cnt);
		told_add(told, labels, label_cnt, annotations,
		    annotation_cnt);
		free(labels);
		free(annotations);
	}
}

static bool
told_same(struct told *a, struct told *b)
{
	uint32_t i;

	if (a->cnt > 0)
		qsort(a->at, a->cnt, sizeof(a->at[0]), text_compare);
	if (b->cnt > 0)
		qsort(b->at, b->cnt, sizeof(b->at[0]), text_compare);
	if (a->failed || b->failed || a->cnt != b->cnt)
		return false;
	for (i = 0; i < a->cnt; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

static void
alert_test(struct kyi_test *test, const struct kyi_tree_node *node,
    const char *name, int64_t ms)
{
	struct kymo_buffer *out = test->file->out;
	struct told expected = {.name = name, .test = test};
	struct told got = {.name = name, .test = test};

	expected_gather(&expected, kyi_tree_get(node, "exp_alerts"));
	if (kymo_rule_engine_status(test->engine, got_gather, &got) != 0)
		got.failed = true;
	if (!told_same(&expected, &got)) {
		kyi_test_failed(test);
		kymo_buffer_printf(out, "    alertname: %s, time: ", name);
		kyi_prom_duration_print(out, ms);
		kymo_buffer_str(out, ", \n        exp:");
		told_put(out, &expected);
		kymo_buffer_str(out, ", \n        got:");
		told_put(out, &got);
		kymo_buffer_char(out, '\n');
	}
	told_free(&expected);
	told_free(&got);
}

void
kyi_test_alerts(struct kyi_test *test, int64_t at_ms, int64_t to_ms)
{
	static const char *const keys[] = { "eval_time", "alertname",
		"exp_alerts" };
	struct kyi_test_file *file = test->file;
	const struct kyi_tree_node *list = kyi_tree_get(test->node,
	    "alert_rule_test"), *node;

	for (node = list == NULL ? NULL : list->first; node != NULL;
	    node = node->next) {
		const char *name = "";
		int64_t ms = 0;

		if (node->kind != KYI_TREE_MAP)
			continue;
		if (at_ms == 0)
			kyi_tree_keys(&file->faults, file->tree, node,
			    "an alert_rule_test", keys, 3);
		kyi_tree_duration(&file->faults, file->tree,
		    kyi_tree_get(node, "eval_time"), &ms);
		if (!kyi_tree_text(&file->faults, file->tree,
		    kyi_tree_get(node, "alertname"), "a name", &name) &&
		    at_ms == 0)
			kyi_fault(&file->faults, file->tree, node, "an item "
			    "under alert_rule_test misses required attribute "
			    "alertname");
		if (ms >= at_ms && ms < to_ms && name[0] != '\0')
			alert_test(test, node, name, ms);
	}
}
