/* SPDX-License-Identifier: MIT */
/* KYMO_COMPONENTS, item by item: what is on, what part is kept, what is not
   understood. */
#include "tests/testlib/testlib.h"

#include "writer/env.h"

struct row {
	const char *what, *components, *component;
	uint32_t sample_n, malformed_cnt;
};

static const struct row rows[] = {
	{ "nothing said", "", "cache", 1, 0 },
	{ "off", "-cache", "cache", 0, 0 },
	{ "another is off", "-cache", "net", 1, 0 },
	{ "a longer name is another", "-cache", "cache2", 1, 0 },
	{ "a shorter name is another", "-cache", "cach", 1, 0 },
	{ "a tenth", "storage:0.1", "storage", 10, 0 },
	{ "all of it", "storage:1", "storage", 1, 0 },
	{ "all of it, with a point", "storage:1.000", "storage", 1, 0 },
	{ "no digit before the point", "storage:.5", "storage", 2, 0 },
	{ "no digit after the point", "storage:1.", "storage", 1, 0 },
	{ "rounded to 1/3", "storage:0.3", "storage", 3, 0 },
	{ "rounded to 1/1", "storage:0.7", "storage", 1, 0 },
	{ "rounded to 1/2", "storage:0.6", "storage", 2, 0 },
	{ "very little", "storage:0.000001", "storage", 1000000, 0 },
	{ "too little is the least", "storage:0.0000001", "storage", 1000000,
	    0 },
	{ "many digits", "storage:0.10000000000000000000000001", "storage", 10,
	    0 },
	{ "all off but those named", "-*,net", "cache", 0, 0 },
	{ "named, all others off", "-*,net", "net", 1, 0 },
	{ "named first", "net,-*", "net", 1, 0 },
	{ "the empty component too", "-*", "", 0, 0 },
	{ "a rate for all", "*:0.5", "cache", 2, 0 },
	{ "a rate for all but one", "*:0.5,cache", "cache", 1, 0 },
	{ "the last one stands", "-cache,cache", "cache", 1, 0 },
	{ "the last one stands, off", "cache:0.5,-cache", "cache", 0, 0 },
	{ "blanks and empty items", " ,, -cache\t, ", "cache", 0, 0 },
	{ "a dash alone", "-", "cache", 1, 1 },
	{ "off with a rate", "-cache:0.1", "cache", 1, 1 },
	{ "rate 0", "cache:0", "cache", 1, 1 },
	{ "rate 0.0", "cache:0.0", "cache", 1, 1 },
	{ "rate above 1", "cache:1.1", "cache", 1, 1 },
	{ "rate 10", "cache:10", "cache", 1, 1 },
	{ "huge rate", "cache:99999999999999999999999", "cache", 1, 1 },
	{ "no rate", "cache:", "cache", 1, 1 },
	{ "two points", "cache:0.1.1", "cache", 1, 1 },
	{ "a comma of another locale", "cache:0,1", "cache", 1, 1 },
	{ "a negative rate", "cache:-1", "cache", 1, 1 },
	{ "an exponent", "cache:1e-1", "cache", 1, 1 },
	{ "a rate without a name", ":0.1", "", 1, 1 },
	{ "bytes that no component has", "-ca che", "ca", 1, 1 },
	{ "the rest counts", "cache:x,-net,:,y:2", "net", 0, 3 },
};

static void
test_each_item_means_what_the_header_says(void **state)
{
	static struct kyi_env env;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		memset(&env, 0, sizeof(env));
		kyi_env_components(&env, row->components);
		if (kyi_env_sample_n(&env, row->component,
		    strlen(row->component)) != row->sample_n ||
		    env.malformed_cnt != row->malformed_cnt)
			fail_msg("%s: '%s' gives %u for '%s', %u malformed",
			    row->what, row->components, kyi_env_sample_n(&env,
			    row->component, strlen(row->component)),
			    row->component, env.malformed_cnt);
	}
}

static void
test_the_first_malformed_item_is_remembered(void **state)
{
	static struct kyi_env env;

	kyi_env_components(&env, "net, cache:2 ,:");
	assert_int_equal(env.malformed_cnt, 2);
	assert_int_equal(env.malformed_bytes, strlen("cache:2"));
	assert_memory_equal(env.components + env.malformed_off, "cache:2", 7);
}

static void
test_more_rules_than_there_is_room_for_are_malformed(void **state)
{
	static struct kyi_env env;
	char text[4 * (KYI_RULE_MAX + 2) + 1] = "";
	uint32_t i;

	for (i = 0; i < KYI_RULE_MAX + 2; i++)
		snprintf(text + strlen(text), 5, "-%02u,", i % 100);
	kyi_env_components(&env, text);
	assert_int_equal(env.rule_cnt, KYI_RULE_MAX);
	assert_int_equal(env.malformed_cnt, 2);
}

static void
test_a_text_longer_than_its_room_is_cut(void **state)
{
	static struct kyi_env env;
	char *text = malloc(2 * KYI_COMPONENTS_BYTES_MAX);

	memset(text, ',', 2 * KYI_COMPONENTS_BYTES_MAX);
	text[2 * KYI_COMPONENTS_BYTES_MAX - 1] = '\0';
	kyi_env_components(&env, text);
	assert_int_equal(env.rule_cnt, 0);
	assert_int_equal(env.malformed_cnt, 1);
	free(text);
}

static void
test_variables_are_read(void **state)
{
	static struct kyi_env env;

	setenv("KYMO", "off", 1);
	setenv("KYMO_QUIET", "1", 1);
	setenv("KYMO_ALLOW_DISK", "0", 1);
	setenv("KYMO_SERVICE", "a b", 1);
	setenv("KYMO_COMPONENTS", "-x", 1);
	kyi_env_read(&env);
	assert_true(env.off && env.quiet && !env.allow_disk);
	assert_string_equal(env.service, "a_b");
	assert_int_equal(kyi_env_sample_n(&env, "x", 1), 0);
	setenv("KYMO", "on", 1);
	setenv("KYMO_QUIET", "", 1);
	setenv("KYMO_SERVICE", "", 1);
	unsetenv("KYMO_COMPONENTS");
	kyi_env_read(&env);
	assert_true(!env.off && !env.quiet);
	assert_string_equal(env.service, "");
	assert_int_equal(env.rule_cnt, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_item_means_what_the_header_says),
		cmocka_unit_test(test_the_first_malformed_item_is_remembered),
		cmocka_unit_test(
		    test_more_rules_than_there_is_room_for_are_malformed),
		cmocka_unit_test(test_a_text_longer_than_its_room_is_cut),
		cmocka_unit_test(test_variables_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
