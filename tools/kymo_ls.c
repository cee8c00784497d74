/* SPDX-License-Identifier: MIT */
/* kymo ls: which regions there are. */
#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"

enum column {
	SERVICE, PID, USER, STATE, AGE, THREADS, SERIES, MEMORY, COLUMN_CNT
};

static const struct {
	const char *title;
	bool right;
} columns[COLUMN_CNT] = {
	[SERVICE] = {"SERVICE", false}, [PID] = {"PID", true},
	[USER] = {"USER", false},       [STATE] = {"STATE", false},
	[AGE] = {"AGE", true},          [THREADS] = {"THREADS", true},
	[SERIES] = {"SERIES", true},    [MEMORY] = {"MEMORY", true},
};

struct row {
	struct kymo_buffer cell[COLUMN_CNT];
};

static void
user_name(struct kymo_buffer *buffer, uint32_t uid)
{
	struct passwd *user = getpwuid(uid);

	if (user)
		kymo_escape_terminal(buffer, user->pw_name);
	else
		kymo_buffer_u64(buffer, uid);
}

static void
row_fill(struct row *row, const struct kymo_region_info *info, uint64_t now_ns)
{
	kymo_escape_terminal(&row->cell[SERVICE], info->service);
	kymo_buffer_u64(&row->cell[PID], info->pid);
	user_name(&row->cell[USER], info->uid);
	kyi_state(&row->cell[STATE], info, now_ns);
	kyi_age(&row->cell[AGE], info, now_ns);
	kymo_buffer_u64(&row->cell[THREADS], info->thread_cnt);
	kymo_buffer_u64(&row->cell[SERIES], info->series_cnt);
	kymo_humanize(&row->cell[MEMORY], (double)info->memory_bytes, "bytes");
	for (int c = 0; c < COLUMN_CNT; c++) {
		if (row->cell[c].failed)
			exit(kyi_trouble("out of memory"));
	}
}

/* Users only where there is more than oneself; names are cut to what the
   terminal leaves them. */
static void
widths_find(size_t width[COLUMN_CNT], const struct row *rows,
    const struct kyi_regions *regions)
{
	uint32_t room = kyi_terminal_columns();
	bool strangers = false;
	size_t all = 0;

	for (int c = 0; c < COLUMN_CNT; c++)
		width[c] = strlen(columns[c].title);
	for (uint32_t i = 0; i < regions->cnt; i++) {
		strangers |= kymo_region_info(regions->at[i])->uid != geteuid();
		for (int c = 0; c < COLUMN_CNT; c++)
			if (rows[i].cell[c].len_bytes > width[c])
				width[c] = rows[i].cell[c].len_bytes;
	}
	if (!strangers)
		width[USER] = 0;
	for (int c = 0; c < COLUMN_CNT; c++)
		all += width[c] ? width[c] + 2 : 0;
	all -= 2;
	if (room && all > room) {
		size_t over = all - room;

		width[SERVICE] = width[SERVICE] > over + 8 ?
		    width[SERVICE] - over : 8;
	}
}

static void
line_add(struct kymo_buffer *to, const size_t width[COLUMN_CNT],
    const char *const cell[COLUMN_CNT])
{
	size_t from = to->len_bytes;

	for (int c = 0; c < COLUMN_CNT; c++) {
		size_t len = strlen(cell[c]);
		int w = (int)width[c];

		if (!w)
			continue;
		if (to->len_bytes > from)
			kymo_buffer_str(to, "  ");
		if (columns[c].right)
			kymo_buffer_printf(to, "%*s", w, cell[c]);
		else if (len <= width[c])
			kymo_buffer_printf(to, "%-*s", w, cell[c]);
		else
			kymo_buffer_printf(to, "%.*s~", w - 1, cell[c]);
	}
	kymo_buffer_char(to, '\n');
}

/* What was lost does not fit a column, and is rare: sentences below. */
static void
losses_add(struct kymo_buffer *to, const struct kyi_regions *regions)
{
	bool first = true;

	for (uint32_t i = 0; i < regions->cnt; i++) {
		const struct kymo_region_info *info =
		    kymo_region_info(regions->at[i]);
		struct kymo_buffer losses = {0};

		kyi_losses(&losses, &info->losses);
		if (losses.len_bytes) {
			kymo_buffer_str(to, first ? "\n" : "");
			first = false;
			kymo_escape_terminal(to, info->service);
			kymo_buffer_printf(to, " %u lost %s\n", info->pid,
			    losses.at);
		}
		kymo_buffer_free(&losses);
	}
}

static int
table(const struct kyi_regions *regions)
{
	uint64_t now_ns = kyi_realtime_ns();
	struct row *rows = kyi_must(calloc(regions->cnt + 1u, sizeof(*rows)));
	const char *cell[COLUMN_CNT];
	size_t width[COLUMN_CNT];
	struct kymo_buffer out = {0};

	for (uint32_t i = 0; i < regions->cnt; i++)
		row_fill(&rows[i], kymo_region_info(regions->at[i]), now_ns);
	widths_find(width, rows, regions);
	for (int c = 0; c < COLUMN_CNT; c++)
		cell[c] = columns[c].title;
	line_add(&out, width, cell);
	for (uint32_t i = 0; i < regions->cnt; i++) {
		for (int c = 0; c < COLUMN_CNT; c++)
			cell[c] = rows[i].cell[c].at;
		line_add(&out, width, cell);
		for (int c = 0; c < COLUMN_CNT; c++)
			kymo_buffer_free(&rows[i].cell[c]);
	}
	free(rows);
	losses_add(&out, regions);
	return kyi_output(&out);
}

/* ---- JSON ------------------------------------------------------------------- */

static void
time_add(struct kymo_buffer *to, const char *key, uint64_t ns)
{
	kymo_buffer_printf(to, ",\"%s\":", key);
	if (ns)
		kymo_buffer_decimal(to, false, ns, -9);
	else
		kymo_buffer_str(to, "null");
}

static void
json_losses(struct kymo_buffer *to, const struct kymo_region_losses *losses)
{
	const struct {
		const char *key;
		uint64_t cnt;
	} rows[] = {
		{"full", losses->full},       {"cardinality", losses->cardinality},
		{"slots", losses->slots},     {"ring", losses->ring},
		{"badcall", losses->badcall}, {"unset", losses->unset},
		{"lost", losses->lost},       {"bad_records", losses->bad_records},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kymo_buffer_printf(to, "%s\"%s\":", i ? "," : ",\"losses\":{",
		    rows[i].key);
		kymo_buffer_u64(to, rows[i].cnt);
	}
	kymo_buffer_char(to, '}');
}

static int
json(const struct kyi_regions *regions)
{
	static const char *const states[] = {
		[KYMO_ALIVE] = "alive", [KYMO_EXITED] = "exited",
		[KYMO_KILLED] = "died"
	};
	struct kymo_buffer out = {0};

	for (uint32_t i = 0; i < regions->cnt; i++) {
		const struct kymo_region_info *info =
		    kymo_region_info(regions->at[i]);

		kymo_buffer_char(&out, '{');
		kyi_json_region(&out, info);
		kymo_buffer_printf(&out, ",\"parent_pid\":%u,\"uid\":%u"
		    ",\"state\":\"%s\"", info->parent_pid, info->uid,
		    states[info->liveness]);
		time_add(&out, "started", info->started_ns);
		time_add(&out, "died", info->died_ns);
		time_add(&out, "last_sign", info->last_sign_ns);
		kymo_buffer_printf(&out, ",\"threads\":%u,\"threads_high\":%u"
		    ",\"series\":%u,\"families\":%u,\"memory_bytes\":%llu",
		    info->thread_cnt, info->thread_high, info->series_cnt,
		    info->family_cnt, (unsigned long long)info->memory_bytes);
		json_losses(&out, &info->losses);
		kymo_buffer_str(&out, ",\"path\":");
		kyi_cli_json_string(&out, info->path);
		kymo_buffer_str(&out, "}\n");
	}
	return kyi_output(&out);
}

/* ----------------------------------------------------------------------------- */

static int
ls(int argc, char **argv)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct kyi_regions regions;
	struct kyi_list dirs = {0};
	bool as_json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, ":d:jh", options, NULL)) != -1)
		switch (option) {
		case 'd': kyi_list_add(&dirs, optarg); break;
		case 'j': as_json = true; break;
		case 'h': return kyi_help(&kyi_verb_ls);
		default:
			return kyi_option_wrong(&kyi_verb_ls, argv, option);
		}
	if (optind < argc)
		return kyi_usage(&kyi_verb_ls, "'%s' is one too many",
		    argv[optind]);
	status = kyi_regions_find(&regions, &dirs, KYMO_SCAN_VALUES, true);
	if (status == KYI_EXIT_OK && !regions.cnt && !as_json)
		fputs("kymo: no regions\n", stderr);
	if (status == KYI_EXIT_OK && regions.cnt)
		status = as_json ? json(&regions) : table(&regions);
	if (status == KYI_EXIT_OK && !regions.cnt)
		status = KYI_EXIT_NO;
	kyi_regions_free(&regions);
	free(dirs.at);
	return status;
}

const struct kyi_verb kyi_verb_ls = {
	"ls", "lists the regions of processes, live and dead", ls,
	"usage: kymo ls [--dir DIR].. [--json]\n"
	"\n"
	"Lists the regions that can be read, a line each: those of live processes and,\n"
	"until kymod has taken their totals, of dead ones; and the last dead of each\n"
	"service, which kymod keeps in DIR/crash.\n"
	"\n"
	"  -d, --dir DIR  look here; may repeat (the usual: $KYMO_DIR, /run/kymo,\n"
	"                 $XDG_RUNTIME_DIR/kymo, /dev/shm/kymo-UID)\n"
	"  -j, --json     a JSON object a line\n"
	"  -h, --help     this\n"
	"\n"
	"STATE is \"died within 5m\" where nobody saw the death: the last sign of life\n"
	"is 5 minutes old. What cannot be read is named on stderr, with why.\n"
	"\n"
	"Exit: 0 listed; 1 there are no regions; 2 usage; 3 could not look.\n"
	"\n"
	"  kymo ls\n"
	"  kymo ls --json | jq -r 'select(.state == \"died\") | .path'\n"
};
