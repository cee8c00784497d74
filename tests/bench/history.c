/* SPDX-License-Identifier: MIT */
/* What kept samples cost: tests/bench/history.sh gives a trace on standard
   input (little-endian: u32 series count, of each u32 sample count and so many
   i64 unix ms, f64 value), and a folder. Prints lines NAME KEY=VALUE.. : whole is
   the trace in a database, merged and checkpointed; day the trace again and again
   for a day; then what blocks of other sizes cost, and frames alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/history/frame.h"
#include "reader/history/history.h"

#define SERIES_MAX 100000u
#define FRAME_SAMPLES 512u
#define ROUNDS 5
#define DAY_SECONDS 86400.0
#define ZSTD_LEVEL 6
#define READS 16
/* What is promised. */
#define BYTES_MOST 0.20
#define ENCODE_NS_MOST 60
#define READ_MS_MOST 10

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

/* ---- the whole database -------------------------------------------------------- */

static struct kymo_labels **
labels_make(uint32_t cnt)
{
	struct kymo_labels **labels = room(cnt, sizeof *labels);

	for (uint32_t i = 0; i < cnt; i++) {
		char name[64], device[32];
		struct kymo_label label[] = { { "__name__", name },
			{ "instance", "db-7.example.org:9100" },
			{ "job", "node" }, { "device", device } };

		snprintf(name, sizeof name, "server_part_%u_events_total",
		    i / 4);
		snprintf(device, sizeof device, "device%u", i % 4);
		labels[i] = kymo_labels_make(label, 4);
		if (labels[i] == NULL)
			die("no memory");
	}
	return labels;
}

static double
cpu_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static void
say(void *to, const char *text)
{
	(void)to;
	fprintf(stderr, "history: %s\n", text);
}

struct database {
	const struct trace *trace;
	struct kymo_labels **labels;
	struct kymo_history *history;
	char path[4096];
	double spent_ns; /* in steps and the flush */
	uint64_t sample_cnt;
};

/* The trace once more, after what is there. */
static void
replay(struct database *db, uint32_t round)
{
	const struct trace *trace = db->trace;
	struct kymo_history_row *rows = room(trace->series_cnt, sizeof *rows);
	struct kymo_feed *feed = kymo_history_feed(db->history, "trace");
	int64_t span_ms = trace->at_ms[trace->time_cnt - 1] -
	    trace->at_ms[0] + 1000;
	double begun_ns;

	for (uint32_t t = 0; t < trace->time_cnt; t++) {
		uint64_t now_s = (uint64_t)round * trace->time_cnt + t;
		uint32_t cnt = 0;

		for (uint32_t i = 0; i < trace->series_cnt; i++)
			if (!kymo_is_stale(trace->value[i][t]))
				rows[cnt++] = (struct kymo_history_row){
				    db->labels[i], trace->value[i][t], NULL,
				    NULL };
		if (kymo_feed_append(feed, trace->at_ms[t] + round * span_ms,
		    rows, cnt) != 0)
			die("no memory");
		db->sample_cnt += cnt;
		begun_ns = cpu_ns();
		while (kymo_history_step(db->history, now_s * 1000000000))
			;
		db->spent_ns += cpu_ns() - begun_ns;
	}
	free(rows);
}

static void
database_begin(struct database *db, uint32_t block)
{
	struct kymo_history_options options = { .path = db->path,
		.block_series = block, .warn = say };
	struct kymo_error error;

	unlink(db->path);
	db->history = kymo_history_new(&options, &error);
	if (db->history == NULL)
		die(error.text);
	db->spent_ns = 0;
	db->sample_cnt = 0;
}

/* All in frames, and in the one file. */
static double
database_bytes(struct database *db)
{
	struct kymo_error error;
	struct stat at;
	double begun_ns = cpu_ns();

	if (kymo_history_flush(db->history, &error) != 0)
		die(error.text);
	db->spent_ns += cpu_ns() - begun_ns;
	if (stat(db->path, &at) != 0)
		die("there is no file");
	return (double)at.st_size;
}

static int
up(const void *a, const void *b)
{
	double of[2];

	memcpy(&of[0], a, sizeof of[0]);
	memcpy(&of[1], b, sizeof of[1]);
	return of[0] < of[1] ? -1 : of[0] > of[1];
}

/* One series, all its time; the median of reads of many series, in ms. */
static double
read_ms(struct database *db, uint32_t samples)
{
	const struct kymo_source *source = kymo_history_source(db->history);
	double spent[READS];

	for (uint32_t k = 0; k < READS; k++) {
		uint32_t i = (uint32_t)((uint64_t)k * db->trace->series_cnt /
		    READS);
		struct kymo_matcher matchers[] = {
			{ KYMO_MATCH_EQUAL, "__name__", kymo_labels_get(
			    db->labels[i], "__name__"), NULL },
			{ KYMO_MATCH_EQUAL, "device", kymo_labels_get(
			    db->labels[i], "device"), NULL } };
		struct kymo_select what = { .matchers = matchers,
			.matcher_cnt = 2, .from_ms = 0, .to_ms = INT64_MAX,
			.series_max = 1, .samples_max = 1000000 };
		struct kymo_selected got;
		struct kymo_error error;
		double begun_ns = now_ns();

		if (source->select(source->of, &what, &got, &error) != 0)
			die(error.text);
		spent[k] = (now_ns() - begun_ns) / 1e6;
		if (got.series_cnt != 1 || got.series[0].cnt < samples / 2)
			die("what was put in does not come out");
		source->done(source->of, &got);
	}
	qsort(spent, READS, sizeof spent[0], up);
	return spent[READS / 2];
}

static void
database_row(struct database *db, const char *name, uint32_t block,
    uint32_t rounds)
{
	double bytes, per_sample, encode_ns, one_ms = 0;
	uint32_t times = rounds * db->trace->time_cnt;

	database_begin(db, block);
	for (uint32_t round = 0; round < rounds; round++)
		replay(db, round);
	bytes = database_bytes(db);
	per_sample = bytes / (double)db->sample_cnt;
	encode_ns = db->spent_ns / (double)db->sample_cnt;
	printf("%s block_series=%u seconds=%u samples=%llu file_bytes=%.0f "
	    "bytes_per_sample=%.4f encode_ns=%.1f ", name, block, times,
	    (unsigned long long)db->sample_cnt, bytes, per_sample, encode_ns);
	/* Of a short one the beginning of a read says too much. */
	if (rounds > 1) {
		one_ms = read_ms(db, times) * DAY_SECONDS / times;
		printf("read_day_ms=%.2f ", one_ms);
	}
	printf("ok=%d\n", per_sample <= BYTES_MOST &&
	    encode_ns <= ENCODE_NS_MOST && one_ms <= READ_MS_MOST);
	fflush(stdout);
	kymo_history_delete(db->history);
}

int
main(int argc, char **argv)
{
	static const uint32_t blocks[] = { 16, 32, 64, 128, 256 };
	struct database db = { .trace = NULL };
	struct trace trace = { 0 };
	char name[32];

	if (argc < 2 || snprintf(db.path, sizeof db.path, "%s/history.db",
	    argv[1]) >= (int)sizeof db.path)
		die("wants a folder");
	trace_read(&trace);
	db.trace = &trace;
	db.labels = labels_make(trace.series_cnt);
	database_row(&db, "whole", 64, 1);
	database_row(&db, "day", 64, (uint32_t)DAY_SECONDS / trace.time_cnt);
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		snprintf(name, sizeof name, "quarter_of_%u", blocks[i]);
		database_row(&db, name, blocks[i],
		    (uint32_t)DAY_SECONDS / 4 / trace.time_cnt);
	}
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		blocks_row(&trace, blocks[i]);
	return 0;
}
