/* SPDX-License-Identifier: MIT */

/* Looking into a region without the reader: the file's bytes, through
   shm/layout.h alone, so that a test of the writer stands on nothing else.

	struct peek peek;

	assert_true(peek_open(&peek, path));
	assert_int_equal(peek_sum(&peek, "jobs"), 3);
	peek_close(&peek);

   It trusts what it reads: only for files of the test's own process. */

#ifndef TESTS_TESTLIB_PEEK_H
#define TESTS_TESTLIB_PEEK_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/layout.h"

#define PEEK_UNUSED __attribute__((unused))

struct peek {
	uint8_t *image;
	uint64_t bytes;
	const struct kyi_header *header;
	const struct kyi_control *control;
};

/* peek_open copies the file as it is now. */
PEEK_UNUSED static bool
peek_open(struct peek *peek, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t at = 0;

	memset(peek, 0, sizeof(*peek));
	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	peek->bytes = (uint64_t)st.st_size;
	peek->image = calloc(1, peek->bytes);
	/* Holes are zeros already. */
	while (at < peek->bytes) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA), hole;
		ssize_t got;

		if (data < 0)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		got = pread(fd, peek->image + data, (size_t)(hole - data), data);
		if (got != hole - data)
			break;
		at = (uint64_t)hole;
	}
	close(fd);
	peek->header = (const void *)peek->image;
	peek->control = (const void *)(peek->image + KYI_CONTROL_OFF);
	return memcmp(peek->header->magic, KYI_MAGIC, KYI_MAGIC_BYTES) == 0;
}

PEEK_UNUSED static void
peek_close(struct peek *peek)
{
	free(peek->image);
	peek->image = NULL;
}

/* peek_block returns the block of this type after from (NULL: the first). */
PEEK_UNUSED static const struct kyi_block *
peek_block(const struct peek *peek, uint32_t type, const struct kyi_block *from)
{
	uint64_t off = KYI_BLOCKS_OFF;

	if (from != NULL)
		off = (uint64_t)((const uint8_t *)from - peek->image) +
		    from->len_bytes;
	while (off < peek->control->file_used) {
		const struct kyi_block *block =
		    (const void *)(peek->image + off);

		if (block->type == type)
			return block;
		off += block->len_bytes;
	}
	return NULL;
}

/* peek_text tells whether the string of ref is text. */
PEEK_UNUSED static bool
peek_text(const struct peek *peek, uint32_t ref, const char *text)
{
	const struct kyi_string *string =
	    (const void *)(peek->image + (uint64_t)ref * 8);

	if (ref == 0)
		return *text == '\0';
	return string->len_bytes == strlen(text) &&
	    memcmp(string + 1, text, string->len_bytes) == 0;
}

/* peek_list tells whether a list of strings is "a,b,c". */
PEEK_UNUSED static bool
peek_list(const struct peek *peek, uint32_t ref, const char *texts)
{
	const struct kyi_string *list =
	    (const void *)(peek->image + (uint64_t)ref * 8);
	char text[256] = "";
	uint32_t i, item;

	for (i = 0; ref != 0 && i < list->len_bytes / 4; i++) {
		const struct kyi_string *string;

		memcpy(&item, (const char *)(list + 1) + i * 4, 4);
		string = (const void *)(peek->image + (uint64_t)item * 8);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%.*s", i == 0 ? "" : ",",
		    item == 0 ? 0 : (int)string->len_bytes,
		    (const char *)(string + 1));
	}
	return strcmp(text, texts) == 0;
}

/* The nth record of DIR of this type, from 0; NULL: there are fewer. */
PEEK_UNUSED static const void *
peek_record(const struct peek *peek, uint16_t rec_type, uint32_t nth)
{
	const struct kyi_block *dir = peek_block(peek, KYI_BLK_DIR, NULL);
	const uint8_t *at = (const uint8_t *)(dir + 1);
	const uint8_t *end = (const uint8_t *)dir + dir->used_bytes;

	for (; at < end; at += sizeof(struct kyi_family)) {
		uint16_t type;

		memcpy(&type, at, sizeof(type));
		if (type == rec_type && nth-- == 0)
			return at;
	}
	return NULL;
}

/* peek_family: by its name as the region has it. */
PEEK_UNUSED static const struct kyi_family *
peek_family(const struct peek *peek, const char *name)
{
	const struct kyi_family *family;
	uint32_t i;

	for (i = 0; (family = peek_record(peek, KYI_REC_FAMILY, i)) != NULL; i++)
		if (peek_text(peek, family->name_ref, name))
			return family;
	return NULL;
}

/* peek_series: of family name, with label values "a,b"; NULL: the only one or
   the first. "*": the overflow series. */
PEEK_UNUSED static const struct kyi_series *
peek_series(const struct peek *peek, const char *name, const char *values)
{
	const struct kyi_family *family = peek_family(peek, name);
	const struct kyi_series *series;
	uint32_t i;

	if (family == NULL)
		return NULL;
	for (i = 0; (series = peek_record(peek, KYI_REC_SERIES, i)) != NULL;
	    i++) {
		bool overflow = (series->flags & KYI_SERIES_OVERFLOW) != 0;

		if (series->family_id != family->id)
			continue;
		if (values == NULL ? !overflow : strcmp(values, "*") == 0 ?
		    overflow : !overflow &&
		    peek_list(peek, series->label_values_ref, values))
			return series;
	}
	return NULL;
}

PEEK_UNUSED static uint64_t
peek_window_word(const struct peek *peek, uint32_t slot, uint32_t at)
{
	uint64_t word;

	memcpy(&word, peek->image + peek->header->windows_off +
	    (uint64_t)slot * peek->header->window_bytes + at, sizeof(word));
	return word;
}

/* peek_cell: the sum over all slots of the word at `at` of their windows. */
PEEK_UNUSED static uint64_t
peek_cell(const struct peek *peek, uint32_t at)
{
	uint64_t sum = 0;
	uint32_t slot;

	for (slot = 0; slot < peek->header->slot_max; slot++)
		sum += peek_window_word(peek, slot, at);
	return sum;
}

/* peek_sum_at: a counter's or up/down's total; missing: 2^64 - 1. */
PEEK_UNUSED static uint64_t
peek_sum_at(const struct peek *peek, const char *name, const char *values)
{
	const struct kyi_series *series = peek_series(peek, name, values);

	return series == NULL ? UINT64_MAX : peek_cell(peek, series->at);
}

PEEK_UNUSED static uint64_t
peek_sum(const struct peek *peek, const char *name)
{
	return peek_sum_at(peek, name, NULL);
}

/* peek_shared: the cell of a gauge, text, state set or health series. */
PEEK_UNUSED static const struct kyi_shared_cell *
peek_shared(const struct peek *peek, const char *name)
{
	const struct kyi_series *series = peek_series(peek, name, NULL);
	const struct kyi_block *block = peek_block(peek, KYI_BLK_SHARED, NULL);

	if (series == NULL || sizeof(*block) + series->at +
	    sizeof(struct kyi_shared_cell) > block->used_bytes)
		return NULL;
	return (const void *)((const uint8_t *)(block + 1) + series->at);
}

/* A histogram's cells, summed over slots. */
struct peek_hist {
	uint64_t sum, zero, under, over, cnt; /* cnt: of all */
	uint64_t buckets[KYI_BUCKET_MAX];
	uint32_t bucket_cnt;
	int32_t lo_idx;
	uint32_t scale, block_cnt;
};

PEEK_UNUSED static bool
peek_hist(const struct peek *peek, const char *name, struct peek_hist *hist)
{
	const struct kyi_series *series = peek_series(peek, name, NULL);
	const struct kyi_family *family = peek_family(peek, name);
	const struct kyi_block *block = NULL;
	uint32_t i;

	memset(hist, 0, sizeof(*hist));
	if (series == NULL)
		return false;
	hist->bucket_cnt = family->bucket_cnt;
	hist->lo_idx = family->lo_idx;
	hist->scale = family->scale;
	while ((block = peek_block(peek, KYI_BLK_HIST, block)) != NULL) {
		const uint64_t *cells = (const void *)(block + 1);

		if (block->tag != series->at)
			continue;
		hist->block_cnt++;
		hist->sum += cells[KYI_HIST_SUM];
		hist->zero += cells[KYI_HIST_ZERO];
		hist->under += cells[KYI_HIST_UNDER];
		hist->over += cells[KYI_HIST_BUCKETS + family->bucket_cnt];
		for (i = 0; i < family->bucket_cnt; i++) {
			hist->buckets[i] += cells[KYI_HIST_BUCKETS + i];
			hist->cnt += cells[KYI_HIST_BUCKETS + i];
		}
	}
	hist->cnt += hist->zero + hist->under + hist->over;
	return true;
}

/* peek_find fills path with a region in dir whose pid is pid (0: any, the
   first); false: none. */
PEEK_UNUSED static bool
peek_find(const char *dir, uint32_t pid, char *path, size_t path_bytes)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	struct peek peek;
	bool found = false;

	while (list != NULL && !found && (entry = readdir(list)) != NULL) {
		if (strstr(entry->d_name, ".kymo") == NULL ||
		    entry->d_name[0] == '.')
			continue;
		snprintf(path, path_bytes, "%s/%s", dir, entry->d_name);
		found = peek_open(&peek, path) &&
		    (pid == 0 || peek.header->pid == pid);
		peek_close(&peek);
	}
	if (list != NULL)
		closedir(list);
	return found;
}

#endif
