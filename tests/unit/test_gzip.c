/* SPDX-License-Identifier: MIT */
/* Goal: gzip goes to those who want it. (What it holds: tests/e2e/serve.sh.)
   Method: rows of Accept-Encoding headers. */
#include "tests/testlib/testlib.h"

#include "reader/serve/gzip.h"

static void
test_accept_encoding_is_answered_as_it_wants(void **state)
{
	static const struct {
		const char *header;
		bool wanted;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZip", true },
		{ "x-gzip", true },
		{ "gzip, deflate, br, zstd", true },
		{ "deflate, gzip;q=1.0, *;q=0.5", true },
		{ "deflate", false },
		{ "identity", false },
		{ "*", true },
		{ "*;q=0", false },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000", false },
		{ "gzip ; q = 0.001", true },
		{ "gzip;q=0, *", false },
		{ "gzip;q=0.5, identity;q=0.8", false },
		{ "gzip;q=0.8, identity;q=0.5", true },
		{ "gzip, identity", true },
		{ "identity;q=1, *;q=0", false },
		{ "gzip;q=x", false },
		{ "gzip;q", false },
		{ "gzipp", false },
		{ "notgzip", false },
		{ ",,,", false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kyi_gzip_wanted(rows[i].header) != rows[i].wanted)
			fail_msg("%s", rows[i].header == NULL ? "none" :
			    rows[i].header);
}

static void
test_compressed_is_shorter_and_says_that_it_is_gzip(void **state)
{
	struct kymo_buffer from = { 0 }, to = { 0 };
	int i;

	for (i = 0; i < 1000; i++)
		kymo_buffer_printf(&from, "name{label=\"%d\"} 1\n", i);
	assert_int_equal(kyi_gzip(&to, &from), 0);
	assert_true(to.len_bytes < from.len_bytes / 4);
	assert_memory_equal(to.at, "\x1f\x8b\x08", 3);
	kymo_buffer_free(&from);
	kymo_buffer_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_encoding_is_answered_as_it_wants),
		cmocka_unit_test(
		    test_compressed_is_shorter_and_says_that_it_is_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
