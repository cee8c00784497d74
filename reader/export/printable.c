/* SPDX-License-Identifier: MIT */
#include "reader/export/printable.h"

#include <stdint.h>
#include <string.h>

#include "reader/export/export.h"
#include "shm/name.h"

static const struct {
	uint32_t first, last;
} bad[] = {
	{ 0x0000, 0x001f }, /* C0 controls */
	{ 0x007f, 0x009f }, /* DEL, C1 controls */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x200b, 0x200f }, /* zero width, direction marks */
	{ 0x2028, 0x202e }, /* line ends, embeddings, overrides */
	{ 0x2060, 0x206f }, /* invisible operators, isolates */
	{ 0xd800, 0xf8ff }, /* private use: means nothing to anybody else */
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xffff },
	{ 0xe0000, 0x10ffff }, /* tags, variation, private planes */
};

size_t
kyi_printable(const char *text, size_t len_bytes, bool *good)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t step = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t point = c[0];
	size_t i;

	*good = false;
	if (step > 1) {
		if (step > len_bytes || kyi_utf8_len(text, step) != step)
			return 1;
		point = c[0] & (0x7fu >> step);
		for (i = 1; i < step; i++)
			point = point << 6 | (c[i] & 0x3fu);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (point >= bad[i].first && point <= bad[i].last)
			return step;
	*good = true;
	return step;
}

void
kymo_escape_terminal(struct kymo_buffer *buffer, const char *text)
{
	size_t len_bytes = strlen(text), step, i;
	bool good;

	for (; len_bytes > 0; text += step, len_bytes -= step) {
		step = kyi_printable(text, len_bytes, &good);
		if (good)
			kymo_buffer_add(buffer, text, step);
		for (i = 0; !good && i < step; i++)
			kymo_buffer_printf(buffer, "\\x%02x",
			    (unsigned)(unsigned char)text[i]);
	}
}
