/* SPDX-License-Identifier: MIT */
/* Health: what each component is, why, since when; which one is the root of what
   fails; and what is done about it. docs/health.md is for users.

   A component is named by the configuration, or by a program that reports itself
   (kymo_health_report). Its state is the worst of what is known of it: its own
   report, its checks, and how it compares to its own past.

     failing > degraded > unknown > starting > ok

   A check is believed after so many results in a row; one that could not look is
   unknown, not bad. What depends on a failing component, directly or not, hangs
   on it: it is named as the root, and nothing is done about what hangs.

   Nothing here waits, and time is a parameter. Looking and acting come in by
   functions (struct kymo_care_world); reader/health/probe.h has those that use
   the network and programs.

   Threads  one at a time.
   Errors   0, or -1 and *error. */
#ifndef KYMO_READER_HEALTH_H
#define KYMO_READER_HEALTH_H

#include "reader/buffer.h"
#include "reader/config/care.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_care;

#define KYMO_REASON_BYTES 200u

enum kymo_look {
	KYMO_LOOK_GOOD = 1,
	KYMO_LOOK_BAD = 2,
	KYMO_LOOK_UNKNOWN = 3 /* it could not be looked at, or acted on */
};

struct kymo_looked {
	enum kymo_look result;
	double seconds;          /* that it took; negative: nothing that takes time */
	double certificate_days; /* left; NaN: there is none */
	char reason[KYMO_REASON_BYTES]; /* of all but good */
};

/* look and act answer at once, by returning 1 and filling *now, or return 0, and
   kymo_care_looked comes later with the same ticket. The last two may be told of
   a ticket that has answered. Never called by kymo_care_looked. */
struct kymo_care_world {
	void *of;
	int (*look)(void *of, uint64_t ticket, const struct kymo_check *check,
	    struct kymo_looked *now);
	int (*act)(void *of, uint64_t ticket, const char *component,
	    const struct kymo_action *action, struct kymo_looked *now);
	/* True: it was not begun yet, so nothing of it is known. */
	bool (*give_up)(void *of, uint64_t ticket);
	/* A line for the log; level as in config.h (1 info, 2 warning). */
	void (*say)(void *of, int level, const char *text);
};

struct kymo_care_options {
	struct kymo_care_world world;
	/* Attempts are written down before they are made: who makes them sees to
	   kymo_care_save and kymo_care_saved. */
	bool durable;
	uint64_t stale_ns; /* an older scan says nothing any more */
	/* Ours: its programs' word counts for each component, as root's does;
	   who else's does, the plan says (reader/config/care.h). */
	uint32_t uid;
};

/* ---- making, changing ------------------------------------------------------ */

/* plans are taken over, also on failure: each, and the array. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_care_new(struct kymo_care **care,
    const struct kymo_care_options *options, struct kymo_care_plan **plans,
    uint32_t plan_cnt, struct kymo_error *error);
/* Other plans: what has not changed goes on as it is. On failure nothing has
   changed. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_care_change(struct kymo_care *care,
    struct kymo_care_plan **plans, uint32_t plan_cnt,
    struct kymo_error *error);
KYMO_READER_API void kymo_care_delete(struct kymo_care *care);

/* ---- what comes in --------------------------------------------------------- */

/* now_ns is CLOCK_MONOTONIC, now_ms CLOCK_REALTIME; both as of now. */
KYMO_READER_API void kymo_care_step(struct kymo_care *care, uint64_t now_ns,
    int64_t now_ms);
/* When it wants to be stepped next, at the latest. */
KYMO_READER_API uint64_t kymo_care_next_ns(const struct kymo_care *care);
/* A new scan: reports, processes, heartbeats, latencies, errors. */
KYMO_READER_API void kymo_care_scan(struct kymo_care *care,
    const struct kymo_scan *scan, uint64_t now_ns);
KYMO_READER_API void kymo_care_looked(struct kymo_care *care, uint64_t ticket,
    const struct kymo_looked *looked);
/* Something else knows that a component is worse than it was (detection): it is
   at least degraded, for that reason, in words as a person reads them ("latency
   never this high in 3 days"; cut to KYMO_REASON_BYTES), until until_ns, of the
   clock of now_ns above. So who says it says it again while it is so, and what
   nobody repeats is over; saying it again also changes the reason. NULL: over
   now. One voice: the last that spoke. False: there is no such component, now;
   it may come with a reload, or report itself. */
KYMO_READER_API bool kymo_care_degraded(struct kymo_care *care,
    const char *component, const char *reason, uint64_t until_ns);

/* ---- what is known --------------------------------------------------------- */

struct kymo_care_check {
	const char *name;
	enum kymo_check_kind kind;
	const char *what; /* that is looked at: for people */
	enum kymo_condition state;
	const char *reason;
	uint64_t good_cnt, bad_cnt, unknown_cnt;
	double seconds, certificate_days; /* NaN: not known, none */
};

enum kymo_remedy {
	KYMO_REMEDY_NONE = 0,    /* nothing is to be done, or may be */
	KYMO_REMEDY_WAITING = 1, /* after:, backoff, or the hour's budget */
	KYMO_REMEDY_ACTING = 2,
	KYMO_REMEDY_VERIFYING = 3
};

struct kymo_care_status {
	const char *component;
	enum kymo_condition state;
	const char *reason; /* "" where there is nothing to say */
	int64_t since_ms;   /* realtime */
	const char *root;   /* on what it hangs; NULL: on nothing */
	bool reported;      /* by itself */
	const char *refused; /* a report that does not count, and why; "" none */
	const struct kymo_care_check *checks;
	uint32_t check_cnt;
	const char *const *depends_on;
	uint32_t depends_on_cnt;
	bool may_recover;
	enum kymo_remedy remedy;
	bool escalated; /* the attempts of an hour did not help */
	const char *remedy_note;
	uint64_t attempts, successes;
	double recover_seconds, last_recover_seconds; /* all; the last; NaN none */
};

/* Calls each for every component, those of the configuration first; stops when
   it returns nonzero, and returns that. */
KYMO_READER_API int kymo_care_status(struct kymo_care *care,
    int (*each)(void *to, const struct kymo_care_status *status), void *to);
/* kymo_component_*: between kymo_model_begin and kymo_model_end. */
KYMO_READER_API void kymo_care_ingest(struct kymo_care *care,
    struct kymo_model *model);
/* "ok", "failing" .. and "http", "tcp" .. */
KYMO_READER_API const char *kymo_condition_name(enum kymo_condition state);
KYMO_READER_API const char *kymo_check_kind_name(enum kymo_check_kind kind);

/* ---- what outlives us ------------------------------------------------------- */

/* What recovery counts, and the past that components are compared to.
   kymo_care_save appends what is to be kept and returns true, if there is
   anything new (of the past: each five minutes, or kymo_care_keep asks for it, as
   at the end); kymo_care_saved tells that it is kept: attempts wait for that.
   kymo_care_restore, before the first step, reads it, as of realtime now_ms: a
   past of more than a day ago, of something else or out of bounds is left out;
   -1: the text is damaged, and nothing was taken. */
KYMO_READER_API void kymo_care_keep(struct kymo_care *care);
KYMO_READER_API bool kymo_care_save(struct kymo_care *care,
    struct kymo_buffer *out);
KYMO_READER_API void kymo_care_saved(struct kymo_care *care);
KYMO_READER_API KYMO_MUST_CHECK int kymo_care_restore(struct kymo_care *care,
    const char *text, size_t len_bytes, int64_t now_ms,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
