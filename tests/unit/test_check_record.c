/* SPDX-License-Identifier: MIT */
/* Goal: a record that is taken has names of its grammar, lists of the right
   length, and a cell inside its block. Method: a small image with strings of
   every kind; a sound record, one member changed a row. */
#include "tests/testlib/check_strings.h"
#include "tests/testlib/testlib.h"

#include "shm/check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
struct heard {
	char text[1000];
	uint64_t off;
};

static void
hear(void *to, uint64_t off, const char *says)
{
	struct heard *heard = to;
	size_t i;

	for (i = 0; says[i] != '\0'; i++)
		assert_true(says[i] >= ' ' && says[i] <= '~');
	heard->off = off;
	snprintf(heard->text, sizeof(heard->text), "%s", says);
}

struct change {
	size_t off, bytes;
	int64_t value;
	uint32_t ref; /* the string whose ref it becomes; NONE: value */
};
#define SET(type, member, value) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), \
	  value, NONE }
#define REF(type, member, ref) { offsetof(struct type, member), 4, 0, ref }

static void
make(void *record, const struct change *change)
{
	uint8_t *at = (uint8_t *)record + change->off;
	int64_t value = change->ref == NONE ? change->value :
	    refs[change->ref];
	uint32_t u32 = (uint32_t)value;
	uint16_t u16 = (uint16_t)value;

	switch (change->bytes) {
	case 4: memcpy(at, &u32, 4); break;
	case 2: memcpy(at, &u16, 2); break;
	case 1: *at = (uint8_t)value; break;
	}
}

/* A verdict against what a row says: sound without a complaint, or refused
   with one, at the record's offset, that has its words. */
static void
judge(const char *what, bool sound, const struct heard *heard,
    const struct kyi_complaints *complaints, const char *says)
{
	if (sound != (says == NULL) || complaints->cnt != (says != NULL) ||
	    (says != NULL && (strstr(heard->text, says) == NULL ||
	    heard->off != 4160)))
		fail_msg("%s: %s (%s)", what, sound ? "sound" : "refused",
		    heard->text);
}

/* ---- families --------------------------------------------------- */

static const struct kyi_family *
sound_family(uint8_t kind)
{
	static struct kyi_family family;

	memset(&family, 0, sizeof(family));
	family.rec_type = KYI_REC_FAMILY;
	family.id = 7;
	family.name_ref = refs[NAME];
	family.unit_ref = refs[UNIT];
	family.component_ref = refs[COMPONENT];
	family.help_ref = refs[HELP];
	family.label_keys_ref = refs[KEYS];
	family.kind = kind;
	family.exponent = -9;
	if (kind == KYI_KIND_HISTOGRAM || kind == KYI_KIND_SUMMARY) {
		family.scale = 4;
		family.lo_idx = -5;
		family.bucket_cnt = 100;
	}
	if (kind == KYI_KIND_MAX || kind == KYI_KIND_MIN)
		family.peak_window_s = 30;
	if (kind == KYI_KIND_STATE_SET)
		family.states_ref = refs[STATES];
	return &family;
}

struct row {
	const char *what;
	uint8_t kind;
	struct change change;
	const char *says; /* NULL: sound */
};

#define COUNTER KYI_KIND_COUNTER
#define HISTOGRAM KYI_KIND_HISTOGRAM
#define STATE_SET KYI_KIND_STATE_SET
#define F(member, value) SET(kyi_family, member, value)
#define FREF(member, ref) REF(kyi_family, member, ref)

static const struct row family_rows[] = {
	{ "a series", COUNTER, F(rec_type, 2), "type 2, number 7: not a" },
	{ "nothing", COUNTER, F(rec_type, 0), "type 0, number 7: not a" },
	{ "number 0", COUNTER, F(id, 0), "type 1, number 0: not a family" },
	{ "no kind", COUNTER, F(kind, 0), "family 7: its kind 0 is not" },
	{ "a kind to come", COUNTER, F(kind, 14), "its kind 14 is not known" },
	{ "any kind", COUNTER, F(kind, 255), "its kind 255 is not known" },
	{ "each", COUNTER, F(agg, 4), NULL },
	{ "beyond each", COUNTER, F(agg, 5), "its aggregation 5 is not known" },
	{ "exponent -18", COUNTER, F(exponent, -18), NULL },
	{ "exponent 18", COUNTER, F(exponent, 18), NULL },
	{ "exponent -19", COUNTER, F(exponent, -19), "is -19, not -18 to 18" },
	{ "exponent 19", COUNTER, F(exponent, 19), "exponent is 19, not" },
	{ "exponent -128", COUNTER, F(exponent, -128), "exponent is -128" },
	{ "flags to come", COUNTER, F(flags, 0xffff), NULL },
	{ "no name", COUNTER, F(name_ref, 0), "its name breaks the grammar" },
	{ "a dotted name", COUNTER, FREF(name_ref, DOTTED), "name breaks" },
	{ "a long name", COUNTER, FREF(name_ref, LONG_NAME),
	    "its name (ref " },
	{ "a name outside", COUNTER, FREF(name_ref, OUTSIDE), "not inside" },
	{ "a name far outside", COUNTER, F(name_ref, UINT32_MAX),
	    "its name (ref 4294967295) is not inside the strings, or longer" },
	{ "no unit", COUNTER, F(unit_ref, 0), NULL },
	{ "a dotted unit", COUNTER, FREF(unit_ref, DOTTED), "unit breaks" },
	{ "no component", COUNTER, F(component_ref, 0), NULL },
	{ "a dotted component", COUNTER, FREF(component_ref, DOTTED), NULL },
	{ "a component of words", COUNTER, FREF(component_ref, SPACED),
	    "its component breaks the grammar" },
	{ "no help", COUNTER, F(help_ref, 0), NULL },
	{ "help of any bytes", COUNTER, FREF(help_ref, NOT_UTF8), NULL },
	{ "long help", COUNTER, FREF(help_ref, LONG_HELP), "longer than 1024" },
	{ "no keys", COUNTER, F(label_keys_ref, 0), NULL },
	{ "an empty list", COUNTER, FREF(label_keys_ref, EMPTY_LIST), NULL },
	{ "a reserved key", COUNTER, FREF(label_keys_ref, KEYS_RESERVED),
	    "label key 0 breaks the grammar of label names" },
	{ "the same key", COUNTER, FREF(label_keys_ref, KEYS_TWICE),
	    "label key 0 and 1 are the same" },
	{ "too many keys", COUNTER, FREF(label_keys_ref, KEYS_MANY),
	    "or longer than 64 bytes" },
	{ "a key outside", COUNTER, FREF(label_keys_ref, KEYS_BAD),
	    "label key (ref 4294967295)" },
	{ "keys of seven bytes", COUNTER, FREF(label_keys_ref, KEYS_ODD),
	    "list of label key has 7 bytes" },
	{ "keys of one length", COUNTER, FREF(label_keys_ref, KEYS_ALIKE),
	    NULL },
	{ "ge of a histogram", HISTOGRAM, FREF(label_keys_ref, KEY_GE), NULL },
	{ "le of a counter", COUNTER, FREF(label_keys_ref, KEYS_LE), NULL },
	{ "le of a histogram", HISTOGRAM, FREF(label_keys_ref, KEYS_LE),
	    "label key 0 is le or quantile" },
	{ "quantile of a histogram", HISTOGRAM,
	    FREF(label_keys_ref, KEYS_QUANTILE), NULL },
	{ "quantile of a summary", KYI_KIND_SUMMARY,
	    FREF(label_keys_ref, KEYS_QUANTILE), "key 1 is le or quantile" },
	{ "scale 6", HISTOGRAM, F(scale, 6), NULL },
	{ "scale 7", HISTOGRAM, F(scale, 7), "its scale is 7, not 0 to 6" },
	{ "scale 7 of a counter", COUNTER, F(scale, 7), NULL },
	{ "first bucket at the end", HISTOGRAM, F(lo_idx, 70400), NULL },
	{ "first bucket at the beginning", HISTOGRAM, F(lo_idx, -70400), NULL },
	{ "first bucket beyond", HISTOGRAM, F(lo_idx, 70401),
	    "first bucket is 70401, not within 70400 of 0" },
	{ "first bucket before", HISTOGRAM, F(lo_idx, -70401), "is -70401" },
	{ "first bucket of all", HISTOGRAM, F(lo_idx, INT32_MIN),
	    "first bucket is -2147483648" },
	{ "no buckets", HISTOGRAM, F(bucket_cnt, 0), "it has 0 buckets" },
	{ "all buckets", HISTOGRAM, F(bucket_cnt, KYI_BUCKET_MAX), NULL },
	{ "a bucket more", HISTOGRAM, F(bucket_cnt, KYI_BUCKET_MAX + 1),
	    "it has 4097 buckets, not 1 to 4096" },
	{ "a peak of no time", KYI_KIND_MAX, F(peak_window_s, 0),
	    "a peak of 0 seconds" },
	{ "a low of no time", KYI_KIND_MIN, F(peak_window_s, 0),
	    "a peak of 0 seconds" },
	{ "no states", STATE_SET, F(states_ref, 0), "without states" },
	{ "the same state", STATE_SET, FREF(states_ref, STATES_TWICE),
	    "state 0 and 1 are the same" },
	{ "too many states", STATE_SET, FREF(states_ref, STATES_MANY),
	    "its state (ref " },
	{ "states of a counter", COUNTER, FREF(states_ref, STATES_MANY), NULL },
};

static void
test_families(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(family_rows); i++) {
		const struct row *row = &family_rows[i];
		struct kyi_family family = *sound_family(row->kind);
		struct heard heard = { "", 0 };
		struct kyi_complaints complaints = { hear, &heard, 0 };

		make(&family, &row->change);
		judge(row->what, kyi_check_family(image, STRINGS_OFF,
		    strings_end, &family, 4160, &complaints), &heard,
		    &complaints, row->says);
	}
}

static void
test_every_kind_has_a_sound_family(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	uint8_t kind;

	for (kind = 1; kind <= KYI_KIND_LAST; kind++)
		assert_true(kyi_check_family(image, STRINGS_OFF, strings_end,
		    sound_family(kind), 4160, &complaints));
	assert_int_equal(complaints.cnt, 0);
}

/* ---- series ----------------------------------------------------- */

#define WINDOW_BYTES 8192
#define SHARED_USED (64 + 512)
#define S(member, value) SET(kyi_series, member, value)
#define SREF(member, ref) REF(kyi_series, member, ref)

static const struct row series_rows[] = {
	{ "a family", COUNTER, S(rec_type, 1), "type 1, number 9: not a" },
	{ "number 0", COUNTER, S(id, 0), "number 0: not a series" },
	{ "another's", COUNTER, S(family_id, 8), "no sound family 8" },
	{ "first cell", COUNTER, S(at, 64), NULL },
	{ "a sink", COUNTER, S(at, 56), "series 9: there is no cell at 56" },
	{ "no place", COUNTER, S(at, 0), "no cell at 0 for kind 1" },
	{ "last cell", COUNTER, S(at, WINDOW_BYTES - 8), NULL },
	{ "a byte off", COUNTER, S(at, 65), "no cell at 65" },
	{ "half a cell off", COUNTER, S(at, 68), "no cell at 68" },
	{ "beyond", COUNTER, S(at, WINDOW_BYTES), "no cell at 8192" },
	{ "far beyond", COUNTER, S(at, UINT32_MAX - 7), "no cell at 42949" },
	{ "updown beyond", KYI_KIND_UPDOWN, S(at, 8192), "for kind 2" },
	{ "float beyond", KYI_KIND_FLOAT_COUNTER, S(at, 8192), "for kind 3" },
	{ "two words", KYI_KIND_MAX, S(at, WINDOW_BYTES - 16), NULL },
	{ "second word beyond", KYI_KIND_MAX, S(at, WINDOW_BYTES - 8),
	    "no cell at 8184 for kind 6" },
	{ "second word of a low", KYI_KIND_MIN, S(at, WINDOW_BYTES - 8),
	    "no cell at 8184 for kind 7" },
	{ "first shared cell", KYI_KIND_GAUGE, S(at, 192), NULL },
	{ "a shared sink", KYI_KIND_GAUGE, S(at, 128), "at 128 for kind 4" },
	{ "last shared cell", KYI_KIND_GAUGE, S(at, 448), NULL },
	{ "a word of a cell", KYI_KIND_GAUGE, S(at, 200), "at 200" },
	{ "a shared cell beyond", KYI_KIND_GAUGE, S(at, 512), "at 512" },
	{ "far beyond shared", KYI_KIND_GAUGE, S(at, UINT32_MAX - 63), "at 4" },
	{ "float gauge beyond", KYI_KIND_FLOAT_GAUGE, S(at, 512), "kind 5" },
	{ "text beyond", KYI_KIND_TEXT, S(at, 512), "kind 11" },
	{ "state set beyond", STATE_SET, S(at, 512), "kind 12" },
	{ "health beyond", KYI_KIND_HEALTH, S(at, 512), "kind 13" },
	{ "first histogram", HISTOGRAM, S(at, 3), NULL },
	{ "a sink of histograms", HISTOGRAM, S(at, 2), "at 2 for kind 8" },
	{ "last histogram", HISTOGRAM, S(at, 99), NULL },
	{ "a histogram too many", HISTOGRAM, S(at, 100), "at 100 for kind 8" },
	{ "a summary too many", KYI_KIND_SUMMARY, S(at, 100), "for kind 9" },
	{ "info is nowhere", KYI_KIND_INFO, S(at, UINT32_MAX), NULL },
	{ "no values", COUNTER, S(label_values_ref, 0),
	    "it has 0 label values for 2 keys" },
	{ "one value", COUNTER, SREF(label_values_ref, VALUES_ONE),
	    "it has 1 label values for 2 keys" },
	{ "a long value", COUNTER, SREF(label_values_ref, VALUES_LONG),
	    "or longer than 1024 bytes" },
	{ "a value outside", COUNTER, SREF(label_values_ref, VALUES_BAD),
	    "its label value (ref 1)" },
	{ "values of seven bytes", COUNTER, SREF(label_values_ref, KEYS_ODD),
	    "list of label values has 7 bytes" },
	{ "values outside", COUNTER, SREF(label_values_ref, OUTSIDE),
	    "its label values (ref 8)" },
};

static struct kyi_series
sound_series(uint8_t kind)
{
	struct kyi_series series = { .rec_type = KYI_REC_SERIES, .id = 9,
		.family_id = 7, .label_values_ref = refs[VALUES], .at = 64 };

	if (kind == HISTOGRAM || kind == KYI_KIND_SUMMARY)
		series.at = 3;
	else if (kind >= KYI_KIND_TEXT || kind == KYI_KIND_GAUGE ||
	    kind == KYI_KIND_FLOAT_GAUGE)
		series.at = 192;
	return series;
}

static bool
check_series(const struct kyi_family *family, const struct kyi_series *series,
    struct kyi_complaints *complaints)
{
	struct kyi_header header = { .window_bytes = WINDOW_BYTES,
		.hist_max = 100 };

	return kyi_check_series(image, STRINGS_OFF, strings_end, &header,
	    SHARED_USED, family, series, 4160, complaints);
}

static void
test_series(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(series_rows); i++) {
		const struct row *row = &series_rows[i];
		struct kyi_series series = sound_series(row->kind);
		struct heard heard = { "", 0 };
		struct kyi_complaints complaints = { hear, &heard, 0 };

		make(&series, &row->change);
		judge(row->what, check_series(sound_family(row->kind), &series,
		    &complaints), &heard, &complaints, row->says);
	}
}

static void
test_every_kind_has_a_sound_series(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	uint8_t kind;

	for (kind = 1; kind <= KYI_KIND_LAST; kind++) {
		struct kyi_series series = sound_series(kind);

		assert_true(check_series(sound_family(kind), &series,
		    &complaints));
	}
	assert_int_equal(complaints.cnt, 0);
}

static void
test_an_overflow_series_needs_no_values(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_series series = sound_series(COUNTER);

	series.label_values_ref = 0;
	series.flags = KYI_SERIES_OVERFLOW;
	assert_true(check_series(sound_family(COUNTER), &series, &complaints));
	series.label_values_ref = refs[VALUES];
	assert_true(check_series(sound_family(COUNTER), &series, &complaints));
	series.label_values_ref = refs[VALUES_ONE];
	assert_false(check_series(sound_family(COUNTER), &series,
	    &complaints));
}

/* What follows a list in the image is no part of it. */
static void
test_a_list_of_one_is_one(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	struct kyi_family family = *sound_family(COUNTER);
	struct kyi_series series = sound_series(COUNTER);

	family.label_keys_ref = refs[KEY_GE];
	series.label_values_ref = refs[VALUES_ONE];
	assert_true(check_series(&family, &series, &complaints));
}

static void
test_a_series_without_a_family_is_none(void **state)
{
	struct heard heard = { "", 0 };
	struct kyi_complaints complaints = { hear, &heard, 0 };
	struct kyi_series series = sound_series(COUNTER);

	assert_false(check_series(NULL, &series, &complaints));
	assert_non_null(strstr(heard.text, "there is no sound family 7"));
}

/* ---- span names and log formats --------------------------------- */

#define N(member, value) SET(kyi_name, member, value)
#define NREF(member, ref) REF(kyi_name, member, ref)
#define SPAN KYI_REC_SPAN_NAME
#define FORMAT KYI_REC_LOG_FORMAT

/* kind: the type of record. */
static const struct row name_rows[] = {
	{ "a span name", SPAN, N(flags, 1), NULL },
	{ "a log format", FORMAT, N(flags, 1), NULL },
	{ "a series", SPAN, N(rec_type, 2), "type 2, number 3: no span name" },
	{ "number 0", SPAN, N(id, 0), "number 0: no span name" },
	{ "no text", SPAN, N(name_ref, 0), "span name 3: it is empty" },
	{ "no format", FORMAT, N(name_ref, 0), "log format 3: it is empty" },
	{ "any bytes", SPAN, NREF(name_ref, NOT_UTF8), NULL },
	{ "a long name", SPAN, NREF(name_ref, LONG_NAME), "longer than 200" },
	{ "a long text", FORMAT, NREF(name_ref, LONG_NAME), NULL },
	{ "too long a text", FORMAT, NREF(name_ref, LONG_FORMAT), "than 4096" },
	{ "a component of words", SPAN, NREF(component_ref, SPACED),
	    "its component breaks" },
	{ "no types", FORMAT, N(types_ref, 0), NULL },
	{ "a type to come", FORMAT, NREF(types_ref, TYPES_BAD),
	    "the type of argument 1 is not known" },
	{ "a span's types", SPAN, NREF(types_ref, TYPES_BAD), NULL },
	{ "too many arguments", FORMAT, NREF(types_ref, TYPES_MANY),
	    "argument types" },
	{ "no severity", FORMAT, N(severity, 0), "severity is 0, not 1 to 5" },
	{ "fatal", FORMAT, N(severity, 5), NULL },
	{ "worse than fatal", FORMAT, N(severity, 6), "severity is 6" },
	{ "a span's severity", SPAN, N(severity, 6), NULL },
};

static void
test_span_names_and_log_formats(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(name_rows); i++) {
		const struct row *row = &name_rows[i];
		struct kyi_name name = { .rec_type = row->kind, .id = 3,
			.name_ref = refs[SPACED], .types_ref = refs[TYPES],
			.component_ref = refs[COMPONENT], .severity = 1 };
		struct heard heard = { "", 0 };
		struct kyi_complaints complaints = { hear, &heard, 0 };

		make(&name, &row->change);
		judge(row->what, kyi_check_name(image, STRINGS_OFF,
		    strings_end, &name, 4160, &complaints), &heard,
		    &complaints, row->says);
	}
}

/* The bounds are what STR was when its head was copied. */
static void
test_strings_that_came_later_are_not_looked_at(void **state)
{
	struct kyi_complaints complaints = { NULL, NULL, 0 };
	const struct kyi_family *family = sound_family(COUNTER);

	assert_true(kyi_check_family(image, STRINGS_OFF, strings_end, family,
	    4160, &complaints));
	assert_false(kyi_check_family(image, STRINGS_OFF, STRINGS_OFF + 16,
	    family, 4160, &complaints));
	assert_false(kyi_check_family(image, strings_end, STRINGS_OFF, family,
	    4160, &complaints));
	assert_false(kyi_check_family(image, STRINGS_OFF, UINT64_MAX, &(struct
	    kyi_family){ .rec_type = 1, .id = 1, .kind = 1, .name_ref =
	    IMAGE_BYTES / 8 }, 4160, &complaints));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_every_kind_has_a_sound_family),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_every_kind_has_a_sound_series),
		cmocka_unit_test(test_an_overflow_series_needs_no_values),
		cmocka_unit_test(test_a_list_of_one_is_one),
		cmocka_unit_test(test_a_series_without_a_family_is_none),
		cmocka_unit_test(test_span_names_and_log_formats),
		cmocka_unit_test(test_strings_that_came_later_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, make_image, NULL);
}
