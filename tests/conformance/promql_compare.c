/* SPDX-License-Identifier: MIT */
#include "tests/conformance/promql.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
why_set(struct why *why, const char *format, ...)
{
	va_list args;

	if (why->text[0] != '\0')
		return -1;
	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	return -1;
}

bool
eval_expects(const struct eval *eval, enum expect_kind kind)
{
	for (uint32_t i = 0; i < eval->expect_cnt; i++)
		if (eval->expects[i].kind == kind)
			return true;
	return false;
}

/* ---- values ------------------------------------------------------------------ */

/* Upstream's util/almost with its epsilon 1e-6. */
static bool
almost(double a, double b)
{
	const double smallest = 0x1p-1022, epsilon = 1e-6;
	double sum, diff;

	if (kymo_is_stale(a) || kymo_is_stale(b))
		return kymo_is_stale(a) && kymo_is_stale(b);
	if (isnan(a) && isnan(b))
		return true;
	if (a == b)
		return true;
	sum = fabs(a) + fabs(b);
	diff = fabs(a - b);
	if (a == 0 || b == 0 || sum < smallest)
		return diff < epsilon * smallest;
	return diff / fmin(sum, 0x1.fffffffffffffp1023) < epsilon;
}

/* Without the zeros at its ends. */
static struct kymo_hist_side
trimmed(struct kymo_hist_side side)
{
	while (side.cnt > 0 && side.count[side.cnt - 1] == 0)
		side.cnt--;
	while (side.cnt > 0 && side.count[0] == 0) {
		side.count++;
		side.first++;
		side.cnt--;
	}
	return side;
}

static bool
same_side(struct kymo_hist_side a, struct kymo_hist_side b)
{
	a = trimmed(a);
	b = trimmed(b);
	if (a.cnt != b.cnt || (a.cnt > 0 && a.first != b.first))
		return false;
	for (uint32_t i = 0; i < a.cnt; i++)
		if (!almost(a.count[i], b.count[i]))
			return false;
	return true;
}

static bool
same_hist(const struct kyi_notation_point *expected,
    const struct kymo_native_hist *got)
{
	const struct kymo_native_hist *want = expected->hist;

	if (want->schema != got->schema || !almost(want->count, got->count) ||
	    !almost(want->sum, got->sum) ||
	    (expected->hint_given && want->reset != got->reset))
		return false;
	if (want->schema == KYMO_SCHEMA_CUSTOM) {
		if (want->bound_cnt != got->bound_cnt)
			return false;
		for (uint32_t i = 0; i < want->bound_cnt; i++)
			if (want->bounds[i] != got->bounds[i])
				return false;
	} else if (!almost(want->zero_threshold, got->zero_threshold) ||
	    !almost(want->zero_count, got->zero_count)) {
		return false;
	}
	return same_side(want->pos, got->pos) && same_side(want->neg, got->neg);
}

static void
print_side(FILE *to, const char *name, struct kymo_hist_side side)
{
	if (side.cnt == 0)
		return;
	fprintf(to, " %s:%d[", name, side.first);
	for (uint32_t i = 0; i < side.cnt; i++)
		fprintf(to, "%s%.12g", i == 0 ? "" : " ", side.count[i]);
	fputc(']', to);
}

static void
print_value(FILE *to, double value, const struct kymo_native_hist *hist)
{
	static const char *const hints[] = { "unknown", "reset", "not_reset",
		"gauge" };

	if (hist == NULL) {
		fprintf(to, "%.12g", value);
		return;
	}
	fprintf(to, "{schema:%d count:%.12g sum:%.12g %s", hist->schema,
	    hist->count, hist->sum, hints[hist->reset & 3]);
	if (hist->zero_count != 0 || hist->zero_threshold != 0)
		fprintf(to, " zero:%.12g/%.12g", hist->zero_count,
		    hist->zero_threshold);
	print_side(to, "pos", hist->pos);
	print_side(to, "neg", hist->neg);
	for (uint32_t i = 0; i < hist->bound_cnt; i++)
		fprintf(to, "%s%g", i == 0 ? " bounds:" : ",", hist->bounds[i]);
	fputc('}', to);
}

static void
print_labels(FILE *to, const struct kymo_labels *labels)
{
	fputc('{', to);
	for (uint32_t i = 0; i < labels->cnt; i++)
		fprintf(to, "%s%s=\"%s\"", i == 0 ? "" : ",",
		    labels->at[i].key, labels->at[i].value);
	fputc('}', to);
}

/* ---- series -------------------------------------------------------------------- */

static int
compare_point(const struct kymo_labels *labels,
    const struct kyi_notation_point *want, const struct kymo_point *got,
    struct why *why)
{
	char *text = NULL;
	size_t len;
	FILE *to;

	if (want->hist != NULL && got->hist != NULL &&
	    same_hist(want, got->hist))
		return 0;
	if (want->hist == NULL && got->hist == NULL &&
	    almost(want->value, got->value))
		return 0;
	to = open_memstream(&text, &len);
	print_labels(to, labels);
	fprintf(to, " at %lld ms: expected ", (long long)got->at_ms);
	print_value(to, want->value, want->hist);
	fputs(", got ", to);
	print_value(to, got->value, got->hist);
	fclose(to);
	why_set(why, "%s", text);
	free(text);
	return -1;
}

static int
labels_why(struct why *why, const char *what, const struct kymo_labels *labels)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	print_labels(to, labels);
	fclose(to);
	why_set(why, "%s%s", what, text);
	free(text);
	return -1;
}

/* The times of an expected series' points. */
static int
compare_points(const struct kyi_notation *want,
    const struct kymo_result_series *got, int64_t from_ms, int64_t step_ms,
    struct why *why)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < want->cnt; i++) {
		if (!want->points[i].present)
			continue;
		if (at == got->point_cnt ||
		    got->points[at].at_ms != from_ms + step_ms * i) {
			labels_why(why, "", want->labels);
			snprintf(why->text + strlen(why->text),
			    sizeof why->text - strlen(why->text),
			    ": no point at %lld ms",
			    (long long)(from_ms + step_ms * i));
			return -1;
		}
		if (compare_point(want->labels, &want->points[i],
		    &got->points[at], why) < 0)
			return -1;
		at++;
	}
	if (at != got->point_cnt) {
		char what[64];

		snprintf(what, sizeof what, "a point too many at %lld ms: ",
		    (long long)got->points[at].at_ms);
		return labels_why(why, what, want->labels);
	}
	return 0;
}

static bool
is_all_absent(const struct kyi_notation *want)
{
	for (uint32_t i = 0; i < want->cnt; i++)
		if (want->points[i].present)
			return false;
	return true;
}

static int
compare_series(const struct eval *eval, const struct kymo_result *result,
    int64_t from_ms, int64_t step_ms, struct why *why)
{
	bool ordered = eval_expects(eval, EXPECT_ORDERED);
	uint32_t found = 0, wanted = 0;

	for (uint32_t i = 0; i < result->series_cnt; i++)
		for (uint32_t k = 0; k < i; k++)
			if (kymo_labels_equal(result->series[i].labels,
			    result->series[k].labels))
				return labels_why(why, "twice in the answer: ",
				    result->series[i].labels);
	for (uint32_t i = 0; i < eval->series_cnt; i++) {
		const struct kyi_notation *want = &eval->series[i];
		uint32_t at;

		if (is_all_absent(want))
			continue;
		for (at = 0; at < result->series_cnt; at++)
			if (kymo_labels_equal(want->labels,
			    result->series[at].labels))
				break;
		if (at == result->series_cnt)
			return labels_why(why, "missing: ", want->labels);
		if (ordered && at != wanted)
			return labels_why(why, "not in this place: ",
			    want->labels);
		wanted++;
		found++;
		if (compare_points(want, &result->series[at], from_ms, step_ms,
		    why) < 0)
			return -1;
	}
	if (found == result->series_cnt)
		return 0;
	for (uint32_t i = 0; i < result->series_cnt; i++) {
		bool wanted_too = false;

		for (uint32_t k = 0; k < eval->series_cnt; k++)
			wanted_too = wanted_too ||
			    (kymo_labels_equal(eval->series[k].labels,
			    result->series[i].labels) &&
			    !is_all_absent(&eval->series[k]));
		if (!wanted_too)
			return labels_why(why, "not expected: ",
			    result->series[i].labels);
	}
	return why_set(why, "%u series expected, got %u", found,
	    result->series_cnt);
}

static int
compare_string(const struct eval *eval, const struct kymo_result *result,
    struct why *why)
{
	for (uint32_t i = 0; i < eval->expect_cnt; i++)
		if (eval->expects[i].kind == EXPECT_STRING &&
		    strcmp(eval->expects[i].text, result->string) == 0)
			return 0;
	return why_set(why, "got the string \"%s\"", result->string);
}

int
compare_result(const struct eval *eval, const struct kymo_result *result,
    struct why *why)
{
	if (eval->is_range)
		return compare_series(eval, result, eval->from_ms,
		    eval->step_ms, why);
	switch (result->kind) {
	case KYMO_VALUE_SCALAR:
		if (eval->has_number && almost(eval->number, result->scalar))
			return 0;
		return why_set(why, "expected %s %.12g, got the scalar %.12g",
		    eval->has_number ? "the scalar" : "no scalar,",
		    eval->number, result->scalar);
	case KYMO_VALUE_STRING:
		return compare_string(eval, result, why);
	case KYMO_VALUE_MATRIX:
		if (!eval_expects(eval, EXPECT_RANGE_VECTOR))
			return why_set(why, "got a range vector");
		return compare_series(eval, result, eval->matrix_from_ms,
		    eval->matrix_step_ms, why);
	case KYMO_VALUE_VECTOR:
		break;
	}
	if (eval->has_number)
		return why_set(why, "expected a scalar, got a vector");
	return compare_series(eval, result, result->at_ms, 0, why);
}

/* ---- annotations and failures -------------------------------------------------------- */

static bool
text_matches(const struct expect *expect, const char *text)
{
	regex_t regex;
	bool matches;

	if (expect->text == NULL)
		return true;
	if (!expect->is_regex)
		return strcmp(expect->text, text) == 0;
	if (regcomp(&regex, expect->text, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

static void
annotation_text(const struct kymo_annotation *annotation, char *text,
    size_t size_bytes)
{
	if (annotation->line == 0)
		snprintf(text, size_bytes, "%s", annotation->text);
	else
		snprintf(text, size_bytes, "%s (%u:%u)", annotation->text,
		    annotation->line, annotation->column);
}

/* Every expectation must be met by an annotation, and every annotation of the
   kind meet an expectation. */
static int
compare_kind(const struct eval *eval, const struct kymo_result *result,
    bool warning, struct why *why)
{
	enum expect_kind kind = warning ? EXPECT_WARN : EXPECT_INFO;
	const char *name = warning ? "warning" : "info";
	char text[WHY_BYTES];

	for (uint32_t i = 0; i < eval->expect_cnt; i++) {
		bool met = false;

		if (eval->expects[i].kind != kind)
			continue;
		for (uint32_t k = 0; k < result->annotation_cnt; k++) {
			annotation_text(&result->annotations[k], text,
			    sizeof text);
			met = met || (result->annotations[k].is_warning ==
			    warning && text_matches(&eval->expects[i], text));
		}
		if (!met)
			return why_set(why, "no %s%s%s", name,
			    eval->expects[i].text == NULL ? "" : ": ",
			    eval->expects[i].text == NULL ? "" :
			    eval->expects[i].text);
	}
	for (uint32_t k = 0; k < result->annotation_cnt; k++) {
		bool met = !eval_expects(eval, kind) && !eval_expects(eval,
		    warning ? EXPECT_NO_WARN : EXPECT_NO_INFO);

		if (result->annotations[k].is_warning != warning)
			continue;
		annotation_text(&result->annotations[k], text, sizeof text);
		for (uint32_t i = 0; i < eval->expect_cnt; i++)
			met = met || (eval->expects[i].kind == kind &&
			    text_matches(&eval->expects[i], text));
		if (!met)
			return why_set(why, "%s not expected: %s", name, text);
	}
	return 0;
}

int
compare_annotations(const struct eval *eval, const struct kymo_result *result,
    struct why *why)
{
	if (compare_kind(eval, result, true, why) < 0)
		return -1;
	return compare_kind(eval, result, false, why);
}

int
compare_failure(const struct eval *eval, const char *message, struct why *why)
{
	if (!eval_expects(eval, EXPECT_FAIL))
		return why_set(why, "failed: %s", message);
	for (uint32_t i = 0; i < eval->expect_cnt; i++)
		if (eval->expects[i].kind == EXPECT_FAIL &&
		    !text_matches(&eval->expects[i], message))
			return why_set(why, "failed as \"%s\", expected \"%s\"",
			    message, eval->expects[i].text);
	return 0;
}
