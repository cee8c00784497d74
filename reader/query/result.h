/* SPDX-License-Identifier: MIT */
/* Results: copied out of an evaluation, so that nothing of it need stay. */
#ifndef KYI_QUERY_RESULT_H
#define KYI_QUERY_RESULT_H

#include "reader/query/over.h"

struct kyi_result {
	struct kyi_eval *eval;
	struct kyi_arena *arena; /* the result lies in it */
	struct kymo_result *result;
};

/* All return 0 or KYI_EVAL_FAILED. */
int kyi_result_new(struct kyi_eval *eval, struct kyi_result *result);
int kyi_result_vectors(struct kyi_result *result, struct kyi_vectors *vectors,
    enum kymo_value_kind kind);
int kyi_result_ranges(struct kyi_result *result,
    const struct kyi_ranges *ranges, int64_t from_ms, int64_t to_ms);
int kyi_result_string(struct kyi_result *result, const char *text);
int kyi_result_notes(struct kyi_result *result);

#endif
