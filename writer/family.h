/* SPDX-License-Identifier: MIT */
/* From a description to a family: what it says, checked, with the defaults
   filled in. */
#ifndef KYI_FAMILY_H
#define KYI_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/layout.h"
#include "shm/ref.h"
#include "writer/public.h"
#include "writer/say.h"

struct kyi_plan {
	struct kymo_desc desc;       /* a copy, zeros where it was shorter */
	struct kyi_text component;
	/* The name as the region has it: with the unit, without "_total" or
	   "_info". */
	char name[KYI_NAME_BYTES_MAX + 1];
	uint32_t name_bytes;
	struct kyi_text unit, help;
	struct kyi_family rec; /* but for refs and ids */
	bool cut;              /* help was too long */
};

/* kyi_plan_make checks *desc. Returns KYI_SAY_CNT, or what is wrong. */
enum kyi_mistake kyi_plan_make(struct kyi_plan *plan,
    const struct kymo_desc *desc);

/* kyi_hist_plan: scale, lo and hi of a description into its buckets. False:
   outside the bounds of kymo.h. */
bool kyi_hist_plan(const struct kymo_desc *desc, struct kyi_family *rec);

#endif
