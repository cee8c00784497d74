/* SPDX-License-Identifier: MIT */

/* What unit tests share: cmocka with its includes, a directory of their own on
   tmpfs, and the data that is not in the tree.

	static void test_region_appears_complete(void **state)
	{
		const char *dir = testlib_dir();
		...
	}

	cmocka_unit_test_setup_teardown(test_region_appears_complete,
	    testlib_setup, testlib_teardown) */

#ifndef TESTS_TESTLIB_TESTLIB_H
#define TESTS_TESTLIB_TESTLIB_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TESTLIB_UNUSED __attribute__((unused))

#define TESTLIB_TESTS_MAX 128

/* Runs the tests whose names are not in $KYMO_LEAVE_OUT, " NAME NAME ": what
   an emulator cannot do (tests/machines/left-out). Says which it left out. */
TESTLIB_UNUSED static int
testlib_run(const char *group, const struct CMUnitTest *tests, size_t cnt,
    CMFixtureFunction setup, CMFixtureFunction teardown)
{
	struct CMUnitTest run[TESTLIB_TESTS_MAX];
	const char *leave_out = getenv("KYMO_LEAVE_OUT");
	char name[128];
	size_t i, run_cnt = 0;

	if (leave_out == NULL || cnt > TESTLIB_TESTS_MAX)
		return _cmocka_run_group_tests(group, tests, cnt, setup,
		    teardown);
	for (i = 0; i < cnt; i++) {
		snprintf(name, sizeof(name), " %s ", tests[i].name);
		if (strstr(leave_out, name) == NULL)
			run[run_cnt++] = tests[i];
		else
			printf("LEFT OUT:%s\n", name);
	}
	return _cmocka_run_group_tests(group, run, run_cnt, setup, teardown);
}

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                        \
	testlib_run(#tests, tests, sizeof(tests) / sizeof(*(tests)), setup,   \
	    teardown)

static char testlib_dir_path[64];

/* testlib_dir returns the running test's own empty directory on tmpfs. */
TESTLIB_UNUSED static const char *
testlib_dir(void)
{
	return testlib_dir_path;
}

/* testlib_path returns dir/name in a static buffer, good until the next call. */
TESTLIB_UNUSED static const char *
testlib_path(const char *name)
{
	static char path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/%s", testlib_dir_path,
	    name) < (int)sizeof(path));
	return path;
}

/* Removes dir_fd's content; closes dir_fd. Does not follow links. */
static void
testlib_empty(int dir_fd)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;

	if (dir == NULL) {
		close(dir_fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		int child_fd;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dir_fd, entry->d_name, 0) == 0)
			continue;
		child_fd = openat(dir_fd, entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child_fd >= 0)
			testlib_empty(child_fd);
		unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

/* testlib_setup and testlib_teardown: a directory per test, gone after it. */
TESTLIB_UNUSED static int
testlib_setup(void **state)
{
	strcpy(testlib_dir_path, "/dev/shm/kymo-test-XXXXXX");
	return mkdtemp(testlib_dir_path) == NULL ? -1 : 0;
}

TESTLIB_UNUSED static int
testlib_teardown(void **state)
{
	int dir_fd = open(testlib_dir_path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd >= 0)
		testlib_empty(dir_fd);
	return rmdir(testlib_dir_path);
}

/* testlib_srcfile returns the path of a file of the source tree, by its name
   from the top; a static buffer, good until the next call. */
TESTLIB_UNUSED static const char *
testlib_srcfile(const char *name)
{
	static char path[PATH_MAX];
	const char *top = getenv("top_srcdir");

	assert_true(snprintf(path, sizeof(path), "%s/%s",
	    top == NULL ? "." : top, name) < (int)sizeof(path));
	return path;
}

/* testlib_data returns the path of a file in KYMO_TEST_DATA (a static buffer).
   Without the data the test is skipped and says so; it does not return then. */
TESTLIB_UNUSED static const char *
testlib_data(const char *name)
{
	static char path[PATH_MAX];
	const char *top = getenv("KYMO_TEST_DATA");

	if (top == NULL || *top == '\0') {
		print_message("SKIPPED: %s needs KYMO_TEST_DATA\n", name);
		skip();
	}
	assert_true(snprintf(path, sizeof(path), "%s/%s", top, name) <
	    (int)sizeof(path));
	if (access(path, R_OK) != 0) {
		print_message("SKIPPED: no file %s\n", path);
		skip();
	}
	return path;
}

#endif
