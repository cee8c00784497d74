/* SPDX-License-Identifier: MIT */
/* Goal: what a text means as a tree. What is refused and how, and the canonical
   form, are in tests/conformance/promql/parser.tsv.
   Method: the tree, with a pair of parentheses for each operator. */
#include "tests/testlib/testlib.h"

#include "reader/query/parse.h"

static struct kymo_query *
parse(const char *text)
{
	struct kymo_query_error error;
	struct kymo_query *query;

	if (kymo_query_parse(&query, text, strlen(text), &error) != 0)
		fail_msg("%s: %s", text, error.error.text);
	assert_int_equal(error.error.text[0], '\0');
	assert_int_equal(error.line, 0);
	return query;
}

static void
tree(const struct kyi_node *node, struct kymo_buffer *out)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
		kymo_buffer_double(out, node->is.number);
		break;
	case KYI_NODE_SELECTOR:
		kymo_buffer_str(out, node->is.selector.matchers[0].value);
		if (node->type == KYMO_VALUE_MATRIX)
			kymo_buffer_printf(out, "[%lld]",
			    (long long)node->is.selector.range_ms);
		break;
	case KYI_NODE_UNARY:
		kymo_buffer_str(out, "(-");
		tree(node->is.unary.expr, out);
		kymo_buffer_char(out, ')');
		break;
	case KYI_NODE_PAREN:
		kymo_buffer_str(out, "<");
		tree(node->is.paren.expr, out);
		kymo_buffer_char(out, '>');
		break;
	case KYI_NODE_BINARY:
		kymo_buffer_char(out, '(');
		tree(node->is.binary.left, out);
		kymo_buffer_printf(out, " %s ",
		    kyi_op_name(node->is.binary.op));
		tree(node->is.binary.right, out);
		kymo_buffer_char(out, ')');
		break;
	default:
		kymo_buffer_str(out, "?");
	}
}

static void
operators_bind_as_prometheus_has_them(void **state)
{
	static const char *const rows[][2] = {
		{ "a + b * c ^ d", "(a + (b * (c ^ d)))" },
		{ "a * b + c", "((a * b) + c)" },
		{ "a - b - c", "((a - b) - c)" },
		{ "a / b * c % d atan2 e",
		    "((((a / b) * c) % d) atan2 e)" },
		{ "a ^ b ^ c", "(a ^ (b ^ c))" },
		{ "a == b > c", "((a == b) > c)" },
		{ "a + b > c - d", "((a + b) > (c - d))" },
		{ "a or b and c", "(a or (b and c))" },
		{ "a and b unless c", "((a and b) unless c)" },
		{ "a or b or c", "((a or b) or c)" },
		{ "a > 1 and b < 2", "((a > 1) and (b < 2))" },
		{ "-2^3", "(-(2 ^ 3))" },
		{ "-2*3", "(-2 * 3)" },
		{ "-2+3", "(-2 + 3)" },
		{ "-a ^ b * c", "((-(a ^ b)) * c)" },
		{ "2^-3", "(2 ^ -3)" },
		{ "2^-a*b", "((2 ^ (-a)) * b)" },
		{ "+a", "a" },
		{ "--a", "(-(-a))" },
		{ "- -1", "1" },
		{ "(a + b) * c", "(<(a + b)> * c)" },
		{ "a offset 5m * 2", "(a * 2)" },
		{ "a @ 1 + 2", "(a + 2)" },
		{ "1d", "86400" },
		{ "0755 + 0x1f", "(493 + 31)" },
		{ "{a=\"1\", __name__=\"x\"}", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_query *query = parse(rows[i][0]);
		struct kymo_buffer out = { 0 };

		tree(query->root, &out);
		assert_string_equal(out.at, rows[i][1]);
		kymo_buffer_free(&out);
		kymo_query_delete(query);
	}
}

static void
a_selector_knows_its_range_offset_and_time(void **state)
{
	static const struct {
		const char *text;
		int64_t range_ms, offset_ms;
		enum kyi_at at;
		int64_t at_ms;
	} rows[] = {
		{ "a", 0, 0, KYI_AT_NONE, 0 },
		{ "a[5m]", 300000, 0, KYI_AT_NONE, 0 },
		{ "a[5]", 5000, 0, KYI_AT_NONE, 0 },
		{ "a[1.2345]", 1234, 0, KYI_AT_NONE, 0 },
		{ "a[4.018]", 4018, 0, KYI_AT_NONE, 0 },
		{ "a[5m+30s*2]", 360000, 0, KYI_AT_NONE, 0 },
		{ "a[2^3^2s/2^8]", 2000, 0, KYI_AT_NONE, 0 },
		{ "a[-(10s-5s)+20s]", 15000, 0, KYI_AT_NONE, 0 },
		{ "a[min_of(5s,3)]", 3000, 0, KYI_AT_NONE, 0 },
		{ "a offset 5m", 0, 300000, KYI_AT_NONE, 0 },
		{ "a offset -(5)", 0, -5000, KYI_AT_NONE, 0 },
		{ "a offset (5s-8)", 0, -3000, KYI_AT_NONE, 0 },
		{ "a @ 1.0005", 0, 0, KYI_AT_TIME, 1001 },
		{ "a @ -3.3e1", 0, 0, KYI_AT_TIME, -33000 },
		{ "a @ 1m", 0, 0, KYI_AT_TIME, 60000 },
		{ "a[5m] @ end() offset 1ms", 300000, 1, KYI_AT_END, 0 },
		{ "a offset 1h @ start()", 0, 3600000, KYI_AT_START, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_query *query = parse(rows[i].text);
		const struct kyi_node *node = query->root;

		assert_int_equal(node->kind, KYI_NODE_SELECTOR);
		assert_int_equal(node->to_bytes, strlen(rows[i].text));
		assert_int_equal(node->is.selector.range_ms,
		    rows[i].range_ms);
		assert_int_equal(node->is.selector.shift.offset_ms,
		    rows[i].offset_ms);
		assert_int_equal(node->is.selector.shift.at, rows[i].at);
		assert_int_equal(node->is.selector.shift.at_ms,
		    rows[i].at_ms);
		assert_false(query->unbound);
		kymo_query_delete(query);
	}
}

static void
a_matching_is_there_between_vectors_only(void **state)
{
	struct kymo_query *query = parse("a * on(x, \"y z\") group_left(v) b");
	const struct kyi_matching *matching = query->root->is.binary.matching;

	(void)state;
	assert_int_equal(matching->card, KYI_MANY_TO_ONE);
	assert_true(matching->on);
	assert_int_equal(matching->label_cnt, 2);
	assert_string_equal(matching->labels[1], "y z");
	assert_int_equal(matching->include_cnt, 1);
	assert_string_equal(matching->include[0], "v");
	kymo_query_delete(query);
	query = parse("a or b");
	assert_int_equal(query->root->is.binary.matching->card,
	    KYI_MANY_TO_MANY);
	kymo_query_delete(query);
	query = parse("a + b");
	assert_int_equal(query->root->is.binary.matching->card,
	    KYI_ONE_TO_ONE);
	kymo_query_delete(query);
	query = parse("a + 1");
	assert_null(query->root->is.binary.matching);
	assert_int_equal(query->root->type, KYMO_VALUE_VECTOR);
	kymo_query_delete(query);
	query = parse("1 + 1");
	assert_int_equal(kymo_query_kind(query), KYMO_VALUE_SCALAR);
	kymo_query_delete(query);
}

static void
a_duration_of_the_step_is_bound_when_it_is_asked(void **state)
{
	struct kymo_query *query = parse("a[2*step():range()] offset -step()");
	struct kymo_query_error error;
	struct kymo_query *bound;

	(void)state;
	assert_true(query->unbound);
	assert_int_equal(kyi_query_bind(query, 15000, 60000, &bound, &error),
	    0);
	assert_false(bound->unbound);
	assert_int_equal(bound->root->is.subquery.range_ms, 30000);
	assert_int_equal(bound->root->is.subquery.step_ms, 60000);
	assert_int_equal(bound->root->is.subquery.shift.offset_ms, -15000);
	kymo_query_delete(bound);
	assert_int_equal(kyi_query_bind(query, 15000, 0, &bound, &error), -1);
	assert_null(bound);
	assert_string_equal(error.error.text,
	    "1:12: a duration in brackets is at least 1ms");
	kymo_query_delete(query);
}

static void
an_error_counts_characters_and_says_which_piece(void **state)
{
	static const char text[] = "a{b=\"\xe2\x98\xba\"}\n+ \xe2\x98\xba";
	struct kymo_query_error error;
	struct kymo_query *query;

	(void)state;
	assert_int_equal(kymo_query_parse(&query, text, strlen(text), &error),
	    -1);
	assert_null(query);
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 3);
	assert_int_equal(error.from_bytes, 13);
	assert_int_equal(error.to_bytes, 16);
	assert_int_equal(kymo_query_parse(&query, "1+", 2, NULL), -1);
}

/* A text that is head, then middle cnt times, then tail. */
static char *
repeated(const char *head, const char *middle, size_t cnt, const char *tail)
{
	size_t head_bytes = strlen(head), middle_bytes = strlen(middle);
	char *text = malloc(head_bytes + middle_bytes * cnt +
	    strlen(tail) + 1), *at;

	assert_non_null(text);
	at = stpcpy(text, head);
	while (cnt-- > 0)
		at = stpcpy(at, middle);
	strcpy(at, tail);
	return text;
}

static void
what_is_too_deep_or_too_long_is_refused(void **state)
{
	static const struct {
		const char *head, *middle;
		size_t cnt;
		const char *tail, *why; /* NULL: it is taken */
	} rows[] = {
		{ "", "(", 150, "a", "1:150: this ( has no )" },
		{ "", "(", 100000, "a", "1:201: nested more than 200 deep" },
		{ "", "-", 100000, "a", "1:201: nested more than 200 deep" },
		{ "a", "^a", 100, "", NULL },
		{ "a", "^a", 100000, "", "1:401: nested more than 200 deep" },
		{ "a", "+a", 900, "", NULL },
		{ "a", " or a", 100000, "",
		    "1:1: more than 1000 operators in a row or in one another" },
		{ "", "sum(", 100000, "a", "1:801: nested more than 200 deep" },
		{ "a[1", "+1", 100000, "]", "1:401: nested more than 200 deep" },
		{ "a[", "-", 100000, "1]", "1:202: nested more than 200 deep" },
		{ "sum(a) by(", "a,", 100000, ")", NULL },
		{ "a{", "b=\"c\",", 100000, "}", NULL },
		{ "a", "[5m:]", 100000, "",
		    "1:1: more than 1000 operators in a row or in one "
		    "another" },
		{ "a", " ", 1048575, "", NULL },
		{ "a", " ", 1048576, "", "1:1: a query of more than 1 MiB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = repeated(rows[i].head, rows[i].middle,
		    rows[i].cnt, rows[i].tail);
		struct kymo_query_error error;
		struct kymo_query *query;

		assert_int_equal(kymo_query_parse(&query, text, strlen(text),
		    &error), rows[i].why == NULL ? 0 : -1);
		assert_string_equal(error.error.text,
		    rows[i].why == NULL ? "" : rows[i].why);
		kymo_query_delete(query);
		free(text);
	}
}

struct seen {
	const char *const *wanted;
	size_t cnt;
};

static int
note(void *to, const struct kymo_query_selector *selector)
{
	struct seen *seen = to;
	char text[200];

	snprintf(text, sizeof text, "%s %lld..%lld%s%s %s",
	    selector->matchers[0].value, (long long)selector->from_ms / 1000,
	    (long long)selector->to_ms / 1000,
	    selector->fixed ? " fixed" : "", selector->is_range ? " range" : "",
	    selector->function);
	assert_string_equal(text, seen->wanted[seen->cnt]);
	return seen->wanted[++seen->cnt] == NULL ? 7 : 0;
}

static void
each_selector_is_told_with_when_it_reads(void **state)
{
	static const char *const rows[][5] = {
		{ "a", "a -300..0 ", NULL },
		{ "a + on() b offset 1h", "a -300..0 ", "b -3900..-3600 ",
		    NULL },
		{ "rate(a[1m] offset -2m)", "a 60..120 range rate", NULL },
		{ "abs(sum(a @ 1000 offset 10))", "a 690..990 fixed abs",
		    NULL },
		{ "max_over_time(rate(a[1m])[10m:] offset 5m) + -(b)",
		    "a -960..-300 range rate", "b -300..0 ", NULL },
		{ "avg_over_time(a[1h:] @ 10000 offset 1s)",
		    "a 6099..9999 fixed avg_over_time", NULL },
		{ "avg_over_time((a @ end())[1h:] @ 10000)",
		    "a -300..0 avg_over_time", NULL },
		{ "topk(scalar(a), b) or c", "a -300..0 scalar", "b -300..0 ",
		    "c -300..0 ", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_query *query = parse(rows[i][0]);
		struct seen seen = { rows[i] + 1, 0 };

		assert_int_equal(kymo_query_selectors(query, note, &seen), 7);
		assert_null(seen.wanted[seen.cnt]);
		kymo_query_delete(query);
	}
}

static int
note_label(void *to, const struct kymo_query_label *label)
{
	kymo_buffer_printf(to, "%s%s:%s ", label->made ? "+" : "",
	    label->where, label->key);
	return 0;
}

static int
stop_at_label(void *to, const struct kymo_query_label *label)
{
	(void)label;
	return ++*(int *)to == 2 ? 9 : 0;
}

static void
each_label_is_told_with_what_names_it(void **state)
{
	static const char *const rows[][2] = {
		{ "a{b=\"c\"}", "" },
		{ "sum by (b, c) (a) + -(sum without (d) (e))",
		    "by:b by:c without:d " },
		{ "a * on (b) group_left (c) sum by (d) (e)",
		    "on:b group_left:c by:d " },
		{ "a * ignoring (b) group_right () c", "ignoring:b " },
		{ "count_values(\"v\", max by (b) (a))",
		    "+count_values:v by:b " },
		{ "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
		    "+label_replace:b label_replace:c " },
		{ "label_join(topk by (x) (1, a), \"b\", \"-\", \"c\", "
		    "\"d\")", "by:x +label_join:b label_join:c label_join:d " },
		{ "max_over_time(sum by (b) (a)[5m:])", "by:b " },
		{ "topk(scalar(sum by (b) (a)), c)", "by:b " },
	};
	struct kymo_query *query;
	int cnt = 0;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_buffer out = { 0 };

		query = parse(rows[i][0]);
		kymo_buffer_str(&out, "");
		assert_int_equal(kymo_query_labels(query, note_label, &out),
		    0);
		assert_string_equal(out.at, rows[i][1]);
		kymo_buffer_free(&out);
		kymo_query_delete(query);
	}
	query = parse("sum by (a, b, c) (d)");
	assert_int_equal(kymo_query_labels(query, stop_at_label, &cnt), 9);
	assert_int_equal(cnt, 2);
	kymo_query_delete(query);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_bind_as_prometheus_has_them),
		cmocka_unit_test(a_selector_knows_its_range_offset_and_time),
		cmocka_unit_test(a_matching_is_there_between_vectors_only),
		cmocka_unit_test(
		    a_duration_of_the_step_is_bound_when_it_is_asked),
		cmocka_unit_test(
		    an_error_counts_characters_and_says_which_piece),
		cmocka_unit_test(what_is_too_deep_or_too_long_is_refused),
		cmocka_unit_test(each_selector_is_told_with_when_it_reads),
		cmocka_unit_test(each_label_is_told_with_what_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
