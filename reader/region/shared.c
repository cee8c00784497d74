/* SPDX-License-Identifier: MIT */
/* What the whole process stores to one cell: gauges, texts, states, health;
   and the attributes of the process. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"
#include "shm/copy.h"

/* SHARED's cells, as copied. Offsets count from the first cell. */
struct shared {
	const uint8_t *cells;
	uint64_t off, used_bytes;
};

static const void *
cell_at(const struct shared *shared, uint32_t at)
{
	if (shared->used_bytes < sizeof(struct kyi_shared_cell) ||
	    at > shared->used_bytes - sizeof(struct kyi_shared_cell))
		return NULL;
	return shared->cells + at;
}

static void
complain(struct kymo_region *region, uint64_t off, const char *why)
{
	kyi_complain_at(&region->passing, off, "%s", why);
}

/* Resolves a ref that has changed; NULL: it names no sound string. */
static const char *
text_of(struct kymo_region *region, uint64_t ref, uint64_t off)
{
	const char *text = ref > UINT32_MAX ? NULL :
	    kyi_region_text(region, (uint32_t)ref);

	if (text == NULL || strlen(text) > 3 * KYI_VALUE_BYTES_MAX) {
		complain(region, off, "a text that is no sound string");
		return NULL;
	}
	return text;
}

/* ---- gauges, texts, states ------------------------------------------- */

static void
store_text(struct kymo_region *region, uint32_t idx, uint64_t ref, uint64_t off)
{
	struct kymo_metric_value *value = &region->series[idx].value;
	const char *text;

	if (ref == region->series_raw[idx])
		return;
	if (ref == 0) {
		value->present = false;
	} else {
		text = text_of(region, ref, off);
		if (text == NULL)
			return;
		value->present = true;
		value->is.text = text;
	}
	region->series_raw[idx] = ref;
}

static void
store_shared(struct kymo_region *region, uint32_t idx, uint64_t word,
    uint64_t off)
{
	const struct kymo_region_family *family =
	    &region->families[region->series[idx].family_idx];
	struct kymo_metric_value *value = &region->series[idx].value;

	switch (family->kind) {
	case KYMO_METRIC_GAUGE:
		value->is.i = (int64_t)word;
		value->present = value->is.i != KYI_GAUGE_UNSET;
		break;
	case KYMO_METRIC_FLOAT_GAUGE:
		memcpy(&value->is.f, &word, sizeof(word));
		value->present = !isnan(value->is.f);
		break;
	case KYMO_METRIC_TEXT:
		store_text(region, idx, word, off);
		break;
	case KYMO_METRIC_STATE_SET:
		value->is.bits = family->state_cnt >= 64 ? word :
		    word & ((1ull << family->state_cnt) - 1);
		value->present = true;
		break;
	default:
		break;
	}
}

/* Is there a text that was not seen before? Then STR is needed. */
static bool
has_new_text(const struct kymo_region *region, const struct shared *shared)
{
	const struct kyi_cells *cells = &region->cells[KYI_CELLS_SHARED];
	const struct kyi_shared_cell *cell;
	const struct kyi_health *health;
	uint32_t i, idx;

	for (i = 0; i < cells->cnt; i++) {
		idx = cells->at[i].series_idx;
		cell = cell_at(shared, cells->at[i].at);
		if (cell != NULL && cell->value != region->series_raw[idx] &&
		    region->families[region->series[idx].family_idx].kind ==
		    KYMO_METRIC_TEXT)
			return true;
	}
	cells = &region->cells[KYI_CELLS_HEALTH];
	for (i = 0; i < cells->cnt; i++) {
		health = cell_at(shared, cells->at[i].at);
		if (health != NULL && health->reason_ref !=
		    region->series_raw[cells->at[i].series_idx])
			return true;
	}
	return false;
}

static void
store_cells(struct kymo_region *region, const struct shared *shared)
{
	const struct kyi_cells *cells = &region->cells[KYI_CELLS_SHARED];
	const struct kyi_shared_cell *cell;
	uint32_t i;

	for (i = 0; i < cells->cnt; i++) {
		cell = cell_at(shared, cells->at[i].at);
		if (cell != NULL)
			store_shared(region, cells->at[i].series_idx,
			    cell->value, shared->off + cells->at[i].at);
	}
}

/* ---- health ---------------------------------------------------------- */

/* Reads every health record's seq, before and after the copy: the record is
   whole if it was the same and even at both times and in the copy. */
static int
read_seqs(struct kymo_region *region, const struct shared *shared, bool after,
    struct kymo_error *error)
{
	struct kyi_cells *cells = &region->cells[KYI_CELLS_HEALTH];
	const struct kyi_health *copy;
	uint32_t i, seq;

	for (i = 0; i < cells->cnt; i++) {
		copy = cell_at(shared, cells->at[i].at);
		if (copy == NULL)
			continue;
		if (kyi_copy_to(region, &seq, shared->off + cells->at[i].at,
			sizeof(seq), error) != 0)
			return -1;
		if (!after)
			cells->sums[i] = seq;
		else if (!kyi_health_whole((uint32_t)cells->sums[i], seq) ||
		    seq != copy->seq)
			cells->sums[i] = 1; /* odd: not whole */
	}
	return 0;
}

static void
store_one_health(struct kymo_region *region, uint32_t idx,
    const struct kyi_health *health, uint64_t off)
{
	struct kymo_metric_value *value = &region->series[idx].value;
	const char *reason = value->is.health.reason;

	if (reason == NULL || health->reason_ref != region->series_raw[idx]) {
		reason = text_of(region, health->reason_ref, off);
		if (reason == NULL)
			reason = "";
		region->series_raw[idx] = health->reason_ref;
	}
	value->present = true;
	value->is.health.state = (enum kymo_condition)health->state;
	if (health->state > KYI_HEALTH_FAILING) {
		complain(region, off, "a state of health that is not known");
		value->is.health.state = KYMO_IS_UNKNOWN;
	}
	if (health->expires_ns != 0 &&
	    region->now_mono_ns >= health->expires_ns)
		value->is.health.state = KYMO_IS_UNKNOWN;
	value->is.health.reason = reason;
	value->is.health.since_ns = kyi_region_realtime_ns(region,
	    health->since_ns);
	kyi_region_sign(region, health->since_ns);
}

static void
store_healths(struct kymo_region *region, const struct shared *shared)
{
	const struct kyi_cells *cells = &region->cells[KYI_CELLS_HEALTH];
	const struct kyi_health *health;
	uint32_t i;

	for (i = 0; i < cells->cnt; i++) {
		health = cell_at(shared, cells->at[i].at);
		/* Odd: being stored, what was stands; 0: never was. */
		if (health != NULL && cells->sums[i] != 0 &&
		    cells->sums[i] % 2 == 0)
			store_one_health(region, cells->at[i].series_idx,
			    health, shared->off + cells->at[i].at);
	}
}

int
kyi_shared_scan(struct kymo_region *region, struct kymo_error *error)
{
	const struct kyi_block_place *place;
	struct shared shared;

	if (kyi_copy_head(region, KYI_BLK_SHARED, &place, error) != 0)
		return -1;
	if (place == NULL)
		return 0;
	shared.off = place->off + sizeof(struct kyi_block);
	shared.used_bytes = place->used_bytes - sizeof(struct kyi_block);
	shared.cells = region->image->base + shared.off;
	if (read_seqs(region, &shared, false, error) != 0)
		return -1;
	kyi_copy_fence();
	if (kyi_copy_range(region, shared.off,
		shared.off + shared.used_bytes, error) != 0)
		return -1;
	kyi_copy_fence();
	if (read_seqs(region, &shared, true, error) != 0)
		return -1;
	if (has_new_text(region, &shared) &&
	    kyi_copy_strings(region, error) != 0)
		return -1;
	store_cells(region, &shared);
	store_healths(region, &shared);
	return 0;
}

/* ---- resource attributes --------------------------------------------- */

static void
fill_resource(struct kymo_region *region, uint64_t off)
{
	uint32_t i, k, kept_cnt = 0;

	for (i = 0; i < region->resource_raw_cnt; i++) {
		const char *key = kyi_region_text(region,
		    region->resource_raw[i].key_ref);
		const char *value = kyi_region_text(region,
		    region->resource_raw[i].value_ref);

		if (key == NULL || value == NULL || *key == '\0') {
			complain(region, off + i * sizeof(struct kyi_resource),
			    "an attribute that is no sound string");
			continue;
		}
		/* The last value of a key stands. */
		for (k = 0; k < kept_cnt; k++)
			if (strcmp(region->resource[k][0], key) == 0)
				break;
		region->resource[k][0] = key;
		region->resource[k][1] = value;
		if (k == kept_cnt)
			kept_cnt++;
	}
	region->info.resource = (const char *const (*)[2])region->resource;
	region->info.resource_cnt = kept_cnt;
}

int
kyi_resource_scan(struct kymo_region *region, struct kymo_error *error)
{
	const struct kyi_block_place *place;
	struct kyi_resource now[KYI_RESOURCE_CNT_MAX];
	uint64_t off, cnt;

	if (kyi_copy_head(region, KYI_BLK_RES, &place, error) != 0)
		return -1;
	if (place == NULL)
		return 0;
	off = place->off + sizeof(struct kyi_block);
	cnt = (place->used_bytes - sizeof(struct kyi_block)) / sizeof(*now);
	if (cnt > KYI_RESOURCE_CNT_MAX) {
		complain(region, off, "more attributes than are read");
		cnt = KYI_RESOURCE_CNT_MAX;
	}
	if (kyi_copy_to(region, now, off, cnt * sizeof(*now), error) != 0)
		return -1;
	if (cnt == region->resource_raw_cnt && (cnt == 0 ||
		memcmp(now, region->resource_raw, cnt * sizeof(*now)) == 0))
		return 0;
	if (region->resource == NULL) {
		region->resource_raw = calloc(KYI_RESOURCE_CNT_MAX,
		    sizeof(*now));
		region->resource = calloc(KYI_RESOURCE_CNT_MAX,
		    sizeof(*region->resource));
		if (region->resource_raw == NULL || region->resource == NULL)
			return kymo_error_set(error, "out of memory");
	}
	memcpy(region->resource_raw, now, cnt * sizeof(*now));
	region->resource_raw_cnt = (uint32_t)cnt;
	if (kyi_copy_strings(region, error) != 0)
		return -1;
	fill_resource(region, off);
	return 0;
}
