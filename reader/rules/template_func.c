/* SPDX-License-Identifier: MIT */
/* The functions of templates: their table, and those on
   vectors and maps. */
#include "reader/rules/template_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- of vectors and maps --------------------------------------------------------- */

struct kyi_tv_list *
kyi_tv_list_new(struct kyi_template_run *run, uint32_t cnt)
{
	struct kyi_tv_list *list = kyi_arena_get(run->arena, sizeof(*list) +
	    cnt * sizeof(list->at[0]));

	if (list == NULL)
		kyi_template_fail(run, "no memory, or too much of it");
	else
		list->cnt = cnt;
	return list;
}

static int
query_result(struct kyi_template_run *run, const struct kymo_result *answer,
    struct kyi_tv *result)
{
	static const struct kymo_labels none;
	struct kymo_result_series *scalar;
	struct kymo_point *point;
	struct kyi_tv_list *list;
	uint32_t i;

	if (answer->kind == KYMO_VALUE_SCALAR) {
		list = kyi_tv_list_new(run, 1);
		scalar = kyi_arena_get(run->arena, sizeof(*scalar));
		point = kyi_arena_get(run->arena, sizeof(*point));
		if (list == NULL || scalar == NULL || point == NULL)
			return kyi_template_fail(run, "no memory");
		point->value = answer->scalar;
		*scalar = (struct kymo_result_series){.labels = &none,
		    .points = point, .point_cnt = 1};
		list->at[0] = (struct kyi_tv){.kind = TV_SAMPLE,
		    .sample = scalar};
	} else if (answer->kind == KYMO_VALUE_VECTOR) {
		list = kyi_tv_list_new(run, answer->series_cnt);
		for (i = 0; list != NULL && i < answer->series_cnt; i++)
			list->at[i] = (struct kyi_tv){.kind = TV_SAMPLE,
			    .sample = &answer->series[i]};
	} else
		return kyi_template_fail(run, "query result is not a vector or "
		    "scalar");
	*result = (struct kyi_tv){.kind = TV_VECTOR, .list = list};
	return list == NULL ? -1 : 0;
}

static
KYI_TEMPLATE_CALL(query)
{
	struct kymo_result **results, *answer = NULL;
	struct kymo_error error = {""};

	(void)cnt;
	if (run->data->query == NULL)
		return kyi_template_fail(run, "there are no queries here");
	if (run->result_cnt == 64)
		return kyi_template_fail(run, "more than 64 queries");
	results = reallocarray(run->results, run->result_cnt + 1u,
	    sizeof(results[0]));
	if (results == NULL)
		return kyi_template_fail(run, "no memory");
	run->results = results;
	if (run->data->query(run->data->of, args[0].str, &answer, &error) != 0)
		return kyi_template_fail(run, "%s", error.text);
	results[run->result_cnt++] = answer;
	return query_result(run, answer, result);
}

static
KYI_TEMPLATE_CALL(first)
{
	(void)cnt;
	if (args[0].list->cnt == 0)
		return kyi_template_fail(run,
		    "first() called on vector with no elements");
	*result = args[0].list->at[0];
	return 0;
}

static
KYI_TEMPLATE_CALL(label)
{
	(void)run, (void)cnt;
	*result = (struct kyi_tv){.kind = TV_STR,
	    .str = kymo_labels_get(args[1].sample->labels, args[0].str)};
	return 0;
}

static
KYI_TEMPLATE_CALL(value)
{
	(void)run, (void)cnt;
	*result = (struct kyi_tv){.kind = TV_FLOAT,
	    .d = args[0].sample->points[0].value};
	return 0;
}

static
KYI_TEMPLATE_CALL(strvalue)
{
	(void)run, (void)cnt;
	*result = (struct kyi_tv){.kind = TV_STR,
	    .str = kymo_labels_get(args[0].sample->labels, "__value__")};
	return 0;
}

static
KYI_TEMPLATE_CALL(args)
{
	struct kyi_tv_list *list = kyi_tv_list_new(run, cnt);

	if (list == NULL)
		return -1;
	if (cnt > 0)
		memcpy(list->at, args, cnt * sizeof(args[0]));
	*result = (struct kyi_tv){.kind = TV_ARGS, .list = list};
	return 0;
}

/* Merge sort: stable, as Prometheus' is. */
static void
sort_by(struct kyi_tv *at, struct kyi_tv *room, uint32_t cnt, const char *key)
{
	uint32_t half = cnt / 2, a = 0, b = half, i;

	if (cnt < 2)
		return;
	sort_by(at, room, half, key);
	sort_by(at + half, room, cnt - half, key);
	for (i = 0; i < cnt; i++) {
		bool from_b = a == half || (b < cnt &&
		    strcmp(kymo_labels_get(at[b].sample->labels, key),
		    kymo_labels_get(at[a].sample->labels, key)) < 0);

		room[i] = at[from_b ? b++ : a++];
	}
	memcpy(at, room, cnt * sizeof(at[0]));
}

static
KYI_TEMPLATE_CALL(sort_by_label)
{
	uint32_t size = args[1].list->cnt;
	struct kyi_tv_list *list = kyi_tv_list_new(run, size);
	struct kyi_tv_list *room = kyi_tv_list_new(run, size);

	(void)cnt;
	if (list == NULL || room == NULL)
		return -1;
	if (size > 0)
		memcpy(list->at, args[1].list->at, size * sizeof(list->at[0]));
	sort_by(list->at, room->at, size, args[0].str);
	*result = (struct kyi_tv){.kind = TV_VECTOR, .list = list};
	return 0;
}

static int
index_one(struct kyi_template_run *run, const struct kyi_tv *of,
    const struct kyi_tv *at, struct kyi_tv *result)
{
	bool keyed = of->kind == TV_LABELS || of->kind == TV_ARGS ||
	    of->kind == TV_MAP;

	if (keyed && at->kind == TV_STR)
		return kyi_tv_field(run, of, at->str, result);
	if (keyed)
		return kyi_template_fail(run, "value has type %s; should be "
		    "string", kyi_tv_type(at));
	if (of->kind != TV_VECTOR && of->kind != TV_LIST &&
	    of->kind != TV_STR)
		return kyi_template_fail(run, "can't index item of type %s",
		    kyi_tv_type(of));
	if (at->kind != TV_INT)
		return kyi_template_fail(run, "cannot index slice/array with "
		    "type %s", kyi_tv_type(at));
	if (at->n < 0 || (uint64_t)at->n >= (of->kind == TV_STR ?
	    strlen(of->str) : of->list->cnt))
		return kyi_template_fail(run, "index out of range: %lld",
		    (long long)at->n);
	if (of->kind == TV_STR)
		*result = (struct kyi_tv){.kind = TV_INT,
		    .n = (unsigned char)of->str[at->n]};
	else
		*result = of->list->at[at->n];
	return 0;
}

static
KYI_TEMPLATE_CALL(index)
{
	struct kyi_tv of = args[0];
	uint32_t i;

	*result = of;
	for (i = 1; i < cnt; i++, of = *result)
		if (index_one(run, &of, &args[i], result) != 0)
			return -1;
	return 0;
}

static
KYI_TEMPLATE_CALL(len)
{
	int64_t n;

	(void)cnt;
	switch (args[0].kind) {
	case TV_STR: n = (int64_t)strlen(args[0].str); break;
	case TV_LABELS:
		n = args[0].labels == NULL ? 0 : args[0].labels->cnt;
		break;
	case TV_VECTOR:
	case TV_LIST:
	case TV_ARGS: n = args[0].list->cnt; break;
	case TV_MAP: n = args[0].map->cnt; break;
	default:
		return kyi_template_fail(run, "len of type %s",
		    kyi_tv_type(&args[0]));
	}
	*result = (struct kyi_tv){.kind = TV_INT, .n = n};
	return 0;
}

static
KYI_TEMPLATE_CALL(slice)
{
	bool is_text = args[0].kind == TV_STR;
	size_t size = is_text ? strlen(args[0].str) : 0, ends[2];
	struct kymo_buffer part = {0};
	struct kyi_tv_list *list;
	uint32_t i;

	if (args[0].kind == TV_LIST)
		size = args[0].list->cnt;
	else if (!is_text)
		return kyi_template_fail(run, "slice of type %s",
		    kyi_tv_type(&args[0]));
	ends[0] = 0;
	ends[1] = size;
	for (i = 1; i < cnt; i++) {
		if (i > 2 || args[i].kind != TV_INT || args[i].n < 0 ||
		    (uint64_t)args[i].n > size)
			return kyi_template_fail(run, "index out of range");
		ends[i - 1] = (size_t)args[i].n;
	}
	if (ends[1] < ends[0])
		return kyi_template_fail(run, "invalid slice index");
	if (is_text) {
		kymo_buffer_add(&part, args[0].str + ends[0],
		    ends[1] - ends[0]);
		return kyi_tv_take(run, &part, result);
	}
	list = kyi_tv_list_new(run, (uint32_t)(ends[1] - ends[0]));
	if (list == NULL)
		return -1;
	memcpy(list->at, args[0].list->at + ends[0],
	    list->cnt * sizeof(list->at[0]));
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return 0;
}

static
KYI_TEMPLATE_CALL(external_url)
{
	(void)args, (void)cnt;
	*result = run->vars[TVAR_URL];
	return 0;
}

static
KYI_TEMPLATE_CALL(path_prefix)
{
	const char *at = strstr(run->vars[TVAR_URL].str, "://");

	(void)args, (void)cnt;
	if (at != NULL)
		at = strchr(at + 3, '/');
	*result = (struct kyi_tv){.kind = TV_STR, .str = at == NULL ? "" : at};
	return 0;
}

static
KYI_TEMPLATE_CALL(safe_html)
{
	(void)cnt;
	*result = args[0];
	if (run->data->put != NULL)
		result->kind = TV_RAW;
	return 0;
}

static
KYI_TEMPLATE_CALL(now)
{
	(void)args, (void)cnt;
	*result = (struct kyi_tv){.kind = TV_FLOAT,
	    .d = (double)run->data->at_ms / 1000};
	return 0;
}

/* ---- the table ------------------------------------------------------------------- */

/* and, or are evaluated where they stand: they do not ask all. */
static const struct kyi_template_func funcs[] = {
	{ "and", "*+", NULL },
	{ "anomalyMembers", "*", kyi_tf_anomaly_members },
	{ "anomalyReason", "*", kyi_tf_anomaly_reason },
	{ "args", "*+", kyi_tf_args },
	{ "eq", "**+", kyi_tf_eq },
	{ "externalURL", "", kyi_tf_external_url },
	{ "first", "v", kyi_tf_first },
	{ "ge", "**", kyi_tf_ge },
	{ "graphLink", "s", kyi_tf_graph_link },
	{ "gt", "**", kyi_tf_gt },
	{ "html", "*+", kyi_tf_html },
	{ "humanize", "n", kyi_tf_humanize },
	{ "humanize1024", "n", kyi_tf_humanize1024 },
	{ "humanizeDuration", "n", kyi_tf_humanize_duration },
	{ "humanizePercentage", "n", kyi_tf_humanize_percentage },
	{ "humanizeTimestamp", "n", kyi_tf_humanize_timestamp },
	{ "index", "**+", kyi_tf_index },
	{ "json", "*", kyi_tf_json },
	{ "label", "sm", kyi_tf_label },
	{ "le", "**", kyi_tf_le },
	{ "len", "*", kyi_tf_len },
	{ "lt", "**", kyi_tf_lt },
	{ "match", "ss", kyi_tf_match },
	{ "ne", "**", kyi_tf_ne },
	{ "not", "*", kyi_tf_not },
	{ "now", "", kyi_tf_now },
	{ "or", "*+", NULL },
	{ "parseDuration", "s", kyi_tf_parse_duration },
	{ "pathPrefix", "", kyi_tf_path_prefix },
	{ "print", "*+", kyi_tf_print },
	{ "printf", "s*+", kyi_tf_printf },
	{ "println", "*+", kyi_tf_println },
	{ "query", "s", kyi_tf_query },
	{ "reReplaceAll", "sss", kyi_tf_re_replace_all },
	{ "safeHtml", "s", kyi_tf_safe_html },
	{ "slice", "**+", kyi_tf_slice },
	{ "sortByLabel", "sv", kyi_tf_sort_by_label },
	{ "stripDomain", "s", kyi_tf_strip_domain },
	{ "stripPort", "s", kyi_tf_strip_port },
	{ "strvalue", "m", kyi_tf_strvalue },
	{ "tableLink", "s", kyi_tf_table_link },
	{ "title", "s", kyi_tf_title },
	{ "toLower", "s", kyi_tf_to_lower },
	{ "toUpper", "s", kyi_tf_to_upper },
	{ "urlQueryEscape", "s", kyi_tf_urlquery },
	{ "urlquery", "s", kyi_tf_urlquery },
	{ "value", "m", kyi_tf_value },
};

/* Those that Alertmanager has and Prometheus has not. */
static const struct kyi_template_func notify_funcs[] = {
	{ "date", "s*", kyi_tf_date },
	{ "join", "s*", kyi_tf_join },
	{ "since", "*", kyi_tf_since },
	{ "stringSlice", "s+", kyi_tf_string_slice },
	{ "toJson", "*", kyi_tf_json },
	{ "trimSpace", "s", kyi_tf_trim_space },
};

static const struct kyi_template_func *
find_in(const struct kyi_template_func *at, size_t cnt, const char *name,
    size_t len_bytes)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		if (strlen(at[i].name) == len_bytes &&
		    memcmp(at[i].name, name, len_bytes) == 0)
			return &at[i];
	return NULL;
}

const struct kyi_template_func *
kyi_template_func_find(const char *name, size_t len_bytes, bool notifies)
{
	const struct kyi_template_func *func = find_in(funcs,
	    sizeof(funcs) / sizeof(funcs[0]), name, len_bytes);

	return func != NULL || !notifies ? func : find_in(notify_funcs,
	    sizeof(notify_funcs) / sizeof(notify_funcs[0]), name, len_bytes);
}

/* Makes a number of what humanize takes: numbers, and texts that are one. */
static bool
to_number(struct kyi_tv *arg)
{
	char *end;

	if (arg->kind == TV_DURATION)
		*arg = (struct kyi_tv){.kind = TV_FLOAT,
		    .d = (double)arg->n / 1e9};
	else if (arg->kind == TV_INT)
		*arg = (struct kyi_tv){.kind = TV_FLOAT, .d = (double)arg->n};
	else if (arg->kind == TV_STR) {
		double d = strtod(arg->str, &end);

		if (end == arg->str || *end != '\0')
			return false;
		*arg = (struct kyi_tv){.kind = TV_FLOAT, .d = d};
	}
	return arg->kind == TV_FLOAT;
}

static int
arg_check(struct kyi_template_run *run, char letter, struct kyi_tv *arg)
{
	const char *want = NULL;

	if (letter == 's' && arg->kind != TV_STR)
		want = "string";
	else if (letter == 'v' && arg->kind != TV_VECTOR)
		want = "template.queryResult";
	else if (letter == 'm' && arg->kind != TV_SAMPLE)
		want = "*template.sample";
	else if (letter == 'n' && !to_number(arg))
		return kyi_template_fail(run, arg->kind == TV_STR ?
		    "strconv.ParseFloat: parsing \"%s\": invalid syntax" :
		    "can't convert %s to float", arg->kind == TV_STR ?
		    arg->str : kyi_tv_type(arg));
	return want == NULL ? 0 : kyi_template_fail(run,
	    "wrong type for value; expected %s; got %s", want,
	    kyi_tv_type(arg));
}

int
kyi_template_call(struct kyi_template_run *run,
    const struct kyi_template_func *func, const struct kyi_tv *args,
    uint32_t cnt, struct kyi_tv *result)
{
	struct kyi_tv checked[KYI_TEMPLATE_ARGS_MAX + 1];
	uint32_t want = (uint32_t)strlen(func->args), i;
	bool more = want > 0 && func->args[want - 1] == '+';
	struct kymo_error said;

	/* The last letter before "+" may be none, too. */
	if (more)
		want -= 2;
	if (cnt < want || (cnt > want && !more) || func->call == NULL)
		return kyi_template_fail(run, "wrong number of args for %s: "
		    "want %s%u got %u", func->name, more ? "at least " : "",
		    want, cnt);
	for (i = 0; i < cnt; i++) {
		checked[i] = args[i];
		if (arg_check(run, func->args[i < want ? i : want],
		    &checked[i]) != 0)
			goto fail;
	}
	if (func->call(run, checked, cnt, result) == 0)
		return 0;
fail:
	/* An inner call, in parentheses, has said its place already. */
	said = *run->error;
	if (run->placed)
		return -1;
	return kymo_error_set(run->error, "error calling %s: %s", func->name,
	    said.text);
}
