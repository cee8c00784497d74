/* SPDX-License-Identifier: MIT */
/* A message with everything in it, of whatever texts a test wants. */
#ifndef TESTS_TESTLIB_NOTIFY_MESSAGE_H
#define TESTS_TESTLIB_NOTIFY_MESSAGE_H

#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/notify/send.h"

#define MESSAGE_MS INT64_C(1767323045678)

/* Names of things as nobody should give them. */
static const char *const nasty_texts[] = {
	"", "plain", "<!channel>", "<!here|x> & <@U123> <https://a|b>",
	"a\r\nBcc: evil@example.com\r\n\r\nbody", "\xe2\x80\xae" "live",
	"caf\xe9 \xff\xfe", "\x01\x02\x1b[31m", "*bold* _it_ ~s~ `code`",
	"=?UTF-8?B?aGk=?=", "\"quoted\" 'text' \\", "</td><script>x</script>",
	"\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5", "\xed\xa0\x80", "&amp;&lt;",
	"\xc2\x85\xc2\x9b", NULL /* 10 KiB, below */, "%s%n%d", ".\r\n.\r\n",
};
#define NASTY_CNT (sizeof(nasty_texts) / sizeof(*nasty_texts))

/* Text i; ten KiB of characters that all are to be escaped. */
TESTLIB_UNUSED static const char *
nasty_text(size_t i)
{
	static char long_text[10241];

	if (nasty_texts[i] != NULL)
		return nasty_texts[i];
	for (size_t k = 0; k < sizeof(long_text) - 1; k++)
		long_text[k] = "&<\xc3\xa9>"[k % 5];
	return long_text;
}

/* The body of a message whose texts all are text; the caller frees it. */
TESTLIB_UNUSED static char *
message_body(const char *text, bool firing, uint32_t alert_cnt)
{
	static struct kymo_notify_point points[100];
	const struct kymo_label labels[] = { { "alertname", text },
	    { "path", text }, { "service", text } };
	const struct kymo_label notes[] = { { "description", text },
	    { "summary", text } };
	const struct kymo_notify_quantile quantiles[] = { { 0.5, 0.25, NULL },
	    { 0.99, 1.5, NULL } };
	const struct kymo_notify_exemplar exemplars[] = { {
	    .trace_id = text, .value = 2, .at_ms = MESSAGE_MS } };
	const char *const changes[] = { text, text };
	const struct kymo_notify_detail detail = { .unit = text,
	    .points = points, .point_cnt = 100, .quantiles = quantiles,
	    .quantile_cnt = 2, .exemplars = exemplars, .exemplar_cnt = 1,
	    .process = text, .changes = changes, .change_cnt = 2,
	    .runbook_url = "https://example.com/run?a=1&b=2" };
	struct kymo_notify_alert *alerts = calloc(alert_cnt, sizeof(*alerts));
	struct kymo_message message = { .receiver = "r", .group_key = text,
	    .alerts = alerts, .alert_cnt = alert_cnt,
	    .group_labels = labels, .group_label_cnt = 3,
	    .external_url = "http://kymo:9464/", .at_ms = MESSAGE_MS,
	    .detail = &detail };
	struct kymo_buffer out = {0};

	assert_non_null(alerts);
	for (uint32_t i = 0; i < 100; i++)
		points[i] = (struct kymo_notify_point){ MESSAGE_MS - 100000 +
		    1000 * (int64_t)i, i % 17 == 0 ? NAN : sin(i / 9.0) };
	for (uint32_t i = 0; i < alert_cnt; i++)
		alerts[i] = (struct kymo_notify_alert){ .firing = firing,
		    .labels = labels, .label_cnt = 3, .annotations = notes,
		    .annotation_cnt = 2, .starts_ms = MESSAGE_MS,
		    .ends_ms = MESSAGE_MS + 60000, .value = 1.5,
		    .threshold = 0.5, .generator_url = text };
	assert_int_equal(kymo_message_json(&message, &out, NULL), 0);
	free(alerts);
	return out.at;
}

/* What a channel makes of a body. */
TESTLIB_UNUSED static struct kymo_buffer
payload_of(const struct kyi_channel *channel,
    const struct kymo_receiver *receiver, struct kymo_outbox *outbox,
    char *body)
{
	struct kyi_send send = { .receiver = receiver, .outbox = outbox,
	    .letter = { .id = "msg_0123456789abcdefghjkmnpqrs",
	    .group_key = (char[]){ "g" }, .body = body,
	    .added_ms = MESSAGE_MS } };
	struct kymo_buffer out = {0};
	struct kymo_error error;

	if (channel->payload(&send, &out, &error) != 0)
		fail_msg("%s", error.text);
	assert_false(out.failed);
	return out;
}

#endif
