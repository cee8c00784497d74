/* SPDX-License-Identifier: MIT */
/* Spans, logs, exemplars: each carries its number in most of its words. */
#include "tests/prove/readers.h"

#define SPAN_PLACE_CNT 512u
#define LOG_CNT 128u /* of two places each */
#define MARK_CNT 1024u

KYMO_SPAN_NAME(span_even, "even");
KYMO_SPAN_NAME(span_odd, "odd");
KYMO_SPAN_NAME(open_even, "open even");
KYMO_SPAN_NAME(open_odd, "open odd");
KYMO_HISTOGRAM(exemplified, "exemplified", "e");

/* Which of the newest numbers a scan showed. */
static uint8_t marks[MARK_CNT];
static uint64_t largest;

static void
marks_begin(void)
{
	memset(marks, 0, sizeof(marks));
	largest = 0;
}

/* False: it is there twice. */
static bool
mark(uint64_t n)
{
	if (n > largest)
		largest = n;
	return marks[n % MARK_CNT]++ == 0;
}

/* All that were whole when the scan began, and not overwritten when it ended,
   must be there. */
static int64_t
marks_end(uint64_t first, uint64_t last, uint64_t room)
{
	uint64_t n = last >= room ? last - room + 1 : 1;

	for (; n <= first; n++)
		if (marks[n % MARK_CNT] == 0)
			return (int64_t)n - 1;
	return (int64_t)(largest > first ? largest : first);
}

static bool
is_of(const struct kymo_span_info *span, const char *even, const char *odd)
{
	return strcmp(span->name, even) == 0 || strcmp(span->name, odd) == 0;
}

/* Whether all words of a span are of the same one. */
static bool
is_whole(const struct kymo_span_info *span, const char *even, const char *odd)
{
	uint64_t n = span->trace_hi;

	return span->trace_lo == ~n && span->parent_id == n * 3 &&
	    strcmp(span->name, n % 2 == 0 ? even : odd) == 0;
}

/* ---- spans that have ended --------------------------------------------------- */

static void
write_span(uint64_t n)
{
	const struct kymo_trace parent = { n, ~n, n * 3, 1, 0 };
	struct kymo_span span;

	kymo_span_begin(&span, n % 2 == 0 ? span_even : span_odd, &parent);
	kymo_span_end(&span, (enum kymo_span_status)(n % 3));
}

static int64_t
seen_span(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	uint32_t cnt, i;
	const struct kymo_span_info *spans = kymo_region_spans(region, &cnt);

	marks_begin();
	for (i = 0; i < cnt; i++) {
		uint64_t n = spans[i].trace_hi;

		if (!is_of(&spans[i], "even", "odd"))
			continue;
		if (!is_whole(&spans[i], "even", "odd") || n > last)
			return -1;
		if (!spans[i].open && (spans[i].status != n % 3 || !mark(n)))
			return -1;
	}
	return marks_end(first, last, SPAN_PLACE_CNT);
}

/* ---- spans that are open -------------------------------------------------------- */

/* One write ends two, outer and inner, and begins the next two. */
static void
write_open_span(uint64_t n)
{
	static struct kymo_span outer, inner;
	const struct kymo_trace parent = { n, ~n, n * 3, 0, 0 };
	struct kymo_span_name name = n % 2 == 0 ? open_even : open_odd;

	if (n > 1) {
		kymo_span_end(&inner, KYMO_SPAN_OK);
		kymo_span_end(&outer, KYMO_SPAN_OK);
	}
	kymo_span_begin(&outer, name, &parent);
	kymo_span_begin(&inner, name, &parent);
}

/* A frame that changes is not shown; two of one scan may be of two moments. */
static int64_t
seen_open_span(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	uint32_t cnt, i;
	const struct kymo_span_info *spans = kymo_region_spans(region, &cnt);

	largest = 0;
	for (i = 0; i < cnt; i++) {
		uint64_t n = spans[i].trace_hi;

		if (!is_of(&spans[i], "open even", "open odd"))
			continue;
		if (!is_whole(&spans[i], "open even", "open odd") ||
		    !spans[i].open || n < first || n > last)
			return -1;
		if (n > largest)
			largest = n;
	}
	if (first == last && largest == 0)
		return -1;
	return (int64_t)(largest > first ? largest : first);
}

/* ---- a name of its own ------------------------------------------------------------ */

static void
write_span_name(uint64_t n)
{
	const struct kymo_trace parent = { n, ~n, n * 3, 1, 0 };
	struct kymo_span span;
	char name[32];

	snprintf(name, sizeof(name), "name %" PRIu64, n);
	kymo_span_begin(&span, kymo_span_name(NULL, name), &parent);
	kymo_span_end(&span, KYMO_SPAN_OK);
}

/* A span whose name is newer than what was copied of DIR waits for the next
   scan. */
static int64_t
seen_span_name(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	uint32_t cnt, i;
	const struct kymo_span_info *spans = kymo_region_spans(region, &cnt);

	marks_begin();
	for (i = 0; i < cnt; i++) {
		uint64_t n;

		if (strncmp(spans[i].name, "name ", 5) != 0)
			continue;
		n = strtoull(spans[i].name + 5, NULL, 10);
		if (spans[i].trace_hi != n || spans[i].trace_lo != ~n ||
		    spans[i].parent_id != n * 3 || n > last)
			return -1;
		if (!spans[i].open && !mark(n))
			return -1;
	}
	return marks_end(first, last, SPAN_PLACE_CNT);
}

/* ---- logs -------------------------------------------------------------------------- */

#define LOG_FORMAT "%" PRIu64 " %" PRIu64 " a text of %s %" PRIu64
#define LOG_ARGS(n) n, n * 5, "more than one place", n * 7

static void
write_log(uint64_t n)
{
	KYMO_LOG(KYMO_INFO, LOG_FORMAT, LOG_ARGS(n));
}

static int64_t
seen_log(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	uint32_t cnt, i;
	const struct kymo_log_info *logs = kymo_region_logs(region, &cnt);
	char want[128];

	marks_begin();
	for (i = 0; i < cnt; i++) {
		uint64_t n = strtoull(logs[i].text, NULL, 10);

		snprintf(want, sizeof(want), LOG_FORMAT, LOG_ARGS(n));
		if (strcmp(want, logs[i].text) != 0 || n > last ||
		    logs[i].severity != KYMO_INFO || !mark(n))
			return -1;
	}
	return marks_end(first, last, LOG_CNT);
}

/* ---- exemplars ------------------------------------------------------------------------ */

static void
write_exemplar(uint64_t n)
{
	const struct kymo_trace trace = { n, ~n, n * 3, 1, 0 };

	kymo_histogram_exemplar(exemplified, n, &trace);
}

/* Ten a second are kept, so how many there must be is not known. */
static int64_t
seen_exemplar(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	uint32_t cnt, i;
	const struct kymo_exemplar_info *at =
	    kymo_region_exemplars(region, &cnt);

	largest = 0;
	for (i = 0; i < cnt; i++) {
		uint64_t n = at[i].value;

		if (at[i].trace_hi != n || at[i].trace_lo != ~n ||
		    at[i].span_id != n * 3 || n > last)
			return -1;
		if (n > largest)
			largest = n;
	}
	return (int64_t)(largest > first ? largest : first);
}

#define KIND(name, ...) { #name, write_##name, seen_##name, __VA_ARGS__ }
const struct readers_kind readers_events[] = {
	KIND(span, 0, 0), KIND(open_span, 0, 0), KIND(span_name, 900, 150),
	KIND(log, 0, 0), KIND(exemplar, 9, 0),
};
const uint32_t readers_event_cnt = sizeof(readers_events) /
    sizeof(*readers_events);
