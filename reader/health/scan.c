/* SPDX-License-Identifier: MIT */
/* What a scan says of components: their own reports, and the processes and
   heartbeats of services. Names in it are the programs' own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

/* ---- whose word counts ----------------------------------------------------- */

/* acts: something may be done for it. Who is read is not for that who chooses
   what is done. */
static bool
speaks_for(const struct kymo_care *care, const struct kymo_care_plan *plan,
    uint32_t uid, bool acts)
{
	uint32_t i;

	if (plan == NULL || uid == 0 || uid == care->options.uid)
		return true;
	if (!plan->has_users)
		return !acts || plan->recovery.action_cnt == 0;
	for (i = 0; i < plan->user_cnt; i++)
		if (plan->users[i] == uid)
			return true;
	return false;
}

/* ---- services that checks ask for ------------------------------------------ */

static struct kyi_fact *
fact_find(const struct kymo_care *care, const char *component,
    const char *service)
{
	uint32_t i;

	for (i = 0; i < care->fact_cnt; i++)
		if (strcmp(care->facts[i].service, service) == 0 &&
		    strcmp(care->facts[i].plan->component, component) == 0)
			return &care->facts[i];
	return NULL;
}

static bool
of_scans(const struct kymo_check *check)
{
	return check->kind == KYMO_CHECK_PROCESS ||
	    check->kind == KYMO_CHECK_HEARTBEAT;
}

int
kyi_facts_make(struct kymo_care *care)
{
	uint32_t cnt = 0, i, k;

	for (i = 0; i < care->planned_cnt; i++)
		cnt += care->components[i].plan->check_cnt;
	care->facts = calloc(cnt + 1u, sizeof(care->facts[0]));
	if (care->facts == NULL)
		return -1;
	for (i = 0; i < care->planned_cnt; i++) {
		const struct kymo_care_plan *plan = care->components[i].plan;

		for (k = 0; k < plan->check_cnt; k++) {
			const char *service = plan->checks[k].what.text;

			if (!of_scans(&plan->checks[k]) || fact_find(care,
			    plan->component, service) != NULL)
				continue;
			/* Names are the plan's, which lives as long. */
			care->facts[care->fact_cnt++] = (struct kyi_fact){
				.plan = plan, .service = service
			};
		}
	}
	return 0;
}

void
kyi_facts_adopt(struct kymo_care *care, const struct kymo_care *before)
{
	uint32_t i;

	for (i = 0; i < before->fact_cnt; i++) {
		const struct kyi_fact *old = &before->facts[i];
		struct kyi_fact *now = fact_find(care, old->plan->component,
		    old->service);

		if (now == NULL)
			continue;
		now->known = old->known;
		now->alive_cnt = old->alive_cnt;
		now->heartbeat_age = old->heartbeat_age;
		now->is_others = old->is_others;
		now->other_uid = old->other_uid;
	}
}

static const char *
label_of(const struct kymo_series *series, const char *key)
{
	uint32_t i;

	for (i = 0; i < series->label_cnt; i++)
		if (strcmp(series->labels[i].key, key) == 0)
			return series->labels[i].value;
	return "";
}

static void
fact_take(const struct kymo_care *care, struct kyi_fact *fact, bool ages,
    const struct kymo_series *series)
{
	uint32_t i;

	for (i = 0; i < series->said_cnt; i++) {
		const struct kymo_said *said = &series->said[i];

		if (!speaks_for(care, fact->plan, said->uid, ages)) {
			fact->is_others = true;
			fact->other_uid = said->uid;
		} else if (!ages) {
			fact->alive_cnt += said->number;
		} else if (!(fact->heartbeat_age >= said->number)) {
			fact->heartbeat_age = said->number;
		}
	}
}

static void
facts_take(struct kymo_care *care, const struct kymo_family_scan *family)
{
	bool ages = strcmp(family->name, "kymo_heartbeat_age_seconds") == 0;
	uint32_t i, k;

	if (!ages && strcmp(family->name, "kymo_regions") != 0)
		return;
	for (i = 0; i < family->series_cnt; i++) {
		const char *service = label_of(&family->series[i], "service");

		for (k = 0; k < care->fact_cnt; k++)
			if (strcmp(care->facts[k].service, service) == 0)
				fact_take(care, &care->facts[k], ages,
				    &family->series[i]);
	}
}

/* Why it may be that nothing was found, where the configuration is amiss. */
static const char *
others(const struct kyi_fact *fact, char room[80])
{
	room[0] = '\0';
	if (fact->is_others)
		snprintf(room, 80, " (what is user %u's does not count; users "
		    "says whose does)", fact->other_uid);
	return room;
}

static void
process_look(const struct kyi_fact *fact, const struct kymo_check *check,
    struct kymo_looked *looked)
{
	char room[80];

	if (fact->alive_cnt >= check->at_least) {
		looked->result = KYMO_LOOK_GOOD;
		return;
	}
	looked->result = KYMO_LOOK_BAD;
	if (check->at_least == 1)
		kyi_care_reason(looked->reason, "no process of '%.100s' is "
		    "alive%s", fact->service, others(fact, room));
	else
		kyi_care_reason(looked->reason, "%g of %u processes of '%.100s' "
		    "are alive%s", fact->alive_cnt, check->at_least,
		    fact->service, others(fact, room));
}

static void
heartbeat_look(const struct kyi_fact *fact, const struct kymo_check *check,
    struct kymo_looked *looked)
{
	char room[80];

	if (fact->alive_cnt < 1) {
		looked->result = KYMO_LOOK_BAD;
		kyi_care_reason(looked->reason, "no process of '%.100s' is "
		    "alive%s", fact->service, others(fact, room));
	} else if (isnan(fact->heartbeat_age) && fact->is_others) {
		kyi_care_reason(looked->reason, "no heartbeat of '%.100s'%s",
		    fact->service, others(fact, room));
	} else if (isnan(fact->heartbeat_age)) {
		kyi_care_reason(looked->reason, "'%.100s' never called "
		    "kymo_heartbeat", fact->service);
	} else if (fact->heartbeat_age * 1e3 > (double)check->within_ms) {
		looked->result = KYMO_LOOK_BAD;
		kyi_care_reason(looked->reason, "no heartbeat of '%.100s' for "
		    "%.3g s", fact->service, fact->heartbeat_age);
	} else {
		looked->result = KYMO_LOOK_GOOD;
	}
}

void
kyi_fact_look(const struct kymo_care *care, const char *component,
    const struct kymo_check *check, struct kymo_looked *looked)
{
	const struct kyi_fact *fact = fact_find(care, component,
	    check->what.text);

	looked->result = KYMO_LOOK_UNKNOWN;
	if (care->scan_ns == 0 || fact == NULL || !fact->known ||
	    care->now_ns - care->scan_ns > care->options.stale_ns)
		kyi_care_reason(looked->reason, "regions are not being read");
	else if (check->kind == KYMO_CHECK_PROCESS)
		process_look(fact, check, looked);
	else
		heartbeat_look(fact, check, looked);
}

/* ---- reports -------------------------------------------------------------- */

static int
worse_of(enum kymo_condition state)
{
	static const int ranks[] = {
		[KYMO_IS_OK] = 0, [KYMO_IS_STARTING] = 1, [KYMO_IS_UNKNOWN] = 2,
		[KYMO_IS_DEGRADED] = 3, [KYMO_IS_FAILING] = 4,
	};

	return ranks[state];
}

/* Of several reports, the worst. */
static void
report_take(struct kymo_care *care, struct kyi_component *component,
    const struct kymo_said *said)
{
	const char *reason = said->reason;

	if (component->reporting &&
	    worse_of(said->state) <= worse_of(component->report))
		return;
	component->reporting = true;
	component->report = said->state;
	component->report_ns = care->now_ns;
	if (said->state == KYMO_IS_UNKNOWN)
		reason = "its own report has expired";
	kyi_care_reason(component->report_reason, "%s", reason);
}

/* Somebody who does not speak for it: told, and that is all. */
static void
report_refuse(struct kyi_component *component, const struct kymo_said *said)
{
	component->refusing = true;
	kyi_care_reason(component->refused, "user %u, whom users does not name, "
	    "says that it is %s, which does not count%s%s", said->uid,
	    kymo_condition_name(said->state), said->reason[0] != '\0' ? ": " :
	    "", said->reason);
}

/* A report is of the component that its program says (KYMO_COMPONENT); without
   one, of the family's name. */
static void
reports_take(struct kymo_care *care, const struct kymo_family_scan *family)
{
	uint32_t i, k;

	for (i = 0; i < family->series_cnt; i++)
		for (k = 0; k < family->series[i].said_cnt; k++) {
			const struct kymo_said *said =
			    &family->series[i].said[k];
			const char *name = said->component[0] != '\0' ?
			    said->component : family->name;
			struct kyi_component *component = kyi_care_find(care,
			    name);

			if (component == NULL)
				component = kyi_care_reporter(care, name);
			if (component == NULL)
				continue;
			if (speaks_for(care, component->plan, said->uid, true))
				report_take(care, component, said);
			else
				report_refuse(component, said);
		}
}

/* What was not refused before is told once. */
static void
refused_tell(const struct kymo_care *care, struct kyi_component *component)
{
	if (component->refusing && !component->was_refusing)
		kyi_care_say(care, 2, "component %s: %s", component->name,
		    component->refused);
	if (!component->refusing)
		component->refused[0] = '\0';
	component->was_refusing = component->refusing;
}

void
kymo_care_scan(struct kymo_care *care, const struct kymo_scan *scan,
    uint64_t now_ns)
{
	uint32_t i;

	care->now_ns = care->scan_ns = now_ns;
	for (i = 0; i < care->fact_cnt; i++) {
		care->facts[i].known = true;
		care->facts[i].alive_cnt = 0;
		care->facts[i].heartbeat_age = NAN;
		care->facts[i].is_others = false;
	}
	for (i = 0; i < care->component_cnt; i++)
		care->components[i].reporting =
		    care->components[i].refusing = false;
	for (i = 0; i < scan->family_cnt; i++) {
		if (scan->families[i].kind == KYMO_METRIC_HEALTH)
			reports_take(care, &scan->families[i]);
		else
			facts_take(care, &scan->families[i]);
	}
	for (i = 0; i < care->component_cnt; i++) {
		struct kyi_component *component = &care->components[i];

		component->reported = component->reporting;
		refused_tell(care, component);
		if (component->plan != NULL && kyi_past_scan(component, scan))
			care->learned = true;
	}
}
