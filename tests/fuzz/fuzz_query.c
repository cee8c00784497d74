/* SPDX-License-Identifier: MIT */
/* Any text is a query or an error that says why, never both; what is printed
   of a query is one that prints the same. */
#include <stdlib.h>
#include <string.h>

#include "reader/query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static int
each(void *to, const struct kymo_query_selector *selector)
{
	unsigned *cnt = to;

	*cnt += selector->matcher_cnt;
	return selector->from_ms > selector->to_ms ? -1 : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	struct kymo_buffer once = { 0 }, twice = { 0 };
	struct kymo_query_error error;
	struct kymo_query *query;
	unsigned cnt = 0;
	int result = kymo_query_parse(&query, (const char *)bytes, len_bytes,
	    &error);

	if ((result == 0) != (query != NULL) ||
	    (result == 0) != (error.error.text[0] == '\0') ||
	    error.from_bytes > error.to_bytes ||
	    (result != 0 && len_bytes > 0 && error.from_bytes > len_bytes))
		abort();
	if (result != 0)
		return 0;
	if (kymo_query_selectors(query, each, &cnt) != 0)
		abort();
	kymo_query_print(query, &once);
	kymo_query_delete(query);
	if (kymo_query_parse(&query, once.at, once.len_bytes, &error) != 0)
		abort();
	kymo_query_print(query, &twice);
	kymo_query_delete(query);
	if (once.len_bytes != twice.len_bytes ||
	    memcmp(once.at, twice.at, once.len_bytes) != 0)
		abort();
	kymo_buffer_free(&once);
	kymo_buffer_free(&twice);
	return 0;
}
