/* SPDX-License-Identifier: MIT */
#include "tools/kymo_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"

#define BAR_CNT 32

int
kyi_compare_regex(regex_t **to, const char *option, const char *text)
{
	char why[200];
	int wrong;

	if (*to)
		regfree(*to);
	else
		*to = kyi_must(calloc(1, sizeof(**to)));
	wrong = regcomp(*to, text, REG_EXTENDED | REG_NOSUB);
	if (wrong == 0)
		return KYI_EXIT_OK;
	regerror(wrong, *to, why, sizeof(why));
	free(*to);
	*to = NULL;
	fprintf(stderr, "kymo: %s: %s\n", option, why);
	return KYI_EXIT_USAGE;
}

int
kyi_compare_threshold(double *to, const char *text)
{
	char *end;
	double is = strtod(text, &end);

	if (*end == '%') {
		is /= 100;
		end++;
	}
	if (end == text || *end || !(is >= 0 && is <= 10)) {
		fprintf(stderr, "kymo: --threshold is a part, as 1%% or 0.01\n");
		return KYI_EXIT_USAGE;
	}
	*to = is;
	return KYI_EXIT_OK;
}

void
kyi_compare_free(struct kyi_compare *compare)
{
	regex_t *both[] = { compare->lower, compare->higher };

	for (int i = 0; i < 2; i++)
		if (both[i]) {
			regfree(both[i]);
			free(both[i]);
		}
}

static enum kymo_run_side
side_said(void *to, const char *name)
{
	const struct kyi_compare *compare = to;

	if (compare->lower && regexec(compare->lower, name, 0, NULL, 0) == 0)
		return KYMO_RUN_LOWER;
	if (compare->higher && regexec(compare->higher, name, 0, NULL, 0) == 0)
		return KYMO_RUN_HIGHER;
	return KYMO_RUN_NEITHER;
}

/* ---- numbers -------------------------------------------------------------------- */

static bool
is_hist(const struct kymo_run_row *row)
{
	return row->kind == KYMO_METRIC_HISTOGRAM ||
	    row->kind == KYMO_METRIC_SUMMARY;
}

/* Histograms tell recorded numbers, the others what is in the unit. */
static double
in_unit(const struct kymo_run_row *row, double value)
{
	return is_hist(row) ? value * pow(10, row->exponent) : value;
}

static void
value_text(struct kymo_buffer *out, const struct kymo_run_row *row, double value)
{
	if (isnan(value)) {
		kymo_buffer_char(out, '-');
		return;
	}
	kymo_humanize(out, in_unit(row, value), row->rate &&
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

		value_text(&one, row, kymo_hist_quantile(hist, at[i], NULL));
		kymo_buffer_printf(out, " %9s", one.at ? one.at : "");
		kymo_buffer_free(&one);
	}
}

/* Bars of whole buckets: with parts of them there would be gaps. */
struct bars {
	uint32_t scale;
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

		bars[bar < BAR_CNT ? bar : BAR_CNT - 1] +=
		    (double)hist->buckets[i];
	}
}

static void
bars_text(struct kymo_buffer *out, const double *bars)
{
	static const char *const blocks[] = { " ", "\u2581", "\u2582", "\u2583",
	    "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	double most = 0;

	for (int i = 0; i < BAR_CNT; i++)
		most = bars[i] > most ? bars[i] : most;
	kymo_buffer_str(out, "  |");
	for (int i = 0; i < BAR_CNT; i++)
		kymo_buffer_str(out, blocks[bars[i] == 0 ? 0 :
		    1 + (int)(bars[i] / most * 7)]);
	kymo_buffer_str(out, "|\n");
}

static void
distributions(struct kymo_buffer *out, const struct kymo_run_row *row)
{
	const struct kymo_hist *both[] = { &row->before, &row->after };
	double low = INFINITY, high = -INFINITY;
	struct bars shape = { .scale = row->before.scale < row->after.scale ?
	    row->before.scale : row->after.scale };

	for (int i = 0; i < 2; i++) {
		low = fmin(low, log2(kymo_hist_quantile(both[i], 0.001, NULL)));
		high = fmax(high, log2(kymo_hist_quantile(both[i], 0.999,
			NULL)));
	}
	shape.first = isfinite(low) ? (int64_t)floor(low * (1u << shape.scale)) : 0;
	shape.step = isfinite(low) && isfinite(high) ? (int64_t)((high - low) *
	    (1u << shape.scale)) / BAR_CNT + 1 : 1;
	kymo_buffer_str(out, "            "
	    "      p50       p90       p99     p99.9\n");
	for (int i = 0; i < 2; i++) {
		double bars[BAR_CNT] = { 0 };

		quantiles(out, i == 0 ? "before" : "after", row, both[i]);
		if (!isfinite(low) || !isfinite(high)) {
			kymo_buffer_char(out, '\n');
			continue;
		}
		bars_fill(bars, &shape, both[i]);
		bars_text(out, bars);
	}
}

/* ---- rows ------------------------------------------------------------------------- */

static void
row_text(struct kymo_buffer *out, const struct kymo_run_row *row)
{
	struct kymo_buffer before = { 0 }, after = { 0 };

	value_text(&before, row, row->shift.before);
	value_text(&after, row, row->shift.after);
	kymo_buffer_printf(out, "%-8s %10s -> %-10s ",
	    kymo_run_verdict_name(row->verdict), before.at ? before.at : "",
	    after.at ? after.at : "");
	percent(out, row->shift.ratio);
	if (!isnan(row->shift.ratio_low)) {
		kymo_buffer_str(out, " (");
		percent(out, row->shift.ratio_low);
		kymo_buffer_str(out, " to ");
		percent(out, row->shift.ratio_high);
		kymo_buffer_char(out, ')');
	}
	if (!isnan(row->chance))
		kymo_buffer_printf(out, " p %.2g", row->chance);
	kymo_buffer_str(out, "  ");
	kymo_escape_terminal(out, row->name);
	kymo_escape_terminal(out, row->labels);
	kymo_buffer_char(out, '\n');
	if (is_hist(row) && row->verdict <= KYMO_RUN_CHANGED &&
	    row->verdict != KYMO_RUN_SAME)
		distributions(out, row);
	kymo_buffer_free(&before);
	kymo_buffer_free(&after);
}

static void
member(struct kymo_buffer *out, const char *key, double value)
{
	kymo_buffer_printf(out, ",\"%s\":", key);
	if (isfinite(value))
		kymo_buffer_double(out, value);
	else
		kymo_buffer_str(out, "null");
}

static void
row_json(struct kymo_buffer *out, const struct kymo_run_row *row)
{
	kymo_buffer_printf(out, "{\"verdict\":\"%s\",\"name\":",
	    kymo_run_verdict_name(row->verdict));
	kyi_cli_json_string(out, row->name);
	kymo_buffer_str(out, ",\"labels\":");
	kyi_cli_json_string(out, row->labels);
	kymo_buffer_str(out, ",\"unit\":");
	kyi_cli_json_string(out, row->unit);
	kymo_buffer_printf(out, ",\"rate\":%s", row->rate ? "true" : "false");
	member(out, "before", in_unit(row, row->shift.before));
	member(out, "after", in_unit(row, row->shift.after));
	member(out, "ratio", row->shift.ratio);
	member(out, "ratio_low", row->shift.ratio_low);
	member(out, "ratio_high", row->shift.ratio_high);
	member(out, "p", row->shift.chance);
	member(out, "p_adjusted", row->chance);
	kymo_buffer_printf(out, ",\"before_units\":%u,\"after_units\":%u}\n",
	    row->before_units, row->after_units);
}

static void
summary(struct kymo_buffer *out, const struct kymo_run_diff *diff,
    const uint32_t *cnt, const struct kyi_compare *compare)
{
	kymo_buffer_printf(out, "%u worse, %u better, %u changed, %u the same, "
	    "%u unclear", cnt[KYMO_RUN_WORSE], cnt[KYMO_RUN_BETTER],
	    cnt[KYMO_RUN_CHANGED], cnt[KYMO_RUN_SAME], cnt[KYMO_RUN_UNCLEAR]);
	kymo_buffer_printf(out, "; of %s, threshold %.3g%%%s\n",
	    diff->units_are_runs ? "runs" : "parts of a run",
	    100 * compare->question.threshold, compare->all ? "" :
	    " (--all: every metric)");
}

static int
show(const struct kyi_compare *compare, const struct kymo_run_diff *diff)
{
	static const enum kymo_run_verdict order[] = { KYMO_RUN_WORSE,
	    KYMO_RUN_BETTER, KYMO_RUN_CHANGED, KYMO_RUN_UNCLEAR, KYMO_RUN_SAME };
	struct kymo_buffer out = { 0 };
	uint32_t cnt[KYMO_RUN_UNCLEAR + 1] = { 0 };
	int status;

	for (size_t v = 0; v < sizeof(order) / sizeof(order[0]); v++)
		for (uint32_t i = 0; i < diff->row_cnt; i++) {
			const struct kymo_run_row *row = &diff->rows[i];

			if (row->verdict != order[v])
				continue;
			cnt[row->verdict]++;
			if (compare->json)
				row_json(&out, row);
			else if (compare->all ||
			    (row->verdict != KYMO_RUN_SAME &&
			    row->verdict != KYMO_RUN_UNCLEAR))
				row_text(&out, row);
		}
	if (!compare->json)
		summary(&out, diff, cnt, compare);
	status = kyi_output(&out);
	return status == KYI_EXIT_OK && cnt[KYMO_RUN_WORSE] ? KYI_EXIT_NO :
	    status;
}

int
kyi_compare(const struct kyi_compare *compare,
    const struct kymo_runs *before, const struct kymo_run_part *before_part,
    const struct kymo_runs *after, const struct kymo_run_part *after_part)
{
	struct kymo_run_question question = compare->question;
	struct kyi_compare asked = *compare;
	struct kymo_error error = { "" };
	struct kymo_run_diff diff;
	int status;

	question.side = side_said;
	question.to = &asked;
	if (kymo_run_diff(&diff, before, before_part, after, after_part,
		&question, &error) != 0)
		return kyi_trouble("%s", error.text);
	if (diff.row_cnt == 0) {
		kymo_run_diff_free(&diff);
		return kyi_trouble("the two have no metric in common");
	}
	status = show(compare, &diff);
	kymo_run_diff_free(&diff);
	return status;
}
