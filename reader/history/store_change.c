/* SPDX-License-Identifier: MIT */
/* A history that goes on by other options, and maybe in another file. What can
   fail comes first: the other file is open before the one there is closes. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_db.h"
#include "shm/atomic.h"

struct kymo_history_change {
	struct kymo_history *history;
	struct kymo_history_options options;
	struct kyi_store *with; /* its overrides, and its file, if that is another */
	bool moves;
};

/* Nobody else has it: what it holds goes over, or is freed with it. */
static struct kyi_store *
store_beside(struct kymo_history_change *change, struct kymo_error *error)
{
	struct kyi_store *with = kyi_store_make(change->history,
	    change->options.path);

	if (with == NULL) {
		kymo_error_set(error, "no memory");
		return NULL;
	}
	if (kyi_kept_make(with, &change->options, error) == 0 &&
	    (!change->moves || with->off || kyi_store_try(with, error) == 0))
		return with;
	kyi_db_close(&with->db);
	kyi_store_free(with);
	return NULL;
}

struct kymo_history_change *
kymo_history_change_new(struct kymo_history *history,
    const struct kymo_history_options *options, struct kymo_error *error)
{
	struct kymo_history_change *change = calloc(1, sizeof *change);
	const char *path = options->path == NULL ? "" : options->path;

	if (change == NULL) {
		kymo_error_set(error, "no memory");
		return NULL;
	}
	change->history = history;
	change->options = *options;
	/* Changes are made one at a time: the path stays meanwhile. */
	change->moves = strcmp(path, history->store->path) != 0;
	if (kyi_history_options(&change->options, error) == 0)
		change->with = store_beside(change, error);
	if (change->with != NULL)
		return change;
	free(change);
	return NULL;
}

/* With work held. */
static void
options_take(struct kymo_history *history,
    const struct kymo_history_options *options)
{
	struct kymo_history_options *to = &history->options;

	pthread_mutex_lock(&history->lock);
	to->head_ms = options->head_ms;
	to->journal_ms = options->journal_ms;
	to->frame_ms = options->frame_ms;
	to->series_max = options->series_max;
	memcpy(to->tiers, options->tiers, sizeof to->tiers);
	/* Each series is to be looked at anew. */
	for (struct kymo_feed *feed = history->feeds; feed != NULL;
	    feed = feed->next)
		for (uint32_t i = 0; i < feed->series_cnt; i++)
			feed->series[i]->kept = 0;
	pthread_mutex_unlock(&history->lock);
}

static void
kept_take(struct kyi_store *store, struct kyi_store *with)
{
	struct kyi_kept *kept = store->kept;
	uint32_t kept_cnt = store->kept_cnt;

	store->kept = with->kept;
	store->kept_cnt = with->kept_cnt;
	with->kept = kept;
	with->kept_cnt = kept_cnt;
}

/* With work held: the last of it goes where it was. */
static void
file_leave(struct kyi_store *store)
{
	int code = store->db.sqlite == NULL ? SQLITE_OK :
	    kyi_store_journal(store);

	if (code != SQLITE_OK)
		kyi_store_failed(store, code);
	kyi_store_close(store, code == SQLITE_OK);
	kyi_store_unlock(store);
}

/* With the file held alone. */
static void
file_take(struct kyi_store *store, struct kyi_store *with)
{
	char *path = store->path;

	kyi_store_forget(store);
	pthread_mutex_lock(&store->lock);
	store->path = with->path;
	store->off = with->off;
	store->storing = false;
	store->journal_cnt = store->frame_cnt = 0;
	pthread_mutex_unlock(&store->lock);
	with->path = path;
	store->lock_fd = with->lock_fd;
	with->lock_fd = -1;
	store->db = with->db;
	memset(&with->db, 0, sizeof with->db);
	memset(store->tier_bytes, 0, sizeof store->tier_bytes);
	kyi_store_u32_relaxed(&store->suspect, 0);
	/* What is in memory goes on there. */
	store->open_before = true;
	store->said = false;
	store->due_ns = 0;
	pthread_mutex_lock(&store->history->lock);
	store->history->stores = !store->off;
	pthread_mutex_unlock(&store->history->lock);
}

static void
take(struct kymo_history_change *change)
{
	struct kyi_store *store = change->history->store;
	int code = SQLITE_OK;

	pthread_mutex_lock(&store->work);
	if (change->moves && !store->off)
		file_leave(store);
	pthread_rwlock_wrlock(&store->file);
	options_take(change->history, &change->options);
	kept_take(store, change->with);
	if (change->moves)
		file_take(store, change->with);
	/* Other overrides are other classes of frames. */
	if (store->db.sqlite != NULL)
		code = change->moves ? kyi_store_load(store) :
		    kyi_classes_load(store);
	if (code != SQLITE_OK) {
		kyi_store_failed(store, code);
		kyi_db_close(&store->db);
	}
	pthread_rwlock_unlock(&store->file);
	pthread_mutex_unlock(&store->work);
}

void
kymo_history_change_end(struct kymo_history_change *change, bool taken)
{
	if (change == NULL)
		return;
	if (taken)
		take(change);
	if (change->with->db.sqlite != NULL)
		kyi_db_close(&change->with->db);
	kyi_store_free(change->with);
	free(change);
}
