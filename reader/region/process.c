/* SPDX-License-Identifier: MIT */
/* What /proc tells of a process. All files are opened through one descriptor
   of /proc/PID: when the process is gone they fail, whoever has its number. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/region/private.h"

#define TEXT_BYTES 8192u

/* The whole of a small file, NUL-terminated; false: it cannot be read. */
static bool
read_text(int dir_fd, const char *name, char text[TEXT_BYTES])
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	int64_t got_bytes;

	text[0] = '\0';
	if (fd < 0)
		return false;
	got_bytes = kyi_os_pread(fd, text, TEXT_BYTES - 1, 0);
	close(fd);
	if (got_bytes <= 0)
		return false;
	text[got_bytes] = '\0';
	return true;
}

/* The nth field of stat (from 1), 0 if there is none. The second is a name in
   parentheses and may hold anything, so count from the last one. */
static uint64_t
stat_field(const char *text, int nth)
{
	const char *at = strrchr(text, ')');
	int field;

	if (at == NULL)
		return 0;
	for (field = 2; at != NULL && field < nth; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at == NULL ? 0 : strtoull(at, NULL, 10);
}

/* The number behind "KEY:" at the beginning of a line. */
static uint64_t
status_value(const char *text, const char *key)
{
	size_t key_bytes = strlen(key);
	const char *at;

	for (at = text; at != NULL; at = strchr(at, '\n')) {
		if (*at == '\n')
			at++;
		if (strncmp(at, key, key_bytes) == 0)
			return strtoull(at + key_bytes, NULL, 10);
	}
	return 0;
}

static bool
count_fds(int dir_fd, uint64_t *fd_cnt)
{
	int fd = openat(dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	*fd_cnt = 0;
	if (fd < 0)
		return false;
	/* Since Linux 6.2 the directory's size is their number. */
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		*fd_cnt = (uint64_t)st.st_size;
		close(fd);
		return true;
	}
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL)
		*fd_cnt += entry->d_name[0] != '.';
	closedir(dir);
	return true;
}

static void
fill_from_stat(struct kymo_process_stats *stats, const char *text)
{
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct kyi_times now;

	stats->faults_minor = stat_field(text, 10);
	stats->faults_major = stat_field(text, 12);
	stats->cpu_user_ns = stat_field(text, 14) * tick_ns;
	stats->cpu_system_ns = stat_field(text, 15) * tick_ns;
	stats->thread_cnt = stat_field(text, 20);
	stats->virtual_bytes = stat_field(text, 23);
	stats->resident_bytes = stat_field(text, 24) *
	    (uint64_t)sysconf(_SC_PAGESIZE);
	kyi_os_times(&now);
	stats->start_ticks = stat_field(text, 22);
	stats->start_ns = now.realtime_ns - now.boot_ns +
	    stat_field(text, 22) * tick_ns;
}

static bool
fill(struct kymo_process_stats *stats, int dir_fd, uint64_t starttime_ticks)
{
	char text[TEXT_BYTES];
	const char *at;

	if (!read_text(dir_fd, "stat", text) ||
	    stat_field(text, 22) != starttime_ticks)
		return false;
	fill_from_stat(stats, text);
	if (read_text(dir_fd, "status", text)) {
		stats->switches_voluntary = status_value(text,
		    "voluntary_ctxt_switches:");
		stats->switches_involuntary = status_value(text,
		    "nonvoluntary_ctxt_switches:");
	}
	if (read_text(dir_fd, "limits", text)) {
		at = strstr(text, "Max open files");
		if (at != NULL) /* "unlimited" is 0 */
			stats->fd_max = strtoull(at + strlen("Max open files"),
			    NULL, 10);
	}
	stats->has_fds = count_fds(dir_fd, &stats->fd_cnt);
	return true;
}

int
kymo_region_process(const struct kymo_region *region,
    struct kymo_process_stats *stats, struct kymo_error *error)
{
	const struct kyi_header *header = &region->header;
	char path[32];
	bool filled;
	int dir_fd;

	memset(stats, 0, sizeof(*stats));
	if (region->info.liveness != KYMO_ALIVE)
		return kymo_error_set(error, "%s: its process is dead",
		    region->info.path);
	if (header->pid == 0 || header->pidns_ino == 0 ||
	    header->pidns_ino != kyi_os_pidns_ino())
		return kymo_error_set(error,
		    "%s: its process is in another pid "
		    "namespace", region->info.path);
	snprintf(path, sizeof(path), "/proc/%" PRIu32, header->pid);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return kymo_error_set(error, "%s: %s: %s", region->info.path,
		    path, strerror(errno));
	filled = fill(stats, dir_fd, header->starttime_ticks);
	close(dir_fd);
	if (!filled)
		return kymo_error_set(error, "%s: %s is not its process",
		    region->info.path, path);
	return 0;
}
