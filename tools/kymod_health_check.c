/* SPDX-License-Identifier: MIT */
/* What a configuration says of health, and only those can judge who use it:
   expressions, and who may write it. */
#include "tools/kymod_health.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_check(const struct kymo_config *config, const struct kymo_check *check,
    struct kymo_error *error)
{
	struct kymo_query_error wrong = {.line = 0};
	struct kymo_query *query;
	struct kymo_regex *regex;
	struct kymo_error why = {""};

	if (check->matches.text) {
		if (kymo_regex_new(&regex, check->matches.text, &why) != 0)
			return kymo_error_set(error, "%s:%u:%u: %s",
			    config->path, check->matches.place.line,
			    check->matches.place.column, why.text);
		kymo_regex_delete(regex);
	}
	if (check->kind != KYMO_CHECK_PROMQL)
		return 0;
	if (kymo_query_parse(&query, check->what.text,
		strlen(check->what.text), &wrong) != 0)
		return kymo_error_set(error, "%s:%u:%u: the expression's %s",
		    config->path, check->what.place.line,
		    check->what.place.column, wrong.error.text);
	if (kymo_query_kind(query) != KYMO_VALUE_VECTOR &&
	    kymo_query_kind(query) != KYMO_VALUE_SCALAR)
		kymo_error_set(&why, "%s:%u:%u: an expression that is no "
		    "number, and no vector of them, cannot be true",
		    config->path, check->what.place.line,
		    check->what.place.column);
	kymo_query_delete(query);
	if (*why.text)
		return kymo_error_set(error, "%s", why.text);
	return 0;
}

static bool
runs_programs(const struct kymo_care_plan *plan)
{
	if (plan->recovery.action_cnt > 0)
		return true;
	for (uint32_t k = 0; k < plan->check_cnt; k++)
		if (plan->checks[k].kind == KYMO_CHECK_COMMAND)
			return true;
	return false;
}

/* Whoever writes the file has kymod do things: that must be us, or root. */
static int
owner_check(const struct kymo_config *config, const char *component,
    struct kymo_error *error)
{
	struct stat status;

	if (!config->path || stat(config->path, &status) != 0 ||
	    !S_ISREG(status.st_mode))
		return 0;
	if ((status.st_uid == 0 || status.st_uid == geteuid()) &&
	    (status.st_mode & S_IWOTH) == 0 &&
	    ((status.st_mode & S_IWGRP) == 0 || status.st_gid == 0 ||
	    status.st_gid == getegid()))
		return 0;
	return kymo_error_set(error, "%s: others than root and kymod's user may "
	    "write to it, and the component '%s' has kymod run or do something; "
	    "chown and chmod go-w it", config->path, component);
}

int
kyi_health_check(const struct kymo_config *config, struct kymo_error *error)
{
	for (uint32_t i = 0; i < config->component_cnt; i++) {
		const struct kymo_care_plan *plan = config->components[i].care;

		if (plan && runs_programs(plan) &&
		    owner_check(config, plan->component, error) != 0)
			return -1;
		for (uint32_t k = 0; plan && k < plan->check_cnt; k++)
			if (check_check(config, &plan->checks[k], error) != 0)
				return -1;
	}
	return 0;
}
