/* SPDX-License-Identifier: MIT */
/* detect_past FILE END_S: what detectors learned in the three days up to END_S of
   gauges, which are 1000, more or less: of the service shop queue, and
   depth{n="0"} to depth{n="38"}; of web, waiting; and of a counter of shop,
   failures, about 1000 a second. For a kymod that shall not begin
   anew. */
#include <stdio.h>
#include <stdlib.h>

#include "reader/detect/detectors.h"

#define DEPTH_CNT 39u
#define LOOKS (3u * 5760u)
#define LOOK_NS UINT64_C(15000000000)

#define SERIES_CNT (DEPTH_CNT + 3)
#define FAILURES (DEPTH_CNT + 2)

static struct kymo_label labels[SERIES_CNT][2];
static struct kymo_series series[SERIES_CNT];
static char names[DEPTH_CNT][8];

static double
reading(uint64_t *random)
{
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		*random ^= *random << 13;
		*random ^= *random >> 7;
		*random ^= *random << 17;
		sum += (double)(*random >> 11) * 0x1p-53;
	}
	return 1000 + 20 * (sum - 2);
}

static void
series_make(unsigned i)
{
	bool is_depth = i > 0 && i <= DEPTH_CNT;

	labels[i][0] = (struct kymo_label){ "service", i == DEPTH_CNT + 1 ?
		"web" : "shop" };
	series[i].labels = labels[i];
	series[i].label_cnt = is_depth ? 2 : 1;
	if (!is_depth)
		return;
	snprintf(names[i - 1], sizeof(names[0]), "%u", i - 1);
	labels[i][1] = (struct kymo_label){ "n", names[i - 1] };
}

int
main(int argc, char **argv)
{
	const struct kymo_family_scan families[] = {
		{ .name = "depth", .kind = KYMO_METRIC_FLOAT_GAUGE,
		  .series = series + 1, .series_cnt = DEPTH_CNT },
		{ .name = "queue", .kind = KYMO_METRIC_FLOAT_GAUGE,
		  .series = series, .series_cnt = 1 },
		{ .name = "waiting", .kind = KYMO_METRIC_FLOAT_GAUGE,
		  .series = series + DEPTH_CNT + 1, .series_cnt = 1 },
		{ .name = "failures", .kind = KYMO_METRIC_COUNTER,
		  .series = series + FAILURES, .series_cnt = 1 }
	};
	struct kymo_scan scan = { .families = families, .family_cnt = 4 };
	struct kymo_detectors *detectors = kymo_detectors_new(
	    &(struct kymo_detectors_options){ .change_max = SERIES_CNT });
	uint64_t random = 88172645463325252u, end_ns;
	struct kymo_error error = { "" };

	if (argc != 3 || !detectors)
		return 2;
	end_ns = strtoull(argv[2], NULL, 10) * 1000000000u;
	for (unsigned i = 0; i < SERIES_CNT; i++)
		series_make(i);
	for (unsigned look = 0; look < LOOKS; look++) {
		for (unsigned i = 0; i < FAILURES; i++)
			series[i].value.is.f = reading(&random);
		series[FAILURES].value.is.u += (uint64_t)(15 *
		    reading(&random));
		scan.at_ns = end_ns - (LOOKS - look) * LOOK_NS;
		scan.at_mono_ns = look * LOOK_NS;
		kymo_detectors_step(detectors, &scan);
	}
	if (kymo_detectors_save(detectors, argv[1], &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	kymo_detectors_delete(detectors);
	return 0;
}
