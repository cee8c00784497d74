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
	uint32_t i;

	kymo_buffer_char(out, '{');
	for (i = 0; i < labels->cnt; i++) {
		kymo_buffer_printf(out, "%s%s=", i == 0 ? "" : ", ",
		    labels->at[i].key);
		kymo_buffer_quote(out, labels->at[i].value);
	}
	kymo_buffer_char(out, '}');
}

void
kyi_muted_put(const struct kymo_alerts *alerts, const struct kyi_alerted *alert,
    struct kymo_buffer *out)
{
	const struct kyi_silence *silence = alert->silence;

	switch (alert->muted) {
	case KYMO_MUTED_NOT:
		kymo_buffer_str(out, "");
		return;
	case KYMO_MUTED_RULE:
		kymo_buffer_str(out, "an alert that its rule depends on fires");
		return;
	case KYMO_MUTED_INHIBITED:
		kymo_buffer_printf(out, "inhibited by the rule in line %u, "
		    "while this fires: ", alert->inhibit_line);
		kyi_alert_labels_put(out, alert->inhibitor->labels);
		return;
	case KYMO_MUTED_DEPENDENCY:
		kymo_buffer_str(out, "what its component depends on is down: ");
		kyi_alert_labels_put(out, alert->cause->labels);
		return;
	case KYMO_MUTED_MAINTENANCE:
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

/* A view, and what it points to. */
struct viewing {
	const struct kymo_alerts *alerts;
	int64_t now_ms;
	struct kyi_nexts nexts;
	struct kymo_buffer muted;
	struct kymo_alert_decision decisions[KYI_DECISIONS_MAX];
	struct kymo_alert_in *groups;
	uint32_t group_room;
	int (*each)(void *to, const struct kymo_alert_view *view);
	void *to;
	struct kymo_error *error;
};

static void
decisions_view(struct viewing *viewing, const struct kyi_alerted *alert,
    struct kymo_alert_view *view)
{
	uint32_t i = alert->decision_cnt > KYI_DECISIONS_MAX ?
	    alert->decision_cnt - KYI_DECISIONS_MAX : 0;

	for (; i < alert->decision_cnt; i++) {
		const struct kyi_decision *decision =
		    &alert->decisions[i % KYI_DECISIONS_MAX];

		viewing->decisions[view->decision_cnt++] = (struct
		    kymo_alert_decision){decision->at_ms, decision->text};
	}
	view->decisions = viewing->decisions;
}

static int
groups_view(struct viewing *viewing, const struct kyi_alerted *alert,
    struct kymo_alert_view *view)
{
	struct kymo_alert_in *groups;
	uint32_t i;

	if (alert->member_cnt > viewing->group_room) {
		groups = reallocarray(viewing->groups, alert->member_cnt,
		    sizeof(*groups));
		if (groups == NULL)
			return -1;
		viewing->groups = groups;
		viewing->group_room = alert->member_cnt;
	}
	for (i = 0; i < alert->member_cnt; i++) {
		const struct kyi_group *group = alert->groups[i].group;

		viewing->groups[i] = (struct kymo_alert_in){group->key,
		    group->node == NULL ? "" : group->node->route.receiver,
		    group->labels, group->held == NULL ? "" : group->held};
	}
	view->groups = viewing->groups;
	view->group_cnt = alert->member_cnt;
	return 0;
}

struct kymo_alert_view
kyi_alerted_view(const struct kyi_alerted *alert)
{
	return (struct kymo_alert_view){.labels = alert->labels,
	    .annotations = alert->annotations,
	    .annotation_cnt = alert->annotation_cnt, .state = alert->state,
	    .flapping = alert->flapping, .active_ms = alert->active_ms,
	    .starts_ms = alert->starts_ms, .ends_ms = alert->ends_ms,
	    .value = alert->value, .muted = "", .muted_by = alert->muted,
	    .silence = "",
	    .acknowledged = alert->ack_who == NULL ? "" : alert->ack_who,
	    .ack_comment = alert->ack_comment == NULL ? "" :
	    alert->ack_comment, .ack_ms = alert->ack_ms,
	    .ack_until_ms = alert->ack_until_ms};
}

/* Lives until the next one. -1: no memory. */
static int
view_make(struct viewing *viewing, const struct kyi_alerted *alert,
    struct kymo_alert_view *view)
{
	viewing->muted.len_bytes = 0;
	kyi_muted_put(viewing->alerts, alert, &viewing->muted);
	kyi_nexts_find(&viewing->nexts, viewing->alerts, alert,
	    viewing->now_ms);
	*view = kyi_alerted_view(alert);
	if (viewing->muted.failed || viewing->nexts.failed ||
	    groups_view(viewing, alert, view) != 0)
		return kymo_error_set(viewing->error, "no memory");
	view->muted = viewing->muted.at;
	if (alert->muted == KYMO_MUTED_SILENCE && alert->silence != NULL &&
	    alert->silence_gen == viewing->alerts->silence_gen)
		view->silence = alert->silence->id;
	if (alert->muted == KYMO_MUTED_INHIBITED)
		view->inhibitor = alert->inhibitor->labels;
	view->nexts = viewing->nexts.at;
	view->next_cnt = viewing->nexts.cnt;
	decisions_view(viewing, alert, view);
	return 0;
}

static void
viewing_end(struct viewing *viewing)
{
	free(viewing->groups);
	kyi_nexts_free(&viewing->nexts);
	kymo_buffer_free(&viewing->muted);
}

static int
view_one(void *to, const struct kyi_alerted *alert)
{
	struct viewing *viewing = to;
	struct kymo_alert_view view;

	if (view_make(viewing, alert, &view) != 0)
		return -1;
	return viewing->each(viewing->to, &view);
}

int
kymo_alerts_list(const struct kymo_alerts *alerts, const char *matchers,
    int64_t now_ms, int (*each)(void *to, const struct kymo_alert_view *view),
    void *to, struct kymo_error *error)
{
	struct viewing viewing = {.alerts = alerts, .now_ms = now_ms,
	    .each = each, .to = to, .error = error};
	int result = each_matching(alerts, matchers, view_one, &viewing, error);

	viewing_end(&viewing);
	return result;
}

int
kymo_alerts_one(const struct kymo_alerts *alerts,
    const struct kymo_labels *labels, int64_t now_ms, int (*each)(void *to,
    const struct kymo_alert_view *view), void *to, struct kymo_error *error)
{
	struct viewing viewing = {.alerts = alerts, .now_ms = now_ms,
	    .each = each, .to = to, .error = error};
	const struct kyi_alerted *alert = kyi_alerted_find(alerts, labels);
	int result = alert == NULL ? 0 : view_one(&viewing, alert);

	viewing_end(&viewing);
	return result;
}

/* ---- why ------------------------------------------------------------------ */

struct telling {
	struct kymo_buffer *out;
	int cnt;
};

static int
why_one(void *to, const struct kymo_alert_view *view)
{
	struct telling *telling = to;
	struct kymo_buffer *out = telling->out;
	uint32_t i;

	kyi_alert_labels_put(out, view->labels);
	kymo_buffer_str(out, view->state == KYMO_ALERT_FIRING ? ": fires\n" :
	    view->state == KYMO_ALERT_PENDING ? ": pending\n" :
	    view->flapping ? ": flaps\n" : ": resolved\n");
	for (i = 0; i < view->decision_cnt; i++) {
		kymo_buffer_str(out, "  ");
		kyi_alert_time_put(out, view->decisions[i].at_ms);
		kymo_buffer_printf(out, "  %s\n", view->decisions[i].text);
	}
	for (i = 0; i < view->next_cnt; i++) {
		const struct kymo_alert_next *next = &view->nexts[i];

		kymo_buffer_printf(out, "  next%s%s: %s", *next->to == '\0' ?
		    "" : ", to ", next->to, next->what);
		if (next->at_ms != 0) {
			kymo_buffer_str(out, ", at ");
			kyi_alert_time_put(out, next->at_ms);
		}
		kymo_buffer_char(out, '\n');
	}
	telling->cnt++;
	return 0;
}

int
kymo_alerts_why(const struct kymo_alerts *alerts, const char *matchers,
    int64_t now_ms, struct kymo_buffer *out, struct kymo_error *error)
{
	struct telling telling = {out, 0};

	if (kymo_alerts_list(alerts, matchers, now_ms, why_one, &telling,
	    error) != 0)
		return -1;
	return out->failed ? kymo_error_set(error, "no memory") : telling.cnt;
}
