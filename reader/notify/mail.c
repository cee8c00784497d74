/* SPDX-License-Identifier: MIT */
#include "reader/notify/mail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reader/notify/sign.h"
#include "shm/name.h"

#define WORD_BYTES 39u /* of text in an encoded word: 52 of base64, 64 in all */
#define LINE_BYTES 76u

/* ---- headers --------------------------------------------------------------------------- */

static bool
is_plain(const char *text)
{
	/* "=?" would be read as an encoded word. */
	if (strstr(text, "=?") != NULL)
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* Words of whole characters, each on a line of its own. */
static void
encoded_put(struct kymo_buffer *out, const char *text)
{
	char word[WORD_BYTES + 1];
	size_t len_bytes, i;

	while (*text != '\0') {
		len_bytes = strnlen(text, WORD_BYTES);
		while (len_bytes > 1 && text[len_bytes] != '\0' &&
		    ((unsigned char)text[len_bytes] & 0xc0) == 0x80)
			len_bytes--;
		for (i = 0; i < len_bytes; i++)
			word[i] = (unsigned char)text[i] < 0x20 ||
			    text[i] == 0x7f ? ' ' : text[i];
		kymo_buffer_str(out, "=?UTF-8?B?");
		kyi_base64(out, word, len_bytes, false);
		kymo_buffer_str(out, "?=");
		text += len_bytes;
		if (*text != '\0')
			kymo_buffer_str(out, "\r\n ");
	}
}

/* Folds before a word that would make the line too long. */
static void
folded_put(struct kymo_buffer *out, const char *text, size_t column)
{
	size_t word_bytes;

	while (*text != '\0') {
		word_bytes = 1 + strcspn(text + 1, " ");
		if (column + word_bytes > LINE_BYTES && *text == ' ' &&
		    word_bytes > 1) {
			kymo_buffer_str(out, "\r\n");
			column = 0;
		}
		kymo_buffer_add(out, text, word_bytes);
		column += word_bytes;
		text += word_bytes;
	}
}

void
kyi_mail_header(struct kymo_buffer *out, const char *name, const char *text)
{
	kymo_buffer_printf(out, "%s: ", name);
	if (is_plain(text) && strlen(text) < 900)
		folded_put(out, text, strlen(name) + 2);
	else
		encoded_put(out, text);
	kymo_buffer_str(out, "\r\n");
}

/* ---- addresses ------------------------------------------------------------------------- */

/* No quoted local parts, no comments, no literals: what has none of these is
   the same everywhere. */
static bool
address_is(const char *address)
{
	const char *at = strrchr(address, '@');
	const char *c;

	if (at == NULL || at == address || at[1] == '\0' ||
	    strchr(address, '@') != at || at - address > 64 || address[0] == '.')
		return false;
	for (c = address; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f ||
		    strchr("\"(),:;<>[\\]", *c) != NULL)
			return false;
	for (c = at + 1; *c != '\0'; c++)
		if ((*c == '.' && (c[1] == '.' || c[1] == '\0' ||
		    c == at + 1)) || ((unsigned char)*c < 0x80 &&
		    strchr("!#$%&'*+/=?^_`{|}~", *c) != NULL))
			return false;
	return true;
}

int
kyi_mailbox_parse(struct kyi_mailbox *box, const char *text,
    struct kymo_error *error)
{
	const char *open = strrchr(text, '<'), *address = text;
	size_t len_bytes = strlen(text), name_bytes = 0;

	*box = (struct kyi_mailbox){ .domain = "" };
	if (open != NULL && text[len_bytes - 1] == '>') {
		address = open + 1;
		len_bytes = strlen(address) - 1;
		name_bytes = (size_t)(open - text);
		while (name_bytes > 0 && text[name_bytes - 1] == ' ')
			name_bytes--;
		if (name_bytes > 1 && text[0] == '"' &&
		    text[name_bytes - 1] == '"') {
			text++;
			name_bytes -= 2;
		}
	}
	if (len_bytes < sizeof(box->address) && name_bytes <
	    sizeof(box->name) && kyi_utf8_len(text, name_bytes) == name_bytes &&
	    kyi_utf8_len(address, len_bytes) == len_bytes) {
		memcpy(box->address, address, len_bytes);
		memcpy(box->name, text, name_bytes);
	}
	if (!address_is(box->address) || strpbrk(box->name, "\r\n\"\\") != NULL)
		return kymo_error_set(error, "\"%s\" is no address", text);
	box->domain = strrchr(box->address, '@') + 1;
	return 0;
}

void
kyi_mailbox_put(struct kymo_buffer *out, const struct kyi_mailbox *box)
{
	if (box->name[0] == '\0') {
		kymo_buffer_str(out, box->address);
		return;
	}
	if (is_plain(box->name))
		kymo_buffer_printf(out, "\"%s\"", box->name);
	else
		encoded_put(out, box->name);
	kymo_buffer_printf(out, " <%s>", box->address);
}

/* ---- HTML -------------------------------------------------------------------------------- */

void
kyi_html_put(struct kymo_buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			kymo_buffer_str(out, "&amp;");
			break;
		case '<':
			kymo_buffer_str(out, "&lt;");
			break;
		case '>':
			kymo_buffer_str(out, "&gt;");
			break;
		case '"':
			kymo_buffer_str(out, "&quot;");
			break;
		case '\'':
			kymo_buffer_str(out, "&#39;");
			break;
		case '\n':
			kymo_buffer_str(out, "<br>\n");
			break;
		default:
			if ((unsigned char)*text < 0x20 || *text == 0x7f)
				kymo_buffer_str(out, "\xef\xbf\xbd");
			else
				kymo_buffer_char(out, *text);
		}
}
