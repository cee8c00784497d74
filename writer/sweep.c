/* SPDX-License-Identifier: MIT */
/* No opendir: it allocates, and a first record may come in a signal handler. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/name.h"
#include "shm/os.h"
#include "writer/sweep.h"

#define OLDEST_MAX 64u /* removed after one look at the directory */
#define LOOK_MAX 64u
#define ABSORBER_LOCK ".kymod.lock"

struct dead {
	uint64_t started_ns, bytes;
	char name[KYI_FILE_NAME_BYTES];
};

/* Static: a handler's stack may be small, and the lock is held. */
static struct {
	struct dead oldest[OLDEST_MAX]; /* ascending */
	uint32_t cnt;
	uint64_t dead_bytes;
} found;

/* As the kernel gives them. */
struct entry {
	uint64_t ino;
	int64_t next_off;
	uint16_t entry_bytes;
	uint8_t type;
	char name[];
};

/* Whether name is a region of ours whose process is gone. */
static bool
is_dead(int dir_fd, const char *name, struct dead *dead)
{
	struct kyi_header header;
	struct stat st;
	bool yes;
	int fd;

	fd = openat(dir_fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	yes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    st.st_uid == geteuid() && kyi_os_lock_is_free(fd) == 1 &&
	    kyi_os_pread(fd, &header, sizeof(header), 0) ==
	    (int64_t)sizeof(header) &&
	    memcmp(header.magic, KYI_MAGIC, KYI_MAGIC_BYTES) == 0;
	close(fd);
	if (!yes)
		return false;
	dead->started_ns = header.t0_realtime_ns;
	dead->bytes = (uint64_t)st.st_blocks * 512;
	memcpy(dead->name, name, strlen(name) + 1);
	return true;
}

/* Keeps the oldest, in order. */
static void
keep(const struct dead *dead)
{
	uint32_t at = found.cnt;

	found.dead_bytes += dead->bytes;
	while (at > 0 && found.oldest[at - 1].started_ns > dead->started_ns)
		at--;
	if (at == OLDEST_MAX)
		return;
	if (found.cnt < OLDEST_MAX)
		found.cnt++;
	memmove(&found.oldest[at + 1], &found.oldest[at],
	    (found.cnt - at - 1) * sizeof(*dead));
	found.oldest[at] = *dead;
}

static void
look(int dir_fd)
{
	uint64_t buffer[128]; /* aligned as entries are */
	struct dead dead;
	long bytes, at;

	found.cnt = 0;
	found.dead_bytes = 0;
	if (lseek(dir_fd, 0, SEEK_SET) != 0)
		return;
	while ((bytes = syscall(SYS_getdents64, dir_fd, buffer,
	    sizeof(buffer))) > 0) {
		for (at = 0; at < bytes;) {
			const struct entry *entry = (const struct entry *)
			    (const void *)((const char *)buffer + at);

			if (kyi_file_name_is(entry->name) &&
			    is_dead(dir_fd, entry->name, &dead))
				keep(&dead);
			at += entry->entry_bytes;
		}
	}
}

static uint32_t
sweep(int dir_fd, uint64_t dead_bytes_max)
{
	uint32_t removed_cnt = 0, before_cnt, look_cnt, i;

	for (look_cnt = 0; look_cnt < LOOK_MAX; look_cnt++) {
		before_cnt = removed_cnt;
		look(dir_fd);
		for (i = 0; i < found.cnt &&
		    found.dead_bytes > dead_bytes_max; i++)
			if (unlinkat(dir_fd, found.oldest[i].name, 0) == 0) {
				found.dead_bytes -= found.oldest[i].bytes;
				removed_cnt++;
			}
		if (found.dead_bytes <= dead_bytes_max ||
		    removed_cnt == before_cnt)
			break;
	}
	return removed_cnt;
}

uint32_t
kyi_sweep_dir(const char *path, uint64_t dead_bytes_max)
{
	int dir_fd = kyi_os_dir_open(path, false), lock_fd;
	uint32_t removed_cnt = 0;

	if (dir_fd < 0)
		return 0;
	/* Ours while we sweep, so that no absorber begins in between. */
	lock_fd = openat(dir_fd, ABSORBER_LOCK,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock_fd >= 0 ? kyi_os_lock(lock_fd) == 0 : errno == ENOENT)
		removed_cnt = sweep(dir_fd, dead_bytes_max);
	if (lock_fd >= 0)
		close(lock_fd);
	close(dir_fd);
	return removed_cnt;
}

void
kyi_sweep(struct kyi_process *process)
{
	char path[KYI_REGION_PATH_BYTES];
	uint64_t total_bytes = 0, free_bytes = 0;
	int dir_fd, rc;
	char *slash;

	if (!process->region.visible)
		return;
	memcpy(path, process->region.path, sizeof(path));
	slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	*slash = '\0';
	dir_fd = kyi_os_dir_open(path, false);
	if (dir_fd < 0)
		return;
	rc = kyi_os_space(dir_fd, &total_bytes, &free_bytes);
	close(dir_fd);
	/* All that is used is not more than a quarter: the dead are not. */
	if (rc != 0 || total_bytes - free_bytes <= total_bytes / 4)
		return;
	kyi_add_u64_relaxed(&kyi_region_control(&process->region)->swept_cnt,
	    kyi_sweep_dir(path, total_bytes / 4));
}
