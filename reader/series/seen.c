/* SPDX-License-Identifier: MIT */
/* What /proc last said of each process. It dies with the process, so a reader
   that was killed would have shown more than the next one can find again.
   PATH.seen beside the database has a record for each process, stored before
   the scan that shows it is published. No fsync: what survives is the death of
   the reader; a power cut takes the processes along.

   A record is 64 bytes at a multiple of 64, so a store is whole or not there;
   its checksum tells it from what a damaged file holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/series/private.h"
#include "shm/crc32c.h"

#define RECORD_CNT_MAX 65536u /* 4 MiB */
#define FORMAT 1u

struct record {
	uint8_t id[KYI_INSTANCE_BYTES];
	uint64_t values[KYI_SEEN_CNT];
	uint32_t format;
	uint32_t crc; /* of all before it */
};

_Static_assert(sizeof(struct record) == 64, "never across two pages");

struct found {
	struct record record;
	uint32_t idx1;
	bool claimed;
};

struct kyi_seen {
	int fd;
	char *path;
	bool *used; /* RECORD_CNT_MAX places */
	uint32_t used_end, free_hint;
	struct found *found; /* of the reader before, sorted by id */
	uint32_t found_cnt;
	bool said;
	void (*warn)(void *to, const char *text);
	void *to;
};

static void
say(struct kyi_seen *seen, const char *why)
{
	char text[600];

	if (!seen->said && seen->warn != NULL) {
		snprintf(text, sizeof(text), "%.300s: %s; should this reader be"
		    " killed, what process_* counted in processes that die"
		    " meanwhile is lost", seen->path, why);
		seen->warn(seen->to, text);
	}
	seen->said = true;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, KYI_INSTANCE_BYTES);
}

static uint32_t
crc_of(const struct record *record)
{
	return kyi_crc32c(0, record, offsetof(struct record, crc));
}

/* ---- opening -------------------------------------------------------------- */

/* A file of ours, or -1. */
static int
open_file(struct kyi_seen *seen)
{
	struct stat st;
	int fd = open(seen->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK, 0600);

	if (fd < 0) {
		say(seen, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	say(seen, "it is no regular file");
	close(fd);
	return -1;
}

static void
load(struct kyi_seen *seen)
{
	struct found found = {.claimed = false};
	struct found *more;
	uint32_t i, room = 0;

	for (i = 0; i < RECORD_CNT_MAX && pread(seen->fd, &found.record,
	    sizeof(found.record), (off_t)(i * sizeof(found.record))) ==
	    (ssize_t)sizeof(found.record); i++) {
		if (found.record.format != FORMAT ||
		    found.record.crc != crc_of(&found.record))
			continue;
		if (seen->found_cnt == room) {
			room = room == 0 ? 64 : room * 2;
			more = realloc(seen->found, room * sizeof(*more));
			if (more == NULL)
				break;
			seen->found = more;
		}
		found.idx1 = i + 1;
		seen->found[seen->found_cnt++] = found;
		seen->used[i] = true;
		seen->used_end = i + 1;
	}
	if (seen->found_cnt > 0)
		qsort(seen->found, seen->found_cnt, sizeof(*seen->found), by_id);
}

struct kyi_seen *
kyi_seen_open(const char *state_path, void (*warn)(void *to, const char *text),
    void *to)
{
	struct kyi_seen *seen = calloc(1, sizeof(*seen));

	if (seen == NULL)
		return NULL;
	seen->fd = -1;
	seen->warn = warn;
	seen->to = to;
	seen->used = calloc(RECORD_CNT_MAX, sizeof(*seen->used));
	seen->path = malloc(strlen(state_path) + sizeof(".seen"));
	if (seen->used != NULL && seen->path != NULL) {
		strcpy(seen->path, state_path);
		strcat(seen->path, ".seen");
		seen->fd = open_file(seen);
	}
	if (seen->fd >= 0) {
		load(seen);
		return seen;
	}
	kyi_seen_close(seen);
	return NULL;
}

void
kyi_seen_close(struct kyi_seen *seen)
{
	if (seen == NULL)
		return;
	if (seen->fd >= 0)
		close(seen->fd);
	free(seen->found);
	free(seen->used);
	free(seen->path);
	free(seen);
}

/* ---- one process ---------------------------------------------------------- */

bool
kyi_seen_find(struct kyi_seen *seen, const uint8_t id[KYI_INSTANCE_BYTES],
    struct kyi_seen_place *place)
{
	struct found *found;

	if (seen == NULL || seen->found_cnt == 0)
		return false;
	found = bsearch(id, seen->found, seen->found_cnt, sizeof(*found), by_id);
	if (found == NULL || found->claimed)
		return false;
	found->claimed = true;
	place->idx1 = found->idx1;
	memcpy(place->values, found->record.values, sizeof(place->values));
	return true;
}

/* The first free one, so that the file stays as short as it can; 0: none. */
static uint32_t
take_place(struct kyi_seen *seen)
{
	uint32_t i = seen->free_hint;

	while (i < RECORD_CNT_MAX && seen->used[i])
		i++;
	seen->free_hint = i;
	if (i == RECORD_CNT_MAX)
		return 0;
	seen->used[i] = true;
	if (i >= seen->used_end)
		seen->used_end = i + 1;
	return i + 1;
}

void
kyi_seen_put(struct kyi_seen *seen, const uint8_t id[KYI_INSTANCE_BYTES],
    struct kyi_seen_place *place, const uint64_t values[KYI_SEEN_CNT])
{
	struct record record = {.format = FORMAT};
	bool is_new = place->idx1 == 0;
	ssize_t put;

	if (seen == NULL || (!is_new &&
	    memcmp(place->values, values, sizeof(place->values)) == 0))
		return;
	if (is_new)
		place->idx1 = take_place(seen);
	if (place->idx1 == 0) {
		say(seen, "it has no room for more processes");
		return;
	}
	memcpy(record.id, id, sizeof(record.id));
	memcpy(record.values, values, sizeof(record.values));
	record.crc = crc_of(&record);
	put = pwrite(seen->fd, &record, sizeof(record),
	    (off_t)((place->idx1 - 1) * sizeof(record)));
	if (put == (ssize_t)sizeof(record)) {
		memcpy(place->values, values, sizeof(place->values));
		return;
	}
	/* Tried again at the next scan. */
	say(seen, put < 0 ? strerror(errno) : "there is no room");
	if (is_new)
		kyi_seen_free(seen, place);
}

void
kyi_seen_free(struct kyi_seen *seen, struct kyi_seen_place *place)
{
	if (seen == NULL || place->idx1 == 0)
		return;
	seen->used[place->idx1 - 1] = false;
	if (place->idx1 - 1 < seen->free_hint)
		seen->free_hint = place->idx1 - 1;
	place->idx1 = 0;
}

void
kyi_seen_tidy(struct kyi_seen *seen)
{
	uint32_t i;

	if (seen == NULL || seen->found == NULL)
		return;
	for (i = 0; i < seen->found_cnt; i++)
		if (!seen->found[i].claimed) {
			struct kyi_seen_place place = {
				.idx1 = seen->found[i].idx1,
			};

			kyi_seen_free(seen, &place);
		}
	free(seen->found);
	seen->found = NULL;
	seen->found_cnt = 0;
	while (seen->used_end > 0 && !seen->used[seen->used_end - 1])
		seen->used_end--;
	/* Should this fail, the file is longer than it needs to be. */
	if (ftruncate(seen->fd,
	    (off_t)(seen->used_end * sizeof(struct record))) != 0)
		return;
}
