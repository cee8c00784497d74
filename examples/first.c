/* SPDX-License-Identifier: MIT */
/* A counter and a timer. Run it, and look beside it, or after it:

     kymo dump first */
#include <kymo.h>

KYMO_COUNTER(jobs, "jobs_total", "Jobs finished");
KYMO_TIMER(took, "job_duration_seconds", "Time a job takes");

static void
do_job(int size)
{
	KYMO_TIME_SCOPE(took);
	for (volatile int i = 0; i < size; i = i + 1)
		;
	kymo_counter_inc(jobs);
}

int
main(void)
{
	for (int job = 1; job <= 1000; job++)
		do_job(100 * job);
	return 0;
}
