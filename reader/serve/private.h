/* SPDX-License-Identifier: MIT */
/* What the files of reader/serve share. */
#ifndef KYI_SERVE_PRIVATE_H
#define KYI_SERVE_PRIVATE_H

#include <microhttpd.h>

#include "reader/serve/host.h"
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

struct kymo_serve {
	struct kyi_source source;
	uint64_t stale_ns; /* atomic */
	char version[64];
	struct kyi_host_names names;
	struct kyi_listener *listeners;
	struct kyi_page_cache pages;
	struct kyi_places places;
	/* shm/atomic.h; counted by all threads */
	uint64_t request_cnt, scrape_cnt, refused_cnt, sent_bytes, scrape_ns;
};

/* kymo_serve_new with a source and limits of one's own. */
struct kymo_serve *kyi_serve_new(const struct kymo_serve_options *options,
    const struct kyi_source *source, const struct kyi_places_limits *limits,
    struct kymo_error *error);

/* One request whose head is there; the library's access handler. */
enum MHD_Result kyi_answer(struct kymo_serve *serve,
    struct MHD_Connection *connection, const char *path, const char *method,
    const char *version);

#endif
