/* SPDX-License-Identifier: MIT */
/* kymo: the command line. A file a verb; this one chooses. */
#include <string.h>

#include "tools/kymo_cli.h"

static const struct kyi_verb *const verbs[] = {
	&kyi_verb_ls, &kyi_verb_dump, &kyi_verb_check, &kyi_verb_emit,
	&kyi_verb_query, &kyi_verb_rules, &kyi_verb_routes,
	&kyi_verb_alerts, &kyi_verb_silence, &kyi_verb_notify,
	&kyi_verb_detect, &kyi_verb_anomalies,
	&kyi_verb_health,
	&kyi_verb_record, &kyi_verb_diff, &kyi_verb_bench
};
#define VERB_CNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct kyi_verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < VERB_CNT; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static void
overview(FILE *to)
{
	fputs("usage: kymo VERB [OPTION]..\n\n", to);
	for (size_t i = 0; i < VERB_CNT; i++)
		fprintf(to, "  %-11s%s\n", verbs[i]->name, verbs[i]->what);
	fputs("  help       this, or how to use a VERB\n"
	      "  version    which kymo this is\n\n"
	      "kymo reads what programs count in shared memory, while they run and"
	      " after.\n"
	      "More in man kymo.\n", to);
}

static int
help(int argc, char **argv)
{
	const struct kyi_verb *verb;

	if (argc < 2) {
		overview(stdout);
		return kyi_output_end(KYI_EXIT_OK);
	}
	verb = verb_find(argv[1]);
	if (!verb) {
		fprintf(stderr, "kymo: no verb '%s'; kymo help lists them\n",
		    argv[1]);
		return KYI_EXIT_USAGE;
	}
	return kyi_help(verb);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct kyi_verb *verb;

	if (!name) {
		overview(stderr);
		return KYI_EXIT_USAGE;
	}
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0 ||
	    strcmp(name, "-V") == 0) {
		puts("kymo " PACKAGE_VERSION);
		return kyi_output_end(KYI_EXIT_OK);
	}
	verb = verb_find(name);
	if (!verb) {
		fprintf(stderr, "kymo: no verb '%s'; kymo help lists them\n",
		    name);
		return KYI_EXIT_USAGE;
	}
	return kyi_output_end(verb->run(argc - 1, argv + 1));
}
