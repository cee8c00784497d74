/* SPDX-License-Identifier: MIT */
/* Numbers as people write them: three digits and a unit that fits. */
#include <math.h>
#include <string.h>

#include "reader/export/export.h"
#include "reader/export/humanize.h"

/* Beyond, a double no longer tells neighbours apart. */
#define PLAIN_MAX 1e15

void
kyi_thousands(struct kymo_buffer *buffer, uint64_t n)
{
	if (n >= 1000) {
		kyi_thousands(buffer, n / 1000);
		kymo_buffer_char(buffer, ',');
		kymo_buffer_char(buffer, (char)('0' + n % 1000 / 100));
		kymo_buffer_char(buffer, (char)('0' + n % 100 / 10));
		kymo_buffer_char(buffer, (char)('0' + n % 10));
		return;
	}
	kymo_buffer_u64(buffer, n);
}

static int
decimals_for(double size)
{
	return size < 10 ? 2 : size < 100 ? 1 : 0;
}

/* size (0 to 10^15) rounded to so many decimals. */
static uint64_t
rounded(double size, int decimals)
{
	static const double tens[] = { 1, 10, 100 };

	return (uint64_t)(size * tens[decimals] + 0.5);
}

/* size >= 0 with three digits, in the largest step that it reaches. */
static void
stepped(struct kymo_buffer *buffer, double size, const char *const *units,
    uint32_t unit_cnt, double step)
{
	uint32_t i = 0;
	int decimals;

	while (i + 1 < unit_cnt && size >= step) {
		size /= step;
		i++;
	}
	decimals = decimals_for(size);
	/* 999.7 KiB is 1000 KiB, but 1023.7 KiB is 1 MiB. */
	if (i + 1 < unit_cnt && decimals == 0 &&
	    (double)rounded(size, 0) >= step) {
		size /= step;
		i++;
		decimals = decimals_for(size);
	}
	if (size >= PLAIN_MAX)
		kymo_buffer_double(buffer, size);
	else if (size >= 1000)
		kyi_thousands(buffer, rounded(size, 0));
	else
		kymo_buffer_decimal(buffer, false, rounded(size, decimals),
		    -decimals);
	kymo_buffer_char(buffer, ' ');
	kymo_buffer_str(buffer, units[i]);
}

static void
two_digits(struct kymo_buffer *buffer, uint64_t n)
{
	if (n < 10)
		kymo_buffer_char(buffer, '0');
	kymo_buffer_u64(buffer, n);
}

static void
short_time(struct kymo_buffer *buffer, double seconds)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	if (seconds == 0)
		kymo_buffer_str(buffer, "0 s");
	else
		stepped(buffer, seconds * 1e9, units, 4, 1000);
}

/* Two of days, hours, minutes, seconds. */
static void
long_time(struct kymo_buffer *buffer, uint64_t s)
{
	static const struct {
		uint64_t seconds, part_seconds;
		char unit, part;
	} rows[] = {
		{ 86400, 3600, 'd', 'h' },
		{ 3600, 60, 'h', 'm' },
		{ 60, 1, 'm', 's' },
	};
	int i = s >= 86400 ? 0 : s >= 3600 ? 1 : 2;

	kyi_thousands(buffer, s / rows[i].seconds);
	kymo_buffer_char(buffer, rows[i].unit);
	two_digits(buffer, s % rows[i].seconds / rows[i].part_seconds);
	kymo_buffer_char(buffer, rows[i].part);
}

/* NaN and infinities are said; otherwise the sign is, and *size is left. */
static bool
sign(struct kymo_buffer *buffer, double value, double *size)
{
	if (!isfinite(value)) {
		kymo_buffer_double(buffer, value);
		return false;
	}
	if (value < 0)
		kymo_buffer_char(buffer, '-');
	*size = fabs(value);
	return true;
}

void
kymo_humanize_duration(struct kymo_buffer *buffer, double seconds)
{
	double size;

	if (!sign(buffer, seconds, &size))
		return;
	if (size < 59.95)
		short_time(buffer, size);
	else if (size < PLAIN_MAX)
		long_time(buffer, (uint64_t)(size + 0.5));
	else {
		kymo_buffer_double(buffer, size);
		kymo_buffer_str(buffer, " s");
	}
}

/* Small ones with three digits, large ones with separators. */
static void
plain(struct kymo_buffer *buffer, double size)
{
	uint64_t whole;
	int exponent = 0;

	if (size >= PLAIN_MAX || (size != 0 && size < 1e-9)) {
		kymo_buffer_double(buffer, size);
		return;
	}
	whole = (uint64_t)size;
	if ((double)whole == size || size >= 10000) {
		kyi_thousands(buffer, rounded(size, 0));
		return;
	}
	if (size >= 1000) {
		whole = rounded(size, 1);
		kyi_thousands(buffer, whole / 10);
		if (whole % 10 != 0) {
			kymo_buffer_char(buffer, '.');
			kymo_buffer_u64(buffer, whole % 10);
		}
		return;
	}
	for (; size < 100; size *= 10)
		exponent--;
	kymo_buffer_decimal(buffer, false, rounded(size, 0), exponent);
}

void
kymo_humanize(struct kymo_buffer *buffer, double value, const char *unit)
{
	static const char *const bytes[] = { "B", "KiB", "MiB", "GiB", "TiB",
	    "PiB" };
	double size;

	if (strcmp(unit, "seconds") == 0) {
		kymo_humanize_duration(buffer, value);
		return;
	}
	if (!sign(buffer, value, &size))
		return;
	if (strcmp(unit, "bytes") == 0) {
		stepped(buffer, size, bytes, 6, 1024);
		return;
	}
	if (strcmp(unit, "ratio") == 0) {
		plain(buffer, size * 100);
		kymo_buffer_str(buffer, " %");
		return;
	}
	plain(buffer, size);
	if (unit[0] != '\0') {
		kymo_buffer_char(buffer, ' ');
		kymo_escape_terminal(buffer, unit);
	}
}
