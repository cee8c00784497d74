/* SPDX-License-Identifier: MIT */
/* A sound region as a machine of the other byte order would have written it.
   from is read, to (a copy of it) is turned around; checksums are not. */
#ifndef TESTS_FUZZ_REGION_FOREIGN_H
#define TESTS_FUZZ_REGION_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "reader/region/private.h"

struct foreign {
	const uint8_t *from;
	uint8_t *to;
	bool *done; /* strings, by ref */
	uint64_t shared_off;
	uint8_t kinds[256]; /* by family id */
};

/* cnt of them, stride apart; a shape of one number does for an array. */
static void
foreign_all(struct foreign *f, uint64_t off, uint64_t cnt, uint64_t stride,
    enum kyi_swap_shape shape)
{
	uint64_t i;

	for (i = 0; i < cnt; i++)
		kyi_swap(f->to + off + i * stride, shape);
}

static void
foreign_string(struct foreign *f, uint32_t ref, bool is_list)
{
	const uint32_t *at = (const void *)(f->from + ref * 8ull);
	uint32_t i;

	if (ref == 0 || f->done[ref])
		return;
	f->done[ref] = true;
	foreign_all(f, ref * 8ull, is_list ? 1 + at[0] / 4 : 1, 4,
	    KYI_SWAP_STRING);
	for (i = 0; is_list && i < at[0] / 4; i++)
		foreign_string(f, at[1 + i], false);
}

static void
foreign_record(struct foreign *f, uint64_t off)
{
	const struct kyi_family *family = (const void *)(f->from + off);
	const struct kyi_series *series = (const void *)(f->from + off);
	const struct kyi_name *name = (const void *)(f->from + off);
	const struct kyi_health *health;
	uint64_t at;
	uint8_t kind;

	if (family->rec_type == KYI_REC_FAMILY) {
		foreign_all(f, off, 1, 0, KYI_SWAP_FAMILY);
		foreign_string(f, family->name_ref, false);
		foreign_string(f, family->help_ref, false);
		foreign_string(f, family->unit_ref, false);
		foreign_string(f, family->component_ref, false);
		foreign_string(f, family->label_keys_ref, true);
		foreign_string(f, family->states_ref, true);
		f->kinds[family->id % 256] = family->kind;
	} else if (family->rec_type == KYI_REC_SERIES) {
		foreign_all(f, off, 1, 0, KYI_SWAP_SERIES);
		foreign_string(f, series->label_values_ref, true);
		kind = f->kinds[series->family_id % 256];
		at = f->shared_off + series->at;
		health = (const void *)(f->from + at);
		if (kind == KYI_KIND_HEALTH) {
			foreign_string(f, health->reason_ref, false);
			foreign_all(f, at, 1, 0, KYI_SWAP_HEALTH);
		} else if (kind == KYI_KIND_GAUGE || kind == KYI_KIND_TEXT ||
		    kind == KYI_KIND_FLOAT_GAUGE ||
		    kind == KYI_KIND_STATE_SET) {
			if (kind == KYI_KIND_TEXT)
				foreign_string(f, health->seq, false);
			foreign_all(f, at, 1, 0, KYI_SWAP_CELL);
		}
	} else {
		foreign_all(f, off, 1, 0, KYI_SWAP_NAME);
		foreign_string(f, name->name_ref, false);
		foreign_string(f, name->component_ref, false);
		foreign_string(f, name->types_ref, false);
	}
}

static void
foreign_ring(struct foreign *f, uint64_t off, uint64_t end_off)
{
	const struct kyi_event *event;

	foreign_all(f, off, KYI_RING_SECTIONS, 64, KYI_SWAP_SECTION);
	for (off += KYI_RING_SECTIONS * 64ull; off < end_off; off += 64) {
		event = (const void *)(f->from + off);
		foreign_all(f, off, 1, 0, event->type == KYI_EVENT_SPAN ?
		    KYI_SWAP_EVENT_SPAN : event->type == KYI_EVENT_EXEMPLAR ?
		    KYI_SWAP_EVENT_EXEMPLAR : KYI_SWAP_EVENT);
	}
}

/* One block's body; first those that refer to nothing, then the others. */
static void
foreign_body(struct foreign *f, const struct kyi_block *head, uint64_t off,
    uint64_t end_off, bool refers)
{
	const struct kyi_resource *pair;

	if (!refers && head->type == KYI_BLK_SHARED)
		f->shared_off = off;
	else if (!refers && head->type == KYI_BLK_SLOTS)
		foreign_all(f, off, (end_off - off) / head->rec_bytes,
		    head->rec_bytes, KYI_SWAP_SLOT);
	else if (!refers && head->type == KYI_BLK_HIST)
		foreign_all(f, off, (end_off - off) / 8, 8, KYI_SWAP_CELL);
	else if (!refers && head->type == KYI_BLK_RING)
		foreign_ring(f, off, end_off);
	else if (!refers && head->type == KYI_BLK_SPANS) {
		foreign_all(f, off, 1, 0, KYI_SWAP_SPANS);
		foreign_all(f, off + 64, KYI_SPAN_DEPTH_MAX, 64,
		    KYI_SWAP_FRAME);
	} else if (refers && head->type == KYI_BLK_DIR)
		for (; off < end_off; off += head->rec_bytes)
			foreign_record(f, off);
	else if (refers && head->type == KYI_BLK_RES)
		for (; off < end_off; off += sizeof(*pair)) {
			pair = (const void *)(f->from + off);
			foreign_string(f, pair->key_ref, false);
			foreign_string(f, pair->value_ref, false);
			foreign_all(f, off, 1, 0, KYI_SWAP_RESOURCE);
		}
}

static void
foreign_region(uint8_t *to, const uint8_t *from, uint64_t file_bytes)
{
	const struct kyi_header *header = (const void *)from;
	const struct kyi_control *control =
	    (const void *)(from + KYI_CONTROL_OFF);
	struct foreign f = { .from = from, .to = to };
	const struct kyi_block *head;
	unsigned refers;
	uint64_t off;

	f.done = calloc(file_bytes / 8, sizeof(*f.done));
	if (f.done == NULL)
		abort();
	kyi_swap(to, KYI_SWAP_HEADER);
	kyi_swap(to + KYI_CONTROL_OFF, KYI_SWAP_CONTROL);
	for (refers = 0; refers < 2; refers++)
		for (off = KYI_BLOCKS_OFF; off < control->file_used;
		    off += head->len_bytes) {
			head = (const void *)(from + off);
			foreign_body(&f, head, off + sizeof(*head),
			    off + head->used_bytes, refers);
			if (refers)
				kyi_swap(to + off, KYI_SWAP_BLOCK);
		}
	foreign_all(&f, header->windows_off,
	    (uint64_t)header->slot_max * header->window_bytes / 8, 8,
	    KYI_SWAP_CELL);
	free(f.done);
}

#endif
