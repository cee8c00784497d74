/* SPDX-License-Identifier: MIT */
/* The thread that looks after components. Under its lock nothing waits: programs
   and connections are begun and asked about, expressions are another thread's,
   and the file of what recovery counts is written without the lock. */
#include "tools/kymod_health.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)
/* Nothing waits under our lock; but should it, scans go on. */
#define PATIENCE_NS (200 * MS_NS)

struct kyi_health {
	pthread_t thread;
	bool has_thread;
	int wake_fd, epoll_fd;
	struct kymo_model *model;
	char *state_path; /* NULL: nowhere */
	bool state_failing; /* the thread's own */
	uint64_t scan_number; /* that was looked at; the thread's own */
	bool signals; /* any target is wanted; the loop's own */
	bool sees;    /* and this scan's regions are looked at; likewise */

	struct kyi_lock lock; /* of the rest */
	struct kymo_care *care;
	struct kymo_probe *probe;
	struct kyi_health_queries *queries;
	struct kyi_targets targets;
	bool ends;
};

/* ---- the world ----------------------------------------------------------------------- */

static int
look(void *of, uint64_t ticket, const struct kymo_check *check,
    struct kymo_looked *now)
{
	struct kyi_health *health = of;

	if (check->kind == KYMO_CHECK_PROMQL)
		return kyi_health_queries_ask(health->queries, ticket,
		    check->what.text, now);
	return kymo_probe_look(health->probe, ticket, check, now);
}

static int
act(void *of, uint64_t ticket, const char *component,
    const struct kymo_action *action, struct kymo_looked *now)
{
	struct kyi_health *health = of;

	if (action->kind != KYMO_ACTION_SIGNAL)
		return kymo_probe_act(health->probe, ticket, component, action,
		    now);
	kyi_targets_signal(&health->targets, action->what, action->signal, now);
	return 1;
}

static bool
give_up(void *of, uint64_t ticket)
{
	struct kyi_health *health = of;

	return kyi_health_queries_give_up(health->queries, ticket) ||
	    kymo_probe_give_up(health->probe, ticket);
}

static void
say(void *of, int level, const char *text)
{
	struct kymo_buffer line = {0};

	/* Reasons come from programs and from the network. */
	kymo_buffer_str(&line, text);
	for (size_t i = 0; !line.failed && i < line.len_bytes; i++)
		if ((unsigned char)line.at[i] < ' ' || line.at[i] == 127)
			line.at[i] = '?';
	if (!line.failed)
		kyi_log(level >= 2 ? KYMO_LOG_WARN : KYMO_LOG_INFO, "%s",
		    line.at);
	kymo_buffer_free(&line);
}

static void
looked(void *of, uint64_t ticket, const struct kymo_looked *what)
{
	struct kyi_health *health = of;

	kymo_care_looked(health->care, ticket, what);
}

static int
found(void *of, const char *pattern, const char *text)
{
	struct kymo_buffer whole = {0};
	struct kymo_regex *regex = NULL;
	int result = -1;

	/* Expressions are anchored. */
	kymo_buffer_printf(&whole, ".*(?:%s).*", pattern);
	if (!whole.failed && kymo_regex_new(&regex, whole.at, NULL) == 0) {
		result = kymo_regex_match(regex, text);
		if (kymo_regex_given_up(regex) > 0)
			result = -1;
		kymo_regex_delete(regex);
	}
	kymo_buffer_free(&whole);
	return result;
}

/* ---- the thread ------------------------------------------------------------------------ */

static void
scan_look(struct kyi_health *health, uint64_t now_ns)
{
	const struct kymo_scan *scan = kymo_scan_take(health->model);

	if (!scan)
		return;
	if (scan->number != health->scan_number)
		kymo_care_scan(health->care, scan, now_ns);
	health->scan_number = scan->number;
	kymo_scan_release(scan);
}

/* Attempts wait for this; where it fails they are made all the same, for a full
   disk is no reason to leave a service down. */
static void
state_save(struct kyi_health *health, const struct kymo_buffer *text)
{
	struct kymo_error error = {""};
	bool failed = false;

	if (health->state_path)
		failed = kyi_health_state_write(health->state_path, text,
		    &error) != 0;
	if (failed && !health->state_failing)
		kyi_log(KYMO_LOG_ERROR, "health: %s; what recovery counts is "
		    "kept in memory", error.text);
	health->state_failing = failed;
}

/* What was learned since the last time; no thread but ours is left. */
static void
last_save(struct kyi_health *health)
{
	struct kymo_buffer text = {0};

	kymo_care_keep(health->care);
	if (kymo_care_save(health->care, &text))
		state_save(health, &text);
	kymo_buffer_free(&text);
}

/* What there is to do now; returns when there is more. */
static uint64_t
turn(struct kyi_health *health)
{
	struct kymo_buffer text = {0};
	uint64_t next_ns, ticket;
	struct kymo_looked what;
	bool save;

	kyi_lock_take(&health->lock);
	scan_look(health, kyi_monotonic_ns());
	kymo_probe_step(health->probe);
	while (kyi_health_queries_take(health->queries, &ticket, &what))
		kymo_care_looked(health->care, ticket, &what);
	kymo_care_step(health->care, kyi_monotonic_ns(),
	    (int64_t)(kyi_realtime_ns() / MS_NS));
	save = kymo_care_save(health->care, &text);
	if (save) {
		kyi_lock_leave(&health->lock);
		state_save(health, &text);
		kyi_lock_take(&health->lock);
		kymo_care_saved(health->care);
	}
	next_ns = kymo_care_next_ns(health->care);
	kyi_lock_leave(&health->lock);
	kymo_buffer_free(&text);
	return next_ns;
}

static int
wait_ms_of(struct kyi_health *health, uint64_t next_ns)
{
	uint64_t now_ns = kyi_monotonic_ns();
	int64_t ms = 60000, probe_ms;

	if (next_ns <= now_ns)
		ms = 0;
	else if (next_ns - now_ns < 60000 * MS_NS)
		ms = (int64_t)((next_ns - now_ns + MS_NS - 1) / MS_NS);
	kyi_lock_take(&health->lock);
	probe_ms = kymo_probe_wait_ms(health->probe);
	kyi_lock_leave(&health->lock);
	return (int)(probe_ms >= 0 && probe_ms < ms ? probe_ms : ms);
}

static bool
ends(struct kyi_health *health)
{
	bool is;

	kyi_lock_take(&health->lock);
	is = health->ends;
	kyi_lock_leave(&health->lock);
	return is;
}

static void *
turns(void *of)
{
	struct kyi_health *health = of;
	struct epoll_event events[2];
	eventfd_t cnt;

	while (!ends(health)) {
		uint64_t next_ns = turn(health);

		(void)epoll_wait(health->epoll_fd, events, 2,
		    wait_ms_of(health, next_ns));
		(void)!eventfd_read(health->wake_fd, &cnt);
	}
	return NULL;
}

static void
wake(struct kyi_health *health)
{
	(void)!eventfd_write(health->wake_fd, 1);
}

/* ---- opening ---------------------------------------------------------------------------- */

static int
listen_to(struct kyi_health *health, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(health->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int
care_make(struct kyi_health *health, struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kymo_care_options options = {
		.world = {health, look, act, give_up, say},
		.durable = health->state_path != NULL,
		.stale_ns = kyi_stale_ns(settings), .uid = geteuid()
	};
	uint32_t cnt;
	struct kymo_care_plan **plans = kymo_config_care(settings->config,
	    &cnt);

	if ((!plans && cnt) ||
	    kyi_targets_set(&health->targets, plans, cnt) != 0) {
		for (uint32_t i = 0; plans && i < cnt; i++)
			kymo_care_plan_free(plans[i]);
		free(plans);
		return kymo_error_set(error, "out of memory");
	}
	health->signals = health->targets.service_cnt > 0;
	if (cnt)
		kyi_log(KYMO_LOG_INFO, "looking after %u component%s", cnt,
		    cnt == 1 ? "" : "s");
	return kymo_care_new(&health->care, &options, plans, cnt, error);
}

static int
parts_make(struct kyi_health *health, struct kyi_settings *settings,
    const char *state_path, struct kymo_history *history,
    struct kymo_error *error)
{
	const struct kymo_probe_options options = {health, looked, found};
	const struct kymo_query_options query = kyi_settings_query(settings);
	int wrong;

	health->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	health->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (health->wake_fd < 0 || health->epoll_fd < 0)
		return kymo_error_set(error, "health: no descriptors: %s",
		    strerror(errno));
	if (*state_path) {
		health->state_path = kyi_health_state_path(state_path);
		if (!health->state_path)
			return kymo_error_set(error, "out of memory");
	}
	health->queries = kyi_health_queries_open(kymo_history_source(history),
	    &query, health->wake_fd, error);
	if (!health->queries ||
	    kymo_probe_new(&health->probe, &options, error) != 0 ||
	    care_make(health, settings, error) != 0)
		return -1;
	if (health->state_path)
		kyi_health_state_read(health->state_path, health->care);
	if (listen_to(health, health->wake_fd) != 0 ||
	    listen_to(health, kymo_probe_fd(health->probe)) != 0)
		return kymo_error_set(error, "health: epoll: %s",
		    strerror(errno));
	wrong = pthread_create(&health->thread, NULL, turns, health);
	health->has_thread = wrong == 0;
	return wrong == 0 ? 0 : kymo_error_set(error, "no thread for health: "
	    "%s", strerror(wrong));
}

struct kyi_health *
kyi_health_open(struct kyi_settings *settings, const char *state_path,
    struct kymo_model *model, struct kymo_history *history,
    struct kymo_error *error)
{
	struct kyi_health *health = calloc(1, sizeof(*health));
	int wrong;

	if (!health) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	health->wake_fd = health->epoll_fd = -1;
	health->model = model;
	wrong = kyi_lock_init(&health->lock);
	if (wrong != 0)
		kymo_error_set(error, "no lock for health: %s",
		    strerror(wrong));
	else if (parts_make(health, settings, state_path, history, error) == 0)
		return health;
	kyi_health_close(health);
	return NULL;
}

void
kyi_health_close(struct kyi_health *health)
{
	if (!health)
		return;
	kyi_lock_take(&health->lock);
	health->ends = true;
	kyi_lock_leave(&health->lock);
	if (health->has_thread) {
		wake(health);
		pthread_join(health->thread, NULL);
	}
	if (health->has_thread)
		last_save(health);
	kymo_probe_delete(health->probe);
	kyi_health_queries_close(health->queries);
	kymo_care_delete(health->care);
	kyi_targets_free(&health->targets);
	if (health->epoll_fd >= 0)
		close(health->epoll_fd);
	if (health->wake_fd >= 0)
		close(health->wake_fd);
	kyi_lock_destroy(&health->lock);
	free(health->state_path);
	free(health);
}

/* ---- a reload ----------------------------------------------------------------------- */

void
kyi_health_take(struct kyi_health *health, struct kyi_settings *settings)
{
	struct kymo_error error = {""};
	uint32_t cnt;
	struct kymo_care_plan **plans = kymo_config_care(settings->config,
	    &cnt);
	int result = -1;

	if (!plans && cnt) {
		kyi_log(KYMO_LOG_ERROR, "health: out of memory; components are "
		    "looked after as before");
		return;
	}
	kyi_lock_take(&health->lock);
	if (kyi_targets_set(&health->targets, plans, cnt) == 0)
		result = kymo_care_change(health->care, plans, cnt, &error);
	health->signals = health->targets.service_cnt > 0;
	kyi_lock_leave(&health->lock);
	if (result != 0)
		kyi_log(KYMO_LOG_ERROR, "health: %s; components are looked "
		    "after as before", *error.text ? error.text :
		    "out of memory");
	wake(health);
}

/* ---- the loop's ------------------------------------------------------------------------ */

static bool
lock_soon(struct kyi_health *health)
{
	return kyi_lock_take_within(&health->lock, PATIENCE_NS);
}

void
kyi_health_begin(struct kyi_health *health)
{
	health->sees = health->signals && lock_soon(health);
	if (!health->sees)
		return;
	kyi_targets_begin(&health->targets);
	kyi_lock_leave(&health->lock);
}

void
kyi_health_see(struct kyi_health *health, struct kymo_region *region)
{
	if (!health->sees)
		return;
	/* Once a scan, not for each of thousands of regions. */
	health->sees = lock_soon(health);
	if (!health->sees)
		return;
	kyi_targets_see(&health->targets, region);
	kyi_lock_leave(&health->lock);
}

void
kyi_health_ingest(struct kyi_health *health, struct kymo_model *model)
{
	if (!lock_soon(health))
		return;
	kymo_care_ingest(health->care, model);
	kyi_lock_leave(&health->lock);
}

void
kyi_health_scan(struct kyi_health *health)
{
	wake(health);
}

int
kyi_health_status(struct kyi_health *health,
    int (*each)(void *to, const struct kymo_care_status *status), void *to)
{
	int result;

	/* The server's own thread may ask: the page must not wait for us. */
	if (!lock_soon(health))
		return -1;
	result = kymo_care_status(health->care, each, to);
	kyi_lock_leave(&health->lock);
	return result;
}

bool
kyi_health_degraded(struct kyi_health *health, const char *component,
    const char *reason, uint64_t until_ns)
{
	bool known;

	if (!lock_soon(health))
		return false;
	known = kymo_care_degraded(health->care, component, reason, until_ns);
	kyi_lock_leave(&health->lock);
	if (known)
		wake(health);
	return known;
}
