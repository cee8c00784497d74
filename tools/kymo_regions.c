/* SPDX-License-Identifier: MIT */
/* Which regions there are, and their life in words. */
#include "tools/kymo_cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "reader/export/export.h"

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
kyi_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t
kyi_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* ---- finding them ---------------------------------------------------------- */

struct refusals {
	bool loud;
	uint32_t cnt;
};

static void
refused(void *to, const char *path, const char *why)
{
	struct refusals *refusals = to;
	struct kymo_buffer line = {0};

	refusals->cnt++;
	if (!refusals->loud)
		return;
	kymo_escape_terminal(&line, path);
	kymo_buffer_str(&line, ": ");
	kymo_escape_terminal(&line, why);
	if (!line.failed)
		fprintf(stderr, "kymo: not read: %s\n", line.at);
	kymo_buffer_free(&line);
}

/* By service; the living first; then the youngest. */
static int
before(const void *left, const void *right)
{
	const struct kymo_region_info *a =
	    kymo_region_info(*(struct kymo_region *const *)left);
	const struct kymo_region_info *b =
	    kymo_region_info(*(struct kymo_region *const *)right);
	int order = strcmp(a->service, b->service);

	if (order != 0)
		return order;
	if ((a->liveness == KYMO_ALIVE) != (b->liveness == KYMO_ALIVE))
		return a->liveness == KYMO_ALIVE ? -1 : 1;
	if (a->started_ns != b->started_ns)
		return a->started_ns > b->started_ns ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Of one that nobody saw dying, the events may know the latest sign. */
static int
region_look(struct kymo_region *region, unsigned parts, struct kymo_error *error)
{
	const struct kymo_region_info *info = kymo_region_info(region);

	if (kymo_region_scan(region, parts, error) != 0)
		return -1;
	if (info->liveness == KYMO_ALIVE || info->died_ns ||
	    (parts & KYMO_SCAN_EVENTS))
		return 0;
	return kymo_region_scan(region, parts | KYMO_SCAN_EVENTS, error);
}

static int
dirs_are_there(const struct kyi_list *dirs)
{
	struct stat st;

	for (uint32_t i = 0; i < dirs->cnt; i++)
		if (stat(dirs->at[i], &st) != 0 || !S_ISDIR(st.st_mode))
			return kyi_trouble("no directory %s", dirs->at[i]);
	return KYI_EXIT_OK;
}

int
kyi_regions_find(struct kyi_regions *regions, const struct kyi_list *dirs,
    unsigned parts, bool loud)
{
	struct refusals refusals = {loud, 0};
	struct kymo_error error = {""};
	struct kymo_watch_options options = {
		.dirs = dirs->at, .dir_cnt = dirs->cnt, .trust.any_uid = true,
		.with_crash = true, .refused = refused, .to = &refusals
	};
	uint32_t cnt;

	memset(regions, 0, sizeof(*regions));
	if (dirs_are_there(dirs) != KYI_EXIT_OK)
		return KYI_EXIT_TROUBLE;
	regions->watch = kymo_watch_new(&options, &error);
	if (!regions->watch)
		return kyi_trouble("%s", error.text);
	kymo_watch_step(regions->watch, kyi_monotonic_ns());
	cnt = kymo_watch_cnt(regions->watch);
	regions->at = kyi_must(calloc(cnt + 1u, sizeof(regions->at[0])));
	for (uint32_t i = cnt; i-- > 0;) {
		struct kymo_region *region = kymo_watch_at(regions->watch, i);

		if (region_look(region, parts, &error) == 0)
			regions->at[regions->cnt++] = region;
		else
			refused(&refusals, kymo_region_info(region)->path,
			    error.text);
	}
	qsort(regions->at, regions->cnt, sizeof(regions->at[0]), before);
	regions->refused_cnt = refusals.cnt;
	return KYI_EXIT_OK;
}

void
kyi_regions_free(struct kyi_regions *regions)
{
	free(regions->at);
	if (regions->watch)
		kymo_watch_delete(regions->watch);
	memset(regions, 0, sizeof(*regions));
}

/* ---- telling them ----------------------------------------------------------- */

static void
duration_between(struct kymo_buffer *buffer, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ns = to_ns > from_ns ? to_ns - from_ns : 0;

	/* Nobody wants the milliseconds of a day. */
	if (ns >= 10000000000u)
		ns -= ns % 1000000000u;
	kymo_humanize_duration(buffer, (double)ns / 1e9);
}

void
kyi_state(struct kymo_buffer *buffer, const struct kymo_region_info *info,
    uint64_t now_ns)
{
	if (info->liveness == KYMO_ALIVE) {
		kymo_buffer_str(buffer, "alive");
		return;
	}
	kymo_buffer_str(buffer,
	    info->liveness == KYMO_EXITED ? "exited " : "died ");
	if (info->died_ns) {
		duration_between(buffer, info->died_ns, now_ns);
		kymo_buffer_str(buffer, " ago");
	} else {
		kymo_buffer_str(buffer, "within ");
		duration_between(buffer, info->last_sign_ns, now_ns);
	}
}

void
kyi_age(struct kymo_buffer *buffer, const struct kymo_region_info *info,
    uint64_t now_ns)
{
	uint64_t end_ns = now_ns;

	if (info->liveness != KYMO_ALIVE)
		end_ns = info->died_ns ? info->died_ns : info->last_sign_ns;
	if (info->liveness != KYMO_ALIVE && !info->died_ns)
		kymo_buffer_char(buffer, '>');
	duration_between(buffer, info->started_ns, end_ns);
}

void
kyi_losses(struct kymo_buffer *buffer, const struct kymo_region_losses *losses)
{
	const struct {
		uint64_t cnt;
		const char *one, *many;
	} rows[] = {
		{losses->cardinality, "label set over the limit",
		    "label sets over the limit"},
		{losses->full, "request for room in a full region",
		    "requests for room in a full region"},
		{losses->slots, "thread without a slot",
		    "threads without a slot"},
		{losses->ring, "event overwritten or left out",
		    "events overwritten or left out"},
		{losses->badcall, "bad call", "bad calls"},
		{losses->unset, "record by an unset handle",
		    "records by unset handles"},
		{losses->lost, "record without a place",
		    "records without a place"},
		{losses->bad_records, "record that is not sound",
		    "records that are not sound"},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].cnt)
			continue;
		if (!first)
			kymo_buffer_str(buffer, ", ");
		first = false;
		kymo_buffer_printf(buffer, "%llu %s",
		    (unsigned long long)rows[i].cnt,
		    rows[i].cnt == 1 ? rows[i].one : rows[i].many);
	}
}

void
kyi_json_region(struct kymo_buffer *buffer, const struct kymo_region_info *info)
{
	kymo_buffer_str(buffer, "\"service\":");
	kyi_cli_json_string(buffer, info->service);
	kymo_buffer_printf(buffer, ",\"pid\":%u,\"instance\":\"", info->pid);
	for (size_t i = 0; i < sizeof(info->instance_id); i++)
		kymo_buffer_printf(buffer, "%02x", info->instance_id[i]);
	kymo_buffer_char(buffer, '"');
}
