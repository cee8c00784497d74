/* SPDX-License-Identifier: MIT */
/* A routing as a configuration, for those who ask what is in use. */
#include <inttypes.h>
#include <string.h>

#include "reader/alert/private.h"

static void
put_texts(struct kymo_buffer *out, const char *const *texts, uint32_t cnt)
{
	uint32_t i;

	kymo_buffer_char(out, '[');
	for (i = 0; i < cnt; i++) {
		kymo_buffer_str(out, i == 0 ? "" : ", ");
		kyi_tree_quote(out, texts[i]);
	}
	kymo_buffer_str(out, "]\n");
}

/* Whether the classic syntax of matchers has such names, without quotes. */
static bool
is_plain(const char *name)
{
	return *name != '\0' && (*name < '0' || *name > '9') &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz_:0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* name="value", each a text of a list. */
static void
put_matchers(struct kymo_buffer *out, const struct kyi_routing_matchers *of)
{
	static const char *const operators[] = {[KYMO_MATCH_EQUAL] = "=",
	    [KYMO_MATCH_NOT_EQUAL] = "!=", [KYMO_MATCH_REGEX] = "=~",
	    [KYMO_MATCH_NOT_REGEX] = "!~"};
	uint32_t i;

	kymo_buffer_char(out, '[');
	for (i = 0; i < of->cnt; i++) {
		struct kymo_buffer one = {0};

		if (is_plain(of->at[i].key))
			kymo_buffer_str(&one, of->at[i].key);
		else
			kymo_buffer_quote(&one, of->at[i].key);
		kymo_buffer_str(&one, operators[of->at[i].match]);
		kymo_buffer_quote(&one, of->at[i].value);
		kymo_buffer_str(out, i == 0 ? "" : ", ");
		if (one.failed)
			out->failed = true;
		else
			kyi_tree_quote(out, one.at);
		kymo_buffer_free(&one);
	}
	kymo_buffer_str(out, "]\n");
}

static void
put_line(struct kymo_buffer *out, uint32_t depth, const char *key)
{
	kymo_buffer_printf(out, "%*s%s: ", (int)(2 * depth), "", key);
}

static void
put_duration(struct kymo_buffer *out, uint32_t depth, const char *key,
    int64_t ms)
{
	put_line(out, depth, key);
	if (ms % 1000 == 0)
		kymo_buffer_printf(out, "%" PRId64 "s\n", ms / 1000);
	else
		kymo_buffer_printf(out, "%" PRId64 "ms\n", ms);
}

static void
put_intervals(struct kymo_buffer *out, uint32_t depth, const char *key,
    const struct kyi_routing_intervals *intervals)
{
	uint32_t i;

	if (intervals->cnt == 0)
		return;
	put_line(out, depth, key);
	for (i = 0; i < intervals->cnt; i++) {
		kymo_buffer_str(out, i == 0 ? "[" : ", ");
		kyi_tree_quote(out, intervals->at[i]->name);
	}
	kymo_buffer_str(out, "]\n");
}

static void
put_keys(struct kymo_buffer *out, const struct kyi_routing_node *node,
    uint32_t depth)
{
	static const char *const all[] = {"..."};
	const struct kymo_route *route = &node->route;

	if (route->group_by_all || route->group_by_cnt > 0) {
		put_line(out, depth, "group_by");
		put_texts(out, route->group_by_all ? all : route->group_by,
		    route->group_by_all ? 1 : route->group_by_cnt);
	}
	if (node->matchers.cnt > 0) {
		put_line(out, depth, "matchers");
		put_matchers(out, &node->matchers);
	}
	if (node->goes_on)
		kymo_buffer_printf(out, "%*scontinue: true\n",
		    (int)(2 * depth), "");
	put_duration(out, depth, "group_wait", route->group_wait_ms);
	put_duration(out, depth, "group_interval", route->group_interval_ms);
	put_duration(out, depth, "repeat_interval", route->repeat_interval_ms);
	put_intervals(out, depth, "mute_time_intervals", &node->mute);
	put_intervals(out, depth, "active_time_intervals", &node->active);
}

/* The receiver has its line begun already. Files nest 32 deep at most. */
static void
put_route(struct kymo_buffer *out, const struct kyi_routing_node *node,
    uint32_t depth)
{
	const struct kyi_routing_node *below;

	kyi_tree_quote(out, node->route.receiver);
	kymo_buffer_char(out, '\n');
	put_keys(out, node, depth);
	if (node->first == NULL)
		return;
	put_line(out, depth, "routes");
	kymo_buffer_char(out, '\n');
	for (below = node->first; below != NULL; below = below->next) {
		kymo_buffer_printf(out, "%*s- receiver: ", (int)(2 * depth),
		    "");
		put_route(out, below, depth + 1);
	}
}

void
kymo_routing_print(const struct kymo_routing *routing, struct kymo_buffer *out)
{
	const struct kyi_routing_receiver *receiver;
	const struct kyi_routing_inhibit *inhibit;
	const struct kyi_routing_interval *interval;

	kymo_buffer_str(out, "route:\n  receiver: ");
	put_route(out, routing->root, 1);
	if (routing->inhibits != NULL)
		kymo_buffer_str(out, "inhibit_rules:\n");
	for (inhibit = routing->inhibits; inhibit != NULL;
	    inhibit = inhibit->next) {
		kymo_buffer_str(out, "- source_matchers: ");
		put_matchers(out, &inhibit->source);
		put_line(out, 1, "target_matchers");
		put_matchers(out, &inhibit->target);
		put_line(out, 1, "equal");
		put_texts(out, inhibit->equal, inhibit->equal_cnt);
	}
	/* Names alone: that they are there is what a reader of routes wants. */
	if (routing->intervals != NULL)
		kymo_buffer_str(out, "time_intervals:\n");
	for (interval = routing->intervals; interval != NULL;
	    interval = interval->next) {
		kymo_buffer_str(out, "- name: ");
		kyi_tree_quote(out, interval->name);
		kymo_buffer_str(out, "\n  time_intervals: []\n");
	}
	kymo_buffer_str(out, "receivers:\n");
	for (receiver = routing->receivers; receiver != NULL;
	    receiver = receiver->next) {
		kymo_buffer_str(out, "- name: ");
		kyi_tree_quote(out, receiver->name);
		kymo_buffer_char(out, '\n');
	}
}
