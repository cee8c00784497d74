/* SPDX-License-Identifier: MIT */
/* What rules come to: the order of a pass, who reads whom, and all of it as
   Prometheus would have it. */
#include <string.h>

#include "reader/rules/duration.h"
#include "reader/rules/engine.h"

struct reads {
	struct kymo_buffer *out;
	uint32_t cnt;
};

static int
read_put(void *to, const struct kymo_query_selector *selector)
{
	struct reads *reads = to;
	const char *name = "series by their labels alone";
	uint32_t i;

	for (i = 0; i < selector->matcher_cnt; i++)
		if (strcmp(selector->matchers[i].key, KYMO_NAME_LABEL) == 0)
			name = selector->matchers[i].value;
	kymo_buffer_printf(reads->out, "%s%s", reads->cnt++ == 0 ? " reads " :
	    ", ", name);
	if (selector->is_range && !selector->fixed) {
		kymo_buffer_char(reads->out, '[');
		kyi_prom_duration_print(reads->out, selector->to_ms -
		    selector->from_ms);
		kymo_buffer_char(reads->out, ']');
	}
	return 0;
}

static void
run_put(struct kymo_buffer *out, uint32_t number,
    const struct kyi_rule_run *run)
{
	const struct kymo_rule *rule = run->rule;
	struct reads reads = {.out = out};

	kymo_buffer_printf(out, "# %3u. %s %s (%s):", number, rule->is_alert ?
	    "alert" : "record", rule->name, run->group->group->name);
	kymo_query_selectors(rule->query, read_put, &reads);
	if (reads.cnt == 0)
		kymo_buffer_str(out, " reads nothing");
	kymo_buffer_char(out, '\n');
}

int
kymo_rules_explain(const struct kymo_rules *rules,
    const struct kymo_rule_faults *faults, struct kymo_buffer *out)
{
	static const struct kymo_rule_options options;
	struct kymo_rule_engine *engine;
	struct kymo_error error;
	uint32_t i;

	if (kymo_rule_engine_new(&engine, rules, &options, faults, &error) != 0)
		return -1;
	kymo_buffer_str(out, "# In the order of a pass:\n");
	for (i = 0; i < engine->run_cnt; i++)
		run_put(out, i + 1, engine->order[i]);
	kymo_rule_engine_delete(engine);
	kymo_rules_print(rules, true, out);
	return 0;
}
