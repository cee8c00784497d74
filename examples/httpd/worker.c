/* SPDX-License-Identifier: MIT */
/* Connections. Every request is counted, timed and logged before the last byte
   of its answer is sent: what a client has whole has been counted. */
#define _GNU_SOURCE
#define KYMO_COMPONENT "http"
#include <kymo.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd.h"

KYMO_COUNTER_FAMILY(requests, "http_requests_total", "Requests answered",
    "method", "route", "code");
KYMO_TIMER_FAMILY(duration, "http_request_duration_seconds",
    "Time from a whole request to its answer", "route");
KYMO_HISTOGRAM(request_size, "http_request_size_bytes", "Size of requests");
KYMO_HISTOGRAM(response_size, "http_response_size_bytes", "Size of answers");
KYMO_UPDOWN(connections, "http_connections_in_flight", "Open connections");
KYMO_COUNTER(refused, "http_bad_requests_total",
    "Connections closed since what came was no request");
KYMO_SPAN_NAME(handle, "handle request");

#define IN_BYTES (HTTPD_HEAD_BYTES_MAX + HTTPD_BODY_BYTES_MAX)
#define OUT_BYTES (HTTPD_BODY_BYTES_MAX + 512u)

struct connection {
	int fd;
	size_t in_bytes, out_bytes, sent_bytes;
	bool closing;
	char *in, *out;
};

static volatile bool stopping;

void
httpd_stop(void)
{
	stopping = true;
}

/* Labels that clients cannot make up: a method that we do not know is one. */
static const char *
method_label(const char *method)
{
	static const char *const known[] = {"GET", "POST", "HEAD", "PUT", "DELETE"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(method, known[i]) == 0)
			return known[i];
	return "other";
}

static void
record(const struct request *request, const struct response *response,
    size_t in_bytes, uint64_t start_ns)
{
	uint64_t took_ns = kymo_now_ns() - start_ns;
	char code[12];

	snprintf(code, sizeof(code), "%d", response->code);
	kymo_counter_inc(KYMO_AT(counter, requests,
	    method_label(request->method), response->route, code));
	kymo_timer_record(KYMO_AT(timer, duration, response->route), took_ns);
	kymo_histogram_record(request_size, in_bytes);
	kymo_histogram_record(response_size, response->body_bytes);
	if (response->code >= 400)
		KYMO_LOG(KYMO_WARN, "%s %s: %d", request->method,
		    request->path, response->code);
	httpd_log_line(request, response, took_ns);
}

/* Answers one request into the connection's output. */
static void
answer(struct connection *c, const struct request *request, size_t in_bytes)
{
	static __thread char body[HTTPD_BODY_BYTES_MAX];
	struct response response = {.body = body};
	uint64_t start_ns = kymo_now_ns();
	struct kymo_trace parent;
	struct kymo_span span;
	int n;

	kymo_trace_parse(&parent, request->traceparent);
	kymo_span_begin(&span, handle, parent.span_id ? &parent : NULL);
	httpd_answer(&response, request);
	n = snprintf(c->out, OUT_BYTES, "HTTP/1.1 %d %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
	    response.code, response.code < 400 ? "OK" : "No", response.type,
	    response.body_bytes, request->keep_alive ? "" :
	    "Connection: close\r\n");
	c->out_bytes = (size_t)n;
	c->sent_bytes = 0;
	if (strcmp(request->method, "HEAD") != 0) {
		memcpy(c->out + n, body, response.body_bytes);
		c->out_bytes += response.body_bytes;
	}
	c->closing = !request->keep_alive;
	record(request, &response, in_bytes, start_ns);
	kymo_span_end(&span, response.code < 500 ? KYMO_SPAN_OK :
	    KYMO_SPAN_ERROR);
}

static void
hang_up(struct connection *c)
{
	close(c->fd);
	free(c->in);
	free(c->out);
	free(c);
	kymo_updown_add(connections, -1);
}

/* Sends what is left. False: the connection is done. */
static bool
send_rest(struct connection *c)
{
	while (c->sent_bytes < c->out_bytes) {
		ssize_t n = send(c->fd, c->out + c->sent_bytes,
		    c->out_bytes - c->sent_bytes, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		c->sent_bytes += (size_t)n;
	}
	return !c->closing;
}

/* Answers all whole requests that are there, one after another: a pipelined
   one waits until the answer before it is sent. False: done with it. */
static bool
serve_input(struct connection *c)
{
	struct request request;
	long taken;

	while (c->sent_bytes == c->out_bytes && c->in_bytes > 0) {
		taken = httpd_parse(&request, c->in, c->in_bytes);
		if (taken < 0) {
			kymo_counter_inc(refused);
			return false;
		}
		if (taken == 0)
			return true;
		answer(c, &request, (size_t)taken);
		c->in_bytes -= (size_t)taken;
		memmove(c->in, c->in + taken, c->in_bytes);
		if (!send_rest(c))
			return false;
	}
	return true;
}

/* An event of a connection: read and answer until nothing is left to read, or
   the client must take its answers first. False: it is done. */
static bool
serve(struct connection *c)
{
	bool empty = false;

	if (c->sent_bytes < c->out_bytes && !send_rest(c))
		return false;
	while (!empty && c->in_bytes < IN_BYTES) {
		ssize_t n = recv(c->fd, c->in + c->in_bytes,
		    IN_BYTES - c->in_bytes, 0);

		empty = n < 0 && errno == EAGAIN;
		if (!empty && n <= 0)
			return false;
		c->in_bytes += empty ? 0 : (size_t)n;
		if (!serve_input(c))
			return false;
	}
	return serve_input(c);
}

static void
welcome(int epoll_fd, int listen_fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	struct connection *c;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (c != NULL) {
		c->in = malloc(IN_BYTES);
		c->out = malloc(OUT_BYTES);
	}
	kymo_updown_add(connections, 1);
	if (c == NULL || c->in == NULL || c->out == NULL) {
		close(fd);
		kymo_updown_add(connections, -1);
		return;
	}
	c->fd = fd;
	event.data.ptr = c;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		hang_up(c);
}

void
httpd_serve(int listen_fd)
{
	struct epoll_event events[64], event = {
		.events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.ptr = NULL,
	};
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event);
	while (!stopping) {
		int cnt = epoll_wait(epoll_fd, events, 64, 0);

		if (cnt == 0) { /* quiet: the log shall be complete */
			httpd_log_flush();
			cnt = epoll_wait(epoll_fd, events, 64, 500);
			kymo_heartbeat();
		}
		for (int i = 0; i < cnt; i++) {
			struct connection *c = events[i].data.ptr;

			if (c == NULL)
				welcome(epoll_fd, listen_fd);
			else if (!serve(c))
				hang_up(c);
		}
	}
	httpd_log_flush();
	close(epoll_fd);
}
