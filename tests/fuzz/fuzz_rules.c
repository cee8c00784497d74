/* SPDX-License-Identifier: MIT */
/* Any text is a rule file, or is refused with a reason, never both. What was
   taken can be looked at, evaluated over a few series, and printed: as a file of
   the same number of rules, that prints the same. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/table.h"
#include "reader/rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)

static void
hear(void *of, const char *text)
{
	unsigned *cnt = of;

	if (*text == '\0')
		abort();
	(*cnt)++;
}

static int
append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	(void)ref;
	if (kymo_table_add(of, labels, at_ms, value, hist) == 0)
		return 0;
	return kymo_error_set(error, "no memory");
}

/* up of two jobs, one of them down after a while. */
static struct kymo_table *
table_make(void)
{
	static const struct kymo_label pairs[2][3] = {
		{ { "__name__", "up" }, { "job", "a" }, { "x", "\xff<" } },
		{ { "__name__", "up" }, { "job", "b" }, { "x", "1" } } };
	struct kymo_table *table = kymo_table_new();

	if (table == NULL)
		abort();
	for (int k = 0; k < 2; k++) {
		struct kymo_labels *labels = kymo_labels_make(pairs[k], 3);

		for (int64_t i = 0; i < 10; i++)
			if (kymo_table_add(table, labels, NOW_MS + i * 60000,
			    k == 0 || i < 4, NULL) != 0)
				abort();
		free(labels);
	}
	return table;
}

static void
evaluate(const struct kymo_rules *rules)
{
	struct kymo_table *table = table_make();
	unsigned heard = 0;
	const struct kymo_rule_faults faults = { hear, &heard };
	const struct kymo_rule_options options = {
		.source = kymo_table_source(table),
		.sink = { .of = table, .append = append },
		.query = { .samples_max = 2000, .series_max = 200,
		    .cpu_ms_max = 200, .memory_bytes_max = 16u << 20 } };
	struct kymo_rule_engine *engine;
	struct kymo_error error = { "" };

	if (kymo_rule_engine_new(&engine, rules, &options, &faults,
	    &error) != 0)
		abort();
	for (int64_t i = 0; i < 10; i += 3)
		if (kymo_rule_engine_at(engine, NOW_MS + i * 60000,
		    &error) < 0)
			abort();
	kymo_rule_engine_delete(engine);
	kymo_table_delete(table);
}

/* The text must be a file of as many rules. */
static void
again(const struct kymo_rules *rules, bool plain)
{
	struct kymo_buffer once = { 0 }, twice = { 0 };
	unsigned heard = 0;
	const struct kymo_rule_faults faults = { hear, &heard };
	struct kymo_rules *back;

	kymo_rules_print(rules, plain, &once);
	if (once.failed || kymo_rules_parse(&back, "again", once.at,
	    once.len_bytes, &faults) != 0)
		abort();
	if (kymo_rules_cnt(back) != kymo_rules_cnt(rules))
		abort();
	/* What is plain has ours as comments. */
	kymo_rules_print(back, plain, &twice);
	if (twice.failed || (!plain && strcmp(once.at, twice.at) != 0))
		abort();
	kymo_rules_delete(back);
	kymo_buffer_free(&once);
	kymo_buffer_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	unsigned fault_cnt = 0, lint_cnt = 0;
	const struct kymo_rule_faults faults = { hear, &fault_cnt },
	    lints = { hear, &lint_cnt };
	struct kymo_buffer explained = { 0 };
	struct kymo_rules *rules;
	int result = kymo_rules_parse(&rules, "x", (const char *)bytes,
	    len_bytes, &faults);

	if ((result == 0) != (rules != NULL) ||
	    (result == 0) != (fault_cnt == 0))
		abort();
	if (result != 0)
		return 0;
	if (kymo_rules_lint(rules, &lints) != lint_cnt ||
	    kymo_rules_explain(rules, &lints, &explained) != 0)
		abort();
	kymo_buffer_free(&explained);
	again(rules, false);
	again(rules, true);
	evaluate(rules);
	kymo_rules_delete(rules);
	return 0;
}
