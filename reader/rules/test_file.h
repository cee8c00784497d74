/* SPDX-License-Identifier: MIT */
/* A file of rule tests, as promtool has them, while it runs. */
#ifndef KYI_RULES_TEST_FILE_H
#define KYI_RULES_TEST_FILE_H

#include "reader/history/table.h"
#include "reader/rules/rules.h"
#include "reader/rules/tree.h"

struct kyi_test_file {
	struct kyi_arena *arena;
	const struct kyi_tree *tree;
	struct kyi_faults faults;
	struct kymo_buffer *out;
	const char **paths; /* of rule files */
	uint32_t path_cnt;
	const char **group_order;
	uint32_t group_order_cnt;
	int64_t interval_ms;
	bool is_fuzzy;
	uint32_t failed_cnt;
};

struct kyi_test_series {
	const struct kymo_labels *labels;
	const struct kyi_notation_point *points;
	uint32_t cnt, loaded_cnt;
};

/* One test of the file. */
struct kyi_test {
	struct kyi_test_file *file;
	const struct kyi_tree_node *node;
	const char *name, *external_url;
	struct kymo_labels *external;
	int64_t start_ms, interval_ms, end_ms; /* end: from start */
	struct kyi_test_series *series;
	uint32_t series_cnt;
	struct kymo_table *table;
	struct kymo_rules *rules;
	struct kymo_rule_engine *engine;
};

/* Appends "    name: NAME,\n" if the test has one, and counts. */
void kyi_test_failed(struct kyi_test *test);
/* {a="b", c="d"} */
void kyi_test_labels_put(struct kymo_buffer *out, const struct kymo_label *at,
    uint32_t cnt);
/* Runs what alert_rule_test says of the time from at_ms to before to_ms,
   both since the start. */
void kyi_test_alerts(struct kyi_test *test, int64_t at_ms, int64_t to_ms);
void kyi_test_exprs(struct kyi_test *test);
/* Keys and values of a map, and one more (NULL: none), as they are: free() them.
   NULL: no memory, or said. */
struct kymo_label *kyi_test_map(struct kyi_test_file *file,
    const struct kyi_tree_node *node, const char *more_key,
    const char *more_value, uint32_t *cnt);

#endif
