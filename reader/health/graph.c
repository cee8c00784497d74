/* SPDX-License-Identifier: MIT */
/* What a component is, from all that is known of it; and on whom it hangs. */
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

/* ---- order ---------------------------------------------------------------- */

struct walk {
	struct kymo_care *care;
	uint8_t *seen; /* 1: on the way, 2: done */
	uint32_t cnt;
	struct kymo_error *error;
};

static int
walk_from(struct walk *walk, uint32_t idx)
{
	struct kyi_component *component = &walk->care->components[idx];
	uint32_t i;

	walk->seen[idx] = 1;
	for (i = 0; i < component->plan->depends_on_cnt; i++) {
		const char *name = component->plan->depends_on[i].text;
		const struct kyi_component *on = kyi_care_find(walk->care,
		    name);
		uint32_t on_idx;

		if (on == NULL)
			return kymo_error_set(walk->error, "%s depends on %s, "
			    "which is not there", component->name, name);
		on_idx = (uint32_t)(on - walk->care->components);
		if (walk->seen[on_idx] == 1)
			return kymo_error_set(walk->error, "%s depends on "
			    "itself, by %s", component->name, name);
		if (walk->seen[on_idx] == 0 && walk_from(walk, on_idx) != 0)
			return -1;
		component->depends_on[i] = on_idx;
		if (on->doubt_ns > component->doubt_ns)
			component->doubt_ns = on->doubt_ns;
	}
	walk->seen[idx] = 2;
	walk->care->order[walk->cnt++] = idx;
	return 0;
}

int
kyi_graph_make(struct kymo_care *care, struct kymo_error *error)
{
	struct walk walk = { .care = care, .error = error };
	int result = 0;
	uint32_t i;

	walk.seen = calloc(care->planned_cnt + 1u, 1);
	care->order = calloc(care->planned_cnt + 1u, sizeof(care->order[0]));
	if (walk.seen == NULL || care->order == NULL)
		result = kymo_error_set(error, "out of memory");
	for (i = 0; result == 0 && i < care->planned_cnt; i++)
		if (walk.seen[i] == 0)
			result = walk_from(&walk, i);
	free(walk.seen);
	return result;
}

/* ---- states --------------------------------------------------------------- */

/* failing > degraded > unknown > starting > ok */
static int
rank_of(enum kymo_condition state)
{
	static const int ranks[] = {
		[KYMO_IS_OK] = 1, [KYMO_IS_STARTING] = 2, [KYMO_IS_UNKNOWN] = 3,
		[KYMO_IS_DEGRADED] = 4, [KYMO_IS_FAILING] = 5,
	};

	return ranks[state];
}

struct verdict {
	enum kymo_condition state;
	char reason[KYMO_REASON_BYTES];
	int rank; /* 0: nothing is known at all */
};

static void
weigh(struct verdict *verdict, enum kymo_condition state, const char *by,
    const char *reason)
{
	if (rank_of(state) <= verdict->rank)
		return;
	verdict->rank = rank_of(state);
	verdict->state = state;
	if (state == KYMO_IS_OK)
		verdict->reason[0] = '\0';
	else
		kyi_care_reason(verdict->reason, "%s%s%s", by,
		    *by != '\0' && *reason != '\0' ? ": " : "", reason);
}

static void
weigh_check(struct verdict *verdict, const struct kyi_check *check)
{
	enum kymo_condition state = check->state;

	if (state == KYMO_IS_FAILING && check->plan->degrades)
		state = KYMO_IS_DEGRADED;
	weigh(verdict, state, check->plan->name, check->reason);
	if (check->trend.higher)
		weigh(verdict, KYMO_IS_DEGRADED, check->plan->name,
		    "takes much longer than it did");
}

static void
component_weigh(struct kymo_care *care, struct kyi_component *component)
{
	struct verdict verdict = { .state = KYMO_IS_UNKNOWN };
	char worse[KYMO_REASON_BYTES];
	uint32_t i;

	if (component->reported)
		weigh(&verdict, component->report, "",
		    component->report_reason);
	for (i = 0; component->plan != NULL &&
	    i < component->plan->check_cnt; i++)
		weigh_check(&verdict, &component->checks[i]);
	if (kyi_past_worse(component, worse))
		weigh(&verdict, KYMO_IS_DEGRADED, "", worse);
	if (care->now_ns >= component->degraded_until_ns)
		component->degraded[0] = '\0'; /* nobody said it again */
	if (component->degraded[0] != '\0')
		weigh(&verdict, KYMO_IS_DEGRADED, "", component->degraded);
	if (verdict.rank == 0)
		kyi_care_reason(verdict.reason, "%s", component->plan == NULL ?
		    "it reported itself, and does not any more" :
		    component->refused[0] != '\0' ? component->refused :
		    "nothing is said of it: no check, and no report of its own");
	if (verdict.state != component->state || component->since_ns == 0) {
		if (component->since_ns != 0)
			kyi_care_say(care, verdict.state == KYMO_IS_FAILING ||
			    verdict.state == KYMO_IS_DEGRADED ? 2 : 1,
			    "component %s: %s, was %s%s%s", component->name,
			    kymo_condition_name(verdict.state),
			    kymo_condition_name(component->state),
			    verdict.reason[0] != '\0' ? "; " : "",
			    verdict.reason);
		component->state = verdict.state;
		component->since_ns = care->now_ns;
		component->since_ms = care->now_ms;
	}
	memcpy(component->reason, verdict.reason, sizeof(component->reason));
}

/* ---- roots ---------------------------------------------------------------- */

/* In order: what it depends on knows its own root already. */
static void
root_find(struct kymo_care *care, struct kyi_component *component)
{
	uint32_t root = KYI_CARE_NONE, i;

	for (i = 0; root == KYI_CARE_NONE &&
	    i < component->plan->depends_on_cnt; i++) {
		const struct kyi_component *on =
		    &care->components[component->depends_on[i]];

		if (on->root != KYI_CARE_NONE)
			root = on->root;
		else if (on->state == KYMO_IS_FAILING)
			root = component->depends_on[i];
	}
	if (root != KYI_CARE_NONE) {
		component->root = root;
		component->root_ns = care->now_ns;
	} else if (component->root != KYI_CARE_NONE &&
	    (component->state == KYMO_IS_OK ||
	    care->now_ns - component->root_ns >= component->settle_ns)) {
		/* Its own checks had time to see that the root is well. */
		component->root = KYI_CARE_NONE;
	}
}

/* In order, too. One that has no checks has nothing to be looked at. */
static void
good_find(struct kymo_care *care, struct kyi_component *component)
{
	uint32_t i;

	component->good_ns = UINT64_MAX;
	for (i = 0; i < component->plan->check_cnt; i++)
		if (component->checks[i].good_ns < component->good_ns)
			component->good_ns = component->checks[i].good_ns;
	for (i = 0; i < component->plan->depends_on_cnt; i++) {
		const struct kyi_component *on =
		    &care->components[component->depends_on[i]];

		if (on->good_ns < component->good_ns)
			component->good_ns = on->good_ns;
	}
}

void
kyi_graph_step(struct kymo_care *care)
{
	uint32_t i;

	for (i = 0; i < care->component_cnt; i++)
		component_weigh(care, &care->components[i]);
	for (i = 0; i < care->planned_cnt; i++) {
		root_find(care, &care->components[care->order[i]]);
		good_find(care, &care->components[care->order[i]]);
	}
}
