/* SPDX-License-Identifier: MIT */
/* Messages: what waits, what is dead, how receivers do; a person may have the
   dead tried again, and a receiver tried out. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api_body.h"
#include "reader/serve/api_mail.h"

/* ---- what is under way ------------------------------------------------- */

struct telling {
	struct kyi_alerting *alerting;
	const char *to, *id; /* "": all */
	bool body, failed;   /* failed: the answer is why */
	struct kyi_mail_walk walk;
	struct kymo_outbox_stats stats;
};

static int
tell(void *of, const struct kymo_outbox_entry *entry)
{
	struct telling *telling = of;
	struct kymo_buffer *out = &telling->alerting->api->out;

	if ((*telling->to != '\0' && strcmp(telling->to, entry->receiver) != 0)
	    || (*telling->id != '\0' && strcmp(telling->id, entry->id) != 0))
		return 0;
	if (telling->alerting->cnt++ > 0)
		kymo_buffer_char(out, ',');
	kyi_mail_entry_put(out, entry, telling->body);
	return 0;
}

static void
put_stats(struct kymo_buffer *out, const struct kymo_outbox_stats *stats)
{
	const struct {
		const char *key;
		uint64_t n;
	} all[] = {
		{ "waiting", stats->waiting }, { "dead", stats->dead },
		{ "bytes", stats->bytes }, { "added", stats->added },
		{ "coalesced", stats->coalesced },
		{ "delivered", stats->delivered },
		{ "failedAttempts", stats->failed }, { "died", stats->died },
		{ "forgotten", stats->forgotten },
		{ "refused", stats->refused },
	};
	size_t i;

	kyi_json_key(out, "stats");
	kymo_buffer_char(out, '{');
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		kyi_json_key(out, all[i].key);
		kymo_buffer_u64(out, all[i].n);
	}
	kymo_buffer_char(out, '}');
}

/* Whether nothing is known of messages; that is the answer then. */
static bool
unknown(struct kyi_alerting *alerting)
{
	if (alerting->with->outbox != NULL)
		return false;
	kyi_api_fail(alerting->api, KYI_API_UNAVAILABLE, "messages are told by "
	    "a running kymod alone");
	return true;
}

/* Some of them, and at the end how many there are. */
static void
queue_look(struct kyi_alerting *alerting)
{
	struct telling *telling = alerting->of;

	if (unknown(alerting))
		telling->failed = true;
	else if (kyi_mail_look(&telling->walk, alerting->with->outbox) != 0 ||
	    (telling->walk.over && kymo_outbox_stats(alerting->with->outbox,
	    &telling->stats, &telling->walk.error) != 0)) {
		kyi_api_fail(alerting->api, KYI_API_INTERNAL, "%s",
		    telling->walk.error.text);
		telling->failed = true;
	}
}

static bool
queue_read(struct telling *telling)
{
	struct kyi_api *api = telling->alerting->api;
	bool dead = true, waiting = true;

	if (!kyi_api_bool(api, "dead", &dead) ||
	    !kyi_api_bool(api, "waiting", &waiting) ||
	    !kyi_api_bool(api, "body", &telling->body))
		return false;
	telling->to = kyi_form_get(&api->form, "to");
	telling->id = kyi_form_get(&api->form, "id");
	telling->walk.no_dead = !dead;
	telling->walk.no_waiting = !waiting;
	return true;
}

void
kyi_api_queue(struct kyi_api *api)
{
	struct kyi_alerting alerting;
	struct telling telling = { .alerting = &alerting,
	    .walk = { .each = tell, .to = &telling } };
	bool good = kyi_alerting_begin(&alerting, api) && queue_read(&telling);

	alerting.of = &telling;
	if (good) {
		kyi_api_begin(api);
		kymo_buffer_str(&api->out, "{\"messages\":[");
	}
	while (good && !telling.walk.over)
		good = kyi_alerting_look(&alerting, queue_look) &&
		    !telling.failed;
	if (good) {
		kymo_buffer_char(&api->out, ']');
		put_stats(&api->out, &telling.stats);
		kymo_buffer_char(&api->out, '}');
		kyi_api_end(api, NULL, false);
	}
	kyi_alerting_end(&alerting);
}

/* ---- receivers --------------------------------------------------------- */

static void
tell_receiver(void *to, const struct kymo_receiver_status *status)
{
	struct kyi_alerting *alerting = to;
	struct kymo_buffer *out = &alerting->api->out;

	kymo_buffer_str(out, alerting->cnt++ > 0 ? ",{" : "{");
	kyi_json_member_str(out, "name", status->name);
	kyi_json_member_str(out, "state", status->open ? "takes nothing" :
	    status->failures > 0 ? "failing" : "well");
	kyi_json_key(out, "failures");
	kymo_buffer_u64(out, status->failures);
	kyi_json_key(out, "sending");
	kymo_buffer_str(out, status->sending ? "true" : "false");
	if (status->hold_ms > alerting->with->now_ms)
		kyi_alerting_time(out, "nextAttempt", status->hold_ms);
	kyi_json_member_str(out, "why", status->why);
	kymo_buffer_char(out, '}');
}

static void
receivers(struct kyi_alerting *alerting)
{
	if (unknown(alerting))
		return;
	kyi_api_begin(alerting->api);
	kymo_buffer_char(&alerting->api->out, '[');
	if (alerting->with->notify != NULL)
		kymo_notify_status(alerting->with->notify, tell_receiver,
		    alerting);
	kymo_buffer_char(&alerting->api->out, ']');
	kyi_api_end(alerting->api, NULL, false);
}

void
kyi_api_receivers(struct kyi_api *api)
{
	kyi_alerting_answer(api, receivers);
}

/* ---- again ------------------------------------------------------------- */

/* {"id"} or {"all": true} */
static void
retry(struct kyi_alerting *alerting)
{
	struct kyi_api *api = alerting->api;
	struct kyi_body *body = kyi_body_read(api);
	struct kymo_error error = { "" };
	const char *id = "";
	bool all = false;
	int cnt;

	if (body == NULL)
		return;
	if (!kyi_body_text(api, body, "id", &id) ||
	    !kyi_body_bool(api, body, "all", &all)) {
		kyi_body_free(body);
		return;
	}
	if ((*id != '\0') == all) {
		kyi_body_free(body);
		kyi_api_fail(api, KYI_API_BAD_DATA, "\"id\" says which dead "
		    "letter, or \"all\": true");
		return;
	}
	cnt = kymo_outbox_retry(alerting->with->outbox, all ? NULL : id,
	    alerting->with->now_ms, &error);
	if (cnt < 0)
		kyi_api_fail(api, KYI_API_INTERNAL, "%s", error.text);
	else if (cnt == 0 && !all)
		kyi_api_fail(api, KYI_API_NOT_FOUND, "there is no dead letter "
		    "'%.60s'", id);
	else {
		kyi_api_begin(api);
		kymo_buffer_printf(&api->out, "{\"messages\":%d}", cnt);
		kyi_api_end(api, NULL, false);
	}
	kyi_body_free(body);
}

void
kyi_api_retry(struct kyi_api *api)
{
	kyi_alerting_answer(api, retry);
}

/* ---- trying out -------------------------------------------------------- */

/* A message that fires, or is over, of an alert that there is not. */
static int
test_add(struct kyi_alerting *alerting, const struct kymo_integration *to,
    const char *by, bool firing, struct kymo_error *error)
{
	const struct kymo_serve_alerting *with = alerting->with;
	const struct kymo_label labels[] = { { "alertname", "KymoTest" },
	    { "receiver", to->name }, { "severity", "none" } };
	char summary[400], key[80];
	const struct kymo_label annotations[] = { { "summary", summary } };
	struct kymo_notify_alert alert = { .firing = firing,
	    .labels = labels, .label_cnt = 3, .annotations = annotations,
	    .annotation_cnt = 1, .starts_ms = with->now_ms,
	    .ends_ms = firing ? 0 : with->now_ms, .value = NAN,
	    .threshold = NAN };
	struct kymo_message message = { .receiver = to->name,
	    .group_key = key, .alerts = &alert, .alert_cnt = 1,
	    .group_labels = labels, .group_label_cnt = 1,
	    .external_url = with->external_url, .at_ms = with->now_ms };
	int result;

	snprintf(summary, sizeof(summary), "A test of the way to %.100s, asked "
	    "for by %.100s. Nothing is wrong.", to->name, by);
	snprintf(key, sizeof(key), "kymo test %" PRId64, with->now_ms);
	result = kymo_outbox_add(with->outbox, &message, error);
	return result == KYMO_OUTBOX_FULL ? kymo_error_set(error, "there is no "
	    "room for messages; kymo notify queue shows what waits") : result;
}

/* Whatever opens an incident for it is told to close it, too. */
static int
test_send(struct kyi_alerting *alerting, const struct kymo_integration *to,
    const char *by, struct kymo_error *error)
{
	struct kymo_buffer *out = &alerting->api->out;

	if (test_add(alerting, to, by, true, error) != 0 ||
	    (to->send_resolved && test_add(alerting, to, by, false,
	    error) != 0))
		return -1;
	if (alerting->cnt++ > 0)
		kymo_buffer_char(out, ',');
	kyi_json_string(out, to->name);
	return 0;
}

static void
test_all(struct kyi_alerting *alerting, const char *receiver, const char *by)
{
	struct kyi_api *api = alerting->api;
	const struct kymo_integration *at;
	struct kymo_error error = { "" };
	uint32_t cnt, i;

	at = kymo_routing_integrations(alerting->with->routing, &cnt);
	kyi_api_begin(api);
	kymo_buffer_str(&api->out, "{\"to\":[");
	for (i = 0; i < cnt; i++)
		if ((strcmp(at[i].receiver, receiver) == 0 ||
		    strcmp(at[i].name, receiver) == 0) &&
		    test_send(alerting, &at[i], by, &error) != 0) {
			kyi_api_fail(api, KYI_API_INTERNAL, "%s", error.text);
			return;
		}
	kymo_buffer_char(&api->out, ']');
	kyi_alerting_time(&api->out, "at", alerting->with->now_ms);
	kymo_buffer_char(&api->out, '}');
	kyi_api_end(api, NULL, false);
	if (alerting->cnt == 0)
		kyi_api_fail(api, KYI_API_NOT_FOUND, "no receiver '%.100s' "
		    "has a way to anybody; kymo notify queue lists them", receiver);
}

/* {"receiver", "by"} */
static void
test(struct kyi_alerting *alerting)
{
	struct kyi_body *body = kyi_body_read(alerting->api);
	const char *receiver, *by;

	if (body == NULL)
		return;
	if (kyi_body_text(alerting->api, body, "receiver", &receiver) &&
	    kyi_body_text(alerting->api, body, "by", &by))
		test_all(alerting, receiver, *by == '\0' ? "somebody" : by);
	kyi_body_free(body);
}

void
kyi_api_notify_test(struct kyi_api *api)
{
	kyi_alerting_answer(api, test);
}
