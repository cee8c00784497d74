/* SPDX-License-Identifier: MIT */
/* Goal: the distance of a value to all that were met, in a range that grows, and
   forgetting.
   Method: rows of values, each with its distance; 16 parts are one here. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/detect/private.h"

#define FIRST 0.3 /* what the second value is worth */

static void
near(double is, double want, const char *what)
{
	if (fabs(is - want) > 1e-9)
		fail_msg("%s: %.9g, not %.9g", what, is, want);
}

static void
test_distance_is_to_the_nearest_that_was_met(void **state)
{
	static const struct {
		const char *what;
		double x, want;
		enum kymo_detect_side side;
	} rows[] = {
		{ "the first", 0, 0, KYMO_DETECT_BETWEEN },
		{ "again", 0, 0, KYMO_DETECT_BETWEEN },
		{ "the second", 16, FIRST, KYMO_DETECT_ABOVE },
		/* Parts 24 and 40 of 64 are met: 17 from end to end. */
		{ "the same part", 16.5, 0, KYMO_DETECT_ABOVE },
		{ "the middle", 8, 7.5 / 17, KYMO_DETECT_BETWEEN },
		{ "beside it", 7.5, 0.5 / 17, KYMO_DETECT_BETWEEN },
		{ "above", 20, 3.0 / 17, KYMO_DETECT_ABOVE },
		{ "above, met now", 20, 0, KYMO_DETECT_ABOVE },
		{ "below", -4, 4.0 / 21, KYMO_DETECT_BELOW },
		/* 32 parts more above: the range has doubled, parts are 2. */
		{ "far above", 71, 50.0 / 25, KYMO_DETECT_ABOVE },
		{ "its new neighbour", 73, 0.5 / 38, KYMO_DETECT_ABOVE },
	};
	struct kymo_detect_seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum kymo_detect_side side = KYMO_DETECT_BETWEEN;
		double is = kyi_seen_add(&seen, rows[i].x, 0, &side);

		near(is, rows[i].want, rows[i].what);
		if (is > 0 && side != rows[i].side)
			fail_msg("%s: side %d", rows[i].what, (int)side);
	}
}

static void
test_parts_that_are_thought_known_make_all_nearer(void **state)
{
	struct kymo_detect_seen seen = { 0 };
	enum kymo_detect_side side;

	(void)state;
	kyi_seen_add(&seen, 0, 6, &side);
	kyi_seen_add(&seen, 16, 6, &side);
	near(kyi_seen_add(&seen, 20, 6, &side), 3.0 / 23, "above");
}

static void
test_what_is_old_is_known_once_more_and_then_not(void **state)
{
	struct kymo_detect_seen seen = { 0 };
	enum kymo_detect_side side;

	(void)state;
	kyi_seen_add(&seen, 0, 0, &side);
	kyi_seen_add(&seen, 16, 0, &side);
	kyi_seen_add(&seen, 30, 0, &side);
	kyi_seen_age(&seen);
	near(kyi_seen_add(&seen, 0, 0, &side), 0, "old");
	near(kyi_seen_add(&seen, 16, 0, &side), 0, "old");
	kyi_seen_age(&seen);
	near(kyi_seen_add(&seen, 30, 0, &side), 13.0 / 17, "forgotten");
	/* What nothing was met of for two memories knows nothing. */
	kyi_seen_age(&seen);
	kyi_seen_age(&seen);
	near(kyi_seen_add(&seen, 1e9, 0, &side), 0, "all forgotten");
}

/* The short way and the long one agree. */
static void
test_what_is_known_adds_nothing(void **state)
{
	struct kymo_detect_seen seen = { 0 }, before;
	enum kymo_detect_side side;
	unsigned known_cnt = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		double x = (double)(i * 7919u % 1009u) * (i < 500 ? 1 : 3) - 80;
		double far;
		bool known;

		if (i % 900 == 899)
			kyi_seen_age(&seen);
		before = seen;
		known = kyi_seen_known(&seen, x);
		far = kyi_seen_add(&seen, x, 6, &side);
		if (known) {
			known_cnt++;
			assert_true(far == 0);
			assert_memory_equal(&seen, &before, sizeof(seen));
		}
		assert_true(seen.width == 0 || kyi_seen_known(&seen, x));
	}
	assert_true(known_cnt > 1000);
}

static void
test_any_two_numbers_have_a_distance(void **state)
{
	static const double values[] = { 0, 5e-324, -5e-324, 1, -1, 1e300,
		-1e300, 1e-300 };
	unsigned cnt = sizeof(values) / sizeof(*values);

	(void)state;
	for (unsigned a = 0; a < cnt; a++)
		for (unsigned b = 0; b < cnt; b++)
			for (unsigned c = 0; c < cnt; c++) {
				struct kymo_detect_seen seen = { 0 };
				enum kymo_detect_side side;
				double far;

				kyi_seen_add(&seen, values[a], 0, &side);
				kyi_seen_add(&seen, values[b], 0, &side);
				far = kyi_seen_add(&seen, values[c], 0, &side);
				assert_true(far >= 0 && far <= 1e9);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance_is_to_the_nearest_that_was_met),
		cmocka_unit_test(
		    test_parts_that_are_thought_known_make_all_nearer),
		cmocka_unit_test(
		    test_what_is_old_is_known_once_more_and_then_not),
		cmocka_unit_test(test_what_is_known_adds_nothing),
		cmocka_unit_test(test_any_two_numbers_have_a_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
