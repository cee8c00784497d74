/* SPDX-License-Identifier: MIT */
#include "tests/conformance/promql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct script {
	const char *file;
	char **lines; /* trimmed; comments are empty */
	uint32_t line_cnt;
	uint32_t at; /* the line that is read */
	struct kymo_table *table;
	struct kyi_arena *arena; /* of one command */
	struct why *why;
};

/* ---- words --------------------------------------------------------------------- */

static const char *
skip_spaces(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* Whether text begins with word and a space (or its end). */
static bool
takes_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0 ||
	    ((*text)[len] != '\0' && !isspace((unsigned char)(*text)[len])))
		return false;
	*text = skip_spaces(*text + len);
	return true;
}

bool
script_duration(const char *text, const char **end, int64_t *ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 36e5 },
		{ "d", 864e5 }, { "w", 6048e5 }, { "y", 31536e6 } };
	double sign = *text == '-' ? -1 : 1, sum = 0;

	text += *text == '-';
	if (!isdigit((unsigned char)*text))
		return false;
	while (isdigit((unsigned char)*text)) {
		char *behind;
		double n = strtod(text, &behind);
		size_t i = 0, len = strspn(behind, "mshdwy");

		text = behind + len;
		if (len == 0) {
			sum += n * 1e3;
			continue;
		}
		while (i < 7 && (strlen(units[i].unit) != len ||
		    memcmp(units[i].unit, behind, len) != 0))
			i++;
		if (i == 7)
			return false;
		sum += n * units[i].ms;
	}
	*ms = (int64_t)(sign * sum);
	*end = skip_spaces(text);
	return true;
}

static int
script_why(struct script *script, const char *what)
{
	return why_set(script->why, "%s:%u: %s", script->file, script->at + 1,
	    what);
}

static const char *
line(const struct script *script)
{
	return script->at < script->line_cnt ? script->lines[script->at] : "";
}

/* ---- load ------------------------------------------------------------------------ */

static int
add_all(struct script *script, const struct kyi_notation *series,
    int64_t step_ms)
{
	for (uint32_t i = 0; i < series->cnt; i++) {
		const struct kyi_notation_point *point = &series->points[i];

		if (point->present && kymo_table_add(script->table,
		    series->labels, step_ms * i, point->value,
		    point->hist) < 0)
			return script_why(script, "out of memory");
	}
	return 0;
}

static int
run_load(struct script *script, const char *text, bool with_nhcb)
{
	struct kyi_notation *series;
	struct kymo_error error;
	uint32_t cnt = 0;
	int64_t step_ms;

	if (!script_duration(text, &text, &step_ms) || *text != '\0')
		return script_why(script, "expected load DURATION");
	series = kyi_arena_array(script->arena, SERIES_MAX, sizeof *series);
	for (script->at++; *line(script) != '\0'; script->at++) {
		/* Start timestamps are upstream's experiment. */
		if (strstr(line(script), "@st ") != NULL)
			continue;
		if (cnt == SERIES_MAX)
			return script_why(script, "too many series");
		if (kyi_notation_series(script->arena, line(script),
		    &series[cnt], &error) < 0)
			return script_why(script, error.text);
		if (add_all(script, &series[cnt++], step_ms) < 0)
			return -1;
	}
	return with_nhcb ? nhcb_load(script->table, script->arena, series, cnt,
	    step_ms, script->why) : 0;
}

/* ---- eval -------------------------------------------------------------------------- */

static const char *
unquoted(struct script *script, const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == text[len - 1] &&
	    (text[0] == '"' || text[0] == '`' || text[0] == '\''))
		return kyi_arena_text(script->arena, text + 1, len - 2);
	return text;
}

static int
read_range_vector(struct script *script, struct eval *eval, const char *text)
{
	if (takes_word(&text, "from") &&
	    script_duration(text, &text, &eval->matrix_from_ms) &&
	    takes_word(&text, "to") &&
	    script_duration(text, &text, &eval->matrix_to_ms) &&
	    takes_word(&text, "step") &&
	    script_duration(text, &text, &eval->matrix_step_ms))
		return 0;
	return script_why(script, "expected from A to B step S");
}

static int
read_expect(struct script *script, struct eval *eval, const char *text)
{
	static const struct {
		const char *word;
		enum expect_kind kind;
	} kinds[] = { { "fail", EXPECT_FAIL }, { "warn", EXPECT_WARN },
		{ "info", EXPECT_INFO }, { "no_warn", EXPECT_NO_WARN },
		{ "no_info", EXPECT_NO_INFO }, { "ordered", EXPECT_ORDERED },
		{ "string", EXPECT_STRING },
		{ "range vector", EXPECT_RANGE_VECTOR } };
	struct expect *expect = &eval->expects[eval->expect_cnt];
	size_t i = 0;

	if (eval->expect_cnt == EXPECTS_MAX)
		return script_why(script, "too many expect lines");
	while (i < 8 && !takes_word(&text, kinds[i].word))
		i++;
	if (i == 8)
		return script_why(script, "expect what?");
	*expect = (struct expect){ .kind = kinds[i].kind };
	eval->expect_cnt++;
	if (expect->kind == EXPECT_RANGE_VECTOR)
		return read_range_vector(script, eval, text);
	if (expect->kind == EXPECT_STRING) {
		expect->text = unquoted(script, text);
		return 0;
	}
	if (strncmp(text, "msg:", 4) == 0 || strncmp(text, "regex:", 6) == 0) {
		expect->is_regex = text[0] == 'r';
		expect->text = unquoted(script,
		    skip_spaces(strchr(text, ':') + 1));
	}
	return 0;
}

/* A failure's text in the old way of writing; else text is left alone. */
static bool
read_old_failure(struct eval *eval, const char *text)
{
	bool is_regex = strncmp(text, "expected_fail_regexp", 20) == 0;

	if (!is_regex && strncmp(text, "expected_fail_message", 21) != 0)
		return false;
	for (uint32_t i = 0; i < eval->expect_cnt; i++) {
		if (eval->expects[i].kind != EXPECT_FAIL)
			continue;
		eval->expects[i].text =
		    skip_spaces(text + (is_regex ? 20 : 21));
		eval->expects[i].is_regex = is_regex;
	}
	return true;
}

static int
read_expected(struct script *script, struct eval *eval)
{
	const char *text = line(script), *end;
	struct kymo_error error;

	if (takes_word(&text, "expect"))
		return read_expect(script, eval, text);
	if (read_old_failure(eval, text))
		return 0;
	if (kyi_notation_number(text, &end, &eval->number) && *end == '\0') {
		eval->has_number = true;
		return 0;
	}
	if (eval->series_cnt == SERIES_MAX)
		return script_why(script, "too many series");
	if (kyi_notation_series(script->arena, text,
	    &eval->series[eval->series_cnt++], &error) < 0)
		return script_why(script, error.text);
	return 0;
}

static int
read_times(struct script *script, struct eval *eval, const char **text)
{
	if (takes_word(text, "instant")) {
		if (takes_word(text, "at") &&
		    script_duration(*text, text, &eval->from_ms))
			return 0;
		return script_why(script, "expected instant at TIME EXPR");
	}
	eval->is_range = true;
	if (takes_word(text, "range") && takes_word(text, "from") &&
	    script_duration(*text, text, &eval->from_ms) &&
	    takes_word(text, "to") &&
	    script_duration(*text, text, &eval->to_ms) &&
	    takes_word(text, "step") &&
	    script_duration(*text, text, &eval->step_ms))
		return 0;
	return script_why(script, "expected eval instant at TIME EXPR, or "
	    "range from TIME to TIME step DURATION EXPR");
}

static int
run_eval(struct script *script, const char *text, int old_kind,
    const struct script_sink *sink)
{
	struct eval *eval = kyi_arena_get(script->arena, sizeof *eval);
	struct why why = { "" };

	eval->file = script->file;
	eval->line = script->at + 1;
	if (old_kind >= 0)
		eval->expects[eval->expect_cnt++].kind =
		    (enum expect_kind)old_kind;
	if (read_times(script, eval, &text) < 0)
		return -1;
	eval->expr = text;
	eval->series = kyi_arena_array(script->arena, SERIES_MAX,
	    sizeof *eval->series);
	for (script->at++; *line(script) != '\0'; script->at++)
		if (read_expected(script, eval) < 0)
			return -1;
	eval_run(eval, kymo_table_source(script->table), &why);
	sink->judged(sink->of, eval, &why);
	return 0;
}

/* ---- a file ------------------------------------------------------------------------- */

static int
run_command(struct script *script, const struct script_sink *sink)
{
	static const struct {
		const char *word;
		int expects;
	} evals[] = { { "eval", -1 }, { "eval_fail", EXPECT_FAIL },
		{ "eval_warn", EXPECT_WARN }, { "eval_info", EXPECT_INFO },
		{ "eval_ordered", EXPECT_ORDERED } };
	const char *text = line(script);

	if (takes_word(&text, "clear")) {
		kymo_table_clear(script->table);
		return 0;
	}
	if (takes_word(&text, "load"))
		return run_load(script, text, false);
	if (takes_word(&text, "load_with_nhcb"))
		return run_load(script, text, true);
	for (size_t i = 0; i < sizeof evals / sizeof evals[0]; i++)
		if (takes_word(&text, evals[i].word))
			return run_eval(script, text, evals[i].expects, sink);
	return script_why(script, "no such command");
}

static int
read_lines(struct script *script, FILE *from)
{
	size_t room = 0, len;
	char *text = NULL;

	while (getline(&text, &room, from) >= 0) {
		const char *start = skip_spaces(text);
		char **lines = realloc(script->lines,
		    (script->line_cnt + 1) * sizeof *lines);

		if (lines == NULL)
			break;
		script->lines = lines;
		for (len = strlen(start); len > 0 &&
		    isspace((unsigned char)start[len - 1]); len--)
			;
		lines[script->line_cnt++] =
		    *start == '#' ? strdup("") : strndup(start, len);
	}
	free(text);
	return ferror(from) ? -1 : 0;
}

/* A command that cannot be read is a case that failed; the next is tried. */
static void
run_commands(struct script *script, const struct script_sink *sink)
{
	for (; script->at < script->line_cnt; script->at++) {
		struct eval unread = { .file = script->file,
		    .line = script->at + 1, .expr = line(script) };
		struct why why = { "" };

		if (*line(script) == '\0')
			continue;
		script->why = &why;
		script->arena = kyi_arena_new(0);
		if (run_command(script, sink) < 0) {
			sink->judged(sink->of, &unread, &why);
			while (*line(script) != '\0')
				script->at++;
		}
		kyi_arena_delete(script->arena);
	}
}

int
script_run(const char *path, const struct script_sink *sink, struct why *why)
{
	const char *slash = strrchr(path, '/');
	struct script script = { .file = slash == NULL ? path : slash + 1 };
	FILE *from = fopen(path, "r");
	int result = 0;

	if (from == NULL)
		return why_set(why, "%s: cannot be opened", path);
	script.table = kymo_table_new();
	if (read_lines(&script, from) < 0)
		result = why_set(why, "%s: cannot be read", path);
	else
		run_commands(&script, sink);
	fclose(from);
	kymo_table_delete(script.table);
	for (uint32_t i = 0; i < script.line_cnt; i++)
		free(script.lines[i]);
	free(script.lines);
	return result;
}
