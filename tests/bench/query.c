/* SPDX-License-Identifier: MIT */
/* What a question costs, and a pass of rules, over 10,000 series in memory:
   tests/bench/query.sh asks a real Prometheus the same of the same samples.

     query openmetrics START_S END_S     the samples, for promtool
     query rules KIND                    a rule file: record, firing or quiet
     query queries                       NAME<TAB>QUERY of each row
     query measure START_S END_S AT_S    lines NAME KEY=VALUE.. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/buffer.h"
#include "reader/history/history.h"
#include "reader/query/query.h"
#include "reader/rules/rules.h"
#include "tools/kymod_rules.h"

/* 10,000 counters, GROUPS of 20; and 500 histograms of 20 buckets, which are
   kept for BUCKET_S only: nobody asks for more of them. */
#define COUNTERS 10000u
#define IN_GROUP 20u
#define GROUPS (COUNTERS / IN_GROUP)
#define HISTS 500u
#define BUCKETS 20u
#define BUCKET_S 1500
#define RULES 1000u
#define ROUNDS 31

static const char *const asked[][2] = {
	{ "rate_over_threshold", "rate(x_total[5m]) > 103" },
	{ "sum_by_of_rates", "sum by (g) (rate(x_total[5m]))" },
	{ "histogram_quantile", "histogram_quantile(0.99, h_bucket)" },
	{ "quantile_of_rates", "histogram_quantile(0.99, rate(h_bucket[5m]))" },
	{ "avg_over_hour", "avg_over_time(x_total[1h])" },
	{ "max_over_hour", "max_over_time(x_total[1h])" },
};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

/* The first three promise something, in ms (issue: one thread). */
static double
promised_ms(const char *name)
{
	if (strcmp(name, "rate_over_threshold") == 0)
		return 1;
	if (strcmp(name, "histogram_quantile") == 0)
		return 1.5;
	return strcmp(name, "avg_over_hour") == 0 ||
	    strncmp(name, "rules_", 6) == 0 ? 5 : 0;
}

static void
die(const char *format, ...)
{
	va_list args;

	fputs("query: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void *
room(size_t cnt, size_t bytes)
{
	void *at = calloc(cnt, bytes);

	if (at == NULL)
		die("no memory");
	return at;
}

/* ---- samples: the same for both ------------------------------------------------ */

static uint32_t
scramble(uint32_t of)
{
	of = (of ^ of >> 16) * 0x7feb352du;
	of = (of ^ of >> 15) * 0x846ca68bu;
	return of ^ of >> 16;
}

/* A counter grows by 0 to 199 a second, 100 on average. */
static double
counter_grows(uint32_t series, int64_t at_s)
{
	return scramble(series * 2654435761u + (uint32_t)at_s) % 200;
}

static double
bucket_grows(uint32_t hist, uint32_t bucket, int64_t at_s)
{
	return scramble(hist * 40503u + bucket * 7919u + (uint32_t)at_s) %
	    (1 + (bucket < 10 ? bucket : 20 - bucket));
}

struct data {
	double counter[COUNTERS];
	double bucket[HISTS][BUCKETS]; /* of its own, not cumulative */
	int64_t start_s, end_s;
};

static void
data_step(struct data *data, int64_t at_s)
{
	for (uint32_t i = 0; i < COUNTERS; i++)
		data->counter[i] += counter_grows(i, at_s);
	for (uint32_t h = 0; h < HISTS; h++)
		for (uint32_t b = 0; b < BUCKETS; b++)
			data->bucket[h][b] += bucket_grows(h, b, at_s);
}

static const char *
upper_bound(uint32_t bucket)
{
	static char text[16];

	if (bucket + 1 == BUCKETS)
		return "+Inf";
	snprintf(text, sizeof(text), "%u.0", 1u << bucket);
	return text;
}

/* Family by family and series by series, as OpenMetrics wants. */
static void
openmetrics(int64_t start_s, int64_t end_s)
{
	puts("# TYPE x counter");
	for (uint32_t i = 0; i < COUNTERS; i++) {
		double value = 0;

		for (int64_t t = start_s; t < end_s; t++) {
			value += counter_grows(i, t);
			printf("x_total{i=\"%u\",g=\"g%u\"} %.0f %" PRId64
			    "\n", i, i / IN_GROUP, value, t);
		}
	}
	puts("# TYPE h histogram");
	for (uint32_t h = 0; h < HISTS; h++) {
		static double own[BUCKETS];

		memset(own, 0, sizeof(own));
		for (int64_t t = start_s; t < end_s; t++) {
			double below = 0;

			for (uint32_t b = 0; b < BUCKETS; b++) {
				own[b] += bucket_grows(h, b, t);
				below += own[b];
				if (t >= end_s - BUCKET_S)
					printf("h_bucket{i=\"%u\",le=\"%s\"} "
					    "%.0f %" PRId64 "\n", h,
					    upper_bound(b), below, t);
			}
		}
	}
	puts("# EOF");
}

/* ---- ours ------------------------------------------------------------------------- */

static struct kymo_labels *
labels(uint32_t cnt, const struct kymo_label *at)
{
	struct kymo_labels *made = kymo_labels_make(at, cnt);

	if (made == NULL)
		die("no memory");
	return made;
}

static void
rows_name(struct kymo_history_row *row)
{
	char i_text[16], g_text[16];

	for (uint32_t i = 0; i < COUNTERS; i++) {
		snprintf(i_text, sizeof(i_text), "%u", i);
		snprintf(g_text, sizeof(g_text), "g%u", i / IN_GROUP);
		row[i].labels = labels(3, (struct kymo_label[]){
		    { .key = KYMO_NAME_LABEL, .value = "x_total" },
		    { .key = "i", .value = i_text },
		    { .key = "g", .value = g_text } });
	}
	row += COUNTERS;
	for (uint32_t i = 0; i < HISTS * BUCKETS; i++) {
		snprintf(i_text, sizeof(i_text), "%u", i / BUCKETS);
		row[i].labels = labels(3, (struct kymo_label[]){
		    { .key = KYMO_NAME_LABEL, .value = "h_bucket" },
		    { .key = "i", .value = i_text },
		    { .key = "le", .value = upper_bound(i % BUCKETS) } });
	}
}

static struct kymo_history *
history_make(int64_t start_s, int64_t end_s)
{
	struct kymo_history_options options = {
		.head_ms = (uint64_t)(end_s - start_s + 60) * 1000
	};
	struct kymo_error error = { "" };
	struct kymo_history *history = kymo_history_new(&options, &error);
	struct kymo_history_row *row = room(COUNTERS + HISTS * BUCKETS,
	    sizeof(*row));
	struct data *data = room(1, sizeof(*data));
	struct kymo_feed *counters, *buckets;

	if (history == NULL)
		die("%s", error.text);
	counters = kymo_history_feed(history, "counters");
	buckets = kymo_history_feed(history, "buckets");
	if (counters == NULL || buckets == NULL)
		die("no memory");
	rows_name(row);
	for (int64_t t = start_s; t < end_s; t++) {
		data_step(data, t);
		for (uint32_t i = 0; i < COUNTERS; i++)
			row[i].value = data->counter[i];
		for (uint32_t i = 0; i < HISTS * BUCKETS; i++)
			row[COUNTERS + i].value = (i % BUCKETS > 0 ?
			    row[COUNTERS + i - 1].value : 0) +
			    data->bucket[i / BUCKETS][i % BUCKETS];
		if (kymo_feed_append(counters, t * 1000, row, COUNTERS) != 0)
			die("no memory");
		if (t >= end_s - BUCKET_S && kymo_feed_append(buckets, t * 1000,
		    row + COUNTERS, HISTS * BUCKETS) != 0)
			die("no memory");
	}
	for (uint32_t i = 0; i < COUNTERS + HISTS * BUCKETS; i++)
		free((void *)(uintptr_t)row[i].labels);
	free(row);
	free(data);
	return history;
}

static double
now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A row that misses its promise is not ok, so that the bench ends with 1. */
static void
row_print(const char *name, double *took_ms, uint64_t series_cnt)
{
	double promise_ms = promised_ms(name);

	qsort(took_ms, ROUNDS, sizeof(took_ms[0]), by_size);
	printf("%s ms=%.3f ms_min=%.3f series=%" PRIu64, name,
	    took_ms[ROUNDS / 2], took_ms[0], series_cnt);
	if (promise_ms > 0)
		printf(" promise_ms=%g", promise_ms);
	printf(" ok=%d\n", promise_ms == 0 || took_ms[0] <= promise_ms);
	fflush(stdout);
}

static void
query_measure(const struct kymo_source *source, const char *name,
    const char *text, int64_t at_ms)
{
	struct kymo_query_error error = { .line = 0 };
	struct kymo_query *query;
	double took_ms[ROUNDS];
	uint32_t series_cnt = 0;

	if (kymo_query_parse(&query, text, strlen(text), &error) != 0)
		die("%s: %s", text, error.error.text);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct kymo_result *result;
		double begun_ms = now_ms();

		if (kymo_query_instant(query, source, at_ms, NULL, &result,
			&error) != 0)
			die("%s: %s", text, error.error.text);
		took_ms[i] = now_ms() - begun_ms;
		series_cnt = result->series_cnt;
		kymo_result_delete(result);
	}
	if (series_cnt == 0)
		die("%s: no answer", text);
	kymo_query_delete(query);
	row_print(name, took_ms, series_cnt);
}

/* ---- rules -------------------------------------------------------------------------- */

static void
rules_text(const char *kind, struct kymo_buffer *out)
{
	char line[256];

	kymo_buffer_str(out, "groups:\n- name: bench\n  interval: 5s\n"
	    "  rules:\n");
	for (uint32_t i = 0; i < RULES; i++) {
		uint32_t group = i % GROUPS;

		if (strcmp(kind, "record") == 0)
			snprintf(line, sizeof(line), "  - record: r%u\n"
			    "    expr: rate(x_total{g=\"g%u\"}[5m])\n", i,
			    group);
		else
			snprintf(line, sizeof(line), "  - alert: A%u\n"
			    "    expr: rate(x_total{g=\"g%u\"}[5m]) > %d\n"
			    "    for: 10s\n", i, group,
			    strcmp(kind, "firing") == 0 ? 0 : 1000);
		kymo_buffer_str(out, line);
	}
}

static void
fault_die(void *of, const char *text)
{
	(void)of;
	die("%s", text);
}

static void
rules_measure(struct kymo_history *history, const char *kind, int64_t at_ms)
{
	struct kymo_rule_faults faults = { fault_die, NULL };
	struct kymo_buffer text = { 0 };
	struct kymo_rules *rules;
	struct kymo_rule_engine *engine;
	struct kyi_rule_sink sink;
	struct kymo_rule_options options = {
		.source = kymo_history_source(history)
	};
	struct kymo_error error = { "" };
	double took_ms[ROUNDS];
	char name[64];

	rules_text(kind, &text);
	if (kymo_rules_parse(&rules, "bench", text.at, text.len_bytes,
		&faults) != 0 ||
	    kyi_rule_sink_make(&sink, history, rules) != 0)
		die("rules");
	options.sink = kyi_rule_sink_of(&sink);
	if (kymo_rule_engine_new(&engine, rules, &options, &faults, &error) !=
	    0)
		die("%s", error.text);
	/* Not measured: the passes in which alerts begin and "for" goes by. */
	for (int i = 0; i < 20; i++)
		if (kymo_rule_engine_at(engine, at_ms += 5000, &error) < 0)
			die("%s", error.text);
	for (int i = 0; i < ROUNDS; i++) {
		double begun_ms = now_ms();

		if (kymo_rule_engine_at(engine, at_ms += 1000, &error) < 0)
			die("%s", error.text);
		took_ms[i] = now_ms() - begun_ms;
	}
	if (sink.evaluated_cnt != RULES * (20 + ROUNDS) || sink.failed_cnt > 0)
		die("%s: %" PRIu64 " evaluated, %" PRIu64 " failed", kind,
		    sink.evaluated_cnt, sink.failed_cnt);
	snprintf(name, sizeof(name), "rules_%s", kind);
	row_print(name, took_ms, RULES * IN_GROUP);
	kymo_rule_engine_delete(engine);
	kyi_rule_sink_free(&sink);
	kymo_rules_delete(rules);
	kymo_buffer_free(&text);
}

/* Rules' passes are to lie within the samples, and after at. */
static void
measure(int64_t start_s, int64_t end_s, int64_t at_s)
{
	static const char *const kinds[] = { "record", "quiet", "firing" };
	struct kymo_history *history = history_make(start_s, end_s);

	for (size_t i = 0; i < ASKED; i++)
		query_measure(kymo_history_source(history), asked[i][0],
		    asked[i][1], at_s * 1000);
	for (size_t i = 0; i < 3; i++)
		rules_measure(history, kinds[i], at_s * 1000);
	kymo_history_delete(history);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct kymo_buffer text = { 0 };
	int64_t number[3] = { 0 };

	for (int i = 2; i < argc && i < 5; i++)
		number[i - 2] = strtoll(argv[i], NULL, 10);
	if (strcmp(verb, "openmetrics") == 0 && argc == 4) {
		openmetrics(number[0], number[1]);
	} else if (strcmp(verb, "measure") == 0 && argc == 5) {
		measure(number[0], number[1], number[2]);
	} else if (strcmp(verb, "rules") == 0 && argc == 3) {
		rules_text(argv[2], &text);
		fwrite(text.at, 1, text.len_bytes, stdout);
	} else if (strcmp(verb, "queries") == 0) {
		for (size_t i = 0; i < ASKED; i++)
			printf("%s\t%s\n", asked[i][0], asked[i][1]);
	} else {
		die("see the top of tests/bench/query.c");
	}
	return ferror(stdout) != 0;
}
