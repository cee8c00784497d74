/* SPDX-License-Identifier: MIT */
/* Processes made by hand, for tests of the model: no region is needed. */
#ifndef TESTS_TESTLIB_PROCS_H
#define TESTS_TESTLIB_PROCS_H

#include "tests/testlib/testlib.h"

#include "reader/series/private.h"

/* One process with a counter, a gauge and a histogram. */
struct proc {
	struct kymo_region_info info;
	struct kymo_region_series series[4];
	uint64_t buckets[16];
};

static const char *const no_values[] = {""};
static const char *const red[] = {"red"};
static const char *const keys[] = {"colour"};
static const struct kymo_region_family families[] = {
	{.name = "jobs", .kind = KYMO_METRIC_COUNTER, .help = "h", .unit = "",
	    .component = "", .label_keys = keys, .label_cnt = 1},
	{.name = "depth", .kind = KYMO_METRIC_GAUGE, .help = "h", .unit = "",
	    .component = ""},
	{.name = "took_seconds", .kind = KYMO_METRIC_HISTOGRAM, .help = "h",
	    .unit = "seconds", .component = "", .exponent = -9},
	{.name = "busy", .kind = KYMO_METRIC_UPDOWN, .help = "h", .unit = "",
	    .component = ""},
};

TESTLIB_UNUSED static void
birth(struct proc *proc, uint32_t number, const char *service)
{
	uint32_t i;

	memset(proc, 0, sizeof(*proc));
	strcpy(proc->info.service, service);
	memcpy(proc->info.instance_id, &number, sizeof(number));
	proc->info.pid = number;
	proc->info.liveness = KYMO_ALIVE;
	proc->info.started_ns = 1000000 + number;
	for (i = 0; i < 4; i++) {
		proc->series[i].family_idx = i;
		proc->series[i].id = i + 1;
		proc->series[i].label_values = i == 0 ? red : no_values;
		proc->series[i].born_ns = 5000;
		proc->series[i].value.present = true;
	}
	proc->series[2].value.is.hist = (struct kymo_hist){
		.scale = 2, .lo_idx = 0, .bucket_cnt = 16,
		.buckets = proc->buckets,
	};
}

TESTLIB_UNUSED static void
work(struct proc *proc, uint64_t jobs)
{
	proc->series[0].value.is.u += jobs;
	proc->series[1].value.is.i = (int64_t)jobs;
	proc->series[2].value.is.hist.sum += 3 * jobs;
	proc->buckets[jobs % 16] += jobs;
	proc->series[3].value.is.i++;
}

TESTLIB_UNUSED static int
take(struct kymo_model *model, struct proc *proc, bool absorb, bool *absorbed)
{
	struct kymo_error error;
	struct kyi_source source = {
		.info = &proc->info, .families = families, .family_cnt = 4,
		.series = proc->series, .series_cnt = 4,
	};

	return kyi_model_take(model, &source, absorb, absorbed, &error);
}

TESTLIB_UNUSED static uint64_t clock_ns;

TESTLIB_UNUSED static void
begin(struct kymo_model *model)
{
	clock_ns += 1000000000;
	kymo_model_begin(model, 1700000000000000000ull + clock_ns, clock_ns);
}

TESTLIB_UNUSED static void
end(struct kymo_model *model)
{
	struct kymo_error error;

	assert_int_equal(kymo_model_end(model, &error), 0);
}

TESTLIB_UNUSED static struct kymo_model *
model_new(const char *path, uint32_t retired_max)
{
	struct kymo_model_options options = {
		.state_path = path, .retired_max = retired_max, .with_own = true,
	};
	struct kymo_error error = {""};
	struct kymo_model *model = kymo_model_new(&options, &error);

	if (model == NULL)
		fail_msg("%s", error.text);
	return model;
}

TESTLIB_UNUSED static const struct kymo_series *
find(const struct kymo_scan *scan, const char *name, const char *service)
{
	uint32_t i, n;

	for (i = 0; i < scan->family_cnt; i++)
		if (strcmp(scan->families[i].name, name) == 0)
			for (n = 0; n < scan->families[i].series_cnt; n++)
				if (strcmp(scan->families[i].series[n]
				    .labels[0].value, service) == 0)
					return &scan->families[i].series[n];
	return NULL;
}

/* The counter's value now; the histogram must agree with it. */
TESTLIB_UNUSED static uint64_t
jobs_now(struct kymo_model *model)
{
	const struct kymo_scan *scan = kymo_scan_take(model);
	const struct kymo_series *jobs = find(scan, "jobs", "s");
	const struct kymo_series *took = find(scan, "took_seconds", "s");
	uint64_t value = jobs == NULL ? 0 : jobs->value.is.u;

	if (jobs != NULL) {
		assert_true(kymo_hist_count(&took->value.is.hist) == value);
		assert_true(took->value.is.hist.sum == 3 * value);
	}
	kymo_scan_release(scan);
	return value;
}

#endif
