/* SPDX-License-Identifier: MIT */
#include "reader/history/recent_hists.h"

#include <stdlib.h>
#include <string.h>

#include "reader/history/native_copy.h"
#include "reader/history/recent.h"
#include "reader/room.h"
#include "shm/atomic.h"

#define CHUNK_BYTES_MIN 256u
#define CHUNKS_MORE 4u

void
kyi_recent_hists_init(struct kyi_recent_hists *recent)
{
	*recent = (struct kyi_recent_hists){ .ended = KYI_NOT_ENDED };
}

static uint32_t
chunks_used(const struct kyi_recent_hists *recent)
{
	return (uint32_t)((recent->next - recent->chunks->first +
	    KYI_CHUNK_SAMPLES - 1) / KYI_CHUNK_SAMPLES);
}

void
kyi_recent_hists_free(struct kyi_recent_hists *recent)
{
	for (uint32_t i = 0; recent->chunks != NULL && i < chunks_used(recent);
	    i++)
		free(recent->chunks->chunk[i]);
	free(recent->chunks);
	free(recent->before);
	kymo_buffer_free(&recent->code);
	recent->chunks = NULL;
	recent->before = NULL;
}

/* ---- putting -------------------------------------------------------------------- */

/* Room for one chunk more; those before keep_from go. */
static int
chunks_grow(struct kyi_recent_hists *recent, uint64_t i, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	struct kyi_hist_chunks *from = recent->chunks, *to;
	uint32_t used = from == NULL ? 0 : chunks_used(recent), skip = 0, room;

	if (from != NULL && used < from->room)
		return 0;
	if (from != NULL && keep_from > from->first)
		skip = (uint32_t)((keep_from - from->first) / KYI_CHUNK_SAMPLES);
	if (skip > used)
		skip = used;
	room = (used - skip) * 5 / 4 + CHUNKS_MORE;
	to = calloc(1, sizeof *to + room * sizeof to->chunk[0]);
	if (to == NULL)
		return -1;
	to->room = room;
	to->first = from == NULL ? i : from->first + skip * KYI_CHUNK_SAMPLES;
	for (uint32_t k = skip; k < used; k++)
		to->chunk[k - skip] = from->chunk[k];
	/* pairs(hist-chunks) */
	kyi_store_ptr_release((void **)&recent->chunks, to);
	for (uint32_t k = 0; k < skip; k++)
		kyi_epoch_retire(epochs, from->chunk[k], free);
	kyi_epoch_retire(epochs, from, free);
	return 0;
}

/* Appends what is in recent->code to the chunk of sample next. */
static int
code_add(struct kyi_recent_hists *recent, struct kyi_epochs *epochs)
{
	uint64_t at = recent->next - recent->chunks->first;
	struct kyi_hist_chunk **chunk =
	    &recent->chunks->chunk[at / KYI_CHUNK_SAMPLES], *from = *chunk;
	size_t len_bytes = from == NULL ? 0 : from->len_bytes;
	size_t need_bytes = len_bytes + recent->code.len_bytes;

	if (from == NULL || need_bytes > from->room_bytes) {
		size_t room_bytes = need_bytes * 3 / 2 + CHUNK_BYTES_MIN;
		struct kyi_hist_chunk *to = malloc(sizeof *to + room_bytes);

		if (to == NULL)
			return -1;
		to->room_bytes = room_bytes;
		to->len_bytes = len_bytes;
		if (from != NULL)
			memcpy(to->bytes, from->bytes, len_bytes);
		/* pairs(hist-chunk) */
		kyi_store_ptr_release((void **)chunk, to);
		kyi_epoch_retire(epochs, from, free);
	}
	memcpy((*chunk)->bytes + len_bytes, recent->code.at,
	    recent->code.len_bytes);
	(*chunk)->len_bytes = need_bytes;
	recent->next++;
	return 0;
}

/* Sample next; hist NULL: a stale marker. */
static int
put(struct kyi_recent_hists *recent, const struct kymo_native_hist *hist,
    uint64_t keep_from, struct kyi_epochs *epochs)
{
	struct kymo_native_hist *copy = NULL;
	uint64_t stale_bits = KYMO_STALE_BITS;
	bool begins;
	double stale;

	if (chunks_grow(recent, recent->next, keep_from, epochs) != 0)
		return -1;
	begins = (recent->next - recent->chunks->first) %
	    KYI_CHUNK_SAMPLES == 0;
	kyi_buffer_again(&recent->code);
	if (hist == NULL) {
		memcpy(&stale, &stale_bits, sizeof stale);
		kyi_hist_put_float(&recent->code, stale);
	} else {
		copy = kyi_native_copy(hist);
		if (copy == NULL)
			return -1;
		if (copy->reset != KYMO_RESET_GAUGE)
			copy->reset = recent->before != NULL &&
			    kyi_native_follows(recent->before, copy) ?
			    KYMO_RESET_NO : KYMO_RESET_UNKNOWN;
		kyi_hist_put(&recent->code, begins ? NULL : recent->before,
		    copy);
	}
	if (recent->code.failed || code_add(recent, epochs) != 0) {
		free(copy);
		return -1;
	}
	free(recent->before);
	recent->before = copy;
	return 0;
}

static void
forget(struct kyi_recent_hists *recent, struct kyi_epochs *epochs)
{
	struct kyi_hist_chunks *chunks = recent->chunks;

	for (uint32_t i = 0; i < chunks_used(recent); i++)
		kyi_epoch_retire(epochs, chunks->chunk[i], free);
	kyi_epoch_retire(epochs, chunks, free);
	/* pairs(hist-chunks): who finds nothing asks the database. */
	kyi_store_ptr_release((void **)&recent->chunks, NULL);
	free(recent->before);
	recent->before = NULL;
}

static int
catch_up(struct kyi_recent_hists *recent, uint64_t i, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	if (recent->chunks != NULL && recent->next < keep_from)
		forget(recent, epochs);
	if (recent->chunks == NULL)
		recent->next = i;
	while (recent->next < i)
		if (put(recent, NULL, keep_from, epochs) != 0)
			return -1;
	return 0;
}

/* No memory: it has nothing from next on, and nobody may look there. -1. */
static int
stop(struct kyi_recent_hists *recent)
{
	/* Whoever may look at what is missing, by the count, sees this. */
	if (recent->next > 0 && recent->ended == KYI_NOT_ENDED)
		kyi_store_u64_relaxed(&recent->ended, recent->next - 1);
	return -1;
}

int
kyi_recent_hists_put(struct kyi_recent_hists *recent, uint64_t i,
    const struct kymo_native_hist *hist, uint64_t keep_from,
    struct kyi_epochs *epochs)
{
	if (catch_up(recent, i, keep_from, epochs) != 0 ||
	    put(recent, hist, keep_from, epochs) != 0)
		return stop(recent);
	/* pairs(hist-ended): whoever sees that it goes on sees the chunks in
	   which it does. */
	if (recent->ended != KYI_NOT_ENDED)
		kyi_store_u64_release(&recent->ended, KYI_NOT_ENDED);
	return 0;
}

int
kyi_recent_hists_end(struct kyi_recent_hists *recent, uint64_t i,
    uint64_t keep_from, struct kyi_epochs *epochs)
{
	if (recent->ended != KYI_NOT_ENDED || recent->chunks == NULL)
		return 0;
	if (catch_up(recent, i, keep_from, epochs) != 0 ||
	    put(recent, NULL, keep_from, epochs) != 0)
		return stop(recent);
	/* Whoever may look at it, by the count, sees this. */
	kyi_store_u64_relaxed(&recent->ended, i);
	return 0;
}

bool
kyi_recent_hists_gone(const struct kyi_recent_hists *recent,
    uint64_t keep_from)
{
	return recent->chunks == NULL ||
	    (recent->ended != KYI_NOT_ENDED && recent->ended < keep_from);
}

size_t
kyi_recent_hists_bytes(const struct kyi_recent_hists *recent)
{
	size_t bytes = 0;

	for (uint32_t i = 0; recent->chunks != NULL && i < chunks_used(recent);
	    i++)
		bytes += recent->chunks->chunk[i]->room_bytes;
	return bytes;
}

/* ---- reading -------------------------------------------------------------------- */

void
kyi_hists_walk_begin(struct kyi_hists_walk *walk,
    const struct kyi_recent_hists *recent, uint64_t from, uint64_t end)
{
	/* pairs(hist-ended): before the chunks. */
	uint64_t ended = kyi_load_u64_acquire(&recent->ended), i;

	memset(walk, 0, sizeof *walk);
	/* pairs(hist-chunks) */
	walk->chunks = kyi_load_ptr_acquire((void *const *)&recent->chunks);
	if (walk->chunks == NULL)
		return;
	if (ended < end)
		end = ended + 1;
	if (from < walk->chunks->first)
		from = walk->chunks->first;
	walk->end = end;
	walk->next = from - (from - walk->chunks->first) % KYI_CHUNK_SAMPLES;
	while (walk->next < from)
		if (!kyi_hists_walk_next(walk, &i))
			break;
}

bool
kyi_hists_walk_next(struct kyi_hists_walk *walk, uint64_t *i)
{
	const struct kyi_hist_chunk *chunk;
	uint64_t at;

	if (walk->chunks == NULL || walk->next >= walk->end)
		return false;
	at = walk->next - walk->chunks->first;
	if (at % KYI_CHUNK_SAMPLES == 0 || walk->at == NULL) {
		/* pairs(hist-chunk) */
		chunk = kyi_load_ptr_acquire((void *const *)
		    &walk->chunks->chunk[at / KYI_CHUNK_SAMPLES]);
		if (chunk == NULL)
			return false; /* there was no memory for its first */
		walk->at = chunk->bytes;
		walk->limit = chunk->bytes + chunk->room_bytes;
	}
	if (kyi_hist_get(&walk->reader, &walk->at, walk->limit) != 0)
		return false;
	*i = walk->next++;
	return true;
}

void
kyi_hists_walk_end(struct kyi_hists_walk *walk)
{
	kyi_hist_reader_free(&walk->reader);
}
