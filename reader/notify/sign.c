/* SPDX-License-Identifier: MIT */
#include "reader/notify/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define PREFIX "whsec_"
#define KEY_BYTES_MAX 256u

void
kyi_base64(struct kymo_buffer *out, const void *bytes, size_t len_bytes,
    bool lines)
{
	const unsigned char *at = bytes;
	unsigned char text[80];
	size_t now_bytes;

	for (; len_bytes > 0; at += now_bytes, len_bytes -= now_bytes) {
		now_bytes = len_bytes < 57 ? len_bytes : 57;
		kymo_buffer_add(out, text, (size_t)EVP_EncodeBlock(text, at,
		    (int)now_bytes));
		if (lines)
			kymo_buffer_str(out, "\r\n");
	}
}

/* The key's bytes, how many; 0: it is none. */
static size_t
key_decode(const char *text, size_t len_bytes,
    unsigned char key[KEY_BYTES_MAX + 3])
{
	size_t prefix_bytes = sizeof(PREFIX) - 1, pad_bytes = 0;
	int got;

	if (len_bytes < prefix_bytes || strncmp(text, PREFIX, prefix_bytes) != 0)
		return 0;
	text += prefix_bytes;
	len_bytes -= prefix_bytes;
	if (len_bytes == 0 || len_bytes % 4 != 0 ||
	    len_bytes / 4 * 3 > KEY_BYTES_MAX)
		return 0;
	while (pad_bytes < 2 && text[len_bytes - 1 - pad_bytes] == '=')
		pad_bytes++;
	if (memchr(text, '=', len_bytes - pad_bytes) != NULL)
		return 0;
	got = EVP_DecodeBlock(key, (const unsigned char *)text,
	    (int)len_bytes);
	return got < 0 || (size_t)got <= pad_bytes ? 0 :
	    (size_t)got - pad_bytes;
}

int
kyi_sign(struct kymo_buffer *out, const char *secrets, const char *id,
    int64_t at_seconds, const void *body, size_t body_bytes,
    struct kymo_error *error)
{
	struct kymo_buffer signed_ = {0};
	unsigned char key[KEY_BYTES_MAX + 3], mac[EVP_MAX_MD_SIZE];
	unsigned int mac_bytes = 0;
	size_t word_bytes, key_bytes, cnt = 0;
	int status = 0;

	kymo_buffer_printf(&signed_, "%s.%lld.", id, (long long)at_seconds);
	kymo_buffer_add(&signed_, body, body_bytes);
	for (; status == 0 && *secrets != '\0'; secrets += word_bytes) {
		secrets += strspn(secrets, " ");
		word_bytes = strcspn(secrets, " ");
		if (word_bytes == 0)
			break;
		key_bytes = key_decode(secrets, word_bytes, key);
		if (key_bytes == 0) {
			status = kymo_error_set(error, "the signing secret is "
			    "not \"whsec_\" and base64");
			break;
		}
		if (signed_.failed || HMAC(EVP_sha256(), key, (int)key_bytes,
		    (const unsigned char *)signed_.at, signed_.len_bytes, mac,
		    &mac_bytes) == NULL) {
			status = kymo_error_set(error, "no memory to sign");
			break;
		}
		kymo_buffer_str(out, cnt++ == 0 ? "v1," : " v1,");
		kyi_base64(out, mac, mac_bytes, false);
	}
	OPENSSL_cleanse(key, sizeof(key));
	kymo_buffer_free(&signed_);
	return status;
}
