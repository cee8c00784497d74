/* SPDX-License-Identifier: MIT */
/* Goal: a shift of some percent that lasts is found, in latencies and in errors,
   and noise, peaks and what is less than asked for are none.
   Method: numbers from a generator with a fixed seed. */
#include "tests/testlib/care_world.h"

#include "shm/crc32c.h"

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

/* It begins in the middle of a block, whose mean is neither. */
static void
test_how_much_slower_is_told_as_it_is_now(void **state)
{
	struct counted counted;
	struct care_world world;
	double percent = 0;

	(void)state;
	for (uint32_t before = 900; before < 904; before++) {
		seed = 4;
		counted_init(&counted);
		care_begin(&world, "components: {web: {checks: [{tcp: 'w:1'}], "
		    "degradation: {latency: took_seconds, service: shop}}}",
		    false);
		counted_run(&world, &counted, before, 5000, 0.5);
		counted_run(&world, &counted, 100, 7000, 0.5);
		assert_int_equal(sscanf(care_find(&world, "web").reason,
		    "requests take %lf %% longer", &percent), 1);
		assert_true(percent > 37 && percent < 43);
		kymo_care_delete(world.care);
	}
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

/* ---- over our own end ------------------------------------------------------- */

#define PAST "components: {web: {checks: [{tcp: 'w:1', name: 'a b%\u00e9'}], " \
	"degradation: {latency: took_seconds, errors: errors, " \
	"requests: requests}}}"
#define OTHER "components: {web: {checks: [{tcp: 'w:2', name: 'a b%\u00e9'}], " \
	"degradation: {latency: took_seconds, errors: errors, " \
	"requests: other}}}"

/* What a quarter of an hour taught. */
static void
past_learn(struct kymo_buffer *text, bool slower)
{
	struct kymo_buffer later = {0};
	struct counted counted;
	struct care_world world;

	seed = 7;
	counted_init(&counted);
	care_begin(&world, PAST, false);
	counted_run(&world, &counted, 1600, 5000, 0.01);
	care_is(&world, "web", "ok", "");
	if (slower) {
		counted_run(&world, &counted, 120, 5250, 0.01);
		care_is(&world, "web", "degraded", "");
	}
	kymo_care_keep(world.care);
	assert_true(kymo_care_save(world.care, text));
	/* Each five minutes it is, without anybody asking. */
	assert_false(kymo_care_save(world.care, text));
	counted_run(&world, &counted, 290, 5000, 0.01);
	assert_false(kymo_care_save(world.care, text));
	counted_run(&world, &counted, 20, 5000, 0.01);
	assert_true(kymo_care_save(world.care, &later));
	kymo_buffer_free(&later);
	kymo_care_delete(world.care);
}

static void
past_restore(struct care_world *world, const struct kymo_buffer *text,
    const char *yaml, int64_t later_ms)
{
	struct kymo_error error = {""};

	care_begin(world, yaml, false);
	world->now_ns += 1700 * CARE_S;
	assert_int_equal(kymo_care_restore(world->care, text->at,
	    text->len_bytes, CARE_MS_BEGIN + 2700000 + later_ms, &error), 0);
}

static void
test_the_past_outlives_us(void **state)
{
	static const struct {
		const char *name, *yaml;
		int64_t later_ms;
		double mean_us, chance, look_seconds;
		const char *state;
	} rows[] = {
		{ "as it was", PAST, 0, 5000, 0.01, 0.01, "ok" },
		{ "slower", PAST, 0, 5250, 0.01, 0.01, "degraded" },
		{ "more errors", PAST, 0, 5000, 0.03, 0.01, "degraded" },
		{ "checks take longer", PAST, 0, 5000, 0.01, 0.05, "degraded" },
		{ "days ago", PAST, 90000000, 5250, 0.03, 0.05, "ok" },
		{ "of days to come", PAST, -90000000, 5250, 0.03, 0.05, "ok" },
		{ "of something else", OTHER, 0, 5250, 0.03, 0.05, "ok" },
	};
	struct kymo_buffer text = {0};
	struct counted counted;
	struct care_world world;
	size_t i;

	(void)state;
	past_learn(&text, false);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		past_restore(&world, &text, rows[i].yaml, rows[i].later_ms);
		counted_init(&counted);
		world.look_seconds = rows[i].look_seconds;
		/* Sooner than it could have learned any. */
		counted_run(&world, &counted, 110, rows[i].mean_us,
		    rows[i].chance);
		if (strcmp(kymo_condition_name(care_find(&world,
		    "web").status.state), rows[i].state) != 0)
			fail_msg("%s: not %s", rows[i].name, rows[i].state);
		kymo_care_delete(world.care);
	}
	kymo_buffer_free(&text);
	/* What was degraded is, until it is well again. */
	past_learn(&text, true);
	past_restore(&world, &text, PAST, 0);
	counted_init(&counted);
	counted_run(&world, &counted, 2, 5250, 0.01);
	care_is(&world, "web", "degraded", "");
	counted_run(&world, &counted, 60, 5000, 0.01);
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
	kymo_buffer_free(&text);
}

/* Whoever wrote it knows how to sum it up; that makes none of it true. */
static void
test_a_past_that_cannot_be_is_left_out(void **state)
{
	/* mean var sum run shift run_cnt cnt back long higher */
	static const struct {
		const char *trend;
		bool is_taken;
	} rows[] = {
		{ "15 0.0004 13 1 0.5 2 100 0 0 1", true },
		{ "nan 0.0004 13 1 0.5 2 100 0 0 1", false },
		{ "inf 0.0004 13 1 0.5 2 100 0 0 1", false },
		{ "15 -1 13 1 0.5 2 100 0 0 1", false },
		{ "15 1e300 13 1 0.5 2 100 0 0 1", false },
		{ "15 0.0004 nan 1 0.5 2 100 0 0 1", false },
		{ "15 0.0004 0 1 0.5 2 100 0 0 1", false },
		{ "15 0.0004 13 inf 0.5 2 100 0 0 1", false },
		{ "15 0.0004 13 1 1e9 2 100 0 0 1", false },
		{ "15 0.0004 13 1 0.5 2 4294967295 0 0 1", false },
		{ "15 0.0004 13 1 0.5 2 5 0 0 1", false },
		{ "15 0.0004 13 1 0.5 2 100 9 0 1", false },
		{ "15 0.0004 13 1 0.5 2 100 0 99999 1", false },
		{ "15 0.0004 13 1", false },
		{ "", false },
	};
	struct kymo_buffer text = {0}, made = {0};
	struct kymo_error error = {""};
	struct care_world world;
	char of[9] = "";
	size_t i;

	(void)state;
	past_learn(&text, false);
	memcpy(of, strstr(text.at, "\nl web ") + 7, 8);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kymo_buffer_printf(&made, "kymo-health 2\nat %lld\nx\nl\n"
		    "l web\nc web %s %s nobody\nl nobody %s %s\nl web %s %s\n",
		    (long long)CARE_MS_BEGIN, of, rows[i].trend, of,
		    rows[i].trend, of, rows[i].trend);
		kymo_buffer_printf(&made, "crc32c %08x\n", kyi_crc32c(0,
		    made.at, made.len_bytes));
		care_begin(&world, PAST, false);
		assert_int_equal(kymo_care_restore(world.care, made.at,
		    made.len_bytes, CARE_MS_BEGIN, &error), 0);
		care_run(&world, 1);
		if ((care_find(&world, "web").status.state ==
		    KYMO_IS_DEGRADED) != rows[i].is_taken)
			fail_msg("%s", rows[i].trend);
		kymo_care_delete(world.care);
		kymo_buffer_free(&made);
	}
	kymo_buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shift_of_five_percent_is_found_and_its_end),
		cmocka_unit_test(test_noise_and_peaks_are_no_shift),
		cmocka_unit_test(test_what_stays_becomes_the_past),
		cmocka_unit_test(test_five_percent_slower_is_degraded),
		cmocka_unit_test(test_how_much_slower_is_told_as_it_is_now),
		cmocka_unit_test(test_more_errors_are_degraded),
		cmocka_unit_test(test_a_reset_is_no_shift),
		cmocka_unit_test(test_the_past_outlives_us),
		cmocka_unit_test(test_a_past_that_cannot_be_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
