/* SPDX-License-Identifier: MIT */
#include "tools/kymo_run_around.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/kymo_run.h"

/* All by which we could end before we tidied up. What whoever started us ignores
   (nohup) stays so, for a signalfd would have it all the same; but without
   SIGCHLD no end would be seen. A pipe without a reader and a file that may not
   grow are errors of a write. */
int
kyi_run_signals_take(struct kyi_run_signals *signals)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
	    SIGUSR2, SIGALRM, SIGXCPU };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction is;
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &is) == 0 &&
		    is.sa_handler != SIG_IGN)
			sigaddset(&ours, ends[i]);
	sigaction(SIGPIPE, &ignore, &signals->old_pipe);
	sigaction(SIGXFSZ, &ignore, &signals->old_size);
	sigprocmask(SIG_BLOCK, &ours, &signals->old);
	signals->taken = true;
	signals->fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? kyi_trouble("no signalfd: %s",
	    strerror(errno)) : KYI_EXIT_OK;
}

void
kyi_run_signals_back(struct kyi_run_signals *signals)
{
	if (!signals->taken)
		return;
	if (signals->fd >= 0)
		close(signals->fd);
	sigaction(SIGPIPE, &signals->old_pipe, NULL);
	sigaction(SIGXFSZ, &signals->old_size, NULL);
	sigprocmask(SIG_SETMASK, &signals->old, NULL);
}

/* ---- the directory ---------------------------------------------------------------- */

int
kyi_run_dir_make(char dir[KYI_RUN_DIR_BYTES])
{
	static const char *const places[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < 2; i++) {
		snprintf(dir, KYI_RUN_DIR_BYTES,
		    "%s/kymo-record-XXXXXX", places[i]);
		if (mkdtemp(dir))
			return KYI_EXIT_OK;
	}
	dir[0] = 0;
	return kyi_trouble("no directory in /dev/shm or /tmp: %s",
	    strerror(errno));
}

/* What our directory may hold: regions, the lock, marks. Not deeper. */
void
kyi_run_dir_remove(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		/* Of one that came since we looked last, too. */
		if ((len > 5 && strcmp(entry->d_name + len - 5, ".kymo") == 0) ||
		    strcmp(entry->d_name, ".kymod.lock") == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
		else if (strcmp(entry->d_name, "crash") == 0)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	if (rmdir(path) != 0 && errno == ENOTEMPTY)
		fprintf(stderr, "kymo: %s is left: something in it is not ours\n",
		    path);
}

/* ---- the end ---------------------------------------------------------------------- */

void
kyi_run_die(const struct kyi_run *run)
{
	const struct rlimit none = { 0, 0 };
	sigset_t one;

	if (run->signal == 0)
		return;
	/* One core is enough, and it is the command's. */
	setrlimit(RLIMIT_CORE, &none);
	fflush(NULL);
	signal(run->signal, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, run->signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(run->signal);
}
