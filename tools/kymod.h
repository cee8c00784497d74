/* SPDX-License-Identifier: MIT */
/* kymod, the sidecar: what its files share. It is only wiring; what it wires is
   in reader/. One thread turns the loop; the HTTP server has its own. */
#ifndef KYI_KYMOD_H
#define KYI_KYMOD_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/config/config.h"
#include "reader/error.h"
#include "reader/region/watch.h"
#include "reader/series/series.h"
#include "reader/serve/serve.h"

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
	char state_room[512];
	uint32_t keep_dead, series_max, region_max;
	enum kymo_log_level log_level;
};

/* kyi_settings_load returns 0, or -1 and why, as kymo_config_load. */
int kyi_settings_load(struct kyi_settings *settings,
    const struct kyi_options *options, struct kymo_error *error);
void kyi_settings_free(struct kyi_settings *settings);

/* ---- log (kymod_log.c) -------------------------------------------------------- */

/* Lines on stderr: "TIME LEVEL MESSAGE", or as the journal wants them. At most
   some tens a second; how many were left out is told when it calms down. Only
   the loop's thread logs. */
void kyi_log_init(void);
void kyi_log_level(enum kymo_log_level level);
void kyi_log(enum kymo_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t kyi_log_left_out_cnt(void);
/* kyi_notify tells systemd, if it listens: "READY=1". */
void kyi_notify(const char *state);

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

/* ---- the loop (kymod_loop.c) ----------------------------------------------------- */

struct kyi_kymod {
	const struct kyi_options *options;
	struct kyi_settings settings;
	/* What the model was made with; a reload cannot change it. */
	char state_path[512];
	uint32_t series_max;
	struct kymo_watch *watch;
	struct kymo_model *model;
	struct kymo_serve *serve; /* NULL: listens nowhere */
	struct kyi_deaths deaths;
	int epoll_fd, signal_fd;
	uint64_t next_scan_ns;  /* monotonic */
	uint64_t early_scan_ns; /* not before this, when asked for one */
	uint64_t scan_took_ns;
	bool watch_is_new, wants_scan, ready, ends;
	struct kymo_region **retire; /* room for one scan's dead */
	uint32_t retire_room;
};

/* kyi_kymod_watch makes a watch of settings; NULL and error. */
struct kymo_watch *kyi_kymod_watch(const struct kyi_settings *settings,
    struct kymo_error *error);
/* kyi_kymod_listening logs where. */
void kyi_kymod_listening(const struct kyi_settings *settings);
/* The URL of an address, without a path. */
void kyi_url(char url[96], const struct kymo_listen *listen);

/* kyi_kymod_loop runs until a signal ends it. Returns an exit code. */
int kyi_kymod_loop(struct kyi_kymod *kymod);
/* kyi_kymod_reload: SIGHUP (kymod_reload.c). A bad file changes nothing. */
void kyi_kymod_reload(struct kyi_kymod *kymod);

/* How long without a scan is stale: what the ready page says. */
uint64_t kyi_stale_ns(const struct kyi_settings *settings);
uint64_t kyi_monotonic_ns(void);
uint64_t kyi_realtime_ns(void);

#endif
