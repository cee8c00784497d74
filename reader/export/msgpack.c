/* SPDX-License-Identifier: MIT */
/* A scan as one msgpack map (docs/formats.md). Numbers are the recorded ones;
   the family's exponent says what they are in its unit. */
#include "reader/export/export.h"
#include "reader/export/msgpack_pack.h"
#include "reader/export/numbers.h"

#define FORMAT_VERSION 1

/* Buckets without the empty ones at both ends; lo_idx is the first's. */
static void
pack_hist(msgpack_packer *to, const struct kymo_hist *hist)
{
	uint32_t first = 0, end = hist->bucket_cnt, i;

	while (end > 0 && hist->buckets[end - 1] == 0)
		end--;
	while (first < end && hist->buckets[first] == 0)
		first++;
	msgpack_pack_map(to, 7);
	kyi_pack_member_u64(to, "scale", hist->scale);
	kyi_pack_member_i64(to, "lo_idx", (int64_t)hist->lo_idx + first);
	kyi_pack_str(to, "buckets");
	msgpack_pack_array(to, end - first);
	for (i = first; i < end; i++)
		msgpack_pack_uint64(to, hist->buckets[i]);
	kyi_pack_member_u64(to, "zero", hist->zero);
	kyi_pack_member_u64(to, "under", hist->under);
	kyi_pack_member_u64(to, "over", hist->over);
	kyi_pack_member_u64(to, "sum", hist->sum);
}

static void
pack_health(msgpack_packer *to, const struct kymo_series *series)
{
	msgpack_pack_map(to, 3);
	kyi_pack_member_str(to, "state", kyi_condition_name(
	    (uint32_t)series->value.is.health.state));
	kyi_pack_member_str(to, "reason",
	    kyi_or_empty(series->value.is.health.reason));
	kyi_pack_member_u64(to, "since_ns", series->value.is.health.since_ns);
}

static void
pack_value(msgpack_packer *to, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_STATE_SET:
		msgpack_pack_uint64(to, series->value.is.u);
		break;
	case KYMO_METRIC_UPDOWN:
	case KYMO_METRIC_GAUGE:
		msgpack_pack_int64(to, series->value.is.i);
		break;
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		msgpack_pack_double(to, series->value.is.f);
		break;
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		pack_hist(to, &series->value.is.hist);
		break;
	case KYMO_METRIC_TEXT:
		kyi_pack_str(to, kyi_or_empty(series->value.is.text));
		break;
	case KYMO_METRIC_HEALTH:
		pack_health(to, series);
		break;
	default:
		msgpack_pack_nil(to);
		break;
	}
}

static void
pack_series(msgpack_packer *to, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	uint32_t i;

	msgpack_pack_map(to, 4);
	kyi_pack_str(to, "labels");
	msgpack_pack_map(to, series->label_cnt);
	for (i = 0; i < series->label_cnt; i++)
		kyi_pack_member_str(to, series->labels[i].key,
		    series->labels[i].value);
	kyi_pack_str(to, "overflow");
	if (series->overflow)
		msgpack_pack_true(to);
	else
		msgpack_pack_false(to);
	kyi_pack_member_u64(to, "created_ns", series->created_ns);
	kyi_pack_str(to, "value");
	pack_value(to, family, series);
}

static bool
shown(const struct kymo_filter *filter, const struct kymo_series *series)
{
	return series->value.present && kymo_filter_series(filter, series);
}

static void
pack_family(msgpack_packer *to, const struct kymo_family_scan *family,
    const struct kymo_filter *filter)
{
	uint32_t cnt = 0, i;

	msgpack_pack_map(to, 9);
	kyi_pack_member_str(to, "name", family->name);
	kyi_pack_member_str(to, "kind", kyi_kind_name(family->kind));
	kyi_pack_member_str(to, "help", family->help);
	kyi_pack_member_str(to, "unit", family->unit);
	kyi_pack_member_str(to, "component", family->component);
	kyi_pack_member_i64(to, "exponent", family->exponent);
	kyi_pack_member_u64(to, "sample_n", family->sample_n);
	kyi_pack_str(to, "states");
	msgpack_pack_array(to, family->state_cnt);
	for (i = 0; i < family->state_cnt; i++)
		kyi_pack_str(to, family->states[i]);
	for (i = 0; i < family->series_cnt; i++)
		cnt += shown(filter, &family->series[i]);
	kyi_pack_str(to, "series");
	msgpack_pack_array(to, cnt);
	for (i = 0; i < family->series_cnt; i++)
		if (shown(filter, &family->series[i]))
			pack_series(to, family, &family->series[i]);
}

void
kymo_export_msgpack(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter)
{
	msgpack_packer to;
	uint32_t cnt = 0, i;

	kyi_pack_to(&to, buffer);
	msgpack_pack_map(&to, 4);
	kyi_pack_member_u64(&to, "kymo", FORMAT_VERSION);
	kyi_pack_member_u64(&to, "at_ns", scan->at_ns);
	kyi_pack_member_u64(&to, "number", scan->number);
	kyi_pack_str(&to, "families");
	for (i = 0; i < scan->family_cnt; i++)
		cnt += kymo_filter_family(filter, &scan->families[i]);
	msgpack_pack_array(&to, cnt);
	for (i = 0; i < scan->family_cnt; i++)
		if (kymo_filter_family(filter, &scan->families[i]))
			pack_family(&to, &scan->families[i], filter);
}
