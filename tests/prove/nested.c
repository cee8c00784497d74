/* SPDX-License-Identifier: MIT */
/* A signal at every instruction of a record, whose handler makes the same
   record: none is lost, no event is torn. Then the same with three handlers,
   each at an instruction of the one before.

   A child makes the record between two breakpoints, again and again. We step
   k instructions from the first, let the handler run there, go on to the
   second, and then do it with k + 1, until the record has no more.

	nested [STRIDE] */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>

#include "tests/prove/prove.h"

#if defined(__x86_64__)
#define BREAKPOINT() __asm__ volatile("int3" : : : "memory")
#else
#define BREAKPOINT() raise(SIGTRAP)
#endif

#define SAMPLE_N 3u
KYMO_COUNTER(counter, "counter_total", "c");
KYMO_UPDOWN(updown, "updown", "u");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_TIMER(timer, "timer_seconds", "t");
KYMO_TIMER_SAMPLED(sampled, "sampled_seconds", "t", SAMPLE_N);
KYMO_FLOAT_COUNTER(float_counter, "float_counter_total", "f");
KYMO_GAUGE(gauge, "gauge", "g");
KYMO_FLOAT_GAUGE(float_gauge, "float_gauge", "g");
KYMO_COUNTER_FAMILY(labelled, "labelled_total", "l", "k");
KYMO_SPAN_NAME(span_name, "work");

static volatile uint32_t handlers; /* that run, each in the one before */

#define ONE(name, record)                                                     \
	static void                                                           \
	one_##name(void)                                                      \
	{                                                                     \
		record;                                                       \
	}
ONE(counter, kymo_counter_inc(counter))
ONE(updown, kymo_updown_add(updown, 1))
ONE(hist, kymo_histogram_record(hist, 5))
ONE(observe, kymo_histogram_observe(hist, 5))
ONE(gauge, kymo_gauge_add(gauge, 1))
ONE(float_gauge, kymo_float_gauge_add(float_gauge, 1))
ONE(lookup, kymo_counter_inc(KYMO_AT(counter, labelled, "v")))
ONE(lookup_fixed,
    kymo_counter_inc(KYMO_AT_FIXED(counter, labelled, "v")))

static void
one_timer(void)
{
	static __thread uint64_t lap_ns = 1;

	kymo_timer_stop(timer, kymo_timer_start(timer));
	kymo_timer_lap(timer, &lap_ns);
}

ONE(timer_sampled, kymo_timer_stop(sampled, kymo_timer_start(sampled)))
ONE(span, KYMO_SPAN_SCOPE(span_name))
/* A handler by the call that is made for it, in what is usual. */
ONE(counter_signal, handlers == 0 ? kymo_counter_inc(counter) :
    kymo_counter_add_signal(counter, 1))
ONE(updown_signal, handlers == 0 ? kymo_updown_add(updown, 1) :
    kymo_updown_add_signal(updown, 1))
ONE(float_signal, handlers == 0 ? kymo_float_counter_add(float_counter, 1) :
    kymo_float_counter_add_signal(float_counter, 1))
ONE(hist_signal, handlers == 0 ? kymo_histogram_record(hist, 5) :
    kymo_histogram_record_signal(hist, 5))

static void
one_log(void)
{
	KYMO_LOG(KYMO_INFO, "%d of %s, or %s", 7, "a text that is so long that "
	    "it takes a second place", "more");
}

static void
one_of_each(void)
{
	one_counter();
	one_hist();
	one_span();
	one_log();
}

/* What the child says of itself. */
static struct shared {
	volatile uint64_t made, handled;
	volatile bool finish;
	char path[320];
} *shared;

/* ---- what the region must say of n records --------------------------------- */

static uint64_t
of_cell(const struct peek *peek, const char *name)
{
	return peek_sum(peek, name);
}

static uint64_t
counted_counter(const struct peek *peek)
{
	return of_cell(peek, "counter");
}

static uint64_t
counted_updown(const struct peek *peek)
{
	return of_cell(peek, "updown");
}

/* Slot 0's, and that of the only thread. */
static uint64_t
counted_float(const struct peek *peek)
{
	const struct kyi_series *series = peek_series(peek, "float_counter",
	    NULL);
	uint64_t bits[2];
	double sums[2];

	bits[0] = peek_window_word(peek, 0, series->at);
	bits[1] = peek_window_word(peek, 1, series->at);
	memcpy(sums, bits, sizeof(sums));
	return (uint64_t)(sums[0] + sums[1]);
}

static uint64_t
counted_lookup(const struct peek *peek)
{
	return peek_sum_at(peek, "labelled", "v");
}

/* The count, if the sum agrees with it. */
static uint64_t
counted_hist(const struct peek *peek)
{
	static struct peek_hist cells;

	if (!peek_hist(peek, "hist", &cells) || cells.sum != 5 * cells.cnt)
		return 0;
	return cells.cnt;
}

/* Two a time. */
static uint64_t
counted_timer(const struct peek *peek)
{
	static struct peek_hist cells;

	return peek_hist(peek, "timer_seconds", &cells) ? cells.cnt / 2 : 0;
}

/* One of each SAMPLE_N is kept, and is as many: the last ones may not have
   come to theirs yet. */
static uint64_t
counted_timer_sampled(const struct peek *peek)
{
	static struct peek_hist cells;
	uint64_t made = shared->made + shared->handled;

	if (!peek_hist(peek, "sampled_seconds", &cells) ||
	    cells.cnt % SAMPLE_N != 0)
		return 0;
	return cells.cnt + SAMPLE_N > made && cells.cnt < made + SAMPLE_N ?
	    made : cells.cnt;
}

static uint64_t
counted_gauge(const struct peek *peek)
{
	return peek_shared(peek, "gauge")->value;
}

static uint64_t
counted_float_gauge(const struct peek *peek)
{
	uint64_t bits = peek_shared(peek, "float_gauge")->value;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return (uint64_t)value;
}

/* Records ever reserved, if each of the newest is whole and none is open. */
static uint64_t
counted_ring(const struct peek *peek, uint32_t which, uint32_t places)
{
	const struct kyi_block *block = peek_block(peek, KYI_BLK_RING, NULL);
	const struct kyi_block *stack = peek_block(peek, KYI_BLK_SPANS, NULL);
	const struct kyi_ring_section *section =
	    (const struct kyi_ring_section *)(const void *)(block + 1);
	const struct kyi_event *all =
	    (const void *)(section + KYI_RING_SECTIONS);
	uint64_t number;

	if (((const struct kyi_spans *)(const void *)(stack + 1))->depth != 0)
		return 0;
	section += which;
	number = section->reserve > section->cnt ?
	    section->reserve - section->cnt : 0;
	for (; number < section->reserve; number++) {
		const struct kyi_event *place =
		    &all[section->first + (number & (section->cnt - 1))];

		if (place->seq != number + 1 ||
		    (number % places == 0 ? place->places != places :
		    place->type != KYI_EVENT_MORE ||
		    place->ts_ns != number - number % places))
			return 0;
	}
	return section->reserve / places;
}

static uint64_t
counted_spans(const struct peek *peek)
{
	return counted_ring(peek, KYI_RING_SPAN, 1);
}

static uint64_t
counted_logs(const struct peek *peek)
{
	return counted_ring(peek, KYI_RING_LOG, 2);
}

static uint64_t
counted_each(const struct peek *peek)
{
	uint64_t n = counted_counter(peek);

	return counted_hist(peek) == n && counted_spans(peek) == n &&
	    counted_logs(peek) == n ? n : 0;
}

static const struct kind {
	const char *name;
	void (*record)(void);
	uint64_t (*counted)(const struct peek *);
} kinds[] = {
	{ "counter_add", one_counter, counted_counter },
	{ "updown_add", one_updown, counted_updown },
	{ "histogram_record", one_hist, counted_hist },
	{ "histogram_observe", one_observe, counted_hist },
	{ "gauge_add", one_gauge, counted_gauge },
	{ "float_gauge_add", one_float_gauge, counted_float_gauge },
	{ "counter_signal", one_counter_signal, counted_counter },
	{ "updown_signal", one_updown_signal, counted_updown },
	{ "float_signal", one_float_signal, counted_float },
	{ "hist_signal", one_hist_signal, counted_hist },
	{ "lookup", one_lookup, counted_lookup },
	{ "lookup_fixed", one_lookup_fixed, counted_lookup },
	{ "timer", one_timer, counted_timer },
	{ "timer_sampled", one_timer_sampled, counted_timer_sampled },
	{ "span", one_span, counted_spans },
	{ "log", one_log, counted_logs },
};

#define SHORT_CNT 10u /* the first of them: at each instruction, always */

/* ---- the child --------------------------------------------------------------- */

static void (*record_now)(void);

static void
handler(int signal_nr)
{
	(void)signal_nr;
	handlers++;
	record_now();
	handlers--;
	/* One instruction, since another handler may come in between. */
	__atomic_fetch_add(&shared->handled, 1, __ATOMIC_RELAXED);
}

static void
finish(void)
{
	struct kymo_status status;

	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	kymo_status(&status);
	memcpy(shared->path, status.path, sizeof(shared->path));
	_exit(status.err_badcall == 0 ? 0 : 1);
}

static void
child(void (*record)(void), bool warm)
{
	struct sigaction action = { .sa_handler = handler,
		.sa_flags = SA_NODEFER };

	record_now = record;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
	    sigaction(SIGUSR1, &action, NULL) != 0)
		prove_die("ptrace");
	if (warm) {
		/* Also what the dynamic loader does at a first call. */
		for (; shared->made < 20; shared->made++)
			record();
		raise(SIGUSR1);
	}
	for (;;) {
		BREAKPOINT();
		if (shared->finish)
			finish();
		record();
		BREAKPOINT();
		shared->made++;
	}
}

/* ---- the parent -------------------------------------------------------------- */

/* Lets the child go on to its next stop; its signal. */
static int
go(pid_t pid, int request, int signal_nr)
{
	int status;

	if (ptrace(request, pid, NULL, (void *)(uintptr_t)signal_nr) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		prove_die("ptrace");
	if (!WIFSTOPPED(status)) {
		fprintf(stderr, "the child ended: %x\n", (unsigned)status);
		exit(1);
	}
	return WSTOPSIG(status);
}

static void
go_to_breakpoint(pid_t pid, int signal_nr)
{
	do {
		signal_nr = go(pid, PTRACE_CONT, signal_nr);
	} while (signal_nr != SIGTRAP);
}

/* Steps up to cnt instructions; false: the second breakpoint came first. */
static bool
step(pid_t pid, uint64_t cnt)
{
	siginfo_t info;

	while (cnt-- > 0) {
		if (go(pid, PTRACE_SINGLESTEP, 0) != SIGTRAP)
			prove_die("step");
		if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) != 0)
			prove_die("siginfo");
		/* A breakpoint is from the kernel, a step is a trace. */
		if (info.si_code == SI_KERNEL)
			return false;
	}
	return true;
}

/* Three handlers, each in the middle of the one before; false: the second
   breakpoint came first. */
static bool
nest(pid_t pid, uint64_t span)
{
	static uint64_t random = 1;
	uint32_t depth;

	for (depth = 0; depth < 3; depth++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		go(pid, PTRACE_SINGLESTEP, SIGUSR1);
		if (depth < 2 && !step(pid, (random >> 33) % (span + 16)))
			return false;
	}
	return true;
}

static pid_t
begin(void (*record)(void), bool warm)
{
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid == 0)
		child(record, warm);
	/* Its first stop is the warm signal, or the first breakpoint. */
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		prove_die("waitpid");
	if (WSTOPSIG(status) != SIGTRAP)
		go_to_breakpoint(pid, WSTOPSIG(status));
	return pid;
}

/* At the first breakpoint: has the child say where its region is and end. */
static int
end(pid_t pid)
{
	shared->finish = true;
	if (ptrace(PTRACE_CONT, pid, NULL, NULL) != 0)
		prove_die("ptrace");
	return prove_child(pid);
}

static uint64_t
count(uint64_t (*counted)(const struct peek *))
{
	struct peek peek;
	uint64_t n;

	if (!peek_open(&peek, shared->path))
		prove_die(shared->path);
	n = counted(&peek);
	peek_close(&peek);
	return n;
}

static void
show(const struct kind *kind, uint64_t stride)
{
	uint64_t k, made, counted;
	bool inside = true;
	int status;
	pid_t pid;

	prove_clean();
	pid = begin(kind->record, true);
	for (k = 0; inside; k += stride) {
		inside = step(pid, k);
		if (inside)
			go_to_breakpoint(pid, SIGUSR1);
		go_to_breakpoint(pid, 0);
		if (inside && step(pid, k) && nest(pid, k))
			go_to_breakpoint(pid, 0);
		if (inside)
			go_to_breakpoint(pid, 0);
	}
	status = end(pid);
	made = shared->made + shared->handled;
	counted = count(kind->counted);
	printf("nested/%s instructions=%" PRIu64 " signals=%" PRIu64
	    " recorded=%" PRIu64 " counted=%" PRIu64 " lost=%" PRId64
	    " ok=%d\n", kind->name, k - stride, (uint64_t)shared->handled - 1,
	    made, counted, (int64_t)(made - counted), status == 0 &&
	    made == counted && shared->handled > 1);
	fflush(stdout);
}

/* The first record of a process, which makes the region: each position is a
   process of its own, so only some of them. */
static void
show_first(uint32_t cnt)
{
	uint64_t all = 0, lost = 0, made, counted = 0, stride;
	uint32_t i;
	pid_t pid;

	pid = begin(one_of_each, false);
	while (step(pid, 1))
		all++;
	go_to_breakpoint(pid, 0);
	end(pid);
	stride = all / cnt | 1;
	for (i = 0; i < cnt; i++) {
		prove_clean();
		pid = begin(one_of_each, false);
		if (step(pid, i * stride))
			go_to_breakpoint(pid, SIGUSR1);
		go_to_breakpoint(pid, 0);
		if (end(pid) != 0)
			lost++;
		made = shared->made + shared->handled;
		counted += made;
		lost += made - count(counted_each);
	}
	printf("nested/first_record instructions=%" PRIu64 " signals=%u "
	    "recorded=%" PRIu64 " lost=%" PRIu64 " ok=%d\n", all, cnt, counted,
	    lost, lost == 0 && counted > cnt);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	uint64_t stride = argc > 1 && *argv[1] != '\0' ?
	    (uint64_t)atoi(argv[1]) : 1;
	size_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		prove_die("mmap");
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		show(&kinds[i], i < SHORT_CNT ? 1 : stride);
	show_first(stride == 1 ? 200 : 3);
	return 0;
}
