/* SPDX-License-Identifier: MIT */
/* Processes: each of their series finds its entry once; after that a scan is
   additions only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define LABEL_CNT_MAX 32u

static uint32_t
hash_of(const uint8_t id[KYI_INSTANCE_BYTES])
{
	uint32_t hash;

	memcpy(&hash, id, sizeof(hash));
	return hash % KYI_INSTANCE_HASH;
}

static struct kyi_instance *
find(struct kymo_model *model, const struct kyi_source *source,
    struct kymo_error *error)
{
	const uint8_t *id = source->info->instance_id;
	struct kyi_instance **head = &model->instances[hash_of(id)];
	struct kyi_instance *instance;
	int absorbed;

	for (instance = *head; instance != NULL; instance = instance->next)
		if (memcmp(instance->id, id, KYI_INSTANCE_BYTES) == 0)
			return instance;
	absorbed = kyi_retired_has(model->retired, id);
	instance = absorbed < 0 ? NULL : calloc(1, sizeof(*instance));
	if (instance == NULL) {
		kymo_error_set(error, absorbed < 0 ?
		    "the database of the dead cannot be read" :
		    "out of memory");
		return NULL;
	}
	memcpy(instance->id, id, KYI_INSTANCE_BYTES);
	snprintf(instance->service, sizeof(instance->service), "%s",
	    source->info->service);
	snprintf(instance->pid, sizeof(instance->pid), "%u", source->info->pid);
	instance->started_ns = source->info->started_ns;
	instance->absorbed = absorbed > 0;
	instance->next = *head;
	*head = instance;
	return instance;
}

static void
hold(struct kyi_entry **place, struct kyi_entry *entry)
{
	*place = entry;
	if (entry != NULL)
		entry->holder_cnt++;
}

void
kyi_instance_drop(struct kyi_instance *instance)
{
	uint32_t i;

	for (i = 0; i < instance->cnt; i++) {
		if (instance->entries[i] != NULL)
			instance->entries[i]->holder_cnt--;
		free(instance->last[i].hist.buckets);
	}
	for (i = 0; i < kyi_own_cnt; i++) {
		if (instance->own[i] != NULL)
			instance->own[i]->holder_cnt--;
		instance->own[i] = NULL;
	}
	free(instance->entries);
	free(instance->last);
	instance->entries = NULL;
	instance->last = NULL;
	instance->cnt = instance->room = 0;
}

/* ---- where a series is summed ------------------------------------------------ */

static struct kyi_entry *
series_entry(struct kymo_model *model, const struct kyi_instance *instance,
    const struct kymo_region_family *from,
    const struct kymo_region_series *series)
{
	struct kyi_family_wish wish = {
		.name = from->name, .help = from->help, .unit = from->unit,
		.component = from->component, .kind = from->kind,
		.agg = from->agg, .exponent = from->exponent,
		.sample_n = from->sample_n, .label_keys = from->label_keys,
		.label_cnt = from->label_cnt, .states = from->states,
		.state_cnt = from->state_cnt,
	};
	struct kymo_label labels[LABEL_CNT_MAX];
	struct kyi_family_kept *family;
	uint32_t i, cnt = 0;

	if (from->kind == KYMO_METRIC_MAX)
		wish.agg = KYMO_METRIC_MAX_OF;
	if (from->kind == KYMO_METRIC_MIN)
		wish.agg = KYMO_METRIC_MIN_OF;
	if (from->label_cnt > LABEL_CNT_MAX - 2)
		return NULL;
	family = kyi_family_find(&model->store->families, &wish);
	if (family == NULL)
		return NULL;
	labels[cnt++] = (struct kymo_label){"service", instance->service};
	if (series->overflow)
		labels[cnt++] = (struct kymo_label){"kymo_overflow", "true"};
	else
		for (i = 0; i < from->label_cnt; i++)
			labels[cnt++] = (struct kymo_label){
			    kyi_page_key(family, from->label_keys[i]),
			    series->label_values[i]};
	if (from->agg == KYMO_METRIC_EACH)
		labels[cnt++] = (struct kymo_label){"pid", instance->pid};
	return kyi_entry_find(&model->store->entries, family, labels, cnt,
	    series->overflow, series->born_ns);
}

static struct kyi_entry *
own_entry(struct kymo_model *model, const struct kyi_instance *instance,
    const struct kyi_own *own)
{
	const char *key = own->key;
	struct kyi_family_wish wish = {
		.name = own->name, .help = own->help, .unit = own->unit,
		.component = "", .kind = own->kind, .agg = own->agg,
		.sample_n = 1, .label_keys = &key,
		.label_cnt = key != NULL,
	};
	struct kymo_label labels[2] = {
		{"service", instance->service}, {own->key, own->label},
	};
	struct kyi_family_kept *family =
	    kyi_family_find(&model->store->families, &wish);

	return family == NULL ? NULL : kyi_entry_find(&model->store->entries,
	    family, labels, 1 + (key != NULL), false, instance->started_ns);
}

/* New series since the last scan. */
static bool
learn(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source)
{
	uint32_t room = instance->room;
	struct kyi_entry **entries;
	struct kyi_last *last;

	if (source->series_cnt > room) {
		while (room < source->series_cnt)
			room = room == 0 ? 16 : room * 2;
		entries = realloc(instance->entries, room * sizeof(*entries));
		if (entries == NULL)
			return false;
		instance->entries = entries;
		last = realloc(instance->last, room * sizeof(*last));
		if (last == NULL)
			return false;
		instance->last = last;
		instance->room = room;
	}
	for (; instance->cnt < source->series_cnt; instance->cnt++) {
		const struct kymo_region_series *series =
		    &source->series[instance->cnt];

		memset(&instance->last[instance->cnt], 0, sizeof(*last));
		hold(&instance->entries[instance->cnt], series_entry(model,
		    instance, &source->families[series->family_idx], series));
	}
	return true;
}

/* ---- sums ------------------------------------------------------------------------ */

static void
keep_last(struct kyi_last *last, enum kymo_metric_kind kind,
    const struct kymo_metric_value *value)
{
	if (!kyi_kind_is_hist(kind))
		last->sum = kind == KYMO_METRIC_COUNTER ? value->is.u :
		    kyi_bits_of(value->is.f);
	else if (kyi_hist_copy(&last->hist, &value->is.hist) != 0)
		return; /* no memory: the value before stands */
}

static void
add_last(struct kymo_model *model, struct kyi_entry *entry,
    const struct kyi_last *last)
{
	struct kymo_metric_value value = {.present = true};

	if (kyi_kind_is_hist(entry->family->kind))
		value.is.hist = last->hist;
	else
		value.is.u = last->sum;
	if (!kyi_kind_is_hist(entry->family->kind) ||
	    last->hist.buckets != NULL)
		kyi_entry_add(entry, model->number, &value, 0);
}

static void
add_series(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source)
{
	bool alive = source->info->liveness == KYMO_ALIVE ||
	    model->options.with_dead_gauges;
	uint32_t i;

	for (i = 0; i < instance->cnt; i++) {
		struct kyi_entry *entry = instance->entries[i];
		const struct kymo_metric_value *value = &source->series[i].value;

		if (entry == NULL)
			continue;
		if (kyi_kind_is_total(entry->family->kind)) {
			if (value->present)
				keep_last(&instance->last[i],
				    entry->family->kind, value);
			add_last(model, entry, &instance->last[i]);
		} else if (alive && value->present) {
			kyi_entry_add(entry, model->number, value,
			    instance->started_ns);
		}
	}
}

static void
add_own(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source)
{
	bool alive = source->info->liveness == KYMO_ALIVE;
	struct kymo_metric_value value;
	uint32_t i;

	for (i = model->options.with_own ? 0 : KYI_OWN_PROCESS; i < kyi_own_cnt;
	    i++) {
		bool total = kyi_kind_is_total(kyi_own[i].kind);
		bool has = kyi_own_value(i, source, model->now_ns, &value);

		if (has && instance->own[i] == NULL)
			hold(&instance->own[i],
			    own_entry(model, instance, &kyi_own[i]));
		if (instance->own[i] == NULL)
			continue;
		if (total && has)
			keep_last(&instance->own_last[i], kyi_own[i].kind, &value);
		if (total)
			add_last(model, instance->own[i], &instance->own_last[i]);
		else if (has && (alive || kyi_own[i].of_dead))
			kyi_entry_add(instance->own[i], model->number, &value,
			    instance->started_ns);
	}
}

static void
add_exemplars(struct kyi_instance *instance, const struct kyi_source *source)
{
	uint32_t i;

	for (i = 0; i < source->exemplar_cnt; i++) {
		const struct kymo_exemplar_info *exemplar =
		    &source->exemplars[i];
		struct kyi_entry *entry = exemplar->series_idx < instance->cnt ?
		    instance->entries[exemplar->series_idx] : NULL;

		if (entry != NULL && exemplar->at_ns > entry->exemplar.at_ns)
			entry->exemplar = *exemplar;
	}
}

int
kyi_model_take(struct kymo_model *model, const struct kyi_source *source,
    bool absorb, bool *absorbed, struct kymo_error *error)
{
	struct kyi_instance *instance = find(model, source, error);
	int status = 0;

	*absorbed = false;
	if (instance == NULL)
		return -1;
	instance->scan = model->number;
	instance->seen_mono_ns = model->now_mono_ns;
	if (instance->absorbed) {
		*absorbed = true;
		return 0;
	}
	if (!learn(model, instance, source))
		return kymo_error_set(error, "out of memory");
	add_series(model, instance, source);
	add_own(model, instance, source);
	add_exemplars(instance, source);
	if (absorb && source->info->liveness != KYMO_ALIVE) {
		status = kyi_absorb(model, instance, error);
		*absorbed = status == 0;
	}
	return status;
}

/* ---- those that are not there any more ------------------------------------------------ */

static void
add_missing(struct kymo_model *model, struct kyi_instance *instance)
{
	uint32_t i;

	for (i = 0; i < instance->cnt; i++)
		if (instance->entries[i] != NULL &&
		    kyi_kind_is_total(instance->entries[i]->family->kind))
			add_last(model, instance->entries[i], &instance->last[i]);
	for (i = 0; i < kyi_own_cnt; i++)
		if (instance->own[i] != NULL &&
		    kyi_kind_is_total(kyi_own[i].kind))
			add_last(model, instance->own[i], &instance->own_last[i]);
}

void
kyi_model_missing(struct kymo_model *model)
{
	uint32_t hash;

	for (hash = 0; hash < KYI_INSTANCE_HASH; hash++) {
		struct kyi_instance **at = &model->instances[hash], *instance;

		while ((instance = *at) != NULL) {
			if (instance->scan == model->number) {
				at = &instance->next;
				continue;
			}
			if (!instance->absorbed) {
				add_missing(model, instance);
				if (model->now_mono_ns - instance->seen_mono_ns <
				    KYI_MISSING_NS ||
				    kyi_absorb(model, instance, NULL) != 0) {
					at = &instance->next;
					continue;
				}
			}
			*at = instance->next;
			kyi_instance_drop(instance);
			free(instance);
		}
	}
}

void
kyi_instances_free(struct kymo_model *model)
{
	uint32_t hash;

	for (hash = 0; hash < KYI_INSTANCE_HASH; hash++)
		while (model->instances[hash] != NULL) {
			struct kyi_instance *instance = model->instances[hash];

			model->instances[hash] = instance->next;
			kyi_instance_drop(instance);
			free(instance);
		}
}
