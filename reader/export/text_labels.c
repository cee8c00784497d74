/* SPDX-License-Identifier: MIT */
/* Labels and help of a page: what comes from the programs, escaped. */
#include <string.h>

#include "reader/export/text.h"
#include "reader/room.h"
#include "shm/name.h"

#define EXPORTED "exported_"
#define OVERFLOW_KEY "kymo_overflow"
/* U+FFFD: a byte that is not UTF-8 would cost the whole scrape. */
#define BROKEN "\xef\xbf\xbd"
/* The longest that a byte becomes. */
#define ESCAPED_BYTES_MAX 3u

/* Which escapes a text needs besides those of a backslash and a newline. */
enum { PLAIN, QUOTES };

/* 0: goes as it is; 1: a special one; 2: begins more than one byte. */
static const uint8_t byte_class[256] = {
	['\0'] = 1, ['\n'] = 1, ['"'] = 1, ['\\'] = 1,
	[0x80] = 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
};

/* One character that begins with the byte at *from, which is not plain. */
static char *
escape_one(char *to, const char **from, const char *end, int quotes)
{
	size_t step;

	if ((unsigned char)**from < 0x80) {
		if (**from == '"' && quotes == PLAIN) {
			*to++ = *(*from)++;
			return to;
		}
		*to++ = '\\';
		*to++ = **from == '\n' ? 'n' : **from;
		(*from)++;
		return to;
	}
	step = (unsigned char)**from < 0xe0 ? 2 :
	    (unsigned char)**from < 0xf0 ? 3 : 4;
	if (step > (size_t)(end - *from) || kyi_utf8_len(*from, step) != step) {
		memcpy(to, BROKEN, sizeof(BROKEN) - 1);
		(*from)++;
		return to + sizeof(BROKEN) - 1;
	}
	memcpy(to, *from, step);
	*from += step;
	return to + step;
}

static void
escape(struct kymo_buffer *buffer, const char *text, int quotes)
{
	size_t len_bytes = strlen(text);
	const char *end = text + len_bytes;
	char *to = kyi_room(buffer, len_bytes * ESCAPED_BYTES_MAX);

	if (to == NULL)
		return;
	while (text < end) {
		if (byte_class[(unsigned char)*text] == 0)
			*to++ = *text++;
		else
			to = escape_one(to, &text, end, quotes);
	}
	kyi_room_used(buffer, to);
}

void
kyi_page_value(struct kymo_buffer *buffer, const char *text)
{
	escape(buffer, text, QUOTES);
}

void
kyi_page_help(struct kymo_buffer *buffer, const char *text,
    enum kymo_text_format format)
{
	escape(buffer, text, format == KYMO_OPENMETRICS_1 ? QUOTES : PLAIN);
}

/* Label names of both formats, without those that begin with "__". */
static bool
key_sound(const char *key)
{
	size_t i;

	if (key[0] == '\0' || (key[0] == '_' && key[1] == '_') ||
	    (key[0] >= '0' && key[0] <= '9'))
		return false;
	for (i = 0; key[i] != '\0'; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') ||
		    (key[i] >= 'A' && key[i] <= 'Z') ||
		    (key[i] >= '0' && key[i] <= '9') || key[i] == '_'))
			return false;
	return i < KYI_PAGE_NAME_MAX;
}

/* The piece before value i is there already where a label before it has the
   same key. */
static bool
said_before(const struct kyi_page_labels *labels, uint32_t i)
{
	const char *piece = labels->pieces.at + labels->piece_off[i];
	size_t len_bytes = labels->piece_off[i + 1] - labels->piece_off[i];
	uint32_t j;

	if (i > 0) { /* ", */
		piece += 2;
		len_bytes -= 2;
	}
	for (j = 0; j < i; j++) {
		size_t skip = j > 0 ? 2 : 0;

		if (labels->piece_off[j + 1] - labels->piece_off[j] - skip ==
		    len_bytes && memcmp(labels->pieces.at +
		    labels->piece_off[j] + skip, piece, len_bytes) == 0)
			return true;
	}
	return false;
}

static void
learn(struct kyi_page_labels *labels, const struct kymo_series *series)
{
	struct kymo_buffer *pieces = &labels->pieces;
	uint32_t i;

	kyi_buffer_clear(pieces);
	labels->known = true;
	labels->sound = false;
	labels->overflow_said = false;
	labels->key_cnt = series->label_cnt;
	labels->piece_off[0] = 0;
	for (i = 0; i < series->label_cnt; i++) {
		const char *key = series->labels[i].key;

		labels->keys[i] = key;
		if (!key_sound(key))
			return;
		if (strcmp(key, OVERFLOW_KEY) == 0)
			labels->overflow_said = true;
		kymo_buffer_str(pieces, i == 0 ? "" : "\",");
		if (labels->reserved != NULL &&
		    strcmp(key, labels->reserved) == 0)
			kymo_buffer_str(pieces, EXPORTED);
		kymo_buffer_str(pieces, key);
		kymo_buffer_str(pieces, "=\"");
		labels->piece_off[i + 1] = (uint32_t)pieces->len_bytes;
		if (pieces->failed || said_before(labels, i))
			return;
	}
	labels->sound = true;
}

static bool
same_keys(const struct kyi_page_labels *labels,
    const struct kymo_series *series)
{
	uint32_t i;

	if (!labels->known || labels->key_cnt != series->label_cnt)
		return false;
	for (i = 0; i < series->label_cnt; i++)
		if (labels->keys[i] != series->labels[i].key)
			return false;
	return true;
}

void
kyi_page_labels_begin(struct kyi_page_labels *labels, const char *reserved)
{
	labels->known = false;
	labels->reserved = reserved;
}

bool
kyi_page_labels_set(struct kyi_page_labels *labels,
    const struct kymo_series *series)
{
	struct kymo_buffer *text = &labels->text;
	uint32_t i;

	kyi_buffer_clear(text);
	if (series->label_cnt > KYI_PAGE_LABEL_MAX)
		return false;
	if (!same_keys(labels, series))
		learn(labels, series);
	if (!labels->sound)
		return false;
	for (i = 0; i < series->label_cnt; i++) {
		kymo_buffer_add(text, labels->pieces.at + labels->piece_off[i],
		    labels->piece_off[i + 1] - labels->piece_off[i]);
		kyi_page_value(text, series->labels[i].value);
	}
	if (series->label_cnt > 0)
		kymo_buffer_char(text, '"');
	if (series->overflow && !labels->overflow_said) {
		if (series->label_cnt > 0)
			kymo_buffer_char(text, ',');
		kymo_buffer_str(text, OVERFLOW_KEY "=\"true\"");
	}
	return !text->failed;
}

void
kyi_page_labels_free(struct kyi_page_labels *labels)
{
	kymo_buffer_free(&labels->pieces);
	kymo_buffer_free(&labels->text);
}
