/* SPDX-License-Identifier: MIT */
/* Words of a line of kymo emit. Names and strings are copied to room, which is
   as long as the line and so never short: each takes at least its length and
   one byte more from the line, but for the last. */
#ifndef KYI_EMIT_SCAN_H
#define KYI_EMIT_SCAN_H

#include "tools/emit_line.h"

struct kyi_emit_scan {
	const char *begin, *at, *end;
	char *room; /* the rest of it */
	struct kyi_emit_fault *fault;
};

/* All of these skip blanks first; a # ends the line. */
uint32_t kyi_emit_col(struct kyi_emit_scan *scan);
bool kyi_emit_at_end(struct kyi_emit_scan *scan);
bool kyi_emit_at(struct kyi_emit_scan *scan, char c);
/* kyi_emit_is takes word if it is there; a word of letters only whole. */
bool kyi_emit_is(struct kyi_emit_scan *scan, const char *word);
/* These return 0, or -1 and a fault; what says what is wanted here. */
int kyi_emit_want(struct kyi_emit_scan *scan, const char *word, const char *what);
int kyi_emit_name(struct kyi_emit_scan *scan, const char **name,
    const char *what);
int kyi_emit_string(struct kyi_emit_scan *scan, const char **text);
int kyi_emit_number(struct kyi_emit_scan *scan, struct kyi_emit_number *number);
int kyi_emit_end(struct kyi_emit_scan *scan);

#endif
