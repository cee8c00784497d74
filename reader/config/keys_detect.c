/* SPDX-License-Identifier: MIT */
/* detection: whether, and how many alarms of noise can be stood. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

static int
enabled(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;
	bool is = true;
	int result = kyi_config_bool(yaml, &is);

	detection->disabled = !is;
	return result;
}

static const char *
after_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* word at *at, and what is before it: *at is behind it then. */
static bool
word(const char **at, const char *what)
{
	size_t bytes = strlen(what);

	*at = after_spaces(*at);
	if (strncmp(*at, what, bytes) != 0 ||
	    isalpha((unsigned char)(*at)[bytes]))
		return false;
	*at += bytes;
	return true;
}

/* "1 per series per week", "1 per series and day". */
static bool
budget_parse(const char *at, double *week)
{
	static const struct { const char *name; double weeks; } spans[] = {
		{ "day", 1 / 7.0 }, { "week", 1 }, { "month", 30 / 7.0 },
		{ "year", 365 / 7.0 },
	};
	char *end;
	size_t i;

	if (!isdigit((unsigned char)*at))
		return false;
	*week = strtod(at, &end);
	at = end;
	if (*at != ' ' || !word(&at, "per") || !word(&at, "series") ||
	    (!word(&at, "per") && !word(&at, "and")))
		return false;
	for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (word(&at, spans[i].name)) {
			*week /= spans[i].weeks;
			return *after_spaces(at) == '\0';
		}
	return false;
}

static int
budget(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;
	const char *text = kyi_yaml_text(yaml, "a budget, as 1 per series per "
	    "week");
	double week;

	if (text == NULL)
		return -1;
	if (!budget_parse(text, &week))
		return kyi_yaml_error(yaml, "'%.60s' is no budget; write it as "
		    "1 per series per week (or day, month, year)", text);
	/* What noise does was measured so far. */
	if (!(week >= 0.05 && week <= 7.001))
		return kyi_yaml_error(yaml, "'%.60s' is out of range; from "
		    "3 per series per year to 1 per series per day", text);
	detection->budget_week = week;
	return 0;
}

static int
interval(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;

	return kyi_config_duration_ns(yaml, &detection->interval_ns, "1s",
	    "5m");
}

static int
detectors(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;

	return kyi_config_number(yaml, &detection->detector_max, 1, 10000000);
}

static int
scores(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;
	const char *text = kyi_yaml_text(yaml, "odd or all");

	if (text == NULL)
		return -1;
	detection->all_scores = strcmp(text, "all") == 0;
	if (!detection->all_scores && strcmp(text, "odd") != 0)
		return kyi_yaml_error(yaml, "'%.60s' is not which scores are "
		    "shown; odd (those that say something) or all", text);
	return 0;
}

static int
changes(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;

	return kyi_config_number(yaml, &detection->change_max, 0, 10000000);
}

static int
change_interval(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_detection *detection = to;

	return kyi_config_duration_ns(yaml, &detection->change_interval_ns,
	    "1s", "1h");
}

int
kyi_config_detection(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "enabled", enabled, false },
		{ "budget", budget, false },
		{ "interval", interval, false },
		{ "detectors", detectors, false },
		{ "scores", scores, false },
		{ "changes", changes, false },
		{ "change_interval", change_interval, false },
	};
	struct kymo_config *config = to;

	return kyi_config_mapping(yaml, &config->detection, keys,
	    sizeof(keys) / sizeof(keys[0]), "{budget: 1 per series per week}");
}
