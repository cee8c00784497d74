/* SPDX-License-Identifier: MIT */
/* Binary operators: of two values, of vector and scalar, of vector and vector. */
#ifndef KYI_QUERY_BINARY_H
#define KYI_QUERY_BINARY_H

#include "reader/query/eval.h"

struct kyi_operand {
	double value;
	const struct kymo_native_hist *hist; /* NULL: a float */
};

enum kyi_pair {
	KYI_PAIR_KEPT,    /* there is a result */
	KYI_PAIR_FALSE,   /* a comparison that does not hold; the result is set */
	KYI_PAIR_NONE     /* no result, for a reason that was noted */
};

static inline bool
kyi_op_compares(enum kyi_op op)
{
	return op >= KYI_OP_EQL && op <= KYI_OP_LTE;
}

static inline bool
kyi_op_trims(enum kyi_op op)
{
	return op == KYI_OP_TRIM_BELOW || op == KYI_OP_TRIM_ABOVE;
}

/* Arithmetic makes something else of a series: its name goes. */
static inline bool
kyi_op_counts(enum kyi_op op)
{
	return op <= KYI_OP_ATAN2;
}

/* One of enum kyi_pair, or KYI_EVAL_FAILED. */
int kyi_pair(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_operand left, struct kyi_operand right,
    struct kyi_operand *result);

int kyi_binary_vectors(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_vectors *left, struct kyi_vectors *right,
    struct kyi_vectors *out);
int kyi_binary_set(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_vectors *left, struct kyi_vectors *right,
    struct kyi_vectors *out);

/* Which rows of two sides belong together: by row, a group's number. */
struct kyi_groups {
	uint32_t *left, *right;
	uint32_t cnt;
};
int kyi_groups_new(struct kyi_eval *eval, const struct kyi_matching *matching,
    const struct kyi_vectors *left, const struct kyi_vectors *right,
    struct kyi_groups *groups);

#endif
