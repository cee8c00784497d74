/* SPDX-License-Identifier: MIT */
/* How to get somewhere by libcurl: credentials, TLS, proxy, and where not. */
#include "reader/notify/batch.h"
#include "reader/notify/send.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "reader/notify/guard.h"
#include "reader/notify/secret.h"

#define TIMEOUT_MS 10000
#define CONNECT_MS 5000

/* ---- URLs ------------------------------------------------------------------------- */

/* A URL as libcurl reads it, "0x7f.1" as 127.0.0.1: what is looked at is what
   will be used. The text is in no error: it may be a secret. */
static int
url_check(const char *text, const char *schemes, bool private_ok,
    struct kymo_error *error)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL;
	int status = 0;

	if (url == NULL)
		return kymo_error_set(error, "no memory for a URL");
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		status = kymo_error_set(error, "the URL is none; it begins "
		    "with https://");
	else if (strstr(schemes, scheme) == NULL)
		status = kymo_error_set(error, "the URL's scheme is not one "
		    "of %s", schemes);
	else if (!kyi_guard_allows(kyi_guard_host(host), private_ok))
		status = kymo_error_set(error, "the URL's address %s is not "
		    "public; see private_ok", host);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return status;
}

bool
kyi_header_name_is(const char *name)
{
	return *name != '\0' && strlen(name) <= 60 && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
	    == strlen(name);
}

/* Of a request; the value is sent as it is. */
static int
header_check(const struct kymo_receiver *receiver,
    const struct kymo_label *header, struct kymo_error *error)
{
	static const char *const ours[] = {"Content-Type", "Content-Length",
	    "Host", "Expect", "Authorization", "Transfer-Encoding",
	    "webhook-id", "webhook-timestamp", "webhook-signature"};
	const char *at;
	size_t i;

	if (!kyi_header_name_is(header->key))
		return kymo_error_set(error, "receiver %s: the header %.60s: "
		    "letters, digits, - and _ make a name", receiver->name,
		    header->key);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(header->key, ours[i]) == 0)
			return kymo_error_set(error, "receiver %s: the header "
			    "%s: kymo writes it itself; leave it out",
			    receiver->name, header->key);
	for (at = header->value; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return kymo_error_set(error, "receiver %s: the header "
			    "%s: its value has a control character",
			    receiver->name, header->key);
	return 0;
}

int
kyi_http_check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	struct kymo_error why;

	if (receiver->url == NULL && !kyi_secret_is(&receiver->url_secret))
		return kymo_error_set(error, "receiver %s: it has no URL",
		    receiver->name);
	if (receiver->url != NULL && url_check(receiver->url, "https,http",
	    receiver->private_ok, &why) != 0)
		return kymo_error_set(error, "receiver %s: %s", receiver->name,
		    why.text);
	for (uint32_t i = 0; i < receiver->header_cnt; i++)
		if (header_check(receiver, &receiver->headers[i], error) != 0)
			return -1;
	if ((receiver->cert_file == NULL) != (receiver->key_file == NULL))
		return kymo_error_set(error, "receiver %s: cert_file and "
		    "key_file come together", receiver->name);
	if (receiver->user != NULL && kyi_secret_is(&receiver->bearer))
		return kymo_error_set(error, "receiver %s: either a user or a "
		    "bearer token", receiver->name);
	return 0;
}

/* ---- callbacks ---------------------------------------------------------------------- */

/* The address that a name came to, just before it is used. */
curl_socket_t
kyi_leg_socket(struct kyi_leg *leg, curlsocktype purpose,
    const struct curl_sockaddr *address)
{
	if (purpose != CURLSOCKTYPE_IPCXN || !kyi_guard_allows(
	    kyi_guard_reach(&address->addr), leg->private_ok)) {
		leg->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

static curl_socket_t
socket_open(void *of, curlsocktype purpose, struct curl_sockaddr *address)
{
	return kyi_leg_socket(of, purpose, address);
}

/* The same of a connection that was there: another receiver's, who may. */
static int
request_begins(void *of, char *address, char *local, int port, int local_port)
{
	struct kyi_leg *leg = of;

	(void)local;
	(void)port;
	(void)local_port;
	if (kyi_guard_allows(kyi_guard_host(address), leg->private_ok))
		return CURL_PREREQFUNC_OK;
	leg->refused = true;
	return CURL_PREREQFUNC_ABORT;
}

static size_t
answer_take(char *bytes, size_t size, size_t cnt, void *of)
{
	struct kyi_leg *leg = of;
	size_t len_bytes = size * cnt, room_bytes, i;

	room_bytes = sizeof(leg->said) - 1 - leg->said_bytes;
	for (i = 0; i < len_bytes && i < room_bytes; i++)
		leg->said[leg->said_bytes++] =
		    bytes[i] == '\0' ? ' ' : bytes[i];
	return len_bytes;
}

/* ---- a leg ----------------------------------------------------------------------------- */

#define SET(option, value) \
	(curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

static bool
base_set(struct kyi_leg *leg, const struct kymo_receiver *receiver,
    const char *schemes)
{
	CURL *easy = leg->easy;
	long timeout_ms = receiver->timeout_ms > 0 ?
	    (long)receiver->timeout_ms : TIMEOUT_MS;

	return !(SET(CURLOPT_PRIVATE, leg) || SET(CURLOPT_NOSIGNAL, 1L) ||
	    SET(CURLOPT_PROTOCOLS_STR, schemes) ||
	    SET(CURLOPT_FOLLOWLOCATION, 0L) ||
	    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
	    SET(CURLOPT_ERRORBUFFER, leg->what) ||
	    SET(CURLOPT_TIMEOUT_MS, timeout_ms) ||
	    SET(CURLOPT_CONNECTTIMEOUT_MS,
	    timeout_ms < CONNECT_MS ? timeout_ms : (long)CONNECT_MS) ||
	    SET(CURLOPT_WRITEFUNCTION, answer_take) ||
	    SET(CURLOPT_WRITEDATA, leg) ||
	    SET(CURLOPT_OPENSOCKETFUNCTION, socket_open) ||
	    SET(CURLOPT_OPENSOCKETDATA, leg) ||
	    SET(CURLOPT_PREREQFUNCTION, request_begins) ||
	    SET(CURLOPT_PREREQDATA, leg) ||
	    SET(CURLOPT_USERAGENT, "kymo/" PACKAGE_VERSION) ||
	    /* "": none, and not what http_proxy says. */
	    SET(CURLOPT_PROXY, receiver->proxy == NULL ? "" :
	    receiver->proxy));
}

static int
tls_set(CURL *easy, const struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	char *password;
	bool failed = SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	if (receiver->ca_file != NULL)
		failed = failed || SET(CURLOPT_CAINFO, receiver->ca_file) ||
		    SET(CURLOPT_CAPATH, NULL);
	if (receiver->cert_file != NULL)
		failed = failed || SET(CURLOPT_SSLCERT, receiver->cert_file) ||
		    SET(CURLOPT_SSLKEY, receiver->key_file);
	if (kyi_secret_read(&password, &receiver->key_password,
	    "password of the key", error) != 0)
		return -1;
	if (password != NULL)
		failed = failed || SET(CURLOPT_KEYPASSWD, password);
	kyi_secret_wipe(password);
	return failed ? kymo_error_set(error, "libcurl knows no TLS") : 0;
}

static int
credentials_set(CURL *easy, const struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	char *secret;
	bool failed = false;

	if (kyi_secret_read(&secret, &receiver->bearer, "bearer token",
	    error) != 0)
		return -1;
	if (secret != NULL)
		failed = SET(CURLOPT_HTTPAUTH, CURLAUTH_BEARER) ||
		    SET(CURLOPT_XOAUTH2_BEARER, secret);
	kyi_secret_wipe(secret);
	if (kyi_secret_read(&secret, &receiver->password, "password",
	    error) != 0)
		return -1;
	if (receiver->user != NULL)
		failed = failed || SET(CURLOPT_USERNAME, receiver->user) ||
		    SET(CURLOPT_PASSWORD, secret == NULL ? "" : secret);
	kyi_secret_wipe(secret);
	return failed ? kymo_error_set(error, "no memory for libcurl") : 0;
}

static int
url_set(struct kyi_leg *leg, const struct kymo_receiver *receiver,
    const char *url, const char *schemes, struct kymo_error *error)
{
	CURL *easy = leg->easy;
	char *secret = NULL;
	int status;

	if (url == NULL)
		url = receiver->url;
	if (url == NULL && kyi_secret_read(&secret, &receiver->url_secret,
	    "URL", error) != 0)
		return -1;
	if (url == NULL)
		url = secret;
	if (url == NULL)
		return kymo_error_set(error, "there is no URL");
	status = url_check(url, schemes, receiver->private_ok, error);
	if (status == 0 && SET(CURLOPT_URL, url))
		status = kymo_error_set(error, "no memory for libcurl");
	kyi_secret_wipe(secret);
	return status;
}

int
kyi_leg_begin(struct kyi_send *send, const char *url, const char *schemes,
    struct kymo_error *error)
{
	struct kyi_leg *leg = &send->legs[send->leg_cnt];

	if (send->leg_cnt == KYI_LEGS_MAX)
		return kymo_error_set(error, "more than %u addresses",
		    KYI_LEGS_MAX);
	memset(leg, 0, sizeof(*leg));
	leg->easy = curl_easy_init();
	if (leg->easy == NULL)
		return kymo_error_set(error, "no memory for libcurl");
	send->leg_cnt++;
	/* A proxy's own address was configured, so it may be any. */
	leg->private_ok = send->receiver->private_ok ||
	    send->receiver->proxy != NULL;
	if (!base_set(leg, send->receiver, schemes))
		return kymo_error_set(error, "libcurl lacks what is needed");
	if (url_set(leg, send->receiver, url, schemes, error) != 0 ||
	    tls_set(leg->easy, send->receiver, error) != 0)
		return -1;
	return credentials_set(leg->easy, send->receiver, error);
}

int
kyi_http_header(struct kyi_leg *leg, const char *name, const char *value)
{
	struct kymo_buffer line = {0};
	struct curl_slist *headers = NULL;

	kymo_buffer_printf(&line, "%s: %s", name, value);
	/* Nothing of ours has one; what had would not get this far. */
	if (!line.failed && strpbrk(line.at, "\r\n") == NULL)
		headers = curl_slist_append(leg->headers, line.at);
	kymo_buffer_free(&line);
	if (headers == NULL)
		return -1;
	leg->headers = headers;
	return 0;
}

int
kyi_http_send(struct kyi_send *send, struct kyi_leg *leg,
    const char *content_type, struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	CURL *easy = leg->easy;

	for (uint32_t i = 0; i < receiver->header_cnt; i++)
		if (kyi_http_header(leg, receiver->headers[i].key,
		    receiver->headers[i].value) != 0)
			return kymo_error_set(error, "no memory for libcurl");
	/* No 100-continue: one more wait for nothing. */
	if (kyi_http_header(leg, "Content-Type", content_type) != 0 ||
	    kyi_http_header(leg, "Expect", "") != 0 ||
	    SET(CURLOPT_POST, 1L) ||
	    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(send->more_cnt > 0 ?
	    send->whole.len_bytes : send->letter.payload_bytes)) ||
	    SET(CURLOPT_POSTFIELDS, send->more_cnt > 0 ?
	    (void *)send->whole.at : send->letter.payload) ||
	    SET(CURLOPT_HTTPHEADER, leg->headers))
		return kymo_error_set(error, "no memory for libcurl");
	return 0;
}

void
kyi_send_end(struct kyi_send *send)
{
	uint32_t i;

	for (i = 0; i < send->leg_cnt; i++) {
		curl_easy_cleanup(send->legs[i].easy);
		curl_slist_free_all(send->legs[i].headers);
	}
	send->leg_cnt = send->running_cnt = 0;
	kyi_batch_free(send);
	kyi_letter_free(&send->letter);
}
