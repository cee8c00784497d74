/* SPDX-License-Identifier: MIT */
/* parser_corpus [--texts] FILE: reads queries and says which of them the
   parser judges otherwise than the file. A row is, between tabs: 1 if it must
   fail, else 0; the text in Go's quotes; a text. With --texts that text, too,
   must be right: the error, or the query in canonical form (in Go's quotes);
   without, a series with its values, as tests write them, is read as one.
   Exit 0: all rows passed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/notation.h"
#include "reader/query/query.h"

#define LINE_BYTES_MAX 65536

struct tally {
	unsigned passed, failed;
	bool texts;
};

/* ---- rows ---------------------------------------------------------------- */

static int
hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Takes off Go's quotes, in place; returns the bytes. */
static size_t
unquote(char *text)
{
	static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	char quote = text[0], *to = text, *at = text + 1;

	for (; *at != '\0' && *at != quote; at++) {
		const char *found;

		if (*at != '\\' || quote == '`') {
			*to++ = *at;
			continue;
		}
		at++;
		found = strchr(letters, *at);
		if (*at == 'x') {
			*to++ = (char)(hex(at[1]) << 4 | hex(at[2]));
			at += 2;
		} else {
			*to++ = found == NULL ? *at : meant[found - letters];
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

/* Upstream builds two of its texts of pieces, of which the corpus has the
   first; this is all of them. */
static void
mend(char *text, size_t *len_bytes)
{
	static const char *const cut[][2] = {
		{ "{'foo\\'bar', ",
		    "{'foo\\'bar', `a\\dos\\path`=\"boo\"}" },
		{ "`", "`\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\' - \\xFF\\377\\u1234"
		    "\\U00010111\\U0001011111\xe2\x98\xba`" },
	};

	for (size_t i = 0; i < 2; i++)
		if (strcmp(text, cut[i][0]) == 0) {
			strcpy(text, cut[i][1]);
			*len_bytes = strlen(text);
		}
}

/* A name or {..}, a blank, and then no operator but a value: a series. Upstream
   tests those by another function, which its corpus does not tell. */
static bool
is_series(const char *text)
{
	const char *at = text + strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	if (*at == '{')
		at += strcspn(at, "}") + 1;
	if (at == text || *at != ' ')
		return false;
	at += 1 + (at[1] == '-' || at[1] == '+');
	return (*at >= '0' && *at <= '9') || *at == '_';
}

/* ---- verdicts ------------------------------------------------------------ */

static bool
reads(const char *text, char said[LINE_BYTES_MAX])
{
	struct kyi_arena *arena = kyi_arena_new(0);
	struct kyi_notation series = { 0 };
	struct kymo_error error = { "" };
	int result = kyi_notation_series(arena, text, &series, &error);

	snprintf(said, LINE_BYTES_MAX, "%s", result == 0 ? text : error.text);
	kyi_arena_delete(arena);
	return result == 0;
}

/* Parses text, and what is printed of it again; said is the error or the
   canonical form. */
static bool
parses(const char *text, size_t len_bytes, char said[LINE_BYTES_MAX])
{
	struct kymo_query_error error;
	struct kymo_buffer once = { 0 }, twice = { 0 };
	struct kymo_query *query;

	if (kymo_query_parse(&query, text, len_bytes, &error) != 0) {
		snprintf(said, LINE_BYTES_MAX, "%s", error.error.text);
		return false;
	}
	kymo_query_print(query, &once);
	kymo_query_delete(query);
	if (once.failed || kymo_query_parse(&query, once.at, once.len_bytes,
	    &error) != 0) {
		printf("FAILED: %s: printed as %s: %s\n", text, once.at,
		    error.error.text);
		exit(2);
	}
	kymo_query_print(query, &twice);
	kymo_query_delete(query);
	if (twice.failed || strcmp(once.at, twice.at) != 0) {
		printf("FAILED: %s: printed as %s, then as %s\n", text,
		    once.at, twice.at);
		exit(2);
	}
	snprintf(said, LINE_BYTES_MAX, "%s", once.at);
	kymo_buffer_free(&once);
	kymo_buffer_free(&twice);
	return true;
}

static void
row(struct tally *tally, const char *file, unsigned line_number, char *line)
{
	static char said[LINE_BYTES_MAX];
	char *text = strchr(line, '\t'), *wanted;
	size_t len_bytes;
	bool passed;

	if (text == NULL || (wanted = strchr(text + 1, '\t')) == NULL) {
		printf("FAILED %s:%u: no row\n", file, line_number);
		tally->failed++;
		return;
	}
	*wanted++ = '\0';
	len_bytes = unquote(++text);
	mend(text, &len_bytes);
	passed = (!tally->texts && is_series(text) ? reads(text, said) :
	    parses(text, len_bytes, said)) == (line[0] == '0');
	if (passed && tally->texts) {
		unquote(wanted);
		passed = strcmp(wanted, said) == 0;
	}
	if (passed) {
		tally->passed++;
		return;
	}
	tally->failed++;
	printf("FAILED %s:%u: %s\n    %s\n", file, line_number, text, said);
	if (tally->texts)
		printf("    wanted %s\n", wanted);
}

int
main(int argc, char **argv)
{
	static char line[LINE_BYTES_MAX];
	struct tally tally = { .texts = false };
	unsigned line_number = 0;
	FILE *file;

	tally.texts = argc == 3 && strcmp(argv[1], "--texts") == 0;
	if (argc != 2 + tally.texts) {
		fprintf(stderr, "usage: parser_corpus [--texts] FILE\n");
		return 2;
	}
	file = fopen(argv[argc - 1], "r");
	if (file == NULL) {
		perror(argv[argc - 1]);
		return 2;
	}
	while (fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (++line_number > 1)
			row(&tally, argv[argc - 1], line_number, line);
	}
	fclose(file);
	printf("parser corpus: %u passed, %u failed\n", tally.passed,
	    tally.failed);
	return tally.failed > 0 || tally.passed == 0;
}
