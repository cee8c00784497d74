/* SPDX-License-Identifier: MIT */
#include "reader/serve/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/rules/duration.h"
#include "shm/name.h"

/* ---- numbers ----------------------------------------------------------- */

/* strtod takes more: white space, a locale's point is excluded by LC_NUMERIC
   of the program, which sets none. */
static bool
number(double *d, const char *text)
{
	char *end;

	if (*text == '\0' || strspn(text, " \t\n\v\f\r") > 0)
		return false;
	*d = strtod(text, &end);
	return *end == '\0' && isfinite(*d);
}

static int64_t
to_ms(double seconds)
{
	double whole, part = modf(seconds, &whole);

	if (whole >= KYI_TIME_MAX_MS / 1000)
		return KYI_TIME_MAX_MS;
	if (whole <= -(KYI_TIME_MAX_MS / 1000))
		return -KYI_TIME_MAX_MS;
	return (int64_t)whole * 1000 + (int64_t)round(part * 1000);
}

bool
kyi_param_duration(int64_t *ms, const char *text)
{
	double seconds;

	if (number(&seconds, text)) {
		if (fabs(seconds) > 9.2e9) /* Go's nanoseconds hold no more */
			return false;
		*ms = (int64_t)(seconds * 1000);
		return true;
	}
	return *text != '\0' && kyi_prom_duration_parse(ms, text);
}

bool
kyi_param_limit(uint64_t *limit, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 18)
		return false;
	*limit = strtoull(text, &end, 10);
	return *end == '\0';
}

/* ---- RFC 3339 ---------------------------------------------------------- */

/* Days since 1970 of a date of the Gregorian calendar: years begin in March,
   so that the day that not all years have is their last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

/* cnt digits at *text, a number from..to; -1: something else is there. */
static int64_t
digits(const char **text, int cnt, int64_t from, int64_t to)
{
	int64_t n = 0;

	for (; cnt > 0; cnt--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		n = n * 10 + (**text - '0');
	}
	return n < from || n > to ? -1 : n;
}

static bool
skip(const char **text, const char *any)
{
	if (**text == '\0' || strchr(any, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static int64_t
month_days(int64_t year, int64_t month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* .5 and the like: milliseconds; further digits are cut. */
static bool
fraction(const char **text, int64_t *ms)
{
	int64_t worth = 100;

	*ms = 0;
	if (!skip(text, "."))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++, worth /= 10)
		*ms += (**text - '0') * worth;
	return true;
}

/* Z or +01:30, in seconds. */
static bool
zone(const char **text, int64_t *seconds)
{
	bool west = **text == '-';
	int64_t hour, minute;

	*seconds = 0;
	if (skip(text, "Z"))
		return true;
	if (!skip(text, "+-"))
		return false;
	hour = digits(text, 2, 0, 23);
	if (hour < 0 || !skip(text, ":"))
		return false;
	minute = digits(text, 2, 0, 59);
	*seconds = (hour * 60 + minute) * (west ? -60 : 60);
	return minute >= 0;
}

static bool
rfc3339(int64_t *ms, const char *text)
{
	int64_t year, month, day, hour, minute, second, part, off;

	if ((year = digits(&text, 4, 0, 9999)) < 0 || !skip(&text, "-") ||
	    (month = digits(&text, 2, 1, 12)) < 0 || !skip(&text, "-") ||
	    (day = digits(&text, 2, 1, month_days(year, month))) < 0 ||
	    !skip(&text, "T") || (hour = digits(&text, 2, 0, 23)) < 0 ||
	    !skip(&text, ":") || (minute = digits(&text, 2, 0, 59)) < 0 ||
	    !skip(&text, ":") || (second = digits(&text, 2, 0, 59)) < 0 ||
	    !fraction(&text, &part) || !zone(&text, &off) || *text != '\0')
		return false;
	*ms = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	    second - off) * 1000 + part;
	return true;
}

bool
kyi_param_time(int64_t *ms, const char *text)
{
	double seconds;

	if (number(&seconds, text)) {
		*ms = to_ms(seconds);
		return true;
	}
	return rfc3339(ms, text);
}

void
kyi_rfc3339(struct kymo_buffer *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	int part = (int)(ms % 1000);
	struct tm tm;

	if (ms <= 0 || gmtime_r(&seconds, &tm) == NULL) {
		kymo_buffer_str(out, "0001-01-01T00:00:00Z");
		return;
	}
	kymo_buffer_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	if (part % 10 != 0)
		kymo_buffer_printf(out, ".%03d", part);
	else if (part % 100 != 0)
		kymo_buffer_printf(out, ".%02d", part / 10);
	else if (part != 0)
		kymo_buffer_printf(out, ".%d", part / 100);
	kymo_buffer_char(out, 'Z');
}

/* ---- names ------------------------------------------------------------- */

static void
put_utf8(struct kymo_buffer *out, unsigned long c)
{
	if (c < 0x80) {
		kymo_buffer_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		kymo_buffer_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			kymo_buffer_char(out, (char)(0xe0 | c >> 12));
		} else {
			kymo_buffer_char(out, (char)(0xf0 | c >> 18));
			kymo_buffer_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		kymo_buffer_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	kymo_buffer_char(out, (char)(0x80 | (c & 0x3f)));
}

/* _HEX_ at *text; false: it is none. */
static bool
escape(struct kymo_buffer *out, const char **text)
{
	char *end;
	unsigned long c;

	if (strspn(*text + 1, "0123456789abcdefABCDEF") > 6)
		return false;
	c = strtoul(*text + 1, &end, 16);
	if (end == *text + 1 || *end != '_' || c == 0 || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return false;
	put_utf8(out, c);
	*text = end + 1;
	return true;
}

bool
kyi_label_unescape(struct kymo_buffer *out, const char *text)
{
	const char *at = text;
	size_t before_bytes = out->len_bytes, len_bytes = strlen(text);

	if (len_bytes == 0 || kyi_utf8_len(text, len_bytes) != len_bytes)
		return false;
	if (strncmp(text, "U__", 3) != 0) {
		kymo_buffer_str(out, text);
		return true;
	}
	for (at += 3; *at != '\0';) {
		if (*at != '_') {
			kymo_buffer_char(out, *at++);
		} else if (at[1] == '_') {
			kymo_buffer_char(out, '_');
			at += 2;
		} else if (!escape(out, &at)) {
			/* As it stands, then. */
			out->len_bytes = before_bytes;
			kymo_buffer_str(out, text);
			return true;
		}
	}
	return out->len_bytes > before_bytes;
}
