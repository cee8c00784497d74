/* SPDX-License-Identifier: MIT */
/* httpd: a small HTTP server with metrics. Start at httpd.h. */
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
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "httpd.h"

KYMO_INFO_FAMILY(build, "httpd_build_info", "What this server is", "version",
    "compiler");
KYMO_COUNTER_FAMILY(ends, "httpd_worker_ends_total",
    "Worker processes that ended and were replaced", "how");

#define THREAD_MAX 256
#define PROCESS_MAX 64

static struct {
	int port, thread_cnt, process_cnt;
	const char *access_log;
} options = {.port = 8080, .thread_cnt = 4};

static void
die(const char *what)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
	exit(1);
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
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 1024) != 0)
		die("cannot listen");
	return fd;
}

/* ---- a process that serves ---------------------------------------------- */

struct sockets {
	int listen_fd, signal_fd;
};

static void *
serve_thread(void *argument)
{
	const struct sockets *sockets = argument;

	httpd_serve(sockets->listen_fd, sockets->signal_fd);
	return NULL;
}

/* Signals are not handled but read, by each thread's loop. They stay unread, so
   that one ends all of them. */
static void
serve(int listen_fd, const sigset_t *ends_us)
{
	struct sockets sockets = {
		listen_fd, signalfd(-1, ends_us, SFD_NONBLOCK | SFD_CLOEXEC),
	};
	pthread_t threads[THREAD_MAX];
	int i;

	for (i = 1; i < options.thread_cnt; i++)
		if (pthread_create(&threads[i], NULL, serve_thread,
		    &sockets) != 0)
			die("cannot start a thread");
	serve_thread(&sockets);
	for (i = 1; i < options.thread_cnt; i++)
		pthread_join(threads[i], NULL);
}

/* ---- a process that has others serve ------------------------------------ */

static pid_t
child_start(int listen_fd, const sigset_t *ends_us)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		serve(listen_fd, ends_us);
	exit(0);
}

/* Which process' place it is that ended; waits for all that did. */
static int
child_ended(const pid_t children[], const char **how)
{
	int status, i;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0)
		return -1;
	for (i = 0; i < options.process_cnt && children[i] != pid; i++)
		;
	*how = WIFSIGNALED(status) ? "killed" : "exited";
	return i;
}

static void
supervise(int listen_fd, const sigset_t *ends_us)
{
	pid_t children[PROCESS_MAX];
	const char *how;
	sigset_t signals = *ends_us;
	int i;

	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (i = 0; i < options.process_cnt; i++)
		children[i] = child_start(listen_fd, ends_us);
	while (sigwaitinfo(&signals, NULL) == SIGCHLD)
		while ((i = child_ended(children, &how)) >= 0) {
			kymo_counter_inc(KYMO_AT(counter, ends, how));
			KYMO_LOG(KYMO_ERROR, "worker %d was %s",
			    (int)children[i], how);
			children[i] = child_start(listen_fd, ends_us);
		}
	for (i = 0; i < options.process_cnt; i++)
		kill(children[i], SIGTERM);
	while (wait(NULL) > 0)
		;
}

/* ---- options ------------------------------------------------------------ */

static void
usage(FILE *to, int status)
{
	fputs("usage: httpd [--port N] [--threads N] [--processes N]\n"
	    "             [--access-log FILE]\n\n"
	    "Serves /, /items/ID, /slow and POST /echo on 127.0.0.1:8080 with\n"
	    "4 threads, in each of so many processes if there are to be some.\n"
	    "Its metrics: kymo dump httpd\n", to);
	exit(status);
}

static int
number(const char *text, int min, int max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < min || n > max) {
		fprintf(stderr, "httpd: '%s' is not a number from %d to %d\n",
		    text, min, max);
		exit(2);
	}
	return (int)n;
}

static void
read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{"port", required_argument, NULL, 'p'},
		{"threads", required_argument, NULL, 't'},
		{"processes", required_argument, NULL, 'n'},
		{"access-log", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'p')
			options.port = number(optarg, 1, 65535);
		else if (option == 't')
			options.thread_cnt = number(optarg, 1, THREAD_MAX);
		else if (option == 'n')
			options.process_cnt = number(optarg, 0, PROCESS_MAX);
		else if (option == 'l')
			options.access_log = optarg;
		else
			usage(option == 'h' ? stdout : stderr,
			    option == 'h' ? 0 : 2);
	}
	if (optind < argc)
		usage(stderr, 2);
}

int
main(int argc, char **argv)
{
	sigset_t ends_us;
	int listen_fd;

	read_options(argc, argv);
	if (options.access_log && httpd_log_open(options.access_log) < 0)
		die(options.access_log);
	sigemptyset(&ends_us);
	sigaddset(&ends_us, SIGTERM);
	sigaddset(&ends_us, SIGINT);
	sigprocmask(SIG_BLOCK, &ends_us, NULL);
	kymo_init("httpd");
	kymo_info_at(build, 2, (const char *const[]){"1.0", __VERSION__});
	listen_fd = listen_on(options.port);
	printf("httpd: http://127.0.0.1:%d/\n", options.port);
	fflush(stdout);
	if (options.process_cnt > 0)
		supervise(listen_fd, &ends_us);
	else
		serve(listen_fd, &ends_us);
	return 0;
}
