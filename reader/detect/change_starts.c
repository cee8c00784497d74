/* SPDX-License-Identifier: MIT */
/* Which rows can be the best start of a change, whatever comes. Of sums drawn
   over rows, a change of level is a bend; the sharpest is always a corner of the
   line's convex hull, below for a rise, above for a fall (Romano, Eckley,
   Fearnhead and Rigaill 2023). Of n rows some 2 log n are. */
#include "reader/detect/change_private.h"

#include <string.h>

#define RISE 0
#define FALL 1

/* Does the line turn away from the hull at b? Then it is no corner. */
static bool
bends_away(const struct kymo_change_start *a, const struct kymo_change_start *b,
    const struct kymo_change_start *c, int side)
{
	double before = (b->sum - a->sum) / (double)(b->row - a->row);
	double after = (c->sum - b->sum) / (double)(c->row - b->row);

	return side == RISE ? before >= after : before <= after;
}

/* A long bow has more corners than there is room: every second of the older
   half goes. */
static void
thin_out(struct kymo_change_start *corners, uint32_t *cnt)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < *cnt; i++)
		if (i >= *cnt / 2 || i % 2 == 0)
			corners[kept++] = corners[i];
	*cnt = kept;
}

static void
corner_add(struct kymo_change_track *track, int side,
    const struct kymo_change_start *start)
{
	struct kymo_change_start *corners = track->corners[side];
	uint32_t *cnt = &track->corner_cnt[side];

	while (*cnt > 0 && bends_away(*cnt > 1 ? &corners[*cnt - 2] :
		&track->begin, &corners[*cnt - 1], start, side))
		(*cnt)--;
	if (*cnt == KYMO_CHANGE_CORNERS)
		thin_out(corners, cnt);
	corners[(*cnt)++] = *start;
}

void
kyi_starts_add(struct kymo_change_track *track,
    const struct kymo_change_start *start)
{
	if (track->latest_cnt == KYMO_CHANGE_LATEST) {
		corner_add(track, RISE, &track->latest[0]);
		corner_add(track, FALL, &track->latest[0]);
		track->latest_cnt--;
		memmove(&track->latest[0], &track->latest[1],
		    track->latest_cnt * sizeof(track->latest[0]));
	}
	track->latest[track->latest_cnt++] = *start;
}

/* Sums were from the old segment's begin on, and less its own value; they are
   from start on, and less its value, afterwards. */
static uint32_t
rebase(struct kymo_change_start *starts, uint32_t cnt,
    const struct kymo_change_start *start, double base)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		if (starts[i].row <= start->row)
			continue;
		starts[kept] = starts[i];
		starts[kept].sum -= start->sum +
		    (double)(starts[i].row - start->row) * (start->own - base);
		kept++;
	}
	return kept;
}

void
kyi_starts_cut(struct kymo_change_track *track,
    const struct kymo_change_start *from)
{
	struct kymo_change_start start = *from; /* it is one of those that go */
	double base = track->begin.own;

	track->latest_cnt = rebase(track->latest, track->latest_cnt, &start,
	    base);
	for (int side = 0; side < 2; side++)
		track->corner_cnt[side] = rebase(track->corners[side],
		    track->corner_cnt[side], &start, base);
	track->sum -= start.sum + (double)(track->next_row - start.row) *
	    (start.own - base);
	track->begin = start;
	track->begin.sum = 0;
}
