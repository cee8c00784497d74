/* SPDX-License-Identifier: MIT */
/* Groups: alerts of one route that are said together. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

static uint64_t
key_hash(const char *key)
{
	return kymo_label_hash(key, "");
}

struct kyi_group *
kyi_group_find(const struct kymo_alerts *alerts, const char *key)
{
	struct kyi_group *group = alerts->groups[key_hash(key) %
	    alerts->group_bucket_cnt];

	while (group != NULL && strcmp(group->key, key) != 0)
		group = group->next;
	return group;
}

void
kyi_group_delete(struct kyi_group *group)
{
	free(group->key);
	free(group->labels);
	free(group->members);
	free(group);
}

struct kyi_group *
kyi_group_new(struct kymo_alerts *alerts, const char *key,
    const struct kyi_routing_node *node, struct kymo_labels *labels)
{
	struct kyi_group *group = labels == NULL ? NULL :
	    calloc(1, sizeof(*group)), **bucket;

	if (group == NULL || (group->key = strdup(key)) == NULL) {
		free(labels);
		free(group);
		return NULL;
	}
	group->node = node;
	group->labels = labels;
	bucket = &alerts->groups[key_hash(key) % alerts->group_bucket_cnt];
	group->next = *bucket;
	*bucket = group;
	alerts->group_cnt++;
	return group;
}

/* The alert's note of it, where it has its place by the key. */
static int
in_add(struct kyi_alerted *alert, struct kyi_group *group)
{
	uint32_t room = alert->group_room == 0 ? 1 : 2 * alert->group_room;
	uint32_t i = alert->member_cnt;
	struct kyi_in *in;

	if (i == alert->group_room) {
		in = reallocarray(alert->groups, room, sizeof(*in));
		if (in == NULL)
			return -1;
		alert->groups = in;
		alert->group_room = room;
	}
	in = alert->groups;
	for (; i > 0 && strcmp(in[i - 1].group->key, group->key) > 0; i--)
		in[i] = in[i - 1];
	in[i] = (struct kyi_in){group, group->member_cnt};
	alert->member_cnt++;
	return 0;
}

struct kyi_in *
kyi_group_in(const struct kyi_alerted *alert, const struct kyi_group *group)
{
	uint32_t i = 0;

	while (i < alert->member_cnt && alert->groups[i].group != group)
		i++;
	return i < alert->member_cnt ? &alert->groups[i] : NULL;
}

struct kyi_member *
kyi_group_member(struct kyi_group *group, struct kyi_alerted *alert)
{
	uint32_t room = group->member_room == 0 ? 4 : 2 * group->member_room;
	struct kyi_member *members;

	if (group->member_cnt == group->member_room) {
		members = reallocarray(group->members, room, sizeof(*members));
		if (members == NULL)
			return NULL;
		group->members = members;
		group->member_room = room;
	}
	if (in_add(alert, group) != 0)
		return NULL;
	members = &group->members[group->member_cnt++];
	*members = (struct kyi_member){.alert = alert};
	return members;
}

void
kyi_group_leave(struct kyi_group *group, uint32_t member)
{
	struct kyi_alerted *alert = group->members[member].alert;
	struct kyi_in *in = kyi_group_in(alert, group);
	size_t after = (size_t)(alert->groups + alert->member_cnt - in) - 1;

	memmove(in, in + 1, after * sizeof(*in));
	alert->member_cnt--;
	group->member_cnt--;
	if (member == group->member_cnt)
		return;
	group->members[member] = group->members[group->member_cnt];
	kyi_group_in(group->members[member].alert, group)->member = member;
}

uint32_t
kyi_group_target(struct kyi_group *group, const struct kymo_integration *to)
{
	uint32_t i;

	for (i = 0; i < group->target_cnt; i++)
		if (group->targets[i].to == to)
			return i;
	if (i < KYI_TARGETS_MAX)
		group->targets[group->target_cnt++] =
		    (struct kyi_target){to, 0, false};
	return i;
}

/* ---- a firing alert's groups ---------------------------------------------- */

struct grouping {
	struct kymo_alerts *alerts;
	struct kyi_alerted *alert;
};

/* The labels of the alert that its group has. */
static struct kymo_labels *
group_labels(const struct kymo_route *route, const struct kymo_labels *labels)
{
	struct kymo_label *some;
	struct kymo_labels *made;
	uint32_t cnt = 0, i, k;

	if (route->group_by_all)
		return kymo_labels_make(labels->at, labels->cnt);
	some = calloc((size_t)labels->cnt + 1, sizeof(*some));
	if (some == NULL)
		return NULL;
	for (i = 0; i < labels->cnt; i++)
		for (k = 0; k < route->group_by_cnt; k++)
			if (strcmp(labels->at[i].key, route->group_by[k]) == 0)
				some[cnt++] = labels->at[i];
	made = kymo_labels_make(some, cnt);
	free(some);
	return made;
}

static int
targets_add(const struct kymo_routing *routing, struct kyi_group *group)
{
	const struct kyi_routing_receiver *receiver =
	    kyi_routing_receiver_find(routing, group->node->route.receiver);
	uint32_t i;

	for (i = 0; receiver != NULL && i < receiver->integration_cnt; i++)
		group->targets[kyi_group_target(group,
		    &receiver->integrations[i])].is_main = true;
	return 0;
}

/* As long as it fires already, it has waited. */
static int64_t
flush_first_ms(const struct kymo_alerts *alerts,
    const struct kyi_alerted *alert, const struct kymo_route *route)
{
	return alert->starts_ms + route->group_wait_ms <= alerts->now_ms ?
	    alerts->now_ms : alerts->now_ms + route->group_wait_ms;
}

static int
route_take(void *to, const struct kymo_route *route)
{
	struct grouping *grouping = to;
	struct kymo_alerts *alerts = grouping->alerts;
	const struct kyi_routing_node *node = route->private_;
	struct kymo_labels *labels = group_labels(route,
	    grouping->alert->labels);
	struct kymo_buffer key = {0};
	struct kyi_member *member = NULL;
	struct kyi_group *group;
	const struct kyi_in *in;

	if (labels == NULL)
		return -1;
	kymo_buffer_printf(&key, "%s:", node->key);
	kyi_alert_labels_put(&key, labels);
	group = key.failed ? NULL : kyi_group_find(alerts, key.at);
	if (group != NULL)
		free(labels);
	else if (!key.failed) {
		group = kyi_group_new(alerts, key.at, node, labels);
		if (group != NULL)
			group->flush_ms = flush_first_ms(alerts,
			    grouping->alert, route);
	} else
		free(labels);
	kymo_buffer_free(&key);
	if (group == NULL)
		return -1;
	targets_add(alerts->options.routing, group);
	in = kyi_group_in(grouping->alert, group);
	if (in != NULL)
		member = &group->members[in->member];
	else {
		member = kyi_group_member(group, grouping->alert);
		if (member == NULL)
			return -1;
		kyi_decide(alerts, grouping->alert, "goes to %s, by the route "
		    "in line %u", route->receiver, route->line);
	}
	member->current = true;
	group->dirty = true;
	return 0;
}

int
kyi_alert_group(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	struct grouping grouping = {alerts, alert};

	if (kymo_routing_routes(alerts->options.routing, alert->labels,
	    route_take, &grouping) != 0)
		return -1;
	alert->grouped = true;
	return 0;
}

void
kyi_groups_sweep(struct kymo_alerts *alerts)
{
	struct kyi_group **at, *group;
	uint32_t i;

	for (i = 0; i < alerts->group_bucket_cnt; i++)
		for (at = &alerts->groups[i]; (group = *at) != NULL; ) {
			if (group->member_cnt > 0 ||
			    group->flush_ms > alerts->now_ms) {
				/* An alert that comes back soon waits as it
				   would have waited. */
				if (group->member_cnt == 0)
					kyi_alerts_at(alerts, group->flush_ms);
				at = &group->next;
				continue;
			}
			*at = group->next;
			kyi_alerts_gone(alerts, 'g', group->key);
			kyi_group_delete(group);
			alerts->group_cnt--;
		}
}
