/* SPDX-License-Identifier: MIT */
/* Rules: what is recorded, and what is alerted of. Prometheus' rule files are
   read as they are; docs/rules.md has what may stand in them besides. */
#ifndef KYMO_READER_RULES_H
#define KYMO_READER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/history/samples.h"
#include "reader/query/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- rule files ---------------------------------------------------------------- */

struct kymo_rules;

/* What an alerting rule is when all of its selectors find nothing. */
enum kymo_no_data {
	KYMO_NO_DATA_OK,     /* as Prometheus: its alerts end */
	KYMO_NO_DATA_ALERT,  /* it alerts of that */
	KYMO_NO_DATA_KEEP,   /* its alerts stay as they are */
	KYMO_NO_DATA_UNKNOWN /* the same, and its health says "no data" */
};

/* A label or an annotation, as written: value is a template. */
struct kymo_rule_text {
	const char *key, *value;
};

struct kymo_rule {
	bool is_alert;
	const char *name; /* of the alert, or the series that is recorded */
	const char *expr;
	const struct kymo_query *query;
	int64_t for_ms, keep_firing_ms;
	bool for_said; /* "for" is there */
	const struct kymo_rule_text *labels, *annotations;
	uint32_t label_cnt, annotation_cnt;
	/* A firing alert ends only when this has a series that agrees with it
	   in all labels it has. NULL: when expr has it no more. */
	const char *resolve_expr;
	const struct kymo_query *resolve_query;
	enum kymo_no_data no_data;
	/* While one of these alerts fires, this one's are inhibited. */
	const char *const *depends_on;
	uint32_t depends_cnt;
	/* An alert that began to fire flap_max times in flap_ms goes on firing
	   until it was quiet for so long. 0: no such care. */
	uint32_t flap_max;
	int64_t flap_ms;
	const char *slo; /* the SLO that it was made of; NULL: none */
	uint32_t line;
	const struct kymo_rule *next;
	const void *private_;
};

struct kymo_rule_group {
	const char *name, *file;
	int64_t interval_ms; /* 0: whoever evaluates knows */
	int64_t offset_ms;   /* -1: whoever evaluates knows */
	uint32_t limit;      /* 0: none */
	const struct kymo_rule_text *labels; /* of each rule that has not its own */
	uint32_t label_cnt;
	const struct kymo_rule *rules;
	uint32_t line;
	const struct kymo_rule_group *next;
};

/* Whoever reads rules hears, line by line ("file:line:column: what"), what is
   wrong and, of lints, what looks wrong. */
struct kymo_rule_faults {
	void (*fault)(void *of, const char *text);
	void *of;
};

/* kymo_rules_load reads files; all that is wrong is told to faults.fault, and
   is an error. -1: *rules is NULL. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rules_load(struct kymo_rules **rules,
    const char *const *paths, uint32_t path_cnt,
    const struct kymo_rule_faults *faults);
/* The same of a text; name stands for the path. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rules_parse(struct kymo_rules **rules,
    const char *name, const char *text, size_t len_bytes,
    const struct kymo_rule_faults *faults);
KYMO_READER_API void kymo_rules_delete(struct kymo_rules *rules);
KYMO_READER_API const struct kymo_rule_group *kymo_rules_groups(
    const struct kymo_rules *rules);
KYMO_READER_API uint32_t kymo_rules_cnt(const struct kymo_rules *rules);

/* What is allowed and looks wrong: a rate over what is no counter, joins that
   cannot find a partner, alerts without "for", rules that are there twice.
   Returns how many. */
KYMO_READER_API uint32_t kymo_rules_lint(const struct kymo_rules *rules,
    const struct kymo_rule_faults *faults);

/* Appends the groups as a rule file. plain: for Prometheus: what it does not
   know is left out, with a comment; SLOs stand as the rules they are. */
KYMO_READER_API void kymo_rules_print(const struct kymo_rules *rules,
    bool plain, struct kymo_buffer *out);

/* The same, plain, and before it the order of a pass and what each rule reads,
   as comments. faults hears of rules that read one another in a circle. -1: no
   memory. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rules_explain(
    const struct kymo_rules *rules, const struct kymo_rule_faults *faults,
    struct kymo_buffer *out);

/* ---- evaluation ---------------------------------------------------------------- */

enum kymo_alert_state {
	KYMO_ALERT_INACTIVE, /* resolved, and remembered for 15 minutes */
	KYMO_ALERT_PENDING,
	KYMO_ALERT_FIRING
};

/* Where results go. append is of a float, or of hist where that is not NULL,
   which lives until rule was called; KYMO_STALE_BITS ends a series. labels stay
   where they are as long as the series lives; *ref is memory for this series
   alone, 0 at first, for an index of the sink's own. What was appended must be
   seen by select before flush returns. Returns -1 with error set when it could
   not be kept. */
struct kymo_rule_sink {
	void *of;
	int (*append)(void *of, const struct kymo_labels *labels, uint64_t *ref,
	    int64_t at_ms, double value, const struct kymo_native_hist *hist,
	    struct kymo_error *error);
	/* All that was appended since the last call is of this rule at this
	   time; it had no more. evaluated is false where that is not known: the
	   rule failed, and what it had goes on. NULL: not wanted. Returns as
	   append. */
	int (*rule)(void *of, const struct kymo_rule_group *group,
	    const struct kymo_rule *rule, int64_t at_ms, bool evaluated,
	    struct kymo_error *error);
	void (*flush)(void *of); /* NULL: append is enough */
};

/* Where alerts' states outlive the process. */
struct kymo_alert_saved {
	const char *rule;   /* the group, "\n", and the alert's name */
	const char *labels; /* as {a="b",..}, of the alert itself */
	bool gone;          /* written: is to be forgotten */
	enum kymo_alert_state state;
	int64_t active_ms, fired_ms, keep_firing_ms, resolved_ms; /* 0: never */
	double value;
};
struct kymo_rule_store {
	void *of;
	/* Calls each for every alert saved; *at_ms: the last write's. */
	int (*load)(void *of, int64_t *at_ms,
	    int (*each)(void *to, const struct kymo_alert_saved *alert),
	    void *to, struct kymo_error *error);
	/* All of it or nothing. */
	int (*write)(void *of, int64_t at_ms,
	    const struct kymo_alert_saved *alerts, uint32_t cnt,
	    struct kymo_error *error);
};

/* kymo_rule_store_open: a store in the SQLite file path (of its own table:
   other tables there stay as they are). */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rule_store_open(
    struct kymo_rule_store *store, const char *path, struct kymo_error *error);
KYMO_READER_API void kymo_rule_store_close(struct kymo_rule_store *store);

struct kymo_rule_options {
	const struct kymo_source *source;
	struct kymo_rule_sink sink;
	const struct kymo_rule_store *store; /* NULL: states end with us */
	int64_t interval_ms; /* of groups without one; 0: 1 minute */
	int64_t offset_ms;   /* of groups without one */
	const struct kymo_labels *external_labels; /* for templates; copied */
	const char *external_url;                  /* for templates; copied */
	/* Groups one after another and rules as they stand in them, as
	   Prometheus has them in tests; else in the order of who reads whom. */
	bool as_written;
	/* Then: groups that come in this order, those not named first. */
	const char *const *group_order;
	uint32_t group_order_cnt;
	struct kymo_query_options query;
	/* The time of the newest scan there is, or INT64_MAX. A group whose
	   last pass saw no older one is not evaluated: nothing is known, so
	   nothing ends. NULL: there always is one. */
	int64_t (*newest_ms)(void *of);
	/* A group is evaluated at no time before this: after a crash the samples
	   before a start lack their last, and an alert would end by one that
	   is long past. NULL: at any. */
	int64_t (*oldest_ms)(void *of);
	void *of;
	/* What detection says of the series with these labels, or of the members
	   of the incident with them, for templates; appends. NULL: nothing. */
	void (*anomaly)(void *of, const struct kymo_label *labels,
	    uint32_t cnt, bool members, struct kymo_buffer *out);
	void *anomaly_of;
};

struct kymo_rule_engine;

/* kymo_rule_engine_new: rules must outlive it. Alerts of the store that rules
   still have are taken up: firing ones fire on; pending ones have as long to
   go as they had when the store was last written. faults hears of rules that
   read one another in a circle. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rule_engine_new(
    struct kymo_rule_engine **engine, const struct kymo_rules *rules,
    const struct kymo_rule_options *options,
    const struct kymo_rule_faults *faults, struct kymo_error *error);
/* Takes over what is known of alerts of the same group, name and labels, for
   a reload; before the first step. */
KYMO_READER_API void kymo_rule_engine_adopt(struct kymo_rule_engine *engine,
    struct kymo_rule_engine *before);
/* Saves, and forgets. */
KYMO_READER_API void kymo_rule_engine_delete(struct kymo_rule_engine *engine);

/* kymo_rule_engine_step evaluates the groups whose time has come (each at the
   last whole multiple of its interval) and returns how many. -1: error has
   what went wrong besides the rules themselves (the store). Nothing an error
   of a rule does ends an alert or begins its "for" anew.
   Threads: one steps; any may ask kymo_rule_engine_status meanwhile. */
KYMO_READER_API int kymo_rule_engine_step(struct kymo_rule_engine *engine,
    int64_t now_ms, struct kymo_error *error);
KYMO_READER_API int64_t kymo_rule_engine_next_ms(
    const struct kymo_rule_engine *engine);
/* All groups at this very time: for tests. */
KYMO_READER_API int kymo_rule_engine_at(struct kymo_rule_engine *engine,
    int64_t at_ms, struct kymo_error *error);

/* ---- what is known of them ----------------------------------------------------- */

enum kymo_rule_health {
	KYMO_RULE_UNKNOWN, /* not evaluated yet */
	KYMO_RULE_OK,
	KYMO_RULE_ERROR,
	KYMO_RULE_NO_DATA
};

struct kymo_alert {
	const struct kymo_labels *labels; /* alertname among them */
	const struct kymo_rule_text *annotations; /* expanded */
	uint32_t annotation_cnt;
	enum kymo_alert_state state;
	bool kept;      /* fires on: keep_firing_for, resolve_expr, flap, no data */
	bool inhibited; /* by depends_on */
	double value;
	int64_t active_ms, fired_ms, keep_firing_ms, resolved_ms; /* 0: not */
};

struct kymo_rule_status {
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;
	enum kymo_rule_health health;
	const char *error; /* "" where there is none */
	int64_t at_ms;     /* last evaluated; 0: never */
	uint64_t took_ns;
	const struct kymo_alert *alerts;
	uint32_t alert_cnt;
};

/* kymo_rule_engine_status calls each for every rule, group by group; what it
   gets lives during the call. Stops when each returns nonzero, and returns
   that; -1 too where there is no memory. */
KYMO_READER_API int kymo_rule_engine_status(struct kymo_rule_engine *engine,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to);

/* The same, but each gets a copy, and passes go on meanwhile: for who writes
   much of it. Rule by rule: of two rules one may be of a later pass. */
KYMO_READER_API int kymo_rule_engine_snapshot(struct kymo_rule_engine *engine,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to);

/* How many alerts are pending and firing after the newest pass. */
KYMO_READER_API void kymo_rule_engine_alert_cnt(
    struct kymo_rule_engine *engine, uint32_t *pending_cnt,
    uint32_t *firing_cnt);

/* Passes that were left out, because they came too late or there was no new
   scan. */
KYMO_READER_API uint64_t kymo_rule_engine_missed_cnt(
    const struct kymo_rule_engine *engine);

/* ---- tests of rules -------------------------------------------------------------- */

/* kymo_rules_test runs a file of rule tests in promtool's format and appends
   what promtool would print: SUCCESS, or each that failed. Returns how many
   did; -1: the file cannot be used, and out says why. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_rules_test(const char *path,
    const char *only, struct kymo_buffer *out);

#ifdef __cplusplus
}
#endif

#endif
