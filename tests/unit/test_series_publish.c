/* SPDX-License-Identifier: MIT */
/* Goal: whoever holds a scan sees one whole scan, however many come after it.
   Method: threads that look while others are published; TSan and ASan see the
   rest. */
#include "tests/testlib/testlib.h"

#include <pthread.h>

#include "tests/testlib/procs.h"

static void *
look(void *to)
{
	struct kymo_model *model = to;
	uint64_t number = 0;
	int i;

	for (i = 0; i < 3000; i++) {
		const struct kymo_scan *scan = kymo_scan_take(model);
		const struct kymo_series *jobs = find(scan, "jobs", "s");

		if (scan->number < number || jobs->value.is.u != scan->number)
			return NULL;
		number = scan->number;
		kymo_scan_release(scan);
	}
	return to;
}

static void
test_any_thread_sees_whole_scans_while_new_ones_come(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	pthread_t threads[3];
	struct proc a;
	void *sound;
	bool absorbed;
	int i;

	birth(&a, 1, "s");
	for (i = 0; i < 400; i++) {
		work(&a, 1);
		begin(model);
		take(model, &a, false, &absorbed);
		end(model);
		if (i == 0)
			for (int t = 0; t < 3; t++)
				assert_int_equal(pthread_create(&threads[t],
				    NULL, look, model), 0);
	}
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &sound);
		assert_ptr_equal(sound, model);
	}
	kymo_model_delete(model);
}

static void
test_a_scan_outlives_its_model(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct proc a;
	bool absorbed;

	birth(&a, 1, "s");
	work(&a, 3);
	begin(model);
	take(model, &a, false, &absorbed);
	end(model);
	scan = kymo_scan_take(model);
	kymo_model_delete(model);
	assert_int_equal(find(scan, "jobs", "s")->value.is.u, 3);
	kymo_scan_release(scan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_any_thread_sees_whole_scans_while_new_ones_come),
		cmocka_unit_test(test_a_scan_outlives_its_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
