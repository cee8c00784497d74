/* SPDX-License-Identifier: MIT */
/* Template files of a routing file. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/kymod_receivers.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define FILES_MAX 1000u

struct reading {
	struct kymo_templates *templates;
	const char *path; /* of the routing */
	const struct kymo_routing_faults *faults;
	struct kymo_error *error;
	uint32_t file_cnt;
};

/* All of a file, ended by a NUL; to be freed. */
static char *
file_read(const char *path, struct kymo_error *error)
{
	FILE *file = fopen(path, "re");
	struct stat stat;
	char *text = NULL;
	size_t bytes = 0;

	if (!file || fstat(fileno(file), &stat) != 0) {
		kymo_error_set(error, "%.300s: %s", path, strerror(errno));
	} else if (!S_ISREG(stat.st_mode) ||
	    (size_t)stat.st_size > FILE_BYTES_MAX) {
		kymo_error_set(error, "%.300s: no file of at most %zu bytes",
		    path, FILE_BYTES_MAX);
	} else if ((text = malloc(FILE_BYTES_MAX + 1)) != NULL) {
		bytes = fread(text, 1, FILE_BYTES_MAX, file);
		text[bytes] = '\0';
	} else {
		kymo_error_set(error, "out of memory");
	}
	if (text && (ferror(file) || strlen(text) != bytes)) {
		kymo_error_set(error, "%.300s: it cannot be read, or has "
		    "zero bytes", path);
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static int
file_add(struct reading *reading, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct kymo_error why = {""};
	char *text;
	int status;

	if (++reading->file_cnt > FILES_MAX)
		return kymo_error_set(reading->error, "%.300s: more than %u "
		    "files of templates", reading->path, FILES_MAX);
	text = file_read(path, reading->error);
	if (!text)
		return -1;
	/* A template may be called as its file is, without the folder. */
	status = kymo_templates_add(reading->templates, slash ? slash + 1 :
	    path, text, &why);
	free(text);
	return status == 0 ? 0 : kymo_error_set(reading->error, "%.*s%s",
	    slash ? (int)(slash + 1 - path) : 0, path, why.text);
}

static int
pattern_read(void *to, const char *pattern, uint32_t line, uint32_t column)
{
	struct reading *reading = to;
	const char *slash = strrchr(reading->path, '/');
	char *beside = NULL, text[800];
	glob_t found;
	int status = 0;

	if (*pattern != '/' && slash && asprintf(&beside, "%.*s/%s",
		(int)(slash - reading->path), reading->path, pattern) < 0)
		return kymo_error_set(reading->error, "out of memory");
	if (glob(beside ? beside : pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && status == 0; i++)
			status = file_add(reading, found.gl_pathv[i]);
		globfree(&found);
	} else if (reading->faults->warn) {
		snprintf(text, sizeof(text), "%.300s:%u:%u: no file is "
		    "called %.200s", reading->path, line, column, pattern);
		reading->faults->warn(reading->faults->of, text);
	}
	free(beside);
	return status;
}

int
kyi_receivers_templates(struct kymo_templates **templates,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error)
{
	struct reading reading = {NULL, path, faults, error, 0};

	if (kymo_templates_new(templates, error) != 0)
		return -1;
	reading.templates = *templates;
	if (kymo_routing_templates(routing, pattern_read, &reading) != 0)
		return -1;
	return kymo_templates_check(*templates, error);
}
