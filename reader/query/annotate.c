/* SPDX-License-Identifier: MIT */
/* Annotations, in Prometheus' words. */
#include <stdio.h>
#include <string.h>

#include "reader/query/eval.h"

/* More than anybody reads; what is beyond is dropped. */
#define NOTES_MAX 100

enum name_part {
	NO_NAME,
	ITS_NAME,  /* "name" */
	FOR_NAME   /* for metric name "name", if there is one */
};

#define WARNING true
#define INFO false

/* "%s" takes what varies. */
static const struct {
	bool is_warning;
	enum name_part name;
	const char *text;
} wordings[KYI_NOTE_CNT] = {
	[KYI_NOTE_QUANTILE] = { WARNING, NO_NAME,
	    "quantile value should be between 0 and 1, got %s" },
	[KYI_NOTE_RATIO] = { WARNING, NO_NAME,
	    "ratio value should be between -1 and 1, got %s" },
	[KYI_NOTE_BUCKET] = { WARNING, FOR_NAME,
	    "bucket label \"le\" is missing or has a malformed value of "
	    "\"%s\"" },
	[KYI_NOTE_MIX] = { WARNING, ITS_NAME,
	    "encountered a mix of histograms and floats for metric name%s" },
	[KYI_NOTE_MIX_AGGREGATED] = { WARNING, NO_NAME,
	    "encountered a mix of histograms and floats for aggregation%s" },
	[KYI_NOTE_CLASSIC_NATIVE] = { WARNING, FOR_NAME,
	    "vector contains a mix of classic and native histograms%s" },
	[KYI_NOTE_NOT_COUNTER] = { WARNING, ITS_NAME,
	    "this native histogram metric is not a counter:%s" },
	[KYI_NOTE_NOT_GAUGE] = { WARNING, ITS_NAME,
	    "this native histogram metric is not a gauge:%s" },
	[KYI_NOTE_SCHEMAS] = { WARNING, ITS_NAME,
	    "vector contains a mix of histograms with exponential and custom "
	    "buckets schemas for metric name%s" },
	[KYI_NOTE_LAYOUT] = { WARNING, NO_NAME,
	    "incompatible bucket layout encountered for binary operator %s" },
	[KYI_NOTE_COLLISION] = { WARNING, NO_NAME,
	    "conflicting counter resets during histogram %s" },
	[KYI_NOTE_SORT] = { WARNING, NO_NAME,
	    "sort is ineffective for range queries since results are always "
	    "ordered by labels%s" },
	[KYI_NOTE_NO_COUNTER_NAME] = { INFO, ITS_NAME,
	    "metric might not be a counter, name does not end in "
	    "_total/_sum/_count/_bucket:%s" },
	[KYI_NOTE_MONOTONIC] = { INFO, FOR_NAME,
	    "input to histogram_quantile needed to be fixed for monotonicity "
	    "(see https://prometheus.io/docs/prometheus/latest/querying/"
	    "functions/#histogram_quantile)%s" },
	[KYI_NOTE_TYPES] = { INFO, NO_NAME,
	    "incompatible sample types encountered for binary operator %s" },
	[KYI_NOTE_IGNORED] = { INFO, NO_NAME,
	    "ignored histogram in %s aggregation" },
	[KYI_NOTE_IGNORED_RANGE] = { INFO, ITS_NAME,
	    "ignored histograms in a range containing both floats and "
	    "histograms for metric name%s" },
	[KYI_NOTE_NAN_RESULT] = { INFO, FOR_NAME,
	    "input to histogram_quantile has NaN observations, result is "
	    "NaN%s" },
	[KYI_NOTE_NAN_SKEW] = { INFO, FOR_NAME,
	    "input to histogram_quantile has NaN observations, result is "
	    "skewed higher%s" },
	[KYI_NOTE_NAN_FRACTION] = { INFO, FOR_NAME,
	    "input to histogram_fraction has NaN observations, which are "
	    "excluded from all fractions%s" },
	[KYI_NOTE_RECONCILED] = { INFO, NO_NAME,
	    "mismatched custom buckets were reconciled during %s" },
};

static void
put_name(struct kymo_buffer *text, enum name_part part, const char *name)
{
	if (part == NO_NAME || (part == FOR_NAME && name[0] == '\0'))
		return;
	kymo_buffer_str(text, part == FOR_NAME ? " for metric name \"" : " \"");
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			kymo_buffer_char(text, '\\');
		kymo_buffer_char(text, *name);
	}
	kymo_buffer_char(text, '"');
}

static void
put_text(struct kymo_buffer *text, enum kyi_note_of of, const char *what,
    const char *name)
{
	const char *wording = wordings[of].text;
	const char *gap = strstr(wording, "%s");

	kymo_buffer_str(text, wordings[of].is_warning ? "PromQL warning: " :
	    "PromQL info: ");
	kymo_buffer_add(text, wording, (size_t)(gap - wording));
	kymo_buffer_str(text, what);
	kymo_buffer_str(text, gap + 2);
	put_name(text, wordings[of].name, name);
	kymo_buffer_char(text, '\0');
}

/* One of each text, as Prometheus has it: places do not tell them apart. */
static void
keep(struct kyi_eval *eval, bool is_warning, uint32_t at_bytes,
    const struct kymo_buffer *text)
{
	struct kyi_note *note;

	for (note = eval->notes; note != NULL; note = note->next)
		if (strcmp(note->text, text->at) == 0)
			return;
	note = kyi_arena_get(eval->arena, sizeof *note);
	if (note == NULL)
		return;
	note->text = kyi_arena_text(eval->arena, text->at, strlen(text->at));
	if (note->text == NULL)
		return;
	note->is_warning = is_warning;
	note->at_bytes = at_bytes;
	*eval->last_note = note;
	eval->last_note = &note->next;
	eval->note_cnt++;
}

void
kyi_note(struct kyi_eval *eval, enum kyi_note_of of, const struct kyi_node *at,
    const char *what, const struct kymo_labels *labels)
{
	const char *name = labels == NULL ? "" : kyi_labels_name(labels);
	uint64_t noted = kymo_label_hash(what, name) + of * 31u +
	    (uint64_t)(uintptr_t)at;
	struct kymo_buffer text = { 0 };

	if (noted == eval->noted || eval->note_cnt >= NOTES_MAX)
		return;
	eval->noted = noted;
	put_text(&text, of, what, name);
	if (!text.failed)
		keep(eval, wordings[of].is_warning, at->from_bytes, &text);
	kymo_buffer_free(&text);
}
