/* SPDX-License-Identifier: MIT */
#include "reader/notify/chart.h"

#include <math.h>

#include <cairo.h>

#include "reader/notify/view.h"

#define WIDTH 600
#define HEIGHT 160
#define EDGE 8.0
#define POINTS_MAX 100000u

struct chart {
	const json_t *points;
	size_t cnt;
	double low, high, from_ms, to_ms;
};

static void
range_of(struct chart *chart, double threshold)
{
	size_t i;
	double value, at_ms;

	chart->low = chart->from_ms = INFINITY;
	chart->high = chart->to_ms = -INFINITY;
	for (i = 0; i < chart->cnt; i++) {
		value = kyi_view_point(chart->points, i, &at_ms);
		if (!isfinite(value))
			continue;
		chart->low = fmin(chart->low, value);
		chart->high = fmax(chart->high, value);
		chart->from_ms = fmin(chart->from_ms, at_ms);
		chart->to_ms = fmax(chart->to_ms, at_ms);
	}
	if (isfinite(threshold) && chart->low <= chart->high) {
		chart->low = fmin(chart->low, threshold);
		chart->high = fmax(chart->high, threshold);
	}
	if (chart->low == chart->high) {
		chart->low -= fabs(chart->low) / 2 + 1;
		chart->high += fabs(chart->high) / 2 + 1;
	}
}

static double
x_of(const struct chart *chart, double at_ms)
{
	return EDGE + (WIDTH - 2 * EDGE) * (at_ms - chart->from_ms) /
	    (chart->to_ms - chart->from_ms);
}

/* Halves, so that a range of all numbers is none beyond them. */
static double
y_of(const struct chart *chart, double value)
{
	return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) *
	    ((value / 2 - chart->low / 2) / (chart->high / 2 - chart->low / 2));
}

static void
grid_draw(cairo_t *cairo)
{
	int i;

	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_paint(cairo);
	cairo_set_source_rgb(cairo, 0.88, 0.88, 0.88);
	cairo_set_line_width(cairo, 1);
	for (i = 0; i <= 4; i++) {
		double y = floor(EDGE + (HEIGHT - 2 * EDGE) * i / 4) + 0.5;

		cairo_move_to(cairo, EDGE, y);
		cairo_line_to(cairo, WIDTH - EDGE, y);
	}
	cairo_stroke(cairo);
}

static void
line_draw(cairo_t *cairo, const struct chart *chart)
{
	bool open = false;
	double value, at_ms;
	size_t i;

	cairo_set_source_rgb(cairo, 0.12, 0.35, 0.65);
	cairo_set_line_width(cairo, 2);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
	for (i = 0; i < chart->cnt; i++) {
		value = kyi_view_point(chart->points, i, &at_ms);
		if (!isfinite(value)) {
			open = false;
			continue;
		}
		if (!open)
			cairo_move_to(cairo, x_of(chart, at_ms),
			    y_of(chart, value));
		/* A lone point is a dot, by its round cap. */
		cairo_line_to(cairo, x_of(chart, at_ms), y_of(chart, value));
		open = true;
	}
	cairo_stroke(cairo);
}

static void
threshold_draw(cairo_t *cairo, const struct chart *chart, double threshold)
{
	const double dashes[] = { 6, 4 };

	if (!isfinite(threshold))
		return;
	cairo_set_source_rgb(cairo, 0.8, 0.15, 0.1);
	cairo_set_line_width(cairo, 1.5);
	cairo_set_dash(cairo, dashes, 2, 0);
	cairo_move_to(cairo, EDGE, y_of(chart, threshold));
	cairo_line_to(cairo, WIDTH - EDGE, y_of(chart, threshold));
	cairo_stroke(cairo);
}

static cairo_status_t
take(void *of, const unsigned char *bytes, unsigned int len_bytes)
{
	struct kymo_buffer *out = of;

	kymo_buffer_add(out, bytes, len_bytes);
	return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

int
kyi_chart_png(struct kymo_buffer *out, const json_t *points, double threshold)
{
	struct chart chart = { .points = points,
	    .cnt = json_array_size(points) };
	cairo_surface_t *surface;
	cairo_status_t status;
	cairo_t *cairo;

	if (chart.cnt > POINTS_MAX)
		chart.cnt = POINTS_MAX;
	range_of(&chart, threshold);
	if (!(chart.from_ms < chart.to_ms))
		return 1;
	surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
	cairo = cairo_create(surface);
	grid_draw(cairo);
	threshold_draw(cairo, &chart, threshold);
	cairo_set_dash(cairo, NULL, 0, 0);
	line_draw(cairo, &chart);
	status = cairo_status(cairo);
	cairo_destroy(cairo);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(surface, take, out);
	cairo_surface_destroy(surface);
	return status == CAIRO_STATUS_SUCCESS ? 0 : -1;
}
