/* SPDX-License-Identifier: MIT */
/* Texts, state sets and health: values of a whole process. */
#include "tests/testlib/fresh.h"

static const char *
text_of(const char *name)
{
	const struct kyi_shared_cell *cell = peek_shared(fresh_peek(), name);
	const struct kyi_string *string;
	static char text[2048];

	if (cell->value == 0)
		return NULL;
	string = (const void *)(fresh_peek_image.image + cell->value * 8);
	memcpy(text, string + 1, string->len_bytes);
	text[string->len_bytes] = '\0';
	return text;
}

static struct kymo_text
make_text(void)
{
	return kymo_text_at(fresh_family(KYMO_KIND_TEXT, "t", NULL, NULL), 0,
	    NULL);
}

static void
test_a_text_is_what_was_set_last(void **state)
{
	struct kymo_text t = make_text();

	kymo_init(NULL);
	assert_null(text_of("t"));
	kymo_text_set(t, "first");
	assert_string_equal(text_of("t"), "first");
	kymo_text_set(t, "second");
	assert_string_equal(text_of("t"), "second");
	kymo_text_set(t, "first");
	assert_string_equal(text_of("t"), "first");
	kymo_text_set(t, "");
	assert_null(text_of("t"));
	kymo_text_set(t, "again");
	kymo_text_set(t, NULL);
	assert_null(text_of("t"));
}

static void
test_the_257th_text_is_overflow(void **state)
{
	struct kymo_text t = make_text();
	char text[16];
	uint32_t i;

	for (i = 0; i < KYI_TEXT_MAX + 2; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		kymo_text_set(t, text);
	}
	assert_string_equal(text_of("t"), "overflow");
	kymo_text_set(t, "text 255");
	assert_string_equal(text_of("t"), "text 255");
}

static void
test_a_long_text_is_cut(void **state)
{
	struct kymo_text t = make_text();
	char *text = malloc(KYI_VALUE_BYTES_MAX + 2);

	memset(text, 'x', KYI_VALUE_BYTES_MAX + 1);
	text[KYI_VALUE_BYTES_MAX + 1] = '\0';
	kymo_text_set(t, text);
	assert_int_equal(strlen(text_of("t")), KYI_VALUE_BYTES_MAX);
	assert_int_equal(fresh_status().err_badcall, 1);
	free(text);
}

static void
test_states_are_switched_one_by_one(void **state)
{
	static const char *const states[] = { "on", "off", "maybe" };
	struct kymo_desc desc = fresh_desc(KYMO_KIND_STATE_SET, "s");
	struct kymo_state_set s;

	desc.states = states;
	desc.state_cnt = 3;
	s = kymo_state_set_at(kymo_family(&desc), 0, NULL);
	kymo_state_set_on(s, 0);
	kymo_state_set_on(s, 2);
	assert_int_equal(peek_shared(fresh_peek(), "s")->value, 5);
	kymo_state_set_off(s, 0);
	assert_int_equal(peek_shared(fresh_peek(), "s")->value, 4);
	kymo_state_set_be(s, 1);
	assert_int_equal(peek_shared(fresh_peek(), "s")->value, 2);
	kymo_state_set_on(s, 3);
	kymo_state_set_off(s, 64);
	kymo_state_set_be(s, UINT32_MAX);
	assert_int_equal(peek_shared(fresh_peek(), "s")->value, 2);
	assert_int_equal(fresh_status().err_badcall, 3);
	assert_true(peek_list(fresh_peek(), peek_family(fresh_peek(), "s")
	    ->states_ref, "on,off,maybe"));
}

static const struct kyi_health *
health_now(void)
{
	return (const void *)peek_shared(fresh_peek(), "h");
}

static void
test_health_says_what_why_since_when_and_how_long(void **state)
{
	struct kymo_health h = kymo_health_at(fresh_family(KYMO_KIND_HEALTH,
	    "h", NULL, NULL), 0, NULL);
	struct kyi_health first;

	kymo_health_report(h, KYMO_HEALTH_STARTING, "warming up", 5000);
	first = *health_now();
	assert_int_equal(first.seq, 2);
	assert_int_equal(first.state, KYI_HEALTH_STARTING);
	assert_true(peek_text(fresh_peek(), first.reason_ref, "warming up"));
	assert_int_equal(first.expires_ns - first.since_ns, 5000000000u);
	/* The same state again: since stays. */
	kymo_health_report(h, KYMO_HEALTH_STARTING, NULL, 0);
	assert_int_equal(health_now()->since_ns, first.since_ns);
	assert_int_equal(health_now()->reason_ref, 0);
	assert_int_equal(health_now()->expires_ns, 0);
	kymo_health_report(h, KYMO_HEALTH_OK, NULL, UINT64_MAX);
	assert_true(health_now()->since_ns > first.since_ns);
	assert_int_equal(health_now()->expires_ns, UINT64_MAX);
	assert_int_equal(health_now()->seq, 6);
	kymo_health_report(h, (enum kymo_health_state)5, NULL, 0);
	assert_int_equal(health_now()->seq, 6);
	assert_int_equal(fresh_status().err_badcall, 1);
}

static void
test_zero_handles_are_bad_calls(void **state)
{
	struct kymo_text t = { 0 };
	struct kymo_state_set s = { 0, 0 };
	struct kymo_health h = { 0 };

	kymo_text_set(t, "x");
	kymo_state_set_on(s, 0);
	kymo_health_report(h, KYMO_HEALTH_OK, NULL, 0);
	assert_int_equal(fresh_status().err_badcall, 3);
	assert_int_equal(fresh_status().state, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_text_is_what_was_set_last),
		TEST(test_the_257th_text_is_overflow),
		TEST(test_a_long_text_is_cut),
		TEST(test_states_are_switched_one_by_one),
		TEST(test_health_says_what_why_since_when_and_how_long),
		TEST(test_zero_handles_are_bad_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
