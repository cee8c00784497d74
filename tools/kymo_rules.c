/* SPDX-License-Identifier: MIT */
/* kymo rules: rule files are checked, tested, explained and exported. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "reader/rules/rules.h"
#include "tools/kymo_backtest.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_rules_against.h"

struct options {
	bool quiet, lint_fatal, no_lint;
	const char *run, *against;
};

/* What is wrong goes to stderr, line by line. */
static void
fault_say(void *to, const char *text)
{
	struct kymo_buffer line = {0};

	(void)to;
	kymo_escape_terminal(&line, text);
	if (!line.failed)
		fprintf(stderr, "%s\n", line.at);
	kymo_buffer_free(&line);
}

static const struct kymo_rule_faults to_stderr = {fault_say, NULL};

/* ---- check ------------------------------------------------------------------- */

static int
check_one(const char *path, const struct options *options)
{
	struct kymo_rules *rules;
	uint32_t lint_cnt = 0, against_cnt = 0, cnt;
	int status = KYI_EXIT_OK;

	if (!options->quiet)
		printf("Checking %s\n", path);
	fflush(stdout);
	if (kymo_rules_load(&rules, &path, 1, &to_stderr) != 0) {
		if (!options->quiet)
			puts("  FAILED\n");
		return KYI_EXIT_NO;
	}
	if (!options->no_lint)
		lint_cnt = kymo_rules_lint(rules, &to_stderr);
	if (options->against)
		status = kyi_rules_against(rules, options->against,
		    &to_stderr, &against_cnt);
	lint_cnt += against_cnt;
	cnt = kymo_rules_cnt(rules);
	kymo_rules_delete(rules);
	if (!options->quiet) {
		printf("  %s: %u rule%s found", lint_cnt > 0 &&
		    options->lint_fatal ? "FAILED" : "SUCCESS", cnt, cnt == 1 ?
		    "" : "s");
		if (lint_cnt > 0)
			printf(", %u of which may be a mistake", lint_cnt);
		puts("\n");
	}
	if (status != KYI_EXIT_OK)
		return status;
	return lint_cnt > 0 && options->lint_fatal ? KYI_EXIT_NO : KYI_EXIT_OK;
}

/* ---- test -------------------------------------------------------------------- */

static int
test_one(const char *path, const struct options *options)
{
	struct kymo_buffer out = {0};
	int failed_cnt = kymo_rules_test(path, options->run, &out), status;

	kymo_buffer_char(&out, '\n');
	if (options->quiet && failed_cnt == 0)
		out.len_bytes = 0;
	status = kyi_output(&out);
	return status != KYI_EXIT_OK ? status : failed_cnt == 0 ? KYI_EXIT_OK :
	    KYI_EXIT_NO;
}

/* ---- explain, export ----------------------------------------------------------- */

static int
print_all(const char *const *paths, uint32_t cnt, bool explain)
{
	struct kymo_buffer out = {0};
	struct kymo_rules *rules;

	if (kymo_rules_load(&rules, paths, cnt, &to_stderr) != 0)
		return KYI_EXIT_NO;
	if (!explain)
		kymo_rules_print(rules, true, &out);
	else if (kymo_rules_explain(rules, &to_stderr, &out) != 0)
		out.failed = true;
	kymo_rules_delete(rules);
	return kyi_output(&out);
}

/* ---- the verb ------------------------------------------------------------------ */

static int
each_file(int argc, char **argv, const struct options *options,
    int (*one)(const char *path, const struct options *options))
{
	int status = KYI_EXIT_OK;

	for (; optind < argc; optind++) {
		int result = one(argv[optind], options);

		if (result > status)
			status = result;
	}
	return status;
}

static int
rules(int argc, char **argv)
{
	static const struct option known[] = {
		{"quiet", no_argument, NULL, 'q'},
		{"lint-fatal", no_argument, NULL, 'F'},
		{"no-lint", no_argument, NULL, 'N'},
		{"run", required_argument, NULL, 'r'},
		{"against", required_argument, NULL, 'A'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {.quiet = false};
	const char *what;
	int option;

	/* It has options of its own. */
	if (argc > 1 && strcmp(argv[1], "backtest") == 0)
		return kyi_rules_backtest(argc - 1, argv + 1);
	while ((option = getopt_long(argc, argv, ":qr:h", known, NULL)) != -1)
		switch (option) {
		case 'q': options.quiet = true; break;
		case 'F': options.lint_fatal = true; break;
		case 'N': options.no_lint = true; break;
		case 'r': options.run = optarg; break;
		case 'A': options.against = optarg; break;
		case 'h': return kyi_help(&kyi_verb_rules);
		default:
			return kyi_option_wrong(&kyi_verb_rules, argv, option);
		}
	if (optind == argc)
		return kyi_usage(&kyi_verb_rules, "check, test, explain, "
		    "export or backtest?");
	what = argv[optind++];
	if (optind == argc)
		return kyi_usage(&kyi_verb_rules, "%s which FILE?", what);
	if (strcmp(what, "check") == 0)
		return each_file(argc, argv, &options, check_one);
	if (strcmp(what, "test") == 0)
		return each_file(argc, argv, &options, test_one);
	if (strcmp(what, "explain") == 0 || strcmp(what, "export") == 0)
		return print_all((const char *const *)&argv[optind],
		    (uint32_t)(argc - optind), what[2] == 'p' &&
		    what[3] == 'l');
	return kyi_usage(&kyi_verb_rules, "no '%s'; check, test, explain, "
	    "export or backtest", what);
}

const struct kyi_verb kyi_verb_rules = {
	"rules", "checks, tests, explains and exports rule files", rules,
	"usage: kymo rules check [--quiet] [--no-lint | --lint-fatal]\n"
	"           [--against=URL] FILE..\n"
	"       kymo rules test [--quiet] [--run=NAME] FILE..\n"
	"       kymo rules explain FILE..\n"
	"       kymo rules export FILE..\n"
	"       kymo rules backtest [--from=TIME] [--to=TIME] [--config=FILE]\n"
	"           [--history=FILE] [--routes=FILE] [--silence=MATCHERS]..\n"
	"           [--quiet | --json] [FILE]..\n"
	"\n"
	"Rule files are Prometheus', with some keys of our own.\n"
	"\n"
	"  check    reads them as strictly as promtool and tells all that is wrong,\n"
	"           and what looks wrong though it is allowed\n"
	"  test     runs unit tests of rules, files in promtool's format\n"
	"  explain  shows in which order rules are evaluated, what each reads, and\n"
	"           what shorthands stand for\n"
	"  export   writes all as plain Prometheus rules\n"
	"  backtest plays kept history again: when rules would have fired, for how\n"
	"           long, and which messages to whom; reads it only, also while kymod\n"
	"           runs\n"
	"\n"
	"  -q, --quiet       only what is wrong\n"
	"      --no-lint     only what is an error\n"
	"      --lint-fatal  what looks wrong is an error\n"
	"      --against=URL  asks the kymod or Prometheus there, and tells of metrics\n"
	"                    and labels that no series of the last day has\n"
	"  -r, --run=NAME    only tests with NAME in their names\n"
	"\n"
	"  of backtest:\n"
	"  -f, --from=TIME   from then on (a day ago),\n"
	"  -t, --to=TIME     .. up to then (now)\n"
	"  -c, --config=FILE kymod's configuration: its history, rules and routes\n"
	"      --history=FILE, --routes=FILE, FILE..\n"
	"                    others than it names\n"
	"      --silence=MATCHERS  as if that had been silenced all the time\n"
	"  -q, --quiet       only the summary\n"
	"  -j, --json        all of it\n"
	"\n"
	"  -h, --help        this\n"
	"\n"
	"Exit: 0 all is well; 1 something is wrong or a test failed; 2 usage;\n"
	"3 could not be done.\n"
	"\n"
	"  kymo rules check /etc/kymo/rules/*.yml\n"
	"  kymo rules export slo.yml >/etc/prometheus/rules/slo.yml\n"
	"  kymo rules backtest --from 7d --routes new-routes.yml new-rules.yml\n"
};
