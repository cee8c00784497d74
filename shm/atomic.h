/* SPDX-License-Identifier: MIT */
/* Atomics, with the order in the name, so that grep finds each. There is no
   sequentially consistent spelling: needing one is a design talk. The word
   "local" means: no other thread stores to this word, only a signal handler
   of the same thread may, so no bus lock is needed but the step must be one
   instruction. Each release and acquire says at its site which one it pairs
   with: pairs(NAME). */
#ifndef KYI_ATOMIC_H
#define KYI_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define KYI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KYI_TSAN 1
#endif
#endif

static inline uint8_t
kyi_load_u8_relaxed(const uint8_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint32_t
kyi_load_u32_relaxed(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint64_t
kyi_load_u64_relaxed(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint32_t
kyi_load_u32_acquire(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline uint64_t
kyi_load_u64_acquire(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void *
kyi_load_ptr_relaxed(void *const *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void *
kyi_load_ptr_acquire(void *const *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void
kyi_store_u32_relaxed(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void
kyi_store_u64_relaxed(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void
kyi_store_u8_relaxed(uint8_t *p, uint8_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void
kyi_store_u32_release(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void
kyi_store_u64_release(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void
kyi_store_ptr_relaxed(void **p, void *v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void
kyi_store_ptr_release(void **p, void *v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/* Adds that several threads may make to one word; returns what was there. */
static inline uint64_t
kyi_add_u64_relaxed(uint64_t *p, uint64_t n)
{
	return __atomic_fetch_add(p, n, __ATOMIC_RELAXED);
}

/* Bits that several threads may change in one word; return what was there. */
static inline uint64_t
kyi_or_u64_relaxed(uint64_t *p, uint64_t bits)
{
	return __atomic_fetch_or(p, bits, __ATOMIC_RELAXED);
}

static inline uint64_t
kyi_and_u64_relaxed(uint64_t *p, uint64_t bits)
{
	return __atomic_fetch_and(p, bits, __ATOMIC_RELAXED);
}

static inline bool
kyi_cas_u64_relaxed(uint64_t *p, uint64_t *expected, uint64_t desired)
{
	return __atomic_compare_exchange_n(p, expected, desired, false,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static inline bool
kyi_cas_u32_relaxed(uint32_t *p, uint32_t *expected, uint32_t desired)
{
	return __atomic_compare_exchange_n(p, expected, desired, false,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Makes *p desired if it is NULL and returns what it is then. */
static inline void *
kyi_claim_ptr_acq_rel(void **p, void *desired)
{
	void *was = NULL;

	if (__atomic_compare_exchange_n(p, &was, desired, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return desired;
	return was;
}

/* For locks inside one process: the lock's acquire pairs with its unlock. */
static inline uint32_t
kyi_swap_u32_acquire(uint32_t *p, uint32_t v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_ACQUIRE);
}

static inline uint32_t
kyi_swap_u32_release(uint32_t *p, uint32_t v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_RELEASE);
}

/* For reference counts: who takes the last one sees all that was done before
   the others were given back. Returns what was there. */
static inline uint64_t
kyi_sub_u64_acq_rel(uint64_t *p, uint64_t n)
{
	return __atomic_fetch_sub(p, n, __ATOMIC_ACQ_REL);
}

static inline uint32_t
kyi_swap_u32_acq_rel(uint32_t *p, uint32_t v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL);
}

/* One pointer that is handed from thread to thread. */
static inline void *
kyi_swap_ptr_acquire(void **p, void *v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_ACQUIRE);
}

static inline void *
kyi_swap_ptr_acq_rel(void **p, void *v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL);
}

/* Fences order only atomic accesses (C11 7.17.4). */
static inline void
kyi_fence_release(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
kyi_fence_acquire(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* Orders what a signal handler of the same thread sees. */
static inline void
kyi_fence_signal_release(void)
{
	__atomic_signal_fence(__ATOMIC_RELEASE);
}

/* kyi_add_u64_local adds n to this thread's own word; a signal between two
   instructions cannot lose it. On machines without such an instruction a
   handler that touches the same word may lose the interrupted step. */
static inline void
kyi_add_u64_local(uint64_t *p, uint64_t n)
{
#if defined(__x86_64__) && !defined(KYI_TSAN)
	__asm__("addq %1, %0" : "+m"(*p) : "er"(n) : "cc");
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
	__asm__("stadd %1, %0" : "+Q"(*p) : "r"(n));
#else
	__atomic_store_n(p, __atomic_load_n(p, __ATOMIC_RELAXED) + n,
	    __ATOMIC_RELAXED);
#endif
}

/* The same, and returns what was there: a nested signal handler that takes
   the next number gets another one. */
static inline uint64_t
kyi_take_u64_local(uint64_t *p, uint64_t n)
{
#if defined(__x86_64__) && !defined(KYI_TSAN)
	uint64_t was = n;

	__asm__ volatile("xaddq %0, %1" : "+r"(was), "+m"(*p) : : "cc", "memory");
	return was;
#else
	return __atomic_fetch_add(p, n, __ATOMIC_RELAXED);
#endif
}

static inline uint32_t
kyi_take_u32_local(uint32_t *p, uint32_t n)
{
#if defined(__x86_64__) && !defined(KYI_TSAN)
	uint32_t was = n;

	__asm__ volatile("xaddl %0, %1" : "+r"(was), "+m"(*p) : : "cc", "memory");
	return was;
#else
	return __atomic_fetch_add(p, n, __ATOMIC_RELAXED);
#endif
}

#endif
