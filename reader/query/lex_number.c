/* SPDX-License-Identifier: MIT */
/* Numbers as Go writes them (10, 0x1f, 017, 1_000, 2.5e3) and durations as
   Prometheus does (1h30m). */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/lex.h"
#include "reader/query/parse.h"

#define NUMBER_BYTES_MAX 400u

/* From the largest down: a duration names each at most once, in this order. */
static const struct unit {
	char name[3];
	int64_t ms;
} units[] = {
	{ "y", 31536000000 }, { "w", 604800000 }, { "d", 86400000 },
	{ "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
#define UNIT_CNT (sizeof units / sizeof units[0])

#define MS_MAX (INT64_MAX / 1000000) /* as upstream counts: nanoseconds */

int
kyi_duration_read(const char *text, size_t len_bytes, int64_t *ms)
{
	const char *at = text, *end = text + len_bytes;
	size_t next = 0, unit, unit_bytes;

	*ms = 0;
	while (at < end) {
		int64_t n = 0;

		if (!kyi_is_digit(*at))
			return -1;
		for (; at < end && kyi_is_digit(*at); at++) {
			if (n > MS_MAX / 10)
				return -1;
			n = n * 10 + (*at - '0');
		}
		for (unit_bytes = 0; at + unit_bytes < end &&
		    kyi_is_name_byte(at[unit_bytes]) &&
		    !kyi_is_digit(at[unit_bytes]);)
			unit_bytes++;
		for (unit = next; unit < UNIT_CNT; unit++)
			if (strlen(units[unit].name) == unit_bytes &&
			    memcmp(units[unit].name, at, unit_bytes) == 0)
				break;
		if (unit == UNIT_CNT ||
		    __builtin_mul_overflow(n, units[unit].ms, &n) ||
		    __builtin_add_overflow(*ms, n, ms) || *ms > MS_MAX)
			return -1;
		at += unit_bytes;
		next = unit + 1;
	}
	return len_bytes == 0 ? -1 : 0;
}

void
kyi_duration_write(struct kymo_buffer *out, int64_t ms)
{
	if (ms == 0)
		kymo_buffer_str(out, "0s");
	for (size_t i = 0; i < UNIT_CNT; i++) {
		int64_t n = ms / units[i].ms;

		/* As Prometheus: years and weeks only where they come out
		   even, since 90d is easier to read than 12w6d. */
		if (n == 0 || (i < 2 && ms % units[i].ms != 0))
			continue;
		kymo_buffer_i64(out, n);
		kymo_buffer_str(out, units[i].name);
		ms -= n * units[i].ms;
	}
}

/* Copies digits without their underscores; false: one stands wrong. Go's
   rule: between digits, or behind the prefix. */
static bool
without_underscores(const char *text, size_t len_bytes, char *to)
{
	bool hex = len_bytes > 1 && (text[1] | 0x20) == 'x';

	for (size_t i = 0; i < len_bytes; i++) {
		char before = i == 0 ? '\0' : text[i - 1];
		char after = i + 1 < len_bytes ? text[i + 1] : '\0';

		if (text[i] != '_') {
			*to++ = text[i];
			continue;
		}
		if (!(kyi_is_digit(before) || (hex && kyi_is_hex(before)) ||
		    (hex && i == 2)) ||
		    !(kyi_is_digit(after) || (hex && kyi_is_hex(after))))
			return false;
	}
	*to = '\0';
	return true;
}

/* As Go reads it: an integer in the base that its prefix says if it is one,
   else a decimal. */
static bool
value_of(const char *text, size_t len_bytes, double *value)
{
	char room[NUMBER_BYTES_MAX + 1], *end;
	unsigned long long n;

	if (len_bytes > NUMBER_BYTES_MAX ||
	    !without_underscores(text, len_bytes, room))
		return false;
	errno = 0;
	n = strtoull(room, &end, 0);
	if (*end == '\0' && errno == 0 && n <= INT64_MAX) {
		*value = (double)n;
		return true;
	}
	if ((room[1] | 0x20) == 'x')
		return false;
	errno = 0;
	/* The C locale is no allocation. */
	*value = strtod_l(room, &end,
	    newlocale(LC_ALL_MASK, "C", (locale_t)0));
	/* Too small is a zero; too large is an error. */
	return *end == '\0' && (errno == 0 || *value < 1);
}

/* Bytes of the run of what can be in a number; a sign only behind its e. */
static size_t
run_bytes(const char *at)
{
	bool hex = at[0] == '0' && (at[1] | 0x20) == 'x';
	size_t i = 0;

	for (;; i++) {
		if (kyi_is_name_byte(at[i]) || at[i] == '.')
			continue;
		if ((at[i] == '+' || at[i] == '-') && i > 0 && !hex &&
		    (at[i - 1] | 0x20) == 'e' && kyi_is_digit(at[i + 1]))
			continue;
		return i;
	}
}

void
kyi_lex_number(struct kyi_lexer *lexer, struct kyi_token *token)
{
	const char *at = lexer->text + lexer->at_bytes;
	size_t len_bytes = run_bytes(at);
	int64_t ms;

	lexer->at_bytes += (uint32_t)len_bytes;
	if (value_of(at, len_bytes, &token->number)) {
		token->kind = KYI_TOKEN_NUMBER;
		return;
	}
	if (kyi_duration_read(at, len_bytes, &ms) == 0) {
		token->number = (double)ms / 1000;
		token->kind = KYI_TOKEN_DURATION;
		return;
	}
	kyi_lex_bad(lexer, token, "cannot read '%.*s' as a number or as a "
	    "duration such as 1h30m", (int)(len_bytes > 60 ? 60 : len_bytes), at);
}
