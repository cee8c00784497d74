/* SPDX-License-Identifier: MIT */
/* Starts of programs: posix_spawn, in a thread for each. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "reader/health/probe_private.h"

#define STACK_BYTES ((size_t)256 * 1024)

struct start {
	struct start *next;
	struct kyi_starts *starts;
	struct kyi_started started;
	int out_fd;
	bool is_action;
	char **argv;
	char component[]; /* flexible */
};

/* Lives as long as the last that knows it: who asks, or a thread that hangs. */
struct kyi_starts {
	pthread_mutex_t lock; /* of the rest */
	uint32_t holder_cnt;
	bool ended; /* nobody asks any more */
	int wake_fd;
	struct start *done;
};

/* ---- one ------------------------------------------------------------------ */

static int
actions_set(posix_spawn_file_actions_t *actions, int out_fd)
{
	int wrong = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
	    O_RDONLY, 0);

	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, out_fd, 1);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_adddup2(actions, out_fd, 2);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	if (wrong == 0)
		wrong = posix_spawn_file_actions_addchdir_np(actions, "/");
	return wrong;
}

/* Signals as in a new program, and a group that can be killed whole. */
static int
attributes_set(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int wrong;

	sigfillset(&all);
	sigemptyset(&none);
	wrong = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (wrong == 0)
		wrong = posix_spawnattr_setpgroup(attributes, 0);
	if (wrong == 0)
		wrong = posix_spawnattr_setsigdefault(attributes, &all);
	if (wrong == 0)
		wrong = posix_spawnattr_setsigmask(attributes, &none);
	return wrong;
}

/* An errno, or 0. */
static int
spawn(pid_t *pid, char *const *argv, const char *component, int out_fd)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8";
	char name[160];
	char *environment[] = { path, locale, name, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int wrong;

	snprintf(name, sizeof(name), "KYMO_COMPONENT=%s", component);
	wrong = posix_spawn_file_actions_init(&actions);
	if (wrong != 0)
		return wrong;
	wrong = posix_spawnattr_init(&attributes);
	if (wrong == 0) {
		wrong = actions_set(&actions, out_fd);
		if (wrong == 0)
			wrong = attributes_set(&attributes);
		if (wrong == 0)
			wrong = posix_spawn(pid, argv[0], &actions, &attributes,
			    argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return wrong;
}

static void
start_free(struct start *start)
{
	uint32_t i;

	for (i = 0; start->argv != NULL && start->argv[i] != NULL; i++)
		free(start->argv[i]);
	free(start->argv);
	if (start->out_fd >= 0)
		close(start->out_fd);
	free(start);
}

static struct start *
start_new(char *const *argv, const char *component)
{
	size_t component_bytes = strlen(component) + 1;
	struct start *start = calloc(1, sizeof(*start) + component_bytes);
	uint32_t cnt = 0, i;

	if (start == NULL)
		return NULL;
	start->out_fd = -1;
	memcpy(start->component, component, component_bytes);
	while (argv[cnt] != NULL)
		cnt++;
	start->argv = calloc(cnt + 1u, sizeof(start->argv[0]));
	for (i = 0; start->argv != NULL && i < cnt; i++) {
		start->argv[i] = strdup(argv[i]);
		if (start->argv[i] == NULL)
			break;
	}
	if (i == cnt && start->argv != NULL)
		return start;
	start_free(start);
	return NULL;
}

/* What nobody takes: a check's program is not left to run. */
static void
start_abandon(struct start *start)
{
	if (start->started.pid > 0 && !start->is_action)
		(void)kill(-start->started.pid, SIGKILL);
	start_free(start);
}

/* ---- all of them ---------------------------------------------------------- */

struct kyi_starts *
kyi_starts_new(void)
{
	struct kyi_starts *starts = calloc(1, sizeof(*starts));

	if (starts == NULL)
		return NULL;
	starts->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (starts->wake_fd < 0) {
		free(starts);
		return NULL;
	}
	pthread_mutex_init(&starts->lock, NULL);
	starts->holder_cnt = 1;
	return starts;
}

/* With its lock, which it leaves. */
static void
let_go(struct kyi_starts *starts)
{
	bool last = --starts->holder_cnt == 0;

	pthread_mutex_unlock(&starts->lock);
	if (!last)
		return;
	close(starts->wake_fd);
	pthread_mutex_destroy(&starts->lock);
	free(starts);
}

void
kyi_starts_end(struct kyi_starts *starts)
{
	struct start *start, *next;

	if (starts == NULL)
		return;
	pthread_mutex_lock(&starts->lock);
	starts->ended = true;
	for (start = starts->done; start != NULL; start = next) {
		next = start->next;
		start_abandon(start);
	}
	starts->done = NULL;
	let_go(starts);
}

int
kyi_starts_fd(const struct kyi_starts *starts)
{
	return starts->wake_fd;
}

static void *
starts_one(void *of)
{
	struct start *start = of;
	struct kyi_starts *starts = start->starts;

	start->started.wrong = spawn(&start->started.pid, start->argv,
	    start->component, start->out_fd);
	if (start->started.wrong != 0)
		start->started.pid = 0;
	/* The program's alone: its end is to be seen. */
	close(start->out_fd);
	start->out_fd = -1;
	pthread_mutex_lock(&starts->lock);
	if (starts->ended) {
		start_abandon(start);
	} else {
		start->next = starts->done;
		starts->done = start;
		(void)!eventfd_write(starts->wake_fd, 1);
	}
	let_go(starts);
	return NULL;
}

/* A thread that nobody waits for. */
static int
thread_begin(struct start *start)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int wrong = pthread_attr_init(&attributes);

	if (wrong != 0)
		return wrong;
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	(void)pthread_attr_setdetachstate(&attributes,
	    PTHREAD_CREATE_DETACHED);
	wrong = pthread_create(&thread, &attributes, starts_one, start);
	pthread_attr_destroy(&attributes);
	return wrong;
}

int
kyi_start_begin(struct kyi_starts *starts, uint64_t id, char *const *argv,
    const char *component, int out_fd, bool is_action)
{
	struct start *start = start_new(argv, component);
	int wrong;

	if (start == NULL) {
		close(out_fd);
		return ENOMEM;
	}
	start->starts = starts;
	start->started.id = id;
	start->out_fd = out_fd;
	start->is_action = is_action;
	pthread_mutex_lock(&starts->lock);
	starts->holder_cnt++;
	pthread_mutex_unlock(&starts->lock);
	wrong = thread_begin(start);
	if (wrong == 0)
		return 0;
	pthread_mutex_lock(&starts->lock);
	let_go(starts);
	start_free(start);
	return wrong;
}

bool
kyi_start_take(struct kyi_starts *starts, struct kyi_started *started)
{
	struct start *start;
	eventfd_t cnt;

	pthread_mutex_lock(&starts->lock);
	start = starts->done;
	if (start != NULL)
		starts->done = start->next;
	else
		(void)!eventfd_read(starts->wake_fd, &cnt);
	pthread_mutex_unlock(&starts->lock);
	if (start == NULL)
		return false;
	*started = start->started;
	start_free(start);
	return true;
}
