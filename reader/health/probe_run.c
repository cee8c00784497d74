/* SPDX-License-Identifier: MIT */
/* Programs, without a shell. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/health/probe_private.h"

#define EXIT_UNKNOWN 3 /* of monitoring plugins */
#define READ_MAX 32u    /* at once, of one that does not stop talking */

/* ---- starting ------------------------------------------------------------- */

static int
actions_set(posix_spawn_file_actions_t *actions, int out_fd)
{
	int wrong = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
	    O_RDONLY, 0);

	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, out_fd, 1);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, out_fd, 2);
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

/* An errno, or 0. */
static int
spawn(pid_t *pid, char *const *argv, const char *component, int out_fd)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8";
	char name[160];
	char *environment[] = { path, locale, name, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int wrong;

	snprintf(name, sizeof(name), "KYMO_COMPONENT=%s", component);
	wrong = posix_spawn_file_actions_init(&actions);
	if (wrong != 0)
		return wrong;
	wrong = posix_spawnattr_init(&attributes);
	if (wrong == 0) {
		wrong = actions_set(&actions, out_fd);
		if (wrong == 0)
			wrong = attributes_set(&attributes);
		if (wrong == 0)
			wrong = posix_spawn(pid, argv[0], &actions, &attributes,
			    argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return wrong;
}

static int
listen_to(struct kymo_probe *probe, struct kyi_errand *errand, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = errand->id};

	return epoll_ctl(probe->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int
kyi_run_begin(struct kymo_probe *probe, struct kyi_errand *errand,
    char *const *argv, const char *component, struct kymo_looked *now)
{
	int pipe_fd[2], wrong;

	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		kyi_unknown(now, "no pipe: %s", strerror(errno));
		return -1;
	}
	/* The program's end waits, as programs expect. */
	(void)fcntl(pipe_fd[1], F_SETFL, 0);
	wrong = spawn(&errand->pid, argv, component, pipe_fd[1]);
	close(pipe_fd[1]);
	errand->out_fd = pipe_fd[0];
	if (wrong != 0) {
		errand->pid = 0;
		kyi_unknown(now, "%s: %s", argv[0], strerror(wrong));
		return -1;
	}
	errand->pid_fd = (int)syscall(SYS_pidfd_open, errand->pid, 0);
	if (errand->pid_fd >= 0 &&
	    fcntl(errand->pid_fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    listen_to(probe, errand, errand->pid_fd) == 0 &&
	    listen_to(probe, errand, errand->out_fd) == 0)
		return 0;
	kyi_unknown(now, "%s cannot be waited for: %s", argv[0],
	    strerror(errno));
	kyi_run_kill(errand);
	if (errand->pid_fd >= 0)
		close(errand->pid_fd);
	close(errand->out_fd);
	errand->pid_fd = errand->out_fd = -1;
	return -1;
}

/* ---- ending --------------------------------------------------------------- */

/* Before it is reaped its number is its own, and its group's. */
void
kyi_run_kill(struct kyi_errand *errand)
{
	if (errand->pid > 0)
		(void)kill(-errand->pid, SIGKILL);
}

bool
kyi_run_is_over(struct kyi_errand *errand)
{
	if (errand->pid > 0 && waitpid(errand->pid, NULL, WNOHANG) == 0)
		return false;
	errand->pid = 0;
	return true;
}

void
kyi_run_free(struct kyi_errand *errand)
{
	/* Killed, or on its way: without us it is init's to reap. */
	if (errand->pid > 0)
		(void)waitpid(errand->pid, NULL, WNOHANG);
	if (errand->pid_fd >= 0)
		close(errand->pid_fd);
	if (errand->out_fd >= 0)
		close(errand->out_fd);
}

/* As far as it is there: what comes meanwhile is for the next time, for it may
   come for ever. */
static void
output_read(struct kyi_errand *errand)
{
	char room[4096];
	ssize_t got;
	uint32_t i;

	for (i = 0; errand->out_fd >= 0 && i < READ_MAX; i++) {
		size_t left = sizeof(errand->said) - 1 - errand->said_bytes;

		got = read(errand->out_fd, room, sizeof(room));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close(errand->out_fd);
			errand->out_fd = -1;
			return;
		}
		if (left > (size_t)got)
			left = (size_t)got;
		memcpy(errand->said + errand->said_bytes, room, left);
		errand->said_bytes += left;
	}
}

/* The first line, as far as it is plain. */
static const char *
said(struct kyi_errand *errand)
{
	char *at = errand->said;

	errand->said[errand->said_bytes] = '\0';
	for (; *at != '\0' && *at != '\n'; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 127)
			*at = '?';
	*at = '\0';
	return errand->said;
}

static void
ended(struct kyi_errand *errand, const siginfo_t *info,
    struct kymo_looked *looked)
{
	const char *text = said(errand);

	if (info->si_code != CLD_EXITED) {
		looked->result = KYMO_LOOK_BAD;
		kyi_care_reason(looked->reason, "killed by signal %d%s%s",
		    info->si_status, *text != '\0' ? ": " : "", text);
		return;
	}
	looked->result = info->si_status == 0 ? KYMO_LOOK_GOOD :
	    info->si_status == EXIT_UNKNOWN && !errand->is_action ?
	    KYMO_LOOK_UNKNOWN : KYMO_LOOK_BAD;
	if (looked->result != KYMO_LOOK_GOOD)
		kyi_care_reason(looked->reason, "exit %d%s%s", info->si_status,
		    *text != '\0' ? ": " : "", text);
}

void
kyi_run_step(struct kymo_probe *probe, struct kyi_errand *errand)
{
	struct kymo_looked looked = {.certificate_days = NAN};
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_PID, (id_t)errand->pid, &info, WEXITED | WNOHANG |
	    WNOWAIT) == 0 && info.si_pid == 0) {
		output_read(errand);
		return;
	}
	output_read(errand);
	/* What a check left behind; an action may have left a service. */
	if (!errand->is_action)
		kyi_run_kill(errand);
	if (info.si_pid == 0)
		kyi_unknown(&looked, "its end was not seen: %s",
		    strerror(errno));
	else
		ended(errand, &info, &looked);
	(void)waitpid(errand->pid, NULL, 0);
	errand->pid = 0;
	kyi_errand_done(probe, errand, &looked);
}
