/* SPDX-License-Identifier: MIT */
/* Files of runs: all bytes, where runs begin, and what of the last is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/export/run_private.h"
#include "reader/export/unpack.h"

#define FILE_BYTES_MAX (128u << 20)

/* A run's first key. Before it is a map's head; what writes runs puts no such
   head into a text, for it is not UTF-8. */
static const unsigned char first_key[9] = "\xa8kymo_run";

static bool
begins(const unsigned char *at, const unsigned char *end, bool torn)
{
	size_t left = (size_t)(end - at) - 1, key = sizeof(first_key);

	if (left < key && torn)
		key = left;
	return left >= key && *at > 0x80 && *at < 0x90 &&
	    memcmp(at + 1, first_key, key) == 0;
}

const unsigned char *
kyi_run_next(const unsigned char *at, const unsigned char *end)
{
	/* What follows at is at's own key. */
	for (at += 2; at < end; at++) {
		at = memmem(at, (size_t)(end - at), first_key,
		    sizeof(first_key));
		if (!at)
			return end;
		if (begins(at - 1, end, false))
			return at - 1;
	}
	return end;
}

/* NULL: said why. */
static char *
all_of(int fd, const char *name, size_t *len_bytes, struct kymo_error *error)
{
	struct stat st;
	char *bytes;
	ssize_t got;

	*len_bytes = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)FILE_BYTES_MAX) {
		kymo_error_set(error, "%s: it is no regular file, or larger than "
		    "128 MiB", name);
		return NULL;
	}
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		kymo_error_set(error, "no memory to read %s", name);
	while (bytes && *len_bytes < (size_t)st.st_size) {
		got = pread(fd, bytes + *len_bytes, (size_t)st.st_size -
		    *len_bytes, (off_t)*len_bytes);
		if (got > 0) {
			*len_bytes += (size_t)got;
		} else if (got == 0 || errno != EINTR) {
			/* Less would pass for a run that was cut. */
			kymo_error_set(error, "%s: it cannot be read: %s", name,
			    got == 0 ? "it shrinks" : strerror(errno));
			free(bytes);
			return NULL;
		}
	}
	return bytes;
}

int
kymo_runs_load(struct kymo_runs **runs, const char *path,
    struct kymo_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status;
	size_t len_bytes;
	char *bytes;

	if (fd < 0)
		return kymo_error_set(error, "%s: %s", path, strerror(errno));
	bytes = all_of(fd, path, &len_bytes, error);
	close(fd);
	if (!bytes)
		return -1;
	status = kymo_runs_read(runs, bytes, len_bytes, path, error);
	free(bytes);
	return status;
}

/* Only what is whole stays of the last run, which begins at at. */
static const unsigned char *
whole_until(const unsigned char *at, const unsigned char *end, bool *torn)
{
	struct kyi_unpack from = { .at = at, .end = end };

	*torn = true;
	while (from.at < end) {
		at = from.at;
		/* Of maps alone it is made. */
		if (!(*at >= 0x80 && *at < 0x90) && *at != 0xde && *at != 0xdf) {
			*torn = false;
			return at;
		}
		kyi_unpack_skip(&from);
		if (from.failed) {
			*torn = from.cut;
			return at;
		}
	}
	return end;
}

int
kymo_runs_whole(int fd, const char *name, uint64_t *whole_bytes,
    struct kymo_error *error)
{
	size_t len_bytes;
	char *bytes = all_of(fd, name, &len_bytes, error);
	const unsigned char *begin = (const unsigned char *)bytes, *at = begin;
	const unsigned char *end = begin + len_bytes, *last = at;
	bool torn = true;
	int status = 0;

	*whole_bytes = 0;
	if (!bytes)
		return -1;
	if (len_bytes > 0) {
		for (; at < end; at = kyi_run_next(at, end))
			last = at;
		at = whole_until(last, end, &torn);
		if (!torn || !begins(begin, end, true))
			status = kymo_error_set(error, "%s: it holds what is no "
			    "run: nothing was appended", name);
		*whole_bytes = (uint64_t)(at - begin);
	}
	free(bytes);
	return status;
}
