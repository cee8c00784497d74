/* SPDX-License-Identifier: MIT */
#include "tests/testlib/testlib.h"

#include "reader/history/samples.h"

static struct kymo_labels *
make(const char *text)
{
	struct kymo_label labels[8];
	static char room[256];
	uint32_t cnt = 0;
	struct kymo_labels *made;

	snprintf(room, sizeof room, "%s", text);
	for (char *at = room; *at != '\0' && cnt < 8; cnt++) {
		char *eq = strchr(at, '='), *comma = strchr(at, ',');

		*eq = '\0';
		labels[cnt] = (struct kymo_label){ at, eq + 1 };
		at = comma == NULL ? eq + 1 + strlen(eq + 1) : comma + 1;
		if (comma != NULL)
			*comma = '\0';
	}
	made = kymo_labels_make(labels, cnt);
	assert_non_null(made);
	return made;
}

static void
a_set_is_sorted_without_empty_values_and_the_later_of_two_stays(void **state)
{
	static const struct {
		const char *given, *same;
		uint32_t cnt;
	} rows[] = {
		{ "b=1,a=2", "a=2,b=1", 2 },
		{ "b=1,a=2,b=3", "a=2,b=3", 2 },
		{ "b=1,a=2,b=", "a=2", 1 },
		{ "__name__=up,job=x", "job=x,__name__=up", 2 },
		{ "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_labels *a = make(rows[i].given);
		struct kymo_labels *b = make(rows[i].same);

		assert_int_equal(a->cnt, rows[i].cnt);
		assert_true(kymo_labels_equal(a, b));
		for (uint32_t k = 1; k < a->cnt; k++)
			assert_true(strcmp(a->at[k - 1].key, a->at[k].key) < 0);
		free(a);
		free(b);
	}
}

static void
sets_have_an_order(void **state)
{
	static const char *const in_order[] = { "", "a=1", "a=1,b=1", "a=1,b=2",
		"a=1,c=0", "a=2", "b=0" };

	(void)state;
	for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
		for (size_t k = 0; k < sizeof in_order / sizeof in_order[0]; k++) {
			struct kymo_labels *a = make(in_order[i]);
			struct kymo_labels *b = make(in_order[k]);
			int order = kymo_labels_compare(a, b);

			assert_int_equal((order > 0) - (order < 0),
			    (i > k) - (i < k));
			assert_int_equal(kymo_labels_equal(a, b), i == k);
			free(a);
			free(b);
		}
}

static void
a_label_that_is_not_there_is_empty(void **state)
{
	struct kymo_labels *a = make("a=1,b=2");

	(void)state;
	assert_string_equal(kymo_labels_get(a, "b"), "2");
	assert_string_equal(kymo_labels_get(a, "c"), "");
	free(a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_set_is_sorted_without_empty_values_and_the_later_of_two_stays),
		cmocka_unit_test(sets_have_an_order),
		cmocka_unit_test(a_label_that_is_not_there_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
