/* SPDX-License-Identifier: MIT */
/* Muted for what goes on elsewhere: components that depend on others, and
   maintenance. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

/* ---- dependencies --------------------------------------------------------- */

struct component {
	const struct kyi_alerted *down;  /* an alert that says so */
	const struct kyi_alerted *cause; /* of what it depends on */
	bool known;                      /* cause is */
};

/* UINT32_MAX: of none. */
static uint32_t
component_of(const struct kyi_routing_dependency *dependency,
    const struct kyi_alerted *alert)
{
	const char *name = kymo_labels_get(alert->labels, dependency->label);
	uint32_t i;

	for (i = 0; name[0] != '\0' && i < dependency->component_cnt; i++)
		if (strcmp(dependency->components[i].name, name) == 0)
			return i;
	return UINT32_MAX;
}

/* Nothing depends on itself: a file in which it does was refused. */
static const struct kyi_alerted *
cause_of(const struct kyi_routing_dependency *dependency,
    struct component *components, uint32_t idx)
{
	const struct kyi_routing_component *component =
	    &dependency->components[idx];
	uint32_t i;

	for (i = 0; !components[idx].known && i < component->on_cnt; i++) {
		uint32_t on = component->on[i];
		const struct kyi_alerted *cause = components[on].down;

		/* The deepest is the cause. */
		if (cause_of(dependency, components, on) != NULL)
			cause = components[on].cause;
		if (components[idx].cause == NULL)
			components[idx].cause = cause;
	}
	components[idx].known = true;
	return components[idx].cause;
}

static void
depend_one(struct kymo_alerts *alerts,
    const struct kyi_routing_dependency *dependency,
    struct component *components)
{
	struct kyi_alerted *alert;
	uint32_t i, idx;

	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			if (alert->state != KYMO_ALERT_FIRING ||
			    !kymo_matchers_match(dependency->down.at,
			    dependency->down.cnt, alert->labels))
				continue;
			idx = component_of(dependency, alert);
			if (idx != UINT32_MAX && (components[idx].down == NULL
			    || kymo_labels_compare(alert->labels,
			    components[idx].down->labels) < 0))
				components[idx].down = alert;
		}
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			if (!kyi_fires(alert) || alert->cause != NULL)
				continue;
			idx = component_of(dependency, alert);
			if (idx != UINT32_MAX)
				alert->cause = cause_of(dependency, components,
				    idx);
		}
}

int
kyi_alerts_depend(struct kymo_alerts *alerts)
{
	const struct kyi_routing_dependency *dependency;

	for (dependency = alerts->options.routing->dependencies;
	    dependency != NULL; dependency = dependency->next) {
		struct component *components = calloc(
		    (size_t)dependency->component_cnt + 1, sizeof(*components));

		if (components == NULL)
			return -1;
		depend_one(alerts, dependency, components);
		free(components);
	}
	return 0;
}

/* ---- maintenance ---------------------------------------------------------- */

#define MINUTE_MS 60000

static bool
is_now(struct kymo_alerts *alerts, const struct kyi_routing_maintenance *window)
{
	int64_t now_ms = alerts->now_ms;
	uint32_t i;

	if (now_ms < window->from_ms) {
		kyi_alerts_at(alerts, window->from_ms);
		return false;
	}
	if (now_ms >= window->until_ms)
		return false;
	kyi_alerts_at(alerts, window->until_ms);
	if (window->intervals.cnt == 0)
		return true;
	if (alerts->firing_cnt > 0)
		kyi_alerts_at(alerts, (now_ms / MINUTE_MS + 1) * MINUTE_MS);
	for (i = 0; i < window->intervals.cnt; i++)
		if (kyi_routing_times_have(window->intervals.at[i]->times,
		    now_ms))
			return true;
	return false;
}

void
kyi_alerts_maintain(struct kymo_alerts *alerts)
{
	const struct kyi_routing_maintenance *window;
	struct kyi_alerted *alert;
	uint32_t i;

	for (window = alerts->options.routing->maintenance; window != NULL;
	    window = window->next) {
		if (!is_now(alerts, window))
			continue;
		for (i = 0; i < alerts->bucket_cnt; i++)
			for (alert = alerts->alerts[i]; alert != NULL;
			    alert = alert->next)
				if (kyi_fires(alert) && alert->window == NULL &&
				    kymo_matchers_match(window->matchers.at,
				    window->matchers.cnt, alert->labels))
					alert->window = window;
	}
}
