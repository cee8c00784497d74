/* SPDX-License-Identifier: MIT */
/* Goal: whoever asks for alerts does not delay whoever decides of them.
   Method: 200,000 firing alerts in an engine behind a real server; clients ask
   for lists over HTTP again and again, and a pass of all alerts wants the engine
   each 300 ms, as kymod's rules do. A row for each kind of question: how long a
   pass waited for the engine, how long one look at it was, how many answers.

     alerts [ALERTS [SECONDS]] */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reader/alert/alerts.h"
#include "reader/serve/serve.h"
#include "shm/atomic.h"
#include "tools/kymod_turns.h"

#define CLIENTS 4
#define PASS_MS 300
#define PASS_MAX 1000
/* A pass may wait so long: a look, and what the machine's two cores do. */
#define PROMISE_MS 10.0
#define SILENCES 10000u
#define SILENCES_MS 2000.0

static const char config[] =
    "route:\n"
    "  receiver: team\n"
    "  group_by: [alertname]\n"
    "  routes:\n"
    "  - {matchers: ['severity=page', 'instance=~\"i1.*\"'], receiver: pager}\n"
    "  - {matchers: ['instance=~\"i2.*\"'], receiver: second}\n"
    "receivers: [{name: team}, {name: pager}, {name: second}]\n";

static const struct question {
	const char *name, *path; /* path NULL: nobody asks */
} questions[] = {
	{ "nobody", NULL },
	{ "filter", "/api/v2/alerts?filter=instance%3D%22i77%22" },
	{ "regex", "/api/v2/alerts?filter=instance%3D~%22.*(7%7C8).*9.*x%3F1"
	    "%22" },
	{ "receiver", "/api/v2/alerts?receiver=p.*r%7Cnobody.*&filter="
	    "alertname%3DA7" },
	{ "all", "/api/v2/alerts" },
	{ "groups", "/api/v2/alerts/groups?filter=alertname%3DA7" },
	{ "why", "/api/v1/alerting/alerts?filter=instance%3D~%22i.*77%22" },
};

struct bench {
	struct kymo_routing *routing;
	struct kymo_alerts *alerts;
	struct kymo_alert *at;
	uint32_t cnt;
	struct kyi_turns turns;
	uint16_t port;
	int64_t now_ms; /* of the engine */
	/* Of a row. */
	const char *path;
	uint64_t look_ns_max; /* with the engine */
	uint64_t answer_cnt, byte_cnt, refused_cnt;
	uint32_t ends;
};

static void
die(const char *what)
{
	fprintf(stderr, "alerts: %s\n", what);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* ---- alerts ---------------------------------------------------------------- */

static void
alert_make(struct kymo_alert *alert, uint32_t i)
{
	static const struct kymo_rule_text annotations[] = {
		{ .key = "summary", .value = "what is wrong with it, and where" }
	};
	char name[16], instance[16];
	const struct kymo_label labels[] = {
		{ "alertname", name }, { "instance", instance },
		{ "job", "a-service-of-some-kind" },
		{ "severity", i % 2 == 0 ? "page" : "ticket" }
	};

	snprintf(name, sizeof(name), "A%u", i % 100);
	snprintf(instance, sizeof(instance), "i%u", i);
	*alert = (struct kymo_alert){
		.labels = kymo_labels_make(labels, 4),
		.annotations = annotations, .annotation_cnt = 1,
		.state = KYMO_ALERT_FIRING, .value = i,
		.active_ms = 1000, .fired_ms = 1000
	};
	if (alert->labels == NULL)
		die("no memory");
}

static int
notice_take(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	(void)of;
	(void)notice;
	(void)error;
	return 0;
}

static void
fault_die(void *of, const char *text)
{
	(void)of;
	die(text);
}

static void
pass(struct bench *bench)
{
	struct kymo_error error = { "" };

	kymo_alerts_begin(bench->alerts);
	for (uint32_t i = 0; i < bench->cnt; i++)
		if (kymo_alerts_add(bench->alerts, &bench->at[i]) != 0)
			die("no memory");
	bench->now_ms += PASS_MS;
	if (kymo_alerts_step(bench->alerts, bench->now_ms, &error) < 0)
		die(error.text);
}

static void
alerts_make(struct bench *bench)
{
	const struct kymo_routing_faults faults = { fault_die, fault_die,
		NULL };
	struct kymo_alerts_options options = { .notify = notice_take };
	struct kymo_error error = { "" };

	if (kymo_routing_parse(&bench->routing, "bench", config, strlen(config),
		&faults) != 0)
		die("routing");
	options.routing = bench->routing;
	if (kymo_alerts_new(&bench->alerts, &options, &error) != 0)
		die(error.text);
	bench->at = calloc(bench->cnt, sizeof(bench->at[0]));
	if (bench->at == NULL)
		die("no memory");
	for (uint32_t i = 0; i < bench->cnt; i++)
		alert_make(&bench->at[i], i);
	bench->now_ms = 2000;
	pass(bench);
	pass(bench);
}

/* ---- the server ------------------------------------------------------------- */

static int
use(void *of, kymo_serve_use *answer, void *to)
{
	struct bench *bench = of;
	uint64_t from_ns, took_ns;

	if (!kyi_turns_ask(&bench->turns, now_ns() + 2000000000u))
		return 1;
	from_ns = now_ns();
	answer(to, &(struct kymo_serve_alerting){ .alerts = bench->alerts,
	    .routing = bench->routing, .now_ms = bench->now_ms });
	took_ns = now_ns() - from_ns;
	if (took_ns > bench->look_ns_max)
		bench->look_ns_max = took_ns;
	kyi_turns_done(&bench->turns);
	return 0;
}

/* The kernel's choice, given back. */
static uint16_t
free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, bytes) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
		die("no port");
	close(fd);
	return ntohs(address.sin_port);
}

/* ---- clients ---------------------------------------------------------------- */

/* Returns the status; 0: nobody answered. */
static int
get(uint16_t port, const char *path, uint64_t *byte_cnt)
{
	static _Thread_local char answer[1 << 16];
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
	char request[300];
	ssize_t got;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return 0;
	}
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n\r\n", path);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) <= 0) {
		close(fd);
		return 0;
	}
	while ((got = recv(fd, answer, sizeof(answer), 0)) > 0) {
		if (status == 0 && got > 12)
			status = atoi(answer + 9);
		*byte_cnt += (uint64_t)got;
	}
	close(fd);
	return status;
}

static void *
client(void *of)
{
	struct bench *bench = of;
	uint64_t byte_cnt = 0;

	while (kyi_load_u32_relaxed(&bench->ends) == 0) {
		int status = get(bench->port, bench->path, &byte_cnt);

		kyi_add_u64_relaxed(status == 200 ? &bench->answer_cnt :
		    &bench->refused_cnt, 1);
	}
	kyi_add_u64_relaxed(&bench->byte_cnt, byte_cnt);
	return NULL;
}

/* ---- a row ------------------------------------------------------------------ */

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool
row_print(const struct bench *bench, const char *name, double *waited_ms,
    double *took_ms, uint32_t cnt)
{
	double most_ms;
	bool ok;

	qsort(waited_ms, cnt, sizeof(waited_ms[0]), by_size);
	qsort(took_ms, cnt, sizeof(took_ms[0]), by_size);
	most_ms = waited_ms[cnt - 1];
	ok = most_ms <= PROMISE_MS;
	printf("%s alerts=%u passes=%u waited_ms=%.3f waited_ms_max=%.3f "
	    "look_ms_max=%.3f pass_ms=%.1f answers=%" PRIu64 " refused=%"
	    PRIu64 " mib=%.1f promise_ms=%g ok=%d\n", name, bench->cnt, cnt,
	    waited_ms[cnt / 2], most_ms, (double)bench->look_ns_max / 1e6,
	    took_ms[cnt / 2], bench->answer_cnt, bench->refused_cnt,
	    (double)bench->byte_cnt / 0x1p20, PROMISE_MS, ok);
	fflush(stdout);
	return ok;
}

static bool
row(struct bench *bench, const struct question *question, uint32_t seconds)
{
	static double waited_ms[PASS_MAX], took_ms[PASS_MAX];
	uint64_t end_ns = now_ns() + seconds * 1000000000ull;
	uint32_t cnt = 0, client_cnt = question->path == NULL ? 0 : CLIENTS;
	pthread_t clients[CLIENTS];

	bench->path = question->path;
	bench->look_ns_max = bench->answer_cnt = bench->byte_cnt = 0;
	bench->refused_cnt = bench->ends = 0;
	for (uint32_t i = 0; i < client_cnt; i++)
		if (pthread_create(&clients[i], NULL, client, bench) != 0)
			die("no thread");
	while (cnt < PASS_MAX && now_ns() < end_ns) {
		uint64_t from_ns, got_ns;

		usleep(PASS_MS * 1000);
		from_ns = now_ns();
		kyi_turns_work(&bench->turns);
		got_ns = now_ns();
		pass(bench);
		kyi_turns_done(&bench->turns);
		waited_ms[cnt] = (double)(got_ns - from_ns) / 1e6;
		took_ms[cnt++] = (double)(now_ns() - got_ns) / 1e6;
	}
	kyi_store_u32_relaxed(&bench->ends, 1);
	for (uint32_t i = 0; i < client_cnt; i++)
		pthread_join(clients[i], NULL);
	return row_print(bench, question->name, waited_ms, took_ms, cnt);
}

/* As many silences as there may be: the pass that finds out whom the last of them
   has. */
static void
silences_row(struct bench *bench)
{
	struct kymo_silence silence = { .id = "", .author = "bench",
		.from_ms = 1, .until_ms = INT64_MAX / 2 };
	struct kymo_error error = { "" };
	uint64_t from_ns;
	double took_ms;

	for (uint32_t i = 0; i < SILENCES; i++) {
		char id[KYMO_SILENCE_ID_BYTES], matchers[64];

		if (i == SILENCES - 1)
			pass(bench);
		snprintf(matchers, sizeof(matchers), i < 400 ||
		    i == SILENCES - 1 ?
		    "instance=~\"i%u.*9\"" : "alertname=~\"A.*\",instance=i%u",
		    i);
		silence.matchers = matchers;
		if (kymo_alerts_silence(bench->alerts, &silence, id, &error) !=
		    0)
			die(error.text);
	}
	from_ns = now_ns();
	pass(bench);
	took_ms = (double)(now_ns() - from_ns) / 1e6;
	printf("silences alerts=%u silences=%u pass_ms=%.0f promise_ms=%g "
	    "ok=%d\n", bench->cnt, SILENCES, took_ms, SILENCES_MS,
	    took_ms <= SILENCES_MS);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	const struct kymo_model_options wish = { .state_path = NULL };
	struct kymo_listen listen = { .host = "127.0.0.1" };
	struct kymo_serve_options options = { .listen = &listen,
		.listen_cnt = 1, .version = "bench", .alerting = use,
		.of = &bench };
	uint32_t seconds = argc > 2 ? (uint32_t)atoi(argv[2]) : 8;
	struct kymo_error error = { "" };
	struct kymo_serve *serve;

	bench.cnt = argc > 1 ? (uint32_t)atoi(argv[1]) : 200000;
	kyi_turns_init(&bench.turns);
	alerts_make(&bench);
	bench.port = listen.port = free_port();
	options.model = kymo_model_new(&wish, &error);
	serve = options.model == NULL ? NULL : kymo_serve_new(&options, &error);
	if (serve == NULL)
		die(error.text);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		row(&bench, &questions[i], seconds);
	silences_row(&bench);
	kymo_serve_delete(serve);
	kymo_model_delete(options.model);
	kymo_alerts_delete(bench.alerts);
	kymo_routing_delete(bench.routing);
	for (uint32_t i = 0; i < bench.cnt; i++)
		free((void *)(uintptr_t)bench.at[i].labels);
	free(bench.at);
	kyi_turns_destroy(&bench.turns);
	return 0;
}
