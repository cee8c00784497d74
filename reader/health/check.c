/* SPDX-License-Identifier: MIT */
/* A check: when it looks, and when its results are believed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader/health/private.h"

/* The first look of all comes within that. */
#define FIRST_NS UINT64_C(500000000)

static uint64_t
mixed(uint64_t n)
{
	n ^= n >> 33;
	n *= UINT64_C(0xff51afd7ed558ccd);
	n ^= n >> 33;
	n *= UINT64_C(0xc4ceb9fe1a85ec53);
	return n ^ n >> 33;
}

/* From 0 to range: another one for each look of each check, and always the same
   for the same. Checks that begin together do not stay together. */
static uint64_t
jitter(const struct kyi_component *component, const struct kyi_check *check,
    uint64_t range)
{
	uint64_t n = UINT64_C(0xcbf29ce484222325);
	const char *at;

	for (at = component->name; *at != '\0'; at++)
		n = (n ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	for (at = check->plan->name; *at != '\0'; at++)
		n = (n ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	return range == 0 ? 0 : mixed(n + check->look_cnt) % range;
}

/* ---- results -------------------------------------------------------------- */

static void
state_set(struct kyi_check *check, enum kymo_condition state,
    const char *reason)
{
	check->state = state;
	kyi_care_reason(check->reason, "%s", reason);
}

void
kyi_check_looked(struct kymo_care *care, struct kyi_check *check,
    const struct kymo_looked *looked)
{
	const struct kymo_check *plan = check->plan;

	check->ticket = 0;
	check->results[looked->result - 1]++;
	check->good_cnt = looked->result == KYMO_LOOK_GOOD ?
	    check->good_cnt + 1 : 0;
	check->bad_cnt = looked->result == KYMO_LOOK_BAD ?
	    check->bad_cnt + 1 : 0;
	check->unknown_cnt = looked->result == KYMO_LOOK_UNKNOWN ?
	    check->unknown_cnt + 1 : 0;
	if (looked->result == KYMO_LOOK_GOOD)
		check->good_ns = check->begun_ns;
	if (looked->result == KYMO_LOOK_BAD)
		check->bad_ns = check->begun_ns;
	check->certificate_days = looked->certificate_days;
	if (looked->result != KYMO_LOOK_UNKNOWN && looked->seconds >= 0) {
		check->seconds = looked->seconds;
		if (looked->result == KYMO_LOOK_GOOD &&
		    kyi_past_looked(check, looked->seconds))
			care->learned = true;
	}
	/* The first that is good is enough where nothing is known. */
	if (looked->result == KYMO_LOOK_GOOD &&
	    (check->good_cnt >= plan->successes ||
	    check->state == KYMO_IS_STARTING ||
	    check->state == KYMO_IS_UNKNOWN))
		state_set(check, KYMO_IS_OK, "");
	if (looked->result == KYMO_LOOK_BAD && check->bad_cnt >= plan->failures)
		state_set(check, KYMO_IS_FAILING, looked->reason);
	if (looked->result == KYMO_LOOK_UNKNOWN &&
	    check->unknown_cnt >= plan->failures)
		state_set(check, KYMO_IS_UNKNOWN, looked->reason);
}

/* ---- looking -------------------------------------------------------------- */

static bool
of_scans(const struct kymo_check *plan)
{
	return plan->kind == KYMO_CHECK_PROCESS ||
	    plan->kind == KYMO_CHECK_HEARTBEAT;
}

static void
late(struct kymo_care *care, struct kyi_check *check)
{
	const struct kymo_care_world *world = &care->options.world;
	struct kymo_looked looked = { .result = KYMO_LOOK_BAD,
	    .certificate_days = NAN };

	looked.seconds = (double)(care->now_ns - check->begun_ns) / 1e9;
	kyi_care_reason(looked.reason, "no answer within %g s",
	    (double)check->plan->timeout_ms / 1e3);
	/* What starts a program, or evaluates an expression, hung or was busy:
	   that tells nothing of the component. */
	if (world->give_up(world->of, check->ticket)) {
		looked.result = KYMO_LOOK_UNKNOWN;
		kyi_care_reason(looked.reason, check->plan->kind ==
		    KYMO_CHECK_PROMQL ? "not evaluated within %g s" :
		    "it could not be started within %g s",
		    (double)check->plan->timeout_ms / 1e3);
	}
	kyi_check_looked(care, check, &looked);
}

static void
look(struct kymo_care *care, const struct kyi_component *component,
    struct kyi_check *check)
{
	const struct kymo_care_world *world = &care->options.world;
	struct kymo_looked looked = { .result = KYMO_LOOK_UNKNOWN,
	    .seconds = -1, .certificate_days = NAN };

	check->ticket = ++care->ticket;
	check->begun_ns = care->now_ns;
	if (of_scans(check->plan))
		kyi_fact_look(care, component->name, check->plan, &looked);
	else if (world->look(world->of, check->ticket, check->plan,
	    &looked) == 0)
		return;
	kyi_check_looked(care, check, &looked);
}

void
kyi_check_step(struct kymo_care *care, struct kyi_component *component,
    struct kyi_check *check)
{
	uint64_t interval_ns = check->plan->interval_ms * KYI_CARE_MS;

	if (check->ticket != 0 && care->now_ns >= check->begun_ns +
	    check->plan->timeout_ms * KYI_CARE_MS)
		late(care, check);
	if (check->next_ns == 0) {
		/* Before the first scan there is nothing to be seen in it. */
		if (of_scans(check->plan) && care->scan_ns == 0 &&
		    check->begun_ns == 0) {
			check->begun_ns = care->now_ns;
			check->next_ns = care->now_ns + FIRST_NS;
			return;
		}
		check->next_ns = care->now_ns + jitter(component, check,
		    interval_ns < FIRST_NS ? interval_ns : FIRST_NS);
	}
	if (check->ticket != 0 || care->now_ns < check->next_ns)
		return;
	look(care, component, check);
	check->look_cnt++;
	check->next_ns = care->now_ns + interval_ns - interval_ns / 10 +
	    jitter(component, check, interval_ns / 5);
}

uint64_t
kyi_check_next_ns(const struct kyi_check *check)
{
	if (check->ticket != 0)
		return check->begun_ns + check->plan->timeout_ms * KYI_CARE_MS;
	return check->next_ns;
}

/* ---- after a reload ------------------------------------------------------- */

static bool
text_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
kyi_check_same(const struct kymo_check *a, const struct kymo_check *b)
{
	uint32_t i;

	if (a->kind != b->kind || strcmp(a->name, b->name) != 0 ||
	    !text_same(a->what.text, b->what.text) ||
	    a->argv_cnt != b->argv_cnt || a->interval_ms != b->interval_ms ||
	    a->timeout_ms != b->timeout_ms || a->failures != b->failures ||
	    a->successes != b->successes || a->degrades != b->degrades ||
	    a->at_least != b->at_least || a->within_ms != b->within_ms ||
	    a->status_min != b->status_min || a->status_max != b->status_max ||
	    !text_same(a->contains, b->contains) ||
	    !text_same(a->matches.text, b->matches.text) ||
	    !text_same(a->ca_file, b->ca_file) ||
	    a->certificate_days != b->certificate_days)
		return false;
	for (i = 0; i < a->argv_cnt; i++)
		if (strcmp(a->argv[i], b->argv[i]) != 0)
			return false;
	return true;
}
