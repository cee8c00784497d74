/* SPDX-License-Identifier: MIT */
/* What comes next of an alert, in each group that it is in. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

#define MINUTE_MS 60000
/* How far ahead the end of a time interval is looked for: a week and a bit,
   minute by minute. */
#define OPEN_MINUTES_MAX (8 * 24 * 60)

/* ---- one of them ---------------------------------------------------------- */

struct finding {
	struct kyi_nexts *nexts;
	const struct kymo_alerts *alerts;
	const struct kyi_group *group;
	const struct kyi_alerted *alert;
	int64_t now_ms;
	size_t text_at; /* of what is being made, in the room */
};

static bool
room_for_one(struct kyi_nexts *nexts)
{
	uint32_t room = nexts->room_cnt == 0 ? 4 : 2 * nexts->room_cnt;
	struct kymo_alert_next *at;
	size_t *text_at;

	if (nexts->cnt < nexts->room_cnt)
		return true;
	at = reallocarray(nexts->at, room, sizeof(*at));
	if (at != NULL)
		nexts->at = at;
	text_at = reallocarray(nexts->text_at, room, sizeof(*text_at));
	if (text_at != NULL)
		nexts->text_at = text_at;
	if (at == NULL || text_at == NULL) {
		nexts->failed = true;
		return false;
	}
	nexts->room_cnt = room;
	return true;
}

/* The room may move: texts get their place at the end. */
static void
add(struct finding *finding, const char *to, int64_t at_ms, bool told)
{
	struct kyi_nexts *nexts = finding->nexts;

	kymo_buffer_char(&nexts->room, '\0');
	if (!room_for_one(nexts))
		return;
	nexts->text_at[nexts->cnt] = finding->text_at;
	nexts->at[nexts->cnt++] = (struct kymo_alert_next){to, "", at_ms, told};
	finding->text_at = nexts->room.len_bytes;
}

/* When the route is told again; 0: not within days. */
static int64_t
open_find(const struct kyi_routing_node *node, int64_t from_ms)
{
	int64_t at_ms = from_ms;
	uint32_t i;

	for (i = 0; i < OPEN_MINUTES_MAX; i++) {
		if (kyi_held_by(node, at_ms) == NULL)
			return at_ms;
		at_ms = (at_ms / MINUTE_MS + 1) * MINUTE_MS;
	}
	return 0;
}

/* The same of all alerts of a route: looked for once in a while. */
static int64_t
open_ms(const struct kymo_alerts *alerts, const struct kyi_routing_node *node,
    int64_t from_ms)
{
	struct kyi_open *open = &alerts->opens[node->idx % KYI_OPENS];

	if (open->node == node && from_ms >= open->from_ms &&
	    (open->open_ms == 0 ? from_ms < open->from_ms + MINUTE_MS :
	    from_ms < open->open_ms))
		return open->open_ms;
	*open = (struct kyi_open){node, from_ms, open_find(node, from_ms)};
	return open->open_ms;
}

static const struct kyi_silence *
silence_now(const struct finding *finding)
{
	const struct kyi_alerted *alert = finding->alert;

	return alert->muted == KYMO_MUTED_SILENCE && alert->silence_gen ==
	    finding->alerts->silence_gen ? alert->silence : NULL;
}

static void
muted_next(struct finding *finding, bool told)
{
	struct kymo_buffer *out = &finding->nexts->room;
	const struct kyi_silence *silence = silence_now(finding);

	if (silence != NULL) {
		kymo_buffer_printf(out, told ? "its end, when it ends; if it "
		    "fires on, again after silence %s is over" : "a first "
		    "message after silence %s is over, if it fires still",
		    silence->id);
		return;
	}
	kymo_buffer_str(out, told ? "its end, when it ends; nothing else while "
	    "it is muted: " : "nothing while it is muted: ");
	kyi_muted_put(finding->alerts, finding->alert, out);
}

/* Of one that fires, for a way of its route that is not held back: the text,
   and when. */
static int64_t
firing_next(struct finding *finding, const struct kyi_target *target,
    bool told)
{
	const struct kyi_group *group = finding->group;
	const struct kyi_alerted *alert = finding->alert;
	const struct kymo_route *route = &group->node->route;
	struct kymo_buffer *out = &finding->nexts->room;
	const struct kyi_silence *silence = silence_now(finding);
	int64_t again_ms = target->last_ms + route->repeat_interval_ms;

	if (alert->muted != KYMO_MUTED_NOT) {
		muted_next(finding, told);
		return silence == NULL ? 0 : told && again_ms >
		    silence->until_ms ? again_ms : silence->until_ms;
	}
	if (told && alert->ack_who != NULL) {
		kymo_buffer_printf(out, "its end, when it ends; not again "
		    "while %s has acknowledged it", alert->ack_who);
		return alert->ack_until_ms == 0 ? 0 :
		    again_ms > alert->ack_until_ms ? again_ms :
		    alert->ack_until_ms;
	}
	if (told) {
		kymo_buffer_str(out, "again");
		return again_ms;
	}
	kymo_buffer_str(out, "a first message");
	if (group->flush_ms > finding->now_ms)
		kymo_buffer_str(out, target->last_ms == 0 ?
		    ", after group_wait" : ", after group_interval: others of "
		    "its group were said");
	return group->flush_ms;
}

static void
target_next(struct finding *finding, const struct kyi_member *member,
    uint32_t idx)
{
	const struct kyi_group *group = finding->group;
	const struct kyi_target *target = &group->targets[idx];
	struct kymo_buffer *out = &finding->nexts->room;
	bool told = (member->told >> idx & 1) != 0;
	int64_t at_ms = 0;

	if (group->held != NULL && group->node != NULL)
		kymo_buffer_printf(out, "held back by time interval %s; then ",
		    group->held);
	if (!kyi_fires(finding->alert)) {
		kymo_buffer_str(out, told ? "its end" : "nothing");
		at_ms = told ? finding->now_ms : 0;
	} else if (member->current && !target->is_main)
		kymo_buffer_str(out, told ? "its end, when it ends" :
		    "nothing but by an escalation");
	else if (!member->current || group->node == NULL)
		kymo_buffer_str(out, "its end, when it ends: no route leads "
		    "there any more");
	else
		at_ms = firing_next(finding, target, told);
	if (at_ms != 0 && at_ms < finding->now_ms)
		at_ms = finding->now_ms;
	if (at_ms != 0 && group->held != NULL && group->node != NULL)
		at_ms = open_ms(finding->alerts, group->node, at_ms);
	add(finding, target->to->name, at_ms, told);
}

static void
escalation_next(struct finding *finding)
{
	const struct kyi_group *group = finding->group;
	const struct kyi_routing_escalation *escalation;
	const struct kyi_routing_step *step;
	struct kymo_buffer *out = &finding->nexts->room;
	uint32_t i;

	if (group->step_ms == 0 || group->step_ms == INT64_MAX ||
	    group->node == NULL || !kyi_fires(finding->alert))
		return;
	escalation = group->node->escalation;
	step = &escalation->steps[group->step_cnt % escalation->step_cnt];
	kymo_buffer_printf(out, "step %u of escalation %s, to ",
	    group->step_cnt + 1, escalation->name);
	for (i = 0; i < step->receiver_cnt; i++)
		kymo_buffer_printf(out, "%s%s", i == 0 ? "" : " and ",
		    step->receivers[i]->name);
	if (finding->alert->muted != KYMO_MUTED_NOT)
		kymo_buffer_str(out, ", if it is no more muted then");
	else if (!step->always)
		kymo_buffer_str(out, finding->alert->ack_who == NULL ?
		    ", unless somebody acknowledges it" :
		    ": not of this one, it is acknowledged");
	add(finding, "", group->step_ms, false);
}

/* ---- all ------------------------------------------------------------------ */

void
kyi_nexts_find(struct kyi_nexts *nexts, const struct kymo_alerts *alerts,
    const struct kyi_alerted *alert, int64_t now_ms)
{
	struct finding finding = {nexts, alerts, NULL, alert, now_ms, 0};
	uint32_t i, idx;

	nexts->cnt = 0;
	nexts->room.len_bytes = 0;
	for (i = 0; i < alert->member_cnt; i++) {
		const struct kyi_group *group = alert->groups[i].group;

		finding.group = group;
		if (group->target_cnt == 0) {
			kymo_buffer_printf(&nexts->room, "nothing: %s has no "
			    "way to anybody", group->node == NULL ?
			    "its receiver" : group->node->route.receiver);
			add(&finding, "", 0, false);
		}
		for (idx = 0; idx < group->target_cnt; idx++)
			target_next(&finding,
			    &group->members[alert->groups[i].member], idx);
		escalation_next(&finding);
	}
	if (alert->state == KYMO_ALERT_PENDING && !alert->flapping) {
		kymo_buffer_str(&nexts->room, "it fires when its rule's "
		    "\"for\" is over");
		add(&finding, "", 0, false);
	}
	nexts->failed |= nexts->room.failed;
	for (i = 0; i < nexts->cnt && !nexts->failed; i++)
		nexts->at[i].what = nexts->room.at + nexts->text_at[i];
}

void
kyi_nexts_free(struct kyi_nexts *nexts)
{
	free(nexts->at);
	free(nexts->text_at);
	kymo_buffer_free(&nexts->room);
}
