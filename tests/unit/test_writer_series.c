/* SPDX-License-Identifier: MIT */
/* Registration: what is equal, what conflicts, what overflows, and that the
   region has it all, whether it was there before or comes later. */
#include "tests/testlib/child.h"
#include "tests/testlib/fresh.h"

#include "writer/birth.h"

static void
test_an_equal_family_is_the_same(void **state)
{
	struct kymo_family a = fresh_family(KYMO_KIND_COUNTER, "x_total", "k",
	    NULL);
	struct kymo_family b = fresh_family(KYMO_KIND_COUNTER, "x_total", "k",
	    NULL);
	struct kymo_desc desc = fresh_desc(KYMO_KIND_COUNTER, "x");
	const char *const keys[] = { "k" };

	assert_int_equal(a.id_, b.id_);
	assert_int_not_equal(a.id_, 0);
	/* Other words for the same; help is for people. */
	desc.label_keys = keys;
	desc.label_cnt = 1;
	desc.help = "Another help";
	desc.series_max = KYMO_SERIES_MAX_DEFAULT;
	desc.component = "";
	assert_int_equal(kymo_family(&desc).id_, a.id_);
	assert_int_equal(fresh_status().err_badcall, 0);
	assert_string_equal(fresh_said(), "");
}

static void
conflict(struct kymo_desc desc)
{
	uint64_t before = fresh_status().err_badcall;

	assert_int_equal(kymo_family(&desc).id_, 0);
	assert_int_equal(fresh_status().err_badcall, before + 1);
}

static void
test_a_different_redefinition_is_a_bad_call(void **state)
{
	static const char *const keys[] = { "k", "l" };
	struct kymo_desc first = fresh_desc(KYMO_KIND_HISTOGRAM, "x"), desc;

	first.label_keys = keys;
	first.label_cnt = 1;
	assert_int_not_equal(kymo_family(&first).id_, 0);
	desc = first;
	desc.kind = KYMO_KIND_SUMMARY;
	conflict(desc);
	desc = first;
	desc.label_cnt = 2;
	conflict(desc);
	desc = first;
	desc.label_keys = keys + 1;
	conflict(desc);
	desc = first;
	desc.component = "cache";
	conflict(desc);
	desc = first;
	desc.exponent = -3;
	conflict(desc);
	desc = first;
	desc.scale = 3;
	conflict(desc);
	desc = first;
	desc.lo = 1024;
	conflict(desc);
	desc = first;
	desc.series_max = 3;
	conflict(desc);
	desc = first;
	desc.agg = KYMO_AGG_SUM;
	conflict(desc);
	assert_non_null(strstr(fresh_said(),
	    "kymo: registered before with another description: family x\n"));
	/* Once, for all of them. */
	assert_int_equal(strlen(fresh_said()), strlen("kymo: registered before "
	    "with another description: family x\n"));
}

static void
test_a_bad_name_gives_the_zero_handle(void **state)
{
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "a b", NULL,
	    NULL);

	assert_int_equal(family.id_, 0);
	assert_int_equal(kymo_counter_at(family, 0, NULL).off_, 0);
	kymo_counter_inc(kymo_counter_at(family, 0, NULL));
	assert_int_equal(fresh_status().err_badcall, 3);
	assert_non_null(strstr(fresh_said(), "'a b'"));
	assert_int_equal(peek_cell(fresh_peek(), KYI_CELL_UNSET), 1);
}

static void
test_wrong_kind_and_wrong_count_give_the_zero_handle(void **state)
{
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "x", "k",
	    NULL);
	const char *const values[] = { "a", "b" };

	assert_int_equal(kymo_gauge_at(family, 1, values).off_, 0);
	assert_int_equal(kymo_counter_at(family, 2, values).off_, 0);
	assert_int_equal(kymo_counter_at(family, 0, NULL).off_, 0);
	assert_int_equal(kymo_histogram_at(family, 1, values).at_, 0);
	assert_int_equal(kymo_state_set_at(family, 1, values).cnt_, 0);
	assert_int_equal(fresh_status().err_badcall, 5);
	assert_int_not_equal(kymo_counter_at(family, 1, values).off_, 0);
	/* A timer wants nanoseconds. */
	family = fresh_family(KYMO_KIND_HISTOGRAM, "bytes", NULL, NULL);
	assert_int_equal(kymo_timer_at(family, 0, NULL).h_.at_, 0);
	assert_int_equal(fresh_status().err_badcall, 6);
}

static void
test_series_are_told_apart_by_where_values_end(void **state)
{
	static const char *const values[][2] = {
		{ "a", "bc" }, { "ab", "c" }, { "abc", "" }, { "", "abc" },
		{ "a", NULL }, { NULL, "a" }, { NULL, NULL },
	};
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "x", "k",
	    "l");
	struct kymo_counter made[7];
	size_t i, j;

	for (i = 0; i < 7; i++) {
		made[i] = kymo_counter_at(family, 2, values[i]);
		for (j = 0; j < i; j++)
			assert_int_not_equal(made[i].off_, made[j].off_);
		kymo_counter_add(made[i], i + 1);
	}
	for (i = 0; i < 7; i++)
		assert_int_equal(kymo_counter_at(family, 2, values[i]).off_,
		    made[i].off_);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", "ab,c"), 2);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", ",abc"), 4);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", ","), 7);
}

static void
test_the_region_has_what_was_registered_before_and_after(void **state)
{
	struct kymo_counter before = kymo_counter_at(fresh_family(
	    KYMO_KIND_COUNTER, "before_seconds_total", NULL, NULL), 0, NULL);
	struct kymo_counter after;
	const struct kyi_family *family;

	kymo_counter_add(before, 3);
	after = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, "after_total",
	    "k", NULL), 1, (const char *const[]){ "v" });
	kymo_counter_add(after, 4);
	assert_int_equal(peek_sum(fresh_peek(), "before_seconds"), 3);
	assert_int_equal(peek_sum_at(fresh_peek(), "after", "v"), 4);
	family = peek_family(fresh_peek(), "before_seconds");
	assert_int_equal(family->id, 1);
	assert_int_equal(family->kind, KYI_KIND_COUNTER);
	assert_int_equal(family->sample_n, 1);
	assert_true(peek_text(fresh_peek(), family->unit_ref, "seconds"));
	assert_true(peek_text(fresh_peek(), family->help_ref, "Help"));
	family = peek_family(fresh_peek(), "after");
	assert_true(peek_list(fresh_peek(), family->label_keys_ref, "k"));
}

static void
test_a_full_family_counts_in_its_overflow_series(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_COUNTER, "x");
	const char *const keys[] = { "k" };
	struct kymo_family family;
	struct kymo_counter first;
	char value[8];
	uint32_t i;

	desc.label_keys = keys;
	desc.label_cnt = 1;
	desc.series_max = 3;
	family = kymo_family(&desc);
	for (i = 0; i < 10; i++) {
		const char *const values[] = { value };

		snprintf(value, sizeof(value), "v%u", i);
		kymo_counter_inc(kymo_counter_at(family, 1, values));
	}
	first = kymo_counter_at(family, 1, (const char *const[]){ "v1" });
	kymo_counter_inc(first);
	assert_int_equal(fresh_status().err_cardinality, 7);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", "v1"), 2);
	assert_int_equal(peek_sum_at(fresh_peek(), "x", "*"), 7);
	assert_null(peek_series(fresh_peek(), "x", "v3"));
	assert_int_equal(fresh_peek()->control->err_cardinality, 7);
	assert_non_null(strstr(fresh_said(), "too many label sets in x;"));
}

/* Every family of the process has its part of the 8192. */
static void
test_a_full_process_counts_in_overflow_series(void **state)
{
	struct kymo_family families[40], other;
	uint32_t i;

	for (i = 0; i < 8192 + 40; i++) {
		char text[16];
		const char *const values[] = { text };

		snprintf(text, sizeof(text), "f%u", i / 256);
		if (i % 256 == 0)
			families[i / 256] = fresh_family(KYMO_KIND_GAUGE, text,
			    "k", NULL);
		snprintf(text, sizeof(text), "%u", i);
		kymo_gauge_at(families[i / 256], 1, values);
	}
	/* 4096 shared cells is what a region has. */
	assert_int_equal(fresh_status().err_full, 8192 + 40 - 4096);
	other = fresh_family(KYMO_KIND_INFO, "i", "k", NULL);
	for (i = 0; i < 4200; i++) {
		char text[16];
		const char *const values[] = { text };

		if (i % 200 == 0) {
			snprintf(text, sizeof(text), "i%u", i);
			other = fresh_family(KYMO_KIND_INFO, text, "k", NULL);
		}
		snprintf(text, sizeof(text), "%u", i);
		kymo_info_at(other, 1, values);
	}
	assert_int_equal(fresh_status().err_cardinality, 4200 - 4096);
	assert_int_equal(kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, "last",
	    NULL, NULL), 0, NULL).off_, KYI_CELL_LOST);
}

static void
test_a_value_that_is_too_long_is_cut(void **state)
{
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "x", "k",
	    NULL);
	char *text = malloc(KYI_VALUE_BYTES_MAX + 3);
	const char *const values[] = { text };
	struct kymo_counter counter;

	memset(text, 'v', KYI_VALUE_BYTES_MAX + 2);
	text[KYI_VALUE_BYTES_MAX + 2] = '\0';
	counter = kymo_counter_at(family, 1, values);
	assert_int_equal(fresh_status().err_badcall, 1);
	text[KYI_VALUE_BYTES_MAX] = '\0';
	assert_int_equal(kymo_counter_at(family, 1, values).off_,
	    counter.off_);
	assert_int_equal(fresh_status().err_badcall, 1);
	free(text);
}

static void
test_components_that_are_off_cost_and_leave_nothing(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_COUNTER, "x");
	struct kymo_desc hist = fresh_desc(KYMO_KIND_HISTOGRAM, "h");
	struct kymo_histogram h;

	setenv("KYMO_COMPONENTS", "-cache", 1);
	fresh_start();
	desc.component = hist.component = "cache";
	kymo_counter_add(kymo_counter_at(kymo_family(&desc), 0, NULL), 5);
	h = kymo_histogram_at(kymo_family(&hist), 0, NULL);
	kymo_histogram_record(h, 1);
	kymo_histogram_observe(h, 1);
	/* Also with a wrong kind: it is not there. */
	kymo_gauge_set(kymo_gauge_at(kymo_family(&desc), 0, NULL), 1);
	assert_null(peek_family(fresh_peek(), "x"));
	assert_int_equal(peek_cell(fresh_peek(), KYI_CELL_OFF), 5);
	assert_int_equal(fresh_status().err_badcall, 0);
	assert_int_equal(fresh_status().err_full, 0);
}

static void
test_off_makes_no_file_and_takes_every_call(void **state)
{
	struct kymo_family family;
	struct kymo_span span;
	char path[320];

	setenv("KYMO", "off", 1);
	fresh_start();
	family = fresh_family(KYMO_KIND_COUNTER, "x", NULL, NULL);
	assert_int_equal(kymo_init("s"), -1);
	kymo_counter_inc(kymo_counter_at(family, 0, NULL));
	kymo_gauge_set(kymo_gauge_at(family, 0, NULL), 1);
	kymo_gauge_add(kymo_gauge_at(family, 0, NULL), 1);
	kymo_histogram_record(kymo_histogram_at(family, 0, NULL), 1);
	kymo_max_record(kymo_max_at(family, 0, NULL), 1);
	kymo_text_set(kymo_text_at(family, 0, NULL), "t");
	kymo_state_set_on(kymo_state_set_at(family, 0, NULL), 3);
	kymo_health_report(kymo_health_at(family, 0, NULL), KYMO_HEALTH_OK,
	    "r", 0);
	kymo_heartbeat();
	kymo_resource_set("k", "v");
	KYMO_LOG(KYMO_WARN, "%d", 1);
	kymo_span_begin(&span, kymo_span_name(NULL, "s"), NULL);
	assert_int_not_equal(span.trace.span_id, 0);
	kymo_span_end(&span, KYMO_SPAN_OK);
	assert_int_equal(kymo_timer_stop(kymo_timer_at(family, 0, NULL),
	    kymo_timer_start(kymo_timer_at(family, 0, NULL))), 0);
	assert_false(peek_find(testlib_dir(), 0, path, sizeof(path)));
	assert_int_equal(fresh_status().state, -2);
	assert_string_equal(fresh_status().why, "KYMO=off");
	assert_int_equal(fresh_status().err_badcall, 0);
	assert_int_equal(fresh_status().err_full, 0);
	assert_int_equal(fresh_status().err_ring, 0);
	assert_string_equal(fresh_said(), "");
}

/* One place in the source, many values. */
static struct kymo_counter
at_fixed(struct kymo_family family, const char *a, const char *b)
{
	return KYMO_AT_FIXED(counter, family, a, b);
}

static void
test_a_call_site_remembers_the_series_of_each_text(void **state)
{
	static const char *const a[] = { "GET", "PUT", "POST", NULL, "" };
	static const char *const b[] = { "200", "301", "404", "500" };
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "c", "a",
	    "b"), other = fresh_family(KYMO_KIND_COUNTER, "d", "a", "b");
	uint32_t turn, i, j;

	/* The first turn looks all up before this thread has a place. */
	for (turn = 0; turn < 4; turn++)
		for (i = 0; i < 5; i++)
			for (j = 0; j < 4; j++) {
				kymo_counter_inc(at_fixed(family, a[i], b[j]));
				assert_int_equal(
				    at_fixed(family, a[i], b[j]).off_,
				    KYMO_AT(counter, family, a[i], b[j]).off_);
				assert_int_equal(
				    at_fixed(other, a[i], b[j]).off_,
				    KYMO_AT(counter, other, a[i], b[j]).off_);
			}
	assert_int_equal(fresh_status().err_badcall, 0);
}

static struct kymo_counter
at_fixed_small(struct kymo_family family, const char *a)
{
	return KYMO_AT_FIXED(counter, family, a);
}

/* What is counted at each call, or may be better later, is not remembered. */
static void
test_a_call_site_remembers_no_series_that_stands_for_others(void **state)
{
	struct kymo_desc desc = fresh_desc(KYMO_KIND_COUNTER, "c");
	const char *const keys[] = { "k" };
	struct kymo_family family, zero = { 0 };
	uint32_t i;

	desc.label_keys = keys;
	desc.label_cnt = 1;
	desc.series_max = 1;
	family = kymo_family(&desc);
	for (i = 0; i < 5; i++) {
		kymo_counter_inc(at_fixed_small(family, "one"));
		kymo_counter_inc(at_fixed_small(family, "more"));
	}
	assert_int_equal(fresh_status().err_cardinality, 5);
	for (i = 0; i < 3; i++)
		kymo_counter_inc(at_fixed_small(zero, "one"));
	assert_int_equal(fresh_status().err_badcall, 3);
}

/* Its parent may have made the series while it forked. */
static int
child_looks_up_itself(void *arg)
{
	struct kymo_family family = *(struct kymo_family *)arg;

	/* As if the series had not been there yet. */
	kyi_registry.record_cnt--;
	kyi_registry.series_cnt--;
	memset(kyi_registry.series_table, 0, sizeof(kyi_registry.series_table));
	kyi_registry.families[family.id_ - 1].series_cnt = 0;
	kymo_counter_inc(KYMO_AT(counter, family, "other"));
	kymo_counter_inc(at_fixed_small(family, "mine"));
	CHILD_CHECK(peek_sum_at(fresh_peek(), "c", "mine") == 1);
	CHILD_CHECK(peek_sum_at(fresh_peek(), "c", "other") == 1);
	return 0;
}

static void
test_a_child_does_not_trust_what_its_parent_remembered(void **state)
{
	struct kymo_family family = fresh_family(KYMO_KIND_COUNTER, "c", "k",
	    NULL);
	uint32_t i;

	for (i = 0; i < 3; i++)
		kymo_counter_inc(at_fixed_small(family, "mine"));
	testlib_child(child_looks_up_itself, &family);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_equal_family_is_the_same),
		TEST(test_a_different_redefinition_is_a_bad_call),
		TEST(test_a_bad_name_gives_the_zero_handle),
		TEST(test_wrong_kind_and_wrong_count_give_the_zero_handle),
		TEST(test_series_are_told_apart_by_where_values_end),
		TEST(test_a_call_site_remembers_the_series_of_each_text),
		TEST(test_a_call_site_remembers_no_series_that_stands_for_others),
		TEST(test_a_child_does_not_trust_what_its_parent_remembered),
		TEST(test_the_region_has_what_was_registered_before_and_after),
		TEST(test_a_full_family_counts_in_its_overflow_series),
		TEST(test_a_full_process_counts_in_overflow_series),
		TEST(test_a_value_that_is_too_long_is_cut),
		TEST(test_components_that_are_off_cost_and_leave_nothing),
		TEST(test_off_makes_no_file_and_takes_every_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
