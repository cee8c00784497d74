/* SPDX-License-Identifier: MIT */
/* Goal: nothing goes where it may not; secrets are nowhere but on the wire.
   Method: a sink on loopback in the same thread, and a clock that the test
   sets. */
#include "tests/testlib/notify_world.h"

static struct world world;

static struct kymo_receiver
hook(void)
{
	return (struct kymo_receiver){ .name = "hook",
	    .kind = KYMO_RECEIVER_WEBHOOK, .url = world.url,
	    .private_ok = true };
}

static struct kymo_receiver receiver;

static int
setup(void **state)
{
	assert_int_equal(testlib_setup(state), 0);
	world_begin(&world, NULL);
	receiver = hook();
	return 0;
}

static int
teardown(void **state)
{
	world_end(&world);
	return testlib_teardown(state);
}

/* ---- where it may not go --------------------------------------------------------- */

static void
test_private_addresses_are_refused_however_they_are_spelled(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.1", "0x7f.1",
	    "0x7f000001", "2130706433", "017700000001", "127.0.0.1.",
	    "localhost", "LOCALHOST", "localhost.", "[::1]",
	    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0",
	    "user:password@127.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%2f",
	    "[0:0:0:0:0:0:0:1]", "169.254.169.254", "[fe80::1]",
	    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1" };
	struct kymo_error error;
	char url[128];

	receiver.private_ok = false;
	receiver.url = url;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct kymo_notify_options options = {
		    .outbox = world.outbox, .receivers = &receiver,
		    .receiver_cnt = 1, .event = world_event, .of = &world };

		snprintf(url, sizeof(url), "http://%s%s", hosts[i],
		    strchr(world.url + 7, ':'));
		if (kymo_notify_new(&world.notify, &options, &error) != 0)
			continue; /* seen already */
		world.event_cnt[KYMO_NOTIFY_FAILED] = 0;
		world_add(&world, "g", "A", true);
		world.now_ms += 3600000;
		world_until(&world, KYMO_NOTIFY_FAILED, 1);
		kymo_notify_delete(world.notify);
		world.notify = NULL;
	}
	world_sink_step(&world);
	assert_int_equal(world.connect_cnt, 0);
}

static void
test_a_connection_of_one_who_may_is_not_for_one_who_may_not(void **state)
{
	struct kymo_receiver both[2] = { receiver, receiver };
	char url[128];

	snprintf(url, sizeof(url), "http://localhost%s",
	    strchr(world.url + 7, ':'));
	both[0].url = both[1].url = url;
	both[1].name = "other";
	both[1].private_ok = false;
	world_notify(&world, both, 2);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	kymo_notify_delete(world.notify);
	both[0].name = "other";
	both[1].name = "hook";
	world_notify(&world, both, 2);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	assert_non_null(strstr(world.why, "not public"));
	assert_int_equal(world.request_cnt, 1);
}

static void
test_the_environments_proxy_is_not_asked(void **state)
{
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	assert_int_equal(unsetenv("http_proxy"), 0);
}

/* A proxy may be anywhere, for it was configured; an address in the URL is
   looked at all the same. */
static void
test_a_proxy_is_asked_for_what_is_public(void **state)
{
	struct kymo_receiver refused = receiver;
	struct kymo_notify_options options = { .outbox = world.outbox,
	    .receivers = &refused, .receiver_cnt = 1 };
	struct kymo_notify *notify;
	struct kymo_error error;
	char proxy[64];

	snprintf(proxy, sizeof(proxy), "%.*s",
	    (int)(strrchr(world.url, '/') - world.url), world.url);
	receiver.private_ok = refused.private_ok = false;
	receiver.proxy = refused.proxy = proxy;
	receiver.url = "http://hooks.invalid/x";
	refused.url = "http://10.0.0.1/x";
	assert_int_equal(kymo_notify_new(&notify, &options, &error), -1);
	assert_non_null(strstr(error.text, "10.0.0.1 is not public"));
	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	assert_int_equal(strncmp(world.last, "POST http://hooks.invalid/x ",
	    28), 0);
}

/* ---- secrets -------------------------------------------------------------------------- */

static void
file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool
file_has(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	char *bytes = calloc(1, 1 << 20);
	size_t len_bytes;
	bool found;

	assert_non_null(bytes);
	if (file == NULL) {
		free(bytes);
		return false;
	}
	len_bytes = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	found = memmem(bytes, len_bytes, text, strlen(text)) != NULL;
	free(bytes);
	return found;
}

static void
test_secrets_are_on_the_wire_alone(void **state)
{
	char bearer[PATH_MAX], url[128];

	snprintf(bearer, sizeof(bearer), "%s", testlib_path("bearer"));
	file_write(bearer, "t0psecret\n");
	snprintf(url, sizeof(url), "%s/s3cretpath", world.url);
	assert_int_equal(setenv("KYMO_TEST_URL", url, 1), 0);
	assert_int_equal(setenv("KYMO_TEST_SIGN",
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1), 0);
	receiver.url = NULL;
	receiver.url_secret.env = "KYMO_TEST_URL";
	receiver.bearer.file = bearer;
	receiver.signing.env = "KYMO_TEST_SIGN";
	world_notify(&world, &receiver, 1);
	world.says = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	assert_null(strstr(world.why, "s3cret"));
	assert_non_null(strstr(world.last, "POST /hook/s3cretpath "));
	assert_non_null(strstr(world.last,
	    "\r\nAuthorization: Bearer t0psecret\r\n"));
	assert_non_null(strstr(world.last,
	    "\r\nwebhook-timestamp: 1767323045\r\n"));
	assert_non_null(strstr(world.last, "\r\nwebhook-signature: v1,"));
	assert_false(file_has(testlib_path("outbox.db"), "s3cret"));
	assert_false(file_has(testlib_path("outbox.db-wal"), "s3cret"));
	assert_false(file_has(testlib_path("outbox.db-wal"), "t0psecret"));
	assert_true(file_has(testlib_path("outbox.db-wal"), "alertname"));
	/* Another token from the next attempt on; none is a failure. */
	file_write(bearer, "an0ther");
	world.now_ms += 60000;
	world_until(&world, KYMO_NOTIFY_FAILED, 2);
	assert_non_null(strstr(world.last, "Bearer an0ther\r\n"));
	file_write(bearer, "two\nlines");
	world.now_ms += 60000;
	world_until(&world, KYMO_NOTIFY_FAILED, 3);
	assert_non_null(strstr(world.why, "second line"));
	assert_null(strstr(world.why, "two"));
	assert_int_equal(world.request_cnt, 2);
}

static void
test_basic_auth(void **state)
{
	assert_int_equal(setenv("KYMO_TEST_PASSWORD", "open sesame", 1), 0);
	receiver.user = "Aladdin";
	receiver.password.env = "KYMO_TEST_PASSWORD";
	world_notify(&world, &receiver, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	assert_non_null(strstr(world.last, "\r\nAuthorization: Basic "
	    "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

/* ---- configurations -------------------------------------------------------------------- */

static void
test_receivers_that_cannot_be(void **state)
{
	struct kymo_receiver two[2] = { receiver, receiver };
	struct kymo_receiver bad[5] = { receiver, receiver, receiver, receiver,
	    receiver };
	const struct {
		const struct kymo_receiver *receivers;
		uint32_t cnt;
		const char *says;
	} rows[] = {
		{ two, 2, "two receivers are named hook" },
		{ &bad[0], 1, "has no URL" },
		{ &bad[1], 1, "scheme" },
		{ &bad[2], 1, "come together" },
		{ &bad[3], 1, "without a name" },
		{ &bad[4], 1, "the URL is none" },
	};

	bad[0].url = NULL;
	bad[1].url = "ftp://example.com/x";
	bad[2].cert_file = "cert.pem";
	bad[3].name = "";
	bad[4].url = "hooks.example.com/x";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct kymo_notify_options options = {
		    .outbox = world.outbox, .receivers = rows[i].receivers,
		    .receiver_cnt = rows[i].cnt };
		struct kymo_notify *notify;
		struct kymo_error error;

		assert_int_equal(kymo_notify_new(&notify, &options, &error),
		    -1);
		if (strstr(error.text, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].says, error.text);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_private_addresses_are_refused_however_they_are_spelled),
		ROW(test_a_connection_of_one_who_may_is_not_for_one_who_may_not),
		ROW(test_the_environments_proxy_is_not_asked),
		ROW(test_a_proxy_is_asked_for_what_is_public),
		ROW(test_secrets_are_on_the_wire_alone),
		ROW(test_basic_auth),
		ROW(test_receivers_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
