/* SPDX-License-Identifier: MIT */
/* Goal: sections and buckets stay inside their blocks, whatever their numbers
   are. Method: rows; a wrong one has one complaint, one that is not filled yet
   has none. */
#include "tests/testlib/testlib.h"

#include "shm/check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEADS (64u + 3u * 64u)

static const struct {
	const char *what;
	uint64_t used_bytes;
	uint32_t first_cnt[3][2];
	bool sound;
	uint32_t complaint_cnt;
} ring_rows[] = {
	{ "one after another", HEADS + 56 * 64, {{0, 32}, {32, 16}, {48, 8}},
	    true, 0 },
	{ "the other way", HEADS + 56 * 64, {{24, 32}, {8, 16}, {0, 8}}, true,
	    0 },
	{ "holes", HEADS + 100 * 64, {{0, 1}, {50, 2}, {96, 4}}, true, 0 },
	{ "some are not there", HEADS, {{0, 0}, {9, 0}, {UINT32_MAX, 0}}, true,
	    0 },
	{ "one that is not there, in another", HEADS + 8 * 64,
	    {{0, 4}, {2, 0}, {4, 4}}, true, 0 },
	{ "not filled yet", 64, {{0, 32}, {32, 16}, {48, 8}}, false, 0 },
	{ "no room for sections", HEADS - 8, {{0, 0}, {0, 0}, {0, 0}}, false,
	    1 },
	{ "not a power of two", HEADS + 64 * 64, {{0, 3}, {8, 8}, {16, 8}},
	    false, 1 },
	{ "one place too many", HEADS + 55 * 64,
	    {{0, 32}, {32, 16}, {48, 8}}, false, 1 },
	{ "part of a place", HEADS + 55 * 64 + 56,
	    {{0, 32}, {32, 16}, {48, 8}}, false, 1 },
	{ "first beyond", HEADS + 8 * 64, {{9, 1}, {0, 1}, {1, 1}}, false, 1 },
	{ "first and count wrap", HEADS + 8 * 64,
	    {{UINT32_MAX, 1}, {0, 1}, {1, 1}}, false, 1 },
	{ "2^31 places", HEADS + 8 * 64, {{0, 1u << 31}, {0, 1}, {1, 1}},
	    false, 1 },
	{ "the same", HEADS + 8 * 64, {{0, 4}, {0, 4}, {4, 4}}, false, 1 },
	{ "one inside another", HEADS + 8 * 64, {{0, 8}, {0, 0}, {2, 2}},
	    false, 1 },
	{ "last place of one, first of another", HEADS + 8 * 64,
	    {{3, 4}, {0, 4}, {7, 1}}, false, 1 },
};

static void
test_ring_sections(void **state)
{
	struct kyi_ring_section sections[3];
	size_t i, n;

	for (i = 0; i < COUNT(ring_rows); i++) {
		struct kyi_complaints complaints = { NULL, NULL, 0 };

		memset(sections, 0xff, sizeof(sections));
		for (n = 0; n < 3; n++) {
			sections[n].first = ring_rows[i].first_cnt[n][0];
			sections[n].cnt = ring_rows[i].first_cnt[n][1];
		}
		if (kyi_check_ring(sections, ring_rows[i].used_bytes, 8192,
		    &complaints) != ring_rows[i].sound ||
		    complaints.cnt != ring_rows[i].complaint_cnt)
			fail_msg("%s", ring_rows[i].what);
	}
}

static const struct {
	const char *what;
	uint16_t type;
	uint64_t used_bytes;
	uint32_t bucket_cnt;
	bool sound;
	uint32_t complaint_cnt;
} hist_rows[] = {
	{ "to the byte", KYI_BLK_HIST, 64 + 8 * 104, 100, true, 0 },
	{ "more than it needs", KYI_BLK_HIST, 4096, 100, true, 0 },
	{ "one cell short", KYI_BLK_HIST, 64 + 8 * 103, 100, false, 1 },
	{ "not used", KYI_BLK_HIST, 64, 100, false, 0 },
	{ "product of 32 bits", KYI_BLK_HIST, 4096, 0x20000000, false, 1 },
	{ "all buckets", KYI_BLK_HIST, 4096, UINT32_MAX, false, 1 },
	{ "another kind", KYI_BLK_SPANS, 4096, 100, false, 1 },
};

static void
test_histograms_have_room(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(hist_rows); i++) {
		struct kyi_complaints complaints = { NULL, NULL, 0 };
		struct kyi_block_place place = { .len_bytes = 4096,
			.type = hist_rows[i].type,
			.used_bytes = hist_rows[i].used_bytes };

		if (kyi_check_hist(&place, hist_rows[i].bucket_cnt,
		    &complaints) != hist_rows[i].sound ||
		    complaints.cnt != hist_rows[i].complaint_cnt)
			fail_msg("%s", hist_rows[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_sections),
		cmocka_unit_test(test_histograms_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
