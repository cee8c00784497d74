/* SPDX-License-Identifier: MIT */
/* A small HTTP/1.1 server with the metrics that one would want in earnest. It
   is there to be read, and to be measured. In reading order:

     main.c        options, processes
     server.c      threads, connections: one epoll loop a thread
     http.c        requests out of bytes
     answer.c      what is answered, and how it is counted
     store.c       a slow store, and a cache before it
     access_log.c

   Each file declares its metrics beside the code that they count. What a
   server on the open net needs besides is not here: TLS, deadlines, limits. */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define HTTPD_HEAD_BYTES_MAX 8192u
#define HTTPD_BODY_BYTES_MAX 65536u

/* ---- http.c ------------------------------------------------------------- */

struct request {
	char method[16];
	char path[256];
	char traceparent[64]; /* "" if the client sent none */
	const char *body;
	size_t body_bytes;
	size_t len_bytes; /* of all of it */
	bool keep_alive;
};

/* httpd_parse reads the first request of the bytes. Returns how many it takes;
   0: the rest of it is still to come; or minus the code to refuse it with,
   *request being empty then. */
long httpd_parse(struct request *request, const char *bytes, size_t len_bytes);

/* ---- answer.c ----------------------------------------------------------- */

struct response {
	int code;
	const char *type;
	const char *route; /* one of few, whatever clients ask for */
	char *body; /* HTTPD_BODY_BYTES_MAX of room */
	size_t body_bytes;
	uint64_t took_ns;
};

/* httpd_answer makes the answer, and counts it: what a client has whole has
   been counted. httpd_refuse answers what is no request. */
void httpd_answer(struct response *response, const struct request *request);
void httpd_refuse(struct response *response, const struct request *request,
    int code);
const char *httpd_reason(int code); /* "Not Found" */

/* ---- store.c ------------------------------------------------------------ */

/* httpd_item puts item id into text. Returns its length. */
size_t httpd_item(char *text, size_t room_bytes, unsigned id);

/* ---- access_log.c ------------------------------------------------------- */

/* httpd_log_open opens the log; all threads of all processes append to it.
   Returns -1 if it cannot. */
int httpd_log_open(const char *path);

/* httpd_log_line writes a line for a request that is over: whole, or cut, if
   the client left before it had all. Lines are kept in the thread's buffer
   until that is full, or httpd_log_flush. */
void httpd_log_line(const struct request *request,
    const struct response *response, bool whole);
void httpd_log_flush(void);

/* ---- server.c ----------------------------------------------------------- */

/* httpd_serve serves the connections that come to listen_fd until a signal can
   be read from signal_fd. Any number of threads and processes may. */
void httpd_serve(int listen_fd, int signal_fd);

static inline uint64_t
httpd_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
