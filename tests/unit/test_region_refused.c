/* SPDX-License-Identifier: MIT */
/* Goal: whatever the system refuses, the program goes on with a region in
   private memory and a sentence that a person can act on, and nothing is left
   behind. Method: rows of directories; then each system call of a creation
   fails, for ever. Limits and full file systems are in test_region_limits.c. */
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/testlib/child.h"
#include "tests/testlib/use_region.h"

#include "shm/os.h"
#include "shm/region.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What the C library calls differs from machine to machine. */
#ifdef SYS_newfstatat
#define SYS_STAT SYS_newfstatat
#else
#define SYS_STAT SYS_statx
#endif
#ifndef SYS_mkdir
#define SYS_mkdir SYS_mkdirat
#endif

/* ---- directories -------------------------------------------------- */

static void
test_a_disk_is_refused_unless_allowed(void **state)
{
	struct kyi_region_options options = small(".");
	struct kyi_region region;

	/* Build directories are rarely in memory; where they are, no test. */
	if (kyi_os_is_memory_fs(AT_FDCWD) == 1 || access("/proc", X_OK) != 0)
		skip();
	options.dir = "/proc/self/fdinfo"; /* ours, and not in memory */
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(is_private(&region, "it is on a disk"), 0);
	assert_non_null(strstr(region.why, "KYMO_ALLOW_DISK=1"));
	assert_non_null(strstr(region.why, options.dir));
	kyi_region_forget(&region);
	/* Allowed, it is tried, and this one cannot hold files. */
	options.allow_disk = true;
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(is_private(&region, "no region in "), 0);
	assert_null(strstr(region.why, "it is on a disk"));
	kyi_region_forget(&region);
}

static void
test_an_allowed_disk_is_used(void **state)
{
	char dir[] = "/var/tmp/kymo-test-XXXXXX";
	struct kyi_region_options options = small(dir);
	struct kyi_region region;

	if (mkdtemp(dir) == NULL)
		skip();
	options.allow_disk = true;
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_true(region.visible);
	assert_int_equal(use(&region), 0);
	assert_int_equal(unlink(region.path), 0);
	kyi_region_forget(&region);
	assert_int_equal(rmdir(dir), 0);
}

struct dir_row {
	const char *what, *name, *why;
};

static const struct dir_row dir_rows[] = {
	{ "missing above", "none/none", "there is no such directory" },
	{ "a link", "link", "it is a link, or no directory" },
	{ "a file", "file", "it is a link, or no directory" },
};

static void
test_directories_that_will_not_do_say_why(void **state)
{
	struct kyi_region_options options;
	struct kyi_region region;
	size_t i;

	assert_int_equal(symlink("/dev/shm", testlib_path("link")), 0);
	close(open(testlib_path("file"), O_CREAT | O_WRONLY, 0600));
	for (i = 0; i < COUNT(dir_rows); i++) {
		options = small(testlib_path(dir_rows[i].name));
		assert_int_equal(kyi_region_create(&region, &options), 0);
		if (is_private(&region, dir_rows[i].why) != 0 ||
		    strstr(region.why, options.dir) == NULL)
			fail_msg("%s", dir_rows[i].what);
		kyi_region_forget(&region);
	}
	assert_int_equal(entry_cnt(testlib_dir()), 2);
}

static int
create_where_none_can_be_made(void *arg)
{
	struct kyi_region_options options = small(testlib_path("none"));
	struct kyi_region region;

	if (testlib_syscall_fails(SYS_mkdir, 0, 0, 0, EROFS) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	return is_private(&region, "it is mounted read-only");
}

static void
test_a_directory_that_cannot_be_made_says_why(void **state)
{
	testlib_child(create_where_none_can_be_made, NULL);
}

static void
test_the_reason_is_whole_though_the_path_is_not(void **state)
{
	char dir[300];
	struct kyi_region_options options = small(dir);
	struct kyi_region region;

	memset(dir, 'd', sizeof(dir));
	dir[KYI_PLACE_BYTES - 1] = '\0';
	assert_int_equal(symlink("/", testlib_path("link")), 0);
	memcpy(dir, testlib_path("link/"), strlen(testlib_path("link/")));
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(is_private(&region, "/dddd"), 0);
	assert_int_equal(strlen(region.why), KYI_REGION_WHY_BYTES - 1);
	kyi_region_forget(&region);
	dir[KYI_PLACE_BYTES - 1] = 'd';
	dir[sizeof(dir) - 1] = '\0';
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(is_private(&region, "longer than 219 bytes"), 0);
	kyi_region_forget(&region);
}

static void
test_a_group_may_read_where_the_directory_says_so(void **state)
{
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	struct stat st;

	assert_int_equal(chmod(testlib_dir(), 03770), 0);
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(stat(region.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	kyi_region_forget(&region);
}

static void
test_the_environments_directory_is_made(void **state)
{
	struct kyi_region_options options = small(NULL);
	struct kyi_region region;

	options.service = NULL;
	setenv("KYMO_DIR", testlib_path("made"), 1);
	assert_int_equal(kyi_region_create(&region, &options), 0);
	unsetenv("KYMO_DIR");
	assert_true(region.visible);
	assert_memory_equal(region.path, testlib_path("made/unknown."),
	    strlen(testlib_path("made/unknown.")));
	kyi_region_forget(&region);
}

/* ---- system calls ------------------------------------------------------- */

struct fault {
	const char *what;
	int nr;
	unsigned arg;
	uint32_t mask, value;
	int error;
	bool visible;
};

static const struct fault faults[] = {
	{ "no directory can be made", SYS_mkdir, 0, 0, 0, EROFS, true },
	{ "nothing can be opened", SYS_openat, 0, 0, 0, EACCES, false },
	{ "nothing can be opened now", SYS_openat, 0, 0, 0, ENFILE, false },
	{ "nothing can be looked at", SYS_STAT, 0, 0, 0, EIO, false },
	{ "no file system says what it is", SYS_fstatfs, 0, 0, 0, EIO, false },
	{ "no length", SYS_ftruncate, 0, 0, 0, ENOSPC, false },
	{ "no mode", SYS_fchmod, 0, 0, 0, EPERM, false },
	{ "no lock", SYS_flock, 0, 0, 0, ENOLCK, false },
	{ "no lock left", SYS_flock, 0, 0, 0, EWOULDBLOCK, false },
	{ "no shared mapping", SYS_mmap, 3, MAP_SHARED, MAP_SHARED, ENODEV,
	    false },
	{ "no name", SYS_linkat, 0, 0, 0, EXDEV, false },
	{ "no chance", SYS_getrandom, 0, 0, 0, ENOSYS, true },
	{ "no limits", SYS_prlimit64, 0, 0, 0, EPERM, true },
};

static int
fd_cnt(void)
{
	int fd, cnt = 0;

	for (fd = 0; fd < 100; fd++)
		cnt += fcntl(fd, F_GETFD) >= 0;
	return cnt;
}

static int
create_with_a_fault(void *arg)
{
	const struct fault *fault = arg;
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	int cnt = fd_cnt();

	if (testlib_syscall_fails(fault->nr, fault->arg, fault->mask,
	    fault->value, fault->error) != 0)
		return CHILD_SKIPS;
#ifdef SYS_fstat /* the same to another library */
	if (fault->nr == SYS_STAT &&
	    testlib_syscall_fails(SYS_fstat, 0, 0, 0, fault->error) != 0)
		return CHILD_SKIPS;
#endif
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(fd_cnt() == cnt);
	if (region.visible != fault->visible) {
		fprintf(stderr, "%s: visible %d\n", fault->what,
		    region.visible);
		return 1;
	}
	return fault->visible ? use(&region) : is_private(&region,
	    "no region in ");
}

static void
test_every_system_call_may_fail_for_ever(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(faults); i++) {
		testlib_child(create_with_a_fault,
		    (void *)(uintptr_t)&faults[i]);
		if (!faults[i].visible && entry_cnt(testlib_dir()) != 0)
			fail_msg("%s: something is left", faults[i].what);
		if (faults[i].visible) {
			assert_int_equal(entry_cnt(testlib_dir()), 1);
			assert_int_equal(testlib_teardown(state), 0);
			assert_int_equal(testlib_setup(state), 0);
		}
	}
}

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_disk_is_refused_unless_allowed),
		TEST(test_an_allowed_disk_is_used),
		TEST(test_directories_that_will_not_do_say_why),
		TEST(test_a_directory_that_cannot_be_made_says_why),
		TEST(test_the_reason_is_whole_though_the_path_is_not),
		TEST(test_a_group_may_read_where_the_directory_says_so),
		TEST(test_the_environments_directory_is_made),
		TEST(test_every_system_call_may_fail_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
