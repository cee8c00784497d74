/* SPDX-License-Identifier: MIT */
/* A thread forks while another registers: the child has what was there, whole,
   and makes a region of it that is sound. */
#include <string.h>

#include "tests/model/world.h"
#include "writer/thread.h"

static const char *const path_key[] = { "path", NULL };
static struct kymo_family family;

static void
become_child(void)
{
	model_fork();
	model_wipe(kyi_process(), sizeof(struct kyi_process));
}

static struct kymo_region *
read_child(void)
{
	struct kymo_region *region;
	struct kymo_error error;

	model_private(true);
	if (kymo_region_open(&region, 3, "/model", "1", NULL, &error) != 0)
		model_fail(error.text);
	world_scan(region, KYMO_SCAN_VALUES);
	return region;
}

static void
fork_setup(void)
{
	static const char *const values[] = { "/first" };

	world_begin(3);
	family = world_family(KYMO_KIND_COUNTER, "requests", path_key, 0);
	kymo_counter_at(family, 1, values);
}

static void
fork_series_parent(void)
{
	static const char *const values[] = { "/a" };

	kymo_counter_at(family, 1, values);
}

static void
fork_series_child(void)
{
	static const char *const values[][1] = { { "/a" }, { "/b" } };
	const struct kymo_metric_value *value;
	struct kymo_region *region;
	uint32_t i;

	become_child();
	for (i = 0; i < 2; i++)
		kymo_counter_add(kymo_counter_at(family, 1, values[i]), i + 5);
	region = read_child();
	for (i = 0; i < 2; i++) {
		value = world_value(region, "requests", values[i][0]);
		model_assert(value != NULL && value->is.u == i + 5,
		    "a child's series has another value");
	}
	world_close(region);
}

const struct model model_fork_series = {
	.name = "fork_series",
	.setup = fork_setup,
	.thread = { fork_series_parent, fork_series_child },
	.departures = 2,
	.runs = 4000,
	.walks = 300,
};

static void
fork_resource_parent(void)
{
	kymo_resource_set("deployment", "blue");
}

static void
fork_resource_child(void)
{
	const struct kymo_region_info *info;
	struct kymo_region *region;
	uint32_t own_cnt = 0, i;

	become_child();
	kymo_resource_set("colour", "blue");
	kymo_init(NULL);
	region = read_child();
	info = kymo_region_info(region);
	for (i = 0; i < info->resource_cnt; i++) {
		bool is_ours = strcmp(info->resource[i][0], "colour") == 0;

		model_assert((!is_ours &&
		    strcmp(info->resource[i][0], "deployment") != 0) ||
		    strcmp(info->resource[i][1], "blue") == 0,
		    "a child has half an attribute");
		own_cnt += is_ours;
	}
	model_assert(own_cnt == 1, "a child has not its own attribute");
	world_close(region);
}

const struct model model_fork_resource = {
	.name = "fork_resource",
	.setup = fork_setup,
	.thread = { fork_resource_parent, fork_resource_child },
	.departures = 2,
	.runs = 4000,
	.walks = 300,
};
