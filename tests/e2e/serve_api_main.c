/* SPDX-License-Identifier: MIT */
/* serve_api_main PORT [MANY]: serves an hour of known series (of 15 s steps, up
   to FROM_S + 3600), the scan of tests/testlib/scan.h, and two groups of rules
   evaluated at the end, until SIGTERM; then says what was counted. MANY: of so
   many further series, for queries that take long.
   serve_api_main --openmetrics: writes the hour as OpenMetrics, for promtool to
   make blocks of. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/serve/private.h"
#include "shm/atomic.h"
#include "tests/testlib/scan.h"

#define FROM_S INT64_C(1699996400)
#define STEP_S 15
#define STEP_CNT 241u
#define SPARSE 4u /* of the feed that has every fourth step, and ends */
#define SERIES_CNT_MAX 64u

/* ---- known series ------------------------------------------------------ */

struct known {
	const char *name;
	const char *labels[4][2];
	/* The value at step i. */
	double (*value)(uint32_t i, double k);
	double k;
	bool sparse;
};

static double
counter(uint32_t i, double k)
{
	/* Two resets, one of them to more than 0. */
	uint32_t since = i < 100 ? i : i < 170 ? i - 100 : i - 168;

	return (double)since * k + (i % 7 == 3 ? k / 3 : 0);
}

static double
steady(uint32_t i, double k)
{
	return (double)i * k;
}

static double
wave(uint32_t i, double k)
{
	return k * (double)((i * 37 + 11) % 101) - 20.25 * k;
}

static double
odd(uint32_t i, double k)
{
	switch (i % 60) {
	case 10:
		return (double)NAN;
	case 25:
		return (double)INFINITY * k;
	case 40:
		return 5e-324;
	case 55:
		return 1.7976931348623157e308;
	default:
		return k / (double)(i + 1);
	}
}

static double
flat(uint32_t i, double k)
{
	(void)i;
	return k;
}

static const struct known known[] = {
#define REQUESTS(job, instance, code, k) \
	{ "requests_total", { { "job", job }, { "instance", instance }, \
	    { "code", code } }, counter, k, false }
	REQUESTS("api", "a:80", "200", 3), REQUESTS("api", "a:80", "500", 0.5),
	REQUESTS("api", "b:80", "200", 7), REQUESTS("api", "b:80", "500", 0.1),
	REQUESTS("web", "c:80", "200", 11), REQUESTS("web", "c:80", "404", 1),
#define SIZE(job, instance, k) \
	{ "size_bytes", { { "job", job }, { "instance", instance } }, wave, \
	    k, false }
	SIZE("api", "a:80", 1048576), SIZE("api", "b:80", 0.001),
	SIZE("web", "c:80", -3.7),
#define BUCKET(job, le, k) \
	{ "delay_seconds_bucket", { { "job", job }, { "le", le } }, steady, k, \
	    false }
	BUCKET("api", "0.1", 1), BUCKET("api", "0.5", 4),
	BUCKET("api", "2.5", 6), BUCKET("api", "+Inf", 6.5),
	BUCKET("web", "0.1", 0), BUCKET("web", "0.5", 1),
	BUCKET("web", "2.5", 5), BUCKET("web", "+Inf", 5),
	{ "odd", { { "kind", "pos" } }, odd, 1, false },
	{ "odd", { { "kind", "neg" } }, odd, -1, false },
	{ "up", { { "job", "api" }, { "instance", "a:80" } }, flat, 1, false },
	{ "up", { { "job", "api" }, { "instance", "b:80" } }, flat, 0, false },
	{ "up", { { "job", "web" }, { "instance", "c:80" } }, flat, 1, false },
	{ "build_info", { { "job", "api" }, { "version", "1.2.3 \"b\\\"" } },
	    flat, 1, false },
	{ "build_info", { { "job", "web" }, { "version", "gr\xc3\xbcn" } },
	    flat, 1, false },
	{ "queue_length", { { "job", "api" } }, wave, 1, true },
	{ "queue_length", { { "job", "web" } }, flat, 1e21, true },
};
#define KNOWN_CNT (sizeof(known) / sizeof(known[0]))

static bool
has_step(const struct known *series, uint32_t i)
{
	return !series->sparse || (i % SPARSE == 0 && i < STEP_CNT / 2);
}

/* ---- as OpenMetrics ---------------------------------------------------- */

static void
put_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void
put_line(const struct known *series, uint32_t i)
{
	double value = series->value(i, series->k);

	printf("%s{", series->name);
	for (size_t l = 0; l < 4 && series->labels[l][0] != NULL; l++) {
		printf("%s%s=\"", l > 0 ? "," : "", series->labels[l][0]);
		put_text(series->labels[l][1]);
		putchar('"');
	}
	if (isnan(value))
		printf("} NaN");
	else if (isinf(value))
		printf("} %s", value > 0 ? "+Inf" : "-Inf");
	else
		printf("} %.17g", value);
	printf(" %lld\n", (long long)(FROM_S + (int64_t)i * STEP_S));
}

static int
openmetrics(void)
{
	for (size_t s = 0; s < KNOWN_CNT; s++)
		for (uint32_t i = 0; i < STEP_CNT; i++)
			if (has_step(&known[s], i))
				put_line(&known[s], i);
	printf("# EOF\n");
	return 0;
}

/* ---- as a history ------------------------------------------------------ */

static void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("%s\n", what);
	exit(1);
}

static struct kymo_labels *
labels_of(const struct known *series)
{
	struct kymo_label at[5] = { { "__name__", series->name } };
	uint32_t cnt = 1;
	struct kymo_labels *labels;

	for (size_t l = 0; l < 4 && series->labels[l][0] != NULL; l++)
		at[cnt++] = (struct kymo_label){ series->labels[l][0],
		    series->labels[l][1] };
	labels = kymo_labels_make(at, cnt);
	must(labels != NULL, "no memory");
	return labels;
}

/* Its series that are there at a step; of the sparse feed only at its steps,
   so that nothing ends. */
static void
feed_step(struct kymo_feed *feed, bool sparse, struct kymo_labels **labels,
    uint32_t i)
{
	struct kymo_history_row rows[KNOWN_CNT];
	uint32_t cnt = 0;

	for (size_t s = 0; s < KNOWN_CNT; s++)
		if (known[s].sparse == sparse && has_step(&known[s], i))
			rows[cnt++] = (struct kymo_history_row){ labels[s],
			    known[s].value(i, known[s].k), NULL, NULL };
	if (cnt > 0)
		must(kymo_feed_append(feed, (FROM_S + (int64_t)i * STEP_S) *
		    1000, rows, cnt) == 0, "no memory");
}

static void
many_step(struct kymo_feed *feed, struct kymo_labels **labels, uint32_t cnt,
    uint32_t i)
{
	struct kymo_history_row *rows = calloc(cnt + 1u, sizeof(*rows));

	must(rows != NULL, "no memory");
	for (uint32_t s = 0; s < cnt; s++)
		rows[s] = (struct kymo_history_row){ labels[s],
		    (double)(s * 7 + i * (s % 13)), NULL, NULL };
	if (cnt > 0)
		must(kymo_feed_append(feed, (FROM_S + (int64_t)i * STEP_S) *
		    1000, rows, cnt) == 0, "no memory");
	free(rows);
}

static struct kymo_labels **
many_labels(uint32_t cnt)
{
	struct kymo_labels **labels = calloc(cnt + 1u, sizeof(void *));
	char number[16];

	must(labels != NULL, "no memory");
	for (uint32_t s = 0; s < cnt; s++) {
		struct kymo_label at[2] = { { "__name__", "many" },
			{ "number", number } };

		snprintf(number, sizeof(number), "%u", s);
		labels[s] = kymo_labels_make(at, 2);
		must(labels[s] != NULL, "no memory");
	}
	return labels;
}

static struct kymo_history *
history_make(uint32_t many)
{
	const struct kymo_history_options options = {
	    .head_ms = 4 * 3600 * 1000 };
	struct kymo_error error = { "" };
	struct kymo_history *history = kymo_history_new(&options, &error);
	struct kymo_labels *labels[KNOWN_CNT], **others = many_labels(many);
	struct kymo_feed *all, *sparse, *rest;

	must(history != NULL, error.text);
	all = kymo_history_feed(history, "all");
	sparse = kymo_history_feed(history, "sparse");
	rest = kymo_history_feed(history, "many");
	must(all != NULL && sparse != NULL && rest != NULL, "no memory");
	for (size_t s = 0; s < KNOWN_CNT; s++)
		labels[s] = labels_of(&known[s]);
	for (uint32_t i = 0; i < STEP_CNT; i++) {
		feed_step(all, false, labels, i);
		feed_step(sparse, true, labels, i);
		many_step(rest, others, many, i);
	}
	for (size_t s = 0; s < KNOWN_CNT; s++)
		free(labels[s]);
	for (uint32_t s = 0; s < many; s++)
		free(others[s]);
	free(others);
	return history;
}

/* ---- rules ------------------------------------------------------------- */

static const char rules_text[] =
    "groups:\n"
    "  - name: first\n"
    "    interval: 30s\n"
    "    rules:\n"
    "      - record: job:requests:rate5m\n"
    "        expr: sum by (job)(rate(requests_total[5m]))\n"
    "      - alert: Down\n"
    "        expr: up == 0\n"
    "        labels: {severity: page}\n"
    "        annotations:\n"
    "          summary: '{{ $labels.instance }} is down'\n"
    "  - name: second\n"
    "    limit: 5\n"
    "    rules:\n"
    "      - alert: Slow\n"
    "        expr: build_info > 0\n"
    "        for: 1h\n"
    "      - record: broken\n"
    "        expr: label_replace(build_info, 'version', '', '', '') "
    "* on () group_left () build_info\n";

static void
fault(void *of, const char *text)
{
	(void)of;
	printf("%s\n", text);
}

static int
append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	(void)of;
	(void)labels;
	(void)ref;
	(void)at_ms;
	(void)value;
	(void)hist;
	(void)error;
	return 0;
}

static struct kymo_rule_engine *
engine_make(struct kymo_history *history, struct kymo_rules **rules)
{
	const struct kymo_rule_faults faults = { fault, NULL };
	const struct kymo_rule_options options = {
	    .source = kymo_history_source(history),
	    .sink = { .append = append } };
	struct kymo_rule_engine *engine;
	struct kymo_error error = { "" };

	must(kymo_rules_parse(rules, "known.yml", rules_text,
	    strlen(rules_text), &faults) == 0, "rules");
	must(kymo_rule_engine_new(&engine, *rules, &options, &faults,
	    &error) == 0, error.text);
	must(kymo_rule_engine_at(engine, (FROM_S + 3600) * 1000, &error) >= 0,
	    error.text);
	return engine;
}

static int
rules_of(void *of, int (*each)(void *to,
    const struct kymo_rule_status *status), void *to)
{
	return kymo_rule_engine_status(of, each, to);
}

/* ---- serving ----------------------------------------------------------- */

static struct kymo_scan scan_now;

static const struct kymo_scan *
take(void *of)
{
	return of;
}

static void
release(const struct kymo_scan *scan)
{
	(void)scan;
}

/* The first one is refused, as a file with a mistake would be. */
static int
reload(void *of, bool (*over)(void *at), void *at, struct kymo_error *error)
{
	(void)over;
	(void)at;
	static int cnt;

	(void)of;
	return cnt++ > 0 ? 0 : kymo_error_set(error, "kymod.yaml:3: no key "
	    "such as this");
}

static void
report(const struct kymo_serve *serve)
{
	struct kymo_serve_stats stats;

	kymo_serve_stats(serve, &stats);
	printf("requests %llu queries %llu canceled %llu running %u waiting %u "
	    "seconds %.3f held %llu\n",
	    (unsigned long long)stats.requests,
	    (unsigned long long)stats.queries,
	    (unsigned long long)stats.queries_canceled, stats.queries_running,
	    stats.queries_waiting, stats.query_seconds,
	    (unsigned long long)kyi_load_u64_relaxed(&serve->held_bytes));
	fflush(stdout);
}

/* SIGUSR1: says what was counted so far. */
static void
wait_for_end(const struct kymo_serve *serve, const sigset_t *set)
{
	int signal = 0;

	while (sigwait(set, &signal) == 0) {
		report(serve);
		if (signal == SIGTERM)
			return;
	}
}

static int
serve_it(uint16_t port, uint32_t many)
{
	static const struct kyi_places_limits limits = { .place_max = 256,
	    .head_ns = 2000000000, .answer_ns = 30000000000ull,
	    .idle_ns = 75000000000ull, .spare_ns = 1000000000 };
	struct kymo_listen where = { .host = "127.0.0.1", .port = port };
	struct kyi_source source = { take, release, &scan_now };
	struct kymo_error error = { "" };
	struct kymo_history *history = history_make(many);
	struct kymo_rules *rules;
	struct kymo_rule_engine *engine = engine_make(history, &rules);
	const struct kymo_serve_options options = { .listen = &where,
	    .listen_cnt = 1, .version = "0.0.1", .stale_ns = 3600000000000ull,
	    .history = history, .rules = rules_of, .reload = reload,
	    .of = engine, .query_queue_max = 4, .revision = "abc" };
	struct kymo_serve *serve;
	sigset_t set;

	scan_now = *testlib_scan();
	scan_now.at_mono_ns = kyi_serve_now_ns();
	scan_now.number = 1;
	must(kymo_history_append(history, &scan_now) == 0, "no memory");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	serve = kyi_serve_new(&options, &source, &limits, &error);
	must(serve != NULL, error.text);
	printf("serving\n");
	fflush(stdout);
	wait_for_end(serve, &set);
	kymo_serve_delete(serve);
	kymo_rule_engine_delete(engine);
	kymo_rules_delete(rules);
	kymo_history_delete(history);
	printf("ended\n");
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--openmetrics") == 0)
		return openmetrics();
	if (argc < 2)
		return 2;
	return serve_it((uint16_t)atoi(argv[1]), argc > 2 ?
	    (uint32_t)atoi(argv[2]) : 0);
}
