/* SPDX-License-Identifier: MIT */
/* Aggregations: what its operators share. */
#ifndef KYI_QUERY_AGGREGATE_H
#define KYI_QUERY_AGGREGATE_H

#include "reader/query/eval.h"

struct kyi_groups_of {
	uint32_t *group; /* by row of the input */
	uint32_t cnt;
	const struct kymo_labels **labels; /* by group: of its first row */
};

struct kyi_aggregation {
	struct kyi_eval *eval;
	const struct kyi_node *node;
	const char *name; /* "sum" */
	struct kyi_vectors in;
	struct kyi_groups_of groups;
	const double *param; /* by step; NULL: none */
};

/* The labels of a group made of labels. */
const struct kymo_labels *kyi_group_labels(struct kyi_aggregation *of,
    const struct kymo_labels *labels);
void kyi_note_ignored(struct kyi_aggregation *of, const struct kyi_node *at);

int kyi_aggregate_fold(struct kyi_aggregation *of, struct kyi_vectors *out);
int kyi_aggregate_quantile(struct kyi_aggregation *of, struct kyi_vectors *out);
int kyi_aggregate_pick(struct kyi_aggregation *of, struct kyi_vectors *out);
int kyi_count_values(struct kyi_aggregation *of, struct kyi_vectors *out);

#endif
