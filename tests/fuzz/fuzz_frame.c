/* SPDX-License-Identifier: MIT */
/* Any bytes are a frame, or none; what columns say is read to the end. The
   fuzzer cannot make zstd's checksum: what is inside is tried bare, too. */
#include <stdlib.h>

#include "reader/history/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static double value[KYI_FRAME_SAMPLES_MAX];
static int64_t at_ms[KYI_FRAME_SAMPLES_MAX];

static void
read_block(struct kyi_frame_reader *reader)
{
	uint32_t cnt;
	const struct kyi_frame_column *columns =
	    kyi_frame_columns(reader, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		if (kyi_frame_find(reader, columns[i].id) != &columns[i])
			abort();
		for (uint32_t part = 0; part < 5; part++)
			(void)!kyi_frame_values(reader, &columns[i], part,
			    value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	const uint8_t *at = bytes, *end = bytes + len_bytes;

	if (reader == NULL)
		return 0;
	if (kyi_frame_open(reader, bytes, len_bytes) == 0)
		read_block(reader);
	(void)!kyi_frame_times_get(reader, bytes, len_bytes, at_ms,
	    KYI_FRAME_SAMPLES_MAX);
	if (kyi_frame_open_raw(reader, bytes, len_bytes,
	    1u + len_bytes % 64) == 0)
		read_block(reader);
	kyi_frame_reader_delete(reader);
	if (len_bytes < 2)
		return 0;
	while (kyi_column_get(&at, end, value, 1u + bytes[0]) == 0)
		if (at > end)
			abort();
	return 0;
}
