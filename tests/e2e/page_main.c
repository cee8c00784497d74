/* SPDX-License-Identifier: MIT */
/* page_main FORMAT [LABEL=GLOB]: what a format makes of the scan of
   tests/testlib/scan.h. */
#include <stdio.h>
#include <string.h>

#include "reader/export/export.h"
#include "tests/testlib/scan.h"

static void
table_80(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	kymo_export_table(buffer, scan, filter, 80);
}

static void
text(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	kymo_export_text(buffer, scan, filter, KYMO_TEXT_0_0_4);
}

static void
openmetrics(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	kymo_export_text(buffer, scan, filter, KYMO_OPENMETRICS_1);
}

static const struct {
	const char *name;
	void (*export)(struct kymo_buffer *, const struct kymo_scan *,
	    const struct kymo_filter *);
} formats[] = {
	{ "text", text },
	{ "openmetrics", openmetrics },
	{ "json", kymo_export_json },
	{ "msgpack", kymo_export_msgpack },
	{ "table", table_80 },
};

int
main(int argc, char **argv)
{
	struct kymo_buffer buffer = { 0 };
	struct kymo_filter_label label;
	struct kymo_filter filter = { .labels = &label, .label_cnt = 1 };
	struct kymo_error error;
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (argc > 1 && strcmp(argv[1], formats[i].name) == 0)
			break;
	if (i == sizeof(formats) / sizeof(formats[0]) || (argc > 2 &&
	    kymo_filter_label_parse(&label, argv[2], &error) != 0)) {
		fprintf(stderr, "page_main text|openmetrics|json|msgpack|"
		    "table [LABEL=GLOB]\n");
		return 2;
	}
	formats[i].export(&buffer, testlib_scan(),
	    argc > 2 ? &filter : NULL);
	if (buffer.failed ||
	    fwrite(buffer.at, 1, buffer.len_bytes, stdout) != buffer.len_bytes)
		return 1;
	kymo_buffer_free(&buffer);
	return fflush(stdout) == 0 ? 0 : 1;
}
