/* SPDX-License-Identifier: MIT */
/* The loop: scans, deaths, signals; one thread, which sleeps in epoll only. */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What epoll tells of: these, or else the half of an instance id. */
enum { TOLD_SIGNAL = 1, TOLD_WATCH = 2, TOLD_ASK = 3, TOLD_RELOAD = 4 };

/* ---- a scan ------------------------------------------------------------------- */

static void
retire_later(struct kyi_kymod *kymod, struct kymo_region *region, uint32_t *cnt)
{
	struct kymo_region **more;

	if (*cnt == kymod->retire_room) {
		more = reallocarray(kymod->retire, *cnt * 2u + 16,
		    sizeof(more[0]));
		if (!more)
			return; /* the next scan meets it again */
		kymod->retire = more;
		kymod->retire_room = *cnt * 2 + 16;
	}
	kymod->retire[(*cnt)++] = region;
}

/* One region into the scan; *cnt of them are to be retired after it. */
static void
region_add(struct kyi_kymod *kymod, struct kymo_region *region,
    uint64_t now_ns, uint32_t *cnt)
{
	const struct kymo_region_info *info = kymo_region_info(region);
	struct kymo_error error = {""};
	bool absorb, absorbed = false;

	kyi_deaths_see(&kymod->deaths, info, now_ns);
	kyi_health_see(kymod->health, region);
	kyi_profiles_see(kymod->profiles, region);
	absorb = info->liveness != KYMO_ALIVE && info->may_absorb &&
	    kymo_watch_absorber(kymod->watch, region) == 1;
	if (kymo_model_add(kymod->model, region, absorb, &absorbed,
		&error) != 0) {
		kyi_log(KYMO_LOG_ERROR, "%s: %s", info->path, error.text);
		kyi_metrics_scan_failed();
	} else if (absorb && absorbed) {
		retire_later(kymod, region, cnt);
	}
}

static void
retire_all(struct kyi_kymod *kymod, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		struct kymo_region *region = kymod->retire[i];
		const struct kymo_region_info *info = kymo_region_info(region);
		uint64_t died_ns = kyi_deaths_when(&kymod->deaths, info);
		struct kymo_error error = {""};
		char what[96];

		snprintf(what, sizeof(what), "%s %u", info->service, info->pid);
		kyi_log(KYMO_LOG_DEBUG, "%s %s: its totals were taken over", what,
		    info->liveness == KYMO_EXITED ? "exited" : "died");
		if (kymo_watch_retire(kymod->watch, region,
			kymod->settings.keep_dead, died_ns, &error) != 0)
			kyi_log(KYMO_LOG_WARN, "%s: %s", what, error.text);
		else
			kyi_metrics_absorbed();
	}
}

static void
regions_scan(struct kyi_kymod *kymod, uint64_t now_ns, uint32_t *retire_cnt)
{
	struct kymo_error error = {""};

	/* Backwards: what is dropped is taken out of the list. */
	for (uint32_t i = kymo_watch_cnt(kymod->watch); i-- > 0;) {
		struct kymo_region *region = kymo_watch_at(kymod->watch, i);

		if (kymo_region_scan(region,
			KYMO_SCAN_VALUES | KYMO_SCAN_EXEMPLARS, &error) != 0) {
			kyi_metrics_scan_failed();
			kymo_watch_drop(kymod->watch, region, error.text);
			continue;
		}
		region_add(kymod, region, now_ns, retire_cnt);
	}
}

static void
scan(struct kyi_kymod *kymod)
{
	uint64_t start_ns = kyi_monotonic_ns(), now_ns = kyi_realtime_ns();
	struct kymo_serve_stats stats = {0};
	struct kymo_error error = {""};
	uint32_t retire_cnt = 0;

	kymo_watch_step(kymod->watch, start_ns);
	kyi_deaths_begin(&kymod->deaths);
	kyi_health_begin(kymod->health);
	kyi_profiles_begin(kymod->profiles);
	kymo_model_begin(kymod->model, now_ns, start_ns);
	regions_scan(kymod, now_ns, &retire_cnt);
	kyi_profiles_end(kymod->profiles);
	kyi_detection_ingest(kymod->detection);
	kyi_health_ingest(kymod->health, kymod->model);
	if (kymo_model_end(kymod->model, &error) == 0) {
		retire_all(kymod, retire_cnt);
		kyi_detection_scan(kymod->detection);
		kyi_rules_scan(kymod->rules, kyi_history_scan(kymod));
		kyi_health_scan(kymod->health);
	} else {
		kyi_log(KYMO_LOG_ERROR, "scan: %s", error.text);
	}
	kyi_deaths_end(&kymod->deaths);
	kymod->scan_took_ns = kyi_monotonic_ns() - start_ns;
	kymo_serve_stats(kymod->serve, &stats);
	kyi_metrics_serve(&stats);
	kyi_metrics_scan(kymod->scan_took_ns, kymo_watch_cnt(kymod->watch),
	    kymo_watch_refused_cnt(kymod->watch));
	kyi_log(KYMO_LOG_DEBUG, "scan of %u regions in %.3f ms",
	    kymo_watch_cnt(kymod->watch), (double)kymod->scan_took_ns / 1e6);
}

/* When the next scan is due: rules are evaluated at whole multiples of their
   intervals, so a scan comes a little before one of its own, and what it sees is
   not left lying until the next. */
static uint64_t
grid_next_ns(uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t lead_ns = interval_ns / 10 < 10000000u ? interval_ns / 10 :
	    10000000u;
	uint64_t left_ns = interval_ns -
	    (kyi_realtime_ns() + lead_ns) % interval_ns;

	/* We are a moment early. */
	if (left_ns < interval_ns / 16)
		left_ns += interval_ns;
	return now_ns + left_ns;
}

/* Scans keep to their grid; what was missed is not made up for. A scan that was
   asked for between them waits until all scans take a twentieth of the time at
   most. */
static void
scan_and_plan(struct kyi_kymod *kymod)
{
	uint64_t interval_ns = kymod->settings.scan_interval_ns, gap_ns, now_ns;

	kymod->wants_scan = false;
	if (!kymod->settings.config->disabled)
		scan(kymod);
	now_ns = kyi_monotonic_ns();
	gap_ns = kymod->scan_took_ns * 20;
	kymod->early_scan_ns = now_ns + (gap_ns > 20000000u ? gap_ns : 20000000u);
	if (kymod->next_scan_ns <= now_ns)
		kymod->next_scan_ns = grid_next_ns(interval_ns, now_ns);
	if (!kymod->ready) {
		kymod->ready = true;
		kyi_notify("READY=1");
		kyi_log(KYMO_LOG_INFO, "ready; %u regions",
		    kymo_watch_cnt(kymod->watch));
	}
}

/* The watchdog is fed by a loop that turns, scans or not: a scan may be a minute
   away. */
static void
watchdog_feed(struct kyi_kymod *kymod, uint64_t now_ns)
{
	if (kymod->watchdog_ns == 0 || now_ns < kymod->next_feed_ns)
		return;
	kyi_notify("WATCHDOG=1");
	kymod->next_feed_ns = now_ns + kymod->watchdog_ns;
}

/* ---- what wakes us -------------------------------------------------------------- */

/* A new region wants to be seen now; files that went away, our own doing
   mostly, can wait. */
static void
watch_told(struct kyi_kymod *kymod)
{
	kymo_watch_step(kymod->watch, kyi_monotonic_ns());
	for (uint32_t i = kymo_watch_cnt(kymod->watch); i-- > 0;)
		if (!kyi_deaths_known(&kymod->deaths,
			kymo_region_info(kymo_watch_at(kymod->watch, i))))
			kymod->wants_scan = true;
}

static void
signal_told(struct kyi_kymod *kymod)
{
	struct signalfd_siginfo info;

	while (read(kymod->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			kyi_reload_begin(kymod->reload, false);
			continue;
		}
		kyi_log(KYMO_LOG_INFO, "%s: ending", info.ssi_signo == SIGINT ?
		    "SIGINT" : "SIGTERM");
		kyi_notify("STOPPING=1");
		kymod->ends = true;
	}
}

static void
told(struct kyi_kymod *kymod, const struct epoll_event *event)
{
	if (event->data.u64 == TOLD_SIGNAL) {
		signal_told(kymod);
	} else if (event->data.u64 == TOLD_WATCH) {
		watch_told(kymod);
	} else if (event->data.u64 == TOLD_ASK) {
		if (kyi_ask_take(kymod->ask))
			kyi_reload_begin(kymod->reload, true);
	} else if (event->data.u64 == TOLD_RELOAD) {
		kyi_reload_told(kymod->reload);
	} else {
		kyi_deaths_happened(&kymod->deaths, event->data.u64,
		    kyi_realtime_ns());
		kymod->wants_scan = true;
	}
}

static uint64_t
deadline_ns(const struct kyi_kymod *kymod)
{
	uint64_t at_ns = kymod->next_scan_ns;
	uint64_t watch_ns = kymo_watch_deadline_ns(kymod->watch);

	if (kymod->wants_scan && kymod->early_scan_ns < at_ns)
		at_ns = kymod->early_scan_ns;
	if (kymod->watchdog_ns != 0 && kymod->next_feed_ns < at_ns)
		at_ns = kymod->next_feed_ns;
	return watch_ns < at_ns ? watch_ns : at_ns;
}

/* Milliseconds until at_ns, rounded up so that it has come then. */
static int
until_ms(uint64_t at_ns)
{
	uint64_t now_ns = kyi_monotonic_ns(), ms;

	if (at_ns <= now_ns)
		return 0;
	ms = (at_ns - now_ns + 999999) / 1000000;
	return ms > 60000 ? 60000 : (int)ms;
}

static int
listen_to(struct kyi_kymod *kymod, int fd, uint64_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};

	return epoll_ctl(kymod->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int
kyi_kymod_loop(struct kyi_kymod *kymod)
{
	struct epoll_event events[64];
	int cnt;

	if (listen_to(kymod, kymod->signal_fd, TOLD_SIGNAL) != 0 ||
	    listen_to(kymod, kyi_ask_fd(kymod->ask), TOLD_ASK) != 0 ||
	    listen_to(kymod, kyi_reload_fd(kymod->reload),
	    TOLD_RELOAD) != 0) {
		kyi_log(KYMO_LOG_ERROR, "epoll: %s", strerror(errno));
		return 1;
	}
	kymod->next_scan_ns = kyi_monotonic_ns();
	kymod->watchdog_ns = kyi_watchdog_ns();
	kymod->watch_is_new = true;
	while (!kymod->ends) {
		uint64_t now_ns;

		/* Closing the old one's descriptor has taken it out. Should
		   this fail, there is still the regular look. */
		if (kymod->watch_is_new)
			(void)listen_to(kymod, kymo_watch_fd(kymod->watch),
			    TOLD_WATCH);
		kymod->watch_is_new = false;
		cnt = epoll_wait(kymod->epoll_fd, events, 64,
		    until_ms(deadline_ns(kymod)));
		for (int i = 0; i < cnt; i++)
			told(kymod, &events[i]);
		now_ns = kyi_monotonic_ns();
		watchdog_feed(kymod, now_ns);
		if (now_ns >= kymo_watch_deadline_ns(kymod->watch))
			watch_told(kymod);
		if (!kymod->ends && (now_ns >= kymod->next_scan_ns ||
			(kymod->wants_scan && now_ns >= kymod->early_scan_ns)))
			scan_and_plan(kymod);
	}
	return 0;
}
