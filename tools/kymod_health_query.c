/* SPDX-License-Identifier: MIT */
/* Expressions of checks: a thread of their own, for a query may take long. */
#include "tools/kymod_health.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define WAIT_MAX 256u

struct asked {
	struct asked *next;
	uint64_t ticket;
	struct kymo_looked looked;
	char text[]; /* flexible */
};

struct list {
	struct asked *first, **last;
	uint32_t cnt;
};

struct kyi_health_queries {
	const struct kymo_source *source;
	struct kymo_query_options options;
	int wake_fd;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t wake;
	struct list waiting, answered;
	uint64_t ticket; /* that is being evaluated; 0: none, or given up */
	bool ends;
};

/* ---- lists -------------------------------------------------------------------------- */

static void
list_init(struct list *list)
{
	list->first = NULL;
	list->last = &list->first;
	list->cnt = 0;
}

static void
list_add(struct list *list, struct asked *asked)
{
	asked->next = NULL;
	*list->last = asked;
	list->last = &asked->next;
	list->cnt++;
}

static struct asked *
list_take(struct list *list)
{
	struct asked *asked = list->first;

	if (!asked)
		return NULL;
	list->first = asked->next;
	if (!list->first)
		list->last = &list->first;
	list->cnt--;
	return asked;
}

/* Takes out the one with that ticket; NULL: there is none. */
static struct asked *
list_find(struct list *list, uint64_t ticket)
{
	struct asked **at = &list->first, *asked;

	while (*at && (*at)->ticket != ticket)
		at = &(*at)->next;
	asked = *at;
	if (!asked)
		return NULL;
	*at = asked->next;
	if (!asked->next)
		list->last = at;
	list->cnt--;
	return asked;
}

/* ---- an answer ------------------------------------------------------------------------- */

/* Every value is to be true. None at all tells nothing. */
static void
result_look(const struct kymo_result *result, struct kymo_looked *looked)
{
	looked->result = KYMO_LOOK_GOOD;
	if (result->kind == KYMO_VALUE_SCALAR) {
		if (!(result->scalar < 0 || result->scalar > 0))
			looked->result = KYMO_LOOK_BAD;
	} else if (result->series_cnt == 0) {
		looked->result = KYMO_LOOK_UNKNOWN;
		snprintf(looked->reason, sizeof(looked->reason), "the "
		    "expression gives no series; compare with bool, as "
		    "x < bool 5");
		return;
	}
	for (uint32_t i = 0; i < result->series_cnt; i++) {
		double value = result->series[i].points[0].value;

		if (!(value < 0 || value > 0))
			looked->result = KYMO_LOOK_BAD;
	}
	if (looked->result == KYMO_LOOK_BAD)
		snprintf(looked->reason, sizeof(looked->reason), "the "
		    "expression is not true");
}

static void
answer(struct kyi_health_queries *queries, struct asked *asked)
{
	struct kymo_query_error wrong = {.line = 0};
	struct kymo_result *result = NULL;
	struct kymo_query *query = NULL;
	uint64_t start_ns = kyi_monotonic_ns();

	asked->looked.result = KYMO_LOOK_UNKNOWN;
	if (kymo_query_parse(&query, asked->text, strlen(asked->text),
		&wrong) == 0 && kymo_query_instant(query, queries->source,
		(int64_t)(kyi_realtime_ns() / 1000000), &queries->options,
		&result, &wrong) == 0)
		result_look(result, &asked->looked);
	else
		snprintf(asked->looked.reason, sizeof(asked->looked.reason),
		    "%.*s", (int)sizeof(asked->looked.reason) - 1,
		    wrong.error.text);
	asked->looked.seconds = (double)(kyi_monotonic_ns() - start_ns) / 1e9;
	if (result)
		kymo_result_delete(result);
	if (query)
		kymo_query_delete(query);
}

static bool
cancelled(void *of)
{
	struct kyi_health_queries *queries = of;
	bool is;

	pthread_mutex_lock(&queries->lock);
	is = queries->ends || queries->ticket == 0;
	pthread_mutex_unlock(&queries->lock);
	return is;
}

static void *
answers(void *of)
{
	struct kyi_health_queries *queries = of;
	struct asked *asked;

	pthread_mutex_lock(&queries->lock);
	while (!queries->ends) {
		asked = list_take(&queries->waiting);
		if (!asked) {
			pthread_cond_wait(&queries->wake, &queries->lock);
			continue;
		}
		queries->ticket = asked->ticket;
		pthread_mutex_unlock(&queries->lock);
		answer(queries, asked);
		pthread_mutex_lock(&queries->lock);
		if (queries->ticket == 0) {
			free(asked);
			continue;
		}
		queries->ticket = 0;
		list_add(&queries->answered, asked);
		(void)!eventfd_write(queries->wake_fd, 1);
	}
	pthread_mutex_unlock(&queries->lock);
	return NULL;
}

/* ---- asking ------------------------------------------------------------------------------ */

struct kyi_health_queries *
kyi_health_queries_open(const struct kymo_source *source,
    const struct kymo_query_options *options, int wake_fd,
    struct kymo_error *error)
{
	struct kyi_health_queries *queries = calloc(1, sizeof(*queries));
	int wrong;

	if (!queries) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	queries->source = source;
	queries->options = *options;
	queries->options.cancelled = cancelled;
	queries->options.of = queries;
	queries->wake_fd = wake_fd;
	list_init(&queries->waiting);
	list_init(&queries->answered);
	pthread_mutex_init(&queries->lock, NULL);
	pthread_cond_init(&queries->wake, NULL);
	wrong = pthread_create(&queries->thread, NULL, answers, queries);
	queries->has_thread = wrong == 0;
	if (wrong == 0)
		return queries;
	kymo_error_set(error, "no thread for health: %s", strerror(wrong));
	kyi_health_queries_close(queries);
	return NULL;
}

void
kyi_health_queries_close(struct kyi_health_queries *queries)
{
	struct asked *asked;

	if (!queries)
		return;
	pthread_mutex_lock(&queries->lock);
	queries->ends = true;
	pthread_cond_signal(&queries->wake);
	pthread_mutex_unlock(&queries->lock);
	if (queries->has_thread)
		pthread_join(queries->thread, NULL);
	while ((asked = list_take(&queries->waiting)))
		free(asked);
	while ((asked = list_take(&queries->answered)))
		free(asked);
	pthread_cond_destroy(&queries->wake);
	pthread_mutex_destroy(&queries->lock);
	free(queries);
}

int
kyi_health_queries_ask(struct kyi_health_queries *queries, uint64_t ticket,
    const char *text, struct kymo_looked *now)
{
	size_t text_bytes = strlen(text) + 1;
	struct asked *asked = calloc(1, sizeof(*asked) + text_bytes);
	bool full;

	pthread_mutex_lock(&queries->lock);
	full = queries->waiting.cnt >= WAIT_MAX;
	if (asked && !full) {
		memcpy(asked->text, text, text_bytes);
		asked->ticket = ticket;
		asked->looked.certificate_days = now->certificate_days;
		list_add(&queries->waiting, asked);
		pthread_cond_signal(&queries->wake);
	}
	pthread_mutex_unlock(&queries->lock);
	if (asked && !full)
		return 0;
	free(asked);
	now->result = KYMO_LOOK_UNKNOWN;
	snprintf(now->reason, sizeof(now->reason), full ?
	    "too many expressions wait to be evaluated" : "out of memory");
	return 1;
}

bool
kyi_health_queries_give_up(struct kyi_health_queries *queries, uint64_t ticket)
{
	struct asked *asked;
	bool found;

	pthread_mutex_lock(&queries->lock);
	asked = list_find(&queries->waiting, ticket);
	free(asked);
	found = asked || queries->ticket == ticket;
	if (queries->ticket == ticket)
		queries->ticket = 0;
	pthread_mutex_unlock(&queries->lock);
	return found;
}

bool
kyi_health_queries_take(struct kyi_health_queries *queries, uint64_t *ticket,
    struct kymo_looked *looked)
{
	struct asked *asked;

	pthread_mutex_lock(&queries->lock);
	asked = list_take(&queries->answered);
	pthread_mutex_unlock(&queries->lock);
	if (!asked)
		return false;
	*ticket = asked->ticket;
	*looked = asked->looked;
	free(asked);
	return true;
}
