/* SPDX-License-Identifier: MIT */
/* Scans of services made by hand, fifteen seconds apart, in a time of our own. */
#ifndef TESTS_TESTLIB_DETECT_WORLD_H
#define TESTS_TESTLIB_DETECT_WORLD_H

#include "tests/testlib/testlib.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors.h"

#define SECOND_NS UINT64_C(1000000000)
#define LOOK_NS (15 * SECOND_NS)
#define DAY_LOOKS 5760u
/* A Monday, 00:00. */
#define BEGIN_NS UINT64_C(1700438400000000000)
#define SERIES_MAX 400u

/* ---- a world of services ------------------------------------------------------- */

struct world {
	struct kymo_detectors *detectors;
	uint64_t random;
	uint64_t look;
	uint32_t family_cnt;
	struct kymo_family_scan families[8];
	struct kymo_series series[8][SERIES_MAX];
	struct kymo_label labels[8][SERIES_MAX][2];
	char names[SERIES_MAX][16];
	uint64_t buckets[64];
	int64_t back_ns; /* the clock is so much behind */
};

static inline double
uniform(struct world *world)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return ((double)(world->random >> 11) + 0.5) * 0x1p-53;
}

static inline double
normal(struct world *world)
{
	return sqrt(-2 * log(uniform(world))) *
	    cos(6.283185307179586 * uniform(world));
}

static inline struct world *
world_new(const struct kymo_detectors_options *options)
{
	static const struct kymo_detectors_options usual = { 0 };
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->random = 88172645463325252u;
	world->detectors = kymo_detectors_new(options ? options : &usual);
	assert_non_null(world->detectors);
	for (uint32_t i = 0; i < SERIES_MAX; i++)
		snprintf(world->names[i], sizeof(world->names[i]), "%u", i);
	return world;
}

static inline void
world_delete(struct world *world)
{
	kymo_detectors_delete(world->detectors);
	free(world);
}

/* cnt series of service, with the label n. */
static inline uint32_t
family(struct world *world, const char *name, enum kymo_metric_kind kind,
    const char *service, uint32_t cnt)
{
	uint32_t f = world->family_cnt++;

	for (uint32_t i = 0; i < cnt; i++) {
		world->labels[f][i][0] = (struct kymo_label){ "service",
			service };
		world->labels[f][i][1] = (struct kymo_label){ "n",
			world->names[i] };
		world->series[f][i] = (struct kymo_series){
			.labels = world->labels[f][i], .label_cnt = 2,
			.value.present = true };
	}
	world->families[f] = (struct kymo_family_scan){ .name = name,
		.help = "", .unit = "", .component = "", .kind = kind,
		.series = world->series[f], .series_cnt = cnt };
	return f;
}

static inline bool
look(struct world *world)
{
	struct kymo_scan scan = {
		.at_ns = BEGIN_NS + world->look * LOOK_NS -
		    (uint64_t)world->back_ns,
		.at_mono_ns = SECOND_NS + world->look * LOOK_NS,
		.number = world->look, .families = world->families,
		.family_cnt = world->family_cnt
	};

	world->look++;
	return kymo_detectors_step(world->detectors, &scan);
}

/* What counters of family f gain until the next look. */
static inline void
count(struct world *world, uint32_t f, double per_s, double share)
{
	for (uint32_t i = 0; i < world->families[f].series_cnt; i++)
		world->series[f][i].value.is.u += (uint64_t)fmax(0, 15 *
		    (per_s + share * per_s * normal(world)));
}

static inline void
gauge(struct world *world, uint32_t f, double mean)
{
	for (uint32_t i = 0; i < world->families[f].series_cnt; i++)
		world->series[f][i].value.is.i = (int64_t)(mean +
		    10 * normal(world));
}

/* So many observations of about micros. */
static inline void
observe(struct world *world, uint32_t f, unsigned cnt, double micros)
{
	struct kymo_hist *hist = &world->series[f][0].value.is.hist;

	*hist = (struct kymo_hist){ .scale = 2, .lo_idx = 0, .bucket_cnt = 64,
		.buckets = world->buckets };
	while (cnt-- > 0) {
		double at = 4 * log2(micros * exp(0.2 * normal(world)));

		world->buckets[at < 0 ? 0 : at > 63 ? 63 : (unsigned)at]++;
	}
}

static inline struct kymo_anomalies
list(struct world *world)
{
	struct kymo_anomalies anomalies;

	assert_int_equal(kymo_detectors_list(world->detectors, &anomalies), 0);
	return anomalies;
}

static inline uint32_t
alarms(struct world *world)
{
	struct kymo_anomalies anomalies = list(world);
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < anomalies.cnt; i++)
		cnt += anomalies.at[i].score >= 1;
	kymo_anomalies_free(&anomalies);
	return cnt;
}

static inline const char *
label(const struct kymo_label *labels, uint32_t cnt, const char *key)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (strcmp(labels[i].key, key) == 0)
			return labels[i].value;
	return "";
}

#endif
