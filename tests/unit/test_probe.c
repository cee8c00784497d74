/* SPDX-License-Identifier: MIT */
/* Goal: programs that cannot be ended do not become more and more, and one whose
   start hangs keeps nobody else waiting.
   Method: some that are killed, and not reaped, for nobody steps; many that
   nothing can wait for, and what is left of them counted; a posix_spawn of our
   own, which hangs for one path as an exec from a disk that is gone does. */
#include "tests/testlib/testlib.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/health/probe_private.h"

/* ---- a start that hangs ---------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool hangs;
	uint32_t hanging_cnt, gone_on_cnt;
	pid_t pid; /* of the last that went on */
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER,
    .change = PTHREAD_COND_INITIALIZER};

static void
gate_pass(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.hanging_cnt++;
	pthread_cond_broadcast(&gate.change);
	while (gate.hangs)
		pthread_cond_wait(&gate.change, &gate.lock);
	gate.hanging_cnt--;
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_set(bool hangs)
{
	pthread_mutex_lock(&gate.lock);
	gate.hangs = hangs;
	pthread_cond_broadcast(&gate.change);
	pthread_mutex_unlock(&gate.lock);
}

/* Until so many hang there. */
static void
gate_await(uint32_t cnt)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.hanging_cnt < cnt)
		pthread_cond_wait(&gate.change, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static pid_t
gate_gone_on(uint32_t cnt)
{
	pid_t pid;

	pthread_mutex_lock(&gate.lock);
	while (gate.gone_on_cnt < cnt)
		pthread_cond_wait(&gate.change, &gate.lock);
	pid = gate.pid;
	pthread_mutex_unlock(&gate.lock);
	return pid;
}

/* In the place of libc's, for the library too. */
int
posix_spawn(pid_t *restrict pid, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
    char *const envp[restrict])
{
	__typeof__(posix_spawn) *real;
	void *found = dlsym(RTLD_NEXT, "posix_spawn");
	bool gated = strcmp(path, "/bin/../bin/sleep") == 0;
	int result;

	memcpy(&real, &found, sizeof(real));
	if (gated)
		gate_pass();
	result = real(pid, path, actions, attributes, argv, envp);
	if (!gated)
		return result;
	pthread_mutex_lock(&gate.lock);
	gate.gone_on_cnt++;
	gate.pid = *pid;
	pthread_cond_broadcast(&gate.change);
	pthread_mutex_unlock(&gate.lock);
	return result;
}

/* ---- probes ---------------------------------------------------------------- */

struct world {
	struct kymo_probe *probe;
	uint32_t looked_cnt;
	uint64_t ticket; /* of the last */
	struct kymo_looked what;
};

static void
looked(void *of, uint64_t ticket, const struct kymo_looked *what)
{
	struct world *world = of;

	world->ticket = ticket;
	world->what = *what;
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

static bool
starting(const struct world *world, uint64_t ticket)
{
	const struct kyi_errand *errand = world->probe->errands;

	while (errand != NULL && errand->ticket != ticket)
		errand = errand->next;
	return errand != NULL && errand->starting;
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
	/* All of them before any is given up: nothing steps after that. */
	for (ticket = 1; ticket <= 64; ticket++)
		assert_int_equal(look(&world, ticket, argv, &now), 0);
	for (i = 0, ticket = 1; ticket <= 64; i++) {
		assert_true(i < 6000);
		step(&world);
		while (ticket <= 64 && !starting(&world, ticket))
			ticket++;
	}
	for (ticket = 1; ticket <= 64; ticket++)
		assert_false(kymo_probe_give_up(world.probe, ticket));
	assert_int_equal(look(&world, ticket, argv, &now), 1);
	assert_int_equal(now.result, KYMO_LOOK_UNKNOWN);
	assert_string_equal(now.reason, "64 programs that were killed have not "
	    "ended, or not even begun");
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
until_looked(struct world *world, uint32_t cnt)
{
	for (int i = 0; i < 30000 && world->looked_cnt < cnt; i++) {
		step(world);
		usleep(500); /* where the descriptor does not wait */
	}
	assert_int_equal(world->looked_cnt, cnt);
}

static void
test_those_that_nothing_waits_for_are_reaped(void **state)
{
	static char program[] = "/bin/sleep", word[] = "600";
	char *argv[] = {program, word, NULL};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), left_cnt = 0;
	struct kymo_looked now;
	struct world world;
	uint32_t i;

	(void)state;
	world_begin(&world);
	assert_true(fd >= 0);
	assert_true(dup2(fd, kymo_probe_fd(world.probe)) >= 0);
	close(fd);
	for (i = 0; i < 300; i++) {
		assert_int_equal(look(&world, i + 1, argv, &now), 0);
		until_looked(&world, i + 1);
		assert_int_equal(world.ticket, i + 1);
		assert_int_equal(world.what.result, KYMO_LOOK_UNKNOWN);
		if (i == 0)
			assert_non_null(strstr(world.what.reason,
			    "/bin/sleep cannot be waited for: "));
	}
	kymo_probe_delete(world.probe);
	while (waitpid(-1, NULL, 0) > 0)
		left_cnt++;
	assert_in_range(left_cnt, 0, 64);
}

static void
test_what_cannot_be_started_is_unknown(void **state)
{
	static char program[] = "/nonexistent/program", word[] = "x";
	char *argv[] = {program, word, NULL};
	struct kymo_looked now;
	struct world world;

	(void)state;
	world_begin(&world);
	assert_int_equal(look(&world, 1, argv, &now), 0);
	until_looked(&world, 1);
	assert_int_equal(world.what.result, KYMO_LOOK_UNKNOWN);
	assert_string_equal(world.what.reason,
	    "/nonexistent/program: No such file or directory");
	kymo_probe_delete(world.probe);
}

static void
test_a_start_that_hangs_is_one_unknown_and_no_more(void **state)
{
	static char gated[] = "/bin/../bin/sleep", word[] = "600";
	static char program[] = "/bin/true", none[] = "";
	char *hanging[] = {gated, word, NULL}, *good[] = {program, none, NULL};
	struct kymo_looked now;
	struct world world;
	pid_t pid;
	int i;

	(void)state;
	world_begin(&world);
	gate_set(true);
	assert_int_equal(look(&world, 1, hanging, &now), 0);
	gate_await(1);
	/* Others are looked at meanwhile. */
	assert_int_equal(look(&world, 2, good, &now), 0);
	until_looked(&world, 1);
	assert_int_equal(world.ticket, 2);
	assert_int_equal(world.what.result, KYMO_LOOK_GOOD);
	/* It never began: nothing is known of what it looks at. */
	assert_true(kymo_probe_give_up(world.probe, 1));
	/* No second one beside it. */
	assert_int_equal(look(&world, 3, hanging, &now), 1);
	assert_int_equal(now.result, KYMO_LOOK_UNKNOWN);
	assert_string_equal(now.reason,
	    "/bin/../bin/sleep: an earlier start of it still hangs");
	/* The disk is back: what then runs is ended, and another may start. */
	gate_set(false);
	pid = gate_gone_on(1);
	for (i = 0; i < 600 && kill(pid, 0) == 0; i++)
		step(&world);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(look(&world, 4, hanging, &now), 0);
	pid = gate_gone_on(2);
	for (i = 0; i < 10; i++)
		step(&world);
	/* That one has begun. */
	assert_false(kymo_probe_give_up(world.probe, 4));
	assert_int_equal(world.looked_cnt, 1);
	kymo_probe_delete(world.probe);
}

/* What comes to be after our end is ended, and reaped by whoever is left. */
static void
test_a_start_that_hangs_outlives_the_probe(void **state)
{
	static char gated[] = "/bin/../bin/sleep", word[] = "600";
	char *argv[] = {gated, word, NULL};
	uint32_t before = gate.gone_on_cnt;
	struct kymo_looked now;
	struct world world;
	int status = 0;
	pid_t pid;

	(void)state;
	world_begin(&world);
	gate_set(true);
	assert_int_equal(look(&world, 1, argv, &now), 0);
	gate_await(1);
	kymo_probe_delete(world.probe);
	gate_set(false);
	pid = gate_gone_on(before + 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(world.looked_cnt, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_those_that_nothing_waits_for_are_reaped),
		cmocka_unit_test(
		    test_those_that_do_not_end_are_not_followed_by_more),
		cmocka_unit_test(test_what_cannot_be_started_is_unknown),
		cmocka_unit_test(
		    test_a_start_that_hangs_is_one_unknown_and_no_more),
		cmocka_unit_test(test_a_start_that_hangs_outlives_the_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
