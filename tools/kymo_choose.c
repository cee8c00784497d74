/* SPDX-License-Identifier: MIT */
#include "tools/kymo_choose.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"

static void
choose(struct kyi_chosen *chosen, struct kymo_region *region)
{
	for (uint32_t i = 0; i < chosen->cnt; i++)
		if (chosen->at[i] == region)
			return;
	chosen->at = kyi_must(reallocarray(chosen->at, chosen->cnt + 1u,
		sizeof(chosen->at[0])));
	chosen->at[chosen->cnt++] = region;
}

static bool
is_alive(const struct kymo_region *region)
{
	return kymo_region_info(region)->liveness == KYMO_ALIVE;
}

static bool
is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/* The file's name, with or without .kymo. */
static bool
is_file(const struct kymo_region_info *info, const char *word)
{
	const char *slash = strrchr(info->path, '/');
	const char *name = slash ? slash + 1 : info->path;
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 &&
	    (!name[len] || strcmp(name + len, ".kymo") == 0);
}

static int
by_path(struct kyi_chosen *chosen, const char *path)
{
	struct kymo_region *region;
	struct kymo_error error = {""};

	if (kymo_region_open_path(&region, path, &error) != 0)
		return kyi_trouble("%s", error.text);
	if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0) {
		kymo_region_close(region);
		return kyi_trouble("%s", error.text);
	}
	chosen->opened = kyi_must(reallocarray(chosen->opened,
		chosen->opened_cnt + 1u, sizeof(chosen->opened[0])));
	chosen->opened[chosen->opened_cnt++] = region;
	choose(chosen, region);
	return KYI_EXIT_OK;
}

/* A process id may have been used before: the living one, or the last. */
static bool
by_pid(struct kyi_chosen *chosen, uint32_t pid, bool all)
{
	struct kymo_region *best = NULL;
	bool any = false;

	for (uint32_t i = 0; i < chosen->found.cnt; i++) {
		struct kymo_region *region = chosen->found.at[i];
		const struct kymo_region_info *info = kymo_region_info(region);

		if (info->pid != pid)
			continue;
		any = true;
		if (all)
			choose(chosen, region);
		else if (!best || (!is_alive(best) && (is_alive(region) ||
			info->started_ns > kymo_region_info(best)->started_ns)))
			best = region;
	}
	if (best)
		choose(chosen, best);
	return any;
}

/* Live ones; where a service has none, its last dead one. found is sorted so
   that this is the first of each service. */
static bool
by_service(struct kyi_chosen *chosen, const char *glob, bool all)
{
	const char *service = "";
	bool any = false;

	for (uint32_t i = 0; i < chosen->found.cnt; i++) {
		struct kymo_region *region = chosen->found.at[i];
		const struct kymo_region_info *info = kymo_region_info(region);

		if (fnmatch(glob, info->service, 0) != 0)
			continue;
		any = true;
		if (all || is_alive(region) || strcmp(service, info->service) != 0)
			choose(chosen, region);
		service = info->service;
	}
	return any;
}

static bool
by_file(struct kyi_chosen *chosen, const char *word)
{
	for (uint32_t i = 0; i < chosen->found.cnt; i++) {
		if (is_file(kymo_region_info(chosen->found.at[i]), word)) {
			choose(chosen, chosen->found.at[i]);
			return true;
		}
	}
	return false;
}

static int
nothing(const struct kyi_chosen *chosen, const char *word)
{
	struct kymo_buffer line = {0};
	const char *service = NULL;
	uint32_t service_cnt = 0;

	if (word)
		kymo_buffer_printf(&line, "nothing matches '%s'", word);
	else
		kymo_buffer_str(&line, "no live regions");
	for (uint32_t i = 0; i < chosen->found.cnt && service_cnt < 10; i++) {
		const struct kymo_region_info *info =
		    kymo_region_info(chosen->found.at[i]);

		if (service && strcmp(service, info->service) == 0)
			continue;
		service = info->service;
		kymo_buffer_str(&line, service_cnt++ ? ", " : word ?
		    "; there are: " : "; dead ones (--all) of: ");
		kymo_escape_terminal(&line, service);
	}
	kyi_must(line.at);
	fprintf(stderr, "kymo: %s\n", line.at);
	kymo_buffer_free(&line);
	return KYI_EXIT_NO;
}

static int
one_word(struct kyi_chosen *chosen, const char *word, bool all)
{
	if (strchr(word, '/'))
		return by_path(chosen, word);
	if (is_number(word) && strlen(word) < 10 &&
	    by_pid(chosen, (uint32_t)strtoul(word, NULL, 10), all))
		return KYI_EXIT_OK;
	if (by_file(chosen, word) || by_service(chosen, word, all))
		return KYI_EXIT_OK;
	return nothing(chosen, word);
}

int
kyi_choose(struct kyi_chosen *chosen, const struct kyi_list *dirs,
    const char *const *words, uint32_t word_cnt, bool all)
{
	int status;
	bool only_paths = word_cnt > 0;

	for (uint32_t i = 0; i < word_cnt; i++)
		only_paths &= strchr(words[i], '/') != NULL;
	if (!only_paths) {
		status = kyi_regions_find(&chosen->found, dirs, KYMO_SCAN_VALUES,
		    false);
		if (status != KYI_EXIT_OK)
			return status;
	}
	status = KYI_EXIT_OK;
	for (uint32_t i = 0; i < word_cnt; i++) {
		int one = one_word(chosen, words[i], all);

		status = one > status ? one : status;
	}
	for (uint32_t i = 0; !word_cnt && i < chosen->found.cnt; i++)
		if (all || is_alive(chosen->found.at[i]))
			choose(chosen, chosen->found.at[i]);
	if (!word_cnt && !chosen->cnt)
		status = nothing(chosen, NULL);
	if (chosen->found.refused_cnt && status == KYI_EXIT_NO)
		fprintf(stderr, "kymo: %u could not be read; kymo ls tells why\n",
		    chosen->found.refused_cnt);
	return status;
}

void
kyi_chosen_free(struct kyi_chosen *chosen)
{
	for (uint32_t i = 0; i < chosen->opened_cnt; i++)
		kymo_region_close(chosen->opened[i]);
	free(chosen->opened);
	free(chosen->at);
	kyi_regions_free(&chosen->found);
}
