/* SPDX-License-Identifier: MIT */
#include "reader/notify/slack_text.h"

#include <string.h>

#include "reader/notify/text.h"

/* What a character becomes: Slack knows three that must be escaped; those that
   turn text around or cannot be seen are not shown. */
static const char *
escape(const char *at, size_t bytes, bool plain)
{
	static const char *const turning[] = { "\xe2\x80\x8b", "\xe2\x80\x8c",
	    "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8",
	    "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
	    "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
	    "\xe2\x81\xa8", "\xe2\x81\xa9", "\xef\xbb\xbf" };
	size_t i;

	if (*at == '&' && !plain)
		return "&amp;";
	if (*at == '<' && !plain)
		return "&lt;";
	if (*at == '>' && !plain)
		return "&gt;";
	if (*at == '`' && !plain)
		return "'";
	if ((unsigned char)*at < 0x20 && *at != '\n')
		return " ";
	if (*at == 0x7f || (bytes == 2 && *at == '\xc2' &&
	    (unsigned char)at[1] < 0xa0))
		return " ";
	for (i = 0; bytes == 3 && i < sizeof(turning) / sizeof(*turning); i++)
		if (memcmp(at, turning[i], 3) == 0)
			return "\xef\xbf\xbd";
	return NULL;
}

void
kyi_slack_put(struct kymo_buffer *out, const char *text, size_t max, bool plain)
{
	size_t used = max == SIZE_MAX || out->len_bytes == 0 ? 0 :
	    kyi_text_cnt(out->at);
	const char *end;

	for (; *text != '\0'; text = end) {
		char one[8] = "";
		const char *shown;

		for (end = text + 1; ((unsigned char)*end & 0xc0) == 0x80; )
			end++;
		shown = escape(text, (size_t)(end - text), plain);
		if (shown == NULL) {
			memcpy(one, text, (size_t)(end - text) < 8 ?
			    (size_t)(end - text) : 7);
			shown = one;
		}
		if (used + kyi_text_cnt(shown) + (*end != '\0' ? 2u : 0u) > max) {
			if (used + 2 <= max)
				kymo_buffer_str(out, "..");
			return;
		}
		kymo_buffer_str(out, shown);
		used += kyi_text_cnt(shown);
	}
}
