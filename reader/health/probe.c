/* SPDX-License-Identifier: MIT */
/* Errands: begun, stepped, given up. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "reader/health/probe_private.h"

#define EVENTS_MAX 64
#define WIRE_ID UINT64_C(0)
#define STARTS_ID UINT64_MAX
/* Programs that were killed and do not end, or do not even begin: one that waits
   for a disk that is gone cannot, and another would be begun for each look. */
#define ENDLESS_MAX 64u

uint64_t
kyi_probe_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) +
	    (uint64_t)now.tv_nsec;
}

void
kyi_unknown(struct kymo_looked *looked, const char *format, ...)
{
	char text[KYMO_REASON_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	looked->result = KYMO_LOOK_UNKNOWN;
	kyi_care_reason(looked->reason, "%s", text);
}

/* ---- errands -------------------------------------------------------------- */

static struct kyi_errand *
errand_new(struct kymo_probe *probe, uint64_t ticket)
{
	struct kyi_errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->id = ++probe->last_id;
	errand->ticket = ticket;
	errand->pid_fd = errand->out_fd = -1;
	errand->begun_ns = kyi_probe_now_ns();
	errand->next = probe->errands;
	probe->errands = errand;
	return errand;
}

static void
errand_free(struct kymo_probe *probe, struct kyi_errand *errand)
{
	struct kyi_errand **at = &probe->errands;

	while (*at != errand)
		at = &(*at)->next;
	*at = errand->next;
	kyi_run_free(errand);
	kyi_fetch_free(probe, errand);
	free(errand);
}

/* Those of whose end nothing tells. */
static void
errands_reap(struct kymo_probe *probe)
{
	struct kyi_errand *errand = probe->errands, *next;

	for (; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->pid > 0 && errand->pid_fd < 0 &&
		    kyi_run_is_over(errand))
			errand_free(probe, errand);
	}
}

struct kyi_errand *
kyi_errand_find(const struct kymo_probe *probe, uint64_t id)
{
	struct kyi_errand *errand = probe->errands;

	while (errand != NULL && errand->id != id)
		errand = errand->next;
	return errand;
}

void
kyi_errand_done(struct kymo_probe *probe, struct kyi_errand *errand,
    struct kymo_looked *looked)
{
	uint64_t ticket = errand->ticket;

	looked->seconds = (double)(kyi_probe_now_ns() - errand->begun_ns) / 1e9;
	/* A program that was killed and has not ended stays, to be reaped. */
	errand->ticket = 0;
	if (kyi_run_is_over(errand))
		errand_free(probe, errand);
	if (ticket != 0)
		probe->options.looked(probe->options.of, ticket, looked);
}

static void
fetched(void *of, CURL *easy, CURLcode code)
{
	struct kymo_probe *probe = of;
	struct kyi_errand *errand = probe->errands;

	while (errand != NULL && errand->easy != easy)
		errand = errand->next;
	if (errand != NULL)
		kyi_fetch_done(probe, errand, code);
}

/* ---- the probe ------------------------------------------------------------ */

static int
listen_to(const struct kymo_probe *probe, int fd, uint64_t id)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = id};

	return epoll_ctl(probe->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int
kymo_probe_new(struct kymo_probe **probe,
    const struct kymo_probe_options *options, struct kymo_error *error)
{
	struct kymo_probe *made = calloc(1, sizeof(*made));

	*probe = NULL;
	if (made == NULL)
		return kymo_error_set(error, "out of memory");
	made->options = *options;
	/* Counted: others begin and end it, too. */
	made->began = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	made->wire.done = fetched;
	made->wire.of = made;
	made->wire.epoll_fd = -1;
	made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	made->starts = kyi_starts_new();
	if (made->epoll_fd < 0 || made->starts == NULL) {
		kymo_error_set(error, "no descriptors: %s", strerror(errno));
	} else if (kyi_wire_init(&made->wire, error) == 0) {
		if (listen_to(made, made->wire.epoll_fd, WIRE_ID) == 0 &&
		    listen_to(made, kyi_starts_fd(made->starts),
		    STARTS_ID) == 0) {
			*probe = made;
			return 0;
		}
		kymo_error_set(error, "epoll_ctl: %s", strerror(errno));
	}
	kymo_probe_delete(made);
	return -1;
}

void
kymo_probe_delete(struct kymo_probe *probe)
{
	if (probe == NULL)
		return;
	kyi_starts_end(probe->starts);
	while (probe->errands != NULL) {
		if (!probe->errands->is_action)
			kyi_run_kill(probe->errands);
		errand_free(probe, probe->errands);
	}
	kyi_wire_end(&probe->wire);
	if (probe->epoll_fd >= 0)
		close(probe->epoll_fd);
	if (probe->began)
		curl_global_cleanup();
	free(probe);
}

static bool
endless(const struct kymo_probe *probe, struct kymo_looked *now)
{
	const struct kyi_errand *errand;
	uint32_t cnt = 0;

	for (errand = probe->errands; errand != NULL; errand = errand->next)
		cnt += errand->ticket == 0 &&
		    (errand->pid > 0 || errand->starting);
	if (cnt < ENDLESS_MAX)
		return false;
	kyi_unknown(now, "%u programs that were killed have not ended, or not "
	    "even begun", cnt);
	return true;
}

int
kymo_probe_look(struct kymo_probe *probe, uint64_t ticket,
    const struct kymo_check *check, struct kymo_looked *now)
{
	struct kyi_errand *errand;
	int result = -1;

	errands_reap(probe);
	if (check->kind == KYMO_CHECK_COMMAND && endless(probe, now))
		return 1;
	errand = errand_new(probe, ticket);
	if (errand == NULL)
		kyi_unknown(now, "out of memory");
	else if (check->kind == KYMO_CHECK_COMMAND)
		result = kyi_run_begin(probe, errand, check->argv, "", now);
	else if (check->kind == KYMO_CHECK_TCP ||
	    check->kind == KYMO_CHECK_HTTP)
		result = kyi_fetch_begin(probe, errand, check, now);
	else
		kyi_unknown(now, "nothing here looks at that");
	if (result == 0)
		return 0;
	if (errand != NULL)
		errand_free(probe, errand);
	return 1;
}

int
kymo_probe_act(struct kymo_probe *probe, uint64_t ticket,
    const char *component, const struct kymo_action *action,
    struct kymo_looked *now)
{
	struct kyi_errand *errand;
	int result = -1;

	errands_reap(probe);
	errand = errand_new(probe, ticket);
	if (errand != NULL)
		errand->is_action = true;
	if (errand == NULL)
		kyi_unknown(now, "out of memory");
	else if (action->kind == KYMO_ACTION_COMMAND ||
	    action->kind == KYMO_ACTION_UNIT)
		result = kyi_run_begin(probe, errand, action->argv, component,
		    now);
	else if (action->kind == KYMO_ACTION_HTTP)
		result = kyi_fetch_post(probe, errand, action->what, now);
	else
		kyi_unknown(now, "nothing here does that");
	if (result == 0)
		return 0;
	if (errand != NULL)
		errand_free(probe, errand);
	return 1;
}

/* A program that is killed is still to be reaped; one that starts is killed
   when it has. */
bool
kymo_probe_give_up(struct kymo_probe *probe, uint64_t ticket)
{
	struct kyi_errand *errand = probe->errands;

	while (errand != NULL && errand->ticket != ticket)
		errand = errand->next;
	if (errand == NULL)
		return false;
	errand->ticket = 0;
	if (errand->starting)
		return true;
	if (errand->pid > 0)
		kyi_run_kill(errand);
	else
		errand_free(probe, errand);
	return false;
}

int
kymo_probe_fd(const struct kymo_probe *probe)
{
	return probe->epoll_fd;
}

int64_t
kymo_probe_wait_ms(const struct kymo_probe *probe)
{
	int64_t wait_ms = kyi_wire_wait_ms(&probe->wire);

	return wait_ms == INT64_MAX ? -1 : wait_ms;
}

void
kymo_probe_step(struct kymo_probe *probe)
{
	struct epoll_event events[EVENTS_MAX];
	int cnt = epoll_wait(probe->epoll_fd, events, EVENTS_MAX, 0), i;
	struct kyi_started started;

	while (kyi_start_take(probe->starts, &started))
		kyi_run_started(probe, &started);
	kyi_wire_step(&probe->wire);
	for (i = 0; i < cnt; i++) {
		uint64_t id = events[i].data.u64;
		struct kyi_errand *errand = id == WIRE_ID || id == STARTS_ID ?
		    NULL : kyi_errand_find(probe, id);

		if (errand != NULL)
			kyi_run_step(probe, errand);
	}
}
