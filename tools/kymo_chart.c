/* SPDX-License-Identifier: MIT */
#include "tools/kymo_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"

#define MARGIN 10u /* numbers, and a space */

/* Dots, wide by high; a character has one, or of braille two by four. */
struct picture {
	uint32_t wide, high;
	bool *dots;
	double min, max;
};

static uint32_t
cells(const struct kyi_chart *chart)
{
	return chart->columns > MARGIN + 20 ? chart->columns - MARGIN : 20;
}

uint32_t
kyi_chart_points(const struct kyi_chart *chart)
{
	return cells(chart) * (chart->braille ? 2 : 1);
}

static void
range_find(struct picture *picture, const struct kyi_answer_series *series)
{
	picture->min = INFINITY;
	picture->max = -INFINITY;
	for (uint32_t i = 0; i < series->point_cnt; i++) {
		double value = series->points[i].value;

		if (!isfinite(value))
			continue;
		picture->min = fmin(picture->min, value);
		picture->max = fmax(picture->max, value);
	}
}

/* Halves first: the difference of two large ones may be infinite. */
static double
height(const struct picture *picture, double value)
{
	double span = picture->max / 2 - picture->min / 2;

	if (!(span > 0))
		return (picture->high - 1) / 2;
	return round((value / 2 - picture->min / 2) / span *
	    (picture->high - 1));
}

static double
place(const struct kyi_chart *chart, const struct picture *picture, double at_s)
{
	double span = chart->to_s - chart->from_s;

	return span > 0 ? round((at_s - chart->from_s) / span *
	    (picture->wide - 1)) : 0;
}

static void
dot(struct picture *picture, double x, double y)
{
	if (x >= 0 && x < picture->wide && y >= 0 && y < picture->high)
		picture->dots[(size_t)y * picture->wide + (size_t)x] = true;
}

/* A line, its second end included. */
static void
join(struct picture *picture, double x0, double y0, double x1, double y1)
{
	double steps = fmax(fabs(x1 - x0), fabs(y1 - y0));

	for (double i = 1; i < steps; i++)
		dot(picture, round(x0 + (x1 - x0) * i / steps),
		    round(y0 + (y1 - y0) * i / steps));
	dot(picture, x1, y1);
}

static void
points_draw(struct picture *picture, const struct kyi_chart *chart,
    const struct kyi_answer_series *series)
{
	double x0 = 0, y0 = 0, at_s = -INFINITY;

	for (uint32_t i = 0; i < series->point_cnt; i++) {
		const struct kyi_answer_point *point = &series->points[i];
		double x, y;

		if (!isfinite(point->value) || !isfinite(point->at_s) ||
		    point->at_s < chart->from_s || point->at_s > chart->to_s)
			continue;
		x = place(chart, picture, point->at_s);
		y = height(picture, point->value);
		if (point->at_s - at_s > chart->gap_s)
			dot(picture, x, y);
		else
			join(picture, x0, y0, x, y);
		x0 = x;
		y0 = y;
		at_s = point->at_s;
	}
}

static bool
at(const struct picture *picture, uint32_t x, uint32_t y)
{
	return picture->dots[(size_t)(picture->high - 1 - y) * picture->wide +
	    x];
}

/* The character of column x, row y from above: U+2800 and a bit a dot. */
static void
put_braille(struct kymo_buffer *out, const struct picture *picture, uint32_t x,
    uint32_t y)
{
	static const unsigned char bits[4][2] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}
	};
	unsigned code = 0;

	for (uint32_t j = 0; j < 4; j++)
		for (uint32_t i = 0; i < 2; i++)
			if (at(picture, x * 2 + i, y * 4 + j))
				code |= bits[j][i];
	kymo_buffer_char(out, (char)0xe2);
	kymo_buffer_char(out, (char)(0xa0 | code >> 6));
	kymo_buffer_char(out, (char)(0x80 | (code & 0x3f)));
}

/* A number of MARGIN - 1 columns, right-aligned. */
static void
put_number(struct kymo_buffer *out, double value, const char *unit)
{
	struct kymo_buffer text = {0};

	kymo_humanize(&text, value, unit);
	if (text.len_bytes > MARGIN - 1) {
		text.len_bytes = 0;
		kymo_buffer_printf(&text, "%.3g", value);
	}
	kymo_buffer_printf(out, "%*s ", (int)MARGIN - 1,
	    text.failed ? "" : text.at);
	kymo_buffer_free(&text);
}

static void
rows_put(struct kymo_buffer *out, const struct kyi_chart *chart,
    const struct picture *picture, uint32_t rows)
{
	bool level = picture->min == picture->max;

	for (uint32_t y = 0; y < rows; y++) {
		if (level ? y == (rows - 1) / 2 : y == 0)
			put_number(out, picture->max, chart->unit);
		else if (!level && y == rows - 1)
			put_number(out, picture->min, chart->unit);
		else
			kymo_buffer_printf(out, "%*s", (int)MARGIN, "");
		for (uint32_t x = 0; x < cells(chart); x++)
			if (chart->braille)
				put_braille(out, picture, x, y);
			else
				kymo_buffer_char(out, at(picture, x, y) ?
				    '*' : ' ');
		/* No blanks at the end of lines. */
		while (!chart->braille && out->len_bytes > 0 &&
		    out->at[out->len_bytes - 1] == ' ')
			out->len_bytes--;
		kymo_buffer_char(out, '\n');
	}
}

void
kyi_chart_draw(struct kymo_buffer *out, const struct kyi_chart *chart,
    const struct kyi_answer_series *series)
{
	uint32_t rows = chart->rows > KYI_CHART_ROWS_MAX ? KYI_CHART_ROWS_MAX :
	    chart->rows;
	struct picture picture = {.wide = kyi_chart_points(chart),
		.high = rows * (chart->braille ? 4 : 1)};

	range_find(&picture, series);
	if (picture.min > picture.max) {
		kymo_buffer_printf(out, "%*s(no number that can be drawn)\n",
		    (int)MARGIN, "");
		return;
	}
	picture.dots = kyi_must(calloc((size_t)picture.wide * picture.high,
		sizeof(bool)));
	points_draw(&picture, chart, series);
	rows_put(out, chart, &picture, rows);
	free(picture.dots);
}

static void
time_text(char text[32], double at_s, bool days)
{
	time_t seconds = (time_t)at_s;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, 32, days ?
	    "%m-%d %H:%M" : "%H:%M:%S", &tm))
		text[0] = '\0';
}

void
kyi_chart_times(struct kymo_buffer *out, const struct kyi_chart *chart)
{
	bool days = chart->to_s - chart->from_s > 43200;
	char from[32], to[32];

	time_text(from, chart->from_s, days);
	time_text(to, chart->to_s, days);
	kymo_buffer_printf(out, "%*s%s%*s\n", (int)MARGIN, "", from,
	    (int)(cells(chart) - strlen(from)), to);
}
