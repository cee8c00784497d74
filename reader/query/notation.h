/* SPDX-License-Identifier: MIT */
/* Series as Prometheus' tests write them:

     metric{label="value"} 5 1+2x3 _ _x3 stale {{schema:1 sum:3 count:22 ..}}

   a+bxn is n + 1 samples, a, a + b, ..; axn is a, n + 1 times; _ leaves one
   out, _xn n of them. Of histograms {{..}}+{{..}}xn likewise. */
#ifndef KYI_QUERY_NOTATION_H
#define KYI_QUERY_NOTATION_H

#include "reader/history/samples.h"
#include "reader/query/arena.h"

#define KYI_NOTATION_POINTS_MAX 1000000u

struct kyi_notation_point {
	bool present;
	bool hint_given; /* hist says a counter_reset_hint */
	double value;
	struct kymo_native_hist *hist; /* NULL: a float */
};

struct kyi_notation {
	const struct kymo_labels *labels;
	struct kyi_notation_point *points;
	uint32_t cnt, room;
};

/* kyi_notation_labels reads the series' name and labels. *end is behind. */
KYMO_MUST_CHECK int kyi_notation_labels(struct kyi_arena *arena,
    const char *text, const struct kymo_labels **labels, const char **end,
    struct kymo_error *error);
/* kyi_notation_points appends those of text. */
KYMO_MUST_CHECK int kyi_notation_points(struct kyi_arena *arena,
    const char *text, struct kyi_notation *to, struct kymo_error *error);
/* Both, of one line. All of it lies in arena. */
KYMO_MUST_CHECK int kyi_notation_series(struct kyi_arena *arena,
    const char *text, struct kyi_notation *to, struct kymo_error *error);

/* kyi_notation_number: a decimal float, Inf, NaN. */
bool kyi_notation_number(const char *text, const char **end, double *value);

#endif
