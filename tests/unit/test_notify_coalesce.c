/* SPDX-License-Identifier: MIT */
/* Goal: what is forgotten is said again, in an order that can be followed.
   Method: messages as words, an upper case letter fires, a lower case one is
   resolved; and of all short sequences what must hold of any cut. */
#include "tests/testlib/testlib.h"

#include <ctype.h>

#include "reader/notify/coalesce.h"

static struct kyi_coalesced
coalesce(const char *words)
{
	struct kyi_mention mentions[64];
	uint32_t cnt = 0, row = 0;

	for (; *words != '\0'; words++)
		if (*words == ' ')
			row++;
		else
			mentions[cnt++] = (struct kyi_mention){
			    .fingerprint = (uint64_t)tolower(*words),
			    .row = row, .firing = isupper(*words) != 0 };
	return kyi_coalesce(mentions, cnt, row + 1);
}

static void
test_rows(void **state)
{
	static const struct {
		const char *words;
		uint32_t oldest_cnt;
		const char *why;
		bool before_last;
	} rows[] = {
		{ "A", 0, "alone", false },
		{ "A A", 1, "said again", false },
		{ "A A A A", 3, "and again", false },
		{ "A a", 0, "a firing is heard of before it is resolved", false },
		{ "a a", 1, "resolved twice", false },
		{ "A a A", 0, "a resolve is not dropped", false },
		{ "A a A a", 2, "a whole round is said again", false },
		{ "A a A a A a", 4, "two of them", false },
		{ "a A a", 0, "the first may be of one that was sent", false },
		{ "a A a A", 2, "as above, from the other side", false },
		{ "A B", 0, "two alerts", false },
		{ "A AB", 1, "more than before", false },
		{ "AB A", 0, "less than before", false },
		{ "A Ab aB", 1, "b was not resolved in what would stay", false },
		{ "A a A A", 0, "only the one before the last", true },
		{ "A a B AB", 0, "the same of two alerts", true },
		{ "A a AB A", 0, "the last says less", false },
		{ "A B AB", 2, "both", false },
		{ "A a B", 0, "another", false },
		{ "A B A B", 2, "chunks of a large group", false },
		{ "aB AB", 0, "a is to be resolved", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_coalesced gone = coalesce(rows[i].words);

		if (gone.oldest_cnt != rows[i].oldest_cnt ||
		    gone.before_last != rows[i].before_last)
			fail_msg("%s: %u%s are gone: %s", rows[i].words,
			    gone.oldest_cnt, gone.before_last ? ", one" : "",
			    rows[i].why);
	}
}

/* One alert that takes every sequence of ten states, forgotten as it goes: what
   stays begins as it began, has each state that was there, and is short. */
static void
test_every_short_sequence(void **state)
{
	for (unsigned int bits = 0; bits < 1024; bits++) {
		char all[16] = "", kept[32] = "";

		for (int i = 0; i < 10; i++) {
			char now = bits >> i & 1 ? 'A' : 'a';
			struct kyi_coalesced gone;
			size_t len_bytes = strlen(kept);

			all[i] = now;
			if (len_bytes > 0)
				kept[len_bytes++] = ' ';
			kept[len_bytes] = now;
			kept[len_bytes + 1] = '\0';
			gone = coalesce(kept);
			if (gone.before_last) {
				kept[len_bytes - 2] = now;
				kept[len_bytes - 1] = '\0';
			}
			memmove(kept, kept + gone.oldest_cnt * 2,
			    strlen(kept + gone.oldest_cnt * 2) + 1);
			assert_int_equal(kept[0], all[0]);
			for (const char *at = all; *at != '\0'; at++)
				assert_non_null(strchr(kept, *at));
			assert_int_equal(kept[strlen(kept) - 1], now);
			assert_true(strlen(kept) <= 5);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_short_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
