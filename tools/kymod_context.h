/* SPDX-License-Identifier: MIT */
/* What a message holds besides its alerts is gathered by a thread of its own,
   so that no message waits for it longer than it may. */
#ifndef KYI_KYMOD_CONTEXT_H
#define KYI_KYMOD_CONTEXT_H

#include "reader/notify/context.h"
#include "tools/kymod.h"

/* How long all messages of a pass wait for it. */
#define KYI_CONTEXT_NS UINT64_C(100000000)

struct kyi_contexts;

/* history and model outlive it. NULL: error has why. */
struct kyi_contexts *kyi_contexts_open(struct kymo_history *history,
    struct kymo_model *model, struct kymo_error *error);
void kyi_contexts_close(struct kyi_contexts *contexts);

/* What is known of an alert, whose rule has this expression (NULL: not known),
   by until_ns (monotonic): the caller's, kymo_context_delete it; NULL: nothing
   is known by then. One thread at a time. */
struct kymo_context *kyi_contexts_ask(struct kyi_contexts *contexts,
    const struct kymo_labels *labels, const char *expr, int64_t at_ms,
    uint64_t until_ns);

#endif
