/* SPDX-License-Identifier: MIT */
/* Directories: which are there, what is in them, and what inotify tells. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/region/watch_private.h"
#include "shm/place.h"

#define RESCAN_NS_DEFAULT 5000000000ull
#define REGION_MAX_DEFAULT 10000u
#define READS_MAX 64u /* of inotify, in one step: the rest waits for the next */
#define EVENTS                                                                \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB |    \
	IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

/* ---- one directory --------------------------------------------------- */

/* Says once why a directory is not read; "" when it is or is not there. */
static void
dir_told(struct kymo_watch *watch, struct kyi_watch_dir *dir, const char *why)
{
	if (strcmp(dir->told, why) == 0)
		return;
	snprintf(dir->told, sizeof(dir->told), "%s", why);
	if (*why != '\0')
		kyi_watch_tell(watch, dir->path, why);
}

static void
lose_dir(struct kymo_watch *watch, uint32_t dir_idx)
{
	struct kyi_watch_dir *dir = &watch->dirs[dir_idx];
	uint32_t i = 0;

	while (i < watch->entry_cnt)
		if (watch->entries[i]->dir_idx == dir_idx)
			kyi_watch_forget(watch, watch->entries[i]);
		else
			i++;
	kyi_watch_unlock(dir);
	if (dir->wd >= 0)
		inotify_rm_watch(watch->fd, dir->wd);
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = dir->wd = -1;
}

/* A directory may be given twice, by two paths: it counts once. */
static bool
is_elsewhere(const struct kymo_watch *watch, uint32_t dir_idx,
    const struct stat *st)
{
	uint32_t i;

	for (i = 0; i < watch->dir_cnt; i++)
		if (i != dir_idx && watch->dirs[i].fd >= 0 &&
		    watch->dirs[i].dev == st->st_dev &&
		    watch->dirs[i].ino == st->st_ino)
			return true;
	return false;
}

/* The directory's descriptor, or -1; told if that is worth telling. *not_now: it
   is we who lack something. */
static int
open_dir(struct kymo_watch *watch, uint32_t dir_idx, struct stat *st,
    bool *not_now)
{
	struct kyi_watch_dir *dir = &watch->dirs[dir_idx];
	struct kymo_error why = { "" };
	const char *name = dir->path;
	int at_fd = AT_FDCWD, fd;

	*not_now = false;
	if (dir->parent1 != 0) {
		at_fd = watch->dirs[dir->parent1 - 1].fd;
		name = KYI_CRASH_NAME;
		if (at_fd < 0)
			return -1;
	}
	fd = openat(at_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*not_now = errno == EMFILE || errno == ENFILE ||
		    errno == ENOMEM;
		if (errno == ELOOP || errno == ENOTDIR)
			kymo_error_set(&why, "%s is a link, or no directory",
			    dir->path);
		else if (errno != ENOENT)
			kymo_error_set(&why, "%s: %s", dir->path,
			    strerror(errno));
	} else if (fstat(fd, st) != 0 ||
	    !kyi_trusted(st->st_uid, &watch->trust)) {
		kymo_error_set(&why, "%s belongs to uid %u, who is not trusted",
		    dir->path, (unsigned)st->st_uid);
		close(fd);
		fd = -1;
	} else if (is_elsewhere(watch, dir_idx, st)) {
		close(fd);
		fd = -1;
	}
	dir_told(watch, dir, why.text);
	return fd;
}

static int
watch_dir(struct kymo_watch *watch, const struct kyi_watch_dir *dir, int fd)
{
	char path[64];
	int wd;

	/* What was opened and checked, not what now has its name. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/.", fd);
	wd = inotify_add_watch(watch->fd, path, EVENTS);
	if (wd < 0)
		wd = inotify_add_watch(watch->fd, dir->path,
		    EVENTS | IN_DONT_FOLLOW);
	return wd;
}

/* False: they cannot be read now. */
static bool
read_names(struct kymo_watch *watch, uint32_t dir_idx)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	fd = openat(watch->dirs[dir_idx].fd, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL)
		kyi_watch_consider(watch, dir_idx, entry->d_name,
		    entry->d_ino);
	closedir(dir);
	return true;
}

/* What is not looked at is not gone. */
static void
keep_names(struct kymo_watch *watch, uint32_t dir_idx)
{
	uint32_t i;

	for (i = 0; i < watch->entry_cnt; i++)
		if (watch->entries[i]->dir_idx == dir_idx)
			watch->entries[i]->seen_gen = watch->gen;
}

static void
rescan_dir(struct kymo_watch *watch, uint32_t dir_idx)
{
	struct kyi_watch_dir *dir = &watch->dirs[dir_idx];
	struct stat st;
	bool not_now;
	int fd = open_dir(watch, dir_idx, &st, &not_now);

	if (not_now)
		keep_names(watch, dir_idx);
	else if (fd < 0)
		lose_dir(watch, dir_idx);
	if (fd < 0)
		return;
	if (dir->fd >= 0 && dir->dev == st.st_dev && dir->ino == st.st_ino) {
		close(fd);
	} else {
		lose_dir(watch, dir_idx);
		dir->fd = fd;
		dir->dev = st.st_dev;
		dir->ino = st.st_ino;
	}
	/* Before reading the names, so that none can come in between. Where
	   there are no watches left the rescans have to do. */
	if (dir->wd < 0)
		dir->wd = watch_dir(watch, dir, dir->fd);
	if (!read_names(watch, dir_idx))
		keep_names(watch, dir_idx);
}

static void
rescan(struct kymo_watch *watch)
{
	uint32_t i;

	watch->gen++;
	watch->told_full = watch->told_full &&
	    watch->entry_cnt >= 2 * watch->options.region_max;
	for (i = 0; i < watch->dir_cnt; i++)
		rescan_dir(watch, i);
	for (i = 0; i < watch->entry_cnt;)
		if (watch->entries[i]->seen_gen != watch->gen)
			kyi_watch_forget(watch, watch->entries[i]);
		else
			i++;
}

/* ---- inotify --------------------------------------------------------- */

/* Returns whether all must be read again. */
static bool
take_event(struct kymo_watch *watch, const struct inotify_event *event,
    const char *name)
{
	struct kyi_watch_entry *entry;
	uint32_t i;

	if ((event->mask & IN_Q_OVERFLOW) != 0)
		return true;
	for (i = 0; i < watch->dir_cnt; i++)
		if (watch->dirs[i].wd == event->wd)
			break;
	if (i == watch->dir_cnt)
		return false;
	if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED |
		IN_UNMOUNT)) != 0) {
		if ((event->mask & IN_IGNORED) != 0)
			watch->dirs[i].wd = -1;
		return true;
	}
	if (event->len == 0)
		return false;
	if ((event->mask & IN_ISDIR) != 0)
		return watch->options.with_crash &&
		    strcmp(name, KYI_CRASH_NAME) == 0;
	if ((event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
		entry = kyi_watch_find(watch, i, name);
		if (entry != NULL)
			kyi_watch_forget(watch, entry);
	} else {
		kyi_watch_consider(watch, i, name, 0);
	}
	return false;
}

static bool
take_events(struct kymo_watch *watch)
{
	char bytes[4096]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	struct inotify_event event;
	bool again = false;
	uint32_t reads;
	ssize_t got_bytes, at;

	for (reads = 0; reads < READS_MAX; reads++) {
		got_bytes = read(watch->fd, bytes, sizeof(bytes));
		if (got_bytes <= 0)
			break;
		for (at = 0; at + (ssize_t)sizeof(event) <= got_bytes;
		    at += (ssize_t)(sizeof(event) + event.len)) {
			memcpy(&event, bytes + at, sizeof(event));
			again |= take_event(watch, &event,
			    bytes + at + sizeof(event));
		}
	}
	return again;
}

void
kymo_watch_step(struct kymo_watch *watch, uint64_t now_ns)
{
	bool again = take_events(watch);

	if (!again && now_ns < watch->deadline_ns)
		return;
	rescan(watch);
	watch->deadline_ns = now_ns + watch->options.rescan_ns;
}

/* ---- life ------------------------------------------------------------ */

static bool
add_dir(struct kymo_watch *watch, const char *path, uint32_t parent1)
{
	struct kyi_watch_dir *dir = &watch->dirs[watch->dir_cnt];
	size_t len_bytes = strlen(path);

	while (len_bytes > 1 && path[len_bytes - 1] == '/')
		len_bytes--;
	if (len_bytes + sizeof("/" KYI_CRASH_NAME) > sizeof(dir->path))
		return false;
	memcpy(dir->path, path, len_bytes);
	dir->path[len_bytes] = '\0';
	if (parent1 != 0)
		strcat(dir->path, "/" KYI_CRASH_NAME);
	dir->fd = dir->wd = dir->lock_fd = -1;
	dir->parent1 = parent1;
	watch->dir_cnt++;
	return true;
}

/* Each directory and, after it, its crash/. */
static int
add_dirs(struct kymo_watch *watch, const char *const *paths, uint32_t cnt,
    struct kymo_error *error)
{
	uint32_t i;

	watch->dirs = calloc(2 * (size_t)cnt + 1, sizeof(*watch->dirs));
	if (watch->dirs == NULL)
		return kymo_error_set(error, "out of memory");
	for (i = 0; i < cnt; i++) {
		if (!add_dir(watch, paths[i], 0))
			return kymo_error_set(error, "%s: the path is too long",
			    paths[i]);
		if (watch->options.with_crash)
			add_dir(watch, paths[i], watch->dir_cnt);
	}
	return 0;
}

static int
add_usual_dirs(struct kymo_watch *watch, struct kymo_error *error)
{
	struct kyi_place places[KYI_PLACE_MAX];
	const char *paths[KYI_PLACE_MAX];
	uint32_t cnt = kyi_places(places, NULL), i;

	for (i = 0; i < cnt; i++)
		paths[i] = places[i].path;
	return add_dirs(watch, paths, cnt, error);
}

static bool
copy_trust(struct kymo_watch *watch)
{
	const struct kymo_trust *trust = &watch->options.trust;

	watch->trust = *trust;
	watch->trusted_uids = calloc((size_t)trust->uid_cnt + 1,
	    sizeof(*watch->trusted_uids));
	if (watch->trusted_uids == NULL)
		return false;
	if (trust->uid_cnt > 0)
		memcpy(watch->trusted_uids, trust->uids,
		    trust->uid_cnt * sizeof(*trust->uids));
	watch->trust.uids = watch->trusted_uids;
	return true;
}

struct kymo_watch *
kymo_watch_new(const struct kymo_watch_options *options,
    struct kymo_error *error)
{
	struct kymo_watch *watch = calloc(1, sizeof(*watch));
	int result;

	if (watch == NULL) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	watch->options = *options;
	if (watch->options.rescan_ns == 0)
		watch->options.rescan_ns = RESCAN_NS_DEFAULT;
	if (watch->options.region_max == 0)
		watch->options.region_max = REGION_MAX_DEFAULT;
	if (kyi_os_random(&watch->hash_first, sizeof(watch->hash_first)) != 0)
		watch->hash_first = KYI_HASH_FIRST;
	kyi_image_pool_hold();
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		result = kymo_error_set(error, "no inotify: %s",
		    strerror(errno));
	else if (!copy_trust(watch))
		result = kymo_error_set(error, "out of memory");
	else if (options->dir_cnt == 0)
		result = add_usual_dirs(watch, error);
	else
		result = add_dirs(watch, options->dirs, options->dir_cnt,
		    error);
	if (result != 0) {
		kymo_watch_delete(watch);
		return NULL;
	}
	return watch;
}

void
kymo_watch_delete(struct kymo_watch *watch)
{
	uint32_t i;

	if (watch == NULL)
		return;
	for (i = 0; i < watch->dir_cnt; i++)
		lose_dir(watch, i);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->trusted_uids);
	free(watch->dirs);
	free(watch->entries);
	free(watch->open);
	free(watch->buckets);
	kyi_image_pool_drop();
	free(watch);
}

int
kymo_watch_fd(const struct kymo_watch *watch)
{
	return watch->fd;
}

uint64_t
kymo_watch_deadline_ns(const struct kymo_watch *watch)
{
	return watch->deadline_ns;
}
