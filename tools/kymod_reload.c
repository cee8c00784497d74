/* SPDX-License-Identifier: MIT */
/* SIGHUP and POST /-/reload: the new settings in one go, or the old ones go
   on. What reads files, opens databases and waits is done by a thread of its
   own, so that scans go on meanwhile; the loop only swaps what was made. */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum reload_state {
	RELOAD_IDLE,
	RELOAD_MAKING, /* the thread makes */
	RELOAD_MADE,   /* the loop is to swap */
	RELOAD_TAKEN,  /* it has; the thread ends what was before */
	RELOAD_OVER    /* the thread ends */
};

/* What the new settings want, and, once it is taken, what was before. */
struct made {
	struct kyi_settings settings;
	struct kyi_components *components;
	struct kyi_rule_set *rules;
	struct kymo_watch *watch; /* NULL: the same */
	struct kymo_history_change *history;
	struct kymo_serve_change *serve;
	bool alerting;
};

struct kyi_reload {
	struct kyi_kymod *kymod;
	int fd; /* the thread tells the loop */
	pthread_t thread;
	bool has_thread;
	bool asked;            /* by a thread of the server, which waits */
	bool hup_next, ask_next; /* came meanwhile */
	pthread_mutex_t lock;  /* of the state, and ends */
	pthread_cond_t moved;
	enum reload_state state;
	bool ends;
	struct made made; /* of the thread; of the loop while it is MADE */
};

/* ---- what a watch is made of ------------------------------------------------------ */

static void
refused(void *to, const char *path, const char *why)
{
	kyi_log(KYMO_LOG_WARN, "not read: %s: %s", path, why);
}

struct kymo_watch *
kyi_kymod_watch(const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kymo_watch_options options = {
		.dirs = settings->dirs, .dir_cnt = settings->dir_cnt,
		.trust = settings->trust, .region_max = settings->region_max,
		.refused = refused
	};

	return kymo_watch_new(&options, error);
}

static bool
same_watch(const struct kyi_settings *a, const struct kyi_settings *b)
{
	if (a->dir_cnt != b->dir_cnt || a->region_max != b->region_max ||
	    a->trust.uid_cnt != b->trust.uid_cnt)
		return false;
	for (uint32_t i = 0; i < a->dir_cnt; i++)
		if (strcmp(a->dirs[i], b->dirs[i]) != 0)
			return false;
	for (uint32_t i = 0; i < a->trust.uid_cnt; i++)
		if (a->trust.uids[i] != b->trust.uids[i])
			return false;
	return true;
}

/* ---- the thread: making, and ending ------------------------------------------------ */

/* What can fail. The loop changes nothing of kymod's settings meanwhile. */
static int
make(struct kyi_kymod *kymod, struct made *made, struct kymo_error *error)
{
	struct kyi_settings *settings = &made->settings;

	if (kyi_settings_load(settings, kymod->options, error) != 0)
		return -1;
	kyi_settings_state_is(settings, kymod->state_path);
	made->components = kyi_components_make(settings);
	if (!made->components)
		return kymo_error_set(error, "out of memory");
	made->rules = kyi_rule_set_make(kymod->rules, settings, error);
	if (!made->rules)
		return -1;
	if (!same_watch(&kymod->settings, settings)) {
		made->watch = kyi_kymod_watch(settings, error);
		if (!made->watch)
			return -1;
	}
	made->history = kyi_history_change(kymod->history, settings, error);
	if (!made->history)
		return -1;
	made->serve = kyi_kymod_serve_change(kymod, settings, error);
	if (!made->serve)
		return -1;
	made->alerting = kyi_alerting_change(kymod->alerting, settings,
	    error) == 0;
	return made->alerting ? 0 : -1;
}

/* Of what was not taken, or was before. */
static void
made_end(struct made *made)
{
	kymo_serve_change_end(made->serve);
	if (made->watch)
		kymo_watch_delete(made->watch);
	kyi_rule_set_free(made->rules);
	kyi_components_free(made->components);
	kyi_settings_free(&made->settings);
	memset(made, 0, sizeof(*made));
}

static void
state_set(struct kyi_reload *reload, enum reload_state state)
{
	pthread_mutex_lock(&reload->lock);
	reload->state = state;
	pthread_cond_broadcast(&reload->moved);
	pthread_mutex_unlock(&reload->lock);
	if (state != RELOAD_TAKEN)
		(void)!eventfd_write(reload->fd, 1);
}

/* Whether the loop has taken it; false: it ends. */
static bool
taken_wait(struct kyi_reload *reload)
{
	bool taken;

	state_set(reload, RELOAD_MADE);
	pthread_mutex_lock(&reload->lock);
	while (reload->state == RELOAD_MADE && !reload->ends)
		pthread_cond_wait(&reload->moved, &reload->lock);
	taken = reload->state == RELOAD_TAKEN;
	pthread_mutex_unlock(&reload->lock);
	return taken;
}

static void *
work(void *of)
{
	struct kyi_reload *reload = of;
	struct kyi_kymod *kymod = reload->kymod;
	struct made *made = &reload->made;
	struct kymo_error error = {""};
	int result = make(kymod, made, &error);

	if (result == 0 && !taken_wait(reload))
		result = kymo_error_set(&error, "kymod ends");
	if (made->alerting)
		kyi_alerting_settle(kymod->alerting, result == 0);
	/* Settings change by us alone. */
	kyi_history_change_end(kymod->history, made->history, result == 0 ?
	    &kymod->settings : NULL);
	made->history = NULL;
	kyi_metrics_reload(result == 0);
	if (result != 0)
		kyi_log(KYMO_LOG_ERROR, "reload: %s; all stays as it was",
		    error.text);
	else
		kyi_log(KYMO_LOG_INFO, "reload: taken over");
	/* Before an address goes, over which it may have been asked. */
	if (reload->asked)
		kyi_ask_answer(kymod->ask, result, &error);
	made_end(made);
	state_set(reload, RELOAD_OVER);
	return NULL;
}

/* ---- the loop: swapping -------------------------------------------------------------- */

static void
settings_tell(const struct kyi_kymod *kymod, const struct kyi_settings *settings)
{
	if (strcmp(kymod->state_path, settings->state_path) != 0 &&
	    !settings->state_is_default)
		kyi_log(KYMO_LOG_WARN, "state: another path is for the next "
		    "start; still %s", *kymod->state_path ?
		    kymod->state_path : "in memory");
	if (kymod->series_max != settings->series_max)
		kyi_log(KYMO_LOG_WARN,
		    "limits.series: another limit is for the next start");
	if (kymod->settings.config->disabled != settings->config->disabled)
		kyi_log(KYMO_LOG_INFO, "enabled: %s", settings->config->disabled ?
		    "false; nothing is collected from now on" : "true");
	if (!kyi_same_listen(&kymod->settings, settings))
		kyi_kymod_listening(settings);
}

/* None of it can fail, nor waits for anybody. */
static void
take(struct kyi_kymod *kymod, struct made *made)
{
	struct kyi_components *components = kymod->components;

	settings_tell(kymod, &made->settings);
	kymo_serve_change_take(made->serve);
	kyi_rules_take(kymod->rules, made->rules);
	kyi_detection_take(kymod->detection, &made->settings);
	made->rules = NULL;
	kymod->components = made->components;
	made->components = components;
	if (made->watch) {
		/* The old one holds the directories' locks: it goes first. */
		kymo_watch_delete(kymod->watch);
		kymod->watch = made->watch;
		made->watch = NULL;
		kymod->watch_is_new = true;
		kymod->wants_scan = true;
	}
	if (made->settings.scan_interval_ns !=
	    kymod->settings.scan_interval_ns)
		kymod->next_scan_ns = kyi_monotonic_ns();
	kyi_health_take(kymod->health, &made->settings);
	kyi_profiles_take(kymod->profiles, &made->settings);
	kyi_settings_move(&kymod->settings, &made->settings);
	made->settings.config = NULL;
	kyi_log_level(kymod->settings.log_level);
	kyi_metrics_rules_loaded(kyi_rules_cnt(kymod->rules));
}

static void
begin(struct kyi_reload *reload)
{
	struct kymo_error error = {""};
	int wrong;

	reload->asked = reload->ask_next;
	reload->hup_next = reload->ask_next = false;
	reload->state = RELOAD_MAKING;
	wrong = pthread_create(&reload->thread, NULL, work, reload);
	reload->has_thread = wrong == 0;
	if (wrong == 0)
		return;
	reload->state = RELOAD_IDLE;
	kymo_error_set(&error, "no thread: %s", strerror(wrong));
	kyi_log(KYMO_LOG_ERROR, "reload: %s", error.text);
	kyi_metrics_reload(false);
	if (reload->asked)
		kyi_ask_answer(reload->kymod->ask, -1, &error);
}

void
kyi_reload_begin(struct kyi_reload *reload, bool asked)
{
	*(asked ? &reload->ask_next : &reload->hup_next) = true;
	if (!reload->has_thread)
		begin(reload);
}

void
kyi_reload_told(struct kyi_reload *reload)
{
	enum reload_state state;
	eventfd_t cnt;

	(void)!eventfd_read(reload->fd, &cnt);
	pthread_mutex_lock(&reload->lock);
	state = reload->state;
	pthread_mutex_unlock(&reload->lock);
	if (state == RELOAD_MADE) {
		take(reload->kymod, &reload->made);
		state_set(reload, RELOAD_TAKEN);
	} else if (state == RELOAD_OVER) {
		pthread_join(reload->thread, NULL);
		reload->has_thread = false;
		if (reload->hup_next || reload->ask_next)
			begin(reload);
	}
}

/* ---- beginning and end ------------------------------------------------------------------ */

struct kyi_reload *
kyi_reload_new(struct kyi_kymod *kymod)
{
	struct kyi_reload *reload = calloc(1, sizeof(*reload));

	if (!reload)
		return NULL;
	reload->kymod = kymod;
	reload->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->fd < 0) {
		free(reload);
		return NULL;
	}
	pthread_mutex_init(&reload->lock, NULL);
	pthread_cond_init(&reload->moved, NULL);
	return reload;
}

int
kyi_reload_fd(const struct kyi_reload *reload)
{
	return reload->fd;
}

void
kyi_reload_delete(struct kyi_reload *reload)
{
	if (!reload)
		return;
	if (reload->has_thread) {
		pthread_mutex_lock(&reload->lock);
		reload->ends = true;
		pthread_cond_broadcast(&reload->moved);
		pthread_mutex_unlock(&reload->lock);
		pthread_join(reload->thread, NULL);
	}
	close(reload->fd);
	pthread_cond_destroy(&reload->moved);
	pthread_mutex_destroy(&reload->lock);
	free(reload);
}
