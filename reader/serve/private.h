/* SPDX-License-Identifier: MIT */
/* What the files of reader/serve share. */
#ifndef KYI_SERVE_PRIVATE_H
#define KYI_SERVE_PRIVATE_H

#include <microhttpd.h>

#include "reader/serve/api.h"
#include "reader/serve/host.h"
#include "reader/serve/lane.h"
#include "reader/serve/page.h"
#include "reader/serve/places.h"
#include "reader/serve/serve.h"

/* Where scans come from: the model, or a test. */
struct kyi_source {
	const struct kymo_scan *(*take)(void *of);
	void (*release)(const struct kymo_scan *scan);
	void *of;
};

struct kyi_listener {
	struct kyi_listener *next;
	struct kymo_serve *serve;
	struct kymo_listen where;
	struct MHD_Daemon *daemon;
	uint32_t closing; /* atomic */
};

/* On what terms requests are answered: swapped as one. Who has a request under
   way uses those that there were when it began. */
struct kyi_terms {
	uint32_t user_cnt; /* of the server's terms_lock */
	uint32_t query_max, query_queue_max;
	struct kyi_host_names names;
	struct kyi_api_world world;
};

struct kymo_serve {
	struct kyi_source source;
	uint64_t stale_ns; /* atomic */
	pthread_mutex_t terms_lock; /* of terms, and who uses them */
	struct kyi_terms *terms;
	struct kyi_listener *listeners; /* of whoever changes it */
	struct kyi_page_cache pages;
	struct kyi_places places;
	/* What may wait a little, so that it does not stand behind queries. */
	struct kyi_lane light, queries;
	struct kyi_lane reloads; /* they wait for each other, nobody for them */
	/* shm/atomic.h; counted by all threads */
	uint64_t request_cnt, scrape_cnt, refused_cnt, sent_bytes, scrape_ns;
	uint64_t query_cnt, query_ns, canceled_cnt;
	uint64_t held_bytes; /* bodies that were sent to us, and API answers */
};

/* One request, from its head to the end of its answer. */
struct kyi_request {
	struct kyi_job job;
	struct kymo_serve *serve;
	struct kyi_terms *terms;
	struct MHD_Connection *connection;
	struct kyi_place *place; /* NULL: there was no memory for one */
	int fd;
	bool reading;  /* its body is wanted */
	bool unread;   /* there is one, and it is not */
	bool too_long, no_room; /* why it was not kept */
	struct kymo_buffer body;
	bool asleep; /* a lane has it; when we hear again the answer is there */
	bool gzip, is_reload, is_packed;
	uint64_t begin_ns, held_bytes;
	char *path;
	struct kyi_api api;
};

/* kymo_serve_new with a source and limits of one's own. */
struct kymo_serve *kyi_serve_new(const struct kymo_serve_options *options,
    const struct kyi_source *source, const struct kyi_places_limits *limits,
    struct kymo_error *error);

/* One request that is there as far as it is wanted. */
enum MHD_Result kyi_answer(struct kyi_request *request, const char *path,
    const char *method, const char *version);
/* Whether Host is one of ours. */
bool kyi_host_asked(struct kyi_request *request, const char *version);

/* before: what cannot be changed is as there; NULL: as in options. NULL: no
   memory. */
struct kyi_terms *kyi_terms_new(const struct kymo_serve_options *options,
    const struct kyi_terms *before);
/* Those that there are now, until done. */
struct kyi_terms *kyi_terms_use(struct kymo_serve *serve);
void kyi_terms_done(struct kymo_serve *serve, struct kyi_terms *terms);

/* ---- listener.c ---- */

/* Listens where it does not yet. -1: error says where and why, and *made is
   empty. */
int kyi_listeners_make(struct kymo_serve *serve,
    const struct kymo_listen *listen, uint32_t listen_cnt,
    struct kyi_listener **made, struct kymo_error *error);
/* The server has those of made, and of its own those at listen. Returns the
   rest. */
struct kyi_listener *kyi_listeners_swap(struct kymo_serve *serve,
    struct kyi_listener *made, const struct kymo_listen *listen,
    uint32_t listen_cnt);
/* Ends each of a list; running answers have two seconds together. */
void kyi_listeners_end(struct kymo_serve *serve, struct kyi_listener *list);

/* ---- request.c ---- */

struct kyi_request *kyi_request_new(struct kyi_listener *listener,
    struct MHD_Connection *connection, struct kyi_place *place, int fd);
void kyi_request_free(struct kyi_request *request);
/* Whether the body of this request is read: what has one is a question to the
   API. */
bool kyi_body_wanted(struct kyi_request *request, const char *path,
    const char *method, const char *version);
void kyi_body_add(struct kyi_request *request, const char *bytes,
    size_t len_bytes);
/* Answers what is asked of the API, or sleeps until a lane has. */
enum MHD_Result kyi_request_api(struct kyi_request *request, const char *path,
    const char *method);
/* write.c: whether this client may change something; false: the answer is
   why not. */
bool kyi_write_good(struct kyi_request *request, enum MHD_Result *result);
/* Whether it comes from this machine. */
bool kyi_is_local(struct kyi_request *request);
/* Why changes are not taken from where it comes; NULL: they are. */
const char *kyi_write_no(struct kyi_request *request);
enum MHD_Result kyi_request_reload(struct kyi_request *request);
/* profiles.c: of a path that is /profiles, or below it. */
bool kyi_is_profile(const char *path);
enum MHD_Result kyi_request_profile(struct kyi_request *request,
    const char *path);
/* It was asleep: sends what there is now. */
enum MHD_Result kyi_request_send(struct kyi_request *request);
/* A short answer. */
enum MHD_Result kyi_request_say(struct kyi_request *request, unsigned status,
    const char *content_type, const char *text, const char *header,
    const char *value);

#endif
