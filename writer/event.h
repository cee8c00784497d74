/* SPDX-License-Identifier: MIT */
/* Events of a thread: its ring and its stack of open spans, made at its first
   event. A thread without a slot keeps none, and counts that. */
#ifndef KYI_EVENT_H
#define KYI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ring.h"
#include "writer/thread.h"

#define KYI_EVENT_BYTES_MAX (KYI_EVENT_SLOTS_MAX * 40u) /* of a log's words */

/* kyi_events_prepare makes thread's ring and stack, inside kyi_enter. False:
   no room. */
bool kyi_events_prepare(struct kyi_process *process,
    struct kyi_thread *thread);

/* kyi_event_add keeps an event in this thread's section. first is its first
   place but for seq, type, places; more, of which bytes are used beyond the
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
