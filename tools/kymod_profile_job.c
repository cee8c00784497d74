/* SPDX-License-Identifier: MIT */
/* The thread that takes profiles, one after the other, and what is kept of them. */
#include "tools/kymod_profile_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MS_NS 1000000
#define HOUR_MS 3600000
/* Lines of a report that kymod reads again. */
#define KEY_ALERT "alert: "
#define KEY_HOTTEST "hottest: "

struct kyi_profile_job *
kyi_profile_job_at(struct kyi_profiles *profiles, uint64_t number)
{
	struct kyi_profile_job *job = &profiles->jobs[number % KYI_JOB_MAX];

	return number && job->number == number ? job : NULL;
}

/* Printable ASCII, in a line. */
static void
plain_put(char *to, size_t room_bytes, const char *from)
{
	size_t i;

	for (i = 0; from[i] && i + 1 < room_bytes; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

void
kyi_profile_job_for(struct kyi_profile_job *job,
    const struct kymo_labels *labels, const struct kyi_profile_case *of)
{
	struct kymo_buffer text = {0};

	if (!job || job->fired_ms)
		return;
	job->fingerprint = of->fingerprint;
	job->fired_ms = of->fired_ms;
	for (uint32_t i = 0; i < labels->cnt; i++) {
		kymo_buffer_str(&text, i ? ", " : "{");
		kymo_buffer_str(&text, labels->at[i].key);
		kymo_buffer_char(&text, '=');
		kymo_buffer_quote(&text, labels->at[i].value);
	}
	kymo_buffer_char(&text, '}');
	if (!text.failed)
		plain_put(job->alert, sizeof(job->alert), text.at);
	kymo_buffer_free(&text);
}

static void
job_end(struct kyi_profile_job *job, enum kymo_profile_result result,
    const char *why)
{
	job->state = KYI_JOB_DONE;
	job->result = result;
	kymo_error_set(&job->why, "%s", why);
	kyi_metrics_profile(kymo_profile_result_name(result));
}

void
kyi_profiles_forget(struct kyi_profiles *profiles)
{
	for (uint32_t i = 0; i < KYI_JOB_MAX; i++)
		if (profiles->jobs[i].number &&
		    profiles->jobs[i].state == KYI_JOB_WAITING)
			job_end(&profiles->jobs[i], KYMO_PROFILE_LIMITED,
			    "profiles were switched off");
}

/* ---- what is looked at -------------------------------------------------- */

/* What a job needs, in copies: it takes a while. */
struct errand {
	struct kyi_profile_job job;
	struct kyi_profile_seen wanted[KYMO_PROFILE_PROCESS_MAX];
	struct kymo_profile_process processes[KYMO_PROFILE_PROCESS_MAX];
	uint32_t wanted_cnt, there_cnt, process_cnt;
	char command[512];
	uint32_t seconds, frequency;
	uint64_t bytes_max;
	bool dwarf;
	struct kymo_error why;
	struct kymo_profile profile;
};

/* Under the lock. */
static void
errand_make(struct kyi_profiles *profiles, struct kyi_profile_job *job,
    struct errand *errand)
{
	const struct kyi_profile_set *set = &profiles->set;

	memset(errand, 0, sizeof(*errand));
	errand->job = *job;
	snprintf(errand->command, sizeof(errand->command), "%s", set->command);
	errand->seconds = set->seconds;
	errand->frequency = set->frequency;
	errand->bytes_max = set->bytes_max;
	errand->dwarf = set->dwarf;
	for (uint32_t i = 0; i < profiles->seen_cnt; i++) {
		const struct kyi_profile_seen *seen = &profiles->seen[i];

		if (!*job->service ||
		    strcmp(seen->service, job->service) != 0 ||
		    (job->pid && job->pid != seen->pid))
			continue;
		if (errand->wanted_cnt < KYMO_PROFILE_PROCESS_MAX)
			errand->wanted[errand->wanted_cnt++] = *seen;
		errand->there_cnt++;
	}
}

static void
processes_open(struct errand *errand)
{
	for (uint32_t i = 0; i < errand->wanted_cnt; i++) {
		const struct kyi_profile_seen *seen = &errand->wanted[i];

		if (kymo_profile_process_open(
			&errand->processes[errand->process_cnt], seen->pid,
			seen->start_ticks, seen->uid, &errand->why) == 0)
			errand->process_cnt++;
	}
	if (errand->wanted_cnt == 0)
		kymo_error_set(&errand->why, *errand->job.service ?
		    "no process of '%.60s' lives, that a scan has seen" :
		    "its alert has no label service, so nobody knows of which "
		    "process it is%s", errand->job.service);
}

static bool
is_over(void *of)
{
	struct kyi_profiles *profiles = of;
	bool ends;

	pthread_mutex_lock(&profiles->lock);
	ends = profiles->ends;
	pthread_mutex_unlock(&profiles->lock);
	return ends;
}

static void
look(struct kyi_profiles *profiles, struct errand *errand)
{
	const struct kymo_profile_options options = {
		.command = errand->command, .seconds = errand->seconds,
		.frequency = errand->frequency, .dwarf = errand->dwarf,
		.bytes_max = errand->bytes_max, .folder = profiles->folder,
		.cancelled = is_over, .of = profiles
	};

	processes_open(errand);
	if (errand->process_cnt) {
		kymo_profile_take(&errand->profile, &options,
		    errand->processes, errand->process_cnt);
	} else {
		errand->profile.result = KYMO_PROFILE_GONE;
		errand->profile.why = errand->why;
	}
	for (uint32_t i = 0; i < errand->process_cnt; i++)
		close(errand->processes[i].fd);
}

/* ---- what is kept ------------------------------------------------------- */

static void
time_put(struct kymo_buffer *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	kymo_buffer_str(out, text);
}

static void
head_put(struct kymo_buffer *out, const struct errand *errand, int64_t at_ms)
{
	const struct kyi_profile_job *job = &errand->job;
	const struct kymo_profile *profile = &errand->profile;
	char service[64];

	plain_put(service, sizeof(service), job->service);
	kymo_buffer_printf(out, "profile of %s, process", service);
	for (uint32_t i = 0; i < errand->process_cnt; i++)
		kymo_buffer_printf(out, "%s %u", i ? "," : "",
		    errand->processes[i].pid);
	if (errand->there_cnt > errand->process_cnt)
		kymo_buffer_printf(out, " (%u of %u)", errand->process_cnt,
		    errand->there_cnt);
	kymo_buffer_printf(out, "\nfor %s, which fires since ", job->alert);
	time_put(out, job->fired_ms);
	kymo_buffer_str(out, "\ntaken until ");
	time_put(out, at_ms);
	kymo_buffer_printf(out, ", %u s at up to %u samples a second and "
	    "processor, stacks by %s: %llu samples", errand->seconds,
	    errand->frequency, errand->dwarf ? "debugging information" :
	    "frame pointers", (unsigned long long)profile->sample_cnt);
	if (profile->left_out_cnt)
		kymo_buffer_printf(out, ", %llu left out: it is not certain "
		    "whose they are",
		    (unsigned long long)profile->left_out_cnt);
	kymo_buffer_printf(out, "\n" KEY_HOTTEST "%s\n" KEY_ALERT
	    "%016llx %lld\n", profile->hottest,
	    (unsigned long long)job->fingerprint, (long long)job->fired_ms);
}

static void
keep(struct kyi_profiles *profiles, struct errand *errand, int64_t at_ms,
    struct kymo_profile_kept *kept)
{
	struct kymo_profile *profile = &errand->profile;
	struct kymo_buffer report = {0};
	struct kymo_error error = {"out of memory"};
	int result = -1;

	head_put(&report, errand, at_ms);
	kymo_buffer_add(&report, profile->report.at, profile->report.len_bytes);
	pthread_mutex_lock(&profiles->store_lock);
	if (!report.failed)
		result = kymo_profiles_store_add(profiles->store, at_ms,
		    &report, &profile->folded, kept, &error);
	pthread_mutex_unlock(&profiles->store_lock);
	kymo_buffer_free(&report);
	if (result == 0)
		return;
	profile->result = KYMO_PROFILE_FAILED;
	profile->why = error;
}

static void
tell(const struct errand *errand, const struct kymo_profile_kept *kept)
{
	if (errand->profile.result == KYMO_PROFILE_TAKEN)
		kyi_log(KYMO_LOG_INFO, "profile %s of %s: %s", kept->id,
		    errand->job.service, errand->profile.hottest);
	else
		kyi_log(KYMO_LOG_WARN, "no profile of %s: %s",
		    *errand->job.service ? errand->job.service :
		    errand->job.alert, errand->profile.why.text);
}

/* ---- the thread --------------------------------------------------------- */

static struct kyi_profile_job *
next_job(struct kyi_profiles *profiles)
{
	struct kyi_profile_job *next = NULL;

	for (uint32_t i = 0; i < KYI_JOB_MAX; i++) {
		struct kyi_profile_job *job = &profiles->jobs[i];

		if (job->number && job->state == KYI_JOB_WAITING &&
		    (!next || job->number < next->number))
			next = job;
	}
	return next;
}

/* Without the lock. */
static void
job_do(struct kyi_profiles *profiles, struct errand *errand)
{
	struct kymo_profile_kept kept = {.id = ""};
	struct kymo_profile *profile = &errand->profile;
	struct kyi_profile_job *job;
	int64_t at_ms;

	look(profiles, errand);
	at_ms = (int64_t)(kyi_realtime_ns() / MS_NS);
	if (profile->result == KYMO_PROFILE_TAKEN)
		keep(profiles, errand, at_ms, &kept);
	tell(errand, &kept);
	pthread_mutex_lock(&profiles->lock);
	job = kyi_profile_job_at(profiles, errand->job.number);
	if (job) {
		job->at_ms = at_ms;
		snprintf(job->id, sizeof(job->id), "%s", kept.id);
		if (profile->result == KYMO_PROFILE_TAKEN)
			snprintf(job->hottest, sizeof(job->hottest), "%s",
			    profile->hottest);
		job_end(job, profile->result, profile->why.text);
	}
	pthread_mutex_unlock(&profiles->lock);
	kymo_profile_free(profile);
}

static void *
jobs(void *of)
{
	struct kyi_profiles *profiles = of;
	struct kyi_profile_job *job;
	struct errand errand;

	pthread_mutex_lock(&profiles->lock);
	while (!profiles->ends) {
		job = next_job(profiles);
		if (!job) {
			pthread_cond_wait(&profiles->wake, &profiles->lock);
			continue;
		}
		job->state = KYI_JOB_RUNNING;
		errand_make(profiles, job, &errand);
		pthread_mutex_unlock(&profiles->lock);
		job_do(profiles, &errand);
		pthread_mutex_lock(&profiles->lock);
	}
	pthread_mutex_unlock(&profiles->lock);
	return NULL;
}

int
kyi_profiles_start(struct kyi_profiles *profiles, struct kymo_error *error)
{
	int wrong = pthread_create(&profiles->thread, NULL, jobs, profiles);

	if (wrong != 0)
		return kymo_error_set(error, "no thread for profiles: %s",
		    strerror(wrong));
	profiles->has_thread = true;
	return 0;
}

void
kyi_profiles_stop(struct kyi_profiles *profiles)
{
	pthread_mutex_lock(&profiles->lock);
	profiles->ends = true;
	pthread_cond_signal(&profiles->wake);
	pthread_mutex_unlock(&profiles->lock);
	if (profiles->has_thread)
		pthread_join(profiles->thread, NULL);
	profiles->has_thread = false;
}

/* ---- of before ---------------------------------------------------------- */

static void
job_restore(struct kyi_profiles *profiles, const char *id, const char *report)
{
	const char *alert = strstr(report, "\n" KEY_ALERT);
	const char *hottest = strstr(report, "\n" KEY_HOTTEST);
	struct kyi_profile_job *job;
	unsigned long long fingerprint;
	long long fired_ms;
	struct tm tm = {0};

	if (!alert || !hottest || sscanf(alert + strlen("\n" KEY_ALERT),
		"%16llx %18lld", &fingerprint, &fired_ms) != 2 ||
	    !strptime(id, "%Y%m%dT%H%M%SZ", &tm))
		return;
	hottest += strlen("\n" KEY_HOTTEST);
	job = &profiles->jobs[++profiles->job_cnt % KYI_JOB_MAX];
	*job = (struct kyi_profile_job){.number = profiles->job_cnt,
	    .state = KYI_JOB_DONE, .result = KYMO_PROFILE_TAKEN,
	    .at_ms = (int64_t)timegm(&tm) * 1000,
	    .fingerprint = fingerprint, .fired_ms = fired_ms};
	snprintf(job->id, sizeof(job->id), "%s", id);
	snprintf(job->hottest, sizeof(job->hottest), "%.*s",
	    (int)strcspn(hottest, "\n"), hottest);
	profiles->cases[profiles->case_cnt++ % KYI_CASE_MAX] =
	    (struct kyi_profile_case){fingerprint, fired_ms, job->number};
}

/* A restart is no new hour. */
static void
budget_restore(struct kyi_profiles *profiles, int64_t at_ms)
{
	uint64_t now_ms = kyi_monotonic_ns() / MS_NS;
	int64_t age_ms = (int64_t)(kyi_realtime_ns() / MS_NS) - at_ms;

	if (age_ms >= 0 && age_ms < HOUR_MS && (uint64_t)age_ms < now_ms)
		profiles->begun_ms[profiles->begun_cnt++ % KYI_HOUR_MAX] =
		    now_ms - (uint64_t)age_ms;
}

void
kyi_profiles_restore(struct kyi_profiles *profiles)
{
	const struct kymo_profile_kept *kept;
	uint32_t cnt;

	pthread_mutex_lock(&profiles->lock);
	kept = kymo_profiles_store_list(profiles->store, &cnt);
	if (cnt > KYI_JOB_MAX / 2)
		cnt = KYI_JOB_MAX / 2;
	while (cnt-- > 0) {
		uint64_t before = profiles->job_cnt;
		struct kymo_buffer report = {0};

		if (kymo_profiles_store_read(profiles->store, kept[cnt].id,
			false, &report) == 0 && report.at)
			job_restore(profiles, kept[cnt].id, report.at);
		if (profiles->job_cnt > before)
			budget_restore(profiles, profiles->jobs[
				profiles->job_cnt % KYI_JOB_MAX].at_ms);
		kymo_buffer_free(&report);
	}
	pthread_mutex_unlock(&profiles->lock);
}

/* ---- for the server ----------------------------------------------------- */

static void
list_put(struct kyi_profiles *profiles, struct kymo_buffer *out)
{
	const struct kymo_profile_kept *kept;
	uint32_t cnt;

	kept = kymo_profiles_store_list(profiles->store, &cnt);
	if (cnt == 0)
		kymo_buffer_str(out, "no profile yet\n");
	for (uint32_t i = 0; i < cnt; i++) {
		struct kymo_buffer title = {0};

		if (kymo_profiles_store_title(profiles->store, kept[i].id,
			&title) == 0)
			kymo_buffer_printf(out, "/profiles/%s  %.*s\n",
			    kept[i].id, (int)title.len_bytes,
			    title.at ? title.at : "");
		kymo_buffer_free(&title);
	}
}

int
kyi_profiles_read(struct kyi_profiles *profiles, const char *id, bool folded,
    struct kymo_buffer *out)
{
	int result = -1;

	pthread_mutex_lock(&profiles->store_lock);
	if (profiles->store && (*id || folded)) {
		result = kymo_profiles_store_read(profiles->store, id, folded,
		    out);
	} else if (profiles->store) {
		list_put(profiles, out);
		result = 0;
	}
	pthread_mutex_unlock(&profiles->store_lock);
	return result;
}
