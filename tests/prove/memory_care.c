/* SPDX-License-Identifier: MIT */
/* Without memory: what components are, and what is done about them. Attempts are
   counted as often as they are made, also over a restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/config/config.h"
#include "reader/health/health.h"
#include "tests/prove/memory.h"

#define NOW_MS INT64_C(1700438400000)
#define S_NS UINT64_C(1000000000)

static const char components[] =
    "components:\n"
    "  db: {checks: [{tcp: 'd:1', interval: 1s, failures: 1}]}\n"
    "  web:\n"
    "    depends_on: [db]\n"
    "    checks: [{tcp: 'w:1', interval: 1s, failures: 1, successes: 1}]\n"
    "    recovery:\n"
    "      actions: [{signal: HUP, service: web}]\n"
    "      verify: 3s\n"
    "      backoff: 4s\n"
    "      backoff_max: 4s\n"
    "      per_hour: 4\n";

static unsigned act_cnt;

static int
look(void *of, uint64_t ticket, const struct kymo_check *check,
    struct kymo_looked *now)
{
	(void)of;
	(void)ticket;
	now->result = check->what.text[0] == 'w' ? KYMO_LOOK_BAD :
	    KYMO_LOOK_GOOD;
	now->seconds = 0.01;
	snprintf(now->reason, sizeof(now->reason), "%s", "it is bad");
	return 1;
}

static int
act(void *of, uint64_t ticket, const char *component,
    const struct kymo_action *action, struct kymo_looked *now)
{
	(void)of;
	(void)ticket;
	(void)component;
	(void)action;
	act_cnt++;
	now->result = KYMO_LOOK_GOOD;
	return 1;
}

static bool
give_up(void *of, uint64_t ticket)
{
	(void)of;
	(void)ticket;
	return true;
}

static void
say(void *of, int level, const char *text)
{
	(void)of;
	(void)level;
	(void)text;
}

static struct kymo_care *
care_new(bool armed, struct kymo_error *error)
{
	const struct kymo_care_options options = { .world = { .look = look,
	    .act = act, .give_up = give_up, .say = say }, .durable = true,
	    .stale_ns = 10 * S_NS };
	struct kymo_care_plan **plans;
	struct kymo_care *care = NULL;
	struct kymo_config *config;
	uint32_t cnt;

	if (kymo_config_parse(&config, "c", components, strlen(components),
	    error) != 0) {
		fprintf(stderr, "%s\n", error->text);
		abort();
	}
	plans = kymo_config_care(config, &cnt);
	kymo_config_free(config);
	if (armed)
		memory_arm();
	if (kymo_care_new(&care, &options, plans, cnt, error) != 0)
		care = NULL;
	memory_disarm();
	return care;
}

static int
attempts(void *to, const struct kymo_care_status *status)
{
	unsigned *cnt = to;

	*cnt += (unsigned)status->attempts;
	return 0;
}

static bool
counts(struct kymo_care *care, const char *what)
{
	unsigned cnt = 0;

	if (kymo_care_status(care, attempts, &cnt) != 0)
		return memory_wrong("%s: no status", what);
	return cnt == act_cnt || memory_wrong("%s: %u attempts, not %u", what,
	    cnt, act_cnt);
}

/* Steps, and what kymod writes down; what could not be written is to be written
   the next time. */
static bool
live(struct kymo_care *care, struct kymo_buffer *kept)
{
	unsigned cnt = 0;

	for (uint64_t i = 0; i < 40; i++) {
		struct kymo_buffer text = { 0 };
		bool saves;

		if (i >= 10 && i < 30)
			memory_arm();
		kymo_care_step(care, (1000 + i) * S_NS, NOW_MS +
		    (int64_t)i * 1000);
		saves = kymo_care_save(care, &text);
		if (kymo_care_status(care, attempts, &cnt) != 0 &&
		    !memory_failed())
			return memory_wrong("no status");
		memory_disarm();
		if (saves && !text.failed) {
			kymo_buffer_free(kept);
			*kept = text;
		} else {
			kymo_buffer_free(&text);
		}
		if (saves)
			kymo_care_saved(care);
	}
	return act_cnt > 0 || memory_wrong("nothing was done");
}

static bool
health(void)
{
	struct kymo_error error = { "" };
	struct kymo_buffer kept = { 0 };
	struct kymo_care *care = care_new(true, &error);
	bool good = memory_told("health", care != NULL, &error);
	int status;

	act_cnt = 0;
	if (care == NULL)
		return good;
	good = live(care, &kept) && counts(care, "at the end");
	kymo_care_delete(care);
	care = care_new(false, &error);
	error.text[0] = '\0';
	memory_arm();
	status = kymo_care_restore(care, kept.at, kept.len_bytes, NOW_MS +
	    60000, &error);
	memory_disarm();
	good = memory_told("what was kept", status == 0, &error) && good;
	if (status != 0 && kymo_care_restore(care, kept.at, kept.len_bytes,
	    NOW_MS + 60000, &error) != 0)
		good = memory_wrong("what was kept: %s", error.text);
	good = good && counts(care, "after a restart");
	kymo_buffer_free(&kept);
	kymo_care_delete(care);
	return good;
}

const struct memory_kind memory_kinds_care[] = {
	{ "health", health },
	{ NULL, NULL },
};
