/* SPDX-License-Identifier: MIT */
/* The files that a watch has seen: those that are open, those refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reader/region/watch_private.h"

static uint64_t
ctime_of(const struct stat *file)
{
	return (uint64_t)file->st_ctim.tv_sec * 1000000000 +
	    (uint64_t)file->st_ctim.tv_nsec;
}

void
kyi_watch_tell(struct kymo_watch *watch, const char *path, const char *why)
{
	size_t path_bytes = strlen(path);

	/* Errors of a file name it themselves. */
	if (strncmp(why, path, path_bytes) == 0 &&
	    strncmp(why + path_bytes, ": ", 2) == 0)
		why += path_bytes + 2;
	if (watch->options.refused != NULL)
		watch->options.refused(watch->options.to, path, why);
}

const char *
kymo_watch_dir(const struct kymo_watch *watch, uint32_t idx)
{
	return idx < watch->dir_cnt ? watch->dirs[idx].path : NULL;
}

/* ---- by name --------------------------------------------------------- */

static struct kyi_watch_entry **
bucket_of(const struct kymo_watch *watch, uint32_t dir_idx, const char *name)
{
	uint64_t hash = kyi_hash_text(watch->hash_first ^ dir_idx, name);

	return &watch->buckets[(hash ^ hash >> 32) & (watch->bucket_cnt - 1)];
}

struct kyi_watch_entry *
kyi_watch_find(const struct kymo_watch *watch, uint32_t dir_idx,
    const char *name)
{
	struct kyi_watch_entry *entry;

	if (watch->bucket_cnt == 0)
		return NULL;
	entry = *bucket_of(watch, dir_idx, name);
	for (; entry != NULL; entry = entry->next)
		if (entry->dir_idx == dir_idx && strcmp(entry->name, name) == 0)
			return entry;
	return NULL;
}

static bool
rehash(struct kymo_watch *watch)
{
	struct kyi_watch_entry **buckets, **bucket;
	uint32_t bucket_cnt =
	    watch->bucket_cnt == 0 ? 64 : watch->bucket_cnt * 2;
	uint32_t i;

	if (watch->entry_cnt < watch->bucket_cnt)
		return true;
	buckets = calloc(bucket_cnt, sizeof(struct kyi_watch_entry *));
	if (buckets == NULL)
		return false;
	free(watch->buckets);
	watch->buckets = buckets;
	watch->bucket_cnt = bucket_cnt;
	for (i = 0; i < watch->entry_cnt; i++) {
		struct kyi_watch_entry *entry = watch->entries[i];

		bucket = bucket_of(watch, entry->dir_idx, entry->name);
		entry->next = *bucket;
		*bucket = entry;
	}
	return true;
}

static struct kyi_watch_entry *
new_entry(struct kymo_watch *watch, uint32_t dir_idx, const char *name)
{
	struct kyi_watch_entry *entry, **bucket;

	if (!rehash(watch) ||
	    !kyi_grow(&watch->entries, &watch->entry_room, watch->entry_cnt,
		sizeof(struct kyi_watch_entry *)) ||
	    !kyi_grow(&watch->open, &watch->open_room, watch->entry_cnt,
		sizeof(struct kyi_watch_entry *)))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	strcpy(entry->name, name); /* kyi_file_name_is: it fits */
	entry->dir_idx = dir_idx;
	entry->idx = watch->entry_cnt;
	watch->entries[watch->entry_cnt++] = entry;
	bucket = bucket_of(watch, dir_idx, name);
	entry->next = *bucket;
	*bucket = entry;
	return entry;
}

static void
close_region(struct kymo_watch *watch, struct kyi_watch_entry *entry)
{
	struct kyi_watch_entry *last;

	if (entry->region == NULL)
		return;
	kymo_region_close(entry->region);
	entry->region = NULL;
	last = watch->open[--watch->open_cnt];
	watch->open[entry->open_idx] = last;
	last->open_idx = entry->open_idx;
}

void
kyi_watch_forget(struct kymo_watch *watch, struct kyi_watch_entry *entry)
{
	struct kyi_watch_entry **at = bucket_of(watch, entry->dir_idx,
	    entry->name), *last;

	close_region(watch, entry);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	last = watch->entries[--watch->entry_cnt];
	watch->entries[entry->idx] = last;
	last->idx = entry->idx;
	free(entry);
}

/* ---- taking and refusing --------------------------------------------- */

/* As many again may be refused and remembered; beyond that they are only told
   of, once. */
static bool
is_full(struct kymo_watch *watch)
{
	if (watch->entry_cnt < 2 * watch->options.region_max)
		return false;
	if (!watch->told_full)
		kyi_watch_tell(watch, watch->dirs[0].path,
		    "too many files; the rest is not looked at");
	watch->told_full = true;
	return true;
}

/* Opens the entry's file, or says why not. */
static void
open_entry(struct kymo_watch *watch, struct kyi_watch_entry *entry)
{
	struct kyi_watch_dir *dir = &watch->dirs[entry->dir_idx];
	bool told = entry->not_now;
	struct kymo_error error = { "" };
	struct stat file;
	int result;

	if (fstatat(dir->fd, entry->name, &file, AT_SYMLINK_NOFOLLOW) != 0) {
		kyi_watch_forget(watch, entry);
		return;
	}
	entry->dev = file.st_dev;
	entry->ino = file.st_ino;
	entry->ctime_ns = ctime_of(&file);
	entry->not_now = false;
	if (watch->open_cnt >= watch->options.region_max) {
		kymo_error_set(&error, "%s/%s: there are %u regions, and more "
		    "are not read", dir->path, entry->name,
		    (unsigned)watch->open_cnt);
		result = KYI_NOT_NOW;
	} else {
		result = kyi_region_open_at(&entry->region, dir->fd, dir->path,
		    entry->name, &watch->trust, false, NULL, NULL, &error);
	}
	if (result == KYI_GONE) {
		kyi_watch_forget(watch, entry);
		return;
	}
	if (result == 0) {
		entry->dev = entry->region->file_dev;
		entry->ino = entry->region->file_ino;
		entry->region->watch_entry = entry;
		entry->open_idx = watch->open_cnt;
		watch->open[watch->open_cnt++] = entry;
		return;
	}
	entry->region = NULL;
	entry->not_now = result == KYI_NOT_NOW;
	if (!told || !entry->not_now) {
		char path[KYI_WATCH_PATH_BYTES + KYI_FILE_NAME_BYTES];

		snprintf(path, sizeof(path), "%s/%s", dir->path, entry->name);
		kyi_watch_tell(watch, path, error.text);
	}
}

/* Is it still the file that was refused, as it was? */
static bool
is_unchanged(const struct kymo_watch *watch,
    const struct kyi_watch_entry *entry)
{
	struct stat file;

	return fstatat(watch->dirs[entry->dir_idx].fd, entry->name, &file,
	    AT_SYMLINK_NOFOLLOW) == 0 && entry->dev == file.st_dev &&
	    entry->ino == file.st_ino && (entry->region != NULL ||
	    (entry->ctime_ns == ctime_of(&file) && !entry->not_now));
}

void
kyi_watch_consider(struct kymo_watch *watch, uint32_t dir_idx, const char *name,
    uint64_t ino)
{
	struct kyi_watch_entry *entry;

	if (!kyi_file_name_is(name))
		return;
	entry = kyi_watch_find(watch, dir_idx, name);
	if (entry == NULL) {
		if (is_full(watch))
			return;
		entry = new_entry(watch, dir_idx, name);
		if (entry == NULL)
			return;
		entry->seen_gen = watch->gen;
		open_entry(watch, entry);
		return;
	}
	entry->seen_gen = watch->gen;
	if (entry->region != NULL && ino == entry->ino)
		return;
	if (is_unchanged(watch, entry))
		return;
	close_region(watch, entry);
	open_entry(watch, entry);
}

void
kymo_watch_drop(struct kymo_watch *watch, struct kymo_region *region,
    const char *why)
{
	struct kyi_watch_entry *entry = region->watch_entry;
	/* There is nothing wrong with it: there was no memory. */
	bool sound = region->broken[0] == '\0';
	char path[sizeof(region->info.path)];
	struct stat file;

	if (fstat(region->fd, &file) == 0)
		entry->ctime_ns = ctime_of(&file);
	strcpy(path, region->info.path);
	close_region(watch, entry);
	entry->not_now = sound;
	kyi_watch_tell(watch, path, why);
}

uint32_t
kymo_watch_cnt(const struct kymo_watch *watch)
{
	return watch->open_cnt;
}

struct kymo_region *
kymo_watch_at(const struct kymo_watch *watch, uint32_t idx)
{
	return idx < watch->open_cnt ? watch->open[idx]->region : NULL;
}

uint32_t
kymo_watch_refused_cnt(const struct kymo_watch *watch)
{
	return watch->entry_cnt - watch->open_cnt;
}
