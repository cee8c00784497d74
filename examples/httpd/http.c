/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpd.h"

/* The value of a header line that has this name, or NULL. */
static const char *
header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	line += len + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	return line;
}

/* Copies up to a delimiter; false if it is not there or too long. */
static bool
take_word(char *to, size_t room_bytes, const char **from, char delimiter)
{
	const char *end = strchr(*from, delimiter);

	if (end == NULL || (size_t)(end - *from) >= room_bytes || end == *from)
		return false;
	memcpy(to, *from, (size_t)(end - *from));
	to[end - *from] = '\0';
	*from = end + 1;
	return true;
}

static bool
parse_headers(struct request *request, char *line)
{
	for (; line != NULL && *line != '\0'; ) {
		char *end = strstr(line, "\r\n");
		const char *value;

		if (end != NULL)
			*end = '\0';
		if ((value = header_value(line, "Content-Length")) != NULL) {
			unsigned long length = strtoul(value, NULL, 10);

			if (*value < '0' || *value > '9' ||
			    length > HTTPD_BODY_BYTES_MAX)
				return false;
			request->body_bytes = length;
		} else if (header_value(line, "Transfer-Encoding") != NULL) {
			return false;
		} else if ((value = header_value(line, "Connection")) != NULL) {
			if (strcasecmp(value, "close") == 0)
				request->keep_alive = false;
		} else if ((value = header_value(line, "traceparent")) != NULL) {
			strncpy(request->traceparent, value,
			    sizeof(request->traceparent) - 1);
		}
		line = end == NULL ? NULL : end + 2;
	}
	return true;
}

long
httpd_parse(struct request *request, const char *bytes, size_t len_bytes)
{
	char head[HTTPD_HEAD_BYTES_MAX + 1];
	const char *end = memmem(bytes, len_bytes, "\r\n\r\n", 4);
	const char *at = head;
	char *line;

	if (end == NULL)
		return len_bytes > HTTPD_HEAD_BYTES_MAX ? -1 : 0;
	memset(request, 0, sizeof(*request));
	request->head_bytes = (size_t)(end - bytes) + 4;
	if (request->head_bytes > HTTPD_HEAD_BYTES_MAX ||
	    memchr(bytes, '\0', request->head_bytes) != NULL)
		return -1;
	memcpy(head, bytes, request->head_bytes - 2);
	head[request->head_bytes - 2] = '\0';
	line = strstr(head, "\r\n");
	*line = '\0';
	if (!take_word(request->method, sizeof(request->method), &at, ' ') ||
	    !take_word(request->path, sizeof(request->path), &at, ' ') ||
	    strncmp(at, "HTTP/1.", 7) != 0)
		return -1;
	request->keep_alive = at[7] == '1';
	if (!parse_headers(request, line + 2))
		return -1;
	if (len_bytes - request->head_bytes < request->body_bytes)
		return 0;
	request->body = bytes + request->head_bytes;
	return (long)(request->head_bytes + request->body_bytes);
}
