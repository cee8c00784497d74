/* SPDX-License-Identifier: MIT */
/* Requests that have a body, or an answer that takes time: the connection
   sleeps (MHD_suspend_connection) while a lane makes it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "reader/serve/gzip.h"
#include "reader/serve/private.h"
#include "shm/atomic.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
/* A query has up to 1 MiB, each byte of it up to three in a form. */
#define BODY_BYTES_MAX ((size_t)4 << 20)
#define HELD_BYTES_MAX ((uint64_t)256 << 20)
#define GZIP_BYTES_MIN 1024u /* below, its head is what costs */

/* ---- memory of all requests together ----------------------------------- */

/* Whether bytes more may be held for this request. */
static bool
hold(struct kyi_request *request, uint64_t bytes)
{
	if (kyi_load_u64_relaxed(&request->serve->held_bytes) + bytes >
	    HELD_BYTES_MAX)
		return false;
	kyi_add_u64_relaxed(&request->serve->held_bytes, bytes);
	request->held_bytes += bytes;
	return true;
}

struct kyi_request *
kyi_request_new(struct kyi_listener *listener,
    struct MHD_Connection *connection, struct kyi_place *place, int fd)
{
	struct kyi_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->job.owner = listener;
	request->job.closing = &listener->closing;
	request->serve = listener->serve;
	request->terms = kyi_terms_use(listener->serve);
	request->connection = connection;
	request->place = place;
	request->fd = fd;
	request->begin_ns = kyi_serve_now_ns();
	return request;
}

void
kyi_request_free(struct kyi_request *request)
{
	if (request == NULL)
		return;
	kyi_add_u64_relaxed(&request->serve->held_bytes,
	    0 - request->held_bytes);
	kyi_api_free(&request->api);
	kymo_buffer_free(&request->body);
	free(request->path);
	kyi_terms_done(request->serve, request->terms);
	free(request);
}

/* ---- bodies ------------------------------------------------------------ */

static bool
is_type(struct MHD_Connection *connection, const char *wanted)
{
	const char *type = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t len_bytes = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, len_bytes) == 0 &&
	    strchr("; \t", type[len_bytes]) != NULL;
}

static bool
is_get(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	    strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

/* POST is what is written where something can be, else a form that reads. */
static const struct kyi_api_route *
route_of(const char *path, const char *method)
{
	const struct kyi_api_route *route;

	if (strcmp(method, MHD_HTTP_METHOD_DELETE) == 0)
		return kyi_api_find(path, KYI_API_DELETE);
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return kyi_api_find(path, KYI_API_READ);
	route = kyi_api_find(path, KYI_API_POST);
	return route;
}

bool
kyi_body_wanted(struct kyi_request *request, const char *path,
    const char *method, const char *version)
{
	const struct kyi_api_route *route;

	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0 || !kyi_api_has(path))
		return false;
	route = route_of(path, method);
	if (route == NULL || (route->write == KYI_API_POST ?
	    !is_type(request->connection, JSON) :
	    !route->post || !is_type(request->connection, FORM)))
		return false;
	request->reading = kyi_host_asked(request, version);
	return request->reading;
}

void
kyi_body_add(struct kyi_request *request, const char *bytes, size_t len_bytes)
{
	if (!request->reading || request->too_long || request->no_room)
		return;
	if (len_bytes > BODY_BYTES_MAX - request->body.len_bytes)
		request->too_long = true;
	else if (!hold(request, len_bytes))
		request->no_room = true;
	else
		kymo_buffer_add(&request->body, bytes, len_bytes);
}

/* ---- answers ----------------------------------------------------------- */

enum MHD_Result
kyi_request_say(struct kyi_request *request, unsigned status,
    const char *content_type, const char *text, const char *header,
    const char *value)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	kyi_headers_add(response, content_type);
	if (header != NULL)
		MHD_add_response_header(response, header, value);
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	kyi_add_u64_relaxed(&request->serve->sent_bytes, strlen(text));
	return result;
}

enum MHD_Result
kyi_request_send(struct kyi_request *request)
{
	struct kyi_api *api = &request->api;
	struct MHD_Response *response;
	enum MHD_Result result;
	size_t bytes = api->out.len_bytes;

	if (api->out.failed)
		return kyi_request_say(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    JSON, "{\"status\":\"error\",\"errorType\":\"internal\","
		    "\"error\":\"no memory\"}", NULL, NULL);
	response = MHD_create_response_from_buffer(bytes, api->out.at,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		return MHD_NO;
	api->out = (struct kymo_buffer){ 0 };
	kyi_headers_add(response, request->is_reload ? TEXT_PLAIN : JSON);
	if (!request->is_reload)
		MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (request->is_packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (api->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
	result = MHD_queue_response(request->connection, api->status,
	    response);
	MHD_destroy_response(response);
	if (api->status >= 400 && api->status <= 415)
		kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
	kyi_add_u64_relaxed(&request->serve->sent_bytes, bytes);
	return result;
}

/* Compressed where that is wanted and worth it; accounted for. */
static void
pack(struct kyi_request *request)
{
	struct kymo_buffer *out = &request->api.out, packed = { 0 };

	if (!out->failed && request->gzip && out->len_bytes >= GZIP_BYTES_MIN) {
		if (kyi_gzip(&packed, out) == 0) {
			kymo_buffer_free(out);
			*out = packed;
			request->is_packed = true;
		} else {
			kymo_buffer_free(&packed);
		}
	}
	if (!out->failed && !hold(request, out->len_bytes)) {
		request->is_packed = false;
		kyi_api_fail(&request->api, KYI_API_UNAVAILABLE, "too many "
		    "large answers are under way; try again");
	}
}

/* ---- by a lane --------------------------------------------------------- */

/* Nobody waits for the answer: we end, or the client has closed. */
static bool
gone(void *of)
{
	struct kyi_request *request = of;
	ssize_t got;
	char c;

	if (kyi_load_u32_relaxed(&request->job.ending) != 0)
		return true;
	got = recv(request->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno != EAGAIN &&
	    errno != EWOULDBLOCK && errno != EINTR);
}

static void
run_api(struct kyi_job *job)
{
	struct kyi_request *request = (struct kyi_request *)job;
	struct kymo_serve *serve = request->serve;
	bool is_query = request->api.route->where == KYI_API_QUERY;
	uint64_t start_ns = kyi_serve_now_ns();

	kyi_api_answer(&request->api);
	pack(request);
	if (!is_query)
		return;
	kyi_add_u64_relaxed(&serve->query_cnt, 1);
	kyi_add_u64_relaxed(&serve->query_ns, kyi_serve_now_ns() - start_ns);
	if (request->api.late || request->api.canceled)
		kyi_add_u64_relaxed(&serve->canceled_cnt, 1);
}

static bool
is_over(void *at)
{
	const struct kyi_job *job = at;

	return kyi_load_u32_relaxed(&job->ending) != 0;
}

static void
run_reload(struct kyi_job *job)
{
	struct kyi_request *request = (struct kyi_request *)job;
	const struct kyi_api_world *world = &request->terms->world;
	struct kymo_error error = { "" };

	if (is_over(job))
		kymo_error_set(&error, "this address is about to close");
	else if (world->reload(world->of, is_over, job, &error) == 0) {
		request->api.status = MHD_HTTP_OK;
		kymo_buffer_str(&request->api.out, "reloaded\n");
		return;
	}
	request->api.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	kymo_buffer_printf(&request->api.out, "failed to reload: %s\n",
	    error.text);
}

static void
done(struct kyi_job *job)
{
	struct kyi_request *request = (struct kyi_request *)job;

	kyi_place_set(&request->serve->places, request->place,
	    KYI_PLACE_ANSWER);
	MHD_resume_connection(request->connection);
}

/* Sleeps until lane has run it; or says that it is full. */
static enum MHD_Result
sleep_for(struct kyi_request *request, struct kyi_lane *lane,
    void (*run)(struct kyi_job *job))
{
	request->job.run = run;
	request->job.done = done;
	request->asleep = true;
	kyi_place_set(&request->serve->places, request->place,
	    KYI_PLACE_WORK);
	MHD_suspend_connection(request->connection);
	if (!kyi_lane_push(lane, &request->job)) {
		request->api.status = MHD_HTTP_SERVICE_UNAVAILABLE;
		if (request->is_reload)
			kymo_buffer_str(&request->api.out, "too many reloads "
			    "are waiting, or this address closes; try again\n");
		else
			kyi_api_fail(&request->api, KYI_API_UNAVAILABLE,
		    kyi_load_u32_relaxed(request->job.closing) != 0 ?
		    "this address is about to close" :
		    "too many queries are waiting; try again");
		done(&request->job);
	}
	return MHD_YES;
}

/* ---- the API ----------------------------------------------------------- */

static enum MHD_Result
param_add(void *to, enum MHD_ValueKind kind, const char *key, size_t key_bytes,
    const char *value, size_t value_bytes)
{
	struct kyi_form *form = to;

	(void)kind;
	kyi_form_add(form, key, key_bytes, value, value == NULL ? 0 :
	    value_bytes);
	return form->wrong == NULL ? MHD_YES : MHD_NO;
}

/* The body first: what is there and in the address, too, is meant there. */
static void
form_make(struct kyi_request *request)
{
	struct kyi_form *form = &request->api.form;

	if (request->body.failed)
		form->wrong = "no memory";
	else if (request->api.route->write != KYI_API_READ)
		request->api.body = request->body.at;
	else if (request->body.len_bytes > 0)
		kyi_form_body(form, request->body.at,
		    request->body.len_bytes);
	if (form->wrong == NULL)
		MHD_get_connection_values_n(request->connection,
		    MHD_GET_ARGUMENT_KIND, param_add, form);
}

/* NAME of .../label/NAME/values, ID of .../silence/ID, in a copy; false: no
   memory. */
static bool
label_make(struct kyi_request *request, const char *path)
{
	const char *route = request->api.route->path;
	bool is_label = strcmp(route, "label/") == 0;

	if (route[strlen(route) - 1] != '/')
		return true;
	/* Both prefixes are as long. */
	request->path = strdup(path + strlen(KYI_API_PREFIX) + strlen(route));
	if (request->path == NULL)
		return false;
	if (is_label)
		request->path[strlen(request->path) - strlen("/values")] =
		    '\0';
	request->api.label = request->path;
	return true;
}

/* Answers here and now with an error. */
static enum MHD_Result
no(struct kyi_request *request, enum kyi_api_error type, const char *text)
{
	kyi_api_fail(&request->api, type, "%s", text);
	return kyi_request_send(request);
}

/* Whether it has the method; false: the answer is which it has. */
static bool
method_good(struct kyi_request *request, const char *path, const char *method,
    enum MHD_Result *result)
{
	const struct kyi_api_route *read = kyi_api_find(path, KYI_API_READ);
	char allow[64];

	if (request->api.route->write == KYI_API_READ ? is_get(method) ||
	    (request->api.route->post &&
	    strcmp(method, MHD_HTTP_METHOD_POST) == 0) :
	    strcmp(method, request->api.route->write == KYI_API_POST ?
	    MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_DELETE) == 0)
		return true;
	snprintf(allow, sizeof(allow), "%s%s%s",
	    read->write == KYI_API_READ ? "GET, HEAD" : "",
	    read->post || kyi_api_find(path, KYI_API_POST)->write ==
	    KYI_API_POST ? ", POST" : "",
	    kyi_api_find(path, KYI_API_DELETE)->write == KYI_API_DELETE ?
	    ", DELETE" : "");
	kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
	*result = kyi_request_say(request, MHD_HTTP_METHOD_NOT_ALLOWED,
	    TEXT_PLAIN, "not by this method\n", "Allow", *allow == ',' ?
	    allow + 2 : allow);
	return false;
}

enum MHD_Result
kyi_request_api(struct kyi_request *request, const char *path,
    const char *method)
{
	struct kymo_serve *serve = request->serve;
	struct kyi_api *api = &request->api;
	enum MHD_Result result;

	api->world = &request->terms->world;
	api->plain = strncmp(path, KYI_API_V2_PREFIX,
	    strlen(KYI_API_V2_PREFIX)) == 0;
	api->route = route_of(path, method);
	if (api->route == NULL)
		return no(request, KYI_API_NOT_FOUND, "no such thing in this "
		    "API; docs/query.md and docs/alerting.md of kymo list what "
		    "there is");
	if (!method_good(request, path, method, &result))
		return result;
	if (api->route->write != KYI_API_READ &&
	    !kyi_write_good(request, &result))
		return result;
	if (request->unread)
		return no(request, KYI_API_BAD_DATA, "a body belongs to a "
		    "POST, and is " FORM);
	if (request->too_long)
		return no(request, KYI_API_BAD_DATA, "the body is more than "
		    "4 MiB");
	if (request->no_room)
		return no(request, KYI_API_UNAVAILABLE, "too many large "
		    "requests and answers are under way; try again");
	form_make(request);
	if (!label_make(request, path))
		return MHD_NO;
	request->gzip = kyi_gzip_wanted(MHD_lookup_connection_value(
	    request->connection, MHD_HEADER_KIND, "Accept-Encoding"));
	api->until_ns = request->begin_ns + api->world->timeout_ms * 1000000;
	api->gone = gone;
	api->of = request;
	/* Errors need no thread. */
	if (api->route->where == KYI_API_HERE || api->form.wrong != NULL ||
	    (api->route->history && api->world->history == NULL) ||
	    (serve->light.thread_cnt == 0)) {
		kyi_api_answer(api);
		pack(request);
		return kyi_request_send(request);
	}
	return sleep_for(request, api->route->where == KYI_API_QUERY ?
	    &serve->queries : &serve->light, run_api);
}

enum MHD_Result
kyi_request_reload(struct kyi_request *request)
{
	const char *no = kyi_write_no(request);
	char text[256];

	if (no != NULL) {
		kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
		snprintf(text, sizeof(text), "%s; SIGHUP reloads, too\n", no);
		return kyi_request_say(request, MHD_HTTP_FORBIDDEN,
		    TEXT_PLAIN, text, NULL, NULL);
	}
	/* A page of a stranger may make a browser send us a POST; it says
	   whose page it is, then. */
	if (MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
	    "Origin") != NULL) {
		kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
		return kyi_request_say(request, MHD_HTTP_FORBIDDEN,
		    TEXT_PLAIN, "not from a web page\n", NULL, NULL);
	}
	if (request->unread)
		return kyi_request_say(request, MHD_HTTP_BAD_REQUEST,
		    TEXT_PLAIN, "without a body, please\n", NULL, NULL);
	request->is_reload = true;
	return sleep_for(request, &request->serve->reloads, run_reload);
}
