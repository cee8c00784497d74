/* SPDX-License-Identifier: MIT */
/* The tree of a query: made by the parser, walked by the evaluator. All of it
   lies in the query's arena and is not changed after parsing. */
#ifndef KYI_QUERY_AST_H
#define KYI_QUERY_AST_H

#include "reader/query/query.h"

enum kyi_node_kind {
	KYI_NODE_NUMBER,
	KYI_NODE_STRING,
	KYI_NODE_SELECTOR,  /* a vector, or with a range a matrix: see type */
	KYI_NODE_SUBQUERY,
	KYI_NODE_UNARY,     /* - (a unary + leaves no node) */
	KYI_NODE_PAREN,
	KYI_NODE_BINARY,
	KYI_NODE_AGGREGATE,
	KYI_NODE_CALL
};

enum kyi_op { /* of KYI_NODE_BINARY */
	KYI_OP_ADD, KYI_OP_SUB, KYI_OP_MUL, KYI_OP_DIV, KYI_OP_MOD, KYI_OP_POW,
	KYI_OP_ATAN2,
	KYI_OP_TRIM_BELOW, KYI_OP_TRIM_ABOVE, /* </ and >/: experimental */
	KYI_OP_EQL, KYI_OP_NEQ, KYI_OP_GTR, KYI_OP_LSS, KYI_OP_GTE, KYI_OP_LTE,
	KYI_OP_AND, KYI_OP_OR, KYI_OP_UNLESS
};

enum kyi_agg {
	KYI_AGG_SUM, KYI_AGG_AVG, KYI_AGG_COUNT, KYI_AGG_MIN, KYI_AGG_MAX,
	KYI_AGG_GROUP, KYI_AGG_STDDEV, KYI_AGG_STDVAR, KYI_AGG_TOPK,
	KYI_AGG_BOTTOMK, KYI_AGG_COUNT_VALUES, KYI_AGG_QUANTILE,
	KYI_AGG_LIMITK, KYI_AGG_LIMIT_RATIO /* the last two: experimental */
};

enum kyi_at { KYI_AT_NONE, KYI_AT_TIME, KYI_AT_START, KYI_AT_END };

/* A duration that is more than a literal: 5m + step(). */
struct kyi_duration;

/* offset and @, of selectors and subqueries. */
struct kyi_shift {
	int64_t offset_ms;
	const struct kyi_duration *offset_expr; /* NULL: a literal */
	enum kyi_at at;
	int64_t at_ms; /* KYI_AT_TIME */
};

enum kyi_card { KYI_ONE_TO_ONE, KYI_MANY_TO_ONE, KYI_ONE_TO_MANY, KYI_MANY_TO_MANY };

/* How the sides of a binary operator find each other. */
struct kyi_matching {
	enum kyi_card card;
	bool on; /* by these labels; false: by all but these */
	const char **labels;
	uint32_t label_cnt;
	const char **include; /* group_left(..), group_right(..) */
	uint32_t include_cnt;
};

struct kyi_function;

struct kyi_node {
	enum kyi_node_kind kind;
	enum kymo_value_kind type; /* what it gives; checked */
	bool is_duration; /* KYI_NODE_NUMBER: written as 1h30m */
	uint16_t height;  /* of the tree below it */
	uint32_t from_bytes, to_bytes; /* where it stands in the text */
	union {
		double number;
		const char *string;
		struct {
			const struct kymo_matcher *matchers; /* name first, if given */
			uint32_t matcher_cnt;
			int64_t range_ms; /* 0: an instant vector */
			const struct kyi_duration *range_expr;
			struct kyi_shift shift;
			uint32_t idx; /* 0 .. query's selector_cnt - 1 */
		} selector;
		struct {
			struct kyi_node *expr;
			int64_t range_ms, step_ms; /* step 0: the default */
			const struct kyi_duration *range_expr, *step_expr;
			struct kyi_shift shift;
		} subquery;
		struct {
			struct kyi_node *expr;
		} unary, paren;
		struct {
			enum kyi_op op;
			bool return_bool;
			struct kyi_node *left, *right;
			struct kyi_matching *matching; /* NULL unless both are vectors */
		} binary;
		struct {
			enum kyi_agg op;
			struct kyi_node *expr, *param; /* param NULL where none */
			bool without;
			const char **labels;
			uint32_t label_cnt;
		} aggregate;
		struct {
			const struct kyi_function *function;
			struct kyi_node **args;
			uint32_t arg_cnt;
		} call;
	} is;
};

/* A function of PromQL, known to parser and evaluator by one table
   (functions.c): types of arguments, what it gives, and which it is. */
#define KYI_ARGS_MAX 5
struct kyi_function {
	const char *name;
	enum kymo_value_kind args[KYI_ARGS_MAX];
	uint8_t arg_cnt;
	/* 0: arg_cnt arguments; n > 0: the last is there 0 to n times; -1: any
	   number of times. */
	int8_t variadic;
	enum kymo_value_kind returns;
	bool experimental;
	uint16_t id; /* enum kyi_function_id, functions.h */
};

/* kyi_function_find returns NULL of an unknown name. */
const struct kyi_function *kyi_function_find(const char *name);

struct kymo_query {
	struct kyi_node *root;
	const char *text; /* as given, NUL-terminated */
	size_t len_bytes;
	uint32_t selector_cnt;
	/* A duration in it is known only when it is asked (step(), range()), or
	   is not above zero: ask what kyi_query_bind makes of it. */
	bool unbound;
	struct kyi_arena *arena;
	struct kyi_owned *owned; /* what is not in the arena */
};

/* kyi_query_bind makes the query that an unbound one is when it is asked with
   this step and over this range (0 and 0: at one instant). Delete it. */
KYMO_MUST_CHECK int kyi_query_bind(const struct kymo_query *query,
    int64_t step_ms, int64_t range_ms, struct kymo_query **bound,
    struct kymo_query_error *error);

#endif
