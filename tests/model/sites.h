/* SPDX-License-Identifier: MIT */
/* Included before all else where sources of the product are compiled for a
   model. The compiler tells the explorer of each access (-fsanitize=thread,
   with hooks.c in the place of its library); this says at which line of the
   source an acquire, a release or a fence stands, so that it can be weakened
   by that name. The operations themselves are those of shm/atomic.h. */
#ifndef MODEL_SITES_H
#define MODEL_SITES_H

#pragma GCC diagnostic ignored "-Wtsan" /* fences: hooks.c has them */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/atomic.h"

/* "path:line" of the ordered operation that comes next. */
extern const char *model_site;

#define MODEL_TEXT_(number) #number
#define MODEL_TEXT(number) MODEL_TEXT_(number)
#define MODEL_AT (model_site = __FILE__ ":" MODEL_TEXT(__LINE__))
/* Arguments first: they may have sites of their own. */
#define MODEL_1(call, p)                                                      \
	__extension__({                                                       \
		__typeof__(p) p_ = (p);                                       \
		MODEL_AT;                                                     \
		call(p_);                                                     \
	})
#define MODEL_2(call, p, v)                                                   \
	__extension__({                                                       \
		__typeof__(p) p_ = (p);                                       \
		__typeof__(v) v_ = (v);                                       \
		MODEL_AT;                                                     \
		call(p_, v_);                                                 \
	})

/* Code of the product that runs by itself before main would be in no model. */
#define constructor unused
#define destructor unused

#define kyi_load_u32_acquire(p) MODEL_1(kyi_load_u32_acquire, p)
#define kyi_load_u64_acquire(p) MODEL_1(kyi_load_u64_acquire, p)
#define kyi_load_ptr_acquire(p) MODEL_1(kyi_load_ptr_acquire, p)
#define kyi_store_u32_release(p, v) MODEL_2(kyi_store_u32_release, p, v)
#define kyi_store_u64_release(p, v) MODEL_2(kyi_store_u64_release, p, v)
#define kyi_store_ptr_release(p, v) MODEL_2(kyi_store_ptr_release, p, v)
#define kyi_claim_ptr_acq_rel(p, v) MODEL_2(kyi_claim_ptr_acq_rel, p, v)
#define kyi_swap_u32_acquire(p, v) MODEL_2(kyi_swap_u32_acquire, p, v)
#define kyi_swap_u32_release(p, v) MODEL_2(kyi_swap_u32_release, p, v)
#define kyi_swap_u32_acq_rel(p, v) MODEL_2(kyi_swap_u32_acq_rel, p, v)
#define kyi_swap_ptr_acquire(p, v) MODEL_2(kyi_swap_ptr_acquire, p, v)
#define kyi_swap_ptr_acq_rel(p, v) MODEL_2(kyi_swap_ptr_acq_rel, p, v)
#define kyi_sub_u64_acq_rel(p, v) MODEL_2(kyi_sub_u64_acq_rel, p, v)
#define kyi_fence_release() (MODEL_AT, kyi_fence_release())
#define kyi_fence_acquire() (MODEL_AT, kyi_fence_acquire())
#define kyi_fence_signal_release() (MODEL_AT, kyi_fence_signal_release())

/* Ticks are half nanoseconds of the model's time. */
uint64_t model_ticks(void);
#define __builtin_ia32_rdtsc() model_ticks()

/* writer/kymo.h spells its own. */
#define __atomic_load_n(p, order) MODEL_2(__atomic_load_n, p, order)
#define __atomic_signal_fence(order) (MODEL_AT, __atomic_signal_fence(order))

#endif
