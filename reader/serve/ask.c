/* SPDX-License-Identifier: MIT */
/* A question about alerts without a network. */
#include <stdlib.h>
#include <string.h>

#include "reader/serve/api.h"

static int
use(void *of, kymo_serve_use *answer, void *to)
{
	answer(to, of);
	return 0;
}

unsigned
kymo_serve_ask(const struct kymo_serve_alerting *alerting, const char *target,
    struct kymo_buffer *out)
{
	const struct kyi_api_world world = { .alerting = use,
	    .of = (void *)(uintptr_t)alerting, .version = "" };
	struct kyi_api api = { .world = &world,
	    .plain = strncmp(target, KYI_API_V2_PREFIX,
	    strlen(KYI_API_V2_PREFIX)) == 0 };
	char *copy = strdup(target), *query;
	unsigned status;

	if (copy == NULL) {
		out->failed = true;
		return 500;
	}
	query = strchr(copy, '?');
	if (query != NULL) {
		*query++ = '\0';
		kyi_form_body(&api.form, query, strlen(query));
	}
	api.route = kyi_api_has(copy) ? kyi_api_find(copy, KYI_API_READ) : NULL;
	/* One that has an id in its path has another way to it. */
	if (api.route == NULL || api.route->write != KYI_API_READ ||
	    strchr(api.route->path, '/') ==
	    api.route->path + strlen(api.route->path) - 1)
		kyi_api_fail(&api, KYI_API_NOT_FOUND, "no such question");
	else
		kyi_api_answer(&api);
	status = api.status;
	kymo_buffer_add(out, api.out.at, api.out.len_bytes);
	out->failed |= api.out.failed;
	kyi_api_free(&api);
	free(copy);
	return status;
}
