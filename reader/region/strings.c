/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"
#include "shm/name.h"

#define CHUNK_BYTES 16384u

struct kyi_arena_chunk {
	struct kyi_arena_chunk *older;
	size_t room_bytes;
	uint64_t at[];
};

bool
kyi_grow(void *array, uint32_t *room, uint32_t cnt, size_t elem_bytes)
{
	void *was, *now;
	uint32_t more;

	if (cnt < *room)
		return true;
	if (cnt > UINT32_MAX / 4)
		return false;
	more = cnt < 16 ? 16 : cnt + cnt / 2;
	memcpy(&was, array, sizeof(was));
	now = reallocarray(was, more, elem_bytes);
	if (now == NULL)
		return false;
	memcpy(array, &now, sizeof(now));
	*room = more;
	return true;
}

void *
kyi_arena_take(struct kyi_arena *arena, size_t bytes)
{
	size_t chunk_bytes = CHUNK_BYTES - sizeof(struct kyi_arena_chunk);
	struct kyi_arena_chunk *chunk;
	void *at;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = bytes == 0 ? 8 : (bytes + 7) / 8 * 8;
	if (arena->given_bytes > arena->bytes_max ||
	    bytes > arena->bytes_max - arena->given_bytes)
		return NULL;
	if (bytes > arena->room_bytes - arena->used_bytes) {
		if (chunk_bytes < bytes)
			chunk_bytes = bytes;
		chunk = malloc(sizeof(*chunk) + chunk_bytes);
		if (chunk == NULL)
			return NULL;
		chunk->older = arena->chunks;
		chunk->room_bytes = chunk_bytes;
		arena->chunks = chunk;
		arena->used_bytes = 0;
		arena->room_bytes = chunk_bytes;
	}
	at = (uint8_t *)arena->chunks->at + arena->used_bytes;
	arena->used_bytes += bytes;
	arena->given_bytes += bytes;
	return at;
}

static void
free_chunks(struct kyi_arena_chunk *chunk)
{
	struct kyi_arena_chunk *older;

	for (; chunk != NULL; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
}

void
kyi_arena_reset(struct kyi_arena *arena)
{
	if (arena->chunks == NULL)
		return;
	free_chunks(arena->chunks->older);
	arena->chunks->older = NULL;
	arena->used_bytes = 0;
	arena->given_bytes = 0;
}

void
kyi_arena_free(struct kyi_arena *arena)
{
	free_chunks(arena->chunks);
	memset(arena, 0, sizeof(*arena));
}

size_t
kyi_utf8_repair(char *to, const char *from, size_t len_bytes)
{
	size_t made_bytes = 0, i = 0, sound_bytes;

	while (i < len_bytes) {
		sound_bytes = kyi_utf8_len(from + i, len_bytes - i);
		memcpy(to + made_bytes, from + i, sound_bytes);
		made_bytes += sound_bytes;
		i += sound_bytes;
		if (i < len_bytes) {
			memcpy(to + made_bytes, "\xef\xbf\xbd", 3);
			made_bytes += 3;
			i++;
		}
	}
	to[made_bytes] = '\0';
	return made_bytes;
}

/* ---- by ref ---------------------------------------------------------- */

struct kyi_strings_entry {
	uint64_t key; /* 0: empty */
	const void *at;
};

/* A list's key has its length too: the same bytes may say another one later,
   and what was kept is as long as it was then. */
static uint64_t
list_key(uint32_t ref, uint32_t cnt)
{
	return 1ull << 63 | (uint64_t)cnt << 32 | ref;
}

static struct kyi_strings_entry *
entry_of(struct kyi_strings *strings, uint64_t key)
{
	uint32_t i = (uint32_t)((key * strings->factor) >> 32);

	for (;; i++) {
		struct kyi_strings_entry *entry =
		    &strings->entries[i & (strings->room - 1)];

		if (entry->key == key || entry->key == 0)
			return entry;
	}
}

static bool
rehash(struct kyi_strings *strings)
{
	struct kyi_strings was;
	uint32_t i;

	if (strings->cnt < strings->room / 2)
		return true;
	/* Nobody can know which refs would fall on one place. */
	if (strings->factor == 0 && kyi_os_random(&strings->factor,
		sizeof(strings->factor)) != 0)
		strings->factor = 0x9e3779b97f4a7c15ull;
	strings->factor |= 1;
	was = *strings;
	strings->room = was.room == 0 ? 64 : was.room * 2;
	strings->entries = calloc(strings->room, sizeof(*strings->entries));
	if (strings->entries == NULL) {
		*strings = was;
		return false;
	}
	for (i = 0; i < was.room; i++)
		if (was.entries[i].key != 0)
			*entry_of(strings, was.entries[i].key) = was.entries[i];
	free(was.entries);
	return true;
}

static const void *
keep(struct kyi_strings *strings, uint64_t key, const void *at, size_t bytes)
{
	struct kyi_strings_entry *entry;
	void *kept;

	kept = kyi_arena_take(&strings->arena, bytes);
	if (kept == NULL)
		return NULL;
	memcpy(kept, at, bytes);
	entry = entry_of(strings, key);
	entry->key = key;
	entry->at = kept;
	strings->cnt++;
	return kept;
}

/* A function of its own for the room that it takes on the stack. */
static __attribute__((noinline)) const char *
keep_repaired(struct kyi_strings *strings, uint32_t ref, struct kyi_text text)
{
	char repaired[3 * KYI_STRING_BYTES_MAX + 1];
	size_t len_bytes = kyi_utf8_repair(repaired, text.at, text.len_bytes);

	return keep(strings, ref, repaired, len_bytes + 1);
}

static const char *
keep_sound(struct kyi_strings *strings, uint32_t ref, struct kyi_text text)
{
	char whole[512];

	if (text.len_bytes >= sizeof(whole))
		return keep_repaired(strings, ref, text);
	memcpy(whole, text.at, text.len_bytes);
	whole[text.len_bytes] = '\0';
	return keep(strings, ref, whole, text.len_bytes + 1);
}

const char *
kyi_strings_text(struct kyi_strings *strings, uint32_t ref,
    struct kyi_text text)
{
	struct kyi_strings_entry *entry;

	if (ref == 0 || text.len_bytes == 0)
		return "";
	if (text.len_bytes > KYI_STRING_BYTES_MAX || !rehash(strings))
		return NULL;
	entry = entry_of(strings, ref);
	if (entry->key == ref)
		return entry->at;
	if (kyi_utf8_len(text.at, text.len_bytes) == text.len_bytes)
		return keep_sound(strings, ref, text);
	return keep_repaired(strings, ref, text);
}

const char *const *
kyi_strings_list(struct kyi_strings *strings, struct kyi_bytes bytes,
    uint64_t strings_off, uint64_t strings_end, uint32_t list_ref, uint32_t cnt)
{
	const char *at[KYI_STATE_MAX];
	struct kyi_strings_entry *entry;
	struct kyi_text list, text;
	uint32_t i, ref;

	if (cnt > KYI_STATE_MAX || !rehash(strings))
		return NULL;
	entry = entry_of(strings, list_key(list_ref, cnt));
	if (entry->key != 0)
		return entry->at;
	if (!kyi_string_at(bytes, strings_off, strings_end, list_ref,
		KYI_STRING_BYTES_MAX, &list) ||
	    list.len_bytes != cnt * sizeof(ref))
		return NULL;
	for (i = 0; i < cnt; i++) {
		ref = kyi_list_ref(list, i);
		if (!kyi_string_at(bytes, strings_off, strings_end, ref,
			KYI_STRING_BYTES_MAX, &text))
			return NULL;
		at[i] = kyi_strings_text(strings, ref, text);
		if (at[i] == NULL)
			return NULL;
	}
	if (!rehash(strings))
		return NULL;
	return keep(strings, list_key(list_ref, cnt), at, cnt * sizeof(*at));
}

void
kyi_strings_free(struct kyi_strings *strings)
{
	kyi_arena_free(&strings->arena);
	free(strings->entries);
	memset(strings, 0, sizeof(*strings));
}
