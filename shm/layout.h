/* SPDX-License-Identifier: MIT */
/* The bytes of a region, version 1.0. Nothing here has behaviour.

   One region is one file on tmpfs, written by one process, in the byte order
   of that process. Every block starts on a page; the sparse tails of the
   fixed blocks are reserved address space, never storage.

     0x0000  header    immutable once the file has its name
     0x1000  control   the only mutable header, one cache line a purpose
     0x2000  SLOTS     who owns which slot (a slot is a thread's place)
             DIR       families, series, span names, log formats (append only)
             STR       strings and lists of strings (append only)
             SHARED    cells that any thread of the process may store to
             RES       resource attributes
             WINDOWS   slot_max windows of window_bytes: counters, by slot.
                       Its head has a page; header.windows_off is what follows
             HIST, RING, SPANS    a run of pages each, by slot, in order of need

   docs/region-format.md tells how to read and write it; schema/layout-1.txt
   holds each size and offset, and a test compares the two. */
#ifndef KYI_LAYOUT_H
#define KYI_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define KYI_STATIC_ASSERT static_assert
#else
#define KYI_STATIC_ASSERT _Static_assert
#endif

/* i386 aligns 64-bit members to 4; the file does not. */
typedef uint64_t __attribute__((aligned(8))) kyi_u64;
typedef int64_t __attribute__((aligned(8))) kyi_i64;

#define KYI_MAGIC "KYMOSHM\n"
#define KYI_MAGIC_BYTES 8u
#define KYI_ENDIAN 0x01020304u
#define KYI_ENDIAN_SWAPPED 0x04030201u
#define KYI_ABI_MAJOR 1u
#define KYI_ABI_MINOR 0u
#define KYI_PAGE_BYTES 4096u
#define KYI_BLOCK_MAGIC 0x4b4c424bu /* "KBLK" in little-endian order */

/* Places that every region has. */
#define KYI_HEADER_OFF 0u
#define KYI_CONTROL_OFF 4096u
#define KYI_BLOCKS_OFF 8192u

/* Bounds that reader and writer share. A reader refuses what exceeds them. */
#define KYI_REGION_BYTES_MIN (256u * 1024u)
#define KYI_REGION_BYTES_MAX (128u * 1024u * 1024u)
#define KYI_SLOT_MAX 4096u       /* slots a header may claim */
#define KYI_NAME_BYTES_MAX 200u  /* metric, component, span and unit names */
#define KYI_HELP_BYTES_MAX 1024u
#define KYI_VALUE_BYTES_MAX 1024u /* a label value, a text */
#define KYI_STRING_BYTES_MAX 4096u
#define KYI_RECORD_MAX 65536u    /* records of DIR */
#define KYI_ARG_MAX 16u          /* arguments of a log format */
#define KYI_LABEL_MAX 16u        /* label keys a family may have */
#define KYI_STATE_MAX 64u        /* states of a state set */
#define KYI_HIST_MAX 4096u       /* histogram series in a region */
#define KYI_BUCKET_MAX 4096u     /* buckets of one histogram */
#define KYI_SCALE_MAX 6u
#define KYI_SPAN_DEPTH_MAX 16u
#define KYI_EVENT_SLOTS_MAX 8u   /* 64-byte places one record may take */

/* Features: compat may be ignored; ro: read, but neither absorb nor unlink;
   incompat: do not read. None is defined by version 1.0. */
#define KYI_FEAT_COMPAT_KNOWN 0ull
#define KYI_FEAT_RO_KNOWN 0ull
#define KYI_FEAT_INCOMPAT_KNOWN 0ull

/* control.state */
#define KYI_STATE_LIVE 1u
#define KYI_STATE_EXITED 2u /* a clean exit; a dead region that stays LIVE was killed */

/* header.clock_id */
#define KYI_CLOCK_MONOTONIC 0u

enum {
	KYI_BLK_SLOTS = 1,
	KYI_BLK_DIR = 2,
	KYI_BLK_STR = 3,
	KYI_BLK_WINDOWS = 4,
	KYI_BLK_RING = 5,
	KYI_BLK_SHARED = 6,
	KYI_BLK_RES = 7,
	KYI_BLK_HIST = 8,
	KYI_BLK_SPANS = 9,
};

enum {
	KYI_REC_FAMILY = 1,
	KYI_REC_SERIES = 2,
	KYI_REC_SPAN_NAME = 3,
	KYI_REC_LOG_FORMAT = 4,
};

enum {
	KYI_KIND_COUNTER = 1,       /* u64, by slot, summed */
	KYI_KIND_UPDOWN = 2,        /* i64, by slot, summed (wrapping) */
	KYI_KIND_FLOAT_COUNTER = 3, /* f64, by slot, summed */
	KYI_KIND_GAUGE = 4,         /* i64, shared; KYI_GAUGE_UNSET: no value */
	KYI_KIND_FLOAT_GAUGE = 5,   /* f64, shared; KYI_FLOAT_UNSET: no value */
	KYI_KIND_MAX = 6,           /* two peak words, by slot */
	KYI_KIND_MIN = 7,
	KYI_KIND_HISTOGRAM = 8,     /* a HIST block, by slot */
	KYI_KIND_SUMMARY = 9,       /* the same cells; the reader gives quantiles */
	KYI_KIND_INFO = 10,         /* no cell: the labels are the value */
	KYI_KIND_TEXT = 11,         /* shared: a ref to a string, 0: no value */
	KYI_KIND_STATE_SET = 12,    /* shared: bit i is state i */
	KYI_KIND_HEALTH = 13,       /* shared: struct kyi_health */
	KYI_KIND_LAST = 13,
};

/* How gauges of several processes of one service become one. */
enum {
	KYI_AGG_LAST = 0, /* of the process whose region is newest */
	KYI_AGG_SUM = 1,
	KYI_AGG_MAX = 2,
	KYI_AGG_MIN = 3,
	KYI_AGG_EACH = 4, /* kept apart, with a label pid */
};

/* A gauge without a value; the float one is a quiet NaN that no arithmetic
   produces ("kymo" in its payload). */
#define KYI_GAUGE_UNSET INT64_MIN
#define KYI_FLOAT_UNSET_BITS 0x7ff86b796d6f0001ull

/* Cells every window has before those of series. Each holds a sum of the
   amounts that were added to it; any but zero means that records were lost
   to detail and how. */
#define KYI_CELL_UNSET 0u  /* through a handle that was never registered */
#define KYI_CELL_LOST 8u   /* series that found no room */
#define KYI_CELL_OFF 16u   /* components that are switched off */
#define KYI_CELL_FIRST 64u /* byte offset of the first series' cell */
#define KYI_SHARED_FIRST 192u /* the same in SHARED, from its first cell */
#define KYI_HIST_FIRST 3u  /* histogram indexes 0, 1, 2: unset, lost, off */
#define KYI_HIST_UNSET 0u
#define KYI_HIST_LOST 1u
#define KYI_HIST_OFF 2u

struct kyi_header {
	uint8_t magic[8];
	uint32_t endian;
	uint16_t abi_major, abi_minor;
	uint32_t header_bytes;
	uint32_t block_align_bytes;
	kyi_u64 feat_compat, feat_ro, feat_incompat;
	uint8_t boot_id[16];
	uint8_t instance_id[16];
	kyi_u64 pidns_ino;
	kyi_u64 starttime_ticks;
	uint32_t pid, uid;
	kyi_u64 t0_realtime_ns, t0_mono_ns, t0_boot_ns;
	kyi_u64 max_bytes;
	uint32_t clock_id, tick_shift;
	uint32_t window_bytes; /* stride from slot to slot */
	uint32_t slot_max;     /* slot 0 is shared by all who have none */
	uint32_t ring_slots, ring_slot_bytes;
	uint32_t parent_pid, fork_seq;
	char service[64]; /* NUL-terminated */
	kyi_u64 schema_hash;
	kyi_u64 windows_off; /* file offset of slot 0's window */
	uint32_t hist_max;
	uint32_t crc32c; /* of all bytes before it */
};

struct kyi_control {
	kyi_u64 file_used; /* release: blocks below it have a head */
	uint32_t block_cnt;
	uint32_t state;
	kyi_u64 dir_gen;
	uint32_t slot_high; /* release: one above the highest slot ever used */
	uint32_t window_used; /* release: bytes of each window that have a series */
	uint8_t pad1[32];
	kyi_u64 heartbeat_ns, heartbeat_cnt; /* CLOCK_MONOTONIC; by the program */
	uint8_t pad2[48];
	/* Losses; slow paths only, lock-prefixed adds. */
	kyi_u64 err_full;        /* records or registrations that found no room */
	kyi_u64 err_cardinality; /* label sets sent to an overflow series */
	kyi_u64 err_slots;       /* threads that found no slot */
	kyi_u64 err_ring;        /* events that found no ring */
	kyi_u64 err_badcall;     /* calls outside the contract of kymo.h */
	kyi_u64 slow_calls;
	kyi_u64 swept_cnt; /* dead regions removed at start for want of a reader */
	kyi_u64 exit_ns;   /* CLOCK_MONOTONIC of a clean exit; before state */
	/* A fatal signal's note, best effort. */
	uint32_t crash_sig, crash_code, crash_tid, crash_valid;
	kyi_u64 crash_addr, crash_ns;
	uint8_t pad4[32];
};

struct kyi_block {
	uint32_t magic;
	uint16_t type;
	uint16_t rec_bytes; /* stride of its records; may grow with abi_minor */
	uint32_t index;     /* nth block of the file */
	uint32_t owner_slot;
	kyi_u64 len_bytes;  /* with this head; to the next block */
	kyi_u64 used_bytes; /* with this head; release */
	uint32_t tag;       /* HIST: the series' histogram index */
	uint32_t flags;
	uint32_t ready;     /* 1, release, stored last */
	uint32_t crc32c;    /* of magic..owner_slot and len_bytes */
	uint8_t pad[16];
};

struct kyi_slot {
	uint32_t state; /* 0 free, 1 owned */
	uint32_t gen;   /* +1 a claim */
	uint32_t tid;
	uint32_t pad0;
	kyi_u64 claimed_ns; /* CLOCK_MONOTONIC */
	char name[16];
	kyi_u64 ring_off; /* file offset of the RING block, 0: none */
	kyi_u64 spans_off;
	kyi_u64 sampled_out; /* spans and exemplars not kept, by sampling */
	uint8_t pad1[64];
};

/* All refs: file offset of a kyi_string >> 3; 0 is "none". A list is a
   kyi_string whose bytes are refs. */
struct kyi_string {
	uint32_t len_bytes;
	/* bytes, then zeros up to a multiple of 8 */
};

struct kyi_family {
	uint16_t rec_type, flags;
	uint32_t id; /* from 1, of families only */
	uint32_t name_ref, help_ref, unit_ref, component_ref;
	uint32_t label_keys_ref, states_ref;
	uint8_t kind, agg;
	int8_t exponent; /* value in units = recorded integer * 10^exponent */
	uint8_t scale;   /* histograms: 2^scale buckets an octave */
	int32_t lo_idx;  /* histograms: index of the first bucket at scale */
	uint32_t bucket_cnt;
	uint32_t series_max;
	uint32_t peak_window_s; /* max, min */
	uint32_t sample_n;      /* 1/n of records is kept, with weight n */
	kyi_u64 born_ns;        /* CLOCK_MONOTONIC */
};

#define KYI_SERIES_OVERFLOW 1u /* flags: stands for all further label sets */

struct kyi_series {
	uint16_t rec_type, flags;
	uint32_t id; /* from 1, of series only */
	uint32_t family_id;
	uint32_t label_values_ref; /* a list as long as the family's keys */
	uint32_t at; /* window offset, SHARED offset, or histogram index */
	uint32_t pad0;
	kyi_u64 born_ns; /* CLOCK_MONOTONIC */
	uint8_t pad1[32];
};

/* Span names and log formats. Severity and argument types are the format's. */
struct kyi_name {
	uint16_t rec_type, flags;
	uint32_t id; /* from 1, of its rec_type only */
	uint32_t name_ref, component_ref;
	uint32_t types_ref; /* log formats: a byte an argument, KYI_ARG_* */
	uint8_t severity;
	uint8_t pad0[3];
	kyi_u64 born_ns;
	uint8_t pad1[32];
};

/* SHARED, after the head: 64 bytes a cell, so that no two share a cache line.
   The first three are sinks, as KYI_CELL_*: unset, lost, off. */
struct kyi_shared_cell {
	kyi_u64 value;
	uint8_t pad[56];
};

/* HEALTH: seq is odd while the writer (under its own lock) stores. */
struct kyi_health {
	uint32_t seq, state; /* KYI_HEALTH_* */
	uint32_t reason_ref, pad0;
	kyi_u64 since_ns, expires_ns; /* CLOCK_MONOTONIC; 0: never */
	uint8_t pad1[32];
};

enum {
	KYI_HEALTH_UNKNOWN = 0,
	KYI_HEALTH_OK = 1,
	KYI_HEALTH_STARTING = 2,
	KYI_HEALTH_DEGRADED = 3,
	KYI_HEALTH_FAILING = 4,
};

/* RES: pairs of refs after the block's head. */
struct kyi_resource {
	uint32_t key_ref, value_ref;
};

/* HIST, after the head, in cells of u64: sum, zero, under, buckets, over.
   There is no count: it is the sum of the cells after the first. */
#define KYI_HIST_SUM 0u
#define KYI_HIST_ZERO 1u
#define KYI_HIST_UNDER 2u
#define KYI_HIST_BUCKETS 3u
#define KYI_HIST_EXTRA_CELLS 4u
/* (the cell after the last bucket is "over") */

/* A peak word: window id << 40 | the top 40 bits of the value as a double.
   The id is 1 + CLOCK_MONOTONIC seconds / peak_window_s, its low bit chooses
   the word; 0 is "never". One word, so that it is never torn. */
#define KYI_PEAK_ID_SHIFT 40
#define KYI_PEAK_ID_MASK 0xffffffull
#define KYI_PEAK_VALUE_SHIFT 24

struct kyi_span_frame {
	kyi_u64 trace_hi, trace_lo, span_id, parent_id;
	kyi_u64 start_ns;
	uint32_t name_id, flags;
	uint8_t pad[16];
};

/* SPANS, after the head: what each thread is doing now. */
struct kyi_spans {
	uint32_t depth; /* release; may exceed the array: the rest is not kept */
	uint32_t pad0;
	uint8_t pad1[56];
	struct kyi_span_frame frame[KYI_SPAN_DEPTH_MAX];
};

/* RING, after the head: three sections, so that no kind of event pushes
   another out, then the places of all three in this order. */
enum {
	KYI_RING_SPAN = 0,
	KYI_RING_LOG = 1,
	KYI_RING_EXEMPLAR = 2,
	KYI_RING_SECTIONS = 3,
};

struct kyi_ring_section {
	kyi_u64 reserve; /* places ever taken */
	uint32_t first;  /* index of its first place in the block */
	uint32_t cnt;    /* places, a power of two */
	kyi_u64 dropped;
	uint8_t pad[40];
};

enum {
	KYI_EVENT_SPAN = 1,
	KYI_EVENT_LOG = 2,
	KYI_EVENT_EXEMPLAR = 3,
	KYI_EVENT_MORE = 4, /* the rest of a longer record */
};

/* A log's arguments stand one after another in the bytes of its places (40 a
   place), unaligned, in the order of the format's types: eight bytes each, a
   string as a u16 of its length and then so many bytes. What is missing at the
   end is zero, or an empty string. */
enum {
	KYI_ARG_I64 = 'i',
	KYI_ARG_U64 = 'u',
	KYI_ARG_F64 = 'f',
	KYI_ARG_STR = 's',
};

struct kyi_event {
	kyi_u64 seq; /* 0 while written, place number + 1 when whole; release */
	kyi_u64 ts_ns; /* header.clock_id; SPAN: when it began; MORE: the first
	                  place's number */
	uint32_t name_id; /* span name, log format */
	uint8_t type;
	uint8_t places;
	uint8_t code; /* span status, log severity */
	uint8_t arg_cnt;
	union {
		struct {
			kyi_u64 trace_hi, trace_lo, span_id, parent_id, dur_ns;
		} span;
		struct {
			kyi_u64 trace_hi, trace_lo, span_id, value;
			uint32_t hist_idx, pad;
		} exemplar;
		uint8_t bytes[40]; /* LOG; MORE: the next 40 */
	} u;
};

#define KYI_SIZE(type, bytes)                                                 \
	KYI_STATIC_ASSERT(sizeof(type) == (bytes), #type " has another size")
#define KYI_OFF(type, member, off)                                            \
	KYI_STATIC_ASSERT(offsetof(type, member) == (off),                    \
			  #type "." #member " is elsewhere")

KYI_SIZE(struct kyi_header, 256);
KYI_OFF(struct kyi_header, endian, 8);
KYI_OFF(struct kyi_header, abi_major, 12);
KYI_OFF(struct kyi_header, abi_minor, 14);
KYI_OFF(struct kyi_header, header_bytes, 16);
KYI_OFF(struct kyi_header, block_align_bytes, 20);
KYI_OFF(struct kyi_header, feat_compat, 24);
KYI_OFF(struct kyi_header, feat_ro, 32);
KYI_OFF(struct kyi_header, feat_incompat, 40);
KYI_OFF(struct kyi_header, boot_id, 48);
KYI_OFF(struct kyi_header, instance_id, 64);
KYI_OFF(struct kyi_header, pidns_ino, 80);
KYI_OFF(struct kyi_header, starttime_ticks, 88);
KYI_OFF(struct kyi_header, pid, 96);
KYI_OFF(struct kyi_header, uid, 100);
KYI_OFF(struct kyi_header, t0_realtime_ns, 104);
KYI_OFF(struct kyi_header, t0_mono_ns, 112);
KYI_OFF(struct kyi_header, t0_boot_ns, 120);
KYI_OFF(struct kyi_header, max_bytes, 128);
KYI_OFF(struct kyi_header, clock_id, 136);
KYI_OFF(struct kyi_header, tick_shift, 140);
KYI_OFF(struct kyi_header, window_bytes, 144);
KYI_OFF(struct kyi_header, slot_max, 148);
KYI_OFF(struct kyi_header, ring_slots, 152);
KYI_OFF(struct kyi_header, ring_slot_bytes, 156);
KYI_OFF(struct kyi_header, parent_pid, 160);
KYI_OFF(struct kyi_header, fork_seq, 164);
KYI_OFF(struct kyi_header, service, 168);
KYI_OFF(struct kyi_header, schema_hash, 232);
KYI_OFF(struct kyi_header, windows_off, 240);
KYI_OFF(struct kyi_header, hist_max, 248);
KYI_OFF(struct kyi_header, crc32c, 252);

KYI_SIZE(struct kyi_control, 256);
KYI_OFF(struct kyi_control, block_cnt, 8);
KYI_OFF(struct kyi_control, state, 12);
KYI_OFF(struct kyi_control, dir_gen, 16);
KYI_OFF(struct kyi_control, slot_high, 24);
KYI_OFF(struct kyi_control, window_used, 28);
KYI_OFF(struct kyi_control, heartbeat_ns, 64);
KYI_OFF(struct kyi_control, heartbeat_cnt, 72);
KYI_OFF(struct kyi_control, err_full, 128);
KYI_OFF(struct kyi_control, err_cardinality, 136);
KYI_OFF(struct kyi_control, err_slots, 144);
KYI_OFF(struct kyi_control, err_ring, 152);
KYI_OFF(struct kyi_control, err_badcall, 160);
KYI_OFF(struct kyi_control, slow_calls, 168);
KYI_OFF(struct kyi_control, swept_cnt, 176);
KYI_OFF(struct kyi_control, exit_ns, 184);
KYI_OFF(struct kyi_control, crash_sig, 192);
KYI_OFF(struct kyi_control, crash_addr, 208);
KYI_OFF(struct kyi_control, crash_ns, 216);

KYI_SIZE(struct kyi_block, 64);
KYI_OFF(struct kyi_block, type, 4);
KYI_OFF(struct kyi_block, rec_bytes, 6);
KYI_OFF(struct kyi_block, index, 8);
KYI_OFF(struct kyi_block, owner_slot, 12);
KYI_OFF(struct kyi_block, len_bytes, 16);
KYI_OFF(struct kyi_block, used_bytes, 24);
KYI_OFF(struct kyi_block, tag, 32);
KYI_OFF(struct kyi_block, flags, 36);
KYI_OFF(struct kyi_block, ready, 40);
KYI_OFF(struct kyi_block, crc32c, 44);

KYI_SIZE(struct kyi_slot, 128);
KYI_OFF(struct kyi_slot, gen, 4);
KYI_OFF(struct kyi_slot, tid, 8);
KYI_OFF(struct kyi_slot, claimed_ns, 16);
KYI_OFF(struct kyi_slot, name, 24);
KYI_OFF(struct kyi_slot, ring_off, 40);
KYI_OFF(struct kyi_slot, spans_off, 48);
KYI_OFF(struct kyi_slot, sampled_out, 56);

KYI_SIZE(struct kyi_string, 4);

KYI_SIZE(struct kyi_family, 64);
KYI_OFF(struct kyi_family, id, 4);
KYI_OFF(struct kyi_family, name_ref, 8);
KYI_OFF(struct kyi_family, help_ref, 12);
KYI_OFF(struct kyi_family, unit_ref, 16);
KYI_OFF(struct kyi_family, component_ref, 20);
KYI_OFF(struct kyi_family, label_keys_ref, 24);
KYI_OFF(struct kyi_family, states_ref, 28);
KYI_OFF(struct kyi_family, kind, 32);
KYI_OFF(struct kyi_family, agg, 33);
KYI_OFF(struct kyi_family, exponent, 34);
KYI_OFF(struct kyi_family, scale, 35);
KYI_OFF(struct kyi_family, lo_idx, 36);
KYI_OFF(struct kyi_family, bucket_cnt, 40);
KYI_OFF(struct kyi_family, series_max, 44);
KYI_OFF(struct kyi_family, peak_window_s, 48);
KYI_OFF(struct kyi_family, sample_n, 52);
KYI_OFF(struct kyi_family, born_ns, 56);

KYI_SIZE(struct kyi_series, 64);
KYI_OFF(struct kyi_series, id, 4);
KYI_OFF(struct kyi_series, family_id, 8);
KYI_OFF(struct kyi_series, label_values_ref, 12);
KYI_OFF(struct kyi_series, at, 16);
KYI_OFF(struct kyi_series, born_ns, 24);

KYI_SIZE(struct kyi_name, 64);
KYI_OFF(struct kyi_name, id, 4);
KYI_OFF(struct kyi_name, name_ref, 8);
KYI_OFF(struct kyi_name, component_ref, 12);
KYI_OFF(struct kyi_name, types_ref, 16);
KYI_OFF(struct kyi_name, severity, 20);
KYI_OFF(struct kyi_name, born_ns, 24);

KYI_SIZE(struct kyi_shared_cell, 64);
KYI_SIZE(struct kyi_health, 64);
KYI_OFF(struct kyi_health, state, 4);
KYI_OFF(struct kyi_health, reason_ref, 8);
KYI_OFF(struct kyi_health, since_ns, 16);
KYI_OFF(struct kyi_health, expires_ns, 24);
KYI_SIZE(struct kyi_resource, 8);

KYI_SIZE(struct kyi_span_frame, 64);
KYI_OFF(struct kyi_span_frame, span_id, 16);
KYI_OFF(struct kyi_span_frame, start_ns, 32);
KYI_OFF(struct kyi_span_frame, name_id, 40);
KYI_SIZE(struct kyi_spans, 1088);
KYI_OFF(struct kyi_spans, frame, 64);

KYI_SIZE(struct kyi_ring_section, 64);
KYI_OFF(struct kyi_ring_section, first, 8);
KYI_OFF(struct kyi_ring_section, cnt, 12);
KYI_OFF(struct kyi_ring_section, dropped, 16);

KYI_SIZE(struct kyi_event, 64);
KYI_OFF(struct kyi_event, ts_ns, 8);
KYI_OFF(struct kyi_event, name_id, 16);
KYI_OFF(struct kyi_event, type, 20);
KYI_OFF(struct kyi_event, places, 21);
KYI_OFF(struct kyi_event, code, 22);
KYI_OFF(struct kyi_event, arg_cnt, 23);
KYI_OFF(struct kyi_event, u, 24);

#endif
