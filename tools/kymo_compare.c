/* SPDX-License-Identifier: MIT */
#include "tools/kymo_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_compare_text.h"

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

int
kyi_compare_format(enum kyi_compare_format *to, const char *text)
{
	static const char *const names[] = { [KYI_COMPARE_TEXT] = "text",
	    [KYI_COMPARE_JSON] = "json", [KYI_COMPARE_MARKDOWN] = "markdown" };

	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			*to = (enum kyi_compare_format)i;
			return KYI_EXIT_OK;
		}
	fprintf(stderr, "kymo: --format is text, json or markdown\n");
	return KYI_EXIT_USAGE;
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

/* ---- rows ------------------------------------------------------------------------- */

/* Its distributions are worth their lines. */
static bool
is_told(const struct kymo_run_row *row)
{
	return row->verdict != KYMO_RUN_SAME && row->verdict != KYMO_RUN_UNCLEAR;
}

static void
row_text(struct kymo_buffer *out, const struct kymo_run_row *row,
    uint32_t columns)
{
	struct kymo_buffer before = { 0 }, after = { 0 }, name = { 0 };
	size_t begin = out->len_bytes;

	kyi_compare_value(&before, row, row->shift.before);
	kyi_compare_value(&after, row, row->shift.after);
	kymo_buffer_printf(out, "%-8s %10s -> %-10s ",
	    kymo_run_verdict_name(row->verdict), before.at ? before.at : "",
	    after.at ? after.at : "");
	kyi_compare_change(out, row);
	if (!isnan(row->chance))
		kymo_buffer_printf(out, " p %.2g", row->chance);
	kymo_escape_terminal(&name, row->name);
	kymo_escape_terminal(&name, row->labels);
	/* Where it does not fit, what it is has a line of its own. */
	if (columns > 0 && out->len_bytes - begin + 2 + name.len_bytes > columns)
		kymo_buffer_str(out, "\n           ");
	else
		kymo_buffer_str(out, "  ");
	kymo_buffer_add(out, name.at, name.len_bytes);
	kymo_buffer_char(out, '\n');
	if (kyi_compare_is_hist(row) && is_told(row))
		kyi_compare_distributions(out, row, columns);
	kymo_buffer_free(&before);
	kymo_buffer_free(&after);
	kymo_buffer_free(&name);
}

/* ---- for a comment on a change ------------------------------------------------------ */

/* Between as many backticks as it takes, so that no text ends it: there nothing is
   a link, a tag or somebody's name. | ends a cell even there. */
static void
code(struct kymo_buffer *out, const char *name, const char *labels)
{
	struct kymo_buffer text = { 0 };
	uint32_t run = 0, most = 0;

	kymo_escape_terminal(&text, name);
	kymo_escape_terminal(&text, labels);
	for (size_t i = 0; i < text.len_bytes; i++) {
		run = text.at[i] == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	for (uint32_t i = 0; i <= most; i++)
		kymo_buffer_char(out, '`');
	kymo_buffer_str(out, most ? " " : "");
	for (size_t i = 0; i < text.len_bytes; i++) {
		if (text.at[i] == '|')
			kymo_buffer_char(out, '\\');
		kymo_buffer_char(out, text.at[i]);
	}
	kymo_buffer_str(out, most ? " " : "");
	for (uint32_t i = 0; i <= most; i++)
		kymo_buffer_char(out, '`');
	kymo_buffer_free(&text);
}

static void
row_markdown(struct kymo_buffer *out, const struct kymo_run_row *row)
{
	const char *mark = row->verdict == KYMO_RUN_WORSE ? "**" : "";

	kymo_buffer_printf(out, "| %s%s%s | ", mark,
	    kymo_run_verdict_name(row->verdict), mark);
	code(out, row->name, row->labels);
	kymo_buffer_str(out, " | ");
	kyi_compare_value(out, row, row->shift.before);
	kymo_buffer_str(out, " | ");
	kyi_compare_value(out, row, row->shift.after);
	kymo_buffer_str(out, " | ");
	kyi_compare_change(out, row);
	if (isnan(row->chance))
		kymo_buffer_str(out, " | - |\n");
	else
		kymo_buffer_printf(out, " | %.2g |\n", row->chance);
}

/* In a fence longer than any in it: names are not in there, only numbers. */
static void
distributions_markdown(struct kymo_buffer *out, const struct kymo_run_diff *diff)
{
	bool any = false;

	for (uint32_t i = 0; i < diff->row_cnt; i++) {
		const struct kymo_run_row *row = &diff->rows[i];

		if (!kyi_compare_is_hist(row) || !is_told(row))
			continue;
		if (!any)
			kymo_buffer_str(out, "\n<details><summary>Distributions"
			    "</summary>\n");
		any = true;
		kymo_buffer_char(out, '\n');
		code(out, row->name, row->labels);
		kymo_buffer_str(out, "\n\n```text\n");
		kyi_compare_distributions(out, row, 0);
		kymo_buffer_str(out, "```\n");
	}
	if (any)
		kymo_buffer_str(out, "\n</details>\n");
}

/* ---- for programs --------------------------------------------------------------------- */

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
row_json(struct kymo_buffer *out, const struct kyi_compare *compare,
    const struct kymo_run_row *row)
{
	kymo_buffer_printf(out, "{\"verdict\":\"%s\",\"name\":",
	    kymo_run_verdict_name(row->verdict));
	kyi_cli_json_string(out, row->name);
	kymo_buffer_str(out, ",\"labels\":");
	kyi_cli_json_string(out, row->labels);
	kymo_buffer_str(out, ",\"unit\":");
	kyi_cli_json_string(out, row->unit);
	if (compare->phase) {
		kymo_buffer_str(out, ",\"phase\":");
		kyi_cli_json_string(out, compare->phase);
	}
	kymo_buffer_printf(out, ",\"rate\":%s", row->rate ? "true" : "false");
	member(out, "before", kyi_compare_in_unit(row, row->shift.before));
	member(out, "after", kyi_compare_in_unit(row, row->shift.after));
	member(out, "ratio", row->shift.ratio);
	member(out, "ratio_low", row->shift.ratio_low);
	member(out, "ratio_high", row->shift.ratio_high);
	member(out, "p", row->shift.chance);
	member(out, "p_adjusted", row->chance);
	kymo_buffer_printf(out, ",\"before_units\":%u,\"after_units\":%u}\n",
	    row->before_units, row->after_units);
}

/* So few runs that one metric by itself could not be told, however much worse it
   were: how many would do. */
static void
few_runs(struct kymo_buffer *out, const struct kymo_run_diff *diff,
    double chance_max)
{
	const struct kymo_run_row *best = NULL;
	uint32_t known_cnt = 0, need_cnt = 1;

	for (uint32_t i = 0; i < diff->row_cnt; i++) {
		const struct kymo_run_row *row = &diff->rows[i];

		known_cnt += !isnan(row->shift.chance);
		if (row->shift.least > 0 &&
		    (!best || row->shift.least < best->shift.least))
			best = row;
	}
	if (!best || best->shift.least * known_cnt <= chance_max)
		return;
	while (2 * pow(0.25, need_cnt) * known_cnt > chance_max)
		need_cnt++;
	kymo_buffer_printf(out, "%u and %u %s are few: one metric of %u alone "
	    "could not be told, with %u a side it could%s\n",
	    best->before_units, best->after_units, diff->units_are_runs ?
	    "runs" : "parts of a run", known_cnt, need_cnt,
	    diff->units_are_runs ? "" : " (kymo record --interval)");
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
	few_runs(out, diff, compare->question.chance_max);
}

static void
heading(struct kymo_buffer *out, const struct kyi_compare *compare)
{
	bool markdown = compare->format == KYI_COMPARE_MARKDOWN;

	if (!compare->phase || compare->format == KYI_COMPARE_JSON)
		return;
	kymo_buffer_str(out, markdown ? "\n### " : "phase ");
	if (markdown)
		code(out, compare->phase, "");
	else
		kymo_escape_terminal(out, compare->phase);
	kymo_buffer_str(out, markdown ? "\n\n" : ":\n");
}

static void
rows_markdown(struct kymo_buffer *out, const struct kymo_buffer *rows,
    const struct kymo_run_diff *diff, const uint32_t *cnt,
    const struct kyi_compare *compare)
{
	if (cnt[KYMO_RUN_WORSE] > 0)
		kymo_buffer_str(out, "**Something is worse than before.** ");
	summary(out, diff, cnt, compare);
	if (rows->len_bytes > 0) {
		kymo_buffer_str(out, "\n| | metric | before | after | change "
		    "(95 %) | p |\n|---|---|--:|--:|--:|--:|\n");
		kymo_buffer_add(out, rows->at, rows->len_bytes);
	}
	distributions_markdown(out, diff);
}

static void
row_add(struct kymo_buffer *out, const struct kyi_compare *compare,
    const struct kymo_run_row *row, uint32_t columns)
{
	if (compare->format == KYI_COMPARE_JSON)
		row_json(out, compare, row);
	else if (!compare->all && !is_told(row))
		return;
	else if (compare->format == KYI_COMPARE_MARKDOWN)
		row_markdown(out, row);
	else
		row_text(out, row, columns);
}

static int
show(const struct kyi_compare *compare, const struct kymo_run_diff *diff)
{
	static const enum kymo_run_verdict order[] = { KYMO_RUN_WORSE,
	    KYMO_RUN_BETTER, KYMO_RUN_CHANGED, KYMO_RUN_UNCLEAR, KYMO_RUN_SAME };
	struct kymo_buffer rows = { 0 }, out = { 0 };
	uint32_t cnt[KYMO_RUN_UNCLEAR + 1] = { 0 };
	uint32_t columns = kyi_terminal_columns();
	int status;

	heading(compare->format == KYI_COMPARE_TEXT ? &rows : &out, compare);
	for (size_t v = 0; v < sizeof(order) / sizeof(order[0]); v++)
		for (uint32_t i = 0; i < diff->row_cnt; i++)
			if (diff->rows[i].verdict == order[v]) {
				cnt[order[v]]++;
				row_add(&rows, compare, &diff->rows[i], columns);
			}
	if (compare->format == KYI_COMPARE_MARKDOWN) {
		rows_markdown(&out, &rows, diff, cnt, compare);
		kymo_buffer_free(&rows);
		rows = out;
	} else if (compare->format == KYI_COMPARE_TEXT) {
		summary(&rows, diff, cnt, compare);
	}
	status = kyi_output(&rows);
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
