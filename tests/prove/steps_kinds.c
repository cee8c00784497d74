/* SPDX-License-Identifier: MIT */
#include "tests/prove/steps.h"

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_COUNTER_FAMILY(labelled, "labelled_total", "l", "k");
KYMO_UPDOWN(updown, "updown", "u");
KYMO_FLOAT_COUNTER(float_counter, "float_counter_total", "f");
KYMO_GAUGE(gauge_set, "gauge_set", "g");
KYMO_GAUGE(gauge_add, "gauge_add", "g");
KYMO_FLOAT_GAUGE(float_set, "float_set", "g");
KYMO_FLOAT_GAUGE(float_add, "float_add", "g");
KYMO_MAX(max, "max", "m");
KYMO_MIN(min, "min", "m");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_HISTOGRAM(hist_observe, "hist_observe", "h");
KYMO_HISTOGRAM(hist_zero, "hist_zero", "h");
KYMO_HISTOGRAM(hist_over, "hist_over", "h");
KYMO_HISTOGRAM_FAMILY(hist_labelled, "hist_labelled", "h", "k");
KYMO_TIMER(timer, "timer_seconds", "t");
KYMO_TIMER(lap, "lap_seconds", "t");
KYMO_TIMER_SAMPLED(half, "half_seconds", "t", 2);

static struct kymo_family many;

static void __attribute__((constructor))
make(void)
{
	static const char *const keys[] = { "k" };
	struct kymo_desc desc = { .size_bytes = sizeof(desc),
		.kind = KYMO_KIND_COUNTER, .name = "many", .help = "m",
		.label_keys = keys, .label_cnt = 1, .series_max = 4096 };

	many = kymo_family(&desc);
}

/* ---- counts -------------------------------------------------------------- */

static void
record_counter(uint64_t n)
{
	(void)n;
	kymo_counter_inc(counter);
}

static int64_t
seen_count(const struct steps_view *view, const char *name, const char *label)
{
	const struct kymo_metric_value *value =
	    steps_value(view, name, label);

	return value == NULL ? 0 : (int64_t)value->is.u;
}

static int64_t
seen_double(const struct steps_view *view, const char *name, double sign)
{
	const struct kymo_metric_value *value = steps_value(view, name, NULL);
	double n = value == NULL ? 0 : sign * value->is.f;

	return n >= 0 && n < 1e9 && n - (double)(int64_t)n == 0 ?
	    (int64_t)n : -1;
}

#define SEEN(kind, ...)                                                       \
	static int64_t seen_##kind(const struct steps_view *view,             \
	    uint64_t made, uint64_t n)                                        \
	{                                                                     \
		(void)made;                                                   \
		(void)n;                                                      \
		return __VA_ARGS__;                                           \
	}
SEEN(counter, seen_count(view, "counter", NULL))
SEEN(lookup, seen_count(view, "labelled", "looked up"))
SEEN(lookup_fixed, seen_count(view, "labelled", "fixed"))
SEEN(updown, seen_count(view, "updown", NULL))
SEEN(float_counter, seen_double(view, "float_counter", 1))
SEEN(gauge_set, seen_count(view, "gauge_set", NULL))
SEEN(gauge_add, seen_count(view, "gauge_add", NULL))
SEEN(float_set, seen_double(view, "float_set", 1))
SEEN(float_add, seen_double(view, "float_add", 1))
SEEN(max, seen_double(view, "max", 1))
SEEN(min, seen_double(view, "min", -1))
SEEN(heartbeat, (int64_t)kymo_region_info(view->region)->heartbeat_cnt)
#undef SEEN

static void
record_lookup(uint64_t n)
{
	(void)n;
	kymo_counter_inc(KYMO_AT(counter, labelled, "looked up"));
}

static void
record_lookup_fixed(uint64_t n)
{
	(void)n;
	kymo_counter_inc(KYMO_AT_FIXED(counter, labelled, "fixed"));
}

static void
record_updown(uint64_t n)
{
	(void)n;
	kymo_updown_add(updown, 1);
}

static void
record_float_counter(uint64_t n)
{
	(void)n;
	kymo_float_counter_add(float_counter, 1);
}

static void
record_gauge_set(uint64_t n)
{
	kymo_gauge_set(gauge_set, (int64_t)n);
}

static void
record_gauge_add(uint64_t n)
{
	(void)n;
	kymo_gauge_add(gauge_add, 1);
}

static void
record_float_set(uint64_t n)
{
	kymo_float_gauge_set(float_set, (double)n);
}

static void
record_float_add(uint64_t n)
{
	(void)n;
	kymo_float_gauge_add(float_add, 1);
}

static void
record_max(uint64_t n)
{
	kymo_max_record(max, (double)n);
}

static void
record_min(uint64_t n)
{
	kymo_min_record(min, -(double)n);
}

static void
record_heartbeat(uint64_t n)
{
	(void)n;
	kymo_heartbeat();
}

/* Each makes a series of its own. */
uint32_t
steps_label(uint64_t n)
{
	struct kymo_counter c;
	char value[24];

	snprintf(value, sizeof(value), "v%" PRIu64, n);
	c = KYMO_AT(counter, many, value);
	kymo_counter_inc(c);
	return c.off_;
}

static void
record_label(uint64_t n)
{
	steps_label(n);
}

/* One in each series: none has more, and no series is missing. */
static int64_t
seen_label(const struct steps_view *view, uint64_t made, uint64_t n)
{
	uint32_t cnt, family_cnt, i;
	const struct kymo_region_series *series =
	    kymo_region_series(view->region, &cnt);
	const struct kymo_region_family *families =
	    kymo_region_families(view->region, &family_cnt);
	int64_t sum = 0;

	(void)made;
	(void)n;
	for (i = 0; i < cnt; i++) {
		if (strcmp(families[series[i].family_idx].name, "many") != 0)
			continue;
		if (series[i].value.is.u > 1)
			return -1;
		sum += (int64_t)series[i].value.is.u;
	}
	return sum;
}

/* ---- histograms ------------------------------------------------------------ */

static uint64_t
value_of(uint64_t n)
{
	return n % 50 + 1;
}

static uint64_t
sum_of(uint64_t cnt)
{
	uint64_t sum = 0, n;

	for (n = 1; n <= cnt; n++)
		sum += value_of(n);
	return sum;
}

static uint64_t
hist_cnt(const struct kymo_hist *cells)
{
	uint64_t cnt = cells->zero + cells->under + cells->over;
	uint32_t i;

	for (i = 0; i < cells->bucket_cnt; i++)
		cnt += cells->buckets[i];
	return cnt;
}

/* The bucket comes before the sum, which may lack one observation while its
   record is under way; it never runs ahead. */
static int64_t
seen_cells(const struct steps_view *view, const char *name, const char *label,
    uint64_t made, bool with_sum)
{
	const struct kymo_metric_value *value =
	    steps_value(view, name, label);
	uint64_t cnt, sum;

	if (value == NULL)
		return 0;
	cnt = hist_cnt(&value->is.hist);
	sum = value->is.hist.sum;
	if (!with_sum)
		return sum == 0 ? (int64_t)cnt : -1;
	if (sum != sum_of(cnt) && (cnt <= made || sum != sum_of(cnt - 1)))
		return -1;
	return (int64_t)cnt;
}

static void
record_hist(uint64_t n)
{
	kymo_histogram_record(hist, value_of(n));
}

static int64_t
seen_hist(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)n;
	return seen_cells(view, "hist", NULL, made, true);
}

static void
record_observe(uint64_t n)
{
	kymo_histogram_observe(hist_observe, (double)value_of(n));
}

static int64_t
seen_observe(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)n;
	return seen_cells(view, "hist_observe", NULL, made, true);
}

static void
record_hist_zero(uint64_t n)
{
	(void)n;
	kymo_histogram_record(hist_zero, 0);
}

static int64_t
seen_hist_zero(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)n;
	return seen_cells(view, "hist_zero", NULL, made, false);
}

static void
record_hist_over(uint64_t n)
{
	(void)n;
	kymo_histogram_observe(hist_over, 1e30);
}

static int64_t
seen_hist_over(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)n;
	return seen_cells(view, "hist_over", NULL, made, false);
}

static void
record_hist_label(uint64_t n)
{
	kymo_histogram_record(KYMO_AT(histogram, hist_labelled, "k"),
	    value_of(n));
}

static int64_t
seen_hist_label(const struct steps_view *view, uint64_t made, uint64_t n)
{
	(void)n;
	return seen_cells(view, "hist_labelled", "k", made, true);
}

static void
record_timer(uint64_t n)
{
	(void)n;
	kymo_timer_stop(timer, kymo_timer_start(timer));
}

static int64_t
seen_timer(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "timer_seconds", NULL);

	(void)made;
	(void)n;
	return value == NULL ? 0 : (int64_t)hist_cnt(&value->is.hist);
}

static void
record_lap(uint64_t n)
{
	static __thread uint64_t at_ns;

	(void)n;
	if (at_ns == 0)
		at_ns = kymo_timer_start(lap);
	kymo_timer_lap(lap, &at_ns);
}

static int64_t
seen_lap(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "lap_seconds", NULL);

	(void)made;
	(void)n;
	return value == NULL ? 0 : (int64_t)hist_cnt(&value->is.hist);
}

/* Of two one is kept, and is two. */
static void
record_timer_sampled(uint64_t n)
{
	(void)n;
	kymo_timer_stop(half, kymo_timer_start(half));
	kymo_timer_stop(half, kymo_timer_start(half));
}

static int64_t
seen_timer_sampled(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "half_seconds", NULL);
	uint64_t cnt = value == NULL ? 0 : hist_cnt(&value->is.hist);

	(void)made;
	(void)n;
	return cnt % 2 != 0 ? -1 : (int64_t)(cnt / 2);
}

#define KIND(name) { #name, record_##name, seen_##name, false, false }
#define KIND_SET(name, may_vanish, is_new) { #name, steps_record_##name, \
	steps_seen_##name, may_vanish, is_new }
const struct steps_kind steps_kinds[] = {
	KIND(counter), KIND(updown), KIND(float_counter), KIND(gauge_set),
	KIND(gauge_add), KIND(float_set), KIND(float_add), KIND(max),
	KIND(min), KIND(hist), KIND(observe), KIND(hist_zero),
	KIND(hist_over), KIND(timer), KIND(lap), KIND(lookup),
	KIND(timer_sampled),
	KIND(lookup_fixed), KIND(heartbeat), KIND(hist_label),
	{ "label", record_label, seen_label, false, true },
	KIND_SET(text, false, false), KIND_SET(state_be, false, false),
	KIND_SET(state_bit, false, false), KIND_SET(health, true, false),
	KIND_SET(span, false, false), KIND_SET(log, false, false),
	KIND_SET(exemplar, false, false), KIND_SET(summary, false, false),
	KIND_SET(sampled, false, false), KIND_SET(gauge_new, false, true),
	KIND_SET(text_new, false, true), KIND_SET(info_new, false, true),
	KIND_SET(resource, false, true),
};
const uint32_t steps_kind_cnt = sizeof(steps_kinds) / sizeof(*steps_kinds);

uint32_t
steps_kind_of(const char *name)
{
	uint32_t kind;

	for (kind = 0; kind < steps_kind_cnt; kind++)
		if (strcmp(steps_kinds[kind].name, name) == 0)
			return kind;
	errno = ENOENT;
	prove_die(name);
	return 0;
}

void
steps_record(uint32_t kind)
{
	uint64_t n = steps_shared->begun[kind] + 1;

	steps_shared->begun[kind] = n;
	steps_kinds[kind].record(n);
	steps_shared->made[kind] = n;
}

void
steps_record_each(void)
{
	static const char *const each[] = { "counter", "hist", "lookup", "text",
		"health", "span", "log", "gauge_set" };
	size_t i;

	for (i = 0; i < sizeof(each) / sizeof(*each); i++)
		steps_record(steps_kind_of(each[i]));
}
