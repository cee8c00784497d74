/* SPDX-License-Identifier: MIT */
/* Goal: limits of the process, full file systems and kernels before 5.14 cost
   a region its place at most, never the program a signal. Method: each in a
   child, by setrlimit, small tmpfs, or seccomp; what is left is used. */
#include <fcntl.h>
#include <sys/resource.h>

#include "tests/testlib/child.h"
#include "tests/testlib/use_region.h"

#include "shm/region.h"

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
	FILE *statm = fopen("/proc/self/statm", "r");
	struct kyi_region region;
	unsigned long page_cnt;
	struct rlimit limit;

	/* More than we have, for a sanitizer's needs, and less than a region. */
	CHILD_CHECK(statm != NULL && fscanf(statm, "%lu", &page_cnt) == 1);
	limit.rlim_cur = page_cnt * (rlim_t)sysconf(_SC_PAGESIZE) + (32u << 20);
	limit.rlim_max = RLIM_INFINITY;
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

static int
grow_in_a_small_cgroup(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	uint64_t off;

	if (testlib_mount_tmpfs(testlib_dir(), "size=64k,mode=700") != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	off = region.windows_off;
	/* As if its share were three pages more; no cgroup's room is asked. */
	region.memory_max = region.memory_taken + 3 * PAGE;
	region.memory_granted = UINT64_MAX;
	CHILD_CHECK(!kyi_region_populate(&region, off + PAGE, 4 * PAGE));
	CHILD_CHECK(kyi_region_populate(&region, off + PAGE, 2 * PAGE));
	CHILD_CHECK(!kyi_region_afford(&region, PAGE + 1));
	/* What the tmpfs has no room for is not taken. */
	region.memory_max += 64 * PAGE;
	CHILD_CHECK(!kyi_region_populate(&region, off + 3 * PAGE, 64 * PAGE));
	region.memory_max -= 64 * PAGE;
	CHILD_CHECK(kyi_region_afford(&region, PAGE));
	CHILD_CHECK(!kyi_region_afford(&region, 1));
	kyi_region_forget(&region);
	return 0;
}

static void
test_a_region_takes_its_share_of_a_cgroup(void **state)
{
	testlib_child(grow_in_a_small_cgroup, NULL);
}

/* However early it is full. */
static int
create_on_a_small_tmpfs(void *arg)
{
	const uint32_t *page_cnt = arg;
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	char size[40];

	snprintf(size, sizeof(size), "size=%uk,mode=700", *page_cnt * 4);
	if (testlib_mount_tmpfs(testlib_dir(), size) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	if (region.visible) {
		CHILD_CHECK(region.block_cnt == 6);
		CHILD_CHECK(entry_cnt(testlib_dir()) == 1);
		return 0;
	}
	CHILD_CHECK(entry_cnt(testlib_dir()) == 0);
	return is_private(&region, "it is full");
}

static void
test_a_full_tmpfs_is_an_answer(void **state)
{
	uint32_t page_cnt;

	testlib_child(create_on_a_full_tmpfs, NULL);
	for (page_cnt = 1; page_cnt < 12; page_cnt++)
		testlib_child(create_on_a_small_tmpfs, &page_cnt);
}

/* Daemons close them, and then files have their numbers. */
static int
create_without_standard_streams(void *arg)
{
	struct kyi_region_options options = small(testlib_dir());
	struct kyi_region region;
	int *old_kernel = arg;

	if (*old_kernel && testlib_syscall_fails(SYS_madvise, 2, UINT32_MAX,
	    23, EINVAL) != 0)
		return CHILD_SKIPS;
	close(0);
	close(1);
	CHILD_CHECK(kyi_region_create(&region, &options) == 0);
	CHILD_CHECK(region.visible);
	CHILD_CHECK(fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1);
	return use(&region);
}

static void
test_standard_streams_are_not_needed(void **state)
{
	int old_kernel;

	for (old_kernel = 0; old_kernel < 2; old_kernel++)
		testlib_child(create_without_standard_streams, &old_kernel);
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

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_region_takes_its_share_of_a_cgroup),
		TEST(test_limits_of_the_process),
		TEST(test_without_address_space_there_is_no_region),
		TEST(test_a_full_tmpfs_is_an_answer),
		TEST(test_standard_streams_are_not_needed),
		TEST(test_a_kernel_before_5_14_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
