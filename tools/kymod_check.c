/* SPDX-License-Identifier: MIT */
/* kymod --check: is it good, and the rule files and routes that it names, too? */
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

static void
warning_say(void *to, const char *text)
{
	fputs("warning: ", stderr);
	fault_say(to, text);
}

static int
routes_check(const struct kyi_settings *settings, uint32_t *receiver_cnt)
{
	static const struct kymo_routing_faults said = {fault_say, warning_say,
	    NULL};
	struct kymo_error error = {""};
	int result = kyi_alerting_check(settings, &said, receiver_cnt, &error);

	if (*error.text)
		fault_say(NULL, error.text);
	return result;
}

static int
rules_check(const struct kyi_settings *settings)
{
	static const struct kymo_rule_faults said = {fault_say, NULL};
	struct kymo_rules *rules = NULL;
	uint32_t cnt, odd_cnt, receiver_cnt;
	bool bad = kyi_rules_load(&rules, settings, &said) != 0;

	/* All that is wrong, with both. */
	if (routes_check(settings, &receiver_cnt) != 0 || bad) {
		kymo_rules_delete(rules);
		return 1;
	}
	cnt = kymo_rules_cnt(rules);
	odd_cnt = kymo_rules_lint(rules, &said);
	kymo_rules_delete(rules);
	printf("%s: good", settings->config_path ? settings->config_path :
	    "no file, so the defaults");
	if (settings->config->rule_file_cnt)
		printf(", %u rule%s", cnt, cnt == 1 ? "" : "s");
	if (settings->config->alerting_routes.text)
		printf(", %u way%s to receivers", receiver_cnt,
		    receiver_cnt == 1 ? "" : "s");
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
