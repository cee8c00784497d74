/* SPDX-License-Identifier: MIT */
/* Stores right into a buffer, for what adds many short pieces. */
#ifndef KYI_ROOM_H
#define KYI_ROOM_H

#include "reader/buffer.h"

/* kyi_buffer_grow makes room for len_bytes and a NUL; false: buffer->failed. */
bool kyi_buffer_grow(struct kymo_buffer *buffer, size_t len_bytes);

/* kyi_room returns where up to len_bytes (and a NUL) may be stored now, NULL
   where there is no memory. kyi_room_used says how many were. */
static inline char *
kyi_room(struct kymo_buffer *buffer, size_t len_bytes)
{
	if ((buffer->failed ||
	    len_bytes >= buffer->room_bytes - buffer->len_bytes) &&
	    !kyi_buffer_grow(buffer, len_bytes))
		return NULL;
	return buffer->at + buffer->len_bytes;
}

static inline void
kyi_room_used(struct kymo_buffer *buffer, const char *end)
{
	buffer->len_bytes = (size_t)(end - buffer->at);
	buffer->at[buffer->len_bytes] = '\0';
}

/* kyi_buffer_clear forgets the text and keeps the room. */
static inline void
kyi_buffer_clear(struct kymo_buffer *buffer)
{
	buffer->len_bytes = 0;
	if (buffer->at != NULL)
		buffer->at[0] = '\0';
}

/* The same of a buffer that is used for years: that there once was no memory is
   forgotten, too. */
static inline void
kyi_buffer_again(struct kymo_buffer *buffer)
{
	buffer->failed = false;
	kyi_buffer_clear(buffer);
}

#endif
