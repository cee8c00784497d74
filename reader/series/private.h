/* SPDX-License-Identifier: MIT */
/* What the files of reader/series share. A scan is made in this direction:

     instance.c  each series of a process finds its entry, once
     sums.c      what a region says, and what is said about it, into entries
     entry.c     entries: the sums of this scan, and the totals of the dead
     said.c      of some, whose word they are
     family.c    families: what makes two of them the same
     names.c     their names on a page, conflicts kept apart
     absorb.c    a dead process' totals become those of the dead
     retired.c   the database of the dead
     seen.c      what /proc last said of the living, on disk
     rate.c      what changed since the scan before; the end of entries
     build.c     the immutable scan
     publish.c   RCU */
#ifndef KYI_SERIES_PRIVATE_H
#define KYI_SERIES_PRIVATE_H

#include "reader/series/series.h"

#define KYI_INSTANCE_BYTES 16u
#define KYI_RECENT_CNT 13u        /* cumulative histograms, five seconds apart */
#define KYI_RECENT_STEP_NS 5000000000ull
#define KYI_MISSING_NS 60000000000ull /* a vanished region is retired after */

/* ---- hist.c ------------------------------------------------------------ */

/* to keeps its buckets if they are enough; zeros are an empty histogram. */
KYMO_MUST_CHECK int kyi_hist_copy(struct kymo_hist *to,
    const struct kymo_hist *from);
/* from in the scale and range of like; -1: it does not fit, or no memory. */
KYMO_MUST_CHECK int kyi_hist_fit(struct kymo_hist *to,
    const struct kymo_hist *like, const struct kymo_hist *from);

/* ---- pool.c: memory of one scan --------------------------------------- */

struct kyi_pool {
	struct kyi_pool_chunk *chunks; /* the first is in use */
	struct kyi_pool_chunk *spare;  /* of a scan that is gone */
	size_t used_bytes;
	bool failed;
};

void *kyi_pool_take(struct kyi_pool *pool, size_t bytes);
const char *kyi_pool_text(struct kyi_pool *pool, const char *text);
/* Nothing more is taken. */
void kyi_pool_done(struct kyi_pool *pool);
/* Its chunks go to *spare, if that is empty. */
void kyi_pool_free(struct kyi_pool *pool, struct kyi_pool_chunk **spare);
void kyi_pool_free_spare(struct kyi_pool_chunk **spare);

/* ---- family.c, names.c ---------------------------------------------------- */

struct kyi_family_kept {
	struct kyi_family_kept *chain; /* of its hash */
	char *name;     /* as on a page; NULL until names are given */
	char *own_name; /* as programs call it */
	char *help, *unit, *component;
	enum kymo_metric_kind kind;
	enum kymo_metric_agg agg;
	int exponent;
	double factor; /* 10^exponent */
	uint32_t sample_n;
	char **label_keys, **page_keys;
	uint32_t label_cnt;
	char **states;
	uint32_t state_cnt;
	bool own;
	bool refused; /* no name is left for it */
	char service[64]; /* who has the first claim to the name */
	uint64_t born_ns;
	bool has_bounds;
	int32_t le_first;
	uint32_t le_cnt;
	struct kyi_entry **entries; /* sorted, but for the newest */
	uint32_t entry_cnt, entry_room;
	bool sorted;
};

struct kyi_names {
	char **at; /* sample names: open addressing */
	uint32_t cnt, room;
};

struct kyi_families {
	struct kyi_family_kept **hashed; /* by own name */
	uint32_t hash_room;
	struct kyi_family_kept **all; /* sorted by name, then those without */
	uint32_t cnt, room, named_cnt, conflict_cnt;
	struct kyi_names names;
};

/* What of a family decides that it is another one, and its texts. */
struct kyi_family_wish {
	const char *name, *help, *unit, *component;
	enum kymo_metric_kind kind;
	enum kymo_metric_agg agg;
	int exponent;
	uint32_t sample_n;
	const char *const *label_keys;
	uint32_t label_cnt;
	const char *const *states;
	uint32_t state_cnt;
	bool own; /* the reader makes it: never one with a program's */
	const char *service; /* NULL: comes first */
	uint64_t born_ns;
};

uint64_t kyi_text_hash(const char *text);
/* Finds or makes it; NULL: no memory, or too many. */
struct kyi_family_kept *kyi_family_find(struct kyi_families *families,
    const struct kyi_family_wish *wish);
void kyi_families_free(struct kyi_families *families);

/* Gives those names that have none: by service, then birth, so that it does
   not matter in what order regions were found. Those that find their name
   taken are conflicts. Then sorts all by name. */
void kyi_families_name(struct kyi_families *families);
void kyi_names_free(struct kyi_names *names);

/* ---- entry.c --------------------------------------------------------------- */

struct kyi_recent {
	struct kymo_hist at[KYI_RECENT_CNT]; /* a ring */
	uint64_t at_mono_ns[KYI_RECENT_CNT];
	uint32_t next, cnt;
};

/* What only histograms have. */
struct kyi_entry_hist {
	struct kymo_hist sum, retired; /* as of the entry */
	struct kymo_hist lately;       /* SUMMARY: the last minute */
	struct kyi_recent recent;
	struct kymo_exemplar_info exemplar;
};

/* Of two values the younger process' stands. */
struct kyi_age {
	uint64_t started_ns;
	uint64_t id; /* of two that started together */
};

/* What the processes of one user say of it. */
struct kyi_said {
	uint32_t uid;
	char *component, *reason;
	enum kymo_condition state;
	double number;
};

/* One series of a scan, over all that it is summed of. */
struct kyi_entry {
	struct kyi_entry *chain;
	struct kyi_family_kept *family;
	uint64_t hash;
	struct kymo_label *labels; /* strings in the same allocation */
	uint32_t label_cnt;
	bool overflow, has_retired, present;
	uint32_t holder_cnt;   /* instances that point here */
	uint32_t pending_idx1; /* absorb.c: its new totals */
	uint64_t id;
	uint64_t created_ns;
	uint64_t scan;         /* the number of the scan that sum is of */
	uint64_t shown;        /* the last scan that showed it */
	struct kyi_age best;   /* of the process whose value it is */
	uint64_t sum;          /* u, i, or the bits of f */
	uint64_t retired;      /* as sum, of the dead */
	double rest, retired_rest; /* FLOAT_COUNTER: what the two left out */
	double before, rate;   /* of the scan before */
	uint64_t before_mono_ns;
	struct kyi_entry_hist *hist; /* NULL: not of that kind */
	char *text;            /* TEXT; HEALTH: the reason */
	enum kymo_condition condition;
	uint64_t since_ns;
	struct kyi_said *said; /* of this scan; texts up to said_room are kept */
	uint32_t said_cnt, said_room;
};

struct kyi_entries {
	struct kyi_entry **hashed;
	uint32_t hash_room, cnt, cnt_max;
	uint32_t retired_cnt;
	uint64_t refused_cnt;
	uint64_t made_cnt;
	struct kyi_entry *buried; /* gone, but an old scan may show it */
};

static inline bool
kyi_kind_is_hist(enum kymo_metric_kind kind)
{
	return kind == KYMO_METRIC_HISTOGRAM || kind == KYMO_METRIC_SUMMARY;
}

/* Kinds whose totals outlive the process. */
static inline bool
kyi_kind_is_total(enum kymo_metric_kind kind)
{
	return kind == KYMO_METRIC_COUNTER ||
	    kind == KYMO_METRIC_FLOAT_COUNTER || kyi_kind_is_hist(kind);
}

static inline double
kyi_double_of(uint64_t bits)
{
	double d;

	__builtin_memcpy(&d, &bits, sizeof(d));
	return d;
}

static inline uint64_t
kyi_bits_of(double d)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &d, sizeof(bits));
	return bits;
}

/* Finds or makes the series of family with labels (as on a page, in order);
   NULL: refused, and counted. */
struct kyi_entry *kyi_entry_find(struct kyi_entries *entries,
    struct kyi_family_kept *family, const struct kymo_label *labels,
    uint32_t label_cnt, bool overflow, uint64_t born_ns);
/* Adds one process' value to this scan's. */
void kyi_entry_add(struct kyi_entry *entry, uint64_t scan,
    const struct kymo_metric_value *value, const struct kyi_age *age);
/* .. and whose it is, of a family whose series have parts by users (said.c). */
void kyi_said_add(struct kyi_entry *entry, uint32_t uid, const char *component,
    const struct kymo_metric_value *value);
void kyi_said_free(struct kyi_entry *entry);
void kyi_said_copy(struct kyi_pool *pool, struct kymo_series *to,
    const struct kyi_entry *entry);
/* Begins the sum of this scan with the totals of the dead, if it is not begun. */
void kyi_entry_touch(struct kyi_entry *entry, uint64_t scan);
/* Sets the totals of the dead, from the next scan on. hist is given away. */
void kyi_entry_set_retired(struct kyi_entries *entries,
    struct kyi_entry *entry, uint64_t sum, double rest, struct kymo_hist *hist);
/* Adds f to the number *sum (bits of a double) + *rest. What rounding leaves
   out of a sum is kept in rest, so that it does not matter in what order
   numbers come: else a total could go down when a process dies. */
void kyi_double_add(uint64_t *sum, double *rest, double f);
/* Rate and recent histogram of a scan that is complete. */
void kyi_entry_finish(struct kyi_entry *entry, uint64_t now_mono_ns);
/* Now and then takes entries nobody holds any more out of their families; frees those that
   no scan from oldest_scan on shows. */
void kyi_entries_sweep(struct kyi_entries *entries,
    struct kyi_families *families, uint64_t scan, uint64_t oldest_scan);
void kyi_entry_free(struct kyi_entry *entry);
void kyi_entries_free(struct kyi_entries *entries,
    struct kyi_families *families);

/* ---- own.c, sums.c: one region as the model sees it ------------------------- */

struct kyi_source {
	const struct kymo_region_info *info;
	const struct kymo_region_family *families;
	uint32_t family_cnt;
	const struct kymo_region_series *series;
	uint32_t series_cnt;
	const struct kymo_exemplar_info *exemplars;
	uint32_t exemplar_cnt;
	const struct kymo_process_stats *process; /* NULL: none */
};

/* What the reader itself says of each region: a row of schema/kymo.metrics. */
struct kyi_own {
	const char *name;
	enum kymo_metric_kind kind;
	enum kymo_metric_agg agg;
	const char *unit, *key, *label; /* key NULL: no label besides service */
	const char *help;
	bool of_dead; /* a gauge that a dead region has, too */
	int exponent;
	bool said;    /* its parts by users are kept */
};

#define KYI_OWN_CNT_MAX 40u
#define KYI_OWN_PROCESS 15u /* from here on they are about the process */
extern const struct kyi_own kyi_own[];
extern const uint32_t kyi_own_cnt;
/* False: there is no such value now. */
bool kyi_own_value(uint32_t own_idx, const struct kyi_source *source,
    uint64_t now_ns, struct kymo_metric_value *value);
struct kyi_family_kept *kyi_own_family(struct kymo_model *model,
    uint32_t own_idx);
/* Whether a family of the reader's own is one that this reader makes. */
bool kyi_own_is(const struct kyi_family_wish *wish);

/* ---- seen.c: what /proc last said ------------------------------------------- */

#define KYI_SEEN_CNT 5u
/* Those of kyi_own that are counters of /proc. */
extern const uint32_t kyi_own_seen[KYI_SEEN_CNT];

struct kyi_seen_place {
	uint32_t idx1; /* 0: none */
	uint64_t values[KYI_SEEN_CNT]; /* as stored */
};

struct kyi_seen;

/* What a disk does to the file stops nothing; it is said once. NULL: there is
   none, which all that follow accept. */
struct kyi_seen *kyi_seen_open(const char *state_path,
    void (*warn)(void *to, const char *text), void *to);
void kyi_seen_close(struct kyi_seen *seen);
/* What the reader before stored of this process; false: nothing. */
bool kyi_seen_find(struct kyi_seen *seen, const uint8_t id[KYI_INSTANCE_BYTES],
    struct kyi_seen_place *place);
void kyi_seen_put(struct kyi_seen *seen, const uint8_t id[KYI_INSTANCE_BYTES],
    struct kyi_seen_place *place, const uint64_t values[KYI_SEEN_CNT]);
/* The place is another's from now on: its process was absorbed. */
void kyi_seen_free(struct kyi_seen *seen, struct kyi_seen_place *place);
/* Nobody asked for them: records of the reader before go, once. */
void kyi_seen_tidy(struct kyi_seen *seen);

/* ---- instance.c -------------------------------------------------------------- */

struct kyi_last {
	uint64_t sum;
	struct kymo_hist *hist; /* NULL: none yet, or another kind */
};

enum kyi_known {
	KYI_NOT_SURE, /* the database cannot say whether it was absorbed */
	KYI_COUNTED,  /* it was not */
	KYI_ABSORBED,
};

/* A process that was seen. */
struct kyi_instance {
	struct kyi_instance *next;
	uint8_t id[KYI_INSTANCE_BYTES];
	char service[64];
	uint32_t pid;
	struct kyi_age age;
	uint64_t scan;         /* the last that it was added to */
	uint64_t seen_mono_ns;
	enum kyi_known known;
	struct kyi_seen_place seen;
	bool came_back_said;
	/* By series index, after them by kyi_own; NULL: refused. */
	struct kyi_entry **entries;
	struct kyi_last *last; /* totals as last seen */
	uint32_t cnt, room;
	struct kyi_entry *own[KYI_OWN_CNT_MAX];
	struct kyi_last own_last[KYI_OWN_CNT_MAX];
};

/* Takes one region in; see kymo_model_add. */
KYMO_MUST_CHECK int kyi_model_take(struct kymo_model *model,
    const struct kyi_source *source, bool absorb, bool *absorbed,
    struct kymo_error *error);
/* Vanished regions: their last known totals, and their end. */
void kyi_model_missing(struct kymo_model *model);
void kyi_instance_drop(struct kyi_instance *instance); /* lets go of its entries */
void kyi_instances_free(struct kymo_model *model);

/* What source says now; totals false: only what is no total. */
void kyi_sums_add(struct kymo_model *model, struct kyi_instance *instance,
    const struct kyi_source *source, bool totals);
/* Its totals as last seen. */
void kyi_sums_add_last(struct kymo_model *model,
    const struct kyi_instance *instance);

/* ---- retired.c ----------------------------------------------------------------- */

struct kyi_retired;

/* One total of the dead. */
struct kyi_retired_row {
	struct kyi_family_wish family;
	const struct kymo_label *labels;
	uint32_t label_cnt;
	bool overflow;
	uint64_t created_ns;
	uint64_t sum;
	double rest;
	struct kymo_hist hist;
};

#define KYI_BLOB_LABELS_MAX 64u

struct kyi_blob {
	uint8_t *at; /* malloc'ed; NULL: no memory */
	size_t len_bytes;
};

/* Strings one after another, each with its NUL. */
struct kyi_blob kyi_pack_strings(const char *const *strings, uint32_t cnt);
struct kyi_blob kyi_pack_labels(const struct kymo_label *labels, uint32_t cnt);
struct kyi_blob kyi_pack_value(const struct kyi_retired_row *row);
/* How many strings there are; 0 if it is damaged. */
uint32_t kyi_unpack_strings(const char *strings[], uint32_t cnt_max,
    const void *at, int len_bytes);
/* row->family.kind is set. *buckets is malloc'ed if it is a histogram. */
bool kyi_unpack_value(struct kyi_retired_row *row, const void *bytes,
    size_t len_bytes, uint64_t **buckets);

struct kyi_retired *kyi_retired_open(const char *path,
    void (*warn)(void *to, const char *text), void *to,
    struct kymo_error *error);
void kyi_retired_close(struct kyi_retired *retired);
KYMO_MUST_CHECK int kyi_retired_load(struct kyi_retired *retired,
    int (*row)(void *to, const struct kyi_retired_row *row), void *to,
    struct kymo_error *error);
/* 1: absorbed before, 0: not, -1: cannot tell. */
int kyi_retired_has(struct kyi_retired *retired,
    const uint8_t id[KYI_INSTANCE_BYTES]);
/* One transaction: begin, rows with their new totals, commit (or rollback). */
KYMO_MUST_CHECK int kyi_retired_begin(struct kyi_retired *retired,
    const uint8_t id[KYI_INSTANCE_BYTES], uint64_t now_ns,
    struct kymo_error *error);
KYMO_MUST_CHECK int kyi_retired_put(struct kyi_retired *retired,
    const struct kyi_retired_row *row, struct kymo_error *error);
KYMO_MUST_CHECK int kyi_retired_commit(struct kyi_retired *retired,
    struct kymo_error *error);
void kyi_retired_rollback(struct kyi_retired *retired);

/* ---- state_file.c ------------------------------------------------------------ */

/* Makes the folders of path, 0700, as mkdir -p would. */
KYMO_MUST_CHECK int kyi_state_folders(const char *path,
    struct kymo_error *error);
/* A file descriptor that keeps other readers away; -1: there is one. */
KYMO_MUST_CHECK int kyi_state_lock(const char *path, struct kymo_error *error);
/* Out of the way, not deleted: somebody may want to look at it. */
KYMO_MUST_CHECK int kyi_state_set_aside(const char *path,
    void (*warn)(void *to, const char *text), void *to,
    struct kymo_error *error);

/* ---- absorb.c -------------------------------------------------------------------- */

/* kyi_absorb makes the last known totals of instance those of the dead, and
   lets go of its entries. -1: not done, nothing changed. */
KYMO_MUST_CHECK int kyi_absorb(struct kymo_model *model,
    struct kyi_instance *instance, struct kymo_error *error);
/* The database's totals, into entries. */
KYMO_MUST_CHECK int kyi_absorb_load(struct kymo_model *model,
    struct kymo_error *error);

/* ---- the model ------------------------------------------------------------------- */

/* Families and entries live as long as the model or any scan of it. */
struct kyi_store {
	uint64_t refs; /* atomic */
	struct kyi_families families;
	struct kyi_entries entries;
};

#define KYI_INSTANCE_HASH 4096u

struct kymo_model {
	struct kymo_model_options options;
	struct kyi_store *store;
	struct kyi_retired *retired;
	struct kyi_seen *seen;
	struct kyi_instance *instances[KYI_INSTANCE_HASH];
	uint64_t number, now_ns, now_mono_ns, first_mono_ns;
	struct kymo_scan *current; /* RCU */
	struct kymo_scan *scans;   /* all not yet released, newest first */
	struct kyi_pool_chunk *spare; /* memory for the next */
	bool full_said;
	/* kymo_model_filter */
	bool (*family_shown)(void *of, const struct kymo_family_scan *family);
	void *family_shown_of;
};

struct kymo_scan_private {
	uint64_t refs; /* atomic; 0: nobody may take it any more */
	struct kyi_store *store;
	struct kyi_pool pool;
	uint32_t released; /* atomic: its memory may go */
	struct kymo_scan *older;
};

/* NULL: no memory. */
struct kymo_scan *kyi_scan_build(struct kymo_model *model);

void kyi_scan_publish(struct kymo_model *model, struct kymo_scan *scan);
/* Frees what was released; the number of the oldest scan that is still held. */
uint64_t kyi_publish_sweep(struct kymo_model *model);
void kyi_publish_end(struct kymo_model *model);
void kyi_store_drop(struct kyi_store *store);

#endif
