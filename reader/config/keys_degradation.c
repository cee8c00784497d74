/* SPDX-License-Identifier: MIT */
/* Keys of a component's health: depends_on, users and degradation. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define DEPENDS_MAX 100u
#define USER_MAX 256u

static int
depends_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_care_plan *plan = to;
	struct kymo_config_text *array = kyi_config_longer(yaml,
	    plan->depends_on, plan->depends_on_cnt, sizeof(array[0]));
	uint32_t i;

	if (array == NULL)
		return -1;
	plan->depends_on = array;
	array += plan->depends_on_cnt++;
	array->place = kyi_yaml_place(yaml);
	if (kyi_config_text(yaml, &array->text, "a component's name") != 0)
		return -1;
	for (i = 0; i + 1 < plan->depends_on_cnt; i++)
		if (strcmp(plan->depends_on[i].text, array->text) == 0)
			return kyi_yaml_error(yaml, "'%.60s' is there twice",
			    array->text);
	return 0;
}

int
kyi_config_depends_on(struct kyi_yaml *yaml, void *to)
{
	struct kymo_care_plan *plan = kyi_config_care_of(yaml, to);

	return plan == NULL ? -1 :
	    kyi_config_list(yaml, plan, depends_item, DEPENDS_MAX);
}

/* ---- users ---------------------------------------------------------------- */

static int
user_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_care_plan *plan = to;

	return kyi_config_uid_add(yaml, &plan->users, &plan->user_cnt);
}

int
kyi_config_users(struct kyi_yaml *yaml, void *to)
{
	struct kymo_care_plan *plan = kyi_config_care_of(yaml, to);

	if (plan == NULL)
		return -1;
	plan->has_users = true;
	return kyi_config_list(yaml, plan, user_item, USER_MAX);
}

/* ---- degradation ---------------------------------------------------------- */

static int
latency(struct kyi_yaml *yaml, void *to)
{
	struct kymo_degradation *degradation = to;

	return kyi_config_text(yaml, &degradation->latency,
	    "the name of a histogram");
}

static int
errors(struct kyi_yaml *yaml, void *to)
{
	struct kymo_degradation *degradation = to;

	return kyi_config_text(yaml, &degradation->errors,
	    "the name of a counter");
}

static int
requests(struct kyi_yaml *yaml, void *to)
{
	struct kymo_degradation *degradation = to;

	return kyi_config_text(yaml, &degradation->requests,
	    "the name of a counter");
}

static int
service(struct kyi_yaml *yaml, void *to)
{
	struct kymo_degradation *degradation = to;

	return kyi_config_text(yaml, &degradation->service, "a service");
}

static int
percent(struct kyi_yaml *yaml, void *to)
{
	struct kymo_degradation *degradation = to;

	return kyi_config_number(yaml, &degradation->percent, 1, 1000);
}

int
kyi_config_degradation(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "latency", latency, false },
		{ "errors", errors, false },
		{ "requests", requests, false },
		{ "service", service, false },
		{ "percent", percent, false },
	};
	struct kymo_care_plan *plan = kyi_config_care_of(yaml, to);
	struct kymo_config_place place = kyi_yaml_place(yaml);

	if (plan == NULL || kyi_config_mapping(yaml, &plan->degradation, keys,
	    sizeof(keys) / sizeof(keys[0]),
	    "{latency: request_duration_seconds}") != 0)
		return -1;
	if ((plan->degradation.errors == NULL) !=
	    (plan->degradation.requests == NULL))
		return kyi_yaml_error_at(yaml, place, "errors and requests come "
		    "together: it is their ratio that is looked at");
	if (plan->degradation.errors == NULL &&
	    plan->degradation.latency == NULL)
		return kyi_yaml_error_at(yaml, place, "of what? latency, or "
		    "errors and requests");
	return 0;
}
