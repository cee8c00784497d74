/* SPDX-License-Identifier: MIT */
/* What is known of rules and their alerts, for whoever asks. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

struct teller {
	struct kymo_rule_engine *engine;
	struct kymo_alert *alerts;
	uint32_t room;
};

static void
alert_tell(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, struct kymo_alert *told)
{
	const struct kyi_alert *alert = entry->alert;

	if (!run->annotations_look)
		kyi_annotate(engine, run, entry, run->at_ms);
	*told = (struct kymo_alert){.labels = entry->out,
	    .annotations = alert->annotations,
	    .annotation_cnt = alert->annotations == NULL ? 0 :
	    run->rule->annotation_cnt, .state = alert->state,
	    .kept = alert->kept, .inhibited = alert->inhibited,
	    .value = entry->value, .active_ms = alert->active_ms,
	    .fired_ms = alert->fired_ms,
	    .keep_firing_ms = alert->keep_firing_ms,
	    .resolved_ms = alert->resolved_ms};
}

static int
alerts_tell(struct teller *teller, struct kyi_rule_run *run,
    struct kymo_rule_status *status)
{
	struct kymo_alert *alerts;
	uint32_t i;

	if (!run->rule->is_alert)
		return 0;
	if (run->entries.cnt > teller->room) {
		alerts = reallocarray(teller->alerts, run->entries.cnt,
		    sizeof(*alerts));
		if (alerts == NULL)
			return -1;
		teller->alerts = alerts;
		teller->room = run->entries.cnt;
	}
	for (i = 0; i < run->entries.cnt; i++) {
		const struct kyi_alert *alert = run->entries.at[i]->alert;

		/* Made by a pass that failed: it never was. */
		if (alert->state == KYMO_ALERT_INACTIVE &&
		    alert->resolved_ms == 0)
			continue;
		alert_tell(teller->engine, run, run->entries.at[i],
		    &teller->alerts[status->alert_cnt++]);
	}
	status->alerts = teller->alerts;
	return 0;
}

int
kymo_rule_engine_status(struct kymo_rule_engine *engine,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to)
{
	struct teller teller = {.engine = engine};
	int result = 0;
	uint32_t i;

	pthread_mutex_lock(&engine->lock);
	for (i = 0; result == 0 && i < engine->run_cnt; i++) {
		struct kyi_rule_run *run = &engine->runs[i];
		struct kymo_rule_status status = {
		    .group = run->group->group, .rule = run->rule,
		    .health = run->health, .error = run->error.text,
		    .at_ms = run->at_ms, .took_ns = run->took_ns};

		result = alerts_tell(&teller, run, &status);
		if (result == 0)
			result = each(to, &status);
	}
	pthread_mutex_unlock(&engine->lock);
	free(teller.alerts);
	return result;
}
