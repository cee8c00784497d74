/* SPDX-License-Identifier: MIT */
/* A detector from outside its step: read, set back, asked. */
#include <math.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

/* More than what a step lets a value be, for means, differences, ranges. */
#define NUMBER_MAX 1e42
#define FLOAT_MAX 1.5e38
#define PROFILE_CNT_MAX 8u

static bool
numbers_sound(const double *at, size_t cnt, double min, double max)
{
	for (size_t i = 0; i < cnt; i++)
		if (!(at[i] >= min && at[i] <= max))
			return false;
	return true;
}

static bool
floats_sound(const float *at, size_t cnt, double min, double max)
{
	for (size_t i = 0; i < cnt; i++)
		if (!((double)at[i] >= min && (double)at[i] <= max))
			return false;
	return true;
}

static bool
bytes_sound(const uint8_t *at, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (at[i] > PROFILE_CNT_MAX)
			return false;
	return true;
}

static bool
part_sound(const struct kymo_detect_part *part, uint8_t idx_end)
{
	return part->idx < idx_end && bytes_sound(&part->cnt, 1) &&
	    floats_sound(&part->mean, 1, -FLOAT_MAX, FLOAT_MAX);
}

static bool
seen_sound(const struct kymo_detect_seen *seen)
{
	return numbers_sound(&seen->low, 1, -NUMBER_MAX, NUMBER_MAX) &&
	    numbers_sound(&seen->width, 1, 0, NUMBER_MAX);
}

bool
kyi_detect_sound(const struct kymo_detect *detect)
{
	const double free_numbers[] = {
		detect->slow, detect->fast, detect->value
	};
	const double rising[] = {
		detect->gate, detect->tired
	};
	const double steps[] = { detect->step_s, detect->step_known_s };
	const float shares[] = {
		detect->slow_rate, detect->fast_rate, detect->error_rate,
		detect->gate_keep, detect->tired_keep
	};
	const float counts[] = {
		detect->warm_cnt, detect->memory_cnt
	};
	const float errors[] = {
		detect->slow_error, detect->day_error, detect->week_error,
		detect->seen_cnt
	};

	for (unsigned i = 0; i < KYMO_DETECT_STUCK; i++)
		if (!seen_sound(&detect->seen[i]))
			return false;
	return detect->row_cnt > 0 && detect->row_cnt < UINT64_MAX / 2 &&
	    numbers_sound(free_numbers, 3, -NUMBER_MAX, NUMBER_MAX) &&
	    numbers_sound(rising, 2, 0, NUMBER_MAX) &&
	    numbers_sound(steps, 2, 1e-9, 1e12) &&
	    floats_sound(shares, 5, 0, 1) &&
	    floats_sound(counts, 2, 1, 1e30) &&
	    floats_sound(errors, 4, 0, FLOAT_MAX) &&
	    part_sound(&detect->day_now, 48) &&
	    part_sound(&detect->week_now, 84) &&
	    floats_sound(detect->day, 48, -FLOAT_MAX, FLOAT_MAX) &&
	    floats_sound(detect->week, 84, -FLOAT_MAX, FLOAT_MAX) &&
	    bytes_sound(detect->day_cnt, 48) &&
	    bytes_sound(detect->week_cnt, 84);
}

void
kyi_detect_rewind(struct kymo_detect *detect, uint64_t now_ns)
{
	uint64_t *times[] = {
		&detect->at_ns, &detect->born_ns, &detect->begin_ns,
		&detect->old_begin_ns, &detect->since_ns
	};

	for (size_t i = 0; i < 5; i++)
		if (*times[i] > now_ns)
			*times[i] = now_ns;
	if (detect->begin_ns > detect->at_ns)
		detect->begin_ns = detect->at_ns;
	if (detect->old_begin_ns > detect->begin_ns)
		detect->old_begin_ns = detect->begin_ns;
	if (detect->born_ns > detect->at_ns)
		detect->born_ns = detect->at_ns;
}

void
kyi_seen_range(const struct kymo_detect_seen *seen, double *low, double *high)
{
	uint64_t bits = seen->bits | seen->old;

	*low = *high = NAN;
	if (!bits)
		return;
	*low = *high = seen->low;
	if (!(seen->width > 0))
		return;
	*low += seen->width * __builtin_ctzll(bits);
	*high += seen->width * (64 - __builtin_clzll(bits));
}
