/* SPDX-License-Identifier: MIT */
#include "reader/rules/duration.h"

#include <stddef.h>
#include <string.h>

static const struct unit {
	const char *name;
	int64_t ms;
	bool exact_only; /* printed only where nothing is left over */
} units[] = {
	{ "y", INT64_C(31536000000), true },
	{ "w", INT64_C(604800000), true },
	{ "d", INT64_C(86400000), false },
	{ "h", INT64_C(3600000), false },
	{ "m", INT64_C(60000), false },
	{ "s", INT64_C(1000), false },
	{ "ms", INT64_C(1), false },
};
#define UNIT_CNT (sizeof(units) / sizeof(units[0]))

bool
kyi_prom_duration_parse(int64_t *ms, const char *text)
{
	int64_t sum_ms = 0, n, part_ms;
	size_t next = 0, i, len_bytes;

	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return true;
	}
	if (*text == '\0')
		return false;
	while (*text != '\0') {
		if (*text < '0' || *text > '9')
			return false;
		for (n = 0; *text >= '0' && *text <= '9'; text++)
			if (__builtin_mul_overflow(n, 10, &n) ||
			    __builtin_add_overflow(n, *text - '0', &n))
				return false;
		len_bytes = strspn(text, "ywdhms");
		for (i = next; i < UNIT_CNT; i++)
			if (strlen(units[i].name) == len_bytes &&
			    strncmp(units[i].name, text, len_bytes) == 0)
				break;
		if (i == UNIT_CNT ||
		    __builtin_mul_overflow(n, units[i].ms, &part_ms) ||
		    __builtin_add_overflow(sum_ms, part_ms, &sum_ms))
			return false;
		next = i + 1;
		text += len_bytes;
	}
	*ms = sum_ms;
	return sum_ms <= INT64_MAX / 1000000;
}

void
kyi_prom_duration_print(struct kymo_buffer *out, int64_t ms)
{
	size_t i;

	if (ms == 0)
		kymo_buffer_str(out, "0s");
	for (i = 0; i < UNIT_CNT && ms > 0; i++) {
		int64_t n = ms / units[i].ms;

		if (n == 0 || (units[i].exact_only && ms % units[i].ms != 0))
			continue;
		kymo_buffer_i64(out, n);
		kymo_buffer_str(out, units[i].name);
		ms -= n * units[i].ms;
	}
}
