/* SPDX-License-Identifier: MIT */
/* Times laid out by an example of 2006, as Go does. */
#include "reader/rules/template_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const kyi_month_names[12] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };
const char *const kyi_day_names[7] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

struct layout {
	const struct kyi_tv_time *time;
	struct tm tm;
	struct kymo_buffer *out;
};

void
kyi_tv_time_parts(const struct kyi_tv_time *time, struct tm *tm)
{
	time_t local_s = (time_t)(time->s + time->east_s);

	memset(tm, 0, sizeof(*tm));
	gmtime_r(&local_s, tm);
}

/* form: Z or -, then 07, 0700, 070000, or these with colons. */
static void
offset_put(struct layout *layout, const char *form)
{
	int32_t east_s = layout->time->east_s;
	const char *colon = strchr(form, ':') != NULL ? ":" : "";
	size_t len = strlen(form);

	if (*form == 'Z' && east_s == 0) {
		kymo_buffer_char(layout->out, 'Z');
		return;
	}
	kymo_buffer_char(layout->out, east_s < 0 ? '-' : '+');
	if (east_s < 0)
		east_s = -east_s;
	kymo_buffer_printf(layout->out, "%02d", east_s / 3600);
	if (len > 3)
		kymo_buffer_printf(layout->out, "%s%02d", colon,
		    east_s / 60 % 60);
	if (len > 6)
		kymo_buffer_printf(layout->out, "%s%02d", colon, east_s % 60);
}

static void
zone_put(struct layout *layout)
{
	if (layout->time->zone[0] != '\0')
		kymo_buffer_str(layout->out, layout->time->zone);
	else
		offset_put(layout, layout->time->east_s % 3600 == 0 ? "-07" :
		    "-0700");
}

/* .000 has all its digits, .999 none behind the last that counts. Bytes of the
   layout; 0: it is none. */
static size_t
fraction_put(struct layout *layout, const char *at)
{
	size_t digit_cnt = strspn(at + 1, at[1] == '0' ? "0" : "9");
	char digits[10];
	size_t shown = digit_cnt < 9 ? digit_cnt : 9;

	if (digit_cnt == 0 || isdigit((unsigned char)at[1 + digit_cnt]))
		return 0;
	snprintf(digits, sizeof(digits), "%09d", layout->time->ns);
	if (at[1] == '9')
		while (shown > 0 && digits[shown - 1] == '0')
			shown--;
	if (shown > 0) {
		kymo_buffer_char(layout->out, *at);
		kymo_buffer_add(layout->out, digits, shown);
	}
	return 1 + digit_cnt;
}

enum piece {
	PIECE_MONTH_LONG, PIECE_MONTH, PIECE_DAY_LONG, PIECE_DAY, PIECE_ZONE,
	PIECE_OFFSET, PIECE_YEAR, PIECE_YEAR2, PIECE_MONTH2, PIECE_DAY2,
	PIECE_HOUR12_2, PIECE_MINUTE2, PIECE_SECOND2, PIECE_YEAR_DAY,
	PIECE_HOUR, PIECE_MONTH1, PIECE_DAY_SPACE, PIECE_YEAR_DAY_SPACE,
	PIECE_DAY1, PIECE_HOUR12, PIECE_MINUTE, PIECE_SECOND, PIECE_PM,
	PIECE_PM_SMALL
};

/* The longer of two that begin alike comes first. */
static const struct {
	const char *form;
	enum piece piece;
} forms[] = {
	{ "January", PIECE_MONTH_LONG }, { "Jan", PIECE_MONTH },
	{ "Monday", PIECE_DAY_LONG }, { "Mon", PIECE_DAY },
	{ "MST", PIECE_ZONE }, { "Z070000", PIECE_OFFSET },
	{ "Z07:00:00", PIECE_OFFSET }, { "Z0700", PIECE_OFFSET },
	{ "Z07:00", PIECE_OFFSET }, { "Z07", PIECE_OFFSET },
	{ "-070000", PIECE_OFFSET }, { "-07:00:00", PIECE_OFFSET },
	{ "-0700", PIECE_OFFSET }, { "-07:00", PIECE_OFFSET },
	{ "-07", PIECE_OFFSET }, { "2006", PIECE_YEAR },
	{ "002", PIECE_YEAR_DAY }, { "01", PIECE_MONTH2 },
	{ "02", PIECE_DAY2 }, { "03", PIECE_HOUR12_2 },
	{ "04", PIECE_MINUTE2 }, { "05", PIECE_SECOND2 },
	{ "06", PIECE_YEAR2 }, { "15", PIECE_HOUR }, { "1", PIECE_MONTH1 },
	{ "__2", PIECE_YEAR_DAY_SPACE }, { "_2", PIECE_DAY_SPACE },
	{ "2", PIECE_DAY1 }, { "3", PIECE_HOUR12 }, { "4", PIECE_MINUTE },
	{ "5", PIECE_SECOND }, { "PM", PIECE_PM }, { "pm", PIECE_PM_SMALL }
};

static void
piece_put(struct layout *layout, enum piece piece, const char *form)
{
	const struct tm *tm = &layout->tm;
	struct kymo_buffer *out = layout->out;
	int hour12 = tm->tm_hour % 12 == 0 ? 12 : tm->tm_hour % 12;
	/* Width, what it is filled with, number. */
	const struct { int width; bool zeros; int n; } numbers[] = {
	    [PIECE_YEAR] = {4, true, tm->tm_year + 1900},
	    [PIECE_YEAR2] = {2, true, (tm->tm_year + 1900) % 100},
	    [PIECE_MONTH2] = {2, true, tm->tm_mon + 1},
	    [PIECE_MONTH1] = {1, false, tm->tm_mon + 1},
	    [PIECE_DAY2] = {2, true, tm->tm_mday},
	    [PIECE_DAY1] = {1, false, tm->tm_mday},
	    [PIECE_DAY_SPACE] = {2, false, tm->tm_mday},
	    [PIECE_YEAR_DAY] = {3, true, tm->tm_yday + 1},
	    [PIECE_YEAR_DAY_SPACE] = {3, false, tm->tm_yday + 1},
	    [PIECE_HOUR] = {2, true, tm->tm_hour},
	    [PIECE_HOUR12_2] = {2, true, hour12},
	    [PIECE_HOUR12] = {1, false, hour12},
	    [PIECE_MINUTE2] = {2, true, tm->tm_min},
	    [PIECE_MINUTE] = {1, false, tm->tm_min},
	    [PIECE_SECOND2] = {2, true, tm->tm_sec},
	    [PIECE_SECOND] = {1, false, tm->tm_sec} };

	switch (piece) {
	case PIECE_MONTH_LONG: kymo_buffer_str(out, kyi_month_names[tm->tm_mon]); break;
	case PIECE_MONTH: kymo_buffer_add(out, kyi_month_names[tm->tm_mon], 3); break;
	case PIECE_DAY_LONG: kymo_buffer_str(out, kyi_day_names[tm->tm_wday]); break;
	case PIECE_DAY: kymo_buffer_add(out, kyi_day_names[tm->tm_wday], 3); break;
	case PIECE_ZONE: zone_put(layout); break;
	case PIECE_OFFSET: offset_put(layout, form); break;
	case PIECE_PM:
		kymo_buffer_str(out, tm->tm_hour >= 12 ? "PM" : "AM");
		break;
	case PIECE_PM_SMALL:
		kymo_buffer_str(out, tm->tm_hour >= 12 ? "pm" : "am");
		break;
	default:
		if (numbers[piece].zeros)
			kymo_buffer_printf(out, "%0*d", numbers[piece].width,
			    numbers[piece].n);
		else
			kymo_buffer_printf(out, "%*d", numbers[piece].width,
			    numbers[piece].n);
		break;
	}
}

/* What stands at at, laid out; how many bytes of the layout it is. */
static size_t
form_put(struct layout *layout, const char *at)
{
	size_t i, len_bytes;

	if (*at == '.' || *at == ',') {
		len_bytes = fraction_put(layout, at);
		if (len_bytes > 0)
			return len_bytes;
	}
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		len_bytes = strlen(forms[i].form);
		if (strncmp(at, forms[i].form, len_bytes) != 0)
			continue;
		/* Of a longer word it is no part: Month. */
		if ((forms[i].piece == PIECE_MONTH ||
		    forms[i].piece == PIECE_DAY) && at[3] >= 'a' &&
		    at[3] <= 'z')
			break;
		/* _2006 is a year behind a line. */
		if (strncmp(at, "_2006", 5) == 0)
			break;
		piece_put(layout, forms[i].piece, forms[i].form);
		return len_bytes;
	}
	kymo_buffer_char(layout->out, *at);
	return 1;
}

void
kyi_tv_time_put(struct kymo_buffer *out, const struct kyi_tv_time *time,
    const char *form)
{
	struct layout layout = {.time = time, .out = out};

	kyi_tv_time_parts(time, &layout.tm);
	while (*form != '\0')
		form += form_put(&layout, form);
}

void
kyi_tv_time_print(struct kymo_buffer *out, const struct kyi_tv_time *time)
{
	if (time->text != NULL) {
		kymo_buffer_str(out, time->text);
		return;
	}
	kyi_tv_time_put(out, time, "2006-01-02 15:04:05.999999999 -0700 MST");
}
