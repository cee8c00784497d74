/* SPDX-License-Identifier: MIT */
/* Goal: what the writer publishes is what a reader looks for, and a health
   report is never of two. Method: by hand for each word; then a writer thread
   against so many passes of a reader. */
#include <pthread.h>

#include "tests/testlib/testlib.h"

#include "shm/copy.h"

static void
test_a_block_is_published_with_its_end(void **state)
{
	struct kyi_control control;
	struct kyi_block block;

	memset(&control, 0, sizeof(control));
	memset(&block, 0, sizeof(block));
	block.index = 6;
	kyi_publish_block(&block, &control, 40960);
	assert_int_equal(block.ready, 1);
	assert_int_equal(control.block_cnt, 7);
	assert_int_equal(control.file_used, 40960);
	kyi_publish_used(&block, 128);
	assert_int_equal(block.used_bytes, 128);
}

static void
test_an_exit_has_its_time(void **state)
{
	struct kyi_control control;

	memset(&control, 0, sizeof(control));
	kyi_publish_slot_high(&control, 3);
	kyi_publish_window_used(&control, 512);
	kyi_publish_exit(&control, 99);
	assert_int_equal(control.slot_high, 3);
	assert_int_equal(control.window_used, 512);
	assert_int_equal(control.exit_ns, 99);
	assert_int_equal(control.state, KYI_STATE_EXITED);
}

static const struct {
	const char *what;
	uint32_t before, after;
	bool whole;
} rows[] = {
	{ "never set", 0, 0, true },
	{ "at rest", 6, 6, true },
	{ "being set all the time", 7, 7, false },
	{ "began between", 6, 7, false },
	{ "ended between", 7, 8, false },
	{ "set once between", 6, 8, false },
	{ "wrapped", UINT32_MAX - 1, 0, false },
};

static void
test_a_report_is_whole_by_its_seq(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kyi_health_whole(rows[i].before, rows[i].after) !=
		    rows[i].whole)
			fail_msg("%s", rows[i].what);
}

#define PASS_CNT 100000u

struct beside {
	struct kyi_health health;
	uint32_t stop;
};

static void *
report(void *arg)
{
	struct beside *beside = arg;
	struct kyi_health *health = &beside->health;
	uint32_t i;

	for (i = 1; kyi_load_u32_relaxed(&beside->stop) == 0; i++) {
		kyi_health_begin(health);
		kyi_store_u32_relaxed(&health->state, i);
		kyi_store_u32_relaxed(&health->reason_ref, i);
		kyi_store_u64_relaxed(&health->since_ns, i);
		kyi_store_u64_relaxed(&health->expires_ns, i);
		kyi_health_end(health);
	}
	return NULL;
}

/* A copy of the report between two of its seq. */
static bool
take(const struct kyi_health *health, struct kyi_health *copied)
{
	uint32_t before = kyi_load_u32_relaxed(&health->seq);

	kyi_copy_fence();
	copied->expires_ns = kyi_load_u64_relaxed(&health->expires_ns);
	copied->since_ns = kyi_load_u64_relaxed(&health->since_ns);
	copied->reason_ref = kyi_load_u32_relaxed(&health->reason_ref);
	copied->state = kyi_load_u32_relaxed(&health->state);
	kyi_copy_fence();
	return kyi_health_whole(before, kyi_load_u32_relaxed(&health->seq));
}

static void
test_a_reader_beside_a_writer_takes_whole_reports(void **state)
{
	struct beside beside;
	struct kyi_health copied;
	pthread_t writer;
	uint32_t i;

	memset(&beside, 0, sizeof(beside));
	assert_int_equal(pthread_create(&writer, NULL, report, &beside), 0);
	for (i = 0; i < PASS_CNT; i++) {
		if (!take(&beside.health, &copied))
			continue;
		assert_int_equal(copied.reason_ref, copied.state);
		assert_int_equal(copied.since_ns, copied.state);
		assert_int_equal(copied.expires_ns, copied.state);
	}
	kyi_store_u32_relaxed(&beside.stop, 1);
	pthread_join(writer, NULL);
	assert_true(take(&beside.health, &copied));
	assert_int_equal(copied.state, beside.health.seq / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_block_is_published_with_its_end),
		cmocka_unit_test(test_an_exit_has_its_time),
		cmocka_unit_test(test_a_report_is_whole_by_its_seq),
		cmocka_unit_test(
		    test_a_reader_beside_a_writer_takes_whole_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
