/* SPDX-License-Identifier: MIT */
/* components: what parts of programs may have of their own. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define COMPONENT_MAX 200u
#define GLOB_MAX 100u

static int
enabled(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_component *component = to;
	bool is = true;
	int result = kyi_config_bool(yaml, &is);

	component->disabled = !is;
	return result;
}

static int
interval(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_component *component = to;

	component->interval_place = kyi_yaml_place(yaml);
	return kyi_config_duration_ns(yaml, &component->interval_ns, "50ms",
	    "5m");
}

/* A glob of names, as ?name= of a page has it. */
static int
glob_add(struct kyi_yaml *yaml, char ***globs, uint32_t *cnt)
{
	const char *text = kyi_yaml_text(yaml, "a name, or a glob as cache_*");

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || strlen(text) > 300 ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:*?")] != '\0')
		return kyi_yaml_error(yaml, "'%.60s' can be no metric's name; "
		    "* is any text, ? one character", text);
	return kyi_config_text_add(yaml, globs, cnt, "a name");
}

static int
include_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_component *component = to;

	return glob_add(yaml, &component->include, &component->include_cnt);
}

static int
exclude_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_component *component = to;

	return glob_add(yaml, &component->exclude, &component->exclude_cnt);
}

static int
include(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, include_item, GLOB_MAX);
}

static int
exclude(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, exclude_item, GLOB_MAX);
}

static int
metrics(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "include", include, false },
		{ "exclude", exclude, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{exclude: ['cache_debug_*']}");
}

static int
component_item(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "enabled", enabled, false },
		{ "collection_interval", interval, false },
		{ "metrics", metrics, false },
		{ "checks", kyi_config_checks, false },
		{ "depends_on", kyi_config_depends_on, false },
		{ "degradation", kyi_config_degradation, false },
		{ "recovery", kyi_config_recovery, false },
		{ "users", kyi_config_users, false },
	};
	struct kymo_config *config = to;
	const char *name = kyi_yaml_text(yaml, "a component's name");
	struct kymo_config_component *array;
	uint32_t i;

	if (name == NULL)
		return -1;
	for (i = 0; i < config->component_cnt; i++)
		if (strcmp(config->components[i].name.text, name) == 0)
			return kyi_yaml_error(yaml, "the component '%.60s' is "
			    "there twice; line %u has it", name,
			    config->components[i].name.place.line);
	array = kyi_config_longer(yaml, config->components,
	    config->component_cnt, sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->components = array;
	array += config->component_cnt;
	array->name.place = kyi_yaml_place(yaml);
	if (kyi_config_text(yaml, &array->name.text, "a component's name") != 0)
		return -1;
	config->component_cnt++;
	if (kyi_yaml_next(yaml) != 0)
		return -1;
	return kyi_config_mapping(yaml, array, keys,
	    sizeof(keys) / sizeof(keys[0]), "{enabled: false}");
}

int
kyi_config_components(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_free_mapping(yaml, to, component_item, COMPONENT_MAX,
	    "{cache: {enabled: false}}");
}
