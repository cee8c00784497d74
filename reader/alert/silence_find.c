/* SPDX-License-Identifier: MIT */
/* Which silence has an alert: of thousands only those are looked at that ask for
   a label which the alert has, and those that ask for none; and of these only
   those that began since it was looked at last, unless the one that had it may
   have ended. */
#include <stdlib.h>

#include "reader/alert/state.h"

/* By a=b: an alert without that label is none of it. */
static bool
asks_for_label(const struct kymo_matcher *matcher)
{
	return matcher->match == KYMO_MATCH_EQUAL && matcher->value[0] != '\0';
}

bool
kyi_silence_asks(const struct kyi_silence *silence)
{
	uint32_t i;

	for (i = 0; i < silence->matchers.cnt; i++)
		if (asks_for_label(&silence->matchers.at[i]))
			return true;
	return false;
}

static struct kyi_silence_place *
place_of(const struct kymo_alerts *alerts, const char *key, const char *value)
{
	return &alerts->silence_places[kymo_label_hash(key, value) &
	    (KYI_SILENCE_PLACES - 1)];
}

/* Under the rarest of what it asks for; the last place is for the rest. */
static void
index_put(struct kymo_alerts *alerts, struct kyi_silence *silence)
{
	struct kyi_silence_place *place, *best =
	    &alerts->silence_places[KYI_SILENCE_PLACES];
	bool asks = false;
	uint32_t i;

	for (i = 0; i < silence->matchers.cnt; i++) {
		const struct kymo_matcher *at = &silence->matchers.at[i];

		if (!asks_for_label(at))
			continue;
		place = place_of(alerts, at->key, at->value);
		if (!asks || place->cnt < best->cnt)
			best = place;
		asks = true;
	}
	silence->place_next = best->first;
	best->first = silence;
	best->cnt++;
}

/* Of those that are on now; it is noted which were not, and whether one was that
   is not. */
static void
index_make(struct kymo_alerts *alerts)
{
	struct kyi_silence *silence;
	uint32_t i, order = 0;

	for (i = 0; i <= KYI_SILENCE_PLACES; i++)
		alerts->silence_places[i] = (struct kyi_silence_place){NULL, 0};
	for (silence = alerts->silences; silence != NULL;
	    silence = silence->next) {
		bool on = alerts->now_ms >= silence->from_ms &&
		    alerts->now_ms < silence->until_ms;

		silence->order = order++;
		if (on)
			index_put(alerts, silence);
		if (on && !silence->on)
			silence->begun_gen = alerts->silence_gen;
		if (!on && silence->on)
			alerts->silence_end_gen = alerts->silence_gen;
		silence->on = on;
	}
	alerts->silence_places_gen = alerts->silence_gen;
}

/* The first of best and those of a place that began after a generation, in the
   order of silences. */
static const struct kyi_silence *
first_of(const struct kyi_silence_place *place, uint64_t since_gen,
    const struct kymo_labels *labels, const struct kyi_silence *best)
{
	const struct kyi_silence *silence;

	for (silence = place->first; silence != NULL;
	    silence = silence->place_next)
		if (silence->begun_gen > since_gen &&
		    (best == NULL || silence->order < best->order) &&
		    kymo_matchers_match(silence->matchers.at,
		    silence->matchers.cnt, labels))
			best = silence;
	return best;
}

const struct kyi_silence *
kyi_silence_of(struct kymo_alerts *alerts, struct kyi_alerted *alert)
{
	const struct kymo_labels *labels = alert->labels;
	const struct kyi_silence *best = alert->silence;
	uint64_t since_gen = alert->silence_gen;
	uint32_t i;

	if (alert->silence_gen == alerts->silence_gen)
		return alert->silence;
	if (alerts->silence_places_gen != alerts->silence_gen)
		index_make(alerts);
	if (best != NULL && since_gen < alerts->silence_end_gen) {
		best = NULL;
		since_gen = 0;
	}
	for (i = 0; alerts->silence_cnt > 0 && i < labels->cnt; i++)
		best = first_of(place_of(alerts, labels->at[i].key,
		    labels->at[i].value), since_gen, labels, best);
	best = first_of(&alerts->silence_places[KYI_SILENCE_PLACES], since_gen,
	    labels, best);
	alert->silence = best;
	alert->silence_gen = alerts->silence_gen;
	return best;
}
