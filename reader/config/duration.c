/* SPDX-License-Identifier: MIT */
/* Durations, as people write them. */
#include <string.h>

#include "reader/config/config.h"

#define DIGITS "0123456789"

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = { /* from the largest down: a duration names them so */
	{ "d", 86400000000000ull },
	{ "h", 3600000000000ull },
	{ "m", 60000000000ull },
	{ "s", 1000000000ull },
	{ "ms", 1000000ull },
	{ "us", 1000ull },
	{ "ns", 1ull },
};
#define UNIT_CNT (sizeof(units) / sizeof(units[0]))

/* One part as 1.5h. *at moves behind it, *unit_idx to its unit; false: no
   number and unit there, or too large. */
static bool
part_read(const char **at, size_t *unit_idx, uint64_t *part_ns)
{
	uint64_t whole = 0, scale, fraction_ns = 0;
	const char *fraction = NULL;
	size_t digit_cnt = strspn(*at, DIGITS), len_bytes, i;

	if (digit_cnt == 0)
		return false;
	for (; digit_cnt > 0; digit_cnt--, (*at)++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(**at - '0'),
		    &whole))
			return false;
	if (**at == '.') {
		fraction = ++*at;
		digit_cnt = strspn(*at, DIGITS);
		if (digit_cnt == 0)
			return false;
		*at += digit_cnt;
	}
	len_bytes = strspn(*at, "abcdefghijklmnopqrstuvwxyz");
	for (i = 0; i < UNIT_CNT; i++)
		if (strlen(units[i].name) == len_bytes &&
		    strncmp(units[i].name, *at, len_bytes) == 0)
			break;
	if (i == UNIT_CNT)
		return false;
	*at += len_bytes;
	*unit_idx = i;
	scale = units[i].ns;
	for (; fraction != NULL && *fraction >= '0' && *fraction <= '9' &&
	    scale % 10 == 0; fraction++) {
		scale /= 10;
		fraction_ns += scale * (uint64_t)(*fraction - '0');
	}
	return !__builtin_mul_overflow(whole, units[i].ns, part_ns) &&
	    !__builtin_add_overflow(*part_ns, fraction_ns, part_ns);
}

int
kymo_duration_parse(uint64_t *ns, const char *text, struct kymo_error *error)
{
	const char *at = text;
	size_t next = 0, unit_idx;
	uint64_t sum_ns = 0, part_ns;

	do {
		if (!part_read(&at, &unit_idx, &part_ns) || unit_idx < next ||
		    __builtin_add_overflow(sum_ns, part_ns, &sum_ns)) {
			if (text[0] != '\0' && text[strspn(text, DIGITS)] ==
			    '\0')
				return kymo_error_set(error, "'%s' has no "
				    "unit; write %ss or %sms", text, text,
				    text);
			return kymo_error_set(error, "'%s' is not a duration; "
			    "write one as 15s, 250ms or 1h30m", text);
		}
		next = unit_idx + 1;
	} while (*at != '\0');
	*ns = sum_ns;
	return 0;
}
