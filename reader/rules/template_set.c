/* SPDX-License-Identifier: MIT */
/* Templates that others call by name: notifications'. */
#include <string.h>

#include "reader/rules/template_pipe.h"

#define NAMED_MAX 2000u

struct named {
	const char *name;
	struct kyi_template *template_;
	struct named *next;
};

/* A call of a template, whose text is called of. */
struct use {
	const char *name, *of, *text;
	size_t at_bytes;
	struct use *next;
};

struct kyi_template_set {
	struct kyi_arena *arena;
	const struct kyi_template_set *parent; /* asked for what is not here */
	struct named *named;
	struct use *uses;
	uint32_t cnt;
};

struct kyi_template_set *
kyi_template_set_new(struct kyi_arena *arena)
{
	struct kyi_template_set *set = kyi_arena_get(arena, sizeof(*set));

	if (set != NULL)
		set->arena = arena;
	return set;
}

const struct kyi_template *
kyi_template_find(const struct kyi_template_set *set, const char *name)
{
	const struct named *named;

	for (; set != NULL; set = set->parent)
		for (named = set->named; named != NULL; named = named->next)
			if (strcmp(named->name, name) == 0)
				return named->template_;
	return NULL;
}

bool
kyi_template_set_put(struct kyi_template_set *set, const char *called,
    struct kyi_template *template_)
{
	struct named *named = kyi_arena_get(set->arena, sizeof(*named));

	if (named == NULL || ++set->cnt > NAMED_MAX)
		return false;
	/* The newest is found first. */
	*named = (struct named){called, template_, set->named};
	set->named = named;
	return true;
}

bool
kyi_template_set_use(struct kyi_template_set *set, const char *called,
    const char *name, const char *text, size_t at_bytes)
{
	struct use *use = kyi_arena_get(set->arena, sizeof(*use));

	if (use == NULL)
		return false;
	*use = (struct use){called, name, text, at_bytes, set->uses};
	set->uses = use;
	return true;
}

int
kyi_template_set_add(struct kyi_template_set *set, const char *name,
    const char *text, struct kyi_template_error *error)
{
	struct kyi_template_parse parse = {.arena = set->arena, .text = text,
	    .set = set, .name = name, .error = error};

	if (kyi_template_text(&parse) != 0)
		return -1;
	return kyi_template_set_put(set, name, parse.template_) ? 0 :
	    kyi_template_wrong(&parse, text, "no memory, or too many "
	    "templates");
}

int
kyi_template_set_check(const struct kyi_template_set *set, const char **of,
    const char **text, struct kyi_template_error *error)
{
	const struct use *use;

	for (use = set->uses; use != NULL; use = use->next) {
		if (kyi_template_find(set, use->name) != NULL)
			continue;
		*of = use->of;
		*text = use->text;
		error->at_bytes = use->at_bytes;
		return kymo_error_set(&error->error, "no template is called "
		    "\"%.100s\": mend the name, or add the file that defines "
		    "it to templates", use->name);
	}
	return 0;
}

struct kyi_template *
kyi_template_parse_with(struct kyi_arena *arena,
    const struct kyi_template_set *set, const char *text,
    struct kyi_template_error *error)
{
	struct kyi_template_parse parse = {.arena = arena, .text = text,
	    .error = error};
	const char *of, *of_text;

	parse.set = kyi_template_set_new(arena);
	if (parse.set == NULL) {
		kymo_error_set(&error->error, "no memory");
		return NULL;
	}
	parse.set->parent = set;
	if (kyi_template_text(&parse) != 0 ||
	    kyi_template_set_check(parse.set, &of, &of_text, error) != 0)
		return NULL;
	return parse.template_;
}
