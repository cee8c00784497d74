/* SPDX-License-Identifier: MIT */
#include "tools/kymo_compare_text.h"

#include <math.h>
#include <string.h>

#include "reader/export/export.h"

#define BAR_CNT_MAX 32u
#define BAR_CNT_MIN 8u
/* What a row of quantiles has before its bars, and around them. */
#define QUANTILES_COLUMNS 55u

/* ---- numbers -------------------------------------------------------------------- */

bool
kyi_compare_is_hist(const struct kymo_run_row *row)
{
	return row->kind == KYMO_METRIC_HISTOGRAM ||
	    row->kind == KYMO_METRIC_SUMMARY;
}

double
kyi_compare_in_unit(const struct kymo_run_row *row, double value)
{
	return kyi_compare_is_hist(row) ? value * pow(10, row->exponent) : value;
}

void
kyi_compare_value(struct kymo_buffer *out, const struct kymo_run_row *row,
    double value)
{
	if (isnan(value)) {
		kymo_buffer_char(out, '-');
		return;
	}
	kymo_humanize(out, kyi_compare_in_unit(row, value), row->rate &&
	    strcmp(row->unit, "seconds") == 0 ? "" : row->unit);
	if (row->rate)
		kymo_buffer_str(out, "/s");
}

static void
percent(struct kymo_buffer *out, double ratio)
{
	double is = 100 * (ratio - 1);

	if (isnan(is))
		kymo_buffer_char(out, '?');
	else
		kymo_buffer_printf(out, fabs(is) < 10 ? "%+.2f%%" : "%+.0f%%", is);
}

/* ---- both distributions ----------------------------------------------------------- */

static void
quantiles(struct kymo_buffer *out, const char *what,
    const struct kymo_run_row *row, const struct kymo_hist *hist)
{
	static const double at[] = { 0.5, 0.9, 0.99, 0.999 };

	kymo_buffer_printf(out, "    %-7s", what);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct kymo_buffer one = { 0 };

		kyi_compare_value(&one, row, kymo_hist_quantile(hist, at[i], NULL));
		kymo_buffer_printf(out, " %9s", one.at ? one.at : "");
		kymo_buffer_free(&one);
	}
}

/* Bars of whole buckets: with parts of them there would be gaps. */
struct bars {
	uint32_t scale, cnt; /* 0: there is no room for them */
	int64_t first, step; /* buckets */
};

static void
bars_fill(double *bars, const struct bars *shape, const struct kymo_hist *hist)
{
	for (uint32_t i = 0; i < hist->bucket_cnt; i++) {
		int64_t idx = ((int64_t)hist->lo_idx + i) >>
		    (hist->scale - shape->scale);
		int64_t bar = idx < shape->first ? 0 :
		    (idx - shape->first) / shape->step;

		bars[bar < shape->cnt ? bar : shape->cnt - 1] +=
		    (double)hist->buckets[i];
	}
}

static void
bars_text(struct kymo_buffer *out, const double *bars, uint32_t cnt)
{
	static const char *const blocks[] = { " ", "\u2581", "\u2582", "\u2583",
	    "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	double most = 0;

	for (uint32_t i = 0; i < cnt; i++)
		most = bars[i] > most ? bars[i] : most;
	kymo_buffer_str(out, "  |");
	for (uint32_t i = 0; i < cnt; i++)
		kymo_buffer_str(out, blocks[bars[i] == 0 ? 0 :
		    1 + (int)(bars[i] / most * 7)]);
	kymo_buffer_str(out, "|\n");
}

static uint32_t
bars_fit(uint32_t columns)
{
	if (columns == 0 || columns >= QUANTILES_COLUMNS + BAR_CNT_MAX)
		return BAR_CNT_MAX;
	return columns >= QUANTILES_COLUMNS + BAR_CNT_MIN ?
	    columns - QUANTILES_COLUMNS : 0;
}

void
kyi_compare_distributions(struct kymo_buffer *out, const struct kymo_run_row *row,
    uint32_t columns)
{
	const struct kymo_hist *both[] = { &row->before, &row->after };
	double low = INFINITY, high = -INFINITY;
	struct bars shape = { .scale = row->before.scale < row->after.scale ?
	    row->before.scale : row->after.scale,
	    .cnt = bars_fit(columns) };

	for (int i = 0; i < 2; i++) {
		low = fmin(low, log2(kymo_hist_quantile(both[i], 0.001, NULL)));
		high = fmax(high, log2(kymo_hist_quantile(both[i], 0.999,
			NULL)));
	}
	shape.first = isfinite(low) ? (int64_t)floor(low * (1u << shape.scale)) : 0;
	shape.step = isfinite(low) && isfinite(high) ? (int64_t)((high - low) *
	    (1u << shape.scale)) / (shape.cnt ? shape.cnt : 1) + 1 : 1;
	kymo_buffer_str(out, "            "
	    "      p50       p90       p99     p99.9\n");
	for (int i = 0; i < 2; i++) {
		double bars[BAR_CNT_MAX] = { 0 };

		quantiles(out, i == 0 ? "before" : "after", row, both[i]);
		if (!isfinite(low) || !isfinite(high) || shape.cnt == 0) {
			kymo_buffer_char(out, '\n');
			continue;
		}
		bars_fill(bars, &shape, both[i]);
		bars_text(out, bars, shape.cnt);
	}
}

void
kyi_compare_change(struct kymo_buffer *out, const struct kymo_run_row *row)
{
	percent(out, row->shift.ratio);
	if (isnan(row->shift.ratio_low))
		return;
	kymo_buffer_str(out, " (");
	percent(out, row->shift.ratio_low);
	kymo_buffer_str(out, " to ");
	percent(out, row->shift.ratio_high);
	kymo_buffer_char(out, ')');
}
