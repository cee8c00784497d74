/* SPDX-License-Identifier: MIT */
#include "reader/profile/tally.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_CNT_FIRST 256u

void
kyi_tally_init(struct kyi_tally *names, uint32_t cnt_max, size_t bytes_max)
{
	memset(names, 0, sizeof(*names));
	names->cnt_max = cnt_max;
	names->bytes_max = bytes_max;
}

void
kyi_tally_free(struct kyi_tally *names)
{
	free(names->at);
	free(names->slots);
	kymo_buffer_free(&names->text);
	memset(names, 0, sizeof(*names));
}

const char *
kyi_tally_text(const struct kyi_tally *names, const struct kyi_tallied *name)
{
	return names->text.at + name->text_at;
}

const char *
kyi_tally_at(const struct kyi_tally *names, uint32_t idx)
{
	return idx < names->cnt ? kyi_tally_text(names, &names->at[idx]) :
	    "[others]";
}

/* FNV-1a. Names are hostile, but chains end at so many of them. */
static uint64_t
hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* Where text is, or belongs. */
static uint32_t *
slot_of(const struct kyi_tally *names, const char *text, uint64_t hash)
{
	uint32_t slot = (uint32_t)hash & (names->slot_cnt - 1);

	while (names->slots[slot] != 0) {
		const struct kyi_tallied *name = &names->at[names->slots[slot] - 1];

		if (name->hash == hash &&
		    strcmp(kyi_tally_text(names, name), text) == 0)
			break;
		slot = (slot + 1) & (names->slot_cnt - 1);
	}
	return &names->slots[slot];
}

static bool
slots_grow(struct kyi_tally *names)
{
	uint32_t cnt = names->slot_cnt == 0 ? SLOT_CNT_FIRST :
	    names->slot_cnt * 2;
	uint32_t *slots = calloc(cnt, sizeof(*slots));

	if (slots == NULL)
		return false;
	free(names->slots);
	names->slots = slots;
	names->slot_cnt = cnt;
	for (uint32_t i = 0; i < names->cnt; i++)
		*slot_of(names, kyi_tally_text(names, &names->at[i]),
		    names->at[i].hash) = i + 1;
	return true;
}

static bool
room_make(struct kyi_tally *names)
{
	struct kyi_tallied *at;
	uint32_t room = names->room_cnt * 2 + 64;

	if (names->cnt * 2 >= names->slot_cnt && !slots_grow(names))
		return false;
	if (names->cnt < names->room_cnt)
		return true;
	at = reallocarray(names->at, room, sizeof(*at));
	if (at == NULL)
		return false;
	names->at = at;
	names->room_cnt = room;
	return true;
}

static uint32_t
add(struct kyi_tally *names, const char *text, uint64_t cnt, bool always)
{
	uint64_t hash = hash_of(text);
	size_t len_bytes = strlen(text);
	uint32_t *slot;

	if (!room_make(names))
		return KYI_TALLY_NONE;
	slot = slot_of(names, text, hash);
	if (*slot == 0) {
		if (!always && (names->cnt >= names->cnt_max ||
		    names->text.len_bytes + len_bytes > names->bytes_max))
			return KYI_TALLY_NONE;
		names->at[names->cnt] = (struct kyi_tallied){
			.text_at = names->text.len_bytes, .hash = hash };
		kymo_buffer_add(&names->text, text, len_bytes + 1);
		if (names->text.failed)
			return KYI_TALLY_NONE;
		*slot = ++names->cnt;
	}
	names->at[*slot - 1].cnt += cnt;
	return *slot - 1;
}

uint32_t
kyi_tally_add(struct kyi_tally *names, const char *text, uint64_t cnt)
{
	return add(names, text, cnt, false);
}

uint32_t
kyi_tally_add_always(struct kyi_tally *names, const char *text, uint64_t cnt)
{
	return add(names, text, cnt, true);
}

uint32_t
kyi_tally_find(const struct kyi_tally *names, const char *text)
{
	if (names->slot_cnt == 0)
		return KYI_TALLY_NONE;
	return *slot_of(names, text, hash_of(text)) - 1;
}
