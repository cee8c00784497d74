/* SPDX-License-Identifier: MIT */
/* Routing: to whom which alert goes, how often, and when it does not.
   Alertmanager's configuration files are read as they are; docs/alerting.md
   has what may stand in them besides, under the key kymo. */
#ifndef KYMO_READER_ROUTING_H
#define KYMO_READER_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/history/samples.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_routing;

/* Whoever reads a file hears, line by line ("file:line:column: what"), what is
   wrong, and what is read but does nothing here (warn; may be NULL). */
struct kymo_routing_faults {
	void (*fault)(void *of, const char *text);
	void (*warn)(void *of, const char *text);
	void *of;
};

/* kymo_routing_load reads a file; all that is wrong is told to faults.fault,
   and is an error. -1: *routing is NULL. To check a file, load it. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_routing_load(
    struct kymo_routing **routing, const char *path,
    const struct kymo_routing_faults *faults);
/* The same of a text; name stands for the path. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_routing_parse(
    struct kymo_routing **routing, const char *name, const char *text,
    size_t len_bytes, const struct kymo_routing_faults *faults);
KYMO_READER_API void kymo_routing_delete(struct kymo_routing *routing);

/* kymo_routing_print appends routes, receivers' names and inhibitions as a
   configuration; no way to a receiver, so no secret. */
KYMO_READER_API void kymo_routing_print(const struct kymo_routing *routing,
    struct kymo_buffer *out);

/* ---- receivers ----------------------------------------------------------- */

enum kymo_integration_kind {
	KYMO_INTEGRATION_WEBHOOK,
	KYMO_INTEGRATION_SLACK,
	KYMO_INTEGRATION_EMAIL
};

/* One way to reach a receiver. */
struct kymo_integration {
	const char *receiver;
	/* Of its own: the receiver's name where that has one way, else with
	   "/webhook/0" and so on. */
	const char *name;
	enum kymo_integration_kind kind;
	bool send_resolved;
	uint32_t line;
	const void *private_;
};

KYMO_READER_API const struct kymo_integration *kymo_routing_integrations(
    const struct kymo_routing *routing, uint32_t *cnt);
/* A text of its configuration, path as "http_config.basic_auth.username",
   elements of lists by number ("actions.0.url"); NULL: there is none.
   Lifetime: the routing's. */
KYMO_READER_API const char *kymo_integration_get(
    const struct kymo_integration *integration, const char *path);
/* Where that stands: the key of a map, or the element of a list; where it is
   not there, the way itself. From 1. */
KYMO_READER_API void kymo_integration_place(
    const struct kymo_integration *integration, const char *path,
    uint32_t *line, uint32_t *column);
/* kymo_integration_each calls each for what is in the map or the list at path,
   in its order: key is "" in a list, text NULL of what is none. Stops when each
   returns nonzero, and returns that. */
KYMO_READER_API int kymo_integration_each(
    const struct kymo_integration *integration, const char *path,
    int (*each)(void *to, const char *key, const char *text), void *to);
/* The same of global. */
KYMO_READER_API const char *kymo_routing_global(
    const struct kymo_routing *routing, const char *path);
/* kymo_routing_templates calls each for the patterns of files, as glob(7), that
   the file names as templates; they are beside it. Stops when each returns
   nonzero, and returns that. */
KYMO_READER_API int kymo_routing_templates(const struct kymo_routing *routing,
    int (*each)(void *to, const char *pattern, uint32_t line, uint32_t column),
    void *to);

/* ---- routes -------------------------------------------------------------- */

struct kymo_route {
	const char *receiver;
	const char *const *group_by;
	uint32_t group_by_cnt;
	bool group_by_all; /* '...' */
	int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
	uint32_t line;
	const void *private_;
};

/* kymo_routing_routes calls each for the routes that take these labels, in
   their order. Stops when each returns nonzero, and returns that. */
KYMO_READER_API int kymo_routing_routes(const struct kymo_routing *routing,
    const struct kymo_labels *labels,
    int (*each)(void *to, const struct kymo_route *route), void *to);

/* Whether a time interval of the file has this time; -1: there is none of this
   name. */
KYMO_READER_API int kymo_routing_interval(const struct kymo_routing *routing,
    const char *name, int64_t at_ms);

#ifdef __cplusplus
}
#endif

#endif
