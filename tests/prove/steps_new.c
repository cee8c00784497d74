/* SPDX-License-Identifier: MIT */
/* What makes the region grow, and histograms that are not plain ones. */
#include "tests/prove/steps.h"

KYMO_GAUGE_FAMILY(gauge_new, "gauge_new", "g", "k");
KYMO_TEXT(text_new, "text_new", "t");
KYMO_INFO_FAMILY(info_new, "info_new", "i", "k", "again");
KYMO_SUMMARY(summary, "summary", "s");

static struct kymo_histogram sampled;

/* steps.sh has KYMO_COMPONENTS=sampled:0.1. */
static void __attribute__((constructor))
make(void)
{
	struct kymo_desc desc = { .size_bytes = sizeof(desc),
		.kind = KYMO_KIND_HISTOGRAM, .name = "sampled", .help = "s",
		.component = "sampled" };

	sampled = kymo_histogram_at(kymo_family(&desc), 0, NULL);
}

/* A number, and the same again in other words. */
static void
twice(char text[48], uint64_t n)
{
	snprintf(text, 48, "%" PRIu64 " thrice is %" PRIu64, n, n * 3);
}

static int64_t
number_of(const char *text)
{
	uint64_t n = strtoull(text, NULL, 10);
	char want[48];

	twice(want, n);
	return strcmp(want, text) == 0 ? (int64_t)n : -1;
}

/* How many series of a family are there with a value, all of them sound. */
static int64_t
seen_series(const struct steps_view *view, const char *name, uint64_t n)
{
	uint32_t cnt, family_cnt, i;
	const struct kymo_region_series *series =
	    kymo_region_series(view->region, &cnt);
	const struct kymo_region_family *families =
	    kymo_region_families(view->region, &family_cnt);
	int64_t there_cnt = 0;

	for (i = 0; i < cnt; i++) {
		const struct kymo_region_family *of =
		    &families[series[i].family_idx];
		int64_t number;

		if (strcmp(of->name, name) != 0)
			continue;
		number = number_of(series[i].label_values[0]);
		if (number < 1 || (uint64_t)number > n || (of->label_cnt == 2 &&
		    strcmp(series[i].label_values[0],
		    series[i].label_values[1]) != 0))
			return -1;
		if (of->kind == KYMO_METRIC_GAUGE && series[i].value.present &&
		    series[i].value.is.i != number)
			return -1;
		there_cnt += series[i].value.present;
	}
	return there_cnt;
}

void
steps_record_gauge_new(uint64_t n)
{
	char text[48];

	twice(text, n);
	kymo_gauge_set(KYMO_AT(gauge, gauge_new, text), (int64_t)n);
}

int64_t
steps_seen_gauge_new(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)made;
	return seen_series(view, "gauge_new", n);
}

void
steps_record_info_new(uint64_t n)
{
	char text[48];
	const char *const values[] = { text, text };

	twice(text, n);
	kymo_info_at(info_new, 2, values);
}

int64_t
steps_seen_info_new(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)made;
	return seen_series(view, "info_new", n);
}

void
steps_record_text_new(uint64_t n)
{
	char text[48];

	twice(text, n);
	kymo_text_set(text_new, text);
}

int64_t
steps_seen_text_new(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "text_new", NULL);

	(void)made;
	(void)n;
	return value == NULL ? 0 : number_of(value->is.text);
}

void
steps_record_resource(uint64_t n)
{
	char text[48];

	twice(text, n);
	kymo_resource_set("turn", text);
}

int64_t
steps_seen_resource(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_region_info *info = kymo_region_info(view->region);
	uint32_t i;

	(void)made;
	(void)n;
	for (i = 0; i < info->resource_cnt; i++)
		if (strcmp(info->resource[i][0], "turn") == 0)
			return number_of(info->resource[i][1]);
	return 0;
}

/* ---- histograms ------------------------------------------------------------ */

#define VALUE 7u

/* The count, if the sum is its or lacks one record under way of this weight. */
static int64_t
seen_cells(const struct steps_view *view, const char *name, uint64_t weight,
    bool is_under_way)
{
	const struct kymo_metric_value *value = steps_value(view, name, NULL);
	uint64_t cnt = 0;
	uint32_t i;

	if (value == NULL)
		return 0;
	for (i = 0; i < value->is.hist.bucket_cnt; i++)
		cnt += value->is.hist.buckets[i];
	if (cnt % weight != 0 || (value->is.hist.sum != cnt * VALUE &&
	    (!is_under_way || value->is.hist.sum + weight * VALUE !=
	    cnt * VALUE)))
		return -1;
	return (int64_t)cnt;
}

void
steps_record_summary(uint64_t n)
{
	(void)n;
	kymo_histogram_record(summary, VALUE);
}

int64_t
steps_seen_summary(const struct steps_view *view, uint64_t made, uint64_t n)
{
	return seen_cells(view, "summary", 1, made != n);
}

/* Which are kept is drawn: that all are sound is what is seen. */
void
steps_record_sampled(uint64_t n)
{
	(void)n;
	kymo_histogram_record(sampled, VALUE);
}

int64_t
steps_seen_sampled(const struct steps_view *view, uint64_t made, uint64_t n)
{
	uint32_t family_cnt, i;
	const struct kymo_region_family *families =
	    kymo_region_families(view->region, &family_cnt);
	uint64_t weight = 1;

	for (i = 0; i < family_cnt; i++)
		if (strcmp(families[i].name, "sampled") == 0)
			weight = families[i].sample_n;
	return seen_cells(view, "sampled", weight, made != n) < 0 ? -1 :
	    (int64_t)made;
}
