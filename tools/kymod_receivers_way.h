/* SPDX-License-Identifier: MIT */
/* One way to a receiver, while it is looked at. */
#ifndef KYI_KYMOD_RECEIVERS_WAY_H
#define KYI_KYMOD_RECEIVERS_WAY_H

#include "tools/kymod_receivers.h"

struct kyi_way {
	struct kyi_receivers *receivers;
	const struct kymo_routing *routing;
	const struct kymo_integration *of;
	const char *path; /* of the file */
	const struct kymo_routing_faults *faults;
};

/* "FILE:LINE:COLUMN" of a key. */
void kyi_way_place(const struct kyi_way *way, const char *key,
    char place[400]);
/* Templates of Slack's messages, and of mails. */
int kyi_way_words(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error);

#endif
