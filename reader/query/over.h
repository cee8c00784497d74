/* SPDX-License-Identifier: MIT */
/* Functions of a range of samples. */
#ifndef KYI_QUERY_OVER_H
#define KYI_QUERY_OVER_H

#include "reader/query/eval.h"
#include "reader/query/functions.h"

/* The series a range selector or a subquery gives. */
struct kyi_ranges {
	const struct kymo_samples *series;
	uint32_t cnt;
	int64_t range_ms;
	struct kyi_shift shift;
	const struct kyi_node *node; /* for annotations: as written */
	bool resets_known; /* lost is to be trusted */
	bool one_name;
};
/* part: of what stands for several samples, where a source has such. */
int kyi_eval_ranges(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, enum kymo_part part,
    struct kyi_ranges *ranges);
/* The end of the range asked for at at_ms. */
int64_t kyi_shifted_ms(const struct kyi_eval *eval,
    const struct kyi_shift *shift, int64_t at_ms);

/* One column of a series, without stale markers. */
struct kyi_column {
	const int64_t *at_ms;
	const double *value;                        /* floats.. */
	const struct kymo_native_hist *const *hist; /* ..or histograms */
	const double *lost;
	const double *weight; /* NULL: each value is of one sample */
	const struct kymo_mark *mark;
	const struct kymo_block_extremes *block_extremes;
	uint32_t block_phase, mark_cnt, block_cnt;
	uint32_t cnt;
};

/* What a function sees: samples from up to, not with, to of each column. */
struct kyi_span {
	const struct kyi_column *floats, *hists;
	uint32_t from, to;           /* of floats */
	uint32_t hist_from, hist_to; /* of hists */
	int64_t from_ms, to_ms; /* the range: after from_ms, up to and with to_ms */
	int64_t at_ms;          /* the step asked at */
};

struct kyi_over {
	struct kyi_eval *eval;
	const struct kyi_node *call;
	const struct kyi_ranges *ranges;
	const struct kymo_labels *labels; /* of the series at hand */
	double arg[2];                    /* the scalar arguments, at this step */
	bool name_checked; /* as a counter's */
	double *room;                     /* for as many values as samples */
	size_t room_cnt;
};

struct kyi_value {
	double value;
	const struct kymo_native_hist *hist;
};

/* Gives 1 and a value, 0 and none, or KYI_EVAL_FAILED. */
typedef int (*kyi_over_fn)(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out);

/* NULL: no function of a range. */
kyi_over_fn kyi_over_find(enum kyi_function_id id);
int kyi_eval_over(struct kyi_eval *eval, const struct kyi_node *call,
    const struct kyi_steps *steps, struct kyi_vectors *out);

static inline uint32_t
kyi_span_floats(const struct kyi_span *span)
{
	return span->to - span->from;
}

static inline uint32_t
kyi_span_hists(const struct kyi_span *span)
{
	return span->hist_to - span->hist_from;
}

static inline void
kyi_over_note(struct kyi_over *over, enum kyi_note_of of)
{
	kyi_note(over->eval, of, over->ranges->node, "", over->labels);
}

/* Room for cnt doubles, the same at each call. NULL: no memory. */
double *kyi_over_room(struct kyi_over *over, size_t cnt);

/* over_time.c, over_pick.c, over_trend.c, over_hist.c, rate.c, rate_hist.c */
int kyi_over_sum(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_avg(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_min(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_max(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_count(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_present(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_stddev(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_stdvar(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_quantile(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_mad(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_first(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_last(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_ts_first(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_ts_last(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_ts_min(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_ts_max(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_deriv(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_predict(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_smooth(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_resets(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_changes(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_rate(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_increase(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_delta(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_irate(struct kyi_over *, const struct kyi_span *, struct kyi_value *);
int kyi_over_idelta(struct kyi_over *, const struct kyi_span *,
    struct kyi_value *);
int kyi_over_hist_sum(struct kyi_over *, const struct kyi_span *, bool is_mean,
    struct kyi_value *);
/* The difference last - first, resets added where counts is true; NULL: none. */
int kyi_over_hist_rise(struct kyi_over *, const struct kyi_span *, bool counts,
    struct kymo_native_hist **rise);

#endif
