/* SPDX-License-Identifier: MIT */
/* Escalations: who hears of a group that goes on. */
#include "reader/alert/state.h"

void
kyi_group_escalate_begin(struct kymo_alerts *alerts, struct kyi_group *group)
{
	const struct kyi_routing_escalation *escalation =
	    group->node->escalation;

	if (escalation == NULL || group->step_ms != 0)
		return;
	group->step_cnt = 0;
	group->step_ms = alerts->now_ms + escalation->steps[0].wait_ms;
	group->dirty = true;
}

/* The clock may have been set back: its next step is no further away than it
   is from the one before. */
void
kyi_group_escalate_look(const struct kymo_alerts *alerts,
    struct kyi_group *group)
{
	const struct kyi_routing_escalation *escalation =
	    group->node->escalation;
	int64_t most_ms;

	if (escalation == NULL || group->step_ms == INT64_MAX)
		return;
	most_ms = alerts->now_ms + escalation->steps[group->step_cnt %
	    escalation->step_cnt].wait_ms;
	if (group->step_ms > most_ms) {
		group->step_ms = most_ms;
		group->dirty = true;
	}
}

static void
all_decide(struct kymo_alerts *alerts, struct kyi_group *group,
    const char *text)
{
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++)
		if (kyi_fires(group->members[i].alert))
			kyi_decide(alerts, group->members[i].alert, "step %u "
			    "of escalation %s: %s", group->step_cnt + 1,
			    group->node->escalation->name, text);
}

/* Whether anything that was said fires still; else it is over. */
static bool
goes_on(const struct kyi_group *group)
{
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++)
		if (group->members[i].told != 0 &&
		    kyi_fires(group->members[i].alert))
			return true;
	return false;
}

static bool
anything(const struct kyi_group *group, const struct kyi_due *due)
{
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++)
		if (kyi_said_now(group, &group->members[i], due))
			return true;
	return false;
}

/* A step to all ways of its receivers. Those that took it before, while
   others did not, do not get it twice. */
static int
step_take(struct kymo_alerts *alerts, struct kyi_group *group,
    const struct kyi_routing_step *step)
{
	struct kyi_due due = {.escalated = true, .always = step->always};
	int result = 0;
	uint32_t i, k;

	if (!anything(group, &due)) {
		all_decide(alerts, group, "left out: acknowledged, or muted");
		return 0;
	}
	for (i = 0; i < step->receiver_cnt; i++)
		for (k = 0; k < step->receivers[i]->integration_cnt; k++) {
			int taken;

			due.idx = kyi_group_target(group,
			    &step->receivers[i]->integrations[k]);
			if (due.idx >= KYI_TARGETS_MAX || (group->targets[
			    due.idx].last_ms >= group->step_ms &&
			    !group->targets[due.idx].is_main))
				continue;
			due.bit = UINT64_C(1) << due.idx;
			taken = kyi_notice_send(alerts, group, &due);
			if (taken < 0)
				return -1;
			result |= taken;
		}
	return result;
}

int
kyi_group_escalate(struct kymo_alerts *alerts, struct kyi_group *group)
{
	const struct kyi_routing_escalation *escalation;
	int result;

	if (group->step_ms == 0)
		return 0;
	if (!goes_on(group)) {
		group->step_ms = 0;
		group->dirty = true;
		return 0;
	}
	if (group->step_ms == INT64_MAX)
		return 0;
	escalation = group->node->escalation;
	if (alerts->now_ms < group->step_ms) {
		kyi_alerts_at(alerts, group->step_ms);
		return 0;
	}
	result = step_take(alerts, group, &escalation->steps[group->step_cnt %
	    escalation->step_cnt]);
	if (result != 0)
		return result < 0 ? -1 : 0;
	group->step_cnt++;
	group->step_ms = group->step_cnt >= escalation->step_cnt *
	    (escalation->repeat + 1) ? INT64_MAX : alerts->now_ms +
	    escalation->steps[group->step_cnt % escalation->step_cnt].wait_ms;
	group->dirty = true;
	kyi_alerts_at(alerts, group->step_ms);
	return 0;
}
