/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once: of a query's tree, of a result, of
   one evaluation. */
#ifndef KYI_QUERY_ARENA_H
#define KYI_QUERY_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kyi_arena;

/* kyi_arena_new: room_max_bytes bounds all of it (0: not). NULL: no memory. */
struct kyi_arena *kyi_arena_new(size_t room_max_bytes);
void kyi_arena_delete(struct kyi_arena *arena);

/* kyi_arena_get returns zeroed room, aligned for anything; NULL when there is
   none or it would be too much (kyi_arena_full tells). */
void *kyi_arena_get(struct kyi_arena *arena, size_t size_bytes);
/* As get, of cnt things; NULL too where cnt * size overflows. Not zeroed. */
void *kyi_arena_array(struct kyi_arena *arena, uint64_t cnt, size_t size_bytes);
char *kyi_arena_text(struct kyi_arena *arena, const char *text,
    size_t len_bytes);
bool kyi_arena_full(const struct kyi_arena *arena);
size_t kyi_arena_used_bytes(const struct kyi_arena *arena);

#endif
