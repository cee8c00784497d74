/* SPDX-License-Identifier: MIT */
/* Goal: what Alertmanager has not: escalations, maintenance, dependencies,
   flapping and dead man's switches do what their page says, over restarts; and
   a file that is wrong in them is refused with its place.
   Method: a world whose time is a number; rows of passes and what is said. */
#include "tests/testlib/alerts_world.h"

#define RECEIVERS \
	"receivers:\n" \
	"- name: team\n" \
	"  webhook_configs: [{url: 'http://a'}]\n" \
	"- name: second\n" \
	"  webhook_configs: [{url: 'http://b'}]\n" \
	"- name: boss\n" \
	"  webhook_configs: [{url: 'http://c', send_resolved: false}]\n" \
	"time_intervals:\n" \
	"- name: night\n" \
	"  time_intervals: [{times: [{start_time: '00:00', " \
	    "end_time: '06:00'}]}]\n"

struct pass {
	int64_t at_s;
	const char *alerts, *said;
};

static void
play(struct world *world, const struct pass *passes, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		const char *said;

		if (world->stored)
			world_again(world);
		said = world_pass(world, passes[i].at_s, passes[i].alerts);
		if (strcmp(said, passes[i].said) != 0)
			fail_msg("at %lld: '%s', not '%s'",
			    (long long)passes[i].at_s, said, passes[i].said);
	}
}

/* All of it once as it is, and once begun anew before each pass. */
static void
play_twice(const char *config, const struct pass *passes, size_t cnt)
{
	struct world world;
	char path[PATH_MAX];

	world_begin(&world, config, NULL);
	play(&world, passes, cnt);
	world_end(&world);
	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	world_begin(&world, config, path);
	play(&world, passes, cnt);
	world_end(&world);
}
#define PLAY(config, passes) \
	play_twice(config, passes, sizeof(passes) / sizeof(passes[0]))

#define ESCALATION \
	"kymo:\n" \
	"  escalations:\n" \
	"  - name: up\n" \
	"    repeat: 1\n" \
	"    steps:\n" \
	"    - {wait: 10m, receivers: [second]}\n" \
	"    - {wait: 20m, receivers: [second, boss], when: firing}\n" \
	"route: {receiver: team, escalation: up, repeat_interval: 30d}\n" \
	RECEIVERS

static void
test_steps_come_one_after_another_and_again(void **state)
{
	static const struct pass passes[] = {
		{1000, "A", "team new: +A"},
		/* A new one of the group is no new incident. */
		{1400, "A B", "team new: +A +B"},
		{1599, "A B", ""},
		{1600, "A B", "second escalated: +A +B"},
		{2800, NULL, "second escalated: +A +B; boss escalated: +A +B"},
		{3400, NULL, "second escalated: +A +B"},
		{4600, NULL, "second escalated: +A +B; boss escalated: +A +B"},
		{9999, "A B", ""},
		/* Whom it reached hears the end. */
		{10000, "A", "team resolved: +A -B; second resolved: +A -B"},
		{10001, "", "team resolved: -A; second resolved: -A"},
		/* The next incident begins anew. */
		{20000, "A", "team new: +A"},
		{20600, "A", "second escalated: +A"},
	};

	PLAY(ESCALATION, passes);
}

static void
test_who_acknowledges_ends_the_steps_that_ask(void **state)
{
	struct kymo_error error = {""};
	struct world world;

	world_begin(&world, ESCALATION, NULL);
	assert_string_equal(world_pass(&world, 1000, "A"), "team new: +A");
	assert_int_equal(world_next_s(&world), 1600);
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=A", "ann",
	    "", 0, 1100000, &error), 1);
	assert_string_equal(world_pass(&world, 1600, NULL), "");
	assert_string_equal(world_pass(&world, 2800, NULL),
	    "second escalated: +A; boss escalated: +A");
	world_end(&world);
}

/* What has no room is tried again, and who had it has it once. */
static void
test_a_step_without_room_is_taken_later(void **state)
{
	struct world world;

	world_begin(&world, ESCALATION, NULL);
	world_pass(&world, 1000, "A");
	world.answer = KYMO_NOTICE_LATER;
	assert_string_equal(world_pass(&world, 1600, "A"), "");
	assert_int_equal(world_next_s(&world), 1601);
	world.answer = 0;
	assert_string_equal(world_pass(&world, 1601, "A"),
	    "second escalated: +A");
	assert_string_equal(world_pass(&world, 1602, "A"), "");
	world_end(&world);
}

static void
test_maintenance_mutes_while_it_lasts(void **state)
{
	static const struct pass passes[] = {
		{1000, "A,env=test B,env=prod C,env=prod",
		    "team new: +B; team new: +C"},
		/* Until six, each night, and C until 1970-01-03. */
		{6 * 3600, NULL, "team new: +A"},
		{24 * 3600, "B,env=prod", "team resolved: -A; "
		    "team resolved: -C"},
		{24 * 3600 + 60, "B,env=prod C,env=prod", ""},
		{48 * 3600, "B,env=prod C,env=prod", "team repeat: +B; "
		    "team new: +C"},
	};

	PLAY("kymo:\n  maintenance:\n"
	    "  - {name: nightly, matchers: [env=test], "
	    "time_intervals: [night]}\n"
	    "  - {name: move, matchers: [alertname=C], "
	    "from: 1970-01-02T00:00:00Z, until: 1970-01-03T00:00:00Z}\n"
	    "route: {receiver: team, group_by: ['...'], "
	    "repeat_interval: 40h}\n" RECEIVERS, passes);
}

static void
test_what_depends_on_a_dead_component_is_muted(void **state)
{
	static const struct pass passes[] = {
		/* The whole chain in one pass: the cause alone is said. */
		{1000, "Slow,c=shop Errors,c=api,s=page Down,c=db,s=page "
		    "Other,c=mail", "team new: +Down; team new: +Other"},
		/* An alert that does not say "down" mutes nobody. */
		{2000, "Slow,c=shop Down,c=db", "team resolved: -Down; "
		    "team new: +Down; team resolved: -Other; team new: +Slow"},
	};

	PLAY("kymo:\n  dependencies:\n"
	    "  - {label: c, down: ['s=page'], of: {shop: [api, cache], "
	    "api: [db], cache: [db]}}\n"
	    "route: {receiver: team, group_by: ['...']}\n" RECEIVERS, passes);
}

static void
test_what_flaps_is_said_once(void **state)
{
	static const struct pass passes[] = {
		{1000, "A", "team new: +A"},
		{1010, "", "team resolved: -A"},
		{1020, "A", ""},
		{1030, "", ""},
		/* The fifth change: it counts as firing from here. */
		{1040, "A", ""},
		{1050, "", ""},
		{1300, NULL, "team new: +A"},
		{1310, "A", ""},
		{1320, "", ""},
		{1919, "", ""},
		{1920, NULL, "team resolved: -A"},
		{5000, "A", "team new: +A"},
		{5001, "", "team resolved: -A"},
	};

	PLAY("kymo: {flapping: {changes: 5, within: 10m, quiet: 10m}}\n"
	    "route: {receiver: team}\n" RECEIVERS, passes);
}

static void
test_a_dead_mans_switch_fires_when_nothing_does(void **state)
{
	static const struct pass passes[] = {
		{1000, "Watchdog", "team new: +Watchdog"},
		{1300, "Watchdog", ""},
		{1301, "", "team resolved: -Watchdog"},
		{1599, "", ""},
		{1600, NULL, "second new: +NoWatchdog"},
		{1700, "", ""},
		{1800, "Watchdog", "second resolved: -NoWatchdog; "
		    "team new: +Watchdog"},
	};
	struct world world;

	world_begin(&world, "kymo:\n  dead_mans_switches:\n"
	    "  - {name: NoWatchdog, matchers: [alertname=Watchdog], "
	    "within: 5m, labels: {severity: page}}\n"
	    "route:\n  receiver: team\n  routes:\n"
	    "  - {receiver: second, matchers: [severity=page]}\n" RECEIVERS,
	    NULL);
	play(&world, passes, sizeof(passes) / sizeof(passes[0]));
	/* An empty group is forgotten then; and five minutes after that. */
	assert_int_equal(world_next_s(&world), 1900);
	world_pass(&world, 1900, NULL);
	assert_int_equal(world_next_s(&world), 2200);
	world_end(&world);
}

/* ---- wrong files ---------------------------------------------------------- */

static struct kymo_buffer heard;

static void
hear(void *of, const char *text)
{
	kymo_buffer_printf(&heard, "%s%s", heard.len_bytes > 0 ? "\n" : "",
	    text);
}

static void
test_what_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"kymo: {escalation: []}", "f:1:8: kymo has no key "
		    "'escalation'; is it 'escalations'?"},
		{"kymo: {escalations: [{}]}", "f:1:22: an escalation needs a "
		    "name\nf:1:22: an escalation needs steps"},
		{"kymo: {escalations: [{name: a, steps: [{wait: 0s, "
		    "receivers: [r]}]}]}", "f:1:47: a step needs a wait of at "
		    "least 1s"},
		{"kymo: {escalations: [{name: a, steps: [{wait: 1m}]}]}",
		    "f:1:40: a step needs receivers"},
		{"kymo: {escalations: [{name: a, steps: [{wait: 1m, "
		    "receivers: [x]}]}]}", "f:1:63: no receiver 'x' under "
		    "receivers: write it there"},
		{"kymo: {escalations: [{name: a, steps: [{wait: 1m, "
		    "receivers: [r], when: late}]}]}", "f:1:73: expected "
		    "not_acknowledged or firing, found 'late'"},
		{"kymo: {escalations: [{name: a, repeat: -1, "
		    "steps: [{wait: 1m, receivers: [r]}]}]}", "f:1:40: repeat "
		    "is a whole number from 0 to 1000"},
		{"kymo: {maintenance: [{name: m, matchers: [a=b]}]}",
		    "f:1:22: it would never end: write until, or "
		    "time_intervals"},
		{"kymo: {maintenance: [{name: m, until: tomorrow}]}",
		    "f:1:39: 'tomorrow' is no time; write one as "
		    "2027-01-31T18:00:00Z"},
		{"kymo: {dependencies: [{}]}", "f:1:23: dependencies need "
		    "of: {COMPONENT: [those it depends on]}"},
		{"kymo: {dependencies: [{of: {a: [b], b: [c], c: [a]}}]}",
		    "f:1:45: 'c' would depend on itself: leave one of the circle out"},
		{"kymo: {dependencies: [{of: {a: [a]}}]}",
		    "f:1:29: 'a' would depend on itself: leave one of the circle out"},
		{"kymo: {flapping: {changes: 2}}", "f:1:28: changes is a whole "
		    "number from 3 to 32"},
		{"kymo: {dead_mans_switches: [{name: d}]}", "f:1:29: a dead "
		    "man's switch needs matchers, of the alert that must "
		    "always fire"},
		{"kymo: {escalations: [~]}", "f:1:22: expected keys and "
		    "values, found nothing"},
	};
	struct kymo_routing_faults faults = {hear, NULL, NULL};
	struct kymo_routing *routing;
	char text[500];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s\nroute: {receiver: r}\n"
		    "receivers: [{name: r}]\n", rows[i].text);
		heard.len_bytes = 0;
		kymo_buffer_str(&heard, "");
		assert_int_equal(kymo_routing_parse(&routing, "f", text,
		    strlen(text), &faults), -1);
		if (strcmp(heard.at, rows[i].why) != 0)
			fail_msg("%s: %s", rows[i].text, heard.at);
	}
	kymo_buffer_free(&heard);
}

#define WITH_DIR(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_DIR(test_steps_come_one_after_another_and_again),
		cmocka_unit_test(
		    test_who_acknowledges_ends_the_steps_that_ask),
		cmocka_unit_test(test_a_step_without_room_is_taken_later),
		WITH_DIR(test_maintenance_mutes_while_it_lasts),
		WITH_DIR(test_what_depends_on_a_dead_component_is_muted),
		WITH_DIR(test_what_flaps_is_said_once),
		cmocka_unit_test(
		    test_a_dead_mans_switch_fires_when_nothing_does),
		cmocka_unit_test(test_what_is_wrong_is_refused_with_its_place),
	};

	return testlib_run("alert_ours", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
