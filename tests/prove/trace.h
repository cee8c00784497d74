/* SPDX-License-Identifier: MIT */
/* A child that goes on by single instructions, or from stop to stop. A stop is
   TRACE_STOP() in the child's code, or its end. Who is traced is the thread
   that called trace_me. */
#ifndef TESTS_PROVE_TRACE_H
#define TESTS_PROVE_TRACE_H

#include <sched.h>
#include <sys/ptrace.h>

#include "tests/prove/prove.h"

#if defined(__x86_64__)
#define TRACE_STOP() __asm__ volatile("int3" : : : "memory")
#else
#define TRACE_STOP() raise(SIGTRAP)
#endif

enum trace_at {
	TRACE_AT_STEP, /* after an instruction; a system call, in, out */
	TRACE_AT_STOP,
	TRACE_AT_END
};

struct trace {
	pid_t pid, tid;
	int signal_nr; /* to be delivered when it goes on */
	int status;    /* at the end */
};

/* trace_pin has this process and its children take turns on one processor,
   which is twice as fast. */
PROVE_UNUSED static void
trace_pin(void)
{
	cpu_set_t cpus;
	int cpu = sched_getcpu();

	CPU_ZERO(&cpus);
	CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

PROVE_UNUSED static void
trace_me(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		prove_die("ptrace");
}

/* Where it is, of what waitpid said. */
static enum trace_at
trace_where(struct trace *trace, int status)
{
	siginfo_t info;

	trace->status = status;
	if (!WIFSTOPPED(status))
		return TRACE_AT_END;
	trace->signal_nr = WSTOPSIG(status);
	if (trace->signal_nr == (SIGTRAP | 0x80)) {
		trace->signal_nr = 0;
		return TRACE_AT_STEP;
	}
	if (trace->signal_nr != SIGTRAP)
		return TRACE_AT_STEP;
	trace->signal_nr = 0;
	if (ptrace(PTRACE_GETSIGINFO, trace->tid, NULL, &info) != 0)
		prove_die("siginfo");
	/* A breakpoint is from the kernel, a step is a trace. */
	return info.si_code == SI_KERNEL || info.si_code == SI_TKILL ?
	    TRACE_AT_STOP : TRACE_AT_STEP;
}

/* trace_go lets it go on: by one instruction (PTRACE_SINGLESTEP), to the next
   side of a system call (PTRACE_SYSCALL), to the next stop or signal
   (PTRACE_CONT). */
PROVE_UNUSED static enum trace_at
trace_go(struct trace *trace, int request)
{
	int status;

	if (ptrace(request, trace->tid, NULL,
	    (void *)(uintptr_t)trace->signal_nr) != 0 ||
	    waitpid(trace->tid, &status, __WALL) != trace->tid)
		prove_die("ptrace");
	return trace_where(trace, status);
}

PROVE_UNUSED static enum trace_at
trace_go_to_stop(struct trace *trace)
{
	enum trace_at at;

	do {
		at = trace_go(trace, PTRACE_CONT);
	} while (at == TRACE_AT_STEP);
	return at;
}

/* trace_steps goes on by up to cnt instructions; another answer than
   TRACE_AT_STEP: that came first. */
PROVE_UNUSED static enum trace_at
trace_steps(struct trace *trace, uint64_t cnt)
{
	enum trace_at at = TRACE_AT_STEP;

	while (cnt-- > 0 && at == TRACE_AT_STEP)
		at = trace_go(trace, PTRACE_SINGLESTEP);
	return at;
}

/* trace_begin waits for the first stop of a thread of pid. */
PROVE_UNUSED static void
trace_begin(struct trace *trace, pid_t pid)
{
	int status;

	memset(trace, 0, sizeof(*trace));
	trace->pid = pid;
	trace->tid = waitpid(-1, &status, __WALL);
	if (trace->tid < 0)
		prove_die("waitpid");
	if (trace_where(trace, status) == TRACE_AT_END) {
		fprintf(stderr, "the child ended: %x\n", (unsigned)status);
		exit(1);
	}
	if (ptrace(PTRACE_SETOPTIONS, trace->tid, NULL,
	    (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) !=
	    0)
		prove_die("ptrace");
	if (trace->signal_nr != 0)
		trace_go_to_stop(trace);
}

/* trace_kill ends the child where it is, by SIGKILL. */
PROVE_UNUSED static void
trace_kill(struct trace *trace)
{
	int status;

	if (kill(trace->pid, SIGKILL) != 0)
		prove_die("kill");
	while (waitpid(-1, &status, __WALL) > 0)
		continue;
}

#endif
