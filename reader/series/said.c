/* SPDX-License-Identifier: MIT */
/* Whose word a series is: its parts by the users whose processes say them, for
   those who act on it, and must know. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

/* Components that share a family's name: of a user, so that none takes the room
   of others' word; of all. */
#define OF_USER_MAX 64u
#define SAID_MAX 4096u

/* Worse is more. */
static int
rank_of(enum kymo_condition state)
{
	static const int ranks[] = {
		[KYMO_IS_OK] = 0, [KYMO_IS_STARTING] = 1, [KYMO_IS_UNKNOWN] = 2,
		[KYMO_IS_DEGRADED] = 3, [KYMO_IS_FAILING] = 4,
	};

	return ranks[state];
}

/* text in *place; false: no memory. */
static bool
text_set(char **place, const char *text)
{
	if (*place != NULL && strcmp(*place, text) == 0)
		return true;
	free(*place);
	*place = strdup(text);
	return *place != NULL;
}

/* The part of uid and component, made if need be; *is_new tells. */
static struct kyi_said *
part_of(struct kyi_entry *entry, uint32_t uid, const char *component,
    bool *is_new)
{
	struct kyi_said *said;
	uint32_t i, room, of_user_cnt = 0;

	*is_new = false;
	for (i = 0; i < entry->said_cnt; i++) {
		if (entry->said[i].uid != uid)
			continue;
		if (strcmp(entry->said[i].component, component) == 0)
			return &entry->said[i];
		of_user_cnt++;
	}
	if (entry->said_cnt == SAID_MAX || of_user_cnt == OF_USER_MAX)
		return NULL;
	if (entry->said_cnt == entry->said_room) {
		room = entry->said_room == 0 ? 1 : entry->said_room * 2;
		said = reallocarray(entry->said, room, sizeof(*said));
		if (said == NULL)
			return NULL;
		memset(said + entry->said_room, 0,
		    (room - entry->said_room) * sizeof(*said));
		entry->said = said;
		entry->said_room = room;
	}
	said = &entry->said[entry->said_cnt];
	if (!text_set(&said->component, component))
		return NULL;
	said->uid = uid;
	entry->said_cnt++;
	*is_new = true;
	return said;
}

void
kyi_said_add(struct kyi_entry *entry, uint32_t uid, const char *component,
    const struct kymo_metric_value *value)
{
	bool is_new;
	struct kyi_said *said = part_of(entry, uid, component, &is_new);
	double number;

	if (said == NULL)
		return;
	switch (entry->family->kind) {
	case KYMO_METRIC_HEALTH:
		if (!is_new && rank_of(value->is.health.state) <=
		    rank_of(said->state))
			return;
		said->state = value->is.health.state;
		(void)text_set(&said->reason, value->is.health.reason);
		return;
	case KYMO_METRIC_FLOAT_GAUGE:
		number = value->is.f;
		break;
	default:
		number = (double)value->is.u;
		break;
	}
	if (is_new)
		said->number = number;
	else if (entry->family->agg == KYMO_METRIC_SUM)
		said->number += number;
	else if (number > said->number)
		said->number = number;
}

void
kyi_said_free(struct kyi_entry *entry)
{
	uint32_t i;

	for (i = 0; i < entry->said_room; i++) {
		free(entry->said[i].component);
		free(entry->said[i].reason);
	}
	free(entry->said);
}

void
kyi_said_copy(struct kyi_pool *pool, struct kymo_series *to,
    const struct kyi_entry *entry)
{
	struct kymo_said *copy;
	uint32_t i;

	copy = entry->said_cnt == 0 ? NULL : kyi_pool_take(pool,
	    entry->said_cnt * sizeof(*copy));
	if (copy == NULL)
		return;
	for (i = 0; i < entry->said_cnt; i++) {
		const struct kyi_said *said = &entry->said[i];

		copy[i] = (struct kymo_said){
			.uid = said->uid, .number = said->number,
			.state = said->state,
			.component = kyi_pool_text(pool, said->component),
			.reason = kyi_pool_text(pool, said->reason == NULL ?
			    "" : said->reason),
		};
	}
	to->said = copy;
	to->said_cnt = entry->said_cnt;
}
