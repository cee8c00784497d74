/* SPDX-License-Identifier: MIT */
/* Rules over samples that a test wrote down: what they record goes where they
   read. */
#ifndef TESTS_RULES_WORLD_H
#define TESTS_RULES_WORLD_H

#include "reader/buffer.h"
#include "reader/history/table.h"
#include "reader/rules/rules.h"

struct world {
	struct kymo_table *table;
	struct kymo_rules *rules;
	struct kymo_rule_engine *engine;
	struct kymo_rule_options options;
	struct kymo_buffer heard; /* faults */
	uint32_t appended_cnt;
};

static void
world_hear(void *of, const char *text)
{
	struct world *world = of;

	kymo_buffer_str(&world->heard, text);
	kymo_buffer_char(&world->heard, '\n');
}

static int
world_append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	struct world *world = of;

	(void)error;
	world->appended_cnt++;
	(*ref)++;
	assert_int_equal(kymo_table_add(world->table, labels, at_ms, value,
	    hist), 0);
	return 0;
}

/* A set of labels from "a=b,c=d". */
static struct kymo_labels *
world_labels(const char *text)
{
	static char room[500];
	struct kymo_label at[20];
	uint32_t cnt = 0;
	char *key, *save = NULL;

	snprintf(room, sizeof(room), "%s", text);
	for (key = strtok_r(room, ",", &save); key != NULL;
	    key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		*value = '\0';
		at[cnt++] = (struct kymo_label){ .key = key,
			.value = value + 1 };
	}
	return kymo_labels_make(at, cnt);
}

TESTLIB_UNUSED static void
world_put(struct world *world, const char *text, int64_t at_ms, double value)
{
	struct kymo_labels *labels = world_labels(text);

	assert_int_equal(kymo_table_add(world->table, labels, at_ms, value,
	    NULL), 0);
	free(labels);
}

/* Rules of text, and an engine that has not stepped yet; the rest of options
   may be set before. */
TESTLIB_UNUSED static void
world_begin(struct world *world, const char *text)
{
	struct kymo_rule_faults faults = { world_hear, world };
	struct kymo_error error = { "" };

	if (world->table == NULL)
		world->table = kymo_table_new();
	world->heard.len_bytes = 0;
	kymo_buffer_str(&world->heard, "");
	if (kymo_rules_parse(&world->rules, "f", text, strlen(text),
	    &faults) != 0)
		fail_msg("%s", world->heard.at);
	world->options.source = kymo_table_source(world->table);
	world->options.sink.of = world;
	world->options.sink.append = world_append;
	if (kymo_rule_engine_new(&world->engine, world->rules, &world->options,
	    &faults, &error) != 0)
		fail_msg("%s", error.text);
}

TESTLIB_UNUSED static void
world_end(struct world *world)
{
	kymo_rule_engine_delete(world->engine);
	kymo_rules_delete(world->rules);
	kymo_table_delete(world->table);
	kymo_buffer_free(&world->heard);
	memset(world, 0, sizeof(*world));
}

TESTLIB_UNUSED static void
world_at(struct world *world, int64_t at_ms)
{
	struct kymo_error error = { "" };

	if (kymo_rule_engine_at(world->engine, at_ms, &error) != 0)
		fail_msg("%s", error.text);
}

/* "SERIES VALUE" of an expression, sorted as the engine gives them. */
TESTLIB_UNUSED static const char *
world_ask(struct world *world, const char *expr, int64_t at_ms)
{
	static char told[4000];
	struct kymo_query_error error = { .line = 0 };
	struct kymo_result *result;
	struct kymo_query *query;
	size_t used = 0;

	if (kymo_query_parse(&query, expr, strlen(expr), &error) != 0)
		fail_msg("%s", error.error.text);
	if (kymo_query_instant(query, world->options.source, at_ms, NULL,
	    &result, &error) != 0)
		fail_msg("%s: %s", expr, error.error.text);
	told[0] = '\0';
	for (uint32_t i = 0; i < result->series_cnt; i++) {
		const struct kymo_result_series *series = &result->series[i];

		for (uint32_t k = 0; k < series->labels->cnt; k++)
			used += (size_t)snprintf(told + used, sizeof(told) -
			    used, "%s%s=%s", k == 0 ? "" : ",",
			    series->labels->at[k].key,
			    series->labels->at[k].value);
		used += (size_t)snprintf(told + used, sizeof(told) - used,
		    " %g\n", series->points[0].value);
	}
	kymo_result_delete(result);
	kymo_query_delete(query);
	return told;
}

static int
world_tell(void *to, const struct kymo_rule_status *status)
{
	static const char *const states[] = { "inactive", "pending", "firing" };
	struct kymo_buffer *out = to;

	if (status->health == KYMO_RULE_NO_DATA)
		kymo_buffer_printf(out, "%s: no data\n", status->rule->name);
	if (status->error[0] != '\0')
		kymo_buffer_printf(out, "%s: %s\n", status->rule->name,
		    status->error);
	for (uint32_t i = 0; i < status->alert_cnt; i++) {
		const struct kymo_alert *alert = &status->alerts[i];

		kymo_buffer_printf(out, "%s %s%s%s", status->rule->name,
		    states[alert->state], alert->kept ? " kept" : "",
		    alert->inhibited ? " inhibited" : "");
		for (uint32_t k = 0; k < alert->labels->cnt; k++)
			if (strcmp(alert->labels->at[k].key, "alertname") != 0)
				kymo_buffer_printf(out, " %s=%s",
				    alert->labels->at[k].key,
				    alert->labels->at[k].value);
		for (uint32_t k = 0; k < alert->annotation_cnt; k++)
			kymo_buffer_printf(out, " '%s'",
			    alert->annotations[k].value);
		kymo_buffer_printf(out, " since %lld\n",
		    (long long)alert->active_ms / 1000);
	}
	return 0;
}

/* What the rules say of themselves. */
TESTLIB_UNUSED static const char *
world_status(struct world *world)
{
	static struct kymo_buffer told, copied;
	static char text[4000];

	told.len_bytes = copied.len_bytes = 0;
	kymo_buffer_str(&told, "");
	kymo_buffer_str(&copied, "");
	assert_int_equal(kymo_rule_engine_status(world->engine, world_tell,
	    &told), 0);
	assert_int_equal(kymo_rule_engine_snapshot(world->engine, world_tell,
	    &copied), 0);
	assert_string_equal(copied.at, told.at);
	kymo_buffer_free(&copied);
	snprintf(text, sizeof(text), "%s", told.at);
	kymo_buffer_free(&told);
	return text;
}

#endif
