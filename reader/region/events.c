/* SPDX-License-Identifier: MIT */
/* Rings and stacks of open spans. Each is copied to scratch by itself, so that
   the rings of many threads do not have to be in memory at once. */
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"
#include "shm/copy.h"
#include "shm/ring.h"

#define RING_HEADS_BYTES (sizeof(struct kyi_block) +                          \
	KYI_RING_SECTIONS * sizeof(struct kyi_ring_section))

static void
complain(struct kymo_region *region, uint64_t off, const char *why)
{
	kyi_complain_at(&region->passing, off, "%s", why);
}

const char *
kyi_region_thread(struct kymo_region *region, uint32_t slot, uint64_t mono_ns,
    uint32_t *tid)
{
	const struct kyi_slot *at = kyi_region_slot(region, slot);
	char name[3 * sizeof(at->name) + 1], *kept;
	size_t len_bytes;

	*tid = 0;
	/* A slot goes from thread to thread; what is older than its owner is
	   of somebody who is not known any more. */
	if (at == NULL || mono_ns < at->claimed_ns || slot == 0)
		return "";
	*tid = at->tid;
	len_bytes = kyi_utf8_repair(name, at->name,
	    strnlen(at->name, sizeof(at->name)));
	kept = kyi_arena_take(&region->events, len_bytes + 1);
	if (kept == NULL)
		return "";
	memcpy(kept, name, len_bytes + 1);
	return kept;
}

/* The name that id stands for. NULL: none; that is a fault, unless it was
   registered after we looked. */
static const struct kyi_name_kept *
name_of(struct kymo_region *region, uint32_t id, uint64_t off)
{
	const struct kyi_name_kept *name =
	    kyi_region_name(region, KYI_REC_SPAN_NAME, id);

	if (name == NULL && id <= region->name_ids[0].last_id)
		complain(region, off, "a span of no name");
	return name;
}

static struct kymo_span_info *
new_span(struct kymo_region *region, const struct kyi_name_kept *name)
{
	struct kymo_span_info *span;

	if (region->span_cnt >= KYI_EVENT_CNT_MAX ||
	    !kyi_grow(&region->spans, &region->span_room, region->span_cnt,
		sizeof(*span)))
		return NULL;
	span = &region->spans[region->span_cnt++];
	memset(span, 0, sizeof(*span));
	span->name = name->name;
	span->component = name->component;
	return span;
}

/* ---- open spans ------------------------------------------------------ */

static void
take_frame(struct kymo_region *region, const struct kyi_span_frame *frame,
    uint32_t slot, uint32_t depth, uint64_t off)
{
	const struct kyi_name_kept *name;
	struct kymo_span_info *span;

	/* Being opened when the program stopped: the name is stored last. */
	if (frame->name_id == 0)
		return;
	name = name_of(region, frame->name_id, off);
	if (name == NULL)
		return;
	span = new_span(region, name);
	if (span == NULL)
		return;
	span->trace_hi = frame->trace_hi;
	span->trace_lo = frame->trace_lo;
	span->span_id = frame->span_id;
	span->parent_id = frame->parent_id;
	span->start_ns = kyi_region_realtime_ns(region, frame->start_ns);
	span->slot = slot;
	span->depth = depth;
	span->open = true;
	span->thread = kyi_region_thread(region, slot, frame->start_ns,
	    &span->tid);
	kyi_region_sign(region, frame->start_ns);
}

/* A frame that is the same in three copies, a fence between each, and below
   the depth in all, was complete when the second was made: to be the same half
   of a push in the first two, it must be another one in the third. */
static int
scan_stack(struct kymo_region *region, const struct kyi_block_place *place,
    struct kymo_error *error)
{
	const struct kyi_slot *slot = kyi_region_slot(region,
	    place->owner_slot);
	struct kyi_spans copy[3];
	uint64_t off = place->off + sizeof(struct kyi_block);
	uint32_t i, depth;

	if (place->used_bytes < sizeof(struct kyi_block) + sizeof(copy[0]) ||
	    slot == NULL || slot->state != 1)
		return 0;
	for (i = 0; i < 3; i++) {
		if (kyi_copy_to(region, &copy[i], off, sizeof(copy[i]),
			error) != 0)
			return -1;
		kyi_copy_fence();
	}
	depth = copy[0].depth;
	for (i = 1; i < 3; i++)
		if (depth > copy[i].depth)
			depth = copy[i].depth;
	if (depth > KYI_SPAN_DEPTH_MAX)
		depth = KYI_SPAN_DEPTH_MAX;
	for (i = 0; i < depth; i++) {
		const struct kyi_span_frame *frame = &copy[1].frame[i];

		if (memcmp(frame, &copy[0].frame[i], sizeof(*frame)) == 0 &&
		    memcmp(frame, &copy[2].frame[i], sizeof(*frame)) == 0)
			take_frame(region, frame, place->owner_slot, i, off);
	}
	return 0;
}

/* ---- rings ----------------------------------------------------------- */

/* One section's places, as copied twice, and reserve as read after that. Of the
   first copy only seq counts. */
struct section {
	const struct kyi_event *before, *places;
	uint64_t reserve_after;
	uint32_t cnt, slot;
	uint64_t off;
};

/* Record number's place if it is whole, else NULL. */
static const struct kyi_event *
whole_place(const struct section *section, uint64_t number)
{
	uint64_t idx = number & (section->cnt - 1);
	const struct kyi_event *place = &section->places[idx];

	if (number >= section->reserve_after ||
	    !kyi_ring_whole(section->before[idx].seq, place, number,
	    section->reserve_after, section->cnt))
		return NULL;
	return place;
}

static void
take_span(struct kymo_region *region, const struct section *section,
    const struct kyi_event *event)
{
	const struct kyi_name_kept *name = name_of(region, event->name_id,
	    section->off);
	struct kymo_span_info *span;
	uint64_t end_ns = event->ts_ns + event->u.span.dur_ns;

	if (name == NULL)
		return;
	if (event->code > 2 || end_ns < event->ts_ns) {
		complain(region, section->off, "a span that cannot be");
		return;
	}
	span = new_span(region, name);
	if (span == NULL)
		return;
	span->trace_hi = event->u.span.trace_hi;
	span->trace_lo = event->u.span.trace_lo;
	span->span_id = event->u.span.span_id;
	span->parent_id = event->u.span.parent_id;
	span->start_ns = kyi_region_realtime_ns(region, event->ts_ns);
	span->duration_ns = event->u.span.dur_ns;
	span->status = event->code;
	span->slot = section->slot;
	span->thread = kyi_region_thread(region, section->slot, event->ts_ns,
	    &span->tid);
	kyi_region_sign(region, end_ns);
}

static void
take_exemplar(struct kymo_region *region, const struct section *section,
    const struct kyi_event *event)
{
	uint32_t hist_idx = event->u.exemplar.hist_idx;
	struct kymo_exemplar_info *exemplar;

	if (hist_idx >= region->header.hist_max) {
		complain(region, section->off, "an exemplar of no histogram");
		return;
	}
	if (hist_idx >= region->hist_cnt ||
	    region->hists[hist_idx].series_idx1 == 0 ||
	    region->exemplar_cnt >= KYI_EVENT_CNT_MAX ||
	    !kyi_grow(&region->exemplars, &region->exemplar_room,
		region->exemplar_cnt, sizeof(*exemplar)))
		return;
	exemplar = &region->exemplars[region->exemplar_cnt++];
	exemplar->at_ns = kyi_region_realtime_ns(region, event->ts_ns);
	exemplar->series_idx = region->hists[hist_idx].series_idx1 - 1;
	exemplar->value = event->u.exemplar.value;
	exemplar->trace_hi = event->u.exemplar.trace_hi;
	exemplar->trace_lo = event->u.exemplar.trace_lo;
	exemplar->span_id = event->u.exemplar.span_id;
	kyi_region_sign(region, event->ts_ns);
}

/* A longer one goes on in the places after it; without one of them it is
   half overwritten, and gone. */
static void
take_log(struct kymo_region *region, const struct section *section,
    const struct kyi_event *first, uint64_t number)
{
	uint8_t args[KYI_EVENT_SLOTS_MAX * sizeof(first->u.bytes)];
	const struct kyi_event *more;
	uint32_t i;

	if (first->places < 1 || first->places > KYI_EVENT_SLOTS_MAX) {
		complain(region, section->off, "a log of impossible length");
		return;
	}
	memcpy(args, first->u.bytes, sizeof(first->u.bytes));
	for (i = 1; i < first->places; i++) {
		more = whole_place(section, number + i);
		if (more == NULL || more->type != KYI_EVENT_MORE ||
		    more->ts_ns != number)
			return;
		memcpy(args + i * sizeof(more->u.bytes), more->u.bytes,
		    sizeof(more->u.bytes));
	}
	kyi_logs_add(region, first, args,
	    first->places * sizeof(first->u.bytes), section->slot);
	kyi_region_sign(region, first->ts_ns);
}

static void
take_events(struct kymo_region *region, const struct section *section,
    uint32_t kind)
{
	static const uint8_t type_of[KYI_RING_SECTIONS] = {
		KYI_EVENT_SPAN, KYI_EVENT_LOG, KYI_EVENT_EXEMPLAR };
	uint64_t number = section->reserve_after > section->cnt ?
	    section->reserve_after - section->cnt : 0;

	for (; number < section->reserve_after; number++) {
		const struct kyi_event *event = whole_place(section, number);

		if (event == NULL || event->type == KYI_EVENT_MORE)
			continue;
		if (event->type != type_of[kind])
			complain(region, section->off,
			    "an event of another kind");
		else if (kind == KYI_RING_SPAN)
			take_span(region, section, event);
		else if (kind == KYI_RING_LOG)
			take_log(region, section, event, number);
		else
			take_exemplar(region, section, event);
	}
}

static int
scan_section(struct kymo_region *region, const struct kyi_block_place *place,
    const struct kyi_ring_section *heads, uint32_t kind,
    struct kymo_error *error)
{
	struct section section = { .cnt = heads[kind].cnt,
		.slot = place->owner_slot };
	uint64_t places_bytes =
	    section.cnt * (uint64_t)sizeof(struct kyi_event);
	uint8_t *copies;
	uint32_t i;

	if (section.cnt == 0 || heads[kind].reserve == 0)
		return 0;
	section.off = place->off + RING_HEADS_BYTES +
	    heads[kind].first * (uint64_t)sizeof(struct kyi_event);
	copies = kyi_image_scratch(region->image, 2 * places_bytes);
	if (copies == NULL)
		return kymo_error_set(error, "out of memory");
	for (i = 0; i < 2; i++) {
		if (kyi_copy_to(region, copies + i * places_bytes, section.off,
			places_bytes, error) != 0)
			return -1;
		kyi_ring_copy_fence();
	}
	if (kyi_copy_to(region, &section.reserve_after, place->off +
		sizeof(struct kyi_block) + kind * sizeof(heads[kind]) +
		offsetof(struct kyi_ring_section, reserve),
		sizeof(section.reserve_after), error) != 0)
		return -1;
	section.before = (const struct kyi_event *)(const void *)copies;
	section.places = section.before + section.cnt;
	/* Room for what an honest log may become, for all of a hostile ring. */
	region->events.bytes_max += 4 * places_bytes;
	take_events(region, &section, kind);
	return 0;
}

static int
scan_ring(struct kymo_region *region, uint32_t block_idx, unsigned parts,
    struct kymo_error *error)
{
	struct kyi_ring_section heads[KYI_RING_SECTIONS];
	const struct kyi_block_place *place;
	uint32_t kind;

	/* It is made empty and gets its sections later. */
	if (kyi_copy_head_of(region, block_idx, &place, error) != 0)
		return -1;
	if (place == NULL || place->used_bytes < RING_HEADS_BYTES)
		return 0;
	if (kyi_copy_to(region, heads, place->off + sizeof(struct kyi_block),
		sizeof(heads), error) != 0)
		return -1;
	if (!kyi_check_ring(heads, place->used_bytes, place->off,
		&region->passing))
		return 0;
	for (kind = 0; kind < KYI_RING_SECTIONS; kind++) {
		if ((parts & KYMO_SCAN_EVENTS) == 0 &&
		    kind != KYI_RING_EXEMPLAR)
			continue;
		if (scan_section(region, place, heads, kind, error) != 0)
			return -1;
	}
	return 0;
}

static int
scan_blocks(struct kymo_region *region, uint32_t type, unsigned parts,
    struct kymo_error *error)
{
	uint32_t i;
	int result = 0;

	for (i = 0; i < region->block_cnt && result == 0; i++) {
		const struct kyi_block_kept *block = &region->blocks[i];

		if (!block->ready || block->place.type != type)
			continue;
		result = type == KYI_BLK_SPANS ?
		    scan_stack(region, &block->place, error) :
		    scan_ring(region, i, parts, error);
	}
	return result;
}

/* Open ones by thread and depth, then the others by their end. */
static int
by_time(const void *a, const void *b)
{
	const struct kymo_span_info *x = a, *y = b;
	uint64_t x_ns = x->start_ns + x->duration_ns;
	uint64_t y_ns = y->start_ns + y->duration_ns;

	if (x->open != y->open)
		return x->open ? -1 : 1;
	if (x->open && x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->open)
		return (x->depth > y->depth) - (x->depth < y->depth);
	return (x_ns > y_ns) - (x_ns < y_ns);
}

int
kyi_events_scan(struct kymo_region *region, unsigned parts,
    struct kymo_error *error)
{
	kyi_arena_reset(&region->events);
	region->events.bytes_max = 1024 * 1024;
	region->span_cnt = region->log_cnt = region->exemplar_cnt = 0;
	if ((parts & KYMO_SCAN_EVENTS) != 0 &&
	    scan_blocks(region, KYI_BLK_SPANS, parts, error) != 0)
		return -1;
	if (scan_blocks(region, KYI_BLK_RING, parts, error) != 0)
		return -1;
	if (region->span_cnt > 0)
		qsort(region->spans, region->span_cnt, sizeof(*region->spans),
		    by_time);
	kyi_logs_sort(region);
	return 0;
}
