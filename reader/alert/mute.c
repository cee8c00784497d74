/* SPDX-License-Identifier: MIT */
/* Who is muted by what: of all alerts at once, after all of a pass is in and
   before anything is said. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

/* An alert that inhibits others, for one rule. */
struct source {
	uint64_t hash; /* of the labels that must be equal */
	const struct kyi_alerted *alert;
	bool both; /* the rule's target matchers have it, too */
};

struct sources {
	struct source *at;
	uint32_t cnt, room;
};

static bool
match(const struct kyi_routing_matchers *matchers,
    const struct kyi_alerted *alert)
{
	return kymo_matchers_match(matchers->at, matchers->cnt, alert->labels);
}

static uint64_t
equal_hash(const struct kyi_routing_inhibit *inhibit,
    const struct kymo_labels *labels)
{
	uint64_t hash = 0;
	uint32_t i;

	for (i = 0; i < inhibit->equal_cnt; i++)
		hash = hash * 31 + kymo_label_hash(inhibit->equal[i],
		    kymo_labels_get(labels, inhibit->equal[i]));
	return hash;
}

static bool
equal(const struct kyi_routing_inhibit *inhibit, const struct kymo_labels *a,
    const struct kymo_labels *b)
{
	uint32_t i;

	for (i = 0; i < inhibit->equal_cnt; i++)
		if (strcmp(kymo_labels_get(a, inhibit->equal[i]),
		    kymo_labels_get(b, inhibit->equal[i])) != 0)
			return false;
	return true;
}

/* Of the same hash in the order of labels, so that who inhibits does not hang
   on the order of buckets. */
static int
by_hash(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return kymo_labels_compare(x->alert->labels, y->alert->labels);
}

static int
source_add(struct sources *sources, const struct kyi_routing_inhibit *inhibit,
    const struct kyi_alerted *alert)
{
	uint32_t room = sources->room == 0 ? 64 : 2 * sources->room;
	struct source *at;

	if (sources->cnt == sources->room) {
		at = reallocarray(sources->at, room, sizeof(*at));
		if (at == NULL)
			return -1;
		sources->at = at;
		sources->room = room;
	}
	sources->at[sources->cnt++] = (struct source){
	    equal_hash(inhibit, alert->labels), alert,
	    match(&inhibit->target, alert)};
	return 0;
}

static const struct kyi_alerted *
inhibitor_of(const struct sources *sources,
    const struct kyi_routing_inhibit *inhibit, const struct kyi_alerted *alert)
{
	uint64_t hash = equal_hash(inhibit, alert->labels);
	bool both = match(&inhibit->source, alert);
	uint32_t low = 0, high = sources->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (sources->at[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	/* An alert that is on both sides is not inhibited by another such. */
	for (; low < sources->cnt && sources->at[low].hash == hash; low++)
		if (!(both && sources->at[low].both) &&
		    equal(inhibit, sources->at[low].alert->labels,
		    alert->labels))
			return sources->at[low].alert;
	return NULL;
}

static int
inhibit_one(struct kymo_alerts *alerts, struct sources *sources,
    const struct kyi_routing_inhibit *inhibit)
{
	struct kyi_alerted *alert;
	uint32_t i;

	sources->cnt = 0;
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next)
			if (alert->state == KYMO_ALERT_FIRING &&
			    match(&inhibit->source, alert) &&
			    source_add(sources, inhibit, alert) != 0)
				return -1;
	if (sources->cnt == 0)
		return 0;
	qsort(sources->at, sources->cnt, sizeof(*sources->at), by_hash);
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			if (alert->state != KYMO_ALERT_FIRING ||
			    alert->inhibitor != NULL ||
			    !match(&inhibit->target, alert))
				continue;
			alert->inhibitor = inhibitor_of(sources, inhibit,
			    alert);
			alert->inhibit_line = inhibit->line;
		}
	return 0;
}

static void
judge(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	struct kymo_buffer text = {0};
	const struct kyi_silence *silence = kyi_silence_of(alerts, alert);
	enum kymo_muted_by before = alert->muted;
	const void *of_before = alert->muted_of;

	alert->muted = alert->rule_inhibited ? KYMO_MUTED_RULE :
	    silence != NULL ? KYMO_MUTED_SILENCE :
	    alert->inhibitor != NULL ? KYMO_MUTED_INHIBITED :
	    alert->cause != NULL ? KYMO_MUTED_DEPENDENCY :
	    alert->window != NULL ? KYMO_MUTED_MAINTENANCE : KYMO_MUTED_NOT;
	switch (alert->muted) {
	case KYMO_MUTED_SILENCE: alert->muted_of = silence; break;
	case KYMO_MUTED_INHIBITED: alert->muted_of = alert->inhibitor; break;
	case KYMO_MUTED_DEPENDENCY: alert->muted_of = alert->cause; break;
	case KYMO_MUTED_MAINTENANCE: alert->muted_of = alert->window; break;
	default: alert->muted_of = NULL; break;
	}
	if (alert->muted == before && alert->muted_of == of_before)
		return;
	if (alert->muted == KYMO_MUTED_NOT) {
		kyi_decide(alerts, alert, "no more muted");
		return;
	}
	kyi_muted_put(alerts, alert, &text);
	kyi_decide(alerts, alert, "muted: %s", text.failed ? "" : text.at);
	kymo_buffer_free(&text);
}

int
kyi_alerts_mute(struct kymo_alerts *alerts)
{
	const struct kyi_routing_inhibit *inhibit;
	struct sources sources = {0};
	struct kyi_alerted *alert;
	int result = 0;
	uint32_t i;

	alerts->firing_cnt = 0;
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			alert->inhibitor = alert->cause = NULL;
			alert->window = NULL;
			alerts->firing_cnt += alert->state ==
			    KYMO_ALERT_FIRING;
		}
	for (inhibit = alerts->options.routing->inhibits; inhibit != NULL &&
	    result == 0; inhibit = inhibit->next)
		result = inhibit_one(alerts, &sources, inhibit);
	free(sources.at);
	if (result == 0)
		result = kyi_alerts_depend(alerts);
	kyi_alerts_maintain(alerts);
	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next)
			if (kyi_fires(alert))
				judge(alerts, alert);
			else
				alert->muted = KYMO_MUTED_NOT;
	return result;
}
