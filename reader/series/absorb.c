/* SPDX-License-Identifier: MIT */
/* A dead process' totals become those of the dead: once, keyed by its instance
   id, in one transaction; in memory only after that is on disk. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

struct pending {
	struct kyi_entry *entry;
	uint64_t sum;
	double rest;
	struct kymo_hist hist;
};

struct pendings {
	struct pending *at;
	uint32_t cnt, room, new_cnt; /* of them new among the dead */
};

/* Where a total is kept: its own series, or, if the dead have too many, the
   overflow series of its family. */
static struct kyi_entry *
target_of(struct kymo_model *model, const struct kyi_instance *instance,
    const struct pendings *pendings, struct kyi_entry *entry)
{
	struct kymo_label labels[2] = {
		{"service", instance->service}, {"kymo_overflow", "true"},
	};
	struct kyi_entries *entries = &model->store->entries;
	struct kyi_entry *overflow;

	if (entry->has_retired || entry->pending_idx1 != 0 ||
	    entry->family->own ||
	    entries->retired_cnt + pendings->new_cnt <
	    model->options.retired_max)
		return entry;
	overflow = kyi_entry_find(entries, entry->family, labels, 2, true,
	    entry->created_ns);
	return overflow == NULL ? entry : overflow;
}

static struct pending *
pending_of(struct pendings *pendings, struct kyi_entry *entry)
{
	struct pending *at;
	uint32_t room;

	if (entry->pending_idx1 != 0)
		return &pendings->at[entry->pending_idx1 - 1];
	if (pendings->cnt == pendings->room) {
		room = pendings->room == 0 ? 64 : pendings->room * 2;
		at = realloc(pendings->at, room * sizeof(*at));
		if (at == NULL)
			return NULL;
		pendings->at = at;
		pendings->room = room;
	}
	at = &pendings->at[pendings->cnt];
	memset(at, 0, sizeof(*at));
	at->entry = entry;
	at->sum = entry->retired;
	at->rest = entry->retired_rest;
	if (entry->hist != NULL && entry->hist->retired.buckets != NULL &&
	    kyi_hist_copy(&at->hist, &entry->hist->retired) != 0)
		return NULL;
	pendings->new_cnt += !entry->has_retired;
	entry->pending_idx1 = ++pendings->cnt;
	return at;
}

static int
add(struct kymo_model *model, const struct kyi_instance *instance,
    struct pendings *pendings, struct kyi_entry *entry,
    const struct kyi_last *last)
{
	struct pending *to;

	if (entry == NULL || !kyi_kind_is_total(entry->family->kind))
		return 0;
	to = pending_of(pendings, target_of(model, instance, pendings, entry));
	if (to == NULL)
		return -1;
	if (entry->family->kind == KYMO_METRIC_FLOAT_COUNTER)
		kyi_double_add(&to->sum, &to->rest,
		    kyi_double_of(last->sum));
	else
		to->sum += last->sum;
	return last->hist == NULL || last->hist->buckets == NULL ? 0 :
	    kymo_hist_add(&to->hist, last->hist);
}

static int
add_all(struct kymo_model *model, const struct kyi_instance *instance,
    struct pendings *pendings)
{
	uint32_t i;

	for (i = 0; i < instance->cnt; i++)
		if (add(model, instance, pendings, instance->entries[i],
		    &instance->last[i]) != 0)
			return -1;
	for (i = 0; i < kyi_own_cnt; i++)
		if (add(model, instance, pendings, instance->own[i],
		    &instance->own_last[i]) != 0)
			return -1;
	return 0;
}

static struct kyi_family_wish
wish_of(const struct kyi_family_kept *family)
{
	return (struct kyi_family_wish){
		.name = family->own_name, .help = family->help,
		.unit = family->unit, .component = family->component,
		.kind = family->kind, .agg = family->agg,
		.exponent = family->exponent, .sample_n = family->sample_n,
		.label_keys = (const char *const *)family->label_keys,
		.label_cnt = family->label_cnt, .own = family->own,
	};
}

static int
write_all(struct kymo_model *model, const struct kyi_instance *instance,
    const struct pendings *pendings, struct kymo_error *error)
{
	uint32_t i;

	if (kyi_retired_begin(model->retired, instance->id, model->now_ns,
	    error) != 0)
		return -1;
	for (i = 0; i < pendings->cnt; i++) {
		const struct pending *pending = &pendings->at[i];
		struct kyi_retired_row row = {
			.family = wish_of(pending->entry->family),
			.labels = pending->entry->labels,
			.label_cnt = pending->entry->label_cnt,
			.overflow = pending->entry->overflow,
			.created_ns = pending->entry->created_ns,
			.sum = pending->sum,
			.rest = pending->rest,
			.hist = pending->hist,
		};

		if (kyi_retired_put(model->retired, &row, error) != 0) {
			kyi_retired_rollback(model->retired);
			return -1;
		}
	}
	return kyi_retired_commit(model->retired, error);
}

int
kyi_absorb(struct kymo_model *model, struct kyi_instance *instance,
    struct kymo_error *error)
{
	struct pendings pendings = {0};
	int status = add_all(model, instance, &pendings);
	uint32_t i;

	if (status != 0)
		kymo_error_set(error, "out of memory");
	else
		status = write_all(model, instance, &pendings, error);
	for (i = 0; i < pendings.cnt; i++) {
		struct pending *pending = &pendings.at[i];

		pending->entry->pending_idx1 = 0;
		if (status == 0)
			kyi_entry_set_retired(&model->store->entries,
			    pending->entry, pending->sum, pending->rest,
			    &pending->hist);
		free(pending->hist.buckets);
	}
	free(pendings.at);
	if (status == 0) {
		instance->known = KYI_ABSORBED;
		kyi_seen_free(model->seen, &instance->seen);
		kyi_instance_drop(instance);
	}
	return status;
}

static int
load_row(void *to, const struct kyi_retired_row *row)
{
	struct kymo_model *model = to;
	struct kyi_family_kept *family;
	struct kyi_entry *entry;
	struct kymo_hist hist = {0};

	/* Another version of the reader made it. */
	if (row->family.own && !kyi_own_is(&row->family))
		return 0;
	family = kyi_family_find(&model->store->families, &row->family);
	entry = family == NULL ? NULL : kyi_entry_find(&model->store->entries,
	    family, row->labels, row->label_cnt, row->overflow,
	    row->created_ns);
	if (entry == NULL)
		return -1;
	if (row->hist.buckets != NULL && kyi_hist_copy(&hist, &row->hist) != 0)
		return -1;
	kyi_entry_set_retired(&model->store->entries, entry, row->sum, row->rest,
	    &hist);
	return 0;
}

int
kyi_absorb_load(struct kymo_model *model, struct kymo_error *error)
{
	struct kyi_entries *entries = &model->store->entries;
	uint32_t cnt_max = entries->cnt_max;
	int status;

	/* All of them: what is not known here would be written over. */
	entries->cnt_max = UINT32_MAX;
	status = kyi_retired_load(model->retired, load_row, model, error);
	entries->cnt_max = cnt_max;
	/* They have names before those of any program. */
	kyi_families_name(&model->store->families);
	return status;
}
