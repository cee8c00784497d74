/* SPDX-License-Identifier: MIT */
#include "reader/serve/form.h"

#include <stdlib.h>
#include <string.h>

static void
add(struct kyi_form *form, const struct kyi_form_pair *pair)
{
	if (form->cnt == KYI_FORM_MAX) {
		form->wrong = "too many parameters";
		free(pair->own);
		return;
	}
	if (form->cnt == form->room) {
		uint32_t room = form->room * 2 + 16;
		void *at = realloc(form->at, room * sizeof(*form->at));

		if (at == NULL) {
			form->wrong = "no memory";
			free(pair->own);
			return;
		}
		form->at = at;
		form->room = room;
	}
	form->at[form->cnt++] = *pair;
}

void
kyi_form_add(struct kyi_form *form, const char *key, size_t key_bytes,
    const char *value, size_t value_bytes)
{
	struct kyi_form_pair pair;
	char *own;

	if (memchr(key, 0, key_bytes) != NULL ||
	    (value_bytes > 0 && memchr(value, 0, value_bytes) != NULL)) {
		form->wrong = "a parameter has a zero byte";
		return;
	}
	own = calloc(1, key_bytes + value_bytes + 2);
	if (own == NULL) {
		form->wrong = "no memory";
		return;
	}
	memcpy(own, key, key_bytes);
	if (value_bytes > 0)
		memcpy(own + key_bytes + 1, value, value_bytes);
	pair = (struct kyi_form_pair){ own, own + key_bytes + 1, own };
	add(form, &pair);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes text in place; false: it cannot be. */
static bool
decode(struct kyi_form *form, char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '+') {
			*to++ = ' ';
			continue;
		}
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (hex(text[1]) < 0 || hex(text[2]) < 0) {
			form->wrong = "invalid URL escape: two hex digits "
			    "belong behind %";
			return false;
		}
		*to = (char)(hex(text[1]) << 4 | hex(text[2]));
		if (*to++ == '\0') {
			form->wrong = "a parameter has a zero byte";
			return false;
		}
		text += 2;
	}
	*to = '\0';
	return true;
}

void
kyi_form_body(struct kyi_form *form, char *body, size_t len_bytes)
{
	char *next;

	if (memchr(body, 0, len_bytes) != NULL) {
		form->wrong = "a parameter has a zero byte";
		return;
	}
	for (; body != NULL && form->wrong == NULL; body = next) {
		struct kyi_form_pair pair = { .key = body };
		char *value;

		next = strchr(body, '&');
		if (next != NULL)
			*next++ = '\0';
		if (*body == '\0')
			continue;
		value = strchr(body, '=');
		if (value != NULL)
			*value++ = '\0';
		if (!decode(form, body) ||
		    (value != NULL && !decode(form, value)))
			return;
		pair.value = value == NULL ? "" : value;
		add(form, &pair);
	}
}

void
kyi_form_free(struct kyi_form *form)
{
	uint32_t i;

	for (i = 0; i < form->cnt; i++)
		free(form->at[i].own);
	free(form->at);
	*form = (struct kyi_form){ .cnt = 0 };
}

const char *
kyi_form_next(const struct kyi_form *form, const char *key, uint32_t *i)
{
	while (*i < form->cnt) {
		const struct kyi_form_pair *pair = &form->at[(*i)++];

		if (strcmp(pair->key, key) == 0)
			return pair->value;
	}
	return NULL;
}

const char *
kyi_form_get(const struct kyi_form *form, const char *key)
{
	uint32_t i = 0;
	const char *value = kyi_form_next(form, key, &i);

	return value == NULL ? "" : value;
}
