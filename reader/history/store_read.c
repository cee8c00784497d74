/* SPDX-License-Identifier: MIT */
/* What a select wants that memory has not any more, out of the database: by
   whoever asks, with a connection of its own. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_read.h"
#include "shm/atomic.h"

#define SPARE_MAX 4u
#define STEPS_BETWEEN_LOOKS 10000 /* of SQLite's machine: some 0.1 ms */

/* ---- connections ------------------------------------------------------------------ */

static struct kyi_db *
db_take(struct kyi_store *store, int *code)
{
	struct kyi_db *db;

	pthread_mutex_lock(&store->lock);
	db = store->spare;
	if (db != NULL) {
		store->spare = db->next;
		store->spare_cnt--;
	}
	pthread_mutex_unlock(&store->lock);
	*code = SQLITE_OK;
	if (db != NULL)
		return db;
	db = calloc(1, sizeof *db);
	*code = db == NULL ? SQLITE_NOMEM :
	    kyi_db_open(db, store->path, false);
	if (*code == SQLITE_OK || db == NULL)
		return db;
	kyi_db_close(db);
	free(db);
	return NULL;
}

static void
db_give(struct kyi_store *store, struct kyi_db *db)
{
	pthread_mutex_lock(&store->lock);
	if (store->spare_cnt < SPARE_MAX) {
		db->next = store->spare;
		store->spare = db;
		store->spare_cnt++;
		db = NULL;
	}
	pthread_mutex_unlock(&store->lock);
	if (db == NULL)
		return;
	kyi_db_close(db);
	free(db);
}

/* ---- what memory has --------------------------------------------------------------- */

/* All since this time is in memory: INT64_MAX where nothing is; *all: nothing
   has left it. Of what a selection has looked at before: what goes from memory
   is said first. */
static int64_t
whole_since(const struct kymo_feed *feed, bool *all)
{
	/* pairs(feed-cnt) */
	uint64_t cnt = kyi_load_u64_acquire(&feed->cnt), from;
	uint64_t begin = kyi_load_u64_relaxed(&feed->begin);
	const struct kyi_times *times;

	/* After columns were looked at, by acquire. */
	from = kyi_load_u64_relaxed(&feed->whole_from);
	/* pairs(feed-times) */
	times = kyi_load_ptr_acquire((void *const *)&feed->times);
	*all = false;
	if (times == NULL)
		return INT64_MAX;
	if (from < begin)
		from = begin;
	if (from < times->first)
		from = times->first;
	*all = from == 0;
	return from >= cnt ? INT64_MAX : times->at_ms[from - times->first];
}

/* The feeds of which the database, file_number, has something to add. */
static int
feeds_asked(struct kyi_store *store, struct kyi_asking *asking,
    uint64_t *file_number)
{
	const struct kymo_select *what = asking->what;
	int result = 0;

	pthread_mutex_lock(&store->lock);
	*file_number = store->file_number;
	asking->feeds = store->feed_cnt == 0 ? NULL :
	    malloc(store->feed_cnt * sizeof *asking->feeds);
	if (asking->feeds == NULL && store->feed_cnt > 0)
		result = kymo_error_set(asking->error, "no memory");
	for (uint32_t i = 0; i < store->feed_cnt && result == 0; i++) {
		const struct kyi_store_feed *feed = &store->feeds[i];
		bool all;
		int64_t since_ms = whole_since(feed->feed, &all);

		if (what->from_ms >= feed->newest_ms ||
		    what->from_ms >= since_ms - 1 ||
		    (feed->begun_here && all))
			continue;
		asking->feeds[asking->feed_cnt++] = (struct kyi_asked_feed){
			.row = feed->row, .since_ms = since_ms };
	}
	pthread_mutex_unlock(&store->lock);
	return result;
}

/* ---- series ------------------------------------------------------------------------ */

/* A copy of a batch's labels. NULL: no memory. */
static const struct kymo_labels *
labels_copy(struct kyi_arena *arena, const struct kymo_labels *labels)
{
	size_t text_bytes = 0;
	struct kymo_labels *copy;
	struct kymo_label *at;
	char *text;

	for (uint32_t i = 0; i < labels->cnt; i++)
		text_bytes += strlen(labels->at[i].key) +
		    strlen(labels->at[i].value) + 2;
	copy = kyi_arena_take(arena, sizeof *copy + labels->cnt * sizeof *at +
	    text_bytes);
	if (copy == NULL)
		return NULL;
	at = (struct kymo_label *)(copy + 1);
	text = (char *)(at + labels->cnt);
	for (uint32_t i = 0; i < labels->cnt; i++) {
		at[i].key = text;
		text = stpcpy(text, labels->at[i].key) + 1;
		at[i].value = text;
		text = stpcpy(text, labels->at[i].value) + 1;
	}
	*copy = (struct kymo_labels){ kymo_labels_hash(at, labels->cnt),
		labels->cnt, at };
	return copy;
}

static int
found_add(struct kyi_asking *asking, uint64_t id, int64_t feed_row,
    const struct kymo_labels *labels)
{
	struct kyi_found *found;

	if (asking->found_cnt >= asking->what->series_max)
		return kymo_error_set(asking->error,
		    "more than %llu series match",
		    (unsigned long long)asking->what->series_max);
	if (asking->found_cnt == asking->found_room) {
		uint32_t room = asking->found_room * 2 + 64;

		found = realloc(asking->found, room * sizeof *found);
		if (found == NULL)
			return kymo_error_set(asking->error, "no memory");
		asking->found = found;
		asking->found_room = room;
	}
	found = &asking->found[asking->found_cnt];
	*found = (struct kyi_found){ .id = id, .feed_row = feed_row,
		.labels = labels_copy(&asking->selection->arena, labels) };
	if (found->labels == NULL)
		return kymo_error_set(asking->error, "no memory");
	asking->found_cnt++;
	return 0;
}

static int
batch_match(struct kyi_asking *asking, struct kyi_batch_walk *walk,
    int64_t feed_row)
{
	const struct kymo_select *what = asking->what;

	if (kyi_asking_go_on(asking) != 0)
		return -1;
	while (kyi_batch_next(walk))
		if (kymo_matchers_match(what->matchers, what->matcher_cnt,
		    &walk->labels) &&
		    found_add(asking, walk->id, feed_row, &walk->labels) != 0)
			return -1;
	return 0;
}

static bool
is_asked(const struct kyi_asking *asking, int64_t feed_row)
{
	for (uint32_t i = 0; i < asking->feed_cnt; i++)
		if (asking->feeds[i].row == feed_row)
			return true;
	return false;
}

static int
by_feed_and_id(const void *a_at, const void *b_at)
{
	const struct kyi_found *a = a_at, *b = b_at;

	if (a->feed_row != b->feed_row)
		return a->feed_row < b->feed_row ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
match(struct kyi_asking *asking)
{
	sqlite3_stmt *in = kyi_db_sql(asking->db, KYI_SQL_LABELS_IN);
	int code = SQLITE_OK, result = 0;

	sqlite3_bind_int64(in, 1, asking->what->from_ms);
	sqlite3_bind_int64(in, 2, asking->what->to_ms);
	while (result == 0 &&
	    (code = kyi_db_step(asking->db, in)) == SQLITE_ROW) {
		int64_t feed_row = sqlite3_column_int64(in, 1);
		struct kyi_batch_walk walk;

		if (!is_asked(asking, feed_row))
			continue;
		code = kyi_batch_begin(&walk, sqlite3_column_blob(in, 2),
		    (size_t)sqlite3_column_bytes(in, 2));
		if (code == SQLITE_NOMEM)
			result = kymo_error_set(asking->error, "no memory");
		else if (code == SQLITE_EMPTY)
			asking->damaged_cnt++;
		else
			result = batch_match(asking, &walk, feed_row);
		if (code == SQLITE_OK)
			kyi_batch_end(&walk);
	}
	sqlite3_reset(in);
	if (result == 0 && code != SQLITE_DONE)
		result = kyi_asking_failed(asking, code);
	if (asking->found_cnt > 1)
		qsort(asking->found, asking->found_cnt, sizeof *asking->found,
		    by_feed_and_id);
	return result;
}

/* ---- all of it ---------------------------------------------------------------------- */

int
kyi_asking_go_on(struct kyi_asking *asking)
{
	if (!asking->gave_up && kyi_select_go_on(asking->what,
	    asking->error) != 0)
		asking->gave_up = true;
	return asking->gave_up ? -1 : 0;
}

int
kyi_asking_failed(struct kyi_asking *asking, int code)
{
	if (asking->gave_up)
		return -1;
	if (kyi_db_is_damage(code))
		kyi_store_u32_relaxed(&asking->store->suspect, 1);
	pthread_mutex_lock(&asking->store->lock);
	asking->store->error_cnt++;
	pthread_mutex_unlock(&asking->store->lock);
	return kymo_error_set(asking->error, "%s: %s", asking->store->path,
	    sqlite3_errstr(code));
}

/* Asked by SQLite, in statements that take long. */
static int
interrupts(void *of)
{
	return kyi_asking_go_on(of) != 0;
}

static int
read_all(struct kyi_asking *asking)
{
	int code = kyi_db_begin(asking->db, KYI_SQL_BEGIN), result;
	uint32_t from = 0, end;

	if (code != SQLITE_OK)
		return kyi_asking_failed(asking, code);
	sqlite3_progress_handler(asking->db->sqlite, STEPS_BETWEEN_LOOKS,
	    interrupts, asking);
	result = match(asking);
	for (; from < asking->found_cnt && result == 0; from = end) {
		for (end = from + 1; end < asking->found_cnt &&
		    asking->found[end].feed_row ==
		    asking->found[from].feed_row; end++)
			;
		result = kyi_asking_read(asking, asking->found + from,
		    end - from);
	}
	/* It ends whoever gives up. */
	sqlite3_progress_handler(asking->db->sqlite, 0, NULL, NULL);
	code = kyi_db_run(asking->db, kyi_db_sql(asking->db, KYI_SQL_COMMIT));
	return result == 0 && code != SQLITE_OK ?
	    kyi_asking_failed(asking, code) : result;
}

/* With the file held. */
static int
ask(struct kyi_asking *asking)
{
	struct kyi_store *store = asking->store;
	int code, result;

	if (store->db.sqlite == NULL)
		return 0; /* said by warn, and by storing */
	asking->db = db_take(store, &code);
	if (asking->db == NULL)
		return kyi_asking_failed(asking, code);
	result = read_all(asking);
	db_give(store, asking->db);
	if (asking->damaged_cnt > 0) {
		pthread_mutex_lock(&store->lock);
		store->error_cnt += asking->damaged_cnt;
		pthread_mutex_unlock(&store->lock);
	}
	return result;
}

int
kyi_store_select(struct kyi_store *store, struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error)
{
	struct kyi_asking asking = { .store = store, .selection = selection,
		.what = what, .error = error };
	uint64_t file_number;
	int result = feeds_asked(store, &asking, &file_number);

	if (result == 0 && asking.feed_cnt > 0) {
		pthread_rwlock_rdlock(&store->file);
		/* It may be another one by now, with other rows. */
		if (file_number != store->file_number) {
			asking.feed_cnt = 0;
			free(asking.feeds);
			result = feeds_asked(store, &asking, &file_number);
		}
		if (result == 0)
			result = ask(&asking);
		pthread_rwlock_unlock(&store->file);
	}
	for (uint32_t i = 0; i < asking.found_cnt; i++) {
		free(asking.found[i].column);
		free(asking.found[i].hists);
		free(asking.found[i].weight);
	}
	free(asking.found);
	free(asking.feeds);
	return result;
}
