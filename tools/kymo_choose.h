/* SPDX-License-Identifier: MIT */
/* Which regions a person means. */
#ifndef KYI_CHOOSE_H
#define KYI_CHOOSE_H

#include "tools/kymo_cli.h"

struct kyi_chosen {
	struct kyi_regions found;
	struct kymo_region **at; /* in the order asked for, none twice */
	uint32_t cnt;
	struct kymo_region **opened; /* by path */
	uint32_t opened_cnt;
};

/* kyi_choose scans and chooses; words none: all live regions; all: the dead
   too. Returns an exit code: KYI_EXIT_NO where a word (or nothing) matched
   nothing, which it tells on stderr; chosen has the others all the same. */
int kyi_choose(struct kyi_chosen *chosen, const struct kyi_list *dirs,
    const char *const *words, uint32_t word_cnt, bool all);
void kyi_chosen_free(struct kyi_chosen *chosen);

#endif
