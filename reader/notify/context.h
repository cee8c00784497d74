/* SPDX-License-Identifier: MIT */
/* Context: what one needs at 3 a.m., found in what is kept. Of an alert and its
   rule's expression: the threshold, the last minutes, quantiles and exemplars
   of the histogram in question, whether processes live, and what else moved.
   What is not certain is left out. docs/notifications.md has how each is found. */
#ifndef KYMO_READER_CONTEXT_H
#define KYMO_READER_CONTEXT_H

#include "reader/history/history.h"
#include "reader/notify/notify.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_context_question {
	const struct kymo_source *source;
	/* Types and units; NULL: not known. */
	const struct kymo_history_families *families;
	const struct kymo_scan *scan; /* of exemplars; NULL: there are none */
	const char *expr; /* of the alert's rule; NULL: not known */
	const struct kymo_label *labels; /* the alert's; service is a process' */
	uint32_t label_cnt;
	int64_t at_ms;
	/* Asked now and then; true: what is found by then is enough. */
	bool (*cancelled)(void *of);
	void *of;
};

/* Lives until kymo_context_delete, and needs nothing of the question. */
struct kymo_context {
	struct kymo_notify_detail detail;
	double threshold; /* of this alert; NaN: not known */
	bool threshold_fixed; /* it is that of every alert of the rule */
	bool cancelled; /* it is not all */
	void *private_;
};

/* Answers of the same instant share what they share: a gatherer keeps what it
   read last. Threads: one at a time. NULL: no memory. */
struct kymo_gatherer;
KYMO_READER_API struct kymo_gatherer *kymo_gatherer_new(void);
KYMO_READER_API void kymo_gatherer_delete(struct kymo_gatherer *gatherer);

/* NULL: no memory. What cannot be found is not in it, and no error. */
KYMO_READER_API struct kymo_context *kymo_context_gather(
    struct kymo_gatherer *gatherer,
    const struct kymo_context_question *question);
KYMO_READER_API void kymo_context_delete(struct kymo_context *context);

#ifdef __cplusplus
}
#endif

#endif
