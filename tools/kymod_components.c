/* SPDX-License-Identifier: MIT */
/* Components: whether they are shown at all, and how often the history takes
   them in. */
#include "tools/kymod.h"

#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"

/* Families that are taken in less often: between, the history has them as they
   were in this scan. */
struct held {
	uint64_t interval_ns;
	const struct kymo_scan *scan; /* NULL: none yet */
};

struct kyi_components {
	struct held *held;
	uint32_t held_cnt;
	struct kymo_family_scan *families; /* room for a scan's */
	uint32_t family_room;
};

static const struct kymo_config_component *
component_of(const struct kymo_config *config,
    const struct kymo_family_scan *family)
{
	for (uint32_t i = 0; i < config->component_cnt; i++)
		if (strcmp(config->components[i].name.text,
			family->component) == 0)
			return &config->components[i];
	return NULL;
}

static bool
any_matches(char *const *globs, uint32_t cnt,
    const struct kymo_family_scan *family)
{
	const struct kymo_filter filter = {
		.names = (const char *const *)globs, .name_cnt = cnt
	};

	return kymo_filter_family(&filter, family);
}

bool
kyi_component_shown(void *of, const struct kymo_family_scan *family)
{
	const struct kyi_settings *settings = of;
	const struct kymo_config_component *component =
	    component_of(settings->config, family);

	if (!component)
		return true;
	if (component->disabled ||
	    !any_matches(component->include, component->include_cnt, family))
		return false;
	return component->exclude_cnt == 0 || !any_matches(component->exclude,
	    component->exclude_cnt, family);
}

/* ---- less often --------------------------------------------------------------------- */

void
kyi_components_free(struct kyi_components *components)
{
	if (!components)
		return;
	for (uint32_t i = 0; i < components->held_cnt; i++)
		if (components->held[i].scan)
			kymo_scan_release(components->held[i].scan);
	free(components->held);
	free(components->families);
	free(components);
}

struct kyi_components *
kyi_components_make(const struct kyi_settings *settings)
{
	const struct kymo_config *config = settings->config;
	struct kyi_components *components = calloc(1, sizeof(*components));

	if (components)
		components->held = calloc(config->component_cnt + 1u,
		    sizeof(components->held[0]));
	if (!components || !components->held) {
		kyi_components_free(components);
		return NULL;
	}
	for (uint32_t i = 0; i < config->component_cnt; i++) {
		uint64_t interval_ns = config->components[i].interval_ns;
		uint32_t k = 0;

		if (interval_ns <= settings->scan_interval_ns)
			continue;
		while (k < components->held_cnt &&
		    components->held[k].interval_ns != interval_ns)
			k++;
		components->held[k].interval_ns = interval_ns;
		components->held_cnt += k == components->held_cnt;
	}
	return components;
}

/* Scans come a little early or late. */
static bool
held_is_due(const struct held *held, const struct kymo_scan *scan,
    uint64_t scan_interval_ns)
{
	return !held->scan || scan->at_mono_ns - held->scan->at_mono_ns +
	    scan_interval_ns / 2 >= held->interval_ns;
}

static void
held_renew(struct kyi_components *components, struct kymo_model *model,
    const struct kymo_scan *scan, uint64_t scan_interval_ns)
{
	for (uint32_t i = 0; i < components->held_cnt; i++) {
		struct held *held = &components->held[i];

		if (!held_is_due(held, scan, scan_interval_ns))
			continue;
		if (held->scan)
			kymo_scan_release(held->scan);
		held->scan = kymo_scan_take(model);
	}
}

/* Families are sorted by name; of two of a name the kind tells. */
static const struct kymo_family_scan *
family_find(const struct kymo_scan *scan, const struct kymo_family_scan *like)
{
	uint32_t low = 0, high = scan->family_cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(scan->families[middle].name, like->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < scan->family_cnt &&
	    strcmp(scan->families[low].name, like->name) == 0; low++)
		if (scan->families[low].kind == like->kind)
			return &scan->families[low];
	return NULL;
}

static const struct kymo_scan *
held_of(const struct kyi_components *components,
    const struct kymo_config *config, const struct kymo_family_scan *family)
{
	const struct kymo_config_component *component =
	    component_of(config, family);

	for (uint32_t i = 0; component && i < components->held_cnt; i++)
		if (components->held[i].interval_ns == component->interval_ns)
			return components->held[i].scan;
	return NULL;
}

bool
kyi_components_take(struct kyi_components *components,
    const struct kyi_settings *settings, struct kymo_model *model,
    const struct kymo_scan *scan, struct kymo_scan *taken)
{
	*taken = *scan;
	if (!components->held_cnt)
		return true;
	if (scan->family_cnt > components->family_room) {
		struct kymo_family_scan *more = reallocarray(
		    components->families, scan->family_cnt, sizeof(more[0]));

		if (!more)
			return false;
		components->families = more;
		components->family_room = scan->family_cnt;
	}
	held_renew(components, model, scan, settings->scan_interval_ns);
	for (uint32_t i = 0; i < scan->family_cnt; i++) {
		const struct kymo_family_scan *family = &scan->families[i];
		const struct kymo_scan *held = held_of(components,
		    settings->config, family);
		const struct kymo_family_scan *was = held ?
		    family_find(held, family) : NULL;

		components->families[i] = was ? *was : *family;
	}
	taken->families = components->families;
	return true;
}
