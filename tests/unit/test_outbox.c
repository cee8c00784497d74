/* SPDX-License-Identifier: MIT */
/* Goal: the outbox keeps what it was given, in a bound, in transactions that
   are others' too; and says what it did.
   Method: a database on tmpfs; letters are taken as the notifier takes them. */
#include "tests/testlib/notify_world.h"

#include "reader/notify/outbox.h"

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
reopen(const struct kymo_outbox_options *options)
{
	struct kymo_outbox_options box = *options;

	kymo_outbox_close(world.outbox);
	box.path = testlib_path("outbox.db");
	assert_int_equal(kymo_outbox_open(&world.outbox, &box, NULL), 0);
}

static bool
next(struct kyi_letter *letter)
{
	int64_t due_ms;
	int status = kyi_outbox_next(world.outbox, "hook", world.now_ms,
	    false, letter, &due_ms, NULL);

	assert_true(status >= 0);
	return status == 1;
}

/* Takes the next letter as delivered; its group. */
static const char *
deliver(void)
{
	static char group[64];
	struct kyi_health well = { .failures = 0 };
	struct kyi_letter letter;

	if (!next(&letter))
		return NULL;
	assert_int_equal(kyi_outbox_tried(world.outbox, &letter, NULL), 0);
	assert_int_equal(kyi_outbox_delivered(world.outbox, letter.seq, 0,
	    "hook", &well, NULL, NULL, NULL), 0);
	snprintf(group, sizeof(group), "%s", letter.group_key);
	kyi_letter_free(&letter);
	return group;
}

static void
test_letters_come_in_their_order(void **state)
{
	struct kymo_outbox_stats stats;

	world_add(&world, "g1", "A", true);
	world_add(&world, "g2", "B", true);
	world_add(&world, "g1", "A", false);
	assert_string_equal(deliver(), "g1");
	assert_string_equal(deliver(), "g2");
	assert_string_equal(deliver(), "g1");
	assert_null(deliver());
	stats = world_stats(&world);
	assert_int_equal(stats.added, 3);
	assert_int_equal(stats.delivered, 3);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.bytes, 0);
}

static void
test_what_was_tried_stays_as_it_is(void **state)
{
	struct kyi_letter letter, again;

	world_add(&world, "g", "A", true);
	assert_true(next(&letter));
	letter.payload = strdup("bytes");
	letter.payload_bytes = 5;
	assert_int_equal(kyi_outbox_tried(world.outbox, &letter, NULL), 0);
	/* It would be superseded, had it not been tried. */
	world_add(&world, "g", "A", true);
	world_add(&world, "g", "A", true);
	assert_int_equal(world_stats(&world).waiting, 2);
	assert_int_equal(world_stats(&world).coalesced, 1);
	reopen(&(struct kymo_outbox_options){ .db = NULL });
	assert_true(next(&again));
	assert_string_equal(again.id, letter.id);
	assert_int_equal(again.attempts, 1);
	assert_int_equal(again.payload_bytes, 5);
	assert_memory_equal(again.payload, "bytes", 5);
	kyi_letter_free(&letter);
	kyi_letter_free(&again);
}

static void
test_a_firing_and_its_resolve_both_stay(void **state)
{
	world_add(&world, "g", "A", true);
	world_add(&world, "g", "A", false);
	assert_int_equal(world_stats(&world).waiting, 2);
	world_add(&world, "g", "A", true);
	world_add(&world, "g", "A", false);
	assert_int_equal(world_stats(&world).waiting, 2);
	assert_int_equal(world_stats(&world).coalesced, 2);
	/* Another group, and another receiver, are others' affairs. */
	world_add(&world, "h", "A", true);
	assert_int_equal(world_stats(&world).waiting, 3);
}

static void
test_a_rollback_takes_the_message_along(void **state)
{
	struct kymo_error error;

	assert_int_equal(kymo_outbox_begin(world.outbox, &error), 0);
	world_add(&world, "g", "A", true);
	kymo_outbox_rollback(world.outbox);
	assert_int_equal(world_stats(&world).waiting, 0);
	assert_int_equal(world_stats(&world).added, 0);
	assert_int_equal(kymo_outbox_begin(world.outbox, &error), 0);
	world_add(&world, "g", "A", true);
	world_add(&world, "g", "B", true);
	assert_int_equal(kymo_outbox_commit(world.outbox, &error), 0);
	assert_int_equal(world_stats(&world).waiting, 2);
}

static void
test_a_full_outbox_refuses_and_keeps_room_for_resolves(void **state)
{
	char group[32];
	uint32_t i;

	reopen(&(struct kymo_outbox_options){ .bytes_max = 64 << 10 });
	for (i = 0; i < 1000; i++) {
		snprintf(group, sizeof(group), "g%u", i);
		if (world_add(&world, group, "A", true) == KYMO_OUTBOX_FULL)
			break;
	}
	assert_in_range(i, 20, 200);
	assert_int_equal(world_stats(&world).waiting, i);
	assert_in_range(world_stats(&world).bytes, 50 << 10,
	    (64 << 10) / 8 * 7);
	assert_int_equal(world_stats(&world).refused, 1);
	/* Within a transaction the rest of it goes on. */
	assert_int_equal(kymo_outbox_begin(world.outbox, NULL), 0);
	assert_int_equal(world_add(&world, group, "A", true),
	    KYMO_OUTBOX_FULL);
	assert_int_equal(world_add(&world, "g0", "A", false), 0);
	assert_int_equal(kymo_outbox_commit(world.outbox, NULL), 0);
	assert_int_equal(world_stats(&world).waiting, i + 1);
	/* Resolves have the last eighth, and no more. */
	for (i = 1; i < 1000; i++) {
		snprintf(group, sizeof(group), "g%u", i);
		if (world_add(&world, group, "A", false) == KYMO_OUTBOX_FULL)
			break;
	}
	assert_in_range(i, 5, 100);
	assert_in_range(world_stats(&world).bytes, 60 << 10, 64 << 10);
}

static void
test_dead_letters_make_room_and_can_be_retried(void **state)
{
	const struct kyi_health well = { .failures = 0 };
	struct kyi_letter letter;
	char group[32], id[KYI_LETTER_ID_BYTES];
	uint32_t i;

	reopen(&(struct kymo_outbox_options){ .bytes_max = 64 << 10 });
	for (i = 0; i < 30; i++) {
		snprintf(group, sizeof(group), "g%u", i);
		world_add(&world, group, "A", true);
		assert_true(next(&letter));
		assert_int_equal(kyi_outbox_tried(world.outbox, &letter,
		    NULL), 0);
		assert_int_equal(kyi_outbox_died(world.outbox, letter.seq,
		    "answered 400", "hook", &well, NULL, NULL, NULL), 0);
		snprintf(id, sizeof(id), "%s", letter.id);
		kyi_letter_free(&letter);
	}
	/* A quarter of the room is theirs. */
	assert_int_equal(world_stats(&world).died, 30);
	assert_in_range(world_stats(&world).dead, 10, 29);
	assert_int_equal(world_stats(&world).dead +
	    world_stats(&world).forgotten, 30);
	assert_in_range(world_stats(&world).bytes, 8 << 10, 16 << 10);
	assert_int_equal(kymo_outbox_retry(world.outbox, "msg_none", 0, NULL),
	    0);
	assert_int_equal(kymo_outbox_retry(world.outbox, id, world.now_ms,
	    NULL), 1);
	assert_int_equal(world_stats(&world).waiting, 1);
	assert_true(next(&letter));
	assert_string_equal(letter.id, id);
	kyi_letter_free(&letter);
	/* What waits is worth more than what is dead. */
	for (i = 100; i < 1000; i++) {
		snprintf(group, sizeof(group), "g%u", i);
		if (world_add(&world, group, "A", true) == KYMO_OUTBOX_FULL)
			break;
	}
	assert_int_equal(world_stats(&world).dead, 0);
	assert_int_equal(kymo_outbox_retry(world.outbox, NULL, world.now_ms,
	    NULL), 0);
}

static void
test_a_firing_expires_and_a_resolve_does_not(void **state)
{
	world_add(&world, "g", "A", true);
	world_add(&world, "g", "A", false);
	assert_int_equal(kyi_outbox_expire(world.outbox, world.now_ms +
	    86399999, NULL), 0);
	assert_int_equal(kyi_outbox_expire(world.outbox, world.now_ms +
	    86400000, NULL), 1);
	assert_int_equal(world_stats(&world).dead, 1);
	assert_int_equal(world_stats(&world).waiting, 1);
	assert_int_equal(kyi_outbox_expire(world.outbox, INT64_MAX, NULL), 0);
}

/* The clock went a day ahead, and somebody saw it. */
static void
test_what_is_spared_waits_for_longer(void **state)
{
	int64_t later_ms = world.now_ms + 86400000;

	world_add(&world, "g", "A", true);
	world_add(&world, "g", "A", false);
	assert_int_equal(kymo_outbox_spare(world.outbox, later_ms + 3600000,
	    NULL), 0);
	assert_int_equal(kyi_outbox_expire(world.outbox, later_ms + 3599999,
	    NULL), 0);
	assert_int_equal(kyi_outbox_expire(world.outbox, later_ms + 3600000,
	    NULL), 1);
	/* Not for shorter; and what ends has no deadline. */
	world.now_ms = later_ms;
	world_add(&world, "h", "B", true);
	assert_int_equal(kymo_outbox_spare(world.outbox, later_ms + 3600000,
	    NULL), 0);
	assert_int_equal(kyi_outbox_expire(world.outbox, later_ms + 7200000,
	    NULL), 0);
	assert_int_equal(world_stats(&world).waiting, 2);
}

static int
entry_each(void *to, const struct kymo_outbox_entry *entry)
{
	struct kymo_buffer *out = to;

	kymo_buffer_printf(out, "%s %s %d %d %u %zu;", entry->receiver,
	    entry->group_key, entry->firing, entry->dead, entry->attempts,
	    strlen(entry->id));
	assert_int_equal(entry->added_ms, world.now_ms);
	assert_non_null(strstr(entry->body, "\"version\":\"4\""));
	return 0;
}

static void
test_a_large_message_is_stored_as_several(void **state)
{
	struct kymo_label labels[250];
	struct kymo_notify_alert alerts[250];
	const struct kymo_message message = { .receiver = "hook",
	    .group_key = "g\xff", .alerts = alerts, .alert_cnt = 250,
	    .at_ms = world.now_ms };
	struct kymo_buffer out = {0};
	char names[250][8];

	for (int i = 0; i < 250; i++) {
		snprintf(names[i], sizeof(names[i]), "a%d", i);
		labels[i] = (struct kymo_label){ "alertname", names[i] };
		alerts[i] = (struct kymo_notify_alert){ .firing = i < 150,
		    .labels = &labels[i], .label_cnt = 1, .value = NAN,
		    .threshold = NAN };
	}
	assert_int_equal(kymo_outbox_add(world.outbox, &message, NULL), 0);
	assert_int_equal(kymo_outbox_list(world.outbox, false, 0, entry_each,
	    &out, NULL), 0);
	assert_string_equal(out.at, "hook g\xef\xbf\xbd 1 0 0 30;"
	    "hook g\xef\xbf\xbd 1 0 0 30;hook g\xef\xbf\xbd 0 0 0 30;");
	/* Said again, all three are superseded. */
	assert_int_equal(kymo_outbox_add(world.outbox, &message, NULL), 0);
	assert_int_equal(world_stats(&world).waiting, 3);
	kymo_buffer_free(&out);
}

static void
test_another_version_is_refused(void **state)
{
	const struct kymo_outbox_options box = {
	    .db = kymo_outbox_db(world.outbox) };
	struct kymo_outbox *other;
	struct kymo_error error;

	assert_int_equal(kymo_outbox_open(&other, &box, &error), 0);
	kymo_outbox_close(other);
	assert_int_equal(sqlite3_exec(kymo_outbox_db(world.outbox),
	    "UPDATE outbox_total SET version = 2", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(kymo_outbox_open(&other, &box, &error), -1);
	assert_non_null(strstr(error.text, "another version"));
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_letters_come_in_their_order),
		ROW(test_what_was_tried_stays_as_it_is),
		ROW(test_a_firing_and_its_resolve_both_stay),
		ROW(test_a_rollback_takes_the_message_along),
		ROW(test_a_full_outbox_refuses_and_keeps_room_for_resolves),
		ROW(test_dead_letters_make_room_and_can_be_retried),
		ROW(test_a_firing_expires_and_a_resolve_does_not),
		ROW(test_what_is_spared_waits_for_longer),
		ROW(test_a_large_message_is_stored_as_several),
		ROW(test_another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
