/* SPDX-License-Identifier: MIT */
/* What a region says, and what is said about it, added to entries. Nothing
   here looks at a string. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

static void
keep_last(struct kyi_last *last, enum kymo_metric_kind kind,
    const struct kymo_metric_value *value)
{
	if (kind == KYMO_METRIC_COUNTER)
		last->sum = value->is.u;
	else if (kind == KYMO_METRIC_FLOAT_COUNTER)
		last->sum = kyi_bits_of(value->is.f);
	else if (last->hist != NULL ||
	    (last->hist = calloc(1, sizeof(*last->hist))) != NULL) {
		/* Without memory the value before stands. */
		int status = kyi_hist_copy(last->hist, &value->is.hist);

		(void)status;
	}
}

static void
add_last(struct kymo_model *model, struct kyi_entry *entry,
    const struct kyi_last *last)
{
	static const struct kyi_age any = {0};
	struct kymo_metric_value value = {.present = true};

	if (entry->hist == NULL)
		value.is.u = last->sum;
	else if (last->hist != NULL && last->hist->buckets != NULL)
		value.is.hist = *last->hist;
	else
		return;
	kyi_entry_add(entry, model->number, &value, &any);
}

static void
add_series(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source, bool totals)
{
	bool alive = source->info->liveness == KYMO_ALIVE ||
	    model->options.with_dead_gauges;
	uint32_t i;

	for (i = 0; i < instance->cnt; i++) {
		const struct kymo_region_series *series = &source->series[i];
		const struct kymo_metric_value *value = &series->value;
		struct kyi_entry *entry = instance->entries[i];
		enum kymo_metric_kind kind;
		bool has;

		if (entry == NULL)
			continue;
		kind = entry->family->kind;
		/* A forged region may have become another. */
		has = value->present &&
		    source->families[series->family_idx].kind == kind;
		if (!kyi_kind_is_total(kind)) {
			if (!alive || !has)
				continue;
			kyi_entry_add(entry, model->number, value,
			    &instance->age);
			if (kind == KYMO_METRIC_HEALTH)
				kyi_said_add(entry, source->info->uid,
				    source->families[
				    series->family_idx].component, value);
		} else if (totals) {
			if (has)
				keep_last(&instance->last[i], kind, value);
			add_last(model, entry, &instance->last[i]);
		}
	}
}

static void
add_own(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source, bool totals)
{
	bool alive = source->info->liveness == KYMO_ALIVE;
	struct kymo_metric_value value;
	uint32_t i;

	for (i = 0; i < kyi_own_cnt; i++) {
		enum kymo_metric_kind kind = kyi_own[i].kind;
		struct kyi_entry *entry = instance->own[i];
		bool has;

		if (entry == NULL)
			continue;
		has = kyi_own_value(i, source, model->now_ns, &value);
		if (!kyi_kind_is_total(kind)) {
			if (!has || !(alive || kyi_own[i].of_dead))
				continue;
			kyi_entry_add(entry, model->number, &value,
			    &instance->age);
			if (kyi_own[i].said && alive)
				kyi_said_add(entry, source->info->uid, "",
				    &value);
		} else if (totals) {
			if (has)
				keep_last(&instance->own_last[i], kind, &value);
			add_last(model, entry, &instance->own_last[i]);
		}
	}
}

static void
add_exemplars(struct kyi_instance *instance, const struct kyi_source *source)
{
	uint32_t i;

	for (i = 0; i < source->exemplar_cnt; i++) {
		const struct kymo_exemplar_info *from = &source->exemplars[i];
		struct kyi_entry *entry = from->series_idx < instance->cnt ?
		    instance->entries[from->series_idx] : NULL;

		if (entry == NULL || entry->hist == NULL ||
		    from->at_ns <= entry->hist->exemplar.at_ns)
			continue;
		entry->hist->exemplar = *from;
		/* The region's index means nothing in a scan. */
		entry->hist->exemplar.series_idx = 0;
	}
}

void
kyi_sums_add(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source, bool totals)
{
	add_series(model, instance, source, totals);
	add_own(model, instance, source, totals);
	add_exemplars(instance, source);
}

void
kyi_sums_add_last(struct kymo_model *model,
    const struct kyi_instance *instance)
{
	uint32_t i;

	for (i = 0; i < instance->cnt; i++)
		if (instance->entries[i] != NULL &&
		    kyi_kind_is_total(instance->entries[i]->family->kind))
			add_last(model, instance->entries[i],
			    &instance->last[i]);
	for (i = 0; i < kyi_own_cnt; i++)
		if (instance->own[i] != NULL &&
		    kyi_kind_is_total(kyi_own[i].kind))
			add_last(model, instance->own[i],
			    &instance->own_last[i]);
}
