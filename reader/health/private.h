/* SPDX-License-Identifier: MIT */
/* What the files of reader/health share. */
#ifndef KYI_HEALTH_PRIVATE_H
#define KYI_HEALTH_PRIVATE_H

#include "reader/health/health.h"
#include "reader/health/trend.h"

#define KYI_CARE_MS UINT64_C(1000000)
#define KYI_CARE_HOUR_MS INT64_C(3600000)
#define KYI_CARE_REPORTERS_MAX 1000u /* components that nobody configured */
#define KYI_CARE_HOUR_MAX 60u        /* attempts, as configured at most */
#define KYI_CARE_NONE UINT32_MAX

/* Reasons come from anywhere: cut at a whole character. */
void kyi_care_reason(char to[KYMO_REASON_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct kyi_check {
	const struct kymo_check *plan;
	enum kymo_condition state; /* starting, ok, failing, unknown */
	uint32_t good_cnt, bad_cnt, unknown_cnt; /* in a row */
	uint64_t results[3];  /* good, bad, unknown; in all */
	uint64_t look_cnt, next_ns, begun_ns;
	uint64_t ticket;      /* 0: nobody looks now */
	uint64_t good_ns, bad_ns; /* when the last look that was so began */
	double seconds, certificate_days;
	char reason[KYMO_REASON_BYTES]; /* of the state */
	/* How long it takes: blocks of some looks. */
	struct kyi_trend trend;
	double block_sum;
	uint32_t block_cnt;
};

/* What programs count of a component: blocks of some scans. */
struct kyi_past {
	struct kyi_trend latency, errors;
	double sum, sum_before, count, count_before; /* NaN: not seen yet */
	double error_cnt, errors_before, request_cnt, requests_before;
	uint32_t block_cnt;
};

struct kyi_remedy {
	enum kymo_remedy remedy;
	bool unsaved;        /* begun, and not written down yet */
	bool escalated;
	uint32_t level;      /* attempts in a row that did not help */
	uint64_t bad_ns, well_ns; /* since when; 0: it is not */
	uint64_t own_ns;     /* since when all it depends on is seen to be good */
	uint64_t not_before_ns, until_ns;
	uint64_t ticket;
	uint64_t attempts, successes;
	double seconds, last_seconds; /* NaN: never */
	uint64_t sick_ns;    /* when that began which is being mended */
	int64_t hour_ms[KYI_CARE_HOUR_MAX]; /* realtime of attempts, newest last */
	uint32_t hour_cnt;
	char note[KYMO_REASON_BYTES];
};

struct kyi_component {
	struct kymo_care_plan *plan; /* NULL: it only reports itself */
	char *name;
	struct kyi_check *checks;    /* as many as the plan's */
	uint32_t *depends_on;        /* idx; as many as the plan's */
	/* Its own report, in this scan; the worst of several. */
	bool reported, reporting;
	enum kymo_condition report;
	char report_reason[KYMO_REASON_BYTES];
	uint64_t report_ns; /* of the last scan that had it */
	/* Of who does not speak for it, in this scan; in the one before. */
	bool refusing, was_refusing;
	char refused[KYMO_REASON_BYTES];
	struct kyi_past past;
	char degraded[KYMO_REASON_BYTES]; /* as somebody else said; "" not */
	uint64_t degraded_until_ns;
	uint64_t settle_ns; /* how long its checks take to be believed good */
	uint64_t doubt_ns;  /* .. bad, and those of all it depends on */
	uint64_t good_ns;   /* all of these were good in a look since then */
	/* What comes of it. */
	enum kymo_condition state;
	char reason[KYMO_REASON_BYTES];
	uint64_t since_ns;
	int64_t since_ms;
	uint32_t root;      /* idx; KYI_CARE_NONE */
	uint64_t root_ns;   /* when it last hung */
	struct kyi_remedy remedy;
};

/* What a scan says of a service that some check of a component asks for, by
   those who speak for that. */
struct kyi_fact {
	const struct kymo_care_plan *plan;
	const char *service;
	bool known; /* a scan was looked at since somebody asks */
	double alive_cnt, heartbeat_age; /* NaN: none */
	bool is_others; /* somebody was there who does not: */
	uint32_t other_uid;
};

/* An action of a component that a reload took away: it ends as it would have,
   in its own time. What else is known of recovery waits with it, for should the
   component come back, that goes on. */
struct kyi_orphan {
	struct kyi_remedy remedy;
	char component[101]; /* a name's most (reader/config/care.c) */
};

struct kymo_care {
	struct kymo_care_options options;
	struct kyi_component *components; /* the configuration's first */
	uint32_t component_cnt, planned_cnt;
	uint32_t *order; /* planned ones, after all they depend on */
	struct kyi_fact *facts;
	uint32_t fact_cnt;
	struct kyi_orphan *orphans;
	uint32_t orphan_cnt;
	uint64_t scan_ns; /* 0: none yet */
	uint64_t ticket;  /* the last one given out */
	uint64_t now_ns;
	int64_t now_ms;
	bool unsaved;
	bool learned;     /* of the past, since it was saved; that was: */
	uint64_t kept_ns;
};

/* ---- check.c ---- */
/* Looks where it is time, gives up what takes too long. */
void kyi_check_step(struct kymo_care *care, struct kyi_component *component,
    struct kyi_check *check);
void kyi_check_looked(struct kymo_care *care, struct kyi_check *check,
    const struct kymo_looked *looked);
uint64_t kyi_check_next_ns(const struct kyi_check *check);
bool kyi_check_same(const struct kymo_check *a, const struct kymo_check *b);

/* ---- graph.c ---- */
/* Resolves names, finds an order. */
KYMO_MUST_CHECK int kyi_graph_make(struct kymo_care *care,
    struct kymo_error *error);
/* States from what is known, then roots. */
void kyi_graph_step(struct kymo_care *care);

/* ---- scan.c ---- */
KYMO_MUST_CHECK int kyi_facts_make(struct kymo_care *care);
void kyi_facts_adopt(struct kymo_care *care, const struct kymo_care *before);
/* Checks of what scans say. */
void kyi_fact_look(const struct kymo_care *care, const char *component,
    const struct kymo_check *check, struct kymo_looked *looked);

/* ---- past.c ---- */
void kyi_past_init(struct kyi_past *past);
/* True, here and below: something was learned. */
bool kyi_past_scan(struct kyi_component *component,
    const struct kymo_scan *scan);
/* False: it is as it was. */
bool kyi_past_worse(const struct kyi_component *component,
    char reason[KYMO_REASON_BYTES]);
bool kyi_past_looked(struct kyi_check *check, double seconds);

/* ---- recover.c ---- */
void kyi_recover_step(struct kymo_care *care, struct kyi_component *component);
void kyi_recover_acted(struct kymo_care *care, struct kyi_component *component,
    const struct kymo_looked *looked);
uint64_t kyi_recover_next_ns(const struct kymo_care *care,
    const struct kyi_component *component);

/* ---- change.c ---- */
void kyi_orphans_step(struct kymo_care *care);
/* False: it is none of theirs. */
bool kyi_orphan_acted(struct kymo_care *care, uint64_t ticket,
    const struct kymo_looked *looked);
uint64_t kyi_orphans_next_ns(const struct kymo_care *care);

/* ---- care.c ---- */
/* plans are care's from here on, whatever comes. */
KYMO_MUST_CHECK int kyi_care_plans_take(struct kymo_care *care,
    struct kymo_care_plan **plans, uint32_t plan_cnt,
    struct kymo_error *error);
void kyi_care_components_free(struct kymo_care *care);
struct kyi_component *kyi_care_find(const struct kymo_care *care,
    const char *name);
/* A component that reports itself; NULL: no memory, or too many. */
struct kyi_component *kyi_care_reporter(struct kymo_care *care,
    const char *name);
void kyi_care_say(const struct kymo_care *care, int level, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#endif
