/* SPDX-License-Identifier: MIT */
/* What receivers point to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/kymod_receivers.h"

void *
kyi_receivers_keep(struct kyi_receivers *receivers, void *memory)
{
	void **more = reallocarray(receivers->kept, receivers->kept_cnt + 1u,
	    sizeof(more[0]));

	if (more)
		receivers->kept = more;
	if (!memory || !more) {
		receivers->failed = true;
		free(memory);
		return NULL;
	}
	more[receivers->kept_cnt++] = memory;
	return memory;
}

const char *
kyi_receivers_memory_file(struct kyi_receivers *receivers, const char *text)
{
	size_t len_bytes = strlen(text);
	int *more = reallocarray(receivers->fds, receivers->fd_cnt + 1u,
	    sizeof(more[0]));
	char *path;
	int fd;

	if (more)
		receivers->fds = more;
	fd = more ? memfd_create("kymod-secret", MFD_CLOEXEC) : -1;
	if (fd < 0) {
		receivers->failed = true;
		return NULL;
	}
	more[receivers->fd_cnt++] = fd;
	if (write(fd, text, len_bytes) != (ssize_t)len_bytes ||
	    asprintf(&path, "/proc/self/fd/%d", fd) < 0)
		path = NULL;
	return kyi_receivers_keep(receivers, path);
}

void
kyi_receivers_free(struct kyi_receivers *receivers)
{
	for (uint32_t i = 0; i < receivers->kept_cnt; i++)
		free(receivers->kept[i]);
	for (uint32_t i = 0; i < receivers->fd_cnt; i++)
		close(receivers->fds[i]);
	free(receivers->kept);
	free(receivers->fds);
	free(receivers->at);
	kymo_templates_delete(receivers->templates);
	memset(receivers, 0, sizeof(*receivers));
}
