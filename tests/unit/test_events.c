/* SPDX-License-Identifier: MIT */
/* Goal: spans, logs and exemplars come out of the rings whole or not at all,
   with the thread that made them; open spans tell what each thread is doing.
   Method: rings filled by the writer's half of shm/ring.h, then spoiled. */
#include "tests/testlib/testlib.h"

#include "reader/region/region.h"
#include "tests/testlib/make_region.h"

static const char *const no_values[] = { NULL };

static struct kymo_region *
open_made(const struct make_region *m)
{
	struct kymo_region *region;
	struct kymo_error error = { "" };

	if (kymo_region_open_path(&region, m->region.path, &error) != 0)
		fail_msg("%s", error.text);
	return region;
}

static void
scan_as(struct kymo_region *region, unsigned parts)
{
	struct kymo_error error = { "" };

	if (kymo_region_scan(region, parts, &error) != 0)
		fail_msg("%s", error.text);
}

static void
scan(struct kymo_region *region)
{
	scan_as(region, KYMO_SCAN_EVENTS);
}

static uint64_t
bad_records(const struct kymo_region *region)
{
	return kymo_region_info(region)->losses.bad_records;
}

/* t0 of the region's two clocks. */
static uint64_t
real(const struct make_region *m, uint64_t mono_ns)
{
	const struct kyi_header *header = kyi_region_at(&m->region, 0);

	return header->t0_realtime_ns + mono_ns - header->t0_mono_ns;
}

static struct kyi_event
span_event(uint32_t name_id, uint64_t nth)
{
	struct kyi_event event = { .ts_ns = kyi_os_mono_ns() + nth,
		.name_id = name_id, .type = KYI_EVENT_SPAN, .places = 1,
		.code = 2, .u.span = { 1, 2, 1000 + nth, 4, 5 } };

	return event;
}

static void
test_spans_that_ended_are_found_with_their_thread(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	const struct kymo_span_info *spans;
	struct kyi_event event;
	uint32_t name, cnt;

	make_region(&m, testlib_dir(), "events");
	name = make_name(&m, "db", "query", NULL);
	event = span_event(name, 0);
	make_event(make_ring(&m, 2, 8), KYI_RING_SPAN, &event);
	region = open_made(&m);
	scan(region);
	spans = kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 1);
	assert_string_equal(spans[0].name, "query");
	assert_string_equal(spans[0].component, "db");
	assert_string_equal(spans[0].thread, "thread-2");
	assert_int_equal(spans[0].tid, 1002);
	assert_int_equal(spans[0].slot, 2);
	assert_int_equal(spans[0].trace_hi, 1);
	assert_int_equal(spans[0].trace_lo, 2);
	assert_int_equal(spans[0].span_id, 1000);
	assert_int_equal(spans[0].parent_id, 4);
	assert_int_equal(spans[0].duration_ns, 5);
	assert_int_equal(spans[0].start_ns, real(&m, event.ts_ns));
	assert_int_equal(spans[0].status, 2);
	assert_false(spans[0].open);
	scan_as(region, KYMO_SCAN_EXEMPLARS);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 0);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_what_is_older_than_the_slots_owner_is_nobodys(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	struct kyi_slot *slot;
	struct kyi_event event;
	uint32_t cnt;

	make_region(&m, testlib_dir(), "events");
	event = span_event(make_name(&m, "", "s", NULL), 0);
	make_event(make_ring(&m, 1, 8), KYI_RING_SPAN, &event);
	slot = kyi_region_at(&m.region, m.region.slots_off +
	    sizeof(struct kyi_block) + sizeof(*slot));
	slot->claimed_ns = event.ts_ns + 1;
	region = open_made(&m);
	scan(region);
	assert_string_equal(kymo_region_spans(region, &cnt)->thread, "");
	assert_int_equal(kymo_region_spans(region, &cnt)->tid, 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_the_ring_holds_the_newest_and_no_torn_one(void **state)
{
	struct make_region m;
	struct kyi_ring_section *sections;
	struct kyi_event *places, event;
	struct kymo_region *region;
	uint32_t name, cnt, i;

	make_region(&m, testlib_dir(), "events");
	name = make_name(&m, "", "s", NULL);
	sections = make_ring(&m, 1, 8);
	places = make_places(sections);
	region = open_made(&m);
	for (i = 0; i < 20; i++) {
		event = span_event(name, i);
		make_event(sections, KYI_RING_SPAN, &event);
	}
	scan(region);
	assert_int_equal(kymo_region_spans(region, &cnt)[0].span_id, 1012);
	assert_int_equal(cnt, 8);
	assert_int_equal(kymo_region_spans(region, &cnt)[7].span_id, 1019);
	/* A place that is being written. */
	places[(19) & 7].seq = 0;
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 7);
	/* One that was reserved, and not even begun. */
	sections[KYI_RING_SPAN].reserve = 21;
	scan(region);
	assert_int_equal(kymo_region_spans(region, &cnt)[0].span_id, 1013);
	assert_int_equal(cnt, 6);
	/* A reserve that ran away leaves nothing. */
	sections[KYI_RING_SPAN].reserve = UINT64_MAX;
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 0);
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

/* Stores a log whose arguments take place_cnt places. */
static void
make_log(struct kyi_ring_section *sections, uint32_t format_id, uint64_t ts_ns,
    const void *args, uint32_t place_cnt)
{
	struct kyi_ring_section *section = &sections[KYI_RING_LOG];
	struct kyi_event *places = make_places(sections);
	uint64_t number = kyi_ring_begin(section, places, place_cnt);
	uint32_t i;

	for (i = 0; i < place_cnt; i++) {
		struct kyi_event *place = kyi_ring_place(section, places,
		    number + i);

		place->ts_ns = i == 0 ? ts_ns : number;
		place->name_id = format_id;
		place->type = i == 0 ? KYI_EVENT_LOG : KYI_EVENT_MORE;
		place->places = (uint8_t)place_cnt;
		memcpy(place->u.bytes, (const uint8_t *)args + 40 * i, 40);
		kyi_ring_end(place, number + i);
	}
}

static void
test_logs_are_formatted_and_sorted_by_time(void **state)
{
	uint8_t args[320] = { 0 };
	uint64_t word = 42;
	struct make_region m;
	struct kyi_ring_section *one, *two;
	struct kymo_region *region;
	const struct kymo_log_info *logs;
	uint32_t number, text, cnt;
	uint16_t len = 300;
	uint64_t now = kyi_os_mono_ns();

	make_region(&m, testlib_dir(), "events");
	number = make_name(&m, "net", "got %u bytes", "u");
	text = make_name(&m, "net", "said '%s'", "s");
	one = make_ring(&m, 1, 16);
	two = make_ring(&m, 2, 16);
	memcpy(args, &word, sizeof(word));
	make_log(one, number, now + 2, args, 1);
	word = 41;
	memcpy(args, &word, sizeof(word));
	make_log(two, number, now + 1, args, 1);
	memcpy(args, &len, 2);
	memset(args + 2, 'w', 300);
	make_log(two, text, now + 3, args, 8);
	region = open_made(&m);
	scan(region);
	logs = kymo_region_logs(region, &cnt);
	assert_int_equal(cnt, 3);
	assert_string_equal(logs[0].text, "got 41 bytes");
	assert_string_equal(logs[1].text, "got 42 bytes");
	assert_int_equal(strlen(logs[2].text), 307);
	assert_memory_equal(logs[2].text, "said 'wwww", 10);
	assert_string_equal(logs[0].component, "net");
	assert_string_equal(logs[0].thread, "thread-2");
	assert_int_equal(logs[0].severity, 2);
	assert_int_equal(logs[1].at_ns, real(&m, now + 2));
	assert_int_equal(bad_records(region), 0);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_a_log_without_one_of_its_places_is_gone(void **state)
{
	uint8_t args[320] = { 0 };
	uint32_t spoil, cnt;

	for (spoil = 0; spoil < 5; spoil++) {
		struct make_region m;
		struct kyi_ring_section *sections;
		struct kyi_event *places;
		struct kymo_region *region;
		uint32_t format;

		make_region(&m, testlib_dir(), "events");
		format = make_name(&m, "", "%s", "s");
		sections = make_ring(&m, 1, 8);
		places = make_places(sections) + 8;
		make_log(sections, format, kyi_os_mono_ns(), args, 3);
		region = open_made(&m);
		scan(region);
		kymo_region_logs(region, &cnt);
		assert_int_equal(cnt, 1);
		switch (spoil) {
		case 0: places[0].seq = 0; break;
		case 1: places[1].seq = 0; break;
		case 2: places[2].type = KYI_EVENT_LOG; break;
		case 3: places[1].ts_ns = 7; break;
		case 4: places[0].places = 4; break;
		}
		scan(region);
		kymo_region_logs(region, &cnt);
		assert_int_equal(cnt, 0);
		kymo_region_close(region);
		kyi_region_forget(&m.region);
	}
}

static void
test_exemplars_name_their_series(void **state)
{
	struct make_region m;
	struct kyi_ring_section *sections;
	struct kymo_region *region;
	const struct kymo_exemplar_info *exemplars;
	struct kyi_event event = { .type = KYI_EVENT_EXEMPLAR, .places = 1,
		.u.exemplar = { .trace_hi = 1, .trace_lo = 2, .span_id = 3,
		.value = 1500 } };
	uint32_t family, cnt;

	make_region(&m, testlib_dir(), "events");
	family = make_family(&m, &(struct make_family){
		.kind = KYI_KIND_COUNTER, .name = "c" });
	make_series(&m, family, no_values);
	family = make_family(&m, &(struct make_family){
		.kind = KYI_KIND_HISTOGRAM, .name = "h", .bucket_cnt = 8 });
	event.u.exemplar.hist_idx = make_series(&m, family, no_values);
	event.ts_ns = kyi_os_mono_ns();
	sections = make_ring(&m, 0, 4);
	make_event(sections, KYI_RING_EXEMPLAR, &event);
	region = open_made(&m);
	scan_as(region, KYMO_SCAN_EXEMPLARS);
	exemplars = kymo_region_exemplars(region, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(exemplars[0].series_idx, 1);
	assert_int_equal(exemplars[0].value, 1500);
	assert_int_equal(exemplars[0].trace_hi, 1);
	assert_int_equal(exemplars[0].trace_lo, 2);
	assert_int_equal(exemplars[0].span_id, 3);
	assert_int_equal(exemplars[0].at_ns, real(&m, event.ts_ns));
	event.u.exemplar.hist_idx = UINT32_MAX;
	make_event(sections, KYI_RING_EXEMPLAR, &event);
	event.u.exemplar.hist_idx = KYI_HIST_FIRST + 1; /* no series of it */
	make_event(sections, KYI_RING_EXEMPLAR, &event);
	scan(region);
	kymo_region_exemplars(region, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(bad_records(region), 1);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_events_that_cannot_be_are_refused_and_counted(void **state)
{
	struct make_region m;
	struct kyi_ring_section *sections;
	struct kymo_region *region;
	struct kyi_event event;
	uint32_t name, cnt;

	make_region(&m, testlib_dir(), "events");
	name = make_name(&m, "", "s", NULL);
	sections = make_ring(&m, 1, 8);
	event = span_event(name, 0);
	event.u.span.dur_ns = UINT64_MAX;
	make_event(sections, KYI_RING_SPAN, &event);
	event = span_event(name, 0);
	event.code = 3;
	make_event(sections, KYI_RING_SPAN, &event);
	event = span_event(0, 0);
	make_event(sections, KYI_RING_SPAN, &event);
	event = span_event(name, 0);
	event.type = KYI_EVENT_LOG;
	make_event(sections, KYI_RING_SPAN, &event);
	make_log(sections, 0, 1, (uint8_t[40]){ 0 }, 1);
	event.type = KYI_EVENT_LOG;
	event.places = 9;
	make_event(sections, KYI_RING_LOG, &event);
	region = open_made(&m);
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 0);
	kymo_region_logs(region, &cnt);
	assert_int_equal(cnt, 0);
	assert_int_equal(bad_records(region), 6);
	/* A name that is registered after we looked is no fault. */
	event = span_event(name + 1, 0);
	make_event(sections, KYI_RING_SPAN, &event);
	scan(region);
	assert_int_equal(bad_records(region), 6);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_a_ring_of_impossible_sections_is_left_alone(void **state)
{
	static const struct {
		uint32_t first, cnt;
	} rows[] = { { 0, 3 }, { 0, UINT32_MAX }, { UINT32_MAX, 8 },
		{ 17, 8 }, { 8, 8 }, { 0, 0x80000000 } };
	struct make_region m;
	struct kyi_ring_section *sections;
	struct kymo_region *region;
	struct kyi_event event;
	uint32_t cnt;
	size_t i;

	make_region(&m, testlib_dir(), "events");
	event = span_event(make_name(&m, "", "s", NULL), 0);
	sections = make_ring(&m, 1, 8);
	make_event(sections, KYI_RING_SPAN, &event);
	region = open_made(&m);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sections[KYI_RING_SPAN].first = rows[i].first;
		sections[KYI_RING_SPAN].cnt = rows[i].cnt;
		scan(region);
		kymo_region_spans(region, &cnt);
		if (cnt != 0 || bad_records(region) != 1)
			fail_msg("row %zu: %u spans", i, cnt);
	}
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_open_spans_come_first_and_tell_what_each_thread_does(void **state)
{
	struct make_region m;
	struct kyi_spans *spans;
	struct kyi_slot *slot;
	struct kymo_region *region;
	const struct kymo_span_info *infos;
	struct kyi_event event;
	uint64_t now = kyi_os_mono_ns();
	uint32_t name, cnt, i;

	make_region(&m, testlib_dir(), "events");
	name = make_name(&m, "http", "request", NULL);
	event = span_event(name, 0);
	make_event(make_ring(&m, 1, 8), KYI_RING_SPAN, &event);
	spans = make_spans(&m, 2);
	for (i = 0; i < KYI_SPAN_DEPTH_MAX; i++) {
		spans->frame[i].name_id = name;
		spans->frame[i].span_id = 50 + i;
		spans->frame[i].start_ns = now + i;
	}
	spans->depth = 2;
	region = open_made(&m);
	scan(region);
	infos = kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 3);
	assert_true(infos[0].open && infos[1].open && !infos[2].open);
	assert_string_equal(infos[0].name, "request");
	assert_string_equal(infos[0].thread, "thread-2");
	assert_int_equal(infos[0].depth, 0);
	assert_int_equal(infos[1].depth, 1);
	assert_int_equal(infos[1].span_id, 51);
	assert_int_equal(infos[1].start_ns, real(&m, now + 1));
	assert_int_equal(infos[1].duration_ns, 0);
	/* Deeper than is kept. */
	spans->depth = UINT32_MAX;
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, KYI_SPAN_DEPTH_MAX + 1);
	spans->depth = 1;
	spans->frame[0].name_id = 0;
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(bad_records(region), 0); /* being opened */
	/* A thread that is gone does nothing. */
	spans->frame[0].name_id = name;
	slot = kyi_region_at(&m.region, m.region.slots_off +
	    sizeof(struct kyi_block) + 2 * sizeof(*slot));
	slot->state = 0;
	scan(region);
	kymo_region_spans(region, &cnt);
	assert_int_equal(cnt, 1);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_spans_that_ended_are_found_with_their_thread),
		IN_DIR(test_what_is_older_than_the_slots_owner_is_nobodys),
		IN_DIR(test_the_ring_holds_the_newest_and_no_torn_one),
		IN_DIR(test_logs_are_formatted_and_sorted_by_time),
		IN_DIR(test_a_log_without_one_of_its_places_is_gone),
		IN_DIR(test_exemplars_name_their_series),
		IN_DIR(test_events_that_cannot_be_are_refused_and_counted),
		IN_DIR(test_a_ring_of_impossible_sections_is_left_alone),
		IN_DIR(test_open_spans_come_first_and_tell_what_each_thread_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
