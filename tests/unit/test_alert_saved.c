/* SPDX-License-Identifier: MIT */
/* Goal: whatever call to the store fails, and whether the engine goes on or is
   begun anew, each notice is said once; and rows that are none harm nobody.
   Method: a store in memory whose n-th call fails, for each n; what was said
   counts when the store was told to keep it. Rows with each byte made
   another. */
#include "tests/testlib/alerts_world.h"

#define ROWS 200u

struct row {
	char kind, *key, *text;
};

struct rows {
	struct row at[ROWS];
	uint32_t cnt;
};

struct memory {
	struct rows kept, now; /* now: within a transaction */
	bool within;
	uint32_t calls, fail_at;
	struct world *world;
	struct kymo_buffer said; /* and kept */
};

static void
rows_clear(struct rows *rows)
{
	while (rows->cnt > 0) {
		rows->cnt--;
		free(rows->at[rows->cnt].key);
		free(rows->at[rows->cnt].text);
	}
}

static void
rows_copy(struct rows *to, const struct rows *from)
{
	uint32_t i;

	rows_clear(to);
	for (i = 0; i < from->cnt; i++)
		to->at[i] = (struct row){from->at[i].kind,
		    strdup(from->at[i].key), strdup(from->at[i].text)};
	to->cnt = from->cnt;
}

static int
fails(struct memory *memory, struct kymo_error *error)
{
	return ++memory->calls == memory->fail_at ?
	    kymo_error_set(error, "call %u fails", memory->calls) : 0;
}

static int
memory_begin(void *of, struct kymo_error *error)
{
	struct memory *memory = of;

	assert_false(memory->within);
	if (fails(memory, error) != 0)
		return -1;
	memory->within = true;
	rows_copy(&memory->now, &memory->kept);
	memory->world->said.len_bytes = 0;
	return 0;
}

static int
memory_commit(void *of, struct kymo_error *error)
{
	struct memory *memory = of;

	assert_true(memory->within);
	if (fails(memory, error) != 0)
		return -1;
	memory->within = false;
	rows_copy(&memory->kept, &memory->now);
	if (memory->world->said.len_bytes > 0)
		kymo_buffer_printf(&memory->said, "%s\n",
		    memory->world->said.at);
	memory->world->said.len_bytes = 0;
	return 0;
}

static void
memory_rollback(void *of)
{
	struct memory *memory = of;

	memory->within = false;
	memory->world->said.len_bytes = 0;
}

static int
memory_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	struct memory *memory = of;
	struct rows *rows = &memory->now;
	uint32_t i = 0;

	assert_true(memory->within);
	if (fails(memory, error) != 0)
		return -1;
	while (i < rows->cnt && (rows->at[i].kind != kind ||
	    strcmp(rows->at[i].key, key) != 0))
		i++;
	if (i < rows->cnt) {
		free(rows->at[i].key);
		free(rows->at[i].text);
		rows->at[i] = rows->at[--rows->cnt];
	}
	if (text == NULL)
		return 0;
	assert_true(rows->cnt < ROWS);
	rows->at[rows->cnt++] = (struct row){kind, strdup(key), strdup(text)};
	return 0;
}

static int
memory_load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	struct memory *memory = of;
	const char *kind;
	uint32_t i;

	if (fails(memory, error) != 0)
		return -1;
	for (kind = "agns"; *kind != '\0'; kind++)
		for (i = 0; i < memory->kept.cnt; i++)
			if (memory->kept.at[i].kind == *kind &&
			    each(to, *kind, memory->kept.at[i].key,
			    memory->kept.at[i].text) != 0)
				return -1;
	return 0;
}

static const char config[] =
    "kymo:\n  escalations: [{name: up, steps: [{wait: 2s, "
    "receivers: [boss]}]}]\n"
    "route: {receiver: team, escalation: up, group_by: [g], "
    "group_interval: 1s}\n"
    "receivers:\n"
    "- {name: team, webhook_configs: [{url: 'http://a'}]}\n"
    "- {name: boss, webhook_configs: [{url: 'http://b'}]}\n";

/* Each twice, so that what failed at the first comes with the second. */
static const char *const passes[] = {
	"A,g=1", "A,g=1 B,g=1 C,g=2", "A,g=1 C,g=2", "A,g=1 D,g=3", "", "A,g=1",
	"A,g=1", "",
};

static void
begin(struct memory *memory, struct world *world, uint32_t fail_at)
{
	memset(memory, 0, sizeof(*memory));
	memset(world, 0, sizeof(*world));
	memory->world = world;
	memory->fail_at = fail_at;
	world->routing = routing_of(config);
	world->store = (struct kymo_alerts_store){memory, memory_begin,
	    memory_commit, memory_rollback, memory_put, memory_load};
	world->stored = true;
}

static void
end(struct memory *memory, struct world *world)
{
	kymo_alerts_delete(world->alerts);
	kymo_routing_delete(world->routing);
	kymo_buffer_free(&world->said);
	rows_clear(&memory->kept);
	rows_clear(&memory->now);
	kymo_buffer_free(&memory->said);
}

static void
world_try(struct world *world)
{
	struct kymo_alerts_options options = {.routing = world->routing,
	    .store = &world->store, .notify = world_notify, .of = world};
	struct kymo_error error = {""};

	/* Whoever starts it starts it again. */
	if (kymo_alerts_new(&world->alerts, &options, &error) != 0)
		assert_int_equal(kymo_alerts_new(&world->alerts, &options,
		    &error), 0);
}

/* Returns whether a call failed; what was said is in memory->said. */
static bool
run(struct memory *memory, struct world *world, uint32_t fail_at, bool anew)
{
	struct kymo_error error;
	size_t i;

	begin(memory, world, fail_at);
	world_try(world);
	for (i = 0; i < 2 * sizeof(passes) / sizeof(passes[0]); i++) {
		char *copy = strdup(passes[i / 2]), *at, *rest = NULL;
		int64_t now_ms = 1000000 + (int64_t)(i / 2) * 1000;

		kymo_alerts_begin(world->alerts);
		for (at = strtok_r(copy, " ", &rest); at != NULL;
		    at = strtok_r(NULL, " ", &rest))
			world_add(world, at, KYMO_ALERT_FIRING, now_ms);
		free(copy);
		if (kymo_alerts_step(world->alerts, now_ms, &error) < 0 &&
		    anew) {
			kymo_alerts_delete(world->alerts);
			world_try(world);
		}
	}
	return memory->calls >= fail_at;
}

static void
test_whatever_call_fails_each_notice_is_said_once(void **state)
{
	struct memory memory;
	struct world world;
	char *sound;
	uint32_t n, anew;

	run(&memory, &world, UINT32_MAX, false);
	sound = strdup(memory.said.at);
	assert_string_equal(sound,
	    "team new: +A\n"
	    "team new: +A +B; team new: +C\n"
	    "team resolved: +A -B; boss escalated: +A\n"
	    "team resolved: -C; team new: +D\n"
	    "team resolved: -A; boss resolved: -A; team resolved: -D\n"
	    "team new: +A\n"
	    "team resolved: -A\n");
	end(&memory, &world);
	for (anew = 0; anew < 2; anew++) {
		for (n = 1; run(&memory, &world, n, anew != 0); n++) {
			if (strcmp(memory.said.at, sound) != 0)
				fail_msg("call %u: %s\nnot\n%s", n,
				    memory.said.at, sound);
			end(&memory, &world);
		}
		end(&memory, &world);
	}
	assert_true(n > 50);
	free(sound);
}

static void
test_rows_that_are_none_harm_nobody(void **state)
{
	struct memory memory;
	struct world world;
	struct kymo_silence silence = {.matchers = "a=b", .until_ms = 99,
	    .author = "ann", .comment = "why"};
	char id[KYMO_SILENCE_ID_BYTES];
	struct kymo_error error;
	uint32_t i;
	size_t k;

	begin(&memory, &world, UINT32_MAX);
	world_try(&world);
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	world_pass(&world, 1000, "A,g=1 B,g=1");
	assert_int_equal(kymo_alerts_ack(world.alerts, "g=1", "ann", "x", 0,
	    1000000, &error), 2);
	for (i = 0; i < memory.kept.cnt; i++)
		for (k = 0; memory.kept.at[i].text[k] != '\0'; k++) {
			char was = memory.kept.at[i].text[k];

			memory.kept.at[i].text[k] = (char)(was ^ 5);
			world_again(&world);
			memory.kept.at[i].text[k] = '\0';
			world_again(&world);
			memory.kept.at[i].text[k] = was;
		}
	end(&memory, &world);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_whatever_call_fails_each_notice_is_said_once),
		cmocka_unit_test(test_rows_that_are_none_harm_nobody),
	};

	return testlib_run("alert_saved", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
