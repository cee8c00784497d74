/* SPDX-License-Identifier: MIT */
/* kymo health: what components are, as kymod knows it; a tree for people, a line
   for Nagios, JSON as it came. */
#include "tools/kymo_health.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_http.h"

struct options {
	const char *url, *component;
	bool nagios, json, verbose;
};

const struct kyi_health_state kyi_health_states[KYI_HEALTH_STATE_CNT] = {
	[KYI_HEALTH_OK] = {"ok", "32", 0, KYI_EXIT_OK},
	[KYI_HEALTH_STARTING] = {"starting", "33", 1, KYI_EXIT_OK},
	[KYI_HEALTH_DEGRADED] = {"degraded", "33", 1, KYI_EXIT_OK},
	[KYI_HEALTH_FAILING] = {"failing", "1;31", 2, KYI_EXIT_NO},
	[KYI_HEALTH_UNKNOWN] = {"unknown", "35", 3, KYI_EXIT_OK},
};

/* ---- what came ------------------------------------------------------------ */

enum kyi_health_word
kyi_health_state(const json_t *object)
{
	const char *name = kyi_json_str(object, "state");
	int i;

	for (i = 0; i < KYI_HEALTH_UNKNOWN; i++)
		if (strcmp(kyi_health_states[i].name, name) == 0)
			return (enum kyi_health_word)i;
	return KYI_HEALTH_UNKNOWN;
}

const json_t *
kyi_health_find(const json_t *components, const char *name)
{
	size_t i;
	const json_t *component;

	json_array_foreach(components, i, component)
		if (strcmp(kyi_json_str(component, "component"), name) == 0)
			return component;
	return NULL;
}

/* ---- a line for Nagios ---------------------------------------------------- */

/* No | in what is said, which begins the figures. */
static void
nagios_text(struct kymo_buffer *out, const char *text)
{
	size_t begin = out->len_bytes;

	kymo_escape_terminal(out, text);
	for (; !out->failed && begin < out->len_bytes; begin++)
		if (out->at[begin] == '|')
			out->at[begin] = '/';
}

static int
nagios_print(struct kymo_buffer *out, const json_t *components)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL",
	    "UNKNOWN"};
	/* The worst first: failing, degraded, unknown, starting. */
	static const int order[] = {KYI_HEALTH_FAILING, KYI_HEALTH_DEGRADED,
	    KYI_HEALTH_UNKNOWN, KYI_HEALTH_STARTING, KYI_HEALTH_OK};
	uint32_t cnts[KYI_HEALTH_STATE_CNT] = {0};
	const json_t *component;
	int worst = 4, k;
	bool any = false;
	size_t i;

	json_array_foreach(components, i, component)
		cnts[kyi_health_state(component)]++;
	for (k = 4; k >= 0; k--)
		if (cnts[order[k]] > 0)
			worst = k;
	if (json_array_size(components) == 0)
		worst = 2;
	kymo_buffer_printf(out, "KYMO %s - ",
	    words[kyi_health_states[order[worst]].nagios]);
	/* What hangs on another that is told is not news. */
	json_array_foreach(components, i, component) {
		if (kyi_health_state(component) == KYI_HEALTH_OK ||
		    kyi_health_find(components,
		    kyi_json_str(component, "root")))
			continue;
		kymo_buffer_str(out, any ? ", " : "");
		any = true;
		nagios_text(out, kyi_json_str(component, "component"));
		kymo_buffer_printf(out, " %s",
		    kyi_health_states[kyi_health_state(component)].name);
		if (*kyi_json_str(component, "root")) {
			kymo_buffer_str(out, ", as ");
			nagios_text(out, kyi_json_str(component, "root"));
			kymo_buffer_str(out, " fails");
		}
		if (*kyi_json_str(component, "reason")) {
			kymo_buffer_str(out, " (");
			nagios_text(out, kyi_json_str(component, "reason"));
			kymo_buffer_char(out, ')');
		}
	}
	if (!any)
		kymo_buffer_str(out, json_array_size(components) == 0 ?
		    "no components" : "all components are well");
	kymo_buffer_char(out, '|');
	for (k = 0; k < KYI_HEALTH_STATE_CNT; k++)
		kymo_buffer_printf(out, "%s%s=%u", k > 0 ? " " : "",
		    kyi_health_states[k].name, cnts[k]);
	kymo_buffer_char(out, '\n');
	return kyi_health_states[order[worst]].nagios;
}

static void
nagios_trouble(long code)
{
	struct kymo_buffer out = {0};

	kymo_buffer_str(&out, code == 0 ? "KYMO UNKNOWN - kymod cannot be "
	    "asked\n" : code == 404 ? "KYMO UNKNOWN - kymod knows no such "
	    "component\n" : "KYMO UNKNOWN - kymod does not say how components "
	    "are\n");
	(void)kyi_output(&out);
}

/* ---- the verb ------------------------------------------------------------- */

static bool
in_colour(void)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!none || !*none) && term &&
	    strcmp(term, "dumb") != 0;
}

static int
answer_print(const struct options *options, struct kymo_buffer *body,
    json_t *answer)
{
	const json_t *components = json_object_get(answer, "components");
	struct kymo_buffer out = {0};
	const json_t *component;
	int status = KYI_EXIT_OK, written;
	size_t i;

	if (options->nagios) {
		status = nagios_print(&out, components);
	} else {
		json_array_foreach(components, i, component)
			if (kyi_health_states[kyi_health_state(component)].exit != KYI_EXIT_OK)
				status = kyi_health_states[kyi_health_state(component)].exit;
		if (options->json)
			kymo_buffer_add(&out, body->at, body->len_bytes);
		else
			kyi_health_tree(&out, components, options->verbose ||
			    options->component, in_colour());
	}
	written = kyi_output(&out);
	return written != KYI_EXIT_OK ? KYI_EXIT_TROUBLE : status;
}

static int
ask(const struct options *options)
{
	struct kymo_buffer path = {0}, body = {0};
	int status = KYI_EXIT_TROUBLE;
	json_t *answer = NULL;
	long code = 0;

	kymo_buffer_str(&path, "/-/health");
	if (options->component) {
		kymo_buffer_str(&path, "?component=");
		kyi_http_escape(&path, options->component);
	}
	if (path.failed)
		status = kyi_trouble("out of memory");
	else
		status = kyi_http_json(kyi_url(options->url), "GET", path.at,
		    NULL, &body, &code);
	if (status == KYI_EXIT_OK && body.at)
		answer = json_loadb(body.at, body.len_bytes, 0, NULL);
	if (status == KYI_EXIT_OK && code == 404 && answer)
		status = kyi_trouble("kymod knows no such component; kymo "
		    "health lists all");
	else if (status == KYI_EXIT_OK && ((code != 200 && code != 503) ||
	    !json_is_array(json_object_get(answer, "components"))))
		status = kyi_trouble("kymod does not say how components are "
		    "(status %ld); is it an older one?", code);
	else if (status == KYI_EXIT_OK)
		status = answer_print(options, &body, answer);
	/* Who reads plugins' lines does not see what stderr says. */
	if (options->nagios && status == KYI_EXIT_TROUBLE)
		nagios_trouble(code);
	json_decref(answer);
	kymo_buffer_free(&path);
	kymo_buffer_free(&body);
	return status;
}

static int
health(int argc, char **argv)
{
	static const struct option known[] = {
		{"url", required_argument, NULL, 'u'},
		{"nagios", no_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {NULL, NULL, false, false, false};
	int option;

	while ((option = getopt_long(argc, argv, ":u:njvh", known, NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'n': options.nagios = true; break;
		case 'j': options.json = true; break;
		case 'v': options.verbose = true; break;
		case 'h': return kyi_help(&kyi_verb_health);
		default:
			return kyi_option_wrong(&kyi_verb_health, argv, option);
		}
	if (options.nagios && options.json)
		return kyi_usage(&kyi_verb_health, "--nagios or --json, not "
		    "both");
	if (optind < argc)
		options.component = argv[optind++];
	if (optind < argc)
		return kyi_usage(&kyi_verb_health, "'%s' is one too many",
		    argv[optind]);
	return ask(&options);
}

const struct kyi_verb kyi_verb_health = {
	"health", "says which components are well, and what fails for what",
	health,
	"usage: kymo health [OPTION].. [COMPONENT]\n"
	"\n"
	"Asks kymod how components are: a line for all, then a tree, what each depends\n"
	"on further in, with reasons and since when, and the checks of those that are\n"
	"not well. What fails as another component fails says which.\n"
	"\n"
	"  -u, --url URL  where kymod listens ($KYMO_URL, http://127.0.0.1:9779)\n"
	"  -n, --nagios   one line and Nagios' exit codes: 0 all are well, 1 one is\n"
	"                 degraded or starting, 2 one is failing, 3 unknown\n"
	"  -j, --json     what kymod said\n"
	"  -v, --verbose  the checks of all\n"
	"  -h, --help     this\n"
	"\n"
	"Exit: 0 none is failing; 1 one is; 2 usage; 3 kymod could not be asked.\n"
	"\n"
	"  kymo health\n"
	"  kymo health --nagios web\n"
};
