/* SPDX-License-Identifier: MIT */
/* Reading a printf format: which arguments a call has. Pure. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shm/layout.h"
#include "writer/name.h"

/* Of an integer argument, by its length modifier. */
static size_t
int_bytes(const char **at)
{
	const char *p = *at;
	size_t bytes = sizeof(int);

	switch (*p) {
	case 'h': /* promoted to int */
		p += p[1] == 'h' ? 2 : 1;
		break;
	case 'l':
		bytes = p[1] == 'l' ? sizeof(long long) : sizeof(long);
		p += p[1] == 'l' ? 2 : 1;
		break;
	case 'z':
		bytes = sizeof(size_t);
		p++;
		break;
	case 'j':
		bytes = sizeof(intmax_t);
		p++;
		break;
	case 't':
		bytes = sizeof(ptrdiff_t);
		p++;
		break;
	}
	*at = p;
	return bytes;
}

/* One argument; false: not one that is kept. */
static bool
take(struct kyi_format *format, char conversion, size_t bytes, bool modified,
    int precision)
{
	uint32_t i = format->arg_cnt;
	bool wide = bytes > sizeof(int);

	if (i == KYI_ARG_MAX)
		return false;
	switch (conversion) {
	case 'd':
	case 'i':
		format->take[i] = wide ? 'I' : 'i';
		format->types[i] = KYI_ARG_I64;
		break;
	case 'c':
		if (modified)
			return false;
		format->take[i] = 'i';
		format->types[i] = KYI_ARG_I64;
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		format->take[i] = wide ? 'U' : 'u';
		format->types[i] = KYI_ARG_U64;
		break;
	case 'p':
		if (modified)
			return false;
		format->take[i] = sizeof(void *) > sizeof(int) ? 'U' : 'u';
		format->types[i] = KYI_ARG_U64;
		break;
	case 's':
		if (modified)
			return false;
		/* What is cut by a precision need not end in NUL. */
		format->take[i] = precision < 0 ? 's' :
		    (char)(0x80 | (precision < 0x7f ? precision : 0x7f));
		format->types[i] = KYI_ARG_STR;
		break;
	default:
		if (strchr("fFeEgGaA", conversion) == NULL)
			return false;
		format->take[i] = 'f';
		format->types[i] = KYI_ARG_F64;
		break;
	}
	format->arg_cnt++;
	return true;
}

static const char *
digits(const char *at, int *value)
{
	for (; *at >= '0' && *at <= '9'; at++)
		if (*value < 1000)
			*value = *value * 10 + (*at - '0');
	return at;
}

/* What follows a '%'; NULL: not kept. */
static const char *
conversion(struct kyi_format *format, const char *at)
{
	const char *modifier;
	int width = 0, precision = -1;
	size_t bytes;

	if (*at == '%')
		return at + 1;
	while (*at != '\0' && strchr("-+ #0", *at) != NULL)
		at++;
	at = digits(at, &width);
	if (*at == '.') {
		precision = 0;
		at = digits(at + 1, &precision);
	}
	modifier = at;
	bytes = int_bytes(&at);
	/* %lf is %f. */
	if (at == modifier + 1 && *modifier == 'l' && *at != '\0' &&
	    strchr("fFeEgGaA", *at) != NULL)
		modifier = at;
	if (*at == '\0' || (at != modifier &&
	    strchr("fFeEgGaA", *at) != NULL) ||
	    !take(format, *at, bytes, at != modifier, precision))
		return NULL;
	return at + 1;
}

bool
kyi_format_parse(struct kyi_format *format, const char *text)
{
	const char *at = text;

	memset(format, 0, sizeof(*format));
	if (*text == '\0' || strnlen(text, KYI_STRING_BYTES_MAX + 1) >
	    KYI_STRING_BYTES_MAX)
		return false;
	while (at != NULL && *at != '\0') {
		if (*at++ == '%')
			at = conversion(format, at);
	}
	return at != NULL;
}
