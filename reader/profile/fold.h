/* SPDX-License-Identifier: MIT */
/* What perf script prints, folded: stacks that are the same are one, with how
   often it was seen. Lines are of any length and any bytes. */
#ifndef KYI_PROFILE_FOLD_H
#define KYI_PROFILE_FOLD_H

#include "reader/profile/profile.h"

struct kyi_fold;

/* Samples of these processes alone; NULL: no memory. */
struct kyi_fold *kyi_fold_new(const struct kymo_profile_process *processes,
    uint32_t process_cnt);
void kyi_fold_free(struct kyi_fold *fold);
/* More of the text, in pieces as they come. */
void kyi_fold_add(struct kyi_fold *fold, const char *bytes, size_t len_bytes);
/* The text is over: counts, hottest, report's tables and folded. Samples of
   those alone of which keep is true count (as many as processes). -1: no
   memory. */
int kyi_fold_end(struct kyi_fold *fold, const bool *keep,
    struct kymo_profile *profile);

#endif
