/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define KYMO_COMPONENT "http"
#include <kymo.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd.h"

KYMO_UPDOWN(connections, "http_connections_in_flight", "Open connections");
KYMO_COUNTER(accepted, "http_connections_total", "Connections accepted");
KYMO_HEALTH(health, "http_health", "Whether connections can be accepted");

#define IN_BYTES (HTTPD_HEAD_BYTES_MAX + HTTPD_BODY_BYTES_MAX)
#define HEAD_ROOM_BYTES 256u /* for the head of an answer, before its body */
#define OUT_BYTES (HEAD_ROOM_BYTES + HTTPD_BODY_BYTES_MAX)
#define WAIT_MS 500
#define EVENT_CNT 64

struct connection {
	int fd;
	bool closing;
	bool answering; /* the answer to *request is still in out */
	struct request request;
	struct response response;
	size_t in_at, in_end;
	size_t out_at, out_end;
	struct connection *next, **link; /* of this thread's */
	char in[IN_BYTES];
	char out[OUT_BYTES];
};

/* ---- one connection ----------------------------------------------------- */

/* Puts the head before the body, which is there already. */
static void
make_answer(struct connection *c)
{
	const struct response *response = &c->response;
	char head[HEAD_ROOM_BYTES];
	size_t len = (size_t)snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
	    response->code, httpd_reason(response->code), response->type,
	    response->body_bytes, c->closing ? "Connection: close\r\n" : "");

	c->out_at = HEAD_ROOM_BYTES - len;
	memcpy(c->out + c->out_at, head, len);
	c->out_end = HEAD_ROOM_BYTES;
	if (strcmp(c->request.method, "HEAD") != 0)
		c->out_end += response->body_bytes;
	c->answering = true;
}

/* Sends what is left of an answer. False: the client is gone. */
static bool
send_answer(struct connection *c)
{
	ssize_t n;

	while (c->out_at < c->out_end) {
		n = send(c->fd, c->out + c->out_at, c->out_end - c->out_at,
		    MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		c->out_at += (size_t)n;
	}
	if (c->answering)
		httpd_log_line(&c->request, &c->response, true);
	c->answering = false;
	return true;
}

/* Reads more. False: there is no more, for now (EAGAIN) or for ever. */
static bool
receive(struct connection *c)
{
	ssize_t n;

	memmove(c->in, c->in + c->in_at, c->in_end - c->in_at);
	c->in_end -= c->in_at;
	c->in_at = 0;
	n = recv(c->fd, c->in + c->in_end, IN_BYTES - c->in_end, 0);
	if (n == 0)
		errno = ECONNRESET;
	c->in_end += n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Answers what has come, one request after another: a pipelined one waits until
   the answer before it is sent. False: the connection is done. */
static bool
serve(struct connection *c)
{
	long taken;

	for (;;) {
		if (!send_answer(c))
			return false;
		if (c->answering)
			return true; /* until the client takes more */
		if (c->closing)
			return false;
		taken = httpd_parse(&c->request, c->in + c->in_at,
		    c->in_end - c->in_at);
		if (taken == 0) {
			if (!receive(c))
				return errno == EAGAIN;
			continue;
		}
		c->response.body = c->out + HEAD_ROOM_BYTES;
		c->closing = !c->request.keep_alive;
		if (taken > 0)
			httpd_answer(&c->response, &c->request);
		else
			httpd_refuse(&c->response, &c->request, (int)-taken);
		make_answer(c);
		c->in_at += taken > 0 ? (size_t)taken : 0;
	}
}

/* ---- all connections of a thread ---------------------------------------- */

static void
hang_up(struct connection *c)
{
	if (c->answering)
		httpd_log_line(&c->request, &c->response, false);
	close(c->fd);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	free(c);
	kymo_updown_add(connections, -1);
}

static void
welcome(int epoll_fd, int listen_fd, struct connection **first)
{
	int on = 1, fd = accept4(listen_fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE) {
			KYMO_LOG(KYMO_ERROR, "no file descriptor to accept");
			kymo_health_report(health, KYMO_HEALTH_DEGRADED,
			    "out of file descriptors", 10000);
		}
		return;
	}
	c = malloc(sizeof(*c));
	if (c == NULL) {
		close(fd);
		return;
	}
	memset(c, 0, offsetof(struct connection, in));
	c->fd = fd;
	c->next = *first;
	c->link = first;
	if (c->next != NULL)
		c->next->link = &c->next;
	*first = c;
	kymo_counter_inc(accepted);
	kymo_updown_add(connections, 1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &(struct epoll_event){
		.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c}) != 0)
		hang_up(c);
}

/* Waits for events. The log is complete whenever there is nothing to do. */
static int
wait_for_events(int epoll_fd, struct epoll_event events[EVENT_CNT])
{
	int cnt = epoll_wait(epoll_fd, events, EVENT_CNT, 0);

	if (cnt == 0) {
		httpd_log_flush();
		cnt = epoll_wait(epoll_fd, events, EVENT_CNT, WAIT_MS);
	}
	kymo_heartbeat();
	return cnt;
}

void
httpd_serve(int listen_fd, int signal_fd)
{
	/* Of these two only the addresses matter. */
	static char listening, signalled;
	struct epoll_event events[EVENT_CNT];
	struct connection *first = NULL;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	bool stopping = false;

	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &(struct epoll_event){
	    .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &listening});
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &(struct epoll_event){
	    .events = EPOLLIN, .data.ptr = &signalled});
	kymo_health_report(health, KYMO_HEALTH_OK, "listening", 0);
	while (!stopping) {
		int cnt = wait_for_events(epoll_fd, events);

		for (int i = 0; i < cnt; i++) {
			void *c = events[i].data.ptr;

			if (c == &signalled)
				stopping = true;
			else if (c == &listening)
				welcome(epoll_fd, listen_fd, &first);
			else if (!serve(c))
				hang_up(c);
		}
	}
	while (first != NULL)
		hang_up(first);
	httpd_log_flush();
	close(epoll_fd);
}
