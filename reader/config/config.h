/* SPDX-License-Identifier: MIT */
/* kymod's configuration: a YAML file (docs/configuration.md).

     scan_interval: 1s            # 50ms to 1m
     listen: 127.0.0.1:9779       # or a list; [::1]:9779; "none"
     hosts: [metrics.example.org] # names that clients may ask by, besides
     directories: [/run/kymo]     # none: the usual places
     trusted_users: [www-data, 1000]   # whose files count besides
     state: /var/lib/kymo/control.db   # or "memory"
     keep_dead: 5                 # regions of the dead, per service
     limits: {series: 200000, regions: 10000}
     log_level: info              # debug, info, warn, error

   Unknown keys, wrong types and values out of range are errors with
   file:line:col, what was expected, and the nearest known key. Aliases,
   merge keys and more than one document are refused; size, depth and number
   of nodes are bounded. */
#ifndef KYMO_READER_CONFIG_H
#define KYMO_READER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct kymo_config {
	uint64_t scan_interval_ns;
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

/* Values, for command lines too. A duration is 1h30m, 15s, 250ms; an address
   HOST:PORT, [v6]:PORT or :PORT (127.0.0.1). */
KYMO_READER_API KYMO_MUST_CHECK int kymo_duration_parse(uint64_t *ns,
    const char *text, struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_listen_parse(
    struct kymo_listen *listen, const char *text, struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
