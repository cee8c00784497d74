/* SPDX-License-Identifier: MIT */
#include "tools/kymod_profile_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS_NS 1000000
#define SHARE_MS 60000 /* another alert of the same service: the same profile */
#define NEW_MS 120000  /* an alert that fires longer is not one that begins */
#define HOUR_MS 3600000

/* ---- alerts that begin to fire ------------------------------------------------------ */

static bool
job_shares(const struct kyi_profile_job *job, const char *service, uint32_t pid,
    int64_t now_ms)
{
	if (!job->number || strcmp(job->service, service) != 0)
		return false;
	/* Of no service there is never one, and one answer is for all. What was
	   taken before a restart has no service either. */
	if (!*service)
		return job->state != KYI_JOB_DONE ||
		    job->result == KYMO_PROFILE_GONE;
	return job->pid == pid && (job->state != KYI_JOB_DONE ||
		(job->result == KYMO_PROFILE_TAKEN &&
		    now_ms - job->at_ms < SHARE_MS));
}

/* Whether one more may be begun; it counts as begun then. */
static bool
budget_take(struct kyi_profiles *profiles)
{
	uint64_t now_ms = kyi_monotonic_ns() / MS_NS;
	uint32_t cnt = 0, waiting = 0;

	for (uint32_t i = 0; i < KYI_JOB_MAX; i++)
		waiting += profiles->jobs[i].number &&
		    profiles->jobs[i].state == KYI_JOB_WAITING;
	for (uint32_t i = 0; i < KYI_HOUR_MAX; i++)
		cnt += profiles->begun_ms[i] &&
		    now_ms - profiles->begun_ms[i] < HOUR_MS;
	if (cnt >= profiles->set.per_hour || waiting >= KYI_WAITING_MAX)
		return false;
	profiles->begun_ms[profiles->begun_cnt++ % KYI_HOUR_MAX] = now_ms;
	return true;
}

/* The job that an alert's profile is of; 0: there is none, for too many were. */
static uint64_t
job_for(struct kyi_profiles *profiles, const struct kymo_labels *labels,
    int64_t now_ms)
{
	const char *service = kymo_labels_get(labels, "service");
	uint32_t pid = (uint32_t)strtoul(kymo_labels_get(labels, "pid"), NULL,
	    10);
	struct kyi_profile_job *job;

	for (uint32_t i = 0; i < KYI_JOB_MAX; i++)
		if (job_shares(&profiles->jobs[i], service, pid, now_ms))
			return profiles->jobs[i].number;
	/* What nobody looks at costs nobody his turn. */
	if (*service && !budget_take(profiles))
		return 0;
	job = &profiles->jobs[++profiles->job_cnt % KYI_JOB_MAX];
	memset(job, 0, sizeof(*job));
	job->number = profiles->job_cnt;
	job->at_ms = now_ms;
	job->pid = pid;
	snprintf(job->service, sizeof(job->service), "%s", service);
	pthread_cond_signal(&profiles->wake);
	return job->number;
}

static struct kyi_profile_case *
case_find(struct kyi_profiles *profiles, uint64_t fingerprint, int64_t since_ms)
{
	struct kyi_profile_case *found = NULL;

	for (uint32_t i = 0; i < KYI_CASE_MAX; i++) {
		struct kyi_profile_case *at = &profiles->cases[i];

		if (at->fired_ms && at->fingerprint == fingerprint &&
		    at->fired_ms >= since_ms &&
		    (!found || at->fired_ms > found->fired_ms))
			found = at;
	}
	return found;
}

static bool
is_wanted(const struct kyi_profiles *profiles, const struct kymo_labels *labels)
{
	const struct kymo_matcher *at;
	uint32_t cnt;

	for (uint32_t i = 0; i < profiles->set.list_cnt; i++) {
		at = kymo_matcher_list_at(profiles->set.lists[i], &cnt);
		if (kymo_matchers_match(at, cnt, labels))
			return true;
	}
	return false;
}

struct passing {
	struct kyi_profiles *profiles;
	int64_t now_ms;
};

static int
rule_look(void *to, const struct kymo_rule_status *status)
{
	struct passing *passing = to;
	struct kyi_profiles *profiles = passing->profiles;

	for (uint32_t i = 0; i < status->alert_cnt; i++) {
		const struct kymo_alert *alert = &status->alerts[i];
		struct kyi_profile_case *made;
		uint64_t fingerprint;

		if (alert->state != KYMO_ALERT_FIRING || alert->inhibited ||
		    alert->fired_ms < profiles->begin_ms ||
		    passing->now_ms - alert->fired_ms > NEW_MS ||
		    !is_wanted(profiles, alert->labels))
			continue;
		fingerprint = kymo_notify_fingerprint(alert->labels->at,
		    alert->labels->cnt);
		if (case_find(profiles, fingerprint, alert->fired_ms))
			continue;
		made = &profiles->cases[profiles->case_cnt++ % KYI_CASE_MAX];
		*made = (struct kyi_profile_case){fingerprint, alert->fired_ms,
		    job_for(profiles, alert->labels, passing->now_ms)};
		if (!made->job)
			kyi_metrics_profile(kymo_profile_result_name(
			    KYMO_PROFILE_LIMITED));
		else
			kyi_profile_job_for(kyi_profile_job_at(profiles,
				made->job), alert->labels, made);
	}
	return 0;
}

void
kyi_profiles_pass(struct kyi_profiles *profiles,
    struct kymo_rule_engine *engine)
{
	struct passing passing = {profiles,
	    (int64_t)(kyi_realtime_ns() / MS_NS)};

	pthread_mutex_lock(&profiles->lock);
	if (profiles->set.enabled)
		(void)kymo_rule_engine_status(engine, rule_look, &passing);
	pthread_mutex_unlock(&profiles->lock);
}

/* ---- what is said of them ------------------------------------------------------------ */

static void
where_say(const struct kyi_profiles *profiles,
    const struct kyi_profile_job *job, const char *external_url,
    struct kymo_serve_profile *said)
{
	size_t bytes = external_url ? strlen(external_url) : 0;

	while (bytes > 0 && external_url[bytes - 1] == '/')
		bytes--;
	if (job->state != KYI_JOB_DONE)
		snprintf(said->where, sizeof(said->where), "%s", job->state ==
		    KYI_JOB_WAITING ? "it waits until another one is taken" :
		    "it is being taken");
	else if (job->result != KYMO_PROFILE_TAKEN)
		snprintf(said->where, sizeof(said->where), "none: %s",
		    job->why.text);
	else if (bytes > 0 && bytes < 400)
		snprintf(said->where, sizeof(said->where), "%.*s/profiles/%s",
		    (int)bytes, external_url, job->id);
	else if (*profiles->set.url)
		snprintf(said->where, sizeof(said->where), "%s/profiles/%s",
		    profiles->set.url, job->id);
	else
		snprintf(said->where, sizeof(said->where), "%.500s/%s.txt",
		    profiles->folder, job->id);
	snprintf(said->hottest, sizeof(said->hottest), "%s", job->hottest);
}

void
kyi_profiles_say(struct kyi_profiles *profiles,
    const struct kymo_labels *labels, int64_t starts_ms,
    const char *external_url, struct kymo_serve_profile *said)
{
	const struct kyi_profile_case *found;
	const struct kyi_profile_job *job;

	*said->where = *said->hottest = '\0';
	if (!profiles || starts_ms == 0)
		return;
	pthread_mutex_lock(&profiles->lock);
	found = profiles->case_cnt == 0 ? NULL : case_find(profiles,
	    kymo_notify_fingerprint(labels->at, labels->cnt), starts_ms);
	job = found ? kyi_profile_job_at(profiles, found->job) : NULL;
	if (job)
		where_say(profiles, job, external_url, said);
	else if (found && found->job == 0)
		snprintf(said->where, sizeof(said->where), "none: others were "
		    "being taken, or %u were in the last hour (profiles: "
		    "{per_hour: ..})", profiles->set.per_hour);
	pthread_mutex_unlock(&profiles->lock);
}

/* ---- processes there are ------------------------------------------------------------- */

void
kyi_profiles_begin(struct kyi_profiles *profiles)
{
	pthread_mutex_lock(&profiles->lock);
	profiles->round++;
	profiles->seen_next = 0;
	profiles->sees = profiles->set.enabled;
	pthread_mutex_unlock(&profiles->lock);
}

static struct kyi_profile_seen *
seen_find(struct kyi_profiles *profiles, const uint8_t *instance_id)
{
	/* Scans come by in the same order: mostly the next one is it. */
	for (uint32_t k = 0; k < profiles->seen_cnt; k++) {
		uint32_t i = (profiles->seen_next + k) % profiles->seen_cnt;

		if (memcmp(profiles->seen[i].instance_id, instance_id,
			sizeof(profiles->seen[i].instance_id)) == 0) {
			profiles->seen_next = i + 1;
			return &profiles->seen[i];
		}
	}
	return NULL;
}

/* Under the lock. */
static void
see(struct kyi_profiles *profiles, const struct kymo_region *region,
    const struct kymo_region_info *info)
{
	struct kyi_profile_seen *at = seen_find(profiles, info->instance_id);
	struct kymo_process_stats stats;

	if (!at && profiles->seen_cnt < KYI_SEEN_MAX &&
	    kymo_region_process(region, &stats, NULL) == 0) {
		at = &profiles->seen[profiles->seen_cnt++];
		memcpy(at->instance_id, info->instance_id,
		    sizeof(at->instance_id));
		memcpy(at->service, info->service, sizeof(at->service));
		at->pid = info->pid;
		at->uid = info->uid;
		at->start_ticks = stats.start_ticks;
	}
	if (at)
		at->round = profiles->round;
}

void
kyi_profiles_see(struct kyi_profiles *profiles, const struct kymo_region *region)
{
	const struct kymo_region_info *info = kymo_region_info(region);

	if (!profiles->sees || info->liveness != KYMO_ALIVE)
		return;
	pthread_mutex_lock(&profiles->lock);
	see(profiles, region, info);
	pthread_mutex_unlock(&profiles->lock);
}

void
kyi_profiles_end(struct kyi_profiles *profiles)
{
	uint32_t kept = 0;

	pthread_mutex_lock(&profiles->lock);
	for (uint32_t i = 0; i < profiles->seen_cnt; i++)
		if (profiles->seen[i].round == profiles->round)
			profiles->seen[kept++] = profiles->seen[i];
	profiles->seen_cnt = kept;
	pthread_mutex_unlock(&profiles->lock);
}

/* ---- settings ------------------------------------------------------------------------- */

static void
set_free(struct kyi_profile_set *set)
{
	for (uint32_t i = 0; i < set->list_cnt; i++)
		kymo_matcher_list_delete(set->lists[i]);
	free(set->lists);
	free(set->command);
	memset(set, 0, sizeof(*set));
}

static uint32_t
or_else(uint32_t said, uint32_t usual)
{
	return said ? said : usual;
}

/* -1: no memory, or matchers that were not checked. */
static int
set_make(struct kyi_profile_set *set, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	static const char usual[] = "profile=\"true\"";
	const struct kymo_config_profiles *from = &settings->config->profiles;
	uint32_t cnt = from->alert_cnt ? from->alert_cnt : 1;

	memset(set, 0, sizeof(*set));
	set->enabled = from->enabled;
	set->dwarf = from->dwarf;
	set->seconds = or_else(from->seconds, 10);
	set->frequency = or_else(from->frequency, 99);
	set->per_hour = or_else(from->per_hour, 6);
	set->keep = or_else(from->keep, 20);
	set->bytes_max = from->bytes_max ? from->bytes_max :
	    (uint64_t)64 << 20;
	if (settings->listen_cnt)
		kyi_url(set->url, &settings->listen[0]);
	set->command = strdup(from->command ? from->command : KYI_PERF);
	set->lists = calloc(cnt, sizeof(set->lists[0]));
	if (!set->command || !set->lists) {
		set_free(set);
		return kymo_error_set(error, "out of memory");
	}
	for (; set->list_cnt < cnt; set->list_cnt++) {
		set->lists[set->list_cnt] = kymo_matcher_list_new(
		    from->alert_cnt ? from->alerts[set->list_cnt].text : usual,
		    error);
		if (!set->lists[set->list_cnt]) {
			set_free(set);
			return -1;
		}
	}
	return 0;
}

/* The folder, when it is wanted first. Its lock is held. */
static int
store_ready(struct kyi_profiles *profiles, const struct kyi_profile_set *set,
    struct kymo_error *error)
{
	if (profiles->store) {
		kymo_profiles_store_bound(profiles->store, set->keep,
		    set->bytes_max);
		return 0;
	}
	if (!set->enabled)
		return 0;
	if (!*profiles->folder)
		return kymo_error_set(error, "profiles are kept beside the "
		    "state, and that is in memory; state: PATH gives them a "
		    "place");
	if (kymo_profiles_store_open(&profiles->store, profiles->folder,
		set->keep, set->bytes_max, error) != 0)
		return -1;
	kyi_profiles_restore(profiles);
	return 0;
}

void
kyi_profiles_take(struct kyi_profiles *profiles,
    const struct kyi_settings *settings)
{
	struct kyi_profile_set set, before;
	struct kymo_error error = {""};

	if (set_make(&set, settings, &error) != 0) {
		kyi_log(KYMO_LOG_ERROR, "profiles: %s; all stays as it was",
		    error.text);
		return;
	}
	pthread_mutex_lock(&profiles->store_lock);
	if (store_ready(profiles, &set, &error) != 0) {
		kyi_log(KYMO_LOG_ERROR, "profiles: %s; there are none",
		    error.text);
		set.enabled = false;
	}
	pthread_mutex_unlock(&profiles->store_lock);
	pthread_mutex_lock(&profiles->lock);
	before = profiles->set;
	profiles->set = set;
	if (!set.enabled)
		kyi_profiles_forget(profiles);
	pthread_mutex_unlock(&profiles->lock);
	set_free(&before);
}

/* ---- opening --------------------------------------------------------------------------- */

struct kyi_profiles *
kyi_profiles_open(const struct kyi_settings *settings, const char *state_path,
    struct kymo_error *error)
{
	struct kyi_profiles *profiles = calloc(1, sizeof(*profiles));
	const char *slash = strrchr(state_path, '/');

	if (!profiles) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&profiles->lock, NULL);
	pthread_mutex_init(&profiles->store_lock, NULL);
	pthread_cond_init(&profiles->wake, NULL);
	profiles->begin_ms = (int64_t)(kyi_realtime_ns() / MS_NS);
	if (slash)
		snprintf(profiles->folder, sizeof(profiles->folder),
		    "%.*s/profiles", (int)(slash - state_path), state_path);
	if (set_make(&profiles->set, settings, error) == 0 &&
	    store_ready(profiles, &profiles->set, error) == 0 &&
	    kyi_profiles_start(profiles, error) == 0)
		return profiles;
	kyi_profiles_close(profiles);
	return NULL;
}

void
kyi_profiles_close(struct kyi_profiles *profiles)
{
	if (!profiles)
		return;
	kyi_profiles_stop(profiles);
	set_free(&profiles->set);
	kymo_profiles_store_close(profiles->store);
	pthread_cond_destroy(&profiles->wake);
	pthread_mutex_destroy(&profiles->store_lock);
	pthread_mutex_destroy(&profiles->lock);
	free(profiles);
}
