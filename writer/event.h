/* SPDX-License-Identifier: MIT */
/* Events of a thread: its ring and its stack of open spans, made at its first
   event. A thread without a slot keeps none, and counts that. */
#ifndef KYI_EVENT_H
#define KYI_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shm/ring.h"
#include "writer/thread.h"

#define KYI_EVENT_BYTES_MAX (KYI_EVENT_SLOTS_MAX * 40u) /* of a log's words */

/* kyi_events_prepare makes thread's ring and stack, inside kyi_enter. False:
   no room. */
bool kyi_events_prepare(struct kyi_process *process,
    struct kyi_thread *thread);

/* kyi_event_head stores what says what an event is, of one place, as one word:
   it is loaded as one again at once, which bytes that were just stored would
   delay. */
static inline void
kyi_event_head(struct kyi_event *event, uint32_t name_id, uint8_t type,
    uint8_t code, uint8_t arg_cnt)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t word = name_id | (uint64_t)type << 32 | 1ull << 40 |
	    (uint64_t)code << 48 | (uint64_t)arg_cnt << 56;
#else
	uint64_t word = (uint64_t)name_id << 32 | (uint32_t)type << 24 |
	    1u << 16 | (uint32_t)code << 8 | arg_cnt;
#endif
	memcpy(&event->name_id, &word, sizeof(word));
}

/* kyi_event_add keeps an event in this thread's section. first is its first
   place, its head by kyi_event_head, its seq any; more, of which bytes are used beyond the
   first place's 40, goes to the places after it. No room is counted. */
void kyi_event_add(uint32_t section, const struct kyi_event *first,
    const uint8_t *more, uint32_t more_bytes);

/* kyi_spans_clear: thread has no open spans; its stack, if any, says so. */
void kyi_spans_clear(struct kyi_thread *thread);

/* kyi_spans_need returns this thread's stack; NULL: it has none, which is not
   counted. */
struct kyi_spans *kyi_spans_need(struct kyi_thread *thread);

/* kyi_open_trace fills *trace with the thread's innermost open span; false:
   there is none. */
bool kyi_open_trace(struct kymo_trace *trace);

#endif
