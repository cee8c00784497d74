/* SPDX-License-Identifier: MIT */
/* kymo health: what components are, as kymod knows it; a tree for people, a line
   for Nagios, JSON as it came. */
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_http.h"

#define DEPTH_MAX 200u

struct options {
	const char *url, *component;
	bool nagios, json;
};

enum { OK, STARTING, DEGRADED, FAILING, UNKNOWN, STATE_CNT };

static const struct {
	const char *name;
	int nagios, exit;
} states[STATE_CNT] = {
	[OK] = {"ok", 0, KYI_EXIT_OK},
	[STARTING] = {"starting", 1, KYI_EXIT_OK},
	[DEGRADED] = {"degraded", 1, KYI_EXIT_OK},
	[FAILING] = {"failing", 2, KYI_EXIT_NO},
	[UNKNOWN] = {"unknown", 3, KYI_EXIT_OK},
};

/* ---- what came ------------------------------------------------------------ */

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int
state_of(const json_t *object)
{
	const char *name = text_of(object, "state");
	int i;

	for (i = 0; i < UNKNOWN; i++)
		if (strcmp(states[i].name, name) == 0)
			return i;
	return UNKNOWN;
}

static const json_t *
component_find(const json_t *components, const char *name)
{
	size_t i;
	const json_t *component;

	json_array_foreach(components, i, component)
		if (strcmp(text_of(component, "component"), name) == 0)
			return component;
	return NULL;
}

/* ---- the tree ------------------------------------------------------------- */

struct tree {
	struct kymo_buffer *out;
	const json_t *components;
	json_t *shown; /* names: what is shown again is not told again */
};

static void
indent(struct kymo_buffer *out, uint32_t depth)
{
	while (depth-- > 0)
		kymo_buffer_str(out, "  ");
}

static void
checks_print(const struct tree *tree, const json_t *component, uint32_t depth)
{
	const json_t *checks = json_object_get(component, "checks"), *check;
	const json_t *days;
	size_t i;

	json_array_foreach(checks, i, check) {
		indent(tree->out, depth);
		kymo_buffer_str(tree->out, "- ");
		kymo_escape_terminal(tree->out, text_of(check, "check"));
		kymo_buffer_printf(tree->out, " %s",
		    states[state_of(check)].name);
		if (json_is_number(json_object_get(check, "seconds"))) {
			kymo_buffer_str(tree->out, ", ");
			kymo_humanize(tree->out, json_number_value(
			    json_object_get(check, "seconds")), "seconds");
		}
		days = json_object_get(check, "certificate_days");
		if (json_is_number(days))
			kymo_buffer_printf(tree->out, ", certificate %.0f days",
			    json_number_value(days));
		if (*text_of(check, "reason")) {
			kymo_buffer_str(tree->out, "; ");
			kymo_escape_terminal(tree->out,
			    text_of(check, "reason"));
		}
		kymo_buffer_char(tree->out, '\n');
	}
}

/* A report that does not count. */
static void
refused_print(const struct tree *tree, const json_t *component, uint32_t depth)
{
	if (!*text_of(component, "refused"))
		return;
	indent(tree->out, depth);
	kymo_buffer_str(tree->out, "- report: ");
	kymo_escape_terminal(tree->out, text_of(component, "refused"));
	kymo_buffer_char(tree->out, '\n');
}

static void
recovery_print(const struct tree *tree, const json_t *component,
    uint32_t depth)
{
	const json_t *recovery = json_object_get(component, "recovery");
	json_int_t attempts;

	if (!recovery)
		return;
	attempts = json_integer_value(json_object_get(recovery, "attempts"));
	if (attempts == 0 && strcmp(text_of(recovery, "state"), "idle") == 0)
		return;
	indent(tree->out, depth);
	kymo_buffer_str(tree->out, "recovery ");
	kymo_escape_terminal(tree->out, json_is_true(json_object_get(recovery,
	    "failed")) ? "FAILED" : text_of(recovery, "state"));
	kymo_buffer_printf(tree->out, ", %lld of %lld attempts helped",
	    (long long)
	    json_integer_value(json_object_get(recovery, "successes")),
	    (long long)attempts);
	if (*text_of(recovery, "note")) {
		kymo_buffer_str(tree->out, "; ");
		kymo_escape_terminal(tree->out, text_of(recovery, "note"));
	}
	kymo_buffer_char(tree->out, '\n');
}

static void
component_line(const struct tree *tree, const json_t *component)
{
	kymo_escape_terminal(tree->out, text_of(component, "component"));
	kymo_buffer_printf(tree->out, "  %s", states[state_of(component)].name);
	kymo_buffer_str(tree->out, " since ");
	kymo_escape_terminal(tree->out, text_of(component, "since"));
	if (*text_of(component, "root")) {
		kymo_buffer_str(tree->out, ", for ");
		kymo_escape_terminal(tree->out, text_of(component, "root"));
		kymo_buffer_str(tree->out, " fails");
	}
	if (*text_of(component, "reason")) {
		kymo_buffer_str(tree->out, "; ");
		kymo_escape_terminal(tree->out, text_of(component, "reason"));
	}
}

/* A component, then what it depends on, further in. */
static void
component_print(const struct tree *tree, const char *name, uint32_t depth)
{
	const json_t *component = component_find(tree->components, name), *on;
	size_t i;

	if (!component || depth > DEPTH_MAX)
		return;
	indent(tree->out, depth);
	if (json_object_get(tree->shown, name)) {
		kymo_escape_terminal(tree->out, name);
		kymo_buffer_printf(tree->out, "  %s, as above\n",
		    states[state_of(component)].name);
		return;
	}
	json_object_set_new(tree->shown, name, json_true());
	component_line(tree, component);
	kymo_buffer_char(tree->out, '\n');
	checks_print(tree, component, depth + 2);
	refused_print(tree, component, depth + 2);
	recovery_print(tree, component, depth + 2);
	json_array_foreach(json_object_get(component, "depends_on"), i, on)
		if (json_is_string(on))
			component_print(tree, json_string_value(on), depth + 1);
}

static bool
is_needed(const json_t *components, const char *name)
{
	const json_t *component, *on;
	size_t i, k;

	json_array_foreach(components, i, component)
		json_array_foreach(json_object_get(component, "depends_on"), k,
		    on)
			if (json_is_string(on) &&
			    strcmp(json_string_value(on), name) == 0)
				return true;
	return false;
}

static void
tree_print(struct kymo_buffer *out, const json_t *components)
{
	struct tree tree = {out, components, json_object()};
	const json_t *component;
	size_t i;

	json_array_foreach(components, i, component)
		if (!is_needed(components, text_of(component, "component")))
			component_print(&tree, text_of(component, "component"),
			    0);
	/* Should a server say that two need each other. */
	json_array_foreach(components, i, component)
		if (!json_object_get(tree.shown, text_of(component,
		    "component")))
			component_print(&tree, text_of(component, "component"),
			    0);
	json_decref(tree.shown);
	if (json_array_size(components) == 0)
		kymo_buffer_str(out, "no components; checks in kymod.yaml, or "
		    "kymo_health_report in a program, make some\n");
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
	static const int order[] = {FAILING, DEGRADED, UNKNOWN, STARTING, OK};
	uint32_t cnts[STATE_CNT] = {0};
	const json_t *component;
	int worst = 4, k;
	bool any = false;
	size_t i;

	json_array_foreach(components, i, component)
		cnts[state_of(component)]++;
	for (k = 4; k >= 0; k--)
		if (cnts[order[k]] > 0)
			worst = k;
	if (json_array_size(components) == 0)
		worst = 2;
	kymo_buffer_printf(out, "KYMO %s - ",
	    words[states[order[worst]].nagios]);
	/* What hangs on another is not news. */
	json_array_foreach(components, i, component) {
		if (state_of(component) == OK || *text_of(component, "root"))
			continue;
		kymo_buffer_str(out, any ? ", " : "");
		any = true;
		nagios_text(out, text_of(component, "component"));
		kymo_buffer_printf(out, " %s",
		    states[state_of(component)].name);
		if (*text_of(component, "reason")) {
			kymo_buffer_str(out, " (");
			nagios_text(out, text_of(component, "reason"));
			kymo_buffer_char(out, ')');
		}
	}
	if (!any)
		kymo_buffer_str(out, json_array_size(components) == 0 ?
		    "no components" : "all components are well");
	kymo_buffer_char(out, '|');
	for (k = 0; k < STATE_CNT; k++)
		kymo_buffer_printf(out, "%s%s=%u", k > 0 ? " " : "",
		    states[k].name, cnts[k]);
	kymo_buffer_char(out, '\n');
	return states[order[worst]].nagios;
}

/* ---- the verb ------------------------------------------------------------- */

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
			if (states[state_of(component)].exit != KYI_EXIT_OK)
				status = states[state_of(component)].exit;
		if (options->json)
			kymo_buffer_add(&out, body->at, body->len_bytes);
		else
			tree_print(&out, components);
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
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {NULL, NULL, false, false};
	int option;

	while ((option = getopt_long(argc, argv, ":u:njh", known, NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'n': options.nagios = true; break;
		case 'j': options.json = true; break;
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
	"Asks kymod how components are: a tree, what each depends on further in, with\n"
	"checks, reasons and since when. What fails since another component fails says\n"
	"for which.\n"
	"\n"
	"  -u, --url URL  where kymod listens ($KYMO_URL, http://127.0.0.1:9779)\n"
	"  -n, --nagios   one line and Nagios' exit codes: 0 all are well, 1 one is\n"
	"                 degraded or starting, 2 one is failing, 3 unknown\n"
	"  -j, --json     what kymod said\n"
	"  -h, --help     this\n"
	"\n"
	"Exit: 0 none is failing; 1 one is; 2 usage; 3 kymod could not be asked.\n"
	"\n"
	"  kymo health\n"
	"  kymo health --nagios web\n"
};
