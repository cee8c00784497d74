/* SPDX-License-Identifier: MIT */
/* Goal: no text ends a header; mails are what mail programs read; one incident
   is one thread.
   Method: the corpus of names, and what every line of a mail must be. What
   another parser makes of them is in tests/e2e/notify.sh. */
#include "tests/testlib/notify_message.h"

#include "reader/notify/chart.h"
#include "reader/notify/mail.h"
#include "reader/notify/outbox.h"

static struct kymo_outbox *outbox;

static int
setup(void **state)
{
	const struct kymo_outbox_options box = { .path = ":memory:" };

	return kymo_outbox_open(&outbox, &box, NULL);
}

static int
teardown(void **state)
{
	kymo_outbox_close(outbox);
	return 0;
}

static const char *const people[] = { "Ops <ops@example.com>",
    "b@example.org" };

static struct kymo_receiver
mail(void)
{
	return (struct kymo_receiver){ .name = "r",
	    .kind = KYMO_RECEIVER_EMAIL, .smarthost = "localhost:25",
	    .from = "kymo <kymo@example.com>", .to = people, .to_cnt = 2 };
}

/* Each line ends in CRLF, has at most 998 bytes, all ASCII; the headers are
   those that we know, once each. */
static void
assert_mail(const struct kymo_buffer *out)
{
	static const char *const names[] = { "From: ", "To: ", "Subject: ",
	    "Date: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ",
	    "Content-Type: " };
	uint32_t seen[8] = {0};
	const char *line = out->at, *end;
	bool in_head = true;
	size_t i;

	for (; *line != '\0'; line = end + 2) {
		end = strstr(line, "\r\n");
		assert_non_null(end);
		assert_true(end - line <= 998);
		for (i = 0; i < (size_t)(end - line); i++)
			assert_in_range(line[i], 0x20, 0x7e);
		in_head &= end != line;
		if (!in_head || *line == ' ')
			continue;
		for (i = 0; i < 8; i++)
			if (strncmp(line, names[i], strlen(names[i])) == 0)
				break;
		assert_true(i < 8);
		seen[i]++;
	}
	for (i = 0; i < 8; i++)
		assert_int_equal(seen[i], 1);
}

static void
test_no_name_ends_a_header(void **state)
{
	struct kymo_receiver receiver = mail();

	for (size_t i = 0; i < NASTY_CNT; i++) {
		char *body = message_body(nasty_text(i), i % 2 == 0, 3);
		struct kymo_buffer out = payload_of(&kyi_channel_email,
		    &receiver, outbox, body), again;

		assert_mail(&out);
		assert_null(strstr(out.at, "\r\nBcc"));
		/* The same message is the same mail. */
		again = payload_of(&kyi_channel_email, &receiver, outbox,
		    body);
		assert_string_equal(out.at, again.at);
		kymo_buffer_free(&out);
		kymo_buffer_free(&again);
		free(body);
	}
}

static void
test_an_incident_is_a_thread(void **state)
{
	struct kymo_receiver receiver = mail();
	char *body = message_body("x", true, 1);
	struct kyi_send send = { .receiver = &receiver, .outbox = outbox,
	    .letter = { .id = "msg_first", .group_key = (char[]){ "g" },
	    .firing = true } };
	struct kymo_buffer out = payload_of(&kyi_channel_email, &receiver,
	    outbox, body);

	assert_null(strstr(out.at, "References"));
	kymo_buffer_free(&out);
	assert_int_equal(kyi_channel_email.left(outbox, &send, NULL), 0);
	snprintf(send.letter.id, sizeof(send.letter.id), "msg_second");
	assert_int_equal(kyi_channel_email.left(outbox, &send, NULL), 0);
	out = payload_of(&kyi_channel_email, &receiver, outbox, body);
	assert_non_null(strstr(out.at,
	    "\r\nIn-Reply-To: <msg_first@example.com>\r\n"
	    "References: <msg_first@example.com>\r\n"));
	assert_non_null(strstr(out.at,
	    "\r\nMessage-ID: <msg_0123456789abcdefghjkmnpqrs@example.com>"));
	kymo_buffer_free(&out);
	send.letter.firing = false;
	assert_int_equal(kyi_channel_email.left(outbox, &send, NULL), 0);
	out = payload_of(&kyi_channel_email, &receiver, outbox, body);
	assert_null(strstr(out.at, "References"));
	kymo_buffer_free(&out);
	free(body);
}

static void
test_headers(void **state)
{
	static const struct {
		const char *text, *header;
	} rows[] = {
		{ "plain", "S: plain\r\n" },
		{ "", "S: \r\n" },
		{ "a\r\nBcc: b", "S: =?UTF-8?B?YSAgQmNjOiBi?=\r\n" },
		{ "gr\xc3\xbcn", "S: =?UTF-8?B?Z3LDvG4=?=\r\n" },
		{ "=?x?=", "S: =?UTF-8?B?PT94Pz0=?=\r\n" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cc",
		    "S: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n "
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cc\r\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_buffer out = {0};

		kyi_mail_header(&out, "S", rows[i].text);
		assert_string_equal(out.at, rows[i].header);
		kymo_buffer_free(&out);
	}
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *text, *header; /* NULL: none */
	} rows[] = {
		{ "a@b", "a@b" },
		{ "A B <a.b+c@example.com>", "\"A B\" <a.b+c@example.com>" },
		{ "\"A, B\" <a@b.c>", "\"A, B\" <a@b.c>" },
		{ "<a@b.c>", "a@b.c" },
		{ "J\xc3\xb6rg <j@b.c>", "=?UTF-8?B?SsO2cmc=?= <j@b.c>" },
		{ "", NULL }, { "a", NULL }, { "@b", NULL }, { "a@", NULL },
		{ "a@b@c", NULL }, { "a b@c", NULL }, { "a@b\r\nBcc: c@d", NULL },
		{ "a@b, c@d", NULL }, { "<a@b> <c@d>x", NULL },
		{ "x\r\nBcc: c@d <a@b>", NULL }, { "a@b..c", NULL },
		{ "a@b>", NULL }, { "a@-b/c", NULL }, { "\xff <a@b>", NULL },
		{ "x \"y\" <a@b>", NULL }, { "a@[127.0.0.1]", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_mailbox box;
		struct kymo_buffer out = {0};
		struct kymo_error error;

		if (kyi_mailbox_parse(&box, rows[i].text, &error) != 0) {
			if (rows[i].header != NULL)
				fail_msg("%s", error.text);
			continue;
		}
		if (rows[i].header == NULL)
			fail_msg("taken: %s", rows[i].text);
		kyi_mailbox_put(&out, &box);
		assert_string_equal(out.at, rows[i].header);
		kymo_buffer_free(&out);
	}
}

static void
test_mail_that_cannot_be(void **state)
{
	struct kymo_receiver rows[8];
	struct kymo_error error;
	static const char *const nobody[] = { "x" };

	for (size_t i = 0; i < 8; i++)
		rows[i] = mail();
	assert_int_equal(kyi_channel_email.check(&rows[0], &error), 0);
	rows[0].smarthost = NULL;
	rows[1].smarthost = "host/path";
	rows[2].from = "kymo";
	rows[3].to = nobody;
	rows[4].to_cnt = 0;
	rows[5].hello = "x\r\nMAIL";
	rows[6].mail_tls = KYMO_MAIL_PLAIN;
	rows[6].user = "u";
	rows[7].to_cnt = 51;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(kyi_channel_email.check(&rows[i], &error),
		    -1);
}

static void
test_html_is_escaped(void **state)
{
	struct kymo_buffer out = {0};

	kyi_html_put(&out, "<a b=\"c\" d='e'>&\n\x1b");
	assert_string_equal(out.at, "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;"
	    "&amp;<br>\n\xef\xbf\xbd");
	kymo_buffer_free(&out);
}

static void
test_charts(void **state)
{
	static const struct {
		const char *points;
		double threshold;
		int status;
	} rows[] = {
		{ "[]", NAN, 1 }, { "[[0,1]]", NAN, 1 },
		{ "[[0,null],[1,null]]", 5, 1 },
		{ "[[0,1],[1000,1]]", NAN, 0 },
		{ "[[0,1],[1000,null],[2000,\"+Inf\"],[3000,4]]", 2, 0 },
		{ "[[0,-1e308],[1000,1e308]]", INFINITY, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *points = json_loads(rows[i].points, 0, NULL);
		struct kymo_buffer out = {0};

		assert_int_equal(kyi_chart_png(&out, points,
		    rows[i].threshold), rows[i].status);
		if (rows[i].status == 0)
			assert_memory_equal(out.at, "\x89PNG\r\n\x1a\n", 8);
		kymo_buffer_free(&out);
		json_decref(points);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_name_ends_a_header,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_incident_is_a_thread,
		    setup, teardown),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_mail_that_cannot_be),
		cmocka_unit_test(test_html_is_escaped),
		cmocka_unit_test(test_charts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
