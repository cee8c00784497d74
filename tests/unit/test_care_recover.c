/* SPDX-License-Identifier: MIT */
/* Goal: what fails is brought back as its configuration allows, no more often,
   and how often that helped is counted and outlives us.
   Method: a world in which actions help or not as the test says, in virtual
   time; saved texts, whole, cut and changed. */
#include "tests/testlib/care_world.h"

#include "shm/crc32c.h"

#define WEB "components:\n" \
	"  db: {checks: [{tcp: 'd:1', interval: 1s, failures: 1, " \
	"successes: 1}]}\n" \
	"  web:\n" \
	"    depends_on: [db]\n" \
	"    checks: [{tcp: 'w:1', interval: 1s, failures: 1, successes: 1}]\n" \
	"    recovery:\n" \
	"      actions: [{signal: HUP, service: first}, " \
	"{signal: TERM, service: second}]\n" \
	"      after: 5s\n" \
	"      verify: 10s\n" \
	"      backoff: 20s\n" \
	"      backoff_max: 1m\n" \
	"      per_hour: 4\n"

static void
web_well(struct care_world *world)
{
	world->bad[0] = NULL;
}

static void
test_what_fails_is_brought_back_and_that_is_counted(void **state)
{
	struct care_found found;
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	care_run(&world, 2);
	world.bad[0] = "w:1";
	world.helped = web_well;
	care_run(&world, 4);
	/* Left alone first. */
	assert_int_equal(world.act_cnt, 0);
	care_run(&world, 4);
	assert_int_equal(world.act_cnt, 1);
	assert_string_equal(world.action, "web first");
	care_is(&world, "web", "ok", "");
	/* Not a success before the time to verify it is over. */
	assert_int_equal(care_find(&world, "web").status.successes, 0);
	care_run(&world, 10);
	found = care_find(&world, "web");
	assert_int_equal(found.status.attempts, 1);
	assert_int_equal(found.status.successes, 1);
	assert_true(found.status.last_recover_seconds > 5 &&
	    found.status.last_recover_seconds < 8);
	assert_false(found.status.escalated);
	kymo_care_delete(world.care);
}

static void
test_attempts_wait_longer_each_time_and_have_a_budget(void **state)
{
	struct care_found found;
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	care_run(&world, 8);
	assert_int_equal(world.act_cnt, 1);
	/* Verified for 10 s, then 20 s. */
	care_run(&world, 26);
	assert_int_equal(world.act_cnt, 1);
	care_run(&world, 6);
	assert_int_equal(world.act_cnt, 2);
	/* The next action now. */
	assert_string_equal(world.action, "web second");
	/* 10 and 40. */
	care_run(&world, 44);
	assert_int_equal(world.act_cnt, 2);
	care_run(&world, 8);
	assert_int_equal(world.act_cnt, 3);
	/* 10 and 60, and no more in that hour. */
	care_run(&world, 75);
	assert_int_equal(world.act_cnt, 4);
	assert_string_equal(world.action, "web second");
	assert_false(care_find(&world, "web").status.escalated);
	care_run(&world, 600);
	assert_int_equal(world.act_cnt, 4);
	found = care_find(&world, "web");
	assert_true(found.status.escalated);
	assert_string_equal(found.note, "4 attempts in an hour did not help");
	/* An hour after the first there may be one more. */
	care_run(&world, 2900);
	assert_int_equal(world.act_cnt, 5);
	/* Well again, by whatever. */
	world.bad[0] = NULL;
	care_run(&world, 60);
	assert_false(care_find(&world, "web").status.escalated);
	kymo_care_delete(world.care);
}

static void
test_nothing_is_done_while_its_root_fails(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	care_run(&world, 2);
	world.bad[0] = "w:1";
	world.bad[1] = "d:1";
	care_run(&world, 60);
	care_is(&world, "web", "failing", "db");
	assert_int_equal(world.act_cnt, 0);
	/* A dependency that blinks: what hangs was given no time to come back. */
	world.bad[1] = NULL;
	care_run(&world, 1.5);
	world.bad[0] = NULL;
	care_run(&world, 20);
	care_is(&world, "web", "ok", "");
	assert_int_equal(world.act_cnt, 0);
	kymo_care_delete(world.care);
}

/* Who is looked at first is found bad first: that makes it no root. */
static void
test_what_it_depends_on_is_looked_at_again_first(void **state)
{
	static const char text[] = "components:\n"
	    "  db: {checks: [{tcp: 'd:1', interval: 9s, failures: 2}]}\n"
	    "  mid: {depends_on: db}\n"
	    "  web: {depends_on: mid, checks: [{tcp: 'w:1', interval: 1s, "
	    "failures: 1}], recovery: {actions: {signal: HUP}}}\n";
	struct care_world world;

	(void)state;
	care_begin(&world, text, false);
	care_run(&world, 30);
	world.bad[0] = "w:1";
	world.bad[1] = "d:1";
	care_run(&world, 22);
	care_is(&world, "web", "failing", "db");
	assert_int_equal(world.act_cnt, 0);
	kymo_care_delete(world.care);
	/* The same, but that db is good: once that is seen. */
	care_begin(&world, text, false);
	care_run(&world, 30);
	world.bad[0] = "w:1";
	care_run(&world, 14);
	assert_int_equal(world.act_cnt, 1);
	kymo_care_delete(world.care);
}

/* It blinks between two looks at it: what hangs saw it, and is well again. */
static void
test_a_blink_that_only_others_saw_is_no_fault_of_theirs(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, "components:\n"
	    "  db: {checks: [{tcp: 'd:1', interval: 1s, failures: 1}]}\n"
	    "  web: {depends_on: db, checks: [{tcp: 'w:1', interval: 5s, "
	    "failures: 1, successes: 1}], recovery: {actions: {signal: HUP}}}\n",
	    false);
	care_run(&world, 7);
	for (uint32_t i = 0; i < 20; i++) {
		world.bad[0] = "w:1";
		while (strcmp(kymo_condition_name(care_find(&world,
		    "web").status.state), "failing") != 0)
			care_run(&world, 0.01);
		world.bad[0] = NULL;
		care_run(&world, 20);
		care_is(&world, "web", "ok", "");
	}
	assert_int_equal(world.act_cnt, 0);
	kymo_care_delete(world.care);
}

static void
test_unknown_is_nothing_to_act_on(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	care_run(&world, 2);
	world.unknown[0] = "w:1";
	care_run(&world, 60);
	care_is(&world, "web", "unknown", "");
	assert_int_equal(world.act_cnt, 0);
	kymo_care_delete(world.care);
}

static void
test_what_may_not_be_done_is_told_at_once(void **state)
{
	struct care_found found;
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	world.acted = KYMO_LOOK_UNKNOWN;
	care_run(&world, 8);
	found = care_find(&world, "web");
	assert_int_equal(found.status.attempts, 1);
	assert_true(found.status.escalated);
	assert_string_equal(found.note, "attempt 1 failed: the action's");
	kymo_care_delete(world.care);
}

static void
test_an_action_that_hangs_is_given_up(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	world.acted = 0;
	care_run(&world, 20);
	assert_int_equal(world.give_up_cnt, 0);
	care_run(&world, 20);
	assert_int_equal(world.give_up_cnt, 1);
	assert_string_equal(care_find(&world, "web").note,
	    "attempt 1 failed: not done within 30 s");
	kymo_care_delete(world.care);
}

/* ---- what outlives us ----------------------------------------------------- */

static void
test_an_attempt_is_written_down_before_it_is_made(void **state)
{
	struct kymo_buffer text = {0};
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, true);
	world.bad[0] = "w:1";
	care_run(&world, 8);
	assert_int_equal(world.act_cnt, 0);
	assert_true(kymo_care_save(world.care, &text));
	assert_non_null(strstr(text.at, "\nr web 1 0 "));
	kymo_care_saved(world.care);
	assert_int_equal(world.act_cnt, 1);
	/* Nothing new. */
	assert_false(kymo_care_save(world.care, &text));
	kymo_buffer_free(&text);
	kymo_care_delete(world.care);
}

/* Saves what world has. */
static void
saved(struct care_world *world, struct kymo_buffer *text)
{
	assert_true(kymo_care_save(world->care, text));
	kymo_care_saved(world->care);
}

static void
test_counts_and_the_budget_outlive_us(void **state)
{
	struct kymo_buffer text = {0};
	struct kymo_error error = {""};
	struct care_found found;
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	care_run(&world, 300);
	assert_int_equal(world.act_cnt, 4);
	saved(&world, &text);
	kymo_care_delete(world.care);

	care_begin(&world, WEB, false);
	world.now_ns += 400 * CARE_S;
	assert_int_equal(kymo_care_restore(world.care, text.at, text.len_bytes,
	    CARE_MS_BEGIN, &error), 0);
	found = care_find(&world, "web");
	assert_int_equal(found.status.attempts, 4);
	assert_true(found.status.escalated);
	world.bad[0] = "w:1";
	care_run(&world, 300);
	/* The hour is not over, though kymod is new. */
	assert_int_equal(world.act_cnt, 0);
	kymo_buffer_free(&text);
	kymo_care_delete(world.care);
}

static void
test_a_clock_that_was_years_ahead_takes_one_hour_alone(void **state)
{
	struct kymo_buffer text = {0};
	struct kymo_error error = {""};
	struct care_world world;

	(void)state;
	care_begin(&world, WEB, false);
	world.now_ns += UINT64_C(100000000) * CARE_S;
	world.bad[0] = "w:1";
	care_run(&world, 300);
	assert_int_equal(world.act_cnt, 4);
	saved(&world, &text);
	kymo_care_delete(world.care);

	care_begin(&world, WEB, false);
	assert_int_equal(kymo_care_restore(world.care, text.at, text.len_bytes,
	    CARE_MS_BEGIN, &error), 0);
	world.bad[0] = "w:1";
	care_run(&world, 3500);
	assert_int_equal(world.act_cnt, 0);
	care_run(&world, 200);
	assert_true(world.act_cnt > 0);
	kymo_buffer_free(&text);
	kymo_care_delete(world.care);
}

static void
test_what_an_earlier_kymod_wrote_is_read(void **state)
{
	static const char body[] = "kymo-health 1\n"
	    "web 7 3 12.5 2.5 1 1 1700000000000,1700000001000\n";
	struct kymo_error error = {""};
	struct care_found found;
	struct care_world world;
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "%scrc32c %08x\n", body,
	    kyi_crc32c(0, body, sizeof(body) - 1));
	care_begin(&world, WEB, false);
	assert_int_equal(kymo_care_restore(world.care, text, strlen(text),
	    CARE_MS_BEGIN, &error), 0);
	found = care_find(&world, "web");
	assert_int_equal(found.status.attempts, 7);
	assert_int_equal(found.status.successes, 3);
	assert_true(found.status.recover_seconds == 12.5);
	assert_true(found.status.escalated);
	kymo_care_delete(world.care);
}

static void
test_a_damaged_text_is_refused_whole(void **state)
{
	struct kymo_buffer text = {0};
	struct kymo_error error = {""};
	struct care_world world;
	size_t i;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	care_run(&world, 300);
	saved(&world, &text);
	kymo_care_delete(world.care);
	care_begin(&world, WEB, false);
	for (i = 0; i < text.len_bytes; i++) {
		assert_int_equal(kymo_care_restore(world.care, text.at, i,
		    CARE_MS_BEGIN, &error), -1);
		text.at[i] ^= 4;
		assert_int_equal(kymo_care_restore(world.care, text.at,
		    text.len_bytes, CARE_MS_BEGIN, &error), -1);
		text.at[i] ^= 4;
	}
	assert_int_equal(care_find(&world, "web").status.attempts, 0);
	kymo_buffer_free(&text);
	kymo_care_delete(world.care);
}

static void
test_a_reload_in_the_middle_goes_on_with_the_attempt(void **state)
{
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct care_found found;
	struct care_world world;
	uint32_t cnt;

	(void)state;
	care_begin(&world, WEB, false);
	world.bad[0] = "w:1";
	care_run(&world, 8);
	assert_int_equal(world.act_cnt, 1);
	plans = care_plans(WEB, &cnt);
	assert_int_equal(kymo_care_change(world.care, plans, cnt, &error), 0);
	world.bad[0] = NULL;
	care_run(&world, 12);
	assert_int_equal(care_find(&world, "web").status.successes, 1);
	/* One in which nothing may be done any more: nor is anybody called. */
	world.bad[0] = "w:1";
	care_run(&world, 600);
	assert_int_equal(world.act_cnt, 4);
	assert_true(care_find(&world, "web").status.escalated);
	plans = care_plans("components: {web: {checks: [{tcp: 'w:1'}]}}",
	    &cnt);
	assert_int_equal(kymo_care_change(world.care, plans, cnt, &error), 0);
	care_run(&world, 300);
	assert_int_equal(world.act_cnt, 4);
	found = care_find(&world, "web");
	assert_int_equal(found.status.escalated + found.status.remedy, 0);
	kymo_care_delete(world.care);
}

/* A restart that is cut off may leave less than there was. */
static void
test_a_reload_lets_an_action_end_whose_component_is_gone(void **state)
{
	const struct kymo_looked done = {.result = KYMO_LOOK_GOOD,
	    .certificate_days = NAN};
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct care_found found;
	struct care_world world;
	uint64_t ticket;
	uint32_t cnt, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		care_begin(&world, WEB, false);
		world.bad[0] = "w:1";
		world.acted = 0; /* goes on */
		care_run(&world, 8);
		assert_int_equal(world.act_cnt, 1);
		ticket = world.act_ticket;
		world.give_up_cnt = 0;
		plans = care_plans("components: {db: {checks: [{tcp: 'd:1'}]}}",
		    &cnt);
		assert_int_equal(kymo_care_change(world.care, plans, cnt,
		    &error), 0);
		care_run(&world, 20);
		assert_int_equal(world.give_up_cnt, 0);
		if (i == 0) {
			kymo_care_looked(world.care, ticket, &done);
			assert_non_null(strstr(world.said, "component web, "
			    "which is looked after no more: its action has "
			    "ended\n"));
			care_run(&world, 60);
			assert_int_equal(world.give_up_cnt, 0);
		} else if (i == 1) {
			/* It has its 30 s, and no more. */
			care_run(&world, 20);
			assert_int_equal(world.give_up_cnt, 1);
			assert_non_null(strstr(world.said, "is ended"));
			care_run(&world, 60);
			assert_int_equal(world.give_up_cnt, 1);
		} else {
			/* It is back: there is one action at a time still. */
			plans = care_plans(WEB, &cnt);
			assert_int_equal(kymo_care_change(world.care, plans,
			    cnt, &error), 0);
			care_run(&world, 3);
			assert_int_equal(world.act_cnt, 1);
			world.bad[0] = NULL;
			kymo_care_looked(world.care, ticket, &done);
			care_run(&world, 15);
			found = care_find(&world, "web");
			assert_int_equal(found.status.attempts, 1);
			assert_int_equal(found.status.successes, 1);
			assert_true(found.status.last_recover_seconds < 40);
		}
		kymo_care_delete(world.care);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_fails_is_brought_back_and_that_is_counted),
		cmocka_unit_test(
		    test_attempts_wait_longer_each_time_and_have_a_budget),
		cmocka_unit_test(test_nothing_is_done_while_its_root_fails),
		cmocka_unit_test(
		    test_what_it_depends_on_is_looked_at_again_first),
		cmocka_unit_test(
		    test_a_blink_that_only_others_saw_is_no_fault_of_theirs),
		cmocka_unit_test(test_unknown_is_nothing_to_act_on),
		cmocka_unit_test(test_what_may_not_be_done_is_told_at_once),
		cmocka_unit_test(test_an_action_that_hangs_is_given_up),
		cmocka_unit_test(
		    test_an_attempt_is_written_down_before_it_is_made),
		cmocka_unit_test(test_counts_and_the_budget_outlive_us),
		cmocka_unit_test(
		    test_a_clock_that_was_years_ahead_takes_one_hour_alone),
		cmocka_unit_test(test_what_an_earlier_kymod_wrote_is_read),
		cmocka_unit_test(test_a_damaged_text_is_refused_whole),
		cmocka_unit_test(
		    test_a_reload_in_the_middle_goes_on_with_the_attempt),
		cmocka_unit_test(
		    test_a_reload_lets_an_action_end_whose_component_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
