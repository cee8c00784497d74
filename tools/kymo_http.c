/* SPDX-License-Identifier: MIT */
#include "tools/kymo_http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"

#define BODY_BYTES_MAX ((size_t)256 << 20)
#define CONNECT_MS 5000L
#define ALL_MS 150000L /* queries have 2 minutes */

const char *
kyi_url(const char *url)
{
	if (!url || !*url)
		url = getenv("KYMO_URL");
	return url && *url ? url : KYI_URL_DEFAULT;
}

/* Names of the other side, and of users, on a terminal. */
static int
trouble(const char *what, const char *url, const char *why, const char *todo)
{
	struct kymo_buffer safe = {0};
	int status;

	kymo_escape_terminal(&safe, url);
	kymo_buffer_str(&safe, ": ");
	kymo_escape_terminal(&safe, why);
	status = kyi_trouble("%s %s%s", what, safe.failed ? "" : safe.at,
	    todo);
	kymo_buffer_free(&safe);
	return status;
}

static size_t
take(char *bytes, size_t size, size_t cnt, void *to)
{
	struct kymo_buffer *body = to;

	(void)size; /* 1, as its manual says */
	if (cnt > BODY_BYTES_MAX - body->len_bytes)
		return 0;
	kymo_buffer_add(body, bytes, cnt);
	return body->failed ? 0 : cnt;
}

static void
form_add(CURL *curl, struct kymo_buffer *form, const struct kyi_field *field)
{
	char *value = curl_easy_escape(curl, field->value,
	    (int)strlen(field->value));

	if (!value) {
		form->failed = true;
		return;
	}
	kymo_buffer_printf(form, "%s%s=%s", form->len_bytes > 0 ? "&" : "",
	    field->key, value);
	curl_free(value);
}

/* url without the / that may end it, and path. */
static void
address_make(struct kymo_buffer *address, const char *url, const char *path)
{
	size_t len_bytes = strlen(url);

	while (len_bytes > 0 && url[len_bytes - 1] == '/')
		len_bytes--;
	kymo_buffer_add(address, url, len_bytes);
	kymo_buffer_str(address, path);
}

static void
options_set(CURL *curl, const char *address, char why[CURL_ERROR_SIZE],
    struct kymo_buffer *body)
{
	curl_easy_setopt(curl, CURLOPT_URL, address);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ALL_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "kymo/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	/* What is on this machine is asked without a detour. */
	if (strncmp(address, KYI_URL_DEFAULT, strlen(KYI_URL_DEFAULT)) == 0)
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

/* What came of it, as an exit code. */
static int
ended(CURL *curl, CURLcode code, const char *url, const char *why,
    long *status)
{
	if (code == CURLE_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
		return KYI_EXIT_OK;
	}
	if (!*why)
		why = curl_easy_strerror(code);
	if (code == CURLE_COULDNT_CONNECT)
		return trouble("cannot reach kymod at", url, why,
		    "; start it (kymod, or systemctl start kymod), or say by "
		    "--url where it is");
	return trouble("cannot ask", url, why, "");
}

int
kyi_http_post(const char *url, const char *path,
    const struct kyi_field *fields, uint32_t field_cnt,
    struct kymo_buffer *body, long *status)
{
	struct kymo_buffer address = {0}, form = {0};
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;
	int result;

	kymo_buffer_str(&form, "");
	address_make(&address, url, path);
	for (uint32_t i = 0; curl && i < field_cnt; i++)
		form_add(curl, &form, &fields[i]);
	if (curl && !form.failed && !address.failed) {
		options_set(curl, address.at, why, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)form.len_bytes);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.at);
		code = curl_easy_perform(curl);
	}
	result = ended(curl, code, url, why, status);
	curl_easy_cleanup(curl);
	kymo_buffer_free(&form);
	kymo_buffer_free(&address);
	return result;
}

int
kyi_http_json(const char *url, const char *method, const char *path,
    const char *json, struct kymo_buffer *body, long *status)
{
	struct kymo_buffer address = {0};
	struct curl_slist *heads = NULL;
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;
	int result;

	address_make(&address, url, path);
	if (json)
		heads = curl_slist_append(NULL,
		    "Content-Type: application/json");
	if (curl && !address.failed && (!json || heads)) {
		options_set(curl, address.at, why, body);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
		if (json) {
			curl_easy_setopt(curl, CURLOPT_HTTPHEADER, heads);
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
		}
		code = curl_easy_perform(curl);
	}
	result = ended(curl, code, url, why, status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(heads);
	kymo_buffer_free(&address);
	return result;
}

void
kyi_http_escape(struct kymo_buffer *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));

	if (escaped)
		kymo_buffer_str(out, escaped);
	else
		out->failed = true;
	curl_free(escaped);
}

bool
kyi_http_nobody(const char *url)
{
	struct kymo_buffer body = {0};
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (curl) {
		options_set(curl, url, why, &body);
		curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
		code = curl_easy_perform(curl);
	}
	curl_easy_cleanup(curl);
	kymo_buffer_free(&body);
	return code == CURLE_COULDNT_CONNECT;
}
