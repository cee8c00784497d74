/* SPDX-License-Identifier: MIT */
/* Goal: a region appears complete or not at all, says what it is, grows
   without a signal, and where it cannot be a file, is one in private memory
   and says why. Method: read back by pread, as a reader does; kernels, limits
   and full file systems in a child. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>

#include "tests/testlib/child.h"

#include "shm/check.h"
#include "shm/crc32c.h"
#include "shm/name.h"
#include "shm/os.h"
#include "shm/region.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define PAGE KYI_PAGE_BYTES

/* A small region in the test's own directory. */
static struct kyi_region_options
small(void)
{
	struct kyi_region_options options = {
		.dir = testlib_dir(),
		.service = "shop",
		.max_bytes = 1u << 20,
		.slot_max = 4,
	};

	return options;
}

static bool
is_writable(void *at)
{
	int fd = open("/dev/zero", O_RDONLY);
	bool yes = read(fd, at, 1) == 1;

	close(fd);
	return yes;
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

static void
say(void *to, uint64_t off, const char *text)
{
	print_message("at %" PRIu64 ": %s\n", off, text);
}

/* Checks a region's file as a reader would. Returns how many blocks it has. */
static uint32_t
check_file(const char *path, struct kyi_header *header,
    struct kyi_block_place *places, uint32_t place_max)
{
	struct kyi_complaints complaints = { say, NULL, 0 };
	struct kyi_control control;
	struct kyi_block block;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t off = KYI_BLOCKS_OFF;
	uint32_t cnt = 0;
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, header, sizeof(*header), KYI_HEADER_OFF),
	    sizeof(*header));
	assert_true(kyi_check_header(header, (uint64_t)st.st_size,
	    &complaints));
	assert_int_equal(pread(fd, &control, sizeof(control),
	    KYI_CONTROL_OFF), sizeof(control));
	for (; off < control.file_used; off += places[cnt++].len_bytes) {
		assert_true(cnt < place_max);
		assert_int_equal(pread(fd, &block, sizeof(block), (off_t)off),
		    sizeof(block));
		assert_int_equal(block.ready, 1);
		assert_true(kyi_check_block(&block, off, control.file_used, cnt,
		    header, &places[cnt], &complaints));
	}
	assert_int_equal(cnt, control.block_cnt);
	assert_int_equal(complaints.cnt, 0);
	close(fd);
	return cnt;
}

static void
test_a_region_is_one_complete_file(void **state)
{
	static const uint16_t types[] = { KYI_BLK_SLOTS, KYI_BLK_DIR,
		KYI_BLK_STR, KYI_BLK_SHARED, KYI_BLK_RES, KYI_BLK_WINDOWS };
	struct kyi_region_options options = small();
	struct kyi_block_place places[8];
	struct kyi_header header;
	struct kyi_region region;
	struct stat st;
	uint32_t i;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_true(region.visible);
	assert_string_equal(region.why, "");
	assert_int_equal(entry_cnt(testlib_dir()), 1);
	assert_int_equal(check_file(region.path, &header, places, 8), 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(places[i].type, types[i]);
	assert_int_equal(places[1].off, region.dir_off);
	assert_int_equal(places[2].off, region.str_off);
	assert_int_equal(places[3].off, region.shared_off);
	assert_int_equal(places[4].off, region.res_off);
	assert_int_equal(places[5].off + PAGE, region.windows_off);
	assert_int_equal(places[3].used_bytes, 64 + KYI_SHARED_FIRST);
	assert_int_equal(places[1].used_bytes, 64);

	assert_int_equal(stat(region.path, &st), 0);
	assert_int_equal(st.st_size, 1u << 20);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	/* Header, control, a page of each block, slot 0's window. */
	if (sysconf(_SC_PAGESIZE) == PAGE)
		assert_int_equal(st.st_blocks * 512, 9 * PAGE);
	kyi_region_forget(&region);
	assert_int_equal(entry_cnt(testlib_dir()), 1);
}

static void
test_the_header_says_who_it_is(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_block_place places[8];
	struct kyi_identity identity;
	char name[KYI_FILE_NAME_BYTES];
	struct kyi_header header;
	struct kyi_region region;

	options.parent_pid = 77;
	options.fork_seq = 3;
	options.service = "my shop";
	assert_int_equal(kyi_region_create(&region, &options), 0);
	check_file(region.path, &header, places, 8);
	kyi_os_identity(&identity);
	assert_memory_equal(header.boot_id, identity.boot_id, 16);
	assert_memory_equal(header.instance_id, region.instance_id, 16);
	assert_int_equal(header.pidns_ino, identity.pidns_ino);
	assert_int_equal(header.starttime_ticks, identity.starttime_ticks);
	assert_int_equal(header.pid, getpid());
	assert_int_equal(header.uid, geteuid());
	assert_int_equal(header.parent_pid, 77);
	assert_int_equal(header.fork_seq, 3);
	assert_string_equal(header.service, "my_shop");
	assert_int_equal(header.max_bytes, 1u << 20);
	assert_int_equal(header.slot_max, region.slot_max);
	assert_int_equal(header.window_bytes, region.window_bytes);
	assert_int_equal(header.windows_off, region.windows_off);
	assert_true(header.t0_mono_ns <= kyi_os_mono_ns());
	assert_int_equal(kyi_region_control(&region)->state, KYI_STATE_LIVE);
	kyi_file_name(name, "my_shop", identity.pid, region.instance_id);
	assert_string_equal(strrchr(region.path, '/') + 1, name);
	assert_true(kyi_file_name_is(name));
	kyi_region_forget(&region);
}

static void
test_each_region_is_another(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region a, b;

	assert_int_equal(kyi_region_create(&a, &options), 0);
	assert_int_equal(kyi_region_create(&b, &options), 0);
	assert_memory_not_equal(a.instance_id, b.instance_id, 16);
	assert_int_equal(entry_cnt(testlib_dir()), 2);
	kyi_region_forget(&a);
	kyi_region_forget(&b);
}

static void
test_the_header_cannot_be_stored_to(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	if (sysconf(_SC_PAGESIZE) == PAGE)
		assert_false(is_writable(region.base));
	kyi_region_control(&region)->heartbeat_ns = 1;
	kyi_region_forget(&region);
}

static void
test_only_what_is_asked_for_is_there(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;
	uint64_t off;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	off = region.windows_off;
	assert_true(is_writable(region.base + off));
	if (sysconf(_SC_PAGESIZE) == PAGE)
		assert_false(is_writable(region.base + off + PAGE));
	assert_true(kyi_region_populate(&region, off + PAGE, 2 * PAGE));
	assert_true(is_writable(region.base + off + 3 * PAGE - 1));
	assert_true(kyi_region_populate(&region, region.max_bytes - 1, 1));
	assert_false(kyi_region_populate(&region, region.max_bytes - 1, 2));
	assert_false(kyi_region_populate(&region, region.max_bytes + PAGE, 1));
	assert_false(kyi_region_populate(&region, UINT64_MAX - 7, 8));
	assert_false(kyi_region_populate(&region, 8, UINT64_MAX - 7));
	kyi_region_forget(&region);
}

static void
test_the_lock_is_held_while_it_is_mapped(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;
	int fd;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	fd = open(region.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kyi_os_lock_is_free(fd), 0);
	kyi_region_forget(&region);
	assert_int_equal(kyi_os_lock_is_free(fd), 1);
	close(fd);
}

static int
child_lives_on(void *arg)
{
	struct kyi_region *region = arg;
	unsigned char resident;

	CHILD_CHECK(mincore(region->base, PAGE, &resident) == -1);
	return 0;
}

/* Killed parents, and children that live on, are what the lock is for: the
   child of the child outlives its parent, and the lock must be free then. */
static int
parent_dies_first(void *arg)
{
	struct kyi_region_options options = small();
	struct kyi_region region;
	int hold[2], tell[2], fd, status;
	pid_t pid;

	CHILD_CHECK(pipe(hold) == 0 && pipe(tell) == 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		CHILD_CHECK(kyi_region_create(&region, &options) == 0);
		pid = fork();
		if (pid == 0) { /* until the test's end of it is closed */
			close(hold[1]);
			(void)!read(hold[0], &byte, 1);
			_exit(0);
		}
		(void)!write(tell[1], region.path, sizeof(region.path));
		raise(SIGKILL);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHILD_CHECK(read(tell[0], region.path, sizeof(region.path)) ==
	    sizeof(region.path));
	fd = open(region.path, O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(kyi_os_lock_is_free(fd) == 1);
	return 0;
}

static void
test_a_child_has_neither_mapping_nor_lock(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	testlib_child(child_lives_on, &region);
	kyi_region_forget(&region);
	testlib_child(parent_dies_first, NULL);
}

/* ---- growth ------------------------------------------------------ */

static void
test_blocks_are_added_until_it_is_full(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_block_place places[300];
	struct kyi_header header;
	struct kyi_region region;
	uint64_t off, before, last = 0;
	uint32_t cnt = 6;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	before = region.file_used;
	off = kyi_region_block(&region, KYI_BLK_HIST, 3, 17, PAGE + 1,
	    PAGE + 8);
	assert_int_equal(off, before);
	assert_int_equal(region.file_used, before + 2 * PAGE);
	assert_true(is_writable(region.base + off + 2 * PAGE - 1));
	for (; off != 0; cnt++) {
		last = off;
		off = kyi_region_block(&region, KYI_BLK_SPANS, 1, 0, PAGE, 64);
	}
	assert_int_equal(region.file_used, region.max_bytes);
	assert_int_equal(last, region.max_bytes - PAGE);
	assert_int_equal(check_file(region.path, &header, places, 300), cnt);
	assert_int_equal(places[6].type, KYI_BLK_HIST);
	assert_int_equal(places[6].owner_slot, 3);
	assert_int_equal(places[6].tag, 17);
	assert_int_equal(places[6].used_bytes, PAGE + 8);
	assert_int_equal(places[6].len_bytes, 2 * PAGE);
	kyi_region_used(&region, last, 256);
	check_file(region.path, &header, places, 300);
	assert_int_equal(places[cnt - 1].used_bytes, 256);
	kyi_region_forget(&region);
}

static void
test_a_block_longer_than_all_is_full(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(kyi_region_block(&region, KYI_BLK_HIST, 0, 3,
	    UINT64_MAX, 64), 0);
	assert_int_equal(kyi_region_block(&region, KYI_BLK_HIST, 0, 3,
	    region.max_bytes - region.file_used + 1, 64), 0);
	assert_int_equal(region.block_cnt, 6);
	kyi_region_forget(&region);
}

static void
test_records_are_appended_until_a_block_is_full(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_block_place places[8];
	struct kyi_header header;
	struct kyi_region region;
	uint64_t off, expected;
	uint32_t cnt = 0;

	options.dir_bytes = 3 * PAGE;
	assert_int_equal(kyi_region_create(&region, &options), 0);
	assert_int_equal(region.dir_len, 3 * PAGE);
	expected = region.dir_off + 64;
	/* What is not published is given again. */
	assert_int_equal(kyi_region_append(&region, region.dir_off,
	    region.dir_len, 64), expected);
	while ((off = kyi_region_append(&region, region.dir_off,
	    region.dir_len, 64)) != 0) {
		assert_int_equal(off, expected);
		memset(kyi_region_at(&region, off), 0xee, 64);
		kyi_region_appended(&region, region.dir_off, off + 64);
		expected += 64;
		cnt++;
	}
	assert_int_equal(cnt, 3 * PAGE / 64 - 1);
	check_file(region.path, &header, places, 8);
	assert_int_equal(places[1].used_bytes, 3 * PAGE);
	/* STR is behind it and as it was. */
	assert_int_equal(places[2].used_bytes, 64);
	kyi_region_forget(&region);
}

static void
test_long_strings_take_the_pages_that_they_need(void **state)
{
	struct kyi_region_options options = small();
	struct kyi_region region;
	uint64_t off;

	assert_int_equal(kyi_region_create(&region, &options), 0);
	off = kyi_region_append(&region, region.str_off, region.str_len,
	    3 * PAGE);
	assert_int_equal(off, region.str_off + 64);
	memset(kyi_region_at(&region, off), 'x', 3 * PAGE);
	kyi_region_appended(&region, region.str_off, off + 3 * PAGE);
	assert_int_equal(kyi_region_append(&region, region.str_off,
	    region.str_len, region.str_len), 0);
	assert_int_equal(kyi_region_append(&region, region.shared_off,
	    region.shared_len, 64), region.shared_off + 64 + 192);
	assert_int_equal(kyi_region_append(&region, region.res_off,
	    region.res_len, 8), region.res_off + 64);
	assert_int_equal(kyi_region_append(&region, region.res_off,
	    region.res_len, PAGE), 0);
	kyi_region_forget(&region);
}

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_region_is_one_complete_file),
		TEST(test_the_header_says_who_it_is),
		TEST(test_each_region_is_another),
		TEST(test_the_header_cannot_be_stored_to),
		TEST(test_only_what_is_asked_for_is_there),
		TEST(test_the_lock_is_held_while_it_is_mapped),
		TEST(test_a_child_has_neither_mapping_nor_lock),
		TEST(test_blocks_are_added_until_it_is_full),
		TEST(test_a_block_longer_than_all_is_full),
		TEST(test_records_are_appended_until_a_block_is_full),
		TEST(test_long_strings_take_the_pages_that_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
