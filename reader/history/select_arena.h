/* SPDX-License-Identifier: MIT */
/* Memory of one selection: taken piece by piece, given back at once. */
#ifndef KYI_HISTORY_SELECT_ARENA_H
#define KYI_HISTORY_SELECT_ARENA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define KYI_ARENA_BYTES (256u << 10)

struct kyi_arena_chunk {
	struct kyi_arena_chunk *next;
	double at[];
};

struct kyi_arena {
	struct kyi_arena_chunk *chunks;
	char *at;
	size_t left_bytes;
	uint64_t used_bytes, max_bytes;
	bool full; /* more than max was wanted */
};

/* Counts what is used of max, here or elsewhere. False: it is too much. */
static inline bool
kyi_arena_count(struct kyi_arena *arena, size_t bytes)
{
	if (bytes > arena->max_bytes - arena->used_bytes) {
		arena->full = true;
		return false;
	}
	arena->used_bytes += bytes;
	return true;
}

/* NULL: no memory. */
static inline void *
kyi_arena_take(struct kyi_arena *arena, size_t bytes)
{
	void *taken;

	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > arena->left_bytes) {
		size_t room_bytes = bytes > KYI_ARENA_BYTES / 4 ? bytes :
		    KYI_ARENA_BYTES;
		struct kyi_arena_chunk *chunk;

		if (!kyi_arena_count(arena, room_bytes))
			return NULL;
		chunk = malloc(sizeof *chunk + 8 + room_bytes);
		if (chunk == NULL)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		taken = chunk->at;
		if (room_bytes == bytes)
			return taken;
		arena->at = taken;
		arena->left_bytes = room_bytes;
	}
	taken = arena->at;
	arena->at += bytes;
	arena->left_bytes -= bytes;
	return taken;
}

static inline void
kyi_arena_free(struct kyi_arena *arena)
{
	while (arena->chunks != NULL) {
		struct kyi_arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->left_bytes = 0;
}

#endif
