/* SPDX-License-Identifier: MIT */
/* reader/series/publish.c: whoever takes a scan finds it whole, and it is freed
   once, when nobody reads it. */
#include <stdlib.h>

#include "reader/series/private.h"
#include "tests/model/explore.h"
#include "tests/model/models.h"

static struct kymo_model *model;

/* What is freed is stored to: each use of it happens before. */
void
kyi_entries_free(struct kyi_entries *entries, struct kyi_families *families)
{
	(void)families;
	memset(entries, 0xdd, sizeof(*entries));
}

void
kyi_families_free(struct kyi_families *families)
{
	memset(families, 0xdd, sizeof(*families));
}

void
kyi_pool_free(struct kyi_pool *pool, struct kyi_pool_chunk **spare)
{
	(void)spare;
	memset(pool, 0xdd, sizeof(*pool));
}

void
kyi_pool_free_spare(struct kyi_pool_chunk **spare)
{
	(void)spare;
}

static struct kymo_scan *
scan_make(uint64_t number)
{
	struct kymo_scan *scan = calloc(1, sizeof(*scan));

	if (scan == NULL || (scan->private_ =
	    calloc(1, sizeof(*scan->private_))) == NULL)
		abort();
	scan->number = scan->at_ns = number;
	return scan;
}

static void
publish_setup(void)
{
	model = calloc(1, sizeof(*model));
	if (model == NULL || (model->store =
	    calloc(1, sizeof(*model->store))) == NULL)
		abort();
	model->store->refs = 1;
	kyi_scan_publish(model, scan_make(1));
}

static void
read_scan(void)
{
	const struct kymo_scan *scan = kymo_scan_take(model);

	if (scan == NULL)
		return;
	model_assert(scan->number == scan->at_ns && scan->number >= 1 &&
	    scan->number <= 3, "a scan that is not whole");
	kymo_scan_release(scan);
}

static void
publish_two(void)
{
	uint64_t number;

	for (number = 2; number <= 3; number++) {
		kyi_scan_publish(model, scan_make(number));
		kyi_publish_sweep(model);
	}
}

const struct model model_publish = {
	.name = "publish",
	.setup = publish_setup,
	.thread = { publish_two, read_scan, read_scan },
	.departures = 3,
	.runs = 8000,
	.walks = 1000,
};

/* The model is closed while a scan is held: its reader frees it, and the names
   with it if it is the last to know them. */
static void
publish_end(void)
{
	struct kyi_store *store = model->store;

	kyi_publish_end(model);
	memset(&store->families, 0, sizeof(store->families));
	kyi_store_drop(store);
}

const struct model model_publish_end = {
	.name = "publish_end",
	.setup = publish_setup,
	.thread = { publish_end, read_scan, read_scan },
	.departures = 3,
	.runs = 8000,
	.walks = 1000,
};
