/* SPDX-License-Identifier: MIT */
/* What both ways to compare share. */
#ifndef KYI_DETECT_SHIFT_PRIVATE_H
#define KYI_DETECT_SHIFT_PRIVATE_H

#include "reader/detect/shift.h"

/* A chance above is told by nobody, so it is not looked at twice. */
#define KYI_SHIFT_LOOKED_AT 0.2

/* kyi_shift_nothing: nothing is known yet. */
void kyi_shift_nothing(struct kymo_shift *shift);

#endif
