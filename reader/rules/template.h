/* SPDX-License-Identifier: MIT */
/* Templates of labels and annotations: Go's text/template as far as rules use
   it, with Prometheus' functions. Parsed once, when rules are loaded; bounded
   in output, steps and memory when expanded. */
#ifndef KYI_RULES_TEMPLATE_H
#define KYI_RULES_TEMPLATE_H

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/history/samples.h"
#include "reader/query/arena.h"
#include "reader/query/query.h"

#define KYI_TEMPLATE_BYTES_MAX ((size_t)65536) /* of text, and of what it gives */
#define KYI_TEMPLATE_STEPS_MAX 100000u
#define KYI_TEMPLATE_ROOM_BYTES_MAX ((size_t)4 << 20)
#define KYI_TEMPLATE_DEPTH_MAX 50u

struct kyi_template;
struct kyi_tv;

struct kyi_template_error {
	struct kymo_error error;
	size_t at_bytes; /* where in the text */
};

/* kyi_template_parse: NULL with error set where text is no template. What it
   returns lives in arena and points into text, which must stay. */
struct kyi_template *kyi_template_parse(struct kyi_arena *arena,
    const char *text, struct kyi_template_error *error);

/* What a template looks at besides its labels. PLAIN: it has no braces. */
#define KYI_TEMPLATE_PLAIN 1u
#define KYI_TEMPLATE_VALUE 2u
#define KYI_TEMPLATE_QUERY 4u
unsigned kyi_template_looks(const struct kyi_template *template_);

struct kyi_template_data {
	const struct kymo_labels *labels, *external_labels; /* NULL: none */
	const char *external_url;
	double value;
	const struct kymo_native_hist *hist; /* instead of value, where not NULL */
	int64_t at_ms;
	/* For query: NULL where there are no queries. Each result is given back
	   by done. */
	int (*query)(void *of, const char *text, struct kymo_result **result,
	    struct kymo_error *error);
	void (*done)(void *of, struct kymo_result *result);
	void *of;
	/* For anomalyReason, anomalyMembers; appends. NULL: nothing is known. */
	void (*anomaly)(void *of, const struct kymo_label *labels,
	    uint32_t cnt, bool members, struct kymo_buffer *out);
	void *anomaly_of;
	/* What is shown instead of an alert: the dot, of template_private.h's
	   kinds; NULL: as above. What actions print goes through escape then. */
	const struct kyi_tv *dot;
	void (*escape)(struct kymo_buffer *out, const char *text);
};

/* kyi_template_expand appends. -1: error says why, and what was appended is
   taken back. */
KYMO_MUST_CHECK int kyi_template_expand(const struct kyi_template *template_,
    const struct kyi_template_data *data, struct kymo_buffer *out,
    struct kymo_error *error);

/* As Go prints a float: verb e, f, g; precision -1: as few digits as read back
   the same. */
void kyi_go_float(struct kymo_buffer *out, double d, char verb, int precision);

#endif
