/* SPDX-License-Identifier: MIT */
/* The database as history.c knows it: what is due, and when. */
#include "reader/history/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reader/history/store_db.h"
#include "shm/atomic.h"

#define ZSTD_LEVEL_JOURNAL 1
#define ZSTD_LEVEL_FRAME 6
#define PATH_BYTES_MAX 3900u
#define NS_IN_MS UINT64_C(1000000)
#define RETRY_NS (10000 * NS_IN_MS)
#define EXPIRE_NS (60000 * NS_IN_MS)

void
kyi_store_warn(struct kyi_store *store, const char *format, ...)
{
	const struct kymo_history_options *options = &store->history->options;
	char text[1024];
	va_list args;

	if (options->warn == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	options->warn(options->to, text);
}

/* One that had no memory stays so until then. */
static void
buffers_free(struct kyi_store *store)
{
	kymo_buffer_free(&store->bytes);
	kymo_buffer_free(&store->directory);
	kymo_buffer_free(&store->code);
	kymo_buffer_free(&store->raw);
}

void
kyi_store_failed(struct kyi_store *store, int code)
{
	pthread_mutex_lock(&store->lock);
	store->error_cnt++;
	store->storing = false;
	pthread_mutex_unlock(&store->lock);
	if (!store->said)
		kyi_store_warn(store, "%s: cannot be written: %s; history is"
		    " kept in memory alone until it can be", store->path,
		    sqlite3_errstr(code));
	store->said = true;
	if ((code & 0xff) == SQLITE_NOMEM)
		buffers_free(store);
}

static void
wrote(struct kyi_store *store)
{
	pthread_mutex_lock(&store->lock);
	store->storing = true;
	pthread_mutex_unlock(&store->lock);
	if (store->said)
		kyi_store_warn(store, "%s: can be written again", store->path);
	store->said = false;
}

/* ---- beginning and end ------------------------------------------------------------ */

struct kyi_store *
kyi_store_make(struct kymo_history *history, const char *path)
{
	struct kyi_store *store = calloc(1, sizeof *store);

	if (store == NULL)
		return NULL;
	store->history = history;
	store->lock_fd = -1;
	pthread_mutex_init(&store->work, NULL);
	pthread_mutex_init(&store->lock, NULL);
	pthread_rwlock_init(&store->file, NULL);
	store->off = path == NULL;
	store->path = strdup(path == NULL ? "" : path);
	store->journal_writer = kyi_frame_writer_new(ZSTD_LEVEL_JOURNAL);
	store->frame_writer = kyi_frame_writer_new(ZSTD_LEVEL_FRAME);
	store->column = malloc(KYI_FRAME_SAMPLES_MAX * sizeof *store->column);
	if (store->path != NULL && store->journal_writer != NULL &&
	    store->frame_writer != NULL && store->column != NULL)
		return store;
	kyi_store_free(store);
	return NULL;
}

void
kyi_store_free(struct kyi_store *store)
{
	kyi_frame_writer_delete(store->journal_writer);
	kyi_frame_writer_delete(store->frame_writer);
	kyi_kept_free(store);
	buffers_free(store);
	free(store->copy.series);
	free(store->copy.at_ms);
	free(store->column);
	free(store->fresh);
	free(store->batches);
	free(store->feeds);
	free(store->path);
	kyi_store_unlock(store);
	pthread_rwlock_destroy(&store->file);
	pthread_mutex_destroy(&store->lock);
	pthread_mutex_destroy(&store->work);
	free(store);
}

/* What was restored from long ago would leave memory before it is due. */
static void
old_frame(struct kyi_store *store)
{
	bool any = store->db.sqlite != NULL && store->storing;

	while (any) {
		int code = kyi_store_frame(store, KYI_FRAME_OLD, &any);

		if (code == SQLITE_OK)
			continue;
		kyi_store_failed(store, code);
		break;
	}
}

struct kyi_store *
kyi_store_new(struct kymo_history *history, struct kymo_error *error)
{
	struct kyi_store *store;

	store = kyi_store_make(history, history->options.path);
	if (store == NULL) {
		kymo_error_set(error, "no memory");
		return NULL;
	}
	history->store = store;
	if (kyi_kept_make(store, &history->options, error) != 0 ||
	    (!store->off && kyi_store_open(store, error) != 0)) {
		history->store = NULL;
		kyi_store_free(store);
		return NULL;
	}
	old_frame(store);
	return store;
}

void
kyi_store_delete(struct kyi_store *store)
{
	bool reads;
	int code;

	if (store == NULL)
		return;
	reads = store->history->options.read_only;
	code = store->db.sqlite == NULL || reads ? SQLITE_OK :
	    kyi_store_journal(store);
	if (code != SQLITE_OK)
		kyi_store_failed(store, code);
	kyi_store_close(store, code == SQLITE_OK && !reads);
	kyi_store_free(store);
}

/* ---- what is due ------------------------------------------------------------------- */

static void
ended(struct kyi_store *store, int code)
{
	if (code == SQLITE_OK) {
		wrote(store);
		return;
	}
	if (kyi_db_is_damage(code))
		kyi_store_u32_relaxed(&store->suspect, 1);
	kyi_store_failed(store, code);
}

/* One piece: frames first, then what is made of them, then what has to go. */
static bool
frames(struct kyi_store *store, uint64_t now_ns)
{
	bool more = false;
	int code = kyi_store_frame(store, KYI_FRAME_WHOLE, &more);

	if (code == SQLITE_OK && !more)
		code = kyi_store_coarser(store, 0, 0, &more);
	if (code == SQLITE_OK && !more && now_ns >= store->expire_ns) {
		code = kyi_clock_note(store);
		if (code == SQLITE_OK)
			code = kyi_store_expire(store, &more);
		if (!more)
			store->expire_ns = now_ns + EXPIRE_NS;
	}
	if (code != SQLITE_OK || more)
		ended(store, code);
	store->frames_due = code == SQLITE_OK && more;
	return store->frames_due;
}

/* Returns whether there is more to do now. */
static bool
step(struct kyi_store *store, uint64_t now_ns)
{
	uint64_t period_ns = store->history->options.journal_ms * NS_IN_MS;
	int code;

	if (store->off)
		return false;
	if (kyi_load_u32_relaxed(&store->suspect) != 0)
		kyi_store_set_aside(store);
	if (store->db.sqlite == NULL) {
		if (now_ns < store->due_ns)
			return false;
		store->due_ns = now_ns + RETRY_NS;
		/* Another process may have it by now: the same as no rights. */
		if (kyi_store_open(store, NULL) != 0 || store->db.sqlite == NULL)
			return false;
	}
	if (now_ns >= store->due_ns) {
		/* A tenth is for the writing itself. */
		store->due_ns = now_ns + period_ns - period_ns / 10;
		code = kyi_store_journal(store);
		ended(store, code);
		kyi_clock_look(store, now_ns);
		store->frames_due = code == SQLITE_OK;
		return store->frames_due;
	}
	return store->frames_due && frames(store, now_ns);
}

bool
kyi_store_step(struct kyi_store *store, uint64_t now_mono_ns)
{
	bool more;

	if (store->history->options.read_only)
		return false;
	pthread_mutex_lock(&store->work);
	more = step(store, now_mono_ns);
	pthread_mutex_unlock(&store->work);
	return more;
}

uint64_t
kyi_store_next_ns(const struct kyi_store *store)
{
	pthread_mutex_t *work = (pthread_mutex_t *)(uintptr_t)&store->work;
	uint64_t next_ns;

	/* A change may be under way. */
	pthread_mutex_lock(work);
	next_ns = store->off ? UINT64_MAX : store->frames_due ||
	    kyi_load_u32_relaxed(&store->suspect) != 0 ? 0 : store->due_ns;
	pthread_mutex_unlock(work);
	return next_ns;
}

static int
flush(struct kyi_store *store)
{
	bool more = true;
	int code = kyi_store_journal(store);

	while (code == SQLITE_OK && more)
		code = kyi_store_frame(store, KYI_FRAME_ALL, &more);
	/* What the journal was in is free now. */
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db.sqlite,
		    "PRAGMA incremental_vacuum", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_wal_checkpoint_v2(store->db.sqlite, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	ended(store, code);
	return code;
}

int
kyi_store_flush(struct kyi_store *store, struct kymo_error *error)
{
	int code, result = 0;

	if (store->history->options.read_only)
		return kymo_error_set(error, "%s: opened to be read alone",
		    store->path);
	pthread_mutex_lock(&store->work);
	if (store->db.sqlite == NULL && !store->off) {
		result = kymo_error_set(error, "%s: it is not open",
		    store->path);
	} else if (!store->off) {
		code = flush(store);
		if (code != SQLITE_OK)
			result = kymo_error_set(error, "%s: %s", store->path,
			    sqlite3_errstr(code));
	}
	pthread_mutex_unlock(&store->work);
	return result;
}

static uint64_t
file_bytes(const char *path, const char *suffix)
{
	char name[PATH_BYTES_MAX + 32];
	struct stat at;

	snprintf(name, sizeof name, "%s%s", path, suffix);
	return stat(name, &at) != 0 ? 0 : (uint64_t)at.st_size;
}

void
kyi_store_stats(struct kyi_store *store, struct kymo_history_stats *stats)
{
	char path[PATH_BYTES_MAX + 16];

	pthread_mutex_lock(&store->lock);
	snprintf(path, sizeof path, "%s", store->path);
	stats->journal_cnt = store->journal_cnt;
	stats->frame_cnt = store->frame_cnt;
	stats->error_cnt = store->error_cnt;
	stats->lost_ms = store->lost_ms;
	stats->storing = store->storing;
	pthread_mutex_unlock(&store->lock);
	if (*path != '\0')
		stats->stored_bytes = file_bytes(path, "") +
		    file_bytes(path, "-wal");
}
