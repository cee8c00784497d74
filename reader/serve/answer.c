/* SPDX-License-Identifier: MIT */
/* What is asked, and what is answered. */
#include <stdio.h>
#include <string.h>

#include "reader/serve/gzip.h"
#include "reader/serve/health.h"
#include "reader/serve/private.h"
#include "shm/atomic.h"

#define GLOB_MAX 32u
#define GLOB_BYTES_MAX 256u
#define TEXT_PLAIN "text/plain; charset=utf-8"

static enum MHD_Result
say(struct kyi_request *request, unsigned status, const char *content_type,
    const char *text)
{
	return kyi_request_say(request, status, content_type, text, NULL,
	    NULL);
}

static enum MHD_Result
refuse(struct kyi_request *request, unsigned status, const char *text)
{
	kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
	return say(request, status, TEXT_PLAIN, text);
}

static enum MHD_Result
not_ready(struct kyi_request *request, const char *text)
{
	return kyi_request_say(request, MHD_HTTP_SERVICE_UNAVAILABLE,
	    TEXT_PLAIN, text, "Retry-After", "1");
}

/* ---- /metrics ---------------------------------------------------------- */

struct globs {
	const char *names[GLOB_MAX];
	uint32_t cnt;
	bool too_many;
};

static enum MHD_Result
glob_add(void *to, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct globs *globs = to;

	(void)kind;
	if (strcmp(key, "name") != 0 && strcmp(key, "name[]") != 0)
		return MHD_YES;
	if (value == NULL)
		value = "";
	if (globs->cnt == GLOB_MAX || strlen(value) > GLOB_BYTES_MAX) {
		globs->too_many = true;
		return MHD_NO;
	}
	globs->names[globs->cnt++] = value;
	return MHD_YES;
}

static enum MHD_Result
page(struct kyi_request *request, const struct globs *globs)
{
	const struct kymo_filter filter = { .names = globs->names,
	    .name_cnt = globs->cnt };
	struct kymo_serve *serve = request->serve;
	const struct kymo_scan *scan = serve->source.take(serve->source.of);
	int64_t bytes;

	if (scan == NULL)
		return not_ready(request, "no scan yet\n");
	bytes = kyi_page_answer(&serve->pages, request->connection, scan,
	    globs->cnt > 0 ? &filter : NULL,
	    kymo_accept(MHD_lookup_connection_value(request->connection,
	    MHD_HEADER_KIND, "Accept")),
	    kyi_gzip_wanted(MHD_lookup_connection_value(request->connection,
	    MHD_HEADER_KIND, "Accept-Encoding")));
	serve->source.release(scan);
	if (bytes < 0)
		return say(request, MHD_HTTP_INTERNAL_SERVER_ERROR, TEXT_PLAIN,
		    "out of memory\n");
	kyi_add_u64_relaxed(&serve->sent_bytes, (uint64_t)bytes);
	kyi_add_u64_relaxed(&serve->scrape_cnt, 1);
	return MHD_YES;
}

static enum MHD_Result
metrics(struct kyi_request *request)
{
	struct globs globs = { .cnt = 0 };
	uint64_t start_ns = kyi_serve_now_ns();
	enum MHD_Result result;

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
	    glob_add, &globs);
	if (globs.too_many)
		return refuse(request, MHD_HTTP_BAD_REQUEST, "at most 32 "
		    "name=GLOB of at most 256 bytes\n");
	result = page(request, &globs);
	kyi_add_u64_relaxed(&request->serve->scrape_ns,
	    kyi_serve_now_ns() - start_ns);
	return result;
}

/* ---- the others -------------------------------------------------------- */

static enum MHD_Result
healthy(struct kyi_request *request)
{
	return say(request, MHD_HTTP_OK, TEXT_PLAIN, "healthy\n");
}

static enum MHD_Result
ready(struct kyi_request *request)
{
	struct kymo_serve *serve = request->serve;
	const struct kymo_scan *scan = serve->source.take(serve->source.of);
	uint64_t now_ns = kyi_serve_now_ns(), age_ns;
	uint64_t stale_ns = kyi_load_u64_relaxed(&serve->stale_ns);
	char text[80];

	if (scan == NULL)
		return not_ready(request, "no scan yet\n");
	age_ns = now_ns > scan->at_mono_ns ? now_ns - scan->at_mono_ns : 0;
	serve->source.release(scan);
	if (stale_ns != 0 && age_ns > stale_ns) {
		snprintf(text, sizeof(text), "the newest scan is %llu s old\n",
		    (unsigned long long)(age_ns / 1000000000));
		return not_ready(request, text);
	}
	return say(request, MHD_HTTP_OK, TEXT_PLAIN, "ready\n");
}

static enum MHD_Result
front(struct kyi_request *request)
{
	static const char policy[] = "default-src 'none'; base-uri 'none'; "
	    "form-action 'none'; frame-ancestors 'none'";
	char text[1200];

	snprintf(text, sizeof(text), "<!doctype html>\n"
	    "<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<title>kymod</title></head><body>\n"
	    "<h1>kymod %s</h1>\n"
	    "<p>Metrics of the programs on this machine.</p>\n<ul>\n"
	    "<li><a href=\"/metrics\">/metrics</a>: all of them; "
	    "<code>?name=GLOB</code> for some</li>\n"
	    "<li><a href=\"/-/ready\">/-/ready</a>: are scans fresh?</li>\n"
	    "<li><a href=\"/-/health\">/-/health</a>: are the components "
	    "well?</li>\n"
	    "<li><a href=\"/-/healthy\">/-/healthy</a>: is kymod there?</li>\n"
	    "<li>/api/v1/..: queries, as Prometheus has them; "
	    "<code>kymo query</code> asks</li>\n"
	    "<li>/api/v2/..: alerts and silences, as Alertmanager has them; "
	    "<code>kymo alerts</code> and <code>kymo silence</code> ask</li>\n"
	    "%s</ul>\n</body></html>\n", request->terms->world.version,
	    request->terms->world.profile == NULL ? "" :
	    "<li><a href=\"/profiles\">/profiles</a>: of processes whose "
	    "alerts fired</li>\n");
	return kyi_request_say(request, MHD_HTTP_OK,
	    "text/html; charset=utf-8", text, "Content-Security-Policy",
	    policy);
}

/* As large as it is: a component may have many checks. */
static enum MHD_Result
health(struct kyi_request *request)
{
	const struct kyi_api_world *world = &request->terms->world;
	struct kymo_buffer out = {0};
	enum MHD_Result result;
	unsigned status;

	if (world->health == NULL)
		return refuse(request, MHD_HTTP_NOT_FOUND,
		    "nobody looks after components here\n");
	status = kyi_health_put(&out, world->health, world->of,
	    MHD_lookup_connection_value(request->connection,
	    MHD_GET_ARGUMENT_KIND, "component"));
	result = say(request, out.failed ? MHD_HTTP_INTERNAL_SERVER_ERROR :
	    status, "application/json", out.failed ? "{}\n" : out.at);
	kymo_buffer_free(&out);
	return result;
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct kyi_request *request);
} routes[] = {
	{ "/metrics", metrics },
	{ "/-/healthy", healthy },
	{ "/-/ready", ready },
	{ "/-/health", health },
	{ "/", front },
};

/* ---- who asks how ------------------------------------------------------ */

struct hosts {
	const char *host;
	unsigned cnt;
};

static enum MHD_Result
host_count(void *to, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct hosts *hosts = to;

	(void)kind;
	if (strcasecmp(key, "Host") == 0) {
		hosts->cnt++;
		hosts->host = value == NULL ? "" : value;
	}
	return MHD_YES;
}

/* HTTP/1.0 needs no Host; every browser sends one. */
bool
kyi_host_asked(struct kyi_request *request, const char *version)
{
	struct hosts hosts = { NULL, 0 };

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND,
	    host_count, &hosts);
	if (hosts.cnt == 0)
		return strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
	return hosts.cnt == 1 &&
	    kyi_host_good(&request->terms->names, hosts.host);
}

static enum MHD_Result
by_method(struct kyi_request *request, const char *path, const char *method)
{
	size_t i;

	if (strcmp(path, "/-/reload") == 0 &&
	    request->terms->world.reload != NULL) {
		if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 ||
		    strcmp(method, MHD_HTTP_METHOD_PUT) == 0)
			return kyi_request_reload(request);
		kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
		return kyi_request_say(request, MHD_HTTP_METHOD_NOT_ALLOWED,
		    TEXT_PLAIN, "only POST and PUT\n", "Allow", "POST, PUT");
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
		return kyi_request_say(request, MHD_HTTP_METHOD_NOT_ALLOWED,
		    TEXT_PLAIN, "only GET and HEAD\n", "Allow", "GET, HEAD");
	}
	if (request->terms->world.profile != NULL && kyi_is_profile(path))
		return kyi_request_profile(request, path);
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0)
			return routes[i].answer(request);
	return refuse(request, MHD_HTTP_NOT_FOUND, "nothing here; there are "
	    "/metrics, /-/healthy, /-/ready, /-/health and /api/v1/..\n");
}

enum MHD_Result
kyi_answer(struct kyi_request *request, const char *path, const char *method,
    const char *version)
{
	kyi_add_u64_relaxed(&request->serve->request_cnt, 1);
	if (!kyi_host_asked(request, version))
		return refuse(request, MHD_HTTP_MISDIRECTED_REQUEST,
		    "not a name of this server; ask by its address, as "
		    "localhost, by the machine's name, or by one that hosts: "
		    "in its configuration lists\n");
	if (kyi_api_has(path))
		return kyi_request_api(request, path, method);
	return by_method(request, path, method);
}
