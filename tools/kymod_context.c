/* SPDX-License-Identifier: MIT */
#include "tools/kymod_context.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

/* A question, with copies of all it needs: whoever asked may have gone. */
struct job {
	struct kymo_labels *labels;
	char *expr; /* NULL */
	int64_t at_ms;
	uint64_t until_ns;
};

struct kyi_contexts {
	struct kymo_history *history;
	struct kymo_model *model;
	struct kymo_gatherer *gatherer; /* the thread's own */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t asked, answered;
	struct job *job;      /* asked for, or under way */
	bool wanted;          /* somebody waits for it */
	struct kymo_context *context;
	bool ends;
};

static void
job_free(struct job *job)
{
	if (!job)
		return;
	free(job->labels);
	free(job->expr);
	free(job);
}

static struct job *
job_new(const struct kymo_labels *labels, const char *expr, int64_t at_ms,
    uint64_t until_ns)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->labels = kymo_labels_make(labels->at, labels->cnt);
	job->expr = expr ? strdup(expr) : NULL;
	job->at_ms = at_ms;
	job->until_ns = until_ns;
	if (job->labels && (job->expr || !expr))
		return job;
	job_free(job);
	return NULL;
}

/* ---- the thread --------------------------------------------------------------------- */

struct limit {
	struct kyi_contexts *contexts;
	uint64_t until_ns;
};

static bool
is_over(void *of)
{
	const struct limit *limit = of;
	bool ends;

	if (kyi_monotonic_ns() >= limit->until_ns)
		return true;
	pthread_mutex_lock(&limit->contexts->lock);
	ends = limit->contexts->ends;
	pthread_mutex_unlock(&limit->contexts->lock);
	return ends;
}

static struct kymo_context *
gather(struct kyi_contexts *contexts, const struct job *job)
{
	struct limit limit = {contexts, job->until_ns};
	struct kymo_history_families families = {0};
	struct kymo_context_question question = {
		.source = kymo_history_source(contexts->history),
		.scan = kymo_scan_take(contexts->model), .expr = job->expr,
		.labels = job->labels->at, .label_cnt = job->labels->cnt,
		.at_ms = job->at_ms, .cancelled = is_over, .of = &limit
	};
	struct kymo_context *context;
	bool has_families;

	has_families = kymo_history_families(contexts->history,
	    &families) == 0;
	if (has_families)
		question.families = &families;
	context = kymo_context_gather(contexts->gatherer, &question);
	if (has_families)
		kymo_history_families_free(&families);
	if (question.scan)
		kymo_scan_release(question.scan);
	return context;
}

static void *
jobs(void *of)
{
	struct kyi_contexts *contexts = of;
	struct kymo_context *context;

	pthread_mutex_lock(&contexts->lock);
	while (!contexts->ends) {
		if (!contexts->job) {
			pthread_cond_wait(&contexts->asked, &contexts->lock);
			continue;
		}
		pthread_mutex_unlock(&contexts->lock);
		context = gather(contexts, contexts->job);
		pthread_mutex_lock(&contexts->lock);
		job_free(contexts->job);
		contexts->job = NULL;
		if (contexts->wanted) {
			contexts->context = context;
			contexts->wanted = false;
			pthread_cond_signal(&contexts->answered);
		} else {
			kymo_context_delete(context);
		}
	}
	pthread_mutex_unlock(&contexts->lock);
	return NULL;
}

/* ---- questions ------------------------------------------------------------------------ */

struct kymo_context *
kyi_contexts_ask(struct kyi_contexts *contexts,
    const struct kymo_labels *labels, const char *expr, int64_t at_ms,
    uint64_t until_ns)
{
	const struct timespec until = {.tv_sec = (time_t)(until_ns / SECOND_NS),
	    .tv_nsec = (long)(until_ns % SECOND_NS)};
	struct kymo_context *context;
	struct job *job;

	if (!contexts || kyi_monotonic_ns() >= until_ns)
		return NULL;
	job = job_new(labels, expr, at_ms, until_ns);
	pthread_mutex_lock(&contexts->lock);
	/* One before this that nobody waits for any more: a slow disk. */
	if (!job || contexts->job) {
		pthread_mutex_unlock(&contexts->lock);
		job_free(job);
		return NULL;
	}
	contexts->job = job;
	contexts->wanted = true;
	pthread_cond_signal(&contexts->asked);
	while (contexts->wanted && pthread_cond_timedwait(&contexts->answered,
		&contexts->lock, &until) != ETIMEDOUT)
		;
	contexts->wanted = false;
	context = contexts->context;
	contexts->context = NULL;
	pthread_mutex_unlock(&contexts->lock);
	return context;
}

/* ---- opening -------------------------------------------------------------------------- */

struct kyi_contexts *
kyi_contexts_open(struct kymo_history *history, struct kymo_model *model,
    struct kymo_error *error)
{
	struct kyi_contexts *contexts = calloc(1, sizeof(*contexts));
	pthread_condattr_t monotonic;
	int wrong;

	if (!contexts) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	contexts->history = history;
	contexts->model = model;
	pthread_mutex_init(&contexts->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&contexts->asked, &monotonic);
	pthread_cond_init(&contexts->answered, &monotonic);
	pthread_condattr_destroy(&monotonic);
	contexts->gatherer = kymo_gatherer_new();
	wrong = contexts->gatherer ? pthread_create(&contexts->thread, NULL,
	    jobs, contexts) : ENOMEM;
	contexts->has_thread = wrong == 0;
	if (wrong == 0)
		return contexts;
	kymo_error_set(error, "no thread for messages: %s", strerror(wrong));
	kyi_contexts_close(contexts);
	return NULL;
}

void
kyi_contexts_close(struct kyi_contexts *contexts)
{
	if (!contexts)
		return;
	pthread_mutex_lock(&contexts->lock);
	contexts->ends = true;
	pthread_cond_signal(&contexts->asked);
	pthread_mutex_unlock(&contexts->lock);
	if (contexts->has_thread)
		pthread_join(contexts->thread, NULL);
	job_free(contexts->job);
	kymo_context_delete(contexts->context);
	kymo_gatherer_delete(contexts->gatherer);
	pthread_cond_destroy(&contexts->asked);
	pthread_cond_destroy(&contexts->answered);
	pthread_mutex_destroy(&contexts->lock);
	free(contexts);
}
