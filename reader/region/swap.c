/* SPDX-License-Identifier: MIT */
/* A region of the other byte order, turned around. What a reader will want of
   the file is copied to private memory at its offsets and each number there is
   reversed; all checks come after that, on what it has become. So nothing here
   is believed, only bounded: a file that says something else than it is (two
   series in one place, texts that overlap) becomes other wrong numbers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "reader/region/private.h"
#include "shm/crc32c.h"

/* The widths of a struct's numbers in their order, _N: N bytes that are none.
   A test compares them with schema/layout-1.txt. */
static const char *const shapes[KYI_SWAP_SHAPES] = {
	[KYI_SWAP_HEADER] = "_8 4 2 2 4 4 8 8 8 _16 _16 8 8 4 4 8 8 8 8 4 4 4 4"
		" 4 4 4 4 _64 8 8 4 4",
	[KYI_SWAP_CONTROL] = "8 4 4 8 4 4 _32 8 8 _48 8 8 8 8 8 8 8 8 4 4 4 4"
		" 8 8 _32",
	[KYI_SWAP_BLOCK] = "4 2 2 4 4 8 8 4 4 4 4 _16",
	[KYI_SWAP_SLOT] = "4 4 4 _4 8 _16 8 8 8 _64",
	[KYI_SWAP_STRING] = "4",
	[KYI_SWAP_FAMILY] = "2 2 4 4 4 4 4 4 4 _4 4 4 4 4 4 8",
	[KYI_SWAP_SERIES] = "2 2 4 4 4 4 _4 8 _32",
	[KYI_SWAP_NAME] = "2 2 4 4 4 4 _4 8 _32",
	[KYI_SWAP_CELL] = "8 _56",
	[KYI_SWAP_HEALTH] = "4 4 4 _4 8 8 _32",
	[KYI_SWAP_RESOURCE] = "4 4",
	[KYI_SWAP_SPANS] = "4 _60",
	[KYI_SWAP_FRAME] = "8 8 8 8 8 4 4 _16",
	[KYI_SWAP_SECTION] = "8 4 4 8 _40",
	[KYI_SWAP_EVENT] = "8 8 4 _4 _40",
	[KYI_SWAP_EVENT_SPAN] = "8 8 4 _4 8 8 8 8 8",
	[KYI_SWAP_EVENT_EXEMPLAR] = "8 8 4 _4 8 8 8 8 4 _4",
};

static void
reverse(uint8_t *at, size_t bytes)
{
	size_t i;
	uint8_t byte;

	for (i = 0; i < bytes / 2; i++) {
		byte = at[i];
		at[i] = at[bytes - 1 - i];
		at[bytes - 1 - i] = byte;
	}
}

void
kyi_swap(void *at, enum kyi_swap_shape shape)
{
	const char *next = shapes[shape];
	uint8_t *bytes = at;
	unsigned width;

	for (; *next != '\0'; next += *next == ' ') {
		bool is_number = *next != '_';

		next += !is_number;
		for (width = 0; isdigit((unsigned char)*next); next++)
			width = width * 10 + (unsigned)(*next - '0');
		if (is_number)
			reverse(bytes, width);
		bytes += width;
	}
}

static void
swap_array(uint8_t *at, uint64_t bytes, size_t width)
{
	for (; bytes >= width; at += width, bytes -= width)
		reverse(at, width);
}

static void
swap_records(uint8_t *at, uint64_t bytes, uint64_t stride,
    enum kyi_swap_shape shape)
{
	for (; bytes >= stride; at += stride, bytes -= stride)
		kyi_swap(at, shape);
}

/* What has a checksum of its first bytes: as right afterwards as it was. */
static void
swap_summed(void *at, enum kyi_swap_shape shape, size_t summed_bytes,
    uint32_t *crc32c)
{
	uint32_t was = kyi_crc32c(0, at, summed_bytes);
	bool sound;

	kyi_swap(at, shape);
	sound = *crc32c == was;
	*crc32c = kyi_crc32c(0, at, summed_bytes) ^ !sound;
}

void
kyi_swap_header(struct kyi_header *header)
{
	swap_summed(header, KYI_SWAP_HEADER,
	    offsetof(struct kyi_header, crc32c), &header->crc32c);
}

void
kyi_swap_args(uint8_t *args, size_t bytes, const char *types)
{
	size_t width, more;
	uint16_t len;

	for (; *types != '\0'; types++) {
		width = *types == KYI_ARG_STR ? sizeof(len) : 8;
		if (bytes < width)
			return;
		reverse(args, width);
		memcpy(&len, args, sizeof(len));
		more = *types == KYI_ARG_STR ? len : 0;
		if (bytes - width < more)
			return;
		args += width + more;
		bytes -= width + more;
	}
}

/* ---- the file -------------------------------------------------------- */

struct body {
	uint8_t *at; /* NULL: there is no such block */
	uint64_t off, bytes;
	uint16_t stride;
};

struct swap {
	const struct kymo_region *region;
	uint8_t *base;
	struct kyi_control *control;
	struct body bodies[KYI_BLK_SPANS + 1]; /* the first of each type */
	uint8_t kinds[KYI_RECORD_MAX + 1];     /* by family id */
	uint8_t *done;                         /* of STR: a byte a string */
};

/* [off, off + bytes) of the file, copied; NULL: it cannot be. */
static uint8_t *
take(struct swap *swap, uint64_t off, uint64_t bytes)
{
	uint64_t file_bytes = swap->region->file_bytes;

	if (off > file_bytes || bytes > file_bytes - off ||
	    kyi_os_pread(swap->region->fd, swap->base + off, bytes, off) !=
	    (int64_t)bytes)
		return NULL;
	return swap->base + off;
}

static void
swap_dir(const struct body *body)
{
	uint64_t off;

	for (off = 0; body->bytes - off >= body->stride; off += body->stride) {
		uint8_t *at = body->at + off;
		uint16_t rec_type;

		memcpy(&rec_type, at, sizeof(rec_type));
		reverse((uint8_t *)&rec_type, sizeof(rec_type));
		if (rec_type == KYI_REC_FAMILY)
			kyi_swap(at, KYI_SWAP_FAMILY);
		else if (rec_type == KYI_REC_SERIES)
			kyi_swap(at, KYI_SWAP_SERIES);
		else
			kyi_swap(at, KYI_SWAP_NAME);
	}
}

static void
swap_ring(uint8_t *at, uint64_t bytes)
{
	const uint64_t heads_bytes =
	    KYI_RING_SECTIONS * sizeof(struct kyi_ring_section);
	struct kyi_event *event;

	if (bytes < heads_bytes)
		return;
	swap_records(at, heads_bytes, sizeof(struct kyi_ring_section),
	    KYI_SWAP_SECTION);
	at += heads_bytes;
	for (bytes -= heads_bytes; bytes >= sizeof(*event);
	    at += sizeof(*event), bytes -= sizeof(*event)) {
		event = (struct kyi_event *)(void *)at;
		kyi_swap(event, event->type == KYI_EVENT_SPAN ?
		    KYI_SWAP_EVENT_SPAN : event->type == KYI_EVENT_EXEMPLAR ?
		    KYI_SWAP_EVENT_EXEMPLAR : KYI_SWAP_EVENT);
	}
}

static void
swap_body(uint16_t type, const struct body *body)
{
	switch (type) {
	case KYI_BLK_SLOTS:
		if (body->stride >= sizeof(struct kyi_slot))
			swap_records(body->at, body->bytes, body->stride,
			    KYI_SWAP_SLOT);
		break;
	case KYI_BLK_DIR:
		if (body->stride >= sizeof(struct kyi_family))
			swap_dir(body);
		break;
	case KYI_BLK_RES:
		swap_records(body->at, body->bytes,
		    sizeof(struct kyi_resource), KYI_SWAP_RESOURCE);
		break;
	case KYI_BLK_HIST:
		swap_array(body->at, body->bytes, 8);
		break;
	case KYI_BLK_SPANS:
		if (body->bytes < sizeof(struct kyi_spans))
			break;
		kyi_swap(body->at, KYI_SWAP_SPANS);
		swap_records(body->at + offsetof(struct kyi_spans, frame),
		    KYI_SPAN_DEPTH_MAX * sizeof(struct kyi_span_frame),
		    sizeof(struct kyi_span_frame), KYI_SWAP_FRAME);
		break;
	case KYI_BLK_RING:
		swap_ring(body->at, body->bytes);
		break;
	default: /* STR, SHARED: DIR tells what is where */
		break;
	}
}

/* Returns the block's length; 0: there is none, or none after it. */
static uint64_t
take_block(struct swap *swap, uint64_t off)
{
	struct kyi_block *head = (void *)take(swap, off, sizeof(*head));
	struct body body = { .off = off + sizeof(*head) };
	uint64_t used_bytes;

	if (head == NULL)
		return 0;
	swap_summed(head, KYI_SWAP_BLOCK,
	    offsetof(struct kyi_block, used_bytes), &head->crc32c);
	if (head->magic != KYI_BLOCK_MAGIC ||
	    head->len_bytes % KYI_PAGE_BYTES != 0 ||
	    head->len_bytes > swap->region->file_bytes - off)
		return 0;
	used_bytes = head->used_bytes;
	if (used_bytes < sizeof(*head) || used_bytes > head->len_bytes ||
	    head->ready != 1 || head->type == KYI_BLK_WINDOWS)
		return head->len_bytes;
	body.bytes = used_bytes - sizeof(*head);
	body.stride = head->rec_bytes;
	body.at = take(swap, body.off, body.bytes);
	if (body.at == NULL)
		return 0;
	swap_body(head->type, &body);
	if (head->type <= KYI_BLK_SPANS &&
	    swap->bodies[head->type].at == NULL)
		swap->bodies[head->type] = body;
	return head->len_bytes;
}

static void
take_windows(struct swap *swap)
{
	const struct kyi_header *header = &swap->region->header;
	uint32_t slot, bytes = swap->control->window_used;
	uint8_t *at;

	if (bytes > header->window_bytes)
		bytes = header->window_bytes;
	for (slot = 0; slot < swap->control->slot_high &&
	    slot < header->slot_max; slot++) {
		at = take(swap, header->windows_off +
		    (uint64_t)slot * header->window_bytes, bytes);
		if (at != NULL)
			swap_array(at, bytes, 8);
	}
}

/* ---- what DIR refers to ---------------------------------------------- */

/* Each once: many may refer to it. Returns the string if it was not done. */
static uint8_t *
swap_string(struct swap *swap, uint32_t ref, uint32_t *len_bytes)
{
	const struct body *str = &swap->bodies[KYI_BLK_STR];
	uint64_t off = (uint64_t)ref * 8 - str->off;

	if (ref == 0 || str->at == NULL || str->bytes < sizeof(*len_bytes) ||
	    off > str->bytes - sizeof(*len_bytes) || swap->done[off / 8])
		return NULL;
	swap->done[off / 8] = 1;
	kyi_swap(str->at + off, KYI_SWAP_STRING);
	memcpy(len_bytes, str->at + off, sizeof(*len_bytes));
	off += sizeof(*len_bytes);
	return *len_bytes > str->bytes - off ? NULL : str->at + off;
}

static void
swap_text(struct swap *swap, uint32_t ref)
{
	uint32_t len_bytes;

	(void)swap_string(swap, ref, &len_bytes);
}

static void
swap_list(struct swap *swap, uint32_t ref)
{
	uint32_t len_bytes, each;
	uint8_t *at = swap_string(swap, ref, &len_bytes);

	if (at == NULL || len_bytes > KYI_STATE_MAX * sizeof(each))
		return;
	for (; len_bytes >= sizeof(each);
	    at += sizeof(each), len_bytes -= (uint32_t)sizeof(each)) {
		reverse(at, sizeof(each));
		memcpy(&each, at, sizeof(each));
		swap_text(swap, each);
	}
}

static void
swap_shared(struct swap *swap, uint8_t kind, uint32_t at)
{
	const struct body *shared = &swap->bodies[KYI_BLK_SHARED];
	struct kyi_health *health;
	uint64_t *value;

	if (kind < KYI_KIND_GAUGE || (kind > KYI_KIND_FLOAT_GAUGE &&
	    kind < KYI_KIND_TEXT) || at % sizeof(*health) != 0 ||
	    shared->bytes < sizeof(*health) ||
	    at > shared->bytes - sizeof(*health))
		return;
	health = (void *)(shared->at + at);
	value = (void *)(shared->at + at);
	kyi_swap(health, kind == KYI_KIND_HEALTH ? KYI_SWAP_HEALTH :
	    KYI_SWAP_CELL);
	if (kind == KYI_KIND_HEALTH)
		swap_text(swap, health->reason_ref);
	else if (kind == KYI_KIND_TEXT && *value <= UINT32_MAX)
		swap_text(swap, (uint32_t)*value);
}

static void
follow_record(struct swap *swap, const void *at)
{
	const struct kyi_family *family = at;
	const struct kyi_series *series = at;
	const struct kyi_name *name = at;

	if (family->rec_type == KYI_REC_FAMILY) {
		swap_text(swap, family->name_ref);
		swap_text(swap, family->help_ref);
		swap_text(swap, family->unit_ref);
		swap_text(swap, family->component_ref);
		swap_list(swap, family->label_keys_ref);
		swap_list(swap, family->states_ref);
		if (family->id <= KYI_RECORD_MAX)
			swap->kinds[family->id] = family->kind;
	} else if (family->rec_type == KYI_REC_SERIES) {
		swap_list(swap, series->label_values_ref);
		if (series->family_id <= KYI_RECORD_MAX)
			swap_shared(swap, swap->kinds[series->family_id],
			    series->at);
	} else {
		swap_text(swap, name->name_ref);
		swap_text(swap, name->component_ref);
		swap_text(swap, name->types_ref);
	}
}

static void
follow_refs(struct swap *swap)
{
	const struct body *dir = &swap->bodies[KYI_BLK_DIR];
	const struct body *res = &swap->bodies[KYI_BLK_RES];
	const struct kyi_resource *pair;
	uint64_t off;

	if (dir->at != NULL && dir->stride >= sizeof(struct kyi_family) &&
	    dir->stride % 8 == 0)
		for (off = 0; dir->bytes - off >= dir->stride;
		    off += dir->stride)
			follow_record(swap, dir->at + off);
	for (off = 0; res->at != NULL && res->bytes - off >= sizeof(*pair);
	    off += sizeof(*pair)) {
		pair = (const void *)(res->at + off);
		swap_text(swap, pair->key_ref);
		swap_text(swap, pair->value_ref);
	}
}

static bool
swap_file(struct swap *swap)
{
	uint64_t off = KYI_BLOCKS_OFF, len_bytes;

	memcpy(swap->base, &swap->region->header,
	    sizeof(swap->region->header));
	swap->control = (void *)take(swap, KYI_CONTROL_OFF,
	    sizeof(*swap->control));
	if (swap->control == NULL)
		return true;
	kyi_swap(swap->control, KYI_SWAP_CONTROL);
	do {
		len_bytes = take_block(swap, off);
		off += len_bytes;
	} while (len_bytes != 0 && off < swap->region->file_bytes);
	take_windows(swap);
	swap->done = calloc(1, swap->bodies[KYI_BLK_STR].bytes / 8 + 1);
	if (swap->done == NULL)
		return false;
	follow_refs(swap);
	free(swap->done);
	return true;
}

int
kyi_swap_file(struct kymo_region *region, struct kymo_error *error)
{
	struct swap *swap = calloc(1, sizeof(*swap));
	void *base = MAP_FAILED;
	bool done;

	if (swap != NULL)
		base = mmap(NULL, region->file_bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		free(swap);
		return kymo_error_set(error, "out of memory");
	}
	region->swapped = swap->base = base;
	swap->region = region;
	done = swap_file(swap);
	free(swap);
	return done ? 0 : kymo_error_set(error, "out of memory");
}

void
kyi_swap_free(struct kymo_region *region)
{
	if (region->swapped != NULL)
		munmap(region->swapped, region->file_bytes);
	region->swapped = NULL;
}
