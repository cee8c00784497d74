/* SPDX-License-Identifier: MIT */
/* Goal: kymod hears of a death at once, and knows when it was. Method: real
   children, ended by a pipe's end or by SIGKILL; epoll tells, or it does not. */
#include "tests/testlib/testlib.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "tools/kymod.h"

static struct kyi_deaths deaths;
static int epoll_fd;

static int
setup(void **state)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	kyi_deaths_init(&deaths, epoll_fd);
	return epoll_fd < 0;
}

static int
teardown(void **state)
{
	kyi_deaths_free(&deaths);
	close(epoll_fd);
	return 0;
}

static pid_t
child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static struct kymo_region_info
info_of(uint32_t n, pid_t pid, enum kymo_liveness liveness)
{
	struct kymo_region_info info = {
		.pid = (uint32_t)pid, .liveness = liveness, .last_sign_ns = 5
	};

	memcpy(info.instance_id, &n, sizeof(n));
	info.instance_id[8] = (uint8_t)(n >> 8);
	return info;
}

static void
see(const struct kymo_region_info *info, uint64_t now_ns)
{
	kyi_deaths_begin(&deaths);
	kyi_deaths_see(&deaths, info, now_ns);
	kyi_deaths_end(&deaths);
}

static void
test_a_death_is_told_by_epoll_and_its_time_is_known(void **state)
{
	pid_t pid = child();
	struct kymo_region_info info = info_of(77, pid, KYMO_ALIVE);
	struct epoll_event event;

	assert_false(kyi_deaths_known(&deaths, &info));
	see(&info, 100);
	assert_true(kyi_deaths_known(&deaths, &info));
	assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 0);
	kill(pid, SIGKILL);
	assert_int_equal(epoll_wait(epoll_fd, &event, 1, 10000), 1);
	kyi_deaths_happened(&deaths, event.data.u64, 123);
	/* Once: a zombie's descriptor stays readable. */
	assert_int_equal(epoll_wait(epoll_fd, &event, 1, 0), 0);
	assert_int_equal(deaths.fd_cnt, 0);
	info.liveness = KYMO_KILLED;
	see(&info, 200);
	assert_int_equal(kyi_deaths_when(&deaths, &info), 123);
	waitpid(pid, NULL, 0);
}

static void
test_without_a_word_the_scan_that_finds_it_dead_is_the_time(void **state)
{
	struct kymo_region_info info = info_of(77, 0, KYMO_ALIVE);

	see(&info, 100);
	assert_int_equal(deaths.fd_cnt, 0);
	info.liveness = KYMO_KILLED;
	see(&info, 200);
	see(&info, 300);
	assert_int_equal(kyi_deaths_when(&deaths, &info), 200);
}

static void
test_who_was_dead_when_first_seen_died_at_its_last_sign(void **state)
{
	struct kymo_region_info info = info_of(77, 1, KYMO_KILLED);

	see(&info, 100);
	assert_int_equal(kyi_deaths_when(&deaths, &info), 5);
	info.died_ns = 9; /* it told so itself */
	assert_int_equal(kyi_deaths_when(&deaths, &info), 9);
}

static void
test_those_that_are_gone_are_forgotten_with_their_descriptors(void **state)
{
	pid_t pid = child();
	struct kymo_region_info first = info_of(1, pid, KYMO_ALIVE);
	struct kymo_region_info info;

	see(&first, 100);
	assert_int_equal(deaths.fd_cnt, 1);
	/* Many at a time, some of one home: the table grows and is found. */
	kyi_deaths_begin(&deaths);
	for (uint32_t n = 0; n < 1000; n++) {
		info = info_of(n * 1024 + 2, 0, KYMO_ALIVE);
		kyi_deaths_see(&deaths, &info, 100);
	}
	for (uint32_t n = 0; n < 1000; n++) {
		info = info_of(n * 1024 + 2, 0, KYMO_ALIVE);
		assert_true(kyi_deaths_known(&deaths, &info));
	}
	kyi_deaths_end(&deaths);
	assert_int_equal(deaths.used_cnt, 1000);
	assert_int_equal(deaths.fd_cnt, 0);
	assert_false(kyi_deaths_known(&deaths, &first));
	kyi_deaths_begin(&deaths);
	kyi_deaths_end(&deaths);
	assert_int_equal(deaths.used_cnt, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
test_descriptors_are_bounded(void **state)
{
	pid_t pid = child();
	struct kymo_region_info info;

	deaths.fd_max = 3;
	kyi_deaths_begin(&deaths);
	for (uint32_t n = 1; n <= 5; n++) {
		info = info_of(n, pid, KYMO_ALIVE);
		kyi_deaths_see(&deaths, &info, 100);
	}
	kyi_deaths_end(&deaths);
	assert_int_equal(deaths.fd_cnt, 3);
	assert_int_equal(deaths.used_cnt, 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_death_is_told_by_epoll_and_its_time_is_known),
		TEST(test_without_a_word_the_scan_that_finds_it_dead_is_the_time),
		TEST(test_who_was_dead_when_first_seen_died_at_its_last_sign),
		TEST(test_those_that_are_gone_are_forgotten_with_their_descriptors),
		TEST(test_descriptors_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
