/* SPDX-License-Identifier: MIT */
/* POST /-/reload: a thread of the server asks, the loop does it. */
#include "tools/kymod.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50 /* how often a waiter looks whether it is to go */

enum ask_state { ASK_IDLE, ASK_ASKED, ASK_TAKEN, ASK_ANSWERED };

struct kyi_ask {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int fd;
	enum ask_state state;
	bool closed;
	bool left; /* it is TAKEN, and nobody waits for the answer */
	int result;
	struct kymo_error error;
};

struct kyi_ask *
kyi_ask_new(void)
{
	struct kyi_ask *ask = calloc(1, sizeof(*ask));
	pthread_condattr_t monotonic;

	if (!ask)
		return NULL;
	ask->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ask->fd < 0) {
		free(ask);
		return NULL;
	}
	pthread_mutex_init(&ask->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&ask->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return ask;
}

void
kyi_ask_delete(struct kyi_ask *ask)
{
	if (!ask)
		return;
	close(ask->fd);
	pthread_cond_destroy(&ask->moved);
	pthread_mutex_destroy(&ask->lock);
	free(ask);
}

int
kyi_ask_fd(const struct kyi_ask *ask)
{
	return ask->fd;
}

struct patience {
	bool (*over)(void *at);
	void *at;
};

/* Whether it came; else it closed, or patience ended. */
static bool
state_wait(struct kyi_ask *ask, enum ask_state state,
    const struct patience *patience)
{
	struct timespec until;

	while (ask->state != state && !ask->closed) {
		if (patience->over(patience->at))
			return false;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&ask->moved, &ask->lock, &until);
	}
	return ask->state == state;
}

/* Nobody waits any more for what was asked. */
static void
leave(struct kyi_ask *ask)
{
	if (ask->state == ASK_ASKED)
		ask->state = ASK_IDLE;
	else if (ask->state == ASK_TAKEN)
		ask->left = true;
}

int
kyi_ask_reload(struct kyi_ask *ask, bool (*over)(void *at), void *at,
    struct kymo_error *error)
{
	const struct patience patience = {over, at};
	int result;

	pthread_mutex_lock(&ask->lock);
	if (!state_wait(ask, ASK_IDLE, &patience) || ask->closed) {
		result = kymo_error_set(error, ask->closed ? "kymod ends" :
		    "this address closes");
	} else {
		ask->state = ASK_ASKED;
		(void)!eventfd_write(ask->fd, 1);
		if (state_wait(ask, ASK_ANSWERED, &patience)) {
			result = ask->result;
			*error = ask->error;
			ask->state = ASK_IDLE;
		} else {
			result = kymo_error_set(error, ask->closed ?
			    "kymod ends" : "this address closes; whether it "
			    "was reloaded is in kymod's log");
			leave(ask);
		}
	}
	pthread_cond_broadcast(&ask->moved);
	pthread_mutex_unlock(&ask->lock);
	return result;
}

bool
kyi_ask_take(struct kyi_ask *ask)
{
	eventfd_t cnt;
	bool asked;

	(void)!eventfd_read(ask->fd, &cnt);
	pthread_mutex_lock(&ask->lock);
	asked = ask->state == ASK_ASKED;
	if (asked)
		ask->state = ASK_TAKEN;
	pthread_mutex_unlock(&ask->lock);
	return asked;
}

void
kyi_ask_answer(struct kyi_ask *ask, int result, const struct kymo_error *error)
{
	pthread_mutex_lock(&ask->lock);
	ask->state = ask->left ? ASK_IDLE : ASK_ANSWERED;
	ask->left = false;
	ask->result = result;
	ask->error = *error;
	pthread_cond_broadcast(&ask->moved);
	pthread_mutex_unlock(&ask->lock);
}

void
kyi_ask_close(struct kyi_ask *ask)
{
	pthread_mutex_lock(&ask->lock);
	ask->closed = true;
	pthread_cond_broadcast(&ask->moved);
	pthread_mutex_unlock(&ask->lock);
}
