/* SPDX-License-Identifier: MIT */
#include "reader/serve/api_look.h"

#include <stdlib.h>
#include <string.h>

#include "reader/serve/places.h"

bool
kyi_look_over(uint64_t until_ns)
{
	return kyi_serve_now_ns() >= until_ns;
}

/* ---- filters ----------------------------------------------------------- */

static bool
is_regex(const struct kymo_matcher *matcher)
{
	return matcher->match == KYMO_MATCH_REGEX ||
	    matcher->match == KYMO_MATCH_NOT_REGEX;
}

/* Whether those filters that are regular expressions, or those that are none,
   take an alert with these labels. */
static bool
filters_take(const struct kyi_alerting *alerting, bool regex,
    const struct kymo_labels *labels)
{
	const struct kymo_matcher *at;
	uint32_t i, k, cnt;

	for (i = 0; i < alerting->filter_cnt; i++) {
		at = kymo_matcher_list_at(alerting->filters[i], &cnt);
		for (k = 0; k < cnt; k++)
			if (is_regex(&at[k]) == regex &&
			    !kymo_matchers_match(&at[k], 1, labels))
				return false;
	}
	return true;
}

static bool
has_regex(const struct kyi_alerting *alerting)
{
	const struct kymo_matcher *at;
	uint32_t i, k, cnt;

	for (i = 0; i < alerting->filter_cnt; i++) {
		at = kymo_matcher_list_at(alerting->filters[i], &cnt);
		for (k = 0; k < cnt; k++)
			if (is_regex(&at[k]))
				return true;
	}
	return false;
}

/* ---- a look ------------------------------------------------------------ */

static void
no_memory(struct kyi_looking *looking)
{
	kymo_error_set(&looking->error, "no memory");
	looking->stops = true;
}

/* It may have changed since its labels were copied. */
static int
put(void *of, const struct kymo_alert_view *view)
{
	struct kyi_looking *looking = of;

	return !looking->wanted(looking->of, view) ? 0 :
	    looking->put(looking->of, view);
}

static void
put_one(struct kyi_looking *looking, const struct kymo_labels *labels)
{
	const struct kymo_serve_alerting *with = looking->alerting->with;

	if (kymo_alerts_one(with->alerts, labels, looking->alerting->now_ms,
	    put, looking, &looking->error) != 0)
		looking->stops = true;
}

static int
receiver_note(void *to, const struct kymo_route *route)
{
	/* With the zero. */
	kymo_buffer_add(to, route->receiver, strlen(route->receiver) + 1);
	return 0;
}

static void
piece_add(struct kyi_looking *looking, const struct kymo_labels *labels)
{
	uint32_t room = looking->piece_room == 0 ? KYI_LOOK_PIECES :
	    2 * looking->piece_room;
	struct kymo_buffer names = { 0 };
	struct kyi_look_piece *piece;

	if (looking->piece_cnt == looking->piece_room) {
		piece = reallocarray(looking->pieces, room, sizeof(*piece));
		if (piece == NULL) {
			no_memory(looking);
			return;
		}
		looking->pieces = piece;
		looking->piece_room = room;
	}
	if (looking->receiver != NULL)
		kymo_routing_routes(looking->alerting->with->routing, labels,
		    receiver_note, &names);
	piece = &looking->pieces[looking->piece_cnt++];
	*piece = (struct kyi_look_piece){ kymo_labels_make(labels->at,
	    labels->cnt), names.at, names.len_bytes };
	if (piece->labels == NULL || names.failed)
		no_memory(looking);
}

static int
see(void *of, const struct kymo_alert_view *view)
{
	struct kyi_looking *looking = of;

	looking->seen_cnt++;
	if (!looking->stops && looking->wanted(looking->of, view) &&
	    filters_take(looking->alerting, false, view->labels)) {
		if (looking->regex || looking->receiver != NULL)
			piece_add(looking, view->labels);
		else
			put_one(looking, view->labels);
	}
	return looking->stops || looking->piece_cnt >= KYI_LOOK_PIECES ||
	    (looking->seen_cnt % 8 == 0 && kyi_look_over(looking->until_ns));
}

static void
pieces_free(struct kyi_looking *looking)
{
	uint32_t i;

	for (i = 0; i < looking->piece_cnt; i++) {
		free(looking->pieces[i].labels);
		free(looking->pieces[i].receivers);
	}
	looking->piece_cnt = looking->piece_next = 0;
}

/* Those that were chosen since the look before, and then some more. */
static void
look(struct kyi_alerting *alerting)
{
	struct kyi_looking *looking = alerting->of;

	looking->until_ns = kyi_serve_now_ns() + KYI_LOOK_NS;
	while (looking->piece_next < looking->piece_cnt && !looking->stops) {
		put_one(looking,
		    looking->pieces[looking->piece_next++].labels);
		if (kyi_look_over(looking->until_ns))
			return;
	}
	pieces_free(looking);
	if (!looking->all)
		looking->all = kymo_alerts_walk(alerting->with->alerts,
		    &looking->at, see, looking) == 0;
}

/* ---- between looks ----------------------------------------------------- */

static bool
receiver_wanted(const struct kyi_looking *looking,
    const struct kyi_look_piece *piece)
{
	const char *name = piece->receivers;
	const char *end = name == NULL ? NULL : name + piece->receivers_bytes;

	if (looking->receiver == NULL)
		return true;
	for (; name != end; name += strlen(name) + 1)
		if (kymo_regex_match(looking->receiver, name))
			return true;
	return false;
}

/* Of what a look has copied only what is wanted stays. */
static void
pieces_choose(struct kyi_looking *looking)
{
	uint32_t i, cnt = 0;

	if (looking->piece_next > 0)
		return;
	for (i = 0; i < looking->piece_cnt; i++) {
		struct kyi_look_piece piece = looking->pieces[i];

		if (!looking->stops && receiver_wanted(looking, &piece) &&
		    filters_take(looking->alerting, true, piece.labels)) {
			looking->pieces[cnt++] = piece;
			continue;
		}
		free(piece.labels);
		free(piece.receivers);
	}
	looking->piece_cnt = cnt;
}

bool
kyi_looking_run(struct kyi_looking *looking)
{
	struct kyi_alerting *alerting = looking->alerting;
	bool good = true;

	looking->regex = has_regex(alerting);
	alerting->of = looking;
	while (good && !looking->stops && (!looking->all ||
	    looking->piece_next < looking->piece_cnt)) {
		good = kyi_alerting_look(alerting, look);
		if (good)
			pieces_choose(looking);
	}
	pieces_free(looking);
	free(looking->pieces);
	if (good && looking->error.text[0] != '\0') {
		kyi_api_fail(alerting->api, KYI_API_INTERNAL, "%s",
		    looking->error.text);
		good = false;
	}
	return good;
}
