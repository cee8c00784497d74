/* SPDX-License-Identifier: MIT */
/* What kymod counts of itself, listed in schema/kymod.metrics. */
#include "tools/kymod.h"

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
	"Configurations read again on SIGHUP", "result");
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

static struct kymo_counter reloads_good, reloads_bad;

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
	kymo_gauge_set(http_connections, 0);
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
	before = *stats;
}
