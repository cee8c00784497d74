/* SPDX-License-Identifier: MIT */
/* Which addresses a message may go to: whoever writes a receiver's name, or
   answers for it in DNS, must not reach what only we can reach. */
#ifndef KYI_NOTIFY_GUARD_H
#define KYI_NOTIFY_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

enum kyi_reach {
	KYI_REACH_PUBLIC,
	KYI_REACH_PRIVATE, /* loopback, private, shared, unique local */
	KYI_REACH_NEVER    /* link-local, multicast, reserved, no IP at all */
};

enum kyi_reach kyi_guard_reach(const struct sockaddr *address);
/* The same of an address in a text, with or without [brackets]; a name is
   PUBLIC, for what it resolves to is seen when connecting. */
enum kyi_reach kyi_guard_host(const char *host);

static inline bool
kyi_guard_allows(enum kyi_reach reach, bool private_ok)
{
	return reach == KYI_REACH_PUBLIC ||
	    (reach == KYI_REACH_PRIVATE && private_ok);
}

#endif
