/* SPDX-License-Identifier: MIT */
/* Reading msgpack that may be anybody's: a place in bytes that are all there.
   Nothing is allocated; what is not what was asked for ends it for good. */
#ifndef KYI_EXPORT_UNPACK_H
#define KYI_EXPORT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kyi_unpack {
	const unsigned char *at, *end;
	bool failed; /* all that follows is 0 and empty */
	bool cut;    /* ..since the bytes end in the middle */
};

/* kyi_unpack_map and _array: how many pairs, elements follow. Never more than
   there are bytes left. */
uint32_t kyi_unpack_map(struct kyi_unpack *from);
uint32_t kyi_unpack_array(struct kyi_unpack *from);
uint64_t kyi_unpack_u64(struct kyi_unpack *from);
int64_t kyi_unpack_i64(struct kyi_unpack *from);
/* kyi_unpack_number: an integer or a float, as a double. */
double kyi_unpack_number(struct kyi_unpack *from);
/* kyi_unpack_str: its bytes, not ended; *len_bytes of them. */
const char *kyi_unpack_str(struct kyi_unpack *from, uint32_t *len_bytes);
/* kyi_unpack_is: the string that comes is text; it is taken either way. */
bool kyi_unpack_is(const char *str, uint32_t len_bytes, const char *text);
/* kyi_unpack_skip: one object, however deep. */
void kyi_unpack_skip(struct kyi_unpack *from);

#endif
