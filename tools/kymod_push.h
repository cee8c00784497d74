/* SPDX-License-Identifier: MIT */
/* All alerts, whatever routes say, to the Alertmanagers of the configuration: by
   an engine of its own that says each alert once when it fires and once when it
   ends; what fires is pushed again by the receiver itself. */
#ifndef KYI_KYMOD_PUSH_H
#define KYI_KYMOD_PUSH_H

#include "tools/kymod_alerting.h"

struct kyi_push {
	struct kymo_routing *routing;
	struct kymo_labels *external; /* labels that alerts get */
	struct kymo_alerts *alerts;
	/* The rows of an engine, beside those of routes'. */
	struct kymo_alerts_store store;
	const struct kymo_alerts_store *under;
};

/* kyi_push_load adds to receivers those that config says; *push is NULL where
   it says none. -1: error has why, and *push is to be freed. */
int kyi_push_load(struct kyi_push **push, struct kyi_receivers *receivers,
    const struct kymo_config *config, struct kymo_error *error);
/* Then: an engine, whose states are in under, which outlives it. */
int kyi_push_begin(struct kyi_push *push, const struct kymo_alerts_store *under,
    int (*notify)(void *of, const struct kymo_notice *notice,
    struct kymo_error *error), void *of, struct kymo_error *error);
void kyi_push_free(struct kyi_push *push);

#endif
