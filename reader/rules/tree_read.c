/* SPDX-License-Identifier: MIT */
/* What is in a tree, and where it is wrong. */
#include "reader/rules/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/nearest.h"
#include "reader/rules/duration.h"

static void __attribute__((format(printf, 5, 0)))
say_at(struct kyi_faults *faults, const struct kyi_tree *tree, uint32_t line,
    uint32_t column, const char *format, va_list args)
{
	struct kymo_error error;
	char text[sizeof(error.text)];

	vsnprintf(text, sizeof(text), format, args);
	kymo_error_set(&error, "%s:%u:%u: %s", tree->name, line, column, text);
	faults->cnt++;
	faults->say(faults->of, error.text);
}

void
kyi_fault(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_at(faults, tree, node->line, node->column, format, args);
	va_end(args);
}

void
kyi_fault_key(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_at(faults, tree, node->key_line, node->key_column, format, args);
	va_end(args);
}

void
kyi_fault_at(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, size_t at_bytes, const char *format, ...)
{
	uint32_t line, column;
	va_list args;

	kyi_tree_place(tree, node, at_bytes, &line, &column);
	va_start(args, format);
	say_at(faults, tree, line, column, format, args);
	va_end(args);
}

/* ---- places -------------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct place {
	const char *at;
	uint32_t line, column;
};

static void
forward(struct place *place)
{
	if (*place->at == '\n') {
		place->line++;
		place->column = 1;
	} else if (((unsigned char)place->at[1] & 0xc0) != 0x80)
		place->column++;
	place->at++;
}

/* However YAML folds, indents and joins lines, what is no space stays in its
   order: the n-th such character of the text is the n-th in the file, but for
   the quotes and escapes of quoted ones. */
void
kyi_tree_place(const struct kyi_tree *tree, const struct kyi_tree_node *node,
    size_t at_bytes, uint32_t *line, uint32_t *column)
{
	struct place place = {tree->source, 1, 1};
	size_t len_bytes = node->text == NULL ? 0 : strlen(node->text),
	    ink_cnt = 0, i;
	bool block = node->style == '|' || node->style == '>';

	if (at_bytes > len_bytes)
		at_bytes = len_bytes;
	/* A place behind the last word is right behind it. */
	for (i = 0; i < at_bytes; i++)
		ink_cnt += !is_space(node->text[i]);
	while (*place.at != '\0' && (place.line < node->line ||
	    (place.line == node->line && place.column < node->column)))
		forward(&place);
	if (block)
		while (*place.at != '\0' && *place.at != '\n')
			forward(&place);
	else if (node->style != 0 && *place.at != '\0')
		forward(&place);
	while (*place.at != '\0' && (ink_cnt > 0 || is_space(*place.at))) {
		bool ink = !is_space(*place.at);

		/* What is meant is a space, or the end. */
		if (ink_cnt == 0 && (at_bytes == len_bytes ||
		    is_space(node->text[at_bytes])) && at_bytes > 0)
			break;
		if ((node->style == '"' && *place.at == '\\') ||
		    (node->style == '\'' && *place.at == '\'')) {
			forward(&place);
			ink = *place.at != '\0' &&
			    strchr("ntr \t\n", *place.at) == NULL;
		}
		if (*place.at != '\0')
			forward(&place);
		ink_cnt -= ink && ink_cnt > 0;
	}
	*line = place.line;
	*column = place.column;
}

/* ---- values -------------------------------------------------------------------- */

const struct kyi_tree_node *
kyi_tree_get(const struct kyi_tree_node *map, const char *key)
{
	const struct kyi_tree_node *value;

	if (map == NULL || map->kind != KYI_TREE_MAP)
		return NULL;
	for (value = map->first; value != NULL; value = value->next)
		if (strcmp(value->key, key) == 0)
			return value;
	return NULL;
}

void
kyi_tree_keys(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *map, const char *what, const char *const *keys,
    size_t cnt)
{
	const struct kyi_tree_node *value;
	const char *near;
	size_t i;

	for (value = map->first; value != NULL; value = value->next) {
		for (i = 0; i < cnt && strcmp(keys[i], value->key) != 0; i++)
			;
		if (i < cnt)
			continue;
		near = kyi_nearest(value->key, keys, cnt);
		kyi_fault_key(faults, tree, value, "%s has no key '%.60s'; %s%s%s",
		    what, value->key, near == NULL ? "leave it out" : "is it '",
		    near == NULL ? "" : near, near == NULL ? "" : "'?");
	}
}

static const char *
kind_name(enum kyi_tree_kind kind)
{
	switch (kind) {
	case KYI_TREE_NULL: return "nothing";
	case KYI_TREE_TEXT: return "a text";
	case KYI_TREE_LIST: return "a list";
	default: return "keys and values";
	}
}

bool
kyi_tree_is(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, enum kyi_tree_kind kind)
{
	if (node == NULL || node->kind == KYI_TREE_NULL)
		return false;
	if (node->kind == kind)
		return true;
	kyi_fault(faults, tree, node, "expected %s, found %s", kind_name(kind),
	    kind_name(node->kind));
	return false;
}

bool
kyi_tree_text(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *what, const char **text)
{
	if (node == NULL || node->kind == KYI_TREE_NULL)
		return false;
	if (node->kind != KYI_TREE_TEXT) {
		kyi_fault(faults, tree, node, "expected %s, found %s", what,
		    kind_name(node->kind));
		return false;
	}
	*text = node->text;
	return true;
}

bool
kyi_tree_duration(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, int64_t *ms)
{
	const char *text;

	if (!kyi_tree_text(faults, tree, node, "a duration", &text))
		return false;
	if (kyi_prom_duration_parse(ms, text))
		return true;
	if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0')
		kyi_fault(faults, tree, node, "'%.30s' has no unit; write %.30ss "
		    "or %.30sm", text, text, text);
	else
		kyi_fault(faults, tree, node, "'%.60s' is not a duration; write "
		    "one as 30s, 5m, 1h30m or 250ms", text);
	return false;
}

bool
kyi_tree_number(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, double *number)
{
	const char *text;
	char *end;

	if (!kyi_tree_text(faults, tree, node, "a number", &text))
		return false;
	/* YAML's own names of what no digits can say. */
	if (strcasecmp(text, ".nan") == 0 || strcasecmp(text, ".inf") == 0 ||
	    strcasecmp(text, "-.inf") == 0 || strcasecmp(text, "+.inf") == 0) {
		*number = strtod(text[0] == '-' ? "-inf" :
		    text[1] == 'n' || text[1] == 'N' ? "nan" : "inf", NULL);
		return true;
	}
	*number = strtod(text, &end);
	if (text[0] != '\0' && *end == '\0')
		return true;
	kyi_fault(faults, tree, node, "expected a number, found '%.60s'", text);
	return false;
}
