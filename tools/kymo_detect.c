/* SPDX-License-Identifier: MIT */
/* kymo detect: rows of timestamp,value in; the same with score and reason out. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/detect/change.h"
#include "reader/detect/detect.h"
#include "reader/export/export.h"
#include "tools/kymo_cli.h"

#define LINE_BYTES_MAX 4096

struct job {
	const char *path;
	unsigned long line_cnt;
	bool alarms_only;
	bool squash;
	bool changes;
	struct kymo_detect detect;
	struct kymo_change change;
};

static const char *
skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* ".123", "Z", "+00:00": what may follow the seconds of a time in UTC. */
static const char *
after_seconds(const char *at, double *fraction_s)
{
	char *end;

	*fraction_s = 0;
	if (*at == '.' && isdigit((unsigned char)at[1])) {
		*fraction_s = strtod(at, &end);
		at = end;
	}
	if (*at == 'Z')
		return at + 1;
	return strncmp(at, "+00:00", 6) == 0 ? at + 6 : at;
}

/* Seconds since 1970, or a date and time in UTC: ns, and where it ends; NULL if
   it is neither. */
static const char *
time_parse(const char *text, uint64_t *at_ns)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"
	};
	struct tm tm;
	double fraction_s, s;
	const char *end;
	char *number_end;

	for (size_t i = 0; i < 2; i++) {
		memset(&tm, 0, sizeof(tm));
		end = strptime(text, formats[i], &tm);
		if (!end)
			continue;
		end = after_seconds(end, &fraction_s);
		s = (double)timegm(&tm);
		if (s < 0 || s > 18e9)
			return NULL;
		*at_ns = (uint64_t)s * 1000000000u +
		    (uint64_t)(fraction_s * 1e9);
		return end;
	}
	if (!isdigit((unsigned char)*text))
		return NULL;
	s = strtod(text, &number_end);
	if (!(s >= 0 && s < 18e9))
		return NULL;
	*at_ns = (uint64_t)(s * 1e9);
	return number_end;
}

static int
wrong(const struct job *job, const char *what, const char *text)
{
	struct kymo_buffer shown = { 0 };
	char cut[64];

	snprintf(cut, sizeof(cut), "%s", text);
	kymo_escape_terminal(&shown, cut);
	kyi_trouble("%s:%lu: %s: '%s'", job->path, job->line_cnt, what,
	    shown.at ? shown.at : "");
	kymo_buffer_free(&shown);
	return KYI_EXIT_TROUBLE;
}

/* Seconds since 1970, all digits that matter, or the date as it came in. */
static void
time_print(uint64_t at_ns, bool as_date)
{
	time_t s = (time_t)(at_ns / 1000000000u);
	char text[32];
	struct tm tm;

	if (as_date && gmtime_r(&s, &tm)) {
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
		fputs(text, stdout);
	} else {
		printf("%.12g", (double)at_ns / 1e9);
	}
}

static void
change(struct job *job, uint64_t at_ns, double value, bool as_date)
{
	struct kymo_change_point point;

	if (!kymo_change_step(&job->change, at_ns, value, &point))
		return;
	time_print(point.at_ns, as_date);
	printf(",%s,%.6g,%.6g,%.6g,", point.kind == KYMO_CHANGE_LEVEL ?
	    "level" : "slope", point.before, point.after, point.confidence);
	time_print(at_ns, as_date);
	putchar('\n');
}

/* line is "timestamp,value" without its newline; what is printed of it is what
   was understood as a time and a number, so it is harmless. */
static int
row(struct job *job, const char *line)
{
	struct kymo_detect_result result;
	const char *comma, *start;
	char reason[96], *end;
	uint64_t at_ns;
	double value, score;

	comma = time_parse(line, &at_ns);
	if (!comma || *(comma = skip_space(comma)) != ',')
		return wrong(job, "no timestamp and comma (as 2015-03-01 14:02:00,"
		    " or seconds since 1970)", line);
	start = skip_space(comma + 1);
	value = strtod(start, &end);
	if (end == start || (*skip_space(end) != 0 && *skip_space(end) != ','))
		return wrong(job, "no value after the comma", start);
	if (job->changes) {
		change(job, at_ns, value, strlen(line) > 4 && line[4] == '-');
		return KYI_EXIT_OK;
	}
	result = kymo_detect_step(&job->detect, at_ns, value);
	score = job->squash ? result.score / (1 + result.score) : result.score;
	if (job->alarms_only && result.score < 1)
		return KYI_EXIT_OK;
	if (!(result.score > 0))
		result.cause = KYMO_DETECT_NOTHING;
	printf("%.*s,%.*s,%.6g,%s\n", (int)(comma - line), line,
	    (int)(end - start), start, score,
	    kymo_detect_reason(&result, reason, sizeof(reason)));
	return KYI_EXIT_OK;
}

static int
rows(struct job *job, FILE *file)
{
	size_t room = 0;
	char *line = NULL;
	int status = KYI_EXIT_OK;
	ssize_t bytes;

	puts(job->changes ? "timestamp,kind,before,after,confidence,found" :
	    "timestamp,value,anomaly_score,reason");
	while (status == KYI_EXIT_OK &&
	    (bytes = getline(&line, &room, file)) >= 0) {
		job->line_cnt++;
		if (bytes > LINE_BYTES_MAX || strlen(line) != (size_t)bytes) {
			status = wrong(job, "a line of bytes that are no text, or"
			    " too long", "");
			break;
		}
		while (bytes && (line[bytes - 1] == '\n' ||
		    line[bytes - 1] == '\r'))
			line[--bytes] = 0;
		if (*skip_space(line) == 0 || (job->line_cnt == 1 &&
		    strncasecmp(line, "timestamp", 9) == 0))
			continue;
		status = row(job, line);
	}
	if (ferror(file))
		status = kyi_trouble("%s: %s", job->path, strerror(errno));
	free(line);
	return status;
}

static int
detect(int argc, char **argv)
{
	static const struct option options[] = {
		{"alarms", no_argument, NULL, 'a'},
		{"changes", no_argument, NULL, 'c'},
		{"squash", no_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct job job = { .path = NULL };
	int option, status;
	FILE *file;

	while ((option = getopt_long(argc, argv, ":acsh", options, NULL)) != -1)
		switch (option) {
		case 'a': job.alarms_only = true; break;
		case 'c': job.changes = true; break;
		case 's': job.squash = true; break;
		case 'h': return kyi_help(&kyi_verb_detect);
		default:
			return kyi_option_wrong(&kyi_verb_detect, argv, option);
		}
	if (optind + 1 != argc)
		return kyi_usage(&kyi_verb_detect, "which FILE? One, or -");
	job.path = argv[optind];
	file = strcmp(job.path, "-") == 0 ? stdin : fopen(job.path, "re");
	if (!file)
		return kyi_trouble("%s: %s", job.path, strerror(errno));
	kymo_detect_init(&job.detect);
	kymo_change_init(&job.change, 0);
	status = rows(&job, file);
	if (file != stdin)
		fclose(file);
	return kyi_output_end(status);
}

const struct kyi_verb kyi_verb_detect = {
	"detect", "finds what is unlike the past in a series of a file", detect,
	"usage: kymo detect [--alarms] [--squash] FILE.csv\n"
	"       kymo detect --changes FILE.csv\n"
	"\n"
	"Reads rows of timestamp,value (2015-03-01 14:02:00 in UTC, or seconds since\n"
	"1970; a first line of names is skipped; - is stdin) and prints each with its\n"
	"anomaly score and the reason: timestamp,value,anomaly_score,reason. A score\n"
	"of 1 or more is an alarm: noise alone has at most one a week. Each row is\n"
	"judged by those before it alone.\n"
	"\n"
	"  -a, --alarms  only rows with an alarm\n"
	"  -c, --changes since when it is another series: a row for each change, with its\n"
	"                first row's time, level or slope (a second) before and after,\n"
	"                confidence, and the time it was found at\n"
	"  -s, --squash  scores from 0 to 1, s / (1 + s): an alarm is 0.5. For tools\n"
	"                that want them so, as that of the Numenta Anomaly Benchmark\n"
	"  -h, --help    this\n"
	"\n"
	"Exit: 0 all rows were read; 2 usage; 3 the file cannot be read, or a line is\n"
	"wrong: it is named.\n"
	"\n"
	"  kymo detect --alarms latency.csv\n"
};
