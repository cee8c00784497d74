/* SPDX-License-Identifier: MIT */
/* Goal: no header and no head that would lead a reader out of bounds is
   taken, and each refusal says what is wrong. Method: sound ones from a real
   region, one member changed a row, the checksum made right again. */
#include <inttypes.h>

#include "tests/testlib/make_region.h"
#include "tests/testlib/testlib.h"

#include "shm/check.h"
#include "shm/crc32c.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define FILE_BYTES (512u * 1024u)

/* The complaints of a check, each on a line. */
struct heard {
	char text[2000];
	uint64_t off;
};

static void
hear(void *to, uint64_t off, const char *text)
{
	struct heard *heard = to;
	size_t len = strlen(heard->text), i;

	for (i = 0; text[i] != '\0'; i++)
		assert_true(text[i] >= ' ' && text[i] <= '~');
	heard->off = off;
	snprintf(heard->text + len, sizeof(heard->text) - len, "%s\n", text);
}

/* One number of a structure, and what it becomes. */
struct change {
	size_t off, bytes;
	uint64_t value;
};
#define SET(type, member, value) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), value }

static void
make(void *structure, const struct change *change)
{
	uint8_t *at = (uint8_t *)structure + change->off;
	uint64_t u64 = change->value;
	uint32_t u32 = (uint32_t)u64;
	uint16_t u16 = (uint16_t)u64;

	switch (change->bytes) {
	case 8: memcpy(at, &u64, 8); break;
	case 4: memcpy(at, &u32, 4); break;
	case 2: memcpy(at, &u16, 2); break;
	case 0: break;
	default: memset(at, (int)u64, change->bytes); break;
	}
}

static void
read_file(const char *path, void *to, size_t bytes, uint64_t off)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, to, bytes, (off_t)off), bytes);
	close(fd);
}

static void
sound_header(struct kyi_header *header, struct make_region *m)
{
	make_region(m, testlib_dir(), "shop");
	read_file(m->region.path, header, sizeof(*header), 0);
	kyi_region_forget(&m->region);
}

/* ---- the header ----------------------------------------------- */

struct header_row {
	const char *what;
	struct change change;
	const char *says; /* NULL: sound */
};

#define H(member, value) SET(kyi_header, member, value)
#define TWO_32 (UINT64_C(1) << 32)

static const struct header_row header_rows[] = {
	{ "as it was made", { 0, 0, 0 }, NULL },
	{ "no magic", H(magic, 0), "does not begin with KYMOSHM" },
	{ "other order", H(endian, KYI_ENDIAN_SWAPPED),
	    "written on a machine of the other byte order" },
	{ "no order", H(endian, 0), "byte order mark is 0x00000000" },
	{ "layout 0", H(abi_major, 0), "version 0.0, and this program" },
	{ "layout 2", H(abi_major, 2), "version 2.0, and this program" },
	{ "layout 1.9", H(abi_minor, 9), NULL },
	{ "short header", H(header_bytes, 248), "header claims 248 bytes" },
	{ "long header", H(header_bytes, 4096), NULL },
	{ "too long a header", H(header_bytes, 4104), "header claims 4104" },
	{ "a feature to know", H(feat_incompat, UINT64_C(1) << 63),
	    "features (0x8000000000000000) that this program" },
	{ "a feature to leave alone", H(feat_ro, 1), NULL },
	{ "a feature to ignore", H(feat_compat, UINT64_MAX), NULL },
	{ "blocks of 64", H(block_align_bytes, 64), "aligned to 64, not to" },
	{ "no length", H(max_bytes, 0), "its length is 0 bytes" },
	{ "too short", H(max_bytes, KYI_REGION_BYTES_MIN - 4096), "length is" },
	{ "too long", H(max_bytes, KYI_REGION_BYTES_MAX + 4096), "length is" },
	{ "endless", H(max_bytes, UINT64_MAX - 4095), "its length is 1844674" },
	{ "half a page", H(max_bytes, FILE_BYTES - 2048), "its length is 522240" },
	{ "more than the file", H(max_bytes, FILE_BYTES + 4096),
	    "the file has 524288 bytes of 528384: it was cut off" },
	{ "another clock", H(clock_id, 1), "its clock is number 1" },
	{ "no slots", H(slot_max, 0), "it has 0 slots, not 1 to 4096" },
	{ "too many slots", H(slot_max, 4097), "it has 4097 slots" },
	{ "all slots", H(slot_max, UINT32_MAX), "it has 4294967295 slots" },
	{ "no windows", H(window_bytes, 0), "0 bytes, which are not pages" },
	{ "windows of words", H(window_bytes, 8200), "8200 bytes, which" },
	{ "one window too long", H(window_bytes, 512 * 1024),
	    "are not inside its 524288 bytes" },
	{ "windows whose product wraps 32 bits",
	    H(window_bytes, TWO_32 / 8), "are not inside its 524288" },
	{ "windows of 4 GiB", H(window_bytes, TWO_32 - 4096), "are not inside" },
	{ "windows in the header", H(windows_off, 0), "bytes at 0 are not" },
	{ "windows in the first head", H(windows_off, KYI_BLOCKS_OFF),
	    "bytes at 8192 are not inside" },
	{ "windows off a page", H(windows_off, 12288 + 64), "are not inside" },
	{ "windows at the end", H(windows_off, FILE_BYTES), "are not inside" },
	{ "windows beyond", H(windows_off, FILE_BYTES * 2), "are not inside" },
	{ "windows at minus a page", H(windows_off, UINT64_MAX - 4095),
	    "at 18446744073709547520 are not inside" },
	{ "places of 32", H(ring_slot_bytes, 32), "events have 32 bytes" },
	{ "any number of places", H(ring_slots, 0), NULL },
	{ "too many histograms", H(hist_max, KYI_HIST_MAX + 1),
	    "it has 4097 histograms, not up to 4096" },
	{ "nobody", H(instance_id, 0), "instance id is all zeros" },
	{ "no service", H(service, 0), "its service's name" },
	{ "a service without an end", H(service, 'a'), "its service's name" },
	{ "a service with an escape", H(service[1], 27), "its service's name" },
	{ "a service that is hidden", H(service[0], '.'), "service's name" },
	{ "no boot", H(boot_id, 0), NULL },
	{ "before all time", H(t0_realtime_ns, 0), NULL },
	{ "long after", H(t0_mono_ns, UINT64_MAX), NULL },
};

static void
test_headers(void **state)
{
	struct kyi_header sound;
	struct make_region m;
	size_t i;

	sound_header(&sound, &m);
	for (i = 0; i < COUNT(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		struct heard heard = { "", 0 };
		struct kyi_complaints complaints = { hear, &heard, 0 };
		struct kyi_header header = sound;
		bool is_sound;

		make(&header, &row->change);
		header.crc32c = kyi_crc32c(0, &header, 252);
		is_sound = kyi_check_header(&header, FILE_BYTES, &complaints);
		if (is_sound != (row->says == NULL) ||
		    is_sound != (complaints.cnt == 0) || (row->says != NULL &&
		    strstr(heard.text, row->says) == NULL))
			fail_msg("%s: %s", row->what, heard.text);
	}
}

static void
test_any_changed_byte_of_a_header_is_seen(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_header header;
	struct make_region m;
	size_t i;

	sound_header(&header, &m);
	for (i = 0; i < sizeof(header); i++) {
		((uint8_t *)&header)[i] ^= 0x10;
		assert_false(kyi_check_header(&header, FILE_BYTES,
		    &complaints));
		((uint8_t *)&header)[i] ^= 0x10;
	}
	assert_int_equal(complaints.cnt, sizeof(header));
	assert_true(kyi_check_header(&header, FILE_BYTES, &complaints));
	assert_true(kyi_check_header(&header, UINT64_MAX, &complaints));
	assert_false(kyi_check_header(&header, 0, &complaints));
}

/* Each bound itself is inside. */
static void
test_the_largest_and_the_smallest_are_sound(void **state)
{
	static const struct {
		uint64_t max_bytes, windows_off;
		uint32_t slot_max, window_bytes;
	} rows[] = {
		{ KYI_REGION_BYTES_MIN, 12288, 1, 4096 },
		{ KYI_REGION_BYTES_MIN, 12288, 1, KYI_REGION_BYTES_MIN - 12288 },
		{ KYI_REGION_BYTES_MAX, 1u << 20, KYI_SLOT_MAX, 8192 },
		{ KYI_REGION_BYTES_MAX, KYI_REGION_BYTES_MAX / 2, KYI_SLOT_MAX,
		    16384 },
	};
	struct heard heard = { "", 0 };
	struct kyi_complaints complaints = { hear, &heard, 0 };
	struct kyi_header header;
	struct make_region m;
	size_t i;

	sound_header(&header, &m);
	for (i = 0; i < COUNT(rows); i++) {
		header.max_bytes = rows[i].max_bytes;
		header.windows_off = rows[i].windows_off;
		header.slot_max = rows[i].slot_max;
		header.window_bytes = rows[i].window_bytes;
		header.crc32c = kyi_crc32c(0, &header, 252);
		if (!kyi_check_header(&header, rows[i].max_bytes, &complaints))
			fail_msg("row %zu: %s", i, heard.text);
	}
}

/* All faults of a readable header are told, not only the first. */
static void
test_a_header_with_many_faults_tells_them_all(void **state)
{
	struct heard heard = { "", 0 };
	struct kyi_complaints complaints = { hear, &heard, 0 };
	struct kyi_header header;
	struct make_region m;

	sound_header(&header, &m);
	header.hist_max = header.clock_id = 9999;
	header.slot_max = 0;
	header.ring_slot_bytes = 0;
	header.crc32c = kyi_crc32c(0, &header, 252);
	assert_false(kyi_check_header(&header, FILE_BYTES, &complaints));
	assert_int_equal(complaints.cnt, 4);
}

/* ---- blocks --------------------------------------------------- */

enum { SLOTS, DIR_, STR, SHARED, RES, WINDOWS, HIST, SPANS, BLOCKS };

struct block_row {
	const char *what;
	uint32_t block;
	struct change change;
	bool chain; /* the next block can be found */
	const char *says; /* NULL: sound */
};

#define B(member, value) SET(kyi_block, member, value)

static const struct block_row block_rows[] = {
	{ "no head", HIST, B(magic, 0), false, "block 6 has no head" },
	{ "another's number", HIST, B(index, 5), false,
	    "block 6 says that it is block 5" },
	{ "no length", HIST, B(len_bytes, 0), false, "of 0 bytes does not" },
	{ "half a page", HIST, B(len_bytes, 2048), false, "of 2048 bytes" },
	{ "beyond the end", HIST, B(len_bytes, 1u << 30), false, "not end in" },
	{ "minus a page", HIST, B(len_bytes, UINT64_MAX - 4095), false,
	    "block 6 of 18446744073709547520 bytes does not end" },
	{ "of no kind", HIST, B(type, 0), true, NULL },
	{ "of a kind to come", HIST, B(type, 10), true, NULL },
	{ "of any kind", HIST, B(type, 65535), true, NULL },
	{ "uses less than its head", HIST, B(used_bytes, 56), true,
	    "HIST block 6 uses 56 of its 4096 bytes" },
	{ "uses nothing", HIST, B(used_bytes, 0), true, "uses 0 of its" },
	{ "uses all", HIST, B(used_bytes, 4096), true, NULL },
	{ "uses more", HIST, B(used_bytes, 4104), true, "uses 4104 of its" },
	{ "uses minus eight", HIST, B(used_bytes, UINT64_MAX - 7), true,
	    "uses 18446744073709551608 of its" },
	{ "uses parts of words", HIST, B(used_bytes, 100), true, "uses 100" },
	{ "last slot's", HIST, B(owner_slot, 7), true, NULL },
	{ "nobody's", HIST, B(owner_slot, 8), true,
	    "HIST block 6 is of slot 8, and there are 8" },
	{ "a histogram too many", HIST, B(tag, KYI_HIST_MAX), true,
	    "a HIST block is number 4096 of 4096" },
	{ "cells of 16", HIST, B(rec_bytes, 16), true, "records of 16 bytes" },
	{ "spans of nobody", SPANS, B(owner_slot, UINT32_MAX), true,
	    "SPANS block 7 is of slot 4294967295" },
	{ "frames of 72", SPANS, B(rec_bytes, 72), true, "records of 72" },
	{ "records of none", DIR_, B(rec_bytes, 0), true, "records of 0" },
	{ "shorter records", DIR_, B(rec_bytes, 56), true, "records of 56" },
	{ "longer records", DIR_, B(rec_bytes, 128), true, NULL },
	{ "odd records", DIR_, B(rec_bytes, 68), true, "records of 68" },
	{ "records of 64 KiB", DIR_, B(rec_bytes, 65528), true, "65528" },
	{ "fewer slots", SLOTS, B(used_bytes, 64 + 7 * 128), true,
	    "SLOTS has no room for 8 slots" },
	{ "no slots", SLOTS, B(used_bytes, 64), true, "no room for 8" },
	{ "longer slots than there is room", SLOTS, B(rec_bytes, 1024), true,
	    "SLOTS has no room for 8 slots" },
	{ "strings of any stride", STR, B(rec_bytes, 3), true, NULL },
	{ "cells of 128", SHARED, B(rec_bytes, 128), true, "records of 128" },
	{ "attributes of 4", RES, B(rec_bytes, 4), true, "records of 4" },
	{ "longer windows", WINDOWS, B(len_bytes, 4096 + 9 * 8192), true,
	    "WINDOWS is not where the header has its windows" },
};

struct blocks {
	struct kyi_header header;
	struct kyi_block block[BLOCKS];
	uint64_t off[BLOCKS], end;
};

/* A region with a HIST and a SPANS block. */
static void
sound_blocks(struct blocks *blocks)
{
	struct make_region m;
	uint32_t i;

	make_region(&m, testlib_dir(), "shop");
	make_hist(&m, 2, 3, 10);
	assert_true(kyi_region_block(&m.region, KYI_BLK_SPANS, 1, 0,
	    sizeof(struct kyi_block) + sizeof(struct kyi_spans),
	    sizeof(struct kyi_block) + sizeof(struct kyi_spans)) != 0);
	read_file(m.region.path, &blocks->header, 256, 0);
	blocks->end = m.region.file_used;
	blocks->off[0] = KYI_BLOCKS_OFF;
	for (i = 0; i < BLOCKS; i++) {
		read_file(m.region.path, &blocks->block[i], 64, blocks->off[i]);
		if (i + 1 < BLOCKS)
			blocks->off[i + 1] = blocks->off[i] +
			    blocks->block[i].len_bytes;
	}
	kyi_region_forget(&m.region);
}

static void
test_blocks(void **state)
{
	struct blocks blocks;
	size_t i;

	sound_blocks(&blocks);
	for (i = 0; i < COUNT(block_rows); i++) {
		const struct block_row *row = &block_rows[i];
		struct heard heard = { "", 0 };
		struct kyi_complaints complaints = { hear, &heard, 0 };
		struct kyi_block block = blocks.block[row->block];
		struct kyi_block_place place;
		bool chain;

		make(&block, &row->change);
		block.crc32c = kyi_crc32c(0, &block, 24);
		chain = kyi_check_block(&block, blocks.off[row->block],
		    blocks.end, row->block, &blocks.header, &place,
		    &complaints);
		if (chain != row->chain ||
		    (row->says == NULL) != (complaints.cnt == 0) ||
		    (row->says != NULL &&
		    strstr(heard.text, row->says) == NULL))
			fail_msg("%s: %s", row->what, heard.text);
		/* What cannot be used is not used. */
		if (chain)
			assert_int_equal(place.used_bytes, row->says == NULL ?
			    block.used_bytes : 64);
	}
}

static void
test_sound_blocks_are_where_they_say(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_block_place place;
	struct blocks blocks;
	uint32_t i;

	sound_blocks(&blocks);
	for (i = 0; i < BLOCKS; i++) {
		assert_true(kyi_check_block(&blocks.block[i], blocks.off[i],
		    blocks.end, i, &blocks.header, &place, &complaints));
		assert_int_equal(place.off, blocks.off[i]);
		assert_int_equal(place.len_bytes, blocks.block[i].len_bytes);
		assert_int_equal(place.type, blocks.block[i].type);
	}
	assert_int_equal(place.off + place.len_bytes, blocks.end);
	assert_int_equal(place.owner_slot, 1);
	assert_int_equal(complaints.cnt, 0);
}

static void
test_a_head_that_was_changed_breaks_the_chain(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_block_place place;
	struct blocks blocks;
	uint32_t i;

	sound_blocks(&blocks);
	for (i = 0; i < 24; i++) {
		struct kyi_block block = blocks.block[HIST];

		((uint8_t *)&block)[i] ^= 0x40;
		assert_false(kyi_check_block(&block, blocks.off[HIST],
		    blocks.end, HIST, &blocks.header, &place, &complaints));
	}
	assert_int_equal(complaints.cnt, 24);
}

static void
test_a_block_that_is_not_ready_is_empty(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_block_place place;
	struct blocks blocks;

	sound_blocks(&blocks);
	blocks.block[HIST].ready = 0;
	blocks.block[HIST].used_bytes = 12345;
	assert_true(kyi_check_block(&blocks.block[HIST], blocks.off[HIST],
	    blocks.end, HIST, &blocks.header, &place, &complaints));
	assert_int_equal(place.used_bytes, 64);
	assert_int_equal(place.len_bytes, 4096);
	assert_int_equal(complaints.cnt, 0);
}

static const struct {
	const char *what;
	uint64_t off, end;
} room_rows[] = {
	{ "in the header", 0, FILE_BYTES },
	{ "in the control page", 4096, FILE_BYTES },
	{ "off a page", 8192 + 64, FILE_BYTES },
	{ "at the end", 16384, 16384 },
	{ "after the end", 20480, 16384 },
	{ "no room for a page", 16384, 16384 + 4095 },
	{ "minus a page", UINT64_MAX - 4095, FILE_BYTES },
	{ "minus a page, of all", UINT64_MAX - 4095, UINT64_MAX },
};

static void
test_there_is_no_block_without_room_for_a_page(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_block_place place;
	struct blocks blocks;
	size_t i;

	sound_blocks(&blocks);
	for (i = 0; i < COUNT(room_rows); i++)
		if (kyi_check_block(&blocks.block[HIST], room_rows[i].off,
		    room_rows[i].end, HIST, &blocks.header, &place,
		    &complaints))
			fail_msg("%s", room_rows[i].what);
}

static void
test_a_directory_has_a_bound_on_its_records(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	const uint64_t end = 64u << 20;
	struct kyi_block_place place;
	struct kyi_block block;
	struct blocks blocks;
	uint32_t more;

	sound_blocks(&blocks);
	for (more = 0; more < 2; more++) {
		block = blocks.block[DIR_];
		block.len_bytes = 8u << 20;
		block.used_bytes = 64 + 64 * (uint64_t)(KYI_RECORD_MAX + more);
		block.crc32c = kyi_crc32c(0, &block, 24);
		assert_true(kyi_check_block(&block, blocks.off[DIR_], end, DIR_,
		    &blocks.header, &place, &complaints));
		assert_int_equal(complaints.cnt, more);
		assert_int_equal(place.used_bytes == 64, more);
	}
}

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_headers),
		TEST(test_any_changed_byte_of_a_header_is_seen),
		TEST(test_the_largest_and_the_smallest_are_sound),
		TEST(test_a_header_with_many_faults_tells_them_all),
		TEST(test_blocks),
		TEST(test_sound_blocks_are_where_they_say),
		TEST(test_a_head_that_was_changed_breaks_the_chain),
		TEST(test_a_block_that_is_not_ready_is_empty),
		TEST(test_there_is_no_block_without_room_for_a_page),
		TEST(test_a_directory_has_a_bound_on_its_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
