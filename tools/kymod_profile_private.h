/* SPDX-License-Identifier: MIT */
/* Profiles in kymod, inside. */
#ifndef KYI_KYMOD_PROFILE_PRIVATE_H
#define KYI_KYMOD_PROFILE_PRIVATE_H

#include "tools/kymod_profile.h"

#include <pthread.h>

#define KYI_SEEN_MAX 4096u
#define KYI_JOB_MAX 64u
#define KYI_CASE_MAX 256u
#define KYI_HOUR_MAX 60u
#define KYI_WAITING_MAX 4u

/* A process that the last scan saw alive. */
struct kyi_profile_seen {
	uint8_t instance_id[16];
	char service[64];
	uint32_t pid, uid, round;
	uint64_t start_ticks;
};

enum kyi_job_state { KYI_JOB_WAITING, KYI_JOB_RUNNING, KYI_JOB_DONE };

/* A profile, of one alert or several. */
struct kyi_profile_job {
	uint64_t number; /* 0: none */
	char service[64];
	uint32_t pid; /* 0: all of the service */
	enum kyi_job_state state;
	enum kymo_profile_result result;
	int64_t at_ms; /* since 1970: asked for, then taken */
	char id[KYMO_PROFILE_ID_BYTES];
	struct kymo_error why;
	char hottest[256];
	/* The first alert that asked. */
	char alert[512];
	uint64_t fingerprint;
	int64_t fired_ms;
};

/* An alert that began to fire. */
struct kyi_profile_case {
	uint64_t fingerprint;
	int64_t fired_ms; /* 0: none */
	uint64_t job;     /* 0: there were too many */
};

struct kyi_profile_set {
	bool enabled, dwarf;
	struct kymo_matcher_list **lists;
	uint32_t list_cnt;
	char *command;
	uint32_t seconds, frequency, per_hour, keep;
	uint64_t bytes_max;
	char url[96]; /* of our own server; "" */
};

struct kyi_profiles {
	pthread_mutex_t lock; /* of the rest but what says otherwise */
	pthread_cond_t wake;
	struct kyi_profile_set set;
	struct kyi_profile_job jobs[KYI_JOB_MAX]; /* at number modulo */
	uint64_t job_cnt;
	struct kyi_profile_case cases[KYI_CASE_MAX]; /* a ring */
	uint64_t case_cnt;
	uint64_t begun_ms[KYI_HOUR_MAX]; /* monotonic; a ring; 0: none */
	uint64_t begun_cnt;
	struct kyi_profile_seen seen[KYI_SEEN_MAX];
	uint32_t seen_cnt, seen_next, round;
	bool sees; /* of the loop alone: this scan */
	int64_t begin_ms;
	bool ends;

	char folder[600]; /* "": there is none */
	pthread_mutex_t store_lock; /* of the store; before lock, if both */
	struct kymo_profiles_store *store;

	pthread_t thread;
	bool has_thread;
};

/* NULL: it was forgotten. */
struct kyi_profile_job *kyi_profile_job_at(struct kyi_profiles *profiles,
    uint64_t number);

/* ---- the thread (kymod_profile_job.c) ---- */

int kyi_profiles_start(struct kyi_profiles *profiles, struct kymo_error *error);
void kyi_profiles_stop(struct kyi_profiles *profiles);
/* Notes for whom a job is, if nobody did. */
void kyi_profile_job_for(struct kyi_profile_job *job,
    const struct kymo_labels *labels, const struct kyi_profile_case *of);
/* Jobs that wait will not be done. */
void kyi_profiles_forget(struct kyi_profiles *profiles);
/* What is kept, of before: by whoever opened the store. */
void kyi_profiles_restore(struct kyi_profiles *profiles);

#endif
