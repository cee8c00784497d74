/* SPDX-License-Identifier: MIT */
/* A cache of items, by number: 256 places, the newest in each stays. */
#define KYMO_COMPONENT "cache"
#include <kymo.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "httpd.h"

#define PLACE_CNT 256u
#define ITEM_BYTES 512u

KYMO_COUNTER_FAMILY(lookups, "cache_lookups_total", "Look-ups in the cache",
    "result");
KYMO_GAUGE(items, "cache_items", "Items in the cache");
KYMO_TIMER(making, "item_make_duration_seconds",
    "Time it takes to make an item that was not in the cache");

/* Series whose labels are known are looked up once. */
static struct kymo_counter hits, misses;

static struct place {
	pthread_mutex_t lock;
	bool used;
	unsigned id;
	char text[ITEM_BYTES];
	size_t len_bytes;
} places[PLACE_CNT];
static unsigned used_cnt;

__attribute__((constructor)) static void
cache_init(void)
{
	for (unsigned i = 0; i < PLACE_CNT; i++)
		pthread_mutex_init(&places[i].lock, NULL);
}

static pthread_once_t series_once = PTHREAD_ONCE_INIT;

static void
find_series(void)
{
	hits = KYMO_AT(counter, lookups, "hit");
	misses = KYMO_AT(counter, lookups, "miss");
}

/* Something slow, as a database would be. */
static size_t
make_item(char text[ITEM_BYTES], unsigned id)
{
	unsigned hash = id;
	size_t len;

	KYMO_TIME_SCOPE(making);
	for (int i = 0; i < 20000; i++)
		hash = hash * 1664525 + 1013904223;
	len = (size_t)snprintf(text, ITEM_BYTES, "{\"id\": %u, \"hash\": %u, "
	    "\"text\": \"", id, hash);
	memset(text + len, 'a' + (int)(id % 26), 200);
	len += 200;
	memcpy(text + len, "\"}\n", 4);
	return len + 3;
}

size_t
httpd_item(char *text, size_t room_bytes, unsigned id)
{
	struct place *place = &places[id % PLACE_CNT];
	size_t len;

	pthread_once(&series_once, find_series);
	pthread_mutex_lock(&place->lock);
	if (place->used && place->id == id) {
		kymo_counter_inc(hits);
	} else {
		kymo_counter_inc(misses);
		place->len_bytes = make_item(place->text, id);
		place->id = id;
		if (!place->used)
			kymo_gauge_set(items, __atomic_add_fetch(&used_cnt, 1,
			    __ATOMIC_RELAXED));
		place->used = true;
	}
	len = place->len_bytes < room_bytes ? place->len_bytes : room_bytes;
	memcpy(text, place->text, len);
	pthread_mutex_unlock(&place->lock);
	return len;
}
