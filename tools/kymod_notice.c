/* SPDX-License-Identifier: MIT */
/* A notice of the engine becomes a message in the outbox, and what becomes of
   that is told to the log. */
#include <math.h>
#include <stdlib.h>

#include "tools/kymod_alerting.h"

int
kyi_notice_add(struct kymo_outbox *outbox, const struct kymo_notice *notice,
    const char *external_url, struct kymo_error *error)
{
	struct kymo_notify_alert *alerts = calloc(notice->alert_cnt + 1u,
	    sizeof(*alerts));
	struct kymo_message message = {
		.receiver = notice->to->name, .group_key = notice->group_key,
		.alerts = alerts, .alert_cnt = notice->alert_cnt,
		.group_labels = notice->group_labels->at,
		.group_label_cnt = notice->group_labels->cnt,
		.external_url = external_url,
		.at_ms = notice->at_ms
	};
	int result;

	if (!alerts)
		return kymo_error_set(error, "no memory for a message");
	for (uint32_t i = 0; i < notice->alert_cnt; i++) {
		const struct kymo_notice_alert *from = &notice->alerts[i];

		alerts[i] = (struct kymo_notify_alert){
			.firing = from->firing, .labels = from->labels->at,
			.label_cnt = from->labels->cnt,
			.annotations = from->annotations,
			.annotation_cnt = from->annotation_cnt,
			.starts_ms = from->starts_ms, .ends_ms = from->ends_ms,
			.value = from->value, .threshold = NAN
		};
	}
	result = kymo_outbox_add(outbox, &message, error);
	free(alerts);
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
