/* SPDX-License-Identifier: MIT */
/* The registry as a fork may find it, between any two instructions of a
   change; its strings and its table. */
#include "tests/testlib/fresh.h"

#include "writer/lookup.h"

static void
test_equal_strings_have_one_place(void **state)
{
	uint32_t a = kyi_intern(&kyi_registry, "text", 4);
	uint32_t before = kyi_registry.str_bytes;

	assert_int_not_equal(a, 0);
	assert_int_equal(kyi_intern(&kyi_registry, "text", 4), a);
	assert_int_equal(kyi_registry.str_bytes, before);
	assert_int_not_equal(kyi_intern(&kyi_registry, "texts", 5), a);
	assert_int_equal(kyi_intern(&kyi_registry, "", 0), 0);
	assert_int_equal(kyi_text_at(&kyi_registry, 0).len_bytes, 0);
	assert_true(kyi_text_is(kyi_text_at(&kyi_registry, a), "text", 4));
}

static void
test_a_full_arena_gives_no_place(void **state)
{
	char text[1024];
	uint32_t i, pos = 0;

	memset(text, 'x', sizeof(text));
	for (i = 0; pos != KYI_POS_FULL && i < 5000; i++) {
		memcpy(text, &i, sizeof(i));
		pos = kyi_intern(&kyi_registry, text, sizeof(text));
	}
	assert_int_equal(pos, KYI_POS_FULL);
	assert_in_range(i, 4060, 4096);
	assert_int_equal(kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, text,
	    NULL, NULL), 0, NULL).off_, 0);
	text[0] = 'a';
	memset(text + 1, 'b', 190);
	text[190] = '\0';
	/* There may still be room for it; many of them there is not. */
	for (i = 0; i < 100; i++) {
		text[1] = (char)('a' + i / 26);
		text[2] = (char)('a' + i % 26);
		fresh_family(KYMO_KIND_COUNTER, text, NULL, NULL);
	}
	assert_true(fresh_status().err_full > 0);
	assert_int_equal(kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, text,
	    NULL, NULL), 0, NULL).off_, KYI_CELL_LOST);
	assert_non_null(strstr(fresh_said(), "no room for"));
}

static void
test_a_longer_text_is_cut_between_characters(void **state)
{
	bool cut = false;

	assert_int_equal(kyi_cut("abc", 3, &cut), 3);
	assert_false(cut);
	assert_int_equal(kyi_cut("abcd", 3, &cut), 3);
	assert_true(cut);
	assert_int_equal(kyi_cut("ab\xc3\xa9", 3, &cut), 2);
	assert_int_equal(kyi_cut("\xf0\x9f\x98\x80z", 3, &cut), 0);
	/* No UTF-8 at all: cut where it must be. */
	assert_int_equal(kyi_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 6, &cut),
	    6);
}

/* Handles of series, before anything is undone. */
static struct kymo_family family;

static struct kymo_counter
at(const char *value)
{
	const char *const values[] = { value };

	return kymo_counter_at(family, 1, values);
}

static void
make_three(void)
{
	family = fresh_family(KYMO_KIND_COUNTER, "x", "k", NULL);
	at("a");
	at("b");
	at("c");
}

/* Forked after the record was true and before its type was counted, or it was
   in the table. */
static void
test_a_record_that_is_true_is_recovered(void **state)
{
	uint32_t entry_cnt = 0, i;
	struct kymo_counter c;

	make_three();
	c = at("c");
	kyi_registry.series_cnt--;
	kyi_registry.family_cnt--;
	kyi_registry.families[0].series_cnt = 0;
	for (i = 0; i < KYI_SERIES_TABLE_CNT; i++)
		if ((uint32_t)kyi_registry.series_table[i] == 3)
			kyi_registry.series_table[i] = 0;
	kyi_registry_recover(&kyi_registry);
	assert_int_equal(kyi_registry.series_cnt, 3);
	assert_int_equal(kyi_registry.family_cnt, 1);
	assert_int_equal(kyi_registry.families[0].series_cnt, 3);
	assert_int_equal(at("c").off_, c.off_);
	for (i = 0; i < KYI_SERIES_TABLE_CNT; i++)
		entry_cnt += kyi_registry.series_table[i] != 0;
	assert_int_equal(entry_cnt, 3);
}

/* Forked before: the record is there, but not true. Its cell is nobody's. */
static void
test_a_record_that_is_not_true_is_made_again(void **state)
{
	struct kymo_counter a, d;

	make_three();
	a = at("a");
	kyi_registry.series[3] = kyi_registry.series[2];
	kyi_registry.window_used += 8;
	kyi_registry_recover(&kyi_registry);
	assert_int_equal(kyi_registry.series_cnt, 3);
	d = at("d");
	assert_int_equal(kyi_registry.series_cnt, 4);
	kymo_counter_add(a, 1);
	kymo_counter_add(d, 2);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", "a"), 1);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", "d"), 2);
}

static void
test_an_overflow_series_is_recovered(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_COUNTER, "x");
	const char *const keys[] = { "k" };
	uint32_t overflow_id;

	desc.label_keys = keys;
	desc.label_cnt = 1;
	desc.series_max = 1;
	family = kymo_family(&desc);
	at("a");
	at("b");
	overflow_id = kyi_registry.families[0].overflow_id;
	assert_int_equal(overflow_id, 2);
	kyi_registry.families[0].overflow_id = 0;
	kyi_registry_recover(&kyi_registry);
	assert_int_equal(kyi_registry.families[0].overflow_id, overflow_id);
	assert_int_equal(kyi_registry.overflow_cnt, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_equal_strings_have_one_place),
		TEST(test_a_full_arena_gives_no_place),
		TEST(test_a_longer_text_is_cut_between_characters),
		TEST(test_a_record_that_is_true_is_recovered),
		TEST(test_a_record_that_is_not_true_is_made_again),
		TEST(test_an_overflow_series_is_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
