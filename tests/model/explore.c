/* SPDX-License-Identifier: MIT */
/* Threads, choices, and the order in which runs are tried. */
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/model/fake/urcu/urcu-memb.h"
#include "tests/model/memory.h"
#include "tests/model/os_fake.h"

#define STACK_BYTES (1u << 20)
#define TURN_MAX 200000u
#define HEAP_BYTES (1ull << 34)

enum state { RUNNABLE, WAITING, ENDED };

struct fiber {
	ucontext_t context;
	struct knows knows;
	enum state state;
	const uint32_t *word; /* that it waits for */
	uint32_t section;     /* 0: in no read section, else its number */
	uint8_t *tls;
};

static const struct model *model_now;
static struct fiber fibers[MODEL_THREADS];
static uint32_t fiber_cnt;
static ucontext_t explorer;
static uint8_t *stacks;
static bool running;

static uint32_t turn_cnt, section_last;

static uint8_t *heap;
static size_t heap_used, heap_base;

static struct model_result *result_now;

/* ---- thread-local storage of this program -------------------------------- */

static uint8_t *tls_at, *tls_first, *tls_setup;
static size_t tls_bytes;

static int
find_tls(struct dl_phdr_info *info, size_t size, void *data)
{
	uint32_t i;

	(void)size;
	(void)data;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS) {
			tls_at = info->dlpi_tls_data;
			tls_bytes = info->dlpi_phdr[i].p_memsz;
		}
	return 1; /* the program itself comes first */
}

bool
model_is_own(const void *at)
{
	const uint8_t *byte = at;

	return at == &model_site || at == &errno ||
	    (byte >= stacks && byte < stacks + MODEL_THREADS * STACK_BYTES) ||
	    (byte >= tls_at && byte < tls_at + tls_bytes);
}

/* ---- threads ------------------------------------------------------------- */

bool
model_signal_fences(void)
{
	return model_now->is_handler;
}

bool
model_is_heap(const void *at)
{
	return (const uint8_t *)at >= heap && (const uint8_t *)at <
	    heap + HEAP_BYTES && heap != NULL;
}

bool
model_running(void)
{
	return running;
}

uint32_t
model_thread(void)
{
	return model_me_idx;
}

void
model_private(bool is_private)
{
	model_settle();
	model_me->is_private = is_private;
}

/* To where run() waits. */
static void __attribute__((noreturn))
leave_run(void)
{
	running = false;
	setcontext(&explorer);
	abort();
}

void
model_fail(const char *why)
{
	if (!result_now->failed)
		snprintf(result_now->why, sizeof(result_now->why), "%s", why);
	result_now->failed = true;
	leave_run();
}

/* What a weakened product reads may lead it anywhere. */
static void
crashed(int signal_number)
{
	(void)signal_number;
	if (!running)
		abort();
	model_fail("a crash");
}

static void
watch_crashes(void)
{
	static uint8_t stack[64 * 1024];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = crashed;
	action.sa_flags = SA_ONSTACK | SA_NODEFER;
	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void
become(uint32_t idx)
{
	model_me_idx = idx;
	model_me = &fibers[idx].knows;
	memcpy(tls_at, fibers[idx].tls, tls_bytes);
}

static void
go(uint32_t idx)
{
	const char *site = model_site;
	uint32_t from = model_me_idx;

	if (idx == from)
		return;
	memcpy(fibers[from].tls, tls_at, tls_bytes);
	become(idx);
	swapcontext(&fibers[from].context, &fibers[idx].context);
	model_site = site;
}

/* Another thread that can run; MODEL_THREADS: none. */
static uint32_t
others(uint32_t idx[MODEL_THREADS])
{
	uint32_t i, cnt = 0;

	for (i = 0; i < fiber_cnt; i++)
		if (i != model_me_idx && fibers[i].state == RUNNABLE)
			idx[cnt++] = i;
	return cnt;
}

void
model_turn(void)
{
	uint32_t idx[MODEL_THREADS], cnt, chosen;
	if (!running)
		return;
	if (++turn_cnt > TURN_MAX)
		model_fail("the run does not end");
	/* A handler is not interrupted by its thread. */
	if (model_now->in_turn || (model_me_idx != 0 &&
	    (model_now->is_handler || model_now->only_first)))
		return;
	cnt = others(idx);
	chosen = model_choose(cnt + 1);
	if (chosen == 0)
		return;
	go(idx[chosen - 1]);
}

/* This thread cannot go on. */
static void
give_way(void)
{
	uint32_t idx[MODEL_THREADS], cnt = others(idx), i;

	if (cnt > 0) {
		go(idx[model_now->in_turn ? 0 : model_choose(cnt)]);
		return;
	}
	for (i = 0; i < fiber_cnt; i++)
		if (fibers[i].state == WAITING)
			model_fail("a thread waits for ever");
	leave_run();
}

void
model_wait(const uint32_t *word, uint32_t value)
{
	model_settle();
	if (*word != value)
		return;
	fibers[model_me_idx].state = WAITING;
	fibers[model_me_idx].word = word;
	give_way();
}

void
model_wake(const uint32_t *word)
{
	uint32_t i;

	for (i = 0; i < fiber_cnt; i++)
		if (fibers[i].state == WAITING && fibers[i].word == word) {
			fibers[i].state = RUNNABLE;
			return;
		}
}

/* ---- read sections (fake/urcu/urcu-memb.h) -------------------------------- */

void
urcu_memb_register_thread(void)
{
}

void
urcu_memb_unregister_thread(void)
{
}

void
urcu_memb_read_lock(void)
{
	if (!running)
		return;
	model_settle();
	model_turn();
	/* What was stored before a grace period is seen by who begins later. */
	model_say(&section_last, false);
	fibers[model_me_idx].section = ++section_last;
}

void
urcu_memb_read_unlock(void)
{
	if (!running)
		return;
	model_settle();
	fibers[model_me_idx].section = 0;
	model_wake(&section_last);
	model_turn();
}

void
urcu_memb_synchronize_rcu(void)
{
	uint32_t last, i;

	if (!running)
		return;
	model_settle();
	model_turn();
	model_say(&section_last, true);
	last = section_last;
	for (i = 0; i < fiber_cnt; i++)
		while (i != model_me_idx && fibers[i].section != 0 &&
		    fibers[i].section <= last) {
			fibers[model_me_idx].state = WAITING;
			fibers[model_me_idx].word = &section_last;
			give_way();
		}
}

void
model_fork(void)
{
	uint32_t i;

	model_settle();
	model_memory_fork();
	model_me->is_child = true;
	for (i = 0; i < fiber_cnt; i++)
		if (i != model_me_idx)
			fibers[i].state = ENDED;
}

static void
fiber_main(void)
{
	bool interrupts = model_now->is_handler && model_me_idx != 0;

	model_site = "";
	if (interrupts)
		model_memory_interrupt();
	model_now->thread[model_me_idx]();
	model_settle();
	if (interrupts)
		model_memory_resume();
	fibers[model_me_idx].state = ENDED;
	give_way();
}

/* ---- memory ------------------------------------------------------------- */

void *
model_memory(size_t bytes)
{
	void *at;

	if (heap == NULL) {
		heap = mmap(NULL, HEAP_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (heap == MAP_FAILED)
			abort();
	}
	bytes = (bytes + 63) / 64 * 64;
	if (bytes > HEAP_BYTES - heap_used)
		abort();
	at = heap + heap_used;
	heap_used += bytes;
	return at;
}

/* ---- runs ---------------------------------------------------------------- */

static void
begin_threads(void)
{
	volatile uint32_t i; /* getcontext may return twice, it is said */

	for (i = 0; i < MODEL_THREADS && model_now->thread[i] != NULL; i++) {
		struct fiber *fiber = &fibers[i];

		memset(&fiber->knows, 0, sizeof(fiber->knows));
		fiber->knows.now.at[i] = 1;
		fiber->state = RUNNABLE;
		fiber->section = 0;
		memcpy(fiber->tls, model_now->goes_on &&
		    (i == 0 || model_now->is_handler) ? tls_setup :
		    tls_first, tls_bytes);
		getcontext(&fiber->context);
		fiber->context.uc_stack.ss_sp = stacks + i * STACK_BYTES;
		fiber->context.uc_stack.ss_size = STACK_BYTES;
		fiber->context.uc_link = NULL;
		makecontext(&fiber->context, fiber_main, 0);
	}
	fiber_cnt = i;
}

static void
run(void)
{
	volatile enum { THREADS, CHECK, OVER } next = THREADS;

	model_memory_begin();
	heap_used = heap_base;
	model_files_reset();
	model_choose_again();
	turn_cnt = section_last = 0;
	model_site = "";
	begin_threads();
	getcontext(&explorer);
	if (next == THREADS) {
		next = CHECK;
		running = true;
		become(model_now->in_turn ? 0 : model_choose(fiber_cnt));
		setcontext(&fibers[model_me_idx].context);
	}
	if (next == CHECK && !result_now->failed && model_now->check != NULL) {
		next = OVER;
		model_now->check();
	}
	memcpy(tls_at, tls_first, tls_bytes);
	model_memory_end();
	result_now->runs++;
}

static void
begin_model(const struct model *model)
{
	static const struct model *last;
	uint32_t i;

	model_now = model;
	if (stacks == NULL) {
		stacks = mmap(NULL, MODEL_THREADS * STACK_BYTES,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (stacks == MAP_FAILED)
			abort();
		dl_iterate_phdr(find_tls, NULL);
		tls_first = malloc(tls_bytes);
		memcpy(tls_first, tls_at, tls_bytes);
		tls_setup = malloc(tls_bytes);
		watch_crashes();
		for (i = 0; i < MODEL_THREADS; i++)
			fibers[i].tls = malloc(tls_bytes);
	}
	if (last == model)
		return;
	last = model;
	if (model->setup != NULL)
		model->setup();
	memcpy(tls_setup, tls_at, tls_bytes);
	memcpy(tls_at, tls_first, tls_bytes);
	heap_base = heap_used;
	model_files_mark();
}

void
model_explore(const struct model *model, const char *weak,
    struct model_result *result)
{
	uint64_t part = weak == NULL && getenv("MODEL_QUICK") != NULL ?
	    8 : 1, i;
	uint32_t departures;

	memset(result, 0, sizeof(*result));
	result_now = result;
	model_weak = weak;
	model_weak_met = false;
	begin_model(model);
	for (departures = model->departures > 0 ? 1 : 0;
	    departures <= model->departures && !result->failed; departures++) {
		model_choose_first();
		i = 0;
		do
			run();
		while (!result->failed && ++i < model->runs / part &&
		    model_next_run(departures));
	}
	for (i = 0; i < model->walks / part && !result->failed; i++) {
		model_choose_random(i);
		run();
	}
	result->weak_met = model_weak_met;
}
