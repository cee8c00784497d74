/* SPDX-License-Identifier: MIT */
/* Goal: programs that cannot be ended do not become more and more.
   Method: some that are killed, and not reaped, for nobody steps; many that
   nothing can wait for, and what is left of them counted. */
#include "tests/testlib/testlib.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/health/probe.h"

struct world {
	struct kymo_probe *probe;
	uint32_t looked_cnt;
};

static void
looked(void *of, uint64_t ticket, const struct kymo_looked *what)
{
	struct world *world = of;

	(void)ticket;
	(void)what;
	world->looked_cnt++;
}

static void
world_begin(struct world *world)
{
	const struct kymo_probe_options options = {world, looked, NULL};
	struct kymo_error error = {""};

	memset(world, 0, sizeof(*world));
	if (kymo_probe_new(&world->probe, &options, &error) != 0)
		fail_msg("%s", error.text);
}

static int
look(struct world *world, uint64_t ticket, char **argv,
    struct kymo_looked *now)
{
	const struct kymo_check check = {.kind = KYMO_CHECK_COMMAND,
	    .argv = argv, .argv_cnt = 2, .timeout_ms = 60000};

	*now = (struct kymo_looked){.certificate_days = NAN};
	return kymo_probe_look(world->probe, ticket, &check, now);
}

static void
step(struct world *world)
{
	struct pollfd wait = {kymo_probe_fd(world->probe), POLLIN, 0};

	(void)poll(&wait, 1, 100);
	kymo_probe_step(world->probe);
}

static void
test_those_that_do_not_end_are_not_followed_by_more(void **state)
{
	static char program[] = "/bin/sleep", word[] = "600";
	char *argv[] = {program, word, NULL};
	struct kymo_looked now;
	struct world world;
	uint64_t ticket;
	int i, result = 1;

	(void)state;
	world_begin(&world);
	for (ticket = 1; ticket <= 64; ticket++) {
		assert_int_equal(look(&world, ticket, argv, &now), 0);
		kymo_probe_give_up(world.probe, ticket);
	}
	assert_int_equal(look(&world, ticket, argv, &now), 1);
	assert_int_equal(now.result, KYMO_LOOK_UNKNOWN);
	assert_string_equal(now.reason,
	    "64 programs that were killed have not ended");
	/* They end after all. */
	for (i = 0; i < 1000 && result != 0; i++) {
		step(&world);
		result = look(&world, ticket, argv, &now);
	}
	assert_int_equal(result, 0);
	assert_int_equal(world.looked_cnt, 0);
	kymo_probe_delete(world.probe);
}

static void
test_those_that_nothing_waits_for_are_reaped(void **state)
{
	static char program[] = "/bin/sleep", word[] = "600";
	char *argv[] = {program, word, NULL};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), left_cnt = 0, i;
	struct kymo_looked now;
	struct world world;

	(void)state;
	world_begin(&world);
	assert_true(fd >= 0);
	assert_true(dup2(fd, kymo_probe_fd(world.probe)) >= 0);
	close(fd);
	for (i = 0; i < 300; i++) {
		assert_int_equal(look(&world, 1, argv, &now), 1);
		assert_int_equal(now.result, KYMO_LOOK_UNKNOWN);
		if (i == 0)
			assert_non_null(strstr(now.reason,
			    "/bin/sleep cannot be waited for: "));
	}
	assert_int_equal(world.looked_cnt, 0);
	kymo_probe_delete(world.probe);
	while (waitpid(-1, NULL, 0) > 0)
		left_cnt++;
	assert_in_range(left_cnt, 0, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_those_that_nothing_waits_for_are_reaped),
		cmocka_unit_test(
		    test_those_that_do_not_end_are_not_followed_by_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
