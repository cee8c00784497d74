/* SPDX-License-Identifier: MIT */
/* What the reader itself says of each region: its losses, its size, and what
   the kernel knows of the process. schema/kymo.metrics lists the same. */
#include <string.h>

#include "reader/series/private.h"

#define COUNTER KYMO_METRIC_COUNTER, KYMO_METRIC_SUM
#define GAUGE KYMO_METRIC_GAUGE, KYMO_METRIC_SUM

#define LOST "Records that were lost, by what stood in the way"
#define REGIONS "Regions by the state of their process"
#define SWITCHES "Context switches of the main thread"
#define FAULTS "Page faults"

enum {
	REGIONS_ALIVE,
	REGIONS_DEAD,
	LOST_FULL,
	LOST_CARDINALITY,
	LOST_SLOTS,
	LOST_RING,
	LOST_BADCALL,
	LOST_UNSET,
	LOST_ROOM,
	BAD_RECORDS,
	REGION_BYTES,
	THREADS,
	SERIES,
	HEARTBEATS,
	HEARTBEAT_AGE,
	PROCESS_CPU,
	PROCESS_RESIDENT,
	PROCESS_VIRTUAL,
	PROCESS_FDS,
	PROCESS_MAX_FDS,
	PROCESS_THREADS,
	PROCESS_START,
	SWITCHES_VOLUNTARY,
	SWITCHES_INVOLUNTARY,
	FAULTS_MAJOR,
	FAULTS_MINOR,
	OWN_CNT
};

const struct kyi_own kyi_own[] = {
	[REGIONS_ALIVE] = {"kymo_regions", GAUGE, "", "state", "alive", REGIONS,
	    true, 0, true},
	[REGIONS_DEAD] = {"kymo_regions", GAUGE, "", "state", "dead", REGIONS,
	    .of_dead = true},
	[LOST_FULL] = {"kymo_lost", COUNTER, "", "reason", "full", LOST,
	    .of_dead = false},
	[LOST_CARDINALITY] = {"kymo_lost", COUNTER, "", "reason", "cardinality",
	    LOST, .of_dead = false},
	[LOST_SLOTS] = {"kymo_lost", COUNTER, "", "reason", "slots", LOST,
	    .of_dead = false},
	[LOST_RING] = {"kymo_lost", COUNTER, "", "reason", "ring", LOST,
	    .of_dead = false},
	[LOST_BADCALL] = {"kymo_lost", COUNTER, "", "reason", "badcall", LOST,
	    .of_dead = false},
	[LOST_UNSET] = {"kymo_lost", COUNTER, "", "reason", "unset", LOST,
	    .of_dead = false},
	[LOST_ROOM] = {"kymo_lost", COUNTER, "", "reason", "lost", LOST,
	    .of_dead = false},
	[BAD_RECORDS] = {"kymo_bad_records", GAUGE, "", NULL, NULL,
	    "Records of regions that the reader's checks refused", .of_dead = true},
	[REGION_BYTES] = {"kymo_region_bytes", GAUGE, "bytes", NULL, NULL,
	    "Memory that regions take", .of_dead = true},
	[THREADS] = {"kymo_threads", GAUGE, "", NULL, NULL,
	    "Threads that have a place of their own in a region", .of_dead = false},
	[SERIES] = {"kymo_series", GAUGE, "", NULL, NULL,
	    "Series that processes have registered", .of_dead = false},
	[HEARTBEATS] = {"kymo_heartbeats", COUNTER, "", NULL, NULL,
	    "Heartbeats of programs' main loops", .of_dead = false},
	[HEARTBEAT_AGE] = {"kymo_heartbeat_age_seconds",
	    KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_MAX_OF, "seconds", NULL, NULL,
	    "Time since the last heartbeat; the oldest of a service", false, 0,
	    true},
	/* Whole numbers: a sum of fractions depends on their order. */
	[PROCESS_CPU] = {"process_cpu_seconds", COUNTER, "seconds", NULL, NULL,
	    "User and system CPU time", .exponent = -9},
	[PROCESS_RESIDENT] = {"process_resident_memory_bytes", GAUGE, "bytes",
	    NULL, NULL, "Resident memory size", .of_dead = false},
	[PROCESS_VIRTUAL] = {"process_virtual_memory_bytes", GAUGE, "bytes",
	    NULL, NULL, "Virtual memory size", .of_dead = false},
	[PROCESS_FDS] = {"process_open_fds", GAUGE, "", NULL, NULL,
	    "Open file descriptors", .of_dead = false},
	[PROCESS_MAX_FDS] = {"process_max_fds", GAUGE, "", NULL, NULL,
	    "Limit of open file descriptors", .of_dead = false},
	[PROCESS_THREADS] = {"process_threads", GAUGE, "", NULL, NULL,
	    "Threads", .of_dead = false},
	[PROCESS_START] = {"process_start_time_seconds",
	    KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_LAST, "seconds", NULL, NULL,
	    "Start time since the epoch; the youngest process of a service",
	    .of_dead = false},
	[SWITCHES_VOLUNTARY] = {"process_context_switches", COUNTER, "", "kind",
	    "voluntary", SWITCHES, .of_dead = false},
	[SWITCHES_INVOLUNTARY] = {"process_context_switches", COUNTER, "",
	    "kind", "involuntary", SWITCHES, .of_dead = false},
	[FAULTS_MAJOR] = {"process_page_faults", COUNTER, "", "kind", "major",
	    FAULTS, .of_dead = false},
	[FAULTS_MINOR] = {"process_page_faults", COUNTER, "", "kind", "minor",
	    FAULTS, .of_dead = false},
};

const uint32_t kyi_own_cnt = OWN_CNT;

const uint32_t kyi_own_seen[KYI_SEEN_CNT] = {
	PROCESS_CPU, SWITCHES_VOLUNTARY, SWITCHES_INVOLUNTARY, FAULTS_MAJOR,
	FAULTS_MINOR,
};

_Static_assert(PROCESS_CPU == KYI_OWN_PROCESS, "the first about a process");
_Static_assert(OWN_CNT <= KYI_OWN_CNT_MAX, "an instance has room for all");

struct kyi_family_kept *
kyi_own_family(struct kymo_model *model, uint32_t own_idx)
{
	const struct kyi_own *own = &kyi_own[own_idx];
	struct kyi_family_wish wish = {
		.name = own->name, .help = own->help, .unit = own->unit,
		.component = "", .kind = own->kind, .agg = own->agg,
		.exponent = own->exponent, .sample_n = 1,
		.label_keys = &own->key, .label_cnt = own->key != NULL,
		.own = true,
	};

	return kyi_family_find(&model->store->families, &wish);
}

bool
kyi_own_is(const struct kyi_family_wish *wish)
{
	uint32_t i;

	for (i = 0; i < kyi_own_cnt; i++)
		if (strcmp(kyi_own[i].name, wish->name) == 0)
			return kyi_own[i].kind == wish->kind &&
			    kyi_own[i].exponent == wish->exponent;
	return false;
}

static bool
process_value(uint32_t own_idx, const struct kymo_process_stats *process,
    struct kymo_metric_value *value)
{
	switch (own_idx) {
	case PROCESS_CPU:
		value->is.u = process->cpu_user_ns + process->cpu_system_ns;
		return true;
	case PROCESS_RESIDENT:
		value->is.u = process->resident_bytes;
		return true;
	case PROCESS_VIRTUAL:
		value->is.u = process->virtual_bytes;
		return true;
	case PROCESS_FDS:
		value->is.u = process->fd_cnt;
		return process->has_fds;
	case PROCESS_MAX_FDS:
		value->is.u = process->fd_max;
		return process->has_fds;
	case PROCESS_THREADS:
		value->is.u = process->thread_cnt;
		return true;
	case PROCESS_START:
		value->is.f = (double)process->start_ns / 1e9;
		return true;
	case SWITCHES_VOLUNTARY:
		value->is.u = process->switches_voluntary;
		return true;
	case SWITCHES_INVOLUNTARY:
		value->is.u = process->switches_involuntary;
		return true;
	case FAULTS_MAJOR:
		value->is.u = process->faults_major;
		return true;
	case FAULTS_MINOR:
		value->is.u = process->faults_minor;
		return true;
	default:
		return false;
	}
}

bool
kyi_own_value(uint32_t own_idx, const struct kyi_source *source,
    uint64_t now_ns, struct kymo_metric_value *value)
{
	const struct kymo_region_info *info = source->info;
	const struct kymo_region_losses *losses = &info->losses;
	bool alive = info->liveness == KYMO_ALIVE;

	value->present = true;
	switch (own_idx) {
	case REGIONS_ALIVE: value->is.u = alive; return true;
	case REGIONS_DEAD: value->is.u = !alive; return true;
	case LOST_FULL: value->is.u = losses->full; return true;
	case LOST_CARDINALITY: value->is.u = losses->cardinality; return true;
	case LOST_SLOTS: value->is.u = losses->slots; return true;
	case LOST_RING: value->is.u = losses->ring; return true;
	case LOST_BADCALL: value->is.u = losses->badcall; return true;
	case LOST_UNSET: value->is.u = losses->unset; return true;
	case LOST_ROOM: value->is.u = losses->lost; return true;
	case BAD_RECORDS: value->is.u = losses->bad_records; return true;
	case REGION_BYTES: value->is.u = info->memory_bytes; return true;
	case THREADS: value->is.u = info->thread_cnt; return true;
	case SERIES: value->is.u = info->series_cnt; return true;
	case HEARTBEATS:
		value->is.u = info->heartbeat_cnt;
		return info->heartbeat_cnt > 0;
	case HEARTBEAT_AGE:
		value->is.f = now_ns < info->heartbeat_ns ? 0 :
		    (double)(now_ns - info->heartbeat_ns) / 1e9;
		return info->heartbeat_cnt > 0;
	default:
		return source->process != NULL &&
		    process_value(own_idx, source->process, value);
	}
}
