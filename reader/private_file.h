/* SPDX-License-Identifier: MIT */
/* Databases are for their owner alone: what programs count, their labels, and
   messages with what is in them. */
#ifndef KYI_PRIVATE_FILE_H
#define KYI_PRIVATE_FILE_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Makes an empty file with mode 0600 where there is none; SQLite would make one
   that all may read, and gives what it puts beside it (-wal, -shm) the mode that
   it finds. What is there stays as it is. Errors are for who opens it then. */
static inline void
kyi_private_file(const char *path)
{
	int fd;

	if (*path == '\0' || strcmp(path, ":memory:") == 0)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd >= 0)
		close(fd);
}

#endif
