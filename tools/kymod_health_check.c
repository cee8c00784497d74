/* SPDX-License-Identifier: MIT */
/* What a configuration says of health, and only those can judge who use it:
   expressions, and who may write it. */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
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

/* ---- who may change what is run ------------------------------------------- */

#define LINK_MAX 40

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

/* In a folder as /tmp one takes away what is one's own alone. */
static bool
is_ours(uid_t uid, gid_t gid, mode_t mode)
{
	if (uid != 0 && uid != geteuid())
		return false;
	if (S_ISLNK(mode) || (S_ISDIR(mode) && (mode & S_ISVTX)))
		return true;
	return (mode & S_IWOTH) == 0 &&
	    ((mode & S_IWGRP) == 0 || gid == 0 || gid == getegid());
}

/* A way through folders and symbolic links. */
struct way {
	char done[PATH_MAX]; /* free of links; "" is the root */
	char left[PATH_MAX];
	int link_cnt;
};

static bool
way_begin(struct way *way, const char *path)
{
	char here[PATH_MAX] = "";

	if (*path != '/' && !getcwd(here, sizeof(here)))
		return false;
	*way->done = '\0';
	way->link_cnt = 0;
	return (size_t)snprintf(way->left, sizeof(way->left), "%s/%s", here,
	    path) < sizeof(way->left);
}

static void
way_up(struct way *way)
{
	char *slash = strrchr(way->done, '/');

	if (slash)
		*slash = '\0';
}

/* done is a link: what it says comes before what is left. */
static bool
way_turn(struct way *way)
{
	char to[PATH_MAX], left[PATH_MAX];
	ssize_t bytes = readlink(way->done, to, sizeof(to) - 1);

	if (bytes <= 0 || ++way->link_cnt > LINK_MAX)
		return false;
	to[bytes] = '\0';
	if (*to == '/')
		*way->done = '\0';
	else
		way_up(way);
	memcpy(left, way->left, sizeof(left));
	return (size_t)snprintf(way->left, sizeof(way->left), "%s/%s", to,
	    left) < sizeof(way->left);
}

/* Onto the next name; false: there is none, or it is too long. */
static bool
way_step(struct way *way)
{
	char *name = way->left + strspn(way->left, "/");
	size_t bytes = strcspn(name, "/"), done = strlen(way->done);

	if (bytes == 0 || done + bytes + 2 > sizeof(way->done))
		return false;
	if (bytes == 2 && memcmp(name, "..", 2) == 0)
		way_up(way);
	else if (bytes != 1 || *name != '.') {
		way->done[done] = '/';
		memcpy(way->done + done + 1, name, bytes);
		way->done[done + 1 + bytes] = '\0';
	}
	memmove(way->left, name + bytes, strlen(name + bytes) + 1);
	return true;
}

/* Whether path, each folder up to the root and each link on the way is root's
   or ours, and nobody else's to change: else way->done is what is not. What is
   not there, we alone can make. */
static bool
way_is_ours(struct way *way, const char *path)
{
	struct stat status;

	if (!way_begin(way, path))
		return false;
	for (;;) {
		if (lstat(*way->done ? way->done : "/", &status) != 0)
			return errno == ENOENT;
		if (!is_ours(status.st_uid, status.st_gid, status.st_mode))
			return false;
		if (S_ISLNK(status.st_mode) && !way_turn(way))
			return false;
		if (!way->left[strspn(way->left, "/")])
			return true;
		if (!way_step(way))
			return false;
	}
}

bool
kyi_way_is_ours(const char *path, char *who, size_t who_bytes)
{
	struct way way = {.link_cnt = 0};
	bool is = way_is_ours(&way, path);

	snprintf(who, who_bytes, "%.*s", (int)who_bytes - 1, *way.done ?
	    way.done : "/");
	return is;
}

static int
way_check(const struct kymo_config *config, const char *component,
    const char *path, struct kymo_error *error)
{
	struct way way = {.link_cnt = 0};

	if (way_is_ours(&way, path))
		return 0;
	return kymo_error_set(error, "%.120s: the component '%.60s' has kymod "
	    "run or do something, and others than root and kymod's user may "
	    "change %.120s; chown and chmod go-w it", config->path, component,
	    *way.done ? way.done : "/");
}

/* Whoever writes the file, or a program, has kymod do things: that must be us,
   or root. */
static int
owner_check(const struct kymo_config *config,
    const struct kymo_care_plan *plan, struct kymo_error *error)
{
	const char *component = plan->component;

	if (!config->path)
		return 0;
	if (!S_ISREG(config->file_mode))
		return kymo_error_set(error, "%.120s: it is no file, so nobody "
		    "can tell who wrote it, and the component '%.60s' has "
		    "kymod run or do something; put it into a file",
		    config->path, component);
	if (!is_ours(config->file_uid, config->file_gid, config->file_mode))
		return kymo_error_set(error, "%.120s: others than root and "
		    "kymod's user may write to it, and the component '%.60s' "
		    "has kymod run or do something; chown and chmod go-w it",
		    config->path, component);
	if (way_check(config, component, config->path, error) != 0)
		return -1;
	for (uint32_t k = 0; k < plan->check_cnt; k++)
		if (plan->checks[k].argv_cnt > 0 && way_check(config,
			component, plan->checks[k].argv[0], error) != 0)
			return -1;
	for (uint32_t k = 0; k < plan->recovery.action_cnt; k++)
		if (plan->recovery.actions[k].argv_cnt > 0 &&
		    way_check(config, component,
			plan->recovery.actions[k].argv[0], error) != 0)
			return -1;
	return 0;
}

int
kyi_health_check(const struct kymo_config *config, struct kymo_error *error)
{
	for (uint32_t i = 0; i < config->component_cnt; i++) {
		const struct kymo_care_plan *plan = config->components[i].care;

		if (plan && runs_programs(plan) &&
		    owner_check(config, plan, error) != 0)
			return -1;
		for (uint32_t k = 0; plan && k < plan->check_cnt; k++)
			if (check_check(config, &plan->checks[k], error) != 0)
				return -1;
	}
	return 0;
}
