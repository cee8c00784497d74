/* SPDX-License-Identifier: MIT */
/* Asking a query: each node of the tree gives its values at all steps at once,
   from the leaves up. */
#ifndef KYI_QUERY_EVAL_H
#define KYI_QUERY_EVAL_H

#include <string.h>

#include "reader/query/arena.h"
#include "reader/query/ast.h"
#include "reader/query/hist.h"

/* ---- steps and values --------------------------------------------------- */

/* The times a node is asked at. */
struct kyi_steps {
	int64_t from_ms, step_ms;
	uint32_t cnt;
};

static inline int64_t
kyi_step_ms(const struct kyi_steps *steps, uint32_t step)
{
	return steps->from_ms + (int64_t)step * steps->step_ms;
}

/* Series with a value, or none, at each step. A row is a series; its values are
   value[row * steps .. + steps - 1]. What a stale marker says of a sample says
   here that there is no value: no arithmetic makes one. */
struct kyi_vectors {
	uint32_t cnt, steps;
	uint32_t room; /* rows there is room for */
	const struct kymo_labels **labels; /* by row */
	bool *drop_name; /* by row: the name goes at the end, not before */
	/* By row, what its labels come from, for kymo_query_options.known; NULL:
	   nobody asks, or they come from more than one series of a source. */
	uint64_t *origin;
	double *value;
	const struct kymo_native_hist **hist; /* NULL: no histograms */
	/* Rows differ without their names too. */
	bool one_name;
};

#define KYI_ABSENT_BITS KYMO_STALE_BITS

static inline double
kyi_absent(void)
{
	union {
		uint64_t bits;
		double d;
	} u = { KYI_ABSENT_BITS };

	return u.d;
}

/* Whether cell (row * steps + step) has a value. A histogram's cell holds 0. */
static inline bool
kyi_present(const struct kyi_vectors *of, size_t cell)
{
	return !kymo_is_stale(of->value[cell]);
}

static inline const struct kymo_native_hist *
kyi_hist_at(const struct kyi_vectors *of, size_t cell)
{
	return of->hist == NULL ? NULL : of->hist[cell];
}

/* ---- an evaluation ------------------------------------------------------ */

struct kyi_note {
	struct kyi_note *next;
	bool is_warning;
	uint32_t at_bytes;
	const char *text;
};

struct kyi_eval {
	const struct kymo_query *query;
	const struct kymo_source *source;
	struct kymo_query_options options; /* none of them 0 */
	struct kyi_arena *arena;
	struct kymo_query_error *error;
	struct kyi_steps asked; /* of the whole query */
	int64_t end_ms; /* end(): as asked for, maybe after the last step */
	struct kymo_selected *selected; /* selector_cnt of them */
	bool *was_selected;
	struct kyi_note *notes, **last_note;
	uint32_t note_cnt;
	/* What the last note was of, so that ten thousand alike cost little. */
	uint64_t noted;
	/* Of histograms only count and sum are asked for: then each says whether
	   it was reset since the one before, as Prometheus' reader of such. */
	bool only_counts;
	uint64_t samples_read, selected_bytes;
	int64_t work_left, cpu_from_ns;
};

#define KYI_EVAL_FAILED -1

/* All that can fail return 0, or KYI_EVAL_FAILED with eval->error set. */
int kyi_eval_error(struct kyi_eval *eval, const struct kyi_node *at,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
int kyi_eval_no_memory(struct kyi_eval *eval);
/* kyi_eval_work tells of work done (about a nanosecond each), and fails when
   time is up or the asker gives up. */
int kyi_eval_work(struct kyi_eval *eval, uint64_t work);
/* The same at once, for work that nobody told of. */
int kyi_eval_look(struct kyi_eval *eval);
/* Counts samples looked at. */
int kyi_eval_samples(struct kyi_eval *eval, uint64_t cnt);

/* ---- nodes (eval.c) ----------------------------------------------------- */

int kyi_eval_vector(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out);
/* values: one a step. */
int kyi_eval_scalar(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double **values);
/* node without the parentheses around it. */
const struct kyi_node *kyi_unwrapped(const struct kyi_node *node);

int kyi_eval_selector(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, bool times, struct kyi_vectors *out);
/* hist with what is known of resets since before, which may be NULL. NULL: no
   memory. */
const struct kymo_native_hist *kyi_hinted(struct kyi_eval *eval,
    const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before);
int kyi_eval_binary(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out);
int kyi_eval_aggregate(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out);
int kyi_eval_call(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out);
/* Fails, with text before it, where the string node is no label name. */
int kyi_check_label_name(struct kyi_eval *eval, const struct kyi_node *node,
    const char *text, bool quoted);
double kyi_scalar_op(enum kyi_op op, double left, double right);

/* ---- rows (vector.c) ---------------------------------------------------- */

/* Room for rows of steps, all absent if clear is true. */
int kyi_vectors_new(struct kyi_eval *eval, uint32_t rows, uint32_t steps,
    bool hist, bool clear, struct kyi_vectors *out);
/* Makes room for histograms, if there is none yet. */
int kyi_vectors_hist(struct kyi_eval *eval, struct kyi_vectors *of);
/* Takes out rows without any value. */
void kyi_vectors_squeeze(struct kyi_vectors *of);
/* Room for origins, where they are wanted. */
int kyi_vectors_origin(struct kyi_eval *eval, struct kyi_vectors *of);
/* No two rows can be of the same labels, with or without names. */
bool kyi_vectors_apart(const struct kyi_vectors *of);
/* Makes one row of those of the same labels (without names, where a row drops
   its own, if names is true). Fails where both have a value. */
int kyi_vectors_merge(struct kyi_eval *eval, struct kyi_vectors *of,
    bool drop_names);

/* ---- labels (labels_of.c) ----------------------------------------------- */

extern const struct kymo_labels kyi_no_labels;

/* As strcmp(a, b) == 0; most pairs differ in their first byte, or are one. */
static inline bool
kyi_same_text(const char *a, const char *b)
{
	return a == b || (a[0] == b[0] && strcmp(a, b) == 0);
}

static inline bool
kyi_is_name_label(const char *key)
{
	return key[0] == '_' && key[1] == '_' && (strcmp(key, "__name__") == 0 ||
	    strcmp(key, "__type__") == 0 || strcmp(key, "__unit__") == 0);
}

/* Those of labels with (keep) or without the keys; without the name too, if
   keep is false and name is true. Text stays where it is. NULL: no memory. */
const struct kymo_labels *kyi_labels_pick(struct kyi_arena *arena,
    const struct kymo_labels *labels, const char *const *keys, uint32_t key_cnt,
    bool keep, bool name);
const struct kymo_labels *kyi_labels_set(struct kyi_arena *arena,
    const struct kymo_labels *labels, const char *key, const char *value);
static inline const struct kymo_labels *
kyi_labels_no_name(struct kyi_arena *arena, const struct kymo_labels *labels)
{
	return kyi_labels_pick(arena, labels, NULL, 0, false, true);
}
static inline const char *
kyi_labels_name(const struct kymo_labels *labels)
{
	return kymo_labels_get(labels, KYMO_NAME_LABEL);
}

/* Which labels of a series say what it belongs to. */
struct kyi_signature {
	const char *const *keys;
	uint32_t cnt;
	bool on;   /* these; false: all but these */
	bool name; /* with on false: the name too */
};
uint64_t kyi_signature_hash(const struct kyi_signature *signature,
    const struct kymo_labels *labels);
bool kyi_signature_equal(const struct kyi_signature *signature,
    const struct kymo_labels *a, const struct kymo_labels *b);

/* A table of label sets: kyi_label_table_at gives the place of labels among
   those seen, a new one at the end. */
struct kyi_label_table {
	const struct kyi_signature *signature; /* NULL: all labels */
	uint32_t *slot; /* place + 1; 0: free */
	const struct kymo_labels **labels; /* by place: the first seen */
	uint64_t *hash;
	uint32_t mask, cnt;
};
int kyi_label_table_new(struct kyi_eval *eval, struct kyi_label_table *table,
    const struct kyi_signature *signature, uint32_t cnt_max);
uint32_t kyi_label_table_at(struct kyi_label_table *table,
    const struct kymo_labels *labels);
#define KYI_NOWHERE UINT32_MAX
uint32_t kyi_label_table_find(const struct kyi_label_table *table,
    const struct kymo_labels *labels);

/* ---- annotations (annotate.c) ------------------------------------------- */

enum kyi_note_of {
	KYI_NOTE_QUANTILE, KYI_NOTE_RATIO, KYI_NOTE_BUCKET, KYI_NOTE_MIX,
	KYI_NOTE_MIX_AGGREGATED, KYI_NOTE_CLASSIC_NATIVE, KYI_NOTE_NOT_COUNTER,
	KYI_NOTE_NOT_GAUGE, KYI_NOTE_SCHEMAS, KYI_NOTE_LAYOUT,
	KYI_NOTE_COLLISION, KYI_NOTE_SORT, KYI_NOTE_NO_COUNTER_NAME,
	KYI_NOTE_MONOTONIC, KYI_NOTE_TYPES, KYI_NOTE_IGNORED,
	KYI_NOTE_IGNORED_RANGE, KYI_NOTE_NAN_RESULT, KYI_NOTE_NAN_SKEW,
	KYI_NOTE_NAN_FRACTION, KYI_NOTE_RECONCILED, KYI_NOTE_CNT
};

/* what: the part of the text that varies ("" for none). labels: of the series
   it is about, or NULL. */
void kyi_note(struct kyi_eval *eval, enum kyi_note_of of,
    const struct kyi_node *at, const char *what,
    const struct kymo_labels *labels);

/* ---- text (number_text.c) ----------------------------------------------- */

#define KYI_NUMBER_BYTES 400
/* As Go's %g, and as its 'f': no exponent, as many digits as it takes. */
void kyi_number_short(double value, char text[KYI_NUMBER_BYTES]);
void kyi_number_plain(double value, char text[KYI_NUMBER_BYTES]);

/* ---- values ------------------------------------------------------------- */

/* The q-quantile of cnt values, which it sorts. */
double kyi_quantile(double q, double *values, size_t cnt);

#endif
