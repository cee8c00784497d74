/* SPDX-License-Identifier: MIT */
/* The shortest program: one counter, one timer. Run it, and beside it

     kymo dump first

   while it runs, or after it ended. */
#include <kymo.h>

#include <stdio.h>

KYMO_COUNTER(jobs, "jobs_total", "Jobs finished");
KYMO_TIMER(took, "job_duration_seconds", "Time a job takes");

static unsigned
do_job(unsigned n)
{
	unsigned sum = 0;

	KYMO_TIME_SCOPE(took);
	for (unsigned i = 0; i < 1000 * n; i++)
		sum += i * i;
	kymo_counter_inc(jobs);
	return sum;
}

int
main(void)
{
	unsigned sum = 0;

	for (unsigned n = 0; n < 1000; n++)
		sum += do_job(n);
	printf("1000 jobs, the last bits of their sum: %x\n", sum);
	return 0;
}
