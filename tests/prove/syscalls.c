/* SPDX-License-Identifier: MIT */
/* Records of every kind, under a filter that stops whoever makes a system
   call. Each kind in a process of its own; which call it was and who made it is
   told.

	syscalls [RECORDS] */
#include <execinfo.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "tests/prove/prove.h"

/* Every allocation of this process, counted. */
static volatile uint64_t malloc_cnt;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t cnt, size_t bytes);
void *__libc_realloc(void *at, size_t bytes);

void *
malloc(size_t bytes)
{
	malloc_cnt++;
	return __libc_malloc(bytes);
}

void *
calloc(size_t cnt, size_t bytes)
{
	malloc_cnt++;
	return __libc_calloc(cnt, bytes);
}

void *
realloc(void *at, size_t bytes)
{
	malloc_cnt++;
	return __libc_realloc(at, bytes);
}

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_UPDOWN(updown, "updown", "u");
KYMO_FLOAT_COUNTER(float_counter, "float_counter_total", "f");
KYMO_GAUGE(gauge, "gauge", "g");
KYMO_FLOAT_GAUGE(float_gauge, "float_gauge", "g");
KYMO_MAX(max, "max", "m");
KYMO_MIN(min, "min", "m");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_TIMER(timer, "took_seconds", "t");
KYMO_TIMER_SAMPLED(often, "often_seconds", "t", 4);
static __thread uint64_t lap_ns = 1;
KYMO_TEXT(text, "text", "t");
KYMO_COUNTER_FAMILY(labelled, "labelled_total", "l", "method", "code");
KYMO_SPAN_NAME(span_name, "work");
static struct kymo_state_set states;
static struct kymo_histogram sampled;

/* The library's own side of a histogram, past the inlined half. */
#define SLOW(i) kymo_slow_hist_((uint64_t)(i), hist.at_)

#define KINDS(X)                                                              \
	X(counter_add, kymo_counter_add(counter, (uint64_t)i))                \
	X(updown_add, kymo_updown_add(updown, -i))                            \
	X(float_counter_add, kymo_float_counter_add(float_counter, 0.5))      \
	X(gauge_set, kymo_gauge_set(gauge, i))                                \
	X(gauge_add, kymo_gauge_add(gauge, 1))                                \
	X(float_gauge_set, kymo_float_gauge_set(float_gauge, 0.5))            \
	X(float_gauge_add, kymo_float_gauge_add(float_gauge, 0.5))            \
	X(max_record, kymo_max_record(max, (double)i))                        \
	X(min_record, kymo_min_record(min, (double)i))                        \
	X(histogram_record, kymo_histogram_record(hist, (uint64_t)i))         \
	X(histogram_slow, SLOW(i))                                            \
	X(histogram_sampled, kymo_histogram_record(sampled, (uint64_t)i))     \
	X(histogram_observe, kymo_histogram_observe(hist, (double)i))         \
	X(timer, kymo_timer_stop(timer, kymo_timer_start(timer)))             \
	X(timer_sampled, kymo_timer_stop(often, kymo_timer_start(often)))     \
	X(counter_signal, kymo_counter_add_signal(counter, 1))                \
	X(float_signal, kymo_float_counter_add_signal(float_counter, 0.5))    \
	X(histogram_signal, kymo_histogram_record_signal(hist, (uint64_t)i))  \
	X(exemplar, kymo_histogram_exemplar(hist, (uint64_t)i, NULL))         \
	X(lookup, kymo_counter_inc(KYMO_AT(counter, labelled, "GET", "200"))) \
	X(lookup_fixed, kymo_counter_inc(KYMO_AT_FIXED(counter, labelled,     \
	    "GET", "200")))                                                   \
	X(timer_lap, kymo_timer_lap(timer, &lap_ns))                          \
	X(text_set, kymo_text_set(text, i & 1 ? "odd" : "even"))              \
	X(state_set_on, kymo_state_set_on(states, i & 1))                     \
	X(state_set_be, kymo_state_set_be(states, i & 1))                     \
	X(span, KYMO_SPAN_SCOPE(span_name))                                   \
	X(log, KYMO_LOG(KYMO_INFO, "%d %s %f", (int)i, "text", 0.5))          \
	X(heartbeat, kymo_heartbeat())                                        \
	X(bad_record, kymo_bad_record_())

#define KIND_FUNCTION(name, record)                                           \
	static void                                                           \
	kind_##name(int64_t from, int64_t to)                                 \
	{                                                                     \
		int64_t i;                                                    \
		for (i = from; i < to; i++) {                                 \
			record;                                               \
		}                                                             \
	}
KINDS(KIND_FUNCTION)

static const struct kind {
	const char *name;
	void (*run)(int64_t from, int64_t to);
} kinds[] = {
#define KIND_ROW(name, record) { #name, kind_##name },
	KINDS(KIND_ROW)
#undef KIND_ROW
};

/* Shared with the child: what it did, and which call stopped it. */
#define FRAME_MAX 32
static struct result {
	uint64_t malloc_cnt;
	int64_t syscall_nr; /* -1: none */
	int frame_cnt;
	void *frames[FRAME_MAX]; /* of who made it; ours are where they were */
	bool done;
} *result;

static void
on_sigsys(int signal_nr, siginfo_t *info, void *context)
{
	(void)signal_nr;
	(void)context;
	result->syscall_nr = info->si_syscall;
	result->frame_cnt = backtrace(result->frames, FRAME_MAX);
	syscall(SYS_exit_group, 3);
}

/* Those that a library like this one may make. */
#define CALL(name) { SYS_##name, #name }
static const struct {
	long nr;
	const char *name;
} calls[] = {
	CALL(brk), CALL(clock_gettime), CALL(clone), CALL(close), CALL(exit),
	CALL(fallocate), CALL(fcntl), CALL(flock), CALL(fstat),
	CALL(ftruncate), CALL(futex), CALL(getpid), CALL(getppid),
	CALL(getrandom), CALL(gettid), CALL(gettimeofday), CALL(linkat),
	CALL(lseek), CALL(madvise), CALL(membarrier), CALL(mmap),
	CALL(mprotect), CALL(munmap), CALL(nanosleep), CALL(openat),
	CALL(pread64), CALL(read), CALL(rt_sigaction), CALL(rt_sigprocmask),
	CALL(sched_yield), CALL(tgkill), CALL(unlinkat), CALL(write),
#ifdef SYS_newfstatat
	CALL(newfstatat),
#endif
#ifdef SYS_rseq
	CALL(rseq),
#endif
};

static const char *
call_name(int64_t nr)
{
	static char number[24];
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == nr)
			return calls[i].name;
	snprintf(number, sizeof(number), "%" PRId64, nr);
	return number;
}

/* exit_group passes, everything else is SIGSYS. */
static void
filter(void)
{
	void *frame; /* the first look at a stack loads a library */

	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_sigsys;
	action.sa_flags = SA_SIGINFO;
	if (backtrace(&frame, 1) != 1)
		prove_die("backtrace");
	if (sigaction(SIGSYS, &action, NULL) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		prove_die("seccomp");
}

static void
declare(void)
{
	static const char *const names[] = { "zero", "one" };
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_STATE_SET;
	desc.name = "states";
	desc.states = names;
	desc.state_cnt = 2;
	states = kymo_state_set_at(kymo_family(&desc), 0, NULL);
	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_HISTOGRAM;
	desc.name = "sampled";
	desc.component = "sampled";
	sampled = kymo_histogram_at(kymo_family(&desc), 0, NULL);
}

/* In a child: one record of it (two texts), then the filter, then the rest. */
static void
child(const struct kind *kind, int64_t cnt)
{
	malloc_cnt = 0;
	kind->run(0, 2);
	result->malloc_cnt = malloc_cnt;
	filter();
	malloc_cnt = result->malloc_cnt; /* less what the filter took */
	kind->run(2, cnt);
	result->malloc_cnt = malloc_cnt;
	result->done = true;
	syscall(SYS_exit_group, 0);
}

/* All slots are taken: the same kinds, by a thread that has none. */
static int is_taken;
static int64_t thread_cnt;

static void *
sit(void *arg)
{
	kymo_counter_inc(counter);
	__atomic_store_n(&is_taken, 1, __ATOMIC_RELEASE);
	pause();
	return arg;
}

static void *
run_in_thread(void *arg)
{
	child(arg, thread_cnt);
	return NULL;
}

static void
child_without_slot(const struct kind *kind, int64_t cnt)
{
	struct kymo_options options;
	pthread_t thread;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.thread_cnt_max = 1;
	kymo_init_with(&options);
	thread_cnt = cnt;
	if (pthread_create(&thread, NULL, sit, NULL) != 0)
		prove_die("pthread_create");
	while (__atomic_load_n(&is_taken, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	if (pthread_create(&thread, NULL, run_in_thread, (void *)(uintptr_t)
	    kind) != 0)
		prove_die("pthread_create");
	pause();
}

static void
row(const struct kind *kind, int64_t cnt, const char *how,
    void (*run)(const struct kind *, int64_t))
{
	int status;
	pid_t pid;

	prove_clean();
	memset(result, 0, sizeof(*result));
	result->syscall_nr = -1;
	pid = fork();
	if (pid == 0)
		run(kind, cnt);
	status = prove_child(pid);
	if (result->done)
		result->syscall_nr = -1;
	printf("syscalls/%s%s records=%" PRId64 " syscalls=%d mallocs=%"
	    PRIu64, kind->name, how, cnt - 2, !result->done,
	    result->malloc_cnt);
	if (!result->done)
		printf(" call=%s", call_name(result->syscall_nr));
	printf(" ok=%d\n", status == 0 && result->done &&
	    result->malloc_cnt == 0);
	fflush(stdout);
	if (!result->done) {
		fprintf(stderr, "%s%s: %s, made by\n", kind->name, how,
		    call_name(result->syscall_nr));
		backtrace_symbols_fd(result->frames, result->frame_cnt, 2);
	}
}

/* A filter that lets all pass would prove nothing, nor one that does not say
   what it stopped. */
static void __attribute__((noinline))
make_a_call(void)
{
	filter();
	syscall(SYS_getppid);
	_exit(0);
}

static void
row_of_the_filter(void)
{
	bool is_found = false;
	int status, i;
	pid_t pid;

	result->syscall_nr = -1;
	pid = fork();
	if (pid == 0)
		make_a_call();
	status = prove_child(pid);
	for (i = 0; i < result->frame_cnt; i++)
		is_found |= (uintptr_t)result->frames[i] -
		    (uintptr_t)make_a_call < 256;
	printf("syscalls/filter_sees_getppid seen=%d call=%s in_stack=%d "
	    "ok=%d\n", status == 3, call_name(result->syscall_nr), is_found,
	    status == 3 && result->syscall_nr == SYS_getppid && is_found);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	int64_t cnt = argc > 1 && *argv[1] != '\0' ? atoll(argv[1]) : 10000000;
	size_t i;

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		prove_die("mmap");
	malloc_cnt = 0;
	declare();
	printf("syscalls/registration mallocs=%" PRIu64 " ok=%d\n", malloc_cnt,
	    malloc_cnt == 0);
	fflush(stdout);
	row_of_the_filter();
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		row(&kinds[i], cnt, "", child);
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		row(&kinds[i], cnt / 10, "_without_slot", child_without_slot);
	return 0;
}
