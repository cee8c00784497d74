/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "httpd.h"

#define BUFFER_BYTES 32768u
#define LINE_BYTES_MAX 512u

static int log_fd = -1;
static __thread char buffer[BUFFER_BYTES];
static __thread size_t used_bytes;

int
httpd_log_open(const char *path)
{
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return log_fd;
}

void
httpd_log_flush(void)
{
	size_t done = 0;

	while (done < used_bytes) {
		ssize_t n = write(log_fd, buffer + done, used_bytes - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	used_bytes = 0;
}

void
httpd_log_line(const struct request *request, const struct response *response,
    bool whole)
{
	struct timespec now;
	int n;

	if (log_fd < 0)
		return;
	if (BUFFER_BYTES - used_bytes < LINE_BYTES_MAX)
		httpd_log_flush();
	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(buffer + used_bytes, LINE_BYTES_MAX,
	    "%lld.%06ld \"%s %s\" %d %zu bytes %llu us %s\n",
	    (long long)now.tv_sec, now.tv_nsec / 1000, request->method,
	    request->path, response->code, response->body_bytes,
	    (unsigned long long)response->took_ns / 1000,
	    whole ? "whole" : "cut");
	used_bytes += (size_t)n;
}
