/* SPDX-License-Identifier: MIT */
/* Kill at every instruction. A child records; its tracer lets it go on by one
   instruction and looks at its region with the reader's own code; then children
   are killed there. What must hold at each instruction, of each kind of record:

     calls that returned <= records there <= calls that were begun

   so that nothing committed is lost and nothing is doubled; no record may have
   a content that was never recorded; and the region is sound.

	steps [quick]                   all rows
	steps only NAME [quick]         one of them */
#include <pthread.h>
#include <sys/mman.h>

#include "tests/prove/steps.h"
#include "tests/prove/trace.h"

struct steps_shared *steps_shared;

static bool quick;

/* ---- what the child does ----------------------------------------------------- */

struct scenario {
	const char *name;
	void (*child)(void); /* NULL: one more of kind */
	uint32_t kind, warm_cnt;
	bool is_slow;        /* kills at a sample of instructions only */
	bool of_parent;      /* the tracer has recorded before it forked */
};

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

static void
label_first(void)
{
	uint32_t label = steps_kind_of("label");

	steps_record_each();
	steps_record(label);
	trace_me();
	TRACE_STOP();
	steps_record(label);
	steps_record(label);
	TRACE_STOP();
}

/* A label set for which DIR, or each window, grows by a page. */
static void
grow(bool of_dir)
{
	uint32_t label = steps_kind_of("label");
	bool at_end = false;
	struct peek peek;
	char path[512];

	steps_record_each();
	if (!peek_find(prove_dir(), (uint32_t)getpid(), path, sizeof(path)))
		prove_die("no region");
	while (!at_end) {
		steps_record(label);
		if (!peek_open(&peek, path))
			prove_die(path);
		at_end = (of_dir ?
		    peek_block(&peek, KYI_BLK_DIR, NULL)->used_bytes :
		    peek.control->window_used) % KYI_PAGE_BYTES == 0;
		peek_close(&peek);
	}
	trace_me();
	TRACE_STOP();
	steps_record(label);
	TRACE_STOP();
}

static void
grow_dir(void)
{
	grow(true);
}

static void
grow_windows(void)
{
	grow(false);
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

/* One record of a kind, in a thread that has made all that it needs. */
static void
one_more(const struct scenario *scenario)
{
	uint32_t i;

	kymo_thread_prepare();
	for (i = 0; i < scenario->warm_cnt; i++)
		steps_record(scenario->kind);
	trace_me();
	for (;;) {
		TRACE_STOP();
		steps_record(scenario->kind);
	}
}

static const struct scenario slow[] = {
	{ "first_use", first_use, 0, 0, true, false },
	{ "fork_child", first_use, 0, 0, true, true },
	{ "thread_first", thread_first, 0, 0, true, false },
	{ "thread_again", thread_again, 0, 0, true, false },
	{ "label_first", label_first, 0, 0, true, false },
	{ "grow_dir", grow_dir, 0, 0, true, false },
	{ "grow_windows", grow_windows, 0, 0, true, false },
	{ "grow_hist", grow_hist, 0, 0, true, false },
	{ "across_fork", across_fork, 0, 0, true, false },
	{ "clean_exit", clean_exit, 0, 0, true, false },
};

static void
begin(const struct scenario *scenario, struct trace *trace)
{
	pid_t pid;

	prove_clean();
	memset(steps_shared, 0, sizeof(*steps_shared));
	pid = fork();
	if (pid < 0)
		prove_die("fork");
	if (pid == 0) {
		if (scenario->child == NULL)
			one_more(scenario);
		scenario->child();
		_exit(0);
	}
	trace_begin(trace, pid);
}

/* ---- what must hold ------------------------------------------------------------ */

static struct result {
	uint64_t instructions, looks, kills, system_call_kills;
	uint64_t lost, doubled, torn, unsound, in_flight_max;
	char first[512]; /* what was wrong first */
} result;

static void __attribute__((format(printf, 2, 3)))
wrong(uint64_t *cnt, const char *format, ...)
{
	va_list list;

	(*cnt)++;
	if (result.first[0] != '\0')
		return;
	va_start(list, format);
	vsnprintf(result.first, sizeof(result.first), format, list);
	va_end(list);
}

static void
look_at_kind(const struct steps_view *view, uint32_t kind, uint64_t *in_flight)
{
	const struct steps_kind *of = &steps_kinds[kind];
	uint64_t made = steps_shared->made[kind];
	uint64_t begun = steps_shared->begun[kind];
	int64_t seen = view->region == NULL ? 0 : of->seen(view, made, begun);

	*in_flight += begun - made;
	if (seen == 0 && of->may_vanish && begun != made)
		return;
	if (seen < 0)
		wrong(&result.torn, "%s: torn, after %" PRIu64 " of %" PRIu64,
		    of->name, made, begun);
	else if ((uint64_t)seen < made)
		wrong(&result.lost, "%s: %" PRId64 " of %" PRIu64, of->name,
		    seen, made);
	else if ((uint64_t)seen > begun)
		wrong(&result.doubled, "%s: %" PRId64 " of %" PRIu64, of->name,
		    seen, begun);
}

/* Looks at the region as it is. */
static void
look(struct steps_view *view)
{
	uint64_t in_flight = 0;
	uint32_t kind;

	result.looks++;
	if (view->region != NULL && !steps_view_scan(view))
		wrong(&result.unsound, "not sound: %s", view->fault.text);
	for (kind = 0; kind < steps_kind_cnt; kind++)
		look_at_kind(view, kind, &in_flight);
	if (in_flight > result.in_flight_max)
		result.in_flight_max = in_flight;
}

/* A look is due when a byte of the region, or what the child says, is another;
   and now and then all the same. */
static bool
is_due(struct steps_view *view)
{
	static uint64_t cnt;
	static struct steps_shared was;
	bool changed = view->region != NULL && steps_view_changed(view);

	if (memcmp(&was, steps_shared, sizeof(was)) != 0)
		changed = true;
	memcpy(&was, steps_shared, sizeof(was));
	return changed || ++cnt % 256 == 0;
}

/* All instructions of one run, a look after each. */
static void
look_at_each(const struct scenario *scenario)
{
	struct steps_view view = { .fd = -1 };
	enum trace_at at = TRACE_AT_STEP;
	struct trace trace;

	begin(scenario, &trace);
	while (at == TRACE_AT_STEP) {
		if (view.region == NULL && result.instructions % 8 == 0)
			steps_view_find(&view, (uint32_t)trace.pid);
		if (is_due(&view))
			look(&view);
		at = trace_go(&trace, PTRACE_SINGLESTEP);
		result.instructions++;
	}
	look(&view);
	if (at == TRACE_AT_STOP)
		trace_kill(&trace);
	steps_view_close(&view);
}

static void
look_at_dead(struct trace *trace)
{
	struct steps_view view;
	enum kymo_liveness liveness;

	trace_kill(trace);
	result.kills++;
	steps_view_find(&view, (uint32_t)trace->pid);
	look(&view);
	if (view.region != NULL) {
		liveness = kymo_region_info(view.region)->liveness;
		if (liveness == KYMO_ALIVE)
			wrong(&result.unsound, "alive after its death");
	}
	steps_view_close(&view);
}

/* Kills after cnt instructions; false: it was through by then. */
static bool
kill_after(const struct scenario *scenario, uint64_t cnt)
{
	struct trace trace;
	enum trace_at at;

	begin(scenario, &trace);
	at = trace_steps(&trace, cnt);
	if (at == TRACE_AT_STEP)
		look_at_dead(&trace);
	else if (at == TRACE_AT_STOP)
		trace_kill(&trace);
	return at == TRACE_AT_STEP;
}

/* Kills before and after each system call. */
static void
kill_at_system_calls(const struct scenario *scenario)
{
	enum trace_at at = TRACE_AT_STEP;
	struct trace trace;
	uint64_t side, i;

	for (side = 1; at == TRACE_AT_STEP;
	    side += quick ? 29 : 1) {
		begin(scenario, &trace);
		for (i = 0; i < side && at == TRACE_AT_STEP; i++)
			at = trace_go(&trace, PTRACE_SYSCALL);
		if (at == TRACE_AT_STEP) {
			look_at_dead(&trace);
			result.system_call_kills++;
		} else if (at == TRACE_AT_STOP) {
			trace_kill(&trace);
		}
	}
}

static void
kill_at_sample(const struct scenario *scenario, uint64_t instructions,
    uint32_t cnt)
{
	uint64_t random = 1;
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		kill_after(scenario, (random >> 33) % instructions);
	}
}

static void
row(const struct scenario *scenario)
{
	bool ok = result.lost + result.doubled + result.torn +
	    result.unsound == 0 && result.in_flight_max <= 1 &&
	    result.looks > 0;

	printf("steps/%s instructions=%" PRIu64 " looks=%" PRIu64 " kills=%"
	    PRIu64 " at_system_calls=%" PRIu64 " lost=%" PRIu64 " doubled=%"
	    PRIu64 " torn=%" PRIu64 " unsound=%" PRIu64 " in_flight_max=%"
	    PRIu64 " ok=%d\n", scenario->name, result.instructions,
	    result.looks, result.kills, result.system_call_kills, result.lost,
	    result.doubled, result.torn, result.unsound, result.in_flight_max,
	    ok);
	fflush(stdout);
	if (!ok)
		fprintf(stderr, "%s: %s\n", scenario->name, result.first);
}

static void
show(const struct scenario *scenario)
{
	uint64_t k;

	memset(&result, 0, sizeof(result));
	if (scenario->of_parent)
		steps_record_each();
	look_at_each(scenario);
	if (scenario->is_slow) {
		kill_at_system_calls(scenario);
		kill_at_sample(scenario, result.instructions,
		    quick ? 1 : 500);
	} else {
		for (k = 0; kill_after(scenario, k); k += quick ? 97 : 1)
			continue;
	}
	row(scenario);
}

/* Each in a process of its own: a tracer that has recorded is another one. */
static void
show_apart(const struct scenario *scenario, const char *only)
{
	pid_t pid;

	if (only != NULL && strcmp(only, scenario->name) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		show(scenario);
		exit(0);
	}
	if (prove_child(pid) != 0)
		prove_die(scenario->name);
}

int
main(int argc, char **argv)
{
	const char *only = NULL;
	uint32_t i;

	quick = argc > 1 && strcmp(argv[argc - 1], "quick") == 0;
	if (argc > 2 && strcmp(argv[1], "only") == 0)
		only = argv[2];
	steps_shared = mmap(NULL, sizeof(*steps_shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (steps_shared == MAP_FAILED)
		prove_die("mmap");
	pthread_key_create(&end_key, stop_at_end);
	trace_pin();
	for (i = 0; i < steps_kind_cnt; i++) {
		struct scenario scenario = { steps_kinds[i].name, NULL, i, 3,
			false, false };
		char full[64];

		if (i == steps_kind_of("label"))
			continue;
		show_apart(&scenario, only);
		if (i != steps_kind_of("span") && i != steps_kind_of("log"))
			continue;
		snprintf(full, sizeof(full), "%s_full_ring",
		    steps_kinds[i].name);
		scenario.name = full;
		scenario.warm_cnt = 600;
		show_apart(&scenario, only);
	}
	for (i = 0; i < sizeof(slow) / sizeof(*slow); i++)
		if (!quick || !slow[i].of_parent || only != NULL)
			show_apart(&slow[i], only);
	return 0;
}
