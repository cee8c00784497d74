/* SPDX-License-Identifier: MIT */
/* The model: one scan after another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define SERIES_MAX_DEFAULT 200000u
#define RETIRED_MAX_DEFAULT 100000u

static void
ingest_own(struct kymo_model *model, const char *name, const char *help,
    enum kymo_metric_kind kind, double value)
{
	kymo_model_ingest(model, name, help, "", kind, NULL, 0, value);
}

/* Their names are not for programs. */
static void
take_names(struct kymo_model *model)
{
	uint32_t i;

	for (i = 0; i < kyi_own_cnt; i++)
		if (i < KYI_OWN_PROCESS ? model->options.with_own :
		    model->options.with_process)
			(void)kyi_own_family(model, i);
	kyi_families_name(&model->store->families);
}

struct kymo_model *
kymo_model_new(const struct kymo_model_options *options,
    struct kymo_error *error)
{
	struct kymo_model *model = calloc(1, sizeof(*model));

	if (model != NULL)
		model->store = calloc(1, sizeof(*model->store));
	if (model == NULL || model->store == NULL) {
		free(model);
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	model->options = *options;
	if (model->options.series_max == 0)
		model->options.series_max = SERIES_MAX_DEFAULT;
	if (model->options.retired_max == 0)
		model->options.retired_max = RETIRED_MAX_DEFAULT;
	model->store->refs = 1;
	model->store->entries.cnt_max = model->options.series_max;
	model->retired = kyi_retired_open(options->state_path, options->warn,
	    options->to, error);
	if (options->with_process && options->state_path != NULL &&
	    *options->state_path != '\0' && model->retired != NULL)
		model->seen = kyi_seen_open(options->state_path, options->warn,
		    options->to);
	model->options.state_path = NULL; /* the caller's string may go */
	take_names(model);
	if (model->retired == NULL || kyi_absorb_load(model, error) != 0) {
		kymo_model_delete(model);
		return NULL;
	}
	return model;
}

void
kymo_model_delete(struct kymo_model *model)
{
	if (model == NULL)
		return;
	kyi_publish_end(model);
	kyi_instances_free(model);
	kyi_retired_close(model->retired);
	kyi_seen_close(model->seen);
	kyi_store_drop(model->store);
	free(model);
}

void
kymo_model_begin(struct kymo_model *model, uint64_t now_ns,
    uint64_t now_mono_ns)
{
	if (model->number++ == 0)
		model->first_mono_ns = now_mono_ns;
	model->now_ns = now_ns;
	model->now_mono_ns = now_mono_ns;
}

int
kymo_model_add(struct kymo_model *model, struct kymo_region *region,
    bool absorb, bool *absorbed, struct kymo_error *error)
{
	struct kymo_process_stats process;
	struct kyi_source source = {.info = kymo_region_info(region)};
	bool unused;

	source.families = kymo_region_families(region, &source.family_cnt);
	source.series = kymo_region_series(region, &source.series_cnt);
	source.exemplars = kymo_region_exemplars(region, &source.exemplar_cnt);
	if (model->options.with_process &&
	    source.info->liveness == KYMO_ALIVE &&
	    kymo_region_process(region, &process, NULL) == 0)
		source.process = &process;
	return kyi_model_take(model, &source, absorb,
	    absorbed == NULL ? &unused : absorbed, error);
}

void
kymo_model_ingest(struct kymo_model *model, const char *name, const char *help,
    const char *unit, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt, double value)
{
	/* Keys are none of the family's: its series may differ in them. */
	struct kyi_family_wish wish = {
		.name = name, .help = help, .unit = unit, .component = "",
		.kind = kind, .agg = KYMO_METRIC_LAST, .sample_n = 1,
		.own = true,
	};
	struct kyi_age age = {model->number, 0};
	struct kymo_metric_value is = {.present = true};
	struct kyi_family_kept *family;
	struct kyi_entry *entry;

	if (label_cnt > KYI_BLOB_LABELS_MAX)
		return;
	family = kyi_family_find(&model->store->families, &wish);
	entry = family == NULL ? NULL : kyi_entry_find(&model->store->entries,
	    family, labels, label_cnt, false, model->now_ns);
	if (entry == NULL)
		return;
	if (kind == KYMO_METRIC_COUNTER)
		is.is.u = value <= 0 ? 0 : value >= 0x1p64 ? UINT64_MAX :
		    (uint64_t)value;
	else if (kind == KYMO_METRIC_GAUGE)
		is.is.i = value <= -0x1p63 ? INT64_MIN : value >= 0x1p63 ?
		    INT64_MAX : (int64_t)value;
	else
		is.is.f = value;
	kyi_entry_add(entry, model->number, &is, &age);
}

static void
add_own(struct kymo_model *model)
{
	const struct kyi_store *store = model->store;

	ingest_own(model, "kymo_family_conflicts",
	    "Families kept apart since another has their name",
	    KYMO_METRIC_GAUGE, store->families.conflict_cnt);
	ingest_own(model, "kymo_series_refused",
	    "Series that found no room in the reader", KYMO_METRIC_COUNTER,
	    (double)store->entries.refused_cnt);
	ingest_own(model, "kymo_series_of_the_dead",
	    "Series with totals of dead processes", KYMO_METRIC_GAUGE,
	    store->entries.retired_cnt);
}

/* A wall of series is said once, and again after it was not there. */
static void
say_full(struct kymo_model *model)
{
	const struct kyi_entries *entries = &model->store->entries;
	bool full = entries->cnt >= entries->cnt_max;
	char text[200];

	if (full && !model->full_said && model->options.warn != NULL) {
		snprintf(text, sizeof(text), "there are %u series, the limit;"
		    " further ones are not shown (limits.series)",
		    entries->cnt_max);
		model->options.warn(model->options.to, text);
	}
	model->full_said = full;
}

int
kymo_model_end(struct kymo_model *model, struct kymo_error *error)
{
	struct kyi_store *store = model->store;
	struct kymo_scan *scan;

	kyi_model_missing(model);
	if (model->now_mono_ns - model->first_mono_ns >= KYI_MISSING_NS)
		kyi_seen_tidy(model->seen);
	if (model->options.with_own)
		add_own(model);
	say_full(model);
	scan = kyi_scan_build(model);
	if (scan == NULL)
		return kymo_error_set(error, "out of memory");
	kyi_scan_publish(model, scan);
	kyi_entries_sweep(&store->entries, &store->families, model->number,
	    kyi_publish_sweep(model));
	return 0;
}

void
kymo_model_filter(struct kymo_model *model,
    bool (*shown)(void *of, const struct kymo_family_scan *family), void *of)
{
	model->family_shown = shown;
	model->family_shown_of = of;
}
