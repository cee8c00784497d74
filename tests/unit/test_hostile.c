/* SPDX-License-Identifier: MIT */
/* Goal: a file that is spoiled, cut, replaced or overwritten, before or while
   it is open, is an error or a region with faults, never anything worse.
   Method: every field of every block head, of the control block and of DIR is
   set to the numbers that break careless arithmetic, with right checksums;
   what ASan and the poisoned image (image.c) see is the proof. */
#include "tests/testlib/testlib.h"

#include "reader/region/region.h"
#include "shm/crc32c.h"
#include "tests/testlib/make_region.h"

#define FILE_BYTES (512u * 1024u)
#define ALL (KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS)

static const uint64_t extremes[] = { 0, 1, 63, 72, 4096, FILE_BYTES,
	FILE_BYTES + 4096, INT32_MAX, UINT32_MAX - 7, UINT32_MAX,
	(uint64_t)INT64_MIN, UINT64_MAX - 4095, UINT64_MAX };
#define EXTREME_CNT (sizeof(extremes) / sizeof(*extremes))

static struct make_region made;
static uint8_t sound[FILE_BYTES];
static int write_fd;

static int
setup(void **state)
{
	static const char *const keys[] = { "key", NULL };
	static const char *const states[] = { "on", "off", NULL };
	static const char *const value[] = { "value", NULL };
	static const char *const none[] = { NULL };
	struct kyi_event event = { .ts_ns = 1, .type = KYI_EVENT_SPAN,
		.places = 1 };
	struct kyi_ring_section *ring;
	uint32_t kind, at;
	char name[16];

	if (testlib_setup(state) != 0)
		return -1;
	make_region(&made, testlib_dir(), "hostile");
	for (kind = KYI_KIND_COUNTER; kind <= KYI_KIND_LAST; kind++) {
		snprintf(name, sizeof(name), "f%u", kind);
		at = make_series(&made, make_family(&made,
		    &(struct make_family){ .kind = kind, .name = name,
		    .help = "help", .keys = kind & 1 ? keys : NULL,
		    .states = kind == KYI_KIND_STATE_SET ? states : NULL,
		    .bucket_cnt = 9, .peak_window_s = 1 }),
		    kind & 1 ? value : none);
		if (kind == KYI_KIND_HISTOGRAM)
			make_hist(&made, 1, at, 9);
		if (kind == KYI_KIND_TEXT)
			*(uint64_t *)make_shared(&made, at) =
			    make_text(&made, "text");
	}
	event.name_id = make_name(&made, "", "span", NULL);
	make_name(&made, "", "%d", "i");
	ring = make_ring(&made, 1, 8);
	make_event(ring, KYI_RING_SPAN, &event);
	make_spans(&made, 1)->depth = 1;
	make_resource(&made, "key", "value");
	kyi_region_forget(&made.region);
	write_fd = open(made.region.path, O_RDWR | O_CLOEXEC);
	return pread(write_fd, sound, FILE_BYTES, 0) == FILE_BYTES ? 0 : -1;
}

static int
teardown(void **state)
{
	close(write_fd);
	return testlib_teardown(state);
}

static struct kymo_region *
open_made(void)
{
	struct kymo_region *region;
	struct kymo_error error = { "" };

	if (kymo_region_open_path(&region, made.region.path, &error) != 0)
		fail_msg("%s", error.text);
	return region;
}

/* Scans twice, since the second one goes other ways; -1 says why. */
static void
scan_both(struct kymo_region *region)
{
	struct kymo_error error = { "" };
	int i;

	for (i = 0; i < 2; i++)
		if (kymo_region_scan(region, ALL, &error) != 0)
			assert_true(error.text[0] != '\0');
}

static void
scan_fresh(void)
{
	struct kymo_region *region = open_made();
	struct kymo_error error = { "" };

	if (kymo_region_scan(region, ALL, &error) != 0)
		assert_true(error.text[0] != '\0');
	kymo_region_close(region);
}

static void
store(uint64_t off, const void *bytes, size_t cnt)
{
	assert_int_equal(pwrite(write_fd, bytes, cnt, (off_t)off), cnt);
}

static const struct kyi_block *
head_at(uint64_t off)
{
	return (const struct kyi_block *)(const void *)(sound + off);
}

static void
test_every_field_of_a_block_head_may_be_anything(void **state)
{
	static const struct {
		size_t off, bytes;
	} fields[] = {
		{ offsetof(struct kyi_block, magic), 4 },
		{ offsetof(struct kyi_block, type), 2 },
		{ offsetof(struct kyi_block, rec_bytes), 2 },
		{ offsetof(struct kyi_block, index), 4 },
		{ offsetof(struct kyi_block, owner_slot), 4 },
		{ offsetof(struct kyi_block, len_bytes), 8 },
		{ offsetof(struct kyi_block, used_bytes), 8 },
		{ offsetof(struct kyi_block, tag), 4 },
		{ offsetof(struct kyi_block, ready), 4 },
		{ offsetof(struct kyi_block, crc32c), 4 },
	};
	struct kymo_region *region = open_made();
	uint64_t off;
	size_t field, i;

	scan_both(region);
	for (off = KYI_BLOCKS_OFF; off < FILE_BYTES &&
	    head_at(off)->magic == KYI_BLOCK_MAGIC;
	    off += head_at(off)->len_bytes)
		for (field = 0; field < sizeof(fields) / sizeof(*fields);
		    field++)
			for (i = 0; i < EXTREME_CNT; i++) {
				struct kyi_block head = *head_at(off);

				head.crc32c = 0;
				memcpy((uint8_t *)&head + fields[field].off,
				    &extremes[i], fields[field].bytes);
				if (head.crc32c == 0)
					head.crc32c = kyi_crc32c(0, &head,
					    offsetof(struct kyi_block,
					    used_bytes));
				store(off, &head, sizeof(head));
				scan_fresh();
				scan_both(region);
				store(off, sound + off, sizeof(head));
			}
	assert_true(off > KYI_BLOCKS_OFF + 9 * KYI_PAGE_BYTES);
	kymo_region_close(region);
}

static void
test_every_word_of_the_control_block_may_be_anything(void **state)
{
	struct kymo_region *region = open_made();
	uint64_t off;
	size_t i;

	for (off = KYI_CONTROL_OFF;
	    off < KYI_CONTROL_OFF + sizeof(struct kyi_control); off += 4)
		for (i = 0; i < EXTREME_CNT; i++) {
			store(off, &extremes[i], off % 8 == 0 ? 8 : 4);
			scan_fresh();
			scan_both(region);
			store(off, sound + off, 8);
		}
	kymo_region_close(region);
}

/* All that is used of the block at off, word by word. */
static void
spoil_words(uint64_t off, uint64_t end_off)
{
	static const uint32_t refs[] = { 0, 512, FILE_BYTES / 8 - 1, INT32_MAX,
		UINT32_MAX };
	size_t i;

	for (; off < end_off; off += 4) {
		for (i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
			store(off, &refs[i], sizeof(refs[i]));
			scan_fresh();
		}
		store(off, sound + off, 4);
	}
}

static void
test_every_word_of_dir_str_and_the_others_may_be_anything(void **state)
{
	uint64_t off;

	for (off = KYI_BLOCKS_OFF; off < FILE_BYTES &&
	    head_at(off)->magic == KYI_BLOCK_MAGIC;
	    off += head_at(off)->len_bytes) {
		uint64_t end_off = off + head_at(off)->used_bytes;

		if (head_at(off)->type == KYI_BLK_WINDOWS)
			continue;
		if (head_at(off)->type == KYI_BLK_RING &&
		    end_off > off + 512)
			end_off = off + 512;
		spoil_words(off + sizeof(struct kyi_block), end_off);
	}
}

static void
test_a_file_that_was_cut_is_refused_and_while_open_an_error(void **state)
{
	struct kymo_error error, again;
	struct kymo_region *region, *fresh;
	uint64_t bytes;

	for (bytes = 0; bytes < FILE_BYTES;
	    bytes += bytes < 8192 ? 64 : 5 * KYI_PAGE_BYTES) {
		region = open_made();
		assert_int_equal(kymo_region_scan(region, ALL, &error), 0);
		assert_int_equal(ftruncate(write_fd, (off_t)bytes), 0);
		assert_int_equal(kymo_region_open_path(&fresh,
		    made.region.path, &error), -1);
		assert_int_equal(kymo_region_scan(region, ALL, &error), -1);
		assert_non_null(strstr(error.text, "was truncated"));
		/* And stays one, when the file is whole again. */
		assert_int_equal(ftruncate(write_fd, FILE_BYTES), 0);
		store(0, sound, FILE_BYTES);
		assert_int_equal(kymo_region_scan(region, ALL, &again), -1);
		assert_string_equal(again.text, error.text);
		kymo_region_close(region);
	}
}

static void
test_a_file_that_was_removed_or_replaced_is_an_error(void **state)
{
	struct kymo_error error;
	struct kymo_region *region = open_made();

	assert_int_equal(kymo_region_scan(region, ALL, &error), 0);
	assert_int_equal(close(open(testlib_path("other"), O_CREAT | O_RDWR,
	    0600)), 0);
	assert_int_equal(rename(testlib_path("other"), made.region.path), 0);
	assert_int_equal(kymo_region_scan(region, ALL, &error), -1);
	assert_non_null(strstr(error.text, "was removed"));
	kymo_region_close(region);
}

static void
test_a_header_that_changes_while_open_is_an_error(void **state)
{
	struct kyi_header header;
	struct kymo_error error;
	struct kymo_region *region = open_made();

	assert_int_equal(kymo_region_scan(region, ALL, &error), 0);
	memcpy(&header, sound, sizeof(header));
	header.slot_max++;
	header.crc32c = kyi_crc32c(0, &header,
	    offsetof(struct kyi_header, crc32c));
	store(0, &header, sizeof(header));
	assert_int_equal(kymo_region_scan(region, ALL, &error), -1);
	assert_non_null(strstr(error.text, "overwritten"));
	store(0, sound, sizeof(header));
	assert_int_equal(kymo_region_scan(region, ALL, &error), -1);
	kymo_region_close(region);
}

static uint64_t heard_cnt, heard_off;
static char heard[256];

static void
hear(void *to, uint64_t off, const char *text)
{
	heard_cnt++;
	heard_off = off;
	snprintf(heard, sizeof(heard), "%s", text);
}

static int64_t
check(struct kymo_error *error)
{
	heard_cnt = 0;
	memset(error, 0, sizeof(*error));
	return kymo_region_check(made.region.path, hear, NULL, error);
}

static void
test_a_check_tells_each_fault_and_where_it_is(void **state)
{
	uint64_t used = UINT64_MAX, off = KYI_BLOCKS_OFF;
	struct kymo_error error;

	/* The span that lies open has no name yet: that is no fault. */
	assert_int_equal(check(&error), 0);
	store(off + offsetof(struct kyi_block, used_bytes), &used, 8);
	assert_int_equal(check(&error), 1);
	assert_int_equal(heard_off, off);
	assert_non_null(strstr(heard, "SLOTS"));
	store(off, sound + off, 64);
	store(8, "\1\2\2\1", 4);
	assert_int_equal(check(&error), 1);
	assert_int_equal(heard_off, 8);
	assert_string_equal(error.text, "");
	assert_int_equal(ftruncate(write_fd, 100), 0);
	assert_int_equal(check(&error), -1);
	assert_int_equal(heard_cnt, 0);
	assert_non_null(strstr(error.text, "too small"));
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_every_field_of_a_block_head_may_be_anything),
		IN_DIR(test_every_word_of_the_control_block_may_be_anything),
		IN_DIR(test_every_word_of_dir_str_and_the_others_may_be_anything),
		IN_DIR(test_a_file_that_was_cut_is_refused_and_while_open_an_error),
		IN_DIR(test_a_file_that_was_removed_or_replaced_is_an_error),
		IN_DIR(test_a_header_that_changes_while_open_is_an_error),
		IN_DIR(test_a_check_tells_each_fault_and_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
