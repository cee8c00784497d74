/* SPDX-License-Identifier: MIT */
/* Records of DIR. A record is looked at where it lies in the reader's private
   copy, so its members may be read more than once. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "shm/check.h"
#include "shm/name.h"

#define EXPONENT_MAX 18
/* Buckets at the finest scale over more octaves than doubles have. */
#define LO_IDX_MAX (64 * 1100)

/* One record, and what its refs refer to. */
struct look {
	struct kyi_bytes image;
	uint64_t strings_off, strings_end;
	uint64_t off;
	const char *what;
	uint32_t id;
	struct kyi_complaints *complaints;
};

static bool
text_is_sound(const struct look *look, uint32_t ref, uint32_t max_bytes,
    const char *member, struct kyi_text *text)
{
	if (!kyi_string_at(look->image, look->strings_off, look->strings_end,
	    ref, max_bytes, text))
		return kyi_complain_at(look->complaints, look->off,
		    "%s %" PRIu32 ": its %s (ref %" PRIu32 ") is not inside "
		    "the strings, or longer than %" PRIu32 " bytes",
		    look->what, look->id, member, ref, max_bytes);
	return true;
}

/* A text that must match a grammar. */
static bool
word_is_sound(const struct look *look, uint32_t ref, const char *member,
    bool (*matches)(const char *, size_t))
{
	struct kyi_text text;

	if (!text_is_sound(look, ref, KYI_NAME_BYTES_MAX, member, &text))
		return false;
	if (!matches(text.at, text.len_bytes))
		return kyi_complain_at(look->complaints, look->off,
		    "%s %" PRIu32 ": its %s breaks the grammar of such names",
		    look->what, look->id, member);
	return true;
}

static bool
list_is_sound(const struct look *look, uint32_t ref, uint32_t cnt_max,
    const char *member, struct kyi_text *list)
{
	if (!text_is_sound(look, ref, cnt_max * (uint32_t)sizeof(uint32_t),
	    member, list))
		return false;
	if (list->len_bytes % sizeof(uint32_t) != 0)
		return kyi_complain_at(look->complaints, look->off,
		    "%s %" PRIu32 ": its list of %s has %" PRIu32 " bytes",
		    look->what, look->id, member, list->len_bytes);
	return true;
}

static bool
equal(struct kyi_text a, struct kyi_text b)
{
	return a.len_bytes == b.len_bytes &&
	    memcmp(a.at, b.at, a.len_bytes) == 0;
}

static bool
is(struct kyi_text text, const char *word)
{
	return text.len_bytes == strlen(word) &&
	    memcmp(text.at, word, text.len_bytes) == 0;
}

/* The texts of a list, into texts; each one once. */
static bool
names_are_sound(const struct look *look, uint32_t ref, uint32_t cnt_max,
    const char *member, struct kyi_text *texts, uint32_t *cnt)
{
	struct kyi_text list;
	uint32_t i, j;

	if (!list_is_sound(look, ref, cnt_max, member, &list))
		return false;
	*cnt = list.len_bytes / (uint32_t)sizeof(uint32_t);
	for (i = 0; i < *cnt; i++) {
		if (!text_is_sound(look, kyi_list_ref(list, i),
		    KYI_NAME_BYTES_MAX, member, &texts[i]))
			return false;
		for (j = 0; j < i; j++)
			if (equal(texts[i], texts[j]))
				return kyi_complain_at(look->complaints,
				    look->off, "%s %" PRIu32 ": %s %" PRIu32
				    " and %" PRIu32 " are the same", look->what,
				    look->id, member, j, i);
	}
	return true;
}

static bool
is_histogram(uint8_t kind)
{
	return kind == KYI_KIND_HISTOGRAM || kind == KYI_KIND_SUMMARY;
}

/* Keys that an exposition of this kind needs for itself. */
static bool
is_taken(const struct kyi_family *family, struct kyi_text key)
{
	return (family->kind == KYI_KIND_HISTOGRAM && is(key, "le")) ||
	    (family->kind == KYI_KIND_SUMMARY && is(key, "quantile"));
}

static bool
keys_are_sound(const struct look *look, const struct kyi_family *family)
{
	struct kyi_text keys[KYI_LABEL_MAX];
	uint32_t cnt, i;

	if (!names_are_sound(look, family->label_keys_ref, KYI_LABEL_MAX,
	    "label key", keys, &cnt))
		return false;
	for (i = 0; i < cnt; i++) {
		if (!kyi_label_name_is(keys[i].at, keys[i].len_bytes))
			return kyi_complain_at(look->complaints, look->off,
			    "family %" PRIu32 ": label key %" PRIu32
			    " breaks the grammar of label names", look->id, i);
		if (is_taken(family, keys[i]))
			return kyi_complain_at(look->complaints, look->off,
			    "family %" PRIu32 ": label key %" PRIu32
			    " is le or quantile", look->id, i);
	}
	return true;
}

static bool
states_are_sound(const struct look *look, const struct kyi_family *family)
{
	struct kyi_text states[KYI_STATE_MAX];
	uint32_t cnt;

	if (!names_are_sound(look, family->states_ref, KYI_STATE_MAX, "state",
	    states, &cnt))
		return false;
	if (cnt == 0)
		return kyi_complain_at(look->complaints, look->off,
		    "family %" PRIu32 ": a state set without states", look->id);
	return true;
}

static bool
buckets_are_sound(const struct look *look, const struct kyi_family *family)
{
	if (family->scale > KYI_SCALE_MAX)
		return kyi_complain_at(look->complaints, look->off,
		    "family %" PRIu32 ": its scale is %u, not 0 to %u",
		    look->id, family->scale, KYI_SCALE_MAX);
	if (family->lo_idx < -LO_IDX_MAX || family->lo_idx > LO_IDX_MAX)
		return kyi_complain_at(look->complaints, look->off,
		    "family %" PRIu32 ": its first bucket is %" PRId32
		    ", not within %d of 0", look->id, family->lo_idx,
		    LO_IDX_MAX);
	if (family->bucket_cnt == 0 || family->bucket_cnt > KYI_BUCKET_MAX)
		return kyi_complain_at(look->complaints, look->off,
		    "family %" PRIu32 ": it has %" PRIu32
		    " buckets, not 1 to %u", look->id, family->bucket_cnt,
		    KYI_BUCKET_MAX);
	return true;
}

/* What only some kinds have. */
static bool
kind_is_sound(const struct look *look, const struct kyi_family *family)
{
	bool is_peak = family->kind == KYI_KIND_MAX ||
	    family->kind == KYI_KIND_MIN;

	if (is_histogram(family->kind) && !buckets_are_sound(look, family))
		return false;
	if (family->kind == KYI_KIND_STATE_SET &&
	    !states_are_sound(look, family))
		return false;
	if (is_peak && family->peak_window_s == 0)
		return kyi_complain_at(look->complaints, look->off,
		    "family %" PRIu32 ": a peak of 0 seconds", look->id);
	return true;
}

bool
kyi_check_family(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_family *family, uint64_t off,
    struct kyi_complaints *complaints)
{
	struct look look = { image, strings_off, strings_end, off, "family",
	    family->id, complaints };
	struct kyi_text help;

	if (family->rec_type != KYI_REC_FAMILY || family->id == 0)
		return kyi_complain_at(complaints, off,
		    "record of type %u, number %" PRIu32 ": not a family",
		    family->rec_type, family->id);
	if (family->kind == 0 || family->kind > KYI_KIND_LAST)
		return kyi_complain_at(complaints, off,
		    "family %" PRIu32 ": its kind %u is not known", family->id,
		    family->kind);
	if (family->agg > KYI_AGG_EACH)
		return kyi_complain_at(complaints, off,
		    "family %" PRIu32 ": its aggregation %u is not known",
		    family->id, family->agg);
	if (family->exponent < -EXPONENT_MAX || family->exponent > EXPONENT_MAX)
		return kyi_complain_at(complaints, off,
		    "family %" PRIu32 ": its exponent is %d, not -%d to %d",
		    family->id, family->exponent, EXPONENT_MAX, EXPONENT_MAX);
	return word_is_sound(&look, family->name_ref, "name",
	    kyi_metric_name_is) &&
	    word_is_sound(&look, family->unit_ref, "unit", kyi_unit_is) &&
	    word_is_sound(&look, family->component_ref, "component",
	    kyi_component_is) &&
	    text_is_sound(&look, family->help_ref, KYI_HELP_BYTES_MAX, "help",
	    &help) &&
	    keys_are_sound(&look, family) && kind_is_sound(&look, family);
}

/* ---- series ------------------------------------------------------------ */

/* Whether [at, at + bytes) is a run of units inside [first, end). */
static bool
fits(uint64_t at, uint64_t bytes, uint64_t unit, uint64_t first, uint64_t end)
{
	return at % unit == 0 && at >= first && at <= end && bytes <= end - at;
}

static bool
place_is_sound(const struct look *look, const struct kyi_header *header,
    uint64_t shared_used_bytes, uint8_t kind, uint32_t at)
{
	uint64_t shared_bytes = shared_used_bytes < sizeof(struct kyi_block) ?
	    0 : shared_used_bytes - sizeof(struct kyi_block);
	bool sound = false;

	switch (kind) {
	case KYI_KIND_COUNTER:
	case KYI_KIND_UPDOWN:
	case KYI_KIND_FLOAT_COUNTER:
		sound = fits(at, 8, 8, KYI_CELL_FIRST, header->window_bytes);
		break;
	case KYI_KIND_MAX:
	case KYI_KIND_MIN:
		sound = fits(at, 16, 8, KYI_CELL_FIRST, header->window_bytes);
		break;
	case KYI_KIND_GAUGE:
	case KYI_KIND_FLOAT_GAUGE:
	case KYI_KIND_TEXT:
	case KYI_KIND_STATE_SET:
	case KYI_KIND_HEALTH:
		sound = fits(at, 64, 64, KYI_SHARED_FIRST, shared_bytes);
		break;
	case KYI_KIND_HISTOGRAM:
	case KYI_KIND_SUMMARY:
		sound = at >= KYI_HIST_FIRST && at < header->hist_max;
		break;
	case KYI_KIND_INFO:
		sound = true;
		break;
	}
	if (!sound)
		kyi_complain_at(look->complaints, look->off,
		    "series %" PRIu32 ": there is no cell at %" PRIu32
		    " for kind %u", look->id, at, kind);
	return sound;
}

static bool
values_are_sound(const struct look *look, const struct kyi_family *family,
    const struct kyi_series *series)
{
	struct kyi_text keys, values, value;
	uint32_t i;

	if (!list_is_sound(look, family->label_keys_ref, KYI_LABEL_MAX,
	    "label keys", &keys) ||
	    !list_is_sound(look, series->label_values_ref, KYI_LABEL_MAX,
	    "label values", &values))
		return false;
	if (values.len_bytes == 0 && (series->flags & KYI_SERIES_OVERFLOW))
		return true;
	if (values.len_bytes != keys.len_bytes)
		return kyi_complain_at(look->complaints, look->off,
		    "series %" PRIu32 ": it has %zu label values for %zu keys",
		    look->id, values.len_bytes / sizeof(uint32_t),
		    keys.len_bytes / sizeof(uint32_t));
	for (i = 0; i < values.len_bytes / sizeof(uint32_t); i++)
		if (!text_is_sound(look, kyi_list_ref(values, i),
		    KYI_VALUE_BYTES_MAX, "label value", &value))
			return false;
	return true;
}

bool
kyi_check_series(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_header *header,
    uint64_t shared_used_bytes, const struct kyi_family *family,
    const struct kyi_series *series, uint64_t off,
    struct kyi_complaints *complaints)
{
	struct look look = { image, strings_off, strings_end, off, "series",
	    series->id, complaints };

	if (series->rec_type != KYI_REC_SERIES || series->id == 0)
		return kyi_complain_at(complaints, off,
		    "record of type %u, number %" PRIu32 ": not a series",
		    series->rec_type, series->id);
	if (family == NULL || family->id != series->family_id)
		return kyi_complain_at(complaints, off,
		    "series %" PRIu32 ": there is no sound family %" PRIu32,
		    series->id, series->family_id);
	return place_is_sound(&look, header, shared_used_bytes, family->kind,
	    series->at) &&
	    values_are_sound(&look, family, series);
}

/* ---- span names and log formats ---------------------------------------- */

static bool
format_is_sound(const struct look *look, const struct kyi_name *name)
{
	struct kyi_text types;
	uint32_t i;

	if (name->severity < 1 || name->severity > 5)
		return kyi_complain_at(look->complaints, look->off,
		    "log format %" PRIu32 ": its severity is %u, not 1 to 5",
		    look->id, name->severity);
	if (!text_is_sound(look, name->types_ref, KYI_ARG_MAX, "argument types",
	    &types))
		return false;
	for (i = 0; i < types.len_bytes; i++)
		switch (types.at[i]) {
		case KYI_ARG_I64:
		case KYI_ARG_U64:
		case KYI_ARG_F64:
		case KYI_ARG_STR:
			break;
		default:
			return kyi_complain_at(look->complaints, look->off,
			    "log format %" PRIu32 ": the type of argument %"
			    PRIu32 " is not known", look->id, i);
		}
	return true;
}

bool
kyi_check_name(struct kyi_bytes image, uint64_t strings_off,
    uint64_t strings_end, const struct kyi_name *name, uint64_t off,
    struct kyi_complaints *complaints)
{
	bool is_format = name->rec_type == KYI_REC_LOG_FORMAT;
	struct look look = { image, strings_off, strings_end, off,
	    is_format ? "log format" : "span name", name->id, complaints };
	struct kyi_text text;

	if ((!is_format && name->rec_type != KYI_REC_SPAN_NAME) ||
	    name->id == 0)
		return kyi_complain_at(complaints, off,
		    "record of type %u, number %" PRIu32 ": no span name, no "
		    "log format", name->rec_type, name->id);
	if (!text_is_sound(&look, name->name_ref, is_format ?
	    KYI_STRING_BYTES_MAX : KYI_NAME_BYTES_MAX, "text", &text))
		return false;
	if (text.len_bytes == 0)
		return kyi_complain_at(complaints, off,
		    "%s %" PRIu32 ": it is empty", look.what, look.id);
	return word_is_sound(&look, name->component_ref, "component",
	    kyi_component_is) &&
	    (!is_format || format_is_sound(&look, name));
}
