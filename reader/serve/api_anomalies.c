/* SPDX-License-Identifier: MIT */
/* What detection found. */
#include "reader/serve/api.h"
#include "reader/serve/param.h"
#include "reader/serve/put.h"

#define MS_NS 1000000u

static void
put_labels(struct kymo_buffer *out, const struct kymo_label *labels,
    uint32_t cnt)
{
	kymo_buffer_str(out, "{\"labels\":{");
	for (uint32_t i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kyi_json_string(out, labels[i].key);
		kymo_buffer_char(out, ':');
		kyi_json_string(out, labels[i].value);
	}
	kymo_buffer_char(out, '}');
}

static void
put_time(struct kymo_buffer *out, const char *key, uint64_t at_ns)
{
	kyi_json_key(out, key);
	kymo_buffer_char(out, '"');
	kyi_rfc3339(out, (int64_t)(at_ns / MS_NS));
	kymo_buffer_char(out, '"');
}

static void
put_double(struct kymo_buffer *out, const char *key, double value)
{
	kyi_json_key(out, key);
	kyi_json_double(out, value);
}

static void
put_anomaly(struct kymo_buffer *out, const struct kymo_anomaly *anomaly)
{
	put_labels(out, anomaly->labels, anomaly->label_cnt);
	kyi_json_member_str(out, "metric", anomaly->metric);
	kyi_json_member_str(out, "signal", kymo_signal_name(anomaly->signal));
	put_double(out, "score", anomaly->score);
	if (anomaly->score > 0) {
		kyi_json_member_str(out, "reason", anomaly->reason);
		put_time(out, "at", anomaly->at_ns);
		put_double(out, "value", anomaly->value);
		put_double(out, "low", anomaly->low);
		put_double(out, "high", anomaly->high);
		put_double(out, "mean", anomaly->usual);
	}
	if (anomaly->incident_idx1 > 0) {
		kyi_json_key(out, "incident");
		kymo_buffer_u64(out, anomaly->incident_idx1 - 1);
	}
	kymo_buffer_char(out, '}');
}

static void
put_incident(struct kymo_buffer *out, const struct kymo_incident *incident)
{
	put_labels(out, incident->labels, incident->label_cnt);
	put_time(out, "begin", incident->begin_ns);
	put_double(out, "score", incident->score);
	kyi_json_key(out, "members");
	kymo_buffer_char(out, '[');
	for (uint32_t i = 0; i < incident->member_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kymo_buffer_u64(out, incident->members[i]);
	}
	kymo_buffer_str(out, "]}");
}

static void
put_change(struct kymo_buffer *out, const struct kymo_changed *changed)
{
	put_labels(out, changed->labels, changed->label_cnt);
	kyi_json_member_str(out, "metric", changed->metric);
	kyi_json_member_str(out, "signal", kymo_signal_name(changed->signal));
	kyi_json_member_str(out, "kind", "level");
	put_time(out, "since", changed->point.at_ns);
	put_time(out, "found", changed->found_ns);
	put_double(out, "before", changed->point.before);
	put_double(out, "after", changed->point.after);
	put_double(out, "confidence", changed->point.confidence);
	kymo_buffer_char(out, '}');
}

static int
tell(void *to, const struct kymo_anomalies *anomalies)
{
	struct kyi_api *api = to;
	struct kymo_buffer *out = &api->out;

	kymo_buffer_str(out, "{\"anomalies\":[");
	for (uint32_t i = 0; i < anomalies->cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		put_anomaly(out, &anomalies->at[i]);
		if (out->len_bytes > KYI_ANSWER_BYTES_MAX)
			return -1;
	}
	kymo_buffer_str(out, "],\"incidents\":[");
	for (uint32_t i = 0; i < anomalies->incident_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		put_incident(out, &anomalies->incidents[i]);
	}
	kymo_buffer_str(out, "],\"changes\":[");
	for (uint32_t i = 0; i < anomalies->change_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		put_change(out, &anomalies->changes[i]);
	}
	kymo_buffer_char(out, ']');
	kyi_json_key(out, "leftOut");
	kymo_buffer_u64(out, anomalies->left_out_cnt);
	if (anomalies->at_ns > 0)
		put_time(out, "at", anomalies->at_ns);
	kymo_buffer_char(out, '}');
	return out->len_bytes > KYI_ANSWER_BYTES_MAX ? -1 : 0;
}

void
kyi_api_anomalies(struct kyi_api *api)
{
	if (api->world->anomalies == NULL) {
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "nobody watches for "
		    "anomalies here");
		return;
	}
	kyi_api_begin(api);
	if (api->world->anomalies(api->world->of, tell, api) != 0) {
		kyi_api_fail(api, KYI_API_INTERNAL, "more anomalies than an "
		    "answer may hold");
		return;
	}
	kyi_api_end(api, NULL, false);
}
