/* SPDX-License-Identifier: MIT */
/* May this file be read at all? Each refusal is a sentence for a person. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/region/private.h"
#include "shm/copy.h"
#include "shm/name.h"

bool
kyi_trusted(uint32_t uid, const struct kymo_trust *trust)
{
	uint32_t i;

	if (uid == 0 || uid == geteuid())
		return true;
	if (trust == NULL)
		return false;
	for (i = 0; i < trust->uid_cnt; i++)
		if (trust->uids[i] == uid)
			return true;
	return trust->any_uid;
}

static const char *
file_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

/* The owner of the directory speaks for what is in it, unless it is a place
   where everybody may put files. */
static int
check_owner(int dir_fd, const struct stat *file, const char *path,
    const struct kymo_trust *trust, struct kymo_error *error)
{
	struct stat dir;

	if (kyi_trusted(file->st_uid, trust))
		return 0;
	if (fstat(dir_fd, &dir) != 0)
		return kymo_error_set(error, "%s: its directory: %s", path,
		    strerror(errno));
	if (dir.st_uid == file->st_uid && (dir.st_mode & S_ISVTX) == 0)
		return 0;
	return kymo_error_set(error, "%s belongs to uid %u, who is not trusted "
	    "(its directory belongs to uid %u)", path, (unsigned)file->st_uid,
	    (unsigned)dir.st_uid);
}

static int
check_file(const struct stat *file, const char *path, struct kymo_error *error)
{
	if (!S_ISREG(file->st_mode))
		return kymo_error_set(error, "%s is %s, not a regular file",
		    path, file_type(file->st_mode));
	if (file->st_nlink > 1)
		return kymo_error_set(error,
		    "%s has %ju hard links; a region has "
		    "one name", path, (uintmax_t)file->st_nlink);
	if (file->st_size < (off_t)KYI_REGION_BYTES_MIN)
		return kymo_error_set(error,
		    "%s has %jd bytes, which is too small "
		    "for a region", path, (intmax_t)file->st_size);
	if (file->st_size > (off_t)KYI_REGION_BYTES_MAX)
		return kymo_error_set(error,
		    "%s has %jd bytes, which is too large "
		    "for a region", path, (intmax_t)file->st_size);
	return 0;
}

static int
refusal_of(int error_number)
{
	switch (error_number) {
	case ENOENT:
		return KYI_GONE;
	case EMFILE: case ENFILE: case ENOMEM: case EINTR:
		return KYI_NOT_NOW;
	default:
		return KYI_REFUSED;
	}
}

/* The file's descriptor, or a refusal. */
static int
open_file(int dir_fd, const char *name, const char *path, struct stat *file,
    struct kymo_error *error)
{
	int fd, why;

	/* Looked at first, since opening a device may do something. */
	if (fstatat(dir_fd, name, file, AT_SYMLINK_NOFOLLOW) != 0) {
		why = refusal_of(errno);
		kymo_error_set(error, "%s: %s", path, strerror(errno));
		return why;
	}
	if (check_file(file, path, error) != 0)
		return KYI_REFUSED;
	fd = openat(dir_fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		why = refusal_of(errno);
		kymo_error_set(error, "%s: %s", path, strerror(errno));
		return why;
	}
	/* What counts is what was opened. */
	if (fstat(fd, file) != 0 || check_file(file, path, error) != 0) {
		close(fd);
		return KYI_REFUSED;
	}
	if (file->st_nlink == 0) {
		close(fd);
		kymo_error_set(error, "%s was removed", path);
		return KYI_GONE;
	}
	return fd;
}

/* The first complaint, for the error; the others go on to who asked. */
struct first {
	char text[sizeof(((struct kymo_error *)0)->text)];
	kyi_complain *say;
	void *to;
};

static void
take_first(void *to, uint64_t off, const char *text)
{
	struct first *first = to;

	if (first->text[0] == '\0')
		snprintf(first->text, sizeof(first->text), "%s", text);
	if (first->say != NULL)
		first->say(first->to, off, text);
}

static int
check_header(struct kymo_region *region, bool may_swap, kyi_complain *say,
    void *to, struct kymo_error *error)
{
	struct first first = { .say = say, .to = to };
	struct kyi_complaints complaints = { .say = take_first, .to = &first };
	bool swap;
	int64_t got_bytes;

	/* Who has found the name goes on to what was stored before it. */
	kyi_copy_fence();
	got_bytes = kyi_os_pread(region->fd, &region->header,
	    sizeof(region->header), KYI_HEADER_OFF);
	if (got_bytes != (int64_t)sizeof(region->header))
		return kymo_error_set(error,
		    "%s: its header cannot be read: %s", region->info.path,
		    got_bytes < 0 ? strerror((int)-got_bytes) : "too short");
	swap = may_swap && region->header.endian == KYI_ENDIAN_SWAPPED;
	if (swap)
		kyi_swap_header(&region->header);
	if (!kyi_check_header(&region->header, region->file_bytes, &complaints))
		return kymo_error_set(error, "%s: %s", region->info.path,
		    first.text);
	return swap ? kyi_swap_file(region, error) : 0;
}

static void
fill_info(struct kymo_region *region, const struct stat *file)
{
	const struct kyi_header *header = &region->header;
	struct kymo_region_info *info = &region->info;
	size_t len_bytes = strnlen(header->service,
	    sizeof(header->service) - 1);
	char service[sizeof(header->service)];

	memcpy(service, header->service, len_bytes);
	service[len_bytes] = '\0';
	kyi_service_clean(info->service, service);
	memcpy(info->instance_id, header->instance_id,
	    sizeof(info->instance_id));
	info->pid = header->pid;
	info->uid = file->st_uid; /* what it says of its owner proves nothing */
	info->parent_pid = header->parent_pid;
	info->fork_seq = header->fork_seq;
	info->started_ns = header->t0_realtime_ns;
	info->may_absorb = (header->feat_ro & ~KYI_FEAT_RO_KNOWN) == 0;
	info->liveness = KYMO_ALIVE;
}

/* Is path .../crash/NAME, where the dead are kept and file times mean death? */
static bool
is_in_crash_dir(const char *path)
{
	const char *name = strrchr(path, '/');

	return name != NULL && name - path >= 5 &&
	    strncmp(name - 5, "crash", 5) == 0 &&
	    (name - path == 5 || name[-6] == '/');
}

int
kyi_region_open_at(struct kymo_region **opened, int dir_fd,
    const char *dir_path, const char *name, const struct kymo_trust *trust,
    bool any_trust, kyi_complain *say, void *to, struct kymo_error *error)
{
	struct kymo_region *region = calloc(1, sizeof(*region));
	struct stat file;
	int result;

	*opened = NULL;
	if (region == NULL) {
		kymo_error_set(error, "out of memory");
		return KYI_NOT_NOW;
	}
	region->fd = -1;
	kyi_image_pool_hold();
	region->lasting.say = region->passing.say = say;
	region->lasting.to = region->passing.to = to;
	if (snprintf(region->info.path, sizeof(region->info.path), "%s%s%s",
		dir_path, *dir_path == '\0' ? "" : "/", name) >=
	    (int)sizeof(region->info.path)) {
		kymo_error_set(error, "%s: its path is too long", name);
		result = KYI_REFUSED;
		goto failed;
	}
	region->in_crash_dir = is_in_crash_dir(region->info.path);
	result = open_file(dir_fd, name, region->info.path, &file, error);
	if (result < 0)
		goto failed;
	region->fd = result;
	result = KYI_REFUSED;
	region->file_bytes = (uint64_t)file.st_size;
	region->file_ino = file.st_ino;
	region->file_dev = file.st_dev;
	if (!any_trust &&
	    check_owner(dir_fd, &file, region->info.path, trust, error) != 0)
		goto failed;
	/* A file that a person named is at rest; a copy of it will do. */
	if (check_header(region, any_trust, say, to, error) != 0)
		goto failed;
	fill_info(region, &file);
	*opened = region;
	return 0;
failed:
	kymo_region_close(region);
	return result;
}

int
kymo_region_open(struct kymo_region **region, int dir_fd, const char *dir_path,
    const char *name, const struct kymo_trust *trust, struct kymo_error *error)
{
	if (strchr(name, '/') != NULL)
		return kymo_error_set(error, "%s: not a file name", name);
	return kyi_region_open_at(region, dir_fd, dir_path, name, trust, false,
	    NULL, NULL, error) == 0 ? 0 : -1;
}

int
kymo_region_open_path(struct kymo_region **region, const char *path,
    struct kymo_error *error)
{
	return kyi_region_open_at(region, AT_FDCWD, "", path, NULL, true, NULL,
	    NULL, error) == 0 ? 0 : -1;
}

void
kymo_region_close(struct kymo_region *region)
{
	uint32_t i;

	if (region == NULL)
		return;
	if (region->fd >= 0)
		close(region->fd);
	kyi_records_free(region);
	for (i = 0; i < region->hist_cnt; i++)
		free(region->hists[i].buckets);
	for (i = 0; i < KYI_CELLS_LISTS; i++) {
		free(region->cells[i].at);
		free(region->cells[i].sums);
	}
	free(region->blocks);
	free(region->resource_raw);
	free(region->resource);
	free(region->hists);
	free(region->spans);
	free(region->logs);
	free(region->exemplars);
	kyi_arena_free(&region->events);
	kyi_swap_free(region);
	kyi_image_give(region->image);
	kyi_image_pool_drop();
	free(region);
}

const struct kymo_region_info *
kymo_region_info(const struct kymo_region *region)
{
	return &region->info;
}

int
kyi_region_break(struct kymo_region *region, const char *why,
    struct kymo_error *error)
{
	if (region->broken[0] == '\0')
		snprintf(region->broken, sizeof(region->broken), "%s", why);
	return kymo_error_set(error, "%s %s", region->info.path,
	    region->broken);
}

uint64_t
kyi_region_realtime_ns(const struct kymo_region *region, uint64_t mono_ns)
{
	uint64_t real_ns = region->header.t0_realtime_ns;
	uint64_t t0_ns = region->header.t0_mono_ns, sum_ns;

	if (mono_ns == 0)
		return 0;
	if (mono_ns < t0_ns)
		return t0_ns - mono_ns < real_ns ?
		    real_ns - (t0_ns - mono_ns) : 0;
	if (__builtin_add_overflow(real_ns, mono_ns - t0_ns, &sum_ns))
		return UINT64_MAX;
	return sum_ns;
}
