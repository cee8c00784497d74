/* SPDX-License-Identifier: MIT */
/* TZif files (RFC 8536), and the rule in their last line for the years that no
   list has. */
#include "reader/alert/zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_BYTES_MAX 65536u
#define TIMES_MAX 4000u
#define DAY_S 86400

/* "M3.2.0/2": the second Sunday of March, at 2:00. */
struct change {
	int32_t month, week, weekday, at_s;
};

struct kyi_zone {
	struct kyi_zone *next;
	uint32_t cnt; /* of changes: from at_s[i] on it is offset_s[i] */
	int64_t *at_s;
	int32_t *offset_s;
	int32_t before_s; /* before the first */
	/* After the last, where there is a rule. */
	bool rule, summer;
	int32_t standard_s, summer_s;
	struct change begins, ends;
};

/* ---- the rule in the last line ------------------------------------------- */

static bool
name_skip(const char **at)
{
	const char *from = *at;

	if (**at == '<') {
		*at += strcspn(*at, ">");
		if (**at != '>')
			return false;
		(*at)++;
		return true;
	}
	while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
		(*at)++;
	return *at > from;
}

static bool
number_read(const char **at, int32_t max, int32_t *n)
{
	const char *from = *at;

	for (*n = 0; **at >= '0' && **at <= '9' && *n <= max; (*at)++)
		*n = *n * 10 + (**at - '0');
	return *at > from && *n <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool
time_read(const char **at, int32_t *s)
{
	int32_t sign = **at == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	*at += **at == '-' || **at == '+';
	if (!number_read(at, 167, &hours))
		return false;
	if (**at == ':' && ((*at)++, !number_read(at, 59, &minutes)))
		return false;
	if (**at == ':' && ((*at)++, !number_read(at, 59, &seconds)))
		return false;
	*s = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool
change_read(const char **at, struct change *change)
{
	change->at_s = 7200;
	if (strncmp(*at, ",M", 2) != 0)
		return false;
	*at += 2;
	if (!number_read(at, 12, &change->month) || **at != '.' ||
	    ((*at)++, !number_read(at, 5, &change->week)) || **at != '.' ||
	    ((*at)++, !number_read(at, 6, &change->weekday)))
		return false;
	if (**at == '/') {
		(*at)++;
		if (!time_read(at, &change->at_s))
			return false;
	}
	return change->month > 0 && change->week > 0;
}

/* POSIX' TZ, of which zones have "std offset[dst[offset],M..,M..]". */
static bool
rule_read(struct kyi_zone *zone, const char *at)
{
	if (!name_skip(&at) || !time_read(&at, &zone->standard_s))
		return false;
	zone->standard_s = -zone->standard_s;
	zone->rule = true;
	if (*at == '\0')
		return true;
	zone->summer_s = zone->standard_s + 3600;
	if (!name_skip(&at))
		return false;
	if (*at != ',') {
		if (!time_read(&at, &zone->summer_s))
			return false;
		zone->summer_s = -zone->summer_s;
	}
	zone->summer = change_read(&at, &zone->begins) &&
	    change_read(&at, &zone->ends);
	return zone->summer && *at == '\0';
}

/* Days since 1970 of a day in the Gregorian calendar. */
static int64_t
days_of(int64_t year, int32_t month, int32_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

static int64_t
year_of(int64_t days)
{
	int64_t year = 1970 + days * 400 / 146097;

	while (days_of(year, 1, 1) > days)
		year--;
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	return year;
}

/* When it is in a year, by a clock that is offset_s east. */
static int64_t
change_at_s(const struct change *change, int64_t year, int32_t offset_s)
{
	int64_t first = days_of(year, change->month, 1), end, day;
	int32_t weekday = (int32_t)((first + 4) % 7);

	weekday = weekday < 0 ? weekday + 7 : weekday;
	day = first + (change->weekday - weekday + 7) % 7 +
	    7 * (change->week - 1);
	end = change->month == 12 ? days_of(year + 1, 1, 1) :
	    days_of(year, change->month + 1, 1);
	while (day >= end)
		day -= 7;
	return day * DAY_S + change->at_s - offset_s;
}

static int32_t
rule_offset_s(const struct kyi_zone *zone, int64_t at_s)
{
	int64_t local = at_s + zone->standard_s, year, begins, ends;

	if (!zone->summer)
		return zone->standard_s;
	year = year_of(local >= 0 ? local / DAY_S : (local - DAY_S + 1) / DAY_S);
	begins = change_at_s(&zone->begins, year, zone->standard_s);
	ends = change_at_s(&zone->ends, year, zone->summer_s);
	if (begins < ends)
		return at_s >= begins && at_s < ends ? zone->summer_s :
		    zone->standard_s;
	return at_s >= ends && at_s < begins ? zone->standard_s :
	    zone->summer_s;
}

/* ---- the file ------------------------------------------------------------ */

#define HEAD_BYTES 44u

static int64_t
big(const unsigned char *bytes, size_t cnt)
{
	uint64_t n = bytes[0] & 0x80 ? UINT64_MAX : 0;

	while (cnt-- > 0)
		n = n << 8 | *bytes++;
	return (int64_t)n;
}

/* What follows a head: counts as they stand in it, times of time_bytes each. */
static size_t
body_bytes(const uint32_t *cnt, size_t time_bytes)
{
	return (size_t)cnt[3] * (time_bytes + 1) + (size_t)cnt[4] * 6 + cnt[5] +
	    (size_t)cnt[2] * (time_bytes + 4) + cnt[1] + cnt[0];
}

static bool
head_read(const unsigned char *bytes, size_t len_bytes, uint32_t *cnt)
{
	size_t i;

	if (len_bytes < HEAD_BYTES || memcmp(bytes, "TZif", 4) != 0)
		return false;
	for (i = 0; i < 6; i++) {
		int64_t n = big(bytes + 20 + 4 * i, 4);

		if (n < 0 || n > (int64_t)ZONE_BYTES_MAX)
			return false;
		cnt[i] = (uint32_t)n;
	}
	return cnt[3] <= TIMES_MAX && cnt[4] > 0;
}

static bool
body_read(struct kyi_zone *zone, const unsigned char *bytes,
    const uint32_t *cnt)
{
	const unsigned char *idx = bytes + (size_t)cnt[3] * 8;
	const unsigned char *types = idx + cnt[3];
	uint32_t i;

	zone->at_s = calloc((size_t)cnt[3] + 1, sizeof(*zone->at_s));
	zone->offset_s = calloc((size_t)cnt[3] + 1, sizeof(*zone->offset_s));
	if (zone->at_s == NULL || zone->offset_s == NULL)
		return false;
	zone->cnt = cnt[3];
	zone->before_s = (int32_t)big(types, 4);
	for (i = 0; i < cnt[3]; i++) {
		if (idx[i] >= cnt[4])
			return false;
		zone->at_s[i] = big(bytes + (size_t)i * 8, 8);
		zone->offset_s[i] = (int32_t)big(types + (size_t)idx[i] * 6, 4);
		if (i > 0 && zone->at_s[i] <= zone->at_s[i - 1])
			return false;
	}
	return true;
}

/* Version 2 and later: a body with short times, a head again, the body, and
   the rule between newlines. */
static bool
zone_read(struct kyi_zone *zone, const unsigned char *bytes, size_t len_bytes)
{
	uint32_t cnt[6];
	size_t skip_bytes, footer_bytes;
	const char *footer;
	char rule[128];

	if (!head_read(bytes, len_bytes, cnt) || bytes[4] < '2')
		return false;
	skip_bytes = HEAD_BYTES + body_bytes(cnt, 4);
	if (skip_bytes > len_bytes)
		return false;
	bytes += skip_bytes;
	len_bytes -= skip_bytes;
	if (!head_read(bytes, len_bytes, cnt))
		return false;
	skip_bytes = HEAD_BYTES + body_bytes(cnt, 8);
	if (skip_bytes > len_bytes ||
	    !body_read(zone, bytes + HEAD_BYTES, cnt))
		return false;
	footer = (const char *)bytes + skip_bytes;
	footer_bytes = len_bytes - skip_bytes;
	if (footer_bytes < 3 || footer[0] != '\n')
		return true;
	footer++;
	footer_bytes = strnlen(footer, footer_bytes - 1);
	if (footer_bytes == 0 || footer_bytes >= sizeof(rule))
		return true;
	memcpy(rule, footer, footer_bytes);
	rule[footer_bytes] = '\0';
	rule[strcspn(rule, "\n")] = '\0';
	/* A rule that is none of ours leaves the last offset. */
	if (!rule_read(zone, rule))
		zone->rule = zone->summer = false;
	return true;
}

struct kyi_zone *
kyi_zone_parse(const unsigned char *bytes, size_t len_bytes,
    struct kymo_error *error)
{
	struct kyi_zone *zone = calloc(1, sizeof(*zone));

	if (zone != NULL && zone_read(zone, bytes, len_bytes))
		return zone;
	kymo_error_set(error, zone == NULL ? "no memory" :
	    "this is no time zone file of version 2 or later");
	kyi_zone_delete(zone);
	return NULL;
}

struct kyi_zone *
kyi_zone_new(const char *name, struct kymo_error *error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
	unsigned char *bytes = malloc(ZONE_BYTES_MAX);
	struct kyi_zone *zone = NULL;
	size_t len_bytes;
	char path[256];
	FILE *file;

	if (strcmp(name, "Local") == 0)
		snprintf(path, sizeof(path), "/etc/localtime");
	else if (name[strspn(name, allowed)] != '\0' || name[0] == '/' ||
	    name[0] == '\0' || strlen(name) > 100) {
		kymo_error_set(error, "'%.100s' is no time zone; write one as "
		    "Europe/Berlin", name);
		free(bytes);
		return NULL;
	} else
		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	file = bytes == NULL ? NULL : fopen(path, "re");
	if (file == NULL) {
		kymo_error_set(error, "there is no time zone '%.100s': no file "
		    "%s (the package tzdata has them)", name, path);
		free(bytes);
		return NULL;
	}
	len_bytes = fread(bytes, 1, ZONE_BYTES_MAX, file);
	fclose(file);
	zone = kyi_zone_parse(bytes, len_bytes, error);
	free(bytes);
	return zone;
}

void
kyi_zone_delete(struct kyi_zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->at_s);
	free(zone->offset_s);
	free(zone);
}

struct kyi_zone **
kyi_zone_next(struct kyi_zone *zone)
{
	return &zone->next;
}

int32_t
kyi_zone_offset_s(const struct kyi_zone *zone, int64_t at_s)
{
	uint32_t low = 0, high = zone->cnt;

	if (zone->cnt == 0 || at_s < zone->at_s[0])
		return zone->cnt == 0 && zone->rule ?
		    rule_offset_s(zone, at_s) : zone->before_s;
	if (zone->rule && at_s >= zone->at_s[zone->cnt - 1])
		return rule_offset_s(zone, at_s);
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (zone->at_s[mid] <= at_s)
			low = mid;
		else
			high = mid;
	}
	return zone->offset_s[low];
}
