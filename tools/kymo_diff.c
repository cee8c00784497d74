/* SPDX-License-Identifier: MIT */
/* kymo diff: two runs, or two parts of one, metric by metric. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/kymo_compare.h"

struct diff {
	struct kyi_compare compare;
	const char *phase;
};

/* FILE, FILE@PHASE, or FILE@FROM..TO in seconds since its first look. Cuts
   text. */
static int
part_parse(char *text, struct kymo_run_part *part)
{
	char *at = strrchr(text, '@'), *dots, *end;

	/* Of a file that is called so nothing is cut. */
	if (!at || access(text, F_OK) == 0)
		return KYI_EXIT_OK;
	if (!(dots = strstr(at, ".."))) {
		*at = 0;
		part->phase = at + 1;
		return KYI_EXIT_OK;
	}
	part->from_s = strtod(at + 1, &end);
	if (end != dots)
		return kyi_usage(&kyi_verb_diff,
		    "'%s': FILE@FROM..TO, in seconds", text);
	part->to_s = strtod(dots + 2, &end);
	if (*end || !(part->from_s >= 0) || (dots[2] &&
		!(part->to_s > part->from_s)))
		return kyi_usage(&kyi_verb_diff,
		    "'%s': FILE@FROM..TO, in seconds, TO after FROM", text);
	*at = 0;
	return KYI_EXIT_OK;
}

static void
cut_say(const struct kymo_runs *runs, const char *name)
{
	if (runs->cut)
		fprintf(stderr, "kymo: %s: a run in it ends in the middle; its "
		    "looks that are whole count\n", name);
}

static int
files(struct diff *diff, char *before_name, char *after_name)
{
	struct kymo_run_part before_part = { .phase = diff->phase };
	struct kymo_run_part after_part = { .phase = diff->phase };
	struct kymo_runs *before = NULL, *after = NULL;
	struct kymo_error error = { "" };
	int status = part_parse(before_name, &before_part);

	if (status == KYI_EXIT_OK)
		status = part_parse(after_name, &after_part);
	if (status != KYI_EXIT_OK)
		return status;
	if (kymo_runs_load(&before, before_name, &error) != 0 ||
	    kymo_runs_load(&after, after_name, &error) != 0) {
		status = kyi_trouble("%s", error.text);
	} else {
		cut_say(before, before_name);
		cut_say(after, after_name);
		status = kyi_compare(&diff->compare, before, &before_part, after,
		    &after_part);
	}
	kymo_runs_free(before);
	kymo_runs_free(after);
	return status;
}

enum { OPTION_LOWER = 256, OPTION_HIGHER };

static int
option_take(struct diff *diff, int option, char **argv)
{
	switch (option) {
	case 'p': diff->phase = optarg; return KYI_EXIT_OK;
	case 'j': diff->compare.format = KYI_COMPARE_JSON; return KYI_EXIT_OK;
	case 'a': diff->compare.all = true; return KYI_EXIT_OK;
	case 'f':
		return kyi_compare_format(&diff->compare.format, optarg);
	case 't':
		return kyi_compare_threshold(&diff->compare.question.threshold,
		    optarg);
	case OPTION_LOWER:
		return kyi_compare_regex(&diff->compare.lower,
		    "--lower-is-better", optarg);
	case OPTION_HIGHER:
		return kyi_compare_regex(&diff->compare.higher,
		    "--higher-is-better", optarg);
	default:
		return kyi_option_wrong(&kyi_verb_diff, argv, option);
	}
}

static int
diff_verb(int argc, char **argv)
{
	static const struct option options[] = {
		{"phase", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{"format", required_argument, NULL, 'f'},
		{"all", no_argument, NULL, 'a'},
		{"threshold", required_argument, NULL, 't'},
		{"lower-is-better", required_argument, NULL, OPTION_LOWER},
		{"higher-is-better", required_argument, NULL, OPTION_HIGHER},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct diff diff = { .compare.question = { .threshold = 0.01,
	    .chance_max = 0.05 } };
	int option, status = KYI_EXIT_OK;

	while (status == KYI_EXIT_OK && (option = getopt_long(argc, argv,
		":p:jf:at:h", options, NULL)) != -1) {
		if (option == 'h')
			status = -1;
		else
			status = option_take(&diff, option, argv);
	}
	if (status < 0)
		status = kyi_help(&kyi_verb_diff);
	else if (status == KYI_EXIT_OK && optind + 2 != argc)
		status = kyi_usage(&kyi_verb_diff, "which two? BEFORE and AFTER");
	else if (status == KYI_EXIT_OK)
		status = files(&diff, argv[optind], argv[optind + 1]);
	kyi_compare_free(&diff.compare);
	/* 1 is for what is worse alone. */
	return status == KYI_EXIT_TROUBLE ? KYI_EXIT_USAGE : status;
}

const struct kyi_verb kyi_verb_diff = {
	"diff", "compares two runs: better, worse, the same, unclear", diff_verb,
	"usage: kymo diff [OPTION].. BEFORE AFTER\n"
	"\n"
	"Compares two files of kymo record or kymo bench, metric by metric. FILE@60..90\n"
	"is that part of a run, in seconds, FILE@NAME a phase; BEFORE and AFTER may be\n"
	"of one file. Where both have several runs, chances come of how runs differ;\n"
	"else of how parts of the one run differ, and that it may differ from the next\n"
	"is not known.\n"
	"\n"
	"  -p, --phase NAME          only this phase of both\n"
	"  -t, --threshold PART      a smaller difference does not matter (1%)\n"
	"      --lower-is-better RE  of metrics with such a name; --higher-is-better RE\n"
	"  -a, --all                 also what is the same or unclear\n"
	"  -f, --format FORMAT       text; markdown, for a comment on a change; json, an\n"
	"                            object a line, of all; -j, --json\n"
	"  -h, --help                this\n"
	"\n"
	"worse, better: sure (of all that are told, 5 % are not so) and not below the\n"
	"threshold; changed: so, but nobody said what is better; same: more than the\n"
	"threshold is excluded; unclear: neither.\n"
	"\n"
	"Exit: 0 nothing is worse; 1 something is; 2 could not compare.\n"
	"\n"
	"  kymo diff before.run after.run\n"
	"  kymo diff --phase warm load.run@0..60 load.run@60..120\n"
	"  kymo diff load.run@usual load.run@peak\n"
};
