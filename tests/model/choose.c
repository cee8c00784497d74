/* SPDX-License-Identifier: MIT */
/* Choices: one after the other, or by a random seed. */
#include "tests/model/memory.h"

#define CHOICE_MAX 100000u

static struct choice {
	uint32_t is, cnt;
} choices[CHOICE_MAX];
static uint32_t choice_cnt, prefix_cnt;

static uint64_t random_state; /* 0: not random */
static uint64_t random_first;
static uint32_t random_one_in;
static bool is_sticky; /* a location is as old at each look */

void
model_choose_first(void)
{
	random_state = 0;
	is_sticky = false;
	prefix_cnt = choice_cnt = 0;
}

void
model_choose_again(void)
{
	choice_cnt = 0;
}

void
model_choose_random(uint64_t seed)
{
	random_first = random_state = (seed + 1) * 0x2545f4914f6cdd1dull;
	random_one_in = 2u << (seed / 2 % 5);
	is_sticky = seed % 2 == 0;
}

static uint64_t
next_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint32_t
model_choose(uint32_t cnt)
{
	uint32_t is = 0;

	if (cnt <= 1)
		return 0;
	if (random_state != 0)
		return next_random() % random_one_in == 0 ?
		    1 + (uint32_t)(next_random() % (cnt - 1)) : 0;
	if (choice_cnt == CHOICE_MAX)
		model_fail("more choices than the explorer keeps");
	if (choice_cnt < prefix_cnt)
		is = choices[choice_cnt].is;
	choices[choice_cnt].is = is;
	choices[choice_cnt].cnt = cnt;
	choice_cnt++;
	return is;
}

uint32_t
model_choose_at(uint32_t cnt, uint32_t number)
{
	uint64_t z = (number + 1) * 0x9e3779b97f4a7c15ull ^ random_first;

	if (!is_sticky)
		return model_choose(cnt);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)(z >> 33) % cnt;
}

bool
model_is_sticky(void)
{
	return is_sticky;
}

bool
model_next_run(uint32_t departures)
{
	uint32_t i, made = 0;

	for (i = 0; i < choice_cnt; i++)
		made += choices[i].is != 0;
	while (choice_cnt > 0) {
		struct choice *last = &choices[choice_cnt - 1];

		made -= last->is != 0;
		if (last->is + 1 < last->cnt && made < departures) {
			last->is++;
			prefix_cnt = choice_cnt;
			return true;
		}
		choice_cnt--;
	}
	return false;
}
