/* SPDX-License-Identifier: MIT */
/* kymo check: are these files sound regions? */
#include <getopt.h>
#include <inttypes.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"

struct report {
	struct kymo_buffer out;
	const char *path;
	bool quiet;
};

static void
fault(void *to, uint64_t off, const char *text)
{
	struct report *report = to;

	if (report->quiet)
		return;
	kymo_escape_terminal(&report->out, report->path);
	kymo_buffer_printf(&report->out, ": 0x%08" PRIx64 ": ", off);
	kymo_escape_terminal(&report->out, text);
	kymo_buffer_char(&report->out, '\n');
}

static int
check_one(const char *path, bool quiet)
{
	struct report report = {.path = path, .quiet = quiet};
	struct kymo_error error = {""};
	int64_t fault_cnt = kymo_region_check(path, fault, &report, &error);
	int status;

	if (fault_cnt < 0) {
		kymo_buffer_free(&report.out);
		return kyi_trouble("%s", error.text);
	}
	if (!quiet) {
		kymo_escape_terminal(&report.out, path);
		if (!fault_cnt)
			kymo_buffer_str(&report.out, ": sound\n");
		else
			kymo_buffer_printf(&report.out, ": %" PRId64 " fault%s\n",
			    fault_cnt, fault_cnt == 1 ? "" : "s");
	}
	status = kyi_output(&report.out);
	return status == KYI_EXIT_OK && fault_cnt ? KYI_EXIT_NO : status;
}

static int
check(int argc, char **argv)
{
	static const struct option options[] = {
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	bool quiet = false;
	int option, status = KYI_EXIT_OK;

	while ((option = getopt_long(argc, argv, ":qh", options, NULL)) != -1)
		switch (option) {
		case 'q': quiet = true; break;
		case 'h': return kyi_help(&kyi_verb_check);
		default:
			return kyi_option_wrong(&kyi_verb_check, argv, option);
		}
	if (optind == argc)
		return kyi_usage(&kyi_verb_check, "which FILE?");
	for (; optind < argc; optind++) {
		int one = check_one(argv[optind], quiet);

		if (one > status)
			status = one;
	}
	return status;
}

const struct kyi_verb kyi_verb_check = {
	"check", "tells whether region files are sound", check,
	"usage: kymo check [--quiet] FILE..\n"
	"\n"
	"Reads all of each file and tells every fault: its offset and what is wrong.\n"
	"A live region is looked at once, as it is in that moment.\n"
	"\n"
	"  -q, --quiet  only the exit code\n"
	"  -h, --help   this\n"
	"\n"
	"Exit: 0 all are sound; 1 something is wrong; 2 usage; 3 a file cannot be read.\n"
	"\n"
	"  kymo check /run/kymo/*.kymo\n"
};
