/* SPDX-License-Identifier: MIT */
/* Spans, logs and exemplars: what is in the ring, read by hand. */
#include "tests/testlib/fresh.h"

#include <pthread.h>

#include "writer/event.h"

/* The events of a section that are whole, oldest first. */
static struct kyi_event events[2048];

static uint32_t
events_of(uint32_t section)
{
	const struct kyi_block *block = peek_block(fresh_peek(), KYI_BLK_RING,
	    NULL);
	const struct kyi_ring_section *head;
	const struct kyi_event *places;
	uint64_t number, cnt = 0;

	if (block == NULL)
		return 0;
	head = (const struct kyi_ring_section *)(const void *)(block + 1);
	places = (const void *)(head + KYI_RING_SECTIONS);
	head += section;
	number = head->reserve > head->cnt ? head->reserve - head->cnt : 0;
	for (; number < head->reserve; number++) {
		const struct kyi_event *place =
		    &places[head->first + (number & (head->cnt - 1))];

		if (place->seq == number + 1)
			events[cnt++] = *place;
	}
	return (uint32_t)cnt;
}

static uint32_t
depth_now(void)
{
	const struct kyi_block *block = peek_block(fresh_peek(), KYI_BLK_SPANS,
	    NULL);

	return ((const struct kyi_spans *)(const void *)(block + 1))->depth;
}

static const struct kyi_span_frame *
frame_now(uint32_t idx)
{
	const struct kyi_block *block = peek_block(fresh_peek(), KYI_BLK_SPANS,
	    NULL);

	return &((const struct kyi_spans *)(const void *)(block + 1))
	    ->frame[idx];
}

static void
test_a_span_is_open_then_in_the_ring(void **state)
{
	struct kymo_span_name name = kymo_span_name("net", "work");
	struct kymo_span span;
	const struct kyi_name *record;

	kymo_span_begin(&span, name, NULL);
	assert_int_equal(depth_now(), 1);
	assert_int_equal(frame_now(0)->span_id, span.trace.span_id);
	assert_int_equal(frame_now(0)->name_id, name.id_);
	assert_int_equal(frame_now(0)->start_ns, span.start_ns);
	assert_int_equal(frame_now(0)->flags, 1);
	assert_int_equal(events_of(KYI_RING_SPAN), 0);
	kymo_span_end(&span, KYMO_SPAN_ERROR);
	assert_int_equal(depth_now(), 0);
	assert_int_equal(events_of(KYI_RING_SPAN), 1);
	assert_int_equal(events[0].type, KYI_EVENT_SPAN);
	assert_int_equal(events[0].places, 1);
	assert_int_equal(events[0].code, KYMO_SPAN_ERROR);
	assert_int_equal(events[0].name_id, name.id_);
	assert_int_equal(events[0].ts_ns, span.start_ns);
	assert_int_equal(events[0].u.span.trace_hi, span.trace.trace_hi);
	assert_int_equal(events[0].u.span.trace_lo, span.trace.trace_lo);
	assert_int_equal(events[0].u.span.span_id, span.trace.span_id);
	assert_int_equal(events[0].u.span.parent_id, 0);
	record = peek_record(fresh_peek(), KYI_REC_SPAN_NAME, 0);
	assert_int_equal(record->id, name.id_);
	assert_true(peek_text(fresh_peek(), record->name_ref, "work"));
	assert_true(peek_text(fresh_peek(), record->component_ref, "net"));
}

/* Deeper than the region keeps (16), and than we know parents (64). */
static void
test_spans_nest(void **state)
{
	struct kymo_span_name name = kymo_span_name(NULL, "deep");
	struct kymo_span spans[70];
	uint32_t i;

	for (i = 0; i < 70; i++) {
		kymo_span_begin(&spans[i], name, NULL);
		assert_int_equal(spans[i].trace.trace_lo,
		    spans[0].trace.trace_lo);
		assert_int_equal(spans[i].parent_id, i == 0 ? 0 :
		    spans[i <= KYI_OPEN_MAX ? i - 1 : KYI_OPEN_MAX - 1]
		    .trace.span_id);
	}
	assert_int_equal(depth_now(), 70);
	assert_int_equal(frame_now(15)->span_id, spans[15].trace.span_id);
	for (i = 70; i-- > 0;)
		kymo_span_end(&spans[i], KYMO_SPAN_OK);
	assert_int_equal(depth_now(), 0);
	assert_int_equal(events_of(KYI_RING_SPAN), 70);
	assert_int_equal(events[0].u.span.span_id, spans[69].trace.span_id);
	assert_int_equal(fresh_status().err_badcall, 0);
}

static void
test_a_parent_from_elsewhere_is_followed(void **state)
{
	struct kymo_span_name name = kymo_span_name(NULL, "s");
	struct kymo_trace remote = { 1, 2, 3, 1, 0 }, none;
	struct kymo_span outer, span;

	kymo_span_begin(&outer, name, NULL);
	kymo_span_begin(&span, name, &remote);
	assert_int_equal(span.trace.trace_hi, 1);
	assert_int_equal(span.trace.trace_lo, 2);
	assert_int_equal(span.parent_id, 3);
	kymo_span_end(&span, KYMO_SPAN_UNSET);
	/* Not sampled there: not kept here, nor its children. */
	remote.flags = 0;
	kymo_span_begin(&span, name, &remote);
	assert_int_equal(span.trace.flags, 0);
	kymo_span_end(&span, KYMO_SPAN_UNSET);
	assert_int_equal(events_of(KYI_RING_SPAN), 1);
	/* No trace: a new one, not the open span's. */
	memset(&none, 0, sizeof(none));
	kymo_span_begin(&span, name, &none);
	assert_int_not_equal(span.trace.trace_lo, outer.trace.trace_lo);
	assert_int_equal(span.parent_id, 0);
	kymo_span_end(&span, KYMO_SPAN_UNSET);
	kymo_span_end(&outer, KYMO_SPAN_UNSET);
	assert_int_equal(events_of(KYI_RING_SPAN), 3);
}

static void
test_ids_differ(void **state)
{
	struct kymo_span_name name = kymo_span_name(NULL, "s");
	static uint64_t ids[3 * 500];
	struct kymo_span span;
	uint32_t i, j, cnt = 0;

	for (i = 0; i < 500; i++) {
		kymo_span_begin(&span, name, NULL);
		ids[cnt++] = span.trace.span_id;
		ids[cnt++] = span.trace.trace_hi;
		ids[cnt++] = span.trace.trace_lo;
		kymo_span_end(&span, KYMO_SPAN_OK);
	}
	for (i = 0; i < cnt; i++) {
		assert_int_not_equal(ids[i], 0);
		for (j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
}

static void
test_ends_out_of_order_are_bad_calls_and_harmless(void **state)
{
	struct kymo_span_name name = kymo_span_name(NULL, "s");
	struct kymo_span outer, inner;

	kymo_span_begin(&outer, name, NULL);
	kymo_span_begin(&inner, name, NULL);
	kymo_span_end(&outer, KYMO_SPAN_OK);
	assert_int_equal(fresh_status().err_badcall, 1);
	assert_int_equal(depth_now(), 0);
	kymo_span_end(&inner, KYMO_SPAN_OK);
	assert_int_equal(fresh_status().err_badcall, 2);
	kymo_span_end(&inner, KYMO_SPAN_OK);
	assert_int_equal(fresh_status().err_badcall, 3);
	assert_int_equal(events_of(KYI_RING_SPAN), 2);
	kymo_span_begin(&outer, name, NULL);
	kymo_span_end(&outer, (enum kymo_span_status)3);
	assert_int_equal(fresh_status().err_badcall, 4);
	assert_int_equal(events_of(KYI_RING_SPAN), 3);
	assert_int_equal(events[2].code, KYMO_SPAN_UNSET);
	assert_int_equal(depth_now(), 0);
}

static void
test_sampled_out_spans_have_ids_and_no_event(void **state)
{
	struct kymo_span_name name;
	const struct kyi_slot *slot;
	struct kymo_span span;
	uint32_t i, cnt;

	setenv("KYMO_COMPONENTS", "a:0.1,-b", 1);
	fresh_start();
	name = kymo_span_name("a", "s");
	for (i = 0; i < 400; i++) {
		kymo_span_begin(&span, name, NULL);
		assert_int_not_equal(span.trace.span_id, 0);
		kymo_span_end(&span, KYMO_SPAN_OK);
	}
	cnt = events_of(KYI_RING_SPAN);
	assert_in_range(cnt, 1, 40 + 60); /* ten standard deviations */
	slot = (const void *)(peek_block(fresh_peek(), KYI_BLK_SLOTS, NULL) + 1);
	assert_int_equal(slot[1].sampled_out, 400 - cnt);
	/* A component that is off hands on what is around it. */
	name = kymo_span_name("b", "s");
	kymo_span_begin(&span, name, &(struct kymo_trace){ 7, 8, 9, 1, 0 });
	assert_int_equal(span.trace.span_id, 9);
	kymo_span_end(&span, KYMO_SPAN_OK);
	assert_int_equal(events_of(KYI_RING_SPAN), cnt);
	assert_int_equal(fresh_status().err_badcall, 0);
}

static void
test_a_ring_keeps_the_newest(void **state)
{
	struct kymo_span_name name = kymo_span_name(NULL, "s");
	struct kymo_span span;
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		kymo_span_begin(&span, name, NULL);
		kymo_span_end(&span, KYMO_SPAN_OK);
	}
	assert_int_equal(events_of(KYI_RING_SPAN), 512);
	assert_int_equal(events[511].u.span.span_id, span.trace.span_id);
}

/* ---- logs ---------------------------------------------------------------- */

/* All bytes of a log's places, from the first. */
static const uint8_t *
log_bytes(uint32_t first)
{
	static uint8_t bytes[KYI_EVENT_BYTES_MAX];
	uint32_t i;

	for (i = 0; i < events[first].places; i++)
		memcpy(bytes + 40 * i, events[first + i].u.bytes, 40);
	return bytes;
}

static uint64_t
word_at(const uint8_t *bytes, uint32_t off)
{
	uint64_t word;

	memcpy(&word, bytes + off, sizeof(word));
	return word;
}

static bool
is_string_at(const uint8_t *bytes, const char *text)
{
	uint16_t len_bytes;

	memcpy(&len_bytes, bytes, sizeof(len_bytes));
	return len_bytes == strlen(text) &&
	    memcmp(bytes + sizeof(len_bytes), text, len_bytes) == 0;
}

/* Not inlined: the compiler would see NULL and complain. */
static void __attribute__((noinline, noclone))
log_once(int i, long l, unsigned u, double d, const char *s)
{
	KYMO_LOG(KYMO_WARN, "%d %ld %u %f %s", i, l, u, d, s);
}

static void
test_a_log_keeps_its_arguments(void **state)
{
	const struct kyi_name *format;
	const uint8_t *bytes;
	double d = 2.5;

	log_once(-1, -2, 3, d, "four");
	log_once(-1, -2, 3, d, NULL);
	assert_int_equal(events_of(KYI_RING_LOG), 2);
	assert_int_equal(events[0].type, KYI_EVENT_LOG);
	assert_int_equal(events[0].code, KYMO_WARN);
	assert_int_equal(events[0].arg_cnt, 5);
	assert_int_equal(events[0].places, 1);
	bytes = log_bytes(0);
	assert_int_equal((int64_t)word_at(bytes, 0), -1);
	assert_int_equal((int64_t)word_at(bytes, 8), -2);
	assert_int_equal(word_at(bytes, 16), 3);
	assert_memory_equal(bytes + 24, &d, 8);
	assert_true(is_string_at(bytes + 32, "four"));
	assert_true(is_string_at(log_bytes(1) + 32, "(null)"));
	format = peek_record(fresh_peek(), KYI_REC_LOG_FORMAT, 0);
	assert_int_equal(format->id, events[0].name_id);
	assert_int_equal(format->severity, KYMO_WARN);
	assert_true(peek_text(fresh_peek(), format->types_ref, "iiufs"));
	assert_true(peek_text(fresh_peek(), format->name_ref,
	    "%d %ld %u %f %s"));
	assert_null(peek_record(fresh_peek(), KYI_REC_LOG_FORMAT, 1));
}

#define TOGETHER_CNT 200

static struct kymo_log_site sites_together[TOGETHER_CNT];
static uint64_t arrived;

static void *
log_together(void *arg)
{
	uint32_t i;

	for (i = 0; i < TOGETHER_CNT; i++) {
		/* Spinning: a thread that is woken comes too late. */
		kyi_add_u64_relaxed(&arrived, 1);
		while (kyi_load_u64_relaxed(&arrived) < 2 * (i + 1))
			;
		kymo_log_(&sites_together[i], "net", "%d of %s",
		    (int)i, "two");
		kymo_log_(&sites_together[i], "net", "%d of %s",
		    (int)i, "two");
	}
	return arg;
}

/* It is TSan that sees whether one thread reads what the other still stores. */
static void
test_two_threads_may_register_a_site_at_once(void **state)
{
	pthread_t threads[2];
	uint32_t i;

	for (i = 0; i < TOGETHER_CNT; i++)
		sites_together[i] = (struct kymo_log_site){
			.severity_ = KYMO_WARN };
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    log_together, NULL), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < TOGETHER_CNT; i++) {
		assert_int_equal(sites_together[i].arg_cnt_, 2);
		assert_int_equal(sites_together[i].id_,
		    sites_together[0].id_);
	}
}

static void
test_a_long_log_takes_more_places_and_is_cut(void **state)
{
	char text[400];
	const uint8_t *bytes;
	uint32_t cnt;
	uint16_t len_bytes;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	KYMO_LOG(KYMO_INFO, "%s %d %s", text, 7, "y");
	cnt = events_of(KYI_RING_LOG);
	assert_int_equal(cnt, KYI_EVENT_SLOTS_MAX);
	assert_int_equal(events[0].places, cnt);
	assert_int_equal(events[1].type, KYI_EVENT_MORE);
	assert_int_equal(events[1].ts_ns, events[0].seq - 1);
	bytes = log_bytes(0);
	memcpy(&len_bytes, bytes, 2);
	assert_int_equal(len_bytes, KYI_EVENT_BYTES_MAX - 2 - 8 - 2);
	assert_int_equal(word_at(bytes, 2u + len_bytes), 7);
	assert_memory_equal(bytes + 10 + len_bytes, "\0\0", 2);
}

/* What a precision cuts need not end: the bytes after it are not read. */
static void
test_a_precision_bounds_what_is_read(void **state)
{
	char *three = malloc(3);

	memcpy(three, "abc", 3);
	KYMO_LOG(KYMO_INFO, "%.3s|%.1s", three, three);
	assert_int_equal(events_of(KYI_RING_LOG), 1);
	assert_true(is_string_at(log_bytes(0), "abc"));
	assert_true(is_string_at(log_bytes(0) + 5, "a"));
	free(three);
}

/* A format that the compiler did not check: a pointer without its attribute. */
static void
log_bad(const char *format)
{
	static struct kymo_log_site site = { 0, KYMO_INFO, 0, 0, { 0 } };
	void (*unchecked)(struct kymo_log_site *, const char *, const char *,
	    ...) = kymo_log_;

	unchecked(&site, "", format, 1);
}

static void
test_a_bad_format_is_a_bad_call_each_time(void **state)
{
	log_bad("%n");
	log_bad("%n");
	assert_int_equal(fresh_status().err_badcall, 2);
	assert_int_equal(events_of(KYI_RING_LOG), 0);
	assert_non_null(strstr(fresh_said(), "conversion that is not kept"));
}

/* ---- exemplars ----------------------------------------------------------- */

static void
test_exemplars_are_ten_a_second(void **state)
{
	struct kymo_histogram h = kymo_histogram_at(fresh_family(
	    KYMO_KIND_HISTOGRAM, "h", NULL, NULL), 0, NULL);
	struct kymo_span span;
	uint32_t i;

	kymo_span_begin(&span, kymo_span_name(NULL, "s"), NULL);
	kymo_histogram_exemplar(h, 1, NULL);
	kymo_span_end(&span, KYMO_SPAN_OK);
	kymo_histogram_exemplar(h, 2, &(struct kymo_trace){ 1, 2, 3, 1, 0 });
	assert_int_equal(events_of(KYI_RING_EXEMPLAR), 2);
	assert_int_equal(events[0].u.exemplar.trace_lo, span.trace.trace_lo);
	assert_int_equal(events[0].u.exemplar.span_id, span.trace.span_id);
	assert_int_equal(events[0].u.exemplar.hist_idx,
	    peek_series(fresh_peek(), "h", NULL)->at);
	assert_int_equal(events[0].u.exemplar.value, 1);
	assert_int_equal(events[1].u.exemplar.trace_hi, 1);
	for (i = 0; i < 100; i++)
		kymo_histogram_exemplar(h, i, NULL);
	/* The second may have changed, once. */
	assert_in_range(events_of(KYI_RING_EXEMPLAR), 10, 20);
}

static void
test_without_a_slot_events_are_counted_as_lost(void **state)
{
	struct kymo_span span;

	kymo_init(NULL);
	kyi_process()->region.slot_max = 1;
	kymo_span_begin(&span, kymo_span_name(NULL, "s"), NULL);
	assert_int_not_equal(span.trace.span_id, 0);
	kymo_span_end(&span, KYMO_SPAN_OK);
	KYMO_LOG(KYMO_INFO, "x");
	assert_int_equal(fresh_status().err_ring, 2);
	assert_int_equal(fresh_status().err_badcall, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_span_is_open_then_in_the_ring),
		TEST(test_spans_nest),
		TEST(test_a_parent_from_elsewhere_is_followed),
		TEST(test_ids_differ),
		TEST(test_ends_out_of_order_are_bad_calls_and_harmless),
		TEST(test_sampled_out_spans_have_ids_and_no_event),
		TEST(test_a_ring_keeps_the_newest),
		TEST(test_a_log_keeps_its_arguments),
		TEST(test_two_threads_may_register_a_site_at_once),
		TEST(test_a_long_log_takes_more_places_and_is_cut),
		TEST(test_a_precision_bounds_what_is_read),
		TEST(test_a_bad_format_is_a_bad_call_each_time),
		TEST(test_exemplars_are_ten_a_second),
		TEST(test_without_a_slot_events_are_counted_as_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
