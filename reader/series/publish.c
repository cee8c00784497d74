/* SPDX-License-Identifier: MIT */
/* Scans for any thread, by RCU: a reader is inside a read section only for as
   long as it takes to add one to a counter; what it then holds is a
   reference. liburcu, flavour memb (https://liburcu.org).

   The pointer itself is stored and loaded by our own release and acquire:
   liburcu 0.13's rcu_dereference is a plain load where its LGPL inlines are
   not asked for. */
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-memb.h>

#include <pthread.h>
#include <stdlib.h>

#include "reader/series/private.h"
#include "shm/atomic.h"

/* TSan does not know what a grace period waits for (liburcu tells it from 0.14
   on): all that read sections did that began before. */
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
static char grace;
#define SECTION_ENDS() __tsan_release(&grace)
#define GRACE_PERIOD_ENDS() __tsan_acquire(&grace)
#else
#define SECTION_ENDS() ((void)0)
#define GRACE_PERIOD_ENDS() ((void)0)
#endif

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;

static void
thread_leave(void *registered)
{
	(void)registered;
	urcu_memb_unregister_thread();
}

static void
make_key(void)
{
	pthread_key_create(&thread_key, thread_leave);
}

static void
thread_enter(void)
{
	pthread_once(&thread_once, make_key);
	if (pthread_getspecific(thread_key) != NULL)
		return;
	urcu_memb_register_thread();
	pthread_setspecific(thread_key, &thread_key);
}

static void
wait_for_readers(void)
{
	urcu_memb_synchronize_rcu();
	GRACE_PERIOD_ENDS();
}

/* False: it is at its end, a newer one is there. */
static bool
take_if_alive(struct kymo_scan_private *private)
{
	uint64_t refs = kyi_load_u64_relaxed(&private->refs);

	while (refs != 0)
		if (kyi_cas_u64_relaxed(&private->refs, &refs, refs + 1))
			return true;
	return false;
}

const struct kymo_scan *
kymo_scan_take(struct kymo_model *model)
{
	struct kymo_scan *scan;

	thread_enter();
	urcu_memb_read_lock();
	do {
		/* pairs(scan-current): who finds the scan finds it whole. */
		scan = kyi_load_ptr_acquire((void *const *)(void *)
		    &model->current);
	} while (scan != NULL && !take_if_alive(scan->private_));
	SECTION_ENDS();
	urcu_memb_read_unlock();
	return scan;
}

void
kyi_store_drop(struct kyi_store *store)
{
	/* pairs(store-refs): the last one sees all that the others did. */
	if (kyi_sub_u64_acq_rel(&store->refs, 1) != 1)
		return;
	kyi_entries_free(&store->entries, &store->families);
	kyi_families_free(&store->families);
	free(store);
}

static void
free_scan(struct kymo_scan *scan, struct kyi_pool_chunk **spare)
{
	kyi_store_drop(scan->private_->store);
	kyi_pool_free(&scan->private_->pool, spare);
	free(scan->private_);
	free(scan);
}

void
kymo_scan_release(const struct kymo_scan *scan)
{
	struct kymo_scan_private *private;

	if (scan == NULL)
		return;
	private = scan->private_;
	/* pairs(scan-refs): the last one sees all that the others read. */
	if (kyi_sub_u64_acq_rel(&private->refs, 1) != 1)
		return;
	/* A reader that found the pointer before it was replaced may still be
	   about to look at refs: the thread that makes scans frees it, after a
	   grace period; or, if the model is gone, there is no such reader. */
	/* pairs(scan-released): who sees it sees that nobody reads the scan. */
	if (kyi_swap_u32_acq_rel(&private->released, 1) == 2)
		free_scan((struct kymo_scan *)(uintptr_t)scan, NULL);
}

void
kyi_scan_publish(struct kymo_model *model, struct kymo_scan *scan)
{
	struct kymo_scan *before = model->current;

	scan->private_->store = model->store;
	kyi_add_u64_relaxed(&model->store->refs, 1);
	scan->private_->refs = 1;
	scan->private_->older = model->scans;
	model->scans = scan;
	/* pairs(scan-current): the scan is whole. */
	kyi_store_ptr_release((void **)(void *)&model->current, scan);
	kymo_scan_release(before);
}

uint64_t
kyi_publish_sweep(struct kymo_model *model)
{
	struct kymo_scan **at = &model->scans, *scan, *gone = NULL;
	uint64_t oldest = UINT64_MAX;

	while ((scan = *at) != NULL) {
		/* pairs(scan-released) */
		if (kyi_load_u32_acquire(&scan->private_->released) == 0) {
			oldest = scan->number;
			at = &scan->private_->older;
			continue;
		}
		*at = scan->private_->older;
		scan->private_->older = gone;
		gone = scan;
	}
	if (gone != NULL)
		wait_for_readers();
	while (gone != NULL) {
		scan = gone;
		gone = scan->private_->older;
		free_scan(scan, &model->spare);
	}
	return oldest;
}

void
kyi_publish_end(struct kymo_model *model)
{
	struct kymo_scan *scan = model->current, *older;

	/* There is nothing behind NULL. */
	kyi_store_ptr_relaxed((void **)(void *)&model->current, NULL);
	kymo_scan_release(scan);
	wait_for_readers();
	for (scan = model->scans; scan != NULL; scan = older) {
		older = scan->private_->older;
		/* Whoever comes second frees it. pairs(scan-released) */
		if (kyi_swap_u32_acq_rel(&scan->private_->released, 2) == 1)
			free_scan(scan, NULL);
	}
	model->scans = NULL;
	kyi_pool_free_spare(&model->spare);
}
