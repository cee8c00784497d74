/* SPDX-License-Identifier: MIT */
/* kymo query: asks kymod (or a Prometheus) in PromQL. */
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/export/export.h"
#include "tools/kymo_answer.h"
#include "tools/kymo_chart.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_http.h"
#include "tools/kymo_when.h"

#define COLUMNS 80u
#define TABLE_POINTS 20u
#define JSON_POINTS 250u
#define CHART_SERIES_MAX 20u

enum form { TABLE, JSON, CHART };

struct options {
	const char *url, *at, *from, *to, *step, *timeout;
	enum form form;
	bool form_said;
	double at_s, from_s, to_s, step_s;
};

/* ---- what is said of an error ------------------------------------------------ */

static void
say(FILE *to, const char *before, const char *text)
{
	struct kymo_buffer safe = {0};

	kymo_escape_terminal(&safe, text);
	if (!safe.failed)
		fprintf(to, "%s%s\n", before, safe.at);
	kymo_buffer_free(&safe);
}

/* The line of the query that an error is about, and where in it. */
static void
caret(const char *query, const char *error)
{
	unsigned line, column;
	size_t len_bytes;
	char *text;

	while (*error && sscanf(error, "%u:%u: ", &line, &column) != 2)
		error++;
	if (!*error || column == 0 || column > 1000)
		return;
	for (; line > 1 && (query = strchr(query, '\n')); line--)
		query++;
	if (!query)
		return;
	len_bytes = strcspn(query, "\n");
	text = kyi_must(strndup(query, len_bytes));
	say(stderr, "  ", text);
	free(text);
	fprintf(stderr, "  %*s^\n", (int)column - 1, "");
}

static int
refused(const struct kyi_answer *answer, const char *query)
{
	static const char param[] = "invalid parameter \"query\": ";
	const char *error = answer->error;

	if (strncmp(error, param, strlen(param)) == 0)
		error += strlen(param);
	say(stderr, "kymo query: ", error);
	if (strcmp(answer->error_type, "bad_data") == 0)
		caret(query, error);
	return strcmp(answer->error_type, "bad_data") == 0 ||
	    strcmp(answer->error_type, "execution") == 0 ? KYI_EXIT_NO :
	    KYI_EXIT_TROUBLE;
}

/* ---- tables ------------------------------------------------------------------ */

static bool
ends(const char *text, const char *end)
{
	size_t text_bytes = strlen(text), end_bytes = strlen(end);

	return text_bytes >= end_bytes &&
	    strcmp(text + text_bytes - end_bytes, end) == 0;
}

/* What a metric's name says of its unit; "" where it says nothing. */
static const char *
unit_of(const char *metric)
{
	if (ends(metric, "_bytes") || ends(metric, "_bytes_total"))
		return "bytes";
	return ends(metric, "_seconds") || ends(metric, "_seconds_total") ?
	    "seconds" : "";
}

static void
put_number(struct kymo_buffer *out, const struct kyi_answer_series *series,
    const struct kyi_answer_point *point)
{
	const char *unit = unit_of(series->metric);

	if (*unit && isfinite(point->value))
		kymo_humanize(out, point->value, unit);
	else
		kymo_escape_terminal(out, point->text);
}

/* Columns on a terminal, about: characters. */
static uint32_t
width(const char *text)
{
	uint32_t cnt = 0;

	for (; *text; text++)
		cnt += (*text & 0xc0) != 0x80;
	return cnt;
}

static void
put_padded(struct kymo_buffer *out, const char *text, uint32_t columns)
{
	uint32_t cnt = width(text);

	kymo_buffer_str(out, text);
	for (; cnt < columns; cnt++)
		kymo_buffer_char(out, ' ');
}

static void
instant_put(struct kymo_buffer *out, const struct kyi_answer *answer)
{
	uint32_t columns = 0;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < answer->series_cnt; i++) {
			const struct kyi_answer_series *series =
			    &answer->series[i];
			struct kymo_buffer name = {0};

			kymo_buffer_str(&name, "");
			kymo_escape_terminal(&name, series->name);
			if (pass == 0 && !name.failed &&
			    width(name.at) > columns)
				columns = width(name.at);
			if (pass == 1 && !name.failed) {
				put_padded(out, name.at, columns);
				kymo_buffer_str(out, columns > 0 ? "  " : "");
				put_number(out, series, series->points);
				kymo_buffer_char(out, '\n');
			}
			kymo_buffer_free(&name);
		}
}

static void
put_time(struct kymo_buffer *out, double at_s)
{
	double ms = round(at_s * 1000);
	time_t seconds = (time_t)floor(ms / 1000);
	unsigned part = (unsigned)(ms - (double)seconds * 1000);
	char text[40];
	struct tm tm;

	if (!localtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(text, sizeof(text), "%.0f", at_s);
	kymo_buffer_str(out, text);
	if (part % 1000 != 0)
		kymo_buffer_printf(out, ".%03u", part % 1000);
}

/* A series after the other, each with its times. */
static void
range_put(struct kymo_buffer *out, const struct kyi_answer *answer)
{
	for (uint32_t i = 0; i < answer->series_cnt; i++) {
		const struct kyi_answer_series *series = &answer->series[i];

		kymo_escape_terminal(out, series->name);
		kymo_buffer_char(out, '\n');
		for (uint32_t j = 0; j < series->point_cnt; j++) {
			kymo_buffer_str(out, "  ");
			put_time(out, series->points[j].at_s);
			kymo_buffer_str(out, "  ");
			put_number(out, series, &series->points[j]);
			kymo_buffer_char(out, '\n');
		}
	}
}

/* ---- charts ------------------------------------------------------------------ */

static uint32_t
columns_of(void)
{
	uint32_t columns = kyi_terminal_columns();

	return columns == 0 ? COLUMNS : columns;
}

static bool
knows_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void
charts_put(struct kymo_buffer *out, const struct kyi_answer *answer,
    const struct options *options)
{
	struct kyi_chart chart = {.from_s = options->from_s,
		.to_s = options->to_s, .gap_s = options->step_s * 1.5,
		.columns = columns_of(), .braille = knows_utf8(),
		.rows = answer->series_cnt > 4 ? 3 : 6};
	uint32_t i;

	for (i = 0; i < answer->series_cnt && i < CHART_SERIES_MAX; i++) {
		chart.unit = unit_of(answer->series[i].metric);
		kymo_escape_terminal(out, answer->series[i].name);
		kymo_buffer_char(out, '\n');
		kyi_chart_draw(out, &chart, &answer->series[i]);
	}
	if (i > 0)
		kyi_chart_times(out, &chart);
	if (i < answer->series_cnt)
		kymo_buffer_printf(out, "and %u more series\n",
		    answer->series_cnt - i);
}

/* ---- asking ------------------------------------------------------------------ */

static int
show(const struct options *options, const char *query,
    const struct kymo_buffer *body)
{
	struct kymo_buffer out = {0};
	struct kyi_answer answer = {0};
	int status;

	if (body->failed || body->len_bytes == 0 || !kyi_answer_read(&answer,
	    body->at, body->len_bytes)) {
		kyi_answer_free(&answer);
		return kyi_trouble("what answers there is neither kymod nor "
		    "Prometheus");
	}
	if (answer.is_error) {
		status = refused(&answer, query);
		kyi_answer_free(&answer);
		return status;
	}
	for (uint32_t i = 0; i < answer.note_cnt; i++)
		say(stderr, "kymo query: ", answer.notes[i]);
	if (options->form == JSON) {
		kymo_buffer_add(&out, body->at, body->len_bytes);
		if (out.len_bytes > 0 && body->at[body->len_bytes - 1] != '\n')
			kymo_buffer_char(&out, '\n');
	} else if (!answer.is_range)
		instant_put(&out, &answer);
	else if (options->form == CHART)
		charts_put(&out, &answer, options);
	else
		range_put(&out, &answer);
	status = kyi_output(&out);
	if (status == KYI_EXIT_OK && answer.series_cnt == 0) {
		if (options->form != JSON)
			fputs("kymo query: no series\n", stderr);
		status = KYI_EXIT_NO;
	}
	kyi_answer_free(&answer);
	return status;
}

static int
ask(const struct options *options, const char *query)
{
	const char *url = kyi_url(options->url);
	char at[40], from[40], to[40], step[40];
	struct kyi_field fields[5] = {{"query", query}};
	struct kymo_buffer body = {0};
	uint32_t cnt = 1;
	long http_status = 0;
	int status;

	snprintf(at, sizeof(at), "%.3f", options->at_s);
	snprintf(from, sizeof(from), "%.3f", options->from_s);
	snprintf(to, sizeof(to), "%.3f", options->to_s);
	snprintf(step, sizeof(step), "%.3f", options->step_s);
	if (options->from) {
		fields[cnt++] = (struct kyi_field){"start", from};
		fields[cnt++] = (struct kyi_field){"end", to};
		fields[cnt++] = (struct kyi_field){"step", step};
	} else {
		fields[cnt++] = (struct kyi_field){"time", at};
	}
	if (options->timeout)
		fields[cnt++] = (struct kyi_field){"timeout",
			options->timeout};
	status = kyi_http_post(url, options->from ? "/api/v1/query_range" :
	    "/api/v1/query", fields, cnt, &body, &http_status);
	if (status == KYI_EXIT_OK)
		status = show(options, query, &body);
	kymo_buffer_free(&body);
	return status;
}

/* ---- the verb ---------------------------------------------------------------- */

/* Times as seconds; an exit code. */
static int
times_read(struct options *options)
{
	uint32_t points = options->form == JSON ? JSON_POINTS : TABLE_POINTS;
	struct kyi_chart chart = {.columns = columns_of(),
		.braille = knows_utf8()};

	options->at_s = options->to_s = kyi_now_s();
	if (options->at && !kyi_when_read(&options->at_s, options->at))
		return kyi_usage(&kyi_verb_query, "--at=%s is no time",
		    options->at);
	if (options->to && !kyi_when_read(&options->to_s, options->to))
		return kyi_usage(&kyi_verb_query, "--to=%s is no time",
		    options->to);
	if (!options->from)
		return options->to || options->step ? kyi_usage(
		    &kyi_verb_query, "--to and --step go with --from") :
		    KYI_EXIT_OK;
	if (options->at)
		return kyi_usage(&kyi_verb_query, "--at or --from?");
	if (!kyi_when_read(&options->from_s, options->from))
		return kyi_usage(&kyi_verb_query, "--from=%s is no time",
		    options->from);
	if (options->from_s > options->to_s)
		return kyi_usage(&kyi_verb_query, "--from is after --to");
	if (options->form == CHART)
		points = kyi_chart_points(&chart);
	options->step_s = kyi_step_choose(options->to_s - options->from_s,
	    points);
	if (options->step && !kyi_step_read(&options->step_s, options->step))
		return kyi_usage(&kyi_verb_query, "--step=%s is no duration",
		    options->step);
	return KYI_EXIT_OK;
}

static int
form_set(struct options *options, enum form form)
{
	if (options->form_said && options->form != form)
		return kyi_usage(&kyi_verb_query,
		    "--table, --json or --chart?");
	options->form = form;
	options->form_said = true;
	return KYI_EXIT_OK;
}

static int
query(int argc, char **argv)
{
	static const struct option known[] = {
		{"url", required_argument, NULL, 'u'},
		{"at", required_argument, NULL, 'a'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"step", required_argument, NULL, 's'},
		{"timeout", required_argument, NULL, 'T'},
		{"table", no_argument, NULL, 'B'},
		{"json", no_argument, NULL, 'j'},
		{"chart", no_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {.form = TABLE};
	int option, status = KYI_EXIT_OK;

	setlocale(LC_CTYPE, ""); /* whether the terminal knows UTF-8 */
	while (status == KYI_EXIT_OK && (option = getopt_long(argc, argv,
	    ":u:a:f:t:s:jch", known, NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'a': options.at = optarg; break;
		case 'f': options.from = optarg; break;
		case 't': options.to = optarg; break;
		case 's': options.step = optarg; break;
		case 'T': options.timeout = optarg; break;
		case 'B': status = form_set(&options, TABLE); break;
		case 'j': status = form_set(&options, JSON); break;
		case 'c': status = form_set(&options, CHART); break;
		case 'h': return kyi_help(&kyi_verb_query);
		default:
			return kyi_option_wrong(&kyi_verb_query, argv, option);
		}
	if (status != KYI_EXIT_OK)
		return status;
	if (optind + 1 != argc)
		return kyi_usage(&kyi_verb_query, optind == argc ?
		    "which query?" : "one query, in quotes");
	if (options.form == CHART && !options.from)
		options.from = options.at ? NULL : "15m";
	status = times_read(&options);
	if (status == KYI_EXIT_OK && options.form == CHART && !options.from)
		status = kyi_usage(&kyi_verb_query, "--chart goes with --from");
	return status != KYI_EXIT_OK ? status : ask(&options, argv[optind]);
}

const struct kyi_verb kyi_verb_query = {
	"query", "asks kymod in PromQL", query,
	"usage: kymo query [OPTION].. EXPR\n"
	"\n"
	"Asks a running kymod, or a Prometheus, of now, of another time, or of a\n"
	"span of time.\n"
	"\n"
	"  -a, --at=TIME       of that time, not of now\n"
	"  -f, --from=TIME     of each --step from then on,\n"
	"  -t, --to=TIME       .. up to then (now)\n"
	"  -s, --step=DURATION some 20 of them if not given; of a chart a dot each\n"
	"      --table         a table (without other wish)\n"
	"  -j, --json          the answer as it is\n"
	"  -c, --chart         a chart for each series; of 15 minutes without --from\n"
	"      --timeout=DURATION  give up after so long; at most 2 minutes\n"
	"  -u, --url=URL       where (KYMO_URL, or " KYI_URL_DEFAULT ")\n"
	"  -h, --help          this\n"
	"\n"
	"TIME is so long ago (10m, 1h30m), now, 2023-11-14T22:13:20Z, or seconds since\n"
	"1970.\n"
	"\n"
	"Exit: 0 there is an answer; 1 no series, or the query is wrong; 2 usage;\n"
	"3 could not be asked.\n"
	"\n"
	"  kymo query 'sum by (service) (rate(http_requests_total[1m]))'\n"
	"  kymo query --chart --from 1h 'histogram_quantile(0.99, rate(wait_seconds[5m]))'\n"
};
