/* SPDX-License-Identifier: MIT */
/* Every system call that the library makes fails, with every errno, once and
   for ever. A tracer runs the host again and again, takes one of its calls
   away from the kernel and answers in its place; the host must end with its
   own result each time.

	initfail [ERRNOS]       with how many of them a call is tried
	INITFAIL_SWEEP=1 initfail ..  only the calls of a sweep of dead
	                        regions, which lie there; in a tmpfs of 1 MiB
	initfail host           what is run: its library is linked in, so that
	                        a constructor of ours is before the library's

   Calls that are the host's own (its threads, forks, output) are left alone:
   it marks where it calls the library. Calls that cannot fail (getpid..) too. */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "tests/prove/initfail.h"
#include "tests/prove/prove.h"

/* ---- the tracer --------------------------------------------------------- */

#if defined(__x86_64__)
static const int errnos[] = { ENOMEM, EACCES, EINTR, ENOSYS, EINVAL, EAGAIN,
	EPERM, ENOSPC, EMFILE, EBADF, EIO, ENOENT, EFAULT, EEXIST, EROFS,
	EBUSY };
#define ERRNO_CNT (sizeof(errnos) / sizeof(*errnos))
#define CALL_MAX 4096u
#define TASK_MAX 16u

static uint32_t calls[CALL_MAX], call_cnt;

/* What is to fail: the call numbered at, from 0, and if for_ever all later
   ones of that kind. at == CALL_MAX: nothing, and calls[] is filled. */
struct trial {
	uint32_t at;
	int error;
	bool for_ever;
};

struct task {
	pid_t pid;
	bool on, inside, failing;
};

struct run {
	struct task tasks[TASK_MAX];
	uint32_t cnt;
	pid_t first;
	int status; /* of the first; -1: not yet */
	struct trial trial;
};

static volatile sig_atomic_t late;
static pid_t running;

/* Nobody waits for ever: the host does not answer, so it ends here. */
static void
too_late(int signal_nr)
{
	(void)signal_nr;
	late = 1;
	kill(-running, SIGKILL);
}

static struct task *
task_of(struct run *run, pid_t pid)
{
	struct task *task = NULL;
	uint32_t i;

	for (i = 0; i < TASK_MAX; i++) {
		if (run->tasks[i].pid == pid)
			return &run->tasks[i];
		if (run->tasks[i].pid == 0 && task == NULL)
			task = &run->tasks[i];
	}
	if (task == NULL)
		prove_die("tasks");
	memset(task, 0, sizeof(*task));
	task->pid = pid;
	return task;
}

static bool
cannot_fail(uint64_t nr)
{
	switch (nr) {
	case SYS_getpid:
	case SYS_gettid:
	case SYS_getppid:
	case SYS_geteuid:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_brk: /* returns where it is, not an errno */
		return true;
	default:
		return false;
	}
}

static bool
fails(struct run *run, uint64_t nr)
{
	const struct trial *trial = &run->trial;
	uint32_t idx = run->cnt++;

	if (trial->at == CALL_MAX) {
		if (idx >= CALL_MAX)
			prove_die("calls");
		calls[idx] = (uint32_t)nr;
		call_cnt = idx + 1;
		return false;
	}
	return idx == trial->at || (trial->for_ever && idx > trial->at &&
	    nr == calls[trial->at]);
}

static void
at_call(struct run *run, struct task *task)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, task->pid, NULL, &regs) != 0)
		return;
	task->inside = !task->inside;
	if (!task->inside) {
		if (task->failing) {
			regs.rax = (uint64_t)-(int64_t)run->trial.error;
			ptrace(PTRACE_SETREGS, task->pid, NULL, &regs);
		}
		task->failing = false;
		return;
	}
	if (regs.orig_rax == SYS_getppid && regs.rdi == MARK)
		task->on = regs.rsi != 0;
	if (!task->on || cannot_fail(regs.orig_rax))
		return;
	task->failing = fails(run, regs.orig_rax);
	if (!task->failing)
		return;
	regs.orig_rax = (uint64_t)-1;
	ptrace(PTRACE_SETREGS, task->pid, NULL, &regs);
}

/* One stop of one task. */
static void
step(struct run *run, pid_t pid, int status)
{
	struct task *task = task_of(run, pid);
	long signal_nr = 0;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		task->pid = 0;
		if (pid == run->first)
			run->status = WIFEXITED(status) ? WEXITSTATUS(status) :
			    128 + WTERMSIG(status);
		return;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		at_call(run, task);
	else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
		signal_nr = WSTOPSIG(status);
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)signal_nr);
}

static pid_t
start_host(int out, const char *self)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	execl(self, self, "host", (char *)NULL);
	_exit(98);
}

/* Returns what went wrong, NULL: nothing. */
static const char *
run_host(struct run *run, const char *self, struct trial trial)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
	    PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;
	static char said[8192], why[64];
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	memset(run, 0, sizeof(*run));
	run->trial = trial;
	run->status = -1;
	late = 0;
	if (pipe(fds) != 0)
		prove_die("pipe");
	run->first = running = start_host(fds[1], self);
	close(fds[1]);
	if (waitpid(running, &status, 0) != running ||
	    ptrace(PTRACE_SETOPTIONS, running, NULL, (void *)options) != 0)
		prove_die("ptrace");
	ptrace(PTRACE_SYSCALL, running, NULL, NULL);
	alarm(4);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (pid > 0)
			step(run, pid, status);
	alarm(0);
	got = read(fds[0], said, sizeof(said) - 1);
	said[got < 0 ? 0 : got] = '\0';
	close(fds[0]);
	if (late)
		return "hung";
	if (run->status != STATUS) {
		snprintf(why, sizeof(why), "ended with %d", run->status);
		return why;
	}
	return strstr(said, RESULT) == NULL ? "lost its output" : NULL;
}

static const char *
call_name(uint32_t nr)
{
	static const struct {
		long nr;
		const char *name;
	} names[] = {
#define NAME(name) { SYS_##name, #name }
		NAME(openat), NAME(open), NAME(close), NAME(fstat),
		NAME(newfstatat), NAME(stat), NAME(fstatfs), NAME(mkdir),
		NAME(mmap), NAME(munmap), NAME(mprotect), NAME(madvise),
		NAME(ftruncate), NAME(fallocate), NAME(fchmod), NAME(flock),
		NAME(linkat), NAME(renameat), NAME(unlinkat), NAME(access),
		NAME(faccessat), NAME(readlink), NAME(uname), NAME(pread64),
		NAME(read), NAME(write), NAME(poll), NAME(getrandom),
		NAME(prlimit64), NAME(rt_sigprocmask), NAME(rt_sigpending),
		NAME(rt_sigtimedwait), NAME(prctl), NAME(tgkill), NAME(futex),
		NAME(getdents64), NAME(lseek), NAME(clock_gettime),
#undef NAME
	};
	static char other[24];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].nr == (long)nr)
			return names[i].name;
	snprintf(other, sizeof(other), "call_%u", nr);
	return other;
}

static struct run run;

/* ---- a sweep of dead regions ---------------------------------------------- */

#define DEAD_CNT 4u
#define DEAD_BYTES (100u << 10)

static uint32_t begin_at, end_at = CALL_MAX; /* the calls that are tried */

/* Before each run. */
static void
dir_prepare(void)
{
	char path[512];
	uint32_t i;
	int fd;

	prove_clean();
	for (i = 0; getenv("INITFAIL_SWEEP") != NULL && i < DEAD_CNT; i++) {
		snprintf(path, sizeof(path), "%s/dead.%u.0123456789abcdef.kymo",
		    prove_dir(), i + 1);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, KYI_MAGIC, KYI_MAGIC_BYTES) < 0 ||
		    posix_fallocate(fd, 0, DEAD_BYTES) != 0)
			prove_die(path);
		close(fd);
	}
}

/* From before the first look at the directory to after the first removals. */
static void
range_find(void)
{
	uint32_t i;

	for (i = 0; i < call_cnt && calls[i] != SYS_getdents64; i++)
		;
	begin_at = i < 12 ? 0 : i - 12;
	end_at = 0;
	for (; i < call_cnt && i < begin_at + 150; i++)
		if (calls[i] == SYS_unlinkat)
			end_at = i + 12;
	if (end_at == 0)
		prove_die("nothing was swept");
}

/* All trials of one kind of call, as a row. */
static void
try_kind(uint32_t nr, const char *self, uint32_t errno_cnt)
{
	uint32_t at, e, trial_cnt = 0, bad_cnt = 0, place_cnt = 0;

	for (at = 0; at < call_cnt; at++) {
		if (calls[at] != nr || at < begin_at || at >= end_at)
			continue;
		/* What is the same again and again: some. */
		if (place_cnt++ > 24 && place_cnt % 8 != 0)
			continue;
		for (e = 0; e < 2 * errno_cnt; e++) {
			/* The few of a quick run are others at each call. */
			struct trial trial = { at, errnos[(e / 2 + place_cnt *
			    errno_cnt) % ERRNO_CNT], e % 2 == 1 };
			const char *why;

			if (errno_cnt == 1 && (e + place_cnt / ERRNO_CNT) % 2)
				continue;
			dir_prepare();
			why = run_host(&run, self, trial);
			trial_cnt++;
			if (why == NULL)
				continue;
			bad_cnt++;
			fprintf(stderr, "%s, call %u, errno %d, %s: %s\n",
			    call_name(nr), at, trial.error, trial.for_ever ?
			    "for ever" : "once", why);
		}
	}
	if (place_cnt == 0)
		return;
	printf("initfail/%s%s places=%u trials=%u failures=%u ok=%d\n",
	    begin_at == 0 ? "" : "sweep_", call_name(nr), place_cnt,
	    trial_cnt, bad_cnt, bad_cnt == 0);
	fflush(stdout);
}

static int
trace(uint32_t errno_cnt)
{
	const struct trial none = { CALL_MAX, 0, false };
	const char *why;
	char self[512];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	uint32_t i, j;

	if (len < 0)
		prove_die("readlink");
	self[len] = '\0';
	signal(SIGALRM, too_late);
	dir_prepare();
	why = run_host(&run, self, none);
	if (why != NULL) {
		fprintf(stderr, "a host that is left alone %s\n", why);
		return 1;
	}
	if (getenv("INITFAIL_SWEEP") != NULL)
		range_find();
	for (i = 0; i < call_cnt; i++) {
		for (j = 0; calls[j] != calls[i]; j++)
			;
		if (j == i)
			try_kind(calls[i], self, errno_cnt);
	}
	return 0;
}
#endif

int
main(int argc, char **argv)
{
	if (initfail_is_host)
		return initfail_host();
#if defined(__x86_64__)
	return trace(argc > 1 ? (uint32_t)atoi(argv[1]) : ERRNO_CNT);
#else
	(void)argc, (void)argv;
	return 77;
#endif
}
