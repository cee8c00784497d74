/* SPDX-License-Identifier: MIT */
/* Goal: a component is degraded by what is found about its own latency and errors,
   if it is worse and still so, and no longer.
   Method: findings made by hand; a health that takes down what it is told. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <string.h>

#include "tools/kymod_health.h"
#include "tools/kymod_worse.h"

#define SECOND_NS UINT64_C(1000000000)
#define NOW_NS (1700000000 * SECOND_NS)
#define AT_NS (5000 * SECOND_NS)

static char told[8][300];
static uint64_t told_until_ns;
static unsigned told_cnt;

bool
kyi_health_degraded(struct kyi_health *health, const char *component,
    const char *reason, uint64_t until_ns)
{
	(void)health;
	assert_true(told_cnt < 8);
	snprintf(told[told_cnt++], sizeof(told[0]), "%s: %s", component,
	    reason ? reason : "over");
	told_until_ns = until_ns;
	return true;
}

uint64_t
kyi_monotonic_ns(void)
{
	return AT_NS;
}

static struct kyi_worse *
worse_of(const char *text)
{
	struct kyi_worse *worse = kyi_worse_new();
	struct kymo_error error = {""};
	struct kymo_config *config;

	assert_non_null(worse);
	if (kymo_config_parse(&config, "/k.yaml", text, strlen(text),
		&error) != 0)
		fail_msg("%s", error.text);
	kyi_worse_take(worse, config);
	kymo_config_free(config);
	return worse;
}

static const char components[] =
    "components:\n"
    "  web: {degradation: {latency: took_seconds, errors: errors_total, "
    "requests: requests_total, service: shop, percent: 5}}\n"
    "  any: {degradation: {latency: took_seconds}}\n"
    "  db: {}\n";

static const struct kymo_label shop = {"service", "shop"};
static const struct kymo_label bank = {"service", "bank"};

static bool
of_web(const struct kyi_worse *worse, const struct kymo_anomaly *anomaly,
    const struct kymo_changed *changed, char reason[300])
{
	const struct kymo_anomalies found = {.at = anomaly,
		.cnt = anomaly != NULL, .changes = changed,
		.change_cnt = changed != NULL, .at_ns = NOW_NS};

	return kyi_worse_reason(worse, "web", &found, reason, 300);
}

static void
test_what_was_never_so_high_and_still_is(void **state)
{
	static const struct {
		const char *what, *metric;
		enum kymo_signal signal;
		const struct kymo_label *label;
		double score, value, usual, now;
		bool worse;
	} rows[] = {
		{"a latency", "took_seconds", KYMO_SIGNAL_P99, &shop, 2, 0.9,
		    0.1, 0.8, true},
		{"its median", "took_seconds", KYMO_SIGNAL_P50, &shop, 1, 0.9,
		    0.1, 0.9, true},
		{"errors", "errors_total", KYMO_SIGNAL_RATE, &shop, 2, 9, 1, 9,
		    true},
		{"half of the way", "errors_total", KYMO_SIGNAL_RATE, &shop, 2,
		    9, 1, 5, true},
		{"less of it", "errors_total", KYMO_SIGNAL_RATE, &shop, 2, 9, 1,
		    4.9, false},
		{"not odd enough", "errors_total", KYMO_SIGNAL_RATE, &shop,
		    0.99, 9, 1, 9, false},
		{"faster", "took_seconds", KYMO_SIGNAL_P99, &shop, 2, 0.01, 0.1,
		    0.01, false},
		{"how many there are", "took_seconds", KYMO_SIGNAL_RATE, &shop,
		    2, 90, 10, 90, false},
		{"another metric", "took_seconds_more", KYMO_SIGNAL_P99, &shop,
		    2, 0.9, 0.1, 0.9, false},
		{"another service", "took_seconds", KYMO_SIGNAL_P99, &bank, 2,
		    0.9, 0.1, 0.9, false},
		{"gone", "took_seconds", KYMO_SIGNAL_P99, &shop, 2, 0.9, 0.1,
		    (double)NAN, false},
	};
	struct kyi_worse *worse = worse_of(components);
	char reason[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kymo_anomaly anomaly = {.labels = rows[i].label,
			.label_cnt = 1, .metric = rows[i].metric,
			.signal = rows[i].signal, .score = rows[i].score,
			.value = rows[i].value, .usual = rows[i].usual,
			.now = rows[i].now, .low = 0.05, .high = 0.2,
			.reason = "never this high in 3 days"};

		if (of_web(worse, &anomaly, NULL, reason) != rows[i].worse)
			fail_msg("%s", rows[i].what);
		if (i == 0)
			assert_string_equal(reason, "latency p99: never this "
			    "high in 3 days (0.8, before 0.05 to 0.2)");
	}
	kyi_worse_delete(worse);
}

static void
test_a_level_that_rose_within_the_hour(void **state)
{
	static const struct {
		const char *what, *metric;
		enum kymo_signal signal;
		unsigned ago_s;
		double before, after;
		bool worse;
	} rows[] = {
		{"5 %", "took_seconds", KYMO_SIGNAL_P50, 600, 0.1, 0.1051,
		    true},
		{"less", "took_seconds", KYMO_SIGNAL_P50, 600, 0.1, 0.1049,
		    false},
		{"long ago", "took_seconds", KYMO_SIGNAL_P50, 3601, 0.1, 0.2,
		    false},
		{"faster", "took_seconds", KYMO_SIGNAL_P50, 600, 0.2, 0.1,
		    false},
		{"errors", "errors_total", KYMO_SIGNAL_RATE, 600, 2, 3, true},
		{"few more", "errors_total", KYMO_SIGNAL_RATE, 600, 2, 2.9,
		    false},
		{"errors at all", "errors_total", KYMO_SIGNAL_RATE, 600, 0, 1,
		    true},
	};
	struct kyi_worse *worse = worse_of(components);
	char reason[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kymo_changed changed = {.labels = &shop,
			.label_cnt = 1, .metric = rows[i].metric,
			.signal = rows[i].signal,
			.found_ns = NOW_NS - rows[i].ago_s * SECOND_NS,
			.point = {.at_ns = NOW_NS - rows[i].ago_s * SECOND_NS,
			.before = rows[i].before, .after = rows[i].after}};

		if (of_web(worse, NULL, &changed, reason) != rows[i].worse)
			fail_msg("%s", rows[i].what);
		/* NOW_NS is 22:13:20. */
		if (i == 0)
			assert_string_equal(reason,
			    "latency p50: level 0.1 -> 0.1051 since 22:03 UTC");
	}
	kyi_worse_delete(worse);
}

static void
test_it_is_said_while_it_is_so_and_once_that_it_is_over(void **state)
{
	struct kyi_worse *worse = worse_of(components);
	const struct kymo_anomaly anomaly = {.labels = &bank, .label_cnt = 1,
		.metric = "took_seconds", .signal = KYMO_SIGNAL_P99,
		.score = 2, .value = 0.9, .usual = 0.1, .now = 0.9,
		.low = 0.05, .high = 0.2, .reason = "level doubled at 14:02"};
	const struct kymo_anomalies found = {.at = &anomaly, .cnt = 1,
		.at_ns = NOW_NS}, none = {.at_ns = NOW_NS};
	/* It only has to be somebody. */
	struct kyi_health *health = (struct kyi_health *)(void *)told;

	(void)state;
	/* Nobody to tell. */
	kyi_worse_tell(worse, &found, SECOND_NS);
	assert_int_equal(told_cnt, 0);
	kyi_worse_health(worse, health);
	kyi_worse_tell(worse, &none, SECOND_NS);
	assert_int_equal(told_cnt, 0);
	/* Of all services: any, not web. */
	kyi_worse_tell(worse, &found, SECOND_NS);
	assert_int_equal(told_cnt, 1);
	assert_string_equal(told[0], "any: latency p99: level doubled at 14:02 "
	    "(0.9, before 0.05 to 0.2)");
	assert_true(told_until_ns == AT_NS + 60 * SECOND_NS);
	kyi_worse_tell(worse, &found, 60 * SECOND_NS);
	assert_int_equal(told_cnt, 2);
	assert_true(told_until_ns == AT_NS + 240 * SECOND_NS);
	kyi_worse_tell(worse, &none, SECOND_NS);
	kyi_worse_tell(worse, &none, SECOND_NS);
	assert_int_equal(told_cnt, 3);
	assert_string_equal(told[2], "any: over");
	kyi_worse_health(worse, NULL);
	kyi_worse_tell(worse, &found, SECOND_NS);
	assert_int_equal(told_cnt, 3);
	kyi_worse_delete(worse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_never_so_high_and_still_is),
		cmocka_unit_test(test_a_level_that_rose_within_the_hour),
		cmocka_unit_test(
		    test_it_is_said_while_it_is_so_and_once_that_it_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
