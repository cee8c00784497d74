/* SPDX-License-Identifier: MIT */
/* Looking and acting by the network and by programs: TCP, HTTP, commands, many at
   once, behind one descriptor. Nothing here waits.

   Programs are started by posix_spawn, in a thread for each start, since an exec
   may wait for a disk that is gone: an absolute path and its words, never a
   shell; an empty environment but for PATH, LC_ALL and KYMO_COMPONENT; no
   descriptor but the first three; a process group of its own, which is killed when
   it is given up, and, of a check, when it is done. Exit 0 is good; 3, as
   monitoring plugins have it, or a program that could not be started, unknown.
   HTTP follows no redirect, uses no proxy, and reads 64 KiB of a body.

   Threads  one at a time. */
#ifndef KYMO_READER_PROBE_H
#define KYMO_READER_PROBE_H

#include "reader/health/health.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_probe;

struct kymo_probe_options {
	void *of;
	/* From kymo_probe_step: what came of a ticket that answered 0. */
	void (*looked)(void *of, uint64_t ticket,
	    const struct kymo_looked *looked);
	/* Whether the regular expression finds itself in text: 1, 0; -1: it
	   cannot be told. */
	int (*found)(void *of, const char *pattern, const char *text);
};

KYMO_READER_API KYMO_MUST_CHECK int kymo_probe_new(struct kymo_probe **probe,
    const struct kymo_probe_options *options, struct kymo_error *error);
/* Checks end by that; actions that run go on. */
KYMO_READER_API void kymo_probe_delete(struct kymo_probe *probe);

/* As struct kymo_care_world has them: of checks TCP, HTTP, COMMAND; of actions
   COMMAND, UNIT, HTTP; all others are unknown. */
KYMO_READER_API int kymo_probe_look(struct kymo_probe *probe, uint64_t ticket,
    const struct kymo_check *check, struct kymo_looked *now);
KYMO_READER_API int kymo_probe_act(struct kymo_probe *probe, uint64_t ticket,
    const char *component, const struct kymo_action *action,
    struct kymo_looked *now);
KYMO_READER_API bool kymo_probe_give_up(struct kymo_probe *probe,
    uint64_t ticket);

/* Readable: kymo_probe_step has something to do; or after so many ms, -1: not
   by time. */
KYMO_READER_API int kymo_probe_fd(const struct kymo_probe *probe);
KYMO_READER_API int64_t kymo_probe_wait_ms(const struct kymo_probe *probe);
KYMO_READER_API void kymo_probe_step(struct kymo_probe *probe);

#ifdef __cplusplus
}
#endif

#endif
