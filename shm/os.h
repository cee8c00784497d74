/* SPDX-License-Identifier: MIT */
/* Every system call on regions, so that another system is another file.
   Functions return 0 or a positive result, or -errno; none sets errno for the
   caller to read, none allocates, all file descriptors are close-on-exec. */
#ifndef KYI_OS_H
#define KYI_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What identifies a process beyond its pid. */
struct kyi_identity {
	uint8_t boot_id[16];      /* /proc/sys/kernel/random/boot_id */
	uint64_t pidns_ino;       /* inode of /proc/self/ns/pid */
	uint64_t starttime_ticks; /* /proc/PID/stat, field 22 */
	uint32_t pid, uid;
};

/* Without /proc the fields it would give are zero: never equal to another's. */
void kyi_os_identity(struct kyi_identity *identity);
void kyi_os_boot_id(uint8_t boot_id[16]);
uint64_t kyi_os_pidns_ino(void);
/* -ESRCH: no such process; -ENOENT: no /proc to ask; -EACCES: it is there, but
   hidden from this user (hidepid). */
int kyi_os_starttime(uint32_t pid, uint64_t *starttime_ticks);
/* No blocking: early in a boot it may be -EAGAIN. */
int kyi_os_random(void *to, size_t len_bytes);

struct kyi_times {
	uint64_t realtime_ns, mono_ns, boot_ns;
};
void kyi_os_times(struct kyi_times *times);
uint64_t kyi_os_mono_ns(void);
/* Whether the kernel keeps time by the time stamp counter (x86-64), and the
   processor says that it runs at one speed, in sleep too. */
bool kyi_os_tsc_is_steady(void);
uint64_t kyi_os_realtime_ns(void);

/* Opens a directory of regions to write one, without following a link in its
   last part. create: mkdir 0700 first. -ENOTDIR: a link, or no directory;
   -EPERM: neither this user's nor root's. */
int kyi_os_dir_open(const char *path, bool create);
/* 0640 in a setgid directory, so that its group can read; else 0600. */
mode_t kyi_os_file_mode(int dir_fd);
/* 1: tmpfs, ramfs or hugetlbfs; 0: something else (R7). */
int kyi_os_is_memory_fs(int fd);
int kyi_os_space(int fd, uint64_t *total_bytes, uint64_t *free_bytes);

/* What this process may still take before the kernel ends it for its memory
   cgroup's limit, caches that can go not counted: the least over the cgroup
   and those around it. *limit_bytes: that one's limit. UINT64_MAX: none, or
   there is no telling. The second: of one cgroup, in directory dir. */
uint64_t kyi_os_memory_left(uint64_t *limit_bytes);
uint64_t kyi_os_cgroup_left(const char *dir, uint64_t *limit_bytes);

/* The largest file that this process may make: RLIMIT_FSIZE; a store to a
   file beyond it would be SIGXFSZ. */
uint64_t kyi_os_file_bytes_max(void);
/* Creates a file of len_bytes, sparse, that nobody sees: unnamed (O_TMPFILE),
   or, where that is not known, as NAME.tmp. kyi_os_file_link gives it its name
   (linkat, rename); kyi_os_file_drop closes one that never got it. A length
   above kyi_os_file_bytes_max is -EFBIG. mode is exact, whatever the umask. */
int kyi_os_file_create(int dir_fd, const char *name, uint64_t len_bytes,
    mode_t mode);
int kyi_os_file_link(int fd, int dir_fd, const char *name);
void kyi_os_file_drop(int fd, int dir_fd, const char *name);
/* Reserves storage for a part of the file: -ENOSPC. For kernels that do not
   know MADV_POPULATE_WRITE. */
int kyi_os_file_allocate(int fd, uint64_t off, uint64_t len_bytes);

void kyi_os_close(int fd);

/* Maps len_bytes of fd shared, all PROT_NONE, MADV_DONTFORK; fd -1: private
   memory of the same shape. NULL on failure. */
void *kyi_os_map(int fd, uint64_t len_bytes);
void kyi_os_unmap(void *base, uint64_t len_bytes);
/* Makes the pages that [at, at + len_bytes) touches writable and there: -ENOSPC
   means full, no signal; the pages may be writable then, but do not touch
   them. Where the kernel has no MADV_POPULATE_WRITE (before 5.14): writable,
   and -ENOSYS. */
int kyi_os_populate(void *at, uint64_t len_bytes);
/* The way before 5.14, for mapped files that are no longer open: opens path,
   compares instance_id in its header (-ESTALE: another file), allocates
   [off, off + len_bytes) of it and makes these pages, mapped at `at`,
   writable. */
int kyi_os_populate_by_path(const char *path, const uint8_t instance_id[16],
    void *at, uint64_t off, uint64_t len_bytes);
/* The pages that are wholly inside; none, where a page is larger than it. */
int kyi_os_protect_readonly(void *at, uint64_t len_bytes);

/* Private zeroed pages that a forked child, by any way of forking, sees as
   zeros again. wiped false: the kernel does not know MADV_WIPEONFORK; then
   the pages are inherited, and pthread_atfork is what is left. */
void *kyi_os_wipe_pages(uint64_t len_bytes, bool *wiped);
/* Private zeroed pages, inherited copy-on-write. NULL on failure. */
void *kyi_os_private_pages(uint64_t len_bytes);

/* Locks: the region's own (held while mapped) and a directory's absorber. */
int kyi_os_lock(int fd);     /* exclusive, no waiting: -EWOULDBLOCK */
int kyi_os_lock_is_free(int fd); /* 1 free, 0 held; takes and gives it back */

/* Reading: whole length, or short at the end of the file; the number read. */
int64_t kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off);

/* Waits until *word is no longer value, or somebody wakes, or for no reason;
   wakes one. Process-private. */
void kyi_os_futex_wait(uint32_t *word, uint32_t value);
void kyi_os_futex_wake(uint32_t *word);

#endif
