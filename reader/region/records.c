/* SPDX-License-Identifier: MIT */
/* DIR is append-only: each record is looked at once, taken or refused, and
   never again. */
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"

static bool
string_of(struct kymo_region *region, uint32_t ref, struct kyi_text *text)
{
	return kyi_string_at(kyi_region_bytes(region),
	    kyi_region_strings_off(region), region->strings_end_off, ref,
	    KYI_STRING_BYTES_MAX, text);
}

/* NULL: not sound, or no room. */
const char *
kyi_region_text(struct kymo_region *region, uint32_t ref)
{
	struct kyi_text text;

	if (!string_of(region, ref, &text))
		return NULL;
	return kyi_strings_text(&region->strings, ref, text);
}

static const char *const *
list_of(struct kymo_region *region, uint32_t ref, uint32_t *cnt)
{
	struct kyi_text list;

	*cnt = 0;
	if (!string_of(region, ref, &list) || list.len_bytes % 4 != 0)
		return NULL;
	*cnt = list.len_bytes / 4;
	return kyi_strings_list(&region->strings, kyi_region_bytes(region),
	    kyi_region_strings_off(region), region->strings_end_off, ref, *cnt);
}

/* Refuses a record, for good. */
static void
refuse(struct kymo_region *region, uint64_t off, const char *why)
{
	kyi_complain_at(&region->lasting, off, "%s", why);
}

/* ---- what makes families and series equal ---------------------------- */

static uint64_t
hash_of_family(const struct kymo_region *region, uint32_t idx)
{
	return kyi_hash_text(KYI_HASH_FIRST, region->families[idx].name);
}

static bool
same_family(const struct kymo_region *region, uint32_t a, uint32_t b)
{
	return strcmp(region->families[a].name, region->families[b].name) == 0;
}

static uint64_t
hash_of_series(const struct kymo_region *region, uint32_t idx)
{
	const struct kymo_region_series *series = &region->series[idx];
	uint32_t i, cnt = region->families[series->family_idx].label_cnt;
	uint64_t hash =
	    (KYI_HASH_FIRST ^ series->family_idx) * 0x100000001b3ull;

	for (i = 0; i < cnt && !series->overflow; i++)
		hash = kyi_hash_text(hash, series->label_values[i]);
	return hash;
}

static bool
same_series(const struct kymo_region *region, uint32_t a, uint32_t b)
{
	const struct kymo_region_series *one = &region->series[a];
	const struct kymo_region_series *two = &region->series[b];
	uint32_t i, cnt = region->families[one->family_idx].label_cnt;

	if (one->family_idx != two->family_idx ||
	    one->overflow != two->overflow)
		return false;
	for (i = 0; i < cnt && !one->overflow; i++)
		if (strcmp(one->label_values[i], two->label_values[i]) != 0)
			return false;
	return true;
}

/* ---- families -------------------------------------------------------- */

/* False: no room for its strings. */
static bool
fill_family(struct kymo_region *region, struct kymo_region_family *family,
    const struct kyi_family *record)
{
	memset(family, 0, sizeof(*family));
	family->id = record->id;
	family->kind = (enum kymo_metric_kind)record->kind;
	family->agg = (enum kymo_metric_agg)record->agg;
	family->name = kyi_region_text(region, record->name_ref);
	family->help = kyi_region_text(region, record->help_ref);
	family->unit = kyi_region_text(region, record->unit_ref);
	family->component = kyi_region_text(region, record->component_ref);
	family->label_keys = list_of(region, record->label_keys_ref,
	    &family->label_cnt);
	family->states = list_of(region, record->states_ref,
	    &family->state_cnt);
	family->exponent = record->exponent;
	family->sample_n = record->sample_n == 0 ? 1 : record->sample_n;
	return family->name != NULL && family->help != NULL &&
	    family->unit != NULL && family->component != NULL &&
	    family->label_keys != NULL && family->states != NULL &&
	    family->label_cnt <= KYI_LABEL_MAX;
}

static void
take_family(struct kymo_region *region, const struct kyi_family *record,
    uint32_t id_max, uint64_t off)
{
	uint32_t idx = region->family_cnt;

	if (!kyi_ids_room(&region->family_ids, record->id, id_max)) {
		refuse(region, off, "a family's id is out of order");
		return;
	}
	if (!kyi_check_family(kyi_region_bytes(region),
		kyi_region_strings_off(region), region->strings_end_off, record,
		off, &region->lasting))
		return;
	region->family_table.hash = hash_of_family;
	region->family_table.same = same_family;
	if (idx >= KYI_FAMILY_CNT_MAX ||
	    !kyi_grow(&region->families, &region->family_room, idx,
		sizeof(*region->families)) ||
	    !kyi_grow(&region->family_records, &region->family_records_room,
		idx, sizeof(*region->family_records)) ||
	    !kyi_table_room(region, &region->family_table, idx) ||
	    !fill_family(region, &region->families[idx], record)) {
		refuse(region, off, "no room for this family");
		return;
	}
	if (!kyi_table_enter(region, &region->family_table, idx)) {
		refuse(region, off, "a second family of the same name");
		return;
	}
	region->family_records[idx] = *record;
	region->family_cnt++;
	region->family_ids.idx1[record->id] = region->family_cnt;
}

/* ---- series ---------------------------------------------------------- */

static unsigned
cells_of(enum kymo_metric_kind kind)
{
	switch (kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_UPDOWN:
		return KYI_CELLS_SUM;
	case KYMO_METRIC_FLOAT_COUNTER:
		return KYI_CELLS_FLOAT;
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		return KYI_CELLS_PEAK;
	case KYMO_METRIC_HEALTH:
		return KYI_CELLS_HEALTH;
	default:
		return KYI_CELLS_SHARED;
	}
}

struct kyi_hist_kept *
kyi_region_hist(struct kymo_region *region, uint32_t idx)
{
	if (idx >= region->header.hist_max)
		return NULL;
	while (region->hist_cnt <= idx) {
		if (!kyi_grow(&region->hists, &region->hist_room,
			region->hist_cnt, sizeof(*region->hists)))
			return NULL;
		memset(&region->hists[region->hist_cnt++], 0,
		    sizeof(*region->hists));
	}
	return &region->hists[idx];
}

static bool
place_hist(struct kymo_region *region, uint32_t at, uint32_t idx)
{
	struct kyi_hist_kept *hist = kyi_region_hist(region, at);

	if (hist == NULL || hist->series_idx1 != 0)
		return false;
	hist->series_idx1 = idx + 1;
	return true;
}

/* Enters where the series' value will be found; the last step. */
static bool
place_series(struct kymo_region *region, enum kymo_metric_kind kind,
    uint32_t at, uint32_t idx)
{
	struct kyi_cells *cells;

	if (kind == KYMO_METRIC_INFO)
		return true;
	if (kind == KYMO_METRIC_HISTOGRAM || kind == KYMO_METRIC_SUMMARY)
		return place_hist(region, at, idx);
	cells = &region->cells[cells_of(kind)];
	if (!kyi_grow(&cells->at, &cells->room, cells->cnt,
		sizeof(*cells->at)) ||
	    !kyi_grow(&cells->sums, &cells->sums_room, cells->cnt,
		cells_of(kind) == KYI_CELLS_PEAK ?
		KYI_PEAK_WORDS * sizeof(uint64_t) : sizeof(uint64_t)))
		return false;
	cells->at[cells->cnt].at = at;
	cells->at[cells->cnt].series_idx = idx;
	cells->cnt++;
	return true;
}

static bool
fill_series(struct kymo_region *region, struct kymo_region_series *series,
    const struct kyi_series *record, uint32_t family_idx)
{
	static const char *const empty[KYI_LABEL_MAX] = {
		"", "", "", "", "", "", "", "", "", "", "", "", "", "",
		"", "" };
	uint32_t label_cnt = region->families[family_idx].label_cnt, cnt;

	memset(series, 0, sizeof(*series));
	series->id = record->id;
	series->family_idx = family_idx;
	series->overflow = (record->flags & KYI_SERIES_OVERFLOW) != 0;
	/* Its labels are its value. */
	series->value.present =
	    region->families[family_idx].kind == KYMO_METRIC_INFO;
	series->born_ns = kyi_region_realtime_ns(region, record->born_ns);
	kyi_region_sign(region, record->born_ns);
	if (series->overflow) {
		series->label_values = empty;
		return true;
	}
	series->label_values = list_of(region, record->label_values_ref, &cnt);
	/* What is kept of the family may be older than the bytes of now. */
	return series->label_values != NULL && cnt == label_cnt;
}

static void
take_series(struct kymo_region *region, const struct kyi_series *record,
    uint64_t shared_used_bytes, uint32_t id_max, uint64_t off)
{
	uint32_t idx = region->series_cnt;
	uint32_t family_idx1 = kyi_ids_find(&region->family_ids,
	    record->family_id);

	if (!kyi_ids_room(&region->series_ids, record->id, id_max)) {
		refuse(region, off, "a series' id is out of order");
		return;
	}
	if (!kyi_check_series(kyi_region_bytes(region),
		kyi_region_strings_off(region), region->strings_end_off,
		&region->header, shared_used_bytes, family_idx1 == 0 ? NULL :
		&region->family_records[family_idx1 - 1], record, off,
		&region->lasting) || family_idx1 == 0)
		return;
	region->series_table.hash = hash_of_series;
	region->series_table.same = same_series;
	if (idx >= KYI_SERIES_CNT_MAX ||
	    !kyi_grow(&region->series, &region->series_room, idx,
		sizeof(*region->series)) ||
	    !kyi_grow(&region->series_raw, &region->series_raw_room, idx,
		sizeof(*region->series_raw)) ||
	    !kyi_table_room(region, &region->series_table, idx) ||
	    !fill_series(region, &region->series[idx], record,
		family_idx1 - 1)) {
		refuse(region, off, "no room for this series");
		return;
	}
	if (!kyi_table_enter(region, &region->series_table, idx)) {
		refuse(region, off, "a second series of the same labels");
		return;
	}
	/* Kept even when it gets no place: then it has no value. */
	region->series_raw[idx] = 0;
	region->series_cnt++;
	if (!place_series(region, region->families[family_idx1 - 1].kind,
		record->at, idx))
		refuse(region, off, "this series' place belongs to another");
}

/* ---- span names, log formats ----------------------------------------- */

static void
take_name(struct kymo_region *region, const struct kyi_name *record,
    uint32_t id_max, uint64_t off)
{
	unsigned which = record->rec_type == KYI_REC_LOG_FORMAT;
	uint32_t idx = region->name_cnt[which];
	struct kyi_name_kept *name;

	if (!kyi_ids_room(&region->name_ids[which], record->id, id_max)) {
		refuse(region, off, "a name's id is out of order");
		return;
	}
	if (!kyi_check_name(kyi_region_bytes(region),
		kyi_region_strings_off(region), region->strings_end_off, record,
		off, &region->lasting))
		return;
	if (idx >= KYI_NAME_CNT_MAX ||
	    !kyi_grow(&region->names[which], &region->name_room[which], idx,
		sizeof(*name))) {
		refuse(region, off, "no room for this name");
		return;
	}
	name = &region->names[which][idx];
	name->name = kyi_region_text(region, record->name_ref);
	name->component = kyi_region_text(region, record->component_ref);
	name->types = kyi_region_text(region, record->types_ref);
	name->severity = record->severity;
	if (name->name == NULL || name->component == NULL ||
	    name->types == NULL) {
		refuse(region, off, "no room for this name");
		return;
	}
	region->name_ids[which].idx1[record->id] = ++region->name_cnt[which];
}

const struct kyi_name_kept *
kyi_region_name(const struct kymo_region *region, uint32_t rec_type,
    uint32_t id)
{
	unsigned which = rec_type == KYI_REC_LOG_FORMAT;
	uint32_t idx1 = kyi_ids_find(&region->name_ids[which], id);

	return idx1 == 0 ? NULL : &region->names[which][idx1 - 1];
}

/* ---- all of DIR ------------------------------------------------------ */

static void
take_record(struct kymo_region *region, uint64_t shared_used_bytes,
    uint32_t id_max, uint64_t off)
{
	union {
		uint16_t rec_type;
		struct kyi_family family;
		struct kyi_series series;
		struct kyi_name name;
	} record;
	const void *at = kyi_bytes_at(kyi_region_bytes(region), off,
	    sizeof(record));

	if (at == NULL)
		return;
	memcpy(&record, at, sizeof(record));
	switch (record.rec_type) {
	case KYI_REC_FAMILY:
		take_family(region, &record.family, id_max, off);
		break;
	case KYI_REC_SERIES:
		take_series(region, &record.series, shared_used_bytes, id_max,
		    off);
		break;
	case KYI_REC_SPAN_NAME:
	case KYI_REC_LOG_FORMAT:
		take_name(region, &record.name, id_max, off);
		break;
	default: /* of a later minor version */
		break;
	}
}

int
kyi_records_parse(struct kymo_region *region, struct kymo_error *error)
{
	const struct kyi_block_place *dir, *shared;
	uint64_t off, end_off;

	if (kyi_copy_head(region, KYI_BLK_DIR, &dir, error) != 0)
		return -1;
	if (dir == NULL)
		return 0;
	off = region->dir_parsed_off;
	if (off == 0)
		off = dir->off + sizeof(struct kyi_block);
	end_off = dir->off + dir->used_bytes;
	if (off >= end_off || end_off - off < dir->rec_bytes)
		return 0;
	if (kyi_copy_head(region, KYI_BLK_SHARED, &shared, error) != 0 ||
	    kyi_copy_range(region, off, end_off, error) != 0 ||
	    kyi_copy_strings(region, error) != 0)
		return -1;
	for (; end_off - off >= dir->rec_bytes; off += dir->rec_bytes)
		take_record(region, shared == NULL ? 0 : shared->used_bytes,
		    (uint32_t)(dir->len_bytes / sizeof(struct kyi_family)),
		    off);
	region->dir_parsed_off = off;
	return 0;
}

void
kyi_records_free(struct kymo_region *region)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		free(region->names[i]);
		free(region->name_ids[i].idx1);
	}
	free(region->families);
	free(region->family_records);
	free(region->family_ids.idx1);
	free(region->family_table.idx1);
	free(region->series);
	free(region->series_raw);
	free(region->series_ids.idx1);
	free(region->series_table.idx1);
	kyi_strings_free(&region->strings);
}
