/* SPDX-License-Identifier: MIT */
/* Which format an HTTP client wants. */
#include <string.h>
#include <strings.h>

#include "reader/export/export.h"

/* How well a media range names a format; NONE: it does not. */
enum fit { NONE, ANY, ANY_TEXT, EXACT };

/* What the header says of one format, by the best fitting range. */
struct said {
	enum fit fit;
	int q;         /* thousandths */
	int place;     /* of the range in the header */
};

struct word {
	const char *at;
	size_t len_bytes;
};

static bool
word_is(struct word word, const char *text)
{
	return strlen(text) == word.len_bytes &&
	    strncasecmp(word.at, text, word.len_bytes) == 0;
}

static const char *
spaces_skip(const char *at)
{
	return at + strspn(at, " \t");
}

/* A token, or what is between quotes (escapes are kept: no value that we
   know has any). */
static const char *
word_read(const char *at, struct word *word)
{
	if (*at != '"') {
		word->at = at;
		word->len_bytes = strcspn(at, " \t,;=\"");
		return at + word->len_bytes;
	}
	word->at = ++at;
	while (*at != '\0' && *at != '"')
		at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
	word->len_bytes = (size_t)(at - word->at);
	return *at == '"' ? at + 1 : at;
}

/* RFC 9110 12.4.2: 0 to 1 with at most three decimals. -1: not so. */
static int
q_read(struct word word)
{
	int q = 0, i;

	if (word.len_bytes == 0 || word.len_bytes > 5 ||
	    (word.at[0] != '0' && word.at[0] != '1'))
		return -1;
	if (word.len_bytes > 1 && word.at[1] != '.')
		return -1;
	q = word.at[0] - '0';
	for (i = 2; i < 5; i++) {
		q *= 10;
		if ((size_t)i >= word.len_bytes)
			continue;
		if (word.at[i] < '0' || word.at[i] > '9')
			return -1;
		q += word.at[i] - '0';
	}
	return q > 1000 ? -1 : q;
}

struct range {
	struct word type;
	struct word version; /* at NULL: none */
	int q;
};

/* One media range with its parameters, up to a comma or the end. */
static const char *
range_read(const char *at, struct range *range)
{
	struct word key, value;

	*range = (struct range){ .q = 1000 };
	at = word_read(spaces_skip(at), &range->type);
	while (*(at = spaces_skip(at)) != '\0' && *at != ',') {
		const char *before = at;

		if (*at == ';')
			at = spaces_skip(at + 1);
		at = spaces_skip(word_read(at, &key));
		value = (struct word){ at, 0 };
		if (*at == '=')
			at = word_read(spaces_skip(at + 1), &value);
		if (word_is(key, "q"))
			range->q = q_read(value);
		else if (word_is(key, "version"))
			range->version = value;
		if (at == before) /* a byte that belongs to nothing */
			at++;
	}
	return *at == ',' ? at + 1 : at;
}

static enum fit
fit_of(const struct range *range, const char *type, const char *any,
    const char *version)
{
	if (word_is(range->type, "*/*"))
		return ANY;
	if (word_is(range->type, any))
		return ANY_TEXT;
	if (!word_is(range->type, type) || (range->version.at != NULL &&
	    !word_is(range->version, version)))
		return NONE;
	return EXACT;
}

static void
note(struct said *said, enum fit fit, int q, int place)
{
	if (fit > said->fit || (fit == said->fit && fit != NONE && q > said->q))
		*said = (struct said){ fit, q, place };
}

enum kymo_text_format
kymo_accept(const char *accept_header)
{
	struct said text = { NONE, 0, 0 }, om = { NONE, 0, 0 };
	const char *at = accept_header;
	int place;

	if (at == NULL)
		return KYMO_TEXT_0_0_4;
	for (place = 0; *at != '\0'; place++) {
		struct range range;

		at = range_read(at, &range);
		if (range.q < 0)
			continue;
		note(&text, fit_of(&range, "text/plain", "text/*", "0.0.4"),
		    range.q, place);
		note(&om, fit_of(&range, "application/openmetrics-text",
		    "application/*", "1.0.0"), range.q, place);
	}
	/* A wildcard alone (a browser, curl) gets what people can read. */
	if (om.fit != EXACT || om.q == 0 || om.q < text.q)
		return KYMO_TEXT_0_0_4;
	if (om.q == text.q && text.fit == EXACT && text.place < om.place)
		return KYMO_TEXT_0_0_4;
	return KYMO_OPENMETRICS_1;
}

const char *
kymo_content_type(enum kymo_text_format format)
{
	if (format == KYMO_OPENMETRICS_1)
		return "application/openmetrics-text; version=1.0.0; "
		    "charset=utf-8";
	return "text/plain; version=0.0.4; charset=utf-8";
}
