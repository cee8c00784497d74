/* SPDX-License-Identifier: MIT */
/* kymod --check: is it good, and the rule files that it names, too? */
#include "tools/kymod.h"

#include <stdio.h>

#include "reader/export/export.h"

/* What rule files hold may be anything. */
static void
fault_say(void *to, const char *text)
{
	struct kymo_buffer line = {0};

	kymo_escape_terminal(&line, text);
	if (!line.failed)
		fprintf(stderr, "%s\n", line.at);
	kymo_buffer_free(&line);
}

static int
rules_check(const struct kyi_settings *settings)
{
	static const struct kymo_rule_faults said = {fault_say, NULL};
	struct kymo_rules *rules;
	uint32_t cnt, odd_cnt;

	if (kyi_rules_load(&rules, settings, &said) != 0)
		return 1;
	cnt = kymo_rules_cnt(rules);
	odd_cnt = kymo_rules_lint(rules, &said);
	kymo_rules_delete(rules);
	printf("%s: good", settings->config_path ? settings->config_path :
	    "no file, so the defaults");
	if (settings->config->rule_file_cnt)
		printf(", %u rule%s", cnt, cnt == 1 ? "" : "s");
	if (odd_cnt)
		printf(", %u of which may be a mistake", odd_cnt);
	putchar('\n');
	return 0;
}

int
kyi_kymod_check(const struct kyi_options *options)
{
	struct kyi_settings settings;
	struct kymo_error error = {""};
	int status = 1;

	if (kyi_settings_load(&settings, options, &error) == 0)
		status = rules_check(&settings);
	else
		fault_say(NULL, error.text);
	kyi_settings_free(&settings);
	return fflush(stdout) == 0 ? status : 1;
}
