/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shm/atomic.h"
#include "writer/lookup.h"
#include "writer/registry.h"

/* Beyond this, strings are kept twice rather than searched for long. */
#define PROBE_CNT_MAX 64u

struct kyi_registry kyi_registry;

void
kyi_registry_start(struct kyi_registry *registry)
{
	registry->hist_cnt = KYI_HIST_FIRST;
	registry->window_used = registry->window_given = KYI_CELL_FIRST;
	registry->shared_used = registry->shared_given = KYI_SHARED_FIRST;
}

uint64_t
kyi_hash(uint64_t hash, const char *data, size_t len_bytes)
{
	uint64_t word;

	/* The length first: ("a", "bc") is not ("ab", "c"). */
	hash = kyi_hash_mix(hash, len_bytes + 0x632be59bd9b4e019ull);
	for (; len_bytes >= 8; data += 8, len_bytes -= 8) {
		memcpy(&word, data, 8);
		hash = kyi_hash_mix(hash, word);
	}
	if (len_bytes > 0) {
		word = 0;
		memcpy(&word, data, len_bytes);
		hash = kyi_hash_mix(hash, word);
	}
	return hash;
}

size_t
kyi_cut(const char *text, size_t max_bytes, bool *cut)
{
	size_t len_bytes = strnlen(text, max_bytes + 1), back;

	if (len_bytes <= max_bytes)
		return len_bytes;
	*cut = true;
	/* Not before a byte that goes on with a character. */
	for (back = 0; back < 4 && back <= max_bytes; back++)
		if (((unsigned char)text[max_bytes - back] & 0xc0) != 0x80)
			return max_bytes - back;
	return max_bytes;
}

bool
kyi_text_is(struct kyi_text text, const char *at, size_t len_bytes)
{
	return text.len_bytes == len_bytes &&
	    memcmp(text.at, at, len_bytes) == 0;
}

/* In a small memory cgroup: whether so much more may be kept. */
static bool
afford(struct kyi_registry *registry, uint32_t len_bytes)
{
	if (registry->taken_max != 0 &&
	    registry->taken_bytes + len_bytes > registry->taken_max)
		return false;
	registry->taken_bytes += len_bytes;
	return true;
}

/* A new string; true once str_bytes covers it. */
static uint32_t
string_add(struct kyi_registry *registry, const void *bytes,
    uint32_t len_bytes, uint32_t flag)
{
	uint32_t whole = (uint32_t)sizeof(struct kyi_string) + len_bytes;
	uint8_t *at = registry->strings + registry->str_bytes;
	uint32_t head = len_bytes | flag, pos;

	whole = (whole + 7) / 8 * 8;
	if (whole > KYI_STRINGS_BYTES - registry->str_bytes ||
	    !afford(registry, whole))
		return KYI_POS_FULL;
	memset(at + whole - 8, 0, 8);
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), bytes, len_bytes);
	pos = registry->str_bytes / 8 + 1;
	/* pairs(registry-grow): who counts it in a child has its bytes. */
	kyi_store_u32_release(&registry->str_bytes,
	    registry->str_bytes + whole);
	return pos;
}

uint32_t
kyi_intern(struct kyi_registry *registry, const char *text, size_t len_bytes)
{
	uint64_t hash = kyi_hash(0, text, len_bytes);
	uint32_t *entry = NULL, i, pos;

	if (len_bytes == 0)
		return 0;
	for (i = 0; i < PROBE_CNT_MAX; i++) {
		entry = &registry->string_table[(hash + i) &
		    (KYI_STRING_TABLE_CNT - 1)];
		if (*entry == 0)
			break;
		if (kyi_text_is(kyi_text_at(registry, *entry), text,
		    len_bytes))
			return *entry;
		entry = NULL;
	}
	pos = string_add(registry, text, (uint32_t)len_bytes, 0);
	if (entry != NULL && pos != KYI_POS_FULL)
		/* pairs(registry-grow): a child that has it has the string. */
		kyi_store_u32_release(entry, pos);
	return pos;
}

uint32_t
kyi_list(struct kyi_registry *registry, const uint32_t *pos, uint32_t cnt)
{
	if (cnt == 0)
		return 0;
	return string_add(registry, pos, cnt * (uint32_t)sizeof(*pos),
	    KYI_STRING_IS_LIST);
}

enum kyi_cell_of
kyi_cell_of(uint8_t kind)
{
	switch (kind) {
	case KYI_KIND_COUNTER:
	case KYI_KIND_UPDOWN:
	case KYI_KIND_FLOAT_COUNTER:
	case KYI_KIND_MAX:
	case KYI_KIND_MIN:
		return KYI_CELL_IN_WINDOW;
	case KYI_KIND_GAUGE:
	case KYI_KIND_FLOAT_GAUGE:
	case KYI_KIND_TEXT:
	case KYI_KIND_STATE_SET:
	case KYI_KIND_HEALTH:
		return KYI_CELL_IN_SHARED;
	case KYI_KIND_HISTOGRAM:
	case KYI_KIND_SUMMARY:
		return KYI_CELL_IN_HIST;
	default:
		return KYI_CELL_NONE;
	}
}

uint32_t
kyi_cell_bytes(uint8_t kind)
{
	switch (kyi_cell_of(kind)) {
	case KYI_CELL_IN_WINDOW:
		return kind == KYI_KIND_MAX || kind == KYI_KIND_MIN ? 16 : 8;
	case KYI_CELL_IN_SHARED:
		return sizeof(struct kyi_shared_cell);
	default:
		return 0;
	}
}

/* The count of a type's records. */
static uint32_t *
count_of(struct kyi_registry *registry, uint16_t rec_type)
{
	switch (rec_type) {
	case KYI_REC_FAMILY: return &registry->family_cnt;
	case KYI_REC_SERIES: return &registry->series_cnt;
	case KYI_REC_SPAN_NAME: return &registry->span_name_cnt;
	default: return &registry->log_format_cnt;
	}
}

bool
kyi_registry_add(struct kyi_registry *registry, uint16_t rec_type)
{
	uint32_t *cnt = count_of(registry, rec_type);

	if (registry->record_cnt == KYI_ORDER_MAX ||
	    !afford(registry, sizeof(struct kyi_reg_series)))
		return false;
	registry->order[registry->record_cnt].rec_type = rec_type;
	registry->order[registry->record_cnt].idx = (uint16_t)*cnt;
	/* pairs(registry-grow): one store that a fork has seen or has not. */
	kyi_store_u32_release(&registry->record_cnt, registry->record_cnt + 1);
	kyi_store_u32_relaxed(cnt, *cnt + 1);
	return true;
}

static void
recover_series(struct kyi_registry *registry)
{
	uint32_t i;

	registry->overflow_cnt = 0;
	for (i = 0; i < registry->family_cnt; i++) {
		registry->families[i].series_cnt = 0;
		registry->families[i].overflow_id = 0;
	}
	for (i = 0; i < registry->series_cnt; i++) {
		struct kyi_reg_series *series = &registry->series[i];
		struct kyi_reg_family *family =
		    &registry->families[series->rec.family_id - 1];

		if ((series->rec.flags & KYI_SERIES_OVERFLOW) != 0) {
			registry->overflow_cnt++;
			family->overflow_id = series->rec.id;
		} else {
			family->series_cnt++;
			kyi_series_insert(registry, i);
		}
	}
}

/* The thread that was adding is not here: what it has counted is whole, and
   the count is what this child goes on from, whatever it would see later. */
static uint32_t
count_keep(uint32_t *cnt)
{
	/* pairs(registry-grow), child */
	uint32_t is = kyi_load_u32_acquire(cnt);

	kyi_store_u32_relaxed(cnt, is);
	return is;
}

void
kyi_registry_recover(struct kyi_registry *registry)
{
	uint32_t cnt = count_keep(&registry->record_cnt), i;

	count_keep(&registry->resource_cnt);
	count_keep(&registry->text_cnt);
	/* Last: all of these refer to strings. */
	count_keep(&registry->str_bytes);
	registry->family_cnt = registry->series_cnt = 0;
	registry->span_name_cnt = registry->log_format_cnt = 0;
	for (i = 0; i < cnt; i++)
		(*count_of(registry, registry->order[i].rec_type))++;
	recover_series(registry);
}
