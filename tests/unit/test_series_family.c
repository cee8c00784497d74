/* SPDX-License-Identifier: MIT */
/* Goal: a name on a page has one meaning. Method: families in every order that
   collides; the reader's own families against the list that people read. */
#include "tests/testlib/testlib.h"

#include "reader/series/private.h"

static void
test_conflicting_families_are_kept_apart(void **state)
{
	static const struct {
		const char *name;
		enum kymo_metric_kind kind;
		const char *shown;
	} rows[] = {
		{"x", KYMO_METRIC_COUNTER, "x"},
		{"x", KYMO_METRIC_GAUGE, "x_conflict_gauge"},
		{"x_total", KYMO_METRIC_GAUGE, "x_total_conflict_gauge"},
		{"y", KYMO_METRIC_HISTOGRAM, "y"},
		{"y_count", KYMO_METRIC_GAUGE, "y_count_conflict_gauge"},
		{"y_bucket", KYMO_METRIC_COUNTER, "y_bucket_conflict_counter"},
		{"z", KYMO_METRIC_GAUGE, "z"},
	};
	struct kyi_families kept = {0};
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		struct kyi_family_wish wish = {
			.name = rows[row].name, .kind = rows[row].kind,
			.help = "", .unit = "", .component = "",
		};
		struct kyi_family_kept *family = kyi_family_find(&kept, &wish);

		assert_string_equal(family->name, rows[row].shown);
		assert_ptr_equal(kyi_family_find(&kept, &wish), family);
	}
	assert_int_equal(kept.conflict_cnt, 4);
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
		cmocka_unit_test(test_own_families_are_those_of_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
