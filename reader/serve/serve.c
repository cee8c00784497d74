/* SPDX-License-Identifier: MIT */
/* Listening, and what is between the library and our answers. */
#include "reader/serve/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reader/serve/private.h"
#include "reader/serve/quiet.h"
#include "shm/atomic.h"

#define BACKLOG 1024
#define THREAD_CNT 2u /* a listener: one may make a page, one answers */
/* The library's own limit is only a second line; it counts those, too, that
   we cut off and it has not closed yet. A thread has its share of it. */
#define CONNECTION_MAX (THREAD_CNT * 384u)
#define HEAD_BYTES_MAX 16384u /* and buffers, of one connection */
#define SILENCE_S 120u
#define END_NS 2000000000ull
#define QUERY_TIMEOUT_MS 120000u
#define QUERY_MAX 2u
#define QUERY_QUEUE_MAX 32u
#define LIGHT_QUEUE_MAX 64u

static const struct kyi_places_limits default_limits = {
	.place_max = 256,
	.head_ns = 2000000000ull,
	.answer_ns = 30000000000ull,
	.idle_ns = 75000000000ull,
	.spare_ns = 1000000000ull,
};

/* ---- calls of the library ---------------------------------------------- */

static enum MHD_Result
on_accept(void *of, const struct sockaddr *address, socklen_t address_bytes)
{
	struct kyi_listener *listener = of;

	(void)address;
	(void)address_bytes;
	if (kyi_load_u32_relaxed(&listener->closing) != 0)
		return MHD_NO;
	if (kyi_places_admit(&listener->serve->places))
		return MHD_YES;
	kyi_add_u64_relaxed(&listener->serve->refused_cnt, 1);
	return MHD_NO;
}

static void
on_connection(void *of, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct kyi_listener *listener = of;
	struct kyi_places *places = &listener->serve->places;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		    connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		*context = info == NULL ? NULL :
		    kyi_place_begin(places, info->connect_fd, listener);
		return;
	}
	kyi_place_end(places, *context);
	*context = NULL;
}

static struct kyi_place *
place_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* Whether a body follows the head. */
static bool
has_body(struct MHD_Connection *connection)
{
	const char *bytes = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (bytes != NULL && strcmp(bytes, "0") != 0) ||
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Called when the head is there; for each piece of a body; when there is no
   (more) body; and once more when an answer was made meanwhile. An answer to
   the first call ends the connection, a later one keeps it for another
   request; a body that nobody wants is never waited for. */
static enum MHD_Result
on_request(void *of, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *body,
    size_t *body_bytes, void **context)
{
	struct kyi_listener *listener = of;
	struct kyi_request *request = *context;

	if (request == NULL) {
		struct kyi_place *place = place_of(connection);

		kyi_place_set(&listener->serve->places, place,
		    KYI_PLACE_ANSWER);
		*context = request = kyi_request_new(listener, connection,
		    place, place == NULL ? -1 : place->fd);
		if (request == NULL)
			return MHD_NO;
		if (!has_body(connection) ||
		    kyi_body_wanted(request, path, method, version))
			return MHD_YES;
		request->unread = true;
		return kyi_answer(request, path, method, version);
	}
	if (*body_bytes > 0) {
		kyi_body_add(request, body, *body_bytes);
		*body_bytes = 0;
		return MHD_YES;
	}
	if (request->asleep)
		return kyi_request_send(request);
	return kyi_answer(request, path, method, version);
}

static void
on_completed(void *of, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct kyi_listener *listener = of;

	(void)code;
	kyi_request_free(*context);
	*context = NULL;
	kyi_place_set(&listener->serve->places, place_of(connection),
	    KYI_PLACE_IDLE);
}

/* ---- listeners --------------------------------------------------------- */

static socklen_t
address_of(const struct kymo_listen *where, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, where->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(where->port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, where->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(where->port);
		return sizeof(*v6);
	}
	return 0;
}

static void
where_text(const struct kymo_listen *where, char text[80])
{
	snprintf(text, 80, strchr(where->host, ':') != NULL ? "[%s]:%u" :
	    "%s:%u", where->host, (unsigned)where->port);
}

/* A listening socket; -1: the error says which and why. */
static int
socket_make(const struct kymo_listen *where, struct kymo_error *error)
{
	struct sockaddr_storage address;
	socklen_t address_bytes = address_of(where, &address);
	const int on = 1;
	char text[80];
	int fd;

	where_text(where, text);
	if (address_bytes == 0)
		return kymo_error_set(error, "%s is not a numeric address",
		    text);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) == 0 && (address.ss_family != AF_INET6 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, (const struct sockaddr *)&address, address_bytes) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	kymo_error_set(error, "cannot listen on %s: %s", text,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct kyi_listener *
listener_new(struct kymo_serve *serve, const struct kymo_listen *where,
    struct kymo_error *error)
{
	struct kyi_listener *listener = calloc(1, sizeof(*listener));
	struct kyi_quiet quiet;
	int fd;

	if (listener == NULL) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	listener->serve = serve;
	listener->where = *where;
	fd = socket_make(where, error);
	if (fd < 0) {
		free(listener);
		return NULL;
	}
	kyi_quiet_begin(&quiet);
	listener->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
	    MHD_ALLOW_SUSPEND_RESUME, 0,
	    on_accept, listener, on_request, listener,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_THREAD_POOL_SIZE, THREAD_CNT,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTION_MAX,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
	    MHD_OPTION_END);
	kyi_quiet_end(&quiet);
	if (listener->daemon == NULL) {
		kymo_error_set(error, "the HTTP library does not start");
		close(fd);
		free(listener);
		return NULL;
	}
	return listener;
}

/* Nobody new comes in: they are cut off. (MHD_quiesce_daemon would have them
   refused, but libmicrohttpd 0.9.75 ends the program when one of its threads
   lets go of the socket at the same moment.) */
static void
listener_close(struct kyi_listener *listener)
{
	kyi_store_u32_relaxed(&listener->closing, 1);
}

static void
listener_free(struct kyi_listener *listener)
{
	MHD_stop_daemon(listener->daemon);
	free(listener);
}

/* Ends each of a list; running answers have two seconds together. */
static void
listeners_end(struct kymo_serve *serve, struct kyi_listener *list)
{
	uint64_t until_ns = kyi_serve_now_ns() + END_NS;
	struct kyi_listener *listener;

	for (listener = list; listener != NULL; listener = listener->next)
		listener_close(listener);
	for (listener = list; listener != NULL; listener = listener->next)
		kyi_places_drain(&serve->places, listener, until_ns);
	/* The library must not end while somebody is asleep; nobody falls
	   asleep any more, now that they close. */
	for (listener = list; listener != NULL; listener = listener->next) {
		kyi_lane_clear(&serve->queries, listener);
		kyi_lane_clear(&serve->light, listener);
	}
	while ((listener = list) != NULL) {
		list = listener->next;
		listener_free(listener);
	}
}

/* Takes the listener at where out of *list. NULL: there is none. */
static struct kyi_listener *
listener_take(struct kyi_listener **list, const struct kymo_listen *where)
{
	struct kyi_listener *listener;

	for (; (listener = *list) != NULL; list = &listener->next)
		if (listener->where.port == where->port &&
		    strcmp(listener->where.host, where->host) == 0) {
			*list = listener->next;
			return listener;
		}
	return NULL;
}

static bool
listens(const struct kyi_listener *list, const struct kymo_listen *where)
{
	for (; list != NULL; list = list->next)
		if (list->where.port == where->port &&
		    strcmp(list->where.host, where->host) == 0)
			return true;
	return false;
}

void
kymo_serve_stale(struct kymo_serve *serve, uint64_t stale_ns)
{
	kyi_store_u64_relaxed(&serve->stale_ns, stale_ns);
}

int
kymo_serve_listen(struct kymo_serve *serve, const struct kymo_listen *listen,
    uint32_t listen_cnt, struct kymo_error *error)
{
	struct kyi_listener *made = NULL, *old, *listener;
	uint32_t i;

	for (i = 0; i < listen_cnt; i++) {
		if (listens(serve->listeners, &listen[i]) ||
		    listens(made, &listen[i]))
			continue;
		listener = listener_new(serve, &listen[i], error);
		if (listener == NULL) {
			listeners_end(serve, made);
			return -1;
		}
		listener->next = made;
		made = listener;
	}
	old = serve->listeners;
	for (i = 0; i < listen_cnt; i++) {
		listener = listener_take(&old, &listen[i]);
		if (listener == NULL)
			continue;
		listener->next = made;
		made = listener;
	}
	serve->listeners = made;
	listeners_end(serve, old);
	return 0;
}

/* ---- the server -------------------------------------------------------- */

static void
world_make(struct kymo_serve *serve, const struct kymo_serve_options *options)
{
	struct kyi_api_world *world = &serve->world;

	*world = (struct kyi_api_world){ .history = options->history,
	    .query = options->query,
	    .timeout_ms = options->query_timeout_ms == 0 ? QUERY_TIMEOUT_MS :
	    options->query_timeout_ms, .rules = options->rules,
	    .rule_interval_ms = options->rule_interval_ms,
	    .reload = options->reload, .of = options->of };
	snprintf(world->version, sizeof(world->version), "%s",
	    options->version == NULL ? "" : options->version);
	snprintf(world->revision, sizeof(world->revision), "%s",
	    options->revision == NULL ? "" : options->revision);
}

/* Threads for what there is to ask. */
static int
lanes_make(struct kymo_serve *serve, const struct kymo_serve_options *options)
{
	uint32_t query_cnt = 0;
	bool light = options->history != NULL || options->rules != NULL ||
	    options->reload != NULL;

	if (options->history != NULL)
		query_cnt = options->query_max == 0 ? QUERY_MAX :
		    options->query_max;
	if (kyi_lane_init(&serve->light, light ? 1 : 0, LIGHT_QUEUE_MAX,
	    false) != 0)
		return -1;
	if (kyi_lane_init(&serve->queries, query_cnt,
	    options->query_queue_max == 0 ? QUERY_QUEUE_MAX :
	    options->query_queue_max, true) == 0)
		return 0;
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
	if (kyi_places_init(&serve->places, limits) == 0) {
		if (lanes_make(serve, options) == 0)
			return serve;
		kyi_places_end(&serve->places);
	}
	free(serve);
	return NULL;
}

struct kymo_serve *
kyi_serve_new(const struct kymo_serve_options *options,
    const struct kyi_source *source, const struct kyi_places_limits *limits,
    struct kymo_error *error)
{
	struct kymo_serve *serve = bare(options, limits);
	char self[256] = "";
	uint32_t i;

	if (serve == NULL) {
		kymo_error_set(error, "no memory or thread for a server");
		return NULL;
	}
	world_make(serve, options);
	serve->source = *source;
	serve->stale_ns = options->stale_ns;
	gethostname(self, sizeof(self) - 1);
	kyi_host_names_make(&serve->names, self, "/etc/hosts");
	for (i = 0; i < options->host_cnt; i++)
		kyi_host_names_add(&serve->names, options->hosts[i]);
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
	listeners_end(serve, serve->listeners);
	kyi_lane_end(&serve->queries);
	kyi_lane_end(&serve->light);
	kyi_places_end(&serve->places);
	kyi_page_cache_end(&serve->pages);
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
