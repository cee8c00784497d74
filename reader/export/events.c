/* SPDX-License-Identifier: MIT */
/* Spans and logs of a region as a table. */
#include "reader/export/events.h"

#include <time.h>

#include "reader/export/export.h"
#include "reader/export/grid.h"
#include "reader/export/numbers.h"

enum { SPAN, LOG };

static const char *const span_titles[] = {
	"", "started (UTC)", "took", "status", "thread", "trace",
};
static const char *const log_titles[] = { "", "", "", "" };
static const struct kyi_grid_class classes[KYI_GRID_CLASS_MAX] = {
	[SPAN] = { span_titles, 6, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5,
	    true },
	[LOG] = { log_titles, 4, 1u << 1 | 1u << 2 | 1u << 3, false },
};

const char *
kyi_severity_name(uint32_t severity)
{
	static const char *const names[] = {
		"unknown", "debug", "info", "warn", "error", "fatal",
	};

	return names[severity < sizeof(names) / sizeof(names[0]) ?
	    severity : 0];
}

const char *
kyi_span_status_name(uint32_t status)
{
	static const char *const names[] = { "unset", "ok", "error" };

	return names[status < sizeof(names) / sizeof(names[0]) ? status : 0];
}

static void
when(struct kymo_buffer *text, uint64_t at_ns)
{
	time_t s = (time_t)(at_ns / 1000000000);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL)
		return;
	kymo_buffer_printf(text, "%04d-%02d-%02d %02d:%02d:%02d.%06u",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (unsigned)(at_ns % 1000000000 / 1000));
}

static void
thread(struct kymo_buffer *text, const char *name, uint32_t tid)
{
	kymo_escape_terminal(text, kyi_or_empty(name));
	kymo_buffer_printf(text, "[%u]", (unsigned)tid);
}

static void
named(struct kymo_buffer *text, const char *component, const char *name)
{
	component = kyi_or_empty(component);
	kymo_escape_terminal(text, component);
	if (component[0] != '\0')
		kymo_buffer_char(text, '/');
	kymo_escape_terminal(text, kyi_or_empty(name));
}

static void
span_row(struct kyi_grid *grid, const struct kymo_span_info *span)
{
	uint32_t depth;

	kyi_grid_row(grid, SPAN);
	kyi_grid_cell(grid);
	for (depth = 0; span->open && depth < span->depth && depth < 16;
	    depth++)
		kymo_buffer_str(&grid->text, "> ");
	named(&grid->text, span->component, span->name);
	kyi_grid_cell(grid);
	when(&grid->text, span->start_ns);
	kyi_grid_cell(grid);
	if (span->open)
		kymo_buffer_str(&grid->text, "open");
	else
		kymo_humanize_duration(&grid->text,
		    (double)span->duration_ns / 1e9);
	kyi_grid_cell(grid);
	if (!span->open && span->status != 0)
		kymo_buffer_str(&grid->text,
		    kyi_span_status_name(span->status));
	kyi_grid_cell(grid);
	thread(&grid->text, span->thread, span->tid);
	kyi_grid_cell(grid);
	kymo_buffer_printf(&grid->text, "%016llx%016llx",
	    (unsigned long long)span->trace_hi,
	    (unsigned long long)span->trace_lo);
}

static void
log_row(struct kyi_grid *grid, const struct kymo_log_info *log)
{
	kyi_grid_row(grid, LOG);
	kyi_grid_cell(grid);
	when(&grid->text, log->at_ns);
	kyi_grid_cell(grid);
	kymo_buffer_str(&grid->text, kyi_severity_name(log->severity));
	kyi_grid_cell(grid);
	thread(&grid->text, log->thread, log->tid);
	kyi_grid_cell(grid);
	if (kyi_or_empty(log->component)[0] != '\0') {
		kymo_escape_terminal(&grid->text, log->component);
		kymo_buffer_str(&grid->text, ": ");
	}
	kymo_escape_terminal(&grid->text, kyi_or_empty(log->text));
}

/* What comes, and how much of it there is besides. Of cnt the last are shown:
   returns how many are not. */
static uint32_t
title(struct kyi_grid *grid, const char *what, uint32_t cnt, uint32_t cnt_max)
{
	uint32_t hidden_cnt = cnt_max == 0 || cnt <= cnt_max ? 0 : cnt - cnt_max;

	if (cnt == 0)
		return 0;
	kyi_grid_line(grid);
	kymo_buffer_str(&grid->text, what);
	if (hidden_cnt > 0)
		kymo_buffer_printf(&grid->text, ", the last %u (%u not shown)",
		    (unsigned)cnt_max, (unsigned)hidden_cnt);
	return hidden_cnt;
}

void
kymo_export_events_table(struct kymo_buffer *buffer,
    const struct kymo_region *region, uint32_t width, uint32_t cnt_max)
{
	struct kyi_grid grid = { .classes = classes };
	uint32_t span_cnt, log_cnt, open_cnt = 0, i;
	const struct kymo_span_info *spans = kymo_region_spans(region,
	    &span_cnt);
	const struct kymo_log_info *logs = kymo_region_logs(region, &log_cnt);

	while (open_cnt < span_cnt && spans[open_cnt].open)
		open_cnt++;
	for (i = title(&grid, "open spans", open_cnt, cnt_max); i < open_cnt;
	    i++)
		span_row(&grid, &spans[i]);
	for (i += title(&grid, "spans", span_cnt - open_cnt, cnt_max);
	    i < span_cnt; i++)
		span_row(&grid, &spans[i]);
	kyi_grid_end(&grid, buffer, width);
	grid = (struct kyi_grid){ .classes = classes };
	for (i = title(&grid, "log", log_cnt, cnt_max); i < log_cnt; i++)
		log_row(&grid, &logs[i]);
	/* The end of a message may be what matters: it is never cut. */
	kyi_grid_end(&grid, buffer, 0);
}
