/* SPDX-License-Identifier: MIT */
#ifndef KYI_QUERY_NOTATION_HIST_H
#define KYI_QUERY_NOTATION_HIST_H

#include "reader/query/notation.h"

/* kyi_notation_hist reads {{..}} at text; *end is behind it. */
KYMO_MUST_CHECK int kyi_notation_hist(struct kyi_arena *arena,
    const char *text, struct kyi_notation_point *to, const char **end,
    struct kymo_error *error);

#endif
