/* SPDX-License-Identifier: MIT */
/* Any bytes are runs, or none; what was read of them is compared with itself, by
   parts of time and by phase. */
#include "reader/export/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void
compare(const struct kymo_runs *runs, const struct kymo_run_part *before,
    const struct kymo_run_part *after)
{
	const struct kymo_run_question question = { .threshold = 0.01,
	    .chance_max = 0.05 };
	struct kymo_run_diff diff;
	struct kymo_error error;

	if (kymo_run_diff(&diff, runs, before, runs, after, &question,
		&error) == 0)
		kymo_run_diff_free(&diff);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	const struct kymo_run_part all = { 0 };
	const struct kymo_run_part early = { .to_s = 1 }, late = { .from_s = 1 };
	const struct kymo_run_part phase = { .phase = "" };
	struct kymo_runs *runs;
	struct kymo_error error;

	if (kymo_runs_read(&runs, bytes, len_bytes, "fuzz", &error) != 0)
		return 0;
	compare(runs, &all, &all);
	compare(runs, &early, &late);
	compare(runs, &phase, &phase);
	kymo_runs_free(runs);
	return 0;
}
