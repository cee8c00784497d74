/* SPDX-License-Identifier: MIT */
/* Goal: whoever works comes before all who ask, and who asks comes in the end,
   or hears that it was not in time. Method: threads that are known to wait before
   the lock is given away; the order in which they got it. */
#include "tests/testlib/testlib.h"

#include <time.h>
#include <unistd.h>

#include "tools/kymod_turns.h"

#define ASKERS 3

static struct kyi_turns turns;
static char order[16];
static unsigned order_cnt;

static void *
asks(void *of)
{
	assert_true(kyi_turns_ask(&turns, UINT64_C(1) << 62));
	order[order_cnt++] = 'a';
	kyi_turns_done(&turns);
	return of;
}

static void *
works(void *of)
{
	kyi_turns_work(&turns);
	order[order_cnt++] = 'w';
	kyi_turns_done(&turns);
	return of;
}

/* Until so many wait to work. */
static void
wait_for(uint32_t cnt)
{
	uint32_t now_cnt = 0;

	while (now_cnt != cnt) {
		usleep(1000);
		pthread_mutex_lock(&turns.lock);
		now_cnt = turns.work_cnt;
		pthread_mutex_unlock(&turns.lock);
	}
}

static void
test_work_comes_before_all_who_ask(void **state)
{
	pthread_t askers[ASKERS], workers[2];

	order_cnt = 0;
	kyi_turns_init(&turns);
	assert_true(kyi_turns_ask(&turns, 0));
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&askers[i], NULL, asks, NULL),
		    0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, works, NULL),
		    0);
	wait_for(2);
	kyi_turns_done(&turns);
	for (int i = 0; i < 2; i++)
		pthread_join(workers[i], NULL);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	order[order_cnt] = '\0';
	assert_string_equal(order, "wwaaa");
	kyi_turns_destroy(&turns);
}

static void
test_who_asks_does_not_wait_for_ever(void **state)
{
	pthread_t worker;

	order_cnt = 0;
	kyi_turns_init(&turns);
	kyi_turns_work(&turns);
	/* Taken, long after the time, and while somebody waits to work. */
	assert_false(kyi_turns_ask(&turns, 1));
	assert_int_equal(pthread_create(&worker, NULL, works, NULL), 0);
	wait_for(1);
	assert_false(kyi_turns_ask(&turns, 1));
	kyi_turns_done(&turns);
	pthread_join(worker, NULL);
	/* Free: the time does not matter. */
	assert_true(kyi_turns_ask(&turns, 1));
	kyi_turns_done(&turns);
	kyi_turns_destroy(&turns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_comes_before_all_who_ask),
		cmocka_unit_test(test_who_asks_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
