/* SPDX-License-Identifier: MIT */
/* Passes and steps: what an alert became, and what follows of it. */
#include "reader/alert/alerts.h"

#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

/* ---- a pass --------------------------------------------------------------- */

void
kymo_alerts_begin(struct kymo_alerts *alerts)
{
	struct kymo_error error = {""};

	/* What cannot be read now leaves the pass to the next one: an alert
	   that nobody knows of must not look as if it had ended. */
	alerts->passing = !alerts->reload ||
	    kyi_alerts_load(alerts, &error) == 0;
	alerts->pass++;
}

static void
resolve(struct kymo_alerts *alerts, struct kyi_alerted *alert, int64_t at_ms)
{
	enum kymo_alert_state before = alert->state;

	alert->state = KYMO_ALERT_INACTIVE;
	alert->ends_ms = at_ms;
	alert->grouped = false;
	alert->dirty = true;
	if (!alert->flapping) {
		free(alert->ack_who);
		free(alert->ack_comment);
		alert->ack_who = alert->ack_comment = NULL;
	}
	if (before == KYMO_ALERT_FIRING)
		kyi_decide(alerts, alert, "resolved");
	else
		kyi_decide(alerts, alert, "no more pending: it never fired");
}

static int
annotate(struct kyi_alerted *alert, const struct kymo_alert *from)
{
	struct kymo_label *texts = calloc((size_t)from->annotation_cnt + 1,
	    sizeof(*texts));
	uint32_t i;
	int result;

	if (texts == NULL)
		return -1;
	for (i = 0; i < from->annotation_cnt; i++)
		texts[i] = (struct kymo_label){from->annotations[i].key,
		    from->annotations[i].value};
	result = kyi_alerted_annotate(alert, texts, from->annotation_cnt);
	free(texts);
	return result;
}

static int
add(struct kymo_alerts *alerts, const struct kymo_alert *from)
{
	struct kyi_alerted *alert = kyi_alerted_find(alerts, from->labels);

	/* What has ended, and was never heard of, is nothing. */
	if (from->state == KYMO_ALERT_INACTIVE &&
	    (alert == NULL || alert->pass == alerts->pass))
		return 0;
	if (alert == NULL && alerts->alert_cnt >= KYI_ALERTS_MAX) {
		alerts->left_out_cnt++;
		return 0;
	}
	if (alert == NULL)
		alert = kyi_alerted_new(alerts, kymo_labels_make(
		    from->labels->at, from->labels->cnt));
	if (alert == NULL)
		return -1;
	/* Of two rules with the same labels, the one that fires. */
	if (alert->pass == alerts->pass && alert->seen >= from->state)
		return 0;
	alert->pass = alerts->pass;
	alert->seen = from->state;
	if (from->state == KYMO_ALERT_INACTIVE) {
		alert->seen_ms = from->resolved_ms;
		return 0;
	}
	alert->seen_ms = from->state == KYMO_ALERT_FIRING &&
	    from->fired_ms != 0 ? from->fired_ms : from->active_ms;
	alert->active_ms = from->active_ms;
	alert->value = from->value;
	alert->rule_inhibited = from->inhibited;
	return annotate(alert, from);
}

/* An alert that could not be added must not look as if it had ended: then the
   pass is none. */
int
kymo_alerts_add(struct kymo_alerts *alerts, const struct kymo_alert *from)
{
	if (!alerts->passing || add(alerts, from) == 0)
		return 0;
	alerts->passing = false;
	return -1;
}

static int
status_add(void *to, const struct kymo_rule_status *status)
{
	uint32_t i;

	for (i = 0; i < status->alert_cnt; i++)
		if (kymo_alerts_add(to, &status->alerts[i]) != 0)
			return -1;
	return 0;
}

int
kymo_alerts_pass(struct kymo_alerts *alerts, struct kymo_rule_engine *engine)
{
	kymo_alerts_begin(alerts);
	if (kymo_rule_engine_status(engine, status_add, alerts) == 0)
		return 0;
	alerts->passing = false;
	return -1;
}

void
kyi_alert_become(struct kymo_alerts *alerts, struct kyi_alerted *alert,
    enum kymo_alert_state seen, int64_t at_ms)
{
	if (seen == alert->state)
		return;
	if (seen == KYMO_ALERT_FIRING || alert->state == KYMO_ALERT_FIRING)
		kyi_alert_changed(alerts, alert);
	if (seen == KYMO_ALERT_INACTIVE) {
		resolve(alerts, alert, at_ms);
		return;
	}
	if (alert->state == KYMO_ALERT_FIRING) {
		/* From firing to pending: it ended, and begins anew. */
		resolve(alerts, alert, alerts->now_ms);
	}
	alert->state = seen;
	alert->dirty = true;
	alert->ends_ms = 0;
	alert->grouped = false;
	alert->starts_ms = seen == KYMO_ALERT_FIRING ? at_ms : 0;
	if (seen == KYMO_ALERT_PENDING)
		kyi_decide(alerts, alert, "pending");
	else
		kyi_decide(alerts, alert, "fires");
}

static void
became(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	bool here = alert->pass == alerts->pass;

	if (!alert->is_switch)
		kyi_alert_become(alerts, alert, here ? alert->seen :
		    KYMO_ALERT_INACTIVE, here && alert->seen_ms != 0 ?
		    alert->seen_ms : alerts->now_ms);
}

static void
ack_turn(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	if (alert->ack_who == NULL || alert->ack_until_ms == 0)
		return;
	if (alert->ack_until_ms > alerts->now_ms) {
		kyi_alerts_at(alerts, alert->ack_until_ms);
		return;
	}
	free(alert->ack_who);
	free(alert->ack_comment);
	alert->ack_who = alert->ack_comment = NULL;
	alert->dirty = true;
	kyi_decide(alerts, alert, "the acknowledgement is over");
}

static int
pass_end(struct kymo_alerts *alerts)
{
	struct kyi_alerted *alert;
	uint32_t i;

	if (kyi_switches_find(alerts) != 0)
		return kymo_error_set(alerts->error, "no memory for alerts");
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			if (alerts->passing)
				became(alerts, alert);
			kyi_alert_quiet(alerts, alert);
			ack_turn(alerts, alert);
		}
	alerts->passing = false;
	if (kyi_switches_turn(alerts) != 0)
		return kymo_error_set(alerts->error, "no memory for alerts");
	return 0;
}

/* ---- a step --------------------------------------------------------------- */

static int
group_all(struct kymo_alerts *alerts)
{
	struct kyi_alerted *alert;
	uint32_t i;

	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next)
			if (kyi_fires(alert) && !alert->grouped &&
			    kyi_alert_group(alerts, alert) != 0)
				return kymo_error_set(alerts->error,
				    "no memory for alerts' groups");
	return 0;
}

/* In the order of their keys, so that the same passes say the same in the same
   order, whatever was there before. */
static int
by_key(const void *a, const void *b)
{
	return strcmp((*(struct kyi_group *const *)a)->key,
	    (*(struct kyi_group *const *)b)->key);
}

static int
send_all(struct kymo_alerts *alerts)
{
	struct kyi_group **sorted = calloc((size_t)alerts->group_cnt + 1,
	    sizeof(struct kyi_group *)), *group;
	uint32_t cnt = 0, i;
	int result = 0;

	if (sorted == NULL)
		return kymo_error_set(alerts->error, "no memory for alerts' "
		    "groups");
	for (i = 0; i < alerts->group_bucket_cnt; i++)
		for (group = alerts->groups[i]; group != NULL;
		    group = group->next)
			sorted[cnt++] = group;
	qsort(sorted, cnt, sizeof(struct kyi_group *), by_key);
	for (i = 0; i < cnt && result == 0; i++)
		result = kyi_group_send(alerts, sorted[i]);
	free(sorted);
	return result;
}

/* Resolved ones that nobody waits for: those that are too old, and when there
   are too many, those older than a minute. */
static void
alerts_sweep(struct kymo_alerts *alerts)
{
	struct kyi_alerted **at, *alert;
	int64_t keep_ms = alerts->alert_cnt > KYI_RESOLVED_MAX +
	    alerts->firing_cnt ? 60000 : KYI_RESOLVED_MS;
	uint32_t i;

	for (i = 0; i < alerts->bucket_cnt; i++)
		for (at = &alerts->alerts[i]; (alert = *at) != NULL; ) {
			char *key;

			if (alert->state != KYMO_ALERT_INACTIVE ||
			    alert->flapping || alert->member_cnt > 0 ||
			    alerts->now_ms - alert->ends_ms < keep_ms) {
				at = &alert->next;
				continue;
			}
			*at = alert->next;
			key = kyi_alert_labels_key(alert->labels);
			if (key != NULL)
				kyi_alerts_gone(alerts, 'a', key);
			free(key);
			kyi_alerted_delete(alert);
			alerts->alert_cnt--;
		}
}

static int
step(struct kymo_alerts *alerts)
{
	kyi_silences_turn(alerts);
	if (pass_end(alerts) != 0 || group_all(alerts) != 0)
		return -1;
	if (kyi_alerts_mute(alerts) != 0)
		return kymo_error_set(alerts->error, "no memory for what mutes "
		    "alerts");
	if (send_all(alerts) != 0)
		return -1;
	kyi_groups_sweep(alerts);
	alerts_sweep(alerts);
	return kyi_alerts_save(alerts, alerts->error);
}

int
kymo_alerts_step(struct kymo_alerts *alerts, int64_t now_ms,
    struct kymo_error *error)
{
	const struct kymo_alerts_store *store = alerts->options.store;
	struct kymo_error room = {""};

	alerts->error = error == NULL ? &room : error;
	alerts->now_ms = now_ms;
	alerts->notice_cnt = 0;
	if (alerts->reload && kyi_alerts_load(alerts, alerts->error) != 0)
		return -1;
	if (!alerts->passing && now_ms < alerts->next_ms &&
	    !alerts->touched)
		return 0;
	alerts->next_ms = INT64_MAX;
	alerts->touched = false;
	if (store != NULL && store->begin(store->of, alerts->error) != 0) {
		alerts->next_ms = now_ms + KYI_LATER_MS;
		return -1;
	}
	if (step(alerts) == 0 && (store == NULL ||
	    store->commit(store->of, alerts->error) == 0))
		return alerts->notice_cnt;
	/* What was changed in memory is not what is kept: begin anew from what
	   is. Without a store what was taken was taken. */
	alerts->next_ms = now_ms + KYI_LATER_MS;
	alerts->touched = true;
	alerts->passing = false;
	if (store != NULL) {
		store->rollback(store->of);
		alerts->reload = true;
	}
	return -1;
}

int
kymo_alerts_look(struct kymo_alerts *alerts, int64_t now_ms,
    struct kymo_error *error)
{
	struct kymo_error room = {""};

	alerts->error = error == NULL ? &room : error;
	alerts->now_ms = now_ms;
	kyi_silences_turn(alerts);
	if (group_all(alerts) != 0)
		return -1;
	return kyi_alerts_mute(alerts) == 0 ? 0 : kymo_error_set(error,
	    "no memory for what mutes alerts");
}

int64_t
kymo_alerts_next_ms(const struct kymo_alerts *alerts)
{
	return alerts->touched ? 0 : alerts->next_ms;
}

uint64_t
kymo_alerts_left_out_cnt(const struct kymo_alerts *alerts)
{
	return alerts->left_out_cnt;
}
