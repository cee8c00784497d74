/* SPDX-License-Identifier: MIT */
/* Answers of Prometheus' API, read. They come from a network: what is not as it
   should be is an error, never a guess. */
#ifndef KYI_ANSWER_H
#define KYI_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/buffer.h"

struct kyi_answer_point {
	double at_s;
	double value;     /* NaN of a histogram */
	const char *text; /* as it was sent; of a histogram its counts */
};

struct kyi_answer_series {
	const char *metric; /* the name alone, "" for none */
	const char *name;   /* metric{label="value",..} */
	struct kyi_answer_point *points;
	uint32_t point_cnt;
};

struct kyi_answer {
	bool is_error;
	const char *error_type, *error;
	bool is_range;         /* matrix */
	struct kyi_answer_series *series; /* a scalar or string: one */
	uint32_t series_cnt;
	const char **notes;    /* warnings and infos */
	uint32_t note_cnt;
	void *json;            /* what texts point into */
	char **own;            /* texts that were made */
	uint32_t own_cnt;
};

/* kyi_answer_read reads the answer to a query; false: it is none. */
bool kyi_answer_read(struct kyi_answer *answer, const char *bytes,
    size_t len_bytes);
void kyi_answer_free(struct kyi_answer *answer);

/* The data of an answer that is a list of texts (labels), or the number of
   series in one (series); -1: it is an error or no answer at all. *list, of
   *cnt, is freed by free(); its texts by kyi_answer_free. */
int kyi_answer_texts(struct kyi_answer *answer, const char *bytes,
    size_t len_bytes, const char ***list, uint32_t *cnt);

#endif
