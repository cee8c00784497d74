/* SPDX-License-Identifier: MIT */
/* Goal: a shift of some percent that lasts is found, in latencies and in errors,
   and noise, peaks and what is less than asked for are none.
   Method: numbers from a generator with a fixed seed. */
#include "tests/testlib/care_world.h"

#include "reader/health/private.h"

static uint64_t seed;

static double
uniform(void)
{
	seed = seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((double)(seed >> 11) + 0.5) / 0x1p53;
}

static double
normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* How many values until it is higher; cnt: it never was. */
static uint32_t
values_until(struct kyi_trend *trend, double mean, double sd, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; i < cnt && !trend->higher; i++)
		kyi_trend_add(trend, mean + sd * normal(), 0.002, 0.03);
	return i;
}

static void
test_a_shift_of_five_percent_is_found_and_its_end(void **state)
{
	(void)state;
	seed = 1;
	for (uint32_t i = 0; i < 20; i++) {
		struct kyi_trend trend = {.cnt = 0};
		uint32_t cnt;

		/* Blocks that differ by 3 %. */
		assert_int_equal(values_until(&trend, -5, 0.03, 300), 300);
		cnt = values_until(&trend, -5 + log(1.05), 0.03, 300);
		assert_in_range(cnt, 5, 60);
		for (cnt = 0; cnt < 50 && trend.higher; cnt++)
			kyi_trend_add(&trend, -5 + 0.03 * normal(), 0.002,
			    0.03);
		assert_in_range(cnt, 4, 40);
	}
}

static void
test_noise_and_peaks_are_no_shift(void **state)
{
	struct kyi_trend trend;

	(void)state;
	seed = 2;
	for (uint32_t i = 0; i < 50; i++) {
		memset(&trend, 0, sizeof(trend));
		assert_int_equal(values_until(&trend, 3, 0.1, 5000), 5000);
	}
	/* A hundredth is less than 3 %, however clear. */
	memset(&trend, 0, sizeof(trend));
	values_until(&trend, 0, 0.001, 300);
	assert_int_equal(values_until(&trend, 0.01, 0.001, 300), 300);
	kyi_trend_add(&trend, NAN, 0.002, 0.03);
	assert_false(trend.higher);
}

static void
test_what_stays_becomes_the_past(void **state)
{
	struct kyi_trend trend = {.cnt = 0};
	uint32_t i;

	(void)state;
	seed = 3;
	values_until(&trend, 0, 0.01, 100);
	values_until(&trend, 0.5, 0.01, 100);
	assert_true(trend.higher);
	for (i = 0; i < KYI_TREND_FORGET; i++)
		kyi_trend_add(&trend, 0.5 + 0.01 * normal(), 0.002, 0.03);
	assert_false(trend.higher);
	assert_int_equal(values_until(&trend, 0.5, 0.01, 200), 200);
}

/* ---- through scans -------------------------------------------------------- */

struct counted {
	struct kymo_family_scan families[3];
	struct kymo_series series[3];
	struct kymo_scan scan;
	uint64_t cells[1];
};

static const struct kymo_label shop = {"service", "shop"};

static void
counted_init(struct counted *counted)
{
	*counted = (struct counted){
		.families = {
			{.name = "errors", .component = "",
			    .kind = KYMO_METRIC_COUNTER},
			{.name = "requests", .component = "",
			    .kind = KYMO_METRIC_COUNTER},
			{.name = "took_seconds", .component = "",
			    .kind = KYMO_METRIC_HISTOGRAM},
		},
	};
	for (uint32_t i = 0; i < 3; i++) {
		counted->families[i].series = &counted->series[i];
		counted->families[i].series_cnt = 1;
		counted->series[i].value.present = true;
		counted->series[i].labels = &shop;
		counted->series[i].label_cnt = 1;
	}
	counted->series[2].value.is.hist = (struct kymo_hist){
		.bucket_cnt = 1, .buckets = counted->cells};
	counted->scan = (struct kymo_scan){.families = counted->families,
	    .family_cnt = 3};
}

/* A scan a second: 1,000 requests of mean_us, each of which fails by chance. */
static void
counted_run(struct care_world *world, struct counted *counted,
    uint32_t seconds, double mean_us, double chance)
{
	for (uint32_t i = 0; i < seconds; i++) {
		counted->cells[0] += 1000;
		counted->series[1].value.is.u += 1000;
		counted->series[2].value.is.hist.sum += (uint64_t)(1000 *
		    mean_us * (1 + 0.02 * normal()));
		for (uint32_t k = 0; k < 1000; k++)
			counted->series[0].value.is.u += uniform() < chance;
		kymo_care_scan(world->care, &counted->scan, world->now_ns);
		care_run(world, 1);
	}
}

static void
test_five_percent_slower_is_degraded(void **state)
{
	struct counted counted;
	struct care_world world;

	(void)state;
	seed = 4;
	counted_init(&counted);
	care_begin(&world, "components: {web: {checks: [{tcp: 'w:1'}], "
	    "degradation: {latency: took_seconds, service: shop}}, "
	    "other: {checks: [{tcp: 'w:1'}], "
	    "degradation: {latency: took_seconds, service: other}}}", false);
	counted_run(&world, &counted, 900, 5000, 0.5);
	care_is(&world, "web", "ok", "");
	counted_run(&world, &counted, 120, 5250, 0.5);
	care_is(&world, "web", "degraded", "");
	assert_non_null(strstr(care_find(&world, "web").reason,
	    "% longer than they did"));
	care_is(&world, "other", "ok", "");
	counted_run(&world, &counted, 120, 5000, 0.5);
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
}

static void
test_more_errors_are_degraded(void **state)
{
	struct counted counted;
	struct care_world world;

	(void)state;
	seed = 5;
	counted_init(&counted);
	care_begin(&world, "components: {web: {checks: [{tcp: 'w:1'}], "
	    "degradation: {errors: errors_total, requests: requests}}}",
	    false);
	counted_run(&world, &counted, 900, 5000, 0.01);
	care_is(&world, "web", "ok", "");
	/* A fifth more is less than half as many again. */
	counted_run(&world, &counted, 300, 5000, 0.011);
	care_is(&world, "web", "ok", "");
	counted_run(&world, &counted, 120, 5000, 0.02);
	care_is(&world, "web", "degraded", "");
	assert_non_null(strstr(care_find(&world, "web").reason,
	    "% of requests fail, it was "));
	kymo_care_delete(world.care);
}

/* A process that begins anew counts from zero: no error, and no time. */
static void
test_a_reset_is_no_shift(void **state)
{
	struct counted counted;
	struct care_world world;

	(void)state;
	seed = 6;
	counted_init(&counted);
	care_begin(&world, "components: {web: {checks: [{tcp: 'w:1'}], "
	    "degradation: {latency: took_seconds, errors: errors, "
	    "requests: requests_total}}}", false);
	for (uint32_t i = 0; i < 20; i++) {
		counted_run(&world, &counted, 60, 5000, 0.01);
		counted.cells[0] = 0;
		counted.series[0].value.is.u = counted.series[1].value.is.u =
		    counted.series[2].value.is.hist.sum = 0;
	}
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shift_of_five_percent_is_found_and_its_end),
		cmocka_unit_test(test_noise_and_peaks_are_no_shift),
		cmocka_unit_test(test_what_stays_becomes_the_past),
		cmocka_unit_test(test_five_percent_slower_is_degraded),
		cmocka_unit_test(test_more_errors_are_degraded),
		cmocka_unit_test(test_a_reset_is_no_shift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
