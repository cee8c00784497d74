/* SPDX-License-Identifier: MIT */
#include "tools/emit_scan.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
blanks(struct kyi_emit_scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' ||
		*scan->at == '\r'))
		scan->at++;
	if (scan->at < scan->end && *scan->at == '#')
		scan->at = scan->end;
}

uint32_t
kyi_emit_col(struct kyi_emit_scan *scan)
{
	blanks(scan);
	return (uint32_t)(scan->at - scan->begin) + 1;
}

bool
kyi_emit_at_end(struct kyi_emit_scan *scan)
{
	blanks(scan);
	return scan->at == scan->end;
}

bool
kyi_emit_at(struct kyi_emit_scan *scan, char c)
{
	blanks(scan);
	return scan->at < scan->end && *scan->at == c;
}

bool
kyi_emit_is(struct kyi_emit_scan *scan, const char *word)
{
	size_t len = strlen(word), left;

	blanks(scan);
	left = (size_t)(scan->end - scan->at);
	if (len > left || memcmp(scan->at, word, len) != 0)
		return false;
	if (is_letter(*word) && len < left &&
	    (is_letter(scan->at[len]) || is_digit(scan->at[len])))
		return false;
	scan->at += len;
	return true;
}

int
kyi_emit_want(struct kyi_emit_scan *scan, const char *word, const char *what)
{
	uint32_t col = kyi_emit_col(scan);

	if (kyi_emit_is(scan, word))
		return 0;
	return kyi_emit_fault_set(scan->fault, col, "%s is wanted", what);
}

int
kyi_emit_end(struct kyi_emit_scan *scan)
{
	if (kyi_emit_at_end(scan))
		return 0;
	return kyi_emit_fault_set(scan->fault, kyi_emit_col(scan),
	    "something more after the end");
}

static void
room_add(struct kyi_emit_scan *scan, char c)
{
	*scan->room++ = c;
}

int
kyi_emit_name(struct kyi_emit_scan *scan, const char **name, const char *what)
{
	uint32_t col = kyi_emit_col(scan);
	const char *from = scan->at;

	*name = scan->room;
	while (scan->at < scan->end && (is_letter(*scan->at) ||
		(scan->at > from && is_digit(*scan->at))))
		room_add(scan, *scan->at++);
	if (scan->at == from)
		return kyi_emit_fault_set(scan->fault, col, "%s is wanted", what);
	if (scan->at - from > KYMO_NAME_BYTES_MAX)
		return kyi_emit_fault_set(scan->fault, col,
		    "a name of more than %d bytes", KYMO_NAME_BYTES_MAX);
	room_add(scan, '\0');
	return 0;
}

/* The escapes of the Prometheus text format: \\ \" \n. */
int
kyi_emit_string(struct kyi_emit_scan *scan, const char **text)
{
	uint32_t col = kyi_emit_col(scan);
	char c;

	*text = scan->room;
	if (!kyi_emit_at(scan, '"'))
		return kyi_emit_fault_set(scan->fault, col,
		    "a \"text\" is wanted");
	for (scan->at++; scan->at < scan->end; scan->at++) {
		c = *scan->at;
		if (c == '"') {
			scan->at++;
			room_add(scan, '\0');
			return 0;
		}
		if (c == '\\') {
			c = ++scan->at < scan->end ? *scan->at : '\0';
			if (c != '\\' && c != '"' && c != 'n')
				return kyi_emit_fault_set(scan->fault,
				    (uint32_t)(scan->at - scan->begin),
				    "escapes are \\\\, \\\" and \\n");
			c = c == 'n' ? '\n' : c;
		}
		room_add(scan, c);
	}
	return kyi_emit_fault_set(scan->fault, col, "a \" without its partner");
}

/* ---- numbers ---------------------------------------------------------------- */

/* The characters that a number may be made of; strtod judges them. */
static size_t
number_len(const char *at, size_t left)
{
	static const char allowed[] = "0123456789+-.eEINFinfNaA";
	size_t n = 0;

	while (n < left && at[n] && strchr(allowed, at[n]))
		n++;
	return n;
}

/* Digits and exponent of what strtod has accepted as a decimal. */
static void
decimal_read(struct kyi_emit_number *number, const char *text)
{
	bool point = false;
	int exponent = 0, digit_cnt = 0;

	number->exact = true;
	for (; is_digit(*text) || *text == '.'; text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (number->digits || *text != '0')
			digit_cnt++;
		if (digit_cnt > 19) {
			number->exact = false;
			return;
		}
		number->digits = number->digits * 10 + (uint64_t)(*text - '0');
		exponent -= point;
	}
	if (*text == 'e' || *text == 'E') {
		long e = strtol(text + 1, NULL, 10);

		exponent += e > 1000 ? 1000 : e < -1000 ? -1000 : (int)e;
	}
	number->exponent = exponent;
}

int
kyi_emit_number(struct kyi_emit_scan *scan, struct kyi_emit_number *number)
{
	uint32_t col = kyi_emit_col(scan);
	size_t len = number_len(scan->at, (size_t)(scan->end - scan->at));
	char text[64], *end;
	const char *digits = text;

	memset(number, 0, sizeof(*number));
	if (len >= sizeof(text))
		return kyi_emit_fault_set(scan->fault, col,
		    "a number of more than %zu characters", sizeof(text) - 1);
	memcpy(text, scan->at, len);
	text[len] = '\0';
	number->value = strtod(text, &end);
	if (!len || *end || (scan->at + len < scan->end &&
		(is_letter(scan->at[len]) || scan->at[len] == '"')))
		return kyi_emit_fault_set(scan->fault, col, "a number is wanted");
	scan->at += len;
	number->negative = *digits == '-';
	digits += *digits == '-' || *digits == '+';
	if (isfinite(number->value))
		decimal_read(number, digits);
	return 0;
}

bool
kyi_emit_scaled(const struct kyi_emit_number *number, int exponent, int64_t *n,
    bool *whole)
{
	uint64_t digits = number->digits, last = 0;
	int shift = number->exponent - exponent;

	*whole = number->exact;
	if (!number->exact) {
		double scaled = number->value * pow(10, -exponent);

		if (!(fabs(scaled) < 9.2e18))
			return false;
		*n = (int64_t)round(scaled);
		return true;
	}
	for (; shift > 0 && digits; shift--)
		if (__builtin_mul_overflow(digits, 10, &digits))
			return false;
	for (; shift < 0 && digits; shift++) {
		last = digits % 10;
		*whole &= last == 0;
		digits /= 10;
	}
	/* Digits that were all cut off are small: they round to 0. */
	digits += shift == 0 && last >= 5;
	if (digits > INT64_MAX)
		return false;
	*n = number->negative ? -(int64_t)digits : (int64_t)digits;
	return true;
}
