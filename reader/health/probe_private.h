/* SPDX-License-Identifier: MIT */
#ifndef KYI_HEALTH_PROBE_PRIVATE_H
#define KYI_HEALTH_PROBE_PRIVATE_H

#include <sys/types.h>

#include "reader/health/private.h"
#include "reader/health/probe.h"
#include "reader/wire.h"

#define KYI_PROBE_SAID_BYTES 256u          /* of a program's output */
#define KYI_PROBE_BODY_BYTES ((size_t)65536) /* of an answer */

/* One look, or one action, that runs. */
struct kyi_errand {
	struct kyi_errand *next;
	uint64_t id, ticket; /* ticket 0: given up, or done */
	uint64_t begun_ns;
	bool is_action;
	/* A program. */
	bool starting;     /* a thread is about it */
	char program[256]; /* as far as it is told */
	pid_t pid;         /* 0: none */
	int pid_fd, out_fd; /* -1: none */
	char said[KYI_PROBE_SAID_BYTES];
	size_t said_bytes;
	/* A connection. */
	CURL *easy;
	char why[CURL_ERROR_SIZE];
	bool connects_only;
	uint32_t status_min, status_max, certificate_days;
	char *contains, *matches;
	struct kymo_buffer body;
};

/* ---- probe_start.c: starts of programs, each in a thread of its own. An exec
   may wait for a disk that is gone, for ever: then that thread does, alone. */

struct kyi_starts;

/* NULL: no memory, no descriptor. */
struct kyi_starts *kyi_starts_new(void);
/* What is not taken yet, or not begun, is nobody's any more: checks' programs
   are killed when they come to be. */
void kyi_starts_end(struct kyi_starts *starts);
/* Readable: there is something to take. */
int kyi_starts_fd(const struct kyi_starts *starts);
/* out_fd, the program's output, is taken over. 0, or an errno. */
KYMO_MUST_CHECK int kyi_start_begin(struct kyi_starts *starts, uint64_t id,
    char *const *argv, const char *component, int out_fd, bool is_action);

struct kyi_started {
	uint64_t id;
	pid_t pid; /* with a group of its own, ours to reap */
	int wrong; /* an errno: there is no pid */
};

/* False: there is nothing (any more). */
bool kyi_start_take(struct kyi_starts *starts, struct kyi_started *started);

struct kymo_probe {
	struct kymo_probe_options options;
	struct kyi_starts *starts;
	struct kyi_wire wire;
	int epoll_fd;
	bool began; /* libcurl */
	uint64_t last_id;
	struct kyi_errand *errands;
};

uint64_t kyi_probe_now_ns(void);
void kyi_unknown(struct kymo_looked *looked, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Tells what came of it, and forgets it. */
void kyi_errand_done(struct kymo_probe *probe, struct kyi_errand *errand,
    struct kymo_looked *looked);

/* -1: *now has why. Else it is being started. */
KYMO_MUST_CHECK int kyi_run_begin(struct kymo_probe *probe,
    struct kyi_errand *errand, char *const *argv, const char *component,
    struct kymo_looked *now);
/* What came of a start. */
void kyi_run_started(struct kymo_probe *probe,
    const struct kyi_started *started);
struct kyi_errand *kyi_errand_find(const struct kymo_probe *probe,
    uint64_t id);
/* Its output, its end. */
void kyi_run_step(struct kymo_probe *probe, struct kyi_errand *errand);
void kyi_run_kill(struct kyi_errand *errand);
/* Whether it is reaped, or there is none. */
bool kyi_run_is_over(struct kyi_errand *errand);
void kyi_run_free(struct kyi_errand *errand);

KYMO_MUST_CHECK int kyi_fetch_begin(struct kymo_probe *probe,
    struct kyi_errand *errand, const struct kymo_check *check,
    struct kymo_looked *now);
KYMO_MUST_CHECK int kyi_fetch_post(struct kymo_probe *probe,
    struct kyi_errand *errand, const char *url, struct kymo_looked *now);
void kyi_fetch_done(struct kymo_probe *probe, struct kyi_errand *errand,
    CURLcode code);
void kyi_fetch_free(struct kymo_probe *probe, struct kyi_errand *errand);

#endif
