/* SPDX-License-Identifier: MIT */
/* Processes: each of their series finds its entry once; after that a scan is
   additions only (sums.c). */
#include <errno.h>
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
make(struct kymo_model *model, const struct kymo_region_info *info)
{
	struct kyi_instance **head = &model->instances[hash_of(info->instance_id)];
	struct kyi_instance *instance = calloc(1, sizeof(*instance));
	uint32_t i;

	if (instance == NULL)
		return NULL;
	memcpy(instance->id, info->instance_id, KYI_INSTANCE_BYTES);
	memcpy(&instance->age.id, info->instance_id, sizeof(instance->age.id));
	snprintf(instance->service, sizeof(instance->service), "%s",
	    info->service);
	instance->pid = info->pid;
	instance->age.started_ns = info->started_ns;
	if (kyi_seen_find(model->seen, instance->id, &instance->seen))
		for (i = 0; i < KYI_SEEN_CNT; i++)
			instance->own_last[kyi_own_seen[i]].sum =
			    instance->seen.values[i];
	instance->next = *head;
	*head = instance;
	return instance;
}

/* Was it absorbed before this reader began? What is dead waits for the answer;
   what lives is shown without it. */
static int
know(struct kymo_model *model, struct kyi_instance *instance, bool alive,
    struct kymo_error *error)
{
	int has;

	if (instance->known != KYI_NOT_SURE)
		return 0;
	has = kyi_retired_has(model->retired, instance->id);
	if (has >= 0)
		instance->known = has > 0 ? KYI_ABSORBED : KYI_COUNTED;
	if (has > 0)
		kyi_seen_free(model->seen, &instance->seen);
	if (has < 0 && !alive)
		return kymo_error_set(error,
		    "the database of the dead cannot be read");
	return 0;
}

/* The instance of a region, which may be forged: another one may name the same
   id, or what was taken from it before may not be there any more. */
static struct kyi_instance *
find(struct kymo_model *model, const struct kyi_source *source,
    struct kymo_error *error)
{
	const struct kymo_region_info *info = source->info;
	struct kyi_instance *instance = model->instances[hash_of(
	    info->instance_id)];

	while (instance != NULL &&
	    memcmp(instance->id, info->instance_id, KYI_INSTANCE_BYTES) != 0)
		instance = instance->next;
	if (instance == NULL) {
		instance = make(model, info);
		if (instance == NULL)
			kymo_error_set(error, "out of memory");
	} else if (instance->scan == model->number ||
	    instance->pid != info->pid ||
	    strcmp(instance->service, info->service) != 0) {
		kymo_error_set(error, "its instance id is that of another"
		    " region, of %s %u; this one is not counted",
		    instance->service, instance->pid);
		return NULL;
	} else if (source->series_cnt < instance->cnt) {
		kymo_error_set(error, "series of it are gone; it is not the"
		    " region that it was");
		return NULL;
	}
	return instance;
}

static void
hold(struct kyi_entry **place, struct kyi_entry *entry)
{
	*place = entry;
	if (entry != NULL)
		entry->holder_cnt++;
}

static void
let_go(struct kyi_entry **place, struct kyi_last *last)
{
	if (*place != NULL)
		(*place)->holder_cnt--;
	*place = NULL;
	if (last->hist != NULL)
		free(last->hist->buckets);
	free(last->hist);
	memset(last, 0, sizeof(*last));
}

void
kyi_instance_drop(struct kyi_instance *instance)
{
	uint32_t i;

	for (i = 0; i < instance->cnt; i++)
		let_go(&instance->entries[i], &instance->last[i]);
	for (i = 0; i < kyi_own_cnt; i++)
		let_go(&instance->own[i], &instance->own_last[i]);
	free(instance->entries);
	free(instance->last);
	instance->entries = NULL;
	instance->last = NULL;
	instance->cnt = instance->room = 0;
}

/* ---- where a series is summed ------------------------------------------------ */

static struct kyi_family_kept *
family_of(struct kymo_model *model, const struct kyi_instance *instance,
    const struct kymo_region_family *from,
    const struct kymo_region_series *series)
{
	struct kyi_family_wish wish = {
		.name = from->name, .help = from->help, .unit = from->unit,
		.component = from->component, .kind = from->kind,
		.agg = from->agg, .exponent = from->exponent,
		.sample_n = from->sample_n, .label_keys = from->label_keys,
		.label_cnt = from->label_cnt, .states = from->states,
		.state_cnt = from->state_cnt, .service = instance->service,
		.born_ns = series->born_ns,
	};

	if (from->kind == KYMO_METRIC_MAX)
		wish.agg = KYMO_METRIC_MAX_OF;
	if (from->kind == KYMO_METRIC_MIN)
		wish.agg = KYMO_METRIC_MIN_OF;
	return kyi_family_find(&model->store->families, &wish);
}

static struct kyi_entry *
series_entry(struct kymo_model *model, const struct kyi_instance *instance,
    const struct kymo_region_family *from,
    const struct kymo_region_series *series)
{
	struct kymo_label labels[LABEL_CNT_MAX];
	struct kyi_family_kept *family = NULL;
	uint32_t i, cnt = 0;
	char pid[12];

	if (from->label_cnt <= LABEL_CNT_MAX - 2)
		family = family_of(model, instance, from, series);
	if (family == NULL) {
		model->store->entries.refused_cnt++;
		return NULL;
	}
	labels[cnt++] = (struct kymo_label){"service", instance->service};
	if (series->overflow)
		labels[cnt++] = (struct kymo_label){"kymo_overflow", "true"};
	else
		for (i = 0; i < from->label_cnt; i++)
			labels[cnt++] = (struct kymo_label){
			    family->page_keys[i], series->label_values[i]};
	if (from->agg == KYMO_METRIC_EACH && (from->kind == KYMO_METRIC_GAUGE ||
	    from->kind == KYMO_METRIC_FLOAT_GAUGE)) {
		snprintf(pid, sizeof(pid), "%u", instance->pid);
		labels[cnt++] = (struct kymo_label){"pid", pid};
	}
	return kyi_entry_find(&model->store->entries, family, labels, cnt,
	    series->overflow, series->born_ns);
}

static struct kyi_entry *
own_entry(struct kymo_model *model, const struct kyi_instance *instance,
    uint32_t own_idx)
{
	struct kymo_label labels[2] = {
		{"service", instance->service},
		{kyi_own[own_idx].key, kyi_own[own_idx].label},
	};
	struct kyi_family_kept *family = kyi_own_family(model, own_idx);

	return family == NULL ? NULL : kyi_entry_find(&model->store->entries,
	    family, labels, 1 + (kyi_own[own_idx].key != NULL), false,
	    instance->age.started_ns);
}

static bool
make_room(struct kyi_instance *instance, uint32_t cnt)
{
	uint32_t room = instance->room;
	struct kyi_entry **entries;
	struct kyi_last *last;

	if (cnt <= room)
		return true;
	while (room < cnt)
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
	return true;
}

/* The reader before was told this when the process was alive. */
static bool
was_seen(const struct kyi_instance *instance, uint32_t own_idx)
{
	return instance->seen.idx1 != 0 && own_idx >= KYI_OWN_PROCESS &&
	    kyi_kind_is_total(kyi_own[own_idx].kind);
}

/* One that found no room stays without; where there was no memory, the next scan
   has it. */
static bool
no_memory(struct kymo_model *model, const struct kyi_entry *entry)
{
	if (entry != NULL || errno != ENOMEM)
		return false;
	model->store->entries.refused_cnt--;
	return true;
}

static bool
learn_own(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source)
{
	struct kymo_metric_value unused;
	struct kyi_entry *entry;
	uint32_t i;

	for (i = model->options.with_own ? 0 : KYI_OWN_PROCESS; i < kyi_own_cnt;
	    i++) {
		if (instance->own[i] != NULL || (!was_seen(instance, i) &&
		    !kyi_own_value(i, source, model->now_ns, &unused)))
			continue;
		errno = 0;
		entry = own_entry(model, instance, i);
		if (entry == NULL && errno == ENOMEM)
			return false;
		hold(&instance->own[i], entry);
	}
	return true;
}

/* New series since the last scan. */
static bool
learn(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source)
{
	if (!make_room(instance, source->series_cnt))
		return false;
	for (; instance->cnt < source->series_cnt; instance->cnt++) {
		const struct kymo_region_series *series =
		    &source->series[instance->cnt];
		struct kyi_entry *entry;

		memset(&instance->last[instance->cnt], 0,
		    sizeof(*instance->last));
		errno = 0;
		entry = series_entry(model, instance,
		    &source->families[series->family_idx], series);
		if (no_memory(model, entry))
			return false;
		hold(&instance->entries[instance->cnt], entry);
	}
	return learn_own(model, instance, source);
}

/* ---- one region --------------------------------------------------------------- */

/* Its region had vanished for so long that its totals were taken over. They
   are there already, so only the rest of what it says is. */
static void
say_came_back(struct kymo_model *model, struct kyi_instance *instance)
{
	char text[300];

	if (instance->came_back_said || model->options.warn == NULL)
		return;
	instance->came_back_said = true;
	snprintf(text, sizeof(text), "%s %u: its region was gone, and its totals"
	    " were taken over as those of a dead process; what it counts from"
	    " then on is not shown until it is restarted",
	    instance->service, instance->pid);
	model->options.warn(model->options.to, text);
}

/* Before the scan is shown. */
static void
keep_seen(struct kymo_model *model, struct kyi_instance *instance)
{
	uint64_t values[KYI_SEEN_CNT];
	uint32_t i;

	for (i = 0; i < KYI_SEEN_CNT; i++)
		values[i] = instance->own_last[kyi_own_seen[i]].sum;
	kyi_seen_put(model->seen, instance->id, &instance->seen, values);
}

int
kyi_model_take(struct kymo_model *model, const struct kyi_source *source,
    bool absorb, bool *absorbed, struct kymo_error *error)
{
	bool alive = source->info->liveness == KYMO_ALIVE;
	struct kyi_instance *instance = find(model, source, error);

	*absorbed = false;
	if (instance == NULL || know(model, instance, alive, error) != 0)
		return -1;
	instance->scan = model->number;
	instance->seen_mono_ns = model->now_mono_ns;
	if (instance->known == KYI_ABSORBED && !alive) {
		*absorbed = true;
		return 0;
	}
	if (!learn(model, instance, source)) {
		/* It counts as one that was not there: as it last was. */
		instance->scan = model->number - 1;
		return kymo_error_set(error, "out of memory");
	}
	if (instance->known == KYI_ABSORBED) {
		say_came_back(model, instance);
		kyi_sums_add(model, instance, source, false);
		return 0;
	}
	kyi_sums_add(model, instance, source, true);
	if (source->process != NULL)
		keep_seen(model, instance);
	if (!absorb || alive)
		return 0;
	if (kyi_absorb(model, instance, error) != 0)
		return -1;
	*absorbed = true;
	return 0;
}

/* ---- those that are not there any more ---------------------------------------- */

/* Whether it is done with. */
static bool
is_missed(struct kymo_model *model, struct kyi_instance *instance)
{
	if (instance->known == KYI_ABSORBED)
		return true;
	kyi_sums_add_last(model, instance);
	return model->now_mono_ns - instance->seen_mono_ns >= KYI_MISSING_NS &&
	    know(model, instance, false, NULL) == 0 &&
	    (instance->known == KYI_ABSORBED ||
	    kyi_absorb(model, instance, NULL) == 0);
}

void
kyi_model_missing(struct kymo_model *model)
{
	uint32_t hash;

	for (hash = 0; hash < KYI_INSTANCE_HASH; hash++) {
		struct kyi_instance **at = &model->instances[hash], *instance;

		while ((instance = *at) != NULL) {
			if (instance->scan == model->number ||
			    !is_missed(model, instance)) {
				at = &instance->next;
				continue;
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
