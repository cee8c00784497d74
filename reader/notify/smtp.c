/* SPDX-License-Identifier: MIT */
/* A mail to its server, by libcurl. */
#include "reader/notify/send.h"

#include <stdio.h>
#include <string.h>

#include "reader/notify/mail.h"

#define SET(option, value) \
	(curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

static size_t
payload_read(char *to, size_t size, size_t cnt, void *of)
{
	struct kyi_send *send = of;
	size_t left_bytes = send->letter.payload_bytes - send->read_bytes;
	size_t now_bytes = size * cnt < left_bytes ? size * cnt : left_bytes;

	if (now_bytes == 0)
		return 0;
	memcpy(to, (const char *)send->letter.payload + send->read_bytes,
	    now_bytes);
	send->read_bytes += now_bytes;
	return now_bytes;
}

static int
recipients_set(struct kyi_send *send, struct kyi_leg *leg,
    struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	CURL *easy = leg->easy;
	struct kyi_mailbox box;
	char text[sizeof(box.address) + 3];
	uint32_t i;

	for (i = 0; i < receiver->to_cnt; i++) {
		struct curl_slist *list;

		if (kyi_mailbox_parse(&box, receiver->to[i], error) != 0)
			return -1;
		snprintf(text, sizeof(text), "<%s>", box.address);
		list = curl_slist_append(leg->headers, text);
		if (list == NULL)
			return kymo_error_set(error, "no memory for a mail");
		leg->headers = list;
	}
	if (kyi_mailbox_parse(&box, receiver->from, error) != 0)
		return -1;
	snprintf(text, sizeof(text), "<%s>", box.address);
	/* Who is refused must not keep the others from hearing of it. */
	return SET(CURLOPT_MAIL_FROM, text) ||
	    SET(CURLOPT_MAIL_RCPT, leg->headers) ||
	    SET(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) ?
	    kymo_error_set(error, "no memory for a mail") : 0;
}

int
kyi_smtp_setup(struct kyi_send *send, struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	bool smtps = receiver->mail_tls == KYMO_MAIL_TLS_ONLY;
	struct kymo_buffer url = {0};
	struct kyi_leg *leg;
	CURL *easy;
	int status;

	kymo_buffer_printf(&url, "%s://%s/%s", smtps ? "smtps" : "smtp",
	    receiver->smarthost, receiver->hello == NULL ? "localhost" :
	    receiver->hello);
	status = url.failed ? kymo_error_set(error, "no memory for a mail") :
	    kyi_leg_begin(send, url.at, smtps ? "smtps" : "smtp", error);
	kymo_buffer_free(&url);
	if (status != 0)
		return -1;
	leg = &send->legs[0];
	leg->smtp = true;
	easy = leg->easy;
	send->read_bytes = 0;
	if (SET(CURLOPT_USE_SSL, (long)(receiver->mail_tls == KYMO_MAIL_PLAIN ?
	    CURLUSESSL_NONE : CURLUSESSL_ALL)) || SET(CURLOPT_UPLOAD, 1L) ||
	    SET(CURLOPT_READFUNCTION, payload_read) ||
	    SET(CURLOPT_READDATA, send) || SET(CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)send->letter.payload_bytes))
		return kymo_error_set(error, "libcurl knows no SMTP");
	return recipients_set(send, leg, error);
}
