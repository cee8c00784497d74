/* SPDX-License-Identifier: MIT */
/* Region files for tests of readers, made by shm/region.c and layout.h alone:
   no writer is needed, and what a writer would never store can be stored.

	struct make_region m;
	uint32_t family;

	make_region(&m, testlib_dir(), "service");
	family = make_family(&m, &(struct make_family){
		.kind = KYI_KIND_COUNTER, .name = "jobs" });
	*make_cell(&m, 1, make_series(&m, family, NULL)) = 7;
	...
	kyi_region_forget(&m.region);   it is dead now */
#ifndef TESTS_TESTLIB_MAKE_REGION_H
#define TESTS_TESTLIB_MAKE_REGION_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/copy.h"
#include "shm/hist.h"
#include "shm/os.h"
#include "shm/region.h"
#include "shm/ring.h"

#define MAKE_UNUSED __attribute__((unused))
#define MAKE_NEED(condition)                                                  \
	do {                                                                  \
		if (!(condition)) {                                           \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,    \
			    #condition);                                      \
			abort();                                              \
		}                                                             \
	} while (0)

struct make_region {
	struct kyi_region region;
	uint32_t family_cnt, series_cnt, name_cnt[2];
	uint32_t window_next, hist_next;
	uint32_t kinds[256], bucket_cnts[256], key_cnts[256]; /* by family id */
};

struct make_family {
	uint32_t kind;
	const char *name, *help, *unit, *component;
	const char *const *keys;   /* NULL-terminated, or NULL */
	const char *const *states;
	uint32_t agg, scale, bucket_cnt, peak_window_s;
	int exponent, lo_idx;
};

/* Stores value as a number of so many bytes. */
MAKE_UNUSED static void
make_number(void *to, uint64_t value, size_t bytes)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		value <<= 64 - 8 * bytes;
	memcpy(to, &value, bytes);
}

/* ---- strings and records --------------------------------------------- */

MAKE_UNUSED static uint32_t
make_bytes(struct make_region *m, const void *bytes, uint32_t len_bytes)
{
	struct kyi_region *region = &m->region;
	uint64_t room = (sizeof(struct kyi_string) + len_bytes + 7) / 8 * 8;
	uint64_t off = kyi_region_append(region, region->str_off,
	    region->str_len, room);
	struct kyi_string *string = kyi_region_at(region, off);

	MAKE_NEED(off != 0);
	string->len_bytes = len_bytes;
	if (len_bytes > 0)
		memcpy(string + 1, bytes, len_bytes);
	kyi_region_appended(region, region->str_off, off + room);
	return (uint32_t)(off / 8);
}

MAKE_UNUSED static uint32_t
make_text(struct make_region *m, const char *text)
{
	return text == NULL || *text == '\0' ? 0 :
	    make_bytes(m, text, (uint32_t)strlen(text));
}

/* A list of the texts up to NULL. */
MAKE_UNUSED static uint32_t
make_list(struct make_region *m, const char *const *texts, uint32_t *cnt)
{
	uint32_t refs[KYI_STATE_MAX + 8], i;

	for (i = 0; texts != NULL && texts[i] != NULL; i++) {
		MAKE_NEED(i < KYI_STATE_MAX + 8);
		refs[i] = make_text(m, texts[i]);
	}
	if (cnt != NULL)
		*cnt = i;
	return i == 0 ? 0 : make_bytes(m, refs, i * 4);
}

MAKE_UNUSED static void
make_record(struct make_region *m, const void *record)
{
	struct kyi_region *region = &m->region;
	uint64_t off = kyi_region_append(region, region->dir_off,
	    region->dir_len, 64);

	MAKE_NEED(off != 0);
	memcpy(kyi_region_at(region, off), record, 64);
	kyi_region_appended(region, region->dir_off, off + 64);
}

MAKE_UNUSED static uint32_t
make_family(struct make_region *m, const struct make_family *from)
{
	struct kyi_family record = {
		.rec_type = KYI_REC_FAMILY,
		.id = ++m->family_cnt,
		.name_ref = make_text(m, from->name),
		.help_ref = make_text(m, from->help),
		.unit_ref = make_text(m, from->unit),
		.component_ref = make_text(m, from->component),
		.states_ref = make_list(m, from->states, NULL),
		.kind = (uint8_t)from->kind,
		.agg = (uint8_t)from->agg,
		.exponent = (int8_t)from->exponent,
		.scale = (uint8_t)from->scale,
		.lo_idx = from->lo_idx,
		.bucket_cnt = from->bucket_cnt,
		.series_max = 256,
		.peak_window_s = from->peak_window_s,
		.sample_n = 1,
		.born_ns = kyi_os_mono_ns(),
	};
	uint32_t slot = record.id % 256;

	record.label_keys_ref = make_list(m, from->keys, &m->key_cnts[slot]);
	m->kinds[slot] = from->kind;
	m->bucket_cnts[slot] = from->bucket_cnt;
	make_record(m, &record);
	return record.id;
}

/* Room for a series' value: its window offset, SHARED offset, or index. */
MAKE_UNUSED static uint32_t
make_place(struct make_region *m, uint32_t kind)
{
	struct kyi_region *region = &m->region;
	bool is_peak = kind == KYI_KIND_MAX || kind == KYI_KIND_MIN;
	uint32_t at, bytes = is_peak ? 16 : 8, slot;
	uint64_t off;

	switch (kind) {
	case KYI_KIND_HISTOGRAM:
	case KYI_KIND_SUMMARY:
		return m->hist_next++;
	case KYI_KIND_INFO:
		return 0;
	case KYI_KIND_COUNTER:
	case KYI_KIND_UPDOWN:
	case KYI_KIND_FLOAT_COUNTER:
	case KYI_KIND_MAX:
	case KYI_KIND_MIN:
		at = m->window_next;
		MAKE_NEED(at + bytes <= region->window_bytes);
		m->window_next += bytes;
		for (slot = 0; slot < kyi_region_control(region)->slot_high;
		    slot++)
			MAKE_NEED(kyi_region_populate(region,
			    region->windows_off +
			    (uint64_t)slot * region->window_bytes,
			    m->window_next));
		kyi_publish_window_used(kyi_region_control(region),
		    m->window_next);
		return at;
	default:
		off = kyi_region_append(region, region->shared_off,
		    region->shared_len, 64);
		MAKE_NEED(off != 0);
		if (kind == KYI_KIND_GAUGE)
			*(uint64_t *)kyi_region_at(region, off) =
			    (uint64_t)KYI_GAUGE_UNSET;
		if (kind == KYI_KIND_FLOAT_GAUGE)
			*(uint64_t *)kyi_region_at(region, off) =
			    KYI_FLOAT_UNSET_BITS;
		kyi_region_appended(region, region->shared_off, off + 64);
		return (uint32_t)(off - region->shared_off -
		    sizeof(struct kyi_block));
	}
}

/* A series of these label values (NULL-terminated, or NULL: no labels, and of
   a family with labels the overflow series). Returns its place. */
MAKE_UNUSED static uint32_t
make_series(struct make_region *m, uint32_t family_id,
    const char *const *values)
{
	struct kyi_series record = {
		.rec_type = KYI_REC_SERIES,
		.id = ++m->series_cnt,
		.family_id = family_id,
		.at = make_place(m, m->kinds[family_id % 256]),
		.label_values_ref = make_list(m, values, NULL),
		.born_ns = kyi_os_mono_ns(),
	};

	if (values == NULL && m->key_cnts[family_id % 256] > 0)
		record.flags = KYI_SERIES_OVERFLOW;
	make_record(m, &record);
	return record.at;
}

/* A span name (types NULL) or log format. Returns its id. */
MAKE_UNUSED static uint32_t
make_name(struct make_region *m, const char *component, const char *name,
    const char *types)
{
	struct kyi_name record = {
		.rec_type = types == NULL ? KYI_REC_SPAN_NAME :
		    KYI_REC_LOG_FORMAT,
		.id = ++m->name_cnt[types != NULL],
		.name_ref = make_text(m, name),
		.component_ref = make_text(m, component),
		.types_ref = make_text(m, types),
		.severity = 2,
		.born_ns = kyi_os_mono_ns(),
	};

	make_record(m, &record);
	return record.id;
}

/* ---- the region ------------------------------------------------------ */

/* Threads of the slots below cnt are owned. */
MAKE_UNUSED static void
make_slots(struct make_region *m, uint32_t cnt)
{
	struct kyi_region *region = &m->region;
	struct kyi_control *control = kyi_region_control(region);
	uint32_t i;

	MAKE_NEED(cnt <= region->slot_max);
	MAKE_NEED(kyi_region_populate(region, region->slots_off,
	    sizeof(struct kyi_block) + cnt * sizeof(struct kyi_slot)));
	for (i = control->slot_high; i < cnt; i++) {
		struct kyi_slot *slot = kyi_region_at(region,
		    region->slots_off +
		    sizeof(struct kyi_block) + i * sizeof(struct kyi_slot));

		slot->state = i != 0;
		slot->tid = 1000 + i;
		slot->claimed_ns = 1;
		snprintf(slot->name, sizeof(slot->name), "thread-%u", i);
		MAKE_NEED(kyi_region_populate(region, region->windows_off +
		    (uint64_t)i * region->window_bytes, m->window_next));
	}
	kyi_publish_slot_high(control, cnt);
}

MAKE_UNUSED static void
make_region_with(struct make_region *m,
    const struct kyi_region_options *options)
{
	memset(m, 0, sizeof(*m));
	m->window_next = KYI_CELL_FIRST;
	m->hist_next = KYI_HIST_FIRST;
	MAKE_NEED(kyi_region_create(&m->region, options) == 0);
	make_slots(m, 3);
}

MAKE_UNUSED static void
make_region(struct make_region *m, const char *dir, const char *service)
{
	struct kyi_region_options options = { .dir = dir, .service = service,
		.max_bytes = 512 * 1024, .slot_max = 8, .window_bytes = 8192 };

	make_region_with(m, &options);
	MAKE_NEED(m->region.visible);
}

/* ---- values ---------------------------------------------------------- */

MAKE_UNUSED static uint64_t *
make_cell(struct make_region *m, uint32_t slot, uint32_t at)
{
	return kyi_region_at(&m->region, m->region.windows_off +
	    (uint64_t)slot * m->region.window_bytes + at);
}

MAKE_UNUSED static void
make_double(struct make_region *m, uint32_t slot, uint32_t at, double d)
{
	memcpy(make_cell(m, slot, at), &d, sizeof(d));
}

/* A SHARED cell: kyi_shared_cell, kyi_health. */
MAKE_UNUSED static void *
make_shared(struct make_region *m, uint32_t at)
{
	return kyi_region_at(&m->region, m->region.shared_off +
	    sizeof(struct kyi_block) + at);
}

/* A HIST block's cells. */
MAKE_UNUSED static uint64_t *
make_hist(struct make_region *m, uint32_t slot, uint32_t hist_idx,
    uint32_t bucket_cnt)
{
	uint64_t used = sizeof(struct kyi_block) +
	    8 * (uint64_t)(bucket_cnt + KYI_HIST_EXTRA_CELLS);
	uint64_t off = kyi_region_block(&m->region, KYI_BLK_HIST, slot,
	    hist_idx, kyi_hist_block_bytes(bucket_cnt), used);

	MAKE_NEED(off != 0);
	return kyi_region_at(&m->region, off + sizeof(struct kyi_block));
}

/* A RING block's sections, of so many places each; places follow them. */
MAKE_UNUSED static struct kyi_ring_section *
make_ring(struct make_region *m, uint32_t slot, uint32_t place_cnt)
{
	uint64_t used = sizeof(struct kyi_block) +
	    KYI_RING_SECTIONS * sizeof(struct kyi_ring_section) +
	    KYI_RING_SECTIONS * (uint64_t)place_cnt * sizeof(struct kyi_event);
	uint64_t off = kyi_region_block(&m->region, KYI_BLK_RING, slot, 0, used,
	    sizeof(struct kyi_block));
	struct kyi_ring_section *sections;
	uint32_t i;

	MAKE_NEED(off != 0);
	sections = kyi_region_at(&m->region, off + sizeof(struct kyi_block));
	for (i = 0; i < KYI_RING_SECTIONS; i++) {
		sections[i].first = i * place_cnt;
		sections[i].cnt = place_cnt;
	}
	kyi_region_used(&m->region, off, used);
	return sections;
}

MAKE_UNUSED static struct kyi_event *
make_places(struct kyi_ring_section *sections)
{
	return (struct kyi_event *)(void *)(sections + KYI_RING_SECTIONS);
}

/* Stores one event of one place; its seq is made. */
MAKE_UNUSED static void
make_event(struct kyi_ring_section *sections, uint32_t kind,
    const struct kyi_event *event)
{
	struct kyi_event *places = make_places(sections), *place;
	uint64_t number = kyi_ring_begin(&sections[kind], places, 1);

	place = kyi_ring_place(&sections[kind], places, number);
	memcpy((uint8_t *)place + 8, (const uint8_t *)event + 8,
	    sizeof(*event) - 8);
	kyi_ring_end(place, number);
}

MAKE_UNUSED static struct kyi_spans *
make_spans(struct make_region *m, uint32_t slot)
{
	uint64_t used = sizeof(struct kyi_block) + sizeof(struct kyi_spans);
	uint64_t off = kyi_region_block(&m->region, KYI_BLK_SPANS, slot, 0,
	    used, used);

	MAKE_NEED(off != 0);
	return kyi_region_at(&m->region, off + sizeof(struct kyi_block));
}

MAKE_UNUSED static void
make_resource(struct make_region *m, const char *key, const char *value)
{
	struct kyi_region *region = &m->region;
	struct kyi_resource pair = { make_text(m, key), make_text(m, value) };
	uint64_t off = kyi_region_append(region, region->res_off,
	    region->res_len, sizeof(pair));

	MAKE_NEED(off != 0);
	memcpy(kyi_region_at(region, off), &pair, sizeof(pair));
	kyi_region_appended(region, region->res_off, off + sizeof(pair));
}

#endif
