/* SPDX-License-Identifier: MIT */
#include "reader/serve/lane.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reader/serve/quiet.h"
#include "shm/atomic.h"

#define NICE 5

static bool
is_closing(const struct kyi_job *job)
{
	return job->closing != NULL && kyi_load_u32_relaxed(job->closing) != 0;
}

static struct kyi_job **
free_place(struct kyi_lane *lane)
{
	uint32_t i = 0;

	while (lane->running[i] != NULL)
		i++;
	return &lane->running[i];
}

static void *
work(void *argument)
{
	struct kyi_lane *lane = argument;
	struct kyi_job *job, **place;

	/* Of this thread alone, on Linux; of the rest it changes nothing. */
	if (lane->modest)
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	pthread_mutex_lock(&lane->lock);
	for (;;) {
		while (!lane->ending && (lane->first == NULL ||
		    lane->running_cnt >= lane->run_max))
			pthread_cond_wait(&lane->more, &lane->lock);
		job = lane->first;
		if (job == NULL)
			break;
		lane->first = job->next;
		if (lane->first == NULL)
			lane->last = &lane->first;
		lane->waiting_cnt--;
		lane->running_cnt++;
		place = free_place(lane);
		*place = job;
		pthread_mutex_unlock(&lane->lock);
		job->run(job);
		pthread_mutex_lock(&lane->lock);
		*place = NULL;
		lane->running_cnt--;
		job->done(job);
		pthread_cond_broadcast(&lane->fewer);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

int
kyi_lane_init(struct kyi_lane *lane, uint32_t thread_cnt, uint32_t queue_max,
    bool modest)
{
	memset(lane, 0, sizeof(*lane));
	lane->last = &lane->first;
	lane->modest = modest;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->more, NULL);
	pthread_cond_init(&lane->fewer, NULL);
	if (kyi_lane_grow(lane, thread_cnt) == 0) {
		kyi_lane_bound(lane, thread_cnt, queue_max);
		return 0;
	}
	kyi_lane_end(lane);
	return -1;
}

int
kyi_lane_grow(struct kyi_lane *lane, uint32_t thread_cnt)
{
	struct kyi_quiet quiet;

	if (thread_cnt > KYI_LANE_THREAD_MAX)
		thread_cnt = KYI_LANE_THREAD_MAX;
	kyi_quiet_begin(&quiet);
	while (lane->thread_cnt < thread_cnt && pthread_create(
	    &lane->threads[lane->thread_cnt], NULL, work, lane) == 0)
		lane->thread_cnt++;
	kyi_quiet_end(&quiet);
	return lane->thread_cnt >= thread_cnt ? 0 : -1;
}

void
kyi_lane_bound(struct kyi_lane *lane, uint32_t run_max, uint32_t queue_max)
{
	pthread_mutex_lock(&lane->lock);
	lane->run_max = run_max > KYI_LANE_THREAD_MAX ? KYI_LANE_THREAD_MAX :
	    run_max;
	lane->queue_max = queue_max;
	pthread_cond_broadcast(&lane->more);
	pthread_mutex_unlock(&lane->lock);
}

void
kyi_lane_end(struct kyi_lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->ending = true;
	pthread_cond_broadcast(&lane->more);
	pthread_mutex_unlock(&lane->lock);
	while (lane->thread_cnt > 0)
		pthread_join(lane->threads[--lane->thread_cnt], NULL);
	pthread_cond_destroy(&lane->fewer);
	pthread_cond_destroy(&lane->more);
	pthread_mutex_destroy(&lane->lock);
}

bool
kyi_lane_push(struct kyi_lane *lane, struct kyi_job *job)
{
	bool room;

	pthread_mutex_lock(&lane->lock);
	/* What an idle thread is about to take does not wait. */
	room = lane->run_max > 0 && !is_closing(job) && lane->running_cnt +
	    lane->waiting_cnt < lane->run_max + lane->queue_max;
	if (room) {
		job->next = NULL;
		*lane->last = job;
		lane->last = &job->next;
		lane->waiting_cnt++;
		pthread_cond_signal(&lane->more);
	}
	pthread_mutex_unlock(&lane->lock);
	return room;
}

/* Under the lock: tells all of owner's to end; whether there is any. */
static bool
tell(struct kyi_lane *lane, const void *owner)
{
	struct kyi_job *job;
	bool any = false;
	uint32_t i;

	for (job = lane->first; job != NULL; job = job->next)
		if (job->owner == owner) {
			kyi_store_u32_relaxed(&job->ending, 1);
			any = true;
		}
	for (i = 0; i < KYI_LANE_THREAD_MAX; i++)
		if (lane->running[i] != NULL &&
		    lane->running[i]->owner == owner) {
			kyi_store_u32_relaxed(&lane->running[i]->ending, 1);
			any = true;
		}
	return any;
}

void
kyi_lane_clear(struct kyi_lane *lane, const void *owner)
{
	pthread_mutex_lock(&lane->lock);
	while (tell(lane, owner))
		pthread_cond_wait(&lane->fewer, &lane->lock);
	pthread_mutex_unlock(&lane->lock);
}

void
kyi_lane_cnt(struct kyi_lane *lane, uint32_t *running_cnt,
    uint32_t *waiting_cnt)
{
	pthread_mutex_lock(&lane->lock);
	*waiting_cnt = lane->waiting_cnt;
	*running_cnt = lane->running_cnt;
	pthread_mutex_unlock(&lane->lock);
}
