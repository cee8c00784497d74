/* SPDX-License-Identifier: MIT */
/* Spans and logs of a region as JSON lines. */
#include "reader/export/events.h"
#include "reader/export/export.h"
#include "reader/export/json.h"

static void
thread(struct kymo_buffer *buffer, const char *name, uint32_t tid)
{
	kyi_json_member_str(buffer, "thread", name);
	kyi_json_member_decimal(buffer, "tid", tid, 0);
}

static void
span_line(struct kymo_buffer *buffer, const struct kymo_span_info *span)
{
	kymo_buffer_char(buffer, '{');
	kyi_json_member_str(buffer, "event", span->open ? "open_span" : "span");
	kyi_json_member_str(buffer, "name", span->name);
	kyi_json_member_str(buffer, "component", span->component);
	kyi_json_trace(buffer, span->trace_hi, span->trace_lo, span->span_id);
	if (span->parent_id != 0) {
		kyi_json_key(buffer, "parent_id");
		kymo_buffer_printf(buffer, "\"%016llx\"",
		    (unsigned long long)span->parent_id);
	}
	kyi_json_member_decimal(buffer, "start", span->start_ns, -9);
	if (span->open)
		kyi_json_member_decimal(buffer, "depth", span->depth, 0);
	else {
		kyi_json_member_decimal(buffer, "duration", span->duration_ns,
		    -9);
		kyi_json_member_str(buffer, "status",
		    kyi_span_status_name(span->status));
	}
	thread(buffer, span->thread, span->tid);
	kymo_buffer_str(buffer, "}\n");
}

static void
log_line(struct kymo_buffer *buffer, const struct kymo_log_info *log)
{
	kymo_buffer_char(buffer, '{');
	kyi_json_member_str(buffer, "event", "log");
	kyi_json_member_decimal(buffer, "at", log->at_ns, -9);
	kyi_json_member_str(buffer, "severity",
	    kyi_severity_name(log->severity));
	kyi_json_member_str(buffer, "component", log->component);
	kyi_json_member_str(buffer, "text", log->text);
	thread(buffer, log->thread, log->tid);
	kymo_buffer_str(buffer, "}\n");
}

void
kymo_export_events_json(struct kymo_buffer *buffer,
    const struct kymo_region *region)
{
	uint32_t span_cnt, log_cnt, i;
	const struct kymo_span_info *spans = kymo_region_spans(region,
	    &span_cnt);
	const struct kymo_log_info *logs = kymo_region_logs(region, &log_cnt);

	for (i = 0; i < span_cnt; i++)
		span_line(buffer, &spans[i]);
	for (i = 0; i < log_cnt; i++)
		log_line(buffer, &logs[i]);
}
