/* SPDX-License-Identifier: MIT */
/* What this process has registered: families, series, names, strings. It is in
   private memory, which a forked child inherits, so that handles (offsets that
   are given out here) hold in children and before there is a region; what is
   here is copied into each region by writer/publish.h.

   It only grows. All changes are made under the process' lock; a fork by
   another thread may copy it between any two instructions of a change, so each
   is prepared beside and then made true by one store: record_cnt, str_bytes,
   resource_cnt. kyi_registry_recover makes the rest agree with that.

   No allocation: one zeroed object, whose pages come when they are used. */
#ifndef KYI_REGISTRY_H
#define KYI_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shm/layout.h"
#include "shm/place.h"
#include "shm/ref.h"
#include "writer/env.h"
#include "writer/public.h"

#define KYI_FAMILY_MAX 2048u
#define KYI_SERIES_MAX 8192u /* overflow series besides, one a family */
#define KYI_SERIES_ALL_MAX (KYI_SERIES_MAX + KYI_FAMILY_MAX)
#define KYI_SPAN_NAME_MAX 1024u
#define KYI_LOG_FORMAT_MAX 1024u
#define KYI_ORDER_MAX (KYI_FAMILY_MAX + KYI_SERIES_ALL_MAX + \
	KYI_SPAN_NAME_MAX + KYI_LOG_FORMAT_MAX)
#define KYI_RESOURCE_MAX 64u
#define KYI_TEXT_MAX 256u
#define KYI_STRINGS_BYTES (4u << 20)
#define KYI_SERIES_TABLE_CNT 16384u /* powers of two */
#define KYI_STRING_TABLE_CNT 32768u

/* Handles of components that are switched off, and of all with KYMO=off. */
#define KYI_ID_OFF UINT32_MAX
/* Families that found no room: their series are lost, and counted as such. */
#define KYI_ID_LOST (UINT32_MAX - 1)

/* A place in the string arena: 0 is "", else 1 + offset / 8. In the records
   here it stands where a region has a ref. */
#define KYI_POS_FULL UINT32_MAX

struct kyi_reg_family {
	struct kyi_family rec;
	uint32_t label_cnt, state_cnt;
	uint32_t series_cnt;  /* without its overflow series */
	uint32_t overflow_id; /* 0: none yet */
	uint32_t full;        /* release: the overflow series takes the rest */
};

struct kyi_reg_series {
	struct kyi_series rec;
	uint64_t hash;
	uint32_t ready; /* release: handles are given out, and records go there */
};

/* A text that was set once. */
struct kyi_reg_text {
	uint64_t hash;
	uint32_t pos;
};

/* One of record_order: which record came when. */
struct kyi_reg_order {
	uint16_t rec_type, idx;
};

struct kyi_registry {
	struct kyi_env env;
	bool started;
	char service[KYI_SERVICE_BYTES_MAX + 1];
	uint32_t thread_cnt_max; /* of kymo_init_with */
	uint64_t region_bytes_max;
	char dir[KYI_PLACE_BYTES];
	uint64_t hash_seed;
	uint64_t said; /* a bit a mistake (writer/say.h) */

	/* Of the regions that this process and its ancestors had. */
	uint32_t epoch_last, fork_seq, region_pid;

	uint32_t record_cnt; /* of record_order; all counts below follow it */
	uint32_t family_cnt, series_cnt, span_name_cnt, log_format_cnt;
	uint32_t overflow_cnt; /* of series_cnt */
	uint32_t hist_cnt;     /* indexes given out, KYI_HIST_FIRST included */
	uint32_t window_used, shared_used;   /* bytes given out.. */
	uint32_t window_given, shared_given; /* ..that handles point into */
	uint32_t series_full; /* release: no further series in this process */
	uint32_t str_bytes;
	uint32_t resource_cnt, text_cnt; /* release */
	/* Of memory: taken since the region's birth, and what may be (0: any). */
	uint64_t taken_bytes, taken_max;

	struct kyi_resource resources[KYI_RESOURCE_MAX];
	struct kyi_reg_text texts[KYI_TEXT_MAX];
	struct kymo_tls_ *blocks[KYI_SLOT_MAX]; /* by slot, once made */
	uint16_t hist_series[KYI_HIST_MAX];     /* index of series, by index */
	struct kyi_reg_order order[KYI_ORDER_MAX];
	struct kyi_reg_family families[KYI_FAMILY_MAX];
	struct kyi_reg_series series[KYI_SERIES_ALL_MAX];
	struct kyi_name span_names[KYI_SPAN_NAME_MAX];
	struct kyi_name log_formats[KYI_LOG_FORMAT_MAX];
	uint64_t series_table[KYI_SERIES_TABLE_CNT]; /* writer/lookup.h */
	uint32_t string_table[KYI_STRING_TABLE_CNT];
	uint8_t strings[KYI_STRINGS_BYTES] __attribute__((aligned(8)));
};

extern struct kyi_registry kyi_registry;

/* kyi_registry_start gives the counts their first values. */
void kyi_registry_start(struct kyi_registry *registry);

/* kyi_registry_recover makes counts and tables agree with record_cnt, in a
   forked child. */
void kyi_registry_recover(struct kyi_registry *registry);

/* kyi_hash_mix continues hash by a word: an odd constant of the golden ratio,
   and xorshift. */
static inline uint64_t
kyi_hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 32);
}

/* kyi_hash continues hash over len_bytes at data. */
uint64_t kyi_hash(uint64_t hash, const char *data, size_t len_bytes);

/* kyi_cut returns text's length, at most max_bytes; a longer one is cut between
   characters, and *cut set. */
size_t kyi_cut(const char *text, size_t max_bytes, bool *cut);

/* kyi_intern returns the place of a string of these bytes, made if there is
   none; KYI_POS_FULL: no room. */
uint32_t kyi_intern(struct kyi_registry *registry, const char *text,
    size_t len_bytes);
/* kyi_list makes a list of places; "" if cnt is 0. */
uint32_t kyi_list(struct kyi_registry *registry, const uint32_t *pos,
    uint32_t cnt);
bool kyi_text_is(struct kyi_text text, const char *at, size_t len_bytes);

/* kyi_registry_add makes the next record of rec_type, which the caller has
   filled, true, and counts it. False: no room. */
bool kyi_registry_add(struct kyi_registry *registry, uint16_t rec_type);

/* Where the value of a kind is, and how many bytes it takes there. */
enum kyi_cell_of {
	KYI_CELL_IN_WINDOW,
	KYI_CELL_IN_SHARED,
	KYI_CELL_IN_HIST,
	KYI_CELL_NONE
};
enum kyi_cell_of kyi_cell_of(uint8_t kind);
uint32_t kyi_cell_bytes(uint8_t kind);

#define KYI_STRING_IS_LIST 0x80000000u /* in the arena's len_bytes only */

/* kyi_text_at returns what stands at a place; of a list, its places as
   kyi_list_ref gives them. */
static inline struct kyi_text
kyi_text_at(const struct kyi_registry *registry, uint32_t pos)
{
	struct kyi_text text = { "", 0 };
	const uint8_t *at;

	if (pos == 0)
		return text;
	at = registry->strings + ((uint64_t)pos - 1) * 8;
	memcpy(&text.len_bytes, at, sizeof(text.len_bytes));
	text.len_bytes &= ~KYI_STRING_IS_LIST;
	text.at = (const char *)at + sizeof(struct kyi_string);
	return text;
}

#endif
