/* SPDX-License-Identifier: MIT */
/* Goal: only a regular file of one link and a trusted owner, with a header
   that holds, is opened; whatever it is it never blocks, and it says why not.
   Method: rows of files that are nearly regions. */
#include "tests/testlib/testlib.h"

#include <errno.h>
#include <inttypes.h>

#include "reader/region/private.h"
#include "shm/crc32c.h"
#include "tests/testlib/make_region.h"

static struct make_region made;

static int
setup(void **state)
{
	if (testlib_setup(state) != 0)
		return -1;
	make_region(&made, testlib_dir(), "open");
	kyi_region_forget(&made.region);
	return 0;
}

static const char *
name_of(const struct make_region *m)
{
	return strrchr(m->region.path, '/') + 1;
}

static int
open_in_dir(const struct kymo_trust *trust, struct kymo_error *error)
{
	int dir_fd = open(testlib_dir(), O_RDONLY | O_DIRECTORY), result;
	struct kymo_region *region;

	memset(error, 0, sizeof(*error));
	result = kymo_region_open(&region, dir_fd, testlib_dir(),
	    name_of(&made), trust, error);
	close(dir_fd);
	if (result == 0)
		kymo_region_close(region);
	else
		assert_null(region);
	return result;
}

static int
open_path(struct kymo_error *error)
{
	struct kymo_region *region;
	int result;

	memset(error, 0, sizeof(*error));
	result = kymo_region_open_path(&region, made.region.path, error);
	if (result == 0)
		kymo_region_close(region);
	return result;
}

static void
write_at(uint64_t off, const void *bytes, size_t cnt)
{
	int fd = open(made.region.path, O_WRONLY);

	assert_int_equal(pwrite(fd, bytes, cnt, (off_t)off), cnt);
	close(fd);
}

static void
read_header(struct kyi_header *header)
{
	int fd = open(made.region.path, O_RDONLY);

	assert_int_equal(pread(fd, header, sizeof(*header), 0),
	    sizeof(*header));
	close(fd);
}

static void
test_a_sound_one_tells_whose_it_is(void **state)
{
	const struct kymo_region_info *info;
	struct kymo_region *region;
	struct kymo_error error = { "" };

	assert_int_equal(kymo_region_open_path(&region, made.region.path,
	    &error), 0);
	info = kymo_region_info(region);
	assert_string_equal(info->service, "open");
	assert_string_equal(info->path, made.region.path);
	assert_memory_equal(info->instance_id, made.region.instance_id, 16);
	assert_int_equal(info->pid, getpid());
	assert_int_equal(info->uid, geteuid());
	assert_true(info->may_absorb);
	assert_true(info->started_ns > 1500000000ull * 1000000000);
	kymo_region_close(region);
	kymo_region_close(NULL);
}

static void
test_whose_files_are_trusted(void **state)
{
	static const uint32_t ann = 12001, bob = 12002;
	static const struct kymo_trust trusts_ann = { &ann, 1, false };
	static const struct kymo_trust trusts_all = { NULL, 0, true };
	const struct {
		uint32_t dir_uid, file_uid;
		bool sticky;
		const struct kymo_trust *trust;
		int result;
	} rows[] = {
		{ 0, 0, false, NULL, 0 },
		{ 0, 0, true, NULL, 0 },
		{ 0, ann, false, NULL, -1 },
		{ 0, ann, false, &trusts_ann, 0 },
		{ 0, bob, false, &trusts_ann, -1 },
		{ 0, bob, false, &trusts_all, 0 },
		{ bob, bob, false, NULL, 0 },
		{ bob, ann, false, NULL, -1 },
		{ bob, bob, true, NULL, -1 },
		{ bob, ann, true, &trusts_ann, 0 },
		{ bob, 0, true, NULL, 0 },
	};
	struct kymo_error error;
	char uids[64];
	size_t i;

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give files away\n");
		skip();
	}
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(chown(testlib_dir(), rows[i].dir_uid, 0), 0);
		assert_int_equal(chmod(testlib_dir(),
		    rows[i].sticky ? 01777 : 0755), 0);
		assert_int_equal(chown(made.region.path, rows[i].file_uid, 0),
		    0);
		if (open_in_dir(rows[i].trust, &error) != rows[i].result)
			fail_msg("row %zu: %s", i, error.text);
		if (rows[i].result != 0) {
			snprintf(uids, sizeof(uids), "uid %u, who",
			    rows[i].file_uid);
			assert_non_null(strstr(error.text, uids));
			snprintf(uids, sizeof(uids), "to uid %u)",
			    rows[i].dir_uid);
			assert_non_null(strstr(error.text, uids));
		}
		/* What a person names, a person trusts. */
		assert_int_equal(open_path(&error), 0);
	}
	assert_int_equal(chown(testlib_dir(), 0, 0), 0);
}

static void
test_names_with_a_slash_are_none(void **state)
{
	struct kymo_region *region;
	struct kymo_error error;

	assert_int_equal(kymo_region_open(&region, AT_FDCWD, "/tmp",
	    "../etc/passwd", NULL, &error), -1);
	assert_non_null(strstr(error.text, "not a file name"));
}

static void
test_a_file_of_another_kind_is_refused_without_waiting(void **state)
{
	struct kymo_error error;

	assert_int_equal(unlink(made.region.path), 0);
	assert_int_equal(open_path(&error), -1);
	assert_non_null(strstr(error.text, strerror(ENOENT)));
	assert_int_equal(mkfifo(made.region.path, 0600), 0);
	assert_int_equal(open_path(&error), -1);
	assert_non_null(strstr(error.text, "is a FIFO, not a regular file"));
	assert_int_equal(unlink(made.region.path), 0);
	assert_int_equal(symlink("/dev/zero", made.region.path), 0);
	assert_int_equal(open_path(&error), -1);
	assert_non_null(strstr(error.text, "is a symbolic link"));
	assert_int_equal(unlink(made.region.path), 0);
	if (mknod(made.region.path, S_IFCHR | 0600, (1 << 8) | 5) != 0)
		return; /* no privilege: devices are for root */
	assert_int_equal(open_path(&error), -1);
	assert_non_null(strstr(error.text, "is a device"));
}

static void
test_a_second_name_is_refused(void **state)
{
	struct kymo_error error;

	assert_int_equal(link(made.region.path, testlib_path("other")), 0);
	assert_int_equal(open_path(&error), -1);
	assert_non_null(strstr(error.text, "has 2 hard links"));
	assert_int_equal(unlink(testlib_path("other")), 0);
	assert_int_equal(open_path(&error), 0);
}

static void
test_lengths_that_no_region_has_are_refused(void **state)
{
	static const struct {
		int64_t bytes;
		const char *why;
	} rows[] = {
		{ 0, "too small" },
		{ KYI_REGION_BYTES_MIN - 1, "too small" },
		{ KYI_REGION_BYTES_MIN, "cut off" },
		{ 512 * 1024 - 1, "cut off" },
		{ 512 * 1024, NULL },
		{ KYI_REGION_BYTES_MAX, NULL },
		{ KYI_REGION_BYTES_MAX + 1ll, "too large" },
	};
	struct kymo_error error;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_header header;

		read_header(&header);
		assert_int_equal(truncate(made.region.path, rows[i].bytes), 0);
		if (rows[i].bytes < (int64_t)sizeof(header))
			write_at(0, "", 0);
		open_path(&error);
		if (rows[i].why == NULL ? error.text[0] != '\0' :
		    strstr(error.text, rows[i].why) == NULL)
			fail_msg("%jd bytes: %s", (intmax_t)rows[i].bytes,
			    error.text);
		assert_int_equal(truncate(made.region.path, 512 * 1024), 0);
		write_at(0, &header, sizeof(header));
	}
}

static void
test_any_changed_byte_of_a_header_is_noticed(void **state)
{
	struct kyi_header header, changed;
	struct kymo_error error;
	size_t i;

	read_header(&header);
	for (i = 0; i < sizeof(header); i++) {
		changed = header;
		((uint8_t *)&changed)[i] ^= 0x10;
		write_at(0, &changed, sizeof(changed));
		if (open_path(&error) == 0)
			fail_msg("byte %zu", i);
		assert_true(strlen(error.text) > strlen(made.region.path) + 10);
	}
	write_at(0, &header, sizeof(header));
	assert_int_equal(open_path(&error), 0);
}

/* Sets a member with a checksum that is right. */
static void
set_header(const struct kyi_header *from, size_t off, size_t bytes,
    uint64_t value)
{
	struct kyi_header header = *from;

	make_number((uint8_t *)&header + off, value, bytes);
	header.crc32c = kyi_crc32c(0, &header,
	    offsetof(struct kyi_header, crc32c));
	write_at(0, &header, sizeof(header));
}

#define MEMBER(member)                                                        \
	offsetof(struct kyi_header, member),                                  \
	    sizeof(((struct kyi_header *)0)->member)

static void
test_a_header_that_means_to_lie_is_refused(void **state)
{
	static const struct {
		size_t off, bytes;
		uint64_t value;
		const char *why;
	} rows[] = {
		{ MEMBER(endian), KYI_ENDIAN_SWAPPED, "version 256" },
		{ MEMBER(abi_major), 2, "version 2" },
		{ MEMBER(feat_incompat), 4, "needs features (0x4)" },
		{ MEMBER(max_bytes), UINT64_MAX, "length" },
		{ MEMBER(max_bytes), 0, "length" },
		{ MEMBER(window_bytes), UINT32_MAX, "windows" },
		{ MEMBER(window_bytes), 0, "windows" },
		{ MEMBER(slot_max), UINT32_MAX, "slots" },
		{ MEMBER(slot_max), 4096, "windows" },
		{ MEMBER(windows_off), UINT64_MAX - 4095, "windows" },
		{ MEMBER(windows_off), 0, "windows" },
		{ MEMBER(hist_max), UINT32_MAX, "histograms" },
		{ MEMBER(ring_slot_bytes), 1, "events" },
		{ MEMBER(block_align_bytes), 0, "aligned" },
		{ MEMBER(clock_id), 7, "clock" },
		{ offsetof(struct kyi_header, service), 1, '\n', "service" },
		{ MEMBER(feat_compat), UINT64_MAX, NULL },
		{ MEMBER(feat_ro), 1, NULL },
		{ MEMBER(abi_minor), 9, NULL },
	};
	struct kyi_header header;
	struct kymo_error error;
	size_t i;

	read_header(&header);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		set_header(&header, rows[i].off, rows[i].bytes, rows[i].value);
		open_path(&error);
		if (rows[i].why == NULL ? error.text[0] != '\0' :
		    strstr(error.text, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].why, error.text);
	}
}

/* From a directory: those are live, and of this machine. */
static void
test_the_other_byte_order_is_read_only_where_a_person_asks(void **state)
{
	struct kyi_header header;
	struct kymo_error error;

	read_header(&header);
	kyi_swap_header(&header);
	header.crc32c = __builtin_bswap32(kyi_crc32c(0, &header,
	    offsetof(struct kyi_header, crc32c)));
	write_at(0, &header, sizeof(header));
	assert_int_equal(open_in_dir(NULL, &error), -1);
	assert_non_null(strstr(error.text, "other byte order"));
	assert_int_equal(open_path(&error), 0);
}

static void
test_features_that_only_allow_reading_forbid_absorbing(void **state)
{
	struct kyi_header header;
	struct kymo_region *region;

	read_header(&header);
	set_header(&header, MEMBER(feat_ro), 1);
	assert_int_equal(kymo_region_open_path(&region, made.region.path, NULL),
	    0);
	assert_false(kymo_region_info(region)->may_absorb);
	kymo_region_close(region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_a_sound_one_tells_whose_it_is),
		IN_DIR(test_whose_files_are_trusted),
		IN_DIR(test_names_with_a_slash_are_none),
		IN_DIR(test_a_file_of_another_kind_is_refused_without_waiting),
		IN_DIR(test_a_second_name_is_refused),
		IN_DIR(test_lengths_that_no_region_has_are_refused),
		IN_DIR(test_any_changed_byte_of_a_header_is_noticed),
		IN_DIR(test_a_header_that_means_to_lie_is_refused),
		IN_DIR(test_the_other_byte_order_is_read_only_where_a_person_asks),
		IN_DIR(test_features_that_only_allow_reading_forbid_absorbing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
