/* SPDX-License-Identifier: MIT */
/* Sends two messages, one that fires and one that is resolved, to a receiver:

	notify_main DATABASE KIND WHERE [KEY=VALUE..]

   KIND: webhook, slack, alertmanager, email. WHERE: a URL, or host:port.
   KEY: to, from, user, password_file, ca, tls (starttls, only, plain),
   bearer_file, cert, key, proxy, public (yes), name (of the alert), fires
   (only: no second message), seconds (before it gives up). Prints the alert's
   fingerprint and what happens, a line each; exits 0 when both
   were delivered, 3 when one died, 4 when time was over. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/notify/notify.h"

static struct kymo_error error;
static uint32_t delivered_cnt, died_cnt;

static void
die(void)
{
	fprintf(stderr, "notify_main: %s\n", error.text);
	exit(1);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
event(void *of, const struct kymo_notify_event *happened)
{
	static const char *const names[] = { "delivered", "failed", "died",
	    "open", "closed" };

	(void)of;
	printf("%s %s %s\n", names[happened->what], happened->id,
	    happened->why);
	delivered_cnt += happened->what == KYMO_NOTIFY_DELIVERED;
	died_cnt += happened->what == KYMO_NOTIFY_DIED;
}

static void
add(struct kymo_outbox *outbox, const char *name, bool firing)
{
	const struct kymo_label labels[] = { { "alertname", name },
	    { "path", "/a<b>&\"c\"" }, { "service", "sh\xc3\xb6p" } };
	const struct kymo_label notes[] = { { "summary",
	    "requests are slow\r\nBcc: evil@example.com" } };
	struct kymo_notify_point points[120];
	const struct kymo_notify_quantile quantiles[] = { { 0.99, 1.25, NULL } };
	const struct kymo_notify_detail detail = { .unit = "seconds",
	    .points = points, .point_cnt = 120, .quantiles = quantiles,
	    .quantile_cnt = 1, .process = "shop, pid 4242: alive",
	    .runbook_url = "https://example.com/runbook" };
	const struct kymo_notify_alert alert = { .firing = firing,
	    .labels = labels, .label_cnt = 3, .annotations = notes,
	    .annotation_cnt = 1, .starts_ms = now_ms() - 60000,
	    .ends_ms = firing ? 0 : now_ms(), .value = 1.5, .threshold = 1,
	    .generator_url = "http://localhost:9464/" };
	const struct kymo_message message = { .receiver = "r",
	    .group_key = "g", .alerts = &alert, .alert_cnt = 1,
	    .group_labels = labels + 2, .group_label_cnt = 1,
	    .external_url = "http://localhost:9464", .at_ms = now_ms(),
	    .detail = &detail };

	for (int i = 0; i < 120; i++)
		points[i] = (struct kymo_notify_point){ now_ms() -
		    (120 - i) * 1000, 0.6 + 0.5 * sin(i / 9.0) + i / 150.0 };
	printf("fingerprint %016" PRIx64 "\n",
	    kymo_notify_fingerprint(labels, 3));
	if (kymo_outbox_add(outbox, &message, &error) != 0)
		die();
}

static const char *to[8], *name = "Sl\xc3\xb6w";
static double seconds = 20;
static uint32_t message_cnt = 2;

static void
option(struct kymo_receiver *receiver, char *word)
{
	char *value = strchr(word, '=');

	if (value == NULL)
		exit(2);
	*value++ = '\0';
	if (strcmp(word, "to") == 0 && receiver->to_cnt < 8)
		to[receiver->to_cnt++] = value;
	else if (strcmp(word, "from") == 0)
		receiver->from = value;
	else if (strcmp(word, "user") == 0)
		receiver->user = value;
	else if (strcmp(word, "password_file") == 0)
		receiver->password.file = value;
	else if (strcmp(word, "bearer_file") == 0)
		receiver->bearer.file = value;
	else if (strcmp(word, "ca") == 0)
		receiver->ca_file = value;
	else if (strcmp(word, "cert") == 0)
		receiver->cert_file = value;
	else if (strcmp(word, "key") == 0)
		receiver->key_file = value;
	else if (strcmp(word, "proxy") == 0)
		receiver->proxy = value;
	else if (strcmp(word, "public") == 0)
		receiver->private_ok = false;
	else if (strcmp(word, "name") == 0)
		name = value;
	else if (strcmp(word, "seconds") == 0)
		seconds = atof(value);
	else if (strcmp(word, "fires") == 0)
		message_cnt = 1;
	else if (strcmp(word, "tls") == 0)
		receiver->mail_tls = *value == 'o' ? KYMO_MAIL_TLS_ONLY :
		    *value == 'p' ? KYMO_MAIL_PLAIN : KYMO_MAIL_STARTTLS;
	else
		exit(2);
}

static int
loop(struct kymo_notify *notify)
{
	int64_t end_ms = now_ms() + (int64_t)(seconds * 1000);

	while (delivered_cnt + died_cnt < message_cnt) {
		struct pollfd fd = { .fd = kymo_notify_fd(notify),
		    .events = POLLIN };
		int64_t wait_ms;

		if (kymo_notify_step(notify, now_ms(), &error) != 0)
			die();
		if (now_ms() > end_ms)
			return 4;
		wait_ms = kymo_notify_next_ms(notify, now_ms()) - now_ms();
		wait_ms = wait_ms > 100 ? 100 : wait_ms < 0 ? 0 : wait_ms;
		if (poll(&fd, 1, (int)wait_ms) < 0 && errno != EINTR)
			return 1;
	}
	return died_cnt > 0 ? 3 : 0;
}

int
main(int argc, char **argv)
{
	static const char *const kinds[] = { "webhook", "slack",
	    "alertmanager", "email" };
	const struct kymo_outbox_options box = { .path = argv[1] };
	struct kymo_receiver receiver = { .name = "r", .private_ok = true,
	    .to = to, .per_second = 100, .burst = 2 };
	struct kymo_notify_options options = { .receivers = &receiver,
	    .receiver_cnt = 1, .backoff_min_ms = 100, .backoff_max_ms = 400,
	    .event = event };
	struct kymo_notify *notify;
	int i, status;

	if (argc < 4)
		return 2;
	for (i = 0; i < 4; i++)
		if (strcmp(argv[2], kinds[i]) == 0)
			receiver.kind = (enum kymo_receiver_kind)i;
	receiver.url = argv[3];
	receiver.smarthost = argv[3];
	for (i = 4; i < argc; i++)
		option(&receiver, argv[i]);
	if (kymo_outbox_open(&options.outbox, &box, &error) != 0)
		die();
	if (kymo_notify_new(&notify, &options, &error) != 0)
		die();
	add(options.outbox, name, true);
	if (message_cnt == 2)
		add(options.outbox, name, false);
	status = loop(notify);
	kymo_notify_delete(notify);
	kymo_outbox_close(options.outbox);
	return status;
}
