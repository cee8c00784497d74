/* SPDX-License-Identifier: MIT */
/* Detection as kymod has it: what it costs to look at all series of scans, and how
   often noise alarms once it is a rate or a quantile.

   detect_wired cost        100,000 series, a scan a second
   detect_wired noise SEED  400 series of each kind, their first week, and 100 for
                            four weeks; changes of level that were told, too,
                            which is no promise: some of it does change

   A line for each row: NAME KEY=.. ok=1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/config/config.h"
#include "reader/detect/detectors_private.h"
#include "tests/bench/detect_noise.h"

#define S_NS UINT64_C(1000000000)
#define BEGIN_S 1700438400u
#define LOOK_S 15u
#define WEEK_LOOKS (604800u / LOOK_S)
#define OVER 1.25 /* times the budget that may be */
#define BUCKET_CNT 160u
#define DRAWS 4096u

struct world {
	struct kymo_family_scan families[3]; /* counters, gauges, histograms */
	struct kymo_series *series;
	uint64_t *buckets;
	struct noise noise;
	uint16_t draws[DRAWS]; /* buckets of a lognormal, 16 an octave */
};

static const char *const family_names[] = {
	"http_requests", "queue_depth", "http_request_duration_seconds"
};
static const enum kymo_metric_kind kinds[] = {
	KYMO_METRIC_COUNTER, KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_HISTOGRAM
};

static char *
name_of(const char *what, unsigned i)
{
	char text[64];

	snprintf(text, sizeof(text), "%s-%u", what, i);
	return strdup(text);
}

/* Each with three labels, as programs have them. */
static struct world *
world_new(const uint32_t cnt[3], uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));
	uint32_t at = 0;

	if (!world)
		exit(1);
	noise_begin(&world->noise, NOISE_NORMAL, seed);
	world->series = calloc(cnt[0] + cnt[1] + cnt[2],
	    sizeof(world->series[0]));
	world->buckets = calloc(cnt[2] + 1u, BUCKET_CNT * sizeof(uint64_t));
	for (unsigned f = 0; f < 3; f++) {
		world->families[f] = (struct kymo_family_scan){
			.name = family_names[f], .kind = kinds[f],
			.series = &world->series[at], .series_cnt = cnt[f] };
		for (uint32_t i = 0; i < cnt[f]; i++, at++) {
			struct kymo_label *labels = calloc(3,
			    sizeof(labels[0]));
			struct kymo_series *series = &world->series[at];

			labels[0] = (struct kymo_label){ "service",
				name_of("shop", i % 20) };
			labels[1] = (struct kymo_label){ "route",
				name_of("/cart/items", i) };
			labels[2] = (struct kymo_label){ "method", "GET" };
			series->id = at + 1u;
			series->labels = labels;
			series->label_cnt = 3;
			if (kinds[f] == KYMO_METRIC_HISTOGRAM)
				series->value.is.hist = (struct kymo_hist){
					.scale = 4, .bucket_cnt = BUCKET_CNT,
					.buckets = &world->buckets[i *
					    BUCKET_CNT] };
		}
	}
	for (unsigned i = 0; i < DRAWS; i++) {
		double at_bucket = 80 + 16 * 0.5 * noise_normal(&world->noise);

		world->draws[i] = (uint16_t)fmax(0, fmin(at_bucket,
		    BUCKET_CNT - 1));
	}
	return world;
}

static void
observe(struct world *world, struct kymo_series *series, unsigned cnt)
{
	while (cnt-- > 0)
		series->value.is.hist.buckets[world->draws[(unsigned)
		    (noise_uniform(&world->noise) * DRAWS)]]++;
}

static double
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct kymo_scan
scan_at(const struct world *world, uint64_t s)
{
	return (struct kymo_scan){ .at_ns = (BEGIN_S + s) * S_NS,
		.at_mono_ns = (1 + s) * S_NS, .number = s,
		.families = world->families, .family_cnt = 3 };
}

/* ---- cost ------------------------------------------------------------------------- */

static void
move(struct world *world)
{
	uint32_t cnt = world->families[0].series_cnt;
	struct kymo_series *series = world->series;

	for (uint32_t i = 0; i < cnt; i++, series++)
		series->value.is.u += (uint64_t)(100 *
		    noise_uniform(&world->noise));
	cnt = world->families[1].series_cnt;
	for (uint32_t i = 0; i < cnt; i++, series++)
		series->value.is.f = noise_normal(&world->noise);
	cnt = world->families[2].series_cnt;
	for (uint32_t i = 0; i < cnt; i++, series++)
		observe(world, series, 20);
}

/* Looks, and the copy of what was found: all that the thread does, of series that
   are so old. In their first minute nearly all is new, which costs most. */
static void
cost_row(const char *name, uint64_t interval_s, unsigned age_s,
    uint32_t change_max)
{
	static const uint32_t cnt[3] = { 70000, 25000, 5000 };
	struct world *world = world_new(cnt, 1);
	struct kymo_detectors *detectors = kymo_detectors_new(
	    &(struct kymo_detectors_options){
	    .interval_ns = interval_s * S_NS, .change_max = change_max });
	unsigned scan_cnt = 0, seconds = interval_s > 1 ? 75 : change_max ? 60 :
	    20;
	double passed_ns = 0, look_ns = 0;
	struct kymo_detectors_stats stats;

	for (uint64_t s = 0; s < age_s + seconds; s++) {
		struct kymo_scan scan = scan_at(world, s);
		struct kymo_anomalies found;
		double start, took;

		move(world);
		start = cpu_ns();
		if (kymo_detectors_step(detectors, &scan) &&
		    kymo_detectors_list(detectors, &found) == 0)
			kymo_anomalies_free(&found);
		took = cpu_ns() - start;
		/* Before that, memory is the kernel's. */
		if (s < age_s)
			continue;
		scan_cnt++;
		passed_ns += took;
		look_ns = fmax(look_ns, took);
	}
	passed_ns /= scan_cnt;
	kymo_detectors_stats(detectors, &stats);
	printf("%s series=100000 detectors=%u interval_s=%llu age_s=%u "
	    "core_percent=%.2f "
	    "ms_look=%.1f bytes_series=%.0f ok=%d\n", name, stats.detector_cnt,
	    (unsigned long long)interval_s, age_s, passed_ns / 1e7,
	    look_ns / 1e6, (double)stats.memory_bytes / 100000,
	    passed_ns <= 1e7);
	fflush(stdout);
	kymo_detectors_delete(detectors);
}

static int
cost(void)
{
	cost_row("wired_cost", LOOK_S, 30, 0);
	cost_row("wired_cost_each_second_young", 1, 30, 0);
	cost_row("wired_cost_each_second", 1, 300, 0);
	/* As kymod is set. */
	cost_row("wired_cost_changes", 1, 280, KYMO_CONFIG_CHANGE_MAX);
	return 0;
}

/* ---- noise ------------------------------------------------------------------------ */

static unsigned
poisson(struct world *world, double mean)
{
	double product = 1, least = exp(-mean);
	unsigned cnt = 0;

	if (mean > 30)
		return (unsigned)fmax(0, mean + sqrt(mean) *
		    noise_normal(&world->noise) + 0.5);
	while ((product *= noise_uniform(&world->noise)) > least)
		cnt++;
	return cnt;
}

/* Of each series its own: how much happens, how a gauge wanders, and whether it
   rests now and then, or sleeps for a third of each day, when little happens. */
struct habit {
	double per_s, keep, level;
	bool rests, is_resting, sleeps;
};

#define SLEEP_S (86400u / 3)
#define ASLEEP 0.02

static void
habit_make(struct world *world, struct habit *habit, double low, double high)
{
	habit->per_s = low * pow(high / low, noise_uniform(&world->noise));
	habit->keep = 1 - pow(10, -3 * noise_uniform(&world->noise));
	habit->level = 0;
	habit->rests = noise_uniform(&world->noise) < 0.3;
	habit->sleeps = noise_uniform(&world->noise) < 0.3;
}

static void
habits_live(struct world *world, struct habit *habits, uint64_t at_s)
{
	bool night = (BEGIN_S + at_s) % 86400 < SLEEP_S;
	struct kymo_series *series = world->series;

	for (unsigned f = 0; f < 3; f++)
		for (uint32_t i = 0; i < world->families[f].series_cnt;
		    i++, series++, habits++) {
			unsigned cnt = poisson(world, habits->per_s * LOOK_S *
			    (habits->sleeps && night ? ASLEEP : 1));

			if (noise_uniform(&world->noise) < 0.02)
				habits->is_resting = habits->rests &&
				    !habits->is_resting;
			if (f == 1) {
				habits->level = habits->level * habits->keep +
				    noise_normal(&world->noise);
				series->value.is.f = 100 + habits->level;
			} else if (habits->is_resting) {
				continue;
			} else if (f == 0) {
				series->value.is.u += cnt;
			} else {
				observe(world, series, cnt);
			}
		}
}

/* Alarms of the last look, by kind and signal. */
static void
alarms_add(const struct kymo_detectors *detectors, unsigned alarm_cnt[5])
{
	const struct kyi_held *held = detectors->held;

	for (; held; held = held->next)
		if (held->result.at_ns == detectors->at_ns &&
		    held->result.score * detectors->scale >= 1)
			alarm_cnt[held->of->kind == KYMO_METRIC_COUNTER ? 0 :
			    held->of->kind == KYMO_METRIC_HISTOGRAM ?
			    2 + held->slot_idx : 1]++;
}

/* Changes of level told in the last look, likewise. */
static void
changes_add(const struct kymo_detectors *detectors, unsigned change_cnt[5])
{
	const struct kyi_changing *changing = detectors->changing;

	for (; changing; changing = changing->next)
		for (uint32_t i = 0; i < changing->of->slot_cnt; i++)
			if (changing->slots[i].found_ns == detectors->at_ns)
				change_cnt[changing->of->kind ==
				    KYMO_METRIC_COUNTER ? 0 :
				    changing->of->kind ==
				    KYMO_METRIC_HISTOGRAM ? 2 + i : 1]++;
}

static void
noise_rows(uint64_t seed, uint32_t series_cnt, unsigned weeks)
{
	static const char *const names[] = { "counter_rate", "gauge",
		"histogram_rate", "histogram_p50", "histogram_p99" };
	const uint32_t cnt[3] = { series_cnt, series_cnt, series_cnt };
	struct world *world = world_new(cnt, seed);
	struct habit *habits = calloc(3 * series_cnt, sizeof(*habits));
	struct kymo_detectors *detectors = kymo_detectors_new(
	    &(struct kymo_detectors_options){
	    .change_max = 5 * series_cnt });
	unsigned alarm_cnt[5] = { 0 }, change_cnt[5] = { 0 };
	double all = (double)series_cnt * weeks;

	for (uint32_t i = 0; i < 3 * series_cnt; i++)
		habit_make(world, &habits[i], i < series_cnt ? 0.001 : 0.1,
		    i < series_cnt ? 100 : 10);
	for (uint64_t look = 0; look < weeks * WEEK_LOOKS; look++) {
		struct kymo_scan scan = scan_at(world, look * LOOK_S);

		habits_live(world, habits, look * LOOK_S);
		kymo_detectors_step(detectors, &scan);
		alarms_add(detectors, alarm_cnt);
		if (look % 4 == 0)
			changes_add(detectors, change_cnt);
	}
	for (unsigned i = 0; i < 5; i++)
		printf("wired_noise_%s series_weeks=%.0f weeks=%u "
		    "alarms_week=%.3f changes_week=%.3f ok=%d\n", names[i],
		    all, weeks, alarm_cnt[i] / all, change_cnt[i] / all,
		    alarm_cnt[i] <= OVER * all);
	fflush(stdout);
	free(habits);
	kymo_detectors_delete(detectors);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "cost") == 0)
		return cost();
	if (argc < 3 || strcmp(argv[1], "noise") != 0) {
		fputs("usage: detect_wired cost | noise SEED\n", stderr);
		return 2;
	}
	noise_rows(strtoull(argv[2], NULL, 10), 400, 1);
	noise_rows(strtoull(argv[2], NULL, 10), 100, 4);
	return 0;
}
