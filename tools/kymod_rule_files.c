/* SPDX-License-Identifier: MIT */
/* The rule files that a configuration names. */
#include "tools/kymod.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct paths {
	const char **at;
	uint32_t cnt;
};

static void
paths_free(struct paths *paths)
{
	for (uint32_t i = 0; i < paths->cnt; i++)
		free((char *)(uintptr_t)paths->at[i]);
	free(paths->at);
}

/* One that two globs find is read once. */
static int
path_add(struct paths *paths, const char *path)
{
	const char **more;

	for (uint32_t i = 0; i < paths->cnt; i++)
		if (strcmp(paths->at[i], path) == 0)
			return 0;
	more = reallocarray(paths->at, paths->cnt + 1u, sizeof(more[0]));
	if (!more)
		return -1;
	paths->at = more;
	more[paths->cnt] = strdup(path);
	return more[paths->cnt++] ? 0 : -1;
}

/* A name without * that is not there is a mistake; a folder with no files in it
   yet is not. */
static int
pattern_expand(struct paths *paths, const struct kymo_config *config,
    const struct kymo_config_text *pattern, struct kymo_error *error)
{
	glob_t found;
	int wrong = glob(pattern->text, 0, NULL, &found), result = 0;

	if (wrong == GLOB_NOMATCH && pattern->text[strcspn(pattern->text,
		"*?[")] != '\0')
		return 0;
	if (wrong != 0)
		return kymo_error_set(error, "%s:%u:%u: %s: %s", config->path,
		    pattern->place.line, pattern->place.column, pattern->text,
		    wrong == GLOB_NOSPACE ? "out of memory" : "no such file");
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
		result = path_add(paths, found.gl_pathv[i]);
	globfree(&found);
	return result == 0 ? 0 : kymo_error_set(error, "out of memory");
}

int
kyi_rules_load(struct kymo_rules **rules, const struct kyi_settings *settings,
    const struct kymo_rule_faults *faults)
{
	const struct kymo_config *config = settings->config;
	struct kymo_error error = {""};
	struct paths paths = {0};
	int result = 0;

	*rules = NULL;
	for (uint32_t i = 0; i < config->rule_file_cnt && result == 0; i++) {
		result = pattern_expand(&paths, config, &config->rule_files[i],
		    &error);
		if (result != 0)
			faults->fault(faults->of, error.text);
	}
	if (result == 0)
		result = kymo_rules_load(rules, paths.at, paths.cnt, faults);
	paths_free(&paths);
	return result;
}
