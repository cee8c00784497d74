/* SPDX-License-Identifier: MIT */
/* Looks at all that a scan gave, and aborts where that is not what region.h
   promises: valid UTF-8, names of the grammar, counters that never fall. */
#ifndef TESTS_FUZZ_REGION_LOOK_H
#define TESTS_FUZZ_REGION_LOOK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/region/region.h"
#include "shm/layout.h"
#include "shm/name.h"
#include "tests/testlib/make_region.h"

static volatile uint64_t look_sink;

static void
look_text(const char *text)
{
	size_t bytes = strlen(text);

	MAKE_NEED(kyi_utf8_len(text, bytes) == bytes);
	MAKE_NEED(bytes <= 3 * KYI_STRING_BYTES_MAX);
}

static void
look_at_families(const struct kymo_region *region)
{
	uint32_t cnt, i, j;
	const struct kymo_region_family *families =
	    kymo_region_families(region, &cnt);

	for (i = 0; i < cnt; i++) {
		const struct kymo_region_family *family = &families[i];

		MAKE_NEED(kyi_metric_name_is(family->name,
		    strlen(family->name)));
		MAKE_NEED(family->kind >= KYMO_METRIC_COUNTER &&
		    family->kind <= KYMO_METRIC_HEALTH);
		MAKE_NEED(family->label_cnt <= KYI_LABEL_MAX &&
		    family->state_cnt <= KYI_STATE_MAX);
		look_text(family->help);
		look_text(family->unit);
		look_text(family->component);
		for (j = 0; j < family->label_cnt; j++)
			MAKE_NEED(kyi_label_name_is(family->label_keys[j],
			    strlen(family->label_keys[j])));
		for (j = 0; j < family->state_cnt; j++)
			look_text(family->states[j]);
		for (j = 0; j < i && i < 50; j++)
			MAKE_NEED(strcmp(families[j].name, family->name) != 0);
	}
}

static void
look_at_value(const struct kymo_region_family *family,
    const struct kymo_metric_value *value)
{
	uint32_t i;

	switch (family->kind) {
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		MAKE_NEED(value->is.hist.bucket_cnt <= KYI_BUCKET_MAX);
		MAKE_NEED(value->is.hist.scale <= KYI_SCALE_MAX);
		for (i = 0; i < value->is.hist.bucket_cnt; i++)
			look_sink += value->is.hist.buckets[i];
		break;
	case KYMO_METRIC_TEXT:
		look_text(value->is.text);
		break;
	case KYMO_METRIC_HEALTH:
		look_text(value->is.health.reason);
		MAKE_NEED(value->is.health.state <= KYMO_IS_FAILING);
		break;
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		MAKE_NEED(value->is.f == value->is.f);
		break;
	case KYMO_METRIC_STATE_SET:
		MAKE_NEED(family->state_cnt == 64 ||
		    value->is.bits >> family->state_cnt == 0);
		break;
	default:
		break;
	}
}

/* Counters of the last scan: they never fall. */
static uint64_t look_counters[256];

static void
look_at_series(const struct kymo_region *region)
{
	uint32_t cnt, family_cnt, i, j;
	const struct kymo_region_family *families =
	    kymo_region_families(region, &family_cnt), *family;
	const struct kymo_region_series *series =
	    kymo_region_series(region, &cnt);

	for (i = 0; i < cnt; i++) {
		MAKE_NEED(series[i].family_idx < family_cnt);
		family = &families[series[i].family_idx];
		for (j = 0; j < family->label_cnt; j++)
			look_text(series[i].label_values[j]);
		if (series[i].value.present)
			look_at_value(family, &series[i].value);
		if (family->kind == KYMO_METRIC_COUNTER && i < 256) {
			MAKE_NEED(series[i].value.is.u >= look_counters[i]);
			look_counters[i] = series[i].value.is.u;
		}
	}
}

static void
look_at_events(const struct kymo_region *region)
{
	uint32_t cnt, series_cnt, i;
	const struct kymo_span_info *spans = kymo_region_spans(region, &cnt);
	const struct kymo_log_info *logs;
	const struct kymo_exemplar_info *exemplars;

	for (i = 0; i < cnt; i++) {
		look_text(spans[i].name);
		look_text(spans[i].component);
		look_text(spans[i].thread);
		MAKE_NEED(spans[i].status <= 2);
		MAKE_NEED(i == 0 || spans[i - 1].open || !spans[i].open);
	}
	logs = kymo_region_logs(region, &cnt);
	for (i = 0; i < cnt; i++) {
		const char *c;

		look_text(logs[i].text);
		for (c = logs[i].text; *c != '\0'; c++)
			MAKE_NEED((unsigned char)*c >= 0x20 && *c != 0x7f);
		look_text(logs[i].component);
		look_text(logs[i].thread);
		MAKE_NEED(logs[i].severity >= 1 && logs[i].severity <= 5);
		MAKE_NEED(i == 0 || logs[i - 1].at_ns <= logs[i].at_ns);
	}
	exemplars = kymo_region_exemplars(region, &cnt);
	kymo_region_series(region, &series_cnt);
	for (i = 0; i < cnt; i++)
		MAKE_NEED(exemplars[i].series_idx < series_cnt);
}

static void
look_scan(struct kymo_region *region, unsigned parts)
{
	const struct kymo_region_info *info = kymo_region_info(region);
	struct kymo_error error = { "" };
	uint32_t i;

	if (kymo_region_scan(region, parts, &error) != 0) {
		MAKE_NEED(error.text[0] != '\0');
		return;
	}
	look_text(info->service);
	for (i = 0; i < info->resource_cnt; i++) {
		look_text(info->resource[i][0]);
		look_text(info->resource[i][1]);
	}
	look_at_families(region);
	look_at_series(region);
	if ((parts & KYMO_SCAN_EVENTS) != 0)
		look_at_events(region);
}

static void
look_fault(void *to, uint64_t off, const char *text)
{
	for (; *text != '\0'; text++)
		MAKE_NEED(*text >= 0x20 && *text < 0x7f);
	look_sink += off;
}

#endif
