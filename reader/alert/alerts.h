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
/* What a file has, to be looked at while somebody else may write it: what is put
   is forgotten. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_store_read(
    struct kymo_alerts_store *store, const char *path,
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
   is left out, and kymo_alerts_left_out_cnt counts it. -1: no memory; the pass is
   none then, and nothing ends by it. */
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
/* Finds out who is muted at this time, as a step does, and says nothing: for one
   that is only looked at. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_alerts_look(
    struct kymo_alerts *alerts, int64_t now_ms, struct kymo_error *error);
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
	/* Told, not asked: what matchers says, and when it was said last. */
	const struct kymo_matcher *matcher_list;
	uint32_t matcher_cnt;
	int64_t updated_ms;
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

/* The same of alerts that were seen before (kymo_alerts_walk), by their labels:
   those of them that fire still. */
KYMO_READER_API int kymo_alerts_ack_these(struct kymo_alerts *alerts,
    struct kymo_labels *const *labels, uint32_t label_cnt, const char *who,
    const char *comment, int64_t until_ms, int64_t now_ms,
    struct kymo_error *error);

/* ---- what is known ---------------------------------------------------------------------- */

enum kymo_muted_by {
	KYMO_MUTED_NOT,
	KYMO_MUTED_RULE, /* depends_on of its rule */
	KYMO_MUTED_SILENCE,
	KYMO_MUTED_INHIBITED,
	KYMO_MUTED_DEPENDENCY,
	KYMO_MUTED_MAINTENANCE
};

/* What was decided of an alert, and when. */
struct kymo_alert_decision {
	int64_t at_ms;
	const char *text;
};

/* What comes next of an alert that is in a group. */
struct kymo_alert_next {
	const char *to;   /* a way to a receiver; "": a step of an escalation */
	const char *what; /* "a first message", "again" .. */
	int64_t at_ms;    /* 0: when something else happens, as what says */
	bool told;        /* to knows that it fires */
};

/* Alerts of a group are said together. */
struct kymo_alert_in {
	const char *key;      /* the group's own */
	const char *receiver; /* "": of a route that is gone */
	const struct kymo_labels *labels;
	const char *held; /* the time interval that holds it back; "" */
};

struct kymo_alert_view {
	const struct kymo_labels *labels;
	const struct kymo_label *annotations;
	uint32_t annotation_cnt;
	enum kymo_alert_state state;
	bool flapping; /* counts as firing, whatever state says */
	int64_t active_ms, starts_ms, ends_ms; /* 0: not */
	double value;
	const char *muted; /* why nothing is said of it; "" */
	enum kymo_muted_by muted_by;
	const char *silence; /* the one that mutes it; "" */
	const struct kymo_labels *inhibitor; /* the alert that does; NULL */
	const char *acknowledged; /* by whom; "" */
	const char *ack_comment;
	int64_t ack_ms, ack_until_ms; /* until 0: until it ends */
	const struct kymo_alert_decision *decisions; /* the last 32 */
	uint32_t decision_cnt;
	const struct kymo_alert_next *nexts;
	uint32_t next_cnt;
	const struct kymo_alert_in *groups; /* also while its end is to be said */
	uint32_t group_cnt;
};
/* Calls each for every alert that is known, in no order, or those that match
   (matchers NULL: all); what comes next is as of now_ms. What it gets lives
   during the call. Stops when each returns nonzero, and returns that; -1 with
   error set: the matchers are none, or there is no memory. */
KYMO_READER_API int kymo_alerts_list(const struct kymo_alerts *alerts,
    const char *matchers, int64_t now_ms, int (*each)(void *to,
    const struct kymo_alert_view *view), void *to, struct kymo_error *error);

/* The same piece by piece, for one who must not have the engine for long:
   others may use it between two calls, or another engine be in its place that
   took over what is known. kymo_alerts_walk calls each for some from *at on (0:
   the first ones), with what is known at once: not what mutes it, its decisions,
   groups and what comes next. Returns 0: these were the last; 1: each returned
   nonzero, and *at is where to go on, a few calls later. Alerts that are there
   all the time are seen once. */
KYMO_READER_API int kymo_alerts_walk(const struct kymo_alerts *alerts,
    uint64_t *at, int (*each)(void *to, const struct kymo_alert_view *view),
    void *to);
/* Calls each for the alert with these labels, if there is one, with all. Returns
   what it returned, or 0; -1 with error set: no memory. */
KYMO_READER_API int kymo_alerts_one(const struct kymo_alerts *alerts,
    const struct kymo_labels *labels, int64_t now_ms, int (*each)(void *to,
    const struct kymo_alert_view *view), void *to, struct kymo_error *error);

/* Matchers as a list; text as in a configuration. Deleted by
   kymo_matcher_list_delete. NULL: error says what is wrong, and where. */
struct kymo_matcher_list;
KYMO_READER_API KYMO_MUST_CHECK struct kymo_matcher_list *
kymo_matcher_list_new(const char *text, struct kymo_error *error);
KYMO_READER_API void kymo_matcher_list_delete(struct kymo_matcher_list *list);
KYMO_READER_API const struct kymo_matcher *kymo_matcher_list_at(
    const struct kymo_matcher_list *list, uint32_t *cnt);

/* Appends, for each alert that matches, what was decided of it and why, the
   last 32 decisions, and what will happen next. Returns how many; -1. */
KYMO_READER_API int kymo_alerts_why(const struct kymo_alerts *alerts,
    const char *matchers, int64_t now_ms, struct kymo_buffer *out,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
