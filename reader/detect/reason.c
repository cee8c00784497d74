/* SPDX-License-Identifier: MIT */
/* The reason of a result, in words. */
#include <stdio.h>
#include <time.h>

#include "reader/detect/private.h"

/* "3 days"; one unit, as people say it. */
static void
span_text(uint64_t span_ns, char *text, size_t bytes)
{
	static const struct { uint64_t s; const char *name; } units[] = {
		{ 7 * 86400, "week" }, { 86400, "day" }, { 3600, "hour" },
		{ 60, "minute" }, { 1, "second" }
	};
	uint64_t span_s = span_ns / 1000000000u;
	unsigned i = 0;

	/* From two on: "10 days" says more than "1 week". */
	while (i < 4 && span_s < 2 * units[i].s)
		i++;
	snprintf(text, bytes, "%llu %s%s",
	    (unsigned long long)(span_s / units[i].s), units[i].name,
	    span_s / units[i].s == 1 ? "" : "s");
}

static void
clock_text(uint64_t at_ns, char *text, size_t bytes)
{
	unsigned minute = (unsigned)(at_ns / 60000000000u % 1440);

	snprintf(text, bytes, "%02u:%02u", minute / 60, minute % 60);
}

static const char *
side_text(enum kymo_detect_side side)
{
	switch (side) {
	case KYMO_DETECT_ABOVE: return "high";
	case KYMO_DETECT_BELOW: return "low";
	default: return "near this";
	}
}

/* A level that has become another multiple says so. */
static const char *
multiple_text(const struct kymo_detect_result *result)
{
	if (result->usual > 0 && result->level >= 2 * result->usual)
		return result->level < 3 * result->usual ? "doubled" :
		    "rose to a multiple";
	if (result->usual > 0 && result->level >= 0 &&
	    result->level <= result->usual / 2)
		return "halved";
	return NULL;
}

static void
level_text(const struct kymo_detect_result *result, const char *span,
    char *text, size_t bytes)
{
	const char *multiple = multiple_text(result);
	char at[16];

	clock_text(result->at_ns, at, sizeof(at));
	if (multiple)
		snprintf(text, bytes, "level %s at %s", multiple, at);
	else
		snprintf(text, bytes, "level never %s in %s",
		    result->side == KYMO_DETECT_BETWEEN ? "like this" :
		    result->side == KYMO_DETECT_ABOVE ? "this high" :
		    "this low", span);
}

const char *
kymo_detect_reason(const struct kymo_detect_result *result, char *text,
    size_t bytes)
{
	const char *side = side_text(result->side);
	const char *this = result->side == KYMO_DETECT_BETWEEN ? "" : "this ";
	char span[48], at[16];

	if (bytes)
		text[0] = 0;
	span_text(result->seen_ns, span, sizeof(span));
	switch (result->cause) {
	case KYMO_DETECT_VALUE:
		snprintf(text, bytes, "never %s%s in %s", this, side, span);
		break;
	case KYMO_DETECT_DEVIATION:
		snprintf(text, bytes, "never so far %s its mean in %s",
		    result->side == KYMO_DETECT_ABOVE ? "above" :
		    result->side == KYMO_DETECT_BELOW ? "below" : "off", span);
		break;
	case KYMO_DETECT_LEVEL:
	case KYMO_DETECT_TREND:
		level_text(result, span, text, bytes);
		break;
	case KYMO_DETECT_TIME_OF_DAY:
		snprintf(text, bytes, "never %s%s at this time of day in %s",
		    this, side, span);
		break;
	case KYMO_DETECT_TIME_OF_WEEK:
		snprintf(text, bytes, "never %s%s at this time of the week in %s",
		    this, side, span);
		break;
	case KYMO_DETECT_STUCK:
		clock_text(result->seen_ns, at, sizeof(at));
		snprintf(text, bytes, "stopped changing at %s", at);
		break;
	default:
		break;
	}
	return text;
}
