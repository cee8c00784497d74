/* SPDX-License-Identifier: MIT */
/* kymod's rules: what kymod_rules.c and kymod_rule_sink.c share. */
#ifndef KYI_KYMOD_RULES_H
#define KYI_KYMOD_RULES_H

#include "reader/history/history.h"
#include "reader/rules/rules.h"
#include "tools/kymod.h"

struct kyi_rule_feed {
	const struct kymo_rule *rule;
	char *name;
	struct kymo_feed *feed; /* NULL: has had nothing to say yet */
	int64_t last_ms;
	uint32_t row_cnt; /* of the last time */
};

struct kyi_rule_sink {
	struct kymo_history *history;
	struct kyi_rule_feed *feeds;  /* by rule */
	struct kyi_rule_feed **named; /* by name */
	uint32_t feed_cnt;
	struct kymo_history_row *rows; /* of the rule that is evaluated */
	uint32_t row_cnt, row_room;
	uint64_t evaluated_cnt, failed_cnt;
};

/* -1: no memory; sink is to be freed then, too. */
int kyi_rule_sink_make(struct kyi_rule_sink *sink, struct kymo_history *history,
    const struct kymo_rules *rules);
void kyi_rule_sink_free(struct kyi_rule_sink *sink);
/* Goes on where before was; what no rule says any more ends. */
void kyi_rule_sink_adopt(struct kyi_rule_sink *sink,
    struct kyi_rule_sink *before);
struct kymo_rule_sink kyi_rule_sink_of(struct kyi_rule_sink *sink);

/* kyi_rule_expr: the expression of the rule that an alert with these labels is
   of (kymod_rule_of.c); NULL: of none, or of several that differ. */
const char *kyi_rule_expr(const struct kymo_rules *rules,
    const struct kymo_labels *labels);

#endif
