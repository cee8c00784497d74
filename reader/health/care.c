/* SPDX-License-Identifier: MIT */
/* Components: made of plans, changed, stepped. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

/* A reporter whose processes are gone is forgotten after that. */
#define GONE_NS (600 * UINT64_C(1000000000))

void
kyi_care_reason(char to[KYMO_REASON_BYTES], const char *format, ...)
{
	va_list args;
	size_t len_bytes;

	va_start(args, format);
	vsnprintf(to, KYMO_REASON_BYTES, format, args);
	va_end(args);
	len_bytes = strlen(to);
	if (len_bytes < KYMO_REASON_BYTES - 1)
		return;
	/* Not in the middle of a character. */
	while (len_bytes > 0 && ((unsigned char)to[len_bytes - 1] & 0xc0) == 0x80)
		len_bytes--;
	if (len_bytes > 0 && ((unsigned char)to[len_bytes - 1] & 0x80) != 0)
		len_bytes--;
	to[len_bytes] = '\0';
}

void
kyi_care_say(const struct kymo_care *care, int level, const char *format, ...)
{
	char text[600];
	va_list args;

	if (care->options.world.say == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	care->options.world.say(care->options.world.of, level, text);
}

struct kyi_component *
kyi_care_find(const struct kymo_care *care, const char *name)
{
	uint32_t i;

	for (i = 0; i < care->component_cnt; i++)
		if (strcmp(care->components[i].name, name) == 0)
			return &care->components[i];
	return NULL;
}

/* ---- making --------------------------------------------------------------- */

static void
component_free(struct kyi_component *component)
{
	free(component->name);
	free(component->checks);
	free(component->depends_on);
	kymo_care_plan_free(component->plan);
}

void
kyi_care_components_free(struct kymo_care *care)
{
	uint32_t i;

	for (i = 0; i < care->component_cnt; i++)
		component_free(&care->components[i]);
	free(care->components);
	free(care->facts);
	free(care->orphans);
	free(care->order);
}

static void
component_init(struct kyi_component *component)
{
	component->state = KYMO_IS_UNKNOWN;
	component->root = KYI_CARE_NONE;
	component->remedy.seconds = 0;
	component->remedy.last_seconds = NAN;
	kyi_past_init(&component->past);
}

/* How long it may take until its checks are believed. */
static uint64_t
believed_ns(const struct kymo_care_plan *plan, bool good)
{
	uint64_t most_ms = 0;
	uint32_t i;

	for (i = 0; i < plan->check_cnt; i++) {
		const struct kymo_check *check = &plan->checks[i];
		uint64_t ms = (good ? check->successes : check->failures) *
		    (check->interval_ms + check->interval_ms / 10) +
		    check->timeout_ms;

		if (ms > most_ms)
			most_ms = ms;
	}
	return most_ms * KYI_CARE_MS;
}

static int
component_make(struct kyi_component *component, struct kymo_care_plan *plan)
{
	uint32_t i;

	component_init(component);
	component->plan = plan;
	component->name = strdup(plan->component);
	component->checks = calloc(plan->check_cnt + 1u,
	    sizeof(component->checks[0]));
	component->depends_on = calloc(plan->depends_on_cnt + 1u,
	    sizeof(component->depends_on[0]));
	if (component->name == NULL || component->checks == NULL ||
	    component->depends_on == NULL)
		return -1;
	component->settle_ns = believed_ns(plan, true);
	component->doubt_ns = believed_ns(plan, false);
	for (i = 0; i < plan->check_cnt; i++) {
		struct kyi_check *check = &component->checks[i];

		check->plan = &plan->checks[i];
		check->state = KYMO_IS_STARTING;
		check->seconds = check->certificate_days = NAN;
	}
	return 0;
}

int
kyi_care_plans_take(struct kymo_care *care, struct kymo_care_plan **plans,
    uint32_t plan_cnt, struct kymo_error *error)
{
	int result = 0;
	uint32_t i;

	care->components = calloc(plan_cnt + 1u, sizeof(care->components[0]));
	for (i = 0; i < plan_cnt; i++) {
		if (care->components == NULL) {
			kymo_care_plan_free(plans[i]);
			continue;
		}
		care->component_cnt = care->planned_cnt = i + 1;
		if (component_make(&care->components[i], plans[i]) != 0)
			result = -1;
	}
	free(plans);
	if (care->components == NULL || result != 0 || kyi_facts_make(care) != 0)
		return kymo_error_set(error, "out of memory");
	return kyi_graph_make(care, error);
}

int
kymo_care_new(struct kymo_care **care, const struct kymo_care_options *options,
    struct kymo_care_plan **plans, uint32_t plan_cnt, struct kymo_error *error)
{
	struct kymo_care made = { .options = *options };

	*care = NULL;
	if (made.options.stale_ns == 0)
		made.options.stale_ns = UINT64_C(10000000000);
	if (kyi_care_plans_take(&made, plans, plan_cnt, error) != 0) {
		kyi_care_components_free(&made);
		return -1;
	}
	*care = malloc(sizeof(**care));
	if (*care == NULL) {
		kyi_care_components_free(&made);
		return kymo_error_set(error, "out of memory");
	}
	**care = made;
	return 0;
}

void
kymo_care_delete(struct kymo_care *care)
{
	if (care == NULL)
		return;
	kyi_care_components_free(care);
	free(care);
}

/* ---- those that report themselves ----------------------------------------- */

struct kyi_component *
kyi_care_reporter(struct kymo_care *care, const char *name)
{
	struct kyi_component *array = NULL;
	char *copy;

	if (care->component_cnt - care->planned_cnt >= KYI_CARE_REPORTERS_MAX)
		return NULL;
	copy = strdup(name);
	if (copy != NULL)
		array = reallocarray(care->components,
		    care->component_cnt + 1u, sizeof(array[0]));
	if (array == NULL) {
		free(copy);
		return NULL;
	}
	care->components = array;
	array += care->component_cnt++;
	memset(array, 0, sizeof(*array));
	component_init(array);
	array->name = copy;
	return array;
}

static void
reporters_forget(struct kymo_care *care)
{
	uint32_t i = care->planned_cnt;

	while (i < care->component_cnt) {
		struct kyi_component *component = &care->components[i];

		if (component->reported ||
		    care->now_ns - component->report_ns < GONE_NS) {
			i++;
			continue;
		}
		component_free(component);
		memmove(component, component + 1, (care->component_cnt - i - 1) *
		    sizeof(*component));
		care->component_cnt--;
	}
}

/* ---- stepping ------------------------------------------------------------- */

void
kymo_care_step(struct kymo_care *care, uint64_t now_ns, int64_t now_ms)
{
	uint32_t i, k;

	care->now_ns = now_ns;
	care->now_ms = now_ms;
	for (i = 0; i < care->planned_cnt; i++)
		for (k = 0; k < care->components[i].plan->check_cnt; k++)
			kyi_check_step(care, &care->components[i],
			    &care->components[i].checks[k]);
	reporters_forget(care);
	kyi_graph_step(care);
	for (i = 0; i < care->planned_cnt; i++)
		kyi_recover_step(care, &care->components[i]);
	kyi_orphans_step(care);
}

uint64_t
kymo_care_next_ns(const struct kymo_care *care)
{
	uint64_t next_ns = kyi_orphans_next_ns(care);
	uint32_t i, k;

	for (i = 0; i < care->component_cnt; i++)
		if (care->components[i].degraded[0] != '\0' &&
		    care->components[i].degraded_until_ns < next_ns)
			next_ns = care->components[i].degraded_until_ns;
	for (i = 0; i < care->planned_cnt; i++) {
		const struct kyi_component *component = &care->components[i];
		uint64_t at_ns = kyi_recover_next_ns(care, component);

		if (at_ns < next_ns)
			next_ns = at_ns;
		for (k = 0; k < component->plan->check_cnt; k++) {
			at_ns = kyi_check_next_ns(&component->checks[k]);
			if (at_ns < next_ns)
				next_ns = at_ns;
		}
	}
	return next_ns;
}

void
kymo_care_looked(struct kymo_care *care, uint64_t ticket,
    const struct kymo_looked *looked)
{
	uint32_t i, k;

	if (kyi_orphan_acted(care, ticket, looked))
		return;
	for (i = 0; ticket != 0 && i < care->planned_cnt; i++) {
		struct kyi_component *component = &care->components[i];

		if (component->remedy.ticket == ticket) {
			kyi_recover_acted(care, component, looked);
			return;
		}
		for (k = 0; k < component->plan->check_cnt; k++)
			if (component->checks[k].ticket == ticket) {
				kyi_check_looked(care, &component->checks[k],
				    looked);
				return;
			}
	}
}

bool
kymo_care_degraded(struct kymo_care *care, const char *name,
    const char *reason, uint64_t until_ns)
{
	struct kyi_component *component = kyi_care_find(care, name);

	if (component == NULL)
		return false;
	kyi_care_reason(component->degraded, "%s",
	    reason == NULL ? "" : reason);
	component->degraded_until_ns = until_ns;
	return true;
}
