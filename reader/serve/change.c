/* SPDX-License-Identifier: MIT */
/* A server that goes on under other terms: what can fail comes first. */
#include <stdlib.h>

#include "reader/serve/private.h"
#include "shm/atomic.h"

struct kymo_serve_change {
	struct kymo_serve *serve;
	const struct kymo_listen *listen;
	uint32_t listen_cnt;
	uint64_t stale_ns;
	struct kyi_terms *terms;      /* that are in use no more, or not yet */
	struct kyi_listener *surplus; /* .. addresses */
};

struct kymo_serve_change *
kymo_serve_change_new(struct kymo_serve *serve,
    const struct kymo_serve_options *options, struct kymo_error *error)
{
	struct kymo_serve_change *change = calloc(1, sizeof(*change));

	if (change == NULL) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	change->serve = serve;
	change->listen = options->listen;
	change->listen_cnt = options->listen_cnt;
	change->stale_ns = options->stale_ns;
	change->terms = kyi_terms_new(options, serve->terms);
	if (change->terms == NULL)
		kymo_error_set(error, "out of memory");
	else if (kyi_lane_grow(&serve->queries,
	    change->terms->query_max) != 0)
		kymo_error_set(error, "no thread for queries");
	else if (kyi_listeners_make(serve, options->listen,
	    options->listen_cnt, &change->surplus, error) == 0)
		return change;
	free(change->terms);
	free(change);
	return NULL;
}

void
kymo_serve_change_take(struct kymo_serve_change *change)
{
	struct kymo_serve *serve = change->serve;
	struct kyi_terms *before;

	change->surplus = kyi_listeners_swap(serve, change->surplus,
	    change->listen, change->listen_cnt);
	kyi_store_u64_relaxed(&serve->stale_ns, change->stale_ns);
	kyi_lane_bound(&serve->queries, change->terms->query_max,
	    change->terms->query_queue_max);
	pthread_mutex_lock(&serve->terms_lock);
	before = serve->terms;
	serve->terms = change->terms;
	pthread_mutex_unlock(&serve->terms_lock);
	change->terms = before;
}

void
kymo_serve_change_end(struct kymo_serve_change *change)
{
	if (change == NULL)
		return;
	kyi_listeners_end(change->serve, change->surplus);
	kyi_terms_done(change->serve, change->terms);
	free(change);
}

int
kymo_serve_listen(struct kymo_serve *serve, const struct kymo_listen *listen,
    uint32_t listen_cnt, struct kymo_error *error)
{
	struct kyi_listener *made;

	if (kyi_listeners_make(serve, listen, listen_cnt, &made, error) != 0)
		return -1;
	kyi_listeners_end(serve, kyi_listeners_swap(serve, made, listen,
	    listen_cnt));
	return 0;
}
