/* SPDX-License-Identifier: MIT */
/* What outlives kymod, from files that anybody may have damaged: states of
   alerts (rows KIND KEY VALUE, a line each, \n as a line's end within), what
   recovery counts, totals of the dead. All of it is taken up or left, and what
   was taken up can be lived with, and saved again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/alerts.h"
#include "reader/config/config.h"
#include "reader/health/health.h"
#include "reader/series/private.h"
#include "shm/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)

/* ---- alerts ------------------------------------------------------------------- */

static const char routes[] =
    "kymo: {}\n"
    "route:\n"
    "  receiver: team\n"
    "  group_by: [job]\n"
    "  routes:\n"
    "  - {matchers: [severity=page], receiver: pager}\n"
    "receivers:\n"
    "- name: team\n"
    "  webhook_configs: [{url: 'http://team'}]\n"
    "- name: pager\n"
    "  webhook_configs: [{url: 'http://pager'}]\n";

static void
hear(void *of, const char *text)
{
	(void)of;
	(void)text;
	abort();
}

static int
notify(void *of, const struct kymo_notice *notice, struct kymo_error *error)
{
	size_t *bytes = of;

	(void)error;
	*bytes += strlen(notice->group_key);
	for (uint32_t i = 0; i < notice->alert_cnt; i++)
		*bytes += strlen(kymo_labels_get(notice->alerts[i].labels,
		    "alertname"));
	return 0;
}

static int
begin(void *of, struct kymo_error *error)
{
	(void)of;
	(void)error;
	return 0;
}

static void
rollback(void *of)
{
	(void)of;
}

static int
put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	(void)of;
	(void)error;
	return kind == '\0' || key == NULL || (text != NULL && *text == '\0');
}

/* \n is a newline, \\ a backslash. */
static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			*to++ = *++text == 'n' ? '\n' : *text;
		else
			*to++ = *text;
	}
	*to = '\0';
}

static int
load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	char *copy = strdup(of), *line, *rest = NULL;
	int result = 0;

	(void)error;
	if (copy == NULL)
		abort();
	for (line = strtok_r(copy, "\n", &rest); line != NULL && result == 0;
	    line = strtok_r(NULL, "\n", &rest)) {
		char *key = strchr(line, '\t'), *value;

		value = key == NULL ? NULL : strchr(key + 1, '\t');
		if (value == NULL)
			continue;
		*key++ = '\0';
		*value++ = '\0';
		unescape(key);
		unescape(value);
		result = each(to, *line, key, value);
	}
	free(copy);
	return result;
}

static int
view(void *to, const struct kymo_alert_view *alert)
{
	size_t *bytes = to;

	*bytes += strlen(alert->muted) + strlen(alert->acknowledged);
	for (uint32_t i = 0; i < alert->decision_cnt; i++)
		*bytes += strlen(alert->decisions[i].text);
	return 0;
}

static void
alerts(char *text)
{
	static struct kymo_routing *routing;
	const struct kymo_routing_faults faults = { hear, NULL, NULL };
	const struct kymo_alerts_store store = { .of = text, .begin = begin,
	    .commit = begin, .rollback = rollback, .put = put, .load = load };
	size_t bytes = 0;
	struct kymo_alerts_options options = { .store = &store,
	    .notify = notify, .of = &bytes };
	struct kymo_alerts *engine;
	struct kymo_error error;

	if (routing == NULL && kymo_routing_parse(&routing, "f", routes,
	    strlen(routes), &faults) != 0)
		abort();
	options.routing = routing;
	if (kymo_alerts_new(&engine, &options, &error) != 0)
		abort();
	for (int64_t i = 0; i < 4; i++) {
		const struct kymo_label pair = { "alertname", "A" };
		struct kymo_labels *labels = kymo_labels_make(&pair, 1);

		kymo_alerts_begin(engine);
		if (i > 0 && kymo_alerts_add(engine, &(struct kymo_alert){
		    .labels = labels, .state = KYMO_ALERT_FIRING,
		    .active_ms = NOW_MS, .fired_ms = NOW_MS }) != 0)
			abort();
		free(labels);
		if (kymo_alerts_step(engine, NOW_MS + i * 300000, &error) < 0)
			abort();
		if (kymo_alerts_list(engine, NULL, NOW_MS + i * 300000, view,
		    &bytes, &error) != 0)
			abort();
	}
	kymo_alerts_delete(engine);
}

/* ---- health ------------------------------------------------------------------- */

static const char components[] =
    "components:\n"
    "  web:\n"
    "    checks: [{command: [/bin/true], interval: 1s}]\n"
    "    recovery:\n"
    "      actions: [{command: [/bin/true]}]\n";

static int
look(void *of, uint64_t ticket, const struct kymo_check *check,
    struct kymo_looked *now)
{
	(void)of;
	(void)ticket;
	(void)check;
	now->result = KYMO_LOOK_BAD;
	return 1;
}

static int
act(void *of, uint64_t ticket, const char *component,
    const struct kymo_action *action, struct kymo_looked *now)
{
	(void)of;
	(void)ticket;
	(void)component;
	(void)action;
	now->result = KYMO_LOOK_GOOD;
	return 1;
}

static bool
give_up(void *of, uint64_t ticket)
{
	(void)of;
	(void)ticket;
	return true;
}

static void
say(void *of, int level, const char *text)
{
	(void)of;
	if (level < 0 || *text == '\0')
		abort();
}

static int
status(void *to, const struct kymo_care_status *status)
{
	size_t *bytes = to;

	*bytes += strlen(status->reason) + strlen(status->remedy_note);
	return 0;
}

/* The body of a file; its checksum, which no fuzzer finds, is put here. */
static void
health(const char *text, size_t len_bytes)
{
	const struct kymo_care_options options = { .world = { .look = look,
	    .act = act, .give_up = give_up, .say = say } };
	struct kymo_buffer file = { 0 }, saved = { 0 };
	struct kymo_error error = { "" };
	struct kymo_config *config;
	struct kymo_care *care;
	struct kymo_care_plan **plans;
	size_t bytes = 0;
	uint32_t cnt;

	if (kymo_config_parse(&config, "c", components, strlen(components),
	    &error) != 0)
		abort();
	plans = kymo_config_care(config, &cnt);
	kymo_config_free(config);
	if (kymo_care_new(&care, &options, plans, cnt, &error) != 0)
		abort();
	kymo_buffer_add(&file, text, len_bytes);
	kymo_buffer_printf(&file, "crc32c %08x\n", kyi_crc32c(0, text,
	    len_bytes));
	if (kymo_care_restore(care, file.at, file.len_bytes, NOW_MS,
	    &error) == 0)
		for (uint64_t i = 0; i < 30; i++) {
			kymo_care_step(care, i * UINT64_C(60000000000),
			    NOW_MS + (int64_t)i * 60000);
			kymo_care_status(care, status, &bytes);
		}
	kymo_care_save(care, &saved);
	kymo_buffer_free(&saved);
	kymo_buffer_free(&file);
	kymo_care_delete(care);
}

/* ---- totals of the dead ------------------------------------------------------- */

static void
total(const uint8_t *bytes, size_t len_bytes)
{
	static const enum kymo_metric_kind kinds[] = { KYMO_METRIC_COUNTER,
	    KYMO_METRIC_FLOAT_COUNTER, KYMO_METRIC_HISTOGRAM };
	const char *strings[8];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct kyi_retired_row row = { .family.kind = kinds[i] };
		uint64_t *buckets = NULL;
		struct kyi_blob blob;

		if (!kyi_unpack_value(&row, bytes, len_bytes, &buckets))
			continue;
		blob = kyi_pack_value(&row);
		if (blob.at != NULL && len_bytes == blob.len_bytes &&
		    memcmp(blob.at, bytes, len_bytes) != 0)
			abort();
		free(blob.at);
		free(buckets);
	}
	kyi_unpack_strings(strings, 8, bytes, (int)len_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	char *text = malloc(len_bytes + 1);

	if (text == NULL)
		return 0;
	memcpy(text, bytes, len_bytes);
	text[len_bytes] = '\0';
	if (strncmp(text, "kymo-health", 11) == 0)
		health(text, len_bytes);
	else if (len_bytes > 0 && *text == '\x01')
		total(bytes + 1, len_bytes - 1);
	else
		alerts(text);
	free(text);
	return 0;
}
