/* SPDX-License-Identifier: MIT */
/* Health as series: docs/health.md lists the same. */
#include <math.h>
#include <string.h>

#include "reader/health/private.h"

#define GAUGE KYMO_METRIC_GAUGE
#define FLOAT KYMO_METRIC_FLOAT_GAUGE
#define COUNTER KYMO_METRIC_COUNTER

struct put {
	struct kymo_model *model;
	struct kymo_label labels[3];
	uint32_t label_cnt;
};

static void
put(struct put *to, const char *name, const char *help, const char *unit,
    enum kymo_metric_kind kind, double value)
{
	kymo_model_ingest(to->model, name, help, unit, kind, to->labels,
	    to->label_cnt, value);
}

static void
check_put(struct put *to, const struct kyi_check *check)
{
	static const char *const results[] = {"good", "bad", "unknown"};
	uint32_t i;

	to->labels[1] = (struct kymo_label){"check", check->plan->name};
	to->label_cnt = 2;
	/* Not there while nothing is known. */
	if (check->state == KYMO_IS_OK || check->state == KYMO_IS_FAILING)
		put(to, "kymo_component_check_up",
		    "Whether a check of a component finds it well", "", GAUGE,
		    check->state == KYMO_IS_OK);
	if (!isnan(check->seconds))
		put(to, "kymo_component_check_duration_seconds",
		    "Time that the last look of a check took", "seconds", FLOAT,
		    check->seconds);
	if (!isnan(check->certificate_days))
		put(to, "kymo_component_certificate_days",
		    "Days left to a certificate, as a check met it", "", FLOAT,
		    check->certificate_days);
	to->label_cnt = 3;
	for (i = 0; i < 3; i++) {
		to->labels[2] = (struct kymo_label){"result", results[i]};
		put(to, "kymo_component_check_looks",
		    "Looks of checks, by what came of them", "", COUNTER,
		    (double)check->results[i]);
	}
}

static void
remedy_put(struct put *to, const struct kyi_remedy *remedy)
{
	put(to, "kymo_component_recovery_attempts",
	    "Attempts to bring a component back", "", COUNTER,
	    (double)remedy->attempts);
	put(to, "kymo_component_recovery_successes",
	    "Attempts after which a component was well again", "", COUNTER,
	    (double)remedy->successes);
	if (remedy->attempts > 0)
		put(to, "kymo_component_recovery_success_ratio",
		    "Successes by attempts", "", FLOAT,
		    (double)remedy->successes / (double)remedy->attempts);
	put(to, "kymo_component_recovery_seconds",
	    "Time from a component's failing to its being well, added up",
	    "seconds", KYMO_METRIC_FLOAT_COUNTER, remedy->seconds);
	if (!isnan(remedy->last_seconds))
		put(to, "kymo_component_recovery_last_seconds",
		    "Time from failing to being well, of the last recovery",
		    "seconds", FLOAT, remedy->last_seconds);
	put(to, "kymo_component_recovery_failed",
	    "Whether the attempts that an hour may have did not help", "",
	    GAUGE, remedy->escalated);
}

static void
component_put(const struct kymo_care *care, struct put *to,
    const struct kyi_component *component)
{
	static const enum kymo_condition states[] = {KYMO_IS_OK,
	    KYMO_IS_STARTING, KYMO_IS_DEGRADED, KYMO_IS_FAILING,
	    KYMO_IS_UNKNOWN};
	uint32_t i;

	to->labels[0] = (struct kymo_label){"component", component->name};
	to->label_cnt = 2;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		to->labels[1] = (struct kymo_label){"state",
		    kymo_condition_name(states[i])};
		put(to, "kymo_component_health",
		    "Whether a component is in that state", "", GAUGE,
		    component->state == states[i]);
	}
	if (component->root != KYI_CARE_NONE &&
	    component->state != KYMO_IS_OK) {
		to->labels[1] = (struct kymo_label){"root",
		    care->components[component->root].name};
		put(to, "kymo_component_hangs",
		    "Components that are not well, for another one they depend "
		    "on fails", "", GAUGE, 1);
	}
	to->label_cnt = 1;
	if (component->plan != NULL &&
	    component->plan->recovery.action_cnt > 0)
		remedy_put(to, &component->remedy);
	for (i = 0; component->plan != NULL &&
	    i < component->plan->check_cnt; i++)
		check_put(to, &component->checks[i]);
}

void
kymo_care_ingest(struct kymo_care *care, struct kymo_model *model)
{
	struct put to = {.model = model};
	uint32_t i;

	for (i = 0; i < care->component_cnt; i++)
		component_put(care, &to, &care->components[i]);
}
