/* SPDX-License-Identifier: MIT */
/* Names are ASCII whatever the locale says, so no <ctype.h> here. */
#include <stdio.h>
#include <string.h>

#include "shm/layout.h"
#include "shm/name.h"

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_file_byte(char c)
{
	return is_alpha(c) || is_digit(c) || c == '.' || c == '-';
}

void
kyi_file_name(char name[KYI_FILE_NAME_BYTES], const char *service,
    uint32_t pid, const uint8_t instance_id[16])
{
	char hex[17];
	uint32_t i;

	for (i = 0; i < 8; i++)
		snprintf(hex + 2 * i, 3, "%02x", instance_id[i]);
	snprintf(name, KYI_FILE_NAME_BYTES, "%.*s.%u.%s" KYI_FILE_SUFFIX,
	    (int)KYI_SERVICE_BYTES_MAX, service, (unsigned)pid, hex);
}

bool
kyi_file_name_is(const char *name)
{
	const size_t suffix_bytes = sizeof(KYI_FILE_SUFFIX) - 1;
	size_t len_bytes = strnlen(name, KYI_FILE_NAME_BYTES);
	size_t i;

	if (len_bytes >= KYI_FILE_NAME_BYTES || len_bytes <= suffix_bytes ||
	    name[0] == '.')
		return false;
	for (i = 0; i < len_bytes; i++)
		if (!is_file_byte(name[i]))
			return false;
	return strcmp(name + len_bytes - suffix_bytes, KYI_FILE_SUFFIX) == 0;
}

bool
kyi_service_clean(char service[KYI_SERVICE_BYTES_MAX + 1], const char *name)
{
	size_t len_bytes = 0;
	bool faithful = true;

	/* A leading dash would be an option to whatever a person types. */
	while (*name == '.' || *name == '-') {
		faithful = false;
		name++;
	}
	for (; *name != '\0'; name++) {
		if (len_bytes == KYI_SERVICE_BYTES_MAX) {
			faithful = false;
			break;
		}
		if (!is_file_byte(*name))
			faithful = false;
		service[len_bytes++] = is_file_byte(*name) ? *name : '_';
	}
	service[len_bytes] = '\0';
	if (len_bytes == 0) {
		strcpy(service, "unknown");
		return false;
	}
	return faithful;
}

bool
kyi_metric_name_is(const char *name, size_t len_bytes)
{
	size_t i;

	if (len_bytes == 0 || len_bytes > KYI_NAME_BYTES_MAX ||
	    is_digit(name[0]))
		return false;
	for (i = 0; i < len_bytes; i++)
		if (!is_alpha(name[i]) && !is_digit(name[i]))
			return false;
	return true;
}

bool
kyi_label_name_is(const char *name, size_t len_bytes)
{
	return kyi_metric_name_is(name, len_bytes) &&
	    !(len_bytes >= 2 && name[0] == '_' && name[1] == '_');
}

bool
kyi_unit_is(const char *name, size_t len_bytes)
{
	size_t i;

	if (len_bytes > KYI_NAME_BYTES_MAX)
		return false;
	for (i = 0; i < len_bytes; i++)
		if (!is_alpha(name[i]) && !is_digit(name[i]))
			return false;
	return true;
}

bool
kyi_component_is(const char *name, size_t len_bytes)
{
	size_t i;

	if (len_bytes > KYI_NAME_BYTES_MAX)
		return false;
	for (i = 0; i < len_bytes; i++)
		if (!is_file_byte(name[i]))
			return false;
	return true;
}

/* What may follow a first byte: RFC 3629, section 4, row by row. The second
   byte has bounds of its own (no overlong forms, no surrogates, nothing above
   U+10FFFF); the others are 80..BF. */
struct utf8_row {
	uint8_t first_min, first_max, second_min, second_max, bytes;
};

static const struct utf8_row utf8_rows[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* How many bytes the character at text takes, of at most left; 0: none. */
static size_t
utf8_char(const uint8_t *text, size_t left)
{
	const struct utf8_row *row = utf8_rows;
	const struct utf8_row *end = utf8_rows +
	    sizeof(utf8_rows) / sizeof(*row);
	size_t i;

	while (row < end && (*text < row->first_min || *text > row->first_max))
		row++;
	if (row == end || row->bytes > left)
		return 0;
	if (row->bytes > 1 &&
	    (text[1] < row->second_min || text[1] > row->second_max))
		return 0;
	for (i = 2; i < row->bytes; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return row->bytes;
}

size_t
kyi_utf8_len(const char *text, size_t len_bytes)
{
	size_t at = 0, bytes;

	while (at < len_bytes) {
		bytes = utf8_char((const uint8_t *)text + at, len_bytes - at);
		if (bytes == 0)
			break;
		at += bytes;
	}
	return at;
}
