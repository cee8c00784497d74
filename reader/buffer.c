/* SPDX-License-Identifier: MIT */
/* Text that grows. Pages are made of these calls by the million: the short
   ones copy into room that is there and allocate nothing. */
#include "reader/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/room.h"

#define FIRST_BYTES 1024u
#define U64_DIGITS_MAX 20u
#define EXPONENT_MAX 18
/* Integers below are exact in a double, and so are quotients' operands. */
#define EXACT_MAX 9007199254740992.0

static const char digit_pairs[] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

bool
kyi_buffer_grow(struct kymo_buffer *buffer, size_t len_bytes)
{
	size_t need, room;
	char *at;

	if (buffer->failed)
		return false;
	if (len_bytes > SIZE_MAX / 2 - buffer->len_bytes - 1)
		goto fail;
	need = buffer->len_bytes + len_bytes + 1;
	room = buffer->room_bytes < FIRST_BYTES ? FIRST_BYTES :
	    buffer->room_bytes;
	while (room < need)
		room *= 2;
	at = realloc(buffer->at, room);
	if (at == NULL)
		goto fail;
	buffer->at = at;
	buffer->room_bytes = room;
	return true;
fail:
	buffer->failed = true;
	return false;
}

void
kymo_buffer_add(struct kymo_buffer *buffer, const void *bytes,
    size_t len_bytes)
{
	if (kyi_room(buffer, len_bytes) == NULL)
		return;
	if (len_bytes > 0)
		memcpy(buffer->at + buffer->len_bytes, bytes, len_bytes);
	buffer->len_bytes += len_bytes;
	buffer->at[buffer->len_bytes] = '\0';
}

void
kymo_buffer_str(struct kymo_buffer *buffer, const char *text)
{
	kymo_buffer_add(buffer, text, strlen(text));
}

void
kymo_buffer_char(struct kymo_buffer *buffer, char c)
{
	if (kyi_room(buffer, 1) == NULL)
		return;
	buffer->at[buffer->len_bytes++] = c;
	buffer->at[buffer->len_bytes] = '\0';
}

void
kymo_buffer_quote(struct kymo_buffer *buffer, const char *text)
{
	kymo_buffer_char(buffer, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			kymo_buffer_str(buffer, "\\n");
			continue;
		}
		if (*text == '"' || *text == '\\')
			kymo_buffer_char(buffer, '\\');
		kymo_buffer_char(buffer, *text);
	}
	kymo_buffer_char(buffer, '"');
}

void
kymo_buffer_printf(struct kymo_buffer *buffer, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buffer->failed = true;
		return;
	}
	if (kyi_room(buffer, (size_t)len) == NULL)
		return;
	va_start(args, format);
	vsnprintf(buffer->at + buffer->len_bytes, (size_t)len + 1, format, args);
	va_end(args);
	buffer->len_bytes += (size_t)len;
}

/* Writes n's digits so that they end before end; returns where they begin. */
static char *
digits_before(char *end, uint64_t n)
{
	while (n >= 100) {
		end -= 2;
		memcpy(end, &digit_pairs[n % 100 * 2], 2);
		n /= 100;
	}
	if (n >= 10) {
		end -= 2;
		memcpy(end, &digit_pairs[n * 2], 2);
	} else
		*--end = (char)('0' + n);
	return end;
}

void
kymo_buffer_u64(struct kymo_buffer *buffer, uint64_t n)
{
	char text[U64_DIGITS_MAX], *end = text + sizeof(text);
	char *at = digits_before(end, n);

	kymo_buffer_add(buffer, at, (size_t)(end - at));
}

void
kymo_buffer_i64(struct kymo_buffer *buffer, int64_t n)
{
	kymo_buffer_decimal(buffer, n < 0,
	    n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 0);
}

void
kymo_buffer_decimal(struct kymo_buffer *buffer, bool negative, uint64_t n,
    int exponent)
{
	/* sign, up to 18 zeros and the point before or behind 20 digits */
	char text[1 + EXPONENT_MAX + 2 + U64_DIGITS_MAX + EXPONENT_MAX];
	char *end = text + 1 + EXPONENT_MAX + 2 + U64_DIGITS_MAX, *at, *point;

	if (n == 0)
		exponent = 0;
	if (exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX) {
		buffer->failed = true;
		return;
	}
	while (exponent < 0 && n % 10 == 0) {
		n /= 10;
		exponent++;
	}
	at = digits_before(end, n);
	if (exponent < 0) {
		point = end + exponent;
		while (at >= point)
			*--at = '0';
		memmove(at - 1, at, (size_t)(point - at));
		at--;
		point[-1] = '.';
	}
	for (; exponent > 0; exponent--)
		*end++ = '0';
	if (negative && n != 0)
		*--at = '-';
	kymo_buffer_add(buffer, at, (size_t)(end - at));
}

/* If d is n / 10^k with few digits, plain notation: a quotient of two exact
   doubles is correctly rounded, so it reads back as d; the first k that does
   is the shortest. */
static bool
double_plain(struct kymo_buffer *buffer, double d)
{
	double size = fabs(d), power = 1;
	int k;

	for (k = 0; k <= 9; k++, power *= 10) {
		double scaled = size * power + 0.5;
		uint64_t n;

		if (scaled >= EXACT_MAX)
			return false;
		n = (uint64_t)scaled;
		if ((double)n / power == size) {
			kymo_buffer_decimal(buffer, d < 0, n, -k);
			return true;
		}
	}
	return false;
}

/* printf's decimal point is the locale's; ours is always a point. */
static void
double_add(struct kymo_buffer *buffer, const char *text)
{
	const char *at = text;

	while (*at != '\0') {
		size_t len_bytes = strspn(at, "0123456789+-e");

		kymo_buffer_add(buffer, at, len_bytes);
		at += len_bytes;
		if (*at == '\0')
			break;
		kymo_buffer_char(buffer, '.');
		at += strcspn(at, "0123456789+-e");
	}
}

void
kymo_buffer_double(struct kymo_buffer *buffer, double d)
{
	char text[64];
	int precision;

	if (isnan(d)) {
		kymo_buffer_str(buffer, "NaN");
		return;
	}
	if (isinf(d)) {
		kymo_buffer_str(buffer, d > 0 ? "+Inf" : "-Inf");
		return;
	}
	if (d == 0) {
		kymo_buffer_str(buffer, signbit(d) ? "-0" : "0");
		return;
	}
	if (double_plain(buffer, d))
		return;
	for (precision = 15; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	if (precision == 17)
		snprintf(text, sizeof(text), "%.17g", d);
	double_add(buffer, text);
}

void
kymo_buffer_free(struct kymo_buffer *buffer)
{
	free(buffer->at);
	*buffer = (struct kymo_buffer){ 0 };
}
