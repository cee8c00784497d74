/* SPDX-License-Identifier: MIT */
/* profiles: of which alerts' processes, and how much of it. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define ALERTS_MAX 32u

static int
enabled(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	return kyi_config_bool(yaml, &profiles->enabled);
}

static int
alert_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;
	const char *text = kyi_yaml_text(yaml, "matchers of alerts, as "
	    "'severity=\"page\"'");
	struct kymo_config_text *array;

	if (text == NULL)
		return -1;
	array = kyi_config_longer(yaml, profiles->alerts, profiles->alert_cnt,
	    sizeof(array[0]));
	if (array == NULL)
		return -1;
	profiles->alerts = array;
	array[profiles->alert_cnt].place = kyi_yaml_place(yaml);
	array[profiles->alert_cnt].text = strdup(text);
	if (array[profiles->alert_cnt].text == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	profiles->alert_cnt++;
	return 0;
}

static int
alerts(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_place place = kyi_yaml_place(yaml);
	struct kymo_config_profiles *profiles = to;

	if (kyi_config_list(yaml, to, alert_item, ALERTS_MAX) != 0)
		return -1;
	return profiles->alert_cnt > 0 ? 0 : kyi_yaml_error_at(yaml, place,
	    "of no alert; leave alerts out for those with the label "
	    "profile=\"true\"");
}

static int
command(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	profiles->command_place = kyi_yaml_place(yaml);
	return kyi_config_path(yaml, &profiles->command);
}

static int
duration(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;
	struct kymo_config_place place = kyi_yaml_place(yaml);
	uint64_t ms;

	if (kyi_config_duration_ms(yaml, &ms, "1s", "1m") != 0)
		return -1;
	profiles->seconds = (uint32_t)(ms / 1000);
	return ms % 1000 == 0 ? 0 : kyi_yaml_error_at(yaml, place,
	    "whole seconds, please; as 10s");
}

static int
frequency(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	return kyi_config_number(yaml, &profiles->frequency, 1, 999);
}

static int
call_graph(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;
	const char *text = kyi_yaml_text(yaml, "fp or dwarf");

	if (text == NULL)
		return -1;
	profiles->dwarf = strcmp(text, "dwarf") == 0;
	if (!profiles->dwarf && strcmp(text, "fp") != 0)
		return kyi_yaml_error(yaml, "'%.60s' is not how stacks are "
		    "found; fp (frame pointers) or dwarf (debugging "
		    "information)", text);
	return 0;
}

static int
per_hour(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	return kyi_config_number(yaml, &profiles->per_hour, 1, 60);
}

static int
keep(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	return kyi_config_number(yaml, &profiles->keep, 1, 1000);
}

static int
max_size(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_profiles *profiles = to;

	return kyi_config_size(yaml, &profiles->bytes_max, "1MiB", "1GiB");
}

static int
readers(struct kyi_yaml *yaml, void *to)
{
	static const struct {
		const char *name;
		enum kymo_config_changes who;
	} names[] = { { "local", KYMO_CHANGES_LOCAL },
		{ "all", KYMO_CHANGES_ALL }, { "none", KYMO_CHANGES_NONE } };
	struct kymo_config_profiles *profiles = to;
	const char *text = kyi_yaml_text(yaml, "local, all or none");

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, text) == 0) {
			profiles->readers = names[i].who;
			return 0;
		}
	return kyi_yaml_error(yaml, "'%.60s' is not who may read profiles by "
	    "HTTP; local (this machine), all or none", text);
}

int
kyi_config_profiles(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "enabled", enabled, false },
		{ "alerts", alerts, false },
		{ "command", command, false },
		{ "duration", duration, false },
		{ "frequency", frequency, false },
		{ "call_graph", call_graph, false },
		{ "per_hour", per_hour, false },
		{ "keep", keep, false },
		{ "max_size", max_size, false },
		{ "readers", readers, false },
	};
	struct kymo_config *config = to;

	return kyi_config_mapping(yaml, &config->profiles, keys,
	    sizeof(keys) / sizeof(keys[0]), "{enabled: true}");
}
