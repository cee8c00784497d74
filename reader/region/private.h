/* SPDX-License-Identifier: MIT */
/* What the files of reader/region share. Bytes go this way:

     file --open.c, liveness.c--> may it be read? is its process alive?
          --swap.c------------->  of the other byte order: turned around
          --copy.c------------->  image (at their offsets) and scratch
          --records.c---------->  families, series, names: parsed once each
          --values.c, shared.c->  sums over slots, shared cells
          --events.c, logs.c--->  spans, exemplars, logs

   From the image on, nothing is read twice from the file, and every offset
   goes through shm/ref.h or is compared with what was copied. */
#ifndef KYI_REGION_PRIVATE_H
#define KYI_REGION_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "reader/region/region.h"
#include "shm/check.h"
#include "shm/layout.h"
#include "shm/os.h"
#include "shm/ref.h"

/* Bounds of what a reader keeps of one region, whatever it says. */
#define KYI_FAMILY_CNT_MAX 8192u
#define KYI_SERIES_CNT_MAX 65536u
#define KYI_NAME_CNT_MAX 8192u
#define KYI_RESOURCE_CNT_MAX 256u
#define KYI_EVENT_CNT_MAX 131072u /* of each kind, in one scan */
#define KYI_STRINGS_BYTES_MAX (16u * 1024u * 1024u)
#define KYI_LOG_TEXT_BYTES_MAX 1024u

/* kyi_grow makes room for one more than cnt of elem_bytes each in *array. */
bool kyi_grow(void *array, uint32_t *room, uint32_t cnt, size_t elem_bytes);

/* ---- strings.c ------------------------------------------------------- */

/* Memory that is given back all at once; pointers into it stay good. */
struct kyi_arena {
	struct kyi_arena_chunk *chunks;
	size_t used_bytes, room_bytes; /* of the newest chunk */
	uint64_t given_bytes, bytes_max;
};

/* NULL: no memory, or more than bytes_max in all. */
void *kyi_arena_take(struct kyi_arena *arena, size_t bytes);
void kyi_arena_reset(struct kyi_arena *arena); /* keeps a chunk */
void kyi_arena_free(struct kyi_arena *arena);

/* Strings of a region by their ref, each kept once, repaired. */
struct kyi_strings {
	struct kyi_arena arena;
	struct kyi_strings_entry *entries;
	uint32_t cnt, room;
	uint64_t factor;
};

/* kyi_utf8_repair writes from as valid UTF-8 without NUL, a U+FFFD for each
   byte that is neither; to has room for 3 * len_bytes + 1. Returns the length
   and ends it with NUL. */
size_t kyi_utf8_repair(char *to, const char *from, size_t len_bytes);

/* kyi_strings_text keeps text, which ref names. kyi_strings_list keeps a list
   of the strings that refs of list name, in bytes' strings range. NULL: one is
   not sound, no memory, or over the budget. */
const char *kyi_strings_text(struct kyi_strings *strings, uint32_t ref,
    struct kyi_text text);
const char *const *kyi_strings_list(struct kyi_strings *strings,
    struct kyi_bytes bytes, uint64_t strings_off, uint64_t strings_end,
    uint32_t list_ref, uint32_t cnt);
void kyi_strings_free(struct kyi_strings *strings);

/* ---- table.c --------------------------------------------------------- */

/* Ids of one kind of record, which count up from 1, to an index + 1; 0: none. */
struct kyi_ids {
	uint32_t *idx1;
	uint32_t room, last_id;
};

/* Room for id; false: not above the last one, above id_max, or no memory. */
bool kyi_ids_room(struct kyi_ids *ids, uint32_t id, uint32_t id_max);
uint32_t kyi_ids_find(const struct kyi_ids *ids, uint32_t id);

/* Which of a region's families (series) are equal. */
struct kyi_table {
	uint32_t *idx1;
	uint32_t room;
	uint64_t (*hash)(const struct kymo_region *region, uint32_t idx);
	bool (*same)(const struct kymo_region *region, uint32_t a, uint32_t b);
};

#define KYI_HASH_FIRST 0xcbf29ce484222325ull
uint64_t kyi_hash_text(uint64_t hash, const char *text);
/* Room for one more than cnt; hash and same are set. */
bool kyi_table_room(const struct kymo_region *region, struct kyi_table *table,
    uint32_t cnt);
/* False: an equal one is there. */
bool kyi_table_enter(const struct kymo_region *region, struct kyi_table *table,
    uint32_t idx);

/* ---- image.c --------------------------------------------------------- */

/* Private memory to copy into. Shared by all regions of the process, one at a
   time: the bytes of another region may still lie where nothing was copied,
   so only what was copied may be looked at (ASan builds see to it). */
struct kyi_image {
	uint8_t *base;         /* bytes of the file at their offsets */
	uint64_t map_bytes;
	uint8_t *scratch;      /* bytes of a window, a ring, a span stack */
	uint64_t scratch_bytes;
	uint64_t touched_bytes; /* copied into base since it was taken */
	struct kyi_image *next;
};

struct kyi_image *kyi_image_take(uint64_t file_bytes);
void kyi_image_give(struct kyi_image *image);
/* Tells that [off, off + len) of base is about to be filled. */
void kyi_image_touch(struct kyi_image *image, uint64_t off, uint64_t len_bytes);
/* scratch of at least bytes; NULL: no memory. */
uint8_t *kyi_image_scratch(struct kyi_image *image, uint64_t bytes);
/* The pool lives while regions are open. */
void kyi_image_pool_hold(void);
void kyi_image_pool_drop(void);

/* ---- the handle ------------------------------------------------------ */

/* A span name or log format. */
struct kyi_name_kept {
	const char *name, *component, *types;
	uint8_t severity;
};

struct kyi_cell {
	uint32_t at, series_idx;
};

/* Series whose values are found the same way, in order of registration. */
struct kyi_cells {
	struct kyi_cell *at;
	uint32_t cnt, room;
	uint64_t *sums; /* doubles as their bits; PEAK: KYI_PEAK_WORDS each */
	uint32_t sums_room;
};

enum {
	KYI_CELLS_SUM,    /* by slot: counters, updowns */
	KYI_CELLS_FLOAT,  /* by slot: float counters */
	KYI_CELLS_PEAK,   /* by slot, two words */
	KYI_CELLS_SHARED, /* gauges, texts, state sets */
	KYI_CELLS_HEALTH,
	KYI_CELLS_LISTS
};

/* Of a peak: the newest window's id, its value, and that of the one before. */
#define KYI_PEAK_WORDS 3u

struct kyi_hist_kept {
	uint32_t series_idx1;  /* + 1; 0: no such series */
	uint32_t first_block1; /* chain through kyi_block_kept.next1 */
	uint64_t count;        /* of the last scan */
	uint64_t *buckets;     /* NULL until it has a block */
};

struct kyi_block_kept {
	struct kyi_block_place place;
	uint32_t next1; /* HIST: the next block of the same series */
	bool ready;
};

struct kymo_region {
	struct kymo_region_info info;
	int fd;
	bool in_crash_dir;
	struct kyi_watch_entry *watch_entry; /* whose it is, if a watch's */
	uint64_t file_bytes, file_ino, file_dev, mtime_ns;
	struct kyi_header header;
	uint8_t *swapped; /* instead of the file, of the other byte order */
	char broken[sizeof(((struct kymo_error *)0)->text)]; /* "": it is not */

	struct kyi_control control;    /* of the last scan */
	struct kyi_block_kept *blocks;
	uint32_t block_cnt, block_room;
	uint64_t next_block_off;
	uint32_t pending_cnt;          /* blocks not ready when last seen */
	uint32_t fixed[KYI_BLK_SPANS + 1]; /* block index + 1 by type */
	uint64_t dir_parsed_off;       /* file offset of the next record */

	struct kyi_strings strings;
	struct kymo_region_family *families;
	struct kyi_family *family_records;
	uint32_t family_cnt, family_room, family_records_room;
	struct kyi_ids family_ids;
	struct kyi_table family_table;
	struct kymo_region_series *series;
	uint64_t *series_raw; /* TEXT, HEALTH: the ref that value was made of */
	uint32_t series_cnt, series_room, series_raw_room;
	struct kyi_ids series_ids;
	struct kyi_table series_table;
	struct kyi_name_kept *names[2]; /* span names, log formats */
	uint32_t name_cnt[2], name_room[2];
	struct kyi_ids name_ids[2];
	struct kyi_cells cells[KYI_CELLS_LISTS];
	struct kyi_hist_kept *hists;    /* by index, as far as there are any */
	uint32_t hist_cnt, hist_room;

	struct kyi_resource *resource_raw;
	uint32_t resource_raw_cnt;
	const char *(*resource)[2];

	struct kyi_arena events;        /* strings of the last scan's events */
	struct kymo_span_info *spans;
	struct kymo_log_info *logs;
	struct kymo_exemplar_info *exemplars;
	uint32_t span_cnt, span_room, log_cnt, log_room;
	uint32_t exemplar_cnt, exemplar_room;

	/* Faults of records that are looked at once; of this scan. */
	struct kyi_complaints lasting, passing;

	/* Only during a scan. */
	struct kyi_image *image;
	uint64_t now_mono_ns;  /* for a dead one: its last sign */
	uint64_t last_sign_mono_ns, sign_max_mono_ns;
	uint64_t strings_end_off; /* STR is copied up to here; 0: not at all */
};

/* ---- open.c ---------------------------------------------------------- */

/* Why a file was not opened: not to be told apart by words. */
enum kyi_refusal {
	KYI_REFUSED = -1,   /* the file is to blame; the same until it changes */
	KYI_NOT_NOW = -2,   /* we are: no descriptors, no memory */
	KYI_GONE = -3       /* it was removed meanwhile */
};

/* kyi_region_open_at opens name in dir_fd (AT_FDCWD with any_trust). say, if
   not NULL, hears of every fault. Returns 0 or a refusal, with *error. */
int kyi_region_open_at(struct kymo_region **region, int dir_fd,
    const char *dir_path, const char *name, const struct kymo_trust *trust,
    bool any_trust, kyi_complain *say, void *to, struct kymo_error *error);

/* kyi_trusted tells whether uid is root, this user, or among trust. */
bool kyi_trusted(uint32_t uid, const struct kymo_trust *trust);

/* kyi_region_realtime_ns: the region's clock to the world's; 0 stays 0. */
uint64_t kyi_region_realtime_ns(const struct kymo_region *region,
    uint64_t mono_ns);

/* kyi_region_break makes the error of this scan the error of all. */
int kyi_region_break(struct kymo_region *region, const char *why,
    struct kymo_error *error);

/* ---- swap.c ---------------------------------------------------------- */

enum kyi_swap_shape {
	KYI_SWAP_HEADER,
	KYI_SWAP_CONTROL,
	KYI_SWAP_BLOCK,
	KYI_SWAP_SLOT,
	KYI_SWAP_STRING,
	KYI_SWAP_FAMILY,
	KYI_SWAP_SERIES,
	KYI_SWAP_NAME, /* and records that are not known */
	KYI_SWAP_CELL,
	KYI_SWAP_HEALTH,
	KYI_SWAP_RESOURCE,
	KYI_SWAP_SPANS, /* without its frames */
	KYI_SWAP_FRAME,
	KYI_SWAP_SECTION,
	KYI_SWAP_EVENT, /* LOG, MORE */
	KYI_SWAP_EVENT_SPAN,
	KYI_SWAP_EVENT_EXEMPLAR,
	KYI_SWAP_SHAPES
};

/* kyi_swap reverses the bytes of each number in one struct. */
void kyi_swap(void *at, enum kyi_swap_shape shape);
/* The same for a header: its checksum is right if it was before. */
void kyi_swap_header(struct kyi_header *header);
/* kyi_swap_file makes region->swapped, once its header is turned around and
   sound: all of the file that a scan may want, as it is now. What is wrong in
   it is for the scan to find. 0, or -1 with *error: no memory. */
int kyi_swap_file(struct kymo_region *region, struct kymo_error *error);
void kyi_swap_free(struct kymo_region *region);
/* The arguments of one log, by its format's types. */
void kyi_swap_args(uint8_t *args, size_t bytes, const char *types);

/* ---- liveness.c ------------------------------------------------------ */

/* The dead stay dead. */
bool kyi_region_is_alive(const struct kymo_region *region);
bool kyi_region_is_of_this_boot(const struct kymo_region *region);

/* ---- copy.c ---------------------------------------------------------- */

/* All return 0 or -1 with *error, and then the region is broken. */
int kyi_copy_check_file(struct kymo_region *region, struct kymo_error *error);
int kyi_copy_control(struct kymo_region *region, struct kymo_error *error);
int kyi_copy_blocks(struct kymo_region *region, struct kymo_error *error);
/* Reads the head of the idx-th block, or of the fixed block of type, again;
   *place NULL: not there. */
int kyi_copy_head_of(struct kymo_region *region, uint32_t idx,
    const struct kyi_block_place **place, struct kymo_error *error);
int kyi_copy_head(struct kymo_region *region, uint32_t type,
    const struct kyi_block_place **place, struct kymo_error *error);
/* [off, end_off) of the file into the image. */
int kyi_copy_range(struct kymo_region *region, uint64_t off, uint64_t end_off,
    struct kymo_error *error);
/* The same to any memory. */
int kyi_copy_to(struct kymo_region *region, void *to, uint64_t off,
    uint64_t len_bytes, struct kymo_error *error);
/* STR up to what it has by now; nothing to do if it is all there. */
int kyi_copy_strings(struct kymo_region *region, struct kymo_error *error);
/* All HIST blocks, neighbours in one read. */
int kyi_copy_hists(struct kymo_region *region, struct kymo_error *error);

/* What was copied of a slot; NULL: none, or never used. */
const struct kyi_slot *kyi_region_slot(const struct kymo_region *region,
    uint32_t slot);
struct kyi_bytes kyi_region_bytes(const struct kymo_region *region);
uint64_t kyi_region_strings_off(const struct kymo_region *region);

/* ---- records.c, values.c, shared.c, events.c, logs.c, format.c ------- */

/* Takes what is new in DIR. */
int kyi_records_parse(struct kymo_region *region, struct kymo_error *error);
/* NULL: not sound, or no room. STR is copied. */
const char *kyi_region_text(struct kymo_region *region, uint32_t ref);
/* The histogram of idx, made if it is not there. NULL: no such index can be, or
   no memory. */
struct kyi_hist_kept *kyi_region_hist(struct kymo_region *region, uint32_t idx);
/* A span name (KYI_REC_SPAN_NAME) or log format by its id, or NULL. */
const struct kyi_name_kept *kyi_region_name(const struct kymo_region *region,
    uint32_t rec_type, uint32_t id);
void kyi_records_free(struct kymo_region *region);

int kyi_values_scan(struct kymo_region *region, struct kymo_error *error);
int kyi_shared_scan(struct kymo_region *region, struct kymo_error *error);
int kyi_resource_scan(struct kymo_region *region, struct kymo_error *error);

int kyi_events_scan(struct kymo_region *region, unsigned parts,
    struct kymo_error *error);

/* The owner of slot at mono_ns: name and tid, or "" and 0. */
const char *kyi_region_thread(struct kymo_region *region, uint32_t slot,
    uint64_t mono_ns, uint32_t *tid);

/* args are the bytes of all its places, one after another; turned around in
   place where the region was. */
void kyi_logs_add(struct kymo_region *region, const struct kyi_event *first,
    uint8_t *args, size_t args_bytes, uint32_t slot);
void kyi_logs_sort(struct kymo_region *region);

/* kyi_log_format writes a log's text into to (KYI_LOG_TEXT_BYTES_MAX): format
   with args of types. What a region says is data here: no part of it goes to
   printf. Valid UTF-8, control characters escaped. Returns the length; *sound
   false: the conversions and the types do not match. */
size_t kyi_log_format(char *to, const char *format, const char *types,
    uint32_t type_cnt, const uint8_t *args, size_t args_bytes, bool *sound);

/* Seen a time on the region's clock: for last_sign. One that lies ahead is
   nobody's. */
static inline void
kyi_region_sign(struct kymo_region *region, uint64_t mono_ns)
{
	if (mono_ns > region->last_sign_mono_ns &&
	    mono_ns <= region->sign_max_mono_ns)
		region->last_sign_mono_ns = mono_ns;
}

#endif
