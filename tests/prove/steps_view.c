/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>

#include "tests/prove/steps.h"

/* A region's name has the pid of its process. */
static bool
name_find(char *path, size_t path_bytes, uint32_t pid)
{
	DIR *list = opendir(prove_dir());
	struct dirent *entry;
	bool found = false;
	char part[16];

	snprintf(part, sizeof(part), ".%u.", pid);
	while (list != NULL && !found && (entry = readdir(list)) != NULL) {
		found = strstr(entry->d_name, part) != NULL &&
		    strstr(entry->d_name, ".kymo") != NULL;
		snprintf(path, path_bytes, "%s/%s", prove_dir(),
		    entry->d_name);
	}
	if (list != NULL)
		closedir(list);
	return found;
}

bool
steps_view_find(struct steps_view *view, uint32_t pid)
{
	struct stat file;
	void *map;
	int fd;

	memset(view, 0, sizeof(*view));
	if (!name_find(view->path, sizeof(view->path), pid))
		return false;
	fd = open(view->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file) != 0)
		return false;
	view->bytes = (uint64_t)file.st_size;
	map = mmap(NULL, view->bytes, PROT_READ, MAP_SHARED, fd, 0);
	view->was = mmap(NULL, view->bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED || view->was == MAP_FAILED)
		prove_die("mmap");
	view->map = map;
	view->fd = fd;
	return kymo_region_open_path(&view->region, view->path,
	    &view->fault) == 0;
}

/* Where the file has pages. */
static void
extents_find(struct steps_view *view)
{
	off_t at = 0;
	struct stat file;

	if (fstat(view->fd, &file) != 0)
		prove_die(view->path);
	if (view->extent_cnt > 0 && (uint64_t)file.st_blocks == view->blocks)
		return;
	view->blocks = (uint64_t)file.st_blocks;
	view->extent_cnt = 0;
	while ((at = lseek(view->fd, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(view->fd, at, SEEK_HOLE);

		if (view->extent_cnt == 256)
			prove_die("extents");
		view->extents[view->extent_cnt][0] = (uint64_t)at;
		view->extents[view->extent_cnt++][1] = (uint64_t)(end - at);
		at = end;
	}
}

bool
steps_view_changed(struct steps_view *view)
{
	bool changed = false;
	uint32_t i;

	extents_find(view);
	for (i = 0; i < view->extent_cnt; i++) {
		uint64_t at = view->extents[i][0], cnt = view->extents[i][1];

		if (memcmp(view->was + at, view->map + at, cnt) == 0)
			continue;
		memcpy(view->was + at, view->map + at, cnt);
		changed = true;
	}
	return changed;
}

static void
take_fault(void *to, uint64_t off, const char *text)
{
	struct steps_view *view = to;

	kymo_error_set(&view->fault, "at %" PRIu64 ": %s", off, text);
}

bool
steps_view_scan(struct steps_view *view)
{
	if (kymo_region_scan(view->region,
	    KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS, &view->fault) != 0)
		return false;
	if (kymo_region_info(view->region)->losses.bad_records == 0)
		return true;
	kymo_region_check(view->path, take_fault, view, &view->fault);
	return false;
}

void
steps_view_close(struct steps_view *view)
{
	if (view->map != NULL) {
		munmap((void *)(uintptr_t)view->map, view->bytes);
		munmap(view->was, view->bytes);
		close(view->fd);
	}
	kymo_region_close(view->region);
	memset(view, 0, sizeof(*view));
}

const struct kymo_metric_value *
steps_value(const struct steps_view *view, const char *name, const char *label)
{
	uint32_t cnt, family_cnt, i;
	const struct kymo_region_series *series =
	    kymo_region_series(view->region, &cnt);
	const struct kymo_region_family *families =
	    kymo_region_families(view->region, &family_cnt);

	for (i = 0; i < cnt; i++)
		if (strcmp(families[series[i].family_idx].name, name) == 0 &&
		    (label == NULL ||
		    strcmp(series[i].label_values[0], label) == 0))
			return series[i].value.present ? &series[i].value :
			    NULL;
	return NULL;
}
