/* SPDX-License-Identifier: MIT */
/* A scan's families and series as samples. Series come in the same order from
   scan to scan, so each is looked for where it was last time; one lookup finds
   all samples of a histogram. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/private.h"
#include "reader/history/scan_family.h"
#include "reader/history/scan_hist.h"

/* A series of a family, and the samples it gives. */
struct entity {
	struct entity *next;
	uint64_t hash;
	uint32_t label_cnt, slot_cnt;
	struct kymo_label *labels;
	bool given_up; /* this scan */
	struct kyi_series *series[];
};

struct family {
	struct kyi_scan_family is;
	struct entity **order, **order_now;
	uint32_t order_cnt, order_now_cnt, order_room;
	struct entity **table;
	uint32_t table_room, entity_cnt;
};

struct kyi_scan_rows {
	struct family **families;
	uint32_t family_cnt, family_room;
	struct kyi_scan_native native;
	double value[KYI_SLOTS_MAX];
	bool present[KYI_SLOTS_MAX];
};

struct kyi_scan_rows *
kyi_scan_rows_new(void)
{
	return calloc(1, sizeof(struct kyi_scan_rows));
}

static void
family_free(struct family *family)
{
	for (uint32_t i = 0; i < family->table_room; i++)
		while (family->table[i] != NULL) {
			struct entity *next = family->table[i]->next;

			free(family->table[i]->labels);
			free(family->table[i]);
			family->table[i] = next;
		}
	free(family->table);
	free(family->order);
	free(family->order_now);
	kyi_scan_family_free(&family->is);
	free(family);
}

void
kyi_scan_rows_delete(struct kyi_scan_rows *rows)
{
	if (rows == NULL)
		return;
	for (uint32_t i = 0; i < rows->family_cnt; i++)
		family_free(rows->families[i]);
	free(rows->families);
	free(rows->native.room);
	free(rows);
}

/* ---- families --------------------------------------------------------------------- */

/* Moves the one that is looked for to place i: a scan has them by name, too. */
static struct family *
family_of(struct kyi_scan_rows *rows, uint32_t i,
    const struct kymo_family_scan *scan)
{
	struct family *family = NULL;
	uint32_t k = i;

	while (k < rows->family_cnt &&
	    !kyi_scan_family_same(&rows->families[k]->is, scan))
		k++;
	if (k == rows->family_cnt) {
		if (rows->family_cnt == rows->family_room) {
			uint32_t room = rows->family_room * 2 + 64;
			void *more = realloc(rows->families,
			    room * sizeof(void *));

			if (more == NULL)
				return NULL;
			rows->families = more;
			rows->family_room = room;
		}
		family = calloc(1, sizeof *family);
		if (family == NULL ||
		    kyi_scan_family_init(&family->is, scan) != 0) {
			free(family);
			return NULL;
		}
		rows->families[rows->family_cnt++] = family;
	}
	family = rows->families[k];
	memmove(rows->families + i + 1, rows->families + i,
	    (k - i) * sizeof(void *));
	rows->families[i] = family;
	return family;
}

/* ---- entities --------------------------------------------------------------------- */

static bool
entity_is(const struct entity *entity, const struct kymo_label *labels,
    uint32_t cnt)
{
	if (entity->label_cnt != cnt)
		return false;
	/* From the end: what tells series of a family apart comes last. */
	for (uint32_t i = cnt; i-- > 0;)
		if (strcmp(entity->labels[i].value, labels[i].value) != 0 ||
		    strcmp(entity->labels[i].key, labels[i].key) != 0)
			return false;
	return true;
}

static struct kymo_label *
labels_copy(const struct kymo_label *labels, uint32_t cnt)
{
	size_t bytes = cnt * sizeof *labels + 1;
	struct kymo_label *copy;
	char *at;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	copy = malloc(bytes);
	if (copy == NULL)
		return NULL;
	at = (char *)(copy + cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		copy[i].key = at;
		at = stpcpy(at, labels[i].key) + 1;
		copy[i].value = at;
		at = stpcpy(at, labels[i].value) + 1;
	}
	return copy;
}

static void
table_grow(struct family *family)
{
	uint32_t room = family->table_room == 0 ? 16 : family->table_room * 4;
	struct entity **more;

	if (family->entity_cnt < family->table_room)
		return;
	more = calloc(room, sizeof *more);
	if (more == NULL)
		return;
	for (uint32_t i = 0; i < family->table_room; i++)
		while (family->table[i] != NULL) {
			struct entity *one = family->table[i];

			family->table[i] = one->next;
			one->next = more[one->hash & (room - 1)];
			more[one->hash & (room - 1)] = one;
		}
	free(family->table);
	family->table = more;
	family->table_room = room;
}

static struct entity *
entity_find(struct family *family, const struct kymo_label *labels,
    uint32_t cnt)
{
	uint64_t hash = kymo_labels_hash(labels, cnt);
	struct entity *entity;

	table_grow(family);
	if (family->table_room == 0)
		return NULL;
	entity = family->table[hash & (family->table_room - 1)];
	while (entity != NULL && (entity->hash != hash ||
	    !entity_is(entity, labels, cnt)))
		entity = entity->next;
	if (entity != NULL)
		return entity;
	entity = calloc(1, sizeof *entity +
	    family->is.slot_cnt * sizeof entity->series[0]);
	if (entity == NULL)
		return NULL;
	entity->labels = labels_copy(labels, cnt);
	if (entity->labels == NULL) {
		free(entity);
		return NULL;
	}
	entity->label_cnt = cnt;
	entity->slot_cnt = family->is.slot_cnt;
	entity->hash = hash;
	entity->next = family->table[hash & (family->table_room - 1)];
	family->table[hash & (family->table_room - 1)] = entity;
	family->entity_cnt++;
	return entity;
}

/* *at: where it was expected, moved behind where it is. */
static struct entity *
entity_of(struct family *family, uint32_t *at, const struct kymo_label *labels,
    uint32_t cnt)
{
	for (uint32_t k = *at; k < family->order_cnt && k < *at + 3; k++)
		if (family->order[k] != NULL &&
		    entity_is(family->order[k], labels, cnt)) {
			*at = k + 1;
			return family->order[k];
		}
	return entity_find(family, labels, cnt);
}

static int
order_room(struct family *family, uint32_t cnt)
{
	struct entity **a, **b;

	if (cnt <= family->order_room)
		return 0;
	cnt += cnt / 2;
	a = realloc(family->order, cnt * sizeof *a);
	if (a != NULL)
		family->order = a;
	b = realloc(family->order_now, cnt * sizeof *b);
	if (b != NULL)
		family->order_now = b;
	if (a == NULL || b == NULL)
		return -1;
	family->order_room = cnt;
	return 0;
}

/* ---- putting ---------------------------------------------------------------------- */

static struct kyi_series *
slot_series(struct kymo_feed *feed, const struct family *family,
    struct entity *entity, uint32_t slot)
{
	struct kymo_label label[KYI_LABELS_MAX];
	char name[KYI_NAME_BYTES];
	struct kymo_labels *labels;
	uint32_t cnt = kyi_scan_family_labels(&family->is, entity->labels,
	    entity->label_cnt, slot, label, name);

	if (cnt == 0)
		return NULL;
	labels = kymo_labels_make(label, cnt);
	if (labels == NULL) {
		feed->failed = true;
		return NULL;
	}
	entity->series[slot] = kyi_feed_series(feed, labels,
	    slot == family->is.native_slot);
	free(labels);
	return entity->series[slot];
}

static void
entity_put(struct kyi_scan_rows *rows, struct kymo_feed *feed,
    const struct family *family, struct entity *entity,
    const struct kymo_series *series)
{
	const struct kymo_native_hist *native = NULL;

	kyi_scan_family_values(&family->is, series, rows->value,
	    rows->present);
	if (family->is.native_slot != KYI_NO_SLOT) {
		if (feed->history->options.no_native ||
		    kyi_scan_native(&rows->native, &series->value.is.hist,
		    family->is.exponent) != 0)
			rows->present[family->is.native_slot] = false;
		native = &rows->native.hist;
	}
	for (uint32_t i = 0; i < entity->slot_cnt; i++) {
		struct kyi_series *to = entity->series[i];

		if (!rows->present[i] || (feed->history->options.no_classic &&
		    family->is.native_slot != KYI_NO_SLOT &&
		    i != family->is.native_slot))
			continue;
		if (to == NULL)
			to = slot_series(feed, family, entity, i);
		if (to != NULL)
			kyi_feed_put(feed, to, rows->value[i],
			    i == family->is.native_slot ? native : NULL);
	}
}

/* What the page says of a series besides its own labels; a text comes last. */
static uint32_t
labels_more(const struct kymo_series *series, enum kymo_metric_kind kind,
    struct kymo_label labels[KYI_LABELS_MAX])
{
	uint32_t cnt = series->label_cnt;

	if (cnt > 0)
		memcpy(labels, series->labels, cnt * sizeof *labels);
	if (series->overflow)
		labels[cnt++] = (struct kymo_label){ "kymo_overflow", "true" };
	if (kind == KYMO_METRIC_TEXT)
		labels[cnt++] = (struct kymo_label){ "text",
			series->value.is.text };
	return cnt;
}

static void
family_put(struct kyi_scan_rows *rows, struct kymo_feed *feed,
    struct family *family, const struct kymo_family_scan *scan)
{
	struct kymo_label labels[KYI_LABELS_MAX];
	struct entity **order;
	uint32_t at = 0;

	family->order_now_cnt = 0;
	if (order_room(family, scan->series_cnt) != 0) {
		feed->failed = true;
		return;
	}
	for (uint32_t i = 0; i < scan->series_cnt; i++) {
		const struct kymo_series *series = &scan->series[i];
		const struct kymo_label *its = series->labels;
		uint32_t cnt = series->label_cnt;
		struct entity *entity;

		if (!kyi_scan_family_sound(&family->is, series))
			continue;
		if (series->overflow || scan->kind == KYMO_METRIC_TEXT) {
			cnt = labels_more(series, scan->kind, labels);
			its = labels;
		}
		entity = entity_of(family, &at, its, cnt);
		if (entity == NULL) {
			feed->failed = true;
			continue;
		}
		family->order_now[family->order_now_cnt++] = entity;
		entity_put(rows, feed, family, entity, series);
	}
	order = family->order;
	family->order = family->order_now;
	family->order_cnt = family->order_now_cnt;
	family->order_now = order;
}

void
kyi_scan_rows_put(struct kyi_scan_rows *rows, struct kymo_feed *feed,
    const struct kymo_scan *scan)
{
	for (uint32_t i = 0; i < scan->family_cnt; i++) {
		struct family *family = family_of(rows, i, &scan->families[i]);

		if (family == NULL)
			feed->failed = true;
		else
			family_put(rows, feed, family, &scan->families[i]);
	}
	/* What this scan has not is not at its place any more. */
	for (uint32_t i = scan->family_cnt; i < rows->family_cnt; i++)
		rows->families[i]->order_cnt = 0;
}

/* ---- going ------------------------------------------------------------------------ */

static bool
entity_sweep(struct entity *entity)
{
	bool any = false;

	for (uint32_t i = 0; i < entity->slot_cnt; i++) {
		if (entity->series[i] != NULL &&
		    kyi_series_gone(entity->series[i]))
			entity->series[i] = NULL;
		any |= entity->series[i] != NULL;
	}
	return any;
}

static void
family_sweep(struct family *family)
{
	for (uint32_t i = 0; i < family->table_room; i++) {
		struct entity **at = &family->table[i];

		while (*at != NULL) {
			struct entity *entity = *at;

			if (entity_sweep(entity)) {
				at = &entity->next;
				continue;
			}
			for (uint32_t k = 0; k < family->order_cnt; k++)
				if (family->order[k] == entity)
					family->order[k] = NULL;
			*at = entity->next;
			free(entity->labels);
			free(entity);
			family->entity_cnt--;
		}
	}
}

void
kyi_scan_rows_sweep(struct kyi_scan_rows *rows)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rows->family_cnt; i++) {
		struct family *family = rows->families[i];

		family_sweep(family);
		if (family->entity_cnt == 0)
			family_free(family);
		else
			rows->families[kept++] = family;
	}
	rows->family_cnt = kept;
}

struct kymo_history_family *
kyi_scan_rows_families(const struct kyi_scan_rows *rows, uint32_t *cnt)
{
	size_t bytes = 1;
	struct kymo_history_family *families;
	char *at;

	*cnt = rows->family_cnt;
	for (uint32_t i = 0; i < rows->family_cnt; i++)
		bytes += sizeof *families +
		    kyi_scan_family_text_bytes(&rows->families[i]->is);
	families = malloc(bytes);
	if (families == NULL)
		return NULL;
	at = (char *)(families + rows->family_cnt);
	for (uint32_t i = 0; i < rows->family_cnt; i++)
		at = kyi_scan_family_tell(&rows->families[i]->is,
		    &families[i], at);
	return families;
}
