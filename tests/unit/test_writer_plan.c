/* SPDX-License-Identifier: MIT */
/* Descriptions of families: what becomes of names and units, what is refused,
   which buckets a range has. Pure functions, row by row. */
#include "tests/testlib/testlib.h"

#include "writer/family.h"

static struct kymo_desc
desc_of(enum kymo_kind kind, const char *name, const char *unit)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = kind;
	desc.name = name;
	desc.unit = unit;
	return desc;
}

struct name_row {
	enum kymo_kind kind;
	const char *name, *unit;
	const char *is, *unit_is; /* NULL: refused */
};

static const struct name_row names[] = {
	{ KYMO_KIND_COUNTER, "jobs_total", NULL, "jobs", "" },
	{ KYMO_KIND_COUNTER, "jobs", NULL, "jobs", "" },
	{ KYMO_KIND_COUNTER, "total", NULL, "total", "" },
	{ KYMO_KIND_COUNTER, "_total", NULL, "_total", "" },
	{ KYMO_KIND_COUNTER, "x_seconds_total", NULL, "x_seconds", "seconds" },
	{ KYMO_KIND_COUNTER, "x_total", "seconds", "x_seconds", "seconds" },
	{ KYMO_KIND_COUNTER, "x_seconds_total", "seconds", "x_seconds",
	    "seconds" },
	{ KYMO_KIND_COUNTER, "x_total", "", "x", "" },
	{ KYMO_KIND_FLOAT_COUNTER, "energy_total", "joules", "energy_joules",
	    "joules" },
	{ KYMO_KIND_GAUGE, "memory_total", NULL, "memory_total", "" },
	{ KYMO_KIND_GAUGE, "memory_total", "bytes", "memory_total_bytes",
	    "bytes" },
	{ KYMO_KIND_GAUGE, "seconds", NULL, "seconds", "seconds" },
	{ KYMO_KIND_GAUGE, "milliseconds", NULL, "milliseconds", "" },
	{ KYMO_KIND_GAUGE, "x_bytes", "", "x_bytes", "" },
	{ KYMO_KIND_GAUGE, "hit_ratio", NULL, "hit_ratio", "ratio" },
	{ KYMO_KIND_GAUGE, "x", "furlongs", "x_furlongs", "furlongs" },
	{ KYMO_KIND_HISTOGRAM, "took_seconds", NULL, "took_seconds",
	    "seconds" },
	{ KYMO_KIND_INFO, "build_info", NULL, "build", "" },
	{ KYMO_KIND_INFO, "build", NULL, "build", "" },
	{ KYMO_KIND_INFO, "disk_bytes", NULL, "disk_bytes", "" },
	{ KYMO_KIND_INFO, "build", "", "build", "" },
	{ KYMO_KIND_INFO, "build", "bytes", NULL, NULL },
	{ KYMO_KIND_STATE_SET, "mode", "bytes", NULL, NULL },
	{ KYMO_KIND_GAUGE, "x", "per cent", NULL, NULL },
	{ KYMO_KIND_GAUGE, "x", "%", NULL, NULL },
	{ KYMO_KIND_GAUGE, "", NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, NULL, NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, "9lives", NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, "a-b", NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, "a:b", NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, "caf\xc3\xa9", NULL, NULL, NULL },
	{ KYMO_KIND_GAUGE, "a\n", NULL, NULL, NULL },
};

static void
test_names_get_their_unit_and_lose_their_suffix(void **state)
{
	static const char *const states[] = { "on" };
	struct kyi_plan plan;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct name_row *row = &names[i];
		struct kymo_desc desc = desc_of(row->kind, row->name,
		    row->unit);
		enum kyi_mistake mistake;

		if (row->kind == KYMO_KIND_STATE_SET) {
			desc.states = states;
			desc.state_cnt = 1;
		}
		mistake = kyi_plan_make(&plan, &desc);
		if ((mistake == KYI_SAY_CNT) != (row->is != NULL))
			fail_msg("%s, %s: mistake %d", row->name, row->unit,
			    mistake);
		if (row->is == NULL)
			continue;
		if (plan.name_bytes != strlen(row->is) ||
		    memcmp(plan.name, row->is, plan.name_bytes) != 0 ||
		    plan.unit.len_bytes != strlen(row->unit_is) ||
		    memcmp(plan.unit.at, row->unit_is,
		    plan.unit.len_bytes) != 0)
			fail_msg("%s, %s: is '%.*s' in '%.*s'", row->name,
			    row->unit, (int)plan.name_bytes, plan.name,
			    (int)plan.unit.len_bytes, plan.unit.at);
	}
}

static void
test_a_name_has_two_hundred_bytes_with_its_unit(void **state)
{
	char name[KYI_NAME_BYTES_MAX + 2];
	struct kymo_desc desc = desc_of(KYMO_KIND_GAUGE, name, "");
	struct kyi_plan plan;

	memset(name, 'x', sizeof(name));
	name[KYI_NAME_BYTES_MAX + 1] = '\0';
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_NAME);
	name[KYI_NAME_BYTES_MAX] = '\0';
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	desc.unit = "bytes";
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_UNIT);
	name[KYI_NAME_BYTES_MAX - 6] = '\0';
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	assert_int_equal(plan.name_bytes, KYI_NAME_BYTES_MAX);
}

struct label_row {
	enum kymo_kind kind;
	const char *key1, *key2;
	bool good;
};

static const struct label_row labels[] = {
	{ KYMO_KIND_COUNTER, "method", "code", true },
	{ KYMO_KIND_COUNTER, "method", "method", false },
	{ KYMO_KIND_COUNTER, "", NULL, false },
	{ KYMO_KIND_COUNTER, "__name__", NULL, false },
	{ KYMO_KIND_COUNTER, "_x", NULL, true },
	{ KYMO_KIND_COUNTER, "a-b", NULL, false },
	{ KYMO_KIND_COUNTER, "le", "quantile", true },
	{ KYMO_KIND_COUNTER, "kymo_overflow", NULL, false },
	{ KYMO_KIND_HISTOGRAM, "le", NULL, false },
	{ KYMO_KIND_HISTOGRAM, "quantile", NULL, true },
	{ KYMO_KIND_SUMMARY, "quantile", NULL, false },
	{ KYMO_KIND_SUMMARY, "le", NULL, true },
	{ KYMO_KIND_STATE_SET, "x", NULL, false },
	{ KYMO_KIND_STATE_SET, "y", NULL, true },
};

static void
test_label_keys_are_names_and_free(void **state)
{
	static const char *const states[] = { "on", "off" };
	struct kyi_plan plan;
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		const struct label_row *row = &labels[i];
		struct kymo_desc desc = desc_of(row->kind, "x", NULL);
		const char *const keys[] = { row->key1, row->key2 };

		desc.label_keys = keys;
		desc.label_cnt = row->key2 == NULL ? 1 : 2;
		if (row->kind == KYMO_KIND_STATE_SET) {
			desc.states = states;
			desc.state_cnt = 2;
		}
		if (kyi_plan_make(&plan, &desc) !=
		    (row->good ? KYI_SAY_CNT : KYI_SAY_LABEL))
			fail_msg("kind %d: '%s', '%s'", row->kind, row->key1,
			    row->key2);
	}
}

static void
test_what_is_missing_or_too_much_is_refused(void **state)
{
	static const char *const keys[17] = { "a", "b", "c", "d", "e", "f",
		"g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q" };
	static const char *const states[3] = { "on", "off", "on" };
	struct kymo_desc desc = desc_of(KYMO_KIND_COUNTER, "x", NULL);
	struct kyi_plan plan;

	desc.label_keys = keys;
	desc.label_cnt = 16;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	desc.label_cnt = 17;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_LABEL);
	desc.label_cnt = 1;
	desc.label_keys = NULL;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_LABEL);

	desc = desc_of(KYMO_KIND_STATE_SET, "x", NULL);
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_STATE);
	desc.states = states;
	desc.state_cnt = 2;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	desc.state_cnt = 3;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_STATE);
	desc.state_cnt = 65;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_STATE);
	desc = desc_of(KYMO_KIND_GAUGE, "x", NULL);
	desc.state_cnt = 1;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_STATE);

	desc = desc_of((enum kymo_kind)0, "x", NULL);
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_KIND);
	desc = desc_of((enum kymo_kind)14, "x", NULL);
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_KIND);
	desc = desc_of(KYMO_KIND_GAUGE, "x", NULL);
	desc.component = "a b";
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_COMPONENT);
	desc = desc_of(KYMO_KIND_GAUGE, "x", NULL);
	desc.exponent = -19;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_RANGE);
	desc.exponent = -18;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	desc.agg = (enum kymo_agg)5;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_RANGE);
	desc = desc_of(KYMO_KIND_GAUGE, "x", NULL);
	desc.size_bytes = 8;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_SIZE);
}

/* A program compiled with an older, shorter kymo_desc. */
static void
test_fields_beyond_size_bytes_are_not_read(void **state)
{
	struct kymo_desc desc = desc_of(KYMO_KIND_GAUGE, "x", "bytes");
	struct kyi_plan plan;

	desc.exponent = 99;
	desc.size_bytes = offsetof(struct kymo_desc, exponent);
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	assert_int_equal(plan.rec.exponent, 0);
	assert_int_equal(plan.name_bytes, strlen("x_bytes"));
}

static void
test_help_is_cut_between_characters(void **state)
{
	char help[KYI_HELP_BYTES_MAX + 3];
	struct kymo_desc desc = desc_of(KYMO_KIND_GAUGE, "x", NULL);
	struct kyi_plan plan;

	memset(help, 'h', sizeof(help));
	memcpy(help + KYI_HELP_BYTES_MAX - 1, "\xc3\xa9", 3);
	desc.help = help;
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	assert_true(plan.cut);
	assert_int_equal(plan.help.len_bytes, KYI_HELP_BYTES_MAX - 1);
	help[KYI_HELP_BYTES_MAX - 1] = '\0';
	assert_int_equal(kyi_plan_make(&plan, &desc), KYI_SAY_CNT);
	assert_false(plan.cut);
}

struct hist_row {
	int scale, exponent;
	uint64_t lo, hi;
	bool good;
	int32_t lo_idx;
	uint32_t bucket_cnt;
};

static const struct hist_row hists[] = {
	/* The default is 31 octaves, and the bucket that ends in lo. */
	{ 0, 0, 0, 0, true, -1, 31 * 16 + 1 },
	{ 0, -9, 0, 0, true, 7 * 16 - 1, 31 * 16 + 1 },
	{ -1, 0, 0, 0, true, -1, 31 + 1 },
	{ 1, 0, 0, 0, true, -1, 62 + 1 },
	{ 6, 0, 0, 0, true, -1, 31 * 64 + 1 },
	{ 7, 0, 0, 0, false, 0, 0 },
	{ -2, 0, 0, 0, false, 0, 0 },
	{ 4, 0, 1000, 1000000, true, 9 * 16 - 1, 11 * 16 + 1 },
	{ 4, 0, 1024, 1048576, true, 10 * 16 - 1, 10 * 16 + 1 },
	{ 4, 0, 1024, 1048577, true, 10 * 16 - 1, 11 * 16 + 1 },
	{ 4, 0, 0, 1024, true, -1, 10 * 16 + 1 },
	{ 4, -9, 0, 1024, true, -1, 10 * 16 + 1 },
	{ 4, 0, 1024, 0, true, 10 * 16 - 1, 31 * 16 + 1 },
	{ 4, 0, 1ull << 40, 0, true, 40 * 16 - 1, 23 * 16 + 1 },
	{ 6, 0, 1, UINT64_MAX, true, -1, 63 * 64 + 1 },
	{ 4, 0, 2, 1, false, 0, 0 },
	{ 4, 0, 1, 1, false, 0, 0 },
	{ 4, 0, 3, 4, true, 15, 17 },
	{ 4, 0, UINT64_MAX, UINT64_MAX, false, 0, 0 },
};

static void
test_ranges_become_buckets(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(hists) / sizeof(*hists); i++) {
		const struct hist_row *row = &hists[i];
		struct kymo_desc desc = desc_of(KYMO_KIND_HISTOGRAM, "x", NULL);
		struct kyi_family rec;

		memset(&rec, 0, sizeof(rec));
		desc.scale = row->scale;
		desc.exponent = row->exponent;
		desc.lo = row->lo;
		desc.hi = row->hi;
		if (kyi_hist_plan(&desc, &rec) != row->good ||
		    (row->good && (rec.lo_idx != row->lo_idx ||
		    rec.bucket_cnt != row->bucket_cnt)))
			fail_msg("row %zu: from %d, %u buckets", i, rec.lo_idx,
			    rec.bucket_cnt);
		assert_true(rec.bucket_cnt <= KYI_BUCKET_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_names_get_their_unit_and_lose_their_suffix),
		cmocka_unit_test(
		    test_a_name_has_two_hundred_bytes_with_its_unit),
		cmocka_unit_test(test_label_keys_are_names_and_free),
		cmocka_unit_test(test_what_is_missing_or_too_much_is_refused),
		cmocka_unit_test(test_fields_beyond_size_bytes_are_not_read),
		cmocka_unit_test(test_help_is_cut_between_characters),
		cmocka_unit_test(test_ranges_become_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
