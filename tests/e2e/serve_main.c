/* SPDX-License-Identifier: MIT */
/* serve_main PORT [SERIES [PORT2]]: serves the scan of tests/testlib/scan.h,
   or one of so many counters, until SIGTERM; then says what was counted.

     SIGUSR1   the next scan (the same, with the next number)
     SIGUSR2   listens on PORT2 instead
     SIGHUP    there is no scan any more */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/serve/private.h"
#include "shm/atomic.h"
#include "tests/testlib/scan.h"

static uint64_t number = 1; /* 0: no scan */
static struct kymo_scan scans[64];

/* Which scan it is, is all that changes. */
static const struct kymo_scan *
take(void *of)
{
	uint64_t n = kyi_load_u64_relaxed(&number);
	const struct kymo_scan *all = of;

	return n == 0 ? NULL : &all[n % 64];
}

static void
release(const struct kymo_scan *scan)
{
	(void)scan;
}

static const struct kymo_scan *
many(uint32_t cnt)
{
	static struct kymo_family_scan family = { .name = "many",
	    .kind = KYMO_METRIC_COUNTER, .help = "Many.", .unit = "",
	    .component = "" };
	static struct kymo_scan scan = { .families = &family,
	    .family_cnt = 1 };
	struct kymo_series *series = calloc(cnt, sizeof(*series));
	struct kymo_label *labels = calloc(cnt, sizeof(*labels));
	char (*values)[24] = calloc(cnt, sizeof(*values));
	uint32_t i;

	if (series == NULL || labels == NULL || values == NULL)
		exit(1);
	for (i = 0; i < cnt; i++) {
		snprintf(values[i], sizeof(values[i]), "value-%u", i);
		labels[i] = (struct kymo_label){ "label", values[i] };
		series[i] = (struct kymo_series){ .labels = &labels[i],
		    .label_cnt = 1, .value = { .present = true,
		    .is = { .u = i * 12345678901ull } } };
	}
	family.series = series;
	family.series_cnt = cnt;
	return &scan;
}

static void
report(struct kymo_serve *serve)
{
	struct kymo_serve_stats stats;

	kymo_serve_stats(serve, &stats);
	printf("requests %llu scrapes %llu refused %llu evicted %llu "
	    "bytes %llu connections %u pages %llu\n",
	    (unsigned long long)stats.requests,
	    (unsigned long long)stats.scrapes,
	    (unsigned long long)stats.refused,
	    (unsigned long long)stats.evicted,
	    (unsigned long long)stats.bytes, (unsigned)stats.connections,
	    (unsigned long long)serve->pages.made_cnt);
	fflush(stdout);
}

static void
obey(struct kymo_serve *serve, const sigset_t *set, const char *port2)
{
	struct kymo_listen where = { .host = "127.0.0.1" };
	struct kymo_error error = { "" };
	int signal = 0;

	while (sigwait(set, &signal) == 0 && signal != SIGTERM) {
		if (signal == SIGUSR1)
			kyi_add_u64_relaxed(&number, 1);
		if (signal == SIGHUP)
			kyi_store_u64_relaxed(&number, 0);
		where.port = (uint16_t)atoi(port2);
		if (signal == SIGUSR2 &&
		    kymo_serve_listen(serve, &where, 1, &error) != 0)
			printf("%s\n", error.text);
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	static const struct kyi_places_limits limits = { .place_max = 256,
	    .head_ns = 2000000000, .answer_ns = 30000000000ull,
	    .idle_ns = 75000000000ull, .spare_ns = 1000000000 };
	static const char *const hosts[] = { "metrics.example.org" };
	struct kymo_listen where = { .host = "127.0.0.1" };
	struct kyi_source source = { take, release, scans };
	struct kymo_serve_options options = { .listen = &where,
	    .listen_cnt = 1, .version = "0", .hosts = hosts, .host_cnt = 1,
	    .stale_ns = 3600000000000ull };
	struct kymo_error error = { "" };
	const struct kymo_scan *scan;
	struct kymo_serve *serve;
	uint32_t i;
	sigset_t set;

	if (argc < 2)
		return 2;
	where.port = (uint16_t)atoi(argv[1]);
	scan = argc > 2 && atoi(argv[2]) > 0 ? many((uint32_t)atoi(argv[2])) :
	    testlib_scan();
	for (i = 0; i < 64; i++) {
		scans[i] = *scan;
		scans[i].at_mono_ns = kyi_serve_now_ns();
		scans[i].number = i;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	serve = kyi_serve_new(&options, &source, &limits, &error);
	if (serve == NULL) {
		printf("%s\n", error.text);
		return 1;
	}
	printf("serving\n");
	fflush(stdout);
	obey(serve, &set, argc > 3 ? argv[3] : "0");
	report(serve);
	kymo_serve_delete(serve);
	printf("ended\n");
	return 0;
}
