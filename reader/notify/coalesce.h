/* SPDX-License-Identifier: MIT */
/* Which messages say nothing that younger ones do not say again. Pure. */
#ifndef KYI_NOTIFY_COALESCE_H
#define KYI_NOTIFY_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

/* More of one group's messages than this are not looked at. */
#define KYI_COALESCE_ROWS_MAX 512u

/* That message number row (0 is the oldest) speaks of an alert. */
struct kyi_mention {
	uint64_t fingerprint;
	uint32_t row;
	bool firing;
};

/* What of row_cnt messages, none of which was ever tried, may be forgotten. */
struct kyi_coalesced {
	/* So many of the oldest: of each alert in them every state is said
	   again by those that stay, and the first that these say is what the
	   forgotten began with, so that a receiver hears no resolve before its
	   firing. */
	uint32_t oldest_cnt;
	/* The one before the last, which says all of it again. */
	bool before_last;
};

/* Sorts the mentions; row_cnt at most KYI_COALESCE_ROWS_MAX. */
struct kyi_coalesced kyi_coalesce(struct kyi_mention *mentions, uint32_t cnt,
    uint32_t row_cnt);

#endif
