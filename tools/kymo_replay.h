/* SPDX-License-Identifier: MIT */
/* Kept history as a source for rules that are played again: what they record
   themselves comes from this play, all else from what was kept. */
#ifndef KYI_REPLAY_H
#define KYI_REPLAY_H

#include "reader/history/history.h"
#include "reader/rules/rules.h"

struct kyi_replay_chunk;

struct kyi_replay {
	struct kymo_source source; /* to ask */
	struct kymo_history *kept, *made;
	/* Names of series that rules make. */
	const char **names;
	uint32_t name_cnt;
	int64_t to_ms; /* nothing after it is asked for */
	struct kyi_replay_chunk *chunks;
};

/* kept and made outlive it. -1: no memory. */
int kyi_replay_make(struct kyi_replay *replay, struct kymo_history *kept,
    struct kymo_history *made, const struct kymo_rules *rules, int64_t to_ms);
void kyi_replay_free(struct kyi_replay *replay);

#endif
