/* SPDX-License-Identifier: MIT */
/* Is this a sound region? Pure functions over a private copy of its bytes:
   they read no file, follow no pointer, assert nothing, and take time and
   memory bounded by the length of the bytes, whatever these say.

   The copy is an image: bytes at the offsets they have in the file, zeros in
   the parts that were not copied. What is wrong is told to a callback, so
   that `kymo check` can list it and a reader can count it. */
#ifndef KYI_CHECK_H
#define KYI_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/layout.h"
#include "shm/ref.h"

/* Called with the file offset of the fault and a sentence without a newline,
   printable ASCII only. */
typedef void kyi_complain(void *to, uint64_t off, const char *text);

struct kyi_complaints {
	kyi_complain *say; /* NULL: only count */
	void *to;
	uint64_t cnt;
};

/* kyi_complain_at adds a complaint of a reader's own. printf style, but of
   numbers and constant strings only: what stands in a region may be a control
   sequence. Returns false, so that a check can end with it. */
bool kyi_complain_at(struct kyi_complaints *complaints, uint64_t off,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* kyi_check_header: magic, byte order, version, features, crc, and that each
   number is within its bounds for a file of file_bytes. False: this is not a
   region that may be read; the first complaint says why in words for people
   ("written on a machine of the other byte order"). */
bool kyi_check_header(const struct kyi_header *header, uint64_t file_bytes,
    struct kyi_complaints *complaints);

/* The blocks of a region: where each is, from their checked heads. */
struct kyi_block_place {
	uint64_t off, len_bytes, used_bytes;
	uint32_t owner_slot, tag;
	uint16_t type, rec_bytes;
};

/* kyi_check_block checks one head at off, given the header, the offset where
   blocks end (control.file_used, already bounded by the file) and the number
   of blocks before it. True: place is filled and the next head is at off +
   len_bytes. False with a complaint: the chain is broken, stop here. A block
   of unknown type is sound. A block that is not ready has used_bytes 64 and
   no complaint; one whose content cannot be used has used_bytes 64 and a
   complaint. Of SLOTS, DIR, STR, SHARED, RES and WINDOWS the first one counts;
   the chain may hold more. */
bool kyi_check_block(const struct kyi_block *block, uint64_t off,
    uint64_t blocks_end, uint32_t index, const struct kyi_header *header,
    struct kyi_block_place *place, struct kyi_complaints *complaints);

/* Records of DIR. Each checks kind, numbers and every ref of one record in
   image, whose STR block is [strings_off, strings_end). False: skip it.
   Names match their grammar then; other texts (help, label values, states,
   span names, formats) are bounded, but any bytes: repair them.

   Records may share strings, so what one costs is bounded by what one may
   refer to, not by its length: some microseconds for the worst family. DIR has
   at most KYI_RECORD_MAX of them. */
bool kyi_check_family(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_family *family, uint64_t off,
    struct kyi_complaints *complaints);
/* family is the one that series->family_id names, NULL if none is sound. */
bool kyi_check_series(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_header *header,
    uint64_t shared_used_bytes, const struct kyi_family *family,
    const struct kyi_series *series, uint64_t off,
    struct kyi_complaints *complaints);
bool kyi_check_name(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_name *name, uint64_t off,
    struct kyi_complaints *complaints);

/* kyi_check_ring: the sections of a RING block of used_bytes: inside the block,
   powers of two or without places (cnt 0), not overlapping. False without a
   complaint for used_bytes 64: not filled yet. */
bool kyi_check_ring(const struct kyi_ring_section sections[KYI_RING_SECTIONS],
    uint64_t used_bytes, uint64_t off, struct kyi_complaints *complaints);

/* kyi_check_hist: a HIST block that has room for bucket_cnt buckets. False
   without a complaint for used_bytes 64, as above. */
bool kyi_check_hist(const struct kyi_block_place *place, uint32_t bucket_cnt,
    struct kyi_complaints *complaints);

#endif
