/* SPDX-License-Identifier: MIT */
/* kymod's configuration: a YAML file (docs/configuration.md).

     enabled: true
     collection_interval: 1s      # 50ms to 1m; scan_interval is its older name
     listen: 127.0.0.1:9779       # or a list; [::1]:9779; "none"
     hosts: [metrics.example.org] # names that clients may ask by, besides
     directories: [/run/kymo]     # none: the usual places
     trusted_users: [www-data, 1000]   # whose files count besides
     state: /var/lib/kymo/control.db   # or "memory"
     keep_dead: 5                 # regions of the dead, per service
     limits: {series: 200000, regions: 10000}
     log_level: info              # debug, info, warn, error
     history: {path: /var/lib/kymo/history.db, memory: 15m}
     retention: [{step: 1s, keep: 48h, max_size: 2GiB}, {step: 15s, keep: 14d}]
     rule_files: [rules.yml]      # globs, beside this file
     evaluation_interval: 1s
     external_labels: {region: eu}
     external_url: http://metrics.example.org
     alerting: {routes: routes.yml}    # beside this file; changes: local
     detection: {budget: 1 per series per week}
     profiles: {enabled: true}    # of processes of firing alerts
     query: {timeout: 2m, max_samples: 50000000, max_memory: 512MiB}
     components: {cache: {collection_interval: 10s}, debug: {enabled: false}}
                                  # and their health: reader/config/care.h

   Unknown keys, wrong types, values out of range and such as contradict one
   another are errors with file:line:col, what was expected, and the nearest
   known key. Aliases, merge keys and more than one document are refused; size,
   depth and number of nodes are bounded. */
#ifndef KYMO_READER_CONFIG_H
#define KYMO_READER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/config/care.h"
#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_listen {
	char host[64]; /* a numeric address, no brackets */
	uint16_t port;
};

enum kymo_log_level {
	KYMO_LOG_DEBUG = 0,
	KYMO_LOG_INFO = 1,
	KYMO_LOG_WARN = 2,
	KYMO_LOG_ERROR = 3
};

#define KYMO_CONFIG_TIER_MAX 3

struct kymo_config_tier {
	uint64_t step_ms;
	uint64_t keep_ms;  /* 0: for ever */
	uint64_t max_bytes; /* 0: no cap */
};

struct kymo_config_override {
	struct kymo_config_text metrics; /* a regular expression */
	/* Of each tier; 0: not in it. */
	uint64_t keep_ms[KYMO_CONFIG_TIER_MAX];
	uint32_t keep_cnt;
	struct kymo_config_place keep_place;
};

/* A component is what programs call so (KYMO_COMPONENT). */
struct kymo_config_component {
	struct kymo_config_text name;
	bool disabled;
	uint64_t interval_ns; /* 0: as all; else a multiple of that */
	struct kymo_config_place interval_place;
	/* Globs of names; none: all, and none. */
	char **include, **exclude;
	uint32_t include_cnt, exclude_cnt;
	/* Its health; NULL: nothing is said of it. */
	struct kymo_care_plan *care;
};

struct kymo_config_label {
	char *key, *value;
};

struct kymo_config_query {
	uint64_t timeout_ms, lookback_ms;
	uint64_t samples_max, memory_bytes_max;
	uint32_t series_max, concurrency, queue_max;
};

/* Zeros: as detectors.h has it. */
#define KYMO_CONFIG_CHANGE_MAX 2000u /* 13 MB */
struct kymo_config_detection {
	bool disabled, all_scores;
	double budget_week; /* alarms a series and week */
	uint64_t interval_ns;
	uint32_t detector_max;
	uint32_t change_max; /* signals whose changes are found */
	uint64_t change_interval_ns;
};

/* Who may silence, acknowledge, and have messages sent, by HTTP. */
enum kymo_config_changes {
	KYMO_CHANGES_LOCAL, /* who asks from this machine */
	KYMO_CHANGES_ALL,   /* whoever can ask */
	KYMO_CHANGES_NONE
};

/* Of which alerts' processes a profile is taken, and how. Zeros and NULL: not
   said. */
struct kymo_config_profiles {
	bool enabled, dwarf;
	struct kymo_config_text *alerts; /* matchers; an alert needs one of them */
	uint32_t alert_cnt;
	char *command;
	struct kymo_config_place command_place;
	uint32_t seconds, frequency, per_hour, keep;
	uint64_t bytes_max;
	enum kymo_config_changes readers; /* who may read them by HTTP */
};

/* Alertmanagers that get all alerts, and how they are reached; files put behind
   the folder. */
struct kymo_config_alertmanager {
	char **urls; /* SCHEME://HOST:PORT/PREFIX */
	uint32_t url_cnt;
	char *user, *password, *password_file; /* NULL: none */
	char *bearer, *bearer_file;
	char *ca_file, *cert_file, *key_file, *proxy;
	uint64_t timeout_ms; /* 0: not said */
};

struct kymo_config {
	char *path; /* of the file; NULL: the defaults */
	/* Whose it was when it was read, and its st_mode. */
	uint32_t file_uid, file_gid, file_mode;
	bool disabled;
	uint64_t scan_interval_ns; /* collection_interval */
	struct kymo_listen *listen;
	uint32_t listen_cnt;
	char **hosts;
	uint32_t host_cnt;
	char **directories;
	uint32_t directory_cnt;
	uint32_t *trusted_uids;
	uint32_t trusted_uid_cnt;
	char *state_path; /* NULL: the default place; "" in memory */
	uint32_t keep_dead;
	uint32_t series_max, region_max;
	enum kymo_log_level log_level;

	/* history and retention. Zeros: as history.h has it. */
	char *history_path; /* NULL: beside the state; "" in memory */
	uint64_t history_memory_ms, history_journal_ms;
	uint32_t history_series_max;
	struct kymo_config_tier tiers[KYMO_CONFIG_TIER_MAX];
	uint32_t tier_cnt; /* 0: not said */
	struct kymo_config_override *overrides;
	uint32_t override_cnt;

	/* Globs, those that are relative put behind the file's folder. */
	struct kymo_config_text *rule_files;
	uint32_t rule_file_cnt;
	uint64_t evaluation_interval_ns; /* 0: not said */
	struct kymo_config_label *external_labels;
	uint32_t external_label_cnt;
	char *external_url; /* NULL: not said */
	/* A routing file, put behind the folder as those are; NULL: not said. */
	struct kymo_config_text alerting_routes;
	struct kymo_config_alertmanager *alertmanagers;
	uint32_t alertmanager_cnt;
	struct kymo_config_detection detection;
	struct kymo_config_profiles profiles;
	enum kymo_config_changes alerting_changes;
	struct kymo_config_query query; /* zeros: not said */

	struct kymo_config_component *components;
	uint32_t component_cnt;
};

/* kymo_config_load reads path; NULL gives the defaults. On failure *config is
   NULL and error.text is "path:line:col: what; what to do". */
KYMO_READER_API KYMO_MUST_CHECK int kymo_config_load(
    struct kymo_config **config, const char *path, struct kymo_error *error);
/* The same for text in memory; name stands for the path in messages. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_config_parse(
    struct kymo_config **config, const char *name, const char *text,
    size_t len_bytes, struct kymo_error *error);
KYMO_READER_API void kymo_config_free(struct kymo_config *config);

/* kymo_config_care takes what config says of components' health out of it: an
   array of *cnt plans, the caller's then (each, and the array). NULL and 0:
   there is none; NULL and *cnt: no memory, nothing was taken. */
KYMO_READER_API struct kymo_care_plan **kymo_config_care(
    struct kymo_config *config, uint32_t *cnt);

/* Values, for command lines too. A duration is 1h30m, 15s, 250ms, 14d; a size
   512MiB, 1.5GB, 100B; an address HOST:PORT, [v6]:PORT or :PORT (127.0.0.1). */
KYMO_READER_API KYMO_MUST_CHECK int kymo_duration_parse(uint64_t *ns,
    const char *text, struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_size_parse(uint64_t *bytes,
    const char *text, struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_listen_parse(
    struct kymo_listen *listen, const char *text, struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
