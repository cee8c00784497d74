/* SPDX-License-Identifier: MIT */
/* A small chart for a terminal: dots of braille where it knows UTF-8, else
   stars. */
#ifndef KYI_CHART_H
#define KYI_CHART_H

#include "tools/kymo_answer.h"

#define KYI_CHART_ROWS_MAX 16u

struct kyi_chart {
	double from_s, to_s;
	double gap_s;     /* points farther apart are not joined */
	uint32_t columns; /* of all of it; at least 30 */
	uint32_t rows;    /* of the picture */
	bool braille;
	const char *unit; /* of its numbers, as kymo_humanize has it */
};

/* Points of the chart's picture beside each other. */
uint32_t kyi_chart_points(const struct kyi_chart *chart);
/* Appends it: rows lines with the numbers at their left. */
void kyi_chart_draw(struct kymo_buffer *out, const struct kyi_chart *chart,
    const struct kyi_answer_series *series);
/* Its time line, to be put below. */
void kyi_chart_times(struct kymo_buffer *out, const struct kyi_chart *chart);

#endif
