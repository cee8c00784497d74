/* SPDX-License-Identifier: MIT */
/* The picture in a mail: the points as a line, the threshold as another.
   There is no text in it, so it needs no fonts: numbers stand beside it. */
#ifndef KYI_NOTIFY_CHART_H
#define KYI_NOTIFY_CHART_H

#include <jansson.h>

#include "reader/buffer.h"

/* kyi_chart_png appends a PNG; threshold NaN: none. 1: there is nothing to
   draw; -1: no memory. */
KYMO_MUST_CHECK int kyi_chart_png(struct kymo_buffer *out,
    const json_t *points, double threshold);

#endif
