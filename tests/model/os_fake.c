/* SPDX-License-Identifier: MIT */
/* shm/os.h for models: files are memory, reading them is the kernel's copy as
   the explorer has it, and a name is one word that is stored and looked for
   without any order: what a name proves must come from fences. Memory that is
   given out is zeroed by who asked for it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/memory.h"
#include "tests/model/os_fake.h"
#include "shm/os.h"
#include "writer/sweep.h"

#define FD_FIRST 1000
#define FILE_MAX 4

/* So much of what is given out is seen to be zeroed. */
#define ZEROED_BYTES 512u

static struct file {
	uint8_t *base;
	uint64_t len_bytes;
	uint32_t linked; /* a name; atomic */
	uint32_t made;
} files[FILE_MAX], files_first[FILE_MAX];

/* By their number, with so few pages that no two are one. */
#define PAGE_CNT (1u << 20)
static uint32_t pages[PAGE_CNT];
bool model_no_directory;
uint32_t model_populate_cnt = UINT32_MAX;



static struct file *
file_of(int fd)
{
	return fd >= FD_FIRST && fd < FD_FIRST + FILE_MAX ?
	    &files[fd - FD_FIRST] : NULL;
}

/* ---- who and when -------------------------------------------------------- */

void
kyi_os_identity(struct kyi_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->pid = (uint32_t)getpid();
}

void
kyi_os_boot_id(uint8_t boot_id[16])
{
	memset(boot_id, 1, 16);
}

uint64_t
kyi_os_pidns_ino(void)
{
	return 1;
}

int
kyi_os_starttime(uint32_t pid, uint64_t *starttime_ticks)
{
	(void)pid;
	*starttime_ticks = 1;
	return 0;
}

int
kyi_os_random(void *to, size_t len_bytes)
{
	memset(to, 7, len_bytes);
	return 0;
}

void
kyi_os_times(struct kyi_times *times)
{
	times->realtime_ns = times->mono_ns = times->boot_ns =
	    model_time_ns(0);
}

uint64_t
kyi_os_mono_ns(void)
{
	return model_time_ns(0);
}

bool
kyi_os_tsc_is_steady(void)
{
	return model_has_ticks;
}

uint64_t
kyi_os_realtime_ns(void)
{
	return model_time_ns(0);
}

/* ---- files --------------------------------------------------------------- */

int
kyi_os_dir_open(const char *path, bool create)
{
	(void)path;
	(void)create;
	if (model_no_directory)
		return -EACCES;
	return FD_FIRST - 1;
}

mode_t
kyi_os_file_mode(int dir_fd)
{
	(void)dir_fd;
	return 0600;
}

int
kyi_os_is_memory_fs(int fd)
{
	(void)fd;
	return 1;
}

int
kyi_os_space(int fd, uint64_t *total_bytes, uint64_t *free_bytes)
{
	(void)fd;
	*total_bytes = *free_bytes = UINT64_MAX;
	return 0;
}

uint64_t
kyi_os_memory_left(uint64_t *limit_bytes)
{
	*limit_bytes = UINT64_MAX;
	return UINT64_MAX;
}

uint64_t
kyi_os_cgroup_left(const char *dir, uint64_t *limit_bytes)
{
	(void)dir;
	return kyi_os_memory_left(limit_bytes);
}

uint64_t
kyi_os_file_bytes_max(void)
{
	return UINT64_MAX;
}

int
kyi_os_file_create(int dir_fd, const char *name, uint64_t len_bytes,
    mode_t mode)
{
	int i;

	(void)dir_fd;
	(void)name;
	(void)mode;
	for (i = 0; i < FILE_MAX; i++)
		if (files[i].made == 0) {
			files[i].made = 1;
			files[i].base = model_memory(len_bytes + 8192);
			files[i].len_bytes = len_bytes;
			return FD_FIRST + i;
		}
	return -ENOSPC;
}

int
kyi_os_file_link(int fd, int dir_fd, const char *name)
{
	(void)dir_fd;
	(void)name;
	if (model_running())
		model_store(&file_of(fd)->linked, 4, 1, __ATOMIC_RELAXED);
	else
		file_of(fd)->linked = 1;
	return 0;
}

void
kyi_os_file_drop(int fd, int dir_fd, const char *name)
{
	(void)fd;
	(void)dir_fd;
	(void)name;
}

int
kyi_os_file_allocate(int fd, uint64_t off, uint64_t len_bytes)
{
	(void)fd;
	(void)off;
	(void)len_bytes;
	return 0;
}

void
kyi_os_close(int fd)
{
	(void)fd;
}

void *
kyi_os_map(int fd, uint64_t len_bytes)
{
	struct file *file = file_of(fd);
	uint8_t *at = file != NULL ? file->base : model_memory(len_bytes + 8192);

	return (void *)(((uintptr_t)at + 4095) & ~(uintptr_t)4095);
}

void
kyi_os_unmap(void *base, uint64_t len_bytes)
{
	(void)base;
	(void)len_bytes;
}

/* That a page is there is one word of it in the model: stored by who made it
   so, under whatever order it gives to that. */
static uint32_t *
page_word(const void *at)
{
	return &pages[(uintptr_t)at / 4096 % PAGE_CNT];
}

int
kyi_os_populate(void *at, uint64_t len_bytes)
{
	uintptr_t page = (uintptr_t)at & ~(uintptr_t)4095;

	if (model_populate_cnt == 0)
		return -ENOSPC;
	if (model_populate_cnt != UINT32_MAX)
		model_populate_cnt--;
	for (; page < (uintptr_t)at + len_bytes; page += 4096) {
		uint32_t *word = page_word((const void *)page);

		if (*word != 0)
			continue;
		if (model_running())
			model_plain(word, sizeof(*word), true);
		*word = 1;
	}
	return 0;
}

void
model_page_used(const void *at)
{
	const uint8_t *byte = at;
	int i;

	for (i = 0; i < FILE_MAX; i++)
		if (files[i].base != NULL && byte >= files[i].base &&
		    byte < files[i].base + files[i].len_bytes + 4096) {
			const uint32_t *word = page_word(at);

			model_plain(word, sizeof(*word), false);
			model_assert(*word != 0,
			    "a page is used that is not there");
		}
}

int
kyi_os_populate_by_path(const char *path, const uint8_t instance_id[16],
    void *at, uint64_t off, uint64_t len_bytes)
{
	(void)path;
	(void)instance_id;
	(void)at;
	(void)off;
	(void)len_bytes;
	return 0;
}

int
kyi_os_protect_readonly(void *at, uint64_t len_bytes)
{
	(void)at;
	(void)len_bytes;
	return 0;
}

void *
kyi_os_wipe_pages(uint64_t len_bytes, bool *wiped)
{
	*wiped = true;
	return kyi_os_private_pages(len_bytes);
}

void *
kyi_os_private_pages(uint64_t len_bytes)
{
	void *at = model_memory(len_bytes);

	if (model_running())
		model_fresh(at, len_bytes < ZEROED_BYTES ? len_bytes :
		    ZEROED_BYTES);
	return at;
}

int
kyi_os_lock(int fd)
{
	(void)fd;
	return 0;
}

int
kyi_os_lock_is_free(int fd)
{
	(void)fd;
	return 0;
}

int64_t
kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off)
{
	const struct file *file = file_of(fd);
	const uint8_t *base;

	if (file == NULL || off > file->len_bytes)
		return -EBADF;
	base = kyi_os_map(fd, 0);
	if (len_bytes > file->len_bytes - off)
		len_bytes = file->len_bytes - off;
	if (model_running())
		model_copy(to, base + off, len_bytes);
	else
		memcpy(to, base + off, len_bytes);
	return (int64_t)len_bytes;
}

void
kyi_os_futex_wait(uint32_t *word, uint32_t value)
{
	model_wait(word, value);
}

void
kyi_os_futex_wake(uint32_t *word)
{
	model_wake(word);
}

/* Nobody is dead here. */
void
kyi_sweep(struct kyi_process *process)
{
	(void)process;
}

void
model_files_mark(void)
{
	memcpy(files_first, files, sizeof(files));
	model_threads_mark();
}

void
model_files_reset(void)
{
	memcpy(files, files_first, sizeof(files));
	model_threads_reset();
}

int
model_file_stat(int fd, struct stat *file)
{
	const struct file *made = file_of(fd);

	if (made == NULL)
		return -1;
	memset(file, 0, sizeof(*file));
	file->st_mode = S_IFREG | 0600;
	file->st_nlink = 1;
	file->st_uid = geteuid();
	file->st_size = (off_t)made->len_bytes;
	return 0;
}

/* A file's name is its number. */
int
model_file_named(const char *path)
{
	struct file *file = &files[(path[0] - '0') % FILE_MAX];
	uint32_t linked = model_running() ?
	    (uint32_t)model_load(&file->linked, 4, __ATOMIC_RELAXED) :
	    file->linked;

	return linked != 0 ? FD_FIRST + (int)(file - files) : -1;
}
