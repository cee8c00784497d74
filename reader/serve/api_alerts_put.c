/* SPDX-License-Identifier: MIT */
/* An alert as Alertmanager's API has it, with what it has not under "kymo": the
   state, the value, who cares for it, what comes next; and asked for one by one,
   every decision and every message that is under way. */
#include "reader/serve/api_alerts_put.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/json.h"

/* Of a firing alert Alertmanager says when it would count as resolved if
   nobody said it again; with us whoever says it is there. */
#define ENDS_MS (5 * 60000)

void
kyi_api_pairs_put(struct kymo_buffer *out, const char *key,
    const struct kymo_label *pairs, uint32_t cnt)
{
	uint32_t i;

	kyi_json_key(out, key);
	kymo_buffer_char(out, '{');
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kyi_json_string(out, pairs[i].key);
		kymo_buffer_char(out, ':');
		kyi_json_string(out, pairs[i].value);
	}
	kymo_buffer_char(out, '}');
}

static bool
annotated(const struct kymo_alert_view *view, const char *key)
{
	uint32_t i;

	for (i = 0; i < view->annotation_cnt; i++)
		if (strcmp(view->annotations[i].key, key) == 0)
			return true;
	return false;
}

/* Its own, and where its profile is. */
static void
put_annotations(struct kymo_buffer *out, const struct kyi_alerting *alerting,
    const struct kymo_alert_view *view)
{
	const struct kyi_api_world *world = alerting->api->world;
	struct kymo_serve_profile said = { "", "" };
	struct kymo_label *pairs = NULL;
	uint32_t cnt = view->annotation_cnt;

	if (world->profile_said != NULL)
		world->profile_said(world->of, view->labels, view->starts_ms,
		    alerting->with->external_url, &said);
	if (*said.where != '\0')
		pairs = calloc(cnt + 2u, sizeof(*pairs));
	if (pairs == NULL) {
		kyi_api_pairs_put(out, "annotations", view->annotations, cnt);
		return;
	}
	if (cnt > 0)
		memcpy(pairs, view->annotations, cnt * sizeof(*pairs));
	if (!annotated(view, "profile"))
		pairs[cnt++] = (struct kymo_label){ "profile", said.where };
	if (*said.hottest != '\0' && !annotated(view, "hottest"))
		pairs[cnt++] = (struct kymo_label){ "hottest", said.hottest };
	kyi_api_pairs_put(out, "annotations", pairs, cnt);
	free(pairs);
}

static void
put_fingerprint(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	kymo_buffer_printf(out, "\"%016" PRIx64 "\"",
	    kymo_notify_fingerprint(labels->at, labels->cnt));
}

struct routed {
	struct kymo_buffer *out;
	uint32_t cnt;
};

static int
route_put(void *to, const struct kymo_route *route)
{
	struct routed *routed = to;

	kymo_buffer_str(routed->out, routed->cnt++ > 0 ? ",{" : "{");
	kyi_json_member_str(routed->out, "name", route->receiver);
	kymo_buffer_char(routed->out, '}');
	return 0;
}

static void
put_status(struct kymo_buffer *out, const struct kymo_alert_view *view)
{
	bool fires = view->flapping || view->state == KYMO_ALERT_FIRING;

	kyi_json_key(out, "status");
	kymo_buffer_str(out, "{\"inhibitedBy\":[");
	if (view->inhibitor != NULL)
		put_fingerprint(out, view->inhibitor);
	/* Others mute, too, and are no silence: they are told so. Of a group's
	   alerts it is not said how. */
	else if (view->muted_by != KYMO_MUTED_NOT &&
	    view->muted_by != KYMO_MUTED_SILENCE && *view->muted != '\0')
		kyi_json_string(out, view->muted);
	kymo_buffer_str(out, "],\"silencedBy\":[");
	if (view->muted_by == KYMO_MUTED_SILENCE && *view->silence != '\0')
		kyi_json_string(out, view->silence);
	kymo_buffer_char(out, ']');
	kyi_json_member_str(out, "state", !fires ? "unprocessed" :
	    view->muted_by != KYMO_MUTED_NOT ? "suppressed" : "active");
	kymo_buffer_char(out, '}');
}

static void
put_ack(struct kymo_buffer *out, const struct kymo_alert_view *view)
{
	if (*view->acknowledged == '\0')
		return;
	kyi_json_key(out, "acknowledged");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "by", view->acknowledged);
	kyi_json_member_str(out, "comment", view->ack_comment);
	kyi_alerting_time(out, "at", view->ack_ms);
	if (view->ack_until_ms != 0)
		kyi_alerting_time(out, "until", view->ack_until_ms);
	kymo_buffer_char(out, '}');
}

static void
put_nexts(struct kymo_buffer *out, const struct kymo_alert_view *view)
{
	uint32_t i;

	kyi_json_key(out, "next");
	kymo_buffer_char(out, '[');
	for (i = 0; i < view->next_cnt; i++) {
		const struct kymo_alert_next *next = &view->nexts[i];

		kymo_buffer_str(out, i > 0 ? ",{" : "{");
		if (*next->to != '\0')
			kyi_json_member_str(out, "to", next->to);
		kyi_json_member_str(out, "what", next->what);
		if (next->at_ms != 0)
			kyi_alerting_time(out, "at", next->at_ms);
		kyi_json_key(out, "told");
		kymo_buffer_str(out, next->told ? "true}" : "false}");
	}
	kymo_buffer_char(out, ']');
}

static void
put_decisions(struct kymo_buffer *out, const struct kymo_alert_view *view)
{
	uint32_t i;

	kyi_json_key(out, "decisions");
	kymo_buffer_char(out, '[');
	for (i = 0; i < view->decision_cnt; i++) {
		kymo_buffer_str(out, i > 0 ? ",{" : "{");
		kyi_alerting_time(out, "at", view->decisions[i].at_ms);
		kyi_json_member_str(out, "text", view->decisions[i].text);
		kymo_buffer_char(out, '}');
	}
	kymo_buffer_char(out, ']');
}

static void
put_kymo(struct kymo_buffer *out, const struct kyi_mail *mail,
    const struct kymo_alert_view *view)
{
	static const char *const muters[] = { [KYMO_MUTED_RULE] = "rule",
	    [KYMO_MUTED_SILENCE] = "silence",
	    [KYMO_MUTED_INHIBITED] = "inhibition",
	    [KYMO_MUTED_DEPENDENCY] = "dependency",
	    [KYMO_MUTED_MAINTENANCE] = "maintenance" };

	kyi_json_key(out, "kymo");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "state", view->flapping ? "flapping" :
	    view->state == KYMO_ALERT_FIRING ? "firing" :
	    view->state == KYMO_ALERT_PENDING ? "pending" : "resolved");
	kyi_json_key(out, "value");
	kyi_json_double(out, view->value);
	if (view->muted_by != KYMO_MUTED_NOT) {
		if (*view->muted != '\0')
			kyi_json_member_str(out, "muted", view->muted);
		kyi_json_member_str(out, "mutedBy", muters[view->muted_by]);
	}
	put_ack(out, view);
	put_nexts(out, view);
	if (mail != NULL) {
		put_decisions(out, view);
		kyi_mail_put(out, mail, kymo_notify_fingerprint(
		    view->labels->at, view->labels->cnt));
	}
	kymo_buffer_char(out, '}');
}

void
kyi_api_alert_put(struct kymo_buffer *out, const struct kyi_alerting *alerting,
    const struct kyi_mail *mail, const struct kymo_alert_view *view)
{
	struct routed routed = { out, 0 };
	bool over = view->state == KYMO_ALERT_INACTIVE && !view->flapping;

	kymo_buffer_char(out, '{');
	put_annotations(out, alerting, view);
	kyi_alerting_time(out, "endsAt", over ? view->ends_ms :
	    alerting->now_ms + ENDS_MS);
	kyi_json_key(out, "fingerprint");
	put_fingerprint(out, view->labels);
	kyi_json_key(out, "receivers");
	kymo_buffer_char(out, '[');
	kymo_routing_routes(alerting->with->routing, view->labels, route_put,
	    &routed);
	kymo_buffer_char(out, ']');
	kyi_alerting_time(out, "startsAt", view->starts_ms != 0 ?
	    view->starts_ms : view->active_ms);
	put_status(out, view);
	kyi_alerting_time(out, "updatedAt", alerting->now_ms);
	kyi_api_pairs_put(out, "labels", view->labels->at,
	    view->labels->cnt);
	put_kymo(out, mail, view);
	kymo_buffer_char(out, '}');
}
