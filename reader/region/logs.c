/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"

void
kyi_logs_add(struct kymo_region *region, const struct kyi_event *first,
    uint8_t *args, size_t args_bytes, uint32_t slot)
{
	const struct kyi_name_kept *format = kyi_region_name(region,
	    KYI_REC_LOG_FORMAT, first->name_id);
	char text[KYI_LOG_TEXT_BYTES_MAX], *kept;
	struct kymo_log_info *log;
	size_t len_bytes;
	bool sound;

	if (format == NULL) {
		if (first->name_id <= region->name_ids[1].last_id)
			kyi_complain_at(&region->passing, 0,
			    "a log of no format");
		return;
	}
	if (region->swapped != NULL)
		kyi_swap_args(args, args_bytes, format->types);
	len_bytes = kyi_log_format(text, format->name, format->types,
	    (uint32_t)strlen(format->types), args, args_bytes, &sound);
	if (!sound)
		kyi_complain_at(&region->passing, 0,
		    "a log whose arguments are not what its format wants");
	kept = kyi_arena_take(&region->events, len_bytes + 1);
	if (kept == NULL || region->log_cnt >= KYI_EVENT_CNT_MAX ||
	    !kyi_grow(&region->logs, &region->log_room, region->log_cnt,
		sizeof(*log)))
		return;
	memcpy(kept, text, len_bytes + 1);
	log = &region->logs[region->log_cnt++];
	log->at_ns = kyi_region_realtime_ns(region, first->ts_ns);
	log->severity = format->severity;
	log->component = format->component;
	log->text = kept;
	log->thread = kyi_region_thread(region, slot, first->ts_ns, &log->tid);
}

static int
older_first(const void *a, const void *b)
{
	const struct kymo_log_info *one = a, *two = b;

	return (one->at_ns > two->at_ns) - (one->at_ns < two->at_ns);
}

void
kyi_logs_sort(struct kymo_region *region)
{
	if (region->log_cnt > 1)
		qsort(region->logs, region->log_cnt, sizeof(*region->logs),
		    older_first);
}
