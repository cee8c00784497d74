/* SPDX-License-Identifier: MIT */
/* kymo: metrics of this process, in shared memory, read from beside.

     #include <kymo.h>
     KYMO_COUNTER(jobs, "jobs_total", "Jobs finished");
     KYMO_TIMER(took, "job_duration_seconds", "Time a job takes");

     void do_job(void)
     {
             KYMO_TIME_SCOPE(took);
             kymo_inc(jobs);
     }

   Link with -lkymo (pkg-config kymo). `kymo dump` shows the numbers while the
   program runs and after it died; kymod serves them to Prometheus.

   What holds for every function here, unless it says otherwise:

   Threads  any thread, at any time; from constructors, destructors, atexit
            handlers, before kymo_init and after fork, vfork or raw clone.
   Signals  records (kymo_inc, _add, _set, _record, _observe, span and log
            calls) may be made from a signal handler. On x86-64, and on
            aarch64 with LSE, a handler loses nothing, even when it interrupts
            a record of the same metric; float counters, peaks, and all
            counters on other machines may lose the interrupted record.
            A handler whose thread has never recorded is served too, but
            call kymo_thread_prepare() first in threads that must not be
            late. Registration is for ordinary code.
   Cost     a record makes no system call, takes no lock and allocates
            nothing, once the thread has recorded that series (histograms) or
            anything (all others). The first record of a thread is a slow
            call of some microseconds.
   Errors   nothing here can fail so that the program must care. A call that
            cannot be served is counted in the region (control.err_*), said
            once on stderr (unless KYMO_QUIET=1), and otherwise does nothing.
            A handle that is all zeros is valid: its records count as bad
            calls.
   Lifetime handles are plain values, valid for as long as the process and
            in its forked children; copy them freely.

   Environment: KYMO=off; KYMO_COMPONENTS="-cache,storage:0.1" switches
   components off (-NAME, or -* for all but those named) and sets what part of
   histogram records and spans is kept (NAME:RATE, rounded to 1/n); KYMO_DIR,
   KYMO_SERVICE, KYMO_QUIET, KYMO_ALLOW_DISK. In a setuid program all are
   ignored. Compiled with KYMO_DISABLE, everything here vanishes. */
#ifndef KYMO_H
#define KYMO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define KYMO_VERSION_MAJOR 0
#define KYMO_VERSION_MINOR 1
#define KYMO_VERSION_PATCH 0

#ifdef __cplusplus
#define KYMO_BEGIN_DECLS extern "C" {
#define KYMO_END_DECLS }
#else
#define KYMO_BEGIN_DECLS
#define KYMO_END_DECLS
#endif

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

/* ---- kinds and limits -------------------------------------------------- */

enum kymo_kind {
	KYMO_KIND_COUNTER = 1,       /* only goes up; unsigned integers */
	KYMO_KIND_UPDOWN = 2,        /* goes up and down, e.g. in flight */
	KYMO_KIND_FLOAT_COUNTER = 3, /* only goes up; doubles */
	KYMO_KIND_GAUGE = 4,         /* a reading; signed integers */
	KYMO_KIND_FLOAT_GAUGE = 5,   /* a reading; doubles */
	KYMO_KIND_MAX = 6,           /* largest of the last window */
	KYMO_KIND_MIN = 7,
	KYMO_KIND_HISTOGRAM = 8,
	KYMO_KIND_SUMMARY = 9,       /* a histogram shown as quantiles */
	KYMO_KIND_INFO = 10,         /* labels are the value; always 1 */
	KYMO_KIND_TEXT = 11,         /* a short text */
	KYMO_KIND_STATE_SET = 12,    /* which of up to 64 states hold */
	KYMO_KIND_HEALTH = 13,       /* what a component says of itself */
};

/* How a gauge of several processes of one service becomes one number. */
enum kymo_agg {
	KYMO_AGG_LAST = 0, /* the youngest process' */
	KYMO_AGG_SUM = 1,
	KYMO_AGG_MAX = 2,
	KYMO_AGG_MIN = 3,
	KYMO_AGG_EACH = 4, /* one series a process, label pid */
};

/* Longer ones are cut (at a whole UTF-8 character) and counted as bad calls;
   names that break the grammar are refused. */
#define KYMO_NAME_BYTES_MAX 200  /* [a-zA-Z_][a-zA-Z0-9_]*, not __* in labels */
#define KYMO_HELP_BYTES_MAX 1024
#define KYMO_VALUE_BYTES_MAX 1024
#define KYMO_LABEL_MAX 16
#define KYMO_STATE_MAX 64
#define KYMO_SERIES_MAX_DEFAULT 256 /* a family, overflow series besides */

/* ---- handles ----------------------------------------------------------- */

struct kymo_family { uint32_t id_; };
struct kymo_counter { uint32_t off_; };
struct kymo_updown { uint32_t off_; };
struct kymo_float_counter { uint32_t off_; };
struct kymo_gauge { uint32_t off_; };
struct kymo_float_gauge { uint32_t off_; };
struct kymo_max { uint32_t off_, window_s_; };
struct kymo_min { uint32_t off_, window_s_; };
struct kymo_histogram { uint32_t idx_, lo_; uint16_t cnt_, down_, sample_n_; int16_t exp_; };
struct kymo_timer { struct kymo_histogram h_; };
struct kymo_text { uint32_t off_; };
struct kymo_state_set { uint32_t off_; uint32_t cnt_; };
struct kymo_health { uint32_t off_; };
struct kymo_span_name { uint32_t id_; uint32_t sample_n_; };

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

enum kymo_span_status { KYMO_SPAN_UNSET = 0, KYMO_SPAN_OK = 1, KYMO_SPAN_ERROR = 2 };
enum kymo_severity { KYMO_DEBUG = 1, KYMO_INFO = 2, KYMO_WARN = 3, KYMO_ERROR = 4, KYMO_FATAL = 5 };
enum kymo_health_state {
	KYMO_HEALTH_UNKNOWN = 0,
	KYMO_HEALTH_OK = 1,
	KYMO_HEALTH_STARTING = 2,
	KYMO_HEALTH_DEGRADED = 3,
	KYMO_HEALTH_FAILING = 4,
};

/* One KYMO_LOG in the source; made by the macro. */
struct kymo_log_site {
	const char *format;
	uint32_t id;
	uint8_t severity, arg_cnt;
	char types[16];
};

/* kymo_desc describes a family. Fields left zero take the default. */
struct kymo_desc {
	uint32_t size_bytes;     /* sizeof(struct kymo_desc) */
	enum kymo_kind kind;
	const char *name;        /* counters may end in _total; the unit is added if missing */
	const char *help;        /* one sentence */
	const char *unit;        /* base unit: "seconds", "bytes"; NULL: from the name */
	const char *component;   /* NULL: "" */
	const char *const *label_keys;
	uint32_t label_cnt;      /* 0 to KYMO_LABEL_MAX */
	const char *const *states; /* KYMO_KIND_STATE_SET */
	uint32_t state_cnt;
	enum kymo_agg agg;       /* gauges, max and min (those default to their own) */
	int exponent;            /* -18 to 18: unit = recorded integer * 10^exponent */
	int scale;               /* histograms: 1 to 6: 2^scale buckets an octave; 0: 4.
	                            -1: one bucket an octave. Half a bucket, the error of
	                            a quantile without interpolation, is 2.2 % at 4 */
	uint64_t lo, hi;         /* histograms: recorded values apart from "under" and
	                            "over", widened to powers of two; 0: 1 to 2^31, and for
	                            exponent -9 128 ns to 275 s (one page at scale 4) */
	uint32_t series_max;     /* label sets before the overflow series */
	uint32_t peak_window_s;  /* max, min: seconds, 0: 30 */
};

struct kymo_options {
	uint32_t size_bytes;      /* sizeof(struct kymo_options) */
	uint32_t thread_cnt_max;  /* 0: 255; more threads share one slow slot */
	const char *service;      /* NULL: KYMO_SERVICE, else the program's name */
	const char *dir;          /* NULL: KYMO_DIR, /run/kymo, XDG_RUNTIME_DIR, /dev/shm */
	uint64_t region_bytes_max; /* 0: 64 MiB of address space, sparse */
};

struct kymo_status {
	uint32_t size_bytes; /* sizeof(struct kymo_status), set by the caller */
	int state;           /* 1: visible in path; 0: nothing recorded yet;
	                        -1: private memory, nobody can read it; -2: off */
	const char *why;     /* a sentence when state is negative, else "" */
	char path[256];
	uint64_t region_bytes; /* memory in use for it */
	uint64_t err_full, err_cardinality, err_slots, err_ring, err_badcall, slow_calls;
};

/* ---- what an inlined record touches (frozen by the soname) -------------- */

#define KYMO_HIST_MAX_ 4096

struct kymo_tls_ {
	char *window;  /* this slot's counters; NULL: take the slow path */
	char *shared;  /* cells of the whole process */
	void *ring, *spans;
	uint64_t rng;
	uint64_t span_seq, exemplar_ns;
	uint32_t slot, sample_left;
	uint64_t *hist[KYMO_HIST_MAX_];
};

/* Boundaries of 64 buckets an octave (exact, upper-inclusive, as OpenTelemetry
   and Prometheus native histograms have them): bound[i] is the mantissa of
   2^(i/64) as a double, rounded down; start[t] the bucket where mantissas whose
   top 7 bits are t begin. Coarser scales are this index shifted right. */
struct kymo_buckets_ {
	uint64_t bound[65];
	uint8_t start[128];
};

#ifdef __cplusplus
#define KYMO_THREAD_ __thread
#else
#define KYMO_THREAD_ __thread
#endif

KYMO_BEGIN_DECLS

#ifndef KYMO_DISABLE

extern KYMO_API KYMO_THREAD_ struct kymo_tls_ *kymo_tls_
	__attribute__((tls_model(KYMO_TLS_MODEL)));
extern KYMO_API const struct kymo_buckets_ kymo_buckets_;

/* The cold half of each record; not for direct use. */
KYMO_API void kymo_slow_add_(uint32_t off, uint64_t n) __attribute__((cold));
KYMO_API void kymo_slow_float_add_(uint32_t off, double n) __attribute__((cold));
KYMO_API void kymo_slow_gauge_(uint32_t off, int op, uint64_t bits) __attribute__((cold));
KYMO_API void kymo_slow_peak_(uint32_t off, uint32_t window_s, int is_min, double v) __attribute__((cold));
KYMO_API void kymo_slow_hist_(struct kymo_histogram h, uint64_t v) __attribute__((cold));
KYMO_API void kymo_bad_call_(int what) __attribute__((cold));
KYMO_API uint64_t kymo_slow_timer_start_(struct kymo_histogram h);

/* ---- life --------------------------------------------------------------- */

/* kymo_init names the service and makes the region now rather than at the
   first record. Optional; call it early in main. A second call with another
   name is a bad call. Returns 0, or -1 if nobody can read this process'
   metrics (kymo_status tells why); the program need not care. */
KYMO_API int kymo_init(const char *service);
KYMO_API int kymo_init_with(const struct kymo_options *options);

/* kymo_thread_prepare makes all that this thread needs to record any series
   registered so far without a slow call: before entering a sandbox, a
   real-time loop or a signal handler. Returns 0, or -1 if something found no
   room (its records go to shared cells). */
KYMO_API int kymo_thread_prepare(void);

/* kymo_status fills status. Not from signal handlers. */
KYMO_API void kymo_status(struct kymo_status *status);

/* kymo_heartbeat says that the program's main loop turns. */
KYMO_API void kymo_heartbeat(void);

/* ---- families and series ------------------------------------------------ */

/* kymo_family registers a family, or finds it if an equal one is there.
   desc, and all it points to, is copied. A different redefinition is a bad
   call and returns the zero handle, as does a bad name.
   kymo_NEW below register a family without labels and return its series. */
KYMO_API struct kymo_family kymo_family(const struct kymo_desc *desc);

/* kymo_KIND_at returns the series of family with these label values, in the
   order of its keys; made at the first call, looked up after (no lock: about
   25 ns), so keep the handle where the values are fixed. NULL is "". Where
   the family is full: its overflow series, whose labels are all empty but
   for kymo_overflow="true". A family of another kind, or a wrong value_cnt,
   is a bad call and gives the zero handle. */
KYMO_API struct kymo_counter kymo_counter_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_updown kymo_updown_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_float_counter kymo_float_counter_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_gauge kymo_gauge_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_float_gauge kymo_float_gauge_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_max kymo_max_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_min kymo_min_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_histogram kymo_histogram_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_text kymo_text_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_state_set kymo_state_set_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);
KYMO_API struct kymo_health kymo_health_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);

/* kymo_info_at makes one series of an info family: its labels are what it
   says (version, commit, build). It cannot be taken back. */
KYMO_API void kymo_info_at(struct kymo_family f, uint32_t value_cnt, const char *const *values);

/* kymo_span_name and kymo_log_register_: what spans and logs refer to. */
KYMO_API struct kymo_span_name kymo_span_name(const char *component, const char *name);

/* ---- records that are calls --------------------------------------------- */

/* kymo_text_set: at most 256 different texts a process; then "overflow". */
KYMO_API void kymo_text_set(struct kymo_text t, const char *text);

/* kymo_health_report: what a component says of itself; reason may be NULL.
   After ttl_ms without another report the reader says unknown; 0: never.
   Not from signal handlers. */
KYMO_API void kymo_health_report(struct kymo_health h, enum kymo_health_state state, const char *reason, uint64_t ttl_ms);

/* kymo_histogram_exemplar keeps (value, trace) as an example of where value
   falls, at most ten a second and thread; trace NULL: the open span's. It
   does not record value. */
KYMO_API void kymo_histogram_exemplar(struct kymo_histogram h, uint64_t value, const struct kymo_trace *trace);

/* kymo_span_begin starts a span: a child of parent, or of the thread's open
   span if parent is NULL, or a new trace. kymo_span_end, by the same thread,
   innermost first, keeps it in the thread's ring. The 16 innermost are
   visible in a dead process' region. A span whose begin is sampled out
   still has valid ids. */
KYMO_API void kymo_span_begin(struct kymo_span *span, struct kymo_span_name name, const struct kymo_trace *parent);
KYMO_API void kymo_span_end(struct kymo_span *span, enum kymo_span_status status);

/* kymo_trace_parse reads a traceparent header ("00-32hex-16hex-2hex").
   Returns 0, or -1 and zeros if text is none. kymo_trace_format writes the 55
   characters and a NUL. Neither touches the region. */
KYMO_API int kymo_trace_parse(struct kymo_trace *trace, const char *text);
KYMO_API void kymo_trace_format(const struct kymo_trace *trace, char text[56]);

/* The function behind KYMO_LOG. printf's %d %i %u %x %o %c %p %s %f %e %g %a
   and %% with flags, width, precision, h hh l ll z j t; no * and no %n. The
   arguments are copied, strings up to about 300 bytes in all; formatted by
   the reader. */
KYMO_API void kymo_log_(struct kymo_log_site *site, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- records, inlined ---------------------------------------------------- */

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

	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
#endif
}

/* kymo_counter_add adds n, in the recorded integer unit. An n of 2^63 or
   more is a negative number by mistake: a bad call. */
static inline void
kymo_counter_add(struct kymo_counter c, uint64_t n)
{
	char *window = kymo_tls_->window;

	if (KYMO_UNLIKELY_(n > INT64_MAX)) {
		kymo_bad_call_(1);
		return;
	}
	if (KYMO_UNLIKELY_(!window)) {
		kymo_slow_add_(c.off_, n);
		return;
	}
	kymo_cell_add_(window + c.off_, n);
}

static inline void
kymo_inc(struct kymo_counter c)
{
	kymo_counter_add(c, 1);
}

/* kymo_updown_add adds n, which may be negative. */
static inline void
kymo_updown_add(struct kymo_updown u, int64_t n)
{
	char *window = kymo_tls_->window;

	if (KYMO_UNLIKELY_(!window)) {
		kymo_slow_add_(u.off_, (uint64_t)n);
		return;
	}
	kymo_cell_add_(window + u.off_, (uint64_t)n);
}

/* kymo_float_counter_add adds n >= 0. Negative, infinite or NaN: a bad call.
   Prefer an integer counter in a smaller unit with an exponent. */
static inline void
kymo_float_counter_add(struct kymo_float_counter c, double n)
{
	char *window = kymo_tls_->window;
	double sum;
	uint64_t bits;

	if (KYMO_UNLIKELY_(!(n >= 0 && n <= 1.7976931348623157e308) || !c.off_)) {
		kymo_bad_call_(2);
		return;
	}
	if (KYMO_UNLIKELY_(!window)) {
		kymo_slow_float_add_(c.off_, n);
		return;
	}
	bits = __atomic_load_n((uint64_t *)(void *)(window + c.off_), __ATOMIC_RELAXED);
	memcpy(&sum, &bits, sizeof(sum));
	sum += n;
	memcpy(&bits, &sum, sizeof(bits));
	__atomic_store_n((uint64_t *)(void *)(window + c.off_), bits, __ATOMIC_RELAXED);
}

/* kymo_gauge_set stores a reading; the last store of any thread stands.
   INT64_MIN takes the reading back: the series has no value. */
static inline void
kymo_gauge_set(struct kymo_gauge g, int64_t value)
{
	char *shared = kymo_tls_->shared;

	if (KYMO_UNLIKELY_(!shared)) {
		kymo_slow_gauge_(g.off_, 0, (uint64_t)value);
		return;
	}
	__atomic_store_n((uint64_t *)(void *)(shared + g.off_), (uint64_t)value, __ATOMIC_RELAXED);
}

/* kymo_gauge_add adds to the reading (0 if it had none), lock-prefixed: for
   what is touched by many threads often, an updown is cheaper. */
static inline void
kymo_gauge_add(struct kymo_gauge g, int64_t n)
{
	char *shared = kymo_tls_->shared;
	uint64_t *cell = (uint64_t *)(void *)(shared + g.off_);

	if (KYMO_UNLIKELY_(!shared ||
			   __atomic_load_n(cell, __ATOMIC_RELAXED) == (uint64_t)INT64_MIN)) {
		kymo_slow_gauge_(g.off_, 1, (uint64_t)n);
		return;
	}
	__atomic_fetch_add(cell, (uint64_t)n, __ATOMIC_RELAXED);
}

/* kymo_float_gauge_set: NaN takes the reading back; infinities are readings. */
static inline void
kymo_float_gauge_set(struct kymo_float_gauge g, double value)
{
	char *shared = kymo_tls_->shared;
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (KYMO_UNLIKELY_(!shared || value != value)) {
		kymo_slow_gauge_(g.off_, 2, bits);
		return;
	}
	__atomic_store_n((uint64_t *)(void *)(shared + g.off_), bits, __ATOMIC_RELAXED);
}

/* kymo_float_gauge_add: a compare-and-swap loop; NaN is a bad call. */
static inline void
kymo_float_gauge_add(struct kymo_float_gauge g, double n)
{
	uint64_t bits;

	memcpy(&bits, &n, sizeof(bits));
	kymo_slow_gauge_(g.off_, 3, bits);
}

/* kymo_max_record and kymo_min_record: shown is the extreme of at least the
   last and at most the last two windows of peak_window_s. Nine significant
   digits (exact for integers up to 2^29). NaN is a bad call. One coarse clock. */
static inline void
kymo_max_record(struct kymo_max m, double value)
{
	kymo_slow_peak_(m.off_, m.window_s_, 0, value);
}

static inline void
kymo_min_record(struct kymo_min m, double value)
{
	kymo_slow_peak_(m.off_, m.window_s_, 1, value);
}

/* kymo_histogram_record counts value, in the recorded integer unit (bytes,
   ns). 0 counts as zero; below the family's range as under, above as over;
   2^63 and more is a negative number by mistake: a bad call. The bucket is
   stored before the sum: a kill between them leaves the sum one short.
   Sampled, a record weighs n and is made one time in n. */
static inline void
kymo_histogram_record(struct kymo_histogram h, uint64_t value)
{
	uint64_t *cells = kymo_tls_->hist[h.idx_];
	double d = (double)(int64_t)value;
	uint64_t bits, mantissa;
	uint32_t k, i;

	memcpy(&bits, &d, sizeof(bits));
	bits -= 1; /* boundaries belong to the bucket below */
	mantissa = bits & 0xfffffffffffffull;
	k = kymo_buckets_.start[mantissa >> 45];
	k += mantissa >= kymo_buckets_.bound[k + 1];
	i = (((uint32_t)(bits >> 52) << 6) + k - h.lo_) >> h.down_;
	if (KYMO_UNLIKELY_(!cells || i >= h.cnt_)) {
		kymo_slow_hist_(h, value);
		return;
	}
	kymo_cell_add_(&cells[3 + i], 1);
	kymo_cell_add_(&cells[0], value);
}

/* kymo_histogram_observe records value in the base unit (seconds, bytes),
   rounded to the recorded integer. NaN and negatives: a bad call; +Inf counts
   as over with no part in the sum. */
KYMO_API void kymo_histogram_observe(struct kymo_histogram h, double value);

/* kymo_now_ns is the clock of timers and events: CLOCK_MONOTONIC. */
static inline uint64_t
kymo_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* kymo_timer_start gives the time for kymo_timer_stop, which records the
   difference and returns it in ns. Any number may run at once, in any
   thread. A start that is sampled out gives 0, and its stop does nothing. */
static inline uint64_t
kymo_timer_start(struct kymo_timer t)
{
	if (KYMO_UNLIKELY_(t.h_.sample_n_ != 1))
		return kymo_slow_timer_start_(t.h_);
	return kymo_now_ns();
}

KYMO_API uint64_t kymo_slow_timer_stop_(struct kymo_histogram h, uint64_t start_ns);

static inline uint64_t
kymo_timer_stop(struct kymo_timer t, uint64_t start_ns)
{
	uint64_t took_ns;

	if (KYMO_UNLIKELY_(t.h_.sample_n_ != 1 || !start_ns))
		return kymo_slow_timer_stop_(t.h_, start_ns);
	took_ns = kymo_now_ns() - start_ns;
	kymo_histogram_record(t.h_, took_ns);
	return took_ns;
}

/* kymo_state_set_on and _off change one state, kymo_state_set_be makes it the
   only one. A state beyond the family's is a bad call. */
KYMO_API void kymo_state_set_on(struct kymo_state_set s, uint32_t state);
KYMO_API void kymo_state_set_off(struct kymo_state_set s, uint32_t state);
KYMO_API void kymo_state_set_be(struct kymo_state_set s, uint32_t state);

#endif /* !KYMO_DISABLE */

KYMO_END_DECLS

#endif
