/* SPDX-License-Identifier: MIT */
/* Series: what many regions say, as one set of families.

   A model takes the regions of a scan, sums them over the processes of each
   service and over the dead (whose totals it keeps for ever, exactly once,
   keyed by instance id), and makes a scan: an immutable graph of families and
   series, published by RCU. Readers in any thread take a reference to the
   current scan and look at it as long as they like.

   Names are the conventional ones: a counter's family name has no "_total", a
   unit is the name's last word. Every series has first the label "service",
   then those of its family; gauges with KYMO_METRIC_EACH also "pid". Labels
   the program itself calls so are shown as exported_service, exported_pid.

   Two families of one name but another kind, unit, exponent, label keys or
   states are kept apart, as are those whose samples would have equal names (a
   counter x, a gauge x_total): the one seen first keeps the name, the other is
   shown as NAME_conflict_KIND (a third as NAME_conflict_KIND_2 .., the 18th not
   at all), and kymo_family_conflicts counts them. Seen in the same scan: first
   is the dead's, then that of the lowest service name, then the first born.
   Histograms of other scales or ranges are one family, merged at the coarser
   scale.

   Beside the programs' families there are those that the reader makes:
   process_* from /proc, kymo_* about the regions (schema/kymo.metrics). These
   names are not for programs: theirs is then the conflict. */
#ifndef KYMO_READER_SERIES_H
#define KYMO_READER_SERIES_H

#include "reader/error.h"
#include "reader/region/region.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_label {
	const char *key, *value;
};

/* A part of a series: what the processes of one user say. */
struct kymo_said {
	uint32_t uid; /* who owns their regions */
	/* Reports of health: the component as their program calls it, "" none;
	   the worst of theirs. */
	const char *component, *reason;
	enum kymo_condition state;
	double number; /* of the others that have parts */
};

struct kymo_series {
	const struct kymo_label *labels; /* sorted: service, the family's order, pid */
	uint32_t label_cnt;
	bool overflow;
	uint64_t id; /* the same in every scan of this model, and nobody else's,
	                also when it is gone; 0: it has none */
	uint64_t created_ns; /* realtime; the earliest of what was summed */
	struct kymo_metric_value value;
	/* Per second between the last two scans, in the unit; counts for
	   histograms. NaN: not known yet, or not a thing that has a rate. */
	double rate;
	/* SUMMARY: observations of the last 60 s; NULL otherwise. */
	const struct kymo_hist *recent;
	/* The newest exemplar of each histogram that has one; trace 0: none. */
	struct kymo_exemplar_info exemplar;
	/* Whose word it is, of the living: of health reports, of kymo_regions
	   and kymo_heartbeat_age_seconds; the other series have no parts. */
	const struct kymo_said *said;
	uint32_t said_cnt;
};

struct kymo_family_scan {
	const char *name; /* as on a page, without _total, _info, _bucket */
	const char *help, *unit, *component;
	enum kymo_metric_kind kind;
	int exponent;
	uint32_t sample_n;
	const char *const *states;
	uint32_t state_cnt;
	/* HISTOGRAM: classic bucket bounds, in recorded units: powers of two,
	   fixed when the family is first seen. 2^le_first .. 2^(le_first+le_cnt-1) */
	int32_t le_first;
	uint32_t le_cnt;
	const struct kymo_series *series; /* sorted by label values */
	uint32_t series_cnt;
};

struct kymo_scan {
	uint64_t at_ns;      /* realtime */
	uint64_t at_mono_ns;
	uint64_t number;     /* 1, 2, .. */
	const struct kymo_family_scan *families; /* sorted by name */
	uint32_t family_cnt;
	uint32_t series_cnt;
	/* private: lifetime */
	struct kymo_scan_private *private_;
};

/* ---- making scans --------------------------------------------------------- */

struct kymo_model;

struct kymo_model_options {
	/* The database of the dead (SQLite); NULL: in memory, forgotten at exit.
	   Made with its folder if missing; PATH.lock beside it keeps a second
	   reader away. A damaged one is set aside as PATH.corrupt-SECONDS. */
	const char *state_path;
	/* Of programs, 0: 200,000; beyond: kymo_series_refused_total. What is
	   refused stays so until its process is a new one. */
	uint32_t series_max;
	uint32_t retired_max; /* retired series, 0: 100,000; then an overflow series */
	bool with_process;    /* process_* families */
	bool with_own;        /* kymo_* families about regions and the reader */
	/* Gauges, states and texts of dead processes count too: for looking at
	   one region rather than at a service. */
	bool with_dead_gauges;
	/* Told what went wrong that does not stop anything: the database was
	   set aside, a series found no room. NULL: nobody. */
	void (*warn)(void *to, const char *text);
	void *to;
};

KYMO_READER_API struct kymo_model *kymo_model_new(
    const struct kymo_model_options *options, struct kymo_error *error);
/* Also waits until no reader is inside (not: until all references are gone). */
KYMO_READER_API void kymo_model_delete(struct kymo_model *model);

/* A scan is made so: begin, then each region (already scanned by
   kymo_region_scan), then end, which publishes it. absorb true: this region
   is dead, was scanned after its death, and this reader is the absorber: its
   totals and instance id are written in one transaction, and from then on it
   counts as retired; *absorbed tells that this is done (also when it had been
   done before, by a reader that then died), so that the file may go.

   A region that is not added any more though it was never absorbed (somebody
   removed its file) counts with its last known totals, and is retired after a
   minute. So no counter goes down from scan to scan. When the database is
   lost, the dead are gone from the sums: a counter reset, never a double. A
   process whose region comes back after that minute keeps its gauges, but what
   it counts from then on is not shown (and said by warn).

   One thread makes scans. now_* as kymo_scan.at_*. Errors: of kymo_model_add:
   the region was added but could not be absorbed (a full disk: it counts as it
   is, and the next scan tries again); or it was not added, since its instance
   id is another's, it has less than it had, or there is no memory. */
KYMO_READER_API void kymo_model_begin(struct kymo_model *model,
    uint64_t now_ns, uint64_t now_mono_ns);
KYMO_READER_API int kymo_model_add(struct kymo_model *model,
    struct kymo_region *region, bool absorb, bool *absorbed,
    struct kymo_error *error);
/* The door for what is derived: a series of the reader's own. kind COUNTER,
   GAUGE, FLOAT_GAUGE or FLOAT_COUNTER; value stands for this scan. Series of a
   family may have other labels than each other. Before the first scan it only
   takes the name, so that programs do not. */
KYMO_READER_API void kymo_model_ingest(struct kymo_model *model,
    const char *name, const char *help, const char *unit,
    enum kymo_metric_kind kind, const struct kymo_label *labels,
    uint32_t label_cnt, double value);
KYMO_READER_API int kymo_model_end(struct kymo_model *model,
    struct kymo_error *error);
/* kymo_model_filter: families of which shown says no (it may look at all but
   their series) are not in the scans that follow; they are summed all the same,
   so that they come back as if they had not been away. NULL: all are shown. By
   the thread that makes scans. */
KYMO_READER_API void kymo_model_filter(struct kymo_model *model,
    bool (*shown)(void *of, const struct kymo_family_scan *family), void *of);

/* ---- looking at them -------------------------------------------------------- */

/* kymo_scan_take returns the newest scan with a reference for the caller, NULL
   before the first. Any thread (it registers itself with RCU on first use). */
KYMO_READER_API const struct kymo_scan *kymo_scan_take(struct kymo_model *model);
KYMO_READER_API void kymo_scan_release(const struct kymo_scan *scan);

/* ---- histograms ------------------------------------------------------------- */

KYMO_READER_API uint64_t kymo_hist_count(const struct kymo_hist *hist);

/* kymo_hist_quantile returns an estimate of quantile q (0 to 1), in recorded
   units; NaN of an empty one. Inside a bucket it interpolates exponentially,
   so it lies within the bucket of the true value: relative error at most
   2^(1/2^scale) - 1 (4.4 % at scale 4), half of it for the geometric middle.
   zero gives 0; under gives its upper bound, over its lower one: then
   *clamped, if not NULL, is true. */
KYMO_READER_API double kymo_hist_quantile(const struct kymo_hist *hist,
    double q, bool *clamped);

/* kymo_hist_add merges from into to, exactly: both at the coarser scale of the
   two, over the union of their ranges (what was under or over stays so).
   Returns -1 when out of memory. to->buckets is malloc'ed by it. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_hist_add(struct kymo_hist *to,
    const struct kymo_hist *from);
/* Cells of a minus cells of b; false if any would be negative (other scale,
   other range, or not the same histogram). to is as kymo_hist_add leaves it. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_hist_sub(struct kymo_hist *to,
    const struct kymo_hist *a, const struct kymo_hist *b);
/* Observations at most bound 2^exp2 (classic le): zero, under and whole
   buckets. */
KYMO_READER_API uint64_t kymo_hist_below(const struct kymo_hist *hist,
    int32_t exp2);

#ifdef __cplusplus
}
#endif

#endif
