/* SPDX-License-Identifier: MIT */
/* What kymod counts of itself, listed in schema/kymod.metrics. */
#include "tools/kymod.h"

#include <pthread.h>

#include "writer/kymo.h"

KYMO_INFO_FAMILY(build, "kymod_build", "Which kymod this is", "version");
KYMO_COUNTER(scans, "kymod_scans_total", "Scans of all regions");
KYMO_TIMER(scan_duration, "kymod_scan_duration_seconds",
	"Time that a scan takes, from looking for files to publishing it");
KYMO_COUNTER(scan_failures, "kymod_scan_failures_total",
	"Regions given up since a scan of them failed");
KYMO_GAUGE(regions, "kymod_regions", "Region files open now");
KYMO_GAUGE(regions_refused, "kymod_regions_refused",
	"Files now there that are no regions to trust");
KYMO_COUNTER(absorbed, "kymod_absorbed_total",
	"Dead processes whose totals were taken over");
KYMO_COUNTER_FAMILY(reloads, "kymod_config_reloads_total",
	"Configurations read again when told to", "result");
KYMO_COUNTER(log_left_out, "kymod_log_left_out_total",
	"Lines left out of a log that came too fast");
KYMO_COUNTER(http_requests, "kymod_http_requests_total", "Requests answered");
KYMO_COUNTER(http_scrapes, "kymod_http_scrapes_total",
	"Requests of /metrics answered with a page");
KYMO_COUNTER(http_refused, "kymod_http_refused_total",
	"Connections and requests refused");
KYMO_COUNTER(http_evicted, "kymod_http_evicted_total",
	"Connections cut off for being slow");
KYMO_COUNTER(http_sent, "kymod_http_sent_bytes_total",
	"Bytes of answers sent");
KYMO_FLOAT_COUNTER(http_scrape_time, "kymod_http_scrape_seconds_total",
	"Time spent making pages");
KYMO_GAUGE(http_connections, "kymod_http_connections",
	"Connections open now");
KYMO_COUNTER(http_queries, "kymod_http_queries_total",
	"Queries of clients that were given a thread");
KYMO_COUNTER(http_queries_given_up, "kymod_http_queries_canceled_total",
	"Queries given up, late or since nobody waits");
KYMO_FLOAT_COUNTER(http_query_time, "kymod_http_query_seconds_total",
	"Time spent on queries of clients");
KYMO_GAUGE(http_queries_running, "kymod_http_queries_running",
	"Queries of clients that run now");
KYMO_GAUGE(http_queries_waiting, "kymod_http_queries_waiting",
	"Queries of clients that wait for a thread");
KYMO_GAUGE(history_series, "kymod_history_series",
	"Series in the history's memory");
KYMO_COUNTER(history_samples, "kymod_history_samples_total",
	"Samples appended to the history");
KYMO_GAUGE(history_memory, "kymod_history_memory_bytes",
	"Memory of the history's columns, about");
KYMO_GAUGE(history_stored, "kymod_history_stored_bytes",
	"Size of the history's database; 0 without one");
KYMO_COUNTER(history_late, "kymod_history_late_total",
	"Appends left out, since their time was not after the one before");
KYMO_COUNTER(history_refused, "kymod_history_refused_total",
	"Samples of series beyond history.series");
KYMO_COUNTER(history_twice, "kymod_history_twice_total",
	"Samples left out, since their series had one of that time");
KYMO_COUNTER(history_errors, "kymod_history_store_errors_total",
	"What the history's database could not do");
KYMO_COUNTER(history_failures, "kymod_history_append_failures_total",
	"Scans of which some series found no memory");
KYMO_TIMER(history_append, "kymod_history_append_duration_seconds",
	"Time that appending a scan takes");
KYMO_GAUGE(detectors, "kymod_detectors",
	"Detectors of anomalies, one for each signal of a series");
KYMO_GAUGE(detectors_refused, "kymod_detectors_refused",
	"Signals that are not watched, beyond detection.detectors");
KYMO_GAUGE(detectors_memory, "kymod_detectors_memory_bytes",
	"Memory of detectors, about");
KYMO_GAUGE(detectors_changes, "kymod_detectors_changes",
	"Signals that are watched for changes of level");
KYMO_TIMER(detection_time, "kymod_detection_duration_seconds",
	"Time that a look at all series takes");
KYMO_COUNTER(anomalies, "kymod_anomalies_total",
	"Anomalies found, of score 1 or more");
KYMO_COUNTER(incidents, "kymod_incidents_total",
	"Incidents begun: anomalies of a service that came together");
KYMO_COUNTER(changes, "kymod_changes_total",
	"Changes of level found");
KYMO_GAUGE(rules_loaded, "kymod_rules", "Rules of the rule files");
KYMO_COUNTER(rule_evaluations, "kymod_rule_evaluations_total",
	"Rules evaluated");
KYMO_COUNTER(rule_failures, "kymod_rule_evaluation_failures_total",
	"Rules that could not be evaluated");
KYMO_COUNTER(rules_missed, "kymod_rule_passes_missed_total",
	"Passes of a group that came too late or met no new scan");
KYMO_TIMER(rule_pass, "kymod_rule_pass_duration_seconds",
	"Time that a pass over the rules that are due takes");
KYMO_FLOAT_GAUGE(rule_pass_last, "kymod_rule_pass_last_duration_seconds",
	"Time that the last such pass took");
KYMO_GAUGE_FAMILY(alerts, "kymod_alerts", "Alerts now", "state");
KYMO_COUNTER(notify_delivered, "kymod_notifications_delivered_total",
	"Messages that their receivers took");
KYMO_COUNTER(notify_failed, "kymod_notifications_failed_total",
	"Attempts to deliver a message that failed");
KYMO_COUNTER(notify_died, "kymod_notifications_died_total",
	"Messages given up");
KYMO_COUNTER(notify_refused, "kymod_notifications_refused_total",
	"Messages that found the outbox full; they are offered again");
KYMO_GAUGE(notify_waiting, "kymod_notifications_waiting",
	"Messages that wait to be delivered");
KYMO_GAUGE(notify_dead, "kymod_notifications_dead",
	"Messages given up that are still kept");

KYMO_COUNTER_FAMILY(profiles, "kymod_profiles_total",
	"Profiles of processes whose alerts fire, or why there is none", "result");

/* Before, a record would make a region elsewhere; threads begin earlier. */
static pthread_mutex_t inited_lock = PTHREAD_MUTEX_INITIALIZER;
static bool inited;
static struct kymo_counter reloads_good, reloads_bad;
static struct kymo_gauge alerts_pending, alerts_firing;

void
kyi_metrics_init(const char *dir)
{
	struct kymo_options options = {
		.size_bytes = sizeof(options), .service = "kymod", .dir = dir
	};
	struct kymo_status status = {.size_bytes = sizeof(status)};

	if (kymo_init_with(&options) != 0) {
		kymo_status(&status);
		kyi_log(KYMO_LOG_WARN, "no metrics of kymod itself: %s",
		    status.why);
	}
	kymo_info_at(build, 1, (const char *const[]){PACKAGE_VERSION});
	/* Both are there from the start, as zeros that can be watched. */
	reloads_good = KYMO_AT(counter, reloads, "ok");
	reloads_bad = KYMO_AT(counter, reloads, "failed");
	(void)KYMO_AT(counter, profiles, "taken");
	kymo_gauge_set(http_connections, 0);
	alerts_pending = KYMO_AT(gauge, alerts, "pending");
	alerts_firing = KYMO_AT(gauge, alerts, "firing");
	kymo_gauge_set(alerts_pending, 0);
	kymo_gauge_set(alerts_firing, 0);
	kymo_float_gauge_set(rule_pass_last, 0);
	kymo_gauge_set(notify_waiting, 0);
	kymo_gauge_set(notify_dead, 0);
	pthread_mutex_lock(&inited_lock);
	inited = true;
	pthread_mutex_unlock(&inited_lock);
}

void
kyi_metrics_scan(uint64_t took_ns, uint32_t region_cnt, uint32_t refused_cnt)
{
	static uint64_t left_out_cnt;
	uint64_t now_cnt = kyi_log_left_out_cnt();

	kymo_heartbeat();
	kymo_counter_inc(scans);
	kymo_timer_record(scan_duration, took_ns);
	kymo_gauge_set(regions, region_cnt);
	kymo_gauge_set(regions_refused, refused_cnt);
	kymo_counter_add(log_left_out, now_cnt - left_out_cnt);
	left_out_cnt = now_cnt;
}

void
kyi_metrics_scan_failed(void)
{
	kymo_counter_inc(scan_failures);
}

void
kyi_metrics_absorbed(void)
{
	kymo_counter_inc(absorbed);
}

void
kyi_metrics_reload(bool good)
{
	kymo_counter_inc(good ? reloads_good : reloads_bad);
}

/* The server keeps totals; a server that listens anew begins again at zero. */
static uint64_t
grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static void
queries_tell(const struct kymo_serve_stats *stats,
    const struct kymo_serve_stats *before)
{
	double seconds = stats->query_seconds - before->query_seconds;

	kymo_counter_add(http_queries, grown(stats->queries, before->queries));
	kymo_counter_add(http_queries_given_up,
	    grown(stats->queries_canceled, before->queries_canceled));
	kymo_float_counter_add(http_query_time,
	    seconds >= 0 ? seconds : stats->query_seconds);
	kymo_gauge_set(http_queries_running, stats->queries_running);
	kymo_gauge_set(http_queries_waiting, stats->queries_waiting);
}

void
kyi_metrics_serve(const struct kymo_serve_stats *stats)
{
	static struct kymo_serve_stats before;
	double seconds = stats->scrape_seconds - before.scrape_seconds;

	kymo_counter_add(http_requests, grown(stats->requests, before.requests));
	kymo_counter_add(http_scrapes, grown(stats->scrapes, before.scrapes));
	kymo_counter_add(http_refused, grown(stats->refused, before.refused));
	kymo_counter_add(http_evicted, grown(stats->evicted, before.evicted));
	kymo_counter_add(http_sent, grown(stats->bytes, before.bytes));
	kymo_float_counter_add(http_scrape_time,
	    seconds >= 0 ? seconds : stats->scrape_seconds);
	kymo_gauge_set(http_connections, stats->connections);
	queries_tell(stats, &before);
	before = *stats;
}

void
kyi_metrics_history(const struct kymo_history_stats *stats)
{
	static struct kymo_history_stats before;

	kymo_gauge_set(history_series, stats->series_cnt);
	kymo_counter_add(history_samples, stats->sample_cnt -
	    before.sample_cnt);
	kymo_gauge_set(history_memory, (int64_t)stats->memory_bytes);
	kymo_gauge_set(history_stored, (int64_t)stats->stored_bytes);
	kymo_counter_add(history_late, stats->late_cnt - before.late_cnt);
	kymo_counter_add(history_refused, stats->refused_cnt -
	    before.refused_cnt);
	kymo_counter_add(history_twice, stats->twice_cnt - before.twice_cnt);
	kymo_counter_add(history_errors, stats->error_cnt - before.error_cnt);
	before = *stats;
}

void
kyi_metrics_history_append(uint64_t took_ns, bool failed)
{
	kymo_timer_record(history_append, took_ns);
	kymo_counter_add(history_failures, failed);
}

void
kyi_metrics_rules(const struct kyi_rules_pass *pass)
{
	kymo_counter_add(rule_evaluations, pass->evaluated_cnt);
	kymo_counter_add(rule_failures, pass->failed_cnt);
	kymo_counter_add(rules_missed, pass->missed_cnt);
	kymo_timer_record(rule_pass, pass->took_ns);
	kymo_float_gauge_set(rule_pass_last, (double)pass->took_ns / 1e9);
}

void
kyi_metrics_alerts(uint32_t pending_cnt, uint32_t firing_cnt)
{
	kymo_gauge_set(alerts_pending, pending_cnt);
	kymo_gauge_set(alerts_firing, firing_cnt);
}

void
kyi_metrics_rules_loaded(uint32_t rule_cnt)
{
	kymo_gauge_set(rules_loaded, rule_cnt);
}

void
kyi_metrics_detection(uint64_t took_ns,
    const struct kymo_detectors_stats *stats,
    const struct kymo_detectors_stats *before)
{
	kymo_timer_record(detection_time, took_ns);
	kymo_gauge_set(detectors, stats->detector_cnt);
	kymo_gauge_set(detectors_refused, stats->refused_cnt);
	kymo_gauge_set(detectors_memory, (int64_t)stats->memory_bytes);
	kymo_gauge_set(detectors_changes, stats->change_watch_cnt);
	kymo_counter_add(anomalies, stats->alarm_cnt - before->alarm_cnt);
	kymo_counter_add(incidents, stats->incident_cnt -
	    before->incident_cnt);
	kymo_counter_add(changes, stats->change_cnt - before->change_cnt);
}

void
kyi_metrics_detection_off(void)
{
	kymo_gauge_set(detectors, 0);
	kymo_gauge_set(detectors_refused, 0);
	kymo_gauge_set(detectors_memory, 0);
	kymo_gauge_set(detectors_changes, 0);
}

/* The outbox counts since it was made: what was before us, others have told. */
void
kyi_metrics_notify(const struct kymo_outbox_stats *stats)
{
	static struct kymo_outbox_stats before;
	static bool began;
	bool may;

	pthread_mutex_lock(&inited_lock);
	may = inited;
	pthread_mutex_unlock(&inited_lock);
	if (!may && began)
		return;
	if (began) {
		kymo_counter_add(notify_delivered, stats->delivered -
		    before.delivered);
		kymo_counter_add(notify_failed, stats->failed - before.failed);
		kymo_counter_add(notify_died, stats->died - before.died);
		kymo_counter_add(notify_refused, stats->refused -
		    before.refused);
	}
	if (may) {
		kymo_gauge_set(notify_waiting, (int64_t)stats->waiting);
		kymo_gauge_set(notify_dead, (int64_t)stats->dead);
	}
	before = *stats;
	began = true;
}

void
kyi_metrics_profile(const char *result)
{
	bool may;

	pthread_mutex_lock(&inited_lock);
	may = inited;
	pthread_mutex_unlock(&inited_lock);
	if (may)
		kymo_counter_inc(KYMO_AT(counter, profiles, result));
}
