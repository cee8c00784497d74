/* SPDX-License-Identifier: MIT */
/* What was decided of an alert, and what will be. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/alert/state.h"

void
kyi_decide(struct kymo_alerts *alerts, struct kyi_alerted *alert,
    const char *format, ...)
{
	struct kyi_decision *decision, *last;
	char text[600];
	char *kept;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	last = &alert->decisions[(alert->decision_cnt + KYI_DECISIONS_MAX - 1) %
	    KYI_DECISIONS_MAX];
	if (last->text != NULL && strcmp(last->text, text) == 0)
		return;
	/* Without memory a decision is not kept; it holds all the same. */
	kept = strdup(text);
	if (kept == NULL)
		return;
	decision = &alert->decisions[alert->decision_cnt++ % KYI_DECISIONS_MAX];
	free(decision->text);
	*decision = (struct kyi_decision){alerts->now_ms, kept};
	alert->dirty = true;
}

void
kyi_alert_time_put(struct kymo_buffer *out, int64_t at_ms)
{
	time_t at_s = (time_t)(at_ms / 1000);
	struct tm tm;
	char text[64];

	gmtime_r(&at_s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	kymo_buffer_printf(out, "%s.%03dZ", text, (int)(at_ms % 1000));
}

void
kyi_alert_labels_put(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	const char *at;
	uint32_t i;

	kymo_buffer_char(out, '{');
	for (i = 0; i < labels->cnt; i++) {
		kymo_buffer_printf(out, "%s%s=\"", i == 0 ? "" : ", ",
		    labels->at[i].key);
		for (at = labels->at[i].value; *at != '\0'; at++) {
			if (*at == '\n') {
				kymo_buffer_str(out, "\\n");
				continue;
			}
			if (*at == '"' || *at == '\\')
				kymo_buffer_char(out, '\\');
			kymo_buffer_char(out, *at);
		}
		kymo_buffer_char(out, '"');
	}
	kymo_buffer_char(out, '}');
}

void
kyi_muted_put(const struct kymo_alerts *alerts, const struct kyi_alerted *alert,
    struct kymo_buffer *out)
{
	const struct kyi_silence *silence = alert->silence;

	switch (alert->muted) {
	case KYI_MUTED_NOT:
		kymo_buffer_str(out, "");
		return;
	case KYI_MUTED_RULE:
		kymo_buffer_str(out, "an alert that its rule depends on fires");
		return;
	case KYI_MUTED_INHIBITED:
		kymo_buffer_printf(out, "inhibited by the rule in line %u, "
		    "while this fires: ", alert->inhibit_line);
		kyi_alert_labels_put(out, alert->inhibitor->labels);
		return;
	case KYI_MUTED_DEPENDENCY:
		kymo_buffer_str(out, "what its component depends on is down: ");
		kyi_alert_labels_put(out, alert->cause->labels);
		return;
	case KYI_MUTED_MAINTENANCE:
		kymo_buffer_printf(out, "maintenance %s",
		    alert->window->name);
		return;
	default:
		break;
	}
	/* Since the last step it may be another. */
	if (silence == NULL || alert->silence_gen != alerts->silence_gen) {
		kymo_buffer_str(out, "silenced");
		return;
	}
	kymo_buffer_printf(out, "silence %s, of %s", silence->id,
	    silence->author[0] == '\0' ? "nobody named" : silence->author);
	if (silence->comment[0] != '\0')
		kymo_buffer_printf(out, " (%s)", silence->comment);
	kymo_buffer_str(out, ", until ");
	kyi_alert_time_put(out, silence->until_ms);
}

/* ---- for people ----------------------------------------------------------- */

typedef int each_alert(void *to, const struct kyi_alerted *alert);

static int
each_matching(const struct kymo_alerts *alerts, const char *text,
    each_alert *each, void *to, struct kymo_error *error)
{
	struct kymo_routing room = {0};
	struct kyi_routing_matchers matchers = {0};
	const struct kyi_alerted *alert;
	int result = 0;
	uint32_t i;

	if (text != NULL && !kyi_alert_matchers(&room, text, &matchers,
	    error)) {
		kyi_alert_room_free(&room);
		return -1;
	}
	for (i = 0; i < alerts->bucket_cnt && result == 0; i++)
		for (alert = alerts->alerts[i]; alert != NULL && result == 0;
		    alert = alert->next)
			if (kymo_matchers_match(matchers.at, matchers.cnt,
			    alert->labels))
				result = each(to, alert);
	kyi_alert_room_free(&room);
	return result;
}

struct listing {
	const struct kymo_alerts *alerts;
	int (*each)(void *to, const struct kymo_alert_view *view);
	void *to;
};

static int
list_one(void *to, const struct kyi_alerted *alert)
{
	const struct listing *listing = to;
	struct kymo_buffer muted = {0};
	struct kymo_alert_view view = {.labels = alert->labels,
	    .annotations = alert->annotations,
	    .annotation_cnt = alert->annotation_cnt, .state = alert->state,
	    .active_ms = alert->active_ms, .starts_ms = alert->starts_ms,
	    .ends_ms = alert->ends_ms, .value = alert->value, .muted = "",
	    .acknowledged = alert->ack_who == NULL ? "" : alert->ack_who};
	int result;

	kyi_muted_put(listing->alerts, alert, &muted);
	if (muted.at != NULL)
		view.muted = muted.at;
	result = listing->each(listing->to, &view);
	kymo_buffer_free(&muted);
	return result;
}

int
kymo_alerts_list(const struct kymo_alerts *alerts, const char *matchers,
    int (*each)(void *to, const struct kymo_alert_view *view), void *to,
    struct kymo_error *error)
{
	struct listing listing = {alerts, each, to};

	return each_matching(alerts, matchers, list_one, &listing, error);
}

/* ---- why ------------------------------------------------------------------ */

struct telling {
	const struct kymo_alerts *alerts;
	struct kymo_buffer *out;
	int64_t now_ms;
	int cnt;
};

/* What comes of an alert in a group, for one of its targets. */
static void
next_put(struct telling *telling, const struct kyi_group *group,
    const struct kyi_member *member, uint32_t idx)
{
	const struct kyi_alerted *alert = member->alert;
	const struct kyi_target *target = &group->targets[idx];
	struct kymo_buffer *out = telling->out;
	bool told = (member->told >> idx & 1) != 0;
	int64_t at_ms;

	kymo_buffer_printf(out, "  next, to %s: ", target->to->name);
	if (!kyi_fires(alert))
		kymo_buffer_str(out, told ? "its end" : "nothing");
	else if (!target->is_main && member->current)
		kymo_buffer_str(out, told ? "its end, when it ends" :
		    "nothing but by an escalation");
	else if (!member->current || group->node == NULL)
		kymo_buffer_str(out, "its end, when it ends: no route leads "
		    "there any more");
	else if (alert->muted != KYI_MUTED_NOT)
		kymo_buffer_str(out, told ? "its end, when it ends; it is muted"
		    : "nothing while it is muted");
	else if (told && alert->ack_who != NULL)
		kymo_buffer_str(out, "its end, when it ends; it is "
		    "acknowledged");
	else {
		at_ms = told ? target->last_ms +
		    group->node->route.repeat_interval_ms : group->flush_ms;
		kymo_buffer_str(out, told ? "again at " : "a first message at "
		    );
		kyi_alert_time_put(out, at_ms < telling->now_ms ?
		    telling->now_ms : at_ms);
	}
	if (group->held != NULL)
		kymo_buffer_printf(out, ", not before time interval %s lets it",
		    group->held);
	kymo_buffer_char(out, '\n');
}

static void
escalation_put(struct telling *telling, const struct kyi_group *group)
{
	if (group->step_ms == 0 || group->step_ms == INT64_MAX)
		return;
	kymo_buffer_printf(telling->out, "  next: step %u of escalation %s, at "
	    , group->step_cnt + 1, group->node->escalation->name);
	kyi_alert_time_put(telling->out, group->step_ms);
	kymo_buffer_char(telling->out, '\n');
}

static void
nexts_put(struct telling *telling, const struct kyi_alerted *alert)
{
	const struct kymo_alerts *alerts = telling->alerts;
	const struct kyi_group *group;
	uint32_t i, k, idx;

	for (i = 0; i < alerts->group_bucket_cnt; i++)
		for (group = alerts->groups[i]; group != NULL;
		    group = group->next)
			for (k = 0; k < group->member_cnt; k++) {
				if (group->members[k].alert != alert)
					continue;
				if (group->target_cnt == 0)
					kymo_buffer_printf(telling->out,
					    "  next: nothing: %s has no way to "
					    "anybody\n", group->node == NULL ?
					    "its receiver" :
					    group->node->route.receiver);
				for (idx = 0; idx < group->target_cnt; idx++)
					next_put(telling, group,
					    &group->members[k], idx);
				escalation_put(telling, group);
			}
}

static int
why_one(void *to, const struct kyi_alerted *alert)
{
	struct telling *telling = to;
	struct kymo_buffer *out = telling->out;
	uint32_t i = alert->decision_cnt > KYI_DECISIONS_MAX ?
	    alert->decision_cnt - KYI_DECISIONS_MAX : 0;

	kyi_alert_labels_put(out, alert->labels);
	kymo_buffer_str(out, alert->state == KYMO_ALERT_FIRING ? ": fires\n" :
	    alert->state == KYMO_ALERT_PENDING ? ": pending\n" :
	    alert->flapping ? ": flaps\n" : ": resolved\n");
	for (; i < alert->decision_cnt; i++) {
		const struct kyi_decision *decision =
		    &alert->decisions[i % KYI_DECISIONS_MAX];

		kymo_buffer_str(out, "  ");
		kyi_alert_time_put(out, decision->at_ms);
		kymo_buffer_printf(out, "  %s\n", decision->text);
	}
	if (alert->state == KYMO_ALERT_PENDING)
		kymo_buffer_str(out, "  next: it fires when its rule's \"for\" "
		    "is over\n");
	nexts_put(telling, alert);
	telling->cnt++;
	return 0;
}

int
kymo_alerts_why(const struct kymo_alerts *alerts, const char *matchers,
    int64_t now_ms, struct kymo_buffer *out, struct kymo_error *error)
{
	struct telling telling = {alerts, out, now_ms, 0};

	if (each_matching(alerts, matchers, why_one, &telling, error) != 0)
		return -1;
	return out->failed ? kymo_error_set(error, "no memory") : telling.cnt;
}
