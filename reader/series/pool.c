/* SPDX-License-Identifier: MIT */
/* The memory of a scan: taken piece by piece, given back as a whole, and kept
   for the scan after the next, since fresh pages cost more than what is
   written on them. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define CHUNK_BYTES 65536u

struct kyi_pool_chunk {
	struct kyi_pool_chunk *next;
	size_t room_bytes;
	_Alignas(16) char bytes[];
};

static struct kyi_pool_chunk *
chunk_of(struct kyi_pool *pool, size_t bytes)
{
	struct kyi_pool_chunk **at = &pool->spare, *chunk;

	while ((chunk = *at) != NULL) {
		if (chunk->room_bytes >= bytes) {
			*at = chunk->next;
			return chunk;
		}
		at = &chunk->next;
	}
	if (bytes < CHUNK_BYTES)
		bytes = CHUNK_BYTES;
	chunk = malloc(sizeof(*chunk) + bytes);
	if (chunk != NULL)
		chunk->room_bytes = bytes;
	return chunk;
}

void *
kyi_pool_take(struct kyi_pool *pool, size_t bytes)
{
	struct kyi_pool_chunk *chunk = pool->chunks;

	bytes = (bytes + 15) / 16 * 16;
	if (chunk == NULL || bytes > chunk->room_bytes - pool->used_bytes) {
		chunk = chunk_of(pool, bytes);
		if (chunk == NULL) {
			pool->failed = true;
			return NULL;
		}
		chunk->next = pool->chunks;
		pool->chunks = chunk;
		pool->used_bytes = 0;
	}
	pool->used_bytes += bytes;
	return memset(chunk->bytes + pool->used_bytes - bytes, 0, bytes);
}

const char *
kyi_pool_text(struct kyi_pool *pool, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = kyi_pool_take(pool, bytes);

	return copy == NULL ? "" : memcpy(copy, text, bytes);
}

static void
free_chunks(struct kyi_pool_chunk **chunks)
{
	while (*chunks != NULL) {
		struct kyi_pool_chunk *chunk = *chunks;

		*chunks = chunk->next;
		free(chunk);
	}
}

void
kyi_pool_done(struct kyi_pool *pool)
{
	free_chunks(&pool->spare);
}

void
kyi_pool_free(struct kyi_pool *pool, struct kyi_pool_chunk **spare)
{
	if (spare != NULL && *spare == NULL) {
		*spare = pool->chunks;
		pool->chunks = NULL;
	}
	free_chunks(&pool->chunks);
	free_chunks(&pool->spare);
}

void
kyi_pool_free_spare(struct kyi_pool_chunk **spare)
{
	free_chunks(spare);
}
