/* SPDX-License-Identifier: MIT */
/* Goal: health's lock is held by one at a time, who asks gives up after its
   patience and not before, and who leaves it lets the next one in.
   Method: threads. Nothing is timed but that patience is not less than asked. */
#include "tests/testlib/testlib.h"

#include <pthread.h>
#include <time.h>

#include "tools/kymod_health.h"

#define THREAD_CNT 4
#define TURN_CNT 20000u
#define LONG_NS (UINT64_C(60) * 1000000000)

uint64_t
kyi_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) +
	    (uint64_t)now.tv_nsec;
}

struct shared {
	struct kyi_lock lock;
	uint64_t cnt; /* plain: under the lock */
	bool got;
};

static void *
counts(void *of)
{
	struct shared *shared = of;
	uint32_t i;

	for (i = 0; i < TURN_CNT; i++) {
		/* Both ways in. */
		if (i % 2 == 0)
			kyi_lock_take(&shared->lock);
		else if (!kyi_lock_take_within(&shared->lock, LONG_NS))
			return NULL;
		shared->cnt++;
		kyi_lock_leave(&shared->lock);
	}
	return NULL;
}

static void
test_one_at_a_time_has_it(void **state)
{
	struct shared shared = {.cnt = 0};
	pthread_t threads[THREAD_CNT];
	uint32_t i;

	(void)state;
	assert_int_equal(kyi_lock_init(&shared.lock), 0);
	for (i = 0; i < THREAD_CNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, counts,
		    &shared), 0);
	for (i = 0; i < THREAD_CNT; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.cnt, THREAD_CNT * TURN_CNT);
	kyi_lock_destroy(&shared.lock);
}

static void *
waits(void *of)
{
	struct shared *shared = of;

	shared->got = kyi_lock_take_within(&shared->lock, LONG_NS);
	if (shared->got)
		kyi_lock_leave(&shared->lock);
	return NULL;
}

static void
test_who_waits_gives_up_or_gets_it(void **state)
{
	struct shared shared = {.cnt = 0};
	uint64_t began_ns;
	pthread_t thread;

	(void)state;
	assert_int_equal(kyi_lock_init(&shared.lock), 0);
	kyi_lock_take(&shared.lock);
	began_ns = kyi_monotonic_ns();
	assert_false(kyi_lock_take_within(&shared.lock, 20000000));
	assert_true(kyi_monotonic_ns() - began_ns >= 20000000);
	/* It is still held: who gave up has taken nothing. */
	assert_false(kyi_lock_take_within(&shared.lock, 0));
	assert_int_equal(pthread_create(&thread, NULL, waits, &shared), 0);
	kyi_lock_leave(&shared.lock);
	pthread_join(thread, NULL);
	assert_true(shared.got);
	assert_true(kyi_lock_take_within(&shared.lock, 0));
	kyi_lock_leave(&shared.lock);
	kyi_lock_destroy(&shared.lock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time_has_it),
		cmocka_unit_test(test_who_waits_gives_up_or_gets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
