/* SPDX-License-Identifier: MIT */
/* Items come from a store that takes its time, as a database would; a cache
   keeps the thousand or so that were asked for last. */
#define KYMO_COMPONENT "store"
#include <kymo.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "httpd.h"

#define ENTRY_CNT 1024u
#define BUCKET_CNT 1024u
#define ITEM_BYTES 256u
#define STORE_US 150

KYMO_COUNTER_FAMILY(lookups, "cache_lookups_total", "Look-ups in the cache",
    "result");
KYMO_COUNTER(evictions, "cache_evictions_total",
    "Items that made room for another");
KYMO_GAUGE(items, "cache_items", "Items in the cache");
KYMO_TIMER(reading, "store_read_duration_seconds",
    "Time to read an item from the store");
KYMO_SPAN_NAME(read_store, "read store");

/* Series whose labels are known are looked up once, when they are declared. */
static struct kymo_counter hits, misses;

__attribute__((constructor)) static void
find_series(void)
{
	hits = KYMO_AT(counter, lookups, "hit");
	misses = KYMO_AT(counter, lookups, "miss");
}

/* ---- the cache ---------------------------------------------------------- */

struct entry {
	unsigned id;
	char text[ITEM_BYTES];
	struct entry *next; /* in its bucket */
	struct entry *older, *newer;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[ENTRY_CNT];
static unsigned used_cnt;
static struct entry *buckets[BUCKET_CNT];
/* A ring: after its newest end comes the oldest. */
static struct entry ends = {.older = &ends, .newer = &ends};

static struct entry **
bucket(unsigned id)
{
	return &buckets[id % BUCKET_CNT];
}

static void
be_newest(struct entry *entry)
{
	entry->older = ends.older;
	entry->newer = &ends;
	entry->older->newer = entry;
	ends.older = entry;
}

static void
leave(struct entry *entry)
{
	entry->older->newer = entry->newer;
	entry->newer->older = entry->older;
}

static struct entry *
find(unsigned id)
{
	struct entry *entry = *bucket(id);

	while (entry != NULL && entry->id != id)
		entry = entry->next;
	return entry;
}

static bool
cache_get(char text[ITEM_BYTES], unsigned id)
{
	struct entry *entry;

	pthread_mutex_lock(&lock);
	entry = find(id);
	if (entry != NULL) {
		leave(entry);
		be_newest(entry);
		memcpy(text, entry->text, ITEM_BYTES);
	}
	pthread_mutex_unlock(&lock);
	kymo_counter_inc(entry != NULL ? hits : misses);
	return entry != NULL;
}

/* An entry for another item: a new one, or the oldest. */
static struct entry *
make_room(void)
{
	struct entry *entry, **at;

	if (used_cnt < ENTRY_CNT) {
		kymo_gauge_set(items, ++used_cnt);
		return &entries[used_cnt - 1];
	}
	entry = ends.newer;
	leave(entry);
	for (at = bucket(entry->id); *at != entry; at = &(*at)->next)
		;
	*at = entry->next;
	kymo_counter_inc(evictions);
	return entry;
}

static void
cache_put(const char text[ITEM_BYTES], unsigned id)
{
	struct entry *entry;

	pthread_mutex_lock(&lock);
	if (find(id) == NULL) { /* another thread may have been faster */
		entry = make_room();
		entry->id = id;
		memcpy(entry->text, text, ITEM_BYTES);
		entry->next = *bucket(id);
		*bucket(id) = entry;
		be_newest(entry);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- the store ---------------------------------------------------------- */

static void
store_read(char text[ITEM_BYTES], unsigned id)
{
	struct timespec a_while = {.tv_nsec = STORE_US * 1000};

	KYMO_TIME_SCOPE(reading);
	KYMO_SPAN_SCOPE(read_store);
	nanosleep(&a_while, NULL);
	snprintf(text, ITEM_BYTES, "{\"id\": %u, \"text\": \"%0*u\"}\n", id,
	    100 + (int)(id % 100), id);
}

size_t
httpd_item(char *text, size_t room_bytes, unsigned id)
{
	char item[ITEM_BYTES];

	if (!cache_get(item, id)) {
		store_read(item, id);
		cache_put(item, id);
	}
	return (size_t)snprintf(text, room_bytes, "%s", item);
}
