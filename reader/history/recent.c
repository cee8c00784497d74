/* SPDX-License-Identifier: MIT */
#include "reader/history/recent_marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shm/atomic.h"

#define ROOM_MORE 128u
#define MARKS_OF_BLOCK (KYI_BLOCK_SAMPLES / KYI_MARK_SAMPLES)
#define BLOCK_BYTES (MARKS_OF_BLOCK * sizeof(struct kymo_mark) + \
	sizeof(struct kymo_block_extremes))

static double
stale(void)
{
	uint64_t bits = KYMO_STALE_BITS;
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static bool
same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static void
floats_free(void *memory)
{
	struct kyi_floats *floats = memory;

	free(floats->lost);
	free(floats->mark);
	free(floats);
}

void
kyi_recent_init(struct kyi_recent *recent)
{
	*recent = (struct kyi_recent){ .ended = KYI_NOT_ENDED,
		.real = (double)NAN };
}

void
kyi_recent_free(struct kyi_recent *recent)
{
	if (recent->floats != NULL)
		floats_free(recent->floats);
	recent->floats = NULL;
}

static struct kyi_floats *
floats_new(uint64_t first, uint32_t room, double run)
{
	/* room is a multiple of what fits a line. */
	struct kyi_floats *floats = aligned_alloc(KYI_LINE_BYTES,
	    sizeof *floats + room * sizeof floats->value[0]);

	if (floats == NULL)
		return NULL;
	*floats = (struct kyi_floats){ .first = first, .room = room,
		.run = run };
	if (room > 0) {
		uint32_t block_cnt = room / KYI_BLOCK_SAMPLES;

		floats->mark = malloc(block_cnt * BLOCK_BYTES +
		    sizeof *floats->mark);
		if (floats->mark == NULL) {
			free(floats);
			return NULL;
		}
		floats->mark[0] = (struct kymo_mark){ .sum = 0 };
		floats->block_extremes = (struct kymo_block_extremes *)
		    (floats->mark + block_cnt * MARKS_OF_BLOCK + 1);
	}
	return floats;
}

/* ---- moving ------------------------------------------------------------------- */

static int
lost_move(struct kyi_floats *to, const struct kyi_floats *from, uint32_t cnt)
{
	uint64_t skipped = to->first - from->first;

	if (from->lost == NULL || cnt == 0 ||
	    from->lost[skipped] == from->lost[skipped + cnt - 1])
		return 0;
	to->lost = malloc(to->room * sizeof *to->lost);
	if (to->lost == NULL)
		return -1;
	memcpy(to->lost, from->lost + skipped, cnt * sizeof *to->lost);
	return 0;
}

/* Makes room for sample next, and lets go what lies before keep_from. ends: it
   was a run that ended, which ended alone told until now: its stale marker is
   in the column before anybody sees that. */
static int
move(struct kyi_recent *recent, uint64_t keep_from, bool ends,
    struct kyi_epochs *epochs)
{
	struct kyi_floats *from = recent->floats, *to;
	uint32_t skip = 0, cnt, room;

	if (keep_from > from->first)
		skip = (uint32_t)((keep_from < recent->next ? keep_from :
		    recent->next) - from->first) & ~(KYI_BLOCK_SAMPLES - 1);
	cnt = (uint32_t)(recent->next - from->first) - skip + ends;
	room = (cnt + cnt / 4 + ROOM_MORE) & ~(KYI_BLOCK_SAMPLES - 1);
	to = floats_new(from->first + skip, room, 0);
	if (to == NULL)
		return -1;
	for (uint32_t i = 0; i < cnt; i++) {
		to->value[i] = ends && i == cnt - 1 ? stale() :
		    from->room == 0 ? from->run : from->value[skip + i];
		to->any_stale |= kymo_is_stale(to->value[i]);
	}
	kyi_blocks_take(to, cnt, from, skip);
	if (lost_move(to, from, cnt) != 0) {
		floats_free(to);
		return -1;
	}
	/* pairs(recent-floats) */
	kyi_store_ptr_release((void **)&recent->floats, to);
	kyi_epoch_retire(epochs, from, floats_free);
	recent->next += ends;
	return 0;
}

/* A full column that has but one value becomes a run again. */
static bool
is_run(const struct kyi_recent *recent, uint64_t keep_from, double value)
{
	const struct kyi_floats *floats = recent->floats;
	uint64_t from = keep_from > floats->first ? keep_from : floats->first;

	if (from >= recent->next)
		return false;
	for (uint64_t i = from; i < recent->next; i++)
		if (!same(floats->value[i - floats->first], value))
			return false;
	return true;
}

static int
to_run(struct kyi_recent *recent, uint64_t keep_from, double value,
    struct kyi_epochs *epochs)
{
	struct kyi_floats *from = recent->floats;
	uint64_t first = keep_from > from->first ? keep_from : from->first;
	struct kyi_floats *to = floats_new(first, 0, value);

	if (to == NULL)
		return -1;
	/* pairs(recent-floats) */
	kyi_store_ptr_release((void **)&recent->floats, to);
	kyi_epoch_retire(epochs, from, floats_free);
	return 0;
}

/* ---- putting -------------------------------------------------------------------- */

static int
lost_put(struct kyi_recent *recent, uint32_t at, double value)
{
	struct kyi_floats *floats = recent->floats;
	double *lost = floats->lost;

	if (kymo_is_stale(value)) {
		if (lost != NULL)
			lost[at] = recent->lost;
		return 0;
	}
	if (value < recent->real && lost == NULL) {
		lost = malloc(floats->room * sizeof *lost);
		if (lost == NULL)
			return -1;
		for (uint32_t i = 0; i < at; i++)
			lost[i] = recent->lost;
		/* pairs(recent-lost) */
		kyi_store_ptr_release((void **)&floats->lost, lost);
	}
	if (value < recent->real)
		recent->lost += recent->real;
	recent->real = value;
	if (lost != NULL)
		lost[at] = recent->lost;
	return 0;
}

/* Sample recent->next, into a column. */
static int
column_put(struct kyi_recent *recent, double value, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	struct kyi_floats *floats = recent->floats;
	uint64_t at = recent->next - floats->first;

	if (at >= floats->room) {
		if (floats->room > 0 && is_run(recent, keep_from, value) &&
		    to_run(recent, keep_from, value, epochs) == 0) {
			recent->next++;
			return 0;
		}
		if (move(recent, keep_from, false, epochs) != 0)
			return -1;
		floats = recent->floats;
		at = recent->next - floats->first;
	}
	if (lost_put(recent, (uint32_t)at, value) != 0)
		return -1;
	floats->value[at] = value;
	if (value != value && kymo_is_stale(value))
		kyi_store_u32_relaxed(&floats->any_stale, 1);
	if (at % KYI_MARK_SAMPLES == KYI_MARK_SAMPLES - 1)
		kyi_mark_make(floats, (uint32_t)at / KYI_MARK_SAMPLES);
	if (at % KYI_BLOCK_SAMPLES == KYI_BLOCK_SAMPLES - 1)
		kyi_extremes_make(floats, (uint32_t)at / KYI_BLOCK_SAMPLES);
	recent->next++;
	return 0;
}

/* No memory: it has nothing from next on, and nobody may look there. -1. */
static int
stop(struct kyi_recent *recent)
{
	/* Whoever may look at what is missing, by the count, sees this. */
	if (recent->floats != NULL && recent->ended == KYI_NOT_ENDED)
		kyi_store_u64_relaxed(&recent->ended, recent->next - 1);
	return -1;
}

static int
begin(struct kyi_recent *recent, uint64_t i, double value)
{
	struct kyi_floats *floats = floats_new(i, 0, value);

	if (floats == NULL)
		return -1;
	recent->next = i + 1;
	if (!kymo_is_stale(value))
		recent->real = value;
	/* pairs(recent-floats) */
	kyi_store_ptr_release((void **)&recent->floats, floats);
	return 0;
}

/* It had ended, or an append had no memory: what is between is stale. */
static int
catch_up(struct kyi_recent *recent, uint64_t i, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	if (recent->next < keep_from) { /* nothing of it is left */
		kyi_epoch_retire(epochs, recent->floats, floats_free);
		/* pairs(recent-floats): who finds nothing asks the database. */
		kyi_store_ptr_release((void **)&recent->floats, NULL);
		return 0;
	}
	if (recent->floats->room == 0 &&
	    move(recent, keep_from, true, epochs) != 0)
		return -1;
	while (recent->next < i)
		if (column_put(recent, stale(), keep_from, epochs) != 0)
			return -1;
	return 0;
}

/* Which samples need no look at the column: up to the last before a mark. */
static void
quick_set(struct kyi_recent *recent)
{
	struct kyi_floats *floats = recent->floats;
	uint64_t at = recent->next - floats->first;

	recent->is_run = floats->room == 0 && !kymo_is_stale(floats->run);
	recent->quick_cnt = 0;
	if (at >= floats->room || floats->lost != NULL)
		return;
	recent->at = floats->value + at;
	recent->quick_cnt = KYI_MARK_SAMPLES - 1 - at % KYI_MARK_SAMPLES;
}

static int
slow_put(struct kyi_recent *recent, uint64_t i, double value,
    uint64_t keep_from, struct kyi_epochs *epochs)
{
	struct kyi_floats *floats = recent->floats;

	recent->quick_cnt = 0;
	recent->is_run = false;
	if (floats != NULL && recent->next < i) {
		if (catch_up(recent, i, keep_from, epochs) != 0)
			return stop(recent);
		floats = recent->floats;
	}
	if (floats == NULL) {
		if (begin(recent, i, value) != 0)
			return -1;
	} else if (floats->room == 0 && same(value, floats->run)) {
		recent->next++;
	} else if (column_put(recent, value, keep_from, epochs) != 0) {
		return stop(recent);
	}
	/* pairs(recent-ended): whoever sees that it goes on sees the column
	   in which it does. */
	if (recent->ended != KYI_NOT_ENDED)
		kyi_store_u64_release(&recent->ended, KYI_NOT_ENDED);
	quick_set(recent);
	return 0;
}

/* A column is published with the feed's count, so what goes into it or on with
   a run needs nothing else: most puts look at recent alone. */
int
kyi_recent_put(struct kyi_recent *recent, uint64_t i, double value,
    uint64_t keep_from, struct kyi_epochs *epochs)
{
	if (recent->next != i)
		return slow_put(recent, i, value, keep_from, epochs);
	if (recent->is_run && same(value, recent->real)) {
		recent->next++;
		return 0;
	}
	/* Of a counter that was reset more is to be noted, of what is no number
	   too. */
	if (recent->quick_cnt > 0 && value >= recent->real) {
		recent->quick_cnt--;
		recent->next++;
		recent->real = *recent->at++ = value;
		return 0;
	}
	return slow_put(recent, i, value, keep_from, epochs);
}

int
kyi_recent_end(struct kyi_recent *recent, uint64_t i, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	if (recent->ended != KYI_NOT_ENDED || recent->floats == NULL)
		return 0;
	recent->quick_cnt = 0;
	recent->is_run = false;
	if (recent->next < i && catch_up(recent, i, keep_from, epochs) != 0)
		return stop(recent);
	if (recent->floats == NULL)
		return 0;
	/* A run tells it by ended alone. */
	if (recent->floats->room > 0 &&
	    column_put(recent, stale(), keep_from, epochs) != 0)
		return stop(recent);
	/* Whoever may look at it, by the count, sees this. */
	kyi_store_u64_relaxed(&recent->ended, i);
	return 0;
}

bool
kyi_recent_gone(const struct kyi_recent *recent, uint64_t keep_from)
{
	return recent->floats == NULL ||
	    (recent->ended != KYI_NOT_ENDED && recent->ended < keep_from);
}

size_t
kyi_recent_bytes(const struct kyi_recent *recent)
{
	const struct kyi_floats *floats = recent->floats;

	if (floats == NULL)
		return 0;
	return sizeof *floats + floats->room * (sizeof *floats->value +
	    (floats->lost != NULL ? sizeof *floats->lost : 0)) +
	    floats->room / KYI_BLOCK_SAMPLES * BLOCK_BYTES;
}

/* ---- reading ------------------------------------------------------------------- */

static void
view_column(const struct kyi_floats *floats, struct kyi_recent_view *view,
    uint64_t end)
{
	uint64_t at = view->first - floats->first;
	uint64_t marks = (end - floats->first) / KYI_MARK_SAMPLES;
	uint64_t blocks = marks / MARKS_OF_BLOCK;
	uint64_t before = at / KYI_BLOCK_SAMPLES;
	const double *lost;

	view->value = floats->value + at;
	/* pairs(recent-lost) */
	lost = kyi_load_ptr_acquire((void *const *)&floats->lost);
	view->lost = lost == NULL ? NULL : lost + at;
	if (marks > before * MARKS_OF_BLOCK) {
		view->mark = floats->mark + before * MARKS_OF_BLOCK;
		view->mark_cnt = (uint32_t)(marks - before * MARKS_OF_BLOCK) + 1;
		view->block_extremes = floats->block_extremes + before;
		view->block_cnt = (uint32_t)(blocks - before);
		view->block_phase = (uint32_t)(at % KYI_BLOCK_SAMPLES);
	}
	view->any_stale = kyi_load_u32_relaxed(&floats->any_stale) != 0;
}

void
kyi_recent_view(const struct kyi_recent *recent, uint64_t from, uint64_t end,
    struct kyi_recent_view *view)
{
	/* pairs(recent-ended): before the column. */
	uint64_t ended = kyi_load_u64_acquire(&recent->ended);
	/* pairs(recent-floats) */
	const struct kyi_floats *floats =
	    kyi_load_ptr_acquire((void *const *)&recent->floats);

	*view = (struct kyi_recent_view){ .cnt = 0 };
	if (floats == NULL)
		return;
	if (from < floats->first)
		from = floats->first;
	view->ends = ended < end;
	if (view->ends)
		end = ended + 1;
	if (from >= end)
		return;
	view->first = from;
	view->cnt = (uint32_t)(end - from);
	view->run = floats->run;
	if (floats->room > 0)
		view_column(floats, view, end);
	else
		view->any_stale = view->ends || kymo_is_stale(floats->run);
}
