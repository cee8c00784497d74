/* SPDX-License-Identifier: MIT */
/* Any bytes are runs, or none; what was read of them is compared with itself, by
   parts of time and by phase. What another run may be put behind holds all looks
   that count, and ends well. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

static void
append(const struct kymo_runs *runs, const uint8_t *bytes, size_t len_bytes)
{
	static int fd = -1;
	struct kymo_runs *whole;
	struct kymo_error error;
	uint64_t whole_bytes;

	if (fd < 0)
		fd = memfd_create("runs", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, bytes, len_bytes, 0) != (ssize_t)len_bytes ||
	    kymo_runs_whole(fd, "fuzz", &whole_bytes, &error) != 0 ||
	    whole_bytes == 0)
		return;
	if (whole_bytes > len_bytes ||
	    kymo_runs_read(&whole, bytes, whole_bytes, "fuzz", &error) != 0)
		abort();
	if (whole->look_cnt != runs->look_cnt || whole->run_cnt != runs->run_cnt)
		abort();
	kymo_runs_free(whole);
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
	append(runs, bytes, len_bytes);
	compare(runs, &all, &all);
	compare(runs, &early, &late);
	compare(runs, &phase, &phase);
	kymo_runs_free(runs);
	return 0;
}
