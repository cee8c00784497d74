/* SPDX-License-Identifier: MIT */
/* HTTP: the scrape page, and Prometheus' API. The network is hostile: a request
   has one deadline in all (2 s for its head, 30 s for its answer; a query has
   its own time-out), a client that drips is cut off and, where places run
   short, the oldest unfinished one goes first; heads, bodies, connections and
   memory are bounded. Loopback by default.

     GET /metrics     text 0.0.4 or OpenMetrics 1.0, as Accept wants; gzip;
                      name=GLOB (may repeat) shows part
     GET /-/healthy   200 while the process runs
     GET /-/ready     200 after the first scan; 503 when scans stopped
     GET /-/health    what components are, as JSON; 503 if one is failing;
                      component=NAME: only that one, and 503 if it is starting
     GET /            a short page that says where things are
     GET /profiles    options.profile: the list; /profiles/ID, /profiles/ID.folded
     POST /-/reload   options.reload; from where options.changes lets it
     GET, POST /api/v1/..  queries; docs/query.md has the reference
     /api/v2/.., /api/v1/alerting/..  alerts, silences, messages:
                      docs/alerting.md; what changes something is JSON, of
                      nobody's web page, and as options.changes allows
   HEAD as GET; other methods 405; Host must be a numeric address, localhost,
   a name of this machine (its own, and those beside it in /etc/hosts) or one
   of options.hosts, else 421 (against DNS rebinding). */
#ifndef KYMO_READER_SERVE_H
#define KYMO_READER_SERVE_H

#include "reader/alert/alerts.h"
#include "reader/config/config.h"
#include "reader/detect/detectors.h"
#include "reader/error.h"
#include "reader/health/health.h"
#include "reader/history/history.h"
#include "reader/notify/notify.h"
#include "reader/query/query.h"
#include "reader/rules/rules.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_serve;

/* What there is to say of alerts, while nobody else uses it. */
struct kymo_serve_alerting {
	struct kymo_alerts *alerts;
	const struct kymo_routing *routing;
	struct kymo_outbox *outbox;
	const struct kymo_notify *notify; /* NULL: nobody sends */
	int64_t now_ms;
	const char *external_url; /* NULL: none */
	bool *changed; /* gets true where who asks changes something; NULL */
};
typedef void kymo_serve_use(void *to,
    const struct kymo_serve_alerting *alerting);

/* What there is to say of an alert's profile; "": nothing. */
struct kymo_serve_profile {
	char where[600];   /* a URL, or why there is none */
	char hottest[256]; /* functions */
};

struct kymo_serve_options {
	const struct kymo_listen *listen;
	uint32_t listen_cnt;
	struct kymo_model *model;
	uint64_t stale_ns; /* ready is 503 if the newest scan is older */
	const char *version;
	const char *const *hosts; /* further names that clients may ask by */
	uint32_t host_cnt;

	/* What queries are asked of; must outlive the server. NULL: the API
	   answers them with 503 and says why. */
	struct kymo_history *history;
	/* Bounds of a query; cancelled is not looked at. */
	struct kymo_query_options query;
	/* How long a query may take in all, also in the queue. 0: 2 minutes;
	   who asks may ask for less (timeout=). */
	uint64_t query_timeout_ms;
	/* Queries that run at once, a thread each; 0: 2. As many wait as
	   query_queue_max (0: 32); one more is answered by 503. */
	uint32_t query_max, query_queue_max;
	/* kymo_rule_engine_snapshot of the engine there is now: calls each for
	   every rule, and returns what it does. -1: no memory, or none yet. By
	   any thread, so who swaps engines locks in here. NULL: no rules. */
	int (*rules)(void *of, int (*each)(void *to,
	    const struct kymo_rule_status *status), void *to);
	int64_t rule_interval_ms; /* of groups without one; 0: 1 minute */
	/* Calls told with what detection found, and returns what it does. By any
	   thread. NULL: there is no detection. */
	int (*anomalies)(void *of, int (*told)(void *to,
	    const struct kymo_anomalies *anomalies), void *to);
	/* Reads the configuration anew; by a thread of the server that does
	   nothing else, one at a time, and may take a while; but once over(at)
	   it is to return soon, for the address that it came by waits for it.
	   -1: all is as it was, and error says why. NULL: /-/reload is answered
	   by 404. */
	int (*reload)(void *of, bool (*over)(void *at), void *at,
	    struct kymo_error *error);
	/* Calls use, by any thread, while nothing else happens to alerts; and
	   wakes whoever steps them after it, if it changed something. use is
	   short: of many alerts it is called again and again, and others are
	   to have their turn between. Not 0: use was not called; -1: there is
	   no alerting, 1: not now. NULL: as if it were -1. */
	int (*alerting)(void *of, kymo_serve_use *use, void *to);
	enum kymo_config_changes changes; /* who may change something there */
	/* As kymo_care_status; any thread. NULL: /-/health is answered by 404. */
	int (*health)(void *of, int (*each)(void *to,
	    const struct kymo_care_status *status), void *to);
	/* Profiles of processes, which options.profile_readers may read:
	   profile appends a text, or the list (id ""); -1: there is none. said:
	   of the alert with these labels that fires since then. Any thread.
	   NULL, both: there are none, and /profiles is answered by 404. */
	int (*profile)(void *of, const char *id, bool folded,
	    struct kymo_buffer *out);
	void (*profile_said)(void *of, const struct kymo_labels *labels,
	    int64_t starts_ms, const char *external_url,
	    struct kymo_serve_profile *said);
	enum kymo_config_changes profile_readers;
	void *of; /* of rules, anomalies, reload, alerting, health, profiles */
	const char *revision; /* for status/buildinfo; NULL: "" */
};

/* kymo_serve_new listens on all addresses, or fails with which and why. It has
   threads of its own. kymo_serve_delete lets running answers end (2 s). */
KYMO_READER_API struct kymo_serve *kymo_serve_new(
    const struct kymo_serve_options *options, struct kymo_error *error);
KYMO_READER_API void kymo_serve_delete(struct kymo_serve *serve);

/* kymo_serve_listen changes the addresses: new ones first, then the old ones
   close. On failure all stays as it was. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_serve_listen(struct kymo_serve *serve,
    const struct kymo_listen *listen, uint32_t listen_cnt,
    struct kymo_error *error);

/* kymo_serve_stale changes stale_ns. */
KYMO_READER_API void kymo_serve_stale(struct kymo_serve *serve,
    uint64_t stale_ns);

/* A change of all that options say of listen, stale_ns, hosts, changes,
   profile_readers, rule_interval_ms and queries; the rest stays as it is,
   whatever they say. new makes it ready
   and listens on new addresses; NULL: error says why not, and all is as it was.
   take, if at all, once: who asks from then on is answered so. end waits for
   the answers of addresses that go (2 s). options' listen must stay until then.
   One change at a time, and no kymo_serve_listen meanwhile. */
struct kymo_serve_change;
KYMO_READER_API struct kymo_serve_change *kymo_serve_change_new(
    struct kymo_serve *serve, const struct kymo_serve_options *options,
    struct kymo_error *error);
KYMO_READER_API void kymo_serve_change_take(struct kymo_serve_change *change);
KYMO_READER_API void kymo_serve_change_end(struct kymo_serve_change *change);

/* kymo_serve_ask appends what a server would answer to a GET of target
   ("/api/v2/alerts?filter=a%3Db"), of this alerting, without a network. Returns
   the status: 200, or what is wrong is in out. */
KYMO_READER_API unsigned kymo_serve_ask(
    const struct kymo_serve_alerting *alerting, const char *target,
    struct kymo_buffer *out);

struct kymo_serve_stats {
	uint64_t requests, scrapes;
	uint64_t refused; /* requests answered by 400, 404, 405 or 421, and
	                     connections that found no place */
	uint64_t evicted; /* connections cut off, late or for a newer one */
	uint64_t bytes;   /* of bodies */
	double scrape_seconds; /* making answers to /metrics */
	uint32_t connections;
	uint64_t queries; /* to the API, that had a thread; .. */
	uint64_t queries_canceled; /* .. given up: late, or nobody waits */
	double query_seconds; /* of all threads */
	uint32_t queries_running, queries_waiting; /* now */
};
KYMO_READER_API void kymo_serve_stats(const struct kymo_serve *serve,
    struct kymo_serve_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
