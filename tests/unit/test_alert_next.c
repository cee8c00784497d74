/* SPDX-License-Identifier: MIT */
/* Goal: what comes next of an alert is told for each reason why it is not said
   now: with what it waits for, and until when.
   Method: an engine's passes, and what why says last; a row a reason. */
#include "tests/testlib/alerts_world.h"
#include "tests/testlib/testlib.h"

#define RECEIVERS \
	"receivers: [{name: team, webhook_configs: [{url: 'http://t'}]}, " \
	"{name: boss, webhook_configs: [{url: 'http://b'}]}, {name: nobody}]\n"

/* Appends what comes next, a line each. */
static const char *
next_of(struct world *world, int64_t now_s)
{
	static char told[2000];
	struct kymo_buffer out = {0};
	struct kymo_error error = {""};
	char *at, *end;

	told[0] = '\0';
	assert_int_equal(kymo_alerts_why(world->alerts, "alertname=A",
	    now_s * 1000, &out, &error), 1);
	for (at = out.at; (at = strstr(at, "  next")) != NULL; at = end) {
		end = strchr(at, '\n') + 1;
		assert_true(strlen(told) + (size_t)(end - at) < sizeof(told));
		strncat(told, at + 2, (size_t)(end - at - 2));
	}
	kymo_buffer_free(&out);
	return told;
}

static const struct {
	const char *config; /* without receivers */
	const char *first, *then; /* passes at 1000 and 1010 s */
	const char *silence, *ack; /* said at 1005 s; NULL */
	int64_t until_ms;          /* of both */
	const char *next;          /* at 1010 s */
} rows[] = {
	{"route: {receiver: team}", "A", "A", NULL, NULL, 0,
	    "next, to team: again, at 1970-01-01T04:16:40.000Z\n"},
	{"route: {receiver: team}", "?A", "?A", NULL, NULL, 0,
	    "next: it fires when its rule's \"for\" is over\n"},
	{"route: {receiver: nobody}", "A", "A", NULL, NULL, 0,
	    "next: nothing: nobody has no way to anybody\n"},
	{"route: {receiver: team, group_wait: 1m}", "A", "A", NULL, NULL, 0,
	    "next, to team: a first message, after group_wait, at "
	    "1970-01-01T00:17:40.000Z\n"},
	{"route: {receiver: team}", "B", "A B", NULL, NULL, 0,
	    "next, to team: a first message, after group_interval: others of "
	    "its group were said, at 1970-01-01T00:21:40.000Z\n"},
	/* Silenced before, and after it was said; the end of what was said is
	   said all the same. */
	{"route: {receiver: team, group_wait: 1m}", "A", "A", "alertname=A",
	    NULL, 2000000, "next, to team: a first message after silence 1 is "
	    "over, if it fires still, at 1970-01-01T00:33:20.000Z\n"},
	{"route: {receiver: team, repeat_interval: 1m}", "A", "A",
	    "alertname=A", NULL, 2000000, "next, to team: its end, when it "
	    "ends; if it fires on, again after silence 1 is over, at "
	    "1970-01-01T00:33:20.000Z\n"},
	{"route: {receiver: team, repeat_interval: 1h}", "A", "A",
	    "alertname=A", NULL, 2000000, "next, to team: its end, when it "
	    "ends; if it fires on, again after silence 1 is over, at "
	    "1970-01-01T01:16:40.000Z\n"},
	{"route: {receiver: team}\ninhibit_rules: [{source_matchers: "
	    "[alertname=B], target_matchers: [alertname=A]}]", "A B", "A B",
	    NULL, NULL, 0, "next, to team: nothing while it is muted: "
	    "inhibited by the rule in line 3, while this fires: "
	    "{alertname=\"B\"}\n"},
	{"route: {receiver: team}", "A", "A", NULL, "ann", 0,
	    "next, to team: its end, when it ends; not again while ann has "
	    "acknowledged it\n"},
	{"route: {receiver: team, repeat_interval: 1m}", "A", "A", NULL, "ann",
	    2000000, "next, to team: its end, when it ends; not again while "
	    "ann has acknowledged it, at 1970-01-01T00:33:20.000Z\n"},
	/* 00:16:40 is in the night, which ends at 06:00. */
	{"route: {receiver: team, routes: [{matchers: [alertname=A], "
	    "mute_time_intervals: [night]}]}\ntime_intervals: [{name: night, "
	    "time_intervals: [{times: [{start_time: '00:00', end_time: "
	    "'06:00'}]}]}]", "A", "A", NULL, NULL, 0, "next, to team: held "
	    "back by time interval night; then a first message, at "
	    "1970-01-01T06:00:00.000Z\n"},
	{"route: {receiver: team, escalation: up}", "A", "A", NULL, NULL, 0,
	    "next, to team: again, at 1970-01-01T04:16:40.000Z\n"
	    "next: step 1 of escalation up, to boss, unless somebody "
	    "acknowledges it, at 1970-01-01T00:17:40.000Z\n"},
	{"route: {receiver: team, escalation: up}", "A", "A", NULL, "ann", 0,
	    "next, to team: its end, when it ends; not again while ann has "
	    "acknowledged it\n"
	    "next: step 1 of escalation up, to boss: not of this one, it is "
	    "acknowledged, at 1970-01-01T00:17:40.000Z\n"},
	{"route: {receiver: team}", "A", "", NULL, NULL, 0, ""},
};

static void
test_each_reason_tells_what_it_waits_for(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_silence silence = {.id = "", .author = "ann",
		    .matchers = rows[i].silence, .from_ms = 1005000,
		    .until_ms = rows[i].until_ms};
		struct kymo_error error = {""};
		struct world world;
		char config[1000], id[KYMO_SILENCE_ID_BYTES];
		const char *next;

		snprintf(config, sizeof(config), "kymo: %s\n%s\n" RECEIVERS,
		    strstr(rows[i].config, "escalation") == NULL ? "{}" :
		    "{escalations: [{name: up, steps: [{wait: 1m, receivers: "
		    "[boss]}]}]}", rows[i].config);
		world_begin(&world, config, NULL);
		world_pass(&world, 1000, rows[i].first);
		if (rows[i].silence != NULL)
			assert_int_equal(kymo_alerts_silence(world.alerts,
			    &silence, id, &error), 0);
		if (rows[i].ack != NULL)
			assert_int_equal(kymo_alerts_ack(world.alerts,
			    "alertname=A", rows[i].ack, "", rows[i].until_ms,
			    1005000, &error), 1);
		world_pass(&world, 1010, rows[i].then);
		next = next_of(&world, 1010);
		if (strcmp(next, rows[i].next) != 0)
			fail_msg("row %zu: %s, not %s", i, next, rows[i].next);
		world_end(&world);
	}
}

static int
groups_put(void *to, const struct kymo_alert_view *view)
{
	struct kymo_buffer *out = to;

	for (uint32_t i = 0; i < view->group_cnt; i++)
		kymo_buffer_printf(out, "%s%s %s%s", out->len_bytes == 0 ? "" :
		    ", ", view->groups[i].receiver, view->groups[i].key,
		    view->groups[i].held);
	return 0;
}

static void
groups_are(struct world *world, const char *name, const char *want)
{
	const struct kymo_label label[] = {{"a", "1"}, {"alertname", name}};
	struct kymo_labels *labels = kymo_labels_make(label, 2);
	struct kymo_buffer out = {0};
	struct kymo_error error = {""};

	kymo_buffer_str(&out, "");
	assert_int_equal(kymo_alerts_one(world->alerts, labels, 1000000,
	    groups_put, &out, &error), 0);
	if (strcmp(out.at, want) != 0)
		fail_msg("%s: %s, not %s", name, out.at, want);
	kymo_buffer_free(&out);
	free(labels);
}

/* Members of a group come and go; each knows its place in each. */
static void
test_an_alert_is_told_with_its_groups(void **state)
{
	struct world world;

	world_begin(&world, "kymo: {}\nroute: {receiver: team, group_by: "
	    "[a], routes: [{receiver: boss, continue: true}, {receiver: team, "
	    "matchers: ['alertname=~\"B|C\"'], group_wait: 1h}]}\n" RECEIVERS,
	    NULL);
	world_pass(&world, 1000, "A,a=1 B,a=1 C,a=1 D,a=1");
	groups_are(&world, "A", "boss {}/{}:{a=\"1\"}");
	groups_are(&world, "C", "team {}/{alertname=~\"B|C\"}:{a=\"1\"}, "
	    "boss {}/{}:{a=\"1\"}");
	groups_are(&world, "Z", "");
	world_pass(&world, 1400, "C,a=1 D,a=1");
	groups_are(&world, "A", "");
	groups_are(&world, "B", "");
	world_pass(&world, 1800, "B,a=1 C,a=1");
	groups_are(&world, "B", "team {}/{alertname=~\"B|C\"}:{a=\"1\"}, "
	    "boss {}/{}:{a=\"1\"}");
	groups_are(&world, "C", "team {}/{alertname=~\"B|C\"}:{a=\"1\"}, "
	    "boss {}/{}:{a=\"1\"}");
	groups_are(&world, "D", "");
	world_end(&world);
}

/* ---- walks ------------------------------------------------------------------ */

struct walk {
	uint32_t seen[20000];
	uint32_t some; /* stops after so many */
};

static int
see(void *to, const struct kymo_alert_view *view)
{
	struct walk *walk = to;

	walk->seen[atoi(kymo_labels_get(view->labels, "i"))]++;
	return --walk->some == 0;
}

static void
alerts_add(struct world *world, int cnt, int64_t now_s)
{
	struct kymo_error error = {""};

	kymo_alerts_begin(world->alerts);
	for (int i = 0; i < cnt; i++) {
		char text[16];
		const struct kymo_label label[] = {{"alertname", "A"},
		    {"i", text}};
		struct kymo_alert alert = {.state = KYMO_ALERT_FIRING,
		    .active_ms = 1};

		snprintf(text, sizeof(text), "%d", i);
		alert.labels = kymo_labels_make(label, 2);
		assert_int_equal(kymo_alerts_add(world->alerts, &alert), 0);
		free((void *)(uintptr_t)alert.labels);
	}
	assert_true(kymo_alerts_step(world->alerts, now_s * 1000, &error) >= 0);
}

/* The table grows four times meanwhile. */
static void
test_a_walk_sees_once_what_is_there_all_the_time(void **state)
{
	static struct walk walk;
	struct world world;
	uint64_t at = 0;
	int cnt = 2000, more = 1;

	world_begin(&world, "route: {receiver: team}\n" RECEIVERS, NULL);
	alerts_add(&world, cnt, 1000);
	for (int looks = 0; more != 0; looks++) {
		walk.some = 150;
		more = kymo_alerts_walk(world.alerts, &at, see, &walk);
		assert_true(looks < 200);
		if (cnt < 20000)
			alerts_add(&world, cnt += 3000, 1001 + looks);
	}
	assert_true(cnt >= 20000);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(walk.seen[i], 1);
	for (int i = 2000; i < 20000; i++)
		assert_true(walk.seen[i] <= 1);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reason_tells_what_it_waits_for),
		cmocka_unit_test(test_an_alert_is_told_with_its_groups),
		cmocka_unit_test(
		    test_a_walk_sees_once_what_is_there_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
