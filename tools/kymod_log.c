/* SPDX-License-Identifier: MIT */
#include "tools/kymod.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BURST_CNT 50u
#define PER_SECOND_CNT 10u

static struct {
	enum kymo_log_level level;
	bool journal;
	uint32_t may_cnt; /* lines that may still go out */
	uint64_t refilled_ns;
	uint64_t held_cnt, left_out_cnt;
} state = {.level = KYMO_LOG_INFO, .may_cnt = BURST_CNT};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all of it */

uint64_t
kyi_monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
kyi_realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* systemd.exec(5): JOURNAL_STREAM is DEVICE:INODE of what it gave us; stderr
   may have been sent elsewhere since. */
void
kyi_log_init(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	setvbuf(stderr, NULL, _IOLBF, 0);
	state.journal = text &&
	    sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

void
kyi_log_level(enum kymo_log_level level)
{
	pthread_mutex_lock(&lock);
	state.level = level;
	pthread_mutex_unlock(&lock);
}

uint64_t
kyi_log_left_out_cnt(void)
{
	uint64_t cnt;

	pthread_mutex_lock(&lock);
	cnt = state.left_out_cnt;
	pthread_mutex_unlock(&lock);
	return cnt;
}

static void
line_write(enum kymo_log_level level, const char *message)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	static const int priorities[] = {7, 6, 4, 3};
	char stamp[32] = "";
	struct timespec now;
	struct tm tm;

	if (state.journal) {
		fprintf(stderr, "<%d>%s\n", priorities[level], message);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ldZ %-5s %s\n", stamp, now.tv_nsec / 1000000,
	    names[level], message);
}

/* A bucket of tokens: a burst goes through, a flood does not. */
static bool
may_log(enum kymo_log_level level)
{
	uint64_t now_ns = kyi_monotonic_ns();
	uint64_t refill = (now_ns - state.refilled_ns) /
	    (1000000000u / PER_SECOND_CNT);
	char text[64];

	if (refill) {
		state.refilled_ns = now_ns;
		state.may_cnt = refill >= BURST_CNT - state.may_cnt ? BURST_CNT :
		    state.may_cnt + (uint32_t)refill;
	}
	/* Debugging leaves room for what matters. */
	if (state.may_cnt <= (level == KYMO_LOG_DEBUG ? BURST_CNT / 2 : 0)) {
		state.held_cnt++;
		state.left_out_cnt++;
		return false;
	}
	state.may_cnt--;
	if (state.held_cnt) {
		snprintf(text, sizeof(text), "%llu lines were left out",
		    (unsigned long long)state.held_cnt);
		line_write(KYMO_LOG_WARN, text);
		state.held_cnt = 0;
	}
	return true;
}

void
kyi_log(enum kymo_log_level level, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	/* File names may hold anything; a log line is one line. */
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	pthread_mutex_lock(&lock);
	if (level >= state.level && may_log(level))
		line_write(level, message);
	pthread_mutex_unlock(&lock);
}

/* sd_notify(3), the protocol: a datagram to the socket in NOTIFY_SOCKET. */
void
kyi_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) ||
	    (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

uint64_t
kyi_watchdog_ns(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long us;
	char *end;

	/* For somebody else, as a program that started us. */
	if (pid && strtoull(pid, &end, 10) != (unsigned long long)getpid())
		return 0;
	errno = 0;
	us = time ? strtoull(time, &end, 10) : 0;
	if (us == 0 || us > UINT64_MAX / 1000 || errno != 0 || *end != '\0')
		return 0;
	return us * 1000 / 3;
}
