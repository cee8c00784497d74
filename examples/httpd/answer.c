/* SPDX-License-Identifier: MIT */
#define KYMO_COMPONENT "http"
#include <kymo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd.h"

KYMO_COUNTER_FAMILY(requests, "http_requests_total", "Requests answered",
    "method", "route", "code");
KYMO_TIMER_FAMILY(duration, "http_request_duration_seconds",
    "Time to make an answer", "route");
KYMO_HISTOGRAM(request_size, "http_request_size_bytes", "Size of requests");
KYMO_HISTOGRAM(response_size, "http_response_size_bytes",
    "Size of the bodies of answers");
KYMO_SPAN_NAME(handle, "handle request");

static void
say(struct response *response, int code, const char *text)
{
	response->code = code;
	response->body_bytes = strlen(text);
	memcpy(response->body, text, response->body_bytes);
}

/* ---- routes ------------------------------------------------------------- */

static void
home(struct response *response, const struct request *request)
{
	(void)request;
	say(response, 200, "a small server: /items/ID, /slow, POST /echo\n");
}

static void
item(struct response *response, const struct request *request)
{
	const char *digits = request->path + strlen("/items/");
	size_t len = strlen(digits);

	if (len == 0 || len > 6 || strspn(digits, "0123456789") != len) {
		say(response, 404, "an item's ID is a number of six digits\n");
		return;
	}
	response->type = "application/json";
	response->body_bytes = httpd_item(response->body, HTTPD_BODY_BYTES_MAX,
	    (unsigned)strtoul(digits, NULL, 10));
}

/* Waits 2 ms, and for each tenth request 20. */
static void
slow(struct response *response, const struct request *request)
{
	static __thread unsigned turn;
	struct timespec a_while = {
		.tv_nsec = (++turn % 10 == 0 ? 20 : 2) * 1000000,
	};

	(void)request;
	nanosleep(&a_while, NULL);
	say(response, 200, "that took a while\n");
}

static void
echo(struct response *response, const struct request *request)
{
	response->type = "application/octet-stream";
	response->body_bytes = request->body_bytes;
	memcpy(response->body, request->body, request->body_bytes);
}

static void
nothing(struct response *response, const struct request *request)
{
	(void)request;
	say(response, 404, "there is nothing here\n");
}

/* The series that nearly all requests belong to are looked up here, before
   main; what else there is, when it comes (lookup costs some 20 ns). */
static struct route {
	const char *path; /* with "/" at its end: and all below it */
	const char *label;
	const char *method;
	void (*answer)(struct response *to, const struct request *request);
	struct kymo_counter requests_200;
	struct kymo_timer duration;
} routes[] = {
	{.path = "/", .label = "/", .method = "GET", .answer = home},
	{.path = "/items/", .label = "/items/ID", .method = "GET",
	    .answer = item},
	{.path = "/slow", .label = "/slow", .method = "GET", .answer = slow},
	{.path = "/echo", .label = "/echo", .method = "POST", .answer = echo},
	/* Paths that clients make up must not become labels. */
	{.path = NULL, .label = "other", .method = "", .answer = nothing},
};
#define ROUTE_CNT (sizeof(routes) / sizeof(*routes))

__attribute__((constructor)) static void
find_series(void)
{
	for (size_t i = 0; i < ROUTE_CNT; i++) {
		struct route *route = &routes[i];

		if (route->path != NULL)
			route->requests_200 = KYMO_AT(counter, requests,
			    route->method, route->label, "200");
		route->duration = KYMO_AT(timer, duration, route->label);
	}
}

static const struct route *
find_route(const char *path)
{
	const struct route *route;

	for (route = routes; route->path != NULL; route++) {
		size_t len = strlen(route->path);

		if (len > 1 && route->path[len - 1] == '/' ?
		    strncmp(path, route->path, len) == 0 :
		    strcmp(path, route->path) == 0)
			break;
	}
	return route;
}

static bool
is_allowed(const struct route *route, const char *method)
{
	return route->path == NULL || strcmp(method, route->method) == 0 ||
	    (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* ---- counting ----------------------------------------------------------- */

static const char *
method_label(const char *method)
{
	static const char *const known[] = {
		"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(method, known[i]) == 0)
			return known[i];
	return "other";
}

static void
count(const struct route *route, const struct request *request,
    const struct response *response)
{
	char code[12];

	if (response->code == 200 &&
	    strcmp(request->method, route->method) == 0) {
		kymo_counter_inc(route->requests_200);
	} else {
		snprintf(code, sizeof(code), "%d", response->code);
		kymo_counter_inc(KYMO_AT(counter, requests,
		    method_label(request->method), route->label, code));
	}
	kymo_timer_record(route->duration, response->took_ns);
	kymo_histogram_record(request_size, request->len_bytes);
	kymo_histogram_record(response_size, response->body_bytes);
	if (response->code >= 400)
		KYMO_LOG(KYMO_WARN, "%d: %s %s", response->code,
		    request->method, request->path);
}

void
httpd_answer(struct response *response, const struct request *request)
{
	const struct route *route = find_route(request->path);
	uint64_t start_ns = httpd_now_ns();
	struct kymo_trace caller = {0};
	struct kymo_span span;

	/* The caller's trace goes on here, if it sent one. */
	kymo_trace_parse(&caller, request->traceparent);
	kymo_span_begin(&span, handle, caller.span_id != 0 ? &caller : NULL);
	response->code = 200;
	response->type = "text/plain";
	response->route = route->label;
	if (is_allowed(route, request->method))
		route->answer(response, request);
	else
		say(response, 405, "not by this method\n");
	response->took_ns = httpd_now_ns() - start_ns;
	count(route, request, response);
	kymo_span_end(&span, response->code < 400 ? KYMO_SPAN_OK :
	    KYMO_SPAN_ERROR);
}

void
httpd_refuse(struct response *response, const struct request *request, int code)
{
	const struct route *route = &routes[ROUTE_CNT - 1];

	response->type = "text/plain";
	response->route = route->label;
	response->took_ns = 0;
	say(response, code, "that is no request that this server knows\n");
	count(route, request, response);
}

const char *
httpd_reason(int code)
{
	switch (code) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 413: return "Content Too Large";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 505: return "HTTP Version Not Supported";
	default: return "Unknown";
	}
}
