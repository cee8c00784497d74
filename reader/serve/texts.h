/* SPDX-License-Identifier: MIT */
/* A set of texts that stay where they are: names and values of labels. */
#ifndef KYI_SERVE_TEXTS_H
#define KYI_SERVE_TEXTS_H

#include <stdint.h>

/* Zeros are an empty one. */
struct kyi_texts {
	const char **at; /* a table by hash; after kyi_texts_sort a list */
	uint32_t cnt, room;
};

/* -1: no memory. */
int kyi_texts_add(struct kyi_texts *texts, const char *text);
/* Makes at a list of cnt, by bytes; no more is added. */
void kyi_texts_sort(struct kyi_texts *texts);
void kyi_texts_free(struct kyi_texts *texts);

#endif
