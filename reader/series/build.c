/* SPDX-License-Identifier: MIT */
/* The immutable scan: names and labels are shared with the entries, which
   outlive it; values are copied. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

static int
by_labels(const void *a, const void *b)
{
	const struct kyi_entry *x = *(struct kyi_entry *const *)a;
	const struct kyi_entry *y = *(struct kyi_entry *const *)b;
	uint32_t i;
	int order;

	for (i = 0; i < x->label_cnt && i < y->label_cnt; i++) {
		order = strcmp(x->labels[i].key, y->labels[i].key);
		if (order == 0)
			order = strcmp(x->labels[i].value, y->labels[i].value);
		if (order != 0)
			return order;
	}
	return (x->label_cnt > y->label_cnt) - (x->label_cnt < y->label_cnt);
}

static const struct kymo_hist *
copy_hist(struct kyi_pool *pool, struct kymo_hist *to,
    const struct kymo_hist *from)
{
	size_t bytes = from->bucket_cnt * sizeof(*from->buckets);

	*to = *from;
	to->buckets = kyi_pool_take(pool, bytes);
	if (to->buckets != NULL && bytes > 0)
		memcpy(to->buckets, from->buckets, bytes);
	return to;
}

static void
copy_value(struct kyi_pool *pool, struct kymo_metric_value *to,
    const struct kyi_entry *entry)
{
	to->present = true;
	switch (entry->family->kind) {
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		copy_hist(pool, &to->is.hist, &entry->hist->sum);
		break;
	case KYMO_METRIC_TEXT:
		to->is.text = kyi_pool_text(pool,
		    entry->text == NULL ? "" : entry->text);
		break;
	case KYMO_METRIC_HEALTH:
		to->is.health.state = entry->condition;
		to->is.health.reason = kyi_pool_text(pool,
		    entry->text == NULL ? "" : entry->text);
		to->is.health.since_ns = entry->since_ns;
		break;
	default:
		to->is.u = entry->sum;
		break;
	}
}

static void
copy_series(struct kyi_pool *pool, struct kymo_series *to,
    const struct kyi_entry *entry)
{
	struct kymo_hist *recent;

	to->labels = entry->labels;
	to->label_cnt = entry->label_cnt;
	to->overflow = entry->overflow;
	to->id = entry->id;
	to->created_ns = entry->created_ns;
	to->rate = entry->rate;
	to->said = NULL;
	to->said_cnt = 0;
	kyi_said_copy(pool, to, entry);
	copy_value(pool, &to->value, entry);
	if (entry->hist == NULL)
		return;
	to->exemplar = entry->hist->exemplar;
	if (entry->hist->lately.buckets == NULL)
		return;
	recent = kyi_pool_take(pool, sizeof(*recent));
	if (recent != NULL)
		to->recent = copy_hist(pool, recent, &entry->hist->lately);
}

static bool
entry_counts(const struct kymo_model *model, const struct kyi_entry *entry)
{
	return entry->scan == model->number && entry->present;
}

static void
copy_head(struct kymo_family_scan *to, const struct kyi_family_kept *family)
{
	to->name = family->name;
	to->help = family->help;
	to->unit = family->unit;
	to->component = family->component;
	to->kind = family->kind;
	to->exponent = family->exponent;
	to->sample_n = family->sample_n;
	to->states = (const char *const *)family->states;
	to->state_cnt = family->state_cnt;
	to->le_first = family->le_first;
	to->le_cnt = family->le_cnt;
	to->series = NULL;
	to->series_cnt = 0;
}

/* The series of family that have a value now; how many are shown. */
static uint32_t
copy_family(struct kymo_model *model, struct kyi_pool *pool,
    struct kymo_family_scan *to, struct kyi_family_kept *family)
{
	struct kymo_series *series = NULL;
	uint32_t i, cnt = 0;
	bool shown;

	copy_head(to, family);
	if (!family->sorted)
		qsort(family->entries, family->entry_cnt,
		    sizeof(*family->entries), by_labels);
	family->sorted = true;
	for (i = 0; i < family->entry_cnt; i++) {
		/* The dead's totals are there without anybody adding. */
		if (family->entries[i]->has_retired)
			kyi_entry_touch(family->entries[i], model->number);
		cnt += entry_counts(model, family->entries[i]);
	}
	shown = cnt > 0 && (model->family_shown == NULL ||
	    model->family_shown(model->family_shown_of, to));
	if (shown)
		series = kyi_pool_take(pool, cnt * sizeof(*series));
	if (shown && series == NULL)
		return 0;
	to->series = series;
	to->series_cnt = shown ? cnt : 0;
	for (i = 0; i < family->entry_cnt; i++) {
		struct kyi_entry *entry = family->entries[i];

		if (!entry_counts(model, entry))
			continue;
		kyi_entry_finish(entry, model->now_mono_ns);
		entry->shown = model->number;
		if (shown)
			copy_series(pool, series++, entry);
	}
	return to->series_cnt;
}

struct kymo_scan *
kyi_scan_build(struct kymo_model *model)
{
	struct kymo_scan_private *private = calloc(1, sizeof(*private));
	struct kymo_scan *scan = calloc(1, sizeof(*scan));
	struct kyi_families *kept = &model->store->families;
	struct kymo_family_scan *families;
	uint32_t i, series_cnt;

	if (private == NULL || scan == NULL) {
		free(private);
		free(scan);
		return NULL;
	}
	private->pool.spare = model->spare;
	model->spare = NULL;
	kyi_families_name(kept);
	families = kyi_pool_take(&private->pool,
	    (kept->named_cnt + 1) * sizeof(*families));
	for (i = 0; families != NULL && i < kept->named_cnt; i++) {
		series_cnt = copy_family(model, &private->pool,
		    &families[scan->family_cnt], kept->all[i]);
		scan->family_cnt += series_cnt > 0;
		scan->series_cnt += series_cnt;
	}
	scan->families = families;
	scan->at_ns = model->now_ns;
	scan->at_mono_ns = model->now_mono_ns;
	scan->number = model->number;
	scan->private_ = private;
	kyi_pool_done(&private->pool);
	if (!private->pool.failed)
		return scan;
	kyi_pool_free(&private->pool, NULL);
	free(private);
	free(scan);
	return NULL;
}
