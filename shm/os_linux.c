/* SPDX-License-Identifier: MIT */
/* Files and memory. What Linux says of processes and time is in
   os_linux_proc.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shm/layout.h"
#include "shm/os.h"

/* Headers older than the kernel do not know these. */
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef HUGETLBFS_MAGIC
#define HUGETLBFS_MAGIC 0x958458f6
#endif

#define TMP_NAME_BYTES 160u

/* What says "again" for ever is an error: nobody may hang for a metric. */
#define TRY_CNT_MAX 100u

int
kyi_os_dir_open(const char *path, bool create)
{
	struct stat st;
	int fd, err, made = 0;

	/* Why it could not be made matters only where it is not there. */
	if (create && mkdir(path, 0700) != 0)
		made = -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && made != 0)
		return made;
	if (fd < 0)
		return errno == ELOOP ? -ENOTDIR : -errno;
	err = fstat(fd, &st) != 0 ? errno : 0;
	/* Whoever owns a directory may put other files in place of ours. */
	if (err == 0 && st.st_uid != geteuid() && st.st_uid != 0)
		err = EPERM;
	if (err != 0) {
		close(fd);
		return -err;
	}
	return fd;
}

mode_t
kyi_os_file_mode(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) == 0 && (st.st_mode & S_ISGID) ? 0640 : 0600;
}

int
kyi_os_is_memory_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return -errno;
	/* Its type is signed on some machines. */
	switch ((uint32_t)fs.f_type) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case HUGETLBFS_MAGIC:
		return 1;
	default:
		return 0;
	}
}

int
kyi_os_space(int fd, uint64_t *total_bytes, uint64_t *free_bytes)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return -errno;
	*total_bytes = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	*free_bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	return 0;
}

uint64_t
kyi_os_file_bytes_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

static void
proc_path(char path[32], int fd)
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static bool
tmp_name(char tmp[TMP_NAME_BYTES], const char *name)
{
	return snprintf(tmp, TMP_NAME_BYTES, "%s.tmp", name) <
	    (int)TMP_NAME_BYTES;
}

/* An unnamed file can be named only through /proc: without it, do not begin. */
static int
create_unnamed(int dir_fd, mode_t mode)
{
#ifdef O_TMPFILE
	char path[32];
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	proc_path(path, fd);
	if (access(path, F_OK) == 0)
		return fd;
	close(fd);
#endif
	return -EOPNOTSUPP;
}

static int
create_named(int dir_fd, const char *name, mode_t mode)
{
	char tmp[TMP_NAME_BYTES];
	int fd;

	if (!tmp_name(tmp, name))
		return -ENAMETOOLONG;
	fd = openat(dir_fd, tmp,
	    O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int
kyi_os_file_create(int dir_fd, const char *name, uint64_t len_bytes,
    mode_t mode)
{
	int fd, err;

	if (len_bytes > kyi_os_file_bytes_max() || len_bytes > INT64_MAX)
		return -EFBIG;
	fd = create_unnamed(dir_fd, mode);
	/* Old kernels take it for O_DIRECTORY, old file systems refuse. */
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT ||
	    fd == -EINVAL)
		fd = create_named(dir_fd, name, mode);
	if (fd < 0)
		return fd;
	if (fchmod(fd, mode) == 0 && ftruncate(fd, (off_t)len_bytes) == 0)
		return fd;
	err = errno;
	kyi_os_file_drop(fd, dir_fd, name);
	return -err;
}

/* How the file was made is not kept anywhere: an unnamed one has no links. */
static bool
is_unnamed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

int
kyi_os_file_link(int fd, int dir_fd, const char *name)
{
	char path[32], tmp[TMP_NAME_BYTES];
	int rc;

	if (is_unnamed(fd)) {
		proc_path(path, fd);
		rc = linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW);
	} else {
		if (!tmp_name(tmp, name))
			return -ENAMETOOLONG;
		rc = renameat(dir_fd, tmp, dir_fd, name);
	}
	return rc != 0 ? -errno : 0;
}

void
kyi_os_file_drop(int fd, int dir_fd, const char *name)
{
	char tmp[TMP_NAME_BYTES];

	if (!is_unnamed(fd) && tmp_name(tmp, name))
		unlinkat(dir_fd, tmp, 0);
	close(fd);
}

void
kyi_os_close(int fd)
{
	close(fd);
}

int
kyi_os_file_allocate(int fd, uint64_t off, uint64_t len_bytes)
{
	uint32_t try_cnt = 0;

	while (fallocate(fd, 0, (off_t)off, (off_t)len_bytes) != 0)
		if (errno != EINTR || ++try_cnt == TRY_CNT_MAX)
			return -errno;
	return 0;
}

void *
kyi_os_map(int fd, uint64_t len_bytes)
{
	int kind = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *base;

	if (len_bytes > SIZE_MAX)
		return NULL;
	base = mmap(NULL, (size_t)len_bytes, PROT_NONE, kind | MAP_NORESERVE,
	    fd, 0);
	if (base == MAP_FAILED)
		return NULL;
	/* A child that had the mapping would hold the lock after our death. */
	if (madvise(base, (size_t)len_bytes, MADV_DONTFORK) != 0) {
		munmap(base, (size_t)len_bytes);
		return NULL;
	}
	return base;
}

void
kyi_os_unmap(void *base, uint64_t len_bytes)
{
	munmap(base, (size_t)len_bytes);
}

/* The kernel's pages may be larger than ours, which are 4096 everywhere. */
static uintptr_t
page_mask(void)
{
	unsigned long bytes = getauxval(AT_PAGESZ);

	return (bytes < KYI_PAGE_BYTES ? KYI_PAGE_BYTES : bytes) - 1;
}

struct pages {
	void *at;
	size_t len_bytes;
};

static struct pages
pages_around(void *at, uint64_t len_bytes)
{
	uintptr_t mask = page_mask();
	uintptr_t end = ((uintptr_t)at + (uintptr_t)len_bytes + mask) & ~mask;
	struct pages pages;

	pages.at = (void *)((uintptr_t)at & ~mask);
	pages.len_bytes = end - (uintptr_t)pages.at;
	return pages;
}

int
kyi_os_populate(void *at, uint64_t len_bytes)
{
	struct pages pages = pages_around(at, len_bytes);
	uint32_t try_cnt = 0;

	/* A filter's -ENOSYS is not the one that means "writable now". */
	if (mprotect(pages.at, pages.len_bytes, PROT_READ | PROT_WRITE) != 0)
		return errno == ENOSYS ? -EPERM : -errno;
	while (madvise(pages.at, pages.len_bytes, MADV_POPULATE_WRITE) != 0) {
		switch (errno) {
		case EINTR:
		case EAGAIN:
			if (++try_cnt == TRY_CNT_MAX)
				return -errno;
			continue;
		case EINVAL:
			return -ENOSYS;
		case EFAULT:
		case ENOMEM:
			return -ENOSPC;
		default:
			return -errno;
		}
	}
	return 0;
}

static int
allocate_if_same(int fd, const uint8_t instance_id[16], uint64_t off,
    uint64_t len_bytes)
{
	struct kyi_header header;

	if (kyi_os_pread(fd, &header, sizeof(header), 0) !=
	    (int64_t)sizeof(header) ||
	    memcmp(header.instance_id, instance_id, 16) != 0)
		return -ESTALE;
	return kyi_os_file_allocate(fd, off, len_bytes);
}

int
kyi_os_populate_by_path(const char *path, const uint8_t instance_id[16],
    void *at, uint64_t off, uint64_t len_bytes)
{
	struct pages pages = pages_around(at, len_bytes);
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	/* Closing it leaves the lock alone: that is of another open file. */
	rc = allocate_if_same(fd, instance_id, off - ((uintptr_t)at -
	    (uintptr_t)pages.at), pages.len_bytes);
	close(fd);
	if (rc != 0)
		return rc;
	if (mprotect(pages.at, pages.len_bytes, PROT_READ | PROT_WRITE) != 0)
		return -errno;
	return 0;
}

int
kyi_os_protect_readonly(void *at, uint64_t len_bytes)
{
	uintptr_t mask = page_mask();
	uintptr_t begin = ((uintptr_t)at + mask) & ~mask;
	uintptr_t end = ((uintptr_t)at + (uintptr_t)len_bytes) & ~mask;

	if (begin >= end)
		return 0;
	if (mprotect((void *)begin, end - begin, PROT_READ) != 0)
		return -errno;
	return 0;
}

void *
kyi_os_private_pages(uint64_t len_bytes)
{
	void *pages;

	if (len_bytes > SIZE_MAX)
		return NULL;
	pages = mmap(NULL, (size_t)len_bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? NULL : pages;
}

void *
kyi_os_wipe_pages(uint64_t len_bytes, bool *wiped)
{
	void *pages = kyi_os_private_pages(len_bytes);

	*wiped = pages != NULL &&
	    madvise(pages, (size_t)len_bytes, MADV_WIPEONFORK) == 0;
	return pages;
}

int
kyi_os_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
}

int
kyi_os_lock_is_free(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	flock(fd, LOCK_UN);
	return 1;
}

int64_t
kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off)
{
	uint32_t try_cnt = 0;
	uint64_t done = 0;

	while (done < len_bytes) {
		ssize_t n = pread(fd, (char *)to + done,
		    (size_t)(len_bytes - done), (off_t)(off + done));

		if (n < 0 && errno == EINTR && ++try_cnt < TRY_CNT_MAX)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (uint64_t)n;
	}
	return (int64_t)done;
}
