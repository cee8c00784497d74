/* SPDX-License-Identifier: MIT */
/* Functions of vectors. */
#ifndef KYI_QUERY_CALL_H
#define KYI_QUERY_CALL_H

#include "reader/query/eval.h"
#include "reader/query/functions.h"

struct kyi_call {
	struct kyi_eval *eval;
	const struct kyi_node *node;
	enum kyi_function_id id;
	const struct kyi_steps *steps;
};

static inline const struct kyi_node *
kyi_arg(const struct kyi_call *call, uint32_t i)
{
	return call->node->is.call.args[i];
}

static inline uint32_t
kyi_arg_cnt(const struct kyi_call *call)
{
	return call->node->is.call.arg_cnt;
}

static inline const char *
kyi_arg_text(const struct kyi_call *call, uint32_t i)
{
	return kyi_unwrapped(kyi_arg(call, i))->is.string;
}

/* Takes histograms out of the rows. */
void kyi_drop_hists(struct kyi_vectors *of);

/* Each is of some functions; call.c has which. */
int kyi_call_math(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_clamp(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_date(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_sort(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_label_replace(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_label_join(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_absent(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_hist_part(struct kyi_call *call, struct kyi_vectors *out);
int kyi_call_hist_quantile(struct kyi_call *call, struct kyi_vectors *out);

/* ---- classic histograms (classic.c) ------------------------------------- */

struct kyi_classic { /* a bucket: what was up to and with le */
	double le, count;
};
double kyi_classic_quantile(double q, struct kyi_classic *buckets, size_t cnt,
    bool *forced);
double kyi_classic_fraction(double lower, double upper,
    struct kyi_classic *buckets, size_t cnt);

#endif
