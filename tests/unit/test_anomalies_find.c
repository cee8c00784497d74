/* SPDX-License-Identifier: MIT */
/* Goal: tables find what looking at each would.
   Method: anomalies and incidents of many kinds of labels, some of them odd
   ones, asked for in all ways; the answer is compared with a plain search. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

#define CNT 600u
#define KEYS_MAX 6u

static uint64_t random_now = 88172645463325252u;

static uint32_t
draw(uint32_t end)
{
	random_now ^= random_now << 13;
	random_now ^= random_now >> 7;
	random_now ^= random_now << 17;
	return (uint32_t)(random_now >> 33) % end;
}

static const char *const keys[] = {
	"service", "metric", "signal", "n", "route", "x", "y", "z", "w", "v"
};
static const char *const values[] = {
	"", "shop", "bank", "1", "2", "3", "4", "value", "p99", "a b"
};

/* What both say agrees, and it is something. */
static bool
agree(const struct kymo_label *a, uint32_t a_cnt, const struct kymo_label *b,
    uint32_t b_cnt)
{
	uint32_t common_cnt = 0;

	for (uint32_t i = 0; i < a_cnt; i++)
		for (uint32_t k = 0; k < b_cnt; k++)
			if (strcmp(a[i].key, b[k].key) == 0) {
				common_cnt++;
				if (strcmp(a[i].value, b[k].value) != 0)
					return false;
			}
	return common_cnt > 0;
}

/* key_cnt of them, drawn; the same key may be twice. */
static uint32_t
labels_draw(struct kymo_label *labels, uint32_t key_cnt, uint32_t value_cnt)
{
	uint32_t cnt = draw(KEYS_MAX + 1), at = draw(key_cnt);

	for (uint32_t i = 0; i < cnt; i++)
		labels[i] = (struct kymo_label){
			keys[draw(20) ? (at + i) % key_cnt : draw(key_cnt)],
			values[draw(value_cnt)] };
	return cnt;
}

struct all {
	struct kymo_label labels[2][CNT][KEYS_MAX];
	struct kymo_anomaly at[CNT];
	struct kymo_incident incidents[CNT];
	struct kymo_anomalies list;
};

static void
all_make(struct all *all, uint32_t key_cnt, uint32_t value_cnt)
{
	for (uint32_t i = 0; i < CNT; i++) {
		all->at[i].labels = all->labels[0][i];
		all->at[i].label_cnt = labels_draw(all->labels[0][i], key_cnt,
		    value_cnt);
		/* Those with all scores have some without any. */
		all->at[i].score = i < CNT - 100 ? CNT - i : 0;
		all->incidents[i].labels = all->labels[1][i];
		all->incidents[i].label_cnt = labels_draw(all->labels[1][i],
		    key_cnt, value_cnt);
	}
	all->list = (struct kymo_anomalies){ .at = all->at, .cnt = CNT,
		.incidents = all->incidents, .incident_cnt = CNT,
		.private_ = kyi_findings_new(NULL) };
	assert_non_null(all->list.private_);
}

static void
ask(const struct all *all, const struct kymo_label *labels, uint32_t cnt,
    unsigned *found_cnt)
{
	const struct kymo_anomaly *anomaly = NULL;
	const struct kymo_incident *incident = NULL;

	for (uint32_t i = 0; i < CNT && !anomaly; i++)
		if (all->at[i].score > 0 && agree(all->at[i].labels,
		    all->at[i].label_cnt, labels, cnt))
			anomaly = &all->at[i];
	for (uint32_t i = 0; i < CNT && !incident; i++)
		if (agree(all->incidents[i].labels,
		    all->incidents[i].label_cnt, labels, cnt))
			incident = &all->incidents[i];
	assert_ptr_equal(kymo_anomalies_find(&all->list, labels, cnt), anomaly);
	assert_ptr_equal(kymo_incidents_find(&all->list, labels, cnt),
	    incident);
	*found_cnt += anomaly != NULL;
}

static void
test_tables_find_what_a_search_finds(void **state)
{
	/* Few keys and many values; as many keys as make more kinds of
	   labels than there are tables for. */
	static const struct { uint32_t key_cnt, value_cnt; } rows[] = {
		{ 3, 10 }, { 4, 10 }, { 10, 2 }, { 10, 10 }, { 6, 4 }
	};
	struct all *all = calloc(1, sizeof(*all));

	(void)state;
	assert_non_null(all);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct kymo_label labels[KEYS_MAX];
		unsigned found_cnt = 0;

		all_make(all, rows[row].key_cnt, rows[row].value_cnt);
		for (unsigned i = 0; i < 3000; i++)
			ask(all, labels, labels_draw(labels,
			    rows[row].key_cnt, rows[row].value_cnt),
			    &found_cnt);
		assert_true(found_cnt > 500 && found_cnt < 3000);
		kymo_anomalies_free(&all->list);
	}
	free(all);
}

static void
test_a_list_of_nothing_has_nothing(void **state)
{
	const struct kymo_label label = { "service", "shop" };
	struct kymo_anomalies none = { 0 };

	(void)state;
	assert_null(kymo_anomalies_find(&none, &label, 1));
	assert_null(kymo_incidents_find(&none, &label, 1));
	none.private_ = kyi_findings_new(NULL);
	assert_null(kymo_anomalies_find(&none, &label, 1));
	assert_null(kymo_incidents_find(&none, &label, 1));
	assert_null(kymo_anomalies_find(&none, NULL, 0));
	kymo_anomalies_free(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_find_what_a_search_finds),
		cmocka_unit_test(test_a_list_of_nothing_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
