/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/copy.h"
#include "shm/os.h"
#include "writer/birth.h"
#include "writer/event.h"
#include "writer/thread.h"

/* Where every thread points before its first record: no window, no cells. */
static struct kymo_tls_ nothing;

KYMO_API KYI_TLS struct kymo_tls_ *kymo_tls_ = &nothing;

/* What this thread is, in the region of that number; inherited by children,
   where the number is another. */
enum mode { MODE_NONE, MODE_OWNER, MODE_SHARED };

static KYI_TLS struct {
	uint32_t epoch;
	uint8_t mode;
	bool ended; /* its destructor has run: no slot again */
} self;

static pthread_key_t key;
static bool key_is_good;

/* With KYMO=off: sinks, so that records stay as cheap as they are. Threads
   that share one lose nothing. */
#define SINK_CNT 64u
struct sink {
	struct kymo_tls_ tls; /* only the first pages are ever touched */
	uint64_t cells[32]; /* the sinks of both, KYI_CELL_OFF among them */
};

/* ---- claiming ---------------------------------------------------------- */

static struct kyi_slot *
slot_record(const struct kyi_process *process, uint32_t slot)
{
	return (struct kyi_slot *)kyi_region_at(&process->region,
	    process->region.slots_off + sizeof(struct kyi_block)) + slot;
}

static uint32_t
own_tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static bool
is_gone(const struct kyi_process *process, uint32_t tid)
{
	return syscall(SYS_tgkill, process->pid, tid, 0) != 0 &&
	    errno == ESRCH;
}

/* A slot for this thread; 0: none. One whose owner's destructor did not run
   (ended by exec or a raw clone) is found when there is no other. */
static uint32_t
slot_find(struct kyi_process *process, uint32_t tid)
{
	uint32_t slot, free_slot = 0;

	for (slot = 1; slot < process->slot_high; slot++) {
		const struct kyi_owner *owner = &process->owners[slot];

		/* We are that thread, so that one is gone. */
		if (owner->owned && owner->tid == tid)
			return slot;
		if (!owner->owned && free_slot == 0)
			free_slot = slot;
	}
	if (free_slot != 0)
		return free_slot;
	if (process->slot_high < process->region.slot_max)
		return process->slot_high;
	for (slot = 1; slot < process->slot_high; slot++)
		if (is_gone(process, process->owners[slot].tid))
			return slot;
	return 0;
}

/* The block of slot in private memory, kept for its next owner too; NULL: no
   memory. */
static struct kyi_thread *
block_of(struct kyi_process *process, uint32_t slot)
{
	struct kyi_thread *thread = (void *)kyi_registry.blocks[slot];
	uint32_t epoch = process->epoch;
	bool wiped;

	/* What of it is touched: both ends, and the histograms that are there. */
	if ((thread == NULL || thread->epoch != epoch) &&
	    !kyi_region_afford(&process->region, 2 * KYI_PAGE_BYTES +
	    kyi_registry.hist_cnt * sizeof(struct kymo_hist_)))
		return NULL;
	if (thread == NULL) {
		thread = kyi_os_wipe_pages(sizeof(*thread), &wiped);
		if (thread == NULL)
			return NULL;
		kyi_registry.blocks[slot] = &thread->tls;
	}
	if (thread->epoch != epoch) {
		/* A parent's, where the kernel does not wipe. */
		if (thread->epoch != 0)
			memset(thread, 0, sizeof(*thread));
		thread->epoch = epoch;
		thread->slot = slot;
	}
	return thread;
}

static void
record_claim(struct kyi_process *process, uint32_t slot, uint32_t tid)
{
	struct kyi_slot *record = slot_record(process, slot);
	struct kyi_owner *owner = &process->owners[slot];
	char name[16] = "";

	owner->owned = 1;
	owner->tid = tid;
	owner->gen++;
	prctl(PR_GET_NAME, name);
	memcpy(record->name, name, sizeof(record->name));
	kyi_store_u32_relaxed(&record->tid, tid);
	kyi_store_u64_relaxed(&record->claimed_ns, kyi_os_mono_ns());
	kyi_store_u32_relaxed(&record->gen, owner->gen);
	kyi_store_u32_relaxed(&record->state, 1);
	if (slot >= process->slot_high) {
		process->slot_high = slot + 1;
		kyi_publish_slot_high(kyi_region_control(&process->region),
		    slot + 1);
	}
}

/* True: this thread owns a slot now. */
static bool
claim(struct kyi_process *process)
{
	const struct kyi_region *region = &process->region;
	uint32_t tid = own_tid(), slot = slot_find(process, tid);
	struct kyi_thread *thread;
	char cnt[12];

	if (slot == 0) {
		snprintf(cnt, sizeof(cnt), "%u", region->slot_max - 1);
		kyi_say(KYI_SAY_SLOTS, cnt);
		return false;
	}
	if ((slot >= process->slot_high &&
	    !kyi_region_populate(&process->region, region->slots_off +
	    sizeof(struct kyi_block) + slot * sizeof(struct kyi_slot),
	    sizeof(struct kyi_slot))) ||
	    !kyi_window_reach_slot(process, slot, kyi_registry.window_given) ||
	    (thread = block_of(process, slot)) == NULL) {
		kyi_say(KYI_SAY_FULL, "a thread's counters");
		return false;
	}
	record_claim(process, slot, tid);
	kyi_spans_clear(thread);
	process->seed_next++;
	thread->random_at = kyi_scramble(process->seed + process->seed_next);
	thread->random_step =
	    kyi_scramble(thread->random_at ^ process->seed) | 1;
	kyi_clock_claim(process, thread);
	thread->tls.epoch = (uint64_t)process->epoch << 32;
	thread->tls.shared = process->shared;
	thread->tls.window = (char *)kyi_region_at(region, region->windows_off +
	    (uint64_t)slot * region->window_bytes);
	kymo_tls_ = &thread->tls;
	if (key_is_good)
		pthread_setspecific(key, thread);
	return true;
}

/* Never to be freed, and never to be counted. */
static enum kyi_place_of
sink_take(void)
{
	static struct sink *sinks;
	static uint32_t next_idx;
	struct sink *sink;
	bool wiped;

	if (sinks == NULL)
		sinks = kyi_os_wipe_pages(SINK_CNT * sizeof(*sinks), &wiped);
	if (sinks == NULL)
		return KYI_NOWHERE;
	sink = &sinks[next_idx++ % SINK_CNT];
	sink->tls.shared = (char *)sink->cells;
	sink->tls.window = (char *)sink->cells;
	kymo_tls_ = &sink->tls;
	return KYI_OWN;
}

enum kyi_place_of
kyi_thread_claim(struct kyi_process *process)
{
	if (kymo_tls_->window != NULL)
		return KYI_OWN;
	if (kyi_registry.env.off)
		return sink_take();
	if (!kyi_region_need(process))
		return KYI_NOWHERE;
	if (self.epoch != process->epoch) {
		self.epoch = process->epoch;
		self.mode = MODE_NONE;
	}
	/* No window is given out before slot 0's could be made: a thread that
	   ends, or a handler, must find it. */
	if (process->window0 == NULL)
		return KYI_NOWHERE;
	if (self.mode == MODE_NONE && !self.ended) {
		if (claim(process)) {
			self.mode = MODE_OWNER;
			return KYI_OWN;
		}
		kyi_count(KYI_ERR_SLOTS, 1);
	}
	self.mode = MODE_SHARED;
	return KYI_SHARED;
}

static enum kyi_place_of
place_again(struct kyi_process *process, uint32_t epoch)
{
	/* Who uses slot 0's window loads it once more, by acquire. */
	bool there = epoch != 0 &&
	    kyi_load_ptr_relaxed(&process->window0) != NULL;
	struct kyi_guard guard;
	enum kyi_place_of place;

	if (!there && !kyi_may_grow(process))
		return KYI_NOWHERE;
	if (!kyi_enter(&guard))
		return there ? KYI_SHARED : KYI_NOWHERE;
	place = kyi_thread_claim(process);
	kyi_leave(&guard);
	return place;
}

enum kyi_place_of
kyi_thread_place(void)
{
	struct kyi_process *process;
	uint32_t epoch;

	/* A handler may have been faster. */
	if (kymo_tls_->window != NULL)
		return KYI_OWN;
	process = kyi_process();
	epoch = kyi_epoch(process);
	/* The common way of a thread without a slot: no system call. */
	if (epoch != 0 && self.epoch == epoch && self.mode == MODE_SHARED)
		return KYI_SHARED;
	return place_again(process, epoch);
}

uint64_t *
kyi_shared_cell(uint32_t off)
{
	char *shared = kymo_tls_->shared;

	if (shared == NULL) {
		if (kyi_thread_place() == KYI_NOWHERE)
			return NULL;
		shared = kymo_tls_->shared;
	}
	if (shared == NULL)
		shared = kyi_process()->shared;
	return (uint64_t *)(void *)(shared + off);
}

/* ---- ending ------------------------------------------------------------ */

/* At the end of a thread. It may still record afterwards, in other
   destructors and in handlers: into slot 0's cells. */
static void
thread_end(void *block)
{
	struct kyi_thread *thread = block;
	struct kyi_guard guard;

	if (!kyi_enter(&guard))
		return;
	self.ended = true;
	kymo_tls_ = &nothing;
	if (self.mode == MODE_OWNER && self.epoch != 0 &&
	    self.epoch == guard.process->epoch) {
		kyi_spans_clear(thread);
		guard.process->owners[thread->slot].owned = 0;
		kyi_store_u32_relaxed(
		    &slot_record(guard.process, thread->slot)->state, 0);
	}
	self.mode = self.mode == MODE_OWNER ? MODE_SHARED : self.mode;
	kyi_leave(&guard);
}

/* glibc allocates for the values of later keys; a handler that claims must
   not. Without a key, slots come back when there are no others. */
#ifdef __GLIBC__
#define KEY_CNT_STATIC 32u
#else
#define KEY_CNT_STATIC UINT32_MAX
#endif

void
kyi_thread_start(void)
{
	if (!key_is_good)
		key_is_good = pthread_key_create(&key, thread_end) == 0 &&
		    (uint32_t)key < KEY_CNT_STATIC;
}

void
kyi_thread_forget(void)
{
	kymo_tls_ = &nothing;
	self.epoch = 0;
	self.mode = MODE_NONE;
}

/* ---- chance ------------------------------------------------------------ */

uint64_t
kyi_random(void)
{
	struct kyi_thread *thread = kyi_thread_own();
	struct kyi_process *process;

	/* One instruction takes the number: a handler gets another. */
	if (thread != NULL)
		return kyi_scramble(kyi_take_u64_local(&thread->random_at,
		    thread->random_step));
	process = kyi_process();
	return kyi_scramble(process->seed ^ 0x6a09e667f3bcc909ull ^
	    kyi_add_u64_relaxed(&process->random_at, 0x9e3779b97f4a7c15ull));
}

bool
kyi_chance(uint32_t n)
{
	/* The product's upper half is 0 for one part in n of all numbers. */
	return n <= 1 || (kyi_random() >> 32) * n >> 32 == 0;
}

void
kyi_sampled_out(void)
{
	struct kyi_thread *thread = kyi_thread_own();
	uint64_t *cnt;

	if (thread == NULL)
		return;
	cnt = &slot_record(kyi_process(), thread->slot)->sampled_out;
	kyi_add_u64_local(cnt, 1);
}
