/* SPDX-License-Identifier: MIT */
/* Looking up label values: what a program that has no handle at hand pays for
   each record. Nothing in the find path locks, allocates or fails. */
#include <string.h>

#include "shm/atomic.h"
#include "writer/lookup.h"

#define MASK (KYI_SERIES_TABLE_CNT - 1)

/* The hash of a text of at most max_bytes, whose length is measured on the way:
   a call of the C library costs more than a short text. Eight bytes at a time;
   the last word, of seven at most, has its length above them, so that ("a",
   "bc") is not ("ab", "c"). */
static inline uint64_t
text_hash(uint64_t hash, const char *text, size_t max_bytes, size_t *len_bytes)
{
	uint64_t word = 0;
	size_t len = 0;

	for (; len < max_bytes && text[len] != '\0'; len++) {
		word |= (uint64_t)(unsigned char)text[len] << (len % 8 * 8);
		if (len % 8 == 7) {
			hash = kyi_hash_mix(hash, word);
			word = 0;
		}
	}
	*len_bytes = len;
	return kyi_hash_mix(hash, word | (uint64_t)(len % 8 + 1) << 56);
}

void
kyi_values_take(struct kyi_values *values, const struct kyi_registry *registry,
    uint32_t family_id, uint32_t cnt, const char *const *texts)
{
	uint64_t hash = registry->hash_seed ^ family_id, before;
	size_t len_bytes;
	uint32_t i;

	values->cnt = cnt;
	values->family_id = family_id;
	values->cut = false;
	for (i = 0; i < cnt; i++) {
		const char *text = texts[i] == NULL ? "" : texts[i];

		before = hash;
		hash = text_hash(before, text, KYI_VALUE_BYTES_MAX, &len_bytes);
		if (len_bytes == KYI_VALUE_BYTES_MAX) {
			len_bytes = kyi_cut(text, KYI_VALUE_BYTES_MAX,
			    &values->cut);
			hash = text_hash(before, text, len_bytes, &len_bytes);
		}
		values->at[i] = text;
		values->len_bytes[i] = (uint32_t)len_bytes;
	}
	/* Low bits are the index, and multiplying mixes them least. */
	values->hash = hash ^ (hash >> 29);
}

/* memcmp, where a call of it would cost more than the bytes. */
static inline bool
is_same(const char *a, const char *b, uint32_t len_bytes)
{
	uint32_t i;

	if (len_bytes > 16)
		return memcmp(a, b, len_bytes) == 0;
	for (i = 0; i < len_bytes; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static inline bool
matches(const struct kyi_registry *registry, const struct kyi_series *series,
    const struct kyi_values *values)
{
	struct kyi_text list, text;
	uint32_t i;

	if (series->family_id != values->family_id)
		return false;
	list = kyi_text_at(registry, series->label_values_ref);
	if (list.len_bytes != values->cnt * sizeof(uint32_t))
		return false;
	for (i = 0; i < values->cnt; i++) {
		text = kyi_text_at(registry, kyi_list_ref(list, i));
		if (text.len_bytes != values->len_bytes[i] ||
		    !is_same(text.at, values->at[i], text.len_bytes))
			return false;
	}
	return true;
}

int32_t
kyi_series_find(const struct kyi_registry *registry,
    const struct kyi_values *values)
{
	uint64_t entry;
	uint32_t i, idx;

	for (i = 0; i < KYI_SERIES_TABLE_CNT; i++) {
		/* pairs(series-entry), finder: the record is complete */
		entry = kyi_load_u64_acquire(
		    &registry->series_table[(values->hash + i) & MASK]);
		if (entry == 0)
			return -1;
		if (entry >> 32 != values->hash >> 32)
			continue;
		idx = (uint32_t)entry - 1;
		if (matches(registry, &registry->series[idx].rec, values))
			return (int32_t)idx;
	}
	return -1;
}

void
kyi_series_insert(struct kyi_registry *registry, uint32_t idx)
{
	uint64_t hash = registry->series[idx].hash;
	uint64_t entry = (hash >> 32 << 32) | (idx + 1);
	uint32_t i;

	for (i = 0; i < KYI_SERIES_TABLE_CNT; i++) {
		uint64_t *at = &registry->series_table[(hash + i) & MASK];

		if (*at == entry)
			return;
		if (*at != 0)
			continue;
		/* pairs(series-entry): who finds it sees all of the series. */
		kyi_store_u64_release(at, entry);
		return;
	}
}
