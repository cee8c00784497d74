/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shm/copy.h"
#include "tests/model/world.h"
#include "writer/birth.h"

void
world_begin_without(void)
{
	struct kyi_guard guard;

	if (kyi_enter(&guard))
		kyi_leave(&guard);
}

void
world_begin(uint32_t thread_cnt)
{
	struct kymo_options options;

	world_begin_without();
	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.service = "model";
	options.dir = "/model";
	options.thread_cnt_max = thread_cnt;
	options.region_bytes_max = 1 << 20;
	kymo_init_with(&options);
	kyi_image_pool_hold();
}

struct kymo_family
world_family(enum kymo_kind kind, const char *name, const char *const *keys,
    uint32_t series_max)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = kind;
	desc.name = name;
	desc.help = "Of a model.";
	desc.label_keys = keys;
	while (keys != NULL && keys[desc.label_cnt] != NULL)
		desc.label_cnt++;
	desc.series_max = series_max;
	return kymo_family(&desc);
}

struct kymo_counter
world_counter(const char *name)
{
	return kymo_counter_at(world_family(KYMO_KIND_COUNTER, name, NULL, 0),
	    0, NULL);
}

uint64_t
world_sum(uint32_t off)
{
	const struct kyi_process *process = kyi_process();
	const struct kyi_region *region = &process->region;
	uint64_t sum = 0, cell;
	uint32_t slot;

	for (slot = 0; slot < process->slot_high; slot++) {
		memcpy(&cell, (const char *)kyi_region_at(region,
		    region->windows_off + (uint64_t)slot *
		    region->window_bytes) + off, sizeof(cell));
		sum += cell;
	}
	return sum;
}

struct kymo_region *
world_open(void)
{
	struct kymo_region *region;
	struct kymo_error error;

	model_private(true);
	if (kymo_region_open(&region, 3, "/model", "0", NULL, &error) == 0)
		return region;
	model_assert(strstr(error.text, "No such file") != NULL, error.text);
	return NULL;
}

void
world_scan(struct kymo_region *region, unsigned parts)
{
	struct kymo_error error;

	if (kymo_region_scan(region, parts, &error) != 0)
		model_fail(error.text);
	model_assert(kymo_region_info(region)->losses.bad_records == 0,
	    "a sound region has bad records");
}

void
world_close(struct kymo_region *region)
{
	kymo_region_close(region);
}

const struct kymo_metric_value *
world_value(const struct kymo_region *region, const char *family,
    const char *label)
{
	uint32_t family_cnt, series_cnt, i;
	const struct kymo_region_family *families =
	    kymo_region_families(region, &family_cnt);
	const struct kymo_region_series *series =
	    kymo_region_series(region, &series_cnt);

	for (i = 0; i < series_cnt; i++) {
		const struct kymo_region_family *of =
		    &families[series[i].family_idx];

		if (strcmp(of->name, family) == 0 && (label == NULL ||
		    strcmp(series[i].label_values[0], label) == 0))
			return &series[i].value;
	}
	return NULL;
}
