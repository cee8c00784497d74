/* SPDX-License-Identifier: MIT */
/* Goal: an Alertmanager is told what it takes, and told again while it is so.
   Method: a sink in the same thread. A real one: tests/e2e/notify.sh. */
#include "tests/testlib/notify_message.h"
#include "tests/testlib/notify_world.h"

static struct world world;

static int
setup(void **state)
{
	assert_int_equal(testlib_setup(state), 0);
	world_begin(&world, NULL);
	return 0;
}

static int
teardown(void **state)
{
	world_end(&world);
	return testlib_teardown(state);
}

static void
test_bodies_are_what_it_takes(void **state)
{
	for (size_t i = 0; i < NASTY_CNT; i++) {
		char *body = message_body(nasty_text(i), true, 2);
		struct kymo_buffer out = payload_of(
		    &kyi_channel_alertmanager, NULL, NULL, body);
		json_t *alerts = json_loadb(out.at, out.len_bytes, 0, NULL);
		const json_t *alert = json_array_get(alerts, 0);

		assert_int_equal(json_array_size(alerts), 2);
		/* Texts as they are; no empty ones, no end, no odd link. */
		assert_int_equal(json_object_size(json_object_get(alert,
		    "labels")), *nasty_text(i) == '\0' ? 0 : 3);
		assert_null(json_object_get(alert, "endsAt"));
		assert_null(json_object_get(alert, "generatorURL"));
		json_decref(alerts);
		kymo_buffer_free(&out);
		free(body);
	}
}

static void
sink_until(uint32_t request_cnt)
{
	int64_t end_ms = world_real_ms() + 60000;

	while (world.request_cnt < request_cnt) {
		assert_true(world_real_ms() < end_ms);
		world_step(&world);
	}
	/* Its answer, too. */
	for (int i = 0; i < 20; i++)
		world_step(&world);
}

static int
alerts_kept(void)
{
	sqlite3_stmt *row;
	int cnt;

	assert_int_equal(sqlite3_prepare_v2(world.outbox->db,
	    "SELECT count(*) FROM outbox_alert", -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	cnt = sqlite3_column_int(row, 0);
	sqlite3_finalize(row);
	return cnt;
}

static void
test_alerts_are_pushed_again_to_each(void **state)
{
	const char *const urls[] = { world.url, "http://127.0.0.1:1/" };
	const struct kymo_receiver receiver = { .name = "hook",
	    .kind = KYMO_RECEIVER_ALERTMANAGER, .urls = urls, .url_cnt = 2,
	    .private_ok = true };

	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	/* One of two is enough. */
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	assert_non_null(strstr(world.last, "POST /hook/api/v2/alerts "));
	assert_non_null(strstr(world.last, "[{\"labels\":{\"alertname\":\"A\"}"
	    ",\"annotations\":{},\"startsAt\":"));
	assert_null(strstr(world.last, "endsAt"));
	/* A notifier that begins pushes what there is, and then by the clock. */
	sink_until(2);
	assert_int_equal(kymo_notify_next_ms(world.notify, world.now_ms),
	    WORLD_NOW_MS + 60000);
	world.now_ms += 60000;
	sink_until(3);
	assert_non_null(strstr(world.last, "\"alertname\":\"A\""));
	/* Over a restart, and with another beside it. */
	kymo_notify_delete(world.notify);
	world_notify(&world, &receiver, 1);
	world_add(&world, "h", "B", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 2);
	sink_until(5);
	assert_non_null(strstr(world.last, "\"alertname\":\"A\""));
	assert_non_null(strstr(world.last, "\"alertname\":\"B\""));
	/* What is resolved is said for 15 minutes. */
	world_add(&world, "g", "A", false);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 3);
	assert_non_null(strstr(world.last, "\"endsAt\""));
	world.now_ms += 60000;
	sink_until(7);
	assert_non_null(strstr(world.last, "\"endsAt\""));
	world.now_ms += 15 * 60000;
	sink_until(8);
	assert_null(strstr(world.last, "\"alertname\":\"A\""));
	assert_non_null(strstr(world.last, "\"alertname\":\"B\""));
	/* What was not said for two weeks ended without us. */
	assert_int_equal(alerts_kept(), 1);
	world.now_ms += INT64_C(14) * 86400000;
	for (int i = 0; i < 20; i++)
		world_step(&world);
	assert_int_equal(alerts_kept(), 0);
}

/* ---- several in a request ----------------------------------------------------------- */

static struct kymo_buffer heard;
static uint32_t cut_cnt;

/* Keeps what it is told; a request with Bad in it is no good, and the first
   cut_cnt get no answer. */
static const char *
answer_keeping(struct world *of, const char *request)
{
	if (cut_cnt > 0) {
		cut_cnt--;
		return NULL;
	}
	if (strstr(request, "\"Bad\"") != NULL)
		return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	kymo_buffer_str(&heard, strstr(request, "\r\n\r\n") + 4);
	return WORLD_OK;
}

static void
add_many(uint32_t cnt, const char *bad)
{
	char name[16];

	for (uint32_t i = 0; i < cnt; i++) {
		snprintf(name, sizeof(name), "A%03u", i);
		world_add(&world, name, i == cnt / 2 ? bad : name, true);
	}
}

/* Each once, in their order. */
static void
assert_heard(uint32_t cnt, uint32_t but)
{
	const char *at = heard.at;
	char name[16];

	for (uint32_t i = 0; i < cnt; i++) {
		snprintf(name, sizeof(name), "\"A%03u\"", i);
		if (i == but) {
			assert_null(strstr(heard.at, name));
			continue;
		}
		assert_non_null(at = strstr(at, name));
		assert_null(strstr(at + 1, name));
	}
	kymo_buffer_free(&heard);
}

static struct kymo_receiver
keeping_begin(void)
{
	world.answer = answer_keeping;
	return (struct kymo_receiver){ .name = "hook",
	    .kind = KYMO_RECEIVER_ALERTMANAGER, .url = world.url,
	    .private_ok = true, .resend_ms = INT64_C(86400000) };
}

static void
test_alerts_go_64_in_a_request(void **state)
{
	const struct kymo_receiver receiver = keeping_begin();
	json_t *first;

	world_notify(&world, &receiver, 1);
	/* Its first look at what is to be pushed again. */
	for (int i = 0; i < 3; i++)
		world_step(&world);
	add_many(130, "A065");
	/* An end is not in the request of its begin. */
	world_add(&world, "A000", "A000", false);
	cut_cnt = 1;
	/* What got no answer is sent again, all of it. */
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	assert_int_equal(world_stats(&world).waiting, 131);
	world.now_ms += 60000;
	world_until(&world, KYMO_NOTIFY_DELIVERED, 131);
	assert_int_equal(world.request_cnt, 4);
	assert_int_equal(world_stats(&world).waiting, 0);
	assert_int_equal(world_stats(&world).delivered, 131);
	assert_int_equal(alerts_kept(), 130);
	first = json_loads(heard.at, JSON_DISABLE_EOF_CHECK, NULL);
	assert_int_equal(json_array_size(first), 64);
	json_decref(first);
	assert_true(strstr(heard.at, "\"endsAt\"") >
	    strstr(heard.at, "\"A129\""));
	kymo_buffer_free(&heard);
}

static void
test_one_that_is_no_good_dies_alone(void **state)
{
	const struct kymo_receiver receiver = keeping_begin();

	world_notify(&world, &receiver, 1);
	for (int i = 0; i < 3; i++)
		world_step(&world);
	add_many(20, "Bad");
	world_until(&world, KYMO_NOTIFY_DELIVERED, 19);
	assert_int_equal(world.event_cnt[KYMO_NOTIFY_DIED], 1);
	assert_int_equal(world_stats(&world).dead, 1);
	assert_heard(20, 10);
	/* And then they go together again. */
	add_many(20, "A010");
	world_until(&world, KYMO_NOTIFY_DELIVERED, 39);
	assert_heard(20, 20);
}

static void
test_receivers_that_cannot_be(void **state)
{
	const char *const many[9] = { "http://a", "http://a", "http://a",
	    "http://a", "http://a", "http://a", "http://a", "http://a",
	    "http://a" };
	struct kymo_receiver receiver = { .name = "hook",
	    .kind = KYMO_RECEIVER_ALERTMANAGER };
	struct kymo_error error;

	assert_int_equal(kyi_channel_alertmanager.check(&receiver, &error),
	    -1);
	receiver.urls = many;
	receiver.url_cnt = 9;
	assert_int_equal(kyi_channel_alertmanager.check(&receiver, &error),
	    -1);
	receiver.url_cnt = 8;
	assert_int_equal(kyi_channel_alertmanager.check(&receiver, &error), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_bodies_are_what_it_takes),
		ROW(test_alerts_are_pushed_again_to_each),
		ROW(test_alerts_go_64_in_a_request),
		ROW(test_one_that_is_no_good_dies_alone),
		ROW(test_receivers_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
