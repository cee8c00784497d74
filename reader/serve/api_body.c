/* SPDX-License-Identifier: MIT */
#include "reader/serve/api_body.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reader/serve/param.h"

/* What people say is kept, for each of thousands of alerts. */
#define TEXT_BYTES_MAX 4096u
#define MATCHERS_BYTES_MAX 65536u

/* A json_t by another name: nobody else knows the library. */
static const json_t *
json_of(const struct kyi_body *body)
{
	return (const json_t *)(const void *)body;
}

struct kyi_body *
kyi_body_read(struct kyi_api *api)
{
	json_error_t error;
	json_t *json = json_loads(api->body == NULL ? "" : api->body,
	    JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		kyi_api_fail(api, KYI_API_BAD_DATA, "the body is no JSON: "
		    "line %d, column %d: %.160s", error.line, error.column,
		    error.text);
	else if (json_is_object(json))
		return (struct kyi_body *)(void *)json;
	else
		kyi_api_fail(api, KYI_API_BAD_DATA, "the body is to be a JSON "
		    "object");
	json_decref(json);
	return NULL;
}

void
kyi_body_free(struct kyi_body *body)
{
	json_decref((json_t *)(void *)body);
}

static bool
wrong(struct kyi_api *api, const char *key, const char *what)
{
	kyi_api_fail(api, KYI_API_BAD_DATA, "\"%s\" is to be %s", key, what);
	return false;
}

bool
kyi_body_text(struct kyi_api *api, const struct kyi_body *body,
    const char *key, const char **text)
{
	const json_t *json = json_object_get(json_of(body), key);

	*text = "";
	if (json == NULL || json_is_null(json))
		return true;
	if (!json_is_string(json))
		return wrong(api, key, "a text");
	if (json_string_length(json) > TEXT_BYTES_MAX)
		return wrong(api, key, "4096 bytes or less");
	*text = json_string_value(json);
	return true;
}

bool
kyi_body_bool(struct kyi_api *api, const struct kyi_body *body,
    const char *key, bool *is)
{
	const json_t *json = json_object_get(json_of(body), key);

	*is = json_is_true(json);
	return json == NULL || json_is_boolean(json) ||
	    wrong(api, key, "true or false");
}

bool
kyi_body_time(struct kyi_api *api, const struct kyi_body *body,
    const char *key, int64_t *ms)
{
	const char *text;

	if (!kyi_body_text(api, body, key, &text))
		return false;
	return *text == '\0' || kyi_param_time(ms, text) ||
	    wrong(api, key, "a time as 2027-03-01T18:00:00Z");
}

/* ---- matchers ---------------------------------------------------------- */

static bool
is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789";

	return *name != '\0' && (*name < '0' || *name > '9') &&
	    name[strspn(name, letters)] == '\0';
}

static bool
put_object(struct kymo_buffer *out, const json_t *one)
{
	const char *name = json_string_value(json_object_get(one, "name"));
	const char *value = json_string_value(json_object_get(one, "value"));
	const json_t *regex = json_object_get(one, "isRegex");
	const json_t *equal = json_object_get(one, "isEqual");

	if (name == NULL || *name == '\0' || value == NULL ||
	    (regex != NULL && !json_is_boolean(regex)) ||
	    (equal != NULL && !json_is_boolean(equal)))
		return false;
	if (is_plain(name))
		kymo_buffer_str(out, name);
	else
		kymo_buffer_quote(out, name);
	kymo_buffer_str(out, json_is_false(equal) ?
	    json_is_true(regex) ? "!~" : "!=" :
	    json_is_true(regex) ? "=~" : "=");
	kymo_buffer_quote(out, value);
	return true;
}

static bool
short_enough(struct kyi_api *api, const struct kymo_buffer *out)
{
	return out->len_bytes <= MATCHERS_BYTES_MAX ||
	    wrong(api, "matchers", "64 KiB or less, all of them");
}

bool
kyi_body_matchers(struct kyi_api *api, const struct kyi_body *body,
    struct kymo_buffer *out)
{
	const json_t *json = json_object_get(json_of(body), "matchers");
	const json_t *one;
	size_t i;

	kymo_buffer_str(out, "");
	if (json_is_string(json)) {
		kymo_buffer_str(out, json_string_value(json));
		return short_enough(api, out);
	}
	if (!json_is_array(json))
		return wrong(api, "matchers", "there: a list of them");
	json_array_foreach(json, i, one) {
		kymo_buffer_str(out, i == 0 ? "" : ", ");
		if (json_is_string(one))
			kymo_buffer_str(out, json_string_value(one));
		else if (!put_object(out, one))
			return wrong(api, "matchers", "a list of {\"name\", "
			    "\"value\", \"isRegex\", \"isEqual\"}");
	}
	return short_enough(api, out);
}
