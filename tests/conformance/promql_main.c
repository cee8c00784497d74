/* SPDX-License-Identifier: MIT */
/* promql [--json] [--all] [--index FILE] DIR|FILE ..

   Runs each *.test below DIR; prints each case that fails, then passed and
   failed by file and tier (index.tsv: file, segment, line, kind, tier; what is
   not in it is of tier A). Exit 0 if all of A and B pass and 90 % of N. */
#include "tests/conformance/promql.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIER_A, TIER_B, TIER_N, TIER_X, TIER_CNT };
static const char tier_letters[] = "ABNX";

struct index_row {
	char file[64];
	uint32_t line;
	int tier;
};

struct tally {
	char file[64];
	uint32_t passed[TIER_CNT], failed[TIER_CNT];
};

struct run {
	struct index_row *rows;
	size_t row_cnt;
	struct tally *tallies;
	size_t tally_cnt;
	bool quiet_x; /* X is not needed: count it, do not print it */
	FILE *failures;
};

static int
read_index(struct run *run, const char *path)
{
	FILE *from = fopen(path, "r");
	char text[4096];

	if (from == NULL)
		return -1;
	while (fgets(text, sizeof text, from) != NULL) {
		struct index_row row = { "", 0, TIER_A };
		char tier;
		void *at;

		if (sscanf(text, "%63[^\t]\t%*[^\t]\t%u\t%*[^\t]\t%c", row.file,
		    &row.line, &tier) != 3 ||
		    strchr(tier_letters, tier) == NULL)
			continue;
		row.tier = (int)(strchr(tier_letters, tier) - tier_letters);
		at = realloc(run->rows, (run->row_cnt + 1) * sizeof row);
		if (at == NULL)
			break;
		run->rows = at;
		run->rows[run->row_cnt++] = row;
	}
	fclose(from);
	return 0;
}

static int
tier_of(const struct run *run, const struct eval *eval)
{
	for (size_t i = 0; i < run->row_cnt; i++)
		if (run->rows[i].line == eval->line &&
		    strcmp(run->rows[i].file, eval->file) == 0)
			return run->rows[i].tier;
	return TIER_A;
}

static void
judged(void *of, const struct eval *eval, const struct why *why)
{
	struct run *run = of;
	struct tally *tally = &run->tallies[run->tally_cnt - 1];
	int tier = tier_of(run, eval);

	if (why->text[0] == '\0') {
		tally->passed[tier]++;
		return;
	}
	tally->failed[tier]++;
	if (tier != TIER_X || !run->quiet_x)
		fprintf(run->failures, "%s:%u: %c: %s\n\t%s\n", eval->file, eval->line,
		    tier_letters[tier], eval->expr, why->text);
}

static int
run_file(struct run *run, const char *path)
{
	struct script_sink sink = { judged, run };
	const char *slash = strrchr(path, '/');
	struct why why = { "" };
	struct tally *at = realloc(run->tallies,
	    (run->tally_cnt + 1) * sizeof *at);

	if (at == NULL)
		return -1;
	run->tallies = at;
	at += run->tally_cnt++;
	memset(at, 0, sizeof *at);
	snprintf(at->file, sizeof at->file, "%s",
	    slash == NULL ? path : slash + 1);
	if (script_run(path, &sink, &why) == 0)
		return 0;
	fprintf(run->failures, "%s\n", why.text);
	return -1;
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int
run_below(struct run *run, char *path)
{
	char *paths[] = { path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int result = 0;

	while (fts != NULL && (entry = fts_read(fts)) != NULL) {
		size_t len = strlen(entry->fts_name);

		if (entry->fts_info == FTS_F && len > 5 &&
		    strcmp(entry->fts_name + len - 5, ".test") == 0 &&
		    run_file(run, entry->fts_path) < 0)
			result = -1;
		if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
			fprintf(run->failures, "%s: cannot be read\n",
			    entry->fts_path);
			result = -1;
		}
	}
	if (fts != NULL)
		fts_close(fts);
	return result;
}

static void
print_row(const char *name, const struct tally *tally, bool json)
{
	if (json) {
		printf("{\"suite\":\"conformance promql\",\"row\":\"%s\"", name);
		for (int i = 0; i < TIER_CNT; i++)
			printf(",\"%c_passed\":%u,\"%c_failed\":%u",
			    tier_letters[i], tally->passed[i], tier_letters[i],
			    tally->failed[i]);
		puts("}");
		return;
	}
	printf("%-28s", name);
	for (int i = 0; i < TIER_CNT; i++)
		printf("  %c %4u of %4u", tier_letters[i], tally->passed[i],
		    tally->passed[i] + tally->failed[i]);
	putchar('\n');
}

static int
report(const struct run *run, bool json)
{
	struct tally all = { .file = "all" };
	uint32_t n;

	for (size_t i = 0; i < run->tally_cnt; i++) {
		print_row(run->tallies[i].file, &run->tallies[i], json);
		for (int k = 0; k < TIER_CNT; k++) {
			all.passed[k] += run->tallies[i].passed[k];
			all.failed[k] += run->tallies[i].failed[k];
		}
	}
	print_row("all", &all, json);
	n = all.passed[TIER_N] + all.failed[TIER_N];
	return all.failed[TIER_A] == 0 && all.failed[TIER_B] == 0 &&
	    all.passed[TIER_N] * 10 >= n * 9 && run->tally_cnt > 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct run run = { .quiet_x = true, .failures = stdout };
	bool json = false;
	int result = 0, status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
			run.failures = stderr;
		} else if (strcmp(argv[i], "--all") == 0) {
			run.quiet_x = false;
		} else if (strcmp(argv[i], "--index") == 0 && i + 1 < argc) {
			if (read_index(&run, argv[++i]) < 0) {
				fprintf(stderr, "%s: cannot be opened\n",
				    argv[i]);
				return 2;
			}
		} else if (run_below(&run, argv[i]) < 0) {
			result = 1;
		}
	}
	status = report(&run, json);
	free(run.rows);
	free(run.tallies);
	return result != 0 ? result : status;
}
