/* SPDX-License-Identifier: MIT */
/* The frame of each answer, and the answers that are nothing else. */
#include "reader/serve/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/room.h"
#include "reader/serve/param.h"
#include "reader/serve/put.h"

/* ---- errors ------------------------------------------------------------ */

static const struct {
	unsigned status;
	const char *name;
} errors[] = {
	[KYI_API_BAD_DATA] = { 400, "bad_data" },
	[KYI_API_FORBIDDEN] = { 403, "forbidden" },
	[KYI_API_NOT_FOUND] = { 404, "not_found" },
	[KYI_API_MEDIA_TYPE] = { 415, "unsupported_media_type" },
	[KYI_API_EXECUTION] = { 422, "execution" },
	[KYI_API_INTERNAL] = { 500, "internal" },
	[KYI_API_CANCELED] = { 503, "canceled" },
	[KYI_API_TIMEOUT] = { 503, "timeout" },
	[KYI_API_UNAVAILABLE] = { 503, "unavailable" },
};

static void
fail(struct kyi_api *api, enum kyi_api_error type, const char *text)
{
	kyi_buffer_clear(&api->out);
	api->status = errors[type].status;
	if (api->plain) {
		kyi_json_string(&api->out, text);
		return;
	}
	kymo_buffer_printf(&api->out, "{\"status\":\"error\","
	    "\"errorType\":\"%s\",\"error\":", errors[type].name);
	kyi_json_string(&api->out, text);
	kymo_buffer_char(&api->out, '}');
}

void
kyi_api_fail(struct kyi_api *api, enum kyi_api_error type,
    const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail(api, type, text);
}

void
kyi_api_wrong(struct kyi_api *api, const char *param, const char *format, ...)
{
	char text[1024], whole[1100];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "invalid parameter \"%s\": %s", param,
	    text);
	fail(api, KYI_API_BAD_DATA, whole);
}

/* ---- parameters -------------------------------------------------------- */

bool
kyi_api_time(struct kyi_api *api, const char *param, int64_t *ms)
{
	const char *text = kyi_form_get(&api->form, param);

	if (*text == '\0' || kyi_param_time(ms, text))
		return true;
	kyi_api_wrong(api, param, "cannot parse \"%.100s\" to a valid "
	    "timestamp", text);
	return false;
}

bool
kyi_api_limit(struct kyi_api *api, const char *param, uint64_t *limit)
{
	const char *text = kyi_form_get(&api->form, param);

	if (*text == '\0' || kyi_param_limit(limit, text))
		return true;
	if (*text == '-')
		kyi_api_wrong(api, param, "limit must be non-negative");
	else
		kyi_api_wrong(api, param, "cannot parse \"%.100s\" to a "
		    "number", text);
	return false;
}

/* ---- answers ----------------------------------------------------------- */

void
kyi_api_begin(struct kyi_api *api)
{
	api->status = 200;
	kymo_buffer_str(&api->out, "{\"status\":\"success\",\"data\":");
}

void
kyi_api_end(struct kyi_api *api, const struct kymo_result *result, bool cut)
{
	kyi_put_notes(&api->out, result, cut, api->warning);
	kymo_buffer_char(&api->out, '}');
}

/* version says whose API this is like: who asks chooses by it what to ask. */
static void
buildinfo(struct kyi_api *api)
{
	kyi_api_begin(api);
	kymo_buffer_str(&api->out, "{\"version\":\"3.0.0\"");
	kyi_json_member_str(&api->out, "kymoVersion", api->world->version);
	kyi_json_member_str(&api->out, "revision", api->world->revision);
	kymo_buffer_str(&api->out, ",\"branch\":\"\",\"buildUser\":\"\","
	    "\"buildDate\":\"\",\"goVersion\":\"\"}");
	kyi_api_end(api, NULL, false);
}

static const struct kyi_api_route routes[] = {
	{ "query", kyi_api_query, KYI_API_QUERY, true, true,
	    KYI_API_READ },
	{ "query_range", kyi_api_query_range, KYI_API_QUERY, true, true,
	    KYI_API_READ },
	{ "query_exemplars", kyi_api_query_exemplars, KYI_API_HERE, true,
	    false, KYI_API_READ },
	{ "format_query", kyi_api_format_query, KYI_API_HERE, true, false,
	    KYI_API_READ },
	{ "series", kyi_api_series, KYI_API_QUERY, true, true,
	    KYI_API_READ },
	{ "labels", kyi_api_labels, KYI_API_QUERY, true, true,
	    KYI_API_READ },
	{ "label/", kyi_api_label_values, KYI_API_QUERY, false, true,
	    KYI_API_READ },
	{ "metadata", kyi_api_metadata, KYI_API_LIGHT, false, true,
	    KYI_API_READ },
	{ "anomalies", kyi_api_anomalies, KYI_API_LIGHT, true, false,
	    KYI_API_READ },
	{ "rules", kyi_api_rules, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "alerts", kyi_api_alerts, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "status/buildinfo", buildinfo, KYI_API_HERE, false, false,
	    KYI_API_READ },
};

static bool
is_label(const char *path)
{
	size_t len_bytes = strlen(path), end_bytes = strlen("/values");

	return strncmp(path, "label/", 6) == 0 &&
	    len_bytes > 6 + end_bytes &&
	    strcmp(path + len_bytes - end_bytes, "/values") == 0;
}

/* One whose path ends in / has something behind it. */
static bool
is_path(const char *route, const char *path)
{
	size_t len_bytes = strlen(route);

	if (strcmp(route, "label/") == 0)
		return is_label(path);
	if (route[len_bytes - 1] != '/')
		return strcmp(route, path) == 0;
	return strncmp(path, route, len_bytes) == 0 &&
	    path[len_bytes] != '\0' &&
	    strchr(path + len_bytes, '/') == NULL;
}

static const struct kyi_api_route *
find(const struct kyi_api_routes *among, const char *path,
    enum kyi_api_method method)
{
	const struct kyi_api_route *found = NULL;
	size_t i;

	for (i = 0; i < among->cnt; i++) {
		if (!is_path(among->at[i].path, path))
			continue;
		if (among->at[i].write == method)
			return &among->at[i];
		found = &among->at[i];
	}
	return found;
}

static bool
begins(const char *path, const char *prefix)
{
	return strncmp(path, prefix, strlen(prefix)) == 0;
}

bool
kyi_api_has(const char *path)
{
	return begins(path, KYI_API_PREFIX) || begins(path, KYI_API_V2_PREFIX);
}

const struct kyi_api_route *
kyi_api_find(const char *path, enum kyi_api_method method)
{
	static const struct kyi_api_routes prometheus = { routes,
	    sizeof(routes) / sizeof(routes[0]) };
	const struct kyi_api_route *found;

	if (begins(path, KYI_API_V2_PREFIX))
		return find(&kyi_api_v2_routes,
		    path + strlen(KYI_API_V2_PREFIX), method);
	path += strlen(KYI_API_PREFIX);
	found = find(&prometheus, path, method);
	return found != NULL ? found : find(&kyi_api_alerting_routes, path,
	    method);
}

void
kyi_api_answer(struct kyi_api *api)
{
	if (api->form.wrong != NULL)
		kyi_api_fail(api, KYI_API_BAD_DATA, "error parsing form "
		    "values: %s", api->form.wrong);
	else if (api->route->history && api->world->history == NULL)
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "kymod keeps no "
		    "history, so there is nothing to query; its configuration "
		    "may turn it on");
	else
		api->route->answer(api);
}

void
kyi_api_free(struct kyi_api *api)
{
	kyi_form_free(&api->form);
	kymo_buffer_free(&api->out);
	api->out = (struct kymo_buffer){ 0 };
}
