/* SPDX-License-Identifier: MIT */
/* Templates: Go's text/template as far as rules, with Prometheus' functions,
   and notifications, with Alertmanager's, use it. Parsed once, when they are
   loaded; bounded in output, steps and memory when expanded. */
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

/* ---- notifications' ---------------------------------------------------------- */

/* Templates by name: those that define and block make, and whole files. */
struct kyi_template_set;
#define KYI_TEMPLATE_FILE_BYTES_MAX ((size_t)1 << 20)

/* NULL: no memory. It, and all that is parsed with it, lives in arena. */
struct kyi_template_set *kyi_template_set_new(struct kyi_arena *arena);
/* kyi_template_set_add parses the text of a file: the text itself is name,
   what it defines replaces what was there. name and text must stay. */
KYMO_MUST_CHECK int kyi_template_set_add(struct kyi_template_set *set,
    const char *name, const char *text, struct kyi_template_error *error);
/* kyi_template_set_check: -1 if one calls a template that is none, in the text
   *text, whose name is *of. For when all are there. */
KYMO_MUST_CHECK int kyi_template_set_check(const struct kyi_template_set *set,
    const char **of, const char **text, struct kyi_template_error *error);
/* The same as kyi_template_parse, of a text that may call those of set. */
struct kyi_template *kyi_template_parse_with(struct kyi_arena *arena,
    const struct kyi_template_set *set, const char *text,
    struct kyi_template_error *error);

/* What is written, by whom: the template's own text, a constant or a value that
   an action prints, or one that the template says is safe. */
enum kyi_template_from {
	KYI_FROM_TEXT,
	KYI_FROM_CONSTANT,
	KYI_FROM_VALUE,
	KYI_FROM_QUERY,    /* a value that urlquery is to escape */
	KYI_FROM_ENTITIES, /* one that html is to escape */
	KYI_FROM_SAFE
};

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
	/* As Alertmanager expands: what a map has not is an empty text, what
	   it calls a struct has its fields only, and title is another. */
	bool notifies;
	/* NULL, or: appends what is written, escaped for where it stands. NULL,
	   or why it cannot stand there. Instead of escape. */
	const char *(*put)(void *of, struct kymo_buffer *out, const char *text,
	    size_t len_bytes, enum kyi_template_from from);
	void *put_of;
	/* put makes pages: html and urlquery at the end of an action are for it
	   to do, once. */
	bool pages;
	size_t bytes_max; /* of what it gives; 0: KYI_TEMPLATE_BYTES_MAX */
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
