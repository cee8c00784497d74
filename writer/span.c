/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shm/copy.h"
#include "writer/event.h"

/* span->state_: whether it is open, and its event kept; whose stack it is on
   and where, one more than the index, 0: nowhere. */
#define STATE_KEPT 0x80000000u
#define STATE_OPEN 0x40000000u
#define STATE_SLOT_SHIFT 16
#define STATE_SLOT_MASK 0x3fffu
#define STATE_INDEX_MASK 0xffffu

KYI_STATIC_ASSERT(KYI_SLOT_MAX <= STATE_SLOT_MASK, "a slot fits");

void
kyi_spans_clear(struct kyi_thread *thread)
{
	struct kyi_spans *spans = thread->tls.spans;

	thread->open_cnt = 0;
	if (spans != NULL)
		kyi_publish_depth(spans, 0);
}

bool
kyi_open_trace(struct kymo_trace *trace)
{
	struct kyi_thread *thread = kyi_thread_own();
	uint32_t cnt;

	if (thread == NULL || thread->open_cnt == 0)
		return false;
	cnt = thread->open_cnt < KYI_OPEN_MAX ? thread->open_cnt :
	    KYI_OPEN_MAX;
	*trace = thread->open[cnt - 1];
	return true;
}

static uint64_t
random_id(void)
{
	uint64_t id = kyi_random();

	return id != 0 ? id : 1;
}

/* A frame that others may see at any instruction: its name comes last, so that
   one that a signal interrupted has none. */
static void
frame_fill(struct kyi_span_frame *frame, const struct kymo_span *span)
{
	uint64_t *name = (uint64_t *)(void *)&frame->name_id, word;
	uint32_t halves[2] = { span->name_, span->trace.flags };

	memcpy(&word, halves, sizeof(word));
	kyi_store_u64_relaxed(name, 0);
	/* pairs(span-depth): words of this span are behind no name.. */
	kyi_fence_release();
	kyi_store_u64_relaxed(&frame->trace_hi, span->trace.trace_hi);
	kyi_store_u64_relaxed(&frame->trace_lo, span->trace.trace_lo);
	kyi_store_u64_relaxed(&frame->span_id, span->trace.span_id);
	kyi_store_u64_relaxed(&frame->parent_id, span->parent_id);
	kyi_store_u64_relaxed(&frame->start_ns, span->start_ns);
	/* pairs(span-depth): ..and before its own. */
	kyi_store_u64_release(name, word);
}

/* The place is taken before it is filled: a handler's spans go above it. */
static void
push(struct kyi_thread *thread, struct kymo_span *span)
{
	uint32_t idx = thread->open_cnt;
	struct kyi_spans *spans = kyi_spans_need(thread);

	if (idx >= STATE_INDEX_MASK)
		return;
	kyi_store_u32_relaxed(&thread->open_cnt, idx + 1);
	span->state_ |= thread->slot << STATE_SLOT_SHIFT | (idx + 1);
	if (idx < KYI_OPEN_MAX)
		thread->open[idx] = span->trace;
	if (spans == NULL)
		return;
	if (idx < KYI_SPAN_DEPTH_MAX)
		frame_fill(&spans->frame[idx], span);
	kyi_publish_depth(spans, idx + 1);
}

static void
pop(const struct kymo_span *span)
{
	struct kyi_thread *thread = kyi_thread_own();
	uint32_t idx = (span->state_ & STATE_INDEX_MASK) - 1;
	uint32_t slot = span->state_ >> STATE_SLOT_SHIFT & STATE_SLOT_MASK;

	/* Forked since: its stack was the parent's. */
	if (thread == NULL)
		return;
	if (slot != thread->slot || thread->open_cnt != idx + 1)
		kyi_bad(KYI_SAY_SPAN, NULL);
	if (slot != thread->slot || thread->open_cnt <= idx)
		return;
	if (thread->tls.spans != NULL)
		kyi_publish_depth(thread->tls.spans, idx);
	kyi_store_u32_relaxed(&thread->open_cnt, idx);
}

/* A span whose name is switched off is not there at all: what it hands on is
   the span around it. */
static void
begin_off(struct kymo_span *span, const struct kymo_trace *outer)
{
	span->state_ = STATE_OPEN;
	if (outer != NULL) {
		span->trace = *outer;
		return;
	}
	span->trace.trace_hi = random_id();
	span->trace.trace_lo = random_id();
	span->trace.span_id = random_id();
}

void
kymo_span_begin(struct kymo_span *span, struct kymo_span_name name,
    const struct kymo_trace *parent)
{
	const struct kymo_trace *outer = parent;
	struct kyi_thread *thread;
	struct kymo_trace open;
	bool kept;

	memset(span, 0, sizeof(*span));
	kyi_thread_place();
	thread = kyi_thread_own();
	if (outer == NULL && kyi_open_trace(&open))
		outer = &open;
	if (outer != NULL && (outer->trace_hi | outer->trace_lo) == 0)
		outer = NULL;
	if (name.id_ == 0)
		kyi_bad(KYI_SAY_UNSET, NULL);
	if (name.id_ == 0 || name.id_ >= KYI_ID_LOST) {
		begin_off(span, outer);
		return;
	}
	kept = kyi_chance(name.sample_n_) &&
	    (outer == NULL || (outer->flags & 1) != 0);
	span->name_ = name.id_;
	span->state_ = STATE_OPEN | (kept ? STATE_KEPT : 0);
	span->trace.span_id = random_id();
	if (outer != NULL) {
		span->trace.trace_hi = outer->trace_hi;
		span->trace.trace_lo = outer->trace_lo;
		span->trace.flags = outer->flags;
		span->parent_id = outer->span_id;
	} else {
		span->trace.trace_hi = random_id();
		span->trace.trace_lo = random_id();
		span->trace.flags = kept;
	}
	span->start_ns = kymo_now_ns();
	if (thread != NULL)
		push(thread, span);
}

void
kymo_span_end(struct kymo_span *span, enum kymo_span_status status)
{
	struct kyi_event event;

	if ((span->state_ & STATE_OPEN) == 0) {
		kyi_bad(KYI_SAY_SPAN, NULL);
		return;
	}
	if ((unsigned)status > KYMO_SPAN_ERROR) {
		kyi_bad(KYI_SAY_SPAN_STATUS, NULL);
		status = KYMO_SPAN_UNSET;
	}
	span->state_ &= ~STATE_OPEN;
	if (span->name_ == 0)
		return;
	if ((span->state_ & STATE_KEPT) != 0) {
		event.ts_ns = span->start_ns;
		kyi_event_head(&event, span->name_, KYI_EVENT_SPAN,
		    (uint8_t)status, 0);
		event.u.span.trace_hi = span->trace.trace_hi;
		event.u.span.trace_lo = span->trace.trace_lo;
		event.u.span.span_id = span->trace.span_id;
		event.u.span.parent_id = span->parent_id;
		event.u.span.dur_ns = kymo_took_ns_(kymo_now_ns(),
		    span->start_ns);
		kyi_event_add(KYI_RING_SPAN, &event, NULL, 0);
	} else {
		kyi_sampled_out();
	}
	if ((span->state_ & STATE_INDEX_MASK) != 0)
		pop(span);
}
