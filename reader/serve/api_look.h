/* SPDX-License-Identifier: MIT */
/* Alerts that a client chooses, looked at piece by piece: nobody who decides of
   alerts waits longer for one who asks than a look takes, some KYI_LOOK_NS,
   however many alerts there are, and whatever the client's regular expressions
   are: these run between looks, over copies of labels. */
#ifndef KYI_SERVE_API_LOOK_H
#define KYI_SERVE_API_LOOK_H

#include "reader/serve/api.h"

#define KYI_LOOK_NS 500000u
/* Alerts whose labels are copied to be looked at by regular expressions. */
#define KYI_LOOK_PIECES 512u

struct kyi_look_piece {
	struct kymo_labels *labels;
	char *receivers; /* of receiver=: each ends in a zero; NULL */
	size_t receivers_bytes;
};

struct kyi_looking {
	struct kyi_alerting *alerting;
	struct kymo_regex *receiver; /* one of its routes' matches; NULL */
	/* While nobody else has the alerts: whether it is wanted, by what is
	   known at once, and what is done with it; not 0: no more of them. */
	bool (*wanted)(void *of, const struct kymo_alert_view *view);
	int (*put)(void *of, const struct kymo_alert_view *view);
	void *of;
	/* Its own; zeros. */
	struct kyi_look_piece *pieces;
	uint32_t piece_cnt, piece_room, piece_next;
	uint64_t at, until_ns;
	uint32_t seen_cnt;
	bool all, stops, regex; /* all: none is left to look at */
	struct kymo_error error;
};

/* kyi_looking_run calls put for each; false: the answer is why not all. */
bool kyi_looking_run(struct kyi_looking *looking);

/* Whether that took too long (said by the clock, nanoseconds). */
bool kyi_look_over(uint64_t until_ns);

#endif
