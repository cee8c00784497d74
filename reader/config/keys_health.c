/* SPDX-License-Identifier: MIT */
/* Keys of a component's health: its checks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define CHECK_MAX 32u

static const struct {
	const char *name;
	uint64_t interval_ms;
	uint32_t failures, successes;
} kinds[] = {
	[KYMO_CHECK_PROCESS] = { "process", 1000, 1, 1 },
	[KYMO_CHECK_HEARTBEAT] = { "heartbeat", 1000, 1, 1 },
	[KYMO_CHECK_TCP] = { "tcp", 10000, 3, 2 },
	[KYMO_CHECK_HTTP] = { "http", 10000, 3, 2 },
	[KYMO_CHECK_COMMAND] = { "command", 10000, 3, 2 },
	[KYMO_CHECK_PROMQL] = { "promql", 10000, 3, 2 },
};

/* A check is read whole, then what it may have is looked at. */
struct reading {
	struct kymo_check *check;
	/* Where keys stand that belong to one kind. */
	struct kymo_config_place status, contains, matches, certificate;
	struct kymo_config_place ca_file;
	struct kymo_config_place within, at_least;
};

/* ---- what is checked ------------------------------------------------------ */

static int
kind_set(struct kyi_yaml *yaml, struct reading *reading,
    enum kymo_check_kind kind)
{
	struct kymo_check *check = reading->check;

	if (check->kind != KYMO_CHECK_NONE)
		return kyi_yaml_error(yaml, "a check is one thing: %s or %s; "
		    "write two", kinds[check->kind].name, kinds[kind].name);
	check->kind = kind;
	check->what.place = kyi_yaml_place(yaml);
	return 0;
}

static int
process(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_PROCESS) != 0 ? -1 :
	    kyi_config_text(yaml, &reading->check->what.text, "a service");
}

static int
heartbeat(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_HEARTBEAT) != 0 ? -1 :
	    kyi_config_text(yaml, &reading->check->what.text, "a service");
}

static int
tcp(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_TCP) != 0 ? -1 :
	    kyi_config_host_port(yaml, &reading->check->what.text);
}

static int
http(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_HTTP) != 0 ? -1 :
	    kyi_config_url(yaml, &reading->check->what.text);
}

static int
command(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_COMMAND) != 0 ? -1 :
	    kyi_config_argv(yaml, &reading->check->argv,
	    &reading->check->argv_cnt);
}

static int
promql(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kind_set(yaml, reading, KYMO_CHECK_PROMQL) != 0 ? -1 :
	    kyi_config_text(yaml, &reading->check->what.text, "an expression, "
	    "as up == 1");
}

/* ---- how ------------------------------------------------------------------ */

static int
name(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_text(yaml, &reading->check->name, "a check's name");
}

static int
interval(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_duration_ms(yaml, &reading->check->interval_ms,
	    "50ms", "1h");
}

static int
timeout(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_duration_ms(yaml, &reading->check->timeout_ms, "10ms",
	    "5m");
}

static int
failures(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_number(yaml, &reading->check->failures, 1, 1000);
}

static int
successes(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_number(yaml, &reading->check->successes, 1, 1000);
}

static int
means(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;
	const char *text = kyi_yaml_text(yaml, "failing or degraded");

	if (text == NULL)
		return -1;
	reading->check->degrades = strcmp(text, "degraded") == 0;
	if (!reading->check->degrades && strcmp(text, "failing") != 0)
		return kyi_yaml_error(yaml, "a check that fails means failing "
		    "or degraded, not '%.60s'", text);
	return 0;
}

static int
at_least(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->at_least = kyi_yaml_place(yaml);
	return kyi_config_number(yaml, &reading->check->at_least, 1, 100000);
}

static int
within(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->within = kyi_yaml_place(yaml);
	return kyi_config_duration_ms(yaml, &reading->check->within_ms, "50ms",
	    "7d");
}

/* 204, or 200-299. */
static int
status(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;
	const char *text = kyi_yaml_text(yaml, "a status, as 200 or 200-299");
	unsigned int min = 0, max = 0;
	char more;
	int got;

	if (text == NULL)
		return -1;
	reading->status = kyi_yaml_place(yaml);
	got = text[0] < '1' || text[0] > '5' || strlen(text) > 7 ? 0 :
	    sscanf(text, "%3u-%3u%c", &min, &max, &more);
	if (got == 1)
		max = min;
	if ((got != 1 && got != 2) || (got == 1 && strlen(text) != 3) ||
	    min < 100 || max > 599 || min > max)
		return kyi_yaml_error(yaml, "'%.60s' is no status; write 200, "
		    "or 200-299", text);
	reading->check->status_min = min;
	reading->check->status_max = max;
	return 0;
}

static int
contains(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->contains = kyi_yaml_place(yaml);
	return kyi_config_text(yaml, &reading->check->contains,
	    "what the body has in it");
}

static int
matches(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->matches = kyi_yaml_place(yaml);
	reading->check->matches.place = reading->matches;
	return kyi_config_text(yaml, &reading->check->matches.text,
	    "a regular expression");
}

static int
certificate(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->certificate = kyi_yaml_place(yaml);
	return kyi_config_number(yaml, &reading->check->certificate_days, 1,
	    3650);
}

static int
ca_file(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	reading->ca_file = kyi_yaml_place(yaml);
	return kyi_config_path(yaml, &reading->check->ca_file);
}

/* ---- a check -------------------------------------------------------------- */

static int
of_kind(struct kyi_yaml *yaml, const struct reading *reading,
    enum kymo_check_kind kind, struct kymo_config_place place, const char *key)
{
	if (place.line == 0 || reading->check->kind == kind)
		return 0;
	return kyi_yaml_error_at(yaml, place, "%s is for %s checks; this one is "
	    "%s", key, kinds[kind].name, kinds[reading->check->kind].name);
}

static int
fitting(struct kyi_yaml *yaml, const struct reading *reading)
{
	const struct kymo_check *check = reading->check;

	if (of_kind(yaml, reading, KYMO_CHECK_HTTP, reading->status,
	    "status") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_HTTP, reading->contains,
	    "contains") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_HTTP, reading->matches,
	    "matches") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_HTTP, reading->certificate,
	    "certificate_days") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_HTTP, reading->ca_file,
	    "ca_file") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_HEARTBEAT, reading->within,
	    "within") != 0 ||
	    of_kind(yaml, reading, KYMO_CHECK_PROCESS, reading->at_least,
	    "at_least") != 0)
		return -1;
	if (check->certificate_days > 0 &&
	    strncmp(check->what.text, "https:", 6) != 0)
		return kyi_yaml_error_at(yaml, reading->certificate,
		    "certificate_days needs an https URL");
	return 0;
}

static void
defaults_set(struct kymo_check *check)
{
	if (check->interval_ms == 0)
		check->interval_ms = kinds[check->kind].interval_ms;
	if (check->timeout_ms == 0)
		check->timeout_ms = check->interval_ms < 5000 ?
		    check->interval_ms : 5000;
	if (check->failures == 0)
		check->failures = kinds[check->kind].failures;
	if (check->successes == 0)
		check->successes = kinds[check->kind].successes;
	if (check->at_least == 0)
		check->at_least = 1;
	if (check->within_ms == 0)
		check->within_ms = 30000;
	if (check->status_max == 0) {
		check->status_min = 200;
		check->status_max = 299;
	}
}

static const struct kymo_check *
named(const struct kymo_care_plan *plan, const char *text, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		if (strcmp(plan->checks[i].name, text) == 0)
			return &plan->checks[i];
	return NULL;
}

/* The last check of plan, which may have a name already. */
static int
name_set(struct kyi_yaml *yaml, const struct kymo_care_plan *plan,
    struct kymo_config_place place)
{
	uint32_t cnt = plan->check_cnt - 1, n = 1;
	struct kymo_check *check = &plan->checks[cnt];
	char room[40];

	if (check->name != NULL) {
		if (strlen(check->name) > 60)
			return kyi_yaml_error_at(yaml, place, "a check's name "
			    "of more than 60 bytes");
		if (named(plan, check->name, cnt) != NULL)
			return kyi_yaml_error_at(yaml, place, "two checks of "
			    "'%.60s' are called '%.60s'; name: is for that",
			    plan->component, check->name);
		return 0;
	}
	snprintf(room, sizeof(room), "%s", kinds[check->kind].name);
	while (named(plan, room, cnt) != NULL)
		snprintf(room, sizeof(room), "%s_%u", kinds[check->kind].name,
		    ++n);
	check->name = strdup(room);
	return check->name == NULL ? kyi_yaml_error(yaml, "out of memory") : 0;
}

static int
check_item(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "process", process, false },
		{ "heartbeat", heartbeat, false },
		{ "tcp", tcp, false },
		{ "http", http, false },
		{ "command", command, false },
		{ "promql", promql, false },
		{ "name", name, false },
		{ "interval", interval, false },
		{ "timeout", timeout, false },
		{ "failures", failures, false },
		{ "successes", successes, false },
		{ "means", means, false },
		{ "at_least", at_least, false },
		{ "within", within, false },
		{ "status", status, false },
		{ "contains", contains, false },
		{ "matches", matches, false },
		{ "certificate_days", certificate, false },
		{ "ca_file", ca_file, false },
	};
	struct kymo_care_plan *plan = to;
	struct kymo_config_place place = kyi_yaml_place(yaml);
	struct reading reading = { .check = NULL };
	struct kymo_check *array = kyi_config_longer(yaml, plan->checks,
	    plan->check_cnt, sizeof(array[0]));

	if (array == NULL)
		return -1;
	plan->checks = array;
	reading.check = &array[plan->check_cnt++];
	if (kyi_config_mapping(yaml, &reading, keys,
	    sizeof(keys) / sizeof(keys[0]), "{tcp: 127.0.0.1:5432}") != 0)
		return -1;
	if (reading.check->kind == KYMO_CHECK_NONE)
		return kyi_yaml_error_at(yaml, place, "what does this check "
		    "look at? There are process, heartbeat, tcp, http, "
		    "command, promql");
	if (fitting(yaml, &reading) != 0)
		return -1;
	defaults_set(reading.check);
	return name_set(yaml, plan, place);
}

int
kyi_config_checks(struct kyi_yaml *yaml, void *to)
{
	struct kymo_care_plan *plan = kyi_config_care_of(yaml, to);

	return plan == NULL ? -1 :
	    kyi_config_list(yaml, plan, check_item, CHECK_MAX);
}
