/* SPDX-License-Identifier: MIT */
/* kymo routes: routing files, Alertmanager's or ours, are checked, and asked
   who would hear of an alert. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/routing.h"
#include "reader/export/export.h"
#include "tools/kymo_cli.h"
#include "tools/kymod_receivers.h"

#define LABELS_MAX 100u

static void
fault_say(void *to, const char *text)
{
	struct kymo_buffer line = {0};

	kymo_escape_terminal(&line, text);
	if (!line.failed)
		fprintf(stderr, "%s%s\n", (const char *)to, line.at);
	kymo_buffer_free(&line);
}

static void
warning_say(void *to, const char *text)
{
	(void)to;
	fault_say((void *)(uintptr_t)"warning: ", text);
}

static int
load(struct kymo_routing **routing, const char *path, bool quiet)
{
	struct kymo_routing_faults faults = {fault_say,
	    quiet ? NULL : warning_say, (void *)(uintptr_t)""};

	return kymo_routing_load(routing, path, &faults);
}

/* ---- check ---------------------------------------------------------------- */

/* Ways to receivers, and templates, as whoever sends wants them. */
static bool
ways_check(const struct kymo_routing *routing, const char *path, bool quiet)
{
	const struct kymo_routing_faults faults = {fault_say,
	    quiet ? NULL : warning_say, (void *)(uintptr_t)""};
	struct kyi_receivers receivers;
	struct kymo_error error = {""};
	bool good = kyi_receivers_make(&receivers, routing, path, &faults,
	    &error) == 0;

	if (!good)
		fault_say((void *)(uintptr_t)"", error.text);
	kyi_receivers_free(&receivers);
	return good;
}

static int
check(int argc, char **argv, bool quiet)
{
	int status = KYI_EXIT_OK;

	for (; optind < argc; optind++) {
		struct kymo_routing *routing;
		uint32_t cnt;

		if (load(&routing, argv[optind], quiet) != 0) {
			status = KYI_EXIT_NO;
			continue;
		}
		if (!ways_check(routing, argv[optind], quiet)) {
			status = KYI_EXIT_NO;
			kymo_routing_delete(routing);
			continue;
		}
		kymo_routing_integrations(routing, &cnt);
		if (!quiet)
			printf("%s: sound; %u way%s to receivers\n",
			    argv[optind], cnt, cnt == 1 ? "" : "s");
		kymo_routing_delete(routing);
	}
	return status;
}

/* ---- test ----------------------------------------------------------------- */

static int
route_print(void *to, const struct kymo_route *route)
{
	struct kymo_buffer *out = to;

	kymo_escape_terminal(out, route->receiver);
	kymo_buffer_printf(out, "\tline %u\n", route->line);
	return 0;
}

static int
test(int argc, char **argv, bool quiet)
{
	struct kymo_label labels[LABELS_MAX];
	struct kymo_buffer out = {0};
	struct kymo_routing *routing;
	struct kymo_labels *made;
	const char *path = argv[optind++];
	uint32_t cnt = 0;

	for (; optind < argc; optind++) {
		char *value = strchr(argv[optind], '=');

		if (value == NULL || value == argv[optind] ||
		    cnt == LABELS_MAX)
			return kyi_usage(&kyi_verb_routes, "'%s' is no label; "
			    "write LABEL=VALUE", argv[optind]);
		*value = '\0';
		labels[cnt++] = (struct kymo_label){argv[optind], value + 1};
	}
	if (load(&routing, path, quiet) != 0)
		return KYI_EXIT_NO;
	made = kyi_must(kymo_labels_make(labels, cnt));
	kymo_routing_routes(routing, made, route_print, &out);
	free(made);
	kymo_routing_delete(routing);
	return kyi_output(&out);
}

/* ---- the verb ------------------------------------------------------------- */

static int
routes(int argc, char **argv)
{
	static const struct option known[] = {
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	const char *what;
	bool quiet = false;
	int option;

	while ((option = getopt_long(argc, argv, ":qh", known, NULL)) != -1)
		switch (option) {
		case 'q': quiet = true; break;
		case 'h': return kyi_help(&kyi_verb_routes);
		default:
			return kyi_option_wrong(&kyi_verb_routes, argv, option);
		}
	if (optind == argc)
		return kyi_usage(&kyi_verb_routes, "check or test?");
	what = argv[optind++];
	if (optind == argc)
		return kyi_usage(&kyi_verb_routes, "%s which FILE?", what);
	if (strcmp(what, "check") == 0)
		return check(argc, argv, quiet);
	if (strcmp(what, "test") == 0)
		return test(argc, argv, quiet);
	return kyi_usage(&kyi_verb_routes, "no '%s'; check or test", what);
}

const struct kyi_verb kyi_verb_routes = {
	"routes", "checks routing files, and says who would hear of an alert",
	routes,
	"usage: kymo routes check [--quiet] FILE..\n"
	"       kymo routes test [--quiet] FILE [LABEL=VALUE]..\n"
	"\n"
	"Routing files are Alertmanager's, or ours with the key kymo.\n"
	"\n"
	"  check    tells all that is wrong, and what does nothing here\n"
	"  test     prints the receivers of an alert with these labels, and the line\n"
	"           of the route that has each\n"
	"\n"
	"  -q, --quiet  only what is wrong\n"
	"  -h, --help   this\n"
	"\n"
	"Exit: 0 all is well; 1 something is wrong; 2 usage; 3 could not be done.\n"
	"\n"
	"  kymo routes check /etc/alertmanager/alertmanager.yml\n"
	"  kymo routes test routes.yml alertname=Slow severity=page\n"
};
