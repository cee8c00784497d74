/* SPDX-License-Identifier: MIT */
/* Profiles by HTTP: plain texts, whatever is in them, for those who may. */
#include <stdio.h>
#include <string.h>

#include "reader/serve/private.h"
#include "shm/atomic.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define FOLDER "/profiles"
#define FOLDED ".folded"
#define ID_BYTES_MAX 64u

bool
kyi_is_profile(const char *path)
{
	return strncmp(path, FOLDER, strlen(FOLDER)) == 0 &&
	    (path[strlen(FOLDER)] == '\0' || path[strlen(FOLDER)] == '/');
}

static enum MHD_Result
refuse(struct kyi_request *request, unsigned status, const char *text)
{
	kyi_add_u64_relaxed(&request->serve->refused_cnt, 1);
	return kyi_request_say(request, status, TEXT_PLAIN, text, NULL, NULL);
}

/* ID or ID.folded, "" of the folder alone; whether it is folded. What is no id
   nobody finds. */
static bool
id_read(char id[ID_BYTES_MAX], const char *path)
{
	size_t len_bytes, end_bytes = strlen(FOLDED);
	bool folded;

	path += strlen(FOLDER);
	path += *path == '/';
	len_bytes = strlen(path);
	folded = len_bytes > end_bytes &&
	    strcmp(path + len_bytes - end_bytes, FOLDED) == 0;
	if (folded)
		len_bytes -= end_bytes;
	snprintf(id, ID_BYTES_MAX, "%.*s", len_bytes < ID_BYTES_MAX ?
	    (int)len_bytes : 1, len_bytes < ID_BYTES_MAX ? path : "-");
	return folded;
}

enum MHD_Result
kyi_request_profile(struct kyi_request *request, const char *path)
{
	const struct kyi_api_world *world = &request->terms->world;
	struct kymo_buffer out = { 0 };
	enum MHD_Result result;
	char id[ID_BYTES_MAX];
	bool folded;

	if (world->profile_readers == KYMO_CHANGES_NONE)
		return refuse(request, MHD_HTTP_FORBIDDEN, "kymod's "
		    "configuration lets nobody read profiles here (profiles: "
		    "{readers: none})\n");
	if (world->profile_readers == KYMO_CHANGES_LOCAL &&
	    !kyi_is_local(request))
		return refuse(request, MHD_HTTP_FORBIDDEN, "profiles are for "
		    "kymod's own machine only; profiles: {readers: all} in its "
		    "configuration would let others\n");
	folded = id_read(id, path);
	if (world->profile(world->of, id, folded, &out) != 0) {
		kymo_buffer_free(&out);
		return refuse(request, MHD_HTTP_NOT_FOUND, "no such profile; "
		    "the oldest go, and /profiles lists those there are\n");
	}
	result = kyi_request_say(request, out.failed ?
	    MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK, TEXT_PLAIN,
	    out.failed ? "out of memory\n" : out.at == NULL ? "" : out.at,
	    NULL, NULL);
	kymo_buffer_free(&out);
	return result;
}
