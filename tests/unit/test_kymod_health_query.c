/* SPDX-License-Identifier: MIT */
/* Goal: an expression whose check has given it up is not evaluated, nor to its
   end, and those behind it are.
   Method: a source of series that waits until the test says so, or it is to give
   up, and counts how often it is asked. */
#include "tests/testlib/testlib.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tools/kymod_health.h"

uint64_t
kyi_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) +
	    (uint64_t)now.tv_nsec;
}

uint64_t
kyi_realtime_ns(void)
{
	return UINT64_C(1700000000000000000);
}

static struct {
	pthread_mutex_t lock;
	bool holds;
	uint32_t asked_cnt, given_up_cnt;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool
holds(void)
{
	bool is;

	pthread_mutex_lock(&store.lock);
	is = store.holds;
	pthread_mutex_unlock(&store.lock);
	return is;
}

static void
holds_set(bool is)
{
	pthread_mutex_lock(&store.lock);
	store.holds = is;
	pthread_mutex_unlock(&store.lock);
}

static uint32_t
cnt_of(const uint32_t *cnt)
{
	uint32_t is;

	pthread_mutex_lock(&store.lock);
	is = *cnt;
	pthread_mutex_unlock(&store.lock);
	return is;
}

static int
store_select(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	bool given_up = false;

	(void)of;
	pthread_mutex_lock(&store.lock);
	store.asked_cnt++;
	pthread_mutex_unlock(&store.lock);
	while (holds() && !given_up) {
		given_up = what->give_up != NULL &&
		    what->give_up(what->give_up_of, error);
		usleep(1000);
	}
	memset(selected, 0, sizeof(*selected));
	if (!given_up)
		return 0;
	pthread_mutex_lock(&store.lock);
	store.given_up_cnt++;
	pthread_mutex_unlock(&store.lock);
	return -1;
}

static void
store_done(void *of, struct kymo_selected *selected)
{
	(void)of;
	(void)selected;
}

/* The next answer's ticket. */
static uint64_t
answer(struct kyi_health_queries *queries, int wake_fd,
    struct kymo_looked *looked)
{
	struct pollfd wait = {wake_fd, POLLIN, 0};
	uint64_t ticket = 0;
	eventfd_t cnt;

	for (int i = 0; i < 600 && !kyi_health_queries_take(queries, &ticket,
	    looked); i++) {
		(void)poll(&wait, 1, 100);
		(void)!eventfd_read(wake_fd, &cnt);
	}
	return ticket;
}

static void
test_what_was_given_up_is_not_evaluated(void **state)
{
	const struct kymo_source source = {NULL, store_select, store_done};
	const struct kymo_query_options options = {.cpu_ms_max = 600000};
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct kyi_health_queries *queries;
	struct kymo_error error = {""};
	struct kymo_looked looked = {.certificate_days = 0};

	(void)state;
	queries = kyi_health_queries_open(&source, &options, wake_fd, &error);
	assert_non_null(queries);
	holds_set(true);
	assert_int_equal(kyi_health_queries_ask(queries, 1, "up", &looked), 0);
	while (cnt_of(&store.asked_cnt) == 0)
		usleep(1000);
	assert_int_equal(kyi_health_queries_ask(queries, 2, "up", &looked), 0);
	assert_int_equal(kyi_health_queries_ask(queries, 3, "up", &looked), 0);
	assert_int_equal(kyi_health_queries_ask(queries, 4, "1", &looked), 0);
	/* The last that waits, one in the middle, and none of ours. */
	assert_true(kyi_health_queries_give_up(queries, 3));
	assert_true(kyi_health_queries_give_up(queries, 2));
	assert_false(kyi_health_queries_give_up(queries, 2));
	assert_false(kyi_health_queries_give_up(queries, 9));
	/* The one that is under way: it still holds, and yet it ends. */
	assert_true(kyi_health_queries_give_up(queries, 1));
	assert_int_equal(answer(queries, wake_fd, &looked), 4);
	assert_int_equal(looked.result, KYMO_LOOK_GOOD);
	assert_int_equal(cnt_of(&store.given_up_cnt), 1);
	assert_int_equal(cnt_of(&store.asked_cnt), 1);
	/* Another one is answered as ever. */
	holds_set(false);
	assert_int_equal(kyi_health_queries_ask(queries, 5, "up", &looked), 0);
	assert_int_equal(answer(queries, wake_fd, &looked), 5);
	assert_int_equal(looked.result, KYMO_LOOK_UNKNOWN);
	assert_false(kyi_health_queries_give_up(queries, 5));
	kyi_health_queries_close(queries);
	close(wake_fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_given_up_is_not_evaluated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
