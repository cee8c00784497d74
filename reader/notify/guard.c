/* SPDX-License-Identifier: MIT */
#include "reader/notify/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* IANA's registries of special addresses; what is in no row is public. */
static const struct {
	uint32_t net;
	unsigned int bits;
	enum kyi_reach reach;
} nets[] = {
	{ 0x00000000, 8, KYI_REACH_NEVER },    /* this host */
	{ 0x0a000000, 8, KYI_REACH_PRIVATE },
	{ 0x64400000, 10, KYI_REACH_PRIVATE }, /* carriers' shared */
	{ 0x7f000000, 8, KYI_REACH_PRIVATE },  /* loopback */
	{ 0xa9fe0000, 16, KYI_REACH_NEVER },   /* link-local; clouds' metadata */
	{ 0xac100000, 12, KYI_REACH_PRIVATE },
	{ 0xc0000000, 24, KYI_REACH_NEVER },   /* protocol assignments */
	{ 0xc0000200, 24, KYI_REACH_NEVER },   /* documentation */
	{ 0xc0586300, 24, KYI_REACH_NEVER },   /* 6to4 relays */
	{ 0xc0a80000, 16, KYI_REACH_PRIVATE },
	{ 0xc6120000, 15, KYI_REACH_PRIVATE }, /* benchmarks */
	{ 0xc6336400, 24, KYI_REACH_NEVER },   /* documentation */
	{ 0xcb007100, 24, KYI_REACH_NEVER },   /* documentation */
	{ 0xe0000000, 4, KYI_REACH_NEVER },    /* multicast */
	{ 0xf0000000, 4, KYI_REACH_NEVER },    /* reserved, broadcast */
};

static enum kyi_reach
reach_4(uint32_t address)
{
	size_t i;

	for (i = 0; i < sizeof(nets) / sizeof(*nets); i++)
		if ((address ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return nets[i].reach;
	return KYI_REACH_PUBLIC;
}

static uint32_t
word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];
}

static enum kyi_reach
reach_6(const uint8_t *bytes)
{
	static const uint8_t zeros[12];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	/* An IPv4 address in other clothes is what it is. */
	if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, nat64, 12) == 0)
		return reach_4(word_at(bytes + 12));
	if (memcmp(bytes, zeros, 12) == 0)
		return word_at(bytes + 12) == 1 ? KYI_REACH_PRIVATE :
		    KYI_REACH_NEVER;
	if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
		return reach_4(word_at(bytes + 2));
	if ((bytes[0] & 0xfe) == 0xfc)
		return KYI_REACH_PRIVATE; /* unique local */
	if ((bytes[0] & 0xe0) != 0x20 ||
	    (word_at(bytes) & 0xfffffe00) == 0x20010000 || /* Teredo, .. */
	    word_at(bytes) == 0x20010db8 || /* documentation */
	    (word_at(bytes) & 0xfffff000) == 0x3fff0000)
		return KYI_REACH_NEVER;
	return KYI_REACH_PUBLIC;
}

enum kyi_reach
kyi_guard_reach(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return reach_4(ntohl(in.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return reach_6(in6.sin6_addr.s6_addr);
	default:
		return KYI_REACH_NEVER;
	}
}

enum kyi_reach
kyi_guard_host(const char *host)
{
	char text[INET6_ADDRSTRLEN + 2];
	struct in_addr in;
	struct in6_addr in6;
	size_t len_bytes;

	snprintf(text, sizeof(text), "%s", host + (*host == '['));
	len_bytes = strcspn(text, "]%");
	text[len_bytes] = '\0';
	if (inet_pton(AF_INET, text, &in) == 1)
		return reach_4(ntohl(in.s_addr));
	if (inet_pton(AF_INET6, text, &in6) == 1)
		return reach_6(in6.s6_addr);
	return KYI_REACH_PUBLIC;
}
