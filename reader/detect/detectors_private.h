/* SPDX-License-Identifier: MIT */
/* What the files of detectors share:

     signals.c          from a series of a scan to the numbers that are watched
     detectors.c        a look at a scan
     detectors_table.c  the table of series, and the order that scans have them in
     anomalies.c        what was found lately, and what was found together
     detectors_changes.c  whose level and slope are watched, and what was found
     anomalies_list.c   a copy of it for others
     anomalies_find.c   and what in it is about given labels
     detectors_saved.c  the file */
#ifndef KYI_DETECTORS_PRIVATE_H
#define KYI_DETECTORS_PRIVATE_H

#include "reader/detect/detectors.h"
#include "reader/detect/private.h"

#define KYI_SIGNALS_MAX 3u     /* of a series */
#define KYI_DETECT_LABELS_MAX 40u
#define KYI_HELD_NS UINT64_C(3600000000000)
#define KYI_HELD_SCORE 0.25
#define KYI_HELD_LISTED_MAX 10000u
#define KYI_CHANGED_NS UINT64_C(86400000000000)
#define KYI_CHANGED_LISTED_MAX 1000u
/* Rows that are kept of a signal, so that what was learned of them can be learned
   again: an hour and a half of minutes. */
#define KYI_CHANGE_ROWS 96u
#define KYI_CHANGE_VALUE_MAX 1e38
/* An incident takes in what begins so long after it, and what began so long
   before. */
#define KYI_INCIDENT_OPEN_NS UINT64_C(300000000000)
#define KYI_INCIDENT_BEFORE_NS UINT64_C(120000000000)

struct kyi_watched;

struct kyi_detect_incident {
	struct kyi_detect_incident *next; /* the newest first */
	uint32_t number; /* 1, 2, .. */
	uint32_t member_cnt; /* none: it is over */
	uint32_t idx1;   /* anomalies_list.c: its place there */
	uint64_t begin_ns;
	double score;
	/* Of the root, which may be forgotten before: its own labels. */
	struct kymo_label *labels; /* strings in the same allocation */
	uint32_t label_cnt;
	const char *metric; /* the family's name */
	enum kymo_metric_kind kind;
	enum kymo_signal signal;
};

/* What was found of a signal, and is held for an hour. */
struct kyi_held {
	struct kyi_held *next;
	struct kyi_held *beside; /* of the same series */
	struct kyi_watched *of;
	uint32_t slot_idx;
	struct kymo_detect_result result;
	double value, low, high;
	uint64_t onset_ns;
	struct kyi_detect_incident *incident; /* NULL: none */
	bool is_root;
};

/* Histograms: since when observations are gathered for quantiles. */
struct kyi_gathered {
	struct kymo_hist from;
	uint64_t from_cnt;
	uint64_t from_mono_ns;
	uint64_t bytes; /* of this, and of its buckets */
};

struct kyi_row {
	uint64_t at_ns;
	double value;
};

/* A signal whose changes are found. */
struct kyi_changing_slot {
	struct kymo_change change;
	struct kyi_row rows[KYI_CHANGE_ROWS]; /* a ring */
	uint64_t row_cnt;
	uint64_t found_ns; /* 0: nothing within a day */
	struct kymo_change_point found;
};

/* A series of which they are. */
struct kyi_changing {
	struct kyi_changing *next, **at; /* who points here */
	struct kyi_watched *of;
	/* What came since the row began. */
	uint64_t row_number, row_at_ns;
	double sum[KYI_SIGNALS_MAX];
	uint32_t cnt[KYI_SIGNALS_MAX];
	struct kyi_changing_slot slots[];
};

/* A series. A look at each takes more time for waiting than for reckoning: what
   it needs lies in one row of cache lines, so aligned that none is touched for
   less than half of it. */
#define KYI_LINE_BYTES 64u
struct kyi_watched {
	struct kyi_watched *next;
	uint64_t hash;
	struct kyi_gathered *gathered; /* NULL: no histogram, or none yet */
	struct kyi_held *held; /* of all its signals; NULL: nothing */
	const struct kymo_label *labels;
	const char *name;      /* of the family */
	struct kyi_changing *changing; /* NULL: not looked at */
	uint32_t label_cnt;
	uint32_t unused;
	/* From here on for each look. */
	double before;         /* when last met; NaN: not known */
	uint64_t met_mono_ns;  /* 0: not known */
	uint32_t look;         /* the last that met it; 0: none yet */
	uint32_t place;        /* in the order of that look */
	enum kymo_metric_kind kind;
	uint16_t slot_cnt;
	bool changes; /* changing is there */
	struct kymo_detect slots[];
};
#define KYI_WATCHED_HOT_AT 64u

/* Series in the order of a scan: in the next one they are in the same, nearly. */
struct kyi_order {
	struct kyi_place {
		uint64_t id; /* kymo_series.id */
		struct kyi_watched *watched;
	} *at;
	uint32_t cnt, room;
};

struct kymo_detectors {
	struct kymo_detectors_options options;
	double scale; /* of a detector's score, that makes 1 of the budget */
	struct kyi_watched **table;
	uint32_t table_room; /* a power of two, or 0 */
	uint32_t watched_cnt, detector_cnt, refused_cnt;
	uint64_t text_bytes; /* of labels, about */
	uint64_t gathered_bytes; /* of histograms */
	struct kyi_order order; /* of the look before.. */
	uint32_t order_at;      /* ..and how far this one came in it */
	struct kyi_order order_new; /* of this look, so far */
	uint32_t look;
	uint64_t next_mono_ns, at_mono_ns, at_ns;
	bool full_said, swept;
	struct kymo_hist since; /* room for the difference of two */

	struct kyi_held *held;
	uint32_t held_cnt;
	struct kyi_held **fresh; /* found in this look */
	uint32_t fresh_cnt, fresh_room;
	struct kyi_detect_incident *incidents;
	uint32_t incident_number;
	uint64_t alarm_cnt, incident_cnt;

	struct kyi_changing *changing;
	uint32_t changing_cnt; /* signals */
	uint64_t change_cnt;
};

/* ---- signals.c ---------------------------------------------------------------- */

/* How many signals series of this kind have, and which. */
uint32_t kyi_signal_cnt(enum kymo_metric_kind kind);
enum kymo_signal kyi_signal_at(enum kymo_metric_kind kind, uint32_t slot_idx);
/* What is seen of the series now, times factor; NaN: nothing. */
void kyi_signals(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_series *series, double factor,
    double value[KYI_SIGNALS_MAX]);

/* What is gathered of it goes. */
void kyi_gathered_free(struct kymo_detectors *detectors,
    struct kyi_watched *watched);

/* ---- detectors_table.c --------------------------------------------------------- */

uint64_t kyi_watched_hash(const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt);
/* NULL: no memory, or no room. */
struct kyi_watched *kyi_watched_make(struct kymo_detectors *detectors,
    uint64_t hash, const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt);
struct kyi_watched *kyi_watched_find(const struct kymo_detectors *detectors,
    uint64_t hash, const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt);
/* The next series of a scan: found or made; NULL: no memory, or no room. */
struct kyi_watched *kyi_watched_next(struct kymo_detectors *detectors,
    const struct kymo_family_scan *family, const struct kymo_series *series);
/* Fetches what a look at the series that is the ahead'th after it will need. */
void kyi_watched_soon(const struct kymo_detectors *detectors, uint32_t ahead,
    uint32_t slot_cnt);
/* A look ends: the next begins at the first series. */
void kyi_order_end(struct kymo_detectors *detectors);
/* Series that no look from least on has met, or that were met before since_ns,
   go. */
void kyi_watched_sweep(struct kymo_detectors *detectors, uint32_t least,
    uint64_t since_ns);
void kyi_detectors_forget(struct kymo_detectors *detectors);
void kyi_detectors_table_free(struct kymo_detectors *detectors);
/* Labels and their strings in one allocation, with name as one more at the
   end. NULL: no memory. */
struct kymo_label *kyi_detect_labels_copy(const struct kymo_label *labels,
    uint32_t label_cnt, const char *name, const char **name_copy);

/* ---- detectors_changes.c ------------------------------------------------------- */

/* If there is room for it, changes of this series are found from now on. */
void kyi_changing_begin(struct kymo_detectors *detectors,
    struct kyi_watched *watched);
void kyi_changing_end(struct kymo_detectors *detectors,
    struct kyi_watched *watched);
/* There is another number of them that may be, or room. */
void kyi_changing_fit(struct kymo_detectors *detectors);
/* What was seen of the series in a look; NaN: nothing. */
void kyi_changing_take(struct kymo_detectors *detectors,
    struct kyi_watched *watched, const double *value);
/* A row again, of which everything that was to tell has been told. */
void kyi_changing_again(struct kyi_changing_slot *slot,
    const struct kyi_row *row);
/* What was found long ago goes. */
void kyi_changing_step(struct kymo_detectors *detectors);

/* ---- anomalies.c -------------------------------------------------------------- */

/* A detector said something of value, which lay in low to high before. */
void kyi_held_note(struct kymo_detectors *detectors,
    struct kyi_watched *watched, uint32_t slot_idx,
    const struct kymo_detect_result *result, double value, double low,
    double high);
/* The end of a look: what is over goes, what is new is grouped. */
void kyi_held_step(struct kymo_detectors *detectors);
/* What is held of a signal; NULL: nothing. */
struct kyi_held *kyi_held_of(const struct kyi_watched *watched,
    uint32_t slot_idx);
/* NULL: no memory. */
struct kyi_held *kyi_held_make(struct kymo_detectors *detectors,
    struct kyi_watched *watched, uint32_t slot_idx);
struct kyi_detect_incident *kyi_incident_make(struct kymo_detectors *detectors,
    const char *metric, enum kymo_metric_kind kind, enum kymo_signal signal,
    const struct kymo_label *labels, uint32_t label_cnt);
/* Incidents of which nothing is held any more go. */
void kyi_incidents_end(struct kymo_detectors *detectors);
/* All of this series; all. */
void kyi_held_drop(struct kymo_detectors *detectors,
    const struct kyi_watched *watched);
void kyi_held_free(struct kymo_detectors *detectors);

/* ---- anomalies_find.c ---------------------------------------------------------- */

/* What is behind a copy: its memory, which becomes its own, and tables to find
   in it by. NULL: no memory; then it is still the caller's. */
struct kyi_findings;
struct kyi_findings *kyi_findings_new(char *memory);
void kyi_findings_free(struct kyi_findings *findings);

/* ---- budget.c ----------------------------------------------------------------- */

/* What makes 1 of a score that noise reaches so often a week. */
double kyi_detect_scale(double budget_week);

/* ---- sound.c ------------------------------------------------------------------ */

/* Whether a detector that was read somewhere can be stepped. */
bool kyi_detect_sound(const struct kymo_detect *detect);
/* It is now_ns: times after it have not been. */
void kyi_detect_rewind(struct kymo_detect *detect, uint64_t now_ns);
/* What values were within; NaN: nothing was met. */
void kyi_seen_range(const struct kymo_detect_seen *seen, double *low,
    double *high);

#endif
