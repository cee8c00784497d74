/* SPDX-License-Identifier: MIT */
/* perf record looks, perf script tells, and what it tells is folded. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/profile/fold.h"
#include "reader/profile/run.h"
#include "shm/os.h"

#define RECORD_SPARE_MS 15000u /* to begin, and to write what it saw */
#define TELL_MS 60000u
#define TELL_BYTES_MAX ((size_t)256 << 20)
#define TELL_FILE_BYTES_MAX ((uint64_t)16 << 20) /* a vdso to look into */
#define SPARE_BYTES ((uint64_t)1 << 20)
#define LIST_BYTES (KYMO_PROFILE_PROCESS_MAX * 11u)
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

const char *
kymo_profile_result_name(enum kymo_profile_result result)
{
	static const char *const names[] = {
		[KYMO_PROFILE_TAKEN] = "taken", [KYMO_PROFILE_IDLE] = "idle",
		[KYMO_PROFILE_GONE] = "gone",
		[KYMO_PROFILE_NOT_INSTALLED] = "not_installed",
		[KYMO_PROFILE_NOT_ALLOWED] = "not_allowed",
		[KYMO_PROFILE_LATE] = "late",
		[KYMO_PROFILE_LIMITED] = "limited",
		[KYMO_PROFILE_FAILED] = "failed",
	};

	return names[result];
}

/* ---- processes ---------------------------------------------------------------------- */

static bool
may_name(uint32_t pid, uint32_t uid)
{
	struct stat status;
	char path[32];

	if (uid == 0 || uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/%u", pid);
	return stat(path, &status) == 0 && status.st_uid == uid;
}

int
kymo_profile_process_open(struct kymo_profile_process *process, uint32_t pid,
    uint64_t start_ticks, uint32_t uid, struct kymo_error *error)
{
	uint64_t ticks = 0;

	*process = (struct kymo_profile_process){ pid, -1 };
	if (pid == 0 || pid > INT32_MAX)
		return kymo_error_set(error, "%u is no process", pid);
	/* The descriptor first: the process that is found to be the one after
	   that had this number when it was opened. */
	process->fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (process->fd < 0)
		return kymo_error_set(error, errno == ESRCH ?
		    "process %u has ended" : "process %u cannot be looked at: "
		    "%s", pid, strerror(errno));
	if (kyi_os_starttime(pid, &ticks) == 0 && (start_ticks == 0 ||
	    ticks == start_ticks) && may_name(pid, uid))
		return 0;
	close(process->fd);
	process->fd = -1;
	return kymo_error_set(error, ticks == start_ticks ?
	    "process %u is not user %u's, who says so" :
	    "process %u has ended", pid, uid);
}

static bool
has_ended(const struct kymo_profile_process *process)
{
	struct pollfd fd = { .fd = process->fd, .events = POLLIN };

	return poll(&fd, 1, 0) != 0;
}

/* ---- why not ------------------------------------------------------------------------ */

static int
paranoid(void)
{
	char text[16] = "";
	int fd = open(PARANOID, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	return atoi(text);
}

/* What the kernel itself says to looking at a process: an errno, or 0. */
static int
kernel_says(uint32_t pid)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK,
	    .disabled = 1, .exclude_kernel = 1, .exclude_hv = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, (pid_t)pid, -1, -1,
	    PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The last line that says something, as far as it is plain. */
static const char *
last_line(char *text)
{
	char *line = text, *end = text + strlen(text);

	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	line = strrchr(text, '\n');
	return line == NULL ? text : line + 1;
}

static void
fail(struct kymo_profile *profile, enum kymo_profile_result result)
{
	profile->result = result;
}

/* It ended, and not well. */
static void
refused(struct kymo_profile *profile,
    const struct kymo_profile_process *process, const char *command,
    struct kyi_profile_run *run)
{
	int wrong = kernel_says(process->pid);

	if (has_ended(process)) {
		fail(profile, KYMO_PROFILE_GONE);
		kymo_error_set(&profile->why, "process %u ended meanwhile",
		    process->pid);
	} else if (wrong == EACCES || wrong == EPERM) {
		fail(profile, KYMO_PROFILE_NOT_ALLOWED);
		kymo_error_set(&profile->why, "the kernel does not let user %u "
		    "look at process %u (kernel.perf_event_paranoid is %d); "
		    "CAP_PERFMON and CAP_SYS_PTRACE would allow it "
		    "(kymod-profile.conf, for systemd)%s", (unsigned)geteuid(),
		    process->pid, paranoid(), paranoid() > 2 ? ", or for "
		    "processes of its own sysctl kernel.perf_event_paranoid=2" :
		    "");
	} else if (wrong == ENOSYS || wrong == ENOENT || wrong == EOPNOTSUPP) {
		fail(profile, KYMO_PROFILE_NOT_ALLOWED);
		kymo_error_set(&profile->why, "this kernel has no performance "
		    "events (%s)", strerror(wrong));
	} else {
		fail(profile, KYMO_PROFILE_FAILED);
		kymo_error_set(&profile->why, "%.100s %s %d%s%.200s", command,
		    WIFSIGNALED(run->status) ? "was ended by signal" :
		    "ended with", WIFSIGNALED(run->status) ?
		    WTERMSIG(run->status) : WEXITSTATUS(run->status),
		    run->errors[0] != '\0' ? ": " : "", last_line(run->errors));
	}
}

/* What a run that did not end by itself comes to. */
static void
stopped(struct kymo_profile *profile, const char *command, enum kyi_ran ran,
    const struct kyi_profile_run *run)
{
	if (ran == KYI_RAN_NOT && (run->status == ENOENT ||
	    run->status == ENOTDIR || run->status == EACCES)) {
		fail(profile, KYMO_PROFILE_NOT_INSTALLED);
		kymo_error_set(&profile->why, "%.200s: %s; perf is in the "
		    "package linux-perf (Debian) or linux-tools (Ubuntu), and "
		    "profiles: {command: PATH} says where it is", command,
		    strerror(run->status));
	} else if (ran == KYI_RAN_NOT) {
		fail(profile, KYMO_PROFILE_FAILED);
		kymo_error_set(&profile->why, "%.200s: %s", command,
		    strerror(run->status));
	} else if (ran == KYI_RAN_CANCELLED) {
		fail(profile, KYMO_PROFILE_LIMITED);
		kymo_error_set(&profile->why, "it was given up");
	} else {
		fail(profile, KYMO_PROFILE_LATE);
		kymo_error_set(&profile->why, ran == KYI_RAN_LATE ?
		    "%.200s did not end in time, and was ended" :
		    "%.200s said too much, and was ended", command);
	}
}

/* ---- taking ------------------------------------------------------------------------- */

struct taking {
	struct kymo_profile *profile;
	const struct kymo_profile_options *options;
	const struct kymo_profile_process *processes;
	uint32_t process_cnt;
	char path[512]; /* of what perf writes */
	struct kyi_fold *fold;
};

/* perf moves what is there aside. */
static void
leftovers_remove(const struct taking *taking)
{
	char old[sizeof(taking->path) + 8];

	snprintf(old, sizeof(old), "%s.old", taking->path);
	(void)unlink(taking->path);
	(void)unlink(old);
}

/* sleep, not our own patience, says how long: were we killed, perf would still
   end. It begins it when it looks. */
static bool
record(struct taking *taking)
{
	const struct kymo_profile_options *options = taking->options;
	char frequency[16], seconds[16], list[LIST_BYTES] = "", size[32];
	const char *const argv[] = { options->command, "record", "--no-buildid",
	    "--no-buildid-cache", "-F", frequency, "--call-graph",
	    options->dwarf ? "dwarf,8192" : "fp", "--max-size", size, "-o",
	    taking->path, "-p", list, "--", "sleep", seconds, NULL };
	struct kyi_profile_run run = { .argv = (char *const *)(uintptr_t)argv,
	    .timeout_ms = options->seconds * 1000u + RECORD_SPARE_MS,
	    .file_bytes_max = options->bytes_max + SPARE_BYTES,
	    .cancelled = options->cancelled, .of = options->of };
	size_t len = 0;
	enum kyi_ran ran;

	snprintf(frequency, sizeof(frequency), "%u", options->frequency);
	snprintf(size, sizeof(size), "%lluK",
	    (unsigned long long)(options->bytes_max / 1024));
	snprintf(seconds, sizeof(seconds), "%u", options->seconds);
	for (uint32_t i = 0; i < taking->process_cnt; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u",
		    i > 0 ? "," : "", taking->processes[i].pid);
	ran = kyi_profile_run(&run);
	if (ran != KYI_RAN_ENDED)
		stopped(taking->profile, options->command, ran, &run);
	else if (run.status != 0)
		refused(taking->profile, &taking->processes[0],
		    options->command, &run);
	else
		return true;
	return false;
}

static void
said(void *to, const char *bytes, size_t len_bytes)
{
	struct taking *taking = to;

	kyi_fold_add(taking->fold, bytes, len_bytes);
}

static bool
tell(struct taking *taking)
{
	const struct kymo_profile_options *options = taking->options;
	const char *const argv[] = { options->command, "script", "--no-inline",
	    "-F", "comm,pid,tid,ip,sym,dso", "-i", taking->path, NULL };
	struct kyi_profile_run run = { .argv = (char *const *)(uintptr_t)argv,
	    .timeout_ms = TELL_MS, .file_bytes_max = TELL_FILE_BYTES_MAX,
	    .said_bytes_max = TELL_BYTES_MAX,
	    .said = said, .to = taking, .cancelled = options->cancelled,
	    .of = options->of };
	enum kyi_ran ran = kyi_profile_run(&run);

	if (ran != KYI_RAN_ENDED)
		stopped(taking->profile, options->command, ran, &run);
	else if (run.status != 0)
		refused(taking->profile, &taking->processes[0],
		    options->command, &run);
	else
		return true;
	return false;
}

/* Of whose samples it is certain: who is there now was there all the time, and
   nobody else had its number. */
static bool
certain(const struct taking *taking, bool *keep)
{
	bool any = false;

	for (uint32_t i = 0; i < taking->process_cnt; i++) {
		keep[i] = !has_ended(&taking->processes[i]);
		any |= keep[i];
	}
	return any;
}

static void
take(struct taking *taking)
{
	struct kymo_profile *profile = taking->profile;
	bool keep[KYMO_PROFILE_PROCESS_MAX];

	if (!record(taking))
		return;
	if (!certain(taking, keep)) {
		fail(profile, KYMO_PROFILE_GONE);
		kymo_error_set(&profile->why, "process %u ended meanwhile, so "
		    "nothing is certain", taking->processes[0].pid);
		return;
	}
	if (!tell(taking))
		return;
	if (kyi_fold_end(taking->fold, keep, profile) != 0) {
		fail(profile, KYMO_PROFILE_FAILED);
		kymo_error_set(&profile->why, "out of memory");
	} else if (profile->sample_cnt == 0) {
		fail(profile, KYMO_PROFILE_IDLE);
		kymo_error_set(&profile->why, "it was not running: in %u s no "
		    "sample found it on a processor; what it waits for no "
		    "profile shows", taking->options->seconds);
	} else {
		profile->result = KYMO_PROFILE_TAKEN;
	}
}

void
kymo_profile_take(struct kymo_profile *profile,
    const struct kymo_profile_options *options,
    const struct kymo_profile_process *processes, uint32_t process_cnt)
{
	struct taking taking = { .profile = profile, .options = options,
	    .processes = processes, .process_cnt = process_cnt };

	if (taking.process_cnt > KYMO_PROFILE_PROCESS_MAX)
		taking.process_cnt = KYMO_PROFILE_PROCESS_MAX;
	fail(profile, KYMO_PROFILE_FAILED);
	if (process_cnt == 0) {
		fail(profile, KYMO_PROFILE_GONE);
		kymo_error_set(&profile->why, "there is no process");
		return;
	}
	if ((size_t)snprintf(taking.path, sizeof(taking.path), "%s/.perf.data",
	    options->folder) >= sizeof(taking.path)) {
		kymo_error_set(&profile->why, "the folder's path is too long");
		return;
	}
	taking.fold = kyi_fold_new(processes, taking.process_cnt);
	if (taking.fold == NULL) {
		kymo_error_set(&profile->why, "out of memory");
		return;
	}
	leftovers_remove(&taking);
	take(&taking);
	leftovers_remove(&taking);
	kyi_fold_free(taking.fold);
}

void
kymo_profile_free(struct kymo_profile *profile)
{
	kymo_buffer_free(&profile->report);
	kymo_buffer_free(&profile->folded);
}
