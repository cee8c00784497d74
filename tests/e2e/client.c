/* SPDX-License-Identifier: MIT */
/* A client that counts whole answers, and nothing else: each thread sends a
   request, reads the answer to its last byte, counts it, and goes on.

     client PORT THREADS once       until the server is gone
     client PORT THREADS SECONDS    for so long; connects again when cut off

   Prints how many whole answers there were. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int port;
static double end_s; /* 0: until the server is gone */
static unsigned long answered;

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
dial(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	double deadline_s = end_s > 0 ? end_s : now_s() + 5;
	struct timespec pause = {0, 2000000};
	int fd;

	while (now_s() < deadline_s) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
		    sizeof(address)) == 0)
			return fd;
		close(fd);
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* One answer, whole; false: the connection ended before its last byte. */
static int
read_answer(int fd)
{
	char text[4096];
	size_t len = 0, want = 0;
	ssize_t n;
	char *end, *length;

	while (want == 0 || len < want) {
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n <= 0)
			return 0;
		len += (size_t)n;
		text[len] = '\0';
		end = want == 0 ? strstr(text, "\r\n\r\n") : NULL;
		if (end == NULL)
			continue;
		length = strcasestr(text, "Content-Length: ");
		want = (size_t)(end + 4 - text) +
		    (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
	}
	return 1;
}

static void *
run(void *number)
{
	unsigned long turn = (unsigned long)(uintptr_t)number * 1000, mine = 0;
	char request[128];
	int fd = dial();

	while (fd >= 0 && (end_s == 0 || now_s() < end_s)) {
		int len = snprintf(request, sizeof(request),
		    "GET /items/%lu HTTP/1.1\r\nHost: x\r\n\r\n", turn++ % 500);

		if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len &&
		    read_answer(fd)) {
			mine++;
			continue;
		}
		close(fd);
		if (end_s == 0)
			break;
		fd = dial();
	}
	__atomic_fetch_add(&answered, mine, __ATOMIC_RELAXED);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[64];
	int i, cnt;

	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	cnt = atoi(argv[2]);
	if (strcmp(argv[3], "once") != 0)
		end_s = now_s() + atof(argv[3]);
	for (i = 0; i < cnt && i < 64; i++)
		pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i);
	for (i = 0; i < cnt && i < 64; i++)
		pthread_join(threads[i], NULL);
	printf("%lu\n", answered);
	return 0;
}
