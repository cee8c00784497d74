/* SPDX-License-Identifier: MIT */
/* Goal: a form is read as browsers and Go's clients write it; what cannot be
   one is refused whole.
   Method: rows of bodies, and what they hold. */
#include "tests/testlib/testlib.h"

#include "reader/serve/form.h"

static void
test_bodies_are_pairs(void **state)
{
	static const struct {
		const char *body, *key, *value, *second;
	} rows[] = {
		{ "a=1&b=2", "b", "2", NULL },
		{ "a=1&a=2", "a", "1", "2" },
		{ "query=sum(up)+by+(a)", "query", "sum(up) by (a)", NULL },
		{ "match%5B%5D=a%7Bb%3D%22%26%22%7D", "match[]", "a{b=\"&\"}",
		    NULL },
		{ "&&a&&", "a", "", NULL },
		{ "a=b=c", "a", "b=c", NULL },
		{ "=x", "", "x", NULL },
		{ "a=%c3%BC", "a", "\xc3\xbc", NULL },
		{ "b=1", "a", "", NULL },
		{ "", "a", "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_form form = { .cnt = 0 };
		char body[100];
		uint32_t at = 0;
		const char *second;

		snprintf(body, sizeof(body), "%s", rows[i].body);
		kyi_form_body(&form, body, strlen(body));
		assert_null(form.wrong);
		assert_string_equal(kyi_form_get(&form, rows[i].key),
		    rows[i].value);
		kyi_form_next(&form, rows[i].key, &at);
		second = kyi_form_next(&form, rows[i].key, &at);
		if (rows[i].second == NULL)
			assert_null(second);
		else
			assert_string_equal(second, rows[i].second);
		kyi_form_free(&form);
	}
}

static void
test_what_is_no_form_is_refused(void **state)
{
	static const struct {
		const char *body;
		size_t len_bytes;
		const char *why;
	} rows[] = {
		{ "a=%", 3, "two hex digits" },
		{ "a=%4", 4, "two hex digits" },
		{ "%g0=1", 5, "two hex digits" },
		{ "a=%00", 5, "zero byte" },
		{ "a=1\0b", 5, "zero byte" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_form form = { .cnt = 0 };
		char body[100] = "";

		memcpy(body, rows[i].body, rows[i].len_bytes);
		kyi_form_body(&form, body, rows[i].len_bytes);
		assert_non_null(form.wrong);
		assert_non_null(strstr(form.wrong, rows[i].why));
		kyi_form_free(&form);
	}
}

static void
test_pairs_are_bounded(void **state)
{
	struct kyi_form form = { .cnt = 0 };

	for (uint32_t i = 0; i < KYI_FORM_MAX; i++)
		kyi_form_add(&form, "key", 3, "value", 5);
	assert_null(form.wrong);
	kyi_form_add(&form, "key", 3, NULL, 0);
	assert_string_equal(form.wrong, "too many parameters");
	assert_int_equal(form.cnt, KYI_FORM_MAX);
	kyi_form_free(&form);
	kyi_form_add(&form, "k\0y", 3, "", 0);
	assert_non_null(form.wrong);
	kyi_form_free(&form);
	/* The body's come first. */
	{
		char body[] = "a=body";

		kyi_form_body(&form, body, strlen(body));
		kyi_form_add(&form, "a", 1, "address", 7);
		assert_string_equal(kyi_form_get(&form, "a"), "body");
		kyi_form_free(&form);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies_are_pairs),
		cmocka_unit_test(test_what_is_no_form_is_refused),
		cmocka_unit_test(test_pairs_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
