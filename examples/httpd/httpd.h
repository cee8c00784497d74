/* SPDX-License-Identifier: MIT */
/* A small HTTP/1.1 server, instrumented as one would in earnest. It exists to
   be read, and to be measured:

     main.c      options, processes, signals
     worker.c    connections: one epoll loop a thread
     http.c      requests out of bytes
     routes.c    what is answered
     cache.c     a cache that answers keep in
     access_log.c

   Each file declares its own metrics, next to the code that they count. */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTPD_HEAD_BYTES_MAX 8192u
#define HTTPD_BODY_BYTES_MAX 65536u

struct httpd_options {
	int port;
	int thread_cnt;
	int process_cnt; /* 0: this process serves; else so many children do */
	const char *access_log; /* NULL: none */
};

/* ---- http.c ---------------------------------------------------------------- */

struct request {
	char method[16];
	char path[256];
	char traceparent[64]; /* "" if the client sent none */
	size_t head_bytes, body_bytes;
	const char *body;
	bool keep_alive;
};

/* Reads one request from the len_bytes at bytes. Returns how many bytes it
   takes, 0: more are needed, -1: this is not HTTP as we speak it. */
long httpd_parse(struct request *request, const char *bytes, size_t len_bytes);

/* ---- routes.c --------------------------------------------------------------- */

struct response {
	int code;
	const char *type;
	char *body; /* HTTPD_BODY_BYTES_MAX of room */
	size_t body_bytes;
	const char *route; /* as a label: few values, whatever clients ask for */
};

void httpd_answer(struct response *response, const struct request *request);

/* ---- cache.c ----------------------------------------------------------------- */

/* The text of item id: from the cache, or made, which takes a while. */
size_t httpd_item(char *text, size_t room_bytes, unsigned id);

/* ---- access_log.c --------------------------------------------------------------- */

/* Opens the log for appending; all workers of all processes write whole lines
   to it. Returns -1 if it cannot. */
int httpd_log_open(const char *path);
/* One line a request; kept in the thread's buffer until it is full or
   httpd_log_flush. */
void httpd_log_line(const struct request *request,
    const struct response *response, uint64_t took_ns);
void httpd_log_flush(void);

/* ---- worker.c ---------------------------------------------------------------------- */

/* Serves connections of listen_fd until httpd_stop; one call a thread. */
void httpd_serve(int listen_fd);
void httpd_stop(void); /* may be called from a signal handler */

#endif
