/* SPDX-License-Identifier: MIT */
/* The file of a database: its folder, whose it is, and where it goes when it
   is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/series/private.h"

#define PATH_BYTES 4096

int
kyi_state_folders(const char *path, struct kymo_error *error)
{
	char folder[PATH_BYTES];
	char *at;

	if (strlen(path) >= sizeof(folder) - 64)
		return kymo_error_set(error, "%.200s..: too long a path", path);
	strcpy(folder, path);
	for (at = strchr(folder + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return kymo_error_set(error,
			    "%s: cannot make this folder for the state: %s",
			    folder, strerror(errno));
		*at = '/';
	}
	return 0;
}

int
kyi_state_lock(const char *path, struct kymo_error *error)
{
	char name[PATH_BYTES];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return kymo_error_set(error, "%s: %s", name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	kymo_error_set(error, "%s: %s", path, errno == EWOULDBLOCK ?
	    "another reader keeps its state here" : strerror(errno));
	close(fd);
	return -1;
}

int
kyi_state_set_aside(const char *path, void (*warn)(void *to, const char *text),
    void *to, struct kymo_error *error)
{
	/* The journal first: it must not meet the next database. */
	static const char *const suffixes[] = {"-wal", "-shm", ""};
	char from[PATH_BYTES], aside[PATH_BYTES], text[600];
	long long now = (long long)time(NULL);
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(aside, sizeof(aside), "%s.corrupt-%lld%s", path, now,
		    suffixes[i]);
		if (rename(from, aside) != 0 && errno != ENOENT)
			return kymo_error_set(error, "%s: it is damaged, and"
			    " cannot be set aside: %s", path, strerror(errno));
	}
	snprintf(text, sizeof(text), "%.200s: it is damaged, and was set aside as"
	    " %.250s; totals of dead processes begin again", path, aside);
	if (warn != NULL)
		warn(to, text);
	return 0;
}
