/* SPDX-License-Identifier: MIT */
/* The table of series that are watched. A look asks for them in the order of its
   scan, which is that of the look before but for what came and what went: so it
   finds nearly all without a hash, and knows early whose memory it will need. */
#include "reader/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

#define TABLE_ROOM_MIN 256u
#define NO_PLACE UINT32_MAX

_Static_assert(offsetof(struct kyi_watched, before) == KYI_WATCHED_HOT_AT &&
    (offsetof(struct kyi_watched, slots) + KYI_DETECT_HOT_BYTES) %
    KYI_LINE_BYTES == 0, "whole lines");

/* ---- a series ----------------------------------------------------------------- */

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return (hash ^ 0xff) * 0x100000001b3u;
}

static uint64_t
hash_labels(uint64_t hash, const struct kymo_label *labels, uint32_t label_cnt)
{
	for (uint32_t i = 0; i < label_cnt; i++)
		hash = hash_text(hash_text(hash, labels[i].key),
		    labels[i].value);
	return hash ^ hash >> 29;
}

static uint64_t
hash_family(const char *name, enum kymo_metric_kind kind)
{
	return hash_text(0xcbf29ce484222325u ^ (uint64_t)kind, name);
}

uint64_t
kyi_watched_hash(const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	return hash_labels(hash_family(name, kind), labels, label_cnt);
}

static bool
is(const struct kyi_watched *watched, uint64_t hash, const char *name,
    enum kymo_metric_kind kind, const struct kymo_label *labels,
    uint32_t label_cnt)
{
	if (watched->hash != hash || watched->kind != kind ||
	    watched->label_cnt != label_cnt)
		return false;
	/* From the end: what tells series of a family apart comes last. */
	for (uint32_t i = label_cnt; i-- > 0;)
		if (strcmp(watched->labels[i].value, labels[i].value) != 0 ||
		    strcmp(watched->labels[i].key, labels[i].key) != 0)
			return false;
	return strcmp(watched->name, name) == 0;
}

struct kyi_watched *
kyi_watched_find(const struct kymo_detectors *detectors, uint64_t hash,
    const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	struct kyi_watched *watched = NULL;

	if (detectors->table_room)
		watched = detectors->table[hash & (detectors->table_room - 1)];
	while (watched &&
	    !is(watched, hash, name, kind, labels, label_cnt))
		watched = watched->next;
	return watched;
}

static size_t
text_bytes(const struct kymo_label *labels, uint32_t label_cnt,
    const char *name)
{
	size_t bytes = label_cnt * sizeof(*labels) + strlen(name) + 1;

	for (uint32_t i = 0; i < label_cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	return bytes;
}

struct kymo_label *
kyi_detect_labels_copy(const struct kymo_label *labels, uint32_t label_cnt,
    const char *name, const char **name_copy)
{
	struct kymo_label *copy = malloc(text_bytes(labels, label_cnt, name));
	char *at;

	if (!copy)
		return NULL;
	at = (char *)(copy + label_cnt);
	for (uint32_t i = 0; i < label_cnt; i++) {
		copy[i].key = at;
		at = stpcpy(at, labels[i].key) + 1;
		copy[i].value = at;
		at = stpcpy(at, labels[i].value) + 1;
	}
	*name_copy = strcpy(at, name);
	return copy;
}

static void
watched_free(struct kymo_detectors *detectors, struct kyi_watched *watched)
{
	union { const struct kymo_label *in; struct kymo_label *out; } labels =
	    { watched->labels };

	detectors->watched_cnt--;
	detectors->detector_cnt -= watched->slot_cnt;
	detectors->text_bytes -= text_bytes(watched->labels,
	    watched->label_cnt, watched->name);
	kyi_gathered_free(detectors, watched);
	kyi_changing_end(detectors, watched);
	free(labels.out);
	free(watched);
}

/* ---- the table ---------------------------------------------------------------- */

static bool
table_grow(struct kymo_detectors *detectors)
{
	uint32_t room = detectors->table_room ? detectors->table_room * 2 :
	    TABLE_ROOM_MIN;
	struct kyi_watched **more, *watched;

	if (detectors->watched_cnt < detectors->table_room)
		return true;
	more = calloc(room, sizeof(more[0]));
	if (!more)
		return detectors->table_room > 0;
	for (uint32_t i = 0; i < detectors->table_room; i++)
		while ((watched = detectors->table[i])) {
			struct kyi_watched **to =
			    &more[watched->hash & (room - 1)];

			detectors->table[i] = watched->next;
			watched->next = *to;
			*to = watched;
		}
	free(detectors->table);
	detectors->table = more;
	detectors->table_room = room;
	return true;
}

/* None of them is in an order: who is, was met by the last look or this one, of
   which least is no later. */
void
kyi_watched_sweep(struct kymo_detectors *detectors, uint32_t least,
    uint64_t since_ns)
{
	for (uint32_t i = 0; i < detectors->table_room; i++) {
		struct kyi_watched **at = &detectors->table[i], *watched;

		while ((watched = *at)) {
			/* Of the time before we began nothing is known. */
			if (watched->met_mono_ns == 0)
				watched->met_mono_ns = detectors->at_mono_ns;
			if (watched->look >= least &&
			    watched->met_mono_ns >= since_ns) {
				at = &watched->next;
				continue;
			}
			*at = watched->next;
			kyi_held_drop(detectors, watched);
			watched_free(detectors, watched);
		}
	}
}

/* For a series that is there, those go that are not any more. */
static bool
room_make(struct kymo_detectors *detectors, uint32_t cnt)
{
	if (detectors->detector_cnt + cnt <= detectors->options.detector_max)
		return true;
	if (!detectors->swept && detectors->look > 1)
		kyi_watched_sweep(detectors, detectors->look - 1, 0);
	detectors->swept = true;
	return detectors->detector_cnt + cnt <= detectors->options.detector_max;
}

static struct kyi_watched *
watched_alloc(uint32_t slot_cnt)
{
	struct kyi_watched *watched;
	size_t bytes = sizeof(*watched) + slot_cnt * sizeof(watched->slots[0]);

	bytes = (bytes + KYI_LINE_BYTES - 1) & ~(size_t)(KYI_LINE_BYTES - 1);
	watched = aligned_alloc(KYI_LINE_BYTES, bytes);
	if (watched)
		memset(watched, 0, bytes);
	return watched;
}

struct kyi_watched *
kyi_watched_make(struct kymo_detectors *detectors, uint64_t hash,
    const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	uint32_t cnt = kyi_signal_cnt(kind);
	struct kyi_watched *watched, **to;

	if (!room_make(detectors, cnt) || !table_grow(detectors)) {
		detectors->refused_cnt += cnt;
		return NULL;
	}
	watched = watched_alloc(cnt);
	if (!watched)
		return NULL;
	watched->labels = kyi_detect_labels_copy(labels, label_cnt, name,
	    &watched->name);
	if (!watched->labels) {
		free(watched);
		return NULL;
	}
	watched->hash = hash;
	watched->label_cnt = label_cnt;
	watched->kind = kind;
	watched->slot_cnt = (uint16_t)cnt;
	watched->before = NAN;
	watched->place = NO_PLACE;
	to = &detectors->table[hash & (detectors->table_room - 1)];
	watched->next = *to;
	*to = watched;
	detectors->watched_cnt++;
	detectors->detector_cnt += cnt;
	detectors->text_bytes += text_bytes(labels, label_cnt, name);
	kyi_changing_begin(detectors, watched);
	return watched;
}

/* ---- the order of scans ---------------------------------------------------------- */

static void
order_add(struct kymo_detectors *detectors, uint64_t id,
    struct kyi_watched *watched)
{
	struct kyi_order *order = &detectors->order_new;
	struct kyi_place *more;
	uint32_t room = order->room;

	if (order->cnt == room) {
		room += room / 2 + 16;
		more = reallocarray(order->at, room, sizeof(more[0]));
		if (!more)
			return; /* it is found by its labels */
		order->at = more;
		order->room = room;
	}
	watched->place = order->cnt;
	order->at[order->cnt++] = (struct kyi_place){ id, watched };
}

static struct kyi_watched *
by_labels(struct kymo_detectors *detectors,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	const struct kyi_order *order = &detectors->order;
	uint64_t hash = kyi_watched_hash(family->name, family->kind,
	    series->labels, series->label_cnt);
	struct kyi_watched *watched = kyi_watched_find(detectors, hash,
	    family->name, family->kind, series->labels, series->label_cnt);

	if (!watched)
		return kyi_watched_make(detectors, hash, family->name,
		    family->kind, series->labels, series->label_cnt);
	/* Some are gone, that were before it: it goes on after it. */
	if (watched->place < order->cnt &&
	    order->at[watched->place].watched == watched)
		detectors->order_at = watched->place + 1;
	return watched;
}

struct kyi_watched *
kyi_watched_next(struct kymo_detectors *detectors,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	const struct kyi_order *order = &detectors->order;
	const struct kyi_place *place = &order->at[detectors->order_at];
	struct kyi_watched *watched;

	if (detectors->order_at < order->cnt && series->id != 0 &&
	    place->id == series->id && place->watched->kind == family->kind) {
		watched = place->watched;
		detectors->order_at++;
	} else {
		watched = by_labels(detectors, family, series);
	}
	if (watched) {
		/* Now, for making another may end those that were not met. */
		watched->look = detectors->look;
		order_add(detectors, series->id, watched);
	}
	return watched;
}

void
kyi_watched_soon(const struct kymo_detectors *detectors, uint32_t ahead,
    uint32_t slot_cnt)
{
	const struct kyi_order *order = &detectors->order;
	const struct kyi_watched *watched;

	if (order->cnt - detectors->order_at <= ahead)
		return;
	watched = order->at[detectors->order_at + ahead].watched;
	__builtin_prefetch((const char *)watched + KYI_WATCHED_HOT_AT, 1);
	for (uint32_t i = 0; i < slot_cnt; i++)
		kymo_detect_soon(&watched->slots[i]);
}

void
kyi_order_end(struct kymo_detectors *detectors)
{
	struct kyi_order before = detectors->order;

	detectors->order = detectors->order_new;
	detectors->order_new = before;
	detectors->order_new.cnt = detectors->order_at = 0;
}

/* ---- all of it ------------------------------------------------------------------- */

void
kyi_detectors_forget(struct kymo_detectors *detectors)
{
	struct kyi_watched *watched;

	kyi_held_free(detectors);
	for (uint32_t i = 0; i < detectors->table_room; i++)
		while ((watched = detectors->table[i])) {
			detectors->table[i] = watched->next;
			watched_free(detectors, watched);
		}
	detectors->incident_number = 0;
	detectors->order.cnt = detectors->order_new.cnt = 0;
}

void
kyi_detectors_table_free(struct kymo_detectors *detectors)
{
	kyi_detectors_forget(detectors);
	free(detectors->table);
	free(detectors->order.at);
	free(detectors->order_new.at);
}
