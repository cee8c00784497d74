/* SPDX-License-Identifier: MIT */
/* Goal: families and series come out as they were registered, once each, in
   order; a record that is not sound is refused and the others go on.
   Method: records by make_region.h, and rows of records that lie. */
#include "tests/testlib/testlib.h"

#include "reader/region/private.h"
#include "tests/testlib/make_region.h"

static const char *const no_values[] = { NULL };

static struct kymo_region *
open_made(const struct make_region *m)
{
	struct kymo_region *region;
	struct kymo_error error = { "" };

	if (kymo_region_open_path(&region, m->region.path, &error) != 0)
		fail_msg("%s", error.text);
	return region;
}

static void
scan(struct kymo_region *region)
{
	struct kymo_error error = { "" };

	if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0)
		fail_msg("%s", error.text);
}

static uint64_t
bad_records(const struct kymo_region *region)
{
	return kymo_region_info(region)->losses.bad_records;
}

static void
test_all_that_was_said_of_a_family_is_found(void **state)
{
	static const char *const keys[] = { "method", "code", NULL };
	static const char *const values[] = { "GET", "", NULL };
	static const char *const states[] = { "on", "off", NULL };
	const struct kymo_region_family *families;
	const struct kymo_region_series *series;
	struct make_region m;
	struct kymo_region *region;
	uint32_t family, cnt;

	make_region(&m, testlib_dir(), "records");
	family = make_family(&m, &(struct make_family){
		.kind = KYI_KIND_GAUGE, .name = "load", .help = "How much",
		.unit = "seconds", .component = "core.db-1", .keys = keys,
		.agg = KYI_AGG_MAX, .exponent = -9 });
	make_series(&m, family, values);
	make_series(&m, family, NULL);
	family = make_family(&m, &(struct make_family){
		.kind = KYI_KIND_STATE_SET, .name = "mode", .states = states });
	make_series(&m, family, no_values);
	region = open_made(&m);
	scan(region);
	families = kymo_region_families(region, &cnt);
	assert_int_equal(cnt, 2);
	assert_int_equal(families[0].id, 1);
	assert_int_equal(families[0].kind, KYMO_METRIC_GAUGE);
	assert_int_equal(families[0].agg, KYMO_METRIC_MAX_OF);
	assert_string_equal(families[0].name, "load");
	assert_string_equal(families[0].help, "How much");
	assert_string_equal(families[0].unit, "seconds");
	assert_string_equal(families[0].component, "core.db-1");
	assert_int_equal(families[0].label_cnt, 2);
	assert_string_equal(families[0].label_keys[0], "method");
	assert_string_equal(families[0].label_keys[1], "code");
	assert_int_equal(families[0].exponent, -9);
	assert_int_equal(families[0].sample_n, 1);
	assert_string_equal(families[1].help, "");
	assert_int_equal(families[1].label_cnt, 0);
	assert_int_equal(families[1].state_cnt, 2);
	assert_string_equal(families[1].states[1], "off");
	series = kymo_region_series(region, &cnt);
	assert_int_equal(cnt, 3);
	assert_int_equal(series[0].family_idx, 0);
	assert_false(series[0].overflow);
	assert_string_equal(series[0].label_values[0], "GET");
	assert_string_equal(series[0].label_values[1], "");
	assert_true(series[0].born_ns > 1500000000ull * 1000000000);
	assert_true(series[1].overflow);
	assert_string_equal(series[1].label_values[1], "");
	assert_int_equal(series[2].family_idx, 1);
	assert_int_equal(kymo_region_info(region)->family_cnt, 2);
	assert_int_equal(kymo_region_info(region)->series_cnt, 3);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_later_records_follow_and_the_first_keep_their_place(void **state)
{
	const struct kymo_region_family *families;
	struct make_region m;
	struct kymo_region *region;
	uint32_t cnt, i;
	char name[16];

	make_region(&m, testlib_dir(), "records");
	region = open_made(&m);
	scan(region);
	kymo_region_families(region, &cnt);
	assert_int_equal(cnt, 0);
	for (i = 0; i < 100; i++) {
		uint32_t family;

		snprintf(name, sizeof(name), "family_%u", i);
		family = make_family(&m, &(struct make_family){
			.kind = KYI_KIND_COUNTER, .name = name });
		*make_cell(&m, 1, make_series(&m, family, no_values)) = i;
		if (i % 7 == 0)
			scan(region);
	}
	scan(region);
	families = kymo_region_families(region, &cnt);
	assert_int_equal(cnt, 100);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "family_%u", i);
		assert_string_equal(families[i].name, name);
		assert_int_equal(kymo_region_series(region, &cnt)[i].value.is.u,
		    i);
	}
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_strings_are_repaired_and_cannot_end_early(void **state)
{
	static const char *const keys[] = { "key", NULL };
	static const char raw[] = "a\0b\xff\xe2\x82\xac";
	struct make_region m;
	struct kymo_region *region;
	struct kyi_series record = { .rec_type = KYI_REC_SERIES, .id = 1,
		.family_id = 1, .at = KYI_CELL_FIRST };
	uint32_t cnt, ref;

	make_region(&m, testlib_dir(), "records");
	make_family(&m, &(struct make_family){ .kind = KYI_KIND_COUNTER,
		.name = "c", .help = "h\xc3", .keys = keys });
	ref = make_bytes(&m, raw, sizeof(raw) - 1);
	record.label_values_ref = make_bytes(&m, &ref, sizeof(ref));
	make_record(&m, &record);
	region = open_made(&m);
	scan(region);
	assert_string_equal(kymo_region_families(region, &cnt)->help,
	    "h\xef\xbf\xbd");
	assert_string_equal(kymo_region_series(region, &cnt)->label_values[0],
	    "a\xef\xbf\xbd" "b\xef\xbf\xbd\xe2\x82\xac");
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

/* A good family and series before and after what a row spoils. */
struct spoil {
	struct make_region m;
	struct kyi_family family;
	struct kyi_series series;
};

static void
again_family(struct spoil *s)
{
	s->family.name_ref = make_text(&s->m, "good");
}

static void
bad_name(struct spoil *s)
{
	s->family.name_ref = make_text(&s->m, "no good");
}

static void
no_name(struct spoil *s)
{
	s->family.name_ref = 0;
}

static void
long_name(struct spoil *s)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	s->family.name_ref = make_bytes(&s->m, name, sizeof(name));
}

static void
far_name(struct spoil *s)
{
	s->family.name_ref = UINT32_MAX;
}

static void
header_name(struct spoil *s)
{
	s->family.name_ref = 1;
}

static void
far_help(struct spoil *s)
{
	s->family.help_ref = 0x7fffffff;
}

static void
bad_kind(struct spoil *s)
{
	s->family.kind = 99;
}

static void
bad_exponent(struct spoil *s)
{
	s->family.exponent = 19;
}

static void
id_zero(struct spoil *s)
{
	s->family.id = 0;
}

static void
id_again(struct spoil *s)
{
	s->family.id = 1;
}

static void
id_far(struct spoil *s)
{
	s->family.id = UINT32_MAX;
}

static void
many_buckets(struct spoil *s)
{
	s->family.kind = KYI_KIND_HISTOGRAM;
	s->family.bucket_cnt = UINT32_MAX;
}

static void
same_keys(struct spoil *s)
{
	static const char *const keys[] = { "key", "key", NULL };

	s->family.label_keys_ref = make_list(&s->m, keys, NULL);
}

static void
bad_key(struct spoil *s)
{
	static const char *const keys[] = { "__key", NULL };

	s->family.label_keys_ref = make_list(&s->m, keys, NULL);
}

static void
seventeen_keys(struct spoil *s)
{
	static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g",
		"h", "i", "j", "k", "l", "m", "n", "o", "p", "q", NULL };

	s->family.label_keys_ref = make_list(&s->m, keys, NULL);
}

static void
series_again(struct spoil *s)
{
	s->series.family_id = 1;
}

static void
series_of_none(struct spoil *s)
{
	s->series.family_id = 77;
}

static void
series_id_again(struct spoil *s)
{
	s->series.id = 1;
}

static void
series_in_sinks(struct spoil *s)
{
	s->series.at = KYI_CELL_LOST;
}

static void
series_beyond(struct spoil *s)
{
	s->series.at = 8192;
}

static void
series_unaligned(struct spoil *s)
{
	s->series.at = KYI_CELL_FIRST + 1;
}

static void
series_one_value(struct spoil *s)
{
	static const char *const values[] = { "v", NULL };

	s->series.label_values_ref = make_list(&s->m, values, NULL);
}

struct spoil_row {
	void (*spoil)(struct spoil *);
	uint32_t family_cnt, series_cnt;
	uint64_t bad_cnt;
	const char *what;
};

/* Between two good ones. */
static void
check_spoiled(const struct spoil_row *row)
{
	struct make_family good = { .kind = KYI_KIND_COUNTER, .name = "good" };
	struct spoil s = { .family = { .rec_type = KYI_REC_FAMILY,
		.id = 2, .kind = KYI_KIND_COUNTER }, .series = {
		.rec_type = KYI_REC_SERIES, .id = 2, .family_id = 2,
		.at = KYI_CELL_FIRST + 8 } };
	struct kymo_region *region;
	uint32_t family_cnt, series_cnt;

	make_region(&s.m, testlib_dir(), "records");
	make_series(&s.m, make_family(&s.m, &good), no_values);
	s.family.name_ref = make_text(&s.m, "spoiled");
	if (row->spoil != NULL)
		row->spoil(&s);
	make_record(&s.m, &s.family);
	make_record(&s.m, &s.series);
	s.m.family_cnt = s.m.series_cnt = 2;
	s.m.window_next += 8;
	good.name = "after";
	*make_cell(&s.m, 1, make_series(&s.m, make_family(&s.m, &good),
	    no_values)) = 5;
	region = open_made(&s.m);
	scan(region);
	kymo_region_families(region, &family_cnt);
	kymo_region_series(region, &series_cnt);
	if (family_cnt != row->family_cnt || series_cnt != row->series_cnt ||
	    bad_records(region) != row->bad_cnt)
		fail_msg("%s: %u families, %u series, %ju bad", row->what,
		    family_cnt, series_cnt, (uintmax_t)bad_records(region));
	assert_int_equal(kymo_region_series(region, &series_cnt)[
	    series_cnt - 1].value.is.u, 5);
	kymo_region_close(region);
	kyi_region_forget(&s.m.region);
}

static void
test_a_record_that_lies_is_refused_and_the_others_go_on(void **state)
{
	static const struct spoil_row rows[] = {
		{ NULL, 3, 3, 0, "sound" },
		{ again_family, 2, 2, 2, "a second family of a name" },
		{ bad_name, 2, 2, 2, "a name with a space" },
		{ no_name, 2, 2, 2, "no name" },
		{ long_name, 2, 2, 2, "a name of 300 bytes" },
		{ far_name, 2, 2, 2, "a name beyond all" },
		{ header_name, 2, 2, 2, "a name in the header" },
		{ far_help, 2, 2, 2, "a help beyond all" },
		{ bad_kind, 2, 2, 2, "kind 99" },
		{ bad_exponent, 2, 2, 2, "exponent 19" },
		{ id_zero, 2, 2, 2, "family 0" },
		{ id_again, 2, 2, 2, "family 1 again" },
		{ id_far, 2, 2, 2, "a family of 2^32 - 1" },
		{ many_buckets, 2, 2, 2, "2^32 - 1 buckets" },
		{ same_keys, 2, 2, 2, "equal label keys" },
		{ bad_key, 2, 2, 2, "a reserved label key" },
		{ seventeen_keys, 2, 2, 2, "17 label keys" },
		{ series_again, 3, 2, 1, "a second series of the same labels" },
		{ series_of_none, 3, 2, 1, "a series of no family" },
		{ series_id_again, 3, 2, 1, "series 1 again" },
		{ series_in_sinks, 3, 2, 1, "a series in the sinks" },
		{ series_beyond, 3, 2, 1, "a series beyond the window" },
		{ series_unaligned, 3, 2, 1, "a cell of no alignment" },
		{ series_one_value, 3, 2, 1, "a value for no key" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_spoiled(&rows[i]);
}

static void
test_records_of_another_version_are_skipped(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	uint8_t record[64] = { 99 };
	uint32_t cnt;

	make_region(&m, testlib_dir(), "records");
	make_record(&m, record);
	make_family(&m, &(struct make_family){ .kind = KYI_KIND_COUNTER,
		.name = "c" });
	region = open_made(&m);
	scan(region);
	kymo_region_families(region, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_strings_that_overlap_are_kept_within_a_budget(void **state)
{
	struct make_region m;
	struct kyi_family record = { .rec_type = KYI_REC_FAMILY,
		.kind = KYI_KIND_COUNTER };
	struct kyi_region_options options = { .dir = testlib_dir(),
		.service = "records", .max_bytes = 2 << 20, .slot_max = 2,
		.window_bytes = 4096 };
	struct kymo_region *region;
	uint32_t words[256], help_ref, i, cnt;
	char name[16];

	memset(&m, 0, sizeof(m));
	MAKE_NEED(kyi_region_create(&m.region, &options) == 0);
	/* Each word is the length of a text that has the rest in it. */
	for (i = 0; i < 256; i++)
		words[i] = 1000;
	help_ref = make_bytes(&m, words, sizeof(words));
	make_bytes(&m, words, sizeof(words));
	for (i = 0; i < 128; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		record.id = i + 1;
		record.name_ref = make_text(&m, name);
		record.help_ref = help_ref + i;
		make_record(&m, &record);
	}
	region = open_made(&m);
	scan(region);
	kymo_region_families(region, &cnt);
	assert_true(cnt > 0 && cnt < 20);
	assert_int_equal(bad_records(region), 128 - cnt);
	assert_true(region->strings.arena.given_bytes < 16384);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_all_that_was_said_of_a_family_is_found),
		IN_DIR(test_later_records_follow_and_the_first_keep_their_place),
		IN_DIR(test_strings_are_repaired_and_cannot_end_early),
		IN_DIR(test_a_record_that_lies_is_refused_and_the_others_go_on),
		IN_DIR(test_records_of_another_version_are_skipped),
		IN_DIR(test_strings_that_overlap_are_kept_within_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
