/* SPDX-License-Identifier: MIT */
#include "reader/history/frame.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "reader/history/varint.h"

struct kyi_frame_reader {
	ZSTD_DCtx *zstd;
	uint8_t *raw;
	size_t raw_bytes, room_bytes;
	struct kyi_frame_column *columns;
	uint32_t column_cnt, column_room, sample_cnt;
};

struct kyi_frame_reader *
kyi_frame_reader_new(void)
{
	struct kyi_frame_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return NULL;
	reader->zstd = ZSTD_createDCtx();
	if (reader->zstd == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void
kyi_frame_reader_delete(struct kyi_frame_reader *reader)
{
	if (reader == NULL)
		return;
	ZSTD_freeDCtx(reader->zstd);
	free(reader->raw);
	free(reader->columns);
	free(reader);
}

static uint32_t
u32_at(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

static int
raw_room(struct kyi_frame_reader *reader, size_t raw_bytes)
{
	if (raw_bytes > reader->room_bytes) {
		uint8_t *raw = realloc(reader->raw, raw_bytes);

		if (raw == NULL)
			return -1;
		reader->raw = raw;
		reader->room_bytes = raw_bytes;
	}
	reader->raw_bytes = raw_bytes;
	return 0;
}

/* Grows by what zstd says it has, never by what the header claims alone. */
static int
decompress(struct kyi_frame_reader *reader, enum kyi_frame_piece piece,
    const uint8_t *bytes, size_t len_bytes)
{
	uint32_t raw_bytes;

	reader->column_cnt = 0;
	if (len_bytes < KYI_FRAME_HEADER_BYTES ||
	    bytes[0] != KYI_FRAME_VERSION || bytes[1] != (uint8_t)piece)
		return -1;
	reader->sample_cnt = u32_at(bytes + 4);
	raw_bytes = u32_at(bytes + 8);
	bytes += KYI_FRAME_HEADER_BYTES;
	len_bytes -= KYI_FRAME_HEADER_BYTES;
	if (reader->sample_cnt == 0 || raw_bytes > KYI_FRAME_RAW_BYTES_MAX ||
	    reader->sample_cnt > KYI_FRAME_SAMPLES_MAX ||
	    ZSTD_getFrameContentSize(bytes, len_bytes) != raw_bytes)
		return -1;
	if (raw_room(reader, raw_bytes) != 0)
		return -1;
	return ZSTD_decompressDCtx(reader->zstd, reader->raw, raw_bytes, bytes,
	    len_bytes) == raw_bytes ? 0 : -1;
}

static int
columns_room(struct kyi_frame_reader *reader, uint64_t cnt)
{
	struct kyi_frame_column *columns;

	/* Each takes three bytes of the directory. */
	if (cnt > KYI_FRAME_SERIES_MAX || cnt > reader->raw_bytes / 3)
		return -1;
	if (cnt <= reader->column_room)
		return 0;
	columns = realloc(reader->columns, cnt * sizeof *columns);
	if (columns == NULL)
		return -1;
	reader->columns = columns;
	reader->column_room = (uint32_t)cnt;
	return 0;
}

static int
directory(struct kyi_frame_reader *reader, const uint8_t **at,
    const uint8_t *end, uint32_t cnt)
{
	uint64_t id = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		struct kyi_frame_column *column = &reader->columns[i];
		uint64_t more, parts, bytes;

		if (!kyi_varint_get(at, end, &more) ||
		    !kyi_varint_get(at, end, &parts) ||
		    !kyi_varint_get(at, end, &bytes))
			return -1;
		if ((more == 0 && i > 0) || more > UINT64_MAX - id ||
		    parts < KYI_PART_LAST || parts > KYI_PART_HISTS ||
		    bytes > KYI_FRAME_RAW_BYTES_MAX)
			return -1;
		id += more;
		column->id = id;
		column->parts = (enum kyi_frame_parts)parts;
		column->len_bytes = (size_t)bytes;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		struct kyi_frame_column *column = &reader->columns[i];

		if (column->len_bytes > (size_t)(end - *at))
			return -1;
		column->bytes = *at;
		*at += column->len_bytes;
	}
	return *at == end ? 0 : -1;
}

static int
find_columns(struct kyi_frame_reader *reader)
{
	const uint8_t *at = reader->raw, *end = at + reader->raw_bytes;
	uint64_t cnt;

	if (!kyi_varint_get(&at, end, &cnt) || columns_room(reader, cnt) != 0 ||
	    directory(reader, &at, end, (uint32_t)cnt) != 0)
		return -1;
	reader->column_cnt = (uint32_t)cnt;
	return 0;
}

int
kyi_frame_open(struct kyi_frame_reader *reader, const void *bytes,
    size_t len_bytes)
{
	if (decompress(reader, KYI_PIECE_BLOCK, bytes, len_bytes) != 0)
		return -1;
	return find_columns(reader);
}

int
kyi_frame_open_raw(struct kyi_frame_reader *reader, const void *raw,
    size_t raw_bytes, uint32_t sample_cnt)
{
	reader->column_cnt = 0;
	reader->sample_cnt = sample_cnt;
	if (raw_bytes == 0 || raw_room(reader, raw_bytes) != 0)
		return -1;
	memcpy(reader->raw, raw, raw_bytes);
	return find_columns(reader);
}

uint32_t
kyi_frame_sample_cnt(const struct kyi_frame_reader *reader)
{
	return reader->sample_cnt;
}

const struct kyi_frame_column *
kyi_frame_columns(const struct kyi_frame_reader *reader, uint32_t *cnt)
{
	*cnt = reader->column_cnt;
	return reader->columns;
}

const struct kyi_frame_column *
kyi_frame_find(const struct kyi_frame_reader *reader, uint64_t id)
{
	uint32_t low = 0, high = reader->column_cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (reader->columns[middle].id == id)
			return &reader->columns[middle];
		if (reader->columns[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int
kyi_frame_values(const struct kyi_frame_reader *reader,
    const struct kyi_frame_column *column, uint32_t part, double *value)
{
	const uint8_t *at = column->bytes, *end = at + column->len_bytes;

	if (column->parts == KYI_PART_HISTS ||
	    part >= (column->parts == KYI_PART_MERGED ? 5u : 1u))
		return -1;
	while (part-- > 0)
		if (kyi_column_get(&at, end, NULL, reader->sample_cnt) != 0)
			return -1;
	return kyi_column_get(&at, end, value, reader->sample_cnt);
}

int
kyi_frame_times_get(struct kyi_frame_reader *reader, const void *bytes,
    size_t len_bytes, int64_t *at_ms, uint32_t cnt)
{
	const uint8_t *at, *end;
	uint64_t step = 0, now = 0, n;

	if (decompress(reader, KYI_PIECE_TIMES, bytes, len_bytes) != 0 ||
	    reader->sample_cnt > cnt)
		return -1;
	at = reader->raw;
	end = at + reader->raw_bytes;
	for (uint32_t i = 0; i < reader->sample_cnt; i++) {
		if (!kyi_varint_get(&at, end, &n))
			return -1;
		n = (uint64_t)kyi_unzigzag(n);
		step = i == 0 ? 0 : step + n;
		now = i == 0 ? n : now + step;
		at_ms[i] = (int64_t)now;
		if (i > 0 && at_ms[i] <= at_ms[i - 1])
			return -1;
	}
	return (int)reader->sample_cnt;
}
