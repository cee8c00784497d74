/* SPDX-License-Identifier: MIT */
/* The file of what recovery counts, and of the past. */
#include "tools/kymod_health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)4 << 20) /* 200 components of 32 checks */

char *
kyi_health_state_path(const char *state_path)
{
	const char *slash = strrchr(state_path, '/');
	char *path = NULL;

	if (asprintf(&path, "%.*s/health.state",
		slash ? (int)(slash - state_path) : 1,
		slash ? state_path : ".") < 0)
		return NULL;
	return path;
}

static int
whole_write(int fd, const struct kymo_buffer *text)
{
	size_t done_bytes = 0;

	while (done_bytes < text->len_bytes) {
		ssize_t got = write(fd, text->at + done_bytes,
		    text->len_bytes - done_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		done_bytes += (size_t)got;
	}
	return fsync(fd);
}

static void
folder_sync(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') :
	    NULL;
	int fd;

	if (slash) {
		slash[slash == folder] = '\0';
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!fsync(fd);
			close(fd);
		}
	}
	free(folder);
}

int
kyi_health_state_write(const char *path, const struct kymo_buffer *text,
    struct kymo_error *error)
{
	char *room = NULL;
	int fd, result = -1;

	if (text->failed || asprintf(&room, "%s.new", path) < 0)
		return kymo_error_set(error, "out of memory");
	(void)unlink(room);
	fd = open(room, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd >= 0) {
		result = whole_write(fd, text);
		if (close(fd) != 0)
			result = -1;
		if (result == 0)
			result = rename(room, path);
	}
	if (result != 0)
		kymo_error_set(error, "%s: %s", room, strerror(errno));
	else
		folder_sync(path);
	free(room);
	return result;
}

static char *
whole_read(const char *path, size_t *len_bytes)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(FILE_BYTES_MAX);
	ssize_t got = 1;

	*len_bytes = 0;
	while (text && got > 0 && *len_bytes < FILE_BYTES_MAX) {
		got = read(fd, text + *len_bytes, FILE_BYTES_MAX - *len_bytes);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			*len_bytes += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	if (got >= 0)
		return text;
	free(text);
	return NULL;
}

void
kyi_health_state_read(const char *path, struct kymo_care *care)
{
	struct kymo_error why = {""};
	char *aside = NULL, *text;
	size_t len_bytes;

	text = whole_read(path, &len_bytes);
	if (!text) {
		if (errno != ENOENT)
			kyi_log(KYMO_LOG_WARN, "%s: %s; recovery counts from "
			    "zero", path, strerror(errno));
		return;
	}
	if (kymo_care_restore(care, text, len_bytes,
		(int64_t)(kyi_realtime_ns() / 1000000), &why) != 0) {
		if (asprintf(&aside, "%s.corrupt-%llu", path,
			(unsigned long long)(kyi_realtime_ns() /
			    1000000000)) < 0)
			aside = NULL;
		if (aside && rename(path, aside) == 0)
			kyi_log(KYMO_LOG_WARN, "%s: %s; it is kept as %s, and "
			    "recovery counts from zero", path, why.text, aside);
		else
			kyi_log(KYMO_LOG_WARN, "%s: %s; recovery counts from "
			    "zero", path, why.text);
		free(aside);
	}
	free(text);
}
