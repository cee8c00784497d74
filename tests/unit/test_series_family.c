/* SPDX-License-Identifier: MIT */
/* Goal: a name on a page has one meaning. Method: families in every order that
   collides; the reader's own families against the list that people read. */
#include "tests/testlib/testlib.h"

#include "reader/series/private.h"

struct row {
	const char *name;
	enum kymo_metric_kind kind;
	const char *shown;
};

static struct kyi_family_kept *
find(struct kyi_families *kept, const struct row *row, const char *service,
    uint64_t born_ns)
{
	struct kyi_family_wish wish = {
		.name = row->name, .kind = row->kind, .help = "", .unit = "",
		.component = "", .service = service, .born_ns = born_ns,
	};
	struct kyi_family_kept *family = kyi_family_find(kept, &wish);

	assert_non_null(family);
	assert_ptr_equal(kyi_family_find(kept, &wish), family);
	return family;
}

static void
test_conflicting_families_are_kept_apart(void **state)
{
	static const struct row rows[] = {
		{"x", KYMO_METRIC_COUNTER, "x"},
		{"x", KYMO_METRIC_GAUGE, "x_conflict_gauge"},
		{"x_total", KYMO_METRIC_GAUGE, "x_total_conflict_gauge"},
		{"y", KYMO_METRIC_HISTOGRAM, "y"},
		{"y_count", KYMO_METRIC_GAUGE, "y_count_conflict_gauge"},
		{"y_bucket", KYMO_METRIC_COUNTER, "y_bucket_conflict_counter"},
		{"z", KYMO_METRIC_GAUGE, "z"},
		{"a_sum", KYMO_METRIC_GAUGE, "a_sum"},
		{"a", KYMO_METRIC_SUMMARY, "a_conflict_summary"},
		{"i_info", KYMO_METRIC_UPDOWN, "i_info"},
		{"i", KYMO_METRIC_TEXT, "i_conflict_text"},
	};
	struct kyi_families kept = {0};
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		struct kyi_family_kept *family = find(&kept, &rows[row], "s", 1);

		kyi_families_name(&kept);
		assert_string_equal(family->name, rows[row].shown);
	}
	for (row = 0; row + 1 < kept.named_cnt; row++)
		assert_true(strcmp(kept.all[row]->name,
		    kept.all[row + 1]->name) < 0);
	assert_int_equal(kept.conflict_cnt, 6);
	kyi_families_free(&kept);
}

static void
test_of_families_met_together_the_lowest_service_has_the_name(void **state)
{
	static const struct row counter = {"x", KYMO_METRIC_COUNTER, ""};
	static const struct row gauge = {"x", KYMO_METRIC_GAUGE, ""};
	/* In the order that they are met. */
	static const struct {
		const char *counter_of, *gauge_of;
		uint64_t counter_born_ns, gauge_born_ns;
		bool counter_has_it;
	} rows[] = {
		{"a", "b", 5, 1, true},
		{"b", "a", 1, 5, false},
		{"s", "s", 5, 1, false},
		{"s", "s", 1, 5, true},
	};
	size_t row;

	for (row = 0; row < 2 * sizeof(rows) / sizeof(*rows); row++) {
		struct kyi_families kept = {0};
		struct kyi_family_kept *c = NULL, *g;

		if (row % 2 == 0)
			c = find(&kept, &counter, rows[row / 2].counter_of,
			    rows[row / 2].counter_born_ns);
		/* Somebody later has it too, which changes nothing. */
		find(&kept, &gauge, "z", 9);
		g = find(&kept, &gauge, rows[row / 2].gauge_of,
		    rows[row / 2].gauge_born_ns);
		if (c == NULL)
			c = find(&kept, &counter, rows[row / 2].counter_of,
			    rows[row / 2].counter_born_ns);
		kyi_families_name(&kept);
		assert_string_equal(c->name, rows[row / 2].counter_has_it ?
		    "x" : "x_conflict_counter");
		assert_string_equal(g->name, rows[row / 2].counter_has_it ?
		    "x_conflict_gauge" : "x");
		/* Who comes later finds it taken, whoever it is. */
		assert_string_equal(g->name, find(&kept, &gauge, "", 0)->name);
		kyi_families_free(&kept);
	}
}

static void
test_more_families_of_a_name_than_are_kept_apart_have_none(void **state)
{
	static const char *const keys[] = {"a", "b"};
	struct kyi_families kept = {0};
	uint32_t i, named = 0;

	for (i = 0; i < 100; i++) {
		struct kyi_family_wish wish = {
			.name = "x", .help = "", .unit = "", .component = "",
			.kind = KYMO_METRIC_GAUGE, .exponent = (int)i,
			.label_keys = keys, .label_cnt = i % 3,
		};

		assert_non_null(kyi_family_find(&kept, &wish));
		kyi_families_name(&kept);
	}
	for (i = 0; i < kept.cnt; i++)
		named += kept.all[i]->name != NULL;
	assert_int_equal(named, 17);
	assert_int_equal(kept.named_cnt, named);
	assert_int_equal(kept.conflict_cnt, 99);
	kyi_families_free(&kept);
}

static void
test_labels_of_a_page_are_different_ones(void **state)
{
	static const char *const keys[] = {"service", "exported_service",
	    "le", "quantile", "pid", "colour", "kymo_overflow"};
	static const char *const shown[] = {"exported_exported_service",
	    "exported_service", "exported_le", "quantile", "exported_pid",
	    "colour", "exported_kymo_overflow"};
	struct kyi_family_wish wish = {
		.name = "x", .help = "", .unit = "", .component = "",
		.kind = KYMO_METRIC_HISTOGRAM, .label_keys = keys,
		.label_cnt = 7,
	};
	struct kyi_families kept = {0};
	struct kyi_family_kept *family = kyi_family_find(&kept, &wish);
	uint32_t i;

	for (i = 0; i < 7; i++)
		assert_string_equal(family->page_keys[i], shown[i]);
	kyi_families_free(&kept);
}

static void
test_own_families_are_those_of_the_schema(void **state)
{
	FILE *file = fopen(testlib_srcfile("schema/kymo.metrics"), "r");
	static const char *const kinds[] = {
		[KYMO_METRIC_COUNTER] = "counter",
		[KYMO_METRIC_FLOAT_COUNTER] = "counter",
		[KYMO_METRIC_GAUGE] = "gauge",
		[KYMO_METRIC_FLOAT_GAUGE] = "gauge",
	};
	char line[300], want[300];
	uint32_t i = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "process_", 8) != 0 &&
		    strncmp(line, "kymo_", 5) != 0)
			continue;
		if (strstr(line, " reader ") != NULL)
			continue; /* not about a region */
		assert_true(i < kyi_own_cnt);
		snprintf(want, sizeof(want), "%s %s unit=%s service%s%s%s%s: %s\n",
		    kyi_own[i].name, kinds[kyi_own[i].kind], kyi_own[i].unit,
		    kyi_own[i].key == NULL ? "" : ",",
		    kyi_own[i].key == NULL ? "" : kyi_own[i].key,
		    kyi_own[i].key == NULL ? "" : "=",
		    kyi_own[i].key == NULL ? "" : kyi_own[i].label,
		    kyi_own[i].help);
		assert_string_equal(line, want);
		i++;
	}
	assert_int_equal(i, kyi_own_cnt);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflicting_families_are_kept_apart),
		cmocka_unit_test(
		    test_of_families_met_together_the_lowest_service_has_the_name),
		cmocka_unit_test(
		    test_more_families_of_a_name_than_are_kept_apart_have_none),
		cmocka_unit_test(test_labels_of_a_page_are_different_ones),
		cmocka_unit_test(test_own_families_are_those_of_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
