/* SPDX-License-Identifier: MIT */
/* What a configuration says of profiles, and only those can judge who use it. */
#include "tools/kymod_profile.h"

#include <string.h>
#include <sys/stat.h>

static int
matchers_check(const struct kymo_config *config, struct kymo_error *error)
{
	const struct kymo_config_profiles *profiles = &config->profiles;
	struct kymo_matcher_list *list;
	struct kymo_error why = {""};

	for (uint32_t i = 0; i < profiles->alert_cnt; i++) {
		const struct kymo_config_text *at = &profiles->alerts[i];

		list = kymo_matcher_list_new(at->text, &why);
		if (!list)
			return kymo_error_set(error, "%s:%u:%u: %s; alerts of "
			    "profiles are chosen as 'severity=\"page\", "
			    "team=~\"db|web\"'", config->path, at->place.line,
			    at->place.column, why.text);
		kymo_matcher_list_delete(list);
	}
	return 0;
}

/* Whoever writes the file, or the program, has kymod run something, perhaps with
   rights that they have not: that must be us, or root. */
static int
owner_check(const struct kymo_config *config, struct kymo_error *error)
{
	const struct kymo_config_profiles *profiles = &config->profiles;
	char who[128];

	if (!config->path)
		return 0;
	if (!S_ISREG(config->file_mode))
		return kymo_error_set(error, "%.120s: it is no file, so nobody "
		    "can tell who wrote it, and profiles has kymod run a "
		    "program; put it into a file", config->path);
	if (kyi_way_is_ours(config->path, who, sizeof(who)) &&
	    kyi_way_is_ours(profiles->command ? profiles->command :
		KYI_PERF, who, sizeof(who)))
		return 0;
	return kymo_error_set(error, "%.120s: profiles has kymod run a program, "
	    "and others than root and kymod's user may change %.120s; chown "
	    "and chmod go-w it", config->path, who);
}

int
kyi_profiles_check(const struct kymo_config *config, struct kymo_error *error)
{
	if (matchers_check(config, error) != 0)
		return -1;
	return config->profiles.enabled ? owner_check(config, error) : 0;
}
