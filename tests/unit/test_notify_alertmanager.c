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
		ROW(test_receivers_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
