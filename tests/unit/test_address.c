/* SPDX-License-Identifier: MIT */
/* Goal: an address to listen on is numeric and whole, or is refused.
   Method: rows of texts. */
#include "tests/testlib/testlib.h"

#include "reader/config/config.h"

static void
test_addresses_are_read_and_written_one_way(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} rows[] = {
		{ "127.0.0.1:9779", "127.0.0.1", 9779 },
		{ "0.0.0.0:1", "0.0.0.0", 1 },
		{ ":80", "127.0.0.1", 80 },
		{ "localhost:9779", "127.0.0.1", 9779 },
		{ "[::1]:65535", "::1", 65535 },
		{ "[0:0:0:0:0:0:0:1]:9779", "::1", 9779 },
		{ "[::]:9779", "::", 9779 },
		{ "[FE80::1]:9779", "fe80::1", 9779 },
		{ "[::ffff:10.0.0.1]:9779", "::ffff:10.0.0.1", 9779 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_listen listen;

		if (kymo_listen_parse(&listen, rows[i].text, &error) != 0)
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_string_equal(listen.host, rows[i].host);
		assert_int_equal(listen.port, rows[i].port);
	}
}

static void
test_what_is_no_address_is_refused_with_what_to_write(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{ "", "127.0.0.1:9779" },
		{ "9779", "127.0.0.1:9779" },
		{ "127.0.0.1", "127.0.0.1:9779" },
		{ "127.0.0.1:", "no port" },
		{ "127.0.0.1:0", "no port" },
		{ "127.0.0.1:65536", "no port" },
		{ "127.0.0.1:99999999999999999999", "no port" },
		{ "127.0.0.1:+80", "no port" },
		{ "127.0.0.1: 80", "no port" },
		{ "127.0.0.1:80x", "no port" },
		{ "::1:9779", "brackets" },
		{ "[::1]", "no port" },
		{ "[]:9779", "between the brackets" },
		{ "[127.0.0.1]:9779", "between the brackets" },
		{ "[::1:9779", "brackets" },
		{ "[::1]x:9779", "brackets" },
		{ "example.org:9779", "not looked up" },
		{ "1.2.3:9779", "not looked up" },
		{ "1.2.3.4.5:9779", "not looked up" },
		{ "256.0.0.1:9779", "not looked up" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:9779", "not looked up" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_listen listen = { "untouched", 1 };

		assert_int_equal(kymo_listen_parse(&listen, rows[i].text,
		    &error), -1);
		if (strstr(error.text, rows[i].hint) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_string_equal(listen.host, "untouched");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_read_and_written_one_way),
		cmocka_unit_test(
		    test_what_is_no_address_is_refused_with_what_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
