/* SPDX-License-Identifier: MIT */
/* Files and windows of the benchmark, as they are handed out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/nab.h"

#define ROWS_MAX 32768u

static int
category_of(struct nab *nab, const char *name)
{
	size_t bytes = strcspn(name, "/");
	size_t i;

	for (i = 0; i < nab->category_cnt; i++)
		if (strlen(nab->categories[i]) == bytes &&
		    memcmp(nab->categories[i], name, bytes) == 0)
			return (int)i;
	if (i == NAB_CATEGORIES_MAX || bytes >= sizeof(*nab->categories))
		return -1;
	memcpy(nab->categories[i], name, bytes);
	nab->category_cnt++;
	return (int)i;
}

int
nab_add_file(struct nab *nab, const char *name, const int64_t *at_s,
    const double *value, size_t row_cnt)
{
	struct nab_file *file = &nab->files[nab->file_cnt];
	int category_idx = category_of(nab, name);
	size_t probation_cnt = row_cnt * 15 / 100;

	if (nab->file_cnt == NAB_FILES_MAX || category_idx < 0 ||
	    strlen(name) >= sizeof(file->name))
		return -1;
	strcpy(file->name, name);
	file->category_idx = (unsigned)category_idx;
	file->row_cnt = row_cnt;
	file->probation_cnt = probation_cnt < 750 ? probation_cnt : 750;
	file->at_s = calloc(row_cnt, sizeof(*file->at_s));
	file->value = calloc(row_cnt, sizeof(double));
	file->score = calloc(row_cnt, sizeof(double));
	file->weight = calloc(row_cnt, sizeof(double));
	file->window = calloc(row_cnt, sizeof(*file->window));
	nab->file_cnt++;
	if (!file->at_s || !file->value || !file->score || !file->weight ||
	    !file->window)
		return -1;
	memcpy(file->at_s, at_s, row_cnt * sizeof(*at_s));
	memcpy(file->value, value, row_cnt * sizeof(*value));
	return 0;
}

int
nab_add_window(struct nab *nab, int64_t start_s, int64_t end_s)
{
	struct nab_file *file = &nab->files[nab->file_cnt - 1];
	struct nab_window *window = &nab->windows[nab->window_cnt];
	size_t first = 0, last = 0;

	/* A time that is there twice is its first row. */
	while (first < file->row_cnt && file->at_s[first] != start_s)
		first++;
	while (last < file->row_cnt && file->at_s[last] != end_s)
		last++;
	if (nab->window_cnt == NAB_WINDOWS_MAX || first >= file->row_cnt ||
	    last >= file->row_cnt || last < first)
		return -1;
	window->file_idx = (unsigned)nab->file_cnt - 1;
	window->first_row = first;
	window->last_row = last;
	window->scored = last >= file->probation_cnt;
	nab->window_cnt++;
	return 0;
}

static int
time_parse(const char *text, int64_t *at_s)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);

	*at_s = end ? (int64_t)timegm(&tm) : 0;
	return end ? 0 : -1;
}

static int
csv_load(struct nab *nab, const char *dir, const char *name)
{
	static int64_t at_s[ROWS_MAX];
	static double value[ROWS_MAX];
	char path[512], line[256];
	size_t cnt = 0;
	FILE *file;
	int err = 0;

	snprintf(path, sizeof(path), "%s/data/%s", dir, name);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof(line), file))
		err = -1;
	while (!err && fgets(line, sizeof(line), file)) {
		const char *comma = strchr(line, ',');

		if (cnt == ROWS_MAX || !comma || time_parse(line, &at_s[cnt]))
			err = -1;
		else
			value[cnt++] = strtod(comma + 1, NULL);
	}
	if (file)
		fclose(file);
	return err ? err : nab_add_file(nab, name, at_s, value, cnt);
}

/* The next string of the JSON, which has no escapes: in place, or NULL. */
static char *
string_next(char **at)
{
	char *start = strchr(*at, '"'), *end;

	if (!start)
		return NULL;
	end = strchr(start + 1, '"');
	if (!end)
		return NULL;
	*end = 0;
	*at = end + 1;
	return start + 1;
}

/* {"category/file.csv": [["start", "end"], ..], ..}: a string that is no time
   is a file's name, and two times are a window of it. */
static int
windows_load(struct nab *nab, const char *dir, char *json)
{
	int64_t start_s, end_s;
	char *text;

	while ((text = string_next(&json)) != NULL) {
		char *end;
		int err;

		if (time_parse(text, &start_s)) {
			if (nab->file_cnt)
				nab_weigh(nab, &nab->files[nab->file_cnt - 1]);
			err = csv_load(nab, dir, text);
		} else {
			end = string_next(&json);
			err = !nab->file_cnt || !end ||
			    time_parse(end, &end_s) ||
			    nab_add_window(nab, start_s, end_s);
		}
		if (err) {
			fprintf(stderr, "%s: '%s' of windows.json cannot be read,"
			    " or is not in the data\n", dir, text);
			return -1;
		}
	}
	if (nab->file_cnt)
		nab_weigh(nab, &nab->files[nab->file_cnt - 1]);
	return 0;
}

int
nab_load(struct nab *nab, const char *dir)
{
	static char json[1 << 16];
	size_t row_cnt = 0, bytes;
	char path[512];
	FILE *file;

	memset(nab, 0, sizeof(*nab));
	snprintf(path, sizeof(path), "%s/windows.json", dir);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		return -1;
	}
	bytes = fread(json, 1, sizeof(json) - 1, file);
	json[bytes] = 0;
	fclose(file);
	if (windows_load(nab, dir, json) < 0) {
		nab_free(nab);
		return -1;
	}
	for (size_t i = 0; i < nab->file_cnt; i++)
		row_cnt += nab->files[i].row_cnt;
	return nab_scratch(nab, row_cnt);
}

void
nab_free(struct nab *nab)
{
	for (size_t i = 0; i < nab->file_cnt; i++) {
		free(nab->files[i].at_s);
		free(nab->files[i].value);
		free(nab->files[i].score);
		free(nab->files[i].weight);
		free(nab->files[i].window);
	}
	free(nab->rows);
	memset(nab, 0, sizeof(*nab));
}
