/* SPDX-License-Identifier: MIT */
/* From a family and label values to a series: found, or made. */
#ifndef KYI_SERIES_H
#define KYI_SERIES_H

#include <stdint.h>

#include "writer/registry.h"

/* The family and the series of a histogram's index, KYI_HIST_FIRST or more,
   that a handle has. */
const struct kyi_family *kyi_hist_family(uint32_t idx);

#endif
