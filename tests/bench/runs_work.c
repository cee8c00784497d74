/* SPDX-License-Identifier: MIT */
/* A program to be made slower: it sorts and looks up, a thousand pieces a job.

   runs_work PERCENT JOBS   so many percent more pieces */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "writer/kymo.h"

#define PIECE_CNT 1000
#define NUMBER_CNT 16

KYMO_COUNTER(jobs, "jobs_total", "Jobs done");
KYMO_TIMER(took, "job_duration_seconds", "Time that a job takes");

static uint64_t state = 88172645463325252u;

static int
by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t
piece(void)
{
	uint32_t numbers[NUMBER_CNT], key = 0;

	for (int i = 0; i < NUMBER_CNT; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		numbers[i] = (uint32_t)(state >> 32);
	}
	qsort(numbers, NUMBER_CNT, sizeof(numbers[0]), by_size);
	key = numbers[state % NUMBER_CNT];
	return bsearch(&key, numbers, NUMBER_CNT, sizeof(key), by_size) != NULL;
}

int
main(int argc, char **argv)
{
	int piece_cnt = PIECE_CNT, job_cnt = 100;
	uint32_t found = 0;

	if (argc == 3) {
		piece_cnt += (int)(atof(argv[1]) * PIECE_CNT / 100 + 0.5);
		job_cnt = atoi(argv[2]);
	}
	for (int i = 0; i < job_cnt; i++) {
		KYMO_TIME_SCOPE(took);
		for (int p = 0; p < piece_cnt; p++)
			found += piece();
		kymo_counter_inc(jobs);
	}
	return found != (uint32_t)(job_cnt * piece_cnt);
}
