/* SPDX-License-Identifier: MIT */
/* Durations and sizes, as people write them. */
#include <string.h>

#include "reader/config/config.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct unit {
	const char *name;
	uint64_t scale;
};

/* From the largest down: a duration names them so. */
static const struct unit times[] = {
	{ "y", 31536000000000000ull },
	{ "w", 604800000000000ull },
	{ "d", 86400000000000ull },
	{ "h", 3600000000000ull },
	{ "m", 60000000000ull },
	{ "s", 1000000000ull },
	{ "ms", 1000000ull },
	{ "us", 1000ull },
	{ "ns", 1ull },
};
#define TIME_CNT (sizeof(times) / sizeof(times[0]))

static const struct unit sizes[] = {
	{ "TiB", 1ull << 40 }, { "TB", 1000000000000ull },
	{ "GiB", 1ull << 30 }, { "GB", 1000000000ull },
	{ "MiB", 1ull << 20 }, { "MB", 1000000ull },
	{ "KiB", 1ull << 10 }, { "kB", 1000ull }, { "KB", 1000ull },
	{ "B", 1ull },
};
#define SIZE_CNT (sizeof(sizes) / sizeof(sizes[0]))

/* Digits behind a point, of scale. */
static uint64_t
fraction_of(const char *digits, uint64_t scale)
{
	double part = 0.1, sum = 0;
	uint64_t exact = 0;

	for (; *digits >= '0' && *digits <= '9' && scale % 10 == 0; digits++) {
		scale /= 10;
		exact += scale * (uint64_t)(*digits - '0');
	}
	/* Powers of two have no tenths: 1.5 MiB is near enough. */
	for (; *digits >= '0' && *digits <= '9'; digits++, part /= 10)
		sum += part * (*digits - '0');
	return exact + (uint64_t)(sum * (double)scale);
}

/* One part as 1.5h. *at moves behind it, *unit_idx to its unit; false: no
   number and unit there, or too large. */
static bool
part_read(const struct unit *units, size_t unit_cnt, const char **at,
    size_t *unit_idx, uint64_t *part_is)
{
	uint64_t whole = 0, scale;
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
	len_bytes = strspn(*at, LETTERS);
	for (i = 0; i < unit_cnt; i++)
		if (strlen(units[i].name) == len_bytes &&
		    strncmp(units[i].name, *at, len_bytes) == 0)
			break;
	if (i == unit_cnt)
		return false;
	*at += len_bytes;
	*unit_idx = i;
	scale = units[i].scale;
	return !__builtin_mul_overflow(whole, scale, part_is) &&
	    !__builtin_add_overflow(*part_is, fraction == NULL ? 0 :
	    fraction_of(fraction, scale), part_is);
}

int
kymo_duration_parse(uint64_t *ns, const char *text, struct kymo_error *error)
{
	const char *at = text;
	size_t next = 0, unit_idx;
	uint64_t sum_ns = 0, part_ns;

	do {
		if (!part_read(times, TIME_CNT, &at, &unit_idx, &part_ns) ||
		    unit_idx < next ||
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

int
kymo_size_parse(uint64_t *bytes, const char *text, struct kymo_error *error)
{
	const char *at = text;
	size_t unit_idx;

	if (part_read(sizes, SIZE_CNT, &at, &unit_idx, bytes) && *at == '\0')
		return 0;
	if (text[0] != '\0' && text[strspn(text, DIGITS)] == '\0')
		return kymo_error_set(error, "'%s' has no unit; write %sMiB or "
		    "%sGiB", text, text, text);
	return kymo_error_set(error, "'%s' is not a size; write one as 512MiB "
	    "or 1.5GB", text);
}
