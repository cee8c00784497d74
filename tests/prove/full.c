/* SPDX-License-Identifier: MIT */
/* A program that records more than there may be room for, and goes on. What it
   recorded is either in the region or counted as lost; then it says so.

	full NAME plain|series|labels|threads|memory|memory_held|memory_late|
	    fds|later_fds|later_fsize|later_chroot|later_setuid STATE LOSS

   prints a row: the status, and whether the numbers agree and it is that
   STATE (kymo.h) with that LOSS (none, full, cardinality, slots) and no
   other. */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/prove/prove.h"

#define SERIES 6000u
#define HISTS 300u
#define THREADS 40u
#define RECORDS 100u

KYMO_COUNTER(counter, "counter_total", "c");

static uint64_t recorded, hist_recorded;
static uint64_t private_kib; /* of kymo, beside the region */

static struct kymo_family
family(enum kymo_kind kind, const char *name, const char *const *keys)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = kind;
	desc.name = name;
	desc.label_keys = keys;
	desc.label_cnt = keys != NULL;
	return kymo_family(&desc);
}

static void
many_series(void)
{
	char name[32];
	uint32_t i, j;

	for (i = 0; i < HISTS; i++) {
		struct kymo_histogram h;

		snprintf(name, sizeof(name), "hist_%u", i);
		h = kymo_histogram_at(family(KYMO_KIND_HISTOGRAM, name, NULL),
		    0, NULL);
		for (j = 0; j < 3; j++)
			kymo_histogram_record(h, 5);
		hist_recorded += 3;
	}
	for (i = 0; i < SERIES; i++) {
		struct kymo_counter c;

		snprintf(name, sizeof(name), "series_%u", i);
		c = kymo_counter_at(family(KYMO_KIND_COUNTER, name, NULL), 0,
		    NULL);
		kymo_counter_add(c, 3);
		recorded += 3;
	}
}

static void
many_labels(void)
{
	static const char *const keys[] = { "k" };
	struct kymo_family all = family(KYMO_KIND_COUNTER, "labelled", keys);
	char value[32];
	uint32_t i;

	for (i = 0; i < SERIES; i++) {
		const char *const values[] = { value };

		snprintf(value, sizeof(value), "value %u", i);
		kymo_counter_add(kymo_counter_at(all, 1, values), 3);
		recorded += 3;
	}
}

static pthread_barrier_t barrier;

static void *
thread(void *arg)
{
	uint32_t i;

	kymo_counter_inc(counter);
	pthread_barrier_wait(&barrier);
	for (i = 1; i < RECORDS; i++)
		kymo_counter_inc(counter);
	return arg;
}

static void
many_threads(void)
{
	pthread_t threads[THREADS];
	uint32_t i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, NULL) != 0)
			prove_die("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	recorded += (uint64_t)THREADS * RECORDS;
}

/* ---- in a small memory cgroup --------------------------------------------- */

#define MEMORY_THREADS 8u
/* Of 12 MiB: the program with all that kymo may take; and less than an eighth
   left to begin with. */
#define HELD_AFTER_BYTES (19u << 19)
#define HELD_BEFORE_BYTES (43u << 18)
static struct kymo_histogram hists[HISTS];
static const char *what_threads; /* do: claim, record, or nothing but end */

static void *
hist_thread(void *arg)
{
	const char *what = what_threads;
	uint32_t i, j;

	if (strcmp(what, "claim") == 0)
		kymo_counter_inc(counter);
	pthread_barrier_wait(&barrier);
	for (i = 0; strcmp(what, "record") == 0 && i < HISTS; i++)
		for (j = 0; j < 3; j++)
			kymo_histogram_record(hists[i], 5);
	return arg;
}

static void
hist_threads(const char *what)
{
	pthread_t threads[MEMORY_THREADS];
	uint32_t i;

	what_threads = what;
	pthread_barrier_init(&barrier, NULL, MEMORY_THREADS);
	for (i = 0; i < MEMORY_THREADS; i++)
		if (pthread_create(&threads[i], NULL, hist_thread, NULL) != 0)
			prove_die("pthread_create");
	for (i = 0; i < MEMORY_THREADS; i++)
		pthread_join(threads[i], NULL);
}

static uint64_t
number_in(const char *path, const char *before)
{
	FILE *file = fopen(path, "r");
	uint64_t number = 0;
	char line[256];

	if (file == NULL)
		prove_die(path);
	while (number == 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, before, strlen(before)) == 0)
			number = strtoull(line + strlen(before), NULL, 10);
	fclose(file);
	return number;
}

/* What this process takes of private memory, pages of tables included. */
static uint64_t
own_kib(void)
{
	return number_in("/proc/self/smaps_rollup", "Anonymous:") +
	    number_in("/proc/self/status", "VmPTE:");
}

static char *
hold(size_t bytes)
{
	char *own = malloc(bytes);

	if (own == NULL)
		prove_die("malloc");
	for (size_t i = 0; i < bytes; i += 4096)
		((volatile char *)own)[i] = 1;
	return own;
}

/* Far more histograms than there is room for. Memory of the program's own
   before or after them: it must fit in any case. */
static void
much_memory(const char *what)
{
	char name[32], *own = NULL;
	uint64_t before_kib;
	uint32_t i;

	/* Our own copy of a sparse region would be of huge pages. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	hist_threads("end"); /* stacks are there from now on */
	before_kib = own_kib();
	hist_threads("claim");
	recorded += MEMORY_THREADS;
	private_kib = own_kib() - before_kib;
	if (strcmp(what, "memory_held") == 0)
		own = hold(HELD_BEFORE_BYTES);
	before_kib = own_kib();
	for (i = 0; i < HISTS; i++) {
		snprintf(name, sizeof(name), "hist_%u", i);
		hists[i] = kymo_histogram_at(family(KYMO_KIND_HISTOGRAM, name,
		    NULL), 0, NULL);
	}
	hist_threads("record");
	hist_recorded += (uint64_t)MEMORY_THREADS * HISTS * 3;
	private_kib += own_kib() - before_kib;
	if (strcmp(what, "memory") == 0)
		own = hold(HELD_AFTER_BYTES);
	free(own);
}

/* The copy that we look at is no part of it. */
static void
leave_cgroup(void)
{
	const char *path = getenv("FULL_CGROUP_OUTSIDE");
	FILE *file = fopen(path == NULL ? "" : path, "w");

	if (file == NULL || fprintf(file, "%d\n", (int)getpid()) < 0 ||
	    fclose(file) != 0)
		prove_die("FULL_CGROUP_OUTSIDE");
}

/* No descriptor is left but those that are open. */
static void
no_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		prove_die("getrlimit");
	limit.rlim_cur = 3;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		prove_die("setrlimit");
}

/* What a program may do to itself after its start. */
static void
restrict_later(const char *what)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		prove_die("getrlimit");
	limit.rlim_cur = 0;
	if ((strcmp(what, "later_fsize") == 0 &&
	    setrlimit(RLIMIT_FSIZE, &limit) != 0) ||
	    (strcmp(what, "later_chroot") == 0 && (chdir("/proc") != 0 ||
	    chroot(".") != 0)) ||
	    (strcmp(what, "later_setuid") == 0 && seteuid(65534) != 0))
		prove_die(what);
	if (strcmp(what, "later_fds") == 0)
		no_fds();
}

/* So that we can look at the region again. */
static void
restrict_no_more(const char *what, int root_fd)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		prove_die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    getrlimit(RLIMIT_FSIZE, &limit) != 0)
		prove_die("limits");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    (strcmp(what, "later_chroot") == 0 && (fchdir(root_fd) != 0 ||
	    chroot(".") != 0)) ||
	    (strcmp(what, "later_setuid") == 0 && seteuid(0) != 0))
		prove_die(what);
}

/* All that is in windows, by whatever name or none, and in histograms. */
struct counted {
	uint64_t windows, hists;
};

static struct counted
count(const char *path)
{
	static struct peek_hist cells;
	struct counted counted = { 0, 0 };
	struct peek peek;
	char name[32];
	uint32_t i;

	if (!peek_open(&peek, path))
		prove_die(path);
	for (i = 0; i < peek.header->window_bytes; i += 8)
		counted.windows += peek_cell(&peek, i);
	for (i = 0; hist_recorded != 0 && i < HISTS; i++) {
		snprintf(name, sizeof(name), "hist_%u", i);
		if (peek_series(&peek, name, NULL) != NULL &&
		    peek_hist(&peek, name, &cells))
			counted.hists += cells.cnt;
	}
	peek_close(&peek);
	return counted;
}

/* In a memory cgroup, all that kymo takes. */
static bool
is_in_share(const char *name, const struct kymo_status *status)
{
	const char *max_kib = getenv("FULL_SHARE_KIB");
	uint64_t taken_kib = status->region_bytes / 1024 + private_kib;

	if (max_kib == NULL)
		return true;
	printf("full/%s_share region_kib=%" PRIu64 " private_kib=%" PRIu64
	    " share_kib=%s ok=%d\n", name, status->region_bytes / 1024,
	    private_kib, max_kib, taken_kib <= strtoull(max_kib, NULL, 10));
	return taken_kib <= strtoull(max_kib, NULL, 10);
}

static bool
is_loss(const char *loss, const char *name, uint64_t cnt)
{
	return (strcmp(loss, name) == 0) == (cnt != 0);
}

/* A private region has a reason; a visible one has every amount, and every
   record of a histogram is there or counted as lost. */
static bool
is_right(const struct kymo_status *status, const struct counted *counted)
{
	if (status->state != 1)
		return status->why[0] != '\0' && status->path[0] == '\0';
	return counted->windows == recorded &&
	    counted->hists <= hist_recorded &&
	    counted->hists + status->err_full >= hist_recorded;
}

static void
run(const char *what)
{
	struct kymo_options options;
	int root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *early = NULL;
	const char *limit;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	limit = getenv("FULL_REGION_BYTES");
	options.region_bytes_max = limit == NULL ? 0 :
	    (uint64_t)atoll(limit);
	limit = getenv("FULL_THREADS");
	options.thread_cnt_max = limit == NULL ? 0 : (uint32_t)atoi(limit);
	if (strcmp(what, "fds") == 0)
		no_fds();
	if (strcmp(what, "memory_late") == 0)
		early = hold(HELD_BEFORE_BYTES);
	kymo_init_with(&options);
	kymo_counter_add(counter, 3);
	recorded += 3;
	if (strcmp(what, "series") == 0)
		many_series();
	if (strcmp(what, "labels") == 0)
		many_labels();
	if (strcmp(what, "threads") == 0)
		many_threads();
	if (strncmp(what, "memory", 6) == 0) {
		much_memory(what);
		free(early);
		leave_cgroup();
	}
	if (strncmp(what, "later_", 6) == 0) {
		restrict_later(what);
		many_threads();
		many_series();
		restrict_no_more(what, root_fd);
	}
	close(root_fd);
}

int
main(int argc, char **argv)
{
	struct counted counted = { 0, 0 };
	struct kymo_status status;
	bool ok;

	if (argc != 5)
		prove_die("full NAME WHAT STATE LOSS");
	run(argv[2]);
	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	kymo_status(&status);
	if (status.state == 1)
		counted = count(status.path);
	ok = status.state == atoi(argv[3]) && is_right(&status, &counted) &&
	    is_in_share(argv[1], &status) &&
	    status.err_badcall == 0 && status.err_ring == 0 &&
	    is_loss(argv[4], "full", status.err_full) &&
	    is_loss(argv[4], "cardinality", status.err_cardinality) &&
	    is_loss(argv[4], "slots", status.err_slots);
	printf("full/%s state=%d recorded=%" PRIu64 " counted=%" PRIu64
	    " observed=%" PRIu64 " err_full=%" PRIu64 " err_cardinality=%"
	    PRIu64 " err_slots=%" PRIu64 " ok=%d\n", argv[1], status.state,
	    recorded, counted.windows, counted.hists,
	    (uint64_t)status.err_full, (uint64_t)status.err_cardinality,
	    (uint64_t)status.err_slots, ok);
	return 0;
}
