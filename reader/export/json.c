/* SPDX-License-Identifier: MIT */
/* Series as JSON lines. */
#include "reader/export/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "reader/export/export.h"
#include "reader/export/numbers.h"
#include "shm/hist.h"
#include "shm/name.h"

/* ---- members ----------------------------------------------------------- */

static int
dump(const char *bytes, size_t len_bytes, void *buffer)
{
	kymo_buffer_add(buffer, bytes, len_bytes);
	return 0;
}

/* text with U+FFFD for each byte that is not UTF-8. */
static json_t *
repaired(const char *text)
{
	struct kymo_buffer sound = { 0 };
	size_t len_bytes = strlen(text), good;
	json_t *json = NULL;

	while (len_bytes > 0) {
		good = kyi_utf8_len(text, len_bytes);
		kymo_buffer_add(&sound, text, good);
		text += good;
		len_bytes -= good;
		if (len_bytes > 0) {
			kymo_buffer_str(&sound, "\xef\xbf\xbd");
			text++;
			len_bytes--;
		}
	}
	if (!sound.failed)
		json = json_stringn(sound.at, sound.len_bytes);
	kymo_buffer_free(&sound);
	return json;
}

void
kyi_json_string(struct kymo_buffer *buffer, const char *text)
{
	json_t *json = json_string(text);

	if (json == NULL)
		json = repaired(text);
	if (json == NULL || json_dump_callback(json, dump, buffer,
	    JSON_ENCODE_ANY | JSON_ENSURE_ASCII) != 0)
		buffer->failed = true;
	json_decref(json);
}

void
kyi_json_double(struct kymo_buffer *buffer, double d)
{
	bool number = isfinite(d);

	if (!number)
		kymo_buffer_char(buffer, '"');
	kymo_buffer_double(buffer, d);
	if (!number)
		kymo_buffer_char(buffer, '"');
}

void
kyi_json_key(struct kymo_buffer *buffer, const char *key)
{
	char last = '{';

	if (!buffer->failed && buffer->len_bytes > 0)
		last = buffer->at[buffer->len_bytes - 1];
	if (last != '{' && last != '[')
		kymo_buffer_char(buffer, ',');
	kymo_buffer_char(buffer, '"');
	kymo_buffer_str(buffer, key);
	kymo_buffer_str(buffer, "\":");
}

void
kyi_json_member_str(struct kymo_buffer *buffer, const char *key,
    const char *value)
{
	kyi_json_key(buffer, key);
	kyi_json_string(buffer, value);
}

void
kyi_json_member_decimal(struct kymo_buffer *buffer, const char *key,
    uint64_t n, int exponent)
{
	kyi_json_key(buffer, key);
	kymo_buffer_decimal(buffer, false, n, exponent);
}

void
kyi_json_trace(struct kymo_buffer *buffer, uint64_t trace_hi,
    uint64_t trace_lo, uint64_t span_id)
{
	kyi_json_key(buffer, "trace_id");
	kymo_buffer_printf(buffer, "\"%016llx%016llx\"",
	    (unsigned long long)trace_hi, (unsigned long long)trace_lo);
	kyi_json_key(buffer, "span_id");
	kymo_buffer_printf(buffer, "\"%016llx\"", (unsigned long long)span_id);
}

/* ---- values ------------------------------------------------------------ */

static void
quantiles(struct kymo_buffer *buffer, const struct kymo_hist *hist,
    int exponent)
{
	uint32_t i;

	if (kymo_hist_count(hist) == 0)
		return;
	kyi_json_key(buffer, "quantiles");
	kymo_buffer_char(buffer, '{');
	for (i = 0; i < KYI_QUANTILE_CNT; i++) {
		kyi_json_key(buffer, kyi_quantile_names[i]);
		kyi_json_double(buffer, kyi_estimate(kyi_scale(
		    kymo_hist_quantile(hist, kyi_quantiles[i], NULL),
		    exponent)));
	}
	kymo_buffer_char(buffer, '}');
}

/* [above, up to, count], null for no bound. */
static void
bucket(struct kymo_buffer *buffer, double above, double to, uint64_t n)
{
	if (n == 0)
		return;
	if (buffer->failed || buffer->at[buffer->len_bytes - 1] != '[')
		kymo_buffer_char(buffer, ',');
	kymo_buffer_char(buffer, '[');
	kyi_json_double(buffer, above);
	kymo_buffer_char(buffer, ',');
	if (isinf(to))
		kymo_buffer_str(buffer, "null");
	else
		kyi_json_double(buffer, to);
	kymo_buffer_char(buffer, ',');
	kymo_buffer_u64(buffer, n);
	kymo_buffer_char(buffer, ']');
}

static double
bound(const struct kymo_hist *hist, int64_t idx, int exponent)
{
	return kyi_scale(kyi_hist_bound((int32_t)idx, hist->scale), exponent);
}

static void
buckets(struct kymo_buffer *buffer, const struct kymo_hist *hist, int exponent)
{
	int64_t idx = hist->lo_idx;
	uint32_t i;

	kyi_json_key(buffer, "buckets");
	kymo_buffer_char(buffer, '[');
	bucket(buffer, 0, 0, hist->zero);
	bucket(buffer, 0, bound(hist, idx - 1, exponent), hist->under);
	for (i = 0; i < hist->bucket_cnt; i++, idx++)
		if (hist->buckets[i] != 0)
			bucket(buffer, bound(hist, idx - 1, exponent),
			    bound(hist, idx, exponent), hist->buckets[i]);
	bucket(buffer, bound(hist, idx - 1, exponent), (double)INFINITY,
	    hist->over);
	kymo_buffer_char(buffer, ']');
}

static void
exemplar(struct kymo_buffer *buffer, const struct kymo_exemplar_info *info,
    int exponent)
{
	if ((info->trace_hi | info->trace_lo) == 0)
		return;
	kyi_json_key(buffer, "exemplar");
	kymo_buffer_char(buffer, '{');
	kyi_json_member_decimal(buffer, "value", info->value, exponent);
	kyi_json_trace(buffer, info->trace_hi, info->trace_lo, info->span_id);
	kyi_json_member_decimal(buffer, "at", info->at_ns, -9);
	kymo_buffer_char(buffer, '}');
}

static void
hist_members(struct kymo_buffer *buffer, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	const struct kymo_hist *hist = &series->value.is.hist;

	kyi_json_member_decimal(buffer, "count", kymo_hist_count(hist), 0);
	kyi_json_member_decimal(buffer, "sum", hist->sum, family->exponent);
	quantiles(buffer, series->recent != NULL ? series->recent : hist,
	    family->exponent);
	buckets(buffer, hist, family->exponent);
	exemplar(buffer, &series->exemplar, family->exponent);
}

static void
state_members(struct kymo_buffer *buffer,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	uint32_t i;

	kyi_json_key(buffer, "value");
	kymo_buffer_char(buffer, '{');
	for (i = 0; i < family->state_cnt && i < 64; i++) {
		if (i > 0)
			kymo_buffer_char(buffer, ',');
		kyi_json_string(buffer, family->states[i]);
		kymo_buffer_str(buffer, series->value.is.bits >> i & 1 ?
		    ":true" : ":false");
	}
	kymo_buffer_char(buffer, '}');
}

static void
value_members(struct kymo_buffer *buffer,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		hist_members(buffer, family, series);
		break;
	case KYMO_METRIC_INFO:
		kyi_json_member_decimal(buffer, "value", 1, 0);
		break;
	case KYMO_METRIC_TEXT:
		kyi_json_member_str(buffer, "value",
		    kyi_or_empty(series->value.is.text));
		break;
	case KYMO_METRIC_STATE_SET:
		state_members(buffer, family, series);
		break;
	case KYMO_METRIC_HEALTH:
		kyi_json_member_str(buffer, "value", kyi_condition_name(
		    (uint32_t)series->value.is.health.state));
		kyi_json_member_str(buffer, "reason",
		    kyi_or_empty(series->value.is.health.reason));
		if (series->value.is.health.since_ns != 0)
			kyi_json_member_decimal(buffer, "since",
			    series->value.is.health.since_ns, -9);
		break;
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		kyi_json_key(buffer, "value");
		kyi_json_double(buffer, series->value.is.f);
		break;
	default:
		kyi_json_key(buffer, "value");
		if (!kyi_plain_value(buffer, family, series))
			kymo_buffer_str(buffer, "null");
		break;
	}
}

/* ---- lines ------------------------------------------------------------- */

static void
line(struct kymo_buffer *buffer, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	uint32_t i;

	kymo_buffer_char(buffer, '{');
	kyi_json_member_str(buffer, "name", family->name);
	kyi_json_member_str(buffer, "kind", kyi_kind_name(family->kind));
	if (family->unit[0] != '\0')
		kyi_json_member_str(buffer, "unit", family->unit);
	if (family->component[0] != '\0')
		kyi_json_member_str(buffer, "component", family->component);
	kyi_json_key(buffer, "labels");
	kymo_buffer_char(buffer, '{');
	for (i = 0; i < series->label_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(buffer, ',');
		kyi_json_string(buffer, series->labels[i].key);
		kymo_buffer_char(buffer, ':');
		kyi_json_string(buffer, series->labels[i].value);
	}
	kymo_buffer_char(buffer, '}');
	if (series->overflow) {
		kyi_json_key(buffer, "overflow");
		kymo_buffer_str(buffer, "true");
	}
	value_members(buffer, family, series);
	if (isfinite(series->rate)) {
		kyi_json_key(buffer, "rate");
		kymo_buffer_double(buffer, series->rate);
	}
	if (series->created_ns != 0)
		kyi_json_member_decimal(buffer, "created", series->created_ns,
		    -9);
	kymo_buffer_str(buffer, "}\n");
}

void
kymo_export_json(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	uint32_t i, j;

	for (i = 0; i < scan->family_cnt; i++) {
		const struct kymo_family_scan *family = &scan->families[i];

		if (!kymo_filter_family(filter, family))
			continue;
		for (j = 0; j < family->series_cnt; j++)
			if (family->series[j].value.present &&
			    kymo_filter_series(filter, &family->series[j]))
				line(buffer, family, &family->series[j]);
	}
}
