/* SPDX-License-Identifier: MIT */
/* Rules while they are evaluated. */
#ifndef KYI_RULES_ENGINE_H
#define KYI_RULES_ENGINE_H

#include <pthread.h>

#include "reader/rules/load.h"

#define KYI_LINE_BYTES 64 /* of the cache */
#define KYI_FLAPS_MAX 16u
#define KYI_RESOLVED_MS INT64_C(900000) /* how long a resolved alert is told */
#define KYI_SAVE_MS INT64_C(10000)      /* how old a store's time may get */

/* One series that a sink has of ours. */
struct kyi_written {
	struct kymo_labels *labels; /* NULL: never made */
	uint64_t ref;
	bool alive; /* no stale marker is behind its last sample */
};

/* What one series of a rule's expression became: a series that is recorded, or
   an alert. Found by the labels it came from and by those it has. */
struct kyi_entry {
	/* What a pass looks at, in one line of the cache. */
	uint64_t origin; /* of in, in the rule's results; 0: not known */
	uint64_t pass;   /* when last in a result */
	double value;
	const struct kymo_native_hist *hist; /* during the pass */
	struct kyi_written series; /* recorded; of an alert: FOR_STATE */
	struct kyi_alert *alert;   /* NULL: recorded */

	struct kymo_labels *in; /* NULL: came from a store, or labels look at
	                           values */
	struct kymo_labels *out;
	struct kyi_entry *in_next, *out_next; /* of the same bucket */
	uint32_t slot;                        /* in the rule's list */
} __attribute__((aligned(KYI_LINE_BYTES)));

struct kyi_alert {
	/* What each pass looks at. */
	enum kymo_alert_state state;
	bool kept, inhibited, changed, was_saved;
	int64_t active_ms, keep_firing_ms, true_ms;
	struct kyi_written alerts[2]; /* ALERTS: pending, firing */

	int64_t fired_ms, resolved_ms;
	int64_t fired_at_ms[KYI_FLAPS_MAX]; /* a ring */
	uint32_t fired_cnt;
	/* Expanded annotations of annotated_value, one allocation each. */
	struct kymo_rule_text *annotations;
	double annotated_value;
	bool is_annotated;
};

struct kyi_entries {
	struct kyi_entry **at;
	struct kyi_entry **in, **out; /* buckets, bucket_cnt each */
	uint32_t cnt, room, bucket_cnt;
};

/* A rule's labels with its group's, parsed. */
struct kyi_rule_label {
	const char *key, *value;
	const struct kyi_template *template_; /* NULL: plain */
};

struct kyi_rule_run {
	const struct kymo_rule *rule;
	struct kyi_group_run *group;
	struct kyi_rule_label *labels;
	uint32_t label_cnt;
	bool labels_look;      /* at values: nothing about them can be kept */
	bool annotations_look; /* at queries: expanded in the pass */
	bool has_readers;      /* in the same pass, after it */
	struct kyi_entries entries;
	uint32_t pending_cnt, firing_cnt;
	uint64_t pass;
	bool in_pass; /* the result is there, and what entries take from it */
	enum kymo_rule_health health;
	struct kymo_error error;
	int64_t at_ms;
	uint64_t took_ns;
};

struct kyi_group_run {
	const struct kymo_rule_group *group;
	int64_t interval_ms, offset_ms;
	int64_t next_ms, last_ms, newest_ms;
	bool due;
	int64_t due_ms;
};

struct kymo_rule_engine {
	const struct kymo_rules *rules;
	struct kymo_rule_options options;
	struct kyi_arena *arena;
	struct kymo_labels *external;
	struct kyi_group_run *groups;
	uint32_t group_cnt;
	struct kyi_rule_run *runs; /* as they stand in the files */
	struct kyi_rule_run **order;
	uint32_t run_cnt;
	uint64_t missed_cnt;
	/* Kept from pass to pass. */
	struct kyi_entry **hits;
	uint32_t hit_room;
	struct kymo_label *label_room;
	uint32_t label_room_cnt;
	struct kymo_buffer text;
	/* Alerts to be forgotten by the store. */
	struct kymo_alert_saved *gone;
	uint32_t gone_cnt, gone_room;
	int64_t saved_ms, restored_ms;
	pthread_mutex_t lock; /* of entries, health and error */
};

/* ---- entries (entry.c) ------------------------------------------------------- */

/* kyi_rule_entry_find finds the entry of a series of a result, or makes one.
   place: that of the series in the result; an entry gets the same in the list,
   so that in most passes it costs no look into the buckets, nor, if its origin
   is known, at any labels. NULL: error has why (no memory, or another series of
   this pass became the same). */
struct kyi_found {
	uint32_t place;
	uint64_t origin;
	const struct kymo_labels *in; /* NULL: kyi_rule_entry_known said so */
	double value;
	const struct kymo_native_hist *hist;
};
struct kyi_entry *kyi_rule_entry_find(struct kymo_rule_engine *engine,
    struct kyi_rule_run *run, const struct kyi_found *found,
    struct kymo_error *error);
/* As kymo_query_options.known; of: a rule's run. */
bool kyi_rule_entry_known(void *of, uint32_t place, uint64_t origin);
/* An entry by the labels that it has; made if it is not there. */
struct kyi_entry *kyi_entry_by_out(struct kyi_rule_run *run,
    struct kymo_labels *out);
/* Takes run's entry at idx out of it and frees it; the last takes its place. */
void kyi_entry_drop(struct kyi_rule_run *run, uint32_t idx);
void kyi_rule_entries_free(struct kyi_entries *entries);
struct kymo_labels *kyi_labels_with(struct kymo_rule_engine *engine,
    const struct kymo_labels *of, const char *const *pairs, uint32_t cnt);

/* ---- passes ------------------------------------------------------------------- */

/* Both get the result of the rule's query, or NULL and run->error. */
void kyi_record_pass(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result, int64_t at_ms);
void kyi_alert_pass(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result, int64_t at_ms);
/* The entries of a result into engine->hits. -1: run->error. */
int kyi_hits(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result);
/* -1: the rule's error is set. */
int kyi_write(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_written *series, int64_t at_ms, double value,
    const struct kymo_native_hist *hist);
void kyi_write_end(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_written *series, int64_t at_ms);
void kyi_alert_write(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, int64_t at_ms);
/* kyi_annotations_forget: of a rule that had cnt of them. */
void kyi_annotations_forget(struct kyi_alert *alert, uint32_t cnt);
void kyi_alert_free(struct kyi_alert *alert, uint32_t annotation_cnt);
struct kyi_alert *kyi_alert_new(void);
/* Expands what is not, or is of another value. */
void kyi_annotate(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, int64_t at_ms);
/* "<error expanding template: ..>" where it cannot be. Appends to out. */
void kyi_expand(struct kymo_rule_engine *engine,
    const struct kyi_template *template_, const char *plain,
    const struct kymo_labels *labels, double value,
    const struct kymo_native_hist *hist, int64_t at_ms,
    struct kymo_buffer *out);

/* ---- order and store ------------------------------------------------------------ */

int kyi_order(struct kymo_rule_engine *engine,
    const struct kymo_rule_faults *faults);
int kyi_saved_load(struct kymo_rule_engine *engine, struct kymo_error *error);
int kyi_saved_write(struct kymo_rule_engine *engine, int64_t at_ms,
    bool at_end, struct kymo_error *error);
/* Before the first pass: the time that nobody looked does not count. */
void kyi_saved_restart(struct kymo_rule_engine *engine, int64_t now_ms);
/* Notes that the store shall forget an alert that goes. */
void kyi_saved_gone(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_entry *entry);

#endif
