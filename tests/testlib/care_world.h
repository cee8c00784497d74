/* SPDX-License-Identifier: MIT */
/* Components in a world of our own: a configuration as text, looks and actions
   that come to what a test says, and virtual time. */
#ifndef TESTS_TESTLIB_CARE_WORLD_H
#define TESTS_TESTLIB_CARE_WORLD_H

#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/config/config.h"
#include "reader/health/health.h"

#define CARE_S UINT64_C(1000000000)
#define CARE_MS_BEGIN INT64_C(1700000000000)

struct care_world {
	struct kymo_care *care;
	uint64_t now_ns;
	/* What looks come to, by the check's what; NULL: good. */
	const char *bad[8], *unknown[8];
	uint32_t look_cnt, act_cnt, give_up_cnt;
	double look_seconds;      /* that a look takes */
	bool hangs;               /* looks do not answer */
	bool not_begun;           /* what is given up */
	uint64_t last_ticket, act_ticket;
	enum kymo_look acted;     /* what actions come to */
	char action[100];         /* the last one's */
	void (*helped)(struct care_world *world); /* called by an action */
	char said[2000];
};

TESTLIB_UNUSED static bool
care_named(const char *const *names, const char *name)
{
	for (uint32_t i = 0; i < 8; i++)
		if (names[i] != NULL && strcmp(names[i], name) == 0)
			return true;
	return false;
}

TESTLIB_UNUSED static int
care_look(void *of, uint64_t ticket, const struct kymo_check *check,
    struct kymo_looked *now)
{
	struct care_world *world = of;

	world->look_cnt++;
	world->last_ticket = ticket;
	if (world->hangs)
		return 0;
	now->result = care_named(world->bad, check->what.text) ?
	    KYMO_LOOK_BAD : care_named(world->unknown, check->what.text) ?
	    KYMO_LOOK_UNKNOWN : KYMO_LOOK_GOOD;
	now->seconds = world->look_seconds;
	snprintf(now->reason, sizeof(now->reason), "%s",
	    now->result == KYMO_LOOK_GOOD ? "" : "as the test says");
	return 1;
}

TESTLIB_UNUSED static int
care_act(void *of, uint64_t ticket, const char *component,
    const struct kymo_action *action, struct kymo_looked *now)
{
	struct care_world *world = of;

	world->act_cnt++;
	world->last_ticket = world->act_ticket = ticket;
	snprintf(world->action, sizeof(world->action), "%s %s", component,
	    action->what);
	now->result = world->acted;
	snprintf(now->reason, sizeof(now->reason), "the action's");
	if (world->helped != NULL)
		world->helped(world);
	return world->acted != 0;
}

TESTLIB_UNUSED static bool
care_give_up(void *of, uint64_t ticket)
{
	struct care_world *world = of;

	(void)ticket;
	world->give_up_cnt++;
	return world->not_begun;
}

TESTLIB_UNUSED static void
care_say(void *of, int level, const char *text)
{
	struct care_world *world = of;
	size_t used = strlen(world->said);

	(void)level;
	snprintf(world->said + used, sizeof(world->said) - used, "%s\n", text);
}

TESTLIB_UNUSED static struct kymo_care_plan **
care_plans(const char *yaml, uint32_t *cnt)
{
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct kymo_config *config;

	if (kymo_config_parse(&config, "test", yaml, strlen(yaml), &error) != 0)
		fail_msg("%s", error.text);
	plans = kymo_config_care(config, cnt);
	kymo_config_free(config);
	return plans;
}

TESTLIB_UNUSED static void
care_begin(struct care_world *world, const char *yaml, bool durable)
{
	struct kymo_care_options options = {
		.world = {world, care_look, care_act, care_give_up, care_say},
		.durable = durable, .stale_ns = 10 * CARE_S, .uid = 900
	};
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	uint32_t cnt;

	memset(world, 0, sizeof(*world));
	world->acted = KYMO_LOOK_GOOD;
	world->look_seconds = 0.01;
	world->now_ns = 1000 * CARE_S;
	plans = care_plans(yaml, &cnt);
	if (kymo_care_new(&world->care, &options, plans, cnt, &error) != 0)
		fail_msg("%s", error.text);
}

TESTLIB_UNUSED static void
care_step(struct care_world *world)
{
	kymo_care_step(world->care, world->now_ns, CARE_MS_BEGIN +
	    (int64_t)(world->now_ns / 1000000));
}

/* As kymod does: stepped whenever it wants to be. */
TESTLIB_UNUSED static void
care_run(struct care_world *world, double seconds)
{
	uint64_t end_ns = world->now_ns + (uint64_t)(seconds * 1e9);

	care_step(world);
	for (;;) {
		uint64_t next_ns = kymo_care_next_ns(world->care);

		if (next_ns > end_ns)
			break;
		if (next_ns > world->now_ns)
			world->now_ns = next_ns;
		care_step(world);
	}
	world->now_ns = end_ns;
	care_step(world);
}

/* A copy of what is known of a component; its pointers are not to be used, but
   the copies of texts here. */
struct care_found {
	const char *name;
	struct kymo_care_status status;
	char root[100], reason[KYMO_REASON_BYTES], note[KYMO_REASON_BYTES];
	char refused[KYMO_REASON_BYTES];
	bool found;
};

TESTLIB_UNUSED static int
care_find_each(void *to, const struct kymo_care_status *status)
{
	struct care_found *found = to;

	if (strcmp(status->component, found->name) != 0)
		return 0;
	found->status = *status;
	found->found = true;
	snprintf(found->root, sizeof(found->root), "%s",
	    status->root == NULL ? "" : status->root);
	snprintf(found->reason, sizeof(found->reason), "%s", status->reason);
	snprintf(found->refused, sizeof(found->refused), "%s", status->refused);
	snprintf(found->note, sizeof(found->note), "%s", status->remedy_note);
	return 1;
}

TESTLIB_UNUSED static struct care_found
care_find(struct care_world *world, const char *name)
{
	struct care_found found = {.name = name};

	kymo_care_status(world->care, care_find_each, &found);
	return found;
}

TESTLIB_UNUSED static void
care_is(struct care_world *world, const char *name, const char *state,
    const char *root)
{
	struct care_found found = care_find(world, name);

	if (!found.found)
		fail_msg("no component %s", name);
	assert_string_equal(kymo_condition_name(found.status.state), state);
	assert_string_equal(found.root, root);
}

#endif
