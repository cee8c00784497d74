/* SPDX-License-Identifier: MIT */
/* kymod, the sidecar: what its files share. It is only wiring; what it wires is
   in reader/. One thread turns the loop; rules, the history's disk, messages and the
   HTTP server have their own. */
#ifndef KYI_KYMOD_H
#define KYI_KYMOD_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/alert/routing.h"
#include "reader/config/config.h"
#include "reader/detect/detectors.h"
#include "reader/error.h"
#include "reader/health/health.h"
#include "reader/history/history.h"
#include "reader/notify/notify.h"
#include "reader/query/query.h"
#include "reader/region/watch.h"
#include "reader/rules/rules.h"
#include "reader/series/series.h"
#include "reader/serve/serve.h"

struct kyi_kymod;

/* ---- settings: the file, and the command line over it (kymod_settings.c) ---- */

/* What the command line says; zeros where it says nothing. */
struct kyi_options {
	const char *config_path; /* NULL: the usual file, if it is there */
	struct kymo_listen *listen;
	uint32_t listen_cnt;
	bool listen_none; /* --listen none */
	const char **dirs;
	uint32_t dir_cnt;
	uint64_t scan_interval_ns;
	const char *state_path;
	int log_level; /* -1: not said */
	bool check_config;
};

#define KYI_STATE_PATH_ROOM 512 /* with its end */

struct kyi_settings {
	struct kymo_config *config; /* what the rest points into */
	const char *config_path;    /* NULL: no file */
	const struct kymo_listen *listen;
	uint32_t listen_cnt;
	const char *const *dirs;
	uint32_t dir_cnt;
	struct kymo_trust trust;
	uint64_t scan_interval_ns;
	const char *state_path; /* "" memory */
	bool state_is_default;  /* nobody asked for this path */
	char state_room[KYI_STATE_PATH_ROOM];
	const char *history_path; /* "" memory */
	bool history_is_default;
	char history_room[KYI_STATE_PATH_ROOM + 32];
	uint64_t evaluation_interval_ns;
	uint32_t keep_dead, series_max, region_max;
	enum kymo_log_level log_level;
};

/* kyi_settings_load returns 0, or -1 and why, as kymo_config_load. */
int kyi_settings_load(struct kyi_settings *settings,
    const struct kyi_options *options, struct kymo_error *error);
void kyi_settings_free(struct kyi_settings *settings);
/* kyi_settings_move frees what to has; from is nobody's then. */
void kyi_settings_move(struct kyi_settings *to, struct kyi_settings *from);
/* Where the state came to be ("" memory): the usual history follows it. */
void kyi_settings_state_is(struct kyi_settings *settings,
    const char *state_path);
/* What a query may cost. */
struct kymo_query_options kyi_settings_query(
    const struct kyi_settings *settings);

/* ---- log (kymod_log.c) -------------------------------------------------------- */

/* Lines on stderr: "TIME LEVEL MESSAGE", or as the journal wants them. At most
   some tens a second; how many were left out is told when it calms down. Any
   thread. */
void kyi_log_init(void);
void kyi_log_level(enum kymo_log_level level);
void kyi_log(enum kymo_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t kyi_log_left_out_cnt(void);
/* kyi_notify tells systemd, if it listens: "READY=1". */
void kyi_notify(const char *state);
/* How often systemd's watchdog is to be fed, as it wants: a third of its time;
   0: there is none. */
uint64_t kyi_watchdog_ns(void);

/* ---- deaths (kymod_deaths.c) -------------------------------------------------- */

/* A process id file descriptor for each live process, so that its death is
   known at once. Only a hint to look: what is dead is told by the scan. */
struct kyi_death;
struct kyi_deaths {
	struct kyi_death *slots; /* a table by instance id */
	uint32_t slot_cnt;       /* a power of two, or 0 */
	uint32_t used_cnt;
	uint32_t round;          /* entries of an older one are gone */
	uint32_t fd_cnt, fd_max;
	int epoll_fd;
};

void kyi_deaths_init(struct kyi_deaths *deaths, int epoll_fd);
void kyi_deaths_free(struct kyi_deaths *deaths);
/* kyi_deaths_known: has this instance been seen by a scan? */
bool kyi_deaths_known(const struct kyi_deaths *deaths,
    const struct kymo_region_info *info);
/* A scan: begin, see each region, end forgets those not seen. */
void kyi_deaths_begin(struct kyi_deaths *deaths);
void kyi_deaths_see(struct kyi_deaths *deaths,
    const struct kymo_region_info *info, uint64_t now_ns);
void kyi_deaths_end(struct kyi_deaths *deaths);
/* kyi_deaths_happened: epoll told of data (its u64): that process has died.
   now_ns is realtime. */
void kyi_deaths_happened(struct kyi_deaths *deaths, uint64_t data,
    uint64_t now_ns);
/* kyi_deaths_when: the best that is known of when a dead one died (realtime). */
uint64_t kyi_deaths_when(const struct kyi_deaths *deaths,
    const struct kymo_region_info *info);

/* ---- own metrics (kymod_metrics.c) --------------------------------------------- */

/* They are counted by libkymo into a region of our own, and come back with
   everybody's. dir NULL: the usual place. */
void kyi_metrics_init(const char *dir);
void kyi_metrics_scan(uint64_t took_ns, uint32_t region_cnt,
    uint32_t refused_cnt);
void kyi_metrics_scan_failed(void);
void kyi_metrics_absorbed(void);
void kyi_metrics_reload(bool good);
void kyi_metrics_serve(const struct kymo_serve_stats *stats);
void kyi_metrics_history(const struct kymo_history_stats *stats);
void kyi_metrics_history_append(uint64_t took_ns, bool failed);
struct kyi_rules_pass {
	uint64_t took_ns;
	uint64_t evaluated_cnt, failed_cnt, missed_cnt; /* in this one */
};
void kyi_metrics_rules(const struct kyi_rules_pass *pass);
void kyi_metrics_alerts(uint32_t pending_cnt, uint32_t firing_cnt);
/* before: what was told before. */
void kyi_metrics_detection(uint64_t took_ns,
    const struct kymo_detectors_stats *stats,
    const struct kymo_detectors_stats *before);
void kyi_metrics_detection_off(void);
void kyi_metrics_rules_loaded(uint32_t rule_cnt);
void kyi_metrics_notify(const struct kymo_outbox_stats *stats);
/* One more, as kymo_profile_result_name has it; any thread. */
void kyi_metrics_profile(const char *result);

/* ---- history (kymod_history.c) -------------------------------------------------- */

struct kyi_history;

/* NULL: error has why. */
struct kyi_history *kyi_history_open(const struct kyi_settings *settings,
    struct kymo_error *error);
/* Writes what is not written; nobody may ask it any more. */
void kyi_history_close(struct kyi_history *history);
struct kymo_history *kyi_history_of(const struct kyi_history *history);
/* For a reload: what settings say now, NULL: error has why not. end: with the
   settings that were taken over, NULL: they were not; waits for the disk. */
struct kymo_history_change *kyi_history_change(struct kyi_history *history,
    const struct kyi_settings *settings, struct kymo_error *error);
void kyi_history_change_end(struct kyi_history *history,
    struct kymo_history_change *change, const struct kyi_settings *settings);
/* Appends the newest scan; returns its time (ms), 0: there is none. */
int64_t kyi_history_scan(struct kyi_kymod *kymod);

/* ---- who depends on whom (kymod_depend.c) ------------------------------------------ */

struct kyi_dependency;

/* As far as there is memory; NULL: nobody on nobody. */
struct kyi_dependency *kyi_dependencies_of(const struct kymo_config *config);
void kyi_dependencies_free(struct kyi_dependency *dependencies);
/* Does service depend on other, directly or not? One thread at a time. */
bool kyi_dependencies_reach(struct kyi_dependency *dependencies,
    const char *service, const char *other);

/* ---- detection (kymod_detect.c) -------------------------------------------------- */

struct kyi_detection;

/* Before the model's first scan. state_path: beside it is kept what was learned;
   "" nowhere. NULL: error has why. */
struct kyi_detection *kyi_detection_open(const struct kyi_settings *settings,
    struct kymo_model *model, const char *state_path,
    struct kymo_error *error);
void kyi_detection_close(struct kyi_detection *detection);
/* What settings say now; before health takes what they say of components. */
void kyi_detection_take(struct kyi_detection *detection,
    const struct kyi_settings *settings);
/* Into the scan that is being made: what was found. There is a new scan. */
void kyi_detection_ingest(struct kyi_detection *detection);
void kyi_detection_scan(struct kyi_detection *detection);
/* Who hears of components that are worse than they were; NULL: nobody any more. */
struct kyi_health;
void kyi_detection_health(struct kyi_detection *detection,
    struct kyi_health *health);
/* What was found, by any thread; returns what told does. */
int kyi_detection_told(struct kyi_detection *detection,
    int (*told)(void *to, const struct kymo_anomalies *anomalies), void *to);
/* Takes the names; what was found, as series (kymod_found.c). */
void kyi_found_names(struct kymo_model *model);
void kyi_found_ingest(struct kymo_model *model,
    const struct kymo_anomalies *list);
/* For templates, as kymo_rule_options.anomaly; of is a struct kyi_detection. */
void kyi_detection_say(void *of, const struct kymo_label *labels, uint32_t cnt,
    bool members, struct kymo_buffer *out);

/* ---- components (kymod_components.c) ---------------------------------------------- */

/* For kymo_model_filter; of are settings. */
bool kyi_component_shown(void *of, const struct kymo_family_scan *family);

struct kyi_components;

/* NULL: no memory. */
struct kyi_components *kyi_components_make(const struct kyi_settings *settings);
void kyi_components_free(struct kyi_components *components);
/* The scan, model's newest, as the history is to have it: lives as long as scan
   does, until the next call. False: no memory. */
bool kyi_components_take(struct kyi_components *components,
    const struct kyi_settings *settings, struct kymo_model *model,
    const struct kymo_scan *scan, struct kymo_scan *taken);

/* ---- alerting (kymod_alerting.c) -------------------------------------------------- */

struct kyi_alerting;

/* state_path: beside it messages are kept; "" in memory. NULL: error has why. */
struct kyi_alerting *kyi_alerting_open(const struct kyi_settings *settings,
    const char *state_path, struct kymo_error *error);
void kyi_alerting_close(struct kyi_alerting *alerting);
/* A pass of rules: any thread, that of the engine. */
void kyi_alerting_pass(struct kyi_alerting *alerting,
    struct kymo_rule_engine *engine);
/* Where messages find what is known of their alerts: history and model, of
   which alerting gets a thread of its own, profiles, and rules (NULL: there are
   none any more). */
struct kyi_rules;
struct kyi_profiles;
int kyi_alerting_know(struct kyi_alerting *alerting,
    struct kymo_history *history, struct kymo_model *model,
    struct kyi_profiles *profiles, struct kymo_error *error);
void kyi_alerting_rules(struct kyi_alerting *alerting, struct kyi_rules *rules);
/* For the server: calls use while nothing else happens. As kymo_serve_options'
   alerting; any thread. */
int kyi_alerting_use(struct kyi_alerting *alerting, kymo_serve_use *use,
    void *to);
/* For a reload: what settings say now, -1: error has what is wrong. Else
   messages wait until settle takes it, or leaves all as it was. */
int kyi_alerting_change(struct kyi_alerting *alerting,
    const struct kyi_settings *settings, struct kymo_error *error);
void kyi_alerting_settle(struct kyi_alerting *alerting, bool taken);
/* Is the routing file good? faults hears of what is wrong with it; error, of
   the first that is not. */
int kyi_alerting_check(const struct kyi_settings *settings,
    const struct kymo_routing_faults *faults, uint32_t *receiver_cnt,
    struct kymo_error *error);

/* ---- rules (kymod_rules.c) -------------------------------------------------------- */

struct kyi_rules;
struct kyi_rule_set;

/* state_path: where alerts' states are kept; "" nowhere. alerting and profiles
   outlive it, and get each pass; so does detection, which templates ask. NULL:
   error has why. */
struct kyi_rules *kyi_rules_open(const struct kyi_settings *settings,
    struct kymo_history *history, const char *state_path,
    struct kyi_alerting *alerting, struct kyi_detection *detection,
    struct kyi_profiles *profiles, struct kymo_error *error);
void kyi_rules_close(struct kyi_rules *rules);
/* For a reload: a set of what settings say now, NULL: error has what is wrong;
   take puts it in the place of the one before, and alerts go on. */
struct kyi_rule_set *kyi_rule_set_make(struct kyi_rules *rules,
    const struct kyi_settings *settings, struct kymo_error *error);
void kyi_rules_take(struct kyi_rules *rules, struct kyi_rule_set *set);
void kyi_rule_set_free(struct kyi_rule_set *set);
/* How many there are; the thread that takes sets. */
uint32_t kyi_rules_cnt(const struct kyi_rules *rules);
/* There is a new scan. */
void kyi_rules_scan(struct kyi_rules *rules, int64_t at_ms);
/* As kymo_rule_engine_status; any thread. */
int kyi_rules_status(struct kyi_rules *rules,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to);
/* The expression of the rule that an alert with these labels is of, to be
   freed; NULL: not certain. Any thread. */
char *kyi_rules_expr(struct kyi_rules *rules, const struct kymo_labels *labels);
/* kyi_rules_load: the files of settings (kymod_rule_files.c); faults hears of all
   that is wrong. */
int kyi_rules_load(struct kymo_rules **rules,
    const struct kyi_settings *settings, const struct kymo_rule_faults *faults);

/* ---- POST /-/reload (kymod_ask.c) --------------------------------------------------- */

/* Threads of the server ask the loop, which looks at fd, and wait. */
struct kyi_ask;

/* NULL: no descriptor, no memory. */
struct kyi_ask *kyi_ask_new(void);
void kyi_ask_delete(struct kyi_ask *ask);
int kyi_ask_fd(const struct kyi_ask *ask);
/* Any thread: 0, or -1 and what is wrong. over: the answer is waited for no
   longer. */
int kyi_ask_reload(struct kyi_ask *ask, bool (*over)(void *at), void *at,
    struct kymo_error *error);
/* The loop: has anybody asked? Then it is to be answered. */
bool kyi_ask_take(struct kyi_ask *ask);
void kyi_ask_answer(struct kyi_ask *ask, int result,
    const struct kymo_error *error);
/* Nobody will answer any more: who waits goes. */
void kyi_ask_close(struct kyi_ask *ask);

/* ---- the reload (kymod_reload.c) ----------------------------------------------------- */

/* SIGHUP and POST /-/reload. What is wrong changes nothing, and is logged, and
   told to who asked. All of it is called by the loop, which looks at fd. */
struct kyi_reload;

/* NULL: no descriptor, no memory. */
struct kyi_reload *kyi_reload_new(struct kyi_kymod *kymod);
/* Waits until one that is under way has ended, taken or not. */
void kyi_reload_delete(struct kyi_reload *reload);
int kyi_reload_fd(const struct kyi_reload *reload);
/* One more; where one is under way, after it. asked: kyi_ask_take said so. */
void kyi_reload_begin(struct kyi_reload *reload, bool asked);
void kyi_reload_told(struct kyi_reload *reload);

/* ---- the loop (kymod_loop.c) ----------------------------------------------------- */

struct kyi_kymod {
	const struct kyi_options *options;
	struct kyi_settings settings;
	/* What the model was made with; a reload cannot change it. */
	char state_path[KYI_STATE_PATH_ROOM];
	uint32_t series_max;
	struct kymo_watch *watch;
	struct kymo_model *model;
	struct kymo_serve *serve;
	struct kyi_components *components;
	struct kyi_detection *detection;
	struct kyi_history *history;
	struct kyi_alerting *alerting;
	struct kyi_rules *rules;
	struct kyi_health *health; /* tools/kymod_health.h */
	struct kyi_profiles *profiles; /* tools/kymod_profile.h */
	struct kyi_ask *ask;
	struct kyi_reload *reload;
	struct kyi_deaths deaths;
	int epoll_fd, signal_fd;
	uint64_t next_scan_ns;  /* monotonic */
	uint64_t early_scan_ns; /* not before this, when asked for one */
	uint64_t scan_took_ns;
	uint64_t watchdog_ns, next_feed_ns; /* 0: none */
	bool watch_is_new, wants_scan, ready, ends;
	struct kymo_region **retire; /* room for one scan's dead */
	uint32_t retire_room;
};

/* kyi_kymod_watch makes a watch of settings; NULL and error. */
struct kymo_watch *kyi_kymod_watch(const struct kyi_settings *settings,
    struct kymo_error *error);
/* kyi_kymod_serve makes a server of settings; NULL and error. */
struct kymo_serve *kyi_kymod_serve(struct kyi_kymod *kymod,
    const struct kyi_settings *settings, struct kymo_error *error);
/* .. and what makes the one there is as settings say. */
struct kymo_serve_change *kyi_kymod_serve_change(struct kyi_kymod *kymod,
    const struct kyi_settings *settings, struct kymo_error *error);
bool kyi_same_listen(const struct kyi_settings *a,
    const struct kyi_settings *b);
/* kyi_kymod_listening logs where. */
void kyi_kymod_listening(const struct kyi_settings *settings);
/* The URL of an address, without a path. */
void kyi_url(char url[96], const struct kymo_listen *listen);

/* kyi_kymod_loop runs until a signal ends it. Returns an exit code. */
int kyi_kymod_loop(struct kyi_kymod *kymod);
/* kyi_kymod_check says whether the configuration and its rule files are good
   (kymod_check.c). Returns an exit code. */
int kyi_kymod_check(const struct kyi_options *options);

/* How long without a scan is stale: what the ready page says. */
uint64_t kyi_stale_ns(const struct kyi_settings *settings);
uint64_t kyi_monotonic_ns(void);
uint64_t kyi_realtime_ns(void);

#endif
