/* SPDX-License-Identifier: MIT */
/* Entries: one series of a page, summed over processes and the dead. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define HASH_ROOM_MIN 1024u

static uint64_t
hash_of(const struct kyi_family_kept *family, const struct kymo_label *labels,
    uint32_t label_cnt)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ (uintptr_t)family;
	const char *at;
	uint32_t i;

	for (i = 0; i < label_cnt; i++) {
		for (at = labels[i].key; *at != '\0'; at++)
			hash = (hash ^ (uint8_t)*at) * 0x100000001b3ull;
		hash = (hash ^ 0xff) * 0x100000001b3ull;
		for (at = labels[i].value; *at != '\0'; at++)
			hash = (hash ^ (uint8_t)*at) * 0x100000001b3ull;
		hash = (hash ^ 0xfe) * 0x100000001b3ull;
	}
	return hash ^ hash >> 29;
}

static bool
same_labels(const struct kyi_entry *entry, const struct kymo_label *labels,
    uint32_t label_cnt)
{
	uint32_t i;

	if (entry->label_cnt != label_cnt)
		return false;
	for (i = 0; i < label_cnt; i++)
		if (strcmp(entry->labels[i].key, labels[i].key) != 0 ||
		    strcmp(entry->labels[i].value, labels[i].value) != 0)
			return false;
	return true;
}

static bool
hash_grow(struct kyi_entries *entries)
{
	uint32_t i, room = entries->hash_room == 0 ? HASH_ROOM_MIN :
	    entries->hash_room * 2;
	struct kyi_entry **hashed, *entry, *next;

	if (entries->cnt < entries->hash_room)
		return true;
	hashed = calloc(room, sizeof(*hashed));
	if (hashed == NULL)
		return false;
	for (i = 0; i < entries->hash_room; i++)
		for (entry = entries->hashed[i]; entry != NULL; entry = next) {
			next = entry->chain;
			entry->chain = hashed[entry->hash & (room - 1)];
			hashed[entry->hash & (room - 1)] = entry;
		}
	free(entries->hashed);
	entries->hashed = hashed;
	entries->hash_room = room;
	return true;
}

/* The labels and their strings in one allocation. */
static struct kymo_label *
copy_labels(const struct kymo_label *labels, uint32_t label_cnt)
{
	size_t bytes = label_cnt * sizeof(*labels) + 1;
	struct kymo_label *copy;
	uint32_t i;
	char *to;

	for (i = 0; i < label_cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	copy = malloc(bytes);
	if (copy == NULL)
		return NULL;
	to = (char *)(copy + label_cnt);
	for (i = 0; i < label_cnt; i++) {
		copy[i].key = strcpy(to, labels[i].key);
		to += strlen(to) + 1;
		copy[i].value = strcpy(to, labels[i].value);
		to += strlen(to) + 1;
	}
	return copy;
}

static struct kyi_entry *
make(struct kyi_family_kept *family, const struct kymo_label *labels,
    uint32_t label_cnt)
{
	struct kyi_entry *entry = calloc(1, sizeof(*entry));
	struct kyi_entry **list = family->entries;
	uint32_t room;

	if (entry == NULL)
		return NULL;
	if (family->entry_cnt == family->entry_room) {
		room = family->entry_room == 0 ? 4 : family->entry_room * 2;
		list = realloc(family->entries, room * sizeof(*list));
		if (list != NULL) {
			family->entries = list;
			family->entry_room = room;
		}
	}
	entry->labels = copy_labels(labels, label_cnt);
	if (kyi_kind_is_hist(family->kind))
		entry->hist = calloc(1, sizeof(*entry->hist));
	if (entry->labels == NULL || list == NULL ||
	    (entry->hist == NULL && kyi_kind_is_hist(family->kind))) {
		kyi_entry_free(entry);
		return NULL;
	}
	entry->label_cnt = label_cnt;
	entry->family = family;
	entry->before = entry->rate = NAN;
	family->entries[family->entry_cnt++] = entry;
	family->sorted = family->entry_cnt == 1;
	return entry;
}

struct kyi_entry *
kyi_entry_find(struct kyi_entries *entries, struct kyi_family_kept *family,
    const struct kymo_label *labels, uint32_t label_cnt, bool overflow,
    uint64_t born_ns)
{
	uint64_t hash = hash_of(family, labels, label_cnt);
	struct kyi_entry *entry = NULL;

	if (entries->hash_room > 0)
		for (entry = entries->hashed[hash & (entries->hash_room - 1)];
		    entry != NULL; entry = entry->chain)
			if (entry->hash == hash && entry->family == family &&
			    same_labels(entry, labels, label_cnt))
				break;
	/* What the reader itself has to say finds room. */
	if (entry == NULL && (entries->cnt < entries->cnt_max || family->own) &&
	    hash_grow(entries)) {
		entry = make(family, labels, label_cnt);
		if (entry != NULL) {
			entry->hash = hash;
			entry->id = ++entries->made_cnt;
			entry->overflow = overflow;
			entry->created_ns = born_ns;
			entry->chain =
			    entries->hashed[hash & (entries->hash_room - 1)];
			entries->hashed[hash & (entries->hash_room - 1)] = entry;
			entries->cnt++;
		}
	}
	if (entry == NULL) {
		entries->refused_cnt++;
		return NULL;
	}
	if (born_ns != 0 && born_ns < entry->created_ns)
		entry->created_ns = born_ns;
	return entry;
}

/* ---- the sum of one scan ------------------------------------------------------ */

void
kyi_entry_touch(struct kyi_entry *entry, uint64_t scan)
{
	if (entry->scan == scan)
		return;
	entry->scan = scan;
	entry->said_cnt = 0;
	entry->present = entry->has_retired;
	entry->sum = entry->retired;
	entry->rest = entry->retired_rest;
	if (entry->hist == NULL)
		return;
	if (entry->has_retired) {
		if (kyi_hist_copy(&entry->hist->sum, &entry->hist->retired) != 0)
			entry->present = false;
	} else {
		/* Its range is taken from what comes first. */
		free(entry->hist->sum.buckets);
		memset(&entry->hist->sum, 0, sizeof(entry->hist->sum));
	}
}

/* Bounds of classic buckets: powers of two over the range of the family. */
static void
fix_bounds(struct kyi_family_kept *family, const struct kymo_hist *hist)
{
	int64_t octave = (int64_t)1 << hist->scale;
	int64_t end = (int64_t)hist->lo_idx + hist->bucket_cnt;

	if (family->has_bounds)
		return;
	family->has_bounds = true;
	family->le_first = (int32_t)((hist->lo_idx + octave - 1) >> hist->scale);
	family->le_cnt = (uint32_t)((end >> hist->scale) - family->le_first + 1);
	if (family->le_cnt > 64)
		family->le_cnt = 64;
}

void
kyi_double_add(uint64_t *sum, double *rest, double f)
{
	double a = kyi_double_of(*sum), all = a + f, part = all - a, left, whole;

	/* Knuth's two-sum, then the two made one whole and one rest again. */
	left = (a - (all - part)) + (f - part) + *rest;
	whole = all + left;
	*rest = left - (whole - all);
	if (!isfinite(*rest))
		*rest = 0;
	*sum = kyi_bits_of(isnan(whole) ? all : whole);
}

/* One value of several processes: whose stands? */
static bool
wins(const struct kyi_entry *entry, int order, const struct kyi_age *age)
{
	if (!entry->present)
		return true;
	switch (entry->family->agg) {
	case KYMO_METRIC_MAX_OF:
		return order > 0;
	case KYMO_METRIC_MIN_OF:
		return order < 0;
	default:
		return age->started_ns > entry->best.started_ns ||
		    (age->started_ns == entry->best.started_ns &&
		    age->id > entry->best.id);
	}
}

static void
add_int(struct kyi_entry *entry, int64_t i, const struct kyi_age *age)
{
	int64_t sum = (int64_t)entry->sum;

	if (entry->present && entry->family->agg == KYMO_METRIC_SUM) {
		entry->sum += (uint64_t)i;
	} else if (wins(entry, i > sum ? 1 : i < sum ? -1 : 0, age)) {
		entry->sum = (uint64_t)i;
		entry->best = *age;
	}
	entry->present = true;
}

static void
add_double(struct kyi_entry *entry, double f, const struct kyi_age *age)
{
	double sum = kyi_double_of(entry->sum);

	if (entry->present && entry->family->agg == KYMO_METRIC_SUM) {
		entry->sum = kyi_bits_of(sum + f);
	} else if (wins(entry, f > sum ? 1 : f < sum ? -1 : 0, age)) {
		entry->sum = kyi_bits_of(f);
		entry->best = *age;
	}
	entry->present = true;
}

static void
set_text(struct kyi_entry *entry, const char *text)
{
	if (entry->text != NULL && strcmp(entry->text, text) == 0)
		return;
	free(entry->text);
	entry->text = strdup(text);
}

/* Texts and states: the youngest process'. */
static void
add_newest(struct kyi_entry *entry, const struct kymo_metric_value *value,
    const struct kyi_age *age)
{
	if (!wins(entry, 0, age))
		return;
	entry->present = true;
	entry->best = *age;
	if (entry->family->kind == KYMO_METRIC_TEXT) {
		set_text(entry, value->is.text);
	} else if (entry->family->kind == KYMO_METRIC_HEALTH) {
		set_text(entry, value->is.health.reason);
		entry->condition = value->is.health.state;
		entry->since_ns = value->is.health.since_ns;
	} else {
		entry->sum = value->is.bits;
	}
}

void
kyi_entry_add(struct kyi_entry *entry, uint64_t scan,
    const struct kymo_metric_value *value, const struct kyi_age *age)
{
	kyi_entry_touch(entry, scan);
	switch (entry->family->kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_UPDOWN:
		entry->sum += value->is.u;
		entry->present = true;
		break;
	case KYMO_METRIC_FLOAT_COUNTER:
		kyi_double_add(&entry->sum, &entry->rest, value->is.f);
		entry->present = true;
		break;
	case KYMO_METRIC_GAUGE:
		add_int(entry, value->is.i, age);
		break;
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		add_double(entry, value->is.f, age);
		break;
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		fix_bounds(entry->family, &value->is.hist);
		if (kymo_hist_add(&entry->hist->sum, &value->is.hist) == 0)
			entry->present = true;
		break;
	case KYMO_METRIC_INFO:
		entry->present = true;
		break;
	case KYMO_METRIC_TEXT:
	case KYMO_METRIC_STATE_SET:
	case KYMO_METRIC_HEALTH:
		add_newest(entry, value, age);
		break;
	}
}

void
kyi_entry_set_retired(struct kyi_entries *entries, struct kyi_entry *entry,
    uint64_t sum, double rest, struct kymo_hist *hist)
{
	entry->retired = sum;
	entry->retired_rest = rest;
	if (entry->hist != NULL) {
		fix_bounds(entry->family, hist);
		free(entry->hist->retired.buckets);
		entry->hist->retired = *hist;
		memset(hist, 0, sizeof(*hist));
	}
	if (!entry->has_retired)
		entries->retired_cnt++;
	entry->has_retired = true;
}
