/* SPDX-License-Identifier: MIT */
/* Times and durations in templates, as Go has them. */
#include "reader/rules/template_private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_S INT64_C(1000000000)
/* Years 0 to 9999: what four digits say. */
#define S_MIN INT64_C(-62167219200)
#define S_MAX INT64_C(253402300799)

/* ---- reading ------------------------------------------------------------------- */

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

/* RFC 3339, as messages have it. */
bool
kyi_tv_time_parse(const char *text, struct kyi_tv_time *time)
{
	int year, month, day, hour, minute, second, used = 0, off[2] = {0, 0};
	int32_t unit_ns = (int32_t)(NS_S / 10);
	char sign;

	memset(time, 0, sizeof(*time));
	time->zone = "UTC";
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day,
	    &hour, &minute, &second, &used) != 6 || year < 0 || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return false;
	text += used;
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++) {
			time->ns += (*text - '0') * unit_ns;
			unit_ns /= 10;
		}
	sign = *text;
	if (sign != 'Z' && ((sign != '+' && sign != '-') ||
	    sscanf(text + 1, "%2d:%2d", &off[0], &off[1]) != 2))
		return false;
	time->east_s = (sign == '-' ? -1 : 1) * (off[0] * 3600 + off[1] * 60);
	if (time->east_s != 0)
		time->zone = "";
	time->s = days_of(year, month, day) * 86400 + hour * 3600 +
	    minute * 60 + second - time->east_s;
	return time->s >= S_MIN && time->s <= S_MAX;
}

static int
time_new(struct kyi_template_run *run, const struct kyi_tv_time *time,
    struct kyi_tv *result)
{
	struct kyi_tv_time *kept = kyi_arena_get(run->arena, sizeof(*kept));

	if (kept == NULL)
		return kyi_template_fail(run, "no memory");
	if (time->s < S_MIN || time->s > S_MAX)
		return kyi_template_fail(run, "a time that has no year of four "
		    "digits");
	*kept = *time;
	*result = (struct kyi_tv){.kind = TV_TIME, .time = kept};
	return 0;
}

int
kyi_tv_time_of(struct kyi_template_run *run, const char *text,
    struct kyi_tv *result)
{
	struct kyi_tv_time time;

	if (!kyi_tv_time_parse(text, &time))
		return kyi_template_fail(run, "\"%.60s\" is no time", text);
	time.text = run->data->notifies ? NULL : text;
	return time_new(run, &time, result);
}

/* ---- durations -------------------------------------------------------------------- */

/* n / unit with as many digits behind the point as count. */
static void
part_put(struct kymo_buffer *out, uint64_t n, uint64_t unit)
{
	uint64_t rest = n % unit;

	kymo_buffer_u64(out, n / unit);
	if (rest > 0)
		kymo_buffer_char(out, '.');
	for (; rest > 0; rest = rest * 10 % unit)
		kymo_buffer_char(out, (char)('0' + rest * 10 / unit));
}

void
kyi_tv_duration_print(struct kymo_buffer *out, int64_t ns)
{
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t minutes = n / (60 * (uint64_t)NS_S);

	if (n == 0) {
		kymo_buffer_str(out, "0s");
		return;
	}
	if (ns < 0)
		kymo_buffer_char(out, '-');
	if (n < (uint64_t)NS_S) {
		uint64_t unit = n < 1000 ? 1 : n < 1000000 ? 1000 : 1000000;

		part_put(out, n, unit);
		kymo_buffer_str(out, unit == 1 ? "ns" : unit == 1000 ?
		    "\xc2\xb5s" : "ms");
		return;
	}
	if (minutes >= 60)
		kymo_buffer_printf(out, "%lluh",
		    (unsigned long long)(minutes / 60));
	if (minutes > 0)
		kymo_buffer_printf(out, "%llum",
		    (unsigned long long)(minutes % 60));
	part_put(out, n % (60 * (uint64_t)NS_S), (uint64_t)NS_S);
	kymo_buffer_char(out, 's');
}

/* As Go does: halves away from zero. */
static int64_t
rounded(int64_t ns, int64_t to, bool cut)
{
	int64_t rest = to > 0 ? ns % to : 0, size = rest < 0 ? -rest : rest;

	if (cut || size < to - size)
		return ns - rest;
	return ns - rest + (ns < 0 ? -to : to);
}

static int
duration_method(struct kyi_template_run *run, int64_t ns, const char *name,
    const struct kyi_tv *args, uint32_t cnt, struct kyi_tv *result)
{
	static const struct { const char *name; double unit; } floats[] = {
	    {"Seconds", 1e9}, {"Minutes", 6e10}, {"Hours", 3.6e12} };
	struct kymo_buffer text = {0};
	size_t i;

	for (i = 0; i < 3; i++)
		if (cnt == 0 && strcmp(name, floats[i].name) == 0) {
			*result = (struct kyi_tv){.kind = TV_FLOAT,
			    .d = (double)ns / floats[i].unit};
			return 1;
		}
	if (cnt == 0 && strcmp(name, "Milliseconds") == 0) {
		*result = (struct kyi_tv){.kind = TV_INT, .n = ns / 1000000};
		return 1;
	}
	if (cnt == 0 && strcmp(name, "String") == 0) {
		kyi_tv_duration_print(&text, ns);
		return kyi_tv_take(run, &text, result) == 0 ? 1 : -1;
	}
	if (cnt == 1 && (args[0].kind == TV_INT || args[0].kind ==
	    TV_DURATION) && (strcmp(name, "Round") == 0 ||
	    strcmp(name, "Truncate") == 0)) {
		*result = (struct kyi_tv){.kind = TV_DURATION,
		    .n = rounded(ns, args[0].n, name[0] == 'T')};
		return 1;
	}
	return 0;
}

/* ---- methods ---------------------------------------------------------------------- */

/* Until other; Go's ends, too: 292 years. */
static int64_t
ns_between(const struct kyi_tv_time *from, const struct kyi_tv_time *to)
{
	int64_t s = to->s - from->s;

	if (s > INT64_C(9223372035))
		return INT64_MAX;
	if (s < -INT64_C(9223372035))
		return INT64_MIN;
	return s * NS_S + to->ns - from->ns;
}

static int
moved(struct kyi_template_run *run, const struct kyi_tv_time *time,
    int64_t by_ns, struct kyi_tv *result)
{
	struct kyi_tv_time other = *time;
	int64_t ns = time->ns + by_ns % NS_S;

	other.text = NULL;
	other.s += by_ns / NS_S + (ns >= NS_S) - (ns < 0);
	other.ns = (int32_t)(ns + (ns < 0 ? NS_S : 0) - (ns >= NS_S ? NS_S :
	    0));
	return time_new(run, &other, result) == 0 ? 1 : -1;
}

static int
local(struct kyi_template_run *run, const struct kyi_tv_time *time,
    struct kyi_tv *result)
{
	struct kyi_tv_time other = *time;
	time_t at_s = (time_t)time->s;
	struct tm tm;

	if (localtime_r(&at_s, &tm) == NULL)
		return kyi_template_fail(run, "no local time");
	other.text = NULL;
	other.east_s = (int32_t)tm.tm_gmtoff;
	other.zone = kyi_arena_text(run->arena, tm.tm_zone,
	    strlen(tm.tm_zone));
	if (other.zone == NULL)
		return kyi_template_fail(run, "no memory");
	return time_new(run, &other, result) == 0 ? 1 : -1;
}

/* Numbers of a time, and names of its day and month. */
static bool
part_of(const struct kyi_tv_time *time, const char *name,
    struct kyi_tv *result)
{
	struct tm tm;
	size_t i;

	kyi_tv_time_parts(time, &tm);
	{
		const struct { const char *name; int64_t n; } parts[] = {
		    {"Year", tm.tm_year + 1900}, {"Day", tm.tm_mday},
		    {"Hour", tm.tm_hour}, {"Minute", tm.tm_min},
		    {"Second", tm.tm_sec}, {"YearDay", tm.tm_yday + 1},
		    {"Nanosecond", time->ns}, {"Unix", time->s},
		    {"UnixMilli", time->s * 1000 + time->ns / 1000000} };

		for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (strcmp(parts[i].name, name) == 0) {
				*result = (struct kyi_tv){.kind = TV_INT,
				    .n = parts[i].n};
				return true;
			}
	}
	if (strcmp(name, "Weekday") != 0 && strcmp(name, "Month") != 0)
		return false;
	*result = (struct kyi_tv){.kind = TV_STR, .str = name[0] == 'W' ?
	    kyi_day_names[tm.tm_wday] : kyi_month_names[tm.tm_mon]};
	return true;
}

static int
bare_method(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result)
{
	const struct kyi_tv_time *time = of->time;
	struct kyi_tv_time utc = *time;
	struct kymo_buffer text = {0};

	if (part_of(time, name, result))
		return 1;
	if (strcmp(name, "UTC") == 0) {
		utc.text = NULL;
		utc.east_s = 0;
		utc.zone = "UTC";
		return time_new(run, &utc, result) == 0 ? 1 : -1;
	}
	if (strcmp(name, "Local") == 0)
		return local(run, time, result);
	if (strcmp(name, "IsZero") == 0) {
		*result = (struct kyi_tv){.kind = TV_BOOL,
		    .flag = time->s == -INT64_C(62135596800) && time->ns == 0};
		return 1;
	}
	if (strcmp(name, "String") != 0)
		return 0;
	kyi_tv_time_print(&text, time);
	return kyi_tv_take(run, &text, result) == 0 ? 1 : -1;
}

int
kyi_tv_time_method(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, const struct kyi_tv *args, uint32_t cnt,
    struct kyi_tv *result)
{
	struct kymo_buffer text = {0};
	int64_t ns;

	if (of->kind == TV_DURATION)
		return duration_method(run, of->n, name, args, cnt, result);
	if (cnt == 0)
		return bare_method(run, of, name, result);
	if (cnt != 1)
		return 0;
	if (args[0].kind == TV_STR && strcmp(name, "Format") == 0) {
		kyi_tv_time_put(&text, of->time, args[0].str);
		return kyi_tv_take(run, &text, result) == 0 ? 1 : -1;
	}
	if ((args[0].kind == TV_INT || args[0].kind == TV_DURATION) &&
	    strcmp(name, "Add") == 0)
		return moved(run, of->time, args[0].n, result);
	if (args[0].kind != TV_TIME)
		return 0;
	ns = ns_between(args[0].time, of->time);
	if (strcmp(name, "Sub") == 0)
		*result = (struct kyi_tv){.kind = TV_DURATION, .n = ns};
	else if (strcmp(name, "After") == 0 || strcmp(name, "Before") == 0 ||
	    strcmp(name, "Equal") == 0)
		*result = (struct kyi_tv){.kind = TV_BOOL, .flag =
		    name[0] == 'A' ? ns > 0 : name[0] == 'B' ? ns < 0 :
		    ns == 0};
	else
		return 0;
	return 1;
}

KYI_TEMPLATE_CALL(since)
{
	struct kyi_tv_time now = {.s = run->data->at_ms / 1000,
	    .ns = (int32_t)(run->data->at_ms % 1000 * 1000000)};

	(void)cnt;
	if (args[0].kind != TV_TIME)
		return kyi_template_fail(run, "wrong type for value; expected "
		    "time.Time; got %s", kyi_tv_type(&args[0]));
	*result = (struct kyi_tv){.kind = TV_DURATION,
	    .n = ns_between(args[0].time, &now)};
	return 0;
}

KYI_TEMPLATE_CALL(date)
{
	struct kymo_buffer text = {0};

	(void)cnt;
	if (args[1].kind != TV_TIME)
		return kyi_template_fail(run, "wrong type for value; expected "
		    "time.Time; got %s", kyi_tv_type(&args[1]));
	kyi_tv_time_put(&text, args[1].time, args[0].str);
	return kyi_tv_take(run, &text, result);
}
