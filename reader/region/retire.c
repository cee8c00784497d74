/* SPDX-License-Identifier: MIT */
/* Who may take the dead away, and how: an absorber has counted them, the
   newest few are kept to be looked at. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/region/watch_private.h"

void
kyi_watch_unlock(struct kyi_watch_dir *dir)
{
	if (dir->lock_fd >= 0)
		close(dir->lock_fd);
	dir->lock_fd = -1;
}

static struct kyi_watch_dir *
absorbed_dir(struct kymo_watch *watch, const struct kymo_region *region)
{
	struct kyi_watch_dir *dir = &watch->dirs[region->watch_entry->dir_idx];

	return dir->parent1 == 0 ? dir : &watch->dirs[dir->parent1 - 1];
}

/* The lock is worth nothing once its file has lost its name: then another
   one could be made and locked. */
static bool
has_lock(const struct kyi_watch_dir *dir)
{
	struct stat held, named;

	return dir->lock_fd >= 0 && fstat(dir->lock_fd, &held) == 0 &&
	    fstatat(dir->fd, KYI_LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int
kymo_watch_absorber(struct kymo_watch *watch, const struct kymo_region *region)
{
	struct kyi_watch_dir *dir = absorbed_dir(watch, region);
	struct stat st;
	int result;

	if (has_lock(dir))
		return 1;
	kyi_watch_unlock(dir);
	if (dir->fd < 0)
		return -1;
	dir->lock_fd = openat(dir->fd, KYI_LOCK_NAME, O_RDWR | O_CREAT |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (dir->lock_fd < 0)
		return -1;
	result = fstat(dir->lock_fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 ? kyi_os_lock(dir->lock_fd) : -EPERM;
	if (result == 0 && has_lock(dir))
		return 1;
	kyi_watch_unlock(dir);
	return result == 0 || result == -EWOULDBLOCK ? 0 : -1;
}

/* ---- crash/ ---------------------------------------------------------- */

struct kept {
	char name[KYI_FILE_NAME_BYTES];
	uint64_t mtime_ns;
};

/* The length of SERVICE in SERVICE.PID.HEX.kymo; 0: it is no such name. */
static size_t
service_bytes(const char *name)
{
	size_t at = strlen(name), dot_cnt;

	for (dot_cnt = 0; at > 0; at--)
		if (name[at - 1] == '.' && ++dot_cnt == 3)
			return at - 1;
	return 0;
}

static bool
is_same_service(const char *a, const char *b)
{
	size_t bytes = service_bytes(a);

	return bytes != 0 && bytes == service_bytes(b) &&
	    memcmp(a, b, bytes) == 0;
}

static int
newest_first(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;

	if (one->mtime_ns != two->mtime_ns)
		return one->mtime_ns < two->mtime_ns ? 1 : -1;
	return strcmp(one->name, two->name);
}

/* Those of name's service, into *kept (to be freed). */
static uint32_t
list_kept(int crash_fd, const char *name, struct kept **kept)
{
	uint32_t cnt = 0, room = 0;
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	*kept = NULL;
	fd = openat(crash_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (!kyi_file_name_is(entry->d_name) ||
		    !is_same_service(entry->d_name, name) ||
		    fstatat(crash_fd, entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) != 0 ||
		    !kyi_grow(kept, &room, cnt, sizeof(**kept)))
			continue;
		strcpy((*kept)[cnt].name, entry->d_name);
		(*kept)[cnt].mtime_ns =
		    (uint64_t)st.st_mtim.tv_sec * 1000000000 +
		    (uint64_t)st.st_mtim.tv_nsec;
		cnt++;
	}
	closedir(dir);
	return cnt;
}

static void
prune(int crash_fd, const char *name, uint32_t keep_cnt)
{
	struct kept *kept;
	uint32_t cnt = list_kept(crash_fd, name, &kept), i;

	if (cnt > 1)
		qsort(kept, cnt, sizeof(*kept), newest_first);
	for (i = keep_cnt; i < cnt; i++)
		unlinkat(crash_fd, kept[i].name, 0);
	free(kept);
}

static int
open_crash_dir(struct kymo_watch *watch, const struct kyi_watch_dir *dir,
    struct kymo_error *error)
{
	struct stat st;
	int fd;

	if (mkdirat(dir->fd, KYI_CRASH_NAME, 0700) != 0 && errno != EEXIST)
		return kymo_error_set(error, "%s/" KYI_CRASH_NAME ": %s",
		    dir->path, strerror(errno));
	fd = openat(dir->fd, KYI_CRASH_NAME,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		kymo_error_set(error, "%s/" KYI_CRASH_NAME ": %s", dir->path,
		    strerror(errno));
	} else if (!kyi_trusted(st.st_uid, &watch->trust)) {
		kymo_error_set(error,
		    "%s/" KYI_CRASH_NAME " belongs to uid %u, "
		    "who is not trusted", dir->path, (unsigned)st.st_uid);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Moves the file to crash/. Only its owner may set its time; without that it
   is kept all the same. */
static int
move_to_crash(struct kymo_watch *watch, const struct kyi_watch_dir *dir,
    const char *name, uint32_t keep_cnt, uint64_t died_ns,
    struct kymo_error *error)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)(died_ns / 1000000000),
		  .tv_nsec = (long)(died_ns % 1000000000) } };
	int crash_fd = open_crash_dir(watch, dir, error);

	if (crash_fd < 0)
		return -1;
	if (renameat(dir->fd, name, crash_fd, name) != 0) {
		kymo_error_set(error, "%s/%s: to " KYI_CRASH_NAME "/: %s",
		    dir->path, name, strerror(errno));
		close(crash_fd);
		return -1;
	}
	if (died_ns != 0)
		(void)utimensat(crash_fd, name, times, AT_SYMLINK_NOFOLLOW);
	prune(crash_fd, name, keep_cnt);
	close(crash_fd);
	return 0;
}

int
kymo_watch_retire(struct kymo_watch *watch, struct kymo_region *region,
    uint32_t keep_cnt, uint64_t died_ns, struct kymo_error *error)
{
	struct kyi_watch_entry *entry = region->watch_entry;
	struct kyi_watch_dir *dir = &watch->dirs[entry->dir_idx];
	bool keep = keep_cnt > 0 && dir->parent1 == 0;
	struct stat st;

	if (region->info.liveness == KYMO_ALIVE)
		return kymo_error_set(error, "%s: its process is alive",
		    region->info.path);
	if (!has_lock(absorbed_dir(watch, region)))
		return kymo_error_set(error,
		    "%s: somebody else absorbs what is "
		    "in %s", region->info.path, dir->path);
	if (fstatat(dir->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_dev != entry->dev || st.st_ino != entry->ino)
		return kymo_error_set(error, "%s is another file now",
		    region->info.path);
	if (keep && move_to_crash(watch, dir, entry->name, keep_cnt, died_ns,
		error) != 0)
		return -1;
	if (!keep && unlinkat(dir->fd, entry->name, 0) != 0)
		return kymo_error_set(error, "%s: %s", region->info.path,
		    strerror(errno));
	kyi_watch_forget(watch, entry);
	return 0;
}
