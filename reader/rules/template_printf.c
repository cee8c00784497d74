/* SPDX-License-Identifier: MIT */
/* print, println and printf of templates, as Go has them. */
#include "reader/rules/template_private.h"

#include <string.h>

#define WIDTH_MAX 1000

KYI_TEMPLATE_CALL(print)
{
	struct kymo_buffer text = {0};
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		if (i > 0 && args[i].kind != TV_STR &&
		    args[i - 1].kind != TV_STR)
			kymo_buffer_char(&text, ' ');
		kyi_tv_print(&text, &args[i]);
	}
	return kyi_tv_take(run, &text, result);
}

KYI_TEMPLATE_CALL(println)
{
	struct kymo_buffer text = {0};
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(&text, ' ');
		kyi_tv_print(&text, &args[i]);
	}
	kymo_buffer_char(&text, '\n');
	return kyi_tv_take(run, &text, result);
}

struct verb {
	bool minus, plus, zero, space, sharp;
	int width, precision; /* -1: none */
	char letter;
};

/* %[flags][width][.precision]letter; at stands behind the %. */
static const char *
verb_read(const char *at, struct verb *verb)
{
	*verb = (struct verb){.width = -1, .precision = -1};
	for (; *at != '\0' && strchr("-+0 #", *at) != NULL; at++) {
		verb->minus = verb->minus || *at == '-';
		verb->plus = verb->plus || *at == '+';
		verb->zero = verb->zero || *at == '0';
		verb->space = verb->space || *at == ' ';
		verb->sharp = verb->sharp || *at == '#';
	}
	for (; *at >= '0' && *at <= '9'; at++) {
		verb->width = (verb->width < 0 ? 0 : verb->width) * 10 +
		    *at - '0';
		if (verb->width > WIDTH_MAX)
			verb->width = WIDTH_MAX;
	}
	if (*at == '.')
		for (verb->precision = 0, at++; *at >= '0' && *at <= '9'; at++)
			if (verb->precision <= WIDTH_MAX)
				verb->precision = verb->precision * 10 + *at -
				    '0';
	verb->letter = *at;
	return *at == '\0' ? at : at + 1;
}

static size_t
character_cnt(const char *text)
{
	size_t cnt = 0;

	for (; *text != '\0'; text++)
		cnt += ((unsigned char)*text & 0xc0) != 0x80;
	return cnt;
}

static void
padded(struct kymo_buffer *out, const char *text, const struct verb *verb,
    bool is_number)
{
	size_t cnt = character_cnt(text);
	size_t pad = verb->width > 0 && (size_t)verb->width > cnt ?
	    (size_t)verb->width - cnt : 0;
	bool zero = verb->zero && !verb->minus && is_number;

	if (zero && pad > 0 && (*text == '-' || *text == '+'))
		kymo_buffer_char(out, *text++);
	for (; pad > 0 && !verb->minus; pad--)
		kymo_buffer_char(out, zero ? '0' : ' ');
	kymo_buffer_str(out, text);
	for (; pad > 0; pad--)
		kymo_buffer_char(out, ' ');
}

static void
quoted(struct kymo_buffer *out, const char *text)
{
	static const char escapes[] = "\a\b\f\n\r\t\v\\\"";
	static const char letters[] = "abfnrtv\\\"";

	kymo_buffer_char(out, '"');
	for (; *text != '\0'; text++) {
		const char *escape = strchr(escapes, *text);

		if (escape != NULL) {
			kymo_buffer_char(out, '\\');
			kymo_buffer_char(out, letters[escape - escapes]);
		} else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			kymo_buffer_printf(out, "\\x%02x",
			    (unsigned char)*text);
		else
			kymo_buffer_char(out, *text);
	}
	kymo_buffer_char(out, '"');
}

/* At most precision characters of a text. */
static void
cut(struct kymo_buffer *out, const char *text, int precision)
{
	const char *end = text;
	int cnt = 0;

	for (; *end != '\0'; end++)
		if (((unsigned char)*end & 0xc0) != 0x80 && cnt++ == precision)
			break;
	kymo_buffer_add(out, text, (size_t)(end - text));
}

static bool
int_print(struct kymo_buffer *out, int64_t n, char letter)
{
	uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	const char *format = letter == 'x' ? "%s%llx" : letter == 'X' ?
	    "%s%llX" : letter == 'o' ? "%s%llo" : "%s%llu";

	if (letter == '\0' || strchr("dvxXoc", letter) == NULL)
		return false;
	if (letter == 'c') {
		kymo_buffer_char(out, n >= 32 && n < 127 ? (char)n : '?');
		return true;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	kymo_buffer_printf(out, format, n < 0 ? "-" : "",
	    (unsigned long long)size);
#pragma GCC diagnostic pop
	return true;
}

static bool
hex_print(struct kymo_buffer *out, const char *text, char letter)
{
	for (; *text != '\0'; text++)
		if (letter == 'x')
			kymo_buffer_printf(out, "%02x", (unsigned char)*text);
		else
			kymo_buffer_printf(out, "%02X", (unsigned char)*text);
	return true;
}

/* One value by one verb, not yet padded; false: they do not fit. */
static bool
verb_print(struct kymo_buffer *out, const struct verb *verb,
    const struct kyi_tv *arg)
{
	char letter = verb->letter;

	switch (arg->kind) {
	case TV_INT:
		return int_print(out, arg->n, letter);
	case TV_FLOAT:
		if (letter == '\0' || strchr("vgGeEfF", letter) == NULL)
			return false;
		kyi_go_float(out, arg->d, letter == 'v' ? 'g' : letter,
		    letter == 'v' || letter == 'g' || letter == 'G' ||
		    verb->precision >= 0 ? verb->precision : 6);
		return true;
	case TV_STR:
		if (letter == 'x' || letter == 'X')
			return hex_print(out, arg->str, letter);
		if (letter == 'q')
			quoted(out, arg->str);
		else if (letter != 's' && letter != 'v')
			return false;
		else if (verb->precision >= 0)
			cut(out, arg->str, verb->precision);
		else
			kymo_buffer_str(out, arg->str);
		return true;
	case TV_BOOL:
		if (letter != 't' && letter != 'v')
			return false;
		break;
	case TV_NIL:
		if (letter == 'v')
			kymo_buffer_str(out, "<nil>");
		return letter == 'v';
	default:
		if (letter != 'v' && letter != 's')
			return false;
		break;
	}
	kyi_tv_print(out, arg);
	return true;
}

static void
verb_put(struct kymo_buffer *out, const struct verb *verb,
    const struct kyi_tv *arg)
{
	bool is_number = arg->kind == TV_INT || arg->kind == TV_FLOAT;
	struct kymo_buffer text = {0};

	if (verb_print(&text, verb, arg)) {
		if (text.at == NULL)
			kymo_buffer_str(&text, "");
		if (is_number && (verb->plus || verb->space) &&
		    !text.failed && *text.at != '-' && *text.at != '+' &&
		    verb->letter != 'c') {
			kymo_buffer_char(&text, ' ');
			memmove(text.at + 1, text.at, text.len_bytes - 1);
			text.at[0] = verb->plus ? '+' : ' ';
		}
		if (!text.failed)
			padded(out, text.at, verb, is_number);
	} else {
		kymo_buffer_printf(out, "%%!%c(%s", verb->letter,
		    kyi_tv_type(arg));
		if (arg->kind != TV_NIL) {
			kymo_buffer_char(out, '=');
			kyi_tv_print(out, arg);
		}
		kymo_buffer_char(out, ')');
	}
	out->failed = out->failed || text.failed;
	kymo_buffer_free(&text);
}

static void
extra_put(struct kymo_buffer *out, const struct kyi_tv *args, uint32_t cnt)
{
	uint32_t i;

	kymo_buffer_str(out, "%!(EXTRA ");
	for (i = 0; i < cnt; i++) {
		kymo_buffer_printf(out, "%s%s", i == 0 ? "" : ", ",
		    kyi_tv_type(&args[i]));
		if (args[i].kind != TV_NIL) {
			kymo_buffer_char(out, '=');
			kyi_tv_print(out, &args[i]);
		}
	}
	kymo_buffer_char(out, ')');
}

KYI_TEMPLATE_CALL(printf)
{
	const char *at = args[0].str;
	struct kymo_buffer text = {0};
	uint32_t used = 1;
	struct verb verb;

	while (*at != '\0') {
		size_t plain_bytes = strcspn(at, "%");

		kymo_buffer_add(&text, at, plain_bytes);
		at += plain_bytes;
		if (*at == '\0')
			break;
		at = verb_read(at + 1, &verb);
		if (verb.letter == '%')
			kymo_buffer_char(&text, '%');
		else if (verb.letter == '\0')
			kymo_buffer_str(&text, "%!(NOVERB)");
		else if (used >= cnt)
			kymo_buffer_printf(&text, "%%!%c(MISSING)",
			    verb.letter);
		else
			verb_put(&text, &verb, &args[used++]);
		if (text.len_bytes > KYI_TEMPLATE_BYTES_MAX)
			break;
	}
	if (used < cnt)
		extra_put(&text, args + used, cnt - used);
	return kyi_tv_take(run, &text, result);
}
