/* SPDX-License-Identifier: MIT */
/* The two halves of the template parser: what stands between braces, and how
   pieces of text and braces make a tree. */
#ifndef KYI_RULES_TEMPLATE_PIPE_H
#define KYI_RULES_TEMPLATE_PIPE_H

#include "reader/rules/template_private.h"

#define KYI_TEMPLATE_VARS_MAX 64u

struct kyi_template_parse {
	struct kyi_arena *arena;
	struct kyi_template *template_;
	const char *text, *at;
	/* Variables that can be seen here, the newest last. */
	struct kyi_template_var {
		const char *name;
		size_t name_bytes;
		uint32_t idx;
	} vars[KYI_TEMPLATE_VARS_MAX];
	uint32_t var_cnt, depth;
	struct kyi_template_set *set; /* NULL: of a rule, which has none */
	const char *name;             /* of the text; NULL: it has none */
	struct kyi_template_error *error;
};

int kyi_template_wrong(struct kyi_template_parse *parse, const char *at,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
void *kyi_template_get(struct kyi_template_parse *parse, size_t size_bytes);
void kyi_template_space(struct kyi_template_parse *parse);
/* A word of letters, digits and _ at parse->at; its length, 0: none. */
static inline bool
kyi_template_is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}
size_t kyi_template_word(const struct kyi_template_parse *parse);
/* Constants: parse->at stands on what begins them: a quote, a sign, a digit. */
int kyi_template_quoted(struct kyi_template_parse *parse, struct kyi_tv *value);
int kyi_template_number(struct kyi_template_parse *parse, struct kyi_tv *value);
/* What stands up to }} or, nested, ")"; of range, "$i, $x :=" may come first.
   NULL: an error. */
struct kyi_pipe *kyi_template_pipe(struct kyi_template_parse *parse,
    bool is_range);

#endif
