/* SPDX-License-Identifier: MIT */
/* Kill at every instruction. A child records; its tracer lets it go on by one
   instruction and looks at its region with the reader's own code; then children
   are killed there. What must hold at each instruction, of each kind of record:

     calls that returned <= records there <= calls that were begun

   so that nothing committed is lost and nothing is doubled; no record may have
   a content that was never recorded; and the region is sound.

	steps [quick] [ROW..]           all rows, or these */
#include <sys/mman.h>

#include "tests/prove/steps.h"
#include "tests/prove/trace.h"

struct steps_shared *steps_shared;

static bool quick;

/* ---- what the child does ----------------------------------------------------- */

/* One record of a kind, in a thread that has made all that it needs. */
static void
one_more(const struct steps_scenario *scenario)
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

static void
begin(const struct steps_scenario *scenario, struct trace *trace)
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
look_at_each(const struct steps_scenario *scenario)
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
kill_after(const struct steps_scenario *scenario, uint64_t cnt)
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
kill_at_system_calls(const struct steps_scenario *scenario)
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
kill_at_sample(const struct steps_scenario *scenario, uint64_t instructions,
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
row(const struct steps_scenario *scenario)
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
show(const struct steps_scenario *scenario)
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
show_apart(const struct steps_scenario *scenario)
{
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		show(scenario);
		exit(0);
	}
	if (prove_child(pid) != 0)
		prove_die(scenario->name);
}

/* Whether it was asked for: by name, or by no name at all. */
static bool
is_wanted(const char *name, char **names, int cnt)
{
	int i;

	for (i = 0; i < cnt; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return cnt == 0;
}

int
main(int argc, char **argv)
{
	uint32_t i;

	quick = argc > 1 && strcmp(argv[1], "quick") == 0;
	argv += 1 + quick;
	argc -= 1 + quick;
	steps_shared = mmap(NULL, sizeof(*steps_shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (steps_shared == MAP_FAILED)
		prove_die("mmap");
	trace_pin();
	for (i = 0; i < steps_kind_cnt; i++) {
		struct steps_scenario scenario = { steps_kinds[i].name, NULL, i, 3,
			false, false };
		char full[64];

		if (steps_kinds[i].is_new)
			continue;
		if (is_wanted(scenario.name, argv, argc))
			show_apart(&scenario);
		if (i != steps_kind_of("span") && i != steps_kind_of("log"))
			continue;
		snprintf(full, sizeof(full), "%s_full_ring",
		    steps_kinds[i].name);
		scenario.name = full;
		scenario.warm_cnt = 600;
		if (is_wanted(full, argv, argc))
			show_apart(&scenario);
	}
	for (i = 0; i < steps_slow_cnt; i++)
		if (is_wanted(steps_slow[i].name, argv, argc) &&
		    (!quick || !steps_slow[i].of_parent || argc > 0))
			show_apart(&steps_slow[i]);
	return 0;
}
