/* SPDX-License-Identifier: MIT */
#include "reader/serve/places.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "reader/serve/quiet.h"

uint64_t
kyi_serve_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t
deadline_ns(const struct kyi_places *places, const struct kyi_place *place)
{
	const uint64_t spans[KYI_PLACE_STATE_CNT] = {
		[KYI_PLACE_HEAD] = places->limits.head_ns,
		[KYI_PLACE_ANSWER] = places->limits.answer_ns,
		[KYI_PLACE_IDLE] = places->limits.idle_ns,
		[KYI_PLACE_WORK] = UINT64_MAX / 4,
	};

	return place->since_ns + spans[place->state];
}

/* Under the lock. */
static void
cut_off(struct kyi_places *places, struct kyi_place *place)
{
	shutdown(place->fd, SHUT_RDWR);
	place->gone = true;
	places->taken_cnt--;
}

/* Under the lock; cuts off what is late and returns the next deadline, 0:
   none. */
static uint64_t
sweep(struct kyi_places *places, uint64_t now_ns)
{
	struct kyi_place *place;
	uint64_t next_ns = 0, at_ns;

	for (place = places->newest; place != NULL; place = place->next) {
		if (place->gone)
			continue;
		at_ns = deadline_ns(places, place);
		if (at_ns <= now_ns) {
			cut_off(places, place);
			/* An idle one that ends has lost nothing. */
			if (place->state != KYI_PLACE_IDLE)
				places->evicted_cnt++;
		} else if (next_ns == 0 || at_ns < next_ns)
			next_ns = at_ns;
	}
	return next_ns;
}

static void
wait_until(struct kyi_places *places, uint64_t at_ns)
{
	const struct timespec t = { .tv_sec = (time_t)(at_ns / 1000000000),
	    .tv_nsec = (long)(at_ns % 1000000000) };

	pthread_cond_timedwait(&places->changed, &places->lock, &t);
}

static void *
sweeper(void *argument)
{
	struct kyi_places *places = argument;

	pthread_mutex_lock(&places->lock);
	while (!places->ending) {
		places->wake_ns = sweep(places, kyi_serve_now_ns());
		if (places->wake_ns == 0)
			pthread_cond_wait(&places->changed, &places->lock);
		else
			wait_until(places, places->wake_ns);
	}
	pthread_mutex_unlock(&places->lock);
	return NULL;
}

/* Under the lock: the sweeper must not sleep beyond this place's deadline. */
static void
wake_for(struct kyi_places *places, const struct kyi_place *place)
{
	uint64_t at_ns = deadline_ns(places, place);

	if (places->wake_ns != 0 && places->wake_ns <= at_ns)
		return;
	places->wake_ns = at_ns;
	pthread_cond_broadcast(&places->changed);
}

int
kyi_places_init(struct kyi_places *places,
    const struct kyi_places_limits *limits)
{
	struct kyi_quiet quiet;
	pthread_condattr_t attr;
	int result;

	*places = (struct kyi_places){ .limits = *limits };
	if (pthread_condattr_init(&attr) != 0)
		return -1;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&places->lock, NULL);
	result = pthread_cond_init(&places->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (result == 0) {
		kyi_quiet_begin(&quiet);
		result = pthread_create(&places->sweeper, NULL, sweeper,
		    places);
		kyi_quiet_end(&quiet);
		if (result == 0)
			return 0;
		pthread_cond_destroy(&places->changed);
	}
	pthread_mutex_destroy(&places->lock);
	return -1;
}

void
kyi_places_end(struct kyi_places *places)
{
	pthread_mutex_lock(&places->lock);
	places->ending = true;
	pthread_cond_broadcast(&places->changed);
	pthread_mutex_unlock(&places->lock);
	pthread_join(places->sweeper, NULL);
	pthread_cond_destroy(&places->changed);
	pthread_mutex_destroy(&places->lock);
}

static bool
has_unread(const struct kyi_place *place)
{
	int bytes = 0;

	return ioctl(place->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* Under the lock: the oldest of those that may go; NULL: none may. */
static struct kyi_place *
oldest(struct kyi_places *places, bool answering, uint64_t before_ns)
{
	struct kyi_place *place, *found = NULL;

	for (place = places->oldest; place != NULL; place = place->before) {
		if (place->gone || place->since_ns > before_ns ||
		    place->state == KYI_PLACE_WORK ||
		    (place->state == KYI_PLACE_ANSWER) != answering)
			continue;
		if (answering || !has_unread(place))
			return place;
		if (found == NULL)
			found = place;
	}
	return found;
}

bool
kyi_places_admit(struct kyi_places *places)
{
	struct kyi_place *place = NULL;
	uint64_t now_ns = kyi_serve_now_ns();
	bool room;

	pthread_mutex_lock(&places->lock);
	room = places->taken_cnt < places->limits.place_max;
	if (!room) {
		place = oldest(places, false, now_ns);
		if (place == NULL && now_ns > places->limits.spare_ns)
			place = oldest(places, true,
			    now_ns - places->limits.spare_ns);
	}
	if (place != NULL) {
		cut_off(places, place);
		places->evicted_cnt++;
		room = true;
	}
	pthread_mutex_unlock(&places->lock);
	return room;
}

/* Under the lock. */
static void
link_newest(struct kyi_places *places, struct kyi_place *place)
{
	place->before = NULL;
	place->next = places->newest;
	if (place->next != NULL)
		place->next->before = place;
	else
		places->oldest = place;
	places->newest = place;
	place->since_ns = kyi_serve_now_ns();
}

/* Under the lock. */
static void
unlink_place(struct kyi_places *places, struct kyi_place *place)
{
	if (place->before != NULL)
		place->before->next = place->next;
	else
		places->newest = place->next;
	if (place->next != NULL)
		place->next->before = place->before;
	else
		places->oldest = place->before;
}

struct kyi_place *
kyi_place_begin(struct kyi_places *places, int fd, const void *owner)
{
	struct kyi_place *place = malloc(sizeof(*place));

	if (place == NULL) {
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	*place = (struct kyi_place){ .fd = fd, .owner = owner,
	    .state = KYI_PLACE_HEAD };
	pthread_mutex_lock(&places->lock);
	link_newest(places, place);
	places->taken_cnt++;
	wake_for(places, place);
	pthread_mutex_unlock(&places->lock);
	return place;
}

void
kyi_place_set(struct kyi_places *places, struct kyi_place *place,
    enum kyi_place_state state)
{
	if (place == NULL)
		return;
	pthread_mutex_lock(&places->lock);
	unlink_place(places, place);
	link_newest(places, place);
	place->state = state;
	wake_for(places, place);
	/* who drains waits for the end of answers */
	if (places->ending || state == KYI_PLACE_IDLE)
		pthread_cond_broadcast(&places->changed);
	pthread_mutex_unlock(&places->lock);
}

void
kyi_place_end(struct kyi_places *places, struct kyi_place *place)
{
	if (place == NULL)
		return;
	pthread_mutex_lock(&places->lock);
	unlink_place(places, place);
	if (!place->gone)
		places->taken_cnt--;
	if (place->state == KYI_PLACE_ANSWER)
		pthread_cond_broadcast(&places->changed);
	pthread_mutex_unlock(&places->lock);
	free(place);
}

uint32_t
kyi_places_taken(struct kyi_places *places)
{
	uint32_t cnt;

	pthread_mutex_lock(&places->lock);
	cnt = places->taken_cnt;
	pthread_mutex_unlock(&places->lock);
	return cnt;
}

uint64_t
kyi_places_evicted(struct kyi_places *places)
{
	uint64_t cnt;

	pthread_mutex_lock(&places->lock);
	cnt = places->evicted_cnt;
	pthread_mutex_unlock(&places->lock);
	return cnt;
}

void
kyi_places_drain(struct kyi_places *places, const void *owner,
    uint64_t until_ns)
{
	struct kyi_place *place;
	bool busy;

	pthread_mutex_lock(&places->lock);
	do {
		busy = false;
		for (place = places->newest; place != NULL;
		    place = place->next) {
			if (place->gone ||
			    (owner != NULL && place->owner != owner))
				continue;
			if (place->state == KYI_PLACE_ANSWER ||
			    place->state == KYI_PLACE_WORK)
				busy = true;
			else
				cut_off(places, place);
		}
		if (busy)
			wait_until(places, until_ns);
	} while (busy && kyi_serve_now_ns() < until_ns);
	pthread_mutex_unlock(&places->lock);
}
