/* SPDX-License-Identifier: MIT */
/* Pure functions: a description is checked before anything is touched. */
#include <string.h>

#include "shm/name.h"
#include "writer/family.h"
#include "writer/registry.h"

#define EXPONENT_MAX 18
#define EXPONENT_NS (-9)
#define SCALE_DEFAULT 4
#define PEAK_WINDOW_S_DEFAULT 30u
#define PEAK_WINDOW_S_MAX 86400u
#define OCTAVE_MAX 63u

/* https://prometheus.io/docs/specs/om/open_metrics_spec/#units-and-base-units */
static const char *const base_units[] = {
	"seconds", "bytes", "celsius", "meters", "volts", "amperes", "joules",
	"grams", "ratio",
};

static bool
is_hist(uint32_t kind)
{
	return kind == KYMO_KIND_HISTOGRAM || kind == KYMO_KIND_SUMMARY;
}

static bool
is_counter(uint32_t kind)
{
	return kind == KYMO_KIND_COUNTER || kind == KYMO_KIND_FLOAT_COUNTER;
}

/* Kinds whose value is no quantity. */
static bool
has_no_unit(uint32_t kind)
{
	return kind == KYMO_KIND_INFO || kind == KYMO_KIND_TEXT ||
	    kind == KYMO_KIND_STATE_SET || kind == KYMO_KIND_HEALTH;
}

/* Whether name ends in the word, after a "_" or as a whole. */
static bool
ends_in(const char *name, size_t name_bytes, const char *word,
    size_t word_bytes)
{
	if (name_bytes < word_bytes ||
	    memcmp(name + name_bytes - word_bytes, word, word_bytes) != 0)
		return false;
	return name_bytes == word_bytes ||
	    name[name_bytes - word_bytes - 1] == '_';
}

/* Takes "_total" or the like off the end, but leaves a name. */
static void
take_suffix(struct kyi_plan *plan, const char *word)
{
	size_t word_bytes = strlen(word);

	if (plan->name_bytes > word_bytes + 1 &&
	    ends_in(plan->name, plan->name_bytes, word, word_bytes))
		plan->name_bytes -= (uint32_t)word_bytes + 1;
}

static bool
unit_plan(struct kyi_plan *plan)
{
	const char *unit = plan->desc.unit;
	size_t i, unit_bytes;

	plan->unit.at = "";
	plan->unit.len_bytes = 0;
	if (unit == NULL && !has_no_unit(plan->desc.kind))
		for (i = 0; i < sizeof(base_units) / sizeof(*base_units); i++)
			if (ends_in(plan->name, plan->name_bytes, base_units[i],
			    strlen(base_units[i])))
				unit = base_units[i];
	if (unit == NULL || *unit == '\0')
		return true;
	unit_bytes = strnlen(unit, KYI_NAME_BYTES_MAX + 1);
	if (has_no_unit(plan->desc.kind) || !kyi_unit_is(unit, unit_bytes))
		return false;
	plan->unit.at = unit;
	plan->unit.len_bytes = (uint32_t)unit_bytes;
	if (ends_in(plan->name, plan->name_bytes, unit, unit_bytes))
		return true;
	if (plan->name_bytes + 1 + unit_bytes > KYI_NAME_BYTES_MAX)
		return false;
	plan->name[plan->name_bytes] = '_';
	memcpy(plan->name + plan->name_bytes + 1, unit, unit_bytes);
	plan->name_bytes += 1 + (uint32_t)unit_bytes;
	return true;
}

static enum kyi_mistake
name_plan(struct kyi_plan *plan)
{
	const char *name = plan->desc.name;
	size_t name_bytes;

	if (name == NULL)
		return KYI_SAY_NAME;
	name_bytes = strnlen(name, KYI_NAME_BYTES_MAX + 1);
	if (!kyi_metric_name_is(name, name_bytes))
		return KYI_SAY_NAME;
	memcpy(plan->name, name, name_bytes);
	plan->name_bytes = (uint32_t)name_bytes;
	if (is_counter(plan->desc.kind))
		take_suffix(plan, "total");
	if (plan->desc.kind == KYMO_KIND_INFO)
		take_suffix(plan, "info");
	return unit_plan(plan) ? KYI_SAY_CNT : KYI_SAY_UNIT;
}

static bool
is_there_before(const char *const *texts, uint32_t idx)
{
	uint32_t i;

	for (i = 0; i < idx; i++)
		if (strcmp(texts[i], texts[idx]) == 0)
			return true;
	return false;
}

/* Keys that an exposition of this kind, or the overflow series, needs. */
static bool
is_taken(const struct kyi_plan *plan, const char *key)
{
	return strcmp(key, "kymo_overflow") == 0 ||
	    (plan->desc.kind == KYMO_KIND_HISTOGRAM &&
	    strcmp(key, "le") == 0) ||
	    (plan->desc.kind == KYMO_KIND_SUMMARY &&
	    strcmp(key, "quantile") == 0) ||
	    (plan->desc.kind == KYMO_KIND_STATE_SET &&
	    strlen(key) == plan->name_bytes &&
	    memcmp(key, plan->name, plan->name_bytes) == 0);
}

static bool
labels_are_good(const struct kyi_plan *plan)
{
	const char *const *keys = plan->desc.label_keys;
	uint32_t i;

	if (plan->desc.label_cnt > KYI_LABEL_MAX ||
	    (plan->desc.label_cnt > 0 && keys == NULL))
		return false;
	for (i = 0; i < plan->desc.label_cnt; i++)
		if (keys[i] == NULL || !kyi_label_name_is(keys[i],
		    strnlen(keys[i], KYI_NAME_BYTES_MAX + 1)) ||
		    is_taken(plan, keys[i]) || is_there_before(keys, i))
			return false;
	return true;
}

static bool
states_are_good(const struct kymo_desc *desc)
{
	uint32_t i;

	if (desc->kind != KYMO_KIND_STATE_SET)
		return desc->state_cnt == 0;
	if (desc->state_cnt == 0 || desc->state_cnt > KYI_STATE_MAX ||
	    desc->states == NULL)
		return false;
	for (i = 0; i < desc->state_cnt; i++)
		if (desc->states[i] == NULL || *desc->states[i] == '\0' ||
		    strnlen(desc->states[i], KYI_NAME_BYTES_MAX + 1) >
		    KYI_NAME_BYTES_MAX || is_there_before(desc->states, i))
			return false;
	return true;
}

static uint32_t
log2_down(uint64_t v)
{
	return 63 - (uint32_t)__builtin_clzll(v);
}

static uint32_t
log2_up(uint64_t v)
{
	return v <= 1 ? 0 : log2_down(v - 1) + 1;
}

bool
kyi_hist_plan(const struct kymo_desc *desc, struct kyi_family *rec)
{
	bool is_time = desc->exponent == EXPONENT_NS;
	uint64_t lo = desc->lo, hi = desc->hi;
	uint32_t first, last, scale;

	if (desc->scale < -1 || desc->scale > (int)KYI_SCALE_MAX)
		return false;
	scale = desc->scale == 0 ? SCALE_DEFAULT :
	    desc->scale < 0 ? 0 : (uint32_t)desc->scale;
	if (lo == 0)
		lo = hi == 0 && is_time ? 1u << 7 : 1;
	if (hi == 0)
		hi = desc->lo == 0 && is_time ? 1ull << 38 :
		    lo >= 1ull << 32 ? 1ull << OCTAVE_MAX : lo << 31;
	first = log2_down(lo);
	last = log2_up(hi);
	if (last > OCTAVE_MAX)
		last = OCTAVE_MAX;
	if (lo > hi || first >= last)
		return false;
	/* 2^first itself is in the bucket that ends there. */
	rec->scale = (uint8_t)scale;
	rec->lo_idx = (int32_t)(first << scale) - 1;
	rec->bucket_cnt = ((last - first) << scale) + 1;
	return true;
}

static bool
numbers_plan(struct kyi_plan *plan)
{
	const struct kymo_desc *desc = &plan->desc;
	struct kyi_family *rec = &plan->rec;
	bool is_peak = desc->kind == KYMO_KIND_MAX ||
	    desc->kind == KYMO_KIND_MIN;

	if (desc->exponent < -EXPONENT_MAX || desc->exponent > EXPONENT_MAX ||
	    (uint32_t)desc->agg > KYI_AGG_EACH ||
	    desc->peak_window_s > PEAK_WINDOW_S_MAX ||
	    desc->sample_n > KYI_SAMPLE_MAX ||
	    (desc->sample_n > 1 && !is_hist(desc->kind)))
		return false;
	rec->kind = (uint8_t)desc->kind;
	rec->agg = (uint8_t)desc->agg;
	rec->exponent = (int8_t)desc->exponent;
	rec->sample_n = desc->sample_n <= 1 ? 1 : desc->sample_n;
	rec->series_max = desc->series_max == 0 ? KYMO_SERIES_MAX_DEFAULT :
	    desc->series_max;
	if (is_peak) {
		rec->agg = desc->kind == KYMO_KIND_MAX ? KYI_AGG_MAX :
		    KYI_AGG_MIN;
		rec->peak_window_s = desc->peak_window_s == 0 ?
		    PEAK_WINDOW_S_DEFAULT : desc->peak_window_s;
	}
	return !is_hist(desc->kind) || kyi_hist_plan(desc, rec);
}

enum kyi_mistake
kyi_plan_make(struct kyi_plan *plan, const struct kymo_desc *desc)
{
	const char *text;
	enum kyi_mistake mistake;
	size_t bytes;

	memset(plan, 0, sizeof(*plan));
	if (desc->size_bytes < offsetof(struct kymo_desc, help))
		return KYI_SAY_SIZE;
	bytes = desc->size_bytes < sizeof(*desc) ? desc->size_bytes :
	    sizeof(*desc);
	memcpy(&plan->desc, desc, bytes);
	if (plan->desc.kind < KYMO_KIND_COUNTER ||
	    plan->desc.kind > (int)KYI_KIND_LAST)
		return KYI_SAY_KIND;
	mistake = name_plan(plan);
	if (mistake != KYI_SAY_CNT)
		return mistake;
	text = plan->desc.component == NULL ? "" : plan->desc.component;
	plan->component.at = text;
	plan->component.len_bytes =
	    (uint32_t)strnlen(text, KYI_NAME_BYTES_MAX + 1);
	if (!kyi_component_is(text, plan->component.len_bytes))
		return KYI_SAY_COMPONENT;
	text = plan->desc.help == NULL ? "" : plan->desc.help;
	plan->help.at = text;
	plan->help.len_bytes =
	    (uint32_t)kyi_cut(text, KYI_HELP_BYTES_MAX, &plan->cut);
	if (!labels_are_good(plan))
		return KYI_SAY_LABEL;
	if (!states_are_good(&plan->desc))
		return KYI_SAY_STATE;
	return numbers_plan(plan) ? KYI_SAY_CNT : KYI_SAY_RANGE;
}
