/* SPDX-License-Identifier: MIT */
/* What servers answer: of receivers (HTTP, SMTP), of a health check's address, of
   kymod to kymo query. A server on loopback says the input, a piece for each
   request or line that it gets (the bytes 0xFF part them), and hangs up. Whatever
   it says, the message is delivered, waits, or died, and there is a reason. The
   first byte of the input chooses who asks. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reader/health/probe.h"
#include "reader/notify/notify.h"
#include "tools/kymo_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)
#define PART 0xff

/* ---- the server --------------------------------------------------------------- */

struct server {
	int listen_fd, fd; /* one connection at a time */
	unsigned port;
	bool greets; /* says its first piece at once, as SMTP */
	const uint8_t *at, *end;
};

static void
server_make(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t address_bytes = sizeof(address);

	server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(server->listen_fd, (struct sockaddr *)&address,
	    sizeof(address)) != 0 || listen(server->listen_fd, 8) != 0 ||
	    getsockname(server->listen_fd, (struct sockaddr *)&address,
	    &address_bytes) != 0)
		abort();
	server->port = ntohs(address.sin_port);
	server->fd = -1;
	signal(SIGPIPE, SIG_IGN);
}

static void
server_close(struct server *server)
{
	/* Without a TIME_WAIT: there are not so many ports. */
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (server->fd < 0)
		return;
	setsockopt(server->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(server->fd);
	server->fd = -1;
}

/* A piece; after the last one it hangs up. */
static void
server_say(struct server *server)
{
	const uint8_t *from = server->at, *to;

	if (from == server->end) {
		shutdown(server->fd, SHUT_WR);
		return;
	}
	to = memchr(from, PART, (size_t)(server->end - from));
	if (to == NULL)
		to = server->end;
	if (to > from && write(server->fd, from, (size_t)(to - from)) < 0)
		server_close(server);
	server->at = to == server->end ? to : to + 1;
	if (server->at == server->end && server->fd >= 0)
		shutdown(server->fd, SHUT_WR);
}

static void
server_step(struct server *server)
{
	char heard[65536];
	ssize_t got;

	if (server->fd < 0) {
		server->fd = accept4(server->listen_fd, NULL, NULL,
		    SOCK_NONBLOCK);
		if (server->fd >= 0 && server->greets)
			server_say(server);
	}
	if (server->fd < 0)
		return;
	got = read(server->fd, heard, sizeof(heard));
	if (got > 0)
		server_say(server);
	else if (got == 0 || errno != EAGAIN)
		server_close(server);
}

static int64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- receivers ---------------------------------------------------------------- */

static void
event(void *of, const struct kymo_notify_event *event)
{
	unsigned *cnt = of;

	if ((event->what == KYMO_NOTIFY_FAILED ||
	    event->what == KYMO_NOTIFY_DIED) && *event->why == '\0')
		abort();
	(*cnt)++;
}

static void
add(struct kymo_outbox *outbox)
{
	static const struct kymo_label labels[] = { { "alertname", "A" } };
	const struct kymo_notify_alert alert = { .firing = true,
	    .labels = labels, .label_cnt = 1, .starts_ms = NOW_MS,
	    .value = 1, .threshold = NAN };
	const struct kymo_message message = { .receiver = "r",
	    .group_key = "g", .alerts = &alert, .alert_cnt = 1,
	    .at_ms = NOW_MS };
	struct kymo_error error;

	if (kymo_outbox_add(outbox, &message, &error) != 0)
		abort();
}

static void
deliver(struct server *server, const struct kymo_receiver *receiver)
{
	const struct kymo_outbox_options box = { .path = ":memory:" };
	struct kymo_notify_options options = { .receivers = receiver,
	    .receiver_cnt = 1, .seed = 1, .event = event };
	int64_t end_ms = real_ms() + 3000;
	struct kymo_outbox *outbox;
	struct kymo_notify *notify;
	struct kymo_error error;
	unsigned cnt = 0;

	if (kymo_outbox_open(&outbox, &box, &error) != 0)
		abort();
	options.outbox = outbox;
	options.of = &cnt;
	if (kymo_notify_new(&notify, &options, &error) != 0)
		abort();
	add(outbox);
	while (cnt == 0) {
		struct pollfd fds[] = { { kymo_notify_fd(notify), POLLIN, 0 },
		    { server->fd < 0 ? server->listen_fd : server->fd, POLLIN,
		    0 } };

		if (kymo_notify_step(notify, NOW_MS, &error) != 0 ||
		    real_ms() > end_ms)
			abort();
		server_step(server);
		if (cnt == 0)
			(void)poll(fds, 2, 1);
	}
	end_ms = real_ms() + 20000;
	kymo_notify_delete(notify);
	if (real_ms() > end_ms)
		abort(); /* it waited for somebody */
	kymo_outbox_close(outbox);
}

/* ---- a check ------------------------------------------------------------------ */

static void
looked(void *of, uint64_t ticket, const struct kymo_looked *what)
{
	unsigned *cnt = of;

	if (ticket != 1 ||
	    (what->result == KYMO_LOOK_GOOD) != (*what->reason == '\0'))
		abort();
	(*cnt)++;
}

static int
found(void *of, const char *pattern, const char *text)
{
	(void)of;
	return strstr(text, pattern) != NULL;
}

static void
check(struct server *server, char *url)
{
	char contains[] = "ok", matches[] = "o";
	const struct kymo_check check = { .kind = KYMO_CHECK_HTTP,
	    .what.text = url, .timeout_ms = 50, .status_min = 200,
	    .status_max = 299, .contains = contains, .matches.text = matches };
	unsigned cnt = 0;
	const struct kymo_probe_options options = { &cnt, looked, found };
	int64_t end_ms = real_ms() + 50;
	struct kymo_probe *probe;
	struct kymo_looked now = { .certificate_days = NAN };
	struct kymo_error error;

	if (kymo_probe_new(&probe, &options, &error) != 0)
		abort();
	if (kymo_probe_look(probe, 1, &check, &now) == 0)
		while (cnt == 0 && real_ms() < end_ms) {
			struct pollfd fd = { kymo_probe_fd(probe), POLLIN, 0 };

			kymo_probe_step(probe);
			server_step(server);
			if (cnt == 0)
				(void)poll(&fd, 1, 1);
		}
	if (cnt == 0)
		kymo_probe_give_up(probe, 1);
	kymo_probe_delete(probe);
}

/* ---- kymod's answers to kymo -------------------------------------------------- */

static void
read_answer(const char *text, size_t len_bytes)
{
	struct kyi_answer answer;
	const char **list;
	size_t bytes = 0;
	uint32_t cnt;

	if (kyi_answer_read(&answer, text, len_bytes)) {
		for (uint32_t i = 0; i < answer.series_cnt; i++) {
			bytes += strlen(answer.series[i].name);
			for (uint32_t k = 0; k < answer.series[i].point_cnt;
			    k++)
				bytes += strlen(answer.series[i].points[k].text);
		}
		if (answer.is_error && (answer.error == NULL ||
		    answer.error_type == NULL))
			abort();
	}
	kyi_answer_free(&answer);
	if (kyi_answer_texts(&answer, text, len_bytes, &list, &cnt) >= 0) {
		for (uint32_t i = 0; i < cnt && list != NULL; i++)
			bytes += strlen(list[i]);
		free(list);
	}
	kyi_answer_free(&answer);
	if (bytes > 1000 * len_bytes + 1000)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	static struct server server;
	char url[64], host[64];
	const char *to[] = { "ops@example.org" };
	struct kymo_receiver receiver = { .name = "r", .private_ok = true,
	    .url = url, .timeout_ms = 50, .smarthost = host,
	    .from = "kymo@example.org", .to = to, .to_cnt = 1,
	    .mail_tls = KYMO_MAIL_PLAIN };

	if (server.port == 0)
		server_make(&server);
	if (len_bytes == 0)
		return 0;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", server.port);
	snprintf(host, sizeof(host), "127.0.0.1:%u", server.port);
	server.at = bytes + 1;
	server.end = bytes + len_bytes;
	server.greets = *bytes == 'e';
	if (*bytes == 'j')
		read_answer((const char *)bytes + 1, len_bytes - 1);
	else if (*bytes == 'h')
		check(&server, url);
	else if (strchr("ewsa", *bytes) != NULL && *bytes != '\0') {
		receiver.kind = *bytes == 'e' ? KYMO_RECEIVER_EMAIL :
		    *bytes == 's' ? KYMO_RECEIVER_SLACK : *bytes == 'a' ?
		    KYMO_RECEIVER_ALERTMANAGER : KYMO_RECEIVER_WEBHOOK;
		deliver(&server, &receiver);
	}
	server_close(&server);
	return 0;
}
