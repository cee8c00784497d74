/* SPDX-License-Identifier: MIT */
#include "reader/serve/texts.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256u /* a power of two, as all rooms are */

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* Where text is, or where it belongs. */
static const char **
place(const char **at, uint32_t room, const char *text)
{
	uint64_t i = hash(text) & (room - 1);

	while (at[i] != NULL && strcmp(at[i], text) != 0)
		i = (i + 1) & (room - 1);
	return &at[i];
}

static int
grow(struct kyi_texts *texts)
{
	uint32_t room = texts->room == 0 ? ROOM_MIN : texts->room * 2, i;
	const char **at = calloc(room, sizeof(*at));

	if (at == NULL)
		return -1;
	for (i = 0; i < texts->room; i++)
		if (texts->at[i] != NULL)
			*place(at, room, texts->at[i]) = texts->at[i];
	free(texts->at);
	texts->at = at;
	texts->room = room;
	return 0;
}

int
kyi_texts_add(struct kyi_texts *texts, const char *text)
{
	const char **at;

	if (texts->cnt >= texts->room / 2 && grow(texts) != 0)
		return -1;
	at = place(texts->at, texts->room, text);
	if (*at == NULL) {
		*at = text;
		texts->cnt++;
	}
	return 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
kyi_texts_sort(struct kyi_texts *texts)
{
	uint32_t i, cnt = 0;

	for (i = 0; i < texts->room; i++)
		if (texts->at[i] != NULL)
			texts->at[cnt++] = texts->at[i];
	if (cnt > 1)
		qsort(texts->at, cnt, sizeof(*texts->at), by_bytes);
}

void
kyi_texts_free(struct kyi_texts *texts)
{
	free(texts->at);
	*texts = (struct kyi_texts){ .cnt = 0 };
}
