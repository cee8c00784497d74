/* SPDX-License-Identifier: MIT */
#include "reader/query/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES ((size_t)4096)
#define LARGEST_BYTES ((size_t)1 << 20)
#define ALIGN_BYTES ((size_t)16)

/* What a thread keeps of deleted arenas for its next ones: fresh memory costs
   a page fault each 4 KiB, more than most of what is done in it. Not with a
   sanitizer, which would see less. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPARE_BYTES ((size_t)0)
#else
#define SPARE_BYTES ((size_t)8 << 20)
#endif

/* Aligned, so that what follows is. */
struct piece {
	struct piece *before;
	size_t room_bytes;
} __attribute__((aligned(ALIGN_BYTES)));

struct kyi_arena {
	struct piece *newest;
	char *at, *end; /* what is left of the newest piece */
	size_t next_bytes, used_bytes, max_bytes;
	bool full;
};

/* ---- what a thread keeps ---------------------------------------------------- */

static __thread struct spare {
	struct piece *largest; /* then ever smaller ones */
	size_t bytes;
	bool will_go; /* with the thread */
} spare;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;

static void
free_pieces(struct piece *piece)
{
	while (piece != NULL) {
		struct piece *before = piece->before;

		free(piece);
		piece = before;
	}
}

static void
forget(void *of)
{
	struct spare *mine = of;

	free_pieces(mine->largest);
	*mine = (struct spare){ NULL, 0, false };
}

static void
make_key(void)
{
	(void)pthread_key_create(&at_exit, forget);
}

static void
keep_piece(struct piece *piece)
{
	struct piece **at = &spare.largest;

	if (piece->room_bytes > SPARE_BYTES - spare.bytes) {
		free(piece);
		return;
	}
	if (!spare.will_go) {
		pthread_once(&once, make_key);
		spare.will_go = pthread_setspecific(at_exit, &spare) == 0;
		if (!spare.will_go) {
			free(piece);
			return;
		}
	}
	while (*at != NULL && (*at)->room_bytes > piece->room_bytes)
		at = &(*at)->before;
	piece->before = *at;
	*at = piece;
	spare.bytes += piece->room_bytes;
}

static struct piece *
new_piece(size_t room_bytes, size_t room_max_bytes)
{
	struct piece *piece = spare.largest;

	if (piece != NULL && piece->room_bytes >= room_bytes &&
	    piece->room_bytes <= room_max_bytes) {
		spare.largest = piece->before;
		spare.bytes -= piece->room_bytes;
		return piece;
	}
	piece = malloc(sizeof *piece + room_bytes);
	if (piece != NULL)
		piece->room_bytes = room_bytes;
	return piece;
}

/* ---- arenas ------------------------------------------------------------------- */

struct kyi_arena *
kyi_arena_new(size_t room_max_bytes)
{
	struct kyi_arena *arena = calloc(1, sizeof *arena);

	if (arena == NULL)
		return NULL;
	arena->next_bytes = FIRST_BYTES;
	arena->max_bytes = room_max_bytes == 0 ? SIZE_MAX : room_max_bytes;
	return arena;
}

void
kyi_arena_delete(struct kyi_arena *arena)
{
	struct piece *piece;

	if (arena == NULL)
		return;
	while ((piece = arena->newest) != NULL) {
		arena->newest = piece->before;
		keep_piece(piece);
	}
	free(arena);
}

/* What does not fit a piece of the usual size gets one of its own; pieces
   double, so that a long evaluation makes few. */
static bool
grow(struct kyi_arena *arena, size_t size_bytes)
{
	size_t room = arena->next_bytes;
	struct piece *piece;

	if (room < size_bytes)
		room = size_bytes;
	if (room > arena->max_bytes - arena->used_bytes)
		room = size_bytes;
	if (room > arena->max_bytes - arena->used_bytes || (piece = new_piece(
	    room, arena->max_bytes - arena->used_bytes)) == NULL) {
		arena->full = true;
		return false;
	}
	room = piece->room_bytes;
	piece->before = arena->newest;
	arena->newest = piece;
	arena->at = (char *)(piece + 1);
	arena->end = arena->at + room;
	arena->used_bytes += room;
	if (arena->next_bytes < LARGEST_BYTES)
		arena->next_bytes *= 2;
	return true;
}

void *
kyi_arena_array(struct kyi_arena *arena, uint64_t cnt, size_t size_bytes)
{
	size_t bytes;
	void *at;

	if (__builtin_mul_overflow(cnt, size_bytes, &bytes) ||
	    bytes > SIZE_MAX / 2) {
		arena->full = true;
		return NULL;
	}
	bytes = (bytes + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
	if (bytes == 0)
		bytes = ALIGN_BYTES;
	if (bytes > (size_t)(arena->end - arena->at) && !grow(arena, bytes))
		return NULL;
	at = arena->at;
	arena->at += bytes;
	return at;
}

void *
kyi_arena_get(struct kyi_arena *arena, size_t size_bytes)
{
	void *at = kyi_arena_array(arena, 1, size_bytes);

	return at == NULL ? NULL : memset(at, 0, size_bytes);
}

char *
kyi_arena_text(struct kyi_arena *arena, const char *text, size_t len_bytes)
{
	char *at = kyi_arena_array(arena, 1, len_bytes + 1);

	if (at == NULL)
		return NULL;
	memcpy(at, text, len_bytes);
	at[len_bytes] = '\0';
	return at;
}

bool
kyi_arena_full(const struct kyi_arena *arena)
{
	return arena->full;
}

size_t
kyi_arena_used_bytes(const struct kyi_arena *arena)
{
	return arena->used_bytes;
}
