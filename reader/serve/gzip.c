/* SPDX-License-Identifier: MIT */
#include "reader/serve/gzip.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "reader/room.h"

/* Pages are made once a second and sent over short ways: fast. */
#define LEVEL 1
#define WINDOW_GZIP (15 + 16)
#define MEMORY_LEVEL 8

/* The q value in a parameter list, in thousandths; 1000 without one, 0 for
   what is none. */
static int
quality(const char *at, const char *end)
{
	int q, place;

	while (at < end && *at != 'q' && *at != 'Q')
		at++;
	if (at == end)
		return 1000;
	for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	if (at == end || *at++ != '=')
		return 0;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at == end || *at < '0' || *at > '1')
		return 0;
	q = (*at++ - '0') * 1000;
	if (at < end && *at == '.')
		for (at++, place = 100; at < end && *at >= '0' && *at <= '9';
		    at++, place /= 10)
			q += (*at - '0') * place;
	return q > 1000 ? 1000 : q;
}

bool
kyi_gzip_wanted(const char *accept_encoding)
{
	int gzip = -1, any = -1, identity = -1;
	const char *at = accept_encoding;

	while (at != NULL && *at != '\0') {
		size_t name_bytes, item_bytes;

		at += strspn(at, " \t,");
		item_bytes = strcspn(at, ",");
		name_bytes = strcspn(at, " \t,;");
		if (name_bytes == 4 && strncasecmp(at, "gzip", 4) == 0)
			gzip = quality(at + name_bytes, at + item_bytes);
		else if (name_bytes == 6 && strncasecmp(at, "x-gzip", 6) == 0)
			gzip = quality(at + name_bytes, at + item_bytes);
		else if (name_bytes == 8 && strncasecmp(at, "identity", 8) == 0)
			identity = quality(at + name_bytes, at + item_bytes);
		else if (name_bytes == 1 && *at == '*')
			any = quality(at + name_bytes, at + item_bytes);
		at += item_bytes;
	}
	if (gzip < 0)
		gzip = any;
	return gzip > 0 && gzip >= identity;
}

int
kyi_gzip(struct kymo_buffer *to, const struct kymo_buffer *from)
{
	z_stream stream = { 0 };
	size_t bound;
	char *at;
	int result;

	/* zlib counts in 32 bits at a time; pages are far smaller */
	if (from->len_bytes > UINT32_MAX / 2 || deflateInit2(&stream, LEVEL,
	    Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	bound = deflateBound(&stream, from->len_bytes);
	at = kyi_room(to, bound);
	if (at == NULL) {
		deflateEnd(&stream);
		return -1;
	}
	stream.next_in = (unsigned char *)from->at;
	stream.avail_in = (uInt)from->len_bytes;
	stream.next_out = (unsigned char *)at;
	stream.avail_out = (uInt)bound;
	result = deflate(&stream, Z_FINISH);
	kyi_room_used(to, (char *)stream.next_out);
	deflateEnd(&stream);
	return result == Z_STREAM_END ? 0 : -1;
}
