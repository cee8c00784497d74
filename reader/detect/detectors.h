/* SPDX-License-Identifier: MIT */
/* A detector for each series of scans: what is odd now, and since when, and what
   is odd together. docs/detection.md tells how.

   Counters are watched as rates, gauges as they are, histograms and summaries
   by their rate, their median and their 99th percentile; each such signal has
   a detector of its own. Not watched are texts, states, what is called anomaly_*,
   and times (_start_time_seconds, _timestamp_seconds). */
#ifndef KYMO_READER_DETECTORS_H
#define KYMO_READER_DETECTORS_H

#include "reader/buffer.h"
#include "reader/detect/change.h"
#include "reader/detect/detect.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

enum kymo_signal {
	KYMO_SIGNAL_VALUE = 0,
	KYMO_SIGNAL_RATE, /* per second, over the time since the last look */
	KYMO_SIGNAL_P50,  /* of what was observed since the last one: of 100 */
	KYMO_SIGNAL_P99,  /* observations or more, or of five minutes */
	KYMO_SIGNAL_CNT
};

KYMO_READER_API const char *kymo_signal_name(enum kymo_signal signal);

struct kymo_detectors_options {
	/* How often series are looked at. 0: 15 s. */
	uint64_t interval_ns;
	/* Alarms of noise, a series and week, that can be stood: scores are such
	   that 1 is reached so often at most. 0: 1. */
	double budget_week;
	/* Beyond: refused_cnt. 0: 150,000. */
	uint32_t detector_max;
	/* Signals whose changes of level are found as well: the first that
	   come, for each takes 6.7 KB. 0: none. */
	uint32_t change_max;
	/* What is looked at for changes are means of so long. 0: a minute. */
	uint64_t change_interval_ns;
	/* Every detector is listed, not only those with something to tell. */
	bool all;
	/* Told what went wrong that stops nothing. NULL: nobody. */
	void (*warn)(void *to, const char *text);
	void *to;
	/* Whether one service depends on another, directly or not: what they do
	   together is one incident then. NULL: it is not known. */
	bool (*depends)(void *of, const char *service, const char *other);
	void *depends_of;
};

struct kymo_detectors;

/* One thread at a time uses detectors. NULL: no memory. */
KYMO_READER_API struct kymo_detectors *kymo_detectors_new(
    const struct kymo_detectors_options *options);
KYMO_READER_API void kymo_detectors_delete(struct kymo_detectors *detectors);
/* Other options, from now on. What was found goes on, with its score in the
   new budget. */
KYMO_READER_API void kymo_detectors_change(struct kymo_detectors *detectors,
    const struct kymo_detectors_options *options);

/* kymo_detectors_step takes a look at the scan's series, if it is time for one;
   false: it is not. A series that is not in scans any more is remembered for a
   day, or until there is no room for a new one. */
KYMO_READER_API bool kymo_detectors_step(struct kymo_detectors *detectors,
    const struct kymo_scan *scan);

struct kymo_detectors_stats {
	uint32_t series_cnt, detector_cnt; /* remembered */
	uint32_t refused_cnt; /* detectors that found no room in the last step */
	uint32_t change_watch_cnt; /* signals whose changes are found */
	uint64_t memory_bytes; /* about */
	uint64_t saved_bytes;  /* that kymo_detectors_save would write, about */
	uint64_t alarm_cnt, incident_cnt, change_cnt; /* since the start */
};
KYMO_READER_API void kymo_detectors_stats(
    const struct kymo_detectors *detectors, struct kymo_detectors_stats *stats);

/* ---- what is odd ------------------------------------------------------------ */

struct kymo_anomaly {
	/* Of the series (its metric and signal as exported_ in front where it
	   has such of its own), and metric, signal. */
	const struct kymo_label *labels;
	uint32_t label_cnt;
	const char *metric; /* as PromQL calls it */
	enum kymo_signal signal;
	double score; /* the highest of the last hour; 0: none */
	/* Of when it was reached: */
	uint64_t at_ns;
	double value;
	double low, high; /* of the values met before */
	double usual;     /* their mean, of two days */
	double now;       /* the last value, of ten minutes; NaN: none */
	const char *reason;
	uint32_t incident_idx1; /* 0: of none */
};

struct kymo_incident {
	/* Of the series that was first, with root (its metric) and signal. */
	const struct kymo_label *labels;
	uint32_t label_cnt;
	uint64_t begin_ns;
	double score; /* the highest of its members */
	const uint32_t *members; /* indices of anomalies; the likely root first */
	uint32_t member_cnt;
};

/* A change of level that was found within the last day: the last one of its
   signal. Steps that follow each other up, or down, are one, since the first;
   found_ns is of the last of them. */
struct kymo_changed {
	const struct kymo_label *labels; /* as those of an anomaly */
	uint32_t label_cnt;
	const char *metric;
	enum kymo_signal signal;
	uint64_t found_ns;
	struct kymo_change_point point; /* its row says nothing */
};

/* A copy that stays as it is. */
struct kymo_anomalies {
	const struct kymo_anomaly *at; /* the highest score first */
	uint32_t cnt;
	uint32_t left_out_cnt; /* beyond 10,000, unless all are asked for */
	const struct kymo_incident *incidents; /* the newest first */
	uint32_t incident_cnt;
	const struct kymo_changed *changes; /* the last found first; 1,000 */
	uint32_t change_cnt;
	uint64_t at_ns; /* of the last look */
	void *private_;
};

/* kymo_detectors_list copies what has reached a quarter of the budget (score
   0.25) within the last hour. -1: no memory. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_detectors_list(
    const struct kymo_detectors *detectors, struct kymo_anomalies *anomalies);
KYMO_READER_API void kymo_anomalies_free(struct kymo_anomalies *anomalies);

/* kymo_anomalies_find: the oddest anomaly that agrees with labels wherever both
   say something, which they do of one label at least; NULL: there is none.
   Labels as rules have them: __name__ and such that no series has may be among
   them. Many may ask at once; after the first who asks with labels of such keys
   it takes as long for ten thousand anomalies as for ten. */
KYMO_READER_API const struct kymo_anomaly *kymo_anomalies_find(
    const struct kymo_anomalies *anomalies, const struct kymo_label *labels,
    uint32_t cnt);
KYMO_READER_API const struct kymo_incident *kymo_incidents_find(
    const struct kymo_anomalies *anomalies, const struct kymo_label *labels,
    uint32_t cnt);
/* Appends NAME{LABELS} SIGNAL: REASON (VALUE, before LOW to HIGH). */
KYMO_READER_API void kymo_anomaly_tell(const struct kymo_anomaly *anomaly,
    struct kymo_buffer *out);

/* ---- over a restart ----------------------------------------------------------- */

/* kymo_detectors_save writes all that is known into the file path, whole or not
   at all. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_detectors_save(
    const struct kymo_detectors *detectors, const char *path,
    struct kymo_error *error);
/* kymo_detectors_load: detectors that are new learn what was saved; 1: there is
   no such file; -1: error says what is wrong with it, and they know nothing.
   Bytes may be anybody's. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_detectors_load(
    struct kymo_detectors *detectors, const char *path, uint64_t now_ns,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
