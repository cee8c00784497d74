/* SPDX-License-Identifier: MIT */
/* Goal: the other byte order is turned around, each number and nothing else.
   Method: the shapes of swap.c against schema/layout-1.txt, member by member;
   whole regions of such a machine are read by tests/machines/golden.sh. */
#include "tests/testlib/testlib.h"

#include "reader/region/private.h"
#include "shm/crc32c.h"

static const struct {
	const char *name;
	size_t bytes;
} structs[KYI_SWAP_SHAPES] = {
	[KYI_SWAP_HEADER] = { "kyi_header", 256 },
	[KYI_SWAP_CONTROL] = { "kyi_control", 256 },
	[KYI_SWAP_BLOCK] = { "kyi_block", 64 },
	[KYI_SWAP_SLOT] = { "kyi_slot", 128 },
	[KYI_SWAP_STRING] = { "kyi_string", 4 },
	[KYI_SWAP_FAMILY] = { "kyi_family", 64 },
	[KYI_SWAP_SERIES] = { "kyi_series", 64 },
	[KYI_SWAP_NAME] = { "kyi_name", 64 },
	[KYI_SWAP_CELL] = { "kyi_shared_cell", 64 },
	[KYI_SWAP_HEALTH] = { "kyi_health", 64 },
	[KYI_SWAP_RESOURCE] = { "kyi_resource", 8 },
	[KYI_SWAP_SPANS] = { "kyi_spans", 64 },
	[KYI_SWAP_FRAME] = { "kyi_span_frame", 64 },
	[KYI_SWAP_SECTION] = { "kyi_ring_section", 64 },
	[KYI_SWAP_EVENT] = { "kyi_event", 64 },
	[KYI_SWAP_EVENT_SPAN] = { "kyi_event", 64 },
	[KYI_SWAP_EVENT_EXEMPLAR] = { "kyi_event", 64 },
};

/* Is this member, by the schema's name, a number of this shape? */
static bool
is_number(enum kyi_swap_shape shape, const char *member, size_t bytes)
{
	bool is_span = strncmp(member, "u.span.", 7) == 0;
	bool is_exemplar = strncmp(member, "u.exemplar.", 11) == 0;
	const char *word = strrchr(member, '.');

	word = word == NULL ? member : word + 1;
	if (is_span && shape != KYI_SWAP_EVENT_SPAN)
		return false;
	if (is_exemplar && shape != KYI_SWAP_EVENT_EXEMPLAR)
		return false;
	if (strncmp(word, "pad", 3) == 0 || strcmp(word, "magic") == 0)
		return bytes == 4 && shape == KYI_SWAP_BLOCK;
	return bytes == 2 || bytes == 4 || bytes == 8;
}

/* Turns around in want what the schema says of a struct. */
static uint32_t
want_of(enum kyi_swap_shape shape, uint8_t *want)
{
	FILE *schema = fopen(testlib_srcfile("schema/layout-1.txt"), "r");
	size_t name_bytes = strlen(structs[shape].name), off, bytes, i;
	char line[256], path[128];
	uint32_t number_cnt = 0;

	assert_non_null(schema);
	while (fgets(line, sizeof(line), schema) != NULL) {
		if (sscanf(line, "%zu %zu %127s", &off, &bytes, path) != 3 ||
		    strncmp(path, structs[shape].name, name_bytes) != 0 ||
		    path[name_bytes] != '.' ||
		    !is_number(shape, path + name_bytes + 1, bytes))
			continue;
		number_cnt++;
		for (i = 0; i < bytes; i++)
			want[off + i] = (uint8_t)(off + bytes - 1 - i);
	}
	fclose(schema);
	return number_cnt;
}

static void
test_each_number_is_reversed_and_nothing_else(void **state)
{
	uint8_t got[256 + 8], want[256 + 8];
	int shape;
	size_t i;

	for (shape = 0; shape < KYI_SWAP_SHAPES; shape++) {
		for (i = 0; i < sizeof(got); i++)
			got[i] = want[i] = (uint8_t)i;
		assert_true(want_of((enum kyi_swap_shape)shape, want) > 0);
		kyi_swap(got, (enum kyi_swap_shape)shape);
		for (i = 0; i < sizeof(got); i++)
			if (got[i] != want[i])
				fail_msg("%s (%d): byte %zu", structs[shape].name,
				    shape, i);
	}
}

static void
test_a_checksum_is_as_right_as_it_was(void **state)
{
	struct kyi_header header = { .endian = KYI_ENDIAN, .pid = 7 };
	size_t crc_off = offsetof(struct kyi_header, crc32c);
	bool spoil;

	for (spoil = false;; spoil = true) {
		header.crc32c = kyi_crc32c(0, &header, crc_off) ^ spoil;
		header.crc32c = __builtin_bswap32(header.crc32c);
		kyi_swap_header(&header);
		assert_int_equal(header.crc32c == kyi_crc32c(0, &header,
		    crc_off), !spoil);
		if (spoil)
			break;
	}
	/* Twice. */
	assert_int_equal(header.endian, KYI_ENDIAN);
	assert_int_equal(header.pid, 7);
}

static void
test_arguments_go_by_their_types_and_end_where_bytes_end(void **state)
{
	uint8_t args[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 'a', 'b',
		1, 2, 3, 4, 5, 6, 7, 8, 9 };
	static const uint8_t want[] = { 8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 'a', 'b',
		8, 7, 6, 5, 4, 3, 2, 1, 9 };
	uint8_t long_string[] = { 0xff, 0xff, 1, 2 };
	uint16_t len = 2;

	memcpy(args + 8, &len, sizeof(len));
	len = __builtin_bswap16(len);
	memcpy(args + 8, &len, sizeof(len));
	kyi_swap_args(args, sizeof(args), "isfu");
	len = 2;
	assert_memory_equal(args + 8, &len, sizeof(len));
	assert_memory_equal(args, want, 8);
	assert_memory_equal(args + 10, want + 10, sizeof(args) - 10);
	kyi_swap_args(long_string, sizeof(long_string), "su");
	assert_memory_equal(long_string, "\xff\xff\1\2", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_number_is_reversed_and_nothing_else),
		cmocka_unit_test(test_a_checksum_is_as_right_as_it_was),
		cmocka_unit_test(
		    test_arguments_go_by_their_types_and_end_where_bytes_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
