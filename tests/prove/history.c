/* SPDX-License-Identifier: MIT */
/* tests/prove/history.sh: a child keeps a history and ends in the middle of it;
   whatever it left opens, has each sample that it took until ten seconds before,
   and says what is lost. Prints lines NAME KEY=VALUE.. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/history/history.h"
#include "tests/prove/history_vfs.h"

#define BEGIN_MS 1700000000000
#define SERIES 24u
#define SECONDS 900u
#define JOURNAL_S 10
#define KEPT_S 150 /* of the first tier; the second has the rest */
#define SECOND_NS UINT64_C(1000000000)

static struct kymo_labels *labels[SERIES];
static char path[600], said[4096];
static uint32_t *appended; /* seconds, by the child */

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "history: %s: %s\n", what, why);
	exit(1);
}

static bool
there(uint32_t s, uint32_t t)
{
	return s % 4 != 3 || (t / 37 + s) % 3 != 0;
}

static double
value_of(uint32_t s, uint32_t t)
{
	return s % 3 == 0 ? 7 : s % 3 == 1 ? t % (50 + s) : sin(t + s);
}

static void
warn(void *to, const char *text)
{
	size_t len = strlen(said);

	(void)to;
	snprintf(said + len, sizeof said - len, "%s; ", text);
}

static struct kymo_history *
history_new(void)
{
	struct kymo_history_options options = { .path = path,
		.head_ms = 60000, .frame_ms = 20000, .block_series = 5,
		.journal_ms = JOURNAL_S * 1000, .warn = warn,
		.tiers = { { 1000, KEPT_S * 1000, 0 }, { 5000, 0, 0 } } };
	struct kymo_error error;
	struct kymo_history *history;

	said[0] = '\0';
	history = kymo_history_new(&options, &error);
	if (history == NULL)
		die("it does not open", error.text);
	return history;
}

/* Seconds from on; the clock goes as fast as it can. */
static void
run(struct kymo_history *history, uint32_t from, uint32_t to)
{
	struct kymo_feed *feed = kymo_history_feed(history, "f");
	struct kymo_history_row rows[SERIES];

	for (uint32_t t = from; t <= to; t++) {
		uint32_t cnt = 0;

		for (uint32_t s = 0; s < SERIES; s++)
			if (there(s, t))
				rows[cnt++] = (struct kymo_history_row){
				    labels[s], value_of(s, t), NULL, NULL };
		if (kymo_feed_append(feed, BEGIN_MS + t * INT64_C(1000), rows,
		    cnt) != 0)
			die("append", "no memory");
		__atomic_store_n(appended, t, __ATOMIC_SEQ_CST);
		while (kymo_history_step(history, t * SECOND_NS))
			;
	}
}

static void
files_remove(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	char name[700];

	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

/* ---- looking ---------------------------------------------------------------------- */

/* All samples of one series from from_s on are those that went in. */
static bool
series_right(const struct kymo_samples *samples, uint32_t s, uint32_t from_s,
    uint32_t to_s)
{
	uint32_t k = 0;

	for (uint32_t t = from_s; t <= to_s; t++) {
		double value = value_of(s, t);
		bool here = false;

		while (k < samples->cnt && samples->at_ms[k] <
		    BEGIN_MS + t * INT64_C(1000))
			k++;
		if (k < samples->cnt && samples->at_ms[k] ==
		    BEGIN_MS + t * INT64_C(1000))
			here = !kymo_is_stale(samples->value[k]);
		if (here != there(s, t) || (here && memcmp(&value,
		    &samples->value[k], sizeof value) != 0)) {
			fprintf(stderr, "history: series %u at %u s: %s\n", s,
			    t, here ? "another value, or not to be there" :
			    "not there");
			return false;
		}
	}
	return true;
}

/* What is kept of the last seconds up to to_s, and that older ones can be read
   at all. */
static bool
all_right(struct kymo_history *history, uint32_t to_s)
{
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_matcher any = { KYMO_MATCH_EQUAL, "__name__", "x", NULL };
	struct kymo_select what = { .matchers = &any, .matcher_cnt = 1,
		.from_ms = 0, .to_ms = INT64_MAX, .series_max = SERIES,
		.samples_max = 10000000 };
	uint32_t from_s = to_s > KEPT_S ? to_s - KEPT_S + 1 : 1, right = 0;
	uint32_t cnt;
	struct kymo_selected got;
	struct kymo_error error;

	if (source->select(source->of, &what, &got, &error) != 0)
		die("it does not read", error.text);
	for (uint32_t i = 0; i < got.series_cnt; i++)
		right += series_right(&got.series[i], (uint32_t)atoi(
		    kymo_labels_get(got.series[i].labels, "n")), from_s, to_s);
	cnt = got.series_cnt;
	source->done(source->of, &got);
	/* Of some there is nothing yet. */
	if (right == cnt && (to_s < 120 || cnt == SERIES))
		return true;
	fprintf(stderr, "history: of %u series %u are right up to %u s\n",
	    cnt, right, to_s);
	return false;
}

/* Opens what was left, compares, goes on with it for a while, compares again.
   Returns what was lost, in seconds; -1: something is wrong. */
static int
look(bool crashed)
{
	struct kymo_history *history = history_new();
	struct kymo_history_stats stats;
	uint32_t have_s;
	int lost_s;

	kymo_history_stats(history, &stats);
	have_s = stats.newest_ms == 0 ? 0 :
	    (uint32_t)((stats.newest_ms - BEGIN_MS) / 1000);
	lost_s = (int)(*appended - have_s);
	if (!stats.storing || strstr(said, "corrupt") != NULL ||
	    have_s > *appended || lost_s > JOURNAL_S ||
	    (crashed && have_s > 0 && stats.lost_ms < (uint64_t)lost_s * 1000) ||
	    !all_right(history, have_s))
		lost_s = -1;
	if (lost_s >= 0) {
		run(history, have_s + 1, have_s + 30);
		if (!all_right(history, have_s + 30))
			lost_s = -1;
	}
	if (lost_s < 0)
		fprintf(stderr, "history: had %u, has %u, lost_ms %llu, "
		    "storing %d: %s\n", *appended, have_s,
		    (unsigned long long)stats.lost_ms, stats.storing, said);
	kymo_history_delete(history);
	return lost_s;
}

/* ---- ends ------------------------------------------------------------------------- */

static pid_t
child(enum cut_how how, uint64_t at, uint64_t seed)
{
	struct kymo_history *history;
	pid_t pid;

	fflush(stdout);
	*appended = 0;
	files_remove();
	pid = fork();
	if (pid != 0)
		return pid;
	cut_begin(how, at, seed);
	history = history_new();
	run(history, 1, SECONDS);
	kymo_history_delete(history);
	appended[1] = (uint32_t)cut_ops();
	_exit(0);
}

static void
wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("child", "none");
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		die("child", "it failed");
}

struct row {
	uint32_t ends, bad;
	int most_s;
};

static void
row_add(struct row *row, int lost_s)
{
	row->ends++;
	row->bad += lost_s < 0;
	if (lost_s > row->most_s)
		row->most_s = lost_s;
}

static void
row_print(const char *name, const struct row *row)
{
	printf("%s ends=%u bad=%u lost_s_most=%d ok=%d\n", name, row->ends,
	    row->bad, row->most_s, row->bad == 0 && row->ends > 0);
	fflush(stdout);
}

/* SIGKILL, whenever it comes. */
static void
kills(uint32_t cnt, uint32_t spread_us)
{
	struct row row = { 0, 0, 0 };
	uint64_t random = 1;

	for (uint32_t i = 0; i < cnt; i++) {
		pid_t pid = child(CUT_POWER, 0, 0);
		int status;

		random = random * UINT64_C(6364136223846793005) + 1442695041;
		usleep((useconds_t)(random >> 33) % spread_us);
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			die("child", "none");
		row_add(&row, look(WIFSIGNALED(status)));
	}
	row_print("kill", &row);
}

/* At each n-th write or sync. */
static void
cuts(const char *name, enum cut_how how, uint32_t each, uint32_t ops)
{
	struct row row = { 0, 0, 0 };
	bool ends = how == CUT_POWER || how == CUT_KILL;

	for (uint32_t at = 1 + each / 2; at < ops; at += each) {
		wait_for(child(how, at, at));
		row_add(&row, look(ends));
	}
	row_print(name, &row);
}

int
main(int argc, char **argv)
{
	uint32_t each, ops;

	if (argc != 3 || atoi(argv[2]) < 1)
		die("arguments", "a folder, and at how many writes it is cut");
	snprintf(path, sizeof path, "%s/history.db", argv[1]);
	appended = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (appended == MAP_FAILED)
		die("mmap", "no memory");
	for (uint32_t s = 0; s < SERIES; s++) {
		char number[16];
		struct kymo_label label[] = { { "__name__", "x" },
			{ "n", number } };

		snprintf(number, sizeof number, "%u", s);
		labels[s] = kymo_labels_make(label, 2);
	}
	wait_for(child(CUT_POWER, 0, 0));
	ops = appended[1];
	each = ops / (uint32_t)atoi(argv[2]) + 1;
	kills((uint32_t)atoi(argv[2]), 60000);
	cuts("power", CUT_POWER, each, ops);
	cuts("killed_between_writes", CUT_KILL, each, ops);
	cuts("error", CUT_ERROR, each, ops);
	/* At the end there must be room again, for what waited. */
	cuts("full", CUT_FULL, each * 3 / 4, ops * 3 / 4);
	files_remove();
	return 0;
}
