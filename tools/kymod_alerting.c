/* SPDX-License-Identifier: MIT */
/* Alerting: the thread of rules hands each pass on to an engine that decides who
   hears of what, and puts messages into an outbox, in one transaction with what
   it remembers. A thread of its own takes them to their receivers. Both use one
   connection to one database, by turns. */
#include "tools/kymod_alerting.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tools/kymod_faults.h"
#include "tools/kymod_push.h"
#include "tools/kymod_turns.h"

#define MS_NS 1000000
/* The clock may be set: how long we sleep at most. And after a failure. */
#define WAIT_MS 10000
#define FAILING_MS 1000
/* A clock that was set ahead by more has not waited for anybody. */
#define AHEAD_MS 60000
#define SPARE_MS 3600000
#define BUSY_NS UINT64_C(2000000000)

/* What settings say of it: swapped as one. */
struct set {
	struct kymo_routing *routing; /* NULL: nobody is notified */
	struct kyi_receivers receivers;
	struct kymo_notify *notify;
	struct kymo_alerts *alerts;
	struct kyi_push *push; /* NULL: no Alertmanagers are configured */
	char *external_url; /* NULL */
};

struct kyi_alerting {
	char *path; /* of the database; ":memory:" */
	struct kyi_turns turns; /* of all below */
	struct kyi_alert_rows rows;
	struct set set, next; /* next: of a change that is under way */
	struct kyi_contexts *contexts; /* NULL: not yet */
	struct kyi_rules *rules;       /* NULL: not yet, or no more */
	struct kyi_profiles *profiles; /* NULL: not yet */
	uint64_t until_ns; /* messages of this step wait for what is known */
	uint64_t last_ns; /* now_ms: monotonic, and .. */
	int64_t last_ms;
	bool pass_failing, send_failing, ends;
	bool spares; /* the clock went ahead: who waits is to be given time */

	pthread_t thread;
	bool has_thread;
	int wake_fd;
};

/* Never goes back: where the clock does, it goes on from where it was. */
static int64_t
now_ms(struct kyi_alerting *alerting)
{
	uint64_t now_ns = kyi_monotonic_ns();
	int64_t real_ms = (int64_t)(kyi_realtime_ns() / MS_NS);
	int64_t on_ms = alerting->last_ms +
	    (int64_t)((now_ns - alerting->last_ns) / MS_NS);

	alerting->spares |= alerting->last_ms == 0 ||
	    real_ms > on_ms + AHEAD_MS;
	if (alerting->last_ms == 0 || real_ms > on_ms)
		on_ms = real_ms;
	if (on_ms != alerting->last_ms)
		alerting->last_ns = now_ns;
	alerting->last_ms = on_ms;
	return on_ms;
}

static void
wake(struct kyi_alerting *alerting)
{
	uint64_t one = 1;

	(void)!write(alerting->wake_fd, &one, sizeof(one));
}

/* ---- notices ------------------------------------------------------------------------- */

static int
notice_take(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	struct kyi_alerting *alerting = of;

	const struct kyi_notice_from from = {alerting->rows.outbox,
	    alerting->set.external_url, alerting->rules,
	    alerting->contexts, alerting->until_ns, NULL, alerting->profiles};

	return kyi_notice_add(&from, notice, error);
}

/* An Alertmanager is told no more than of a Prometheus. */
static int
push_take(void *of, const struct kymo_notice *notice, struct kymo_error *error)
{
	struct kyi_alerting *alerting = of;
	const struct kyi_notice_from from = {.outbox = alerting->rows.outbox,
	    .external_url = alerting->set.external_url,
	    .rules = alerting->rules,
	    .external = alerting->set.push->external,
	    .profiles = alerting->profiles};

	return kyi_notice_add(&from, notice, error);
}

int
kyi_alerting_know(struct kyi_alerting *alerting, struct kymo_history *history,
    struct kymo_model *model, struct kyi_profiles *profiles,
    struct kymo_error *error)
{
	struct kyi_contexts *contexts = kyi_contexts_open(history, model,
	    error);

	kyi_turns_work(&alerting->turns);
	alerting->profiles = profiles;
	alerting->contexts = contexts;
	kyi_turns_done(&alerting->turns);
	return contexts ? 0 : -1;
}

void
kyi_alerting_rules(struct kyi_alerting *alerting, struct kyi_rules *rules)
{
	kyi_turns_work(&alerting->turns);
	alerting->rules = rules;
	kyi_turns_done(&alerting->turns);
}

/* Lets the engine say what is due; the whole of it waits so long for what is
   known of alerts, not each message. */
static int
alerts_step(struct kyi_alerting *alerting, struct kymo_alerts *alerts,
    int64_t at_ms, struct kymo_error *error)
{
	alerting->until_ns = kyi_monotonic_ns() + KYI_CONTEXT_NS;
	return kymo_alerts_step(alerts, at_ms, error);
}

/* ---- a set ------------------------------------------------------------------------------ */

static void
set_free(struct set *set)
{
	kymo_alerts_delete(set->alerts);
	kyi_push_free(set->push);
	kymo_notify_delete(set->notify);
	kyi_receivers_free(&set->receivers);
	kymo_routing_delete(set->routing);
	free(set->external_url);
	memset(set, 0, sizeof(*set));
}

/* The files alone, without what a database is needed for. */
static int
set_load(struct set *set, const struct kyi_settings *settings,
    const struct kymo_routing_faults *faults, struct kymo_error *error)
{
	const struct kymo_config *config = settings->config;
	const char *path = config->alerting_routes.text;

	if (path && kymo_routing_load(&set->routing, path, faults) != 0)
		return -1;
	if (config->external_url) {
		set->external_url = strdup(config->external_url);
		if (!set->external_url)
			return kymo_error_set(error, "out of memory");
	}
	if (path && kyi_receivers_make(&set->receivers, set->routing, path,
		faults, error) != 0)
		return -1;
	return kyi_push_load(&set->push, &set->receivers, config, error);
}

static bool
set_sends(const struct set *set)
{
	return set->routing || set->push;
}

static int
notifier_make(struct set *set, struct kymo_outbox *outbox,
    struct kymo_error *error)
{
	struct kymo_notify_options options = {
		.outbox = outbox, .receivers = set->receivers.at,
		.receiver_cnt = set->receivers.cnt, .event = kyi_event_tell
	};

	return kymo_notify_new(&set->notify, &options, error);
}

static int
set_make(struct kyi_alerting *alerting, struct set *set,
    const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kyi_faults faults = {.of = "alerting"};
	const struct kymo_routing_faults noted = {kyi_faults_note,
	    kyi_faults_warn, &faults};
	struct kymo_alerts_options options = {.store = &alerting->rows.store,
	    .notify = notice_take, .of = alerting};

	if (set_load(set, settings, &noted, error) != 0) {
		kyi_faults_tell(&faults, error);
		return -1;
	}
	if (!set_sends(set))
		return 0;
	options.routing = set->routing;
	if (kyi_alert_rows_open(&alerting->rows, alerting->path, error) != 0 ||
	    notifier_make(set, alerting->rows.outbox, error) != 0)
		return -1;
	if (set->push && kyi_push_begin(set->push, &alerting->rows.store, push_take,
		alerting, error) != 0)
		return -1;
	return set->routing ? kymo_alerts_new(&set->alerts, &options, error) :
	    0;
}

int
kyi_alerting_change(struct kyi_alerting *alerting,
    const struct kyi_settings *settings, struct kymo_error *error)
{
	/* Until it is settled: what the new engine took up is what there is. */
	kyi_turns_work(&alerting->turns);
	if (set_make(alerting, &alerting->next, settings, error) == 0)
		return 0;
	set_free(&alerting->next);
	kyi_turns_done(&alerting->turns);
	return -1;
}

void
kyi_alerting_settle(struct kyi_alerting *alerting, bool taken)
{
	struct set unused = alerting->next;

	if (taken) {
		unused = alerting->set;
		alerting->set = alerting->next;
	}
	memset(&alerting->next, 0, sizeof(alerting->next));
	set_free(&unused);
	kyi_turns_done(&alerting->turns);
	wake(alerting);
}

int
kyi_alerting_check(const struct kyi_settings *settings,
    const struct kymo_routing_faults *faults, uint32_t *receiver_cnt,
    struct kymo_error *error)
{
	const struct kymo_outbox_options options = {.path = ":memory:"};
	struct kymo_outbox *outbox = NULL;
	struct set set = {0};
	int result = set_load(&set, settings, faults, error);

	if (result == 0 && set_sends(&set)) {
		result = kymo_outbox_open(&outbox, &options, error);
		if (result == 0)
			result = notifier_make(&set, outbox, error);
	}
	*receiver_cnt = set.receivers.cnt;
	set_free(&set);
	if (outbox)
		kymo_outbox_close(outbox);
	return result;
}

/* ---- steps -------------------------------------------------------------------------------- */

/* Both say a failure once, until it works again. */
static void
failing_tell(bool *failing, int result, const struct kymo_error *error)
{
	if (result < 0 && !*failing)
		kyi_log(KYMO_LOG_ERROR, "alerting: %s; it is tried again",
		    error->text);
	else if (result >= 0 && *failing)
		kyi_log(KYMO_LOG_INFO, "alerting: it works again");
	*failing = result < 0;
}

static int
engine_pass(struct kyi_alerting *alerting, struct kymo_alerts *alerts,
    struct kymo_rule_engine *engine, struct kymo_error *error)
{
	if (kymo_alerts_pass(alerts, engine) != 0)
		return kymo_error_set(error, "out of memory");
	return alerts_step(alerting, alerts, now_ms(alerting), error);
}

void
kyi_alerting_pass(struct kyi_alerting *alerting,
    struct kymo_rule_engine *engine)
{
	struct kymo_error error = {""};
	int result = 0;
	bool sends;

	kyi_turns_work(&alerting->turns);
	sends = set_sends(&alerting->set);
	if (alerting->set.alerts)
		result = engine_pass(alerting, alerting->set.alerts, engine,
		    &error);
	if (alerting->set.push && result >= 0)
		result = engine_pass(alerting, alerting->set.push->alerts,
		    engine, &error);
	if (sends)
		failing_tell(&alerting->pass_failing, result, &error);
	kyi_turns_done(&alerting->turns);
	if (sends)
		wake(alerting);
}

/* What is due of an engine at this time; *next_ms: when there is more. */
static void
engine_step(struct kyi_alerting *alerting, struct kymo_alerts *alerts,
    int64_t at_ms, int64_t *next_ms)
{
	struct kymo_error error = {""};
	int64_t due_ms;

	if (!alerts)
		return;
	if (kymo_alerts_next_ms(alerts) <= at_ms)
		failing_tell(&alerting->pass_failing,
		    alerts_step(alerting, alerts, at_ms, &error), &error);
	due_ms = kymo_alerts_next_ms(alerts);
	if (due_ms < *next_ms)
		*next_ms = due_ms;
}

/* Returns how long there is nothing to do, ms. */
static int64_t
step(struct kyi_alerting *alerting)
{
	struct set *set = &alerting->set;
	struct kymo_outbox_stats stats;
	struct kymo_error error = {""};
	int64_t at_ms = now_ms(alerting), next_ms = INT64_MAX, notify_ms;

	engine_step(alerting, set->alerts, at_ms, &next_ms);
	if (set->push)
		engine_step(alerting, set->push->alerts, at_ms, &next_ms);
	if (alerting->spares && kymo_outbox_spare(alerting->rows.outbox,
		at_ms + SPARE_MS, &error) == 0)
		alerting->spares = false;
	failing_tell(&alerting->send_failing,
	    kymo_notify_step(set->notify, at_ms, &error), &error);
	if (kymo_outbox_stats(alerting->rows.outbox, &stats, &error) == 0)
		kyi_metrics_notify(&stats);
	if (alerting->pass_failing || alerting->send_failing)
		return FAILING_MS;
	notify_ms = kymo_notify_next_ms(set->notify, at_ms);
	if (notify_ms < next_ms)
		next_ms = notify_ms;
	if (next_ms <= at_ms)
		return 0;
	return next_ms - at_ms > WAIT_MS ? WAIT_MS : next_ms - at_ms;
}

static void *
steps(void *of)
{
	struct kyi_alerting *alerting = of;
	struct pollfd fds[2] = {{.fd = alerting->wake_fd, .events = POLLIN},
	    {.fd = -1, .events = POLLIN}};
	uint64_t cnt;
	int64_t wait_ms;

	for (;;) {
		kyi_turns_work(&alerting->turns);
		if (alerting->ends)
			break;
		wait_ms = -1;
		fds[1].fd = -1;
		if (set_sends(&alerting->set)) {
			wait_ms = step(alerting);
			/* Failing: nothing that comes makes it go faster. */
			if (!alerting->send_failing)
				fds[1].fd = kymo_notify_fd(alerting->set.notify);
		}
		kyi_turns_done(&alerting->turns);
		/* A change may close the notifier's descriptor meanwhile; it
		   wakes us. */
		(void)poll(fds, 2, (int)wait_ms);
		(void)!read(alerting->wake_fd, &cnt, sizeof(cnt));
	}
	kyi_turns_done(&alerting->turns);
	return NULL;
}

int
kyi_alerting_use(struct kyi_alerting *alerting, kymo_serve_use *use, void *to)
{
	struct set *set = &alerting->set;
	bool changed = false;
	int result;

	/* Not for ever: a reload that has the lock may wait for the server to
	   end, which waits for us. */
	if (!kyi_turns_ask(&alerting->turns, kyi_monotonic_ns() + BUSY_NS))
		return 1;
	result = set->alerts ? 0 : -1;
	if (result == 0)
		use(to, &(struct kymo_serve_alerting){set->alerts,
			set->routing, alerting->rows.outbox, set->notify,
			now_ms(alerting), set->external_url, &changed});
	kyi_turns_done(&alerting->turns);
	if (changed)
		wake(alerting);
	return result;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* Beside the state: alerting.db. */
static char *
path_make(const char *state_path)
{
	const char *slash = strrchr(state_path, '/');
	char *path;

	if (!*state_path)
		return strdup(":memory:");
	if (asprintf(&path, "%.*salerting.db", slash ?
		(int)(slash - state_path) + 1 : 0, state_path) < 0)
		return NULL;
	return path;
}

static int
thread_start(struct kyi_alerting *alerting, struct kymo_error *error)
{
	int wrong;

	alerting->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (alerting->wake_fd < 0)
		return kymo_error_set(error, "no descriptor for alerting: %s",
		    strerror(errno));
	wrong = pthread_create(&alerting->thread, NULL, steps, alerting);
	if (wrong != 0)
		return kymo_error_set(error, "no thread for alerting: %s",
		    strerror(wrong));
	alerting->has_thread = true;
	return 0;
}

struct kyi_alerting *
kyi_alerting_open(const struct kyi_settings *settings, const char *state_path,
    struct kymo_error *error)
{
	struct kyi_alerting *alerting = calloc(1, sizeof(*alerting));

	if (!alerting) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	alerting->wake_fd = -1;
	kyi_turns_init(&alerting->turns);
	alerting->path = path_make(state_path);
	if (!alerting->path)
		kymo_error_set(error, "out of memory");
	else if (set_make(alerting, &alerting->set, settings, error) == 0 &&
	    thread_start(alerting, error) == 0)
		return alerting;
	kyi_alerting_close(alerting);
	return NULL;
}

void
kyi_alerting_close(struct kyi_alerting *alerting)
{
	if (!alerting)
		return;
	if (alerting->has_thread) {
		kyi_turns_work(&alerting->turns);
		alerting->ends = true;
		kyi_turns_done(&alerting->turns);
		wake(alerting);
		pthread_join(alerting->thread, NULL);
	}
	kyi_contexts_close(alerting->contexts);
	set_free(&alerting->set);
	kyi_alert_rows_close(&alerting->rows);
	if (alerting->wake_fd >= 0)
		close(alerting->wake_fd);
	free(alerting->path);
	kyi_turns_destroy(&alerting->turns);
	free(alerting);
}
