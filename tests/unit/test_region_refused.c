/* SPDX-License-Identifier: MIT */
/* Goal: whatever the system refuses, the program goes on with a region in
   private memory and a sentence that a person can act on, and nothing is left
   behind. Method: rows of directories; limits, old kernels and full file
   systems in children; then each system call of a creation fails, for ever. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/testlib/child.h"

#include "shm/check.h"
#include "shm/os.h"
#include "shm/region.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define PAGE KYI_PAGE_BYTES

/* What the C library calls differs from machine to machine. */
#ifdef SYS_newfstatat
#define SYS_STAT SYS_newfstatat
#else
#define SYS_STAT SYS_statx
#endif
#ifndef SYS_mkdir
#define SYS_mkdir SYS_mkdirat
#endif

static struct kyi_region_options
small(const char *dir)
{
	struct kyi_region_options options = {
		.dir = dir,
		.service = "shop",
		.max_bytes = 1u << 20,
		.slot_max = 4,
	};

	return options;
}

static uint32_t
entry_cnt(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t cnt = 0;

	while (readdir(dir) != NULL)
		cnt++;
	closedir(dir);
	return cnt - 2;
}

/* Whether all that a writer does with a region can be done with this one. */
static int
use(struct kyi_region *region)
{
	uint64_t off;

	CHILD_CHECK(memcmp(region->base, KYI_MAGIC, KYI_MAGIC_BYTES) == 0);
	kyi_region_control(region)->heartbeat_ns = 1;
	*(uint64_t *)kyi_region_at(region, region->windows_off) = 1;
	CHILD_CHECK(kyi_region_populate(region, region->windows_off +
	    region->window_bytes, PAGE));
	*(uint64_t *)kyi_region_at(region, region->windows_off +
	    region->window_bytes) = 1;
	off = kyi_region_append(region, region->str_off, region->str_len,
	    2 * PAGE);
	CHILD_CHECK(off != 0);
	memset(kyi_region_at(region, off), 'x', 2 * PAGE);
	kyi_region_appended(region, region->str_off, off + 2 * PAGE);
	off = kyi_region_block(region, KYI_BLK_HIST, 0, 3, 2 * PAGE, 2 * PAGE);
	CHILD_CHECK(off != 0);
	memset(kyi_region_at(region, off + 64), 1, 2 * PAGE - 64);
	return 0;
}

static int
is_private(struct kyi_region *region, const char *why)
{
	CHILD_CHECK(!region->visible);
	CHILD_CHECK(region->path[0] == '\0');
	if (strstr(region->why, why) == NULL) {
		fprintf(stderr, "why: %s; not: %s\n", region->why, why);
		return 1;
	}
	return use(region);
}

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

/* ---- limits --------------------------------------------------------- */

static int
create_under_a_file_limit(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct rlimit limit = { 300 * 1024, RLIM_INFINITY };
	struct kyi_region region;

	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(region.visible && region.max_bytes == 300 * 1024);
	CHILD_CHECK(use(&region) == 0);
	limit.rlim_cur = KYI_REGION_BYTES_MIN - 1;
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(region.max_bytes == 1u << 20);
	CHILD_CHECK(is_private(&region, "ulimit -f") == 0);
	CHILD_CHECK(entry_cnt(testlib_dir()) == 1);
	return 0;
}

static int
create_without_descriptors(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct rlimit limit = { 3, 3 };
	struct kyi_region region;
	int fd;

	for (fd = 3; fd < 64; fd++)
		close(fd);
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	return is_private(&region, "there is no file descriptor left");
}

static int
create_without_address_space(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct rlimit limit = { 1u << 20, 1u << 20 };
	struct kyi_region region;

	options.max_bytes = 128u << 20;
	CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	CHILD_CHECK(kyi_region_create(&region, &options) == -1);
	CHILD_CHECK(region.base == NULL);
	CHILD_CHECK(entry_cnt(testlib_dir()) == 0);
	return 0;
}

static void
test_limits_of_the_process(void **state)
{
	testlib_child(create_under_a_file_limit, NULL);
	testlib_child(create_without_descriptors, NULL);
}

static void
test_without_address_space_there_is_no_region(void **state)
{
	testlib_child(create_without_address_space, NULL);
}

static int
create_on_a_full_tmpfs(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	uint64_t off;

	if (testlib_mount_tmpfs(testlib_dir(), "size=64k,mode=700") != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(region.visible);
	/* Nine of sixteen pages are taken, and the directory is one. */
	off = kyi_region_block(&region, KYI_BLK_HIST, 0, 3, 3 * PAGE, 64);
	CHILD_CHECK(off != 0);
	CHILD_CHECK(kyi_region_block(&region, KYI_BLK_HIST, 0, 4, 64 * 1024,
	    64) == 0);
	CHILD_CHECK(!kyi_region_populate(&region, region.windows_off,
	    64 * 1024));
	CHILD_CHECK(region.block_cnt == 7);
	memset(kyi_region_at(&region, off + 64), 1, 3 * PAGE - 64);
	kyi_region_forget(&region);
	/* The next one finds no room to begin with, and leaves none taken. */
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(is_private(&region, "it is full") == 0);
	CHILD_CHECK(entry_cnt(testlib_dir()) == 1);
	return 0;
}

static void
test_a_full_tmpfs_is_an_answer(void **state)
{
	testlib_child(create_on_a_full_tmpfs, NULL);
}

/* ---- other kernels ------------------------------------------------ */

static int
create_before_5_14(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;

	if (testlib_syscall_fails(SYS_madvise, 2, UINT32_MAX, 23, EINVAL) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(region.visible);
	CHILD_CHECK(use(&region) == 0);
	/* Once the file is gone, what it has no page for is full. */
	CHILD_CHECK(unlink(region.path) == 0);
	CHILD_CHECK(kyi_region_block(&region, KYI_BLK_HIST, 0, 3, PAGE,
	    64) == 0);
	options.dir = "/proc/self/fdinfo";
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	return is_private(&region, "");
}

static void
test_a_kernel_before_5_14_will_do(void **state)
{
	testlib_child(create_before_5_14, NULL);
}

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
		TEST(test_limits_of_the_process),
		TEST(test_without_address_space_there_is_no_region),
		TEST(test_a_full_tmpfs_is_an_answer),
		TEST(test_a_kernel_before_5_14_will_do),
		TEST(test_every_system_call_may_fail_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
