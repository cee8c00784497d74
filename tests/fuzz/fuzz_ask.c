/* SPDX-License-Identifier: MIT */
/* Any query, asked of a few series of all kinds, at an instant and over a range,
   is answered or refused with a reason within its bounds; and the answer can be
   told as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/table.h"
#include "reader/query/notation.h"
#include "reader/query/query.h"
#include "reader/serve/put.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)

/* As tests of PromQL have them; no input gets here. */
static const char *const series[] = {
	"requests{job=\"a\",code=\"200\"} 0+7x9 3 10 stale _x2 4",
	"requests{job=\"a\",code=\"500\"} 0+1x19",
	"requests{job=\"b\",code=\"200\"} 5 _x3 9 2 NaN 4 5 6 7 8",
	"up{job=\"a\"} 1x19",
	"up{job=\"b\",x=\"\xc3\xa9<\"} 1x4 0x10 Inf -Inf",
	"took_bucket{le=\"0.1\"} 0+1x19",
	"took_bucket{le=\"1\"} 0+3x19",
	"took_bucket{le=\"+Inf\"} 0+4x19",
	"native{job=\"a\"} {{schema:1 sum:3 count:22 buckets:[5 10 7]}}"
	    "+{{schema:1 sum:2 count:3 buckets:[1 1 1]}}x19",
	"custom {{schema:-53 sum:1 count:4 custom_values:[1 5 10] "
	    "buckets:[1 1 1 1]}}x19",
};

static struct kymo_table *
table_make(void)
{
	struct kymo_table *table = kymo_table_new();
	struct kymo_error error;

	for (size_t i = 0; i < sizeof(series) / sizeof(*series); i++) {
		struct kyi_arena *arena = kyi_arena_new(0);
		struct kyi_notation of = { 0 };

		if (table == NULL || arena == NULL || kyi_notation_series(
		    arena, series[i], &of, &error) != 0) {
			fprintf(stderr, "%s: %s\n", series[i], error.text);
			abort();
		}
		for (uint32_t k = 0; k < of.cnt; k++)
			if (of.points[k].present && kymo_table_add(table,
			    of.labels, NOW_MS + k * INT64_C(60000),
			    of.points[k].value, of.points[k].hist) != 0)
				abort();
		kyi_arena_delete(arena);
	}
	return table;
}

static void
told(int status, struct kymo_result *result,
    const struct kymo_query_error *error)
{
	struct kymo_buffer out = { 0 };
	json_t *json;

	if ((status == 0) != (error->error.text[0] == '\0'))
		abort();
	if (status != 0)
		return;
	kymo_buffer_char(&out, '{');
	kyi_put_result(&out, result, 0, (size_t)64 << 20);
	kyi_put_notes(&out, result, false, "");
	kymo_buffer_char(&out, '}');
	json = out.failed ? NULL : json_loadb(out.at, out.len_bytes, 0, NULL);
	if (json == NULL)
		abort();
	json_decref(json);
	kymo_buffer_free(&out);
	kymo_result_delete(result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	static struct kymo_table *table;
	const struct kymo_query_options options = { .samples_max = 20000,
	    .series_max = 500, .steps_max = 20, .cpu_ms_max = 1000,
	    .memory_bytes_max = 32u << 20 };
	const struct kymo_source *source;
	struct kymo_result *result = NULL;
	struct kymo_query_error error;
	struct kymo_query *query;
	int status;

	if (table == NULL)
		table = table_make();
	source = kymo_table_source(table);
	if (kymo_query_parse(&query, (const char *)bytes, len_bytes,
	    &error) != 0)
		return 0;
	memset(&error, 0, sizeof(error));
	status = kymo_query_instant(query, source, NOW_MS + 11 * 60000,
	    &options, &result, &error);
	told(status, result, &error);
	memset(&error, 0, sizeof(error));
	status = kymo_query_range(query, source, NOW_MS, NOW_MS + 15 * 60000,
	    3 * 60000 + 1, &options, &result, &error);
	told(status, result, &error);
	kymo_query_delete(query);
	return 0;
}
