/* SPDX-License-Identifier: MIT */
/* Webhooks: the stored body as it is, signed if so configured. */
#include "reader/notify/send.h"

#include <stdio.h>

#include "reader/notify/body.h"
#include "reader/notify/message.h"
#include "reader/notify/secret.h"
#include "reader/notify/sign.h"

/* As Alertmanager's max_alerts: the rest is a number. */
static int
alerts_cut(json_t *message, uint32_t max)
{
	json_t *alerts = json_object_get(message, "alerts");
	size_t cnt = json_array_size(alerts);

	if (max == 0 || cnt <= max)
		return 0;
	while (json_array_size(alerts) > max)
		json_array_remove(alerts, json_array_size(alerts) - 1);
	return json_object_set_new(message, "truncatedAlerts",
	    json_integer((json_int_t)(cnt - max)));
}

/* Where a template fails, its receiver's configuration is what is wrong: it is
   tried again. */
static int
body_make(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	json_t *message = json_loads(send->letter.body, 0, NULL);
	struct kymo_error why = {""};
	int status;

	if (message == NULL || alerts_cut(message, receiver->alerts_max) != 0) {
		json_decref(message);
		return kymo_error_set(error, "no memory for a message");
	}
	if (receiver->body == NULL)
		status = kyi_json_put(out, message);
	else
		status = kyi_template_make(receiver->templates,
		    receiver->body, KYMO_TEMPLATE_JSON, message, out, &why);
	json_decref(message);
	return status == 0 ? 0 : kymo_error_set(error, "the template of its "
	    "body: %s", why.text);
}

static int
check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	struct kymo_error why = {""};

	if (receiver->body != NULL && kyi_template_try(receiver->templates,
	    receiver->body, KYMO_TEMPLATE_JSON, &why) != 0)
		return kymo_error_set(error, "receiver %s: the template of "
		    "its body: %s", receiver->name, why.text);
	return kyi_http_check(receiver, error);
}

static int
payload(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	if (send->receiver->body != NULL || send->receiver->alerts_max > 0)
		return body_make(send, out, error);
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
	return kyi_http_send(send, leg, "application/json", error);
}

const struct kyi_channel kyi_channel_webhook = {
    .check = check, .payload = payload, .setup = setup };
