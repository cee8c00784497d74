/* SPDX-License-Identifier: MIT */
#include "tools/kymo_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "reader/export/run.h"
#include "tools/kymo_choose.h"
#include "tools/kymo_run_around.h"

#define PHASE_BYTES_MAX 256u

struct recorder {
	struct kyi_run *run;
	struct kyi_run_dir dir; /* ours: the command's regions, and marks */
	char marks[256];
	struct kymo_watch *watch; /* of dir */
	struct kyi_chosen chosen;
	struct kymo_model *model;
	int marks_fd;
	struct kyi_run_signals signals;
	struct kymo_buffer first; /* until it is known that there will be a run */
	char line[PHASE_BYTES_MAX]; /* of marks, as far as it came */
	size_t line_bytes;
	pid_t child;
	struct rusage usage;
	uint64_t started_ns;
	bool ended;
	int trouble; /* exit code, of the file */
	uint32_t signal_before; /* to us; 0: none yet */
};

/* ---- the file ---------------------------------------------------------------- */

/* Each map is written as soon as it is known: whoever dies leaves the rest. But
   nothing before the command is there, so that one misspelled costs nobody the
   run before. */
static void
put(struct recorder *recorder, struct kymo_buffer *buffer)
{
	size_t done = 0;

	if (!recorder->run->begun) {
		kymo_buffer_add(&recorder->first, buffer->at,
		    buffer->len_bytes);
		recorder->first.failed |= buffer->failed;
		kymo_buffer_free(buffer);
		return;
	}
	if (buffer->failed && recorder->trouble == KYI_EXIT_OK)
		recorder->trouble = kyi_trouble("no memory for a look");
	while (recorder->trouble == KYI_EXIT_OK && done < buffer->len_bytes) {
		ssize_t bytes = write(recorder->run->to_fd, buffer->at + done,
		    buffer->len_bytes - done);

		if (bytes < 0 && errno != EINTR)
			recorder->trouble = kyi_trouble("the run cannot be "
			    "written: %s", strerror(errno));
		else if (bytes > 0)
			done += (size_t)bytes;
	}
	kymo_buffer_free(buffer);
}

/* What is no file (a pipe) has no length. */
static void
begin(struct recorder *recorder)
{
	struct kyi_run *run = recorder->run;

	run->begun = true;
	if (ftruncate(run->to_fd, (off_t)run->keep_bytes) != 0 &&
	    errno != EINVAL)
		recorder->trouble = kyi_trouble("the run cannot be written: %s",
		    strerror(errno));
	put(recorder, &recorder->first);
}

static void
add_region(struct recorder *recorder, struct kymo_region *region)
{
	struct kymo_error error = { "" };
	bool absorbed;

	if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0) {
		if (recorder->watch)
			kymo_watch_drop(recorder->watch, region, error.text);
		return;
	}
	/* Ours to look after: nobody sweeps them while we hold the lock. */
	if (recorder->watch)
		(void)kymo_watch_absorber(recorder->watch, region);
	if (kymo_model_add(recorder->model, region, false, &absorbed,
		&error) != 0)
		fprintf(stderr, "kymo: %s\n", error.text);
}

static void
look(struct recorder *recorder)
{
	struct kymo_error error = { "" };
	struct kymo_buffer buffer = { 0 };
	const struct kymo_filter all = { 0 };
	const struct kymo_scan *scan;

	if (recorder->watch)
		kymo_watch_step(recorder->watch, kyi_monotonic_ns());
	kymo_model_begin(recorder->model, kyi_realtime_ns(), kyi_monotonic_ns());
	for (uint32_t i = recorder->watch ? kymo_watch_cnt(recorder->watch) : 0;
	    i-- > 0;)
		add_region(recorder, kymo_watch_at(recorder->watch, i));
	for (uint32_t i = 0; i < recorder->chosen.cnt; i++)
		add_region(recorder, recorder->chosen.at[i]);
	if (kymo_model_end(recorder->model, &error) != 0) {
		fprintf(stderr, "kymo: %s\n", error.text);
		return;
	}
	scan = kymo_scan_take(recorder->model);
	kymo_export_msgpack(&buffer, scan, &all);
	kymo_scan_release(scan);
	put(recorder, &buffer);
}

/* ---- phases --------------------------------------------------------------------- */

static void
mark(struct recorder *recorder)
{
	struct kymo_buffer buffer = { 0 };

	recorder->line[recorder->line_bytes] = 0;
	recorder->line_bytes = 0;
	kymo_run_phase(&buffer, kyi_realtime_ns(), recorder->line);
	put(recorder, &buffer);
}

static void
marks_read(struct recorder *recorder)
{
	int waiting = 0;
	char c;

	/* What was until now is of the phase before; whoever marks waits until
	   the line is read, so until this look is done. */
	if (ioctl(recorder->marks_fd, FIONREAD, &waiting) == 0 && waiting > 0)
		look(recorder);
	while (read(recorder->marks_fd, &c, 1) == 1) {
		if (c == '\n')
			mark(recorder);
		else if (recorder->line_bytes < PHASE_BYTES_MAX - 1)
			recorder->line[recorder->line_bytes++] = c;
	}
}

static int
marks_open(struct recorder *recorder)
{
	const char *path = recorder->run->marks_path;

	if (path)
		snprintf(recorder->marks, sizeof(recorder->marks), "%s", path);
	else
		snprintf(recorder->marks, sizeof(recorder->marks), "%s/marks",
		    recorder->dir.path);
	if (path && strlen(path) >= sizeof(recorder->marks))
		return kyi_trouble("--marks %s: too long", path);
	if (mkfifo(recorder->marks, 0600) != 0)
		return kyi_trouble("%s: %s", recorder->marks, strerror(errno));
	/* For writing too: so it has no end when a writer goes. */
	recorder->marks_fd = open(recorder->marks,
	    O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (recorder->marks_fd < 0)
		return kyi_trouble("%s: %s", recorder->marks, strerror(errno));
	return KYI_EXIT_OK;
}

/* ---- the command ------------------------------------------------------------------ */

static void
child_go(struct recorder *recorder, int error_fd)
{
	struct kyi_run *run = recorder->run;
	int why, null_fd;

	kyi_run_signals_back(&recorder->signals);
	if (run->silent) {
		null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null_fd >= 0)
			dup2(null_fd, STDOUT_FILENO);
	}
	if (setenv("KYMO_DIR", recorder->dir.path, 1) == 0 &&
	    setenv("KYMO_RECORD", recorder->marks, 1) == 0)
		execvp(run->command[0], run->command);
	why = errno;
	if (write(error_fd, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(why == ENOENT ? 127 : 126);
}

static int
child_start(struct recorder *recorder)
{
	int fds[2], why = 0;
	ssize_t got;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return kyi_trouble("no pipe: %s", strerror(errno));
	recorder->started_ns = kyi_monotonic_ns();
	recorder->child = fork();
	if (recorder->child == 0)
		child_go(recorder, fds[1]);
	close(fds[1]);
	if (recorder->child < 0) {
		close(fds[0]);
		return kyi_trouble("no process: %s", strerror(errno));
	}
	/* Ends without a byte when the command has taken over. */
	do
		got = read(fds[0], &why, sizeof(why));
	while (got < 0 && errno == EINTR);
	close(fds[0]);
	if (got != sizeof(why))
		return KYI_EXIT_OK;
	waitpid(recorder->child, NULL, 0);
	recorder->child = 0;
	return kyi_trouble("%s: %s", recorder->run->command[0], strerror(why));
}

static void
child_reap(struct recorder *recorder)
{
	int status;

	if (recorder->child <= 0 || wait4(recorder->child, &status, WNOHANG,
		&recorder->usage) != recorder->child)
		return;
	recorder->child = 0;
	recorder->ended = true;
	recorder->run->status = WIFSIGNALED(status) ?
	    128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (WIFSIGNALED(status) &&
	    (uint32_t)WTERMSIG(status) == recorder->signal_before)
		recorder->run->signal = WTERMSIG(status);
}

/* Those that tell a command something, and need not end it. */
static bool
is_word(uint32_t signo)
{
	return signo == SIGUSR1 || signo == SIGUSR2 || signo == SIGALRM;
}

/* A signal to us is for the command as well; one of the terminal it has already.
   A second one of the same does not wait any more. */
static void
signals_read(struct recorder *recorder)
{
	struct signalfd_siginfo info;

	while (read(recorder->signals.fd, &info, sizeof(info)) ==
	    sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			child_reap(recorder);
			continue;
		}
		if (recorder->child > 0 && is_word(info.ssi_signo)) {
			kill(recorder->child, (int)info.ssi_signo);
			continue;
		}
		if (recorder->child > 0 &&
		    info.ssi_signo == recorder->signal_before)
			kill(recorder->child, SIGKILL);
		else if (recorder->child > 0 && info.ssi_code != SI_KERNEL)
			kill(recorder->child, (int)info.ssi_signo);
		recorder->run->interrupted = true;
		recorder->signal_before = info.ssi_signo;
		if (recorder->child <= 0)
			recorder->ended = true;
	}
}

/* ---- a run ------------------------------------------------------------------------- */

static int
prepare(struct recorder *recorder)
{
	struct kyi_run *run = recorder->run;
	const char *dir = recorder->dir.path;
	struct kymo_model_options model = { .with_process = true,
	    .with_dead_gauges = true };
	struct kymo_watch_options watch = { .dirs = &dir, .dir_cnt = 1,
	    .trust.any_uid = true };
	struct kymo_error error = { "" };
	int status;

	/* Before there is anything to tidy up. */
	if ((status = kyi_run_signals_take(&recorder->signals)) != KYI_EXIT_OK)
		return status;
	if (run->command) {
		if ((status = kyi_run_dir_make(&recorder->dir)) != KYI_EXIT_OK)
			return status;
		recorder->watch = kymo_watch_new(&watch, &error);
		if (!recorder->watch)
			return kyi_trouble("%s", error.text);
	} else {
		status = kyi_choose(&recorder->chosen, &run->dirs,
		    run->words.at, run->words.cnt, false);
		if (status != KYI_EXIT_OK)
			return status;
	}
	if ((run->command || run->marks_path) &&
	    (status = marks_open(recorder)) != KYI_EXIT_OK)
		return status;
	recorder->model = kymo_model_new(&model, &error);
	return recorder->model ? KYI_EXIT_OK : kyi_trouble("%s", error.text);
}

static bool
all_dead(const struct recorder *recorder)
{
	for (uint32_t i = 0; i < recorder->chosen.cnt; i++)
		if (kymo_region_info(recorder->chosen.at[i])->liveness ==
		    KYMO_ALIVE)
			return false;
	return !recorder->run->command;
}

static void
watch_until_end(struct recorder *recorder)
{
	uint64_t interval_ns = recorder->run->interval_ns;
	uint64_t begin_ns = kyi_monotonic_ns(), due_ns = begin_ns + interval_ns;
	uint64_t end_ns = recorder->run->for_ns ?
	    begin_ns + recorder->run->for_ns : UINT64_MAX;

	while (!recorder->ended) {
		struct pollfd fds[] = {
			{ recorder->signals.fd, POLLIN, 0 },
			{ recorder->marks_fd, POLLIN, 0 },
			{ recorder->watch ? kymo_watch_fd(recorder->watch) : -1,
			    POLLIN, 0 },
		};
		uint64_t now_ns = kyi_monotonic_ns();
		uint64_t until_ns = due_ns < end_ns ? due_ns : end_ns;
		uint64_t wait_ms = now_ns >= until_ns ? 0 :
		    (until_ns - now_ns) / 1000000 + 1;

		poll(fds, 3, (int)(wait_ms < 60000 ? wait_ms : 60000));
		signals_read(recorder);
		if (recorder->marks_fd >= 0)
			marks_read(recorder);
		/* Opened as they come, so that one that is soon gone counts. */
		if (fds[2].revents)
			kymo_watch_step(recorder->watch, kyi_monotonic_ns());
		now_ns = kyi_monotonic_ns();
		if (now_ns >= due_ns && !recorder->ended) {
			look(recorder);
			due_ns += (now_ns - due_ns) / interval_ns * interval_ns +
			    interval_ns;
			recorder->ended |= all_dead(recorder);
			/* A command goes on; a run that nobody keeps does not. */
			recorder->ended |= !recorder->run->command &&
			    recorder->trouble != KYI_EXIT_OK;
		}
		if (now_ns >= end_ns && recorder->child > 0 &&
		    end_ns != UINT64_MAX) {
			kill(recorder->child, SIGTERM);
			end_ns = UINT64_MAX;
		}
		recorder->ended |= now_ns >= end_ns;
	}
}

static uint64_t
time_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static void
finish(struct recorder *recorder)
{
	struct kymo_buffer buffer = { 0 };
	struct kymo_run_end end = {
		.at_ns = kyi_realtime_ns(), .status = recorder->run->status,
	};

	if (recorder->run->command) {
		end.wall_ns = kyi_monotonic_ns() - recorder->started_ns;
		end.user_ns = time_ns(recorder->usage.ru_utime);
		end.system_ns = time_ns(recorder->usage.ru_stime);
		end.memory_max_bytes = (uint64_t)recorder->usage.ru_maxrss * 1024;
	}
	if (recorder->marks_fd >= 0)
		marks_read(recorder);
	look(recorder);
	kymo_run_finish(&buffer, &end);
	put(recorder, &buffer);
}

static void
clean(struct recorder *recorder)
{
	if (recorder->marks_fd >= 0) {
		unlink(recorder->marks);
		close(recorder->marks_fd);
	}
	if (recorder->watch)
		kymo_watch_delete(recorder->watch);
	kyi_run_dir_remove(&recorder->dir);
	if (recorder->model)
		kymo_model_delete(recorder->model);
	kyi_chosen_free(&recorder->chosen);
	kymo_buffer_free(&recorder->first);
	kyi_run_signals_back(&recorder->signals);
}

int
kyi_run(struct kyi_run *run)
{
	struct recorder recorder = { .run = run, .marks_fd = -1,
	    .signals.fd = -1 };
	struct kymo_buffer buffer = { 0 };
	int status = prepare(&recorder);

	run->status = run->signal = 0;
	run->begun = false;
	if (status == KYI_EXIT_OK) {
		kymo_run_begin(&buffer, kyi_realtime_ns(),
		    (const char *const *)run->command, run->phase);
		put(&recorder, &buffer);
		look(&recorder);
	}
	/* What was for both, and only we were there. */
	if (status == KYI_EXIT_OK)
		signals_read(&recorder);
	if (recorder.ended) {
		run->signal = (int)recorder.signal_before;
		status = KYI_EXIT_TROUBLE;
	}
	if (status == KYI_EXIT_OK && run->command)
		status = child_start(&recorder);
	if (status == KYI_EXIT_OK) {
		begin(&recorder);
		/* A command goes on; a run that nobody keeps does not. */
		recorder.ended |= !run->command &&
		    recorder.trouble != KYI_EXIT_OK;
		watch_until_end(&recorder);
		finish(&recorder);
		status = recorder.trouble;
	}
	clean(&recorder);
	return status;
}
