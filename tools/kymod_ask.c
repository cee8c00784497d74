/* SPDX-License-Identifier: MIT */
/* POST /-/reload: a thread of the server asks, the loop does it. */
#include "tools/kymod.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum ask_state { ASK_IDLE, ASK_ASKED, ASK_TAKEN, ASK_ANSWERED };

struct kyi_ask {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int fd;
	enum ask_state state;
	bool closed;
	int result;
	struct kymo_error error;
};

struct kyi_ask *
kyi_ask_new(void)
{
	struct kyi_ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return NULL;
	ask->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ask->fd < 0) {
		free(ask);
		return NULL;
	}
	pthread_mutex_init(&ask->lock, NULL);
	pthread_cond_init(&ask->moved, NULL);
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

static void
state_wait(struct kyi_ask *ask, enum ask_state state)
{
	while (ask->state != state && !ask->closed)
		pthread_cond_wait(&ask->moved, &ask->lock);
}

int
kyi_ask_reload(struct kyi_ask *ask, struct kymo_error *error)
{
	bool asked;
	int result;

	pthread_mutex_lock(&ask->lock);
	state_wait(ask, ASK_IDLE);
	asked = !ask->closed;
	if (asked) {
		ask->state = ASK_ASKED;
		(void)!eventfd_write(ask->fd, 1);
		state_wait(ask, ASK_ANSWERED);
	}
	/* Another's answer is not ours. */
	if (asked && ask->state == ASK_ANSWERED) {
		result = ask->result;
		*error = ask->error;
		ask->state = ASK_IDLE;
		pthread_cond_broadcast(&ask->moved);
	} else {
		result = kymo_error_set(error, "kymod ends");
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
	ask->state = ASK_ANSWERED;
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
