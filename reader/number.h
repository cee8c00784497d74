/* SPDX-License-Identifier: MIT */
/* Recorded numbers in their unit, and bounds as texts. */
#ifndef KYI_NUMBER_H
#define KYI_NUMBER_H

#include "reader/buffer.h"

/* n * 10^exponent, correctly rounded where 10^|exponent| is exact. */
double kyi_scale(double n, int exponent);

/* d with the six digits that an estimate can have at most. */
double kyi_estimate(double d);

/* kyi_le_text adds a bucket's bound (> 0, finite) as Go's %g of the shortest
   digits, with ".0" where it would look like an integer: what Prometheus 3 makes
   of any le that it reads. */
void kyi_le_text(struct kymo_buffer *buffer, double bound);

#endif
