/* SPDX-License-Identifier: MIT */
/* Goal: no spelling of an address reaches what is not public.
   Method: rows of addresses; that names and odd spellings come to these is
   libcurl's, and is tried against a sink in test_notify_post. */
#include "tests/testlib/testlib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "reader/notify/guard.h"

#define PUBLIC KYI_REACH_PUBLIC
#define PRIVATE KYI_REACH_PRIVATE
#define NEVER KYI_REACH_NEVER

static const struct {
	const char *address;
	enum kyi_reach reach;
} rows[] = {
	{ "0.0.0.0", NEVER }, { "0.1.2.3", NEVER }, { "1.1.1.1", PUBLIC },
	{ "9.255.255.255", PUBLIC }, { "10.0.0.0", PRIVATE },
	{ "10.255.255.255", PRIVATE }, { "11.0.0.0", PUBLIC },
	{ "100.63.255.255", PUBLIC }, { "100.64.0.1", PRIVATE },
	{ "100.127.255.255", PRIVATE }, { "100.128.0.0", PUBLIC },
	{ "126.255.255.255", PUBLIC }, { "127.0.0.1", PRIVATE },
	{ "127.255.255.255", PRIVATE }, { "169.254.169.254", NEVER },
	{ "172.15.255.255", PUBLIC }, { "172.16.0.0", PRIVATE },
	{ "172.31.255.255", PRIVATE }, { "172.32.0.0", PUBLIC },
	{ "192.0.0.170", NEVER }, { "192.0.2.1", NEVER },
	{ "192.88.99.1", NEVER }, { "192.168.1.1", PRIVATE },
	{ "192.169.0.0", PUBLIC }, { "198.18.0.1", PRIVATE },
	{ "198.19.255.255", PRIVATE }, { "198.51.100.7", NEVER },
	{ "203.0.113.9", NEVER }, { "224.0.0.1", NEVER },
	{ "239.255.255.255", NEVER }, { "240.0.0.1", NEVER },
	{ "255.255.255.255", NEVER },
	{ "::", NEVER }, { "::1", PRIVATE }, { "::2", NEVER },
	{ "::127.0.0.1", NEVER }, { "::ffff:127.0.0.1", PRIVATE },
	{ "::ffff:169.254.169.254", NEVER }, { "::ffff:8.8.8.8", PUBLIC },
	{ "64:ff9b::10.0.0.1", PRIVATE }, { "64:ff9b::8.8.8.8", PUBLIC },
	{ "64:ff9b:1::1", NEVER }, { "100::1", NEVER },
	{ "2001::1", NEVER }, { "2001:db8::1", NEVER },
	{ "2001:4860:4860::8888", PUBLIC }, { "2002:7f00:1::", PRIVATE },
	{ "2002:808:808::", PUBLIC }, { "2a00:1450:4001::1", PUBLIC },
	{ "3fff::1", NEVER }, { "4000::1", NEVER }, { "fc00::1", PRIVATE },
	{ "fdff::1", PRIVATE }, { "fe80::1", NEVER }, { "fec0::1", NEVER },
	{ "ff02::1", NEVER },
};

static void
test_addresses(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		const struct sockaddr *address = (struct sockaddr *)&in;

		if (inet_pton(AF_INET, rows[i].address, &in.sin_addr) != 1) {
			assert_int_equal(inet_pton(AF_INET6, rows[i].address,
			    &in6.sin6_addr), 1);
			address = (struct sockaddr *)&in6;
		}
		if (kyi_guard_reach(address) != rows[i].reach ||
		    kyi_guard_host(rows[i].address) != rows[i].reach)
			fail_msg("%s", rows[i].address);
	}
}

static void
test_other_families_are_never(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	assert_int_equal(kyi_guard_reach((struct sockaddr *)&un), NEVER);
}

static void
test_hosts(void **state)
{
	assert_int_equal(kyi_guard_host("[::1]"), PRIVATE);
	assert_int_equal(kyi_guard_host("[fe80::1%25eth0]"), NEVER);
	assert_int_equal(kyi_guard_host("hooks.example.com"), PUBLIC);
	assert_true(kyi_guard_allows(PRIVATE, true));
	assert_false(kyi_guard_allows(PRIVATE, false));
	assert_false(kyi_guard_allows(NEVER, true));
	assert_true(kyi_guard_allows(PUBLIC, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_other_families_are_never),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
