/* SPDX-License-Identifier: MIT */
/* Where the results of rules go: a feed of the history for each rule, so that a
   rule that fails, or a group whose time has not come, ends no series. */
#include "tools/kymod_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which feeds --------------------------------------------------------------------- */

static int
by_rule(const void *a, const void *b)
{
	const struct kyi_rule_feed *x = a, *y = b;

	return (x->rule > y->rule) - (x->rule < y->rule);
}

static int
by_name(const void *a, const void *b)
{
	const struct kyi_rule_feed *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void
kyi_rule_sink_free(struct kyi_rule_sink *sink)
{
	for (uint32_t i = 0; i < sink->feed_cnt; i++)
		free(sink->feeds[i].name);
	free(sink->feeds);
	free(sink->named);
	free(sink->rows);
	*sink = (struct kyi_rule_sink){.history = NULL};
}

/* Rules of one group and name are told apart by their order. */
static int
names_number(struct kyi_rule_sink *sink)
{
	struct kyi_rule_feed **order = calloc(sink->feed_cnt + 1u,
	    sizeof(order[0]));
	const char *before = NULL;
	uint32_t same_cnt = 0;
	int result = 0;

	if (!order)
		return -1;
	for (uint32_t i = 0; i < sink->feed_cnt; i++)
		order[i] = &sink->feeds[i];
	qsort(order, sink->feed_cnt, sizeof(order[0]), by_name);
	for (uint32_t i = 0; i < sink->feed_cnt; i++) {
		char *name;

		if (!before || strcmp(before, order[i]->name) != 0) {
			before = order[i]->name;
			same_cnt = 1;
			continue;
		}
		if (asprintf(&name, "%s #%u", before, ++same_cnt) < 0) {
			result = -1;
			break;
		}
		free(order[i]->name);
		order[i]->name = name;
	}
	free(order);
	return result;
}

int
kyi_rule_sink_make(struct kyi_rule_sink *sink, struct kymo_history *history,
    const struct kymo_rules *rules)
{
	const struct kymo_rule_group *group = kymo_rules_groups(rules);
	uint32_t cnt = kymo_rules_cnt(rules);

	*sink = (struct kyi_rule_sink){.history = history};
	sink->feeds = calloc(cnt + 1u, sizeof(sink->feeds[0]));
	if (!sink->feeds)
		return -1;
	for (; group; group = group->next)
		for (const struct kymo_rule *rule = group->rules; rule &&
		    sink->feed_cnt < cnt; rule = rule->next) {
			struct kyi_rule_feed *feed =
			    &sink->feeds[sink->feed_cnt];

			feed->rule = rule;
			if (asprintf(&feed->name, "rules/%s/%s", group->name,
				rule->name) < 0) {
				feed->name = NULL;
				return -1;
			}
			sink->feed_cnt++;
		}
	if (names_number(sink) != 0)
		return -1;
	qsort(sink->feeds, sink->feed_cnt, sizeof(sink->feeds[0]), by_rule);
	sink->named = calloc(cnt + 1u, sizeof(sink->named[0]));
	if (!sink->named)
		return -1;
	for (uint32_t i = 0; i < sink->feed_cnt; i++)
		sink->named[i] = &sink->feeds[i];
	qsort(sink->named, sink->feed_cnt, sizeof(sink->named[0]), by_name);
	return 0;
}

/* NULL: there is none. */
static struct kyi_rule_feed *
feed_named(const struct kyi_rule_sink *sink, const struct kyi_rule_feed *like)
{
	struct kyi_rule_feed **found = bsearch(&like, sink->named,
	    sink->feed_cnt, sizeof(sink->named[0]), by_name);

	return found ? *found : NULL;
}

void
kyi_rule_sink_adopt(struct kyi_rule_sink *sink, struct kyi_rule_sink *before)
{
	for (uint32_t i = 0; i < before->feed_cnt; i++) {
		struct kyi_rule_feed *old = &before->feeds[i];
		struct kyi_rule_feed *feed = feed_named(sink, old);

		if (!old->feed)
			continue;
		if (feed) {
			feed->feed = old->feed;
			feed->last_ms = old->last_ms;
			feed->row_cnt = old->row_cnt;
		} else if (old->row_cnt > 0 && kymo_feed_end(old->feed,
			old->last_ms + 1) != 0) {
			kyi_log(KYMO_LOG_WARN, "%s: out of memory; its series "
			    "end five minutes late", old->name);
		}
	}
}

/* ---- what rules say ------------------------------------------------------------------- */

static int
append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	struct kyi_rule_sink *sink = of;
	struct kymo_history_row *more;
	uint32_t room;

	(void)at_ms;
	/* Who is not among a feed's rows has ended. */
	if (!hist && kymo_is_stale(value))
		return 0;
	if (sink->row_cnt == sink->row_room) {
		room = sink->row_room * 2 + 256;
		more = reallocarray(sink->rows, room, sizeof(more[0]));
		if (!more)
			return kymo_error_set(error, "out of memory");
		sink->rows = more;
		sink->row_room = room;
	}
	sink->rows[sink->row_cnt++] = (struct kymo_history_row){
		.labels = labels, .value = value, .hist = hist, .ref = ref
	};
	return 0;
}

static int
rule_done(void *of, const struct kymo_rule_group *group,
    const struct kymo_rule *rule, int64_t at_ms, bool evaluated,
    struct kymo_error *error)
{
	struct kyi_rule_sink *sink = of;
	struct kyi_rule_feed wanted = {.rule = rule}, *feed;
	int result = 0;

	(void)group;
	feed = bsearch(&wanted, sink->feeds, sink->feed_cnt, sizeof(*feed),
	    by_rule);
	sink->evaluated_cnt++;
	sink->failed_cnt += !evaluated;
	if (!feed || (sink->row_cnt == 0 && (!evaluated || !feed->row_cnt))) {
		sink->row_cnt = 0;
		return 0;
	}
	if (!feed->feed)
		feed->feed = kymo_history_feed(sink->history, feed->name);
	if (!feed->feed || kymo_feed_append(feed->feed, at_ms, sink->rows,
		sink->row_cnt) != 0)
		result = kymo_error_set(error, "out of memory");
	feed->row_cnt = sink->row_cnt;
	feed->last_ms = at_ms;
	sink->row_cnt = 0;
	return result;
}

struct kymo_rule_sink
kyi_rule_sink_of(struct kyi_rule_sink *sink)
{
	/* A feed's append is seen when it returns: there is nothing to flush. */
	return (struct kymo_rule_sink){
		.of = sink, .append = append, .rule = rule_done
	};
}
