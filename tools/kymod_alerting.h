/* SPDX-License-Identifier: MIT */
/* kymod's alerting: what its files share. */
#ifndef KYI_KYMOD_ALERTING_H
#define KYI_KYMOD_ALERTING_H

#include "reader/alert/alerts.h"
#include "reader/alert/routing.h"
#include "reader/notify/notify.h"
#include "tools/kymod.h"
#include "tools/kymod_context.h"

/* The ways of a routing as a notifier wants them. */
struct kyi_receivers {
	struct kymo_receiver *at;
	uint32_t cnt;
	/* What they point to besides the routing. */
	void **kept;
	uint32_t kept_cnt;
	/* Secrets that stand in the file itself: files in memory. */
	int *fds;
	uint32_t fd_cnt;
	bool failed; /* no memory */
};

/* kyi_receivers_make: path is the routing's, files are beside it. warn hears of
   what is read and does nothing here. -1: error says why; to be freed then,
   too. What it makes lives as long as routing at most. */
int kyi_receivers_make(struct kyi_receivers *receivers,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error);
void kyi_receivers_free(struct kyi_receivers *receivers);

/* What a notice becomes a message with. */
struct kyi_notice_from {
	struct kymo_outbox *outbox;
	const char *external_url;      /* NULL */
	struct kyi_rules *rules;       /* NULL */
	struct kyi_contexts *contexts; /* NULL */
	uint64_t until_ns; /* monotonic: it waits no longer for what is known */
};
/* kyi_notice_add: for the engine's notify. */
int kyi_notice_add(const struct kyi_notice_from *from,
    const struct kymo_notice *notice, struct kymo_error *error);
/* For the notifier's event. */
void kyi_event_tell(void *of, const struct kymo_notify_event *event);

#endif
