/* SPDX-License-Identifier: MIT */
/* Goal: no page is stored to before it is there, a child has none of them, and
   all of it without a signal. Method: as test_os_linux.c, for what that file
   says of memory; whether a page may be stored to is asked of the kernel by a
   read into it. */
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/testlib/child.h"

#include "shm/layout.h"
#include "shm/os.h"

#define FILE_BYTES 65536u
#define PAGE KYI_PAGE_BYTES
#define NAME "svc.1.0123456789abcdef.kymo"

static bool
is_writable(void *at)
{
	int fd = open("/dev/zero", O_RDONLY);
	bool yes = read(fd, at, 1) == 1;

	close(fd);
	return yes;
}

static int
file_new(const char *dir)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0600);

	if (fd >= 0 && kyi_os_file_link(fd, dir_fd, NAME) != 0)
		fd = -1;
	close(dir_fd);
	return fd;
}

static bool
needs_pages_of_4096(void)
{
	return sysconf(_SC_PAGESIZE) == PAGE;
}

static void
populate_both(int fd)
{
	uint8_t *base = kyi_os_map(fd, FILE_BYTES);

	assert_non_null(base);
	assert_false(is_writable(base));
	assert_int_equal(kyi_os_populate(base + PAGE, 2 * PAGE), 0);
	assert_true(is_writable(base + PAGE));
	assert_true(is_writable(base + 3 * PAGE - 1));
	/* Parts of a page are the page; what is there stays as it is. */
	base[PAGE] = 7;
	assert_int_equal(kyi_os_populate(base + 2 * PAGE - 8, PAGE), 0);
	assert_int_equal(base[PAGE], 7);
	assert_int_equal(kyi_os_populate(base + FILE_BYTES - 1, 1), 0);
	if (needs_pages_of_4096()) {
		assert_false(is_writable(base));
		assert_false(is_writable(base + 3 * PAGE));
		assert_false(is_writable(base + FILE_BYTES - PAGE - 1));
	}
	kyi_os_unmap(base, FILE_BYTES);
}

static void
test_pages_are_writable_where_they_were_asked_for(void **state)
{
	struct stat st;
	int fd = file_new(testlib_dir());

	populate_both(fd);
	assert_int_equal(fstat(fd, &st), 0);
	if (needs_pages_of_4096())
		assert_int_equal(st.st_blocks * 512, 3 * PAGE);
	close(fd);
}

static void
test_private_memory_has_the_same_shape(void **state)
{
	populate_both(-1);
}

static void
test_a_page_can_be_closed_again(void **state)
{
	uint8_t *base = kyi_os_map(-1, FILE_BYTES);

	assert_int_equal(kyi_os_populate(base, 2 * PAGE), 0);
	base[0] = 9;
	assert_int_equal(kyi_os_protect_readonly(base, PAGE), 0);
	if (needs_pages_of_4096())
		assert_false(is_writable(base));
	assert_true(is_writable(base + PAGE));
	assert_int_equal(base[0], 9);
	/* Less than a page is none. */
	assert_int_equal(kyi_os_protect_readonly(base + PAGE, PAGE - 1), 0);
	assert_true(is_writable(base + PAGE));
	kyi_os_unmap(base, FILE_BYTES);
}

static void
test_what_cannot_be_mapped_is_null(void **state)
{
	bool wiped;

	assert_null(kyi_os_map(1000000, FILE_BYTES));
	assert_null(kyi_os_map(-1, UINT64_C(1) << 60));
	assert_null(kyi_os_map(-1, UINT64_MAX));
	assert_null(kyi_os_private_pages(UINT64_C(1) << 60));
	assert_null(kyi_os_wipe_pages(UINT64_C(1) << 60, &wiped));
	assert_false(wiped);
}

/* ---- full ------------------------------------------------------- */

static int
populate_a_full_tmpfs(void *arg)
{
	uint8_t *base;
	int fd;

	if (testlib_mount_tmpfs(testlib_dir(), "size=32k,mode=700") != 0)
		return CHILD_SKIPS;
	fd = file_new(testlib_dir());
	CHILD_CHECK(fd >= 0);
	base = kyi_os_map(fd, FILE_BYTES);
	CHILD_CHECK(kyi_os_populate(base, PAGE) == 0);
	base[0] = 5;
	CHILD_CHECK(kyi_os_populate(base, FILE_BYTES) == -ENOSPC);
	/* What was there is untouched and can still be used. */
	CHILD_CHECK(base[0] == 5);
	base[0] = 6;
	CHILD_CHECK(kyi_os_file_allocate(fd, 0, FILE_BYTES) == -ENOSPC);
	return 0;
}

static void
test_full_is_an_answer_not_a_signal(void **state)
{
	testlib_child(populate_a_full_tmpfs, NULL);
}

/* ---- before Linux 5.14 -------------------------------------------- */

static int
populate_without_populate(void *arg)
{
	struct kyi_header header;
	int fd = file_new(testlib_dir());
	uint8_t *base = kyi_os_map(fd, FILE_BYTES);
	const uint8_t other[16] = { 1 };
	const char *path = testlib_path(NAME);
	struct stat st;

	memset(&header, 0, sizeof(header));
	memset(header.instance_id, 0xab, 16);
	CHILD_CHECK(pwrite(fd, &header, sizeof(header), 0) ==
	    sizeof(header));
	close(fd);
	if (testlib_syscall_fails(SYS_madvise, 2, UINT32_MAX, 23, EINVAL) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_populate(base + PAGE, PAGE) == -ENOSYS);
	CHILD_CHECK(kyi_os_populate_by_path(path, other, base + PAGE, PAGE,
	    PAGE) == -ESTALE);
	CHILD_CHECK(kyi_os_populate_by_path(path, header.instance_id,
	    base + 2 * PAGE, 2 * PAGE, 3 * PAGE) == 0);
	CHILD_CHECK(stat(path, &st) == 0);
	if (needs_pages_of_4096())
		CHILD_CHECK(st.st_blocks * 512 == 4 * PAGE);
	base[2 * PAGE] = base[5 * PAGE - 1] = 1;
	if (needs_pages_of_4096())
		CHILD_CHECK(!is_writable(base + 5 * PAGE));
	return 0;
}

static void
test_old_kernels_are_served_by_path(void **state)
{
	testlib_child(populate_without_populate, NULL);
}

static void
test_by_path_only_our_own_file_grows(void **state)
{
	const uint8_t id[16] = { 1, 2, 3 };
	uint8_t *base = kyi_os_map(-1, FILE_BYTES);
	const char *path;

	assert_int_equal(kyi_os_populate_by_path(testlib_path("none"), id, base,
	    0, PAGE), -ENOENT);
	/* An empty file, a link, a pipe that would block. */
	close(open(testlib_path("empty"), O_CREAT | O_WRONLY, 0600));
	assert_int_equal(kyi_os_populate_by_path(testlib_path("empty"), id,
	    base, 0, PAGE), -ESTALE);
	assert_int_equal(symlink("empty", testlib_path("link")), 0);
	assert_int_equal(kyi_os_populate_by_path(testlib_path("link"), id, base,
	    0, PAGE), -ELOOP);
	path = testlib_path("pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(kyi_os_populate_by_path(path, id, base, 0, PAGE),
	    -ESTALE);
	assert_false(is_writable(base));
	kyi_os_unmap(base, FILE_BYTES);
}

/* ---- children ----------------------------------------------------- */

static int
look_at_mapping(void *arg)
{
	unsigned char resident;

	CHILD_CHECK(mincore(arg, PAGE, &resident) == -1 && errno == ENOMEM);
	return 0;
}

static void
test_a_child_does_not_have_the_mapping(void **state)
{
	int fd = file_new(testlib_dir());
	void *file = kyi_os_map(fd, FILE_BYTES);
	void *private_memory = kyi_os_map(-1, FILE_BYTES);

	assert_int_equal(kyi_os_populate(file, PAGE), 0);
	assert_int_equal(kyi_os_populate(private_memory, PAGE), 0);
	testlib_child(look_at_mapping, file);
	testlib_child(look_at_mapping, private_memory);
	kyi_os_unmap(file, FILE_BYTES);
	kyi_os_unmap(private_memory, FILE_BYTES);
	close(fd);
}

static int
look_at_pages(void *arg)
{
	uint64_t **pages = arg;

	CHILD_CHECK(pages[0][0] == 0 && pages[0][PAGE / 8] == 0);
	CHILD_CHECK(pages[1][0] == 11);
	return 0;
}

static void
test_a_child_sees_wiped_pages_as_zeros(void **state)
{
	uint64_t *pages[2];
	bool wiped;

	pages[0] = kyi_os_wipe_pages(2 * PAGE, &wiped);
	pages[1] = kyi_os_private_pages(PAGE);
	assert_non_null(pages[0]);
	assert_non_null(pages[1]);
	assert_true(wiped);
	assert_int_equal(pages[0][0] | pages[1][0], 0);
	pages[0][0] = pages[0][PAGE / 8] = pages[1][0] = 11;
	testlib_child(look_at_pages, pages);
	assert_int_equal(pages[0][0], 11);
	kyi_os_unmap(pages[0], 2 * PAGE);
	kyi_os_unmap(pages[1], PAGE);
}

static int
wipe_without_wipe(void *arg)
{
	bool wiped = true;

	if (testlib_syscall_fails(SYS_madvise, 2, UINT32_MAX, 18, EINVAL) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_wipe_pages(PAGE, &wiped) != NULL && !wiped);
	return 0;
}

static int
map_without_dontfork(void *arg)
{
	if (testlib_syscall_fails(SYS_madvise, 2, UINT32_MAX, 10, EINVAL) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_map(-1, FILE_BYTES) == NULL);
	return 0;
}

static void
test_a_kernel_that_cannot_keep_children_out_is_told_apart(void **state)
{
	testlib_child(wipe_without_wipe, NULL);
	testlib_child(map_without_dontfork, NULL);
}

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pages_are_writable_where_they_were_asked_for),
		TEST(test_private_memory_has_the_same_shape),
		TEST(test_a_page_can_be_closed_again),
		TEST(test_what_cannot_be_mapped_is_null),
		TEST(test_full_is_an_answer_not_a_signal),
		TEST(test_old_kernels_are_served_by_path),
		TEST(test_by_path_only_our_own_file_grows),
		TEST(test_a_child_does_not_have_the_mapping),
		TEST(test_a_child_sees_wiped_pages_as_zeros),
		TEST(test_a_kernel_that_cannot_keep_children_out_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
