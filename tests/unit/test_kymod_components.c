/* SPDX-License-Identifier: MIT */
/* Goal: a component is shown, and taken into the history, as its settings say.
   Method: families by hand against rows of settings; a model whose processes
   count, scan after scan. */
#include "tests/testlib/testlib.h"

#include "tests/testlib/procs.h"
#include "tools/kymod.h"

static void
test_what_is_not_wanted_is_not_shown(void **state)
{
	static char *include[] = {(char *)(uintptr_t)"cache_*"};
	static char *exclude[] = {(char *)(uintptr_t)"*_debug",
		(char *)(uintptr_t)"cache_hits_total"};
	static char names[][8] = {"off", "some", "less"};
	struct kymo_config_component components[] = {
		{.name = {.text = names[0]}, .disabled = true},
		{.name = {.text = names[1]}, .include = include,
		    .include_cnt = 1, .exclude = exclude, .exclude_cnt = 2},
		{.name = {.text = names[2]}, .exclude = exclude,
		    .exclude_cnt = 2},
	};
	struct kymo_config config = {
		.components = components, .component_cnt = 3
	};
	struct kyi_settings settings = {.config = &config};
	static const struct {
		const char *component, *name;
		bool shown;
	} rows[] = {
		{"", "a", true},
		{"other", "a_debug", true},
		{"off", "a", false},
		{"some", "a", false},
		{"some", "cache_misses", true},
		{"some", "cache_debug", false},
		{"some", "cache_hits", false}, /* as the page calls it */
		{"less", "a", true},
		{"less", "a_debug", false},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kymo_family_scan family = {
			.component = rows[i].component, .name = rows[i].name,
			.kind = KYMO_METRIC_COUNTER
		};

		if (kyi_component_shown(&settings, &family) != rows[i].shown)
			fail_msg("%s %s", rows[i].component, rows[i].name);
	}
}

static uint64_t
jobs_taken(struct kyi_components *components,
    const struct kyi_settings *settings, struct kymo_model *model,
    struct proc *proc)
{
	const struct kymo_scan *scan;
	struct kymo_scan taken;
	uint64_t jobs;
	bool absorbed;

	work(proc, 1);
	begin(model);
	assert_int_equal(take(model, proc, false, &absorbed), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_true(kyi_components_take(components, settings, model, scan,
	    &taken));
	assert_int_equal(taken.family_cnt, scan->family_cnt);
	assert_true(taken.at_ns == scan->at_ns);
	jobs = find(&taken, "jobs", "s")->value.is.u;
	kymo_scan_release(scan);
	return jobs;
}

static void
test_the_history_has_a_slow_component_as_it_was(void **state)
{
	static char name[] = "";
	struct kymo_config_component component = {
		.name = {.text = name}, .interval_ns = 3000000000
	};
	struct kymo_config config = {
		.components = &component, .component_cnt = 1
	};
	struct kyi_settings settings = {
		.config = &config, .scan_interval_ns = 1000000000
	};
	static const uint64_t slow[] = {1, 1, 1, 4, 4, 4, 7};
	struct kymo_model *model = model_new(NULL, 0);
	struct kyi_components *components = kyi_components_make(&settings);
	struct proc proc;
	uint64_t i;

	assert_non_null(components);
	birth(&proc, 1, "s");
	for (i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		assert_int_equal(jobs_taken(components, &settings, model,
		    &proc), slow[i]);
	kyi_components_free(components);

	/* As often as all: as it is. */
	settings.scan_interval_ns = 3000000000;
	components = kyi_components_make(&settings);
	assert_non_null(components);
	for (i = 8; i < 11; i++)
		assert_int_equal(jobs_taken(components, &settings, model,
		    &proc), i);
	kyi_components_free(components);
	kymo_model_delete(model);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_wanted_is_not_shown),
		cmocka_unit_test(
		    test_the_history_has_a_slow_component_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
