/* SPDX-License-Identifier: MIT */
/* kymo anomalies: what kymod finds odd now. */
#include "tools/kymo_anomalies.h"

#include <getopt.h>
#include <string.h>

#include "tools/kymo_cli.h"
#include "tools/kymo_http.h"

static int
ask(const char *url, bool json, bool changes)
{
	struct kymo_buffer body = {0}, out = {0};
	long http_status = 0;
	uint32_t cnt = 0;
	int status = kyi_http_post(kyi_url(url), "/api/v1/anomalies", NULL, 0,
	    &body, &http_status);

	kymo_buffer_str(&out, "");
	if (status == KYI_EXIT_OK)
		status = kyi_anomalies_print(&out, body.len_bytes > 0 ?
		    body.at : "", body.len_bytes, changes, &cnt);
	if (status == KYI_EXIT_OK && json) {
		kymo_buffer_char(&body, '\n');
		status = kyi_output(&body);
	} else if (status == KYI_EXIT_OK && cnt > 0) {
		status = kyi_output(&out);
	} else if (status == KYI_EXIT_OK) {
		puts(changes ? "nothing has changed" : "nothing is odd");
	}
	kymo_buffer_free(&body);
	kymo_buffer_free(&out);
	return status == KYI_EXIT_OK && cnt > 0 ? KYI_EXIT_NO : status;
}

static int
anomalies(int argc, char **argv)
{
	static const struct option options[] = {
		{"changes", no_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"url", required_argument, NULL, 'u'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	const char *url = NULL;
	bool json = false, changes = false;
	int option;

	while ((option = getopt_long(argc, argv, ":cju:h", options, NULL)) !=
	    -1)
		switch (option) {
		case 'c': changes = true; break;
		case 'j': json = true; break;
		case 'u': url = optarg; break;
		case 'h': return kyi_help(&kyi_verb_anomalies);
		default:
			return kyi_option_wrong(&kyi_verb_anomalies, argv,
			    option);
		}
	if (optind < argc)
		return kyi_usage(&kyi_verb_anomalies, "'%s' is one too many",
		    argv[optind]);
	return ask(url, json, changes);
}

const struct kyi_verb kyi_verb_anomalies = {
	"anomalies", "what kymod finds odd now, and why", anomalies,
	"usage: kymo anomalies [--changes] [--json] [--url=URL]\n"
	"\n"
	"Asks a running kymod what reached a quarter of the budget of false alarms\n"
	"within the last hour: score (1 is the budget), when, which series, the\n"
	"reason, its value then and what it was within before. What a service's\n"
	"series did together is one incident, the likely root first.\n"
	"\n"
	"  -c, --changes  what has another level instead, found within the last\n"
	"                 day: since when, which series, before and after\n"
	"  -j, --json     the answer as it is\n"
	"  -u, --url=URL  where (KYMO_URL, or " KYI_URL_DEFAULT ")\n"
	"  -h, --help     this\n"
	"\n"
	"Exit: 0 nothing is odd (has changed); 1 something is; 2 usage; 3 could not be asked.\n"
	"\n"
	"  kymo anomalies\n"
};
