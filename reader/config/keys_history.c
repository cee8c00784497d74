/* SPDX-License-Identifier: MIT */
/* history and retention: where samples are kept, and how long. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define OVERRIDE_MAX 64u
#define SECOND_MS UINT64_C(1000)
#define HOUR_MS (3600 * SECOND_MS)
#define DAY_MS (24 * HOUR_MS)

/* ---- history -------------------------------------------------------------- */

static int
path(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	yaml->places->history_path = kyi_yaml_place(yaml);
	return kyi_config_path_or_memory(yaml, &config->history_path);
}

static int
memory(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_duration_ms(yaml, &config->history_memory_ms, "1m",
	    "1d");
}

static int
journal(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_duration_ms(yaml, &config->history_journal_ms, "1s",
	    "5m");
}

static int
series(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_number(yaml, &config->history_series_max, 1,
	    10000000);
}

int
kyi_config_history(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "path", path, false },
		{ "memory", memory, false },
		{ "journal", journal, false },
		{ "series", series, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{memory: 15m}");
}

/* ---- retention --------------------------------------------------------------- */

static struct kymo_config_tier *
tier_now(struct kymo_config *config)
{
	return &config->tiers[config->tier_cnt];
}

static int
tier_step(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	yaml->places->step[config->tier_cnt] = kyi_yaml_place(yaml);
	return kyi_config_duration_ms(yaml, &tier_now(config)->step_ms, "50ms",
	    "1d");
}

static int
tier_keep(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	yaml->places->keep[config->tier_cnt] = kyi_yaml_place(yaml);
	return kyi_config_duration_ms(yaml, &tier_now(config)->keep_ms, "10m",
	    "100y");
}

static int
tier_max_size(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_size(yaml, &tier_now(config)->max_bytes, "1MiB",
	    "1024TiB");
}

static int
tier(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "step", tier_step, false },
		{ "keep", tier_keep, false },
		{ "max_size", tier_max_size, false },
	};
	struct kymo_config *config = to;
	struct kymo_config_place place = kyi_yaml_place(yaml);

	if (kyi_config_mapping(yaml, to, keys, sizeof(keys) / sizeof(keys[0]),
	    "{step: 1s, keep: 48h}") != 0)
		return -1;
	if (tier_now(config)->step_ms == 0)
		return kyi_yaml_error_at(yaml, place, "a tier without a step; "
		    "write one as {step: 1s, keep: 48h}");
	if (tier_now(config)->keep_ms == 0 && tier_now(config)->max_bytes == 0)
		return kyi_yaml_error_at(yaml, place, "a tier without an end; "
		    "it needs keep or max_size, as {step: 1s, keep: 48h}");
	config->tier_cnt++;
	return 0;
}

static int
tiers(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	struct kymo_config_place place = kyi_yaml_place(yaml);

	if (yaml->event.type != YAML_SEQUENCE_START_EVENT)
		return kyi_yaml_error(yaml, "expected a list of tiers, as "
		    "[{step: 1s, keep: 48h}]");
	if (kyi_config_list(yaml, to, tier, KYMO_CONFIG_TIER_MAX) != 0)
		return -1;
	if (config->tier_cnt == 0)
		return kyi_yaml_error_at(yaml, place, "a list without tiers; "
		    "leave it out, or write one as {step: 1s, keep: 48h}");
	return 0;
}

static int
override_metrics(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_override *override = to;

	override->metrics.place = kyi_yaml_place(yaml);
	return kyi_config_text(yaml, &override->metrics.text,
	    "a regular expression of names");
}

static int
override_keep_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_override *override = to;
	uint64_t *keep_ms = &override->keep_ms[override->keep_cnt++];

	if (kyi_yaml_plain(yaml) &&
	    strcmp((char *)yaml->event.data.scalar.value, "0") == 0)
		return 0;
	return kyi_config_duration_ms(yaml, keep_ms, "10m", "100y");
}

static int
override_keep(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_override *override = to;

	override->keep_place = kyi_yaml_place(yaml);
	return kyi_config_list(yaml, to, override_keep_item,
	    KYMO_CONFIG_TIER_MAX);
}

static int
override_item(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "metrics", override_metrics, false },
		{ "keep", override_keep, false },
	};
	static const char example[] = "{metrics: 'debug_.*', keep: [1h, 0, 0]}";
	struct kymo_config *config = to;
	struct kymo_config_override *array;
	struct kymo_config_place place = kyi_yaml_place(yaml);

	array = kyi_config_longer(yaml, config->overrides,
	    config->override_cnt, sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->overrides = array;
	array += config->override_cnt++;
	if (kyi_config_mapping(yaml, array, keys,
	    sizeof(keys) / sizeof(keys[0]), example) != 0)
		return -1;
	if (array->metrics.text == NULL || array->keep_cnt == 0)
		return kyi_yaml_error_at(yaml, place, "an override needs "
		    "metrics and keep, as %s", example);
	return 0;
}

static int
overrides(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, override_item, OVERRIDE_MAX);
}

/* The usual tiers, as far as keep_ms reaches; the last one that far. */
static void
tiers_until(struct kymo_config *config, uint64_t keep_ms)
{
	static const struct kymo_config_tier usual[KYMO_CONFIG_TIER_MAX] = {
		{ SECOND_MS, 48 * HOUR_MS, 0 },
		{ 15 * SECOND_MS, 14 * DAY_MS, 0 },
		{ 300 * SECOND_MS, 400 * DAY_MS, 0 },
	};
	uint32_t i = 0;

	do
		config->tiers[i] = usual[i];
	while (usual[i].keep_ms < keep_ms && ++i < KYMO_CONFIG_TIER_MAX);
	if (i == KYMO_CONFIG_TIER_MAX)
		i--;
	config->tiers[i].keep_ms = keep_ms;
	config->tier_cnt = i + 1;
}

int
kyi_config_retention(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "tiers", tiers, false },
		{ "overrides", overrides, false },
	};
	struct kymo_config *config = to;
	uint64_t keep_ms = 0;

	if (yaml->event.type == YAML_SEQUENCE_START_EVENT)
		return tiers(yaml, to);
	if (yaml->event.type == YAML_MAPPING_START_EVENT)
		return kyi_config_mapping(yaml, to, keys,
		    sizeof(keys) / sizeof(keys[0]), "");
	if (kyi_config_duration_ms(yaml, &keep_ms, "10m", "100y") != 0)
		return -1;
	tiers_until(config, keep_ms);
	return 0;
}
