/* SPDX-License-Identifier: MIT */
/* Rules against series that there are. */
#ifndef KYI_RULES_AGAINST_H
#define KYI_RULES_AGAINST_H

#include "reader/rules/rules.h"

/* kyi_rules_against asks url, a kymod or Prometheus, for the labels of each
   metric that rules read, of the last day, and tells faults of metrics and
   labels that no series has. *cnt: how many. Returns an exit code: OK, or
   why it could not be asked. */
int kyi_rules_against(const struct kymo_rules *rules, const char *url,
    const struct kymo_rule_faults *faults, uint32_t *cnt);

#endif
