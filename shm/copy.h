/* SPDX-License-Identifier: MIT */
/* A region is copied while it is being written: both halves of how.

   The writer makes it complete before it has a name, and lets it grow by
   release stores only. The reader copies with pread, in steps, a fence after
   each. One copy has no order inside it, but for this: an aligned word of 8
   bytes is never torn.

     writer                                  reader
     ------                                  ------
     header, control, fixed blocks
     region-whole: fence, then the name      1. open, header
                                             -- fence
     a block: body and head, then
       block-ready: ready = 1                2. control
       file-used: file_used beyond it           -- fence
     slot-high, window-used: one more        3. the head of each block below
       slot, or cell of all windows,            file_used in order of the file:
       is there                                 a fence after each
     a record: its strings, STR's used;
       its cell, SHARED's used; itself,      4. bodies, each up to the
       dir-used: DIR's used                     used_bytes of step 3
                                             -- fence
     rings: shm/ring.h                       5. ring sections: reserve; SPANS:
     health: below                              depth; health: seq, once more

   DIR comes before STR and SHARED in the file, so its used_bytes is copied
   before theirs, and is stored after theirs: a record that was copied refers
   only to what was copied. The value of a TEXT or HEALTH cell is copied later
   than STR's head and may refer beyond it: then a fence, and STR once more, up
   to where it is by then (text-ref: a ref is stored after its string).

   A window's cells beyond window_used, and slots from slot_high on, are zeros
   in a copy that leaves them out, as they are in the file. */
#ifndef KYI_COPY_H
#define KYI_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/atomic.h"
#include "shm/layout.h"

/* kyi_copy_fence ends a step of the reader: what is copied after it is at
   least as new as what is copied before it says. */
static inline void
kyi_copy_fence(void)
{
	/* pairs(region-whole) pairs(block-ready) pairs(file-used) pairs(text-ref)
	   pairs(dir-used) pairs(slot-high) pairs(window-used) pairs(exit-state)
	   pairs(span-depth) pairs(health-torn) pairs(health-whole), reader */
	kyi_fence_acquire();
}

/* kyi_publish_name_fence stands between filling a file and naming it. */
static inline void
kyi_publish_name_fence(void)
{
	/* pairs(region-whole): who finds the file by name finds it whole. */
	kyi_fence_release();
}

/* kyi_publish_block: the head at block is complete and so is the body. */
static inline void
kyi_publish_block(struct kyi_block *block, struct kyi_control *control,
    uint64_t file_used)
{
	/* pairs(block-ready): who sees ready sees the whole head. */
	kyi_store_u32_release(&block->ready, 1);
	kyi_store_u32_relaxed(&control->block_cnt, block->index + 1);
	/* pairs(file-used): who sees it sees a head below it everywhere. */
	kyi_store_u64_release(&control->file_used, file_used);
}

/* kyi_publish_used: all bytes of block up to used_bytes are as they stay, or
   cells that may be read. */
static inline void
kyi_publish_used(struct kyi_block *block, uint64_t used_bytes)
{
	/* pairs(dir-used): who sees it sees what the new record refers to. */
	kyi_store_u64_release(&block->used_bytes, used_bytes);
}

/* kyi_publish_slot_high: slots below cnt have been used. */
static inline void
kyi_publish_slot_high(struct kyi_control *control, uint32_t cnt)
{
	/* pairs(slot-high): who sees it finds the windows of these slots. */
	kyi_store_u32_release(&control->slot_high, cnt);
}

/* kyi_publish_window_used: series have the first bytes of each window. */
static inline void
kyi_publish_window_used(struct kyi_control *control, uint32_t bytes)
{
	/* pairs(window-used): who sees it finds pages below it in the windows
	   of all slots below slot_high. */
	kyi_store_u32_release(&control->window_used, bytes);
}

/* kyi_publish_exit: the numbers are final. */
static inline void
kyi_publish_exit(struct kyi_control *control, uint64_t now_mono_ns)
{
	kyi_store_u64_relaxed(&control->exit_ns, now_mono_ns);
	/* pairs(exit-state): who sees EXITED sees when. */
	kyi_store_u32_release(&control->state, KYI_STATE_EXITED);
}

/* kyi_publish_depth: spans 0 .. depth - 1 are open, their frames complete. A
   reader shows a frame that is the same, and below the depth, in a copy made
   before and one made after a fence; a signal handler's spans nest. */
static inline void
kyi_publish_depth(struct kyi_spans *spans, uint32_t depth)
{
	/* pairs(span-depth): who sees it sees the frames below it. */
	kyi_store_u32_release(&spans->depth, depth);
}

/* A health record is several words: seq is odd while they change. The writer
   holds a lock of its own process around begin, relaxed stores, end. */
static inline void
kyi_health_begin(struct kyi_health *health)
{
	kyi_store_u32_relaxed(&health->seq, health->seq + 1);
	/* pairs(health-torn): who sees a new word then sees seq odd or more. */
	kyi_fence_release();
}

static inline void
kyi_health_end(struct kyi_health *health)
{
	/* pairs(health-whole): who sees seq even sees the words of that seq. */
	kyi_store_u32_release(&health->seq, health->seq + 1);
}

/* kyi_health_whole tells whether a copy is of one report, when seq_before was
   copied in a step before it and seq_after in a step after it. */
static inline bool
kyi_health_whole(uint32_t seq_before, uint32_t seq_after)
{
	return seq_before == seq_after && seq_before % 2 == 0;
}

#endif
