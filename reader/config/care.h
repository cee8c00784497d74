/* SPDX-License-Identifier: MIT */
/* What kymod's configuration says of components' health: how each is looked at,
   what it depends on, and what may be done when it fails (docs/health.md).

     components:
       db: {checks: [{tcp: 127.0.0.1:5432}]}
       web:
         depends_on: [db]
         checks:
         - {http: http://127.0.0.1:8080/health, contains: fine, interval: 5s}
         - {process: web}
         recovery:
           actions: [{signal: TERM}, {unit: web.service}]

   Threads  any; nothing here changes once it was read. */
#ifndef KYMO_READER_CARE_PLAN_H
#define KYMO_READER_CARE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where in the file, from 1; 0: not in it. For faults that only who uses a value
   can find: say "PATH:LINE:COLUMN: ..". */
struct kymo_config_place {
	uint32_t line, column;
};

struct kymo_config_text {
	char *text;
	struct kymo_config_place place;
};

enum kymo_check_kind {
	KYMO_CHECK_NONE = 0,
	KYMO_CHECK_PROCESS = 1,   /* processes of a service are alive */
	KYMO_CHECK_HEARTBEAT = 2, /* their main loops turn */
	KYMO_CHECK_TCP = 3,
	KYMO_CHECK_HTTP = 4,
	KYMO_CHECK_COMMAND = 5,
	KYMO_CHECK_PROMQL = 6
};

struct kymo_check {
	enum kymo_check_kind kind;
	char *name; /* unique in its component */
	/* The service, HOST:PORT, the URL, the expression; COMMAND: argv. */
	struct kymo_config_text what;
	char **argv; /* ends in NULL; argv[0] is an absolute path */
	uint32_t argv_cnt;
	uint64_t interval_ms, timeout_ms;
	uint32_t failures, successes; /* in a row, until it is believed */
	bool degrades; /* its failure is degraded, not failing */
	uint32_t at_least;   /* PROCESS: so many */
	uint64_t within_ms;  /* HEARTBEAT */
	uint32_t status_min, status_max; /* HTTP */
	char *contains;                  /* HTTP, in the body; NULL: anything */
	struct kymo_config_text matches; /* HTTP, a regular expression */
	uint32_t certificate_days;       /* HTTP: so many left, at least */
	char *ca_file;                   /* HTTP; NULL: the system's */
};

enum kymo_action_kind {
	KYMO_ACTION_NONE = 0,
	KYMO_ACTION_COMMAND = 1,
	KYMO_ACTION_SIGNAL = 2, /* to processes of a service */
	KYMO_ACTION_HTTP = 3,   /* a POST */
	KYMO_ACTION_UNIT = 4    /* systemctl restart */
};

struct kymo_action {
	enum kymo_action_kind kind;
	char *what;  /* the service, the URL, the unit */
	char **argv; /* COMMAND, UNIT; as a check's */
	uint32_t argv_cnt;
	int signal;
};

#define KYMO_ACTION_MAX 8u

struct kymo_recovery {
	/* The first attempt takes the first action, the next one the next; the
	   last is repeated. None: nothing is done. */
	struct kymo_action *actions;
	uint32_t action_cnt;
	bool when_degraded;   /* else when failing alone */
	uint64_t after_ms;    /* how long it is left alone first */
	uint64_t timeout_ms;  /* of an action */
	uint64_t verify_ms;   /* then it must be well */
	uint64_t backoff_ms, backoff_max_ms;
	uint32_t per_hour;
	struct kymo_config_place place, verify_place;
};

/* Worse than its own past: of families' names, what the programs count. */
struct kymo_degradation {
	char *latency;           /* a histogram or summary; NULL: not looked at */
	char *errors, *requests; /* counters; both or none */
	char *service;           /* of that alone; NULL: of all */
	uint32_t percent;        /* smaller shifts are none */
};

struct kymo_care_plan {
	char *component;
	struct kymo_config_place place;
	struct kymo_check *checks;
	uint32_t check_cnt;
	struct kymo_config_text *depends_on; /* components of the same file */
	uint32_t depends_on_cnt;
	struct kymo_degradation degradation;
	struct kymo_recovery recovery;
	/* Whose reports, heartbeats and processes are its own, beside root's and
	   kymod's. has_users false: everybody's who is read; but where there is
	   recovery, the first two of root and kymod alone. */
	bool has_users;
	uint32_t *users;
	uint32_t user_cnt;
};

KYMO_READER_API void kymo_care_plan_free(struct kymo_care_plan *plan);

#ifdef __cplusplus
}
#endif

#endif
