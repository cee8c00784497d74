/* SPDX-License-Identifier: MIT */
/* kymo bench: a command several times, in turns with another or against runs
   that were kept. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/kymo_compare.h"
#include "tools/kymo_run.h"

/* Two runs a side lie apart by luck one time in eight (docs/regressions.md). */
#define RUN_CNT_MIN 3u

struct bench {
	struct kyi_compare compare;
	const char *baseline, *save;
	uint32_t run_cnt, warm_cnt;
	bool output, any_status;
	char **command, **against;
};

/* A file that nobody else sees, for runs. */
static int
file_new(void)
{
	char path[] = "/tmp/kymo-bench-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	return fd;
}

/* fd -1: a run for the caches' sake. */
static int
one(const struct bench *bench, char **command, int fd)
{
	struct kyi_run run = { .command = command, .interval_ns = 1000000000u,
	    .to_fd = fd, .silent = !bench->output };
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	int status;

	run.keep_bytes = (uint64_t)(end > 0 ? end : 0);

	if (fd < 0 && (run.to_fd = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return kyi_trouble("/dev/null: %s", strerror(errno));
	status = kyi_run(&run);
	if (fd < 0)
		close(run.to_fd);
	if (run.interrupted) {
		kyi_run_die(&run);
		return kyi_trouble("interrupted");
	}
	if (status == KYI_EXIT_OK && run.status != 0 && !bench->any_status)
		return kyi_trouble("%s ended with %d (--any-status if that is "
		    "all right)", command[0], run.status);
	return status;
}

/* To a person who waits; is, of cnt: nothing where all are done. What else is
   said meanwhile takes its line. */
static void
progress(uint32_t is, uint32_t cnt)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (is < cnt)
		fprintf(stderr, "run %u of %u\033[K\r", is + 1, cnt);
	else
		fputs("\033[K", stderr);
}

/* Turn and turn about, each first every other time: what drifts meanwhile is in
   both alike. */
static int
all(const struct bench *bench, int fd, int against_fd)
{
	uint32_t each = bench->against ? 2 : 1, done_cnt = 0;
	int status = KYI_EXIT_OK;

	for (uint32_t i = 0; status == KYI_EXIT_OK && i < bench->warm_cnt; i++) {
		status = one(bench, bench->command, -1);
		if (status == KYI_EXIT_OK && bench->against)
			status = one(bench, bench->against, -1);
	}
	for (uint32_t i = 0; status == KYI_EXIT_OK && i < bench->run_cnt; i++)
		for (int turn = 0; status == KYI_EXIT_OK && turn < 2; turn++) {
			if ((turn + i) % 2 == 0 || bench->against)
				progress(done_cnt++, each * bench->run_cnt);
			if ((turn + i) % 2 == 0)
				status = one(bench, bench->command, fd);
			else if (bench->against)
				status = one(bench, bench->against, against_fd);
		}
	progress(1, 1);
	return status;
}

/* All bytes of fd. NULL: said why. */
static char *
bytes_of(int fd, size_t *len_bytes)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *bytes = kyi_must(malloc((size_t)(end > 0 ? end : 0) + 1));
	ssize_t got = 1;

	*len_bytes = 0;
	while (got > 0 && end > 0 && *len_bytes < (size_t)end) {
		got = pread(fd, bytes + *len_bytes, (size_t)end - *len_bytes,
		    (off_t)*len_bytes);
		if (got > 0)
			*len_bytes += (size_t)got;
	}
	return bytes;
}

static int
runs_of(struct kymo_runs **runs, int fd, const char *name)
{
	struct kymo_error error = { "" };
	size_t len_bytes;
	char *bytes = bytes_of(fd, &len_bytes);
	int status = kymo_runs_read(runs, bytes, len_bytes, name, &error);

	free(bytes);
	return status == 0 ? KYI_EXIT_OK : kyi_trouble("%s", error.text);
}

static int
save(const struct bench *bench, int fd)
{
	size_t len_bytes;
	char *bytes;
	FILE *file;
	bool bad;

	if (!bench->save)
		return KYI_EXIT_OK;
	bytes = bytes_of(fd, &len_bytes);
	file = fopen(bench->save, "we");
	bad = !file || fwrite(bytes, 1, len_bytes, file) != len_bytes;
	if (file)
		bad |= fclose(file) != 0;
	free(bytes);
	return bad ? kyi_trouble("%s: %s", bench->save, strerror(errno)) :
	    KYI_EXIT_OK;
}

/* Without anything to compare with: how long it took. */
static int
tell(const struct kymo_runs *runs)
{
	double *seconds = kyi_must(calloc((size_t)runs->run_cnt + 1,
		sizeof(*seconds)));
	struct kymo_shift shift;

	for (uint32_t i = 0; i < runs->run_cnt; i++)
		seconds[i] = (double)runs->ends[i].wall_ns / 1e9;
	kymo_shift_numbers(&shift, seconds, runs->run_cnt, seconds,
	    runs->run_cnt);
	printf("%u runs, %.4g s in the mean (the mean of as many more: within "
	    "%.2g %%, 95 %% of times)\n", runs->run_cnt, shift.before,
	    100 * shift.difference_high / shift.before);
	free(seconds);
	return KYI_EXIT_OK;
}

static int
judge(const struct bench *bench, int fd, int against_fd,
    const struct kymo_runs *baseline)
{
	const struct kymo_run_part whole = { 0 };
	struct kymo_runs *runs = NULL, *against = NULL;
	int status = runs_of(&runs, fd, "the runs");

	if (status == KYI_EXIT_OK && bench->against)
		status = runs_of(&against, against_fd, "the other runs");
	if (status == KYI_EXIT_OK)
		status = against || baseline ? kyi_compare(&bench->compare,
		    against ? against : baseline, &whole, runs, &whole) :
		    tell(runs);
	kymo_runs_free(runs);
	kymo_runs_free(against);
	return status;
}

/* What cannot come to anything is told before anybody waits for it. */
static int
prepare(const struct bench *bench, struct kymo_runs **baseline)
{
	struct kymo_error error = { "" };
	uint32_t before_cnt = bench->run_cnt;

	if (bench->baseline) {
		if (kymo_runs_load(baseline, bench->baseline, &error) != 0)
			return kyi_trouble("%s", error.text);
		before_cnt = (*baseline)->run_cnt;
	}
	if ((bench->baseline || bench->against) &&
	    (before_cnt < RUN_CNT_MIN || bench->run_cnt < RUN_CNT_MIN))
		return kyi_trouble("%u and %u runs cannot be told apart, for a "
		    "coin falls so often enough: each side needs three, better "
		    "ten", before_cnt, bench->run_cnt);
	return KYI_EXIT_OK;
}

static int
bench_run(const struct bench *bench)
{
	struct kymo_runs *baseline = NULL;
	int fd = file_new(), against_fd = file_new();
	int status = prepare(bench, &baseline);

	if (status != KYI_EXIT_OK)
		; /* said why */
	else if (fd < 0 || against_fd < 0)
		status = kyi_trouble("no file in /tmp: %s", strerror(errno));
	else
		status = all(bench, fd, against_fd);
	/* What there is is kept, whatever it is found to be. */
	if (status == KYI_EXIT_OK)
		status = save(bench, fd);
	if (status == KYI_EXIT_OK)
		status = judge(bench, fd, against_fd, baseline);
	kymo_runs_free(baseline);
	if (fd >= 0)
		close(fd);
	if (against_fd >= 0)
		close(against_fd);
	return status;
}

/* ---- the command line ------------------------------------------------------------ */

static int
number(uint32_t *to, const char *option, const char *text, uint32_t least)
{
	char *end;
	unsigned long cnt = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || cnt < least || cnt > 10000)
		return kyi_usage(&kyi_verb_bench, "%s is %u to 10000", option,
		    least);
	*to = (uint32_t)cnt;
	return KYI_EXIT_OK;
}

enum { OPTION_LOWER = 256, OPTION_HIGHER, OPTION_ANY, OPTION_OUTPUT };

static int
option_take(struct bench *bench, int option, char **argv)
{
	switch (option) {
	case 'n': return number(&bench->run_cnt, "-n", optarg, 2);
	case 'w': return number(&bench->warm_cnt, "--warmup", optarg, 0);
	case 'b': bench->baseline = optarg; return KYI_EXIT_OK;
	case 's': bench->save = optarg; return KYI_EXIT_OK;
	case 'j': bench->compare.format = KYI_COMPARE_JSON; return KYI_EXIT_OK;
	case 'a': bench->compare.all = true; return KYI_EXIT_OK;
	case 'f':
		return kyi_compare_format(&bench->compare.format, optarg);
	case 't':
		return kyi_compare_threshold(&bench->compare.question.threshold,
		    optarg);
	case OPTION_LOWER:
		return kyi_compare_regex(&bench->compare.lower,
		    "--lower-is-better", optarg);
	case OPTION_HIGHER:
		return kyi_compare_regex(&bench->compare.higher,
		    "--higher-is-better", optarg);
	case OPTION_ANY: bench->any_status = true; return KYI_EXIT_OK;
	case OPTION_OUTPUT: bench->output = true; return KYI_EXIT_OK;
	default: return kyi_option_wrong(&kyi_verb_bench, argv, option);
	}
}

/* CMD.. --against -- CMD2..: the command line is cut where it says so. */
static void
against_find(struct bench *bench)
{
	for (char **at = bench->command; at[0] && at[1] && at[2]; at++)
		if (strcmp(at[0], "--against") == 0 && strcmp(at[1], "--") == 0) {
			bench->against = at + 2;
			at[0] = NULL;
			return;
		}
}

static int
bench_verb(int argc, char **argv)
{
	static const struct option options[] = {
		{"runs", required_argument, NULL, 'n'},
		{"warmup", required_argument, NULL, 'w'},
		{"baseline", required_argument, NULL, 'b'},
		{"save", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"format", required_argument, NULL, 'f'},
		{"all", no_argument, NULL, 'a'},
		{"threshold", required_argument, NULL, 't'},
		{"lower-is-better", required_argument, NULL, OPTION_LOWER},
		{"higher-is-better", required_argument, NULL, OPTION_HIGHER},
		{"any-status", no_argument, NULL, OPTION_ANY},
		{"output", no_argument, NULL, OPTION_OUTPUT},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct bench bench = { .run_cnt = 10, .compare.question = {
	    .threshold = 0.01, .chance_max = 0.05 } };
	int option, status = KYI_EXIT_OK;

	while (status == KYI_EXIT_OK && (option = getopt_long(argc, argv,
		"+:n:w:b:s:jf:at:h", options, NULL)) != -1)
		status = option == 'h' ? -1 : option_take(&bench, option, argv);
	bench.command = argv + optind;
	if (status == KYI_EXIT_OK && bench.command[0])
		against_find(&bench);
	if (status < 0)
		status = kyi_help(&kyi_verb_bench);
	else if (status == KYI_EXIT_OK && (!bench.command[0] ||
		(bench.against && bench.baseline)))
		status = kyi_usage(&kyi_verb_bench, bench.against ?
		    "--baseline or --against, not both" : "which command? -- CMD..");
	else if (status == KYI_EXIT_OK)
		status = bench_run(&bench);
	kyi_compare_free(&bench.compare);
	return status == KYI_EXIT_TROUBLE ? KYI_EXIT_USAGE : status;
}

const struct kyi_verb kyi_verb_bench = {
	"bench", "runs a command several times, and compares", bench_verb,
	"usage: kymo bench [OPTION].. -- CMD [ARGUMENT].. [--against -- CMD2 ..]\n"
	"\n"
	"Runs CMD n times, as kymo record does, and compares: with CMD2, in turns (CMD2\n"
	"is before, CMD after), or with runs that were saved. What counts is how runs\n"
	"differ, not how many samples each has.\n"
	"\n"
	"  -n, --runs N              so many runs of each (10)\n"
	"  -w, --warmup N            ..after so many that do not count (0)\n"
	"  -b, --baseline FILE       compare with these runs\n"
	"  -s, --save FILE           keep the runs of CMD\n"
	"  -t, --threshold PART      a smaller difference does not matter (1%)\n"
	"      --lower-is-better RE  of metrics with such a name; --higher-is-better RE\n"
	"      --any-status          a CMD that fails is all right\n"
	"      --output              show what CMD prints\n"
	"  -a, --all                 also what is the same or unclear\n"
	"  -f, --format FORMAT       text; markdown, for a comment on a change; json, an\n"
	"                            object a line, of all; -j, --json\n"
	"  -h, --help                this\n"
	"\n"
	"Exit: 0 nothing is worse; 1 something is; 2 could not tell.\n"
	"\n"
	"  kymo bench --save main.runs -- ./bench\n"
	"  kymo bench --baseline main.runs -- ./bench\n"
	"  kymo bench -- ./new --against -- ./old\n"
};
