/* SPDX-License-Identifier: MIT */
/* HTTP: the scrape page. The network is hostile: a request has one deadline in
   all (2 s for its head, 30 s for its answer), a client that drips is cut off
   and, where places run short, the oldest unfinished one goes first; heads,
   connections and memory are bounded. Loopback by default.

     GET /metrics     text 0.0.4 or OpenMetrics 1.0, as Accept wants; gzip;
                      name=GLOB (may repeat) shows part
     GET /-/healthy   200 while the process runs
     GET /-/ready     200 after the first scan; 503 when scans stopped
     GET /            a short page that says where things are
   HEAD as GET; other methods 405; Host must be a numeric address, localhost,
   a name of this machine (its own, and those beside it in /etc/hosts) or one
   of options.hosts, else 421 (against DNS rebinding). */
#ifndef KYMO_READER_SERVE_H
#define KYMO_READER_SERVE_H

#include "reader/config/config.h"
#include "reader/error.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_serve;

struct kymo_serve_options {
	const struct kymo_listen *listen;
	uint32_t listen_cnt;
	struct kymo_model *model;
	uint64_t stale_ns; /* ready is 503 if the newest scan is older */
	const char *version;
	const char *const *hosts; /* further names that clients may ask by */
	uint32_t host_cnt;
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

struct kymo_serve_stats {
	uint64_t requests, scrapes;
	uint64_t refused; /* requests answered by 400, 404, 405 or 421, and
	                     connections that found no place */
	uint64_t evicted; /* connections cut off, late or for a newer one */
	uint64_t bytes;   /* of bodies */
	double scrape_seconds; /* making answers to /metrics */
	uint32_t connections;
};
KYMO_READER_API void kymo_serve_stats(const struct kymo_serve *serve,
    struct kymo_serve_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
