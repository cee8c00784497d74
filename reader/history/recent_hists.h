/* SPDX-License-Identifier: MIT */
/* Recent histograms of one series, in memory, as recent.h keeps floats: encoded
   (hist_code.h), in chunks that can each be read by itself. */
#ifndef KYI_HISTORY_RECENT_HISTS_H
#define KYI_HISTORY_RECENT_HISTS_H

#include "reader/history/epoch.h"
#include "reader/history/hist_code.h"

#define KYI_CHUNK_SAMPLES 64u

/* Bytes behind those of published samples are not looked at. */
struct kyi_hist_chunk {
	size_t len_bytes, room_bytes;
	uint8_t bytes[];
};

struct kyi_hist_chunks {
	uint64_t first; /* of the first chunk */
	uint32_t room;
	struct kyi_hist_chunk *chunk[]; /* pairs(hist-chunk) */
};

struct kyi_recent_hists {
	struct kyi_hist_chunks *chunks; /* pairs(hist-chunks) */
	uint64_t ended;                 /* pairs(hist-ended) */
	/* Of who puts, alone. */
	uint64_t next;
	struct kymo_native_hist *before; /* NULL: none, or a stale marker */
	struct kymo_buffer code;
};

void kyi_recent_hists_init(struct kyi_recent_hists *recent);
void kyi_recent_hists_free(struct kyi_recent_hists *recent);

/* As kyi_recent_put, kyi_recent_end, kyi_recent_gone. Its reset hint becomes
   what follows from the one before. */
KYMO_MUST_CHECK int kyi_recent_hists_put(struct kyi_recent_hists *recent,
    uint64_t i, const struct kymo_native_hist *hist, uint64_t keep_from,
    struct kyi_epochs *epochs);
KYMO_MUST_CHECK int kyi_recent_hists_end(struct kyi_recent_hists *recent,
    uint64_t i, uint64_t keep_from, struct kyi_epochs *epochs);
bool kyi_recent_hists_gone(const struct kyi_recent_hists *recent,
    uint64_t keep_from);
size_t kyi_recent_hists_bytes(const struct kyi_recent_hists *recent);

/* Samples from from on, below end, one after another. */
struct kyi_hists_walk {
	const struct kyi_hist_chunks *chunks;
	struct kyi_hist_reader reader;
	const uint8_t *at, *limit;
	uint64_t next, end;
};

void kyi_hists_walk_begin(struct kyi_hists_walk *walk,
    const struct kyi_recent_hists *recent, uint64_t from, uint64_t end);
/* walk->reader has sample *i; false: no more. */
bool kyi_hists_walk_next(struct kyi_hists_walk *walk, uint64_t *i);
void kyi_hists_walk_end(struct kyi_hists_walk *walk);

#endif
