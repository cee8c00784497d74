/* SPDX-License-Identifier: MIT */
/* A program that has alerts, as kymod has: each change of one is written down
   in the same transaction as the message about it, so that after kill -9 both
   are there or neither is.

	delivery_host DATABASE URL BACKOFF_MIN_MS BACKOFF_MAX_MS <COMMANDS
	delivery_host DATABASE retry: dead letters wait again

   "fire N" and "resolve N": alerts 0 to N - 1, those that are not so already.
   "end": exits once everything is delivered. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "reader/notify/notify.h"

static struct kymo_outbox *outbox;
static struct kymo_error error;

static void
die(void)
{
	fprintf(stderr, "delivery_host: %s\n", error.text);
	exit(1);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
run(const char *format, int alert, int state)
{
	char *sql = sqlite3_mprintf(format, alert, state);
	bool done = sqlite3_exec(kymo_outbox_db(outbox), sql, NULL, NULL,
	    NULL) == SQLITE_OK;

	if (!done)
		kymo_error_set(&error, "%s: %s", sql,
		    sqlite3_errmsg(kymo_outbox_db(outbox)));
	sqlite3_free(sql);
	return done;
}

static int
state_of(int alert)
{
	sqlite3_stmt *row = NULL;
	int state = 0;

	if (sqlite3_prepare_v2(kymo_outbox_db(outbox),
	    "SELECT state FROM trial WHERE alert = ?", -1, &row, NULL) !=
	    SQLITE_OK || sqlite3_bind_int(row, 1, alert) != SQLITE_OK)
		exit(1);
	if (sqlite3_step(row) == SQLITE_ROW)
		state = sqlite3_column_int(row, 0);
	sqlite3_finalize(row);
	return state;
}

static int
add(int alert, bool firing)
{
	char number[16], key[32];
	const struct kymo_label labels[] = { { "alertname", "Trial" },
	    { "number", number } };
	const struct kymo_notify_alert one = { .firing = firing,
	    .labels = labels, .label_cnt = 2, .starts_ms = now_ms(),
	    .ends_ms = now_ms(), .value = 1, .threshold = NAN };
	const struct kymo_message message = { .receiver = "hook",
	    .group_key = key, .alerts = &one, .alert_cnt = 1,
	    .group_labels = labels, .group_label_cnt = 2,
	    .at_ms = now_ms() };

	snprintf(number, sizeof(number), "%d", alert);
	snprintf(key, sizeof(key), "{}:{number=\"%d\"}", alert);
	return kymo_outbox_add(outbox, &message, &error);
}

/* 1: fires, 2: resolved. */
static void
change(int alert, int state)
{
	if (state_of(alert) >= state)
		return;
	if (kymo_outbox_begin(outbox, &error) != 0 ||
	    !run("INSERT OR REPLACE INTO trial VALUES (%d, %d)", alert,
	    state) || add(alert, state == 1) != 0 ||
	    kymo_outbox_commit(outbox, &error) != 0)
		die();
}

/* A line of commands; false: "end". */
static bool
obey(char *line)
{
	int cnt, alert, state = strncmp(line, "fire ", 5) == 0 ? 1 : 2;

	if (strncmp(line, "end", 3) == 0)
		return false;
	cnt = atoi(strchr(line, ' ') == NULL ? "" : strchr(line, ' '));
	for (alert = 0; alert < cnt; alert++)
		change(alert, state);
	return true;
}

/* Commands that came; false: "end" is among them, or nobody is there. */
static bool
commands(void)
{
	static char text[4096];
	static size_t len_bytes;
	ssize_t got = read(0, text + len_bytes, sizeof(text) - 1 - len_bytes);
	char *line = text, *end;

	if (got <= 0)
		return got < 0 && errno == EINTR;
	len_bytes += (size_t)got;
	text[len_bytes] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (!obey(line))
			return false;
	}
	len_bytes -= (size_t)(line - text);
	memmove(text, line, len_bytes);
	return true;
}

static bool
all_delivered(void)
{
	struct kymo_outbox_stats stats;

	if (kymo_outbox_stats(outbox, &stats, &error) != 0)
		die();
	return stats.waiting == 0;
}

static void
loop(struct kymo_notify *notify)
{
	bool ends = false;

	for (;;) {
		struct pollfd fds[2] = { { .fd = kymo_notify_fd(notify),
		    .events = POLLIN }, { .fd = ends ? -1 : 0,
		    .events = POLLIN } };
		int64_t wait_ms;

		if (kymo_notify_step(notify, now_ms(), &error) != 0)
			die();
		if (ends && all_delivered())
			return;
		wait_ms = kymo_notify_next_ms(notify, now_ms()) - now_ms();
		if (wait_ms > 1000)
			wait_ms = 1000;
		if (wait_ms < 0)
			wait_ms = 0;
		if (poll(fds, 2, (int)wait_ms) < 0 && errno != EINTR)
			exit(1);
		if ((fds[1].revents & (POLLIN | POLLHUP)) != 0)
			ends = !commands();
	}
}

int
main(int argc, char **argv)
{
	struct kymo_outbox_options box = { .path = argv[1] };
	struct kymo_receiver hook = { .name = "hook",
	    .kind = KYMO_RECEIVER_WEBHOOK, .private_ok = true,
	    .timeout_ms = 5000 };
	struct kymo_notify_options options = { .receivers = &hook,
	    .receiver_cnt = 1 };
	struct kymo_notify *notify;

	if (argc == 3 && strcmp(argv[2], "retry") == 0) {
		if (kymo_outbox_open(&outbox, &box, &error) != 0 ||
		    kymo_outbox_retry(outbox, NULL, now_ms(), &error) < 0)
			die();
		kymo_outbox_close(outbox);
		return 0;
	}
	if (argc != 5)
		return 2;
	hook.url = argv[2];
	options.backoff_min_ms = atoi(argv[3]);
	options.backoff_max_ms = atoi(argv[4]);
	if (kymo_outbox_open(&outbox, &box, &error) != 0)
		die();
	options.outbox = outbox;
	if (!run("CREATE TABLE IF NOT EXISTS trial (alert INTEGER PRIMARY KEY,"
	    " state INTEGER)", 0, 0) ||
	    kymo_notify_new(&notify, &options, &error) != 0)
		die();
	loop(notify);
	kymo_notify_delete(notify);
	kymo_outbox_close(outbox);
	return 0;
}
