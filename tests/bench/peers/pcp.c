/* SPDX-License-Identifier: MIT */
/* Performance Co-Pilot's memory mapped values. It has no histogram and no
   event. Its calls are not atomic: two threads lose values; not kymo's promise. */
#include <pcp/pmapi.h>
#include <pcp/mmv_stats.h>

#include "peers.h"

static void *map;
static pmAtomValue *value;

static void
counter(uint64_t n)
{
	for (; n > 0; n--)
		mmv_inc(map, value);
}

int
main(void)
{
	pmUnits units = MMV_UNITS(0, 0, 1, 0, 0, PM_COUNT_ONE);
	mmv_registry_t *registry = mmv_stats_registry("peers", 42,
	    MMV_FLAG_PROCESS);

	peers_begin();
	if (registry == NULL || mmv_stats_add_metric(registry, "jobs", 1,
	    MMV_TYPE_U64, MMV_SEM_COUNTER, units, 0, "For the benchmark",
	    "For the benchmark") != 0)
		return 1;
	map = mmv_stats_start(registry);
	value = map == NULL ? NULL : mmv_lookup_value_desc(map, "jobs", NULL);
	if (value == NULL)
		return 1;
	peers_measure("counter pcp_mmv", counter, 200000);
	return 0;
}
