/* SPDX-License-Identifier: MIT */
/* Goal: perf is run as it should be, by its path and words, with nothing of ours in
   its environment, bounded in time and bytes and ended with all it began; and what
   became of it is said in words; a number that another process got is nobody.
   Method: programs of the test in perf's place, and processes that sleep. That
   perf itself is understood: tests/e2e/tools_kymod_profile.sh. */
#include "tests/testlib/testlib.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "reader/profile/profile.h"
#include "shm/os.h"

static char perf[96];
static pid_t child;

/* In perf's place: what is done as record, and as script. A folder from which
   programs may be run: /dev/shm may be none. */
static void
perf_is(const char *record, const char *script)
{
	FILE *file;

	snprintf(perf, sizeof(perf), "/tmp/kymo-test-perf-%d", (int)getpid());
	(void)unlink(perf);
	file = fopen(perf, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncase $1 in\nrecord) %s ;;\nscript) %s ;;\n"
	    "esac\n", record, script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(perf, 0700), 0);
}

static int
begin(void **state)
{
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	return child < 0 ? -1 : testlib_setup(state);
}

static int
end(void **state)
{
	(void)unlink(perf);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return testlib_teardown(state);
}

static void
take(struct kymo_profile *profile, bool (*cancelled)(void *of))
{
	const struct kymo_profile_options options = { .command = perf,
	    .seconds = 1, .frequency = 99, .bytes_max = 1 << 20,
	    .folder = testlib_dir(), .cancelled = cancelled };
	struct kymo_profile_process process;
	struct kymo_error error = { "" };

	if (kymo_profile_process_open(&process, (uint32_t)child, 0, geteuid(),
	    &error) != 0)
		fail_msg("%s", error.text);
	memset(profile, 0, sizeof(*profile));
	kymo_profile_take(profile, &options, &process, 1);
	close(process.fd);
}

static void
test_a_profile_is_taken(void **state)
{
	struct kymo_profile profile;
	char record[512], script[256], want[64];
	FILE *file;

	(void)state;
	/* What is said on both outputs, and the environment, are looked at. */
	snprintf(record, sizeof(record), "echo \"$@\" >%s/words; env >%s/env; "
	    "ls -l /proc/self/fd | wc -l >%s/fds; echo noise; echo noise >&2",
	    testlib_dir(), testlib_dir(), testlib_dir());
	snprintf(script, sizeof(script), "printf 'x %d/1 \\n\\t 1 f (/a)\\n\\n';"
	    " echo lost >&2", (int)child);
	perf_is(record, script);
	assert_int_equal(setenv("KYMO_SECRET", "1", 1), 0);
	take(&profile, NULL);
	if (profile.result != KYMO_PROFILE_TAKEN)
		fail_msg("%s", profile.why.text);
	assert_string_equal(profile.folded.at, "x;f (a) 1\n");
	assert_string_equal(profile.hottest, "100% f (a)");
	kymo_profile_free(&profile);

	file = fopen(testlib_path("words"), "re");
	assert_non_null(file);
	assert_non_null(fgets(record, sizeof(record), file));
	fclose(file);
	snprintf(want, sizeof(want), "-p %d -- sleep 1\n", (int)child);
	assert_non_null(strstr(record, want));
	assert_non_null(strstr(record, "record --no-buildid --no-buildid-cache "
	    "-F 99 --call-graph fp --max-size 1024K -o /dev/shm/"));
	file = fopen(testlib_path("env"), "re");
	assert_non_null(file);
	while (fgets(record, sizeof(record), file) != NULL)
		assert_null(strstr(record, "KYMO_SECRET"));
	fclose(file);
}

static void
test_what_went_wrong_is_said(void **state)
{
	static const struct {
		const char *record, *script, *why;
		enum kymo_profile_result result;
	} rows[] = {
		{ "echo first >&2; echo 'no room left' >&2; exit 9", "true",
		    "ended with 9: no room left", KYMO_PROFILE_FAILED },
		{ "kill -SEGV $$", "true", "was ended by signal 11",
		    KYMO_PROFILE_FAILED },
		{ "true", "exit 3", "ended with 3", KYMO_PROFILE_FAILED },
		{ "true", "true", "it was not running: in 1 s",
		    KYMO_PROFILE_IDLE },
		{ "true", "printf 'x 1/1 \\n\\t 1 f (/a)\\n\\n'",
		    "it was not running", KYMO_PROFILE_IDLE },
		{ "head -c 4000000 /dev/zero >\"${11}\" || exit 7; exit 0",
		    "true", "ended with 7", KYMO_PROFILE_FAILED },
	};
	struct kymo_profile profile;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		perf_is(rows[i].record, rows[i].script);
		take(&profile, NULL);
		if (profile.result != rows[i].result ||
		    strstr(profile.why.text, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].record, profile.why.text);
		kymo_profile_free(&profile);
	}
	/* Nothing is left of it. */
	assert_int_not_equal(access(testlib_path(".perf.data"), F_OK), 0);
	(void)unlink(perf);
	take(&profile, NULL);
	assert_int_equal(profile.result, KYMO_PROFILE_NOT_INSTALLED);
	assert_non_null(strstr(profile.why.text, "linux-perf"));
	kymo_profile_free(&profile);
}

static bool
at_once(void *of)
{
	(void)of;
	return access(testlib_path("pid"), F_OK) == 0;
}

static void
test_what_hangs_is_ended_with_all_it_began(void **state)
{
	const struct timespec pause_a_bit = { .tv_nsec = 1000000 };
	struct kymo_profile profile;
	char record[256], text[16] = "";
	int fd;

	(void)state;
	snprintf(record, sizeof(record), "trap '' TERM INT; sleep 1000 & "
	    "echo $! >%s/.pid; mv %s/.pid %s/pid; wait", testlib_dir(),
	    testlib_dir(), testlib_dir());
	perf_is(record, "true");
	take(&profile, at_once);
	assert_int_equal(profile.result, KYMO_PROFILE_LIMITED);
	kymo_profile_free(&profile);
	fd = open(testlib_path("pid"), O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	/* Killed; whoever reaps it may take a moment. */
	while (kill(atoi(text), 0) == 0) {
		char path[32], stat_text[256] = "";

		snprintf(path, sizeof(path), "/proc/%d/stat", atoi(text));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!read(fd, stat_text, sizeof(stat_text) - 1);
			close(fd);
		}
		if (strstr(stat_text, ") Z ") != NULL)
			break;
		nanosleep(&pause_a_bit, NULL);
	}
}

static void
test_a_process_that_ended_is_not_told_of(void **state)
{
	struct kymo_profile profile;
	char record[128], script[128];

	(void)state;
	snprintf(record, sizeof(record), "kill -KILL %d; until grep -q ') Z' "
	    "/proc/%d/stat; do sleep .01; done", (int)child, (int)child);
	snprintf(script, sizeof(script),
	    "printf 'x %d/1 \\n\\t 1 f (/a)\\n\\n'", (int)child);
	perf_is(record, script);
	take(&profile, NULL);
	assert_int_equal(profile.result, KYMO_PROFILE_GONE);
	assert_int_equal(profile.folded.len_bytes, 0);
	kymo_profile_free(&profile);
}

static void
test_a_number_is_not_a_process(void **state)
{
	struct kymo_profile_process process;
	struct kymo_error error = { "" };
	uint64_t ticks = 0;
	uint32_t pid = (uint32_t)child;

	(void)state;
	assert_int_equal(kyi_os_starttime(pid, &ticks), 0);
	assert_int_equal(kymo_profile_process_open(&process, pid, ticks,
	    geteuid(), &error), 0);
	close(process.fd);
	/* Another one that began at another time had it. */
	assert_int_equal(kymo_profile_process_open(&process, pid, ticks + 1,
	    geteuid(), &error), -1);
	assert_non_null(strstr(error.text, "has ended"));
	assert_int_equal(kymo_profile_process_open(&process, 0, 0, 0, &error),
	    -1);
	/* Who is nobody's friend names only what is theirs. */
	assert_int_equal(kymo_profile_process_open(&process, pid, ticks,
	    geteuid() + 4711, &error), -1);
	assert_non_null(strstr(error.text, "is not user"));
	assert_int_equal(process.fd, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_profile_is_taken, begin,
		    end),
		cmocka_unit_test_setup_teardown(test_what_went_wrong_is_said,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    test_what_hangs_is_ended_with_all_it_began, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_a_process_that_ended_is_not_told_of, begin, end),
		cmocka_unit_test_setup_teardown(test_a_number_is_not_a_process,
		    begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
