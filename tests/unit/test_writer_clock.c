/* SPDX-License-Identifier: MIT */
/* The clock by the counter: how a line follows the one before it. */
#include "tests/testlib/fresh.h"

#include "shm/os.h"
#include "writer/clock.h"

#define GHZ2_28 134217728u /* half a nanosecond a tick */
#define BILLION 1000000000u

static const struct kymo_clock_ none;
/* From tick 1000 on, at 5 s. */
static const struct kymo_clock_ line = { 1000, 2 * (uint64_t)BILLION,
	5 * (uint64_t)BILLION, GHZ2_28 };

static uint64_t
shown(const struct kymo_clock_ *clock, uint64_t ticks)
{
	return clock->base_ns +
	    ((ticks - clock->from_ticks) * clock->ns_28 >> 28);
}

static void
test_the_rate_is_known_after_a_while(void **state)
{
	static const struct {
		const char *what;
		uint64_t ticks, ns, apart;
		enum kyi_clock_is is;
	} rows[] = {
		{ "at once", 0, 0, 0, KYI_CLOCK_EARLY },
		{ "after a millisecond", 2000000, 1000000, 0, KYI_CLOCK_EARLY },
		{ "after twenty", 40000000, 20000000, 0, KYI_CLOCK_GOOD },
		{ "where to ask takes 50 us: not yet", 40000000, 20000000, 100000,
		    KYI_CLOCK_EARLY },
		{ "but soon", 400000000, 200000000, 100000,
		    KYI_CLOCK_GOOD },
		{ "after a year", 63072000000000000, 31536000000000000, 0,
		    KYI_CLOCK_GOOD },
		{ "too slow a counter", 1000000, BILLION, 0, KYI_CLOCK_DRIFTS },
		{ "too fast a counter", 64ull * BILLION, BILLION, 0,
		    KYI_CLOCK_DRIFTS },
		{ "a counter that went back", (uint64_t)-1000, BILLION, 0,
		    KYI_CLOCK_DRIFTS },
		{ "the same, at once", (uint64_t)-1000, 10, 0, KYI_CLOCK_DRIFTS },
	};
	const struct kyi_clock_pair at = { 777, 4 * (uint64_t)BILLION,
		0 };
	struct kymo_clock_ next;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_clock_pair now = { at.ticks + rows[i].ticks,
			at.ns + rows[i].ns, rows[i].apart };

		if (kyi_clock_next(&next, &none, at, now) != rows[i].is)
			fail_msg("%s", rows[i].what);
		if (rows[i].is != KYI_CLOCK_GOOD)
			continue;
		assert_int_equal(next.from_ticks, now.ticks);
		assert_int_equal(next.base_ns, now.ns);
		assert_in_range(next.ns_28, GHZ2_28 - 1, GHZ2_28 + 1);
		assert_in_range(next.span_ticks, 2 * (uint64_t)BILLION - 9,
		    2 * (uint64_t)BILLION + 9);
	}
}

/* The system's clock runs by so many parts in a million slower or faster than
   the line did. */
static void
test_a_line_follows_the_system_and_never_goes_back(void **state)
{
	static const int millionths[] = { 0, 1, -1, 100, -100, 500, -500 };
	const struct kyi_clock_pair at = { line.from_ticks, line.base_ns, 0 };
	size_t i;

	for (i = 0; i < sizeof(millionths) / sizeof(*millionths); i++) {
		struct kymo_clock_ last = line, next;
		struct kyi_clock_pair from = at, now = at;
		uint64_t given_ns;
		int turn;

		for (turn = 0; turn < 5; turn++) {
			given_ns = shown(&last,
			    last.from_ticks + last.span_ticks);
			now.ticks += last.span_ticks;
			now.ns += last.span_ticks / 2 +
			    (uint64_t)((int64_t)(last.span_ticks / 2) *
			    millionths[i] / 1000000);
			assert_int_equal(kyi_clock_next(&next, &last, from,
			    now), KYI_CLOCK_GOOD);
			assert_true(next.base_ns >= given_ns);
			/* It is on time again after the second turn. */
			if (turn > 1)
				assert_in_range(next.base_ns, now.ns,
				    now.ns + 1000);
			last = next;
			from = now;
		}
	}
}

static void
test_what_no_adjustment_does_is_drift(void **state)
{
	static const struct {
		const char *what;
		uint64_t ticks, ns;
	} rows[] = {
		{ "the machine slept, the counter ran on",
		    3600ull * 2 * BILLION, BILLION },
		{ "the counter began again", (uint64_t)-500, BILLION },
		{ "another machine, a faster counter", 3ull * BILLION,
		    BILLION },
		{ "a slower one", 2ull * BILLION, BILLION + BILLION / 100 },
		{ "time stood still", 2ull * BILLION, 0 },
	};
	const struct kyi_clock_pair at = { line.from_ticks, line.base_ns, 0 };
	struct kymo_clock_ next;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_clock_pair now = { at.ticks + rows[i].ticks,
			at.ns + rows[i].ns, 0 };

		if (kyi_clock_next(&next, &line, at, now) != KYI_CLOCK_DRIFTS)
			fail_msg("%s", rows[i].what);
	}
}

/* A thread that did not look for long is simply right again. */
static void
test_a_long_pause_is_no_drift(void **state)
{
	const struct kyi_clock_pair at = { line.from_ticks, line.base_ns, 0 };
	struct kyi_clock_pair now = { at.ticks + 200000ull * BILLION,
		at.ns + 100001ull * BILLION, 0 };
	struct kymo_clock_ next;

	assert_int_equal(kyi_clock_next(&next, &line, at, now), KYI_CLOCK_GOOD);
	assert_int_equal(next.base_ns, now.ns);
}

/* Once a thread finds drift, every thread asks the system. */
static void
test_after_drift_the_clock_is_the_systems(void **state)
{
	struct kyi_process *process = kyi_process();
	struct kymo_counter counter = kymo_counter_at(fresh_family(
	    KYMO_KIND_COUNTER, "c", NULL, NULL), 0, NULL);
	struct kyi_thread *thread;

	kymo_counter_inc(counter);
	thread = kyi_thread_own();
	if (process->clock_first.ticks == 0)
		skip(); /* no such counter here */
	assert_int_equal(thread->tls.clock.span_ticks, 1);
	kyi_store_u32_relaxed(&process->clock_drifts, 1);
	/* A pair that was interrupted changes nothing; ask again. */
	while (thread->tls.clock.span_ticks != 0)
		kymo_now_ns();
	assert_true(kymo_now_ns() > 0);
}

#if defined(__x86_64__)
/* What a start and a stop are, in halves of a tick or of a ns. */
static void
test_a_timer_takes_the_counter_itself(void **state)
{
	struct kymo_counter counter = kymo_counter_at(fresh_family(
	    KYMO_KIND_COUNTER, "c", NULL, NULL), 0, NULL);
	uint64_t now = __builtin_ia32_rdtsc(), os_ns = kyi_os_mono_ns();
	const struct {
		const char *what;
		uint64_t now, start, least_ns, most_ns;
	} rows[] = {
		{ "within a line", now * 2 + 1, (now - 1001) * 2 + 1, 501, 501 },
		{ "nothing", now * 2 + 1, now * 2 + 1, 0, 0 },
		{ "longer than a line", now * 2 + 1,
		    (now - 8ull * BILLION) * 2 + 1, 4ull * BILLION,
		    4ull * BILLION },
		{ "a start that is later", now * 2 + 1, now * 2 + 3, 0, 0 },
		{ "both by the system", 2 * (uint64_t)BILLION, 2000,
		    BILLION - 1000, BILLION - 1000 },
		{ "both, the start later", 2000, 2002, 0, 0 },
		{ "a start by the system", now * 2 + 1, (os_ns - 7) * 2, 7,
		    3600ull * BILLION },
		{ "a stop by the system", os_ns * 2, (now - 14) * 2 + 1, 7,
		    3600ull * BILLION },
	};
	struct kymo_clock_ *clock;
	uint64_t took_ns;
	size_t i;

	kymo_counter_inc(counter);
	clock = &kymo_tls_->clock;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		*clock = line;
		clock->from_ticks = now - 1000;
		took_ns = kymo_took_(clock, rows[i].now, rows[i].start);
		if (took_ns < rows[i].least_ns || took_ns > rows[i].most_ns)
			fail_msg("%s: %llu", rows[i].what,
			    (unsigned long long)took_ns);
	}
}
#endif

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_rate_is_known_after_a_while),
		TEST(test_a_line_follows_the_system_and_never_goes_back),
		TEST(test_what_no_adjustment_does_is_drift),
		TEST(test_a_long_pause_is_no_drift),
		TEST(test_after_drift_the_clock_is_the_systems),
#if defined(__x86_64__)
		TEST(test_a_timer_takes_the_counter_itself),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
