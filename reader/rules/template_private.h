/* SPDX-License-Identifier: MIT */
/* A template between its parser and who expands it. */
#ifndef KYI_RULES_TEMPLATE_PRIVATE_H
#define KYI_RULES_TEMPLATE_PRIVATE_H

#include "reader/rules/template.h"

/* ---- values ------------------------------------------------------------------ */

enum kyi_tv_kind {
	TV_NIL,
	TV_BOOL,
	TV_INT,
	TV_FLOAT,
	TV_STR,
	TV_LABELS, /* map[string]string */
	TV_SAMPLE,
	TV_VECTOR, /* what query gives */
	TV_ARGS,   /* what args gives */
	TV_HIST,
	TV_DATA,   /* the dot at the top */
	TV_MAP,    /* of data that somebody else has */
	TV_LIST,
	TV_RAW,    /* a text that is not escaped */
	TV_TIME,
	TV_DURATION
};

struct kyi_tv_list;
struct kyi_tv_map;

struct kyi_tv {
	enum kyi_tv_kind kind;
	union {
		bool flag;
		int64_t n; /* DURATION: nanoseconds */
		double d;
		const char *str;
		const struct kymo_labels *labels; /* NULL: empty */
		const struct kymo_result_series *sample;
		const struct kyi_tv_list *list; /* VECTOR, ARGS, LIST */
		const struct kyi_tv_map *map;
		const struct kyi_tv_time *time;
		const struct kymo_native_hist *hist;
	};
};

struct kyi_tv_time {
	int64_t s; /* since 1970, UTC */
	int32_t ns, east_s;
	const char *zone; /* UTC */
	const char *text; /* NULL, or how it is printed */
};

struct kyi_tv_list {
	uint32_t cnt;
	struct kyi_tv at[];
};

/* What a map is to Alertmanager: it says what may be asked of it. */
enum kyi_tv_map_type { TM_ANY, TM_DATA, TM_ALERT, TM_KV, TM_PAIR };

/* Sorted by key, as they are gone through. */
struct kyi_tv_map {
	uint32_t cnt;
	enum kyi_tv_map_type type;
	struct kyi_tv_pair {
		const char *key;
		struct kyi_tv value;
	} at[];
};

/* ---- the tree ---------------------------------------------------------------- */

enum kyi_tn_kind {
	TN_TEXT,
	TN_PIPE,
	TN_IF,
	TN_RANGE,
	TN_WITH,
	TN_TEMPLATE,
	TN_BREAK,
	TN_CONTINUE
};

enum kyi_to_kind {
	TO_DOT,
	TO_CONST,
	TO_VAR,
	TO_FUNC,
	TO_PIPE /* in parentheses */
};

struct kyi_template_func;
struct kyi_pipe;

/* An operand, and the fields after it: $x.a.b */
struct kyi_operand {
	enum kyi_to_kind kind;
	uint32_t from_bytes, to_bytes; /* in the text */
	struct kyi_tv value;           /* CONST */
	uint32_t var_idx;              /* VAR */
	const struct kyi_template_func *func;
	const struct kyi_pipe *pipe;
	const char **fields;
	uint32_t field_cnt;
	struct kyi_operand *next;
};

struct kyi_command {
	struct kyi_operand *args;
	uint32_t arg_cnt;
	struct kyi_command *next;
};

struct kyi_pipe {
	uint32_t from_bytes, to_bytes;
	uint32_t var_cnt;   /* what it sets: $i, $x := */
	uint32_t var_idx[2];
	struct kyi_command *commands;
};

struct kyi_tnode {
	enum kyi_tn_kind kind;
	const char *text; /* TEXT; TEMPLATE: its name */
	size_t text_bytes;
	struct kyi_pipe *pipe; /* TEMPLATE: NULL, or what its dot is */
	struct kyi_tnode *body, *other; /* and what else gives */
	struct kyi_tnode *next;
};

/* Variables that are there from the start; others come after. */
enum { TVAR_DOT, TVAR_LABELS, TVAR_EXTERNAL, TVAR_URL, TVAR_VALUE, TVAR_CNT };

struct kyi_template {
	const char *text, *name; /* name: of the text; NULL: it has none */
	struct kyi_tnode *nodes;
	uint32_t var_cnt;
	unsigned looks;
	const struct kyi_template_set *set;
};

/* NULL: there is none. */
const struct kyi_template *kyi_template_find(
    const struct kyi_template_set *set, const char *name);
/* While it is parsed: what is called, to see later whether it is there. false:
   no memory. */
bool kyi_template_set_use(struct kyi_template_set *set, const char *called,
    const char *name, const char *text, size_t at_bytes);
/* Makes template_ be called so. false: no memory, or too many. */
bool kyi_template_set_put(struct kyi_template_set *set, const char *called,
    struct kyi_template *template_);
/* parse->text into template_; what it defines goes into parse->set. */
struct kyi_template_parse;
int kyi_template_text(struct kyi_template_parse *parse);

/* ---- expanding --------------------------------------------------------------- */

struct kyi_template_run {
	const struct kyi_template *template_;
	const struct kyi_template_data *data;
	struct kymo_buffer *out;
	size_t out_from_bytes, bytes_max;
	struct kyi_arena *arena;
	struct kyi_tv *vars;
	uint32_t step_cnt, depth;
	struct kymo_result **results; /* to be deleted at the end */
	uint32_t result_cnt;
	struct kymo_error *error;
	bool failed, placed; /* placed: error says where */
	const struct kyi_pipe *unescaped; /* whose last command is put's */
};

#define KYI_TEMPLATE_CALLS_MAX 200u /* levels of nodes, over all templates */

/* kyi_template_fail says why (without the place), once; returns -1. */
int kyi_template_fail(struct kyi_template_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts the place of an operand before what is said of it, once; returns -1. */
int kyi_template_fail_at(struct kyi_template_run *run, uint32_t from_bytes,
    uint32_t to_bytes);
/* template_put.c: what an action prints, and the template's own text. */
int kyi_template_put(struct kyi_template_run *run, const struct kyi_pipe *pipe,
    const struct kyi_tv *value);
int kyi_template_put_text(struct kyi_template_run *run,
    const struct kyi_tnode *node);
/* The function that a pipe ends with, if it is one that escapes what comes
   before it: html or urlquery; else NULL. */
const char *kyi_template_escaper(const struct kyi_pipe *pipe);

#define KYI_TEMPLATE_ARGS_MAX 16u

/* Arguments are checked by letter: s string, n number, v vector, m sample,
   * anything; the last letter repeats after "+". */
struct kyi_template_func {
	const char *name;
	const char *args;
	int (*call)(struct kyi_template_run *run, const struct kyi_tv *args,
	    uint32_t cnt, struct kyi_tv *result);
};

/* notifies: of Alertmanager's besides. */
const struct kyi_template_func *kyi_template_func_find(const char *name,
    size_t len_bytes, bool notifies);
int kyi_template_call(struct kyi_template_run *run,
    const struct kyi_template_func *func, const struct kyi_tv *args,
    uint32_t cnt, struct kyi_tv *result);

bool kyi_tv_true(const struct kyi_tv *value);
const char *kyi_tv_type(const struct kyi_tv *value); /* as Go names it */
void kyi_tv_print(struct kymo_buffer *out, const struct kyi_tv *value);
int kyi_tv_field(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result);
/* What Go has as a method of of: 1; 0: it has none of this name. -1: failed. */
int kyi_tv_method(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, const struct kyi_tv *args, uint32_t cnt,
    struct kyi_tv *result);
struct kyi_tv_list *kyi_tv_list_new(struct kyi_template_run *run,
    uint32_t cnt);
/* A string that lives as long as the run; takes the buffer's. */
int kyi_tv_take(struct kyi_template_run *run, struct kymo_buffer *buffer,
    struct kyi_tv *result);

/* The functions, by file. */
#define KYI_TEMPLATE_CALL(name) int kyi_tf_##name( \
    struct kyi_template_run *run, const struct kyi_tv *args, uint32_t cnt, \
    struct kyi_tv *result)
KYI_TEMPLATE_CALL(anomaly_members);
KYI_TEMPLATE_CALL(anomaly_reason);
KYI_TEMPLATE_CALL(eq);
KYI_TEMPLATE_CALL(ne);
KYI_TEMPLATE_CALL(lt);
KYI_TEMPLATE_CALL(le);
KYI_TEMPLATE_CALL(gt);
KYI_TEMPLATE_CALL(ge);
KYI_TEMPLATE_CALL(not);
KYI_TEMPLATE_CALL(humanize);
KYI_TEMPLATE_CALL(humanize1024);
KYI_TEMPLATE_CALL(humanize_duration);
KYI_TEMPLATE_CALL(humanize_percentage);
KYI_TEMPLATE_CALL(humanize_timestamp);
KYI_TEMPLATE_CALL(printf);
KYI_TEMPLATE_CALL(print);
KYI_TEMPLATE_CALL(println);
KYI_TEMPLATE_CALL(match);
KYI_TEMPLATE_CALL(re_replace_all);
KYI_TEMPLATE_CALL(title);
KYI_TEMPLATE_CALL(to_upper);
KYI_TEMPLATE_CALL(to_lower);
KYI_TEMPLATE_CALL(strip_port);
KYI_TEMPLATE_CALL(strip_domain);
KYI_TEMPLATE_CALL(parse_duration);
KYI_TEMPLATE_CALL(html);
KYI_TEMPLATE_CALL(urlquery);
KYI_TEMPLATE_CALL(graph_link);
KYI_TEMPLATE_CALL(table_link);
KYI_TEMPLATE_CALL(json);
KYI_TEMPLATE_CALL(join);
KYI_TEMPLATE_CALL(string_slice);
KYI_TEMPLATE_CALL(trim_space);
KYI_TEMPLATE_CALL(since);
KYI_TEMPLATE_CALL(date);

/* template_tree.c: of data that somebody else has. */
/* false: nothing, or it failed. */
bool kyi_tv_tree_field(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result);
void kyi_tv_tree_print(struct kymo_buffer *out, const struct kyi_tv *value);

/* template_time.c, template_layout.c: times as Go has them. */
bool kyi_tv_time_parse(const char *text, struct kyi_tv_time *time);
int kyi_tv_time_of(struct kyi_template_run *run, const char *text,
    struct kyi_tv *result);
int kyi_tv_time_method(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, const struct kyi_tv *args, uint32_t cnt,
    struct kyi_tv *result);
void kyi_tv_time_print(struct kymo_buffer *out,
    const struct kyi_tv_time *time);
struct tm;
void kyi_tv_time_parts(const struct kyi_tv_time *time, struct tm *tm);
void kyi_tv_time_put(struct kymo_buffer *out, const struct kyi_tv_time *time,
    const char *layout);
extern const char *const kyi_month_names[12], *const kyi_day_names[7];
void kyi_tv_duration_print(struct kymo_buffer *out, int64_t ns);

#endif
