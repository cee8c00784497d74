/* SPDX-License-Identifier: MIT */
/* Health in kymod: reader/health turned by a thread of its own, which never
   waits but for its descriptors; expressions have another one. */
#ifndef KYI_KYMOD_HEALTH_H
#define KYI_KYMOD_HEALTH_H

#include "tools/kymod.h"

#include <pthread.h>

#include "reader/health/probe.h"

struct kyi_health;

/* Takes what settings say of health out of them. state_path: beside it recovery
   keeps its counts; "" nowhere. NULL: error has why. */
struct kyi_health *kyi_health_open(struct kyi_settings *settings,
    const char *state_path, struct kymo_model *model,
    struct kymo_history *history, struct kymo_error *error);
void kyi_health_close(struct kyi_health *health);
/* What only health's own stages can tell of a configuration: expressions. */
int kyi_health_check(const struct kymo_config *config,
    struct kymo_error *error);
/* A reload: what has not changed goes on. Cannot fail but for memory, which is
   logged; then all stays as it was. */
void kyi_health_take(struct kyi_health *health, struct kyi_settings *settings);

/* The loop's: a scan begins; each region of it; before it is published; after. */
void kyi_health_begin(struct kyi_health *health);
void kyi_health_see(struct kyi_health *health, struct kymo_region *region);
void kyi_health_ingest(struct kyi_health *health, struct kymo_model *model);
void kyi_health_scan(struct kyi_health *health);

/* As kymo_care_status; any thread. */
int kyi_health_status(struct kyi_health *health,
    int (*each)(void *to, const struct kymo_care_status *status), void *to);

/* As kymo_care_degraded; any thread. False also: health was busy, say it again. */
bool kyi_health_degraded(struct kyi_health *health, const char *component,
    const char *reason, uint64_t until_ns);

/* ---- a lock that is waited for so long only (kymod_health_lock.c) ------------------ */

/* pthread_mutex_clocklock would do, but ThreadSanitizer of our compilers does not
   know it, and calls races what is none. */
struct kyi_lock {
	pthread_mutex_t mutex; /* of taken; held for a moment */
	pthread_cond_t free;
	bool taken;
};

/* 0 or an errno. */
int kyi_lock_init(struct kyi_lock *lock);
void kyi_lock_destroy(struct kyi_lock *lock);
void kyi_lock_take(struct kyi_lock *lock);
/* False: it was not to be had for so long. */
bool kyi_lock_take_within(struct kyi_lock *lock, uint64_t patience_ns);
void kyi_lock_leave(struct kyi_lock *lock);

/* ---- expressions (kymod_health_query.c) -------------------------------------------- */

struct kyi_health_queries;

/* wake_fd: an eventfd that is written to when an answer is there. */
struct kyi_health_queries *kyi_health_queries_open(
    const struct kymo_source *source, const struct kymo_query_options *options,
    int wake_fd, struct kymo_error *error);
void kyi_health_queries_close(struct kyi_health_queries *queries);
/* 0: it will be answered; 1: *now is the answer already. */
int kyi_health_queries_ask(struct kyi_health_queries *queries, uint64_t ticket,
    const char *text, struct kymo_looked *now);
/* Nobody waits for that any more: it is not evaluated, or not to its end. False:
   it is none of theirs. */
bool kyi_health_queries_give_up(struct kyi_health_queries *queries,
    uint64_t ticket);
/* False: there is no answer (any more). */
bool kyi_health_queries_take(struct kyi_health_queries *queries,
    uint64_t *ticket, struct kymo_looked *looked);

/* ---- processes that may be sent signals (kymod_health_signal.c) -------------------- */

struct kyi_target;

struct kyi_targets {
	char **services; /* that some action names */
	uint32_t service_cnt;
	struct kyi_target *at;
	uint32_t cnt, room, round;
};

/* -1: no memory. Those before go on where their service is still named. */
int kyi_targets_set(struct kyi_targets *targets,
    struct kymo_care_plan *const *plans, uint32_t plan_cnt);
void kyi_targets_free(struct kyi_targets *targets);
void kyi_targets_begin(struct kyi_targets *targets);
void kyi_targets_see(struct kyi_targets *targets, struct kymo_region *region);
void kyi_targets_signal(struct kyi_targets *targets, const char *service,
    int number, struct kymo_looked *now);

/* ---- what outlives us (kymod_health_state.c) --------------------------------------- */

/* The path beside state_path, the caller's; NULL: no memory. */
char *kyi_health_state_path(const char *state_path);
/* Whole or not at all, and on the disk. */
int kyi_health_state_write(const char *path, const struct kymo_buffer *text,
    struct kymo_error *error);
/* What is damaged is set aside, and told. */
void kyi_health_state_read(const char *path, struct kymo_care *care);

#endif
