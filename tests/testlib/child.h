/* SPDX-License-Identifier: MIT */

/* For tests that change what a whole process is: they do it in a child. */

#ifndef TESTS_TESTLIB_CHILD_H
#define TESTS_TESTLIB_CHILD_H

#include "tests/testlib/testlib.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CHILD_SKIPS 77

/* For functions that return 0, 1 (with a word on stderr) or CHILD_SKIPS. */
#define CHILD_CHECK(condition)                                                \
	do {                                                                  \
		if (!(condition)) {                                           \
			fprintf(stderr, "%s:%d: not so in the child: %s\n",   \
			    __FILE__, __LINE__, #condition);                  \
			return 1;                                             \
		}                                                             \
	} while (0)

/* testlib_child runs run(arg) in a forked child and fails or skips as it
   says; a child that a signal ended failed. */
TESTLIB_UNUSED static void
testlib_child(int (*run)(void *), void *arg)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int rc = run(arg);

		fflush(NULL);
		_exit(rc);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail_msg("the child was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == CHILD_SKIPS) {
		print_message("SKIPPED: this system does not let us try\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* testlib_syscall_fails has the system call nr fail with error from now on, if
   (argument arg & mask) == value; the low 32 bits of it. Cannot be undone. */
TESTLIB_UNUSED static int
testlib_syscall_fails(int nr, unsigned arg, uint32_t mask, uint32_t value,
    int error)
{
	unsigned low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(
		    struct seccomp_data, args) + 8 * arg + low),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* testlib_mount_tmpfs mounts a tmpfs with these options on dir, for this
   process only. */
TESTLIB_UNUSED static int
testlib_mount_tmpfs(const char *dir, const char *options)
{
	if (unshare(CLONE_NEWNS) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -1;
	return mount("none", dir, "tmpfs", 0, options);
}

#endif
