/* SPDX-License-Identifier: MIT */
/* One series of what several places have of it: memory, tiers, feeds. */
#include <math.h>
#include <string.h>

#include "reader/history/select.h"

/* Samples of equal labels side by side, the one that begins earlier first. */
static int
order(const void *a_at, const void *b_at)
{
	const struct kymo_samples *a = a_at, *b = b_at;
	int by_labels;

	if (a->labels->hash != b->labels->hash)
		return a->labels->hash < b->labels->hash ? -1 : 1;
	by_labels = kymo_labels_compare(a->labels, b->labels);
	if (by_labels != 0)
		return by_labels;
	return a->at_ms[0] < b->at_ms[0] ? -1 : a->at_ms[0] > b->at_ms[0];
}

/* What counters lost, over the whole. */
static void
lost_make(struct kymo_samples *samples, double *room)
{
	double real = (double)NAN, lost = 0;

	samples->lost = NULL;
	for (uint32_t i = 0; i < samples->cnt; i++) {
		double value = samples->value[i];

		if ((samples->hist == NULL || samples->hist[i] == NULL) &&
		    !kymo_is_stale(value)) {
			if (value < real) {
				lost += real;
				samples->lost = room;
			}
			real = value;
		}
		room[i] = lost;
	}
}

int
kyi_samples_lost(struct kyi_arena *arena, struct kymo_samples *samples)
{
	double before = (double)NAN, *room;
	uint32_t i = 0;

	for (; i < samples->cnt && !(samples->value[i] < before); i++)
		if (!kymo_is_stale(samples->value[i]))
			before = samples->value[i];
	if (i == samples->cnt || samples->hist != NULL)
		return 0;
	room = kyi_arena_take(arena, samples->cnt * sizeof *room);
	if (room == NULL)
		return -1;
	lost_make(samples, room);
	return 0;
}

struct joined {
	int64_t *at_ms;
	double *value, *lost, *weight;
	const struct kymo_native_hist **hist;
	uint32_t cnt;
};

static int
joined_room(struct kyi_arena *arena, struct joined *joined, uint64_t cnt,
    bool hists, bool weights)
{
	memset(joined, 0, sizeof *joined);
	if (weights) {
		joined->weight = kyi_arena_take(arena,
		    cnt * sizeof *joined->weight);
		if (joined->weight == NULL)
			return -1;
	}
	joined->at_ms = kyi_arena_take(arena, cnt * sizeof *joined->at_ms);
	joined->value = kyi_arena_take(arena, cnt * sizeof *joined->value);
	joined->lost = kyi_arena_take(arena, cnt * sizeof *joined->lost);
	if (hists)
		joined->hist = kyi_arena_take(arena,
		    cnt * sizeof *joined->hist);
	return joined->at_ms == NULL || joined->value == NULL ||
	    joined->lost == NULL || (hists && joined->hist == NULL) ? -1 : 0;
}

static bool
is_stale(const struct kymo_samples *part, uint32_t i)
{
	return (part->hist == NULL || part->hist[i] == NULL) &&
	    kymo_is_stale(part->value[i]);
}

static void
joined_put(struct joined *joined, const struct kymo_samples *part, uint32_t i)
{
	if (joined->cnt > 0 && part->at_ms[i] <=
	    joined->at_ms[joined->cnt - 1])
		return;
	joined->at_ms[joined->cnt] = part->at_ms[i];
	joined->value[joined->cnt] = part->value[i];
	if (joined->weight != NULL)
		joined->weight[joined->cnt] = part->weight == NULL ? 1 :
		    part->weight[i];
	if (joined->hist != NULL)
		joined->hist[joined->cnt] = part->hist == NULL ? NULL :
		    part->hist[i];
	joined->cnt++;
}

static bool
one_after_another(const struct kymo_samples *parts, uint32_t cnt)
{
	for (uint32_t i = 1; i < cnt; i++)
		if (parts[i].at_ms[0] <= parts[i - 1].at_ms[parts[i - 1].cnt - 1])
			return false;
	return true;
}

/* Parts that lie within each other: a series went from feed to feed, and came
   back. Who goes on has it until it ends; parts are used up. */
static void
joined_merge(struct joined *joined, struct kymo_samples *parts, uint32_t cnt)
{
	struct kymo_samples *goes_on = NULL, *next;

	for (;;) {
		next = NULL;
		if (goes_on != NULL && goes_on->cnt == 0)
			goes_on = NULL;
		for (uint32_t i = 0; i < cnt; i++)
			if (parts[i].cnt > 0 && (next == NULL ||
			    parts[i].at_ms[0] < next->at_ms[0] ||
			    (parts[i].at_ms[0] == next->at_ms[0] &&
			    &parts[i] == goes_on)))
				next = &parts[i];
		if (next == NULL)
			return;
		if (goes_on == NULL || next == goes_on) {
			joined_put(joined, next, 0);
			goes_on = is_stale(next, 0) ? NULL : next;
		}
		next->at_ms++;
		next->value++;
		next->hist = next->hist == NULL ? NULL : next->hist + 1;
		next->weight = next->weight == NULL ? NULL : next->weight + 1;
		next->cnt--;
	}
}

static int
join(struct kyi_arena *arena, struct kymo_samples *parts, uint32_t cnt)
{
	struct kymo_samples all = { .labels = parts[0].labels };
	struct joined joined;
	uint64_t most = 0;
	bool hists = false, weights = false;

	for (uint32_t i = 0; i < cnt; i++) {
		most += parts[i].cnt;
		hists |= parts[i].hist != NULL;
		weights |= parts[i].weight != NULL;
		all.any_stale |= parts[i].any_stale;
	}
	if (joined_room(arena, &joined, most, hists, weights) != 0)
		return -1;
	if (!one_after_another(parts, cnt))
		joined_merge(&joined, parts, cnt);
	else
		for (uint32_t i = 0; i < cnt; i++)
			for (uint32_t k = 0; k < parts[i].cnt; k++)
				joined_put(&joined, &parts[i], k);
	all.at_ms = joined.at_ms;
	all.value = joined.value;
	all.hist = joined.hist;
	all.weight = joined.weight;
	all.cnt = joined.cnt;
	lost_make(&all, joined.lost);
	parts[0] = all;
	return 0;
}

int
kyi_selection_join(struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error)
{
	struct kymo_samples *samples = selection->samples;
	uint32_t to = 0, i, k;

	if (!selection->in_parts)
		return 0;
	qsort(samples, selection->cnt, sizeof *samples, order);
	for (i = 0; i < selection->cnt; i = k) {
		for (k = i + 1; k < selection->cnt &&
		    kymo_labels_equal(samples[i].labels, samples[k].labels);
		    k++)
			;
		if (to % KYI_SELECT_ROUND == 0 &&
		    kyi_select_go_on(what, error) != 0)
			return -1;
		if (k > i + 1 && join(&selection->arena, samples + i, k - i) != 0)
			return kymo_error_set(error, "no memory");
		samples[to++] = samples[i];
	}
	selection->cnt = to;
	return 0;
}
