/* SPDX-License-Identifier: MIT */
/* Pages as answers. One rendering (and one compression) of a scan is shared
   by all who ask for it: a thousand clients cost what one does. */
#ifndef KYI_SERVE_PAGE_H
#define KYI_SERVE_PAGE_H

#include <microhttpd.h>
#include <pthread.h>

#include "reader/export/export.h"

struct kyi_page_cached {
	uint64_t number; /* of the scan; 0: nothing */
	struct MHD_Response *response;
	size_t bytes;
};

struct kyi_page_cache {
	/* Held while a page is made: who wants the same waits for it. */
	pthread_mutex_t lock;
	struct kyi_page_cached cached[2][2]; /* format, gzip */
	uint64_t made_cnt;
};

void kyi_page_cache_init(struct kyi_page_cache *cache);
void kyi_page_cache_end(struct kyi_page_cache *cache);

/* kyi_page_answer queues the page of scan; filter NULL: all of it, from the
   cache. Returns the bytes of the body, -1: nothing is queued. */
int64_t kyi_page_answer(struct kyi_page_cache *cache,
    struct MHD_Connection *connection, const struct kymo_scan *scan,
    const struct kymo_filter *filter, enum kymo_text_format format, bool gzip);

/* Headers that all our answers have. */
void kyi_headers_add(struct MHD_Response *response, const char *content_type);

#endif
