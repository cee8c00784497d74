/* SPDX-License-Identifier: MIT */
/* Alerts that come and go, and alerts that ought to be there and are not. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

/* ---- flapping ------------------------------------------------------------- */

/* When the cnt-th change before now was. */
static int64_t
change_ms(const struct kyi_alerted *alert, uint32_t cnt)
{
	return alert->changes_ms[(alert->change_cnt - cnt) % KYI_CHANGES_MAX];
}

void
kyi_alert_changed(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	const struct kyi_routing_flapping *flapping =
	    &alerts->options.routing->flapping;

	alert->changes_ms[alert->change_cnt++ % KYI_CHANGES_MAX] =
	    alerts->now_ms;
	/* The ring's place of a change is its number; kept small. */
	if (alert->change_cnt >= 2 * KYI_CHANGES_MAX)
		alert->change_cnt -= KYI_CHANGES_MAX;
	if (flapping->changes == 0 || alert->flapping ||
	    alert->change_cnt < flapping->changes || alerts->now_ms -
	    change_ms(alert, flapping->changes) > flapping->within_ms)
		return;
	alert->flapping = true;
	alert->dirty = true;
	kyi_decide(alerts, alert, "flaps: %u changes; it counts as firing until "
	    "it was quiet", flapping->changes);
}

void
kyi_alert_quiet(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	const struct kyi_routing_flapping *flapping =
	    &alerts->options.routing->flapping;
	int64_t until_ms;

	if (!alert->flapping)
		return;
	until_ms = alert->change_cnt == 0 || flapping->changes == 0 ? 0 :
	    change_ms(alert, 1) + flapping->quiet_ms;
	if (alerts->now_ms < until_ms) {
		kyi_alerts_at(alerts, until_ms);
		return;
	}
	alert->flapping = false;
	alert->change_cnt = 0;
	alert->dirty = true;
	kyi_decide(alerts, alert, "flaps no more");
	if (alert->state != KYMO_ALERT_FIRING) {
		free(alert->ack_who);
		free(alert->ack_comment);
		alert->ack_who = alert->ack_comment = NULL;
	}
}

/* ---- dead man's switches -------------------------------------------------- */

#define LABELS_MAX 30u

/* alertname, and what is written. */
static uint32_t
texts_of(const struct kyi_tree_node *map, struct kymo_label *texts,
    uint32_t cnt)
{
	const struct kyi_tree_node *node;

	for (node = map == NULL ? NULL : map->first; node != NULL &&
	    cnt < LABELS_MAX; node = node->next)
		if (node->kind == KYI_TREE_TEXT)
			texts[cnt++] = (struct kymo_label){node->key,
			    node->text};
	return cnt;
}

static struct kymo_labels *
switch_labels(const struct kyi_routing_switch *of)
{
	struct kymo_label labels[LABELS_MAX] = {{"alertname", of->name}};

	return kymo_labels_make(labels, texts_of(of->labels, labels, 1));
}

/* Ours are not of a pass, and no pass ends them. */
int
kyi_switches_find(struct kymo_alerts *alerts)
{
	const struct kyi_routing_switch *of;

	for (of = alerts->options.routing->switches; of != NULL;
	    of = of->next) {
		struct kymo_labels *labels = switch_labels(of);
		struct kyi_alerted *alert = labels == NULL ? NULL :
		    kyi_alerted_find(alerts, labels);

		if (labels == NULL)
			return -1;
		free(labels);
		if (alert != NULL)
			alert->is_switch = true;
	}
	return 0;
}

static bool
is_seen(const struct kymo_alerts *alerts, const struct kyi_routing_switch *of)
{
	const struct kyi_alerted *alert;
	uint32_t i;

	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next)
			if (alert->state == KYMO_ALERT_FIRING &&
			    !alert->is_switch &&
			    kymo_matchers_match(of->matchers.at,
			    of->matchers.cnt, alert->labels))
				return true;
	return false;
}

static int
switch_turn(struct kymo_alerts *alerts, const struct kyi_routing_switch *of,
    int64_t *seen_ms)
{
	struct kymo_label texts[LABELS_MAX];
	struct kymo_labels *labels = switch_labels(of);
	struct kyi_alerted *alert;
	bool dead;

	if (labels == NULL)
		return -1;
	/* At the begin it has the same time as after a sign of life. */
	if (*seen_ms == 0 || *seen_ms > alerts->now_ms || is_seen(alerts, of))
		*seen_ms = alerts->now_ms;
	dead = alerts->now_ms - *seen_ms >= of->within_ms;
	if (!dead)
		kyi_alerts_at(alerts, *seen_ms + of->within_ms);
	alert = kyi_alerted_find(alerts, labels);
	if (alert == NULL && dead) {
		alert = kyi_alerted_new(alerts, labels);
		labels = NULL;
		if (alert == NULL)
			return -1;
	}
	free(labels);
	if (alert == NULL)
		return 0;
	alert->is_switch = true;
	kyi_alert_become(alerts, alert, dead ? KYMO_ALERT_FIRING :
	    KYMO_ALERT_INACTIVE, alerts->now_ms);
	return kyi_alerted_annotate(alert, texts, texts_of(of->annotations,
	    texts, 0));
}

int
kyi_switches_turn(struct kymo_alerts *alerts)
{
	const struct kyi_routing_switch *of;
	uint32_t i = 0;

	for (of = alerts->options.routing->switches; of != NULL;
	    of = of->next)
		if (switch_turn(alerts, of, &alerts->switch_ms[i++]) != 0)
			return -1;
	return 0;
}
