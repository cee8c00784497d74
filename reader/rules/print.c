/* SPDX-License-Identifier: MIT */
/* Rules as a rule file again. */
#include <ctype.h>
#include <string.h>

#include "reader/rules/duration.h"
#include "reader/rules/load.h"

/* Words that YAML takes for something else than texts. */
static bool
is_yaml_word(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
		"off", "null", "y", "n" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return false;
}

size_t
kyi_tree_special(const char *text, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)text;

	*code = at[0];
	if ((at[0] > 0 && at[0] < 0x20) || at[0] == 0x7f)
		return 1;
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
		*code = at[1];
		return 2;
	}
	/* U+2028, U+2029; U+FEFF; U+FFFE, U+FFFF. */
	if (!(at[0] == 0xe2 && at[1] == 0x80 && (at[2] & 0xfe) == 0xa8) &&
	    !(at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf) &&
	    !(at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe))
		return 0;
	*code = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
	return 3;
}

void
kyi_tree_quote(struct kymo_buffer *out, const char *text)
{
	uint32_t code;

	kymo_buffer_char(out, '"');
	while (*text != '\0') {
		size_t len_bytes = kyi_tree_special(text, &code);

		if (len_bytes > 0) {
			kymo_buffer_printf(out, "\\u%04x", code);
			text += len_bytes;
			continue;
		}
		if (*text == '"' || *text == '\\')
			kymo_buffer_char(out, '\\');
		kymo_buffer_char(out, *text++);
	}
	kymo_buffer_char(out, '"');
}

static bool
has_special(const char *text, char but)
{
	uint32_t code;

	for (; *text != '\0'; text++)
		if (*text != but && kyi_tree_special(text, &code) > 0)
			return true;
	return false;
}

static bool
is_plain(const char *text)
{
	size_t len_bytes = strlen(text);

	if (!isalpha((unsigned char)text[0]) || is_yaml_word(text) ||
	    text[len_bytes - 1] == ' ' || text[len_bytes - 1] == ':' ||
	    has_special(text, '\0'))
		return false;
	return strstr(text, ": ") == NULL && strstr(text, " #") == NULL;
}

static void
block_put(struct kymo_buffer *out, const char *text, int indent)
{
	size_t len_bytes = strlen(text);

	kymo_buffer_str(out, text[len_bytes - 1] == '\n' ? "|" : "|-");
	while (*text != '\0') {
		size_t line_bytes = strcspn(text, "\n");

		kymo_buffer_char(out, '\n');
		if (line_bytes > 0)
			kymo_buffer_printf(out, "%*s", indent, "");
		kymo_buffer_add(out, text, line_bytes);
		text += line_bytes + (text[line_bytes] == '\n');
	}
}

/* A text as YAML, at the end of a line; indent is of lines after it, 0: it is a
   key, or in a list of one line. */
static void
text_put(struct kymo_buffer *out, const char *text, int indent)
{
	size_t len_bytes = strlen(text);

	if (is_plain(text) && (indent > 0 || strpbrk(text, ",[]{}:?") == NULL))
		kymo_buffer_str(out, text);
	else if (indent > 0 && strchr(text, '\n') != NULL &&
	    !has_special(text, '\n') && text[0] != ' ' && text[0] != '\n' &&
	    (len_bytes < 2 || text[len_bytes - 2] != '\n'))
		block_put(out, text, indent);
	else if (!has_special(text, '\0')) {
		kymo_buffer_char(out, '\'');
		for (; *text != '\0'; text++) {
			if (*text == '\'')
				kymo_buffer_char(out, '\'');
			kymo_buffer_char(out, *text);
		}
		kymo_buffer_char(out, '\'');
	} else {
		kyi_tree_quote(out, text);
	}
	kymo_buffer_char(out, '\n');
}

static void
texts_put(struct kymo_buffer *out, const char *key,
    const struct kymo_rule_text *texts, uint32_t cnt, int indent)
{
	uint32_t i;

	if (cnt == 0)
		return;
	kymo_buffer_printf(out, "%*s%s:\n", indent, "", key);
	for (i = 0; i < cnt; i++) {
		kymo_buffer_printf(out, "%*s", indent + 2, "");
		text_put(out, texts[i].key, 0);
		out->len_bytes--;
		kymo_buffer_str(out, ": ");
		text_put(out, texts[i].value, indent + 4);
	}
}

static void
duration_put(struct kymo_buffer *out, const char *key, int64_t ms, int indent)
{
	kymo_buffer_printf(out, "%*s%s: ", indent, "", key);
	kyi_prom_duration_print(out, ms);
	kymo_buffer_char(out, '\n');
}

/* What Prometheus does not know; as a comment where it shall read this. */
static void
ours_put(struct kymo_buffer *out, const struct kymo_rule *rule, bool plain)
{
	static const char *const no_data[] = { "ok", "alert", "keep",
		"unknown" };
	const char *mark = plain ? "# kymo: " : "";
	uint32_t i;

	if (rule->resolve_expr != NULL && (!plain ||
	    strchr(rule->resolve_expr, '\n') == NULL)) {
		kymo_buffer_printf(out, "    %sresolve_expr: ", mark);
		text_put(out, rule->resolve_expr, 6);
	}
	if (rule->no_data != KYMO_NO_DATA_OK)
		kymo_buffer_printf(out, "    %sno_data: %s\n", mark,
		    no_data[rule->no_data]);
	if (rule->depends_cnt > 0) {
		kymo_buffer_printf(out, "    %sdepends_on: [", mark);
		for (i = 0; i < rule->depends_cnt; i++) {
			if (i > 0)
				kymo_buffer_str(out, ", ");
			text_put(out, rule->depends_on[i], 0);
			out->len_bytes--;
		}
		kymo_buffer_str(out, "]\n");
	}
	if (rule->flap_max > 0) {
		kymo_buffer_printf(out, "    %sflap: {max: %u, within: ", mark,
		    rule->flap_max);
		kyi_prom_duration_print(out, rule->flap_ms);
		kymo_buffer_str(out, "}\n");
	}
}

static void
rule_put(struct kymo_buffer *out, const struct kymo_rule *rule, bool plain)
{
	kymo_buffer_printf(out, "  - %s: ", rule->is_alert ? "alert" :
	    "record");
	text_put(out, rule->name, 6);
	kymo_buffer_str(out, "    expr: ");
	text_put(out, rule->expr, 6);
	if (rule->for_ms > 0)
		duration_put(out, "for", rule->for_ms, 4);
	if (rule->keep_firing_ms > 0)
		duration_put(out, "keep_firing_for", rule->keep_firing_ms, 4);
	ours_put(out, rule, plain);
	texts_put(out, "labels", rule->labels, rule->label_cnt, 4);
	texts_put(out, "annotations", rule->annotations, rule->annotation_cnt,
	    4);
}

void
kymo_rules_print(const struct kymo_rules *rules, bool plain,
    struct kymo_buffer *out)
{
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;

	kymo_buffer_str(out, "groups:\n");
	for (group = rules->groups; group != NULL; group = group->next) {
		kymo_buffer_str(out, "- name: ");
		text_put(out, group->name, 4);
		if (group->interval_ms > 0)
			duration_put(out, "interval", group->interval_ms, 2);
		if (group->offset_ms >= 0)
			duration_put(out, "query_offset", group->offset_ms, 2);
		if (group->limit > 0)
			kymo_buffer_printf(out, "  limit: %u\n", group->limit);
		texts_put(out, "labels", group->labels, group->label_cnt, 2);
		kymo_buffer_str(out, group->rules == NULL ? "  rules: []\n" :
		    "  rules:\n");
		for (rule = group->rules; rule != NULL; rule = rule->next)
			rule_put(out, rule, plain);
	}
}
