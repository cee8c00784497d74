/* SPDX-License-Identifier: MIT */
#include "reader/profile/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100 /* how often it is asked whether to go on */
#define NICE 10
#define CPU_S 60u

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- starting ---------------------------------------------------------------------- */

static int
actions_set(posix_spawn_file_actions_t *actions, int out_fd, int error_fd)
{
	int wrong = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
	    O_RDONLY, 0);

	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, out_fd, 1);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, error_fd, 2);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_addchdir_np(actions, "/");
	return wrong;
}

/* Signals as in a new program, and a group that can be killed whole. */
static int
attributes_set(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int wrong;

	sigfillset(&all);
	sigemptyset(&none);
	wrong = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (wrong == 0)
		wrong = posix_spawnattr_setpgroup(attributes, 0);
	if (wrong == 0)
		wrong = posix_spawnattr_setsigdefault(attributes, &all);
	if (wrong == 0)
		wrong = posix_spawnattr_setsigmask(attributes, &none);
	return wrong;
}

/* Nothing of ours is in its environment; perf reads no settings, fetches no
   debugging information and keeps nothing at home. An errno, or 0. */
static int
spawn(pid_t *pid, char *const *argv, int out_fd, int error_fd)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	static char home[] = "HOME=/nonexistent";
	static char settings[] = "PERF_CONFIG=/dev/null";
	static char *const environment[] = { path, locale, home, settings,
	    NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int wrong = posix_spawn_file_actions_init(&actions);

	if (wrong != 0)
		return wrong;
	wrong = posix_spawnattr_init(&attributes);
	if (wrong == 0) {
		wrong = actions_set(&actions, out_fd, error_fd);
		if (wrong == 0)
			wrong = attributes_set(&attributes);
		if (wrong == 0)
			wrong = posix_spawn(pid, argv[0], &actions,
			    &attributes, argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return wrong;
}

/* It has begun already, a moment ago: what it did by then is little. */
static void
bounds_set(pid_t pid, uint64_t file_bytes_max)
{
	const struct rlimit file = { file_bytes_max, file_bytes_max };
	const struct rlimit core = { 0, 0 }, cpu = { CPU_S, CPU_S };

	(void)prlimit(pid, RLIMIT_FSIZE, &file, NULL);
	(void)prlimit(pid, RLIMIT_CORE, &core, NULL);
	(void)prlimit(pid, RLIMIT_CPU, &cpu, NULL);
	(void)setpriority(PRIO_PROCESS, (id_t)pid, NICE);
}

/* ---- while it runs ------------------------------------------------------------------ */

struct running {
	struct kyi_profile_run *run;
	int out_fd, error_fd, pid_fd; /* -1: it is closed */
	size_t said_bytes, error_bytes;
};

/* Keeps the end: what went wrong is said last. */
static void
errors_add(struct running *running, const char *bytes, size_t len_bytes)
{
	char *errors = running->run->errors;
	size_t room = sizeof(running->run->errors) - 1, over;

	if (len_bytes > room) {
		bytes += len_bytes - room;
		len_bytes = room;
	}
	over = running->error_bytes + len_bytes > room ?
	    running->error_bytes + len_bytes - room : 0;
	memmove(errors, errors + over, running->error_bytes - over);
	running->error_bytes -= over;
	memcpy(errors + running->error_bytes, bytes, len_bytes);
	running->error_bytes += len_bytes;
	errors[running->error_bytes] = '\0';
}

/* Once, of what may come for ever. */
static void
hear(struct running *running, int *fd, bool is_error)
{
	char room[16384];
	ssize_t got = read(*fd, room, sizeof(room));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		close(*fd);
		*fd = -1;
	} else if (is_error) {
		errors_add(running, room, (size_t)got);
	} else {
		running->said_bytes += (size_t)got;
		if (running->said_bytes <= running->run->said_bytes_max)
			running->run->said(running->run->to, room, (size_t)got);
	}
}

/* Until it ends, or has to. What it said and nobody heard yet is heard. */
static enum kyi_ran
watch(struct running *running)
{
	struct kyi_profile_run *run = running->run;
	uint64_t until_ms = now_ms() + run->timeout_ms;
	bool ended = false;

	while (!ended || running->out_fd >= 0) {
		struct pollfd fds[3] = {
			{ .fd = running->out_fd, .events = POLLIN },
			{ .fd = running->error_fd, .events = POLLIN },
			{ .fd = ended ? -1 : running->pid_fd, .events = POLLIN },
		};

		if (run->cancelled != NULL && run->cancelled(run->of))
			return KYI_RAN_CANCELLED;
		if (now_ms() >= until_ms)
			return KYI_RAN_LATE;
		if (running->said_bytes > run->said_bytes_max)
			return KYI_RAN_TOO_LONG;
		(void)poll(fds, 3, LOOK_MS);
		if (fds[0].revents != 0)
			hear(running, &running->out_fd, false);
		if (fds[1].revents != 0)
			hear(running, &running->error_fd, true);
		ended |= fds[2].revents != 0;
	}
	if (running->error_fd >= 0)
		hear(running, &running->error_fd, true);
	return KYI_RAN_ENDED;
}

static void
pipe_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe that we read from without waiting; 0, or an errno. */
static int
pipe_make(int *read_fd, int *write_fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	(void)fcntl(fds[1], F_SETFL, 0);
	*read_fd = fds[0];
	*write_fd = fds[1];
	return 0;
}

enum kyi_ran
kyi_profile_run(struct kyi_profile_run *run)
{
	struct running running = { run, -1, -1, -1, 0, 0 };
	int out_fd = -1, error_fd = -1;
	enum kyi_ran ran = KYI_RAN_NOT;
	pid_t pid = 0;

	run->errors[0] = '\0';
	run->status = pipe_make(&running.error_fd, &error_fd);
	if (run->status == 0 && run->said != NULL)
		run->status = pipe_make(&running.out_fd, &out_fd);
	if (run->status == 0)
		run->status = spawn(&pid, run->argv, run->said != NULL ?
		    out_fd : error_fd, error_fd);
	pipe_close(&out_fd);
	pipe_close(&error_fd);
	if (run->status == 0) {
		bounds_set(pid, run->file_bytes_max);
		running.pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (running.pid_fd < 0)
			run->status = errno;
		else
			ran = watch(&running);
		/* Until it is reaped its number is its own, and its group's:
		   what it left behind goes with it. */
		(void)kill(-pid, SIGKILL);
		while (waitpid(pid, ran == KYI_RAN_NOT ? NULL : &run->status,
		    0) < 0 && errno == EINTR)
			;
	}
	pipe_close(&running.out_fd);
	pipe_close(&running.error_fd);
	pipe_close(&running.pid_fd);
	return ran;
}
