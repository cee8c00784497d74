/* SPDX-License-Identifier: MIT */
/* Alerts after the rules: grouped, muted where somebody said so, acknowledged,
   and handed on as notices, each once. What was said to whom outlives us, and
   every decision is kept with its reason. Time is what whoever steps says it
   is: the same passes at the same times give the same notices, so that kept
   history can be played again. docs/alerting.md has what each word means. */
#ifndef KYMO_READER_ALERTS_H
#define KYMO_READER_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/alert/routing.h"
#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/rules/rules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- notices ---------------------------------------------------------------------- */

struct kymo_notice_alert {
	const struct kymo_labels *labels;
	const struct kymo_label *annotations;
	uint32_t annotation_cnt;
	bool firing; /* else resolved */
	bool acknowledged;
	bool flapping; /* it comes and goes: it counts as firing meanwhile */
	int64_t starts_ms, ends_ms; /* since 1970; ends_ms 0: not ended */
	double value;
};

enum kymo_notice_why {
	KYMO_NOTICE_NEW,      /* an alert that was not said yet */
	KYMO_NOTICE_RESOLVED, /* one that was said is no more */
	KYMO_NOTICE_REPEAT,   /* as often as repeat_interval says */
	KYMO_NOTICE_ESCALATED /* a step of an escalation */
};

struct kymo_notice {
	const struct kymo_integration *to;
	const char *group_key; /* the same for all notices of a group */
	const struct kymo_labels *group_labels;
	const struct kymo_notice_alert *alerts; /* firing ones first */
	uint32_t alert_cnt;
	enum kymo_notice_why why;
	int64_t at_ms;
};

/* ---- where states are kept ---------------------------------------------------------- */

/* Rows of a key and a text each. All between begin and commit is kept, or
   nothing of it. */
struct kymo_alerts_store {
	void *of;
	int (*begin)(void *of, struct kymo_error *error);
	int (*commit)(void *of, struct kymo_error *error);
	void (*rollback)(void *of);
	/* text NULL: the row is to be forgotten. */
	int (*put)(void *of, char kind, const char *key, const char *text,
	    struct kymo_error *error);
	int (*load)(void *of, int (*each)(void *to, char kind, const char *key,
	    const char *text), void *to, struct kymo_error *error);
};

/* kymo_alerts_store_open: a table alert_state in the SQLite file path; others
   there stay as they are. kymo_alerts_store_on: the same on a connection of
   somebody else's, which outlives the store; so that a notice can be written
   in the transaction that notes that it was. */
struct sqlite3;
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_store_open(
    struct kymo_alerts_store *store, const char *path,
    struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_store_on(
    struct kymo_alerts_store *store, struct sqlite3 *db,
    struct kymo_error *error);
KYMO_READER_API void kymo_alerts_store_close(struct kymo_alerts_store *store);

/* ---- the engine ----------------------------------------------------------------------- */

struct kymo_alerts;

/* What notify may answer, besides -1: not now (an outbox is full). It is asked
   again a second later. */
#define KYMO_NOTICE_LATER 1

struct kymo_alerts_options {
	const struct kymo_routing *routing;    /* outlives the engine */
	const struct kymo_alerts_store *store; /* NULL: states end with us */
	/* Takes a notice, within the store's transaction. 0: it is taken, and
	   counts as said once the step is committed. -1 with error set: the
	   step is undone. What it gets lives during the call. */
	int (*notify)(void *of, const struct kymo_notice *notice,
	    struct kymo_error *error);
	void *of;
};

/* kymo_alerts_new takes up what the store has. Threads: one uses an engine. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_new(struct kymo_alerts **alerts,
    const struct kymo_alerts_options *options, struct kymo_error *error);
KYMO_READER_API void kymo_alerts_delete(struct kymo_alerts *alerts);

/* A pass of the rules: begin, an add for each alert there is (pending and
   resolved ones too, if one likes), and the step ends it. An alert that fired
   and was not added is resolved. Of more than 200,000 alerts at a time the rest
   is left out, and kymo_alerts_left_out_cnt counts it. -1: no memory. */
KYMO_READER_API void kymo_alerts_begin(struct kymo_alerts *alerts);
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_add(struct kymo_alerts *alerts,
    const struct kymo_alert *alert);
/* begin, and an add for all alerts of an engine. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_pass(struct kymo_alerts *alerts,
    struct kymo_rule_engine *engine);

/* kymo_alerts_step does what is to be done at this time, after a pass or
   without one, and returns how many notices were taken. Inhibitions and
   dependencies see all of the pass before anything is said. -1: nothing was
   done, and the store is as it was; what the pass brought comes with the next
   one. */
KYMO_READER_API int kymo_alerts_step(struct kymo_alerts *alerts, int64_t now_ms,
    struct kymo_error *error);
/* When to step again if no pass comes before: at once (0), or INT64_MAX:
   never. */
KYMO_READER_API int64_t kymo_alerts_next_ms(const struct kymo_alerts *alerts);
KYMO_READER_API uint64_t kymo_alerts_left_out_cnt(
    const struct kymo_alerts *alerts);

/* ---- what people say ------------------------------------------------------------------ */

struct kymo_silence {
	const char *id;       /* "": a new one gets one */
	const char *matchers; /* as in a configuration: a="b", c=~"d" */
	int64_t from_ms, until_ms;
	const char *author, *comment;
};
#define KYMO_SILENCE_ID_BYTES 24u

/* kymo_alerts_silence adds a silence, or changes the one that has the id; id
   (KYMO_SILENCE_ID_BYTES) gets it. Takes effect with the next step. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_silence(
    struct kymo_alerts *alerts, const struct kymo_silence *silence, char *id,
    struct kymo_error *error);
/* Ends it now; -1: there is none, or it has ended. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_silence_end(
    struct kymo_alerts *alerts, const char *id, int64_t now_ms,
    struct kymo_error *error);
/* Calls each for all, ended ones of the last five days too. Stops when each
   returns nonzero, and returns that. */
KYMO_READER_API int kymo_alerts_silences(const struct kymo_alerts *alerts,
    int (*each)(void *to, const struct kymo_silence *silence), void *to);

/* kymo_alerts_ack: somebody takes care of the firing alerts that match, until
   they resolve (or until_ms, not 0): they are not repeated. who NULL: nobody
   does any more. Returns how many; -1: error says why. */
KYMO_READER_API int kymo_alerts_ack(struct kymo_alerts *alerts,
    const char *matchers, const char *who, const char *comment,
    int64_t until_ms, int64_t now_ms, struct kymo_error *error);

/* ---- what is known ---------------------------------------------------------------------- */

struct kymo_alert_view {
	const struct kymo_labels *labels;
	const struct kymo_label *annotations;
	uint32_t annotation_cnt;
	enum kymo_alert_state state;
	int64_t active_ms, starts_ms, ends_ms; /* 0: not */
	double value;
	const char *muted; /* why nothing is said of it; "" */
	const char *acknowledged; /* by whom; "" */
};
/* Calls each for every alert that is known, in no order, or those that match
   (matchers NULL: all). Stops when each returns nonzero, and returns that; -1
   with error set: the matchers are none. */
KYMO_READER_API int kymo_alerts_list(const struct kymo_alerts *alerts,
    const char *matchers, int (*each)(void *to,
    const struct kymo_alert_view *view), void *to, struct kymo_error *error);

/* Appends, for each alert that matches, what was decided of it and why, the
   last 32 decisions, and what will happen next. Returns how many; -1. */
KYMO_READER_API int kymo_alerts_why(const struct kymo_alerts *alerts,
    const char *matchers, int64_t now_ms, struct kymo_buffer *out,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
