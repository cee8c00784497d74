/* SPDX-License-Identifier: MIT */
/* Every way to make a process, and each process' counts exact in a file of its
   own. Each row begins with an empty directory and ends with the sum of all
   files in it, and the parent's own.

	fork [ROUNDS] */
#include <pthread.h>
#include <spawn.h>

#include "tests/prove/prove.h"

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_HISTOGRAM(hist, "hist", "h");
KYMO_SPAN_NAME(span_name, "work");
KYMO_GAUGE(gauge, "gauge", "g");

#define RECORDS 1000u

static uint32_t rounds = 200;

/* What every process does, n times. */
static void
work(uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct kymo_span span;

		kymo_counter_inc(counter);
		kymo_histogram_record(hist, 3);
		kymo_span_begin(&span, span_name, NULL);
		kymo_span_end(&span, KYMO_SPAN_OK);
	}
	kymo_gauge_set(gauge, 7);
}

struct expected {
	uint32_t file_cnt;
	uint64_t cnt;
	uint64_t err_full; /* histogram records lost, and counted as such */
};

static void
child_exits(void)
{
	work(RECORDS);
	_exit(0);
}

static struct expected
by_fork(void)
{
	pid_t pid;

	work(RECORDS);
	pid = fork();
	if (pid == 0)
		child_exits();
	work(RECORDS);
	if (prove_child(pid) != 0)
		prove_die("child");
	work(RECORDS);
	return (struct expected){ 2, 4 * RECORDS, 0 };
}

static struct expected
by_fork_of_one_that_records_nothing(void)
{
	pid_t pid;

	work(RECORDS);
	pid = fork();
	if (pid == 0)
		_exit(0);
	prove_child(pid);
	/* By exit: destructors run, and find no region. */
	pid = fork();
	if (pid == 0)
		exit(0);
	if (prove_child(pid) != 0)
		prove_die("child");
	return (struct expected){ 1, RECORDS, 0 };
}

/* Shares the parent's memory: its records are the parent's. */
static struct expected
by_vfork(void)
{
	volatile uint32_t i;
	pid_t pid;

	work(RECORDS);
	for (i = 0; i < 10; i++) {
		pid = vfork();
		if (pid == 0) {
			work(RECORDS);
			_exit(0);
		}
		if (prove_child(pid) != 0)
			prove_die("child");
	}
	return (struct expected){ 1, 11 * RECORDS, 0 };
}

/* In a thread that has no slot yet, so that the child has none either: it must
   not claim one, nor make a region, nor slot 0's cells of a histogram: it may
   be killed with the lock. That one record is counted as lost. */
static void *
vfork_thread(void *arg)
{
	pid_t pid = vfork();

	if (pid == 0) {
		kymo_counter_inc(counter);
		kymo_histogram_record(hist, 3);
		_exit(0);
	}
	prove_child(pid);
	work(RECORDS - 1);
	return arg;
}

static struct expected
by_vfork_of_a_thread_without_a_slot(void)
{
	pthread_t thread;

	work(RECORDS);
	if (pthread_create(&thread, NULL, vfork_thread, NULL) != 0)
		prove_die("pthread_create");
	pthread_join(thread, NULL);
	return (struct expected){ 1, 2 * RECORDS, 1 };
}

/* No atfork handler runs. */
static struct expected
by_raw_clone(void)
{
	pid_t pid;

	work(RECORDS);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		child_exits();
	work(RECORDS);
	if (prove_child(pid) != 0)
		prove_die("child");
	return (struct expected){ 2, 3 * RECORDS, 0 };
}

static struct expected
by_raw_fork_twice(void)
{
	pid_t pid;

	work(RECORDS);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		/* Without a record between: the guard is still zeros. */
		pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			child_exits();
		_exit(prove_child(pid));
	}
	if (prove_child(pid) != 0)
		prove_die("child");
	return (struct expected){ 2, 2 * RECORDS, 0 };
}

static struct expected
by_posix_spawn(void)
{
	char name[] = "true", *argv[] = { name, NULL };
	uint32_t i;
	pid_t pid;

	work(RECORDS);
	for (i = 0; i < 10; i++) {
		if (posix_spawnp(&pid, "true", NULL, NULL, argv, environ) != 0)
			prove_die("posix_spawnp");
		work(RECORDS);
		if (prove_child(pid) != 0)
			prove_die("child");
	}
	return (struct expected){ 1, 11 * RECORDS, 0 };
}

static void *
fork_thread(void *arg)
{
	pid_t pid;

	work(RECORDS);
	pid = fork();
	if (pid == 0)
		child_exits();
	if (prove_child(pid) != 0)
		prove_die("child");
	work(RECORDS);
	return arg;
}

static struct expected
by_fork_of_a_thread(void)
{
	pthread_t threads[4];
	uint32_t i;

	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, fork_thread, NULL) != 0)
			prove_die("pthread_create");
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return (struct expected){ 5, 12 * RECORDS, 0 };
}

/* A child of fork has threads of its own. */
static void *
work_thread(void *arg)
{
	work(RECORDS);
	return arg;
}

static struct expected
by_double_fork(void)
{
	pthread_t thread;
	pid_t pid;

	work(RECORDS);
	pid = fork();
	if (pid == 0) {
		work(RECORDS);
		pid = fork();
		if (pid == 0) {
			if (pthread_create(&thread, NULL, work_thread, NULL))
				_exit(1);
			pthread_join(thread, NULL);
			child_exits();
		}
		_exit(prove_child(pid));
	}
	if (prove_child(pid) != 0)
		prove_die("child");
	return (struct expected){ 3, 4 * RECORDS, 0 };
}

/* Another thread is always somewhere inside a registration. */
static volatile int stop;

static void *
register_thread(void *arg)
{
	struct kymo_desc desc;
	const char *const keys[] = { "k" };
	struct kymo_family family;
	char value[16];
	uint32_t i;

	for (i = 0; !stop; i++) {
		const char *const values[] = { value };

		memset(&desc, 0, sizeof(desc));
		desc.size_bytes = sizeof(desc);
		desc.kind = KYMO_KIND_COUNTER;
		desc.label_keys = keys;
		desc.label_cnt = 1;
		snprintf(value, sizeof(value), "f%u", i / 250 % 30);
		desc.name = value;
		family = kymo_family(&desc);
		snprintf(value, sizeof(value), "v%u", i);
		kymo_counter_at(family, 1, values);
	}
	return arg;
}

static void
register_and_exit(uint32_t i)
{
	struct kymo_desc desc;
	struct kymo_counter own;
	char name[16];
	uint32_t j;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = KYMO_KIND_COUNTER;
	desc.name = name;
	snprintf(name, sizeof(name), "child%u", i);
	for (j = 0; j < 2; j++) {
		own = kymo_counter_at(kymo_family(&desc), 0, NULL);
		kymo_counter_inc(own);
	}
	work(RECORDS);
	/* Its own counter is there, and found by both registrations. */
	_exit(prove_sum_of_pid(name, (uint32_t)getpid()) == 2 ? 0 : 1);
}

static struct expected
while_another_thread_registers(void)
{
	pthread_t thread;
	uint32_t i;
	pid_t pid;

	work(RECORDS);
	stop = 0;
	if (pthread_create(&thread, NULL, register_thread, NULL) != 0)
		prove_die("pthread_create");
	for (i = 0; i < rounds; i++) {
		pid = i % 2 == 0 ? fork() :
		    (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			register_and_exit(i);
		if (prove_child(pid) != 0)
			prove_die("child");
	}
	stop = 1;
	pthread_join(thread, NULL);
	return (struct expected){ 1 + rounds, (1 + rounds) * RECORDS, 0 };
}

static volatile sig_atomic_t handler_pid;

static void
fork_in_handler(int signal_nr)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	(void)signal_nr;
	if (pid == 0)
		child_exits();
	handler_pid = pid;
}

static struct expected
by_raw_clone_in_a_handler(void)
{
	signal(SIGUSR1, fork_in_handler);
	work(RECORDS);
	raise(SIGUSR1);
	if (prove_child(handler_pid) != 0)
		prove_die("child");
	return (struct expected){ 2, 2 * RECORDS, 0 };
}

/* Parent and children in turn, as a prefork server has it: only the children
   record. */
static struct expected
of_a_prefork_server(void)
{
	pid_t pids[16];
	uint32_t i;

	for (i = 0; i < 16; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			child_exits();
	}
	for (i = 0; i < 16; i++)
		if (prove_child(pids[i]) != 0)
			prove_die("child");
	return (struct expected){ 16, 16 * RECORDS, 0 };
}

static const struct row {
	const char *name;
	struct expected (*run)(void);
} rows[] = {
	{ "fork", by_fork },
	{ "fork_no_record", by_fork_of_one_that_records_nothing },
	{ "vfork", by_vfork },
	{ "vfork_no_slot", by_vfork_of_a_thread_without_a_slot },
	{ "raw_clone", by_raw_clone },
	{ "raw_clone_twice", by_raw_fork_twice },
	{ "posix_spawn", by_posix_spawn },
	{ "fork_in_thread", by_fork_of_a_thread },
	{ "double_fork", by_double_fork },
	{ "while_registering", while_another_thread_registers },
	{ "in_handler", by_raw_clone_in_a_handler },
	{ "prefork", of_a_prefork_server },
};

/* A row in a process of its own, so that each begins without a region. */
static void
show(const struct row *row)
{
	struct expected expected;
	struct prove_sum sum;
	int fds[2], status;
	uint64_t seen;
	bool ok;
	pid_t pid;

	prove_clean();
	if (pipe(fds) != 0)
		prove_die("pipe");
	pid = fork();
	if (pid == 0) {
		alarm(120); /* a lock that nobody gives back */
		expected = row->run();
		if (write(fds[1], &expected, sizeof(expected)) !=
		    sizeof(expected))
			prove_die("write");
		_exit(0);
	}
	status = prove_child(pid);
	close(fds[1]);
	memset(&expected, 0, sizeof(expected));
	seen = (uint64_t)read(fds[0], &expected, sizeof(expected));
	close(fds[0]);
	sum = prove_sum("counter", "hist");
	ok = status == 0 && seen == sizeof(expected) &&
	    sum.file_cnt == expected.file_cnt && sum.counter == expected.cnt &&
	    sum.hist_cnt + sum.err_full == expected.cnt &&
	    sum.hist_sum == 3 * sum.hist_cnt &&
	    sum.err_full == expected.err_full && sum.err_badcall == 0;
	printf("fork/%s recorded=%" PRIu64 " counted=%" PRIu64
	    " observed=%" PRIu64 " err_full=%" PRIu64 " lost=%" PRId64
	    " files=%u status=%d ok=%d\n", row->name, expected.cnt, sum.counter,
	    sum.hist_cnt, sum.err_full, (int64_t)(2 * expected.cnt -
	    sum.counter - sum.hist_cnt - sum.err_full), sum.file_cnt, status,
	    ok);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && *argv[1] != '\0')
		rounds = (uint32_t)atoi(argv[1]);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		show(&rows[i]);
	return 0;
}
