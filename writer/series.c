/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "writer/birth.h"
#include "writer/lookup.h"
#include "writer/process.h"
#include "writer/series.h"

/* What a program may register before there is a region, whose limits are not
   known then: what is the default. Later the region's own. */
#define WINDOW_BYTES_DEFAULT (64u << 10)
#define SHARED_BYTES_DEFAULT (KYI_SHARED_FIRST + \
	4096u * (uint32_t)sizeof(struct kyi_shared_cell))

enum outcome { FOUND, BAD, LOST, OFF };

struct found {
	enum outcome outcome;
	const struct kyi_family *family;
	const struct kyi_series *series;
};

const struct kyi_family *
kyi_hist_family(uint32_t idx)
{
	const struct kyi_registry *registry = &kyi_registry;
	uint32_t series_idx = registry->hist_series[idx];

	return &registry->families[
	    registry->series[series_idx].rec.family_id - 1].rec;
}

/* ---- making one, under the lock ---------------------------------------- */

/* A cell that no series has; false: there is none left. */
static bool
cell_take(struct kyi_process *process, uint8_t kind, uint32_t *at)
{
	struct kyi_registry *registry = &kyi_registry;
	uint32_t bytes = kyi_cell_bytes(kind), end;
	bool live = process->epoch != 0;

	switch (kyi_cell_of(kind)) {
	case KYI_CELL_IN_WINDOW:
		end = live ? process->region.window_bytes :
		    WINDOW_BYTES_DEFAULT;
		if (registry->window_used + bytes > end)
			return false;
		*at = registry->window_used;
		registry->window_used += bytes;
		return true;
	case KYI_CELL_IN_SHARED:
		end = live ? (uint32_t)(process->region.shared_len -
		    sizeof(struct kyi_block)) : SHARED_BYTES_DEFAULT;
		if (registry->shared_used + bytes > end)
			return false;
		*at = registry->shared_used;
		registry->shared_used += bytes;
		return true;
	case KYI_CELL_IN_HIST:
		if (registry->hist_cnt == KYI_HIST_MAX)
			return false;
		*at = registry->hist_cnt;
		registry->hist_series[*at] = (uint16_t)registry->series_cnt;
		registry->hist_cnt++;
		return true;
	default:
		*at = 0;
		return true;
	}
}

static uint32_t
values_list(struct kyi_registry *registry, const struct kyi_values *values)
{
	uint32_t pos[KYI_LABEL_MAX], i;

	for (i = 0; i < values->cnt; i++) {
		pos[i] = kyi_intern(registry, values->at[i],
		    values->len_bytes[i]);
		if (pos[i] == KYI_POS_FULL)
			return KYI_POS_FULL;
	}
	return kyi_list(registry, pos, values->cnt);
}

/* values NULL: the family's overflow series. The index, or -1. */
static int32_t
series_add(struct kyi_process *process, struct kyi_reg_family *family,
    const struct kyi_values *values)
{
	struct kyi_registry *registry = &kyi_registry;
	uint32_t idx = registry->series_cnt, list = 0;
	struct kyi_reg_series *series = &registry->series[idx];

	if (idx == KYI_SERIES_ALL_MAX)
		return -1;
	memset(series, 0, sizeof(*series));
	if (values != NULL) {
		list = values_list(registry, values);
		series->hash = values->hash;
	}
	if (list == KYI_POS_FULL ||
	    !cell_take(process, family->rec.kind, &series->rec.at))
		return -1;
	series->rec.rec_type = KYI_REC_SERIES;
	series->rec.flags = values == NULL ? KYI_SERIES_OVERFLOW : 0;
	series->rec.id = idx + 1;
	series->rec.family_id = family->rec.id;
	series->rec.label_values_ref = list;
	series->rec.born_ns = kyi_clock_ns(CLOCK_MONOTONIC);
	if (!kyi_registry_add(registry, KYI_REC_SERIES))
		return -1;
	if (values == NULL) {
		registry->overflow_cnt++;
		family->overflow_id = idx + 1;
	} else {
		family->series_cnt++;
		kyi_series_insert(registry, idx);
	}
	return (int32_t)idx;
}

static bool
is_crowded(const struct kyi_registry *registry,
    const struct kyi_reg_family *family)
{
	return family->series_cnt >= family->rec.series_max ||
	    registry->series_cnt - registry->overflow_cnt >= KYI_SERIES_MAX;
}

/* The index of the series for values, or of the one that stands for them. */
static int32_t
series_need(struct kyi_process *process, struct kyi_reg_family *family,
    const struct kyi_values *values)
{
	int32_t idx = kyi_series_find(&kyi_registry, values);

	if (idx >= 0)
		return idx;
	if (!is_crowded(&kyi_registry, family))
		return series_add(process, family, values);
	if (family->label_cnt == 0)
		return -1;
	kyi_count(KYI_ERR_CARDINALITY, 1);
	if (family->overflow_id != 0)
		return (int32_t)family->overflow_id - 1;
	return series_add(process, family, NULL);
}

/* Whether records may go to it: all that it needs is in the region, or there
   is no region and the next one will have it from the start. */
static bool
series_ready(struct kyi_process *process, struct kyi_reg_series *series)
{
	struct kyi_registry *registry = &kyi_registry;

	if (series->ready != 0)
		return true;
	if (process->epoch != 0) {
		kyi_publish(process);
		return series->ready != 0;
	}
	registry->window_given = registry->window_used;
	registry->shared_given = registry->shared_used;
	/* There is no region yet: the first record in it takes the lock. */
	kyi_store_u32_relaxed(&series->ready, 1);
	return true;
}

static void
series_make(struct kyi_reg_family *family, const struct kyi_values *values,
    struct found *found)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kyi_text name = kyi_text_at(registry, family->rec.name_ref);
	struct kyi_guard guard;
	bool crowded;
	int32_t idx;

	found->outcome = LOST;
	if (!kyi_enter(&guard)) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	idx = series_need(guard.process, family, values);
	if (idx >= 0 && series_ready(guard.process, &registry->series[idx])) {
		found->outcome = FOUND;
		found->series = &registry->series[idx].rec;
		if (found->series->id == family->overflow_id)
			/* pairs(family-full): the overflow series is ready. */
			kyi_store_u32_release(&family->full, 1);
	}
	crowded = family->full != 0;
	kyi_leave(&guard);
	if (found->outcome == LOST) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say_text(KYI_SAY_FULL, name);
	}
	if (crowded)
		kyi_say_text(KYI_SAY_CARDINALITY, name);
}

/* ---- finding one, without it -------------------------------------------- */

/* The family of a handle, if it is of one of the kinds; NULL and why. */
static struct kyi_reg_family *
family_of(struct kymo_family handle, uint64_t kinds, uint32_t value_cnt,
    enum outcome *outcome)
{
	struct kyi_reg_family *family;

	*outcome = BAD;
	if (handle.id_ == KYI_ID_OFF || handle.id_ == KYI_ID_LOST) {
		*outcome = handle.id_ == KYI_ID_OFF ? OFF : LOST;
		return NULL;
	}
	if (handle.id_ == 0 || handle.id_ > KYI_FAMILY_MAX ||
	    kyi_registry.families[handle.id_ - 1].rec.id != handle.id_) {
		kyi_bad(KYI_SAY_FAMILY, NULL);
		return NULL;
	}
	family = &kyi_registry.families[handle.id_ - 1];
	if ((kinds >> family->rec.kind & 1) == 0) {
		kyi_bad_text(KYI_SAY_OTHER_KIND,
		    kyi_text_at(&kyi_registry, family->rec.name_ref));
		return NULL;
	}
	if (family->label_cnt != value_cnt) {
		kyi_bad_text(KYI_SAY_VALUES,
		    kyi_text_at(&kyi_registry, family->rec.name_ref));
		return NULL;
	}
	return family;
}

#define KIND(name) (1ull << KYI_KIND_##name)

static struct found
series_at(struct kymo_family handle, uint64_t kinds, uint32_t value_cnt,
    const char *const *texts)
{
	struct found found = { BAD, NULL, NULL };
	struct kyi_reg_family *family;
	struct kyi_reg_series *series;
	struct kyi_values values;
	int32_t idx;

	family = family_of(handle, kinds, value_cnt, &found.outcome);
	if (family == NULL)
		return found;
	found.family = &family->rec;
	kyi_values_take(&values, &kyi_registry, handle.id_, value_cnt, texts);
	if (values.cut)
		kyi_bad_text(KYI_SAY_LONG,
		    kyi_text_at(&kyi_registry, family->rec.name_ref));
	idx = kyi_series_find(&kyi_registry, &values);
	if (idx < 0 && family->label_cnt > 0) {
		/* pairs(family-full), finder: no need to ask again */
		if (kyi_load_u32_acquire(&family->full) != 0) {
			kyi_count(KYI_ERR_CARDINALITY, 1);
			idx = (int32_t)family->overflow_id - 1;
		}
	}
	if (idx >= 0) {
		series = &kyi_registry.series[idx];
		/* pairs(series-ready), finder: records may go there */
		if (kyi_load_u32_acquire(&series->ready) != 0) {
			found.outcome = FOUND;
			found.series = &series->rec;
			return found;
		}
	}
	series_make(family, &values, &found);
	return found;
}

/* Rows that a child has from its parent are not its own: they may be of a
   series that the parent made while it forked. */
void
kymo_at_keep_(uint64_t *row, struct kymo_family family, uint32_t value_cnt,
    const char *const *texts, const void *handle, size_t handle_bytes)
{
	uint64_t epoch = kymo_tls_->epoch, was = kyi_load_u64_relaxed(row);
	uint64_t word = 0;
	struct kyi_values values;
	int32_t idx;
	uint32_t i;

	memcpy(&word, handle, handle_bytes);
	if (epoch == 0 || was >> 32 == epoch >> 32 || word == 0)
		return;
	/* Not one that stands for others, nor a sink. */
	kyi_values_take(&values, &kyi_registry, family.id_, value_cnt, texts);
	idx = kyi_series_find(&kyi_registry, &values);
	if (idx < 0 || kyi_registry.series[idx].ready == 0)
		return;
	if (!kyi_cas_u64_relaxed(row, &was, epoch | UINT32_MAX))
		return;
	kyi_store_u64_relaxed(&row[1], word);
	for (i = 0; i < value_cnt; i++)
		kyi_store_u64_relaxed(&row[2 + i], (uintptr_t)texts[i]);
	/* pairs(at-row): who finds it finds handle and values. */
	kyi_store_u64_release(row, epoch | family.id_);
}

/* ---- handles ------------------------------------------------------------- */

static uint32_t
cell_off(const struct found *found)
{
	switch (found->outcome) {
	case FOUND: return found->series->at;
	case LOST: return KYI_CELL_LOST;
	case OFF: return KYI_CELL_OFF;
	default: return KYI_CELL_UNSET;
	}
}

/* Sinks of shared cells are the same three, a cache line each. */
static uint32_t
shared_off(const struct found *found)
{
	return found->outcome == FOUND ? found->series->at :
	    cell_off(found) / 8 * (uint32_t)sizeof(struct kyi_shared_cell);
}

#define AT(kind)                                                              \
	struct kymo_##kind                                                    \
	kymo_##kind##_at(struct kymo_family family, uint32_t value_cnt,       \
	    const char *const *values)
#define SIMPLE_AT(kind, KIND_NAME, off)                                       \
	AT(kind)                                                              \
	{                                                                     \
		struct found found = series_at(family, KIND(KIND_NAME),       \
		    value_cnt, values);                                       \
		struct kymo_##kind handle = { off(&found) };                  \
		return handle;                                                \
	}
#define PEAK_AT(kind, KIND_NAME)                                              \
	AT(kind)                                                              \
	{                                                                     \
		struct found found = series_at(family, KIND(KIND_NAME),       \
		    value_cnt, values);                                       \
		struct kymo_##kind handle = { cell_off(&found),               \
		    found.family == NULL ? 1 : found.family->peak_window_s }; \
		return handle;                                                \
	}

SIMPLE_AT(counter, COUNTER, cell_off)
SIMPLE_AT(updown, UPDOWN, cell_off)
SIMPLE_AT(float_counter, FLOAT_COUNTER, cell_off)
SIMPLE_AT(gauge, GAUGE, shared_off)
SIMPLE_AT(float_gauge, FLOAT_GAUGE, shared_off)
SIMPLE_AT(text, TEXT, shared_off)
SIMPLE_AT(health, HEALTH, shared_off)
PEAK_AT(max, MAX)
PEAK_AT(min, MIN)

static struct kymo_histogram
hist_handle(const struct found *found)
{
	struct kymo_histogram handle = { 0, 0 };
	uint32_t idx;

	switch (found->outcome) {
	case FOUND:
		idx = found->series->at;
		handle.sample_n_ = found->family->sample_n;
		break;
	case LOST:
		idx = KYI_HIST_LOST;
		handle.sample_n_ = 1;
		break;
	case OFF:
		idx = KYI_HIST_OFF;
		break;
	default:
		idx = KYI_HIST_UNSET;
		break;
	}
	handle.at_ = idx * (uint32_t)sizeof(struct kymo_hist_);
	return handle;
}

AT(histogram)
{
	struct found found = series_at(family, KIND(HISTOGRAM) | KIND(SUMMARY),
	    value_cnt, values);

	return hist_handle(&found);
}

AT(timer)
{
	struct kymo_timer handle;
	struct found found = series_at(family, KIND(HISTOGRAM) | KIND(SUMMARY),
	    value_cnt, values);

	if (found.family != NULL && found.family->exponent != -9) {
		kyi_bad_text(KYI_SAY_OTHER_KIND,
		    kyi_text_at(&kyi_registry, found.family->name_ref));
		found.outcome = BAD;
	}
	handle.h_ = hist_handle(&found);
	return handle;
}

AT(state_set)
{
	struct found found = series_at(family, KIND(STATE_SET), value_cnt,
	    values);
	struct kymo_state_set handle = { shared_off(&found), KYI_STATE_MAX };

	if (found.outcome == BAD)
		handle.cnt_ = 0;
	else if (found.family != NULL)
		handle.cnt_ = kyi_registry.families[family.id_ - 1].state_cnt;
	return handle;
}

void
kymo_info_at(struct kymo_family family, uint32_t value_cnt,
    const char *const *values)
{
	series_at(family, KIND(INFO), value_cnt, values);
}
