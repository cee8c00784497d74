/* SPDX-License-Identifier: MIT */
#include "reader/serve/put.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/eval.h"
#include "reader/query/hist.h"

/* ---- numbers ----------------------------------------------------------- */

#define DIGITS_MAX 40

/* The fewest digits that read back as value (finite), and the power of ten of
   the first. */
static int
digits_of(double value, char digits[DIGITS_MAX + 1], int *power)
{
	struct kymo_buffer text = { 0 };
	char few[KYI_NUMBER_BYTES];
	int cnt = 0, point = -1;
	const char *at;

	/* Subnormal ones have fewer digits than kymo_buffer_double begins
	   with. */
	if (fabs(value) < DBL_MIN) {
		kyi_number_short(fabs(value), few);
		kymo_buffer_str(&text, few);
	} else {
		kymo_buffer_double(&text, fabs(value));
	}
	*power = 0;
	for (at = text.failed ? "0" : text.at; *at != '\0' && *at != 'e';
	    at++) {
		if (*at == '.')
			point = cnt;
		else if (cnt == 0 && *at == '0')
			*power -= point >= 0; /* 0.00x */
		else if (cnt < DIGITS_MAX)
			digits[cnt++] = *at;
	}
	if (point < 0)
		point = cnt;
	*power += point - 1 + (*at == 'e' ? atoi(at + 1) : 0);
	while (cnt > 1 && digits[cnt - 1] == '0')
		cnt--;
	if (cnt == 0) {
		digits[cnt++] = '0';
		*power = 0;
	}
	digits[cnt] = '\0';
	kymo_buffer_free(&text);
	return cnt;
}

static void
put_plain(struct kymo_buffer *out, const char *digits, int cnt, int power)
{
	int i;

	if (power < 0) {
		kymo_buffer_str(out, "0.");
		for (i = -1; i > power; i--)
			kymo_buffer_char(out, '0');
		kymo_buffer_str(out, digits);
		return;
	}
	for (i = 0; i < cnt || i <= power; i++) {
		if (i == power + 1)
			kymo_buffer_char(out, '.');
		kymo_buffer_char(out, i < cnt ? digits[i] : '0');
	}
}

static bool
put_special(struct kymo_buffer *out, double value)
{
	if (isfinite(value))
		return false;
	kymo_buffer_str(out, isnan(value) ? "\"NaN\"" : value > 0 ?
	    "\"+Inf\"" : "\"-Inf\"");
	return true;
}

static void
put_with_power(struct kymo_buffer *out, const char *digits, int cnt, int power)
{
	kymo_buffer_char(out, digits[0]);
	if (cnt > 1)
		kymo_buffer_printf(out, ".%s", digits + 1);
	kymo_buffer_printf(out, "e%c%02d", power < 0 ? '-' : '+', abs(power));
}

static void
put_quoted(struct kymo_buffer *out, double value, bool with_power)
{
	char digits[DIGITS_MAX + 1];
	int cnt, power;

	if (put_special(out, value))
		return;
	cnt = digits_of(value, digits, &power);
	kymo_buffer_str(out, signbit(value) ? "\"-" : "\"");
	if (with_power)
		put_with_power(out, digits, cnt, power);
	else
		put_plain(out, digits, cnt, power);
	kymo_buffer_char(out, '"');
}

void
kyi_put_number(struct kymo_buffer *out, double value)
{
	double size = fabs(value);

	/* What most values are. */
	if (size < 1e15 && size >= 1 && value == rint(value)) {
		kymo_buffer_char(out, '"');
		kymo_buffer_i64(out, (int64_t)value);
		kymo_buffer_char(out, '"');
		return;
	}
	put_quoted(out, value, size != 0 && (size < 1e-6 || size >= 1e21));
}

void
kyi_put_exponent(struct kymo_buffer *out, double value)
{
	put_quoted(out, value, true);
}

void
kyi_put_time(struct kymo_buffer *out, int64_t ms)
{
	if (ms < 0) {
		kymo_buffer_char(out, '-');
		ms = -ms;
	}
	kymo_buffer_i64(out, ms / 1000);
	if (ms % 1000 != 0)
		kymo_buffer_printf(out, ".%03d", (int)(ms % 1000));
}

void
kyi_put_seconds(struct kymo_buffer *out, double seconds)
{
	kyi_json_double(out, seconds);
}

/* ---- series ------------------------------------------------------------ */

void
kyi_put_labels(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	uint32_t i;

	kymo_buffer_char(out, '{');
	for (i = 0; i < labels->cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kyi_json_string(out, labels->at[i].key);
		kymo_buffer_char(out, ':');
		kyi_json_string(out, labels->at[i].value);
	}
	kymo_buffer_char(out, '}');
}

/* Which ends belong to it: 0 the upper, 1 the lower, 2 none, 3 both. */
static int
ends_of(const struct kymo_native_hist *hist, const struct kyi_bucket *bucket)
{
	bool lower, upper = true;

	if (kyi_hist_custom(hist)) {
		lower = isinf(bucket->lower);
	} else if (bucket->lower <= 0 && bucket->upper >= 0 &&
	    bucket->lower == -bucket->upper) {
		lower = true; /* the zero bucket */
	} else {
		lower = bucket->lower < 0;
		upper = bucket->upper > 0;
	}
	if (lower)
		return upper ? 3 : 1;
	return upper ? 0 : 2;
}

static void
put_hist(struct kymo_buffer *out, const struct kymo_native_hist *hist)
{
	struct kyi_buckets buckets;
	bool any = false;

	kymo_buffer_str(out, "{\"count\":");
	kyi_put_number(out, hist->count);
	kymo_buffer_str(out, ",\"sum\":");
	kyi_put_number(out, hist->sum);
	kyi_buckets_start(&buckets, hist, false);
	while (kyi_buckets_next(&buckets)) {
		const struct kyi_bucket *bucket = &buckets.bucket;

		if (bucket->count == 0)
			continue;
		kymo_buffer_str(out, any ? ",[" : ",\"buckets\":[[");
		any = true;
		kymo_buffer_i64(out, ends_of(hist, bucket));
		kymo_buffer_char(out, ',');
		kyi_put_number(out, bucket->lower);
		kymo_buffer_char(out, ',');
		kyi_put_number(out, bucket->upper);
		kymo_buffer_char(out, ',');
		kyi_put_number(out, bucket->count);
		kymo_buffer_char(out, ']');
	}
	kymo_buffer_str(out, any ? "]}" : "}");
}

static void
put_point(struct kymo_buffer *out, const struct kymo_point *point)
{
	kymo_buffer_char(out, '[');
	kyi_put_time(out, point->at_ms);
	kymo_buffer_char(out, ',');
	if (point->hist != NULL)
		put_hist(out, point->hist);
	else
		kyi_put_number(out, point->value);
	kymo_buffer_char(out, ']');
}

/* Floats and histograms of a series apart. */
static void
put_points(struct kymo_buffer *out, const struct kymo_result_series *series,
    bool hists)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < series->point_cnt; i++) {
		if ((series->points[i].hist != NULL) != hists)
			continue;
		if (any)
			kymo_buffer_char(out, ',');
		else
			kymo_buffer_str(out, hists ? ",\"histograms\":[" :
			    ",\"values\":[");
		any = true;
		put_point(out, &series->points[i]);
	}
	if (any)
		kymo_buffer_char(out, ']');
}

static void
put_series(struct kymo_buffer *out, const struct kymo_result_series *series,
    bool matrix)
{
	kymo_buffer_str(out, "{\"metric\":");
	kyi_put_labels(out, series->labels);
	if (matrix) {
		put_points(out, series, false);
		put_points(out, series, true);
	} else {
		kymo_buffer_str(out, series->points[0].hist != NULL ?
		    ",\"histogram\":" : ",\"value\":");
		put_point(out, &series->points[0]);
	}
	kymo_buffer_char(out, '}');
}

bool
kyi_put_result(struct kymo_buffer *out, const struct kymo_result *result,
    uint64_t limit, size_t bytes_max)
{
	static const char *const types[] = {
		[KYMO_VALUE_SCALAR] = "scalar",
		[KYMO_VALUE_STRING] = "string",
		[KYMO_VALUE_VECTOR] = "vector",
		[KYMO_VALUE_MATRIX] = "matrix"
	};
	uint32_t i;

	kymo_buffer_printf(out, "\"resultType\":\"%s\",\"result\":[",
	    types[result->kind]);
	if (result->kind == KYMO_VALUE_SCALAR ||
	    result->kind == KYMO_VALUE_STRING) {
		kyi_put_time(out, result->at_ms);
		kymo_buffer_char(out, ',');
		if (result->kind == KYMO_VALUE_SCALAR)
			kyi_put_number(out, result->scalar);
		else
			kyi_json_string(out, result->string);
	} else {
		for (i = 0; i < result->series_cnt && (limit == 0 ||
		    i < limit) && out->len_bytes <= bytes_max; i++) {
			if (i > 0)
				kymo_buffer_char(out, ',');
			put_series(out, &result->series[i],
			    result->kind == KYMO_VALUE_MATRIX);
		}
	}
	kymo_buffer_char(out, ']');
	return out->len_bytes <= bytes_max;
}

/* ---- notes ------------------------------------------------------------- */

static void
put_note(struct kymo_buffer *out, const struct kymo_annotation *note)
{
	struct kymo_buffer text = { 0 };

	kymo_buffer_str(&text, note->text);
	if (note->line > 0)
		kymo_buffer_printf(&text, " (%u:%u)", note->line,
		    note->column);
	if (text.failed)
		out->failed = true;
	else
		kyi_json_string(out, text.at);
	kymo_buffer_free(&text);
}

static bool
put_kind(struct kymo_buffer *out, const struct kymo_result *result,
    bool warnings)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < result->annotation_cnt; i++) {
		if (result->annotations[i].is_warning != warnings)
			continue;
		if (any)
			kymo_buffer_char(out, ',');
		else
			kymo_buffer_str(out, warnings ? ",\"warnings\":[" :
			    ",\"infos\":[");
		any = true;
		put_note(out, &result->annotations[i]);
	}
	return any;
}

void
kyi_put_notes(struct kymo_buffer *out, const struct kymo_result *result,
    bool cut, const char *more)
{
	static const char truncated[] = "results truncated due to limit";
	const char *const ours[] = { cut ? truncated : "", more };
	bool any = result != NULL && put_kind(out, result, true);

	for (size_t i = 0; i < 2; i++) {
		if (*ours[i] == '\0')
			continue;
		kymo_buffer_str(out, any ? "," : ",\"warnings\":[");
		kyi_json_string(out, ours[i]);
		any = true;
	}
	if (any)
		kymo_buffer_char(out, ']');
	if (result != NULL && put_kind(out, result, false))
		kymo_buffer_char(out, ']');
}
