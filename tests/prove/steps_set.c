/* SPDX-License-Identifier: MIT */
/* Values that are set, and events. */
#include "tests/prove/steps.h"

KYMO_TEXT(text, "text", "t");
KYMO_HEALTH(health, "health", "h");
KYMO_HISTOGRAM(exemplified, "exemplified", "e");
KYMO_SPAN_NAME(span_name, "work");

static struct kymo_state_set states_be, states_bit;

static void __attribute__((constructor))
make(void)
{
	static const char *const states[] = { "a", "b", "c", "d" };
	struct kymo_desc desc = { .size_bytes = sizeof(desc),
		.kind = KYMO_KIND_STATE_SET, .name = "states_be", .help = "s",
		.states = states, .state_cnt = 4 };

	states_be = kymo_state_set_at(kymo_family(&desc), 0, NULL);
	desc.name = "states_bit";
	states_bit = kymo_state_set_at(kymo_family(&desc), 0, NULL);
}

/* ---- texts, states, health: one of four values ------------------------------- */

/* Of four values in turn, which record left this one: the newest that may. */
static int64_t
newest(uint64_t value, uint64_t made, uint64_t n)
{
	if (value == n % 4)
		return (int64_t)n;
	return made > 0 && value == made % 4 ? (int64_t)made : -1;
}

static const char *const texts[] = { "text zero", "text one", "text two",
    "text three" };

static uint64_t
text_idx(const char *text_)
{
	uint64_t i;

	for (i = 0; i < 4; i++)
		if (strcmp(texts[i], text_) == 0)
			return i;
	return 4;
}

void
steps_record_text(uint64_t n)
{
	kymo_text_set(text, texts[n % 4]);
}

int64_t
steps_seen_text(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value = steps_value(view, "text", NULL);

	return value == NULL ? 0 : newest(text_idx(value->is.text), made, n);
}

void
steps_record_health(uint64_t n)
{
	kymo_health_report(health,
	    (enum kymo_health_state)(KYMO_HEALTH_OK + n % 4), texts[n % 4], 0);
}

int64_t
steps_seen_health(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "health", NULL);
	uint64_t idx;

	if (value == NULL || value->is.health.state == KYMO_IS_UNKNOWN)
		return 0;
	idx = text_idx(value->is.health.reason);
	if (idx != (uint64_t)value->is.health.state - KYMO_IS_OK)
		return -1;
	return newest(idx, made, n);
}

void
steps_record_state_be(uint64_t n)
{
	kymo_state_set_be(states_be, n % 4);
}

int64_t
steps_seen_state_be(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "states_be", NULL);
	uint64_t i;

	if (value == NULL || value->is.bits == 0)
		return 0;
	for (i = 0; i < 4 && value->is.bits != 1u << i; i++)
		continue;
	return newest(i, made, n);
}

/* A bit that is on after odd records. */
void
steps_record_state_bit(uint64_t n)
{
	if (n % 2 == 1)
		kymo_state_set_on(states_bit, 2);
	else
		kymo_state_set_off(states_bit, 2);
}

int64_t
steps_seen_state_bit(const struct steps_view *view, uint64_t made, uint64_t n)
{
	const struct kymo_metric_value *value =
	    steps_value(view, "states_bit", NULL);
	uint64_t bits = value == NULL ? 0 : value->is.bits;

	if (bits != 0 && bits != 4)
		return -1;
	if (n % 2 == (bits != 0))
		return (int64_t)n;
	return made % 2 == (bits != 0) ? (int64_t)made : -1;
}

/* ---- events -------------------------------------------------------------------- */

/* Of records 1 to n, as numbers that came out whole, cnt and the largest: those
   that are there are the newest, but for a place of the one under way. */
static int64_t
seen_events(uint64_t cnt, uint64_t largest, uint64_t made, uint64_t n,
    uint64_t room)
{
	uint64_t want = largest < room ? largest : room;

	if (largest > n || cnt > want || cnt + (n - made) < want)
		return -1;
	return (int64_t)largest;
}

void
steps_record_span(uint64_t n)
{
	const struct kymo_trace parent = { n, ~n, n * 3, 1, 0 };
	struct kymo_span span;

	kymo_span_begin(&span, span_name, &parent);
	kymo_span_end(&span, KYMO_SPAN_OK);
}

int64_t
steps_seen_span(const struct steps_view *view, uint64_t made, uint64_t n)
{
	uint32_t span_cnt, i, open_cnt = 0;
	const struct kymo_span_info *spans =
	    kymo_region_spans(view->region, &span_cnt);
	uint64_t largest = 0;

	for (i = 0; i < span_cnt; i++) {
		uint64_t number = spans[i].trace_hi;

		if (spans[i].trace_lo != ~number || number > n ||
		    spans[i].parent_id != number * 3 ||
		    strcmp(spans[i].name, "work") != 0)
			return -1;
		if (spans[i].open)
			open_cnt++;
		else if (number > largest)
			largest = number;
	}
	if (open_cnt > n - made)
		return -1;
	return seen_events(span_cnt - open_cnt, largest, made, n, 512);
}

/* Of two places: the string does not fit beside the numbers. */
void
steps_record_log(uint64_t n)
{
	KYMO_LOG(KYMO_INFO, "%llu %llu a text of %s %llu",
	    (unsigned long long)n, (unsigned long long)n * 5,
	    "more than one place", (unsigned long long)n * 7);
}

int64_t
steps_seen_log(const struct steps_view *view, uint64_t made, uint64_t n)
{
	uint32_t log_cnt, i;
	const struct kymo_log_info *logs =
	    kymo_region_logs(view->region, &log_cnt);
	uint64_t largest = 0;
	char text_[128];

	for (i = 0; i < log_cnt; i++) {
		uint64_t number = strtoull(logs[i].text, NULL, 10);

		snprintf(text_, sizeof(text_), "%" PRIu64 " %" PRIu64
		    " a text of more than one place %" PRIu64, number,
		    number * 5, number * 7);
		if (strcmp(text_, logs[i].text) != 0 ||
		    logs[i].severity != KYMO_INFO)
			return -1;
		if (number > largest)
			largest = number;
	}
	return seen_events(log_cnt, largest, made, n, 128);
}

void
steps_record_exemplar(uint64_t n)
{
	const struct kymo_trace trace = { n, ~n, n * 3, 1, 0 };

	kymo_histogram_exemplar(exemplified, n, &trace);
}

int64_t
steps_seen_exemplar(const struct steps_view *view, uint64_t made, uint64_t n)
{
	uint32_t cnt, i;
	const struct kymo_exemplar_info *at =
	    kymo_region_exemplars(view->region, &cnt);
	uint64_t largest = 0;

	for (i = 0; i < cnt; i++) {
		uint64_t number = at[i].value;

		if (at[i].trace_hi != number || at[i].trace_lo != ~number ||
		    at[i].span_id != number * 3)
			return -1;
		if (number > largest)
			largest = number;
	}
	return seen_events(cnt, largest, made, n, 10);
}
