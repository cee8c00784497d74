/* SPDX-License-Identifier: MIT */
/* Detection: a thread looks at scans as they come, so that neither a look at all
   series nor writing what was learned holds up the next scan; what it found
   becomes series of the next one. */
#include "tools/kymod.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors.h"
#include "tools/kymod_worse.h"

#define SECOND_NS UINT64_C(1000000000)
/* What was learned is written so often, and so slowly, that it costs a disk
   little: what a kill -9 loses of it, is learned again. What was found is to
   outlive one, so that its alerts do. */
#define SAVE_NS (60 * SECOND_NS)
#define SAVE_BYTES_SECOND 20000u
#define SAVE_FOUND_BYTES_SECOND 200000u
/* Changes of level come more often, and are found anew if they are lost. */
#define SAVE_CHANGED_BYTES_SECOND 40000u

/* Of an incident, in a message. */
#define MEMBERS_TOLD_MAX 10u

/* What was found, for others; freed by the last. */
struct found {
	uint32_t refs;
	struct kymo_anomalies list;
};

struct kyi_detection {
	struct kymo_model *model;
	char *path; /* "" nowhere */
	pthread_t thread;
	bool has_thread;
	/* The thread's own. */
	struct kymo_detectors *detectors; /* NULL: detection is off */
	struct kyi_dependency *dependencies;
	struct kyi_worse *worse;
	uint64_t save_due_ns; /* monotonic */
	uint64_t save_found_due_ns; /* when something was found.. */
	uint64_t save_changed_due_ns; /* ..or a level changed */
	uint64_t interval_ns; /* 0: as detectors have it */
	struct kymo_detectors_stats told;
	bool save_failing, has_found, has_changed; /* since it was saved */

	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t wake;
	struct found *found; /* NULL: nothing yet */
	struct kymo_detectors_options options;
	struct kyi_dependency *dependencies_next; /* with changed */
	bool off, changed, has_scan, ends;
};

/* ---- what was found ---------------------------------------------------------------- */

static void
found_drop(struct kyi_detection *detection, struct found *found)
{
	bool last;

	if (!found)
		return;
	pthread_mutex_lock(&detection->lock);
	last = --found->refs == 0;
	pthread_mutex_unlock(&detection->lock);
	if (!last)
		return;
	kymo_anomalies_free(&found->list);
	free(found);
}

static struct found *
found_take(struct kyi_detection *detection)
{
	struct found *found;

	pthread_mutex_lock(&detection->lock);
	found = detection->found;
	if (found)
		found->refs++;
	pthread_mutex_unlock(&detection->lock);
	return found;
}

/* found is the newest now; NULL: there is nothing. */
static void
found_set(struct kyi_detection *detection, struct found *found)
{
	struct found *before;

	pthread_mutex_lock(&detection->lock);
	before = detection->found;
	detection->found = found;
	pthread_mutex_unlock(&detection->lock);
	found_drop(detection, before);
}

static void
found_renew(struct kyi_detection *detection)
{
	struct found *found = calloc(1, sizeof(*found));

	/* Without memory the one before stands. */
	if (!found || kymo_detectors_list(detection->detectors,
		&found->list) != 0) {
		free(found);
		return;
	}
	found->refs = 1;
	found_set(detection, found);
}

int
kyi_detection_told(struct kyi_detection *detection,
    int (*told)(void *to, const struct kymo_anomalies *anomalies), void *to)
{
	struct found *found = found_take(detection);
	struct kymo_anomalies none = { 0 };
	int result = told(to, found ? &found->list : &none);

	found_drop(detection, found);
	return result;
}

/* What rules ask for. */
struct question {
	const struct kymo_label *labels;
	uint32_t cnt;
	bool members;
	struct kymo_buffer *out;
};

static int
answer(void *to, const struct kymo_anomalies *anomalies)
{
	const struct question *question = to;
	const struct kymo_anomaly *anomaly;
	const struct kymo_incident *incident;

	if (!question->members) {
		anomaly = kymo_anomalies_find(anomalies, question->labels,
		    question->cnt);
		if (anomaly)
			kymo_buffer_str(question->out, anomaly->reason);
		return 0;
	}
	incident = kymo_incidents_find(anomalies, question->labels,
	    question->cnt);
	for (uint32_t i = 0; incident && i < incident->member_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(question->out, '\n');
		if (i == MEMBERS_TOLD_MAX) {
			kymo_buffer_printf(question->out, "and %u more",
			    incident->member_cnt - i);
			break;
		}
		kymo_anomaly_tell(&anomalies->at[incident->members[i]],
		    question->out);
	}
	return 0;
}

void
kyi_detection_say(void *of, const struct kymo_label *labels, uint32_t cnt,
    bool members, struct kymo_buffer *out)
{
	struct question question = { labels, cnt, members, out };

	(void)kyi_detection_told(of, answer, &question);
}

static int
series(void *to, const struct kymo_anomalies *anomalies)
{
	const struct kyi_detection *detection = to;

	kyi_found_ingest(detection->model, anomalies);
	return 0;
}

void
kyi_detection_ingest(struct kyi_detection *detection)
{
	(void)kyi_detection_told(detection, series, detection);
}

/* ---- what was learned -------------------------------------------------------------- */

static void
save(struct kyi_detection *detection)
{
	struct kymo_detectors_stats stats;
	struct kymo_error error = {""};
	uint64_t rest_ns, now_ns = kyi_monotonic_ns();
	int result;

	if (!*detection->path || !detection->detectors)
		return;
	kymo_detectors_stats(detection->detectors, &stats);
	rest_ns = stats.saved_bytes / SAVE_BYTES_SECOND * SECOND_NS;
	detection->save_due_ns = now_ns +
	    (rest_ns > SAVE_NS ? rest_ns : SAVE_NS);
	detection->save_found_due_ns = now_ns + stats.saved_bytes *
	    SECOND_NS / SAVE_FOUND_BYTES_SECOND;
	detection->save_changed_due_ns = now_ns + stats.saved_bytes *
	    SECOND_NS / SAVE_CHANGED_BYTES_SECOND;
	result = kymo_detectors_save(detection->detectors, detection->path,
	    &error);
	/* Once, until it works again. */
	if (result != 0 && !detection->save_failing)
		kyi_log(KYMO_LOG_WARN, "detection: %s; what was learned is kept "
		    "in memory only", error.text);
	detection->save_failing = result != 0;
	detection->has_found = detection->has_changed = false;
}

static void
load(struct kyi_detection *detection)
{
	struct kymo_detectors_stats stats;
	struct kymo_error error = {""};
	int result;

	detection->save_due_ns = kyi_monotonic_ns() + SAVE_NS;
	if (!*detection->path)
		return;
	result = kymo_detectors_load(detection->detectors, detection->path,
	    kyi_realtime_ns(), &error);
	if (result < 0)
		kyi_log(KYMO_LOG_WARN, "detection: %s; all series are learned "
		    "anew", error.text);
	kymo_detectors_stats(detection->detectors, &stats);
	if (result == 0)
		kyi_log(KYMO_LOG_INFO, "detection: what was learned of %u "
		    "series is in %s", stats.series_cnt, detection->path);
	found_renew(detection);
}

/* ---- the thread ---------------------------------------------------------------------- */

static bool
depends(void *of, const char *service, const char *other)
{
	const struct kyi_detection *detection = of;

	return kyi_dependencies_reach(detection->dependencies, service, other);
}

static void
warn(void *to, const char *text)
{
	kyi_log(KYMO_LOG_WARN, "%s", text);
}

static int
worse_tell(void *to, const struct kymo_anomalies *anomalies)
{
	struct kyi_detection *detection = to;

	kyi_worse_tell(detection->worse, anomalies, detection->interval_ns);
	return 0;
}

static void
change(struct kyi_detection *detection,
    const struct kymo_detectors_options *options, bool off)
{
	if (off) {
		save(detection);
		kymo_detectors_delete(detection->detectors);
		detection->detectors = NULL;
		found_set(detection, NULL);
		(void)kyi_detection_told(detection, worse_tell, detection);
		kyi_metrics_detection_off();
	} else if (detection->detectors) {
		kymo_detectors_change(detection->detectors, options);
		found_renew(detection);
	} else {
		detection->detectors = kymo_detectors_new(options);
		/* These count from nothing on. */
		detection->told = (struct kymo_detectors_stats){ 0 };
		if (detection->detectors)
			load(detection);
		else
			kyi_log(KYMO_LOG_ERROR, "detection: out of memory");
	}
}

static bool
is_save_due(const struct kyi_detection *detection)
{
	uint64_t now_ns = kyi_monotonic_ns();

	return now_ns >= detection->save_due_ns ||
	    (detection->has_found && now_ns >= detection->save_found_due_ns) ||
	    (detection->has_changed && now_ns >=
	    detection->save_changed_due_ns);
}

static void
look(struct kyi_detection *detection)
{
	const struct kymo_scan *scan = kymo_scan_take(detection->model);
	uint64_t start_ns = kyi_monotonic_ns(), took_ns;
	struct kymo_detectors_stats stats;
	bool looked = scan && kymo_detectors_step(detection->detectors, scan);

	took_ns = kyi_monotonic_ns() - start_ns;
	kymo_scan_release(scan);
	if (!looked)
		return;
	kymo_detectors_stats(detection->detectors, &stats);
	detection->has_found |= stats.alarm_cnt > detection->told.alarm_cnt;
	detection->has_changed |= stats.change_cnt > detection->told.change_cnt;
	if (is_save_due(detection))
		save(detection);
	found_renew(detection);
	(void)kyi_detection_told(detection, worse_tell, detection);
	kyi_metrics_detection(took_ns, &stats, &detection->told);
	detection->told = stats;
}

static void *
looks(void *of)
{
	struct kyi_detection *detection = of;
	struct kymo_detectors_options options;
	bool ends = false, changed, off;

	while (!ends) {
		pthread_mutex_lock(&detection->lock);
		while (!detection->ends && !detection->changed &&
		    !detection->has_scan)
			pthread_cond_wait(&detection->wake, &detection->lock);
		ends = detection->ends;
		changed = detection->changed;
		options = detection->options;
		detection->interval_ns = options.interval_ns;
		off = detection->off;
		if (changed) {
			kyi_dependencies_free(detection->dependencies);
			detection->dependencies = detection->dependencies_next;
			detection->dependencies_next = NULL;
		}
		detection->changed = detection->has_scan = false;
		pthread_mutex_unlock(&detection->lock);
		if (changed)
			change(detection, &options, off);
		if (!ends && detection->detectors)
			look(detection);
	}
	save(detection);
	return NULL;
}

/* ---- from outside -------------------------------------------------------------------- */

void
kyi_detection_take(struct kyi_detection *detection,
    const struct kyi_settings *settings)
{
	const struct kymo_config_detection *said = &settings->config->detection;
	struct kyi_dependency *dependencies =
	    kyi_dependencies_of(settings->config);

	kyi_worse_take(detection->worse, settings->config);
	pthread_mutex_lock(&detection->lock);
	kyi_dependencies_free(detection->dependencies_next);
	detection->dependencies_next = dependencies;
	detection->options = (struct kymo_detectors_options){
		.interval_ns = said->interval_ns,
		.budget_week = said->budget_week,
		.detector_max = said->detector_max, .all = said->all_scores,
		.change_max = said->change_max,
		.change_interval_ns = said->change_interval_ns,
		.warn = warn, .depends = depends, .depends_of = detection
	};
	detection->off = said->disabled;
	detection->changed = true;
	pthread_cond_signal(&detection->wake);
	pthread_mutex_unlock(&detection->lock);
}

void
kyi_detection_health(struct kyi_detection *detection,
    struct kyi_health *health)
{
	if (detection)
		kyi_worse_health(detection->worse, health);
}

void
kyi_detection_scan(struct kyi_detection *detection)
{
	pthread_mutex_lock(&detection->lock);
	detection->has_scan = true;
	pthread_cond_signal(&detection->wake);
	pthread_mutex_unlock(&detection->lock);
}

static char *
path_beside(const char *state_path)
{
	const char *slash = strrchr(state_path, '/');
	char *path;

	if (!*state_path)
		return strdup("");
	if (asprintf(&path, "%.*sdetectors.state", slash ?
		(int)(slash - state_path) + 1 : 0, state_path) < 0)
		return NULL;
	return path;
}

struct kyi_detection *
kyi_detection_open(const struct kyi_settings *settings,
    struct kymo_model *model, const char *state_path,
    struct kymo_error *error)
{
	struct kyi_detection *detection = calloc(1, sizeof(*detection));
	int wrong = ENOMEM;

	if (!detection) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	detection->model = model;
	detection->worse = kyi_worse_new();
	if (!detection->worse) {
		free(detection);
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&detection->lock, NULL);
	pthread_cond_init(&detection->wake, NULL);
	kyi_found_names(model);
	kyi_detection_take(detection, settings);
	detection->path = path_beside(state_path);
	if (detection->path)
		wrong = pthread_create(&detection->thread, NULL, looks,
		    detection);
	detection->has_thread = wrong == 0;
	if (wrong == 0)
		return detection;
	kymo_error_set(error, "no thread for detection: %s", strerror(wrong));
	kyi_detection_close(detection);
	return NULL;
}

void
kyi_detection_close(struct kyi_detection *detection)
{
	if (!detection)
		return;
	pthread_mutex_lock(&detection->lock);
	detection->ends = true;
	pthread_cond_signal(&detection->wake);
	pthread_mutex_unlock(&detection->lock);
	if (detection->has_thread)
		pthread_join(detection->thread, NULL);
	found_drop(detection, detection->found);
	kymo_detectors_delete(detection->detectors);
	kyi_dependencies_free(detection->dependencies);
	kyi_dependencies_free(detection->dependencies_next);
	kyi_worse_delete(detection->worse);
	free(detection->path);
	pthread_cond_destroy(&detection->wake);
	pthread_mutex_destroy(&detection->lock);
	free(detection);
}
