/* SPDX-License-Identifier: MIT */
/* Goal: jobs run in their order, on as many threads as a lane has; past its
   queue nobody gets in, nor who closes; clearing ends and waits for the owner's
   jobs, and for no other.
   Method: jobs that wait until the test lets them go. */
#include "tests/testlib/testlib.h"

#include <sched.h>

#include "reader/serve/lane.h"
#include "shm/atomic.h"

struct test_job {
	struct kyi_job job;
	uint32_t go, began, is_done; /* atomic */
	uint32_t ends_when_told;
};

static uint64_t order; /* atomic */

static void
run(struct kyi_job *job)
{
	struct test_job *test = (struct test_job *)job;

	kyi_add_u64_relaxed(&order, 1);
	kyi_store_u32_relaxed(&test->began,
	    (uint32_t)kyi_load_u64_relaxed(&order));
	while (kyi_load_u32_relaxed(&test->go) == 0 &&
	    (test->ends_when_told == 0 ||
	    kyi_load_u32_relaxed(&job->ending) == 0))
		sched_yield();
}

static void
done(struct kyi_job *job)
{
	struct test_job *test = (struct test_job *)job;

	kyi_store_u32_relaxed(&test->is_done, 1);
}

static void
wait_for(uint32_t *what)
{
	while (kyi_load_u32_relaxed(what) == 0)
		sched_yield();
}

static const int mine, other;

static struct test_job
job_of(const void *owner)
{
	struct test_job job = { .job = { .owner = owner, .run = run,
	    .done = done } };

	return job;
}

static void
test_the_queue_is_bounded_and_in_order(void **state)
{
	struct test_job jobs[4] = { job_of(&mine), job_of(&mine),
	    job_of(&mine), job_of(&mine) };
	uint32_t running, waiting;
	struct kyi_lane lane;

	kyi_store_u64_relaxed(&order, 0);
	assert_int_equal(kyi_lane_init(&lane, 1, 2, false), 0);
	/* Whether or not the thread has taken the first one yet. */
	assert_true(kyi_lane_push(&lane, &jobs[0].job));
	assert_true(kyi_lane_push(&lane, &jobs[1].job));
	assert_true(kyi_lane_push(&lane, &jobs[2].job));
	assert_false(kyi_lane_push(&lane, &jobs[3].job));
	wait_for(&jobs[0].began);
	kyi_lane_cnt(&lane, &running, &waiting);
	assert_int_equal(running, 1);
	assert_int_equal(waiting, 2);
	for (int i = 0; i < 3; i++)
		kyi_store_u32_relaxed(&jobs[i].go, 1);
	for (int i = 0; i < 3; i++) {
		wait_for(&jobs[i].is_done);
		assert_int_equal(kyi_load_u32_relaxed(&jobs[i].began),
		    i + 1);
	}
	assert_true(kyi_lane_push(&lane, &jobs[3].job));
	kyi_store_u32_relaxed(&jobs[3].go, 1);
	wait_for(&jobs[3].is_done);
	kyi_lane_end(&lane);
}

static void
test_clearing_ends_the_owners_jobs(void **state)
{
	struct test_job a = job_of(&mine), b = job_of(&other),
	    waits = job_of(&mine);
	struct kyi_lane lane;

	assert_int_equal(kyi_lane_init(&lane, 2, 4, true), 0);
	a.ends_when_told = waits.ends_when_told = 1;
	assert_true(kyi_lane_push(&lane, &a.job));
	assert_true(kyi_lane_push(&lane, &b.job));
	wait_for(&a.began);
	wait_for(&b.began);
	assert_true(kyi_lane_push(&lane, &waits.job));
	kyi_lane_clear(&lane, &mine);
	assert_int_equal(kyi_load_u32_relaxed(&a.is_done), 1);
	assert_int_equal(kyi_load_u32_relaxed(&waits.is_done), 1);
	assert_int_equal(kyi_load_u32_relaxed(&b.is_done), 0);
	kyi_store_u32_relaxed(&b.go, 1);
	kyi_lane_clear(&lane, &other);
	assert_int_equal(kyi_load_u32_relaxed(&b.is_done), 1);
	kyi_lane_end(&lane);
}

static void
test_who_closes_gets_no_more_in(void **state)
{
	struct test_job before = job_of(&mine), after = job_of(&mine),
	    others = job_of(&other);
	uint32_t closing = 0, open = 0;
	struct kyi_lane lane;

	assert_int_equal(kyi_lane_init(&lane, 1, 4, false), 0);
	before.job.closing = after.job.closing = &closing;
	others.job.closing = &open;
	before.go = others.go = 1;
	assert_true(kyi_lane_push(&lane, &before.job));
	kyi_store_u32_relaxed(&closing, 1);
	assert_false(kyi_lane_push(&lane, &after.job));
	assert_true(kyi_lane_push(&lane, &others.job));
	kyi_lane_clear(&lane, &mine);
	kyi_lane_clear(&lane, &other);
	assert_int_equal(kyi_load_u32_relaxed(&before.is_done), 1);
	assert_int_equal(kyi_load_u32_relaxed(&others.is_done), 1);
	kyi_lane_end(&lane);
}

static void
test_a_lane_without_threads_is_full(void **state)
{
	struct test_job job = job_of(&mine);
	struct kyi_lane lane;

	assert_int_equal(kyi_lane_init(&lane, 0, 4, false), 0);
	assert_false(kyi_lane_push(&lane, &job.job));
	kyi_lane_clear(&lane, &mine);
	kyi_lane_end(&lane);
}

static void
test_a_lane_may_be_made_wider_and_narrower(void **state)
{
	struct test_job jobs[4] = { job_of(&mine), job_of(&mine),
	    job_of(&mine), job_of(&mine) };
	uint32_t running, waiting;
	struct kyi_lane lane;

	assert_int_equal(kyi_lane_init(&lane, 1, 0, false), 0);
	assert_true(kyi_lane_push(&lane, &jobs[0].job));
	assert_false(kyi_lane_push(&lane, &jobs[1].job));
	assert_int_equal(kyi_lane_grow(&lane, 2), 0);
	/* There is a thread, but it may not yet. */
	assert_false(kyi_lane_push(&lane, &jobs[1].job));
	kyi_lane_bound(&lane, 2, 1);
	assert_true(kyi_lane_push(&lane, &jobs[1].job));
	wait_for(&jobs[0].began);
	wait_for(&jobs[1].began);
	kyi_lane_bound(&lane, 1, 2);
	assert_true(kyi_lane_push(&lane, &jobs[2].job));
	kyi_lane_bound(&lane, 1, 0);
	assert_false(kyi_lane_push(&lane, &jobs[3].job));
	/* One that ends makes no room while there is another. */
	kyi_store_u32_relaxed(&jobs[0].go, 1);
	wait_for(&jobs[0].is_done);
	kyi_lane_cnt(&lane, &running, &waiting);
	assert_int_equal(running, 1);
	assert_int_equal(waiting, 1);
	kyi_store_u32_relaxed(&jobs[1].go, 1);
	kyi_store_u32_relaxed(&jobs[2].go, 1);
	kyi_lane_clear(&lane, &mine);
	assert_int_equal(kyi_load_u32_relaxed(&jobs[2].is_done), 1);
	kyi_lane_end(&lane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_queue_is_bounded_and_in_order),
		cmocka_unit_test(test_clearing_ends_the_owners_jobs),
		cmocka_unit_test(test_who_closes_gets_no_more_in),
		cmocka_unit_test(test_a_lane_without_threads_is_full),
		cmocka_unit_test(test_a_lane_may_be_made_wider_and_narrower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
