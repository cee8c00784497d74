/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shm/copy.h"
#include "writer/event.h"
#include "writer/hist.h"

#define SPAN_PLACES 512u
#define LOG_PLACES 256u
#define EXEMPLAR_PLACES 256u
#define EXEMPLARS_A_SECOND 10u

static const uint32_t place_cnt[KYI_RING_SECTIONS] = {
	[KYI_RING_SPAN] = SPAN_PLACES,
	[KYI_RING_LOG] = LOG_PLACES,
	[KYI_RING_EXEMPLAR] = EXEMPLAR_PLACES,
};

static struct kyi_slot *
slot_of(const struct kyi_process *process, const struct kyi_thread *thread)
{
	return (struct kyi_slot *)kyi_region_at(&process->region,
	    process->region.slots_off + sizeof(struct kyi_block)) +
	    thread->slot;
}

static void
ring_make(struct kyi_process *process, struct kyi_thread *thread)
{
	const uint64_t bytes = sizeof(struct kyi_block) + KYI_RING_SECTIONS *
	    sizeof(struct kyi_ring_section) + (SPAN_PLACES + LOG_PLACES +
	    EXEMPLAR_PLACES) * sizeof(struct kyi_event);
	struct kyi_ring_section *sections;
	uint32_t first = 0, i;
	uint64_t off = kyi_region_block(&process->region, KYI_BLK_RING,
	    thread->slot, 0, bytes, sizeof(struct kyi_block));

	if (off == 0)
		return;
	sections = kyi_region_at(&process->region,
	    off + sizeof(struct kyi_block));
	for (i = 0; i < KYI_RING_SECTIONS; i++) {
		sections[i].first = first;
		sections[i].cnt = place_cnt[i];
		first += place_cnt[i];
	}
	kyi_region_used(&process->region, off, bytes);
	kyi_store_u64_relaxed(&slot_of(process, thread)->ring_off, off);
	thread->tls.ring = sections;
}

static void
spans_make(struct kyi_process *process, struct kyi_thread *thread)
{
	const uint64_t bytes = sizeof(struct kyi_block) +
	    sizeof(struct kyi_spans);
	uint64_t off = kyi_region_block(&process->region, KYI_BLK_SPANS,
	    thread->slot, 0, bytes, bytes);

	if (off == 0)
		return;
	kyi_store_u64_relaxed(&slot_of(process, thread)->spans_off, off);
	thread->tls.spans = kyi_region_at(&process->region,
	    off + sizeof(struct kyi_block));
}

bool
kyi_events_prepare(struct kyi_process *process, struct kyi_thread *thread)
{
	if (thread->tls.ring == NULL)
		ring_make(process, thread);
	if (thread->tls.spans == NULL)
		spans_make(process, thread);
	if (thread->tls.ring != NULL && thread->tls.spans != NULL)
		return true;
	kyi_grow_later(process);
	kyi_say(KYI_SAY_FULL, "events");
	return false;
}

static void
need(struct kyi_thread *thread)
{
	struct kyi_guard guard;

	if (!kyi_may_grow(kyi_process()) || !kyi_enter(&guard))
		return;
	kyi_events_prepare(guard.process, thread);
	kyi_leave(&guard);
}

struct kyi_spans *
kyi_spans_need(struct kyi_thread *thread)
{
	if (thread->tls.spans == NULL)
		need(thread);
	return thread->tls.spans;
}

/* Copies an event into its place: all words but seq, each by one store. */
static void
place_fill(struct kyi_event *place, const struct kyi_event *event)
{
	uint64_t words[sizeof(*event) / 8], *to = (uint64_t *)(void *)place;
	uint32_t i;

	memcpy(words, event, sizeof(*event));
	KYMO_UNROLL_
	for (i = 1; i < sizeof(*event) / 8; i++)
		kyi_store_u64_relaxed(&to[i], words[i]);
}

/* A record of one place, as nearly all are: nothing is copied twice. */
static inline void
ring_put_one(struct kyi_ring_section *sections, uint32_t which,
    const struct kyi_event *event)
{
	struct kyi_ring_section *section = &sections[which];
	struct kyi_event *places =
	    (struct kyi_event *)(void *)(sections + KYI_RING_SECTIONS), *place;
	uint64_t number = kyi_ring_begin(section, places, 1);

	place = kyi_ring_place(section, places, number);
	place_fill(place, event);
	kyi_ring_end(place, number);
}

static void
ring_put(struct kyi_ring_section *sections, uint32_t which,
    const struct kyi_event *first, const uint8_t *more, uint32_t more_bytes)
{
	const uint32_t bytes_a_place = sizeof(first->u.bytes);
	struct kyi_ring_section *section = &sections[which];
	struct kyi_event *places =
	    (struct kyi_event *)(void *)(sections + KYI_RING_SECTIONS);
	struct kyi_event event = *first, *place;
	uint32_t cnt = 1 + (more_bytes + bytes_a_place - 1) / bytes_a_place, i;
	uint64_t number = kyi_ring_begin(section, places, cnt);

	event.places = (uint8_t)cnt;
	for (i = 0; i < cnt; i++) {
		if (i > 0) {
			memset(&event, 0, sizeof(event));
			event.type = KYI_EVENT_MORE;
			event.ts_ns = number;
			memcpy(event.u.bytes, more, more_bytes < bytes_a_place ?
			    more_bytes : bytes_a_place);
			more += bytes_a_place;
			more_bytes -= more_bytes < bytes_a_place ?
			    more_bytes : bytes_a_place;
		}
		place = kyi_ring_place(section, places, number + i);
		place_fill(place, &event);
		kyi_ring_end(place, number + i);
	}
}

/* The ring of a thread that has none yet; NULL: none is to be had. */
static __attribute__((noinline)) struct kyi_ring_section *
ring_need(void)
{
	struct kyi_thread *thread;

	if (kyi_thread_place() == KYI_OWN) {
		thread = kyi_thread_own();
		if (thread == NULL)
			return NULL; /* KYMO=off */
		if (thread->tls.ring == NULL)
			need(thread);
		if (thread->tls.ring != NULL)
			return thread->tls.ring;
	}
	kyi_count(KYI_ERR_RING, 1);
	return NULL;
}

void
kyi_event_add(uint32_t section, const struct kyi_event *first,
    const uint8_t *more, uint32_t more_bytes)
{
	struct kyi_ring_section *ring = kymo_tls_->ring;

	if (ring == NULL)
		ring = ring_need();
	if (ring == NULL)
		return;
	if (more_bytes == 0)
		ring_put_one(ring, section, first);
	else
		ring_put(ring, section, first, more, more_bytes);
}

/* ---- exemplars ----------------------------------------------------------- */

/* At most so many a second: they are examples. */
static bool
exemplar_may(struct kyi_thread *thread)
{
	uint64_t now_s = kyi_coarse_ns() / 1000000000u;

	if (thread->exemplar_s != now_s) {
		thread->exemplar_s = now_s;
		thread->exemplar_cnt = 0;
	}
	return thread->exemplar_cnt++ < EXEMPLARS_A_SECOND;
}

void
kymo_histogram_exemplar(struct kymo_histogram h, uint64_t value,
    const struct kymo_trace *trace)
{
	uint32_t idx = h.at_ / (uint32_t)sizeof(struct kymo_hist_);
	struct kyi_thread *thread;
	struct kymo_trace open;
	struct kyi_event event;

	if (!kyi_hist_is_series(idx))
		return;
	if (value > INT64_MAX) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	kyi_thread_place();
	thread = kyi_thread_own();
	if (thread != NULL && !exemplar_may(thread)) {
		kyi_sampled_out();
		return;
	}
	if (trace == NULL && kyi_open_trace(&open))
		trace = &open;
	memset(&event, 0, sizeof(event));
	event.ts_ns = kymo_now_ns();
	kyi_event_head(&event, 0, KYI_EVENT_EXEMPLAR, 0, 0);
	event.u.exemplar.hist_idx = idx;
	event.u.exemplar.value = value;
	if (trace != NULL) {
		event.u.exemplar.trace_hi = trace->trace_hi;
		event.u.exemplar.trace_lo = trace->trace_lo;
		event.u.exemplar.span_id = trace->span_id;
	}
	kyi_event_add(KYI_RING_EXEMPLAR, &event, NULL, 0);
}
