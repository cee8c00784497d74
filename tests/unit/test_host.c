/* SPDX-License-Identifier: MIT */
/* Goal: a stranger's name is no name of ours, however it is written.
   Method: rows of Host headers; hosts files. */
#include "tests/testlib/testlib.h"

#include "reader/serve/host.h"

static void
test_numbers_and_our_names_are_good_others_not(void **state)
{
	static const struct {
		const char *host;
		bool good;
	} rows[] = {
		{ "localhost", true },
		{ "LOCALHOST:9779", true },
		{ "localhost.", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1:9779", true },
		{ "192.0.2.7:80", true },
		{ "[::1]", true },
		{ "[::1]:9779", true },
		{ "[2001:db8::1]:1", true },
		{ "web1", true },
		{ "web1:9779", true },
		{ "web1.example.org", true },
		{ "Web1.Example.Org.", true },
		{ "alias", true },
		{ "more.example.org", true },
		{ "web1.evil.example", false },
		{ "evil.example", false },
		{ "localhost.evil.example", false },
		{ "127.0.0.1.evil.example", false },
		{ "127.0.0.1.nip.io", false },
		{ "2130706433", false },
		{ "0x7f.1", false },
		{ "127.1", false },
		{ "::1", false },
		{ "[::1", false },
		{ "[::1]x", false },
		{ "[::1]:x", false },
		{ "[127.0.0.1]", false },
		{ "[localhost]", false },
		{ "", false },
		{ ":", false },
		{ ":9779", false },
		{ ".", false },
		{ "localhost..", false },
		{ "localhost:9779:1", false },
		{ "localhost:-1", false },
		{ "localhost: 9779", false },
		{ " localhost", false },
		{ "localhost/", false },
		{ "user@localhost", false },
		{ "web2", false },
	};
	struct kyi_host_names names;
	const char *path = testlib_path("hosts");
	FILE *file = fopen(path, "w");
	size_t i;

	assert_non_null(file);
	assert_true(fputs("127.0.0.1 localhost\n"
	    "# 127.0.0.1 web1 commented.evil.example\n"
	    "127.0.1.1\tweb1.example.org web1 alias # evil.example\n"
	    "10.0.0.2 web2.example.org web2\n\n", file) >= 0);
	fclose(file);
	kyi_host_names_make(&names, "web1", path);
	kyi_host_names_add(&names, "more.example.org");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kyi_host_good(&names, rows[i].host) != rows[i].good)
			fail_msg("'%s'", rows[i].host);
}

static void
test_a_long_host_is_none(void **state)
{
	struct kyi_host_names names;
	char host[1000];

	kyi_host_names_make(&names, "", "/nonexistent");
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_false(kyi_host_good(&names, host));
	kyi_host_names_add(&names, host);
	assert_false(kyi_host_good(&names, host));
	host[0] = '[';
	host[sizeof(host) - 2] = ']';
	assert_false(kyi_host_good(&names, host));
	assert_true(kyi_host_good(&names, "localhost"));
}

static void
test_names_are_bounded(void **state)
{
	struct kyi_host_names names;
	char name[20];
	int i;

	kyi_host_names_make(&names, "self.example.org", "/nonexistent");
	assert_true(kyi_host_good(&names, "self"));
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		kyi_host_names_add(&names, name);
		kyi_host_names_add(&names, "self"); /* once is enough */
	}
	assert_int_equal(names.cnt, KYI_HOST_NAME_MAX);
	assert_true(kyi_host_good(&names, "n10"));
	assert_false(kyi_host_good(&names, "n199"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_numbers_and_our_names_are_good_others_not,
		    testlib_setup, testlib_teardown),
		cmocka_unit_test(test_a_long_host_is_none),
		cmocka_unit_test(test_names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
