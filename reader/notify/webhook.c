/* SPDX-License-Identifier: MIT */
/* Webhooks: the stored body as it is, signed if so configured. */
#include "reader/notify/send.h"

#include <stdio.h>

#include "reader/notify/secret.h"
#include "reader/notify/sign.h"

static int
payload(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	kymo_buffer_str(out, send->letter.body);
	return out->failed ? kymo_error_set(error, "no memory for a message") :
	    0;
}

static int
sign(struct kyi_send *send, struct kyi_leg *leg, struct kymo_error *error)
{
	int64_t seconds = send->now_ms / 1000;
	struct kymo_buffer value = {0};
	char text[32];
	char *secrets;
	int status;

	if (kyi_secret_read(&secrets, &send->receiver->signing,
	    "signing secret", error) != 0)
		return -1;
	if (secrets == NULL)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)seconds);
	status = kyi_sign(&value, secrets, send->letter.id, seconds,
	    send->letter.payload, send->letter.payload_bytes, error);
	kyi_secret_wipe(secrets);
	if (status == 0 && (value.failed ||
	    kyi_http_header(leg, "webhook-timestamp", text) != 0 ||
	    kyi_http_header(leg, "webhook-signature", value.at) != 0))
		status = kymo_error_set(error, "no memory to sign");
	kymo_buffer_free(&value);
	return status;
}

static int
setup(struct kyi_send *send, struct kymo_error *error)
{
	struct kyi_leg *leg;

	if (kyi_leg_begin(send, NULL, "https,http", error) != 0)
		return -1;
	leg = &send->legs[0];
	if (kyi_http_header(leg, "webhook-id", send->letter.id) != 0)
		return kymo_error_set(error, "no memory for a message");
	if (sign(send, leg, error) != 0)
		return -1;
	return kyi_http_post(send, leg, "application/json", error);
}

const struct kyi_channel kyi_channel_webhook = {
    .check = kyi_http_check, .payload = payload, .setup = setup };
