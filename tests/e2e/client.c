/* SPDX-License-Identifier: MIT */
/* A client that counts whole answers: each of its threads sends a request, reads
   the answer to its last byte, counts it, and goes on.

     client PORT THREADS                    until SIGTERM; connects again when
                                            it is cut off
     client PORT THREADS COUNT COMMAND...   starts the server by COMMAND, kills
                                            it by SIGKILL at so many answers,
                                            and reads what is still to come
   Prints how many whole answers there were. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREAD_MAX 64

static int port;
static pid_t victim; /* 0: none, the server stays */
static unsigned long kill_at, answered;
static bool stopping;
static pthread_barrier_t all_are_in;

/* Waits for the server to come, or to come again. */
static int
dial(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timespec pause = {0, 2000000};
	int fd, try_cnt;

	for (try_cnt = 0; try_cnt < 5000; try_cnt++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
		    sizeof(address)) == 0)
			return fd;
		close(fd);
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "client: nobody listens on %d\n", port);
	exit(1);
}

/* False: the connection ended before the last byte. */
static bool
read_answer(int fd)
{
	char text[4096];
	size_t len = 0, want = 0;
	ssize_t n;
	char *end, *length;

	while (want == 0 || len < want) {
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		end = want == 0 ? strstr(text, "\r\n\r\n") : NULL;
		if (end == NULL)
			continue;
		length = strcasestr(text, "Content-Length: ");
		want = (size_t)(end + 4 - text) +
		    (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
	}
	return true;
}

static bool
ask(int fd, unsigned long turn)
{
	char request[128];
	int len = snprintf(request, sizeof(request),
	    "GET /items/%lu HTTP/1.1\r\nHost: x\r\n\r\n", turn % 500);

	return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len &&
	    read_answer(fd);
}

static void *
run(void *number)
{
	unsigned long turn = (unsigned long)(uintptr_t)number * 1000;
	int fd = dial();

	pthread_barrier_wait(&all_are_in);
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		if (ask(fd, turn++)) {
			if (__atomic_add_fetch(&answered, 1,
			    __ATOMIC_RELAXED) == kill_at)
				kill(victim, SIGKILL);
		} else {
			close(fd);
			if (victim != 0)
				return NULL;
			fd = dial();
		}
	}
	close(fd);
	return NULL;
}

static pid_t
server_start(char **command)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("client: fork"); /* never a kill(-1) */
		exit(1);
	}
	if (pid > 0)
		return pid;
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execv(command[0], command);
	perror(command[0]);
	_exit(127);
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREAD_MAX];
	int i, cnt, received;
	sigset_t term;

	if (argc != 3 && argc < 5)
		return 2;
	port = atoi(argv[1]);
	cnt = atoi(argv[2]);
	if (cnt < 1 || cnt > THREAD_MAX)
		return 2;
	if (argc > 3) {
		kill_at = strtoul(argv[3], NULL, 10);
		victim = server_start(argv + 4);
	}
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	pthread_barrier_init(&all_are_in, NULL, (unsigned)cnt);
	for (i = 0; i < cnt; i++)
		pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i);
	if (argc == 3) {
		sigwait(&term, &received);
		__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	}
	for (i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	if (argc > 3)
		waitpid(victim, NULL, 0);
	printf("%lu\n", answered);
	return 0;
}
