/* SPDX-License-Identifier: MIT */
/* What a scan says of components: their own reports, and the processes and
   heartbeats of services. Names in it are the programs' own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"

/* ---- services that checks ask for ------------------------------------------ */

static struct kyi_fact *
fact_find(const struct kymo_care *care, const char *service)
{
	uint32_t i;

	for (i = 0; i < care->fact_cnt; i++)
		if (strcmp(care->facts[i].service, service) == 0)
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

			if (!of_scans(&plan->checks[k]) ||
			    fact_find(care, service) != NULL)
				continue;
			care->facts[care->fact_cnt].service = strdup(service);
			if (care->facts[care->fact_cnt].service == NULL)
				return -1;
			care->fact_cnt++;
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
		struct kyi_fact *now = fact_find(care, old->service);

		if (now == NULL)
			continue;
		now->known = old->known;
		now->alive_cnt = old->alive_cnt;
		now->heartbeat_age = old->heartbeat_age;
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
facts_take(struct kymo_care *care, const struct kymo_family_scan *family)
{
	bool ages = strcmp(family->name, "kymo_heartbeat_age_seconds") == 0;
	uint32_t i;

	if (!ages && strcmp(family->name, "kymo_regions") != 0)
		return;
	for (i = 0; i < family->series_cnt; i++) {
		const struct kymo_series *series = &family->series[i];
		struct kyi_fact *fact = fact_find(care,
		    label_of(series, "service"));

		if (fact == NULL || !series->value.present)
			continue;
		if (ages)
			fact->heartbeat_age = series->value.is.f;
		else if (strcmp(label_of(series, "state"), "alive") == 0)
			fact->alive_cnt += (double)series->value.is.i;
	}
}

static void
process_look(const struct kyi_fact *fact, const struct kymo_check *check,
    struct kymo_looked *looked)
{
	if (fact->alive_cnt >= check->at_least) {
		looked->result = KYMO_LOOK_GOOD;
		return;
	}
	looked->result = KYMO_LOOK_BAD;
	if (check->at_least == 1)
		kyi_care_reason(looked->reason, "no process of '%.100s' is "
		    "alive", fact->service);
	else
		kyi_care_reason(looked->reason, "%g of %u processes of '%.100s' "
		    "are alive", fact->alive_cnt, check->at_least,
		    fact->service);
}

static void
heartbeat_look(const struct kyi_fact *fact, const struct kymo_check *check,
    struct kymo_looked *looked)
{
	if (fact->alive_cnt < 1) {
		looked->result = KYMO_LOOK_BAD;
		kyi_care_reason(looked->reason, "no process of '%.100s' is "
		    "alive", fact->service);
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
kyi_fact_look(const struct kymo_care *care, const struct kymo_check *check,
    struct kymo_looked *looked)
{
	const struct kyi_fact *fact = fact_find(care, check->what.text);

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
    const struct kymo_metric_value *value)
{
	enum kymo_condition state = value->is.health.state;
	const char *reason = value->is.health.reason;

	if (component->reporting &&
	    worse_of(state) <= worse_of(component->report))
		return;
	component->reporting = true;
	component->report = state;
	component->report_ns = care->now_ns;
	if (state == KYMO_IS_UNKNOWN)
		reason = "its own report has expired";
	kyi_care_reason(component->report_reason, "%s",
	    reason == NULL ? "" : reason);
}

/* A report is of the component that its family has (KYMO_COMPONENT); without
   one, of the family's name. */
static void
reports_take(struct kymo_care *care, const struct kymo_family_scan *family)
{
	const char *name = family->component[0] != '\0' ? family->component :
	    family->name;
	struct kyi_component *component;
	uint32_t i;

	for (i = 0; i < family->series_cnt; i++) {
		if (!family->series[i].value.present)
			continue;
		component = kyi_care_find(care, name);
		if (component == NULL)
			component = kyi_care_reporter(care, name);
		if (component != NULL)
			report_take(care, component, &family->series[i].value);
	}
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
	}
	for (i = 0; i < care->component_cnt; i++)
		care->components[i].reporting = false;
	for (i = 0; i < scan->family_cnt; i++) {
		if (scan->families[i].kind == KYMO_METRIC_HEALTH)
			reports_take(care, &scan->families[i]);
		else
			facts_take(care, &scan->families[i]);
	}
	for (i = 0; i < care->component_cnt; i++) {
		struct kyi_component *component = &care->components[i];

		component->reported = component->reporting;
		if (component->plan != NULL)
			kyi_past_scan(component, scan);
	}
}
