/* SPDX-License-Identifier: MIT */
/* A thread's clock and a signal handler of the same thread: whenever it comes,
   both see times that are so. */
#include "tests/model/world.h"
#include "writer/thread.h"

#define CALIBRATE_NS 30000000u
#define OVER_NS 1200000000u /* longer than a line of the clock */
#define LATE_NS 900000000u  /* near the end of one */
#define ABOUT_NS 20000u     /* each look at the model's time takes 1000 */

static bool
is_about(uint64_t ns, uint64_t from_ns, uint64_t to_ns)
{
	return ns + ABOUT_NS >= from_ns && ns <= to_ns + ABOUT_NS;
}

static void
look(void)
{
	uint64_t from_ns = model_time_ns(0), ns = kymo_now_ns();

	model_assert(is_about(ns, from_ns, model_time_ns(0)),
	    "the clock is wrong");
}

static void
look_later(void)
{
	model_time_ns(OVER_NS);
	look();
}

static void
look_late(void)
{
	model_time_ns(LATE_NS);
	look();
}

static void
clock_setup(void)
{
	model_has_ticks = true;
	world_begin(2);
	model_assert(kyi_thread_place() == KYI_OWN, "there is no slot");
	model_time_ns(CALIBRATE_NS);
	look();
}

/* The thread sets its clock anew, and the handler looks. */
const struct model model_clock_turn = {
	.name = "clock_turn",
	.setup = clock_setup,
	.thread = { look_later, look },
	.is_handler = true,
	.goes_on = true,
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* The thread looks, and the handler sets the clock anew. */
const struct model model_clock_look = {
	.name = "clock_look",
	.setup = clock_setup,
	.thread = { look_late, look_later },
	.is_handler = true,
	.goes_on = true,
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* The rate is not known yet; the handler comes to know it. */
static void
rate_setup(void)
{
	model_has_ticks = true;
	world_begin(2);
	model_assert(kyi_thread_place() == KYI_OWN, "there is no slot");
}

static void
rate_took(void)
{
	const struct kymo_clock_ *clock = &kymo_tls_->clock;
	uint64_t start = __builtin_ia32_rdtsc() * 2 + 1, took_ns;
	uint64_t from_ns = model_time_ns(0);

	model_time_ns(CALIBRATE_NS);
	took_ns = kymo_took_(clock, kymo_look_(clock), start);
	model_assert(is_about(took_ns, CALIBRATE_NS,
	    model_time_ns(0) - from_ns), "a timer is wrong");
}

static void
rate_learn(void)
{
	model_time_ns(CALIBRATE_NS);
	look();
}

const struct model model_clock_rate = {
	.name = "clock_rate",
	.setup = rate_setup,
	.thread = { rate_took, rate_learn },
	.is_handler = true,
	.goes_on = true,
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};
