/* SPDX-License-Identifier: MIT */
#include "reader/history/samples.h"

#include <stdlib.h>
#include <string.h>

#define MIX UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / the golden ratio, odd */

static uint64_t
mix(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= MIX;
	return hash ^ hash >> 29;
}

/* Eight bytes at a time; the length is part of it, so that ("a", "bc") is not
   ("ab", "c"). */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	size_t len_bytes = strlen(text);
	uint64_t word;

	hash = mix(hash ^ len_bytes * MIX);
	for (; len_bytes >= sizeof word; len_bytes -= sizeof word) {
		memcpy(&word, text, sizeof word);
		hash = mix((hash ^ word) * MIX);
		text += sizeof word;
	}
	word = 0;
	memcpy(&word, text, len_bytes);
	return mix((hash ^ word) * MIX);
}

uint64_t
kymo_label_hash(const char *key, const char *value)
{
	return hash_text(hash_text(MIX, key), value);
}

uint64_t
kymo_labels_hash(const struct kymo_label *labels, uint32_t cnt)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < cnt; i++)
		hash += kymo_label_hash(labels[i].key, labels[i].value);
	return hash;
}

static void
put_in_order(struct kymo_label *to, uint32_t *cnt, struct kymo_label label)
{
	uint32_t at = *cnt;

	while (at > 0 && strcmp(to[at - 1].key, label.key) > 0)
		at--;
	if (at > 0 && strcmp(to[at - 1].key, label.key) == 0) {
		to[at - 1] = label;
		return;
	}
	memmove(to + at + 1, to + at, (*cnt - at) * sizeof *to);
	to[at] = label;
	++*cnt;
}

struct kymo_labels *
kymo_labels_make(const struct kymo_label *labels, uint32_t cnt)
{
	size_t text_bytes = 0;
	struct kymo_labels *made;
	struct kymo_label *at;
	uint32_t kept = 0;
	char *text;

	for (uint32_t i = 0; i < cnt; i++)
		text_bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	made = malloc(sizeof *made + cnt * sizeof *at + text_bytes);
	if (made == NULL)
		return NULL;
	at = (struct kymo_label *)(made + 1);
	text = (char *)(at + cnt);
	for (uint32_t i = 0; i < cnt; i++)
		put_in_order(at, &kept, labels[i]);
	made->cnt = 0;
	for (uint32_t i = 0; i < kept; i++) {
		struct kymo_label label = at[i];

		if (label.value[0] == '\0')
			continue;
		at[made->cnt].key = text;
		text = stpcpy(text, label.key) + 1;
		at[made->cnt++].value = text;
		text = stpcpy(text, label.value) + 1;
	}
	made->at = at;
	made->hash = kymo_labels_hash(at, made->cnt);
	return made;
}

const char *
kymo_labels_get(const struct kymo_labels *labels, const char *key)
{
	/* Most keys differ in their first byte. */
	for (uint32_t i = 0; i < labels->cnt; i++)
		if (labels->at[i].key[0] == key[0] &&
		    strcmp(labels->at[i].key, key) == 0)
			return labels->at[i].value;
	return "";
}

bool
kymo_labels_equal(const struct kymo_labels *a, const struct kymo_labels *b)
{
	return a == b || (a->hash == b->hash && a->cnt == b->cnt &&
	    kymo_labels_compare(a, b) == 0);
}

int
kymo_labels_compare(const struct kymo_labels *a, const struct kymo_labels *b)
{
	for (uint32_t i = 0; i < a->cnt && i < b->cnt; i++) {
		int order = strcmp(a->at[i].key, b->at[i].key);

		if (order == 0)
			order = strcmp(a->at[i].value, b->at[i].value);
		if (order != 0)
			return order;
	}
	return a->cnt < b->cnt ? -1 : a->cnt > b->cnt;
}
