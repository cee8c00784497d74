/* SPDX-License-Identifier: MIT */
/* Label sets made of others, and tables of them. */
#include <string.h>

#include "reader/query/eval.h"

const struct kymo_labels kyi_no_labels = { 0, 0, NULL };

static bool
is_among(const char *key, const char *const *keys, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (kyi_same_text(keys[i], key))
			return true;
	return false;
}

/* ---- parts of label sets ------------------------------------------------ */

const struct kymo_labels *
kyi_labels_pick(struct kyi_arena *arena, const struct kymo_labels *labels,
    const char *const *keys, uint32_t key_cnt, bool keep, bool name)
{
	struct kymo_labels *picked = kyi_arena_array(arena, 1, sizeof *picked +
	    labels->cnt * sizeof *picked->at);
	struct kymo_label *at = (struct kymo_label *)(picked + 1);

	if (picked == NULL)
		return NULL;
	*picked = (struct kymo_labels){ keep ? 0 : labels->hash, 0, at };
	for (uint32_t i = 0; i < labels->cnt; i++) {
		struct kymo_label label = labels->at[i];
		bool named = is_among(label.key, keys, key_cnt) ||
		    (!keep && name && kyi_is_name_label(label.key));

		if (named == keep)
			at[picked->cnt++] = label;
		if (named)
			picked->hash += (keep ? 1 : UINT64_MAX) *
			    kymo_label_hash(label.key, label.value);
	}
	return picked;
}

const struct kymo_labels *
kyi_labels_set(struct kyi_arena *arena, const struct kymo_labels *labels,
    const char *key, const char *value)
{
	struct kymo_labels *set = kyi_arena_array(arena, 1, sizeof *set +
	    (labels->cnt + 1) * sizeof *set->at);
	struct kymo_label *at = (struct kymo_label *)(set + 1);
	bool put = value[0] == '\0';

	if (set == NULL)
		return NULL;
	*set = (struct kymo_labels){ labels->hash, 0, at };
	if (!put)
		set->hash += kymo_label_hash(key, value);
	for (uint32_t i = 0; i < labels->cnt; i++) {
		struct kymo_label label = labels->at[i];
		int order = strcmp(label.key, key);

		if (order >= 0 && !put) {
			at[set->cnt++] = (struct kymo_label){ key, value };
			put = true;
		}
		if (order != 0)
			at[set->cnt++] = label;
		else
			set->hash -= kymo_label_hash(key, label.value);
	}
	if (!put)
		at[set->cnt++] = (struct kymo_label){ key, value };
	return set;
}

/* ---- signatures --------------------------------------------------------- */

static bool
is_left_out(const struct kyi_signature *signature, const char *key)
{
	return (!signature->name && kyi_same_text(key, KYMO_NAME_LABEL)) ||
	    is_among(key, signature->keys, signature->cnt);
}

uint64_t
kyi_signature_hash(const struct kyi_signature *signature,
    const struct kymo_labels *labels)
{
	uint64_t hash = 0;

	if (signature->on) {
		for (uint32_t i = 0; i < signature->cnt; i++) {
			const char *value = kymo_labels_get(labels,
			    signature->keys[i]);

			if (value[0] != '\0')
				hash += kymo_label_hash(signature->keys[i],
				    value);
		}
		return hash;
	}
	hash = labels->hash;
	for (uint32_t i = 0; i < labels->cnt; i++)
		if (is_left_out(signature, labels->at[i].key))
			hash -= kymo_label_hash(labels->at[i].key,
			    labels->at[i].value);
	return hash;
}

static uint32_t
next_kept(const struct kyi_signature *signature,
    const struct kymo_labels *labels, uint32_t i)
{
	while (i < labels->cnt && is_left_out(signature, labels->at[i].key))
		i++;
	return i;
}

bool
kyi_signature_equal(const struct kyi_signature *signature,
    const struct kymo_labels *a, const struct kymo_labels *b)
{
	uint32_t i = 0, j = 0;

	if (a == b)
		return true;
	if (signature->on) {
		for (i = 0; i < signature->cnt; i++)
			if (!kyi_same_text(
			    kymo_labels_get(a, signature->keys[i]),
			    kymo_labels_get(b, signature->keys[i])))
				return false;
		return true;
	}
	for (;; i++, j++) {
		i = next_kept(signature, a, i);
		j = next_kept(signature, b, j);
		if (i == a->cnt || j == b->cnt)
			return i == a->cnt && j == b->cnt;
		if (!kyi_same_text(a->at[i].key, b->at[j].key) ||
		    !kyi_same_text(a->at[i].value, b->at[j].value))
			return false;
	}
}

/* ---- tables ------------------------------------------------------------- */

int
kyi_label_table_new(struct kyi_eval *eval, struct kyi_label_table *table,
    const struct kyi_signature *signature, uint32_t cnt_max)
{
	size_t slots = 8;

	while (slots < (size_t)cnt_max * 2)
		slots *= 2;
	table->signature = signature;
	table->mask = (uint32_t)(slots - 1);
	table->cnt = 0;
	table->slot = kyi_arena_get(eval->arena, slots * sizeof *table->slot);
	table->labels = kyi_arena_array(eval->arena, cnt_max,
	    sizeof *table->labels);
	table->hash = kyi_arena_array(eval->arena, cnt_max,
	    sizeof *table->hash);
	return table->slot == NULL || table->labels == NULL ||
	    table->hash == NULL ? kyi_eval_no_memory(eval) : 0;
}

/* The slot of labels, or the free one where they would go. */
static uint32_t *
find_slot(const struct kyi_label_table *table, const struct kymo_labels *labels,
    uint64_t hash)
{
	uint32_t at = (uint32_t)(hash ^ hash >> 32) & table->mask;

	for (; table->slot[at] != 0; at = (at + 1) & table->mask) {
		uint32_t place = table->slot[at] - 1;

		if (table->hash[place] == hash &&
		    (table->signature == NULL ?
		    kymo_labels_equal(table->labels[place], labels) :
		    kyi_signature_equal(table->signature,
		    table->labels[place], labels)))
			break;
	}
	return &table->slot[at];
}

static uint64_t
hash_of(const struct kyi_label_table *table, const struct kymo_labels *labels)
{
	return table->signature == NULL ? labels->hash :
	    kyi_signature_hash(table->signature, labels);
}

uint32_t
kyi_label_table_at(struct kyi_label_table *table,
    const struct kymo_labels *labels)
{
	uint64_t hash = hash_of(table, labels);
	uint32_t *slot = find_slot(table, labels, hash);

	if (*slot == 0) {
		table->labels[table->cnt] = labels;
		table->hash[table->cnt] = hash;
		*slot = ++table->cnt;
	}
	return *slot - 1;
}

uint32_t
kyi_label_table_find(const struct kyi_label_table *table,
    const struct kymo_labels *labels)
{
	uint32_t slot = *find_slot(table, labels, hash_of(table, labels));

	return slot == 0 ? KYI_NOWHERE : slot - 1;
}
