/* SPDX-License-Identifier: MIT */
/* What is due to be said of a group, and to whom. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

/* ---- time intervals of a route -------------------------------------------- */

#define MINUTE_MS 60000

const char *
kyi_held_by(const struct kyi_routing_node *node, int64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < node->mute.cnt; i++)
		if (kyi_routing_times_have(node->mute.at[i]->times, now_ms))
			return node->mute.at[i]->name;
	for (i = 0; i < node->active.cnt; i++)
		if (kyi_routing_times_have(node->active.at[i]->times, now_ms))
			return NULL;
	return node->active.cnt == 0 ? NULL : node->active.at[0]->name;
}

/* Whether it is held back; all of its alerts hear when that changes. */
static bool
hold(struct kymo_alerts *alerts, struct kyi_group *group)
{
	const struct kyi_routing_node *node = group->node;
	const char *held = node == NULL ? NULL :
	    kyi_held_by(node, alerts->now_ms);
	uint32_t i;

	if (node != NULL && node->mute.cnt + node->active.cnt > 0 &&
	    group->member_cnt > 0)
		kyi_alerts_at(alerts, (alerts->now_ms / MINUTE_MS + 1) *
		    MINUTE_MS);
	if (held != group->held)
		for (i = 0; i < group->member_cnt; i++)
			kyi_decide(alerts, group->members[i].alert, held ==
			    NULL ? "%s is told again" : "%s is told nothing "
			    "now: time interval %s", node->route.receiver,
			    held);
	group->held = held;
	return held != NULL;
}

/* ---- what is due ---------------------------------------------------------- */

bool
kyi_said_now(const struct kyi_group *group, const struct kyi_member *member,
    const struct kyi_due *due)
{
	const struct kyi_alerted *alert = member->alert;

	if (!member->current || !kyi_fires(alert) ||
	    alert->muted != KYMO_MUTED_NOT)
		return false;
	if (due->escalated)
		return member->told != 0 &&
		    (due->always || alert->ack_who == NULL);
	/* Whom an escalation reached hears the rest of what he heard. */
	return group->targets[due->idx].is_main ||
	    (member->told & due->bit) != 0;
}

/* What a target has to hear, and when the rest is due. */
static void
due_of(struct kymo_alerts *alerts, struct kyi_group *group, struct kyi_due *due)
{
	const struct kyi_target *target = &group->targets[due->idx];
	int64_t now_ms = alerts->now_ms, repeat_ms = INT64_MAX;
	bool fresh = false;
	uint32_t i;

	if (group->node != NULL && target->last_ms != 0 && target->is_main)
		repeat_ms = target->last_ms +
		    group->node->route.repeat_interval_ms;
	due->fresh = due->resolved = due->repeat = false;
	for (i = 0; i < group->member_cnt; i++) {
		const struct kyi_member *member = &group->members[i];
		bool told = (member->told & due->bit) != 0;

		if (!kyi_fires(member->alert))
			due->resolved |= told;
		else if (!kyi_said_now(group, member, due))
			continue;
		else if (!told)
			fresh = true;
		else if (member->alert->ack_who == NULL) {
			due->repeat |= now_ms >= repeat_ms;
			if (repeat_ms > now_ms)
				kyi_alerts_at(alerts, repeat_ms);
		}
	}
	due->fresh = fresh && now_ms >= group->flush_ms;
	if (fresh && !due->fresh)
		kyi_alerts_at(alerts, group->flush_ms);
}

/* ---- a notice ------------------------------------------------------------- */

static int
in_order(const void *a, const void *b)
{
	const struct kymo_notice_alert *x = a, *y = b;

	if (x->firing != y->firing)
		return x->firing ? -1 : 1;
	return kymo_labels_compare(x->labels, y->labels);
}

static uint32_t
notice_fill(const struct kyi_group *group, const struct kyi_due *due,
    struct kymo_notice_alert *list)
{
	uint32_t cnt = 0, i;

	for (i = 0; i < group->member_cnt; i++) {
		const struct kyi_member *member = &group->members[i];
		const struct kyi_alerted *alert = member->alert;
		bool firing = kyi_said_now(group, member, due);

		if (!firing && (kyi_fires(alert) || !(member->told & due->bit)))
			continue;
		list[cnt++] = (struct kymo_notice_alert){
		    .labels = alert->labels,
		    .annotations = alert->annotations,
		    .annotation_cnt = alert->annotation_cnt,
		    .firing = firing, .acknowledged = alert->ack_who != NULL,
		    .flapping = alert->flapping,
		    .starts_ms = alert->starts_ms,
		    .ends_ms = firing ? 0 : alert->ends_ms,
		    .value = alert->value};
	}
	qsort(list, cnt, sizeof(*list), in_order);
	return cnt;
}

/* All that is in the notice is said now. */
static void
notice_done(struct kymo_alerts *alerts, struct kyi_group *group,
    const struct kyi_due *due)
{
	const struct kymo_integration *to = group->targets[due->idx].to;
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++) {
		struct kyi_member *member = &group->members[i];

		if (kyi_said_now(group, member, due)) {
			kyi_decide(alerts, member->alert, "%s to %s",
			    due->escalated ? "escalated" :
			    !(member->told & due->bit) ? "sent" : due->repeat ?
			    "sent again" : "sent along with others", to->name);
			member->told |= due->bit;
		} else if (!kyi_fires(member->alert) &&
		    (member->told & due->bit) != 0) {
			kyi_decide(alerts, member->alert, "its end was sent to "
			    "%s", to->name);
			member->told &= ~due->bit;
		}
	}
	group->targets[due->idx].last_ms = alerts->now_ms;
	group->dirty = true;
	alerts->notice_cnt++;
}

static void
later(struct kymo_alerts *alerts, struct kyi_group *group,
    const struct kyi_due *due)
{
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++)
		kyi_decide(alerts, group->members[i].alert, "%s: there is no "
		    "room for messages; it is tried again each second",
		    group->targets[due->idx].to->name);
	kyi_alerts_at(alerts, alerts->now_ms + KYI_LATER_MS);
}

int
kyi_notice_send(struct kymo_alerts *alerts, struct kyi_group *group,
    const struct kyi_due *due)
{
	struct kymo_notice_alert *list = calloc((size_t)group->member_cnt + 1,
	    sizeof(*list));
	struct kymo_notice notice = {.to = group->targets[due->idx].to,
	    .group_key = group->key, .group_labels = group->labels,
	    .alerts = list, .at_ms = alerts->now_ms,
	    .why = due->escalated ? KYMO_NOTICE_ESCALATED :
	    due->fresh ? KYMO_NOTICE_NEW : due->resolved ?
	    KYMO_NOTICE_RESOLVED : KYMO_NOTICE_REPEAT};
	int result;

	if (list == NULL)
		return kymo_error_set(alerts->error, "no memory for a notice");
	notice.alert_cnt = notice_fill(group, due, list);
	result = alerts->options.notify(alerts->options.of, &notice,
	    alerts->error);
	free(list);
	if (result == 0)
		notice_done(alerts, group, due);
	else if (result == KYMO_NOTICE_LATER)
		later(alerts, group, due);
	return result;
}

/* ---- a group -------------------------------------------------------------- */

/* Who does not want to hear of ends has heard all. */
static void
ends_drop(struct kyi_group *group, const struct kyi_due *due)
{
	uint32_t i;

	for (i = 0; i < group->member_cnt; i++)
		if (!kyi_fires(group->members[i].alert)) {
			group->members[i].told &= ~due->bit;
			group->dirty = true;
		}
}

/* Ended ones whose end everybody heard leave; those that nobody heard of, too. */
static void
members_sweep(struct kyi_group *group)
{
	uint32_t i = 0;

	while (i < group->member_cnt) {
		struct kyi_member *member = &group->members[i];

		if (kyi_fires(member->alert) || member->told != 0) {
			i++;
			continue;
		}
		kyi_group_leave(group, i);
		group->dirty = true;
	}
}

static void
no_later_than(struct kyi_group *group, int64_t *at_ms, int64_t most_ms)
{
	if (*at_ms <= most_ms)
		return;
	*at_ms = most_ms;
	group->dirty = true;
}

/* A clock that was set back must not silence a group: nothing of it is longer
   to wait for than it is from now on. */
static void
clock_look(const struct kymo_alerts *alerts, struct kyi_group *group)
{
	const struct kymo_route *route = &group->node->route;
	int64_t wait_ms = route->group_wait_ms > route->group_interval_ms ?
	    route->group_wait_ms : route->group_interval_ms;
	uint32_t i;

	no_later_than(group, &group->flush_ms, alerts->now_ms + wait_ms);
	for (i = 0; i < group->target_cnt; i++)
		no_later_than(group, &group->targets[i].last_ms,
		    alerts->now_ms);
	kyi_group_escalate_look(alerts, group);
}

int
kyi_group_send(struct kymo_alerts *alerts, struct kyi_group *group)
{
	bool fresh = false, is_later = false;
	int result;
	uint32_t i;

	if (group->node != NULL)
		clock_look(alerts, group);
	if (hold(alerts, group))
		return 0;
	for (i = 0; i < group->target_cnt; i++) {
		struct kyi_due due = {.idx = i, .bit = UINT64_C(1) << i};

		due_of(alerts, group, &due);
		if (due.resolved && !group->targets[i].to->send_resolved) {
			ends_drop(group, &due);
			due.resolved = false;
		}
		if (!due.fresh && !due.resolved && !due.repeat)
			continue;
		fresh |= due.fresh;
		result = kyi_notice_send(alerts, group, &due);
		if (result < 0)
			return -1;
		is_later |= result != 0;
		if (group->node != NULL)
			kyi_alerts_at(alerts, alerts->now_ms +
			    group->node->route.repeat_interval_ms);
	}
	if (fresh && !is_later && group->node != NULL) {
		group->flush_ms = alerts->now_ms +
		    group->node->route.group_interval_ms;
		group->dirty = true;
		kyi_group_escalate_begin(alerts, group);
	}
	if (kyi_group_escalate(alerts, group) != 0)
		return -1;
	members_sweep(group);
	return 0;
}
