/* SPDX-License-Identifier: MIT */
/* A log's text. The format is a program of somebody else: it is parsed here,
   and each conversion is made by snprintf from parts that we chose. */
#include <stdio.h>
#include <string.h>

#include "reader/region/private.h"
#include "shm/name.h"

#define WIDTH_MAX 99u
#define PRECISION_MAX 99u
#define NUMBER_BYTES 512u /* 1e308 with 99 decimals and a sign */

struct out {
	char *to;
	size_t len_bytes;
	bool full;
};

struct args {
	const char *types;
	uint32_t type_cnt, next;
	const uint8_t *at;
	size_t left_bytes;
};

struct conversion {
	char flags[6];
	uint32_t width, precision;
	bool has_precision;
	char size; /* 'H' for hh, 'h', 'l' for all that is long, 0 */
	char type;
};

/* ---- out ------------------------------------------------------------- */

/* A piece goes in whole or not at all; after one that did not, none does. */
static void
put(struct out *out, const char *piece, size_t bytes)
{
	if (out->full || bytes > KYI_LOG_TEXT_BYTES_MAX - 1 - out->len_bytes) {
		out->full = true;
		return;
	}
	memcpy(out->to + out->len_bytes, piece, bytes);
	out->len_bytes += bytes;
}

static void
put_escaped(struct out *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char piece[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	if (c == '\n' || c == '\t' || c == '\r') {
		piece[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
		put(out, piece, 2);
	} else {
		put(out, piece, 4);
	}
}

/* One character or bad byte of text; returns its bytes. */
static size_t
put_character(struct out *out, const char *text, size_t len_bytes)
{
	unsigned char c = (unsigned char)text[0];
	size_t bytes;

	if (c < 0x20 || c == 0x7f) {
		put_escaped(out, c);
		return 1;
	}
	if (c < 0x80) {
		put(out, text, 1);
		return 1;
	}
	for (bytes = 2; bytes <= 4 && bytes <= len_bytes; bytes++)
		if (kyi_utf8_len(text, bytes) == bytes)
			break;
	if (bytes > 4 || bytes > len_bytes) {
		put(out, "\xef\xbf\xbd", 3);
		return 1;
	}
	if (c == 0xc2 && (unsigned char)text[1] < 0xa0) /* C1 controls */
		put_escaped(out, (unsigned char)text[1]);
	else
		put(out, text, bytes);
	return bytes;
}

static void
put_text(struct out *out, const char *text, size_t len_bytes)
{
	size_t i;

	for (i = 0; i < len_bytes && !out->full;)
		i += put_character(out, text + i, len_bytes - i);
}

static void
put_spaces(struct out *out, size_t cnt)
{
	while (cnt-- > 0)
		put(out, " ", 1);
}

/* ---- arguments ------------------------------------------------------- */

/* The type of the next argument; 0: there is none. */
static char
next_type(struct args *args)
{
	return args->next < args->type_cnt ? args->types[args->next++] : 0;
}

/* What is missing at the end is zero. */
static uint64_t
take_word(struct args *args)
{
	uint64_t word = 0;
	size_t bytes = args->left_bytes < 8 ? args->left_bytes : 8;

	memcpy(&word, args->at, bytes);
	args->at += bytes;
	args->left_bytes -= bytes;
	return word;
}

static const char *
take_string(struct args *args, size_t *len_bytes)
{
	const char *at;
	uint16_t len = 0;

	*len_bytes = 0;
	if (args->left_bytes < sizeof(len)) {
		args->left_bytes = 0;
		return "";
	}
	memcpy(&len, args->at, sizeof(len));
	args->at += sizeof(len);
	args->left_bytes -= sizeof(len);
	if (len > args->left_bytes)
		len = (uint16_t)args->left_bytes;
	at = (const char *)args->at;
	args->at += len;
	args->left_bytes -= len;
	*len_bytes = len;
	return at;
}

/* ---- conversions ----------------------------------------------------- */

static uint32_t
parse_number(const char **at, uint32_t max)
{
	uint32_t n = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (n <= max)
			n = n * 10 + (uint32_t)(**at - '0');
	return n > max ? max : n;
}

/* From behind the %; returns where the rest of the format begins, NULL: this
   is none of the conversions that may be. */
static const char *
parse_conversion(const char *at, struct conversion *conversion)
{
	size_t flag_cnt = 0;

	memset(conversion, 0, sizeof(*conversion));
	for (; *at != '\0' && strchr("-+ #0", *at) != NULL; at++)
		if (strchr(conversion->flags, *at) == NULL)
			conversion->flags[flag_cnt++] = *at;
	conversion->width = parse_number(&at, WIDTH_MAX);
	if (*at == '.') {
		at++;
		conversion->has_precision = true;
		conversion->precision = parse_number(&at,
		    KYI_EVENT_SLOTS_MAX * 40);
	}
	if (at[0] == 'h' && at[1] == 'h') {
		conversion->size = 'H';
		at += 2;
	} else if (*at == 'h') {
		conversion->size = *at++;
	} else {
		while (*at != '\0' && strchr("lzjt", *at) != NULL) {
			conversion->size = 'l';
			at++;
		}
	}
	if (*at == '\0' || strchr("diuxXocpsfFeEgGaA", *at) == NULL)
		return NULL;
	conversion->type = *at;
	return at + 1;
}

static uint64_t
as_wide_as(char size, bool is_signed, uint64_t word)
{
	switch (size) {
	case 'H':
		return is_signed ? (uint64_t)(int8_t)word : (uint8_t)word;
	case 'h':
		return is_signed ? (uint64_t)(int16_t)word : (uint16_t)word;
	case 'l':
		return word;
	default:
		return is_signed ? (uint64_t)(int32_t)word : (uint32_t)word;
	}
}

/* The format given to snprintf is made of flags, a number, a number, ll and a
   letter out of lists above: nothing of it is text from a region. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void
put_number(struct out *out, const struct conversion *conversion, uint64_t word)
{
	char spec[32], made[NUMBER_BYTES], precision[8] = "";
	bool is_signed = conversion->type == 'd' || conversion->type == 'i';
	uint32_t digits = conversion->precision > PRECISION_MAX ?
	    PRECISION_MAX : conversion->precision;
	double d;
	int bytes;

	if (conversion->has_precision)
		snprintf(precision, sizeof(precision), ".%u", digits);
	if (strchr("diuxXo", conversion->type) != NULL) {
		snprintf(spec, sizeof(spec), "%%%s%.0u%s%s%c",
		    conversion->flags, conversion->width, precision, "ll",
		    conversion->type);
		bytes = snprintf(made, sizeof(made), spec, (unsigned long long)
		    as_wide_as(conversion->size, is_signed, word));
	} else {
		memcpy(&d, &word, sizeof(d));
		snprintf(spec, sizeof(spec), "%%%s%.0u%s%c", conversion->flags,
		    conversion->width, precision, conversion->type);
		bytes = snprintf(made, sizeof(made), spec, d);
	}
	if (bytes > 0 && (size_t)bytes < sizeof(made))
		put(out, made, (size_t)bytes);
}

#pragma GCC diagnostic pop

static void
put_string(struct out *out, const struct conversion *conversion,
    const char *text, size_t len_bytes)
{
	bool left = strchr(conversion->flags, '-') != NULL;
	size_t pad_cnt;

	if (conversion->has_precision && conversion->precision < len_bytes)
		len_bytes = conversion->precision;
	pad_cnt = conversion->width > len_bytes ?
	    conversion->width - len_bytes : 0;
	if (!left)
		put_spaces(out, pad_cnt);
	put_text(out, text, len_bytes);
	if (left)
		put_spaces(out, pad_cnt);
}

static bool
fits_type(char conversion_type, char arg_type)
{
	switch (arg_type) {
	case KYI_ARG_I64:
	case KYI_ARG_U64:
		return strchr("diuxXocp", conversion_type) != NULL;
	case KYI_ARG_F64:
		return strchr("fFeEgGaA", conversion_type) != NULL;
	case KYI_ARG_STR:
		return conversion_type == 's';
	default:
		return false;
	}
}

/* False: the argument is not what the conversion wants. It is left out, and
   taken as what it is, so that the next ones are right. */
static bool
put_conversion(struct out *out, struct conversion *conversion,
    struct args *args)
{
	char type = next_type(args), c;
	bool fits = fits_type(conversion->type, type);
	const char *text;
	size_t len_bytes;
	uint64_t word;

	if (type == KYI_ARG_STR) {
		text = take_string(args, &len_bytes);
		if (fits)
			put_string(out, conversion, text, len_bytes);
	} else if (type != 0) {
		word = take_word(args);
		if (fits && conversion->type == 'c') {
			c = (char)word;
			put_string(out, conversion, &c, 1);
		} else if (fits && conversion->type == 'p') {
			conversion->type = 'x';
			conversion->size = 'l';
			put(out, "0x", 2);
			put_number(out, conversion, word);
		} else if (fits) {
			put_number(out, conversion, word);
		}
	}
	if (!fits)
		put(out, "(?)", 3);
	return fits;
}

size_t
kyi_log_format(char *to, const char *format, const char *types,
    uint32_t type_cnt, const uint8_t *args_at, size_t args_bytes, bool *sound)
{
	struct out out = { .to = to };
	struct args args = { .types = types, .type_cnt = type_cnt,
		.at = args_at, .left_bytes = args_bytes };
	struct conversion conversion;
	const char *at = format, *end;

	*sound = true;
	while (*at != '\0' && !out.full) {
		if (*at != '%') {
			end = strchr(at, '%');
			if (end == NULL)
				end = at + strlen(at);
			put_text(&out, at, (size_t)(end - at));
			at = end;
			continue;
		}
		if (at[1] == '%') {
			put(&out, "%", 1);
			at += 2;
			continue;
		}
		end = parse_conversion(at + 1, &conversion);
		if (end == NULL) {
			*sound = false;
			put(&out, "%", 1);
			at++;
			continue;
		}
		at = end;
		if (!put_conversion(&out, &conversion, &args))
			*sound = false;
	}
	to[out.len_bytes] = '\0';
	return out.len_bytes;
}
