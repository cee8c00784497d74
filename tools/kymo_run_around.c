/* SPDX-License-Identifier: MIT */
#include "tools/kymo_run_around.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/kymo_run.h"

/* What nothing was made in for so long, and nobody holds. */
#define SWEEP_AGE_S 60

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

/* Whoever holds the lock on it records; the kernel lets go of it for the dead. -1:
   it is somebody's, or gone. */
static int
dir_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat is, there;

	if (fd < 0)
		return -1;
	if (fstat(fd, &is) == 0 && is.st_uid == geteuid() &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 && lstat(path, &there) == 0 &&
	    there.st_dev == is.st_dev && there.st_ino == is.st_ino)
		return fd;
	close(fd);
	return -1;
}

/* What our directory may hold: regions, the lock, marks. Not deeper. Closes fd,
   which is path's. */
static int
dir_empty(int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		/* Of one that came since we looked last, too. */
		if ((len > 5 && strcmp(entry->d_name + len - 5, ".kymo") == 0) ||
		    strcmp(entry->d_name, ".kymod.lock") == 0 ||
		    strcmp(entry->d_name, "marks") == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
		else if (strcmp(entry->d_name, "crash") == 0)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	/* Before anybody else may take it for their own. */
	if (rmdir(path) != 0)
		fd = -errno;
	if (dir)
		closedir(dir);
	return fd;
}

static bool
is_old(int fd)
{
	struct stat is;

	return fstat(fd, &is) == 0 && time(NULL) - is.st_mtime > SWEEP_AGE_S;
}

/* Those of recorders that were killed by what nobody can take (kill -9). */
static void
sweep(const char *place)
{
	static const char prefix[] = "kymo-record-";
	DIR *dir = opendir(place);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[KYI_RUN_DIR_BYTES];
		int fd;

		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", place,
			entry->d_name) >= sizeof(path))
			continue;
		fd = dir_lock(path);
		if (fd >= 0 && is_old(fd))
			dir_empty(fd, path);
		else if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

int
kyi_run_dir_make(struct kyi_run_dir *dir)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < 2; i++) {
		sweep(places[i]);
		/* Another's sweep may be faster than our lock. */
		for (int try = 0; try < 10; try++) {
			snprintf(dir->path, sizeof(dir->path),
			    "%s/kymo-record-XXXXXX", places[i]);
			if (!mkdtemp(dir->path))
				break;
			dir->fd = dir_lock(dir->path);
			if (dir->fd >= 0)
				return KYI_EXIT_OK;
			rmdir(dir->path);
		}
	}
	dir->path[0] = 0;
	return kyi_trouble("no directory in /dev/shm or /tmp: %s",
	    strerror(errno));
}

void
kyi_run_dir_remove(const struct kyi_run_dir *dir)
{
	if (dir->path[0] && dir_empty(dir->fd, dir->path) == -ENOTEMPTY)
		fprintf(stderr, "kymo: %s is left: something in it is not ours\n",
		    dir->path);
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
