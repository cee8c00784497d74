/* SPDX-License-Identifier: MIT */
/* Goal: each alert is said to whom its routes say, together with its group, as
   often as they say; its end at once; what is muted is not said; and none of
   it is forgotten or said twice when the process ends.
   Method: a world whose time is a number; rows of passes and what is said. */
#include "tests/testlib/alerts_world.h"

#define RECEIVERS \
	"receivers:\n" \
	"- name: team\n" \
	"  webhook_configs: [{url: 'http://a'}]\n" \
	"- name: chat\n" \
	"  slack_configs: [{api_url: 'http://b'}]\n" \
	"- name: nobody\n" \
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
		const char *said = world_pass(world, passes[i].at_s,
		    passes[i].alerts);

		if (strcmp(said, passes[i].said) != 0)
			fail_msg("at %lld: '%s', not '%s'",
			    (long long)passes[i].at_s, said, passes[i].said);
	}
}
#define PLAY(world, passes) \
	play(world, passes, sizeof(passes) / sizeof(passes[0]))

static void
test_ours_says_at_once_and_repeats(void **state)
{
	static const struct pass passes[] = {
		{1000, "", ""},
		{1001, "?A", ""},
		{1002, "A", "team new: +A"},
		{1003, "A", ""},
		/* New ones of the group wait for group_interval. */
		{1010, "A B", ""},
		{1301, "A B", ""},
		{1302, NULL, "team new: +A +B"},
		/* An end does not wait. */
		{1303, "B", "team resolved: +B -A"},
		{1304, "B", ""},
		/* Four hours after the last. */
		{15702, NULL, ""},
		{15703, NULL, "team repeat: +B"},
		{15800, "", "team resolved: -B"},
		{15801, "", ""},
		{90000, NULL, ""},
	};
	struct world world;

	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n" RECEIVERS,
	    NULL);
	PLAY(&world, passes);
	assert_int_equal(world_next_s(&world), -1);
	world_end(&world);
}

static void
test_a_clock_that_is_set_back_silences_no_group(void **state)
{
	static const struct pass passes[] = {
		{50000, "", ""},
		{50001, "A", "team new: +A"},
		/* By ten hours. */
		{14000, "A B", ""},
		{14299, "A B", ""},
		{14300, NULL, "team new: +A +B"},
		/* By an hour; four after the last. */
		{10700, "A B", ""},
		{25099, NULL, ""},
		{25100, NULL, "team repeat: +A +B"},
	};
	struct world world;

	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n" RECEIVERS,
	    NULL);
	PLAY(&world, passes);
	world_end(&world);
}

static void
test_alertmanagers_files_wait_as_they_say(void **state)
{
	static const struct pass passes[] = {
		{1000, "A,c=x", ""},
		{1010, "A,c=x B,c=x C,c=y", ""},
		{1030, NULL, "team new: +A +B"},
		{1040, NULL, "team new: +C"},
		/* Gone before anybody heard of it. */
		{1050, "A,c=x B,c=x C,c=y D,c=z", ""},
		{1060, "A,c=x B,c=x C,c=y", ""},
		{1090, NULL, ""},
	};
	struct world world;

	world_begin(&world, "route: {receiver: team, group_by: [c]}\n"
	    RECEIVERS, NULL);
	PLAY(&world, passes);
	world_end(&world);
}

static void
test_whoever_does_not_want_ends_hears_none(void **state)
{
	static const struct pass passes[] = {
		{1000, "A", "team new: +A; chat new: +A"},
		{1010, "", "team resolved: -A"},
		/* It comes back: as new as before. */
		{1020, "A", ""},
		{1300, NULL, "team new: +A; chat new: +A"},
	};
	struct world world;

	world_begin(&world, "kymo: {}\nroute:\n  receiver: nobody\n"
	    "  routes: [{receiver: team, continue: true, matchers: [x=]}, "
	    "{receiver: chat, matchers: [y=]}]\n" RECEIVERS, NULL);
	PLAY(&world, passes);
	world_end(&world);
}

static void
test_inhibition_sees_the_whole_pass(void **state)
{
	static const struct pass passes[] = {
		/* In one pass, and the source is said to somebody or not. */
		{1000, "B,s=warn,c=1 A,s=crit,c=1 C,s=warn,c=2",
		    "team new: +A; team new: +C"},
		/* The source ends: what it inhibited is said at once. */
		{1010, "B,s=warn,c=1 C,s=warn,c=2",
		    "team resolved: -A; team new: +B"},
		{1020, "B,s=warn,c=1 A,s=crit,c=1", "team resolved: -C"},
		/* Said already: its end is said, muted or not. */
		{1021, "A,s=crit,c=1", "team resolved: -B"},
	};
	struct world world;

	world_begin(&world, "kymo: {}\n"
	    "route: {receiver: team, group_by: ['...']}\n"
	    "inhibit_rules: [{source_matchers: [s=crit], "
	    "target_matchers: [s=warn], equal: [c]}]\n" RECEIVERS, NULL);
	PLAY(&world, passes);
	world_end(&world);
}

/* One that is on both sides does not inhibit itself or another such. */
static void
test_nobody_inhibits_itself(void **state)
{
	static const struct pass passes[] = {
		{1000, "A,s=crit B,s=crit", "team new: +A +B"},
	};
	struct world world;

	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n"
	    "inhibit_rules: [{source_matchers: [s=crit], "
	    "target_matchers: ['s=~.+']}]\n" RECEIVERS, NULL);
	PLAY(&world, passes);
	world_end(&world);
}

static void
test_a_silence_mutes_from_its_begin_to_its_end(void **state)
{
	struct kymo_silence silence = {.matchers = "alertname=~\"A|B\"",
	    .from_ms = 1010000, .until_ms = 1100000, .author = "ann",
	    .comment = "deploy"};
	struct kymo_error error = {""};
	char id[KYMO_SILENCE_ID_BYTES];
	struct world world;

	world_begin(&world, "kymo: {}\n"
	    "route: {receiver: team, group_by: ['...']}\n" RECEIVERS, NULL);
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	assert_string_equal(world_pass(&world, 1000, "A"), "team new: +A");
	assert_int_equal(world_next_s(&world), 1010);
	assert_string_equal(world_pass(&world, 1020, "A B C"),
	    "team new: +C");
	assert_string_equal(world_pass(&world, 1030, "B C"),
	    "team resolved: -A");
	assert_int_equal(world_next_s(&world), 1100);
	assert_string_equal(world_pass(&world, 1100, NULL), "team new: +B");

	silence.from_ms = 1200000;
	silence.until_ms = 9000000;
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	assert_string_equal(id, "2");
	assert_string_equal(world_pass(&world, 1500, "A B C"), "");
	assert_int_equal(kymo_alerts_silence_end(world.alerts, id, 1501000,
	    &error), 0);
	assert_string_equal(world_pass(&world, 1501, NULL), "team new: +A");
	assert_int_equal(kymo_alerts_silence_end(world.alerts, id, 1502000,
	    &error), -1);
	world_end(&world);
}

static void
test_silences_that_are_none_are_refused(void **state)
{
	static const struct {
		struct kymo_silence silence;
		const char *why;
	} rows[] = {
		{{.id = "", .matchers = "a=~.*", .from_ms = 0, .until_ms = 1},
		    "a silence needs a matcher that "
		    "does not match the empty text, or it would silence "
		    "everything"},
		{{.id = "", .matchers = "", .from_ms = 0, .until_ms = 1},
		    "a silence needs a matcher that "
		    "does not match the empty text, or it would silence "
		    "everything"},
		{{.id = "", .matchers = "a", .from_ms = 0, .until_ms = 1},
		    "matchers 'a', at character 2: "
		    "expected =, !=, =~ or !~ after 'a'"},
		{{.id = "", .matchers = "a=b", .from_ms = 1, .until_ms = 1},
		    "a silence must end after it "
		    "begins"},
		{{.id = "7", .matchers = "a=b", .from_ms = 0, .until_ms = 1},
		    "there is no silence '7'"},
	};
	char id[KYMO_SILENCE_ID_BYTES];
	struct world world;
	size_t i;

	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n" RECEIVERS,
	    NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = {""};

		assert_int_equal(kymo_alerts_silence(world.alerts,
		    &rows[i].silence, id, &error), -1);
		assert_string_equal(error.text, rows[i].why);
	}
	world_end(&world);
}

/* An end that came in the night is said in the morning. */
static void
test_a_time_interval_holds_and_drops_nothing(void **state)
{
	static const struct pass passes[] = {
		{23 * 3600, "A B", "team new: +A +B"},
		{24 * 3600 + 60, "B", ""},
		{27 * 3600, "B C", ""},
		{30 * 3600 - 1, NULL, ""},
		{30 * 3600, NULL, "team new: +B +C -A"},
	};
	struct world world;

	world_begin(&world, "kymo: {}\nroute:\n  receiver: nobody\n"
	    "  routes: [{receiver: team, mute_time_intervals: [night]}]\n"
	    RECEIVERS, NULL);
	PLAY(&world, passes);
	world_end(&world);
	world_begin(&world, "kymo: {}\nroute:\n  receiver: nobody\n"
	    "  routes: [{receiver: team, active_time_intervals: [night]}]\n"
	    RECEIVERS, NULL);
	assert_string_equal(world_pass(&world, 23 * 3600, "A"), "");
	assert_int_equal(world_next_s(&world), 23 * 3600 + 60);
	assert_string_equal(world_pass(&world, 24 * 3600, NULL),
	    "team new: +A");
	world_end(&world);
}

static void
test_what_is_acknowledged_is_not_repeated(void **state)
{
	struct kymo_error error = {""};
	struct world world;

	world_begin(&world, "kymo: {}\n"
	    "route: {receiver: team, repeat_interval: 1h}\n" RECEIVERS, NULL);
	assert_string_equal(world_pass(&world, 1000, "A"), "team new: +A");
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=B", "ann",
	    "", 0, 1001000, &error), 0);
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=A", "ann",
	    "on it", 8000000, 1001000, &error), 1);
	assert_string_equal(world_pass(&world, 4600, NULL), "");
	assert_int_equal(world_next_s(&world), 8000);
	assert_string_equal(world_pass(&world, 8000, NULL),
	    "team repeat: +A");
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=A", "ann",
	    "", 0, 8001000, &error), 1);
	assert_string_equal(world_pass(&world, 20000, "A"), "");
	assert_string_equal(world_pass(&world, 20001, ""),
	    "team resolved: -A");
	/* The next one is nobody's. */
	assert_string_equal(world_pass(&world, 30000, "A"), "team new: +A");
	assert_string_equal(world_pass(&world, 33600, "A"),
	    "team repeat: +A");
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=A", "", "",
	    0, 0, &error), -1);
	world_end(&world);
}

static void
test_what_nobody_takes_comes_again(void **state)
{
	struct world world;

	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n" RECEIVERS,
	    NULL);
	world.answer = KYMO_NOTICE_LATER;
	assert_string_equal(world_pass(&world, 1000, "A"), "");
	assert_int_equal(world_next_s(&world), 1001);
	assert_string_equal(world_pass(&world, 1001, "A"), "");
	world.answer = 0;
	assert_string_equal(world_pass(&world, 1002, "A"), "team new: +A");
	world.answer = KYMO_NOTICE_LATER;
	assert_string_equal(world_pass(&world, 1003, ""), "");
	world.answer = 0;
	assert_string_equal(world_pass(&world, 1004, ""),
	    "team resolved: -A");
	world_end(&world);
}

static void
test_what_was_said_outlives_the_process(void **state)
{
	struct kymo_silence silence = {.matchers = "alertname=S",
	    .from_ms = 0, .until_ms = 9000000, .author = "ann"};
	struct kymo_error error = {""};
	char id[KYMO_SILENCE_ID_BYTES], path[PATH_MAX];
	struct world world;

	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	world_begin(&world, "kymo: {}\nroute: {receiver: team}\n" RECEIVERS,
	    path);
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	assert_string_equal(world_pass(&world, 1000, "A B S"),
	    "team new: +A +B");
	assert_int_equal(kymo_alerts_ack(world.alerts, "alertname=A", "ann",
	    "", 0, 1001000, &error), 1);
	world_again(&world);
	/* Before the first pass nobody knows what fires. */
	assert_string_equal(world_pass(&world, 1100, NULL), "");
	assert_string_equal(world_pass(&world, 1101, "A B S"), "");
	world_again(&world);
	assert_string_equal(world_pass(&world, 1200, "A S"),
	    "team resolved: +A -B");
	world_again(&world);
	assert_string_equal(world_pass(&world, 1300, "A S"), "");
	assert_string_equal(world_pass(&world, 20000, "A"), "");
	silence.until_ms = 30000000;
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	assert_string_equal(id, "2");
	world_end(&world);
}

/* A step that fails leaves all as it was, and the next does it all. */
static void
test_a_step_that_fails_is_undone(void **state)
{
	char path[PATH_MAX];
	struct world world;

	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	world_begin(&world, "kymo: {}\nroute:\n  receiver: nobody\n"
	    "  routes: [{receiver: team, continue: true, matchers: [x=]}, "
	    "{receiver: chat, matchers: [y=]}]\n" RECEIVERS, path);
	assert_string_equal(world_pass(&world, 1000, "A"),
	    "team new: +A; chat new: +A");
	world.answer = -1;
	assert_string_equal(world_pass(&world, 1001, ""),
	    "error: the world says no");
	world.answer = 0;
	assert_string_equal(world_pass(&world, 1002, "A"), "");
	world.answer = -1;
	world_pass(&world, 1003, "");
	world.answer = 0;
	world_again(&world);
	assert_string_equal(world_pass(&world, 1004, ""),
	    "team resolved: -A");
	world_end(&world);
}

/* Where its route is gone, whoever heard that it fires hears that it ended. */
static void
test_another_configuration_ends_what_was_begun(void **state)
{
	char path[PATH_MAX];
	struct world world;

	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	world_begin(&world, "kymo: {}\nroute: {receiver: nobody, "
	    "routes: [{receiver: team, matchers: [x=]}]}\n" RECEIVERS, path);
	assert_string_equal(world_pass(&world, 1000, "A"), "team new: +A");
	world_end(&world);
	world_begin(&world, "kymo: {}\nroute: {receiver: chat}\n" RECEIVERS,
	    path);
	assert_string_equal(world_pass(&world, 1001, "A"), "chat new: +A");
	assert_string_equal(world_pass(&world, 20000, "A"),
	    "chat repeat: +A");
	assert_string_equal(world_pass(&world, 20001, ""),
	    "team resolved: -A");
	world_end(&world);
}

static void
test_why_tells_each_decision_and_what_is_next(void **state)
{
	struct kymo_silence silence = {.matchers = "alertname=A",
	    .from_ms = 1010000, .until_ms = 1020000, .author = "ann",
	    .comment = "deploy"};
	struct kymo_error error = {""};
	struct kymo_buffer out = {0};
	char id[KYMO_SILENCE_ID_BYTES];
	struct world world;

	world_begin(&world, "kymo: {}\n"
	    "route: {receiver: team, repeat_interval: 1h}\n" RECEIVERS, NULL);
	world_pass(&world, 1000, "?A");
	world_pass(&world, 1001, "A");
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	world_pass(&world, 1010, NULL);
	world_pass(&world, 1020, NULL);
	assert_int_equal(kymo_alerts_why(world.alerts, "alertname=A", 1020000,
	    &out, &error), 1);
	assert_string_equal(out.at,
	    "{alertname=\"A\"}: fires\n"
	    "  1970-01-01T00:16:40.000Z  pending\n"
	    "  1970-01-01T00:16:41.000Z  fires\n"
	    "  1970-01-01T00:16:41.000Z  goes to team, by the route in line 2\n"
	    "  1970-01-01T00:16:41.000Z  sent to team\n"
	    "  1970-01-01T00:16:50.000Z  muted: silence 1, of ann (deploy), "
	    "until 1970-01-01T00:17:00.000Z\n"
	    "  1970-01-01T00:17:00.000Z  no more muted\n"
	    "  next, to team: again, at 1970-01-01T01:16:41.000Z\n");
	kymo_buffer_free(&out);
	world_end(&world);
}

#define WITH_DIR(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_says_at_once_and_repeats),
		cmocka_unit_test(
		    test_a_clock_that_is_set_back_silences_no_group),
		cmocka_unit_test(test_alertmanagers_files_wait_as_they_say),
		cmocka_unit_test(test_whoever_does_not_want_ends_hears_none),
		cmocka_unit_test(test_inhibition_sees_the_whole_pass),
		cmocka_unit_test(test_nobody_inhibits_itself),
		cmocka_unit_test(
		    test_a_silence_mutes_from_its_begin_to_its_end),
		cmocka_unit_test(test_silences_that_are_none_are_refused),
		cmocka_unit_test(test_a_time_interval_holds_and_drops_nothing),
		cmocka_unit_test(test_what_is_acknowledged_is_not_repeated),
		cmocka_unit_test(test_what_nobody_takes_comes_again),
		WITH_DIR(test_what_was_said_outlives_the_process),
		WITH_DIR(test_a_step_that_fails_is_undone),
		WITH_DIR(test_another_configuration_ends_what_was_begun),
		cmocka_unit_test(test_why_tells_each_decision_and_what_is_next),
	};

	return testlib_run("alert_engine", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
