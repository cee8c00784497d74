/* SPDX-License-Identifier: MIT */
/* kymo silence: says that nothing is to be said of some alerts for a while. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_alert_ask.h"
#include "tools/kymo_http.h"

#define DURATION_MS (60 * 60000)

struct options {
	const char *url, *by, *comment;
	bool json, all, quiet;
	int64_t from_ms, until_ms; /* 0: not said */
};

static void
put_matchers(struct kymo_buffer *out, const json_t *silence)
{
	const json_t *list = json_object_get(silence, "matchers"), *one;
	size_t i;

	json_array_foreach(list, i, one) {
		bool not_equal = json_is_false(json_object_get(one, "isEqual"));
		bool regex = json_is_true(json_object_get(one, "isRegex"));

		kymo_buffer_str(out, i > 0 ? " " : "");
		kymo_escape_terminal(out, kyi_json_str(one, "name"));
		kymo_buffer_str(out, not_equal ? regex ? "!~" : "!=" :
		    regex ? "=~" : "=");
		kymo_buffer_char(out, '"');
		kymo_escape_terminal(out, kyi_json_str(one, "value"));
		kymo_buffer_char(out, '"');
	}
}

/* ---- ls ------------------------------------------------------------------------ */

/* Those that end first come first. */
static int
by_end(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	int64_t x_ms = kyi_json_time_ms(*x, "endsAt");
	int64_t y_ms = kyi_json_time_ms(*y, "endsAt");

	return (x_ms > y_ms) - (x_ms < y_ms);
}

static void
row_add(struct kyi_rows *rows, const json_t *silence, int64_t now_ms)
{
	const char *state = kyi_json_str(json_object_get(silence, "status"),
	    "state");
	bool pending = strcmp(state, "pending") == 0;
	int64_t at_ms = kyi_json_time_ms(silence, pending ? "startsAt" :
	    "endsAt");
	struct kymo_buffer *row = kyi_rows_add(rows, false);

	kymo_escape_terminal(&row[0], kyi_json_str(silence, "id"));
	kymo_escape_terminal(&row[1], state);
	kymo_buffer_str(&row[2], pending ? "from " :
	    strcmp(state, "active") == 0 ? "until " : "ended ");
	kyi_put_clock(&row[2], at_ms, now_ms);
	kymo_buffer_str(&row[2], " (");
	kyi_put_from_now(&row[2], at_ms, now_ms);
	kymo_buffer_char(&row[2], ')');
	kymo_escape_terminal(&row[3], kyi_json_str(silence, "createdBy"));
	put_matchers(&row[4], silence);
	if (*kyi_json_str(silence, "comment")) {
		row = kyi_rows_add(rows, true);
		kymo_buffer_str(row, "    ");
		kymo_escape_terminal(row, kyi_json_str(silence, "comment"));
	}
}

static int
list_print(const json_t *list, bool all)
{
	static const char *const names[] = {"ID", "STATE", "WHEN", "BY",
		"MATCHERS"};
	size_t cnt = json_array_size(list);
	const json_t **silences = kyi_must(calloc(cnt + 1, sizeof(json_t *)));
	struct kyi_rows rows = {0};
	struct kymo_buffer out = {0};

	for (size_t i = 0; i < cnt; i++)
		silences[i] = json_array_get(list, i);
	qsort(silences, cnt, sizeof(json_t *), by_end);
	kyi_rows_head(&rows, names, 5);
	for (size_t i = 0; i < cnt; i++)
		if (all || strcmp(kyi_json_str(json_object_get(silences[i],
			"status"), "state"), "expired") != 0)
			row_add(&rows, silences[i], kyi_now_ms());
	free(silences);
	if (rows.cnt == 1)
		kymo_buffer_str(&out, "no silence\n");
	else
		kyi_rows_put(&out, &rows);
	kyi_rows_free(&rows);
	return kyi_output(&out);
}

static int
ls(const struct options *options, int argc, char **argv)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	int status;

	kymo_buffer_str(&path, "/api/v2/silences");
	kyi_ask_filters(&path, argc, argv);
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK)
		status = options->json ? kyi_ask_print(&answer) :
		    list_print(answer.json, options->all);
	kyi_ask_free(&answer);
	return status;
}

/* ---- add ----------------------------------------------------------------------- */

/* What was made, and what it does now. */
static int
add_print(const struct options *options, const char *id, int argc,
    char **argv)
{
	struct kymo_buffer path = {0}, out = {0};
	struct kyi_ask_answer answer;
	size_t cnt;
	int status;

	kymo_buffer_str(&path, "/api/v2/alerts");
	kyi_ask_filters(&path, argc, argv);
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK) {
		cnt = json_array_size(answer.json);
		kymo_buffer_str(&out, "silence ");
		kymo_escape_terminal(&out, id);
		kymo_buffer_str(&out, options->from_ms ? ": from " :
		    ": until ");
		if (options->from_ms) {
			kyi_put_clock(&out, options->from_ms, kyi_now_ms());
			kymo_buffer_str(&out, " until ");
		}
		kyi_put_clock(&out, options->until_ms, kyi_now_ms());
		kymo_buffer_printf(&out, "; it matches %zu alert%s that fire%s "
		    "now\n", cnt, cnt == 1 ? "" : "s", cnt == 1 ? "s" : "");
		status = kyi_output(&out);
	}
	kyi_ask_free(&answer);
	return status;
}

static int
add(struct options *options, int argc, char **argv)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	json_t *what, *matchers;
	int status;

	if (argc == 0)
		return kyi_usage(&kyi_verb_silence, "add which? An alert's "
		    "name, or matchers as severity=page");
	if (!options->comment || !*options->comment)
		return kyi_usage(&kyi_verb_silence, "add wants --comment=WHY: "
		    "whoever is on call next will ask");
	if (!options->until_ms)
		options->until_ms = (options->from_ms ? options->from_ms :
		    kyi_now_ms()) + DURATION_MS;
	matchers = kyi_ask_matchers(argc, argv);
	if (!matchers)
		return KYI_EXIT_NO;
	what = kyi_must(json_pack("{s:o, s:s, s:s, s:o}", "matchers",
		matchers, "createdBy", options->by ?
		options->by : kyi_ask_user(), "comment", options->comment,
		"endsAt", kyi_json_of_time(options->until_ms)));
	/* Alertmanager wants one. */
	json_object_set_new(what, "startsAt", kyi_json_of_time(
	    options->from_ms ? options->from_ms : kyi_now_ms()));
	kymo_buffer_str(&path, "/api/v2/silences");
	status = kyi_ask(&answer, options->url, "POST", &path, what);
	if (status == KYI_EXIT_OK && options->json)
		status = kyi_ask_print(&answer);
	else if (status == KYI_EXIT_OK && options->quiet)
		printf("%s\n", kyi_json_str(answer.json, "silenceID"));
	else if (status == KYI_EXIT_OK)
		status = add_print(options, kyi_json_str(answer.json,
			"silenceID"), argc, argv);
	kyi_ask_free(&answer);
	return status;
}

/* ---- expire -------------------------------------------------------------------- */

static int
expire_one(const struct options *options, const char *id)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	int status;

	if (!*id || strpbrk(id, "/?#% "))
		return kyi_usage(&kyi_verb_silence, "'%s' is no silence's id; "
		    "kymo silence ls has them", id);
	kymo_buffer_printf(&path, "/api/v2/silence/%s", id);
	status = kyi_ask(&answer, options->url, "DELETE", &path, NULL);
	if (status == KYI_EXIT_OK && !options->quiet && !options->json)
		printf("silence %s has ended\n", id);
	kyi_ask_free(&answer);
	return status;
}

static int
expire(const struct options *options, int argc, char **argv)
{
	int status = KYI_EXIT_OK, one;

	if (argc == 0)
		return kyi_usage(&kyi_verb_silence, "expire which ID? kymo "
		    "silence ls has them");
	for (int i = 0; i < argc; i++) {
		one = expire_one(options, argv[i]);
		if (one > status)
			status = one;
	}
	return status;
}

/* ---- the verb ------------------------------------------------------------------ */

static int
chosen(struct options *options, int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "ls";

	argc -= argc > 0;
	argv++;
	if (strcmp(what, "ls") == 0)
		return ls(options, argc, argv);
	if (strcmp(what, "add") == 0)
		return add(options, argc, argv);
	if (strcmp(what, "expire") == 0)
		return expire(options, argc, argv);
	return kyi_usage(&kyi_verb_silence, "no '%s'; add, ls or expire", what);
}

static bool
time_option(int64_t *at_ms, const char *name, int *status)
{
	if (kyi_later_read(at_ms, optarg))
		return true;
	*status = kyi_usage(&kyi_verb_silence, "--%s=%s is neither a duration "
	    "nor a time", name, optarg);
	return false;
}

static int
silence(int argc, char **argv)
{
	static const struct option known[] = {
		{"url", required_argument, NULL, 'u'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"quiet", no_argument, NULL, 'q'},
		{"by", required_argument, NULL, 'b'},
		{"comment", required_argument, NULL, 'c'},
		{"duration", required_argument, NULL, 'd'},
		{"until", required_argument, NULL, 'd'},
		{"from", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {.json = false};
	int option, status;

	while ((option = getopt_long(argc, argv, ":u:jaqb:c:d:h", known,
		NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'j': options.json = true; break;
		case 'a': options.all = true; break;
		case 'q': options.quiet = true; break;
		case 'b': options.by = optarg; break;
		case 'c': options.comment = optarg; break;
		case 'd':
			if (time_option(&options.until_ms, "until", &status))
				break;
			return status;
		case 'f':
			if (time_option(&options.from_ms, "from", &status))
				break;
			return status;
		case 'h': return kyi_help(&kyi_verb_silence);
		default:
			return kyi_option_wrong(&kyi_verb_silence, argv,
			    option);
		}
	options.url = kyi_url(options.url);
	return chosen(&options, argc - optind, argv + optind);
}

const struct kyi_verb kyi_verb_silence = {
	"silence", "mutes alerts for a while", silence,
	"usage: kymo silence add --comment=WHY [--by=WHO] [--duration=1h | --until=TIME]\n"
	"           [--from=TIME] MATCHER..\n"
	"       kymo silence [ls] [--all] [MATCHER]..\n"
	"       kymo silence expire ID..\n"
	"\n"
	"Asks a running kymod, or an Alertmanager. Nothing is said of alerts that a\n"
	"silence matches; ends of what was said are said all the same.\n"
	"\n"
	"  add     a new one, for an hour if nothing else is said\n"
	"  ls      those that there are\n"
	"  expire  ends some now\n"
	"\n"
	"MATCHER is an alert's name, or label=value, !=, =~, !~ as amtool has them; all\n"
	"must match.\n"
	"\n"
	"  -c, --comment=WHY   for whoever comes after you\n"
	"  -b, --by=WHO        who says so (your name on this machine)\n"
	"  -d, --duration=2h, --until=TIME\n"
	"                      how long: so long, or until 2027-03-01T18:00:00Z\n"
	"      --from=TIME     not at once: in so long, or from then on\n"
	"  -a, --all           those that ended within five days, too\n"
	"  -q, --quiet         only the new one's ID\n"
	"  -j, --json          the answer as it is\n"
	"  -u, --url=URL       where (KYMO_URL, or " KYI_URL_DEFAULT ")\n"
	"  -h, --help          this\n"
	"\n"
	"Exit: 0 done; 1 refused; 2 usage; 3 could not be asked.\n"
	"\n"
	"  kymo silence add --comment 'new disks' --duration 2h DiskFull site=old\n"
	"  kymo silence expire 3\n"
};
