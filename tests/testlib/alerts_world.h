/* SPDX-License-Identifier: MIT */
/* An engine of alerts in a world of a test: passes written as texts, and what
   was said as a text. */
#ifndef TESTS_TESTLIB_ALERTS_WORLD_H
#define TESTS_TESTLIB_ALERTS_WORLD_H

#include "tests/testlib/testlib.h"

#include "reader/alert/alerts.h"
#include "tests/testlib/routing.h"

struct world {
	struct kymo_routing *routing;
	struct kymo_alerts *alerts;
	struct kymo_alerts_store store;
	bool stored;
	struct kymo_buffer said; /* since it was last looked at */
	int answer;              /* of whoever takes notices */
};

/* "pager new: +A +B -C; " */
TESTLIB_UNUSED static int
world_notify(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	static const char *const whys[] = {"new", "resolved", "repeat",
	    "escalated"};
	struct world *world = of;
	uint32_t i;

	if (world->answer < 0)
		kymo_error_set(error, "the world says no");
	if (world->answer != 0)
		return world->answer;
	kymo_buffer_printf(&world->said, "%s%s %s:", world->said.len_bytes == 0
	    ? "" : "; ", notice->to->name, whys[notice->why]);
	for (i = 0; i < notice->alert_cnt; i++)
		kymo_buffer_printf(&world->said, " %c%s",
		    notice->alerts[i].firing ? '+' : '-', kymo_labels_get(
		    notice->alerts[i].labels, "alertname"));
	return 0;
}

TESTLIB_UNUSED static void
world_start(struct world *world)
{
	struct kymo_alerts_options options = {.routing = world->routing,
	    .store = world->stored ? &world->store : NULL,
	    .notify = world_notify, .of = world};
	struct kymo_error error = {""};

	if (kymo_alerts_new(&world->alerts, &options, &error) != 0)
		fail_msg("%s", error.text);
}

TESTLIB_UNUSED static void
world_begin(struct world *world, const char *config, const char *path)
{
	struct kymo_error error = {""};

	memset(world, 0, sizeof(*world));
	world->routing = routing_of(config);
	world->stored = path != NULL;
	if (world->stored && kymo_alerts_store_open(&world->store, path,
	    &error) != 0)
		fail_msg("%s", error.text);
	world_start(world);
}

/* As if it had been killed, and begun again. */
TESTLIB_UNUSED static void
world_again(struct world *world)
{
	kymo_alerts_delete(world->alerts);
	world_start(world);
}

TESTLIB_UNUSED static void
world_end(struct world *world)
{
	kymo_alerts_delete(world->alerts);
	if (world->stored)
		kymo_alerts_store_close(&world->store);
	kymo_routing_delete(world->routing);
	kymo_buffer_free(&world->said);
}

/* Adds "A", or "A,severity=page,team=db"; of state. */
TESTLIB_UNUSED static void
world_add(struct world *world, char *text, enum kymo_alert_state state,
    int64_t since_ms)
{
	struct kymo_label labels[20];
	struct kymo_alert alert = {.state = state, .value = 1,
	    .active_ms = since_ms,
	    .fired_ms = state == KYMO_ALERT_FIRING ? since_ms : 0};
	struct kymo_labels *made;
	uint32_t cnt = 0;
	char *at, *rest = NULL;

	for (at = strtok_r(text, ",", &rest); at != NULL;
	    at = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(at, '=');

		if (value == NULL) {
			labels[cnt++] = (struct kymo_label){"alertname", at};
			continue;
		}
		*value = '\0';
		labels[cnt++] = (struct kymo_label){at, value + 1};
	}
	made = kymo_labels_make(labels, cnt);
	assert_non_null(made);
	alert.labels = made;
	assert_int_equal(kymo_alerts_add(world->alerts, &alert), 0);
	free(made);
}

/* A pass of what fires ("A B,team=db"; "?A" is pending), and a step. alerts
   NULL: a step alone. Returns what was said. */
TESTLIB_UNUSED static const char *
world_pass(struct world *world, int64_t now_s, const char *alerts)
{
	struct kymo_error error = {""};
	char *copy, *at, *rest = NULL;

	world->said.len_bytes = 0;
	kymo_buffer_str(&world->said, "");
	if (alerts != NULL) {
		copy = strdup(alerts);
		kymo_alerts_begin(world->alerts);
		for (at = strtok_r(copy, " ", &rest); at != NULL;
		    at = strtok_r(NULL, " ", &rest))
			world_add(world, *at == '?' ? at + 1 : at, *at == '?' ?
			    KYMO_ALERT_PENDING : KYMO_ALERT_FIRING,
			    now_s * 1000);
		free(copy);
	}
	if (kymo_alerts_step(world->alerts, now_s * 1000, &error) < 0)
		kymo_buffer_printf(&world->said, "error: %s", error.text);
	return world->said.at;
}

/* When it wants to be stepped; -1: never. */
TESTLIB_UNUSED static int64_t
world_next_s(const struct world *world)
{
	int64_t next_ms = kymo_alerts_next_ms(world->alerts);

	return next_ms == INT64_MAX ? -1 : next_ms / 1000;
}

#endif
