/* SPDX-License-Identifier: MIT */
/* A pass asks for the last minutes again and again, a little later each time: of
   each selector an hour more than was asked is fetched, and kept as long as it
   has what is asked for. */
#include "tools/kymo_replay.h"

#include <stdlib.h>
#include <string.h>

#include "reader/buffer.h"

#define AHEAD_MS (60 * 60000)

struct kyi_replay_chunk {
	struct kyi_replay_chunk *next;
	char *key;
	int64_t from_ms, to_ms, step_ms;
	struct kymo_selected selected;
	uint32_t use_cnt;
};

/* What somebody was given: of a chunk, or of its own. */
struct given {
	struct kyi_replay_chunk *chunk; /* NULL: own */
	const struct kymo_source *source;
	struct kymo_selected own;
};

/* ---- who has it -------------------------------------------------------------- */

static bool
is_made(const struct kyi_replay *replay, const struct kymo_select *what)
{
	for (uint32_t i = 0; i < what->matcher_cnt; i++) {
		const struct kymo_matcher *at = &what->matchers[i];

		if (at->match != KYMO_MATCH_EQUAL ||
		    strcmp(at->key, "__name__") != 0)
			continue;
		for (uint32_t k = 0; k < replay->name_cnt; k++)
			if (strcmp(replay->names[k], at->value) == 0)
				return true;
	}
	return false;
}

/* ---- chunks ------------------------------------------------------------------ */

static char *
key_of(const struct kymo_select *what)
{
	struct kymo_buffer key = {0};

	kymo_buffer_str(&key, "");
	for (uint32_t i = 0; i < what->matcher_cnt; i++)
		kymo_buffer_printf(&key, "%d%zu:%s%zu:%s",
		    (int)what->matchers[i].match,
		    strlen(what->matchers[i].key), what->matchers[i].key,
		    strlen(what->matchers[i].value), what->matchers[i].value);
	if (!key.failed)
		return key.at;
	kymo_buffer_free(&key);
	return NULL;
}

static void
chunk_free(struct kyi_replay *replay, struct kyi_replay_chunk *chunk)
{
	const struct kymo_source *kept = kymo_history_source(replay->kept);

	kept->done(kept->of, &chunk->selected);
	free(chunk->key);
	free(chunk);
}

/* One that has it; those of the same selector that nobody uses go. */
static struct kyi_replay_chunk *
chunk_find(struct kyi_replay *replay, const char *key,
    const struct kymo_select *what)
{
	struct kyi_replay_chunk **at = &replay->chunks, *chunk;

	while ((chunk = *at) != NULL) {
		bool same = strcmp(chunk->key, key) == 0 &&
		    chunk->step_ms == what->step_ms &&
		    chunk->to_ms - chunk->from_ms - AHEAD_MS <=
		    what->to_ms - what->from_ms;

		if (same && chunk->from_ms <= what->from_ms &&
		    chunk->to_ms >= what->to_ms)
			return chunk;
		if (!same || chunk->use_cnt > 0) {
			at = &chunk->next;
			continue;
		}
		*at = chunk->next;
		chunk_free(replay, chunk);
	}
	return NULL;
}

/* NULL: it could not be, for more was asked than may be; error is not set. */
static struct kyi_replay_chunk *
chunk_make(struct kyi_replay *replay, char *key,
    const struct kymo_select *what)
{
	const struct kymo_source *kept = kymo_history_source(replay->kept);
	struct kyi_replay_chunk *chunk = calloc(1, sizeof(*chunk));
	struct kymo_select more = *what;
	struct kymo_error error = {""};

	if (!chunk)
		return NULL;
	more.to_ms += AHEAD_MS;
	more.samples_max = UINT64_MAX;
	more.bytes_max = 0;
	if (kept->select(kept->of, &more, &chunk->selected, &error) != 0) {
		free(chunk);
		return NULL;
	}
	chunk->key = key;
	chunk->from_ms = more.from_ms;
	chunk->to_ms = more.to_ms;
	chunk->step_ms = more.step_ms;
	chunk->next = replay->chunks;
	replay->chunks = chunk;
	return chunk;
}

/* ---- the source -------------------------------------------------------------- */

static int
give_own(struct given *given, const struct kymo_source *source,
    const struct kymo_select *what, struct kymo_selected *selected,
    struct kymo_error *error)
{
	given->source = source;
	if (source->select(source->of, what, &given->own, error) != 0) {
		free(given);
		return -1;
	}
	*selected = given->own;
	selected->private_ = given;
	return 0;
}

static int
replay_select(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	struct kyi_replay *replay = of;
	struct given *given = calloc(1, sizeof(*given));
	char *key;

	if (!given)
		return kymo_error_set(error, "no memory");
	if (is_made(replay, what))
		return give_own(given, kymo_history_source(replay->made), what,
		    selected, error);
	key = key_of(what);
	if (key)
		given->chunk = chunk_find(replay, key, what);
	if (key && !given->chunk) {
		given->chunk = chunk_make(replay, key, what);
		key = given->chunk ? NULL : key;
	}
	free(key);
	if (!given->chunk)
		return give_own(given, kymo_history_source(replay->kept), what,
		    selected, error);
	given->chunk->use_cnt++;
	*selected = given->chunk->selected;
	selected->bytes = 0;
	selected->private_ = given;
	return 0;
}

static void
replay_done(void *of, struct kymo_selected *selected)
{
	struct given *given = selected->private_;

	(void)of;
	if (given->chunk)
		given->chunk->use_cnt--;
	else
		given->source->done(given->source->of, &given->own);
	free(given);
}

/* ---- beginning and end ------------------------------------------------------- */

int
kyi_replay_make(struct kyi_replay *replay, struct kymo_history *kept,
    struct kymo_history *made, const struct kymo_rules *rules, int64_t to_ms)
{
	const struct kymo_rule_group *group = kymo_rules_groups(rules);

	memset(replay, 0, sizeof(*replay));
	replay->source = (struct kymo_source){replay, replay_select,
		replay_done};
	replay->kept = kept;
	replay->made = made;
	replay->to_ms = to_ms;
	replay->names = calloc(kymo_rules_cnt(rules) + 2u,
	    sizeof(replay->names[0]));
	if (!replay->names)
		return -1;
	replay->names[replay->name_cnt++] = "ALERTS";
	replay->names[replay->name_cnt++] = "ALERTS_FOR_STATE";
	for (; group; group = group->next)
		for (const struct kymo_rule *rule = group->rules; rule;
		    rule = rule->next)
			if (!rule->is_alert)
				replay->names[replay->name_cnt++] = rule->name;
	return 0;
}

void
kyi_replay_free(struct kyi_replay *replay)
{
	struct kyi_replay_chunk *chunk;

	while ((chunk = replay->chunks) != NULL) {
		replay->chunks = chunk->next;
		chunk_free(replay, chunk);
	}
	free(replay->names);
}
