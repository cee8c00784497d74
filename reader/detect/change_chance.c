/* SPDX-License-Identifier: MIT */
/* What chance does to a series, in parts of up to 16 rows: noise may have any tail,
   and spikes may last a while. A change is beyond what was seen; longer parts are
   sums of so many rows that their tails are those of the normal. */
#include "reader/detect/change_private.h"

#include <string.h>

#define PARTS (KYMO_CHANGE_LATEST + 1)
/* As many rows as the budget gives a false alarm in: a week of a row a second. What
   comes by chance in that time is seen, and asked for by half as much again. */
#define MEMORY 604800.0
#define BEYOND 1.5
#define OF_LATE 64u    /* rows that may be a change not told yet */
#define GAIN_MAX 1e4   /* no number spoils the memory */

bool
kyi_change_chance_met(struct kymo_change *change, uint64_t rows, double gain)
{
	if (rows >= PARTS)
		return true;
	if (gain > change->of_late[rows])
		change->of_late[rows] = (float)(gain < GAIN_MAX ? gain :
		    GAIN_MAX);
	return gain >= BEYOND * (double)change->chance[rows];
}

void
kyi_change_chance_settle(struct kymo_change *change)
{
	if (change->row_cnt < change->of_late_until)
		return;
	change->of_late_until = change->row_cnt + OF_LATE;
	for (uint32_t i = 0; i < PARTS; i++) {
		change->chance[i] *= (float)(1 - OF_LATE / MEMORY);
		if (change->of_late[i] > change->chance[i])
			change->chance[i] = change->of_late[i];
		change->of_late[i] = 0;
	}
}

/* A level that was gone again so soon was a spike: chance, here. What is told now
   is not. */
void
kyi_change_chance_told(struct kymo_change *change, uint64_t rows, double gain)
{
	float spike = (float)(change->told_gain < GAIN_MAX ? change->told_gain :
	    GAIN_MAX);

	if (rows < PARTS)
		for (uint32_t i = 1; i <= rows; i++)
			if (change->chance[i] < spike)
				change->chance[i] = spike;
	change->told_gain = gain;
	memset(change->of_late, 0, sizeof(change->of_late));
}
