/* SPDX-License-Identifier: MIT */
/* Goal: a replay gives what the kept history gives, whatever it fetched before,
   and of series that rules make only what was made in the play.
   Method: windows that slide, jump and overlap, over a history by hand, asked of
   both; a selection that is held while others come. */
#include "tests/testlib/testlib.h"

#include "tools/kymo_replay.h"

#define FROM_MS INT64_C(1700000000000)
#define STEP_MS 10000
#define STEP_CNT 2000

static struct kymo_history *
history_new(void)
{
	const struct kymo_history_options options = { .head_ms = 100000000 };
	struct kymo_error error = { "" };
	struct kymo_history *history = kymo_history_new(&options, &error);

	assert_non_null(history);
	return history;
}

/* Series NAME{n="0"} and n="1", of value + i. */
static void
fill(struct kymo_history *history, const char *name, double value,
    uint32_t cnt)
{
	struct kymo_feed *feed = kymo_history_feed(history, name);
	struct kymo_labels *labels[2];

	for (uint32_t s = 0; s < 2; s++) {
		const struct kymo_label at[] = { { "__name__", name },
			{ "n", s == 0 ? "0" : "1" } };

		labels[s] = kymo_labels_make(at, 2);
		assert_non_null(labels[s]);
	}
	for (uint32_t i = 0; i < cnt; i++) {
		const struct kymo_history_row rows[] = {
			{ labels[0], value + i, NULL, NULL },
			{ labels[1], value - i, NULL, NULL } };

		assert_int_equal(kymo_feed_append(feed, FROM_MS + i *
		    (int64_t)STEP_MS, rows, 2), 0);
	}
	free(labels[0]);
	free(labels[1]);
}

static struct kymo_select
window(const struct kymo_matcher *matcher, int64_t from, int64_t to)
{
	return (struct kymo_select){ .matchers = matcher, .matcher_cnt = 1,
		.from_ms = FROM_MS + from * STEP_MS,
		.to_ms = FROM_MS + to * STEP_MS, .series_max = 100,
		.samples_max = 1000000 };
}

/* The sum of what lies in the window, and how many. */
static double
sum(const struct kymo_source *source, const struct kymo_select *what,
    uint32_t *cnt)
{
	struct kymo_selected selected;
	struct kymo_error error = { "" };
	double total = 0;

	*cnt = 0;
	assert_int_equal(source->select(source->of, what, &selected, &error),
	    0);
	for (uint32_t s = 0; s < selected.series_cnt; s++)
		for (uint32_t i = 0; i < selected.series[s].cnt; i++) {
			int64_t at_ms = selected.series[s].at_ms[i];

			if (at_ms <= what->from_ms || at_ms > what->to_ms ||
			    kymo_is_stale(selected.series[s].value[i]))
				continue;
			total += selected.series[s].value[i] * (s + 1);
			(*cnt)++;
		}
	source->done(source->of, &selected);
	return total;
}

struct replayed {
	struct kymo_history *kept, *made;
	struct kymo_rules *rules;
	struct kyi_replay replay;
};

static void
begin(struct replayed *replayed)
{
	static const char text[] = "groups: [{name: g, rules: [{record: r, "
	    "expr: x}, {alert: A, expr: x}]}]";
	const struct kymo_rule_faults faults = { NULL, NULL };

	replayed->kept = history_new();
	replayed->made = history_new();
	fill(replayed->kept, "x", 1, STEP_CNT);
	fill(replayed->kept, "y", 100000, STEP_CNT);
	fill(replayed->kept, "r", 500, STEP_CNT);
	fill(replayed->kept, "ALERTS", 1, STEP_CNT);
	fill(replayed->made, "r", 7, 10);
	assert_int_equal(kymo_rules_parse(&replayed->rules, "f", text,
	    strlen(text), &faults), 0);
	assert_int_equal(kyi_replay_make(&replayed->replay, replayed->kept,
	    replayed->made, replayed->rules, 0), 0);
}

static void
end(struct replayed *replayed)
{
	kyi_replay_free(&replayed->replay);
	kymo_rules_delete(replayed->rules);
	kymo_history_delete(replayed->kept);
	kymo_history_delete(replayed->made);
}

static void
test_windows_are_as_the_kept_history_has_them(void **state)
{
	static const struct {
		int64_t from, len, by;
		uint32_t cnt;
	} rows[] = {
		{ -5, 30, 1, 700 },   /* slides over more than an hour */
		{ 300, 60, 361, 4 },  /* jumps */
		{ 900, 5, -3, 50 },   /* goes back */
		{ 100, 500, 7, 100 }, /* longer than what is fetched ahead */
		{ 1990, 30, 1, 20 },  /* beyond the end */
	};
	static const struct kymo_matcher matchers[] = {
		{ KYMO_MATCH_EQUAL, "__name__", "x", NULL },
		{ KYMO_MATCH_EQUAL, "__name__", "y", NULL },
		{ KYMO_MATCH_EQUAL, "n", "1", NULL },
	};
	struct replayed replayed;
	uint32_t cnt = 0, all_cnt = 0;

	begin(&replayed);
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (uint32_t i = 0; i < rows[r].cnt; i++)
			for (uint32_t m = 0; m < 3; m++) {
				int64_t from = rows[r].from + rows[r].by * i;
				struct kymo_select what = window(&matchers[m],
				    from, from + rows[r].len);
				double kept = sum(kymo_history_source(
				    replayed.kept), &what, &cnt), played;
				uint32_t played_cnt;

				played = sum(&replayed.replay.source, &what,
				    &played_cnt);
				assert_int_equal(played_cnt, cnt);
				assert_true(played == kept);
				all_cnt += cnt;
			}
	assert_true(all_cnt > 100000);
	end(&replayed);
}

static void
test_what_rules_make_comes_from_the_play(void **state)
{
	static const struct {
		const char *name;
		uint32_t cnt; /* of 20 steps, two series */
	} rows[] = { { "r", 18 }, { "ALERTS", 0 }, { "x", 40 } };
	struct replayed replayed;
	uint32_t cnt;

	begin(&replayed);
	for (size_t i = 0; i < 3; i++) {
		const struct kymo_matcher matcher = { KYMO_MATCH_EQUAL,
			"__name__", rows[i].name, NULL };
		struct kymo_select what = window(&matcher, 0, 20);

		sum(&replayed.replay.source, &what, &cnt);
		assert_int_equal(cnt, rows[i].cnt);
	}
	end(&replayed);
}

/* What is held stays, though others of the selector are fetched. */
static void
test_a_selection_stays_until_it_is_done(void **state)
{
	const struct kymo_matcher matcher = { KYMO_MATCH_EQUAL, "__name__",
		"x", NULL };
	struct kymo_select early = window(&matcher, 0, 10);
	struct kymo_select late = window(&matcher, 1500, 1510);
	struct kymo_selected held;
	struct kymo_error error = { "" };
	struct replayed replayed;
	const struct kymo_source *source = &replayed.replay.source;
	uint32_t cnt;

	begin(&replayed);
	assert_int_equal(source->select(source->of, &early, &held, &error), 0);
	sum(source, &late, &cnt);
	assert_int_equal(cnt, 20);
	assert_int_equal(held.series_cnt, 2);
	assert_true(held.series[0].value[0] >= -1 &&
	    held.series[0].value[0] <= 3);
	source->done(source->of, &held);
	sum(source, &early, &cnt);
	assert_int_equal(cnt, 20);
	end(&replayed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_windows_are_as_the_kept_history_has_them),
		cmocka_unit_test(test_what_rules_make_comes_from_the_play),
		cmocka_unit_test(test_a_selection_stays_until_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
