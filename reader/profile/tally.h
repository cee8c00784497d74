/* SPDX-License-Identifier: MIT */
/* Texts, each once, with how often it came; bounded in number and bytes. */
#ifndef KYI_PROFILE_TALLY_H
#define KYI_PROFILE_TALLY_H

#include "reader/buffer.h"

#define KYI_TALLY_NONE UINT32_MAX

struct kyi_tallied {
	size_t text_at;
	uint64_t cnt;
	uint64_t hash;
};

struct kyi_tally {
	struct kyi_tallied *at;
	uint32_t cnt, room_cnt, cnt_max;
	uint32_t *slots; /* index + 1; a power of two of them, or none yet */
	uint32_t slot_cnt;
	struct kymo_buffer text;
	size_t bytes_max;
};

void kyi_tally_init(struct kyi_tally *names, uint32_t cnt_max,
    size_t bytes_max);
void kyi_tally_free(struct kyi_tally *names);
/* The index of text, which came cnt times more; KYI_TALLY_NONE: there is no room
   for a new one, or no memory. _always: bounds are for others. */
uint32_t kyi_tally_add(struct kyi_tally *names, const char *text, uint64_t cnt);
uint32_t kyi_tally_add_always(struct kyi_tally *names, const char *text,
    uint64_t cnt);
uint32_t kyi_tally_find(const struct kyi_tally *names, const char *text);
const char *kyi_tally_text(const struct kyi_tally *names,
    const struct kyi_tallied *name);
/* Also of KYI_TALLY_NONE, which is "[others]". */
const char *kyi_tally_at(const struct kyi_tally *names, uint32_t idx);

#endif
