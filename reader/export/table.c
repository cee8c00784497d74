/* SPDX-License-Identifier: MIT */
/* A scan as a table for people. */
#include <math.h>
#include <string.h>

#include "reader/export/export.h"
#include "reader/export/grid.h"
#include "reader/export/humanize.h"
#include "reader/export/numbers.h"
#include "shm/hist.h"

enum { PLAIN, WORDS, HIST };

static const char *const plain_titles[] = { "", "", "" };
static const char *const word_titles[] = { "", "" };
static const char *const hist_titles[] = {
	"", "count", "rate", "mean", "p50", "p90", "p99", "p99.9", "max",
};
static const struct kyi_grid_class classes[KYI_GRID_CLASS_MAX] = {
	[PLAIN] = { plain_titles, 3, 0, false },
	[WORDS] = { word_titles, 2, 1u << 1, false },
	[HIST] = { hist_titles, 9, 0, true },
};

/* key=value; quoted where it would not be clear where it ends. */
static void
label(struct kymo_buffer *text, const char *key, const char *value)
{
	bool quotes = value[0] == '\0' || strpbrk(value, " =\"") != NULL;

	kymo_escape_terminal(text, key);
	kymo_buffer_str(text, quotes ? "=\"" : "=");
	kymo_escape_terminal(text, value);
	if (quotes)
		kymo_buffer_char(text, '"');
}

/* The service comes first; is it the same in all of the scan? */
static bool
is_of_one_service(const struct kymo_scan *scan)
{
	const char *service = NULL;
	uint32_t i, j;

	for (i = 0; i < scan->family_cnt; i++)
		for (j = 0; j < scan->families[i].series_cnt; j++) {
			const struct kymo_series *series =
			    &scan->families[i].series[j];

			if (series->label_cnt == 0 ||
			    strcmp(series->labels[0].key, "service") != 0)
				return false;
			if (service == NULL)
				service = series->labels[0].value;
			if (strcmp(service, series->labels[0].value) != 0)
				return false;
		}
	return true;
}

/* Without the service where it tells nothing and others do. */
static void
labels(struct kymo_buffer *text, const struct kymo_series *series,
    bool one_service)
{
	uint32_t first = one_service && series->label_cnt > 1, i;
	bool said = false;

	for (i = first; i < series->label_cnt; i++) {
		if (i > first)
			kymo_buffer_char(text, ' ');
		label(text, series->labels[i].key, series->labels[i].value);
		if (strcmp(series->labels[i].key, "kymo_overflow") == 0)
			said = true;
	}
	if (series->overflow && !said)
		kymo_buffer_str(text, i > 0 ? " (overflow)" : "(overflow)");
}

/* A count without a unit keeps all its digits. */
static void
plain_value(struct kymo_buffer *text, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	if (family->unit[0] == '\0' && family->exponent == 0) {
		if (family->kind == KYMO_METRIC_COUNTER) {
			kyi_thousands(text, series->value.is.u);
			return;
		}
		if (family->kind == KYMO_METRIC_GAUGE ||
		    family->kind == KYMO_METRIC_UPDOWN) {
			int64_t i = series->value.is.i;

			if (i < 0)
				kymo_buffer_char(text, '-');
			kyi_thousands(text, i < 0 ? 0 - (uint64_t)i :
			    (uint64_t)i);
			return;
		}
	}
	kymo_humanize(text, kyi_plain_double(family, series), family->unit);
}

static void
rate(struct kymo_buffer *text, double per_second, const char *unit)
{
	if (!isfinite(per_second))
		return;
	kymo_humanize(text, per_second, unit);
	kymo_buffer_str(text, "/s");
}

/* ---- histograms -------------------------------------------------------- */

static double
bound(const struct kymo_family_scan *family, const struct kymo_hist *hist,
    int64_t idx)
{
	return kyi_scale(kyi_hist_bound((int32_t)idx, hist->scale),
	    family->exponent);
}

/* What lies outside of the buckets is said with its bound. */
static void
quantile(struct kymo_buffer *text, const struct kymo_family_scan *family,
    const struct kymo_hist *hist, double q)
{
	bool clamped = false;
	double d = kyi_scale(kymo_hist_quantile(hist, q, &clamped),
	    family->exponent);

	if (clamped)
		kymo_buffer_char(text,
		    d <= bound(family, hist, (int64_t)hist->lo_idx - 1) ?
		    '<' : '>');
	kymo_humanize(text, d, family->unit);
}

/* No observation was larger than the bound of the last bucket that has any. */
static void
largest(struct kymo_buffer *text, const struct kymo_family_scan *family,
    const struct kymo_hist *hist)
{
	uint32_t end = hist->bucket_cnt;

	while (end > 0 && hist->buckets[end - 1] == 0)
		end--;
	if (hist->over > 0) {
		kymo_buffer_char(text, '>');
		end = hist->bucket_cnt;
	} else if (end == 0 && hist->under == 0) {
		kymo_humanize(text, 0, family->unit);
		return;
	} else
		kymo_buffer_str(text, "<=");
	kymo_humanize(text, bound(family, hist,
	    (int64_t)hist->lo_idx + end - 1), family->unit);
}

static void
hist_cells(struct kyi_grid *grid, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	const struct kymo_hist *hist = &series->value.is.hist;
	uint64_t count = kymo_hist_count(hist);
	uint32_t i;

	kyi_grid_cell(grid);
	kyi_thousands(&grid->text, count);
	kyi_grid_cell(grid);
	rate(&grid->text, series->rate, "");
	kyi_grid_cell(grid);
	if (count > 0)
		kymo_humanize(&grid->text, kyi_scale((double)hist->sum /
		    (double)count, family->exponent), family->unit);
	if (series->recent != NULL)
		hist = series->recent;
	count = kymo_hist_count(hist);
	for (i = 0; i < KYI_QUANTILE_CNT; i++) {
		kyi_grid_cell(grid);
		if (count > 0)
			quantile(&grid->text, family, hist, kyi_quantiles[i]);
	}
	kyi_grid_cell(grid);
	if (count > 0)
		largest(&grid->text, family, hist);
}

/* ---- rows -------------------------------------------------------------- */

static void
states(struct kymo_buffer *text, const struct kymo_family_scan *family,
    uint64_t bits)
{
	const char *comma = "";
	uint32_t i;

	for (i = 0; i < family->state_cnt && i < 64; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		kymo_buffer_str(text, comma);
		kymo_escape_terminal(text, family->states[i]);
		comma = ", ";
	}
	if (comma[0] == '\0')
		kymo_buffer_str(text, "none");
}

static void
health(struct kymo_buffer *text, const struct kymo_scan *scan,
    const struct kymo_series *series)
{
	const char *reason = kyi_or_empty(series->value.is.health.reason);
	uint64_t since_ns = series->value.is.health.since_ns;

	kymo_buffer_str(text, kyi_condition_name(
	    (uint32_t)series->value.is.health.state));
	if (since_ns != 0 && since_ns <= scan->at_ns) {
		kymo_buffer_str(text, " for ");
		kymo_humanize_duration(text,
		    (double)(scan->at_ns - since_ns) / 1e9);
	}
	if (reason[0] != '\0') {
		kymo_buffer_str(text, ": ");
		kymo_escape_terminal(text, reason);
	}
}

/* What is said in words; false: a kind that has a number. */
static bool
words(struct kymo_buffer *text, const struct kymo_scan *scan,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_TEXT:
		kymo_buffer_char(text, '"');
		kymo_escape_terminal(text,
		    kyi_or_empty(series->value.is.text));
		kymo_buffer_char(text, '"');
		return true;
	case KYMO_METRIC_STATE_SET:
		states(text, family, series->value.is.bits);
		return true;
	case KYMO_METRIC_HEALTH:
		health(text, scan, series);
		return true;
	case KYMO_METRIC_INFO:
		return true;
	default:
		return false;
	}
}

static uint8_t
class_of(enum kymo_metric_kind kind)
{
	switch (kind) {
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		return HIST;
	case KYMO_METRIC_INFO:
	case KYMO_METRIC_TEXT:
	case KYMO_METRIC_STATE_SET:
	case KYMO_METRIC_HEALTH:
		return WORDS;
	default:
		return PLAIN;
	}
}

static void
row(struct kyi_grid *grid, const struct kymo_scan *scan,
    const struct kymo_family_scan *family, const struct kymo_series *series,
    bool one_service)
{
	uint8_t class_idx = class_of(family->kind);

	kyi_grid_row(grid, class_idx);
	kyi_grid_cell(grid);
	labels(&grid->text, series, one_service);
	if (class_idx == HIST) {
		hist_cells(grid, family, series);
		return;
	}
	kyi_grid_cell(grid);
	if (words(&grid->text, scan, family, series))
		return;
	plain_value(&grid->text, family, series);
	kyi_grid_cell(grid);
	rate(&grid->text, series->rate, family->unit);
}

/* NAME  kind  help */
static void
head(struct kyi_grid *grid, const struct kymo_family_scan *family)
{
	const char *kind = kyi_kind_name(family->kind), *c;

	kyi_grid_line(grid);
	kymo_escape_terminal(&grid->text, family->name);
	kymo_buffer_str(&grid->text, "  ");
	for (c = kind; *c != '\0'; c++)
		kymo_buffer_char(&grid->text, *c == '_' ? ' ' : *c);
	if (family->sample_n > 1)
		kymo_buffer_printf(&grid->text, ", 1 of %u sampled",
		    (unsigned)family->sample_n);
	if (family->help[0] != '\0') {
		kymo_buffer_str(&grid->text, "  ");
		kymo_escape_terminal(&grid->text, family->help);
	}
}

void
kymo_export_table(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter, uint32_t width)
{
	struct kyi_grid grid = { .classes = classes };
	bool one_service = is_of_one_service(scan);
	uint32_t i, j;

	for (i = 0; i < scan->family_cnt; i++) {
		const struct kymo_family_scan *family = &scan->families[i];
		bool begun = false;

		if (!kymo_filter_family(filter, family))
			continue;
		for (j = 0; j < family->series_cnt; j++) {
			const struct kymo_series *series = &family->series[j];

			if (!series->value.present ||
			    !kymo_filter_series(filter, series))
				continue;
			if (!begun)
				head(&grid, family);
			begun = true;
			row(&grid, scan, family, series, one_service);
		}
	}
	kyi_grid_end(&grid, buffer, width);
}
