/* SPDX-License-Identifier: MIT */
/* memory [NAME [N]]: does each kind of work with its first allocation failing,
   with its second, and so on, once by that one alone and once by all that follow
   too. A row for each kind: a run may end in an error that says why; none may
   crash, hang, leak, or lose what was there before. malloc is this program's own, for
   all libraries in it. NAME N: that run alone, and where it failed. */
#include "tests/prove/memory.h"

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t cnt, size_t bytes);
void *__libc_realloc(void *at, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *at);

#define RUN_SECONDS 20
#define FRAMES 24

/* ---- malloc ------------------------------------------------------------------- */

static struct {
	bool armed, all, tells;
	uint64_t call_cnt, fail_at, fail_cnt;
	int64_t live_cnt;
} heap;

/* What a run leaves behind, where it is asked for one by one. */
#define TRACED_MAX 4096
static struct traced {
	void *at;
	void *frames[FRAMES];
	int frame_cnt;
} traced[TRACED_MAX];
static bool traces, inside;

static bool
fails(void)
{
	void *frames[FRAMES];

	if (!heap.armed || inside)
		return false;
	heap.call_cnt++;
	if (heap.fail_at == 0 || (heap.all ? heap.call_cnt < heap.fail_at :
	    heap.call_cnt != heap.fail_at))
		return false;
	heap.fail_cnt++;
	if (heap.tells && heap.fail_cnt == 1) {
		inside = true;
		fprintf(stderr, "the allocation that fails:\n");
		backtrace_symbols_fd(frames, backtrace(frames, FRAMES), 2);
		inside = false;
	}
	errno = ENOMEM;
	return true;
}

static void
trace(void *at)
{
	if (!traces || inside)
		return;
	inside = true;
	for (int i = 0; i < TRACED_MAX; i++)
		if (traced[i].at == NULL) {
			traced[i].at = at;
			traced[i].frame_cnt = backtrace(traced[i].frames,
			    FRAMES);
			break;
		}
	inside = false;
}

static void *
gives(void *at)
{
	if (at != NULL && !inside) {
		heap.live_cnt++;
		trace(at);
	}
	return at;
}

/* Seen by libraries, too. */
#pragma GCC visibility push(default)
void *
malloc(size_t bytes)
{
	return fails() ? NULL : gives(__libc_malloc(bytes));
}

void *
calloc(size_t cnt, size_t bytes)
{
	return fails() ? NULL : gives(__libc_calloc(cnt, bytes));
}

static void
takes(void *at)
{
	if (at == NULL || inside)
		return;
	heap.live_cnt--;
	for (int i = 0; traces && i < TRACED_MAX; i++)
		if (traced[i].at == at)
			traced[i].at = NULL;
}

void *
realloc(void *at, size_t bytes)
{
	void *to;

	if (bytes > 0 && fails())
		return NULL;
	to = __libc_realloc(at, bytes);
	if (to != NULL || bytes == 0) {
		takes(at);
		gives(to);
	}
	return to;
}

void *
reallocarray(void *at, size_t cnt, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(cnt, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(at, all);
}

void *
memalign(size_t alignment, size_t bytes)
{
	return fails() ? NULL : gives(__libc_memalign(alignment, bytes));
}

void *
aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

int
posix_memalign(void **to, size_t alignment, size_t bytes)
{
	*to = memalign(alignment, bytes);
	return *to == NULL ? ENOMEM : 0;
}

void
free(void *at)
{
	takes(at);
	__libc_free(at);
}

#pragma GCC visibility pop

/* ---- what kinds use ------------------------------------------------------------ */

void
memory_arm(void)
{
	heap.armed = true;
}

void
memory_disarm(void)
{
	heap.armed = false;
}

bool
memory_failed(void)
{
	return heap.fail_cnt > 0;
}

bool
memory_wrong(const char *format, ...)
{
	va_list args;

	memory_disarm();
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

bool
memory_told(const char *what, bool good, const struct kymo_error *error)
{
	if (!good && error->text[0] == '\0')
		return memory_wrong("%s failed and did not say why", what);
	if (!good && !memory_failed())
		return memory_wrong("%s failed: %s", what, error->text);
	return true;
}

/* ---- runs ---------------------------------------------------------------------- */

/* What a child does, for the parent to see when it died. */
struct progress {
	_Atomic uint64_t at; /* the run: 2 n, or 2 n + 1 with all that follow */
	_Atomic uint64_t call_cnt, wrong_cnt, leak_cnt, done;
};

static bool
run(const struct memory_kind *kind, uint64_t fail_at, bool all)
{
	bool good;

	heap.armed = false;
	heap.all = all;
	heap.fail_at = fail_at;
	heap.call_cnt = heap.fail_cnt = 0;
	alarm(RUN_SECONDS);
	good = kind->run();
	memory_disarm();
	return good;
}

/* Libraries keep things that they make once, also after a failure, and the reader
   a few pieces of memory: only what is left behind each time is lost. */
static bool
leaks(const struct memory_kind *kind, uint64_t fail_at, bool all)
{
	int64_t before;

	for (int i = 0; i < 20; i++) {
		before = heap.live_cnt;
		run(kind, fail_at, all);
		if (heap.live_cnt == before)
			return false;
	}
	return true;
}

static void
child(const struct memory_kind *kind, struct progress *progress)
{
	uint64_t step = getenv("KYMO_QUICK") == NULL ? 1 : 23;

	run(kind, 0, false);
	run(kind, 0, false);
	progress->call_cnt = heap.call_cnt;
	if (leaks(kind, 0, false)) {
		fprintf(stderr, "%s: leaks where nothing fails\n", kind->name);
		progress->leak_cnt++;
	}
	for (;;) {
		uint64_t at = ++progress->at, n = at / 2;
		bool all = at % 2 == 1;
		int64_t before = heap.live_cnt;

		if (n > progress->call_cnt)
			break;
		if (n == 0 || n % step != 0)
			continue;
		if (!run(kind, n, all)) {
			fprintf(stderr, "%s: allocation %llu%s\n", kind->name,
			    (unsigned long long)n, all ? " and all after it" :
			    "");
			progress->wrong_cnt++;
		}
		if (heap.live_cnt != before && leaks(kind, n, all)) {
			fprintf(stderr, "%s: leaks, allocation %llu%s\n",
			    kind->name, (unsigned long long)n,
			    all ? " and all after it" : "");
			progress->leak_cnt++;
		}
	}
	progress->done = 1;
	_exit(0);
}

/* One that dies is begun anew behind what it died of. */
static bool
prove(const struct memory_kind *kind)
{
	struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t died_cnt = 0;
	bool good;

	if (progress == MAP_FAILED)
		exit(2);
	fflush(stdout);
	while (!progress->done && died_cnt < 200) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			child(kind, progress);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			exit(2);
		if (progress->done)
			break;
		died_cnt++;
		fprintf(stderr, "%s: died (%d) of allocation %llu%s\n",
		    kind->name, WIFSIGNALED(status) ? WTERMSIG(status) :
		    status, (unsigned long long)progress->at / 2,
		    progress->at % 2 == 1 ? " and all after it" : "");
	}
	good = died_cnt + progress->wrong_cnt + progress->leak_cnt == 0 &&
	    progress->call_cnt > 0;
	printf("%s allocations=%llu died=%llu leaks=%llu wrong=%llu ok=%d\n",
	    kind->name, (unsigned long long)progress->call_cnt,
	    (unsigned long long)died_cnt,
	    (unsigned long long)progress->leak_cnt,
	    (unsigned long long)progress->wrong_cnt, good);
	munmap(progress, sizeof(*progress));
	return good;
}

/* One run, with what it leaves behind; N is negative: that and all after it. */
static int
show(const struct memory_kind *kind, long long n)
{
	void *frames[1];
	bool good;

	backtrace(frames, 1); /* it allocates */
	run(kind, 0, false);
	run(kind, (uint64_t)(n < 0 ? -n : n), n < 0);
	heap.tells = traces = true;
	good = run(kind, (uint64_t)(n < 0 ? -n : n), n < 0);
	traces = false;
	for (int i = 0; i < TRACED_MAX; i++)
		if (traced[i].at != NULL) {
			fprintf(stderr, "left behind:\n");
			backtrace_symbols_fd(traced[i].frames,
			    traced[i].frame_cnt, 2);
		}
	return good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static const struct memory_kind *const kinds[] = { memory_kinds_read,
	    memory_kinds_alert, memory_kinds_outbox, memory_kinds_scan,
	    memory_kinds_care };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (const struct memory_kind *kind = kinds[i];
		    kind->name != NULL; kind++) {
			if (argc > 1 && strcmp(argv[1], kind->name) != 0)
				continue;
			if (argc > 2)
				return show(kind, atoll(argv[2]));
			prove(kind);
		}
	return 0;
}
