/* SPDX-License-Identifier: MIT */
/* Goal: rules whose series a history knows from pass to pass, by what they come
   from and by what they become, record what they would without: whatever comes,
   goes, comes back, and in whatever order.
   Method: a history, series that are there or not by lot, and what is recorded
   beside what was to be. */
#include "tests/testlib/testlib.h"

#include "reader/history/history.h"
#include "reader/rules/rules.h"

#define SERIES 12
#define PASSES 400
#define BEGIN_MS INT64_C(1700000000000)

static const char *const text =
    "groups:\n- name: g\n  rules:\n"
    "  - {record: double, expr: x * 2}\n"
    "  - {record: large, expr: x > 50, labels: {team: core}}\n"
    "  - {record: last, expr: 'last_over_time(x[1s])'}\n"
    "  - {record: one, expr: x, labels: {n: ''}}\n"
    "  - {alert: A, expr: x > 50}\n";
enum { DOUBLE, LARGE, LAST, ONE, ALERT, RULES };

struct world {
	struct kymo_history *history;
	struct kymo_feed *in, *out[RULES];
	struct kymo_labels *labels[SERIES];
	struct kymo_rules *rules;
	struct kymo_rule_engine *engine;
	struct kymo_history_row rows[64];
	uint32_t row_cnt;
	uint64_t by_ref_cnt;
};

static int
append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	struct world *world = of;

	(void)at_ms;
	(void)error;
	if (kymo_is_stale(value))
		return 0;
	world->by_ref_cnt += *ref != 0;
	assert_true(world->row_cnt < 64);
	world->rows[world->row_cnt++] = (struct kymo_history_row){ labels,
		value, hist, ref };
	return 0;
}

static int
rule_done(void *of, const struct kymo_rule_group *group,
    const struct kymo_rule *rule, int64_t at_ms, bool evaluated,
    struct kymo_error *error)
{
	struct world *world = of;
	uint32_t i = rule->line - 4;

	(void)group;
	(void)error;
	assert_true(i < RULES);
	if (evaluated || world->row_cnt > 0)
		assert_int_equal(kymo_feed_append(world->out[i], at_ms,
		    world->rows, world->row_cnt), 0);
	world->row_cnt = 0;
	return 0;
}

static void
fault(void *of, const char *said)
{
	(void)of;
	fail_msg("%s", said);
}

static void
world_begin(struct world *world)
{
	/* Little is kept, so that series are forgotten, too. */
	struct kymo_history_options options = { .head_ms = 20000 };
	struct kymo_rule_faults faults = { fault, NULL };
	struct kymo_rule_options rules = { .sink = { .of = world,
	    .append = append, .rule = rule_done } };
	struct kymo_error error;

	memset(world, 0, sizeof *world);
	world->history = kymo_history_new(&options, &error);
	assert_non_null(world->history);
	world->in = kymo_history_feed(world->history, "in");
	for (int i = 0; i < RULES; i++) {
		char name[16];

		snprintf(name, sizeof name, "rule %d", i);
		world->out[i] = kymo_history_feed(world->history, name);
	}
	for (int s = 0; s < SERIES; s++) {
		char number[16];
		struct kymo_label label[] = { { KYMO_NAME_LABEL, "x" },
			{ "n", number } };

		snprintf(number, sizeof number, "%d", s);
		world->labels[s] = kymo_labels_make(label, 2);
		assert_non_null(world->labels[s]);
	}
	assert_int_equal(kymo_rules_parse(&world->rules, "f", text,
	    strlen(text), &faults), 0);
	rules.source = kymo_history_source(world->history);
	assert_int_equal(kymo_rule_engine_new(&world->engine, world->rules,
	    &rules, &faults, &error), 0);
}

static void
world_end(struct world *world)
{
	kymo_rule_engine_delete(world->engine);
	kymo_rules_delete(world->rules);
	for (int s = 0; s < SERIES; s++)
		free(world->labels[s]);
	kymo_history_delete(world->history);
}

static double
value_of(int s, int pass)
{
	return (s * 37 + pass * 13) % 100;
}

/* Those that are there, in some order: the feed goes by who is in it, so who
   comes anew comes last of what matchers find. */
static uint32_t
scan(struct world *world, int pass, uint32_t is_there, unsigned *seed)
{
	struct kymo_history_row rows[SERIES];
	uint32_t cnt = 0;

	for (int s = 0; s < SERIES; s++)
		if (is_there >> s & 1)
			rows[cnt++] = (struct kymo_history_row){
				world->labels[s], value_of(s, pass), NULL,
				NULL };
	for (uint32_t i = cnt; i > 1; i--) {
		uint32_t k = (uint32_t)rand_r(seed) % i;
		struct kymo_history_row row = rows[k];

		rows[k] = rows[i - 1];
		rows[i - 1] = row;
	}
	assert_int_equal(kymo_feed_append(world->in, BEGIN_MS + pass * 1000,
	    rows, cnt), 0);
	return cnt;
}

/* name has those that are there and above least, times times, and no others. */
static uint32_t
assert_recorded(struct world *world, const char *name, int pass,
    uint32_t is_there, double least, double times)
{
	struct kymo_query_error error;
	struct kymo_result *result;
	struct kymo_query *query;
	uint32_t cnt = 0;

	assert_int_equal(kymo_query_parse(&query, name, strlen(name), &error),
	    0);
	assert_int_equal(kymo_query_instant(query, kymo_history_source(
	    world->history), BEGIN_MS + pass * 1000, NULL, &result, &error), 0);
	for (int s = 0; s < SERIES; s++)
		cnt += (is_there >> s & 1) && value_of(s, pass) > least;
	assert_int_equal(result->series_cnt, cnt);
	for (uint32_t i = 0; i < result->series_cnt; i++) {
		const struct kymo_result_series *series = &result->series[i];
		int s = atoi(kymo_labels_get(series->labels, "n"));

		assert_true(is_there >> s & 1);
		is_there &= ~(UINT32_C(1) << s);
		assert_true(series->points[0].value ==
		    value_of(s, pass) * times);
		assert_string_equal(kymo_labels_get(series->labels, "team"),
		    strcmp(name, "large") == 0 ? "core" : "");
	}
	kymo_result_delete(result);
	kymo_query_delete(query);
	return cnt;
}

static int
health_of_one(void *to, const struct kymo_rule_status *status)
{
	bool *failed = to;

	if (strcmp(status->rule->name, "one") == 0)
		*failed = status->health == KYMO_RULE_ERROR;
	else
		assert_int_equal(status->health, KYMO_RULE_OK);
	return 0;
}

static void
what_is_known_is_what_would_be_found(void **state)
{
	uint32_t is_there = 0xfff, pending_cnt, firing_cnt, cnt;
	struct kymo_error error;
	struct world world;
	unsigned seed = 7;
	bool failed;

	(void)state;
	world_begin(&world);
	for (int pass = 0; pass < PASSES; pass++) {
		/* Quiet for some passes, then much at once, then hardly any. */
		if (pass % 7 == 3)
			is_there ^= (uint32_t)rand_r(&seed) & 0xfff;
		if (pass % 50 == 40)
			is_there = pass % 100 == 40 ? 0 : 1;
		cnt = scan(&world, pass, is_there, &seed);
		assert_int_equal(kymo_rule_engine_at(world.engine, BEGIN_MS +
		    pass * 1000, &error), 0);
		assert_recorded(&world, "double", pass, is_there, -1, 2);
		assert_recorded(&world, "last", pass, is_there, -1, 1);
		assert_recorded(&world, "large", pass, is_there, 50, 1);
		kymo_rule_engine_alert_cnt(world.engine, &pending_cnt,
		    &firing_cnt);
		assert_int_equal(pending_cnt, 0);
		assert_int_equal(firing_cnt, assert_recorded(&world, "large",
		    pass, is_there, 50, 1));
		assert_int_equal(kymo_rule_engine_status(world.engine,
		    health_of_one, &failed), 0);
		assert_int_equal(failed, cnt > 1);
	}
	assert_true(world.by_ref_cnt > PASSES);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_what_would_be_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
