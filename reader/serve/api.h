/* SPDX-License-Identifier: MIT */
/* Prometheus' HTTP API, version 1: what a request asks, and its answer in the
   making. Knows nothing of the HTTP library. */
#ifndef KYI_SERVE_API_H
#define KYI_SERVE_API_H

#include "reader/alert/alerts.h"
#include "reader/serve/form.h"
#include "reader/serve/serve.h"

#define KYI_API_PREFIX "/api/v1/"
#define KYI_API_V2_PREFIX "/api/v2/" /* Alertmanager's */
#define KYI_ANSWER_BYTES_MAX ((size_t)128 << 20)

struct kyi_api;

/* Where an answer is made. */
enum kyi_api_where {
	KYI_API_HERE,  /* by the thread that read the request: it is nothing */
	KYI_API_LIGHT, /* it may wait for a lock */
	KYI_API_QUERY  /* it may take long */
};

enum kyi_api_method {
	KYI_API_READ = 0, /* GET and HEAD; with a form, POST */
	KYI_API_POST = 1,
	KYI_API_DELETE = 2
};

struct kyi_api_route {
	const char *path; /* behind the prefix; label/ has a NAME/values, and
	                     silence/ an id */
	void (*answer)(struct kyi_api *api);
	enum kyi_api_where where;
	bool post, history; /* post: a form may come so */
	/* Not READ: it changes something, and what it is told is JSON. */
	enum kyi_api_method write;
};

/* What answers are made of; stays as it is. */
struct kyi_api_world {
	struct kymo_history *history;
	struct kymo_query_options query;
	uint64_t timeout_ms;
	int (*rules)(void *of, int (*each)(void *to,
	    const struct kymo_rule_status *status), void *to);
	int64_t rule_interval_ms;
	int (*anomalies)(void *of, int (*told)(void *to,
	    const struct kymo_anomalies *anomalies), void *to);
	int (*reload)(void *of, bool (*over)(void *at), void *at,
	    struct kymo_error *error);
	int (*alerting)(void *of, kymo_serve_use *use, void *to);
	enum kymo_config_changes changes;
	int (*health)(void *of, int (*each)(void *to,
	    const struct kymo_care_status *status), void *to);
	int (*profile)(void *of, const char *id, bool folded,
	    struct kymo_buffer *out);
	void (*profile_said)(void *of, const struct kymo_labels *labels,
	    int64_t starts_ms, const char *external_url,
	    struct kymo_serve_profile *said);
	enum kymo_config_changes profile_readers;
	void *of;
	uint64_t begin_ns; /* CLOCK_MONOTONIC: since when it serves */
	char version[64], revision[64];
};

/* As Prometheus names them; each has its status. */
enum kyi_api_error {
	KYI_API_BAD_DATA,    /* 400 */
	KYI_API_FORBIDDEN,   /* 403 */
	KYI_API_NOT_FOUND,   /* 404 */
	KYI_API_MEDIA_TYPE,  /* 415 */
	KYI_API_EXECUTION,   /* 422 */
	KYI_API_INTERNAL,    /* 500 */
	KYI_API_CANCELED,    /* 503, as the rest */
	KYI_API_TIMEOUT,
	KYI_API_UNAVAILABLE
};

struct kyi_api {
	const struct kyi_api_world *world;
	const struct kyi_api_route *route;
	struct kyi_form form;
	const char *label;  /* of the path; NULL: it has none */
	const char *body;   /* JSON, where something is changed; else NULL */
	bool plain; /* an error is a JSON text, as in version 2; else framed */
	uint64_t until_ns;  /* CLOCK_MONOTONIC; a timeout= moves it nearer */
	/* Whether nobody waits for the answer any more. */
	bool (*gone)(void *of);
	void *of;
	/* The answer. */
	unsigned status;
	struct kymo_buffer out;
	char warning[160];   /* to be said with it; "": none */
	bool late, canceled; /* why a query was given up */
};

/* The route of a path that begins with a prefix; NULL: there is none. Where
   none has the method, one of another. */
const struct kyi_api_route *kyi_api_find(const char *path,
    enum kyi_api_method method);
/* Whether path begins with a prefix of ours. */
bool kyi_api_has(const char *path);
/* Makes the answer; status is 0 before, and out empty. */
void kyi_api_answer(struct kyi_api *api);
void kyi_api_free(struct kyi_api *api);

/* The whole answer is an error. */
void kyi_api_fail(struct kyi_api *api, enum kyi_api_error type,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The parameter cannot be used: format says why. */
void kyi_api_wrong(struct kyi_api *api, const char *param,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether nobody waits for the answer any more, or it is too late for it: that
   is the answer then. */
bool kyi_api_over(struct kyi_api *api);

/* Reads a parameter; false: it is wrong, and that is the answer. One that is
   not there leaves the value as it was. */
bool kyi_api_time(struct kyi_api *api, const char *param, int64_t *ms);
bool kyi_api_limit(struct kyi_api *api, const char *param, uint64_t *limit);

/* {"status":"success","data": and what ends it, with the notes of a result
   (NULL: none). */
void kyi_api_begin(struct kyi_api *api);
void kyi_api_end(struct kyi_api *api, const struct kymo_result *result,
    bool cut);

/* api_query.c */
void kyi_api_query(struct kyi_api *api);
void kyi_api_query_range(struct kyi_api *api);
void kyi_api_query_exemplars(struct kyi_api *api);
void kyi_api_format_query(struct kyi_api *api);
/* api_series.c */
void kyi_api_series(struct kyi_api *api);
void kyi_api_labels(struct kyi_api *api);
void kyi_api_label_values(struct kyi_api *api);
void kyi_api_metadata(struct kyi_api *api);
/* api_anomalies.c */
void kyi_api_anomalies(struct kyi_api *api);
/* api_rules.c */
void kyi_api_rules(struct kyi_api *api);
void kyi_api_alerts(struct kyi_api *api);

/* ---- alerting ---------------------------------------------------------- */

/* A table of routes. */
struct kyi_api_routes {
	const struct kyi_api_route *at;
	size_t cnt;
};
/* Alertmanager's, and what it has not. */
extern const struct kyi_api_routes kyi_api_v2_routes, kyi_api_alerting_routes;

/* What is asked of alerts. */
#define KYI_FILTER_MAX 64u
struct kyi_alerting {
	struct kyi_api *api;
	const struct kymo_serve_alerting *with; /* during a look */
	int64_t now_ms; /* of the first look */
	struct kymo_matcher_list *filters[KYI_FILTER_MAX]; /* of filter=; each
	                                                      must match */
	uint32_t filter_cnt;
	uint32_t cnt; /* told so far */
	void *of;     /* of whoever looks */
};
/* kyi_alerting_begin reads filter=; false: the answer is what is wrong.
   kyi_alerting_end frees it, then too. */
bool kyi_alerting_begin(struct kyi_alerting *alerting, struct kyi_api *api);
void kyi_alerting_end(struct kyi_alerting *alerting);
/* Calls look while nobody else has the alerts: it is to be short, and may come
   again; others may have them between. false: the answer is why not. */
bool kyi_alerting_look(struct kyi_alerting *alerting,
    void (*look)(struct kyi_alerting *alerting));
/* All of it, where one look is enough. */
void kyi_alerting_answer(struct kyi_api *api,
    void (*answer)(struct kyi_alerting *alerting));
/* ,"key":"TIME" */
void kyi_alerting_time(struct kymo_buffer *out, const char *key, int64_t ms);
/* Whether a parameter is true; false as answer: it is neither. */
bool kyi_api_bool(struct kyi_api *api, const char *param, bool *is);

/* api_alerts.c, api_silences.c, api_notify.c, api_status.c */
void kyi_api_v2_alerts(struct kyi_api *api);
void kyi_api_v2_groups(struct kyi_api *api);
void kyi_api_why(struct kyi_api *api);
void kyi_api_ack(struct kyi_api *api);
void kyi_api_v2_silences(struct kyi_api *api);
void kyi_api_v2_silence_post(struct kyi_api *api);
void kyi_api_v2_silence(struct kyi_api *api);
void kyi_api_v2_silence_end(struct kyi_api *api);
void kyi_api_v2_status(struct kyi_api *api);
void kyi_api_v2_receivers(struct kyi_api *api);
void kyi_api_receivers(struct kyi_api *api);
void kyi_api_queue(struct kyi_api *api);
void kyi_api_retry(struct kyi_api *api);
void kyi_api_notify_test(struct kyi_api *api);

#endif
