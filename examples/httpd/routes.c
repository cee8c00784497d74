/* SPDX-License-Identifier: MIT */
/* What is answered. A route is a label, so an unknown path is "other": what
   clients make up must not become series. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd.h"

static void
say(struct response *response, int code, const char *text)
{
	response->code = code;
	response->body_bytes = strlen(text);
	memcpy(response->body, text, response->body_bytes);
}

static void
home(struct response *response, const struct request *request)
{
	(void)request;
	say(response, 200, "a small server: /items/NUMBER, /slow, POST /echo\n");
}

static void
item(struct response *response, const struct request *request)
{
	const char *digits = request->path + strlen("/items/");
	char *end;
	unsigned long id = strtoul(digits, &end, 10);

	if (*digits < '0' || *digits > '9' || *end != '\0' || id > 1000000) {
		say(response, 400, "an item is a number up to 1000000\n");
		return;
	}
	response->code = 200;
	response->type = "application/json";
	response->body_bytes = httpd_item(response->body, HTTPD_BODY_BYTES_MAX,
	    (unsigned)id);
}

/* Two milliseconds of work, one time in eight twenty. */
static void
slow(struct response *response, const struct request *request)
{
	static unsigned turn;
	unsigned rounds = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % 8 ==
	    0 ? 20 : 2;
	unsigned sum = 0;

	(void)request;
	for (unsigned i = 0; i < rounds * 500000; i++)
		__asm__ volatile("" : "+r"(sum)); /* kept by the compiler */
	say(response, 200, "that took a while\n");
}

static void
echo(struct response *response, const struct request *request)
{
	if (strcmp(request->method, "POST") != 0) {
		say(response, 405, "POST something\n");
		return;
	}
	response->code = 200;
	response->type = "application/octet-stream";
	response->body_bytes = request->body_bytes;
	memcpy(response->body, request->body, request->body_bytes);
}

static const struct route {
	const char *path; /* "/" at its end: and all below it */
	const char *label;
	void (*answer)(struct response *response, const struct request *request);
} routes[] = {
	{"/", "/", home},
	{"/items/", "/items/:id", item},
	{"/slow", "/slow", slow},
	{"/echo", "/echo", echo},
};

static bool
matches(const char *path, const char *asked)
{
	size_t len = strlen(path);

	if (len > 1 && path[len - 1] == '/')
		return strncmp(path, asked, len) == 0;
	return strcmp(path, asked) == 0;
}

void
httpd_answer(struct response *response, const struct request *request)
{
	response->type = "text/plain";
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (matches(routes[i].path, request->path)) {
			response->route = routes[i].label;
			routes[i].answer(response, request);
			return;
		}
	response->route = "other";
	say(response, 404, "there is nothing here\n");
}
