/* SPDX-License-Identifier: MIT */
/* The server: what it is made of, and on what terms it answers. */
#include "reader/serve/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/serve/private.h"
#include "shm/atomic.h"

#define QUERY_TIMEOUT_MS 120000u
#define QUERY_MAX 2u
#define QUERY_QUEUE_MAX 32u
#define LIGHT_QUEUE_MAX 64u
#define RELOAD_QUEUE_MAX 8u

static const struct kyi_places_limits default_limits = {
	.place_max = 256,
	.head_ns = 2000000000ull,
	.answer_ns = 30000000000ull,
	.idle_ns = 75000000000ull,
	.spare_ns = 1000000000ull,
};

/* ---- terms ------------------------------------------------------------- */

static void
names_set(struct kyi_host_names *names,
    const struct kymo_serve_options *options)
{
	char self[256] = "";

	gethostname(self, sizeof(self) - 1);
	kyi_host_names_make(names, self, "/etc/hosts");
	for (uint32_t i = 0; i < options->host_cnt; i++)
		kyi_host_names_add(names, options->hosts[i]);
}

/* What a change can change of it. */
static void
bounds_set(struct kyi_api_world *world,
    const struct kymo_serve_options *options)
{
	world->query = options->query;
	world->timeout_ms = options->query_timeout_ms == 0 ?
	    QUERY_TIMEOUT_MS : options->query_timeout_ms;
	world->rule_interval_ms = options->rule_interval_ms;
	world->changes = options->changes;
	world->profile_readers = options->profile_readers;
}

static void
world_make(struct kyi_api_world *world,
    const struct kymo_serve_options *options)
{
	*world = (struct kyi_api_world){ .history = options->history,
	    .rules = options->rules, .anomalies = options->anomalies,
	    .reload = options->reload, .alerting = options->alerting,
	    .health = options->health, .profile = options->profile,
	    .profile_said = options->profile_said,
	    .of = options->of, .begin_ns = kyi_serve_now_ns() };
	snprintf(world->version, sizeof(world->version), "%s",
	    options->version == NULL ? "" : options->version);
	snprintf(world->revision, sizeof(world->revision), "%s",
	    options->revision == NULL ? "" : options->revision);
}

struct kyi_terms *
kyi_terms_new(const struct kymo_serve_options *options,
    const struct kyi_terms *before)
{
	struct kyi_terms *terms = calloc(1, sizeof(*terms));

	if (terms == NULL)
		return NULL;
	terms->user_cnt = 1;
	if (before != NULL)
		terms->world = before->world;
	else
		world_make(&terms->world, options);
	bounds_set(&terms->world, options);
	terms->query_max = options->query_max == 0 ? QUERY_MAX :
	    options->query_max;
	terms->query_queue_max = options->query_queue_max == 0 ?
	    QUERY_QUEUE_MAX : options->query_queue_max;
	if (terms->world.history == NULL)
		terms->query_max = 0;
	names_set(&terms->names, options);
	return terms;
}

struct kyi_terms *
kyi_terms_use(struct kymo_serve *serve)
{
	struct kyi_terms *terms;

	pthread_mutex_lock(&serve->terms_lock);
	terms = serve->terms;
	terms->user_cnt++;
	pthread_mutex_unlock(&serve->terms_lock);
	return terms;
}

void
kyi_terms_done(struct kymo_serve *serve, struct kyi_terms *terms)
{
	bool last;

	pthread_mutex_lock(&serve->terms_lock);
	last = --terms->user_cnt == 0;
	pthread_mutex_unlock(&serve->terms_lock);
	if (last)
		free(terms);
}

void
kymo_serve_stale(struct kymo_serve *serve, uint64_t stale_ns)
{
	kyi_store_u64_relaxed(&serve->stale_ns, stale_ns);
}

/* ---- the server -------------------------------------------------------- */

/* Threads for what there is to ask. */
static int
lanes_make(struct kymo_serve *serve, const struct kymo_serve_options *options)
{
	const struct kyi_terms *terms = serve->terms;
	bool light = options->history != NULL || options->rules != NULL ||
	    options->alerting != NULL;

	if (kyi_lane_init(&serve->light, light ? 1 : 0, LIGHT_QUEUE_MAX,
	    false) != 0)
		return -1;
	if (kyi_lane_init(&serve->reloads, options->reload != NULL ? 1 : 0,
	    RELOAD_QUEUE_MAX, false) == 0) {
		if (kyi_lane_init(&serve->queries, terms->query_max,
		    terms->query_queue_max, true) == 0)
			return 0;
		kyi_lane_end(&serve->reloads);
	}
	kyi_lane_end(&serve->light);
	return -1;
}

/* What every server has; NULL: no memory or thread. */
static struct kymo_serve *
bare(const struct kymo_serve_options *options,
    const struct kyi_places_limits *limits)
{
	struct kymo_serve *serve = calloc(1, sizeof(*serve));

	if (serve == NULL)
		return NULL;
	serve->terms = kyi_terms_new(options, NULL);
	if (serve->terms != NULL &&
	    kyi_places_init(&serve->places, limits) == 0) {
		if (lanes_make(serve, options) == 0) {
			pthread_mutex_init(&serve->terms_lock, NULL);
			return serve;
		}
		kyi_places_end(&serve->places);
	}
	free(serve->terms);
	free(serve);
	return NULL;
}

struct kymo_serve *
kyi_serve_new(const struct kymo_serve_options *options,
    const struct kyi_source *source, const struct kyi_places_limits *limits,
    struct kymo_error *error)
{
	struct kymo_serve *serve = bare(options, limits);

	if (serve == NULL) {
		kymo_error_set(error, "no memory or thread for a server");
		return NULL;
	}
	serve->source = *source;
	serve->stale_ns = options->stale_ns;
	kyi_page_cache_init(&serve->pages);
	if (kymo_serve_listen(serve, options->listen, options->listen_cnt,
	    error) != 0) {
		kymo_serve_delete(serve);
		return NULL;
	}
	return serve;
}

static const struct kymo_scan *
model_take(void *of)
{
	return kymo_scan_take(of);
}

struct kymo_serve *
kymo_serve_new(const struct kymo_serve_options *options,
    struct kymo_error *error)
{
	const struct kyi_source source = { .take = model_take,
	    .release = kymo_scan_release, .of = options->model };

	return kyi_serve_new(options, &source, &default_limits, error);
}

void
kymo_serve_delete(struct kymo_serve *serve)
{
	if (serve == NULL)
		return;
	kyi_listeners_end(serve, serve->listeners);
	kyi_lane_end(&serve->queries);
	kyi_lane_end(&serve->reloads);
	kyi_lane_end(&serve->light);
	kyi_places_end(&serve->places);
	kyi_page_cache_end(&serve->pages);
	kyi_terms_done(serve, serve->terms);
	pthread_mutex_destroy(&serve->terms_lock);
	free(serve);
}

void
kymo_serve_stats(const struct kymo_serve *serve,
    struct kymo_serve_stats *stats)
{
	/* Only their locks change. */
	struct kyi_places *places =
	    (struct kyi_places *)(uintptr_t)&serve->places;
	struct kyi_lane *queries =
	    (struct kyi_lane *)(uintptr_t)&serve->queries;

	*stats = (struct kymo_serve_stats){
		.requests = kyi_load_u64_relaxed(&serve->request_cnt),
		.scrapes = kyi_load_u64_relaxed(&serve->scrape_cnt),
		.refused = kyi_load_u64_relaxed(&serve->refused_cnt),
		.evicted = kyi_places_evicted(places),
		.bytes = kyi_load_u64_relaxed(&serve->sent_bytes),
		.scrape_seconds = (double)kyi_load_u64_relaxed(
		    &serve->scrape_ns) / 1e9,
		.connections = kyi_places_taken(places),
		.queries = kyi_load_u64_relaxed(&serve->query_cnt),
		.queries_canceled = kyi_load_u64_relaxed(
		    &serve->canceled_cnt),
		.query_seconds = (double)kyi_load_u64_relaxed(
		    &serve->query_ns) / 1e9,
	};
	kyi_lane_cnt(queries, &stats->queries_running,
	    &stats->queries_waiting);
}
