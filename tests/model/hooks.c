/* SPDX-License-Identifier: MIT */
/* What the compiler calls for -fsanitize=thread, in the place of its library.
   Outside of a model's threads these are the operations themselves. */
#include <string.h>

#include "tests/model/memory.h"

#define ACCESS(name, bytes, is_store)                                         \
	void __tsan_##name(void *at);                                         \
	void __tsan_##name(void *at)                                          \
	{                                                                     \
		if (model_running())                                          \
			model_plain(at, bytes, is_store);                     \
	}
ACCESS(read1, 1, false)
ACCESS(read2, 2, false)
ACCESS(read4, 4, false)
ACCESS(read8, 8, false)
ACCESS(read16, 16, false)
ACCESS(write1, 1, true)
ACCESS(write2, 2, true)
ACCESS(write4, 4, true)
ACCESS(write8, 8, true)
ACCESS(write16, 16, true)
ACCESS(unaligned_read2, 2, false)
ACCESS(unaligned_read4, 4, false)
ACCESS(unaligned_read8, 8, false)
ACCESS(unaligned_read16, 16, false)
ACCESS(unaligned_write2, 2, true)
ACCESS(unaligned_write4, 4, true)
ACCESS(unaligned_write8, 8, true)
ACCESS(unaligned_write16, 16, true)
ACCESS(volatile_read1, 1, false)
ACCESS(volatile_read2, 2, false)
ACCESS(volatile_read4, 4, false)
ACCESS(volatile_read8, 8, false)
ACCESS(volatile_write1, 1, true)
ACCESS(volatile_write2, 2, true)
ACCESS(volatile_write4, 4, true)
ACCESS(volatile_write8, 8, true)

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_release(void *at);
void __tsan_acquire(void *at);
void __tsan_read_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void
__tsan_init(void)
{
}

void
__tsan_func_entry(void *pc)
{
	(void)pc;
}

void
__tsan_func_exit(void)
{
}

/* What only a sanitizer needs to be told: an order that somebody else gives. */
void
__tsan_release(void *at)
{
	if (model_running())
		model_say(at, true);
}

void
__tsan_acquire(void *at)
{
	if (model_running())
		model_say(at, false);
}

void
__tsan_read_range(void *at, size_t bytes)
{
	if (model_running())
		model_plain(at, bytes, false);
}

void
__tsan_write_range(void *at, size_t bytes)
{
	if (model_running())
		model_plain(at, bytes, true);
}

void
__tsan_atomic_thread_fence(int order)
{
	if (model_running())
		model_fence(order);
}

void
__tsan_atomic_signal_fence(int order)
{
	if (model_running() && model_signal_fences())
		model_fence(order);
}

static uint64_t
step_add(uint64_t was, uint64_t n)
{
	return was + n;
}

static uint64_t
step_sub(uint64_t was, uint64_t n)
{
	return was - n;
}

static uint64_t
step_or(uint64_t was, uint64_t n)
{
	return was | n;
}

static uint64_t
step_and(uint64_t was, uint64_t n)
{
	return was & n;
}

static uint64_t
step_swap(uint64_t was, uint64_t n)
{
	(void)was;
	return n;
}

#define LOAD_AND_STORE(bits, type)                                            \
	type __tsan_atomic##bits##_load(const type *at, int order);           \
	type __tsan_atomic##bits##_load(const type *at, int order)            \
	{                                                                     \
		return model_running() ?                                      \
		    (type)model_load(at, sizeof(type), order) : *at;          \
	}                                                                     \
	void __tsan_atomic##bits##_store(type *at, type v, int order);        \
	void __tsan_atomic##bits##_store(type *at, type v, int order)         \
	{                                                                     \
		if (model_running())                                          \
			model_store(at, sizeof(type), v, order);              \
		else                                                          \
			*at = v;                                              \
	}
LOAD_AND_STORE(8, uint8_t)
LOAD_AND_STORE(16, uint16_t)
LOAD_AND_STORE(32, uint32_t)
LOAD_AND_STORE(64, uint64_t)

#define STEP(bits, type, name, step)                                          \
	type __tsan_atomic##bits##_##name(type *at, type n, int order);       \
	type __tsan_atomic##bits##_##name(type *at, type n, int order)        \
	{                                                                     \
		type was = *at;                                               \
		if (model_running())                                          \
			return (type)model_rmw(at, sizeof(type), step, n,     \
			    order);                                           \
		*at = (type)step(was, n);                                     \
		return was;                                                   \
	}
#define STEPS(bits, type)                                                     \
	STEP(bits, type, exchange, step_swap)                                 \
	STEP(bits, type, fetch_add, step_add)                                 \
	STEP(bits, type, fetch_sub, step_sub)                                 \
	STEP(bits, type, fetch_or, step_or)                                   \
	STEP(bits, type, fetch_and, step_and)
STEPS(8, uint8_t)
STEPS(32, uint32_t)
STEPS(64, uint64_t)

#define CAS(bits, type, name)                                                 \
	int __tsan_atomic##bits##_compare_exchange_##name(type *at,           \
	    type *expected, type desired, int order, int failure);            \
	int __tsan_atomic##bits##_compare_exchange_##name(type *at,           \
	    type *expected, type desired, int order, int failure)             \
	{                                                                     \
		uint64_t was = *expected;                                     \
		bool done;                                                    \
		if (model_running())                                          \
			done = model_cas(at, sizeof(type), &was, desired,     \
			    order, failure);                                  \
		else if ((done = *at == *expected))                           \
			*at = desired;                                        \
		else                                                          \
			was = *at;                                            \
		*expected = (type)was;                                        \
		return done;                                                  \
	}
CAS(32, uint32_t, strong)
CAS(32, uint32_t, weak)
CAS(64, uint64_t, strong)
CAS(64, uint64_t, weak)

/* ---- the C library's stores (-Wl,--wrap) --------------------------------- */

void *__real_memmove(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memmove(void *to, const void *from, size_t bytes);
void *__wrap_memset(void *at, int c, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes);

/* Stores are announced last: they happen before anything else is settled. */
void *
__wrap_memcpy(void *to, const void *from, size_t bytes)
{
	if (model_running()) {
		model_plain(from, bytes, false);
		model_plain(to, bytes, true);
	}
	return __real_memcpy(to, from, bytes);
}

void *
__wrap_memmove(void *to, const void *from, size_t bytes)
{
	if (model_running()) {
		model_plain(from, bytes, false);
		model_plain(to, bytes, true);
	}
	return __real_memmove(to, from, bytes);
}

void *
__wrap_memset(void *at, int c, size_t bytes)
{
	if (model_running())
		model_plain(at, bytes, true);
	return __real_memset(at, c, bytes);
}

int
__wrap_memcmp(const void *a, const void *b, size_t bytes)
{
	if (model_running()) {
		model_plain(a, bytes, false);
		model_plain(b, bytes, false);
	}
	return __real_memcmp(a, b, bytes);
}
