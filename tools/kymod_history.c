/* SPDX-License-Identifier: MIT */
/* History: each scan is appended by the loop; what needs a disk is done by a
   thread of its own, so that no scan waits for one. */
#include "tools/kymod.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)
#define STATS_NS SECOND_NS
/* Frames of 512 s want a memory of more than that. */
#define FRAME_MS UINT64_C(512000)

struct kyi_history {
	struct kymo_history *history;
	pthread_t thread;
	pthread_mutex_t lock; /* of ends */
	pthread_cond_t wake;
	bool has_thread, ends;
	/* What settings said, and where it is; "" memory. Of who changes it. */
	char *asked_path, *path;
	uint64_t stats_due_ns; /* monotonic */
	bool failing;
};

/* ---- the thread -------------------------------------------------------------------- */

/* Until next_ns (monotonic), a second at most, or until it ends. */
static bool
rest(struct kyi_history *history, uint64_t next_ns)
{
	uint64_t now_ns = kyi_monotonic_ns();
	struct timespec until;
	bool ends;

	if (next_ns > now_ns + SECOND_NS)
		next_ns = now_ns + SECOND_NS;
	until.tv_sec = (time_t)(next_ns / SECOND_NS);
	until.tv_nsec = (long)(next_ns % SECOND_NS);
	pthread_mutex_lock(&history->lock);
	while (!history->ends && pthread_cond_timedwait(&history->wake,
		&history->lock, &until) != ETIMEDOUT)
		;
	ends = history->ends;
	pthread_mutex_unlock(&history->lock);
	return !ends;
}

static void *
steps(void *of)
{
	struct kyi_history *history = of;
	uint64_t next_ns;

	do {
		next_ns = 0;
		if (!kymo_history_step(history->history, kyi_monotonic_ns()))
			next_ns = kymo_history_next_ns(history->history);
	} while (rest(history, next_ns));
	return NULL;
}

static int
thread_start(struct kyi_history *history, struct kymo_error *error)
{
	int wrong = pthread_create(&history->thread, NULL, steps, history);

	if (wrong != 0)
		return kymo_error_set(error, "no thread for the history: %s",
		    strerror(wrong));
	history->has_thread = true;
	return 0;
}

/* ---- opening ------------------------------------------------------------------------ */

static void
warn(void *to, const char *text)
{
	kyi_log(KYMO_LOG_WARN, "%s", text);
}

/* overrides: room for all of them. */
static struct kymo_history_options
options_of(const struct kyi_settings *settings,
    struct kymo_history_override *overrides)
{
	const struct kymo_config *config = settings->config;
	struct kymo_history_options options = {
		.head_ms = config->history_memory_ms,
		.journal_ms = config->history_journal_ms,
		.series_max = config->history_series_max,
		.overrides = overrides, .override_cnt = config->override_cnt,
		.warn = warn
	};

	if (options.head_ms != 0 && options.head_ms <= FRAME_MS)
		options.frame_ms = options.head_ms / 2;
	for (uint32_t i = 0; i < config->tier_cnt; i++)
		options.tiers[i] = (struct kymo_history_tier){
			.step_ms = config->tiers[i].step_ms,
			.keep_ms = config->tiers[i].keep_ms,
			.keep_bytes = config->tiers[i].max_bytes
		};
	for (uint32_t i = 0; i < config->override_cnt; i++) {
		overrides[i].name = config->overrides[i].metrics.text;
		for (uint32_t k = 0; k < KYMO_TIER_MAX; k++)
			overrides[i].keep_ms[k] =
			    config->overrides[i].keep_ms[k];
	}
	options.path = *settings->history_path ? settings->history_path : NULL;
	return options;
}

/* A path that somebody asked for must work; without the usual one there is
   still the history in memory. */
static struct kymo_history *
history_make(const struct kyi_settings *settings,
    struct kymo_history_options *options, struct kymo_error *error)
{
	struct kymo_history *history;

	history = kymo_history_new(options, error);
	if (!history && options->path && settings->history_is_default) {
		kyi_log(KYMO_LOG_WARN, "%s; history is kept in memory only, and "
		    "lost when kymod ends (history.path for another place)",
		    error->text);
		options->path = NULL;
		history = kymo_history_new(options, error);
	} else if (history && options->path) {
		kyi_log(KYMO_LOG_INFO, "history is kept in %s", options->path);
	}
	return history;
}

static int
paths_keep(struct kyi_history *history, const char *asked, const char *path)
{
	char *asked_copy = strdup(asked), *copy = strdup(path ? path : "");

	if (!asked_copy || !copy) {
		free(asked_copy);
		free(copy);
		return -1;
	}
	free(history->asked_path);
	free(history->path);
	history->asked_path = asked_copy;
	history->path = copy;
	return 0;
}

static struct kyi_history *
history_new(void)
{
	struct kyi_history *history = calloc(1, sizeof(*history));
	pthread_condattr_t monotonic;

	if (!history)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&history->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&history->lock, NULL);
	return history;
}

struct kyi_history *
kyi_history_open(const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kyi_history *history = history_new();
	struct kymo_history_override *overrides =
	    calloc(settings->config->override_cnt + 1, sizeof(*overrides));
	struct kymo_history_options options;

	if (!history || !overrides) {
		kymo_error_set(error, "out of memory");
		goto fail;
	}
	options = options_of(settings, overrides);
	history->history = history_make(settings, &options, error);
	if (!history->history)
		goto fail;
	if (paths_keep(history, settings->history_path, options.path) != 0)
		kymo_error_set(error, "out of memory");
	/* Also in memory, where it has nothing to do: that may change. */
	else if (thread_start(history, error) == 0) {
		free(overrides);
		return history;
	}
fail:
	kyi_history_close(history);
	free(overrides);
	return NULL;
}

void
kyi_history_close(struct kyi_history *history)
{
	if (!history)
		return;
	if (history->has_thread) {
		pthread_mutex_lock(&history->lock);
		history->ends = true;
		pthread_cond_signal(&history->wake);
		pthread_mutex_unlock(&history->lock);
		pthread_join(history->thread, NULL);
	}
	kymo_history_delete(history->history);
	pthread_cond_destroy(&history->wake);
	pthread_mutex_destroy(&history->lock);
	free(history->asked_path);
	free(history->path);
	free(history);
}

/* ---- a reload ------------------------------------------------------------------------- */

struct kymo_history_change *
kyi_history_change(struct kyi_history *history,
    const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kymo_history_override *overrides =
	    calloc(settings->config->override_cnt + 1, sizeof(*overrides));
	struct kymo_history_change *change = NULL;
	struct kymo_history_options options;

	if (!overrides) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	options = options_of(settings, overrides);
	/* The usual place may not have been to be had: that stays so. */
	if (strcmp(history->asked_path, settings->history_path) == 0)
		options.path = *history->path ? history->path : NULL;
	change = kymo_history_change_new(history->history, &options, error);
	free(overrides);
	return change;
}

void
kyi_history_change_end(struct kyi_history *history,
    struct kymo_history_change *change, const struct kyi_settings *settings)
{
	bool moves = settings &&
	    strcmp(history->asked_path, settings->history_path) != 0;

	kymo_history_change_end(change, settings != NULL);
	if (!moves)
		return;
	if (paths_keep(history, settings->history_path,
		settings->history_path) != 0)
		kyi_log(KYMO_LOG_ERROR, "history: out of memory");
	if (*settings->history_path)
		kyi_log(KYMO_LOG_INFO, "history is kept in %s",
		    settings->history_path);
	else
		kyi_log(KYMO_LOG_INFO, "history is kept in memory");
}

struct kymo_history *
kyi_history_of(const struct kyi_history *history)
{
	return history->history;
}

/* ---- a scan -------------------------------------------------------------------------- */

/* Looking at every series takes its time, too: a hundredth of it all. */
static void
stats_tell(struct kyi_history *history, uint64_t now_ns)
{
	struct kymo_history_stats stats;
	uint64_t took_ns;

	if (now_ns < history->stats_due_ns)
		return;
	kymo_history_stats(history->history, &stats);
	took_ns = kyi_monotonic_ns() - now_ns;
	history->stats_due_ns = now_ns +
	    (took_ns * 100 > STATS_NS ? took_ns * 100 : STATS_NS);
	kyi_metrics_history(&stats);
}

int64_t
kyi_history_scan(struct kyi_kymod *kymod)
{
	struct kyi_history *history = kymod->history;
	const struct kymo_scan *scan = kymo_scan_take(kymod->model);
	uint64_t start_ns = kyi_monotonic_ns(), end_ns;
	struct kymo_scan taken;
	int64_t at_ms;
	bool failed;

	if (!scan)
		return 0;
	at_ms = (int64_t)(scan->at_ns / MS_NS);
	failed = !kyi_components_take(kymod->components, &kymod->settings,
	    kymod->model, scan, &taken) ||
	    kymo_history_append(history->history, &taken) != 0;
	kymo_scan_release(scan);
	end_ns = kyi_monotonic_ns();
	kyi_metrics_history_append(end_ns - start_ns, failed);
	if (failed && !history->failing)
		kyi_log(KYMO_LOG_ERROR, "history: out of memory; some series "
		    "have a gap");
	history->failing = failed;
	stats_tell(history, end_ns);
	return at_ms;
}
