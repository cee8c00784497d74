/* SPDX-License-Identifier: MIT */
/* Goal: waits double, jitter stays in its half, tokens come at their rate. */
#include "tests/testlib/testlib.h"

#include "reader/notify/backoff.h"

static void
test_waits_double_up_to_the_most_with_jitter_of_a_half(void **state)
{
	static const struct {
		uint32_t failures;
		int64_t most_ms;
	} rows[] = { { 1, 1000 }, { 2, 2000 }, { 3, 4000 }, { 5, 16000 },
	    { 6, 30000 }, { 7, 30000 }, { UINT32_MAX, 30000 } };
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t least = INT64_MAX, most = 0;

		for (int k = 0; k < 1000; k++) {
			int64_t ms = kyi_backoff_ms(rows[i].failures, 1000,
			    30000, &seed);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_in_range(least, rows[i].most_ms / 2,
		    rows[i].most_ms * 51 / 100);
		assert_in_range(most, rows[i].most_ms * 99 / 100,
		    rows[i].most_ms);
	}
}

static void
test_tokens_come_at_their_rate(void **state)
{
	struct kyi_bucket bucket;

	kyi_bucket_init(&bucket, 2, 3, 0);
	for (int i = 0; i < 3; i++)
		assert_true(kyi_bucket_take(&bucket, 1000000));
	assert_false(kyi_bucket_take(&bucket, 1000000));
	assert_int_equal(kyi_bucket_due_ms(&bucket, 1000000), 1000500);
	assert_false(kyi_bucket_take(&bucket, 1000499));
	assert_true(kyi_bucket_take(&bucket, 1000500));
	/* never more than burst; a clock that goes back gives none */
	assert_false(kyi_bucket_take(&bucket, 5));
	for (int i = 0; i < 3; i++)
		assert_true(kyi_bucket_take(&bucket, 9000000));
	assert_false(kyi_bucket_take(&bucket, 9000000));
	kyi_bucket_init(&bucket, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		assert_true(kyi_bucket_take(&bucket, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_waits_double_up_to_the_most_with_jitter_of_a_half),
		cmocka_unit_test(test_tokens_come_at_their_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
