/* SPDX-License-Identifier: MIT */
/* Values, and what makes the region grow. */
#include <pthread.h>

#include "tests/prove/readers.h"

bool readers_by_words;

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_UPDOWN(updown, "updown", "u");
KYMO_FLOAT_COUNTER(float_counter, "float_counter_total", "f");
KYMO_GAUGE(gauge, "gauge", "g");
KYMO_FLOAT_GAUGE(float_gauge, "float_gauge", "g");
KYMO_MAX(max, "max", "m");
KYMO_MIN(min, "min", "m");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_TEXT(text, "text", "t");
KYMO_TEXT(text_new, "text_new", "t");
KYMO_HEALTH(health, "health", "h");
KYMO_COUNTER(gone, "gone_total", "t");
KYMO_COUNTER(stay, "stay_total", "t");
KYMO_HISTOGRAM_FAMILY(hist_label, "hist_label", "h", "k");

static struct kymo_family many, info;
static struct kymo_state_set states;

#define TEXT_CNT 64u
static char texts[TEXT_CNT][64];

static void __attribute__((constructor))
make(void)
{
	static const char *const keys[] = { "k", "again" };
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct kymo_desc desc = { .size_bytes = sizeof(desc),
		.kind = KYMO_KIND_COUNTER, .name = "many", .help = "m",
		.label_keys = keys, .label_cnt = 2, .series_max = 4096 };
	uint32_t i;

	many = kymo_family(&desc);
	desc.kind = KYMO_KIND_INFO;
	desc.name = "about";
	info = kymo_family(&desc);
	desc = (struct kymo_desc) { .size_bytes = sizeof(desc),
		.kind = KYMO_KIND_STATE_SET, .name = "states", .help = "s",
		.states = names, .state_cnt = 5 };
	states = kymo_state_set_at(kymo_family(&desc), 0, NULL);
	for (i = 0; i < TEXT_CNT; i++)
		snprintf(texts[i], sizeof(texts[i]), "%u is %u is %u is %u",
		    i, i, i, i);
}

const struct kymo_metric_value *
readers_value(const struct kymo_region *region, const char *name)
{
	uint32_t cnt, family_cnt, i;
	const struct kymo_region_series *series =
	    kymo_region_series(region, &cnt);
	const struct kymo_region_family *families =
	    kymo_region_families(region, &family_cnt);

	for (i = 0; i < cnt; i++)
		if (strcmp(families[series[i].family_idx].name, name) == 0)
			return series[i].value.present ? &series[i].value :
			    NULL;
	return NULL;
}

int64_t
readers_newest(uint64_t idx, uint64_t cnt, uint64_t last)
{
	if (idx >= cnt || last < (last - idx) % cnt)
		return -1;
	return (int64_t)(last - (last - idx) % cnt);
}

/* ---- one word each ----------------------------------------------------------- */

static int64_t
seen_word(const struct kymo_region *region, const char *name)
{
	const struct kymo_metric_value *value = readers_value(region, name);

	return value == NULL ? -1 : (int64_t)value->is.u;
}

static int64_t
seen_double(const struct kymo_region *region, const char *name, double sign)
{
	const struct kymo_metric_value *value = readers_value(region, name);
	double n = value == NULL ? -1 : sign * value->is.f;

	return n >= 0 && n < 1e15 && n - (double)(int64_t)n == 0 ?
	    (int64_t)n : -1;
}

#define WORD(kind, is_seen, ...)                                              \
	static void                                                           \
	write_##kind(uint64_t n)                                              \
	{                                                                     \
		(void)n;                                                      \
		__VA_ARGS__;                                                  \
	}                                                                     \
	static int64_t                                                        \
	seen_##kind(const struct kymo_region *region, uint64_t first,         \
	    uint64_t last)                                                    \
	{                                                                     \
		(void)first;                                                  \
		(void)last;                                                   \
		return is_seen;                                               \
	}
WORD(counter, seen_word(region, "counter"), kymo_counter_inc(counter))
WORD(updown, seen_word(region, "updown"), kymo_updown_add(updown, 1))
WORD(float_counter, seen_double(region, "float_counter", 1),
    kymo_float_counter_add(float_counter, 1))
WORD(gauge, seen_word(region, "gauge"), kymo_gauge_set(gauge, (int64_t)n))
WORD(float_gauge, seen_double(region, "float_gauge", 1),
    kymo_float_gauge_set(float_gauge, (double)n))
WORD(max, seen_double(region, "max", 1), kymo_max_record(max, (double)n))
WORD(min, seen_double(region, "min", -1), kymo_min_record(min, -(double)n))
WORD(heartbeat, (int64_t)kymo_region_info(region)->heartbeat_cnt,
    kymo_heartbeat())

static void
write_state(uint64_t n)
{
	kymo_state_set_be(states, n % 5);
}

static int64_t
seen_state(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	const struct kymo_metric_value *value =
	    readers_value(region, "states");
	uint64_t idx;

	(void)first;
	for (idx = 0; value != NULL && idx < 5; idx++)
		if (value->is.bits == 1u << idx)
			return readers_newest(idx, 5, last);
	return -1;
}

/* ---- histograms --------------------------------------------------------------- */

static uint64_t
sum_of(uint64_t cnt)
{
	return cnt / 50 * 1275 + cnt % 50 * (cnt % 50 + 1) / 2;
}

static void
write_hist(uint64_t n)
{
	kymo_histogram_record(hist, (n - 1) % 50 + 1);
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

static int64_t
seen_hist(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	const struct kymo_metric_value *value = readers_value(region, "hist");
	uint64_t cnt, sum;

	if (value == NULL)
		return -1;
	cnt = hist_cnt(&value->is.hist);
	sum = value->is.hist.sum;
	if (readers_by_words ? sum < sum_of(first) || sum > sum_of(last) :
	    sum != sum_of(cnt))
		return -1;
	return (int64_t)cnt;
}

/* ---- texts, health ------------------------------------------------------------- */

static uint64_t
text_idx(const char *of)
{
	uint64_t idx;

	for (idx = 0; idx < TEXT_CNT; idx++)
		if (strcmp(of, texts[idx]) == 0)
			break;
	return idx;
}

static void
write_text(uint64_t n)
{
	kymo_text_set(text, texts[n % TEXT_CNT]);
}

static int64_t
seen_text(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	const struct kymo_metric_value *value = readers_value(region, "text");

	(void)first;
	return value == NULL ? -1 :
	    readers_newest(text_idx(value->is.text), TEXT_CNT, last);
}

/* Each a string that the region does not have yet. */
static void
write_text_new(uint64_t n)
{
	char now[64];

	snprintf(now, sizeof(now), "%" PRIu64 " new %" PRIu64, n, n * 3);
	kymo_text_set(text_new, now);
}

static int64_t
seen_text_new(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	const struct kymo_metric_value *value =
	    readers_value(region, "text_new");
	uint64_t n, thrice;

	(void)first;
	(void)last;
	if (value == NULL || sscanf(value->is.text, "%" SCNu64 " new %" SCNu64,
	    &n, &thrice) != 2 || thrice != n * 3)
		return -1;
	return (int64_t)n;
}

/* When the newest reports were made. */
#define REPORT_CNT 65536u
static uint64_t report_ns[REPORT_CNT][2];

static uint64_t
realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
write_health(uint64_t n)
{
	report_ns[n % REPORT_CNT][0] = realtime_ns();
	kymo_health_report(health, (enum kymo_health_state)(n % 4 + 1),
	    texts[n % TEXT_CNT], 0);
	report_ns[n % REPORT_CNT][1] = realtime_ns();
}

/* A state with its own reason and time. What is shown may be old: a report that
   came under way leaves what was. */
static int64_t
seen_health(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	/* The region's pair of clocks is not ours. */
	static const uint64_t apart_ns = 100000;
	const struct kymo_metric_value *value =
	    readers_value(region, "health");
	uint64_t since_ns, idx;
	int64_t n;

	if (value == NULL)
		return -1;
	idx = text_idx(value->is.health.reason);
	since_ns = value->is.health.since_ns;
	if (idx >= TEXT_CNT ||
	    (uint64_t)value->is.health.state != idx % 4 + 1)
		return -1;
	for (n = readers_newest(idx, TEXT_CNT, last); n > 0 &&
	    last - (uint64_t)n < REPORT_CNT; n -= TEXT_CNT)
		if (since_ns + apart_ns >= report_ns[n % REPORT_CNT][0] &&
		    since_ns <= report_ns[n % REPORT_CNT][1] + apart_ns)
			return n > (int64_t)first ? n : (int64_t)first;
	return -1;
}

/* ---- what makes it grow ---------------------------------------------------------- */

/* A series, whose labels belong together. */
static void
labels_of(uint64_t n, char values[2][32])
{
	snprintf(values[0], sizeof(values[0]), "%" PRIu64, n);
	snprintf(values[1], sizeof(values[1]), "%" PRIu64 " again", n);
}

static void
write_label(uint64_t n)
{
	char values[2][32];

	labels_of(n, values);
	kymo_counter_inc(KYMO_AT(counter, many, values[0], values[1]));
}

static void
write_info(uint64_t n)
{
	char values[2][32];
	const char *const at[] = { values[0], values[1] };

	labels_of(n, values);
	kymo_info_at(info, 2, at);
}

/* How many of a family's series are there, each of which must be sound. */
static int64_t
seen_series(const struct kymo_region *region, const char *name, uint64_t last,
    bool (*is_made)(const struct kymo_region_series *series, uint64_t n))
{
	uint32_t cnt, family_cnt, i, made_cnt = 0;
	const struct kymo_region_series *series =
	    kymo_region_series(region, &cnt);
	const struct kymo_region_family *families =
	    kymo_region_families(region, &family_cnt);

	for (i = 0; i < cnt; i++) {
		const struct kymo_region_family *family =
		    &families[series[i].family_idx];
		uint64_t n;

		if (strcmp(family->name, name) != 0)
			continue;
		n = strtoull(series[i].label_values[0], NULL, 10);
		if (family->label_cnt == 2) {
			char values[2][32];

			labels_of(n, values);
			if (strcmp(values[1], series[i].label_values[1]) != 0)
				return -1;
		}
		if (n == 0 || n > last || series[i].overflow)
			return -1;
		made_cnt += is_made(&series[i], n);
	}
	return made_cnt;
}

/* 1, or not yet; more is what never was. */
static bool
is_counted(const struct kymo_region_series *series, uint64_t n)
{
	(void)n;
	return series->value.is.u == 1;
}

static bool
is_there(const struct kymo_region_series *series, uint64_t n)
{
	(void)n;
	return series->value.present;
}

static bool
has_one(const struct kymo_region_series *series, uint64_t n)
{
	const struct kymo_hist *cells = &series->value.is.hist;

	return series->value.present && hist_cnt(cells) == 1 &&
	    (cells->sum == n || readers_by_words);
}

static void
write_hist_label(uint64_t n)
{
	char value[32];

	snprintf(value, sizeof(value), "%" PRIu64, n);
	kymo_histogram_record(KYMO_AT(histogram, hist_label, value), n);
}

#define SERIES(kind, name, is_made)                                           \
	static int64_t                                                        \
	seen_##kind(const struct kymo_region *region, uint64_t first,         \
	    uint64_t last)                                                    \
	{                                                                     \
		(void)first;                                                  \
		return seen_series(region, name, last, is_made);              \
	}
SERIES(label, "many", is_counted)
SERIES(info, "about", is_there)
SERIES(hist_label, "hist_label", has_one)

static void
write_resource(uint64_t n)
{
	char value[32];

	snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64, n, n * 3);
	kymo_resource_set("turn", value);
}

static int64_t
seen_resource(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	const struct kymo_region_info *of = kymo_region_info(region);
	uint64_t n, thrice;
	uint32_t i;

	(void)first;
	(void)last;
	for (i = 0; i < of->resource_cnt; i++)
		if (strcmp(of->resource[i][0], "turn") == 0)
			return sscanf(of->resource[i][1], "%" SCNu64 " %"
			    SCNu64, &n, &thrice) == 2 && thrice == n * 3 ?
			    (int64_t)n : -1;
	return -1;
}

/* ---- threads ------------------------------------------------------------------------ */

static void *
come_and_go(void *arg)
{
	kymo_counter_inc(gone);
	return arg;
}

static void
write_thread(uint64_t n)
{
	pthread_t thread;

	(void)n;
	if (pthread_create(&thread, NULL, come_and_go, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		prove_die("thread");
}

static uint32_t is_counted_now;

static void *
come_and_stay(void *arg)
{
	kymo_counter_inc(stay);
	__atomic_store_n(&is_counted_now, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return arg;
}

/* A slot more each time. */
static void
write_thread_stays(uint64_t n)
{
	pthread_t thread;

	(void)n;
	__atomic_store_n(&is_counted_now, 0, __ATOMIC_RELAXED);
	if (pthread_create(&thread, NULL, come_and_stay, NULL) != 0)
		prove_die("thread");
	while (__atomic_load_n(&is_counted_now, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
}

static int64_t
seen_thread(const struct kymo_region *region, uint64_t first, uint64_t last)
{
	(void)first;
	(void)last;
	return seen_word(region, "gone");
}

static int64_t
seen_thread_stays(const struct kymo_region *region, uint64_t first,
    uint64_t last)
{
	(void)first;
	(void)last;
	return seen_word(region, "stay");
}

#define KIND(name, ...) { #name, write_##name, seen_##name, __VA_ARGS__ }
const struct readers_kind readers_kinds[] = {
	KIND(counter, 0, 0), KIND(updown, 0, 0), KIND(float_counter, 0, 0),
	KIND(gauge, 0, 0), KIND(float_gauge, 0, 0), KIND(max, 0, 0),
	KIND(min, 0, 0), KIND(heartbeat, 0, 0), KIND(state, 0, 0),
	KIND(hist, 0, 0), KIND(text, 0, 0), KIND(health, 0, 0),
	KIND(text_new, 180, 40), KIND(label, 4000, 400), KIND(info, 4000, 400),
	KIND(hist_label, 200, 40), KIND(resource, 60, 20), KIND(thread, 0, 40),
	KIND(thread_stays, 60, 20),
};
const uint32_t readers_kind_cnt = sizeof(readers_kinds) /
    sizeof(*readers_kinds);
