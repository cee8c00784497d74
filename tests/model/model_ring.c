/* SPDX-License-Identifier: MIT */
/* shm/ring.h: what a reader accepts is a record as it was written. */
#include "tests/model/explore.h"
#include "tests/model/models.h"
#include "shm/ring.h"

#define PLACE_CNT 2u
#define RECORD_CNT 4u
#define WORD_CNT 2u /* of those of a place, besides seq */

static struct kyi_ring_section section = { .cnt = PLACE_CNT };
static struct kyi_event places[PLACE_CNT];

static uint64_t *
words_of(struct kyi_event *place)
{
	return &place->ts_ns;
}

static void
write_records(void)
{
	uint64_t record, number;
	uint32_t i;

	for (record = 0; record < RECORD_CNT; record++) {
		number = kyi_ring_begin(&section, places, 1);
		for (i = 0; i < WORD_CNT; i++)
			kyi_store_u64_relaxed(&words_of(kyi_ring_place(&section,
			    places, number))[i], 10 + record);
		kyi_ring_end(kyi_ring_place(&section, places, number), number);
	}
}

/* The steps of reader/region/events.c. */
static void
read_records(void)
{
	struct kyi_event before[PLACE_CNT], copy[PLACE_CNT];
	uint64_t reserve, number, idx;
	uint32_t i;

	model_copy(before, places, sizeof(places));
	kyi_ring_copy_fence();
	model_copy(copy, places, sizeof(places));
	kyi_ring_copy_fence();
	model_copy(&reserve, &section.reserve, sizeof(reserve));
	for (number = 0; number < reserve; number++) {
		idx = number & (PLACE_CNT - 1);
		if (!kyi_ring_whole(before[idx].seq, &copy[idx], number,
		    reserve, PLACE_CNT))
			continue;
		for (i = 0; i < WORD_CNT; i++)
			model_assert(words_of(&copy[idx])[i] == 10 + number,
			    "a record that was accepted is another");
	}
}

const struct model model_ring = {
	.name = "ring",
	.thread = { write_records, read_records },
	.in_turn = true,
	.departures = 4,
	.runs = 40000,
	.walks = 4000,
};
