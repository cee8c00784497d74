/* SPDX-License-Identifier: MIT */
/* Goal: without memory an export says so, and neither leaks nor lies.
   Method: each allocation of each format fails in its turn; then the text is
   whole, or buffer->failed is true. (Leaks: AddressSanitizer.) */
#include "tests/testlib/testlib.h"

#include "reader/export/export.h"
#include "tests/testlib/scan.h"

void *__real_realloc(void *at, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

static uint64_t call_cnt, fail_at; /* 0: none fails */

void *
__wrap_realloc(void *at, size_t bytes)
{
	return ++call_cnt == fail_at ? NULL : __real_realloc(at, bytes);
}

void *
__wrap_malloc(size_t bytes)
{
	return ++call_cnt == fail_at ? NULL : __real_malloc(bytes);
}

static void
text(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	kymo_export_text(buffer, scan, filter, KYMO_OPENMETRICS_1);
}

static void
table(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	kymo_export_table(buffer, scan, filter, 80);
}

static void
test_each_allocation_may_fail(void **state)
{
	static void (*const exports[])(struct kymo_buffer *,
	    const struct kymo_scan *, const struct kymo_filter *) = {
		text, table, kymo_export_json, kymo_export_msgpack,
	};
	size_t i;

	for (i = 0; i < sizeof(exports) / sizeof(exports[0]); i++) {
		struct kymo_buffer whole = { 0 };
		uint64_t cnt, n;

		call_cnt = fail_at = 0;
		exports[i](&whole, testlib_scan(), NULL);
		cnt = call_cnt;
		assert_true(cnt >= 3);
		for (n = 1; n <= cnt; n++) {
			struct kymo_buffer part = { 0 };

			call_cnt = 0;
			fail_at = n;
			exports[i](&part, testlib_scan(), NULL);
			fail_at = 0;
			assert_true(part.failed);
			kymo_buffer_free(&part);
		}
		kymo_buffer_free(&whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
