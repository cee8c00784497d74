/* SPDX-License-Identifier: MIT */
/* Goal: any bytes are a safe region: no crash, no read of what was not copied
   (the image is poisoned under ASan), time and memory bounded, and what comes
   out keeps the promises of region.h.
   Method: an input is a short program that spoils a sound region between
   scans, with its checksums put right so that it gets past them; or, with the
   first bit of its first byte, the bytes of a region themselves. With the
   fourth the region is one of the other byte order. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "reader/region/private.h"
#include "reader/region/region.h"
#include "shm/crc32c.h"
#include "shm/name.h"
#include "tests/fuzz/region_foreign.h"
#include "tests/fuzz/region_look.h"
#include "tests/testlib/make_region.h"

#define FILE_BYTES (256u * 1024u)
#define BASE_MAX 64u
#define SCAN_MAX 8u /* in one input */

enum {
	MODE_RAW = 1,       /* the rest is the file */
	MODE_KEEP_CRCS = 2, /* do not put checksums right */
	MODE_DEAD = 4,      /* nobody holds the lock, at first */
	MODE_FOREIGN = 8    /* in the other byte order */
};

enum {
	OP_SCAN = 10,
	OP_LOCK = 11,
	OP_EXTREME = 12,
	OP_COPY = 13,
	OP_TRUNCATE = 14,
	OP_CHECK = 15
};

static uint8_t sound[FILE_BYTES], foreign[FILE_BYTES], now[FILE_BYTES];
static bool dirty[FILE_BYTES / KYI_PAGE_BYTES];   /* now is not the file */
static bool touched[FILE_BYTES / KYI_PAGE_BYTES]; /* now is not sound */
static uint32_t bases[BASE_MAX], base_cnt;
static char path[320];
static int write_fd, lock_fd;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Freed memory that waits is memory that the next run has to fault in. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1:malloc_context_size=8";
}

/* ---- the sound region ------------------------------------------------ */

static void
make_metrics(struct make_region *m)
{
	static const char *const keys[] = { "method", "code", NULL };
	static const char *const values[][3] = { { "GET", "200", NULL },
		{ "POST", "sch\xc3\xb6n", NULL } };
	static const char *const states[] = { "red", "green", "blue", NULL };
	static const char *const none[] = { NULL };
	struct kyi_health *health;
	uint32_t kind, family, at;
	char name[16];

	for (kind = KYI_KIND_COUNTER; kind <= KYI_KIND_LAST; kind++) {
		snprintf(name, sizeof(name), "family_%u", kind);
		family = make_family(m, &(struct make_family){ .kind = kind,
			.name = name, .help = "Some help", .unit = "bytes",
			.component = kind % 2 == 0 ? "core" : NULL,
			.states = kind == KYI_KIND_STATE_SET ? states : NULL,
			.keys = kind % 3 == 0 ? keys : NULL, .exponent = -3,
			.scale = 2, .lo_idx = -4, .bucket_cnt = 20,
			.peak_window_s = 60 });
		at = make_series(m, family, kind % 3 == 0 ? values[0] : none);
		if (kind % 3 == 0) {
			make_series(m, family, values[1]);
			make_series(m, family, NULL);
		}
		switch (kind) {
		case KYI_KIND_HISTOGRAM:
		case KYI_KIND_SUMMARY:
			make_hist(m, 1, at, 20)[KYI_HIST_BUCKETS + 3] = 7;
			make_hist(m, 2, at, 20)[KYI_HIST_SUM] = 9;
			break;
		case KYI_KIND_TEXT:
			*(uint64_t *)make_shared(m, at) = make_text(m, "a text");
			break;
		case KYI_KIND_HEALTH:
			health = make_shared(m, at);
			health->state = KYI_HEALTH_OK;
			health->reason_ref = make_text(m, "fine");
			health->since_ns = 1000;
			health->seq = 2;
			break;
		default:
			if (kind < KYI_KIND_GAUGE || kind == KYI_KIND_MAX)
				*make_cell(m, 1, at) = 5;
			break;
		}
	}
	make_resource(m, "service.version", "1.2.3");
}

static void
make_events(struct make_region *m)
{
	struct kyi_event event = { .ts_ns = 1000, .places = 1 };
	struct kyi_ring_section *sections = make_ring(m, 1, 8);
	struct kyi_spans *spans = make_spans(m, 1);

	event.name_id = make_name(m, "db", "query", NULL);
	event.type = KYI_EVENT_SPAN;
	event.u.span.dur_ns = 5;
	make_event(sections, KYI_RING_SPAN, &event);
	spans->frame[0].name_id = event.name_id;
	spans->frame[0].start_ns = 1000;
	spans->depth = 1;
	memset(&event.u, 0, sizeof(event.u));
	event.name_id = make_name(m, "net", "%d of %s at %5.2f%%", "isf");
	event.type = KYI_EVENT_LOG;
	memcpy(event.u.bytes, "\1\0\0\0\0\0\0\0\4\0disk\0\0\0\0\0\0\370\77",
	    22);
	make_event(sections, KYI_RING_LOG, &event);
	event.places = 2;
	make_event(sections, KYI_RING_LOG, &event);
	event.type = KYI_EVENT_MORE;
	event.ts_ns = 1;
	make_event(sections, KYI_RING_LOG, &event);
	event.places = 1;
	event.type = KYI_EVENT_EXEMPLAR;
	memset(&event.u, 0, sizeof(event.u));
	event.u.exemplar.hist_idx = KYI_HIST_FIRST;
	make_event(sections, KYI_RING_EXEMPLAR, &event);
}

static void
add_base(uint64_t off)
{
	if (base_cnt < BASE_MAX && off < FILE_BYTES)
		bases[base_cnt++] = (uint32_t)off;
}

static const struct kyi_block *
block_at(const uint8_t *file, uint64_t off)
{
	return (const struct kyi_block *)(const void *)(file + off);
}

static bool
is_block_off(uint64_t off)
{
	return off % KYI_PAGE_BYTES == 0 &&
	    off <= FILE_BYTES - sizeof(struct kyi_block);
}

/* ---- spoiling it ----------------------------------------------------- */

static void
put(uint64_t off, const void *bytes, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		uint64_t at = (off + i) % FILE_BYTES;

		now[at] = ((const uint8_t *)bytes)[i];
		dirty[at / KYI_PAGE_BYTES] = true;
		touched[at / KYI_PAGE_BYTES] = true;
	}
}

static void
write_dirty(void)
{
	uint32_t page;

	for (page = 0; page < FILE_BYTES / KYI_PAGE_BYTES; page++) {
		uint64_t off = (uint64_t)page * KYI_PAGE_BYTES;

		if (!dirty[page])
			continue;
		MAKE_NEED(pwrite(write_fd, now + off, KYI_PAGE_BYTES,
		    (off_t)off) == (ssize_t)KYI_PAGE_BYTES);
		dirty[page] = false;
	}
}

static void
put_foreign(void)
{
	size_t off;

	for (off = 0; off < FILE_BYTES; off += KYI_PAGE_BYTES)
		if (memcmp(foreign + off, sound + off, KYI_PAGE_BYTES) != 0)
			put(off, foreign + off, KYI_PAGE_BYTES);
}

static void
restore(void)
{
	uint32_t page;

	for (page = 0; page < FILE_BYTES / KYI_PAGE_BYTES; page++)
		if (touched[page]) {
			memcpy(now + (size_t)page * KYI_PAGE_BYTES,
			    sound + (size_t)page * KYI_PAGE_BYTES,
			    KYI_PAGE_BYTES);
			touched[page] = false;
			dirty[page] = true;
		}
	write_dirty();
}

static bool
is_foreign(void)
{
	return ((const struct kyi_header *)(const void *)now)->endian ==
	    KYI_ENDIAN_SWAPPED;
}

static void
put_crc(uint64_t off, uint64_t crc_off)
{
	uint32_t crc = kyi_crc32c(0, now + off, crc_off);

	if (is_foreign())
		crc = __builtin_bswap32(crc);

	if (off == KYI_HEADER_OFF &&
	    memcmp(now + off + crc_off, &crc, sizeof(crc)) != 0)
		put(off + crc_off, &crc, sizeof(crc));
	if (off == KYI_HEADER_OFF)
		return;
	crc_off = offsetof(struct kyi_block, crc32c);
	if (memcmp(now + off + crc_off, &crc, sizeof(crc)) != 0)
		put(off + crc_off, &crc, sizeof(crc));
}

/* Checksums of the header and of the heads that a reader would find. */
static void
put_crcs(void)
{
	uint64_t off = KYI_BLOCKS_OFF, len_bytes;
	uint32_t i;

	put_crc(KYI_HEADER_OFF, offsetof(struct kyi_header, crc32c));
	for (i = 0; i < BASE_MAX && is_block_off(off); i++) {
		struct kyi_block head = *block_at(now, off);

		if (is_foreign())
			kyi_swap(&head, KYI_SWAP_BLOCK);
		if (head.magic != KYI_BLOCK_MAGIC)
			return;
		put_crc(off, offsetof(struct kyi_block, used_bytes));
		len_bytes = head.len_bytes;
		if (len_bytes == 0 || len_bytes > FILE_BYTES - off)
			return;
		off += len_bytes;
	}
}

/* ---- making them ----------------------------------------------------- */

/* It must be as sound as the one it is made of. */
static void
make_foreign(void)
{
	struct kymo_error error;
	int64_t fault_cnt = kymo_region_check(path, NULL, NULL, &error);

	memcpy(foreign, sound, FILE_BYTES);
	foreign_region(foreign, sound, FILE_BYTES);
	put_foreign();
	put_crcs();
	write_dirty();
	MAKE_NEED(fault_cnt >= 0 &&
	    kymo_region_check(path, NULL, NULL, &error) == fault_cnt);
	restore();
}

static void
remove_file(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct kyi_region_options options = { .service = "fuzz",
		.max_bytes = FILE_BYTES, .slot_max = 4, .window_bytes = 4096,
		.dir_bytes = 16384, .str_bytes = 16384, .shared_bytes = 8192 };
	char dir[] = "/dev/shm/kymo-fuzz-XXXXXX";
	struct make_region m;
	uint64_t off;

	MAKE_NEED(mkdtemp(dir) != NULL);
	options.dir = dir;
	make_region_with(&m, &options);
	MAKE_NEED(m.region.visible && m.region.max_bytes == FILE_BYTES);
	make_metrics(&m);
	make_events(&m);
	snprintf(path, sizeof(path), "%s", m.region.path);
	kyi_region_forget(&m.region);
	write_fd = open(path, O_RDWR | O_CLOEXEC);
	lock_fd = open(path, O_RDONLY | O_CLOEXEC);
	MAKE_NEED(write_fd >= 0 && lock_fd >= 0);
	MAKE_NEED(pread(write_fd, sound, FILE_BYTES, 0) == FILE_BYTES);
	memcpy(now, sound, FILE_BYTES);
	add_base(KYI_HEADER_OFF);
	add_base(KYI_CONTROL_OFF);
	for (off = KYI_BLOCKS_OFF; is_block_off(off) &&
	    block_at(sound, off)->magic == KYI_BLOCK_MAGIC;
	    off += block_at(sound, off)->len_bytes) {
		add_base(off);
		add_base(off + sizeof(struct kyi_block));
		add_base(off + block_at(sound, off)->used_bytes);
	}
	add_base(off);
	make_foreign();
	/* Kept while the process lives, so that each run need not map anew. */
	kyi_image_pool_hold();
	atexit(remove_file);
	return 0;
}

/* ---- the program in an input ----------------------------------------- */

struct input {
	const uint8_t *at;
	size_t left_bytes;
};

static uint64_t
take(struct input *input, size_t bytes)
{
	uint64_t n = 0;

	if (bytes > input->left_bytes)
		bytes = input->left_bytes;
	memcpy(&n, input->at, bytes);
	input->at += bytes;
	input->left_bytes -= bytes;
	return n;
}

static uint64_t
take_off(struct input *input)
{
	uint64_t base = bases[take(input, 1) % base_cnt];

	return base + take(input, 2);
}

static void
put_extreme(uint64_t off, unsigned which)
{
	static const uint64_t extremes[16] = { 0, 1, UINT64_MAX, INT64_MAX,
		(uint64_t)INT64_MIN, UINT32_MAX, 0x80000000, FILE_BYTES,
		FILE_BYTES - 1, FILE_BYTES / 8, 4096, 4095, 64,
		0x7ff0000000000000,
		0x0000000100000001, 0xfffffffffffff000 };

	put(off, &extremes[which], sizeof(uint64_t));
}

static void
truncated_scan(struct kymo_region *region, uint64_t bytes)
{
	struct kymo_error error;

	MAKE_NEED(ftruncate(write_fd, (off_t)(bytes % FILE_BYTES)) == 0);
	if (region != NULL)
		MAKE_NEED(kymo_region_scan(region, KYMO_SCAN_VALUES, &error) ==
		    -1);
	MAKE_NEED(ftruncate(write_fd, FILE_BYTES) == 0);
	memset(dirty, true, sizeof(dirty));
	write_dirty();
}

static void
run(struct kymo_region *region, struct input *input, bool keep_crcs)
{
	uint32_t scan_cnt = 0;
	bool locked = true;
	uint64_t off;

	while (input->left_bytes > 0 && scan_cnt < SCAN_MAX) {
		uint8_t op = (uint8_t)take(input, 1), with = op >> 4;
		struct kymo_error error;

		if ((op & 15) < OP_SCAN) {
			off = take_off(input);
			with = with < input->left_bytes ? with + 1 :
			    (uint8_t)input->left_bytes;
			put(off, input->at, with);
			input->at += with;
			input->left_bytes -= with;
			continue;
		}
		if ((op & 15) == OP_EXTREME) {
			put_extreme(take_off(input), with);
			continue;
		}
		if ((op & 15) == OP_COPY) {
			uint8_t bytes[64];

			off = take_off(input) % (FILE_BYTES - sizeof(bytes));
			memcpy(bytes, now + off, sizeof(bytes));
			put(take_off(input), bytes, sizeof(bytes));
			continue;
		}
		if (!keep_crcs)
			put_crcs();
		write_dirty();
		scan_cnt++;
		if ((op & 15) == OP_LOCK) {
			flock(lock_fd, locked ? LOCK_UN : LOCK_EX | LOCK_NB);
			locked = !locked;
		} else if ((op & 15) == OP_TRUNCATE) {
			truncated_scan(region, take(input, 2) * 16);
		} else if ((op & 15) == OP_CHECK) {
			(void)kymo_region_check(path, look_fault, NULL,
			    &error);
		} else if (region != NULL) {
			look_scan(region, with);
		}
	}
	if (!keep_crcs)
		put_crcs();
	write_dirty();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct kymo_region *region = NULL;
	struct kymo_error error;
	uint8_t mode = (uint8_t)take(&input, 1);

	memset(look_counters, 0, sizeof(look_counters));
	flock(lock_fd, (mode & MODE_DEAD) != 0 ? LOCK_UN : LOCK_EX | LOCK_NB);
	if ((mode & MODE_FOREIGN) != 0) {
		put_foreign();
		put_crcs();
		write_dirty();
	}
	if ((mode & MODE_RAW) != 0) {
		put(0, input.at, input.left_bytes);
		input.left_bytes = 0;
		if ((mode & MODE_KEEP_CRCS) == 0)
			put_crcs();
		write_dirty();
	}
	/* A program spoils what is open already, then opens what it made. */
	if (kymo_region_open_path(&region, path, &error) != 0)
		region = NULL;
	run(region, &input, (mode & MODE_KEEP_CRCS) != 0);
	if (region != NULL) {
		look_scan(region, KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS);
		kymo_region_close(region);
	}
	memset(look_counters, 0, sizeof(look_counters));
	if (kymo_region_open_path(&region, path, &error) == 0) {
		look_scan(region, KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS);
		kymo_region_close(region);
	}
	restore();
	return 0;
}
