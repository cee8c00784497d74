/* SPDX-License-Identifier: MIT */
/* Goal: the checksum is CRC-32C, bit for bit. Method: the vectors of RFC 3720
   appendix B.4, and that it can be continued at any byte. */
#include "tests/testlib/testlib.h"

#include "shm/crc32c.h"

struct row {
	const char *what;
	uint8_t bytes[48];
	size_t len_bytes;
	uint32_t crc;
};

/* The RFC prints the bytes in the order of the wire, lowest first. */
static const struct row rows[] = {
	{ "nothing", { 0 }, 0, 0x00000000 },
	{ "check", "123456789", 9, 0xe3069283 },
	{ "one letter", "a", 1, 0xc1d04330 },
	{ "zeros", { 0 }, 32, 0x8a9136aa },
	{ "ones", {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	    32, 0x62a8ab43 },
	{ "rising", {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
		19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 },
	    32, 0x46dd794e },
	{ "falling", {
		31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
		15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 },
	    32, 0x113fdb5c },
	{ "an iSCSI read", {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00 },
	    48, 0xd9963a56 },
};

static void
test_vectors_of_the_rfc(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (kyi_crc32c(0, rows[i].bytes, rows[i].len_bytes) !=
		    rows[i].crc)
			fail_msg("%s", rows[i].what);
	}
}

static void
test_it_continues_at_any_byte(void **state)
{
	const struct row *row = &rows[7];
	size_t cut;

	for (cut = 0; cut <= row->len_bytes; cut++)
		assert_int_equal(kyi_crc32c(kyi_crc32c(0, row->bytes, cut),
		    row->bytes + cut, row->len_bytes - cut), row->crc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_of_the_rfc),
		cmocka_unit_test(test_it_continues_at_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
