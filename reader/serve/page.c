/* SPDX-License-Identifier: MIT */
#include "reader/serve/page.h"

#include <string.h>

#include "reader/serve/gzip.h"

/* Below, the head of a compressed answer is what costs. */
#define GZIP_BYTES_MIN 1024u

void
kyi_page_cache_init(struct kyi_page_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
}

void
kyi_page_cache_end(struct kyi_page_cache *cache)
{
	int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			if (cache->cached[i][j].response != NULL)
				MHD_destroy_response(
				    cache->cached[i][j].response);
	pthread_mutex_destroy(&cache->lock);
}

void
kyi_headers_add(struct MHD_Response *response, const char *content_type)
{
	MHD_add_response_header(response, "Content-Type", content_type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
}

/* The page; gzip may turn out not to be worth it. NULL: no memory. */
static struct MHD_Response *
make(const struct kymo_scan *scan, const struct kymo_filter *filter,
    enum kymo_text_format format, bool gzip, size_t *bytes)
{
	struct kymo_buffer page = { 0 }, packed = { 0 };
	struct MHD_Response *response = NULL;

	kymo_buffer_str(&page, "");
	kymo_export_text(&page, scan, filter, format);
	if (page.failed)
		goto out;
	if (page.len_bytes < GZIP_BYTES_MIN)
		gzip = false;
	if (gzip) {
		if (kyi_gzip(&packed, &page) != 0)
			goto out;
		kymo_buffer_free(&page);
		page = packed;
		packed = (struct kymo_buffer){ 0 };
	}
	response = MHD_create_response_from_buffer(page.len_bytes, page.at,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		goto out;
	*bytes = page.len_bytes;
	page = (struct kymo_buffer){ 0 };
	kyi_headers_add(response, kymo_content_type(format));
	MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding");
	if (gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
out:
	kymo_buffer_free(&page);
	kymo_buffer_free(&packed);
	return response;
}

static int64_t
answer_part(struct MHD_Connection *connection, const struct kymo_scan *scan,
    const struct kymo_filter *filter, enum kymo_text_format format, bool gzip)
{
	size_t bytes = 0;
	struct MHD_Response *response = make(scan, filter, format, gzip,
	    &bytes);
	enum MHD_Result result;

	if (response == NULL)
		return -1;
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result == MHD_YES ? (int64_t)bytes : -1;
}

int64_t
kyi_page_answer(struct kyi_page_cache *cache,
    struct MHD_Connection *connection, const struct kymo_scan *scan,
    const struct kymo_filter *filter, enum kymo_text_format format, bool gzip)
{
	struct kyi_page_cached *cached =
	    &cache->cached[format == KYMO_OPENMETRICS_1][gzip];
	int64_t result = -1;

	if (filter != NULL)
		return answer_part(connection, scan, filter, format, gzip);
	pthread_mutex_lock(&cache->lock);
	/* A newer one, that another thread made meanwhile, is as good. */
	if (cached->response == NULL || cached->number < scan->number) {
		struct kyi_page_cached fresh = { .number = scan->number };

		fresh.response = make(scan, NULL, format, gzip, &fresh.bytes);
		if (fresh.response == NULL)
			goto out;
		cache->made_cnt++;
		/* Answers that are under way keep their own reference. */
		if (cached->response != NULL)
			MHD_destroy_response(cached->response);
		*cached = fresh;
	}
	if (MHD_queue_response(connection, MHD_HTTP_OK, cached->response) ==
	    MHD_YES)
		result = (int64_t)cached->bytes;
out:
	pthread_mutex_unlock(&cache->lock);
	return result;
}
