/* SPDX-License-Identifier: MIT */
/* What kept samples cost: tests/bench/history.sh gives a trace on standard
   input (little-endian: u32 series count, of each u32 sample count and so many
   i64 unix ms, f64 value). Prints lines NAME KEY=VALUE.. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/history/frame.h"
#include "reader/history/samples.h"

#define SERIES_MAX 100000u
#define FRAME_SAMPLES 512u
#define ROUNDS 5
#define DAY_SECONDS 86400.0
#define ZSTD_LEVEL 6

struct trace {
	uint32_t series_cnt, time_cnt;
	uint64_t sample_cnt; /* without what is added where a series has none */
	int64_t *at_ms;
	double **value;
};

static void
die(const char *why)
{
	fprintf(stderr, "history: %s\n", why);
	exit(1);
}

static void *
room(size_t cnt, size_t bytes)
{
	void *at = calloc(cnt, bytes);

	if (at == NULL)
		die("no memory");
	return at;
}

static void
get(void *to, size_t bytes)
{
	if (fread(to, 1, bytes, stdin) != bytes)
		die("the trace is cut off");
}

struct sample {
	int64_t at_ms;
	double value;
};

/* Of series with other times than the longest, what is missing is stale. */
static void
align(struct trace *trace, uint32_t i, const struct sample *sample,
    uint32_t cnt)
{
	uint64_t stale_bits = KYMO_STALE_BITS;
	uint32_t next = 0;

	trace->value[i] = room(trace->time_cnt, sizeof(double));
	for (uint32_t t = 0; t < trace->time_cnt; t++) {
		if (next < cnt && sample[next].at_ms == trace->at_ms[t])
			trace->value[i][t] = sample[next++].value;
		else
			memcpy(&trace->value[i][t], &stale_bits,
			    sizeof(double));
	}
	if (next != cnt)
		die("a series has times that the longest lacks");
}

static void
trace_read(struct trace *trace)
{
	struct sample **samples;
	uint32_t *cnt, longest = 0;

	get(&trace->series_cnt, 4);
	if (trace->series_cnt == 0 || trace->series_cnt > SERIES_MAX)
		die("not a trace");
	samples = room(trace->series_cnt, sizeof *samples);
	cnt = room(trace->series_cnt, sizeof *cnt);
	trace->value = room(trace->series_cnt, sizeof *trace->value);
	for (uint32_t i = 0; i < trace->series_cnt; i++) {
		get(&cnt[i], 4);
		samples[i] = room(cnt[i], sizeof **samples);
		get(samples[i], cnt[i] * sizeof **samples);
		trace->sample_cnt += cnt[i];
		if (cnt[i] > cnt[longest])
			longest = i;
	}
	trace->time_cnt = cnt[longest];
	trace->at_ms = room(trace->time_cnt, sizeof *trace->at_ms);
	for (uint32_t t = 0; t < trace->time_cnt; t++)
		trace->at_ms[t] = samples[longest][t].at_ms;
	for (uint32_t i = 0; i < trace->series_cnt; i++) {
		align(trace, i, samples[i], cnt[i]);
		free(samples[i]);
	}
	free(samples);
	free(cnt);
}

static double
now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

/* ---- frames alone: how many series may share a block ------------------------ */

struct piece {
	size_t off;
	uint32_t series, from, cnt; /* cnt 0: times */
};

struct frames {
	struct kymo_buffer bytes;
	struct piece *piece;
	uint32_t piece_cnt;
	double encode_ns;
};

static void
encode(const struct trace *trace, struct frames *frames,
    struct kyi_frame_writer *writer, uint32_t block, uint32_t samples)
{
	frames->piece_cnt = 0;
	frames->bytes.len_bytes = 0;
	for (uint32_t t = 0; t < trace->time_cnt; t += samples) {
		uint32_t cnt = trace->time_cnt - t < samples ?
		    trace->time_cnt - t : samples;

		frames->piece[frames->piece_cnt++] =
		    (struct piece){ frames->bytes.len_bytes, 0, t, 0 };
		if (kyi_frame_times(writer, trace->at_ms + t, cnt,
		    &frames->bytes) != 0)
			die("no memory");
		for (uint32_t i = 0; i < trace->series_cnt; i++) {
			const double *value[5] = { trace->value[i] + t };

			if (i % block == 0) {
				frames->piece[frames->piece_cnt++] =
				    (struct piece){ frames->bytes.len_bytes, i,
				    t, cnt };
				kyi_frame_begin(writer, cnt, block);
			}
			kyi_frame_floats(writer, i + 1, KYI_PART_LAST, value);
			if ((i % block == block - 1 ||
			    i == trace->series_cnt - 1) &&
			    kyi_frame_end(writer, &frames->bytes) != 0)
				die("no memory");
		}
	}
	frames->piece[frames->piece_cnt].off = frames->bytes.len_bytes;
}

/* Reads each series of each block by itself and compares; mean ns of one. */
static double
decode(const struct trace *trace, const struct frames *frames, uint32_t block)
{
	struct kyi_frame_reader *reader = kyi_frame_reader_new();
	static double value[KYI_FRAME_SAMPLES_MAX];
	double spent_ns = 0;
	uint64_t reads = 0;

	for (uint32_t p = 0; p < frames->piece_cnt; p++) {
		const struct piece *piece = &frames->piece[p];
		size_t bytes = piece[1].off - piece->off;

		for (uint32_t i = piece->series; piece->cnt > 0 &&
		    i < piece->series + block && i < trace->series_cnt; i++) {
			double begun_ns = now_ns();

			if (kyi_frame_open(reader, frames->bytes.at +
			    piece->off, bytes) != 0 ||
			    kyi_frame_values(reader, kyi_frame_find(reader,
			    i + 1), 0, value) != 0)
				die("what was put in does not come out");
			spent_ns += now_ns() - begun_ns;
			reads++;
			if (memcmp(value, trace->value[i] + piece->from,
			    piece->cnt * sizeof *value) != 0)
				die("a value comes out as another");
		}
	}
	kyi_frame_reader_delete(reader);
	return spent_ns / (double)reads;
}

static void
blocks_row(const struct trace *trace, uint32_t block)
{
	struct kyi_frame_writer *writer = kyi_frame_writer_new(ZSTD_LEVEL);
	struct frames frames = { .encode_ns = 1e18 };
	double one_ns;

	frames.piece = room(trace->time_cnt / FRAME_SAMPLES * 2 + 2 +
	    2 * (size_t)trace->time_cnt * trace->series_cnt /
	    FRAME_SAMPLES / block + 2 * trace->series_cnt + 2,
	    sizeof *frames.piece);
	for (int i = 0; i < ROUNDS; i++) {
		double begun_ns = now_ns();

		encode(trace, &frames, writer, block, FRAME_SAMPLES);
		begun_ns = now_ns() - begun_ns;
		if (begun_ns < frames.encode_ns)
			frames.encode_ns = begun_ns;
	}
	one_ns = decode(trace, &frames, block);
	printf("frames_of_%u block_series=%u frame_samples=%u "
	    "bytes_per_sample=%.4f encode_ns=%.1f day_decode_ms=%.2f ok=1\n",
	    block, block, FRAME_SAMPLES,
	    (double)frames.bytes.len_bytes / (double)trace->sample_cnt,
	    frames.encode_ns / (double)trace->sample_cnt,
	    one_ns * DAY_SECONDS / FRAME_SAMPLES / 1e6);
	free(frames.piece);
	kymo_buffer_free(&frames.bytes);
	kyi_frame_writer_delete(writer);
}

int
main(void)
{
	static const uint32_t blocks[] = { 16, 32, 64, 128, 256 };
	struct trace trace = { 0 };

	trace_read(&trace);
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		blocks_row(&trace, blocks[i]);
	return 0;
}
