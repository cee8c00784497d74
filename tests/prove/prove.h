/* SPDX-License-Identifier: MIT */

/* What the programs of proofs share. They link with libkymo as any program
   does, and look at regions with testlib/peek.h. */

#ifndef TESTS_PROVE_PROVE_H
#define TESTS_PROVE_PROVE_H

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/testlib/peek.h"
#include "writer/kymo.h"

#define PROVE_UNUSED __attribute__((unused))

/* prove_die ends the program: something that is no result went wrong. */
PROVE_UNUSED static void
prove_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(99);
}

/* prove_child waits for a child and returns its exit status, 128 + a signal. */
PROVE_UNUSED static int
prove_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			prove_die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

PROVE_UNUSED static const char *
prove_dir(void)
{
	const char *dir = getenv("KYMO_DIR");

	if (dir == NULL)
		prove_die("KYMO_DIR");
	return dir;
}

/* prove_clean removes all files of KYMO_DIR. */
PROVE_UNUSED static void
prove_clean(void)
{
	DIR *list = opendir(prove_dir());
	struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL)
		unlinkat(dirfd(list), entry->d_name, 0);
	if (list != NULL)
		closedir(list);
}

/* What all regions of KYMO_DIR say of one counter and one histogram. */
struct prove_sum {
	uint32_t file_cnt;
	uint64_t counter, hist_cnt, hist_sum;
	uint64_t lost;        /* amounts in the sink of lost series */
	uint64_t err_full, err_badcall;
};

PROVE_UNUSED static struct prove_sum
prove_sum(const char *counter, const char *hist)
{
	static struct peek_hist cells;
	DIR *list = opendir(prove_dir());
	struct prove_sum sum;
	struct dirent *entry;
	struct peek peek;
	char path[512];

	memset(&sum, 0, sizeof(sum));
	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (strstr(entry->d_name, ".kymo") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", prove_dir(),
		    entry->d_name);
		if (!peek_open(&peek, path))
			prove_die(path);
		sum.file_cnt++;
		if (counter != NULL && peek_series(&peek, counter, NULL))
			sum.counter += peek_sum(&peek, counter);
		if (hist != NULL && peek_hist(&peek, hist, &cells)) {
			sum.hist_cnt += cells.cnt;
			sum.hist_sum += cells.sum;
		}
		sum.lost += peek_cell(&peek, KYI_CELL_LOST);
		sum.err_full += peek.control->err_full;
		sum.err_badcall += peek.control->err_badcall;
		peek_close(&peek);
	}
	if (list != NULL)
		closedir(list);
	return sum;
}

/* prove_sum_of_pid returns a counter of the region that pid made. */
PROVE_UNUSED static uint64_t
prove_sum_of_pid(const char *counter, uint32_t pid)
{
	struct peek peek;
	char path[512];
	uint64_t sum = 0;

	if (!peek_find(prove_dir(), pid, path, sizeof(path)))
		return 0;
	if (peek_open(&peek, path))
		sum = peek_sum(&peek, counter);
	peek_close(&peek);
	return sum;
}

#endif
