/* SPDX-License-Identifier: MIT */
/* What templates write: their own text, and what actions print. */
#include "reader/rules/template_private.h"

#include <string.h>

/* What is written for somebody who escapes by where it stands. */
static int
from_put(struct kyi_template_run *run, const char *text, size_t len_bytes,
    enum kyi_template_from from)
{
	const char *why = run->data->put(run->data->put_of, run->out, text,
	    len_bytes, from);

	return why == NULL ? 0 : kyi_template_fail(run, "%s", why);
}

const char *
kyi_template_escaper(const struct kyi_pipe *pipe)
{
	const struct kyi_command *command = pipe->commands;

	if (pipe->var_cnt > 0 || command->next == NULL)
		return NULL;
	while (command->next != NULL)
		command = command->next;
	return command->arg_cnt == 1 && command->args->kind == TO_FUNC &&
	    (strcmp(command->args->func->name, "html") == 0 ||
	    strcmp(command->args->func->name, "urlquery") == 0) ?
	    command->args->func->name : NULL;
}

static bool
is_constant(const struct kyi_pipe *pipe)
{
	const struct kyi_command *command = pipe->commands;

	return command->next == NULL && command->arg_cnt == 1 &&
	    command->args->kind == TO_CONST;
}

static int
value_from(struct kyi_template_run *run, const struct kyi_pipe *pipe,
    const struct kyi_tv *value)
{
	struct kymo_buffer text = {0};
	int status;

	kymo_buffer_str(&text, "");
	kyi_tv_print(&text, value);
	run->out->failed |= text.failed;
	status = text.failed ? 0 : from_put(run, text.at, text.len_bytes,
	    run->unescaped == pipe ? kyi_template_escaper(pipe)[0] == 'u' ?
	    KYI_FROM_QUERY : KYI_FROM_ENTITIES : value->kind == TV_RAW ? KYI_FROM_SAFE :
	    is_constant(pipe) ?
	    KYI_FROM_CONSTANT : KYI_FROM_VALUE);
	kymo_buffer_free(&text);
	return status == 0 ? 0 : kyi_template_fail_at(run, pipe->from_bytes,
	    pipe->to_bytes);
}

static void
value_put(struct kyi_template_run *run, const struct kyi_tv *value)
{
	struct kymo_buffer text = {0};

	if (run->data->escape == NULL || value->kind == TV_RAW) {
		kyi_tv_print(run->out, value);
		return;
	}
	kyi_tv_print(&text, value);
	run->out->failed |= text.failed;
	if (!text.failed && text.len_bytes > 0 && value->kind != TV_NIL)
		run->data->escape(run->out, text.at);
	kymo_buffer_free(&text);
}

int
kyi_template_put(struct kyi_template_run *run, const struct kyi_pipe *pipe,
    const struct kyi_tv *value)
{
	if (pipe->var_cnt > 0)
		return 0;
	if (run->data->put != NULL)
		return value_from(run, pipe, value);
	value_put(run, value);
	return 0;
}

int
kyi_template_put_text(struct kyi_template_run *run,
    const struct kyi_tnode *node)
{
	uint32_t at;

	if (run->data->put == NULL) {
		kymo_buffer_add(run->out, node->text, node->text_bytes);
		return 0;
	}
	if (from_put(run, node->text, node->text_bytes, KYI_FROM_TEXT) == 0)
		return 0;
	at = (uint32_t)(node->text - run->template_->text);
	return kyi_template_fail_at(run, at, at + (uint32_t)node->text_bytes);
}
