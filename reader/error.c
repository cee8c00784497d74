/* SPDX-License-Identifier: MIT */
#include "reader/error.h"

#include <stdio.h>
#include <string.h>

#include "shm/name.h"

/* A control character (C0, DEL, or C1 in its two bytes) could move a cursor
   or end a line of a log. Returns its bytes, 0: it is none. */
static size_t
control_bytes(const char *at)
{
	unsigned char c = (unsigned char)at[0];

	if (c < 0x20 || c == 0x7f)
		return 1;
	if (c == 0xc2 && (unsigned char)at[1] < 0xa0)
		return 2;
	return 0;
}

int
kymo_error_set(struct kymo_error *error, const char *format, ...)
{
	size_t len_bytes, sound_bytes, i, bytes;
	va_list args;
	int made;

	if (error == NULL)
		return -1;
	va_start(args, format);
	made = vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	if (made < 0)
		strcpy(error->text, "an error that cannot be told");
	len_bytes = strlen(error->text);
	for (i = 0; i < len_bytes;) {
		sound_bytes = kyi_utf8_len(error->text + i, len_bytes - i);
		for (; sound_bytes > 0; sound_bytes -= bytes, i += bytes) {
			bytes = control_bytes(error->text + i);
			memset(error->text + i, '?', bytes);
			if (bytes == 0)
				bytes = 1;
		}
		if (i == len_bytes)
			break;
		/* A character that the end cut goes; other bytes are shown. */
		if (made >= (int)sizeof(error->text) && len_bytes - i < 4)
			error->text[i] = '\0';
		else
			error->text[i] = '?';
		len_bytes = strlen(error->text);
		i++;
	}
	return -1;
}
