/* SPDX-License-Identifier: MIT */
/* Goal: the table of functions is whole, and a name finds its row. */
#include "tests/testlib/testlib.h"

#include "reader/query/ast.h"
#include "reader/query/functions.h"

static void
every_function_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < KYI_FN_CNT; i++) {
		const struct kyi_function *function = &kyi_functions[i];

		assert_non_null(function->name);
		assert_int_equal(function->id, i);
		assert_true(function->arg_cnt <= KYI_ARGS_MAX);
		assert_true(function->variadic == 0 || function->arg_cnt > 0);
		assert_ptr_equal(kyi_function_find(function->name), function);
		if (i > 0)
			assert_true(strcmp(function[-1].name,
			    function->name) < 0);
	}
	assert_null(kyi_function_find(""));
	assert_null(kyi_function_find("rat"));
	assert_null(kyi_function_find("RATE"));
}

static void
what_a_function_takes_is_as_prometheus_has_it(void **state)
{
	static const struct {
		const char *name, *args; /* a letter each */
		int variadic;
		bool experimental;
	} rows[] = {
		{ "rate", "m", 0, false },
		{ "time", "", 0, false },
		{ "hour", "v", 1, false },
		{ "label_replace", "vtttt", 0, false },
		{ "label_join", "vttt", -1, false },
		{ "quantile_over_time", "sm", 0, false },
		{ "histogram_fraction", "ssv", 0, false },
		{ "histogram_quantiles", "vtss", 9, true },
		{ "double_exponential_smoothing", "mss", 0, true },
		{ "sort_by_label", "vt", -1, true },
	};
	static const char letters[] = { [KYMO_VALUE_SCALAR] = 's',
		[KYMO_VALUE_STRING] = 't', [KYMO_VALUE_VECTOR] = 'v',
		[KYMO_VALUE_MATRIX] = 'm' };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct kyi_function *function =
		    kyi_function_find(rows[i].name);

		assert_non_null(function);
		assert_int_equal(function->arg_cnt, strlen(rows[i].args));
		for (uint8_t k = 0; k < function->arg_cnt; k++)
			assert_int_equal(letters[function->args[k]],
			    rows[i].args[k]);
		assert_int_equal(function->variadic, rows[i].variadic);
		assert_int_equal(function->experimental,
		    rows[i].experimental);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_is_found_by_its_name),
		cmocka_unit_test(what_a_function_takes_is_as_prometheus_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
