/* SPDX-License-Identifier: MIT */
/* A notice of the engine becomes a message in the outbox, and what becomes of
   that is told to the log. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/kymod_alerting.h"
#include "tools/kymod_profile.h"

/* Where kymod itself answers what the rule asks. */
static char *
link_make(const struct kyi_notice_from *from, const char *expr)
{
	const char *url = from->external_url;
	struct kymo_buffer text = {0};
	size_t url_bytes;

	if (!url || !expr)
		return NULL;
	url_bytes = strlen(url);
	while (url_bytes > 0 && url[url_bytes - 1] == '/')
		url_bytes--;
	kymo_buffer_add(&text, url, url_bytes);
	kymo_buffer_str(&text, "/api/v1/query?query=");
	for (; *expr; expr++) {
		unsigned char c = (unsigned char)*expr;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c))
			kymo_buffer_char(&text, *expr);
		else
			kymo_buffer_printf(&text, "%%%02X", c);
	}
	if (!text.failed)
		return text.at;
	kymo_buffer_free(&text);
	return NULL;
}

/* Of each alert the rule's expression and the link; all of it freed by
   alerts_free. */
struct known {
	char *expr, *link;
	struct kymo_label *labels; /* with external ones; NULL: its own */
	struct kymo_label *annotations; /* with its profile; NULL: its own */
	struct kymo_serve_profile profile;
};

static void
alerts_free(struct kymo_notify_alert *alerts, struct known *known, uint32_t cnt)
{
	for (uint32_t i = 0; known && i < cnt; i++) {
		free(known[i].expr);
		free(known[i].link);
		free(known[i].labels);
		free(known[i].annotations);
	}
	free(known);
	free(alerts);
}

/* -1: no memory. */
static int
external_add(const struct kymo_labels *external, const struct kymo_labels *own,
    struct kymo_notify_alert *alert, struct known *known)
{
	uint32_t cnt = own->cnt;

	known->labels = calloc(own->cnt + external->cnt + 1u,
	    sizeof(known->labels[0]));
	if (!known->labels)
		return -1;
	memcpy(known->labels, own->at, own->cnt * sizeof(own->at[0]));
	for (uint32_t i = 0; i < external->cnt; i++)
		if (!*kymo_labels_get(own, external->at[i].key))
			known->labels[cnt++] = external->at[i];
	alert->labels = known->labels;
	alert->label_cnt = cnt;
	return 0;
}

static bool
annotated(const struct kymo_notify_alert *alert, const char *key)
{
	for (uint32_t i = 0; i < alert->annotation_cnt; i++)
		if (strcmp(alert->annotations[i].key, key) == 0)
			return true;
	return false;
}

/* Where its profile is, or why there is none; what the rule says goes before. */
static void
profile_add(const struct kyi_notice_from *from,
    const struct kymo_notice_alert *of, struct kymo_notify_alert *alert,
    struct known *known)
{
	struct kymo_serve_profile *said = &known->profile;
	uint32_t cnt = alert->annotation_cnt;

	kyi_profiles_say(from->profiles, of->labels, of->starts_ms,
	    from->external_url, said);
	if (!*said->where)
		return;
	known->annotations = calloc(cnt + 2u, sizeof(known->annotations[0]));
	if (!known->annotations)
		return;
	if (cnt > 0)
		memcpy(known->annotations, alert->annotations, cnt *
		    sizeof(known->annotations[0]));
	if (!annotated(alert, "profile"))
		known->annotations[cnt++] = (struct kymo_label){"profile",
		    said->where};
	if (*said->hottest && !annotated(alert, "hottest"))
		known->annotations[cnt++] = (struct kymo_label){"hottest",
		    said->hottest};
	alert->annotations = known->annotations;
	alert->annotation_cnt = cnt;
}

static int
alerts_make(const struct kyi_notice_from *from,
    const struct kymo_notice *notice, struct kymo_notify_alert *alerts,
    struct known *known)
{
	for (uint32_t i = 0; i < notice->alert_cnt; i++) {
		const struct kymo_notice_alert *of = &notice->alerts[i];

		if (from->rules)
			known[i].expr = kyi_rules_expr(from->rules, of->labels);
		known[i].link = link_make(from, known[i].expr);
		alerts[i] = (struct kymo_notify_alert){
			.firing = of->firing, .labels = of->labels->at,
			.label_cnt = of->labels->cnt,
			.annotations = of->annotations,
			.annotation_cnt = of->annotation_cnt,
			.starts_ms = of->starts_ms, .ends_ms = of->ends_ms,
			.value = of->value, .threshold = NAN,
			.generator_url = known[i].link
		};
		profile_add(from, of, &alerts[i], &known[i]);
		if (from->external && external_add(from->external, of->labels,
			&alerts[i], &known[i]) != 0)
			return -1;
	}
	return 0;
}

/* A limit that is a number is that of all alerts of the rule; else only of the
   one that was looked at. */
static void
thresholds_set(const struct kymo_context *context, const struct known *known,
    struct kymo_notify_alert *alerts, uint32_t cnt)
{
	alerts[0].threshold = context->threshold;
	for (uint32_t i = 1; context->threshold_fixed && i < cnt; i++)
		if (known[i].expr && strcmp(known[i].expr, known[0].expr) == 0)
			alerts[i].threshold = context->threshold;
}

int
kyi_notice_add(const struct kyi_notice_from *from,
    const struct kymo_notice *notice, struct kymo_error *error)
{
	uint32_t cnt = notice->alert_cnt;
	struct kymo_notify_alert *alerts = calloc(cnt + 1u, sizeof(*alerts));
	struct known *known = calloc(cnt + 1u, sizeof(*known));
	struct kymo_message message = {
		.receiver = notice->to->name, .group_key = notice->group_key,
		.alerts = alerts, .alert_cnt = cnt,
		.group_labels = notice->group_labels->at,
		.group_label_cnt = notice->group_labels->cnt,
		.external_url = from->external_url, .at_ms = notice->at_ms
	};
	struct kymo_context *context = NULL;
	int result;

	if (!alerts || !known ||
	    alerts_make(from, notice, alerts, known) != 0) {
		alerts_free(alerts, known, cnt);
		return kymo_error_set(error, "no memory for a message");
	}
	if (cnt > 0)
		context = kyi_contexts_ask(from->contexts,
		    notice->alerts[0].labels, known[0].expr, notice->at_ms,
		    from->until_ns);
	if (context) {
		message.detail = &context->detail;
		thresholds_set(context, known, alerts, cnt);
	}
	result = kymo_outbox_add(from->outbox, &message, error);
	kymo_context_delete(context);
	alerts_free(alerts, known, cnt);
	return result == KYMO_OUTBOX_FULL ? KYMO_NOTICE_LATER : result;
}

void
kyi_event_tell(void *of, const struct kymo_notify_event *event)
{
	switch (event->what) {
	case KYMO_NOTIFY_DELIVERED:
		kyi_log(KYMO_LOG_DEBUG, "alerting: %s has message %s",
		    event->receiver, event->id);
		break;
	case KYMO_NOTIFY_FAILED:
		kyi_log(event->attempts > 1 ? KYMO_LOG_DEBUG : KYMO_LOG_WARN,
		    "alerting: %s: %s; it is tried again", event->receiver,
		    event->why);
		break;
	case KYMO_NOTIFY_DIED:
		kyi_log(KYMO_LOG_ERROR, "alerting: given up%s%s: %s; kept as a "
		    "dead letter", *event->receiver ? ", for " : "",
		    event->receiver, event->why);
		break;
	case KYMO_NOTIFY_OPEN:
		kyi_log(KYMO_LOG_ERROR, "alerting: %s takes nothing: %s",
		    event->receiver, event->why);
		break;
	case KYMO_NOTIFY_CLOSED:
		kyi_log(KYMO_LOG_INFO, "alerting: %s takes messages again",
		    event->receiver);
		break;
	}
}
