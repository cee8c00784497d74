/* SPDX-License-Identifier: MIT */
#include "reader/history/frame.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "reader/history/varint.h"

struct kyi_frame_writer {
	ZSTD_CCtx *zstd;
	struct kymo_buffer directory, columns;
	uint32_t sample_cnt, block_series, series_cnt;
	uint64_t id_before;
	struct kyi_column_room room;
};

struct kyi_frame_writer *
kyi_frame_writer_new(int zstd_level)
{
	struct kyi_frame_writer *writer = calloc(1, sizeof *writer);

	if (writer == NULL)
		return NULL;
	writer->zstd = ZSTD_createCCtx();
	if (writer->zstd == NULL) {
		free(writer);
		return NULL;
	}
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel,
	    zstd_level);
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
	return writer;
}

void
kyi_frame_writer_delete(struct kyi_frame_writer *writer)
{
	if (writer == NULL)
		return;
	ZSTD_freeCCtx(writer->zstd);
	kymo_buffer_free(&writer->directory);
	kymo_buffer_free(&writer->columns);
	free(writer);
}

void
kyi_frame_begin(struct kyi_frame_writer *writer, uint32_t sample_cnt,
    uint32_t block_series)
{
	kyi_buffer_again(&writer->directory);
	kyi_buffer_again(&writer->columns);
	writer->sample_cnt = sample_cnt;
	writer->block_series = block_series;
	writer->series_cnt = 0;
	writer->id_before = 0;
}

static void
in_directory(struct kyi_frame_writer *writer, uint64_t id,
    enum kyi_frame_parts parts, size_t from_off)
{
	kyi_varint_put(&writer->directory, id - writer->id_before);
	kyi_varint_put(&writer->directory, parts);
	kyi_varint_put(&writer->directory,
	    writer->columns.len_bytes - from_off);
	writer->id_before = id;
	writer->series_cnt++;
}

void
kyi_frame_floats(struct kyi_frame_writer *writer, uint64_t id,
    enum kyi_frame_parts parts, const double *const value[5])
{
	size_t from_off = writer->columns.len_bytes;
	unsigned cnt = parts == KYI_PART_MERGED ? 5 : 1;

	for (unsigned i = 0; i < cnt; i++)
		kyi_column_put(&writer->columns, value[i],
		    writer->sample_cnt, &writer->room);
	in_directory(writer, id, parts, from_off);
}

void
kyi_frame_hists(struct kyi_frame_writer *writer, uint64_t id,
    const void *code, size_t code_bytes)
{
	size_t from_off = writer->columns.len_bytes;

	kymo_buffer_add(&writer->columns, code, code_bytes);
	in_directory(writer, id, KYI_PART_HISTS, from_off);
}

size_t
kyi_frame_raw_bytes(const struct kyi_frame_writer *writer)
{
	return writer->directory.len_bytes + writer->columns.len_bytes;
}

static void
header(struct kymo_buffer *to, enum kyi_frame_piece piece,
    uint32_t block_series, uint32_t sample_cnt, size_t raw_bytes)
{
	uint8_t bytes[KYI_FRAME_HEADER_BYTES] = {
		KYI_FRAME_VERSION, (uint8_t)piece,
		(uint8_t)block_series, (uint8_t)(block_series >> 8)
	};

	for (unsigned i = 0; i < 4; i++) {
		bytes[4 + i] = (uint8_t)(sample_cnt >> 8 * i);
		bytes[8 + i] = (uint8_t)(raw_bytes >> 8 * i);
	}
	kymo_buffer_add(to, bytes, sizeof bytes);
}

/* What is compressed is directory. */
static int
compress(struct kyi_frame_writer *writer, enum kyi_frame_piece piece,
    struct kymo_buffer *to)
{
	const struct kymo_buffer *raw = &writer->directory;
	size_t most_bytes = ZSTD_compressBound(raw->len_bytes), bytes;
	char *at;

	if (raw->failed || raw->len_bytes > KYI_FRAME_RAW_BYTES_MAX)
		return -1;
	header(to, piece, writer->block_series, writer->sample_cnt,
	    raw->len_bytes);
	at = kyi_room(to, most_bytes);
	if (at == NULL)
		return -1;
	bytes = ZSTD_compress2(writer->zstd, at, most_bytes, raw->at,
	    raw->len_bytes);
	if (ZSTD_isError(bytes))
		return -1;
	kyi_room_used(to, at + bytes);
	return 0;
}

int
kyi_frame_end(struct kyi_frame_writer *writer, struct kymo_buffer *to)
{
	uint8_t cnt[KYI_VARINT_BYTES_MAX];
	size_t cnt_bytes = (size_t)(kyi_varint_store(cnt,
	    writer->series_cnt) - cnt);
	struct kymo_buffer *all = &writer->directory;

	if (kyi_room(all, cnt_bytes) == NULL || writer->columns.failed)
		return -1;
	memmove(all->at + cnt_bytes, all->at, all->len_bytes);
	memcpy(all->at, cnt, cnt_bytes);
	all->len_bytes += cnt_bytes;
	kymo_buffer_add(all, writer->columns.at, writer->columns.len_bytes);
	return compress(writer, KYI_PIECE_BLOCK, to);
}

int
kyi_frame_times(struct kyi_frame_writer *writer, const int64_t *at_ms,
    uint32_t cnt, struct kymo_buffer *to)
{
	uint64_t step = 0;

	kyi_frame_begin(writer, cnt, 0);
	kyi_varint_put(&writer->directory, kyi_zigzag(at_ms[0]));
	for (uint32_t i = 1; i < cnt; i++) {
		uint64_t now = (uint64_t)at_ms[i] - (uint64_t)at_ms[i - 1];

		kyi_varint_put(&writer->directory,
		    kyi_zigzag((int64_t)(now - step)));
		step = now;
	}
	return compress(writer, KYI_PIECE_TIMES, to);
}
