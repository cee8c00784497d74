/* SPDX-License-Identifier: MIT */
/* One thread writes, a reader in another process copies: what it sees is
   sound, and was true. The reader is the product's own, from opening the file
   by its name to the values of a scan. */
#include <string.h>

#include "shm/copy.h"
#include "tests/model/world.h"
#include "writer/thread.h"

static const char *const path_key[] = { "path", NULL };
static const char *const path_a[] = { "/a" };
static struct kymo_family counters, gauges;
static struct kymo_text text;
static struct kymo_health health;
static struct kymo_histogram hist;

/* Two scans: the second goes on where the first stopped. */
static void
read_once(void (*look)(const struct kymo_region *region), unsigned parts)
{
	struct kymo_region *region = world_open();

	world_scan(region, parts);
	look(region);
	world_close(region);
}

static void
read_twice(void (*look)(const struct kymo_region *region), unsigned parts)
{
	struct kymo_region *region = world_open();
	int i;

	if (region == NULL)
		return;
	for (i = 0; i < 2; i++) {
		world_scan(region, parts);
		if (look != NULL)
			look(region);
	}
	world_close(region);
}

static void
read_values(void)
{
	read_twice(NULL, KYMO_SCAN_VALUES);
}

/* ---- from nothing to a name ------------------------------------------------ */

static void
birth(void)
{
	kymo_counter_inc(world_counter("born"));
}

const struct model model_birth = {
	.name = "birth",
	.setup = world_begin_without,
	.thread = { birth, read_values },
	.in_turn = true,
	.departures = 2,
	.runs = 500,
	.walks = 500,
};

/* ---- records ---------------------------------------------------------------- */

static void
grow_setup(void)
{
	world_begin(2);
	counters = world_family(KYMO_KIND_COUNTER, "requests", path_key,
	    0);
	gauges = world_family(KYMO_KIND_GAUGE, "level", path_key, 0);
}

static void
grow(void)
{
	kymo_gauge_set(kymo_gauge_at(gauges, 1, path_a), 7);
	kymo_counter_add(kymo_counter_at(counters, 1, path_a), 7);
	world_counter("another");
}

static void
grow_look(const struct kymo_region *region)
{
	const struct kymo_metric_value *value =
	    world_value(region, "level", "/a");

	model_assert(value == NULL || !value->present || value->is.i == 7,
	    "a gauge that was never so");
	value = world_value(region, "requests", "/a");
	model_assert(value == NULL || value->is.u == 0 || value->is.u == 7,
	    "a counter that was never so");
}

static void
grow_read(void)
{
	read_twice(grow_look, KYMO_SCAN_VALUES);
}

const struct model model_grow = {
	.name = "grow",
	.setup = grow_setup,
	.thread = { grow, grow_read },
	.in_turn = true,
	.departures = 2,
	.runs = 500,
	.walks = 500,
};

/* ---- slots ------------------------------------------------------------------ */

static void
slot_setup(void)
{
	world_begin(2);
}

static void
slot_claim(void)
{
	kyi_thread_place();
}

static void
slot_look(const struct kymo_region *region)
{
	const struct kymo_region_info *info = kymo_region_info(region);

	model_assert(info->thread_high == info->thread_cnt,
	    "a slot that is there has no owner");
}

static void
slot_read(void)
{
	read_twice(slot_look, KYMO_SCAN_VALUES);
}

const struct model model_slot = {
	.name = "slot",
	.setup = slot_setup,
	.thread = { slot_claim, slot_read },
	.in_turn = true,
	.departures = 2,
	.runs = 500,
	.walks = 500,
};

/* ---- blocks ----------------------------------------------------------------- */

static void
block_setup(void)
{
	world_begin(2);
	hist = kymo_histogram_at(world_family(KYMO_KIND_HISTOGRAM, "size_bytes",
	    NULL, 0), 0, NULL);
}

static void
block_make(void)
{
	kymo_histogram_record(hist, 5);
}

const struct model model_block = {
	.name = "block",
	.setup = block_setup,
	.thread = { block_make, read_values },
	.in_turn = true,
	.departures = 2,
	.runs = 500,
	.walks = 500,
};

/* ---- texts, by two threads --------------------------------------------------- */

static void
text_setup(void)
{
	world_begin(3);
	text = kymo_text_at(world_family(KYMO_KIND_TEXT, "state", path_key, 0),
	    1, path_a);
}

static uint32_t text_is_set;

static void
text_set(void)
{
	kymo_text_set(text, "a text");
	text_is_set = 1;
	model_wake(&text_is_set);
}

/* The same text, after that, without the lock; and nothing but the text tells
   this thread what the other did. */
static void
text_set_again(void)
{
	kyi_thread_place();
	model_wait(&text_is_set, 0);
	kymo_text_set(text, "a text");
}

static void
text_look(const struct kymo_region *region)
{
	const struct kymo_metric_value *value =
	    world_value(region, "state", "/a");

	model_assert(value == NULL || !value->present ||
	    strcmp(value->is.text, "a text") == 0, "a text that never was");
}

static void
text_read(void)
{
	read_twice(text_look, KYMO_SCAN_VALUES);
}

const struct model model_text_read = {
	.name = "text_read",
	.setup = text_setup,
	.thread = { text_set_again, text_set, text_read },
	.departures = 2,
	.runs = 1000,
	.walks = 2000,
};

/* ---- health ------------------------------------------------------------------ */

static void
health_setup(void)
{
	world_begin(2);
	health = kymo_health_at(world_family(KYMO_KIND_HEALTH, "health",
	    path_key, 0), 1, path_a);
	kymo_health_report(health, KYMO_HEALTH_FAILING, "failing", 0);
}

static void
health_report(void)
{
	kymo_health_report(health, KYMO_HEALTH_OK, "ok", 0);
}

static void
health_look(const struct kymo_region *region)
{
	const struct kymo_metric_value *value =
	    world_value(region, "health", "/a");

	if (value == NULL || !value->present)
		return;
	model_assert(strcmp(value->is.health.reason,
	    value->is.health.state == KYMO_IS_OK ? "ok" : "failing") == 0,
	    "the reason is of another report");
}

static void
health_read(void)
{
	read_once(health_look, KYMO_SCAN_VALUES);
}

const struct model model_health = {
	.name = "health",
	.setup = health_setup,
	.thread = { health_report, health_read },
	.in_turn = true,
	.departures = 2,
	.runs = 2000,
	.walks = 4000,
};

/* ---- open spans --------------------------------------------------------------- */

static struct kymo_span_name span_name[2];
static struct kymo_span span[2];
static const char *const span_names[] = { "zero", "one" };

static void
span_begin(uint32_t i)
{
	struct kymo_trace parent;

	memset(&parent, 0, sizeof(parent));
	parent.trace_hi = parent.trace_lo = parent.span_id = i + 1;
	kymo_span_begin(&span[i], span_name[i], &parent);
}

static void
span_setup(void)
{
	uint32_t i;

	world_begin(2);
	for (i = 0; i < 2; i++)
		span_name[i] = kymo_span_name("", span_names[i]);
	span_begin(0);
}

/* In the place of the first, another. */
static void
span_open(void)
{
	kymo_span_end(&span[0], KYMO_SPAN_OK);
	span_begin(1);
}

static void
span_look(const struct kymo_region *region)
{
	const struct kymo_span_info *spans;
	uint32_t cnt, i;

	spans = kymo_region_spans(region, &cnt);
	for (i = 0; i < cnt; i++) {
		uint64_t which = spans[i].trace_hi;

		model_assert(which >= 1 && which <= 2 &&
		    spans[i].trace_lo == which && spans[i].parent_id == which &&
		    strcmp(spans[i].name, span_names[which - 1]) == 0,
		    "a span that is half another");
	}
}

static void
span_read(void)
{
	read_once(span_look, KYMO_SCAN_EVENTS);
}

const struct model model_span = {
	.name = "span",
	.setup = span_setup,
	.thread = { span_open, span_read },
	.in_turn = true,
	.goes_on = true,
	.departures = 2,
	.runs = 2000,
	.walks = 4000,
};
