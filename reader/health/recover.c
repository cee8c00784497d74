/* SPDX-License-Identifier: MIT */
/* What is done about a component that fails: one attempt at a time, written down
   before it is made, verified after it, with waits that double, and no more of
   them in an hour than it may have. */
#include <math.h>
#include <string.h>

#include "reader/health/private.h"

#define HELPED_NS_MIN (60 * UINT64_C(1000000000))

static const struct kymo_recovery *
recovery_of(const struct kyi_component *component)
{
	return &component->plan->recovery;
}

static bool
is_bad(const struct kyi_component *component)
{
	return component->state == KYMO_IS_FAILING ||
	    (component->state == KYMO_IS_DEGRADED &&
	    recovery_of(component)->when_degraded);
}

/* Not that nobody could look. */
static bool
is_well(const struct kyi_component *component)
{
	return component->state == KYMO_IS_OK ||
	    (component->state == KYMO_IS_DEGRADED &&
	    !recovery_of(component)->when_degraded);
}

/* ---- the hour's budget ----------------------------------------------------- */

/* Attempts of the last hour; those that the clock was set back behind count as
   of now, for it may have been years ahead. */
static uint32_t
hour_cnt(const struct kymo_care *care, struct kyi_remedy *remedy)
{
	uint32_t gone = 0, i;

	for (i = 0; i < remedy->hour_cnt; i++)
		if (remedy->hour_ms[i] > care->now_ms)
			remedy->hour_ms[i] = care->now_ms;
	while (gone < remedy->hour_cnt && care->now_ms -
	    remedy->hour_ms[gone] >= KYI_CARE_HOUR_MS)
		gone++;
	memmove(remedy->hour_ms, remedy->hour_ms + gone,
	    (remedy->hour_cnt - gone) * sizeof(remedy->hour_ms[0]));
	remedy->hour_cnt -= gone;
	return remedy->hour_cnt;
}

static void
hour_add(const struct kymo_care *care, struct kyi_remedy *remedy)
{
	if (remedy->hour_cnt == KYI_CARE_HOUR_MAX) {
		memmove(remedy->hour_ms, remedy->hour_ms + 1,
		    (KYI_CARE_HOUR_MAX - 1) * sizeof(remedy->hour_ms[0]));
		remedy->hour_cnt--;
	}
	remedy->hour_ms[remedy->hour_cnt++] = care->now_ms;
}

/* ---- an attempt ------------------------------------------------------------ */

static void
escalate(struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;

	if (remedy->escalated)
		return;
	remedy->escalated = true;
	care->unsaved = true;
	kyi_care_say(care, 2, "component %s: recovery failed; %s; somebody has "
	    "to look", component->name, remedy->note);
}

static void
did_not_help(struct kymo_care *care, struct kyi_component *component)
{
	const struct kymo_recovery *recovery = recovery_of(component);
	struct kyi_remedy *remedy = &component->remedy;
	uint64_t wait_ms = recovery->backoff_ms;
	uint32_t i;

	for (i = 0; i < remedy->level && wait_ms < recovery->backoff_max_ms;
	    i++)
		wait_ms *= 2;
	if (wait_ms > recovery->backoff_max_ms)
		wait_ms = recovery->backoff_max_ms;
	remedy->level++;
	remedy->remedy = KYMO_REMEDY_WAITING;
	remedy->not_before_ns = care->now_ns + wait_ms * KYI_CARE_MS;
	kyi_care_say(care, 2, "component %s: %s; the next attempt is %g s away",
	    component->name, remedy->note, (double)wait_ms / 1e3);
}

void
kyi_recover_acted(struct kymo_care *care, struct kyi_component *component,
    const struct kymo_looked *looked)
{
	struct kyi_remedy *remedy = &component->remedy;

	remedy->ticket = 0;
	if (looked->result == KYMO_LOOK_GOOD) {
		remedy->remedy = KYMO_REMEDY_VERIFYING;
		remedy->until_ns = care->now_ns +
		    recovery_of(component)->verify_ms * KYI_CARE_MS;
		return;
	}
	kyi_care_reason(remedy->note, "attempt %llu failed: %s",
	    (unsigned long long)remedy->attempts, looked->reason);
	did_not_help(care, component);
	/* It may not be done at all: another time will not help. */
	if (looked->result == KYMO_LOOK_UNKNOWN)
		escalate(care, component);
}

static void
act(struct kymo_care *care, struct kyi_component *component)
{
	const struct kymo_care_world *world = &care->options.world;
	const struct kymo_recovery *recovery = recovery_of(component);
	struct kyi_remedy *remedy = &component->remedy;
	struct kymo_looked looked = { .result = KYMO_LOOK_UNKNOWN,
	    .certificate_days = NAN };
	uint32_t idx = remedy->level < recovery->action_cnt ? remedy->level :
	    recovery->action_cnt - 1;

	remedy->unsaved = false;
	if (recovery->action_cnt == 0) {
		/* A reload took it away meanwhile. */
		remedy->remedy = KYMO_REMEDY_NONE;
		return;
	}
	remedy->ticket = ++care->ticket;
	remedy->until_ns = care->now_ns + recovery->timeout_ms * KYI_CARE_MS;
	kyi_care_say(care, 2, "component %s: %s; attempt %llu to recover it",
	    component->name, component->reason,
	    (unsigned long long)remedy->attempts);
	if (world->act(world->of, remedy->ticket, component->name,
	    &recovery->actions[idx], &looked) != 0)
		kyi_recover_acted(care, component, &looked);
}

static void
attempt_begin(struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;

	remedy->remedy = KYMO_REMEDY_ACTING;
	remedy->attempts++;
	remedy->sick_ns = remedy->bad_ns;
	hour_add(care, remedy);
	kyi_care_reason(remedy->note, "attempt %llu is being made",
	    (unsigned long long)remedy->attempts);
	care->unsaved = true;
	remedy->unsaved = care->options.durable;
	if (!remedy->unsaved)
		act(care, component);
}

/* ---- its steps -------------------------------------------------------------- */

static void
verified(struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;

	if (!is_well(component)) {
		kyi_care_reason(remedy->note, "attempt %llu did not help: it is "
		    "%s", (unsigned long long)remedy->attempts,
		    kymo_condition_name(component->state));
		did_not_help(care, component);
		return;
	}
	remedy->remedy = KYMO_REMEDY_NONE;
	remedy->successes++;
	remedy->last_seconds = component->since_ns > remedy->sick_ns ?
	    (double)(component->since_ns - remedy->sick_ns) / 1e9 : 0;
	remedy->seconds += remedy->last_seconds;
	remedy->escalated = false;
	remedy->bad_ns = 0;
	care->unsaved = true;
	kyi_care_reason(remedy->note, "attempt %llu helped, after %.3g s",
	    (unsigned long long)remedy->attempts, remedy->last_seconds);
	kyi_care_say(care, 1, "component %s: %s", component->name,
	    remedy->note);
}

static void
late(struct kymo_care *care, struct kyi_component *component)
{
	const struct kymo_care_world *world = &care->options.world;
	struct kyi_remedy *remedy = &component->remedy;

	bool begun = !world->give_up(world->of, remedy->ticket);

	remedy->ticket = 0;
	kyi_care_reason(remedy->note, "attempt %llu failed: %s within %g s",
	    (unsigned long long)remedy->attempts, begun ? "not done" :
	    "it could not be started",
	    (double)recovery_of(component)->timeout_ms / 1e3);
	did_not_help(care, component);
}

static void
well(struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;
	uint64_t long_ns = recovery_of(component)->backoff_max_ms * KYI_CARE_MS;

	remedy->bad_ns = 0;
	remedy->remedy = KYMO_REMEDY_NONE;
	if (!is_well(component)) {
		remedy->well_ns = 0;
		return;
	}
	if (remedy->well_ns == 0)
		remedy->well_ns = care->now_ns;
	if (remedy->escalated) {
		remedy->escalated = false;
		care->unsaved = true;
	}
	/* Well for long: what comes then is something new. */
	if (care->now_ns - remedy->well_ns >= (long_ns > HELPED_NS_MIN ?
	    long_ns : HELPED_NS_MIN))
		remedy->level = 0;
}

/* When it was last seen to be bad. */
static uint64_t
seen_bad_ns(const struct kymo_care *care, const struct kyi_component *component)
{
	char unused[KYMO_REASON_BYTES];
	uint64_t bad_ns = component->reported ? component->report_ns : 0;
	uint32_t i;

	if ((component->degraded[0] != '\0' ||
	    kyi_past_worse(component, unused)) && care->scan_ns > bad_ns)
		bad_ns = care->scan_ns;
	for (i = 0; i < component->plan->check_cnt; i++)
		if (component->checks[i].bad_ns > bad_ns)
			bad_ns = component->checks[i].bad_ns;
	return bad_ns;
}

/* Whether all it depends on was looked at since it is bad, and found good, and
   it was seen to be bad after that; or had the time to be found bad. Else what
   hangs might be mended just since it was looked at first, or more often. */
static bool
is_own(const struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;
	uint64_t doubt_ns = 0;
	bool good = true;
	uint32_t i;

	for (i = 0; i < component->plan->depends_on_cnt; i++) {
		const struct kyi_component *on =
		    &care->components[component->depends_on[i]];

		good = good && on->good_ns >= remedy->bad_ns;
		if (on->doubt_ns > doubt_ns)
			doubt_ns = on->doubt_ns;
	}
	if (good && remedy->own_ns == 0)
		remedy->own_ns = care->now_ns;
	return component->plan->depends_on_cnt == 0 ||
	    (remedy->own_ns != 0 &&
	    seen_bad_ns(care, component) >= remedy->own_ns) ||
	    care->now_ns >= remedy->bad_ns + doubt_ns + component->doubt_ns;
}

/* It is bad, and nothing is being done: is it time? */
static void
sick(struct kymo_care *care, struct kyi_component *component)
{
	const struct kymo_recovery *recovery = recovery_of(component);
	struct kyi_remedy *remedy = &component->remedy;

	remedy->well_ns = 0;
	if (remedy->bad_ns == 0) {
		remedy->bad_ns = care->now_ns;
		remedy->own_ns = 0;
	}
	remedy->remedy = KYMO_REMEDY_WAITING;
	if (care->now_ns < remedy->not_before_ns || care->now_ns <
	    remedy->bad_ns + recovery->after_ms * KYI_CARE_MS ||
	    !is_own(care, component))
		return;
	if (hour_cnt(care, remedy) < recovery->per_hour) {
		attempt_begin(care, component);
		return;
	}
	if (!remedy->escalated)
		kyi_care_reason(remedy->note, "%u attempt%s in an hour did not "
		    "help", remedy->hour_cnt, remedy->hour_cnt == 1 ? "" : "s");
	escalate(care, component);
}

void
kyi_recover_step(struct kymo_care *care, struct kyi_component *component)
{
	struct kyi_remedy *remedy = &component->remedy;

	if (remedy->remedy == KYMO_REMEDY_ACTING) {
		if (remedy->ticket != 0 && care->now_ns >= remedy->until_ns)
			late(care, component);
	} else if (remedy->remedy == KYMO_REMEDY_VERIFYING) {
		if (care->now_ns >= remedy->until_ns)
			verified(care, component);
	} else if (recovery_of(component)->action_cnt == 0) {
		/* A reload took it away: nothing waits, nobody is called. */
		remedy->remedy = KYMO_REMEDY_NONE;
		remedy->escalated = false;
	} else if (!is_bad(component)) {
		well(care, component);
	} else if (component->root != KYI_CARE_NONE) {
		/* Its root first: until then it is not sick itself. */
		remedy->bad_ns = remedy->well_ns = 0;
		remedy->remedy = KYMO_REMEDY_NONE;
	} else {
		sick(care, component);
	}
}

uint64_t
kyi_recover_next_ns(const struct kymo_care *care,
    const struct kyi_component *component)
{
	const struct kyi_remedy *remedy = &component->remedy;
	uint64_t at_ns;

	switch (remedy->remedy) {
	case KYMO_REMEDY_ACTING:
		return remedy->ticket == 0 ? UINT64_MAX : remedy->until_ns;
	case KYMO_REMEDY_VERIFYING:
		return remedy->until_ns;
	case KYMO_REMEDY_WAITING:
		at_ns = remedy->bad_ns + recovery_of(component)->after_ms *
		    KYI_CARE_MS;
		if (at_ns < remedy->not_before_ns)
			at_ns = remedy->not_before_ns;
		/* Past that it waits for the budget. */
		return at_ns > care->now_ns ? at_ns : care->now_ns +
		    1000 * KYI_CARE_MS;
	default:
		return UINT64_MAX;
	}
}

void
kymo_care_saved(struct kymo_care *care)
{
	uint32_t i;

	for (i = 0; i < care->planned_cnt; i++)
		if (care->components[i].remedy.unsaved)
			act(care, &care->components[i]);
}
