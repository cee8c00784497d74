/* SPDX-License-Identifier: MIT */
/* Threads of one program meet in the writer's private memory. */
#include <stdlib.h>
#include <string.h>

#include "tests/model/world.h"
#include "writer/thread.h"

static const char *const path_key[] = { "path", NULL };
static struct kymo_family family;

/* ---- the first use, by two at once ---------------------------------------- */

static void
first_use(void)
{
	struct kymo_counter counter = world_counter("first_total");

	kymo_counter_inc(counter);
}

static void
first_check(void)
{
	struct kymo_counter counter = world_counter("first_total");

	model_assert(world_sum(counter.off_) == 2, "two were not counted");
}

const struct model model_first = {
	.name = "first",
	.thread = { first_use, first_use },
	.check = first_check,
	.departures = 2,
	.runs = 400,
	.walks = 200,
};

/* ---- a lock, a region: losses that are counted while it is made ----------- */

static void
early_loss(void)
{
	kyi_count(KYI_ERR_BADCALL, 1);
}

static void
early_region(void)
{
	kymo_init("model");
}

static void
early_check(void)
{
	model_assert(kyi_err_cnt(kyi_process(), KYI_ERR_BADCALL) == 1,
	    "a loss is lost");
}

/* Without a directory: no file, whose name has a fence of its own. */
static void
private_setup(void)
{
	model_no_directory = true;
	world_begin_without();
}

const struct model model_private_region = {
	.name = "private_region",
	.setup = private_setup,
	.thread = { early_region, early_loss },
	.check = early_check,
	.departures = 2,
	.runs = 1000,
	.walks = 300,
};

const struct model model_early = {
	.name = "early",
	.setup = world_begin_without,
	.thread = { early_region, early_loss },
	.check = early_check,
	.departures = 2,
	.runs = 1000,
	.walks = 300,
};

/* ---- series that another thread makes ------------------------------------- */

static void
series_setup(void)
{
	world_begin(3);
	family = world_family(KYMO_KIND_COUNTER, "requests_total", path_key, 0);
}

static void
claim(void)
{
	model_assert(kyi_thread_place() == KYI_OWN, "there is no slot");
}

static void
series_inc(void)
{
	static const char *const values[] = { "/a" };
	struct kymo_counter counter;

	claim();
	counter = kymo_counter_at(family, 1, values);
	kymo_counter_inc(counter);
}

static void
series_check(void)
{
	static const char *const values[] = { "/a" };

	model_assert(world_sum(kymo_counter_at(family, 1, values).off_) == 2,
	    "two were not counted in one series");
}

const struct model model_series = {
	.name = "series",
	.setup = series_setup,
	.thread = { series_inc, series_inc },
	.check = series_check,
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};

/* A cell that all threads share has its first value before it is used. */
static void
gauge_setup(void)
{
	world_begin(3);
	family = world_family(KYMO_KIND_GAUGE, "level", path_key, 0);
}

static void
gauge_add(void)
{
	static const char *const values[] = { "/a" };

	claim();
	kymo_gauge_add(kymo_gauge_at(family, 1, values), 1);
}

static void
gauge_check(void)
{
	static const char *const values[] = { "/a" };
	struct kymo_gauge gauge = kymo_gauge_at(family, 1, values);
	int64_t is;

	memcpy(&is, kyi_process()->shared + gauge.off_, sizeof(is));
	model_assert(is == 2, "two were not added");
}

const struct model model_gauge = {
	.name = "gauge",
	.setup = gauge_setup,
	.thread = { gauge_add, gauge_add },
	.check = gauge_check,
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};

/* ---- a family that is full ------------------------------------------------- */

static void
full_setup(void)
{
	static const char *const values[] = { "/first" };

	world_begin(3);
	family = world_family(KYMO_KIND_COUNTER, "full_total", path_key, 1);
	kymo_counter_at(family, 1, values);
}

static void
full_inc(void)
{
	static const char *const values[][1] = { { "/b" }, { "/c" } };
	struct kymo_counter counter;

	claim();
	counter = kymo_counter_at(family, 1, values[model_thread()]);
	kymo_counter_inc(counter);
}

static void
full_check(void)
{
	static const char *const values[] = { "/d" };

	model_assert(world_sum(kymo_counter_at(family, 1, values).off_) == 2,
	    "two were not counted in the overflow series");
}

const struct model model_full = {
	.name = "full",
	.setup = full_setup,
	.thread = { full_inc, full_inc },
	.check = full_check,
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};

/* ---- a place in the source that remembers ---------------------------------- */

static void
fixed_inc(const char *path)
{
	kymo_counter_inc(KYMO_AT_FIXED(counter, family, path));
}

/* Of one row of the memory: the second finds what the first keeps. */
static void
fixed_twice(void)
{
	claim();
	fixed_inc("/a");
	fixed_inc("/a");
}

const struct model model_fixed = {
	.name = "fixed",
	.setup = series_setup,
	.thread = { fixed_twice, fixed_twice },
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};

/* ---- a place in the source that logs ---------------------------------------- */

static void
log_setup(void)
{
	world_begin(3);
}

static void
log_once(void)
{
	const struct kyi_ring_section *sections;
	const struct kyi_event *events;

	claim();
	/* One place for both. */
	KYMO_LOG(KYMO_WARN, "queue %d of %s", 1, "a");
	sections = kymo_tls_->ring;
	events = (const struct kyi_event *)(const void *)(sections +
	    KYI_RING_SECTIONS);
	model_assert(events[sections[KYI_RING_LOG].first].arg_cnt == 2,
	    "a log without its arguments");
}

const struct model model_log = {
	.name = "log",
	.setup = log_setup,
	.thread = { log_once, log_once },
	.departures = 2,
	.runs = 1500,
	.walks = 300,
};

/* ---- texts ------------------------------------------------------------------ */

static struct kymo_text text;

static void
text_setup(void)
{
	world_begin(3);
	text = kymo_text_at(world_family(KYMO_KIND_TEXT, "state", NULL, 0), 0,
	    NULL);
}

static void
text_set(void)
{
	claim();
	kymo_text_set(text, "a text");
}

const struct model model_text = {
	.name = "text",
	.setup = text_setup,
	.thread = { text_set, text_set },
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};

/* ---- threads without a slot -------------------------------------------------- */

static struct kymo_histogram hist;
static struct kymo_counter counter0;

static void
slotless_setup(void)
{
	world_begin(1);
	hist.at_ = 0;
	/* This one keeps the only slot. */
	model_assert(kyi_thread_place() == KYI_OWN, "no slot");
	hist = kymo_histogram_at(world_family(KYMO_KIND_HISTOGRAM, "size_bytes",
	    NULL, 0), 0, NULL);
}

static void
slotless_record(void)
{
	kymo_histogram_record(hist, 5);
}

const struct model model_hist0 = {
	.name = "hist0",
	.setup = slotless_setup,
	.thread = { slotless_record, slotless_record },
	.departures = 2,
	.runs = 2000,
	.walks = 300,
};

/* Slot 0's window, made by a later call because there was no room at first, and
   of more pages than the first. A vfork child, which may take no lock, is who
   needs it without one. */
#define WINDOW_POPULATES 7u /* of the fixed blocks */
#define WINDOW_SERIES 520u

static void
window_setup(void)
{
	char number[12];
	const char *values[] = { number };
	uint32_t i;

	world_begin_without();
	family = world_family(KYMO_KIND_COUNTER, "mended", path_key,
	    WINDOW_SERIES);
	for (i = 0; i < WINDOW_SERIES; i++) {
		snprintf(number, sizeof(number), "%u", (unsigned)i);
		counter0 = kymo_counter_at(family, 1, values);
	}
	model_populate_cnt = WINDOW_POPULATES;
	world_begin(1);
	model_populate_cnt = UINT32_MAX;
	if (kyi_process()->epoch == 0 || kyi_process()->window0 != NULL)
		abort(); /* the number above is another */
	kyi_process()->grow_ns = 0; /* there is room again */
	model_vfork_thread = 1;
}

static void
window_mend(void)
{
	world_counter("other_total");
}

static void
window_use(void)
{
	kymo_counter_inc(counter0);
}

const struct model model_window0 = {
	.name = "window0",
	.setup = window_setup,
	.thread = { window_mend, window_use },
	.departures = 2,
	.runs = 200,
	.walks = 40,
};
