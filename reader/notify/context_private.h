/* SPDX-License-Identifier: MIT */
/* Context as its files see it. */
#ifndef KYI_NOTIFY_CONTEXT_PRIVATE_H
#define KYI_NOTIFY_CONTEXT_PRIVATE_H

#include "reader/notify/context.h"
#include "reader/query/arena.h"
#include "reader/query/query.h"

#define KYI_CONTEXT_HISTS_MAX 2u
#define KYI_CONTEXT_QUANTILES 4u
#define KYI_CONTEXT_EXEMPLARS_MAX 3u
#define KYI_CONTEXT_CHANGES_MAX 5u
#define KYI_CONTEXT_TEXT_MAX 200u

/* An answer of the same question by another alert. */
struct kyi_asked {
	struct kymo_buffer text;
	int64_t at_ms;
	struct kymo_result *result; /* NULL: there was none */
	bool asked;
};

struct kymo_gatherer {
	struct kyi_asked points[3]; /* of a rule's values, by window */
	struct kyi_asked beside; /* of a process' series */
};
void kyi_asked_end(struct kyi_asked *asked);

/* While it is gathered. */
struct kyi_gather {
	struct kymo_gatherer *gatherer;
	const struct kymo_context_question *question;
	struct kymo_context *context;
	struct kyi_arena *arena; /* what the context has */
	const char *service;     /* "": not known */
	struct kymo_query *query; /* of the rule; NULL: not known */
	/* The series of the rule's values that is this alert's: its labels
	   without a name; NULL: none. */
	const struct kymo_label *of;
	uint32_t of_cnt;
};

/* kyi_gather_ask asks a text at one time (step_ms 0) or over a range. NULL:
   nothing came of it. kymo_result_delete it. */
struct kymo_result *kyi_gather_ask(struct kyi_gather *gather, const char *text,
    int64_t from_ms, int64_t to_ms, int64_t step_ms);
/* The same, kept for who asks it again at this time; the gatherer's. */
const struct kymo_result *kyi_gather_ask_once(struct kyi_gather *gather,
    struct kyi_asked *asked, const char *text, int64_t from_ms, int64_t to_ms,
    int64_t step_ms);
bool kyi_gather_over(struct kyi_gather *gather);
/* A text of the arena's; NULL: there is no room. */
const char *kyi_gather_text(struct kyi_gather *gather,
    const struct kymo_buffer *text);

/* ---- what an expression says (context_expr.c) ------------------------------------- */

/* Pieces of the rule's text. */
struct kyi_said_expr {
	const struct kymo_query *query;
	uint32_t value_from, value_to; /* what is compared, or all of it */
	uint32_t limit_from, limit_to; /* what with; both 0: not known */
	bool limit_fixed;   /* made of numbers alone */
	bool limit_vector;  /* of series that agree with the value's */
	char unit_of[256];  /* the family whose unit the value has; "" */
	const char *unit_suffix; /* "/s" */
};
void kyi_expr_read(struct kyi_said_expr *expr, const struct kymo_query *query);

/* The family of a series' name: without _total, _bucket, _count, _sum where
   there is one of this name. NULL. */
const struct kymo_history_family *kyi_context_family(
    const struct kymo_history_families *families, const char *name);

/* ---- pieces ------------------------------------------------------------------------- */

void kyi_gather_hists(struct kyi_gather *gather);   /* context_hist.c */
void kyi_gather_process(struct kyi_gather *gather); /* context_beside.c */
void kyi_gather_changes(struct kyi_gather *gather);

#endif
