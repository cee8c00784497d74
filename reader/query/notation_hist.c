/* SPDX-License-Identifier: MIT */
#include "reader/query/notation_hist.h"

#include <math.h>
#include <string.h>

#define LIST_MAX 4096u

struct literal {
	struct kyi_arena *arena;
	struct kymo_native_hist *hist;
	struct kyi_notation_point *point;
	struct kymo_error *error;
	const char *at;
};

static const char *
spaces(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* [1 2 3]: numbers in the arena. */
static int
read_list(struct literal *literal, double **list, uint32_t *cnt)
{
	const char *end = strchr(literal->at, ']');
	uint32_t n = 0;
	double *to;

	if (*literal->at != '[' || end == NULL)
		return kymo_error_set(literal->error,
		    "expected [NUMBER ..], found \"%.20s\"", literal->at);
	to = kyi_arena_array(literal->arena,
	    (size_t)(end - literal->at), sizeof *to);
	if (to == NULL)
		return kymo_error_set(literal->error, "out of memory");
	literal->at = spaces(literal->at + 1);
	while (*literal->at != ']') {
		if (n == LIST_MAX || !kyi_notation_number(literal->at,
		    &literal->at, &to[n]))
			return kymo_error_set(literal->error,
			    "expected a number, found \"%.20s\"", literal->at);
		n++;
		literal->at = spaces(literal->at);
	}
	literal->at++;
	*list = to;
	*cnt = n;
	return 0;
}

static int
read_hint(struct literal *literal)
{
	static const struct {
		const char *word;
		enum kymo_reset_hint hint;
	} hints[] = {
		{ "unknown", KYMO_RESET_UNKNOWN },
		{ "reset", KYMO_RESET_YES },
		{ "not_reset", KYMO_RESET_NO },
		{ "gauge", KYMO_RESET_GAUGE },
	};
	size_t len = strspn(literal->at, "abcdefghijklmnopqrstuvwxyz_");

	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
		if (strlen(hints[i].word) != len ||
		    memcmp(hints[i].word, literal->at, len) != 0)
			continue;
		literal->hist->reset = hints[i].hint;
		literal->point->hint_given = true;
		literal->at += len;
		return 0;
	}
	return kymo_error_set(literal->error, "counter_reset_hint is unknown, "
	    "reset, not_reset or gauge, not \"%.20s\"", literal->at);
}

enum field_kind { NUMBER, INTEGER, LIST, BOUNDS, HINT };

/* Where a field's value goes: a number, an integer, a side's counts. */
static int
read_field(struct literal *literal, enum field_kind kind, void *to)
{
	double number, *list = NULL;
	uint32_t cnt = 0;

	switch (kind) {
	case NUMBER:
	case INTEGER:
		if (!kyi_notation_number(literal->at, &literal->at, &number))
			return kymo_error_set(literal->error,
			    "expected a number, found \"%.20s\"", literal->at);
		if (kind == NUMBER)
			*(double *)to = number;
		else if (number >= -1e9 && number <= 1e9 &&
		    number == trunc(number))
			*(int32_t *)to = (int32_t)number;
		else
			return kymo_error_set(literal->error,
			    "%g is not a whole number", number);
		return 0;
	case LIST:
	case BOUNDS:
		if (read_list(literal, &list, &cnt) < 0)
			return -1;
		if (kind == BOUNDS) {
			literal->hist->bounds = list;
			literal->hist->bound_cnt = cnt;
		} else {
			((struct kymo_hist_side *)to)->count = list;
			((struct kymo_hist_side *)to)->cnt = cnt;
		}
		return 0;
	case HINT:
		break;
	}
	return read_hint(literal);
}

static int
read_named(struct literal *literal, const char *name, size_t len)
{
	struct kymo_native_hist *hist = literal->hist;
	const struct {
		const char *name;
		enum field_kind kind;
		void *to;
	} fields[] = {
		{ "schema", INTEGER, &hist->schema },
		{ "sum", NUMBER, &hist->sum },
		{ "count", NUMBER, &hist->count },
		{ "z_bucket", NUMBER, &hist->zero_count },
		{ "z_bucket_w", NUMBER, &hist->zero_threshold },
		{ "buckets", LIST, &hist->pos },
		{ "offset", INTEGER, &hist->pos.first },
		{ "n_buckets", LIST, &hist->neg },
		{ "n_offset", INTEGER, &hist->neg.first },
		{ "custom_values", BOUNDS, NULL },
		{ "counter_reset_hint", HINT, NULL },
	};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (strlen(fields[i].name) == len &&
		    memcmp(fields[i].name, name, len) == 0)
			return read_field(literal, fields[i].kind,
			    fields[i].to);
	return kymo_error_set(literal->error,
	    "a histogram has no \"%.*s\"", (int)len, name);
}

int
kyi_notation_hist(struct kyi_arena *arena, const char *text,
    struct kyi_notation_point *to, const char **end,
    struct kymo_error *error)
{
	struct literal literal = { .arena = arena, .point = to,
	    .error = error, .at = spaces(text + 2) };

	*to = (struct kyi_notation_point){ .present = true };
	to->hist = literal.hist = kyi_arena_get(arena, sizeof *to->hist);
	if (to->hist == NULL)
		return kymo_error_set(error, "out of memory");
	while (strncmp(literal.at, "}}", 2) != 0) {
		const char *name = literal.at;
		size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

		if (len == 0 || name[len] != ':')
			return kymo_error_set(error, "expected NAME:VALUE or "
			    "}}, found \"%.20s\"", name);
		literal.at = name + len + 1;
		if (read_named(&literal, name, len) < 0)
			return -1;
		literal.at = spaces(literal.at);
	}
	*end = literal.at + 2;
	return 0;
}
