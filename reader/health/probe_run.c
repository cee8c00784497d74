/* SPDX-License-Identifier: MIT */
/* Programs, without a shell. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
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
listen_to(struct kymo_probe *probe, struct kyi_errand *errand, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = errand->id};

	return epoll_ctl(probe->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* One that does not get to run, for its disk is gone, is not begun again and
   again: each would keep a thread. */
static bool
hangs(const struct kymo_probe *probe, const struct kyi_errand *errand)
{
	const struct kyi_errand *other;

	for (other = probe->errands; other != NULL; other = other->next)
		if (other->starting && other->ticket == 0 &&
		    strcmp(other->program, errand->program) == 0)
			return true;
	return false;
}

int
kyi_run_begin(struct kymo_probe *probe, struct kyi_errand *errand,
    char *const *argv, const char *component, struct kymo_looked *now)
{
	int pipe_fd[2], wrong;

	snprintf(errand->program, sizeof(errand->program), "%s", argv[0]);
	if (hangs(probe, errand)) {
		kyi_unknown(now, "%s: an earlier start of it still hangs",
		    argv[0]);
		return -1;
	}
	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		kyi_unknown(now, "no pipe: %s", strerror(errno));
		return -1;
	}
	/* The program's end waits, as programs expect. */
	(void)fcntl(pipe_fd[1], F_SETFL, 0);
	errand->out_fd = pipe_fd[0];
	wrong = kyi_start_begin(probe->starts, errand->id, argv, component,
	    pipe_fd[1], errand->is_action);
	errand->starting = wrong == 0;
	if (wrong == 0)
		return 0;
	kyi_unknown(now, "%s: no thread to start it: %s", argv[0],
	    strerror(wrong));
	return -1;
}

/* Its end and its output are heard of; false: errno has why not. */
static bool
heard(struct kymo_probe *probe, struct kyi_errand *errand)
{
	errand->pid_fd = (int)syscall(SYS_pidfd_open, errand->pid, 0);
	return errand->pid_fd >= 0 &&
	    fcntl(errand->pid_fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    listen_to(probe, errand, errand->pid_fd) == 0 &&
	    listen_to(probe, errand, errand->out_fd) == 0;
}

void
kyi_run_started(struct kymo_probe *probe, const struct kyi_started *started)
{
	struct kymo_looked looked = {.certificate_days = NAN};
	struct kyi_errand *errand = kyi_errand_find(probe, started->id);

	if (errand == NULL) /* cannot be: it stays while it starts */
		return;
	errand->starting = false;
	errand->pid = started->pid;
	if (started->wrong != 0) {
		kyi_unknown(&looked, "%s: %s", errand->program,
		    strerror(started->wrong));
		kyi_errand_done(probe, errand, &looked);
		return;
	}
	/* Given up meanwhile: it is still to be reaped. */
	if (errand->ticket == 0)
		kyi_run_kill(errand);
	if (heard(probe, errand))
		return;
	kyi_unknown(&looked, "%s cannot be waited for: %s", errand->program,
	    strerror(errno));
	kyi_run_kill(errand);
	if (errand->pid_fd >= 0)
		close(errand->pid_fd);
	close(errand->out_fd);
	errand->pid_fd = errand->out_fd = -1;
	kyi_errand_done(probe, errand, &looked);
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
