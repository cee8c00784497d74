/* SPDX-License-Identifier: MIT */
/* Rules and alerts as the engine has them. */
#include <string.h>

#include "reader/serve/api.h"
#include "reader/serve/param.h"
#include "reader/serve/put.h"

#define INTERVAL_MS 60000

struct telling {
	struct kyi_api *api;
	const struct kymo_rule_group *group; /* whose rules are being told */
	bool no_alerting, no_recording, no_alerts;
	bool any_alert;
	uint32_t rule_cnt; /* of the group */
	int64_t at_ms;
	uint64_t took_ns;
};

/* ---- pieces ------------------------------------------------------------ */

static void
put_texts(struct kymo_buffer *out, const struct kymo_rule_text *texts,
    uint32_t cnt)
{
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kyi_json_string(out, texts[i].key);
		kymo_buffer_char(out, ':');
		kyi_json_string(out, texts[i].value);
	}
}

static bool
has_key(const struct kymo_rule *rule, const char *key)
{
	uint32_t i;

	for (i = 0; i < rule->label_cnt; i++)
		if (strcmp(rule->labels[i].key, key) == 0)
			return true;
	return false;
}

/* Its own, and those of its group that it has not. */
static void
put_rule_labels(struct kymo_buffer *out, const struct kymo_rule_group *group,
    const struct kymo_rule *rule)
{
	uint32_t i, cnt = rule->label_cnt;

	kymo_buffer_char(out, '{');
	put_texts(out, rule->labels, rule->label_cnt);
	for (i = 0; i < group->label_cnt; i++) {
		if (has_key(rule, group->labels[i].key))
			continue;
		if (cnt++ > 0)
			kymo_buffer_char(out, ',');
		put_texts(out, &group->labels[i], 1);
	}
	kymo_buffer_char(out, '}');
}

static const char *
state_name(enum kymo_alert_state state)
{
	return state == KYMO_ALERT_FIRING ? "firing" :
	    state == KYMO_ALERT_PENDING ? "pending" : "inactive";
}

static void
put_time(struct kymo_buffer *out, const char *key, int64_t ms)
{
	kyi_json_key(out, key);
	kymo_buffer_char(out, '"');
	kyi_rfc3339(out, ms);
	kymo_buffer_char(out, '"');
}

static void
put_alert(struct kymo_buffer *out, const struct kymo_alert *alert)
{
	kymo_buffer_str(out, "{\"labels\":");
	kyi_put_labels(out, alert->labels);
	kymo_buffer_str(out, ",\"annotations\":{");
	put_texts(out, alert->annotations, alert->annotation_cnt);
	kymo_buffer_char(out, '}');
	kyi_json_member_str(out, "state", state_name(alert->state));
	put_time(out, "activeAt", alert->active_ms);
	if (alert->keep_firing_ms != 0)
		put_time(out, "keepFiringSince", alert->keep_firing_ms);
	kyi_json_key(out, "value");
	kyi_put_exponent(out, alert->value);
	if (alert->inhibited)
		kymo_buffer_str(out, ",\"inhibited\":true");
	kymo_buffer_char(out, '}');
}

/* Those that are not over. */
static void
put_alerts(struct kymo_buffer *out, const struct kymo_rule_status *status,
    bool *any)
{
	uint32_t i;

	for (i = 0; i < status->alert_cnt; i++) {
		if (status->alerts[i].state == KYMO_ALERT_INACTIVE)
			continue;
		if (*any)
			kymo_buffer_char(out, ',');
		*any = true;
		put_alert(out, &status->alerts[i]);
	}
}

/* ---- rules ------------------------------------------------------------- */

static void
put_health(struct kymo_buffer *out, const struct kymo_rule_status *status)
{
	const char *error = status->error;

	kyi_json_member_str(out, "health",
	    status->health == KYMO_RULE_OK ? "ok" :
	    status->health == KYMO_RULE_ERROR ? "err" : "unknown");
	if (status->health == KYMO_RULE_NO_DATA && *error == '\0')
		error = "no data";
	if (*error != '\0')
		kyi_json_member_str(out, "lastError", error);
	kyi_json_key(out, "evaluationTime");
	kyi_put_seconds(out, (double)status->took_ns / 1e9);
	put_time(out, "lastEvaluation", status->at_ms);
}

static void
put_alerting(struct kymo_buffer *out, const struct kymo_rule_status *status,
    bool no_alerts)
{
	enum kymo_alert_state state = KYMO_ALERT_INACTIVE;
	bool any = false;
	uint32_t i;

	for (i = 0; i < status->alert_cnt; i++)
		if (status->alerts[i].state > state)
			state = status->alerts[i].state;
	kyi_json_member_str(out, "state", state_name(state));
	kyi_json_key(out, "duration");
	kyi_put_seconds(out, (double)status->rule->for_ms / 1e3);
	kyi_json_key(out, "keepFiringFor");
	kyi_put_seconds(out, (double)status->rule->keep_firing_ms / 1e3);
	kymo_buffer_str(out, ",\"annotations\":{");
	put_texts(out, status->rule->annotations,
	    status->rule->annotation_cnt);
	kymo_buffer_str(out, "},\"alerts\":[");
	if (!no_alerts)
		put_alerts(out, status, &any);
	kymo_buffer_char(out, ']');
}

static void
put_rule(struct telling *telling, const struct kymo_rule_status *status)
{
	struct kymo_buffer *out = &telling->api->out, query = { 0 };
	const struct kymo_rule *rule = status->rule;

	kymo_buffer_str(out, telling->rule_cnt++ > 0 ? ",{" : "{");
	kyi_json_member_str(out, "name", rule->name);
	kymo_query_print(rule->query, &query);
	if (query.failed)
		out->failed = true;
	else
		kyi_json_member_str(out, "query", query.at);
	kymo_buffer_free(&query);
	kyi_json_key(out, "labels");
	put_rule_labels(out, status->group, rule);
	if (rule->is_alert)
		put_alerting(out, status, telling->no_alerts);
	put_health(out, status);
	kyi_json_member_str(out, "type", rule->is_alert ? "alerting" :
	    "recording");
	kymo_buffer_char(out, '}');
	telling->took_ns += status->took_ns;
	if (status->at_ms > telling->at_ms)
		telling->at_ms = status->at_ms;
}

static void
group_end(struct telling *telling)
{
	struct kymo_buffer *out = &telling->api->out;

	if (telling->group == NULL)
		return;
	kymo_buffer_char(out, ']');
	kyi_json_key(out, "evaluationTime");
	kyi_put_seconds(out, (double)telling->took_ns / 1e9);
	put_time(out, "lastEvaluation", telling->at_ms);
	kymo_buffer_char(out, '}');
}

static void
group_begin(struct telling *telling, const struct kymo_rule_group *group)
{
	struct kymo_buffer *out = &telling->api->out;
	int64_t interval_ms = group->interval_ms;

	if (interval_ms == 0)
		interval_ms = telling->api->world->rule_interval_ms;
	if (interval_ms == 0)
		interval_ms = INTERVAL_MS;
	kymo_buffer_str(out, telling->group != NULL ? ",{" : "{");
	kyi_json_member_str(out, "name", group->name);
	kyi_json_member_str(out, "file", group->file);
	kyi_json_key(out, "interval");
	kyi_put_seconds(out, (double)interval_ms / 1e3);
	kyi_json_key(out, "limit");
	kymo_buffer_u64(out, group->limit);
	kymo_buffer_str(out, ",\"rules\":[");
	telling->group = group;
	telling->rule_cnt = 0;
	telling->at_ms = 0;
	telling->took_ns = 0;
}

/* Whether text is one of the values of key, or there are none. */
static bool
one_of(const struct kyi_api *api, const char *key, const char *text)
{
	const char *value;
	bool any = false;
	uint32_t i = 0;

	while ((value = kyi_form_next(&api->form, key, &i)) != NULL) {
		if (strcmp(value, text) == 0)
			return true;
		any = true;
	}
	return !any;
}

static int
tell_rule(void *to, const struct kymo_rule_status *status)
{
	struct telling *telling = to;
	const struct kyi_api *api = telling->api;

	if ((status->rule->is_alert ? telling->no_alerting :
	    telling->no_recording) ||
	    !one_of(api, "rule_name[]", status->rule->name) ||
	    !one_of(api, "rule_group[]", status->group->name) ||
	    !one_of(api, "file[]", status->group->file))
		return 0;
	if (telling->group != status->group) {
		group_end(telling);
		group_begin(telling, status->group);
	}
	put_rule(telling, status);
	return api->out.len_bytes > KYI_ANSWER_BYTES_MAX ? -1 : 0;
}

/* Tells of all; false: the answer is that it could not. */
static bool
tell(struct telling *telling, int (*each)(void *to,
    const struct kymo_rule_status *status))
{
	const struct kyi_api_world *world = telling->api->world;

	if (world->rules == NULL ||
	    world->rules(world->of, each, telling) == 0)
		return true;
	kyi_api_fail(telling->api, KYI_API_UNAVAILABLE, "the rules cannot be "
	    "told now: there is no memory, or none are evaluated yet");
	return false;
}

bool
kyi_api_bool(struct kyi_api *api, const char *param, bool *is)
{
	const char *text = kyi_form_get(&api->form, param);

	if (*text == '\0')
		return true;
	*is = strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0 ||
	    strcasecmp(text, "t") == 0;
	if (*is || strcmp(text, "0") == 0 ||
	    strcasecmp(text, "false") == 0 || strcasecmp(text, "f") == 0)
		return true;
	kyi_api_wrong(api, param, "true or false, not \"%.100s\"", text);
	return false;
}

void
kyi_api_rules(struct kyi_api *api)
{
	const char *type = kyi_form_get(&api->form, "type");
	struct telling telling = { .api = api };
	uint32_t i = 0;

	if (*type != '\0' && strcmp(type, "alert") != 0 &&
	    strcmp(type, "record") != 0) {
		kyi_api_wrong(api, "type", "not supported value \"%.100s\"",
		    type);
		return;
	}
	if (kyi_form_next(&api->form, "match[]", &i) != NULL) {
		kyi_api_wrong(api, "match[]", "kymod does not choose rules by "
		    "their labels; rule_name[], rule_group[] and file[] do");
		return;
	}
	if (!kyi_api_bool(api, "exclude_alerts", &telling.no_alerts))
		return;
	telling.no_alerting = strcmp(type, "record") == 0;
	telling.no_recording = strcmp(type, "alert") == 0;
	kyi_api_begin(api);
	kymo_buffer_str(&api->out, "{\"groups\":[");
	if (!tell(&telling, tell_rule))
		return;
	group_end(&telling);
	kymo_buffer_str(&api->out, "]}");
	kyi_api_end(api, NULL, false);
}

static int
tell_alerts(void *to, const struct kymo_rule_status *status)
{
	struct telling *telling = to;

	put_alerts(&telling->api->out, status, &telling->any_alert);
	return telling->api->out.len_bytes > KYI_ANSWER_BYTES_MAX ? -1 : 0;
}

void
kyi_api_alerts(struct kyi_api *api)
{
	struct telling telling = { .api = api };

	kyi_api_begin(api);
	kymo_buffer_str(&api->out, "{\"alerts\":[");
	if (!tell(&telling, tell_alerts))
		return;
	kymo_buffer_str(&api->out, "]}");
	kyi_api_end(api, NULL, false);
}
