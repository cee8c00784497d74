/* SPDX-License-Identifier: MIT */
/* kymo: metrics of this process, in shared memory, read from beside.

     #include <kymo.h>
     KYMO_COUNTER(jobs, "jobs_total", "Jobs finished");
     KYMO_TIMER(took, "job_duration_seconds", "Time a job takes");

     void do_job(void)
     {
             KYMO_TIME_SCOPE(took);
             kymo_counter_inc(jobs);
     }

   Link with -lkymo (pkg-config kymo). `kymo dump` shows the numbers while the
   program runs and after it died; kymod serves them to Prometheus.

   What holds for every function here, unless it says otherwise:

   Threads  any thread, at any time; from constructors, destructors, atexit
            handlers, before kymo_init and after fork, vfork or raw clone.
   Signals  records (_add, _inc, _set, _record, _observe, span and log
            calls) may be made from a signal handler. On x86-64, and on
            aarch64 with LSE, a handler loses nothing, even when it interrupts
            a record of the same metric; float counters, peaks, and all
            counters on other machines may lose the interrupted record, or
            the handler's. kymo_counter_add_signal and its like are for
            handlers that must lose nothing anywhere.
            A handler whose thread has never recorded is served too, but
            call kymo_thread_prepare() first in threads that must not be
            late. Registration is for ordinary code.
   Cost     a record makes no system call, takes no lock and allocates
            nothing, once the thread has recorded that series (histograms) or
            anything (all others). The first record of a thread is a slow
            call of some microseconds; so are a text that was never set
            before and each kymo_health_report.
   Errors   nothing here can fail so that the program must care. A call that
            cannot be served is counted in the region (control.err_*), said
            once on stderr (unless KYMO_QUIET=1), and otherwise does nothing.
            A handle that is all zeros is valid: its records count as bad
            calls.
   Lifetime handles are plain values, valid for as long as the process and
            in its forked children; copy them freely.

   Compiled with KYMO_DISABLE, everything here vanishes: arguments are
   type-checked, and evaluated only where they have side effects.

   Environment: KYMO=off; KYMO_COMPONENTS="-cache,storage:0.1" switches
   components off (-NAME, or -* for all but those named) and sets what part of
   histogram records and spans is kept (NAME:RATE, rounded to 1/n); KYMO_CLOCK=
   monotonic has kymo_now_ns ask the system; KYMO_DIR, KYMO_SERVICE,
   KYMO_QUIET, KYMO_ALLOW_DISK. In a setuid program all are
   ignored. */
#ifndef KYMO_H
#define KYMO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#ifdef __cplusplus
#include <initializer_list>
#endif

#define KYMO_VERSION_MAJOR 0
#define KYMO_VERSION_MINOR 1
#define KYMO_VERSION_PATCH 0

#ifndef KYMO_API
#define KYMO_API __attribute__((visibility("default")))
#endif
/* A library that is dlopen'ed where the C library has no room for static TLS
   (musl) may be built with -DKYMO_TLS_MODEL='"global-dynamic"'. */
#ifndef KYMO_TLS_MODEL
#define KYMO_TLS_MODEL "initial-exec"
#endif
/* The component that families declared by macro belong to. Define it before
   a file's first declaration: #define KYMO_COMPONENT "cache" */
#ifndef KYMO_COMPONENT
#define KYMO_COMPONENT ""
#endif


#define KYMO_UNLIKELY_(x) __builtin_expect(!!(x), 0)
#define KYMO_ALWAYS_ __attribute__((always_inline))
#ifdef __clang__
#define KYMO_UNROLL_ _Pragma("unroll")
#else
#define KYMO_UNROLL_ _Pragma("GCC unroll 16")
#endif

/* A function of the library; with KYMO_DISABLE one that does nothing and
   returns zeros. */
#ifndef KYMO_DISABLE
#define KYMO_CALL_(type, call) KYMO_API type call
#define KYMO_DO_(call) KYMO_API void call
#define KYMO_IN_
#else
#define KYMO_CALL_(type, call)                                                \
	static inline type call                                               \
	{                                                                     \
		type zero_;                                                   \
		memset(&zero_, 0, sizeof(zero_));                             \
		return zero_;                                                 \
	}                                                                     \
	typedef int kymo_semicolon_
#define KYMO_DO_(call)                                                        \
	static inline void call                                               \
	{                                                                     \
	}                                                                     \
	typedef int kymo_semicolon_
/* clang++ makes a copy of what is handed over, which moves registers. */
#ifdef __cplusplus
#define KYMO_IN_ const &
#else
#define KYMO_IN_
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

/* ---- embedding kymo as one header --------------------------------------- */

/* kymo_single.h (installed as kymo/kymo_single.h) is kymo.h and, where a C file
   defines KYMO_IMPLEMENTATION before all its headers, the whole library:
   nothing to link, nothing but libc needed. Copy it into a source tree; one
   file of a program has

     #define KYMO_IMPLEMENTATION
     #include <kymo_single.h>

   and all others, C or C++, include it alone. Inlined records are the same
   code, and all that is said here holds.

   A copy belongs to the program, or the shared library, that it is compiled
   into, and is hidden from all others, as libkymo.a is in a program that is
   linked with that. So a program may have one while its libraries bring
   libkymo.so, or copies of their own: each copy has its own region, under the
   same service and pid, and readers add them up as they add up processes.
   Options, kymo_status, kymo_heartbeat and the limits of threads and memory are
   of one copy each; a gauge that two copies set is the younger region's, as of
   two processes. Link a library that has a copy and may be unloaded with
   -Wl,-z,nodelete, as libkymo.so is: a thread that ends calls it. */

/* ---- kinds and limits -------------------------------------------------- */

enum kymo_kind {
	KYMO_KIND_COUNTER = 1,       /* only goes up; unsigned integers */
	KYMO_KIND_UPDOWN = 2,        /* goes up and down, e.g. in flight */
	KYMO_KIND_FLOAT_COUNTER = 3, /* only goes up; doubles */
	KYMO_KIND_GAUGE = 4,         /* a reading; signed integers */
	KYMO_KIND_FLOAT_GAUGE = 5,   /* a reading; doubles */
	KYMO_KIND_MAX = 6,           /* largest of the last window */
	KYMO_KIND_MIN = 7,
	KYMO_KIND_HISTOGRAM = 8,     /* a timer is one in ns, exponent -9 */
	KYMO_KIND_SUMMARY = 9,       /* a histogram shown as quantiles */
	KYMO_KIND_INFO = 10,         /* labels are the value; always 1 */
	KYMO_KIND_TEXT = 11,         /* a short text */
	KYMO_KIND_STATE_SET = 12,    /* which of up to 64 states hold */
	KYMO_KIND_HEALTH = 13        /* what a component says of itself */
};

/* How a gauge of several processes of one service becomes one number. */
enum kymo_agg {
	KYMO_AGG_LAST = 0, /* the youngest process' */
	KYMO_AGG_SUM = 1,
	KYMO_AGG_MAX = 2,
	KYMO_AGG_MIN = 3,
	KYMO_AGG_EACH = 4 /* one series a process, label pid */
};

enum kymo_span_status {
	KYMO_SPAN_UNSET = 0,
	KYMO_SPAN_OK = 1,
	KYMO_SPAN_ERROR = 2
};

enum kymo_severity {
	KYMO_DEBUG = 1,
	KYMO_INFO = 2,
	KYMO_WARN = 3,
	KYMO_ERROR = 4,
	KYMO_FATAL = 5
};

enum kymo_health_state {
	KYMO_HEALTH_UNKNOWN = 0,
	KYMO_HEALTH_OK = 1,
	KYMO_HEALTH_STARTING = 2,
	KYMO_HEALTH_DEGRADED = 3,
	KYMO_HEALTH_FAILING = 4
};

/* Longer texts are cut (at a whole UTF-8 character) and counted as bad calls;
   names that break the grammar are refused. */
#define KYMO_NAME_BYTES_MAX 200 /* [a-zA-Z_][a-zA-Z0-9_]*, no __ first in labels */
#define KYMO_HELP_BYTES_MAX 1024
#define KYMO_VALUE_BYTES_MAX 1024
#define KYMO_LABEL_MAX 16
#define KYMO_STATE_MAX 64
#define KYMO_SERIES_MAX_DEFAULT 256 /* a family, its overflow series besides */

/* ---- handles ----------------------------------------------------------- */

/* Members that end in _ are not yours to read. */
struct kymo_family { uint32_t id_; };
struct kymo_counter { uint32_t off_; };
struct kymo_updown { uint32_t off_; };
struct kymo_float_counter { uint32_t off_; };
struct kymo_gauge { uint32_t off_; };
struct kymo_float_gauge { uint32_t off_; };
struct kymo_max { uint32_t off_, window_s_; };
struct kymo_min { uint32_t off_, window_s_; };
struct kymo_histogram { uint32_t at_, sample_n_; };
struct kymo_timer { struct kymo_histogram h_; };
struct kymo_text { uint32_t off_; };
struct kymo_state_set { uint32_t off_, cnt_; };
struct kymo_health { uint32_t off_; };
struct kymo_span_name { uint32_t id_, sample_n_; };

/* W3C trace context (https://www.w3.org/TR/trace-context/). All zeros: none. */
struct kymo_trace {
	uint64_t trace_hi, trace_lo, span_id;
	uint32_t flags; /* 1: sampled */
	uint32_t pad_;
};

struct kymo_span {
	struct kymo_trace trace; /* of this span: pass it on as traceparent */
	uint64_t parent_id;
	uint64_t start_ns;
	uint32_t name_, state_;
};

/* One KYMO_LOG in the source; made by the macro. */
struct kymo_log_site {
	uint32_t id_; /* 0: not registered yet */
	uint8_t severity_, arg_cnt_, is_short_;
	char types_[16];
};

/* kymo_desc describes a family. Fields left zero take the default. */
struct kymo_desc {
	uint32_t size_bytes;       /* sizeof(struct kymo_desc) */
	enum kymo_kind kind;
	const char *name;          /* counters may end in _total; the unit is
	                              added where the name does not end in it */
	const char *help;          /* one sentence */
	const char *unit;          /* base unit: "seconds", "bytes"; NULL: the
	                              last word of the name, if it is a base
	                              unit of OpenMetrics; "": none */
	const char *component;     /* NULL: "" */
	const char *const *label_keys;
	uint32_t label_cnt;        /* 0 to KYMO_LABEL_MAX */
	const char *const *states; /* KYMO_KIND_STATE_SET */
	uint32_t state_cnt;
	enum kymo_agg agg;         /* gauges; max and min have their own */
	int exponent;              /* -18 to 18: unit = integer * 10^exponent */
	int scale;                 /* histograms: 2^scale buckets an octave, 1
	                              to 6, 0: 4, -1: one bucket an octave.
	                              A quantile is at most half a bucket
	                              off: 2.2 % at 4, 1.1 % at 5 */
	uint64_t lo, hi;           /* histograms: the recorded integers that
	                              are told apart, widened to powers of two.
	                              0, 0: 1 to 2^31; with exponent -9 (ns)
	                              128 ns to 275 s: one page at scale 4 */
	uint32_t series_max;       /* label sets before the overflow series */
	uint32_t peak_window_s;    /* max, min: seconds, 0: 30 */
	uint32_t sample_n;         /* histograms: one record in n is kept, and
	                              weighs n; 0, 1: all, 10^6 at most. For
	                              timers: see KYMO_TIMER_SAMPLED */
};

struct kymo_options {
	uint32_t size_bytes;       /* sizeof(struct kymo_options) */
	uint32_t thread_cnt_max;   /* 0: 255; more share one slower slot */
	const char *service;       /* NULL: KYMO_SERVICE, the program's name */
	const char *dir;           /* NULL: KYMO_DIR, /run/kymo,
	                              XDG_RUNTIME_DIR/kymo, /dev/shm/kymo-UID */
	uint64_t region_bytes_max; /* 0: 64 MiB of address space, sparse */
};

struct kymo_status {
	uint32_t size_bytes; /* sizeof(struct kymo_status), set by the caller */
	int state;           /* 1 visible in path; 0 nothing recorded yet; -1
	                        private memory, nobody can read it; -2 off */
	char why[200];       /* a sentence when state is negative, else "" */
	char path[320];
	uint64_t region_bytes; /* memory that it takes */
	uint64_t err_full, err_cardinality, err_slots, err_ring, err_badcall;
	uint64_t slow_calls;
};

/* ---- what an inlined record touches (frozen by the soname) -------------- */

#define KYMO_HIST_MAX_ 4096

/* One histogram of one thread. What a record needs to know of its range is
   here rather than in the handle: a handle is one word to load then, and one
   comparison (cnt 0) covers all reasons to take the slow path. */
struct kymo_hist_ {
	uint64_t *cells; /* of the first bucket; [-3] is the sum */
	uint32_t lo, cnt; /* first bucket, as kymo_bucket_ counts; how many */
	uint32_t down;    /* 6 - scale */
	int32_t turn;     /* starts of a timer until one is kept; 0: this one */
	uint32_t random;  /* ..which one of each n that is follows from this */
	uint32_t all_cnt; /* cnt, but not 0 because the timer is sampled */
};

/* CLOCK_MONOTONIC by the processor's time stamp counter, for a thread and about
   a second: base_ns + (ticks - from_ticks) * ns_28 / 2^28, while ticks -
   from_ticks < span_ticks. span_ticks 0: ask the system. */
struct kymo_clock_ {
	uint64_t from_ticks, span_ticks, base_ns, ns_28;
};

struct kymo_tls_ {
	char *window; /* this thread's counters; NULL: take the slow path */
	char *shared; /* cells of the whole process */
	void *ring, *spans;
	uint64_t epoch; /* of the region, from bit 32; a child has another */
	struct kymo_clock_ clock;
	uint64_t private_[7];
	struct kymo_hist_ hist[KYMO_HIST_MAX_];
};

/* Where 64 buckets an octave end (exact, upper-inclusive, as OpenTelemetry and
   Prometheus native histograms have them). A mantissa's top 7 bits t choose a
   cell in which at most one boundary lies: cut[t], the fraction's 52 bits of a
   double, from the top of the word, rounded down; all ones: none. base[t] is
   how many lie before the cell, less t / 2. Coarser scales are the same index
   shifted right. */
struct kymo_buckets_ {
	uint64_t cut[128];
	uint8_t base[128];
};

#ifdef __cplusplus
extern "C" {
#endif

#ifndef KYMO_DISABLE
extern KYMO_API __thread struct kymo_tls_ *kymo_tls_
	__attribute__((tls_model(KYMO_TLS_MODEL)));
extern KYMO_API const struct kymo_buckets_ kymo_buckets_;

/* The cold half of each record; not for direct use. */
#define KYMO_COLD_ KYMO_API __attribute__((cold)) void
KYMO_COLD_ kymo_slow_add_(uint32_t off, uint64_t n);
KYMO_COLD_ kymo_slow_float_add_(uint32_t off, double n);
KYMO_COLD_ kymo_slow_gauge_set_(uint32_t off, uint64_t bits);
KYMO_COLD_ kymo_slow_gauge_add_(uint32_t off, int64_t n);
KYMO_COLD_ kymo_slow_hist_(uint64_t v, uint64_t at);
KYMO_COLD_ kymo_bad_record_(void);
KYMO_COLD_ kymo_at_keep_(uint64_t *row, struct kymo_family family,
	uint32_t value_cnt, const char *const *values, const void *handle,
	size_t handle_bytes);
KYMO_API uint64_t kymo_clock_ns_(void);
KYMO_API uint64_t kymo_slow_look_(void);
KYMO_API uint64_t kymo_slow_took_(uint64_t now, uint64_t start);
KYMO_API uint64_t kymo_slow_timer_start_(uint64_t at);
KYMO_API uint64_t kymo_slow_timer_stop_(struct kymo_histogram h, uint64_t start);
#endif

/* ---- life --------------------------------------------------------------- */

/* kymo_init names the service and makes the region now rather than at the
   first record. Optional; call it early in main. Once the region is there
   another service name is a bad call. Returns 0, or -1 if nobody can read
   this process' metrics (kymo_status tells why); the program need not care. */
KYMO_CALL_(int, kymo_init(const char *service));
KYMO_CALL_(int, kymo_init_with(const struct kymo_options *options));

/* kymo_thread_prepare makes all that this thread needs to record any series
   registered so far without a slow call: before it enters a sandbox, a
   real-time loop, or may be interrupted by a handler that records. Returns 0,
   or -1 if something found no room (its records go to shared cells). */
KYMO_CALL_(int, kymo_thread_prepare(void));

/* kymo_status fills *status. Not from signal handlers. */
KYMO_DO_(kymo_status(struct kymo_status *status));

/* kymo_heartbeat says that the program's main loop turns. One clock read. */
KYMO_DO_(kymo_heartbeat(void));

/* ---- families and series ------------------------------------------------ */

/* kymo_family registers a family, or finds it if an equal one is there.
   *desc, and all it points to, is copied. A different redefinition is a bad
   call and returns the zero handle, as does a bad name. */
KYMO_CALL_(struct kymo_family, kymo_family(const struct kymo_desc *desc));

/* kymo_KIND_at returns the series of family with these label values, in the
   order of its keys; made at the first call, looked up after (no lock, some
   tens of ns), so keep the handle where the values are fixed. A NULL value is
   "". Where the family is full: its overflow series, whose labels are empty
   but for kymo_overflow="true". A family of another kind, or a wrong
   value_cnt, is a bad call and gives the zero handle. A family without labels
   has one series: value_cnt 0. KYMO_AT below spells the values in place. */
#define KYMO_AT_(kind)                                                        \
	KYMO_CALL_(struct kymo_##kind, kymo_##kind##_at( \
		struct kymo_family KYMO_IN_ family, \
		uint32_t value_cnt, const char *const *values))
KYMO_AT_(counter);
KYMO_AT_(updown);
KYMO_AT_(float_counter);
KYMO_AT_(gauge);
KYMO_AT_(float_gauge);
KYMO_AT_(max);
KYMO_AT_(min);
KYMO_AT_(histogram); /* histograms and summaries */
KYMO_AT_(timer);     /* a histogram or summary of exponent -9 */
KYMO_AT_(text);
KYMO_AT_(state_set);
KYMO_AT_(health);

/* kymo_info_at makes one series of an info family: its labels are what it
   says (version, commit, build). It cannot be taken back. */
KYMO_DO_(kymo_info_at(struct kymo_family KYMO_IN_ family, uint32_t value_cnt,
	const char *const *values));

/* kymo_span_name registers what spans are called; component NULL is "". */
KYMO_CALL_(struct kymo_span_name, kymo_span_name(const char *component,
	const char *name));

/* kymo_resource_set adds an attribute of the whole process, as OpenTelemetry's
   resource attributes ("service.version", "deployment.environment"); the last
   value of a key stands. Bounded: 64 of them. */
KYMO_DO_(kymo_resource_set(const char *key, const char *value));

/* ---- records that are calls --------------------------------------------- */

/* kymo_float_gauge_add: NaN is a bad call. A compare-and-swap loop. */
KYMO_DO_(kymo_float_gauge_add(struct kymo_float_gauge KYMO_IN_ g, double n));

/* kymo_KIND_add_signal and kymo_histogram_record_signal are for signal handlers
   whose records must count on every machine, and for float counters on any:
   where a counter has no single instruction that adds to memory, a record that
   interrupts another one in the same cell loses one of the two. These add to
   cells of the whole process, that only they and threads without a slot use, by
   atomic instructions: a handler and what it interrupts both count, each
   exactly. They cost some tens of ns; where the handler is on x86-64, or on
   aarch64 with LSE, and the counter no float one, the usual call does as well.
   Values as in the usual call. */
KYMO_DO_(kymo_counter_add_signal(struct kymo_counter KYMO_IN_ c, uint64_t n));
KYMO_DO_(kymo_updown_add_signal(struct kymo_updown KYMO_IN_ u, int64_t n));
KYMO_DO_(kymo_float_counter_add_signal(struct kymo_float_counter KYMO_IN_ c,
	double n));
KYMO_DO_(kymo_histogram_record_signal(struct kymo_histogram KYMO_IN_ h,
	uint64_t value));

/* kymo_max_record and kymo_min_record: shown is the extreme of at least the
   last and at most the last two windows of peak_window_s. Eight significant
   digits (exact for integers up to 2^29). NaN is a bad call. One coarse
   clock. */
KYMO_DO_(kymo_max_record(struct kymo_max KYMO_IN_ m, double value));
KYMO_DO_(kymo_min_record(struct kymo_min KYMO_IN_ m, double value));

/* kymo_histogram_observe records value in the base unit (seconds, bytes),
   rounded to the recorded integer. NaN and negatives: a bad call; too large,
   or +Inf: counts as over with no part in the sum. */
KYMO_DO_(kymo_histogram_observe(struct kymo_histogram KYMO_IN_ h,
	double value));

/* kymo_histogram_exemplar keeps (value, trace) as an example of where value
   falls, at most ten a second and thread; trace NULL: the open span's. It
   does not record value. */
KYMO_DO_(kymo_histogram_exemplar(struct kymo_histogram KYMO_IN_ h,
	uint64_t value, const struct kymo_trace *trace));

/* kymo_text_set: at most 256 different texts a process; then "overflow". An
   empty one takes the value back. Not from signal handlers. */
KYMO_DO_(kymo_text_set(struct kymo_text KYMO_IN_ t, const char *text));

/* kymo_state_set_on and _off change one state, kymo_state_set_be makes it the
   only one. A state beyond the family's is a bad call. */
KYMO_DO_(kymo_state_set_on(struct kymo_state_set KYMO_IN_ s, uint32_t state));
KYMO_DO_(kymo_state_set_off(struct kymo_state_set KYMO_IN_ s, uint32_t state));
KYMO_DO_(kymo_state_set_be(struct kymo_state_set KYMO_IN_ s, uint32_t state));

/* kymo_health_report: what a component says of itself; reason may be NULL.
   After ttl_ms without another report the reader says unknown; 0: never. To
   kymod it is the state of the family's component (docs/health.md).
   Reasons are kept as texts are. Not from signal handlers. */
KYMO_DO_(kymo_health_report(struct kymo_health KYMO_IN_ h,
	enum kymo_health_state state, const char *reason, uint64_t ttl_ms));

/* kymo_span_begin starts a span: a child of parent, or of the thread's open
   span if parent is NULL, or a new trace. kymo_span_end, by the same thread,
   innermost first, keeps it in the thread's ring. The 16 outermost open spans
   are visible in a dead process' region. A span that is sampled out has valid
   ids all the same. */
KYMO_DO_(kymo_span_begin(struct kymo_span *span,
	struct kymo_span_name KYMO_IN_ name, const struct kymo_trace *parent));
KYMO_DO_(kymo_span_end(struct kymo_span *span, enum kymo_span_status status));

/* kymo_trace_parse reads a traceparent header ("00-32hex-16hex-2hex").
   Returns 0, or -1 and zeros if text is none. kymo_trace_format writes the 55
   characters and a NUL. Neither touches the region. */
KYMO_CALL_(int, kymo_trace_parse(struct kymo_trace *trace, const char *text));
KYMO_DO_(kymo_trace_format(const struct kymo_trace *trace, char text[56]));

/* ---- records, inlined ---------------------------------------------------- */

#ifndef KYMO_DISABLE

#if defined(__SANITIZE_THREAD__)
#define KYMO_NO_ASM_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KYMO_NO_ASM_ 1
#endif
#endif

/* One instruction without a lock prefix: a signal cannot split it, and no
   other thread stores to the cell. */
static inline void
kymo_cell_add_(void *cell, uint64_t n)
{
#if defined(__x86_64__) && !defined(KYMO_NO_ASM_)
	__asm__("addq %1, %0" : "+m"(*(uint64_t *)cell) : "er"(n) : "cc");
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
	__asm__("stadd %1, %0" : "+Q"(*(uint64_t *)cell) : "r"(n));
#else
	uint64_t *c = (uint64_t *)cell;

	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n,
		__ATOMIC_RELAXED);
#endif
}

/* A histogram's two, the bucket first, whatever a compiler would rather do. */
static inline void
kymo_cells_add_(uint64_t *bucket, uint64_t n, uint64_t *sum, uint64_t value)
{
#if defined(__x86_64__) && !defined(KYMO_NO_ASM_)
	__asm__("addq %2, %0\n\taddq %3, %1"
		: "+m"(*bucket), "+m"(*sum) : "er"(n), "er"(value) : "cc");
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
	__asm__("stadd %2, %0\n\tstadd %3, %1"
		: "+Q"(*bucket), "+Q"(*sum) : "r"(n), "r"(value));
#else
	kymo_cell_add_(bucket, n);
	__asm__ volatile("" : : : "memory");
	kymo_cell_add_(sum, value);
#endif
}

/* kymo_counter_add adds n, in the recorded integer unit. An n of 2^63 or more
   is a negative number by mistake: a bad call. */
static inline void
kymo_counter_add(struct kymo_counter c, uint64_t n)
{
	char *window = kymo_tls_->window;

	if (KYMO_UNLIKELY_(n > INT64_MAX))
		kymo_bad_record_();
	else if (KYMO_UNLIKELY_(!window))
		kymo_slow_add_(c.off_, n);
	else
		kymo_cell_add_(window + c.off_, n);
}

static inline void
kymo_counter_inc(struct kymo_counter c)
{
	kymo_counter_add(c, 1);
}

/* kymo_updown_add adds n, which may be negative. */
static inline void
kymo_updown_add(struct kymo_updown u, int64_t n)
{
	char *window = kymo_tls_->window;

	if (KYMO_UNLIKELY_(!window))
		kymo_slow_add_(u.off_, (uint64_t)n);
	else
		kymo_cell_add_(window + u.off_, (uint64_t)n);
}

/* kymo_float_counter_add adds n >= 0. Negative, infinite or NaN: a bad call.
   Prefer an integer counter in a smaller unit with an exponent. */
static inline void
kymo_float_counter_add(struct kymo_float_counter c, double n)
{
	char *window = kymo_tls_->window;
	uint64_t *cell, bits;
	double sum;

	if (KYMO_UNLIKELY_(!(n >= 0 && n <= 1.7976931348623157e308))) {
		kymo_bad_record_();
		return;
	}
	if (KYMO_UNLIKELY_(!window)) {
		kymo_slow_float_add_(c.off_, n);
		return;
	}
	cell = (uint64_t *)(void *)(window + c.off_);
	bits = __atomic_load_n(cell, __ATOMIC_RELAXED);
	memcpy(&sum, &bits, sizeof(sum));
	sum += n;
	memcpy(&bits, &sum, sizeof(bits));
	__atomic_store_n(cell, bits, __ATOMIC_RELAXED);
}

/* kymo_gauge_set stores a reading; the last store of any thread stands.
   INT64_MIN takes the reading back: the series has no value. */
static inline void
kymo_gauge_set(struct kymo_gauge g, int64_t value)
{
	char *shared = kymo_tls_->shared;

	if (KYMO_UNLIKELY_(!shared))
		kymo_slow_gauge_set_(g.off_, (uint64_t)value);
	else
		__atomic_store_n((uint64_t *)(void *)(shared + g.off_),
			(uint64_t)value, __ATOMIC_RELAXED);
}

/* kymo_gauge_add adds to the reading (0 if it had none), lock-prefixed: for
   what many threads touch often an updown is cheaper. */
static inline void
kymo_gauge_add(struct kymo_gauge g, int64_t n)
{
	char *shared = kymo_tls_->shared;
	uint64_t *cell;

	if (KYMO_UNLIKELY_(!shared)) {
		kymo_slow_gauge_add_(g.off_, n);
		return;
	}
	cell = (uint64_t *)(void *)(shared + g.off_);
	if (KYMO_UNLIKELY_(__atomic_load_n(cell, __ATOMIC_RELAXED) ==
		(uint64_t)INT64_MIN))
		kymo_slow_gauge_add_(g.off_, n);
	else
		__atomic_fetch_add(cell, (uint64_t)n, __ATOMIC_RELAXED);
}

/* kymo_float_gauge_set: NaN takes the reading back; infinities are readings. */
static inline void
kymo_float_gauge_set(struct kymo_float_gauge g, double value)
{
	char *shared = kymo_tls_->shared;
	uint64_t bits = 0x7ff86b796d6f0001ull; /* "no reading" */

	if (!KYMO_UNLIKELY_(value != value))
		memcpy(&bits, &value, sizeof(bits));
	if (KYMO_UNLIKELY_(!shared))
		kymo_slow_gauge_set_(g.off_, bits);
	else
		__atomic_store_n((uint64_t *)(void *)(shared + g.off_), bits,
			__ATOMIC_RELAXED);
}

/* A call site's memory of label values (KYMO_AT_FIXED): rows that are filled
   once in a process. A row is the family's id and whose row it is, stored last,
   the handle, the values. */
#define KYMO_AT_ROWS_ 64

/* Where the row of these values begins, in bytes. Of two values, whose rows have
   32 bytes, one instruction makes it of the product. */
static inline uint64_t
kymo_at_row_(uint32_t value_cnt, const char *const *values)
{
	uint64_t mix = 0, row_bytes = (2 + value_cnt) * sizeof(uint64_t);

	KYMO_UNROLL_
	for (uint32_t i = 0; i < value_cnt; i++)
		mix = mix * 5 + (uintptr_t)values[i];
	mix *= 433;
	return row_bytes == 32 ? mix & (KYMO_AT_ROWS_ - 1) << 5 :
		(mix >> 5 & (KYMO_AT_ROWS_ - 1)) * row_bytes;
}

/* *row is what to look at from then on. */
static inline int
kymo_at_is_(uint64_t **row, struct kymo_family family, uint32_t value_cnt,
	const char *const *values)
{
	uint64_t *at = *row, key = kymo_tls_->epoch | family.id_;

#if defined(__x86_64__) && !defined(KYMO_NO_ASM_)
	int differs;

	/* pairs(at-row), finder: loads have the order of their instructions,
	   and those by the new "at" come after this one. An atomic load and a
	   comparison would be two instructions each. */
	__asm__("cmpq %2, (%1)" : "=@ccne"(differs), "+r"(at)
		: "r"(key), "m"(*at));
	*row = at;
	if (KYMO_UNLIKELY_(differs))
		return 0;
	KYMO_UNROLL_
	for (uint32_t i = 0; i < value_cnt; i++)
		if (KYMO_UNLIKELY_(at[2 + i] != (uintptr_t)values[i]))
			return 0;
#else
	/* pairs(at-row), finder: handle and values are there */
	if (KYMO_UNLIKELY_(__atomic_load_n(at, __ATOMIC_ACQUIRE) != key))
		return 0;
	/* Another thread may be filling it: then what is here is for nothing. */
	KYMO_UNROLL_
	for (uint32_t i = 0; i < value_cnt; i++)
		if (KYMO_UNLIKELY_(__atomic_load_n(&at[2 + i],
			__ATOMIC_RELAXED) != (uintptr_t)values[i]))
			return 0;
#endif
	return 1;
}

/* The bucket of v at 64 an octave, counted from below all doubles. A v of 2^63
   or more is negative and far above all others. */
static inline uint32_t
kymo_bucket_(uint64_t v)
{
	double d = (double)(int64_t)v;
	uint64_t bits, fraction;

	memcpy(&bits, &d, sizeof(bits));
	fraction = bits << 12;
	return (uint32_t)(bits >> 46) + kymo_buckets_.base[fraction >> 57] +
		(fraction > kymo_buckets_.cut[fraction >> 57]);
}

/* kymo_histogram_record counts value, in the recorded integer unit (bytes,
   ns). 0 counts as zero; below the family's range as under, above as over;
   2^63 and more is a negative number by mistake: a bad call. The bucket is
   stored before the sum: a kill between them leaves the sum one short.
   Sampled, a record weighs n and is made one time in n. */
static inline void
kymo_histogram_record(struct kymo_histogram h, uint64_t value)
{
	uint64_t at = h.at_;
	struct kymo_hist_ *hist =
		(struct kymo_hist_ *)(void *)((char *)kymo_tls_->hist + at);
	uint32_t i = (kymo_bucket_(value) - hist->lo) >> hist->down;
	uint64_t *cells;

	if (KYMO_UNLIKELY_(i >= hist->cnt)) {
		kymo_slow_hist_(value, at);
		return;
	}
	cells = hist->cells;
	kymo_cells_add_(&cells[i], 1, &cells[-3], value);
}

static inline uint64_t
kymo_word_(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* kymo_now_ns is the clock of timers and events, on the scale of
   CLOCK_MONOTONIC. On x86-64, where the kernel keeps time by an invariant time
   stamp counter, it is that counter, set by CLOCK_MONOTONIC in each thread each
   second, and about a microsecond off it: two threads may see times in another
   order that are closer than that. Elsewhere, when the two drift apart, and
   with KYMO_CLOCK=monotonic it is CLOCK_MONOTONIC itself. */
static inline uint64_t
kymo_now_ns(void)
{
#if defined(__x86_64__)
	const struct kymo_clock_ *clock = &kymo_tls_->clock;

	if (!KYMO_UNLIKELY_(!kymo_word_(&clock->span_ticks))) {
		uint64_t from = kymo_word_(&clock->from_ticks), ticks, ns;

		/* pairs(clock): a handler that sets the clock anew.. */
		__atomic_signal_fence(__ATOMIC_ACQUIRE);
		ticks = __builtin_ia32_rdtsc() - from;
		ns = kymo_word_(&clock->base_ns) +
			(ticks * kymo_word_(&clock->ns_28) >> 28);
		if (KYMO_UNLIKELY_(ticks >= kymo_word_(&clock->span_ticks)))
			return kymo_clock_ns_();
		/* pairs(clock): ..while we read it is seen here. */
		__atomic_signal_fence(__ATOMIC_ACQUIRE);
		if (KYMO_UNLIKELY_(kymo_word_(&clock->from_ticks) != from))
			return kymo_clock_ns_();
		return ns;
	}
#endif
#ifdef CLOCK_MONOTONIC
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#else /* -std=c11 hides it */
	return kymo_clock_ns_();
#endif
}

/* A look at the clock of a timer: twice the counter's ticks and one, or twice
   CLOCK_MONOTONIC's ns. 0 is none. */
static inline uint64_t
kymo_look_(const struct kymo_clock_ *clock)
{
#if defined(__x86_64__)
	if (!KYMO_UNLIKELY_(kymo_word_(&clock->span_ticks) <= 1))
		return __builtin_ia32_rdtsc() * 2 + 1;
	return kymo_slow_look_();
#else
	(void)clock;
	return kymo_now_ns() * 2;
#endif
}

static inline uint64_t
kymo_took_ns_(uint64_t now_ns, uint64_t start_ns)
{
	/* Another thread's start may be a little later. */
	return now_ns < start_ns ? 0 : now_ns - start_ns;
}

/* The ns between two looks. */
static inline uint64_t
kymo_took_(const struct kymo_clock_ *clock, uint64_t now, uint64_t start)
{
#if defined(__x86_64__)
	uint64_t span = kymo_word_(&clock->span_ticks), twice = now - start;
	/* What is later, or not of the same kind, is far above a span. */
	uint64_t ticks = twice >> 1 | twice << 63;

	if (KYMO_UNLIKELY_(ticks >= span) || KYMO_UNLIKELY_((now >> 1) -
		kymo_word_(&clock->from_ticks) >= span))
		return kymo_slow_took_(now, start);
	/* pairs(clock): with a span, the rate is there. */
	__atomic_signal_fence(__ATOMIC_ACQUIRE);
	return (ticks * kymo_word_(&clock->ns_28) + (1u << 27)) >> 28;
#else
	(void)clock;
	return kymo_took_ns_(now, start) / 2;
#endif
}

/* One instruction, as kymo_cell_add_. */
static inline void
kymo_turn_add_(int32_t *turn, int32_t n)
{
#if defined(__x86_64__) && !defined(KYMO_NO_ASM_)
	__asm__("addl %1, %0" : "+m"(*turn) : "er"(n) : "cc");
#else
	*turn += n;
#endif
}

/* kymo_timer_start gives what kymo_timer_stop wants, which records the time
   between them and returns it in ns. Any number may run at once, in any
   thread. A start that is sampled out gives 0, and its stop does nothing; no
   other gives 0: what else is to be done for timed ones only can ask that. */
static inline KYMO_ALWAYS_ uint64_t
kymo_timer_start(struct kymo_timer t)
{
	uint64_t at = t.h_.at_;
	struct kymo_tls_ *tls = kymo_tls_;
	struct kymo_hist_ *hist =
		(struct kymo_hist_ *)(void *)((char *)tls->hist + at);

	if (__builtin_expect(hist->turn > 0, 1)) {
		kymo_turn_add_(&hist->turn, -1);
		return 0;
	}
	if (KYMO_UNLIKELY_(!hist->cnt))
		return kymo_slow_timer_start_(at);
	return kymo_look_(&tls->clock);
}

/* Not inlined: what is around a stop that is not kept has no need of it. */
static __attribute__((noinline, unused)) uint64_t
kymo_timer_end_(struct kymo_timer t, uint64_t start)
{
	const struct kymo_clock_ *clock;
	uint64_t took_ns;

	if (KYMO_UNLIKELY_(t.h_.sample_n_ != 1))
		return kymo_slow_timer_stop_(t.h_, start);
	clock = &kymo_tls_->clock;
	took_ns = kymo_took_(clock, kymo_look_(clock), start);
	kymo_histogram_record(t.h_, took_ns);
	return took_ns;
}

static inline KYMO_ALWAYS_ uint64_t
kymo_timer_stop(struct kymo_timer t, uint64_t start)
{
	return !start ? 0 : kymo_timer_end_(t, start);
}

/* kymo_timer_lap is a stop and the next start by one look at the clock, for
   steps that follow each other: records what went by since *start, returns
   it, and sets *start to now. Sampled out, the lap is not recorded. */
static inline uint64_t
kymo_timer_lap(struct kymo_timer t, uint64_t *start)
{
	const struct kymo_clock_ *clock;
	uint64_t now, took_ns;

	if (KYMO_UNLIKELY_(t.h_.sample_n_ != 1 || !*start)) {
		took_ns = kymo_timer_stop(t, *start);
		*start = kymo_timer_start(t);
		return took_ns;
	}
	clock = &kymo_tls_->clock;
	now = kymo_look_(clock);
	took_ns = kymo_took_(clock, now, *start);
	*start = now;
	kymo_histogram_record(t.h_, took_ns);
	return took_ns;
}

/* kymo_timer_record records a duration that was measured elsewhere. */
static inline void
kymo_timer_record(struct kymo_timer t, uint64_t took_ns)
{
	kymo_histogram_record(t.h_, took_ns);
}

/* The function behind KYMO_LOG. */
KYMO_API void kymo_log_(struct kymo_log_site *site, const char *component,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

#else /* KYMO_DISABLE */

KYMO_DO_(kymo_counter_add(struct kymo_counter KYMO_IN_ c, uint64_t n));
KYMO_DO_(kymo_counter_inc(struct kymo_counter KYMO_IN_ c));
KYMO_DO_(kymo_updown_add(struct kymo_updown KYMO_IN_ u, int64_t n));
KYMO_DO_(kymo_float_counter_add(struct kymo_float_counter KYMO_IN_ c,
	double n));
KYMO_DO_(kymo_gauge_set(struct kymo_gauge KYMO_IN_ g, int64_t value));
KYMO_DO_(kymo_gauge_add(struct kymo_gauge KYMO_IN_ g, int64_t n));
KYMO_DO_(kymo_float_gauge_set(struct kymo_float_gauge KYMO_IN_ g,
	double value));
KYMO_DO_(kymo_histogram_record(struct kymo_histogram KYMO_IN_ h,
	uint64_t value));
KYMO_CALL_(uint64_t, kymo_now_ns(void));
KYMO_CALL_(uint64_t, kymo_timer_start(struct kymo_timer KYMO_IN_ t));
KYMO_CALL_(uint64_t, kymo_timer_stop(struct kymo_timer KYMO_IN_ t,
	uint64_t start));
KYMO_CALL_(uint64_t, kymo_timer_lap(struct kymo_timer KYMO_IN_ t,
	uint64_t *start));
KYMO_DO_(kymo_timer_record(struct kymo_timer KYMO_IN_ t, uint64_t took_ns));
static inline void __attribute__((format(printf, 1, 2)))
kymo_log_(const char *format, ...)
{
	(void)format;
}

#endif

struct kymo_timing_ { struct kymo_timer timer; uint64_t start; };

static inline void
kymo_timing_end_(struct kymo_timing_ *timing)
{
	kymo_timer_stop(timing->timer, timing->start);
}

static inline void
kymo_span_leave_(struct kymo_span *span)
{
	kymo_span_end(span, KYMO_SPAN_UNSET);
}

#ifdef __cplusplus
}
#endif

#ifdef KYMO_DISABLE
#pragma GCC diagnostic pop
#endif

/* ---- words for declaring and recording ----------------------------------- */

/* At file scope, or static in a header of your own: each makes NAME, a handle
   that is registered before main (or when a library is loaded), and before
   constructors of the usual priority: these may use it. The family
   macros take the label keys as strings at the end, at least one. */
#define KYMO_COUNTER(name, text_name, help) \
	KYMO_ONE_(counter, COUNTER, name, text_name, help, 0)
#define KYMO_UPDOWN(name, text_name, help) \
	KYMO_ONE_(updown, UPDOWN, name, text_name, help, 0)
#define KYMO_FLOAT_COUNTER(name, text_name, help) \
	KYMO_ONE_(float_counter, FLOAT_COUNTER, name, text_name, help, 0)
#define KYMO_GAUGE(name, text_name, help) \
	KYMO_ONE_(gauge, GAUGE, name, text_name, help, 0)
#define KYMO_FLOAT_GAUGE(name, text_name, help) \
	KYMO_ONE_(float_gauge, FLOAT_GAUGE, name, text_name, help, 0)
#define KYMO_MAX(name, text_name, help) \
	KYMO_ONE_(max, MAX, name, text_name, help, 0)
#define KYMO_MIN(name, text_name, help) \
	KYMO_ONE_(min, MIN, name, text_name, help, 0)
#define KYMO_HISTOGRAM(name, text_name, help) \
	KYMO_ONE_(histogram, HISTOGRAM, name, text_name, help, 0)
#define KYMO_SUMMARY(name, text_name, help) \
	KYMO_ONE_(histogram, SUMMARY, name, text_name, help, 0)
#define KYMO_TIMER(name, text_name, help) \
	KYMO_ONE_(timer, HISTOGRAM, name, text_name, help, -9)
#define KYMO_TEXT(name, text_name, help) \
	KYMO_ONE_(text, TEXT, name, text_name, help, 0)
#define KYMO_HEALTH(name, text_name, help) \
	KYMO_ONE_(health, HEALTH, name, text_name, help, 0)
#define KYMO_SPAN_NAME(name, text_name) \
	KYMO_MAKE_(struct kymo_span_name, name, \
		kymo_span_name(KYMO_COMPONENT, text_name))

#define KYMO_COUNTER_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(COUNTER, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_UPDOWN_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(UPDOWN, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_FLOAT_COUNTER_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(FLOAT_COUNTER, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_GAUGE_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(GAUGE, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_FLOAT_GAUGE_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(FLOAT_GAUGE, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_HISTOGRAM_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(HISTOGRAM, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_SUMMARY_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(SUMMARY, name, text_name, help, 0, __VA_ARGS__)
#define KYMO_TIMER_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(HISTOGRAM, name, text_name, help, -9, __VA_ARGS__)
#define KYMO_INFO_FAMILY(name, text_name, help, ...) \
	KYMO_FAMILY_(INFO, name, text_name, help, 0, __VA_ARGS__)

/* A timer of which one start in n is kept, which then counts n times: for what
   is so short, or so frequent, that two looks at the clock are too much. It
   costs a few instructions where it is not kept. Of each n starts that follow
   each other in a thread one is kept, and which is drawn: so quantiles, sum and
   mean are those of all, however regular the load is, but for chance (a
   quantile is as sure as that of the kept ones alone); and the count is short
   of, or ahead of, the starts by less than n a thread. A start without a stop,
   and a kymo_timer_record, take a turn as well; a handler's take theirs. */
#define KYMO_TIMER_SAMPLED(name, text_name, help, n) \
	KYMO_MAKE_(struct kymo_timer, name, \
		kymo_timer_at(kymo_sampled_family_(text_name, help, \
			KYMO_COMPONENT, n, NULL), 0, NULL))
#define KYMO_TIMER_SAMPLED_FAMILY(name, text_name, help, n, ...) \
	static const char *const KYMO_JOIN_(kymo_keys_, name)[] \
		__attribute__((unused)) = {__VA_ARGS__, NULL}; \
	KYMO_MAKE_(struct kymo_family, name, \
		kymo_sampled_family_(text_name, help, KYMO_COMPONENT, n, \
			KYMO_JOIN_(kymo_keys_, name)))

/* KYMO_AT(counter, requests, "GET", "200") is the series with these values:
   kymo_counter_inc(KYMO_AT(counter, requests, method, code)). */
#ifdef __cplusplus
#define KYMO_AT(kind, family, ...)                                            \
	([&](std::initializer_list<const char *> values_) {                   \
		return kymo_##kind##_at(family, (uint32_t)values_.size(),     \
			values_.begin());                                     \
	}({__VA_ARGS__}))
#else
#define KYMO_AT(kind, family, ...)                                            \
	kymo_##kind##_at(family,                                              \
		(uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) /       \
			sizeof(const char *)),                                \
		(const char *const[]){__VA_ARGS__})
#endif

/* KYMO_AT_FIXED is KYMO_AT for values that are texts which never change:
   literals, entries of a table, what a name function returns. It remembers
   where the same pointers led last time, and then costs little more than a
   handle (64 sets of values a place in the source; others are looked up). Text
   that is written to later, such as a buffer of the request, goes to
   KYMO_AT: here it would count under what it said at first. */
#ifndef KYMO_DISABLE
#define KYMO_AT_FIXED(kind, family, ...)                                      \
	__extension__({                                                       \
		const char *const values_[] = {__VA_ARGS__};                  \
		static uint64_t rows_[KYMO_AT_ROWS_]                          \
			[2 + sizeof(values_) / sizeof(*values_)];             \
		KYMO_AT_FIXED_(kind, family, sizeof(values_) / sizeof(*values_)); \
	})
#define KYMO_AT_FIXED_(kind, family, cnt)                                     \
	const struct kymo_family family_ = (family);                          \
	uint64_t *row_ = (uint64_t *)(void *)((char *)rows_ +                 \
		kymo_at_row_(cnt, values_));                                  \
	struct kymo_##kind handle_;                                           \
	if (KYMO_UNLIKELY_(!kymo_at_is_(&row_, family_, cnt, values_))) {     \
		const char *look_[cnt];                                       \
		memcpy(look_, values_, sizeof(values_));                      \
		handle_ = kymo_##kind##_at(family_, cnt, look_);              \
		kymo_at_keep_(row_, family_, cnt, look_, &handle_,            \
			sizeof(handle_));                                     \
	} else {                                                              \
		memcpy(&handle_, &row_[1], sizeof(handle_));                  \
	}                                                                     \
	handle_
#else
#define KYMO_AT_FIXED(kind, family, ...) KYMO_AT(kind, family, __VA_ARGS__)
#endif

/* KYMO_TIME_SCOPE(timer); records how long from here to the end of the scope.
   KYMO_SPAN_SCOPE(name); makes a span of it. */
#define KYMO_TIME_SCOPE(timer)                                                \
	struct kymo_timing_ KYMO_UNIQUE_(kymo_timing_)                        \
		__attribute__((unused, cleanup(kymo_timing_end_))) = {        \
			(timer), kymo_timer_start(timer)}
#define KYMO_SPAN_SCOPE(name) KYMO_SPAN_SCOPE_(name, KYMO_UNIQUE_(kymo_span_))
#define KYMO_SPAN_SCOPE_(name, span)                                          \
	struct kymo_span span __attribute__((cleanup(kymo_span_leave_)));     \
	kymo_span_begin(&span, (name), NULL)

/* KYMO_LOG(KYMO_WARN, "queue %s is %d long", name, n) keeps the arguments in
   the thread's ring; the reader formats them. printf's %d %i %u %x %X %o %c %p
   %s %f %F %e %E %g %G %a %A and %% with flags, width and precision, and hh h
   l ll z j t; no * and no %n. At most 16 arguments; strings are cut so that
   all fits into about 300 bytes. */
#ifndef KYMO_DISABLE
#define KYMO_LOG(severity, ...)                                               \
	do {                                                                  \
		static struct kymo_log_site site_ = {0, (severity), 0, 0, {0}};  \
		kymo_log_(&site_, KYMO_COMPONENT, __VA_ARGS__);               \
	} while (0)
#else
#define KYMO_LOG(severity, ...)                                               \
	do {                                                                  \
		if (0)                                                        \
			kymo_log_(__VA_ARGS__);                               \
	} while (0)
#endif

#define KYMO_JOIN2_(a, b) a##b
#define KYMO_JOIN_(a, b) KYMO_JOIN2_(a, b)
#define KYMO_UNIQUE_(stem) KYMO_JOIN_(stem, __LINE__)

/* A static variable NAME that value, an expression, fills before main. */
#ifndef KYMO_DISABLE
#define KYMO_MAKE_(type, name, value)                                         \
	static type name __attribute__((unused));                             \
	static void __attribute__((constructor(65000)))                       \
	KYMO_JOIN_(kymo_make_, name)(void)                                    \
	{                                                                     \
		name = value;                                                 \
	}                                                                     \
	typedef int kymo_semicolon_
#else
#define KYMO_MAKE_(type, name, value)                                         \
	static type name __attribute__((unused))
#endif
#define KYMO_ONE_(kind, KIND, name, text_name, help, exponent)                \
	KYMO_MAKE_(struct kymo_##kind, name,                                  \
		kymo_##kind##_at(kymo_family_(KYMO_KIND_##KIND, text_name,    \
			help, KYMO_COMPONENT, exponent, NULL), 0, NULL))
#define KYMO_FAMILY_(KIND, name, text_name, help, exponent, ...)              \
	static const char *const KYMO_JOIN_(kymo_keys_, name)[]               \
		__attribute__((unused)) = {__VA_ARGS__, NULL};                \
	KYMO_MAKE_(struct kymo_family, name,                                  \
		kymo_family_(KYMO_KIND_##KIND, text_name, help,               \
			KYMO_COMPONENT, exponent, KYMO_JOIN_(kymo_keys_, name)))

static inline struct kymo_family
kymo_describe_(struct kymo_desc *desc, const char *name, const char *help,
	const char *component, const char *const *label_keys)
{
	desc->size_bytes = sizeof(*desc);
	desc->name = name;
	desc->help = help;
	desc->component = component;
	desc->label_keys = label_keys;
	while (label_keys && label_keys[desc->label_cnt])
		desc->label_cnt++;
	return kymo_family(desc);
}

static inline struct kymo_family
kymo_family_(enum kymo_kind kind, const char *name, const char *help,
	const char *component, int exponent, const char *const *label_keys)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.kind = kind;
	desc.exponent = exponent;
	return kymo_describe_(&desc, name, help, component, label_keys);
}

static inline struct kymo_family
kymo_sampled_family_(const char *name, const char *help, const char *component,
	uint32_t sample_n, const char *const *label_keys)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.kind = KYMO_KIND_HISTOGRAM;
	desc.exponent = -9;
	desc.sample_n = sample_n;
	return kymo_describe_(&desc, name, help, component, label_keys);
}

#endif
