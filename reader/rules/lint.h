/* SPDX-License-Identifier: MIT */
#ifndef KYI_RULES_LINT_H
#define KYI_RULES_LINT_H

#include "reader/query/query.h"

/* kyi_lint_joins calls say for joins in query that can find no partner: label
   is the one that differs; left and right are what it is there, "": that side
   lacks it, NULL: it has some value. */
void kyi_lint_joins(const struct kymo_query *query,
    void (*say)(void *of, const char *label, const char *left,
    const char *right), void *of);

#endif
