/* SPDX-License-Identifier: MIT */
/* traceparent, as https://www.w3.org/TR/trace-context/ has it. */
#include <string.h>

#include "writer/public.h"

#define TRACEPARENT_BYTES 55u

/* Lower case only, as the grammar says; -1: no digit. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* digit_cnt digits at text. Stops at the first byte that is none. */
static int
hex_parse(const char *text, uint32_t digit_cnt, uint64_t *value)
{
	uint32_t i;

	*value = 0;
	for (i = 0; i < digit_cnt; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		*value = *value << 4 | (uint64_t)digit;
	}
	return 0;
}

/* "VV-32hex-16hex-FF". A later version may go on with "-..", which we do not
   read; ff is no version. */
static int
parse(struct kymo_trace *trace, const char *text)
{
	uint64_t version, flags;

	if (hex_parse(text, 2, &version) != 0 || text[2] != '-' ||
	    hex_parse(text + 3, 16, &trace->trace_hi) != 0 ||
	    hex_parse(text + 19, 16, &trace->trace_lo) != 0 ||
	    text[35] != '-' ||
	    hex_parse(text + 36, 16, &trace->span_id) != 0 ||
	    text[52] != '-' || hex_parse(text + 53, 2, &flags) != 0)
		return -1;
	if (version == 0xff ||
	    (text[TRACEPARENT_BYTES] != '\0' &&
	    (version == 0 || text[TRACEPARENT_BYTES] != '-')) ||
	    (trace->trace_hi | trace->trace_lo) == 0 || trace->span_id == 0)
		return -1;
	/* Of the flags only "sampled" is ours to hand on. */
	trace->flags = flags & 1;
	return 0;
}

int
kymo_trace_parse(struct kymo_trace *trace, const char *text)
{
	memset(trace, 0, sizeof(*trace));
	if (text != NULL && parse(trace, text) == 0)
		return 0;
	memset(trace, 0, sizeof(*trace));
	return -1;
}

static char *
hex_format(char *at, uint64_t value, uint32_t digit_cnt)
{
	while (digit_cnt-- > 0)
		*at++ = "0123456789abcdef"[value >> (4 * digit_cnt) & 15];
	return at;
}

void
kymo_trace_format(const struct kymo_trace *trace, char text[56])
{
	char *at = text;

	at = hex_format(at, 0, 2);
	*at++ = '-';
	at = hex_format(at, trace->trace_hi, 16);
	at = hex_format(at, trace->trace_lo, 16);
	*at++ = '-';
	at = hex_format(at, trace->span_id, 16);
	*at++ = '-';
	at = hex_format(at, trace->flags & 1, 2);
	*at = '\0';
}
