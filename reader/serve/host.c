/* SPDX-License-Identifier: MIT */
#include "reader/serve/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BLANK " \t\r\n"

void
kyi_host_names_add(struct kyi_host_names *names, const char *name)
{
	unsigned i;

	if (name[0] == '\0' || strlen(name) >= sizeof(names->names[0]) ||
	    names->cnt == KYI_HOST_NAME_MAX)
		return;
	for (i = 0; i < names->cnt; i++)
		if (strcasecmp(names->names[i], name) == 0)
			return;
	strcpy(names->names[names->cnt++], name);
}

/* A line "address name name.."; its names are ours if self is one. */
static void
line_read(struct kyi_host_names *names, char *line, const char *self)
{
	char *rest = NULL, *word, *words[KYI_HOST_NAME_MAX];
	unsigned cnt = 0, i;
	bool ours = false;

	line[strcspn(line, "#")] = '\0';
	if (strtok_r(line, BLANK, &rest) == NULL)
		return;
	while ((word = strtok_r(NULL, BLANK, &rest)) != NULL &&
	    cnt < KYI_HOST_NAME_MAX) {
		words[cnt++] = word;
		if (strcasecmp(word, self) == 0)
			ours = true;
	}
	for (i = 0; ours && i < cnt; i++)
		kyi_host_names_add(names, words[i]);
}

void
kyi_host_names_make(struct kyi_host_names *names, const char *self,
    const char *hosts_path)
{
	char line[1024], first[256];
	FILE *file;

	names->cnt = 0;
	kyi_host_names_add(names, "localhost");
	kyi_host_names_add(names, self);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(self, "."), self);
	kyi_host_names_add(names, first);
	file = self[0] == '\0' ? NULL : fopen(hosts_path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		line_read(names, line, self);
	fclose(file);
}

bool
kyi_host_good(const struct kyi_host_names *names, const char *host)
{
	char copy[256];
	unsigned char address[16];
	size_t len_bytes = strlen(host);
	const char *port;
	unsigned i;

	if (len_bytes == 0 || len_bytes >= sizeof(copy))
		return false;
	if (host[0] == '[') {
		const char *end = strchr(host, ']');

		if (end == NULL)
			return false;
		port = end + 1;
		len_bytes = (size_t)(end - host - 1);
		memcpy(copy, host + 1, len_bytes);
		copy[len_bytes] = '\0';
		if (inet_pton(AF_INET6, copy, address) != 1)
			return false;
		return *port == '\0' || (*port == ':' &&
		    port[1 + strspn(port + 1, "0123456789")] == '\0');
	}
	port = strchr(host, ':');
	if (port != NULL && port[1 + strspn(port + 1, "0123456789")] != '\0')
		return false;
	if (port != NULL)
		len_bytes = (size_t)(port - host);
	memcpy(copy, host, len_bytes);
	copy[len_bytes] = '\0';
	/* "web1." is web1, said absolutely */
	if (len_bytes > 1 && copy[len_bytes - 1] == '.')
		copy[len_bytes - 1] = '\0';
	if (inet_pton(AF_INET, copy, address) == 1)
		return true;
	for (i = 0; i < names->cnt; i++)
		if (strcasecmp(names->names[i], copy) == 0)
			return true;
	return false;
}
