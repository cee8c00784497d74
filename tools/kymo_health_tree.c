/* SPDX-License-Identifier: MIT */
/* How components are, for people who were woken by it: what fails first, in a
   line; then all of them, each with what it depends on further in. */
#include "tools/kymo_health.h"

#include <string.h>

#include "reader/export/export.h"

#define DEPTH_MAX 200u

struct tree {
	struct kymo_buffer *out;
	const json_t *components;
	json_t *shown; /* names: what is shown again is not told again */
	bool all, in_colour;
	int64_t now_ms;
};

static void
put_state(const struct tree *tree, const json_t *object)
{
	const struct kyi_health_state *state =
	    &kyi_health_states[kyi_health_state(object)];

	if (tree->in_colour)
		kymo_buffer_printf(tree->out, "\033[%sm%s\033[0m",
		    state->colour, state->name);
	else
		kymo_buffer_str(tree->out, state->name);
}

static void
put_text(const struct tree *tree, const char *before, const char *text)
{
	if (!*text)
		return;
	kymo_buffer_str(tree->out, before);
	kymo_escape_terminal(tree->out, text);
}

static void
indent(struct kymo_buffer *out, uint32_t depth)
{
	while (depth-- > 0)
		kymo_buffer_str(out, "  ");
}

/* ---- a line for all ---------------------------------------------------------- */

static bool
hangs(const struct tree *tree, const json_t *component)
{
	return kyi_health_find(tree->components, kyi_json_str(component,
	    "root")) != NULL;
}

/* "2 failing, 3 ok; 1 of them as another fails" */
static void
counts_print(const struct tree *tree)
{
	static const enum kyi_health_word order[] = {KYI_HEALTH_FAILING,
	    KYI_HEALTH_DEGRADED, KYI_HEALTH_UNKNOWN, KYI_HEALTH_STARTING,
	    KYI_HEALTH_OK};
	uint32_t cnts[KYI_HEALTH_STATE_CNT] = {0}, hang_cnt = 0;
	const json_t *component;
	const char *comma = "";
	size_t i;

	json_array_foreach(tree->components, i, component) {
		cnts[kyi_health_state(component)]++;
		hang_cnt += hangs(tree, component);
	}
	if (cnts[KYI_HEALTH_OK] == json_array_size(tree->components)) {
		kymo_buffer_printf(tree->out, "all %u are well",
		    cnts[KYI_HEALTH_OK]);
		return;
	}
	for (i = 0; i < KYI_HEALTH_STATE_CNT; i++)
		if (cnts[order[i]] > 0) {
			kymo_buffer_printf(tree->out, "%s%u %s", comma,
			    cnts[order[i]], kyi_health_states[order[i]].name);
			comma = ", ";
		}
	if (hang_cnt > 0)
		kymo_buffer_printf(tree->out, "; %u of them as another fails",
		    hang_cnt);
}

/* Those to look at: that fail by themselves. */
static void
roots_print(const struct tree *tree)
{
	const json_t *component;
	const char *comma = "; look at ";
	size_t i;

	json_array_foreach(tree->components, i, component)
		if (kyi_health_state(component) == KYI_HEALTH_FAILING &&
		    !hangs(tree, component)) {
			put_text(tree, comma, kyi_json_str(component,
			    "component"));
			comma = ", ";
		}
}

/* ---- a component ------------------------------------------------------------- */

/* As wide as the widest name, so that states stand in a column. */
static int
check_width(const json_t *checks)
{
	const json_t *check;
	size_t i, width = 0;

	json_array_foreach(checks, i, check) {
		size_t bytes = strlen(kyi_json_str(check, "check"));

		if (bytes > width && bytes <= 30)
			width = bytes;
	}
	return (int)width;
}

static void
checks_print(const struct tree *tree, const json_t *component, uint32_t depth)
{
	const json_t *checks = json_object_get(component, "checks"), *check;
	int width = check_width(checks);
	const json_t *number;
	size_t i;

	json_array_foreach(checks, i, check) {
		size_t begin;

		indent(tree->out, depth);
		kymo_buffer_str(tree->out, "- ");
		begin = tree->out->len_bytes;
		put_text(tree, "", kyi_json_str(check, "check"));
		do
			kymo_buffer_char(tree->out, ' ');
		while (!tree->out->failed && tree->out->len_bytes - begin <=
		    (size_t)width);
		put_state(tree, check);
		number = json_object_get(check, "seconds");
		if (json_is_number(number)) {
			kymo_buffer_str(tree->out, ", ");
			kymo_humanize(tree->out, json_number_value(number),
			    "seconds");
		}
		number = json_object_get(check, "certificate_days");
		if (json_is_number(number))
			kymo_buffer_printf(tree->out, ", certificate %.0f days",
			    json_number_value(number));
		put_text(tree, "; ", kyi_json_str(check, "reason"));
		kymo_buffer_char(tree->out, '\n');
	}
}

/* A report that does not count. */
static void
refused_print(const struct tree *tree, const json_t *component, uint32_t depth)
{
	if (!*kyi_json_str(component, "refused"))
		return;
	indent(tree->out, depth);
	put_text(tree, "- report: ", kyi_json_str(component, "refused"));
	kymo_buffer_char(tree->out, '\n');
}

static void
recovery_print(const struct tree *tree, const json_t *component,
    uint32_t depth)
{
	const json_t *recovery = json_object_get(component, "recovery");
	bool failed = json_is_true(json_object_get(recovery, "failed"));
	int64_t attempts = recovery ? kyi_json_int(recovery, "attempts") : 0;

	if (!recovery || (attempts == 0 &&
	    strcmp(kyi_json_str(recovery, "state"), "idle") == 0))
		return;
	indent(tree->out, depth);
	kymo_buffer_str(tree->out, "recovery ");
	if (failed)
		kymo_buffer_str(tree->out, tree->in_colour ?
		    "\033[1;31mFAILED\033[0m" : "FAILED");
	else
		put_text(tree, "", kyi_json_str(recovery, "state"));
	kymo_buffer_printf(tree->out, ", %lld of %lld attempts helped",
	    (long long)kyi_json_int(recovery, "successes"),
	    (long long)attempts);
	put_text(tree, "; ", kyi_json_str(recovery, "note"));
	kymo_buffer_char(tree->out, '\n');
}

/* "web  failing 3m12s, since 17:15:08, as db fails; http: status 503" */
static void
component_line(const struct tree *tree, const json_t *component)
{
	int64_t since_ms = kyi_json_time_ms(component, "since");

	put_text(tree, "", kyi_json_str(component, "component"));
	kymo_buffer_str(tree->out, "  ");
	put_state(tree, component);
	if (since_ms != 0) {
		kymo_buffer_char(tree->out, ' ');
		kyi_put_span(tree->out, since_ms < tree->now_ms ?
		    tree->now_ms - since_ms : 0);
		kymo_buffer_str(tree->out, ", since ");
		kyi_put_clock(tree->out, since_ms, tree->now_ms);
	}
	if (*kyi_json_str(component, "root")) {
		put_text(tree, ", as ", kyi_json_str(component, "root"));
		kymo_buffer_str(tree->out, " fails");
	}
	put_text(tree, "; ", kyi_json_str(component, "reason"));
	kymo_buffer_char(tree->out, '\n');
}

/* A component, then what it depends on, further in. */
static void
component_print(const struct tree *tree, const char *name, uint32_t depth)
{
	const json_t *component = kyi_health_find(tree->components, name), *on;
	size_t i;

	if (!component || depth > DEPTH_MAX)
		return;
	indent(tree->out, depth);
	if (json_object_get(tree->shown, name)) {
		put_text(tree, "", name);
		kymo_buffer_str(tree->out, "  ");
		put_state(tree, component);
		kymo_buffer_str(tree->out, ", as above\n");
		return;
	}
	json_object_set_new(tree->shown, name, json_true());
	component_line(tree, component);
	if (tree->all || kyi_health_state(component) != KYI_HEALTH_OK)
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

void
kyi_health_tree(struct kymo_buffer *out, const json_t *components, bool all,
    bool in_colour)
{
	struct tree tree = {out, components, json_object(), all, in_colour,
	    kyi_now_ms()};
	const json_t *component;
	size_t i;

	if (json_array_size(components) == 0) {
		kymo_buffer_str(out, "no components; checks in kymod.yaml, or "
		    "kymo_health_report in a program, make some\n");
	} else if (json_array_size(components) > 1) {
		counts_print(&tree);
		roots_print(&tree);
		kymo_buffer_str(out, "\n\n");
	}
	json_array_foreach(components, i, component)
		if (!is_needed(components, kyi_json_str(component,
		    "component")))
			component_print(&tree, kyi_json_str(component,
			    "component"), 0);
	/* Should a server say that two need each other. */
	json_array_foreach(components, i, component)
		if (!json_object_get(tree.shown, kyi_json_str(component,
		    "component")))
			component_print(&tree, kyi_json_str(component,
			    "component"), 0);
	json_decref(tree.shown);
}
