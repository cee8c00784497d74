/* SPDX-License-Identifier: MIT */
/* A YAML document as a tree that knows its places: of rule files and of rule
   tests, whose texts are parsed again and must say where they are wrong. */
#ifndef KYI_RULES_TREE_H
#define KYI_RULES_TREE_H

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/query/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KYI_TREE_BYTES_MAX ((size_t)16 << 20)
#define KYI_TREE_DEPTH_MAX 32u
/* Nodes, those behind an alias counted as often as it is used. */
#define KYI_TREE_NODES_MAX 1000000u

enum kyi_tree_kind { KYI_TREE_NULL, KYI_TREE_TEXT, KYI_TREE_LIST, KYI_TREE_MAP };

struct kyi_tree_node {
	enum kyi_tree_kind kind;
	uint32_t line, column; /* from 1 */
	uint32_t weight;
	char style;            /* of a text: 0 plain, else ' " | > */
	const char *text;
	struct kyi_tree_node *first; /* of a list, or of a map: its values */
	struct kyi_tree_node *next;
	const char *key; /* of a map's value, and where it stands */
	uint32_t key_line, key_column;
};

struct kyi_tree {
	const char *name;   /* of the file */
	const char *source;
	size_t source_bytes;
	struct kyi_tree_node *root; /* KYI_TREE_NULL: an empty file */
};

/* What is wrong is told one by one: reading goes on, so that all of it is. */
struct kyi_faults {
	void (*say)(void *of, const char *text);
	void *of;
	uint32_t cnt;
};

/* kyi_tree_read: a tree in arena, which also gets a copy of the text.
   NULL: faults has heard why. */
struct kyi_tree *kyi_tree_read(struct kyi_arena *arena, const char *name,
    const char *text, size_t text_bytes, struct kyi_faults *faults);
/* The same of a file. */
struct kyi_tree *kyi_tree_load(struct kyi_arena *arena, const char *path,
    struct kyi_faults *faults);

/* "name:line:column: " and the text. kyi_fault_at is at a byte of a node's
   text, kyi_fault_key at the key of a map's value. */
void kyi_fault(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void kyi_fault_key(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void kyi_fault_at(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, size_t at_bytes, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Where a byte of a node's text stands in the file. */
void kyi_tree_place(const struct kyi_tree *tree, const struct kyi_tree_node *node,
    size_t at_bytes, uint32_t *line, uint32_t *column);

/* The bytes of the character at text that YAML does not take as it is, or takes
   for the end of a line, and which it is; 0: it is not such a one. */
size_t kyi_tree_special(const char *text, uint32_t *code);
/* Appends a text in double quotes, with YAML's escapes. */
void kyi_tree_quote(struct kymo_buffer *out, const char *text);

/* The value of a key; NULL: a map that lacks it, or no map. */
const struct kyi_tree_node *kyi_tree_get(const struct kyi_tree_node *map,
    const char *key);
/* Says which keys of map are none of the cnt, with the nearest that is. */
void kyi_tree_keys(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *map, const char *what, const char *const *keys,
    size_t cnt);
/* Values, where node may be NULL or a null: false then. What cannot be read is
   said; what names it for people ("a duration"). */
bool kyi_tree_text(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, const char *what, const char **text);
bool kyi_tree_duration(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, int64_t *ms);
bool kyi_tree_number(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, double *number);
bool kyi_tree_is(struct kyi_faults *faults, const struct kyi_tree *tree,
    const struct kyi_tree_node *node, enum kyi_tree_kind kind);

#endif
