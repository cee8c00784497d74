/* SPDX-License-Identifier: MIT */
/* How long what is kept, and what has to go. A frame goes when all of it is too
   old, and what a coarser tier wants of it is there; its pages are used again.
   Labels go with the last frame that is as old as they are. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_db.h"

#define VACUUM_PAGES 4096

/* ---- overrides -------------------------------------------------------------------- */

int
kyi_kept_make(struct kyi_store *store,
    const struct kymo_history_options *options, struct kymo_error *error)
{
	store->kept = calloc(options->override_cnt + 1u, sizeof *store->kept);
	if (store->kept == NULL)
		return kymo_error_set(error, "no memory");
	for (uint32_t i = 0; i < options->override_cnt; i++) {
		const struct kymo_history_override *is = &options->overrides[i];
		struct kyi_kept *kept = &store->kept[i];

		if (kymo_regex_new(&kept->regex, is->name, error) != 0)
			return -1;
		store->kept_cnt++;
		memcpy(kept->keep_ms, is->keep_ms, sizeof kept->keep_ms);
		/* The same in the next life, whatever its place. */
		kept->class = (int64_t)(kymo_label_hash("override", is->name) |
		    1);
	}
	return 0;
}

void
kyi_kept_free(struct kyi_store *store)
{
	for (uint32_t i = 0; i < store->kept_cnt; i++)
		kymo_regex_delete(store->kept[i].regex);
	free(store->kept);
	free(store->classes);
}

uint32_t
kyi_kept_of(struct kyi_store *store, struct kyi_series *series)
{
	const char *name;

	if (series->kept != 0)
		return series->kept - 1;
	name = kymo_labels_get(series->labels, KYMO_NAME_LABEL);
	series->kept = 1;
	for (uint32_t i = 0; i < store->kept_cnt && series->kept == 1; i++)
		if (kymo_regex_match(store->kept[i].regex, name))
			series->kept = i + 2;
	return series->kept - 1;
}

bool
kyi_kept_at_all(const struct kyi_store *store, uint32_t kept)
{
	for (int i = 0; i < KYMO_TIER_MAX; i++)
		if (store->kept[kept - 1].keep_ms[i] != 0)
			return true;
	return false;
}

uint64_t
kyi_keep_ms(const struct kyi_store *store, int64_t class, int tier)
{
	int i = tier == KYI_TIER_JOURNAL ? 0 : tier - KYI_TIER_FIRST;
	uint64_t keep_ms = store->history->options.tiers[i].keep_ms;

	/* One that there is no more. */
	if (store->history->options.tiers[i].step_ms == 0)
		return 0;
	for (uint32_t k = 0; k < store->kept_cnt; k++)
		if (store->kept[k].class == class)
			return store->kept[k].keep_ms[i];
	return keep_ms == 0 ? UINT64_MAX : keep_ms;
}

int
kyi_classes_load(struct kyi_store *store)
{
	sqlite3_stmt *get = kyi_db_sql(&store->db, KYI_SQL_CLASSES);
	uint32_t room = store->kept_cnt + 1;
	int code;

	free(store->classes);
	store->class_cnt = 0;
	store->classes = calloc(room + 64, sizeof *store->classes);
	if (store->classes == NULL)
		return SQLITE_NOMEM;
	store->classes[store->class_cnt++] = 0;
	for (uint32_t k = 0; k < store->kept_cnt; k++)
		store->classes[store->class_cnt++] = store->kept[k].class;
	/* Of overrides that there are no more. */
	while ((code = kyi_db_step(&store->db, get)) == SQLITE_ROW) {
		int64_t class = sqlite3_column_int64(get, 0);
		uint32_t i = 0;

		while (i < store->class_cnt && store->classes[i] != class)
			i++;
		if (i == store->class_cnt && i < room + 64)
			store->classes[store->class_cnt++] = class;
	}
	sqlite3_reset(get);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- going ------------------------------------------------------------------------ */

struct oldest {
	struct kyi_frames which;
	struct kyi_frame_row row;
	bool any;
};

/* The first that has to go by age; else, of one tier, the first of all. */
static int
oldest_find(struct kyi_store *store, int tier, bool by_age,
    struct oldest *oldest)
{
	struct kyi_frame_row *rows = NULL;
	uint32_t cnt = 0, all = store->feed_cnt * store->class_cnt;
	int code = SQLITE_OK;

	oldest->any = false;
	for (uint32_t i = 0; i < all && code == SQLITE_OK; i++) {
		struct kyi_frames which = {
			store->feeds[i / store->class_cnt].row, tier,
			store->classes[i % store->class_cnt] };
		uint64_t keep_ms = kyi_keep_ms(store, which.class, tier);

		cnt = 0;
		code = kyi_frame_oldest(&store->db, &which, &rows, &cnt);
		if (code != SQLITE_OK || cnt == 0 ||
		    (oldest->any && rows->to_ms >= oldest->row.to_ms) ||
		    (by_age && (keep_ms > INT64_MAX ||
		    rows->to_ms >= store->now_ms - (int64_t)keep_ms)))
			continue;
		*oldest = (struct oldest){ which, *rows, true };
	}
	free(rows);
	return code;
}

/* Labels that no frame of the feed can have any more. */
static int
labels_drop(struct kyi_store *store, int64_t feed_row, bool *dropped)
{
	sqlite3_stmt *first = kyi_db_sql(&store->db, KYI_SQL_FIRST_MS);
	static const enum kyi_sql drops[] = { KYI_SQL_LABELS_DROP,
		KYI_SQL_USES_DROP };
	int64_t first_ms = INT64_MAX;
	int code;

	sqlite3_bind_int64(first, 1, feed_row);
	code = kyi_db_step(&store->db, first);
	if (code == SQLITE_ROW && sqlite3_column_type(first, 0) != SQLITE_NULL)
		first_ms = sqlite3_column_int64(first, 0);
	sqlite3_reset(first);
	if (code != SQLITE_ROW)
		return code;
	code = SQLITE_OK;
	for (int i = 0; i < 2 && code == SQLITE_OK; i++) {
		sqlite3_stmt *drop = kyi_db_sql(&store->db, drops[i]);

		sqlite3_bind_int64(drop, 1, feed_row);
		sqlite3_bind_int64(drop, 2, first_ms);
		code = kyi_db_run(&store->db, drop);
		*dropped |= sqlite3_changes(store->db.sqlite) > 0;
	}
	return code;
}

static int
drop(struct kyi_store *store, const struct oldest *oldest)
{
	bool dropped = false;
	int code = kyi_db_begin(&store->db, KYI_SQL_BEGIN_WRITE);

	if (code != SQLITE_OK)
		return code;
	code = kyi_frame_drop(&store->db, oldest->row.id);
	if (code == SQLITE_OK)
		code = labels_drop(store, oldest->which.feed_row, &dropped);
	code = kyi_store_end(store, code);
	if (code != SQLITE_OK)
		return code;
	kyi_store_counted(store, oldest->which.tier, -1, -oldest->row.bytes);
	return dropped ? kyi_labels_load(store) : SQLITE_OK;
}

/* A coarser tier wants it, and has it not yet. */
static int
waits(struct kyi_store *store, const struct oldest *oldest, bool *waiting)
{
	int64_t done;
	int tier = oldest->which.tier, code;

	*waiting = false;
	if (tier == KYI_TIER_JOURNAL ||
	    !kyi_coarser_wanted(store, oldest->which.class, tier))
		return SQLITE_OK;
	code = kyi_coarser_done(&store->db, oldest->which.feed_row, tier + 1,
	    &done);
	*waiting = code == SQLITE_OK && oldest->row.id > done;
	return code;
}

/* Pages that are free stay for what comes, but not if they are many. */
static int
vacuum(struct kyi_store *store)
{
	int64_t pages, spare;
	int code = kyi_db_pragma(&store->db, "PRAGMA page_count", &pages);

	if (code == SQLITE_OK)
		code = kyi_db_pragma(&store->db, "PRAGMA freelist_count",
		    &spare);
	if (code != SQLITE_OK || spare < VACUUM_PAGES || spare < pages / 4)
		return code;
	return sqlite3_exec(store->db.sqlite, "PRAGMA incremental_vacuum(2048)",
	    NULL, NULL, NULL);
}

int
kyi_store_expire(struct kyi_store *store, bool *wrote)
{
	const struct kymo_history_tier *tiers = store->history->options.tiers;
	struct oldest oldest = { .any = false };
	bool waiting = false;
	int code = SQLITE_OK, tier;

	*wrote = false;
	for (tier = 0; tier <= KYMO_TIER_MAX && code == SQLITE_OK &&
	    !oldest.any; tier++) {
		bool much = tier > 0 && tiers[tier - 1].keep_bytes != 0 &&
		    store->tier_bytes[tier] > tiers[tier - 1].keep_bytes;

		if (much || store->steady)
			code = oldest_find(store, tier, !much, &oldest);
	}
	if (code == SQLITE_OK && !oldest.any)
		return vacuum(store);
	if (code == SQLITE_OK)
		code = waits(store, &oldest, &waiting);
	if (code == SQLITE_OK && waiting)
		code = kyi_store_coarser(store, oldest.which.feed_row,
		    oldest.which.tier + 1, wrote);
	/* Nothing could be made of it: it is damaged. */
	if (code == SQLITE_OK && !*wrote)
		code = drop(store, &oldest);
	*wrote = code == SQLITE_OK;
	return code;
}
