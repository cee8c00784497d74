/* SPDX-License-Identifier: MIT */
/* Header and blocks; records are in check_record.c. Every number is taken for
   what an enemy would write: compared by subtraction or in 64 bits that
   cannot wrap, and only after what it is compared with was checked. */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shm/check.h"
#include "shm/crc32c.h"
#include "shm/name.h"

#define TEXT_BYTES 200u
#define HEAD_BYTES sizeof(struct kyi_block)

bool
kyi_complain_at(struct kyi_complaints *complaints, uint64_t off,
    const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	complaints->cnt++;
	if (complaints->say == NULL)
		return false;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	complaints->say(complaints->to, off, text);
	return false;
}

/* ---- the header -------------------------------------------------------- */

#define AT(member) (KYI_HEADER_OFF + offsetof(struct kyi_header, member))

/* Whether the other members can be taken for what they say. */
static bool
header_is_ours(const struct kyi_header *header,
    struct kyi_complaints *complaints)
{
	uint64_t strange = header->feat_incompat & ~KYI_FEAT_INCOMPAT_KNOWN;
	uint32_t crc32c = kyi_crc32c(0, header,
	    offsetof(struct kyi_header, crc32c));

	if (memcmp(header->magic, KYI_MAGIC, KYI_MAGIC_BYTES) != 0)
		return kyi_complain_at(complaints, AT(magic),
		    "not a region: it does not begin with KYMOSHM");
	if (header->endian == KYI_ENDIAN_SWAPPED)
		return kyi_complain_at(complaints, AT(endian),
		    "written on a machine of the other byte order");
	if (header->endian != KYI_ENDIAN)
		return kyi_complain_at(complaints, AT(endian),
		    "its byte order mark is 0x%08" PRIx32 ", not 0x%08x",
		    header->endian, KYI_ENDIAN);
	if (header->abi_major != KYI_ABI_MAJOR)
		return kyi_complain_at(complaints, AT(abi_major),
		    "its layout is version %u.%u, and this program reads "
		    "version %u", header->abi_major, header->abi_minor,
		    KYI_ABI_MAJOR);
	if (header->header_bytes < sizeof(*header) ||
	    header->header_bytes > KYI_CONTROL_OFF)
		return kyi_complain_at(complaints, AT(header_bytes),
		    "its header claims %" PRIu32 " bytes, not %zu to %u",
		    header->header_bytes, sizeof(*header), KYI_CONTROL_OFF);
	if (strange != 0)
		return kyi_complain_at(complaints, AT(feat_incompat),
		    "it needs features (0x%" PRIx64 ") that this program does "
		    "not know", strange);
	if (header->crc32c != crc32c)
		return kyi_complain_at(complaints, AT(crc32c),
		    "its header was changed: checksum 0x%08" PRIx32
		    ", not 0x%08" PRIx32, crc32c, header->crc32c);
	return true;
}

static bool
lengths_are_sound(const struct kyi_header *header, uint64_t file_bytes,
    struct kyi_complaints *complaints)
{
	uint64_t max = header->max_bytes;

	if (header->block_align_bytes != KYI_PAGE_BYTES)
		return kyi_complain_at(complaints, AT(block_align_bytes),
		    "its blocks are aligned to %" PRIu32 ", not to %u",
		    header->block_align_bytes, KYI_PAGE_BYTES);
	if (max < KYI_REGION_BYTES_MIN || max > KYI_REGION_BYTES_MAX ||
	    max % KYI_PAGE_BYTES != 0)
		return kyi_complain_at(complaints, AT(max_bytes),
		    "its length is %" PRIu64 " bytes, not pages from %u to %u",
		    max, KYI_REGION_BYTES_MIN, KYI_REGION_BYTES_MAX);
	if (file_bytes < max)
		return kyi_complain_at(complaints, AT(max_bytes),
		    "the file has %" PRIu64 " bytes of %" PRIu64
		    ": it was cut off", file_bytes, max);
	return true;
}

/* Given sound lengths. */
static bool
windows_are_sound(const struct kyi_header *header,
    struct kyi_complaints *complaints)
{
	uint64_t max = header->max_bytes, off = header->windows_off;

	if (header->slot_max == 0 || header->slot_max > KYI_SLOT_MAX)
		return kyi_complain_at(complaints, AT(slot_max),
		    "it has %" PRIu32 " slots, not 1 to %u", header->slot_max,
		    KYI_SLOT_MAX);
	if (header->window_bytes == 0 ||
	    header->window_bytes % KYI_PAGE_BYTES != 0)
		return kyi_complain_at(complaints, AT(window_bytes),
		    "its windows have %" PRIu32 " bytes, which are not pages",
		    header->window_bytes);
	if (off < KYI_BLOCKS_OFF + KYI_PAGE_BYTES || off > max ||
	    off % KYI_PAGE_BYTES != 0 ||
	    (uint64_t)header->slot_max * header->window_bytes > max - off)
		return kyi_complain_at(complaints, AT(windows_off),
		    "%" PRIu32 " windows of %" PRIu32 " bytes at %" PRIu64
		    " are not inside its %" PRIu64 " bytes", header->slot_max,
		    header->window_bytes, off, max);
	return true;
}

static bool
service_is_sound(const struct kyi_header *header,
    struct kyi_complaints *complaints)
{
	char clean[KYI_SERVICE_BYTES_MAX + 1];

	if (memchr(header->service, '\0', sizeof(header->service)) == NULL ||
	    !kyi_service_clean(clean, header->service))
		return kyi_complain_at(complaints, AT(service),
		    "its service's name is not one of [A-Za-z0-9_.-]");
	return true;
}

bool
kyi_check_header(const struct kyi_header *header, uint64_t file_bytes,
    struct kyi_complaints *complaints)
{
	static const uint8_t nobody[16];
	bool sound;

	if (!header_is_ours(header, complaints) ||
	    !lengths_are_sound(header, file_bytes, complaints))
		return false;
	sound = windows_are_sound(header, complaints);
	sound &= service_is_sound(header, complaints);
	if (memcmp(header->instance_id, nobody, sizeof(nobody)) == 0)
		sound = kyi_complain_at(complaints, AT(instance_id),
		    "its instance id is all zeros");
	if (header->clock_id != KYI_CLOCK_MONOTONIC)
		sound = kyi_complain_at(complaints, AT(clock_id),
		    "its clock is number %" PRIu32 ", which is not known",
		    header->clock_id);
	if (header->ring_slot_bytes != sizeof(struct kyi_event))
		sound = kyi_complain_at(complaints, AT(ring_slot_bytes),
		    "its events have %" PRIu32 " bytes, not %zu",
		    header->ring_slot_bytes, sizeof(struct kyi_event));
	if (header->hist_max > KYI_HIST_MAX)
		sound = kyi_complain_at(complaints, AT(hist_max),
		    "it has %" PRIu32 " histograms, not up to %u",
		    header->hist_max, KYI_HIST_MAX);
	return sound;
}

/* ---- blocks ------------------------------------------------------------ */

/* Records of a table may be longer than we know them: the stride tells. What
   is found by offset or by number of cells has one length for ever. */
static const struct block_rule {
	const char *name;
	uint16_t rec_bytes_min, rec_bytes_max;
	bool has_owner;
} block_rules[] = {
	[KYI_BLK_SLOTS] = { "SLOTS", sizeof(struct kyi_slot), 4096, false },
	[KYI_BLK_DIR] = { "DIR", sizeof(struct kyi_family), 4096, false },
	[KYI_BLK_STR] = { "STR", 0, UINT16_MAX, false },
	[KYI_BLK_WINDOWS] = { "WINDOWS", 0, UINT16_MAX, false },
	[KYI_BLK_RING] = { "RING", 64, 64, true },
	[KYI_BLK_SHARED] = { "SHARED", 64, 64, false },
	[KYI_BLK_RES] = { "RES", sizeof(struct kyi_resource), 4096, false },
	[KYI_BLK_HIST] = { "HIST", 8, 8, true },
	[KYI_BLK_SPANS] = { "SPANS", 64, 64, true },
};

static const struct block_rule *
rule_of(uint16_t type)
{
	static const struct block_rule unknown = { "unknown", 0, UINT16_MAX,
	    false };

	if (type >= sizeof(block_rules) / sizeof(block_rules[0]) ||
	    block_rules[type].name == NULL)
		return &unknown;
	return &block_rules[type];
}

/* Where it ends: what a reader needs to find the next one. */
static bool
chain_is_sound(const struct kyi_block *block, uint64_t off, uint64_t blocks_end,
    uint32_t index, struct kyi_complaints *complaints)
{
	uint64_t len_bytes = block->len_bytes;

	if (off < KYI_BLOCKS_OFF || off % KYI_PAGE_BYTES != 0 ||
	    off > blocks_end || blocks_end - off < KYI_PAGE_BYTES)
		return kyi_complain_at(complaints, off,
		    "there is no room for block %" PRIu32 " before %" PRIu64,
		    index, blocks_end);
	if (block->magic != KYI_BLOCK_MAGIC)
		return kyi_complain_at(complaints, off,
		    "block %" PRIu32 " has no head", index);
	if (block->crc32c != kyi_crc32c(0, block,
	    offsetof(struct kyi_block, used_bytes)))
		return kyi_complain_at(complaints, off,
		    "the head of block %" PRIu32 " was changed", index);
	if (block->index != index)
		return kyi_complain_at(complaints, off,
		    "block %" PRIu32 " says that it is block %" PRIu32, index,
		    block->index);
	if (len_bytes == 0 || len_bytes % KYI_PAGE_BYTES != 0 ||
	    len_bytes > blocks_end - off)
		return kyi_complain_at(complaints, off,
		    "block %" PRIu32 " of %" PRIu64 " bytes does not end in "
		    "pages before %" PRIu64, index, len_bytes, blocks_end);
	return true;
}

/* What the types have of their own. */
static bool
type_is_sound(const struct kyi_block *block, uint64_t off, uint64_t used_bytes,
    const struct kyi_header *header, struct kyi_complaints *complaints)
{
	uint64_t windows_bytes =
	    (uint64_t)header->slot_max * header->window_bytes;
	uint64_t slots_bytes = (uint64_t)header->slot_max * block->rec_bytes;

	if (block->type == KYI_BLK_SLOTS &&
	    used_bytes - HEAD_BYTES < slots_bytes)
		return kyi_complain_at(complaints, off,
		    "SLOTS has no room for %" PRIu32 " slots",
		    header->slot_max);
	if (block->type == KYI_BLK_WINDOWS &&
	    (header->windows_off - off != KYI_PAGE_BYTES ||
	    block->len_bytes - KYI_PAGE_BYTES != windows_bytes))
		return kyi_complain_at(complaints, off,
		    "WINDOWS is not where the header has its windows");
	if (block->type == KYI_BLK_DIR &&
	    (used_bytes - HEAD_BYTES) / block->rec_bytes > KYI_RECORD_MAX)
		return kyi_complain_at(complaints, off,
		    "DIR has more than %u records", KYI_RECORD_MAX);
	if (block->type == KYI_BLK_HIST && block->tag >= header->hist_max)
		return kyi_complain_at(complaints, off,
		    "a HIST block is number %" PRIu32 " of %" PRIu32,
		    block->tag, header->hist_max);
	return true;
}

static bool
content_is_sound(const struct kyi_block *block, uint64_t off,
    uint64_t used_bytes, const struct kyi_header *header,
    struct kyi_complaints *complaints)
{
	const struct block_rule *rule = rule_of(block->type);

	if (used_bytes < HEAD_BYTES || used_bytes > block->len_bytes ||
	    used_bytes % 8 != 0)
		return kyi_complain_at(complaints, off,
		    "%s block %" PRIu32 " uses %" PRIu64 " of its %" PRIu64
		    " bytes", rule->name, block->index, used_bytes,
		    (uint64_t)block->len_bytes);
	if (block->rec_bytes < rule->rec_bytes_min ||
	    block->rec_bytes > rule->rec_bytes_max ||
	    (rule->rec_bytes_min != 0 && block->rec_bytes % 8 != 0))
		return kyi_complain_at(complaints, off,
		    "%s block %" PRIu32 " has records of %u bytes", rule->name,
		    block->index, block->rec_bytes);
	if (rule->has_owner && block->owner_slot >= header->slot_max)
		return kyi_complain_at(complaints, off,
		    "%s block %" PRIu32 " is of slot %" PRIu32
		    ", and there are %" PRIu32, rule->name, block->index,
		    block->owner_slot, header->slot_max);
	return type_is_sound(block, off, used_bytes, header, complaints);
}

bool
kyi_check_block(const struct kyi_block *block, uint64_t off,
    uint64_t blocks_end, uint32_t index, const struct kyi_header *header,
    struct kyi_block_place *place, struct kyi_complaints *complaints)
{
	if (!chain_is_sound(block, off, blocks_end, index, complaints))
		return false;
	place->off = off;
	place->len_bytes = block->len_bytes;
	place->used_bytes = HEAD_BYTES;
	place->owner_slot = block->owner_slot;
	place->tag = block->tag;
	place->type = block->type;
	place->rec_bytes = block->rec_bytes;
	if (block->ready == 1 && content_is_sound(block, off,
	    block->used_bytes, header, complaints))
		place->used_bytes = block->used_bytes;
	return true;
}

/* ---- what is in blocks of slots ---------------------------------------- */

static bool
section_is_sound(const struct kyi_ring_section *section, uint32_t nth,
    uint64_t place_cnt, uint64_t off, struct kyi_complaints *complaints)
{
	uint32_t cnt = section->cnt;

	if (cnt == 0)
		return true;
	if ((cnt & (cnt - 1)) != 0)
		return kyi_complain_at(complaints, off,
		    "ring section %" PRIu32 " has %" PRIu32
		    " places, not a power of two", nth, cnt);
	if (section->first > place_cnt || cnt > place_cnt - section->first)
		return kyi_complain_at(complaints, off,
		    "ring section %" PRIu32 " has places %" PRIu32 " + %" PRIu32
		    " of %" PRIu64, nth, section->first, cnt, place_cnt);
	return true;
}

static bool
overlap(const struct kyi_ring_section *a, const struct kyi_ring_section *b)
{
	if (a->cnt == 0 || b->cnt == 0)
		return false;
	if (a->first <= b->first)
		return b->first - a->first < a->cnt;
	return a->first - b->first < b->cnt;
}

bool
kyi_check_ring(const struct kyi_ring_section sections[KYI_RING_SECTIONS],
    uint64_t used_bytes, uint64_t off, struct kyi_complaints *complaints)
{
	const uint64_t heads = HEAD_BYTES +
	    KYI_RING_SECTIONS * sizeof(struct kyi_ring_section);
	uint64_t place_cnt;
	uint32_t i, j;

	if (used_bytes == HEAD_BYTES)
		return false;
	if (used_bytes < heads)
		return kyi_complain_at(complaints, off,
		    "a ring of %" PRIu64 " bytes has no sections", used_bytes);
	place_cnt = (used_bytes - heads) / sizeof(struct kyi_event);
	for (i = 0; i < KYI_RING_SECTIONS; i++)
		if (!section_is_sound(&sections[i], i, place_cnt, off,
		    complaints))
			return false;
	for (i = 0; i < KYI_RING_SECTIONS; i++)
		for (j = 0; j < i; j++)
			if (overlap(&sections[i], &sections[j]))
				return kyi_complain_at(complaints, off,
				    "ring sections %" PRIu32 " and %" PRIu32
				    " overlap", j, i);
	return true;
}

bool
kyi_check_hist(const struct kyi_block_place *place, uint32_t bucket_cnt,
    struct kyi_complaints *complaints)
{
	uint64_t need = HEAD_BYTES +
	    8 * ((uint64_t)bucket_cnt + KYI_HIST_EXTRA_CELLS);

	if (place->used_bytes == HEAD_BYTES)
		return false;
	if (place->type != KYI_BLK_HIST || place->used_bytes < need)
		return kyi_complain_at(complaints, place->off,
		    "a HIST block of %" PRIu64 " bytes has no room for %" PRIu32
		    " buckets", place->used_bytes, bucket_cnt);
	return true;
}
