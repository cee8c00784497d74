/* SPDX-License-Identifier: MIT */
/* References: from an offset in hostile bytes to a checked pointer. All that
   parses a region goes through here; nothing else does arithmetic on offsets.

   The bytes are a private copy: nobody changes them while we look. */
#ifndef KYI_REF_H
#define KYI_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shm/layout.h"

struct kyi_bytes {
	const uint8_t *base;
	uint64_t len_bytes;
};

/* kyi_bytes_at returns off in bytes if all of size is inside, else NULL.
   Compared by subtraction: a sum could wrap. Unaligned is NULL too: every
   record begins at a multiple of 8. */
static inline const void *
kyi_bytes_at(struct kyi_bytes bytes, uint64_t off, uint64_t size)
{
	if (off % 8 != 0 || off > bytes.len_bytes ||
	    size > bytes.len_bytes - off)
		return NULL;
	return bytes.base + off;
}

struct kyi_text {
	const char *at; /* not NUL-terminated, any bytes */
	uint32_t len_bytes;
};

/* kyi_string_at finds the string that ref (file offset >> 3) names, inside
   strings, a sub-range [strings_off, strings_end) of bytes; len_max bounds it.
   Ref 0 is the empty string. False: not a sound string. */
static inline bool
kyi_string_at(struct kyi_bytes bytes, uint64_t strings_off,
    uint64_t strings_end, uint32_t ref, uint32_t len_max, struct kyi_text *text)
{
	uint64_t off = (uint64_t)ref * 8;
	const struct kyi_string *string;

	text->at = "";
	text->len_bytes = 0;
	if (ref == 0)
		return true;
	if (off < strings_off || off > strings_end ||
	    strings_end - off < sizeof(*string))
		return false;
	string = kyi_bytes_at(bytes, off, sizeof(*string));
	if (string == NULL || string->len_bytes > len_max ||
	    string->len_bytes > strings_end - off - sizeof(*string) ||
	    kyi_bytes_at(bytes, off, sizeof(*string) + string->len_bytes) == NULL)
		return false;
	text->at = (const char *)(string + 1);
	text->len_bytes = string->len_bytes;
	return true;
}

/* kyi_list_ref returns the nth ref of a list (a string whose bytes are refs);
   the caller has checked nth against text.len_bytes / 4. */
static inline uint32_t
kyi_list_ref(struct kyi_text list, uint32_t nth)
{
	uint32_t ref;

	memcpy(&ref, list.at + (size_t)nth * sizeof(ref), sizeof(ref));
	return ref;
}

#endif
