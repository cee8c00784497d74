/* SPDX-License-Identifier: MIT */
/* How text and actions make a template's tree. */
#include "reader/rules/template.h"

#include <string.h>

#include "reader/rules/template_pipe.h"

/* What ends a list of nodes. */
enum stop { STOP_END, STOP_ELSE, STOP_TEXT_END, STOP_WRONG };

struct list {
	struct kyi_tnode *first, **last;
};

static enum stop nodes_read(struct kyi_template_parse *parse,
    struct kyi_tnode **nodes, bool *trim, uint32_t loop_cnt);

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct kyi_tnode *
node_new(struct kyi_template_parse *parse, enum kyi_tn_kind kind)
{
	struct kyi_tnode *node = kyi_template_get(parse, sizeof(*node));

	if (node != NULL)
		node->kind = kind;
	return node;
}

/* The }} of an action; *trim: it was -}}. */
static int
close_read(struct kyi_template_parse *parse, bool *trim)
{
	kyi_template_space(parse);
	*trim = strncmp(parse->at, "-}}", 3) == 0;
	if (*trim)
		parse->at++;
	if (strncmp(parse->at, "}}", 2) != 0)
		return *parse->at == '\0' ?
		    kyi_template_wrong(parse, parse->at, "unclosed action") :
		    kyi_template_wrong(parse, parse->at, "unexpected \"%.1s\" "
		    "in action", parse->at);
	parse->at += 2;
	return 0;
}

static bool
keyword(struct kyi_template_parse *parse, const char *word)
{
	size_t len_bytes = strlen(word);

	if (kyi_template_word(parse) != len_bytes ||
	    memcmp(parse->at, word, len_bytes) != 0)
		return false;
	parse->at += len_bytes;
	return true;
}

/* if, with, range, behind the word, up to and with its end. */
static int
branch_read(struct kyi_template_parse *parse, struct kyi_tnode *node,
    bool *trim, uint32_t loop_cnt)
{
	uint32_t var_cnt = parse->var_cnt;
	const char *from = parse->at;
	enum kyi_tn_kind kind = node->kind;
	enum stop stop;

	if (++parse->depth > KYI_TEMPLATE_DEPTH_MAX)
		return kyi_template_wrong(parse, from, "nested too deep");
	node->pipe = kyi_template_pipe(parse, kind == TN_RANGE);
	if (node->pipe == NULL || close_read(parse, trim) != 0)
		return -1;
	stop = nodes_read(parse, &node->body, trim,
	    loop_cnt + (kind == TN_RANGE));
	if (stop == STOP_ELSE) {
		kyi_template_space(parse);
		if ((kind == TN_IF && keyword(parse, "if")) ||
		    (kind == TN_WITH && keyword(parse, "with"))) {
			/* "else if" shares the end. */
			node->other = node_new(parse, kind);
			if (node->other == NULL || branch_read(parse,
			    node->other, trim, loop_cnt) != 0)
				return -1;
			stop = STOP_END;
		} else if (close_read(parse, trim) != 0)
			return -1;
		else
			stop = nodes_read(parse, &node->other, trim, loop_cnt);
	}
	if (stop == STOP_ELSE)
		return kyi_template_wrong(parse, parse->at, "expected end; "
		    "found {{else}}");
	if (stop == STOP_TEXT_END)
		return kyi_template_wrong(parse, parse->at, "unexpected EOF; "
		    "an {{end}} is missing");
	parse->var_cnt = var_cnt;
	parse->depth--;
	return stop == STOP_WRONG ? -1 : 0;
}

/* One action, behind its braces. *node: NULL for a comment. */
static enum stop
action_read(struct kyi_template_parse *parse, struct kyi_tnode **node,
    bool *trim, uint32_t loop_cnt)
{
	static const char *const refused[] = { "define", "template", "block" };
	static const struct {
		const char *word;
		enum kyi_tn_kind kind;
	} branches[] = { { "if", TN_IF }, { "range", TN_RANGE },
		{ "with", TN_WITH } };
	const char *from = parse->at, *end;
	size_t i;

	*node = NULL;
	if (strncmp(parse->at, "/*", 2) == 0) {
		end = strstr(parse->at + 2, "*/");
		if (end == NULL) {
			kyi_template_wrong(parse, from, "unclosed comment");
			return STOP_WRONG;
		}
		parse->at = end + 2;
		return close_read(parse, trim) == 0 ? STOP_TEXT_END :
		    STOP_WRONG;
	}
	if (keyword(parse, "end"))
		return close_read(parse, trim) == 0 ? STOP_END : STOP_WRONG;
	if (keyword(parse, "else"))
		return STOP_ELSE;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (keyword(parse, refused[i])) {
			kyi_template_wrong(parse, from, "%s is not known to "
			    "alerts' templates", refused[i]);
			return STOP_WRONG;
		}
	for (i = 0; i < sizeof(branches) / sizeof(branches[0]); i++)
		if (keyword(parse, branches[i].word)) {
			*node = node_new(parse, branches[i].kind);
			return *node != NULL && branch_read(parse, *node, trim,
			    loop_cnt) == 0 ? STOP_TEXT_END : STOP_WRONG;
		}
	if (loop_cnt > 0 && (keyword(parse, "break") ||
	    keyword(parse, "continue"))) {
		*node = node_new(parse, from[0] == 'b' ? TN_BREAK :
		    TN_CONTINUE);
		return *node != NULL && close_read(parse, trim) == 0 ?
		    STOP_TEXT_END : STOP_WRONG;
	}
	*node = node_new(parse, TN_PIPE);
	if (*node == NULL)
		return STOP_WRONG;
	(*node)->pipe = kyi_template_pipe(parse, false);
	return (*node)->pipe != NULL && close_read(parse, trim) == 0 ?
	    STOP_TEXT_END : STOP_WRONG;
}

static int
text_read(struct kyi_template_parse *parse, struct list *list, bool trim)
{
	const char *from = parse->at, *end = strstr(from, "{{");
	struct kyi_tnode *node;

	if (end == NULL)
		end = from + strlen(from);
	parse->at = end;
	if (*end != '\0') {
		parse->at += 2;
		if (parse->at[0] == '-' && is_space(parse->at[1])) {
			while (end > from && is_space(end[-1]))
				end--;
			parse->at++;
		}
	}
	while (trim && from < end && is_space(*from))
		from++;
	if (from == end)
		return 0;
	node = node_new(parse, TN_TEXT);
	if (node == NULL)
		return -1;
	node->text = from;
	node->text_bytes = (size_t)(end - from);
	*list->last = node;
	list->last = &node->next;
	return 0;
}

/* Text and actions up to end, else or the end of all. */
static enum stop
nodes_read(struct kyi_template_parse *parse, struct kyi_tnode **nodes,
    bool *trim, uint32_t loop_cnt)
{
	struct list list = { NULL, &list.first };
	enum stop stop = STOP_TEXT_END;
	struct kyi_tnode *node;

	for (;;) {
		if (text_read(parse, &list, *trim) != 0)
			return STOP_WRONG;
		if (*parse->at == '\0' && (parse->at < parse->text + 2 ||
		    strncmp(parse->at - 2, "{{", 2) != 0))
			break;
		kyi_template_space(parse);
		stop = action_read(parse, &node, trim, loop_cnt);
		if (stop != STOP_TEXT_END)
			break;
		if (node != NULL) {
			*list.last = node;
			list.last = &node->next;
		}
	}
	*nodes = list.first;
	return stop;
}

struct kyi_template *
kyi_template_parse(struct kyi_arena *arena, const char *text,
    struct kyi_template_error *error)
{
	static const char *const names[TVAR_CNT] = { "", "labels",
		"externalLabels", "externalURL", "value" };
	struct kyi_template_parse parse = { .arena = arena, .text = text,
		.at = text, .error = error };
	bool trim = false;
	enum stop stop;
	uint32_t i;

	error->error.text[0] = '\0';
	error->at_bytes = 0;
	parse.template_ = kyi_template_get(&parse, sizeof(*parse.template_));
	if (parse.template_ == NULL)
		return NULL;
	if (strlen(text) > KYI_TEMPLATE_BYTES_MAX) {
		kyi_template_wrong(&parse, text, "a template of more than %zu "
		    "bytes", KYI_TEMPLATE_BYTES_MAX);
		return NULL;
	}
	for (i = 1; i < TVAR_CNT; i++)
		parse.vars[parse.var_cnt++] = (struct kyi_template_var){
		    .name = names[i], .name_bytes = strlen(names[i]),
		    .idx = i};
	parse.template_->text = text;
	parse.template_->var_cnt = TVAR_CNT;
	if (strstr(text, "{{") == NULL)
		parse.template_->looks = KYI_TEMPLATE_PLAIN;
	stop = nodes_read(&parse, &parse.template_->nodes, &trim, 0);
	if (stop == STOP_END || stop == STOP_ELSE)
		kyi_template_wrong(&parse, parse.at, "unexpected {{%s}}",
		    stop == STOP_END ? "end" : "else");
	return error->error.text[0] == '\0' ? parse.template_ : NULL;
}

unsigned
kyi_template_looks(const struct kyi_template *template_)
{
	return template_->looks;
}
