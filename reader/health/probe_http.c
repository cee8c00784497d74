/* SPDX-License-Identifier: MIT */
/* Connections: TCP and HTTP, by libcurl. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "reader/health/probe_private.h"

#define ANSWER_BYTES_MAX ((curl_off_t)16 << 20)
#define SET(option, value) \
	(curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

/* ---- beginning ------------------------------------------------------------- */

/* What is beyond the room is read, and not kept. */
static size_t
body_take(char *bytes, size_t size, size_t cnt, void *of)
{
	struct kyi_errand *errand = of;
	size_t len_bytes = size * cnt, i;

	for (i = 0; i < len_bytes &&
	    errand->body.len_bytes < KYI_PROBE_BODY_BYTES; i++)
		kymo_buffer_char(&errand->body, bytes[i] == '\0' ? ' ' :
		    bytes[i]);
	return len_bytes;
}

static bool
base_set(struct kyi_errand *errand, const char *url, uint64_t timeout_ms)
{
	CURL *easy = errand->easy;

	return !(SET(CURLOPT_URL, url) || SET(CURLOPT_NOSIGNAL, 1L) ||
	    SET(CURLOPT_PROTOCOLS_STR, "http,https") ||
	    SET(CURLOPT_FOLLOWLOCATION, 0L) || SET(CURLOPT_PROXY, "") ||
	    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
	    SET(CURLOPT_FRESH_CONNECT, 1L) || SET(CURLOPT_FORBID_REUSE, 1L) ||
	    SET(CURLOPT_MAXFILESIZE_LARGE, ANSWER_BYTES_MAX) ||
	    SET(CURLOPT_ERRORBUFFER, errand->why) ||
	    /* Who asked gives up before. */
	    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms + 1000) ||
	    SET(CURLOPT_WRITEFUNCTION, body_take) ||
	    SET(CURLOPT_WRITEDATA, errand) ||
	    SET(CURLOPT_CERTINFO, 1L) ||
	    SET(CURLOPT_USERAGENT, "kymo/" PACKAGE_VERSION));
}

static int
easy_make(struct kyi_errand *errand, const char *url, uint64_t timeout_ms,
    struct kymo_looked *now)
{
	errand->easy = curl_easy_init();
	if (errand->easy != NULL && base_set(errand, url, timeout_ms))
		return 0;
	kyi_unknown(now, "libcurl has no memory");
	return -1;
}

static char *
copy_of(const char *text, bool *failed)
{
	char *copy = text == NULL ? NULL : strdup(text);

	*failed = *failed || (text != NULL && copy == NULL);
	return copy;
}

static int
wire_add(struct kymo_probe *probe, struct kyi_errand *errand, bool failed,
    struct kymo_looked *now)
{
	if (!failed && kyi_wire_add(&probe->wire, errand->easy) == 0)
		return 0;
	curl_easy_cleanup(errand->easy);
	errand->easy = NULL;
	kyi_unknown(now, "libcurl has no memory");
	return -1;
}

int
kyi_fetch_begin(struct kymo_probe *probe, struct kyi_errand *errand,
    const struct kymo_check *check, struct kymo_looked *now)
{
	bool failed = false;
	char url[300];
	CURL *easy;

	errand->connects_only = check->kind == KYMO_CHECK_TCP;
	snprintf(url, sizeof(url), "http://%.280s", check->what.text);
	if (easy_make(errand, errand->connects_only ? url : check->what.text,
	    check->timeout_ms, now) != 0)
		return -1;
	easy = errand->easy;
	errand->status_min = check->status_min;
	errand->status_max = check->status_max;
	errand->certificate_days = check->certificate_days;
	errand->contains = copy_of(check->contains, &failed);
	errand->matches = copy_of(check->matches.text, &failed);
	if (errand->connects_only)
		failed = failed || SET(CURLOPT_CONNECT_ONLY, 1L);
	if (check->ca_file != NULL)
		failed = failed || SET(CURLOPT_CAINFO, check->ca_file) ||
		    SET(CURLOPT_CAPATH, NULL);
	return wire_add(probe, errand, failed, now);
}

int
kyi_fetch_post(struct kymo_probe *probe, struct kyi_errand *errand,
    const char *url, struct kymo_looked *now)
{
	CURL *easy;
	bool failed;

	/* An action's own deadline is that of who asked. */
	if (easy_make(errand, url, 3600000, now) != 0)
		return -1;
	easy = errand->easy;
	errand->status_min = 200;
	errand->status_max = 299;
	failed = SET(CURLOPT_POST, 1L) || SET(CURLOPT_POSTFIELDSIZE, 0L) ||
	    SET(CURLOPT_POSTFIELDS, "");
	return wire_add(probe, errand, failed, now);
}

void
kyi_fetch_free(struct kymo_probe *probe, struct kyi_errand *errand)
{
	if (errand->easy != NULL) {
		kyi_wire_remove(&probe->wire, errand->easy);
		curl_easy_cleanup(errand->easy);
	}
	free(errand->contains);
	free(errand->matches);
	kymo_buffer_free(&errand->body);
}

/* ---- what came of it -------------------------------------------------------- */

/* That we have no descriptor, or may not, tells nothing of the other side; nor
   does a name that nobody could look up. */
static bool
ours(CURL *easy, CURLcode code)
{
	long number = 0;

	if (code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT ||
	    code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
		return true;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	    number == ENOMEM || number == EPERM || number == EACCES ||
	    number == EAFNOSUPPORT || number == EADDRNOTAVAIL;
}

/* NaN: it has none. */
static double
days_left(CURL *easy)
{
	static const char key[] = "Expire date:";
	struct curl_certinfo *info = NULL;
	struct curl_slist *at;
	time_t end;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return NAN;
	for (at = info->certinfo[0]; at != NULL; at = at->next) {
		if (strncasecmp(at->data, key, sizeof(key) - 1) != 0)
			continue;
		end = curl_getdate(at->data + sizeof(key) - 1, NULL);
		return end == -1 ? NAN :
		    difftime(end, time(NULL)) / 86400;
	}
	return NAN;
}

static bool
bad(struct kymo_looked *looked, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
bad(struct kymo_looked *looked, const char *format, ...)
{
	char text[KYMO_REASON_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	looked->result = KYMO_LOOK_BAD;
	kyi_care_reason(looked->reason, "%s", text);
	return false;
}

static bool
status_good(const struct kyi_errand *errand, struct kymo_looked *looked)
{
	long status = 0;

	curl_easy_getinfo(errand->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= (long)errand->status_min &&
	    status <= (long)errand->status_max)
		return true;
	return errand->status_min == errand->status_max ?
	    bad(looked, "status %ld, not %u", status, errand->status_min) :
	    bad(looked, "status %ld, not %u to %u", status, errand->status_min,
	    errand->status_max);
}

static bool
body_good(struct kymo_probe *probe, const struct kyi_errand *errand,
    struct kymo_looked *looked)
{
	const char *body = errand->body.at == NULL ? "" : errand->body.at;
	int found;

	if (errand->body.failed) {
		kyi_unknown(looked, "out of memory");
		return false;
	}
	if (errand->contains != NULL && strstr(body, errand->contains) == NULL)
		return bad(looked, "the body has no '%.100s'",
		    errand->contains);
	if (errand->matches == NULL)
		return true;
	found = probe->options.found(probe->options.of, errand->matches, body);
	if (found < 0) {
		kyi_unknown(looked, "it cannot be told whether the body "
		    "matches '%.100s'", errand->matches);
		return false;
	}
	return found > 0 || bad(looked, "the body does not match '%.100s'",
	    errand->matches);
}

static bool
certificate_good(const struct kyi_errand *errand, struct kymo_looked *looked)
{
	if (errand->certificate_days == 0 ||
	    looked->certificate_days >= errand->certificate_days)
		return true;
	if (!isnan(looked->certificate_days))
		return bad(looked, "the certificate ends in %.1f days",
		    looked->certificate_days);
	kyi_unknown(looked, "there is no certificate to be read");
	return false;
}

void
kyi_fetch_done(struct kymo_probe *probe, struct kyi_errand *errand,
    CURLcode code)
{
	struct kymo_looked looked = {.result = KYMO_LOOK_GOOD,
	    .certificate_days = NAN};
	const char *why = errand->why[0] != '\0' ? errand->why :
	    curl_easy_strerror(code);

	if (code != CURLE_OK && ours(errand->easy, code)) {
		kyi_unknown(&looked, "%s", why);
	} else if (code != CURLE_OK) {
		bad(&looked, "%s", why);
	} else if (!errand->connects_only) {
		looked.certificate_days = days_left(errand->easy);
		(void)(status_good(errand, &looked) &&
		    body_good(probe, errand, &looked) &&
		    certificate_good(errand, &looked));
	}
	/* It has left the wire already. */
	curl_easy_cleanup(errand->easy);
	errand->easy = NULL;
	kyi_errand_done(probe, errand, &looked);
}
