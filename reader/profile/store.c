/* SPDX-License-Identifier: MIT */
/* Profiles in a folder: ID.txt and ID.folded of each. Nothing but what is named so
   is read, or removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/profile/profile.h"
#include "reader/room.h"
#include "shm/os.h"

#define FILE_MAX 10000u /* in the folder, that are looked at */
#define NAME_BYTES (KYMO_PROFILE_ID_BYTES + 16)
#define TITLE_BYTES_MAX ((size_t)512)

struct kymo_profiles_store {
	int dir_fd;
	char *folder;
	uint32_t keep_max;
	uint64_t bytes_max;
	struct kymo_profile_kept *at; /* the newest first */
	uint32_t cnt, room_cnt;
};

/* 20261129T030000Z-0123456789abcdef */
static bool
id_good(const char *id, size_t len_bytes)
{
	static const char shape[] = "00000000T000000Z-xxxxxxxxxxxxxxxx";

	if (len_bytes != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < len_bytes; i++) {
		char c = id[i];
		bool digit = c >= '0' && c <= '9';

		if (shape[i] == '0' ? !digit : shape[i] == 'x' ?
		    !digit && !(c >= 'a' && c <= 'f') : c != shape[i])
			return false;
	}
	return true;
}

static void
name_of(char name[NAME_BYTES], const char *id, bool folded)
{
	snprintf(name, NAME_BYTES, "%s.%s", id, folded ? "folded" : "txt");
}

static void
remove_one(struct kymo_profiles_store *store, const char *id)
{
	char name[NAME_BYTES];

	name_of(name, id, true);
	(void)unlinkat(store->dir_fd, name, 0);
	name_of(name, id, false);
	(void)unlinkat(store->dir_fd, name, 0);
}

static uint64_t
bytes_of(const struct kymo_profiles_store *store, const char *id)
{
	char name[NAME_BYTES];
	struct stat status;
	uint64_t bytes = 0;

	for (int i = 0; i < 2; i++) {
		name_of(name, id, i == 1);
		if (fstatat(store->dir_fd, name, &status,
		    AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0)
			bytes += (uint64_t)status.st_size;
	}
	return bytes;
}

/* What is beyond the bounds goes, the oldest first; the newest stays, and the one
   that was just added, which a clock that was set back calls old. */
static void
bound(struct kymo_profiles_store *store, const char *added)
{
	uint64_t bytes = 0;
	uint32_t kept = 0;
	bool full = false;

	for (uint32_t i = 0; i < store->cnt; i++) {
		const struct kymo_profile_kept at = store->at[i];

		bytes += at.bytes;
		full |= kept >= store->keep_max ||
		    (kept > 0 && bytes > store->bytes_max);
		if (full && strcmp(at.id, added) != 0)
			remove_one(store, at.id);
		else
			store->at[kept++] = at;
	}
	store->cnt = kept;
}

static int
by_id(const void *a, const void *b)
{
	const struct kymo_profile_kept *x = a, *y = b;

	return strcmp(y->id, x->id);
}

/* false: no memory. */
static bool
insert(struct kymo_profiles_store *store, const char *id)
{
	struct kymo_profile_kept *at = store->at;

	if (store->cnt == store->room_cnt) {
		at = reallocarray(at, store->room_cnt * 2 + 16, sizeof(*at));
		if (at == NULL)
			return false;
		store->at = at;
		store->room_cnt = store->room_cnt * 2 + 16;
	}
	snprintf(at[store->cnt].id, sizeof(at->id), "%s", id);
	at[store->cnt].bytes = bytes_of(store, id);
	store->cnt++;
	qsort(at, store->cnt, sizeof(*at), by_id);
	return true;
}

/* Those with a report; a folded one alone is of one that was not finished. */
static int
find(struct kymo_profiles_store *store, struct kymo_error *error)
{
	int fd = openat(store->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char id[KYMO_PROFILE_ID_BYTES];
	uint32_t cnt = 0;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return kymo_error_set(error, "%.300s: %s", store->folder,
		    strerror(errno));
	}
	while ((entry = readdir(dir)) != NULL && cnt++ < FILE_MAX) {
		const char *dot = strchr(entry->d_name, '.');
		struct stat status;
		char report[NAME_BYTES];

		if (dot == NULL || !id_good(entry->d_name,
		    (size_t)(dot - entry->d_name)))
			continue;
		snprintf(id, sizeof(id), "%.*s", (int)(dot - entry->d_name),
		    entry->d_name);
		name_of(report, id, false);
		if (fstatat(store->dir_fd, report, &status,
		    AT_SYMLINK_NOFOLLOW) != 0)
			remove_one(store, id);
		else if (strcmp(dot, ".txt") == 0 && S_ISREG(status.st_mode) &&
		    !insert(store, id)) {
			closedir(dir);
			return kymo_error_set(error, "out of memory");
		}
	}
	closedir(dir);
	return 0;
}

/* A folder of ours alone, or none. */
static int
folder_open(struct kymo_profiles_store *store, struct kymo_error *error)
{
	struct stat status;

	if (mkdir(store->folder, 0700) != 0 && errno != EEXIST)
		return kymo_error_set(error, "cannot make the folder %.300s: "
		    "%s", store->folder, strerror(errno));
	store->dir_fd = open(store->folder, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	if (store->dir_fd < 0 || fstat(store->dir_fd, &status) != 0)
		return kymo_error_set(error, "%.300s: %s", store->folder,
		    strerror(errno));
	if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
		return kymo_error_set(error, "%.250s is user %u's with mode "
		    "%04o; profiles are for kymod alone: chown and chmod 700 "
		    "it, or remove it", store->folder,
		    (unsigned)status.st_uid,
		    (unsigned)status.st_mode & 07777u);
	return 0;
}

int
kymo_profiles_store_open(struct kymo_profiles_store **store_out,
    const char *folder, uint32_t keep_max, uint64_t bytes_max,
    struct kymo_error *error)
{
	struct kymo_profiles_store *store = calloc(1, sizeof(*store));

	*store_out = NULL;
	if (store == NULL)
		return kymo_error_set(error, "out of memory");
	store->dir_fd = -1;
	store->keep_max = keep_max;
	store->bytes_max = bytes_max;
	store->folder = strdup(folder);
	if (store->folder == NULL)
		kymo_error_set(error, "out of memory");
	else if (folder_open(store, error) == 0 && find(store, error) == 0) {
		bound(store, "");
		*store_out = store;
		return 0;
	}
	kymo_profiles_store_close(store);
	return -1;
}

void
kymo_profiles_store_close(struct kymo_profiles_store *store)
{
	if (store == NULL)
		return;
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store->folder);
	free(store->at);
	free(store);
}

void
kymo_profiles_store_bound(struct kymo_profiles_store *store, uint32_t keep_max,
    uint64_t bytes_max)
{
	store->keep_max = keep_max;
	store->bytes_max = bytes_max;
	bound(store, "");
}

const struct kymo_profile_kept *
kymo_profiles_store_list(const struct kymo_profiles_store *store,
    uint32_t *cnt)
{
	*cnt = store->cnt;
	return store->at;
}

/* ---- files -------------------------------------------------------------------------- */

static int
file_write(const struct kymo_profiles_store *store, const char *name,
    const struct kymo_buffer *text)
{
	size_t len_bytes = text->len_bytes < KYMO_PROFILE_TEXT_BYTES_MAX ?
	    text->len_bytes : KYMO_PROFILE_TEXT_BYTES_MAX, done = 0;
	int fd = openat(store->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (done < len_bytes) {
		got = write(fd, text->at + done, len_bytes - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return close(fd) == 0 && done == len_bytes ? 0 : -1;
}

static int
id_make(char id[KYMO_PROFILE_ID_BYTES], int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm tm;
	uint64_t random;
	size_t bytes;

	if (gmtime_r(&seconds, &tm) == NULL || kyi_os_random(&random,
	    sizeof(random)) != 0)
		return -1;
	bytes = strftime(id, KYMO_PROFILE_ID_BYTES, "%Y%m%dT%H%M%SZ-", &tm);
	snprintf(id + bytes, KYMO_PROFILE_ID_BYTES - bytes, "%016llx",
	    (unsigned long long)random);
	return id_good(id, strlen(id)) ? 0 : -1;
}

int
kymo_profiles_store_add(struct kymo_profiles_store *store, int64_t at_ms,
    const struct kymo_buffer *report, const struct kymo_buffer *folded,
    struct kymo_profile_kept *kept, struct kymo_error *error)
{
	char name[NAME_BYTES];

	if (id_make(kept->id, at_ms) != 0)
		return kymo_error_set(error, "no time or no randomness for a "
		    "name");
	/* The report last: with it, it is there. */
	name_of(name, kept->id, true);
	if (file_write(store, name, folded) == 0) {
		name_of(name, kept->id, false);
		if (file_write(store, name, report) == 0 &&
		    insert(store, kept->id)) {
			bound(store, kept->id);
			return 0;
		}
	}
	kymo_error_set(error, "%.250s/%s: %s", store->folder, name,
	    strerror(errno));
	remove_one(store, kept->id);
	return -1;
}

/* The first bytes_max of a text. */
static int
text_read(const struct kymo_profiles_store *store, const char *id, bool folded,
    size_t bytes_max, struct kymo_buffer *out)
{
	struct stat status;
	char name[NAME_BYTES], *room = NULL;
	size_t want = 0, done = 0;
	ssize_t got = 1;
	int fd;

	if (!id_good(id, strnlen(id, KYMO_PROFILE_ID_BYTES)))
		return -1;
	name_of(name, id, folded);
	fd = openat(store->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size >= 0 &&
	    (uint64_t)status.st_size <= KYMO_PROFILE_TEXT_BYTES_MAX) {
		want = (size_t)status.st_size;
		if (want > bytes_max)
			want = bytes_max;
		room = kyi_room(out, want);
	}
	while (room != NULL && done < want && got > 0) {
		got = read(fd, room + done, want - done);
		if (got > 0)
			done += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (room != NULL)
		kyi_room_used(out, room + done);
	close(fd);
	return room != NULL ? 0 : -1;
}

int
kymo_profiles_store_read(const struct kymo_profiles_store *store,
    const char *id, bool folded, struct kymo_buffer *out)
{
	return text_read(store, id, folded, KYMO_PROFILE_TEXT_BYTES_MAX, out);
}

int
kymo_profiles_store_title(const struct kymo_profiles_store *store,
    const char *id, struct kymo_buffer *out)
{
	struct kymo_buffer text = {0};
	int result = text_read(store, id, false, TITLE_BYTES_MAX, &text);

	if (result == 0 && text.at != NULL) {
		const char *end = memchr(text.at, '\n', text.len_bytes);

		kymo_buffer_add(out, text.at, end == NULL ? text.len_bytes :
		    (size_t)(end - text.at));
	}
	kymo_buffer_free(&text);
	return result;
}
