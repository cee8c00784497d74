/* SPDX-License-Identifier: MIT */
/* Calls, aggregations and lists of labels. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reader/nearest.h"
#include "reader/query/functions.h"
#include "reader/query/parse.h"

static const struct aggregation {
	const char *name;
	bool has_param;
} aggregations[] = {
	[KYI_AGG_SUM] = { "sum", false },
	[KYI_AGG_AVG] = { "avg", false },
	[KYI_AGG_COUNT] = { "count", false },
	[KYI_AGG_MIN] = { "min", false },
	[KYI_AGG_MAX] = { "max", false },
	[KYI_AGG_GROUP] = { "group", false },
	[KYI_AGG_STDDEV] = { "stddev", false },
	[KYI_AGG_STDVAR] = { "stdvar", false },
	[KYI_AGG_TOPK] = { "topk", true },
	[KYI_AGG_BOTTOMK] = { "bottomk", true },
	[KYI_AGG_COUNT_VALUES] = { "count_values", true },
	[KYI_AGG_QUANTILE] = { "quantile", true },
	[KYI_AGG_LIMITK] = { "limitk", true },
	[KYI_AGG_LIMIT_RATIO] = { "limit_ratio", true },
};
#define AGGREGATION_CNT (sizeof aggregations / sizeof aggregations[0])

const char *
kyi_agg_name(enum kyi_agg agg)
{
	return aggregations[agg].name;
}

bool
kyi_agg_has_param(enum kyi_agg agg)
{
	return aggregations[agg].has_param;
}

/* ---- labels ------------------------------------------------------------ */

/* A label's name: a word without a colon, or a string. */
static const char *
label(struct kyi_parser *parser)
{
	const struct kyi_token *token = &parser->token;
	const char *text = token->text; /* a word like nan, too */

	if (text == NULL || text[0] == '\0' ||
	    (token->kind != KYI_TOKEN_STRING && strchr(text, ':') != NULL))
		return kyi_parse_expected(parser, "a label");
	kyi_parse_next(parser);
	return text;
}

const char **
kyi_parse_labels(struct kyi_parser *parser, const char *after, uint32_t *cnt)
{
	const char **labels = NULL;
	char what[60];

	*cnt = 0;
	snprintf(what, sizeof what, "labels in ( ) after %s", after);
	if (!kyi_parse_skip(parser, '(', what))
		return NULL;
	while (parser->token.kind != ')') {
		labels = kyi_parse_longer(parser, labels, *cnt,
		    sizeof labels[0]);
		if (labels == NULL || (labels[*cnt] = label(parser)) == NULL)
			return NULL;
		++*cnt;
		if (parser->token.kind != ')' &&
		    !kyi_parse_skip(parser, ',', "a comma or )"))
			return NULL;
	}
	kyi_parse_next(parser);
	return labels;
}

/* ---- arguments --------------------------------------------------------- */

struct args {
	struct kyi_node **at;
	uint32_t cnt;
};

/* (..) with expressions in it. */
static bool
arguments(struct kyi_parser *parser, struct args *args)
{
	uint32_t from_bytes = parser->token.from_bytes;

	memset(args, 0, sizeof *args);
	if (!kyi_parse_skip(parser, '(', "("))
		return false;
	while (parser->token.kind != ')') {
		if (parser->token.kind == KYI_TOKEN_END)
			return kyi_parse_fail(parser, from_bytes,
			    from_bytes + 1, "this ( has no )") != NULL;
		args->at = kyi_parse_longer(parser, args->at, args->cnt,
		    sizeof args->at[0]);
		if (args->at == NULL ||
		    (args->at[args->cnt] = kyi_parse_expr(parser)) == NULL)
			return false;
		args->cnt++;
		if (parser->token.kind != ',')
			continue;
		kyi_parse_next(parser);
		if (parser->token.kind == ')')
			return kyi_parse_expected(parser,
			    "an argument behind the comma") != NULL;
	}
	kyi_parse_next(parser);
	return !parser->failed;
}

/* ---- functions --------------------------------------------------------- */

static void *
unknown(struct kyi_parser *parser, const struct kyi_token *name)
{
	const char *names[KYI_FN_CNT + AGGREGATION_CNT], *nearest;
	size_t cnt = 0;

	if (strcmp(name->text, "holt_winters") == 0)
		return kyi_parse_fail(parser, name->from_bytes,
		    name->to_bytes, "holt_winters() is called "
		    "double_exponential_smoothing() since Prometheus 3");
	for (; cnt < KYI_FN_CNT; cnt++)
		names[cnt] = kyi_functions[cnt].name;
	for (size_t i = 0; i < AGGREGATION_CNT; i++)
		names[cnt++] = aggregations[i].name;
	nearest = kyi_nearest(name->text, names, cnt);
	if (nearest != NULL)
		return kyi_parse_fail(parser, name->from_bytes, name->to_bytes,
		    "no function is called %.60s; did you mean %s?",
		    name->text, nearest);
	return kyi_parse_fail(parser, name->from_bytes, name->to_bytes,
	    "no function is called %.60s", name->text);
}

struct kyi_node *
kyi_parse_call(struct kyi_parser *parser, const struct kyi_token *name)
{
	const struct kyi_function *function = kyi_function_find(name->text);
	struct kyi_node *node;
	struct args args;

	if (function == NULL)
		return unknown(parser, name);
	if (!arguments(parser, &args))
		return NULL;
	node = kyi_parse_node(parser, KYI_NODE_CALL, function->returns,
	    name->from_bytes);
	for (uint32_t i = 0; node != NULL && i < args.cnt; i++)
		if (!kyi_parse_below(parser, node, args.at[i]))
			return NULL;
	if (node == NULL)
		return NULL;
	node->is.call.function = function;
	node->is.call.args = args.at;
	node->is.call.arg_cnt = args.cnt;
	return node;
}

/* ---- aggregations ------------------------------------------------------ */

/* by (..) or without (..), if they are next. *found: they were. */
static bool
grouping(struct kyi_parser *parser, struct kyi_node *node, bool *found)
{
	bool without = kyi_parse_is_word(parser, "without");

	*found = without || kyi_parse_is_word(parser, "by");
	if (!*found)
		return true;
	kyi_parse_next(parser);
	node->is.aggregate.without = without;
	node->is.aggregate.labels = kyi_parse_labels(parser,
	    without ? "without" : "by", &node->is.aggregate.label_cnt);
	return !parser->failed;
}

static struct kyi_node *
aggregate(struct kyi_parser *parser, struct kyi_node *node)
{
	bool has_param = kyi_agg_has_param(node->is.aggregate.op);
	const char *name = kyi_agg_name(node->is.aggregate.op);
	struct args args;
	bool found;

	if (!grouping(parser, node, &found) || !arguments(parser, &args) ||
	    (!found && !grouping(parser, node, &found)))
		return NULL;
	node->to_bytes = parser->behind_bytes;
	if (args.cnt != 1u + has_param)
		return kyi_parse_fail(parser, node->from_bytes, node->to_bytes,
		    has_param ? "%s() takes 2 arguments, a parameter and an "
		    "instant vector; here are %u" :
		    "%s() takes 1 argument, an instant vector; here are %u",
		    name, args.cnt);
	node->is.aggregate.param = has_param ? args.at[0] : NULL;
	node->is.aggregate.expr = args.at[has_param];
	for (uint32_t i = 0; i < args.cnt; i++)
		if (!kyi_parse_below(parser, node, args.at[i]))
			return NULL;
	return node;
}

struct kyi_node *
kyi_parse_aggregate(struct kyi_parser *parser, const struct kyi_token *name)
{
	struct kyi_node *node;
	size_t i = 0;

	while (i < AGGREGATION_CNT &&
	    strcasecmp(name->text, aggregations[i].name) != 0)
		i++;
	if (i == AGGREGATION_CNT || (parser->token.kind != '(' &&
	    !kyi_parse_is_word(parser, "by") &&
	    !kyi_parse_is_word(parser, "without")))
		return NULL;
	node = kyi_parse_node(parser, KYI_NODE_AGGREGATE, KYMO_VALUE_VECTOR,
	    name->from_bytes);
	if (node == NULL)
		return NULL;
	node->is.aggregate.op = (enum kyi_agg)i;
	return aggregate(parser, node);
}
