/* SPDX-License-Identifier: MIT */
/* kymo alerts: what fires, why it was said or not, and who takes care of it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_alert_ask.h"
#include "tools/kymo_alert_view.h"
#include "tools/kymo_http.h"

struct options {
	const char *url, *receiver, *by, *comment;
	bool json, all, undo;
	int64_t until_ms; /* 0: not said */
};

/* ---- ls ------------------------------------------------------------------------- */

static int
ls(const struct options *options, int argc, char **argv)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	int status;

	kymo_buffer_str(&path, "/api/v2/alerts");
	if (options->all) {
		kyi_ask_param(&path, "pending", "true");
		kyi_ask_param(&path, "resolved", "true");
	}
	if (options->receiver)
		kyi_ask_param(&path, "receiver", options->receiver);
	kyi_ask_filters(&path, argc, argv);
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK && options->json)
		status = kyi_ask_print(&answer);
	else if (status == KYI_EXIT_OK && json_array_size(answer.json) > 0)
		status = kyi_alerts_put_list(answer.json);
	else if (status == KYI_EXIT_OK)
		puts(argc > 0 || options->receiver ? "no such alert fires" :
		    "no alert fires");
	kyi_ask_free(&answer);
	return status;
}

/* ---- show and why --------------------------------------------------------------- */

static int
show(const struct options *options, int argc, char **argv, bool why)
{
	struct kymo_buffer path = {0}, out = {0};
	struct kyi_ask_answer answer;
	struct kyi_alert_told *alerts;
	uint32_t cnt;
	int status;

	kymo_buffer_str(&path, "/api/v1/alerting/alerts");
	if (options->receiver)
		kyi_ask_param(&path, "receiver", options->receiver);
	kyi_ask_filters(&path, argc, argv);
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK && options->json) {
		status = kyi_ask_print(&answer);
	} else if (status == KYI_EXIT_OK) {
		alerts = kyi_alerts_told(kyi_ask_data(&answer), &cnt);
		for (uint32_t i = 0; i < cnt; i++) {
			kymo_buffer_str(&out, i > 0 ? "\n" : "");
			kyi_alert_put(&out, &alerts[i], why);
		}
		free(alerts);
		if (cnt == 0)
			fputs("kymo: no such alert fired within the last hour\n",
			    stderr);
		status = cnt > 0 ? kyi_output(&out) : KYI_EXIT_NO;
	}
	kyi_ask_free(&answer);
	return status;
}

/* ---- ack ------------------------------------------------------------------------ */

static int
ack(const struct options *options, int argc, char **argv)
{
	const char *by = options->by ? options->by : kyi_ask_user();
	struct kymo_buffer path = {0}, safe = {0};
	struct kyi_ask_answer answer;
	json_t *what, *matchers;
	int64_t cnt;
	int status;

	if (argc == 0)
		return kyi_usage(&kyi_verb_alerts, "ack which? An alert's name, "
		    "or matchers as severity=page");
	matchers = kyi_ask_matchers(argc, argv);
	if (!matchers)
		return KYI_EXIT_NO;
	what = kyi_must(json_pack("{s:o, s:s, s:s, s:b}", "matchers",
		matchers, "by", by, "comment",
		options->comment ? options->comment : "", "undo",
		options->undo));
	if (options->until_ms)
		json_object_set_new(what, "until",
		    kyi_json_of_time(options->until_ms));
	kymo_buffer_str(&path, "/api/v1/alerting/ack");
	status = kyi_ask(&answer, options->url, "POST", &path, what);
	cnt = kyi_json_int(kyi_ask_data(&answer), "alerts");
	if (status == KYI_EXIT_OK && options->json) {
		status = kyi_ask_print(&answer);
	} else if (status == KYI_EXIT_OK && cnt == 0) {
		fprintf(stderr, "kymo: no alert that %s matches\n",
		    options->undo ? "somebody acknowledged" : "fires");
		status = KYI_EXIT_NO;
	} else if (status == KYI_EXIT_OK) {
		kymo_escape_terminal(&safe, by);
		printf("%lld alert%s %s", (long long)cnt, cnt == 1 ? "" : "s",
		    options->undo ? "no more acknowledged" : "acknowledged by ");
		printf("%s\n", options->undo || safe.failed ? "" : safe.at);
	}
	kymo_buffer_free(&safe);
	kyi_ask_free(&answer);
	return status;
}

/* ---- the verb ------------------------------------------------------------------- */

static int
chosen(const struct options *options, int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "ls";

	argc -= argc > 0;
	argv++;
	if (strcmp(what, "ls") == 0)
		return ls(options, argc, argv);
	if (strcmp(what, "show") == 0)
		return show(options, argc, argv, false);
	if (strcmp(what, "why") == 0)
		return show(options, argc, argv, true);
	if (strcmp(what, "ack") == 0)
		return ack(options, argc, argv);
	return kyi_usage(&kyi_verb_alerts, "no '%s'; ls, show, why or ack",
	    what);
}

static int
alerts(int argc, char **argv)
{
	static const struct option known[] = {
		{"url", required_argument, NULL, 'u'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"receiver", required_argument, NULL, 'r'},
		{"by", required_argument, NULL, 'b'},
		{"comment", required_argument, NULL, 'c'},
		{"until", required_argument, NULL, 'U'},
		{"undo", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {.json = false};
	int option;

	while ((option = getopt_long(argc, argv, ":u:jar:b:c:h", known,
		NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'j': options.json = true; break;
		case 'a': options.all = true; break;
		case 'r': options.receiver = optarg; break;
		case 'b': options.by = optarg; break;
		case 'c': options.comment = optarg; break;
		case 'n': options.undo = true; break;
		case 'U':
			if (kyi_later_read(&options.until_ms, optarg))
				break;
			return kyi_usage(&kyi_verb_alerts, "--until=%s is "
			    "neither a duration nor a time", optarg);
		case 'h': return kyi_help(&kyi_verb_alerts);
		default:
			return kyi_option_wrong(&kyi_verb_alerts, argv, option);
		}
	options.url = kyi_url(options.url);
	return chosen(&options, argc - optind, argv + optind);
}

const struct kyi_verb kyi_verb_alerts = {
	"alerts", "what fires, why it was said or not; takes care of it", alerts,
	"usage: kymo alerts [ls] [--all] [--receiver=REGEX] [MATCHER]..\n"
	"       kymo alerts show|why [MATCHER]..\n"
	"       kymo alerts ack [--by=WHO] [--comment=TEXT] [--until=TIME] MATCHER..\n"
	"       kymo alerts ack --undo MATCHER..\n"
	"\n"
	"Asks a running kymod. ls asks an Alertmanager as well.\n"
	"\n"
	"  ls    what fires, what mutes it, who takes care of it, what comes next\n"
	"  show  all that is known of alerts\n"
	"  why   every decision: why it was sent or not, to whom, when, which message\n"
	"        is under way, and what comes next\n"
	"  ack   somebody takes care: no repeats, no escalation, until it ends\n"
	"\n"
	"MATCHER is an alert's name, or label=value, !=, =~, !~ as amtool has them; all\n"
	"must match.\n"
	"\n"
	"  -a, --all             pending and resolved ones (of the last hour), too\n"
	"  -r, --receiver=REGEX  those that go to such a receiver\n"
	"  -b, --by=WHO          who takes care (your name on this machine)\n"
	"  -c, --comment=TEXT    what to say of it\n"
	"      --until=TIME      so long: 2h, or until 2027-03-01T18:00:00Z\n"
	"      --undo            nobody does any more\n"
	"  -j, --json            the answer as it is\n"
	"  -u, --url=URL         where (KYMO_URL, or " KYI_URL_DEFAULT ")\n"
	"  -h, --help            this\n"
	"\n"
	"Exit: 0 done; 1 no such alert, or refused; 2 usage; 3 could not be asked.\n"
	"\n"
	"  kymo alerts\n"
	"  kymo alerts why HighErrors service=shop\n"
	"  kymo alerts ack --comment 'looking at it' --until 1h severity=page\n"
};
