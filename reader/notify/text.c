/* SPDX-License-Identifier: MIT */
#include "reader/notify/text.h"

#include <string.h>
#include <time.h>

#include "shm/name.h"

#define REPLACEMENT "\xef\xbf\xbd"

void
kyi_text_sound(struct kymo_buffer *out, const char *text, size_t max_bytes)
{
	size_t left_bytes, sound_bytes, begin_bytes = out->len_bytes;
	bool cut;

	if (text == NULL)
		return;
	left_bytes = strnlen(text, max_bytes + 1);
	cut = left_bytes > max_bytes;
	if (cut)
		left_bytes = max_bytes;
	while (left_bytes > 0) {
		sound_bytes = kyi_utf8_len(text, left_bytes);
		if (out->len_bytes - begin_bytes + sound_bytes > max_bytes) {
			sound_bytes = kyi_utf8_len(text, max_bytes -
			    (out->len_bytes - begin_bytes));
			left_bytes = sound_bytes;
			cut = true;
		}
		kymo_buffer_add(out, text, sound_bytes);
		text += sound_bytes;
		left_bytes -= sound_bytes;
		/* Of a character that the cut went through nothing is shown. */
		if (left_bytes == 0 || (cut && left_bytes < 4))
			break;
		kymo_buffer_str(out, REPLACEMENT);
		text++;
		left_bytes--;
	}
	if (cut)
		kymo_buffer_str(out, "..");
}

void
kyi_text_time(struct kymo_buffer *out, int64_t at_ms)
{
	int64_t part_ms = at_ms % 1000;
	time_t seconds;
	struct tm tm;

	if (part_ms < 0)
		part_ms += 1000;
	seconds = (time_t)((at_ms - part_ms) / 1000);
	/* 0001-01-01 to 9999-12-31 */
	if (seconds < -62135596800 || seconds > 253402300799 ||
	    gmtime_r(&seconds, &tm) == NULL) {
		kymo_buffer_str(out, "0001-01-01T00:00:00Z");
		return;
	}
	kymo_buffer_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)part_ms);
}

size_t
kyi_text_cnt(const char *text)
{
	size_t cnt = 0;

	for (; *text != '\0'; text++)
		cnt += (((unsigned char)*text & 0xc0) != 0x80) +
		    ((unsigned char)*text >= 0xf0);
	return cnt;
}
