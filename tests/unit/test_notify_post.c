/* SPDX-License-Identifier: MIT */
/* Goal: each answer has its consequence, at its time.
   Method: a sink on loopback in the same thread, and a clock that the test
   sets. */
#include "tests/testlib/notify_world.h"

#include <signal.h>
#include <sys/resource.h>

static struct world world;

static struct kymo_receiver
hook(void)
{
	return (struct kymo_receiver){ .name = "hook",
	    .kind = KYMO_RECEIVER_WEBHOOK, .url = world.url,
	    .private_ok = true };
}

static struct kymo_receiver receiver;

static int
setup(void **state)
{
	assert_int_equal(testlib_setup(state), 0);
	world_begin(&world, NULL);
	receiver = hook();
	return 0;
}

static int
teardown(void **state)
{
	world_end(&world);
	return testlib_teardown(state);
}

static void
test_a_message_arrives_as_it_was_stored(void **state)
{
	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	assert_int_equal(world.request_cnt, 1);
	assert_int_equal(strncmp(world.last, "POST /hook HTTP/1.1\r\n", 21),
	    0);
	assert_non_null(strstr(world.last, "\r\nwebhook-id: msg_"));
	assert_non_null(strstr(world.last,
	    "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(world.last, "\"alertname\":\"A\""));
	assert_null(strstr(world.last, "webhook-signature"));
	assert_int_equal(world_stats(&world).waiting, 0);
	assert_int_equal(kymo_notify_next_ms(world.notify, world.now_ms),
	    INT64_MAX);
	/* The connection is kept. */
	world_add(&world, "g", "A", false);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 2);
	assert_int_equal(world.connect_cnt, 1);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *status;
		enum kymo_notify_what what;
	} rows[] = {
		{ "200", KYMO_NOTIFY_DELIVERED },
		{ "204", KYMO_NOTIFY_DELIVERED },
		{ "301", KYMO_NOTIFY_FAILED }, { "400", KYMO_NOTIFY_DIED },
		{ "401", KYMO_NOTIFY_FAILED }, { "403", KYMO_NOTIFY_FAILED },
		{ "404", KYMO_NOTIFY_FAILED }, { "408", KYMO_NOTIFY_FAILED },
		{ "410", KYMO_NOTIFY_DIED }, { "413", KYMO_NOTIFY_DIED },
		{ "422", KYMO_NOTIFY_DIED }, { "429", KYMO_NOTIFY_FAILED },
		{ "500", KYMO_NOTIFY_FAILED }, { "503", KYMO_NOTIFY_FAILED },
	};
	char answer[128];

	world_notify(&world, &receiver, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t before = world.event_cnt[rows[i].what];

		snprintf(answer, sizeof(answer), "HTTP/1.1 %s X\r\n"
		    "Location: %s\r\nContent-Length: 0\r\n\r\n",
		    rows[i].status, world.url);
		world.says = answer;
		world.request_cnt = 0;
		world_add(&world, "g", "A", true);
		world_until(&world, rows[i].what, before + 1);
		assert_int_equal(world.request_cnt, 1);
		/* Out of the way of the next row. */
		world.says = WORLD_OK;
		before = world.event_cnt[KYMO_NOTIFY_DELIVERED];
		world.now_ms += 60000;
		if (rows[i].what == KYMO_NOTIFY_FAILED)
			world_until(&world, KYMO_NOTIFY_DELIVERED,
			    before + 1);
	}
	assert_int_equal(world_stats(&world).dead, 4);
	assert_int_equal(kymo_outbox_retry(world.outbox, NULL, world.now_ms,
	    NULL), 4);
	world.event_cnt[KYMO_NOTIFY_DELIVERED] = 0;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 4);
}

static void
test_retry_after_is_honoured_over_a_restart(void **state)
{
	world_notify(&world, &receiver, 1);
	world.says = "HTTP/1.1 429 Slow\r\nRetry-After: 100\r\n"
	    "Content-Length: 4\r\n\r\nslow";
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	assert_string_equal(world.why, "answered 429: slow");
	assert_int_equal(world.again_ms, WORLD_NOW_MS + 100000);
	kymo_notify_delete(world.notify);
	world_notify(&world, &receiver, 1);
	world.says = WORLD_OK;
	world.now_ms += 99999;
	world_add(&world, "h", "B", true);
	world_step(&world);
	assert_int_equal(kymo_notify_next_ms(world.notify, world.now_ms),
	    WORLD_NOW_MS + 100000);
	assert_int_equal(world.request_cnt, 1);
	world.now_ms++;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 2);
}

/* What cannot be written down is not tried again at once: a full disk must not
   keep a processor busy. */
static void
test_a_database_that_fails_is_left_alone_for_a_second(void **state)
{
	int64_t end_ms = world_real_ms() + 60000;
	struct rlimit before, none;
	struct kymo_error error = {""};

	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_step(&world); /* an attempt begins, and is noted */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	/* Its answer comes, and cannot be. */
	while (kymo_notify_step(world.notify, world.now_ms, &error) == 0) {
		world_sink_step(&world);
		assert_true(world_real_ms() < end_ms);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(kymo_notify_next_ms(world.notify, world.now_ms),
	    world.now_ms + 1000);
	world.now_ms += 1000;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
}

static void
test_a_hostile_retry_after_is_bounded(void **state)
{
	world_notify(&world, &receiver, 1);
	world.says = "HTTP/1.1 503 No\r\nRetry-After: 99999999999999\r\n"
	    "Content-Length: 0\r\n\r\n";
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	assert_int_equal(world.again_ms, WORLD_NOW_MS + 3600000);
}

static void
test_a_receiver_that_fails_is_left_alone(void **state)
{
	int64_t tried_ms = world.now_ms;

	world_notify(&world, &receiver, 1);
	world.says = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	world_add(&world, "g", "A", true);
	for (uint32_t i = 1; i <= 8; i++) {
		int64_t wait_ms;

		world_until(&world, KYMO_NOTIFY_FAILED, i);
		assert_int_equal(world.event_cnt[KYMO_NOTIFY_OPEN], i >= 5);
		wait_ms = kymo_notify_next_ms(world.notify, world.now_ms) -
		    world.now_ms;
		assert_in_range(wait_ms, (500 << (i - 1)) < 15000 ?
		    500 << (i - 1) : 15000, (1000 << (i - 1)) < 30000 ?
		    1000 << (i - 1) : 30000);
		world.now_ms += wait_ms;
	}
	assert_int_equal(world.request_cnt, 8);
	assert_in_range(world.now_ms - tried_ms, 0, 200000);
	world.says = WORLD_OK;
	world_until(&world, KYMO_NOTIFY_CLOSED, 1);
}

/* The first letter makes the receiver fail; the others must not wait for its
   deadline. */
static const char *
answer_poisoned(struct world *of, const char *request)
{
	return strstr(request, "\"alertname\":\"Poison\"") != NULL ?
	    "HTTP/1.1 500 Bug\r\nContent-Length: 0\r\n\r\n" : WORLD_OK;
}

static void
test_a_letter_that_always_fails_is_passed_by_other_groups(void **state)
{
	uint32_t failed = 0;

	world_notify(&world, &receiver, 1);
	world.answer = answer_poisoned;
	world_add(&world, "p", "Poison", true);
	world_add(&world, "p", "After", true);
	world_add(&world, "g", "A", true);
	world_add(&world, "h", "B", true);
	while (world.event_cnt[KYMO_NOTIFY_FAILED] < 10) {
		world_until(&world, KYMO_NOTIFY_FAILED, ++failed);
		assert_int_equal(world.event_cnt[KYMO_NOTIFY_DELIVERED], 0);
		world.now_ms = kymo_notify_next_ms(world.notify,
		    world.now_ms);
	}
	world_until(&world, KYMO_NOTIFY_DELIVERED, 2);
	/* Its own group waits behind it. */
	world.now_ms += 60000;
	world_until(&world, KYMO_NOTIFY_FAILED, 11);
	assert_int_equal(world.event_cnt[KYMO_NOTIFY_DELIVERED], 2);
	assert_int_equal(world_stats(&world).waiting, 2);
	/* Others come through at once. */
	world_add(&world, "i", "C", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 3);
	world.answer = answer_says;
	world.now_ms += 60000;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 5);
}

static void
sending_note(void *to, const struct kymo_receiver_status *status)
{
	*(bool *)to = status->sending;
}

static void
test_six_hours_away_and_all_is_said_soon_after(void **state)
{
	int64_t end_ms = world.now_ms + INT64_C(6) * 3600000, healed_ms;
	char group[16];

	world_notify(&world, &receiver, 1);
	world.says = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	for (int round = 0; world.now_ms < end_ms; round++) {
		/* Fifty groups that flap all the time. */
		for (int i = 0; i < 50; i++) {
			snprintf(group, sizeof(group), "g%d", i);
			world_add(&world, group, "A", round % 2 == 0);
		}
		world.event_cnt[KYMO_NOTIFY_FAILED] = 0;
		world_until(&world, KYMO_NOTIFY_FAILED, 1);
		world.now_ms += 60000;
	}
	assert_in_range(world_stats(&world).waiting, 50, 50 * 4);
	world.says = WORLD_OK;
	healed_ms = world.now_ms -= 60000;
	while (world_stats(&world).waiting > 0) {
		int64_t next_ms = kymo_notify_next_ms(world.notify,
		    world.now_ms);
		bool sending;

		/* libcurl's own deadlines are of the real clock. */
		kymo_notify_status(world.notify, sending_note, &sending);
		if (!sending)
			world.now_ms = next_ms;
		world_step(&world);
	}
	assert_in_range(world.now_ms - healed_ms, 0, 60000);
}

static void
test_tokens_are_kept_to(void **state)
{
	receiver.per_second = 2;
	receiver.burst = 3;
	world_notify(&world, &receiver, 1);
	for (int i = 0; i < 5; i++)
		world_add(&world, (char[]){ (char)('a' + i), 0 }, "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 3);
	world_step(&world);
	assert_int_equal(kymo_notify_next_ms(world.notify, world.now_ms),
	    WORLD_NOW_MS + 500);
	world.now_ms += 500;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 4);
	world.now_ms += 500;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 5);
}

static void
test_a_clock_that_is_set_back_silences_nobody(void **state)
{
	receiver.per_second = 1;
	world_notify(&world, &receiver, 1);
	/* Neither its rate.. */
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	world_add(&world, "h", "B", true);
	world_step(&world);
	world.now_ms -= 3600000;
	world_step(&world);
	world.now_ms += 1000;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 2);
	/* .. nor what comes again after it failed; that by an hour at most. */
	world.says = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	world.now_ms += 1000;
	world_add(&world, "i", "C", true);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	world_step(&world);
	world.says = WORLD_OK;
	world.now_ms -= INT64_C(86400000);
	world_step(&world);
	assert_in_range(kymo_notify_next_ms(world.notify, world.now_ms),
	    world.now_ms, world.now_ms + 3630000);
	world.now_ms += 3630000;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 3);
}

static void
test_letters_to_nobody_are_dead(void **state)
{
	receiver.name = "other";
	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DIED, 1);
	assert_int_equal(world_stats(&world).dead, 1);
	assert_int_equal(world_stats(&world).waiting, 0);
}

/* A message waits for hook; then who is called otherwise is at where it was, or
   elsewhere, or two are. */
static void
test_letters_go_on_to_who_is_at_the_address(void **state)
{
	static const struct kymo_label key = { "X-Key", "theirs" },
	    channel = { "channel", "#theirs" };
	static const struct {
		const char *names[2];
		bool goes_on;
		struct kymo_receiver own; /* what is not as it was */
	} rows[] = {
		{ { "crew" }, true, { .name = NULL } },
		{ { "hook/webhook/0" }, true, { .name = NULL } },
		{ { "crew" }, false, { .url = "http://127.0.0.1:1/" } },
		{ { "crew", "other" }, false, { .name = NULL } },
		/* Another customer of the same service. */
		{ { "crew" }, false, { .body = "{\"routing_key\":\"theirs\"}" } },
		{ { "crew" }, false, { .headers = &key, .header_cnt = 1 } },
		{ { "crew" }, false, { .texts = &channel, .text_cnt = 1 } },
		{ { "crew" }, false, { .bearer = { .env = "PATH" } } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_receiver now[2] = { receiver, receiver };
		uint32_t sent = world.event_cnt[KYMO_NOTIFY_DELIVERED];
		uint32_t died = world.event_cnt[KYMO_NOTIFY_DIED];

		/* It is noted where it is, and it takes nothing. */
		world.says = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
		world_notify(&world, &receiver, 1);
		world_add(&world, "g", "A", true);
		world_add(&world, "g", "A", false);
		world_until(&world, KYMO_NOTIFY_FAILED,
		    world.event_cnt[KYMO_NOTIFY_FAILED] + 1);
		kymo_notify_delete(world.notify);
		world.says = WORLD_OK;
		now[0].name = rows[i].names[0];
		now[1].name = rows[i].names[1];
		if (rows[i].own.url != NULL)
			now[0].url = rows[i].own.url;
		now[0].body = rows[i].own.body;
		now[0].headers = rows[i].own.headers;
		now[0].header_cnt = rows[i].own.header_cnt;
		now[0].texts = rows[i].own.texts;
		now[0].text_cnt = rows[i].own.text_cnt;
		now[0].bearer = rows[i].own.bearer;
		world_notify(&world, now, rows[i].names[1] == NULL ? 1 : 2);
		if (rows[i].goes_on)
			world_until(&world, KYMO_NOTIFY_DELIVERED, sent + 2);
		else
			world_until(&world, KYMO_NOTIFY_DIED, died + 1);
		assert_int_equal(world_stats(&world).waiting, 0);
		kymo_notify_delete(world.notify);
		world.notify = NULL;
		world.now_ms += 120000;
	}
	assert_int_equal(world_stats(&world).dead, 12);
}

static void
test_a_transaction_that_is_open_is_left_alone(void **state)
{
	world_notify(&world, &receiver, 1);
	assert_int_equal(kymo_outbox_begin(world.outbox, NULL), 0);
	world_add(&world, "g", "A", true);
	for (int i = 0; i < 20; i++)
		world_step(&world);
	assert_int_equal(world.connect_cnt, 0);
	assert_int_equal(kymo_outbox_commit(world.outbox, NULL), 0);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_a_message_arrives_as_it_was_stored),
		ROW(test_answers),
		ROW(test_retry_after_is_honoured_over_a_restart),
		ROW(test_a_database_that_fails_is_left_alone_for_a_second),
		ROW(test_a_hostile_retry_after_is_bounded),
		ROW(test_a_receiver_that_fails_is_left_alone),
		ROW(test_a_letter_that_always_fails_is_passed_by_other_groups),
		ROW(test_six_hours_away_and_all_is_said_soon_after),
		ROW(test_tokens_are_kept_to),
		ROW(test_a_clock_that_is_set_back_silences_nobody),
		ROW(test_letters_to_nobody_are_dead),
		ROW(test_letters_go_on_to_who_is_at_the_address),
		ROW(test_a_transaction_that_is_open_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
