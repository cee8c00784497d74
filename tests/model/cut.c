/* SPDX-License-Identifier: MIT */
/* Copies of much memory at once: a forked child's, and what a kernel copies. */
#include "tests/model/loc.h"

/* How old what is copied at once is. */
enum copy_mode { COPY_NEWEST, COPY_OLDEST, COPY_MIXED, COPY_MODES };

/* ---- a fork -------------------------------------------------------------- */

static const struct store *
newer(const struct loc *loc, const struct store *than, uint32_t idx)
{
	const struct store *store = loc->newest;

	if (than->idx >= idx)
		return than;
	while (store->idx > idx)
		store = store->before;
	return store;
}

/* The high half of an 8-byte store comes with its low half, and the reverse. */
static bool
pick_half(const struct store **picked, const struct store *of, uint32_t *at)
{
	const struct loc *loc = *loc_find(at);
	const struct store *half, *was;

	if (loc == NULL || of->wide == 0)
		return false;
	half = half_of(loc, of->wide);
	if (half == NULL)
		return false;
	was = picked[loc->number];
	picked[loc->number] = newer(loc, was, half->idx);
	return picked[loc->number] != was;
}

/* Whatever the child has, it has all that happens before that. */
static void
close_cut(const struct store **picked)
{
	struct clock before;
	bool again = true;
	uint32_t i;

	while (again) {
		before = model_me->now;
		again = false;
		for (i = 0; i < loc_used_cnt; i++) {
			const struct store *was = picked[i];
			bool is_low = ((uintptr_t)loc_used[i]->at & 4) == 0;

			picked[i] = newer(loc_used[i], was,
			    loc_floor(loc_used[i]));
			again |= picked[i] != was;
			clock_join(&model_me->now, &picked[i]->sync);
			again |= pick_half(picked, picked[i],
			    loc_used[i]->at + (is_low ? 1 : -1));
		}
		again |= memcmp(&before, &model_me->now, sizeof(before)) != 0;
	}
}

/* Of each location some value, and it is in memory then. */
static const struct store **
cut(void)
{
	const struct store **picked = loc_take(loc_used_cnt * sizeof(*picked));
	uint32_t i;

	for (i = 0; i < loc_used_cnt; i++) {
		uint32_t back = model_choose(loc_used[i]->newest->idx -
		    loc_floor(loc_used[i]) + 1);

		for (picked[i] = loc_used[i]->newest; back > 0; back--)
			picked[i] = picked[i]->before;
	}
	close_cut(picked);
	for (i = 0; i < loc_used_cnt; i++) {
		struct loc *loc = loc_used[i];

		if (*loc->at != picked[i]->value)
			*loc->at = loc_append(loc, picked[i]->value)->value;
		loc_see(loc, loc->newest->idx);
	}
	return picked;
}

void
model_memory_fork(void)
{
	cut();
}

/* ---- a signal handler ------------------------------------------------------ */

static struct kept {
	struct loc *loc;
	const struct store *was, *hidden;
} *kept;
static uint32_t kept_cnt;

void
model_memory_interrupt(void)
{
	const struct store **was = loc_take(loc_used_cnt * sizeof(*was));
	uint32_t cnt = loc_used_cnt, i;

	for (i = 0; i < cnt; i++)
		was[i] = loc_used[i]->newest;
	cut();
	kept = loc_take(cnt * sizeof(*kept));
	kept_cnt = 0;
	for (i = 0; i < cnt; i++)
		if (loc_used[i]->newest != was[i]) {
			kept[kept_cnt].loc = loc_used[i];
			kept[kept_cnt].was = was[i];
			kept[kept_cnt++].hidden = loc_used[i]->newest;
		}
}

void
model_memory_resume(void)
{
	struct store *again;
	struct seen *seen;
	uint32_t i;

	/* It has run from its begin to its end, and no store of it is later. */
	for (i = 0; i < loc_used_cnt; i++)
		for (again = loc_used[i]->newest; again->idx > 0 &&
		    again->by == model_me_idx; again = again->before)
			clock_join(&again->sync, &model_me->now);
	for (i = 0; i < kept_cnt; i++) {
		struct loc *loc = kept[i].loc;

		if (loc->newest != kept[i].hidden)
			continue;
		again = loc_append(loc, kept[i].was->value);
		again->sync = kept[i].was->sync;
		*loc->at = again->value;
		seen = loc_take(sizeof(*seen));
		seen->before = loc->seen[0];
		seen->epoch = seen->before == NULL ? 0 : seen->before->epoch;
		seen->idx = again->idx;
		loc->seen[0] = seen;
	}
	kept_cnt = 0;
}

/* ---- a kernel's copy ----------------------------------------------------- */

static uint32_t
copied(const uint32_t *at, struct loc *loc, enum copy_mode mode)
{
	if (loc == NULL)
		return *at;
	if (mode == COPY_NEWEST) {
		loc_see(loc, loc->newest->idx);
		clock_join(&model_me->acquired, &loc->newest->sync);
		return loc->newest->value;
	}
	return 0;
}

void
model_copy(void *to, const void *from, size_t bytes)
{
	enum copy_mode mode;
	size_t i;

	model_settle();
	model_turn();
	mode = model_is_sticky() ? COPY_MIXED : model_choose(COPY_MODES);
	for (i = 0; i + 4 <= bytes; ) {
		const uint32_t *at = (const void *)((const char *)from + i);
		bool is_two = (uintptr_t)at % 8 == 0 && i + 8 <= bytes;
		struct loc *low = *loc_find(at), *high =
		    is_two ? *loc_find(at + 1) : NULL;
		const struct store *pair[2] = { NULL, NULL };
		uint32_t words[2];

		if (mode == COPY_NEWEST || (low == NULL && high == NULL)) {
			words[0] = copied(at, low, COPY_NEWEST);
			words[1] = is_two ? copied(at + 1, high, COPY_NEWEST) : 0;
		} else if (is_two) {
			pick_two(loc_of(at), loc_of(at + 1), pair,
			    mode == COPY_OLDEST);
		} else {
			pair[0] = pick_one(low, mode == COPY_OLDEST);
		}
		if (pair[0] != NULL) {
			words[0] = pair[0]->value;
			clock_join(&model_me->acquired, &pair[0]->sync);
		}
		if (pair[1] != NULL) {
			words[1] = pair[1]->value;
			clock_join(&model_me->acquired, &pair[1]->sync);
		}
		memcpy((char *)to + i, words, is_two ? 8 : 4);
		i += is_two ? 8 : 4;
	}
	if (i < bytes)
		memcpy((char *)to + i, (const char *)from + i, bytes - i);
}
