/* SPDX-License-Identifier: MIT */
/* Who may change something. A page of a stranger can make a browser on this
   machine send us a request, but not as JSON, nor by DELETE, without asking us
   first, and we never say yes to that; and it says whose page it is. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reader/serve/private.h"

static bool
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)
	    (const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)
	    (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool
kyi_is_local(struct kyi_request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL && is_loopback(info->client_addr);
}

static const char *
header(struct kyi_request *request, const char *key)
{
	return MHD_lookup_connection_value(request->connection,
	    MHD_HEADER_KIND, key);
}

/* Of a page that is not ours: of our own it would have our own name, which the
   Host header has, and which was looked at. */
static bool
is_foreign(struct kyi_request *request)
{
	const char *origin = header(request, "Origin");
	const char *host = header(request, "Host");

	if (origin == NULL)
		return false;
	if (host == NULL || strncmp(origin, "http", 4) != 0)
		return true;
	origin += 4;
	origin += *origin == 's';
	return strncmp(origin, "://", 3) != 0 ||
	    strcasecmp(origin + 3, host) != 0;
}

static bool
is_json(struct kyi_request *request)
{
	static const char json[] = "application/json";
	const char *type = header(request, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type != NULL && strncasecmp(type, json, strlen(json)) == 0 &&
	    strchr("; \t", type[strlen(json)]) != NULL;
}

const char *
kyi_write_no(struct kyi_request *request)
{
	enum kymo_config_changes changes = request->terms->world.changes;

	if (changes == KYMO_CHANGES_NONE)
		return "kymod's configuration lets nobody change anything here "
		    "(alerting: {changes: none})";
	if (changes == KYMO_CHANGES_LOCAL && !kyi_is_local(request))
		return "kymod takes changes from its own machine only; "
		    "alerting: {changes: all} in its configuration would let "
		    "others";
	return NULL;
}

bool
kyi_write_good(struct kyi_request *request, enum MHD_Result *result)
{
	struct kyi_api *api = &request->api;
	const char *no = kyi_write_no(request);

	if (no != NULL)
		kyi_api_fail(api, KYI_API_FORBIDDEN, "%s", no);
	else if (is_foreign(request))
		kyi_api_fail(api, KYI_API_FORBIDDEN, "not from a web page");
	else if (api->route->write == KYI_API_POST && !is_json(request))
		kyi_api_fail(api, KYI_API_MEDIA_TYPE, "say it as JSON: "
		    "Content-Type: application/json");
	else
		return true;
	*result = kyi_request_send(request);
	return false;
}
