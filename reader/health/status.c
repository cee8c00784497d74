/* SPDX-License-Identifier: MIT */
/* What is known, for whoever asks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

const char *
kymo_condition_name(enum kymo_condition state)
{
	static const char *const names[] = {
		[KYMO_IS_UNKNOWN] = "unknown", [KYMO_IS_OK] = "ok",
		[KYMO_IS_STARTING] = "starting",
		[KYMO_IS_DEGRADED] = "degraded", [KYMO_IS_FAILING] = "failing",
	};

	return names[state];
}

const char *
kymo_check_kind_name(enum kymo_check_kind kind)
{
	static const char *const names[] = {
		[KYMO_CHECK_NONE] = "", [KYMO_CHECK_PROCESS] = "process",
		[KYMO_CHECK_HEARTBEAT] = "heartbeat", [KYMO_CHECK_TCP] = "tcp",
		[KYMO_CHECK_HTTP] = "http", [KYMO_CHECK_COMMAND] = "command",
		[KYMO_CHECK_PROMQL] = "promql",
	};

	return names[kind];
}

static void
check_fill(struct kymo_care_check *to, const struct kyi_check *check)
{
	*to = (struct kymo_care_check){
		.name = check->plan->name, .kind = check->plan->kind,
		.what = check->plan->what.text != NULL ?
		    check->plan->what.text : check->plan->argv_cnt > 0 ?
		    check->plan->argv[0] : "",
		.state = check->state, .reason = check->reason,
		.good_cnt = check->results[KYMO_LOOK_GOOD - 1],
		.bad_cnt = check->results[KYMO_LOOK_BAD - 1],
		.unknown_cnt = check->results[KYMO_LOOK_UNKNOWN - 1],
		.seconds = check->seconds,
		.certificate_days = check->certificate_days,
	};
	if (check->state == KYMO_IS_FAILING && check->plan->degrades)
		to->state = KYMO_IS_DEGRADED;
}

/* Without what has room of its own. */
static void
status_fill(const struct kymo_care *care, struct kymo_care_status *status,
    const struct kyi_component *component)
{
	const struct kyi_remedy *remedy = &component->remedy;

	*status = (struct kymo_care_status){
		.component = component->name, .state = component->state,
		.reason = component->reason, .since_ms = component->since_ms,
		.root = component->root != KYI_CARE_NONE &&
		    component->state != KYMO_IS_OK ?
		    care->components[component->root].name : NULL,
		.reported = component->reported,
		.refused = component->refused,
		.remedy = remedy->remedy, .escalated = remedy->escalated,
		.remedy_note = remedy->note, .attempts = remedy->attempts,
		.successes = remedy->successes,
		.recover_seconds = remedy->seconds,
		.last_recover_seconds = remedy->last_seconds,
	};
	if (component->plan == NULL)
		return;
	status->check_cnt = component->plan->check_cnt;
	status->depends_on_cnt = component->plan->depends_on_cnt;
	status->may_recover = component->plan->recovery.action_cnt > 0;
}

static int
status_tell(const struct kymo_care *care, const struct kyi_component *component,
    int (*each)(void *to, const struct kymo_care_status *status), void *to)
{
	struct kymo_care_status status;
	struct kymo_care_check *checks;
	const char **names;
	int result = -1;
	uint32_t i;

	status_fill(care, &status, component);
	checks = calloc(status.check_cnt + 1u, sizeof(*checks));
	names = calloc(status.depends_on_cnt + 1u, sizeof(*names));
	if (checks != NULL && names != NULL) {
		for (i = 0; i < status.check_cnt; i++)
			check_fill(&checks[i], &component->checks[i]);
		for (i = 0; i < status.depends_on_cnt; i++)
			names[i] = component->plan->depends_on[i].text;
		status.checks = checks;
		status.depends_on = names;
		result = each(to, &status);
	}
	free(checks);
	free(names);
	return result;
}

int
kymo_care_status(struct kymo_care *care,
    int (*each)(void *to, const struct kymo_care_status *status), void *to)
{
	uint32_t i;
	int result = 0;

	for (i = 0; result == 0 && i < care->component_cnt; i++)
		result = status_tell(care, &care->components[i], each, to);
	return result;
}
