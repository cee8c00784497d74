/* SPDX-License-Identifier: MIT */
/* Goal: texts, states, health and resource attributes are what the program
   said last, and nothing that was half stored.
   Method: cells of regions made by make_region.h, changed between scans. */
#include "tests/testlib/testlib.h"

#include "reader/region/region.h"
#include "tests/testlib/make_region.h"

static const char *const no_values[] = { NULL };

struct one {
	struct make_region m;
	struct kymo_region *region;
	void *cell;
};

static void
open_one(struct one *one, uint32_t kind, const char *const *states)
{
	struct kymo_error error = { "" };
	uint32_t family;

	make_region(&one->m, testlib_dir(), "shared");
	family = make_family(&one->m, &(struct make_family){ .kind = kind,
		.name = "one", .states = states });
	one->cell = make_shared(&one->m,
	    make_series(&one->m, family, no_values));
	if (kymo_region_open_path(&one->region, one->m.region.path,
	    &error) != 0)
		fail_msg("%s", error.text);
}

static const struct kymo_metric_value *
scan(struct one *one)
{
	struct kymo_error error = { "" };
	uint32_t cnt;

	if (kymo_region_scan(one->region, KYMO_SCAN_VALUES, &error) != 0)
		fail_msg("%s", error.text);
	return &kymo_region_series(one->region, &cnt)[0].value;
}

static uint64_t
bad_records(const struct one *one)
{
	return kymo_region_info(one->region)->losses.bad_records;
}

static void
close_one(struct one *one)
{
	kymo_region_close(one->region);
	kyi_region_forget(&one->m.region);
}

static void
test_a_text_is_the_last_one_that_was_sound(void **state)
{
	static const uint64_t bad_refs[] = { 1, UINT32_MAX, UINT64_MAX,
		1ull << 32, 7777 };
	char long_text[1100];
	struct one one;
	uint64_t *cell;
	size_t i;

	open_one(&one, KYI_KIND_TEXT, NULL);
	cell = one.cell;
	assert_false(scan(&one)->present);
	*cell = make_text(&one.m, "first");
	assert_string_equal(scan(&one)->is.text, "first");
	assert_true(scan(&one)->present);
	*cell = make_text(&one.m, "br\xc3\xb6ken \xc3 \x1b");
	assert_string_equal(scan(&one)->is.text,
	    "br\xc3\xb6ken \xef\xbf\xbd \x1b");
	assert_int_equal(bad_records(&one), 0);
	for (i = 0; i < sizeof(bad_refs) / sizeof(*bad_refs); i++) {
		*cell = bad_refs[i];
		assert_string_equal(scan(&one)->is.text,
		    "br\xc3\xb6ken \xef\xbf\xbd \x1b");
		assert_int_equal(bad_records(&one), 1);
	}
	memset(long_text, 'x', sizeof(long_text));
	*cell = make_bytes(&one.m, long_text, sizeof(long_text));
	scan(&one);
	assert_int_equal(bad_records(&one), 1);
	*cell = 0;
	assert_false(scan(&one)->present);
	close_one(&one);
}

static void
test_states_beyond_the_familys_are_masked(void **state)
{
	static const char *const states[] = { "a", "b", "c", NULL };
	const char *names[KYI_STATE_MAX + 1] = { NULL };
	char texts[KYI_STATE_MAX][8];
	struct one one;
	size_t i;

	open_one(&one, KYI_KIND_STATE_SET, states);
	*(uint64_t *)one.cell = 0xfffffffffffffffd;
	assert_int_equal(scan(&one)->is.bits, 5);
	close_one(&one);
	for (i = 0; i < KYI_STATE_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "s%zu", i);
		names[i] = texts[i];
	}
	open_one(&one, KYI_KIND_STATE_SET, names);
	*(uint64_t *)one.cell = UINT64_MAX;
	assert_true(scan(&one)->is.bits == UINT64_MAX);
	close_one(&one);
}

static void
test_health_is_whole_or_what_it_was(void **state)
{
	struct one one;
	struct kyi_health *health;
	const struct kyi_header *header;
	uint64_t now = kyi_os_mono_ns();

	open_one(&one, KYI_KIND_HEALTH, NULL);
	health = one.cell;
	header = kyi_region_at(&one.m.region, 0);
	assert_false(scan(&one)->present);
	health->state = KYI_HEALTH_DEGRADED;
	health->reason_ref = make_text(&one.m, "slow disk");
	health->since_ns = header->t0_mono_ns + 5;
	health->seq = 1;
	assert_false(scan(&one)->present);
	health->seq = 2;
	assert_true(scan(&one)->present);
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_DEGRADED);
	assert_string_equal(scan(&one)->is.health.reason, "slow disk");
	assert_int_equal(scan(&one)->is.health.since_ns,
	    header->t0_realtime_ns + 5);
	/* While it changes, what it was. */
	health->seq = 3;
	health->state = KYI_HEALTH_FAILING;
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_DEGRADED);
	health->seq = 4;
	health->reason_ref = 0;
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_FAILING);
	assert_string_equal(scan(&one)->is.health.reason, "");
	/* A checker that is stuck says nothing. */
	health->expires_ns = now + 3600000000000ull;
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_FAILING);
	health->expires_ns = now;
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_UNKNOWN);
	assert_int_equal(bad_records(&one), 0);
	health->expires_ns = 0;
	health->state = 77;
	assert_int_equal(scan(&one)->is.health.state, KYMO_IS_UNKNOWN);
	assert_int_equal(bad_records(&one), 1);
	close_one(&one);
}

static void
test_the_last_value_of_a_resource_attribute_stands(void **state)
{
	const struct kymo_region_info *info;
	struct one one;

	open_one(&one, KYI_KIND_GAUGE, NULL);
	info = kymo_region_info(one.region);
	scan(&one);
	assert_int_equal(info->resource_cnt, 0);
	make_resource(&one.m, "service.version", "1");
	make_resource(&one.m, "host", "a");
	scan(&one);
	assert_int_equal(info->resource_cnt, 2);
	make_resource(&one.m, "service.version", "2");
	make_resource(&one.m, "", "no key");
	scan(&one);
	assert_int_equal(info->resource_cnt, 2);
	assert_string_equal(info->resource[0][0], "service.version");
	assert_string_equal(info->resource[0][1], "2");
	assert_string_equal(info->resource[1][1], "a");
	assert_int_equal(bad_records(&one), 1);
	scan(&one);
	assert_int_equal(info->resource_cnt, 2);
	close_one(&one);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_a_text_is_the_last_one_that_was_sound),
		IN_DIR(test_states_beyond_the_familys_are_masked),
		IN_DIR(test_health_is_whole_or_what_it_was),
		IN_DIR(test_the_last_value_of_a_resource_attribute_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
