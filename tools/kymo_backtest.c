/* SPDX-License-Identifier: MIT */
/* kymo rules backtest: what rules, inhibitions, silences, routes and
   escalations would have made of kept history: how many messages, when, to
   whom. */
#include "tools/kymo_backtest.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_alert_ask.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_when.h"

#define DAY_S 86400.0
#define HOUR_MS 3600000

struct rule_sum {
	const struct kymo_rule *rule;
	char *name;
	uint64_t fired_cnt, message_cnt;
	int64_t for_ms, longest_ms;
};

struct way_sum {
	char *name;
	uint64_t cnt[4]; /* by why */
	int64_t hour; /* since 1970, of the last message */
	uint64_t hour_cnt, most_cnt;
	int64_t most_hour;
};

struct backtest {
	bool json, quiet;
	struct kymo_buffer out; /* the timeline */
	bool any_event;
	struct rule_sum *rules;
	uint32_t rule_cnt;
	struct way_sum *ways;
	uint32_t way_cnt;
};

/* ---- sums -------------------------------------------------------------------- */

static struct rule_sum *
rule_sum(struct backtest *backtest, const struct kymo_rule *rule)
{
	struct rule_sum *sum;

	for (uint32_t i = 0; i < backtest->rule_cnt; i++)
		if (backtest->rules[i].rule == rule)
			return &backtest->rules[i];
	backtest->rules = kyi_must(reallocarray(backtest->rules,
		backtest->rule_cnt + 1u, sizeof(backtest->rules[0])));
	sum = &backtest->rules[backtest->rule_cnt++];
	*sum = (struct rule_sum){.rule = rule,
		.name = kyi_must(strdup(rule->name))};
	return sum;
}

static struct way_sum *
way_sum(struct backtest *backtest, const char *name)
{
	struct way_sum *sum;

	for (uint32_t i = 0; i < backtest->way_cnt; i++)
		if (strcmp(backtest->ways[i].name, name) == 0)
			return &backtest->ways[i];
	backtest->ways = kyi_must(reallocarray(backtest->ways,
		backtest->way_cnt + 1u, sizeof(backtest->ways[0])));
	sum = &backtest->ways[backtest->way_cnt++];
	*sum = (struct way_sum){.name = kyi_must(strdup(name))};
	return sum;
}

static void
notice_sum(struct backtest *backtest, const struct kymo_notice *notice)
{
	struct way_sum *way = way_sum(backtest, notice->to->name);
	int64_t hour = notice->at_ms / HOUR_MS;
	const char *before = "";

	way->cnt[notice->why]++;
	if (way->hour != hour)
		way->hour_cnt = 0;
	way->hour = hour;
	if (++way->hour_cnt > way->most_cnt) {
		way->most_cnt = way->hour_cnt;
		way->most_hour = hour;
	}
	/* A message counts once for each rule that it tells of. */
	for (uint32_t i = 0; i < notice->alert_cnt; i++) {
		const char *name = kymo_labels_get(notice->alerts[i].labels,
		    "alertname");

		for (uint32_t k = 0; k < backtest->rule_cnt; k++)
			if (strcmp(before, name) != 0 &&
			    strcmp(backtest->rules[k].name, name) == 0) {
				backtest->rules[k].message_cnt++;
				before = name;
			}
	}
}

/* ---- the timeline -------------------------------------------------------------- */

static const char *const whys[] = {[KYMO_NOTICE_NEW] = "new",
	[KYMO_NOTICE_RESOLVED] = "over", [KYMO_NOTICE_REPEAT] = "again",
	[KYMO_NOTICE_ESCALATED] = "escalated"};

static void
put_labels(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	bool any = false;

	kymo_escape_terminal(out, kymo_labels_get(labels, "alertname"));
	for (uint32_t i = 0; i < labels->cnt; i++) {
		if (strcmp(labels->at[i].key, "alertname") == 0)
			continue;
		kymo_buffer_str(out, any ? ", " : "{");
		any = true;
		kymo_escape_terminal(out, labels->at[i].key);
		kymo_buffer_str(out, "=\"");
		kymo_escape_terminal(out, labels->at[i].value);
		kymo_buffer_char(out, '"');
	}
	kymo_buffer_str(out, any ? "}" : "");
}

static void
line_put(struct kymo_buffer *out, const struct kyi_backtest_event *event)
{
	/* The day is always in it. */
	kyi_put_clock(out, event->at_ms, 0);
	if (event->what == KYI_BACKTEST_SAYS) {
		kymo_buffer_str(out, "    -> ");
		kymo_escape_terminal(out, event->notice->to->name);
		kymo_buffer_printf(out, ", %s:", whys[event->notice->why]);
		for (uint32_t i = 0; i < event->notice->alert_cnt; i++) {
			kymo_buffer_str(out, event->notice->alerts[i].firing ?
			    " +" : " -");
			kymo_escape_terminal(out, kymo_labels_get(
			    event->notice->alerts[i].labels, "alertname"));
		}
	} else {
		kymo_buffer_str(out, "  ");
		put_labels(out, event->labels);
		if (event->what == KYI_BACKTEST_FIRES) {
			kymo_buffer_printf(out, " fires (%.6g)", event->value);
		} else {
			kymo_buffer_str(out, event->what ==
			    KYI_BACKTEST_ENDS ? " is over, after " :
			    " fires still, for ");
			kyi_put_span(out, event->for_ms);
		}
	}
	kymo_buffer_char(out, '\n');
}

/* ---- JSON ---------------------------------------------------------------------- */

static void
put_string(struct kymo_buffer *out, const char *key, const char *text)
{
	json_t *json = json_string(text);
	char *made = json_dumps(json ? json : json_string("?"),
	    JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	kymo_buffer_printf(out, "%s:%s", key, made ? made : "\"\"");
	free(made);
	json_decref(json);
}

static void
put_pairs(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	json_t *object = kyi_must(json_object());
	char *made;

	for (uint32_t i = 0; i < labels->cnt; i++)
		json_object_set_new(object, labels->at[i].key,
		    json_string(labels->at[i].value));
	made = kyi_must(json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII));
	kymo_buffer_str(out, made);
	free(made);
	json_decref(object);
}

static void
json_put(struct backtest *backtest, const struct kyi_backtest_event *event)
{
	static const char *const names[] = {[KYI_BACKTEST_FIRES] = "fires",
		[KYI_BACKTEST_ENDS] = "over",
		[KYI_BACKTEST_GOES_ON] = "fires still",
		[KYI_BACKTEST_SAYS] = "message"};
	struct kymo_buffer *out = &backtest->out;
	const struct kymo_notice *notice = event->notice;

	kymo_buffer_printf(out, "%s{\"at\":%.3f,\"what\":\"%s\"",
	    backtest->any_event ? "," : "", (double)event->at_ms / 1000,
	    names[event->what]);
	if (event->what != KYI_BACKTEST_SAYS) {
		kymo_buffer_str(out, ",\"labels\":");
		put_pairs(out, event->labels);
		if (event->what != KYI_BACKTEST_FIRES)
			kymo_buffer_printf(out, ",\"for\":%.3f",
			    (double)event->for_ms / 1000);
	} else {
		put_string(out, ",\"to\"", notice->to->name);
		kymo_buffer_printf(out, ",\"why\":\"%s\",\"alerts\":[",
		    whys[notice->why]);
		for (uint32_t i = 0; i < notice->alert_cnt; i++) {
			kymo_buffer_printf(out, "%s{\"status\":\"%s\","
			    "\"labels\":", i > 0 ? "," : "",
			    notice->alerts[i].firing ? "firing" : "resolved");
			put_pairs(out, notice->alerts[i].labels);
			kymo_buffer_char(out, '}');
		}
		kymo_buffer_char(out, ']');
	}
	kymo_buffer_char(out, '}');
}

static void
event_take(void *of, const struct kyi_backtest_event *event)
{
	struct backtest *backtest = of;
	struct rule_sum *sum;

	if (event->what == KYI_BACKTEST_SAYS) {
		notice_sum(backtest, event->notice);
	} else {
		sum = rule_sum(backtest, event->rule);
		if (event->what == KYI_BACKTEST_FIRES) {
			sum->fired_cnt++;
		} else {
			sum->for_ms += event->for_ms;
			if (event->for_ms > sum->longest_ms)
				sum->longest_ms = event->for_ms;
		}
	}
	if (backtest->json)
		json_put(backtest, event);
	else if (!backtest->quiet)
		line_put(&backtest->out, event);
	backtest->any_event = true;
	/* Long ones are not kept whole. */
	if (!backtest->json && backtest->out.len_bytes > 65536)
		kyi_output(&backtest->out);
}

/* ---- the summary ---------------------------------------------------------------- */

static int
by_fired(const void *a, const void *b)
{
	const struct rule_sum *x = a, *y = b;

	if (x->fired_cnt != y->fired_cnt)
		return x->fired_cnt > y->fired_cnt ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void
rules_put(struct backtest *backtest)
{
	static const char *const names[] = {"RULE", "FIRED", "FOR", "LONGEST",
		"MESSAGES"};
	struct kyi_rows rows = {0};

	kyi_rows_head(&rows, names, 5);
	for (uint32_t i = 0; i < backtest->rule_cnt; i++) {
		const struct rule_sum *sum = &backtest->rules[i];
		struct kymo_buffer *row = kyi_rows_add(&rows, false);

		kymo_escape_terminal(&row[0], sum->name);
		kymo_buffer_u64(&row[1], sum->fired_cnt);
		kyi_put_span(&row[2], sum->for_ms);
		kyi_put_span(&row[3], sum->longest_ms);
		kymo_buffer_u64(&row[4], sum->message_cnt);
	}
	kyi_rows_put(&backtest->out, &rows);
}

static void
ways_put(struct backtest *backtest)
{
	static const char *const names[] = {"TO", "MESSAGES", "NEW", "OVER",
		"AGAIN", "ESCALATED", "BUSIEST HOUR"};
	struct kyi_rows rows = {0};

	kyi_rows_head(&rows, names, 7);
	for (uint32_t i = 0; i < backtest->way_cnt; i++) {
		const struct way_sum *sum = &backtest->ways[i];
		struct kymo_buffer *row = kyi_rows_add(&rows, false);

		kymo_escape_terminal(&row[0], sum->name);
		kymo_buffer_u64(&row[1], sum->cnt[0] + sum->cnt[1] +
		    sum->cnt[2] + sum->cnt[3]);
		for (uint32_t k = 0; k < 4; k++)
			kymo_buffer_u64(&row[2 + k], sum->cnt[k]);
		kymo_buffer_printf(&row[6], "%llu, from ",
		    (unsigned long long)sum->most_cnt);
		kyi_put_clock(&row[6], sum->most_hour * HOUR_MS, 0);
	}
	kyi_rows_put(&backtest->out, &rows);
}

static void
summary_put(struct backtest *backtest, const struct kyi_backtest_done *done)
{
	struct kymo_buffer *out = &backtest->out;

	if (backtest->any_event && !backtest->quiet)
		kymo_buffer_char(out, '\n');
	kymo_buffer_printf(out, "%u rules, %llu passes, from ", done->rule_cnt,
	    (unsigned long long)done->pass_cnt);
	kyi_put_clock(out, done->from_ms, 0);
	kymo_buffer_str(out, " to ");
	kyi_put_clock(out, done->to_ms, 0);
	kymo_buffer_str(out, "\n\n");
	if (backtest->rule_cnt == 0) {
		kymo_buffer_str(out, "nothing fired\n");
		return;
	}
	rules_put(backtest);
	if (done->still_cnt > 0)
		kymo_buffer_printf(out, "%u still fired at the end\n",
		    done->still_cnt);
	kymo_buffer_char(out, '\n');
	if (backtest->way_cnt > 0)
		ways_put(backtest);
	else
		kymo_buffer_str(out, "no message\n");
}

static void
json_end(struct backtest *backtest, const struct kyi_backtest_done *done)
{
	struct kymo_buffer *out = &backtest->out;

	kymo_buffer_printf(out, "],\"from\":%.3f,\"to\":%.3f,\"passes\":%llu,"
	    "\"failed\":%llu,\"stillFiring\":%u,\"rules\":[",
	    (double)done->from_ms / 1000, (double)done->to_ms / 1000,
	    (unsigned long long)done->pass_cnt,
	    (unsigned long long)done->failed_cnt, done->still_cnt);
	for (uint32_t i = 0; i < backtest->rule_cnt; i++) {
		const struct rule_sum *sum = &backtest->rules[i];

		put_string(out, i > 0 ? ",{\"name\"" : "{\"name\"", sum->name);
		kymo_buffer_printf(out, ",\"fired\":%llu,\"for\":%.3f,"
		    "\"longest\":%.3f,\"messages\":%llu}",
		    (unsigned long long)sum->fired_cnt,
		    (double)sum->for_ms / 1000, (double)sum->longest_ms / 1000,
		    (unsigned long long)sum->message_cnt);
	}
	kymo_buffer_str(out, "],\"receivers\":[");
	for (uint32_t i = 0; i < backtest->way_cnt; i++) {
		const struct way_sum *sum = &backtest->ways[i];

		put_string(out, i > 0 ? ",{\"to\"" : "{\"to\"", sum->name);
		for (uint32_t k = 0; k < 4; k++)
			kymo_buffer_printf(out, ",\"%s\":%llu", whys[k],
			    (unsigned long long)sum->cnt[k]);
		kymo_buffer_printf(out, ",\"busiestHour\":{\"from\":%lld,"
		    "\"messages\":%llu}}", (long long)sum->most_hour * 3600,
		    (unsigned long long)sum->most_cnt);
	}
	kymo_buffer_str(out, "]}\n");
}

/* ---- the verb ------------------------------------------------------------------ */

static void
fault_say(void *of, const char *text)
{
	struct kymo_buffer safe = {0};

	(void)of;
	kymo_escape_terminal(&safe, text);
	if (!safe.failed)
		fprintf(stderr, "%s\n", safe.at);
	kymo_buffer_free(&safe);
}

static int
run(struct backtest *backtest, const struct kyi_backtest_options *options)
{
	struct kyi_backtest_done done;
	struct kymo_error error = {""};
	struct kymo_buffer safe = {0};
	int status;

	if (backtest->json)
		kymo_buffer_str(&backtest->out, "{\"events\":[");
	if (kyi_backtest_run(options, event_take, backtest, &done,
		&error) != 0) {
		kymo_buffer_free(&backtest->out);
		kymo_escape_terminal(&safe, error.text);
		status = error.text[0] == '\0' ? KYI_EXIT_NO :
		    kyi_trouble("%s", safe.failed ? "" : safe.at);
		kymo_buffer_free(&safe);
		return status;
	}
	if (done.failed_cnt > 0) {
		kymo_escape_terminal(&safe, done.failed_why);
		fprintf(stderr, "kymo: rules failed %llu times; the first, %s: "
		    "%s\n", (unsigned long long)done.failed_cnt,
		    done.failed_rule, safe.failed ? "" : safe.at);
		kymo_buffer_free(&safe);
	}
	if (backtest->rule_cnt > 0)
		qsort(backtest->rules, backtest->rule_cnt,
		    sizeof(backtest->rules[0]), by_fired);
	if (backtest->json)
		json_end(backtest, &done);
	else
		summary_put(backtest, &done);
	status = kyi_output(&backtest->out);
	return status != KYI_EXIT_OK || done.failed_cnt == 0 ? status :
	    KYI_EXIT_NO;
}

struct times {
	const char *from, *to;
};

static int
times_read(struct kyi_backtest_options *options, const struct times *times)
{
	double from_s = kyi_now_s() - DAY_S, to_s = kyi_now_s();

	if (times->from && !kyi_when_read(&from_s, times->from))
		return kyi_usage(&kyi_verb_rules, "--from=%s is no time",
		    times->from);
	if (times->to && !kyi_when_read(&to_s, times->to))
		return kyi_usage(&kyi_verb_rules, "--to=%s is no time",
		    times->to);
	if (!(from_s < to_s) || to_s > kyi_now_s() + 1 || from_s < 0)
		return kyi_usage(&kyi_verb_rules, "--from and --to: a time "
		    "that was, the first before the other");
	options->from_ms = (int64_t)llround(from_s * 1000);
	options->to_ms = (int64_t)llround(to_s * 1000);
	return KYI_EXIT_OK;
}

int
kyi_rules_backtest(int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"history", required_argument, NULL, 'H'},
		{"routes", required_argument, NULL, 'r'},
		{"silence", required_argument, NULL, 's'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct kyi_backtest_options options = {.fault = fault_say};
	struct backtest backtest = {.json = false};
	struct kyi_list silences = {0};
	struct times times = {NULL, NULL};
	int option, status;

	while ((option = getopt_long(argc, argv, ":c:H:r:s:f:t:qjh", known,
		NULL)) != -1)
		switch (option) {
		case 'c': options.config_path = optarg; break;
		case 'H': options.history_path = optarg; break;
		case 'r': options.routes_path = optarg; break;
		case 's': kyi_list_add(&silences, optarg); break;
		case 'f': times.from = optarg; break;
		case 't': times.to = optarg; break;
		case 'q': backtest.quiet = true; break;
		case 'j': backtest.json = true; break;
		case 'h': return kyi_help(&kyi_verb_rules);
		default:
			return kyi_option_wrong(&kyi_verb_rules, argv, option);
		}
	options.rule_paths = (const char *const *)&argv[optind];
	options.rule_path_cnt = (uint32_t)(argc - optind);
	options.silences = silences.at;
	options.silence_cnt = silences.cnt;
	status = times_read(&options, &times);
	if (status == KYI_EXIT_OK)
		status = run(&backtest, &options);
	for (uint32_t i = 0; i < backtest.rule_cnt; i++)
		free(backtest.rules[i].name);
	for (uint32_t i = 0; i < backtest.way_cnt; i++)
		free(backtest.ways[i].name);
	free(backtest.rules);
	free(backtest.ways);
	free(silences.at);
	return status;
}
