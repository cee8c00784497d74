/* SPDX-License-Identifier: MIT */
/* Goal: a reader of the ring takes no record that is not whole, and every one
   that is. Method: each step of an overwrite staged by hand; then a writer
   thread against so many passes of a copying reader, every word of every record
   made from its number. */
#include <pthread.h>

#include "tests/testlib/testlib.h"

#include "shm/ring.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define WORDS (sizeof(struct kyi_event) / 8)

struct ring {
	struct kyi_ring_section section;
	struct kyi_event places[64];
};

static void
ring_new(struct ring *ring, uint32_t first, uint32_t cnt)
{
	memset(ring, 0, sizeof(*ring));
	ring->section.first = first;
	ring->section.cnt = cnt;
}

static uint64_t
word_of(uint64_t number, size_t word)
{
	return number * UINT64_C(0x9e3779b97f4a7c15) + word * 77;
}

/* Fills place number as a writer does; the words are in the middle of it. */
static void
fill(struct ring *ring, uint64_t number)
{
	struct kyi_event *place = kyi_ring_place(&ring->section, ring->places,
	    number);
	size_t word;

	for (word = 1; word < WORDS; word++)
		kyi_store_u64_relaxed((uint64_t *)place + word,
		    word_of(number, word));
}

static void
write_one(struct ring *ring)
{
	uint64_t n = kyi_ring_begin(&ring->section, ring->places, 1);

	fill(ring, n);
	kyi_ring_end(kyi_ring_place(&ring->section, ring->places, n), n);
}

/* As pread does: in words, in no order that anybody relies on. */
static void
copy(const struct ring *ring, uint64_t number, struct kyi_event *to)
{
	const struct kyi_event *place = &ring->places[ring->section.first +
	    (number & (ring->section.cnt - 1))];
	size_t word;

	for (word = 0; word < WORDS; word++)
		((uint64_t *)to)[word] = kyi_load_u64_relaxed(
		    (const uint64_t *)(const void *)place + word);
}

static bool
is_of(const struct kyi_event *copied, uint64_t number)
{
	size_t word;

	for (word = 1; word < WORDS; word++)
		if (((const uint64_t *)(const void *)copied)[word] !=
		    word_of(number, word))
			return false;
	return true;
}

static const struct {
	const char *what;
	uint64_t seq, number, reserve_after;
	uint32_t cnt;
	bool whole;
} rows[] = {
	{ "the newest", 101, 100, 101, 8, true },
	{ "the oldest that is there", 94, 93, 101, 8, true },
	{ "being overwritten, seq still old", 93, 92, 101, 8, false },
	{ "long overwritten", 1, 0, 101, 8, false },
	{ "being written", 0, 100, 101, 8, false },
	{ "of the round before", 93, 100, 101, 8, false },
	{ "of the round after", 109, 100, 101, 8, false },
	{ "beyond reserve, with a seq to match", 111, 110, 101, 8, false },
	{ "reserve wraps", 1, 0, UINT64_MAX, 8, false },
	{ "first of all", 1, 0, 1, 8, true },
	{ "a ring of one", 6, 5, 6, 1, true },
	{ "a ring of one, overwritten", 6, 5, 7, 1, false },
};

static void
test_a_place_is_whole_by_seq_and_by_reserve(void **state)
{
	struct kyi_event place;
	size_t i;

	memset(&place, 0, sizeof(place));
	for (i = 0; i < COUNT(rows); i++) {
		place.seq = rows[i].seq;
		if (kyi_ring_whole(rows[i].seq, &place, rows[i].number,
		    rows[i].reserve_after, rows[i].cnt) != rows[i].whole)
			fail_msg("%s", rows[i].what);
		/* Whole only while it was copied: its words may be older. */
		assert_false(kyi_ring_whole(0, &place, rows[i].number,
		    rows[i].reserve_after, rows[i].cnt));
	}
}

static void
test_a_record_is_there_only_when_it_ends(void **state)
{
	struct ring ring;
	uint64_t n;

	ring_new(&ring, 0, 8);
	n = kyi_ring_begin(&ring.section, ring.places, 1);
	assert_int_equal(n, 0);
	fill(&ring, n);
	assert_false(kyi_ring_whole(ring.places[0].seq, &ring.places[0], n,
	    ring.section.reserve, 8));
	kyi_ring_end(&ring.places[0], n);
	assert_true(kyi_ring_whole(ring.places[0].seq, &ring.places[0], n,
	    ring.section.reserve, 8));
}

/* Signal handlers interrupt the writer between any two steps. */
static void
test_nested_records_have_places_of_their_own(void **state)
{
	struct ring ring;
	uint64_t outer, inner, innermost;
	struct kyi_event copied;

	ring_new(&ring, 0, 8);
	outer = kyi_ring_begin(&ring.section, ring.places, 2);
	fill(&ring, outer);
	inner = kyi_ring_begin(&ring.section, ring.places, 1);
	innermost = kyi_ring_begin(&ring.section, ring.places, 1);
	fill(&ring, innermost);
	kyi_ring_end(kyi_ring_place(&ring.section, ring.places, innermost),
	    innermost);
	fill(&ring, inner);
	kyi_ring_end(kyi_ring_place(&ring.section, ring.places, inner), inner);
	fill(&ring, outer + 1);
	kyi_ring_end(kyi_ring_place(&ring.section, ring.places, outer + 1),
	    outer + 1);
	kyi_ring_end(kyi_ring_place(&ring.section, ring.places, outer), outer);

	assert_int_equal(inner, outer + 2);
	assert_int_equal(innermost, outer + 3);
	assert_int_equal(ring.section.reserve, 4);
	for (outer = 0; outer < 4; outer++) {
		copy(&ring, outer, &copied);
		assert_true(kyi_ring_whole(copied.seq, &copied, outer,
		    ring.section.reserve, 8));
		assert_true(is_of(&copied, outer));
	}
}

static void
test_a_long_record_goes_round_the_end_of_its_section_only(void **state)
{
	struct ring ring;
	uint64_t n, i;

	/* Places 8..15 are this section's. */
	ring_new(&ring, 8, 8);
	ring.section.reserve = 5;
	n = kyi_ring_begin(&ring.section, ring.places, KYI_EVENT_SLOTS_MAX);
	assert_int_equal(n, 5);
	for (i = n; i < n + KYI_EVENT_SLOTS_MAX; i++) {
		fill(&ring, i);
		kyi_ring_end(kyi_ring_place(&ring.section, ring.places, i), i);
	}
	for (i = 0; i < COUNT(ring.places); i++)
		assert_int_equal(ring.places[i].seq != 0, i >= 8 && i < 16);
	assert_int_equal(ring.places[8 + 5].seq, 6);
	assert_int_equal(ring.places[8 + 4].seq, 13);
}

/* The reader has copied seq, then the writer overwrites the words, then the
   reader copies those: seq is right and the words are another record's. */
static void
test_a_copy_torn_by_an_overwrite_is_refused(void **state)
{
	struct kyi_event copied, later;
	struct ring ring;
	uint64_t n, i;

	ring_new(&ring, 0, 8);
	for (i = 0; i < 8; i++)
		write_one(&ring);
	copy(&ring, 0, &copied);
	assert_true(kyi_ring_whole(copied.seq, &copied, 0,
	    ring.section.reserve, 8));
	n = kyi_ring_begin(&ring.section, ring.places, 1);
	assert_int_equal(n, 8);
	fill(&ring, n);
	copy(&ring, 0, &later);
	later.seq = copied.seq;
	assert_false(is_of(&later, 0));
	assert_false(kyi_ring_whole(later.seq, &later, 0,
	    ring.section.reserve, 8));
	/* Its neighbour is not touched. */
	copy(&ring, 1, &copied);
	assert_true(kyi_ring_whole(copied.seq, &copied, 1,
	    ring.section.reserve, 8));
}

#define PASS_CNT 20000u

struct beside {
	struct ring ring;
	uint32_t stop;
};

static void *
write_until_told(void *arg)
{
	struct beside *beside = arg;

	while (kyi_load_u32_relaxed(&beside->stop) == 0)
		write_one(&beside->ring);
	return NULL;
}

/* One pass of a reader: the whole section twice, then reserve. */
static void
read_pass(const struct ring *ring, uint64_t *accepted, uint64_t *torn)
{
	struct kyi_event seen[64], copied[64];
	uint32_t cnt = ring->section.cnt;
	uint64_t before = kyi_load_u64_relaxed(&ring->section.reserve);
	uint64_t first = before > cnt ? before - cnt : 0, n, after;

	for (n = first; n < before; n++)
		copy(ring, n, &seen[n % cnt]);
	kyi_ring_copy_fence();
	for (n = first; n < before; n++)
		copy(ring, n, &copied[n % cnt]);
	kyi_ring_copy_fence();
	after = kyi_load_u64_relaxed(&ring->section.reserve);
	for (n = first; n < before; n++) {
		if (!kyi_ring_whole(seen[n % cnt].seq, &copied[n % cnt], n,
		    after, cnt))
			continue;
		++*accepted;
		*torn += !is_of(&copied[n % cnt], n);
	}
}

static void
test_a_reader_beside_a_writer_takes_whole_records(void **state)
{
	uint64_t accepted = 0, torn = 0;
	struct beside beside = { .stop = 0 };
	pthread_t writer;
	uint32_t i;

	ring_new(&beside.ring, 0, 64);
	assert_int_equal(pthread_create(&writer, NULL, write_until_told,
	    &beside), 0);
	for (i = 0; i < PASS_CNT; i++)
		read_pass(&beside.ring, &accepted, &torn);
	kyi_store_u32_relaxed(&beside.stop, 1);
	pthread_join(writer, NULL);
	assert_int_equal(torn, 0);
	/* At rest all that the ring holds is there. */
	while (beside.ring.section.reserve < 64)
		write_one(&beside.ring);
	accepted = 0;
	read_pass(&beside.ring, &accepted, &torn);
	assert_int_equal(accepted, 64);
	assert_int_equal(torn, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_place_is_whole_by_seq_and_by_reserve),
		cmocka_unit_test(test_a_record_is_there_only_when_it_ends),
		cmocka_unit_test(test_nested_records_have_places_of_their_own),
		cmocka_unit_test(
		    test_a_long_record_goes_round_the_end_of_its_section_only),
		cmocka_unit_test(test_a_copy_torn_by_an_overwrite_is_refused),
		cmocka_unit_test(
		    test_a_reader_beside_a_writer_takes_whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
