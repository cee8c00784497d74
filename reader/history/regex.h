/* SPDX-License-Identifier: MIT */
/* Regular expressions, inside: RE2's syntax said in PCRE2's, and the shapes
   that need no engine. */
#ifndef KYI_HISTORY_REGEX_H
#define KYI_HISTORY_REGEX_H

#include "reader/buffer.h"
#include "reader/history/samples.h"

/* kyi_re2_translate adds to out what means to PCRE2 as text does to RE2; -1
   and error: RE2 has no such thing, or text is malformed in a way that PCRE2
   would take. The rest is left for PCRE2 to refuse. */
int kyi_re2_translate(const char *text, struct kymo_buffer *out,
    struct kymo_error *error);

enum kyi_shape_kind {
	KYI_SHAPE_OTHER, /* ask the engine */
	KYI_SHAPE_SET,   /* one of some literals: a, a|b, (a|b) */
	KYI_SHAPE_AROUND /* a literal with .* or .+ before or after it */
};

/* How little may stand before and after the literal of KYI_SHAPE_AROUND. */
enum kyi_around { KYI_AROUND_NOTHING, KYI_AROUND_ANY, KYI_AROUND_SOME };

/* literals: sorted; of KYI_SHAPE_AROUND one. Their text lies in room. */
struct kyi_shape {
	enum kyi_shape_kind kind;
	enum kyi_around before, after;
	char *room;
	char **literals;
	uint32_t literal_cnt;
};

/* -1: no memory. kyi_shape_match is for the kinds that need no engine. */
int kyi_shape_of(const char *text, struct kyi_shape *shape);
bool kyi_shape_match(const struct kyi_shape *shape, const char *text);
void kyi_shape_free(struct kyi_shape *shape);

#endif
