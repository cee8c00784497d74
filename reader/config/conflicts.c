/* SPDX-License-Identifier: MIT */
/* What is fine by itself and not together with something else. */
#include <stdio.h>
#include <string.h>

#include "reader/config/keys.h"

#define MS_NS UINT64_C(1000000)

/* As people write it: the largest unit that divides it. */
static const char *
told(char room[32], uint64_t ns)
{
	static const struct { uint64_t ns; const char *name; } units[] = {
		{ 86400000 * MS_NS, "d" }, { 3600000 * MS_NS, "h" },
		{ 60000 * MS_NS, "m" }, { 1000 * MS_NS, "s" }, { MS_NS, "ms" },
		{ 1000, "us" }, { 1, "ns" },
	};
	size_t i = 0;

	while (ns % units[i].ns != 0)
		i++;
	snprintf(room, 32, "%llu%s", (unsigned long long)(ns / units[i].ns),
	    units[i].name);
	return room;
}

static int
tier_conflict(struct kyi_yaml *yaml, const struct kymo_config *config,
    uint32_t i)
{
	const struct kyi_config_places *places = yaml->places;
	const struct kymo_config_tier *tier = &config->tiers[i], *before;
	char a[32], b[32];

	if (places->step[i].line == 0)
		return 0; /* one of the usual ones */
	if (tier->step_ms * MS_NS < config->scan_interval_ns)
		return kyi_yaml_error_at(yaml, places->step[i], "a step of %s "
		    "is shorter than collection_interval (%s): it would have "
		    "holes", told(a, tier->step_ms * MS_NS),
		    told(b, config->scan_interval_ns));
	if (i == 0)
		return 0;
	before = tier - 1;
	if (tier->step_ms <= before->step_ms)
		return kyi_yaml_error_at(yaml, places->step[i], "a step of %s "
		    "is not longer than that of the tier before (%s)", told(a,
		    tier->step_ms * MS_NS), told(b, before->step_ms * MS_NS));
	if (tier->step_ms % before->step_ms != 0)
		return kyi_yaml_error_at(yaml, places->step[i], "a step of %s "
		    "is no whole multiple of that of the tier before (%s)",
		    told(a, tier->step_ms * MS_NS),
		    told(b, before->step_ms * MS_NS));
	if (before->keep_ms == 0 && before->max_bytes == 0)
		return 0;
	if (tier->keep_ms != 0 && tier->keep_ms <= before->keep_ms)
		return kyi_yaml_error_at(yaml, places->keep[i], "%s is not "
		    "longer than the tier before keeps finer ones (%s)",
		    told(a, tier->keep_ms * MS_NS),
		    told(b, before->keep_ms * MS_NS));
	return 0;
}

static int
override_conflict(struct kyi_yaml *yaml, const struct kymo_config *config,
    const struct kymo_config_override *override)
{
	uint32_t tier_cnt = config->tier_cnt > 0 ? config->tier_cnt :
	    KYMO_CONFIG_TIER_MAX;

	if (override->keep_cnt == tier_cnt)
		return 0;
	return kyi_yaml_error_at(yaml, override->keep_place, "%u durations for "
	    "%u tiers; write one for each, 0 for a tier that shall not have it",
	    override->keep_cnt, tier_cnt);
}

static int
component_conflict(struct kyi_yaml *yaml, const struct kymo_config *config,
    const struct kymo_config_component *component)
{
	char a[32], b[32];

	if (component->interval_ns % config->scan_interval_ns == 0)
		return 0;
	return kyi_yaml_error_at(yaml, component->interval_place, "%s is no "
	    "whole multiple of the collection_interval of all (%s)", told(a,
	    component->interval_ns), told(b, config->scan_interval_ns));
}

int
kyi_config_conflicts(struct kyi_yaml *yaml, const struct kymo_config *config)
{
	const struct kyi_config_places *places = yaml->places;
	char a[32], b[32];
	uint32_t i;

	if (config->evaluation_interval_ns != 0 &&
	    config->evaluation_interval_ns < config->scan_interval_ns)
		return kyi_yaml_error_at(yaml, places->evaluation, "rules every "
		    "%s would look at the same scan again: "
		    "collection_interval is %s", told(a,
		    config->evaluation_interval_ns), told(b,
		    config->scan_interval_ns));
	if (config->history_path != NULL && config->state_path != NULL &&
	    config->history_path[0] != '\0' &&
	    strcmp(config->history_path, config->state_path) == 0)
		return kyi_yaml_error_at(yaml, places->history_path, "'%s' is "
		    "the database of the state; the history needs its own",
		    config->history_path);
	for (i = 0; i < config->tier_cnt; i++)
		if (tier_conflict(yaml, config, i) != 0)
			return -1;
	for (i = 0; i < config->override_cnt; i++)
		if (override_conflict(yaml, config, &config->overrides[i]) != 0)
			return -1;
	for (i = 0; i < config->component_cnt; i++)
		if (component_conflict(yaml, config, &config->components[i]) !=
		    0)
			return -1;
	return 0;
}
