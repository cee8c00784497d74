/* SPDX-License-Identifier: MIT */
/* Goal: a YAML file is read as what it says, and every byte of a text in it is
   found again in the file, however it was folded.
   Method: rows of files; a mark in a text, and where it stands. */
#include "tests/testlib/testlib.h"

#include "reader/buffer.h"
#include "reader/rules/tree.h"

static struct kymo_buffer heard;

static void
say(void *of, const char *text)
{
	(void)of;
	if (heard.len_bytes > 0)
		kymo_buffer_char(&heard, '\n');
	kymo_buffer_str(&heard, text);
}

static struct kyi_tree *
read_text(struct kyi_arena *arena, const char *text)
{
	struct kyi_faults faults = { .say = say };

	heard.len_bytes = 0;
	kymo_buffer_str(&heard, "");
	return kyi_tree_read(arena, "f", text, strlen(text), &faults);
}

static void
test_anchors_and_merged_keys_are_followed(void **state)
{
	struct kyi_arena *arena = kyi_arena_new(0);
	struct kyi_tree *tree = read_text(arena,
	    "a: &x {b: 1, c: two}\nd: *x\ne: {<<: *x, b: 3}\nf: [*x, ~]\n");
	const struct kyi_tree_node *e, *f;

	assert_non_null(tree);
	e = kyi_tree_get(tree->root, "e");
	assert_string_equal(kyi_tree_get(e, "b")->text, "3");
	assert_string_equal(kyi_tree_get(e, "c")->text, "two");
	assert_string_equal(kyi_tree_get(kyi_tree_get(tree->root, "d"),
	    "c")->text, "two");
	f = kyi_tree_get(tree->root, "f");
	assert_int_equal(f->kind, KYI_TREE_LIST);
	assert_int_equal(f->first->kind, KYI_TREE_MAP);
	assert_int_equal(f->first->next->kind, KYI_TREE_NULL);
	kyi_arena_delete(arena);
}

static void
test_a_bad_file_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "a: 1\na: 2\n", "f:2:1: 'a' is here already, in line 1; leave one of them out" },
		{ "a: *x\n", "f:1:4: no anchor 'x' stands before this" },
		{ "a: &x [*x]\n", "f:1:8: 'x' would be a part of itself" },
		{ "a: b\n--- \nc: d\n", "f:2:1: one document is enough; leave "
		    "out what stands behind ---" },
		{ "a: !x b\n", "f:1:4: tags are not used here; leave out the "
		    "word with !" },
		{ "<<: 1\n", "f:2:1: << takes keys and values" },
	};
	char bomb[2000];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_arena *arena = kyi_arena_new(0);

		assert_null(read_text(arena, rows[i].text));
		assert_string_equal(heard.at, rows[i].why);
		kyi_arena_delete(arena);
	}
	strcpy(bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (i = 1; i < 9; i++)
		sprintf(bomb + strlen(bomb), "a%zu: &a%zu [*a%zu, *a%zu, *a%zu, "
		    "*a%zu, *a%zu, *a%zu, *a%zu, *a%zu]\n", i, i, i - 1, i - 1,
		    i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	{
		struct kyi_arena *arena = kyi_arena_new(0);

		assert_null(read_text(arena, bomb));
		assert_non_null(strstr(heard.at, "more than 1000000 values"));
		kyi_arena_delete(arena);
	}
}

/* In each text of key k, the byte "#" is looked for. */
static void
test_a_byte_of_a_text_is_found_in_the_file(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
	} rows[] = {
		{ "k: ab#c\n", 1, 6 },
		{ "k: 'ab#c'\n", 1, 7 },
		{ "k: 'it''s #'\n", 1, 11 },
		{ "k: \"a\\\"b #\"\n", 1, 10 },
		{ "k: \"a\\n\\\n   b #\"\n", 2, 6 },
		{ "k: |\n  ab\n   cd#\n", 3, 6 },
		{ "k: |-\n  #\n", 2, 3 },
		{ "k: >\n    ab\n    cd #\n", 3, 8 },
		{ "k: ab\n  cd#\n", 2, 5 },
		{ "x: 1\n\nk:\n  - x\n", 0, 0 },
		{ "k: \303\251\303\251#\n", 1, 6 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_arena *arena = kyi_arena_new(0);
		struct kyi_tree *tree = read_text(arena, rows[i].text);
		const struct kyi_tree_node *node;
		uint32_t line, column;

		assert_non_null(tree);
		node = kyi_tree_get(tree->root, "k");
		if (rows[i].line > 0) {
			kyi_tree_place(tree, node, (size_t)(strchr(node->text,
			    '#') - node->text), &line, &column);
			if (line != rows[i].line || column != rows[i].column)
				fail_msg("%s: %u:%u", rows[i].text, line,
				    column);
		}
		kyi_arena_delete(arena);
	}
}

static void
test_values_are_read_or_said_to_be_wrong(void **state)
{
	static const char *const keys[] = { "interval", "limit", "name" };
	struct kyi_arena *arena = kyi_arena_new(0);
	struct kyi_tree *tree = read_text(arena,
	    "interval: 1h30m\nnone:\nlimit: 5\nname: [a]\nnmae: .inf\n");
	struct kyi_faults faults = { .say = say };
	const char *text;
	double number;
	int64_t ms;

	assert_true(kyi_tree_duration(&faults, tree,
	    kyi_tree_get(tree->root, "interval"), &ms));
	assert_int_equal(ms, 5400000);
	assert_false(kyi_tree_duration(&faults, tree,
	    kyi_tree_get(tree->root, "none"), &ms));
	assert_true(kyi_tree_number(&faults, tree,
	    kyi_tree_get(tree->root, "nmae"), &number));
	assert_int_equal(faults.cnt, 0);
	assert_false(kyi_tree_duration(&faults, tree,
	    kyi_tree_get(tree->root, "limit"), &ms));
	assert_false(kyi_tree_text(&faults, tree,
	    kyi_tree_get(tree->root, "name"), "a name", &text));
	kyi_tree_keys(&faults, tree, tree->root, "this", keys, 3);
	assert_int_equal(faults.cnt, 4);
	assert_string_equal(heard.at,
	    "f:3:8: '5' has no unit; write 5s or 5m\n"
	    "f:4:7: expected a name, found a list\n"
	    "f:2:1: this has no key 'none'; is it 'name'?\n"
	    "f:5:1: this has no key 'nmae'; is it 'name'?");
	kyi_arena_delete(arena);
}

static int
forget(void **state)
{
	(void)state;
	kymo_buffer_free(&heard);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anchors_and_merged_keys_are_followed),
		cmocka_unit_test(test_a_bad_file_is_refused_with_its_place),
		cmocka_unit_test(test_a_byte_of_a_text_is_found_in_the_file),
		cmocka_unit_test(test_values_are_read_or_said_to_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
