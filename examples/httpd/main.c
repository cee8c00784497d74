/* SPDX-License-Identifier: MIT */
/* httpd: a small HTTP server with metrics. Try --help. */
#define _GNU_SOURCE
#include <kymo.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "httpd.h"

KYMO_INFO_FAMILY(build, "httpd_build_info", "What was built, and how", "version",
    "compiler");
KYMO_HEALTH(health, "httpd_health", "Whether the server accepts connections");

#define PROCESS_MAX 64

static pid_t children[PROCESS_MAX];

static void
on_signal(int signal)
{
	(void)signal;
	httpd_stop();
	for (int i = 0; i < PROCESS_MAX; i++)
		if (children[i] > 0)
			kill(children[i], SIGTERM);
}

static int
listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1, fd = socket(AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, 1024) == 0)
		return fd;
	fprintf(stderr, "httpd: cannot listen on 127.0.0.1:%d: %s\n", port,
	    strerror(errno));
	exit(1);
}

static void *
worker(void *listen_fd)
{
	pthread_setname_np(pthread_self(), "worker");
	httpd_serve(*(int *)listen_fd);
	return NULL;
}

/* Serves with all threads until a signal comes. */
static void
serve(int listen_fd, const struct httpd_options *options)
{
	pthread_t threads[256];
	int i;

	kymo_info_at(build, 2, (const char *const[]){"1.0", __VERSION__});
	kymo_health_report(health, KYMO_HEALTH_OK, "listening", 0);
	for (i = 1; i < options->thread_cnt; i++)
		pthread_create(&threads[i], NULL, worker, &listen_fd);
	worker(&listen_fd);
	for (i = 1; i < options->thread_cnt; i++)
		pthread_join(threads[i], NULL);
	kymo_health_report(health, KYMO_HEALTH_FAILING, "stopped", 0);
}

static pid_t
child(int listen_fd, const struct httpd_options *options)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	memset(children, 0, sizeof(children));
	serve(listen_fd, options);
	exit(0);
}

/* Prefork: children serve; one that dies is replaced. */
static void
supervise(int listen_fd, const struct httpd_options *options)
{
	bool stopping = false;
	int i, status;
	pid_t pid;

	for (i = 0; i < options->process_cnt; i++)
		children[i] = child(listen_fd, options);
	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid < 0) { /* our SIGTERM went on to all of them */
			stopping = true;
			continue;
		}
		for (i = 0; i < options->process_cnt; i++)
			if (children[i] == pid)
				children[i] = stopping ? 0 :
				    child(listen_fd, options);
	}
}

static void
usage(FILE *to)
{
	fputs("usage: httpd [--port N] [--threads N] [--processes N] "
	    "[--access-log FILE]\n\n"
	    "Serves /, /items/NUMBER, /slow and POST /echo on 127.0.0.1:8080.\n"
	    "Its metrics: kymo dump httpd\n", to);
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"port", required_argument, NULL, 'p'},
		{"threads", required_argument, NULL, 't'},
		{"processes", required_argument, NULL, 'n'},
		{"access-log", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct httpd_options options = {.port = 8080, .thread_cnt = 4};
	struct sigaction action = {.sa_handler = on_signal};
	int option, listen_fd;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		switch (option) {
		case 'p': options.port = atoi(optarg); break;
		case 't': options.thread_cnt = atoi(optarg); break;
		case 'n': options.process_cnt = atoi(optarg); break;
		case 'l': options.access_log = optarg; break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	if (options.thread_cnt < 1 || options.thread_cnt > 256 ||
	    options.process_cnt < 0 || options.process_cnt > PROCESS_MAX) {
		fprintf(stderr, "httpd: 1 to 256 threads, 0 to %d processes\n",
		    PROCESS_MAX);
		return 2;
	}
	if (options.access_log && httpd_log_open(options.access_log) < 0) {
		fprintf(stderr, "httpd: cannot write %s: %s\n",
		    options.access_log, strerror(errno));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	kymo_init("httpd");
	listen_fd = listen_on(options.port);
	printf("httpd: http://127.0.0.1:%d/\n", options.port);
	fflush(stdout);
	if (options.process_cnt > 0)
		supervise(listen_fd, &options);
	else
		serve(listen_fd, &options);
	return 0;
}
