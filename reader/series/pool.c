/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define CHUNK_BYTES 65536u

struct kyi_pool_chunk {
	struct kyi_pool_chunk *next;
	_Alignas(16) char bytes[];
};

void *
kyi_pool_take(struct kyi_pool *pool, size_t bytes)
{
	struct kyi_pool_chunk *chunk;
	size_t room;

	bytes = (bytes + 15) / 16 * 16;
	if (pool->chunks == NULL || bytes > pool->room_bytes - pool->used_bytes) {
		room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
		chunk = malloc(sizeof(*chunk) + room);
		if (chunk == NULL) {
			pool->failed = true;
			return NULL;
		}
		chunk->next = pool->chunks;
		pool->chunks = chunk;
		pool->room_bytes = room;
		pool->used_bytes = 0;
	}
	pool->used_bytes += bytes;
	return memset(pool->chunks->bytes + pool->used_bytes - bytes, 0, bytes);
}

const char *
kyi_pool_text(struct kyi_pool *pool, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = kyi_pool_take(pool, bytes);

	return copy == NULL ? "" : memcpy(copy, text, bytes);
}

void
kyi_pool_free(struct kyi_pool *pool)
{
	while (pool->chunks != NULL) {
		struct kyi_pool_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		free(chunk);
	}
}
