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

/* ---- templates in templates --------------------------------------------------- */

/* The quoted name behind define, block and template. */
static const char *
name_read(struct kyi_template_parse *parse)
{
	struct kyi_tv name = {.kind = TV_NIL};

	kyi_template_space(parse);
	if (*parse->at != '"' && *parse->at != '`') {
		kyi_template_wrong(parse, parse->at, "a name in double quotes "
		    "is missing");
		return NULL;
	}
	return kyi_template_quoted(parse, &name) == 0 ? name.str : NULL;
}

/* The body of define or block, up to and with its end, as a template of its
   own: it sees no variable of those around it. */
static int
define_read(struct kyi_template_parse *parse, const char *name, bool *trim)
{
	struct kyi_template *outer = parse->template_, *inner;
	struct kyi_template_var vars[KYI_TEMPLATE_VARS_MAX];
	uint32_t var_cnt = parse->var_cnt;
	const char *from = parse->at;
	enum stop stop;

	inner = kyi_template_get(parse, sizeof(*inner));
	if (inner == NULL || close_read(parse, trim) != 0)
		return -1;
	*inner = (struct kyi_template){.text = parse->text,
	    .name = parse->name, .var_cnt = TVAR_CNT, .set = parse->set};
	memcpy(vars, parse->vars, sizeof(vars));
	parse->template_ = inner;
	parse->var_cnt = 0;
	if (++parse->depth > KYI_TEMPLATE_DEPTH_MAX)
		return kyi_template_wrong(parse, from, "nested too deep");
	stop = nodes_read(parse, &inner->nodes, trim, 0);
	parse->depth--;
	parse->template_ = outer;
	parse->var_cnt = var_cnt;
	memcpy(parse->vars, vars, sizeof(vars));
	if (stop == STOP_WRONG)
		return -1;
	if (stop != STOP_END)
		return kyi_template_wrong(parse, from, "an {{end}} is missing "
		    "for the template \"%.60s\"", name);
	return kyi_template_set_put(parse->set, name, inner) ? 0 :
	    kyi_template_wrong(parse, from, "no memory, or too many "
	    "templates");
}

/* template "name" PIPE, without its end: a node that calls it. */
static struct kyi_tnode *
call_read(struct kyi_template_parse *parse, const char *name, const char *from)
{
	struct kyi_tnode *node = node_new(parse, TN_TEMPLATE);

	if (node == NULL)
		return NULL;
	node->text = name;
	node->text_bytes = (size_t)(from - parse->text);
	if (!kyi_template_set_use(parse->set, name, parse->name,
	    parse->text, node->text_bytes)) {
		kyi_template_wrong(parse, from, "no memory");
		return NULL;
	}
	kyi_template_space(parse);
	if (strncmp(parse->at, "}}", 2) == 0 ||
	    strncmp(parse->at, "-}}", 3) == 0)
		return node;
	node->pipe = kyi_template_pipe(parse, false);
	return node->pipe != NULL ? node : NULL;
}

/* define, template, block behind their word, where there is a set for them. */
static enum stop
named_read(struct kyi_template_parse *parse, char word, const char *from,
    struct kyi_tnode **node, bool *trim)
{
	const char *name;

	if (parse->set == NULL) {
		kyi_template_wrong(parse, from, "%s is not known to alerts' "
		    "templates", word == 'd' ? "define" : word == 't' ?
		    "template" : "block");
		return STOP_WRONG;
	}
	name = name_read(parse);
	if (name == NULL)
		return STOP_WRONG;
	if (word == 'd') {
		kyi_template_space(parse);
		return define_read(parse, name, trim) == 0 ? STOP_TEXT_END :
		    STOP_WRONG;
	}
	*node = call_read(parse, name, from);
	if (*node == NULL)
		return STOP_WRONG;
	return (word == 'b' ? define_read(parse, name, trim) :
	    close_read(parse, trim)) == 0 ? STOP_TEXT_END : STOP_WRONG;
}

/* One action, behind its braces. *node: NULL for a comment. */
static enum stop
action_read(struct kyi_template_parse *parse, struct kyi_tnode **node,
    bool *trim, uint32_t loop_cnt)
{
	static const char *const named[] = { "define", "template", "block" };
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
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (keyword(parse, named[i]))
			return named_read(parse, named[i][0], from, node, trim);
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

int
kyi_template_text(struct kyi_template_parse *parse)
{
	size_t max_bytes = parse->name != NULL ? KYI_TEMPLATE_FILE_BYTES_MAX :
	    KYI_TEMPLATE_BYTES_MAX;
	struct kyi_template *template_;
	bool trim = false;
	enum stop stop;

	parse->error->error.text[0] = '\0';
	parse->error->at_bytes = 0;
	parse->at = parse->text;
	template_ = kyi_template_get(parse, sizeof(*template_));
	if (template_ == NULL)
		return -1;
	if (strlen(parse->text) > max_bytes)
		return kyi_template_wrong(parse, parse->text, "a template of "
		    "more than %zu bytes", max_bytes);
	*template_ = (struct kyi_template){.text = parse->text,
	    .name = parse->name, .var_cnt = TVAR_CNT, .set = parse->set};
	parse->template_ = template_;
	if (strstr(parse->text, "{{") == NULL)
		template_->looks = KYI_TEMPLATE_PLAIN;
	stop = nodes_read(parse, &template_->nodes, &trim, 0);
	if (stop == STOP_END || stop == STOP_ELSE)
		kyi_template_wrong(parse, parse->at, "unexpected {{%s}}",
		    stop == STOP_END ? "end" : "else");
	return parse->error->error.text[0] == '\0' ? 0 : -1;
}

struct kyi_template *
kyi_template_parse(struct kyi_arena *arena, const char *text,
    struct kyi_template_error *error)
{
	static const char *const names[TVAR_CNT] = { "", "labels",
		"externalLabels", "externalURL", "value" };
	struct kyi_template_parse parse = { .arena = arena, .text = text,
		.error = error };
	uint32_t i;

	for (i = 1; i < TVAR_CNT; i++)
		parse.vars[parse.var_cnt++] = (struct kyi_template_var){
		    .name = names[i], .name_bytes = strlen(names[i]),
		    .idx = i};
	return kyi_template_text(&parse) == 0 ? parse.template_ : NULL;
}

unsigned
kyi_template_looks(const struct kyi_template *template_)
{
	return template_->looks;
}
