/* SPDX-License-Identifier: MIT */
/* models [MODEL..]               explores each: model/NAME KEY=VALUE.. ok=1
   models --weaken [MODEL..]      the same, and then each site of the standard
                                  input ("path:line") is weakened, until a
                                  model fails: SITE by=MODEL ok=1
   models --sites [MODEL..]       the sites that they met

   MODEL_WHY=1 tells what failed. Each model is a process of its own: it begins
   as a program does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/model/explore.h"
#include "tests/model/models.h"

#define MODEL_ADDRESS(name) &model_##name,
static const struct model *const model_list[] = { MODELS(MODEL_ADDRESS) };

#define MODEL_CNT (sizeof(model_list) / sizeof(*model_list))
#define SITE_CNT_MAX 1000u
#define SITE_BYTES 120u

/* Shared with the processes of the models. */
static struct site {
	char name[SITE_BYTES], by[32], why[200];
	bool is_met;
} *sites;
static unsigned site_cnt;

static bool show_sites;

static void
show_site(const char *site)
{
	printf("site %s\n", site);
}

/* Is this the path and line that a site begins with? */
static bool
is_met_by(const char *met, const char *site)
{
	size_t met_bytes = strlen(met), bytes = strcspn(site, ":") + 1;

	bytes += strspn(site + bytes, "0123456789");
	return met_bytes >= bytes && strncmp(met + met_bytes - bytes, site,
	    bytes) == 0 && (met_bytes == bytes ||
	    met[met_bytes - bytes - 1] == '/');
}

/* Which sites this model can say something of: the first of several does. */
static void
note_met(const char *met)
{
	unsigned i;

	for (i = 0; i < site_cnt; i++)
		if (is_met_by(met, sites[i].name))
			sites[i].is_met = true;
}

static void
weaken_all(const struct model *model)
{
	struct model_result result;
	bool met_before[SITE_CNT_MAX];
	unsigned i;

	for (i = 0; i < site_cnt; i++) {
		met_before[i] = sites[i].is_met;
		sites[i].is_met = false;
	}
	model_sites(note_met);
	for (i = 0; i < site_cnt; i++) {
		struct site *site = &sites[i];

		if (site->is_met && *site->by == '\0') {
			model_explore(model, site->name, &result);
			if (result.failed) {
				strcpy(site->by, model->name);
				strcpy(site->why, result.why);
			}
		}
		site->is_met |= met_before[i];
	}
}

/* In a process of its own; false: the model does not hold. */
static bool
explore_one(const struct model *model)
{
	struct model_result result;
	int status = 0;
	pid_t pid = fork();

	if (pid != 0) {
		waitpid(pid, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			printf("model/%s crashed=1 ok=0\n", model->name);
		return status == 0;
	}
	model_explore(model, NULL, &result);
	printf("model/%s runs=%llu ok=%d\n", model->name,
	    (unsigned long long)result.runs, !result.failed);
	if (result.failed)
		fprintf(stderr, "%s: %s\n", model->name, result.why);
	else
		weaken_all(model);
	if (show_sites)
		model_sites(show_site);
	fflush(stdout);
	_exit(result.failed);
}

static bool
is_wanted(const struct model *model, int argc, char **argv, int first)
{
	int i;

	for (i = first; i < argc; i++)
		if (strcmp(argv[i], model->name) == 0)
			return true;
	return first >= argc;
}

static void
read_sites(void)
{
	char line[SITE_BYTES];

	while (site_cnt < SITE_CNT_MAX &&
	    fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		strcpy(sites[site_cnt++].name, line);
	}
}

int
main(int argc, char **argv)
{
	int bad = 0, first = 1;
	size_t i;
	unsigned s;

	/* What the environment says of kymo is no part of a model. */
	unsetenv("KYMO");
	sites = mmap(NULL, SITE_CNT_MAX * sizeof(*sites),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sites == MAP_FAILED)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--weaken") == 0) {
		read_sites();
		first = 2;
	} else if (argc > 1 && strcmp(argv[1], "--sites") == 0) {
		show_sites = true;
		first = 2;
	}
	for (i = 0; i < MODEL_CNT; i++) {
		if (!is_wanted(model_list[i], argc, argv, first))
			continue;
		fflush(stdout);
		bad += !explore_one(model_list[i]);
	}
	for (s = 0; s < site_cnt; s++) {
		const struct site *site = &sites[s];

		printf("%s by=%s met=%d ok=%d\n", site->name,
		    *site->by == '\0' ? "none" : site->by, site->is_met,
		    *site->by != '\0');
		if (getenv("MODEL_WHY") != NULL && *site->why != '\0')
			printf("\t%s\n", site->why);
	}
	return bad != 0;
}
