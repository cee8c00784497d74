/* SPDX-License-Identifier: MIT */
/* Plans of components' health: made, taken, freed; and what is fine by itself
   and not together. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/nearest.h"

#define NAME_BYTES_MAX 100u

static void
argv_free(char **argv, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		free(argv[i]);
	free(argv);
}

static void
check_free(struct kymo_check *check)
{
	free(check->name);
	free(check->what.text);
	argv_free(check->argv, check->argv_cnt);
	free(check->contains);
	free(check->matches.text);
	free(check->ca_file);
}

void
kymo_care_plan_free(struct kymo_care_plan *plan)
{
	uint32_t i;

	if (plan == NULL)
		return;
	for (i = 0; i < plan->check_cnt; i++)
		check_free(&plan->checks[i]);
	free(plan->checks);
	for (i = 0; i < plan->depends_on_cnt; i++)
		free(plan->depends_on[i].text);
	free(plan->depends_on);
	free(plan->degradation.latency);
	free(plan->degradation.errors);
	free(plan->degradation.requests);
	free(plan->degradation.service);
	for (i = 0; i < plan->recovery.action_cnt; i++) {
		free(plan->recovery.actions[i].what);
		argv_free(plan->recovery.actions[i].argv,
		    plan->recovery.actions[i].argv_cnt);
	}
	free(plan->recovery.actions);
	free(plan->users);
	free(plan->component);
	free(plan);
}

/* A name that is a label's value, a word of a file, and told to people. */
static bool
is_plain(const char *name)
{
	return name[0] != '\0' && strlen(name) <= NAME_BYTES_MAX &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/@")] == '\0';
}

struct kymo_care_plan *
kyi_config_care_of(struct kyi_yaml *yaml,
    struct kymo_config_component *component)
{
	if (component->care != NULL)
		return component->care;
	if (!is_plain(component->name.text)) {
		kyi_yaml_error_at(yaml, component->name.place, "the name of a "
		    "component with checks, depends_on, degradation or recovery "
		    "has letters, digits and _-.:/@ alone, at most %u of them",
		    NAME_BYTES_MAX);
		return NULL;
	}
	component->care = calloc(1, sizeof(*component->care));
	if (component->care != NULL)
		component->care->component = strdup(component->name.text);
	if (component->care == NULL || component->care->component == NULL) {
		kyi_yaml_error(yaml, "out of memory");
		return NULL;
	}
	component->care->place = component->name.place;
	return component->care;
}

/* ---- who depends on whom -------------------------------------------------- */

static struct kymo_config_component *
component_find(struct kymo_config *config, const char *name)
{
	uint32_t i;

	for (i = 0; i < config->component_cnt; i++)
		if (strcmp(config->components[i].name.text, name) == 0)
			return &config->components[i];
	return NULL;
}

static int
unknown_component(struct kyi_yaml *yaml, const struct kymo_config *config,
    const struct kymo_config_text *name)
{
	const char **names = calloc(config->component_cnt + 1u, sizeof(*names));
	const char *nearest = NULL;
	uint32_t i;

	for (i = 0; names != NULL && i < config->component_cnt; i++)
		names[i] = config->components[i].name.text;
	if (names != NULL)
		nearest = kyi_nearest(name->text, names, config->component_cnt);
	free(names);
	if (nearest != NULL)
		return kyi_yaml_error_at(yaml, name->place, "there is no "
		    "component '%.60s'; did you mean '%.60s'?", name->text,
		    nearest);
	return kyi_yaml_error_at(yaml, name->place, "there is no component "
	    "'%.60s'; one of which nothing else is said is '%.60s: {}'",
	    name->text, name->text);
}

/* What is depended on is looked at, too. */
static int
dependencies_find(struct kyi_yaml *yaml, struct kymo_config *config,
    const struct kymo_care_plan *plan)
{
	uint32_t i;

	for (i = 0; i < plan->depends_on_cnt; i++) {
		const struct kymo_config_text *name = &plan->depends_on[i];
		struct kymo_config_component *on = component_find(config,
		    name->text);

		if (on == NULL)
			return unknown_component(yaml, config, name);
		if (kyi_config_care_of(yaml, on) == NULL)
			return -1;
	}
	return 0;
}

struct walk {
	struct kyi_yaml *yaml;
	struct kymo_config *config;
	uint8_t *seen; /* 1: on the way, 2: done */
};

/* Depth first; a component met again on the way is a cycle. The way is at most
   as long as there are components. */
static int
walk_from(struct walk *walk, uint32_t idx)
{
	const struct kymo_care_plan *plan =
	    walk->config->components[idx].care;
	uint32_t i;

	walk->seen[idx] = 1;
	for (i = 0; plan != NULL && i < plan->depends_on_cnt; i++) {
		const struct kymo_config_text *name = &plan->depends_on[i];
		uint32_t on = (uint32_t)(component_find(walk->config,
		    name->text) - walk->config->components);

		if (walk->seen[on] == 1)
			return kyi_yaml_error_at(walk->yaml, name->place,
			    "'%.60s' depends on '%.60s', and that, in the end, "
			    "on '%.60s'", plan->component, name->text,
			    plan->component);
		if (walk->seen[on] == 0 && walk_from(walk, on) != 0)
			return -1;
	}
	walk->seen[idx] = 2;
	return 0;
}

static int
cycles_find(struct kyi_yaml *yaml, struct kymo_config *config)
{
	struct walk walk = { yaml, config, NULL };
	int result = 0;
	uint32_t i;

	walk.seen = calloc(config->component_cnt + 1u, 1);
	if (walk.seen == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	for (i = 0; result == 0 && i < config->component_cnt; i++)
		if (walk.seen[i] == 0)
			result = walk_from(&walk, i);
	free(walk.seen);
	return result;
}

/* Too short a time to verify in would call every recovery a failure. */
static int
verify_conflict(struct kyi_yaml *yaml, const struct kymo_care_plan *plan)
{
	uint32_t i;

	for (i = 0; i < plan->check_cnt; i++) {
		const struct kymo_check *check = &plan->checks[i];
		uint64_t ms = check->successes *
		    (check->interval_ms + check->interval_ms / 10) +
		    check->timeout_ms;

		if (plan->recovery.action_cnt > 0 &&
		    plan->recovery.verify_ms < ms)
			return kyi_yaml_error_at(yaml,
			    plan->recovery.verify_place.line != 0 ?
			    plan->recovery.verify_place :
			    plan->recovery.place, "verify is %llu ms; the check "
			    "'%.60s' may take %llu ms to find the component "
			    "well (interval, times successes, and timeout)",
			    (unsigned long long)plan->recovery.verify_ms,
			    check->name, (unsigned long long)ms);
	}
	return 0;
}

int
kyi_config_care_conflicts(struct kyi_yaml *yaml, struct kymo_config *config)
{
	uint32_t i;

	for (i = 0; i < config->component_cnt; i++)
		if (config->components[i].care != NULL &&
		    (dependencies_find(yaml, config,
		    config->components[i].care) != 0 ||
		    verify_conflict(yaml, config->components[i].care) != 0))
			return -1;
	return cycles_find(yaml, config);
}

struct kymo_care_plan **
kymo_config_care(struct kymo_config *config, uint32_t *cnt)
{
	struct kymo_care_plan **plans;
	uint32_t i, k = 0;

	*cnt = 0;
	for (i = 0; i < config->component_cnt; i++)
		*cnt += config->components[i].care != NULL;
	plans = *cnt > 0 ? calloc(*cnt, sizeof(*plans)) : NULL;
	for (i = 0; plans != NULL && i < config->component_cnt; i++)
		if (config->components[i].care != NULL) {
			plans[k++] = config->components[i].care;
			config->components[i].care = NULL;
		}
	return plans;
}
