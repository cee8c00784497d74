/* SPDX-License-Identifier: MIT */
/* Under which names a client may ask. A web page of a stranger can have its
   own name resolve to our address (DNS rebinding) and read what we answer;
   but then its browser sends that name, and no name of ours. Numeric addresses
   cannot be rebound. */
#ifndef KYI_SERVE_HOST_H
#define KYI_SERVE_HOST_H

#include <stdbool.h>

#define KYI_HOST_NAME_MAX 64u

struct kyi_host_names {
	char names[KYI_HOST_NAME_MAX][256];
	unsigned cnt;
};

/* kyi_host_names_make collects localhost, this machine's name, its first part,
   and what the file hosts_path (/etc/hosts) has on a line with it. */
void kyi_host_names_make(struct kyi_host_names *names, const char *self,
    const char *hosts_path);

/* One more; ignored where it is too long or there are too many. */
void kyi_host_names_add(struct kyi_host_names *names, const char *name);

/* Whether the Host header (with or without a port) is a numeric address or
   one of names. */
bool kyi_host_good(const struct kyi_host_names *names, const char *host);

#endif
