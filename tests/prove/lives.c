/* SPDX-License-Identifier: MIT */
/* Lives of a process that fork.c does not have: daemons, forks beside threads
   that record, plug-ins that come and go, records in everything that runs at
   an exit. Each row ends as a program does, by exit(), and then its regions
   have exactly what was recorded and the directory nothing else.

	lives PLUGIN */
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>

#include "tests/prove/prove.h"

#define RECORDS 1000u
#define THREADS 3u

KYMO_COUNTER(counter, "counter_total", "c");
KYMO_HISTOGRAM(hist, "hist", "h");

/* Shared with the row's process, which may not come to tell. */
static struct shared {
	uint64_t cnt[THREADS];  /* records of threads that are interrupted */
	uint64_t expected;
	uint64_t slack;         /* that may be there besides */
	uint32_t file_cnt;
	uint32_t plugin;        /* its counter, instead of ours */
	uint32_t clean_cnt;     /* regions whose end is a clean one */
} *shared;

static const char *plugin_path;

static void
work(uint32_t n)
{
	while (n-- > 0) {
		kymo_counter_inc(counter);
		kymo_histogram_record(hist, 3);
	}
}

static void
expect(uint64_t cnt, uint32_t file_cnt)
{
	shared->expected = cnt;
	shared->file_cnt = file_cnt;
	shared->clean_cnt = 1;
}

/* ---- processes ---------------------------------------------------------- */

/* The row ends when the last holder of its pipe does: the daemon. */
static void
daemonise(void)
{
	pid_t pid;

	work(RECORDS);
	expect(2 * RECORDS, 2);
	shared->clean_cnt = 2;
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		if (chdir("/") != 0)
			_exit(1);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		work(RECORDS);
		exit(0);
	}
	if (prove_child(pid) != 0)
		prove_die("child");
}

static uint32_t stop;

static void *
recorder(void *arg)
{
	uint64_t *cnt = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		work(1);
		__atomic_store_n(cnt, *cnt + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static pthread_t recorders[THREADS];

static void
recorders_start(void)
{
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		if (pthread_create(&recorders[i], NULL, recorder,
		    &shared->cnt[i]) != 0)
			prove_die("pthread_create");
		while (__atomic_load_n(&shared->cnt[i], __ATOMIC_RELAXED) == 0)
			sched_yield();
	}
}

static void *
forker(void *arg)
{
	pid_t pid;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		pid = i % 2 == 0 ? fork() :
		    (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid == 0) {
			work(RECORDS);
			_exit(0);
		}
		if (prove_child(pid) != 0)
			prove_die("child");
	}
	return arg;
}

static void
fork_beside_records(void)
{
	pthread_t thread;
	uint32_t i;

	recorders_start();
	if (pthread_create(&thread, NULL, forker, NULL) != 0)
		prove_die("pthread_create");
	pthread_join(thread, NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_join(recorders[i], NULL);
	expect(20 * RECORDS, 21);
}

/* ---- the end ------------------------------------------------------------ */

/* A record is in before its thread says so: one each may be more. */
static void
exit_beside_records(void)
{
	recorders_start();
	expect(0, 1);
	shared->slack = THREADS;
}

static void
record_at_exit(void)
{
	work(RECORDS);
}

static void
atexit_handler(void)
{
	if (atexit(record_at_exit) != 0)
		prove_die("atexit");
	expect(RECORDS, 1); /* the first of this process */
}

static bool destructor_records, destructor_exits;

__attribute__((destructor)) static void
destructor(void)
{
	if (destructor_records)
		work(RECORDS);
	if (destructor_exits) {
		destructor_exits = false;
		exit(0);
	}
}

static void
static_destructor(void)
{
	work(RECORDS);
	destructor_records = true;
	expect(2 * RECORDS, 1);
}

static void
exit_again(void)
{
	work(RECORDS);
	exit(0);
}

static void
exit_in_a_handler(void)
{
	work(RECORDS);
	if (atexit(record_at_exit) != 0 || atexit(exit_again) != 0)
		prove_die("atexit");
	expect(3 * RECORDS, 1);
}

/* glibc runs no destructors after that one, so that nobody notes a clean end;
   the counts are there. */
static void
exit_in_a_destructor(void)
{
	work(RECORDS);
	destructor_records = destructor_exits = true;
	expect(2 * RECORDS, 1);
	shared->clean_cnt = 0;
}

/* What C++ has for thread_local; it runs before the keys' destructors. */
int __cxa_thread_atexit_impl(void (*end)(void *), void *object, void *dso);
extern void *__dso_handle;

static void
record_at_thread_end(void *arg)
{
	(void)arg;
	work(RECORDS);
}

static pthread_key_t key;

static void *
ending_thread(void *arg)
{
	pthread_setspecific(key, &key);
	__cxa_thread_atexit_impl(record_at_thread_end, arg, &__dso_handle);
	work(RECORDS);
	return arg;
}

static void
tls_destructors(void)
{
	pthread_t thread;
	uint32_t i;

	if (pthread_key_create(&key, record_at_thread_end) != 0)
		prove_die("pthread_key_create");
	for (i = 0; i < 10; i++) {
		if (pthread_create(&thread, NULL, ending_thread, NULL) != 0)
			prove_die("pthread_create");
		pthread_join(thread, NULL);
	}
	expect(30 * RECORDS, 1);
}

/* ---- plug-ins ----------------------------------------------------------- */

static uint32_t
lines_with(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	uint32_t cnt = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		cnt += strstr(line, text) != NULL;
	if (file != NULL)
		fclose(file);
	return cnt;
}

static uint32_t
fd_cnt(void)
{
	DIR *list = opendir("/proc/self/fd");
	uint32_t cnt = 0;

	while (list != NULL && readdir(list) != NULL)
		cnt++;
	if (list != NULL)
		closedir(list);
	return cnt;
}

static void
plugin_once(void)
{
	void *plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
	void (*plugin_work)(uint32_t n) = NULL;

	if (plugin != NULL)
		*(void **)&plugin_work = dlsym(plugin, "plugin_work");
	if (plugin_work == NULL)
		prove_die("dlopen");
	plugin_work(RECORDS);
	if (dlclose(plugin) != 0)
		prove_die("dlclose");
}

/* The second time nothing is new any more. */
static void
dlclose_often(void)
{
	uint32_t fds = fd_cnt(), maps = 0, i;

	for (i = 0; i < 50; i++) {
		plugin_once();
		if (lines_with("/proc/self/maps", "libplugin") != 0)
			prove_die("the plug-in is still mapped");
		if (fd_cnt() != fds)
			prove_die("a descriptor is left open");
		if (i == 1)
			maps = lines_with("/proc/self/maps", "");
		else if (i > 1 && lines_with("/proc/self/maps", "") > maps)
			prove_die("a mapping is left");
	}
	shared->plugin = 1;
	expect(50 * (RECORDS + 1), 1);
}

/* Its destructor runs at the exit. */
static void
plugin_at_exit(void)
{
	void *plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);

	if (plugin == NULL)
		prove_die("dlopen");
	plugin_once();
	shared->plugin = 1;
	expect(RECORDS + 1, 1);
}

/* ---- rows --------------------------------------------------------------- */

static const struct row {
	const char *name;
	void (*run)(void);
} rows[] = {
	{ "daemonise", daemonise },
	{ "fork_beside_records", fork_beside_records },
	{ "exit_beside_records", exit_beside_records },
	{ "atexit_handler", atexit_handler },
	{ "static_destructor", static_destructor },
	{ "exit_in_a_handler", exit_in_a_handler },
	{ "exit_in_a_destructor", exit_in_a_destructor },
	{ "tls_destructors", tls_destructors },
	{ "dlclose_often", dlclose_often },
	{ "plugin_at_exit", plugin_at_exit },
};

/* Files that are no regions, or regions not ended as they should be. */
static uint32_t
strays(uint32_t clean_cnt)
{
	DIR *list = opendir(prove_dir());
	struct dirent *entry;
	struct peek peek;
	uint32_t cnt = 0, clean = 0;
	char path[512];

	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.' && strspn(entry->d_name, ".") ==
		    strlen(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", prove_dir(),
		    entry->d_name);
		if (!peek_open(&peek, path))
			cnt++;
		else
			clean += peek.control->state == KYI_STATE_EXITED;
		peek_close(&peek);
	}
	if (list != NULL)
		closedir(list);
	return cnt + (clean < clean_cnt);
}

static void
show(const struct row *row)
{
	struct prove_sum sum;
	uint64_t counted, expected;
	uint32_t stray_cnt, i;
	int fds[2], status;
	pid_t pid;
	char byte;
	bool ok;

	prove_clean();
	memset(shared, 0, sizeof(*shared));
	if (pipe(fds) != 0)
		prove_die("pipe");
	pid = fork();
	if (pid == 0) {
		alarm(60);
		row->run();
		exit(0);
	}
	status = prove_child(pid);
	close(fds[1]);
	while (read(fds[0], &byte, 1) > 0)
		;
	close(fds[0]);
	sum = prove_sum(shared->plugin ? "plugin" : "counter", "hist");
	counted = sum.counter;
	expected = shared->expected;
	for (i = 0; i < THREADS; i++)
		expected += shared->cnt[i];
	stray_cnt = strays(shared->clean_cnt);
	ok = status == 0 && shared->file_cnt == sum.file_cnt &&
	    counted >= expected && counted <= expected + shared->slack &&
	    (shared->plugin || (sum.hist_cnt >= expected &&
	    sum.hist_cnt <= counted)) && stray_cnt == 0 &&
	    sum.err_full == 0 && sum.err_badcall == 0 && sum.lost == 0;
	printf("lives/%s recorded=%" PRIu64 " counted=%" PRIu64 " observed=%"
	    PRIu64 " slack=%" PRIu64 " files=%u strays=%u status=%d ok=%d\n",
	    row->name, expected, counted, sum.hist_cnt, shared->slack,
	    sum.file_cnt, stray_cnt, status, ok);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		prove_die("lives PLUGIN");
	plugin_path = argv[1];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		prove_die("mmap");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		show(&rows[i]);
	return 0;
}
