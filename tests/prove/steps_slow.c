/* SPDX-License-Identifier: MIT */
/* What a child does that happens seldom. */
#include <pthread.h>

#include "tests/prove/steps.h"
#include "tests/prove/trace.h"

static void
first_use(void)
{
	trace_me();
	TRACE_STOP();
	steps_record_each();
	TRACE_STOP();
}

/* Its destructor runs after the library's, whose key is older. */
static void
stop_at_end(void *is_traced)
{
	if (*(bool *)is_traced)
		TRACE_STOP();
}

static pthread_key_t end_key;

static void __attribute__((constructor))
make_key(void)
{
	pthread_key_create(&end_key, stop_at_end);
}

static void *
thread_main(void *is_traced)
{
	pthread_setspecific(end_key, is_traced);
	if (*(bool *)is_traced) {
		trace_me();
		TRACE_STOP();
	}
	steps_record_each();
	return NULL;
}

static void
run_thread(bool is_traced)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, &is_traced) != 0 ||
	    pthread_join(thread, NULL) != 0)
		prove_die("thread");
}

/* A thread, from its first record to its end. */
static void
thread_first(void)
{
	steps_record_each();
	run_thread(true);
}

/* The same in the slot of one that has ended. */
static void
thread_again(void)
{
	steps_record_each();
	run_thread(false);
	run_thread(false);
	run_thread(true);
}

/* The first but one of a kind, and one more. */
static void
first(const char *name)
{
	uint32_t kind = steps_kind_of(name);

	steps_record_each();
	steps_record(kind);
	trace_me();
	TRACE_STOP();
	steps_record(kind);
	steps_record(kind);
	TRACE_STOP();
}

#define FIRST(kind)                                                           \
	static void                                                           \
	kind##_first(void)                                                    \
	{                                                                     \
		first(#kind);                                                 \
	}
FIRST(label)
FIRST(gauge_new)
FIRST(text_new)
FIRST(info_new)
FIRST(resource)

/* What a block, or each window, has left in its last page. */
static uint64_t
left_bytes(const struct peek *peek, uint32_t block_type)
{
	uint64_t used_bytes = block_type == 0 ? peek->control->window_used :
	    peek_block(peek, block_type, NULL)->used_bytes;

	return (KYI_PAGE_BYTES - used_bytes % KYI_PAGE_BYTES) % KYI_PAGE_BYTES;
}

/* Two of a kind, for which a block (0: each window) grows by a page. */
static void
grow(const char *name, uint32_t block_type, uint64_t of_two_bytes)
{
	uint32_t kind = steps_kind_of(name);
	struct peek peek;
	char path[512];
	uint64_t left;

	steps_record_each();
	if (!peek_find(prove_dir(), (uint32_t)getpid(), path, sizeof(path)))
		prove_die("no region");
	do {
		steps_record(kind);
		if (!peek_open(&peek, path))
			prove_die(path);
		left = left_bytes(&peek, block_type);
		peek_close(&peek);
	} while (left >= of_two_bytes);
	trace_me();
	TRACE_STOP();
	steps_record(kind);
	steps_record(kind);
	TRACE_STOP();
}

static void
grow_dir(void)
{
	grow("label", KYI_BLK_DIR, 2 * sizeof(struct kyi_family));
}

static void
grow_windows(void)
{
	grow("label", 0, 16);
}

static void
grow_shared(void)
{
	grow("gauge_new", KYI_BLK_SHARED, 2 * sizeof(struct kyi_shared_cell));
}

static void
grow_strings(void)
{
	grow("text_new", KYI_BLK_STR, 48);
}

/* A histogram that this thread records for the first time. */
static void
grow_hist(void)
{
	steps_record_each();
	trace_me();
	TRACE_STOP();
	steps_record(steps_kind_of("hist_label"));
	TRACE_STOP();
}

/* Records around a fork whose child records too. */
static void
across_fork(void)
{
	int status;
	pid_t pid;

	steps_record_each();
	trace_me();
	TRACE_STOP();
	steps_record(steps_kind_of("counter"));
	pid = fork();
	if (pid == 0) {
		steps_kinds[steps_kind_of("counter")].record(1);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		continue;
	steps_record_each();
	TRACE_STOP();
}

/* From the last record to the end of the process. */
static void
clean_exit(void)
{
	steps_record_each();
	trace_me();
	TRACE_STOP();
	exit(0);
}

const struct steps_scenario steps_slow[] = {
	{ "first_use", first_use, 0, 0, true, false },
	{ "fork_child", first_use, 0, 0, true, true },
	{ "thread_first", thread_first, 0, 0, true, false },
	{ "thread_again", thread_again, 0, 0, true, false },
	{ "label_first", label_first, 0, 0, true, false },
	{ "gauge_first", gauge_new_first, 0, 0, true, false },
	{ "text_first", text_new_first, 0, 0, true, false },
	{ "info_first", info_new_first, 0, 0, true, false },
	{ "resource_first", resource_first, 0, 0, true, false },
	{ "grow_dir", grow_dir, 0, 0, true, false },
	{ "grow_windows", grow_windows, 0, 0, true, false },
	{ "grow_shared", grow_shared, 0, 0, true, false },
	{ "grow_strings", grow_strings, 0, 0, true, false },
	{ "grow_hist", grow_hist, 0, 0, true, false },
	{ "across_fork", across_fork, 0, 0, true, false },
	{ "clean_exit", clean_exit, 0, 0, true, false },
};
const uint32_t steps_slow_cnt = sizeof(steps_slow) / sizeof(*steps_slow);
