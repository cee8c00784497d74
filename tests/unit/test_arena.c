/* SPDX-License-Identifier: MIT */
#include "tests/testlib/testlib.h"

#include "reader/query/arena.h"

static void
pieces_of_any_size_are_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 4095, 4096, 100000, 3 };
	struct kyi_arena *arena = kyi_arena_new(0);
	unsigned char *at[sizeof sizes / sizeof sizes[0]];

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		at[i] = kyi_arena_get(arena, sizes[i]);
		assert_non_null(at[i]);
		assert_int_equal((uintptr_t)at[i] % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(at[i][k], 0);
		memset(at[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(at[i][k], i + 1);
	assert_false(kyi_arena_full(arena));
	kyi_arena_delete(arena);
}

static void
what_is_too_much_is_refused(void **state)
{
	struct kyi_arena *arena = kyi_arena_new(10000);

	(void)state;
	assert_non_null(kyi_arena_get(arena, 100));
	assert_null(kyi_arena_array(arena, SIZE_MAX / 4, 8));
	assert_true(kyi_arena_full(arena));
	assert_null(kyi_arena_get(arena, 20000));
	assert_non_null(kyi_arena_get(arena, 5000));
	assert_true(kyi_arena_used_bytes(arena) <= 10000);
	kyi_arena_delete(arena);
	kyi_arena_delete(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_are_aligned_and_apart),
		cmocka_unit_test(what_is_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
