/* SPDX-License-Identifier: MIT */
/* What the files of kymo health share. */
#ifndef KYI_KYMO_HEALTH_H
#define KYI_KYMO_HEALTH_H

#include <jansson.h>

#include "tools/kymo_alert_ask.h"

enum kyi_health_word {
	KYI_HEALTH_OK,
	KYI_HEALTH_STARTING,
	KYI_HEALTH_DEGRADED,
	KYI_HEALTH_FAILING,
	KYI_HEALTH_UNKNOWN,
	KYI_HEALTH_STATE_CNT
};

struct kyi_health_state {
	const char *name, *colour; /* as a terminal wants it */
	int nagios, exit;
};

extern const struct kyi_health_state kyi_health_states[KYI_HEALTH_STATE_CNT];

/* Of a component or a check. */
enum kyi_health_word kyi_health_state(const json_t *object);
/* NULL: it is not there. */
const json_t *kyi_health_find(const json_t *components, const char *name);
/* A line for all, then the tree; all: the checks of those that are well, too. */
void kyi_health_tree(struct kymo_buffer *out, const json_t *components,
    bool all, bool in_colour);

#endif
