/* SPDX-License-Identifier: MIT */
/* Prometheus' HTTP API, version 1: what a request asks, and its answer in the
   making. Knows nothing of the HTTP library. */
#ifndef KYI_SERVE_API_H
#define KYI_SERVE_API_H

#include "reader/serve/form.h"
#include "reader/serve/serve.h"

#define KYI_API_PREFIX "/api/v1/"
#define KYI_ANSWER_BYTES_MAX ((size_t)128 << 20)

struct kyi_api;

/* Where an answer is made. */
enum kyi_api_where {
	KYI_API_HERE,  /* by the thread that read the request: it is nothing */
	KYI_API_LIGHT, /* it may wait for a lock */
	KYI_API_QUERY  /* it may take long */
};

struct kyi_api_route {
	const char *path; /* behind the prefix; label/ has a NAME/values */
	void (*answer)(struct kyi_api *api);
	enum kyi_api_where where;
	bool post, history;
};

/* What answers are made of; stays as it is. */
struct kyi_api_world {
	struct kymo_history *history;
	struct kymo_query_options query;
	uint64_t timeout_ms;
	int (*rules)(void *of, int (*each)(void *to,
	    const struct kymo_rule_status *status), void *to);
	int64_t rule_interval_ms;
	int (*reload)(void *of, struct kymo_error *error);
	int (*health)(void *of, int (*each)(void *to,
	    const struct kymo_care_status *status), void *to);
	void *of;
	char version[64], revision[64];
};

/* As Prometheus names them; each has its status. */
enum kyi_api_error {
	KYI_API_BAD_DATA,    /* 400 */
	KYI_API_NOT_FOUND,   /* 404 */
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

/* The route of a path that begins with the prefix; NULL: there is none. */
const struct kyi_api_route *kyi_api_find(const char *path);
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
/* api_rules.c */
void kyi_api_rules(struct kyi_api *api);
void kyi_api_alerts(struct kyi_api *api);

#endif
