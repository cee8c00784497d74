/* SPDX-License-Identifier: MIT */
/* kymo notify: messages that wait, those given up, and trying a receiver out. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/config/config.h"
#include "reader/export/export.h"
#include "tools/kymo_alert_ask.h"
#include "tools/kymo_http.h"
#include "tools/kymo_notify_render.h"

#define TEST_MS 15000
#define LOOK_NS 100000000L

struct options {
	const char *url, *by, *to;
	bool json, all;
	int64_t timeout_ms;
};

/* ---- lists ------------------------------------------------------------------------ */

static void
receiver_add(struct kyi_rows *rows, const json_t *receiver, int64_t now_ms)
{
	const char *why = kyi_json_str(receiver, "why");
	int64_t at_ms = kyi_json_time_ms(receiver, "nextAttempt");
	int64_t failures = kyi_json_int(receiver, "failures");
	struct kymo_buffer *row = kyi_rows_add(rows, false);

	kymo_escape_terminal(&row[0], kyi_json_str(receiver, "name"));
	kymo_escape_terminal(&row[1], kyi_json_str(receiver, "state"));
	if (failures > 0)
		kymo_buffer_printf(&row[2], "%lld failure%s in a row",
		    (long long)failures, failures == 1 ? "" : "s");
	if (at_ms) {
		kymo_buffer_str(&row[2], ", tried again ");
		kyi_put_from_now(&row[2], at_ms, now_ms);
	}
	if (*why && failures > 0) {
		row = kyi_rows_add(rows, true);
		kymo_buffer_str(row, "    ");
		kymo_escape_terminal(row, why);
	}
}

static int
receivers_print(const struct options *options)
{
	static const char *const names[] = {"RECEIVER", "STATE", ""};
	struct kymo_buffer path = {0}, out = {0};
	struct kyi_ask_answer answer;
	struct kyi_rows rows = {0};
	const json_t *one;
	size_t i;
	int status;

	kymo_buffer_str(&path, "/api/v1/alerting/receivers");
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK) {
		kyi_rows_head(&rows, names, 3);
		json_array_foreach(kyi_ask_data(&answer), i, one)
			receiver_add(&rows, one, kyi_now_ms());
		kyi_rows_put(&out, &rows);
		status = kyi_output(&out);
	}
	kyi_ask_free(&answer);
	return status;
}

static void
message_add(struct kyi_rows *rows, const json_t *message, int64_t now_ms)
{
	const char *why = kyi_json_str(message, "why");
	int64_t at_ms = kyi_json_time_ms(message, "nextAttempt");
	int64_t deadline_ms = kyi_json_time_ms(message, "deadline");
	struct kymo_buffer *row = kyi_rows_add(rows, false);

	kymo_escape_terminal(&row[0], kyi_json_str(message, "id"));
	kymo_escape_terminal(&row[1], kyi_json_str(message, "to"));
	kymo_escape_terminal(&row[2], kyi_json_str(message, "status"));
	kyi_put_span(&row[3], now_ms - kyi_json_time_ms(message, "addedAt"));
	kymo_buffer_i64(&row[4], kyi_json_int(message, "attempts"));
	if (at_ms)
		kyi_put_from_now(&row[5], at_ms, now_ms);
	else if (strcmp(kyi_json_str(message, "state"), "dead") != 0)
		kymo_buffer_str(&row[5], "now");
	if (deadline_ms) {
		kymo_buffer_str(&row[5], ", given up ");
		kyi_put_from_now(&row[5], deadline_ms, now_ms);
	}
	if (*why) {
		row = kyi_rows_add(rows, true);
		kymo_buffer_str(row, "    ");
		kymo_escape_terminal(row, why);
	}
}

static int
messages_print(const json_t *data, bool dead)
{
	static const char *const names[] = {"MESSAGE", "TO", "SAYS", "AGE",
		"ATTEMPTS", "NEXT"};
	const json_t *stats = json_object_get(data, "stats"), *one;
	struct kyi_rows rows = {0};
	struct kymo_buffer out = {0};
	size_t i;

	kyi_rows_head(&rows, names, dead ? 5 : 6);
	json_array_foreach(json_object_get(data, "messages"), i, one)
		message_add(&rows, one, kyi_now_ms());
	if (rows.cnt == 1)
		kymo_buffer_str(&out, dead ? "no dead letter\n" :
		    "nothing waits\n");
	else
		kyi_rows_put(&out, &rows);
	kyi_rows_free(&rows);
	if (!dead)
		kymo_buffer_printf(&out, "%lld delivered so far, %lld attempts "
		    "failed, %lld dead letters\n",
		    (long long)kyi_json_int(stats, "delivered"),
		    (long long)kyi_json_int(stats, "failedAttempts"),
		    (long long)kyi_json_int(stats, "dead"));
	else if (json_array_size(json_object_get(data, "messages")) > 0)
		kymo_buffer_str(&out, "kymo notify retry ID.. or --all has "
		    "them sent\n");
	return kyi_output(&out);
}

static int
list(const struct options *options, bool dead)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	int status = KYI_EXIT_OK;

	if (!dead && !options->json)
		status = receivers_print(options);
	if (status != KYI_EXIT_OK)
		return status;
	kymo_buffer_str(&path, "/api/v1/alerting/queue");
	kyi_ask_param(&path, dead ? "waiting" : "dead", "false");
	if (options->to)
		kyi_ask_param(&path, "to", options->to);
	if (options->json)
		kyi_ask_param(&path, "body", "true");
	else if (!dead)
		puts("");
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	if (status == KYI_EXIT_OK)
		status = options->json ? kyi_ask_print(&answer) :
		    messages_print(kyi_ask_data(&answer), dead);
	kyi_ask_free(&answer);
	return status;
}

/* ---- retry ------------------------------------------------------------------------ */

static int
retry_one(const struct options *options, const char *id)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	json_t *what = id ? json_pack("{s:s}", "id", id) :
	    json_pack("{s:b}", "all", 1);
	int64_t cnt;
	int status;

	kymo_buffer_str(&path, "/api/v1/alerting/retry");
	status = kyi_ask(&answer, options->url, "POST", &path,
	    kyi_must(what));
	cnt = kyi_json_int(kyi_ask_data(&answer), "messages");
	if (status == KYI_EXIT_OK && options->json)
		status = kyi_ask_print(&answer);
	else if (status == KYI_EXIT_OK)
		printf("%lld message%s wait%s again\n", (long long)cnt,
		    cnt == 1 ? "" : "s", cnt == 1 ? "s" : "");
	kyi_ask_free(&answer);
	return status;
}

static int
retry(const struct options *options, int argc, char **argv)
{
	int status = KYI_EXIT_OK, one;

	if (options->all != (argc == 0))
		return kyi_usage(&kyi_verb_notify, "retry which? IDs of kymo "
		    "notify dead, or --all");
	if (options->all)
		return retry_one(options, NULL);
	for (int i = 0; i < argc; i++) {
		one = retry_one(options, argv[i]);
		if (one > status)
			status = one;
	}
	return status;
}

/* ---- test ------------------------------------------------------------------------- */

/* What is left of the messages of a test to one of its ways. */
struct left {
	uint32_t waiting_cnt, dead_cnt;
	char why[400];
	int64_t next_ms;
};

static int
left_find(const struct options *options, const char *to, const char *at,
    struct left *left)
{
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	const json_t *one;
	size_t i;
	int status;

	memset(left, 0, sizeof(*left));
	kymo_buffer_str(&path, "/api/v1/alerting/queue");
	kyi_ask_param(&path, "to", to);
	status = kyi_ask(&answer, options->url, "GET", &path, NULL);
	json_array_foreach(json_object_get(kyi_ask_data(&answer), "messages"),
	    i, one) {
		bool dead = strcmp(kyi_json_str(one, "state"), "dead") == 0;

		if (strcmp(kyi_json_str(one, "addedAt"), at) != 0)
			continue;
		left->waiting_cnt += !dead;
		left->dead_cnt += dead;
		if (!left->next_ms)
			left->next_ms = kyi_json_time_ms(one, "nextAttempt");
		if (!*left->why)
			snprintf(left->why, sizeof(left->why), "%s",
			    *kyi_json_str(one, "why") ?
			    kyi_json_str(one, "why") :
			    kyi_json_str(one, "receiverWhy"));
	}
	kyi_ask_free(&answer);
	return status;
}

static void
left_print(const char *to, const struct left *left)
{
	struct kymo_buffer out = {0};

	kymo_escape_terminal(&out, to);
	if (left->waiting_cnt + left->dead_cnt == 0)
		kymo_buffer_str(&out, ": delivered");
	else
		kymo_buffer_str(&out, left->dead_cnt > 0 ?
		    ": not delivered, and given up" : ": not delivered");
	if (*left->why) {
		kymo_buffer_str(&out, ": ");
		kymo_escape_terminal(&out, left->why);
	}
	if (left->waiting_cnt > 0 && left->next_ms) {
		kymo_buffer_str(&out, "; tried again ");
		kyi_put_from_now(&out, left->next_ms, kyi_now_ms());
	}
	kymo_buffer_char(&out, '\n');
	kyi_output(&out);
}

/* Waits for what comes of it; the time is that of all ways together. */
static int
way_wait(const struct options *options, const char *to, const char *at,
    int64_t until_ms)
{
	const struct timespec look = {0, LOOK_NS};
	struct left left;
	int status;

	for (;;) {
		status = left_find(options, to, at, &left);
		if (status != KYI_EXIT_OK)
			return status;
		if (left.waiting_cnt == 0 || kyi_now_ms() >= until_ms)
			break;
		nanosleep(&look, NULL);
	}
	left_print(to, &left);
	return left.waiting_cnt + left.dead_cnt == 0 ? KYI_EXIT_OK :
	    KYI_EXIT_NO;
}

static int
test(const struct options *options, int argc, char **argv)
{
	int64_t until_ms = kyi_now_ms() + options->timeout_ms;
	struct kymo_buffer path = {0};
	struct kyi_ask_answer answer;
	const json_t *one;
	size_t i;
	int status, way;

	if (argc != 1)
		return kyi_usage(&kyi_verb_notify, argc == 0 ?
		    "test which RECEIVER?" : "test one RECEIVER");
	kymo_buffer_str(&path, "/api/v1/alerting/test");
	status = kyi_ask(&answer, options->url, "POST", &path,
	    kyi_must(json_pack("{s:s, s:s}", "receiver", argv[0], "by",
		options->by ? options->by : kyi_ask_user())));
	if (status == KYI_EXIT_OK && options->json) {
		status = kyi_ask_print(&answer);
	} else if (status == KYI_EXIT_OK) {
		json_array_foreach(json_object_get(kyi_ask_data(&answer),
			"to"), i, one) {
			if (!json_is_string(one))
				continue;
			way = way_wait(options, json_string_value(one),
			    kyi_json_str(kyi_ask_data(&answer), "at"),
			    until_ms);
			if (way > status)
				status = way;
		}
	}
	kyi_ask_free(&answer);
	return status;
}

/* ---- the verb --------------------------------------------------------------------- */

static int
chosen(const struct options *options, int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "queue";

	argc -= argc > 0;
	argv++;
	if (strcmp(what, "test") == 0)
		return test(options, argc, argv);
	if (strcmp(what, "retry") == 0)
		return retry(options, argc, argv);
	if (argc > 0)
		return kyi_usage(&kyi_verb_notify, "'%s' is one too many",
		    argv[0]);
	if (strcmp(what, "queue") == 0)
		return list(options, false);
	if (strcmp(what, "dead") == 0)
		return list(options, true);
	return kyi_usage(&kyi_verb_notify, "no '%s'; queue, dead, retry or "
	    "test", what);
}

static int
notify(int argc, char **argv)
{
	static const struct option known[] = {
		{"url", required_argument, NULL, 'u'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"by", required_argument, NULL, 'b'},
		{"to", required_argument, NULL, 't'},
		{"timeout", required_argument, NULL, 'T'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct options options = {.timeout_ms = TEST_MS};
	uint64_t ns;
	int option;

	if (argc > 1 && strcmp(argv[1], "render") == 0)
		return kyi_notify_render(argc - 1, argv + 1);
	while ((option = getopt_long(argc, argv, ":u:jab:t:h", known,
		NULL)) != -1)
		switch (option) {
		case 'u': options.url = optarg; break;
		case 'j': options.json = true; break;
		case 'a': options.all = true; break;
		case 'b': options.by = optarg; break;
		case 't': options.to = optarg; break;
		case 'T':
			if (kymo_duration_parse(&ns, optarg, NULL) != 0)
				return kyi_usage(&kyi_verb_notify,
				    "--timeout=%s is no duration", optarg);
			options.timeout_ms = (int64_t)(ns / 1000000);
			break;
		case 'h': return kyi_help(&kyi_verb_notify);
		default:
			return kyi_option_wrong(&kyi_verb_notify, argv, option);
		}
	options.url = kyi_url(options.url);
	return chosen(&options, argc - optind, argv + optind);
}

const struct kyi_verb kyi_verb_notify = {
	"notify", "messages that wait or were given up; tries a receiver out",
	notify,
	"usage: kymo notify [queue | dead] [--to=WAY]\n"
	"       kymo notify retry ID.. | --all\n"
	"       kymo notify test [--by=WHO] [--timeout=15s] RECEIVER\n"
	"       kymo notify render [--receiver=NAME] [--alerts=FILE] [--html=FILE]\n"
	"                          [--png=FILE] [--template=TEXT [--as=KIND]] ROUTES\n"
	"\n"
	"Asks a running kymod; render asks nobody.\n"
	"\n"
	"  queue  how receivers do, and the messages that wait\n"
	"  dead   messages that were given up, and why\n"
	"  retry  has some of these, or all, sent again\n"
	"  test   sends the receiver an alert KymoTest, and that it is over, and waits\n"
	"         until both were taken\n"
	"  render shows what receivers of a routing file would get: of a message in\n"
	"         FILE, as webhooks get it (- is stdin), or of one that is made up;\n"
	"         --html and --png write the page and the chart of a mail; --template\n"
	"         shows what TEXT makes of it with the file's templates, as text,\n"
	"         slack, html or json\n"
	"\n"
	"  -t, --to=WAY        only those to this way to a receiver\n"
	"  -a, --all           all dead letters\n"
	"  -b, --by=WHO        who tries it out (your name on this machine)\n"
	"      --timeout=TIME  how long to wait for it\n"
	"  -j, --json          the answer as it is, with what messages say\n"
	"  -u, --url=URL       where (KYMO_URL, or " KYI_URL_DEFAULT ")\n"
	"  -h, --help          this\n"
	"\n"
	"Exit: 0 done; 1 not delivered, no such message, or refused; 2 usage; 3 could\n"
	"not be asked.\n"
};
