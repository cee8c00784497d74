/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpd.h"

/* The value of a header line of this name, or NULL. */
static const char *
header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

/* Takes what is before a space from *from; false if it is not there, or does
   not fit. */
static bool
take_word(char *to, size_t room_bytes, const char **from)
{
	size_t len = strcspn(*from, " ");

	if (len == 0 || len >= room_bytes || (*from)[len] == '\0')
		return false;
	memcpy(to, *from, len);
	to[len] = '\0';
	*from += len + 1;
	return true;
}

/* Returns 0, or the code to refuse the request with. */
static int
parse_content_length(struct request *request, const char *value)
{
	char *end;
	unsigned long length = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || end[strspn(end, " \t")] != '\0' ||
	    (request->body_bytes != 0 && request->body_bytes != length))
		return 400;
	if (length > HTTPD_BODY_BYTES_MAX)
		return 413;
	request->body_bytes = length;
	return 0;
}

static int
parse_header(struct request *request, const char *line)
{
	const char *value;

	if ((value = header_value(line, "Content-Length")) != NULL)
		return parse_content_length(request, value);
	if (header_value(line, "Transfer-Encoding") != NULL)
		return 501;
	if ((value = header_value(line, "Connection")) != NULL) {
		if (strcasecmp(value, "close") == 0)
			request->keep_alive = false;
		else if (strcasecmp(value, "keep-alive") == 0)
			request->keep_alive = true;
	} else if ((value = header_value(line, "traceparent")) != NULL &&
	    strlen(value) < sizeof(request->traceparent)) {
		strcpy(request->traceparent, value);
	}
	return 0;
}

/* head is the lines up to the empty one, without it. */
static int
parse_head(struct request *request, char *head)
{
	char *next = strstr(head, "\r\n");
	const char *at = head;
	int code;

	*next = '\0';
	if (!take_word(request->method, sizeof(request->method), &at) ||
	    !take_word(request->path, sizeof(request->path), &at))
		return 400;
	if (strncmp(at, "HTTP/1.", 7) != 0)
		return 505;
	request->keep_alive = at[7] != '0';
	for (char *line = next + 2; *line != '\0'; line = next + 2) {
		next = strstr(line, "\r\n");
		*next = '\0';
		if ((code = parse_header(request, line)) != 0)
			return code;
	}
	return 0;
}

static long
refused(struct request *request, int code)
{
	memset(request, 0, sizeof(*request));
	return -code;
}

long
httpd_parse(struct request *request, const char *bytes, size_t len_bytes)
{
	const char *end = memmem(bytes, len_bytes, "\r\n\r\n", 4);
	size_t head_bytes = end == NULL ? len_bytes : (size_t)(end - bytes) + 2;
	char head[HTTPD_HEAD_BYTES_MAX + 1];
	int code;

	memset(request, 0, sizeof(*request));
	if (head_bytes > HTTPD_HEAD_BYTES_MAX)
		return refused(request, 431);
	if (end == NULL)
		return 0;
	memcpy(head, bytes, head_bytes);
	head[head_bytes] = '\0';
	if (strlen(head) != head_bytes) /* a NUL in it */
		return refused(request, 400);
	if ((code = parse_head(request, head)) != 0)
		return refused(request, code);
	head_bytes += 2;
	if (len_bytes - head_bytes < request->body_bytes)
		return 0;
	request->body = bytes + head_bytes;
	request->len_bytes = head_bytes + request->body_bytes;
	return (long)request->len_bytes;
}
