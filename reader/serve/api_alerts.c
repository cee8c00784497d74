/* SPDX-License-Identifier: MIT */
/* Alerts as Alertmanager's API has them, with what it has not under "kymo":
   the state, the value, who cares for it, what comes next; and asked for one by
   one, every decision and every message that is under way. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api_body.h"
#include "reader/serve/api_mail.h"
#include "reader/serve/param.h"
#include "reader/serve/put.h"

/* Of a firing alert Alertmanager says when it would count as resolved if
   nobody said it again; with us whoever says it is there. */
#define ENDS_MS (5 * 60000)

struct telling {
	struct kyi_alerting *alerting;
	bool active, silenced, inhibited, unprocessed; /* as Alertmanager's */
	bool pending, resolved;
	bool all; /* decisions and messages, too */
	const char *receiver; /* a regular expression; "" */
	struct kymo_regex *regex;
	struct kyi_mail mail; /* what waits, where all is told */
};

/* ---- pieces ------------------------------------------------------------ */

static void
put_pairs(struct kymo_buffer *out, const char *key,
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

static void
put_fingerprint(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	kymo_buffer_printf(out, "\"%016" PRIx64 "\"",
	    kymo_notify_fingerprint(labels->at, labels->cnt));
}

struct routed {
	struct kymo_buffer *out;
	const struct telling *telling;
	uint32_t cnt;
	bool wanted; /* by receiver= */
};

static int
route_put(void *to, const struct kymo_route *route)
{
	struct routed *routed = to;

	if (routed->telling->regex == NULL ||
	    kymo_regex_match(routed->telling->regex, route->receiver))
		routed->wanted = true;
	if (routed->out == NULL)
		return 0;
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
put_kymo(struct kymo_buffer *out, const struct telling *telling,
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
	if (telling->all) {
		put_decisions(out, view);
		kyi_mail_put(out, &telling->mail, kymo_notify_fingerprint(
		    view->labels->at, view->labels->cnt));
	}
	kymo_buffer_char(out, '}');
}

static void
put_alert(const struct telling *telling, const struct kymo_alert_view *view)
{
	const struct kymo_serve_alerting *with = telling->alerting->with;
	struct kymo_buffer *out = &telling->alerting->api->out;
	struct routed routed = { out, telling, 0, false };
	bool over = view->state == KYMO_ALERT_INACTIVE && !view->flapping;

	kymo_buffer_char(out, '{');
	put_pairs(out, "annotations", view->annotations,
	    view->annotation_cnt);
	kyi_alerting_time(out, "endsAt", over ? view->ends_ms :
	    with->now_ms + ENDS_MS);
	kyi_json_key(out, "fingerprint");
	put_fingerprint(out, view->labels);
	kyi_json_key(out, "receivers");
	kymo_buffer_char(out, '[');
	kymo_routing_routes(with->routing, view->labels, route_put, &routed);
	kymo_buffer_char(out, ']');
	kyi_alerting_time(out, "startsAt", view->starts_ms != 0 ?
	    view->starts_ms : view->active_ms);
	put_status(out, view);
	kyi_alerting_time(out, "updatedAt", with->now_ms);
	put_pairs(out, "labels", view->labels->at, view->labels->cnt);
	put_kymo(out, telling, view);
	kymo_buffer_char(out, '}');
}

/* ---- which ------------------------------------------------------------- */

static bool
is_wanted(const struct telling *telling, const struct kymo_alert_view *view)
{
	struct routed routed = { NULL, telling, 0, false };
	bool muted = view->muted_by != KYMO_MUTED_NOT;

	if (!view->flapping && view->state == KYMO_ALERT_PENDING) {
		if (!telling->pending || !telling->unprocessed)
			return false;
	} else if (!view->flapping && view->state == KYMO_ALERT_INACTIVE) {
		if (!telling->resolved || !telling->unprocessed)
			return false;
	} else if (!muted && !telling->active) {
		return false;
	}
	if (view->muted_by == KYMO_MUTED_SILENCE ? !telling->silenced :
	    muted && !telling->inhibited)
		return false;
	if (!kyi_alerting_wanted(telling->alerting, view->labels))
		return false;
	if (telling->regex == NULL)
		return true;
	kymo_routing_routes(telling->alerting->with->routing, view->labels,
	    route_put, &routed);
	return routed.wanted;
}

static int
tell(void *to, const struct kymo_alert_view *view)
{
	struct telling *telling = to;
	struct kymo_buffer *out = &telling->alerting->api->out;

	if (!is_wanted(telling, view))
		return 0;
	if (telling->alerting->cnt++ > 0)
		kymo_buffer_char(out, ',');
	put_alert(telling, view);
	return out->len_bytes > KYI_ANSWER_BYTES_MAX ? 1 : 0;
}

/* What the parameters say; false: the answer is what is wrong. */
static bool
params_read(struct telling *telling)
{
	struct kyi_api *api = telling->alerting->api;
	struct kymo_error error = { "" };

	telling->receiver = kyi_form_get(&api->form, "receiver");
	if (!kyi_api_bool(api, "active", &telling->active) ||
	    !kyi_api_bool(api, "silenced", &telling->silenced) ||
	    !kyi_api_bool(api, "inhibited", &telling->inhibited) ||
	    !kyi_api_bool(api, "unprocessed", &telling->unprocessed) ||
	    !kyi_api_bool(api, "pending", &telling->pending) ||
	    !kyi_api_bool(api, "resolved", &telling->resolved))
		return false;
	if (*telling->receiver != '\0' && kymo_regex_new(&telling->regex,
	    telling->receiver, &error) != 0) {
		kyi_api_wrong(api, "receiver", "%s", error.text);
		return false;
	}
	return true;
}

static void
telling_end(struct telling *telling)
{
	kymo_regex_delete(telling->regex);
	kyi_mail_free(&telling->mail);
}

static bool
too_long(struct kyi_api *api)
{
	if (api->out.len_bytes <= KYI_ANSWER_BYTES_MAX)
		return false;
	kyi_api_fail(api, KYI_API_EXECUTION, "these are too many alerts for an "
	    "answer; choose by filter=");
	return true;
}

/* The list, within begin and end. */
static void
list(struct telling *telling, const char *begin, const char *end)
{
	struct kyi_api *api = telling->alerting->api;
	const struct kymo_serve_alerting *with = telling->alerting->with;
	struct kymo_error error = { "" };

	if (!params_read(telling))
		return;
	if (telling->all && kyi_mail_find(&telling->mail, with->outbox,
	    &error) != 0) {
		kyi_api_fail(api, KYI_API_INTERNAL, "%s", error.text);
		return;
	}
	api->status = 200;
	kymo_buffer_str(&api->out, begin);
	if (kymo_alerts_list(with->alerts, NULL, with->now_ms, tell, telling,
	    &error) < 0)
		kyi_api_fail(api, KYI_API_INTERNAL, "%s", error.text);
	else if (!too_long(api))
		kymo_buffer_str(&api->out, end);
}

static void
v2_alerts(struct kyi_alerting *alerting)
{
	struct telling telling = { .alerting = alerting, .active = true,
	    .silenced = true, .inhibited = true, .unprocessed = true };

	list(&telling, "[", "]");
	telling_end(&telling);
}

void
kyi_api_v2_alerts(struct kyi_api *api)
{
	kyi_alerting_answer(api, v2_alerts);
}

static void
why(struct kyi_alerting *alerting)
{
	struct telling telling = { .alerting = alerting, .active = true,
	    .silenced = true, .inhibited = true, .unprocessed = true,
	    .pending = true, .resolved = true, .all = true };

	list(&telling, "{\"status\":\"success\",\"data\":[", "]}");
	telling_end(&telling);
}

void
kyi_api_why(struct kyi_api *api)
{
	kyi_alerting_answer(api, why);
}

/* ---- groups ------------------------------------------------------------ */

static int
tell_group(void *to, const struct kymo_alert_group *group)
{
	struct telling *telling = to;
	struct kymo_buffer *out = &telling->alerting->api->out;
	uint32_t i, cnt = 0;

	if (*group->receiver == '\0' || (telling->regex != NULL &&
	    !kymo_regex_match(telling->regex, group->receiver)))
		return 0;
	for (i = 0; i < group->alert_cnt; i++)
		cnt += is_wanted(telling, &group->alerts[i]);
	if (cnt == 0)
		return 0;
	if (telling->alerting->cnt++ > 0)
		kymo_buffer_char(out, ',');
	kymo_buffer_char(out, '{');
	put_pairs(out, "labels", group->labels->at, group->labels->cnt);
	kyi_json_key(out, "receiver");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "name", group->receiver);
	kymo_buffer_str(out, "},\"alerts\":[");
	for (i = 0, cnt = 0; i < group->alert_cnt; i++) {
		if (!is_wanted(telling, &group->alerts[i]))
			continue;
		kymo_buffer_str(out, cnt++ > 0 ? "," : "");
		put_alert(telling, &group->alerts[i]);
	}
	kymo_buffer_str(out, "]}");
	return out->len_bytes > KYI_ANSWER_BYTES_MAX ? 1 : 0;
}

static void
groups(struct kyi_alerting *alerting)
{
	struct kyi_api *api = alerting->api;
	struct telling telling = { .alerting = alerting, .active = true,
	    .silenced = true, .inhibited = true, .unprocessed = true };
	struct kymo_error error = { "" };

	if (params_read(&telling)) {
		api->status = 200;
		kymo_buffer_char(&api->out, '[');
		if (kymo_alerts_groups(alerting->with->alerts,
		    alerting->with->now_ms, tell_group, &telling, &error) < 0)
			kyi_api_fail(api, KYI_API_INTERNAL, "%s", error.text);
		else if (!too_long(api))
			kymo_buffer_char(&api->out, ']');
	}
	telling_end(&telling);
}

void
kyi_api_v2_groups(struct kyi_api *api)
{
	kyi_alerting_answer(api, groups);
}

/* ---- acknowledgements -------------------------------------------------- */

/* {"matchers", "by", "comment", "until", "undo"} */
static void
ack_said(struct kyi_alerting *alerting, const struct kyi_body *body,
    struct kymo_buffer *matchers)
{
	struct kyi_api *api = alerting->api;
	const struct kymo_serve_alerting *with = alerting->with;
	struct kymo_error error = { "" };
	const char *by, *comment;
	int64_t until_ms = 0;
	bool undo;
	int cnt;

	if (!kyi_body_matchers(api, body, matchers) ||
	    !kyi_body_text(api, body, "by", &by) ||
	    !kyi_body_text(api, body, "comment", &comment) ||
	    !kyi_body_time(api, body, "until", &until_ms) ||
	    !kyi_body_bool(api, body, "undo", &undo))
		return;
	if (until_ms != 0 && until_ms <= with->now_ms) {
		kyi_api_fail(api, KYI_API_BAD_DATA, "\"until\" is over");
		return;
	}
	cnt = matchers->failed ? kymo_error_set(&error, "no memory") :
	    kymo_alerts_ack(with->alerts, matchers->at, undo ? NULL : by,
	    comment, until_ms, with->now_ms, &error);
	if (cnt < 0) {
		kyi_api_fail(api, KYI_API_BAD_DATA, "%s", error.text);
		return;
	}
	kyi_api_begin(api);
	kymo_buffer_printf(&api->out, "{\"alerts\":%d}", cnt);
	kyi_api_end(api, NULL, false);
}

static void
ack(struct kyi_alerting *alerting)
{
	struct kyi_body *body = kyi_body_read(alerting->api);
	struct kymo_buffer matchers = { 0 };

	if (body == NULL)
		return;
	ack_said(alerting, body, &matchers);
	kymo_buffer_free(&matchers);
	kyi_body_free(body);
}

void
kyi_api_ack(struct kyi_api *api)
{
	kyi_alerting_answer(api, ack);
}
