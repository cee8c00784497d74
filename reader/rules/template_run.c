/* SPDX-License-Identifier: MIT */
/* Expanding a template: its tree is walked, within bounds. */
#include "reader/rules/template_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum walk { WALK_ON, WALK_BREAK, WALK_CONTINUE, WALK_FAILED };

static int pipe_eval(struct kyi_template_run *run, const struct kyi_pipe *pipe,
    const struct kyi_tv *dot, struct kyi_tv *result);
static enum walk nodes_walk(struct kyi_template_run *run,
    const struct kyi_tnode *node, const struct kyi_tv *dot);

int
kyi_template_fail(struct kyi_template_run *run, const char *format, ...)
{
	char text[300];
	va_list args;

	if (run->failed)
		return -1;
	run->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kymo_error_set(run->error, "%s", text);
}

int
kyi_template_fail_at(struct kyi_template_run *run, uint32_t from_bytes, uint32_t to_bytes)
{
	const char *text = run->template_->text, *at;
	const char *name = run->template_->name;
	struct kymo_error said = *run->error;
	size_t line = 1, line_from = 0;
	int len = (int)(to_bytes - from_bytes);

	if (run->placed)
		return -1;
	run->placed = true;
	for (at = text; at < text + from_bytes; at++)
		if (*at == '\n') {
			line++;
			line_from = (size_t)(at - text) + 1;
		}
	return kymo_error_set(run->error, "%.100s%s%zu:%zu: at <%.*s%s>: %s",
	    name == NULL ? "" : name, name == NULL ? "" : ":", line,
	    from_bytes - line_from + 1, len > 40 ? 40 : len, text + from_bytes,
	    len > 40 ? "..." : "", said.text);
}

static int
step(struct kyi_template_run *run)
{
	if (++run->step_cnt > KYI_TEMPLATE_STEPS_MAX)
		return kyi_template_fail(run, "more than %u steps",
		    KYI_TEMPLATE_STEPS_MAX);
	if (run->out->len_bytes - run->out_from_bytes > run->bytes_max)
		return kyi_template_fail(run, "it gives more than %zu bytes",
		    run->bytes_max);
	if (run->out->failed)
		return kyi_template_fail(run, "no memory");
	return 0;
}

/* ---- operands ------------------------------------------------------------------ */

/* An operand without the last skip_cnt of its fields. */
static int
operand_part(struct kyi_template_run *run, const struct kyi_operand *operand,
    uint32_t skip_cnt, const struct kyi_tv *dot, struct kyi_tv *result)
{
	uint32_t i;

	switch (operand->kind) {
	case TO_DOT: *result = *dot; break;
	case TO_CONST: *result = operand->value; break;
	case TO_VAR: *result = run->vars[operand->var_idx]; break;
	case TO_FUNC:
		if (kyi_template_call(run, operand->func, NULL, 0, result) != 0)
			goto fail;
		break;
	case TO_PIPE:
		if (pipe_eval(run, operand->pipe, dot, result) != 0)
			goto fail;
		break;
	}
	for (i = 0; i + skip_cnt < operand->field_cnt; i++)
		if (kyi_tv_field(run, result, operand->fields[i], result) != 0)
			goto fail;
	return 0;
fail:
	return kyi_template_fail_at(run, operand->from_bytes, operand->to_bytes);
}

static int
operand_eval(struct kyi_template_run *run, const struct kyi_operand *operand,
    const struct kyi_tv *dot, struct kyi_tv *result)
{
	return operand_part(run, operand, 0, dot, result);
}

/* .EndsAt.Sub .StartsAt: the last field is a method. */
static int
method_call(struct kyi_template_run *run, const struct kyi_operand *operand,
    const struct kyi_tv *args, uint32_t cnt, const struct kyi_tv *dot,
    struct kyi_tv *result)
{
	const char *name = operand->fields[operand->field_cnt - 1];
	struct kyi_tv of;
	int found;

	if (operand_part(run, operand, 1, dot, &of) != 0)
		return -1;
	found = kyi_tv_method(run, &of, name, args, cnt, result);
	if (found > 0)
		return 0;
	return found < 0 ? -1 : kyi_template_fail(run, "%s is not a method but "
	    "has arguments", name);
}

/* and, or: what decides them ends them; what stands behind is not asked. */
static int
logic_eval(struct kyi_template_run *run, const struct kyi_command *command,
    const struct kyi_tv *last, const struct kyi_tv *dot, bool is_or,
    struct kyi_tv *result)
{
	const struct kyi_operand *arg = command->args->next;

	if (arg == NULL && last == NULL)
		return kyi_template_fail(run, "wrong number of args for %s: "
		    "want at least 1 got 0", is_or ? "or" : "and");
	for (; arg != NULL; arg = arg->next) {
		if (operand_eval(run, arg, dot, result) != 0)
			return -1;
		if (kyi_tv_true(result) == is_or)
			return 0;
	}
	if (last != NULL)
		*result = *last;
	return 0;
}

static int
command_eval(struct kyi_template_run *run, const struct kyi_command *command,
    const struct kyi_tv *last, const struct kyi_tv *dot, struct kyi_tv *result)
{
	struct kyi_tv args[KYI_TEMPLATE_ARGS_MAX + 1];
	const struct kyi_operand *first = command->args, *arg;
	uint32_t cnt = 0;

	if (step(run) != 0)
		goto fail;
	if (first->kind != TO_FUNC && first->next == NULL && last == NULL)
		return operand_eval(run, first, dot, result);
	if (first->kind == TO_FUNC && (strcmp(first->func->name, "and") == 0 ||
	    strcmp(first->func->name, "or") == 0)) {
		if (logic_eval(run, command, last, dot,
		    first->func->name[0] == 'o', result) != 0)
			goto fail;
		return 0;
	}
	for (arg = first->next; arg != NULL; arg = arg->next)
		if (operand_eval(run, arg, dot, &args[cnt++]) != 0)
			return -1;
	if (last != NULL)
		args[cnt++] = *last;
	if ((first->kind == TO_FUNC ? kyi_template_call(run, first->func, args,
	    cnt, result) : method_call(run, first, args, cnt, dot,
	    result)) == 0)
		return 0;
fail:
	arg = first;
	while (arg->next != NULL)
		arg = arg->next;
	return kyi_template_fail_at(run, first->from_bytes, arg->to_bytes);
}

static int
pipe_eval(struct kyi_template_run *run, const struct kyi_pipe *pipe,
    const struct kyi_tv *dot, struct kyi_tv *result)
{
	const struct kyi_command *command;
	struct kyi_tv value, last;
	bool is_first = true;

	for (command = pipe->commands; command != NULL;
	    command = command->next) {
		if (pipe == run->unescaped && command->next == NULL)
			break;
		if (command_eval(run, command, is_first ? NULL : &last, dot,
		    &value) != 0)
			return -1;
		last = value;
		is_first = false;
	}
	*result = last;
	if (pipe->var_cnt == 1)
		run->vars[pipe->var_idx[0]] = last;
	return 0;
}

/* ---- nodes ----------------------------------------------------------------------- */

static enum walk
round_walk(struct kyi_template_run *run, const struct kyi_tnode *node,
    struct kyi_tv key, struct kyi_tv element)
{
	const struct kyi_pipe *pipe = node->pipe;

	if (pipe->var_cnt > 0)
		run->vars[pipe->var_idx[pipe->var_cnt - 1]] = element;
	if (pipe->var_cnt == 2)
		run->vars[pipe->var_idx[0]] = key;
	if (step(run) != 0) {
		kyi_template_fail_at(run, pipe->from_bytes, pipe->to_bytes);
		return WALK_FAILED;
	}
	return nodes_walk(run, node->body, &element);
}

static uint32_t
range_cnt(const struct kyi_tv *over)
{
	if (over->kind == TV_LABELS)
		return over->labels == NULL ? 0 : over->labels->cnt;
	if (over->kind == TV_MAP)
		return over->map->cnt;
	if (over->kind == TV_INT)
		return over->n < 0 ? 0 : over->n > UINT32_MAX ? UINT32_MAX :
		    (uint32_t)over->n;
	return over->list->cnt;
}

static enum walk
range_walk(struct kyi_template_run *run, const struct kyi_tnode *node,
    const struct kyi_tv *over, const struct kyi_tv *dot)
{
	uint32_t cnt, i;

	if (over->kind == TV_NIL)
		return nodes_walk(run, node->other, dot);
	if (over->kind != TV_LABELS && over->kind != TV_VECTOR &&
	    over->kind != TV_ARGS && over->kind != TV_INT &&
	    over->kind != TV_LIST && over->kind != TV_MAP) {
		kyi_template_fail(run, "range can't iterate over %s",
		    kyi_tv_type(over));
		kyi_template_fail_at(run, node->pipe->from_bytes, node->pipe->to_bytes);
		return WALK_FAILED;
	}
	cnt = range_cnt(over);
	for (i = 0; i < cnt; i++) {
		struct kyi_tv key = {.kind = TV_INT, .n = i}, element = key;
		enum walk walk;

		if (over->kind == TV_LABELS) {
			key = (struct kyi_tv){.kind = TV_STR,
			    .str = over->labels->at[i].key};
			element = (struct kyi_tv){.kind = TV_STR,
			    .str = over->labels->at[i].value};
		} else if (over->kind == TV_MAP) {
			key = (struct kyi_tv){.kind = TV_STR,
			    .str = over->map->at[i].key};
			element = over->map->at[i].value;
		} else if (over->kind != TV_INT)
			element = over->list->at[i];
		walk = round_walk(run, node, key, element);
		if (walk == WALK_BREAK)
			break;
		if (walk == WALK_FAILED)
			return walk;
	}
	return cnt == 0 ? nodes_walk(run, node->other, dot) : WALK_ON;
}

/* Another template, with variables of its own; its $ is its dot. */
static enum walk
template_walk(struct kyi_template_run *run, const struct kyi_tnode *node,
    const struct kyi_tv *dot)
{
	const struct kyi_template *outer = run->template_, *inner;
	struct kyi_tv *vars = run->vars, value = {.kind = TV_NIL};
	enum walk walk;

	if (node->pipe != NULL && pipe_eval(run, node->pipe, dot, &value) != 0)
		return WALK_FAILED;
	inner = kyi_template_find(outer->set, node->text);
	run->vars = inner == NULL ? NULL : kyi_arena_array(run->arena,
	    inner->var_cnt, sizeof(run->vars[0]));
	if (run->vars == NULL) {
		run->vars = vars;
		kyi_template_fail(run, inner == NULL ? "template \"%.100s\" "
		    "not defined" : "no memory for template \"%.100s\"",
		    node->text);
		kyi_template_fail_at(run, (uint32_t)node->text_bytes,
		    (uint32_t)node->text_bytes + 8);
		return WALK_FAILED;
	}
	memcpy(run->vars, vars, TVAR_CNT * sizeof(vars[0]));
	run->vars[TVAR_DOT] = value;
	run->template_ = inner;
	walk = nodes_walk(run, inner->nodes, &value);
	run->template_ = outer;
	run->vars = vars;
	return walk;
}

static enum walk
node_walk(struct kyi_template_run *run, const struct kyi_tnode *node,
    const struct kyi_tv *dot)
{
	struct kyi_tv value;

	if (node->kind == TN_TEXT)
		return kyi_template_put_text(run, node) == 0 ? WALK_ON :
		    WALK_FAILED;
	if (node->kind == TN_TEMPLATE)
		return template_walk(run, node, dot);
	if (node->kind == TN_BREAK || node->kind == TN_CONTINUE)
		return node->kind == TN_BREAK ? WALK_BREAK : WALK_CONTINUE;
	run->unescaped = node->kind == TN_PIPE && run->data->pages &&
	    kyi_template_escaper(node->pipe) != NULL ? node->pipe : NULL;
	if (pipe_eval(run, node->pipe, dot, &value) != 0)
		return WALK_FAILED;
	switch (node->kind) {
	case TN_PIPE:
		return kyi_template_put(run, node->pipe, &value) == 0 ?
		    WALK_ON : WALK_FAILED;
	case TN_RANGE:
		return range_walk(run, node, &value, dot);
	default:
		if (!kyi_tv_true(&value))
			return nodes_walk(run, node->other, dot);
		return nodes_walk(run, node->body,
		    node->kind == TN_WITH ? &value : dot);
	}
}

static enum walk
nodes_walk(struct kyi_template_run *run, const struct kyi_tnode *node,
    const struct kyi_tv *dot)
{
	enum walk walk = WALK_ON;

	if (++run->depth > KYI_TEMPLATE_CALLS_MAX) {
		kyi_template_fail(run, "templates call each other more than "
		    "%u levels deep", KYI_TEMPLATE_CALLS_MAX);
		return WALK_FAILED;
	}
	for (; node != NULL && walk == WALK_ON; node = node->next)
		walk = step(run) != 0 ? WALK_FAILED :
		    node_walk(run, node, dot);
	run->depth--;
	return walk;
}

static void
vars_set(struct kyi_template_run *run)
{
	const struct kyi_template_data *data = run->data;
	struct kyi_tv *vars = run->vars;

	vars[TVAR_DOT] = data->dot != NULL ? *data->dot :
	    (struct kyi_tv){.kind = TV_DATA};
	vars[TVAR_LABELS] = (struct kyi_tv){.kind = TV_LABELS,
	    .labels = data->labels};
	vars[TVAR_EXTERNAL] = (struct kyi_tv){.kind = TV_LABELS,
	    .labels = data->external_labels};
	vars[TVAR_URL] = (struct kyi_tv){.kind = TV_STR,
	    .str = data->external_url == NULL ? "" : data->external_url};
	if (data->hist != NULL)
		vars[TVAR_VALUE] = (struct kyi_tv){.kind = TV_HIST,
		    .hist = data->hist};
	else
		vars[TVAR_VALUE] = (struct kyi_tv){.kind = TV_FLOAT,
		    .d = data->value};
}

int
kyi_template_expand(const struct kyi_template *template_,
    const struct kyi_template_data *data, struct kymo_buffer *out,
    struct kymo_error *error)
{
	struct kyi_template_run run = {.template_ = template_, .data = data,
	    .out = out, .out_from_bytes = out->len_bytes, .error = error,
	    .bytes_max = data->bytes_max > 0 ? data->bytes_max :
	    KYI_TEMPLATE_BYTES_MAX};
	enum walk walk = WALK_FAILED;
	uint32_t i;

	if (template_->looks & KYI_TEMPLATE_PLAIN && data->put == NULL) {
		kymo_buffer_str(out, template_->text);
		return out->failed ? kymo_error_set(error, "no memory") : 0;
	}
	run.arena = kyi_arena_new(KYI_TEMPLATE_ROOM_BYTES_MAX);
	if (run.arena != NULL)
		run.vars = kyi_arena_get(run.arena,
		    template_->var_cnt * sizeof(run.vars[0]));
	if (run.vars == NULL)
		kyi_template_fail(&run, "no memory");
	else {
		vars_set(&run);
		walk = nodes_walk(&run, template_->nodes, &run.vars[TVAR_DOT]);
		if (walk != WALK_FAILED && step(&run) != 0)
			walk = WALK_FAILED;
	}
	for (i = 0; i < run.result_cnt; i++)
		data->done(data->of, run.results[i]);
	free(run.results);
	kyi_arena_delete(run.arena);
	if (walk != WALK_FAILED)
		return 0;
	out->len_bytes = run.out_from_bytes;
	if (out->at != NULL)
		out->at[out->len_bytes] = '\0';
	return -1;
}
