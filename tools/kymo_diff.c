/* SPDX-License-Identifier: MIT */
/* kymo diff: two runs, or two parts of one, metric by metric. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "tools/kymo_compare.h"

#define PHASE_CNT_MAX 256u

struct diff {
	struct kyi_compare compare;
	const char *phase;
	bool phases; /* each that both have */
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
	/* Of "60..90" a number would be "60.". */
	*dots = 0;
	part->from_s = strtod(at + 1, &end);
	*dots = '.';
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

/* Names of phases, in the order in which they were met; those without one are not
   asked for by a name. */
static uint32_t
phases_of(const char **phases, const struct kymo_runs *runs)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < runs->look_cnt; i++) {
		const char *phase = runs->looks[i].phase;
		uint32_t k = 0;

		if (!*phase || (i > 0 && phase == runs->looks[i - 1].phase))
			continue;
		while (k < cnt && strcmp(phases[k], phase) != 0)
			k++;
		if (k == cnt && cnt < PHASE_CNT_MAX)
			phases[cnt++] = phase;
	}
	return cnt;
}

static bool
has_phase(const struct kymo_runs *runs, const char *phase)
{
	for (uint32_t i = 0; i < runs->look_cnt; i++)
		if (strcmp(runs->looks[i].phase, phase) == 0)
			return true;
	return false;
}

static int
phase_check(const struct kymo_runs *runs, const char *name, const char *phase)
{
	const char *phases[PHASE_CNT_MAX];
	struct kymo_buffer text = { 0 };
	uint32_t cnt = phases_of(phases, runs);

	if (!phase || has_phase(runs, phase))
		return KYI_EXIT_OK;
	for (uint32_t i = 0; i < cnt; i++) {
		kymo_buffer_str(&text, i ? ", " : "; it has ");
		kymo_escape_terminal(&text, phases[i]);
	}
	kyi_trouble("%s: no phase '%s'%s", name, phase, text.at ? text.at : "");
	kymo_buffer_free(&text);
	return KYI_EXIT_TROUBLE;
}

/* Phase by phase: a mean over all would hide what happens in one. */
static int
each_phase(struct diff *diff, const struct kymo_runs *before,
    const struct kymo_runs *after)
{
	const char *phases[PHASE_CNT_MAX];
	uint32_t cnt = phases_of(phases, before), both_cnt = 0;
	int status = KYI_EXIT_OK;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct kymo_run_part part = { .phase = phases[i] };
		int is;

		if (!has_phase(after, phases[i]))
			continue;
		both_cnt++;
		diff->compare.phase = phases[i];
		is = kyi_compare(&diff->compare, before, &part, after, &part);
		if (is > KYI_EXIT_NO)
			return is;
		status = is == KYI_EXIT_NO ? is : status;
	}
	return both_cnt ? status :
	    kyi_trouble("the two have no phase in common");
}

static int
loaded(struct diff *diff, const struct kymo_runs *before,
    const char *before_name, const struct kymo_run_part *before_part,
    const struct kymo_runs *after, const char *after_name,
    const struct kymo_run_part *after_part)
{
	int status;

	cut_say(before, before_name);
	cut_say(after, after_name);
	if (diff->phases)
		return each_phase(diff, before, after);
	status = phase_check(before, before_name, before_part->phase);
	if (status == KYI_EXIT_OK)
		status = phase_check(after, after_name, after_part->phase);
	return status == KYI_EXIT_OK ? kyi_compare(&diff->compare, before,
	    before_part, after, after_part) : status;
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
		status = loaded(diff, before, before_name, &before_part, after,
		    after_name, &after_part);
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
	case 'P': diff->phases = true; return KYI_EXIT_OK;
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
		{"phases", no_argument, NULL, 'P'},
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
		":p:Pjf:at:h", options, NULL)) != -1) {
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
	"  -P, --phases              each phase that both have, one after the other\n"
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
