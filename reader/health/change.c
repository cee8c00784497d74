/* SPDX-License-Identifier: MIT */
/* Other plans: what is known of what has not changed goes on; what runs for a
   component that is gone ends in its own time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

/* What was known stays, with the new plan. */
static void
check_adopt(struct kyi_check *check, struct kyi_check *before)
{
	const struct kymo_check *plan = check->plan;

	*check = *before;
	check->plan = plan;
	before->ticket = 0;
}

static bool
text_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
component_adopt(struct kyi_component *component, struct kyi_component *before)
{
	const struct kymo_care_plan *old = before->plan;
	uint32_t i, k;

	for (i = 0; old != NULL && i < component->plan->check_cnt; i++)
		for (k = 0; k < old->check_cnt; k++)
			if (kyi_check_same(&component->plan->checks[i],
			    &old->checks[k]))
				check_adopt(&component->checks[i],
				    &before->checks[k]);
	component->reported = before->reported;
	component->report = before->report;
	component->report_ns = before->report_ns;
	component->was_refusing = before->was_refusing;
	memcpy(component->refused, before->refused,
	    sizeof(component->refused));
	memcpy(component->report_reason, before->report_reason,
	    sizeof(component->report_reason));
	memcpy(component->degraded, before->degraded,
	    sizeof(component->degraded));
	component->degraded_until_ns = before->degraded_until_ns;
	memcpy(component->reason, before->reason, sizeof(component->reason));
	component->state = before->state;
	component->since_ns = before->since_ns;
	component->since_ms = before->since_ms;
	component->remedy = before->remedy;
	before->remedy.ticket = 0;
	if (old != NULL && text_same(component->plan->degradation.latency,
	    old->degradation.latency) &&
	    text_same(component->plan->degradation.errors,
	    old->degradation.errors) &&
	    text_same(component->plan->degradation.service,
	    old->degradation.service) &&
	    text_same(component->plan->degradation.requests,
	    old->degradation.requests))
		component->past = before->past;
}

/* ---- actions of who is gone ------------------------------------------------ */

static void
orphan_forget(struct kymo_care *care, uint32_t idx)
{
	care->orphans[idx] = care->orphans[--care->orphan_cnt];
}

/* Without memory it is given up. */
static void
orphan_add(struct kymo_care *care, const struct kyi_component *component)
{
	const struct kymo_care_world *world = &care->options.world;
	struct kyi_orphan *array = reallocarray(care->orphans,
	    care->orphan_cnt + 1u, sizeof(array[0]));

	if (array == NULL) {
		(void)world->give_up(world->of, component->remedy.ticket);
		return;
	}
	care->orphans = array;
	array += care->orphan_cnt++;
	array->remedy = component->remedy;
	snprintf(array->component, sizeof(array->component), "%s",
	    component->name);
	kyi_care_say(care, 1, "component %s: it is looked after no more; the "
	    "action that runs for it may end", component->name);
}

/* It is back while its action still runs: not one more beside that. */
static void
orphan_adopt(struct kymo_care *care, struct kyi_component *component)
{
	uint32_t i;

	for (i = 0; i < care->orphan_cnt; i++)
		if (strcmp(care->orphans[i].component, component->name) == 0) {
			component->remedy = care->orphans[i].remedy;
			orphan_forget(care, i);
			return;
		}
}

void
kyi_orphans_step(struct kymo_care *care)
{
	const struct kymo_care_world *world = &care->options.world;
	uint32_t i = 0;

	while (i < care->orphan_cnt) {
		const struct kyi_orphan *orphan = &care->orphans[i];

		if (care->now_ns < orphan->remedy.until_ns) {
			i++;
			continue;
		}
		(void)world->give_up(world->of, orphan->remedy.ticket);
		kyi_care_say(care, 2, "component %s, which is looked after no "
		    "more: its action was not done in its time, and is ended",
		    orphan->component);
		orphan_forget(care, i);
	}
}

bool
kyi_orphan_acted(struct kymo_care *care, uint64_t ticket,
    const struct kymo_looked *looked)
{
	uint32_t i;

	for (i = 0; i < care->orphan_cnt; i++)
		if (care->orphans[i].remedy.ticket == ticket) {
			kyi_care_say(care, looked->result == KYMO_LOOK_GOOD ?
			    1 : 2, "component %s, which is looked after no "
			    "more: its action has ended%s%s",
			    care->orphans[i].component,
			    looked->result == KYMO_LOOK_GOOD ? "" : ": ",
			    looked->result == KYMO_LOOK_GOOD ? "" :
			    looked->reason);
			orphan_forget(care, i);
			return true;
		}
	return false;
}

uint64_t
kyi_orphans_next_ns(const struct kymo_care *care)
{
	uint64_t next_ns = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < care->orphan_cnt; i++)
		if (care->orphans[i].remedy.until_ns < next_ns)
			next_ns = care->orphans[i].remedy.until_ns;
	return next_ns;
}

/* ---- the change ------------------------------------------------------------ */

/* Nobody waits for what a component of before looks at. What is being done for
   it, a restart maybe, is not cut off in the middle. */
static void
component_drop(struct kymo_care *care, struct kyi_component *component)
{
	const struct kymo_care_world *world = &care->options.world;
	uint32_t i;

	for (i = 0; component->plan != NULL &&
	    i < component->plan->check_cnt; i++)
		if (component->checks[i].ticket != 0)
			(void)world->give_up(world->of,
			    component->checks[i].ticket);
	if (component->remedy.ticket != 0)
		orphan_add(care, component);
}

/* Those that only report themselves come along, if there is memory. */
static void
reporters_adopt(struct kymo_care *care, struct kymo_care *before)
{
	uint32_t i;

	for (i = before->planned_cnt; i < before->component_cnt; i++) {
		struct kyi_component *old = &before->components[i], *now;

		if (kyi_care_find(care, old->name) != NULL)
			continue;
		now = kyi_care_reporter(care, old->name);
		if (now == NULL)
			return;
		now->reported = old->reported;
		now->report = old->report;
		now->report_ns = old->report_ns;
		memcpy(now->report_reason, old->report_reason,
		    sizeof(now->report_reason));
		memcpy(now->degraded, old->degraded, sizeof(now->degraded));
		now->degraded_until_ns = old->degraded_until_ns;
		memcpy(now->reason, old->reason, sizeof(now->reason));
		now->state = old->state;
		now->since_ns = old->since_ns;
		now->since_ms = old->since_ms;
	}
}

int
kymo_care_change(struct kymo_care *care, struct kymo_care_plan **plans,
    uint32_t plan_cnt, struct kymo_error *error)
{
	struct kymo_care made = { .options = care->options,
	    .scan_ns = care->scan_ns, .ticket = care->ticket,
	    .now_ns = care->now_ns, .now_ms = care->now_ms,
	    .unsaved = care->unsaved, .learned = care->learned,
	    .kept_ns = care->kept_ns };
	uint32_t i;

	if (kyi_care_plans_take(&made, plans, plan_cnt, error) != 0) {
		kyi_care_components_free(&made);
		return -1;
	}
	for (i = 0; i < made.planned_cnt; i++) {
		struct kyi_component *before = kyi_care_find(care,
		    made.components[i].name);

		if (before != NULL)
			component_adopt(&made.components[i], before);
	}
	reporters_adopt(&made, care);
	kyi_facts_adopt(&made, care);
	for (i = 0; i < care->component_cnt; i++)
		component_drop(care, &care->components[i]);
	made.orphans = care->orphans;
	made.orphan_cnt = care->orphan_cnt;
	care->orphans = NULL;
	for (i = 0; i < made.planned_cnt; i++)
		if (made.components[i].remedy.ticket == 0)
			orphan_adopt(&made, &made.components[i]);
	kyi_care_components_free(care);
	*care = made;
	return 0;
}
