/* SPDX-License-Identifier: MIT */
/* Addresses to listen on, as people write them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "reader/config/config.h"

#define DIGITS "0123456789"

/* The port after the last colon; 0: none. */
static uint16_t
port_read(const char *text)
{
	unsigned long n;

	if (strlen(text) > 5 || text[0] == '\0' ||
	    text[strspn(text, DIGITS)] != '\0')
		return 0;
	n = strtoul(text, NULL, 10);
	return n > 65535 ? 0 : (uint16_t)n;
}

/* host, as the system writes it. */
static bool
host_read(char host[64], const char *text, size_t len_bytes, int family)
{
	char copy[64];
	uint8_t address[16];

	if (len_bytes == 0 || len_bytes >= sizeof(copy))
		return false;
	memcpy(copy, text, len_bytes);
	copy[len_bytes] = '\0';
	if (family == AF_INET && strcmp(copy, "localhost") == 0)
		strcpy(copy, "127.0.0.1");
	return inet_pton(family, copy, address) == 1 &&
	    inet_ntop(family, address, host, 64) != NULL;
}

int
kymo_listen_parse(struct kymo_listen *listen, const char *text,
    struct kymo_error *error)
{
	const char *colon = strrchr(text, ':');
	struct kymo_listen made = { .host = "127.0.0.1" };
	size_t host_bytes;

	if (colon == NULL || (made.port = port_read(colon + 1)) == 0)
		return kymo_error_set(error, "'%s' has no port from 1 to "
		    "65535; write HOST:PORT, as 127.0.0.1:9779", text);
	host_bytes = (size_t)(colon - text);
	if (host_bytes > 1 && text[0] == '[' && colon[-1] == ']') {
		if (!host_read(made.host, text + 1, host_bytes - 2, AF_INET6))
			return kymo_error_set(error, "'%s' has no IPv6 address "
			    "between the brackets", text);
	} else if (memchr(text, ':', host_bytes) != NULL)
		return kymo_error_set(error, "'%s' is not clear; an IPv6 "
		    "address needs brackets, as [::1]:9779", text);
	else if (host_bytes > 0 &&
	    !host_read(made.host, text, host_bytes, AF_INET))
		return kymo_error_set(error, "'%s' has no numeric address; "
		    "names are not looked up", text);
	*listen = made;
	return 0;
}
