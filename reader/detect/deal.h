/* SPDX-License-Identifier: MIT */
/* Chances of a few numbers that need no law of theirs to be known: they come of all
   the ways in which the numbers could have been dealt out to two groups. */
#ifndef KYI_DETECT_DEAL_H
#define KYI_DETECT_DEAL_H

#include <stdint.h>

/* kyi_deal_least: the chance that two groups of so many lie apart by nothing but
   chance, at its worst: where a number is one of two, which a coin tells. No less
   can be said of them, however far apart they are. */
double kyi_deal_least(uint32_t before_cnt, uint32_t after_cnt);

/* kyi_deal_chance: of all ways to deal out these sums (of these weights; NULL: 1
   each), the part in which the groups' means are as far apart as they are. Of
   groups that do not overlap kyi_deal_least; of too many to try all ways 0. */
double kyi_deal_chance(const double *before, const double *before_weights,
    uint32_t before_cnt, const double *after, const double *after_weights,
    uint32_t after_cnt);

#endif
