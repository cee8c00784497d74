/* SPDX-License-Identifier: MIT */
/* What stands between braces: pipelines, commands, operands. */
#include "reader/rules/template_pipe.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int
kyi_template_wrong(struct kyi_template_parse *parse, const char *at,
    const char *format, ...)
{
	char text[300];
	va_list args;

	if (parse->error->error.text[0] != '\0')
		return -1;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	parse->error->at_bytes = (size_t)(at - parse->text);
	return kymo_error_set(&parse->error->error, "%s", text);
}

void *
kyi_template_get(struct kyi_template_parse *parse, size_t size_bytes)
{
	void *room = kyi_arena_get(parse->arena, size_bytes);

	if (room == NULL)
		kyi_template_wrong(parse, parse->at, "no memory");
	return room;
}

void
kyi_template_space(struct kyi_template_parse *parse)
{
	parse->at += strspn(parse->at, " \t\r\n");
}

size_t
kyi_template_word(const struct kyi_template_parse *parse)
{
	size_t len_bytes = 0;

	if (isdigit((unsigned char)parse->at[0]))
		return 0;
	while (kyi_template_is_word(parse->at[len_bytes]))
		len_bytes++;
	return len_bytes;
}

static const char *
text_keep(struct kyi_template_parse *parse, const char *text,
    size_t len_bytes)
{
	char *kept = kyi_arena_text(parse->arena, text, len_bytes);

	if (kept == NULL)
		kyi_template_wrong(parse, text, "no memory");
	return kept;
}

/* ---- operands ------------------------------------------------------------------ */

static int
var_read(struct kyi_template_parse *parse, struct kyi_operand *operand)
{
	const char *from = parse->at++;
	size_t len_bytes = kyi_template_word(parse);
	uint32_t i = parse->var_cnt;

	parse->at += len_bytes;
	operand->kind = TO_VAR;
	if (len_bytes == 0) {
		operand->var_idx = TVAR_DOT;
		return 0;
	}
	while (i-- > 0)
		if (parse->vars[i].name_bytes == len_bytes &&
		    memcmp(parse->vars[i].name, from + 1, len_bytes) == 0) {
			operand->var_idx = parse->vars[i].idx;
			if (operand->var_idx == TVAR_VALUE)
				parse->template_->looks |= KYI_TEMPLATE_VALUE;
			return 0;
		}
	return kyi_template_wrong(parse, from, "undefined variable \"$%.*s\"",
	    (int)len_bytes, from + 1);
}

static int
word_read(struct kyi_template_parse *parse, struct kyi_operand *operand)
{
	const char *from = parse->at;
	size_t len_bytes = kyi_template_word(parse);

	if (len_bytes == 0)
		return kyi_template_wrong(parse, from, "unexpected %s%.*s%s in "
		    "operand", *from == '\0' ? "end" : "\"",
		    *from == '\0' ? 0 : 1, from, *from == '\0' ? "" : "\"");
	parse->at += len_bytes;
	operand->kind = TO_CONST;
	if (len_bytes == 4 && memcmp(from, "true", 4) == 0) {
		operand->value = (struct kyi_tv){.kind = TV_BOOL,
		    .flag = true};
		return 0;
	}
	if (len_bytes == 5 && memcmp(from, "false", 5) == 0) {
		operand->value = (struct kyi_tv){.kind = TV_BOOL};
		return 0;
	}
	if (len_bytes == 3 && memcmp(from, "nil", 3) == 0)
		return 0;
	operand->kind = TO_FUNC;
	operand->func = kyi_template_func_find(from, len_bytes,
	    parse->set != NULL);
	if (operand->func == NULL)
		return kyi_template_wrong(parse, from,
		    "function \"%.*s\" not defined", (int)len_bytes, from);
	/* What these say changes, though the value does not. */
	if (strcmp(operand->func->name, "query") == 0 ||
	    strncmp(operand->func->name, "anomaly", 7) == 0)
		parse->template_->looks |= KYI_TEMPLATE_QUERY;
	return 0;
}

/* .a.b behind an operand, or as one. */
static int
fields_read(struct kyi_template_parse *parse, struct kyi_operand *operand)
{
	const char *names[KYI_TEMPLATE_ARGS_MAX];
	uint32_t cnt = 0;

	while (*parse->at == '.' && cnt < KYI_TEMPLATE_ARGS_MAX) {
		size_t len_bytes;

		parse->at++;
		len_bytes = kyi_template_word(parse);
		if (len_bytes == 0)
			return kyi_template_wrong(parse, parse->at - 1,
			    "a name is missing after \".\"");
		names[cnt] = text_keep(parse, parse->at, len_bytes);
		if (names[cnt] == NULL)
			return -1;
		if (strcmp(names[cnt++], "Value") == 0)
			parse->template_->looks |= KYI_TEMPLATE_VALUE;
		parse->at += len_bytes;
	}
	if (cnt == 0)
		return 0;
	if (operand->kind == TO_FUNC || operand->kind == TO_CONST)
		return kyi_template_wrong(parse, parse->at,
		    "unexpected . after %s", operand->kind == TO_FUNC ?
		    "function" : "constant");
	operand->fields = kyi_template_get(parse, cnt * sizeof(names[0]));
	if (operand->fields == NULL)
		return -1;
	memcpy(operand->fields, names, cnt * sizeof(names[0]));
	operand->field_cnt = cnt;
	return 0;
}

static int
parens_read(struct kyi_template_parse *parse, struct kyi_operand *operand)
{
	const char *from = parse->at++;

	operand->kind = TO_PIPE;
	operand->pipe = kyi_template_pipe(parse, false);
	if (operand->pipe == NULL)
		return -1;
	if (*parse->at != ')')
		return kyi_template_wrong(parse, from, "unclosed left paren");
	parse->at++;
	return 0;
}

static int
operand_read(struct kyi_template_parse *parse, struct kyi_operand *operand)
{
	char c = *parse->at;
	int result = 0;

	operand->from_bytes = (uint32_t)(parse->at - parse->text);
	if (c == '"' || c == '`' || c == '\'')
		result = kyi_template_quoted(parse, &operand->value);
	else if (c == '$')
		result = var_read(parse, operand);
	else if (c == '(')
		result = parens_read(parse, operand);
	else if (isdigit((unsigned char)c) || c == '+' || c == '-' ||
	    (c == '.' && isdigit((unsigned char)parse->at[1])))
		result = kyi_template_number(parse, &operand->value);
	else if (c == '.') {
		operand->kind = TO_DOT;
		if (!kyi_template_is_word(parse->at[1]))
			parse->at++;
	} else
		result = word_read(parse, operand);
	if (c == '"' || c == '`' || c == '\'' || operand->value.kind != TV_NIL)
		operand->kind = TO_CONST;
	if (result == 0)
		result = fields_read(parse, operand);
	operand->to_bytes = (uint32_t)(parse->at - parse->text);
	return result;
}

/* ---- pipelines ------------------------------------------------------------------- */

static bool
at_end(const struct kyi_template_parse *parse)
{
	return *parse->at == '\0' || *parse->at == ')' || *parse->at == '|' ||
	    strncmp(parse->at, "}}", 2) == 0 ||
	    (strncmp(parse->at, "-}}", 3) == 0 && parse->at > parse->text &&
	    strchr(" \t\r\n", parse->at[-1]) != NULL);
}

/* A function, or a field that may be a method. */
static bool
is_call(const struct kyi_template_parse *parse,
    const struct kyi_operand *operand)
{
	return operand->kind == TO_FUNC ||
	    (parse->set != NULL && operand->field_cnt > 0);
}

static struct kyi_command *
command_read(struct kyi_template_parse *parse)
{
	struct kyi_command *command = kyi_template_get(parse,
	    sizeof(*command));
	struct kyi_operand **last;

	if (command == NULL)
		return NULL;
	last = &command->args;
	kyi_template_space(parse);
	while (!at_end(parse)) {
		*last = kyi_template_get(parse, sizeof(**last));
		if (*last == NULL || operand_read(parse, *last) != 0)
			return NULL;
		last = &(*last)->next;
		if (++command->arg_cnt > KYI_TEMPLATE_ARGS_MAX) {
			kyi_template_wrong(parse, parse->at, "more than %u "
			    "arguments", KYI_TEMPLATE_ARGS_MAX);
			return NULL;
		}
		if (!at_end(parse) && strchr(" \t\r\n", *parse->at) == NULL &&
		    *parse->at != '(' ) {
			kyi_template_wrong(parse, parse->at, "unexpected "
			    "\"%.1s\" after an operand", parse->at);
			return NULL;
		}
		kyi_template_space(parse);
	}
	if (command->arg_cnt == 0) {
		kyi_template_wrong(parse, parse->at, "missing value for "
		    "command");
		return NULL;
	}
	if (command->arg_cnt > 1 && !is_call(parse, command->args)) {
		kyi_template_wrong(parse, parse->text +
		    command->args->from_bytes, "can't give argument to "
		    "non-function %.*s", (int)(command->args->to_bytes -
		    command->args->from_bytes), parse->text +
		    command->args->from_bytes);
		return NULL;
	}
	return command;
}

static int
var_new(struct kyi_template_parse *parse, const char *name, size_t name_bytes,
    uint32_t *idx)
{
	if (parse->var_cnt == KYI_TEMPLATE_VARS_MAX)
		return kyi_template_wrong(parse, name, "more than %u variables",
		    KYI_TEMPLATE_VARS_MAX);
	*idx = parse->template_->var_cnt++;
	parse->vars[parse->var_cnt++] = (struct kyi_template_var){
	    .name = name, .name_bytes = name_bytes, .idx = *idx};
	return 0;
}

/* "$x :=", "$x =" and, of range, "$i, $x :=". What is set is seen only behind
   the pipeline, but nothing is lost by seeing it in it. Leaves parse->at where
   it was if this is no declaration. */
static int
vars_read(struct kyi_template_parse *parse, struct kyi_pipe *pipe,
    bool is_range)
{
	const char *from = parse->at, *names[2];
	size_t name_bytes[2];
	struct kyi_operand known;
	uint32_t cnt = 0, i;

	while (*parse->at == '$' && cnt < (is_range ? 2u : 1u)) {
		parse->at++;
		names[cnt] = parse->at;
		name_bytes[cnt] = kyi_template_word(parse);
		parse->at += name_bytes[cnt++];
		kyi_template_space(parse);
		if (*parse->at != ',' || !is_range)
			break;
		parse->at++;
		kyi_template_space(parse);
	}
	if (cnt > 0 && parse->at[0] == ':' && parse->at[1] == '=') {
		parse->at += 2;
		for (i = 0; i < cnt; i++)
			if (var_new(parse, names[i], name_bytes[i],
			    &pipe->var_idx[i]) != 0)
				return -1;
	} else if (cnt > 0 && parse->at[0] == '=') {
		const char *behind = parse->at + 1;

		for (i = 0; i < cnt; i++) {
			memset(&known, 0, sizeof(known));
			parse->at = names[i] - 1;
			if (var_read(parse, &known) != 0)
				return -1;
			pipe->var_idx[i] = known.var_idx;
		}
		parse->at = behind;
	} else {
		parse->at = from;
		cnt = 0;
	}
	pipe->var_cnt = cnt;
	return 0;
}

struct kyi_pipe *
kyi_template_pipe(struct kyi_template_parse *parse, bool is_range)
{
	struct kyi_pipe *pipe = kyi_template_get(parse, sizeof(*pipe));
	struct kyi_command **last;

	if (pipe == NULL)
		return NULL;
	if (++parse->depth > KYI_TEMPLATE_DEPTH_MAX) {
		kyi_template_wrong(parse, parse->at, "nested too deep");
		return NULL;
	}
	kyi_template_space(parse);
	pipe->from_bytes = (uint32_t)(parse->at - parse->text);
	if (vars_read(parse, pipe, is_range) != 0)
		return NULL;
	last = &pipe->commands;
	do {
		if (*parse->at == '|')
			parse->at++;
		*last = command_read(parse);
		if (*last == NULL)
			return NULL;
		if (last != &pipe->commands &&
		    !is_call(parse, (*last)->args)) {
			kyi_template_wrong(parse, parse->text +
			    (*last)->args->from_bytes, "non executable command "
			    "in pipeline stage");
			return NULL;
		}
		last = &(*last)->next;
	} while (*parse->at == '|');
	pipe->to_bytes = (uint32_t)(parse->at - parse->text);
	parse->depth--;
	return pipe;
}
