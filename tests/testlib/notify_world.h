/* SPDX-License-Identifier: MIT */
/* An outbox, a notifier and an HTTP sink on loopback, all in this thread and
   with a clock that the test sets. */
#ifndef TESTS_TESTLIB_NOTIFY_WORLD_H
#define TESTS_TESTLIB_NOTIFY_WORLD_H

#include "tests/testlib/testlib.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "reader/notify/notify.h"

#define WORLD_CLIENTS 16
#define WORLD_REQUEST_BYTES 262144
#define WORLD_NOW_MS INT64_C(1767323045678)

struct world;

struct world_client {
	int fd;
	size_t len_bytes;
	char text[WORLD_REQUEST_BYTES];
};

struct world {
	struct kymo_outbox *outbox;
	struct kymo_notify *notify;
	int64_t now_ms;
	/* The sink. answer gets a whole request and returns what is sent: a
	   whole answer; NULL: the connection is cut. */
	int listen_fd;
	char url[64];
	struct world_client *clients;
	const char *(*answer)(struct world *world, const char *request);
	const char *says; /* what answer_says returns */
	uint32_t connect_cnt, request_cnt;
	char *last; /* the last request */
	/* Events, and what the test makes of them. */
	uint32_t event_cnt[KYMO_NOTIFY_CLOSED + 1];
	char why[400];
	int64_t again_ms;
};

#define WORLD_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

TESTLIB_UNUSED static const char *
answer_says(struct world *world, const char *request)
{
	return world->says;
}

static void
world_event(void *of, const struct kymo_notify_event *event)
{
	struct world *world = of;

	world->event_cnt[event->what]++;
	snprintf(world->why, sizeof(world->why), "%s", event->why);
	world->again_ms = event->again_ms;
}

static int64_t
world_real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

TESTLIB_UNUSED static void
world_begin(struct world *world, const struct kymo_outbox_options *options)
{
	static const struct kymo_outbox_options plain = { .bytes_max = 0 };
	struct kymo_outbox_options box = options == NULL ? plain : *options;
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t address_bytes = sizeof(address);
	struct kymo_error error;

	memset(world, 0, sizeof(*world));
	world->now_ms = WORLD_NOW_MS;
	world->answer = answer_says;
	world->says = WORLD_OK;
	world->clients = calloc(WORLD_CLIENTS, sizeof(*world->clients));
	assert_non_null(world->clients);
	for (int i = 0; i < WORLD_CLIENTS; i++)
		world->clients[i].fd = -1;
	world->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world->listen_fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	assert_int_equal(listen(world->listen_fd, 16), 0);
	assert_int_equal(getsockname(world->listen_fd,
	    (struct sockaddr *)&address, &address_bytes), 0);
	snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%u/hook",
	    ntohs(address.sin_port));
	if (box.path == NULL)
		box.path = testlib_path("outbox.db");
	if (kymo_outbox_open(&world->outbox, &box, &error) != 0)
		fail_msg("%s", error.text);
}

TESTLIB_UNUSED static void
world_notify(struct world *world, const struct kymo_receiver *receivers,
    uint32_t receiver_cnt)
{
	const struct kymo_notify_options options = { .outbox = world->outbox,
	    .receivers = receivers, .receiver_cnt = receiver_cnt, .seed = 1,
	    .event = world_event, .of = world };
	struct kymo_error error;

	if (kymo_notify_new(&world->notify, &options, &error) != 0)
		fail_msg("%s", error.text);
}

TESTLIB_UNUSED static void
world_end(struct world *world)
{
	kymo_notify_delete(world->notify);
	kymo_outbox_close(world->outbox);
	for (int i = 0; i < WORLD_CLIENTS; i++)
		if (world->clients[i].fd >= 0)
			close(world->clients[i].fd);
	close(world->listen_fd);
	free(world->clients);
	free(world->last);
}

static void
world_request(struct world *world, struct world_client *client)
{
	const char *answer;

	world->request_cnt++;
	free(world->last);
	world->last = strdup(client->text);
	assert_non_null(world->last);
	answer = world->answer(world, world->last);
	client->len_bytes = 0;
	if (answer == NULL) {
		close(client->fd);
		client->fd = -1;
		return;
	}
	assert_int_equal(write(client->fd, answer, strlen(answer)),
	    (ssize_t)strlen(answer));
}

static void
world_client_step(struct world *world, struct world_client *client)
{
	ssize_t got = read(client->fd, client->text + client->len_bytes,
	    WORLD_REQUEST_BYTES - 1 - client->len_bytes);
	const char *head_end, *length;

	if (got == 0) {
		close(client->fd);
		client->fd = -1;
		client->len_bytes = 0;
	}
	if (got <= 0)
		return;
	client->len_bytes += (size_t)got;
	client->text[client->len_bytes] = '\0';
	head_end = strstr(client->text, "\r\n\r\n");
	length = strstr(client->text, "Content-Length: ");
	if (head_end == NULL || length == NULL || client->len_bytes <
	    (size_t)(head_end + 4 - client->text) +
	    strtoul(length + strlen("Content-Length: "), NULL, 10))
		return;
	world_request(world, client);
}

static void
world_sink_step(struct world *world)
{
	for (int i = 0; i < WORLD_CLIENTS; i++) {
		struct world_client *client = &world->clients[i];

		if (client->fd < 0) {
			client->fd = accept4(world->listen_fd, NULL, NULL,
			    SOCK_NONBLOCK);
			world->connect_cnt += client->fd >= 0;
		}
		if (client->fd >= 0)
			world_client_step(world, client);
	}
}

/* Both step until the event has come so often (or a minute is over). */
TESTLIB_UNUSED static void
world_until(struct world *world, enum kymo_notify_what what, uint32_t cnt)
{
	int64_t end_ms = world_real_ms() + 60000;
	struct kymo_error error;

	while (world->event_cnt[what] < cnt) {
		struct pollfd fd = { .fd = kymo_notify_fd(world->notify),
		    .events = POLLIN };

		if (kymo_notify_step(world->notify, world->now_ms, &error) !=
		    0)
			fail_msg("%s", error.text);
		world_sink_step(world);
		if (world->event_cnt[what] < cnt)
			poll(&fd, 1, 1);
		if (world_real_ms() > end_ms)
			fail_msg("event %d did not come %u times; %s",
			    (int)what, cnt, world->why);
	}
}

/* One step, of which nothing should come. */
TESTLIB_UNUSED static void
world_step(struct world *world)
{
	struct kymo_error error;

	assert_int_equal(kymo_notify_step(world->notify, world->now_ms,
	    &error), 0);
	world_sink_step(world);
}

/* A message of one alert. */
TESTLIB_UNUSED static int
world_add(struct world *world, const char *group, const char *name,
    bool firing)
{
	const struct kymo_label labels[] = { { "alertname", name } };
	const struct kymo_notify_alert alert = { .firing = firing,
	    .labels = labels, .label_cnt = 1, .starts_ms = world->now_ms,
	    .ends_ms = firing ? 0 : world->now_ms, .value = 1,
	    .threshold = NAN };
	const struct kymo_message message = { .receiver = "hook",
	    .group_key = group, .alerts = &alert, .alert_cnt = 1,
	    .at_ms = world->now_ms };
	struct kymo_error error = {{0}};
	int status = kymo_outbox_add(world->outbox, &message, &error);

	if (status < 0)
		fail_msg("%s", error.text);
	return status;
}

TESTLIB_UNUSED static struct kymo_outbox_stats
world_stats(struct world *world)
{
	struct kymo_outbox_stats stats;
	struct kymo_error error;

	if (kymo_outbox_stats(world->outbox, &stats, &error) != 0)
		fail_msg("%s", error.text);
	return stats;
}

#endif
