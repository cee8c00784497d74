/* SPDX-License-Identifier: MIT */
/* Rows of the store become alerts, groups and silences again. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/saved.h"
#include "reader/alert/state.h"

struct loading {
	struct kymo_alerts *alerts;
	struct kymo_error *error;
};

static const struct kyi_routing_node *
node_find(const struct kyi_routing_node *node, const char *key)
{
	const struct kyi_routing_node *found = NULL;

	for (; node != NULL && found == NULL; node = node->next)
		found = strcmp(node->key, key) == 0 ? node :
		    node_find(node->first, key);
	return found;
}

static const struct kymo_integration *
integration_find(const struct kymo_routing *routing, const char *name)
{
	uint32_t i;

	for (i = 0; i < routing->integration_cnt; i++)
		if (strcmp(routing->integrations[i].name, name) == 0)
			return &routing->integrations[i];
	return NULL;
}

static void
decisions_load(struct kyi_alerted *alert, struct kyi_row *row)
{
	int64_t cnt = kyi_row_i64(row), i;

	for (i = 0; i < cnt && i < (int64_t)KYI_DECISIONS_MAX && !row->failed;
	    i++) {
		struct kyi_decision *decision = &alert->decisions[i];

		decision->at_ms = kyi_row_i64(row);
		decision->text = strdup(kyi_row_text(row));
		if (decision->text == NULL)
			row->failed = true;
		else
			alert->decision_cnt++;
	}
}

static void
changes_load(struct kyi_alerted *alert, struct kyi_row *row)
{
	int64_t cnt, i;

	alert->flapping = kyi_row_i64(row) == 1;
	cnt = kyi_row_i64(row);
	for (i = 0; i < cnt && i < (int64_t)KYI_CHANGES_MAX && !row->failed;
	    i++)
		alert->changes_ms[alert->change_cnt++] = kyi_row_i64(row);
}

static int
alert_load(struct kymo_alerts *alerts, const char *key, struct kyi_row *row)
{
	struct kyi_row key_row = {key, row->arena, false};
	struct kymo_labels *labels = kyi_row_labels(&key_row);
	struct kyi_alerted *alert;
	const struct kymo_label *annotations;
	const char *who, *comment;
	int64_t state;
	uint32_t cnt = 0;

	/* What is of no shape of ours is another version's, and left alone. */
	if (labels == NULL)
		return 0;
	alert = kyi_alerted_new(alerts, labels);
	if (alert == NULL)
		return -1;
	state = kyi_row_i64(row);
	alert->state = state >= 0 && state <= KYMO_ALERT_FIRING ?
	    (enum kymo_alert_state)state : KYMO_ALERT_INACTIVE;
	alert->active_ms = kyi_row_i64(row);
	alert->starts_ms = kyi_row_i64(row);
	alert->ends_ms = kyi_row_i64(row);
	alert->value = strtod(kyi_row_text(row), NULL);
	annotations = kyi_row_pairs(row, &cnt);
	if (!row->failed && kyi_alerted_annotate(alert, annotations, cnt) != 0)
		return -1;
	who = kyi_row_text(row);
	comment = kyi_row_text(row);
	alert->ack_ms = kyi_row_i64(row);
	alert->ack_until_ms = kyi_row_i64(row);
	if (who[0] != '\0') {
		alert->ack_who = strdup(who);
		alert->ack_comment = strdup(comment);
		if (alert->ack_who == NULL || alert->ack_comment == NULL)
			return -1;
	}
	decisions_load(alert, row);
	changes_load(alert, row);
	return 0;
}

/* Bits of told as targets stand now: some may be gone. */
static uint64_t
told_map(uint64_t told, const uint32_t *map, uint32_t cnt)
{
	uint64_t mapped = 0;
	uint32_t i;

	for (i = 0; i < cnt; i++)
		if ((told >> i & 1) != 0 && map[i] < KYI_TARGETS_MAX)
			mapped |= UINT64_C(1) << map[i];
	return mapped;
}

static uint32_t
targets_load(const struct kymo_alerts *alerts, struct kyi_group *group,
    struct kyi_row *row, uint32_t *map)
{
	int64_t cnt = kyi_row_i64(row), i;

	for (i = 0; i < cnt && i < (int64_t)KYI_TARGETS_MAX && !row->failed;
	    i++) {
		const struct kymo_integration *to = integration_find(
		    alerts->options.routing, kyi_row_text(row));
		int64_t last_ms = kyi_row_i64(row);

		map[i] = to == NULL ? KYI_TARGETS_MAX :
		    kyi_group_target(group, to);
		if (map[i] < KYI_TARGETS_MAX)
			group->targets[map[i]].last_ms = last_ms;
	}
	return (uint32_t)i;
}

static int
group_load(struct kymo_alerts *alerts, const char *key, struct kyi_row *row)
{
	const struct kyi_routing_node *node = node_find(
	    alerts->options.routing->root, kyi_row_text(row));
	struct kymo_labels *labels = kyi_row_labels(row);
	uint32_t map[KYI_TARGETS_MAX], target_cnt;
	struct kyi_group *group;
	int64_t cnt, i;

	if (labels == NULL)
		return 0;
	group = kyi_group_new(alerts, key, node, labels);
	if (group == NULL)
		return -1;
	group->flush_ms = kyi_row_i64(row);
	target_cnt = targets_load(alerts, group, row, map);
	cnt = kyi_row_i64(row);
	for (i = 0; i < cnt && !row->failed; i++) {
		struct kymo_labels *of = kyi_row_labels(row);
		int64_t told = kyi_row_i64(row);
		struct kyi_alerted *alert = of == NULL ? NULL :
		    kyi_alerted_find(alerts, of);
		struct kyi_member *member;

		free(of);
		if (alert == NULL || row->failed ||
		    kyi_group_in(alert, group) != NULL)
			continue;
		member = kyi_group_member(group, alert);
		if (member == NULL)
			return -1;
		member->told = told_map((uint64_t)told, map, target_cnt);
	}
	group->step_cnt = (uint32_t)kyi_row_i64(row);
	group->step_ms = kyi_row_i64(row);
	if (row->failed || node == NULL || node->escalation == NULL)
		group->step_ms = 0;
	return 0;
}

static int
silence_load(struct kymo_alerts *alerts, const char *key, struct kyi_row *row)
{
	struct kymo_silence from = {.id = key};
	struct kyi_silence *silence, **at = &alerts->silences;
	struct kymo_error error = {""};

	from.matchers = kyi_row_text(row);
	from.from_ms = kyi_row_i64(row);
	from.until_ms = kyi_row_i64(row);
	from.author = kyi_row_text(row);
	from.comment = kyi_row_text(row);
	/* Rows of before had none. */
	from.updated_ms = *row->at == '\0' ? from.from_ms : kyi_row_i64(row);
	/* One that was ended before it began. */
	if (row->failed || from.until_ms <= from.from_ms)
		return 0;
	silence = kyi_silence_new(&from, &error);
	if (silence == NULL)
		return 0;
	while (*at != NULL)
		at = &(*at)->next;
	*at = silence;
	alerts->silence_cnt++;
	return 0;
}

static int
row_load(void *to, char kind, const char *key, const char *text)
{
	struct loading *loading = to;
	struct kymo_alerts *alerts = loading->alerts;
	struct kyi_row row = {text, kyi_arena_new(0), false};
	int result = row.arena == NULL ? -1 : 0;

	if (result == 0 && kind == 'a')
		result = alert_load(alerts, key, &row);
	else if (result == 0 && kind == 'g')
		result = group_load(alerts, key, &row);
	else if (result == 0 && kind == 's')
		result = silence_load(alerts, key, &row);
	else if (result == 0 && kind == 'n' && strcmp(key, "silence") == 0)
		alerts->silence_next = (uint64_t)kyi_row_i64(&row);
	if (row.arena != NULL)
		kyi_arena_delete(row.arena);
	return result == 0 ? 0 : kymo_error_set(loading->error,
	    "no memory for alerts' states");
}

int
kyi_alerts_load(struct kymo_alerts *alerts, struct kymo_error *error)
{
	const struct kymo_alerts_store *store = alerts->options.store;
	struct loading loading = {alerts, error};

	kyi_alerts_forget(alerts);
	alerts->silence_gen++;
	alerts->silence_turn_ms = 0;
	alerts->touched = true;
	if (store->load(store->of, row_load, &loading, error) != 0)
		return -1;
	alerts->reload = false;
	return 0;
}
