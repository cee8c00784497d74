/* SPDX-License-Identifier: MIT */
/* Addresses: who comes in at each, and its end. */
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
/* What the kernel keeps of an answer that a client has not read, doubled by it:
   left alone it takes megabytes, from each client that never reads, and copies
   them at once. */
#define UNREAD_BYTES (128 << 10)
#define THREAD_CNT 2u /* a listener: one may make a page, one answers */
/* The library's own limit is only a second line; it counts those, too, that
   we cut off and it has not closed yet. A thread has its share of it. */
#define CONNECTION_MAX (THREAD_CNT * 384u)
#define HEAD_BYTES_MAX 16384u /* and buffers, of one connection */
#define SILENCE_S 120u
#define END_NS 2000000000ull

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
	const int on = 1, unread_bytes = UNREAD_BYTES;
	char text[80];
	int fd;

	where_text(where, text);
	if (address_bytes == 0)
		return kymo_error_set(error, "%s is not a numeric address",
		    text);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) == 0 &&
	    /* Connections have it from here. */
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unread_bytes,
	    sizeof(unread_bytes)) == 0 && (address.ss_family != AF_INET6 ||
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

void
kyi_listeners_end(struct kymo_serve *serve, struct kyi_listener *list)
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
		kyi_lane_clear(&serve->reloads, listener);
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

int
kyi_listeners_make(struct kymo_serve *serve, const struct kymo_listen *listen,
    uint32_t listen_cnt, struct kyi_listener **made, struct kymo_error *error)
{
	struct kyi_listener *listener;

	*made = NULL;
	for (uint32_t i = 0; i < listen_cnt; i++) {
		if (listens(serve->listeners, &listen[i]) ||
		    listens(*made, &listen[i]))
			continue;
		listener = listener_new(serve, &listen[i], error);
		if (listener == NULL) {
			kyi_listeners_end(serve, *made);
			*made = NULL;
			return -1;
		}
		listener->next = *made;
		*made = listener;
	}
	return 0;
}

struct kyi_listener *
kyi_listeners_swap(struct kymo_serve *serve, struct kyi_listener *made,
    const struct kymo_listen *listen, uint32_t listen_cnt)
{
	struct kyi_listener *old = serve->listeners, *listener;

	for (uint32_t i = 0; i < listen_cnt; i++) {
		listener = listener_take(&old, &listen[i]);
		if (listener == NULL)
			continue;
		listener->next = made;
		made = listener;
	}
	serve->listeners = made;
	return old;
}
