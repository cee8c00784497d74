/* SPDX-License-Identifier: MIT */
/* A query in canonical form, as Prometheus prints it. */
#include <stdlib.h>
#include <string.h>

#include "reader/query/parse.h"
#include "shm/name.h"

static void print(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out);

/* ---- words ----------------------------------------------------------------- */

static void
print_byte(struct kymo_buffer *out, unsigned char c)
{
	static const char letters[] = "abfnrtv\\\"";
	static const char meant[] = "\a\b\f\n\r\t\v\\\"";
	const char *found = memchr(meant, c, sizeof meant - 1);

	if (found != NULL) {
		kymo_buffer_char(out, '\\');
		kymo_buffer_char(out, letters[found - meant]);
	} else if (c < 0x20 || c >= 0x7f) {
		kymo_buffer_printf(out, "\\x%02x", c);
	} else {
		kymo_buffer_char(out, (char)c);
	}
}

static void
print_string(struct kymo_buffer *out, const char *text)
{
	size_t len_bytes = strlen(text), sound_bytes, i = 0;

	kymo_buffer_char(out, '"');
	while (i < len_bytes) {
		sound_bytes = (unsigned char)text[i] < 0x80 ? 0 :
		    kyi_utf8_len(text + i, len_bytes - i);
		if (sound_bytes == 0) {
			print_byte(out, (unsigned char)text[i++]);
			continue;
		}
		/* One character; what follows may need an escape. */
		for (sound_bytes = 1; ((unsigned char)text[i + sound_bytes] &
		    0xc0) == 0x80;)
			sound_bytes++;
		kymo_buffer_add(out, text + i, sound_bytes);
		i += sound_bytes;
	}
	kymo_buffer_char(out, '"');
}

static void
print_label(struct kymo_buffer *out, const char *label)
{
	size_t i = 0;

	while (kyi_is_name_byte(label[i]))
		i++;
	if (label[i] != '\0' || kyi_is_digit(label[0]))
		print_string(out, label);
	else
		kymo_buffer_str(out, label);
}

static void
print_labels(struct kymo_buffer *out, const char *word,
    const char *const *labels, uint32_t cnt)
{
	kymo_buffer_printf(out, " %s (", word);
	for (uint32_t i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_str(out, ", ");
		print_label(out, labels[i]);
	}
	kymo_buffer_char(out, ')');
}

/* Without an exponent: 1e3 is 1000. */
static void
print_number(struct kymo_buffer *out, double number)
{
	struct kymo_buffer made = { 0 };
	const char *at, *e;
	int point;

	kymo_buffer_double(&made, number);
	at = made.at == NULL ? "" : made.at;
	e = strpbrk(at, "eE");
	if (e == NULL) {
		kymo_buffer_str(out, at);
		kymo_buffer_free(&made);
		return;
	}
	if (*at == '-')
		kymo_buffer_char(out, *at++);
	point = 1 + atoi(e + 1); /* digits before the point */
	if (point <= 0)
		kymo_buffer_str(out, "0.");
	for (int i = point; i < 0; i++)
		kymo_buffer_char(out, '0');
	for (; at < e; at++) {
		if (*at == '.')
			continue;
		kymo_buffer_char(out, *at);
		if (--point == 0 && at + 1 < e)
			kymo_buffer_char(out, '.');
	}
	for (; point > 0; point--)
		kymo_buffer_char(out, '0');
	kymo_buffer_free(&made);
}

static void
print_duration(struct kymo_buffer *out, int64_t ms,
    const struct kyi_duration *expr)
{
	if (expr != NULL) {
		kyi_duration_print(expr, out);
		return;
	}
	if (ms < 0)
		kymo_buffer_char(out, '-');
	kyi_duration_write(out, ms < 0 ? -ms : ms);
}

/* ---- selectors ------------------------------------------------------------- */

static void
print_matcher(struct kymo_buffer *out, const struct kymo_matcher *matcher)
{
	static const char *const signs[] = { [KYMO_MATCH_EQUAL] = "=",
		[KYMO_MATCH_NOT_EQUAL] = "!=", [KYMO_MATCH_REGEX] = "=~",
		[KYMO_MATCH_NOT_REGEX] = "!~" };

	print_label(out, matcher->key);
	kymo_buffer_str(out, signs[matcher->match]);
	print_string(out, matcher->value);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their text. */
static void
print_matchers(struct kymo_buffer *out, const struct kymo_matcher *matchers,
    uint32_t cnt)
{
	char **texts = calloc(cnt, sizeof texts[0]);

	for (uint32_t i = 0; texts != NULL && i < cnt; i++) {
		struct kymo_buffer one = { 0 };

		print_matcher(&one, &matchers[i]);
		out->failed = out->failed || one.failed || one.at == NULL;
		texts[i] = one.at;
	}
	if (texts == NULL)
		out->failed = true;
	if (!out->failed)
		qsort(texts, cnt, sizeof texts[0], compare);
	for (uint32_t i = 0; texts != NULL && i < cnt; i++) {
		kymo_buffer_char(out, i == 0 ? '{' : ',');
		kymo_buffer_str(out, out->failed ? "" : texts[i]);
		free(texts[i]);
	}
	kymo_buffer_char(out, '}');
	free(texts);
}

static void
print_shift(struct kymo_buffer *out, const struct kyi_shift *shift)
{
	uint64_t ms = shift->at_ms < 0 ? (uint64_t)-shift->at_ms :
	    (uint64_t)shift->at_ms;

	if (shift->at == KYI_AT_TIME)
		kymo_buffer_printf(out, " @ %s%llu.%03u",
		    shift->at_ms < 0 ? "-" : "",
		    (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
	else if (shift->at != KYI_AT_NONE)
		kymo_buffer_str(out, shift->at == KYI_AT_START ?
		    " @ start()" : " @ end()");
	if (shift->offset_ms == 0 && shift->offset_expr == NULL)
		return;
	kymo_buffer_str(out, " offset ");
	print_duration(out, shift->offset_ms, shift->offset_expr);
}

static void
print_selector(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	const struct kymo_matcher *matchers = node->is.selector.matchers;
	uint32_t cnt = node->is.selector.matcher_cnt;
	bool outside = query->text[node->from_bytes] != '{';

	if (outside)
		kymo_buffer_str(out, matchers[0].value);
	if (cnt > outside)
		print_matchers(out, matchers + outside, cnt - outside);
	else if (!outside)
		kymo_buffer_str(out, "{}");
	if (node->type == KYMO_VALUE_MATRIX) {
		kymo_buffer_char(out, '[');
		print_duration(out, node->is.selector.range_ms,
		    node->is.selector.range_expr);
		kymo_buffer_char(out, ']');
	}
	print_shift(out, &node->is.selector.shift);
}

static void
print_subquery(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	print(query, node->is.subquery.expr, out);
	kymo_buffer_char(out, '[');
	print_duration(out, node->is.subquery.range_ms,
	    node->is.subquery.range_expr);
	kymo_buffer_char(out, ':');
	if (node->is.subquery.step_ms != 0 ||
	    node->is.subquery.step_expr != NULL)
		print_duration(out, node->is.subquery.step_ms,
		    node->is.subquery.step_expr);
	kymo_buffer_char(out, ']');
	print_shift(out, &node->is.subquery.shift);
}

/* ---- operators and calls ----------------------------------------------------- */

static void
print_matching(const struct kyi_matching *matching, struct kymo_buffer *out)
{
	bool grouped = matching->card == KYI_MANY_TO_ONE ||
	    matching->card == KYI_ONE_TO_MANY;

	if (matching->on || matching->label_cnt > 0 || grouped)
		print_labels(out, matching->on ? "on" : "ignoring",
		    matching->labels, matching->label_cnt);
	if (grouped)
		print_labels(out, matching->card == KYI_MANY_TO_ONE ?
		    "group_left" : "group_right", matching->include,
		    matching->include_cnt);
}

static void
print_binary(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	print(query, node->is.binary.left, out);
	kymo_buffer_printf(out, " %s%s", kyi_op_name(node->is.binary.op),
	    node->is.binary.return_bool ? " bool" : "");
	if (node->is.binary.matching != NULL)
		print_matching(node->is.binary.matching, out);
	kymo_buffer_char(out, ' ');
	print(query, node->is.binary.right, out);
}

static void
print_aggregate(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	kymo_buffer_str(out, kyi_agg_name(node->is.aggregate.op));
	if (node->is.aggregate.without || node->is.aggregate.label_cnt > 0) {
		print_labels(out, node->is.aggregate.without ? "without" :
		    "by", node->is.aggregate.labels,
		    node->is.aggregate.label_cnt);
		kymo_buffer_char(out, ' ');
	}
	kymo_buffer_char(out, '(');
	if (node->is.aggregate.param != NULL) {
		print(query, node->is.aggregate.param, out);
		kymo_buffer_str(out, ", ");
	}
	print(query, node->is.aggregate.expr, out);
	kymo_buffer_char(out, ')');
}

static void
print_call(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	kymo_buffer_printf(out, "%s(", node->is.call.function->name);
	for (uint32_t i = 0; i < node->is.call.arg_cnt; i++) {
		if (i > 0)
			kymo_buffer_str(out, ", ");
		print(query, node->is.call.args[i], out);
	}
	kymo_buffer_char(out, ')');
}

static void
print(const struct kymo_query *query, const struct kyi_node *node,
    struct kymo_buffer *out)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
		if (node->is_duration)
			print_duration(out, (int64_t)__builtin_llround(
			    node->is.number * 1000), NULL);
		else
			print_number(out, node->is.number);
		break;
	case KYI_NODE_STRING:
		print_string(out, node->is.string);
		break;
	case KYI_NODE_SELECTOR:
		print_selector(query, node, out);
		break;
	case KYI_NODE_SUBQUERY:
		print_subquery(query, node, out);
		break;
	case KYI_NODE_UNARY:
		kymo_buffer_char(out, '-');
		print(query, node->is.unary.expr, out);
		break;
	case KYI_NODE_PAREN:
		kymo_buffer_char(out, '(');
		print(query, node->is.paren.expr, out);
		kymo_buffer_char(out, ')');
		break;
	case KYI_NODE_BINARY:
		print_binary(query, node, out);
		break;
	case KYI_NODE_AGGREGATE:
		print_aggregate(query, node, out);
		break;
	case KYI_NODE_CALL:
		print_call(query, node, out);
		break;
	}
}

void
kymo_query_print(const struct kymo_query *query, struct kymo_buffer *out)
{
	print(query, query->root, out);
}
