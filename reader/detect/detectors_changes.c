/* SPDX-License-Identifier: MIT */
/* Since when a signal has another level: beside its detector, each of some has a search for
   change points, which is fed means of a minute. It takes six times the memory
   of a detector, so not all may have one. */
#include <math.h>
#include <stdlib.h>

#include "reader/detect/detectors_private.h"

/* A level that moves by less than this part of itself is not told. */
#define LEAST 0.01
/* A step that begins so many rows after one like it was found goes on with it. */
#define GOES_ON_ROWS 30u

static size_t
bytes_of(const struct kyi_watched *watched)
{
	return sizeof(struct kyi_changing) +
	    watched->slot_cnt * sizeof(struct kyi_changing_slot);
}

void
kyi_changing_begin(struct kymo_detectors *detectors,
    struct kyi_watched *watched)
{
	struct kyi_changing *changing;

	if (watched->changing || detectors->changing_cnt + watched->slot_cnt >
	    detectors->options.change_max)
		return;
	changing = calloc(1, bytes_of(watched));
	if (!changing)
		return;
	for (uint32_t i = 0; i < watched->slot_cnt; i++)
		kymo_change_init(&changing->slots[i].change, LEAST);
	changing->of = watched;
	changing->next = detectors->changing;
	changing->at = &detectors->changing;
	if (changing->next)
		changing->next->at = &changing->next;
	detectors->changing = changing;
	detectors->changing_cnt += watched->slot_cnt;
	watched->changing = changing;
	watched->changes = true;
}

void
kyi_changing_end(struct kymo_detectors *detectors, struct kyi_watched *watched)
{
	struct kyi_changing *changing = watched->changing;

	if (!changing)
		return;
	*changing->at = changing->next;
	if (changing->next)
		changing->next->at = changing->at;
	detectors->changing_cnt -= watched->slot_cnt;
	watched->changing = NULL;
	watched->changes = false;
	free(changing);
}

void
kyi_changing_fit(struct kymo_detectors *detectors)
{
	while (detectors->changing_cnt > detectors->options.change_max)
		kyi_changing_end(detectors, detectors->changing->of);
	for (uint32_t i = 0; i < detectors->table_room &&
	    detectors->changing_cnt < detectors->options.change_max; i++)
		for (struct kyi_watched *watched = detectors->table[i];
		    watched; watched = watched->next)
			kyi_changing_begin(detectors, watched);
}

/* ---- rows ------------------------------------------------------------------------- */

static void
row_keep(struct kyi_changing_slot *slot, const struct kyi_row *row)
{
	slot->rows[slot->row_cnt++ % KYI_CHANGE_ROWS] = *row;
}

void
kyi_changing_again(struct kyi_changing_slot *slot, const struct kyi_row *row)
{
	struct kymo_change_point point;

	row_keep(slot, row);
	(void)kymo_change_step(&slot->change, row->at_ns, row->value, &point);
}

/* What began no later than the last that was told is that one, seen again. Slopes
   are not told: after a shift of level, hours later, one is found that was the
   shift. */
static bool
is_new(const struct kyi_changing_slot *slot,
    const struct kymo_change_point *point)
{
	if (point->kind != KYMO_CHANGE_LEVEL)
		return false;
	return slot->found_ns == 0 || point->at_ns > slot->found.at_ns;
}

/* A ramp is told as steps, one after another: as one change, since the first. */
static bool
goes_on(const struct kymo_detectors *detectors,
    const struct kyi_changing_slot *slot,
    const struct kymo_change_point *point)
{
	return slot->found_ns > 0 && point->at_ns <= slot->found_ns +
	    GOES_ON_ROWS * detectors->options.change_interval_ns &&
	    (point->after > point->before) ==
	    (slot->found.after > slot->found.before) &&
	    (point->after > slot->found.after) ==
	    (slot->found.after > slot->found.before);
}

static void
change_note(struct kymo_detectors *detectors, struct kyi_changing_slot *slot,
    const struct kymo_change_point *point)
{
	if (goes_on(detectors, slot, point)) {
		slot->found.after = point->after;
	} else {
		slot->found = *point;
		detectors->change_cnt++;
	}
	slot->found_ns = detectors->at_ns;
}

static void
row_end(struct kymo_detectors *detectors, struct kyi_changing *changing,
    uint32_t i)
{
	struct kyi_changing_slot *slot = &changing->slots[i];
	struct kymo_change_point point;
	struct kyi_row row = { changing->row_at_ns,
		changing->sum[i] / changing->cnt[i] };

	row.value = fmax(-KYI_CHANGE_VALUE_MAX, fmin(row.value,
	    KYI_CHANGE_VALUE_MAX));
	row_keep(slot, &row);
	changing->sum[i] = 0;
	changing->cnt[i] = 0;
	if (!kymo_change_step(&slot->change, row.at_ns, row.value, &point) ||
	    !is_new(slot, &point))
		return;
	change_note(detectors, slot, &point);
}

void
kyi_changing_take(struct kymo_detectors *detectors,
    struct kyi_watched *watched, const double *value)
{
	struct kyi_changing *changing = watched->changing;
	uint64_t number = detectors->at_mono_ns /
	    detectors->options.change_interval_ns;

	if (number != changing->row_number) {
		for (uint32_t i = 0; i < watched->slot_cnt; i++)
			if (changing->cnt[i] > 0)
				row_end(detectors, changing, i);
		changing->row_number = number;
		changing->row_at_ns = detectors->at_ns;
	}
	for (uint32_t i = 0; i < watched->slot_cnt; i++)
		if (isfinite(value[i])) {
			changing->sum[i] += value[i];
			changing->cnt[i]++;
		}
}

void
kyi_changing_step(struct kymo_detectors *detectors)
{
	for (struct kyi_changing *changing = detectors->changing; changing;
	    changing = changing->next)
		for (uint32_t i = 0; i < changing->of->slot_cnt; i++) {
			struct kyi_changing_slot *slot = &changing->slots[i];

			/* The clock was set back. */
			if (slot->found_ns > detectors->at_ns)
				slot->found_ns = detectors->at_ns;
			if (slot->found.at_ns > detectors->at_ns)
				slot->found.at_ns = detectors->at_ns;
			if (detectors->at_ns - slot->found_ns >= KYI_CHANGED_NS)
				slot->found_ns = 0;
		}
}
