/* SPDX-License-Identifier: MIT */
/* label_replace, label_join, absent and absent_over_time. */
#include <string.h>

#include "reader/query/call.h"
#include "reader/query/over.h"
#include "shm/name.h"

/* ---- label names -------------------------------------------------------- */

/* The length of the UTF-8 character at text, 0 if it is none. */
static size_t
utf8_bytes(const char *text)
{
	size_t most = strnlen(text, 4);

	for (size_t cnt = 1; cnt <= most; cnt++)
		if (kyi_utf8_len(text, cnt) == cnt)
			return cnt;
	return 0;
}

static bool
is_label_name(const char *name)
{
	size_t len_bytes = strlen(name);

	return len_bytes > 0 && kyi_utf8_len(name, len_bytes) == len_bytes;
}

/* As Go quotes a string. */
static void
put_quoted(struct kymo_buffer *out, const char *text)
{
	kymo_buffer_char(out, '"');
	while (*text != '\0') {
		size_t bytes = utf8_bytes(text);

		if (bytes == 0)
			kymo_buffer_printf(out, "\\x%02x",
			    (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			kymo_buffer_printf(out, "\\%c", *text);
		else
			kymo_buffer_add(out, text, bytes);
		text += bytes == 0 ? 1 : bytes;
	}
	kymo_buffer_char(out, '"');
}

int
kyi_check_label_name(struct kyi_eval *eval, const struct kyi_node *node,
    const char *text, bool quoted)
{
	struct kymo_buffer out = { 0 };

	if (is_label_name(node->is.string))
		return 0;
	kymo_buffer_str(&out, text);
	if (quoted)
		put_quoted(&out, node->is.string);
	else
		kymo_buffer_str(&out, node->is.string);
	kyi_eval_error(eval, node, "%s", out.failed ? text : out.at);
	kymo_buffer_free(&out);
	return KYI_EVAL_FAILED;
}

/* ---- label_replace and label_join --------------------------------------- */

static int
set_label(struct kyi_call *call, struct kyi_vectors *out, uint32_t row,
    const char *key, const struct kymo_buffer *value)
{
	struct kyi_arena *arena = call->eval->arena;
	const char *text;

	if (value->failed || value->len_bytes > KYMO_LABEL_BYTES_MAX)
		return kyi_eval_error(call->eval, call->node, "a label's value "
		    "would be longer than %zu bytes", KYMO_LABEL_BYTES_MAX);
	text = value->len_bytes == 0 ? "" :
	    kyi_arena_text(arena, value->at, value->len_bytes);
	if (text == NULL)
		return kyi_eval_no_memory(call->eval);
	out->origin = NULL;
	out->labels[row] = kyi_labels_set(arena, out->labels[row], key, text);
	if (out->labels[row] == NULL)
		return kyi_eval_no_memory(call->eval);
	/* A name that was given stays. */
	if (strcmp(key, KYMO_NAME_LABEL) == 0)
		out->drop_name[row] = false;
	return kyi_eval_work(call->eval, 200 + value->len_bytes / 8);
}

static int
replace_rows(struct kyi_call *call, const struct kymo_regex *regex,
    struct kyi_vectors *out)
{
	const char *key = kyi_arg_text(call, 1);
	struct kymo_buffer value = { 0 };
	int failed = 0;

	for (uint32_t row = 0; row < out->cnt && failed == 0; row++) {
		const char *from = kymo_labels_get(out->labels[row],
		    kyi_arg_text(call, 3));

		value.len_bytes = 0;
		if (kymo_regex_expand(regex, from, kyi_arg_text(call, 2),
		    &value))
			failed = set_label(call, out, row, key, &value);
	}
	kymo_buffer_free(&value);
	return failed;
}

int
kyi_call_label_replace(struct kyi_call *call, struct kyi_vectors *out)
{
	struct kymo_error error;
	struct kymo_regex *regex;
	int failed;

	if (kymo_regex_new(&regex, kyi_arg_text(call, 4), &error) != 0)
		return kyi_eval_error(call->eval, kyi_arg(call, 4), "invalid "
		    "regular expression in label_replace(): %s",
		    kyi_arg_text(call, 4));
	failed = kyi_check_label_name(call->eval,
	    kyi_unwrapped(kyi_arg(call, 1)),
	    "invalid destination label name in label_replace(): ", false);
	if (failed == 0)
		failed = kyi_eval_vector(call->eval, kyi_arg(call, 0),
		    call->steps, out);
	if (failed == 0)
		failed = replace_rows(call, regex, out);
	kymo_regex_delete(regex);
	if (failed != 0)
		return failed;
	out->one_name = false;
	return kyi_vectors_merge(call->eval, out, false);
}

static int
join_rows(struct kyi_call *call, struct kyi_vectors *out)
{
	struct kymo_buffer value = { 0 };
	int failed = 0;

	for (uint32_t row = 0; row < out->cnt && failed == 0; row++) {
		value.len_bytes = 0;
		for (uint32_t i = 3; i < kyi_arg_cnt(call) &&
		    value.len_bytes <= KYMO_LABEL_BYTES_MAX; i++) {
			if (i > 3)
				kymo_buffer_str(&value, kyi_arg_text(call, 2));
			kymo_buffer_str(&value, kymo_labels_get(
			    out->labels[row], kyi_arg_text(call, i)));
		}
		failed = set_label(call, out, row, kyi_arg_text(call, 1),
		    &value);
	}
	kymo_buffer_free(&value);
	return failed;
}

int
kyi_call_label_join(struct kyi_call *call, struct kyi_vectors *out)
{
	for (uint32_t i = 3; i < kyi_arg_cnt(call); i++)
		if (kyi_check_label_name(call->eval,
		    kyi_unwrapped(kyi_arg(call, i)),
		    "invalid source label name in label_join(): ", false) != 0)
			return KYI_EVAL_FAILED;
	if (kyi_check_label_name(call->eval, kyi_unwrapped(kyi_arg(call, 1)),
	    "invalid destination label name in label_join(): ", false) != 0 ||
	    kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0 || join_rows(call, out) != 0)
		return KYI_EVAL_FAILED;
	out->one_name = false;
	return kyi_vectors_merge(call->eval, out, false);
}

/* ---- absent ------------------------------------------------------------- */

/* What a selector says a series would have: labels matched by =, each once. */
static const struct kymo_labels *
said_labels(struct kyi_call *call, const struct kyi_node *node)
{
	const struct kymo_labels *labels = &kyi_no_labels;

	if (node->kind != KYI_NODE_SELECTOR)
		return labels;
	for (uint32_t i = 0; i < node->is.selector.matcher_cnt; i++) {
		const struct kymo_matcher *matcher =
		    &node->is.selector.matchers[i];
		bool first = matcher->match == KYMO_MATCH_EQUAL;

		if (strcmp(matcher->key, KYMO_NAME_LABEL) == 0)
			continue;
		for (uint32_t j = 0; j < i && first; j++)
			first = node->is.selector.matchers[j].match !=
			    KYMO_MATCH_EQUAL || strcmp(matcher->key,
			    node->is.selector.matchers[j].key) != 0;
		labels = kyi_labels_set(call->eval->arena, labels,
		    matcher->key, first ? matcher->value : "");
		if (labels == NULL)
			return NULL;
	}
	return labels;
}

int
kyi_call_absent(struct kyi_call *call, struct kyi_vectors *out)
{
	const struct kyi_node *arg = kyi_arg(call, 0);
	struct kyi_vectors in;

	if ((call->id == KYI_FN_ABSENT ? kyi_eval_vector(call->eval, arg,
	    call->steps, &in) : kyi_eval_over(call->eval, call->node,
	    call->steps, &in)) != 0)
		return KYI_EVAL_FAILED;
	if (kyi_vectors_new(call->eval, 1, call->steps->cnt, false, false,
	    out) != 0)
		return KYI_EVAL_FAILED;
	out->labels[0] = said_labels(call, kyi_unwrapped(arg));
	if (out->labels[0] == NULL)
		return kyi_eval_no_memory(call->eval);
	for (uint32_t step = 0; step < out->steps; step++) {
		bool any = false;

		for (uint32_t row = 0; row < in.cnt && !any; row++)
			any = kyi_present(&in, (size_t)row * in.steps + step);
		out->value[step] = any ? kyi_absent() : 1;
	}
	kyi_vectors_squeeze(out);
	return 0;
}
