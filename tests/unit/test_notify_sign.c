/* SPDX-License-Identifier: MIT */
/* Goal: signatures are those of Standard Webhooks.
   Method: its known answer; one by another implementation for a second key. */
#include "tests/testlib/testlib.h"

#include "reader/notify/sign.h"

#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY "{\"test\": 2432232314}"
#define KNOWN "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void
test_the_known_answer(void **state)
{
	struct kymo_buffer out = {0};

	assert_int_equal(kyi_sign(&out, KEY, ID, 1614265330, BODY,
	    strlen(BODY), NULL), 0);
	assert_string_equal(out.at, KNOWN);
	kymo_buffer_free(&out);
}

static void
test_each_of_two_secrets_signs(void **state)
{
	struct kymo_buffer out = {0};

	assert_int_equal(kyi_sign(&out, KEY " whsec_c2VjcmV0", ID, 1614265330,
	    BODY, strlen(BODY), NULL), 0);
	/* openssl dgst -sha256 -hmac secret -binary | base64 */
	assert_string_equal(out.at, KNOWN
	    " v1,QhlSMIJS/+71IQLjjmkiCGkWoueir474RayJQKtDu+0=");
	kymo_buffer_free(&out);
}

static void
test_what_is_no_secret_signs_nothing(void **state)
{
	static const char *const rows[] = { "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	    "whsec_", "whsec_MfK", "whsec_M?KQ", "whsec_====" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_buffer out = {0};
		struct kymo_error error = {{0}};

		assert_int_equal(kyi_sign(&out, rows[i], ID, 1, BODY,
		    strlen(BODY), &error), -1);
		assert_int_equal(out.len_bytes, 0);
		/* and tells nobody what it was */
		assert_null(strstr(error.text, "MfK"));
		kymo_buffer_free(&out);
	}
}

static void
test_base64_in_lines(void **state)
{
	unsigned char bytes[58] = {0};
	struct kymo_buffer out = {0};

	kyi_base64(&out, bytes, sizeof(bytes), true);
	assert_int_equal(out.len_bytes, 76 + 2 + 4 + 2);
	assert_string_equal(out.at + 76, "\r\nAA==\r\n");
	kymo_buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_known_answer),
		cmocka_unit_test(test_each_of_two_secrets_signs),
		cmocka_unit_test(test_what_is_no_secret_signs_nothing),
		cmocka_unit_test(test_base64_in_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
