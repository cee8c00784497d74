/* SPDX-License-Identifier: MIT */
/* kymo dump: all that regions say. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/config/config.h"
#include "reader/export/export.h"
#include "tools/kymo_choose.h"
#include "tools/kymo_cli.h"

enum format { TABLE, JSON, PROMETHEUS, OPENMETRICS, MSGPACK, FORMAT_CNT };

static const char *const format_names[FORMAT_CNT] = {
	"table", "json", "prometheus", "openmetrics", "msgpack"
};

struct dump {
	enum format format;
	struct kyi_list dirs, names;
	struct kymo_filter_label *labels;
	uint32_t label_cnt;
	int events; /* -1: where they tell most */
	uint32_t last_cnt; /* of spans, of logs; 0: all */
	bool all, sum;
	uint64_t rates_ns; /* 0: no rates */
	struct kymo_filter filter;
	uint32_t printed_cnt; /* regions, for the lines between them */
	bool matched;         /* the filter let something pass */
};

/* A page is one page: these cannot say which region a series is from. */
static bool
is_one_page(const struct dump *dump)
{
	return dump->sum || dump->format == PROMETHEUS ||
	    dump->format == OPENMETRICS || dump->format == MSGPACK;
}

/* ---- from regions to a scan ------------------------------------------------- */

/* Rates need two looks; everything else one, so that a dump is instant. */
static int
model_look(struct kymo_model *model, struct kymo_region *const *at, uint32_t cnt,
    bool again)
{
	struct kymo_error error = {""};

	for (uint32_t i = 0; again && i < cnt; i++)
		if (kymo_region_scan(at[i], KYMO_SCAN_VALUES, &error) != 0)
			return kyi_trouble("%s", error.text);
	kymo_model_begin(model, kyi_realtime_ns(), kyi_monotonic_ns());
	for (uint32_t i = 0; i < cnt; i++) {
		bool absorbed;

		if (kymo_model_add(model, at[i], false, &absorbed, &error) != 0)
			return kyi_trouble("%s", error.text);
	}
	if (kymo_model_end(model, &error) != 0)
		return kyi_trouble("%s", error.text);
	return KYI_EXIT_OK;
}

static int
model_fill(struct kymo_model *model, struct kymo_region *const *at, uint32_t cnt,
    uint64_t rates_ns)
{
	struct timespec pause = {
		(time_t)(rates_ns / 1000000000u), (long)(rates_ns % 1000000000u)
	};
	int status = model_look(model, at, cnt, false);

	if (status != KYI_EXIT_OK || !rates_ns)
		return status;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) != 0)
		;
	return model_look(model, at, cnt, true);
}

static void
page(struct kymo_buffer *out, const struct dump *dump,
    const struct kymo_scan *scan)
{
	const struct kymo_filter *filter = &dump->filter;

	switch (dump->format) {
	case JSON: kymo_export_json(out, scan, filter); break;
	case MSGPACK: kymo_export_msgpack(out, scan, filter); break;
	case PROMETHEUS:
		kymo_export_text(out, scan, filter, KYMO_TEXT_0_0_4);
		break;
	case OPENMETRICS:
		kymo_export_text(out, scan, filter, KYMO_OPENMETRICS_1);
		break;
	case TABLE:
	case FORMAT_CNT:
		kymo_export_table(out, scan, filter, kyi_terminal_columns());
		break;
	}
}

static bool
scan_matches(const struct kymo_filter *filter, const struct kymo_scan *scan)
{
	for (uint32_t f = 0; f < scan->family_cnt; f++) {
		const struct kymo_family_scan *family = &scan->families[f];

		if (!kymo_filter_family(filter, family))
			continue;
		for (uint32_t s = 0; s < family->series_cnt; s++)
			if (kymo_filter_series(filter, &family->series[s]))
				return true;
	}
	return false;
}

/* The page of these regions together. */
static int
page_of(struct kymo_buffer *out, struct dump *dump,
    struct kymo_region *const *at, uint32_t cnt)
{
	struct kymo_model_options options = {.with_dead_gauges = true};
	struct kymo_error error = {""};
	struct kymo_model *model = kymo_model_new(&options, &error);
	const struct kymo_scan *scan;
	int status;

	if (!model)
		return kyi_trouble("%s", error.text);
	status = model_fill(model, at, cnt, dump->rates_ns);
	if (status == KYI_EXIT_OK) {
		scan = kymo_scan_take(model);
		page(out, dump, scan);
		dump->matched |= scan_matches(&dump->filter, scan);
		kymo_scan_release(scan);
	}
	kymo_model_delete(model);
	return status;
}

/* ---- one region ------------------------------------------------------------- */

/* Each line, a JSON object, gets the region's members first. */
static void
json_lines(struct kymo_buffer *out, const struct kymo_buffer *lines,
    const struct kymo_region_info *info)
{
	const char *at = lines->at, *end;

	out->failed |= lines->failed;
	for (; at && *at && (end = strchr(at, '\n')); at = end + 1) {
		kymo_buffer_char(out, '{');
		kyi_json_region(out, info);
		kymo_buffer_char(out, ',');
		kymo_buffer_add(out, at + 1, (size_t)(end - at));
	}
}

static void
heading(struct kymo_buffer *out, const struct kymo_region_info *info)
{
	uint64_t now_ns = kyi_realtime_ns();
	struct kymo_buffer losses = {0};

	kymo_escape_terminal(out, info->service);
	kymo_buffer_printf(out, "  pid %u  ", info->pid);
	kyi_state(out, info, now_ns);
	kymo_buffer_str(out, info->liveness == KYMO_ALIVE ? " for " : " after ");
	kyi_age(out, info, now_ns);
	kymo_buffer_printf(out, "\n%u thread%s, %u series, ", info->thread_cnt,
	    info->thread_cnt == 1 ? "" : "s", info->series_cnt);
	kymo_humanize(out, (double)info->memory_bytes, "bytes");
	kymo_buffer_char(out, '\n');
	kymo_escape_terminal(out, info->path);
	kymo_buffer_char(out, '\n');
	kyi_losses(&losses, &info->losses);
	if (losses.len_bytes)
		kymo_buffer_printf(out, "lost: %s\n", losses.at);
	kymo_buffer_free(&losses);
	kymo_buffer_char(out, '\n');
}

static bool
wants_events(const struct dump *dump, const struct kymo_region_info *info)
{
	if (dump->events >= 0)
		return dump->events;
	return dump->format == TABLE && info->liveness != KYMO_ALIVE;
}

static int
region_dump(struct dump *dump, struct kymo_region *region)
{
	struct kymo_buffer out = {0}, series = {0}, events = {0};
	struct kymo_error error = {""};
	const struct kymo_region_info *info = kymo_region_info(region);
	bool table = dump->format == TABLE, with_events = wants_events(dump, info);
	int status;

	if (with_events && kymo_region_scan(region,
		KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS, &error) != 0)
		return kyi_trouble("%s", error.text);
	/* First: with rates, the region is looked at again for its series. */
	if (with_events && table)
		kymo_export_events_table(&events, region,
		    kyi_terminal_columns(), dump->last_cnt);
	else if (with_events)
		kymo_export_events_json(&events, region);
	status = page_of(&series, dump, &region, 1);
	if (status == KYI_EXIT_OK && table) {
		if (dump->printed_cnt++)
			kymo_buffer_str(&out, "\n\n");
		heading(&out, info);
		kymo_buffer_add(&out, series.at, series.len_bytes);
		if (events.len_bytes)
			kymo_buffer_char(&out, '\n');
		kymo_buffer_add(&out, events.at, events.len_bytes);
	} else if (status == KYI_EXIT_OK) {
		json_lines(&out, &series, info);
		json_lines(&out, &events, info);
	}
	out.failed |= series.failed || events.failed;
	kymo_buffer_free(&series);
	kymo_buffer_free(&events);
	if (status == KYI_EXIT_OK)
		return kyi_output(&out);
	kymo_buffer_free(&out);
	return status;
}

static int
dump_chosen(struct dump *dump, const struct kyi_chosen *chosen)
{
	struct kymo_buffer out = {0};
	int status = KYI_EXIT_OK;

	if (is_one_page(dump)) {
		status = page_of(&out, dump, chosen->at, chosen->cnt);
		if (status == KYI_EXIT_OK)
			return kyi_output(&out);
		kymo_buffer_free(&out);
		return status;
	}
	/* One that went bad meanwhile does not keep the others. */
	for (uint32_t i = 0; i < chosen->cnt; i++) {
		int one = region_dump(dump, chosen->at[i]);

		if (one > status)
			status = one;
	}
	return status;
}

/* ---- the command line ------------------------------------------------------- */

static int
format_option(struct dump *dump, const char *name)
{
	for (int f = 0; f < FORMAT_CNT; f++) {
		if (strcmp(format_names[f], name) == 0) {
			dump->format = (enum format)f;
			return KYI_EXIT_OK;
		}
	}
	return kyi_usage(&kyi_verb_dump, "no format '%s'; there are table, json, "
	    "prometheus, openmetrics, msgpack", name);
}

static int
label_option(struct dump *dump, char *text)
{
	struct kymo_error error = {""};

	dump->labels = kyi_must(reallocarray(dump->labels, dump->label_cnt + 1u,
		sizeof(dump->labels[0])));
	if (kymo_filter_label_parse(&dump->labels[dump->label_cnt], text,
		&error) != 0)
		return kyi_usage(&kyi_verb_dump, "%s", error.text);
	dump->label_cnt++;
	return KYI_EXIT_OK;
}

static int
rates_option(struct dump *dump, const char *text)
{
	struct kymo_error error = {""};

	dump->rates_ns = 200000000u;
	if (!text)
		return KYI_EXIT_OK;
	if (kymo_duration_parse(&dump->rates_ns, text, &error) != 0)
		return kyi_usage(&kyi_verb_dump, "%s", error.text);
	if (dump->rates_ns == 0 || dump->rates_ns > 3600000000000u)
		return kyi_usage(&kyi_verb_dump, "--rates is 1ns to 1h");
	return KYI_EXIT_OK;
}

static int
last_option(struct dump *dump, const char *text)
{
	char *end;
	unsigned long cnt = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || cnt > 1000000)
		return kyi_usage(&kyi_verb_dump, "--last is 0 to 1000000");
	dump->last_cnt = (uint32_t)cnt;
	return KYI_EXIT_OK;
}

enum {
	OPTION_EVENTS = 256, OPTION_NO_EVENTS, OPTION_LAST, OPTION_RATES,
	OPTION_SUM
};

static const struct option long_options[] = {
	{"format", required_argument, NULL, 'f'},
	{"name", required_argument, NULL, 'n'},
	{"label", required_argument, NULL, 'l'},
	{"dir", required_argument, NULL, 'd'},
	{"all", no_argument, NULL, 'a'},
	{"sum", no_argument, NULL, OPTION_SUM},
	{"events", no_argument, NULL, OPTION_EVENTS},
	{"no-events", no_argument, NULL, OPTION_NO_EVENTS},
	{"last", required_argument, NULL, OPTION_LAST},
	{"rates", optional_argument, NULL, OPTION_RATES},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0}
};

/* options_read returns -1 to go on, or an exit code. */
static int
options_read(struct dump *dump, int argc, char **argv)
{
	int option, wrong = KYI_EXIT_OK;

	while (wrong == KYI_EXIT_OK && (option = getopt_long(argc, argv,
		":f:n:l:d:ah", long_options, NULL)) != -1)
		switch (option) {
		case 'f': wrong = format_option(dump, optarg); break;
		case 'n': kyi_list_add(&dump->names, optarg); break;
		case 'l': wrong = label_option(dump, optarg); break;
		case 'd': kyi_list_add(&dump->dirs, optarg); break;
		case 'a': dump->all = true; break;
		case OPTION_SUM: dump->sum = true; break;
		case OPTION_EVENTS: dump->events = 1; break;
		case OPTION_NO_EVENTS: dump->events = 0; break;
		case OPTION_LAST: wrong = last_option(dump, optarg); break;
		case OPTION_RATES: wrong = rates_option(dump, optarg); break;
		case 'h': return kyi_help(&kyi_verb_dump);
		default:
			return kyi_option_wrong(&kyi_verb_dump, argv, option);
		}
	if (wrong != KYI_EXIT_OK)
		return wrong;
	if (dump->events == 1 && is_one_page(dump))
		return kyi_usage(&kyi_verb_dump,
		    "--events are of one region each: --format table or json, "
		    "without --sum");
	if (dump->format == MSGPACK && isatty(STDOUT_FILENO))
		return kyi_usage(&kyi_verb_dump,
		    "msgpack is not for a terminal: send it to a file or a pipe");
	dump->filter = (struct kymo_filter){
		dump->names.at, dump->names.cnt, dump->labels, dump->label_cnt
	};
	return -1;
}

static int
dump_verb(int argc, char **argv)
{
	struct dump dump = {.events = -1, .last_cnt = 20};
	struct kyi_chosen chosen = {0};
	int status = options_read(&dump, argc, argv);

	if (status < 0) {
		status = kyi_choose(&chosen, &dump.dirs,
		    (const char *const *)argv + optind,
		    (uint32_t)(argc - optind), dump.all);
		/* What was found is shown, even where something else was not. */
		if (chosen.cnt) {
			int shown = dump_chosen(&dump, &chosen);

			status = shown > status ? shown : status;
			if (!dump.matched && status == KYI_EXIT_OK &&
			    dump.names.cnt + dump.label_cnt) {
				fputs("kymo: no metric matches\n", stderr);
				status = KYI_EXIT_NO;
			}
		}
		kyi_chosen_free(&chosen);
	}
	free(dump.dirs.at);
	free(dump.names.at);
	free(dump.labels);
	return status;
}

const struct kyi_verb kyi_verb_dump = {
	"dump", "shows every metric of a process, live or dead", dump_verb,
	"usage: kymo dump [OPTION].. [SERVICE | PID | FILE]..\n"
	"\n"
	"Shows all that the chosen regions say. A SERVICE (or a glob) means its live\n"
	"processes, or the last dead one if none lives; a PID that process, live or\n"
	"dead; a FILE, a path or the name of one, that region. Without any: all live\n"
	"ones. Each region is shown by itself; of a dead one also what it was doing\n"
	"and its last events.\n"
	"\n"
	"  -f, --format F       table (the usual), json (an object a line); or one page\n"
	"                       of them all: prometheus, openmetrics, msgpack\n"
	"      --sum            one page: the processes of a service together\n"
	"  -n, --name GLOB      only metrics with such a name; may repeat\n"
	"  -l, --label KEY=GLOB only series with such a label (or !=); may repeat\n"
	"  -a, --all            the dead too\n"
	"      --events         spans and logs, also of live processes and as json\n"
	"      --no-events      neither\n"
	"      --last N         of each the last N in a table (20); 0: all\n"
	"      --rates[=200ms]  look twice, this far apart, and tell rates\n"
	"  -d, --dir DIR        look here for regions; may repeat\n"
	"  -h, --help           this\n"
	"\n"
	"Exit: 0 shown; 1 nothing matched; 2 usage; 3 could not read or write.\n"
	"\n"
	"  kymo dump nginx\n"
	"  kymo dump 4711 --name 'http_*' --label code=5?? --rates\n"
	"  kymo dump /run/kymo/crash/*.kymo\n"
	"  kymo dump --format prometheus > /var/lib/node_exporter/kymo.prom\n"
};
