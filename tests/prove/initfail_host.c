/* SPDX-License-Identifier: MIT */
/* The host: it calls the library, marks where, and does work of its own. */
#include "tests/prove/initfail.h"

#include <pthread.h>
#include <stdio.h>

#include "tests/prove/prove.h"

/* ---- the host ----------------------------------------------------------- */

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_GAUGE(gauge, "gauge", "g");
KYMO_SPAN_NAME(span_name, "work");

bool initfail_is_host;
static pthread_key_t after;

static void
mark(bool on)
{
	if (initfail_is_host)
		syscall(SYS_getppid, MARK, on);
}

__attribute__((constructor(101))) static void
before_the_library(int argc, char **argv)
{
	initfail_is_host = argc > 1 && strcmp(argv[1], "host") == 0;
	mark(true);
}

/* The last of all: the library's destructor has run. */
__attribute__((destructor(101))) static void
after_the_library(void)
{
	mark(false);
}

static uint32_t sum, foul;

/* A step of the host's own work, measured. It uses errno itself. */
static void
work(void)
{
	static const char *const keys[] = { "k" }, *const values[] = { "v" };
	struct kymo_span span;
	struct kymo_desc desc;
	uint32_t i;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_COUNTER;
	desc.name = "labelled";
	desc.label_keys = keys;
	desc.label_cnt = 1;
	errno = 77;
	mark(true);
	for (i = 0; i < 1000; i++) {
		kymo_counter_inc(counter);
		kymo_histogram_record(hist, i);
		sum++;
	}
	kymo_gauge_set(gauge, 7);
	kymo_span_begin(&span, span_name, NULL);
	kymo_span_end(&span, KYMO_SPAN_OK);
	KYMO_LOG(KYMO_INFO, "step %d", 1);
	kymo_counter_inc(kymo_counter_at(kymo_family(&desc), 1, values));
	foul += errno != 77;
	mark(false);
}

/* Keys end in the order in which they were made: the library's is first. */
static void
thread_ended(void *value)
{
	(void)value;
	mark(false);
}

static void *
thread(void *arg)
{
	pthread_setspecific(after, arg);
	work();
	mark(true);
	return arg;
}

static void
host_child(void)
{
	work();
	mark(true);
	exit(sum == 2000 && foul == 0 ? STATUS : 1);
}

/* A page of a window has room for 251 peaks and what is there already. */
static void
grow_windows(void)
{
	static const char *const keys[] = { "k" };
	char value[12];
	const char *const values[] = { value };
	struct kymo_desc desc;
	uint32_t i;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_MAX;
	desc.name = "peaks";
	desc.label_keys = keys;
	desc.label_cnt = 1;
	desc.series_max = 300;
	for (i = 0; i < 258; i++) {
		snprintf(value, sizeof(value), "%u", i);
		mark(i > 245);
		kymo_max_record(kymo_max_at(kymo_family(&desc), 1, values), i);
	}
	mark(false);
}

/* Records, strings and shared cells each need another page. */
static void
grow(void)
{
	struct kymo_desc desc;
	char name[24];
	uint32_t i;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_GAUGE;
	desc.name = name;
	mark(true);
	for (i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "grow_%u", i);
		kymo_gauge_set(kymo_gauge_at(kymo_family(&desc), 0, NULL), 1);
	}
	mark(false);
}

int
initfail_host(void)
{
	struct kymo_status status;
	pthread_t id;
	pid_t pid;

	if (pthread_key_create(&after, thread_ended) != 0)
		return 90;
	mark(true);
	kymo_init("initfail");
	kymo_resource_set("zone", "a");
	mark(false);
	work();
	pid = fork();
	if (pid == 0)
		host_child();
	if (pid < 0 || prove_child(pid) != STATUS)
		return 91;
	if (pthread_create(&id, NULL, thread, &foul) != 0)
		return 92;
	pthread_join(id, NULL);
	grow();
	grow_windows();
	work();
	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	mark(true);
	kymo_status(&status);
	mark(false);
	if (foul != 0 || printf("result %u\n", sum) < 0 || fflush(stdout) != 0)
		return 93;
	mark(true);
	return STATUS;
}
