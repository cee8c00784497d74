/* SPDX-License-Identifier: MIT */
/* A mail to its server, by libcurl. */
#include "reader/notify/send.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* ---- the connection ------------------------------------------------------------------- */

static curl_socket_t
socket_open(void *of, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct kyi_send *send = of;
	curl_socket_t fd = kyi_leg_socket(&send->legs[0], purpose, address);
	uint32_t i;

	for (i = 0; fd != CURL_SOCKET_BAD && i < KYI_MAIL_SOCKETS; i++)
		if (send->open1[i] == 0) {
			send->open1[i] = fd + 1;
			break;
		}
	return fd;
}

static int
socket_close(void *of, curl_socket_t fd)
{
	struct kyi_send *send = of;
	uint32_t i;

	for (i = 0; i < KYI_MAIL_SOCKETS; i++)
		if (send->open1[i] == fd + 1)
			send->open1[i] = 0;
	return close(fd);
}

void
kyi_smtp_cut(const struct kyi_send *send)
{
	uint32_t i;

	for (i = 0; i < KYI_MAIL_SOCKETS; i++)
		if (send->open1[i] != 0)
			shutdown(send->open1[i] - 1, SHUT_RDWR);
}

/* A farewell is said, and its answer not waited for: libcurl would do nothing
   else for up to two minutes. */
static int
hear(CURL *easy, curl_infotype type, char *said, size_t len_bytes, void *of)
{
	(void)easy;
	if (type == CURLINFO_HEADER_OUT && len_bytes == strlen("QUIT\r\n") &&
	    memcmp(said, "QUIT\r\n", len_bytes) == 0)
		kyi_smtp_cut(of);
	return 0;
}

/* ---- a mail ----------------------------------------------------------------------------- */

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
	    SET(CURLOPT_READDATA, send) ||
	    SET(CURLOPT_VERBOSE, 1L) || SET(CURLOPT_DEBUGFUNCTION, hear) ||
	    SET(CURLOPT_DEBUGDATA, send) ||
	    SET(CURLOPT_OPENSOCKETFUNCTION, socket_open) ||
	    SET(CURLOPT_OPENSOCKETDATA, send) ||
	    SET(CURLOPT_CLOSESOCKETFUNCTION, socket_close) ||
	    SET(CURLOPT_CLOSESOCKETDATA, send) || SET(CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)send->letter.payload_bytes))
		return kymo_error_set(error, "libcurl knows no SMTP");
	return recipients_set(send, leg, error);
}
