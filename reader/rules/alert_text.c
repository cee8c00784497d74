/* SPDX-License-Identifier: MIT */
/* What is said of alerts: templates expanded, and the series ALERTS and
   ALERTS_FOR_STATE. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

/* ---- templates -------------------------------------------------------------------- */

struct asker {
	struct kymo_rule_engine *engine;
	int64_t at_ms;
};

static int
ask(void *of, const char *text, struct kymo_result **result,
    struct kymo_error *error)
{
	const struct asker *asker = of;
	const struct kymo_rule_options *options = &asker->engine->options;
	struct kymo_query_error said = {.line = 0};
	struct kymo_query *query;
	int status;

	if (kymo_query_parse(&query, text, strlen(text), &said) != 0) {
		*error = said.error;
		return -1;
	}
	status = kymo_query_instant(query, options->source, asker->at_ms,
	    &options->query, result, &said);
	kymo_query_delete(query);
	if (status != 0)
		*error = said.error;
	return status;
}

static void
answered(void *of, struct kymo_result *result)
{
	(void)of;
	kymo_result_delete(result);
}

void
kyi_expand(struct kymo_rule_engine *engine,
    const struct kyi_template *template_, const char *plain,
    const struct kymo_labels *labels, double value,
    const struct kymo_native_hist *hist, int64_t at_ms,
    struct kymo_buffer *out)
{
	struct asker asker = {engine, at_ms};
	struct kyi_template_data data = {.labels = labels,
	    .external_labels = engine->external,
	    .external_url = engine->options.external_url, .value = value,
	    .hist = hist, .at_ms = at_ms, .query = ask, .done = answered,
	    .of = &asker, .anomaly = engine->options.anomaly,
	    .anomaly_of = engine->options.anomaly_of};
	struct kymo_error error = {""};

	if (template_ == NULL)
		kymo_buffer_str(out, plain);
	else if (kyi_template_expand(template_, &data, out, &error) != 0)
		kymo_buffer_printf(out, "<error expanding template: %s>",
		    error.text);
}

void
kyi_annotate(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, int64_t at_ms)
{
	static const struct kymo_labels none;
	const struct kymo_rule *rule = run->rule;
	const struct kyi_rule_private *private_ = rule->private_;
	struct kyi_alert *alert = entry->alert;
	bool failed = false;
	uint32_t i;

	if (rule->annotation_cnt == 0 || (alert->is_annotated &&
	    memcmp(&alert->annotated_value, &entry->value,
	    sizeof(entry->value)) == 0 && !run->in_pass))
		return;
	if (alert->annotations == NULL)
		alert->annotations = calloc(rule->annotation_cnt,
		    sizeof(alert->annotations[0]));
	for (i = 0; alert->annotations != NULL && i < rule->annotation_cnt;
	    i++) {
		struct kymo_buffer text = {0};

		kymo_buffer_str(&text, "");
		kyi_expand(engine, private_->annotations[i],
		    rule->annotations[i].value, entry->in == NULL ? &none :
		    entry->in, entry->value, run->in_pass ? entry->hist : NULL,
		    at_ms, &text);
		failed = failed || text.failed || text.at == NULL;
		free((char *)(uintptr_t)alert->annotations[i].value);
		alert->annotations[i].key = rule->annotations[i].key;
		alert->annotations[i].value = text.at;
	}
	/* All of them, or none until the next pass. */
	if (failed || alert->annotations == NULL) {
		kyi_annotations_forget(alert, rule->annotation_cnt);
		return;
	}
	alert->is_annotated = true;
	alert->annotated_value = entry->value;
}

/* ---- series ------------------------------------------------------------------------ */

static int
series_name(struct kymo_rule_engine *engine, const struct kyi_entry *entry,
    struct kyi_written *series, const char *name, const char *state)
{
	const char *pairs[] = {KYMO_NAME_LABEL, name, "alertstate", state};

	if (series->labels == NULL)
		series->labels = kyi_labels_with(engine, entry->out, pairs,
		    state == NULL ? 1 : 2);
	return series->labels == NULL ? -1 : 0;
}

void
kyi_alert_write(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, int64_t at_ms)
{
	struct kyi_alert *alert = entry->alert;
	int now = alert->state == KYMO_ALERT_FIRING;

	if (alert->state == KYMO_ALERT_INACTIVE) {
		kyi_write_end(engine, run, &alert->alerts[0], at_ms);
		kyi_write_end(engine, run, &alert->alerts[1], at_ms);
		kyi_write_end(engine, run, &entry->series, at_ms);
		return;
	}
	if (series_name(engine, entry, &alert->alerts[now], "ALERTS",
	    now ? "firing" : "pending") != 0 ||
	    series_name(engine, entry, &entry->series, "ALERTS_FOR_STATE",
	    NULL) != 0) {
		run->health = KYMO_RULE_ERROR;
		kymo_error_set(&run->error, "no memory");
		return;
	}
	kyi_write(engine, run, &alert->alerts[now], at_ms, 1, NULL);
	kyi_write_end(engine, run, &alert->alerts[!now], at_ms);
	kyi_write(engine, run, &entry->series, at_ms,
	    (double)(alert->active_ms / 1000), NULL);
}
