/* SPDX-License-Identifier: MIT */
/* kymod's alerting: what its files share. */
#ifndef KYI_KYMOD_ALERTING_H
#define KYI_KYMOD_ALERTING_H

#include "reader/alert/alerts.h"
#include "reader/alert/routing.h"
#include "reader/notify/notify.h"
#include "tools/kymod.h"
#include "tools/kymod_context.h"
#include "tools/kymod_receivers.h"

/* The database of messages, and the rows of engines in it: what an engine notes
   is in the transaction of the message that it says. Zeros: not opened. */
struct kyi_alert_rows {
	struct kymo_outbox *outbox; /* NULL: nobody needed it yet */
	struct kymo_alerts_store of, store; /* the table's; for engines */
	bool has_of;
};
/* Does nothing where it is open. */
int kyi_alert_rows_open(struct kyi_alert_rows *rows, const char *path,
    struct kymo_error *error);
void kyi_alert_rows_close(struct kyi_alert_rows *rows);

/* What a notice becomes a message with. */
struct kyi_notice_from {
	struct kymo_outbox *outbox;
	const char *external_url;      /* NULL */
	struct kyi_rules *rules;       /* NULL */
	struct kyi_contexts *contexts; /* NULL */
	uint64_t until_ns; /* monotonic: it waits no longer for what is known */
	/* Labels that alerts get which have not their own; NULL: none. */
	const struct kymo_labels *external;
	struct kyi_profiles *profiles; /* NULL */
};
/* kyi_notice_add: for the engine's notify. */
int kyi_notice_add(const struct kyi_notice_from *from,
    const struct kymo_notice *notice, struct kymo_error *error);
/* For the notifier's event. */
void kyi_event_tell(void *of, const struct kymo_notify_event *event);

#endif
