/* SPDX-License-Identifier: MIT */
/* Frames: what a block of series did over a stretch of time, in few bytes.

   A frame's block holds for each of its series a column of one value at each
   of the block's times; the times are a piece of their own, shared by all
   blocks of a feed. Each is compressed by itself, so that one series of a long
   time is read without the others. How many series share a block, and how many
   times, is said in its header:

	version u8 | piece u8 | block_series u16 | sample_cnt u32 |
	raw_bytes u32 | zstd frame, with a checksum

   (little-endian) and the zstd frame holds

	series_cnt, then of each its id - the id before, parts, bytes (varints)
	the columns, in that order

   A column has parts: KYI_PART_LAST alone where nothing was merged, or five of
   them. A column of floats is a run of one value, or integers: the values
   scaled by a power of ten, or their bits as integers, whichever is exact for
   all; then the differences of these, or theirs, whichever are smaller; of
   these first their lengths in bytes, if they differ, then all lowest bytes,
   all second ones and so on: zstd sees what is alike side by side. Every bit of
   a float comes back, also of NaN.

   A reader takes the bytes as hostile: anything may be in them. */
#ifndef KYI_HISTORY_FRAME_H
#define KYI_HISTORY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/buffer.h"

#define KYI_FRAME_VERSION 1u
#define KYI_FRAME_HEADER_BYTES 12u
#define KYI_FRAME_SAMPLES_MAX 4096u
#define KYI_FRAME_SERIES_MAX 4096u
#define KYI_FRAME_RAW_BYTES_MAX (64u << 20)

enum kyi_frame_piece { KYI_PIECE_TIMES = 1, KYI_PIECE_BLOCK = 2 };

enum kyi_frame_parts {
	KYI_PART_LAST = 1,
	KYI_PART_MERGED = 2, /* last, then min, max, sum, count */
	KYI_PART_HISTS = 3   /* codes of history/hist_code.h, as bytes */
};

/* ---- writing ------------------------------------------------------------- */

struct kyi_frame_writer;

struct kyi_frame_writer *kyi_frame_writer_new(int zstd_level);
void kyi_frame_writer_delete(struct kyi_frame_writer *writer);

/* A block: begin, its series by ascending id, end. value[0] is LAST, the other
   four are looked at for MERGED only. sample_cnt is 1 to SAMPLES_MAX. end
   appends the block to *to; -1: no memory. */
void kyi_frame_begin(struct kyi_frame_writer *writer, uint32_t sample_cnt,
    uint32_t block_series);
void kyi_frame_floats(struct kyi_frame_writer *writer, uint64_t id,
    enum kyi_frame_parts parts, const double *const value[5]);
void kyi_frame_hists(struct kyi_frame_writer *writer, uint64_t id,
    const void *code, size_t code_bytes);
/* What the block has so far, before it is compressed. */
size_t kyi_frame_raw_bytes(const struct kyi_frame_writer *writer);
KYMO_MUST_CHECK int kyi_frame_end(struct kyi_frame_writer *writer,
    struct kymo_buffer *to);

KYMO_MUST_CHECK int kyi_frame_times(struct kyi_frame_writer *writer,
    const int64_t *at_ms, uint32_t cnt, struct kymo_buffer *to);

/* ---- reading ------------------------------------------------------------- */

struct kyi_frame_reader;

struct kyi_frame_reader *kyi_frame_reader_new(void);
void kyi_frame_reader_delete(struct kyi_frame_reader *reader);

struct kyi_frame_column {
	uint64_t id;
	enum kyi_frame_parts parts;
	const uint8_t *bytes;
	size_t len_bytes;
};

/* kyi_frame_open reads a block. Its columns stay until the next open. -1: not a
   whole block (or no memory); then there are none. */
KYMO_MUST_CHECK int kyi_frame_open(struct kyi_frame_reader *reader,
    const void *bytes, size_t len_bytes);
/* The same for what is inside the zstd frame: what a checksum guards is tried
   without one. */
KYMO_MUST_CHECK int kyi_frame_open_raw(struct kyi_frame_reader *reader,
    const void *raw, size_t raw_bytes, uint32_t sample_cnt);
uint32_t kyi_frame_sample_cnt(const struct kyi_frame_reader *reader);
const struct kyi_frame_column *kyi_frame_columns(
    const struct kyi_frame_reader *reader, uint32_t *cnt);
/* NULL: this series is not in it. */
const struct kyi_frame_column *kyi_frame_find(
    const struct kyi_frame_reader *reader, uint64_t id);
/* Values of part 0 (LAST) to 4 of a column, sample_cnt of them; -1: damaged,
   or it has no such part. */
KYMO_MUST_CHECK int kyi_frame_values(const struct kyi_frame_reader *reader,
    const struct kyi_frame_column *column, uint32_t part, double *value);

/* cnt: room for so many; returns how many there are, -1: damaged or too many.
   They are strictly ascending. */
KYMO_MUST_CHECK int kyi_frame_times_get(struct kyi_frame_reader *reader,
    const void *bytes, size_t len_bytes, int64_t *at_ms, uint32_t cnt);

/* ---- within (frame_column.c) ------------------------------------------------ */

struct kyi_column_room {
	uint64_t number[KYI_FRAME_SAMPLES_MAX], delta[KYI_FRAME_SAMPLES_MAX];
	uint8_t len[KYI_FRAME_SAMPLES_MAX];
};

void kyi_column_put(struct kymo_buffer *to, const double *value, uint32_t cnt,
    struct kyi_column_room *room);
/* Moves *at behind the column; value NULL: only that. */
KYMO_MUST_CHECK int kyi_column_get(const uint8_t **at, const uint8_t *end,
    double *value, uint32_t cnt);

#endif
